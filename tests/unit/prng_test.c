/* prng_test.c: the numbers are those of the published algorithms, for ever the same for a seed: simulations and golden
 * files stand on it. */
#include "core/base/prng.h"

#include <check.h>

#include "tests/suite.h"

START_TEST(the_generator_is_xoshiro256_starstar)
{
    /* The first numbers from the state 1, 2, 3, 4, as other implementations (Rust's rand_xoshiro) test them. */
    static const uint64_t expected[] = {11520U,
                                        0U,
                                        1509978240U,
                                        1215971899390074240U,
                                        1216172134540287360U,
                                        607988272756665600U,
                                        16172922978634559625U,
                                        8476171486693032832U,
                                        10595114339597558777U,
                                        2904607092377533576U};
    struct prng prng = {
        .state = {1, 2, 3, 4}
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        ck_assert_uint_eq(prng_next(&prng), expected[i]);
    }
}

END_TEST

START_TEST(the_seed_is_spread_by_splitmix64)
{
    /* The first numbers of splitmix64 from 0. */
    struct prng prng;
    prng_seed(&prng, 0);
    ck_assert_uint_eq(prng.state[0], 0xE220A8397B1DCDAFU);
    ck_assert_uint_eq(prng.state[1], 0x6E789E6AA1B965F4U);
    ck_assert_uint_eq(prng.state[2], 0x06C45D188009454FU);
    ck_assert_uint_eq(prng.state[3], 0xF88BB8A8724C81ECU);
}

END_TEST

START_TEST(the_same_seed_gives_the_same_numbers_and_another_one_others)
{
    struct prng a;
    struct prng b;
    struct prng c;
    prng_seed(&a, 7);
    prng_seed(&b, 7);
    prng_seed(&c, 8);
    int same = 0;
    for (int i = 0; i < 1000; i++) {
        const uint64_t number = prng_next(&a);
        ck_assert_uint_eq(number, prng_next(&b));
        same += number == prng_next(&c) ? 1 : 0;
    }
    ck_assert_int_eq(same, 0);
}

END_TEST

START_TEST(numbers_below_a_bound_are_below_it_and_even)
{
    struct prng prng;
    prng_seed(&prng, 1);
    int counts[10] = {0};
    int wrong = 0;
    for (int i = 0; i < 100000; i++) {
        const uint64_t number = prng_below(&prng, 10);
        wrong += number < 10 ? 0 : 1;
        counts[number % 10]++;
    }
    for (int i = 0; i < 10; i++) { /* 10,000 each; the standard deviation is 95 */
        ck_assert_int_gt(counts[i], 9500);
        ck_assert_int_lt(counts[i], 10500);
    }
    ck_assert_uint_eq(prng_below(&prng, 1), 0);
    const uint64_t two_thirds = UINT64_MAX / 3 * 2; /* biased unless numbers are drawn again */
    int low = 0;
    for (int i = 0; i < 30000; i++) {
        const uint64_t number = prng_below(&prng, two_thirds);
        wrong += number < two_thirds ? 0 : 1;
        low += number < two_thirds / 2 ? 1 : 0;
    }
    ck_assert_int_eq(wrong, 0);
    ck_assert_int_gt(low, 14500);
    ck_assert_int_lt(low, 15500);
}

END_TEST

START_TEST(a_chance_of_one_in_n_comes_one_time_in_n)
{
    struct prng prng;
    prng_seed(&prng, 2);
    int hits = 0;
    int certain = 0;
    for (int i = 0; i < 100000; i++) {
        certain += prng_chance(&prng, 1) ? 1 : 0;
        hits += prng_chance(&prng, 20) ? 1 : 0;
    }
    ck_assert_int_eq(certain, 100000);
    ck_assert_int_gt(hits, 4600);
    ck_assert_int_lt(hits, 5400);
}

END_TEST

START_TEST(filling_writes_exactly_what_was_asked_for)
{
    struct prng prng;
    prng_seed(&prng, 3);
    uint8_t bytes[66];
    int zeros = 0;
    for (int i = 0; i < 1000; i++) {
        memset(bytes, 0xEE, sizeof bytes);
        prng_fill(&prng, bytes + 1, 64);
        ck_assert_uint_eq(bytes[0], 0xEE);
        ck_assert_uint_eq(bytes[65], 0xEE);
        for (int j = 1; j < 65; j++) {
            zeros += bytes[j] == 0 ? 1 : 0;
        }
    }
    ck_assert_int_gt(zeros, 150); /* 250 of 64,000 */
    ck_assert_int_lt(zeros, 350);
    prng_fill(&prng, bytes, 0);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("prng");
    TCase *tcase = tcase_create("prng");
    tcase_set_timeout(tcase, 60); /* the machine may be busy */
    tcase_add_test(tcase, the_generator_is_xoshiro256_starstar);
    tcase_add_test(tcase, the_seed_is_spread_by_splitmix64);
    tcase_add_test(tcase, the_same_seed_gives_the_same_numbers_and_another_one_others);
    tcase_add_test(tcase, numbers_below_a_bound_are_below_it_and_even);
    tcase_add_test(tcase, a_chance_of_one_in_n_comes_one_time_in_n);
    tcase_add_test(tcase, filling_writes_exactly_what_was_asked_for);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
