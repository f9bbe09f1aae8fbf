/* dispatch_world.h: the dispatcher with a ledger, a read model and an adapter made of a few lines. For the tests
 * dispatch*_test.c. */
#ifndef OPENPOST_UNIT_DISPATCH_WORLD_H
#define OPENPOST_UNIT_DISPATCH_WORLD_H

#include "core/scheduler/dispatch.h"

#include <check.h>
#include <stdlib.h>

#include "core/base/limits.h"
#include "core/base/prng.h"
#include "core/vault/box.h"
#include "tests/ids.h"

#define T0 ((int64_t)1800000000000)

struct world {
    struct agenda *agenda;
    struct dispatch *dispatch;
    struct arena arena;
    struct prng prng;
    uint64_t seq;
    int64_t now_ms;
    struct span text;              /* the post's */
    uint64_t version;              /* its read model's */
    struct locked_target approved; /* likewise; without parts it is not approved */
    struct locked_part parts[3];
    uint32_t part_count; /* 0: the read model has no payload yet */
    struct dispatch_live live[2];
    uint32_t live_count;
    bool has_credentials;
    bool is_greedy; /* reading the post takes all the memory that there is */
    struct command command;
    uint32_t ticket;
    struct job_batch batch;
};

/* --- a channel --- */

static inline enum err render(const struct channel_content *content, const struct channel_facts *facts,
                              int64_t created_ms, struct arena *arena, struct channel_rendering *ret_rendering)
{
    (void)created_ms;
    *ret_rendering = (struct channel_rendering){.format = "post", .part_count = content->part_count};
    for (uint32_t i = 0; i < content->part_count; i++) {
        TRY(arena_copy(arena, facts->json.data != NULL ? facts->json : content->parts[i].text,
                       &ret_rendering->parts[i].bytes));
    }
    if (span_equal(content->parts[0].text, SPAN("bad"))) {
        ret_rendering->violation_count = 1;
        ret_rendering->violations[0] =
            (struct channel_violation){.fatal = true, .code = "text_too_long", .message = "Too long."};
    }
    if (span_equal(facts->json, SPAN("{}"))) {
        ret_rendering->violation_count = 1;
        ret_rendering->violations[0] = (struct channel_violation){.code = "mention_plain", .message = "Plain text."};
    }
    return OK;
}

static inline bool needs_facts(const struct channel_content *content)
{
    return span_find(content->parts[0].text, '@') < content->parts[0].text.len;
}

static inline void key(int64_t created_ms, uint64_t number, struct buf *out)
{
    buf_text(out, "k");
    buf_i64(out, created_ms);
    buf_byte(out, '-');
    buf_u64(out, number);
}

static const struct channel keyed_channel = {CHANNEL_BLUESKY, "bluesky", true, render, needs_facts, key};
static const struct channel keyless_channel = {CHANNEL_TWITTER, "x", false, render, needs_facts, key};
static const struct channel *const channels[] = {&keyed_channel, &keyless_channel};

/* --- a read model --- */

static inline enum err load_post(void *context, const struct id *post_id, struct arena *arena,
                                 struct dispatch_post *ret_post)
{
    struct world *world = context;
    (void)post_id;
    while (world->is_greedy) {
        if (arena_alloc(arena, (size_t)1 << 16) == NULL) {
            return ERR_NO_MEMORY;
        }
    }
    struct dispatch_target *target = arena_alloc(arena, sizeof *target);
    struct content_part *part = arena_alloc(arena, sizeof *part);
    part->text = world->text;
    target->spec = (struct target_spec){.target_id = id_number(ID_TARGET, 1),
                                        .integration_id = id_number(ID_INTEGRATION, 1),
                                        .channel = CHANNEL_BLUESKY};
    target->due_ms = T0;
    *ret_post = (struct dispatch_post){
        .version = world->version,
        .content = {.parts = part, .part_count = 1},
        .targets = target,
        .target_count = 1,
        .is_approved = world->approved.parts_count > 0,
        .approved = &world->approved,
        .approved_count = 1
    };
    return OK;
}

static inline enum err load_payload(void *context, const struct id *post_id, const struct id *target_id,
                                    struct arena *arena, struct dispatch_payload *ret_payload)
{
    const struct world *world = context;
    (void)post_id;
    (void)target_id;
    (void)arena;
    if (world->part_count == 0) {
        return ERR_NOT_FOUND;
    }
    *ret_payload = (struct dispatch_payload){
        .parts = world->parts, .part_count = world->part_count, .live = world->live, .live_count = world->live_count};
    return OK;
}

