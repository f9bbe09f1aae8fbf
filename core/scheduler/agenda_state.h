/* agenda_state.h: what the agenda knows, shared by agenda.c and agenda_account.c (events), agenda_due.c (time),
 * agenda_late.c (turns), agenda_tokens.c (exchanges), agenda_row.c (rows, digest) and agenda_new.c (memory). Nobody
 * else includes it.
 *
 * Records refer to each other by index; a timer's ref is kind and index. A million targets of as many posts take about
 * 200 bytes each. */
#ifndef OPENPOST_SCHEDULER_AGENDA_STATE_H
#define OPENPOST_SCHEDULER_AGENDA_STATE_H

#include "core/base/limits.h"
#include "core/scheduler/agenda.h"
#include "core/scheduler/pool.h"
#include "core/scheduler/timers.h"

enum ref_kind { REF_TARGET = 0, REF_POST = 1, REF_INTEGRATION = 2 };

static inline uint32_t ref_of(enum ref_kind kind, uint32_t index)
{
    return (uint32_t)kind << 30 | index;
}

struct workspace_item {
    struct pool_item item;
    bool paused;
    bool deleted;
    uint64_t deleted_seq; /* the seq of the event that ended it; 0: not known */
    int64_t max_lateness_ms;
    int64_t late_spacing_ms;
    uint32_t integration_first; /* list of its integrations */
    uint8_t approval_policy;    /* enum approval_policy */
};

struct integration_item {
    struct pool_item item;
    uint32_t workspace;
    uint32_t workspace_next; /* in the workspace's list */
    uint32_t target_first;   /* list of its targets */
    uint32_t late_root;      /* heap of late and crowded targets that wait for their turn, by due time */
    uint32_t starts;         /* of its targets: handed out to be started, or attempting */
    uint32_t place;
    uint32_t channel;
    uint8_t status; /* enum integration_status, pause aside */
    bool paused;
    bool queue_paused;    /* its queue is */
    bool connecting;      /* credentials are to be tried */
    bool handed;          /* CONNECT or REFRESH is out */
    uint8_t failures;     /* exchanges that failed since the last one that did not */
    int64_t late_open_ms; /* the next late start not before */
    int64_t turn_ms;      /* since when a late one has its turn and has not started; 0: none has */
    int64_t wait_ms;      /* CONNECT or REFRESH not before */
    int64_t limited_ms;   /* the platform's limit: no start before */
    int64_t connect_ms;   /* since when credentials are tried */
    int64_t tokens_ms;    /* when the tokens were given; 0: not known */
    int64_t token_expires_ms;
    int64_t session_expires_ms;
    int64_t wanted_ms; /* since when a start needs newer tokens; 0: none does */
    uint64_t cause;    /* of CONNECT or REFRESH: the seq of the event that wants it */
};

enum post_stage { STAGE_FACTS = 0, STAGE_FACTS_OUT, STAGE_LOCK, STAGE_LOCK_OUT, STAGE_LOCKED };

struct post_item {
    struct pool_item item;
    uint32_t workspace;
    uint32_t target_first;
    uint32_t place;
    uint8_t stage; /* enum post_stage */
    bool scheduled;
    uint8_t approved_under; /* enum approval_policy; NONE: it is not approved */
    bool reminded : 1;      /* for publish_at_ms */
    bool remind_out : 1;    /* REMIND is */
    int64_t publish_at_ms;
    int64_t not_after_ms;
    int64_t wait_ms; /* FACTS_OUT: when the lock goes on without; else: not before */
    uint64_t version;
    uint64_t cause; /* of the lock: the seq of the event that gave it its instant or content */
};

enum target_state {
    STATE_PLANNED = 0, /* not locked */
    STATE_WAITING,     /* to be started at max(due, next) */
    STATE_ATTEMPTING,
    STATE_UNKNOWN, /* to be read at next; 0: by nobody */
    STATE_STALLED, /* its last event is on the way */
};

struct target_item {
    struct pool_item item;
    uint32_t post;
    uint32_t post_next;
    uint32_t integration;
    uint32_t integration_next;
    uint32_t integration_prev;
    uint32_t late_child; /* pairing heap: first child, next sibling, and previous sibling or parent */
    uint32_t late_next;
    uint32_t late_prev;
    uint32_t place;
    uint32_t fence;
    uint8_t state;      /* enum target_state */
    uint8_t channel;    /* enum channel_code */
    uint8_t part;       /* the next to send */
    uint8_t part_count; /* those that make it published */
    uint8_t attempt_part;
    bool comment : 1;   /* part number part_count is a first comment */
    bool published : 1; /* only the comment is left */
    bool read_first : 1;
    bool attempted : 1; /* attempt is one */
    bool handed : 1;
    bool late : 1;         /* what was handed out was a late start */
    bool crowded : 1;      /* it was in time, and waits for others of its account to end */
    bool starts : 1;       /* it is counted among those that start */
    bool queued : 1;       /* in the integration's heap of late ones */
    bool orphan : 1;       /* its attempt was begun by a scheduler that is gone */
    bool contradicted : 1; /* what its next outcome leads to, the read model knows */
    uint8_t attempt[16];
    int64_t due_ms;
    int64_t next_ms;
    int64_t deadline_ms;
    int64_t wait_ms; /* not handed out before */
    uint64_t cause;  /* of what is next: the seq of the event that left it in this state */
};

