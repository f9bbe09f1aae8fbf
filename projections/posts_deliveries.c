/* posts_deliveries.c: what a target sends, what the platform gave for it, and every attempt. Written by posts.c's
 * projection. Must never rewrite the locked payload: it is written once, at the lock. */
#include "core/base/limits.h"
#include "projections/posts_internal.h"

#define ATTEMPTS_PAGE 64 /* read at a time when looking for live parts */

static struct row_key target_key(enum post_place place, const struct id *post_id, const struct id *target_id)
{
    struct row_key key = row_key_post(post_id, place);
    row_key_id(&key, target_id);
    return key;
}

static struct row_key attempt_key(const struct id *post_id, const struct id *target_id, uint64_t number)
{
    struct row_key key = target_key(PLACE_ATTEMPT, post_id, target_id);
    row_key_u64(&key, number);
    return key;
}

static enum err put_payloads(struct store_txn *txn, const struct post_locked_event *locked, struct arena *arena)
{
    for (uint32_t i = 0; i < locked->targets_count; i++) {
        const struct row_key key = target_key(PLACE_PAYLOAD, &locked->post_id, &locked->targets[i].target_id);
        TRY(row_put(txn, &key, locked_target_desc(), &locked->targets[i], arena));
    }
    return OK;
}

static enum err put_prepared(struct store_txn *txn, const struct target_prepared_event *prepared, struct arena *arena)
{
    const struct row_key key = target_key(PLACE_PREPARED, &prepared->post_id, &prepared->target_id);
    const struct prepared_row row = {.prepared = prepared->prepared};
    return row_put(txn, &key, prepared_row_desc(), &row, arena);
}

static enum err put_started(struct store_txn *txn, const struct post_row *post, const struct fact *fact,
                            struct arena *arena)
{
    const struct attempt_started_event *started = &fact->event->attempt_started;
    const struct target_row *target = posts_target(post, &started->target_id);
    if (target == NULL) {
        return ERR_ALTERED;
    }
    const struct attempt_row row = {
        .attempt_id = started->attempt_id,
        .number = started->number,
        .part = started->part,
        .comment = post_fold_is_comment(target, started->part),
        .due_ms = started->due_ms,
        .started_ms = fact->at->time_ms,
        .deadline_ms = started->deadline_ms,
        .fence = started->fence,
        .payload_hash = started->payload_hash,
    };
    const struct row_key key = attempt_key(&started->post_id, &started->target_id, started->number);
    return row_put(txn, &key, attempt_row_desc(), &row, arena);
}

static enum err take_attempt(struct store_txn *txn, const struct id *post_id, const struct id *target_id,
                             uint64_t number, struct arena *arena, struct attempt_row *ret_row)
{
    const struct row_key key = attempt_key(post_id, target_id, number);
    const enum err err = row_take(txn, &key, attempt_row_desc(), arena, ret_row);
    return err == ERR_NOT_FOUND ? ERR_ALTERED : err;
}

static enum err put_attempt(struct store_txn *txn, const struct id *post_id, const struct id *target_id,
                            const struct attempt_row *row, struct arena *arena)
{
    const struct row_key key = attempt_key(post_id, target_id, row->number);
    return row_put(txn, &key, attempt_row_desc(), row, arena);
}

static enum err put_finished(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    const struct attempt_finished_event *finished = &fact->event->attempt_finished;
    struct attempt_row row;
    TRY(take_attempt(txn, &finished->post_id, &finished->target_id, finished->number, arena, &row));
    row.outcome = finished->outcome;
    row.finished_ms = fact->at->time_ms;
    row.code = finished->code;
    row.message = finished->message;
    row.platform_code = finished->platform_code;
    row.platform_message = finished->platform_message;
    row.platform_id = finished->platform_id;
    row.revision = finished->revision;
    row.url = finished->url;
    row.published_ms = finished->published_ms;
    row.next_ms = finished->next_ms;
    return put_attempt(txn, &finished->post_id, &finished->target_id, &row, arena);
}

