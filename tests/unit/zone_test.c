/* zone_test.c: a zone has at every instant the offset that its clocks show, on the days when they change too, and only
 * IANA's zones are zones. The expected instants were worked out by hand from the zones' published rules. */
#include "core/calendar/zone.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "core/base/limits.h"
#include "core/base/prng.h"
#include "core/base/process.h"
#include "core/calendar/instant.h"
#include "tests/folder.h"
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

/* Which is what the API says of them: whoever means New York's clocks has to say so. */
START_TEST(an_old_name_of_winter_time_has_no_summer_time)
{
    static const struct {
        const char *name;
        int winter;
        int summer;
    } rows_[] = {
        {"EST",     -300, -300},
        {"MST",     -420, -420},
        {"HST",     -600, -600},
        {"EST5EDT", -300, -240},
    };

    OWNED(zones_close) struct zones *zones = NULL;
    ck_assert_int_eq(zones_open(&zones), OK);
    for (size_t i = 0; i < sizeof rows_ / sizeof *rows_; i++) {
        int minutes = 0;
        ck_assert_int_eq(zone_offset(zones, span_text(rows_[i].name), INT64_C(1768471200000), &minutes), OK);
        ck_assert_int_eq(minutes, rows_[i].winter); /* on 15 January 2026 */
        ck_assert_int_eq(zone_offset(zones, span_text(rows_[i].name), INT64_C(1784109600000), &minutes), OK);
        ck_assert_int_eq(minutes, rows_[i].summer); /* on 15 July 2026 */
    }
}

END_TEST

START_TEST(any_other_name_is_none)
{
    OWNED(zones_close) struct zones *zones = open_zones();
    for (size_t i = 0; i < ROWS(no_names); i++) {
        const struct span name = span_text(no_names[i]);
        int minutes = 7;
        ck_assert_msg(!zone_exists(zones, name), "%s", no_names[i]);
        ck_assert_int_eq(zone_offset(zones, name, 0, &minutes), ERR_NOT_FOUND);
        ck_assert_int_eq(minutes, 7);
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

/* A folder of zones that the test makes. */
static void put_file(const char *folder, const char *name, const void *bytes, size_t len)
{
    char path[300];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    ck_assert_int_eq(file_write(path, span_of(bytes, len), 0600), OK);
}

#define LIST "# version 2099z\n# comment\nR d 1916 o - Jun 14 23s 1 S\nZ UTC 0 - UTC\n1 - X\nL UTC Here\n"
#define BLOCK "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4\0\0\0\0\0\0UTC"
#define HEAD "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define UTC_FILE HEAD BLOCK "\0" HEAD BLOCK "\0\nUTC0\n"

START_TEST(without_good_data_there_are_no_zones)
{
    char folder[FOLDER_MAX];
    make_folder(folder);
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
    remove_folder(folder);
}

END_TEST

START_TEST(what_is_beyond_the_calendar_is_out_of_range)
{
    OWNED(zones_close) struct zones *zones = open_zones();
    int minutes = 7;
    ck_assert_int_eq(zone_offset(zones, SPAN("Europe/Berlin"), 253402300800000, &minutes), ERR_RANGE);
    ck_assert_int_eq(minutes, 7);
    ck_assert_int_eq(zone_offset(zones, SPAN("Europe/Berlin"), 253402300799999, &minutes), OK);
    ck_assert_int_eq(minutes, 60);
    ck_assert_int_eq(zone_offset(zones, SPAN("Europe/Berlin"), -1, &minutes), OK);
    ck_assert_int_eq(minutes, 60);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("zone");
    TCase *tcase = tcase_create("zone");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_zone_has_its_offset_at_an_instant);
    tcase_add_test(tcase, a_name_of_iana_is_a_zone);
    tcase_add_test(tcase, an_old_name_of_winter_time_has_no_summer_time);
    tcase_add_test(tcase, any_other_name_is_none);
    tcase_add_test(tcase, a_name_with_a_nul_or_without_bytes_is_none);
    tcase_add_test(tcase, every_zone_shows_what_the_c_library_shows);
    tcase_add_test(tcase, without_good_data_there_are_no_zones);
    tcase_add_test(tcase, what_is_beyond_the_calendar_is_out_of_range);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
