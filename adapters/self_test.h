/* self_test.h: a confined process tries what it must not be able to do. */
#ifndef OPENPOST_ADAPTERS_SELF_TEST_H
#define OPENPOST_ADAPTERS_SELF_TEST_H

#include "core/base/span.h"

/* self_test tries, in the thread that calls it: to open data_path and a file in it, to make a file, to run a program,
 * to make a process, to connect to ledger_port on loopback, to listen, to signal its parent, to trace it. Prints a line
 * for each; true only if every one was refused by the system for want of permission (that a thing is not there proves
 * nothing). where names the thread. */
bool self_test(const char *where, const char *data_path, uint16_t ledger_port);

#endif
