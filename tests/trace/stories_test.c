/* stories_test.c: whole stories, step by step, as text under virtual time: the simulation's world (tests/sim/world.h)
 * without dice. Each story is compared with the file of its name in this folder; OPENPOST_ACCEPT=1 writes them anew:
 * then read the difference. */
#include "tests/accept.h"
#include "tests/sim/world.h"

#include "core/base/assert.h"
#include "core/decider/post.h"
#include "core/message/codec.h"
#include "tests/suite.h"

#define TEXT_MAX ((size_t)1 << 20)

struct story {
    struct world world;
    struct buf text;
    char *bytes;
};

/* --- the stage: one workspace, two connected accounts, nothing yet --- */

static void until(struct story *story, int64_t after_start_ms)
{
    while (story->world.true_ms < WORLD_T0 + after_start_ms && !story->world.lost) {
        if (story->world.parcel_count == 0 || story->world.parcels[1]->at_ms > WORLD_T0 + after_start_ms) {
            story->world.true_ms = WORLD_T0 + after_start_ms;
            break;
        }
        ck_assert(world_step(&story->world));
    }
}

/* Runs until somebody says that. */
static void until_said(struct story *story, const char *who, const char *what)
{
    for (int i = 0; i < 100000; i++) {
        const uint64_t before = story->world.trace_count;
        ck_assert(world_step(&story->world));
        for (uint64_t line = before; line < story->world.trace_count; line++) {
            if (strstr(story->world.trace[line % TRACE_LINES], what) != NULL &&
                strstr(story->world.trace[line % TRACE_LINES], who) != NULL) {
                return;
            }
        }
    }
    ck_abort_msg("it never happens");
}

/* Runs until the log has one more event of that kind. */
static void until_event(struct story *story, uint32_t code)
{
    until_said(story, "log ", event_desc(code)->name);
}

static struct story *story_begin(bool keyless)
{
    struct story *story = calloc(1, sizeof *story);
    ck_assert_ptr_nonnull(story);
    struct world *world = &story->world;
    story->bytes = malloc(TEXT_MAX);
    ck_assert_ptr_nonnull(story->bytes);
    story->text = buf_of(story->bytes, TEXT_MAX);
    world_init(world, 1, keyless);
    world->steady = true;
    judge_start(world);
    ledger_start(world);
    adapter_start(world);
    users_start(world);
    scheduler_start(world);
    until(story, 15000);
    world->calm = true; /* users do what the story says */
    until(story, 60000);
    world->sink = &story->text;
    return story;
}

static void story_end(struct story *story, const char *name)
{
    char path[120];
    struct world *world = &story->world;
    ck_assert(!world->lost);
    judge_deep(world);
    judge_end(world);
    ck_assert(!world->lost);
    ck_assert(buf_ok(&story->text));
    (void)snprintf(path, sizeof path, "tests/trace/%s.txt", name);
    char *bytes = malloc(TEXT_MAX);
    ck_assert_ptr_nonnull(bytes);
    struct buf there = buf_of(bytes, TEXT_MAX);
    source_read(path, &there);
    if (is_accepting()) {
        source_write(path, buf_span(&story->text));
    } else {
        ck_assert_str_eq(buf_terminated(&there), buf_terminated(&story->text));
    }
    free(bytes);
    world->sink = NULL;
    world_done(world);
    free(story->bytes);
    free(story);
}

/* --- what people do --- */

struct wish {
    const char *parts[3];
    const char *comment;
    int64_t after_ms; /* 0: now */
    bool both;        /* both accounts of the workspace */
};

