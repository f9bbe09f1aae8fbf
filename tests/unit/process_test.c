/* process_test.c: the ending of a process that hangs, and what a process sets right at its start. */
#include "core/base/process.h"

#include <check.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/suite.h"

#define ROWS(table_) (sizeof(table_) / sizeof *(table_))

/* The exit code of a child whose ending hangs or is done in time; what it wrote to stderr is in ret_text. */
static int end_of_one(unsigned within_s, bool hangs, char ret_text[256])
{
    int ends[2];
    int status = 0;
    ck_assert_int_eq(pipe(ends), 0);
    const pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        process_prepare("openpost-tested");
        process_end_within(within_s);
        if (!hangs) {
            process_end_within(0);
            _exit(EXIT_GOOD);
        }
        for (;;) {
            (void)pause();
        }
    }
    (void)close(ends[1]);
    const ssize_t got = read(ends[0], ret_text, 255);
    ret_text[got > 0 ? got : 0] = 0;
    (void)close(ends[0]);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

START_TEST(an_ending_that_hangs_is_ended_and_says_so)
{
    char text[256];
    ck_assert_int_eq(end_of_one(1, true, text), EXIT_CANNOT);
    ck_assert_msg(strstr(text, "level=error process=openpost-tested what=ended_by_force ") != NULL, "%s", text);
    ck_assert_int_eq(text[strlen(text) - 1], '\n');
}

END_TEST

/* A device has no end. */
START_TEST(a_file_is_read_no_further_than_there_is_room)
{
    uint8_t bytes[5000];
    struct buf out = buf_of(bytes, sizeof bytes);
    (void)alarm(10);
    ck_assert_int_eq(file_read_any("/dev/zero", &out), ERR_TOO_LONG);
    out = buf_of(bytes, sizeof bytes);
    ck_assert_int_eq(file_read_any("/dev/null", &out), OK);
    ck_assert_uint_eq(out.len, 0);
    (void)alarm(0);
}

END_TEST

START_TEST(a_pipe_or_a_device_where_a_file_should_be_is_not_waited_for)
{
    char folder[FOLDER_MAX];
    char pipe_path[FOLDER_MAX + 40];
    char file_path[FOLDER_MAX + 40];
    char link_path[FOLDER_MAX + 40];
    uint8_t bytes[100];
    struct buf out = buf_of(bytes, sizeof bytes);
    make_folder(folder);
    snprintf(pipe_path, sizeof pipe_path, "%s/pipe", folder);
    snprintf(file_path, sizeof file_path, "%s/file", folder);
    snprintf(link_path, sizeof link_path, "%s/link", folder);
    ck_assert_int_eq(mkfifo(pipe_path, 0600), 0);
    ck_assert_int_eq(file_write(file_path, SPAN("here"), 0600), OK);
    ck_assert_int_eq(symlink("file", link_path), 0);
    (void)alarm(10);
    ck_assert_int_eq(file_read(pipe_path, &out), ERR_MALFORMED);
    ck_assert_int_eq(file_read("/dev/zero", &out), ERR_MALFORMED);
    ck_assert_int_eq(file_read(folder, &out), ERR_MALFORMED);
    ck_assert_uint_eq(out.len, 0);
    ck_assert_int_eq(file_read(link_path, &out), OK);
    ck_assert(span_equal(buf_span(&out), SPAN("here")));
    (void)alarm(0);
    remove_folder(folder);
}

END_TEST

START_TEST(an_ending_in_time_is_left_alone)
{
    char text[256];
    ck_assert_int_eq(end_of_one(1, false, text), EXIT_GOOD);
    ck_assert_str_eq(text, "");
}

END_TEST

START_TEST(a_child_can_be_waited_for_whatever_was_inherited)
{
    int status = 0;
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    ck_assert_int_eq(sigaction(SIGCHLD, &ignore, NULL), 0);
    process_prepare("openpost-tested");
    const pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        _exit(EXIT_ALTERED);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(WEXITSTATUS(status), EXIT_ALTERED);
}

END_TEST

/* In a child, as a limit that was lowered stays so. */
START_TEST(the_limit_of_open_files_is_raised_as_far_as_it_may)
{
    const struct {
        rlim_t soft, hard;
        uint32_t after;
    } rows[] = {
        {256, 100000, FILES_WANTED},
        {256, 512,    512         },
        {900, 900,    900         },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        int status = 0;
        const pid_t pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
            struct rlimit limit = {.rlim_cur = rows[i].soft, .rlim_max = rows[i].hard};
            struct rlimit had;
            if (getrlimit(RLIMIT_NOFILE, &had) != 0) {
                _exit(EXIT_CANNOT);
            }
            limit.rlim_max = had.rlim_max < limit.rlim_max ? had.rlim_max : limit.rlim_max;
            const uint32_t after = limit.rlim_max < rows[i].after ? (uint32_t)limit.rlim_max : rows[i].after;
            const bool set = setrlimit(RLIMIT_NOFILE, &limit) == 0;
            process_prepare("openpost-tested");
            _exit(set && process_files() == after ? EXIT_GOOD : EXIT_ALTERED);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFEXITED(status));
        ck_assert_int_eq(WEXITSTATUS(status), EXIT_GOOD);
    }
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("process");
    TCase *tcase = tcase_create("all");
    tcase_add_test(tcase, an_ending_that_hangs_is_ended_and_says_so);
    tcase_add_test(tcase, an_ending_in_time_is_left_alone);
    tcase_add_test(tcase, a_file_is_read_no_further_than_there_is_room);
    tcase_add_test(tcase, a_pipe_or_a_device_where_a_file_should_be_is_not_waited_for);
    tcase_add_test(tcase, a_child_can_be_waited_for_whatever_was_inherited);
    tcase_add_test(tcase, the_limit_of_open_files_is_raised_as_far_as_it_may);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
