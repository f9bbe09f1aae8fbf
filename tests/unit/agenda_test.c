/* agenda_test.c: what is due, and when: preparations, locks, starts, retries, readings, and attempts that were lost. */
#include "tests/suite.h"
#include "tests/unit/agenda_world.h"

START_TEST(a_post_is_prepared_fifteen_seconds_before_its_lock_and_locked_300_before_its_instant)
{
    struct world world = world_new();
    connect(&world, 1);
    schedule(&world, 1, 1, T0, 0);
    ck_none_until(&world, T0 - HOUR_MS, T0 - LOCK_AHEAD_MS - AGENDA_FACTS_AHEAD_MS);
    next(&world, T0 - LOCK_AHEAD_MS - AGENDA_FACTS_AHEAD_MS);
    ck_assert_uint_eq(world.count, 1);
    ck_assert_int_eq(world.due[0].action, AGENDA_FACTS);
    ck_assert_int_eq(world.due[0].until_ms, T0 - LOCK_AHEAD_MS + AGENDA_FACTS_WAIT_MS);
    agenda_facts_done(world.agenda, &world.due[0].post_id);
    ck_none_until(&world, T0 - LOCK_AHEAD_MS - 1, T0 - LOCK_AHEAD_MS);
    next(&world, T0 - LOCK_AHEAD_MS);
    ck_assert_uint_eq(world.count, 1);
    ck_assert_int_eq(world.due[0].action, AGENDA_LOCK);
    ck_none_until(&world, T0, INT64_MAX);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(facts_that_do_not_come_hold_the_lock_up_for_ten_seconds_only)
{
    struct world world = world_new();
    connect(&world, 1);
    schedule(&world, 1, 1, T0, 0);
    next(&world, T0 - LOCK_AHEAD_MS - AGENDA_FACTS_AHEAD_MS);
    ck_none_until(&world, T0 - LOCK_AHEAD_MS, T0 - LOCK_AHEAD_MS + AGENDA_FACTS_WAIT_MS);
    next(&world, T0 - LOCK_AHEAD_MS + AGENDA_FACTS_WAIT_MS);
    ck_assert_uint_eq(world.count, 1);
    ck_assert_int_eq(world.due[0].action, AGENDA_LOCK);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(a_post_scheduled_for_now_is_prepared_and_locked_at_once)
{
    struct world world = world_new();
    connect(&world, 1);
    schedule(&world, 1, 1, T0, 0);
    next(&world, T0);
    ck_assert_int_eq(world.due[0].action, AGENDA_FACTS);
    agenda_facts_done(world.agenda, &world.due[0].post_id);
    next(&world, T0);
    ck_assert_uint_eq(world.count, 1);
    ck_assert_int_eq(world.due[0].action, AGENDA_LOCK);
    lock(&world, 1, 1, false);
    ck_one(&world, T0, AGENDA_START, 1);
    ck_assert_uint_eq(world.due[0].fence, 7);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(an_edit_makes_a_post_be_prepared_anew)
{
    struct world world = world_new();
    connect(&world, 1);
    schedule(&world, 1, 1, T0, 0);
    next(&world, T0 - LOCK_AHEAD_MS - 1);
    struct target_spec spec = {.target_id = id_number(ID_TARGET, 1), .integration_id = id_number(ID_INTEGRATION, 1)};
    tell(&world, 5,
         (struct event){
             .code = EVENT_post_edited,
             .post_edited = {.post_id = id_number(ID_POST, 1), .targets = &spec, .targets_count = 1}
    });
    next(&world, T0 - LOCK_AHEAD_MS - 1);
    ck_assert_uint_eq(world.count, 1);
    ck_assert_int_eq(world.due[0].action, AGENDA_FACTS);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(a_refused_lock_is_tried_again)
{
    struct world world = world_new();
    connect(&world, 1);
    schedule(&world, 1, 1, T0, 0);
    next(&world, T0);
    agenda_facts_done(world.agenda, &world.due[0].post_id);
    next(&world, T0);
    agenda_failed(world.agenda, &world.due[0], T0 + 50);
    ck_none_until(&world, T0 + 49, T0 + 50);
    next(&world, T0 + 50);
    ck_assert_int_eq(world.due[0].action, AGENDA_LOCK);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(a_target_starts_at_its_instant_and_only_once)
{
    struct world world = world_locked(1, false);
    ck_none_until(&world, T0 - 1, T0);
    ck_one(&world, T0, AGENDA_START, 1);
    ck_none_until(&world, T0 + HOUR_MS, INT64_MAX);
    start(&world, 1, 1, 0, T0);
    ck_none_until(&world, T0, T0 + ATTEMPT_DEADLINE_MS + AGENDA_LOST_MS);
    finish(&world, 1, 1, 0, OUTCOME_ACCEPTED, 0);
    ck_none_until(&world, T0 + DAY_MS, INT64_MAX);
    published(&world);
    ck_assert_uint_eq(agenda_count(world.agenda), 0);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(a_start_given_back_is_handed_out_again)
{
    struct world world = world_locked(1, false);
    ck_one(&world, T0, AGENDA_START, 1);
    agenda_failed(world.agenda, &world.due[0], T0 + 1000);
    ck_none_until(&world, T0 + 999, T0 + 1000);
    ck_one(&world, T0 + 1000, AGENDA_START, 1);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(a_retry_waits_for_its_instant)
{
    struct world world = world_locked(1, false);
    start(&world, 1, 1, 0, T0);
    finish(&world, 1, 1, 0, OUTCOME_TRY_AGAIN, T0 + 31000);
    ck_none_until(&world, T0 + 30999, T0 + 31000);
    ck_one(&world, T0 + 31000, AGENDA_START, 1);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(the_next_part_of_a_thread_follows_right_away_and_the_comment_last)
{
    struct world world = world_locked(2, true);
    ck_one(&world, T0, AGENDA_START, 1);
    ck_assert_uint_eq(world.due[0].part, 0);
    start(&world, 1, 1, 0, T0);
    finish(&world, 1, 1, 0, OUTCOME_ACCEPTED, 0);
    ck_one(&world, T0 + 300, AGENDA_START, 1);
    ck_assert_uint_eq(world.due[0].part, 1);
    start(&world, 1, 2, 1, T0 + 300);
    finish(&world, 1, 2, 1, OUTCOME_ACCEPTED, 0);
    published(&world);
    ck_one(&world, T0 + 600, AGENDA_START, 1);
    ck_assert_uint_eq(world.due[0].part, 2);
    start(&world, 1, 3, 2, T0 + 600);
    finish(&world, 1, 3, 2, OUTCOME_ACCEPTED, 0);
    tell(&world, T0,
         (struct event){
             .code = EVENT_comment_finished,
             .comment_finished = {.target_id = id_number(ID_TARGET, 1), .outcome = OUTCOME_ACCEPTED}
    });
    ck_assert_uint_eq(agenda_count(world.agenda), 0);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(an_unknown_outcome_is_read_at_its_instant_never_before_the_deadline)
{
    struct world world = world_locked(1, false);
    start(&world, 1, 1, 0, T0);
    finish(&world, 1, 1, 0, OUTCOME_UNKNOWN, T0 + 1000);
    ck_none_until(&world, T0 + ATTEMPT_DEADLINE_MS - 1, T0 + ATTEMPT_DEADLINE_MS);
    ck_one(&world, T0 + ATTEMPT_DEADLINE_MS, AGENDA_READ, 1);
    const struct id attempt = id_number(ID_ATTEMPT, 1);
    ck_assert(id_equal(&world.due[0].attempt_id, &attempt));
    ck_assert_int_eq(world.due[0].started_ms, T0);
    tell(&world, T0,
         (struct event){
             .code = EVENT_attempt_probed,
             .attempt_probed = {.target_id = id_number(ID_TARGET, 1), .attempt_id = attempt, .next_ms = T0 + HOUR_MS}
    });
    ck_none_until(&world, T0 + HOUR_MS - 1, T0 + HOUR_MS);
    ck_one(&world, T0 + HOUR_MS, AGENDA_READ, 1);
    tell(&world, T0,
         (struct event){
             .code = EVENT_attempt_probed,
             .attempt_probed = {.target_id = id_number(ID_TARGET, 1), .attempt_id = attempt}
    });
    ck_none_until(&world, T0 + 40 * DAY_MS, INT64_MAX); /* a person's turn */
    agenda_free(world.agenda);
}

END_TEST

START_TEST(an_unknown_outcome_is_read_whether_or_not_the_account_is_connected)
{
    struct world world = world_locked(1, false);
    start(&world, 1, 1, 0, T0);
    finish(&world, 1, 1, 0, OUTCOME_UNKNOWN, T0 + ATTEMPT_DEADLINE_MS);
    tell(&world, T0,
         (struct event){.code = EVENT_integration_disconnected,
                        .integration_disconnected = {.integration_id = id_number(ID_INTEGRATION, 1)}});
    ck_one(&world, T0 + ATTEMPT_DEADLINE_MS, AGENDA_READ, 1);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(after_a_refusal_a_person_s_retry_is_read_at_its_instant)
{
    struct world world = world_locked(1, false);
    start(&world, 1, 1, 0, T0);
    finish(&world, 1, 1, 0, OUTCOME_REFUSED, 0);
    struct retried_target retried = {.target_id = id_number(ID_TARGET, 1), .read_first = true};
    tell(&world, T0 + 10,
         (struct event){
             .code = EVENT_targets_retried,
             .targets_retried = {.due_ms = T0 + 10, .targets = &retried, .targets_count = 1}
    });
    ck_one(&world, T0 + 10, AGENDA_READ, 1);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(absence_proved_is_a_retry_and_presence_an_end)
{
    struct world world = world_locked(1, false);
    start(&world, 1, 1, 0, T0);
    finish(&world, 1, 1, 0, OUTCOME_UNKNOWN, T0 + ATTEMPT_DEADLINE_MS);
    struct event settled = {
        .code = EVENT_attempt_settled,
        .attempt_settled = {.target_id = id_number(ID_TARGET, 1),
                            .attempt_id = id_number(ID_ATTEMPT, 1),
                            .outcome = OUTCOME_ABSENT,
                            .by_read = true,
                            .next_ms = T0 + 150000}
    };
    tell(&world, T0, settled);
    ck_one(&world, T0 + 150000, AGENDA_START, 1);
    settled.attempt_settled.outcome = OUTCOME_ACCEPTED;
    tell(&world, T0, settled);
    ck_none_until(&world, T0 + DAY_MS, INT64_MAX);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(an_attempt_without_outcome_is_lost_after_its_deadline)
{
    struct world world = world_locked(1, false);
    start(&world, 1, 1, 0, T0);
    ck_one(&world, T0 + ATTEMPT_DEADLINE_MS + AGENDA_LOST_MS, AGENDA_LOST, 1);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(a_restored_attempt_of_an_older_epoch_is_lost_at_once_of_this_one_after_its_deadline)
{
    struct world world = world_new();
    connect(&world, 1);
    struct agenda_target row = open_attempt(6);
    ck_assert_int_eq(agenda_restore(world.agenda, &row), OK);
    ck_one(&world, T0, AGENDA_LOST, 1);
    row = open_attempt(7);
    ck_assert_int_eq(agenda_restore(world.agenda, &row), OK);
    ck_none_until(&world, T0, T0 + ATTEMPT_DEADLINE_MS + AGENDA_LOST_MS);
    agenda_free(world.agenda);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("agenda");
    TCase *tcase = tcase_create("agenda");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_post_is_prepared_fifteen_seconds_before_its_lock_and_locked_300_before_its_instant);
    tcase_add_test(tcase, facts_that_do_not_come_hold_the_lock_up_for_ten_seconds_only);
    tcase_add_test(tcase, a_post_scheduled_for_now_is_prepared_and_locked_at_once);
    tcase_add_test(tcase, an_edit_makes_a_post_be_prepared_anew);
    tcase_add_test(tcase, a_refused_lock_is_tried_again);
    tcase_add_test(tcase, a_target_starts_at_its_instant_and_only_once);
    tcase_add_test(tcase, a_start_given_back_is_handed_out_again);
    tcase_add_test(tcase, a_retry_waits_for_its_instant);
    tcase_add_test(tcase, the_next_part_of_a_thread_follows_right_away_and_the_comment_last);
    tcase_add_test(tcase, an_unknown_outcome_is_read_whether_or_not_the_account_is_connected);
    tcase_add_test(tcase, after_a_refusal_a_person_s_retry_is_read_at_its_instant);
    tcase_add_test(tcase, an_unknown_outcome_is_read_at_its_instant_never_before_the_deadline);
    tcase_add_test(tcase, absence_proved_is_a_retry_and_presence_an_end);
    tcase_add_test(tcase, an_attempt_without_outcome_is_lost_after_its_deadline);
    tcase_add_test(tcase, a_restored_attempt_of_an_older_epoch_is_lost_at_once_of_this_one_after_its_deadline);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
