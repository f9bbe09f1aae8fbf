/* dispatch_lock_test.c: what is rendered and locked, credentials and connections, and the parts of a thread. */
#include "tests/suite.h"
#include "tests/unit/dispatch_world.h"

START_TEST(the_lock_names_the_version_that_was_rendered_and_is_rendered_again_on_a_mismatch)
{
    struct world *world = world_new();
    schedule(world, CHANNEL_BLUESKY);
    tick(world, T0 - LOCK_AHEAD_MS);
    tick(world, T0 - LOCK_AHEAD_MS);
    ck_command(world, COMMAND_lock_post);
    ck_assert_uint_eq(world->command.expected_version, 5);
    const struct locked_target *locked = &world->command.lock_post.targets[0];
    ck_assert_uint_eq(locked->parts_count, 1);
    ck_assert(span_equal(locked->parts[0].payload, SPAN("hello")));
    ck_assert(span_starts_with(locked->parts[0].key, SPAN("k1800000000000")));
    ck_assert_int_eq(locked->parts[0].created_ms, T0);
    world->version = 6;
    world->text = SPAN("edited");
    answer(world, REFUSED_version_mismatch);
    tick(world, T0 - LOCK_AHEAD_MS + 50);
    ck_command(world, COMMAND_lock_post);
    ck_assert_uint_eq(world->command.expected_version, 6);
    ck_assert(span_equal(world->command.lock_post.targets[0].parts[0].payload, SPAN("edited")));
    answer(world, ACCEPTED);
    tick(world, T0 - 1);
    ck_no_command(world);
    world_free(world);
}

END_TEST

START_TEST(a_post_that_takes_all_memory_leaves_it_to_the_others_is_told_and_tried_again_later)
{
    struct world *world = world_new();
    schedule(world, CHANNEL_BLUESKY);
    tick(world, T0 - LOCK_AHEAD_MS);
    tick(world, T0 - LOCK_AHEAD_MS);
    world->is_greedy = true;
    ck_no_command(world);
    ck_assert_ptr_nonnull(arena_alloc(&world->arena, (size_t)1 << 16)); /* what the next post needs */
    const struct dispatch_unfilled unfilled = dispatch_unfilled(world->dispatch);
    const struct id post = id_number(ID_POST, 1);
    ck_assert_uint_eq(unfilled.times, 1);
    ck_assert_int_eq(unfilled.err, ERR_NO_MEMORY);
    ck_assert(id_equal(&unfilled.post_id, &post));
    world->is_greedy = false;
    tick(world, T0 - LOCK_AHEAD_MS + 4999);
    ck_no_command(world);
    tick(world, T0 - LOCK_AHEAD_MS + 5000);
    ck_command(world, COMMAND_lock_post);
    world_free(world);
}

END_TEST

/* Of the first part of the lock that is asked for. */
static uint64_t number_of_key(struct world *world)
{
    ck_command(world, COMMAND_lock_post);
    const struct span key = world->command.lock_post.targets[0].parts[0].key;
    const size_t dash = span_find(key, '-');
    uint64_t number = 0;
    ck_assert_int_eq(span_to_u64(span_of(key.data + dash + 1, key.len - dash - 1), &number), OK);
    return number;
}

START_TEST(the_keys_of_an_account_follow_one_another)
{
    struct world *world = world_new();
    schedule(world, CHANNEL_BLUESKY);
    tick(world, T0 - LOCK_AHEAD_MS);
    tick(world, T0 - LOCK_AHEAD_MS);
    const uint64_t first = number_of_key(world);
    for (uint64_t i = 1; i < 4; i++) {
        answer(world, REFUSED_version_mismatch);
        tick(world, world->now_ms + SECOND_MS);
        ck_assert_uint_eq(number_of_key(world), first + i);
    }
    world_free(world);
}

END_TEST

