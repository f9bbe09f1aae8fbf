/* dispatch_test.c: nothing goes out before its start is durable, nothing twice, no outcome is lost. */
#include "tests/suite.h"
#include "tests/unit/dispatch_world.h"

START_TEST(a_commit_goes_out_only_when_its_start_is_durable)
{
    struct world *world = world_locked(1);
    tick(world, T0);
    ck_command(world, COMMAND_start_attempt);
    ck_assert_uint_eq(world->command.start_attempt.fence, 7);
    ck_assert_mem_eq(&world->command.start_attempt.payload_hash, &world->parts[0].payload_hash, 32);
    ck_no_command(world);
    ck_assert_uint_eq(jobs(world), 0);
    const struct id attempt_id = world->command.start_attempt.attempt_id;
    answer(world, ACCEPTED);
    ck_assert_uint_eq(jobs(world), 1);
    const struct job *job = &world->batch.jobs[0];
    ck_assert(id_equal(&job->job_id, &attempt_id));
    ck_assert(span_equal(job->kind, SPAN("commit")));
    ck_assert(span_equal(job->key, SPAN("key0")));
    ck_assert(span_equal(job->payload, SPAN("payload")));
    ck_assert(span_equal(job->credentials, SPAN("box")));
    ck_assert_int_eq(job->deadline_ms, T0 + ATTEMPT_DEADLINE_MS);
    ck_assert_uint_eq(jobs(world), 0);
    world_free(world);
}

END_TEST

START_TEST(a_refused_start_sends_nothing_and_is_asked_again_later)
{
    struct world *world = world_locked(1);
    tick(world, T0);
    ck_command(world, COMMAND_start_attempt);
    const struct id attempt_id = world->command.start_attempt.attempt_id;
    answer(world, REFUSED_workspace_paused);
    ck_assert_uint_eq(jobs(world), 0);
    tick(world, T0 + 100);
    ck_no_command(world);
    tick(world, T0 + 2000);
    ck_command(world, COMMAND_start_attempt);
    ck_assert(!id_equal(&attempt_id, &world->command.start_attempt.attempt_id)); /* another attempt */
    world_free(world);
}

END_TEST

START_TEST(a_start_without_answer_is_the_same_command_again)
{
    struct world *world = world_locked(1);
    tick(world, T0);
    ck_command(world, COMMAND_start_attempt);
    const struct command first = world->command;
    no_answer(world);
    ck_no_command(world);
    ck_assert_uint_eq(jobs(world), 0);
    tick(world, T0 + 3000);
    ck_command(world, COMMAND_start_attempt);
    ck_assert_mem_eq(&first.command_id, &world->command.command_id, sizeof first.command_id);
    ck_assert_mem_eq(&first.start_attempt, &world->command.start_attempt, sizeof first.start_attempt);
    answer(world, ACCEPTED);
    ck_assert_uint_eq(jobs(world), 1);
    world_free(world);
}

END_TEST

START_TEST(an_outcome_is_acknowledged_only_when_the_ledger_has_answered)
{
    struct world *world = world_sent();
    struct job_outcome outcome = outcome_of(world, OUTCOME_ACCEPTED);
    outcome.platform_id = SPAN("at://did/post/key0");
    outcome.published_ms = T0 + 7;
    report(world, &outcome);
    report(world, &outcome); /* again: no second record */
    ck_command(world, COMMAND_record_outcome);
    ck_assert_uint_eq(world->command.record_outcome.outcome, OUTCOME_ACCEPTED);
    ck_assert(span_equal(world->command.record_outcome.platform_id, outcome.platform_id));
    ck_assert(!world->command.record_outcome.by_read);
    const struct id command_id = world->command.command_id;
    ck_no_command(world);
    jobs(world);
    ck_assert_uint_eq(world->batch.done_count, 0);
    no_answer(world);
    tick(world, T0 + 3000);
    ck_command(world, COMMAND_record_outcome);
    ck_assert(id_equal(&command_id, &world->command.command_id));
    answer(world, ACCEPTED);
    jobs(world);
    ck_assert_uint_eq(world->batch.done_count, 1);
    ck_assert(id_equal(&world->batch.done[0].target_id, &outcome.job_id));
    world_free(world);
}

END_TEST

START_TEST(an_outcome_is_recorded_again_when_the_disk_was_full)
{
    struct world *world = world_sent();
    struct job_outcome outcome = outcome_of(world, OUTCOME_TRY_AGAIN);
    report(world, &outcome);
    ck_command(world, COMMAND_record_outcome);
    ck_assert_uint_le(world->command.record_outcome.jitter_permille, 400);
    answer(world, REFUSED_storage_full);
    tick(world, T0 + 3000);
    ck_command(world, COMMAND_record_outcome);
    answer(world, ACCEPTED);
    jobs(world);
    ck_assert_uint_eq(world->batch.done_count, 1);
    world_free(world);
}

