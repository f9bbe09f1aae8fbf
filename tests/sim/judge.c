/* judge.c: what must hold at every step, whatever happened: it reads the log as it grows and looks at the platform.
 *
 *   positions without gap, in all, per workspace and per stream; stamps never go back
 *   no start under another ledger's fence, none before its instant, none beside another of the same target, none sent
 *   before it is durable
 *   a lock fixes exactly the version before it
 *   nothing that is under way is cancelled or missed
 *   one live post per target and part, unless a person said that it was not there
 *   at the end: nothing due was forgotten, and what the log says is what the platform has */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/assert.h"
#include "core/message/codec.h"
#include "core/store/tables.h"
#include "core/vault/box.h"
#include "projections/posts.h"
#include "projections/queue.h"
#include "projections/registry.h"
#include "tests/sim/world.h"

#define DID_MAX 64

struct counted {
    struct pool_item item; /* a stream or a workspace */
    uint64_t count;
};

struct judged_target {
    struct pool_item item;
    struct id target_id;
    struct id integration_id;
    uint32_t status; /* enum target_status of the end, 0: open */
    bool under_way;
    bool by_person; /* what a person said of it is not for us to check */
    bool lied;      /* the platform refused or hid what it did */
    uint32_t parts;
    uint32_t live; /* bit n: part n was accepted */
    struct locked_part locked[LOCKED_PARTS_MAX];
    char keys[LOCKED_PARTS_MAX][24];
};

struct judged_account {
    struct pool_item item;
    char did[DID_MAX];
};

struct judge {
    uint64_t position;
    int64_t time_ms;
    uint64_t epoch;
    uint64_t creates;
    struct pool streams;
    struct pool workspaces;
    struct pool targets;
    struct pool accounts;
    struct pool attempts; /* whose start is durable */
    struct arena arena;
};

void judge_start(struct world *world)
{
    struct judge *judge = calloc(1, sizeof *judge);
    ASSERT(judge != NULL);
    pool_init(&judge->streams, sizeof(struct counted));
    pool_init(&judge->workspaces, sizeof(struct counted));
    pool_init(&judge->targets, sizeof(struct judged_target));
    pool_init(&judge->accounts, sizeof(struct judged_account));
    pool_init(&judge->attempts, sizeof(struct pool_item));
    arena_init(&judge->arena, (size_t)1 << 26);
    world->judge = judge;
}

void judge_done(struct world *world)
{
    struct judge *judge = world->judge;
    pool_done(&judge->streams);
    pool_done(&judge->workspaces);
    pool_done(&judge->targets);
    pool_done(&judge->accounts);
    pool_done(&judge->attempts);
    arena_done(&judge->arena);
    free(judge);
}

static void *find_or_add(struct pool *pool, const struct id *id)
{
    uint32_t index = pool_find(pool, id);
    if (index == 0) {
        ASSERT(pool_reserve(pool, 1) == OK);
        index = pool_add(pool, id);
    }
    return pool_at(pool, index);
}

static struct judged_target *target_of(struct judge *judge, const struct id *target_id)
{
    struct judged_target *target = find_or_add(&judge->targets, target_id);
    target->target_id = *target_id;
    return target;
}

/* --- events --- */

static void see_targets(struct judge *judge, const struct target_spec *specs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        target_of(judge, &specs[i].target_id)->integration_id = specs[i].integration_id;
    }
}

static void see_lock(struct world *world, const struct log_event *at, const struct post_locked_event *event)
{
    if (event->version + 1 != at->version) {
        lose(world, "%s is locked as of version %llu, and was at %llu", name_of(world, &event->post_id),
             (unsigned long long)event->version, (unsigned long long)at->version - 1);
    }
    for (uint32_t i = 0; i < event->targets_count; i++) {
        struct judged_target *target = target_of(world->judge, &event->targets[i].target_id);
        if (target->status != 0) {
            continue;
        }
        target->status = event->targets[i].code.data != NULL ? TARGET_FAILED : 0;
        target->parts = event->targets[i].parts_count;
        for (uint32_t k = 0; k < target->parts; k++) {
            const struct span key = event->targets[i].parts[k].key;
            ASSERT(key.len < sizeof target->keys[k]);
            memcpy(target->keys[k], key.data, key.len);
        }
    }
}

