/* bench_child.c: see bench_world.h: processes. Ends none but those that it started, by their pid. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/base/process.h"
#include "tools/benchmarks/bench_world.h"

#define READY_WITHIN_MS 20000
#define STOP_WITHIN_MS 10000
#define ARGS_MAX 20

/* The library, copied from beside the executable into the run's folder: another user may read it there. */
static enum err slow_library(const struct bench *bench, char path[DATA_PATH_MAX])
{
    char from[DATA_PATH_MAX];
    uint8_t bytes[1 << 18];
    struct buf library = buf_of(bytes, sizeof bytes);
    const ssize_t len = readlink("/proc/self/exe", from, DATA_PATH_MAX - 32);
    if (len <= 0) {
        return ERR_IO;
    }
    from[len] = 0;
    (void)snprintf(strrchr(from, '/'), 32, "/libslow_flush.so");
    TRY(path_join(path, DATA_PATH_MAX, bench->folder, "libslow_flush.so"));
    if (access(path, R_OK) == 0) {
        return OK;
    }
    if (file_read(from, &library) != OK) {
        return ERR_UNSUPPORTED;
    }
    TRY(file_write(path, buf_span(&library), 0644));
    return chmod(path, 0755) == 0 ? OK : ERR_IO;
}

static void pause_ms(int ms)
{
    (void)poll(NULL, 0, ms);
}

/* In the new process: where its output goes, and slower flushes. */
static void settle(const char *output, const char *library)
{
    const int out = open(output, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (out >= 0) {
        (void)dup2(out, 1);
        (void)dup2(out, 2);
    }
    if (library != NULL) {
        (void)setenv("LD_PRELOAD", library, 1);   /* NOLINT(concurrency-mt-unsafe): a new process has one thread */
        (void)setenv("SLOW_FLUSH_US", "1000", 1); /* NOLINT(concurrency-mt-unsafe): a new process has one thread */
    }
}

/* In the new process. execv's prototype predates const; it changes nothing. */
_Noreturn static void become(const char *const *args, const char *output, int ready_fd, const char *library)
{
    char name[] = "openpost";
    char *argv[ARGS_MAX] = {name};
    for (size_t i = 0; args[i] != NULL && i < ARGS_MAX - 2; i++) {
        memcpy(&argv[i + 1], &args[i], sizeof *argv);
    }
    settle(output, library);
    if (ready_fd >= 0) {
        char number[16];
        (void)snprintf(number, sizeof number, "%d", ready_fd);
        (void)fcntl(ready_fd, F_SETFD, 0);
        (void)setenv("OPENPOST_READY_FD", number, 1); /* NOLINT(concurrency-mt-unsafe): a new process has one thread */
    }
    (void)setenv("OPENPOST_PARENT", "1", 1); /* NOLINT(concurrency-mt-unsafe): a new process has one thread */
    (void)execv("/proc/self/exe", argv);
    _exit(127);
}

/* In the new process. The signal at the parent's death is asked for last: changing the user takes it back. */
_Noreturn static void become_program(const struct bench_program *program, const char *output, const char *library)
{
    char *argv[ARGS_MAX] = {NULL};
    for (size_t i = 0; program->argv[i] != NULL && i < ARGS_MAX - 1; i++) {
        memcpy(&argv[i], &program->argv[i], sizeof *argv);
    }
    settle(output, library);
    const bool good =
        program->uid == 0 || (setgroups(0, NULL) == 0 && setgid(program->gid) == 0 && setuid(program->uid) == 0);
    if (good && argv[0] != NULL && prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 &&
        (program->folder == NULL || chdir(program->folder) == 0)) {
        (void)execvp(argv[0], argv);
    }
    _exit(127);
}

enum err bench_spawn(const struct bench *bench, const struct bench_program *program, pid_t *ret_pid)
{
    char library[DATA_PATH_MAX];
    char output[DATA_PATH_MAX];
    TRY(path_join(output, sizeof output, bench->folder, program->output));
    if (program->slow) {
        TRY(slow_library(bench, library));
    }
    const pid_t pid = fork();
    if (pid < 0) {
        return err_from_errno(errno);
    }
    if (pid == 0) {
        become_program(program, output, program->slow ? library : NULL);
    }
    *ret_pid = pid;
    return OK;
}

enum err bench_finish(pid_t pid, int64_t within_ms)
{
    const int64_t until_ms = clock_boot_ms() + within_ms;
    int status = 0;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (clock_boot_ms() >= until_ms) {
            bench_stop(pid);
            return ERR_TIMED_OUT;
        }
        pause_ms(5);
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? OK : ERR_IO;
}

enum err bench_await(const struct bench *bench, const char *output, pid_t pid, const char *word)
{
    char path[DATA_PATH_MAX];
    char text[4096];
    const int64_t until_ms = clock_boot_ms() + READY_WITHIN_MS;
    TRY(path_join(path, sizeof path, bench->folder, output));
    while (clock_boot_ms() < until_ms && waitpid(pid, NULL, WNOHANG) == 0) {
        struct buf bytes = buf_of(text, sizeof text - 1);
        if (file_read(path, &bytes) == OK) {
            text[bytes.len] = 0;
            if (strstr(text, word) != NULL) {
                return OK;
            }
        }
        pause_ms(50);
    }
    return ERR_TIMED_OUT;
}

enum err bench_start(const struct bench *bench, const char *name, const char *const *args, bool slow, pid_t *ret_pid)
{
    char library[DATA_PATH_MAX];
    char output[DATA_PATH_MAX];
    char file[128];
    int ends[2];
    (void)snprintf(file, sizeof file, "%s.out", name);
    TRY(path_join(output, sizeof output, bench->folder, file));
    if (slow) {
        TRY(slow_library(bench, library));
    }
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return err_from_errno(errno);
    }
    const pid_t pid = fork();
    if (pid == 0) {
        become(args, output, ends[1], slow ? library : NULL);
    }
    (void)close(ends[1]);
    struct pollfd wait = {.fd = ends[0], .events = POLLIN};
    char byte = 0;
    const bool ready = pid > 0 && poll(&wait, 1, READY_WITHIN_MS) == 1 && read(ends[0], &byte, 1) == 1;
    (void)close(ends[0]);
    if (!ready) {
        bench_stop(pid);
        return ERR_TIMED_OUT;
    }
    *ret_pid = pid;
    return OK;
}