/* The world's channel renders the post's text of now; what was approved was rendered by another rule. */
START_TEST(what_was_approved_is_locked_whatever_rendering_makes_of_it_by_now)
{
    struct world *world = world_new();
    struct locked_part part = {.key = SPAN(""), .created_ms = T0, .payload = SPAN("as it was approved")};
    sha256(part.payload, part.payload_hash.bytes);
    world->approved = (struct locked_target){
        .target_id = id_number(ID_TARGET, 1), .message = SPAN("as it was said"), .parts = &part, .parts_count = 1};
    for (int bad = 0; bad < 2; bad++) {
        world->text = bad ? SPAN("bad") : SPAN("another rule's"); /* bad: that would not be sent at all */
        if (bad == 0) {
            schedule(world, CHANNEL_BLUESKY);
            tick(world, T0 - LOCK_AHEAD_MS);
        } else {
            answer(world, REFUSED_version_mismatch);
        }
        tick(world, world->now_ms + SECOND_MS);
        ck_command(world, COMMAND_lock_post);
        const struct locked_target *locked = &world->command.lock_post.targets[0];
        ck_assert_uint_eq(world->command.lock_post.targets_count, 1);
        ck_assert_uint_eq(locked->parts_count, 1);
        ck_assert_ptr_null(locked->code.data);
        ck_assert(span_equal(locked->message, SPAN("as it was said")));
        ck_assert(span_equal(locked->parts[0].payload, SPAN("as it was approved")));
        ck_assert_mem_eq(&locked->parts[0].payload_hash, &part.payload_hash, sizeof part.payload_hash);
        ck_assert_int_eq(locked->parts[0].created_ms, T0);
        ck_assert(span_starts_with(locked->parts[0].key, SPAN("k1800000000000-")));
    }
    world_free(world);
}

END_TEST

START_TEST(a_target_whose_rendering_breaks_a_limit_is_locked_as_refused)
{
    struct world *world = world_new();
    world->text = SPAN("bad");
    schedule(world, CHANNEL_BLUESKY);
    tick(world, T0 - LOCK_AHEAD_MS);
    tick(world, T0 - LOCK_AHEAD_MS);
    ck_command(world, COMMAND_lock_post);
    const struct locked_target *locked = &world->command.lock_post.targets[0];
    ck_assert_uint_eq(locked->parts_count, 0);
    ck_assert(span_equal(locked->code, SPAN("render_refused")));
    ck_assert(span_equal(locked->message, SPAN("Too long.")));
    world_free(world);
}

END_TEST

START_TEST(what_rendering_needs_is_asked_before_the_lock)
{
    struct world *world = world_new();
    world->text = SPAN("hello @abc");
    schedule(world, CHANNEL_BLUESKY);
    tick(world, T0 - LOCK_AHEAD_MS - AGENDA_FACTS_AHEAD_MS);
    ck_assert_uint_eq(jobs(world), 1);
    ck_assert(span_equal(world->batch.jobs[0].kind, SPAN("resolve")));
    ck_assert(span_equal(world->batch.jobs[0].payload, SPAN("{\"texts\":[\"hello @abc\"],\"link\":null}")));
    struct job_outcome outcome = outcome_of(world, OUTCOME_ACCEPTED);
    outcome.result = SPAN("{\"facts\":1}");
    report(world, &outcome);
    jobs(world);
    ck_assert_uint_eq(world->batch.done_count, 1);
    tick(world, T0 - LOCK_AHEAD_MS);
    ck_command(world, COMMAND_lock_post);
    ck_assert(span_equal(world->command.lock_post.targets[0].parts[0].payload, SPAN("{\"facts\":1}")));
    ck_assert_ptr_null(world->command.lock_post.targets[0].message.data);
    world_free(world);
}

END_TEST

START_TEST(facts_that_do_not_come_do_not_stop_the_lock)
{
    struct world *world = world_new();
    world->text = SPAN("hello @abc");
    schedule(world, CHANNEL_BLUESKY);
    tick(world, T0 - LOCK_AHEAD_MS - AGENDA_FACTS_AHEAD_MS);
    ck_assert_uint_eq(jobs(world), 1);
    tick(world, T0 - LOCK_AHEAD_MS);
    ck_no_command(world);
    tick(world, T0 - LOCK_AHEAD_MS + AGENDA_FACTS_WAIT_MS);
    ck_command(world, COMMAND_lock_post);
    const struct locked_target *locked = &world->command.lock_post.targets[0];
    ck_assert(span_equal(locked->parts[0].payload, SPAN("{}"))); /* the rendering hears that nothing came */
    ck_assert(span_equal(locked->message, SPAN("Plain text.")));
    ck_assert_ptr_null(locked->code.data);
    answer(world, ACCEPTED);
    struct job_outcome outcome = outcome_of(world, OUTCOME_ACCEPTED);
    outcome.result = SPAN("{}");
    report(world, &outcome); /* too late: only acknowledged */
    jobs(world);
    ck_assert_uint_eq(world->batch.done_count, 1);
    world_free(world);
}

