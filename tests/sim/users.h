/* users.h: what the files of the users share; nobody else includes it. */
#ifndef OPENPOST_TESTS_SIM_USERS_H
#define OPENPOST_TESTS_SIM_USERS_H

#include "projections/posts.h"
#include "tests/sim/world.h"

/* Places of people: they act in this order of what they may. */
#define OWNER 0
#define ADMIN 1 /* who made the keys, too */
#define EDITOR 2

/* What they know: the read models, as they stand. */
struct view {
    struct store_txn *txn;
    struct arena arena;
};

/* Somebody means to approve a post: whoever, or a membership or key; theirs or another of the same person. */
struct approval_wish {
    struct user_post post;
    struct id actor_id; /* absent: whoever */
};

struct view view_begin(const struct world *world);
void view_end(struct view *view);
/* view_post finds any post; preferably one that has a target with that status (0: any will do). view_any likewise, of a
 * status by chance. */
bool view_post(struct world *world, struct view *view, enum target_status status, struct post_view *ret_post);
bool view_any(struct world *world, struct view *view, struct post_view *ret_post);

/* user_send_later sends it then, unless the faults have stopped by then. user_moment is the time until a moment that
 * matters to a post: its lock, the minutes after, its instant, when it is tried again; or none: at once. */
void user_send_later(struct world *world, struct command *command, int64_t after_ms);
int64_t user_moment(struct world *world, const struct post_view *post);
/* users_lose_sessions: whose the account (a DID) is changes its password then: the next post is refused with the old
 * token and with the one that is asked for in its place, so the account is disconnected. */
void users_lose_sessions(struct world *world, struct span account, int64_t after_ms);

/* users_post.c: posts, one by one. */
void user_create(struct world *world);
void user_follow_up(struct world *world);
void user_copy(struct world *world);
void user_edit(struct world *world);
void user_edit_later(struct world *world, const struct post_view *post);
void user_reschedule(struct world *world);
void user_cancel(struct world *world);
void user_cancel_target(struct world *world);
void user_delete(struct world *world);
void user_retry(struct world *world);
void user_resolve(struct world *world);
void users_resolve_unread(struct world *world, struct view *view);
/* Where a post that somebody writes goes, and one of its texts. */
uint32_t user_targets(struct world *world, const struct id *workspace_id, struct target_spec *specs);
struct span user_text(struct world *world, struct arena *arena, const char *what);
void user_add_post(struct world *world, const struct id *workspace_id, const struct id *post_id);

/* users_plan.c: queues, series, swaps, approvals. */
void users_make_templates(struct world *world);
void user_set_policy(struct world *world);
void user_approve(struct world *world);
void user_approve_post(struct world *world, struct parcel *parcel); /* bytes: struct approval_wish */
void user_set_slots(struct world *world);
void users_give_slots(struct world *world); /* every queue its first ones */
void user_swap(struct world *world);
void user_write_series(struct world *world);
void user_change_series(struct world *world);
void users_adopt(struct world *world); /* the posts that series made */

#endif