struct agenda {
    struct pool workspaces;
    struct pool integrations;
    struct pool posts;
    struct pool targets;
    struct timers timers;
    uint32_t starts; /* of all integrations */
    uint64_t epoch;
    bool clock_suspect;
    bool suspended;
    int64_t suspended_at_ms; /* what was due by then only a person starts */
};

static inline struct workspace_item *workspace_at(const struct agenda *agenda, uint32_t index)
{
    return pool_at(&agenda->workspaces, index);
}

static inline struct integration_item *integration_at(const struct agenda *agenda, uint32_t index)
{
    return pool_at(&agenda->integrations, index);
}

static inline struct post_item *post_at(const struct agenda *agenda, uint32_t index)
{
    return pool_at(&agenda->posts, index);
}

static inline struct target_item *target_at(const struct agenda *agenda, uint32_t index)
{
    return pool_at(&agenda->targets, index);
}

/* agenda_new.c: room for so many more records of each kind. */
enum err agenda_reserve(struct agenda *agenda, uint32_t workspaces, uint32_t integrations, uint32_t posts,
                        uint32_t targets) MUST_USE;

/* agenda_due.c: works out anew when a record is due. */
void agenda_time_target(struct agenda *agenda, uint32_t target);
void agenda_time_post(struct agenda *agenda, uint32_t post);
void agenda_time_integration(struct agenda *agenda, uint32_t integration); /* itself */
void agenda_time_account(struct agenda *agenda, uint32_t integration);     /* and its targets */
void agenda_time_all(struct agenda *agenda);
/* agenda_approval.c: the post may not lock as it is. agenda_time_planned works out anew when a post and, where its
 * targets may be missed for want of an approval, they are due; agenda_time_approvals does so for all of a workspace,
 * whose policy is another one now. agenda_apply_approval takes an event of an approval. */
bool agenda_wants_approval(const struct agenda *agenda, const struct post_item *post);
void agenda_time_planned(struct agenda *agenda, uint32_t post);
void agenda_time_approvals(struct agenda *agenda, uint32_t workspace);
void agenda_apply_approval(struct agenda *agenda, const struct log_event *at, const struct event *event);
/* agenda_tokens.c: when to look at a start for that instant: then, or before because newer tokens are needed;
 * TIMERS_NEVER: it waits for them, as agenda_tokens_awaited tells. agenda_tokens_want wants them if they are needed. */
int64_t agenda_tokens_look_ms(const struct integration_item *integration, int64_t start_ms);
bool agenda_tokens_awaited(const struct integration_item *integration, int64_t start_ms);
void agenda_tokens_want(struct agenda *agenda, uint32_t integration, int64_t start_ms, int64_t now_ms, uint64_t cause);
/* When they are to be exchanged, whether for a start or because the session must not end. */
int64_t agenda_tokens_due_ms(const struct integration_item *integration);
/* An exchange failed; the account has new ones. */
void agenda_tokens_failed(struct integration_item *integration, int64_t again_ms);
void agenda_tokens_set(struct integration_item *integration, int64_t tokens_ms, int64_t token_expires_ms,
                       int64_t session_expires_ms);
/* agenda_late.c: the integration's heap of late and crowded targets. */
void agenda_late_put(struct agenda *agenda, uint32_t target);
void agenda_late_remove(struct agenda *agenda, uint32_t target);
/* agenda_crowd.c: agenda_crowd_count counts a target among those that start, or no more; agenda_crowd_has_room: the
 * integration may start another one. */
void agenda_crowd_count(struct agenda *agenda, uint32_t target, bool starts);
bool agenda_crowd_has_room(const struct agenda *agenda, const struct integration_item *integration);

/* agenda_account.c: events of the installation, of workspaces and of integrations; true when it was one. */
bool agenda_apply_account(struct agenda *agenda, const struct log_event *at, const struct event *event);
/* agenda_account.c: what an event says of a platform's limit on an account. */
void agenda_apply_limit(struct agenda *agenda, const struct log_event *at, const struct event *event);
/* agenda_account.c: finds a record or adds it; room was reserved. */
uint32_t agenda_workspace(struct agenda *agenda, const struct id *id);
uint32_t agenda_integration(struct agenda *agenda, const struct id *id, const struct id *workspace_id);
/* agenda.c: likewise; agenda_target_add always adds. */
uint32_t agenda_post(struct agenda *agenda, const struct id *id, const struct id *workspace_id);
uint32_t agenda_target_add(struct agenda *agenda, uint32_t post, const struct id *id, uint32_t integration,
                           uint32_t channel);

#endif
