/* local_test.c: a local time is the instant at which a zone's clocks show it; one that they skip is the first after the
 * gap, one that they show twice the first of the two; and weekly slots come once a week at their wall-clock time. What
 * clocks did is asked of zdump and the C library, which read tzdata by their own code; the table was made with Python's
 * zoneinfo, a third, as the first second that shows the local time or a later one. */
#include "core/calendar/local.h"

#include <check.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/limits.h"
#include "core/base/prng.h"
#include "core/calendar/instant.h"
#include "tests/folder.h"
#include "tests/suite.h"

#define ROWS(table_) (sizeof(table_) / sizeof *(table_))

static struct zones *open_zones(void)
{
    struct zones *zones = NULL;
    ck_assert_int_eq(zones_open(&zones), OK);
    return zones;
}

static struct local_time local_time(const char *text)
{
    struct local_time local = {0};
    ck_assert_msg(local_read(span_text(text), &local), "%s", text);
    return local;
}

static int64_t instant(const char *text)
{
    int64_t time_ms = 0;
    ck_assert_int_eq(instant_parse(span_text(text), &time_ms), INSTANT_OK);
    return time_ms;
}

static const struct {
    const char *zone, *local, *utc, *why;
} locals[] = {
    {"UTC",                 "2026-04-20T09:00", "2026-04-20T09:00:00Z", "an ordinary day"                                     },
    {"Europe/Berlin",       "2026-01-15T09:00", "2026-01-15T08:00:00Z", "winter"                                              },
    {"Europe/Berlin",       "2026-07-15T09:00", "2026-07-15T07:00:00Z", "summer"                                              },
    {"Europe/Berlin",       "2026-03-29T01:59", "2026-03-29T00:59:00Z", "the minute before the gap"                           },
    {"Europe/Berlin",       "2026-03-29T02:00", "2026-03-29T01:00:00Z", "gap: the first minute that does not exist"           },
    {"Europe/Berlin",       "2026-03-29T02:30", "2026-03-29T01:00:00Z", "gap: its middle, the same instant"                   },
    {"Europe/Berlin",       "2026-03-29T02:59", "2026-03-29T01:00:00Z", "gap: its last minute, the same instant"              },
    {"Europe/Berlin",       "2026-03-29T03:00", "2026-03-29T01:00:00Z", "the first minute after the gap"                      },
    {"Europe/Berlin",       "2026-10-25T01:59", "2026-10-24T23:59:00Z", "the minute before the doubled hour"                  },
    {"Europe/Berlin",       "2026-10-25T02:00", "2026-10-25T00:00:00Z", "twice: the first, in summer time"                    },
    {"Europe/Berlin",       "2026-10-25T02:59", "2026-10-25T00:59:00Z", "twice: the first, in summer time"                    },
    {"Europe/Berlin",       "2026-10-25T03:00", "2026-10-25T02:00:00Z", "once again: winter time"                             },
    {"Europe/London",       "2026-03-29T01:30", "2026-03-29T01:00:00Z",
     "gap: an hour before Berlin's by the clock, the same instant"                                                            },
    {"Europe/London",       "1970-06-01T12:00", "1970-06-01T11:00:00Z",
     "British Standard Time: an hour ahead all year, until 1971"                                                              },
    {"Europe/Dublin",       "2026-01-15T09:00", "2026-01-15T09:00:00Z", "negative summer time: winter is the exception"       },
    {"Europe/Dublin",       "2026-03-29T01:30", "2026-03-29T01:00:00Z",
     "gap, by a rule whose winter time is \"summer time\" of minus an hour"                                                   },
    {"Europe/Dublin",       "2026-10-25T01:30", "2026-10-25T00:30:00Z", "twice: the first, in Irish Standard Time"            },
    {"Africa/Casablanca",   "2026-02-15T02:30", "2026-02-15T01:30:00Z", "twice: clocks go back for Ramadan"                   },
    {"Africa/Casablanca",   "2026-03-22T02:30", "2026-03-22T02:00:00Z", "gap: and forward after it"                           },
    {"Europe/Moscow",       "2011-03-27T02:30", "2011-03-26T23:00:00Z", "gap: forward for good"                               },
    {"Europe/Moscow",       "2014-10-26T01:30", "2014-10-25T21:30:00Z", "twice: back for good, not by the season"             },
    {"Europe/Istanbul",     "2016-10-30T03:30", "2016-10-30T00:30:00Z", "once: Turkey stayed in summer time from then on"     },
    {"America/New_York",    "2026-03-08T02:30", "2026-03-08T07:00:00Z", "gap"                                                 },
    {"America/New_York",    "2026-11-01T01:30", "2026-11-01T05:30:00Z", "twice: the first, in daylight time"                  },
    {"America/New_York",    "2006-04-02T02:30", "2006-04-02T07:00:00Z",
     "gap, by the rule before 2007: the first Sunday of April"                                                                },
    {"America/New_York",    "2007-04-01T02:30", "2007-04-01T06:30:00Z", "once: that rule was changed in 2007"                 },
    {"America/New_York",    "1974-01-06T02:30", "1974-01-06T07:00:00Z", "gap in the winter of the oil crisis"                 },
    {"America/St_Johns",    "2026-01-15T09:00", "2026-01-15T12:30:00Z", "half an hour beside the full hours"                  },
    {"America/St_Johns",    "2006-10-29T00:00", "2006-10-29T02:30:00Z",
     "twice: clocks went back at one minute past midnight; the first"                                                         },
    {"America/St_Johns",    "2006-04-02T00:30", "2006-04-02T03:31:00Z", "gap at one minute past midnight"                     },
    {"America/Havana",      "2026-11-01T00:00", "2026-11-01T04:00:00Z", "midnight twice: the first"                           },
    {"America/Havana",      "2026-03-08T00:00", "2026-03-08T05:00:00Z", "no midnight: the day begins at one"                  },
    {"America/Santiago",    "2026-09-06T00:00", "2026-09-06T04:00:00Z", "no midnight: the day begins at one"                  },
    {"America/Asuncion",    "2023-10-01T00:00", "2023-10-01T04:00:00Z", "no midnight"                                         },
    {"America/Asuncion",    "2026-10-04T00:00", "2026-10-04T03:00:00Z", "once: Paraguay stayed in summer time in 2024"        },
    {"America/Sao_Paulo",   "2018-11-04T00:00", "2018-11-04T03:00:00Z", "no midnight"                                         },
    {"America/Sao_Paulo",   "2026-11-01T00:00", "2026-11-01T03:00:00Z", "once: Brazil ended summer time in 2019"              },
    {"America/Mexico_City", "2026-07-15T09:00", "2026-07-15T15:00:00Z", "Mexico ended summer time in 2022"                    },
    {"America/Caracas",     "2016-05-01T02:45", "2016-05-01T07:00:00Z", "gap of half an hour, for good"                       },
    {"America/Caracas",     "2007-12-09T02:45", "2007-12-09T06:45:00Z", "twice, by half an hour"                              },
    {"America/Nuuk",        "2026-03-28T23:30", "2026-03-29T01:00:00Z", "gap on a Saturday evening: with Europe's instant"    },
    {"Asia/Kolkata",        "2026-04-20T09:00", "2026-04-20T03:30:00Z", "half an hour"                                        },
    {"Asia/Calcutta",       "2026-04-20T09:00", "2026-04-20T03:30:00Z", "a link: the same zone under its old name"            },
    {"Asia/Kathmandu",      "2026-04-20T09:00", "2026-04-20T03:15:00Z", "three quarters of an hour"                           },
    {"Asia/Kathmandu",      "1986-01-01T00:05", "1985-12-31T18:30:00Z", "gap of a quarter of an hour, for good"               },
    {"Asia/Tehran",         "2022-03-22T00:00", "2022-03-21T20:30:00Z", "no midnight, the last time"                          },
    {"Asia/Tehran",         "2026-03-22T00:00", "2026-03-21T20:30:00Z", "once: Iran ended summer time in 2022"                },
    {"Asia/Pyongyang",      "2015-08-15T00:00", "2015-08-14T15:30:00Z",
     "at midnight clocks went back to half past eleven: it came later"                                                        },
    {"Asia/Pyongyang",      "2018-05-04T23:45", "2018-05-04T15:00:00Z", "gap of half an hour, for good"                       },
    {"Asia/Manila",         "1990-05-21T00:00", "1990-05-20T16:00:00Z", "no midnight: summer time of one year"                },
    {"Asia/Gaza",           "2025-04-12T02:30", "2025-04-12T00:00:00Z", "gap on a Saturday: after Ramadan, by decree"         },
    {"Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30:00Z", "gap of half an hour"                                 },
    {"Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45:00Z", "twice, by half an hour: the first"                   },
    {"Australia/Lord_Howe", "2026-04-05T02:00", "2026-04-04T15:30:00Z", "once again"                                          },
    {"Australia/Sydney",    "2026-10-04T02:30", "2026-10-03T16:00:00Z", "gap in the spring of the south"                      },
    {"Australia/Sydney",    "2026-04-05T02:30", "2026-04-04T15:30:00Z", "twice, in its autumn: the first"                     },
    {"Australia/Eucla",     "2026-04-20T09:00", "2026-04-20T00:15:00Z", "three quarters of an hour"                           },
    {"Pacific/Chatham",     "2026-09-27T03:00", "2026-09-26T14:00:00Z", "gap at a quarter to three"                           },
    {"Pacific/Chatham",     "2026-04-05T03:00", "2026-04-04T13:15:00Z", "twice: the first"                                    },
    {"Pacific/Apia",        "2011-12-29T23:59", "2011-12-30T09:59:00Z", "the last minute before the skipped day"              },
    {"Pacific/Apia",        "2011-12-30T12:00", "2011-12-30T10:00:00Z", "a day that there was not: the beginning of the next" },
    {"Pacific/Apia",        "2011-12-31T00:00", "2011-12-30T10:00:00Z", "that beginning"                                      },
    {"Pacific/Kwajalein",   "1993-08-21T12:00", "1993-08-21T12:00:00Z", "a day that there was not"                            },
    {"Pacific/Kiritimati",  "1994-12-31T12:00", "1994-12-31T10:00:00Z", "a day that there was not"                            },
    {"Antarctica/Troll",    "2026-03-29T02:00", "2026-03-29T01:00:00Z", "gap of two hours: its middle"                        },
    {"Antarctica/Troll",    "2026-10-25T01:30", "2026-10-24T23:30:00Z", "twice, two hours apart: the first"                   },
    {"Africa/Monrovia",     "1972-01-07T00:30", "1972-01-07T00:44:30Z",
     "gap of 44 minutes and 30 seconds: Liberia takes up full minutes"                                                        },
    {"Africa/Monrovia",     "1971-06-01T09:00", "1971-06-01T09:44:30Z", "an offset with seconds"                              },
    {"Europe/Berlin",       "2040-03-25T02:30", "2040-03-25T01:00:00Z", "gap beyond the zone file's end: by its rule"         },
    {"America/New_York",    "2099-11-01T01:30", "2099-11-01T05:30:00Z", "twice, by the rule, the same on and on"              },
    {"Etc/GMT+12",          "2026-04-20T09:00", "2026-04-20T21:00:00Z", "the last place on earth: signs are as POSIX has them"},
    {"Pacific/Auckland",    "2026-09-27T02:59", "2026-09-26T14:00:00Z", "gap: the last minute of it"                          },
};

