/* agenda_readiness_test.c: what counts as late, for readiness; and that the agenda thinks of a late report as the
 * decider does.
 */
#include "tests/suite.h"
#include "tests/unit/agenda_world.h"

/* What comes too late for the attempt that a person's retry is about changes nothing: the platform is still read before
 * anything is sent again. */
START_TEST(a_late_report_does_not_take_the_reading_away_that_a_retry_waits_for)
{
    static const enum outcome outcomes[] = {OUTCOME_REFUSED, OUTCOME_TRY_AGAIN, OUTCOME_DEFERRED, OUTCOME_UNAUTHORIZED,
                                            OUTCOME_UNKNOWN};
    struct world world = world_locked(1, false);
    start(&world, 1, 1, 0, T0);
    finish(&world, 1, 1, 0, OUTCOME_UNKNOWN, T0 + ATTEMPT_DEADLINE_MS);
    struct retried_target retried = {.target_id = id_number(ID_TARGET, 1), .read_first = true};
    const int64_t again_ms = T0 + HOUR_MS;
    tell(&world, 6,
         (struct event){
             .code = EVENT_targets_retried,
             .targets_retried = {
                                 .post_id = id_number(ID_POST, 1), .due_ms = again_ms, .targets = &retried, .targets_count = 1}
    });
    tell(&world, 7,
         (struct event){
             .code = EVENT_attempt_settled,
             .attempt_settled = {.post_id = id_number(ID_POST, 1),
                                 .target_id = id_number(ID_TARGET, 1),
                                 .attempt_id = id_number(ID_ATTEMPT, 1),
                                 .outcome = outcomes[_i]}
    });
    ck_none_until(&world, again_ms - 1, again_ms);
    ck_one(&world, again_ms, AGENDA_READ, 1);
    agenda_free(world.agenda);
}

END_TEST

/* A second attempt, while the platform may say otherwise of the first. */
static struct agenda_target second_attempt(bool contradicted)
{
    struct agenda_target row = open_attempt(7);
    row.attempt_id = id_number(ID_ATTEMPT, 2);
    row.contradicted = contradicted;
    return row;
}

/* An attempt before may be live after all: whether the next outcome leads to a start or to a reading only the read
 * model knows. */
START_TEST(after_a_contradiction_the_next_outcome_is_looked_up)
{
    for (int contradicted = 0; contradicted < 2; contradicted++) {
        struct world world = world_new();
        connect(&world, 1);
        const struct agenda_target row = second_attempt(contradicted != 0);
        ck_assert_int_eq(agenda_restore(world.agenda, &row), OK);
        struct event event = {.code = EVENT_attempt_finished};
        event.attempt_finished.post_id = row.post_id;
        event.attempt_finished.target_id = row.target_id;
        event.attempt_finished.attempt_id = row.attempt_id;
        event.attempt_finished.outcome = OUTCOME_TRY_AGAIN;
        event.attempt_finished.next_ms = T0 + MINUTE_MS;
        ck_assert_int_eq(apply(&world, T0 + 5, &event), contradicted != 0 ? ERR_NOT_FOUND : OK);
        agenda_free(world.agenda);
    }
}

END_TEST

#define LATE_LIMIT_MS 60000 /* of readiness */

START_TEST(what_could_be_sent_and_is_not_is_late_from_its_instant_on)
{
    struct world world = world_locked(1, false);
    ck_assert_int_eq(agenda_overdue(world.agenda, T0 - HOUR_MS).late_ms, 0);
    ck_assert_int_eq(agenda_overdue(world.agenda, T0).late_ms, 0);
    ck_one(&world, T0, AGENDA_START, 1); /* handed out, but no start comes */
    ck_assert_int_eq(agenda_overdue(world.agenda, T0 + LATE_LIMIT_MS).late_ms, LATE_LIMIT_MS);
    ck_assert_int_eq(agenda_overdue(world.agenda, T0 + LATE_LIMIT_MS + 1).late_ms, LATE_LIMIT_MS + 1);
    agenda_failed(world.agenda, &world.due[0], T0 + LATE_LIMIT_MS + 500);
    ck_assert_int_eq(agenda_overdue(world.agenda, T0 + LATE_LIMIT_MS + 400).late_ms, LATE_LIMIT_MS + 400);
    start(&world, 1, 1, 0, T0 + LATE_LIMIT_MS + 600);
    ck_assert_int_eq(agenda_overdue(world.agenda, T0 + HOUR_MS).late_ms, 0);
    finish(&world, 1, 1, 0, OUTCOME_DEFERRED, T0 + 3 * HOUR_MS);
    ck_assert_int_eq(agenda_overdue(world.agenda, T0 + 2 * HOUR_MS).late_ms, 0);
    ck_assert_int_eq(agenda_overdue(world.agenda, T0 + 3 * HOUR_MS + 7).late_ms, 7);
    agenda_free(world.agenda);
}

END_TEST

static const struct {
    uint32_t holds;
    uint32_t releases;
} holding[] = {
    {EVENT_workspace_paused,         EVENT_workspace_resumed    },
    {EVENT_integration_paused,       EVENT_integration_resumed  },
    {EVENT_queue_paused,             EVENT_queue_resumed        },
    {EVENT_integration_disconnected, EVENT_integration_connected},
    {EVENT_clock_suspected,          EVENT_clock_trusted        },
};

