/* zone_test.c: local times become the instants that people in that zone mean, on the days when clocks change too, and
 * only IANA's zones are zones. The expected instants were worked out by hand from the zones' published rules. */
#include "core/calendar/zone.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "core/base/limits.h"
#include "core/base/prng.h"
#include "core/calendar/instant.h"
#include "tests/suite.h"

#define ROWS(table_) (sizeof(table_) / sizeof *(table_))

static struct zones *open_zones(void)
{
    struct zones *zones = NULL;
    ck_assert_int_eq(zones_open(&zones), OK);
    ck_assert_ptr_nonnull(zones);
    return zones;
}

static const struct {
    const char *zone;
    int year, month, day, hour, minute;
    const char *utc;
} moments[] = {
  /* ordinary days */
    {"UTC",                 2026, 4,  20, 14, 0,  "2026-04-20T14:00:00Z"},
    {"Europe/Berlin",       2026, 1,  15, 9,  0,  "2026-01-15T08:00:00Z"},
    {"Europe/Berlin",       2026, 7,  15, 9,  0,  "2026-07-15T07:00:00Z"},
    {"America/New_York",    2026, 4,  20, 10, 0,  "2026-04-20T14:00:00Z"},
    {"Asia/Kolkata",        2026, 4,  20, 19, 30, "2026-04-20T14:00:00Z"},
    {"Asia/Kathmandu",      2026, 4,  20, 19, 45, "2026-04-20T14:00:00Z"},
    {"Pacific/Chatham",     2026, 6,  21, 2,  45, "2026-06-20T14:00:00Z"}, /* +12:45 in winter */
    {"Pacific/Chatham",     2026, 1,  1,  3,  45, "2025-12-31T14:00:00Z"}, /* +13:45 in summer */
    {"Australia/Eucla",     2026, 4,  20, 22, 45, "2026-04-20T14:00:00Z"},
    {"Pacific/Kiritimati",  2026, 4,  21, 4,  0,  "2026-04-20T14:00:00Z"},
    {"Pacific/Niue",        2026, 4,  20, 3,  0,  "2026-04-20T14:00:00Z"},
    {"Etc/GMT+3",           2026, 4,  20, 11, 0,  "2026-04-20T14:00:00Z"}, /* POSIX signs: west is positive */
    {"Asia/Calcutta",       2026, 4,  20, 19, 30, "2026-04-20T14:00:00Z"}, /* a link */
    {"Europe/Berlin",       2000, 2,  29, 0,  0,  "2000-02-28T23:00:00Z"},
    {"Europe/Berlin",       1970, 1,  1,  1,  0,  "1970-01-01T00:00:00Z"},
 /* Berlin: 02:00 -> 03:00 on 29 March 2026, 03:00 -> 02:00 on 25 October 2026 */
    {"Europe/Berlin",       2026, 3,  29, 1,  59, "2026-03-29T00:59:00Z"},
    {"Europe/Berlin",       2026, 3,  29, 2,  0,  "2026-03-29T01:00:00Z"},
    {"Europe/Berlin",       2026, 3,  29, 2,  30, "2026-03-29T01:00:00Z"},
    {"Europe/Berlin",       2026, 3,  29, 2,  59, "2026-03-29T01:00:00Z"},
    {"Europe/Berlin",       2026, 3,  29, 3,  0,  "2026-03-29T01:00:00Z"},
    {"Europe/Berlin",       2026, 3,  29, 3,  1,  "2026-03-29T01:01:00Z"},
    {"Europe/Berlin",       2026, 10, 25, 1,  59, "2026-10-24T23:59:00Z"},
    {"Europe/Berlin",       2026, 10, 25, 2,  0,  "2026-10-25T00:00:00Z"},
    {"Europe/Berlin",       2026, 10, 25, 2,  30, "2026-10-25T00:30:00Z"},
    {"Europe/Berlin",       2026, 10, 25, 2,  59, "2026-10-25T00:59:00Z"},
    {"Europe/Berlin",       2026, 10, 25, 3,  0,  "2026-10-25T02:00:00Z"},
 /* New York: 02:00 -> 03:00 on 8 March 2026, 02:00 -> 01:00 on 1 November 2026 */
    {"America/New_York",    2026, 3,  8,  1,  59, "2026-03-08T06:59:00Z"},
    {"America/New_York",    2026, 3,  8,  2,  30, "2026-03-08T07:00:00Z"},
    {"America/New_York",    2026, 3,  8,  3,  0,  "2026-03-08T07:00:00Z"},
    {"America/New_York",    2026, 11, 1,  0,  59, "2026-11-01T04:59:00Z"},
    {"America/New_York",    2026, 11, 1,  1,  0,  "2026-11-01T05:00:00Z"},
    {"America/New_York",    2026, 11, 1,  1,  30, "2026-11-01T05:30:00Z"},
    {"America/New_York",    2026, 11, 1,  2,  0,  "2026-11-01T07:00:00Z"},
 /* Lord Howe moves by half an hour: 02:00 -> 02:30 on 4 October 2026, 02:00 -> 01:30 on 5 April 2026 */
    {"Australia/Lord_Howe", 2026, 10, 4,  1,  59, "2026-10-03T15:29:00Z"},
    {"Australia/Lord_Howe", 2026, 10, 4,  2,  0,  "2026-10-03T15:30:00Z"},
    {"Australia/Lord_Howe", 2026, 10, 4,  2,  15, "2026-10-03T15:30:00Z"},
    {"Australia/Lord_Howe", 2026, 10, 4,  2,  30, "2026-10-03T15:30:00Z"},
    {"Australia/Lord_Howe", 2026, 10, 4,  2,  31, "2026-10-03T15:31:00Z"},
    {"Australia/Lord_Howe", 2026, 4,  5,  1,  29, "2026-04-04T14:29:00Z"},
    {"Australia/Lord_Howe", 2026, 4,  5,  1,  30, "2026-04-04T14:30:00Z"},
    {"Australia/Lord_Howe", 2026, 4,  5,  1,  45, "2026-04-04T14:45:00Z"},
    {"Australia/Lord_Howe", 2026, 4,  5,  2,  0,  "2026-04-04T15:30:00Z"},
 /* Apia had no 30 December 2011: from -10:00 to +14:00 at its midnight */
    {"Pacific/Apia",        2011, 12, 29, 23, 59, "2011-12-30T09:59:00Z"},
    {"Pacific/Apia",        2011, 12, 30, 0,  0,  "2011-12-30T10:00:00Z"},
    {"Pacific/Apia",        2011, 12, 30, 12, 0,  "2011-12-30T10:00:00Z"},
    {"Pacific/Apia",        2011, 12, 30, 23, 59, "2011-12-30T10:00:00Z"},
    {"Pacific/Apia",        2011, 12, 31, 0,  0,  "2011-12-30T10:00:00Z"},
    {"Pacific/Apia",        2011, 12, 31, 0,  1,  "2011-12-30T10:01:00Z"},
 /* a gap at midnight: Beirut, 26 March 2000 */
    {"Asia/Beirut",         2000, 3,  26, 0,  0,  "2000-03-25T22:00:00Z"},
    {"Asia/Beirut",         2000, 3,  26, 0,  30, "2000-03-25T22:00:00Z"},
 /* two hours at once: Troll, 29 March 2026 01:00 -> 03:00 */
    {"Antarctica/Troll",    2026, 3,  29, 2,  59, "2026-03-29T01:00:00Z"},
    {"Antarctica/Troll",    2026, 10, 25, 1,  30, "2026-10-24T23:30:00Z"},
};

