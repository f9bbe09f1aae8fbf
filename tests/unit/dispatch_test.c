/* dispatch_test.c: nothing goes out before its start is durable, nothing twice, no outcome is lost: the coordinator
 * against a ledger, a read model and an adapter made of a few lines. */
#include "core/scheduler/dispatch.h"

#include <check.h>
#include <stdlib.h>

#include "core/base/limits.h"
#include "core/base/prng.h"
#include "core/vault/box.h"

#define T0 ((int64_t)1800000000000)

struct world {
    struct agenda *agenda;
    struct dispatch *dispatch;
    struct arena arena;
    struct prng prng;
    uint64_t seq;
    int64_t now_ms;
    struct span text; /* the post's */
    uint64_t version; /* its read model's */
    struct locked_part parts[3];
    uint32_t part_count; /* 0: the read model has no payload yet */
    struct dispatch_live live[2];
    uint32_t live_count;
    bool has_credentials;
    struct command command;
    uint32_t ticket;
    struct job_batch batch;
};

static struct id id_number(enum id_kind kind, uint32_t number)
{
    struct id id = {.kind = (uint8_t)kind};
    put_be32(id.uuid + 12, number);
    return id;
}

/* --- a channel --- */

static enum err render(const struct channel_content *content, const struct channel_facts *facts, int64_t created_ms,
                       struct arena *arena, struct channel_rendering *ret_rendering)
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
    return OK;
}

static bool needs_facts(const struct channel_content *content)
{
    return span_find(content->parts[0].text, '@') < content->parts[0].text.len;
}

static void key(int64_t created_ms, const uint8_t randomness[10], struct buf *out)
{
    buf_text(out, "k");
    buf_i64(out, created_ms);
    buf_hex(out, span_of(randomness, 4));
}

static const struct channel keyed_channel = {CHANNEL_BLUESKY, "bluesky", true, render, needs_facts, key};
static const struct channel keyless_channel = {CHANNEL_TWITTER, "x", false, render, needs_facts, key};
static const struct channel *const channels[] = {&keyed_channel, &keyless_channel};

/* --- a read model --- */

static enum err load_post(void *context, const struct id *post_id, struct arena *arena, struct dispatch_post *ret_post)
{
    struct world *world = context;
    (void)post_id;
    struct dispatch_target *target = arena_alloc(arena, sizeof *target);
    struct content_part *part = arena_alloc(arena, sizeof *part);
    part->text = world->text;
    target->spec = (struct target_spec){.target_id = id_number(ID_TARGET, 1),
                                        .integration_id = id_number(ID_INTEGRATION, 1),
                                        .channel = CHANNEL_BLUESKY};
    target->due_ms = T0;
    *ret_post = (struct dispatch_post){
        .version = world->version, .content = {.parts = part, .part_count = 1},
             .targets = target, .target_count = 1
    };
    return OK;
}

static enum err load_payload(void *context, const struct id *target_id, struct arena *arena,
                             struct dispatch_payload *ret_payload)
{
    const struct world *world = context;
    (void)target_id;
    (void)arena;
    if (world->part_count == 0) {
        return ERR_NOT_FOUND;
    }
    *ret_payload = (struct dispatch_payload){
        .parts = world->parts, .part_count = world->part_count, .live = world->live, .live_count = world->live_count};
    return OK;
}

static enum err load_account(void *context, const struct id *integration_id, const struct id *job_id, bool connecting,
                             struct arena *arena, struct dispatch_account *ret_account)
{
    const struct world *world = context;
    (void)integration_id;
    (void)job_id;
    (void)arena;
    if (!world->has_credentials) {
        return ERR_NOT_FOUND;
    }
    *ret_account = (struct dispatch_account){.service = SPAN("https://pds.example"),
                                             .account = SPAN("did:plc:abc"),
                                             .handle = SPAN("abc.example"),
                                             .identifier = SPAN("abc"),
                                             .credentials = connecting ? SPAN("new box") : SPAN("box"),
                                             .vault_id = id_number(ID_SECRET, 9),
                                             .fingerprint = SPAN("f9")};
    return OK;
}

