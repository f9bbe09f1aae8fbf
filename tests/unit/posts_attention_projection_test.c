/* posts_attention_projection_test.c: a post that needs a look is in the list of those that do, for as long as it does;
 * the installation's figures are what its posts add up to, also after a rebuild. */
#include <stdlib.h>

#include "tests/unit/projection_fixture.h"

static uint32_t listed(struct world *world, enum attention attention, enum post_order order)
{
    const struct id workspace_id = the_workspace();
    const struct post_filter filter = {.attention = 1U << attention, .order = order};
    struct post_page page;
    ck_assert_int_eq(posts_list(reading(world), &workspace_id, &filter, (struct span){0}, 10, &world->arena, &page),
                     OK);
    ck_assert_uint_eq(page.cursor_len, 0);
    return page.count;
}

/* The lists in all orders, and the figures. */
static void check_attention(struct world *world, uint32_t unknown, uint32_t needs_person, uint32_t contradicted)
{
    struct post_count_row counts;
    ck_assert_int_eq(posts_counts(reading(world), &world->arena, &counts), OK);
    ck_assert_uint_eq(counts.unknown, unknown);
    ck_assert_uint_eq(counts.needs_person, needs_person);
    ck_assert_uint_eq(counts.contradicted, contradicted);
    for (int order = POST_ORDER_CREATED_DOWN; order <= POST_ORDER_PUBLISH_DOWN; order++) {
        ck_assert_uint_eq(listed(world, ATTENTION_UNKNOWN, (enum post_order)order), unknown);
        ck_assert_uint_eq(listed(world, ATTENTION_NEEDS_PERSON, (enum post_order)order), needs_person);
        ck_assert_uint_eq(listed(world, ATTENTION_CONTRADICTED, (enum post_order)order), contradicted);
    }
    check_rebuild(world);
}

/* Post 1, whose attempt ended without a definite answer. */
static void feed_unknown(struct world *world)
{
    world_init(world);
    feed_first_attempt(world, false);
    check_attention(world, 0, 0, 0);
    struct event event = outcome_event(1, 0, 1, 0, OUTCOME_UNKNOWN);
    feed_post(world, 1, &event);
    check_attention(world, 1, 0, 0);
}

static void feed_probed(struct world *world, bool needs_person)
{
    struct event event = event_of(EVENT_attempt_probed);
    event.attempt_probed = (struct attempt_probed_event){.post_id = id_n(ID_POST, 1),
                                                         .target_id = target_n(1, 0),
                                                         .attempt_id = attempt_n(1, 0, 1),
                                                         .probe = needs_person ? 3 : 2,
                                                         .needs_person = needs_person,
                                                         .next_ms = world->now_ms + HOUR_MS};
    feed_post(world, 1, &event);
}

START_TEST(an_unknown_outcome_is_listed_until_it_is_known)
{
    struct world world;
    feed_unknown(&world);
    feed_probed(&world, false);
    check_attention(&world, 1, 0, 0);
    feed_probed(&world, true);
    check_attention(&world, 1, 1, 0);
    struct event event = event_of(EVENT_attempt_settled);
    event.attempt_settled = (struct attempt_settled_event){.post_id = id_n(ID_POST, 1),
                                                           .target_id = target_n(1, 0),
                                                           .attempt_id = attempt_n(1, 0, 1),
                                                           .number = 1,
                                                           .outcome = OUTCOME_ACCEPTED,
                                                           .by_read = true};
    feed_post(&world, 1, &event);
    check_attention(&world, 0, 0, 0);
    world_done(&world);
}

END_TEST

START_TEST(what_a_person_says_takes_it_off_the_list)
{
    struct world world;
    feed_unknown(&world);
    feed_probed(&world, true);
    feed_resolved(&world, RESOLUTION_ABSENT, true, world.now_ms);
    check_attention(&world, 0, 0, 0);
    world_done(&world);
}

END_TEST

START_TEST(what_is_doubted_after_a_restore_needs_a_person_at_once)
{
    struct world world;
    world_init(&world);
    feed_created(&world, 1, 2);
    feed_scheduled(&world, 1, 2, T0 + HOUR_MS);
    feed_locked(&world, 1, 2, 1, false);
    struct event event = event_of(EVENT_targets_doubted);
    event.targets_doubted = (struct targets_doubted_event){
        .post_id = id_n(ID_POST, 1), .targets = ref_of(&world, 1, 0), .targets_count = 1};
    feed_post(&world, 1, &event);
    check_attention(&world, 1, 1, 0);
    world_done(&world);
}

END_TEST

START_TEST(a_contradiction_stays_listed)
{
    struct world world;
    world_init(&world);
    feed_first_attempt(&world, false);
    feed_accepted(&world, 1, 0, 1, 0);
    feed_target_finished(&world, 1, 0, TARGET_PUBLISHED, (struct span){0});
    feed_post_finished(&world, 1, POST_PUBLISHED);
    struct event event = event_of(EVENT_outcome_contradicted);
    event.outcome_contradicted = (struct outcome_contradicted_event){.post_id = id_n(ID_POST, 1),
                                                                     .target_id = target_n(1, 0),
                                                                     .attempt_id = attempt_n(1, 0, 1),
                                                                     .outcome = OUTCOME_REFUSED};
    feed_post(&world, 1, &event);
    check_attention(&world, 0, 0, 1);
    world_done(&world);
}

END_TEST

START_TEST(another_workspace_sees_nothing_of_it)
{
    struct world world;
    feed_unknown(&world);
    const struct id other = id_n(ID_WORKSPACE, 2);
    const struct post_filter filter = {.attention = 1U << ATTENTION_UNKNOWN};
    struct post_page page;
    ck_assert_int_eq(posts_list(reading(&world), &other, &filter, (struct span){0}, 10, &world.arena, &page), OK);
    ck_assert_uint_eq(page.count, 0);
    world_done(&world);
}

END_TEST

START_TEST(every_bad_end_is_counted_once)
{
    static const enum post_status ends[] = {POST_FAILED,    POST_FAILED,   POST_MISSED, POST_PARTIALLY_PUBLISHED,
                                            POST_PUBLISHED, POST_CANCELLED};

    struct world world;
    struct post_count_row counts;
    world_init(&world);
    for (uint32_t n = 1; n <= sizeof ends / sizeof *ends; n++) {
        feed_created(&world, n, 1);
        feed_scheduled(&world, n, 1, T0 + HOUR_MS);
        feed_locked(&world, n, 1, 1, false);
        feed_post_finished(&world, n, ends[n - 1]);
    }
    ck_assert_int_eq(posts_counts(reading(&world), &world.arena, &counts), OK);
    ck_assert(counts.failed == 2 && counts.missed == 1 && counts.partially_published == 1);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("posts_attention_projection");
    TCase *tcase = tcase_create("attention");
    tcase_add_test(tcase, an_unknown_outcome_is_listed_until_it_is_known);
    tcase_add_test(tcase, what_a_person_says_takes_it_off_the_list);
    tcase_add_test(tcase, what_is_doubted_after_a_restore_needs_a_person_at_once);
    tcase_add_test(tcase, a_contradiction_stays_listed);
    tcase_add_test(tcase, another_workspace_sees_nothing_of_it);
    tcase_add_test(tcase, every_bad_end_is_counted_once);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
