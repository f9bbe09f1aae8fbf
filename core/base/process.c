/* process.c: see process.h. */
#include "core/base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/assert.h"

uint32_t process_files(void)
{
    struct rlimit limit = {.rlim_cur = 0};
    ASSERT(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    return limit.rlim_cur < UINT32_MAX ? (uint32_t)limit.rlim_cur : UINT32_MAX;
}

static void raise_files(void)
{
    struct rlimit limit = {.rlim_cur = 0};
    ASSERT(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    if (limit.rlim_cur < FILES_WANTED) {
        limit.rlim_cur = limit.rlim_max < FILES_WANTED ? limit.rlim_max : FILES_WANTED;
        (void)setrlimit(RLIMIT_NOFILE, &limit); /* whoever needs many asks process_files */
    }
}

void process_prepare(const char *name)
{
    (void)prctl(PR_SET_NAME, name, 0, 0, 0);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (getenv("OPENPOST_PARENT") != NULL) {
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
    }
    (void)umask(0027);
    raise_files();
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    ASSERT(sigaction(SIGPIPE, &ignore, NULL) == 0);
    ASSERT(sigaction(SIGXFSZ, &ignore, NULL) == 0);
    const struct sigaction usual = {.sa_handler = SIG_DFL}; /* ignored, as some parents leave it, it loses exit codes */
    ASSERT(sigaction(SIGCHLD, &usual, NULL) == 0);
}

enum err process_stop_fd(int *ret_fd)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP); /* the terminal is gone */
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        return ERR_IO;
    }
    const int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) {
        return err_from_errno(errno);
    }
    *ret_fd = fd;
    return OK;
}

const char *process_option(int argc, char **argv, const char *name)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return argv[i + 1];
        }
    }
    return NULL;
}

void process_ready(void)
{
    const char *text = getenv("OPENPOST_READY_FD");
    uint64_t fd = 0;
    if (text == NULL || span_to_u64(span_text(text), &fd) != OK || fd > 1024) {
        return;
    }
    const ssize_t written = write((int)fd, "R", 1);
    (void)written; /* whoever waited is gone: nobody to tell */
    (void)close((int)fd);
    (void)unsetenv("OPENPOST_READY_FD");
}

/* In a signal's handler: only what signal-safety(7) allows. */
static void give_up(int number)
{
    static const char before[] = "level=error process=";
    static const char after[] = " what=ended_by_force sentence=\"closing took too long; what is durable stays\"\n";
    char line[sizeof before + sizeof after + 16];
    char name[16] = "";
    size_t len = 0;
    (void)number;
    (void)prctl(PR_GET_NAME, name, 0, 0, 0);
    for (size_t i = 0; before[i] != 0; i++) {
        line[len++] = before[i];
    }
    for (size_t i = 0; i < sizeof name && name[i] != 0; i++) {
        line[len++] = name[i];
    }
    for (size_t i = 0; after[i] != 0; i++) {
        line[len++] = after[i];
    }
    const ssize_t written = write(STDERR_FILENO, line, len);
    (void)written;
    _exit(EXIT_CANNOT);
}

void process_end_within(unsigned seconds)
{
    const struct sigaction action = {.sa_handler = give_up};
    ASSERT(sigaction(SIGALRM, &action, NULL) == 0);
    (void)alarm(seconds);
}

static enum err read_all(int fd, struct buf *out)
{
    enum err err = OK;
    while (buf_ok(out)) { /* what has no end, such as a device, is left there */
        uint8_t bytes[4096];
        const ssize_t got = read(fd, bytes, sizeof bytes);
        if (got <= 0) {
            err = got == 0 ? OK : err_from_errno(errno);
            break;
        }
        buf_put(out, span_of(bytes, (size_t)got));
        explicit_bzero(bytes, sizeof bytes); /* it may be a secret */
    }
    return err == OK && !buf_ok(out) ? ERR_TOO_LONG : err;
}

static enum err read_path(const char *path, int flags, struct buf *out)
{
    struct stat about;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
    if (fd < 0) {
        return err_from_errno(errno);
    }
    const bool wanted = (flags & O_NONBLOCK) == 0 || (fstat(fd, &about) == 0 && S_ISREG(about.st_mode));
    const enum err err = wanted ? read_all(fd, out) : ERR_MALFORMED;
    (void)close(fd);
    return err;
}

enum err file_read(const char *path, struct buf *out)
{
    return read_path(path, O_NONBLOCK, out); /* a pipe would be waited for in open itself */
}

enum err file_read_any(const char *path, struct buf *out)
{
    return read_path(path, 0, out);
}

static enum err write_all(int fd, struct span bytes)
{
    size_t done = 0;
    while (done < bytes.len) {
        const ssize_t put = write(fd, bytes.data + done, bytes.len - done);
        if (put < 0 && errno != EINTR) {
            return err_from_errno(errno);
        }
        done += put > 0 ? (size_t)put : 0;
    }
    return fsync(fd) == 0 ? OK : err_from_errno(errno);
}

/* Makes a rename durable: the folder's entry is data of the folder. */
static enum err folder_sync(const char *path)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');
    const size_t len = slash == NULL ? 0 : (size_t)(slash - path);
    if (len + 2 > sizeof folder) {
        return ERR_TOO_LONG;
    }
    memcpy(folder, path, len);
    folder[len] = 0;
    const int fd = open(slash == NULL ? "." : (len == 0 ? "/" : folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return err_from_errno(errno);
    }
    const enum err err = fsync(fd) == 0 ? OK : err_from_errno(errno);
    (void)close(fd);
    return err;
}

enum err file_write(const char *path, struct span bytes, unsigned mode)
{
    char temporary[4096];
    const int len = snprintf(temporary, sizeof temporary, "%s.new", path);
    if (len < 0 || (size_t)len >= sizeof temporary) {
        return ERR_TOO_LONG;
    }
    const int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, (mode_t)mode);
    if (fd < 0) {
        return err_from_errno(errno);
    }
    enum err err = write_all(fd, bytes);
    (void)close(fd);
    if (err == OK && rename(temporary, path) != 0) {
        err = err_from_errno(errno);
    }
    if (err != OK) {
        (void)unlink(temporary);
        return err;
    }
    return folder_sync(path);
}

bool file_is_at(int fd, const char *path)
{
    struct stat open_one;
    struct stat found;
    if (fstat(fd, &open_one) != 0) {
        return true;
    }
    if (stat(path, &found) != 0) {
        return errno != ENOENT && errno != ENOTDIR;
    }
    return found.st_ino == open_one.st_ino && found.st_dev == open_one.st_dev;
}

enum err file_allocate(const char *path, uint64_t len, unsigned mode)
{
    struct stat about;
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, (mode_t)mode);
    if (fd < 0) {
        return err_from_errno(errno);
    }
    enum err err = fstat(fd, &about) == 0 ? OK : err_from_errno(errno);
    const bool is_empty = err == OK && about.st_size == 0;
    const bool has_holes = err == OK && (uint64_t)about.st_blocks * 512 < (uint64_t)about.st_size;
    if ((is_empty || has_holes) && fallocate(fd, 0, 0, is_empty ? (off_t)len : about.st_size) != 0) {
        err = errno == EOPNOTSUPP || errno == ENOSYS ? OK : err_from_errno(errno);
    }
    (void)close(fd);
    return err;
}

enum err path_join(char *out, size_t cap, const char *folder, const char *name)
{
    const int len = snprintf(out, cap, "%s/%s", folder, name);
    return len >= 0 && (size_t)len < cap ? OK : ERR_TOO_LONG;
}
