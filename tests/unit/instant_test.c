/* instant_test.c: date-times are read as RFC 3339 and no looser, and written back the same. */
#include "core/calendar/instant.h"

#include <check.h>
#include <time.h>

#include "core/base/limits.h"
#include "core/base/prng.h"
#include "tests/suite.h"

#define ROWS(table_) (sizeof(table_) / sizeof *(table_))

static const struct {
    const char *text;
    enum instant_fault fault;
    int64_t ms;
} readings[] = {
  /* the examples of the product's rules and of RFC 3339 section 5.8 */
    {"2026-04-20T14:00:00Z",                              INSTANT_OK,              1776693600000  },
    {"2026-04-20T10:00:00-04:00",                         INSTANT_OK,              1776693600000  },
    {"1985-04-12T23:20:50.52Z",                           INSTANT_OK,              482196050520   },
    {"1996-12-19T16:39:57-08:00",                         INSTANT_OK,              851042397000   },
    {"1990-12-31T23:59:60Z",                              INSTANT_INVALID,         0              },
    {"1990-12-31T15:59:60-08:00",                         INSTANT_INVALID,         0              },
    {"1937-01-01T12:00:27.87+00:20",                      INSTANT_INVALID,         0              },
 /* offsets */
    {"2026-04-20T19:30:00+05:30",                         INSTANT_OK,              1776693600000  },
    {"2026-04-20T19:45:00+05:45",                         INSTANT_OK,              1776693600000  },
    {"2026-04-21T02:45:00+12:45",                         INSTANT_OK,              1776693600000  },
    {"2026-04-21T13:59:00+23:59",                         INSTANT_OK,              1776693600000  },
    {"2026-04-19T14:01:00-23:59",                         INSTANT_OK,              1776693600000  },
    {"2026-04-20T14:00:00+00:00",                         INSTANT_OK,              1776693600000  },
    {"2026-04-20T14:00:00",                               INSTANT_OFFSET_REQUIRED, 0              },
    {"2026-04-20T14:00:00.5",                             INSTANT_OFFSET_REQUIRED, 0              },
    {"2026-04-20T14:00:00-00:00",                         INSTANT_OFFSET_REQUIRED, 0              },
    {"2026-04-20T14:00:00-00:00x",                        INSTANT_INVALID,         0              },
    {"2026-04-20T14:00:00-00:01",                         INSTANT_OK,              1776693660000  },
    {"2026-04-20T14:00:00+24:00",                         INSTANT_INVALID,         0              },
    {"2026-04-20T14:00:00-24:00",                         INSTANT_INVALID,         0              },
    {"2026-04-20T14:00:00+05:60",                         INSTANT_INVALID,         0              },
    {"2026-04-20T14:00:00+0530",                          INSTANT_INVALID,         0              },
    {"2026-04-20T14:00:00+05",                            INSTANT_INVALID,         0              },
    {"2026-04-20T14:00:00+5:30",                          INSTANT_INVALID,         0              },
    {"2026-04-20T14:00:00+05:30Z",                        INSTANT_INVALID,         0              },
    {"2026-04-20T14:00:00 Z",                             INSTANT_INVALID,         0              },
    {"2026-04-20T14:00:00 +05:30",                        INSTANT_INVALID,         0              },
    {"2026-04-20T14:00:00\xE2\x88\x92"
     "04:00",                                        INSTANT_INVALID,         0              }, /* U+2212 is no hyphen */
    {"2026-04-20T14:00:00[Europe/Berlin]",                INSTANT_INVALID,         0              },
    {"2026-04-20T14:00:00Z[Europe/Berlin]",               INSTANT_INVALID,         0              },
 /* fractions are cut, not rounded */
    {"2026-04-20T14:00:00.0Z",                            INSTANT_OK,              1776693600000  },
    {"2026-04-20T14:00:00.1Z",                            INSTANT_OK,              1776693600100  },
    {"2026-04-20T14:00:00.12Z",                           INSTANT_OK,              1776693600120  },
    {"2026-04-20T14:00:00.123Z",                          INSTANT_OK,              1776693600123  },
    {"2026-04-20T14:00:00.1239Z",                         INSTANT_OK,              1776693600123  },
    {"2026-04-20T14:00:00.9999999999999999999999999999Z", INSTANT_OK,              1776693600999  },
    {"2026-04-20T14:00:00.000Z",                          INSTANT_OK,              1776693600000  },
    {"2026-04-20T14:00:00.Z",                             INSTANT_INVALID,         0              },
    {"2026-04-20T14:00:00,5Z",                            INSTANT_INVALID,         0              },
    {"2026-04-20T14:00:00.5.5Z",                          INSTANT_INVALID,         0              },
 /* times */
    {"2026-04-20T00:00:00Z",                              INSTANT_OK,              1776643200000  },
    {"2026-04-20T23:59:59Z",                              INSTANT_OK,              1776729599000  },
    {"2026-04-20T24:00:00Z",                              INSTANT_INVALID,         0              },
    {"2026-04-20T14:60:00Z",                              INSTANT_INVALID,         0              },
    {"2026-04-20T14:00:60Z",                              INSTANT_INVALID,         0              },
    {"2026-06-30T23:59:60Z",                              INSTANT_INVALID,         0              },
    {"2026-04-20T14:00Z",                                 INSTANT_INVALID,         0              },
    {"2026-04-20T14:00",                                  INSTANT_INVALID,         0              },
    {"2026-04-20T1:00:00Z",                               INSTANT_INVALID,         0              },
    {"2026-04-20T140000Z",                                INSTANT_INVALID,         0              },
    {"2026-04-20T14:00:-1Z",                              INSTANT_INVALID,         0              },
    {"2026-04-20T+4:00:00Z",                              INSTANT_INVALID,         0              },
 /* dates */
    {"2026-02-28T00:00:00Z",                              INSTANT_OK,              1772236800000  },
    {"2026-02-29T00:00:00Z",                              INSTANT_INVALID,         0              },
    {"2024-02-29T00:00:00Z",                              INSTANT_OK,              1709164800000  },
    {"2000-02-29T00:00:00Z",                              INSTANT_OK,              951782400000   },
    {"2100-02-29T00:00:00Z",                              INSTANT_INVALID,         0              },
    {"2026-02-30T00:00:00",                               INSTANT_INVALID,         0              }, /* a false date is worse than no offset */
    {"2026-04-31T00:00:00Z",                              INSTANT_INVALID,         0              },
    {"2026-00-10T00:00:00Z",                              INSTANT_INVALID,         0              },
    {"2026-13-10T00:00:00Z",                              INSTANT_INVALID,         0              },
    {"2026-04-00T00:00:00Z",                              INSTANT_INVALID,         0              },
    {"2026-12-31T23:59:59.999Z",                          INSTANT_OK,              1798761599999  },
    {"2026-04-20",                                        INSTANT_INVALID,         0              },
    {"20260420T140000Z",                                  INSTANT_INVALID,         0              },
    {"2026-W17-1T14:00:00Z",                              INSTANT_INVALID,         0              },
    {"2026-110T14:00:00Z",                                INSTANT_INVALID,         0              },
    {"26-04-20T14:00:00Z",                                INSTANT_INVALID,         0              },
 /* years */
    {"1970-01-01T00:00:00Z",                              INSTANT_OK,              0              },
    {"1970-01-01T00:00:00.001Z",                          INSTANT_OK,              1              },
    {"1970-01-01T00:00:00+00:01",                         INSTANT_INVALID,         0              },
    {"1969-12-31T23:59:59-01:00",                         INSTANT_INVALID,         0              },
    {"9999-12-31T23:59:59.999Z",                          INSTANT_OK,              253402300799999},
    {"9999-12-31T23:59:59-00:01",                         INSTANT_INVALID,         0              },
    {"0000-01-01T00:00:00Z",                              INSTANT_INVALID,         0              },
    {"10000-01-01T00:00:00Z",                             INSTANT_INVALID,         0              },
    {"+2026-04-20T14:00:00Z",                             INSTANT_INVALID,         0              },
    {"-2026-04-20T14:00:00Z",                             INSTANT_INVALID,         0              },
 /* letters and the rest */
    {"2026-04-20t14:00:00z",                              INSTANT_OK,              1776693600000  },
    {"2026-04-20 14:00:00Z",                              INSTANT_INVALID,         0              },
    {"2026-04-20_14:00:00Z",                              INSTANT_INVALID,         0              },
    {"2026/04/20T14:00:00Z",                              INSTANT_INVALID,         0              },
    {" 2026-04-20T14:00:00Z",                             INSTANT_INVALID,         0              },
    {"2026-04-20T14:00:00Z ",                             INSTANT_INVALID,         0              },
    {"2026-04-20T14:00:00ZZ",                             INSTANT_INVALID,         0              },
    {"2026-04-20T14:00:00\xEF\xBC\xBA",                   INSTANT_INVALID,         0              }, /* a full-width Z */
    {"\xD9\xA2"
     "026-04-20T14:00:00Z",                          INSTANT_INVALID,         0              }, /* an Arabic digit */
    {"1776693600",                                        INSTANT_INVALID,         0              },
    {"now",                                               INSTANT_INVALID,         0              },
    {"",                                                  INSTANT_INVALID,         0              },
};

