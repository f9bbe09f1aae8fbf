/* slow_flush.c: a shared library for LD_PRELOAD: every flush to the disk sleeps SLOW_FLUSH_US microseconds more, so
 * that a fast disk can stand for a slow one, whole even where signals interrupt (PostgreSQL). Flushes are fdatasync,
 * fsync, msync and writes through a descriptor with O_DSYNC (LMDB's meta page). Loaded by openpost bench into children
 * alone; it must never be part of the service. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static void wait_more(void)
{
    const char *text = getenv("SLOW_FLUSH_US"); /* NOLINT(concurrency-mt-unsafe): nobody changes it */
    const long us = text == NULL ? 0 : strtol(text, NULL, 10);
    if (us > 0) {
        struct timespec pause = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
        while (nanosleep(&pause, &pause) != 0 && errno == EINTR) {
        }
    }
}

/* ISO C has no cast from an object's pointer to a function's; POSIX promises that the bytes are those. */
static void next(const char *name, void *ret_function)
{
    void *symbol = dlsym(RTLD_NEXT, name);
    memcpy(ret_function, &symbol, sizeof symbol);
}

int fdatasync(int fd)
{
    int (*real)(int) = NULL;
    next("fdatasync", &real);
    wait_more();
    return real(fd);
}

int fsync(int fd)
{
    int (*real)(int) = NULL;
    next("fsync", &real);
    wait_more();
    return real(fd);
}

int msync(void *address, size_t len, int flags)
{
    int (*real)(void *, size_t, int) = NULL;
    next("msync", &real);
    if ((flags & MS_SYNC) != 0) {
        wait_more();
    }
    return real(address, len, flags);
}

static void wait_if_synchronous(int fd)
{
    const int flags = fcntl(fd, F_GETFL);
    if (flags >= 0 && (flags & O_DSYNC) != 0) {
        wait_more();
    }
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    ssize_t (*real)(int, const void *, size_t, off_t) = NULL;
    next("pwrite", &real);
    wait_if_synchronous(fd);
    return real(fd, bytes, len, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at)
{
    ssize_t (*real)(int, const void *, size_t, off64_t) = NULL;
    next("pwrite64", &real);
    wait_if_synchronous(fd);
    return real(fd, bytes, len, at);
}