/* The accounts of the first workspace are numbers 0 and 2. */
static void write_post(struct story *story, const struct wish *wish)
{
    struct world *world = &story->world;
    struct content_part parts[3] = {0};
    struct target_spec specs[2] = {0};
    const struct id post_id = world_mint(world, ID_POST);
    struct command command = {.code = COMMAND_create_post, .workspace_id = world->workspaces[0], .stream = post_id};
    struct create_post_command *wanted = &command.create_post;
    *wanted = (struct create_post_command){.post_id = post_id, .parts = parts, .targets = specs};
    for (uint32_t i = 0; i < 3 && wish->parts[i] != NULL; i++) {
        parts[i].text = span_text(wish->parts[i]);
        wanted->parts_count++;
    }
    if (wish->comment != NULL) {
        wanted->first_comment = span_text(wish->comment);
    }
    wanted->targets_count = wish->both ? 2 : 1;
    for (uint32_t i = 0; i < wanted->targets_count; i++) {
        specs[i] = (struct target_spec){.target_id = world_mint(world, ID_TARGET),
                                        .integration_id = world->accounts[i * 2].integration_id,
                                        .channel = CHANNEL_BLUESKY};
    }
    wanted->now = wish->after_ms == 0;
    wanted->at_ms = wish->after_ms == 0 ? 0 : world_wall(world) + wish->after_ms;
    world->posts[world->post_count++] = (struct user_post){.workspace_id = world->workspaces[0], .post_id = post_id};
    user_send(world, &command);
}

static struct command about_post(const struct story *story, enum command_code code, uint32_t number)
{
    const struct user_post *post = &story->world.posts[number];
    struct command command = {.code = code, .workspace_id = post->workspace_id, .stream = post->post_id};
    command.cancel_post.post_id = post->post_id; /* every command about a post begins with it */
    return command;
}

static void cancel(struct story *story)
{
    struct command command = about_post(story, COMMAND_cancel_post, 0);
    user_send(&story->world, &command);
}

static void retry_now(struct story *story)
{
    struct command command = about_post(story, COMMAND_retry_post, 0);
    command.retry_post.now = true;
    user_send(&story->world, &command);
}

/* An outcome of the attempt that the log's last event started, to be sent later. */
static struct command late_outcome(const struct story *story, enum outcome outcome)
{
    const struct world *world = &story->world;
    struct log_event at;
    struct event event;
    struct arena arena;
    struct buf payload = buf_of(malloc(LOG_PAYLOAD_MAX), LOG_PAYLOAD_MAX);
    ck_assert_ptr_nonnull(payload.data);
    ck_assert_int_eq(log_read(world->log, ledger_head(world->ledger.ledger), &payload, &at), OK);
    arena_init(&arena, LOG_PAYLOAD_MAX);
    ck_assert_int_eq(event_decode(at.payload, &arena, &event), OK);
    ck_assert_uint_eq(event.code, EVENT_attempt_started);
    struct command command = about_post(story, COMMAND_record_outcome, 0);
    command.record_outcome.target_id = event.attempt_started.target_id;
    command.record_outcome.attempt_id = event.attempt_started.attempt_id;
    command.record_outcome.outcome = outcome;
    arena_done(&arena);
    free(payload.data);
    return command;
}

static void hold(struct story *story, bool on)
{
    struct world *world = &story->world;
    struct command command = {.code = on ? COMMAND_pause_workspace : COMMAND_resume_workspace,
                              .workspace_id = world->workspaces[0],
                              .stream = world->workspaces[0]};
    command.pause_workspace.workspace_id = world->workspaces[0];
    user_send(world, &command);
}

/* A plan of one bound, billed until an instant. */
static void plan(struct story *story, const char *what, uint64_t most, int64_t end_after_start_ms)
{
    struct world *world = &story->world;
    struct plan_limit limit = {.what = span_text(what), .most = most};
    struct command command = {.code = COMMAND_change_plan,
                              .workspace_id = world->workspaces[0],
                              .stream = world->workspaces[0],
                              .actor = ACTOR_OPERATOR};
    command.change_plan = (struct change_plan_command){.workspace_id = world->workspaces[0],
                                                       .plan = SPAN("team"),
                                                       .limits = &limit,
                                                       .limits_count = 1,
                                                       .period_start_ms = WORLD_T0,
                                                       .period_end_ms = WORLD_T0 + end_after_start_ms};
    user_send(world, &command);
}

static void platform_will(struct story *story, const char *path, enum model_fault fault, uint32_t times)
{
    struct model_rule rule = {.fault = fault, .times = times, .value_ms = 90000};
    (void)snprintf(rule.path, sizeof rule.path, "%s", path);
    ck_assert_int_eq(model_rule_add(story->world.model, &rule), OK);
    trace(&story->world, "platform", "will %s at %s", model_fault_word(fault), path);
}

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