START_TEST(a_date_time_is_read_or_refused)
{
    for (size_t i = 0; i < ROWS(readings); i++) {
        const bool is_read = readings[i].fault == INSTANT_OK;
        int64_t ms = -1;
        ck_assert_msg(instant_parse(span_text(readings[i].text), &ms) == readings[i].fault, "%s", readings[i].text);
        ck_assert_msg(ms == (is_read ? readings[i].ms : -1), "%s gave %lld", readings[i].text, (long long)ms);
    }
}

END_TEST

START_TEST(no_part_of_a_date_time_is_one)
{
    const struct span whole = SPAN("2026-04-20T14:00:00.123+05:30");
    for (size_t len = 0; len < whole.len; len++) {
        int64_t ms = -1;
        ck_assert_int_ne(instant_parse(span_of(whole.data, len), &ms), INSTANT_OK);
        ck_assert_int_eq(ms, -1);
    }
    int64_t ms = -1;
    ck_assert_int_eq(instant_parse((struct span){0}, &ms), INSTANT_INVALID);
    ck_assert_int_eq(instant_parse(span_of("2026-04-20T14:00:00Z\0", 21), &ms), INSTANT_INVALID);
}

END_TEST

static const struct {
    int64_t ms;
    int offset_minutes;
    const char *utc;
    const char *local;
} writings[] = {
    {1776693600000,          -240, "2026-04-20T14:00:00Z",      "2026-04-20T10:00:00-04:00"     },
    {1776693600120,          330,  "2026-04-20T14:00:00.120Z",  "2026-04-20T19:30:00.120+05:30" },
    {1776693600001,          765,  "2026-04-20T14:00:00.001Z",  "2026-04-21T02:45:00.001+12:45" },
    {0,                      0,    "1970-01-01T00:00:00Z",      "1970-01-01T00:00:00+00:00"     },
    {0,                      -600, "1970-01-01T00:00:00Z",      "1969-12-31T14:00:00-10:00"     },
    {-1,                     0,    "1969-12-31T23:59:59.999Z",  "1969-12-31T23:59:59.999+00:00" },
    {951782400000,           840,  "2000-02-29T00:00:00Z",      "2000-02-29T14:00:00+14:00"     },
    {253402300799999,        1,    "9999-12-31T23:59:59.999Z",  "10000-01-01T00:00:59.999+00:01"},
    {((int64_t)1 << 48) - 1, 0,    "10889-08-02T05:31:50.655Z", "10889-08-02T05:31:50.655+00:00"},
};

