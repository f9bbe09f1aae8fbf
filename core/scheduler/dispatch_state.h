/* dispatch_state.h: dispatch's tasks, shared by dispatch*.c; nobody else includes it.
 *
 * A task is one action of the agenda, or one outcome that came late, on its way:
 *
 *   LOCK, MISS        COMMAND
 *   START             COMMAND start_attempt -> JOB commit -> outcome -> its steps
 *   LOST              steps with the outcome unknown
 *   READ              JOB -> outcome -> its steps
 *   CONNECT, REFRESH  JOB -> outcome -> its steps
 *   FACTS             a JOB resolve per target that needs one; the post's lock waits for them
 *
 * A CONNECT that failed in passing has no steps: the agenda gets it back, until CONNECT_WITHIN_MS are over.
 *
 * The steps of an outcome, in order, each durable before the next: SEAL and TOKENS (credentials that came with it),
 * DISCONNECT (they are no longer good), RECORD. Only then is the outcome acknowledged. */
#ifndef OPENPOST_SCHEDULER_DISPATCH_STATE_H
#define OPENPOST_SCHEDULER_DISPATCH_STATE_H

#include "core/base/limits.h"
#include "core/scheduler/dispatch.h"
#include "core/scheduler/pool.h"
#include "core/scheduler/timers.h"

enum task_stage {
    TASK_COMMAND = 1, /* in the queue of commands */
    TASK_ANSWER,      /* its command is out */
    TASK_SEAL,        /* in the queue of secrets */
    TASK_SEALING,     /* its secret is out */
    TASK_JOB,         /* in its channel's queue */
    TASK_OUT,         /* an adapter has it */
    TASK_PAUSE,       /* waits to go on with resume */
};

enum task_step { STEP_SEAL = 1, STEP_TOKENS = 2, STEP_DISCONNECT = 4, STEP_RECORD = 8 };

#define FINGERPRINT_MAX 64

struct task {
    struct pool_item item; /* found by the job's id; a commit's is its attempt's */
    struct agenda_due due;
    uint8_t stage;     /* enum task_stage */
    uint8_t resume;    /* TASK_PAUSE: the stage to go on with */
    uint8_t steps;     /* enum task_step that are left; 0: it has no outcome yet */
    uint8_t tries;     /* of the command or secret that is next */
    bool acknowledge;  /* an adapter waits to hear that the outcome is recorded */
    bool foreign;      /* it did not come from the agenda: a late outcome */
    bool with_adapter; /* it has a slot there: the job, or its outcome that is not acknowledged */
    bool starting;     /* among those whose start is not answered yet */
    bool counted;      /* among the commands waiting or unanswered */
    uint32_t queue_next;
    uint32_t queue_prev;
    uint32_t place; /* of its timer */
    uint32_t jitter;
    uint64_t version; /* LOCK: that was rendered */
    struct id job_id;
    struct id command_id; /* of the command that is next; absent: not minted yet */
    struct id secret_id;
    struct hash payload_hash;
    int64_t started_ms;
    int64_t deadline_ms;
    int64_t again_ms;            /* CONNECT: it failed in passing, and is asked for again then; else 0 */
    struct job_outcome *outcome; /* owned, texts and all */
    uint32_t refusal;            /* CONNECT: why a connection that the platform accepted is not ours */
    struct id holder;            /* account_exists: the integration that has the account */
    uint8_t fingerprint_len;
    uint8_t fingerprint[FINGERPRINT_MAX];
};

struct queue {
    uint32_t first;
    uint32_t last;
    uint32_t count;
};

/* What the network said for a target, and a post that waits for such. */
struct fact_item {
    struct pool_item item; /* found by target */
    uint32_t next;         /* of the same post */
    uint8_t *json;         /* owned; NULL: not known */
    size_t json_len;
};

struct asking_item {
    struct pool_item item; /* found by post */
    uint32_t first;        /* facts */
    uint32_t open;         /* questions without an answer */
};