START_TEST(a_local_time_is_the_instant_that_people_mean)
{
    OWNED(zones_close) struct zones *zones = open_zones();
    for (size_t i = 0; i < ROWS(moments); i++) {
        int64_t ms = -1;
        ck_assert_int_eq(zone_to_utc(zones, span_text(moments[i].zone), moments[i].year, moments[i].month,
                                     moments[i].day, moments[i].hour, moments[i].minute, &ms),
                         OK);
        char text[40];
        struct buf buf = buf_of(text, sizeof text);
        instant_write(&buf, ms);
        ck_assert_msg(strcmp(buf_terminated(&buf), moments[i].utc) == 0, "row %zu: %s gave %s", i, moments[i].utc,
                      text);
    }
}

END_TEST

static const struct {
    const char *zone;
    const char *utc;
    int minutes;
} offsets[] = {
    {"UTC",                 "2026-04-20T14:00:00Z",     0   },
    {"Europe/Berlin",       "2026-03-29T00:59:59.999Z", 60  },
    {"Europe/Berlin",       "2026-03-29T01:00:00Z",     120 },
    {"Europe/Berlin",       "2026-10-25T00:59:59.999Z", 120 },
    {"Europe/Berlin",       "2026-10-25T01:00:00Z",     60  },
    {"America/New_York",    "2026-03-08T06:59:59Z",     -300},
    {"America/New_York",    "2026-03-08T07:00:00Z",     -240},
    {"Australia/Lord_Howe", "2026-10-03T15:29:59Z",     630 },
    {"Australia/Lord_Howe", "2026-10-03T15:30:00Z",     660 },
    {"Pacific/Apia",        "2011-12-30T09:59:59Z",     -600},
    {"Pacific/Apia",        "2011-12-30T10:00:00Z",     840 },
    {"Asia/Kolkata",        "2026-04-20T14:00:00Z",     330 },
    {"Asia/Kathmandu",      "2026-04-20T14:00:00Z",     345 },
    {"Pacific/Chatham",     "2026-06-20T14:00:00Z",     765 },
    {"America/St_Johns",    "2026-01-20T14:00:00Z",     -210},
    {"Pacific/Kiritimati",  "2026-04-20T14:00:00Z",     840 },
    {"Etc/GMT+12",          "2026-04-20T14:00:00Z",     -720},
};

