/* post_person.c: what people decide about a scheduled post: cancel, send again, say what became of an unknown outcome.
 * A machine never sends the last two. */
#include "core/base/assert.h"
#include "core/base/mutant.h"
#include "core/decider/post_rules.h"

/* Cancel */

static bool is_cancellable(const struct post_target *target)
{
    if (MUTANT(8) && target->status == TARGET_ATTEMPTING) {
        return true;
    }
    return target->status == TARGET_PENDING || target->status == TARGET_PREPARED || target->status == TARGET_RETRYING;
}

/* Before the lock the post's instant is the earliest of what is left, so that it does not lock for the sake of a target
 * that was cancelled. There is no unlock: from the lock's instant on it stays as it is. */
static void redate(const struct post *post, const struct decide_context *context, const struct outlook *outlook,
                   struct event_list *events)
{
    uint32_t count = 0;
    int64_t earliest_ms = INT64_MAX;
    for (uint32_t i = 0; i < post->target_count; i++) {
        const struct post_target *target = &post->targets[i];
        if (!target_status_is_final(outlook->status[i])) {
            context->room->dues[count++] =
                (struct target_due){.target_id = target->target_id, .due_ms = target->due_ms};
            earliest_ms = target->due_ms < earliest_ms ? target->due_ms : earliest_ms;
        }
    }
    if (count == 0 || earliest_ms == post->publish_at_ms || post_is_locked(post, context->now_ms)) {
        return;
    }
    struct post_scheduled_event *event = &event_append(events, EVENT_post_scheduled)->post_scheduled;
    event->post_id = post->post_id;
    event->publish_at_ms = earliest_ms;
    event->targets = context->room->dues;
    event->targets_count = count;
}

static void append_cancelled(const struct post *post, const struct decide_context *context, uint32_t count,
                             const struct outlook *outlook, struct event_list *events)
{
    struct targets_cancelled_event *event = &event_append(events, EVENT_targets_cancelled)->targets_cancelled;
    event->post_id = post->post_id;
    event->targets = context->room->refs;
    event->targets_count = count;
    redate(post, context, outlook, events);
    post_finish(post, outlook, events);
}

RULE(cancel)
{
    (void)command;
    if (post->status == POST_DRAFT) {
        return REFUSED_post_not_scheduled;
    }
    if (post_is_final(post)) {
        return REFUSED_post_finished;
    }
    struct outlook outlook = post_outlook(post);
    uint32_t count = 0;
    for (uint32_t i = 0; i < post->target_count; i++) {
        if (is_cancellable(&post->targets[i])) {
            context->room->refs[count++].target_id = post->targets[i].target_id;
            outlook.status[i] = TARGET_CANCELLED;
        }
    }
    if (count == 0) {
        return REFUSED_post_publishing;
    }
    append_cancelled(post, context, count, &outlook, ret_events);
    return ACCEPTED;
}

RULE(cancel_target)
{
    const uint32_t at = post_index(post, &command->cancel_target.target_id);
    if (at == post->target_count) {
        return REFUSED_not_found;
    }
    if (post->status == POST_DRAFT) {
        return REFUSED_post_not_scheduled;
    }
    const struct post_target *target = &post->targets[at];
    if (target->status == TARGET_CANCELLED) {
        return ACCEPTED; /* it is so already */
    }
    if (target_status_is_final(target->status)) {
        return REFUSED_target_finished;
    }
    if (!is_cancellable(target)) {
        return REFUSED_post_publishing;
    }
    struct outlook outlook = post_outlook(post);
    outlook.status[at] = TARGET_CANCELLED;
    context->room->refs[0].target_id = target->target_id;
    append_cancelled(post, context, 1, &outlook, ret_events);
    return ACCEPTED;
}

/* The first instant that is a person's wish alone: what was due until then the original of a copied or restored folder
 * may have sent. Where the clock stands still, a wish may come in the very millisecond of the confirmation. */
static int64_t undoubted_ms(const struct decide_context *context)
{
    return context->installation->suspended_at_ms + 1;
}

/* Send again: failed and missed targets that have locked bytes. */

static bool has_failed(const struct post_target *target)
{
    return target->status == TARGET_FAILED || target->status == TARGET_MISSED;
}

/* When a person wants it, or why not: *ret_due_ms. */
static enum refusal retry_instant(const struct post *post, const struct retry_post_command *retry, int64_t now_ms,
                                  int64_t not_before_ms, int64_t *ret_due_ms)
{
    if (retry->now == (retry->at_ms != 0)) {
        return REFUSED_schedule_ambiguous;
    }
    const enum refusal refusal = retry->now ? ACCEPTED : post_check_instant(retry->at_ms, now_ms);
    if (refusal != ACCEPTED) {
        return refusal;
    }
    const int64_t wanted_ms = retry->now ? now_ms : retry->at_ms;
    const int64_t due_ms = wanted_ms > not_before_ms ? wanted_ms : not_before_ms;
    if (post->not_after_ms != 0 && due_ms > post->not_after_ms) {
        return REFUSED_lateness_exceeded;
    }
    *ret_due_ms = due_ms;
    return ACCEPTED;
}

