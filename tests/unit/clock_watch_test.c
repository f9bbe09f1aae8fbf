/* clock_watch_test.c: when the wall clock is suspect, what events are stamped with meanwhile, and when it is trusted.
 */
#include "core/ledger/clock_watch.h"

#include <check.h>
#include <stdlib.h>

#include "tests/suite.h"

#define WALL INT64_C(1776693600000)
#define BOOT INT64_C(5000000)
#define YEARS_MS (INT64_C(3650) * DAY_MS)

/* A watch, and the ledger that it is asked for: suspects and trusts as it is told. */
struct story {
    struct clock_watch watch;
    bool is_suspect;
};

static struct story begun(void)
{
    struct story story = {.is_suspect = false};
    clock_watch_begin(&story.watch, WALL, BOOT);
    return story;
}

/* So long after the beginning, with the wall clock so far ahead of where it should be: what a group is stamped with. */
static int64_t look(struct story *story, int64_t after_ms, int64_t ahead_ms, int64_t stamp_ms, uint32_t told)
{
    struct command command;
    const int64_t now_ms = clock_watch_look(&story->watch, WALL + after_ms + ahead_ms, BOOT + after_ms, stamp_ms,
                                            story->is_suspect, &command);
    ck_assert_uint_eq(command.code, told);
    if (told == COMMAND_suspect_clock) {
        ck_assert_int_eq(command.suspect_clock.wall_ms, WALL + after_ms + ahead_ms);
        ck_assert_uint_gt(command.suspect_clock.apart_ms, CLOCK_APART_MAX_MS);
    }
    story->is_suspect = told == 0 ? story->is_suspect : told == COMMAND_suspect_clock;
    clock_watch_told(&story->watch, story->is_suspect);
    return now_ms;
}

START_TEST(a_clock_that_jumps_ahead_and_is_set_right_is_trusted_after_a_minute)
{
    struct story story = begun();
    ck_assert_int_eq(look(&story, 1000, 0, WALL, 0), WALL + 1000);
    const int64_t stamp_ms = look(&story, 2000, YEARS_MS, WALL + 1000, COMMAND_suspect_clock);
    ck_assert_int_eq(stamp_ms, WALL + 2000); /* not the jumped clock's */
    (void)look(&story, 5000, 0, stamp_ms, 0);
    (void)look(&story, 5000 + CLOCK_AGREE_MS - 1, 0, stamp_ms, 0);
    (void)look(&story, 5000 + CLOCK_AGREE_MS, 0, stamp_ms, COMMAND_trust_clock);
}

END_TEST

START_TEST(a_clock_that_stays_where_it_jumped_is_trusted_after_a_minute_and_is_the_measure_then)
{
    struct story story = begun();
    ck_assert_int_eq(look(&story, 0, HOUR_MS, WALL, COMMAND_suspect_clock), WALL);
    ck_assert_int_eq(look(&story, CLOCK_AGREE_MS - 1, HOUR_MS, WALL, 0), WALL + CLOCK_AGREE_MS - 1);
    ck_assert_int_eq(look(&story, CLOCK_AGREE_MS, HOUR_MS, WALL, COMMAND_trust_clock), WALL + HOUR_MS + CLOCK_AGREE_MS);
    ck_assert_int_eq(look(&story, 2 * CLOCK_AGREE_MS, YEARS_MS, WALL, COMMAND_suspect_clock),
                     WALL + HOUR_MS + 2 * CLOCK_AGREE_MS);
}

END_TEST

START_TEST(a_clock_behind_the_last_stamp_is_suspect_until_it_has_caught_up)
{
    struct story story = begun();
    const int64_t stamp_ms = WALL + HOUR_MS;
    (void)look(&story, 0, 0, WALL + CLOCK_APART_MAX_MS, 0);
    (void)look(&story, 0, 0, stamp_ms, COMMAND_suspect_clock);
    (void)look(&story, HOUR_MS - CLOCK_APART_MAX_MS - 1, 0, stamp_ms, 0);
    (void)look(&story, HOUR_MS, 0, stamp_ms, 0); /* it agrees, but only since the look before */
    (void)look(&story, HOUR_MS + CLOCK_AGREE_MS, 0, stamp_ms, COMMAND_trust_clock);
}

END_TEST

START_TEST(a_clock_that_is_set_back_is_caught_up_with_however_much_is_stamped_meanwhile)
{
    struct story story = begun();
    int64_t stamp_ms = WALL;
    uint32_t told = COMMAND_suspect_clock;
    for (int64_t after_ms = 0; after_ms < 2000 + CLOCK_AGREE_MS; after_ms += 1000) {
        const int64_t now_ms = look(&story, after_ms, -5000, stamp_ms, told);
        stamp_ms = now_ms > stamp_ms ? now_ms : stamp_ms;
        told = 0;
    }
    (void)look(&story, 2000 + CLOCK_AGREE_MS, -5000, stamp_ms, COMMAND_trust_clock);
}

END_TEST

START_TEST(a_clock_that_a_person_accepted_is_not_suspect_again_for_being_behind)
{
    struct story story = begun();
    const int64_t stamp_ms = WALL + HOUR_MS;
    (void)look(&story, 0, 0, stamp_ms, COMMAND_suspect_clock);
    story.is_suspect = false; /* a person's command, which the watch was not asked about */
    ck_assert_int_eq(look(&story, 1000, 0, stamp_ms, 0), WALL + 1000);
    (void)look(&story, 1001, 0, stamp_ms, 0);
    (void)look(&story, HOUR_MS, 0, stamp_ms, 0);
    (void)look(&story, HOUR_MS, -MINUTE_MS, stamp_ms, COMMAND_suspect_clock); /* another jump */
}

END_TEST

START_TEST(a_ledger_that_was_suspicious_before_it_started_trusts_after_a_minute)
{
    struct story story = begun();
    story.is_suspect = true;
    ck_assert_int_eq(look(&story, CLOCK_AGREE_MS - 1, 0, WALL, 0), WALL + CLOCK_AGREE_MS - 1);
    (void)look(&story, CLOCK_AGREE_MS, 0, WALL, COMMAND_trust_clock);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("clock_watch");
    TCase *tcase = tcase_create("clock_watch");
    tcase_add_test(tcase, a_clock_that_jumps_ahead_and_is_set_right_is_trusted_after_a_minute);
    tcase_add_test(tcase, a_clock_that_stays_where_it_jumped_is_trusted_after_a_minute_and_is_the_measure_then);
    tcase_add_test(tcase, a_clock_behind_the_last_stamp_is_suspect_until_it_has_caught_up);
    tcase_add_test(tcase, a_clock_that_is_set_back_is_caught_up_with_however_much_is_stamped_meanwhile);
    tcase_add_test(tcase, a_clock_that_a_person_accepted_is_not_suspect_again_for_being_behind);
    tcase_add_test(tcase, a_ledger_that_was_suspicious_before_it_started_trusts_after_a_minute);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