static void see_start(struct world *world, const struct log_event *at, const struct attempt_started_event *event)
{
    struct judge *judge = world->judge;
    struct judged_target *target = target_of(judge, &event->target_id);
    if (event->fence != judge->epoch) {
        lose(world, "%s starts under fence %llu in epoch %llu", name_of(world, &event->attempt_id),
             (unsigned long long)event->fence, (unsigned long long)judge->epoch);
    }
    if (at->time_ms < event->due_ms) {
        lose(world, "%s starts before its instant", name_of(world, &event->attempt_id));
    }
    if (target->under_way) {
        lose(world, "%s starts while another attempt of %s is under way", name_of(world, &event->attempt_id),
             name_of(world, &event->target_id));
    }
    if (target->status != 0 && !(target->status == TARGET_PUBLISHED && event->part + 1 == target->parts)) {
        lose(world, "%s starts although %s is over", name_of(world, &event->attempt_id),
             name_of(world, &event->target_id));
    }
    target->under_way = true;
    find_or_add(&judge->attempts, &event->attempt_id);
}

static void see_outcome(struct judged_target *target, uint32_t outcome, uint64_t part, struct span code)
{
    target->under_way = false;
    if (outcome == OUTCOME_ACCEPTED) {
        target->live |= UINT32_C(1) << part;
    }
    target->lied = target->lied || outcome == OUTCOME_REFUSED || span_equal(code, SPAN("platform_refused"));
}

static void see_end(struct world *world, const struct target_ref *refs, uint32_t count, enum target_status status)
{
    for (uint32_t i = 0; i < count; i++) {
        struct judged_target *target = target_of(world->judge, &refs[i].target_id);
        if (target->under_way) {
            lose(world, "%s is %s with an attempt under way", name_of(world, &refs[i].target_id),
                 choice_word(&target_status_words, status));
        }
        target->status = status;
    }
}

static void see_post(struct world *world, const struct log_event *at, const struct event *event)
{
    struct judge *judge = world->judge;
    switch (event->code) {
    case EVENT_post_created:
        see_targets(judge, event->post_created.targets, event->post_created.targets_count);
        break;
    case EVENT_post_edited:
        see_targets(judge, event->post_edited.targets, event->post_edited.targets_count);
        break;
    case EVENT_post_locked:
        see_lock(world, at, &event->post_locked);
        break;
    case EVENT_attempt_started:
        see_start(world, at, &event->attempt_started);
        break;
    case EVENT_attempt_finished:
        see_outcome(target_of(judge, &event->attempt_finished.target_id), event->attempt_finished.outcome,
                    event->attempt_finished.part, event->attempt_finished.code);
        break;
    case EVENT_attempt_settled:
        see_outcome(target_of(judge, &event->attempt_settled.target_id), event->attempt_settled.outcome,
                    event->attempt_settled.part, event->attempt_settled.code);
        break;
    case EVENT_outcome_contradicted:
        target_of(judge, &event->outcome_contradicted.target_id)->lied = true;
        break;
    case EVENT_target_finished:
        target_of(judge, &event->target_finished.target_id)->status = event->target_finished.status;
        break;
    case EVENT_targets_missed:
        see_end(world, event->targets_missed.targets, event->targets_missed.targets_count, TARGET_MISSED);
        break;
    case EVENT_targets_cancelled:
        see_end(world, event->targets_cancelled.targets, event->targets_cancelled.targets_count, TARGET_CANCELLED);
        break;
    case EVENT_targets_doubted:
        see_end(world, event->targets_doubted.targets, event->targets_doubted.targets_count, 0); /* not over */
        break;
    case EVENT_target_resolved:
        target_of(judge, &event->target_resolved.target_id)->by_person = true;
        break;
    case EVENT_targets_retried:
        for (uint32_t i = 0; i < event->targets_retried.targets_count; i++) {
            target_of(judge, &event->targets_retried.targets[i].target_id)->status = 0;
        }
        break;
    default:
        break;
    }
}

