/* verify.c: see verify.h. The child tells what it found through a pipe and prints nothing but its progress; what it did
 * not live to tell is judged by how it ended. */
#include "tools/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/process.h"

/* What the child sends: shorter than PIPE_BUF, so whole or not at all. */
struct told {
    enum err err;
    struct log_verified found;
    struct log_fault fault;
};

struct progress progress_of(const char *what, bool quiet)
{
    const int64_t now_us = clock_monotonic_us();
    return (struct progress){.what = what, .started_us = now_us, .shown_us = now_us, .quiet = quiet};
}

void progress_show(void *context, uint64_t done, uint64_t total)
{
    struct progress *progress = context;
    const int64_t now_us = clock_monotonic_us();
    if (progress->quiet || now_us - progress->shown_us < 1000000) {
        return;
    }
    progress->shown_us = now_us;
    const int64_t spent_us = now_us - progress->started_us;
    (void)fprintf(stderr, "%s: %llu of %llu events, %llu/s\n", progress->what, (unsigned long long)done,
                  (unsigned long long)total,
                  (unsigned long long)(done * 1000000 / (uint64_t)(spent_us > 0 ? spent_us : 1)));
}

/* How a child ended that told nothing. */
static enum err judge_end(int status, struct log_fault *ret_fault)
{
    const int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    *ret_fault = (struct log_fault){0};
    (void)snprintf(ret_fault->sentence, sizeof ret_fault->sentence, "reading the file raised signal %d", number);
    const bool damaged = number == 0 || number == SIGBUS || number == SIGSEGV || number == SIGABRT;
    return damaged ? ERR_ALTERED : ERR_CLOSED;
}

enum err verify_apart(const struct data_folder *data, const struct checkpoint_verifier *verifier,
                      struct progress *progress, struct log_verified *ret_verified, struct log_fault *ret_fault)
{
    int ends[2];
    struct told told = {0};
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return err_from_errno(errno);
    }
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        if (getppid() != parent) {
            _exit(EXIT_CANNOT); /* it died before it could be asked for */
        }
        told.err = log_verify(data->log_path, verifier->public_key, data->origin, progress_show, progress, &told.found,
                              &told.fault);
        const bool sent = write(ends[1], &told, sizeof told) == (ssize_t)sizeof told;
        _exit(sent ? EXIT_GOOD : EXIT_CANNOT);
    }
    (void)close(ends[1]);
    const bool is_told = child > 0 && read(ends[0], &told, sizeof told) == (ssize_t)sizeof told;
    (void)close(ends[0]);
    int status = 0;
    if (child < 0) {
        return ERR_NO_MEMORY;
    }
    if (waitpid(child, &status, 0) != child) {
        return err_from_errno(errno);
    }
    if (!is_told) {
        return judge_end(status, ret_fault);
    }
    *ret_verified = told.found;
    *ret_fault = told.fault;
    return told.err;
}
