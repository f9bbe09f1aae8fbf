/* platform.h: what an adapter process asks of a platform: a step machine without I/O. Given a job and the answers so
 * far, which HTTP request comes next, or how the job ended. The process (runner.c) opens and seals credentials, moves
 * requests and keeps outcomes; the platform only computes.
 *
 * The rule that every platform keeps: what commits something is asked with http_request.once, and whatever is not a
 * definite answer to it ends the job as OUTCOME_UNKNOWN. The only failure of next is ERR_NO_MEMORY; the process then
 * ends the job itself (platform_lost). */
#ifndef OPENPOST_ADAPTERS_PLATFORM_H
#define OPENPOST_ADAPTERS_PLATFORM_H

#include "adapters/guard.h"
#include "adapters/http.h"
#include "core/base/arena.h"
#include "core/channel.h"
#include "core/message/message.h"
#include "core/message/refusal.h"

/* A job under way. */
struct platform_job {
    const struct job *job;     /* lives as long as this */
    const struct guard *guard; /* likewise */
    struct span credentials;   /* in clear, secret: JSON of the channel's own; data NULL: the job carried none */
    struct arena *arena;       /* the job's own: lives until its outcome has been copied */
    int64_t now_ms;            /* set by the process before each step */
    void *state;               /* the platform's, in the arena; NULL before the first step */
    bool exchanging;   /* set by next: the request exchanges the account's credentials; one at a time per account */
    bool committed;    /* set by next: a request that commits something was asked */
    struct span fresh; /* set by next: new credentials, in clear; the process seals them into an outcome */
    int64_t fresh_expires_ms; /* when those expire; 0: unknown */
    int64_t fresh_session_ms; /* when they can no longer be exchanged; 0: unknown */
};

struct platform {
    const struct channel *(*channel)(void);
    /* next computes the next step. last is the answer to the request asked last, NULL at first. *ret_finished true:
     * *ret_outcome (begun with platform_outcome) says how the job ended; its texts live in the arena. Else *ret_request
     * is to be sent, unless last was the answer to an exchange and job->fresh is what it gave: then nothing is asked.
     * The process has the pair stored, and calls next with last NULL and the pair as job->credentials (fresh is empty
     * again). A job whose exchange another one of its account has made meanwhile is called likewise. */
    enum err (*next)(struct platform_job *job, const struct http_response *last, struct http_request *ret_request,
                     bool *ret_finished, struct job_outcome *ret_outcome);
};

/* platform_outcome begins the outcome of a job: the job's own fields given back, and the outcome. platform_refuse ends
 * it with a code and its sentence. */
void platform_outcome(const struct job *job, enum outcome outcome, struct job_outcome *ret_outcome);
void platform_refuse(const struct job *job, enum outcome outcome, enum refusal code, struct job_outcome *ret_outcome);
/* platform_lost is the outcome of a job that the process cannot go on with (memory): unknown when something may have
 * been committed. */
void platform_lost(const struct platform_job *job, struct job_outcome *ret_outcome);

#endif
