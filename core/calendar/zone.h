/* zone.h: IANA time zones through ICU. zone.c is the one file of core that knows ICU. */
#ifndef OPENPOST_CALENDAR_ZONE_H
#define OPENPOST_CALENDAR_ZONE_H

#include "core/base/owned.h"
#include "core/base/span.h"

/* A cache of calendars, one per zone: for one thread. */
struct zones;

/* zones_open fails with ERR_UNSUPPORTED when the zone data is missing: the process must refuse to start. */
enum err zones_open(struct zones **ret_zones) MUST_USE;
void zones_close(struct zones *zones);
OWNED_BY(zones_close, struct zones *);

/* zone_exists is true for a canonical or link name of the IANA data ("Europe/Berlin", "UTC"); ICU's own inventions
 * ("GMT+3x", unknown names that ICU maps to GMT) are not zones. */
bool zone_exists(struct zones *zones, struct span name);
/* zone_offset returns the offset from UTC in minutes that holds in zone name at time_ms (a part of a minute, last seen
 * in Liberia in 1972, is cut); ERR_NOT_FOUND, ERR_RANGE. */
enum err zone_offset(struct zones *zones, struct span name, int64_t time_ms, int *ret_minutes) MUST_USE;
/* zone_to_utc converts a local wall-clock time to the instant: inside a gap the first valid instant after it, in an
 * overlap the first of the two; ERR_NOT_FOUND, ERR_RANGE when it is no date or time at all (30 February, 24:00, years
 * outside 1970..9999). */
enum err zone_to_utc(struct zones *zones, struct span name, int year, int month, int day, int hour, int minute,
                     int64_t *ret_ms) MUST_USE;

#endif
