/* vault_people_test.c: what is kept about people: sealed under keys that can be destroyed, found by a text that lies
 * nowhere, gone for good when it is deleted, whatever a crash leaves. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/process.h"
#include "core/store/store.h"
#include "core/vault/slots.h"
#include "core/vault/vault.h"
#include "tests/folder.h"
#include "tests/ids.h"
#include "tests/suite.h"

static const uint8_t master[BOX_KEY_LEN] = {1};
static char folder[FOLDER_MAX];

static void begin(void)
{
    make_folder(folder);
}

static void end(void)
{
    remove_folder(folder);
}

static struct vault *open_it(bool read_only)
{
    struct vault *vault = NULL;
    ck_assert_int_eq(vault_open(folder, master, read_only, &vault), OK);
    return vault;
}

/* A key whose bytes are nobody else's, so that a file can be searched for them. */
static void fill_key(uint8_t number, uint8_t randomness[VAULT_RANDOMNESS_LEN])
{
    memset(randomness, 0xA0 + number, VAULT_RANDOMNESS_LEN);
    memcpy(randomness + 12, "the key of the secret", 21);
}

static void put(struct vault *vault, uint8_t number, enum id_kind owner, const char *plain, const char *found_by)
{
    uint8_t randomness[VAULT_RANDOMNESS_LEN];
    const struct vault_secret secret = {.id = id_number(ID_SECRET, number),
                                        .owner_id = id_number(owner, number),
                                        .plain = span_text(plain),
                                        .found_by = span_text(found_by)};
    fill_key(number, randomness);
    ck_assert_int_eq(vault_put(vault, &secret, randomness), OK);
}

static enum err get(struct vault *vault, uint8_t number, const char *expected)
{
    const struct id secret_id = id_number(ID_SECRET, number);
    uint8_t bytes[200];
    struct buf out = buf_of(bytes, sizeof bytes);
    const enum err err = vault_get(vault, &secret_id, &out);
    if (err == OK) {
        ck_assert(span_equal(buf_span(&out), span_text(expected)));
    }
    return err;
}

/* How often the bytes lie in a file of the vault. */
static unsigned count_in(const char *name, struct span what)
{
    char path[FOLDER_MAX + 40];
    unsigned count = 0;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    const size_t len = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(len + 1);
    ck_assert_uint_eq(fread(bytes, 1, len, file), len);
    fclose(file);
    const uint8_t *at = bytes;
    while ((at = memmem(at, len - (size_t)(at - bytes), what.data, what.len)) != NULL) {
        count++;
        at++;
    }
    free(bytes);
    return count;
}

static struct span key_bytes(uint8_t number, uint8_t randomness[VAULT_RANDOMNESS_LEN])
{
    fill_key(number, randomness);
    return span_of(randomness + 12, BOX_KEY_LEN);
}

static const enum id_kind owners[] = {ID_USER, ID_MEMBER, ID_SESSION};

START_TEST(what_names_somebody_lies_nowhere_in_clear_and_its_key_in_its_slot_alone)
{
    uint8_t randomness[VAULT_RANDOMNESS_LEN];
    OWNED(vault_close) struct vault *vault = open_it(false);
    for (uint8_t i = 0; i < 3; i++) {
        put(vault, i, owners[i], "ada@example.test", "address ada@example.test");
        ck_assert_int_eq(get(vault, i, "ada@example.test"), OK);
        ck_assert_uint_eq(count_in("subject.keys", key_bytes(i, randomness)), 1);
        ck_assert_uint_eq(count_in("data.mdb", key_bytes(i, randomness)), 0);
    }
    ck_assert_uint_eq(count_in("data.mdb", SPAN("example.test")), 0);
    ck_assert_uint_eq(count_in("subject.keys", SPAN("example.test")), 0);
    put(vault, 4, ID_PROVIDER, "secret", "");
    ck_assert_uint_eq(count_in("subject.keys", key_bytes(4, randomness)), 0); /* nobody's name: as an account's */
    ck_assert_uint_eq(count_in("account.keys", key_bytes(4, randomness)), 1);
    ck_assert_int_eq(get(vault, 4, "secret"), OK);
    put(vault, 5, ID_KEY, "tag key", "");
    ck_assert_uint_eq(count_in("account.keys", key_bytes(5, randomness)), 0);
    ck_assert_int_eq(get(vault, 5, "tag key"), OK);
    char path[FOLDER_MAX + 40];
    struct stat about;
    snprintf(path, sizeof path, "%s/subject.keys", folder);
    ck_assert_int_eq(stat(path, &about), 0);
    ck_assert_uint_eq(about.st_mode & 0777, 0600);
    ck_assert_int_eq(about.st_size, 3 * 64);
}

