/* punctuality.c: counts and lateness per integration and quarter of an hour, summed to local days when asked. Written
 * by posts.c's projection, read for reports. Must never count a first comment: it is nobody's due time.
 *
 * A histogram is stored as its counts in LEB128 (unsigned), trailing zeros left out: some ten bytes on an ordinary day.
 */
#include "projections/punctuality.h"

#include "core/base/assert.h"
#include "core/base/limits.h"
#include "projections/post_fold.h"
#include "projections/row_store.h"

#define LEB128_MAX 10 /* bytes of a 64-bit number */
#define SLOT_MS (15 * MINUTE_MS)
#define SLOTS_PER_DAY 96
#define SLOTS_AT_A_TIME 512

/* --- lateness --- */

unsigned lateness_bucket(int64_t late_ms)
{
    if (late_ms <= 0) {
        return 0;
    }
    if (late_ms == 1) {
        return 1;
    }
    unsigned power = 1; /* 2^power <= late_ms < 2^(power + 1) */
    while (late_ms >> (power + 1) != 0) {
        power++;
    }
    const bool upper_half = (late_ms >> (power - 1) & 1) != 0;
    const unsigned bucket = 2 * power + (upper_half ? 1 : 0);
    return bucket < PUNCTUALITY_BUCKETS ? bucket : PUNCTUALITY_BUCKETS - 1;
}

uint64_t lateness_bucket_end_ms(unsigned bucket)
{
    ASSERT(bucket < PUNCTUALITY_BUCKETS);
    if (bucket == 0) {
        return 1;
    }
    if (bucket == 1) {
        return 2;
    }
    if (bucket == PUNCTUALITY_BUCKETS - 1) {
        return UINT64_MAX;
    }
    const uint64_t low = (uint64_t)1 << (bucket / 2);
    return bucket % 2 == 0 ? low + low / 2 : 2 * low;
}

void lateness_add(struct lateness *lateness, int64_t late_ms)
{
    lateness->counts[lateness_bucket(late_ms)]++;
    lateness->total++;
    if (late_ms > 0 && (uint64_t)late_ms > lateness->max_ms) {
        lateness->max_ms = (uint64_t)late_ms;
    }
}

static void merge(struct lateness *into, const struct lateness *from)
{
    for (unsigned i = 0; i < PUNCTUALITY_BUCKETS; i++) {
        into->counts[i] += from->counts[i];
    }
    into->total += from->total;
    if (from->max_ms > into->max_ms) {
        into->max_ms = from->max_ms;
    }
}

uint64_t lateness_quantile_ms(const struct lateness *lateness, unsigned permille)
{
    ASSERT(permille <= 1000);
    const uint64_t rank = (lateness->total * permille + 999) / 1000;
    uint64_t seen = 0;
    for (unsigned i = 0; i < PUNCTUALITY_BUCKETS; i++) {
        seen += lateness->counts[i];
        if (seen > 0 && seen >= rank) {
            const uint64_t last_ms = lateness_bucket_end_ms(i) - 1;
            return last_ms < lateness->max_ms ? last_ms : lateness->max_ms;
        }
    }
    return 0;
}

/* --- rows --- */

static void put_leb128(struct buf *out, uint64_t value)
{
    while (value >= 0x80) {
        buf_byte(out, (uint8_t)(value | 0x80));
        value >>= 7;
    }
    buf_byte(out, (uint8_t)value);
}

static struct span pack(const struct lateness *lateness, struct buf *out)
{
    unsigned count = PUNCTUALITY_BUCKETS;
    while (count > 0 && lateness->counts[count - 1] == 0) {
        count--;
    }
    for (unsigned i = 0; i < count; i++) {
        put_leb128(out, lateness->counts[i]);
    }
    ASSERT(buf_ok(out));
    return out->len == 0 ? span_of(NULL, 0) : buf_span(out);
}

static enum err unpack(struct span bytes, uint64_t max_ms, struct lateness *ret_lateness)
{
    struct lateness lateness = {.max_ms = max_ms};
    size_t at = 0;
    for (unsigned i = 0; at < bytes.len; i++) {
        unsigned shift = 0;
        bool more = true;
        while (more) {
            if (i >= PUNCTUALITY_BUCKETS || at >= bytes.len || shift > 63) {
                return ERR_ALTERED;
            }
            lateness.counts[i] |= (uint64_t)(bytes.data[at] & 0x7F) << shift;
            more = (bytes.data[at] & 0x80) != 0;
            shift += 7;
            at++;
        }
        lateness.total += lateness.counts[i];
    }
    *ret_lateness = lateness;
    return OK;
}

