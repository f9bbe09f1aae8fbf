/* silence_test.c: an adapter hangs when it says nothing for more than 15 s to what it was asked, of which only the time
 * counts in which we were awake. */
#include "core/scheduler/silence.h"

#include <check.h>

#include "core/wire/jobs.h"
#include "tests/suite.h"

#define T0 1776693600000

/* The scheduler's turns, a second apart; returns the time of the last. */
static int64_t turns(struct silence *silence, int64_t now_ms, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        now_ms += 1000;
        silence_look(silence, now_ms);
    }
    return now_ms;
}

START_TEST(nothing_that_was_not_asked_is_silent)
{
    struct silence silence = {0};
    (void)turns(&silence, T0, 1000);
    ck_assert_int_eq(silence.lasts_ms, 0);
    ck_assert(!silence_is_hang(&silence));
}

END_TEST

START_TEST(an_adapter_that_holds_a_question_as_long_as_it_may_does_not_hang)
{
    struct silence silence = {0};
    int64_t now_ms = T0;
    for (int i = 0; i < 100; i++) {
        silence_asked(&silence, now_ms);
        now_ms = turns(&silence, now_ms, JOBS_WAIT_MS / 1000);
        ck_assert_int_eq(silence.lasts_ms, JOBS_WAIT_MS);
        ck_assert(!silence_is_hang(&silence));
        silence_broken(&silence, now_ms, false);
    }
}

END_TEST

START_TEST(an_adapter_hangs_after_15_s_whatever_else_it_is_asked_and_until_it_answers)
{
    struct silence silence = {0};
    silence_asked(&silence, T0);
    int64_t now_ms = turns(&silence, T0, 10);
    silence_asked(&silence, now_ms); /* a batch, while the question is out; or again, after its time was over */
    now_ms = turns(&silence, now_ms, 5);
    ck_assert_int_eq(silence.lasts_ms, JOBS_SILENT_MAX_MS);
    ck_assert(!silence_is_hang(&silence));
    silence_look(&silence, now_ms + 1);
    ck_assert(silence_is_hang(&silence));
    silence_broken(&silence, now_ms + 1, false);
    ck_assert(!silence_is_hang(&silence));
    (void)turns(&silence, now_ms, 100);
    ck_assert(!silence_is_hang(&silence));
}

END_TEST

START_TEST(a_question_that_is_still_out_is_waited_for_from_the_other_ones_reply_on)
{
    struct silence silence = {0};
    silence_asked(&silence, T0);
    int64_t now_ms = turns(&silence, T0, 9);
    silence_broken(&silence, now_ms, true);
    ck_assert_int_eq(silence.lasts_ms, 0);
    now_ms = turns(&silence, now_ms, 15);
    ck_assert(!silence_is_hang(&silence));
    (void)turns(&silence, now_ms, 1);
    ck_assert(silence_is_hang(&silence));
}

END_TEST

START_TEST(time_that_we_slept_ourselves_is_no_silence_of_an_adapter)
{
    struct silence silence = {0};
    silence_asked(&silence, T0);
    silence_look(&silence, T0 + 3600000); /* the machine was suspended, or its clock put forward */
    ck_assert_int_eq(silence.lasts_ms, SILENCE_STEP_MAX_MS);
    silence_look(&silence, T0); /* and put back */
    ck_assert_int_eq(silence.lasts_ms, SILENCE_STEP_MAX_MS);
    (void)turns(&silence, T0, 14);
    ck_assert(silence_is_hang(&silence)); /* it still counts what passes */
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("silence");
    TCase *tcase = tcase_create("silence");
    tcase_add_test(tcase, nothing_that_was_not_asked_is_silent);
    tcase_add_test(tcase, an_adapter_that_holds_a_question_as_long_as_it_may_does_not_hang);
    tcase_add_test(tcase, an_adapter_hangs_after_15_s_whatever_else_it_is_asked_and_until_it_answers);
    tcase_add_test(tcase, a_question_that_is_still_out_is_waited_for_from_the_other_ones_reply_on);
    tcase_add_test(tcase, time_that_we_slept_ourselves_is_no_silence_of_an_adapter);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
