/* supervise.h: starts processes, waits until each can do its work, restarts what ends with back-off, stops them in
 * order. */
#ifndef OPENPOST_TOOLS_SUPERVISE_H
#define OPENPOST_TOOLS_SUPERVISE_H

#include <sys/types.h>

#include "core/base/span.h"

#define CHILDREN_MAX 8
#define CHILD_ARGS_MAX 24
#define RESTART_FIRST_MS 200      /* doubled at each end, */
#define RESTART_MAX_MS 10000      /* at most so long, */
#define RESTART_FORGIVEN_MS 60000 /* forgotten once it has run so long */
#define READY_WITHIN_MS 120000    /* a rebuild of the read models comes before the ledger's readiness */
#define STOP_WITHIN_MS 10000      /* then SIGKILL */

struct child {
    const char *name;
    const char *master_key;     /* for its environment; NULL: it does not open the vault and gets none; borrowed */
    char *args[CHILD_ARGS_MAX]; /* argv of this same executable, NULL-terminated; borrowed */
    pid_t pid;                  /* 0: not running */
    int ready_fd;               /* read end; -1 once ready */
    bool ready;
    int64_t started_ms;
    int64_t restart_ms; /* when to start again; 0: none planned */
    int64_t back_off_ms;
    unsigned restarts;
    int ended_with; /* the exit code that it ended with last; 0: none yet, or a signal */
};

struct supervisor {
    struct child children[CHILDREN_MAX]; /* in the order of their start */
    size_t count;
    int stop_fd; /* process_stop_fd */
};

/* supervisor_add names one more process; args after the executable's own name. Returns it to be filled. */
struct child *supervisor_add(struct supervisor *supervisor, const char *name);
void child_arg(struct child *child, const char *arg);

/* supervisor_start starts every process in order, each once those before are ready; when it returns OK all are, also
 * one that had ended meanwhile. ERR_ALTERED, ERR_ACCESS: one ends
 * again and again with EXIT_ALTERED, EXIT_UNREADABLE; ERR_TIMED_OUT: it is not ready; ERR_IO; ERR_CLOSED when told to
 * stop meanwhile; what was started keeps running: supervisor_stop. */
enum err supervisor_start(struct supervisor *supervisor) MUST_USE;
/* supervisor_step waits up to wait_ms, reaps, restarts; returns false when told to stop. */
bool supervisor_step(struct supervisor *supervisor, int wait_ms);
/* supervisor_stop ends them in the reverse order of their start, waiting for each. */
void supervisor_stop(struct supervisor *supervisor);

#endif