static enum err report_of(const struct punctuality_row *row, struct punctuality_report *ret_report)
{
    struct punctuality_report report = {
        .attempts = row->attempts,
        .accepted = row->accepted,
        .try_again = row->try_again,
        .deferred = row->deferred,
        .unauthorized = row->unauthorized,
        .refused = row->refused,
        .unknown = row->unknown,
        .published = row->published,
        .failed = row->failed,
        .missed = row->missed,
    };
    TRY(unpack(row->start, row->start_max_ms, &report.start));
    TRY(unpack(row->receipt, row->receipt_max_ms, &report.receipt));
    *ret_report = report;
    return OK;
}

static uint32_t slot_of(int64_t time_ms)
{
    return time_ms <= 0 ? 0 : (uint32_t)(time_ms / SLOT_MS);
}

static struct row_key prefix_of(const struct id *integration_id)
{
    struct row_key key = row_key(TABLE_PUNCTUALITY);
    row_key_id(&key, integration_id);
    return key;
}

static enum err put_report(struct store_txn *txn, const struct row_key *key, uint32_t slot,
                           const struct punctuality_report *report, struct arena *arena)
{
    uint8_t start_bytes[PUNCTUALITY_BUCKETS * LEB128_MAX];
    uint8_t receipt_bytes[PUNCTUALITY_BUCKETS * LEB128_MAX];
    struct buf start = buf_of(start_bytes, sizeof start_bytes);
    struct buf receipt = buf_of(receipt_bytes, sizeof receipt_bytes);
    const struct punctuality_row row = {
        .slot = slot,
        .attempts = report->attempts,
        .accepted = report->accepted,
        .try_again = report->try_again,
        .deferred = report->deferred,
        .unauthorized = report->unauthorized,
        .refused = report->refused,
        .unknown = report->unknown,
        .published = report->published,
        .failed = report->failed,
        .missed = report->missed,
        .start_max_ms = report->start.max_ms,
        .start = pack(&report->start, &start),
        .receipt_max_ms = report->receipt.max_ms,
        .receipt = pack(&report->receipt, &receipt),
    };
    return row_put(txn, key, punctuality_row_desc(), &row, arena);
}

/* --- counting --- */

static void count_outcome(struct punctuality_report *report, uint32_t outcome)
{
    switch ((enum outcome)outcome) {
    case OUTCOME_ACCEPTED:
        report->accepted++;
        break;
    case OUTCOME_TRY_AGAIN:
    case OUTCOME_ABSENT:
        report->try_again++;
        break;
    case OUTCOME_DEFERRED:
        report->deferred++;
        break;
    case OUTCOME_UNAUTHORIZED:
        report->unauthorized++;
        break;
    case OUTCOME_REFUSED:
        report->refused++;
        break;
    case OUTCOME_UNKNOWN:
        report->unknown++;
        break;
    case OUTCOME_NONE:
    case OUTCOME_COUNT:
        break;
    }
}

static bool is_counted(const struct event *event, const struct target_row *target)
{
    switch (event->code) {
    case EVENT_attempt_started:
        return !post_fold_is_comment(target, event->attempt_started.part);
    case EVENT_attempt_finished:
        return !post_fold_is_comment(target, event->attempt_finished.part);
    case EVENT_attempt_settled:
        return !post_fold_is_comment(target, event->attempt_settled.part);
    case EVENT_post_locked: /* whose rendering broke a limit has its end there */
        return target->status == TARGET_FAILED;
    case EVENT_target_finished:
    case EVENT_targets_missed:
        return true;
    default:
        return false;
    }
}

static void count(struct punctuality_report *report, const struct fact *fact, const struct target_row *target)
{
    const struct event *event = fact->event;
    switch (event->code) {
    case EVENT_attempt_started:
        report->attempts++;
        lateness_add(&report->start, fact->at->time_ms - event->attempt_started.due_ms);
        break;
    case EVENT_attempt_finished:
        count_outcome(report, event->attempt_finished.outcome);
        break;
    case EVENT_attempt_settled:
        count_outcome(report, event->attempt_settled.outcome);
        break;
    case EVENT_post_locked:
        report->failed++;
        break;
    case EVENT_target_finished:
        if (event->target_finished.status == TARGET_PUBLISHED) {
            report->published++;
            lateness_add(&report->receipt, fact->at->time_ms - target->due_ms);
        } else {
            report->failed++;
        }
        break;
    default:
        ASSERT(event->code == EVENT_targets_missed);
        report->missed++;
        break;
    }
}