START_TEST(a_local_time_is_the_instant_at_which_clocks_show_it)
{
    OWNED(zones_close) struct zones *zones = open_zones();
    for (size_t i = 0; i < ROWS(locals); i++) {
        char text[64];
        struct buf out = buf_of(text, sizeof text);
        int64_t time_ms = 0;
        ck_assert_int_eq(local_instant(zones, span_text(locals[i].zone), local_time(locals[i].local), &time_ms), OK);
        instant_write(&out, time_ms);
        ck_assert_msg(span_equal(buf_span(&out), span_text(locals[i].utc)), "%s %s: %s, not %s: %s", locals[i].zone,
                      locals[i].local, buf_terminated(&out), locals[i].utc, locals[i].why);
    }
}

END_TEST

START_TEST(what_is_no_zone_or_beyond_the_calendar_has_no_instant)
{
    OWNED(zones_close) struct zones *zones = open_zones();
    int64_t time_ms = 7;
    struct local_time local = {.day = 7, .minute = 7};
    const struct local_time last = local_time("9999-12-31T23:59");
    ck_assert_int_eq(local_instant(zones, SPAN("Europe/Atlantis"), local, &time_ms), ERR_NOT_FOUND);
    ck_assert_int_eq(local_instant(zones, SPAN("UTC"), (struct local_time){.day = -1}, &time_ms), ERR_RANGE);
    ck_assert_int_eq(local_instant(zones, SPAN("UTC"), (struct local_time){.day = last.day + 1}, &time_ms), ERR_RANGE);
    ck_assert_int_eq(local_instant(zones, SPAN("Etc/GMT+12"), last, &time_ms), ERR_RANGE);
    ck_assert_int_eq(local_of(zones, SPAN("Europe/Atlantis"), 0, &local), ERR_NOT_FOUND);
    ck_assert_int_eq(local_of(zones, SPAN("UTC"), -1, &local), ERR_RANGE);
    ck_assert_int_eq(local_of(zones, SPAN("UTC"), INT64_MAX, &local), ERR_RANGE);
    ck_assert_int_eq(local_next_weekly(zones, SPAN("Europe/Atlantis"), MONDAY, 0, 0, &time_ms), ERR_NOT_FOUND);
    ck_assert_int_eq(local_next_weekly(zones, SPAN("UTC"), MONDAY, 0, instant("9999-12-31T00:00:00Z"), &time_ms),
                     ERR_RANGE);
    ck_assert_int_eq(time_ms, 7);
    ck_assert_int_eq(local.day, 7);
    ck_assert_int_eq(local_instant(zones, SPAN("UTC"), last, &time_ms), OK);
    ck_assert_int_eq(time_ms, instant("9999-12-31T23:59:00Z"));
    ck_assert_int_eq(local_instant(zones, SPAN("Asia/Tokyo"), (struct local_time){0}, &time_ms), OK);
    ck_assert_int_eq(time_ms, -9 * HOUR_MS);
    ck_assert_int_eq(local_of(zones, SPAN("America/New_York"), 0, &local), OK);
    ck_assert_int_eq(local.day, -1);
    ck_assert_int_eq(local.minute, 19 * 60);
}

