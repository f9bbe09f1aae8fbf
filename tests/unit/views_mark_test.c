/* views_mark_test.c: when the mark beside the views vouches for them, and when it no longer does. */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/process.h"
#include "core/ledger/data.h"
#include "core/store/store.h"
#include "tests/contract/log_world.h"
#include "tests/folder.h"
#include "tests/suite.h"

static struct data_folder data; /* its paths are long */

static void begin_folder(char folder[256])
{
    char path[DATA_PATH_MAX];
    make_folder(folder);
    ck_assert_int_eq(data_create(folder, T0, &data), OK);
    ck_assert_int_eq(path_join(path, sizeof path, data.log_path, "data.mdb"), OK);
    ck_assert_int_eq(file_write(path, SPAN("x"), 0640), OK);
    ck_assert_int_eq(data_settle(&data), OK);
}

static bool is_trusted(void)
{
    bool trusted = false;
    ck_assert_int_eq(data_views_begin(&data, &trusted), OK);
    return trusted;
}

START_TEST(views_that_nobody_vouches_for_are_not_trusted_until_they_were_made)
{
    char folder[256];
    begin_folder(folder);
    ck_assert(!is_trusted());
    ck_assert(!is_trusted()); /* making them was not finished */
    ck_assert_int_eq(data_views_good(&data), OK);
    ck_assert(is_trusted());
    remove_folder(folder);
}

END_TEST

START_TEST(three_processes_in_a_row_that_end_at_once_are_one_too_many)
{
    char folder[256];
    begin_folder(folder);
    ck_assert_int_eq(data_views_good(&data), OK); /* left by one that did not end in order */
    ck_assert(is_trusted());
    ck_assert(is_trusted());
    ck_assert(data_views_left(&data)); /* nothing is known against them: they may be read once */
    ck_assert(!is_trusted());
    ck_assert(!data_views_left(&data));
    remove_folder(folder);
}

END_TEST

START_TEST(one_that_served_for_a_while_or_ended_in_order_ends_the_trial)
{
    char folder[256];
    begin_folder(folder);
    ck_assert_int_eq(data_views_good(&data), OK);
    for (int i = 0; i < 20; i++) {
        ck_assert(is_trusted());
        ck_assert(is_trusted());
        ck_assert_int_eq(i % 2 == 0 ? data_views_good(&data) : data_views_clean(&data), OK);
        if (i % 2 == 1) {
            ck_assert(is_trusted()); /* the first after an end in order is on no trial */
        }
    }
    remove_folder(folder);
}

END_TEST

START_TEST(views_that_were_left_under_another_boot_are_not_trusted)
{
    char folder[256];
    begin_folder(folder);
    ck_assert_int_eq(data_views_good(&data), OK);
    ck_assert(is_trusted());
    data.boot_id[0] = data.boot_id[0] == '0' ? '1' : '0'; /* what the kernel had not written yet is gone */
    ck_assert(!is_trusted());
    ck_assert_int_eq(data_views_clean(&data), OK); /* flushed in order: no boot matters */
    data.boot_id[0] = data.boot_id[0] == '0' ? '1' : '0';
    ck_assert(is_trusted());
    remove_folder(folder);
}

END_TEST

START_TEST(doubted_views_are_not_trusted_and_can_be_thrown_away_unseen)
{
    char folder[256];
    char path[DATA_PATH_MAX];
    begin_folder(folder);
    ck_assert_int_eq(data_views_clean(&data), OK);
    ck_assert_int_eq(data_views_doubt(&data), OK);
    ck_assert(!is_trusted());
    ck_assert_int_eq(data_views_discard(&data), OK); /* there is no file yet */
    ck_assert_int_eq(path_join(path, sizeof path, data.views_path, "data.mdb"), OK);
    ck_assert_int_eq(file_write(path, SPAN("garbage"), 0640), OK);
    ck_assert_int_eq(data_views_discard(&data), OK);
    ck_assert_int_ne(access(path, F_OK), 0);
    remove_folder(folder);
}

END_TEST

/* The file in a folder of data's is whole, and what it says. */
static void assert_holds(const char *folder, const char *name, struct span said)
{
    char path[DATA_PATH_MAX];
    uint8_t bytes[64];
    struct buf found = buf_of(bytes, sizeof bytes);
    ck_assert_int_eq(path_join(path, sizeof path, folder, name), OK);
    ck_assert_int_eq(file_read(path, &found), OK);
    ck_assert(span_equal(buf_span(&found), said));
}

