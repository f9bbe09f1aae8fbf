/* slots.c: see slots.h. Called by the ledger, which gives occurrences away, and by whoever shows the next ones. A year
 * of 5,000 occurrences is walked for one command: so each day's clocks are looked at once, and most days are even. */
#include "core/calendar/slots.h"

#include "core/base/assert.h"
#include "core/base/limits.h"

/* Looks at the clocks of walk->day. A day is even when its last minute is as long after its midnight as it is always:
 * clocks that change within it, or skip its midnight, make it longer or shorter (no zone does both within a day). */
static enum err look_at_day(struct slot_walk *walk)
{
    int64_t first_ms = 0;
    int64_t last_ms = 0;
    const int64_t span_ms = (MINUTES_PER_DAY - 1) * MINUTE_MS;
    TRY(local_instant(walk->zones, walk->zone, (struct local_time){.day = walk->day}, &first_ms));
    TRY(local_instant(walk->zones, walk->zone, (struct local_time){.day = walk->day, .minute = MINUTES_PER_DAY - 1},
                      &last_ms));
    walk->day_ms = first_ms;
    walk->even = last_ms - first_ms == span_ms;
    return OK;
}

/* The next time's instant, before it is known whether it is wanted. */
static enum err instant_of(const struct slot_walk *walk, int64_t *ret_ms)
{
    const int minute = walk->times[walk->next].minute;
    if (walk->even) {
        *ret_ms = walk->day_ms + minute * MINUTE_MS;
        return OK;
    }
    return local_instant(walk->zones, walk->zone, (struct local_time){.day = walk->day, .minute = minute}, ret_ms);
}

static enum err advance(struct slot_walk *walk)
{
    const int weekday = walk->times[walk->next].weekday;
    walk->next = walk->next + 1 < walk->count ? walk->next + 1 : 0;
    const int days = walk->times[walk->next].weekday - weekday;
    if (days == 0 && walk->next != 0) {
        return OK;
    }
    walk->day += days > 0 ? days : days + WEEKDAYS;
    return look_at_day(walk);
}

enum err slot_walk_begin(const struct zones *zones, struct span zone, const struct slot_time *times, uint32_t count,
                         int64_t from_ms, struct slot_walk *ret_walk)
{
    ASSERT(count > 0);
    struct local_time local;
    struct slot_walk walk = {.zones = zones, .zone = zone, .times = times, .count = count, .last_ms = from_ms - 1};
    TRY(local_of(zones, zone, from_ms, &local));
    /* From the day before: a gap (the longest swallowed a day) may have put off what it had to from_ms. */
    walk.day = local.day > 0 ? local.day - 1 : 0;
    const int weekday = (int)local_weekday(walk.day);
    while (walk.next < count && times[walk.next].weekday < weekday) {
        walk.next++;
    }
    walk.next = walk.next < count ? walk.next : 0;
    walk.day += (times[walk.next].weekday - weekday + WEEKDAYS) % WEEKDAYS;
    TRY(look_at_day(&walk));
    *ret_walk = walk;
    return OK;
}

enum err slot_walk_next(struct slot_walk *walk, int64_t *ret_ms)
{
    for (;;) {
        int64_t at_ms = 0;
        TRY(instant_of(walk, &at_ms));
        TRY(advance(walk));
        if (at_ms > walk->last_ms) {
            walk->last_ms = at_ms;
            *ret_ms = at_ms;
            return OK;
        }
    }
}
