/* agenda_test.c: what is due, and when: locks, starts, readings, misses, what holds them, and that an agenda built
 * afresh is the live one. */
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
    tell(&world, T0,
         (struct event){
             .code = EVENT_target_finished,
             .target_finished = {.target_id = id_number(ID_TARGET, 1), .status = TARGET_PUBLISHED}
    });
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
    tell(&world, T0,
         (struct event){
             .code = EVENT_target_finished,
             .target_finished = {.target_id = id_number(ID_TARGET, 1), .status = TARGET_PUBLISHED}
    });
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

static struct agenda_target open_attempt(uint64_t fence)
{
    return (struct agenda_target){.workspace_id = the_workspace(),
                                  .post_id = id_number(ID_POST, 1),
                                  .target_id = id_number(ID_TARGET, 1),
                                  .integration_id = id_number(ID_INTEGRATION, 1),
                                  .channel = CHANNEL_BLUESKY,
                                  .status = TARGET_ATTEMPTING,
                                  .locked = true,
                                  .publish_at_ms = T0,
                                  .due_ms = T0,
                                  .part_count = 1,
                                  .attempt_id = id_number(ID_ATTEMPT, 1),
                                  .attempt_open = true,
                                  .fence = fence,
                                  .deadline_ms = T0 + ATTEMPT_DEADLINE_MS};
}

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

