/* failpoint.c: see failpoint.h. The environment is read once; the count is atomic because several threads may pass. */
#include "core/base/failpoint.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { UNREAD, OFF };

void failpoint_reached(const char *name)
{
    /* Static: a failpoint has no state of a caller's to live in, and exists for tests only. */
    static atomic_int state = UNREAD;
    static atomic_long passages = 0;
    if (atomic_load_explicit(&state, memory_order_relaxed) == OFF) {
        return;
    }
    const char *wanted = getenv("OPENPOST_FAILPOINT");
    if (wanted == NULL || *wanted == 0) {
        atomic_store(&state, OFF);
        return;
    }
    const size_t len = strcspn(wanted, ":");
    if (strlen(name) != len || memcmp(name, wanted, len) != 0) {
        return;
    }
    const long at = wanted[len] == ':' ? strtol(wanted + len + 1, NULL, 10) : 1;
    if (atomic_fetch_add(&passages, 1) + 1 == at) {
        (void)raise(SIGKILL);
    }
}
