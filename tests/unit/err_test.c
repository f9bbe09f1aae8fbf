/* err_test.c: every operating error has a name and a sentence of its own, and the system's errors have the nearest of
 * ours; a failed assertion ends the process in every build. */
#include "core/base/err.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "core/base/assert.h"
#include "tests/suite.h"

START_TEST(every_error_has_its_own_name_and_sentence)
{
    for (int a = 0; a < ERR_COUNT; a++) {
        ck_assert_uint_gt(strlen(err_name((enum err)a)), 0);
        ck_assert_uint_gt(strlen(err_sentence((enum err)a)), 0);
        for (int b = 0; b < a; b++) {
            ck_assert_str_ne(err_name((enum err)a), err_name((enum err)b));
            ck_assert_str_ne(err_sentence((enum err)a), err_sentence((enum err)b));
        }
    }
    ck_assert_str_eq(err_name(OK), "OK");
    ck_assert_str_eq(err_name(ERR_NO_SPACE), "NO_SPACE");
    ck_assert_str_eq(err_name(ERR_COUNT), "?");
    ck_assert_str_eq(err_name((enum err)9999), "?");
    ck_assert_uint_gt(strlen(err_sentence((enum err)9999)), 0);
}

END_TEST

static const struct {
    int number;
    enum err err;
} numbers[] = {
    {0,            OK             },
    {ENOMEM,       ERR_NO_MEMORY  },
    {ENOSPC,       ERR_NO_SPACE   },
    {EDQUOT,       ERR_NO_SPACE   },
    {EFBIG,        ERR_NO_SPACE   },
    {ENOENT,       ERR_NOT_FOUND  },
    {ENOTDIR,      ERR_NOT_FOUND  },
    {EEXIST,       ERR_EXISTS     },
    {EACCES,       ERR_ACCESS     },
    {EPERM,        ERR_ACCESS     },
    {EROFS,        ERR_ACCESS     },
    {EAGAIN,       ERR_BUSY       },
    {EBUSY,        ERR_BUSY       },
    {ETIMEDOUT,    ERR_TIMED_OUT  },
    {EPIPE,        ERR_CLOSED     },
    {ECONNRESET,   ERR_CLOSED     },
    {ECONNREFUSED, ERR_CLOSED     },
    {ENOSYS,       ERR_UNSUPPORTED},
    {EOPNOTSUPP,   ERR_UNSUPPORTED},
    {EIO,          ERR_IO         },
    {EBADF,        ERR_IO         },
    {-1,           ERR_IO         },
    {99999,        ERR_IO         },
};

START_TEST(a_system_error_has_the_nearest_of_ours)
{
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        ck_assert_msg(err_from_errno(numbers[i].number) == numbers[i].err, "errno %d", numbers[i].number);
    }
}

END_TEST

static enum err fails_with(enum err err, int *reached)
{
    TRY(err);
    *reached = 1;
    return OK;
}

START_TEST(try_passes_a_failure_up_and_goes_on_after_success)
{
    int reached = 0;
    ck_assert_int_eq(fails_with(ERR_RANGE, &reached), ERR_RANGE);
    ck_assert_int_eq(reached, 0);
    ck_assert_int_eq(fails_with(OK, &reached), OK);
    ck_assert_int_eq(reached, 1);
}

END_TEST

START_TEST(a_false_assertion_aborts)
{
    ASSERT(_i == 0);
    ASSERT(_i != 0);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("err");
    TCase *tcase = tcase_create("err");
    tcase_set_timeout(tcase, 60); /* the machine may be busy */
    tcase_add_test(tcase, every_error_has_its_own_name_and_sentence);
    tcase_add_test(tcase, a_system_error_has_the_nearest_of_ours);
    tcase_add_test(tcase, try_passes_a_failure_up_and_goes_on_after_success);
    tcase_add_test_raise_signal(tcase, a_false_assertion_aborts, SIGABRT);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
