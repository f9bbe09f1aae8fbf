/* activity.h: what happened to a post, in its order, as sentences for people. Rows are narrow and hold facts; sentences
 * are made when read. */
#ifndef OPENPOST_PROJECTIONS_ACTIVITY_H
#define OPENPOST_PROJECTIONS_ACTIVITY_H

#include "core/ledger/projection.h"
#include "projections/row.h"

#define ACTIVITY_MESSAGE_MAX 200 /* bytes of an event's own words kept in its row */

extern const struct projection activity_projection;

/* activity_list reads up to limit events of a post, oldest first, after the version `after` of its stream (0: from the
 * first), into the arena. Fewer than limit: that was all. */
enum err activity_list(struct store_txn *txn, const struct id *post_id, uint64_t after, uint32_t limit,
                       struct arena *arena, struct activity_row **ret_rows, uint32_t *ret_count) MUST_USE;

/* activity_sentence appends one sentence in English, times as UTC: "Attempt 2 on bluesky (acme.test) ended: the
 * platform asks to wait until 2026-04-20T14:03:00Z." Every event of a post has one. */
struct activity_about {
    const char *where;     /* names the account of row->target_id; "": it has none */
    uint64_t comment_part; /* which part its first comment is; UINT64_MAX: it has none */
    uint64_t changed;      /* of an edit: bit n: enum edited n (posts.h) */
};

void activity_sentence(const struct activity_row *row, const struct activity_about *about, struct buf *out);

#endif
