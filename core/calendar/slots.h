/* slots.h: the instants at which weekly times come round on a zone's clocks: the occurrences of a queue. Pure but for
 * the zones. */
#ifndef OPENPOST_CALENDAR_SLOTS_H
#define OPENPOST_CALENDAR_SLOTS_H

#include "core/calendar/local.h"

struct slot_time {
    int weekday; /* enum weekday */
    int minute;  /* of the day */
};

/* A walk through occurrences, earliest first. Borrows zones, zone and times. */
struct slot_walk {
    const struct zones *zones;
    struct span zone;
    const struct slot_time *times; /* in the order of the week, each once */
    uint32_t count;
    uint32_t next;  /* of times */
    int64_t day;    /* local; of the next one */
    int64_t day_ms; /* midnight of that day; no use where the day is not 24 hours long */
    bool even;      /* it is: every time of it is that long after midnight as the clocks say */
    int64_t last_ms;
};

/* slot_walk_begin begins at from_ms: the first occurrence is not before. slot_walk_next finds the next one: two times
 * that coincide, because clocks skip both, are one. A time that clocks skip or show twice is as local_instant has it.
 * ERR_NOT_FOUND: there is no such zone; ERR_RANGE: beyond the year 9999. At least one time. */
enum err slot_walk_begin(const struct zones *zones, struct span zone, const struct slot_time *times, uint32_t count,
                         int64_t from_ms, struct slot_walk *ret_walk) MUST_USE;
enum err slot_walk_next(struct slot_walk *walk, int64_t *ret_ms) MUST_USE;

#endif
