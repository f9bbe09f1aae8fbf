/* judge.c: what must hold at every step, whatever happened (RULE_TABLE in world.h): it reads the log as it grows, looks
 * at the platform, and now and then at what is derived. Called by world.c after each step and by sim.c; the rules of a
 * post's life are in judge_post.c. It must never ask the code that it judges what is right. */
#include "tests/sim/judge.h"
#include "tests/digest.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/base/assert.h"
#include "core/message/codec.h"
#include "core/store/tables.h"
#include "core/vault/box.h"
#include "projections/posts.h"
#include "projections/registry.h"
#include "tests/sim/world.h"

#define BILLED_WITHIN_MS MINUTE_MS

void judge_start(struct world *world)
{
    struct judge *judge = calloc(1, sizeof *judge);
    ASSERT(judge != NULL);
    pool_init(&judge->streams, sizeof(struct counted));
    pool_init(&judge->sequences, sizeof(struct counted));
    pool_init(&judge->workspaces, sizeof(struct judged_workspace));
    pool_init(&judge->posts, sizeof(struct judged_post));
    pool_init(&judge->targets, sizeof(struct judged_target));
    pool_init(&judge->accounts, sizeof(struct judged_account));
    pool_init(&judge->attempts, sizeof(struct judged_attempt));
    pool_init(&judge->actors, sizeof(struct judged_actor));
    pool_init(&judge->series, sizeof(struct judged_series));
    pool_init(&judge->instances, sizeof(struct counted));
    pool_init(&judge->wishes, sizeof(struct judged_wish));
    judge->rebuilt.position = UINT64_MAX;
    arena_init(&judge->arena, (size_t)1 << 26);
    world->judge = judge;
}

void judge_done(struct world *world)
{
    struct judge *judge = world->judge;
    pool_done(&judge->streams);
    pool_done(&judge->sequences);
    pool_done(&judge->workspaces);
    pool_done(&judge->posts);
    pool_done(&judge->targets);
    pool_done(&judge->accounts);
    pool_done(&judge->attempts);
    pool_done(&judge->actors);
    pool_done(&judge->series);
    pool_done(&judge->instances);
    pool_done(&judge->wishes);
    arena_done(&judge->arena);
    free(judge);
}

void *find_or_add(struct pool *pool, const struct id *id)
{
    uint32_t index = pool_find(pool, id);
    if (index == 0) {
        ASSERT(pool_reserve(pool, 1) == OK);
        index = pool_add(pool, id);
    }
    return pool_at(pool, index);
}

uint64_t text_hash(struct span text)
{
    uint64_t hash = DIGEST_OF_NOTHING;
    digest_add(&hash, text);
    return hash;
}

/* --- events --- */

static void see_installation(struct judge *judge, const struct log_event *at, const struct event *event)
{
    switch (event->code) {
    case EVENT_ledger_started:
        judge->epoch = event->ledger_started.epoch;
        break;
    case EVENT_clock_suspected:
    case EVENT_clock_trusted:
        judge->clock_suspect = event->code == EVENT_clock_suspected;
        break;
    case EVENT_starts_suspended:
    case EVENT_starts_confirmed:
        judge->suspended = event->code == EVENT_starts_suspended;
        judge->suspended_ms = at->time_ms;
        break;
    default:
        break;
    }
}

/* A period is closed when it is over, and the next one begins where it ended: no other is ever closed. The last one
 * ends with its workspace, and none follows. */
static void see_bill(struct world *world, struct judged_workspace *workspace, const struct log_event *at,
                     const struct billing_due_event *due)
{
    const bool last = due->next_end_ms == 0 && due->period_end_ms == at->time_ms;
    if (due->period_start_ms != workspace->period_start_ms || workspace->period_end_ms == 0 || workspace->deleted ||
        (due->period_end_ms != workspace->period_end_ms && !last) ||
        (due->next_end_ms != 0 && due->next_end_ms <= due->period_end_ms)) {
        lose(world, RULE_BILLED, "a period is closed that does not run");
    }
    if (at->time_ms < due->period_end_ms) {
        lose(world, RULE_BILLED, "a period is closed before it is over");
    }
    workspace->period_start_ms = due->period_end_ms;
    workspace->period_end_ms = due->next_end_ms;
}

