/* refusals_test.c: a flood of refusals becomes a bounded number of reports, and none of them is lost from the count. */
#include "core/wire/refusals.h"

#include <check.h>
#include <stdio.h>

#include "tests/ids.h"
#include "tests/suite.h"

#define WALL_MS ((int64_t)1776693600000)

static struct refusals refusals; /* large */

static struct refused by_key(uint32_t n, const char *request)
{
    return (struct refused){.workspace_id = id_number(ID_WORKSPACE, 1),
                            .key_id = id_number(ID_KEY, n),
                            .is_good = true,
                            .refusal = REFUSED_forbidden,
                            .request = request};
}

/* Takes all that is due; returns how many reports, and adds what they count. */
static uint32_t take_all(int64_t now_ms, uint64_t *times)
{
    uint32_t count = 0;
    struct command command;
    while (refusals_take(&refusals, now_ms, &command)) {
        *times +=
            command.code == COMMAND_report_refusals ? command.report_refusals.times : command.report_strangers.times;
        count++;
    }
    return count;
}

START_TEST(the_first_refusal_is_told_at_once_and_says_who_and_what)
{
    struct command command;
    struct refused refused = by_key(1, "get_post");
    refused.refusal = REFUSED_not_found;
    refused.subject = ID_POST;
    refusals_init(&refusals);
    ck_assert(!refusals_take(&refusals, 0, &command));
    refusals_note(&refusals, &refused, 0, WALL_MS);
    ck_assert(refusals_take(&refusals, 0, &command));
    const struct report_refusals_command *report = &command.report_refusals;
    ck_assert_uint_eq(command.code, COMMAND_report_refusals);
    ck_assert(id_equal(&command.workspace_id, &refused.workspace_id));
    ck_assert(id_equal(&command.actor_id, &refused.key_id) && id_equal(&report->key_id, &refused.key_id));
    ck_assert(span_equal(report->code, SPAN("not_found")) && span_equal(report->request, SPAN("get_post")));
    ck_assert(span_equal(report->subject, SPAN("post")));
    ck_assert_uint_eq(report->times, 1);
    ck_assert_int_eq(report->since_ms, WALL_MS);
    ck_assert(!refusals_take(&refusals, 0, &command));
    refusals_done(&refusals);
}

END_TEST

START_TEST(ten_thousand_strangers_are_two_reports_in_ten_minutes)
{
    uint64_t times = 0;
    refusals_init(&refusals);
    const struct refused stranger = {.refusal = REFUSED_unauthenticated, .request = "get_post", .subject = ID_POST};
    uint32_t reports = 0;
    for (int64_t i = 0; i < 10000; i++) {
        refusals_note(&refusals, &stranger, i * 10, WALL_MS + i * 10);
        reports += take_all(i * 10, &times);
    }
    ck_assert_uint_eq(reports, 1);
    ck_assert_uint_eq(take_all(REFUSAL_STRANGER_EVERY_MS - 1, &times), 0);
    struct command command;
    ck_assert(refusals_take(&refusals, REFUSAL_STRANGER_EVERY_MS, &command));
    ck_assert_uint_eq(command.code, COMMAND_report_strangers);
    ck_assert_uint_eq(command.report_strangers.times, 9999);
    ck_assert_int_eq(command.report_strangers.since_ms, WALL_MS + 10);
    refusals_done(&refusals);
}

END_TEST

START_TEST(a_good_keys_flood_of_every_kind_is_a_few_reports_a_minute)
{
    static const char *const requests[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"};
    const size_t kinds = sizeof requests / sizeof *requests;
    uint64_t times = 0;
    uint64_t noted = 0;
    uint32_t reports = 0;
    refusals_init(&refusals);
    for (int64_t now_ms = 0; now_ms < 10 * REFUSAL_EVERY_MS; now_ms += 100) {
        const struct refused refused = by_key(5, requests[noted % kinds]);
        refusals_note(&refusals, &refused, now_ms, WALL_MS + now_ms);
        noted++;
        reports += take_all(now_ms, &times);
    }
    ck_assert_uint_le(reports, 10 * (REFUSALS_PER_KEY + 1));
    ck_assert_uint_ge(reports, 9 * (REFUSALS_PER_KEY + 1));
    (void)take_all(20 * REFUSAL_EVERY_MS, &times);
    ck_assert_uint_eq(times, noted);
    const struct refused other = by_key(6, "a"); /* is not hurt by its neighbour */
    refusals_note(&refusals, &other, 0, WALL_MS);
    ck_assert_uint_eq(take_all(0, &times), 1);
    refusals_done(&refusals);
}

END_TEST

START_TEST(a_key_that_is_no_longer_good_says_nothing_but_whose_it_was)
{
    struct command command;
    struct refused refused = by_key(9, "get_post");
    refused.is_good = false;
    refused.refusal = REFUSED_unauthenticated;
    refusals_init(&refusals);
    refusals_note(&refusals, &refused, 0, WALL_MS);
    refused.request = "list_posts";
    refusals_note(&refusals, &refused, 0, WALL_MS);
    ck_assert(refusals_take(&refusals, 0, &command));
    ck_assert(id_equal(&command.report_refusals.key_id, &refused.key_id));
    ck_assert(command.report_refusals.request.data == NULL);
    ck_assert_uint_eq(command.report_refusals.times, 2);
    ck_assert(!refusals_take(&refusals, REFUSAL_STRANGER_EVERY_MS - 1, &command));
    refusals_done(&refusals);
}

END_TEST

START_TEST(more_kinds_than_places_are_counted_and_places_are_free_again)
{
    uint64_t times = 0;
    refusals_init(&refusals);
    for (uint32_t i = 0; i < REFUSAL_PLACES + 10; i++) {
        const struct refused refused = by_key(i, "a");
        refusals_note(&refusals, &refused, 0, WALL_MS);
    }
    ck_assert_uint_eq(refusals.lost, 10);
    ck_assert_uint_eq(take_all(0, &times), REFUSAL_PLACES);
    ck_assert_uint_eq(take_all(REFUSAL_EVERY_MS, &times), 0);
    const struct refused late = by_key(REFUSAL_PLACES + 3, "a");
    refusals_note(&refusals, &late, REFUSAL_EVERY_MS, WALL_MS);
    ck_assert_uint_eq(take_all(REFUSAL_EVERY_MS, &times), 1);
    refusals_done(&refusals);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("refusals");
    TCase *tcase = tcase_create("refusals");
    tcase_add_test(tcase, the_first_refusal_is_told_at_once_and_says_who_and_what);
    tcase_add_test(tcase, ten_thousand_strangers_are_two_reports_in_ten_minutes);
    tcase_add_test(tcase, a_good_keys_flood_of_every_kind_is_a_few_reports_a_minute);
    tcase_add_test(tcase, a_key_that_is_no_longer_good_says_nothing_but_whose_it_was);
    tcase_add_test(tcase, more_kinds_than_places_are_counted_and_places_are_free_again);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
