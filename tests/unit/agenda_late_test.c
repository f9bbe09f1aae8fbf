/* agenda_late_test.c: what holds a target up, what becomes of it when it is too late, and in which order late ones go.
 */
#include "tests/suite.h"
#include "tests/unit/agenda_world.h"

static const struct {
    uint32_t hold;
    uint32_t release;
} holds[] = {
    {EVENT_workspace_paused,         EVENT_workspace_resumed    },
    {EVENT_integration_paused,       EVENT_integration_resumed  },
    {EVENT_queue_paused,             EVENT_queue_resumed        },
    {EVENT_integration_disconnected, EVENT_integration_connected},
};

START_TEST(what_is_held_starts_nothing_but_is_missed_when_too_late)
{
    struct world world = world_locked(2, false);
    simple(&world, holds[_i].hold);
    ck_none_until(&world, T0 + HOUR_MS, T0 + MAX_LATENESS_DEFAULT_MS + 1);
    simple(&world, holds[_i].release);
    ck_one(&world, T0, AGENDA_START, 1);
    start(&world, 1, 1, 0, T0);
    simple(&world, holds[_i].hold);
    finish(&world, 1, 1, 0, OUTCOME_ACCEPTED, 0);
    ck_none_until(&world, T0 + HOUR_MS, T0 + MAX_LATENESS_DEFAULT_MS + 1); /* no next part either */
    ck_one(&world, T0 + MAX_LATENESS_DEFAULT_MS + 1, AGENDA_MISS, 1);
    agenda_free(world.agenda);
}

END_TEST

static void delete_workspace(struct world *world, int64_t now_ms)
{
    tell(world, now_ms,
         (struct event){.code = EVENT_workspace_deleted, .workspace_deleted = {.workspace_id = the_workspace()}});
}