static void check_count(struct world *world, struct pool *pool, const struct id *id, uint64_t count)
{
    struct counted *counted = find_or_add(pool, id);
    if (count != counted->count + 1) {
        lose(world, "%s goes from %llu to %llu", name_of(world, id), (unsigned long long)counted->count,
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

static void see(struct world *world, const struct log_event *at)
{
    struct judge *judge = world->judge;
    struct event event;
    if (at->seq != judge->position + 1) {
        lose(world, "position %llu follows %llu", (unsigned long long)at->seq, (unsigned long long)judge->position);
    }
    if (at->time_ms < judge->time_ms) {
        lose(world, "position %llu goes back in time", (unsigned long long)at->seq);
    }
    if (at->causation >= at->seq || (at->actor == ACTOR_SCHEDULER && at->causation == 0)) {
        lose(world, "position %llu has no cause before it", (unsigned long long)at->seq);
    }
    judge->position = at->seq;
    judge->time_ms = at->time_ms;
    check_count(world, &judge->streams, &at->stream, at->version);
    if (!id_is_none(&at->workspace_id)) {
        check_count(world, &judge->workspaces, &at->workspace_id, at->workspace_seq);
    }
    arena_reset(&judge->arena);
    ASSERT(event_decode(at->payload, &judge->arena, &event) == OK);
    tell(world, at, &event);
    if (event.code == EVENT_ledger_started) {
        judge->epoch = event.ledger_started.epoch;
    } else if (event.code == EVENT_integration_connected) {
        struct judged_account *account = find_or_add(&judge->accounts, &event.integration_connected.integration_id);
        const struct span did = event.integration_connected.account;
        ASSERT(did.len < DID_MAX);
        memcpy(account->did, did.data, did.len);
    } else {
        see_post(world, at, &event);
    }
}

void judge_events(struct world *world)
{
    OWNED(log_cursor_close) struct log_cursor *cursor = NULL;
    struct log_status status;
    struct log_event at;
    log_status(world->log, &status);
    if (status.head == world->judge->position) {
        return;
    }
    ASSERT(log_cursor_open(world->log, world->judge->position, &cursor) == OK);
    while (!world->lost && log_cursor_next(cursor, &at) == OK) {
        see(world, &at);
    }
}

/* --- what leaves, what is live --- */

void judge_batch(struct world *world, const struct job_batch *batch)
{
    for (uint32_t i = 0; i < batch->jobs_count; i++) {
        if (span_equal(batch->jobs[i].kind, SPAN("commit")) &&
            pool_find(&world->judge->attempts, &batch->jobs[i].job_id) == 0) {
            lose(world, "%s is sent, and its start is not durable", name_of(world, &batch->jobs[i].job_id));
        }
    }
}

static struct judged_target *owner_of(struct world *world, const struct model_record *record)
{
    struct judge *judge = world->judge;
    for (uint32_t i = pool_next(&judge->targets, 0); i != 0; i = pool_next(&judge->targets, i)) {
        struct judged_target *target = pool_at(&judge->targets, i);
        const struct judged_account *account = find_or_add(&judge->accounts, &target->integration_id);
        for (uint32_t k = 0; k < target->parts; k++) {
            if (span_equal(record->rkey, span_text(target->keys[k])) &&
                span_equal(record->did, span_text(account->did))) {
                return target;
            }
        }
    }
    return NULL;
}

void judge_platform(struct world *world)
{
    struct model_live live;
    model_live(world->model, &live);
    if (live.creates == world->judge->creates) {
        return;
    }
    world->judge->creates = live.creates;
    if (live.duplicates > 0) {
        lose(world, "a post is live twice");
    }
    size_t index = 0;
    struct model_record record;
    while (model_list(world->model, &index, &record)) {
        if (owner_of(world, &record) == NULL) {
            lose(world, "a post is live under a key that no lock names");
        }
    }
}

/* --- derived things --- */

static void add_digest(void *context, struct span bytes)
{
    uint64_t *hash = context;
    for (size_t i = 0; i < bytes.len; i++) {
        *hash = (*hash ^ bytes.data[i]) * UINT64_C(0x100000001B3);
    }
}

static uint64_t digest_of(struct store *store)
{
    static const uint8_t skip[] = {TABLE_COMMAND, TABLE_IDEMPOTENCY}; /* answers are not in the log */
    OWNED(store_abort) struct store_txn *txn = NULL;
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    ASSERT(store_begin(store, false, &txn) == OK);
    ASSERT(store_digest(txn, span_of(skip, sizeof skip), add_digest, &hash) == OK);
    return hash;
}

static void check_views(struct world *world)
{
    OWNED(store_close) struct store *rebuilt = NULL;
    uint64_t events = 0;
    ASSERT(store_memory_open(&rebuilt) == OK);
    ASSERT(ledger_rebuild(world->log, rebuilt, &projections_all, &world->installation_id, NULL, NULL, &events) == OK);
    if (digest_of(rebuilt) != digest_of(world->store)) {
        lose(world, "state and read models are not those that the log gives");
    }
}

/* An agenda from the events alone; what it does not have it loads, as a live one does. */
static void build_agenda(struct world *world, struct agenda *agenda)
{
    OWNED(log_cursor_close) struct log_cursor *cursor = NULL;
    struct dispatch_views views = {.store = world->store};
    struct arena arena;
    struct log_event at;
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
}

static void check_agenda(struct world *world)
{
    const struct scheduler_host *host = &world->scheduler;
    OWNED(agenda_free) struct agenda *built = NULL;
    OWNED(agenda_free) struct agenda *restored = NULL;
    struct dispatch_views views = {.store = world->store};
    uint64_t position = 0;
    ASSERT(agenda_new(&built) == OK);
    ASSERT(agenda_new(&restored) == OK);
    build_agenda(world, built);
    ASSERT(dispatch_views_restore(&views, restored, &position) == OK);
    if (agenda_digest(built) != agenda_digest(restored)) {
        lose(world, "the agenda of the events is not that of the read model");
    }
    if (host->agenda != NULL && host->follower.position == world->judge->position &&
        agenda_digest(host->agenda) != agenda_digest(restored)) {
        lose(world, "the live agenda is not that of the read model");
    }
}

void judge_deep(struct world *world)
{
    check_views(world);
    check_agenda(world);
}

/* --- the end --- */

bool judge_is_settled(struct world *world)
{
    struct arena arena;
    struct queue_row *rows = NULL;
    uint32_t count = 0;
    OWNED(store_abort) struct store_txn *txn = NULL;
    arena_init(&arena, (size_t)1 << 20);
    ASSERT(store_begin(world->store, false, &txn) == OK);
    ASSERT(queue_scan(txn, NULL, 1, &arena, &rows, &count) == OK);
    arena_done(&arena);
    return count == 0;
}

/* What the log says of a target is what the platform has of it. */
static void compare(struct world *world, const struct judged_target *target, uint32_t live)
{
    if (target->by_person) {
        return;
    }
    if ((target->live & ~live) != 0) {
        lose(world, "a part of %s was accepted and is not live", name_of(world, &target->target_id));
    }
    if ((live & ~target->live) != 0 && !target->lied) {
        lose(world, "a part of %s (%s) is live, and the log does not know it", name_of(world, &target->target_id),
             choice_word(&target_status_words, target->status));
    }
}

void judge_end(struct world *world)
{
    struct judge *judge = world->judge;
    for (uint32_t i = pool_next(&judge->targets, 0); i != 0 && !world->lost; i = pool_next(&judge->targets, i)) {
        const struct judged_target *target = pool_at(&judge->targets, i);
        const struct judged_account *account = find_or_add(&judge->accounts, &target->integration_id);
        uint32_t live = 0;
        size_t index = 0;
        struct model_record record;
        while (model_list(world->model, &index, &record)) {
            for (uint32_t k = 0; k < target->parts; k++) {
                if (span_equal(record.rkey, span_text(target->keys[k])) &&
                    span_equal(record.did, span_text(account->did))) {
                    live |= UINT32_C(1) << k;
                }
            }
        }
        compare(world, target, live);
    }
}
