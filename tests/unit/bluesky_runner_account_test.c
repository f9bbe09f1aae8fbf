/* bluesky_runner_account_test.c: how many commits of an account are under way at a time, and what becomes of the others
 * when the platform limits it. */
#include "adapters/runner_account.h"
#include "core/base/limits.h"
#include "tests/suite.h"
#include "tests/unit/runner_world.h"

/* Answers what was sent last, and lets the runner go on. */
static void answer_and_tick(size_t i, unsigned status, const char *body)
{
    answer(i, status, body);
    runner_tick(runner, now_ms);
}

START_TEST(a_burst_of_an_account_begins_with_two_commits_and_each_that_is_accepted_makes_room)
{
    struct job jobs[40];
    size_t answered = 0;
    for (uint64_t i = 0; i < 40; i++) {
        jobs[i] = commit_of(i + 1, 1);
    }
    ck_assert_int_eq(take(jobs, 40), OK);
    for (size_t under_way = RUNNER_ROOM_FIRST; under_way < RUNNER_ROOM_MAX; under_way *= 2) {
        ck_assert_uint_eq(sent_count - answered, under_way);
        for (const size_t end = sent_count; answered < end; answered++) {
            answer(answered, 200, CREATED);
        }
        runner_tick(runner, now_ms);
    }
    while (answered < 40) {
        ck_assert_uint_le(sent_count - answered, RUNNER_ROOM_MAX);
        answer_and_tick(answered, 200, CREATED);
        answered++;
    }
    ck_assert_uint_eq(sent_count, 40);
    ck_assert_uint_eq(report().outcomes_count, 40);
    struct job again[3] = {commit_of(51, 1), commit_of(52, 1), commit_of(53, 1)}; /* another burst */
    ck_assert_int_eq(take(again, 3), OK);
    ck_assert_uint_eq(sent_count, 42);
}

END_TEST

START_TEST(a_commit_that_fails_lets_the_next_one_go)
{
    struct job jobs[4] = {commit_of(1, 1), commit_of(2, 1), commit_of(3, 1), commit_of(4, 1)};
    ck_assert_int_eq(take(jobs, 4), OK);
    ck_assert_uint_eq(sent_count, 2); /* the second hangs */
    answer_and_tick(0, 400, "{\"error\":\"InvalidRequest\"}");
    ck_assert_uint_eq(sent_count, 3);
    answer_and_tick(2, 500, "");
    ck_assert_uint_eq(sent_count, 4);
    answer_and_tick(3, 200, CREATED);
    ck_assert_uint_eq(report().outcomes_count, 3);
}

END_TEST

static void limit(size_t i, unsigned status, const char *body, const char *retry_after, const char *remaining)
{
    struct http_response response = {.result = HTTP_COMPLETE, .status = status, .body = span_text(body)};
    response.headers.retry_after = retry_after != NULL ? span_text(retry_after) : (struct span){0};
    response.headers.rate_remaining = remaining != NULL ? span_text(remaining) : (struct span){0};
    room++;
    runner_answered(runner, now_ms, sent[i].tag, &response);
    runner_tick(runner, now_ms);
}

static const struct {
    const char *retry_after;
    int64_t until_ms; /* as reported; 0: none */
    int64_t quiet_ms; /* nothing is sent for so long */
} limits[] = {
    {"45", NOW_MS + 45000, 45000         },
    {NULL, 0,              30 * SECOND_MS},
};

START_TEST(what_waits_behind_a_limit_is_put_off_without_being_sent)
{
    struct job jobs[21];
    for (uint64_t i = 0; i < 20; i++) {
        jobs[i] = commit_of(i + 1, 1);
    }
    jobs[20] = commit_of(21, 2);
    ck_assert_int_eq(take(jobs, 21), OK);
    ck_assert_uint_eq(sent_count, 3); /* two of the one account, and the other's */
    limit(0, 429, "{\"error\":\"RateLimitExceeded\"}", limits[_i].retry_after, NULL);
    ck_assert_uint_eq(sent_count, 3);
    answer_and_tick(1, 200, CREATED); /* it was under way */
    const struct outcome_batch batch = report();
    ck_assert_uint_eq(batch.outcomes_count, 20);
    for (uint32_t i = 0; i < 19; i++) {
        const struct job_outcome *outcome = &batch.outcomes[i];
        ck_assert_int_eq(outcome->outcome, OUTCOME_DEFERRED);
        ck_assert(span_equal(outcome->code, SPAN("platform_rate_limited")));
        ck_assert_int_eq(outcome->until_ms, limits[_i].until_ms);
        ck_assert_int_eq(outcome->platform_code.len > 0, i == 0); /* the platform spoke to one */
    }
    ck_assert_int_eq(batch.outcomes[19].outcome, OUTCOME_ACCEPTED);
    answer(2, 200, CREATED); /* the other account's goes on */
    struct job late[2] = {commit_of(31, 1), commit_of(32, 1)};
    now_ms += limits[_i].quiet_ms - 1;
    ck_assert_int_eq(take(&late[0], 1), OK);
    ck_assert_uint_eq(sent_count, 3);
    now_ms += 1;
    ck_assert_int_eq(take(&late[1], 1), OK);
    ck_assert_uint_eq(sent_count, 4);
}

END_TEST

