/* post_fold.h: what an event changes in a post's row. Pure. An event names only what changed, so a row is read, changed
 * and written. */
#ifndef OPENPOST_PROJECTIONS_POST_FOLD_H
#define OPENPOST_PROJECTIONS_POST_FOLD_H

#include "core/ledger/projection.h"
#include "projections/row.h"

struct post_change {
    uint64_t touched; /* bit i: targets[i] is not what it was */
    bool content;     /* the content was written */
};

/* post_fold_is_ours tells whether an event is one of a post's. */
bool post_fold_is_ours(uint32_t code);
/* post_fold_id returns the post that an event speaks of. */
const struct id *post_fold_id(const struct event *event);

/* post_fold applies an event to *post (zeros before post_created). The row then borrows from the event too. attempt: of
 * outcome_contradicted, the row of the attempt that it names; else NULL. ERR_ALTERED: the event names a target that the
 * post does not have. post_deleted changes nothing but the status. The rules are those of core/decider/post_evolve.c,
 * and a test holds them together. */
enum err post_fold(struct post_row *post, const struct fact *fact, const struct attempt_row *attempt,
                   struct arena *arena, struct post_change *ret_change) MUST_USE;

/* post_fold_phase is what a target does: its status, or once it is published that of its first comment. */
enum target_status post_fold_phase(const struct target_row *target);
/* post_fold_is_comment tells whether a part of a locked target, from 0, is its first comment. */
bool post_fold_is_comment(const struct target_row *target, uint64_t part);

/* post_fold_written folds what post_created and post_edited say beside content and targets: for post_fold. */
void post_fold_written(struct post_row *post, const struct event *event);
/* post_fold_approval folds what events of an approval say, post_fold_redated that a schedule gives the post this
 * instant: for post_fold. */
void post_fold_approval(struct post_row *post, const struct event *event, int64_t time_ms);
void post_fold_redated(struct post_row *post, int64_t publish_at_ms);

/* post_fold_content gives the content of post_created and post_edited; borrowed from the event. */
void post_fold_content(const struct event *event, struct post_content_row *ret_content);

#endif
