/* queue.c: what the scheduler is told of all that is open, read when it starts. Must never give it a target that is
 * done, nor lose one that is not: what is missing here is never sent. */
#include "projections/queue.h"

#include <stdlib.h>

#include "core/ledger/ledger.h"
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

/* What the index names must be there. Where the post's row says that it is not open it is passed over, for two logs
 * bring that about and neither is damage: one that was read in the middle of a command, whose edit names a target that
 * the schedule behind it dates; and one that tells a stretch of the post's life twice (core/ledger/desk_cut.c), of
 * which the ledger believes the second. */
static enum err scan_target(struct store_txn *txn, const struct open_target *open, struct arena *arena,
                            struct post_row *post, struct queue_row *ret_row, bool *ret_open)
{
    if (!id_equal(&post->post_id, &open->post_id)) {
        const struct row_key key = row_key_post(&open->post_id, PLACE_POST);
        const enum err err = row_get(txn, &key, post_row_desc(), arena, post);
        TRY(err == ERR_NOT_FOUND ? ERR_ALTERED : err);
    }
    for (uint32_t i = 0; i < post->targets_count; i++) {
        if (id_equal(&post->targets[i].integration_id, &open->integration_id)) {
            *ret_open = queue_row_of(post, &post->targets[i], ret_row);
            return OK;
        }
    }
    return ERR_ALTERED;
}

/* Posts in the order in which they lie: of a chunk that is read cold, those of one page follow each other, and so do
 * the targets of one post. */
static int by_post(const void *one, const void *other)
{
    const struct open_target *a = one;
    const struct open_target *b = other;
    return memcmp(a->post_id.uuid, b->post_id.uuid, sizeof a->post_id.uuid);
}

enum err queue_scan(struct store_txn *txn, uint32_t limit, struct open_walk *walk, struct arena *arena,
                    struct queue_row **ret_rows, uint32_t *ret_count)
{
    struct open_walk at = *walk;
    struct post_row post = {.targets_count = 0}; /* the last one read */
    uint32_t open_count = 0;
    uint32_t count = 0;
    struct open_target *open = arena_alloc(arena, limit * sizeof *open);
    struct queue_row *rows = arena_alloc(arena, limit * sizeof *rows);
    if (open == NULL || rows == NULL) {
        return ERR_NO_MEMORY;
    }
    TRY(ledger_open_targets(txn, limit, &at, open, &open_count));
    qsort(open, open_count, sizeof *open, by_post);
    for (uint32_t i = 0; i < open_count; i++) {
        bool is_open = false;
        TRY(scan_target(txn, &open[i], arena, &post, &rows[count], &is_open));
        count += is_open ? 1 : 0;
    }
    *walk = at;
    *ret_rows = rows;
    *ret_count = count;
    return OK;
}
