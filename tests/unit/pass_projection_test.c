/* pass_projection_test.c: who gets a pass, and what goes by it; and what lasts longer than a request: a key that is
 * revoked, or whose time is over, sees nothing more. */
#include "core/wire/tag_key.h"
#include "gateway/gate/gate_state.h"
#include "gateway/gate/order.h"
#include "gateway/gate/watch.h"
#include "tests/unit/projection_fixture.h"

static struct event key_event(enum role role, int64_t expires_ms)
{
    struct event event = event_of(EVENT_key_created);
    event.key_created = (struct key_created_event){.key_id = id_n(ID_KEY, 1),
                                                   .workspace_id = the_workspace(),
                                                   .name = SPAN("k"),
                                                   .role = role,
                                                   .expires_ms = expires_ms};
    tag_key_fingerprint_of(SPAN("op_key"), event.key_created.fingerprint.bytes);
    return event;
}

static enum err admit(struct world *world, struct gate *gate, struct span key, struct pass **ret_pass)
{
    const struct knock knock = {.key = key, .now_ms = T0};
    store_abort(world->txn);
    world->txn = NULL;
    return gate_admit(gate, &knock, &world->arena, ret_pass);
}

/* A gate, and what its one key may look at from T0 on. */
struct door {
    struct gate *gate;
    struct watch *watch;
};

static struct door door_open(struct world *world)
{
    const struct gate_options options = {.views = world->store};
    struct door door = {.gate = NULL};
    struct pass *pass = NULL;
    ck_assert_int_eq(gate_open(&options, &door.gate), OK);
    ck_assert_int_eq(admit(world, door.gate, SPAN("op_key"), &pass), OK);
    ck_assert_int_eq(watch_open(pass, &door.watch), OK);
    pass_close(pass);
    return door;
}

static void door_close(struct door *door)
{
    watch_close(door->watch);
    gate_close(door->gate);
}

static enum err look(const struct door *door, int64_t now_ms)
{
    bool more = false;
    return watch_look(door->watch, now_ms, 0, &more);
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
    struct door door = door_open(&world);
    ck_assert_int_eq(look(&door, T0), OK);
    const struct id workspace_id = the_workspace();
    const struct id key_id = id_n(ID_KEY, 1);
    event = event_of(EVENT_key_revoked);
    event.key_revoked.key_id = key_id;
    feed(&world, &workspace_id, &key_id, &event);
    ck_assert_int_eq(look(&door, T0), ERR_AUTH);
    struct pass *pass = NULL;
    ck_assert_int_eq(admit(&world, door.gate, SPAN("op_key"), &pass), ERR_AUTH);
    ck_assert_ptr_null(pass);
    door_close(&door);
    world_done(&world);
}

END_TEST

START_TEST(what_is_no_key_gets_no_pass)
{
    struct world world;
    world_init(&world);
    const struct event event = key_event(ROLE_OWNER, 0);
    feed_key(&world, &event);
    struct door door = door_open(&world);
    struct pass *pass = NULL;
    ck_assert_int_eq(admit(&world, door.gate, SPAN("op_kez"), &pass), ERR_AUTH);
    ck_assert_int_eq(admit(&world, door.gate, SPAN(""), &pass), ERR_AUTH);
    ck_assert_int_eq(admit(&world, door.gate, (struct span){0}, &pass), ERR_AUTH);
    ck_assert_ptr_null(pass);
    door_close(&door);
    world_done(&world);
}

END_TEST

