/* post_rules.h: what the files of the post's rules share; nobody else includes it. post.c dispatches to one function
 * per command. */
#ifndef OPENPOST_DECIDER_POST_RULES_H
#define OPENPOST_DECIDER_POST_RULES_H

#include "core/decider/installation.h"
#include "core/decider/integration.h"
#include "core/decider/post.h"
#include "core/decider/workspace.h"

/* How every target will stand once the events of a decision are folded: decided before they are. */
struct outlook {
    uint8_t status[TARGETS_MAX]; /* enum target_status */
    uint8_t live[TARGETS_MAX];   /* parts on the platform, without the comment */
};

struct outlook post_outlook(const struct post *post);
/* post_finish appends post_finished if every target is final and the post's last status is not yet what follows from
 * them. */
void post_finish(const struct post *post, const struct outlook *outlook, struct event_list *events);
/* post_index is a target's place; target_count when it is not there. */
uint32_t post_index(const struct post *post, const struct id *target_id);
/* post_check_open: the state in which nothing may be changed any more (post_finished, post_locked), or ACCEPTED. */
enum refusal post_check_open(const struct post *post, int64_t now_ms);
/* post_check_instant: timestamp_past, timestamp_too_far or ACCEPTED. */
enum refusal post_check_instant(int64_t at_ms, int64_t now_ms);

/* An attempt that the target remembers, or that was recalled for it. */
struct known_attempt {
    bool is_current; /* the last one; else a former */
    uint32_t former; /* index of the former; not of one that was recalled */
    uint32_t number;
    uint8_t part;
    enum outcome outcome; /* NONE: under way */
    bool contradicted;
};

bool target_find_attempt(const struct post_target *target, const struct id *attempt_id,
                         struct known_attempt *ret_attempt);
uint8_t target_main_count(const struct post_target *target); /* parts without the comment */
bool target_waits(const struct post_target *target);         /* its phase is pending, prepared or retrying */
/* target_needs_reading: an attempt at its next part may have been accepted in spite of what is known. */
bool target_needs_reading(const struct post_target *target);

/* target_prepared_check recognises what a prepare step gave (FNV-1a, 64 bits; never 0): no proof, only "the same
 * again". */
uint64_t target_prepared_check(struct span prepared);

#define RULE(name_)                                                                               \
    enum refusal post_rule_##name_(const struct post *post, const struct decide_context *context, \
                                   const struct command *command, struct event_list *ret_events)

/* post_author.c */
RULE(create);
RULE(edit);
RULE(delete);
RULE(schedule);
/* post_edit_scheduled appends post_scheduled where an edit of a scheduled post changes an instant or its targets. */
enum refusal post_edit_scheduled(const struct post *post, const struct decide_context *context,
                                 const struct edit_post_command *wanted, bool blank, struct event_list *ret_events);
/* post_approval.c */
RULE(approve);
RULE(remind);
/* approval_check_ahead: approval_required when the post would lock at birth, before anybody can approve it.
 * approval_touched follows the events of an edit or a schedule, which leave the post scheduled at publish_at_ms: an
 * approval is void, and one that was never asked for is, unless publish_at_ms has passed: only a series makes such
 * posts, and nobody could give it any more. approval_covers: the lock has nothing but what was approved. */
enum refusal approval_check_ahead(const struct decide_context *context, int64_t publish_at_ms);
void approval_touched(const struct post *post, const struct decide_context *context, const struct id *post_id,
                      int64_t publish_at_ms, struct event_list *events);
bool approval_covers(const struct post *post, const struct locked_target *targets, uint32_t count);

/* post_lock.c. post_check_lockable: it is scheduled, and no lock event has come. post_names_targets: every open target
 * once, each rendered or refused, and nothing that is not the post's. */
enum refusal post_check_lockable(const struct post *post);
bool post_names_targets(const struct post *post, const struct locked_target *targets, uint32_t count);
RULE(lock);
RULE(prepared);
/* post_attempt.c */
RULE(start);
RULE(miss);
/* post_outcome.c */
RULE(outcome);
/* post_person.c */
RULE(cancel);
RULE(cancel_target);
RULE(retry);
RULE(resolve);
/* post_series.c */
RULE(make);
RULE(follow);
RULE(withdraw);

/* post_swap.c */
RULE(swap);

#endif
