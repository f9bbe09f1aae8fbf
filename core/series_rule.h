/* series_rule.h: a series' rule as messages and rows carry it, in words, and as the calendar reckons with it. Pure. */
#ifndef OPENPOST_SERIES_RULE_H
#define OPENPOST_SERIES_RULE_H

#include "core/calendar/recurrence.h"
#include "core/message/message.h"
#include "core/message/post_content.h"

/* What is said of another value, and of a 0, which inside means that nothing was said. */
#define SERIES_COUNT_EXPECTED "1 to 1000 are expected."
#define SERIES_MONTH_DAY_EXPECTED "1 to 31 are expected; 31 is the last day of every month."

/* The fields that commands, events and rows have in common: SERIES_RULE_COPY fills one. */
struct series_rule {
    struct span timezone;
    uint32_t frequency;
    uint64_t every;
    struct repeat_day *weekdays;
    uint32_t weekdays_count;
    uint64_t month_day;
    uint32_t month_week;
    struct span time;
    struct span start;
    struct span until;
    uint64_t times;
};

/* What is wrong with a rule: a member's name as HTTP has it, and why; member NULL: nothing. Both are static. */
struct rule_fault {
    const char *member;
    const char *detail;
};

/* series_rule_read makes a recurrence of a rule, unless something is wrong with it; the zone is not looked at. */
struct rule_fault series_rule_read(const struct series_rule *rule, struct recurrence *ret_recurrence);

/* series_rule_when tells whether none of a rule's local times is after now_ms, and whether the first that is comes
 * later than a post may be scheduled, or when no calendar shows it any more. Neither of a rule with which something
 * is wrong, and of a zone that is not known: others say so. */
void series_rule_when(const struct series_rule *rule, const struct zones *zones, int64_t now_ms, bool *ret_over,
                      bool *ret_far);

#endif
