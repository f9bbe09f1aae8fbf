/* instant.h: RFC 3339 date-times <-> UTC milliseconds. Pure; knows no zones (zone.h does). */
#ifndef OPENPOST_CALENDAR_INSTANT_H
#define OPENPOST_CALENDAR_INSTANT_H

#include "core/base/span.h"

enum instant_fault { INSTANT_OK = 0, INSTANT_INVALID, INSTANT_OFFSET_REQUIRED };

/* instant_parse reads a whole RFC 3339 date-time with seconds and an explicit offset; fractions are cut to
 * milliseconds. No offset or -00:00: INSTANT_OFFSET_REQUIRED. :60, 24:00, a day that the month has not, years outside
 * 1970..9999, anything else: INSTANT_INVALID. */
enum instant_fault instant_parse(struct span text, int64_t *ret_ms) MUST_USE;
/* The bounds are of the UTC instant and of the year as written; the date-time is judged first, so a false date without
 * an offset is INVALID. T and Z may be lower case (RFC 3339 section 5.6). Midnight of 1970-01-01 gives 0, which fields
 * of kind time take for absent. */

/* instant_write appends 2026-04-20T14:00:00.000Z (with .000 left out when whole seconds: 2026-04-20T14:00:00Z). */
void instant_write(struct buf *out, int64_t time_ms);
/* instant_write_offset appends it as local time with an offset of minutes: 2026-04-20T10:00:00-04:00. Writers take any
 * instant; a year beyond 9999 has five digits, which RFC 3339 does not know: nothing that was parsed is so late. */
void instant_write_offset(struct buf *out, int64_t time_ms, int offset_minutes);
/* instant_date splits into a civil date of UTC. */
void instant_date(int64_t time_ms, int *ret_year, int *ret_month, int *ret_day);
/* instant_days returns the number of days from 1970-01-01 to a civil date, which must be one. */
int64_t instant_days(int year, int month, int day);
/* instant_days_in_month returns 28 to 31; month is 1 to 12. */
int instant_days_in_month(int year, int month);

#endif
