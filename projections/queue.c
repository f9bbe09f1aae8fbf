/* queue.c: the rows that tell the scheduler what is open. Written by posts.c's projection, read by the scheduler when
 * it starts. Must never keep a row of a target that is done, nor lose one that is not: what is missing here is never
 * sent. */
#include "projections/queue.h"

#include "projections/post_fold.h"
#include "projections/posts.h"
#include "projections/row_store.h"

static bool is_open(const struct post_row *post, const struct target_row *target)
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
    if (!is_open(post, target)) {
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
    };
    return true;
}

static struct row_key key_of(const struct id *target_id)
{
    struct row_key key = row_key(TABLE_QUEUE);
    row_key_id(&key, target_id);
    return key;
}

enum err queue_update(struct store_txn *txn, const struct post_row *post, const struct target_row *target,
                      struct arena *arena)
{
    struct queue_row row;
    if (!queue_row_of(post, target, &row)) {
        return queue_remove(txn, &target->target_id);
    }
    const struct row_key key = key_of(&target->target_id);
    return row_put(txn, &key, queue_row_desc(), &row, arena);
}

enum err queue_remove(struct store_txn *txn, const struct id *target_id)
{
    const struct row_key key = key_of(target_id);
    return row_remove(txn, &key);
}

enum err queue_scan(struct store_txn *txn, const struct id *after, uint32_t limit, struct arena *arena,
                    struct queue_row **ret_rows, uint32_t *ret_count)
{
    const struct row_key prefix = row_key(TABLE_QUEUE);
    const bool resumes = after != NULL && !id_is_none(after);
    struct row_key from = prefix;
    if (resumes) {
        from = key_of(after);
    }
    void *rows = NULL;
    TRY(row_list(txn, &prefix, resumes ? &from : NULL, queue_row_desc(), limit, arena, &rows, ret_count));
    *ret_rows = rows;
    return OK;
}

enum err queue_get(struct store_txn *txn, const struct id *target_id, struct arena *arena, struct queue_row *ret_row)
{
    const struct row_key key = key_of(target_id);
    return row_get(txn, &key, queue_row_desc(), arena, ret_row);
}
