/* suite.h: how every test program runs its cases and ends. */
#ifndef OPENPOST_TESTS_SUITE_H
#define OPENPOST_TESTS_SUITE_H

#include <check.h>

#include "tests/folder.h"

/* run_suite runs the suite with TMPDIR in a folder of the program's own, which it removes, frees the suite, and returns
 * the program's exit status: 0 when every case held. */
static inline int run_suite(Suite *suite)
{
    char folder[FOLDER_MAX];
    make_folder(folder);
    ASSERT(chmod(folder, 0711) == 0); /* a case may act as another user in a folder that it gave to that one */
    ASSERT(setenv("TMPDIR", folder, 1) == 0);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    remove_folder(folder);
    return failed == 0 ? 0 : 1;
}

#endif
