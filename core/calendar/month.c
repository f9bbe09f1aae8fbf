/* month.c: see month.h. Called for billing periods, by the clock and by the operator's hand. */
#include "core/calendar/month.h"

#include "core/base/limits.h"
#include "core/calendar/instant.h"

/* What a zone's clocks show, as if it were UTC. */
static enum err shown(const struct zones *zones, struct span zone, int64_t time_ms, int64_t *ret_ms)
{
    int minutes = 0;
    TRY(zone_offset(zones, zone, time_ms, &minutes));
    *ret_ms = time_ms + minutes * MINUTE_MS;
    return OK;
}

/* The first instant at which the zone's clocks show so late a time. Between the two offsets around it clocks go forward
 * at most once, so what they show from then on is not before it. */
static enum err first_instant(const struct zones *zones, struct span zone, int64_t local_ms, int64_t *ret_ms)
{
    int before = 0;
    int after = 0;
    TRY(zone_offset(zones, zone, local_ms - DAY_MS, &before));
    TRY(zone_offset(zones, zone, local_ms + DAY_MS, &after));
    int64_t low_ms = local_ms - (before > after ? before : after) * MINUTE_MS;
    int64_t high_ms = local_ms - (before > after ? after : before) * MINUTE_MS;
    while (low_ms < high_ms) {
        const int64_t middle_ms = low_ms + (high_ms - low_ms) / 2;
        int64_t shown_ms = 0;
        TRY(shown(zones, zone, middle_ms, &shown_ms));
        if (shown_ms >= local_ms) {
            high_ms = middle_ms;
        } else {
            low_ms = middle_ms + 1;
        }
    }
    *ret_ms = low_ms;
    return OK;
}

enum err month_midnight(const struct zones *zones, struct span zone, int64_t time_ms, int64_t *ret_ms)
{
    int64_t local_ms = 0;
    TRY(shown(zones, zone, time_ms, &local_ms));
    return first_instant(zones, zone, local_ms - local_ms % DAY_MS, ret_ms);
}

enum err month_next(const struct zones *zones, struct span zone, int64_t anchor_ms, int64_t time_ms, int64_t *ret_ms)
{
    int64_t anchor_local_ms = 0;
    int64_t local_ms = 0;
    int year, month, day, wanted;
    TRY(shown(zones, zone, anchor_ms, &anchor_local_ms));
    TRY(shown(zones, zone, time_ms, &local_ms));
    instant_date(anchor_local_ms, &year, &month, &wanted);
    instant_date(local_ms, &year, &month, &day);
    year += month == 12 ? 1 : 0;
    month = month == 12 ? 1 : month + 1;
    const int last = instant_days_in_month(year, month);
    return first_instant(zones, zone, instant_days(year, month, wanted < last ? wanted : last) * DAY_MS, ret_ms);
}

enum err month_first(const struct zones *zones, struct span zone, int64_t time_ms, int64_t *ret_start_ms,
                     int64_t *ret_end_ms)
{
    int64_t start_ms = 0;
    TRY(month_midnight(zones, zone, time_ms, &start_ms));
    TRY(month_next(zones, zone, start_ms, start_ms, ret_end_ms));
    *ret_start_ms = start_ms;
    return OK;
}
