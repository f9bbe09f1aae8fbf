/* vault_test.c: a sealed secret is there when vault_put has returned, opens with its master key only, cannot be taken
 * for another's, and goes when nobody needs it. */
#include "core/vault/vault.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/store/store.h"
#include "tests/folder.h"
#include "tests/ids.h"
#include "tests/suite.h"

static const uint8_t master[BOX_KEY_LEN] = {1};
static const uint8_t other_master[BOX_KEY_LEN] = {2};
static char folder[FOLDER_MAX];

static void begin(void)
{
    make_folder(folder);
}

static void end(void)
{
    remove_folder(folder);
}

static void put_of(struct vault *vault, enum id_kind owner, uint8_t number, const char *text)
{
    const struct vault_secret secret = {
        .id = id_number(ID_SECRET, number), .owner_id = id_number(owner, number), .plain = span_text(text)};
    const uint8_t randomness[VAULT_RANDOMNESS_LEN] = {number};
    ck_assert_int_eq(vault_put(vault, &secret, randomness), OK);
}

static void put(struct vault *vault, uint8_t number, const char *text)
{
    put_of(vault, ID_INTEGRATION, number, text);
}

static enum err get(struct vault *vault, uint8_t number, struct buf *out)
{
    const struct id secret_id = id_number(ID_SECRET, number);
    out->len = 0;
    out->overflow = false;
    return vault_get(vault, &secret_id, out);
}

START_TEST(a_secret_is_found_again_by_the_next_process)
{
    uint8_t bytes[100];
    struct buf out = buf_of(bytes, sizeof bytes);
    OWNED(vault_close) struct vault *vault = NULL;
    ck_assert_int_eq(vault_open(folder, master, false, &vault), OK);
    put(vault, 1, "first");
    put(vault, 1, "second");
    put(vault, 2, "another");
    vault_close(vault);
    vault = NULL;
    ck_assert_int_eq(vault_open(folder, master, true, &vault), OK);
    ck_assert_int_eq(get(vault, 1, &out), OK);
    ck_assert(span_equal(buf_span(&out), SPAN("second")));
    ck_assert_int_eq(get(vault, 2, &out), OK);
    ck_assert(span_equal(buf_span(&out), SPAN("another")));
    ck_assert_int_eq(get(vault, 3, &out), ERR_NOT_FOUND);
    out = buf_of(bytes, 3);
    ck_assert_int_eq(get(vault, 2, &out), ERR_NO_SPACE);
}

END_TEST

START_TEST(another_master_key_opens_nothing)
{
    uint8_t bytes[100];
    struct buf out = buf_of(bytes, sizeof bytes);
    OWNED(vault_close) struct vault *vault = NULL;
    ck_assert_int_eq(vault_open(folder, master, false, &vault), OK);
    put(vault, 1, "secret");
    vault_close(vault);
    vault = NULL;
    ck_assert_int_eq(vault_open(folder, other_master, false, &vault), OK);
    ck_assert_int_eq(get(vault, 1, &out), ERR_AUTH);
    ck_assert_uint_eq(out.len, 0);
}

END_TEST

static const struct {
    enum id_kind owner;
    enum err err;
} passed_off[] = {
    {ID_INTEGRATION, ERR_NOT_FOUND}, /* its slot is another's */
    {ID_KEY,         ERR_AUTH     }, /* it has none */
};