START_TEST(a_zone_has_its_offset_at_an_instant)
{
    OWNED(zones_close) struct zones *zones = open_zones();
    for (size_t i = 0; i < ROWS(offsets); i++) {
        int64_t ms = -1;
        int minutes = 9999;
        ck_assert_int_eq(instant_parse(span_text(offsets[i].utc), &ms), INSTANT_OK);
        ck_assert_int_eq(zone_offset(zones, span_text(offsets[i].zone), ms, &minutes), OK);
        ck_assert_msg(minutes == offsets[i].minutes, "%s at %s: %d", offsets[i].zone, offsets[i].utc, minutes);
    }
}

END_TEST

static const char *const names[] = {
    "UTC",
    "GMT",
    "Etc/UTC",
    "Etc/GMT-14",
    "GMT0",
    "GMT+0",
    "GMT-0",
    "Zulu",
    "CET",
    "EST",
    "MST7MDT",
    "PRC",
    "W-SU",
    "NZ-CHAT",
    "Europe/Berlin",
    "America/Argentina/ComodRivadavia",
    "America/Port-au-Prince",
    "Asia/Calcutta",
    "Asia/Kolkata",
    "Antarctica/DumontDUrville",
    "Pacific/Kanton",
    "Europe/Kyiv",
};

START_TEST(a_name_of_iana_is_a_zone)
{
    OWNED(zones_close) struct zones *zones = open_zones();
    for (size_t i = 0; i < ROWS(names); i++) {
        ck_assert_msg(zone_exists(zones, span_text(names[i])), "%s", names[i]);
    }
}

END_TEST

static const char *const no_names[] = {
    "",
    " ",
    "Europe",
    "Europe/",
    "/Berlin",
    "Europe/Atlantis",
    "Factory", /* tzdata's own: nobody has set a zone */
    "europe/berlin",
    "EUROPE/BERLIN",
    "Europe/Berlin ",
    " Europe/Berlin",
    "Europe/Berlin\n",
    "GMT+3",
    "GMT+3x",
    "GMT+03:00",
    "GMT-0800",
    "UTC+1",
    "UTC+01:00",
    "+01:00",
    "-05",
    "Z",
    "local",
    "PST",
    "IST",
    "CST",
    "JST",
    "AET",
    "BST",
    "EDT",
    "PDT",
    "SystemV/AST4",
    "SystemV/PST8PDT",
    "Etc/Unknown",
    "Etc/GMT+15",
    "EST5EDT4",
    "EST5EDT,M3.2.0,M11.1.0",
    "posix/Europe/Berlin",
    "right/Europe/Berlin",
    "../Europe/Berlin",
    "Europe/../Europe/Berlin",
    "Europe/M\xC3\xBCnchen",
    "\xFF\xFE",
    "America/Argentina/ComodRivadavia/And/Then/Some/More/Of/It",
    "America/Los_Angeles@calendar=japanese",
};

