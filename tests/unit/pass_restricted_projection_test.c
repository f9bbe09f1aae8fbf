/* pass_restricted_projection_test.c: what a key that is restricted to accounts gets by its pass: these accounts, posts
 * that go to no other and drafts that go nowhere yet, in pages that are as full as anybody's; and nothing that it sends
 * is about another. */
#include "core/wire/tag_key.h"
#include "gateway/gate/order.h"
#include "gateway/gate/watch.h"
#include "tests/unit/projection_fixture.h"

#define ACCOUNTS 4 /* of the workspace: 1..4 */

/* A workspace with accounts; a pass of an owner's key that is restricted to count of them. */
struct hall {
    struct world world;
    struct gate *gate;
    struct pass *pass;
};

static void hall_open(struct hall *hall, const uint32_t *accounts, uint32_t count, bool restricted)
{
    struct world *world = &hall->world;
    world_init(world);
    const struct id workspace_id = the_workspace();
    const struct id key_id = id_n(ID_KEY, 1);
    struct integration_ref refs[ACCOUNTS];
    feed_workspace(world, &workspace_id);
    for (uint32_t n = 1; n <= ACCOUNTS; n++) {
        const struct id integration_id = id_n(ID_INTEGRATION, n);
        feed_integration(world, &workspace_id, &integration_id);
    }
    for (uint32_t i = 0; i < count; i++) {
        refs[i].integration_id = id_n(ID_INTEGRATION, accounts[i]);
    }
    struct event event = event_of(EVENT_key_created);
    event.key_created = (struct key_created_event){.key_id = key_id,
                                                   .workspace_id = workspace_id,
                                                   .name = SPAN("k"),
                                                   .role = ROLE_OWNER,
                                                   .restricted = restricted,
                                                   .integrations = refs,
                                                   .integrations_count = count};
    tag_key_fingerprint_of(SPAN("op_key"), event.key_created.fingerprint.bytes);
    feed(world, &workspace_id, &key_id, &event);
}

static struct pass *hall_pass(struct hall *hall)
{
    const struct gate_options options = {.views = hall->world.store};
    const struct knock knock = {.key = SPAN("op_key"), .now_ms = T0};
    store_abort(hall->world.txn);
    hall->world.txn = NULL;
    ck_assert_int_eq(gate_open(&options, &hall->gate), OK);
    ck_assert_int_eq(gate_admit(hall->gate, &knock, &hall->world.arena, &hall->pass), OK);
    return hall->pass;
}

static void hall_close(struct hall *hall)
{
    pass_close(hall->pass);
    gate_close(hall->gate);
    world_done(&hall->world);
}

START_TEST(it_sees_posts_that_go_to_its_accounts_only)
{
    struct hall hall;
    struct post_view post;
    const uint32_t accounts[] = {2, 1};
    hall_open(&hall, accounts, 2, true);
    for (uint32_t targets = 0; targets <= 3; targets++) {
        feed_created(&hall.world, targets + 1, targets); /* to the accounts 1..targets */
    }
    struct pass *pass = hall_pass(&hall);
    for (uint32_t targets = 0; targets <= 3; targets++) {
        const struct id post_id = id_n(ID_POST, targets + 1);
        ck_assert_int_eq(pass_post(pass, &post_id, &post), targets <= 2 ? OK : ERR_NOT_FOUND);
    }
    hall_close(&hall);
}

END_TEST