END_TEST

START_TEST(another_process_opens_it_with_both_keys_only)
{
    struct vault *vault = open_it(false);
    put(vault, 1, ID_USER, "ada", "");
    vault_close(vault);
    vault = open_it(false);
    ck_assert_int_eq(get(vault, 1, "ada"), OK);
    vault_close(vault);
    vault = open_it(true); /* who only reads is not given people's keys */
    ck_assert_int_eq(get(vault, 1, NULL), ERR_NOT_FOUND);
    vault_close(vault);
    const uint8_t other[BOX_KEY_LEN] = {2};
    ck_assert_int_eq(vault_open(folder, other, false, &vault), OK);
    ck_assert_int_eq(get(vault, 1, NULL), ERR_AUTH);
    vault_close(vault);
}

END_TEST

/* The row as it was, under the id that it had. */
static size_t copy_row(uint8_t number, uint8_t *bytes, size_t cap)
{
    OWNED(store_close) struct store *store = NULL;
    OWNED(store_abort) struct store_txn *txn = NULL;
    const struct id id = id_number(ID_SECRET, number);
    struct span row;
    ck_assert_int_eq(store_lmdb_open(folder, VAULT_MAP_BYTES, false, &store), OK);
    ck_assert_int_eq(store_begin(store, false, &txn), OK);
    ck_assert_int_eq(store_get(txn, span_of(&id, sizeof id), &row), OK);
    ck_assert_uint_le(row.len, cap);
    memcpy(bytes, row.data, row.len);
    return row.len;
}

static void put_row(uint8_t number, const uint8_t *bytes, size_t len)
{
    OWNED(store_close) struct store *store = NULL;
    OWNED(store_abort) struct store_txn *txn = NULL;
    const struct id id = id_number(ID_SECRET, number);
    ck_assert_int_eq(store_lmdb_open(folder, VAULT_MAP_BYTES, false, &store), OK);
    ck_assert_int_eq(store_begin(store, true, &txn), OK);
    ck_assert_int_eq(store_put(txn, span_of(&id, sizeof id), span_of(bytes, len)), OK);
    ck_assert_int_eq(store_commit(&txn), OK);
}

START_TEST(what_is_deleted_is_destroyed_even_for_who_kept_the_row)
{
    uint8_t randomness[VAULT_RANDOMNESS_LEN];
    uint8_t row[300];
    const struct id id = id_number(ID_SECRET, 1);
    struct id found = {0};
    struct id owner;
    struct vault *vault = open_it(false);
    put(vault, 1, ID_USER, "ada", "address ada");
    put(vault, 2, ID_USER, "bob", "address bob");
    vault_close(vault);
    const size_t len = copy_row(1, row, sizeof row);
    vault = open_it(false);
    ck_assert_int_eq(vault_delete(vault, &id), OK);
    ck_assert_uint_eq(count_in("subject.keys", key_bytes(1, randomness)), 0);
    ck_assert_uint_eq(count_in("subject.keys", key_bytes(2, randomness)), 1);
    ck_assert_uint_eq(count_in("subject.keys", span_of(&id, sizeof id)), 0);
    ck_assert_int_eq(vault_find(vault, SPAN("address ada"), &found, &owner), ERR_NOT_FOUND);
    ck_assert_int_eq(vault_delete(vault, &id), ERR_NOT_FOUND);
    vault_close(vault);
    put_row(1, row, len); /* as from a page that LMDB left behind */
    vault = open_it(false);
    ck_assert_int_eq(get(vault, 1, NULL), ERR_NOT_FOUND);
    put(vault, 3, ID_USER, "eve", ""); /* takes the slot that is free */
    ck_assert_int_eq(get(vault, 1, NULL), ERR_NOT_FOUND);
    ck_assert_int_eq(get(vault, 2, "bob"), OK);
    ck_assert_int_eq(get(vault, 3, "eve"), OK);
    ck_assert_int_eq(vault_delete(vault, &id), OK);
    ck_assert_int_eq(get(vault, 3, "eve"), OK); /* whose slot it was is looked at */
    vault_close(vault);
}

