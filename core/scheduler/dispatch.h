/* dispatch.h: between agenda, ledger and adapters, without any I/O: the process (main.c) and the simulator drive it
 * with the same calls. It is told what happened (events, answers, outcomes, the time) and asked what to send.
 *
 * Two steps always: the command start_attempt, and only when its answer says that the start is durable does the job go
 * out. A commit job is handed to an adapter once; what became of it is then for the outcome, or for a reading, to tell.
 * An outcome is recorded until the ledger has answered, and only then acknowledged to its adapter.
 *
 *   forever: dispatch_follow for each event; dispatch_tick; then take what is to be sent: dispatch_command,
 * dispatch_seal, dispatch_jobs; give back what came of it: dispatch_answered, dispatch_sealed, dispatch_jobs_failed,
 * dispatch_outcome */
#ifndef OPENPOST_SCHEDULER_DISPATCH_H
#define OPENPOST_SCHEDULER_DISPATCH_H

#include "core/channel.h"
#include "core/message/answer.h"
#include "core/scheduler/agenda.h"

#define DISPATCH_COMMANDS_MAX 2048 /* commands waiting or unanswered: four full frames */
#define DISPATCH_STARTS_BUSY 256   /* starts waiting or unanswered */
#define DISPATCH_HANDOVER_MS \
    60000                     /* a started attempt that no adapter took for so long was certainly not sent: try again */
#define DISPATCH_JOB_MS 30000 /* what a reading, connection or exchange of tokens may take */
#define DISPATCH_JOBS_MAX 256 /* of one batch */
#define DISPATCH_DONE_MAX 1024
#define DISPATCH_OUT_MAX 1536 /* jobs and unacknowledged outcomes with one adapter: less than it has room for */

struct dispatch;

/* What is needed to render a post. */
struct dispatch_target {
    struct target_spec spec;
    int64_t due_ms;
};

struct dispatch_post {
    uint64_t version;               /* of its stream: what the lock command will name */
    struct channel_content content; /* as written; variants are in the targets */
    const struct dispatch_target *targets;
    uint32_t target_count;
    bool is_approved;               /* then exactly this is locked: */
    struct locked_target *approved; /* without keys; in memory that whoever asked may write to */
    uint32_t approved_count;
};

/* What is needed to send a target: its locked form and what the platform has of it. */
struct dispatch_live {
    uint32_t part;
    struct span platform_id;
    struct span revision;
};

struct dispatch_payload {
    const struct locked_part *parts;
    uint32_t part_count;
    const struct dispatch_live *live;
    uint32_t live_count;
    struct span prepared;
};

/* What is needed to speak for an account. credentials: a sealed box for the job (job.def). */
struct dispatch_account {
    struct span service;
    struct span account;
    struct span handle;
    struct span identifier;
    struct span credentials;
    struct id vault_id; /* where they are sealed, and what recognises them */
    struct span fingerprint;
};

/* The read models and the vault, as far as dispatch needs them. Each fills from arena or from memory that outlives the
 * call that led here. ERR_NOT_FOUND is an answer; any other error is tried again later. */
struct dispatch_load {
    void *context;
    enum err (*post)(void *context, const struct id *post_id, struct arena *arena, struct dispatch_post *ret_post);
    enum err (*payload)(void *context, const struct id *post_id, const struct id *target_id, struct arena *arena,
                        struct dispatch_payload *ret_payload);
    /* What job_id, made for due, needs to know of due's account. AGENDA_CONNECT: the credentials to try; otherwise
     * those in use. ERR_NOT_FOUND: the account has none any more; ERR_AUTH: none that can be opened. */
    enum err (*account)(void *context, const struct agenda_due *due, const struct id *job_id, struct arena *arena,
                        struct dispatch_account *ret_account);
    /* The open targets of a post, as agenda rows. ERR_BUSY: the read model is behind position. */
    enum err (*open)(void *context, const struct id *post_id, uint64_t position, struct arena *arena,
                     struct agenda_target **ret_rows, uint32_t *ret_count);
};

struct dispatch_options {
    struct agenda *agenda; /* borrowed; filled by the owner before the first event is followed */
    struct channel_list channels;
    struct dispatch_load load;
    void (*random)(void *context, void *data, size_t len); /* for ids, keys and jitter */
    void *random_context;
};

struct dispatch_figures {
    uint64_t starts;     /* attempts whose start is durable */
    uint64_t outcomes;   /* recorded */
    uint64_t dropped;    /* outcomes that the ledger refused for good, or of which nobody knows what they are about */
    uint64_t refusals;   /* commands refused */
    uint64_t unanswered; /* commands without an answer, sent again */
    uint32_t tasks;      /* open */
    int64_t start_late_max_ms; /* the latest durable start since the figures were last read */
};