enum err punctuality_update(struct store_txn *txn, const struct fact *fact, const struct target_row *target,
                            struct arena *arena)
{
    if (!is_counted(fact->event, target)) {
        return OK;
    }
    const uint32_t slot = slot_of(target->due_ms);
    struct row_key key = prefix_of(&target->integration_id);
    row_key_u32(&key, slot);
    struct punctuality_row row = {.slot = slot};
    const enum err err = row_take(txn, &key, punctuality_row_desc(), arena, &row);
    if (err == ERR_NOT_FOUND) {
        memset(&row, 0, sizeof row);
    } else {
        TRY(err);
    }
    struct punctuality_report report;
    TRY(report_of(&row, &report));
    count(&report, fact, target);
    return put_report(txn, &key, slot, &report, arena);
}

/* --- reports --- */

struct days {
    const struct zones *zones;
    struct span zone;
    uint32_t first;
    uint32_t last;
    struct punctuality_report *reports;
    uint32_t max;
    uint32_t count;
};

/* Adds a quarter of an hour to its day. Rows come in the order of time, and so do local days but where a clock is set
 * back over midnight. */
static enum err add_slot(struct days *days, const struct punctuality_row *row)
{
    struct punctuality_report report;
    uint32_t day = 0;
    TRY(punctuality_day(days->zones, days->zone, (int64_t)row->slot * SLOT_MS, &day));
    if (day < days->first || day > days->last) {
        return OK;
    }
    uint32_t at = days->count;
    while (at > 0 && days->reports[at - 1].day > day) {
        at--;
    }
    TRY(report_of(row, &report));
    if (at > 0 && days->reports[at - 1].day == day) {
        punctuality_sum(&days->reports[at - 1], &report);
    } else if (at == days->count && days->count < days->max) {
        report.day = day;
        days->reports[at] = report;
        days->count++;
    }
    return OK;
}

/* NOLINTNEXTLINE(readability-function-size): what a report is asked with, and the two that it is told in */
enum err punctuality_query(struct store_txn *txn, const struct id *integration_id, const struct zones *zones,
                           struct span zone, uint32_t first_day, uint32_t last_day, uint32_t limit, struct arena *arena,
                           struct punctuality_report **ret_reports, uint32_t *ret_count)
{
    const struct row_key prefix = prefix_of(integration_id);
    struct days days = {.zones = zones, .zone = zone, .first = first_day, .last = last_day, .max = limit};
    days.reports = arena_room(arena, (limit + 1) * sizeof *days.reports);
    if (days.reports == NULL) {
        return ERR_NO_MEMORY;
    }
    /* A local day begins up to a day before or after the UTC date's. */
    const uint64_t end = ((uint64_t)last_day + 2) * SLOTS_PER_DAY;
    uint64_t after = first_day > 1 ? (uint64_t)(first_day - 1) * SLOTS_PER_DAY - 1 : 0;
    uint32_t count = SLOTS_AT_A_TIME;
    for (bool begun = first_day > 1; count == SLOTS_AT_A_TIME && after < end; begun = true) {
        struct row_key from = prefix;
        void *rows = NULL;
        if (begun) {
            row_key_u32(&from, (uint32_t)after);
        }
        TRY(row_list(txn, &prefix, begun ? &from : NULL, punctuality_row_desc(), SLOTS_AT_A_TIME, arena, &rows,
                     &count));
        const struct punctuality_row *row = rows;
        for (uint32_t i = 0; i < count; i++) {
            TRY(add_slot(&days, &row[i]));
            after = row[i].slot;
        }
    }
    for (uint32_t i = 0; i < days.count; i++) {
        days.reports[i].integration_id = *integration_id;
    }
    *ret_reports = days.reports;
    *ret_count = days.count;
    return OK;
}

void punctuality_sum(struct punctuality_report *into, const struct punctuality_report *from)
{
    into->attempts += from->attempts;
    into->accepted += from->accepted;
    into->try_again += from->try_again;
    into->deferred += from->deferred;
    into->unauthorized += from->unauthorized;
    into->refused += from->refused;
    into->unknown += from->unknown;
    into->published += from->published;
    into->failed += from->failed;
    into->missed += from->missed;
    merge(&into->start, &from->start);
    merge(&into->receipt, &from->receipt);
}

enum err punctuality_day(const struct zones *zones, struct span zone, int64_t time_ms, uint32_t *ret_day)
{
    int minutes = 0;
    TRY(zone_offset(zones, zone, time_ms, &minutes));
    const int64_t local_ms = time_ms + minutes * MINUTE_MS;
    *ret_day = local_ms <= 0 ? 0 : (uint32_t)(local_ms / DAY_MS);
    return OK;
}
