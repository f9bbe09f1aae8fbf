/* decider.h: the rules. Pure: no clock, no randomness, no I/O, no libc but mem* and strlen (a test asks the linker).
 *
 * Every aggregate is one noun with two functions:
 *
 *   x_evolve(state, event, time_ms)                 cannot fail: the past cannot be refused; an event that does not
 *                                                   fit is a bug (asserted)
 *   x_decide(state, context, command, ret_events)   returns a refusal, and then no events; no events and no refusal:
 *                                                   it is already so
 *
 * A state is a plain struct of bounded fields without pointers, all padding named and zero: it can be copied with =,
 * compared and stored with its bytes. A state of zeros is that of an aggregate of which nothing is known yet. Everybody
 * outside this folder goes through aggregate.h, which counts versions and keeps the rules that are the same for all.
 *
 * The events' texts and lists borrow from the command and from context->room; never from what their own fold writes in
 * the state, which would change them under it. */
#ifndef OPENPOST_DECIDER_DECIDER_H
#define OPENPOST_DECIDER_DECIDER_H

#include "core/base/limits.h"
#include "core/message/message.h"
#include "core/message/refusal.h"
#include "core/message/usage.h"

struct installation; /* installation.h: epoch, clock, suspended */
struct workspace;    /* workspace.h; its members and keys are aggregates of their own */
struct integration;  /* integration.h */
struct post;         /* post.h; recalled_attempt, too */
struct recalled_attempt;
struct template; /* template.h */
struct user;     /* user.h */
struct provider; /* provider.h */
struct series;   /* series.h */

/* Every state begins with this; aggregate.c alone writes it. */
struct aggregate_head {
    uint64_t version;       /* events folded; 0: there is no such thing */
    struct id workspace_id; /* whose it is; absent: the installation's */
    struct id command_id;   /* that the last event came of, for the ledger's shell; absent: the system's own */
    uint8_t padding[6];
};

/* Where a decider puts the lists of its events. */
struct decide_room {
    struct target_due dues[TARGETS_MAX];
    struct target_ref refs[TARGETS_MAX];
    struct target_ref doubted[TARGETS_MAX];
    struct retried_target retried[TARGETS_MAX];
    struct plan_use uses[PLAN_LIMITS_MAX];
    struct placeholder_ref blanks[PLACEHOLDERS_MAX];
    struct weekly_slot slots[SLOTS_MAX];
    uint8_t zone[ZONE_NAME_MAX]; /* change_queue: the one that it keeps */
    struct target_due other_dues[TARGETS_MAX];
    struct event_list others; /* swap_targets: into the other post's stream */
};

/* The next free occurrence of an integration's queue. */
struct free_slot {
    enum refusal refusal; /* queue_empty, queue_full: there is none */
    int64_t at_ms;
};

/* What whoever approves a post is to it. */
enum approver {
    APPROVER_UNKNOWN = 0, /* no person, nor a key of which it is known whose it is */
    APPROVER_WRITER,      /* wrote some of it, or of what it was copied from */
    APPROVER_OTHER,       /* wrote nothing of it */
    APPROVER_UNTOLD,      /* the post was changed too often to tell */
};

/* What a decider may know beside its own state. Loaded by the ledger's shell; borrowed for the call. */
struct decide_context {
    int64_t now_ms; /* the ledger's stamp of this command */
    const struct installation *installation;
    const struct workspace *workspace; /* the command's; NULL for the installation's own, or when there is none */
    /* Integrations that the command or the post's targets name, in any order; one that is missing or another
     * workspace's is not among them. */
    const struct integration *const *integrations;
    uint32_t integration_count;
    /* create_post, schedule_post with next_slot: of each of them, in their order; NULL: not asked for */
    const struct free_slot *free_slots;
    const struct post *other_post; /* swap_targets: of the other target; NULL: there is none, or it is the same post */
    bool queue_paused;             /* start_attempt, miss_targets: that of the first target's account is */
    bool account_taken;       /* record_connection: another integration of the workspace has this platform account */
    uint32_t open_post_count; /* delete_integration: posts with open targets there */
    /* record_outcome: the attempt, when the post's state has forgotten it; NULL or zeros: it has not, or there was
     * none. */
    const struct recalled_attempt *recalled;
    bool slug_taken;      /* create_workspace, change_workspace: another workspace has the name */
    bool is_member;       /* add_member, join_workspace, change_member: the person is a member there now; invite_member,
                       change_member of an invitation: somebody with its address is; erase_user: of any workspace that
                       was not deleted */
    bool is_invited;      /* invite_member, change_member: an invitation there is open to the address of this one */
    uint32_t owner_count; /* commands of a member: owners for good (member.h) of the workspace; 2: or more */
    const struct usage *usage; /* of the workspace, where its plan is asked; NULL: it has no limits */
    const struct user *user; /* open_session: whose it will be; add_member, change_member: whose membership it is; NULL:
                                there is nobody */
    const struct template *template; /* create_post: the one that it names; NULL: it names none */
    uint32_t template_count;         /* create_template: how many the workspace has */
    uint32_t series_count;           /* create_series: how many the workspace has that have not ended */
    const struct provider *provider; /* open_session: the one that it names; NULL: it names none */
    const struct series *series;     /* make_instance, edit_instance: the one that it names; NULL: it is not there */
    struct id rotated_origin_id; /* create_key: the first of the keys that the rotated one came of, or that itself */
    enum approver approver;      /* approve_post under four eyes: what the post's writers are to whoever sends it */
    struct decide_room *room;    /* lent as long as the events are used */
};

/* context_integration finds one by id; NULL when it is not there. */
const struct integration *context_integration(const struct decide_context *context, const struct id *integration_id);
/* context_check_targets: every account is there, publishes posts and is named once; else the refusal. */
enum refusal context_check_targets(const struct decide_context *context, const struct target_spec *specs,
                                   uint32_t count);
/* context_writer is who writes by a command; our own processes have no id and write in the workspace's name. */
struct id context_writer(const struct command *command);
/* context_free_slot finds the next free occurrence of the queue of one that is there; NULL when it is not. */
const struct free_slot *context_free_slot(const struct decide_context *context, const struct id *integration_id);

#endif