END_TEST

START_TEST(an_outcome_of_a_job_from_before_a_restart_is_recorded)
{
    struct world *world = world_new();
    const struct job_outcome late = {.job_id = id_number(ID_ATTEMPT, 77),
                                     .kind = SPAN("commit"),
                                     .outcome = OUTCOME_ACCEPTED,
                                     .workspace_id = id_number(ID_WORKSPACE, 1),
                                     .integration_id = id_number(ID_INTEGRATION, 1),
                                     .post_id = id_number(ID_POST, 1),
                                     .target_id = id_number(ID_TARGET, 1)};
    report(world, &late);
    ck_command(world, COMMAND_record_outcome);
    ck_assert(id_equal(&world->command.record_outcome.attempt_id, &late.job_id));
    ck_assert(id_equal(&world->command.stream, &late.post_id));
    ck_assert(id_equal(&world->command.workspace_id, &late.workspace_id));
    answer(world, REFUSED_attempt_unknown); /* nothing can be done with it: it is acknowledged */
    jobs(world);
    ck_assert_uint_eq(world->batch.done_count, 1);
    struct dispatch_figures figures;
    dispatch_figures(world->dispatch, &figures);
    ck_assert_uint_eq(figures.dropped, 1);
    world_free(world);
}

END_TEST

START_TEST(a_commit_that_may_have_arrived_is_never_sent_again_but_becomes_unknown)
{
    struct world *world = world_sent();
    const struct id attempt_id = world->batch.jobs[0].job_id;
    dispatch_jobs_failed(world->dispatch, T0, &world->batch, false);
    tick(world, T0 + ATTEMPT_DEADLINE_MS);
    ck_assert_uint_eq(jobs(world), 0);
    tick(world, T0 + ATTEMPT_DEADLINE_MS + AGENDA_LOST_MS);
    ck_assert_uint_eq(jobs(world), 0);
    ck_command(world, COMMAND_record_outcome);
    ck_assert_uint_eq(world->command.record_outcome.outcome, OUTCOME_UNKNOWN);
    ck_assert(id_equal(&world->command.record_outcome.attempt_id, &attempt_id));
    world_free(world);
}

END_TEST

START_TEST(a_commit_that_certainly_did_not_leave_is_sent_again)
{
    struct world *world = world_sent();
    const struct id attempt_id = world->batch.jobs[0].job_id;
    dispatch_jobs_failed(world->dispatch, T0, &world->batch, true);
    ck_assert_uint_eq(jobs(world), 1);
    ck_assert(id_equal(&attempt_id, &world->batch.jobs[0].job_id));
    world_free(world);
}

END_TEST

START_TEST(a_commit_whose_adapter_is_gone_is_unknown_at_once)
{
    struct world *world = world_sent();
    ck_assert_int_eq(dispatch_adapter_gone(world->dispatch, T0, CHANNEL_BLUESKY), OK);
    ck_assert_uint_eq(jobs(world), 0);
    ck_command(world, COMMAND_record_outcome);
    ck_assert_uint_eq(world->command.record_outcome.outcome, OUTCOME_UNKNOWN);
    world_free(world);
}

END_TEST

START_TEST(a_commit_that_no_adapter_takes_for_a_minute_was_certainly_not_sent)
{
    struct world *world = world_locked(1);
    tick(world, T0);
    ck_command(world, COMMAND_start_attempt);
    tell_started(world, world->command.start_attempt.attempt_id, 0);
    answer(world, ACCEPTED);
    tick(world, T0 + DISPATCH_HANDOVER_MS);
    ck_assert_uint_eq(jobs(world), 0);
    ck_command(world, COMMAND_record_outcome);
    ck_assert_uint_eq(world->command.record_outcome.outcome, OUTCOME_TRY_AGAIN);
    world_free(world);
}

END_TEST

static const struct {
    enum channel_code channel;
    enum outcome reading;
} readings[] = {
    {CHANNEL_BLUESKY, OUTCOME_ACCEPTED },
    {CHANNEL_BLUESKY, OUTCOME_ABSENT   },
    {CHANNEL_BLUESKY, OUTCOME_TRY_AGAIN},
    {CHANNEL_TWITTER, OUTCOME_ABSENT   }, /* no key: the decider will not take it for a proof */
};

