/* queue.c: the rows that tell the scheduler what is open. Written by posts.c's projection, read by the scheduler when
 * it starts. Must never keep a row of a target that is done, nor lose one that is not: what is missing here is never
 * sent. */
#include "projections/queue.h"

#include "projections/post_fold.h"
#include "projections/posts.h"
#include "projections/row_store.h"

bool queue_is_open(const struct post_row *post, const struct target_row *target)
{
    if (post->status == POST_DRAFT || post->status == POST_DELETED || target->due_ms == 0) {
        return false;
    }
    if (!posts_target_is_final(target->status)) {
        return !posts_is_final(post->status);
    }
    return !posts_target_is_final(post_fold_phase(target));
}

bool queue_row_of(const struct post_row *post, const struct target_row *target, struct queue_row *ret_row)
{
    if (!queue_is_open(post, target)) {
        return false;
    }
    const bool locked = post->locked_ms != 0;
    *ret_row = (struct queue_row){
        .target_id = target->target_id,
        .post_id = post->post_id,
        .workspace_id = post->workspace_id,
        .integration_id = target->integration_id,
        .channel = target->channel,
        .status = target->status,
        .due_ms = target->base_ms != 0 ? target->base_ms : target->due_ms,
        .publish_at_ms = post->publish_at_ms,
        .not_after_ms = post->not_after_ms,
        .approved_under = post->approved_under,
        .approval_reminded = post->approval_reminded,
        .locked = locked,
        .version = locked ? 0 : post->version, /* or every event of a sibling would change the row */
        .part_next = target->part_live,
        .part_count = target->part_count,
        .comment = target->comment,
        .attempt_id = target->attempt_id,
        .attempt_number = target->attempt_count,
        .attempt_part = target->attempt_part,
        .attempt_open = target->attempt_open,
        .attempt_unknown = post_fold_phase(target) == TARGET_UNKNOWN,
        .fence = target->fence,
        .started_ms = target->started_ms,
        .deadline_ms = target->deadline_ms,
        .next_ms = target->next_ms,
        .probe_count = target->probe_count,
        .needs_person = target->needs_person,
        .read_first = target->read_first,
        .contradicted = target->contradicted,
        .seq = target->seq,
    };
    return true;
}

static struct row_key key_of(const struct id *target_id)
{
    struct row_key key = row_key(TABLE_QUEUE);
    row_key_id(&key, target_id);
    return key;
}

enum err queue_add(struct store_txn *txn, const struct id *post_id, const struct id *target_id)
{
    const struct row_key key = key_of(target_id);
    return store_put(txn, row_key_span(&key), span_of(post_id->uuid, sizeof post_id->uuid));
}

enum err queue_remove(struct store_txn *txn, const struct id *target_id)
{
    const struct row_key key = key_of(target_id);
    return row_remove(txn, &key);
}

static enum err post_of(struct span value, struct id *ret_post_id)
{
    struct id post_id = {.kind = ID_POST};
    if (value.len != sizeof post_id.uuid) {
        return ERR_ALTERED;
    }
    memcpy(post_id.uuid, value.data, value.len);
    *ret_post_id = post_id;
    return OK;
}

/* What the queue names must be there. */
static enum err read_target(struct store_txn *txn, const struct id *post_id, const struct id *target_id,
                            struct arena *arena, struct post_row *post, struct queue_row *ret_row)
{
    if (!id_equal(&post->post_id, post_id)) { /* targets of one post follow each other */
        const struct row_key key = row_key_post(post_id, PLACE_POST);
        const enum err err = row_get(txn, &key, post_row_desc(), arena, post);
        TRY(err == ERR_NOT_FOUND ? ERR_ALTERED : err);
    }
    const struct target_row *target = posts_target(post, target_id);
    return target != NULL && queue_row_of(post, target, ret_row) ? OK : ERR_ALTERED;
}

struct scan {
    struct store_txn *txn;
    struct store_cursor *cursor;
    struct arena *arena;
    struct post_row post; /* the last one read */
    struct queue_row *rows;
    uint32_t count;
};

static enum err scan_row(struct scan *scan, struct span key, struct span value)
{
    struct id post_id;
    struct id target_id = {.kind = ID_TARGET};
    if (key.len != 1 + sizeof target_id.uuid) {
        return ERR_ALTERED;
    }
    memcpy(target_id.uuid, key.data + 1, sizeof target_id.uuid);
    TRY(post_of(value, &post_id));
    TRY(read_target(scan->txn, &post_id, &target_id, scan->arena, &scan->post, &scan->rows[scan->count]));
    scan->count++;
    return OK;
}

static enum err scan_first(const struct scan *scan, const struct id *after, struct span *ret_key,
                           struct span *ret_value)
{
    const struct row_key from = after == NULL || id_is_none(after) ? row_key(TABLE_QUEUE) : key_of(after);
    TRY(store_seek(scan->cursor, row_key_span(&from), ret_key, ret_value));
    return span_equal(*ret_key, row_key_span(&from)) ? store_next(scan->cursor, ret_key, ret_value) : OK;
}

enum err queue_scan(struct store_txn *txn, const struct id *after, uint32_t limit, struct arena *arena,
                    struct queue_row **ret_rows, uint32_t *ret_count)
{
    OWNED(store_cursor_close) struct store_cursor *cursor = NULL;
    TRY(store_cursor_open(txn, &cursor));
    struct scan scan = {.txn = txn, .cursor = cursor, .arena = arena};
    scan.rows = arena_alloc(arena, limit * sizeof *scan.rows);
    if (scan.rows == NULL) {
        return ERR_NO_MEMORY;
    }
    struct span key;
    struct span value;
    enum err err = scan_first(&scan, after, &key, &value);
    while (err == OK && scan.count < limit && key.data[0] == TABLE_QUEUE) {
        TRY(scan_row(&scan, key, value));
        err = store_next(cursor, &key, &value);
    }
    if (err != OK && err != ERR_NOT_FOUND) {
        return err;
    }
    *ret_rows = scan.rows;
    *ret_count = scan.count;
    return OK;
}

enum err queue_post(struct store_txn *txn, const struct id *target_id, struct id *ret_post_id)
{
    const struct row_key key = key_of(target_id);
    struct span value;
    TRY(store_get(txn, row_key_span(&key), &value));
    return post_of(value, ret_post_id);
}