START_TEST(a_badge_says_whose_and_with_which_role)
{
    struct world world;
    world_init(&world);
    const struct event event = key_event(ROLE_EDITOR, 0);
    feed_key(&world, &event);
    struct door door = door_open(&world);
    struct pass *pass = NULL;
    const struct id workspace_id = the_workspace();
    const struct id key_id = id_n(ID_KEY, 1);
    ck_assert_int_eq(admit(&world, door.gate, SPAN("op_key"), &pass), OK);
    ck_assert(id_equal(&pass_badge(pass)->workspace_id, &workspace_id));
    ck_assert(id_equal(&pass_badge(pass)->key_id, &key_id));
    ck_assert_uint_eq(pass_badge(pass)->grant.role, ROLE_EDITOR);
    ck_assert_int_eq(pass_check(pass, NEED_EDITOR, SCOPE_POSTS_WRITE), ACCEPTED);
    ck_assert_int_eq(pass_check(pass, NEED_ADMIN, SCOPE_KEYS_WRITE), REFUSED_role_insufficient);
    pass_close(pass);
    door_close(&door);
    world_done(&world);
}

END_TEST

static void answered(void *context, enum err err, const struct answer *answer)
{
    (void)context;
    (void)err;
    (void)answer;
    ck_abort_msg("nothing was sent");
}

START_TEST(what_command_def_gives_to_others_is_not_sent)
{
    static const enum command_code codes[] = {COMMAND_pause_workspace, COMMAND_create_key, COMMAND_lock_post,
                                              COMMAND_report_refusals, COMMAND_start_ledger};
    struct world world;
    world_init(&world);
    const struct event event = key_event(ROLE_EDITOR, 0);
    feed_key(&world, &event);
    struct door door = door_open(&world);
    struct pass *pass = NULL;
    const struct sending sending = {.expected_version = 0};
    const struct id workspace_id = the_workspace();
    ck_assert_int_eq(admit(&world, door.gate, SPAN("op_key"), &pass), OK);
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        struct order *order = pass_order(pass, codes[i], &workspace_id);
        ck_assert_int_eq(pass_send(pass, order, &sending, answered, NULL), ERR_ACCESS);
    }
    pass_close(pass);
    door_close(&door);
    world_done(&world);
}

END_TEST

START_TEST(an_order_says_nothing_of_who_gives_it)
{
    struct world world;
    world_init(&world);
    const struct event event = key_event(ROLE_EDITOR, 0);
    feed_key(&world, &event);
    struct door door = door_open(&world);
    struct pass *pass = NULL;
    const struct id post_id = id_n(ID_POST, 1);
    ck_assert_int_eq(admit(&world, door.gate, SPAN("op_key"), &pass), OK);
    struct order *order = pass_order(pass, COMMAND_cancel_post, &post_id);
    struct cancel_post_command *fields = order_fields(order);
    fields->post_id = post_id;
    struct command wanted;
    memset(&wanted, 0, sizeof wanted);
    wanted.code = COMMAND_cancel_post;
    wanted.stream = post_id;
    wanted.cancel_post.post_id = post_id;
    ck_assert_mem_eq(order_command(order), &wanted, sizeof wanted);
    order = pass_order(pass, COMMAND_delete_post, &post_id);
    ck_assert(id_is_none(&order_command(order)->delete_post.post_id)); /* begun anew */
    pass_close(pass);
    door_close(&door);
    world_done(&world);
}

END_TEST

START_TEST(a_mark_is_its_own_workspace_s)
{
    struct world world;
    world_init(&world);
    struct event event = key_event(ROLE_OWNER, 0);
    feed_key(&world, &event);
    const struct id other_id = id_n(ID_WORKSPACE, 2);
    const struct id other_key = id_n(ID_KEY, 2);
    feed_workspace(&world, &other_id);
    event.key_created.key_id = other_key;
    event.key_created.workspace_id = other_id;
    tag_key_fingerprint_of(SPAN("op_other"), event.key_created.fingerprint.bytes);
    feed(&world, &other_id, &other_key, &event);
    struct door door = door_open(&world);
    struct pass *ours = NULL;
    struct pass *theirs = NULL;
    uint8_t mark[32];
    uint8_t again[32];
    ck_assert_int_eq(admit(&world, door.gate, SPAN("op_key"), &ours), OK);
    ck_assert_int_eq(admit(&world, door.gate, SPAN("op_other"), &theirs), OK);
    pass_mark(ours, SPAN("a position"), mark);
    pass_mark(ours, SPAN("a position"), again);
    ck_assert_mem_eq(mark, again, sizeof mark);
    pass_mark(ours, SPAN("another one"), again);
    ck_assert_mem_ne(mark, again, sizeof mark);
    pass_mark(theirs, SPAN("a position"), again);
    ck_assert_mem_ne(mark, again, sizeof mark);
    pass_close(ours);
    pass_close(theirs);
    door_close(&door);
    world_done(&world);
}

