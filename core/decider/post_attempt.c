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

/* It was due before a person confirmed the copied or restored folder: nobody here knows whether it was sent. */
static bool is_doubtful(const struct post_target *target, const struct decide_context *context)
{
    return target->base_due_ms <= context->installation->suspended_at_ms;
}

/* Its instant has come and nobody approved it: it never locks, so nothing of it was or will be sent, whoever was paused
 * or in doubt. */
static bool is_unapproved(const struct post *post, const struct decide_context *context)
{
    return context->now_ms >= post->publish_at_ms && post_wants_approval(post, context->workspace);
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

/* What people hold, or the platform: the workspace, the account, or its queue. */
static enum refusal held_by(const struct post_target *target, const struct decide_context *context)
{
    if (context->workspace->paused) {
        return REFUSED_workspace_paused;
    }
    const enum refusal held = integration_start_refusal(context_integration(context, &target->integration_id));
    return held == ACCEPTED && context->queue_paused ? REFUSED_queue_paused : held;
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
    if (is_doubtful(target, context)) {
        return REFUSED_starts_suspended;
    }
    if (is_too_late(post, target, context)) {
        return REFUSED_lateness_exceeded;
    }
    return held_by(target, context);
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
static void miss_comment(const struct post *post, const struct post_target *target, bool doubtful, bool ended,
                         struct event_list *events)
{
    if (events->count + 3 <
        EVENTS_PER_COMMAND_MAX) { /* two lists and the post's end follow; the rest may be asked again */
        struct comment_finished_event *event = &event_append(events, EVENT_comment_finished)->comment_finished;
        event->post_id = post->post_id;
        event->target_id = target->target_id;
        event->outcome = doubtful ? OUTCOME_UNKNOWN : OUTCOME_REFUSED;
        event->message = doubtful
                             ? SPAN("The original of this copied or restored data may have sent the first comment.")
                         : ended ? SPAN("The workspace ended before the first comment was sent.")
                                 : SPAN("The first comment was not sent in time.");
    }
}

/* What becomes of the targets that a command names, in lists of the room. */
struct verdict {
    struct target_ref *missed;
    struct target_ref *doubted;
    uint32_t missed_count;
    uint32_t doubted_count;
    uint32_t waiting_count;
    struct outlook outlook;
};

static void judge_waiting(const struct post *post, uint32_t at, const struct decide_context *context,
                          struct verdict *verdict, struct event_list *events)
{
    const struct post_target *target = &post->targets[at];
    const bool doubtful = is_doubtful(target, context) && target->part_count > 0; /* else the lock comes first */
    const bool ended = context->workspace->deleted; /* what was not sent before never will be */
    const bool too_late = (ended || is_too_late(post, target, context)) && !is_doubtful(target, context);
    verdict->waiting_count++;
    if (!doubtful && !too_late && !is_unapproved(post, context)) {
        return;
    }
    if (target->status == TARGET_PUBLISHED) {
        miss_comment(post, target, doubtful, ended, events);
        return;
    }
    verdict->outlook.status[at] = doubtful ? TARGET_UNKNOWN : TARGET_MISSED;
    if (doubtful) {
        verdict->doubted[verdict->doubted_count++].target_id = target->target_id;
    } else {
        verdict->missed[verdict->missed_count++].target_id = target->target_id;
    }
}

/* Why a target was not sent in time. What holds it now has held it: it was given up as soon as it was too late, unless
 * nothing ran then. */
static struct span late_code(const struct post *post, const struct post_target *target,
                             const struct decide_context *context)
{
    switch ((int)held_by(target, context)) {
    case REFUSED_workspace_paused:
        return SPAN("workspace_was_paused");
    case REFUSED_integration_paused:
        return SPAN("integration_was_paused");
    case REFUSED_integration_disconnected:
        return SPAN("integration_was_disconnected");
    case REFUSED_queue_paused:
        return SPAN("queue_was_paused");
    default:
        break;
    }
    if (context->now_ms - target_window_end(post, target, context->workspace) > MISSED_PROMPT_MS) {
        return SPAN("nothing_ran");
    }
    const bool passed = post->not_after_ms != 0 && context->now_ms > post->not_after_ms;
    return passed ? SPAN("not_after_passed") : SPAN("lateness_exceeded");
}

/* The scheduler names them one by one, for each has its own cause: of several, the first tells. */
static struct span missed_code(const struct post *post, const struct verdict *verdict,
                               const struct decide_context *context)
{
    return context->workspace->deleted    ? SPAN("workspace_deleted")
           : is_unapproved(post, context) ? SPAN("approval_missing")
                                          : late_code(post, post_target(post, &verdict->missed[0].target_id), context);
}

static void append_verdict(const struct post *post, const struct verdict *verdict, const struct decide_context *context,
                           struct event_list *events)
{
    struct span code = {.data = NULL};
    if (verdict->doubted_count > 0) {
        struct targets_doubted_event *event = &event_append(events, EVENT_targets_doubted)->targets_doubted;
        event->post_id = post->post_id;
        event->targets = verdict->doubted;
        event->targets_count = verdict->doubted_count;
    }
    if (verdict->missed_count > 0) {
        struct targets_missed_event *event = &event_append(events, EVENT_targets_missed)->targets_missed;
        code = missed_code(post, verdict, context);
        event->post_id = post->post_id;
        event->code = code;
        event->targets = verdict->missed;
        event->targets_count = verdict->missed_count;
    }
    post_finish(post, &verdict->outlook, events);
    struct event *last = events->count > 0 ? &events->events[events->count - 1] : NULL;
    if (last != NULL && last->code == EVENT_post_finished && last->post_finished.status == POST_MISSED) {
        last->post_finished.code = code;
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
    bool seen[TARGETS_MAX] = {false};
    struct verdict verdict = {
        .missed = context->room->refs, .doubted = context->room->doubted, .outlook = post_outlook(post)};
    for (uint32_t i = 0; i < miss->targets_count; i++) {
        const uint32_t at = post_index(post, &miss->targets[i].target_id);
        if (at == post->target_count) {
            return REFUSED_not_found;
        }
        if (!seen[at] && target_waits(&post->targets[at])) {
            seen[at] = true;
            judge_waiting(post, at, context, &verdict, ret_events);
        }
    }
    if (verdict.waiting_count > 0 && verdict.missed_count + verdict.doubted_count + ret_events->count == 0) {
        return REFUSED_not_late;
    }
    append_verdict(post, &verdict, context, ret_events);
    return ACCEPTED;
}
