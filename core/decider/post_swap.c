/* post_swap.c: two targets change places in time. They may be of two posts: the one that is asked decides for both, and
 * what becomes of the other goes into context->room, for its own stream. Both must be open to change. */
#include "core/base/assert.h"
#include "core/base/mutant.h"
#include "core/decider/post_rules.h"

/* A post after one or two of its targets got other instants. */
struct moves {
    const struct post *post;
    const struct id *target_id;
    int64_t due_ms;
    const struct id *second_id; /* NULL: one moves */
    int64_t second_ms;
};

static enum refusal check_target(const struct post *post, const struct id *target_id, int64_t now_ms,
                                 const struct post_target **ret_target)
{
    if (post->head.version == 0 || post->status == POST_DELETED) {
        return REFUSED_reference_not_found;
    }
    const struct post_target *target = post_target(post, target_id);
    if (target == NULL) {
        return REFUSED_reference_not_found;
    }
    if (post->status == POST_DRAFT) {
        return REFUSED_post_not_scheduled;
    }
    const enum refusal refusal = post_check_open(post, now_ms);
    if (refusal != ACCEPTED) {
        return refusal;
    }
    *ret_target = target;
    return target_status_is_final(target->status) ? REFUSED_target_finished : ACCEPTED;
}

/* All instants of a post as they will be. What was approved was approved for the instant that it stood at. */
static enum refusal move(const struct moves *moves, const struct decide_context *context, struct target_due *dues,
                         struct event_list *events)
{
    const struct post *post = moves->post;
    struct post_scheduled_event scheduled = {.post_id = post->post_id, .publish_at_ms = INT64_MAX, .targets = dues};
    for (uint32_t i = 0; i < post->target_count; i++) {
        const struct post_target *target = &post->targets[i];
        if (target_status_is_final(target->status)) {
            continue;
        }
        int64_t due_ms = target->due_ms;
        due_ms = id_equal(&target->target_id, moves->target_id) ? moves->due_ms : due_ms;
        if (moves->second_id != NULL && id_equal(&target->target_id, moves->second_id)) {
            due_ms = moves->second_ms;
        }
        if (post->not_after_ms != 0 && due_ms > post->not_after_ms) {
            return REFUSED_lateness_exceeded;
        }
        dues[scheduled.targets_count++] = (struct target_due){.target_id = target->target_id, .due_ms = due_ms};
        scheduled.publish_at_ms = due_ms < scheduled.publish_at_ms ? due_ms : scheduled.publish_at_ms;
    }
    event_append(events, EVENT_post_scheduled)->post_scheduled = scheduled;
    approval_touched(post, context, &post->post_id, scheduled.publish_at_ms, events);
    return ACCEPTED;
}

RULE(swap)
{
    const struct swap_targets_command *swap = &command->swap_targets;
    const bool same_post = id_equal(&swap->other_post_id, &swap->post_id);
    const struct post *other = same_post ? post : context->other_post;
    const struct post_target *one = NULL;
    const struct post_target *two = NULL;
    struct decide_room *room = context->room;
    if (post_target(post, &swap->target_id) == NULL) {
        return REFUSED_not_found;
    }
    enum refusal refusal = check_target(post, &swap->target_id, context->now_ms, &one);
    if (refusal == ACCEPTED) {
        refusal = installation_refusal(context->installation);
    }
    if (refusal == ACCEPTED) {
        refusal = other == NULL ? REFUSED_reference_not_found
                                : check_target(other, &swap->other_target_id, context->now_ms, &two);
    }
    if (refusal != ACCEPTED || one->due_ms == two->due_ms) {
        return refusal;
    }
    const struct moves moves = {.post = post,
                                .target_id = &swap->target_id,
                                .due_ms = two->due_ms,
                                .second_id = same_post ? &swap->other_target_id : NULL,
                                .second_ms = one->due_ms};
    refusal = move(&moves, context, room->dues, ret_events);
    if (refusal == ACCEPTED && !same_post && !MUTANT(11)) {
        const struct moves back = {.post = other, .target_id = &swap->other_target_id, .due_ms = one->due_ms};
        refusal = move(&back, context, room->other_dues, &room->others);
    }
    return refusal;
}
