/* post.h: the unit of publishing: when it is locked, what may be started, what an outcome means. The rules stand in
 * post_author.c (what is written and when it is due), post_approval.c (who approves it), post_series.c (what a series
 * writes), post_person.c (what people ask later), post_lock.c, post_attempt.c (starts, misses), post_outcome.c (what
 * became of them); the fold in post_evolve.c, what they share in post.c.
 *
 * A target's parts are sent in order. next_part is the first that is not live; a first comment is the last part. When
 * every other part is live the target is published; the comment then goes on in comment_status, which nothing else
 * depends on. What a target is doing right now is its phase: comment_status when it is published and has a comment,
 * else status.
 *
 *   PENDING, PREPARED, RETRYING           waits for a start, not before next_ms; next_ms 0: for the account to be
 *                                         connected again
 *   ATTEMPTING                            a commit request may be under way until deadline_ms
 *   UNKNOWN                               sent, no definite answer; the next reading at next_ms
 *   PUBLISHED, FAILED, CANCELLED, MISSED  final; FAILED and MISSED until a person retries, FAILED also until a late
 *                                         outcome proves the contrary
 *
 * read_first: while it is set nothing starts; a reading (record_outcome by_read of the target's last attempt) that
 * finds nothing, or something, clears it. */
#ifndef OPENPOST_DECIDER_POST_H
#define OPENPOST_DECIDER_POST_H

#include "core/decider/decider.h"

#define FORMER_ATTEMPTS_MAX \
    8 /* three tries and a person's five retries; deferrals have no bound: what became of older attempts is recalled \
         from the log when something more is said of one */

/* An attempt before the current one: recognised by the last 8 bytes of its id, which are random. */
struct former_attempt {
    uint8_t tail[8];
    uint8_t outcome; /* enum outcome; NONE: the entry is free */
    uint8_t part;
    uint8_t contradicted;
    uint8_t padding;
};

/* An attempt that the target has forgotten, as its own events tell it. Zeros: there was none. */
struct recalled_attempt {
    uint32_t number; /* from 1 within the target; 0: it never started */
    uint8_t part;
    uint8_t outcome; /* enum outcome */
    bool contradicted;
};

struct post_target {
    struct id target_id;
    struct id integration_id;
    struct id attempt_id; /* the last attempt; absent: none yet */
    uint8_t channel;      /* enum channel_code */
    uint8_t status;       /* enum target_status */
    uint8_t comment_status;
    uint8_t part_count;  /* locked parts, the comment included; 0: not locked, or the rendering was refused */
    uint8_t has_comment; /* the last part is the first comment */
    uint8_t next_part;
    uint8_t attempt_part; /* of the last attempt */
    uint8_t attempt_outcome;
    uint8_t attempt_contradicted;
    uint8_t tries;        /* counted ones of next_part, since the last retry by a person */
    uint8_t probes;       /* readings that settled nothing */
    uint8_t needs_person; /* to look at an unknown outcome */
    uint8_t read_first;
    uint8_t platform_refused; /* the platform's 4xx is why it failed */
    uint8_t deferrals;        /* in a row; DEFERRALS_MAX: or more */
    uint8_t doubted;          /* an attempt at next_part was said to be accepted after all */
    uint8_t approved_parts;   /* parts whose bytes are approved, part_hash8 has them; until the lock; 0: none */
    uint32_t attempt_count;
    uint64_t prepared_check; /* of what prepare steps gave last; 0: nothing */
    int64_t at_ms;           /* its own instant, as the author gave it; 0: the post's */
    int64_t due_ms;          /* when it is to be published; 0: not scheduled */
    int64_t base_due_ms;     /* lateness counts from here: due_ms, or when a person asked for it again */
    int64_t started_ms;      /* the last attempt */
    int64_t deadline_ms;
    int64_t next_ms;
    struct former_attempt formers[FORMER_ATTEMPTS_MAX]; /* newest first */
    uint64_t part_hash8[LOCKED_PARTS_MAX]; /* first 8 bytes of each part's payload hash, as they lie: approved, then
                                              locked; last, so that rows are cut here */
};

/* How a post stands to a series: it is of none; it follows its series; a person has touched it, and it goes its own
 * way. */
enum series_tie { SERIES_TIE_NONE = 0, SERIES_TIE_FOLLOWS, SERIES_TIE_CUT };

struct post {
    struct aggregate_head head;
    struct id post_id;
    struct id author_id;
    uint8_t status; /* enum post_status; final ones change again only by a person's retry or a late outcome */
    uint8_t has_text;
    uint8_t part_count; /* of the content */
    uint8_t target_count;
    uint8_t series_tie : 2;        /* enum series_tie */
    uint8_t leader : 6;            /* index from 1 of the target whose queue next_slot asks for all; 0: each its own */
    uint8_t approval : 3;          /* enum approval: how it was last left; NONE: nobody was ever asked. */
    uint8_t approved_under : 3;    /* enum approval_policy that the approval satisfies; NONE: it is not approved */
    uint8_t approval_reminded : 1; /* for this publish_at, or it was asked for when no more time was left */
    uint8_t has_blanks : 1;        /* of its template; nothing is scheduled until they are filled in */
    int64_t publish_at_ms;         /* the earliest target's instant; 0: not scheduled */
    int64_t locked_at_ms;          /* 0: no lock event yet: see post_locked_at */
    int64_t not_after_ms;          /* 0: none */
    struct post_target targets[TARGETS_MAX];
};

void post_evolve(struct post *post, const struct event *event, int64_t time_ms);
enum refusal post_decide(const struct post *post, const struct decide_context *context, const struct command *command,
                         struct event_list *ret_events);
/* post_stored_size: header, targets, and of the last one only its parts. */
size_t post_stored_size(const struct post *post);

/* post_locked_at: the instant since when, or from when on, the post is locked: the lock event's, else publish_at - 300
 * s; 0 for a draft. post_is_locked: by its event, or by the time alone. */
int64_t post_locked_at(const struct post *post);
bool post_is_locked(const struct post *post, int64_t now_ms);
bool post_is_final(const struct post *post);

/* post_target finds a target by id, NULL when there is none. post_has_open_target: the post is scheduled and has a
 * target on that integration that is not final (delete_integration counts these). target_phase: see
 * above; target_window_end: the last instant at which it may be sent, under that workspace's rule. */
const struct post_target *post_target(const struct post *post, const struct id *target_id);
bool post_has_open_target(const struct post *post, const struct id *integration_id);
/* post_open_due: the instant that such a target stands at in its account's calendar, and that is filled by it; 0: there
 * is none. A person's retry gives it another one. */
int64_t post_open_due(const struct post *post, const struct id *integration_id);
enum target_status target_phase(const struct post_target *target);
bool target_status_is_final(enum target_status status);
int64_t target_window_end(const struct post *post, const struct post_target *target, const struct workspace *workspace);

/* post_wants_approval: under that workspace's policy it may not lock as it is. A policy that was set later counts, too;
 * what is locked wants nothing. post_is_approved: its lock fixes exactly what was approved, under whatever policy. */
bool post_wants_approval(const struct post *post, const struct workspace *workspace);
bool post_is_approved(const struct post *post);

/* post_forgot_attempt: the target has had more attempts than it remembers, and does not remember this one, if it was
 * one. attempt_recall then folds the post's events, in order, into what the decider is told of it. */
bool post_forgot_attempt(const struct post *post, const struct id *target_id, const struct id *attempt_id);
void attempt_recall(struct recalled_attempt *recalled, const struct id *target_id, const struct id *attempt_id,
                    const struct event *event);

#endif
