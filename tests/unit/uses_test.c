/* uses_test.c: a key or session that is used is told of once an hour, and nothing that did not arrive is forgotten. */
#include "core/wire/uses.h"

#include <check.h>

#include "tests/ids.h"
#include "tests/suite.h"

#define HOUR ((int64_t)493533 * HOUR_MS) /* an hour of 2026 */
#define MANY 10000

static struct uses uses; /* large */

static void begin(void)
{
    memset(&uses, 0, sizeof uses);
    uses_init(&uses, 0x9E3779B97F4A7C15ULL);
}

/* Takes what is due at boot_ms, which arrives; returns how many uses were told. */
static uint32_t take_all(int64_t boot_ms)
{
    uint32_t count = 0;
    struct command command;
    while (uses_take(&uses, boot_ms, &command)) {
        ck_assert_uint_eq(command.code, COMMAND_report_uses);
        ck_assert_uint_gt(command.report_uses.uses_count, 0);
        ck_assert_uint_le(command.report_uses.uses_count, USES_PER_REPORT);
        count += command.report_uses.uses_count;
        uses_told(&uses, true);
    }
    return count;
}

static void note_many(int64_t now_ms)
{
    for (uint32_t n = 0; n < MANY; n++) {
        const struct id key = id_number(ID_KEY, n);
        uses_note(&uses, &key, now_ms);
    }
}

START_TEST(a_credential_is_told_of_once_an_hour_with_the_hours_beginning)
{
    begin();
    struct command command;
    const struct id key = id_number(ID_KEY, 1);
    const struct id session = id_number(ID_SESSION, 2);
    uses_note(&uses, &key, HOUR + 5);
    uses_note(&uses, &key, HOUR + HOUR_MS - 1);
    uses_note(&uses, &session, HOUR + 7);
    ck_assert(uses_take(&uses, 0, &command));
    const struct report_uses_command *report = &command.report_uses;
    ck_assert_uint_eq(report->uses_count, 2);
    ck_assert(id_equal(&report->uses[0].credential_id, &key));
    ck_assert_int_eq(report->uses[0].used_ms, HOUR);
    ck_assert(id_equal(&report->uses[1].credential_id, &session));
    uses_told(&uses, true);
    uses_note(&uses, &key, HOUR + HOUR_MS - 1);
    ck_assert_uint_eq(take_all(USES_EVERY_MS), 0);
    uses_note(&uses, &key, HOUR + HOUR_MS);
    ck_assert_uint_eq(take_all(2 * USES_EVERY_MS), 1);
    uses_done(&uses);
}

END_TEST

START_TEST(what_is_used_within_a_minute_is_told_together)
{
    begin();
    const struct id first = id_number(ID_KEY, 1);
    const struct id second = id_number(ID_KEY, 2);
    uses_note(&uses, &first, HOUR);
    ck_assert_uint_eq(take_all(0), 1);
    uses_note(&uses, &second, HOUR);
    ck_assert_uint_eq(take_all(USES_EVERY_MS - 1), 0);
    ck_assert_uint_eq(take_all(USES_EVERY_MS), 1);
    uses_done(&uses);
}

END_TEST

START_TEST(ten_thousand_that_begin_an_hour_together_are_told_in_reports_of_512)
{
    begin();
    note_many(HOUR);
    ck_assert_uint_eq(take_all(0), MANY);
    note_many(HOUR + 1);
    ck_assert_uint_eq(take_all(USES_EVERY_MS), 0);
    note_many(HOUR + HOUR_MS);
    ck_assert_uint_eq(take_all(2 * USES_EVERY_MS), MANY);
    uses_done(&uses);
}

END_TEST

START_TEST(several_reports_follow_the_order_of_ids)
{
    begin();
    const uint32_t many = 3 * USES_PER_REPORT;
    for (uint32_t n = 0; n < many; n++) { /* each of them once, 1001 and 1536 have no divisor in common but 1 */
        const struct id key = id_number(ID_KEY, n * 1001 % many);
        uses_note(&uses, &key, HOUR);
    }
    struct id before = {0};
    for (uint32_t told = 0; told < many; told += USES_PER_REPORT) {
        struct command command;
        ck_assert(uses_take(&uses, 0, &command));
        uses_told(&uses, false); /* lost, and taken again */
        const struct id late = id_number(ID_KEY, many + told);
        uses_note(&uses, &late, HOUR);
        ck_assert(uses_take(&uses, 0, &command));
        ck_assert_uint_eq(command.report_uses.uses_count, USES_PER_REPORT);
        for (uint32_t i = 0; i < USES_PER_REPORT; i++) {
            const struct id *at = &command.report_uses.uses[i].credential_id;
            ck_assert_int_lt(memcmp(&before, at, sizeof *at), 0);
            before = *at;
        }
        uses_told(&uses, true);
    }
    ck_assert_uint_eq(take_all(0), 3); /* what came meanwhile */
    uses_done(&uses);
}

END_TEST

START_TEST(what_did_not_arrive_is_told_again_with_what_came_meanwhile)
{
    begin();
    struct command command;
    const struct id first = id_number(ID_KEY, 1);
    const struct id second = id_number(ID_KEY, 2);
    uses_note(&uses, &first, HOUR);
    ck_assert(uses_take(&uses, 0, &command));
    uses_note(&uses, &second, HOUR);
    ck_assert(!uses_take(&uses, 2 * USES_EVERY_MS, &command)); /* the first is under way */
    uses_told(&uses, false);
    ck_assert(uses_take(&uses, 3 * USES_EVERY_MS, &command));
    ck_assert_uint_eq(command.report_uses.uses_count, 2);
    ck_assert(id_equal(&command.report_uses.uses[0].credential_id, &first));
    ck_assert(id_equal(&command.report_uses.uses[1].credential_id, &second));
    uses_told(&uses, true);
    ck_assert_uint_eq(take_all(5 * USES_EVERY_MS), 0);
    uses_done(&uses);
}

END_TEST

START_TEST(one_for_which_there_was_no_room_is_told_of_at_its_next_use)
{
    begin();
    for (uint32_t n = 0; n < USES_WAITING_MAX; n++) {
        const struct id key = id_number(ID_KEY, n);
        uses_note(&uses, &key, HOUR);
    }
    const struct id late = id_number(ID_KEY, USES_WAITING_MAX);
    uses_note(&uses, &late, HOUR);
    ck_assert_uint_eq(take_all(0), USES_WAITING_MAX);
    uses_note(&uses, &late, HOUR);
    ck_assert_uint_eq(take_all(USES_EVERY_MS), 1);
    uses_done(&uses);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("uses");
    TCase *tcase = tcase_create("uses");
    tcase_add_test(tcase, a_credential_is_told_of_once_an_hour_with_the_hours_beginning);
    tcase_add_test(tcase, what_is_used_within_a_minute_is_told_together);
    tcase_add_test(tcase, ten_thousand_that_begin_an_hour_together_are_told_in_reports_of_512);
    tcase_add_test(tcase, several_reports_follow_the_order_of_ids);
    tcase_add_test(tcase, what_did_not_arrive_is_told_again_with_what_came_meanwhile);
    tcase_add_test(tcase, one_for_which_there_was_no_room_is_told_of_at_its_next_use);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
