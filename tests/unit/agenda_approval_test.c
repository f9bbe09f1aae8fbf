/* agenda_approval_test.c: posts that wait to be approved are not locked, somebody is reminded, and at their instant
 * they are missed. */
#include "tests/suite.h"
#include "tests/unit/agenda_world.h"

static void set_policy(struct world *world, enum approval_policy policy)
{
    tell(world, 3,
         (struct event){
             .code = EVENT_workspace_changed,
             .workspace_changed = {.workspace_id = the_workspace(), .approval_policy = policy}
    });
}

static void wanted(struct world *world, int64_t time_ms, bool reminder)
{
    tell(world, time_ms,
         (struct event){
             .code = EVENT_approval_wanted,
             .approval_wanted = {.post_id = id_number(ID_POST, 1), .publish_at_ms = T0, .reminder = reminder}
    });
}

static void given(struct world *world, enum approval_policy policy)
{
    tell(world, 4,
         (struct event){
             .code = EVENT_approval_given, .approval_given = {.post_id = id_number(ID_POST, 1), .policy = policy}
    });
}

static void voided(struct world *world)
{
    tell(world, 4,
         (struct event){.code = EVENT_approval_voided, .approval_voided = {.post_id = id_number(ID_POST, 1)}});
}

/* A post due at T0 that waits to be approved. */
static struct world asked(void)
{
    struct world world = world_new();
    set_policy(&world, POLICY_ANY_APPROVER);
    connect(&world, 1);
    schedule(&world, 1, 1, T0, 0);
    wanted(&world, 3, false);
    return world;
}

static void ck_post(struct world *world, int64_t now_ms, enum agenda_action action)
{
    const struct id post = id_number(ID_POST, 1);
    next(world, now_ms);
    ck_assert_uint_eq(world->count, 1);
    ck_assert_int_eq(world->due[0].action, action);
    ck_assert(id_equal(&world->due[0].post_id, &post));
}