static void see_workspace(struct world *world, const struct log_event *at, const struct event *event)
{
    struct judge *judge = world->judge;
    struct judged_workspace *workspace = find_or_add(&judge->workspaces, &at->stream);
    if (event->code == EVENT_billing_due) {
        see_bill(world, workspace, at, &event->billing_due);
    } else if (event->code == EVENT_plan_changed) {
        workspace->period_start_ms = event->plan_changed.period_start_ms;
        workspace->period_end_ms = event->plan_changed.period_end_ms;
    }
    if (event->code == EVENT_workspace_created) {
        workspace->max_lateness_ms = event->workspace_created.max_lateness_ms;
    } else if (event->code == EVENT_workspace_changed) {
        const uint32_t policy = event->workspace_changed.approval_policy;
        workspace->policy = policy != POLICY_NONE ? policy : workspace->policy;
    } else if (event->code == EVENT_workspace_paused || event->code == EVENT_workspace_resumed) {
        workspace->paused = event->code == EVENT_workspace_paused;
    } else if (event->code == EVENT_workspace_deleted) {
        workspace->deleted = true;
    }
}

static void see_account(struct judge *judge, const struct log_event *at, const struct event *event)
{
    struct judged_account *account = find_or_add(&judge->accounts, &at->stream);
    switch (event->code) {
    case EVENT_integration_connected: {
        const struct span did = event->integration_connected.account;
        ASSERT(did.len < DID_MAX);
        memcpy(account->did, did.data, did.len);
        account->connected = true;
        break;
    }
    case EVENT_integration_disconnected:
    case EVENT_integration_deleted:
        account->connected = false;
        account->deleted = event->code == EVENT_integration_deleted;
        break;
    case EVENT_integration_paused:
    case EVENT_integration_resumed:
        account->paused = event->code == EVENT_integration_paused;
        break;
    default:
        break;
    }
}

static void check_count(struct world *world, struct pool *pool, const struct id *id, uint64_t count)
{
    struct counted *counted = find_or_add(pool, id);
    if (count != counted->count + 1) {
        lose(world, RULE_POSITIONS, "%s goes from %llu to %llu", name_of(world, id), (unsigned long long)counted->count,
             (unsigned long long)count);
    }
    counted->count = count;
}

/* What an event says, as far as a reader of the trace needs it. */
static void tell(struct world *world, const struct log_event *at, const struct event *event)
{
    const char *name = event_desc(event->code)->name;
    const char *stream = name_of(world, &at->stream);
    char seq[48]; /* and what led to it */
    struct buf number = buf_of(seq, sizeof seq);
    buf_u64(&number, at->seq);
    if (at->causation != 0) {
        buf_text(&number, " <- ");
        buf_u64(&number, at->causation);
    }
    (void)buf_terminated(&number);
    switch (event->code) {
    case EVENT_attempt_started:
        trace(world, "log", "%s %s %s: %s at part %u of %s", seq, name, stream,
              name_of(world, &event->attempt_started.attempt_id), (unsigned)event->attempt_started.part,
              name_of(world, &event->attempt_started.target_id));
        break;
    case EVENT_attempt_finished:
        trace(world, "log", "%s %s %s: %s %s", seq, name, stream, name_of(world, &event->attempt_finished.attempt_id),
              choice_word(&outcome_words, event->attempt_finished.outcome));
        break;
    case EVENT_attempt_settled:
        trace(world, "log", "%s %s %s: %s %s%s", seq, name, stream, name_of(world, &event->attempt_settled.attempt_id),
              choice_word(&outcome_words, event->attempt_settled.outcome),
              event->attempt_settled.by_read ? ", read" : "");
        break;
    case EVENT_target_finished:
        trace(world, "log", "%s %s %s: %s %s %.*s", seq, name, stream,
              name_of(world, &event->target_finished.target_id),
              choice_word(&target_status_words, event->target_finished.status), (int)event->target_finished.code.len,
              (const char *)event->target_finished.code.data);
        break;
    case EVENT_post_finished:
        trace(world, "log", "%s %s %s: %s", seq, name, stream,
              choice_word(&post_status_words, event->post_finished.status));
        break;
    default:
        trace(world, "log", "%s %s %s", seq, name, stream);
        break;
    }
}