START_TEST(a_reading_says_what_it_found_and_whether_there_was_a_key)
{
    const struct id attempt_id = id_number(ID_ATTEMPT, 3);
    struct world *world = world_in_doubt(readings[_i].channel, attempt_id);
    ck_no_command(world);
    ck_assert_int_eq(
        dispatch_jobs(world->dispatch, world->now_ms, readings[_i].channel, 10, &world->arena, &world->batch), OK);
    ck_assert_uint_eq(world->batch.jobs_count, 1);
    ck_assert(span_equal(world->batch.jobs[0].kind, SPAN("read")));
    ck_assert(span_equal(world->batch.jobs[0].key, SPAN("key0")));
    ck_assert_int_eq(world->batch.jobs[0].started_ms, T0);
    struct job_outcome outcome = outcome_of(world, readings[_i].reading);
    ck_assert_int_eq(dispatch_outcome(world->dispatch, world->now_ms, readings[_i].channel, &outcome), OK);
    ck_command(world, COMMAND_record_outcome);
    ck_assert(world->command.record_outcome.by_read);
    ck_assert(id_equal(&world->command.record_outcome.attempt_id, &attempt_id));
    ck_assert_uint_eq(world->command.record_outcome.outcome, readings[_i].reading);
    ck_assert_uint_eq(world->command.record_outcome.keyless, readings[_i].channel == CHANNEL_TWITTER);
    world_free(world);
}

END_TEST

START_TEST(a_reading_that_changed_nothing_is_made_again)
{
    struct world *world = world_in_doubt(CHANNEL_BLUESKY, id_number(ID_ATTEMPT, 3));
    ck_assert_uint_eq(jobs(world), 1);
    struct job_outcome outcome = outcome_of(world, OUTCOME_UNKNOWN);
    report(world, &outcome);
    ck_command(world, COMMAND_record_outcome);
    const struct answer nothing_new = {.time_ms =
                                           world->now_ms}; /* the ledger's clock was behind: too early to count */
    dispatch_answered(world->dispatch, world->now_ms, world->ticket, OK, &nothing_new);
    tick(world, T0 + ATTEMPT_DEADLINE_MS + 6000);
    ck_assert_uint_eq(jobs(world), 1);
    world_free(world);
}

END_TEST

START_TEST(a_target_that_is_too_late_is_missed)
{
    struct world *world = world_locked(1);
    tick(world, T0 + MAX_LATENESS_DEFAULT_MS + 1);
    ck_command(world, COMMAND_miss_targets);
    ck_assert_uint_eq(world->command.miss_targets.targets_count, 1);
    answer(world, ACCEPTED);
    ck_no_command(world);
    world_free(world);
}

END_TEST

START_TEST(nothing_new_is_asked_of_a_ledger_that_does_not_answer)
{
    struct world *world = world_new();
    schedule(world, CHANNEL_BLUESKY);
    tick(world, T0 - LOCK_AHEAD_MS);
    tick(world, T0 - LOCK_AHEAD_MS);
    int64_t now_ms = T0 - LOCK_AHEAD_MS;
    for (int i = 0; i < 4; i++) {
        ck_command(world, COMMAND_lock_post);
        no_answer(world);
        int64_t wake_ms;
        ck_assert_int_eq(dispatch_tick(world->dispatch, now_ms, &wake_ms), OK);
        ck_assert_int_eq(wake_ms - now_ms, INT64_C(100) << i); /* twice as long each time */
        ck_no_command(world);
        now_ms = wake_ms;
        tick(world, now_ms);
    }
    world_free(world);
}

END_TEST

START_TEST(a_start_waits_for_the_read_model_to_have_what_is_sent)
{
    struct world *world = world_locked(1);
    world->part_count = 0;
    tick(world, T0);
    ck_no_command(world);
    world->part_count = 1;
    tick(world, T0 + 100);
    ck_command(world, COMMAND_start_attempt);
    world_free(world);
}

END_TEST

static void ask_start(struct world *world)
{
    tick(world, T0);
    ck_command(world, COMMAND_start_attempt);
}

static void stop(struct world *world)
{
    dispatch_stop(world->dispatch);
    tick(world, T0);
}

START_TEST(a_stop_asks_for_no_start_that_was_not_asked_for)
{
    struct world *world = world_locked(1);
    if (_i == 1) {
        tick(world, T0); /* the task is there, its command was not sent */
    }
    stop(world);
    ck_no_command(world);
    ck_assert(dispatch_is_idle(world->dispatch));
    world_free(world);
}

END_TEST

START_TEST(a_start_without_answer_is_asked_for_again_at_a_stop)
{
    struct world *world = world_locked(1);
    ask_start(world);
    const struct id command_id = world->command.command_id;
    no_answer(world);
    stop(world);
    ck_assert(!dispatch_is_idle(world->dispatch));
    tick(world, T0 + SECOND_MS);
    ck_command(world, COMMAND_start_attempt);
    ck_assert(id_equal(&world->command.command_id, &command_id));
    world_free(world);
}

END_TEST

