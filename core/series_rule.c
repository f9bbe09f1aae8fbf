/* series_rule.c: see series_rule.h. Called by whoever admits a series, makes its posts or shows what comes next. */
#include "core/series_rule.h"

#include "core/base/limits.h"

static const struct rule_fault good = {NULL, NULL};

static struct rule_fault fault(const char *member, const char *detail)
{
    return (struct rule_fault){member, detail};
}

static struct rule_fault read_weekdays(const struct series_rule *rule, struct recurrence *recurrence)
{
    for (uint32_t i = 0; i < rule->weekdays_count; i++) {
        const uint32_t bit = 1U << rule->weekdays[i].weekday;
        if ((recurrence->weekdays & bit) != 0) {
            return fault("weekdays", "A day may be there only once.");
        }
        recurrence->weekdays |= bit;
    }
    const bool by_week = rule->frequency == FREQUENCY_MONTHLY && rule->month_week != MONTH_WEEK_NONE;
    if (by_week && rule->weekdays_count != 1) {
        return fault("weekdays", "With month_week exactly one day is expected.");
    }
    if (rule->weekdays_count > 0 && !by_week && rule->frequency != FREQUENCY_WEEKLY) {
        return fault("weekdays", "Days of the week go with weekly, or with month_week.");
    }
    if (rule->frequency == FREQUENCY_WEEKLY && rule->weekdays_count == 0) {
        recurrence->weekdays = 1U << local_weekday(recurrence->start);
    }
    return good;
}

static struct rule_fault read_month(const struct series_rule *rule, struct recurrence *recurrence)
{
    int year = 0;
    int month = 0;
    int day = 0;
    if (rule->frequency != FREQUENCY_MONTHLY) {
        return rule->month_day != 0                  ? fault("month_day", "It goes with monthly.")
               : rule->month_week != MONTH_WEEK_NONE ? fault("month_week", "It goes with monthly.")
                                                     : good;
    }
    if (rule->month_day != 0 && rule->month_week != MONTH_WEEK_NONE) {
        return fault("month_week", "Give either month_day or month_week.");
    }
    if (rule->month_day > 31) {
        return fault("month_day", SERIES_MONTH_DAY_EXPECTED);
    }
    local_date(recurrence->start, &year, &month, &day);
    recurrence->month_day = rule->month_day != 0 ? (int)rule->month_day : day;
    recurrence->month_week = (int)rule->month_week;
    return good;
}

static struct rule_fault read_bounds(const struct series_rule *rule, struct recurrence *recurrence)
{
    recurrence->until = INT64_MAX;
    if (rule->until.data != NULL && !local_read_date(rule->until, &recurrence->until)) {
        return fault("until", "A date is expected: 2026-12-31.");
    }
    if (recurrence->until < recurrence->start) {
        return fault("until", "It may not be before the start.");
    }
    if (rule->until.data != NULL && rule->times != 0) {
        return fault("count", "Give either until or count.");
    }
    if (rule->times > SERIES_TIMES_MAX) {
        return fault("count", SERIES_COUNT_EXPECTED);
    }
    recurrence->times = rule->times;
    return good;
}

struct rule_fault series_rule_read(const struct series_rule *rule, struct recurrence *ret_recurrence)
{
    struct recurrence recurrence = {.unit = rule->frequency == FREQUENCY_DAILY    ? EVERY_DAY
                                            : rule->frequency == FREQUENCY_WEEKLY ? EVERY_WEEK
                                                                                  : EVERY_MONTH,
                                    .every = (int64_t)rule->every};
    if (rule->frequency == FREQUENCY_NONE) {
        return fault("frequency", "daily, weekly or monthly is expected.");
    }
    if (rule->every < 1 || rule->every > SERIES_EVERY_MAX) {
        return fault("interval", "1 to 366 are expected.");
    }
    if (!local_read_minute(rule->time, &recurrence.minute)) {
        return fault("time", "A local time of day is expected, 00:00 to 23:59.");
    }
    if (!local_read_date(rule->start, &recurrence.start)) {
        return fault("start", "A date is expected: 2026-04-20.");
    }
    struct rule_fault found = read_weekdays(rule, &recurrence);
    found = found.member == NULL ? read_month(rule, &recurrence) : found;
    found = found.member == NULL ? read_bounds(rule, &recurrence) : found;
    if (found.member == NULL) {
        *ret_recurrence = recurrence;
    }
    return found;
}

/* Two days back: what clocks show is no further from what they showed. */
void series_rule_when(const struct series_rule *rule, const struct zones *zones, int64_t now_ms, bool *ret_over,
                      bool *ret_far)
{
    struct recurrence recurrence;
    struct local_time local;
    *ret_over = false;
    *ret_far = false;
    if (series_rule_read(rule, &recurrence).member != NULL || local_of(zones, rule->timezone, now_ms, &local) != OK) {
        return;
    }
    local.day -= 2;
    enum err err = OK;
    int64_t at_ms = now_ms;
    bool goes_on = true;
    while (err == OK && at_ms <= now_ms && goes_on) {
        goes_on = recurrence_next(&recurrence, local, &local);
        err = goes_on ? local_instant(zones, rule->timezone, local, &at_ms) : OK;
    }
    *ret_over = !goes_on;
    *ret_far = goes_on && (err == ERR_RANGE || (err == OK && at_ms > now_ms + SCHEDULE_AHEAD_MAX_MS));
}
