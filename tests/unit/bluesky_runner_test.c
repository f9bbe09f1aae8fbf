/* bluesky_runner_test.c: a job is begun once, whatever is repeated; its outcome is kept until it is acknowledged; an
 * account's credentials are exchanged by one job at a time, and a new pair is used by none before it is stored. */
#include "tests/suite.h"
#include "tests/unit/runner_world.h"

START_TEST(a_job_is_done_and_its_outcome_kept_until_acknowledged)
{
    struct job job = commit_of(1, 1);
    ck_assert_int_eq(take(&job, 1), OK);
    ck_assert_uint_eq(sent_count, 1);
    ck_assert_str_eq(sent[0].authorization, "Bearer access1");
    ck_assert(!runner_has_report(runner, now_ms));
    answer(0, 200, CREATED);
    ck_assert(runner_has_report(runner, now_ms));
    struct outcome_batch batch = report();
    ck_assert_uint_eq(batch.outcomes_count, 1);
    ck_assert_int_eq(batch.outcomes[0].outcome, OUTCOME_ACCEPTED);
    ck_assert(id_equal(&batch.outcomes[0].job_id, &job.job_id));
    ck_assert(id_equal(&batch.outcomes[0].integration_id, &job.integration_id));
    ck_assert(id_equal(&batch.outcomes[0].target_id, &job.target_id));
    ck_assert_ptr_null(batch.outcomes[0].credentials.data);
    ck_assert_uint_eq(report().outcomes_count, 0); /* not again at once */
    now_ms += RUNNER_AGAIN_MS;
    ck_assert_uint_eq(report().outcomes_count, 1); /* but again */
    acknowledge(&job.job_id);
    now_ms += RUNNER_AGAIN_MS;
    ck_assert_uint_eq(report().outcomes_count, 0);
    struct runner_figures figures;
    runner_figures(runner, &figures);
    ck_assert_uint_eq(figures.taken, 1);
    ck_assert_uint_eq(figures.finished, 1);
    ck_assert_uint_eq(figures.open, 0);
    ck_assert_uint_eq(figures.kept, 0);
}

END_TEST

START_TEST(a_job_is_begun_once_whatever_is_repeated)
{
    struct job jobs[2] = {commit_of(1, 1), commit_of(1, 1)};
    ck_assert_int_eq(take(jobs, 2), OK); /* twice in a batch */
    ck_assert_int_eq(take(jobs, 1), OK); /* while it is open */
    ck_assert_uint_eq(sent_count, 1);
    answer(0, 200, CREATED);
    ck_assert_int_eq(take(jobs, 1), OK); /* while its outcome is kept */
    acknowledge(&jobs[0].job_id);
    ck_assert_int_eq(take(jobs, 1), OK); /* and after it was forgotten */
    ck_assert_uint_eq(sent_count, 1);
    struct runner_figures figures;
    runner_figures(runner, &figures);
    ck_assert_uint_eq(figures.taken, 1);
    ck_assert_uint_eq(figures.again, 4);
    ck_assert_uint_eq(figures.open, 0);
}

END_TEST

START_TEST(ids_are_remembered_for_a_long_time)
{
    struct job first = commit_of(1, 1);
    ck_assert_int_eq(take(&first, 1), OK);
    answer(0, 200, CREATED);
    acknowledge(&first.job_id);
    struct job *jobs = arena_alloc(&arena, sizeof *jobs * 256);
    for (uint64_t round = 0; round < RUNNER_SEEN_MAX / 256; round++) {
        for (uint64_t i = 0; i < 256; i++) {
            jobs[i] = (struct job){.job_id = id_of(ID_ATTEMPT, 1000 + round * 256 + i), .kind = SPAN("prepare")};
        }
        ck_assert_int_eq(take(jobs, 256), OK);
        for (uint64_t i = 0; i < 256; i++) {
            acknowledge(&jobs[i].job_id);
        }
    }
    ck_assert_int_eq(take(&first, 1), OK);
    ck_assert_uint_eq(sent_count, 1);
}

END_TEST