END_TEST

START_TEST(credentials_that_are_no_longer_good_disconnect_the_account_first)
{
    struct world *world = world_sent();
    struct job_outcome outcome = outcome_of(world, OUTCOME_UNAUTHORIZED);
    outcome.code = SPAN("credentials_refused");
    report(world, &outcome);
    ck_command(world, COMMAND_disconnect_integration);
    ck_no_command(world);
    answer(world, ACCEPTED);
    ck_command(world, COMMAND_record_outcome);
    ck_assert_uint_eq(world->command.record_outcome.outcome, OUTCOME_UNAUTHORIZED);
    world_free(world);
}

END_TEST

START_TEST(new_tokens_are_sealed_then_recorded_then_the_outcome_then_acknowledged)
{
    struct world *world = world_sent();
    struct job_outcome outcome = outcome_of(world, OUTCOME_ACCEPTED);
    outcome.credentials = SPAN("a new box");
    outcome.token_expires_ms = T0 + DAY_MS;
    report(world, &outcome);
    ck_no_command(world);
    struct dispatch_secret secret;
    uint32_t ticket;
    ck_assert(dispatch_seal(world->dispatch, T0, &secret, &ticket));
    ck_assert(span_equal(secret.box, SPAN("a new box")));
    const struct id secret_id = secret.secret_id;
    dispatch_sealed(world->dispatch, T0, ticket, ERR_TIMED_OUT, (struct span){0});
    tick(world, T0 + 3000);
    ck_assert(dispatch_seal(world->dispatch, T0 + 3000, &secret, &ticket));
    ck_assert(id_equal(&secret_id, &secret.secret_id));
    dispatch_sealed(world->dispatch, T0 + 3000, ticket, OK, SPAN("f1"));
    ck_command(world, COMMAND_record_tokens);
    ck_assert(id_equal(&secret_id, &world->command.record_tokens.vault_id));
    ck_assert(span_equal(world->command.record_tokens.fingerprint, SPAN("f1")));
    answer(world, ACCEPTED);
    ck_command(world, COMMAND_record_outcome);
    answer(world, ACCEPTED);
    jobs(world);
    ck_assert_uint_eq(world->batch.done_count, 1);
    world_free(world);
}

END_TEST

/* Its session was given sixty days ago, and an exchange is out that keeps it alive. */
static struct world *world_refreshing(void)
{
    const uint8_t randomness[10] = {0};
    const struct id integration_id = id_number(ID_INTEGRATION, 1);
    struct world *world = world_new();
    tell(world, (struct event){
                    .code = EVENT_integration_connecting,
                    .integration_connecting = {.integration_id = integration_id, .channel = CHANNEL_BLUESKY}
    });
    tell(world, (struct event){
                    .code = EVENT_integration_connected,
                    .integration_connected = {.integration_id = integration_id,
                                              .vault_id = id_make(ID_SECRET, T0 - 60 * DAY_MS, randomness),
                                              .session_expires_ms = T0 + 30 * DAY_MS}
    });
    tick(world, T0);
    ck_assert_uint_eq(jobs(world), 1);
    ck_assert(span_equal(world->batch.jobs[0].kind, SPAN("refresh")));
    return world;
}

static const struct {
    const char *name;
    enum err sealed;
    enum refusal refusal;
} unstored[] = {
    {"nobody can open the box",           ERR_AUTH, ACCEPTED                      },
    {"the ledger does not take the pair", OK,       REFUSED_integration_connecting},
};

/* No event takes the exchange off the agenda then. */
START_TEST(an_exchange_whose_pair_is_not_stored_is_made_again)
{
    struct world *world = world_refreshing();
    struct job_outcome outcome = outcome_of(world, OUTCOME_ACCEPTED);
    outcome.credentials = SPAN("a new box");
    report(world, &outcome);
    struct dispatch_secret secret;
    uint32_t ticket;
    ck_assert(dispatch_seal(world->dispatch, T0, &secret, &ticket));
    dispatch_sealed(world->dispatch, T0, ticket, unstored[_i].sealed, SPAN("f1"));
    if (unstored[_i].sealed == OK) {
        ck_command(world, COMMAND_record_tokens);
        answer(world, unstored[_i].refusal);
    }
    tick(world, T0 + HOUR_MS);
    ck_assert_uint_eq(jobs(world), 1);
    ck_assert(span_equal(world->batch.jobs[0].kind, SPAN("refresh")));
    world_free(world);
}

