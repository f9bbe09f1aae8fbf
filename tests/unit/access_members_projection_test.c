/* access_members_projection_test.c: whose membership is over may have another one in the same workspace, by which they
 * are found whatever becomes of the first. */
#include "tests/unit/projection_fixture.h"

/* Somebody is invited and joins; until_ms: the membership's end, 0: none. */
static void feed_member(struct world *world, uint32_t n, const struct id *user_id, int64_t until_ms)
{
    const struct id workspace_id = the_workspace();
    const struct id member_id = id_n(ID_MEMBER, n);
    struct event event = event_of(EVENT_member_invited);
    event.member_invited = (struct member_invited_event){.member_id = member_id,
                                                         .workspace_id = workspace_id,
                                                         .role = ROLE_EDITOR,
                                                         .vault_id = id_n(ID_SECRET, n),
                                                         .expires_ms = world->now_ms + HOUR_MS,
                                                         .until_ms = until_ms};
    memset(event.member_invited.fingerprint.bytes, (int)n, sizeof event.member_invited.fingerprint.bytes);
    feed(world, &workspace_id, &member_id, &event);
    event = event_of(EVENT_member_joined);
    event.member_joined.member_id = member_id;
    event.member_joined.user_id = *user_id;
    feed(world, &workspace_id, &member_id, &event);
}

static void feed_removed(struct world *world, uint32_t n)
{
    const struct id workspace_id = the_workspace();
    const struct id member_id = id_n(ID_MEMBER, n);
    struct event event = event_of(EVENT_member_removed);
    event.member_removed.member_id = member_id;
    feed(world, &workspace_id, &member_id, &event);
}

/* By which membership a person may do something now: its number; 0: by none. */
static uint32_t live(struct world *world, const struct id *user_id)
{
    const struct id workspace_id = the_workspace();
    struct member_row row;
    const enum err err = access_member_live(reading(world), user_id, &workspace_id, world->now_ms, &row);
    for (uint32_t n = 1; err == OK; n++) {
        const struct id member_id = id_n(ID_MEMBER, n);
        ck_assert_uint_lt(n, 9);
        if (id_equal(&row.member_id, &member_id)) {
            return n;
        }
    }
    ck_assert_int_eq(err, ERR_NOT_FOUND);
    return 0;
}

START_TEST(who_comes_again_is_found_by_the_later_membership)
{
    struct world world;
    const struct id user_id = id_n(ID_USER, 1);
    world_init(&world);
    feed_member(&world, 1, &user_id, T0 + HOUR_MS);
    ck_assert_uint_eq(live(&world, &user_id), 1);
    world.now_ms += HOUR_MS;
    ck_assert_uint_eq(live(&world, &user_id), 0);
    feed_member(&world, 2, &user_id, 0);
    ck_assert_uint_eq(live(&world, &user_id), 2);
    feed_removed(&world, 1);
    ck_assert_uint_eq(live(&world, &user_id), 2);
    check_rebuild(&world);
    feed_removed(&world, 2);
    ck_assert_uint_eq(live(&world, &user_id), 0);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(a_membership_that_is_prolonged_when_it_was_over_is_found_again)
{
    struct world world;
    const struct id user_id = id_n(ID_USER, 1);
    const struct id workspace_id = the_workspace();
    const struct id member_id = id_n(ID_MEMBER, 1);
    world_init(&world);
    feed_member(&world, 1, &user_id, T0 + HOUR_MS);
    world.now_ms += HOUR_MS;
    feed_member(&world, 2, &user_id, 0);
    feed_removed(&world, 2);
    ck_assert_uint_eq(live(&world, &user_id), 0);
    struct event event = event_of(EVENT_member_changed);
    event.member_changed.member_id = member_id;
    event.member_changed.role = ROLE_VIEWER;
    feed(&world, &workspace_id, &member_id, &event);
    ck_assert_uint_eq(live(&world, &user_id), 1);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(a_membership_and_an_invitation_are_over_at_their_time)
{
    struct member_row row = {.expires_ms = 10};
    ck_assert(!access_member_is_over(&row, 9));
    ck_assert(access_member_is_over(&row, 10));
    row = (struct member_row){.joined_ms = 5, .until_ms = 20};
    ck_assert(!access_member_is_over(&row, 19));
    ck_assert(access_member_is_over(&row, 20));
    row.until_ms = 0;
    ck_assert(!access_member_is_over(&row, INT64_MAX));
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("access_members_projection");
    TCase *tcase = tcase_create("members");
    tcase_add_test(tcase, who_comes_again_is_found_by_the_later_membership);
    tcase_add_test(tcase, a_membership_that_is_prolonged_when_it_was_over_is_found_again);
    tcase_add_test(tcase, a_membership_and_an_invitation_are_over_at_their_time);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
