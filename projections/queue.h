/* queue.h: what the scheduler has to do: a row per open target of every scheduled, queued or publishing post, removed
 * when the target is final (and its first comment, if it has one, is done). A row is a pure function of the post's row,
 * so it is written by posts.h's projection while the post is at hand. */
#ifndef OPENPOST_PROJECTIONS_QUEUE_H
#define OPENPOST_PROJECTIONS_QUEUE_H

#include "core/base/arena.h"
#include "core/store/store.h"
#include "projections/row.h"

/* queue_row_of fills the row of a target; false: it has none. */
bool queue_row_of(const struct post_row *post, const struct target_row *target, struct queue_row *ret_row);
/* queue_update writes or removes the row of a target; queue_remove removes it (a target that an edit took away). */
enum err queue_update(struct store_txn *txn, const struct post_row *post, const struct target_row *target,
                      struct arena *arena) MUST_USE;
enum err queue_remove(struct store_txn *txn, const struct id *target_id) MUST_USE;

/* queue_scan reads up to limit rows in the order of target ids, after the target *after (NULL or absent: from the
 * first). Fewer than limit: that was all. For a scheduler that starts: chunk by chunk, a transaction each. */
enum err queue_scan(struct store_txn *txn, const struct id *after, uint32_t limit, struct arena *arena,
                    struct queue_row **ret_rows, uint32_t *ret_count) MUST_USE;
/* queue_get reads one row; ERR_NOT_FOUND: the target is not open. */
enum err queue_get(struct store_txn *txn, const struct id *target_id, struct arena *arena, struct queue_row *ret_row)
    MUST_USE;

#endif
