/* posts_wait_projection_test.c: what a target waits for, until when, and when it is missed: at every stage of its life,
 * and whatever holds it. */
#include <stdlib.h>

#include "tests/unit/projection_fixture.h"

#define DUE_MS (T0 + HOUR_MS)
#define LATENESS_MS (6 * HOUR_MS)

/* A locked target with one part, about to be sent on a connected account. */
struct place {
    struct post_row post;
    struct target_row target;
    struct integration_row integration;
    struct workspace_row workspace;
    struct installation_row installation;
};

static struct place place_of(uint32_t status)
{
    return (struct place){
        .post = {.status = status == TARGET_ATTEMPTING ? POST_PUBLISHING : POST_QUEUED, .locked_ms = T0},
        .target = {.status = status,                                                                     .due_ms = DUE_MS, .next_ms = DUE_MS, .part_count = 1},
        .integration = {.status = INTEGRATION_CONNECTED},
        .workspace = {.max_lateness_ms = LATENESS_MS                                                     },
    };
}

static struct post_wait wait_of(const struct place *place, int64_t now_ms)
{
    const struct post_surroundings around = {
        .integration = &place->integration, .workspace = &place->workspace, .installation = &place->installation};
    return posts_wait(&place->post, &place->target, &around, now_ms);
}

static void check_wait(const struct place *place, int64_t now_ms, enum wait reason, int64_t until_ms, int64_t missed_ms)
{
    const struct post_wait wait = wait_of(place, now_ms);
    ck_assert_str_eq(choice_word(&wait_words, wait.reason), choice_word(&wait_words, reason));
    ck_assert_int_eq(wait.until_ms, until_ms);
    ck_assert_int_eq(wait.missed_ms, missed_ms);
}

START_TEST(it_waits_for_its_instant_and_then_to_be_started)
{
    struct place place = place_of(TARGET_PENDING);
    check_wait(&place, DUE_MS - 1, WAIT_SCHEDULE, DUE_MS, DUE_MS + LATENESS_MS);
    check_wait(&place, DUE_MS, WAIT_START, 0, DUE_MS + LATENESS_MS);
    place.post.not_after_ms = DUE_MS + MINUTE_MS;
    check_wait(&place, DUE_MS, WAIT_START, 0, DUE_MS + MINUTE_MS);
    place.post.status = POST_SCHEDULED;
    place.post.locked_ms = 0;
    check_wait(&place, T0, WAIT_SCHEDULE, DUE_MS, DUE_MS + MINUTE_MS);
}

END_TEST

/* An account that was connected again: the next instant is the one that has passed. */
START_TEST(late_it_waits_for_its_turn_and_a_next_part_does_not)
{
    struct place place = place_of(TARGET_RETRYING);
    place.target.next_ms = 0;
    place.target.code = SPAN("credentials_refused");
    check_wait(&place, DUE_MS + MINUTE_MS, WAIT_START, 0, DUE_MS + LATENESS_MS);
    check_wait(&place, DUE_MS + MINUTE_MS + 1, WAIT_TURN, 0, DUE_MS + LATENESS_MS);
    place.target.part_live = 1;
    place.target.part_count = 2;
    check_wait(&place, DUE_MS + HOUR_MS, WAIT_START, 0, DUE_MS + LATENESS_MS);
}

END_TEST

START_TEST(between_two_tries_it_says_why_and_until_when)
{
    struct place place = place_of(TARGET_RETRYING);
    place.target.next_ms = DUE_MS + 30 * SECOND_MS;
    place.target.code = SPAN("platform_unreachable");
    check_wait(&place, DUE_MS, WAIT_RETRY, DUE_MS + 30 * SECOND_MS, DUE_MS + LATENESS_MS);
    place.target.code = SPAN("platform_rate_limited");
    check_wait(&place, DUE_MS, WAIT_RATE_LIMIT, DUE_MS + 30 * SECOND_MS, DUE_MS + LATENESS_MS);
    place.target.code = (struct span){0}; /* a person's retry at an instant */
    check_wait(&place, DUE_MS, WAIT_SCHEDULE, DUE_MS + 30 * SECOND_MS, DUE_MS + LATENESS_MS);
    place.target.base_ms = DUE_MS + HOUR_MS; /* a person's word that it is absent: lateness counts from there */
    check_wait(&place, DUE_MS, WAIT_SCHEDULE, DUE_MS + 30 * SECOND_MS, DUE_MS + HOUR_MS + LATENESS_MS);
    place.target.read_first = true;
    check_wait(&place, DUE_MS, WAIT_READING, DUE_MS + 30 * SECOND_MS, DUE_MS + HOUR_MS + LATENESS_MS);
}

END_TEST

START_TEST(a_limit_of_its_account_holds_it_until_then_and_no_longer)
{
    struct place place = place_of(TARGET_PENDING);
    place.integration.limited_ms = DUE_MS + 45 * SECOND_MS;
    check_wait(&place, T0, WAIT_RATE_LIMIT, DUE_MS + 45 * SECOND_MS, DUE_MS + LATENESS_MS);
    check_wait(&place, DUE_MS + 45 * SECOND_MS, WAIT_START, 0, DUE_MS + LATENESS_MS);
    place.integration.limited_ms = DUE_MS; /* over when it is due */
    check_wait(&place, T0, WAIT_SCHEDULE, DUE_MS, DUE_MS + LATENESS_MS);
    place.integration.limited_ms = DUE_MS + HOUR_MS; /* late by then: in turn */
    check_wait(&place, DUE_MS + HOUR_MS - 1, WAIT_RATE_LIMIT, DUE_MS + HOUR_MS, DUE_MS + LATENESS_MS);
    check_wait(&place, DUE_MS + HOUR_MS, WAIT_TURN, 0, DUE_MS + LATENESS_MS);
    place.target.read_first = true;
    check_wait(&place, DUE_MS, WAIT_READING, DUE_MS, DUE_MS + LATENESS_MS);
    place.integration.paused = true;
    check_wait(&place, DUE_MS, WAIT_PAUSED, 0, DUE_MS + LATENESS_MS);
}