/* Neither opening nor discarding touches what is not the folder's own, nor the mark. */
static void assert_refused(void)
{
    bool trusted = false;
    assert_holds(data.views_path, "mark", SPAN("doubtful"));
    ck_assert_int_eq(data_views_begin(&data, &trusted), ERR_BUSY);
    ck_assert_int_eq(data_views_discard(&data), ERR_BUSY);
    assert_holds(data.log_path, "data.mdb", SPAN("x"));
    assert_holds(data.views_path, "mark", SPAN("doubtful"));
}

START_TEST(a_file_that_is_not_the_folders_own_is_refused_and_left_as_it_is)
{
    char folder[256];
    char views[DATA_PATH_MAX];
    char other[DATA_PATH_MAX];
    begin_folder(folder);
    ck_assert_int_eq(data_views_doubt(&data), OK);
    ck_assert_int_eq(path_join(views, sizeof views, data.views_path, "data.mdb"), OK);
    ck_assert_int_eq(path_join(other, sizeof other, data.log_path, "data.mdb"), OK);
    ck_assert_int_eq(symlink("../log/data.mdb", views), 0); /* to the log */
    assert_refused();
    ck_assert_int_eq(unlink(views), 0);
    ck_assert_int_eq(link(other, views), 0); /* the log under another name */
    assert_refused();
    ck_assert_int_eq(unlink(views), 0);
    ck_assert_int_eq(path_join(other, sizeof other, data.vault_path, "data.mdb"), OK);
    ck_assert_int_eq(file_write(other, SPAN("secrets"), 0640), OK);
    ck_assert_int_eq(link(other, views), 0);
    assert_refused();
    assert_holds(data.vault_path, "data.mdb", SPAN("secrets"));
    ck_assert_int_eq(unlink(views), 0);
    ck_assert_int_eq(mkfifo(views, 0640), 0);
    assert_refused();
    remove_folder(folder);
}

END_TEST

