/* queue.h: what the scheduler has to do: every open target of every scheduled, queued or publishing post, from its
 * schedule until it is final (and its first comment, if it has one, is done). Nothing is written for it: the ledger's
 * index tells which posts have one where (ledger_open_targets), because it fills an instant of its account's calendar
 * for as long; what the scheduler must know of it (queue_row) is read off the post. */
#ifndef OPENPOST_PROJECTIONS_QUEUE_H
#define OPENPOST_PROJECTIONS_QUEUE_H

#include "core/base/arena.h"
#include "core/store/store.h"
#include "projections/row.h"

#define QUEUE_LATE_MS 60000 /* overdue by more, a target waits for its turn: core/scheduler/agenda.h's AGENDA_LATE_MS */

struct open_walk;

/* queue_is_open tells whether a target is in the queue; queue_row_of fills what the scheduler must know of it, false:
 * it is not. Pure. The decider's post_open_due says the same of the same post, for a post has at most one target at an
 * account (target_duplicate); posts_agreement_projection_test.c and queue_projection_test.c hold them together. */
bool queue_is_open(const struct post_row *post, const struct target_row *target);
bool queue_row_of(const struct post_row *post, const struct target_row *target, struct queue_row *ret_row);

/* queue_scan reads the next open targets and moves the walk on: at most limit, and so many or fewer until walk->is_over
 * (core/ledger/ledger.h). For a scheduler that starts: chunk by chunk, a transaction each. ERR_ALTERED: what the index
 * names is not there. */
enum err queue_scan(struct store_txn *txn, uint32_t limit, struct open_walk *walk, struct arena *arena,
                    struct queue_row **ret_rows, uint32_t *ret_count) MUST_USE;

#endif