void judge_see(struct world *world, const struct log_event *at)
{
    struct judge *judge = world->judge;
    struct event event;
    judge_swap_goes_on(world, at);
    if (at->seq != judge->position + 1) {
        lose(world, RULE_POSITIONS, "position %llu follows %llu", (unsigned long long)at->seq,
             (unsigned long long)judge->position);
    }
    if (at->time_ms < judge->time_ms) {
        lose(world, RULE_POSITIONS, "position %llu goes back in time", (unsigned long long)at->seq);
    }
    if (at->causation >= at->seq || (at->actor == ACTOR_SCHEDULER && at->causation == 0)) {
        lose(world, RULE_CAUSES, "position %llu has no cause before it", (unsigned long long)at->seq);
    }
    judge->position = at->seq;
    judge->time_ms = at->time_ms;
    check_count(world, &judge->streams, &at->stream, at->version);
    if (!id_is_none(&at->workspace_id)) {
        check_count(world, &judge->sequences, &at->workspace_id, at->workspace_seq);
    }
    arena_reset(&judge->arena);
    ASSERT(event_decode(at->payload, &judge->arena, &event) == OK);
    tell(world, at, &event);
    switch (at->stream.kind) {
    case ID_SYSTEM:
        see_installation(judge, at, &event);
        break;
    case ID_WORKSPACE:
        see_workspace(world, at, &event);
        break;
    case ID_INTEGRATION:
        see_account(judge, at, &event);
        break;
    case ID_POST:
        judge_post(world, at, &event);
        break;
    case ID_MEMBER:
    case ID_KEY:
        judge_actor(world, &event);
        break;
    case ID_QUEUE:
        judge_queue(world, &event);
        break;
    case ID_SERIES:
    case ID_TEMPLATE:
        judge_series(world, at, &event);
        break;
    default:
        break;
    }
}

void judge_events_to(struct world *world, uint64_t seq)
{
    OWNED(log_cursor_close) struct log_cursor *cursor = NULL;
    struct log_event at;
    if (seq <= world->judge->position) {
        return;
    }
    ASSERT(log_cursor_open(world->log, world->judge->position, &cursor) == OK);
    while (!world->lost && world->judge->position < seq && log_cursor_next(cursor, &at) == OK) {
        judge_see(world, &at);
    }
}

void judge_events(struct world *world)
{
    struct log_status status;
    log_status(world->log, &status);
    judge_events_to(world, status.head);
    judge_swap_goes_on(world, NULL);
}

void judge_reader(struct world *world, uint64_t before, uint64_t seq)
{
    if (seq != before + 1) {
        lose(world, RULE_FOLLOW, "the scheduler passed over position %llu", (unsigned long long)before + 1);
    }
}

/* --- what leaves, what is live --- */

void judge_batch(struct world *world, const struct job_batch *batch)
{
    for (uint32_t i = 0; i < batch->jobs_count; i++) {
        if (span_equal(batch->jobs[i].kind, SPAN("commit")) &&
            pool_find(&world->judge->attempts, &batch->jobs[i].job_id) == 0) {
            lose(world, RULE_DURABLE, "%s is sent, and its start is not durable",
                 name_of(world, &batch->jobs[i].job_id));
        }
    }
    for (uint32_t i = 0; i < batch->done_count; i++) {
        const uint32_t index = pool_find(&world->judge->attempts, &batch->done[i].target_id);
        const struct judged_attempt *attempt = index == 0 ? NULL : pool_at(&world->judge->attempts, index);
        if (attempt != NULL && attempt->reported > attempt->recorded) {
            lose(world, RULE_RECORDED, "what became of %s may be forgotten, and is not in the log",
                 name_of(world, &batch->done[i].target_id));
        }
    }
}

void judge_report(struct world *world, const struct outcome_batch *report)
{
    for (uint32_t i = 0; i < report->outcomes_count; i++) {
        const struct job_outcome *outcome = &report->outcomes[i];
        const uint32_t index = pool_find(&world->judge->attempts, &outcome->job_id);
        if (index != 0) {
            ((struct judged_attempt *)pool_at(&world->judge->attempts, index))->reported =
                certainty_of(outcome->outcome);
        }
    }
}

/* Which part of which target a record is: by its words, whatever its key: nobody here writes the same twice, but for
 * series. A world without keys has none of more than one post. */
static bool is_part(struct world *world, const struct model_record *record, const struct judged_target *target,
                    uint32_t part)
{
    const struct judged_account *account = find_or_add(&world->judge->accounts, &target->integration_id);
    const bool known =
        !target->of_series || world->keyless || span_equal(record->rkey, span_text(target->parts[part].key));
    return known && span_equal(record->did, span_text(account->did)) &&
           text_hash(record->text) == target->parts[part].text;
}