END_TEST

START_TEST(an_accounts_credentials_are_destroyed_with_their_key)
{
    uint8_t randomness[VAULT_RANDOMNESS_LEN];
    uint8_t row[300];
    const struct id id = id_number(ID_SECRET, 1);
    struct vault *vault = open_it(false);
    put(vault, 1, ID_INTEGRATION, "app-password", "");
    put(vault, 2, ID_INTEGRATION, "another", "");
    ck_assert_uint_eq(count_in("data.mdb", key_bytes(1, randomness)), 0);
    ck_assert_uint_eq(count_in("account.keys", key_bytes(1, randomness)), 1);
    vault_close(vault);
    vault = open_it(true); /* the scheduler: it gives an adapter what a job needs */
    ck_assert_int_eq(get(vault, 1, "app-password"), OK);
    vault_close(vault);
    const size_t len = copy_row(1, row, sizeof row);
    const struct span box = span_of(row + len - 40, 40); /* the last bytes of it */
    vault = open_it(false);
    ck_assert_int_eq(vault_delete(vault, &id), OK);
    ck_assert_uint_eq(count_in("account.keys", key_bytes(1, randomness)), 0);
    ck_assert_uint_eq(count_in("account.keys", span_of(&id, sizeof id)), 0);
    ck_assert_uint_ge(count_in("data.mdb", box), 1); /* LMDB left it where it was: without its key */
    ck_assert_int_eq(get(vault, 2, "another"), OK);
    vault_close(vault);
    put_row(1, row, len);
    for (int i = 0; i < 2; i++) {
        vault = open_it(i == 1);
        ck_assert_int_eq(get(vault, 1, NULL), ERR_NOT_FOUND);
        ck_assert_int_eq(get(vault, 2, "another"), OK);
        vault_close(vault);
    }
}

END_TEST

/* As an older version wrote it: owner, box; under the owner's key alone. */
START_TEST(a_row_without_a_slot_opens_and_has_one_when_it_is_put_again)
{
    uint8_t randomness[VAULT_RANDOMNESS_LEN];
    uint8_t bytes[300];
    uint8_t key[BOX_KEY_LEN];
    char purpose[64];
    struct buf text = buf_of(purpose, sizeof purpose);
    struct buf row = buf_of(bytes, sizeof bytes);
    const struct id id = id_number(ID_SECRET, 1);
    const struct id owner_id = id_number(ID_INTEGRATION, 1);
    fill_key(1, randomness);
    buf_text(&text, "openpost vault ");
    id_write(&text, &owner_id);
    ck_assert_int_eq(box_derive(master, buf_terminated(&text), key), OK);
    buf_put(&row, span_of(&owner_id, sizeof owner_id));
    ck_assert_int_eq(box_seal(key, randomness, span_of(&id, sizeof id), SPAN("app-password"), &row), OK);
    vault_close(open_it(false));
    put_row(1, bytes, row.len);
    struct vault *vault = open_it(false);
    ck_assert_int_eq(get(vault, 1, "app-password"), OK);
    put(vault, 1, ID_INTEGRATION, "another", "");
    ck_assert_int_eq(get(vault, 1, "another"), OK);
    ck_assert_uint_eq(count_in("account.keys", key_bytes(1, randomness)), 1);
    ck_assert_int_eq(vault_delete(vault, &id), OK);
    ck_assert_uint_eq(count_in("account.keys", key_bytes(1, randomness)), 0);
    vault_close(vault);
}

END_TEST

