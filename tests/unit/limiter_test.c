/* limiter_test.c: a key may make its quota at once and then as many as its rate allows; another key is not hurt. */
#include "gateway/limiter.h"

#include <check.h>

#include "core/base/prng.h"
#include "tests/ids.h"
#include "tests/suite.h"

#define SECOND_US 1000000
#define QUOTA 60
#define WINDOW_S 30

static struct limiter limiter; /* large */

START_TEST(a_quota_may_be_used_at_once_and_not_one_more)
{
    limiter_init(&limiter, QUOTA, WINDOW_S);
    const struct id key = id_number(ID_KEY, 1);
    for (uint32_t i = 0; i < QUOTA; i++) {
        const struct limiter_verdict verdict = limiter_take(&limiter, &key, 0);
        ck_assert(verdict.allowed);
        ck_assert_uint_eq(verdict.remaining, QUOTA - 1 - i);
        ck_assert_uint_eq(verdict.full_s, (i + 2) / 2);
        ck_assert_uint_eq(verdict.retry_s, 0);
    }
    const struct limiter_verdict verdict = limiter_take(&limiter, &key, 0);
    ck_assert(!verdict.allowed);
    ck_assert_uint_eq(verdict.remaining, 0);
    ck_assert_uint_eq(verdict.retry_s, 1);
    ck_assert_uint_eq(verdict.full_s, WINDOW_S);
    const struct id other = id_number(ID_KEY, 2);
    ck_assert(limiter_take(&limiter, &other, 0).allowed);
    limiter_done(&limiter);
}

END_TEST

START_TEST(who_waits_as_told_may_go_on_at_the_rate)
{
    limiter_init(&limiter, QUOTA, WINDOW_S);
    const struct id key = id_number(ID_KEY, 7);
    int64_t now_us = 5 * SECOND_US;
    for (uint32_t i = 0; i <= QUOTA; i++) {
        (void)limiter_take(&limiter, &key, now_us);
    }
    for (int i = 0; i < 100; i++) {
        ck_assert(!limiter_take(&limiter, &key, now_us + SECOND_US / 2 - 1).allowed); /* a refused one costs nothing */
        now_us += SECOND_US / 2;
        ck_assert(limiter_take(&limiter, &key, now_us).allowed);
    }
    now_us += WINDOW_S * SECOND_US;
    ck_assert_uint_eq(limiter_take(&limiter, &key, now_us).remaining, QUOTA - 1);
    limiter_done(&limiter);
}

END_TEST

START_TEST(in_no_window_more_than_two_quotas_pass)
{
    limiter_init(&limiter, QUOTA, WINDOW_S);
    struct prng prng;
    const struct id key = id_number(ID_KEY, 9);
    int64_t passed[4000];
    uint32_t count = 0;
    int64_t now_us = 0;
    prng_seed(&prng, 4);
    for (int i = 0; i < 4000; i++) {
        now_us += (int64_t)prng_below(&prng, SECOND_US / 2);
        if (limiter_take(&limiter, &key, now_us).allowed) {
            passed[count] = now_us;
            count++;
        }
    }
    ck_assert_uint_gt(count, 1000);
    for (uint32_t i = 2 * QUOTA; i < count; i++) {
        ck_assert_int_gt(passed[i] - passed[i - 2 * QUOTA], (int64_t)WINDOW_S * SECOND_US - SECOND_US);
    }
    limiter_done(&limiter);
}

END_TEST

START_TEST(without_a_quota_all_may_pass)
{
    limiter_init(&limiter, 0, 1);
    const struct id key = id_number(ID_KEY, 1);
    for (int i = 0; i < 10000; i++) {
        ck_assert(limiter_take(&limiter, &key, 0).allowed);
    }
    limiter_done(&limiter);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("limiter");
    TCase *tcase = tcase_create("limiter");
    tcase_add_test(tcase, a_quota_may_be_used_at_once_and_not_one_more);
    tcase_add_test(tcase, who_waits_as_told_may_go_on_at_the_rate);
    tcase_add_test(tcase, in_no_window_more_than_two_quotas_pass);
    tcase_add_test(tcase, without_a_quota_all_may_pass);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
