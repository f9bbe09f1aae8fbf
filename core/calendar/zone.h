/* zone.h: IANA time zones, as the system's tzdata package has them. */
#ifndef OPENPOST_CALENDAR_ZONE_H
#define OPENPOST_CALENDAR_ZONE_H

#include "core/base/owned.h"
#include "core/base/span.h"

#define ZONES_FOLDER "/usr/share/zoneinfo" /* of the package tzdata, on every Linux */

/* All zones, read once; never changed afterwards, so that any number of threads may ask at once, and no file is opened
 * later. */
struct zones;

/* zones_open reads every zone (about 450 small files, 10 ms, 0.5 MB). It fails with ERR_UNSUPPORTED when the zone data
 * is missing or cannot be understood: the process must refuse to start. zones_open_at reads another folder. */
enum err zones_open(struct zones **ret_zones) MUST_USE;
enum err zones_open_at(const char *folder, struct zones **ret_zones) MUST_USE;
void zones_close(struct zones *zones);
OWNED_BY(zones_close, struct zones *);

/* zone_exists is true for a canonical or link name of the IANA data ("Europe/Berlin", "UTC"), in its exact spelling;
 * not for POSIX strings ("GMT+3"), abbreviations ("PST") or files that merely lie in the folder. */
bool zone_exists(const struct zones *zones, struct span name);
/* zone_offset returns the offset from UTC in minutes that holds in zone name at time_ms (a part of a minute, last seen
 * in Liberia in 1972, is cut); before 1970 the one of 1970. ERR_NOT_FOUND; ERR_RANGE beyond the year 9999. */
enum err zone_offset(const struct zones *zones, struct span name, int64_t time_ms, int *ret_minutes) MUST_USE;
/* zone_clock returns the offset from UTC in seconds that holds at time_s (seconds since 1970, from two days before on),
 * and in *ret_until_s an instant until which it holds at least, INT64_MAX when for ever. Errors as above. */
enum err zone_clock(const struct zones *zones, struct span name, int64_t time_s, int32_t *ret_offset_s,
                    int64_t *ret_until_s) MUST_USE;

#endif
