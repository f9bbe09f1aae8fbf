/* punctuality.h: how punctual an integration was on a day: counts and lateness, scheduled against durable start and
 * receipt. A day is the local date on which the target was due, from midnight to midnight of the workspace's zone. Rows
 * hold quarters of an hour, of which every zone's days since 1972 are made, so that a rebuild knows no zone and a
 * workspace may change its own. Written by posts.h's projection while the post is at hand.
 *
 * Lateness is kept in 64 buckets: 0 for in time, then two to each power of two of milliseconds: [1,2) [2,3) [3,4) [4,6)
 * [6,8) [8,12) … ; the last takes all that is longer. A quantile is the upper end of its bucket, at most half above
 * the truth, and never above the true maximum. */
#ifndef OPENPOST_PROJECTIONS_PUNCTUALITY_H
#define OPENPOST_PROJECTIONS_PUNCTUALITY_H

#include "core/base/arena.h"
#include "core/calendar/zone.h"
#include "core/ledger/projection.h"
#include "projections/row.h"

#define PUNCTUALITY_BUCKETS 64

struct lateness {
    uint64_t counts[PUNCTUALITY_BUCKETS];
    uint64_t total;
    uint64_t max_ms;
};

unsigned lateness_bucket(int64_t late_ms);
/* The first millisecond count above the bucket. */
uint64_t lateness_bucket_end_ms(unsigned bucket);
void lateness_add(struct lateness *lateness, int64_t late_ms);
/* lateness_quantile_ms: permille 500 for p50, 990 for p99; 0 when empty. */
uint64_t lateness_quantile_ms(const struct lateness *lateness, unsigned permille);

/* One integration's day, or a sum of such. */
struct punctuality_report {
    struct id integration_id;
    uint32_t day; /* the local date, as days since 1970-01-01 */
    uint64_t attempts, accepted, try_again, deferred, unauthorized, refused, unknown;
    uint64_t published, failed, missed;
    struct lateness start;
    struct lateness receipt;
};

/* punctuality_update counts an event about one target, as it stands after the event. */
enum err punctuality_update(struct store_txn *txn, const struct fact *fact, const struct target_row *target,
                            struct arena *arena) MUST_USE;

/* punctuality_query reads the days first_day..last_day (both inclusive) of one integration that have a row, in order,
 * at most limit. ERR_NOT_FOUND: there is no such zone. */
enum err punctuality_query(struct store_txn *txn, const struct id *integration_id, const struct zones *zones,
                           struct span zone, uint32_t first_day, uint32_t last_day, uint32_t limit, struct arena *arena,
                           struct punctuality_report **ret_reports, uint32_t *ret_count) MUST_USE;
void punctuality_sum(struct punctuality_report *into, const struct punctuality_report *from);

/* punctuality_day is the local date of an instant. */
enum err punctuality_day(const struct zones *zones, struct span zone, int64_t time_ms, uint32_t *ret_day) MUST_USE;

#endif
