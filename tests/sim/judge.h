/* judge.h: what the judge knows, from the events alone and by rules of its own: it shares no line with the deciders,
 * the read models or the agenda. judge.c: the log, what is derived from it, what is live. judge_post.c: a post's life.
 * judge_approval.c: who approved what. judge_plan.c: queues, series, swaps. judge_open.c: what is open. */
#ifndef OPENPOST_TESTS_SIM_JUDGE_H
#define OPENPOST_TESTS_SIM_JUDGE_H

#include "tests/sim/world.h"

#define DID_MAX 64
#define KEY_MAX 24
#define WRITERS_MAX 16 /* of a post or a series: everybody that there is in a world, and some to spare */
#define JUDGED_SLOTS_MAX 16

struct counted {
    struct pool_item item; /* a stream or a workspace */
    uint64_t count;
};

/* How much is known of what became of an attempt. */
enum certainty { CERTAINTY_NONE, CERTAINTY_DOUBT, CERTAINTY_FULL };

struct judged_attempt {
    struct pool_item item;
    enum certainty reported; /* by its adapter */
    enum certainty recorded; /* in the log */
};

enum phase { PHASE_WAITS, PHASE_UNDER_WAY, PHASE_DOUBT };

/* A part as the lock fixed it. */
struct judged_part {
    char key[KEY_MAX];
    uint64_t text; /* a hash of the author's words */
    struct hash payload_hash;
};

struct judged_target {
    struct pool_item item;
    struct id target_id;
    struct id post_id;
    struct id integration_id;
    uint32_t status; /* enum target_status of the end, 0: open */
    enum phase phase;
    int64_t due_ms;  /* what lateness is counted from */
    int64_t next_ms; /* no start before; 0: its instant decides */
    struct id attempt_id;
    uint64_t attempt_number;
    uint32_t attempt_part;
    int64_t deadline_ms;
    bool of_series;
    bool has_comment; /* the last part */
    bool comment_over;
    bool queued;          /* while the queue is looked at */
    bool by_person;       /* what a person said of it is not for us to check */
    bool lied;            /* the platform refused or hid what it did */
    uint32_t absent_said; /* so often a person said that it is not there */
    uint32_t live;        /* bit n: part n was accepted */
    uint32_t unknown;     /* bit n: of part n it is over that nobody knows */
    uint32_t parts_count; /* 0: not locked */
    struct judged_part parts[LOCKED_PARTS_MAX];
    int64_t own_ms;          /* its own instant, as its author gave it; 0: none */
    uint32_t approved_count; /* parts whose bytes are approved; 0: none */
    struct hash approved[LOCKED_PARTS_MAX];
};

/* Who wrote something: people, or keys of which nobody knows whose they are. */
struct writers {
    uint32_t count;
    struct id ids[WRITERS_MAX];
};

struct judged_post {
    struct pool_item item;
    struct id workspace_id;
    int64_t publish_at_ms; /* 0: a draft */
    int64_t not_after_ms;
    bool locked;
    bool deleted;
    uint32_t approved_under; /* enum approval_policy; 0: it is not approved as it is */
    struct writers writers;
    struct id made_by;   /* the series or the template that it is of; absent: none */
    int64_t instance_ms; /* of a series: the instant of its local time */
    uint32_t texts_count;
    uint64_t texts[LOCKED_PARTS_MAX]; /* hashes */
    uint64_t comment;
    uint32_t targets_count;
    struct id targets[TARGETS_MAX];
};

struct judged_account {
    struct pool_item item;
    char did[DID_MAX];
    bool connected;
    bool paused;
    bool deleted;
    bool queue_paused;
    int64_t queue_ahead_ms; /* of UTC: its clocks */
    uint32_t slot_count;
    struct weekly_slot slots[JUDGED_SLOTS_MAX];
};

/* A membership or a key. */
struct judged_actor {
    struct pool_item item;
    struct id person_id; /* absent: nobody is known */
};