START_TEST(any_other_name_is_none)
{
    OWNED(zones_close) struct zones *zones = open_zones();
    for (size_t i = 0; i < ROWS(no_names); i++) {
        const struct span name = span_text(no_names[i]);
        int minutes = 7;
        int64_t ms = 7;
        ck_assert_msg(!zone_exists(zones, name), "%s", no_names[i]);
        ck_assert_int_eq(zone_offset(zones, name, 0, &minutes), ERR_NOT_FOUND);
        ck_assert_int_eq(zone_to_utc(zones, name, 2026, 4, 20, 14, 0, &ms), ERR_NOT_FOUND);
        ck_assert_int_eq(minutes, 7);
        ck_assert_int_eq(ms, 7);
    }
}

END_TEST

START_TEST(a_name_with_a_nul_or_without_bytes_is_none)
{
    OWNED(zones_close) struct zones *zones = open_zones();
    ck_assert(!zone_exists(zones, span_of("UTC\0", 4)));
    ck_assert(!zone_exists(zones, (struct span){0}));
}

END_TEST

static const int impossible[][5] = {
    {1969,  12, 31, 12, 0 },
    {10000, 1,  1,  0,  0 },
    {2026,  0,  1,  0,  0 },
    {2026,  13, 1,  0,  0 },
    {2026,  2,  29, 0,  0 },
    {2026,  4,  31, 0,  0 },
    {2026,  4,  0,  0,  0 },
    {2026,  4,  1,  24, 0 },
    {2026,  4,  1,  -1, 0 },
    {2026,  4,  1,  0,  60},
    {2026,  4,  1,  0,  -1},
};

START_TEST(what_is_no_date_or_time_is_out_of_range)
{
    OWNED(zones_close) struct zones *zones = open_zones();
    for (size_t i = 0; i < ROWS(impossible); i++) {
        const int *at = impossible[i];
        int64_t ms = 7;
        ck_assert_msg(zone_to_utc(zones, SPAN("Europe/Berlin"), at[0], at[1], at[2], at[3], at[4], &ms) == ERR_RANGE,
                      "row %zu", i);
        ck_assert_int_eq(ms, 7);
    }
}

END_TEST

static int64_t offset_ms(struct zones *zones, const char *zone, int64_t ms)
{
    int minutes = 0;
    ck_assert_int_eq(zone_offset(zones, span_text(zone), ms, &minutes), OK);
    return minutes * MINUTE_MS;
}

/* By definition: the first minute at which the wall shows wall_ms or later. */
static int64_t slowly(struct zones *zones, const char *zone, int64_t wall_ms)
{
    int64_t ms = wall_ms - 30 * HOUR_MS;
    while (ms + offset_ms(zones, zone, ms) < wall_ms) {
        ms += MINUTE_MS;
    }
    return ms;
}

static void check_wall(struct zones *zones, const char *zone, int64_t wall_ms)
{
    int year = 0;
    int month = 0;
    int day = 0;
    instant_date(wall_ms, &year, &month, &day);
    const int of_day = (int)(wall_ms % DAY_MS / MINUTE_MS);
    int64_t ms = 0;
    ck_assert_int_eq(zone_to_utc(zones, span_text(zone), year, month, day, of_day / 60, of_day % 60, &ms), OK);
    ck_assert_msg(ms == slowly(zones, zone, wall_ms), "%s %04d-%02d-%02d %02d:%02d", zone, year, month, day,
                  of_day / 60, of_day % 60);
}

/* Around changes of the clock in zones with odd rules, each in a year of such, and on ordinary days. */
static const struct {
    const char *zone;
    int year;
} odd_years[] = {
    {"Europe/Berlin",       2026},
    {"America/New_York",    2026},
    {"Australia/Lord_Howe", 2026},
    {"Pacific/Apia",        2011},
    {"America/St_Johns",    2006},
    {"Pacific/Chatham",     2026},
    {"Antarctica/Troll",    2026},
    {"Africa/Casablanca",   2015},
    {"Europe/Dublin",       2026},
    {"Asia/Tehran",         2021},
    {"Asia/Pyongyang",      2015},
    {"Europe/Volgograd",    2018},
    {"America/Caracas",     2007},
    {"America/Sao_Paulo",   2018},
};

static int64_t year_start(int year)
{
    char text[40];
    int64_t ms = 0;
    (void)snprintf(text, sizeof text, "%d-01-01T00:00:00Z", year);
    ck_assert_int_eq(instant_parse(span_text(text), &ms), INSTANT_OK);
    return ms;
}

