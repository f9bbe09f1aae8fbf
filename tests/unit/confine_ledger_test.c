/* confine_ledger_test.c: a confined ledger reads and writes its data folder and no other file, and runs nothing. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/process.h"
#include "core/ledger/confine.h"

/* In a process of its own, which ends without its destructors: a leak checker reads /proc. Returns the number of the
 * check that failed, 0: none. */
static int try_everything(const char *folder, const char *inside, const char *outside)
{
    uint8_t bytes[16];
    struct buf out = buf_of(bytes, sizeof bytes);
    int abi = -1;
    if (confine_to_folder(folder, &abi) != OK || abi < 0) {
        return 1;
    }
    if (file_write(inside, SPAN("text"), 0600) != OK || file_read(inside, &out) != OK || out.len != 4) {
        return 2;
    }
    if (abi == 0) { /* a kernel without Landlock: nothing was promised */
        return unlink(inside) == 0 ? 0 : 3;
    }
    if (open(outside, O_RDONLY) >= 0 || errno != EACCES || open("/etc/passwd", O_RDONLY) >= 0) {
        return 4;
    }
    if (open("/tmp/openpost-new", O_WRONLY | O_CREAT, 0600) >= 0 || mkdir("/tmp/openpost-new", 0700) == 0) {
        return 5;
    }
    if (execl("/bin/true", "true", (char *)NULL) == 0) {
        return 6;
    }
    return unlink(inside) == 0 ? 0 : 7;
}

START_TEST(nothing_outside_the_folder_can_be_opened)
{
    char folder[] = "/tmp/openpost-confine-XXXXXX";
    char inside[64];
    char outside[] = "/tmp/openpost-outside-XXXXXX";
    int status = -1;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    const int fd = mkstemp(outside);
    ck_assert_int_ge(fd, 0);
    snprintf(inside, sizeof inside, "%s/file", folder);
    const pid_t child = fork();
    if (child == 0) {
        _exit(try_everything(folder, inside, outside));
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    close(fd);
    ck_assert_int_eq(unlink(outside), 0);
    ck_assert_int_eq(rmdir(folder), 0);
}

END_TEST

START_TEST(a_folder_that_is_not_there_is_said_so)
{
    int abi = -1;
    const enum err err = confine_to_folder("/no/such/folder", &abi);
    ck_assert(err == ERR_NOT_FOUND || (err == OK && abi == 0));
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("confine_ledger");
    TCase *confined = tcase_create("confined");
    tcase_add_test(confined, nothing_outside_the_folder_can_be_opened);
    tcase_add_test(confined, a_folder_that_is_not_there_is_said_so);
    suite_add_tcase(suite, confined);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
