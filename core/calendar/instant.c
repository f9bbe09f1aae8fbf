/* instant.c: RFC 3339 (section 5.6) read and written. Called for every date-time that enters or leaves. Pure: knows
 * neither a clock nor a zone. Dates are those of the proleptic Gregorian calendar; the day numbers follow H. Hinnant,
 * "chrono-Compatible Low-Level Date Algorithms": a year that begins in March has its odd day last. */
#include "core/calendar/instant.h"

#include "core/base/assert.h"
#include "core/base/limits.h"

#define DAYS_PER_ERA 146097 /* 400 years */
#define DAYS_TO_1970 719468 /* from 0000-03-01 */
#define YEAR_FIRST 1970
#define YEAR_LAST 9999

struct cursor {
    struct span text;
    size_t at;
};

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0 ? 1 : 0);
}

int64_t instant_days(int year, int month, int day)
{
    const int64_t y = month <= 2 ? year - 1 : year;
    const int64_t era = floor_div(y, 400);
    const int64_t year_of_era = y - era * 400;
    const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * DAYS_PER_ERA + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - DAYS_TO_1970;
}

static void date_of_days(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
    const int64_t z = days + DAYS_TO_1970;
    const int64_t era = floor_div(z, DAYS_PER_ERA);
    const int64_t day_of_era = z - era * DAYS_PER_ERA;
    const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t month_from_march = (5 * day_of_year + 2) / 153;
    const int64_t month = month_from_march + (month_from_march < 10 ? 3 : -9);
    *ret_year = (int)(era * 400 + year_of_era + (month <= 2 ? 1 : 0));
    *ret_month = (int)month;
    *ret_day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
}

int instant_days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    ASSERT(month >= 1 && month <= 12);
    const bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && is_leap ? 1 : 0);
}

static bool at_digit(const struct cursor *cursor)
{
    return cursor->at < cursor->text.len && cursor->text.data[cursor->at] >= '0' &&
           cursor->text.data[cursor->at] <= '9';
}

/* Exactly so many digits. */
static bool read_digits(struct cursor *cursor, int digits, int *ret_number)
{
    int number = 0;
    for (int i = 0; i < digits; i++) {
        if (!at_digit(cursor)) {
            return false;
        }
        number = number * 10 + (cursor->text.data[cursor->at] - '0');
        cursor->at++;
    }
    *ret_number = number;
    return true;
}

static bool skip(struct cursor *cursor, uint8_t c)
{
    if (cursor->at == cursor->text.len || cursor->text.data[cursor->at] != c) {
        return false;
    }
    cursor->at++;
    return true;
}

static bool read_date(struct cursor *cursor, int64_t *ret_ms)
{
    int year = 0;
    int month = 0;
    int day = 0;
    if (!read_digits(cursor, 4, &year) || !skip(cursor, '-') || !read_digits(cursor, 2, &month) || !skip(cursor, '-') ||
        !read_digits(cursor, 2, &day)) {
        return false;
    }
    if (year < YEAR_FIRST || month < 1 || month > 12 || day < 1 || day > instant_days_in_month(year, month)) {
        return false;
    }
    *ret_ms = instant_days(year, month, day) * DAY_MS;
    return true;
}

