/* post_approval.c: what a workspace may ask for before its posts lock: somebody who may approve looks at what will be
 * sent and says so, under four eyes somebody who wrote none of it. The approval keeps the bytes, and the lock takes no
 * others. Any edit and any other instant makes it void; nothing does after the lock. What nobody approved by publish_at
 * is missed (post_attempt.c). */
#include "core/base/assert.h"
#include "core/base/mutant.h"
#include "core/decider/post_rules.h"

static enum approval_policy policy_of(const struct workspace *workspace)
{
    return (enum approval_policy)workspace->approval_policy;
}

bool post_is_approved(const struct post *post)
{
    return post->approved_under != POLICY_NONE;
}

bool post_wants_approval(const struct post *post, const struct workspace *workspace)
{
    const enum approval_policy policy = policy_of(workspace);
    return post->locked_at_ms == 0 && policy > POLICY_OFF && post->approved_under < policy;
}

enum refusal approval_check_ahead(const struct decide_context *context, int64_t publish_at_ms)
{
    const bool asked = policy_of(context->workspace) > POLICY_OFF;
    return asked && publish_at_ms - context->now_ms < LOCK_AHEAD_MS ? REFUSED_approval_required : ACCEPTED;
}

static void append_wanted(const struct decide_context *context, const struct id *post_id, int64_t publish_at_ms,
                          bool reminder, struct event_list *events)
{
    struct approval_wanted_event *event = &event_append(events, EVENT_approval_wanted)->approval_wanted;
    event->post_id = *post_id;
    event->publish_at_ms = publish_at_ms;
    event->policy = policy_of(context->workspace);
    event->reminder = reminder;
}

void approval_touched(const struct post *post, const struct decide_context *context, const struct id *post_id,
                      int64_t publish_at_ms, struct event_list *events)
{
    if (post_is_approved(post) && !MUTANT(9)) {
        event_append(events, EVENT_approval_voided)->approval_voided.post_id = *post_id;
    } else if (post->approval == APPROVAL_NONE && policy_of(context->workspace) > POLICY_OFF &&
               publish_at_ms > context->now_ms) {
        append_wanted(context, post_id, publish_at_ms, false, events);
    }
}

/* One target's bytes. One that this installation cannot send any more fails: nothing else is sent in its place. */
static bool covers(const struct post_target *target, const struct locked_target *locked)
{
    if (target_status_is_final(target->status) || locked->code.data != NULL) {
        return true;
    }
    if (locked->parts_count != target->approved_parts) {
        return false;
    }
    for (uint32_t i = 0; i < locked->parts_count; i++) {
        const uint64_t *approved = &target->part_hash8[i];
        if (memcmp(locked->parts[i].payload_hash.bytes, approved, sizeof *approved) != 0) {
            return false;
        }
    }
    return true;
}

bool approval_covers(const struct post *post, const struct locked_target *targets, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!covers(&post->targets[post_index(post, &targets[i].target_id)], &targets[i])) {
            return false;
        }
    }
    return true;
}

/* Who may not, whatever they send. */
static enum refusal check_approver(const struct decide_context *context)
{
    if (policy_of(context->workspace) != POLICY_FOUR_EYES) {
        return ACCEPTED;
    }
    switch (context->approver) {
    case APPROVER_OTHER:
        return ACCEPTED;
    case APPROVER_WRITER:
        return REFUSED_approver_is_writer;
    case APPROVER_UNTOLD:
        return REFUSED_approval_history_long;
    case APPROVER_UNKNOWN:
        break;
    }
    return REFUSED_approver_unknown;
}

/* When it may not be approved, by nobody. */
static enum refusal check_time(const struct post *post, const struct decide_context *context)
{
    const enum refusal refusal = post_check_lockable(post);
    if (refusal != ACCEPTED) {
        return refusal;
    }
    if (policy_of(context->workspace) <= POLICY_OFF) {
        return REFUSED_approval_unneeded;
    }
    return context->now_ms >= post->publish_at_ms ? REFUSED_approval_missing : ACCEPTED;
}

RULE(approve)
{
    const struct approve_post_command *approve = &command->approve_post;
    /* no process of ours approves anything by itself */
    enum refusal refusal = id_is_none(&command->actor_id) ? REFUSED_approver_unknown : check_approver(context);
    if (refusal == ACCEPTED) {
        refusal = check_time(post, context);
    }
    if (refusal != ACCEPTED) {
        return refusal;
    }
    const bool same = memcmp(&approve->content_sha256, &approve->rendered_sha256, sizeof approve->content_sha256) == 0;
    const bool wants = post_wants_approval(post, context->workspace);
    /* what was approved with a target that is cancelled by now is rendered otherwise: it counts as approved already,
     * and for nothing that is to be approved yet */
    const bool again = approve->repeats && !wants;
    if (approve->version != post->head.version || (!same && !again)) {
        /* it may have been approved a moment ago, which is a version, too */
        return REFUSED_approval_stale;
    }
    if (!wants) {
        return ACCEPTED;
    }
    if (!post_names_targets(post, approve->targets, approve->targets_count)) {
        return REFUSED_target_unrendered;
    }
    struct approval_given_event *event = &event_append(ret_events, EVENT_approval_given)->approval_given;
    event->post_id = approve->post_id;
    event->approver_id = command->actor_id;
    event->policy = policy_of(context->workspace);
    event->version = approve->version;
    event->content_sha256 = approve->content_sha256;
    event->targets = approve->targets;
    event->targets_count = approve->targets_count;
    return ACCEPTED;
}

RULE(remind)
{
    const enum refusal refusal = installation_refusal(context->installation);
    if (refusal != ACCEPTED) {
        return refusal;
    }
    const bool open = !post_is_final(post) && post->status == POST_SCHEDULED;
    if (!open || !post_wants_approval(post, context->workspace)) {
        return REFUSED_approval_unneeded;
    }
    if (context->now_ms < post->publish_at_ms - APPROVAL_REMIND_MS) {
        return REFUSED_not_late;
    }
    if (!post->approval_reminded && context->now_ms < post->publish_at_ms) { /* then nobody can give it any more */
        append_wanted(context, &command->remind_approval.post_id, post->publish_at_ms, true, ret_events);
    }
    return ACCEPTED;
}
