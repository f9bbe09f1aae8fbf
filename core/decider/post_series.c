/* post_series.c: a post that is one of a series: made, kept like the series while nobody has touched it and it is not
 * locked, taken back. The scheduler asks; here it is decided, against the series as it stands now, so that neither a
 * crash nor a late command makes one twice or overwrites what a person did. */
#include "core/base/assert.h"
#include "core/decider/post_rules.h"
#include "core/decider/series.h"
#include "core/message/post_content.h"

/* The series as the sender saw it, or a refusal. */
static enum refusal check_series(const struct series *series, uint64_t version)
{
    if (series == NULL || series->status != SERIES_ACTIVE) {
        return REFUSED_series_not_active;
    }
    return series->head.version == version ? ACCEPTED : REFUSED_series_not_active;
}

/* Why a post cannot be scheduled that only a person could put right; "" when it can. */
static enum refusal why_withheld(const struct decide_context *context, const struct make_instance_command *wanted)
{
    for (uint32_t i = 0; i < wanted->targets_count; i++) {
        if (!integration_is_schedulable(context_integration(context, &wanted->targets[i].integration_id))) {
            return REFUSED_integration_unusable;
        }
    }
    return workspace_has_room(context, LIMIT_SCHEDULED_POSTS) ? ACCEPTED : REFUSED_plan_limit;
}

static void schedule_all(const struct post *post, const struct decide_context *context,
                         const struct make_instance_command *wanted, struct event_list *events)
{
    for (uint32_t i = 0; i < wanted->targets_count; i++) {
        context->room->dues[i] =
            (struct target_due){.target_id = wanted->targets[i].target_id, .due_ms = wanted->at_ms};
    }
    struct post_scheduled_event *event = &event_append(events, EVENT_post_scheduled)->post_scheduled;
    event->post_id = wanted->post_id;
    event->publish_at_ms = wanted->at_ms;
    event->targets = context->room->dues;
    event->targets_count = wanted->targets_count;
    approval_touched(post, context, &wanted->post_id, wanted->at_ms, events);
}

/* An instant that has passed is as good as another: what was not made in time because nothing ran is late, and sent or
 * missed by the same rule as what was made in time; it is never left out. An account that is gone cannot be named by
 * the post: then it has no targets. */
RULE(make)
{
    const struct make_instance_command *wanted = &command->make_instance;
    if (post->head.version != 0) {
        return REFUSED_exists;
    }
    enum refusal refusal = check_series(context->series, wanted->series_version);
    if (refusal == ACCEPTED) {
        refusal = installation_refusal(context->installation);
    }
    if (refusal != ACCEPTED) {
        return refusal;
    }
    enum refusal withheld = context_check_targets(context, wanted->targets, wanted->targets_count);
    struct post_created_event *event = &event_append(ret_events, EVENT_post_created)->post_created;
    POST_WRITING_COPY(event, wanted);
    event->author_id = wanted->author_id;
    event->series_id = wanted->series_id;
    event->series_local = wanted->local;
    event->series_version = wanted->series_version;
    event->generation = wanted->generation;
    if (withheld != ACCEPTED) {
        event->targets_count = 0;
    } else {
        withheld = why_withheld(context, wanted);
    }
    if (withheld == ACCEPTED) {
        schedule_all(post, context, wanted, ret_events);
        return ACCEPTED;
    }
    struct instance_withheld_event *kept = &event_append(ret_events, EVENT_instance_withheld)->instance_withheld;
    kept->post_id = wanted->post_id;
    kept->series_id = wanted->series_id;
    kept->local = wanted->local;
    kept->code = span_text(refusal_desc(withheld)->code);
    kept->at_ms = wanted->at_ms;
    return ACCEPTED;
}

/* The state in which a series lets a post alone, or ACCEPTED. */
static enum refusal check_follows(const struct post *post, int64_t now_ms)
{
    if (post->series_tie != SERIES_TIE_FOLLOWS) {
        return REFUSED_post_by_hand;
    }
    if (post_is_final(post)) {
        return REFUSED_post_finished;
    }
    return post_is_locked(post, now_ms) ? REFUSED_post_locked : ACCEPTED;
}

/* A draft that was withheld stays one: whoever has put right what kept it schedules it. */
RULE(follow)
{
    const struct edit_instance_command *wanted = &command->edit_instance;
    enum refusal refusal = check_follows(post, context->now_ms);
    if (refusal == ACCEPTED) {
        refusal = check_series(context->series, wanted->series_version);
    }
    if (refusal == ACCEPTED && command->expected_version == 0) {
        refusal = REFUSED_version_mismatch;
    }
    if (refusal == ACCEPTED) {
        refusal = context_check_targets(context, wanted->targets, wanted->targets_count);
    }
    if (refusal != ACCEPTED) {
        return refusal;
    }
    struct post_edited_event *event = &event_append(ret_events, EVENT_post_edited)->post_edited;
    POST_WRITING_COPY(event, wanted);
    event->editor_id = wanted->editor_id;
    event->series_id = wanted->series_id;
    event->series_version = wanted->series_version;
    if (post->status != POST_SCHEDULED) {
        return ACCEPTED;
    }
    struct edit_post_command edit = {.post_id = wanted->post_id};
    POST_WRITING_COPY(&edit, wanted);
    return post_edit_scheduled(post, context, &edit, false, ret_events);
}

RULE(withdraw)
{
    const enum refusal refusal = check_follows(post, context->now_ms);
    if (refusal != ACCEPTED) {
        return refusal;
    }
    struct instance_withdrawn_event *event = &event_append(ret_events, EVENT_instance_withdrawn)->instance_withdrawn;
    event->post_id = post->post_id;
    event->series_id = command->withdraw_instance.series_id;
    if (post->status == POST_DRAFT) {
        event_append(ret_events, EVENT_post_deleted)->post_deleted.post_id = post->post_id;
        return ACCEPTED;
    }
    return post_rule_cancel(post, context, command, ret_events);
}
