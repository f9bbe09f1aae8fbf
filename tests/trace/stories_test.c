/* stories_test.c: whole stories, step by step, as text under virtual time: the simulation's world (tests/sim/world.h)
 * without dice. Each story is compared with the file of its name in this folder; OPENPOST_ACCEPT=1 writes them anew:
 * then read the difference. */
#include "tests/trace/stage.h"

#include "tests/suite.h"

/* --- stories --- */

static void a_post_is_locked_five_minutes_before_and_sent_at_its_instant(struct story *story)
{
    write_post(story, &(struct wish){.parts = {"hello"}, .after_ms = 600000});
    until(story, 700000);
}

static void what_a_post_names_is_asked_before_the_lock(struct story *story)
{
    write_post(story, &(struct wish){.parts = {"hello @bob.test"}, .after_ms = 400000});
    until(story, 500000);
}

static void a_thread_goes_part_by_part_and_its_comment_last(struct story *story)
{
    write_post(story, &(struct wish){
                          .parts = {"one", "two", "three"},
                            .comment = "and this"
    });
    until(story, 120000);
}

static void a_platform_that_cannot_be_reached_is_tried_again_after_half_a_minute_and_two(struct story *story)
{
    story->world.adapter.unreachable = 2;
    write_post(story, &(struct wish){.parts = {"hello"}});
    until(story, 400000);
}

static void after_three_tries_it_is_failed(struct story *story)
{
    story->world.adapter.unreachable = 3;
    write_post(story, &(struct wish){.parts = {"hello"}});
    until(story, 400000);
}

static void a_platform_that_answers_503_to_a_commit_is_read(struct story *story)
{
    platform_will(story, "createRecord", MODEL_UNAVAILABLE, 1);
    write_post(story, &(struct wish){.parts = {"hello"}});
    until(story, 400000);
}

static void silence_after_accepting_is_found_by_reading(struct story *story)
{
    platform_will(story, "createRecord", MODEL_SILENCE_AFTER, 1);
    write_post(story, &(struct wish){.parts = {"hello"}});
    until(story, 400000);
}

static void silence_before_accepting_is_proved_absent_and_sent_again_under_the_same_key(struct story *story)
{
    platform_will(story, "createRecord", MODEL_SILENCE_BEFORE, 1);
    write_post(story, &(struct wish){.parts = {"hello"}});
    until(story, 400000);
}

static void a_refusal_that_was_none_is_found_when_a_person_retries(struct story *story)
{
    platform_will(story, "createRecord", MODEL_REFUSE_AFTER, 1);
    write_post(story, &(struct wish){.parts = {"hello"}});
    until(story, 300000);
    retry_now(story);
    until(story, 600000);
}

static void a_limit_defers_to_its_reset(struct story *story)
{
    platform_will(story, "createRecord", MODEL_LIMIT, 1);
    write_post(story, &(struct wish){.parts = {"hello"}});
    until(story, 300000);
}

/* More attempts than the post's state remembers; then, twice, the first was accepted after all. */
static void what_a_forgotten_attempt_turns_out_to_be_is_recorded_once_and_read_before_more_is_sent(struct story *story)
{
    platform_will(story, "createRecord", MODEL_LIMIT, FORMER_ATTEMPTS_MAX + 2);
    write_post(story, &(struct wish){.parts = {"hello"}});
    until_event(story, EVENT_attempt_started);
    struct command command = late_outcome(story, OUTCOME_ACCEPTED);
    for (uint32_t i = 0; i < FORMER_ATTEMPTS_MAX + 2; i++) {
        until_event(story, EVENT_attempt_finished);
    }
    user_send(&story->world, &command);
    until_event(story, EVENT_outcome_contradicted);
    user_send(&story->world, &command);
    until(story, 1200000);
}

static void a_limit_holds_every_post_of_its_account_and_no_others(struct story *story)
{
    platform_will(story, "createRecord", MODEL_LIMIT, 1);
    write_post(story, &(struct wish){.parts = {"first"}});
    write_post(story, &(struct wish){.parts = {"second"}});
    write_post(story, &(struct wish){.parts = {"third"}, .both = true});
    until(story, 70000);
    write_post(story, &(struct wish){.parts = {"fourth"}});
    until(story, 300000);
}

