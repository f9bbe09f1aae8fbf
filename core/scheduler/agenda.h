/* agenda.h: what is due, else when to wake. Derived from the log's events (agenda_apply) or filled from the queue's
 * read model (agenda_restore_…) and then kept up by events; never durable itself. It has no clock, no I/O and sends
 * nothing: it says what should be asked for, and the ledger decides.
 *
 * Every action is handed out once. Its effect, an event, takes it off the agenda; agenda_failed gives it back. An
 * agenda that lags behind the log asks for something that is refused; no harm comes of that.
 *
 * Held (workspace, integration or its queue paused, disconnected): nothing starts, no next part either; what gets too
 * late is missed all the same. Of a workspace that was deleted all that waits is missed at once, scheduled or locked,
 * and nothing is read, connected or exchanged. While the clock is suspect or starts are suspended nothing is locked,
 * started, missed or exchanged.
 *
 * Limited (the platform said not to come before an instant, in whatever outcome): nothing of that account starts until
 * then; readings go on. What is overdue by more than AGENDA_LATE_MS then takes its turn among the late ones.
 *
 * Crowded (an account that has its part of all starts that are under way, agenda_crowd.c): its next one waits for
 * another of it to end, and is not late for that: it goes before the late ones, and is not spaced out.
 *
 * A post that its workspace's policy wants approved is not locked before it is. When its instant comes all its targets
 * are missed, whatever holds them; half an hour before, somebody is reminded. Once approved it needs no facts.
 *
 * Tokens are exchanged before a start that would find them dead, which waits for that if it must, and long before their
 * session ends; one exchange at a time per account. */
#ifndef OPENPOST_SCHEDULER_AGENDA_H
#define OPENPOST_SCHEDULER_AGENDA_H

#include "core/log/log.h"
#include "core/message/message.h"

#define AGENDA_FACTS_AHEAD_MS 15000 /* the network is asked for what rendering needs so long before the lock */
#define AGENDA_FACTS_WAIT_MS 10000  /* and the lock waits no longer than that for the answers */
#define AGENDA_LATE_MS 60000        /* overdue by more: a late start, spaced out (as /readyz counts) */
#define AGENDA_LOST_MS 5000         /* an attempt without outcome so long after its deadline is unknown */
#define AGENDA_FRESH_MS 600000      /* tokens that expire sooner after a start are exchanged before it */

#define AGENDA_STARTS_MAX 1024 /* starts under way that are shared out: two thirds of what an adapter is given */
#define AGENDA_LOOKS_MAX 5000  /* records looked at in one call: some 10 ms */

enum agenda_action {
    AGENDA_FACTS = 1, /* a post: ask the network for what its rendering needs, if anything; then agenda_facts_done */
    AGENDA_LOCK,      /* a post: render and lock it */
    AGENDA_REMIND,    /* a post: half an hour is left to approve it */
    AGENDA_START,     /* a target: start an attempt at part */
    AGENDA_READ,      /* a target: read whether attempt_id's part is there */
    AGENDA_LOST,      /* a target: attempt_id has no outcome and nobody will bring one: it is unknown */
    AGENDA_MISS,      /* a target: too late; or the original of a restored folder may have sent it */
    AGENDA_CONNECT,   /* an integration: try its credentials */
    AGENDA_REFRESH,   /* an integration: exchange its tokens */
};

struct agenda_due {
    enum agenda_action action;
    uint32_t channel; /* of the target or, once known, the integration */
    struct id workspace_id;
    struct id post_id;
    struct id target_id;
    struct id integration_id;
    struct id attempt_id; /* of the target the last; absent: none yet */
    uint32_t part;        /* START: to send; READ, LOST: the attempt's */
    uint64_t fence;       /* START: the ledger's epoch */
    int64_t due_ms;       /* when it should have been handed out */
    int64_t started_ms;   /* READ, LOST: the attempt's */
    int64_t until_ms;     /* FACTS: when the lock goes on without; CONNECT: when what passes is no longer waited for */
    uint64_t cause;       /* seq of the event that made it due: what the ledger's event will answer; 0: not known */
};

/* An open target as a read model has it. */
struct agenda_target {
    struct id workspace_id;
    struct id post_id;
    struct id target_id;
    struct id integration_id;
    uint32_t channel;
    uint32_t status;         /* enum target_status; published: only its first comment is left */
    uint32_t approved_under; /* enum approval_policy that the post's approval satisfies; NONE: it is not approved */
    bool approval_reminded;  /* the post: no more reminder for its instant */
    bool locked;             /* the post is */
    uint64_t version;        /* of the post's stream */
    int64_t publish_at_ms;
    int64_t not_after_ms; /* 0: none */
    int64_t due_ms;
    int64_t next_ms; /* the next attempt or reading; 0: none */
    uint32_t part_next;
    uint32_t part_count;  /* those that make it published */
    bool comment;         /* a first comment comes after */
    struct id attempt_id; /* the last attempt; absent: none */
    uint32_t attempt_part;
    bool attempt_open;    /* it has no outcome yet */
    bool attempt_unknown; /* its outcome is unknown */
    uint64_t fence;
    int64_t deadline_ms;
    bool read_first;
    bool contradicted; /* a second definite outcome of an attempt said otherwise than the first */
    uint64_t seq;      /* of the last event that changed it */
};

