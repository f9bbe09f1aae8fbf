/* http_date.c: see http_date.h. Each form is a pattern; called by the adapters for what Retry-After says. Must never
 * ask for the time. */
#include "adapters/http_date.h"

#include "core/base/limits.h"
#include "core/calendar/instant.h"

/* What a pattern's letters after % stand for; any other character stands for itself. */
static const char *const forms[] = {
    "%a, %d %m %Y %t GMT", /* IMF-fixdate: Sun, 06 Nov 1994 08:49:37 GMT */
    "%a, %d-%m-%y %t GMT", /* RFC 850: Sunday, 06-Nov-94 08:49:37 GMT */
    "%a %m %e %t %Y",      /* asctime: Sun Nov  6 08:49:37 1994 */
};

struct reading {
    struct span rest;
    int year;
    int month;
    int day;
    int64_t time_ms; /* of the day */
};

static bool take_digits(struct reading *reading, size_t digits, int *ret_number)
{
    int number = 0;
    for (size_t i = 0; i < digits; i++) {
        if (i == reading->rest.len || reading->rest.data[i] < '0' || reading->rest.data[i] > '9') {
            return false;
        }
        number = number * 10 + (reading->rest.data[i] - '0');
    }
    reading->rest = span_of(reading->rest.data + digits, reading->rest.len - digits);
    *ret_number = number;
    return true;
}

static bool take_byte(struct reading *reading, char c)
{
    if (reading->rest.len == 0 || reading->rest.data[0] != (uint8_t)c) {
        return false;
    }
    reading->rest = span_of(reading->rest.data + 1, reading->rest.len - 1);
    return true;
}

static bool take_day_name(struct reading *reading)
{
    size_t len = 0;
    while (len < reading->rest.len && (reading->rest.data[len] | 0x20) >= 'a' &&
           (reading->rest.data[len] | 0x20) <= 'z') {
        len++;
    }
    if (len < 3) {
        return false;
    }
    reading->rest = span_of(reading->rest.data + len, reading->rest.len - len);
    return true;
}

static bool take_month(struct reading *reading)
{
    static const char *const names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    for (int i = 0; i < 12; i++) {
        if (span_starts_with(reading->rest, span_text(names[i]))) {
            reading->month = i + 1;
            reading->rest = span_of(reading->rest.data + 3, reading->rest.len - 3);
            return true;
        }
    }
    return false;
}

static bool take_time(struct reading *reading)
{
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (!take_digits(reading, 2, &hour) || !take_byte(reading, ':') || !take_digits(reading, 2, &minute) ||
        !take_byte(reading, ':') || !take_digits(reading, 2, &second)) {
        return false;
    }
    reading->time_ms = hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS;
    return hour <= 23 && minute <= 59 && second <= 60; /* 60: a leap second */
}

/* Two digits of the year: the latest such year that is not more than 50 years ahead. */
static bool take_short_year(struct reading *reading, int64_t now_ms)
{
    int now_year = 0;
    int month = 0;
    int day = 0;
    int digits = 0;
    instant_date(now_ms, &now_year, &month, &day);
    if (!take_digits(reading, 2, &digits)) {
        return false;
    }
    const int most = now_year + 50;
    reading->year = most - (most % 100 - digits + 100) % 100;
    return true;
}

static bool take(struct reading *reading, char letter, int64_t now_ms)
{
    switch (letter) {
    case 'a':
        return take_day_name(reading);
    case 'd':
        return take_digits(reading, 2, &reading->day);
    case 'e':
        return take_digits(reading, take_byte(reading, ' ') ? 1 : 2, &reading->day);
    case 'm':
        return take_month(reading);
    case 't':
        return take_time(reading);
    case 'Y':
        return take_digits(reading, 4, &reading->year);
    default:
        return take_short_year(reading, now_ms);
    }
}

static bool matches(const char *form, struct reading *reading, int64_t now_ms)
{
    for (const char *at = form; *at != 0; at++) {
        if (*at == '%') {
            at++;
            if (!take(reading, *at, now_ms)) {
                return false;
            }
        } else if (!take_byte(reading, *at)) {
            return false;
        }
    }
    return reading->rest.len == 0;
}

enum err http_date_parse(struct span text, int64_t now_ms, int64_t *ret_ms)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct reading reading = {.rest = text};
        if (matches(forms[i], &reading, now_ms) && reading.year >= 1970 && reading.day >= 1 &&
            reading.day <= instant_days_in_month(reading.year, reading.month)) {
            *ret_ms = instant_days(reading.year, reading.month, reading.day) * DAY_MS + reading.time_ms;
            return OK;
        }
    }
    return ERR_MALFORMED;
}