END_TEST

/* zdump. A stretch is what a zone's clocks do between two changes. */
#define STRETCHES_MAX 1200
#define ZONES_MAX 700
#define LOCALS 100000
#define BEGIN_S ((int64_t)-2 * 86400)

struct stretch {
    int64_t begin_s;
    long offset_s;
};

struct dumped {
    char name[64];
    size_t of; /* the one whose clock it has: itself, or a link's target */
    size_t count;
    struct stretch stretches[STRETCHES_MAX];
};

static void run_zdump(const char *path, char **names)
{
    static char flag_v[] = "-v";
    static char flag_c[] = "-c";
    static char years[] = "1969,2045";
    static char program[] = "zdump";
    char *arguments[ZONES_MAX + 5] = {program, flag_v, flag_c, years};
    size_t count = 4;
    for (size_t i = 0; names[i] != NULL; i++) {
        arguments[count++] = names[i];
    }
    posix_spawn_file_actions_t actions;
    pid_t child = 0;
    int status = 0;
    ck_assert_int_eq(posix_spawn_file_actions_init(&actions), 0);
    ck_assert_int_eq(posix_spawn_file_actions_addopen(&actions, 1, path, O_WRONLY | O_CREAT | O_TRUNC, 0600), 0);
    ck_assert_int_eq(posix_spawnp(&child, program, &actions, NULL, arguments, environ), 0);
    ck_assert_int_eq(posix_spawn_file_actions_destroy(&actions), 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}

/* A link's clock is its target's: zdump is not asked for it again. */
static void add_link(struct dumped *zones, size_t count, const char *target)
{
    size_t of = 0;
    while (of < count && strcmp(zones[of].name, target) != 0) {
        of++;
    }
    ck_assert_uint_lt(of, count);
    zones[count].of = of;
}

/* What the C library says that a zone's clocks showed first. */
static void add_zone(struct dumped *zone)
{
    const time_t begin = BEGIN_S;
    struct tm tm;
    ck_assert_int_eq(setenv("TZ", zone->name, 1), 0);
    tzset();
    ck_assert_ptr_nonnull(localtime_r(&begin, &tm));
    zone->stretches[0] = (struct stretch){.begin_s = BEGIN_S, .offset_s = tm.tm_gmtoff};
    zone->count = 1;
}

/* Every name of tzdata.zi, links behind all zones; names: those of zones alone. */
static size_t list_zones(struct dumped *zones, char **names)
{
    FILE *list = fopen(ZONES_FOLDER "/tzdata.zi", "r");
    ck_assert_ptr_nonnull(list);
    char line[500];
    char target[64];
    size_t count = 0;
    while (fgets(line, sizeof line, list) != NULL) {
        struct dumped *zone = &zones[count];
        zone->of = count;
        if (sscanf(line, "Z %63s", zone->name) == 1 && strcmp(zone->name, "Factory") != 0) {
            add_zone(zone);
            names[count++] = zone->name;
        } else if (sscanf(line, "L %63s %63s", target, zone->name) == 2) {
            add_link(zones, count++, target);
        }
        ck_assert_uint_lt(count, ZONES_MAX);
    }
    (void)fclose(list);
    return count;
}

/* "Europe/Berlin  Sun Mar 29 01:00:00 2026 UT = Sun Mar 29 03:00:00 2026 CEST isdst=1 gmtoff=7200" */
static void read_line(const char *line, struct dumped *zones, size_t count, size_t *at)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char name[64], month[4];
    int day, hour, minute, second, year;
    const char *offset = strstr(line, "gmtoff=");
    if (offset == NULL ||
        sscanf(line, "%63s %*3s %3s %d %d:%d:%d %d UT", name, month, &day, &hour, &minute, &second, &year) != 7) {
        ck_assert_ptr_nonnull(strstr(line, "NULL")); /* the ends of its time */
        return;
    }
    while (*at < count && strcmp(zones[*at].name, name) != 0) {
        ++*at; /* zdump keeps the order */
    }
    ck_assert_uint_lt(*at, count);
    struct dumped *zone = &zones[*at];
    const int64_t days = instant_days(year, (int)(strstr(months, month) - months) / 3 + 1, day);
    const int64_t time_s = days * 86400 + hour * 3600 + minute * 60 + second;
    const long offset_s = strtol(offset + strlen("gmtoff="), NULL, 10);
    if (time_s > BEGIN_S && offset_s != zone->stretches[zone->count - 1].offset_s) {
        ck_assert_uint_lt(zone->count, STRETCHES_MAX);
        zone->stretches[zone->count++] = (struct stretch){.begin_s = time_s, .offset_s = offset_s};
    }
}