START_TEST(a_row_cannot_be_passed_off_as_another_secret_or_account)
{
    uint8_t bytes[200];
    OWNED(vault_close) struct vault *vault = NULL;
    ck_assert_int_eq(vault_open(folder, master, false, &vault), OK);
    put_of(vault, passed_off[_i].owner, 1, "one");
    put_of(vault, passed_off[_i].owner, 2, "two");
    vault_close(vault);
    vault = NULL;
    OWNED(store_close) struct store *store = NULL;
    OWNED(store_abort) struct store_txn *txn = NULL;
    const struct id one = id_number(ID_SECRET, 1);
    const struct id two = id_number(ID_SECRET, 2);
    const struct id account = id_number(passed_off[_i].owner, 1);
    struct span row;
    ck_assert_int_eq(store_lmdb_open(folder, VAULT_MAP_BYTES, false, &store), OK);
    ck_assert_int_eq(store_begin(store, true, &txn), OK);
    ck_assert_int_eq(store_get(txn, span_of(&two, sizeof two), &row), OK);
    const size_t len = row.len;
    memcpy(bytes, row.data, len);
    for (size_t i = 0; i + 6 < len; i++) { /* a secret lies nowhere in clear */
        ck_assert(memcmp(bytes + i, "two", 3) != 0);
    }
    ck_assert_int_eq(store_put(txn, span_of(&one, sizeof one), span_of(bytes, len)), OK);
    memcpy(bytes, &account, sizeof account);
    ck_assert_int_eq(store_put(txn, span_of(&two, sizeof two), span_of(bytes, len)), OK);
    ck_assert_int_eq(store_commit(&txn), OK);
    store_close(store);
    store = NULL;
    struct buf out = buf_of(bytes, sizeof bytes);
    ck_assert_int_eq(vault_open(folder, master, false, &vault), OK);
    ck_assert_int_eq(get(vault, 1, &out), passed_off[_i].err);
    ck_assert_int_eq(get(vault, 2, &out), ERR_AUTH);
}

END_TEST

START_TEST(a_row_whose_owner_was_damaged_opens_nothing)
{
    uint8_t bytes[200];
    OWNED(vault_close) struct vault *vault = NULL;
    ck_assert_int_eq(vault_open(folder, master, false, &vault), OK);
    put(vault, 1, "secret");
    vault_close(vault);
    vault = NULL;
    OWNED(store_close) struct store *store = NULL;
    OWNED(store_abort) struct store_txn *txn = NULL;
    const struct id one = id_number(ID_SECRET, 1);
    struct span row;
    struct id owner;
    ck_assert_int_eq(store_lmdb_open(folder, VAULT_MAP_BYTES, false, &store), OK);
    ck_assert_int_eq(store_begin(store, true, &txn), OK);
    ck_assert_int_eq(store_get(txn, span_of(&one, sizeof one), &row), OK);
    const size_t len = row.len;
    memcpy(bytes, row.data, len);
    memcpy(&owner, bytes, sizeof owner);
    owner.kind = ID_KIND_COUNT; /* no kind at all */
    memcpy(bytes, &owner, sizeof owner);
    ck_assert_int_eq(store_put(txn, span_of(&one, sizeof one), span_of(bytes, len)), OK);
    ck_assert_int_eq(store_commit(&txn), OK);
    store_close(store);
    store = NULL;
    struct buf out = buf_of(bytes, sizeof bytes);
    ck_assert_int_eq(vault_open(folder, master, false, &vault), OK);
    ck_assert_int_eq(get(vault, 1, &out), ERR_AUTH);
}

END_TEST

static bool is_even(void *context, const struct id *secret_id, const struct id *integration_id)
{
    unsigned *asked = context;
    (*asked)++;
    ck_assert_mem_eq(secret_id->uuid, integration_id->uuid, sizeof secret_id->uuid);
    for (uint8_t i = 0; i < 20; i += 2) {
        const struct id even = id_number(ID_SECRET, i);
        if (id_equal(&even, secret_id)) {
            return true;
        }
    }
    return false;
}

