/* supervise.c: see supervise.h. Called by serve. A child is this executable again, with a subcommand; its readiness is
 * a byte on a pipe (process_ready). It never looks at what children do, only at whether they run. */
#include "tools/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/base/journal.h"
#include "core/base/process.h"
#include "core/ledger/data.h"

static int64_t now_ms(void)
{
    return clock_monotonic_us() / 1000;
}

struct child *supervisor_add(struct supervisor *supervisor, const char *name)
{
    ASSERT(supervisor->count < CHILDREN_MAX);
    struct child *child = &supervisor->children[supervisor->count];
    *child = (struct child){.name = name, .ready_fd = -1, .back_off_ms = RESTART_FIRST_MS};
    supervisor->count++;
    return child;
}

void child_arg(struct child *child, const char *arg)
{
    size_t count = 0;
    while (child->args[count] != NULL) {
        count++;
    }
    ASSERT(count + 1 < CHILD_ARGS_MAX);
    child->args[count] = (char *)(uintptr_t)arg; /* execv's prototype predates const; it changes nothing */
}

/* In the new process: everything of the parent's that the program must not have is closed or reset. */
_Noreturn static void become(const struct child *child, pid_t parent, int ready_fd)
{
    sigset_t none;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    char number[16];
    (void)snprintf(number, sizeof number, "%d", ready_fd);
    (void)setenv("OPENPOST_READY_FD", number, 1);
    (void)setenv("OPENPOST_PARENT", "1", 1);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
    if (getppid() != parent) {
        _exit(EXIT_CANNOT); /* it died before it could be asked for */
    }
    if (child->master_key != NULL) {
        (void)setenv(DATA_MASTER_ENV, child->master_key, 1);
    } else {
        (void)unsetenv(DATA_MASTER_ENV);
    }
    (void)execv("/proc/self/exe", child->args);
    _exit(127);
}

static enum err child_start(struct child *child)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return err_from_errno(errno);
    }
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid < 0) {
        (void)close(ends[0]);
        (void)close(ends[1]);
        return err_from_errno(errno);
    }
    if (pid == 0) {
        (void)fcntl(ends[1], F_SETFD, 0);
        become(child, parent, ends[1]);
    }
    (void)close(ends[1]);
    child->pid = pid;
    child->ready_fd = ends[0];
    child->ready = false;
    child->started_ms = now_ms();
    child->restart_ms = 0;
    return OK;
}

/* Whoever reads of signal 31 must know that it is our own rule, or somebody who has taken the process over. */
static void tell_of_confinement(const struct child *child)
{
    journal(
        JOURNAL_ERROR, "child_left_its_confinement",
        "child=%s pid=%d next=\"it made a system call that it has no use for and was killed for it: dmesg or "
        "journalctl "
        "-k names it (type=1326, syscall=); after an upgrade of a library that is a bug to report, otherwise treat the "
        "process as taken over\"",
        child->name, (int)child->pid);
}

static void child_ended(struct child *child, int status)
{
    const int64_t now = now_ms();
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) {
        tell_of_confinement(child);
    }
    if (now - child->started_ms >= RESTART_FORGIVEN_MS) {
        child->back_off_ms = RESTART_FIRST_MS;
    }
    journal(JOURNAL_WARN, "child_ended", "child=%s pid=%d %s=%d again_in_ms=%lld", child->name, (int)child->pid,
            WIFSIGNALED(status) ? "signal" : "exit", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
            (long long)child->back_off_ms);
    child->ended_with = WIFSIGNALED(status) ? 0 : WEXITSTATUS(status);
    child->pid = 0;
    child->ready = false;
    if (child->ready_fd >= 0) {
        (void)close(child->ready_fd);
        child->ready_fd = -1;
    }
    child->restart_ms = now + child->back_off_ms;
    child->back_off_ms = child->back_off_ms * 2 > RESTART_MAX_MS ? RESTART_MAX_MS : child->back_off_ms * 2;
    child->restarts++;
}

static void reap(struct supervisor *supervisor)
{
    for (;;) {
        int status = 0;
        const pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid <= 0) {
            return;
        }
        for (size_t i = 0; i < supervisor->count; i++) {
            if (supervisor->children[i].pid == pid) {
                child_ended(&supervisor->children[i], status);
            }
        }
    }
}

