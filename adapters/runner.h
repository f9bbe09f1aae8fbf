/* runner.h: what an adapter process does with jobs, without clock or sockets: takes them once, opens their credentials,
 * moves them through their platform's steps, and keeps each outcome until the scheduler has acknowledged it. A pair
 * that a job was given on its way is reported as an outcome, too, and used when that is acknowledged. main.c drives it
 * with the network, the simulation with a model.
 *
 * Commits of one account are sent a few at a time (runner_account.h), and after an outcome that speaks of a limit none
 * before its end: such a one is deferred to that without being sent.
 *
 *   forever: runner_take for each batch that comes; runner_answered for each answer of the transport; runner_tick;
 * runner_report when somebody asks */
#ifndef OPENPOST_ADAPTERS_RUNNER_H
#define OPENPOST_ADAPTERS_RUNNER_H

#include "adapters/platform.h"
#include "core/base/owned.h"
#include "core/vault/box.h"
#include "core/wire/jobs.h"

#define RUNNER_JOBS_MAX 2048u               /* open, or finished and not acknowledged: some 40 MB at most */
#define RUNNER_MEMORY_MAX ((size_t)8 << 20) /* of one job: a page, a picture, and their copies */
#define RUNNER_REPORT_MAX 256u              /* outcomes in one report */
#define RUNNER_REPORT_BYTES_MAX ((size_t)4 << 20)
#define RUNNER_AGAIN_MS JOBS_AGAIN_MS /* an outcome that was reported and not acknowledged is reported again */
#define RUNNER_SEEN_MAX 65536u        /* commits remembered, at least; older ones are past their deadline */

struct runner;

/* Where requests go. start as transport_start: the answer comes by runner_answered with the same context. */
struct runner_transport {
    void *context;
    bool (*has_room)(void *context);
    enum err (*start)(void *context, const struct http_request *request, int64_t now_ms, struct arena *arena,
                      void *tag);
};

struct runner_options {
    const struct platform *platform; /* lives as long as the runner */
    const struct guard *guard;       /* likewise */
    struct runner_transport transport;
    uint8_t key[BOX_KEY_LEN]; /* of the boxes in which credentials travel; each is bound to its job's id as text */
    void (*random)(void *context, void *data, size_t len); /* nonces */
    void *random_context;
};

struct runner_figures {
    uint64_t taken;    /* jobs */
    uint64_t again;    /* that were known already, and ignored */
    uint64_t stale;    /* commits of an older ledger, refused */
    uint64_t finished; /* outcomes */
    uint64_t unknown;  /* of which unknown */
    uint32_t open;     /* jobs without an outcome */
    uint32_t kept;     /* outcomes not acknowledged */
};

enum err runner_new(const struct runner_options *options, struct runner **ret_runner) MUST_USE;
/* runner_free drops jobs that are under way: close the transport first. Accepts NULL. */
void runner_free(struct runner *runner);
OWNED_BY(runner_free, struct runner *);

/* runner_take takes all jobs of the batch (copied) and forgets the outcomes that it acknowledges. ERR_BUSY,
 * ERR_NO_MEMORY: none was taken, nothing was started; the acknowledgements count all the same. A job that is or was
 * known is ignored, a commit of an older fence than the newest seen gets its outcome (try_again, fence_stale) without a
 * request. */
enum err runner_take(struct runner *runner, int64_t now_ms, const struct job_batch *batch) MUST_USE;
/* runner_recall puts off every commit that was not begun: deferred, so that it may be started again at once. What was
 * begun goes on. */
void runner_recall(struct runner *runner, int64_t now_ms);
/* runner_answered hands over the answer to a request. runner_tick begins jobs that wait and ends those that waited for
 * too long. */
void runner_answered(struct runner *runner, int64_t now_ms, void *tag, const struct http_response *response);
void runner_tick(struct runner *runner, int64_t now_ms);

/* runner_report lists outcomes that were not reported before, or long enough ago, oldest first; texts are the runner's
 * until the next call of any function. ERR_NO_MEMORY. runner_has_report tells whether there are any. */
bool runner_has_report(const struct runner *runner, int64_t now_ms);
enum err runner_report(struct runner *runner, int64_t now_ms, struct arena *arena, struct outcome_batch *ret_batch)
    MUST_USE;
void runner_figures(const struct runner *runner, struct runner_figures *ret_figures);

#endif