START_TEST(a_commit_of_an_older_ledger_is_refused)
{
    struct job jobs[3] = {commit_of(1, 1), commit_of(2, 2), commit_of(3, 3)};
    jobs[0].fence = 6;
    jobs[1].fence = 5;
    jobs[2].fence = 5;
    jobs[2].kind = SPAN("read"); /* reading does no harm */
    ck_assert_int_eq(take(jobs, 3), OK);
    ck_assert_uint_eq(sent_count, 2);
    const struct outcome_batch batch = report();
    ck_assert_uint_eq(batch.outcomes_count, 1);
    ck_assert_int_eq(batch.outcomes[0].outcome, OUTCOME_TRY_AGAIN);
    ck_assert(span_equal(batch.outcomes[0].code, SPAN("fence_stale")));
    ck_assert(id_equal(&batch.outcomes[0].job_id, &jobs[1].job_id));
}

END_TEST

START_TEST(credentials_of_another_job_are_not_used)
{
    struct job job = commit_of(1, 1);
    const struct id other = id_of(ID_ATTEMPT, 2);
    job.credentials = sealed(&other, TOKENS);
    ck_assert_int_eq(take(&job, 1), OK);
    ck_assert_uint_eq(sent_count, 0);
    ck_assert_int_eq(report().outcomes[0].outcome, OUTCOME_TRY_AGAIN); /* and the account is not called disconnected */
}

END_TEST

static void ck_sealed(const struct job_outcome *outcome, const char *wanted)
{
    char text[ID_TEXT_MAX];
    char plain[256];
    struct buf what = buf_of(text, sizeof text);
    struct buf out = buf_of(plain, sizeof plain);
    id_write(&what, &outcome->job_id);
    ck_assert_int_eq(box_open(key, buf_span(&what), outcome->credentials, &out), OK);
    ck_assert_str_eq(buf_terminated(&out), wanted);
}

START_TEST(exchanged_credentials_come_back_sealed)
{
    struct job job = commit_of(1, 1);
    job.kind = SPAN("refresh");
    ck_assert_int_eq(take(&job, 1), OK);
    ck_assert_str_eq(sent[0].authorization, "Bearer refresh1");
    answer(0, 200, FRESH);
    const struct outcome_batch batch = report();
    ck_assert_int_eq(batch.outcomes[0].outcome, OUTCOME_ACCEPTED);
    ck_sealed(&batch.outcomes[0], FRESH);
    ck_assert_ptr_null(memmem(batch.outcomes[0].credentials.data, batch.outcomes[0].credentials.len, "access2", 7));
}

END_TEST

/* The only outcome that is told: a pair, under an id that is no job's. */
static struct id told_pair(const struct job *job)
{
    const struct outcome_batch batch = report();
    ck_assert_uint_eq(batch.outcomes_count, 1);
    const struct job_outcome *told = &batch.outcomes[0];
    ck_assert_int_eq(told->outcome, OUTCOME_ACCEPTED);
    ck_assert(span_equal(told->kind, SPAN("refresh")));
    ck_assert(!id_equal(&told->job_id, &job->job_id));
    ck_assert(id_equal(&told->integration_id, &job->integration_id));
    ck_assert(id_equal(&told->target_id, &job->target_id)); /* by it the scheduler finds the cause */
    ck_sealed(told, FRESH);
    return told->job_id;
}

START_TEST(a_pair_is_used_only_when_it_is_stored)
{
    struct job job = commit_of(1, 1);
    ck_assert_int_eq(take(&job, 1), OK);
    answer(0, 401, "");
    answer(1, 200, FRESH);
    ck_assert_uint_eq(sent_count, 2);
    const struct id pair = told_pair(&job);
    acknowledge(&job.job_id); /* another's: nobody waits for it */
    ck_assert_uint_eq(sent_count, 2);
    now_ms += RUNNER_AGAIN_MS;
    const struct id again = told_pair(&job); /* told until somebody has stored it */
    ck_assert(id_equal(&again, &pair));
    acknowledge(&pair);
    ck_assert_uint_eq(sent_count, 3);
    ck_assert_str_eq(sent[2].authorization, "Bearer access2");
    acknowledge(&pair); /* said twice */
    answer(2, 200, CREATED);
    const struct outcome_batch batch = report();
    ck_assert_uint_eq(batch.outcomes_count, 1);
    ck_assert(id_equal(&batch.outcomes[0].job_id, &job.job_id));
    ck_assert_int_eq(batch.outcomes[0].outcome, OUTCOME_ACCEPTED);
    ck_assert_ptr_null(batch.outcomes[0].credentials.data);
    acknowledge(&job.job_id);
    struct runner_figures figures;
    runner_figures(runner, &figures);
    ck_assert_uint_eq(figures.finished, 1);
    ck_assert_uint_eq(figures.open, 0);
    ck_assert_uint_eq(figures.kept, 0);
}

