/* month.c: see month.h. Called for billing periods, by the clock and by the operator's hand. */
#include "core/calendar/month.h"

#include "core/calendar/local.h"

enum err month_midnight(const struct zones *zones, struct span zone, int64_t time_ms, int64_t *ret_ms)
{
    struct local_time local;
    TRY(local_of(zones, zone, time_ms, &local));
    local.minute = 0;
    return local_instant(zones, zone, local, ret_ms);
}

enum err month_next(const struct zones *zones, struct span zone, int64_t anchor_ms, int64_t time_ms, int64_t *ret_ms)
{
    struct local_time anchor;
    struct local_time local;
    TRY(local_of(zones, zone, anchor_ms, &anchor));
    TRY(local_of(zones, zone, time_ms, &local));
    const int64_t month = local_month(local.day) + 1;
    const int64_t wanted = local_month_first(month) + anchor.day - local_month_first(local_month(anchor.day));
    const int64_t last = local_month_last(month);
    return local_instant(zones, zone, (struct local_time){.day = wanted < last ? wanted : last}, ret_ms);
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