START_TEST(all_who_put_a_text_are_found_by_it_and_nobody_else)
{
    OWNED(vault_close) struct vault *vault = open_it(false);
    struct id found = {0};
    struct id owner;
    put(vault, 1, ID_USER, "one", "address ada");
    put(vault, 2, ID_USER, "two", "address ada");
    put(vault, 3, ID_USER, "three", "address bob");
    put(vault, 4, ID_USER, "four", "");
    for (uint8_t i = 1; i <= 2; i++) {
        const struct id secret_id = id_number(ID_SECRET, i);
        const struct id owner_id = id_number(ID_USER, i);
        ck_assert_int_eq(vault_find(vault, SPAN("address ada"), &found, &owner), OK);
        ck_assert(id_equal(&found, &secret_id));
        ck_assert(id_equal(&owner, &owner_id));
    }
    ck_assert_int_eq(vault_find(vault, SPAN("address ada"), &found, &owner), ERR_NOT_FOUND);
    found = (struct id){0};
    ck_assert_int_eq(vault_find(vault, SPAN("address ad"), &found, &owner), ERR_NOT_FOUND);
    ck_assert_int_eq(vault_find(vault, SPAN(""), &found, &owner), ERR_NOT_FOUND);
}

END_TEST

START_TEST(a_secret_that_is_put_again_is_found_by_what_it_is_now)
{
    uint8_t randomness[VAULT_RANDOMNESS_LEN];
    OWNED(vault_close) struct vault *vault = open_it(false);
    struct id found = {0};
    struct id owner;
    put(vault, 1, ID_USER, "old", "address old");
    const struct vault_secret again = {.id = id_number(ID_SECRET, 1),
                                       .owner_id = id_number(ID_USER, 1),
                                       .plain = SPAN("new"),
                                       .found_by = SPAN("address new")};
    memset(randomness, 7, sizeof randomness);
    ck_assert_int_eq(vault_put(vault, &again, randomness), OK);
    ck_assert_int_eq(get(vault, 1, "new"), OK);
    ck_assert_int_eq(vault_find(vault, SPAN("address old"), &found, &owner), ERR_NOT_FOUND);
    ck_assert_int_eq(vault_find(vault, SPAN("address new"), &found, &owner), OK);
    ck_assert_uint_eq(count_in("subject.keys", key_bytes(1, randomness)), 0);
}

END_TEST

START_TEST(a_crash_between_a_second_put_and_the_end_of_the_first_key_is_made_good)
{
    uint8_t randomness[VAULT_RANDOMNESS_LEN];
    struct slots slots;
    uint32_t slot = 0;
    const struct id id = id_number(ID_SECRET, 1);
    struct vault *vault = open_it(false);
    put(vault, 1, ID_USER, "ada", "");
    vault_close(vault);
    const uint8_t key[BOX_KEY_LEN] = {5, 5, 5, 5, 5, 5, 5, 5};
    ck_assert_int_eq(slots_open(folder, SLOTS_PEOPLE, false, &slots), OK);
    ck_assert_int_eq(slots_take(&slots, &id, key, &slot), OK);
    ck_assert_uint_eq(slot, 1);
    slots_close(&slots);
    vault = open_it(false);
    ck_assert_uint_eq(count_in("subject.keys", span_of(key, 8)), 0);
    ck_assert_uint_eq(count_in("subject.keys", key_bytes(1, randomness)), 1);
    ck_assert_int_eq(get(vault, 1, "ada"), OK);
    vault_close(vault);
}

END_TEST

START_TEST(a_key_whose_row_is_not_there_waits_for_it)
{
    uint8_t row[300];
    const struct id id = id_number(ID_SECRET, 1);
    struct vault *vault = open_it(false);
    put(vault, 1, ID_USER, "ada", "");
    vault_close(vault);
    const size_t len = copy_row(1, row, sizeof row);
    OWNED(store_close) struct store *store = NULL;
    OWNED(store_abort) struct store_txn *txn = NULL;
    ck_assert_int_eq(store_lmdb_open(folder, VAULT_MAP_BYTES, false, &store), OK);
    ck_assert_int_eq(store_begin(store, true, &txn), OK);
    ck_assert_int_eq(store_delete(txn, span_of(&id, sizeof id)), OK);
    ck_assert_int_eq(store_commit(&txn), OK);
    store_close(store);
    store = NULL;
    vault = open_it(false);
    put(vault, 2, ID_USER, "bob", "");
    vault_close(vault);
    put_row(1, row, len);
    vault = open_it(false);
    ck_assert_int_eq(get(vault, 1, "ada"), OK);
    ck_assert_int_eq(get(vault, 2, "bob"), OK);
    vault_close(vault);
}

