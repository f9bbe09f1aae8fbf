/* suite.h: how every test program ends. */
#ifndef OPENPOST_TESTS_SUITE_H
#define OPENPOST_TESTS_SUITE_H

#include <check.h>

/* run_suite runs the suite, frees it, and returns the program's exit status: 0 when every case held. */
static inline int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}

#endif
