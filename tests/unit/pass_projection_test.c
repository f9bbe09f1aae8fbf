/* pass_projection_test.c: what lasts longer than a request: a key that is revoked, or whose time is over, sees nothing
 * more; and a stream as its events left it. */
#include "gateway/gate/pass.h"
#include "tests/unit/projection_fixture.h"

static struct event key_event(enum role role, int64_t expires_ms)
{
    struct event event = event_of(EVENT_key_created);
    event.key_created = (struct key_created_event){.key_id = id_n(ID_KEY, 1),
                                                   .workspace_id = the_workspace(),
                                                   .name = SPAN("k"),
                                                   .role = role,
                                                   .expires_ms = expires_ms};
    event.key_created.fingerprint.bytes[0] = 7;
    return event;
}

static enum err look(struct world *world, uint8_t hash0, uint32_t workspace, int64_t now_ms)
{
    uint8_t hash[32] = {hash0};
    const struct id workspace_id = id_n(ID_WORKSPACE, workspace);
    bool more = false;
    store_abort(world->txn);
    world->txn = NULL;
    return pass_look(world->store, hash, &workspace_id, now_ms, 0, &more);
}

static void feed_key(struct world *world, const struct event *event)
{
    const struct id workspace_id = the_workspace();
    const struct id key_id = id_n(ID_KEY, 1);
    feed_workspace(world, &workspace_id);
    feed(world, &workspace_id, &key_id, event);
}

START_TEST(a_revoked_key_sees_nothing_more)
{
    struct world world;
    world_init(&world);
    struct event event = key_event(ROLE_AUDITOR, 0);
    feed_key(&world, &event);
    ck_assert_int_eq(look(&world, 7, 1, T0), OK);
    ck_assert_int_eq(look(&world, 8, 1, T0), ERR_AUTH);
    ck_assert_int_eq(look(&world, 7, 2, T0), ERR_AUTH); /* another workspace's events */
    const struct id workspace_id = the_workspace();
    const struct id key_id = id_n(ID_KEY, 1);
    event = event_of(EVENT_key_revoked);
    event.key_revoked.key_id = key_id;
    feed(&world, &workspace_id, &key_id, &event);
    ck_assert_int_eq(look(&world, 7, 1, T0), ERR_AUTH);
    world_done(&world);
}

END_TEST

START_TEST(a_key_whose_time_is_over_sees_nothing_more)
{
    struct world world;
    world_init(&world);
    const struct event event = key_event(ROLE_OWNER, T0 + HOUR_MS);
    feed_key(&world, &event);
    ck_assert_int_eq(look(&world, 7, 1, T0 + HOUR_MS - 1), OK);
    ck_assert_int_eq(look(&world, 7, 1, T0 + HOUR_MS), ERR_AUTH);
    world_done(&world);
}

END_TEST

START_TEST(a_role_that_may_not_read_events_sees_none)
{
    struct world world;
    world_init(&world);
    const struct event event = key_event(ROLE_EDITOR, 0);
    feed_key(&world, &event);
    ck_assert_int_eq(look(&world, 7, 1, T0), ERR_AUTH);
    world_done(&world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("pass_projection");
    TCase *tcase = tcase_create("pass");
    tcase_add_test(tcase, a_revoked_key_sees_nothing_more);
    tcase_add_test(tcase, a_key_whose_time_is_over_sees_nothing_more);
    tcase_add_test(tcase, a_role_that_may_not_read_events_sees_none);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