END_TEST

START_TEST(a_damaged_row_opens_nothing_and_can_be_deleted)
{
    uint8_t row[300];
    const struct id id = id_number(ID_SECRET, 1);
    struct vault *vault = open_it(false);
    put(vault, 1, ID_USER, "ada", "address ada");
    vault_close(vault);
    const size_t len = copy_row(1, row, sizeof row);
    for (size_t cut = 0; cut < len; cut += 9) {
        put_row(1, row, cut);
        vault = open_it(false);
        ck_assert_int_ne(get(vault, 1, NULL), OK);
        vault_close(vault);
    }
    put_row(1, row, 20);
    vault = open_it(false);
    ck_assert_int_eq(vault_delete(vault, &id), OK);
    ck_assert_int_eq(get(vault, 1, NULL), ERR_NOT_FOUND);
    vault_close(vault);
}

END_TEST

static bool is_nobodys(void *context, const struct id *secret_id, const struct id *owner_id)
{
    (void)secret_id;
    (void)owner_id;
    return *(const bool *)context;
}

START_TEST(a_sweep_leaves_no_key_and_no_entry)
{
    OWNED(vault_close) struct vault *vault = open_it(false);
    struct id from = {0};
    struct id owner;
    uint64_t deleted = 0;
    bool keep = true;
    for (uint8_t i = 0; i < 5; i++) {
        put(vault, i, ID_USER, "ada", "address ada");
    }
    ck_assert_int_eq(vault_sweep(vault, is_nobodys, &keep, 100, &from, &deleted), OK);
    ck_assert_uint_eq(deleted, 0);
    keep = false;
    ck_assert_int_eq(vault_sweep(vault, is_nobodys, &keep, 100, &from, &deleted), OK);
    ck_assert_uint_eq(deleted, 5);
    ck_assert(id_is_none(&from));
    ck_assert_int_eq(vault_find(vault, SPAN("address ada"), &from, &owner), ERR_NOT_FOUND);
    ck_assert_uint_eq(count_in("subject.keys", SPAN("the key of the secret")), 0);
}

END_TEST

START_TEST(a_mac_is_one_for_each_purpose_text_and_master_key)
{
    OWNED(vault_close) struct vault *vault = open_it(false);
    uint8_t macs[4][SHA256_LEN];
    vault_mac(vault, "a", SPAN("x"), macs[0]);
    vault_mac(vault, "b", SPAN("x"), macs[1]);
    vault_mac(vault, "a", SPAN("y"), macs[2]);
    vault_mac(vault, "a", SPAN("x"), macs[3]);
    ck_assert_mem_eq(macs[0], macs[3], SHA256_LEN);
    ck_assert_mem_ne(macs[0], macs[1], SHA256_LEN);
    ck_assert_mem_ne(macs[0], macs[2], SHA256_LEN);
    vault_pretend(vault, 100); /* harmless on an empty vault */
}

END_TEST

START_TEST(a_slot_is_its_holders_only)
{
    struct slots slots;
    const struct id one = id_number(ID_SECRET, 1);
    const struct id two = id_number(ID_SECRET, 2);
    const uint8_t key[BOX_KEY_LEN] = {3};
    uint8_t read[BOX_KEY_LEN];
    struct id holder;
    uint32_t slot = 9;
    ck_assert_int_eq(slots_open(folder, SLOTS_PEOPLE, false, &slots), OK);
    ck_assert_int_eq(slots_holder(&slots, 0, &holder), ERR_NOT_FOUND);
    ck_assert_int_eq(slots_read(&slots, 0, &one, read), ERR_NOT_FOUND);
    ck_assert_int_eq(slots_erase(&slots, 0, &one), ERR_NOT_FOUND);
    ck_assert_int_eq(slots_take(&slots, &one, key, &slot), OK);
    ck_assert_uint_eq(slot, 0);
    ck_assert_int_eq(slots_read(&slots, 0, &two, read), ERR_NOT_FOUND);
    ck_assert_int_eq(slots_erase(&slots, 0, &two), ERR_NOT_FOUND);
    ck_assert_int_eq(slots_read(&slots, 0, &one, read), OK);
    ck_assert_mem_eq(read, key, sizeof key);
    ck_assert_int_eq(slots_erase(&slots, 0, &one), OK);
    ck_assert_int_eq(slots_read(&slots, 0, &one, read), ERR_NOT_FOUND);
    ck_assert_int_eq(slots_take(&slots, &two, key, &slot), OK);
    ck_assert_uint_eq(slot, 0);
    slots_close(&slots);
}