static size_t dump_zones(struct dumped *zones)
{
    static char *names[ZONES_MAX + 1];
    char folder[FOLDER_MAX];
    char path[FOLDER_MAX + 16];
    char line[500];
    size_t at = 0;
    make_folder(folder);
    (void)snprintf(path, sizeof path, "%s/zdump", folder);
    const size_t count = list_zones(zones, names);
    run_zdump(path, names);
    FILE *dump = fopen(path, "r");
    ck_assert_ptr_nonnull(dump);
    while (fgets(line, sizeof line, dump) != NULL) {
        read_line(line, zones, count, &at);
    }
    (void)fclose(dump);
    remove_folder(folder);
    return count;
}

/* The first second that shows the local time or a later one. */
static int64_t first_second(const struct dumped *zone, int64_t local_s)
{
    for (size_t i = 0; i < zone->count; i++) {
        const struct stretch *stretch = &zone->stretches[i];
        const int64_t end_s = i + 1 < zone->count ? zone->stretches[i + 1].begin_s : INT64_MAX;
        const int64_t time_s = local_s - stretch->offset_s;
        if (time_s < end_s) {
            return time_s < stretch->begin_s ? stretch->begin_s : time_s;
        }
    }
    ck_abort();
}

/* Half of them within two days of a change, where there is one. */
static struct local_time draw_local(struct prng *prng, const struct dumped *zone)
{
    int64_t minutes = (int64_t)prng_below(prng, 74 * 366 * MINUTES_PER_DAY);
    if (zone->count > 1 && prng_below(prng, 2) == 0) {
        const size_t change = 1 + (size_t)prng_below(prng, (uint32_t)zone->count - 1);
        minutes =
            zone->stretches[change].begin_s / 60 - MINUTES_PER_DAY + (int64_t)prng_below(prng, 3 * MINUTES_PER_DAY);
        minutes = minutes < 0 ? 0 : minutes;
    }
    return (struct local_time){.day = minutes / MINUTES_PER_DAY, .minute = (int)(minutes % MINUTES_PER_DAY)};
}