static int check_year(struct zones *zones, const char *zone, int64_t ms)
{
    int changes = 0;
    int64_t before = offset_ms(zones, zone, ms);
    for (const int64_t end = ms + 366 * DAY_MS; ms < end; ms += HOUR_MS / 2) {
        const int64_t after = offset_ms(zones, zone, ms);
        const int64_t least = ms + (before < after ? before : after);
        const int64_t most = ms + (before < after ? after : before);
        if (before != after) {
            changes++;
            for (int64_t wall = least - 30 * MINUTE_MS; wall <= most + 30 * MINUTE_MS; wall += (most - least) / 5) {
                check_wall(zones, zone, wall);
            }
        }
        before = after;
    }
    return changes;
}

START_TEST(the_first_instant_at_or_after_a_wall_time_is_found)
{
    OWNED(zones_close) struct zones *zones = open_zones();
    struct prng prng;
    prng_seed(&prng, 1);
    for (size_t i = 0; i < ROWS(odd_years); i++) {
        const int64_t start = year_start(odd_years[i].year);
        ck_assert_msg(check_year(zones, odd_years[i].zone, start) > 0, "%s", odd_years[i].zone);
        check_wall(zones, odd_years[i].zone, start + (int64_t)prng_below(&prng, 365 * 24 * 60) * MINUTE_MS);
    }
}

END_TEST

/* The C library reads the same files by its own code. */
START_TEST(every_zone_shows_what_the_c_library_shows)
{
    OWNED(zones_close) struct zones *zones = open_zones();
    FILE *list = fopen(ZONES_FOLDER "/tzdata.zi", "r");
    ck_assert_ptr_nonnull(list);
    struct prng prng;
    prng_seed(&prng, 9636);
    char line[500];
    int compared = 0;
    while (fgets(line, sizeof line, list) != NULL) {
        char zone[100];
        if (sscanf(line, "Z %99s", zone) != 1 && sscanf(line, "L %*s %99s", zone) != 1) {
            continue;
        }
        if (strcmp(zone, "Factory") == 0) { /* refused: it says that nobody has set a zone */
            continue;
        }
        ck_assert_int_eq(setenv("TZ", zone, 1), 0);
        tzset();
        for (int i = 0; i < 40; i++) { /* 1970 to 2106: beyond the files' ends */
            const int64_t seconds = (int64_t)prng_below(&prng, UINT32_MAX);
            const time_t time = (time_t)seconds;
            struct tm tm;
            int minutes = 0;
            ck_assert_ptr_nonnull(localtime_r(&time, &tm));
            ck_assert_int_eq(zone_offset(zones, span_text(zone), seconds * SECOND_MS, &minutes), OK);
            if (tm.tm_gmtoff / 60 != minutes) {
                ck_abort_msg("%s at %lld: %d, not %ld", zone, (long long)seconds, minutes, tm.tm_gmtoff / 60);
            }
        }
        compared++;
    }
    (void)fclose(list);
    ck_assert_int_gt(compared, 500);
}

END_TEST

START_TEST(the_release_of_the_data_is_known)
{
    OWNED(zones_close) struct zones *zones = open_zones();
    const struct span version = zones_version(zones);
    ck_assert_uint_ge(version.len, 5); /* 2026f */
    ck_assert_int_eq(version.data[0], '2');
}

END_TEST

/* A folder of zones that the test makes. */
static void put_file(const char *folder, const char *name, const void *bytes, size_t len)
{
    char path[300];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, len, file), len);
    ck_assert_int_eq(fclose(file), 0);
}

static void remove_files(const char *folder)
{
    static const char *const files[] = {"tzdata.zi", "UTC", "Here"};
    for (size_t i = 0; i < ROWS(files); i++) {
        char path[300];
        (void)snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        (void)remove(path);
    }
}

#define LIST "# version 2099z\n# comment\nR d 1916 o - Jun 14 23s 1 S\nZ UTC 0 - UTC\n1 - X\nL UTC Here\n"
#define BLOCK "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4\0\0\0\0\0\0UTC"
#define HEAD "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define UTC_FILE HEAD BLOCK "\0" HEAD BLOCK "\0\nUTC0\n"