START_TEST(a_commit_that_no_adapter_has_is_put_off_by_a_stop_and_counts_as_no_try)
{
    struct world *world = world_locked(1);
    ask_start(world);
    const struct id attempt_id = world->command.start_attempt.attempt_id;
    tell_started(world, attempt_id, 0);
    answer(world, ACCEPTED);
    stop(world);
    ck_assert_uint_eq(jobs(world), 0);
    ck_command(world, COMMAND_record_outcome);
    ck_assert(id_equal(&world->command.record_outcome.attempt_id, &attempt_id));
    ck_assert_uint_eq(world->command.record_outcome.outcome, OUTCOME_DEFERRED);
    ck_assert_int_eq(world->command.record_outcome.until_ms, T0);
    ck_assert(!dispatch_is_idle(world->dispatch));
    answer(world, ACCEPTED);
    ck_assert(dispatch_is_idle(world->dispatch));
    world_free(world);
}

END_TEST

START_TEST(a_commit_that_an_adapter_has_is_followed_to_its_record_and_acknowledged)
{
    struct world *world = world_sent();
    const struct job_outcome accepted = outcome_of(world, OUTCOME_ACCEPTED);
    ck_assert(dispatch_has_out(world->dispatch, CHANNEL_BLUESKY));
    stop(world);
    ck_no_command(world);
    ck_assert(!dispatch_is_idle(world->dispatch));
    report(world, &accepted);
    tick(world, T0);
    ck_command(world, COMMAND_record_outcome);
    ck_assert_uint_eq(world->command.record_outcome.outcome, OUTCOME_ACCEPTED);
    answer(world, ACCEPTED);
    ck_assert(!dispatch_has_out(world->dispatch, CHANNEL_BLUESKY));
    ck_assert(!dispatch_is_idle(world->dispatch)); /* the adapter waits to hear that it is recorded */
    ck_assert_uint_eq(jobs(world), 0);
    ck_assert_uint_eq(world->batch.done_count, 1);
    ck_assert(dispatch_is_idle(world->dispatch));
    world_free(world);
}

END_TEST

START_TEST(a_look_at_the_platform_is_given_up_by_a_stop)
{
    struct world *world = world_in_doubt(CHANNEL_BLUESKY, id_number(ID_ATTEMPT, 3));
    if (_i == 1) {
        ck_assert_uint_eq(jobs(world), 1); /* the adapter has it */
    }
    dispatch_stop(world->dispatch);
    tick(world, T0 + ATTEMPT_DEADLINE_MS);
    ck_assert_uint_eq(jobs(world), 0);
    ck_assert(dispatch_is_idle(world->dispatch));
    world_free(world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("dispatch");
    TCase *tcase = tcase_create("dispatch");
    tcase_add_test(tcase, a_commit_goes_out_only_when_its_start_is_durable);
    tcase_add_test(tcase, a_refused_start_sends_nothing_and_is_asked_again_later);
    tcase_add_test(tcase, a_start_without_answer_is_the_same_command_again);
    tcase_add_test(tcase, an_outcome_is_acknowledged_only_when_the_ledger_has_answered);
    tcase_add_test(tcase, an_outcome_is_recorded_again_when_the_disk_was_full);
    tcase_add_test(tcase, an_outcome_of_a_job_from_before_a_restart_is_recorded);
    tcase_add_test(tcase, a_commit_that_may_have_arrived_is_never_sent_again_but_becomes_unknown);
    tcase_add_test(tcase, a_commit_that_certainly_did_not_leave_is_sent_again);
    tcase_add_test(tcase, a_commit_whose_adapter_is_gone_is_unknown_at_once);
    tcase_add_test(tcase, a_commit_that_no_adapter_takes_for_a_minute_was_certainly_not_sent);
    tcase_add_loop_test(tcase, a_reading_says_what_it_found_and_whether_there_was_a_key, 0,
                        sizeof readings / sizeof *readings);
    tcase_add_test(tcase, a_reading_that_changed_nothing_is_made_again);
    tcase_add_test(tcase, a_target_that_is_too_late_is_missed);
    tcase_add_test(tcase, nothing_new_is_asked_of_a_ledger_that_does_not_answer);
    tcase_add_test(tcase, a_start_waits_for_the_read_model_to_have_what_is_sent);
    tcase_add_loop_test(tcase, a_stop_asks_for_no_start_that_was_not_asked_for, 0, 2);
    tcase_add_test(tcase, a_start_without_answer_is_asked_for_again_at_a_stop);
    tcase_add_test(tcase, a_commit_that_no_adapter_has_is_put_off_by_a_stop_and_counts_as_no_try);
    tcase_add_test(tcase, a_commit_that_an_adapter_has_is_followed_to_its_record_and_acknowledged);
    tcase_add_loop_test(tcase, a_look_at_the_platform_is_given_up_by_a_stop, 0, 2);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
