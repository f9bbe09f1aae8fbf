/* queue.h: what the scheduler has to do: a row per open target of every scheduled, queued or publishing post, from its
 * schedule until it is final (and its first comment, if it has one, is done). The row is the post's id only: what the
 * scheduler must know (queue_row) is read off the post, so that attempts and outcomes write nothing here. Kept by
 * posts.h's projection. */
#ifndef OPENPOST_PROJECTIONS_QUEUE_H
#define OPENPOST_PROJECTIONS_QUEUE_H

#include "core/base/arena.h"
#include "core/store/store.h"
#include "projections/row.h"

#define QUEUE_LATE_MS 60000 /* overdue by more, a target waits for its turn: core/scheduler/agenda.h's AGENDA_LATE_MS */

/* queue_is_open tells whether a target is in the queue; queue_row_of fills what the scheduler must know of it, false:
 * it is not. Pure. */
bool queue_is_open(const struct post_row *post, const struct target_row *target);
bool queue_row_of(const struct post_row *post, const struct target_row *target, struct queue_row *ret_row);
enum err queue_add(struct store_txn *txn, const struct id *post_id, const struct id *target_id) MUST_USE;
enum err queue_remove(struct store_txn *txn, const struct id *target_id) MUST_USE;

/* queue_scan reads up to limit rows in the order of target ids, after the target *after (NULL or absent: from the
 * first). Fewer than limit: that was all. For a scheduler that starts: chunk by chunk, a transaction each. */
enum err queue_scan(struct store_txn *txn, const struct id *after, uint32_t limit, struct arena *arena,
                    struct queue_row **ret_rows, uint32_t *ret_count) MUST_USE;
/* queue_post finds the post of an open target. ERR_NOT_FOUND: it is not open. */
enum err queue_post(struct store_txn *txn, const struct id *target_id, struct id *ret_post_id) MUST_USE;

#endif