END_TEST

START_TEST(a_file_that_ends_within_a_slot_has_none_there)
{
    struct slots slots;
    const struct id one = id_number(ID_SECRET, 1);
    const uint8_t key[BOX_KEY_LEN] = {3};
    char path[FOLDER_MAX + 40];
    struct id holder;
    uint32_t slot = 9;
    snprintf(path, sizeof path, "%s/subject.keys", folder);
    ck_assert_int_eq(file_write(path, SPAN("a slot that was cut short"), 0600), OK);
    ck_assert_int_eq(slots_open(folder, SLOTS_PEOPLE, false, &slots), OK);
    ck_assert_int_eq(slots_holder(&slots, 0, &holder), ERR_NOT_FOUND);
    ck_assert_int_eq(slots_take(&slots, &one, key, &slot), OK);
    ck_assert_uint_eq(slot, 0);
    ck_assert_int_eq(slots_holder(&slots, 0, &holder), OK);
    ck_assert(id_equal(&holder, &one));
    slots_close(&slots);
}

END_TEST

START_TEST(slots_are_opened_in_a_folder_only)
{
    struct slots slots;
    char path[FOLDER_MAX + 40];
    snprintf(path, sizeof path, "%s/nowhere", folder);
    ck_assert_int_eq(slots_open(path, SLOTS_PEOPLE, false, &slots), ERR_NOT_FOUND);
    ck_assert_int_eq(slots_open(folder, SLOTS_ACCOUNTS, true, &slots), ERR_NOT_FOUND); /* who reads makes none */
    snprintf(path, sizeof path, "%s/subject.keys", folder);
    ck_assert_int_eq(symlink("elsewhere", path), 0); /* it is no way to another file */
    ck_assert_int_ne(slots_open(folder, SLOTS_PEOPLE, false, &slots), OK);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("vault_people");
    TCase *people = tcase_create("people");
    tcase_add_checked_fixture(people, begin, end);
    tcase_add_test(people, what_names_somebody_lies_nowhere_in_clear_and_its_key_in_its_slot_alone);
    tcase_add_test(people, another_process_opens_it_with_both_keys_only);
    tcase_add_test(people, what_is_deleted_is_destroyed_even_for_who_kept_the_row);
    tcase_add_test(people, an_accounts_credentials_are_destroyed_with_their_key);
    tcase_add_test(people, a_row_without_a_slot_opens_and_has_one_when_it_is_put_again);
    tcase_add_test(people, all_who_put_a_text_are_found_by_it_and_nobody_else);
    tcase_add_test(people, a_secret_that_is_put_again_is_found_by_what_it_is_now);
    tcase_add_test(people, a_crash_between_a_second_put_and_the_end_of_the_first_key_is_made_good);
    tcase_add_test(people, a_key_whose_row_is_not_there_waits_for_it);
    tcase_add_test(people, a_damaged_row_opens_nothing_and_can_be_deleted);
    tcase_add_test(people, a_sweep_leaves_no_key_and_no_entry);
    tcase_add_test(people, a_mac_is_one_for_each_purpose_text_and_master_key);
    tcase_add_test(people, a_slot_is_its_holders_only);
    tcase_add_test(people, a_file_that_ends_within_a_slot_has_none_there);
    tcase_add_test(people, slots_are_opened_in_a_folder_only);
    suite_add_tcase(suite, people);
    return run_suite(suite);
}