static const struct {
    uint32_t hold;
    uint32_t release;
} holds[] = {
    {EVENT_workspace_paused,         EVENT_workspace_resumed    },
    {EVENT_integration_paused,       EVENT_integration_resumed  },
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

START_TEST(what_was_due_when_the_folder_was_found_restored_is_never_started_by_a_machine)
{
    struct world world = world_locked(1, false);
    tell(&world, T0, (struct event){.code = EVENT_starts_suspended});
    tell(&world, T0 + 1, (struct event){.code = EVENT_starts_confirmed});
    ck_none_until(&world, T0 + HOUR_MS, T0 + MAX_LATENESS_DEFAULT_MS + 1);
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

START_TEST(a_persons_retry_is_read_first_when_the_platform_refused)
{
    struct world world = world_locked(1, false);
    start(&world, 1, 1, 0, T0);
    finish(&world, 1, 1, 0, OUTCOME_REFUSED, 0);
    struct retried_target retried = {.target_id = id_number(ID_TARGET, 1), .read_first = true};
    struct event event = {
        .code = EVENT_targets_retried,
        .targets_retried = {.due_ms = T0 + DAY_MS, .targets = &retried, .targets_count = 1}
    };
    tell(&world, T0, event);
    ck_one(&world, T0 + DAY_MS, AGENDA_READ, 1);
    tell(&world, T0,
         (struct event){
             .code = EVENT_attempt_settled,
             .attempt_settled = {.target_id = id_number(ID_TARGET, 1),
                                 .attempt_id = id_number(ID_ATTEMPT, 1),
                                 .outcome = OUTCOME_ABSENT,
                                 .next_ms = T0 + DAY_MS}
    });
    ck_one(&world, T0 + DAY_MS, AGENDA_START, 1);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(an_event_that_opens_a_target_the_agenda_does_not_have_asks_for_its_row)
{
    struct world world = world_new();
    struct retried_target retried = {.target_id = id_number(ID_TARGET, 1)};
    struct event event = {
        .code = EVENT_targets_retried, .targets_retried = {.targets = &retried, .targets_count = 1}
    };
    ck_assert_int_eq(apply(&world, T0, &event), ERR_NOT_FOUND);
    struct target_due due = {.target_id = id_number(ID_TARGET, 1), .due_ms = T0};
    event = (struct event){
        .code = EVENT_post_scheduled, .post_scheduled = {.targets = &due, .targets_count = 1}
    };
    ck_assert_int_eq(apply(&world, T0, &event), ERR_NOT_FOUND);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(an_account_is_connected_once_and_again_when_that_could_not_be_tried)
{
    struct world world = world_new();
    tell(&world, 2,
         (struct event){
             .code = EVENT_integration_connecting,
             .integration_connecting = {.integration_id = id_number(ID_INTEGRATION, 1), .channel = CHANNEL_BLUESKY}
    });
    next(&world, T0);
    ck_assert_uint_eq(world.count, 1);
    ck_assert_int_eq(world.due[0].action, AGENDA_CONNECT);
    agenda_failed(world.agenda, &world.due[0], T0 + 5);
    ck_none_until(&world, T0, T0 + 5);
    next(&world, T0 + 5);
    ck_assert_int_eq(world.due[0].action, AGENDA_CONNECT);
    simple(&world, EVENT_integration_connected);
    ck_none_until(&world, T0, INT64_MAX);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(tokens_that_would_expire_soon_are_exchanged_at_the_lock)
{
    struct world world = world_new();
    connect(&world, 1);
    struct event refreshed = {
        .code = EVENT_integration_refreshed,
        .integration_refreshed = {.integration_id = id_number(ID_INTEGRATION, 1), .token_expires_ms = T0 + 1}
    };
    tell(&world, 2, refreshed);
    schedule(&world, 1, 1, T0, 0);
    lock(&world, 1, 1, false);
    next(&world, T0 - LOCK_AHEAD_MS);
    ck_assert_uint_eq(world.count, 1);
    ck_assert_int_eq(world.due[0].action, AGENDA_REFRESH);
    refreshed.integration_refreshed.token_expires_ms = T0 + HOUR_MS;
    tell(&world, 2, refreshed);
    ck_none_until(&world, T0 - LOCK_AHEAD_MS, T0);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(no_more_is_handed_out_than_asked_for_and_the_rest_is_due_at_once)
{
    struct world world = world_new();
    connect(&world, 1);
    for (uint32_t n = 1; n <= 10; n++) {
        schedule(&world, n, 1, T0 + n, 0);
        lock(&world, n, 1, false);
    }
    next_max(&world, T0 + 20, 4);
    ck_assert_uint_eq(world.count, 4);
    ck_assert_int_le(world.wake_ms, T0 + 20);
    next_max(&world, T0 + 20, 10);
    ck_assert_uint_eq(world.count, 6);
    ck_assert_int_eq(world.due[5].due_ms, T0 + 10);
    agenda_free(world.agenda);
}

END_TEST

/* What the agenda of a row must say: the same as one that followed the events. */
START_TEST(an_agenda_restored_from_rows_equals_one_built_from_events)
{
    struct world live = world_locked(2, true);
    start(&live, 1, 1, 0, T0);
    finish(&live, 1, 1, 0, OUTCOME_UNKNOWN, T0 + ATTEMPT_DEADLINE_MS);
    struct world other = world_new();
    connect(&other, 1);
    struct agenda_target row = open_attempt(7);
    row.attempt_open = false;
    row.attempt_unknown = true;
    row.status = TARGET_UNKNOWN;
    row.part_count = 2;
    row.comment = true;
    row.next_ms = T0 + ATTEMPT_DEADLINE_MS;
    ck_assert_uint_ne(agenda_digest(live.agenda), agenda_digest(other.agenda));
    ck_assert_int_eq(agenda_restore(other.agenda, &row), OK);
    ck_assert_uint_eq(agenda_digest(live.agenda), agenda_digest(other.agenda));
    ck_one(&other, T0 + ATTEMPT_DEADLINE_MS, AGENDA_READ, 1);
    ck_assert_uint_eq(agenda_digest(live.agenda),
                      agenda_digest(other.agenda)); /* what was handed out is not part of it */
    agenda_free(live.agenda);
    agenda_free(other.agenda);
}

END_TEST

START_TEST(a_restored_target_that_is_scheduled_earlier_starts_earlier)
{
    struct world world = world_new();
    connect(&world, 1);
    struct agenda_target row = open_attempt(7);
    row = (struct agenda_target){.workspace_id = row.workspace_id,
                                 .post_id = row.post_id,
                                 .target_id = row.target_id,
                                 .integration_id = row.integration_id,
                                 .channel = CHANNEL_BLUESKY,
                                 .status = TARGET_PENDING,
                                 .publish_at_ms = T0 + HOUR_MS,
                                 .due_ms = T0 + HOUR_MS,
                                 .next_ms = T0 + HOUR_MS};
    ck_assert_int_eq(agenda_restore(world.agenda, &row), OK);
    struct target_due due = {.target_id = id_number(ID_TARGET, 1), .due_ms = T0};
    tell(&world, 3,
         (struct event){
             .code = EVENT_post_scheduled,
             .post_scheduled = {
                                .post_id = id_number(ID_POST, 1), .publish_at_ms = T0, .targets = &due, .targets_count = 1}
    });
    lock(&world, 1, 1, false);
    ck_one(&world, T0, AGENDA_START, 1);
    agenda_free(world.agenda);
}

END_TEST

/* Many targets at random instants on few accounts, some cancelled: everything comes out once, none too early. */
START_TEST(every_target_comes_out_once_whatever_the_order)
{
    enum { MANY = 5000, ACCOUNTS = 40 };
    struct world world = world_new();
    struct prng prng;
    prng_seed(&prng, 42);
    static bool seen[MANY + 1];
    static bool cancelled[MANY + 1];
    static int64_t instants[MANY + 1];
    for (uint32_t a = 1; a <= ACCOUNTS; a++) {
        connect(&world, a);
    }
    for (uint32_t n = 1; n <= MANY; n++) {
        instants[n] = T0 + (int64_t)prng_below(&prng, 100000);
        schedule(&world, n, 1 + n % ACCOUNTS, instants[n], 0);
        lock(&world, n, 1, false);
    }
    for (uint32_t i = 0; i < MANY / 4; i++) {
        const uint32_t n = 1 + (uint32_t)prng_below(&prng, MANY);
        struct target_ref ref = {.target_id = id_number(ID_TARGET, n)};
        tell(&world, T0,
             (struct event){
                 .code = EVENT_targets_cancelled, .targets_cancelled = {.targets = &ref, .targets_count = 1}
        });
        cancelled[n] = true;
    }
    uint32_t out = 0;
    for (int64_t now_ms = T0; now_ms <= T0 + 100000;) {
        next_max(&world, now_ms, DUE_MAX);
        for (uint32_t i = 0; i < world.count; i++) {
            const uint32_t n = get_be32(world.due[i].target_id.uuid + 12);
            ck_assert(!seen[n] && !cancelled[n]);
            ck_assert_int_eq(world.due[i].due_ms, instants[n]);
            ck_assert_int_le(instants[n], now_ms);
            seen[n] = true;
            out++;
        }
        now_ms = world.count == DUE_MAX ? now_ms : now_ms + 777;
    }
    uint32_t expected = 0;
    for (uint32_t n = 1; n <= MANY; n++) {
        expected += !cancelled[n];
    }
    next(&world, T0 + 100000);
    ck_assert_uint_eq(out + world.count, expected);
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
    tcase_add_test(tcase, an_unknown_outcome_is_read_at_its_instant_never_before_the_deadline);
    tcase_add_test(tcase, absence_proved_is_a_retry_and_presence_an_end);
    tcase_add_test(tcase, an_attempt_without_outcome_is_lost_after_its_deadline);
    tcase_add_test(tcase, a_restored_attempt_of_an_older_epoch_is_lost_at_once_of_this_one_after_its_deadline);
    tcase_add_loop_test(tcase, what_is_held_starts_nothing_but_is_missed_when_too_late, 0,
                        sizeof holds / sizeof *holds);
    tcase_add_loop_test(tcase, a_suspect_clock_or_a_restored_folder_stops_locks_starts_and_misses, 0,
                        sizeof stops / sizeof *stops);
    tcase_add_test(tcase, what_was_due_when_the_folder_was_found_restored_is_never_started_by_a_machine);
    tcase_add_test(tcase, a_target_is_missed_when_max_lateness_or_not_after_is_over);
    tcase_add_test(tcase, late_targets_of_one_account_go_in_order_of_due_time_a_minute_apart_and_hold_up_no_other);
    tcase_add_test(tcase, a_late_start_given_back_does_not_use_up_its_turn);
    tcase_add_test(tcase, a_late_target_that_waits_for_its_turn_can_be_cancelled_or_missed);
    tcase_add_test(tcase, a_persons_retry_is_read_first_when_the_platform_refused);
    tcase_add_test(tcase, an_event_that_opens_a_target_the_agenda_does_not_have_asks_for_its_row);
    tcase_add_test(tcase, an_account_is_connected_once_and_again_when_that_could_not_be_tried);
    tcase_add_test(tcase, tokens_that_would_expire_soon_are_exchanged_at_the_lock);
    tcase_add_test(tcase, no_more_is_handed_out_than_asked_for_and_the_rest_is_due_at_once);
    tcase_add_test(tcase, an_agenda_restored_from_rows_equals_one_built_from_events);
    tcase_add_test(tcase, a_restored_target_that_is_scheduled_earlier_starts_earlier);
    tcase_add_test(tcase, every_target_comes_out_once_whatever_the_order);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