static inline enum err load_account(void *context, const struct agenda_due *due, const struct id *job_id,
                                    struct arena *arena, struct dispatch_account *ret_account)
{
    const struct world *world = context;
    (void)job_id;
    (void)arena;
    if (!world->has_credentials) {
        return ERR_NOT_FOUND;
    }
    *ret_account =
        (struct dispatch_account){.service = SPAN("https://pds.example"),
                                  .account = SPAN("did:plc:abc"),
                                  .handle = SPAN("abc.example"),
                                  .identifier = SPAN("abc"),
                                  .credentials = due->action == AGENDA_CONNECT ? SPAN("new box") : SPAN("box"),
                                  .vault_id = id_number(ID_SECRET, 9),
                                  .fingerprint = SPAN("f9")};
    return OK;
}

static inline enum err load_open(void *context, const struct id *post_id, uint64_t position, struct arena *arena,
                                 struct agenda_target **ret_rows, uint32_t *ret_count)
{
    (void)context;
    (void)post_id;
    (void)position;
    (void)arena;
    (void)ret_rows;
    (void)ret_count;
    return ERR_NOT_FOUND;
}

static inline void dice(void *context, void *data, size_t len)
{
    struct world *world = context;
    prng_fill(&world->prng, data, len);
}

/* --- the world --- */

static inline void tell(struct world *world, struct event event)
{
    world->seq++;
    const struct log_event at = {.seq = world->seq,
                                 .time_ms = world->now_ms,
                                 .workspace_id = id_number(ID_WORKSPACE, 1),
                                 .stream = id_number(ID_POST, 1),
                                 .version = world->seq};
    ck_assert_int_eq(dispatch_follow(world->dispatch, &at, &event), OK);
}

static inline void tick(struct world *world, int64_t now_ms)
{
    int64_t wake_ms;
    world->now_ms = now_ms;
    ck_assert_int_eq(dispatch_tick(world->dispatch, now_ms, &wake_ms), OK);
}

static inline void ck_no_command(struct world *world)
{
    ck_assert(!dispatch_command(world->dispatch, world->now_ms, &world->arena, &world->command, &world->ticket));
}

static inline void ck_command(struct world *world, enum command_code code)
{
    ck_assert(dispatch_command(world->dispatch, world->now_ms, &world->arena, &world->command, &world->ticket));
    ck_assert_uint_eq(world->command.code, code);
}

static inline void answer(struct world *world, enum refusal refusal)
{
    const struct answer got = {.refusal = refusal, .time_ms = world->now_ms, .events = 1};
    dispatch_answered(world->dispatch, world->now_ms, world->ticket, OK, &got);
}

static inline void no_answer(struct world *world)
{
    dispatch_answered(world->dispatch, world->now_ms, world->ticket, ERR_TIMED_OUT, NULL);
}

static inline uint32_t jobs(struct world *world)
{
    ck_assert_int_eq(dispatch_jobs(world->dispatch, world->now_ms, CHANNEL_BLUESKY, 10, &world->arena, &world->batch),
                     OK);
    return world->batch.jobs_count;
}

static inline void report(struct world *world, const struct job_outcome *outcome)
{
    ck_assert_int_eq(dispatch_outcome(world->dispatch, world->now_ms, CHANNEL_BLUESKY, outcome), OK);
}

static inline struct job_outcome outcome_of(const struct world *world, enum outcome outcome)
{
    const struct job *job = &world->batch.jobs[0];
    return (struct job_outcome){.job_id = job->job_id,
                                .kind = job->kind,
                                .outcome = outcome,
                                .workspace_id = job->workspace_id,
                                .integration_id = job->integration_id,
                                .post_id = job->post_id,
                                .target_id = job->target_id,
                                .channel = CHANNEL_BLUESKY};
}

