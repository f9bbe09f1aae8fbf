/* open_files.h: how many files this process has open, for tests of who gives sockets back. */
#ifndef OPENPOST_TESTS_OPEN_FILES_H
#define OPENPOST_TESTS_OPEN_FILES_H

#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#define OPEN_FILES_SEEN 1024 /* numbers below; tests have no more */

static inline unsigned open_files(void)
{
    unsigned count = 0;
    for (int fd = 0; fd < OPEN_FILES_SEEN; fd++) {
        count += fcntl(fd, F_GETFD) != -1;
    }
    return count;
}

/* open_files_fall_to waits until no more than count are open: whoever closes them is another thread. */
static inline bool open_files_fall_to(unsigned count)
{
    for (unsigned i = 0; i < 5000 && open_files() > count; i++) {
        (void)usleep(1000);
    }
    return open_files() <= count;
}

#endif
