/* queue_projection_test.c: a scheduler that starts is told of every open target what it must know, and of no other;
 * what the ledger's index calls open is what the post's row does, whatever becomes of the post. */
#include "tests/unit/projection_fixture.h"

/* Index, decider and row agree on every target of the post; returns how many are open. */
static uint32_t agree(struct world *world, uint32_t post)
{
    static struct post state; /* large */
    const struct id post_id = id_n(ID_POST, post);
    const struct post_view view = view_of(world, post);
    struct queue_row *rows = NULL;
    const uint32_t count = queue_of(world, &rows);
    uint32_t open_count = 0;
    ck_assert_int_eq(desk_state(reading(world), &post_id, &state), OK);
    ck_assert_uint_eq(state.target_count, view.row.targets_count);
    for (uint32_t i = 0; i < state.target_count; i++) {
        const struct target_row *target = &view.row.targets[i];
        const struct queue_row *row = queued_of(rows, count, &target->target_id);
        const int64_t due_ms = post_open_due(&state, &target->integration_id);
        ck_assert(queue_is_open(&view.row, target) == (due_ms != 0));
        ck_assert((row != NULL) == (due_ms != 0));
        if (row != NULL) {
            ck_assert_int_eq(row->due_ms, due_ms);
            open_count++;
        }
    }
    ck_assert_uint_eq(open_targets(world), count);
    return open_count;
}

static bool is_queued(struct world *world, uint32_t post, uint32_t k, struct queue_row *ret_row)
{
    const struct id target_id = target_n(post, k);
    (void)agree(world, post);
    const struct queue_row *row = queued(world, &target_id);
    if (row != NULL) {
        *ret_row = *row;
    }
    return row != NULL;
}

