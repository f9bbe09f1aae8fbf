/* tz_rule_test.c: the yearly rules of zone files are read as POSIX and RFC 9636 define them, and give the offsets that
 * the C library gives. */
#include "core/calendar/tz_rule.h"

#include <check.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/prng.h"
#include "tests/suite.h"

#define ROWS(table_) (sizeof(table_) / sizeof *(table_))

/* Every rule in today's files, the examples of the two documents, and odd ones. */
static const char *const good[] = {
    "UTC0",
    "CET-1CEST,M3.5.0,M10.5.0/3",
    "EST5EDT,M3.2.0,M11.1.0",
    "EET-2EEST,M3.5.0/3,M10.5.0/4",
    "AEST-10AEDT,M10.1.0,M4.1.0/3",
    "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
    "<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45",
    "IST-1GMT0,M10.5.0,M3.5.0/1",
    "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
    "EET-2EEST,M4.5.5/0,M10.5.4/24",
    "EET-2EEST,M3.4.4/50,M10.4.4/50",
    "IST-2IDT,M3.4.4/26,M10.5.0",
    "<+00>0<+02>-2,M3.5.0/1,M10.5.0/3",
    "<-04>4<-03>,M9.1.6/24,M4.1.6/24",
    "NST3:30NDT,M3.2.0,M11.1.0",
    "<+0545>-5:45",
    "WGT3WGST,M3.5.0/-2,M10.5.0/-1",
    "EST5EDT4,0/0,J365/25", /* summer time all year */
    "XXX3EDT4,J1/0,J365/23",
    "AAA-1BBB,J60,J300",
    "AAA-1BBB,59,299",
    "AAA+1:02:03BBB-4:05:06,M1.1.1/0,M12.5.6/0:0:1",
};

START_TEST(a_rule_gives_the_offsets_of_the_c_library)
{
    struct prng prng;
    prng_seed(&prng, 1);
    for (size_t i = 0; i < ROWS(good); i++) {
        struct tz_rule rule;
        ck_assert_msg(tz_rule_parse(span_text(good[i]), &rule) == OK, "%s", good[i]);
        ck_assert_int_eq(setenv("TZ", good[i], 1), 0);
        tzset();
        for (int j = 0; j < 2000; j++) {
            const time_t time = (time_t)prng_below(&prng, 5000000000);
            struct tm tm;
            int64_t next = 0;
            ck_assert_ptr_nonnull(localtime_r(&time, &tm));
            const int32_t offset_s = tz_rule_offset(&rule, time, &next);
            if (offset_s != tm.tm_gmtoff || next <= time) {
                ck_abort_msg("%s at %lld: %d, not %ld", good[i], (long long)time, offset_s, tm.tm_gmtoff);
            }
        }
    }
}

END_TEST

START_TEST(an_offset_holds_until_the_next_change_and_not_longer)
{
    for (size_t i = 0; i < ROWS(good); i++) {
        struct tz_rule rule;
        int64_t next = 0;
        ck_assert_int_eq(tz_rule_parse(span_text(good[i]), &rule), OK);
        for (int64_t at = 1700000000; at < 2000000000; at = next) {
            int64_t after = 0;
            const int32_t offset_s = tz_rule_offset(&rule, at, &next);
            if (next == INT64_MAX) {
                ck_assert(!rule.has_summer);
                break;
            }
            ck_assert_int_eq(tz_rule_offset(&rule, next - 1, &after), offset_s);
            ck_assert_int_eq(after, next);
        }
    }
}

END_TEST

static const char *const bad[] = {
    "",
    "UT0",
    "UTC",
    "UTC+",
    "UTC25",
    "UTC0:60",
    "UTC0:0:60",
    "UTC0 ",
    "<+03-3",
    "<+3>-3",
    "<+0 3>-3",
    ":UTC0",
    "CET-1CEST",
    "CET-1CEST,",
    "CET-1CEST,M3.5.0",
    "CET-1CEST,M3.5.0,",
    "CET-1CE,M3.5.0,M10.5.0",
    "CET-1CEST,M0.5.0,M10.5.0",
    "CET-1CEST,M13.5.0,M10.5.0",
    "CET-1CEST,M3.0.0,M10.5.0",
    "CET-1CEST,M3.6.0,M10.5.0",
    "CET-1CEST,M3.5.7,M10.5.0",
    "CET-1CEST,M3.5,M10.5.0",
    "CET-1CEST,M3.5.0/168,M10.5.0",
    "CET-1CEST,J0,M10.5.0",
    "CET-1CEST,J366,M10.5.0",
    "CET-1CEST,366,M10.5.0",
    "CET-1CEST,M3.5.0,M10.5.0/3x",
    "CET-1CEST,M3.5.0,M10.5.0,",
    "CET-1CEST,M3.5.0/,M10.5.0",
    "CET-99999999999999999999",
};

START_TEST(what_is_no_rule_is_refused)
{
    for (size_t i = 0; i < ROWS(bad); i++) {
        struct tz_rule rule = {.standard_s = 7};
        ck_assert_msg(tz_rule_parse(span_text(bad[i]), &rule) == ERR_MALFORMED, "%s", bad[i]);
        ck_assert_int_eq(rule.standard_s, 7);
    }
    struct tz_rule rule;
    ck_assert_int_eq(tz_rule_parse(span_of("UTC0\0", 5), &rule), ERR_MALFORMED);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("tz_rule");
    TCase *tcase = tcase_create("tz_rule");
    tcase_set_timeout(tcase, 60); /* the machine may be busy */
    tcase_add_test(tcase, a_rule_gives_the_offsets_of_the_c_library);
    tcase_add_test(tcase, an_offset_holds_until_the_next_change_and_not_longer);
    tcase_add_test(tcase, what_is_no_rule_is_refused);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
