/* series.h: what a series is now, and which posts it has made. TABLE_SERIES has, by place, documents under the series'
 * id, a list of each workspace's, how far the posts are made, and a row per post, by series and local time. Whatever a
 * query returns borrows from the transaction and the arena. */
#ifndef OPENPOST_PROJECTIONS_SERIES_H
#define OPENPOST_PROJECTIONS_SERIES_H

#include "core/ledger/projection.h"
#include "core/message/access.h"
#include "projections/row.h"

extern const struct projection series_projection;

/* How a post stands to its series: it follows it; somebody touched it, and it is its own; the series took it back. */
enum instance_state { INSTANCE_NONE = 0, INSTANCE_FOLLOWS, INSTANCE_CUT, INSTANCE_WITHDRAWN };

/* series_note keeps the row of a series' post as an event leaves it: for posts.c, which has the post before and after.
 */
enum err series_note(struct store_txn *txn, const struct fact *fact, const struct post_row *before,
                     const struct post_row *post, struct arena *arena) MUST_USE;

/* series_get reads a series; workspace_id NULL: whosever it is (our own processes only). ERR_NOT_FOUND: unknown, or
 * another workspace's. */
enum err series_get(struct store_txn *txn, const struct id *workspace_id, const struct id *series_id,
                    struct arena *arena, struct series_row *ret_series) MUST_USE;
/* series_sees tells whether a series is there for the grant: none of its posts goes to an account that it does not see.
 */
bool series_sees(const struct grant *grant, const struct series_row *series);
/* series_list reads those of a workspace that the grant sees, the ended ones too, by id after another (NULL: from the
 * first); series_scan those of all workspaces likewise. */
enum err series_list(struct store_txn *txn, const struct id *workspace_id, const struct grant *grant,
                     const struct id *after, uint32_t limit, struct arena *arena, struct series_row **ret_series,
                     uint32_t *ret_count) MUST_USE;
enum err series_scan(struct store_txn *txn, const struct id *after, uint32_t limit, struct arena *arena,
                     struct series_row **ret_series, uint32_t *ret_count) MUST_USE;

/* series_progress tells the local minute of the newest post of a generation; -1: there is none yet. series_instances
 * lists the last post for each local minute from one on, in order. series_day finds what a local
 * day (core/calendar/local.h) has: the first post that the series has not taken back for another rule or a pause; a
 * generation gives a day one post at most, and what a person did to that of another one holds its day. ERR_NOT_FOUND.
 */
enum err series_progress(struct store_txn *txn, const struct id *series_id, uint64_t generation, struct arena *arena,
                         int64_t *ret_minute) MUST_USE;
enum err series_day(struct store_txn *txn, const struct id *series_id, int64_t day, uint64_t generation,
                    struct arena *arena, struct instance_row *ret_instance) MUST_USE;
enum err series_instances(struct store_txn *txn, const struct id *series_id, int64_t from_minute, uint32_t limit,
                          struct arena *arena, struct instance_row **ret_instances, uint32_t *ret_count) MUST_USE;

#endif