END_TEST

START_TEST(a_limit_defers_an_exchange_to_its_reset)
{
    struct world *world = world_refreshing();
    struct job_outcome outcome = outcome_of(world, OUTCOME_DEFERRED);
    outcome.until_ms = T0 + HOUR_MS;
    report(world, &outcome);
    tick(world, T0 + HOUR_MS - 1);
    ck_assert_uint_eq(jobs(world), 0);
    tick(world, T0 + HOUR_MS);
    ck_assert_uint_eq(jobs(world), 1);
    world_free(world);
}

END_TEST

static struct world *world_connecting(void)
{
    struct world *world = world_new();
    world->now_ms = T0;
    tell(world,
         (struct event){
             .code = EVENT_integration_connecting,
             .integration_connecting = {.integration_id = id_number(ID_INTEGRATION, 1), .channel = CHANNEL_BLUESKY}
    });
    tick(world, T0);
    ck_assert_uint_eq(jobs(world), 1);
    ck_assert(span_equal(world->batch.jobs[0].kind, SPAN("connect")));
    ck_assert(span_equal(world->batch.jobs[0].handle, SPAN("abc")));
    ck_assert(span_equal(world->batch.jobs[0].credentials, SPAN("new box")));
    return world;
}

START_TEST(a_connection_is_sealed_and_recorded)
{
    struct world *world = world_connecting();
    struct job_outcome outcome = outcome_of(world, OUTCOME_ACCEPTED);
    outcome.account = SPAN("did:plc:abc");
    outcome.handle = SPAN("abc.example");
    outcome.credentials = SPAN("session box");
    report(world, &outcome);
    struct dispatch_secret secret;
    uint32_t ticket;
    ck_assert(dispatch_seal(world->dispatch, T0, &secret, &ticket));
    dispatch_sealed(world->dispatch, T0, ticket, OK, SPAN("f1"));
    ck_command(world, COMMAND_record_connection);
    ck_assert(span_equal(world->command.record_connection.account, SPAN("did:plc:abc")));
    ck_assert(id_equal(&world->command.record_connection.vault_id, &secret.secret_id));
    answer(world, REFUSED_account_mismatch);
    ck_command(world, COMMAND_refuse_connection);
    ck_assert(span_equal(world->command.refuse_connection.code, SPAN("account_mismatch")));
    answer(world, ACCEPTED);
    ck_no_command(world);
    world_free(world);
}

END_TEST

START_TEST(a_connection_that_the_platform_refuses_is_refused)
{
    struct world *world = world_connecting();
    struct job_outcome outcome = outcome_of(world, OUTCOME_UNAUTHORIZED);
    outcome.code = SPAN("credentials_refused");
    outcome.message = SPAN("Invalid identifier or password");
    report(world, &outcome);
    ck_command(world, COMMAND_refuse_connection);
    ck_assert(span_equal(world->command.refuse_connection.message, outcome.message));
    world_free(world);
}

END_TEST

/* The platform's answer to the connection that is under way, in the words of a failure that passes. */
static void fail_in_passing(struct world *world, enum outcome how, int64_t until_ms)
{
    struct job_outcome outcome = outcome_of(world, how);
    outcome.code = how == OUTCOME_DEFERRED ? SPAN("platform_rate_limited") : SPAN("platform_unavailable");
    outcome.message = SPAN("Not now.");
    outcome.until_ms = until_ms;
    report(world, &outcome);
}

/* Nothing is recorded; the connection is asked for again between the two instants. */
static void ck_asked_again(struct world *world, int64_t first_ms, int64_t last_ms)
{
    ck_no_command(world);
    ck_assert_uint_eq(jobs(world), 0);
    ck_assert_uint_eq(world->batch.done_count, 1); /* the outcome is acknowledged */
    tick(world, first_ms - 1);
    ck_assert_uint_eq(jobs(world), 0);
    tick(world, last_ms);
    ck_assert_uint_eq(jobs(world), 1);
    ck_assert(span_equal(world->batch.jobs[0].kind, SPAN("connect")));
}