/* An account that this process locked posts of; it stays. */
struct number_item {
    struct pool_item item; /* found by account */
    uint64_t next;         /* of its keys */
};

struct done_list {
    struct target_ref *ids; /* owned; DISPATCH_DONE_MAX, once needed */
    uint32_t count;
};

struct dispatch {
    struct dispatch_options options;
    struct agenda *agenda;
    struct pool tasks;
    struct pool facts;
    struct pool asking;
    struct pool numbers;
    struct timers timers;  /* of tasks */
    struct queue starts;   /* commands: start_attempt */
    struct queue urgent;   /* outcomes */
    struct queue commands; /* the others */
    struct queue secrets;
    struct queue jobs[CHANNEL_COUNT];
    struct done_list done[CHANNEL_COUNT];
    uint32_t with_adapter[CHANNEL_COUNT];
    struct agenda_due *due; /* owned; room for one question to the agenda */
    struct arena arena;
    uint32_t starting;       /* attempts whose start is not answered yet */
    uint32_t turn;           /* of the queues of commands */
    uint32_t waiting;        /* tasks in COMMAND or ANSWER, or pausing to go back there */
    int64_t ledger_again_ms; /* the ledger did not answer: nothing new is asked of it before */
    uint8_t ledger_failures;
    bool stopping;
    struct dispatch_figures figures;
    struct dispatch_unfilled unfilled;
};

static inline struct task *task_at(const struct dispatch *dispatch, uint32_t index)
{
    return pool_at(&dispatch->tasks, index);
}

/* dispatch.c */
enum err dispatch_task_add(struct dispatch *dispatch, const struct agenda_due *due, const struct id *job_id,
                           uint32_t *ret_task) MUST_USE;
void dispatch_task_remove(struct dispatch *dispatch, uint32_t task);
/* Moves a task to a stage and its queue; again_ms: not before. until_ms: its timer in that stage (TIMERS_NEVER: none).
 */
void dispatch_go(struct dispatch *dispatch, uint32_t task, enum task_stage stage, int64_t now_ms, int64_t again_ms);
/* True while the task's job is under way and has no outcome. */
bool dispatch_is_out(const struct task *task);
void dispatch_timer(struct dispatch *dispatch, uint32_t task, int64_t at_ms);
uint32_t dispatch_queue_take(struct dispatch *dispatch, struct queue *queue);
struct id dispatch_mint(struct dispatch *dispatch, enum id_kind kind, int64_t now_ms);
void dispatch_acknowledge(struct dispatch *dispatch, uint32_t channel, const struct id *job_id);
/* The agenda gets its action back, and the task ends. */
void dispatch_give_back(struct dispatch *dispatch, uint32_t task, int64_t again_ms);
/* How long to wait after so many failures. */
int64_t dispatch_backoff_ms(uint32_t failures);

/* dispatch_outcome.c: a task gets an outcome (copied), and its steps begin. dispatch_next_step goes on, or ends it. */
enum err dispatch_set_outcome(struct dispatch *dispatch, int64_t now_ms, uint32_t task,
                              const struct job_outcome *outcome) MUST_USE;
void dispatch_next_step(struct dispatch *dispatch, int64_t now_ms, uint32_t task);

/* dispatch_lock.c: questions to the network before the lock, their answers (data NULL: there is none), and the lock's
 * native forms. */
enum err dispatch_ask_facts(struct dispatch *dispatch, int64_t now_ms, const struct agenda_due *due) MUST_USE;
void dispatch_fact(struct dispatch *dispatch, const struct agenda_due *due, struct span json);
void dispatch_forget_facts(struct dispatch *dispatch, const struct id *post_id);
enum err dispatch_render(struct dispatch *dispatch, struct task *task, int64_t now_ms, struct arena *arena,
                         struct lock_post_command *ret_lock) MUST_USE;
enum err dispatch_resolve_payload(struct dispatch *dispatch, const struct task *task, struct arena *arena,
                                  struct span *ret_json) MUST_USE;

#endif