END_TEST

START_TEST(an_attempt_is_waited_for_until_its_deadline_and_a_reading_until_its_instant)
{
    struct place place = place_of(TARGET_ATTEMPTING);
    place.target.deadline_ms = DUE_MS + 2 * MINUTE_MS;
    check_wait(&place, DUE_MS, WAIT_ATTEMPT, DUE_MS + 2 * MINUTE_MS, 0);
    place.target.status = TARGET_UNKNOWN;
    check_wait(&place, DUE_MS, WAIT_READING, DUE_MS + 2 * MINUTE_MS, 0);
    place.target.next_ms = DUE_MS + HOUR_MS;
    check_wait(&place, DUE_MS, WAIT_READING, DUE_MS + HOUR_MS, 0);
    place.target.needs_person = true;
    check_wait(&place, DUE_MS, WAIT_PERSON, DUE_MS + HOUR_MS, 0);
    place.target.next_ms = 0;
    check_wait(&place, DUE_MS, WAIT_PERSON, 0, 0);
}

END_TEST

START_TEST(what_holds_it_comes_first_and_has_no_end_of_its_own)
{
    struct place place = place_of(TARGET_PENDING);
    place.integration.paused = true;
    check_wait(&place, T0, WAIT_PAUSED, 0, DUE_MS + LATENESS_MS);
    place.integration.status = INTEGRATION_DISCONNECTED;
    check_wait(&place, T0, WAIT_DISCONNECTED, 0, DUE_MS + LATENESS_MS);
    place.workspace.paused = true;
    check_wait(&place, T0, WAIT_WORKSPACE_PAUSED, 0, DUE_MS + LATENESS_MS);
    place.installation.clock_suspect = true;
    check_wait(&place, T0, WAIT_CLOCK_SUSPECT, 0, DUE_MS + LATENESS_MS);
    place.installation.suspended_ms = DUE_MS; /* confirmed when it was due already */
    check_wait(&place, T0, WAIT_STARTS_SUSPENDED, 0, DUE_MS + LATENESS_MS);
}

END_TEST

/* Before the lock only: what is locked was approved, or needed none. It says so before a pause, which does not keep it
 * from being missed at its instant. */
START_TEST(what_nobody_approved_says_so_and_is_missed_at_its_instant)
{
    struct place place = place_of(TARGET_PENDING);
    place.post = (struct post_row){.status = POST_SCHEDULED, .publish_at_ms = DUE_MS - MINUTE_MS};
    check_wait(&place, T0, WAIT_SCHEDULE, DUE_MS, DUE_MS + LATENESS_MS);
    place.workspace.approval_policy = POLICY_FOUR_EYES;
    check_wait(&place, T0, WAIT_APPROVAL, 0, DUE_MS - MINUTE_MS);
    place.workspace.paused = true;
    check_wait(&place, T0, WAIT_APPROVAL, 0, DUE_MS - MINUTE_MS);
    place.workspace.paused = false;
    place.post.approved_under = POLICY_ANY_APPROVER; /* which the policy by now is above */
    check_wait(&place, T0, WAIT_APPROVAL, 0, DUE_MS - MINUTE_MS);
    place.post.approved_under = POLICY_FOUR_EYES;
    check_wait(&place, T0, WAIT_SCHEDULE, DUE_MS, DUE_MS + LATENESS_MS);
    place.post.approved_under = POLICY_NONE;
    place.post.approval = APPROVAL_VOID;
    check_wait(&place, T0, WAIT_APPROVAL, 0, DUE_MS - MINUTE_MS);
    place.post.status = POST_QUEUED;
    check_wait(&place, T0, WAIT_SCHEDULE, DUE_MS, DUE_MS + LATENESS_MS);
    place.post.status = POST_DRAFT;
    check_wait(&place, T0, WAIT_NONE, 0, 0);
}

END_TEST

START_TEST(what_is_done_or_a_draft_waits_for_nothing_and_a_first_comment_does)
{
    struct place place = place_of(TARGET_PUBLISHED);
    place.target.next_ms = DUE_MS + SECOND_MS;
    check_wait(&place, DUE_MS, WAIT_NONE, 0, 0);
    place.target.comment = true;
    place.target.comment_status = TARGET_PENDING;
    place.target.part_live = 1;
    check_wait(&place, DUE_MS + HOUR_MS, WAIT_START, 0, 0);
    place = place_of(TARGET_PENDING);
    place.post.status = POST_DRAFT;
    check_wait(&place, DUE_MS, WAIT_NONE, 0, 0);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("posts_wait_projection");
    TCase *tcase = tcase_create("wait");
    tcase_add_test(tcase, it_waits_for_its_instant_and_then_to_be_started);
    tcase_add_test(tcase, late_it_waits_for_its_turn_and_a_next_part_does_not);
    tcase_add_test(tcase, between_two_tries_it_says_why_and_until_when);
    tcase_add_test(tcase, a_limit_of_its_account_holds_it_until_then_and_no_longer);
    tcase_add_test(tcase, an_attempt_is_waited_for_until_its_deadline_and_a_reading_until_its_instant);
    tcase_add_test(tcase, what_holds_it_comes_first_and_has_no_end_of_its_own);
    tcase_add_test(tcase, what_nobody_approved_says_so_and_is_missed_at_its_instant);
    tcase_add_test(tcase, what_is_done_or_a_draft_waits_for_nothing_and_a_first_comment_does);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