START_TEST(a_sweep_deletes_what_nobody_names)
{
    uint8_t bytes[100];
    struct buf out = buf_of(bytes, sizeof bytes);
    OWNED(vault_close) struct vault *vault = NULL;
    ck_assert_int_eq(vault_open(folder, master, false, &vault), OK);
    uint64_t deleted = 7;
    unsigned asked = 0;
    struct id from = {0};
    ck_assert_int_eq(vault_sweep(vault, is_even, &asked, UINT32_MAX, &from, &deleted), OK);
    ck_assert_uint_eq(deleted, 0);
    for (uint8_t i = 0; i < 15; i++) {
        put(vault, i, "secret");
    }
    ck_assert_int_eq(vault_sweep(vault, is_even, &asked, 4, &from, &deleted), OK);
    ck_assert_uint_eq(asked, 4);
    ck_assert_uint_eq(deleted, 2);
    ck_assert(!id_is_none(&from));
    ck_assert_int_eq(vault_sweep(vault, is_even, &asked, UINT32_MAX, &from, &deleted), OK);
    ck_assert_uint_eq(asked, 15);
    ck_assert_uint_eq(deleted, 5);
    ck_assert(id_is_none(&from));
    for (uint8_t i = 0; i < 15; i++) {
        ck_assert_int_eq(get(vault, i, &out), i % 2 == 0 ? OK : ERR_NOT_FOUND);
    }
    const struct id secret_id = id_number(ID_SECRET, 2);
    ck_assert_int_eq(vault_delete(vault, &secret_id), OK);
    ck_assert_int_eq(vault_delete(vault, &secret_id), ERR_NOT_FOUND);
}

END_TEST

START_TEST(a_vault_that_is_not_in_its_place_any_more_keeps_nothing)
{
    OWNED(vault_close) struct vault *vault = NULL;
    const struct id secret_id = id_number(ID_SECRET, 2);
    const struct vault_secret lost = {.id = secret_id, .owner_id = secret_id, .plain = SPAN("lost")};
    const uint8_t randomness[VAULT_RANDOMNESS_LEN] = {2};
    char path[FOLDER_MAX + 40];
    char away[FOLDER_MAX + 40];
    snprintf(path, sizeof path, "%s/data.mdb", folder);
    snprintf(away, sizeof away, "%s/away.mdb", folder);
    ck_assert_int_eq(vault_open(folder, master, false, &vault), OK);
    put(vault, 1, "kept");
    ck_assert_int_eq(rename(path, away), 0);
    ck_assert_int_eq(vault_put(vault, &lost, randomness), ERR_IO);
    ck_assert_int_eq(rename(away, path), 0);
    put(vault, 3, "kept again");
}

END_TEST

START_TEST(a_secret_has_a_limit)
{
    OWNED(vault_close) struct vault *vault = NULL;
    ck_assert_int_eq(vault_open(folder, master, false, &vault), OK);
    const struct id secret_id = id_number(ID_SECRET, 1);
    const uint8_t randomness[VAULT_RANDOMNESS_LEN] = {0};
    uint8_t *large = calloc(1, VAULT_PLAIN_MAX + 1);
    struct vault_secret secret = {.id = secret_id, .owner_id = secret_id, .plain = span_of(large, VAULT_PLAIN_MAX + 1)};
    ck_assert_int_eq(vault_put(vault, &secret, randomness), ERR_TOO_LONG);
    secret.plain.len = VAULT_PLAIN_MAX;
    ck_assert_int_eq(vault_put(vault, &secret, randomness), OK);
    free(large);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("vault");
    TCase *vaults = tcase_create("vaults");
    tcase_add_checked_fixture(vaults, begin, end);
    tcase_add_test(vaults, a_secret_is_found_again_by_the_next_process);
    tcase_add_test(vaults, another_master_key_opens_nothing);
    tcase_add_loop_test(vaults, a_row_cannot_be_passed_off_as_another_secret_or_account, 0,
                        sizeof passed_off / sizeof *passed_off);
    tcase_add_test(vaults, a_row_whose_owner_was_damaged_opens_nothing);
    tcase_add_test(vaults, a_sweep_deletes_what_nobody_names);
    tcase_add_test(vaults, a_vault_that_is_not_in_its_place_any_more_keeps_nothing);
    tcase_add_test(vaults, a_secret_has_a_limit);
    suite_add_tcase(suite, vaults);
    return run_suite(suite);
}
