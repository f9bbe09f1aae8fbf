/* cookie_test.c: a session's token, and what somebody comes back with from a provider, are found in a Cookie header
 * when there is no doubt which they are. */
#include "gateway/sign_in/cookie.h"

#include <check.h>

#include "tests/suite.h"

#define TOKEN "0123456789ABCDEFGHIJabcdefghij0123456789xyz"
#define OTHER "zzz3456789ABCDEFGHIJabcdefghij0123456789xyz"

static const struct {
    const char *name, *header;
    bool secure, found;
} cookies[] = {
    {"alone",                                  "__Host-openpost=" TOKEN,                                      true,  true },
    {"alone, over plain http",                 "openpost=" TOKEN,                                             false, true },
    {"first of several",                       "__Host-openpost=" TOKEN "; theme=dark",                       true,  true },
    {"last of several",                        "a=b; theme=dark; __Host-openpost=" TOKEN,                     true,  true },
    {"without spaces between",                 "a=b;__Host-openpost=" TOKEN ";c=d",                           true,  true },
    {"with spaces around",                     "  __Host-openpost = " TOKEN " ;",                             true,  true },
    {"empty pairs beside it",                  ";;; __Host-openpost=" TOKEN ";;",                             true,  true },
    {"one in quotes beside it",                "q=\"x\"; __Host-openpost=" TOKEN,                             true,  true },
    {"twice, the same",                        "__Host-openpost=" TOKEN "; __Host-openpost=" TOKEN,           true,  false},
    {"twice, another first",                   "__Host-openpost=" OTHER "; __Host-openpost=" TOKEN,           true,  false},
    {"twice, an empty one last",               "__Host-openpost=" TOKEN "; __Host-openpost=",                 true,  false},
    {"twice, one without a value",             "__Host-openpost=" TOKEN "; __Host-openpost",                  true,  false},
    {"the name without the promise, on https", "openpost=" TOKEN,                                             true,  false},
    {"the name with the promise, on http",     "__Host-openpost=" TOKEN,                                      false, false},
    {"the name in another case",               "__host-openpost=" TOKEN,                                      true,  false},
    {"a longer name",                          "__Host-openposts=" TOKEN,                                     true,  false},
    {"a name that ends so",                    "x__Host-openpost=" TOKEN,                                     true,  false},
    {"a token that is too short",              "__Host-openpost=0123456789",                                  true,  false},
    {"a token that is too long",               "__Host-openpost=" TOKEN "0",                                  true,  false},
    {"a token in quotes",                      "__Host-openpost=\"" TOKEN "\"",                               true,  false},
    {"a character that is none of ours",       "__Host-openpost=0123456789ABCDEFGHIJabcdefghij0123456789xy-", true,  false},
    {"no value",                               "__Host-openpost",                                             true,  false},
    {"nothing",                                "",                                                            true,  false},
    {"another one only",                       "theme=" TOKEN,                                                true,  false},
    {"in another's value",                     "a=__Host-openpost=" TOKEN,                                    true,  false},
};

START_TEST(a_token_is_found_when_there_is_exactly_one)
{
    const struct span found = cookie_token(span_text(cookies[_i].header), cookies[_i].secure);
    ck_assert_msg((found.data != NULL) == cookies[_i].found, "%s", cookies[_i].name);
    ck_assert_msg(found.data == NULL || span_equal(found, SPAN(TOKEN)), "%s", cookies[_i].name);
}

END_TEST

START_TEST(a_header_that_was_not_sent_has_none)
{
    ck_assert_ptr_null(cookie_token((struct span){0}, true).data);
}

END_TEST

START_TEST(what_is_written_is_kept_by_browsers_for_us_alone)
{
    char text[COOKIE_MAX];
    cookie_write(SPAN(TOKEN), true, 2592000, text);
    ck_assert_str_eq(text, "__Host-openpost=" TOKEN "; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=2592000");
    cookie_write(SPAN(TOKEN), false, 60, text);
    ck_assert_str_eq(text, "openpost=" TOKEN "; Path=/; HttpOnly; SameSite=Lax; Max-Age=60");
    cookie_write(SPAN(""), true, 0, text);
    ck_assert_str_eq(text, "__Host-openpost=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
}

END_TEST

START_TEST(what_somebody_comes_back_with_has_a_cookie_of_its_own)
{
    char text[FLOW_COOKIE_MAX];
    const struct span both = SPAN("__Host-openpost=" TOKEN "; __Host-openpost-flow=AbC+/w==; openpost-flow=other");
    ck_assert(span_equal(cookie_flow(both, true), SPAN("AbC+/w==")));
    ck_assert(span_equal(cookie_flow(both, false), SPAN("other")));
    ck_assert(span_equal(cookie_token(both, true), SPAN(TOKEN)));
    ck_assert_ptr_null(cookie_flow(SPAN("openpost-flow=a; openpost-flow=a"), false).data);
    ck_assert_ptr_null(cookie_flow(SPAN("openpost=" TOKEN), false).data);
    cookie_write_flow(SPAN("AbC+/w=="), true, 600, text);
    ck_assert_str_eq(text, "__Host-openpost-flow=AbC+/w==; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600");
    cookie_write_flow(SPAN(""), false, 0, text);
    ck_assert_str_eq(text, "openpost-flow=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("cookie");
    TCase *tests = tcase_create("cookie");
    tcase_add_loop_test(tests, a_token_is_found_when_there_is_exactly_one, 0, sizeof cookies / sizeof *cookies);
    tcase_add_test(tests, a_header_that_was_not_sent_has_none);
    tcase_add_test(tests, what_is_written_is_kept_by_browsers_for_us_alone);
    tcase_add_test(tests, what_somebody_comes_back_with_has_a_cookie_of_its_own);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
