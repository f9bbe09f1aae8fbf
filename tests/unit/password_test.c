/* password_test.c: a password is long, is text, and is none of those that are guessed first. */
#include "gateway/sign_in/password.h"

#include <check.h>

#include "tests/suite.h"

static const struct {
    const char *password;
    bool strong;
} passwords[] = {
    {"a horse and a staple",      true },
    {"twelve bytes",              true },
    {"eleven byte",               false},
    {"",                          false},
    {"gr\xC3\xBC\xC3\x9F dich!",  true },
    {"not \xFF utf-8 text",       false},
    {"password1234",              false},
    {"PassWord1234",              false},
    {"password12346",             true },
    {"qwertyuiop123",             false},
    {"correcthorsebatterystaple", false},
    {"aaaaaaaaaaaaaaaa",          false},
    {"ababababababab",            false},
    {"abababababababc",           true },
};

START_TEST(a_password_is_strong_or_not)
{
    ck_assert_msg(password_is_strong(span_text(passwords[_i].password)) == passwords[_i].strong, "%s",
                  passwords[_i].password);
}

END_TEST

START_TEST(a_password_has_256_bytes_at_most)
{
    uint8_t text[PASSWORD_MAX + 1];
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (uint8_t)('a' + i % 26);
    }
    ck_assert(password_is_strong(span_of(text, PASSWORD_MAX)));
    ck_assert(!password_is_strong(span_of(text, PASSWORD_MAX + 1)));
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("password");
    TCase *tests = tcase_create("password");
    tcase_add_loop_test(tests, a_password_is_strong_or_not, 0, sizeof passwords / sizeof *passwords);
    tcase_add_test(tests, a_password_has_256_bytes_at_most);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
