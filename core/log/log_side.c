/* log_side.c: the file "checkpoint" beside the data: the newest signed note, replaced whole (write, fsync, rename,
 * fsync of the folder). Called at commit and at open. It is no part of the log: without it everything works, with it
 * older data in the place of newer is noticed. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "core/base/process.h"
#include "core/log/log_internal.h"

#define SIDE_NAME "checkpoint"

static enum err write_all(int file, struct span bytes)
{
    while (bytes.len > 0) {
        const ssize_t written = write(file, bytes.data, bytes.len);
        if (written < 0 && errno != EINTR) {
            return err_from_errno(errno);
        }
        const size_t done = written < 0 ? 0 : (size_t)written;
        bytes = span_of(bytes.data + done, bytes.len - done);
    }
    return fsync(file) == 0 ? OK : err_from_errno(errno);
}

static enum err close_with(int file, enum err err)
{
    return close(file) != 0 && err == OK ? err_from_errno(errno) : err;
}

enum err log_side_write(const char *folder, struct span note)
{
    const int directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) {
        return err_from_errno(errno);
    }
    enum err err = OK;
    const int file = openat(directory, SIDE_NAME ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (file < 0) {
        err = err_from_errno(errno);
    } else {
        err = close_with(file, write_all(file, note));
    }
    if (err == OK && renameat(directory, SIDE_NAME ".new", directory, SIDE_NAME) != 0) {
        err = err_from_errno(errno);
    }
    if (err == OK && fsync(directory) != 0) {
        err = err_from_errno(errno);
    }
    return close_with(directory, err);
}

enum err log_side_read(const char *folder, struct buf *out)
{
    char path[PATH_MAX];
    TRY(path_join(path, sizeof path, folder, SIDE_NAME));
    return file_read(path, out);
}
