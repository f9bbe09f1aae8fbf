/* failpoint.h: named places where a test can kill the process: FAILPOINT("ledger_committed"). Without
 * OPENPOST_FAILPOINT in the environment a failpoint costs one branch. OPENPOST_FAILPOINT=name:n kills (SIGKILL) at the
 * n-th passage (default 1). */
#ifndef OPENPOST_BASE_FAILPOINT_H
#define OPENPOST_BASE_FAILPOINT_H

void failpoint_reached(const char *name);

#define FAILPOINT(name) failpoint_reached(name)

#endif