static void read_readiness(struct child *child)
{
    char byte = 0;
    const ssize_t got = read(child->ready_fd, &byte, 1);
    if (got == 1) {
        child->ready = true;
    }
    (void)close(child->ready_fd);
    child->ready_fd = -1;
}

static void restart_due(struct supervisor *supervisor)
{
    for (size_t i = 0; i < supervisor->count; i++) {
        struct child *child = &supervisor->children[i];
        if (child->pid == 0 && child->restart_ms != 0 && now_ms() >= child->restart_ms) {
            const enum err err = child_start(child);
            if (err != OK) {
                journal(JOURNAL_ERROR, "child_not_started", "child=%s err=%s", child->name, err_name(err));
                child->restart_ms = now_ms() + RESTART_MAX_MS;
            }
        }
    }
}

bool supervisor_step(struct supervisor *supervisor, int wait_ms)
{
    struct pollfd fds[CHILDREN_MAX + 1];
    struct child *owners[CHILDREN_MAX + 1] = {NULL};
    nfds_t count = 1;
    fds[0] = (struct pollfd){.fd = supervisor->stop_fd, .events = POLLIN};
    for (size_t i = 0; i < supervisor->count; i++) {
        struct child *child = &supervisor->children[i];
        if (child->ready_fd >= 0) {
            fds[count] = (struct pollfd){.fd = child->ready_fd, .events = POLLIN};
            owners[count] = child;
            count++;
        }
        if (child->pid == 0 && child->restart_ms != 0) {
            const int64_t left = child->restart_ms - now_ms();
            wait_ms = left < wait_ms ? (left > 0 ? (int)left : 0) : wait_ms;
        }
    }
    const int got = poll(fds, count, wait_ms);
    if (got > 0 && (fds[0].revents & POLLIN) != 0) {
        return false;
    }
    for (nfds_t i = 1; got > 0 && i < count; i++) {
        if (fds[i].revents != 0) {
            read_readiness(owners[i]);
        }
    }
    reap(supervisor);
    restart_due(supervisor);
    return true;
}

/* Of the first count of them; NULL: all are ready at once. */
static const struct child *first_unready(const struct supervisor *supervisor, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!supervisor->children[i].ready) {
            return &supervisor->children[i];
        }
    }
    return NULL;
}

static enum err await_ready(struct supervisor *supervisor, size_t count)
{
    const int64_t until_ms = now_ms() + READY_WITHIN_MS;
    const struct child *child;
    while ((child = first_unready(supervisor, count)) != NULL) {
        if (!supervisor_step(supervisor, 200)) {
            return ERR_CLOSED;
        }
        if (!child->ready && (now_ms() > until_ms || child->restarts >= 3)) {
            journal(JOURNAL_ERROR, "child_not_ready", "child=%s", child->name);
            return child->ended_with == EXIT_ALTERED      ? ERR_ALTERED
                   : child->ended_with == EXIT_UNREADABLE ? ERR_ACCESS
                                                          : ERR_TIMED_OUT;
        }
    }
    return OK;
}

enum err supervisor_start(struct supervisor *supervisor)
{
    for (size_t i = 0; i < supervisor->count; i++) {
        TRY(child_start(&supervisor->children[i]));
        TRY(await_ready(supervisor, i + 1));
    }
    return OK;
}

/* Waits for one child's end; after STOP_WITHIN_MS it is killed. */
static void child_stop(struct child *child)
{
    if (child->pid == 0) {
        return;
    }
    (void)kill(child->pid, SIGTERM);
    const int64_t until_ms = now_ms() + STOP_WITHIN_MS;
    int status = 0;
    while (waitpid(child->pid, &status, WNOHANG) == 0) {
        if (now_ms() > until_ms) {
            journal(JOURNAL_WARN, "child_killed", "child=%s pid=%d", child->name, (int)child->pid);
            (void)kill(child->pid, SIGKILL);
            (void)waitpid(child->pid, &status, 0);
            break;
        }
        (void)poll(NULL, 0, 10);
    }
    child->pid = 0;
    child->restart_ms = 0;
}

void supervisor_stop(struct supervisor *supervisor)
{
    for (size_t i = supervisor->count; i > 0; i--) {
        child_stop(&supervisor->children[i - 1]);
    }
}