/* Commands that could not be made, but for what is on its way to the views; they are tried again. */
struct dispatch_unfilled {
    uint64_t times;
    enum err err; /* the last of them: why, and about which post */
    struct id post_id;
};

enum err dispatch_new(const struct dispatch_options *options, struct dispatch **ret_dispatch) MUST_USE;
void dispatch_free(struct dispatch *dispatch);
OWNED_BY(dispatch_free, struct dispatch *);

/* dispatch_follow applies the next event. ERR_NO_MEMORY, or an error of load.open (ERR_BUSY: the read model is behind):
 * apply it again later. */
enum err dispatch_follow(struct dispatch *dispatch, const struct log_event *at, const struct event *event) MUST_USE;
/* dispatch_tick takes from the agenda what is due and gives up on what never came back; *ret_wake_ms: when to call it
 * again if nothing happens before. */
enum err dispatch_tick(struct dispatch *dispatch, int64_t now_ms, int64_t *ret_wake_ms) MUST_USE;

/* dispatch_stop: from now on dispatch_tick takes nothing from the agenda, and gives up what was not begun: a start that
 * the ledger was not asked for, a look at the platform; a commit that no adapter has yet is put off, deferred. What was
 * begun goes on to its record. dispatch_is_idle: there is nothing of that left, nor an outcome to acknowledge. */
void dispatch_stop(struct dispatch *dispatch);
bool dispatch_is_idle(const struct dispatch *dispatch);

/* dispatch_command fills the next command to send; false: none. It borrows from arena. Answer it by its ticket: OK with
 * the ledger's answer, an error: nobody knows whether it was decided. */
bool dispatch_command(struct dispatch *dispatch, int64_t now_ms, struct arena *arena, struct command *ret_command,
                      uint32_t *ret_ticket);
void dispatch_answered(struct dispatch *dispatch, int64_t now_ms, uint32_t ticket, enum err err,
                       const struct answer *answer);

/* dispatch_is_busy_starting: so many starts wait for the ledger that everything else had better wait for them, for a
 * moment: jobs, events. */
bool dispatch_is_busy_starting(const struct dispatch *dispatch);

/* dispatch_seal gives the next credentials that an adapter obtained and that must be in the vault before anything else
 * is said of them: a box for the job; false: none. box lives until dispatch_sealed, whose fingerprint recognises the
 * plain text. ERR_AUTH: the box cannot be opened; any other error: tried again. */
struct dispatch_secret {
    struct id secret_id;
    struct id integration_id;
    struct id job_id;
    uint32_t channel; /* whose adapter sealed the box */
    struct span box;
};

bool dispatch_seal(struct dispatch *dispatch, int64_t now_ms, struct dispatch_secret *ret_secret, uint32_t *ret_ticket);
void dispatch_sealed(struct dispatch *dispatch, int64_t now_ms, uint32_t ticket, enum err err, struct span fingerprint);

/* dispatch_jobs fills up to max jobs for a channel's adapter and the ids of outcomes that it may forget (up to
 * DISPATCH_DONE_MAX). What it gives is taken as sent: if it could not be, say so with dispatch_jobs_failed; never_left:
 * certainly no byte of it reached the adapter. */
bool dispatch_has_jobs(const struct dispatch *dispatch, enum channel_code channel);
/* dispatch_has_out: the channel's adapter has jobs, or outcomes that are not acknowledged. */
bool dispatch_has_out(const struct dispatch *dispatch, enum channel_code channel);
enum err dispatch_jobs(struct dispatch *dispatch, int64_t now_ms, enum channel_code channel, uint32_t max,
                       struct arena *arena, struct job_batch *ret_batch) MUST_USE;
void dispatch_jobs_failed(struct dispatch *dispatch, int64_t now_ms, const struct job_batch *batch, bool never_left);
/* dispatch_adapter_gone: the channel's adapter is another process now than the one that had the jobs. Commits that it
 * had are unknown; anything else is sent again. */
enum err dispatch_adapter_gone(struct dispatch *dispatch, int64_t now_ms, enum channel_code channel) MUST_USE;
/* dispatch_outcome takes what a channel's adapter reports; one reported again does no harm. ERR_NO_MEMORY: it will be
 * reported again. */
enum err dispatch_outcome(struct dispatch *dispatch, int64_t now_ms, enum channel_code channel,
                          const struct job_outcome *outcome) MUST_USE;

void dispatch_figures(struct dispatch *dispatch, struct dispatch_figures *ret_figures);
struct dispatch_unfilled dispatch_unfilled(const struct dispatch *dispatch);

#endif