START_TEST(every_zone_s_local_times_are_the_instants_that_zdump_has)
{
    OWNED(zones_close) struct zones *zones = open_zones();
    struct dumped *dumped = calloc(ZONES_MAX, sizeof *dumped);
    ck_assert_ptr_nonnull(dumped);
    const size_t count = dump_zones(dumped);
    struct prng prng;
    prng_seed(&prng, 100000);
    ck_assert_uint_gt(count, 500);
    size_t changes = 0;
    for (size_t i = 0; i < LOCALS; i++) {
        const char *name = dumped[i % count].name;
        const struct dumped *zone = &dumped[dumped[i % count].of];
        const struct local_time local = draw_local(&prng, zone);
        const int64_t expected_s = first_second(zone, local.day * 86400 + local.minute * 60);
        int64_t time_ms = 0;
        ck_assert_int_eq(local_instant(zones, span_text(name), local, &time_ms), OK);
        ck_assert_msg(time_ms == expected_s * SECOND_MS, "%s, day %lld, minute %d: %lld, not %lld", name,
                      (long long)local.day, local.minute, (long long)time_ms / 1000, (long long)expected_s);
        changes += i < count ? zone->count - 1 : 0;
    }
    ck_assert_uint_gt(changes, 20000);
    free(dumped);
}

