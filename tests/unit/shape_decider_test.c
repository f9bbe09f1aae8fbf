/* shape_decider_test.c: states have no hidden padding and survive their rows; the generic layer knows every command;
 * and what an answer tells beside a refusal. */
#include "tests/suite.h"
#include "tests/unit/decider_world.h"

#define SIZE(struct_, member_) sizeof(((struct struct_ *)0)->member_)

/* A struct without hidden padding is as large as its members. */
START_TEST(a_state_is_exactly_its_members)
{
    ck_assert_uint_eq(sizeof(struct aggregate_head), SIZE(aggregate_head, version) +
                                                         SIZE(aggregate_head, workspace_id) +
                                                         SIZE(aggregate_head, command_id) + 6);
    ck_assert_uint_eq(sizeof(struct installation), sizeof(struct aggregate_head) + 8 + 8 + 1 + 1 + 6);
    ck_assert_uint_eq(sizeof(struct workspace), sizeof(struct aggregate_head) + 6 * 8 + LIMIT_COUNT * 8 + 4 + 3 +
                                                    PLAN_WORD_MAX + sizeof(struct id) + SLUG_MAX + ZONE_NAME_MAX);
    ck_assert_uint_eq(sizeof(struct member),
                      sizeof(struct aggregate_head) + 2 * sizeof(struct id) + 3 + 3 + sizeof(struct hash) + 2 * 8);
    ck_assert_uint_eq(sizeof(struct key), sizeof(struct aggregate_head) + sizeof(struct hash) + 8 + 4 + 4 +
                                              2 * sizeof(struct id) +
                                              KEY_ACCOUNTS_MAX * sizeof(struct integration_ref) + 4);
    ck_assert_uint_eq(sizeof(struct user), sizeof(struct aggregate_head) + 8 + 2 * sizeof(struct id) +
                                               LOGINS_MAX * sizeof(struct user_login) + 1 + 1 + 4);
    ck_assert_uint_eq(sizeof(struct session), sizeof(struct aggregate_head) + 2 * sizeof(struct id) + 1 + 5 + 8 + 8);
    ck_assert_uint_eq(sizeof(struct provider), sizeof(struct aggregate_head) + sizeof(struct id) + 1 + 6);
    ck_assert_uint_eq(sizeof(struct integration),
                      sizeof(struct aggregate_head) + 2 * sizeof(struct id) + 4 + 2 + 2 + 6 + 8 + ACCOUNT_MAX);
    ck_assert_uint_eq(sizeof(struct marks), sizeof(struct aggregate_head) + 8 + 2 * 8 + 4 + 4 + MARKS_MAX * 8);
    ck_assert_uint_eq(sizeof(struct queue_slot), sizeof(struct id) + 1 + 2);
    ck_assert_uint_eq(sizeof(struct queue), sizeof(struct aggregate_head) + 2 * sizeof(struct id) + 4 + ZONE_NAME_MAX +
                                                2 + SLOTS_MAX * sizeof(struct queue_slot));
    ck_assert_uint_eq(sizeof(struct former_attempt), 8 + 1 + 1 + 1 + 1);
    ck_assert_uint_eq(sizeof(struct post_target), 3 * sizeof(struct id) + 14 + 3 + 4 + 8 + 6 * 8 +
                                                      FORMER_ATTEMPTS_MAX * sizeof(struct former_attempt) +
                                                      LOCKED_PARTS_MAX * 8);
    ck_assert_uint_eq(sizeof(struct post), sizeof(struct aggregate_head) + 2 * sizeof(struct id) + 4 + 2 + 3 * 8 +
                                               TARGETS_MAX * sizeof(struct post_target));
}

END_TEST

START_TEST(a_post_is_stored_up_to_its_last_part)
{
    struct world *world = world_new(NULL, NULL);
    const struct post *post = &world->post.post;
    const size_t head = offsetof(struct post, targets);
    ck_assert_uint_eq(aggregate_stored_size(ID_POST, post), head);
    walk_all(world, "create a b now");
    ck_assert_uint_eq(aggregate_stored_size(ID_POST, post),
                      head + sizeof(struct post_target) + offsetof(struct post_target, part_hash8));
    walk_all(world, "lock a b:3");
    ck_assert_uint_eq(aggregate_stored_size(ID_POST, post), head + sizeof(struct post_target) +
                                                                offsetof(struct post_target, part_hash8) +
                                                                3 * sizeof(uint64_t));
    ck_assert_uint_lt(sizeof(struct post), (size_t)24 << 10);
    world_free(world);
}