/* A series, or a template, of which only the writers count. */
struct judged_series {
    struct pool_item item;
    struct writers writers;
    uint64_t generation;
    uint64_t version;
    bool active;
    int64_t ahead_ms; /* of UTC: its clocks */
};

/* What people asked for, by the id of their command. */
struct judged_wish {
    struct pool_item item;
    bool next_slot;
    bool swap;
    struct id targets[2]; /* that are to be swapped */
    struct id posts[2];
};

/* A swap that is half read. */
struct judged_swap {
    struct id command_id;
    struct id missing_id; /* the post of which nothing was read yet; absent: there is none */
    int64_t due_ms[2];    /* as they were */
};

struct judged_workspace {
    struct pool_item item;
    uint64_t max_lateness_ms;
    uint32_t policy; /* enum approval_policy; 0: none was ever set */
    bool paused;
    bool deleted;
    int64_t period_start_ms; /* of billing; its end 0: there is none */
    int64_t period_end_ms;
};

/* What the log gives, by its digests. */
struct rebuilt {
    uint64_t position; /* as of; UINT64_MAX: not looked at yet */
    uint64_t views;
    uint64_t agenda;
};

struct judge {
    uint64_t position;
    int64_t time_ms;
    uint64_t epoch;
    uint64_t creates;
    bool clock_suspect;
    bool suspended;
    int64_t suspended_ms; /* what was due by then, the original may have sent */
    struct pool streams;
    struct pool sequences; /* of workspaces */
    struct pool workspaces;
    struct pool posts;
    struct pool targets;
    struct pool accounts;
    struct pool attempts; /* whose start is durable */
    struct pool actors;
    struct pool series;
    struct pool instances; /* of series, by series, generation and local time */
    struct pool wishes;
    struct judged_swap swap;
    struct rebuilt rebuilt;
    struct arena arena;
};

/* What is being looked at: an event of a post. */
struct look {
    struct world *world;
    struct judge *judge;
    const struct log_event *at;
    struct judged_post *post;
};

/* judge_see looks at one event, as judge_events does at each that the log has. judge_events_to stops behind seq. */
void judge_see(struct world *world, const struct log_event *at);
void judge_events_to(struct world *world, uint64_t seq);
void *find_or_add(struct pool *pool, const struct id *id);
uint64_t text_hash(struct span text);
/* judge_post looks at an event of a post's stream. */
void judge_post(struct world *world, const struct log_event *at, const struct event *event);
struct judged_target *judged_target(const struct look *look, const struct id *target_id);
/* judge_approval.c: who acts, who wrote, what an approval is of, and what of it is in a lock. */
void judge_actor(struct world *world, const struct event *event);
void judge_wrote(struct judge *judge, struct writers *writers, const struct log_event *at);
void judge_copied(const struct look *look, const struct id *original_id);
void judge_approval(const struct look *look, const struct event *event);
void judge_approved_lock(const struct look *look, const struct post_locked_event *event);
/* Whether the post may not lock as it is, by the policy of now. */
bool judged_wants_approval(const struct judge *judge, const struct judged_post *post);
/* judge_plan.c: queues, series, and the schedules that they give; due_ms of the targets are as they were before. */
void judge_queue(struct world *world, const struct event *event);
void judge_series(struct world *world, const struct log_event *at, const struct event *event);
void judge_instance(const struct look *look, const struct post_created_event *event);
void judge_schedule(const struct look *look, const struct post_scheduled_event *event);
/* Before each event, and when there is none: a swap that was begun is not left half done. */
void judge_swap_goes_on(struct world *world, const struct log_event *at);
/* How much of an attempt is known by an outcome. */
enum certainty certainty_of(uint32_t outcome);
/* Whether a machine or a person still has something to do for it. */
bool judged_is_open(const struct judge *judge, const struct judged_target *target);
/* judge_open.c: what a scheduler that started now would be told of. */
void judge_open(struct world *world);

#endif