static bool find_owner(struct world *world, const struct model_record *record, struct judged_target **ret_target,
                       uint32_t *ret_part)
{
    struct pool *targets = &world->judge->targets;
    for (uint32_t i = pool_next(targets, 0); i != 0; i = pool_next(targets, i)) {
        struct judged_target *target = pool_at(targets, i);
        for (uint32_t part = 0; part < target->parts_count; part++) {
            if (is_part(world, record, target, part)) {
                *ret_target = target;
                *ret_part = part;
                return true;
            }
        }
    }
    return false;
}

static uint32_t count_live(struct world *world, const struct judged_target *target, uint32_t part)
{
    uint32_t count = 0;
    size_t index = 0;
    struct model_record record;
    while (model_list(world->model, &index, &record)) {
        count += is_part(world, &record, target, part) ? 1 : 0;
    }
    return count;
}

static void check_record(struct world *world, const struct model_record *record)
{
    struct judged_target *target = NULL;
    uint32_t part = 0;
    if (!find_owner(world, record, &target, &part)) {
        lose(world, RULE_LIVE_AS_LOCKED, "a post is live that no lock names");
        return;
    }
    const uint32_t allowed = 1 + (world->keyless ? target->absent_said : 0); /* a key is one for all attempts */
    if (count_live(world, target, part) > allowed) {
        lose(world, RULE_LIVE_ONCE, "part %u of %s is live twice", (unsigned)part, name_of(world, &target->target_id));
    }
}

void judge_platform(struct world *world)
{
    struct model_live live;
    model_live(world->model, &live);
    if (live.creates == world->judge->creates) {
        return;
    }
    world->judge->creates = live.creates;
    size_t index = 0;
    struct model_record record;
    while (model_list(world->model, &index, &record)) {
        check_record(world, &record);
    }
}

void judge_token(struct world *world, struct span authorization)
{
    const struct span bearer = SPAN("Bearer ");
    if (authorization.len <= bearer.len) {
        return;
    }
    for (uint32_t i = 0; i < world->secret_count; i++) {
        const struct span secret = span_text(world->secrets[i].text);
        if (memmem(secret.data, secret.len, authorization.data + bearer.len, authorization.len - bearer.len) != NULL) {
            return;
        }
    }
    lose(world, RULE_STORED, "a token is used that the vault does not hold");
}

/* --- derived things --- */

static uint64_t rebuild_views(struct world *world)
{
    OWNED(store_close) struct store *rebuilt = NULL;
    uint64_t events = 0;
    ASSERT(store_memory_open(&rebuilt) == OK);
    ASSERT(ledger_rebuild(world->log, rebuilt, &projections_all, &world->installation_id, &(struct replay_watch){0},
                          &events) == OK);
    return digest_of(rebuilt, (struct span){0});
}

/* An agenda from the events alone; what it does not have it loads, as a live one does. */
static uint64_t rebuild_agenda(struct world *world)
{
    OWNED(agenda_free) struct agenda *agenda = NULL;
    OWNED(log_cursor_close) struct log_cursor *cursor = NULL;
    struct dispatch_views views = {.store = world->store};
    struct arena arena;
    struct log_event at;
    ASSERT(agenda_new(&agenda) == OK);
    arena_init(&arena, (size_t)1 << 26);
    ASSERT(log_cursor_open(world->log, 0, &cursor) == OK);
    ASSERT(dispatch_views_begin(&views) == OK);
    while (log_cursor_next(cursor, &at) == OK) {
        struct event event;
        arena_reset(&arena);
        ASSERT(event_decode(at.payload, &arena, &event) == OK);
        if (agenda_apply(agenda, &at, &event) == ERR_NOT_FOUND) {
            struct agenda_target *rows = NULL;
            uint32_t count = 0;
            if (dispatch_views_open(&views, &at.stream, at.seq, &arena, &rows, &count) == OK) {
                for (uint32_t i = 0; i < count; i++) {
                    ASSERT(agenda_restore(agenda, &rows[i]) == OK);
                }
            }
        }
    }
    dispatch_views_end(&views);
    arena_done(&arena);
    return agenda_digest(agenda);
}

/* They change with the log only, so that they are made once for each of its positions that is looked at. */
static void rebuild(struct world *world)
{
    struct rebuilt *rebuilt = &world->judge->rebuilt;
    if (rebuilt->position != world->judge->position) {
        *rebuilt = (struct rebuilt){
            .position = world->judge->position, .views = rebuild_views(world), .agenda = rebuild_agenda(world)};
    }
}

