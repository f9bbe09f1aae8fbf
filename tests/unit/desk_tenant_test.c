/* desk_tenant_test.c: what a workspace's events and open posts leave in the table of tenants: each event is found by
 * its number, whatever rows it stands in, and a workspace that lost its head takes nothing. */
#include "tests/suite.h"
#include "tests/unit/ledger_world.h"

/* Seqs of a workspace's events stand in rows of 32, the last ones in a row of their own: at each length of that. */
START_TEST(each_event_of_a_workspace_is_found_by_its_number)
{
    struct world *world = world_open(21, 0, 0);
    struct target_spec specs[3];
    struct content_part part;
    world_found(world);
    for (unsigned i = 0; i < 70; i++) {
        struct log_event event;
        uint64_t last = 0;
        uint64_t seq = 0;
        uint64_t head = 0;
        const struct command post = world_post(world, 1, 0, specs, &part);
        world_must(world, &post);
        OWNED(store_abort) struct store_txn *txn = NULL;
        ck_assert_int_eq(store_begin(world->views, false, &txn), OK);
        ck_assert_int_eq(ledger_workspace_last(txn, &world->workspace_id, &last), OK);
        ck_assert_int_eq(log_workspace_head(world->log, &world->workspace_id, &head), OK);
        ck_assert_uint_eq(last, head);
        for (uint64_t number = 1; number <= last; number++) {
            ck_assert_int_eq(ledger_workspace_seq(txn, &world->workspace_id, number, &seq), OK);
            ck_assert_int_eq(log_look(world->log, seq, &event), OK);
            ck_assert_uint_eq(event.workspace_seq, number);
            ck_assert(id_equal(&event.workspace_id, &world->workspace_id));
        }
        ck_assert_int_eq(ledger_workspace_seq(txn, &world->workspace_id, 0, &seq), ERR_NOT_FOUND);
        ck_assert_int_eq(ledger_workspace_seq(txn, &world->workspace_id, last + 1, &seq), ERR_NOT_FOUND);
    }
    world_check_rebuilt(world);
    world_close(world);
}

END_TEST

/* Without it numbers would begin anew, and a plan's uses with them. */
START_TEST(a_workspace_that_lost_its_head_takes_nothing)
{
    struct world *world = world_open(22, 0, 0);
    struct target_spec specs[3];
    struct content_part part;
    struct answer answer;
    uint8_t key[18] = {TABLE_TENANT};
    OWNED(store_abort) struct store_txn *txn = NULL;
    world_found(world);
    memcpy(key + 1, world->workspace_id.uuid, 16);
    key[17] = PLACE_TENANT_HEAD;
    ck_assert_int_eq(store_begin(world->views, true, &txn), OK);
    ck_assert_int_eq(store_delete(txn, span_of(key, sizeof key)), OK);
    ck_assert_int_eq(store_commit(&txn), OK);
    const struct command post = world_post(world, 1, 0, specs, &part);
    ck_assert_int_eq(ledger_begin(world->ledger, world->now_ms), OK);
    ck_assert_int_eq(ledger_handle(world->ledger, &post, NULL, &answer), ERR_ALTERED);
    ledger_abort(world->ledger);
    world_close(world);
}

END_TEST

/* Of those that keep an account from being deleted the first that are due are named, however late they were written. */
START_TEST(posts_that_are_open_are_told_as_they_are_due)
{
    struct world *world = world_open(23, 0, 0);
    struct target_spec specs[3];
    struct content_part part;
    struct id ids[ANSWER_DETAIL_MAX + 3];
    const size_t count = sizeof ids / sizeof *ids;
    world_found(world);
    for (size_t i = 0; i < count; i++) {
        const struct command post = world_post(world, 1, START_MS + DAY_MS - (int64_t)i, specs, &part);
        world_must(world, &post);
        ids[i] = post.create_post.post_id;
        world->now_ms++;
    }
    struct command command = world_command(world, COMMAND_delete_integration);
    command.delete_integration.integration_id = world->integrations[0];
    const struct answer answer = world_give(world, &command, NULL);
    ck_assert_int_eq(answer.refusal, REFUSED_integration_in_use);
    for (size_t i = 0; i < ANSWER_DETAIL_MAX; i++) {
        ck_assert(id_equal(&answer.detail[i], &ids[count - 1 - i]));
    }
    world_check_rebuilt(world);
    world_close(world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("desk_tenant");
    TCase *tcase = tcase_create("desk_tenant");
    tcase_add_test(tcase, each_event_of_a_workspace_is_found_by_its_number);
    tcase_add_test(tcase, a_workspace_that_lost_its_head_takes_nothing);
    tcase_add_test(tcase, posts_that_are_open_are_told_as_they_are_due);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