START_TEST(what_is_held_is_not_late)
{
    struct world world = world_locked(1, false);
    simple(&world, holding[_i].holds);
    ck_assert_int_eq(agenda_overdue(world.agenda, T0 + HOUR_MS).late_ms, 0);
    ck_assert_uint_eq(agenda_overdue(world.agenda, T0).held, 1);
    ck_assert_uint_eq(agenda_overdue(world.agenda, T0 - 1).held, 0); /* it is not due yet */
    simple(&world, holding[_i].releases);
    ck_assert_int_eq(agenda_overdue(world.agenda, T0 + HOUR_MS).late_ms, HOUR_MS);
    ck_assert_uint_eq(agenda_overdue(world.agenda, T0 + HOUR_MS).held, 0);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(paused_workspaces_are_counted_whether_anything_is_due_or_not)
{
    struct world world = world_locked(1, false);
    ck_assert_uint_eq(agenda_overdue(world.agenda, T0 - DAY_MS).paused, 0);
    simple(&world, EVENT_workspace_paused);
    simple(&world, EVENT_workspace_paused); /* once more is nothing new */
    ck_assert_uint_eq(agenda_overdue(world.agenda, T0 - DAY_MS).paused, 1);
    simple(&world, EVENT_integration_paused); /* an account is no workspace */
    simple(&world, EVENT_workspace_resumed);
    ck_assert_uint_eq(agenda_overdue(world.agenda, T0 - DAY_MS).paused, 0);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(what_is_unknown_or_read_first_is_not_late)
{
    struct world world = world_locked(1, false);
    start(&world, 1, 1, 0, T0);
    finish(&world, 1, 1, 0, OUTCOME_UNKNOWN, T0 + ATTEMPT_DEADLINE_MS);
    ck_assert_int_eq(agenda_overdue(world.agenda, T0 + HOUR_MS).late_ms, 0);
    struct agenda_target row = second_attempt(false);
    row.attempt_open = false;
    row.read_first = true;
    row.status = TARGET_RETRYING;
    ck_assert_int_eq(agenda_restore(world.agenda, &row), OK);
    ck_assert_int_eq(agenda_overdue(world.agenda, T0 + HOUR_MS).late_ms, 0);
    row.read_first = false;
    ck_assert_int_eq(agenda_restore(world.agenda, &row), OK);
    ck_assert_int_eq(agenda_overdue(world.agenda, T0 + HOUR_MS).late_ms, HOUR_MS);
    const struct agenda_installation copied = {.epoch = 7, .suspended_at_ms = T0};
    agenda_restore_installation(world.agenda, &copied);
    ck_assert_int_eq(agenda_overdue(world.agenda, T0 + HOUR_MS).late_ms, 0); /* only a person sends it */
    agenda_free(world.agenda);
}

END_TEST

START_TEST(late_ones_that_wait_for_their_turn_are_not_late_but_the_one_whose_turn_it_is)
{
    struct world world = world_new();
    connect(&world, 1);
    for (uint32_t n = 1; n <= 3; n++) {
        schedule(&world, n, 1, T0 + n, 0);
        lock(&world, n, 1, false);
    }
    const int64_t now_ms = T0 + HOUR_MS;
    ck_one(&world, now_ms, AGENDA_START, 1);
    ck_assert_int_eq(agenda_overdue(world.agenda, now_ms).late_ms, 0);
    ck_assert_uint_eq(agenda_overdue(world.agenda, now_ms).in_line, 2);
    ck_assert_int_eq(agenda_overdue(world.agenda, now_ms + LATE_LIMIT_MS + 1).late_ms, LATE_LIMIT_MS + 1);
    agenda_failed(world.agenda, &world.due[0], now_ms + SECOND_MS); /* a failing command does not hide it */
    next(&world, now_ms + SECOND_MS);
    ck_assert_int_eq(agenda_overdue(world.agenda, now_ms + 2 * SECOND_MS).late_ms, 2 * SECOND_MS);
    start(&world, 1, 1, 0, now_ms + 3 * SECOND_MS);
    ck_assert_int_eq(agenda_overdue(world.agenda, now_ms + 4 * SECOND_MS).late_ms, 0);
    const int64_t second_ms = world.wake_ms;
    next(&world, now_ms + 3 * SECOND_MS + LATE_SPACING_DEFAULT_MS);
    ck_assert_uint_eq(world.count, 1);
    ck_assert_int_ge(now_ms + 3 * SECOND_MS + LATE_SPACING_DEFAULT_MS, second_ms);
    ck_assert_int_eq(agenda_overdue(world.agenda, now_ms + 13 * SECOND_MS + LATE_SPACING_DEFAULT_MS).late_ms,
                     10 * SECOND_MS);
    struct target_ref ref = {.target_id = world.due[0].target_id};
    tell(&world, 9,
         (struct event){
             .code = EVENT_targets_cancelled,
             .targets_cancelled = {.post_id = world.due[0].post_id, .targets = &ref, .targets_count = 1}
    });
    ck_assert_int_eq(agenda_overdue(world.agenda, now_ms + DAY_MS).late_ms, 0);
    agenda_free(world.agenda);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("agenda_readiness");
    TCase *tcase = tcase_create("agenda_late");
    tcase_add_loop_test(tcase, a_late_report_does_not_take_the_reading_away_that_a_retry_waits_for, 0, 5);
    tcase_add_test(tcase, after_a_contradiction_the_next_outcome_is_looked_up);
    tcase_add_test(tcase, what_could_be_sent_and_is_not_is_late_from_its_instant_on);
    tcase_add_loop_test(tcase, what_is_held_is_not_late, 0, (int)(sizeof holding / sizeof *holding));
    tcase_add_test(tcase, paused_workspaces_are_counted_whether_anything_is_due_or_not);
    tcase_add_test(tcase, what_is_unknown_or_read_first_is_not_late);
    tcase_add_test(tcase, late_ones_that_wait_for_their_turn_are_not_late_but_the_one_whose_turn_it_is);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
