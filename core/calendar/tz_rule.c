/* tz_rule.c: see tz_rule.h. Called by tzif.c for instants behind a zone file's last change; files come with the system,
 * but what is wrong in one must not be taken for a rule. */
#include "core/calendar/tz_rule.h"

#include "core/calendar/instant.h"

#define DAY_S 86400
#define HOURS_MAX 167 /* RFC 9636: a week less an hour */

struct cursor {
    struct span text;
    size_t at;
};

static uint8_t peek(const struct cursor *cursor)
{
    return cursor->at < cursor->text.len ? cursor->text.data[cursor->at] : 0;
}

static bool skip(struct cursor *cursor, uint8_t c)
{
    if (peek(cursor) != c) {
        return false;
    }
    cursor->at++;
    return true;
}

static bool is_letter(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* An abbreviation: three letters or more, or anything of letters, digits and signs in angle brackets. Its text is of no
 * use to us. */
static bool skip_name(struct cursor *cursor)
{
    size_t len = 0;
    if (skip(cursor, '<')) {
        while (is_letter(peek(cursor)) || is_digit(peek(cursor)) || peek(cursor) == '+' || peek(cursor) == '-') {
            cursor->at++;
            len++;
        }
        return len >= 3 && skip(cursor, '>');
    }
    while (is_letter(peek(cursor))) {
        cursor->at++;
        len++;
    }
    return len >= 3;
}

static bool read_number(struct cursor *cursor, int most, int *ret_number)
{
    int number = 0;
    if (!is_digit(peek(cursor))) {
        return false;
    }
    while (is_digit(peek(cursor))) {
        number = number * 10 + (peek(cursor) - '0');
        cursor->at++;
        if (number > most) {
            return false;
        }
    }
    *ret_number = number;
    return true;
}

/* [+-]hh[:mm[:ss]] */
static bool read_time(struct cursor *cursor, int hours_max, int32_t *ret_s)
{
    const int sign = skip(cursor, '-') ? -1 : 1;
    if (sign == 1) {
        (void)skip(cursor, '+');
    }
    int hours = 0;
    int minutes = 0;
    int seconds = 0;
    if (!read_number(cursor, hours_max, &hours)) {
        return false;
    }
    if (skip(cursor, ':')) {
        if (!read_number(cursor, 59, &minutes)) {
            return false;
        }
        if (skip(cursor, ':') && !read_number(cursor, 59, &seconds)) {
            return false;
        }
    }
    *ret_s = sign * (hours * 3600 + minutes * 60 + seconds);
    return true;
}

static bool read_day(struct cursor *cursor, struct tz_day *ret_day)
{
    struct tz_day day = {.form = TZ_DAY_FROM_ZERO, .time_s = 2 * 3600};
    bool is_good = false;
    if (skip(cursor, 'M')) {
        day.form = TZ_DAY_OF_MONTH_WEEK;
        is_good = read_number(cursor, 12, &day.month) && day.month > 0 && skip(cursor, '.') &&
                  read_number(cursor, 5, &day.week) && day.week > 0 && skip(cursor, '.') &&
                  read_number(cursor, 6, &day.day);
    } else if (skip(cursor, 'J')) {
        day.form = TZ_DAY_WITHOUT_LEAP;
        is_good = read_number(cursor, 365, &day.day) && day.day > 0;
    } else {
        is_good = read_number(cursor, 365, &day.day);
    }
    if (!is_good || (skip(cursor, '/') && !read_time(cursor, HOURS_MAX, &day.time_s))) {
        return false;
    }
    *ret_day = day;
    return true;
}

static bool read_rule(struct cursor *cursor, struct tz_rule *ret_rule)
{
    /* POSIX counts offsets to the west */
    int32_t west_s = 0;
    if (!skip_name(cursor) || !read_time(cursor, 24, &west_s)) {
        return false;
    }
    ret_rule->standard_s = -west_s;
    ret_rule->summer_s = -west_s;
    if (cursor->at == cursor->text.len) {
        return true;
    }
    ret_rule->has_summer = true;
    ret_rule->summer_s = ret_rule->standard_s + 3600;
    if (!skip_name(cursor)) {
        return false;
    }
    if (peek(cursor) != ',') {
        if (!read_time(cursor, 24, &west_s)) {
            return false;
        }
        ret_rule->summer_s = -west_s;
    }
    return skip(cursor, ',') && read_day(cursor, &ret_rule->to_summer) && skip(cursor, ',') &&
           read_day(cursor, &ret_rule->to_standard) && cursor->at == cursor->text.len;
}

enum err tz_rule_parse(struct span text, struct tz_rule *ret_rule)
{
    struct cursor cursor = {.text = text};
    struct tz_rule rule = {0};
    if (!read_rule(&cursor, &rule)) {
        return ERR_MALFORMED;
    }
    *ret_rule = rule;
    return OK;
}

/* The day that it falls on in a year, in days since 1970. */
static int64_t day_in_year(const struct tz_day *day, int year)
{
    const int64_t new_year = instant_days(year, 1, 1);
    const bool is_leap = instant_days_in_month(year, 2) == 29;
    switch (day->form) {
    case TZ_DAY_FROM_ZERO:
        return new_year + day->day;
    case TZ_DAY_WITHOUT_LEAP: /* 60 is 1 March always */
        return new_year + day->day - 1 + (is_leap && day->day >= 60 ? 1 : 0);
    case TZ_DAY_OF_MONTH_WEEK:
        break;
    }
    const int64_t first = instant_days(year, day->month, 1);
    const int64_t first_weekday = ((first + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */
    int64_t of_month = (day->day - first_weekday + 7) % 7 + (int64_t)(day->week - 1) * 7;
    while (of_month >= instant_days_in_month(year, day->month)) {
        of_month -= 7;
    }
    return first + of_month;
}

int32_t tz_rule_offset(const struct tz_rule *rule, int64_t time_s, int64_t *ret_next)
{
    *ret_next = INT64_MAX;
    if (!rule->has_summer) {
        return rule->standard_s;
    }
    int year = 0;
    int month = 0;
    int day = 0;
    instant_date(time_s * 1000, &year, &month, &day);
    /* The last change at or before time_s is in this year or the last, whatever the hours; of two at one instant the
     * later year's counts (summer time all year). */
    int32_t offset_s = rule->standard_s;
    int64_t last = INT64_MIN;
    for (int y = year - 1; y <= year + 1; y++) {
        const int64_t changes[2] = {
            day_in_year(&rule->to_summer, y) * DAY_S + rule->to_summer.time_s - rule->standard_s,
            day_in_year(&rule->to_standard, y) * DAY_S + rule->to_standard.time_s - rule->summer_s};
        for (int i = 0; i < 2; i++) {
            if (changes[i] <= time_s && changes[i] >= last) {
                last = changes[i];
                offset_s = i == 0 ? rule->summer_s : rule->standard_s;
            } else if (changes[i] > time_s && changes[i] < *ret_next) {
                *ret_next = changes[i];
            }
        }
    }
    return offset_s;
}