START_TEST(a_connection_that_fails_in_passing_is_tried_again_when_the_platform_says_so)
{
    struct world *world = world_connecting();
    fail_in_passing(world, OUTCOME_DEFERRED, T0 + 45000);
    ck_asked_again(world, T0 + 45000, T0 + 45000);
    struct job_outcome outcome = outcome_of(world, OUTCOME_ACCEPTED);
    outcome.account = SPAN("did:plc:abc");
    report(world, &outcome);
    ck_command(world, COMMAND_record_connection);
    world_free(world);
}

END_TEST

START_TEST(each_wait_for_a_connection_is_as_long_as_all_before_it_and_after_ten_minutes_it_is_refused)
{
    struct world *world = world_connecting();
    fail_in_passing(world, OUTCOME_TRY_AGAIN, 0);
    ck_asked_again(world, T0 + 8000, T0 + 12000);
    fail_in_passing(world, OUTCOME_DEFERRED, 0);
    ck_asked_again(world, T0 + 12000 + 9600, T0 + 12000 + 14400);
    world->now_ms = T0 + 300000;                           /* the platform took its time */
    fail_in_passing(world, OUTCOME_DEFERRED, T0 + 299000); /* an instant that has passed names none */
    ck_asked_again(world, T0 + 300000 + 240000, T0 + 300000 + 300000);
    fail_in_passing(world, OUTCOME_DEFERRED, 0);
    ck_command(world, COMMAND_refuse_connection);
    ck_assert(span_equal(world->command.refuse_connection.code, SPAN("platform_rate_limited")));
    ck_assert(span_equal(world->command.refuse_connection.message, SPAN("Not now.")));
    answer(world, ACCEPTED);
    ck_no_command(world);
    world_free(world);
}

END_TEST

START_TEST(a_connection_that_would_be_tried_too_late_is_refused_at_once)
{
    struct world *world = world_connecting();
    fail_in_passing(world, OUTCOME_DEFERRED, T0 + CONNECT_WITHIN_MS + 1);
    ck_command(world, COMMAND_refuse_connection);
    ck_assert(span_equal(world->command.refuse_connection.code, SPAN("platform_rate_limited")));
    world_free(world);
}

END_TEST

START_TEST(a_connection_that_failed_in_passing_for_a_scheduler_that_is_gone_is_asked_for_by_its_agenda_alone)
{
    struct world *world = world_new();
    const struct job_outcome outcome = {.job_id = id_number(ID_REQUEST, 77),
                                        .kind = SPAN("connect"),
                                        .outcome = OUTCOME_TRY_AGAIN,
                                        .workspace_id = id_number(ID_WORKSPACE, 1),
                                        .integration_id = id_number(ID_INTEGRATION, 1),
                                        .channel = CHANNEL_BLUESKY};
    tick(world, T0);
    report(world, &outcome);
    ck_no_command(world);
    ck_assert_uint_eq(jobs(world), 0);
    ck_assert_uint_eq(world->batch.done_count, 1);
    world_free(world);
}

END_TEST

START_TEST(a_job_without_credentials_is_unauthorized_and_sends_nothing)
{
    struct world *world = world_locked(1);
    world->has_credentials = false;
    tick(world, T0);
    ck_command(world, COMMAND_start_attempt);
    answer(world, ACCEPTED);
    ck_assert_uint_eq(jobs(world), 0);
    ck_command(world, COMMAND_disconnect_integration);
    answer(world, ACCEPTED);
    ck_command(world, COMMAND_record_outcome);
    ck_assert_uint_eq(world->command.record_outcome.outcome, OUTCOME_UNAUTHORIZED);
    world_free(world);
}

END_TEST