START_TEST(an_instant_is_written_in_utc_and_as_local_time)
{
    for (size_t i = 0; i < ROWS(writings); i++) {
        char text[80];
        struct buf utc = buf_of(text, sizeof text);
        instant_write(&utc, writings[i].ms);
        ck_assert_str_eq(buf_terminated(&utc), writings[i].utc);
        struct buf local = buf_of(text, sizeof text);
        instant_write_offset(&local, writings[i].ms, writings[i].offset_minutes);
        ck_assert_str_eq(buf_terminated(&local), writings[i].local);
    }
}

END_TEST

START_TEST(what_is_written_is_read_back)
{
    struct prng prng;
    prng_seed(&prng, 3339);
    for (int i = 0; i < 2000; i++) {
        const int64_t ms = DAY_MS + (int64_t)prng_below(&prng, 253402300800000 - 2 * (uint64_t)DAY_MS);
        const int offset = (int)prng_below(&prng, 2 * 1439 + 1) - 1439;
        char text[80];
        struct buf utc = buf_of(text, sizeof text);
        int64_t back = -1;
        instant_write(&utc, ms);
        ck_assert_int_eq(instant_parse(buf_span(&utc), &back), INSTANT_OK);
        ck_assert_int_eq(back, ms);
        struct buf local = buf_of(text, sizeof text);
        instant_write_offset(&local, ms, offset);
        ck_assert_int_eq(instant_parse(buf_span(&local), &back), INSTANT_OK);
        ck_assert_int_eq(back, ms);
    }
}

END_TEST

START_TEST(every_day_is_the_day_that_the_c_library_says)
{
    for (int64_t day = -800000; day < 3000000; day += 29) {
        const time_t seconds = (time_t)(day * 86400);
        struct tm tm;
        ck_assert_ptr_nonnull(gmtime_r(&seconds, &tm));
        int year = 0;
        int month = 0;
        int of_month = 0;
        instant_date(day * DAY_MS + (day & 1) * (DAY_MS - 1), &year, &month, &of_month);
        if (year != tm.tm_year + 1900 || month != tm.tm_mon + 1 || of_month != tm.tm_mday) {
            ck_abort_msg("day %lld", (long long)day);
        }
    }
}

END_TEST

START_TEST(a_month_has_its_days)
{
    ck_assert_int_eq(instant_days_in_month(2024, 2), 29);
    ck_assert_int_eq(instant_days_in_month(2026, 2), 28);
    ck_assert_int_eq(instant_days_in_month(2000, 2), 29);
    ck_assert_int_eq(instant_days_in_month(2100, 2), 28);
    ck_assert_int_eq(instant_days_in_month(2026, 4), 30);
    ck_assert_int_eq(instant_days_in_month(2026, 12), 31);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("instant");
    TCase *tcase = tcase_create("instant");
    tcase_set_timeout(tcase, 60); /* the machine may be busy */
    tcase_add_test(tcase, a_date_time_is_read_or_refused);
    tcase_add_test(tcase, no_part_of_a_date_time_is_one);
    tcase_add_test(tcase, an_instant_is_written_in_utc_and_as_local_time);
    tcase_add_test(tcase, what_is_written_is_read_back);
    tcase_add_test(tcase, every_day_is_the_day_that_the_c_library_says);
    tcase_add_test(tcase, a_month_has_its_days);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
