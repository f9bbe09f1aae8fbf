/* agenda_limit_test.c: what a platform's limit holds, until when, and what it does not hold. */
#include "tests/suite.h"
#include "tests/unit/agenda_world.h"

#define LIMIT_MS ((int64_t)45000)

/* An outcome of target n's attempt n on account 1 that says until when. */
static void limited(struct world *world, uint32_t n, enum outcome outcome, int64_t next_ms, int64_t until_ms)
{
    tell(world, T0,
         (struct event){
             .code = EVENT_attempt_finished,
             .attempt_finished = {.post_id = id_number(ID_POST, n),
                                  .target_id = id_number(ID_TARGET, n),
                                  .attempt_id = id_number(ID_ATTEMPT, n),
                                  .outcome = outcome,
                                  .next_ms = next_ms,
                                  .until_ms = until_ms,
                                  .integration_id = id_number(ID_INTEGRATION, 1)}
    });
}

/* Posts 1 to 3 of account 1 and 4 of account 2, due at T0; the first has been started. */
static struct world world_of_four(void)
{
    struct world world = world_new();
    connect(&world, 1);
    connect(&world, 2);
    for (uint32_t n = 1; n <= 4; n++) {
        schedule(&world, n, n == 4 ? 2 : 1, T0, 0);
        lock(&world, n, 1, false);
    }
    start(&world, 1, 1, 0, T0);
    return world;
}

static const struct {
    enum outcome outcome;
    int64_t next_ms;
    uint32_t starts; /* of account 1, once the limit is over */
} outcomes[] = {
    {OUTCOME_DEFERRED,  T0 + LIMIT_MS, 3},
    {OUTCOME_DEFERRED,  0,             2}, /* beyond its window: the target ends, the limit holds the others */
    {OUTCOME_ACCEPTED,  0,             2}, /* the last of its window */
    {OUTCOME_TRY_AGAIN, T0 + 30000,    3},
    {OUTCOME_REFUSED,   0,             2},
};

START_TEST(an_outcome_that_speaks_of_a_limit_holds_every_start_of_its_account_until_then_and_no_others)
{
    struct world world = world_of_four();
    limited(&world, 1, outcomes[_i].outcome, outcomes[_i].next_ms, T0 + LIMIT_MS);
    ck_one(&world, T0, AGENDA_START, 4);
    start(&world, 4, 4, 0, T0);
    ck_none_until(&world, T0 + LIMIT_MS - 1, T0 + LIMIT_MS);
    next(&world, T0 + LIMIT_MS);
    ck_assert_uint_eq(world.count, outcomes[_i].starts);
    for (uint32_t i = 0; i < world.count; i++) {
        ck_assert_int_eq(world.due[i].action, AGENDA_START);
    }
    agenda_free(world.agenda);
}

END_TEST

