/* views_mark_test.c: when the mark beside the views vouches for them, and when it no longer does. */
#include <check.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/process.h"
#include "core/ledger/data.h"
#include "tests/contract/log_world.h"
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
    ck_assert(!is_trusted());
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

START_TEST(doubted_views_are_not_trusted_and_can_be_emptied_unseen)
{
    char folder[256];
    char path[DATA_PATH_MAX];
    struct stat about;
    begin_folder(folder);
    ck_assert_int_eq(data_views_clean(&data), OK);
    ck_assert_int_eq(data_views_doubt(&data), OK);
    ck_assert(!is_trusted());
    ck_assert_int_eq(data_views_discard(&data), OK); /* there is no file yet */
    ck_assert_int_eq(path_join(path, sizeof path, data.views_path, "data.mdb"), OK);
    ck_assert_int_eq(file_write(path, SPAN("garbage"), 0640), OK);
    ck_assert_int_eq(data_views_discard(&data), OK);
    ck_assert_int_eq(stat(path, &about), 0);
    ck_assert_int_eq(about.st_size, 0);
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

int main(void)
{
    Suite *suite = suite_create("views_mark");
    TCase *tcase = tcase_create("views_mark");
    tcase_add_test(tcase, views_that_nobody_vouches_for_are_not_trusted_until_they_were_made);
    tcase_add_test(tcase, three_processes_in_a_row_that_end_at_once_are_one_too_many);
    tcase_add_test(tcase, one_that_served_for_a_while_or_ended_in_order_ends_the_trial);
    tcase_add_test(tcase, views_that_were_left_under_another_boot_are_not_trusted);
    tcase_add_test(tcase, doubted_views_are_not_trusted_and_can_be_emptied_unseen);
    tcase_add_test(tcase, views_whose_folder_was_thrown_away_get_one_and_are_not_trusted);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
