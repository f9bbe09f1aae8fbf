/* recurrence.c: see recurrence.h. Called for series by the scheduler and by whoever shows what comes next. It walks
 * periods (a day, a week, a month) at their distance from the start's; within one, days in order. */
#include "core/calendar/recurrence.h"

#include "core/base/assert.h"

#define DAY_LAST 2932896 /* 9999-12-31 */

struct walk {
    const struct recurrence *recurrence;
    struct local_time after;
    uint64_t count; /* of local times so far, from the start on */
};

static int64_t monday_of(int64_t day)
{
    return day - (local_weekday(day) - MONDAY);
}

static enum weekday only_day(uint32_t weekdays)
{
    enum weekday weekday = MONDAY;
    while (weekday < SUNDAY && (weekdays >> weekday & 1) == 0) {
        weekday++;
    }
    return weekday;
}

static int64_t day_of_month(const struct recurrence *recurrence, int64_t month)
{
    int64_t day = 0;
    if (recurrence->month_week == 0) {
        const int64_t wanted = local_month_first(month) + recurrence->month_day - 1;
        const int64_t last = local_month_last(month);
        return wanted < last ? wanted : last;
    }
    if (recurrence->month_week == LAST_WEEK ||
        !local_month_nth(month, recurrence->month_week, only_day(recurrence->weekdays), &day)) {
        day = local_month_last_weekday(month, only_day(recurrence->weekdays));
    }
    return day;
}

/* Takes a day that the rule gives; true: it is the one that is looked for. */
static bool take(struct walk *walk, int64_t day)
{
    const struct recurrence *recurrence = walk->recurrence;
    const struct local_time local = {.day = day, .minute = recurrence->minute};
    if (day < recurrence->start) {
        return false;
    }
    walk->count++;
    return local_compare(local, walk->after) > 0;
}

/* The first day of a period that is looked for; *ret_begin: on which day the period begins. */
static bool find_in(struct walk *walk, int64_t period, int64_t *ret_begin, int64_t *ret_day)
{
    const struct recurrence *recurrence = walk->recurrence;
    const int64_t steps = period * recurrence->every;
    switch (recurrence->unit) {
    case EVERY_DAY:
        *ret_begin = recurrence->start + steps;
        *ret_day = *ret_begin;
        return take(walk, *ret_day);
    case EVERY_WEEK:
        *ret_begin = monday_of(recurrence->start) + steps * WEEKDAYS;
        for (enum weekday weekday = MONDAY; weekday <= SUNDAY; weekday++) {
            *ret_day = *ret_begin + (weekday - MONDAY);
            if ((recurrence->weekdays >> weekday & 1) != 0 && take(walk, *ret_day)) {
                return true;
            }
        }
        return false;
    case EVERY_MONTH:
    default:
        *ret_begin = local_month_first(local_month(recurrence->start) + steps);
        *ret_day = day_of_month(recurrence, local_month(recurrence->start) + steps);
        return take(walk, *ret_day);
    }
}

/* The period to begin with: that of the time to be after, or the one before; from the start, where they are counted. */
static int64_t first_period(const struct walk *walk)
{
    const struct recurrence *recurrence = walk->recurrence;
    if (recurrence->times != 0 || walk->after.day <= recurrence->start) {
        return 0;
    }
    const int64_t units = recurrence->unit == EVERY_DAY ? walk->after.day - recurrence->start
                          : recurrence->unit == EVERY_WEEK
                              ? (walk->after.day - monday_of(recurrence->start)) / WEEKDAYS
                              : local_month(walk->after.day) - local_month(recurrence->start);
    return units / recurrence->every;
}

bool recurrence_next(const struct recurrence *recurrence, struct local_time after, struct local_time *ret_local)
{
    struct walk walk = {.recurrence = recurrence, .after = after};
    int64_t begin = recurrence->start;
    ASSERT(recurrence->every >= 1);
    ASSERT(recurrence->unit != EVERY_WEEK || recurrence->weekdays != 0);
    for (int64_t period = first_period(&walk); begin <= recurrence->until && begin <= DAY_LAST; period++) {
        int64_t day = 0;
        const bool found = find_in(&walk, period, &begin, &day);
        if (recurrence->times != 0 && walk.count > recurrence->times) {
            return false;
        }
        if (found) {
            *ret_local = (struct local_time){.day = day, .minute = recurrence->minute};
            return day <= recurrence->until && day <= DAY_LAST;
        }
    }
    return false;
}
