/* posts_deliveries.c: what a target sends, what the platform gave for it, and every attempt. Written by posts.c's
 * projection. Must never rewrite the locked payload: it is written once, at the lock. */
#include "projections/posts_internal.h"

enum { LOCKED_PLACE = 0, PROGRESS_PLACE = 1 };

static struct row_key payload_key(const struct id *target_id, uint8_t place)
{
    struct row_key key = row_key(TABLE_PAYLOAD);
    row_key_id(&key, target_id);
    row_key_byte(&key, place);
    return key;
}

static struct row_key attempt_key(const struct id *target_id, uint64_t number)
{
    struct row_key key = row_key(TABLE_ATTEMPT);
    row_key_id(&key, target_id);
    row_key_u64(&key, number);
    return key;
}

static enum err put_payloads(struct store_txn *txn, const struct post_locked_event *locked, struct arena *arena)
{
    for (uint32_t i = 0; i < locked->targets_count; i++) {
        const struct row_key key = payload_key(&locked->targets[i].target_id, LOCKED_PLACE);
        TRY(row_put(txn, &key, locked_target_desc(), &locked->targets[i], arena));
    }
    return OK;
}

static enum err take_progress(struct store_txn *txn, const struct id *target_id, struct arena *arena,
                              struct progress_row *ret_row)
{
    const struct row_key key = payload_key(target_id, PROGRESS_PLACE);
    const enum err err = row_take(txn, &key, progress_row_desc(), arena, ret_row);
    if (err == ERR_NOT_FOUND) {
        memset(ret_row, 0, sizeof *ret_row);
        return OK;
    }
    return err;
}

static enum err put_prepared(struct store_txn *txn, const struct target_prepared_event *prepared, struct arena *arena)
{
    struct progress_row row;
    TRY(take_progress(txn, &prepared->target_id, arena, &row));
    row.prepared = prepared->prepared;
    const struct row_key key = payload_key(&prepared->target_id, PROGRESS_PLACE);
    return row_put(txn, &key, progress_row_desc(), &row, arena);
}

/* A part that is live already keeps what was first said of it. */
static enum err put_live(struct store_txn *txn, const struct id *target_id, const struct live_part *part,
                         struct arena *arena)
{
    struct progress_row row;
    TRY(take_progress(txn, target_id, arena, &row));
    struct live_part *live = arena_alloc(arena, (row.live_count + 1) * sizeof *live);
    if (live == NULL) {
        return ERR_NO_MEMORY;
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < row.live_count; i++) {
        if (row.live[i].part == part->part) {
            return OK;
        }
        live[count] = row.live[i];
        count++;
    }
    live[count] = *part;
    row.live = live;
    row.live_count = count + 1;
    const struct row_key key = payload_key(target_id, PROGRESS_PLACE);
    return row_put(txn, &key, progress_row_desc(), &row, arena);
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
        .comment = target->comment && started->part >= target->part_count,
        .due_ms = started->due_ms,
        .started_ms = fact->at->time_ms,
        .deadline_ms = started->deadline_ms,
        .fence = started->fence,
        .payload_hash = started->payload_hash,
    };
    const struct row_key key = attempt_key(&started->target_id, started->number);
    return row_put(txn, &key, attempt_row_desc(), &row, arena);
}

static enum err take_attempt(struct store_txn *txn, const struct id *target_id, uint64_t number, struct arena *arena,
                             struct attempt_row *ret_row)
{
    const struct row_key key = attempt_key(target_id, number);
    const enum err err = row_take(txn, &key, attempt_row_desc(), arena, ret_row);
    return err == ERR_NOT_FOUND ? ERR_ALTERED : err;
}

static enum err put_attempt(struct store_txn *txn, const struct id *target_id, const struct attempt_row *row,
                            struct arena *arena)
{
    const struct row_key key = attempt_key(target_id, row->number);
    return row_put(txn, &key, attempt_row_desc(), row, arena);
}

static struct live_part live_part_of(const struct attempt_row *row)
{
    return (struct live_part){
        .part = row->part,
        .platform_id = row->platform_id,
        .revision = row->revision,
        .url = row->url,
        .published_ms = row->published_ms,
    };
}

static enum err put_outcome(struct store_txn *txn, const struct id *target_id, const struct attempt_row *row,
                            struct arena *arena)
{
    TRY(put_attempt(txn, target_id, row, arena));
    if (row->outcome != OUTCOME_ACCEPTED) {
        return OK;
    }
    const struct live_part part = live_part_of(row);
    return put_live(txn, target_id, &part, arena);
}

static enum err put_finished(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    const struct attempt_finished_event *finished = &fact->event->attempt_finished;
    struct attempt_row row;
    TRY(take_attempt(txn, &finished->target_id, finished->number, arena, &row));
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
    return put_outcome(txn, &finished->target_id, &row, arena);
}