static enum err put_settled(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    const struct attempt_settled_event *settled = &fact->event->attempt_settled;
    struct attempt_row row;
    TRY(take_attempt(txn, &settled->post_id, &settled->target_id, settled->number, arena, &row));
    row.outcome = settled->outcome;
    row.settled_ms = fact->at->time_ms;
    row.by_read = settled->by_read;
    row.code = settled->code;
    row.message = settled->message;
    row.platform_code = settled->platform_code;
    row.platform_message = settled->platform_message;
    row.platform_id = settled->platform_id;
    row.revision = settled->revision;
    row.url = settled->url;
    row.published_ms = settled->published_ms;
    row.next_ms = settled->next_ms;
    return put_attempt(txn, &settled->post_id, &settled->target_id, &row, arena);
}

/* Events about readings, contradictions and persons name an attempt by its id only: nearly always the target's last
 * one. */
enum err posts_attempt_by_id(struct store_txn *txn, const struct post_row *post, const struct id *target_id,
                             const struct id *attempt_id, struct arena *arena, struct attempt_row *ret_row)
{
    const struct target_row *target = posts_target(post, target_id);
    if (target == NULL) {
        return ERR_ALTERED;
    }
    for (uint64_t number = target->attempt_count; number > 0; number--) {
        struct attempt_row row;
        TRY(take_attempt(txn, &post->post_id, target_id, number, arena, &row));
        if (id_equal(&row.attempt_id, attempt_id)) {
            *ret_row = row;
            return OK;
        }
    }
    return ERR_ALTERED;
}

static enum err put_probed(struct store_txn *txn, const struct post_row *post,
                           const struct attempt_probed_event *probed, struct arena *arena)
{
    struct attempt_row row;
    TRY(posts_attempt_by_id(txn, post, &probed->target_id, &probed->attempt_id, arena, &row));
    row.probe_count = probed->probe;
    row.probe_message = probed->message;
    row.next_ms = probed->next_ms;
    return put_attempt(txn, &probed->post_id, &probed->target_id, &row, arena);
}

static enum err put_contradicted(struct store_txn *txn, const struct post_row *post,
                                 const struct outcome_contradicted_event *contradicted, struct arena *arena)
{
    struct attempt_row row;
    TRY(posts_attempt_by_id(txn, post, &contradicted->target_id, &contradicted->attempt_id, arena, &row));
    row.contradiction = contradicted->outcome;
    row.contradiction_message = contradicted->message;
    return put_attempt(txn, &contradicted->post_id, &contradicted->target_id, &row, arena);
}

static enum err put_resolved(struct store_txn *txn, const struct post_row *post, const struct fact *fact,
                             struct arena *arena)
{
    const struct target_resolved_event *resolved = &fact->event->target_resolved;
    struct attempt_row row;
    if (id_is_none(&resolved->attempt_id)) {
        return OK; /* the original's attempt, if any, is not ours to tell of */
    }
    TRY(posts_attempt_by_id(txn, post, &resolved->target_id, &resolved->attempt_id, arena, &row));
    row.resolution = resolved->resolution;
    row.settled_ms = fact->at->time_ms;
    row.next_ms = resolved->next_ms;
    if (resolved->resolution == RESOLUTION_PUBLISHED) {
        row.outcome = OUTCOME_ACCEPTED;
        row.url = resolved->url;
    } else if (resolved->resolution == RESOLUTION_ABSENT) {
        row.outcome = OUTCOME_ABSENT;
    }
    return put_attempt(txn, &resolved->post_id, &resolved->target_id, &row, arena);
}