START_TEST(the_last_commit_of_a_window_lets_none_go_after_it)
{
    struct job jobs[3] = {commit_of(1, 1), commit_of(2, 1), commit_of(3, 1)};
    ck_assert_int_eq(take(jobs, 3), OK);
    limit(0, 200, CREATED, "45", "0");
    ck_assert_uint_eq(sent_count, 2);
    const struct outcome_batch batch = report();
    ck_assert_uint_eq(batch.outcomes_count, 2);
    ck_assert_int_eq(batch.outcomes[0].outcome, OUTCOME_ACCEPTED);
    ck_assert_int_eq(batch.outcomes[1].outcome, OUTCOME_DEFERRED);
    ck_assert_int_eq(batch.outcomes[1].until_ms, NOW_MS + 45000);
}

END_TEST

START_TEST(what_waits_in_line_begins_with_the_credentials_that_were_exchanged_meanwhile)
{
    struct job jobs[4] = {commit_of(1, 1), commit_of(2, 1), commit_of(3, 1), commit_of(4, 1)};
    ck_assert_int_eq(take(jobs, 4), OK);
    answer_and_tick(0, 401, "");
    answer_and_tick(1, 401, ""); /* waits for the first one's exchange */
    ck_assert_uint_eq(sent_count, 3);
    answer_and_tick(2, 200, FRESH);
    const struct outcome_batch told = report();
    ck_assert_uint_eq(told.outcomes_count, 1);
    ck_assert_uint_eq(sent_count, 3); /* nobody has stored the pair */
    acknowledge(&told.outcomes[0].job_id);
    ck_assert_uint_eq(sent_count, 5);
    answer_and_tick(3, 200, CREATED);
    ck_assert_uint_eq(sent_count, 7);
    ck_assert_str_eq(sent[5].authorization, "Bearer access2");
    ck_assert_str_eq(sent[6].authorization, "Bearer access2");
    for (size_t i = 4; i < 7; i++) {
        answer(i, 200, CREATED);
    }
    const struct outcome_batch batch = report();
    ck_assert_uint_eq(batch.outcomes_count, 4);
}

END_TEST

START_TEST(accounts_without_work_make_place_for_others)
{
    for (uint64_t i = 0; i < 2 * RUNNER_JOBS_MAX; i++) {
        arena_reset(&arena);
        struct job job = commit_of(i + 1, i + 1);
        sent_count = 0;
        ck_assert_int_eq(take(&job, 1), OK);
        ck_assert_uint_eq(sent_count, 1);
        limit(0, 429, "{}", "3600", NULL);
        report();
        acknowledge(&job.job_id);
    }
}

END_TEST

START_TEST(a_recall_puts_off_the_commits_that_were_not_begun)
{
    struct job jobs[20];
    for (uint64_t i = 0; i < 20; i++) {
        jobs[i] = commit_of(i + 1, i < 10 ? 1 : 2);
    }
    room = 3; /* of the second account one is sent, one waits for room in the transport, the others stand in line */
    ck_assert_int_eq(take(jobs, 20), OK);
    ck_assert_uint_eq(sent_count, 3);
    runner_recall(runner, now_ms);
    struct outcome_batch batch = report();
    ck_assert_uint_ge(batch.outcomes_count, 16);
    for (uint32_t i = 0; i < batch.outcomes_count; i++) {
        ck_assert_uint_eq(batch.outcomes[i].outcome, OUTCOME_DEFERRED);
        ck_assert_int_eq(batch.outcomes[i].until_ms, now_ms);
    }
    runner_recall(runner, now_ms); /* once more: there is none left */
    ck_assert_uint_eq(report().outcomes_count, 0);
    uint32_t ended = batch.outcomes_count;
    for (size_t i = 0; i < sent_count; i++) {
        answer_and_tick(i, 200, CREATED);
    }
    batch = report();
    ended += batch.outcomes_count;
    ck_assert_uint_eq(ended, 20);
    ck_assert_uint_eq(batch.outcomes_count, sent_count);
    for (uint32_t i = 0; i < batch.outcomes_count; i++) {
        ck_assert_uint_eq(batch.outcomes[i].outcome, OUTCOME_ACCEPTED);
    }
    struct job another = commit_of(51, 1); /* a recall holds nothing that comes later */
    const size_t before = sent_count;
    ck_assert_int_eq(take(&another, 1), OK);
    ck_assert_uint_eq(sent_count, before + 1);
}

END_TEST

START_TEST(a_recall_leaves_what_is_no_commit)
{
    room = 0;
    struct job job = delete_of(1, 1);
    ck_assert_int_eq(take(&job, 1), OK);
    runner_recall(runner, now_ms);
    ck_assert_uint_eq(report().outcomes_count, 0);
    room = 1;
    runner_tick(runner, now_ms);
    ck_assert_uint_eq(sent_count, 1);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("bluesky_runner_account");
    TCase *tcase = tcase_create("bluesky_runner_account");
    tcase_set_timeout(tcase, 30);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_burst_of_an_account_begins_with_two_commits_and_each_that_is_accepted_makes_room);
    tcase_add_test(tcase, a_commit_that_fails_lets_the_next_one_go);
    tcase_add_loop_test(tcase, what_waits_behind_a_limit_is_put_off_without_being_sent, 0,
                        sizeof limits / sizeof *limits);
    tcase_add_test(tcase, the_last_commit_of_a_window_lets_none_go_after_it);
    tcase_add_test(tcase, what_waits_in_line_begins_with_the_credentials_that_were_exchanged_meanwhile);
    tcase_add_test(tcase, accounts_without_work_make_place_for_others);
    tcase_add_test(tcase, a_recall_puts_off_the_commits_that_were_not_begun);
    tcase_add_test(tcase, a_recall_leaves_what_is_no_commit);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