END_TEST

/* A year of weekly slots. */
static const char *const year_zones[] = {"Europe/Berlin",    "America/New_York",    "Australia/Sydney",
                                         "America/Santiago", "Australia/Lord_Howe", "Asia/Kolkata",
                                         "Africa/Casablanca"};
static const int year_minutes[] = {0, 9 * 60 + 30, 2 * 60, 2 * 60 + 30, 2 * 60 + 59, 23 * 60 + 59};

/* Every instant of the slot from 2025-12-29, a Monday, on; the C library says what the zone's clocks show then. */
static void check_year(const struct zones *zones, const char *zone, enum weekday weekday, int minute, int *ret_moved)
{
    const struct local_time first = local_time("2025-12-29T00:00");
    int64_t from_ms = 0;
    ck_assert_int_eq(local_instant(zones, span_text(zone), first, &from_ms), OK);
    for (int week = 0; week < 54; week++) {
        int64_t time_ms = 0;
        struct tm tm;
        ck_assert_int_eq(local_next_weekly(zones, span_text(zone), weekday, minute, from_ms, &time_ms), OK);
        ck_assert_int_ge(time_ms, from_ms);
        const time_t time_s = time_ms / SECOND_MS;
        ck_assert_ptr_nonnull(localtime_r(&time_s, &tm));
        const int64_t day = instant_days(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
        ck_assert_int_eq(day, first.day + 7 * week + weekday - MONDAY); /* none twice, none skipped */
        const int shown = tm.tm_hour * 60 + tm.tm_min;
        if (shown != minute) {
            /* within a gap: the second before shows an earlier time of the day, or the evening before */
            const time_t before_s = time_s - 1;
            const int mday = tm.tm_mday;
            ck_assert_ptr_nonnull(localtime_r(&before_s, &tm));
            ck_assert_int_gt(shown, minute);
            ck_assert(tm.tm_mday != mday || tm.tm_hour * 60 + tm.tm_min < minute);
            ++*ret_moved;
        }
        from_ms = time_ms + 1;
    }
}

START_TEST(a_weekly_slot_comes_once_a_week_at_its_wall_clock_time)
{
    OWNED(zones_close) struct zones *zones = open_zones();
    int moved = 0;
    for (size_t i = 0; i < ROWS(year_zones); i++) {
        ck_assert_int_eq(setenv("TZ", year_zones[i], 1), 0);
        tzset();
        for (enum weekday weekday = MONDAY; weekday <= SUNDAY; weekday++) {
            for (size_t k = 0; k < ROWS(year_minutes); k++) {
                check_year(zones, year_zones[i], weekday, year_minutes[k], &moved);
            }
        }
    }
    /* At 02:00, 02:30 and 02:59 in Berlin, New York, Sydney, Casablanca; but 02:30 and 02:59 exist in Lord Howe; at
     * 00:00 in Santiago. */
    ck_assert_int_eq(moved, 4 * 3 + 1 + 1);
}

END_TEST

static const struct {
    const char *zone;
    enum weekday weekday;
    const char *minute, *from, *next;
} weeklies[] = {
    {"UTC",          MONDAY,   "09:00", "2026-04-20T09:00:00Z",     "2026-04-20T09:00:00Z"}, /* at it */
    {"UTC",          MONDAY,   "09:00", "2026-04-20T09:00:00.001Z", "2026-04-27T09:00:00Z"},
    {"UTC",          SUNDAY,   "23:59", "2026-04-20T00:00:00Z",     "2026-04-26T23:59:00Z"},
    {"UTC",          THURSDAY, "00:00", "1970-01-01T00:00:00Z",     "1970-01-01T00:00:00Z"},
    {"Asia/Tokyo",   THURSDAY, "00:00", "1970-01-01T00:00:00Z",     "1970-01-07T15:00:00Z"},
    {"Asia/Tokyo",   THURSDAY, "09:00", "1970-01-01T00:00:00Z",     "1970-01-01T00:00:00Z"},
    {"Pacific/Apia", FRIDAY,   "09:00", "2011-12-30T09:59:59Z",     "2011-12-30T10:00:00Z"}, /* a Friday there was not */
    {"Pacific/Apia", FRIDAY,   "09:00", "2011-12-30T10:00:00Z",     "2011-12-30T10:00:00Z"}, /* asked on Saturday, at it */
    {"Pacific/Apia", FRIDAY,   "09:00", "2011-12-30T10:00:00.001Z", "2012-01-05T19:00:00Z"},
};

START_TEST(the_next_of_a_weekly_slot_is_at_or_after_an_instant)
{
    OWNED(zones_close) struct zones *zones = open_zones();
    for (size_t i = 0; i < ROWS(weeklies); i++) {
        int minute = 0;
        int64_t time_ms = 0;
        ck_assert(local_read_minute(span_text(weeklies[i].minute), &minute));
        ck_assert_int_eq(local_next_weekly(zones, span_text(weeklies[i].zone), weeklies[i].weekday, minute,
                                           instant(weeklies[i].from), &time_ms),
                         OK);
        ck_assert_msg(time_ms == instant(weeklies[i].next), "row %zu: %lld", i, (long long)time_ms);
    }
}

END_TEST

START_TEST(months_have_their_days)
{
    int64_t day = 0;
    const int64_t month = local_month(local_time("2026-02-14T00:00").day);
    ck_assert_int_eq(local_weekday(0), THURSDAY);
    ck_assert_int_eq(local_weekday(-4), SUNDAY);
    ck_assert_int_eq(local_weekday(local_time("2026-04-20T00:00").day), MONDAY);
    ck_assert_int_eq(local_month_first(month), local_time("2026-02-01T00:00").day);
    ck_assert_int_eq(local_month_last(month), local_time("2026-02-28T00:00").day);
    ck_assert_int_eq(local_month_last(month + 24), local_time("2028-02-29T00:00").day);
    ck_assert_int_eq(local_month_first(month + 11), local_time("2027-01-01T00:00").day);
    ck_assert(local_month_nth(month, 1, SUNDAY, &day));
    ck_assert_int_eq(day, local_time("2026-02-01T00:00").day);
    ck_assert(local_month_nth(month, 4, SATURDAY, &day));
    ck_assert_int_eq(day, local_time("2026-02-28T00:00").day);
    ck_assert(!local_month_nth(month, 5, SUNDAY, &day));
    ck_assert(local_month_nth(month + 1, 5, SUNDAY, &day));
    ck_assert_int_eq(day, local_time("2026-03-29T00:00").day);
    ck_assert_int_eq(local_month_last_weekday(month, FRIDAY), local_time("2026-02-27T00:00").day);
    ck_assert_int_eq(local_month_last_weekday(month + 1, TUESDAY), local_time("2026-03-31T00:00").day);
}

END_TEST

static const char *const no_locals[] = {"",
                                        "2026-04-20",
                                        "2026-04-20T9:00",
                                        "2026-04-20T09:00:00",
                                        "2026-04-20 09:00",
                                        "2026-04-20t09:00",
                                        "2026-02-29T09:00",
                                        "2026-13-01T09:00",
                                        "2026-00-01T09:00",
                                        "2026-04-00T09:00",
                                        "1969-12-31T09:00",
                                        "2026-04-20T24:00",
                                        "2026-04-20T09:60",
                                        "2026-04-20T0a:00",
                                        "2026/04/20T09:00",
                                        "2026-04-20T09.00",
                                        "+026-04-20T09:00"};

START_TEST(local_times_are_read_strictly_and_written_alike)
{
    struct local_time local;
    for (size_t i = 0; i < ROWS(no_locals); i++) {
        ck_assert_msg(!local_read(span_text(no_locals[i]), &local), "%s", no_locals[i]);
    }
    static const char *const good[] = {"1970-01-01T00:00", "2024-02-29T23:59", "9999-12-31T09:05"};
    for (size_t i = 0; i < ROWS(good); i++) {
        char text[LOCAL_TEXT_LEN];
        struct buf out = buf_of(text, sizeof text);
        local = local_time(good[i]);
        local_write(&out, local);
        ck_assert(span_equal(buf_span(&out), span_text(good[i])));
        ck_assert_int_eq(local_compare(local, local_time(good[i])), 0);
        out.len = 0;
        local_write_minute(&out, local.minute);
        ck_assert(span_equal(buf_span(&out), span_of((const uint8_t *)good[i] + 11, 5)));
    }
    ck_assert_int_lt(local_compare(local_time(good[0]), local_time(good[1])), 0);
    ck_assert_int_gt(local_compare(local_time("2026-04-20T09:01"), local_time("2026-04-20T09:00")), 0);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("local");
    TCase *tcase = tcase_create("local");
    tcase_set_timeout(tcase, 280);
    tcase_add_test(tcase, a_local_time_is_the_instant_at_which_clocks_show_it);
    tcase_add_test(tcase, what_is_no_zone_or_beyond_the_calendar_has_no_instant);
    tcase_add_test(tcase, every_zone_s_local_times_are_the_instants_that_zdump_has);
    tcase_add_test(tcase, a_weekly_slot_comes_once_a_week_at_its_wall_clock_time);
    tcase_add_test(tcase, the_next_of_a_weekly_slot_is_at_or_after_an_instant);
    tcase_add_test(tcase, months_have_their_days);
    tcase_add_test(tcase, local_times_are_read_strictly_and_written_alike);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