static void the_last_answer_of_a_window_holds_what_comes_after(struct story *story)
{
    platform_will(story, "createRecord", MODEL_LAST, 1);
    write_post(story, &(struct wish){.parts = {"first"}});
    until(story, 70000);
    write_post(story, &(struct wish){.parts = {"second"}});
    until(story, 300000);
}

static void a_connection_that_fails_in_passing_is_tried_again(struct story *story)
{
    platform_will(story, "createSession", MODEL_UNAVAILABLE, 1);
    platform_will(story, "createSession", MODEL_LIMIT, 1);
    user_connect(&story->world, 0);
    until(story, 300000);
}

static void an_expired_token_is_exchanged_within_the_attempt(struct story *story)
{
    platform_will(story, "createRecord", MODEL_EXPIRED, 1);
    write_post(story, &(struct wish){.parts = {"hello"}});
    until(story, 120000);
}

/* The session is as it was: hours later, when the server takes nothing but the newest pair, another post goes out. */
static void hours_later_another_post(struct story *story)
{
    until(story, 5 * HOUR_MS);
    write_post(story, &(struct wish){.parts = {"hello again"}, .after_ms = HOUR_MS});
    until(story, 7 * HOUR_MS);
}

static void an_adapter_that_dies_with_a_pair_that_nobody_has_exchanges_the_old_one_again(struct story *story)
{
    platform_will(story, "createRecord", MODEL_EXPIRED, 2);
    write_post(story, &(struct wish){.parts = {"hello"}});
    until_said(story, "platform", "refreshSession: 200");
    adapter_crash(&story->world);
    hours_later_another_post(story);
}

static void a_pair_is_told_until_a_scheduler_that_lives_has_stored_it(struct story *story)
{
    platform_will(story, "createRecord", MODEL_EXPIRED, 1);
    write_post(story, &(struct wish){.parts = {"hello"}});
    until_said(story, "platform", "refreshSession: 200");
    scheduler_crash(&story->world);
    until_said(story, "scheduler", "record_tokens");
    scheduler_crash(&story->world);
    hours_later_another_post(story);
}

static void a_post_planned_two_hundred_days_ahead_finds_its_session_alive(struct story *story)
{
    write_post(story, &(struct wish){.parts = {"hello"}, .after_ms = 200 * DAY_MS});
    until(story, 201 * DAY_MS);
}

static void a_token_that_will_be_dead_is_exchanged_before_the_start(struct story *story)
{
    write_post(story, &(struct wish){.parts = {"hello"}, .after_ms = 3 * HOUR_MS});
    until(story, 4 * HOUR_MS);
}

static void what_is_resumed_after_its_token_died_is_given_a_new_one_first(struct story *story)
{
    hold(story, true);
    write_post(story, &(struct wish){.parts = {"hello"}, .after_ms = 2 * HOUR_MS});
    until(story, 2 * HOUR_MS + 10 * MINUTE_MS);
    hold(story, false);
    until(story, 3 * HOUR_MS);
}

static void credentials_that_are_no_longer_good_disconnect_and_reconnecting_sends(struct story *story)
{
    platform_will(story, "createRecord", MODEL_UNAUTHORIZED, 2);
    write_post(story, &(struct wish){.parts = {"hello"}});
    until(story, 120000);
    user_connect(&story->world, 0);
    until(story, 180000);
}

static void a_scheduler_that_dies_before_the_job_goes_leaves_an_unknown_that_is_read(struct story *story)
{
    write_post(story, &(struct wish){.parts = {"hello"}});
    until_event(story, EVENT_attempt_started);
    scheduler_crash(&story->world);
    until(story, 500000);
}

static void an_adapter_that_dies_with_the_job_leaves_an_unknown_that_is_read(struct story *story)
{
    write_post(story, &(struct wish){.parts = {"hello"}});
    until_event(story, EVENT_attempt_started);
    for (uint32_t before = story->world.adapter.requests; story->world.adapter.requests == before;) {
        ck_assert(world_step(&story->world));
    }
    adapter_crash(&story->world);
    until(story, 500000);
}

