/* tz_rule.h: the rule by which a zone's clocks change every year from now on: the TZ string of POSIX (section 8.3 of
 * its Base Definitions) with the extensions of RFC 9636 section 3.3.1: "CET-1CEST,M3.5.0,M10.5.0/3". Pure. */
#ifndef OPENPOST_CALENDAR_TZ_RULE_H
#define OPENPOST_CALENDAR_TZ_RULE_H

#include "core/base/span.h"

enum tz_day_form { TZ_DAY_OF_MONTH_WEEK, TZ_DAY_WITHOUT_LEAP, TZ_DAY_FROM_ZERO };

/* A moment of every year, in the local time that holds before it. */
struct tz_day {
    enum tz_day_form form;
    int month;      /* 1..12; of the first form */
    int week;       /* 1..5, 5 is the last; of the first form */
    int day;        /* of the week (0 is Sunday), or of the year */
    int32_t time_s; /* after 00:00; may be negative, or longer than a day */
};

struct tz_rule {
    int32_t standard_s; /* offset from UTC, east positive */
    int32_t summer_s;
    bool has_summer;
    struct tz_day to_summer;
    struct tz_day to_standard;
};

/* tz_rule_parse reads the whole of text; ERR_MALFORMED. */
enum err tz_rule_parse(struct span text, struct tz_rule *ret_rule) MUST_USE;
/* tz_rule_offset returns the offset in seconds that holds at time_s (seconds since 1970), and in *ret_next the instant
 * of the next change, INT64_MAX when there is none. */
int32_t tz_rule_offset(const struct tz_rule *rule, int64_t time_s, int64_t *ret_next);

#endif