START_TEST(what_could_be_locked_and_is_not_is_late_from_its_instant_on_but_not_what_waits_to_be_approved)
{
    struct world world = world_new();
    connect(&world, 1);
    schedule(&world, 1, 1, T0, 0);
    ck_assert_int_eq(agenda_overdue(world.agenda, T0).late_ms, 0);
    ck_assert_int_eq(agenda_overdue(world.agenda, T0 + 70000).late_ms, 70000);
    set_policy(&world, POLICY_ANY_APPROVER);
    ck_assert_int_eq(agenda_overdue(world.agenda, T0 + 70000).late_ms, 0);
    given(&world, POLICY_ANY_APPROVER);
    ck_assert_int_eq(agenda_overdue(world.agenda, T0 + 70000).late_ms, 70000);
    simple(&world, EVENT_integration_paused);
    ck_assert_int_eq(agenda_overdue(world.agenda, T0 + 70000).late_ms, 0);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(somebody_is_reminded_half_an_hour_before_and_the_post_is_missed_at_its_instant)
{
    struct world world = asked();
    ck_none_until(&world, T0 - HOUR_MS, T0 - APPROVAL_REMIND_MS);
    ck_post(&world, T0 - APPROVAL_REMIND_MS, AGENDA_REMIND);
    ck_none_until(&world, T0 - APPROVAL_REMIND_MS, T0);
    wanted(&world, T0 - APPROVAL_REMIND_MS, true);
    ck_none_until(&world, T0 - 1, T0);
    ck_one(&world, T0, AGENDA_MISS, 1);
    ck_assert_uint_eq(world.due[0].cause, world.seq); /* that it was asked for */
    agenda_free(world.agenda);
}

END_TEST

START_TEST(a_reminder_that_failed_is_given_again)
{
    struct world world = asked();
    ck_post(&world, T0 - APPROVAL_REMIND_MS, AGENDA_REMIND);
    agenda_failed(world.agenda, &world.due[0], T0 - APPROVAL_REMIND_MS + 5000);
    ck_none_until(&world, T0 - APPROVAL_REMIND_MS, T0 - APPROVAL_REMIND_MS + 5000);
    ck_post(&world, T0 - APPROVAL_REMIND_MS + 5000, AGENDA_REMIND);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(who_was_asked_within_the_half_hour_is_not_reminded)
{
    struct world world = asked();
    wanted(&world, T0 - APPROVAL_REMIND_MS, false);
    ck_none_until(&world, T0 - 1, T0);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(approved_it_is_locked_300_seconds_before_and_nothing_is_asked_of_the_network)
{
    struct world world = asked();
    given(&world, POLICY_ANY_APPROVER);
    ck_none_until(&world, T0 - LOCK_AHEAD_MS - 1, T0 - LOCK_AHEAD_MS);
    ck_post(&world, T0 - LOCK_AHEAD_MS, AGENDA_LOCK);
    lock(&world, 1, 1, false);
    ck_one(&world, T0, AGENDA_START, 1);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(approved_in_the_last_five_minutes_it_is_locked_at_once)
{
    struct world world = asked();
    wanted(&world, T0 - APPROVAL_REMIND_MS, true);
    ck_none_until(&world, T0 - 1000, T0);
    given(&world, POLICY_ANY_APPROVER);
    ck_post(&world, T0 - 1000, AGENDA_LOCK);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(void_it_waits_again)
{
    struct world world = asked();
    wanted(&world, T0 - APPROVAL_REMIND_MS, true);
    given(&world, POLICY_ANY_APPROVER);
    voided(&world);
    ck_none_until(&world, T0 - LOCK_AHEAD_MS, T0);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(an_approval_under_a_weaker_policy_is_none)
{
    struct world world = asked();
    wanted(&world, T0 - APPROVAL_REMIND_MS, true);
    given(&world, POLICY_ANY_APPROVER);
    set_policy(&world, POLICY_FOUR_EYES);
    ck_none_until(&world, T0 - LOCK_AHEAD_MS, T0);
    given(&world, POLICY_FOUR_EYES);
    ck_post(&world, T0 - LOCK_AHEAD_MS, AGENDA_LOCK);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(a_policy_that_comes_later_or_goes_is_for_every_post_that_is_not_locked)
{
    struct world world = world_new();
    connect(&world, 1);
    schedule(&world, 1, 1, T0, 0);
    ck_none_until(&world, T0 - HOUR_MS, T0 - LOCK_AHEAD_MS - AGENDA_FACTS_AHEAD_MS);
    set_policy(&world, POLICY_FOUR_EYES);
    ck_none_until(&world, T0 - HOUR_MS, T0 - APPROVAL_REMIND_MS);
    ck_post(&world, T0 - APPROVAL_REMIND_MS, AGENDA_REMIND);
    set_policy(&world, POLICY_OFF);
    ck_none_until(&world, T0 - APPROVAL_REMIND_MS, T0 - LOCK_AHEAD_MS - AGENDA_FACTS_AHEAD_MS);
    ck_post(&world, T0 - LOCK_AHEAD_MS - AGENDA_FACTS_AHEAD_MS, AGENDA_FACTS);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(what_is_locked_wants_no_approval)
{
    struct world world = world_new();
    connect(&world, 1);
    schedule(&world, 1, 1, T0, 0);
    lock(&world, 1, 1, false);
    set_policy(&world, POLICY_FOUR_EYES);
    ck_none_until(&world, T0 - 1, T0);
    ck_one(&world, T0, AGENDA_START, 1);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(it_is_missed_whatever_is_paused_but_not_while_the_clock_is_suspected)
{
    struct world world = asked();
    wanted(&world, T0 - APPROVAL_REMIND_MS, true);
    simple(&world, EVENT_workspace_paused);
    simple(&world, EVENT_integration_paused);
    tell(&world, T0, (struct event){.code = EVENT_clock_suspected});
    ck_none_until(&world, T0, INT64_MAX);
    tell(&world, T0, (struct event){.code = EVENT_clock_trusted});
    ck_one(&world, T0, AGENDA_MISS, 1);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(a_later_instant_moves_all_of_it)
{
    struct world world = asked();
    wanted(&world, T0 - APPROVAL_REMIND_MS, true);
    struct target_due due = {.target_id = id_number(ID_TARGET, 1), .due_ms = T0 + HOUR_MS};
    tell(
        &world, T0 - LOCK_AHEAD_MS - 1,
        (struct event){
            .code = EVENT_post_scheduled,
            .post_scheduled = {
                               .post_id = id_number(ID_POST, 1), .publish_at_ms = T0 + HOUR_MS, .targets = &due, .targets_count = 1}
    });
    ck_none_until(&world, T0, T0 + HOUR_MS - APPROVAL_REMIND_MS);
    ck_post(&world, T0 + HOUR_MS - APPROVAL_REMIND_MS, AGENDA_REMIND);
    ck_one(&world, T0 + HOUR_MS, AGENDA_MISS, 1);
    agenda_free(world.agenda);
}

END_TEST

/* By events, and from rows. */
START_TEST(a_restored_agenda_knows_what_waits_and_what_is_approved)
{
    for (uint32_t policy = POLICY_NONE; policy < POLICY_COUNT; policy++) {
        struct world told = asked();
        struct world read = world_new();
        connect(&read, 1);
        if (policy != POLICY_NONE) {
            given(&told, (enum approval_policy)policy);
        }
        const struct agenda_workspace workspace = {.workspace_id = the_workspace(),
                                                   .max_lateness_ms = MAX_LATENESS_DEFAULT_MS,
                                                   .late_spacing_ms = LATE_SPACING_DEFAULT_MS,
                                                   .approval_policy = POLICY_ANY_APPROVER};
        const struct agenda_target row = {.workspace_id = the_workspace(),
                                          .post_id = id_number(ID_POST, 1),
                                          .target_id = id_number(ID_TARGET, 1),
                                          .integration_id = id_number(ID_INTEGRATION, 1),
                                          .channel = CHANNEL_BLUESKY,
                                          .status = TARGET_PENDING,
                                          .approved_under = policy,
                                          .publish_at_ms = T0,
                                          .due_ms = T0,
                                          .next_ms = T0};
        ck_assert_int_eq(agenda_restore_workspace(read.agenda, &workspace), OK);
        ck_assert_int_eq(agenda_restore(read.agenda, &row), OK);
        ck_assert_uint_eq(agenda_digest(read.agenda), agenda_digest(told.agenda));
        next(&told, T0 - LOCK_AHEAD_MS);
        next(&read, T0 - LOCK_AHEAD_MS);
        ck_assert_uint_eq(told.count, read.count);
        ck_assert_int_eq(told.due[0].action, read.due[0].action);
        ck_assert_int_eq(told.due[0].action, policy >= POLICY_ANY_APPROVER ? AGENDA_LOCK : AGENDA_REMIND);
        agenda_free(told.agenda);
        agenda_free(read.agenda);
    }
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("agenda_approval");
    TCase *tcase = tcase_create("agenda_approval");
    tcase_add_test(tcase,
                   what_could_be_locked_and_is_not_is_late_from_its_instant_on_but_not_what_waits_to_be_approved);
    tcase_add_test(tcase, somebody_is_reminded_half_an_hour_before_and_the_post_is_missed_at_its_instant);
    tcase_add_test(tcase, a_reminder_that_failed_is_given_again);
    tcase_add_test(tcase, who_was_asked_within_the_half_hour_is_not_reminded);
    tcase_add_test(tcase, approved_it_is_locked_300_seconds_before_and_nothing_is_asked_of_the_network);
    tcase_add_test(tcase, approved_in_the_last_five_minutes_it_is_locked_at_once);
    tcase_add_test(tcase, void_it_waits_again);
    tcase_add_test(tcase, an_approval_under_a_weaker_policy_is_none);
    tcase_add_test(tcase, a_policy_that_comes_later_or_goes_is_for_every_post_that_is_not_locked);
    tcase_add_test(tcase, what_is_locked_wants_no_approval);
    tcase_add_test(tcase, it_is_missed_whatever_is_paused_but_not_while_the_clock_is_suspected);
    tcase_add_test(tcase, a_later_instant_moves_all_of_it);
    tcase_add_test(tcase, a_restored_agenda_knows_what_waits_and_what_is_approved);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