static inline struct world *world_new(void)
{
    struct world *world = calloc(1, sizeof *world);
    ck_assert_ptr_nonnull(world);
    world->text = SPAN("hello");
    world->version = 5;
    world->has_credentials = true;
    world->now_ms = T0 - HOUR_MS;
    arena_init(&world->arena, (size_t)1 << 24);
    prng_seed(&world->prng, 1);
    for (uint32_t i = 0; i < 3; i++) {
        world->parts[i].key = i == 0 ? SPAN("key0") : i == 1 ? SPAN("key1") : SPAN("key2");
        world->parts[i].payload = SPAN("payload");
        sha256(SPAN("payload"), world->parts[i].payload_hash.bytes);
    }
    world->part_count = 1;
    ck_assert_int_eq(agenda_new(&world->agenda), OK);
    const struct dispatch_options options = {
        .agenda = world->agenda,
        .channels = {channels,      2        },
        .random = dice,
        .random_context = world,
        .load = { world, load_post, load_payload, load_account, load_open}
    };
    ck_assert_int_eq(dispatch_new(&options, &world->dispatch), OK);
    tell(world, (struct event){.code = EVENT_ledger_started, .ledger_started = {.epoch = 7}});
    return world;
}

static inline void world_free(struct world *world)
{
    dispatch_free(world->dispatch);
    agenda_free(world->agenda);
    arena_done(&world->arena);
    free(world);
}

static inline void schedule(struct world *world, enum channel_code channel)
{
    struct target_spec spec = {
        .target_id = id_number(ID_TARGET, 1), .integration_id = id_number(ID_INTEGRATION, 1), .channel = channel};
    struct target_due due = {.target_id = id_number(ID_TARGET, 1), .due_ms = T0};
    tell(world, (struct event){
                    .code = EVENT_post_created,
                    .post_created = {.post_id = id_number(ID_POST, 1), .targets = &spec, .targets_count = 1}
    });
    tell(world, (struct event){
                    .code = EVENT_post_scheduled,
                    .post_scheduled = {
                                       .post_id = id_number(ID_POST, 1), .publish_at_ms = T0, .targets = &due, .targets_count = 1}
    });
}

static inline struct world *world_locked_on(uint32_t part_count, enum channel_code channel)
{
    struct world *world = world_new();
    schedule(world, channel);
    struct locked_target target = {
        .target_id = id_number(ID_TARGET, 1), .parts = world->parts, .parts_count = part_count};
    world->part_count = part_count;
    tell(world, (struct event){
                    .code = EVENT_post_locked,
                    .post_locked = {.post_id = id_number(ID_POST, 1), .targets = &target, .targets_count = 1}
    });
    return world;
}

static inline struct world *world_locked(uint32_t part_count)
{
    return world_locked_on(part_count, CHANNEL_BLUESKY);
}

/* The event of the start that the ledger just accepted. */
static inline void tell_started(struct world *world, struct id attempt_id, uint64_t part)
{
    tell(world, (struct event){
                    .code = EVENT_attempt_started,
                    .attempt_started = {.post_id = id_number(ID_POST, 1),
                                        .target_id = id_number(ID_TARGET, 1),
                                        .attempt_id = attempt_id,
                                        .part = part,
                                        .fence = 7,
                                        .deadline_ms = world->now_ms + ATTEMPT_DEADLINE_MS}
    });
}

static inline void tell_finished(struct world *world, struct id attempt_id, enum outcome outcome, int64_t next_ms)
{
    tell(world, (struct event){
                    .code = EVENT_attempt_finished,
                    .attempt_finished = {.target_id = id_number(ID_TARGET, 1),
                                         .attempt_id = attempt_id,
                                         .outcome = outcome,
                                         .next_ms = next_ms}
    });
}

/* An attempt of T0 whose outcome is not known, when it may be read. */
static inline struct world *world_in_doubt(enum channel_code channel, struct id attempt_id)
{
    struct world *world = world_locked_on(1, channel);
    world->now_ms = T0;
    tell_started(world, attempt_id, 0);
    tell_finished(world, attempt_id, OUTCOME_UNKNOWN, T0 + ATTEMPT_DEADLINE_MS);
    tick(world, T0 + ATTEMPT_DEADLINE_MS);
    return world;
}

/* A target whose commit job is with the adapter. */
static inline struct world *world_sent(void)
{
    struct world *world = world_locked(1);
    tick(world, T0);
    ck_command(world, COMMAND_start_attempt);
    const struct id attempt_id = world->command.start_attempt.attempt_id;
    answer(world, ACCEPTED);
    tell_started(world, attempt_id, 0);
    ck_assert_uint_eq(jobs(world), 1);
    return world;
}

#endif
