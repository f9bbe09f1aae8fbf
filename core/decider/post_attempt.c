/* post_attempt.c: may a commit request leave now, and what is given up because it is too late. Asked by the scheduler
 * before every attempt; the start is durable before a byte leaves, and what became of it is judged in post_outcome.c.
 */
#include "core/base/assert.h"
#include "core/base/mutant.h"
#include "core/decider/post_rules.h"

static bool is_too_late(const struct post *post, const struct post_target *target, const struct decide_context *context)
{
    return context->now_ms > target_window_end(post, target, context->workspace);
}

/* What the target itself says: is it waiting for exactly this attempt? */
static enum refusal check_target(const struct post_target *target, const struct start_attempt_command *start)
{
    struct known_attempt known;
    if (target->part_count == 0 || !target_waits(target) || target->read_first ||
        target_find_attempt(target, &start->attempt_id, &known)) {
        return REFUSED_attempt_not_startable;
    }
    if (start->part != target->next_part) {
        return REFUSED_attempt_wrong_part;
    }
    const uint64_t *locked = &target->part_hash8[target->next_part];
    return memcmp(start->payload_hash.bytes, locked, sizeof *locked) == 0 ? ACCEPTED : REFUSED_attempt_wrong_payload;
}

/* What holds everything, the workspace or the account. What was due when the folder was found copied or restored may
 * have been sent by the original: only a person's retry, which has a later base, sends it. */
static enum refusal check_held(const struct post *post, const struct post_target *target,
                               const struct decide_context *context)
{
    const enum refusal refusal = installation_refusal(context->installation);
    if (refusal != ACCEPTED) {
        return refusal;
    }
    if (is_too_late(post, target, context)) {
        return REFUSED_lateness_exceeded;
    }
    if (target->base_due_ms <= context->installation->suspended_at_ms) {
        return REFUSED_starts_suspended;
    }
    if (context->workspace->paused) {
        return REFUSED_workspace_paused;
    }
    return integration_start_refusal(context_integration(context, &target->integration_id));
}

RULE(start)
{
    const struct start_attempt_command *start = &command->start_attempt;
    const struct post_target *target = post_target(post, &start->target_id);
    if (target == NULL) {
        return REFUSED_not_found;
    }
    if (start->fence != context->installation->epoch && !MUTANT(3)) {
        return REFUSED_fence_stale;
    }
    if (post->status == POST_DRAFT) {
        return REFUSED_post_not_scheduled;
    }
    enum refusal refusal = check_target(target, start);
    if (refusal == ACCEPTED) {
        refusal = check_held(post, target, context);
    }
    if (refusal == ACCEPTED && context->now_ms < target->next_ms) {
        refusal = REFUSED_attempt_early;
    }
    if (refusal != ACCEPTED) {
        return refusal;
    }
    struct attempt_started_event *event = &event_append(ret_events, EVENT_attempt_started)->attempt_started;
    event->post_id = start->post_id;
    event->target_id = start->target_id;
    event->attempt_id = start->attempt_id;
    event->number = target->attempt_count + 1u;
    event->part = start->part;
    event->fence = start->fence;
    event->payload_hash = start->payload_hash;
    event->due_ms = target->next_ms != 0 ? target->next_ms : target->base_due_ms;
    event->deadline_ms = context->now_ms + ATTEMPT_DEADLINE_MS;
    return ACCEPTED;
}

/* A comment is nobody's last status: its end is an event of its own. */
static void miss_comment(const struct post *post, const struct post_target *target, struct event_list *events)
{
    if (events->count + 3 <
        EVENTS_PER_COMMAND_MAX) { /* two lists and the post's end follow; the rest may be asked again */
        struct comment_finished_event *event = &event_append(events, EVENT_comment_finished)->comment_finished;
        event->post_id = post->post_id;
        event->target_id = target->target_id;
        event->outcome = OUTCOME_REFUSED;
        event->message = SPAN("The first comment was not sent in time.");
    }
}

static void append_missed(const struct post *post, struct span code, struct target_ref *refs, uint32_t count,
                          struct event_list *events)
{
    if (count > 0) {
        struct targets_missed_event *event = &event_append(events, EVENT_targets_missed)->targets_missed;
        event->post_id = post->post_id;
        event->code = code;
        event->targets = refs;
        event->targets_count = count;
    }
}

RULE(miss)
{
    const struct miss_targets_command *miss = &command->miss_targets;
    if (post->status == POST_DRAFT) {
        return REFUSED_post_not_scheduled;
    }
    const enum refusal refusal = installation_refusal(context->installation);
    if (refusal != ACCEPTED) {
        return refusal;
    }
    /* Those past the lateness fill the room from its beginning, those past not_after from its end. */
    struct target_ref *refs = context->room->refs;
    uint32_t late = 0;
    uint32_t passed = 0;
    uint32_t waiting = 0;
    bool seen[TARGETS_MAX] = {false};
    struct outlook outlook = post_outlook(post);
    for (uint32_t i = 0; i < miss->targets_count; i++) {
        const uint32_t at = post_index(post, &miss->targets[i].target_id);
        if (at == post->target_count) {
            return REFUSED_not_found;
        }
        const struct post_target *target = &post->targets[at];
        if (seen[at] || !target_waits(target)) {
            continue;
        }
        seen[at] = true;
        waiting++;
        if (!is_too_late(post, target, context)) {
            continue;
        }
        if (target->status == TARGET_PUBLISHED) {
            miss_comment(post, target, ret_events);
            continue;
        }
        outlook.status[at] = TARGET_MISSED;
        if (post->not_after_ms != 0 && context->now_ms > post->not_after_ms) {
            refs[TARGETS_MAX - ++passed].target_id = target->target_id;
        } else {
            refs[late++].target_id = target->target_id;
        }
    }
    if (waiting > 0 && late + passed + ret_events->count == 0) {
        return REFUSED_not_late;
    }
    append_missed(post, SPAN("lateness_exceeded"), refs, late, ret_events);
    append_missed(post, SPAN("not_after_passed"), refs + (TARGETS_MAX - passed), passed, ret_events);
    post_finish(post, &outlook, ret_events);
    return ACCEPTED;
}
