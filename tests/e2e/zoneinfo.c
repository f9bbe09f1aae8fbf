/* zoneinfo.c: for LD_PRELOAD: the system's zone data are those of the folder OPENPOST_ZONEINFO: a service that is
 * started with it finds another release of tzdata, or none. Built and used by zones_test.py. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define SYSTEMS "/usr/share/zoneinfo"

int open(const char *path, int flags, ...)
{
    int (*real)(const char *, int, ...) = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "open");
    const char *folder = getenv("OPENPOST_ZONEINFO");
    char other[4096];
    va_list more;
    va_start(more, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? (mode_t)va_arg(more, int) : 0;
    va_end(more);
    if (folder != NULL && strncmp(path, SYSTEMS, strlen(SYSTEMS)) == 0) {
        (void)snprintf(other, sizeof other, "%s%s", folder, path + strlen(SYSTEMS));
        path = other;
    }
    return real(path, flags, mode);
}
