/* queue_projection_test.c: every open target has a row that says what the scheduler must know, and no other target has
 * one. */
#include "tests/unit/projection_fixture.h"

static bool is_queued(struct world *world, uint32_t post, uint32_t k, struct queue_row *ret_row)
{
    const struct id target_id = target_n(post, k);
    struct queue_row *rows = NULL;
    uint32_t count = 0;
    ck_assert_int_eq(queue_scan(reading(world), NULL, 100, &world->arena, &rows, &count), OK);
    for (uint32_t i = 0; i < count; i++) {
        if (id_equal(&rows[i].target_id, &target_id)) {
            *ret_row = rows[i];
            return true;
        }
    }
    return false;
}

START_TEST(a_target_is_in_the_queue_from_its_schedule_to_its_end)
{
    struct world world;
    struct queue_row row;
    world_init(&world);
    feed_created(&world, 1, 2);
    ck_assert(!is_queued(&world, 1, 0, &row));
    feed_scheduled(&world, 1, 2, T0 + HOUR_MS);
    ck_assert(is_queued(&world, 1, 1, &row));
    const struct id workspace_id = the_workspace();
    const struct id post_id = id_n(ID_POST, 1);
    const struct id integration_id = id_n(ID_INTEGRATION, 2);
    ck_assert(id_equal(&row.workspace_id, &workspace_id));
    ck_assert(id_equal(&row.post_id, &post_id));
    ck_assert(id_equal(&row.integration_id, &integration_id));
    ck_assert_uint_eq(row.channel, CHANNEL_BLUESKY);
    ck_assert_uint_eq(row.status, TARGET_PENDING);
    ck_assert_int_eq(row.due_ms, T0 + HOUR_MS + 1);
    ck_assert_int_eq(row.publish_at_ms, T0 + HOUR_MS);
    ck_assert_int_eq(row.next_ms, T0 + HOUR_MS + 1);
    ck_assert(!row.locked);
    ck_assert_uint_eq(row.version, 2);
    feed_locked(&world, 1, 2, 2, true);
    ck_assert(is_queued(&world, 1, 1, &row));
    ck_assert(row.locked);
    ck_assert_uint_eq(row.version, 0);
    ck_assert_uint_eq(row.part_count, 2);
    ck_assert(row.comment);
    world.now_ms = T0 + HOUR_MS;
    feed_started(&world, 1, 1, 1, 0);
    ck_assert(is_queued(&world, 1, 1, &row));
    const struct id attempt_id = attempt_n(1, 1, 1);
    ck_assert(id_equal(&row.attempt_id, &attempt_id));
    ck_assert_uint_eq(row.attempt_number, 1);
    ck_assert(row.attempt_open);
    ck_assert_uint_eq(row.fence, 7);
    ck_assert_int_eq(row.started_ms, world.now_ms);
    ck_assert_int_eq(row.deadline_ms, world.now_ms + ATTEMPT_DEADLINE_MS);
    feed_accepted(&world, 1, 1, 1, 0);
    ck_assert(is_queued(&world, 1, 1, &row));
    ck_assert_uint_eq(row.part_next, 1);
    ck_assert_uint_eq(row.status, TARGET_PREPARED);
    ck_assert_int_eq(row.next_ms, world.now_ms);
    feed_target_finished(&world, 1, 1, TARGET_FAILED, SPAN("platform_refused"));
    ck_assert(!is_queued(&world, 1, 1, &row));
    ck_assert(is_queued(&world, 1, 0, &row));
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(a_first_comment_keeps_a_published_target_in_the_queue)
{
    struct world world;
    struct queue_row row;
    world_init(&world);
    feed_first_attempt(&world, true);
    feed_accepted(&world, 1, 0, 1, 0);
    world.now_ms += 5;
    feed_target_finished(&world, 1, 0, TARGET_PUBLISHED, span_of(NULL, 0));
    feed_post_finished(&world, 1, POST_PUBLISHED);
    ck_assert(is_queued(&world, 1, 0, &row));
    ck_assert_uint_eq(row.status, TARGET_PUBLISHED);
    ck_assert_uint_eq(row.part_next, 1);
    ck_assert_uint_eq(row.part_count, 1);
    ck_assert_int_eq(row.next_ms, world.now_ms);
    feed_started(&world, 1, 0, 2, 1);
    struct event event = outcome_event(1, 0, 2, 1, OUTCOME_UNKNOWN);
    event.attempt_finished.next_ms = world.now_ms + 120000;
    feed_post(&world, 1, &event);
    ck_assert(is_queued(&world, 1, 0, &row));
    ck_assert(row.attempt_unknown);
    ck_assert(!row.attempt_open);
    ck_assert_int_eq(row.next_ms, world.now_ms + 120000);
    event = event_of(EVENT_comment_finished);
    event.comment_finished = (struct comment_finished_event){
        .post_id = id_n(ID_POST, 1), .target_id = target_n(1, 0), .outcome = OUTCOME_ACCEPTED};
    feed_post(&world, 1, &event);
    ck_assert(!is_queued(&world, 1, 0, &row));
    world_done(&world);
}

END_TEST

START_TEST(a_target_that_waits_for_its_account_has_no_instant)
{
    struct world world;
    struct queue_row row;
    world_init(&world);
    feed_first_attempt(&world, false);
    struct event event = outcome_event(1, 0, 1, 0, OUTCOME_UNAUTHORIZED);
    feed_post(&world, 1, &event);
    ck_assert(is_queued(&world, 1, 0, &row));
    ck_assert_uint_eq(row.status, TARGET_RETRYING);
    ck_assert_int_eq(row.next_ms, 0);
    world_done(&world);
}

END_TEST

START_TEST(a_person_s_answer_moves_the_base_of_lateness)
{
    struct world world;
    struct queue_row row;
    world_init(&world);
    feed_first_attempt(&world, false);
    struct event event = outcome_event(1, 0, 1, 0, OUTCOME_UNKNOWN);
    feed_post(&world, 1, &event);
    feed_resolved(&world, RESOLUTION_ABSENT, true, T0 + DAY_MS);
    ck_assert(is_queued(&world, 1, 0, &row));
    ck_assert_int_eq(row.due_ms, T0 + DAY_MS);
    ck_assert_int_eq(row.next_ms, T0 + DAY_MS);
    ck_assert_int_eq(target_of(&world, 1, 0).due_ms, T0 + HOUR_MS);
    world_done(&world);
}

END_TEST

START_TEST(a_scan_in_chunks_meets_every_row_once)
{
    struct world world;
    world_init(&world);
    for (uint32_t post = 1; post <= 25; post++) {
        feed_created(&world, post, 2);
        feed_scheduled(&world, post, 2, T0 + HOUR_MS);
    }
    for (uint32_t limit = 1; limit <= 51; limit += 7) {
        struct id after = {.kind = ID_NONE};
        uint32_t seen = 0;
        uint32_t count = 0;
        do {
            struct queue_row *rows = NULL;
            ck_assert_int_eq(queue_scan(reading(&world), &after, limit, &world.arena, &rows, &count), OK);
            for (uint32_t i = 0; i < count; i++) {
                const struct id target_id = target_n(seen / 2 + 1, seen % 2);
                ck_assert(id_equal(&rows[i].target_id, &target_id));
                after = rows[i].target_id;
                seen++;
            }
        } while (count == limit);
        ck_assert_uint_eq(seen, 50);
    }
    world_done(&world);
}

END_TEST

START_TEST(an_empty_queue_gives_nothing)
{
    struct world world;
    struct queue_row *rows = NULL;
    uint32_t count = 9;
    world_init(&world);
    ck_assert_int_eq(queue_scan(reading(&world), NULL, 10, &world.arena, &rows, &count), OK);
    ck_assert_uint_eq(count, 0);
    world_done(&world);
}

END_TEST

START_TEST(a_waiting_target_tells_what_holds_it)
{
    struct post_row post = {.status = POST_QUEUED};
    struct target_row target = {.status = TARGET_PENDING};
    struct integration_row integration = {.status = INTEGRATION_CONNECTED};
    struct workspace_row workspace = {.paused = false};
    struct installation_row installation = {.suspended = false};
    struct post_surroundings around = {
        .integration = &integration, .workspace = &workspace, .installation = &installation};
    ck_assert_int_eq(posts_held(&post, &target, &around), WAIT_NONE);
    integration.paused = true;
    ck_assert_int_eq(posts_held(&post, &target, &around), WAIT_PAUSED);
    integration.status = INTEGRATION_DISCONNECTED;
    ck_assert_int_eq(posts_held(&post, &target, &around), WAIT_DISCONNECTED);
    around.integration = NULL;
    ck_assert_int_eq(posts_held(&post, &target, &around), WAIT_DISCONNECTED);
    workspace.paused = true;
    ck_assert_int_eq(posts_held(&post, &target, &around), WAIT_WORKSPACE_PAUSED);
    installation.clock_suspect = true;
    ck_assert_int_eq(posts_held(&post, &target, &around), WAIT_CLOCK_SUSPECT);
    installation.suspended = true;
    ck_assert_int_eq(posts_held(&post, &target, &around), WAIT_STARTS_SUSPENDED);
    target.status = TARGET_ATTEMPTING;
    ck_assert_int_eq(posts_held(&post, &target, &around), WAIT_NONE);
    target.status = TARGET_PENDING;
    post.status = POST_DRAFT;
    ck_assert_int_eq(posts_held(&post, &target, &around), WAIT_NONE);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("queue_projection");
    TCase *tcase = tcase_create("queue");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_target_is_in_the_queue_from_its_schedule_to_its_end);
    tcase_add_test(tcase, a_first_comment_keeps_a_published_target_in_the_queue);
    tcase_add_test(tcase, a_target_that_waits_for_its_account_has_no_instant);
    tcase_add_test(tcase, a_person_s_answer_moves_the_base_of_lateness);
    tcase_add_test(tcase, a_scan_in_chunks_meets_every_row_once);
    tcase_add_test(tcase, an_empty_queue_gives_nothing);
    tcase_add_test(tcase, a_waiting_target_tells_what_holds_it);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