RULE(retry)
{
    uint32_t retryable = 0;
    uint32_t count = 0;
    struct retried_target *retried = context->room->retried;
    int64_t not_before_ms = undoubted_ms(context);
    for (uint32_t i = 0; i < post->target_count; i++) {
        const struct post_target *target = &post->targets[i];
        if (has_failed(target) && target->part_count > 0) {
            retryable++;
            if (integration_is_schedulable(context_integration(context, &target->integration_id))) {
                /* a request without an answer may still arrive: it is not read, nor sent again, before its deadline */
                if (target->attempt_outcome == OUTCOME_UNKNOWN && target->deadline_ms > not_before_ms) {
                    not_before_ms = target->deadline_ms;
                }
                retried[count++] =
                    (struct retried_target){.target_id = target->target_id, .read_first = target_needs_reading(target)};
            }
        }
    }
    if (retryable == 0) { /* what was published or cancelled is so for ever, and what never locked has no bytes */
        return post_is_final(post) ? REFUSED_post_finished : REFUSED_post_not_finished;
    }
    enum refusal refusal = installation_refusal(context->installation);
    int64_t due_ms = 0;
    if (refusal == ACCEPTED) {
        refusal = retry_instant(post, &command->retry_post, context->now_ms, not_before_ms, &due_ms);
    }
    if (refusal == ACCEPTED && count == 0) {
        refusal = REFUSED_integration_unusable;
    }
    if (refusal != ACCEPTED) {
        return refusal;
    }
    struct targets_retried_event *event = &event_append(ret_events, EVENT_targets_retried)->targets_retried;
    event->post_id = post->post_id;
    event->due_ms = due_ms;
    event->targets = retried;
    event->targets_count = count;
    return ACCEPTED;
}

/* Resolve */

static bool is_well_formed(const struct resolve_target_command *resolve)
{
    const bool url = resolve->url.len != 0;
    if (resolve->resolution == RESOLUTION_PUBLISHED) {
        return url && !resolve->retry;
    }
    return !url && (resolve->resolution == RESOLUTION_ABSENT || !resolve->retry);
}

static void append_finished(const struct post_target *target, const struct resolve_target_command *resolve,
                            enum target_status status, struct event_list *events)
{
    struct target_finished_event *event = &event_append(events, EVENT_target_finished)->target_finished;
    event->post_id = resolve->post_id;
    event->target_id = target->target_id;
    event->status = status;
    if (status == TARGET_FAILED) {
        event->code = resolve->resolution == RESOLUTION_ABSENT ? SPAN("resolved_absent") : SPAN("resolved_abandoned");
    }
}

RULE(resolve)
{
    const struct resolve_target_command *resolve = &command->resolve_target;
    const uint32_t at = post_index(post, &resolve->target_id);
    if (at == post->target_count) {
        return REFUSED_not_found;
    }
    const struct post_target *target = &post->targets[at];
    if (target->status != TARGET_UNKNOWN) {
        return REFUSED_target_not_unknown;
    }
    if (!is_well_formed(resolve)) {
        return REFUSED_resolution_invalid;
    }
    const bool published = resolve->resolution == RESOLUTION_PUBLISHED;
    const bool ours = target->attempt_count > 0 && target->attempt_outcome == OUTCOME_UNKNOWN;
    const bool early = ours && context->now_ms < target->deadline_ms;
    const int64_t soonest_ms = early ? target->deadline_ms : context->now_ms;
    const int64_t again_ms = soonest_ms > undoubted_ms(context) ? soonest_ms : undoubted_ms(context);
    if (resolve->retry && post->not_after_ms != 0 && again_ms > post->not_after_ms) {
        return REFUSED_lateness_exceeded;
    }
    struct target_resolved_event *event = &event_append(ret_events, EVENT_target_resolved)->target_resolved;
    event->post_id = resolve->post_id;
    event->target_id = resolve->target_id;
    if (ours) {
        event->attempt_id = target->attempt_id;
    }
    event->resolution = resolve->resolution;
    event->url = resolve->url;
    event->retry = resolve->retry;
    event->next_ms = resolve->retry ? again_ms : 0;
    const uint8_t part = ours ? target->attempt_part : target->next_part;
    const bool complete = published && part + 1 >= target_main_count(target);
    if (resolve->retry || (published && !complete)) {
        return ACCEPTED; /* it goes on */
    }
    struct outlook outlook = post_outlook(post);
    outlook.status[at] = published ? TARGET_PUBLISHED : TARGET_FAILED;
    outlook.live[at] = (uint8_t)(outlook.live[at] + (published ? 1 : 0));
    append_finished(target, resolve, outlook.status[at], ret_events);
    post_finish(post, &outlook, ret_events);
    return ACCEPTED;
}