static void check_agenda(struct world *world)
{
    const struct scheduler_host *host = &world->scheduler;
    OWNED(agenda_free) struct agenda *restored = NULL;
    struct dispatch_views views = {.store = world->store};
    uint64_t position = 0;
    ASSERT(agenda_new(&restored) == OK);
    ASSERT(dispatch_views_restore(&views, restored, &position) == OK);
    if (world->judge->rebuilt.agenda != agenda_digest(restored)) {
        lose(world, RULE_AGENDA, "the agenda of the events is not that of the read model");
    }
    if (host->agenda != NULL && host->follower.position == world->judge->position &&
        agenda_digest(host->agenda) != agenda_digest(restored)) {
        lose(world, RULE_AGENDA, "the live agenda is not that of the read model");
    }
}

void judge_deep(struct world *world)
{
    rebuild(world);
    if (world->judge->rebuilt.views != digest_of(world->store, (struct span){0})) {
        lose(world, RULE_VIEWS, "state and read models are not those that the log gives");
    }
    judge_open(world);
    check_agenda(world);
}

/* --- the end --- */

/* Over for longer than it may take, or only just over. */
static bool is_bill_open(const struct world *world, int64_t within_ms)
{
    const struct pool *workspaces = &world->judge->workspaces;
    for (uint32_t i = pool_next(workspaces, 0); i != 0; i = pool_next(workspaces, i)) {
        const struct judged_workspace *workspace = pool_at(workspaces, i);
        if (workspace->period_end_ms != 0 && world_wall(world) >= workspace->period_end_ms + within_ms) {
            return true;
        }
    }
    return false;
}

static bool find_open(const struct judge *judge, const struct judged_target **ret_open)
{
    for (uint32_t i = pool_next(&judge->targets, 0); i != 0; i = pool_next(&judge->targets, i)) {
        if (judged_is_open(judge, pool_at(&judge->targets, i))) {
            *ret_open = pool_at(&judge->targets, i);
            return true;
        }
    }
    return false;
}

bool judge_is_settled(struct world *world)
{
    const struct judged_target *open = NULL;
    return !is_bill_open(world, 0) && !find_open(world->judge, &open);
}

void judge_settled(struct world *world)
{
    if (is_bill_open(world, BILLED_WITHIN_MS)) {
        lose(world, RULE_BILLED, "a period is not closed a minute after its end");
        return;
    }
    const struct judged_target *open = NULL;
    if (find_open(world->judge, &open)) {
        lose(world, RULE_SETTLED, "%s of %s is not over %lld h after the last fault", name_of(world, &open->target_id),
             name_of(world, &open->post_id), (long long)(CALM_MS / HOUR_MS));
    }
}

/* What the log says of a target is what the platform has of it. */
static void compare(struct world *world, const struct judged_target *target, uint32_t live)
{
    if (target->by_person) {
        return;
    }
    if ((target->live & ~live) != 0) {
        lose(world, RULE_LIVE_KNOWN, "a part of %s was accepted and is not live", name_of(world, &target->target_id));
    }
    if ((live & ~(target->live | target->unknown)) != 0 && !target->lied) {
        lose(world, RULE_LIVE_KNOWN, "a part of %s (%s) is live, and the log does not know it",
             name_of(world, &target->target_id), choice_word(&target_status_words, target->status));
    }
}

/* Only now, so that what a wrong key leads to, a second record, is seen first. */
static void check_key(struct world *world, const struct model_record *record)
{
    struct judged_target *target = NULL;
    uint32_t part = 0;
    if (find_owner(world, record, &target, &part) && !span_equal(record->rkey, span_text(target->parts[part].key))) {
        lose(world, RULE_LIVE_AS_LOCKED, "part %u of %s is live under another key", (unsigned)part,
             name_of(world, &target->target_id));
    }
}

void judge_end(struct world *world)
{
    struct judge *judge = world->judge;
    size_t index = 0;
    struct model_record record;
    while (!world->keyless && model_list(world->model, &index, &record)) {
        check_key(world, &record);
    }
    for (uint32_t i = pool_next(&judge->targets, 0); i != 0; i = pool_next(&judge->targets, i)) {
        const struct judged_target *target = pool_at(&judge->targets, i);
        uint32_t live = 0;
        for (uint32_t part = 0; part < target->parts_count; part++) {
            live |= count_live(world, target, part) > 0 ? UINT32_C(1) << part : 0;
        }
        compare(world, target, live);
    }
}
