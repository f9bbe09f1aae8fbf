/* ledger_owned_test.c: states that stand among their workspace's, of keys and accounts, are found by their id alone and
 * whatever workspace the asker thinks of; and all that name a secret are gone through once. */
#include "core/ledger/ledger_state.h"
#include "tests/suite.h"
#include "tests/unit/ledger_world.h"

static struct world *found(uint64_t seed, struct store_txn **ret_txn)
{
    struct world *world = world_open(seed, 0, 0);
    world_found(world);
    ck_assert_int_eq(store_begin(world->views, false, ret_txn), OK);
    return world;
}

static void done(struct world *world, struct store_txn **txn)
{
    store_abort(*txn);
    *txn = NULL;
    world_check_rebuilt(world);
    world_close(world);
}

START_TEST(a_state_is_found_by_its_id_and_beside_whatever_workspace)
{
    struct store_txn *txn = NULL;
    struct world *world = found(1, &txn);
    const struct id other = world_id(world, ID_WORKSPACE);
    const struct id unknown = world_id(world, ID_INTEGRATION);
    const struct id *owners[] = {NULL, &world->workspace_id, &other};
    struct integration account;
    struct key key;
    ck_assert_int_eq(desk_state_of(txn, owners[_i], &world->integrations[0], &account), OK);
    ck_assert(id_equal(&account.integration_id, &world->integrations[0]));
    ck_assert(id_equal(&account.head.workspace_id, &world->workspace_id));
    ck_assert_int_eq(desk_state_of(txn, owners[_i], &world->key_id, &key), OK);
    ck_assert(id_equal(&key.head.workspace_id, &world->workspace_id));
    ck_assert_int_eq(desk_state_of(txn, owners[_i], &unknown, &account), OK);
    ck_assert_uint_eq(account.head.version, 0);
    done(world, &txn);
}

END_TEST

START_TEST(anothers_is_foreign_and_nobodys_is_not)
{
    struct store_txn *txn = NULL;
    struct world *world = found(2, &txn);
    const struct id other = world_id(world, ID_WORKSPACE);
    const struct id unknown = world_id(world, ID_KEY);
    bool foreign = false;
    ck_assert_int_eq(ledger_is_foreign(txn, &world->key_id, &other, &foreign), OK);
    ck_assert(foreign);
    ck_assert_int_eq(ledger_is_foreign(txn, &world->key_id, &world->workspace_id, &foreign), OK);
    ck_assert(!foreign);
    foreign = true;
    ck_assert_int_eq(ledger_is_foreign(txn, &unknown, &other, &foreign), OK);
    ck_assert(!foreign);
    done(world, &txn);
}

END_TEST

START_TEST(every_secret_in_use_is_gone_through_once)
{
    struct store_txn *txn = NULL;
    struct world *world = found(3, &txn);
    struct id owner_id = {0};
    struct id secret_id = {0};
    unsigned kinds[ID_KIND_COUNT] = {0};
    bool needed = false;
    enum err err = OK;
    while ((err = ledger_next_secret(txn, &owner_id, &secret_id)) == OK) {
        kinds[owner_id.kind]++;
        ck_assert_int_eq(ledger_needs_secret(txn, &secret_id, &owner_id, world->now_ms, &needed), OK);
        ck_assert(needed);
    }
    ck_assert_int_eq(err, ERR_NOT_FOUND);
    ck_assert_uint_eq(kinds[ID_KEY], 1);
    ck_assert_uint_eq(kinds[ID_INTEGRATION], sizeof world->integrations / sizeof *world->integrations);
    done(world, &txn);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("ledger_owned");
    TCase *tcase = tcase_create("owned");
    tcase_add_loop_test(tcase, a_state_is_found_by_its_id_and_beside_whatever_workspace, 0, 3);
    tcase_add_test(tcase, anothers_is_foreign_and_nobodys_is_not);
    tcase_add_test(tcase, every_secret_in_use_is_gone_through_once);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