static void an_answer_that_is_lost_is_given_again_and_nothing_starts_twice(struct story *story)
{
    write_post(story, &(struct wish){.parts = {"hello"}, .after_ms = 30000});
    until(story, 80000);
    story->world.lose_answers = 1;
    until(story, 200000);
}

static void a_ledger_that_dies_after_the_lock_goes_on_where_it_was(struct story *story)
{
    write_post(story, &(struct wish){.parts = {"hello"}});
    until_event(story, EVENT_post_locked);
    ledger_crash(&story->world);
    until(story, 200000);
}

static void what_is_under_way_is_not_cancelled_what_waits_is(struct story *story)
{
    platform_will(story, "createRecord", MODEL_SLOW, 1);
    platform_will(story, "createRecord", MODEL_LIMIT, 1);
    write_post(story, &(struct wish){.parts = {"hello"}, .both = true});
    until(story, 75000);
    cancel(story);
    until(story, 300000);
}

static void a_paused_workspace_locks_but_starts_nothing_until_it_is_resumed(struct story *story)
{
    hold(story, true);
    write_post(story, &(struct wish){.parts = {"hello"}, .after_ms = 60000});
    until(story, 300000);
    hold(story, false);
    until(story, 360000);
}

static void a_plan_that_shrinks_below_what_is_scheduled_stops_nothing_that_is(struct story *story)
{
    write_post(story, &(struct wish){.parts = {"hello"}, .after_ms = 30000});
    until(story, 60000);
    plan(story, "scheduled_posts", 0, DAY_MS);
    until(story, 500000);
}

static void a_billing_period_is_closed_once_whoever_dies(struct story *story)
{
    plan(story, "members", 5, 120000);
    until(story, 120000);
    scheduler_crash(&story->world);
    story->world.lose_answers = 1;
    until_event(story, EVENT_billing_due);
    ledger_crash(&story->world);
    until(story, 300000);
}

/* One post is due while the workspace stands still, one in the hour of its end, locked then, one long after. */
static void what_a_deleted_workspace_still_had_to_send_is_missed_and_it_is_billed_once_more(struct story *story)
{
    plan(story, "members", 5, 30 * DAY_MS);
    hold(story, true);
    write_post(story, &(struct wish){.parts = {"during"}, .after_ms = DAY_MS});
    write_post(story, &(struct wish){.parts = {"locked"}, .after_ms = 7 * DAY_MS + 120000});
    write_post(story, &(struct wish){.parts = {"after"}, .after_ms = 20 * DAY_MS, .both = true});
    until(story, 7 * DAY_MS);
    delete_workspace(story); /* a minute too early */
    until(story, 7 * DAY_MS + 90000);
    scheduler_crash(&story->world);
    delete_workspace(story);
    until(story, 31 * DAY_MS);
}

static void what_waited_too_long_is_missed(struct story *story)
{
    hold(story, true);
    write_post(story, &(struct wish){.parts = {"hello"}});
    until(story, 12 * HOUR_MS);
}

static void late_posts_of_one_account_go_out_one_by_one(struct story *story)
{
    hold(story, true);
    for (int i = 0; i < 3; i++) {
        const char *texts[] = {"first", "second", "third"};
        write_post(story, &(struct wish){.parts = {texts[i]}, .after_ms = (3 - i) * 1000});
    }
    until(story, 600000);
    hold(story, false);
    until(story, 900000);
}

static void a_clock_that_jumps_stops_starts_until_it_is_trusted(struct story *story)
{
    struct world *world = &story->world;
    write_post(story, &(struct wish){.parts = {"hello"}, .after_ms = 30000});
    until(story, 70000);
    world->offset_ms = 25000;
    trace(world, "clock", "jumps by 25 s");
    world_post(world, 0, ledger_look_at_clock, (struct span){0});
    until(story, 300000);
}

static void without_keys_a_thread_goes_part_by_part_to_the_records_that_the_platform_names(struct story *story)
{
    write_post(story, &(struct wish){
                          .parts = {"one", "two"}
    });
    until(story, 120000);
}