static enum err put_settled(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    const struct attempt_settled_event *settled = &fact->event->attempt_settled;
    struct attempt_row row;
    TRY(take_attempt(txn, &settled->target_id, settled->number, arena, &row));
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
    return put_outcome(txn, &settled->target_id, &row, arena);
}

/* Events about readings, contradictions and persons name an attempt by its id only: nearly always the target's last
 * one. */
static enum err take_attempt_by_id(struct store_txn *txn, const struct post_row *post, const struct id *target_id,
                                   const struct id *attempt_id, struct arena *arena, struct attempt_row *ret_row)
{
    const struct target_row *target = posts_target(post, target_id);
    if (target == NULL) {
        return ERR_ALTERED;
    }
    for (uint64_t number = target->attempt_count; number > 0; number--) {
        struct attempt_row row;
        TRY(take_attempt(txn, target_id, number, arena, &row));
        if (id_equal(&row.attempt_id, attempt_id)) {
            *ret_row = row;
            return OK;
        }
    }
    return ERR_ALTERED;
}

enum err posts_attempt_part(struct store_txn *txn, const struct post_row *post, const struct id *target_id,
                            const struct id *attempt_id, struct arena *arena, uint64_t *ret_part)
{
    struct attempt_row row;
    TRY(take_attempt_by_id(txn, post, target_id, attempt_id, arena, &row));
    *ret_part = row.part;
    return OK;
}

static enum err put_probed(struct store_txn *txn, const struct post_row *post,
                           const struct attempt_probed_event *probed, struct arena *arena)
{
    struct attempt_row row;
    TRY(take_attempt_by_id(txn, post, &probed->target_id, &probed->attempt_id, arena, &row));
    row.probe_count = probed->probe;
    row.probe_message = probed->message;
    row.next_ms = probed->next_ms;
    return put_attempt(txn, &probed->target_id, &row, arena);
}

static enum err put_contradicted(struct store_txn *txn, const struct post_row *post,
                                 const struct outcome_contradicted_event *contradicted, struct arena *arena)
{
    struct attempt_row row;
    TRY(take_attempt_by_id(txn, post, &contradicted->target_id, &contradicted->attempt_id, arena, &row));
    row.contradiction = contradicted->outcome;
    row.contradiction_message = contradicted->message;
    return put_attempt(txn, &contradicted->target_id, &row, arena);
}

static enum err put_resolved(struct store_txn *txn, const struct post_row *post, const struct fact *fact,
                             struct arena *arena)
{
    const struct target_resolved_event *resolved = &fact->event->target_resolved;
    struct attempt_row row;
    TRY(take_attempt_by_id(txn, post, &resolved->target_id, &resolved->attempt_id, arena, &row));
    row.resolution = resolved->resolution;
    row.settled_ms = fact->at->time_ms;
    row.next_ms = resolved->next_ms;
    if (resolved->resolution == RESOLUTION_PUBLISHED) {
        row.outcome = OUTCOME_ACCEPTED;
        row.url = resolved->url;
    } else if (resolved->resolution == RESOLUTION_ABSENT) {
        row.outcome = OUTCOME_ABSENT;
    }
    return put_outcome(txn, &resolved->target_id, &row, arena);
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

enum err posts_attempts(struct store_txn *txn, const struct id *target_id, uint64_t after, uint32_t limit,
                        struct arena *arena, struct attempt_row **ret_attempts, uint32_t *ret_count)
{
    struct row_key prefix = row_key(TABLE_ATTEMPT);
    row_key_id(&prefix, target_id);
    const struct row_key from = attempt_key(target_id, after);
    void *rows = NULL;
    TRY(row_list(txn, &prefix, &from, attempt_row_desc(), limit, arena, &rows, ret_count));
    *ret_attempts = rows;
    return OK;
}

enum err posts_payload(struct store_txn *txn, const struct id *target_id, struct arena *arena,
                       struct post_payload *ret_payload)
{
    struct post_payload payload;
    const struct row_key key = payload_key(target_id, LOCKED_PLACE);
    TRY(row_get(txn, &key, locked_target_desc(), arena, &payload.locked));
    const struct row_key progress_key = payload_key(target_id, PROGRESS_PLACE);
    const enum err err = row_get(txn, &progress_key, progress_row_desc(), arena, &payload.progress);
    if (err == ERR_NOT_FOUND) {
        memset(&payload.progress, 0, sizeof payload.progress);
    } else {
        TRY(err);
    }
    *ret_payload = payload;
    return OK;
}

const struct live_part *posts_live(const struct post_payload *payload, uint64_t part)
{
    for (uint32_t i = 0; i < payload->progress.live_count; i++) {
        if (payload->progress.live[i].part == part) {
            return &payload->progress.live[i];
        }
    }
    return NULL;
}