END_TEST

START_TEST(a_job_whose_pair_is_not_stored_in_time_ends_with_it_and_sends_nothing)
{
    struct job job = commit_of(1, 1);
    ck_assert_int_eq(take(&job, 1), OK);
    answer(0, 401, "");
    answer(1, 200, FRESH);
    const struct id pair = told_pair(&job);
    now_ms = job.deadline_ms;
    runner_tick(runner, now_ms);
    const struct outcome_batch batch = report();
    ck_assert_uint_eq(batch.outcomes_count, 1);
    ck_assert(id_equal(&batch.outcomes[0].job_id, &job.job_id));
    ck_assert_int_eq(batch.outcomes[0].outcome, OUTCOME_TRY_AGAIN);
    ck_sealed(&batch.outcomes[0], FRESH);
    acknowledge(&pair); /* too late */
    acknowledge(&job.job_id);
    ck_assert_uint_eq(sent_count, 2);
    struct runner_figures figures;
    runner_figures(runner, &figures);
    ck_assert_uint_eq(figures.kept, 0);
    ck_assert_uint_eq(figures.open, 0);
}

END_TEST

START_TEST(an_accounts_credentials_are_exchanged_by_one_job_at_a_time)
{
    struct job jobs[4] = {delete_of(1, 1), delete_of(2, 1), delete_of(3, 1), delete_of(4, 2)};
    ck_assert_int_eq(take(jobs, 4), OK);
    ck_assert_uint_eq(sent_count, 4);
    answer(0, 401, "");
    answer(1, 401, "");
    answer(2, 401, "");
    answer(3, 401, "");
    ck_assert_uint_eq(sent_count, 6); /* one exchange for each of the two accounts */
    ck_assert_str_eq(sent[4].authorization, "Bearer refresh1");
    ck_assert_ptr_ne(sent[4].tag, sent[5].tag);
    answer(4, 200, FRESH);
    ck_assert_uint_eq(sent_count, 6); /* nobody goes on before the pair is stored */
    const struct id pair = told_pair(&jobs[0]);
    struct job late = commit_of(5, 1); /* was given the old pair, too */
    ck_assert_int_eq(take(&late, 1), OK);
    answer(6, 401, "");
    ck_assert_uint_eq(sent_count, 7);
    acknowledge(&pair);
    ck_assert_uint_eq(sent_count, 11);
    for (size_t i = 7; i < 11; i++) {
        ck_assert_str_eq(sent[i].authorization, "Bearer access2");
        answer(i, 200, CREATED);
    }
    const struct outcome_batch batch = report();
    ck_assert_uint_eq(batch.outcomes_count, 4);
    for (uint32_t i = 0; i < 4; i++) {
        ck_assert_int_eq(batch.outcomes[i].outcome, OUTCOME_ACCEPTED);
        ck_assert_ptr_null(batch.outcomes[i].credentials.data);
    }
}

END_TEST

START_TEST(what_a_refresh_gave_is_used_by_those_who_wait_when_it_is_stored)
{
    struct job jobs[4] = {commit_of(1, 1), commit_of(2, 1), commit_of(3, 1), commit_of(4, 1)};
    jobs[0].kind = SPAN("refresh");
    jobs[2].kind = SPAN("refresh"); /* will exchange what the first one gave */
    jobs[3].kind = SPAN("refresh");
    ck_assert_int_eq(take(jobs, 4), OK);
    ck_assert_uint_eq(sent_count, 2);
    answer(1, 401, "");
    answer(0, 200, FRESH);
    ck_assert_uint_eq(sent_count, 2);
    ck_assert_uint_eq(report().outcomes_count, 1);
    acknowledge(&jobs[0].job_id);
    ck_assert_uint_eq(sent_count, 4);
    ck_assert_str_eq(sent[2].authorization, "Bearer refresh2");
    ck_assert_str_eq(sent[3].authorization, "Bearer access2");
}