START_TEST(a_later_part_answers_to_the_part_before)
{
    struct world *world = world_locked(2);
    const struct id attempt_id = id_number(ID_ATTEMPT, 3);
    world->now_ms = T0;
    tell_started(world, attempt_id, 0);
    tell_finished(world, attempt_id, OUTCOME_ACCEPTED, 0);
    tick(world, T0);
    ck_command(world, COMMAND_start_attempt);
    ck_assert_uint_eq(world->command.start_attempt.part, 1);
    answer(world, ACCEPTED);
    ck_assert_uint_eq(jobs(world), 0); /* the read model does not have the first part yet */
    world->live[0] = (struct dispatch_live){.part = 0};
    world->live_count = 1;
    tick(world, T0 + 500);
    ck_assert_uint_eq(jobs(world),
                      0); /* live by a person's word, which does not say what names it: no answer to nothing */
    world->live[0] = (struct dispatch_live){.part = 0, .platform_id = SPAN("at://root"), .revision = SPAN("cid")};
    tick(world, T0 + 1000);
    ck_assert_uint_eq(jobs(world), 1);
    ck_assert(span_equal(world->batch.jobs[0].key, SPAN("key1")));
    ck_assert(span_equal(world->batch.jobs[0].root_id, SPAN("at://root")));
    ck_assert(span_equal(world->batch.jobs[0].parent_revision, SPAN("cid")));
    world_free(world);
}

END_TEST

/* Part 0 is live by a person's word, in a copied folder: no attempt of ours says what names it. Part 1 is in doubt. */
START_TEST(a_later_part_is_read_although_nothing_names_the_part_before)
{
    struct world *world = world_locked(2);
    const struct id attempt_id = id_number(ID_ATTEMPT, 3);
    world->now_ms = T0;
    tell_started(world, attempt_id, 1);
    tell_finished(world, attempt_id, OUTCOME_UNKNOWN, T0 + ATTEMPT_DEADLINE_MS);
    tick(world, T0 + ATTEMPT_DEADLINE_MS);
    ck_assert_uint_eq(jobs(world), 1);
    ck_assert(span_equal(world->batch.jobs[0].kind, SPAN("read")));
    ck_assert(span_equal(world->batch.jobs[0].key, SPAN("key1")));
    ck_assert_ptr_null(world->batch.jobs[0].root_id.data);
    ck_assert_ptr_null(world->batch.jobs[0].parent_id.data);
    world_free(world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("dispatch_lock");
    TCase *tcase = tcase_create("dispatch");
    tcase_add_test(tcase, the_lock_names_the_version_that_was_rendered_and_is_rendered_again_on_a_mismatch);
    tcase_add_test(tcase, a_post_that_takes_all_memory_leaves_it_to_the_others_is_told_and_tried_again_later);
    tcase_add_test(tcase, the_keys_of_an_account_follow_one_another);
    tcase_add_test(tcase, what_was_approved_is_locked_whatever_rendering_makes_of_it_by_now);
    tcase_add_test(tcase, a_target_whose_rendering_breaks_a_limit_is_locked_as_refused);
    tcase_add_test(tcase, what_rendering_needs_is_asked_before_the_lock);
    tcase_add_test(tcase, facts_that_do_not_come_do_not_stop_the_lock);
    tcase_add_test(tcase, credentials_that_are_no_longer_good_disconnect_the_account_first);
    tcase_add_test(tcase, new_tokens_are_sealed_then_recorded_then_the_outcome_then_acknowledged);
    tcase_add_loop_test(tcase, an_exchange_whose_pair_is_not_stored_is_made_again, 0,
                        sizeof unstored / sizeof *unstored);
    tcase_add_test(tcase, a_limit_defers_an_exchange_to_its_reset);
    tcase_add_test(tcase, a_connection_is_sealed_and_recorded);
    tcase_add_test(tcase, a_connection_that_the_platform_refuses_is_refused);
    tcase_add_test(tcase, a_connection_that_fails_in_passing_is_tried_again_when_the_platform_says_so);
    tcase_add_test(tcase, each_wait_for_a_connection_is_as_long_as_all_before_it_and_after_ten_minutes_it_is_refused);
    tcase_add_test(tcase, a_connection_that_would_be_tried_too_late_is_refused_at_once);
    tcase_add_test(tcase,
                   a_connection_that_failed_in_passing_for_a_scheduler_that_is_gone_is_asked_for_by_its_agenda_alone);
    tcase_add_test(tcase, a_job_without_credentials_is_unauthorized_and_sends_nothing);
    tcase_add_test(tcase, a_later_part_answers_to_the_part_before);
    tcase_add_test(tcase, a_later_part_is_read_although_nothing_names_the_part_before);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