END_TEST

START_TEST(a_row_that_is_none_of_ours_is_not_loaded)
{
    static struct aggregate state;
    static uint8_t row[sizeof(struct aggregate) + 1];
    ck_assert_int_eq(aggregate_load(ID_KEY, span_of(row, sizeof(struct key) + 1), &state), ERR_TOO_LONG);
    ck_assert_int_eq(aggregate_load(ID_KEY, span_of(row, sizeof(struct aggregate_head) - 1), &state), ERR_TRUNCATED);
    memset(&state, 1, sizeof state);
    ck_assert_int_eq(aggregate_load(ID_KEY, (struct span){0}, &state), OK);
    ck_assert_mem_eq(&state, row, sizeof(struct key));
}

END_TEST

START_TEST(every_command_has_its_aggregate)
{
    for (uint32_t code = 0; code < 256; code++) {
        const bool known = command_desc(code) != NULL;
        ck_assert_int_eq(known, command_aggregate(code) != ID_NONE);
        ck_assert_int_eq(known, aggregate_exists_for(command_aggregate(code)));
        const struct command command = {.code = code};
        const struct id stream = command_stream(&command);
        ck_assert(id_is_none(&stream));
    }
    ck_assert(!aggregate_exists_for(ID_TARGET));
}

END_TEST

/* The answer to a step, of the post. */
static void ask(struct world *world, const char *text, enum refusal refusal, int64_t *ret_hint_ms,
                int64_t *ret_publish_at_ms)
{
    struct step step;
    ck_assert(next_step(&text, &step));
    struct scene scene;
    scene_set(world, &step, &scene);
    struct event_list events;
    ck_assert_int_eq(aggregate_decide(scene.kind, scene.state, &scene.context, &scene.command, &events), refusal);
    aggregate_hint(scene.kind, scene.state, &scene.command, refusal, ret_hint_ms, ret_publish_at_ms);
    arena_reset(&world->arena);
}

START_TEST(a_refusal_tells_when)
{
    struct world *world = world_new(NULL, NULL);
    int64_t hint_ms = 1;
    int64_t publish_at_ms = 1;
    ask(world, "create", ACCEPTED, &hint_ms, &publish_at_ms);
    ck_assert_int_eq(hint_ms, 0);
    ck_assert_int_eq(publish_at_ms, 0);
    walk_all(world, "create a at=3600");
    ask(world, "lock a", REFUSED_lock_too_early, &hint_ms, &publish_at_ms);
    ck_assert_int_eq(hint_ms, STORY_EPOCH_MS + 3300000);
    ck_assert_int_eq(publish_at_ms, STORY_EPOCH_MS + 3600000);
    walk_all(world, "at 3310");
    ask(world, "edit b", REFUSED_post_locked, &hint_ms, &publish_at_ms);
    ck_assert_int_eq(hint_ms, STORY_EPOCH_MS + 3300000); /* no lock event yet: the instant itself */
    walk_all(world, "lock a");
    ask(world, "edit b", REFUSED_post_locked, &hint_ms, &publish_at_ms);
    ck_assert_int_eq(hint_ms, STORY_EPOCH_MS + 3310000);
    ask(world, "start a", REFUSED_attempt_early, &hint_ms, &publish_at_ms);
    ck_assert_int_eq(hint_ms, STORY_EPOCH_MS + 3600000);
    walk_all(world, "at 3600, start a, outcome a unknown");
    ask(world, "outcome a absent read", REFUSED_attempt_early, &hint_ms, &publish_at_ms);
    ck_assert_int_eq(hint_ms, STORY_EPOCH_MS + 3720000);
    ask(world, "cancel", REFUSED_post_publishing, &hint_ms, &publish_at_ms);
    ck_assert_int_eq(hint_ms, 0);
    ck_assert_int_eq(publish_at_ms, STORY_EPOCH_MS + 3600000);
    ask(world, "abolish", REFUSED_workspace_not_paused, &hint_ms, &publish_at_ms);
    ck_assert_int_eq(publish_at_ms, 0);
    world_free(world);
}

