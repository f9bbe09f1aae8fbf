/* data_keys_test.c: what a process is given lies in a file for it alone, is mended when it is not what it was, and
 * opens nothing that another process holds. */
#include <check.h>
#include <stdio.h>
#include <sys/stat.h>

#include "core/base/process.h"
#include "core/ledger/data.h"
#include "tests/folder.h"
#include "tests/suite.h"

static char parent[FOLDER_MAX];
static char path[300];
static struct data_folder data;

static void set_up(void)
{
    make_folder(parent);
    (void)snprintf(path, sizeof path, "%s/data", parent);
    ck_assert_int_eq(data_create(path, 1, &data), OK);
}

static void tear_down(void)
{
    remove_folder(parent);
}

static void check_file(const char *name, enum err (*make)(void), const uint8_t expected[32])
{
    char file[400];
    uint8_t there[32];
    struct stat stat;
    (void)snprintf(file, sizeof file, "%s/%s", path, name);
    for (int damage = 0; damage < 3; damage++) {
        ck_assert_int_eq(make(), OK);
        ck_assert_int_eq(data_secret(&data, name, there), OK);
        ck_assert_mem_eq(there, expected, sizeof there);
        ck_assert_int_eq(lstat(file, &stat), 0);
        ck_assert_uint_eq(stat.st_mode & 0777, 0600);
        ck_assert_int_eq(file_write(file, damage == 0 ? SPAN("short") : SPAN("12345678901234567890123456789012"), 0600),
                         OK);
    }
}

static enum err make_identity(void)
{
    return data_identity_key_write(&data);
}

static enum err make_link(void)
{
    return data_link_key_write(&data, "bluesky");
}

START_TEST(a_process_is_given_its_own_key_in_a_file)
{
    uint8_t secret[32];
    uint8_t key[32];
    ck_assert_int_eq(data_secret(&data, "wire.secret", secret), OK);
    identity_key(secret, key);
    check_file("identity.key", make_identity, key);
    link_key(secret, SPAN("bluesky"), key);
    check_file("adapter-bluesky.key", make_link, key);
}

END_TEST

START_TEST(the_gateway_has_the_link_alone)
{
    uint8_t secret[32];
    uint8_t key[32];
    uint8_t link[32];
    uint8_t gateways[32];
    ck_assert_int_eq(data_secret(&data, "wire.secret", secret), OK);
    identity_key(secret, key);
    identity_link_key(key, link);
    ck_assert_int_eq(data_identity_link_key(&data, gateways), OK);
    ck_assert_mem_eq(gateways, link, sizeof link);
    ck_assert_mem_ne(gateways, key, sizeof key);
}

END_TEST

START_TEST(without_the_secret_there_is_no_key)
{
    char file[400];
    uint8_t key[32];
    (void)snprintf(file, sizeof file, "%s/wire.secret", path);
    ck_assert_int_eq(remove(file), 0);
    ck_assert_int_eq(data_identity_link_key(&data, key), ERR_NOT_FOUND);
    ck_assert_int_eq(data_identity_key_write(&data), ERR_NOT_FOUND);
    ck_assert_int_eq(data_link_key_write(&data, "bluesky"), ERR_NOT_FOUND);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("data_keys");
    TCase *tcase = tcase_create("data_keys");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_process_is_given_its_own_key_in_a_file);
    tcase_add_test(tcase, the_gateway_has_the_link_alone);
    tcase_add_test(tcase, without_the_secret_there_is_no_key);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
