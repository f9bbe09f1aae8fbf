/* recurrence.h: the local times at which something repeats: every so many days, weeks or months from a date on, at a
 * time of day. Pure: the calendar alone; local.h says at which instants a zone's clocks show them. */
#ifndef OPENPOST_CALENDAR_RECURRENCE_H
#define OPENPOST_CALENDAR_RECURRENCE_H

#include "core/calendar/local.h"

enum recurrence_unit { EVERY_DAY, EVERY_WEEK, EVERY_MONTH };

#define LAST_WEEK 5

struct recurrence {
    enum recurrence_unit unit;
    int64_t every;     /* units between two; at least 1. Weeks begin on Monday; counted from the start's unit */
    uint32_t weekdays; /* bit n: enum weekday n. EVERY_WEEK: at least one. EVERY_MONTH by week: exactly one */
    int month_week;    /* EVERY_MONTH: 1..4, or LAST_WEEK: which of the month's such weekdays; 0: by month_day */
    int month_day;     /* EVERY_MONTH: 1..31; a shorter month's last day instead */
    int minute;        /* of the day */
    int64_t start;     /* the first day that may be one */
    int64_t until;     /* the last day that may be; INT64_MAX: there is none */
    uint64_t times;    /* the last is so manieth; 0: without a bound */
};

/* recurrence_next finds the first of its local times that is after another; false: there is none before the year 10000.
 * With times it counts from the start: keep them below some thousands. */
bool recurrence_next(const struct recurrence *recurrence, struct local_time after, struct local_time *ret_local);

#endif
