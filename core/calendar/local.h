/* local.h: civil dates and times as a zone's clocks show them, to instants and back: what slots and series repeat by.
 * Pure but for the zones. A date is a number of days since 1970-01-01, so that adding days is adding. */
#ifndef OPENPOST_CALENDAR_LOCAL_H
#define OPENPOST_CALENDAR_LOCAL_H

#include "core/calendar/zone.h"

#define MINUTES_PER_DAY 1440
#define LOCAL_TEXT_LEN 16 /* 2026-04-20T09:30 */

/* As in ISO 8601. */
enum weekday { MONDAY = 1, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY };

#define WEEKDAYS 7

/* A local date-time, to the minute. */
struct local_time {
    int64_t day; /* since 1970-01-01 */
    int minute;  /* of the day, 0..1439 */
};

/* local_instant finds the instant at which a zone's clocks show local. A time that they skip (clocks go forward) is the
 * first instant after the gap; one that they show twice (clocks go back) is the first of the two. A later local time is
 * never an earlier instant; 1 January 1970 begins before the first instant where clocks are ahead of UTC: negative.
 * ERR_NOT_FOUND: there is no such zone; ERR_RANGE: a day before 1970, or an instant beyond the year 9999. */
enum err local_instant(const struct zones *zones, struct span zone, struct local_time local, int64_t *ret_ms) MUST_USE;
/* local_of finds what a zone's clocks show at time_ms, less the seconds. ERR_NOT_FOUND; ERR_RANGE: before 1970 or
 * beyond the year 9999. */
enum err local_of(const struct zones *zones, struct span zone, int64_t time_ms, struct local_time *ret_local) MUST_USE;
/* local_next_weekly finds the first instant at or after from_ms at which, in a zone, it is a weekday's minute: every
 * week has one such instant, also the week in which clocks skip that minute or show it twice (as local_instant has it).
 * To find the one after an instant, ask from one millisecond later. Errors as above. */
enum err local_next_weekly(const struct zones *zones, struct span zone, enum weekday weekday, int minute,
                           int64_t from_ms, int64_t *ret_ms) MUST_USE;

/* The calendar alone, without a zone. local_compare is negative, 0 or positive. */
int local_compare(struct local_time a, struct local_time b);
enum weekday local_weekday(int64_t day);
void local_date(int64_t day, int *ret_year, int *ret_month, int *ret_day);
/* Months are counted from year 0: year * 12 + month - 1, so that adding months is adding. local_month_first and
 * local_month_last are its first and last day; local_month_nth its n-th weekday, n from 1 to 5; false when it has no
 * fifth. local_month_last_weekday is the last such day. */
int64_t local_month(int64_t day);
int64_t local_month_first(int64_t month);
int64_t local_month_last(int64_t month);
bool local_month_nth(int64_t month, int n, enum weekday weekday, int64_t *ret_day);
int64_t local_month_last_weekday(int64_t month, enum weekday weekday);

/* Whole texts, exactly so: 2026-04-20; 09:30 (00:00 to 23:59); 2026-04-20T09:30. False: it is none, or no day of the
 * years 1970 to 9999. Writers append. */
bool local_read_date(struct span text, int64_t *ret_day) MUST_USE;
bool local_read_minute(struct span text, int *ret_minute) MUST_USE;
bool local_read(struct span text, struct local_time *ret_local) MUST_USE;
void local_write_date(struct buf *out, int64_t day);
void local_write_minute(struct buf *out, int minute);
void local_write(struct buf *out, struct local_time local);

#endif