/* Hours, minutes, seconds, and what there is of a fraction: its first three digits count. */
static bool read_time(struct cursor *cursor, int64_t *ret_ms)
{
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (!read_digits(cursor, 2, &hour) || !skip(cursor, ':') || !read_digits(cursor, 2, &minute) ||
        !skip(cursor, ':') || !read_digits(cursor, 2, &second)) {
        return false;
    }
    if (hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    int64_t ms = hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS;
    if (skip(cursor, '.')) {
        if (!at_digit(cursor)) {
            return false;
        }
        for (int64_t unit = SECOND_MS / 10; at_digit(cursor); unit /= 10) {
            ms += unit * (cursor->text.data[cursor->at] - '0');
            cursor->at++;
        }
    }
    *ret_ms = ms;
    return true;
}

static enum instant_fault read_offset(struct cursor *cursor, int64_t *ret_ms)
{
    if (cursor->at == cursor->text.len) {
        return INSTANT_OFFSET_REQUIRED;
    }
    if (skip(cursor, 'Z') || skip(cursor, 'z')) {
        *ret_ms = 0;
        return INSTANT_OK;
    }
    const bool is_west = skip(cursor, '-');
    int hour = 0;
    int minute = 0;
    if ((!is_west && !skip(cursor, '+')) || !read_digits(cursor, 2, &hour) || !skip(cursor, ':') ||
        !read_digits(cursor, 2, &minute) || hour > 23 || minute > 59) {
        return INSTANT_INVALID;
    }
    if (is_west && hour == 0 && minute == 0) {
        /* RFC 3339 section 4.3: the offset is not known; anything behind it is not a date-time at all */
        return cursor->at == cursor->text.len ? INSTANT_OFFSET_REQUIRED : INSTANT_INVALID;
    }
    *ret_ms = (is_west ? -1 : 1) * (hour * HOUR_MS + minute * MINUTE_MS);
    return INSTANT_OK;
}

enum instant_fault instant_parse(struct span text, int64_t *ret_ms)
{
    struct cursor cursor = {.text = text};
    int64_t date_ms = 0;
    int64_t time_ms = 0;
    int64_t offset_ms = 0;
    if (!read_date(&cursor, &date_ms) || (!skip(&cursor, 'T') && !skip(&cursor, 't')) ||
        !read_time(&cursor, &time_ms)) {
        return INSTANT_INVALID;
    }
    const enum instant_fault fault = read_offset(&cursor, &offset_ms);
    if (fault != INSTANT_OK) {
        return fault;
    }
    const int64_t ms = date_ms + time_ms - offset_ms;
    if (cursor.at != text.len || ms < 0 || ms >= instant_days(YEAR_LAST + 1, 1, 1) * DAY_MS) {
        return INSTANT_INVALID;
    }
    *ret_ms = ms;
    return INSTANT_OK;
}

static void put_number(struct buf *out, int64_t number, int digits_min)
{
    int64_t power = 1;
    for (int i = 1; i < digits_min; i++) {
        power *= 10;
        if (number < power) {
            buf_byte(out, '0');
        }
    }
    buf_i64(out, number);
}

static void put_local(struct buf *out, int64_t local_ms)
{
    int year = 0;
    int month = 0;
    int day = 0;
    const int64_t days = floor_div(local_ms, DAY_MS);
    const int64_t of_day_ms = local_ms - days * DAY_MS;
    date_of_days(days, &year, &month, &day);
    put_number(out, year, 4);
    buf_byte(out, '-');
    put_number(out, month, 2);
    buf_byte(out, '-');
    put_number(out, day, 2);
    buf_byte(out, 'T');
    put_number(out, of_day_ms / HOUR_MS, 2);
    buf_byte(out, ':');
    put_number(out, of_day_ms % HOUR_MS / MINUTE_MS, 2);
    buf_byte(out, ':');
    put_number(out, of_day_ms % MINUTE_MS / SECOND_MS, 2);
    if (of_day_ms % SECOND_MS != 0) {
        buf_byte(out, '.');
        put_number(out, of_day_ms % SECOND_MS, 3);
    }
}

void instant_write(struct buf *out, int64_t time_ms)
{
    put_local(out, time_ms);
    buf_byte(out, 'Z');
}

void instant_write_offset(struct buf *out, int64_t time_ms, int offset_minutes)
{
    ASSERT(offset_minutes > -24 * 60 && offset_minutes < 24 * 60);
    const int minutes = offset_minutes < 0 ? -offset_minutes : offset_minutes;
    put_local(out, time_ms + offset_minutes * MINUTE_MS);
    buf_byte(out, offset_minutes < 0 ? '-' : '+');
    put_number(out, minutes / 60, 2);
    buf_byte(out, ':');
    put_number(out, minutes % 60, 2);
}

void instant_date(int64_t time_ms, int *ret_year, int *ret_month, int *ret_day)
{
    date_of_days(floor_div(time_ms, DAY_MS), ret_year, ret_month, ret_day);
}