void bench_stop(pid_t pid)
{
    if (pid <= 0) {
        return;
    }
    (void)kill(pid, SIGTERM);
    const int64_t until_ms = clock_boot_ms() + STOP_WITHIN_MS;
    while (waitpid(pid, NULL, WNOHANG) == 0) {
        if (clock_boot_ms() >= until_ms) {
            (void)kill(pid, SIGKILL);
            (void)waitpid(pid, NULL, 0);
            return;
        }
        pause_ms(10);
    }
}

/* Waits for serve's line "ready: …"; the sandbox's port stands at its end. */
static enum err wait_served(const char *output, pid_t pid, uint16_t *ret_sandbox_port)
{
    char text[16384];
    const int64_t until_ms = clock_boot_ms() + READY_WITHIN_MS;
    while (clock_boot_ms() < until_ms && waitpid(pid, NULL, WNOHANG) == 0) {
        struct buf bytes = buf_of(text, sizeof text - 1);
        if (file_read(output, &bytes) == OK) {
            text[bytes.len] = 0;
            const char *ready = strstr(text, "ready: http");
            const char *end = ready == NULL ? NULL : strchr(ready, '\n');
            const char *sandbox = end == NULL ? NULL : strstr(ready, "sandbox: http://127.0.0.1:");
            if (end != NULL && ret_sandbox_port != NULL && sandbox != NULL) {
                *ret_sandbox_port = (uint16_t)strtoul(strrchr(sandbox, ':') + 1, NULL, 10);
            }
            if (end != NULL) {
                return OK;
            }
        }
        pause_ms(50);
    }
    return ERR_TIMED_OUT;
}

enum err bench_serve(const struct bench *bench, const char *data, uint16_t *ret_port, uint16_t *ret_sandbox_port,
                     pid_t *ret_pid)
{
    char listen[32];
    char output[DATA_PATH_MAX];
    char file[64];
    TRY(bench_port(ret_port));
    (void)snprintf(listen, sizeof listen, "127.0.0.1:%u", (unsigned)*ret_port);
    (void)snprintf(file, sizeof file, "serve-%u.out", (unsigned)*ret_port);
    TRY(path_join(output, sizeof output, bench->folder, file));
    const char *const args[] = {"serve", "--data",       data,       "--listen",
                                listen,  "--rate-limit", "60000000", ret_sandbox_port != NULL ? "--sandbox" : NULL,
                                NULL};
    const pid_t pid = fork();
    if (pid < 0) {
        return err_from_errno(errno);
    }
    if (pid == 0) {
        become(args, output, -1, NULL);
    }
    const enum err err = wait_served(output, pid, ret_sandbox_port);
    if (err != OK) {
        bench_stop(pid);
        return err;
    }
    *ret_pid = pid;
    return OK;
}

bool bench_has_program(const char *name)
{
    const char *const folders[] = {"/usr/bin", "/usr/sbin", "/usr/local/bin"};
    char path[256];
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folders[i], name);
        if (access(path, X_OK) == 0) {
            return true;
        }
    }
    return false;
}

enum err bench_run(const char *const *argv, int64_t within_ms, struct buf *out)
{
    ASSERT(argv[0] != NULL);
    char *args[ARGS_MAX] = {NULL};
    int ends[2];
    for (size_t i = 0; argv[i] != NULL && i < ARGS_MAX - 1; i++) {
        memcpy(&args[i], &argv[i], sizeof *args);
    }
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return err_from_errno(errno);
    }
    const pid_t pid = fork();
    if (pid == 0) {
        (void)dup2(ends[1], 1);
        (void)dup2(ends[1], 2);
        if (args[0] != NULL) {
            (void)execvp(args[0], args);
        }
        _exit(127);
    }
    (void)close(ends[1]);
    const int64_t until_ms = clock_boot_ms() + within_ms;
    struct pollfd wait = {.fd = ends[0], .events = POLLIN};
    uint8_t bytes[4096];
    ssize_t got = 1;
    while (pid > 0 && got > 0) {
        const int64_t left_ms = until_ms - clock_boot_ms();
        got = left_ms > 0 && poll(&wait, 1, (int)left_ms) == 1 ? read(ends[0], bytes, sizeof bytes) : -1;
        if (got > 0) {
            buf_put(out, span_of(bytes, (size_t)got));
        }
    }
    (void)close(ends[0]);
    if (pid <= 0 || got < 0) {
        bench_stop(pid);
        return ERR_TIMED_OUT;
    }
    int status = 0;
    (void)waitpid(pid, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? OK : ERR_IO;
}
