/* month.h: months by a zone's calendar: on which midnight one begins that is counted from a day of the month. Pure but
 * for the zones. */
#ifndef OPENPOST_CALENDAR_MONTH_H
#define OPENPOST_CALENDAR_MONTH_H

#include "core/calendar/zone.h"

/* month_midnight finds the midnight that began the day of time_ms in a zone; where clocks went over it, the first
 * instant of the day. month_next finds the midnight that begins, in the calendar month after that of time_ms, the day
 * of the month on which anchor_ms lies, or the month's last day where it has fewer: from the 31st of January on the
 * 28th of February, then the 31st of March. ERR_NOT_FOUND: there is no such zone; ERR_RANGE: too far ahead. */
enum err month_midnight(const struct zones *zones, struct span zone, int64_t time_ms, int64_t *ret_ms) MUST_USE;
enum err month_next(const struct zones *zones, struct span zone, int64_t anchor_ms, int64_t time_ms, int64_t *ret_ms)
    MUST_USE;
/* month_first finds the month that is counted from the day of time_ms: its beginning and its end. */
enum err month_first(const struct zones *zones, struct span zone, int64_t time_ms, int64_t *ret_start_ms,
                     int64_t *ret_end_ms) MUST_USE;

#endif
