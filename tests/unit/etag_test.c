/* etag_test.c: what If-Match and If-None-Match may say, and what of it names version 3 or the tag "3". */
#include "gateway/etag.h"

#include <check.h>

#include "tests/suite.h"

#define ROWS(table_) (sizeof(table_) / sizeof *(table_))

static const struct {
    const char *value;
    enum etag_match match;
} rows[] = {
    {"*",                    ETAG_ANY      },
    {"\"3\"",                ETAG_STRONG   },
    {"W/\"3\"",              ETAG_WEAK     },
    {"\"4\"",                ETAG_OTHER    },
    {"W/\"4\"",              ETAG_OTHER    },
    {"\"\"",                 ETAG_OTHER    },
    {"\"33\"",               ETAG_OTHER    },
    {"\"4\", \"3\"",         ETAG_STRONG   },
    {"\"4\" ,\t\"3\",\"5\"", ETAG_STRONG   },
    {"W/\"3\", \"3\"",       ETAG_STRONG   },
    {"\"3\", W/\"3\"",       ETAG_STRONG   },
    {"\"4\", W/\"3\"",       ETAG_WEAK     },
    {"\"a,b\", \"3\"",       ETAG_STRONG   },
    {"\"3,4\"",              ETAG_OTHER    },
    {", \"3\", ,",           ETAG_STRONG   },
    {"\"\xC3\xA9\"",         ETAG_OTHER    },
    {"",                     ETAG_MALFORMED},
    {",",                    ETAG_MALFORMED},
    {"3",                    ETAG_MALFORMED},
    {"abc",                  ETAG_MALFORMED},
    {"\"3",                  ETAG_MALFORMED},
    {"3\"",                  ETAG_MALFORMED},
    {"W/3",                  ETAG_MALFORMED},
    {"W/",                   ETAG_MALFORMED},
    {"w/\"3\"",              ETAG_MALFORMED},
    {"W/ \"3\"",             ETAG_MALFORMED},
    {"\"3\" \"4\"",          ETAG_MALFORMED},
    {"\"3\";\"4\"",          ETAG_MALFORMED},
    {"\"3\", *",             ETAG_MALFORMED},
    {"*, \"3\"",             ETAG_MALFORMED},
    {"\"3\", abc",           ETAG_MALFORMED},
    {"\"a b\"",              ETAG_MALFORMED},
    {"\"3\"\"",              ETAG_MALFORMED},
};

START_TEST(a_value_is_a_star_or_a_list_of_tags_or_nothing)
{
    const struct span value = span_text(rows[_i].value);
    ck_assert_msg(etag_match_version(value, 3) == rows[_i].match, "%s", rows[_i].value);
    ck_assert_msg(etag_match(value, SPAN("\"3\"")) == rows[_i].match, "%s", rows[_i].value);
}

END_TEST

START_TEST(what_we_put_we_know_again)
{
    const uint64_t versions[] = {0, 1, 10, UINT64_MAX};
    for (size_t i = 0; i < ROWS(versions); i++) {
        char text[ETAG_MAX];
        const struct span tag = etag_of(versions[i], NULL, text);
        ck_assert_int_eq(etag_match(tag, tag), ETAG_STRONG);
        ck_assert_int_eq(etag_match_version(tag, versions[i]), ETAG_STRONG);
        ck_assert_int_eq(etag_match_version(tag, versions[i] ^ 1), ETAG_OTHER);
    }
}

END_TEST

START_TEST(a_version_that_is_shown_otherwise_has_another_tag_and_is_the_same_to_decide_upon)
{
    char plain_text[ETAG_MAX];
    char worded_text[ETAG_MAX];
    const struct span plain = etag_of(3, NULL, plain_text);
    const struct span worded = etag_of(3, "expiring", worded_text);
    ck_assert(span_equal(worded, SPAN("\"3-expiring\"")));
    ck_assert_int_eq(etag_match(plain, worded), ETAG_OTHER);
    ck_assert_int_eq(etag_match(worded, plain), ETAG_OTHER);
    ck_assert_int_eq(etag_match(worded, worded), ETAG_STRONG);
    ck_assert_int_eq(etag_match_version(worded, 3), ETAG_STRONG);
    ck_assert_int_eq(etag_match_version(SPAN("W/\"3-expiring\""), 3), ETAG_WEAK);
    ck_assert_int_eq(etag_match_version(worded, 4), ETAG_OTHER);
    ck_assert_int_eq(etag_match_version(SPAN("\"33-expiring\""), 3), ETAG_OTHER);
    ck_assert_int_eq(etag_match_version(SPAN("\"3expiring\""), 3), ETAG_OTHER);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("etag");
    TCase *tcase = tcase_create("etag");
    tcase_add_loop_test(tcase, a_value_is_a_star_or_a_list_of_tags_or_nothing, 0, (int)ROWS(rows));
    tcase_add_test(tcase, what_we_put_we_know_again);
    tcase_add_test(tcase, a_version_that_is_shown_otherwise_has_another_tag_and_is_the_same_to_decide_upon);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