END_TEST

START_TEST(a_key_whose_time_is_over_sees_nothing_more)
{
    struct world world;
    world_init(&world);
    const struct event event = key_event(ROLE_OWNER, T0 + HOUR_MS);
    feed_key(&world, &event);
    struct door door = door_open(&world);
    ck_assert_int_eq(look(&door, T0 + HOUR_MS - 1), OK);
    ck_assert_int_eq(look(&door, T0 + HOUR_MS), ERR_AUTH);
    door_close(&door);
    world_done(&world);
}

END_TEST

START_TEST(a_role_that_may_not_read_events_sees_none)
{
    struct world world;
    world_init(&world);
    const struct event event = key_event(ROLE_VIEWER, 0);
    feed_key(&world, &event);
    struct door door = door_open(&world);
    ck_assert_int_eq(look(&door, T0), ERR_AUTH);
    door_close(&door);
    world_done(&world);
}

END_TEST

START_TEST(an_editor_is_told_of_what_they_wrote_and_whoever_may_more_of_all)
{
    static const enum role roles[] = {ROLE_AUDITOR, ROLE_ADMIN, ROLE_OWNER};
    struct badge badge = {.workspace_id = the_workspace(), .key_id = id_n(ID_KEY, 1), .grant = {.role = ROLE_EDITOR}};
    struct log_reader reader;
    gate_log_reader(&badge, &reader);
    ck_assert(id_equal(&reader.workspace_id, &badge.workspace_id));
    ck_assert(id_equal(&reader.author_id, &badge.key_id));
    badge.key_id = id_n(ID_SESSION, 2); /* of a person: posts are by the member, whatever the session */
    badge.user_id = id_n(ID_USER, 3);
    badge.member_id = id_n(ID_MEMBER, 4);
    gate_log_reader(&badge, &reader);
    ck_assert(id_equal(&reader.author_id, &badge.member_id));
    badge.member_id = (struct id){0}; /* nowhere a member: a session writes nothing, and none is not all */
    badge.grant.role = ROLE_NONE;
    gate_log_reader(&badge, &reader);
    ck_assert(id_equal(&reader.author_id, &badge.key_id));
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        badge.grant.role = roles[i];
        gate_log_reader(&badge, &reader);
        ck_assert(id_equal(&reader.workspace_id, &badge.workspace_id) && id_is_none(&reader.author_id));
    }
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("pass_projection");
    TCase *tcase = tcase_create("pass");
    tcase_add_test(tcase, what_is_no_key_gets_no_pass);
    tcase_add_test(tcase, a_badge_says_whose_and_with_which_role);
    tcase_add_test(tcase, what_command_def_gives_to_others_is_not_sent);
    tcase_add_test(tcase, an_order_says_nothing_of_who_gives_it);
    tcase_add_test(tcase, a_mark_is_its_own_workspace_s);
    tcase_add_test(tcase, a_revoked_key_sees_nothing_more);
    tcase_add_test(tcase, a_key_whose_time_is_over_sees_nothing_more);
    tcase_add_test(tcase, a_role_that_may_not_read_events_sees_none);
    tcase_add_test(tcase, an_editor_is_told_of_what_they_wrote_and_whoever_may_more_of_all);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