START_TEST(without_good_data_there_are_no_zones)
{
    char folder[] = "/tmp/zones_testXXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(folder));
    struct zones *zones = NULL;
    ck_assert_int_eq(zones_open_at("/nonexistent", &zones), ERR_UNSUPPORTED);
    ck_assert_int_eq(zones_open_at(folder, &zones), ERR_UNSUPPORTED);
    put_file(folder, "tzdata.zi", "", 0);
    ck_assert_int_eq(zones_open_at(folder, &zones), ERR_UNSUPPORTED);
    put_file(folder, "tzdata.zi", LIST, sizeof LIST - 1);
    ck_assert_int_eq(zones_open_at(folder, &zones), ERR_UNSUPPORTED); /* names without their files */
    put_file(folder, "UTC", UTC_FILE, sizeof UTC_FILE - 2);
    ck_assert_int_eq(zones_open_at(folder, &zones), ERR_UNSUPPORTED); /* cut off */
    ck_assert_ptr_null(zones);
    put_file(folder, "UTC", UTC_FILE, sizeof UTC_FILE - 1);
    ck_assert_int_eq(zones_open_at(folder, &zones), OK); /* a link needs no file of its own */
    ck_assert(span_equal(zones_version(zones), SPAN("2099z")));
    ck_assert(zone_exists(zones, SPAN("Here")));
    ck_assert(!zone_exists(zones, SPAN("tzdata.zi")));
    int minutes = 7;
    ck_assert_int_eq(zone_offset(zones, SPAN("Here"), 1, &minutes), OK);
    ck_assert_int_eq(minutes, 0);
    zones_close(zones);
    zones = NULL;
    static const char *const lists[] = {"Z UTC 0\nZ ../UTC 0\n",      "Z UTC 0\nZ  0\n",
                                        "Z UTC 0\nZ /etc/passwd 0\n", "Z Here 0\n",
                                        "Z UTC 0\nL Nowhere Here\n",  "Z UTC 0\nL UTC\n"};
    put_file(folder, "Here", UTC_FILE, sizeof UTC_FILE - 1);
    for (size_t i = 0; i < ROWS(lists); i++) {
        /* leads elsewhere; nameless; leads elsewhere; no UTC; a link to no zone; a nameless link */
        put_file(folder, "tzdata.zi", lists[i], strlen(lists[i]));
        ck_assert_int_eq(zones_open_at(folder, &zones), ERR_UNSUPPORTED);
    }
    ck_assert_ptr_null(zones);
    remove_files(folder);
    ck_assert_int_eq(rmdir(folder), 0);
}

END_TEST

START_TEST(what_is_beyond_the_calendar_is_out_of_range)
{
    OWNED(zones_close) struct zones *zones = open_zones();
    int minutes = 7;
    int64_t ms = 0;
    ck_assert_int_eq(zone_offset(zones, SPAN("Europe/Berlin"), 253402300800000, &minutes), ERR_RANGE);
    ck_assert_int_eq(minutes, 7);
    ck_assert_int_eq(zone_offset(zones, SPAN("Europe/Berlin"), 253402300799999, &minutes), OK);
    ck_assert_int_eq(minutes, 60);
    ck_assert_int_eq(zone_offset(zones, SPAN("Europe/Berlin"), -1, &minutes), OK);
    ck_assert_int_eq(minutes, 60);
    ck_assert_int_eq(zone_to_utc(zones, SPAN("Europe/Berlin"), 9999, 7, 1, 12, 0, &ms), OK);
    ck_assert_int_eq(zone_offset(zones, SPAN("Europe/Berlin"), ms, &minutes), OK);
    ck_assert_int_eq(minutes, 120);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("zone");
    TCase *tcase = tcase_create("zone");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_local_time_is_the_instant_that_people_mean);
    tcase_add_test(tcase, a_zone_has_its_offset_at_an_instant);
    tcase_add_test(tcase, a_name_of_iana_is_a_zone);
    tcase_add_test(tcase, any_other_name_is_none);
    tcase_add_test(tcase, a_name_with_a_nul_or_without_bytes_is_none);
    tcase_add_test(tcase, what_is_no_date_or_time_is_out_of_range);
    tcase_add_test(tcase, the_first_instant_at_or_after_a_wall_time_is_found);
    tcase_add_test(tcase, every_zone_shows_what_the_c_library_shows);
    tcase_add_test(tcase, the_release_of_the_data_is_known);
    tcase_add_test(tcase, without_good_data_there_are_no_zones);
    tcase_add_test(tcase, what_is_beyond_the_calendar_is_out_of_range);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
