/* data_clock_test.c: what the data folder remembers of the clock, and for how long: under the boot that it was noted
 * in.
 */
#include <check.h>
#include <stdio.h>

#include "core/base/process.h"
#include "core/ledger/data.h"
#include "tests/folder.h"
#include "tests/suite.h"

#define APART INT64_C(1776693600000)

struct place {
    char parent[FOLDER_MAX];
    char clock[300];
    struct data_folder data;
};

static void place_begin(struct place *place)
{
    char path[280];
    make_folder(place->parent);
    snprintf(path, sizeof path, "%s/data", place->parent);
    snprintf(place->clock, sizeof place->clock, "%s/clock", path);
    ck_assert_int_eq(data_create(path, 1, &place->data), OK);
}

static void place_end(struct place *place)
{
    remove_folder(place->parent);
}

START_TEST(what_was_noted_last_under_this_boot_is_read)
{
    struct place place;
    int64_t apart_ms = -1;
    place_begin(&place);
    ck_assert_int_eq(data_clock_read(&place.data, &apart_ms), ERR_NOT_FOUND);
    ck_assert_int_eq(data_clock_write(&place.data, 1), OK);
    ck_assert_int_eq(data_clock_write(&place.data, APART), OK);
    ck_assert_int_eq(data_clock_read(&place.data, &apart_ms), OK);
    ck_assert_int_eq(apart_ms, APART);
    place_end(&place);
}

END_TEST

START_TEST(another_boots_clock_and_nonsense_are_nothing)
{
    static const char *const texts[] = {"", "nonsense", "00000000-0000-0000-0000-000000000000 1776693600000", NULL};
    struct place place;
    int64_t apart_ms = -1;
    place_begin(&place);
    for (size_t i = 0; texts[i] != NULL; i++) {
        ck_assert_int_eq(file_write(place.clock, span_text(texts[i]), 0640), OK);
        ck_assert_int_eq(data_clock_read(&place.data, &apart_ms), ERR_NOT_FOUND);
    }
    static const char *const rests[] = {"", " ", "1", " 1x", " -1", " 9223372036854775808", NULL};
    for (size_t i = 0; rests[i] != NULL; i++) {
        char text[80];
        snprintf(text, sizeof text, "%s%s", place.data.boot_id, rests[i]);
        ck_assert_int_eq(file_write(place.clock, span_text(text), 0640), OK);
        ck_assert_int_eq(data_clock_read(&place.data, &apart_ms), ERR_NOT_FOUND);
    }
    ck_assert_int_eq(apart_ms, -1);
    place_end(&place);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("data_clock");
    TCase *tcase = tcase_create("data_clock");
    tcase_add_test(tcase, what_was_noted_last_under_this_boot_is_read);
    tcase_add_test(tcase, another_boots_clock_and_nonsense_are_nothing);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