struct agenda_integration {
    struct id workspace_id;
    struct id integration_id;
    uint32_t channel;
    uint32_t status; /* enum integration_status, pause aside; of one that is connected again: what it is meanwhile */
    bool connecting; /* credentials are to be tried */
    bool paused;
    bool queue_paused;          /* its queue is */
    int64_t connect_ms;         /* connecting: since when */
    int64_t limited_ms;         /* the platform's limit: no start before; 0: none yet */
    int64_t tokens_ms;          /* when the tokens were given: the instant in their vault_id; 0: it has none */
    int64_t token_expires_ms;   /* 0: never */
    int64_t session_expires_ms; /* 0: not known */
    uint64_t seq;               /* of its last event */
};

struct agenda_workspace {
    struct id workspace_id;
    bool paused;
    bool deleted;
    uint64_t max_lateness_ms; /* both as events have them */
    uint64_t late_spacing_ms;
    uint32_t approval_policy; /* enum approval_policy */
};

struct agenda_installation {
    uint64_t epoch;
    bool clock_suspect;
    bool suspended;
    int64_t suspended_at_ms; /* when a copied or restored folder was found, then when it was confirmed; 0: never */
};

struct agenda;

enum err agenda_new(struct agenda **ret_agenda) MUST_USE;
void agenda_free(struct agenda *agenda);
OWNED_BY(agenda_free, struct agenda *);

/* agenda_apply takes one event in the log's order. ERR_NO_MEMORY: nothing changed. ERR_NOT_FOUND: the event opens a
 * target that the agenda does not have (it was restored without drafts and finished targets): the caller restores the
 * open targets of the event's post from the read model, which must be at the event's position or later; then goes on
 * with the next event. An event applied twice does no harm. */
enum err agenda_apply(struct agenda *agenda, const struct log_event *at, const struct event *event) MUST_USE;

/* agenda_restore… adds or replaces one row. A workspace before its integrations, those before their targets, is
 * quickest but not required. All: ERR_NO_MEMORY. An open attempt of a restored target was begun by somebody who is
 * gone: lost at once when its fence is not this epoch's, else after its deadline. */
enum err agenda_restore(struct agenda *agenda, const struct agenda_target *row) MUST_USE;
enum err agenda_restore_integration(struct agenda *agenda, const struct agenda_integration *row) MUST_USE;
enum err agenda_restore_workspace(struct agenda *agenda, const struct agenda_workspace *row) MUST_USE;
void agenda_restore_installation(struct agenda *agenda, const struct agenda_installation *row);

/* agenda_next hands out up to max actions that are due at now_ms, earliest first, and tells when to ask again: not
 * later than now_ms: there is more; INT64_MAX: after the next event. */
void agenda_next(struct agenda *agenda, int64_t now_ms, uint32_t max, struct agenda_due *ret_due, uint32_t *ret_count,
                 int64_t *ret_wake_ms);
/* agenda_failed gives an action back: it is handed out again, if it is still right, not before again_ms. */
void agenda_failed(struct agenda *agenda, const struct agenda_due *due, int64_t again_ms);
/* agenda_cause tells which event an outcome answers that came without the agenda having asked for it: the one that left
 * its target as it is or, when that is done, its integration; 0: the agenda has neither. */
uint64_t agenda_cause(const struct agenda *agenda, const struct agenda_due *due);
/* agenda_facts_done: what the rendering of a post needs is there, or will not come. */
void agenda_facts_done(struct agenda *agenda, const struct id *post_id);

/* The epoch that the agenda has learned of; 0: none yet. */
uint64_t agenda_epoch(const struct agenda *agenda);
/* Why it hands out no lock, start or miss at all: a restored folder that waits for a person; the clock. */
bool agenda_is_suspended(const struct agenda *agenda);
bool agenda_is_clock_suspect(const struct agenda *agenda);
/* Targets on it, drafts' included. */
uint32_t agenda_count(const struct agenda *agenda);
/* agenda_digest sums up what events say (nothing of what was handed out): equal for two agendas that know the same.
 * Posts never scheduled are left out. */
uint64_t agenda_digest(const struct agenda *agenda);

/* agenda_overdue: what is due and has not started, and what is paused. Looks at every target and workspace: for
 * readiness and figures, now and then. */
struct agenda_overdue {
    int64_t late_ms;  /* by how much the longest waiting start that could go out now is overdue; 0: none. What is held,
                         unknown, to be read first, deferred, or late and waits for its turn does not count */
    uint32_t held;    /* targets that are due and held: paused, not connected, or all starts are */
    uint32_t in_line; /* targets that are late and wait for their turn */
    uint32_t
        paused; /* workspaces whose kill switch is on, whether anything of them is due or not; ended ones are not */
};

struct agenda_overdue agenda_overdue(const struct agenda *agenda, int64_t now_ms);

#endif