enum err posts_deliveries_update(struct store_txn *txn, const struct post_row *post, const struct fact *fact,
                                 struct arena *arena)
{
    const struct event *event = fact->event;
    switch (event->code) {
    case EVENT_post_locked:
        return put_payloads(txn, &event->post_locked, arena);
    case EVENT_target_prepared:
        return put_prepared(txn, &event->target_prepared, arena);
    case EVENT_attempt_started:
        return put_started(txn, post, fact, arena);
    case EVENT_attempt_finished:
        return put_finished(txn, fact, arena);
    case EVENT_attempt_settled:
        return put_settled(txn, fact, arena);
    case EVENT_attempt_probed:
        return put_probed(txn, post, &event->attempt_probed, arena);
    case EVENT_outcome_contradicted:
        return put_contradicted(txn, post, &event->outcome_contradicted, arena);
    case EVENT_target_resolved:
        return put_resolved(txn, post, fact, arena);
    default:
        return OK;
    }
}

enum err posts_attempts(struct store_txn *txn, const struct id *post_id, const struct id *target_id, uint64_t after,
                        uint32_t limit, struct arena *arena, struct attempt_row **ret_attempts, uint32_t *ret_count)
{
    const struct row_key prefix = target_key(PLACE_ATTEMPT, post_id, target_id);
    const struct row_key from = attempt_key(post_id, target_id, after);
    void *rows = NULL;
    TRY(row_list(txn, &prefix, &from, attempt_row_desc(), limit, arena, &rows, ret_count));
    *ret_attempts = rows;
    return OK;
}

/* The first word about a live part stands. */
static void add_live(struct post_payload *payload, const struct attempt_row *attempt)
{
    if (attempt->outcome != OUTCOME_ACCEPTED || payload->live_count == LOCKED_PARTS_MAX ||
        posts_live(payload, attempt->part) != NULL) {
        return;
    }
    payload->live[payload->live_count] = (struct live_part){
        .part = attempt->part,
        .platform_id = attempt->platform_id,
        .revision = attempt->revision,
        .url = attempt->url,
        .published_ms = attempt->published_ms,
    };
    payload->live_count++;
}

static enum err read_live(struct store_txn *txn, const struct id *post_id, const struct id *target_id,
                          struct arena *arena, struct post_payload *payload)
{
    payload->live = arena_alloc(arena, LOCKED_PARTS_MAX * sizeof *payload->live);
    if (payload->live == NULL) {
        return ERR_NO_MEMORY;
    }
    uint64_t after = 0;
    uint32_t count = 0;
    do {
        struct attempt_row *attempts = NULL;
        TRY(posts_attempts(txn, post_id, target_id, after, ATTEMPTS_PAGE, arena, &attempts, &count));
        for (uint32_t i = 0; i < count; i++) {
            add_live(payload, &attempts[i]);
            after = attempts[i].number;
        }
    } while (count == ATTEMPTS_PAGE);
    return OK;
}

enum err posts_payload(struct store_txn *txn, const struct id *post_id, const struct id *target_id, struct arena *arena,
                       struct post_payload *ret_payload)
{
    struct post_payload payload = {.live_count = 0};
    struct prepared_row prepared = {.prepared = {.data = NULL}};
    const struct row_key key = target_key(PLACE_PAYLOAD, post_id, target_id);
    TRY(row_get(txn, &key, locked_target_desc(), arena, &payload.locked));
    const struct row_key prepared_key = target_key(PLACE_PREPARED, post_id, target_id);
    const enum err err = row_get(txn, &prepared_key, prepared_row_desc(), arena, &prepared);
    if (err != ERR_NOT_FOUND) {
        TRY(err);
    }
    payload.prepared = prepared.prepared;
    TRY(read_live(txn, post_id, target_id, arena, &payload));
    *ret_payload = payload;
    return OK;
}

const struct live_part *posts_live(const struct post_payload *payload, uint64_t part)
{
    for (uint32_t i = 0; i < payload->live_count; i++) {
        if (payload->live[i].part == part) {
            return &payload->live[i];
        }
    }
    return NULL;
}