/* Locked or not, whether the agenda was told of the end or restored after it; what is under way is not touched. */
START_TEST(what_a_deleted_workspace_had_to_send_is_missed_at_once)
{
    struct world world = world_new();
    connect(&world, 1);
    schedule(&world, 1, 1, T0, 0);
    schedule(&world, 2, 1, T0 + HOUR_MS, 0);
    schedule(&world, 3, 1, T0, 0);
    lock(&world, 1, 1, false);
    lock(&world, 3, 1, false);
    start(&world, 3, 1, 0, T0);
    simple(&world, EVENT_workspace_paused);
    ck_assert_uint_eq(agenda_overdue(world.agenda, T0).paused, 1);
    delete_workspace(&world, T0);
    ck_assert_uint_eq(agenda_overdue(world.agenda, T0).paused, 0);
    next(&world, T0);
    ck_assert_uint_eq(world.count, 2);
    for (uint32_t i = 0; i < world.count; i++) {
        ck_assert_int_eq(world.due[i].action, AGENDA_MISS);
        ck_assert_uint_eq(world.due[i].cause, world.seq);
    }
    finish(&world, 3, 1, 0, OUTCOME_TRY_AGAIN, T0 + MINUTE_MS);
    ck_one(&world, T0 + 1, AGENDA_MISS, 3);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(nothing_of_a_deleted_workspace_is_read_or_connected)
{
    struct world world = world_new();
    connect(&world, 1);
    schedule(&world, 1, 1, T0, 0);
    lock(&world, 1, 1, false);
    start(&world, 1, 1, 0, T0);
    finish(&world, 1, 1, 0, OUTCOME_UNKNOWN, T0 + MINUTE_MS);
    tell(&world, T0,
         (struct event){
             .code = EVENT_integration_connecting,
             .integration_connecting = {.integration_id = id_number(ID_INTEGRATION, 2), .channel = CHANNEL_BLUESKY}
    });
    delete_workspace(&world, T0);
    next(&world, T0 + DAY_MS);
    ck_assert_uint_eq(world.count, 0);
    agenda_free(world.agenda);
}

END_TEST

static const struct {
    uint32_t stop;
    uint32_t go;
} stops[] = {
    {EVENT_clock_suspected,  EVENT_clock_trusted   },
    {EVENT_starts_suspended, EVENT_starts_confirmed},
};

START_TEST(a_suspect_clock_or_a_restored_folder_stops_locks_starts_and_misses)
{
    struct world world = world_locked(1, false);
    schedule(&world, 2, 1, T0, 0);
    simple(&world, stops[_i].stop);
    ck_none_until(&world, T0 + DAY_MS, INT64_MAX);
    simple(&world, stops[_i].go);
    next(&world, T0);
    ck_assert_uint_eq(world.count, 2);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(what_was_due_before_a_restored_folder_was_confirmed_is_unknown_and_only_a_person_sends_it)
{
    struct world world = world_locked(1, false);
    tell(&world, T0 - 1, (struct event){.code = EVENT_starts_suspended});
    ck_none_until(&world, T0, INT64_MAX);
    tell(&world, T0 + 1, (struct event){.code = EVENT_starts_confirmed});
    ck_one(&world, T0 + 1, AGENDA_MISS, 1);
    struct target_ref ref = {.target_id = id_number(ID_TARGET, 1)};
    tell(&world, T0 + 2,
         (struct event){
             .code = EVENT_targets_doubted, .targets_doubted = {.targets = &ref, .targets_count = 1}
    });
    ck_none_until(&world, T0 + DAY_MS, INT64_MAX);
    struct retried_target retried = {.target_id = id_number(ID_TARGET, 1)};
    tell(&world, T0 + HOUR_MS,
         (struct event){
             .code = EVENT_targets_retried,
             .targets_retried = {.due_ms = T0 + HOUR_MS, .targets = &retried, .targets_count = 1}
    });
    ck_one(&world, T0 + HOUR_MS, AGENDA_START, 1);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(a_target_is_missed_when_max_lateness_or_not_after_is_over)
{
    struct world world = world_locked(1, false);
    ck_one(&world, T0 + MAX_LATENESS_DEFAULT_MS + 1, AGENDA_MISS, 1);
    connect(&world, 2);
    schedule(&world, 2, 2, T0, T0 + 5000);
    lock(&world, 2, 1, false);
    ck_one(&world, T0 + 5001, AGENDA_MISS, 2);
    schedule(&world, 3, 2, T0, T0 + 5000);
    lock(&world, 3, 1, false);
    ck_one(&world, T0 + 5000, AGENDA_START, 3);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(a_workspace_that_waits_less_long_misses_sooner)
{
    struct world world = world_locked(1, false);
    simple(&world, EVENT_workspace_paused);
    ck_none_until(&world, T0, T0 + MAX_LATENESS_DEFAULT_MS + 1);
    tell(&world, T0,
         (struct event){
             .code = EVENT_workspace_changed,
             .workspace_changed = {.workspace_id = the_workspace(), .max_lateness_ms = (uint64_t)HOUR_MS}
    });
    ck_none_until(&world, T0, T0 + HOUR_MS + 1);
    tell(&world, T0,
         (struct event){
             .code = EVENT_workspace_changed,
             .workspace_changed = {.workspace_id = the_workspace(), .late_spacing_ms = 1}
    });
    ck_one(&world, T0 + HOUR_MS + 1, AGENDA_MISS, 1);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(a_lateness_beyond_all_instants_misses_nothing)
{
    struct world world = world_new();
    const uint64_t settings[] = {INT64_MAX, UINT64_MAX};
    for (uint32_t n = 1; n <= 2; n++) {
        tell(&world, 1,
             (struct event){
                 .code = EVENT_workspace_created,
                 .workspace_created = {.workspace_id = the_workspace(),
                                       .max_lateness_ms = settings[n - 1],
                                       .late_spacing_ms = settings[n - 1]}
        });
        connect(&world, n);
        schedule(&world, n, n, T0, 0);
        lock(&world, n, 1, false);
        ck_one(&world, T0, AGENDA_START, n);
    }
    agenda_free(world.agenda);
}

END_TEST

START_TEST(late_targets_of_one_account_go_in_order_of_due_time_a_minute_apart_and_hold_up_no_other)
{
    struct world world = world_new();
    connect(&world, 1);
    connect(&world, 2);
    for (uint32_t n = 1; n <= 5; n++) {
        schedule(&world, n, 1, T0 + (5 - n) * SECOND_MS, 0); /* 5 is due first */
        lock(&world, n, 1, false);
    }
    schedule(&world, 6, 2, T0, 0);
    lock(&world, 6, 1, false);
    const int64_t now_ms = T0 + HOUR_MS;
    next(&world, now_ms);
    ck_assert_uint_eq(world.count, 2);
    for (uint32_t turn = 0; turn < 5; turn++) {
        const struct id expected = id_number(ID_TARGET, 5 - turn);
        const struct agenda_due *due = &world.due[0];
        if (turn == 0) {
            const struct id other = id_number(ID_INTEGRATION, 2);
            due = id_equal(&world.due[0].integration_id, &other) ? &world.due[1] : &world.due[0];
        } else {
            next(&world, now_ms + turn * LATE_SPACING_DEFAULT_MS - 1);
            ck_assert_uint_eq(world.count, 0);
            next(&world, now_ms + turn * LATE_SPACING_DEFAULT_MS);
            ck_assert_uint_eq(world.count, 1);
        }
        ck_assert_int_eq(due->action, AGENDA_START);
        ck_assert(id_equal(&due->target_id, &expected));
        start(&world, 5 - turn, 10 + turn, 0, now_ms + turn * LATE_SPACING_DEFAULT_MS);
        finish(&world, 5 - turn, 10 + turn, 0, OUTCOME_ACCEPTED, 0);
    }
    agenda_free(world.agenda);
}

END_TEST

START_TEST(a_late_start_given_back_does_not_use_up_its_turn)
{
    struct world world = world_new();
    connect(&world, 1);
    for (uint32_t n = 1; n <= 2; n++) {
        schedule(&world, n, 1, T0 + n, 0);
        lock(&world, n, 1, false);
    }
    ck_one(&world, T0 + HOUR_MS, AGENDA_START, 1);
    agenda_failed(world.agenda, &world.due[0], T0 + HOUR_MS + 1000);
    next(&world, T0 + HOUR_MS + 1000);
    ck_assert_uint_eq(world.count, 1);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(a_late_target_that_waits_for_its_turn_can_be_cancelled_or_missed)
{
    struct world world = world_new();
    connect(&world, 1);
    for (uint32_t n = 1; n <= 20; n++) {
        schedule(&world, n, 1, T0 + n, n == 7 ? T0 + HOUR_MS + 5000 : 0);
        lock(&world, n, 1, false);
    }
    ck_one(&world, T0 + HOUR_MS, AGENDA_START, 1);
    for (uint32_t n = 2; n <= 20; n += 2) {
        struct target_ref ref = {.target_id = id_number(ID_TARGET, n)};
        tell(&world, T0,
             (struct event){
                 .code = EVENT_targets_cancelled, .targets_cancelled = {.targets = &ref, .targets_count = 1}
        });
    }
    ck_one(&world, T0 + HOUR_MS + 5001, AGENDA_MISS, 7);
    const uint32_t order[] = {3, 5, 9, 11, 13, 15, 17, 19};
    for (uint32_t i = 0; i < sizeof order / sizeof *order; i++) {
        ck_one(&world, T0 + HOUR_MS + (i + 1) * LATE_SPACING_DEFAULT_MS, AGENDA_START, order[i]);
    }
    agenda_free(world.agenda);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("agenda_late");
    TCase *tcase = tcase_create("agenda");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, what_is_held_starts_nothing_but_is_missed_when_too_late, 0,
                        sizeof holds / sizeof *holds);
    tcase_add_loop_test(tcase, a_suspect_clock_or_a_restored_folder_stops_locks_starts_and_misses, 0,
                        sizeof stops / sizeof *stops);
    tcase_add_test(tcase, what_was_due_before_a_restored_folder_was_confirmed_is_unknown_and_only_a_person_sends_it);
    tcase_add_test(tcase, what_a_deleted_workspace_had_to_send_is_missed_at_once);
    tcase_add_test(tcase, nothing_of_a_deleted_workspace_is_read_or_connected);
    tcase_add_test(tcase, a_target_is_missed_when_max_lateness_or_not_after_is_over);
    tcase_add_test(tcase, a_workspace_that_waits_less_long_misses_sooner);
    tcase_add_test(tcase, a_lateness_beyond_all_instants_misses_nothing);
    tcase_add_test(tcase, late_targets_of_one_account_go_in_order_of_due_time_a_minute_apart_and_hold_up_no_other);
    tcase_add_test(tcase, a_late_start_given_back_does_not_use_up_its_turn);
    tcase_add_test(tcase, a_late_target_that_waits_for_its_turn_can_be_cancelled_or_missed);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
