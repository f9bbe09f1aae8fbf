/* header_value_test.c: header values are read as their RFCs define them: case and white space count where they do. */
#include "gateway/header_value.h"

#include "tests/suite.h"

#define ROWS(table_) (sizeof(table_) / sizeof *(table_))

static const struct {
    const char *value;
    const char *key; /* NULL: none */
} bearers[] = {
    {"Bearer opk_1", "opk_1"},
    {"BEARER opk_1", "opk_1"},
    {"Bearer ",      NULL   },
    {"Bearer",       NULL   },
    {"Basic opk_1",  NULL   },
    {"",             NULL   },
};

START_TEST(a_key_is_what_follows_the_scheme)
{
    const struct span key = header_bearer(span_text(bearers[_i].value));
    ck_assert_int_eq(key.data != NULL, bearers[_i].key != NULL);
    ck_assert(key.data == NULL || span_equal(key, span_text(bearers[_i].key)));
}

END_TEST

static const struct {
    const char *value;
    bool is_json;
} types[] = {
    {"application/json",                true },
    {"application/json; charset=utf-8", true },
    {"Application/JSON ;charset=utf-8", true },
    {"application/merge-patch+json",    true },
    {"application/json5",               false},
    {"text/plain; a=application/json",  false},
    {"",                                false},
};

START_TEST(a_media_type_is_known_in_any_case_and_with_parameters)
{
    ck_assert(header_is_json(span_text(types[_i].value)) == types[_i].is_json);
}

END_TEST

static const struct {
    const char *value;
    bool is_utf8;
} charsets[] = {
    {"application/json",                                  true },
    {"application/json;",                                 true },
    {"application/json; v=1",                             true },
    {"application/json; charset=utf-8",                   true },
    {"application/json ;CharSet = \"UTF-8\" ; v=1",       true },
    {"application/json; charset=utf8",                    true },
    {"application/json; charset=latin1",                  false},
    {"application/json; v=1; charset=utf-16",             false},
    {"application/json; charset=utf-8; charset=x",        false},
    {"application/json; charset=",                        false},
    {"application/json; charset",                         false},
    {"application/json; charset=\"",                      false},
    {"application/json; x=\"a;charset=latin1\"",          true },
    {"application/json; x=\"a\\\";charset=latin1\"; v=1", true },
    {"application/json; x=\"a\\\\\";charset=latin1",      false},
    {"application/json; x=\"a;b\"; charset=latin1",       false},
    {"application/json; x=\"a;charset=utf-8",             false},
    {"application/json; x=\"a\\",                         false},
};

START_TEST(a_body_is_taken_as_utf_8_alone)
{
    ck_assert(header_is_utf8(span_text(charsets[_i].value)) == charsets[_i].is_utf8);
}

END_TEST

START_TEST(a_body_is_taken_in_no_coding_but_identity)
{
    ck_assert(header_is_identity((struct span){0}));
    ck_assert(header_is_identity(SPAN("identity")));
    ck_assert(header_is_identity(SPAN(" Identity ")));
    ck_assert(!header_is_identity(SPAN("gzip")));
    ck_assert(!header_is_identity(SPAN("identity, gzip")));
    ck_assert(!header_is_identity(SPAN("")));
}

END_TEST

START_TEST(an_idempotency_key_is_printable_and_not_too_long)
{
    uint8_t bytes[256];
    memset(bytes, 'k', sizeof bytes);
    ck_assert(header_is_idempotency_key(span_of(bytes, 1)));
    ck_assert(header_is_idempotency_key(span_of(bytes, 255)));
    ck_assert(!header_is_idempotency_key(span_of(bytes, 256)));
    ck_assert(!header_is_idempotency_key(span_of(bytes, 0)));
    ck_assert(!header_is_idempotency_key(SPAN("a\tb")));
    ck_assert(!header_is_idempotency_key(SPAN("a\x7F")));
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("header_value");
    TCase *tcase = tcase_create("header_value");
    tcase_add_loop_test(tcase, a_key_is_what_follows_the_scheme, 0, ROWS(bearers));
    tcase_add_loop_test(tcase, a_media_type_is_known_in_any_case_and_with_parameters, 0, ROWS(types));
    tcase_add_loop_test(tcase, a_body_is_taken_as_utf_8_alone, 0, ROWS(charsets));
    tcase_add_test(tcase, a_body_is_taken_in_no_coding_but_identity);
    tcase_add_test(tcase, an_idempotency_key_is_printable_and_not_too_long);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