static enum err load_open(void *context, const struct id *post_id, uint64_t position, struct arena *arena,
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

static void dice(void *context, void *data, size_t len)
{
    struct world *world = context;
    prng_fill(&world->prng, data, len);
}

/* --- the world --- */

static void tell(struct world *world, struct event event)
{
    world->seq++;
    const struct log_event at = {.seq = world->seq,
                                 .time_ms = world->now_ms,
                                 .workspace_id = id_number(ID_WORKSPACE, 1),
                                 .stream = id_number(ID_POST, 1),
                                 .version = world->seq};
    ck_assert_int_eq(dispatch_follow(world->dispatch, &at, &event), OK);
}

static void tick(struct world *world, int64_t now_ms)
{
    int64_t wake_ms;
    world->now_ms = now_ms;
    ck_assert_int_eq(dispatch_tick(world->dispatch, now_ms, &wake_ms), OK);
}

static void ck_no_command(struct world *world)
{
    ck_assert(!dispatch_command(world->dispatch, world->now_ms, &world->arena, &world->command, &world->ticket));
}

static void ck_command(struct world *world, enum command_code code)
{
    ck_assert(dispatch_command(world->dispatch, world->now_ms, &world->arena, &world->command, &world->ticket));
    ck_assert_uint_eq(world->command.code, code);
}

static void answer(struct world *world, enum refusal refusal)
{
    const struct answer got = {.refusal = refusal, .time_ms = world->now_ms, .events = 1};
    dispatch_answered(world->dispatch, world->now_ms, world->ticket, OK, &got);
}

static void no_answer(struct world *world)
{
    dispatch_answered(world->dispatch, world->now_ms, world->ticket, ERR_TIMED_OUT, NULL);
}

static uint32_t jobs(struct world *world)
{
    ck_assert_int_eq(dispatch_jobs(world->dispatch, world->now_ms, CHANNEL_BLUESKY, 10, &world->arena, &world->batch),
                     OK);
    return world->batch.jobs_count;
}

static void report(struct world *world, const struct job_outcome *outcome)
{
    ck_assert_int_eq(dispatch_outcome(world->dispatch, world->now_ms, CHANNEL_BLUESKY, outcome), OK);
}

static struct job_outcome outcome_of(const struct world *world, enum outcome outcome)
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

static struct world *world_new(void)
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

static void world_free(struct world *world)
{
    dispatch_free(world->dispatch);
    agenda_free(world->agenda);
    arena_done(&world->arena);
    free(world);
}

static void schedule(struct world *world, enum channel_code channel)
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

static struct world *world_locked_on(uint32_t part_count, enum channel_code channel)
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

static struct world *world_locked(uint32_t part_count)
{
    return world_locked_on(part_count, CHANNEL_BLUESKY);
}

/* The event of the start that the ledger just accepted. */
static void tell_started(struct world *world, struct id attempt_id, uint64_t part)
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

/* A target whose commit job is with the adapter. */
static struct world *world_sent(void)
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

START_TEST(a_commit_goes_out_only_when_its_start_is_durable)
{
    struct world *world = world_locked(1);
    tick(world, T0);
    ck_command(world, COMMAND_start_attempt);
    ck_assert_uint_eq(world->command.start_attempt.fence, 7);
    ck_assert_mem_eq(&world->command.start_attempt.payload_hash, &world->parts[0].payload_hash, 32);
    ck_no_command(world);
    ck_assert_uint_eq(jobs(world), 0);
    const struct id attempt_id = world->command.start_attempt.attempt_id;
    answer(world, ACCEPTED);
    ck_assert_uint_eq(jobs(world), 1);
    const struct job *job = &world->batch.jobs[0];
    ck_assert(id_equal(&job->job_id, &attempt_id));
    ck_assert(span_equal(job->kind, SPAN("commit")));
    ck_assert(span_equal(job->key, SPAN("key0")));
    ck_assert(span_equal(job->payload, SPAN("payload")));
    ck_assert(span_equal(job->credentials, SPAN("box")));
    ck_assert_int_eq(job->deadline_ms, T0 + ATTEMPT_DEADLINE_MS);
    ck_assert_uint_eq(jobs(world), 0);
    world_free(world);
}

END_TEST

START_TEST(a_refused_start_sends_nothing_and_is_asked_again_later)
{
    struct world *world = world_locked(1);
    tick(world, T0);
    ck_command(world, COMMAND_start_attempt);
    const struct id attempt_id = world->command.start_attempt.attempt_id;
    answer(world, REFUSED_workspace_paused);
    ck_assert_uint_eq(jobs(world), 0);
    tick(world, T0 + 100);
    ck_no_command(world);
    tick(world, T0 + 2000);
    ck_command(world, COMMAND_start_attempt);
    ck_assert(!id_equal(&attempt_id, &world->command.start_attempt.attempt_id)); /* another attempt */
    world_free(world);
}

END_TEST

START_TEST(a_start_without_answer_is_the_same_command_again)
{
    struct world *world = world_locked(1);
    tick(world, T0);
    ck_command(world, COMMAND_start_attempt);
    const struct command first = world->command;
    no_answer(world);
    ck_no_command(world);
    ck_assert_uint_eq(jobs(world), 0);
    tick(world, T0 + 3000);
    ck_command(world, COMMAND_start_attempt);
    ck_assert_mem_eq(&first.command_id, &world->command.command_id, sizeof first.command_id);
    ck_assert_mem_eq(&first.start_attempt, &world->command.start_attempt, sizeof first.start_attempt);
    answer(world, ACCEPTED);
    ck_assert_uint_eq(jobs(world), 1);
    world_free(world);
}

END_TEST

START_TEST(an_outcome_is_acknowledged_only_when_the_ledger_has_answered)
{
    struct world *world = world_sent();
    struct job_outcome outcome = outcome_of(world, OUTCOME_ACCEPTED);
    outcome.platform_id = SPAN("at://did/post/key0");
    outcome.published_ms = T0 + 7;
    report(world, &outcome);
    report(world, &outcome); /* again: no second record */
    ck_command(world, COMMAND_record_outcome);
    ck_assert_uint_eq(world->command.record_outcome.outcome, OUTCOME_ACCEPTED);
    ck_assert(span_equal(world->command.record_outcome.platform_id, outcome.platform_id));
    ck_assert(!world->command.record_outcome.by_read);
    const struct id command_id = world->command.command_id;
    ck_no_command(world);
    jobs(world);
    ck_assert_uint_eq(world->batch.done_count, 0);
    no_answer(world);
    tick(world, T0 + 3000);
    ck_command(world, COMMAND_record_outcome);
    ck_assert(id_equal(&command_id, &world->command.command_id));
    answer(world, ACCEPTED);
    jobs(world);
    ck_assert_uint_eq(world->batch.done_count, 1);
    ck_assert(id_equal(&world->batch.done[0].target_id, &outcome.job_id));
    world_free(world);
}

END_TEST

START_TEST(an_outcome_is_recorded_again_when_the_disk_was_full)
{
    struct world *world = world_sent();
    struct job_outcome outcome = outcome_of(world, OUTCOME_TRY_AGAIN);
    report(world, &outcome);
    ck_command(world, COMMAND_record_outcome);
    ck_assert_uint_le(world->command.record_outcome.jitter_permille, 400);
    answer(world, REFUSED_storage_full);
    tick(world, T0 + 3000);
    ck_command(world, COMMAND_record_outcome);
    answer(world, ACCEPTED);
    jobs(world);
    ck_assert_uint_eq(world->batch.done_count, 1);
    world_free(world);
}

END_TEST

START_TEST(an_outcome_of_a_job_from_before_a_restart_is_recorded)
{
    struct world *world = world_new();
    const struct job_outcome late = {.job_id = id_number(ID_ATTEMPT, 77),
                                     .kind = SPAN("commit"),
                                     .outcome = OUTCOME_ACCEPTED,
                                     .workspace_id = id_number(ID_WORKSPACE, 1),
                                     .integration_id = id_number(ID_INTEGRATION, 1),
                                     .post_id = id_number(ID_POST, 1),
                                     .target_id = id_number(ID_TARGET, 1)};
    report(world, &late);
    ck_command(world, COMMAND_record_outcome);
    ck_assert(id_equal(&world->command.record_outcome.attempt_id, &late.job_id));
    ck_assert(id_equal(&world->command.stream, &late.post_id));
    ck_assert(id_equal(&world->command.workspace_id, &late.workspace_id));
    answer(world, REFUSED_attempt_unknown); /* nothing can be done with it: it is acknowledged */
    jobs(world);
    ck_assert_uint_eq(world->batch.done_count, 1);
    struct dispatch_figures figures;
    dispatch_figures(world->dispatch, &figures);
    ck_assert_uint_eq(figures.dropped, 1);
    world_free(world);
}

END_TEST

START_TEST(a_commit_that_may_have_arrived_is_never_sent_again_but_becomes_unknown)
{
    struct world *world = world_sent();
    const struct id attempt_id = world->batch.jobs[0].job_id;
    dispatch_jobs_failed(world->dispatch, T0, &world->batch, false);
    tick(world, T0 + ATTEMPT_DEADLINE_MS);
    ck_assert_uint_eq(jobs(world), 0);
    tick(world, T0 + ATTEMPT_DEADLINE_MS + AGENDA_LOST_MS);
    ck_assert_uint_eq(jobs(world), 0);
    ck_command(world, COMMAND_record_outcome);
    ck_assert_uint_eq(world->command.record_outcome.outcome, OUTCOME_UNKNOWN);
    ck_assert(id_equal(&world->command.record_outcome.attempt_id, &attempt_id));
    world_free(world);
}

END_TEST

START_TEST(a_commit_that_certainly_did_not_leave_is_sent_again)
{
    struct world *world = world_sent();
    const struct id attempt_id = world->batch.jobs[0].job_id;
    dispatch_jobs_failed(world->dispatch, T0, &world->batch, true);
    ck_assert_uint_eq(jobs(world), 1);
    ck_assert(id_equal(&attempt_id, &world->batch.jobs[0].job_id));
    world_free(world);
}

END_TEST

START_TEST(a_commit_whose_adapter_is_gone_is_unknown_at_once)
{
    struct world *world = world_sent();
    ck_assert_int_eq(dispatch_adapter_gone(world->dispatch, T0, CHANNEL_BLUESKY), OK);
    ck_assert_uint_eq(jobs(world), 0);
    ck_command(world, COMMAND_record_outcome);
    ck_assert_uint_eq(world->command.record_outcome.outcome, OUTCOME_UNKNOWN);
    world_free(world);
}

END_TEST

START_TEST(a_commit_that_no_adapter_takes_for_a_minute_was_certainly_not_sent)
{
    struct world *world = world_locked(1);
    tick(world, T0);
    ck_command(world, COMMAND_start_attempt);
    tell_started(world, world->command.start_attempt.attempt_id, 0);
    answer(world, ACCEPTED);
    tick(world, T0 + DISPATCH_HANDOVER_MS);
    ck_assert_uint_eq(jobs(world), 0);
    ck_command(world, COMMAND_record_outcome);
    ck_assert_uint_eq(world->command.record_outcome.outcome, OUTCOME_TRY_AGAIN);
    world_free(world);
}

END_TEST

static const struct {
    enum channel_code channel;
    enum outcome reading;
} readings[] = {
    {CHANNEL_BLUESKY, OUTCOME_ACCEPTED },
    {CHANNEL_BLUESKY, OUTCOME_ABSENT   },
    {CHANNEL_BLUESKY, OUTCOME_TRY_AGAIN},
    {CHANNEL_TWITTER, OUTCOME_ABSENT   }, /* no key: the decider will not take it for a proof */
};

START_TEST(a_reading_says_what_it_found_and_whether_there_was_a_key)
{
    struct world *world = world_locked_on(1, readings[_i].channel);
    const struct id attempt_id = id_number(ID_ATTEMPT, 3);
    world->now_ms = T0;
    tell_started(world, attempt_id, 0);
    tell(world, (struct event){
                    .code = EVENT_attempt_finished,
                    .attempt_finished = {.target_id = id_number(ID_TARGET, 1),
                                         .attempt_id = attempt_id,
                                         .outcome = OUTCOME_UNKNOWN,
                                         .next_ms = T0 + ATTEMPT_DEADLINE_MS}
    });
    tick(world, T0 + ATTEMPT_DEADLINE_MS);
    ck_no_command(world);
    ck_assert_int_eq(
        dispatch_jobs(world->dispatch, world->now_ms, readings[_i].channel, 10, &world->arena, &world->batch), OK);
    ck_assert_uint_eq(world->batch.jobs_count, 1);
    ck_assert(span_equal(world->batch.jobs[0].kind, SPAN("read")));
    ck_assert(span_equal(world->batch.jobs[0].key, SPAN("key0")));
    ck_assert_int_eq(world->batch.jobs[0].started_ms, T0);
    struct job_outcome outcome = outcome_of(world, readings[_i].reading);
    ck_assert_int_eq(dispatch_outcome(world->dispatch, world->now_ms, readings[_i].channel, &outcome), OK);
    ck_command(world, COMMAND_record_outcome);
    ck_assert(world->command.record_outcome.by_read);
    ck_assert(id_equal(&world->command.record_outcome.attempt_id, &attempt_id));
    ck_assert_uint_eq(world->command.record_outcome.outcome, readings[_i].reading);
    ck_assert_uint_eq(world->command.record_outcome.keyless, readings[_i].channel == CHANNEL_TWITTER);
    world_free(world);
}

END_TEST

START_TEST(a_reading_that_changed_nothing_is_made_again)
{
    struct world *world = world_locked(1);
    const struct id attempt_id = id_number(ID_ATTEMPT, 3);
    world->now_ms = T0;
    tell_started(world, attempt_id, 0);
    tell(world, (struct event){
                    .code = EVENT_attempt_finished,
                    .attempt_finished = {.target_id = id_number(ID_TARGET, 1),
                                         .attempt_id = attempt_id,
                                         .outcome = OUTCOME_UNKNOWN,
                                         .next_ms = T0 + ATTEMPT_DEADLINE_MS}
    });
    tick(world, T0 + ATTEMPT_DEADLINE_MS);
    ck_assert_uint_eq(jobs(world), 1);
    struct job_outcome outcome = outcome_of(world, OUTCOME_UNKNOWN);
    report(world, &outcome);
    ck_command(world, COMMAND_record_outcome);
    const struct answer nothing_new = {.time_ms =
                                           world->now_ms}; /* the ledger's clock was behind: too early to count */
    dispatch_answered(world->dispatch, world->now_ms, world->ticket, OK, &nothing_new);
    tick(world, T0 + ATTEMPT_DEADLINE_MS + 6000);
    ck_assert_uint_eq(jobs(world), 1);
    world_free(world);
}

END_TEST

START_TEST(the_lock_names_the_version_that_was_rendered_and_is_rendered_again_on_a_mismatch)
{
    struct world *world = world_new();
    schedule(world, CHANNEL_BLUESKY);
    tick(world, T0 - LOCK_AHEAD_MS);
    tick(world, T0 - LOCK_AHEAD_MS);
    ck_command(world, COMMAND_lock_post);
    ck_assert_uint_eq(world->command.expected_version, 5);
    const struct locked_target *locked = &world->command.lock_post.targets[0];
    ck_assert_uint_eq(locked->parts_count, 1);
    ck_assert(span_equal(locked->parts[0].payload, SPAN("hello")));
    ck_assert(span_starts_with(locked->parts[0].key, SPAN("k1800000000000")));
    ck_assert_int_eq(locked->parts[0].created_ms, T0);
    world->version = 6;
    world->text = SPAN("edited");
    answer(world, REFUSED_version_mismatch);
    tick(world, T0 - LOCK_AHEAD_MS + 50);
    ck_command(world, COMMAND_lock_post);
    ck_assert_uint_eq(world->command.expected_version, 6);
    ck_assert(span_equal(world->command.lock_post.targets[0].parts[0].payload, SPAN("edited")));
    answer(world, ACCEPTED);
    tick(world, T0 - 1);
    ck_no_command(world);
    world_free(world);
}

END_TEST

START_TEST(a_target_whose_rendering_breaks_a_limit_is_locked_as_refused)
{
    struct world *world = world_new();
    world->text = SPAN("bad");
    schedule(world, CHANNEL_BLUESKY);
    tick(world, T0 - LOCK_AHEAD_MS);
    tick(world, T0 - LOCK_AHEAD_MS);
    ck_command(world, COMMAND_lock_post);
    const struct locked_target *locked = &world->command.lock_post.targets[0];
    ck_assert_uint_eq(locked->parts_count, 0);
    ck_assert(span_equal(locked->code, SPAN("render_refused")));
    ck_assert(span_equal(locked->message, SPAN("Too long.")));
    world_free(world);
}

END_TEST

START_TEST(what_rendering_needs_is_asked_before_the_lock)
{
    struct world *world = world_new();
    world->text = SPAN("hello @abc");
    schedule(world, CHANNEL_BLUESKY);
    tick(world, T0 - LOCK_AHEAD_MS - AGENDA_FACTS_AHEAD_MS);
    ck_assert_uint_eq(jobs(world), 1);
    ck_assert(span_equal(world->batch.jobs[0].kind, SPAN("resolve")));
    ck_assert(span_equal(world->batch.jobs[0].payload, SPAN("{\"texts\":[\"hello @abc\"],\"link\":null}")));
    struct job_outcome outcome = outcome_of(world, OUTCOME_ACCEPTED);
    outcome.result = SPAN("{\"facts\":1}");
    report(world, &outcome);
    jobs(world);
    ck_assert_uint_eq(world->batch.done_count, 1);
    tick(world, T0 - LOCK_AHEAD_MS);
    ck_command(world, COMMAND_lock_post);
    ck_assert(span_equal(world->command.lock_post.targets[0].parts[0].payload, SPAN("{\"facts\":1}")));
    world_free(world);
}

END_TEST

START_TEST(facts_that_do_not_come_do_not_stop_the_lock)
{
    struct world *world = world_new();
    world->text = SPAN("hello @abc");
    schedule(world, CHANNEL_BLUESKY);
    tick(world, T0 - LOCK_AHEAD_MS - AGENDA_FACTS_AHEAD_MS);
    ck_assert_uint_eq(jobs(world), 1);
    tick(world, T0 - LOCK_AHEAD_MS);
    ck_no_command(world);
    tick(world, T0 - LOCK_AHEAD_MS + AGENDA_FACTS_WAIT_MS);
    ck_command(world, COMMAND_lock_post);
    ck_assert(span_equal(world->command.lock_post.targets[0].parts[0].payload, SPAN("hello @abc")));
    answer(world, ACCEPTED);
    struct job_outcome outcome = outcome_of(world, OUTCOME_ACCEPTED);
    outcome.result = SPAN("{}");
    report(world, &outcome); /* too late: only acknowledged */
    jobs(world);
    ck_assert_uint_eq(world->batch.done_count, 1);
    world_free(world);
}

END_TEST

START_TEST(credentials_that_are_no_longer_good_disconnect_the_account_first)
{
    struct world *world = world_sent();
    struct job_outcome outcome = outcome_of(world, OUTCOME_UNAUTHORIZED);
    outcome.code = SPAN("credentials_refused");
    report(world, &outcome);
    ck_command(world, COMMAND_disconnect_integration);
    ck_no_command(world);
    answer(world, ACCEPTED);
    ck_command(world, COMMAND_record_outcome);
    ck_assert_uint_eq(world->command.record_outcome.outcome, OUTCOME_UNAUTHORIZED);
    world_free(world);
}

END_TEST

START_TEST(new_tokens_are_sealed_then_recorded_then_the_outcome_then_acknowledged)
{
    struct world *world = world_sent();
    struct job_outcome outcome = outcome_of(world, OUTCOME_ACCEPTED);
    outcome.credentials = SPAN("a new box");
    outcome.token_expires_ms = T0 + DAY_MS;
    report(world, &outcome);
    ck_no_command(world);
    struct dispatch_secret secret;
    uint32_t ticket;
    ck_assert(dispatch_seal(world->dispatch, T0, &secret, &ticket));
    ck_assert(span_equal(secret.box, SPAN("a new box")));
    const struct id secret_id = secret.secret_id;
    dispatch_sealed(world->dispatch, T0, ticket, ERR_TIMED_OUT, (struct span){0});
    tick(world, T0 + 3000);
    ck_assert(dispatch_seal(world->dispatch, T0 + 3000, &secret, &ticket));
    ck_assert(id_equal(&secret_id, &secret.secret_id));
    dispatch_sealed(world->dispatch, T0 + 3000, ticket, OK, SPAN("f1"));
    ck_command(world, COMMAND_record_tokens);
    ck_assert(id_equal(&secret_id, &world->command.record_tokens.vault_id));
    ck_assert(span_equal(world->command.record_tokens.fingerprint, SPAN("f1")));
    answer(world, ACCEPTED);
    ck_command(world, COMMAND_record_outcome);
    answer(world, ACCEPTED);
    jobs(world);
    ck_assert_uint_eq(world->batch.done_count, 1);
    world_free(world);
}

END_TEST

static struct world *world_connecting(void)
{
    struct world *world = world_new();
    tell(world,
         (struct event){
             .code = EVENT_integration_connecting,
             .integration_connecting = {.integration_id = id_number(ID_INTEGRATION, 1), .channel = CHANNEL_BLUESKY}
    });
    tick(world, T0);
    ck_assert_uint_eq(jobs(world), 1);
    ck_assert(span_equal(world->batch.jobs[0].kind, SPAN("connect")));
    ck_assert(span_equal(world->batch.jobs[0].handle, SPAN("abc")));
    ck_assert(span_equal(world->batch.jobs[0].credentials, SPAN("new box")));
    return world;
}

START_TEST(a_connection_is_sealed_and_recorded)
{
    struct world *world = world_connecting();
    struct job_outcome outcome = outcome_of(world, OUTCOME_ACCEPTED);
    outcome.account = SPAN("did:plc:abc");
    outcome.handle = SPAN("abc.example");
    outcome.credentials = SPAN("session box");
    report(world, &outcome);
    struct dispatch_secret secret;
    uint32_t ticket;
    ck_assert(dispatch_seal(world->dispatch, T0, &secret, &ticket));
    dispatch_sealed(world->dispatch, T0, ticket, OK, SPAN("f1"));
    ck_command(world, COMMAND_record_connection);
    ck_assert(span_equal(world->command.record_connection.account, SPAN("did:plc:abc")));
    ck_assert(id_equal(&world->command.record_connection.vault_id, &secret.secret_id));
    answer(world, REFUSED_account_mismatch);
    ck_command(world, COMMAND_refuse_connection);
    ck_assert(span_equal(world->command.refuse_connection.code, SPAN("account_mismatch")));
    answer(world, ACCEPTED);
    ck_no_command(world);
    world_free(world);
}

END_TEST

START_TEST(a_connection_that_the_platform_refuses_is_refused)
{
    struct world *world = world_connecting();
    struct job_outcome outcome = outcome_of(world, OUTCOME_UNAUTHORIZED);
    outcome.code = SPAN("credentials_refused");
    outcome.message = SPAN("Invalid identifier or password");
    report(world, &outcome);
    ck_command(world, COMMAND_refuse_connection);
    ck_assert(span_equal(world->command.refuse_connection.message, outcome.message));
    world_free(world);
}

END_TEST

START_TEST(a_job_without_credentials_is_unauthorized_and_sends_nothing)
{
    struct world *world = world_locked(1);
    world->has_credentials = false;
    tick(world, T0);
    ck_command(world, COMMAND_start_attempt);
    answer(world, ACCEPTED);
    ck_assert_uint_eq(jobs(world), 0);
    ck_command(world, COMMAND_disconnect_integration);
    answer(world, ACCEPTED);
    ck_command(world, COMMAND_record_outcome);
    ck_assert_uint_eq(world->command.record_outcome.outcome, OUTCOME_UNAUTHORIZED);
    world_free(world);
}

END_TEST

START_TEST(a_later_part_answers_to_the_part_before)
{
    struct world *world = world_locked(2);
    const struct id attempt_id = id_number(ID_ATTEMPT, 3);
    world->now_ms = T0;
    tell_started(world, attempt_id, 0);
    tell(world, (struct event){
                    .code = EVENT_attempt_finished,
                    .attempt_finished = {
                                         .target_id = id_number(ID_TARGET, 1), .attempt_id = attempt_id, .outcome = OUTCOME_ACCEPTED}
    });
    tick(world, T0);
    ck_command(world, COMMAND_start_attempt);
    ck_assert_uint_eq(world->command.start_attempt.part, 1);
    answer(world, ACCEPTED);
    ck_assert_uint_eq(jobs(world), 0); /* the read model does not have the first part yet */
    world->live[0] = (struct dispatch_live){.part = 0, .platform_id = SPAN("at://root"), .revision = SPAN("cid")};
    world->live_count = 1;
    tick(world, T0 + 1000);
    ck_assert_uint_eq(jobs(world), 1);
    ck_assert(span_equal(world->batch.jobs[0].key, SPAN("key1")));
    ck_assert(span_equal(world->batch.jobs[0].root_id, SPAN("at://root")));
    ck_assert(span_equal(world->batch.jobs[0].parent_revision, SPAN("cid")));
    world_free(world);
}

END_TEST

START_TEST(a_target_that_is_too_late_is_missed)
{
    struct world *world = world_locked(1);
    tick(world, T0 + MAX_LATENESS_DEFAULT_MS + 1);
    ck_command(world, COMMAND_miss_targets);
    ck_assert_uint_eq(world->command.miss_targets.targets_count, 1);
    answer(world, ACCEPTED);
    ck_no_command(world);
    world_free(world);
}

END_TEST

START_TEST(nothing_new_is_asked_of_a_ledger_that_does_not_answer)
{
    struct world *world = world_new();
    schedule(world, CHANNEL_BLUESKY);
    tick(world, T0 - LOCK_AHEAD_MS);
    tick(world, T0 - LOCK_AHEAD_MS);
    int64_t now_ms = T0 - LOCK_AHEAD_MS;
    for (int i = 0; i < 4; i++) {
        ck_command(world, COMMAND_lock_post);
        no_answer(world);
        int64_t wake_ms;
        ck_assert_int_eq(dispatch_tick(world->dispatch, now_ms, &wake_ms), OK);
        ck_assert_int_eq(wake_ms - now_ms, INT64_C(100) << i); /* twice as long each time */
        ck_no_command(world);
        now_ms = wake_ms;
        tick(world, now_ms);
    }
    world_free(world);
}

END_TEST

START_TEST(a_start_waits_for_the_read_model_to_have_what_is_sent)
{
    struct world *world = world_locked(1);
    world->part_count = 0;
    tick(world, T0);
    ck_no_command(world);
    world->part_count = 1;
    tick(world, T0 + 100);
    ck_command(world, COMMAND_start_attempt);
    world_free(world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("dispatch");
    TCase *tcase = tcase_create("dispatch");
    tcase_add_test(tcase, a_commit_goes_out_only_when_its_start_is_durable);
    tcase_add_test(tcase, a_refused_start_sends_nothing_and_is_asked_again_later);
    tcase_add_test(tcase, a_start_without_answer_is_the_same_command_again);
    tcase_add_test(tcase, an_outcome_is_acknowledged_only_when_the_ledger_has_answered);
    tcase_add_test(tcase, an_outcome_is_recorded_again_when_the_disk_was_full);
    tcase_add_test(tcase, an_outcome_of_a_job_from_before_a_restart_is_recorded);
    tcase_add_test(tcase, a_commit_that_may_have_arrived_is_never_sent_again_but_becomes_unknown);
    tcase_add_test(tcase, a_commit_that_certainly_did_not_leave_is_sent_again);
    tcase_add_test(tcase, a_commit_whose_adapter_is_gone_is_unknown_at_once);
    tcase_add_test(tcase, a_commit_that_no_adapter_takes_for_a_minute_was_certainly_not_sent);
    tcase_add_loop_test(tcase, a_reading_says_what_it_found_and_whether_there_was_a_key, 0,
                        sizeof readings / sizeof *readings);
    tcase_add_test(tcase, a_reading_that_changed_nothing_is_made_again);
    tcase_add_test(tcase, the_lock_names_the_version_that_was_rendered_and_is_rendered_again_on_a_mismatch);
    tcase_add_test(tcase, a_target_whose_rendering_breaks_a_limit_is_locked_as_refused);
    tcase_add_test(tcase, what_rendering_needs_is_asked_before_the_lock);
    tcase_add_test(tcase, facts_that_do_not_come_do_not_stop_the_lock);
    tcase_add_test(tcase, credentials_that_are_no_longer_good_disconnect_the_account_first);
    tcase_add_test(tcase, new_tokens_are_sealed_then_recorded_then_the_outcome_then_acknowledged);
    tcase_add_test(tcase, a_connection_is_sealed_and_recorded);
    tcase_add_test(tcase, a_connection_that_the_platform_refuses_is_refused);
    tcase_add_test(tcase, a_job_without_credentials_is_unauthorized_and_sends_nothing);
    tcase_add_test(tcase, a_later_part_answers_to_the_part_before);
    tcase_add_test(tcase, a_target_that_is_too_late_is_missed);
    tcase_add_test(tcase, nothing_new_is_asked_of_a_ledger_that_does_not_answer);
    tcase_add_test(tcase, a_start_waits_for_the_read_model_to_have_what_is_sent);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