START_TEST(views_that_somebody_else_writes_to_are_refused_even_through_a_linked_folder)
{
    char folder[256];
    char theirs[DATA_PATH_MAX];
    char file[DATA_PATH_MAX];
    bool trusted = true;
    begin_folder(folder);
    ck_assert_int_eq(data_views_doubt(&data), OK);
    ck_assert_int_eq(path_join(theirs, sizeof theirs, data.path, "theirs"), OK);
    ck_assert_int_eq(rename(data.views_path, theirs), 0);
    ck_assert_int_eq(symlink("theirs", data.views_path), 0);
    ck_assert_int_eq(path_join(file, sizeof file, theirs, "data.mdb"), OK);
    ck_assert_int_eq(file_write(file, SPAN("rows"), 0640), OK);
    const int fd = open(file, O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(flock(fd, LOCK_EX), 0);
    assert_refused();
    assert_holds(theirs, "data.mdb", SPAN("rows"));
    ck_assert_int_eq(close(fd), 0); /* now nobody does */
    ck_assert_int_eq(data_views_begin(&data, &trusted), OK);
    ck_assert(!trusted);
    ck_assert_int_eq(data_views_discard(&data), OK);
    ck_assert_int_ne(access(file, F_OK), 0);
    remove_folder(folder);
}

END_TEST

START_TEST(who_reads_discarded_views_keeps_its_rows_and_gets_no_more_of_them)
{
    char folder[256];
    int go[2];
    int went[2];
    char byte = 'x';
    begin_folder(folder);
    ck_assert_int_eq(pipe(go), 0);
    ck_assert_int_eq(pipe(went), 0);
    const pid_t child = fork(); /* before the environment is opened: it must not cross a fork */
    if (child == 0) {
        struct store *store = NULL;
        struct store_txn *old = NULL;
        struct store_txn *txn = NULL;
        struct span value;
        bool good = read(go[0], &byte, 1) == 1 && store_lmdb_open(data.views_path, (size_t)1 << 24, true, &store) == OK;
        good = good && store_begin(store, false, &txn) == ERR_REBUILDING && store_is_in_place(store);
        good = write(went[1], "x", 1) == 1 && read(go[0], &byte, 1) == 1 && good; /* now they are whole … */
        good = good && store_begin(store, false, &old) == OK;
        good = write(went[1], "x", 1) == 1 && read(go[0], &byte, 1) == 1 && good; /* … and now they are discarded */
        good = good && store_get(old, SPAN("a"), &value) == OK && span_equal(value, SPAN("1"));
        good = good && store_renew(old) == ERR_REBUILDING && store_begin(store, false, &txn) == ERR_REBUILDING;
        good = good && !store_is_in_place(store);
        store_abort(old);
        store_close(store);
        _exit(good ? 0 : 1);
    }
    struct store *store = NULL;
    struct store_txn *txn = NULL;
    ck_assert_int_eq(store_lmdb_open(data.views_path, (size_t)1 << 24, false, &store), OK);
    ck_assert_int_eq(write(go[1], &byte, 1), 1);
    ck_assert_int_eq(read(went[0], &byte, 1), 1);
    ck_assert_int_eq(store_begin(store, true, &txn), OK);
    ck_assert_int_eq(store_put(txn, SPAN("a"), SPAN("1")), OK);
    ck_assert_int_eq(store_commit(&txn), OK);
    store_set_whole(store, true);
    ck_assert_int_eq(write(go[1], &byte, 1), 1);
    ck_assert_int_eq(read(went[0], &byte, 1), 1);
    store_close(store);
    ck_assert_int_eq(data_views_discard(&data), OK);
    ck_assert_int_eq(write(go[1], &byte, 1), 1);
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    remove_folder(folder);
}

END_TEST

START_TEST(views_whose_folder_was_thrown_away_get_one_and_are_not_trusted)
{
    char folder[256];
    char path[DATA_PATH_MAX];
    begin_folder(folder);
    ck_assert_int_eq(data_views_clean(&data), OK);
    ck_assert_int_eq(path_join(path, sizeof path, data.views_path, "mark"), OK);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(rmdir(data.views_path), 0);
    ck_assert(!is_trusted());
    ck_assert_int_eq(data_views_good(&data), OK);
    ck_assert(is_trusted());
    remove_folder(folder);
}

END_TEST

/* No file may grow: to whoever writes one, that is a full disk. */
static void fill_disk(bool full)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = full ? 0 : limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(a_full_disk_on_which_a_small_file_is_missing_is_told_as_full)
{
    char folder[256];
    char path[DATA_PATH_MAX];
    bool trusted = true;
    begin_folder(folder);
    ck_assert_int_eq(data_unsettle(&data), OK); /* no file identity, nor views/mark, ledger.url and clock */
    fill_disk(true);
    const enum err begun = data_views_begin(&data, &trusted);
    const enum err settled = data_settle(&data);
    const enum err addressed = data_address_write(&data, "tcp://127.0.0.1:7410");
    const enum err clocked = data_clock_write(&data, 1);
    fill_disk(false);
    ck_assert_int_eq(begun, OK);
    ck_assert(!trusted);
    ck_assert_int_eq(settled, ERR_NO_SPACE);
    ck_assert_int_eq(addressed, ERR_NO_SPACE);
    ck_assert_int_eq(clocked, ERR_NO_SPACE);
    ck_assert_int_eq(path_join(path, sizeof path, data.views_path, "mark.new"), OK);
    ck_assert_int_ne(access(path, F_OK), 0);
    remove_folder(folder);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("views_mark");
    TCase *tcase = tcase_create("views_mark");
    tcase_add_test(tcase, views_that_nobody_vouches_for_are_not_trusted_until_they_were_made);
    tcase_add_test(tcase, three_processes_in_a_row_that_end_at_once_are_one_too_many);
    tcase_add_test(tcase, one_that_served_for_a_while_or_ended_in_order_ends_the_trial);
    tcase_add_test(tcase, views_that_were_left_under_another_boot_are_not_trusted);
    tcase_add_test(tcase, doubted_views_are_not_trusted_and_can_be_thrown_away_unseen);
    tcase_add_test(tcase, a_file_that_is_not_the_folders_own_is_refused_and_left_as_it_is);
    tcase_add_test(tcase, views_that_somebody_else_writes_to_are_refused_even_through_a_linked_folder);
    tcase_add_test(tcase, who_reads_discarded_views_keeps_its_rows_and_gets_no_more_of_them);
    tcase_add_test(tcase, views_whose_folder_was_thrown_away_get_one_and_are_not_trusted);
    tcase_add_test(tcase, a_full_disk_on_which_a_small_file_is_missing_is_told_as_full);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