START_TEST(what_becomes_due_while_the_account_is_limited_waits_too)
{
    struct world world = world_of_four();
    limited(&world, 1, OUTCOME_ACCEPTED, 0, T0 + LIMIT_MS);
    schedule(&world, 5, 1, T0 + 20000, 0);
    lock(&world, 5, 1, false);
    schedule(&world, 6, 1, T0 + LIMIT_MS + 5, 0);
    lock(&world, 6, 1, false);
    ck_one(&world, T0 + 20000, AGENDA_START, 4);
    next(&world, T0 + LIMIT_MS);
    ck_assert_uint_eq(world.count, 3); /* 2, 3, 5 */
    ck_one(&world, T0 + LIMIT_MS + 5, AGENDA_START, 6);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(a_limit_is_never_shortened_and_one_told_twice_is_one)
{
    struct world world = world_of_four();
    limited(&world, 1, OUTCOME_DEFERRED, T0 + LIMIT_MS, T0 + LIMIT_MS);
    start(&world, 2, 2, 0, T0);
    limited(&world, 2, OUTCOME_DEFERRED, T0 + 1000, T0 + 1000);
    const uint64_t digest = agenda_digest(world.agenda);
    limited(&world, 2, OUTCOME_DEFERRED, T0 + 1000, T0 + 1000);
    ck_assert(agenda_digest(world.agenda) == digest);
    ck_one(&world, T0 + 1000, AGENDA_START, 4);
    start(&world, 4, 4, 0, T0);
    ck_none_until(&world, T0 + LIMIT_MS - 1, T0 + LIMIT_MS);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(what_is_too_late_behind_a_limit_is_missed_and_what_is_late_goes_in_turn)
{
    struct world world = world_of_four();
    schedule(&world, 5, 1, T0, T0 + MINUTE_MS);
    lock(&world, 5, 1, false);
    limited(&world, 1, OUTCOME_ACCEPTED, 0, T0 + HOUR_MS);
    ck_one(&world, T0, AGENDA_START, 4);
    start(&world, 4, 4, 0, T0);
    finish(&world, 4, 4, 0, OUTCOME_ACCEPTED, 0);
    ck_none_until(&world, T0, T0 + MINUTE_MS + 1);
    ck_one(&world, T0 + MINUTE_MS + 1, AGENDA_MISS, 5);
    next(&world, T0 + HOUR_MS);
    ck_assert_uint_eq(world.count, 1);
    ck_assert_int_eq(world.due[0].action, AGENDA_START);
    ck_assert_int_eq(world.wake_ms, T0 + HOUR_MS + LATE_SPACING_DEFAULT_MS);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(late_ones_that_wait_for_their_turn_wait_for_the_end_of_the_limit)
{
    struct world world = world_new();
    const int64_t now_ms = T0 + HOUR_MS;
    connect(&world, 1);
    for (uint32_t n = 1; n <= 3; n++) {
        schedule(&world, n, 1, T0 + n, 0);
        lock(&world, n, 1, false);
    }
    ck_one(&world, now_ms, AGENDA_START, 1);
    start(&world, 1, 1, 0, now_ms);
    limited(&world, 1, OUTCOME_ACCEPTED, 0, now_ms + 5 * MINUTE_MS);
    ck_none_until(&world, now_ms + 5 * MINUTE_MS - 1, now_ms + 5 * MINUTE_MS);
    ck_one(&world, now_ms + 5 * MINUTE_MS, AGENDA_START, 2);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(readings_go_on_while_the_account_is_limited)
{
    struct world world = world_of_four();
    start(&world, 2, 2, 0, T0);
    finish(&world, 2, 2, 0, OUTCOME_UNKNOWN, T0 + 10000);
    limited(&world, 1, OUTCOME_ACCEPTED, 0, T0 + HOUR_MS);
    ck_one(&world, T0, AGENDA_START, 4);
    ck_one(&world, T0 + ATTEMPT_DEADLINE_MS, AGENDA_READ, 2);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(what_a_limit_holds_is_not_overdue)
{
    struct world world = world_of_four();
    limited(&world, 1, OUTCOME_ACCEPTED, 0, T0 + HOUR_MS);
    ck_one(&world, T0, AGENDA_START, 4);
    start(&world, 4, 4, 0, T0);
    ck_assert_int_eq(agenda_overdue(world.agenda, T0 + HOUR_MS).late_ms, 0);
    ck_assert_uint_eq(agenda_overdue(world.agenda, T0 + HOUR_MS).held, 0);
    ck_assert_int_eq(agenda_overdue(world.agenda, T0 + HOUR_MS + 7).late_ms, 7);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(a_limit_is_known_after_a_restart_and_from_a_target_that_is_done)
{
    struct world world = world_of_four();
    const struct event settled = {
        .code = EVENT_attempt_settled,
        .attempt_settled = {.target_id = id_number(ID_TARGET, 99),
                            .attempt_id = id_number(ID_ATTEMPT, 99),
                            .outcome = OUTCOME_ACCEPTED,
                            .until_ms = T0 + LIMIT_MS,
                            .integration_id = id_number(ID_INTEGRATION, 1)}
    };
    ck_assert_int_eq(apply(&world, T0, &settled), ERR_NOT_FOUND); /* the target: the read model is asked */
    ck_one(&world, T0, AGENDA_START, 4);
    agenda_free(world.agenda);
    world = world_of_four();
    const struct agenda_integration row = {.workspace_id = the_workspace(),
                                           .integration_id = id_number(ID_INTEGRATION, 1),
                                           .channel = CHANNEL_BLUESKY,
                                           .status = INTEGRATION_CONNECTED,
                                           .limited_ms = T0 + LIMIT_MS};
    ck_assert_int_eq(agenda_restore_integration(world.agenda, &row), OK);
    ck_one(&world, T0, AGENDA_START, 4);
    agenda_free(world.agenda);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("agenda_limit");
    TCase *tcase = tcase_create("limit");
    tcase_add_loop_test(tcase,
                        an_outcome_that_speaks_of_a_limit_holds_every_start_of_its_account_until_then_and_no_others, 0,
                        sizeof outcomes / sizeof *outcomes);
    tcase_add_test(tcase, what_becomes_due_while_the_account_is_limited_waits_too);
    tcase_add_test(tcase, a_limit_is_never_shortened_and_one_told_twice_is_one);
    tcase_add_test(tcase, what_is_too_late_behind_a_limit_is_missed_and_what_is_late_goes_in_turn);
    tcase_add_test(tcase, late_ones_that_wait_for_their_turn_wait_for_the_end_of_the_limit);
    tcase_add_test(tcase, readings_go_on_while_the_account_is_limited);
    tcase_add_test(tcase, what_a_limit_holds_is_not_overdue);
    tcase_add_test(tcase, a_limit_is_known_after_a_restart_and_from_a_target_that_is_done);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
