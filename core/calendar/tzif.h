/* tzif.h: a compiled zone file (TZif, RFC 9636) as the changes of one zone's clocks. Pure: bytes in, table out. */
#ifndef OPENPOST_CALENDAR_TZIF_H
#define OPENPOST_CALENDAR_TZIF_H

#include "core/base/arena.h"
#include "core/calendar/tz_rule.h"

/* Only changes since 1970 are kept; before the first the offset is first_s. From rule_since on the rule holds, if there
 * is one. */
struct tzif {
    int32_t first_s;
    uint32_t count;
    const int64_t *times;     /* seconds since 1970, ascending */
    const int32_t *offsets_s; /* that hold from there on */
    bool has_rule;
    int64_t rule_since; /* the last change in the file, also when it was one of nothing but the name */
    struct tz_rule rule;
};

/* tzif_read reads the whole of bytes (version 2 or later) into tables in the arena. ERR_TRUNCATED, ERR_TRAILING,
 * ERR_MALFORMED, ERR_UNSUPPORTED (version 1), ERR_NO_MEMORY. */
enum err tzif_read(struct span bytes, struct arena *arena, struct tzif *ret_zone) MUST_USE;
/* tzif_offset returns the offset from UTC in seconds at time_s, and in *ret_next an instant until which it holds at
 * least, INT64_MAX when for ever. */
int32_t tzif_offset(const struct tzif *zone, int64_t time_s, int64_t *ret_next);

#endif
