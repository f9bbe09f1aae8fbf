/* clock_watch_test.c: when the wall clock is suspect, what events are stamped with meanwhile, and when it is trusted.
 */
#include "core/ledger/clock_watch.h"

#include <check.h>
#include <stdlib.h>

#define WALL INT64_C(1776693600000)
#define BOOT INT64_C(5000000)
#define YEARS_MS (INT64_C(3650) * DAY_MS)

START_TEST(a_clock_that_jumps_ahead_and_is_set_right_is_trusted_after_a_minute)
{
    struct clock_watch watch;
    clock_watch_begin(&watch, WALL, BOOT);
    ck_assert_int_eq(clock_watch_look(&watch, WALL + 1000, BOOT + 1000, WALL), 0);
    ck_assert_int_gt(clock_watch_look(&watch, WALL + YEARS_MS, BOOT + 2000, WALL + 1000), CLOCK_APART_MAX_MS);
    const int64_t stamp_ms = clock_watch_now(&watch, BOOT + 2000);
    ck_assert_int_eq(stamp_ms, WALL + 2000); /* not the jumped clock's */
    ck_assert_int_gt(clock_watch_look(&watch, WALL + 5000, BOOT + 5000, stamp_ms), CLOCK_APART_MAX_MS);
    ck_assert_int_eq(clock_watch_look(&watch, WALL + 5001, BOOT + 5001, stamp_ms), 0);
    ck_assert(!clock_watch_trusts(&watch, BOOT + 5000 + CLOCK_AGREE_MS - 1));
    const int64_t later_ms = 5000 + CLOCK_AGREE_MS;
    ck_assert_int_eq(clock_watch_look(&watch, WALL + later_ms, BOOT + later_ms, stamp_ms), 0);
    ck_assert(clock_watch_trusts(&watch, BOOT + later_ms));
}

END_TEST

START_TEST(a_clock_that_stays_where_it_jumped_is_trusted_after_a_minute_and_is_the_measure_then)
{
    struct clock_watch watch;
    clock_watch_begin(&watch, WALL, BOOT);
    ck_assert_int_eq(clock_watch_look(&watch, WALL + HOUR_MS, BOOT, WALL), HOUR_MS);
    ck_assert_int_eq(clock_watch_look(&watch, WALL + HOUR_MS + CLOCK_AGREE_MS, BOOT + CLOCK_AGREE_MS, WALL), 0);
    ck_assert_int_eq(clock_watch_now(&watch, BOOT + CLOCK_AGREE_MS), WALL + CLOCK_AGREE_MS);
    ck_assert(clock_watch_trusts(&watch, BOOT + CLOCK_AGREE_MS));
    clock_watch_trusted(&watch);
    ck_assert_int_eq(clock_watch_now(&watch, BOOT + CLOCK_AGREE_MS), WALL + HOUR_MS + CLOCK_AGREE_MS);
}

END_TEST

START_TEST(a_clock_behind_the_last_stamp_is_suspect_until_it_has_caught_up)
{
    struct clock_watch watch;
    clock_watch_begin(&watch, WALL, BOOT);
    ck_assert_int_eq(clock_watch_look(&watch, WALL, BOOT, WALL + CLOCK_APART_MAX_MS), 0);
    ck_assert_int_eq(clock_watch_look(&watch, WALL, BOOT, WALL + CLOCK_APART_MAX_MS + 1), CLOCK_APART_MAX_MS + 1);
    ck_assert_int_eq(clock_watch_look(&watch, WALL + 1, BOOT + 1, WALL + CLOCK_APART_MAX_MS + 1), 0);
}

END_TEST

START_TEST(a_clock_that_a_person_accepted_is_not_suspect_again_for_being_behind)
{
    struct clock_watch watch;
    const int64_t stamp_ms = WALL + HOUR_MS;
    clock_watch_begin(&watch, WALL, BOOT);
    ck_assert_int_eq(clock_watch_look(&watch, WALL, BOOT, stamp_ms), HOUR_MS);
    clock_watch_accept(&watch, WALL + 1000, BOOT + 1000, stamp_ms);
    ck_assert_int_eq(clock_watch_now(&watch, BOOT + 1000), WALL + 1000);
    ck_assert_int_eq(clock_watch_look(&watch, WALL + 1001, BOOT + 1001, stamp_ms), 0);
    ck_assert_int_eq(clock_watch_look(&watch, WALL + HOUR_MS, BOOT + HOUR_MS, stamp_ms), 0);
    ck_assert_int_ne(clock_watch_look(&watch, WALL - MINUTE_MS, BOOT + HOUR_MS, stamp_ms), 0); /* another jump */
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("clock_watch");
    TCase *tcase = tcase_create("clock_watch");
    tcase_add_test(tcase, a_clock_that_jumps_ahead_and_is_set_right_is_trusted_after_a_minute);
    tcase_add_test(tcase, a_clock_that_stays_where_it_jumped_is_trusted_after_a_minute_and_is_the_measure_then);
    tcase_add_test(tcase, a_clock_behind_the_last_stamp_is_suspect_until_it_has_caught_up);
    tcase_add_test(tcase, a_clock_that_a_person_accepted_is_not_suspect_again_for_being_behind);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
