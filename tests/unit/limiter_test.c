/* limiter_test.c: a key may make its quota at once and then as many as its rate allows; no other key is hurt, however
 * many there are. */
#include "gateway/limiter.h"

#include <check.h>

#include "core/base/prng.h"
#include "tests/ids.h"
#include "tests/suite.h"

#define SECOND_US 1000000
#define QUOTA 60
#define WINDOW_S 30
#define TEN_THOUSAND 10000
#define LATER 600000 /* keys from there on ask when all buckets are full again */

static struct limiter limiter; /* large */

static void begin(uint32_t window_s)
{
    memset(&limiter, 0, sizeof limiter);
    limiter_init(&limiter, window_s, 0x9E3779B97F4A7C15ULL);
}

static struct limiter_verdict take(const struct id *key, uint32_t quota, int64_t now_us)
{
    return limiter_take(&limiter, key->uuid, quota, now_us);
}

START_TEST(a_quota_may_be_used_at_once_and_not_one_more)
{
    begin(WINDOW_S);
    const struct id key = id_number(ID_KEY, 1);
    for (uint32_t i = 0; i < QUOTA; i++) {
        const struct limiter_verdict verdict = take(&key, QUOTA, 0);
        ck_assert(verdict.allowed);
        ck_assert_uint_eq(verdict.remaining, QUOTA - 1 - i);
        ck_assert_uint_eq(verdict.full_s, (i + 2) / 2);
        ck_assert_uint_eq(verdict.retry_s, 0);
    }
    const struct limiter_verdict verdict = take(&key, QUOTA, 0);
    ck_assert(!verdict.allowed);
    ck_assert_uint_eq(verdict.remaining, 0);
    ck_assert_uint_eq(verdict.retry_s, 1);
    ck_assert_uint_eq(verdict.full_s, WINDOW_S);
    const struct id other = id_number(ID_KEY, 2);
    ck_assert(take(&other, QUOTA, 0).allowed);
    limiter_done(&limiter);
}

END_TEST

START_TEST(who_waits_as_told_may_go_on_at_the_rate)
{
    begin(WINDOW_S);
    const struct id key = id_number(ID_KEY, 7);
    int64_t now_us = 5 * SECOND_US;
    for (uint32_t i = 0; i <= QUOTA; i++) {
        (void)take(&key, QUOTA, now_us);
    }
    for (int i = 0; i < 100; i++) {
        ck_assert(!take(&key, QUOTA, now_us + SECOND_US / 2 - 1).allowed); /* a refused one costs nothing */
        now_us += SECOND_US / 2;
        ck_assert(take(&key, QUOTA, now_us).allowed);
    }
    now_us += WINDOW_S * SECOND_US;
    ck_assert_uint_eq(take(&key, QUOTA, now_us).remaining, QUOTA - 1);
    limiter_done(&limiter);
}

END_TEST

START_TEST(in_no_window_more_than_two_quotas_pass)
{
    begin(WINDOW_S);
    struct prng prng;
    const struct id key = id_number(ID_KEY, 9);
    int64_t passed[4000];
    uint32_t count = 0;
    int64_t now_us = 0;
    prng_seed(&prng, 4);
    for (int i = 0; i < 4000; i++) {
        now_us += (int64_t)prng_below(&prng, SECOND_US / 2);
        if (take(&key, QUOTA, now_us).allowed) {
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
    begin(1);
    const struct id key = id_number(ID_KEY, 1);
    for (int i = 0; i < 10000; i++) {
        ck_assert(take(&key, 0, 0).allowed);
    }
    limiter_done(&limiter);
}

END_TEST

START_TEST(each_name_has_its_own_quota)
{
    begin(WINDOW_S);
    const struct id small = id_number(ID_KEY, 1);
    const struct id large = id_number(ID_KEY, 2);
    for (uint32_t i = 0; i < 10; i++) {
        ck_assert(take(&small, 10, 0).allowed);
        ck_assert_uint_eq(take(&large, 1000, 0).remaining, 999 - i);
    }
    ck_assert(!take(&small, 10, 0).allowed);
    ck_assert(take(&large, 1000, 0).allowed);
    limiter_done(&limiter);
}

END_TEST

START_TEST(a_quota_that_grows_or_shrinks_keeps_the_share_that_is_used)
{
    begin(WINDOW_S);
    const struct id key = id_number(ID_KEY, 1);
    for (uint32_t i = 0; i < 30; i++) {
        (void)take(&key, 60, 0);
    }
    ck_assert_uint_eq(take(&key, 600, 0).remaining, 299);
    ck_assert_uint_eq(take(&key, 6, 0).remaining, 1);
    ck_assert(take(&key, UINT32_MAX, 0).allowed); /* a plan may say any number: no more than one a microsecond */
    limiter_done(&limiter);
}

END_TEST

/* How many of ten thousand keys are told the same as if they were alone, in a round of one request each, from 0. */
static uint32_t as_told(uint32_t first, uint32_t quota, uint32_t round)
{
    uint32_t count = 0;
    for (uint32_t n = first; n < first + TEN_THOUSAND; n++) {
        const struct id key = id_number(ID_KEY, n);
        const struct limiter_verdict verdict = take(&key, quota, first == LATER ? (int64_t)WINDOW_S * SECOND_US : 0);
        count += verdict.allowed == (round < quota) && verdict.remaining == (round < quota ? quota - 1 - round : 0);
    }
    return count;
}

START_TEST(of_ten_thousand_keys_at_a_time_none_begins_anew)
{
    begin(WINDOW_S);
    for (uint32_t round = 0; round < 12; round++) {
        ck_assert_uint_eq(as_told(0, 10, round), TEN_THOUSAND);
    }
    limiter_done(&limiter);
}

END_TEST

/* That many keys, each a request: sixteen places in a set get some twenty of 100,000. */
static void flood(uint32_t first, uint32_t count)
{
    for (uint32_t n = first; n < first + count; n++) {
        const struct id key = id_number(ID_KEY, n);
        (void)take(&key, 60, 0);
    }
}

START_TEST(a_flood_of_other_names_resets_nobody_who_has_used_up_his_quota)
{
    begin(WINDOW_S);
    for (uint32_t n = 0; n < 100; n++) {
        const struct id key = id_number(ID_KEY, n);
        for (uint32_t i = 0; i < 10; i++) {
            ck_assert(take(&key, 10, 0).allowed);
        }
    }
    flood(1000, 100000);
    for (uint32_t n = 0; n < 100; n++) {
        const struct id key = id_number(ID_KEY, n);
        ck_assert(!take(&key, 10, 0).allowed);
    }
    limiter_done(&limiter);
}

END_TEST

START_TEST(a_name_that_finds_its_set_taken_gets_the_place_of_a_full_bucket)
{
    begin(WINDOW_S);
    flood(0, 200000);
    for (uint32_t round = 0; round < 12; round++) {
        ck_assert_uint_eq(as_told(LATER, 10, round), TEN_THOUSAND);
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
    tcase_add_test(tcase, each_name_has_its_own_quota);
    tcase_add_test(tcase, a_quota_that_grows_or_shrinks_keeps_the_share_that_is_used);
    tcase_add_test(tcase, of_ten_thousand_keys_at_a_time_none_begins_anew);
    tcase_add_test(tcase, a_flood_of_other_names_resets_nobody_who_has_used_up_his_quota);
    tcase_add_test(tcase, a_name_that_finds_its_set_taken_gets_the_place_of_a_full_bucket);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