END_TEST

START_TEST(an_integration_is_in_use_while_a_target_there_is_open)
{
    struct world *world = world_new(NULL, NULL);
    const struct post *post = &world->post.post;
    const struct id a = story_id(ID_INTEGRATION, 1, 'a');
    const struct id b = story_id(ID_INTEGRATION, 1, 'b');
    walk_all(world, "create a");
    ck_assert(!post_has_open_target(post, &a)); /* a draft holds nobody up */
    walk_all(world, "delete");
    ck_assert(!post_has_open_target(post, &a));
    world_free(world);
    world = world_new(NULL, NULL);
    post = &world->post.post;
    walk_all(world, "create a");
    walk_all(world, "schedule now, lock a:2c");
    ck_assert(post_has_open_target(post, &a));
    ck_assert(!post_has_open_target(post, &b));
    walk_all(world, "start a, outcome a accepted");
    ck_assert(post_is_final(post));
    ck_assert(post_has_open_target(post, &a)); /* its comment is still to come */
    walk_all(world, "start a, outcome a accepted");
    ck_assert(!post_has_open_target(post, &a));
    world_free(world);
}

END_TEST

START_TEST(more_late_comments_than_fit_are_ended_by_asking_again)
{
    struct world *world = world_new(NULL, NULL);
    walk_all(world,
             "connect n, accept n, create a b c d e n now, lock a:2c b:2c c:2c d:2c e:2c n:2c, start a, start b, start "
             "c, start d, start e, start n,"
             "outcome a accepted, outcome b accepted, outcome c accepted, outcome d accepted, outcome e accepted, "
             "outcome n accepted, at 21601");
    const uint32_t before = world->fact_count;
    const char *text = "miss a b c d e n";
    struct step step;
    ck_assert(next_step(&text, &step));
    struct scene scene;
    scene_set(world, &step, &scene);
    struct event_list events;
    ck_assert_int_eq(aggregate_decide(scene.kind, scene.state, &scene.context, &scene.command, &events), ACCEPTED);
    ck_assert_uint_eq(events.count, EVENTS_PER_COMMAND_MAX - 3);
    for (uint32_t i = 0; i < events.count; i++) {
        happen(world, scene.kind, scene.state, &events.events[i], &scene.command.workspace_id);
    }
    walk_all(world, "miss a b c d e n");
    ck_assert_uint_eq(world->fact_count - before, 6);
    world_free(world);
}

END_TEST

START_TEST(a_workspace_has_its_own_lateness_and_a_bounded_one)
{
    struct world *world = world_new(NULL, NULL);
    const struct workspace *workspace = &world->other_workspace.workspace;
    ck_assert_int_eq(workspace->max_lateness_ms, MAX_LATENESS_DEFAULT_MS);
    ck_assert_int_eq(workspace->late_spacing_ms, LATE_SPACING_DEFAULT_MS);
    memset(&world->other_workspace, 0, sizeof world->other_workspace);
    walk_all(world, "workspace tenant=2 lateness=18446744073709551615 spacing=5");
    ck_assert_int_eq(workspace->max_lateness_ms, SCHEDULE_AHEAD_MAX_MS);
    ck_assert_int_eq(workspace->late_spacing_ms, 5);
    world_free(world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("shape_decider");
    TCase *tcase = tcase_create("shape");
    tcase_add_test(tcase, a_state_is_exactly_its_members);
    tcase_add_test(tcase, a_post_is_stored_up_to_its_last_part);
    tcase_add_test(tcase, a_row_that_is_none_of_ours_is_not_loaded);
    tcase_add_test(tcase, every_command_has_its_aggregate);
    tcase_add_test(tcase, a_refusal_tells_when);
    tcase_add_test(tcase, an_integration_is_in_use_while_a_target_there_is_open);
    tcase_add_test(tcase, more_late_comments_than_fit_are_ended_by_asking_again);
    tcase_add_test(tcase, a_workspace_has_its_own_lateness_and_a_bounded_one);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
