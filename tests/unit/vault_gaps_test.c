/* vault_gaps_test.c: what a starting ledger says of secrets that the log names and the vault does not give. Accounts
 * are met in tests/e2e/folder_test.py. */
#include "core/ledger/vault_gaps.h"

#include "tests/suite.h"
#include "tests/unit/service_world.h"

static struct vault_gaps gaps_of(struct place *place, struct vault *vault)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct vault_gaps gaps;
    ck_assert_int_eq(store_begin(place->views, false, &txn), OK);
    ck_assert_int_eq(vault_gaps_find(txn, vault, &gaps), OK);
    return gaps;
}

static void check_gaps(struct place *place, uint32_t keys)
{
    const struct vault_gaps gaps = gaps_of(place, place->vault);
    ck_assert_uint_eq(gaps.accounts, 0);
    ck_assert_uint_eq(gaps.keys, keys);
    ck_assert_uint_eq(gaps.sealed, 0);
}

START_TEST(a_key_without_its_tag_key_is_a_gap_until_it_is_kept_or_revoked)
{
    struct place *place = place_open();
    struct content_part part;
    struct command post = draft(place, &part);
    (void)give(place->client, &post, NULL); /* states of other kinds, and rows of streams, lie between */
    check_gaps(place, 0);
    make_key_kept(place, ROLE_EDITOR, false);
    check_gaps(place, 1);
    uint8_t tag_key[TAG_KEY_LEN];
    tag_key_of(SPAN(API_KEY), tag_key);
    ck_assert_int_eq(
        client_seal_wait(place->client, &place->key_id, &place->key_id, span_of(tag_key, sizeof tag_key), WAIT_MS), OK);
    check_gaps(place, 0);
    ck_assert_int_eq(vault_delete(place->vault, &place->key_id), OK);
    check_gaps(place, 1);
    struct command revoke = command_of(place, COMMAND_revoke_key);
    revoke.revoke_key.key_id = place->key_id;
    ck_assert_uint_eq(give(place->client, &revoke, NULL).refusal, ACCEPTED);
    check_gaps(place, 0);
    place_close(place);
}

END_TEST

START_TEST(a_person_whom_nobody_can_name_is_a_gap_until_erased)
{
    struct place *place = place_open();
    struct command command = command_of(place, COMMAND_create_user);
    const struct id user_id = new_id(ID_USER);
    command.workspace_id = (struct id){0};
    command.create_user = (struct create_user_command){.user_id = user_id, .vault_id = new_id(ID_SECRET)};
    make_key(place, ROLE_EDITOR);
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    ck_assert_uint_eq(gaps_of(place, place->vault).people, 1);
    check_gaps(place, 0);
    command = command_of(place, COMMAND_erase_user);
    command.workspace_id = (struct id){0};
    command.erase_user.user_id = user_id;
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    ck_assert_uint_eq(gaps_of(place, place->vault).people, 0);
    place_close(place);
}

END_TEST

START_TEST(what_another_master_key_sealed_is_told_apart)
{
    struct place *place = place_open();
    const uint8_t other[32] = {77};
    char path[300];
    make_key(place, ROLE_EDITOR);
    vault_close(place->vault); /* an environment is open once in a process */
    snprintf(path, sizeof path, "%s/vault", place->folder);
    struct vault *vault = NULL;
    ck_assert_int_eq(vault_open(path, other, false, &vault), OK);
    const struct vault_gaps gaps = gaps_of(place, vault);
    ck_assert_uint_eq(gaps.keys, 1);
    ck_assert_uint_eq(gaps.sealed, 1);
    place->vault = vault;
    place_close(place);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("vault_gaps");
    TCase *gaps = tcase_create("gaps");
    tcase_set_timeout(gaps, 60);
    tcase_add_test(gaps, a_key_without_its_tag_key_is_a_gap_until_it_is_kept_or_revoked);
    tcase_add_test(gaps, a_person_whom_nobody_can_name_is_a_gap_until_erased);
    tcase_add_test(gaps, what_another_master_key_sealed_is_told_apart);
    suite_add_tcase(suite, gaps);
    return run_suite(suite);
}
