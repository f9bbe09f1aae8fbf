/* journal_test.c: a log line is one line whatever is in it, and says who wrote it. */
#include "core/base/journal.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/suite.h"

/* What journal writes on stderr while it is a pipe. */
static size_t caught(char *text, size_t cap, void (*write_lines)(void))
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    const int saved = dup(STDERR_FILENO);
    ck_assert_int_ge(saved, 0);
    ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    ck_assert_int_eq(close(ends[1]), 0);
    write_lines();
    ck_assert_int_eq(dup2(saved, STDERR_FILENO), STDERR_FILENO);
    (void)close(saved);
    size_t len = 0;
    for (ssize_t got = 1; got > 0; len += (size_t)got) {
        got = read(ends[0], text + len, cap - 1 - len);
        ck_assert_int_ge(got, 0);
    }
    (void)close(ends[0]);
    text[len] = 0;
    return len;
}

static void write_levels(void)
{
    journal_open("tester", JOURNAL_WARN);
    journal(JOURNAL_DEBUG, "hidden", "n=%d", 1);
    journal(JOURNAL_INFO, "hidden", "n=%d", 2);
    journal(JOURNAL_WARN, "shown", "n=%d", 3);
    journal(JOURNAL_ERROR, "shown_too", "n=%d text=%s", 4, "\"x\"");
}

START_TEST(a_line_says_its_level_process_and_what_and_lower_levels_are_dropped)
{
    char text[1000];
    (void)caught(text, sizeof text, write_levels);
    long long ms = 0;
    char rest[500] = {0};
    ck_assert_int_eq(sscanf(text, "ms=%lld %499[^\n]", &ms, rest), 2);
    ck_assert_int_gt(ms, 1500000000000);
    ck_assert_str_eq(rest, "level=warn process=tester what=shown n=3");
    const char *second = strchr(text, '\n') + 1;
    ck_assert_int_eq(sscanf(second, "ms=%lld %499[^\n]", &ms, rest), 2);
    ck_assert_str_eq(rest, "level=error process=tester what=shown_too n=4 text=\"x\"");
    ck_assert_str_eq(strchr(second, '\n'), "\n");
}

END_TEST

static void write_a_long_line(void)
{
    char text[5000];
    memset(text, 'x', sizeof text);
    journal_open("tester", JOURNAL_INFO);
    journal(JOURNAL_INFO, "long", "text=%.*s", (int)sizeof text, text);
}

START_TEST(a_long_line_is_cut_and_still_a_line)
{
    char text[6000];
    const size_t len = caught(text, sizeof text, write_a_long_line);
    ck_assert_uint_gt(len, 1000);
    ck_assert_uint_le(len, 2048);
    ck_assert_ptr_eq(strchr(text, '\n'), text + len - 1);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("journal");
    TCase *tcase = tcase_create("journal");
    tcase_set_timeout(tcase, 60); /* the machine may be busy */
    tcase_add_test(tcase, a_line_says_its_level_process_and_what_and_lower_levels_are_dropped);
    tcase_add_test(tcase, a_long_line_is_cut_and_still_a_line);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
