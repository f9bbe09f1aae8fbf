/* key_text_test.c: a key's text says its name and all 256 bits; a name is what its pattern says. */
#include "core/message/key_text.h"

#include <check.h>

#include "tests/suite.h"

START_TEST(the_text_is_the_number_in_base_62_behind_the_name)
{
    char text[KEY_TEXT_MAX];
    uint8_t randomness[KEY_RANDOM_LEN] = {0};
    key_text_write(SPAN("ci-1"), randomness, text);
    ck_assert_str_eq(text, "op_ci-1_0000000000000000000000000000000000000000000");
    randomness[31] = 62 + 11;
    key_text_write(SPAN("ci-1"), randomness, text);
    ck_assert_str_eq(text, "op_ci-1_000000000000000000000000000000000000000001B");
    memset(randomness, 0xFF, sizeof randomness); /* 2^256 - 1 */
    key_text_write(SPAN("abcdefghijklmnopqrstuvwx"), randomness, text);
    ck_assert_str_eq(text, "op_abcdefghijklmnopqrstuvwx_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp1");
}

END_TEST

static const struct {
    const char *name;
    bool good;
} names[] = {
    {"a",                         true },
    {"nightly-2",                 true },
    {"abcdefghijklmnopqrstuvwx",  true },
    {"abcdefghijklmnopqrstuvwxy", false},
    {"",                          false},
    {"Nightly",                   false},
    {"night_ly",                  false},
    {"n ight",                    false},
    {"\xC3\xA9",                  false},
};

START_TEST(a_name_has_small_letters_digits_and_hyphens)
{
    ck_assert_int_eq(key_name_is_valid(span_text(names[_i].name)), names[_i].good);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("key_text");
    TCase *tcase = tcase_create("text");
    tcase_add_test(tcase, the_text_is_the_number_in_base_62_behind_the_name);
    tcase_add_loop_test(tcase, a_name_has_small_letters_digits_and_hyphens, 0, sizeof names / sizeof *names);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
