/* snags_test.c: what keeps a series from its posts is told of, by name and code, at most once a minute; what a race
 * explains is not. */
#include "core/scheduler/snags.h"

#include "core/base/limits.h"
#include "tests/suite.h"

#define T0 INT64_C(1767225600000)

static const struct id the_series = {.kind = ID_SERIES, .uuid = {1}};
static const struct id the_post = {.kind = ID_POST, .uuid = {2}};

static void refused(struct snags *snags, enum refusal refusal, uint32_t asks)
{
    snags_answered(snags, &the_series, &the_post, OK, refusal, asks);
}

START_TEST(a_refusal_is_told_of_once_a_minute_with_how_many_there_were)
{
    struct snags snags;
    struct snag snag;
    snags_init(&snags);
    ck_assert(!snags_take(&snags, T0, &snag));
    refused(&snags, REFUSED_field_invalid, 1);
    ck_assert(snags_take(&snags, T0, &snag));
    ck_assert(id_equal(&snag.series_id, &the_series));
    ck_assert(id_equal(&snag.post_id, &the_post));
    ck_assert_int_eq(snag.err, OK);
    ck_assert_int_eq(snag.refusal, REFUSED_field_invalid);
    ck_assert_uint_eq(snag.times, 1);
    ck_assert(!snags_take(&snags, T0 + MINUTE_MS, &snag));
    refused(&snags, REFUSED_field_invalid, 2);
    ck_assert(snags_take(&snags, T0 + MINUTE_MS, &snag));
    refused(&snags, REFUSED_field_invalid, 3);
    refused(&snags, REFUSED_storage_full, 4);
    ck_assert(!snags_take(&snags, T0 + 2 * MINUTE_MS - 1, &snag));
    ck_assert(snags_take(&snags, T0 + 2 * MINUTE_MS, &snag));
    ck_assert_int_eq(snag.refusal, REFUSED_storage_full);
    ck_assert_uint_eq(snag.times, 2);
    snags_done(&snags);
}

END_TEST

START_TEST(a_race_is_told_of_when_it_does_not_end)
{
    static const enum refusal races[] = {REFUSED_exists, REFUSED_post_locked, REFUSED_version_mismatch};
    struct snags snags;
    struct snag snag;
    snags_init(&snags);
    for (size_t i = 0; i < sizeof races / sizeof *races; i++) {
        refused(&snags, races[i], SNAG_ASKS - 1);
    }
    refused(&snags, ACCEPTED, SNAG_ASKS);
    ck_assert(!snags_take(&snags, T0, &snag));
    refused(&snags, REFUSED_version_mismatch, SNAG_ASKS);
    ck_assert(snags_take(&snags, T0, &snag));
    ck_assert_int_eq(snag.refusal, REFUSED_version_mismatch);
    ck_assert_uint_eq(snag.times, 1);
    snags_done(&snags);
}

END_TEST

START_TEST(an_error_is_told_of_but_not_that_the_process_ends)
{
    struct snags snags;
    struct snag snag;
    snags_init(&snags);
    snags_answered(&snags, &the_series, &the_post, ERR_CLOSED, ACCEPTED, 1);
    ck_assert(!snags_take(&snags, T0, &snag));
    snags_answered(&snags, &the_series, &the_post, ERR_TIMED_OUT, ACCEPTED, 1);
    ck_assert(snags_take(&snags, T0, &snag));
    ck_assert_int_eq(snag.err, ERR_TIMED_OUT);
    snags_failed(&snags, &the_series, NULL, ERR_ALTERED);
    ck_assert(snags_take(&snags, T0 + MINUTE_MS, &snag));
    ck_assert_int_eq(snag.err, ERR_ALTERED);
    ck_assert(id_is_none(&snag.post_id));
    snags_done(&snags);
}

END_TEST

START_TEST(a_line_names_series_post_and_code)
{
    struct snags snags;
    char text[SNAG_TEXT_MAX];
    snags_init(&snags);
    ck_assert(!snags_tell(&snags, T0, text));
    refused(&snags, REFUSED_storage_full, 1);
    ck_assert(snags_tell(&snags, T0, text));
    ck_assert_ptr_eq(strstr(text, "series=ser_"), text);
    ck_assert_ptr_nonnull(strstr(text, " post=post_"));
    ck_assert_ptr_nonnull(strstr(text, " code=storage_full times=1 next="));
    snags_failed(&snags, &the_series, NULL, ERR_ALTERED);
    ck_assert(snags_tell(&snags, T0 + MINUTE_MS, text));
    ck_assert_ptr_nonnull(strstr(text, " post=none err="));
    ck_assert_ptr_nonnull(strstr(text, err_name(ERR_ALTERED)));
    snags_done(&snags);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("snags");
    TCase *tcase = tcase_create("snags");
    tcase_add_test(tcase, a_refusal_is_told_of_once_a_minute_with_how_many_there_were);
    tcase_add_test(tcase, a_race_is_told_of_when_it_does_not_end);
    tcase_add_test(tcase, an_error_is_told_of_but_not_that_the_process_ends);
    tcase_add_test(tcase, a_line_names_series_post_and_code);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
