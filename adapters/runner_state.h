/* runner_state.h: what runner.c and runner_pair.c share; nobody else includes it. */
#ifndef OPENPOST_ADAPTERS_RUNNER_STATE_H
#define OPENPOST_ADAPTERS_RUNNER_STATE_H

#include "adapters/runner.h"
#include "adapters/runner_account.h"
#include "adapters/runner_seen.h"

enum phase {
    PHASE_FREE,
    PHASE_QUEUED,
    PHASE_IN_LINE,
    PHASE_WAITING,
    PHASE_ASKING,
    PHASE_PARKED,
    PHASE_FINISHED,
    PHASE_TOLD
};

struct slot {
    enum phase phase;
    struct slot *next, *previous; /* of the list that the phase names */
    struct arena arena;
    struct job *job;
    struct job_outcome *outcome; /* reserved from the start, so that finishing needs no memory */
    struct platform_job under_way;
    struct http_request request;    /* asked last */
    struct runner_account *account; /* of a commit that stands, or stood, in line, or has begun */
    struct span fresh;              /* the account's credentials, in clear, exchanged while it was in line */
    int64_t told_ms;                /* PHASE_TOLD: since when */
    bool exchanged; /* its outcome brings a pair that an exchange gave: nobody's before it is acknowledged */
};

struct runner {
    struct arena arena;
    struct runner_options options;
    struct slot *slots;
    uint32_t free_count;
    struct runner_line free, queued, waiting, asking, parked, finished, told;
    uint32_t storing; /* slots of finished and told whose job goes on once its pair is stored */
    struct runner_accounts accounts;
    struct runner_seen seen;
    uint64_t fence; /* the newest seen */
    struct runner_figures figures;
};

/* runner.c: runner_move puts a slot at the end of a phase's list. runner_step takes one step of the job's platform:
 * ends the job, puts its next request in line, or has a new pair stored first; last: the answer to its last request. */
void runner_move(struct runner *runner, struct slot *slot, enum phase phase);
void runner_step(struct runner *runner, struct slot *slot, int64_t now_ms, const struct http_response *last);

/* runner_pair.c, by the steps of an exchange: pair_ask puts the slot's request in line, or parks it while another job
 * of the account exchanges its credentials or has a pair that is not stored; pair_ask_parked lets the first of the
 * parked ask, for the exchange gave nothing; pair_seal puts the pair into the outcome, sealed; pair_tell has it
 * reported while its job waits; pair_use: it is stored. pair_open gives a box's content in clear, in the slot's memory;
 * ERR_AUTH when it is not one of ours for that job. What returns an error: ERR_NO_MEMORY. */
void pair_ask(struct runner *runner, struct slot *slot);
void pair_ask_parked(struct runner *runner, const struct id *integration_id);
enum err pair_seal(struct runner *runner, struct slot *slot) MUST_USE;
enum err pair_tell(struct runner *runner, struct slot *slot, int64_t now_ms) MUST_USE;
void pair_use(struct runner *runner, struct slot *slot, int64_t now_ms);
enum err pair_open(struct runner *runner, struct slot *slot, const struct id *job_id, struct span box,
                   struct span *ret_plain) MUST_USE;

#endif