END_TEST

START_TEST(when_an_exchange_fails_the_next_job_exchanges_itself)
{
    struct job jobs[3] = {delete_of(1, 1), delete_of(2, 1), delete_of(3, 1)};
    ck_assert_int_eq(take(jobs, 3), OK);
    answer(0, 401, "");
    answer(1, 401, "");
    answer(2, 401, "");
    ck_assert_uint_eq(sent_count, 4);
    answer(3, 500, "");
    ck_assert_uint_eq(sent_count, 5);
    ck_assert_str_eq(sent[4].authorization, "Bearer refresh1");
    answer(4, 200, FRESH);
    const struct outcome_batch batch = report(); /* the first has failed */
    ck_assert_uint_eq(batch.outcomes_count, 2);
    ck_assert_int_eq(batch.outcomes[0].outcome, OUTCOME_TRY_AGAIN);
    acknowledge(&batch.outcomes[1].job_id);
    ck_assert_uint_eq(sent_count, 7);
    answer(5, 200, CREATED);
    answer(6, 200, CREATED);
    ck_assert_uint_eq(report().outcomes_count, 2);
}

END_TEST

START_TEST(a_job_that_waits_for_an_exchange_too_long_is_tried_again)
{
    struct job jobs[2] = {delete_of(1, 1), delete_of(2, 1)};
    jobs[1].deadline_ms = NOW_MS + 1000;
    ck_assert_int_eq(take(jobs, 2), OK);
    answer(0, 401, "");
    answer(1, 401, "");
    now_ms += 999;
    runner_tick(runner, now_ms);
    ck_assert(!runner_has_report(runner, now_ms));
    now_ms += 1;
    runner_tick(runner, now_ms);
    const struct outcome_batch batch = report();
    ck_assert_uint_eq(batch.outcomes_count, 1);
    ck_assert(id_equal(&batch.outcomes[0].job_id, &jobs[1].job_id));
    ck_assert_int_eq(batch.outcomes[0].outcome, OUTCOME_TRY_AGAIN);
    answer(2, 200, FRESH); /* the exchange still helps the other */
    const struct id pair = told_pair(&jobs[0]);
    acknowledge(&pair);
    answer(3, 200, CREATED);
    ck_assert_uint_eq(report().outcomes_count, 1);
}

END_TEST

START_TEST(a_request_waits_for_its_instant_and_holds_up_nobody)
{
    struct job jobs[2] = {commit_of(1, 1), commit_of(2, 2)};
    jobs[0].kind = SPAN("resolve");
    jobs[0].payload = SPAN("{\"texts\":[\"@a.test\"]}");
    ck_assert_int_eq(take(jobs, 1), OK);
    answer(0, 503, "");
    ck_assert_int_eq(take(jobs + 1, 1), OK);
    ck_assert_uint_eq(sent_count, 2);
    ck_assert_str_eq(sent[1].authorization, "Bearer access1");
    now_ms += 999;
    runner_tick(runner, now_ms);
    ck_assert_uint_eq(sent_count, 2);
    now_ms += 1;
    runner_tick(runner, now_ms);
    ck_assert_uint_eq(sent_count, 3);
    ck_assert_str_eq(sent[2].url, sent[0].url);
}

END_TEST

START_TEST(jobs_wait_for_room_in_their_order)
{
    struct job jobs[3] = {commit_of(1, 1), commit_of(2, 2), commit_of(3, 3)};
    room = 1;
    ck_assert_int_eq(take(jobs, 3), OK);
    ck_assert_uint_eq(sent_count, 1);
    answer(0, 401, "");
    ck_assert_uint_eq(sent_count, 2); /* what is begun goes before what is not */
    ck_assert_str_eq(sent[1].authorization, "Bearer refresh1");
    answer(1, 400, "{\"error\":\"ExpiredToken\"}");
    runner_tick(runner, now_ms);
    ck_assert_uint_eq(sent_count, 3);
    answer(2, 200, CREATED);
    runner_tick(runner, now_ms);
    ck_assert_uint_eq(sent_count, 4);
}

END_TEST

