/* local.c: see local.h. Called by whoever finds the instants of slots, series and billing periods; never by a decider:
 * a renewed tzdata may show the same local time at another instant, and what the log has decided must stay. */
#include "core/calendar/local.h"

#include "core/base/assert.h"
#include "core/base/limits.h"
#include "core/calendar/instant.h"

#define DAY_S INT64_C(86400)
#define APART_MAX_S (26 * 3600) /* no offset is farther from UTC (tzif.h) */
#define DAY_LAST 2932896        /* 9999-12-31 */
#define EPOCH_WEEKDAY THURSDAY

/* Walks the stretches between the changes of the zone's clocks, in order: within one, local is shown at most once. The
 * first that shows it has the first of two; one that begins behind it comes after the gap that swallowed it. */
enum err local_instant(const struct zones *zones, struct span zone, struct local_time local, int64_t *ret_ms)
{
    ASSERT(local.minute >= 0 && local.minute < MINUTES_PER_DAY);
    if (local.day < 0 || local.day > DAY_LAST) {
        return ERR_RANGE;
    }
    const int64_t local_s = local.day * DAY_S + local.minute * 60;
    int64_t begin_s = local_s - APART_MAX_S;
    for (;;) {
        int32_t offset_s = 0;
        int64_t end_s = 0;
        TRY(zone_clock(zones, zone, begin_s, &offset_s, &end_s));
        const int64_t at_s = local_s - offset_s;
        if (at_s < end_s) {
            const int64_t found_s = at_s < begin_s ? begin_s : at_s;
            if (found_s >= (DAY_LAST + 1) * DAY_S) {
                return ERR_RANGE;
            }
            *ret_ms = found_s * SECOND_MS;
            return OK;
        }
        begin_s = end_s;
    }
}

enum err local_of(const struct zones *zones, struct span zone, int64_t time_ms, struct local_time *ret_local)
{
    int32_t offset_s = 0;
    int64_t end_s = 0;
    if (time_ms < 0) {
        return ERR_RANGE;
    }
    const int64_t time_s = time_ms / SECOND_MS;
    TRY(zone_clock(zones, zone, time_s, &offset_s, &end_s));
    const int64_t local_s = time_s + offset_s + DAY_S; /* a day ahead: 1970 began in the evening of 1969 somewhere */
    *ret_local = (struct local_time){.day = local_s / DAY_S - 1, .minute = (int)(local_s % DAY_S / 60)};
    return OK;
}

enum err local_next_weekly(const struct zones *zones, struct span zone, enum weekday weekday, int minute,
                           int64_t from_ms, int64_t *ret_ms)
{
    struct local_time local;
    TRY(local_of(zones, zone, from_ms, &local));
    /* The last such weekday before today: a gap (the longest swallowed a day) may have put it off to from_ms. */
    local.day -= WEEKDAYS;
    local.day += (weekday - local_weekday(local.day) + WEEKDAYS) % WEEKDAYS;
    local.day += local.day < 0 ? WEEKDAYS : 0;
    local.minute = minute;
    for (;;) {
        int64_t time_ms = 0;
        TRY(local_instant(zones, zone, local, &time_ms));
        if (time_ms >= from_ms) {
            *ret_ms = time_ms;
            return OK;
        }
        local.day += WEEKDAYS;
    }
}

int local_compare(struct local_time a, struct local_time b)
{
    if (a.day != b.day) {
        return a.day < b.day ? -1 : 1;
    }
    return (a.minute > b.minute) - (a.minute < b.minute);
}

enum weekday local_weekday(int64_t day)
{
    const int64_t since = (day + EPOCH_WEEKDAY - MONDAY) % WEEKDAYS;
    return (enum weekday)(MONDAY + (since < 0 ? since + WEEKDAYS : since));
}

void local_date(int64_t day, int *ret_year, int *ret_month, int *ret_day)
{
    instant_date(day * DAY_MS, ret_year, ret_month, ret_day);
}

int64_t local_month(int64_t day)
{
    int year, month, of_month;
    local_date(day, &year, &month, &of_month);
    return (int64_t)year * 12 + month - 1;
}

int64_t local_month_first(int64_t month)
{
    return instant_days((int)(month / 12), (int)(month % 12) + 1, 1);
}

int64_t local_month_last(int64_t month)
{
    return local_month_first(month + 1) - 1;
}

bool local_month_nth(int64_t month, int n, enum weekday weekday, int64_t *ret_day)
{
    const int64_t first = local_month_first(month);
    const int64_t day = first + (weekday - local_weekday(first) + WEEKDAYS) % WEEKDAYS + (int64_t)(n - 1) * WEEKDAYS;
    ASSERT(n >= 1 && n <= 5);
    if (day > local_month_last(month)) {
        return false;
    }
    *ret_day = day;
    return true;
}

int64_t local_month_last_weekday(int64_t month, enum weekday weekday)
{
    const int64_t last = local_month_last(month);
    return last - (local_weekday(last) - weekday + WEEKDAYS) % WEEKDAYS;
}

/* Exactly so many digits from an offset on. */
static bool digits_at(struct span text, size_t at, size_t count, int *ret_number)
{
    int number = 0;
    for (size_t i = at; i < at + count; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        number = number * 10 + (text.data[i] - '0');
    }
    *ret_number = number;
    return true;
}

bool local_read_date(struct span text, int64_t *ret_day)
{
    int year, month, day;
    if (text.len != 10 || text.data[4] != '-' || text.data[7] != '-' || !digits_at(text, 0, 4, &year) ||
        !digits_at(text, 5, 2, &month) || !digits_at(text, 8, 2, &day)) {
        return false;
    }
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > instant_days_in_month(year, month)) {
        return false;
    }
    *ret_day = instant_days(year, month, day);
    return true;
}

bool local_read_minute(struct span text, int *ret_minute)
{
    int hour, minute;
    if (text.len != 5 || text.data[2] != ':' || !digits_at(text, 0, 2, &hour) || !digits_at(text, 3, 2, &minute) ||
        hour > 23 || minute > 59) {
        return false;
    }
    *ret_minute = hour * 60 + minute;
    return true;
}

bool local_read(struct span text, struct local_time *ret_local)
{
    struct local_time local;
    if (text.len != LOCAL_TEXT_LEN || text.data[10] != 'T' || !local_read_date(span_of(text.data, 10), &local.day) ||
        !local_read_minute(span_of(text.data + 11, 5), &local.minute)) {
        return false;
    }
    *ret_local = local;
    return true;
}

static void put_two(struct buf *out, int number)
{
    buf_byte(out, (uint8_t)('0' + number / 10 % 10));
    buf_byte(out, (uint8_t)('0' + number % 10));
}

void local_write_date(struct buf *out, int64_t day)
{
    int year, month, of_month;
    local_date(day, &year, &month, &of_month);
    put_two(out, year / 100);
    put_two(out, year);
    buf_byte(out, '-');
    put_two(out, month);
    buf_byte(out, '-');
    put_two(out, of_month);
}

void local_write_minute(struct buf *out, int minute)
{
    put_two(out, minute / 60);
    buf_byte(out, ':');
    put_two(out, minute % 60);
}

void local_write(struct buf *out, struct local_time local)
{
    local_write_date(out, local.day);
    buf_byte(out, 'T');
    local_write_minute(out, local.minute);
}