START_TEST(a_target_is_in_the_queue_from_its_schedule_to_its_end)
{
    struct world world;
    struct queue_row row;
    world_init_whole(&world);
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
    world_init_whole(&world);
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
    world_init_whole(&world);
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
    world_init_whole(&world);
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

static void feed_cancelled(struct world *world, uint32_t post, uint32_t k)
{
    struct event event = event_of(EVENT_targets_cancelled);
    event.targets_cancelled = (struct targets_cancelled_event){
        .post_id = id_n(ID_POST, post), .targets = ref_of(world, post, k), .targets_count = 1};
    feed_post(world, post, &event);
}

static void feed_retried(struct world *world, uint32_t post, uint32_t k, int64_t due_ms)
{
    struct retried_target retried = {.target_id = target_n(post, k)};
    struct event event = event_of(EVENT_targets_retried);
    event.targets_retried = (struct targets_retried_event){
        .post_id = id_n(ID_POST, post), .targets = &retried, .targets_count = 1, .due_ms = due_ms};
    feed_post(world, post, &event);
}

START_TEST(a_draft_is_not_open_whatever_instants_its_targets_have)
{
    struct world world;
    world_init_whole(&world);
    static struct content_part part = {.text = STATIC_SPAN("Hello")};
    struct target_spec *specs = specs_of(&world, 1, 2);
    specs[1].at_ms = T0 + HOUR_MS;
    struct event event = event_of(EVENT_post_created);
    event.post_created = (struct post_created_event){.post_id = id_n(ID_POST, 1),
                                                     .author_id = id_n(ID_KEY, 1),
                                                     .parts = &part,
                                                     .parts_count = 1,
                                                     .targets = specs,
                                                     .targets_count = 2};
    feed_post(&world, 1, &event);
    ck_assert_uint_eq(agree(&world, 1), 0);
    event = event_of(EVENT_post_deleted);
    event.post_deleted.post_id = id_n(ID_POST, 1);
    feed_post(&world, 1, &event);
    ck_assert_uint_eq(open_targets(&world), 0);
    world_done(&world);
}

END_TEST

START_TEST(index_and_row_agree_whatever_becomes_of_a_post)
{
    struct world world;
    world_init_whole(&world);
    feed_created(&world, 1, 3);
    feed_scheduled(&world, 1, 3, T0 + DAY_MS);
    ck_assert_uint_eq(agree(&world, 1), 3);
    feed_scheduled(&world, 1, 3, T0 + HOUR_MS); /* moved */
    ck_assert_uint_eq(agree(&world, 1), 3);
    feed_cancelled(&world, 1, 2);
    ck_assert_uint_eq(agree(&world, 1), 2);
    feed_locked(&world, 1, 3, 1, true); /* what was cancelled stays so */
    ck_assert_uint_eq(agree(&world, 1), 2);
    world.now_ms = T0 + HOUR_MS;
    feed_started(&world, 1, 0, 1, 0);
    struct event event = outcome_event(1, 0, 1, 0, OUTCOME_UNKNOWN);
    feed_post(&world, 1, &event);
    ck_assert_uint_eq(agree(&world, 1), 2);
    feed_resolved(&world, RESOLUTION_ABSENT, true, world.now_ms + HOUR_MS); /* to another instant */
    ck_assert_uint_eq(agree(&world, 1), 2);
    feed_started(&world, 1, 1, 1, 0);
    event = outcome_event(1, 1, 1, 0, OUTCOME_REFUSED);
    feed_post(&world, 1, &event);
    feed_target_finished(&world, 1, 1, TARGET_FAILED, SPAN("platform_refused"));
    ck_assert_uint_eq(agree(&world, 1), 1);
    event = event_of(EVENT_targets_missed);
    event.targets_missed = (struct targets_missed_event){
        .post_id = id_n(ID_POST, 1), .targets = ref_of(&world, 1, 0), .targets_count = 1, .code = SPAN("late")};
    feed_post(&world, 1, &event);
    feed_post_finished(&world, 1, POST_FAILED);
    ck_assert_uint_eq(agree(&world, 1), 0);
    feed_retried(&world, 1, 1, world.now_ms + DAY_MS); /* the post is over, and then it is not */
    ck_assert_uint_eq(agree(&world, 1), 1);
    feed_started(&world, 1, 1, 2, 0);
    event = event_of(EVENT_targets_doubted);
    event.targets_doubted = (struct targets_doubted_event){
        .post_id = id_n(ID_POST, 1), .targets = ref_of(&world, 1, 1), .targets_count = 1};
    feed_post(&world, 1, &event);
    ck_assert_uint_eq(agree(&world, 1), 1);
    feed_accepted(&world, 1, 1, 2, 0);
    feed_target_finished(&world, 1, 1, TARGET_PUBLISHED, span_of(NULL, 0));
    feed_post_finished(&world, 1, POST_PARTIALLY_PUBLISHED);
    ck_assert_uint_eq(agree(&world, 1), 1); /* its first comment */
    event = event_of(EVENT_comment_finished);
    event.comment_finished = (struct comment_finished_event){
        .post_id = id_n(ID_POST, 1), .target_id = target_n(1, 1), .outcome = OUTCOME_REFUSED};
    feed_post(&world, 1, &event);
    ck_assert_uint_eq(agree(&world, 1), 0);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(an_outcome_that_comes_late_opens_the_first_comment)
{
    struct world world;
    world_init_whole(&world);
    feed_first_attempt(&world, true);
    struct event event = outcome_event(1, 0, 1, 0, OUTCOME_REFUSED);
    feed_post(&world, 1, &event);
    feed_target_finished(&world, 1, 0, TARGET_FAILED, SPAN("platform_refused"));
    feed_post_finished(&world, 1, POST_FAILED);
    ck_assert_uint_eq(agree(&world, 1), 0);
    event = event_of(EVENT_attempt_settled);
    event.attempt_settled = (struct attempt_settled_event){.post_id = id_n(ID_POST, 1),
                                                           .target_id = target_n(1, 0),
                                                           .attempt_id = attempt_n(1, 0, 1),
                                                           .number = 1,
                                                           .outcome = OUTCOME_ACCEPTED};
    feed_post(&world, 1, &event);
    feed_target_finished(&world, 1, 0, TARGET_PUBLISHED, span_of(NULL, 0));
    feed_post_finished(&world, 1, POST_PUBLISHED);
    ck_assert_uint_eq(agree(&world, 1), 1);
    world_done(&world);
}

END_TEST

#define POSTS 25
#define WORKSPACES 40

/* Workspaces have rows before and behind those of open targets, those where nothing is open among them. */
START_TEST(a_scan_in_chunks_meets_every_target_once)
{
    struct world world;
    world_init_whole(&world);
    for (uint32_t i = 1; i <= WORKSPACES; i++) {
        const struct id workspace_id = id_n(ID_WORKSPACE, i);
        for (uint32_t event = 0; event < 33; event++) { /* so many that they have a row behind the open ones */
            feed_workspace(&world, &workspace_id);
        }
    }
    for (uint32_t post = 1; post <= POSTS; post++) {
        feed_created(&world, post, 2);
        feed_scheduled(&world, post, 2, T0 + HOUR_MS * (1 + post * 7 % 5));
    }
    for (uint32_t limit = 1; limit <= 2 * POSTS + 3 * WORKSPACES + 1; limit += limit < 9 ? 1 : 23) {
        struct open_walk walk = {.is_over = false};
        bool met[POSTS][2] = {{false}};
        uint32_t seen = 0;
        while (!walk.is_over) {
            struct queue_row *rows = NULL;
            uint32_t count = 0;
            ck_assert_int_eq(queue_scan(reading(&world), limit, &walk, &world.arena, &rows, &count), OK);
            ck_assert_uint_le(count, limit);
            for (uint32_t i = 0; i < count; i++) {
                uint32_t at = 0;
                struct id target_id = target_n(1, 0);
                while (!id_equal(&rows[i].target_id, &target_id)) {
                    at++;
                    ck_assert_uint_lt(at, 2 * POSTS);
                    target_id = target_n(at / 2 + 1, at % 2);
                }
                ck_assert(!met[at / 2][at % 2]);
                met[at / 2][at % 2] = true;
                seen++;
            }
        }
        ck_assert_uint_eq(seen, 2 * POSTS);
    }
    world_done(&world);
}

END_TEST

/* The walk stands in a workspace's list; what was done there meanwhile is met as it is, or not at all. */
START_TEST(a_scan_goes_on_where_it_was_when_targets_move_meanwhile)
{
    struct world world;
    world_init_whole(&world);
    for (uint32_t post = 1; post <= 4; post++) {
        feed_created(&world, post, 1);
        feed_scheduled(&world, post, 1, T0 + HOUR_MS * post);
    }
    struct open_walk walk = {.is_over = false};
    struct queue_row *rows = NULL;
    uint32_t count = 0;
    uint32_t found = 0;
    while (found < 2) { /* the second by the row behind which it stands */
        ck_assert_int_eq(queue_scan(reading(&world), 1, &walk, &world.arena, &rows, &count), OK);
        found += count;
    }
    feed_cancelled(&world, 2, 0); /* that row itself */
    feed_scheduled(&world, 3, 1, T0 + HOUR_MS / 2);
    feed_scheduled(&world, 1, 1, T0 + HOUR_MS * 5);
    ck_assert_int_eq(queue_scan(reading(&world), 10, &walk, &world.arena, &rows, &count), OK);
    ck_assert(walk.is_over);
    ck_assert_uint_eq(count, 2);
    const struct id stayed_id = target_n(4, 0);
    const struct id again_id = target_n(1, 0);
    ck_assert_ptr_nonnull(queued_of(rows, count, &stayed_id));
    ck_assert_ptr_nonnull(queued_of(rows, count, &again_id));
    world_done(&world);
}

END_TEST

START_TEST(an_empty_queue_gives_nothing)
{
    struct world world;
    struct queue_row *rows = NULL;
    world_init_whole(&world);
    ck_assert_uint_eq(queue_of(&world, &rows), 0);
    const struct id workspace_id = the_workspace();
    feed_workspace(&world, &workspace_id);
    ck_assert_uint_eq(queue_of(&world, &rows), 0);
    world_done(&world);
}

END_TEST

/* What the index names and nobody has: the views are to be made again. */
START_TEST(an_open_target_without_its_post_is_damage)
{
    struct world world;
    struct queue_row *rows = NULL;
    uint32_t count = 9;
    world_init_whole(&world);
    feed_created(&world, 1, 1);
    feed_scheduled(&world, 1, 1, T0 + HOUR_MS);
    const struct id post_id = id_n(ID_POST, 1);
    const struct row_key key = row_key_post(&post_id, PLACE_POST);
    struct store_txn *txn = NULL;
    store_abort(world.txn);
    world.txn = NULL;
    ck_assert_int_eq(store_begin(world.store, true, &txn), OK);
    if (_i == 0) {
        ck_assert_int_eq(row_remove(txn, &key), OK);
    } else { /* that goes elsewhere */
        struct post_row post;
        ck_assert_int_eq(row_take(txn, &key, post_row_desc(), &world.arena, &post), OK);
        post.targets[0].integration_id = id_n(ID_INTEGRATION, 7);
        ck_assert_int_eq(row_put(txn, &key, post_row_desc(), &post, &world.arena), OK);
    }
    ck_assert_int_eq(store_commit(&txn), OK);
    struct open_walk walk = {.is_over = false};
    ck_assert_int_eq(queue_scan(reading(&world), 10, &walk, &world.arena, &rows, &count), ERR_ALTERED);
    ck_assert_uint_eq(count, 9);
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
    tcase_add_test(tcase, a_draft_is_not_open_whatever_instants_its_targets_have);
    tcase_add_test(tcase, index_and_row_agree_whatever_becomes_of_a_post);
    tcase_add_test(tcase, an_outcome_that_comes_late_opens_the_first_comment);
    tcase_add_test(tcase, a_scan_in_chunks_meets_every_target_once);
    tcase_add_test(tcase, a_scan_goes_on_where_it_was_when_targets_move_meanwhile);
    tcase_add_test(tcase, an_empty_queue_gives_nothing);
    tcase_add_loop_test(tcase, an_open_target_without_its_post_is_damage, 0, 2);
    tcase_add_test(tcase, a_waiting_target_tells_what_holds_it);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