START_TEST(a_request_that_cannot_be_started_was_not_sent)
{
    struct job job = commit_of(1, 1);
    start_fails = ERR_NO_MEMORY;
    ck_assert_int_eq(take(&job, 1), OK);
    const struct outcome_batch batch = report();
    ck_assert_int_eq(batch.outcomes[0].outcome, OUTCOME_TRY_AGAIN);
    ck_assert(span_equal(batch.outcomes[0].code, SPAN("platform_unreachable")));
}

END_TEST

START_TEST(more_jobs_than_there_is_room_for_are_refused_together)
{
    struct job *jobs = arena_alloc(&arena, sizeof *jobs * 256);
    uint64_t number = 1;
    for (uint32_t round = 0; round < RUNNER_JOBS_MAX / 256; round++) {
        for (uint32_t i = 0; i < 256; i++, number++) {
            jobs[i] = (struct job){.job_id = id_of(ID_ATTEMPT, number), .kind = SPAN("prepare")};
        }
        ck_assert_int_eq(take(jobs, 256), OK);
    }
    struct job job = commit_of(number, 1);
    ck_assert_int_eq(take(&job, 1), ERR_BUSY);
    ck_assert_uint_eq(sent_count, 0);
    acknowledge(&jobs[0].job_id);
    ck_assert_int_eq(take(&job, 1), OK); /* it was not taken for begun */
    ck_assert_uint_eq(sent_count, 1);
}

END_TEST

START_TEST(a_report_is_bounded)
{
    struct job *jobs = arena_alloc(&arena, sizeof *jobs * 256);
    for (uint64_t round = 0; round < 2; round++) {
        for (uint64_t i = 0; i < 256; i++) {
            jobs[i] = (struct job){.job_id = id_of(ID_ATTEMPT, round * 256 + i), .kind = SPAN("prepare")};
        }
        ck_assert_int_eq(take(jobs, 256), OK);
    }
    const struct id first = id_of(ID_ATTEMPT, 0);
    struct outcome_batch batch = report();
    ck_assert_uint_eq(batch.outcomes_count, 256);
    ck_assert(id_equal(&batch.outcomes[0].job_id, &first));
    batch = report();
    ck_assert_uint_eq(batch.outcomes_count, 256);
    ck_assert_uint_eq(report().outcomes_count, 0);
}

END_TEST

START_TEST(closing_with_jobs_under_way_leaks_nothing)
{
    struct job jobs[3] = {delete_of(1, 1), delete_of(2, 1), commit_of(3, 3)};
    ck_assert_int_eq(take(jobs, 3), OK);
    answer(0, 401, "");
    answer(1, 401, "");
    answer(2, 200, CREATED);
    answer(3, 200, FRESH);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("bluesky_runner");
    TCase *tcase = tcase_create("bluesky_runner");
    tcase_set_timeout(tcase, 30);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_job_is_done_and_its_outcome_kept_until_acknowledged);
    tcase_add_test(tcase, a_job_is_begun_once_whatever_is_repeated);
    tcase_add_test(tcase, ids_are_remembered_for_a_long_time);
    tcase_add_test(tcase, a_commit_of_an_older_ledger_is_refused);
    tcase_add_test(tcase, credentials_of_another_job_are_not_used);
    tcase_add_test(tcase, exchanged_credentials_come_back_sealed);
    tcase_add_test(tcase, a_pair_is_used_only_when_it_is_stored);
    tcase_add_test(tcase, a_job_whose_pair_is_not_stored_in_time_ends_with_it_and_sends_nothing);
    tcase_add_test(tcase, what_a_refresh_gave_is_used_by_those_who_wait_when_it_is_stored);
    tcase_add_test(tcase, an_accounts_credentials_are_exchanged_by_one_job_at_a_time);
    tcase_add_test(tcase, when_an_exchange_fails_the_next_job_exchanges_itself);
    tcase_add_test(tcase, a_job_that_waits_for_an_exchange_too_long_is_tried_again);
    tcase_add_test(tcase, a_request_waits_for_its_instant_and_holds_up_nobody);
    tcase_add_test(tcase, jobs_wait_for_room_in_their_order);
    tcase_add_test(tcase, a_request_that_cannot_be_started_was_not_sent);
    tcase_add_test(tcase, more_jobs_than_there_is_room_for_are_refused_together);
    tcase_add_test(tcase, a_report_is_bounded);
    tcase_add_test(tcase, closing_with_jobs_under_way_leaks_nothing);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