START_TEST(a_list_leaves_out_the_others_and_its_pages_are_full)
{
    struct hall hall;
    struct post_page page;
    const uint32_t accounts[] = {1};
    const struct post_filter filter = {.order = POST_ORDER_CREATED_UP};
    hall_open(&hall, accounts, 1, true);
    for (uint32_t n = 1; n <= 40; n++) {
        feed_created(&hall.world, n, n % 4 == 0 ? 1 : 2); /* each fourth goes to account 1 alone */
    }
    struct pass *pass = hall_pass(&hall);
    struct span cursor = {0};
    uint8_t bytes[POST_CURSOR_MAX];
    uint32_t next = 4;
    for (uint32_t left = 10; left > 0; left -= page.count) {
        ck_assert_int_eq(pass_posts(pass, &filter, cursor, 3, &page), OK);
        ck_assert_uint_eq(page.count, left < 3 ? left : 3);
        for (uint32_t i = 0; i < page.count; i++, next += 4) {
            const struct id wanted = id_n(ID_POST, next);
            ck_assert(id_equal(&page.posts[i].row.post_id, &wanted));
        }
        ck_assert(left <= 3 || page.cursor_len > 0);
        memcpy(bytes, page.cursor, page.cursor_len);
        cursor = span_of(bytes, page.cursor_len);
    }
    ck_assert_uint_eq(page.cursor_len, 0);
    hall_close(&hall);
}

END_TEST

START_TEST(it_sees_its_accounts_in_pages_and_no_other)
{
    struct hall hall;
    struct integration_row row;
    struct integration_row *rows = NULL;
    uint32_t count = 0;
    const uint32_t accounts[] = {4, 1, 3};
    hall_open(&hall, accounts, 3, true);
    struct event event = event_of(EVENT_integration_deleted);
    const struct id workspace_id = the_workspace();
    event.integration_deleted.integration_id = id_n(ID_INTEGRATION, 3);
    feed(&hall.world, &workspace_id, &event.integration_deleted.integration_id, &event);
    struct pass *pass = hall_pass(&hall);
    for (uint32_t n = 1; n <= ACCOUNTS; n++) {
        const struct id integration_id = id_n(ID_INTEGRATION, n);
        ck_assert_int_eq(pass_integration(pass, &integration_id, &row), n == 1 || n == 4 ? OK : ERR_NOT_FOUND);
    }
    ck_assert_int_eq(pass_integrations(pass, NULL, 1, &rows, &count), OK);
    ck_assert_uint_eq(count, 1);
    const struct id first = id_n(ID_INTEGRATION, 1);
    const struct id last = id_n(ID_INTEGRATION, 4);
    ck_assert(id_equal(&rows[0].integration_id, &first));
    ck_assert_int_eq(pass_integrations(pass, &first, 2, &rows, &count), OK);
    ck_assert_uint_eq(count, 1);
    ck_assert(id_equal(&rows[0].integration_id, &last));
    ck_assert_int_eq(pass_integrations(pass, &last, 2, &rows, &count), OK);
    ck_assert_uint_eq(count, 0);
    hall_close(&hall);
}

END_TEST

START_TEST(without_an_account_it_sees_drafts_that_go_nowhere)
{
    struct hall hall;
    struct post_page page;
    struct integration_row *rows = NULL;
    uint32_t count = 1;
    const struct post_filter filter = {.statuses = 0};
    hall_open(&hall, NULL, 0, true);
    feed_created(&hall.world, 1, 0);
    feed_created(&hall.world, 2, 1);
    struct pass *pass = hall_pass(&hall);
    ck_assert_int_eq(pass_posts(pass, &filter, (struct span){0}, 10, &page), OK);
    ck_assert_uint_eq(page.count, 1);
    ck_assert_int_eq(pass_integrations(pass, NULL, 10, &rows, &count), OK);
    ck_assert_uint_eq(count, 0);
    hall_close(&hall);
}

END_TEST

