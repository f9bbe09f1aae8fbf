/* wiped_test.c: the heap that overwrites is a heap: what it hands out is aligned and as long as was asked for, what is
 * resized keeps its bytes, and what cannot be had is NULL. That it overwrites is seen from outside, in the memory of
 * processes (tests/e2e/secrets_test.py): nobody may look at what was given back. */
#include "core/base/wiped.h"

#include <check.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "tests/suite.h"

START_TEST(what_is_resized_keeps_its_bytes)
{
    static const size_t lens[] = {1, 100, 5000, 70000, 70000, 300, 7};
    uint8_t *bytes = wiped_realloc(NULL, lens[0]);
    size_t had = lens[0];
    bytes[0] = 0;
    for (size_t i = 1; i < sizeof lens / sizeof *lens; i++) {
        bytes = wiped_realloc(bytes, lens[i]);
        ck_assert_uint_eq((uintptr_t)bytes % alignof(max_align_t), 0);
        for (size_t at = 0; at < had && at < lens[i]; at++) {
            ck_assert_uint_eq(bytes[at], at % 251);
        }
        for (size_t at = 0; at < lens[i]; at++) {
            bytes[at] = (uint8_t)(at % 251);
        }
        had = lens[i];
    }
    wiped_free(bytes);
    wiped_free(NULL);
}

END_TEST

START_TEST(what_is_counted_is_zero_and_what_is_copied_is_the_same)
{
    uint8_t *bytes = wiped_calloc(37, 11);
    for (size_t at = 0; at < (size_t)37 * 11; at++) {
        ck_assert_uint_eq(bytes[at], 0);
    }
    wiped_free(bytes);
    wiped_free(wiped_calloc(0, 0));
    char *copy = wiped_strdup("a password");
    ck_assert_str_eq(copy, "a password");
    wiped_free(copy);
}

END_TEST

START_TEST(what_no_memory_could_hold_is_not_there)
{
    volatile size_t much = SIZE_MAX;
    ck_assert_ptr_null(wiped_malloc(much));
    ck_assert_ptr_null(wiped_malloc(much - 15));
    ck_assert_ptr_null(wiped_calloc(much / 2, 3));
    void *bytes = wiped_malloc(8);
    ck_assert_ptr_null(wiped_realloc(bytes, much));
    memset(bytes, 1, 8); /* it is as it was */
    wiped_free(bytes);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("wiped");
    TCase *tests = tcase_create("wiped");
    tcase_add_test(tests, what_is_resized_keeps_its_bytes);
    tcase_add_test(tests, what_is_counted_is_zero_and_what_is_copied_is_the_same);
    tcase_add_test(tests, what_no_memory_could_hold_is_not_there);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