static void without_keys_a_definite_refusal_is_tried_again(struct story *story)
{
    platform_will(story, "createRecord", MODEL_LIMIT, 1);
    write_post(story, &(struct wish){.parts = {"hello"}});
    until(story, 300000);
}

static void without_keys_silence_is_unknown_until_a_person_tells(struct story *story)
{
    platform_will(story, "createRecord", MODEL_SILENCE_AFTER, 1);
    write_post(story, &(struct wish){.parts = {"hello"}});
    until(story, 400000);
    users_settle(&story->world); /* they look at the platform */
    until(story, 400100);
}

static const struct {
    const char *name;
    void (*tell)(struct story *story);
    bool keyless;
} stories[] = {

#define STORY(name_)         \
    {                        \
#name_, name_, false \
    }
#define STORY_KEYLESS(name_) \
    {                        \
#name_, name_, true  \
    }
    STORY(a_post_is_locked_five_minutes_before_and_sent_at_its_instant),
    STORY(what_a_post_names_is_asked_before_the_lock),
    STORY(a_thread_goes_part_by_part_and_its_comment_last),
    STORY(a_platform_that_cannot_be_reached_is_tried_again_after_half_a_minute_and_two),
    STORY(after_three_tries_it_is_failed),
    STORY(a_platform_that_answers_503_to_a_commit_is_read),
    STORY(silence_after_accepting_is_found_by_reading),
    STORY(silence_before_accepting_is_proved_absent_and_sent_again_under_the_same_key),
    STORY(a_refusal_that_was_none_is_found_when_a_person_retries),
    STORY(a_limit_defers_to_its_reset),
    STORY(what_a_forgotten_attempt_turns_out_to_be_is_recorded_once_and_read_before_more_is_sent),
    STORY(a_limit_holds_every_post_of_its_account_and_no_others),
    STORY(the_last_answer_of_a_window_holds_what_comes_after),
    STORY(a_connection_that_fails_in_passing_is_tried_again),
    STORY(an_expired_token_is_exchanged_within_the_attempt),
    STORY(an_adapter_that_dies_with_a_pair_that_nobody_has_exchanges_the_old_one_again),
    STORY(a_pair_is_told_until_a_scheduler_that_lives_has_stored_it),
    STORY(a_post_planned_two_hundred_days_ahead_finds_its_session_alive),
    STORY(a_token_that_will_be_dead_is_exchanged_before_the_start),
    STORY(what_is_resumed_after_its_token_died_is_given_a_new_one_first),
    STORY(credentials_that_are_no_longer_good_disconnect_and_reconnecting_sends),
    STORY(a_scheduler_that_dies_before_the_job_goes_leaves_an_unknown_that_is_read),
    STORY(an_adapter_that_dies_with_the_job_leaves_an_unknown_that_is_read),
    STORY(an_answer_that_is_lost_is_given_again_and_nothing_starts_twice),
    STORY(a_ledger_that_dies_after_the_lock_goes_on_where_it_was),
    STORY(what_is_under_way_is_not_cancelled_what_waits_is),
    STORY(a_paused_workspace_locks_but_starts_nothing_until_it_is_resumed),
    STORY(a_plan_that_shrinks_below_what_is_scheduled_stops_nothing_that_is),
    STORY(a_billing_period_is_closed_once_whoever_dies),
    STORY(what_a_deleted_workspace_still_had_to_send_is_missed_and_it_is_billed_once_more),
    STORY(what_waited_too_long_is_missed),
    STORY(late_posts_of_one_account_go_out_one_by_one),
    STORY(a_clock_that_jumps_stops_starts_until_it_is_trusted),
    STORY_KEYLESS(without_keys_a_thread_goes_part_by_part_to_the_records_that_the_platform_names),
    STORY_KEYLESS(without_keys_a_definite_refusal_is_tried_again),
    STORY_KEYLESS(without_keys_silence_is_unknown_until_a_person_tells),
};

START_TEST(the_story_goes_as_it_is_written)
{
    struct story *story = story_begin(stories[_i].keyless);
    stories[_i].tell(story);
    story_end(story, stories[_i].name);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("stories");
    TCase *tcase = tcase_create("stories");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, the_story_goes_as_it_is_written, 0, sizeof stories / sizeof *stories);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