START_TEST(what_reaches_over_all_accounts_is_not_its_own)
{
    struct hall hall;
    const uint32_t accounts[] = {1};
    hall_open(&hall, accounts, 1, true);
    struct pass *pass = hall_pass(&hall);
    OWNED(watch_close) struct watch *watch = NULL;
    bool more = false;
    ck_assert_int_eq(pass_check(pass, NEED_AUDIT, SCOPE_LOG_READ), REFUSED_scope_insufficient);
    ck_assert_int_eq(pass_check(pass, NEED_ADMIN, SCOPE_KEYS_WRITE), REFUSED_scope_insufficient);
    ck_assert_int_eq(pass_check(pass, NEED_VIEWER, SCOPE_POSTS_READ), ACCEPTED);
    ck_assert_int_eq(watch_open(pass, &watch), OK);
    ck_assert_int_eq(watch_look(watch, T0, 0, &more), ERR_AUTH);
    hall_close(&hall);
}

END_TEST

static void answered(void *context, enum err err, const struct answer *answer)
{
    (void)context;
    (void)err;
    (void)answer;
    ck_abort_msg("nothing was sent");
}

START_TEST(nothing_is_sent_about_another_account)
{
    struct hall hall;
    const uint32_t accounts[] = {1};
    const struct sending sending = {.expected_version = 0};
    hall_open(&hall, accounts, 1, true);
    struct pass *pass = hall_pass(&hall);
    const struct id other = id_n(ID_INTEGRATION, 2);
    const struct id own = id_n(ID_INTEGRATION, 1);
    const struct id post_id = id_n(ID_POST, 1);
    struct order *order = pass_order(pass, COMMAND_pause_integration, &own);
    ck_assert_int_eq(pass_judge(pass, order), ACCEPTED);
    order = pass_order(pass, COMMAND_connect_integration, &other);
    ck_assert_int_eq(pass_judge(pass, order), REFUSED_scope_insufficient);
    ck_assert_int_eq(pass_send(pass, order, &sending, answered, NULL), ERR_ACCESS);
    struct target_spec *targets = specs_of(&hall.world, 1, 2);
    order = pass_order(pass, COMMAND_create_post, &post_id);
    struct create_post_command *wish = order_fields(order);
    wish->targets = targets;
    wish->targets_count = 1;
    ck_assert_int_eq(pass_judge(pass, order), ACCEPTED);
    wish->targets_count = 2;
    ck_assert_int_eq(pass_judge(pass, order), REFUSED_reference_not_found);
    order = pass_order(pass, COMMAND_edit_post, &post_id);
    struct edit_post_command *change = order_fields(order);
    change->targets = targets;
    change->targets_count = 2;
    ck_assert_int_eq(pass_judge(pass, order), REFUSED_reference_not_found);
    ck_assert_int_eq(pass_send(pass, order, &sending, answered, NULL), ERR_ACCESS);
    hall_close(&hall);
}

END_TEST

START_TEST(a_key_that_is_not_restricted_sees_all)
{
    struct hall hall;
    struct post_page page;
    struct integration_row *rows = NULL;
    uint32_t count = 0;
    const struct post_filter filter = {.statuses = 0};
    hall_open(&hall, NULL, 0, false);
    feed_created(&hall.world, 1, 3);
    struct pass *pass = hall_pass(&hall);
    ck_assert_int_eq(pass_posts(pass, &filter, (struct span){0}, 10, &page), OK);
    ck_assert_uint_eq(page.count, 1);
    ck_assert_int_eq(pass_integrations(pass, NULL, 10, &rows, &count), OK);
    ck_assert_uint_eq(count, ACCOUNTS);
    hall_close(&hall);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("pass_restricted_projection");
    TCase *tcase = tcase_create("restricted");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, it_sees_posts_that_go_to_its_accounts_only);
    tcase_add_test(tcase, a_list_leaves_out_the_others_and_its_pages_are_full);
    tcase_add_test(tcase, it_sees_its_accounts_in_pages_and_no_other);
    tcase_add_test(tcase, without_an_account_it_sees_drafts_that_go_nowhere);
    tcase_add_test(tcase, what_reaches_over_all_accounts_is_not_its_own);
    tcase_add_test(tcase, nothing_is_sent_about_another_account);
    tcase_add_test(tcase, a_key_that_is_not_restricted_sees_all);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
