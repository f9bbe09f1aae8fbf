/* later.c: for LD_PRELOAD: the wall clock, and the one that counts from the boot, are OPENPOST_LATER_S seconds ahead: a
 * service that is started with it finds that days have passed, as after a sleep of the machine. Built and used by
 * workspace_end_test.py. */
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    int (*real)(clockid_t, struct timespec *) = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    const char *ahead = getenv("OPENPOST_LATER_S");
    const int rc = real(clock, ret_time);
    if (rc == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_BOOTTIME) && ahead != NULL) {
        ret_time->tv_sec += strtoll(ahead, NULL, 10);
    }
    return rc;
}
