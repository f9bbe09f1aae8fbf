/* post_author.c: what an author may do before the lock: write, edit, throw away, schedule. A draft may be incomplete; a
 * scheduled post stays complete through every edit. Instants are computed here and nowhere else. */
#include "core/base/assert.h"
#include "core/decider/post_rules.h"
#include "core/decider/template.h"
#include "core/decider/workspace.h"
#include "core/message/placeholder.h"
#include "core/message/post_content.h"

/* An edit may not give a target that stays another id, nor an id another account. */
static enum refusal check_kept(const struct post *post, const struct target_spec *specs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = 0; k < post->target_count; k++) {
            const struct post_target *target = &post->targets[k];
            if (id_equal(&specs[i].integration_id, &target->integration_id) !=
                id_equal(&specs[i].target_id, &target->target_id)) {
                return REFUSED_target_duplicate;
            }
        }
    }
    return ACCEPTED;
}

/* The instants of a schedule, as they are collected: room->dues holds them. */
struct plan {
    uint32_t count;
    int64_t publish_at_ms; /* the earliest */
    int64_t latest_ms;
    bool changed; /* not what the post has already */
};

static void plan_add(struct plan *plan, struct decide_room *room, const struct id *target_id, int64_t due_ms)
{
    room->dues[plan->count] = (struct target_due){.target_id = *target_id, .due_ms = due_ms};
    if (plan->count == 0 || due_ms < plan->publish_at_ms) {
        plan->publish_at_ms = due_ms;
    }
    if (plan->count == 0 || due_ms > plan->latest_ms) {
        plan->latest_ms = due_ms;
    }
    plan->count++;
}

static void append_scheduled(const struct plan *plan, const struct decide_context *context, const struct id *post_id,
                             struct event_list *events)
{
    struct post_scheduled_event *event = &event_append(events, EVENT_post_scheduled)->post_scheduled;
    event->post_id = *post_id;
    event->publish_at_ms = plan->publish_at_ms;
    event->targets = context->room->dues;
    event->targets_count = plan->count;
}

/* When a person wants it: exactly one of now, the next slot and at. */
struct wish {
    bool now;
    bool next_slot;
    int64_t at_ms;
    const struct id *queue_of; /* the account whose queue gives every target its slot; NULL: each its own */
};

static enum refusal check_wish(const struct wish *wish, int64_t now_ms)
{
    if (wish->now + wish->next_slot + (wish->at_ms != 0) != 1) {
        return REFUSED_schedule_ambiguous;
    }
    return wish->at_ms == 0 ? ACCEPTED : post_check_instant(wish->at_ms, now_ms);
}

/* A target's own instant goes before the post's; under `now` one that has passed means now. */
static enum refusal plan_wish(struct plan *plan, const struct decide_context *context, const struct wish *wish,
                              const struct id *target_id, const struct id *integration_id, int64_t own_ms)
{
    if (!integration_is_schedulable(context_integration(context, integration_id))) {
        return REFUSED_integration_unusable;
    }
    const bool own = own_ms != 0 && !(wish->now && own_ms <= context->now_ms);
    if (own) {
        const enum refusal refusal = post_check_instant(own_ms, context->now_ms);
        if (refusal != ACCEPTED) {
            return refusal;
        }
    }
    int64_t due_ms = own ? own_ms : wish->now ? context->now_ms : wish->at_ms;
    if (wish->next_slot && !own) {
        const struct free_slot *slot =
            context_free_slot(context, wish->queue_of != NULL ? wish->queue_of : integration_id);
        ASSERT(slot != NULL);
        if (slot->refusal != ACCEPTED) {
            return slot->refusal;
        }
        due_ms = slot->at_ms;
    }
    plan_add(plan, context->room, target_id, due_ms);
    return ACCEPTED;
}

/* What every schedule needs, once its instants are known. */
static enum refusal check_plan(const struct plan *plan, bool text, bool blank, int64_t not_after_ms)
{
    if (!text) {
        return REFUSED_content_missing;
    }
    if (blank) {
        return REFUSED_placeholder_missing;
    }
    if (plan->count == 0) {
        return REFUSED_target_missing;
    }
    return not_after_ms != 0 && plan->latest_ms > not_after_ms ? REFUSED_lateness_exceeded : ACCEPTED;
}

static enum refusal create_scheduled(const struct post *post, const struct decide_context *context,
                                     const struct create_post_command *wanted, bool blank,
                                     struct event_list *ret_events)
{
    enum refusal refusal = installation_refusal(context->installation);
    if (refusal != ACCEPTED) {
        return refusal;
    }
    const struct target_spec *leader =
        target_spec_of(wanted->targets, wanted->targets_count, &wanted->default_queue_of);
    const bool leads = leader != NULL && leader->at_ms == 0;
    const struct wish wish = {.now = wanted->now,
                              .next_slot = wanted->next_slot,
                              .at_ms = wanted->at_ms,
                              .queue_of = leads ? &leader->integration_id : NULL};
    refusal = check_wish(&wish, context->now_ms);
    struct plan plan = {0};
    for (uint32_t i = 0; i < wanted->targets_count && refusal == ACCEPTED; i++) {
        const struct target_spec *spec = &wanted->targets[i];
        refusal = plan_wish(&plan, context, &wish, &spec->target_id, &spec->integration_id, spec->at_ms);
    }
    if (refusal == ACCEPTED) {
        refusal = check_plan(&plan, content_has_text(wanted->parts, wanted->parts_count), blank, wanted->not_after_ms);
    }
    if (refusal == ACCEPTED) {
        refusal = approval_check_ahead(context, plan.publish_at_ms);
    }
    if (refusal == ACCEPTED && !workspace_has_room(context, LIMIT_SCHEDULED_POSTS)) {
        refusal = REFUSED_plan_limit;
    }
    if (refusal == ACCEPTED) {
        append_scheduled(&plan, context, &wanted->post_id, ret_events);
        approval_touched(post, context, &wanted->post_id, plan.publish_at_ms, ret_events);
    }
    return refusal;
}

/* A copy of a post may name a template that was deleted since. */
static bool has_origin(const struct decide_context *context, const struct create_post_command *wanted)
{
    return id_is_none(&wanted->template_id) || !id_is_none(&wanted->duplicate_of) ||
           template_is_there(context->template);
}

RULE(create)
{
    if (post->head.version != 0) {
        return REFUSED_exists;
    }
    const struct create_post_command *wanted = &command->create_post;
    const enum refusal refusal = context_check_targets(context, wanted->targets, wanted->targets_count);
    if (refusal != ACCEPTED) {
        return refusal;
    }
    if (!has_origin(context, wanted)) {
        return REFUSED_reference_not_found;
    }
    struct post_created_event *event = &event_append(ret_events, EVENT_post_created)->post_created;
    POST_WRITING_COPY(event, wanted);
    const struct placeholder_texts texts = PLACEHOLDER_TEXTS(wanted);
    event->blanks = context->room->blanks;
    event->blanks_count = placeholder_blanks(&texts, wanted->blanks, wanted->blanks_count, event->blanks);
    event->author_id = context_writer(command);
    event->duplicate_of = wanted->duplicate_of;
    event->template_id = wanted->template_id;
    event->template_version = wanted->template_version;
    if (target_spec_of(wanted->targets, wanted->targets_count, &wanted->default_queue_of) != NULL) {
        event->default_queue_of = wanted->default_queue_of;
    }
    return wanted->now || wanted->next_slot || wanted->at_ms != 0
               ? create_scheduled(post, context, wanted, event->blanks_count > 0, ret_events)
               : ACCEPTED;
}

/* What a target without an instant of its own gets: what the others without one have, the earliest where a queue gave
 * them several; 0: each has its own, and none of those is anybody else's. */
static int64_t common_due(const struct post *post)
{
    int64_t common_ms = 0;
    for (uint32_t i = 0; i < post->target_count; i++) {
        const struct post_target *target = &post->targets[i];
        if (target->at_ms == 0 && target->due_ms != 0 && (common_ms == 0 || target->due_ms < common_ms)) {
            common_ms = target->due_ms;
        }
    }
    return common_ms;
}

/* The instants of a scheduled post after an edit. A target keeps its instant; a new one, and one that gave up its own,
 * gets what those have that have none. */
static enum refusal plan_edit(struct plan *plan, const struct post *post, const struct decide_context *context,
                              const struct edit_post_command *wanted)
{
    uint32_t kept = 0;
    const int64_t common_ms = common_due(post);
    for (uint32_t i = 0; i < wanted->targets_count; i++) {
        const struct target_spec *spec = &wanted->targets[i];
        const struct post_target *target = post_target(post, &spec->target_id);
        if (target != NULL && target_status_is_final(target->status)) {
            continue; /* cancelled is for ever */
        }
        if (!integration_is_schedulable(context_integration(context, &spec->integration_id))) {
            return REFUSED_integration_unusable;
        }
        const bool keeps = target != NULL && target->at_ms == spec->at_ms;
        const int64_t due_ms = keeps ? target->due_ms : spec->at_ms != 0 ? spec->at_ms : common_ms;
        const enum refusal refusal =
            due_ms == 0 ? REFUSED_instant_missing : post_check_instant(due_ms, context->now_ms);
        if (refusal != ACCEPTED) {
            return refusal;
        }
        kept += target != NULL ? 1 : 0;
        plan->changed = plan->changed || target == NULL || target->due_ms != due_ms;
        plan_add(plan, context->room, &spec->target_id, due_ms);
    }
    uint32_t open = 0;
    for (uint32_t i = 0; i < post->target_count; i++) {
        open += target_status_is_final(post->targets[i].status) ? 0 : 1;
    }
    plan->changed = plan->changed || kept != open;
    return ACCEPTED;
}

enum refusal post_edit_scheduled(const struct post *post, const struct decide_context *context,
                                 const struct edit_post_command *wanted, bool blank, struct event_list *ret_events)
{
    struct plan plan = {0};
    enum refusal refusal = plan_edit(&plan, post, context, wanted);
    if (refusal == ACCEPTED) {
        refusal = check_plan(&plan, content_has_text(wanted->parts, wanted->parts_count), blank, wanted->not_after_ms);
    }
    if (refusal == ACCEPTED && plan.changed) {
        refusal = approval_check_ahead(context, plan.publish_at_ms);
    }
    if (refusal != ACCEPTED) {
        return refusal;
    }
    if (plan.changed) {
        append_scheduled(&plan, context, &post->post_id, ret_events);
        refusal = installation_refusal(context->installation);
    }
    approval_touched(post, context, &post->post_id, plan.changed ? plan.publish_at_ms : post->publish_at_ms,
                     ret_events);
    return refusal;
}

RULE(edit)
{
    const struct edit_post_command *wanted = &command->edit_post;
    enum refusal refusal = post_check_open(post, context->now_ms);
    if (refusal != ACCEPTED) {
        return refusal;
    }
    if (command->expected_version == 0) {
        return REFUSED_version_mismatch;
    }
    refusal = context_check_targets(context, wanted->targets, wanted->targets_count);
    if (refusal == ACCEPTED) {
        refusal = check_kept(post, wanted->targets, wanted->targets_count);
    }
    if (refusal != ACCEPTED) {
        return refusal;
    }
    struct post_edited_event *event = &event_append(ret_events, EVENT_post_edited)->post_edited;
    POST_WRITING_COPY(event, wanted);
    const struct placeholder_texts texts = PLACEHOLDER_TEXTS(wanted);
    event->blanks = context->room->blanks;
    event->blanks_count = placeholder_blanks(&texts, wanted->blanks, wanted->blanks_count, event->blanks);
    event->editor_id = context_writer(command);
    return post->status == POST_SCHEDULED
               ? post_edit_scheduled(post, context, wanted, event->blanks_count > 0, ret_events)
               : ACCEPTED;
}

RULE(delete)
{
    (void)context;
    if (post->status != POST_DRAFT) {
        return REFUSED_post_not_draft;
    }
    event_append(ret_events, EVENT_post_deleted)->post_deleted.post_id = command->delete_post.post_id;
    return ACCEPTED;
}

/* The account whose queue gives all targets their slot: it counts while the post goes there at no instant of its own,
 * else nothing would fill what is given away. NULL: there is none. */
static const struct id *leading_account(const struct post *post)
{
    const struct post_target *leader = post->leader == 0 ? NULL : &post->targets[post->leader - 1];
    const bool leads = leader != NULL && leader->at_ms == 0 && !target_status_is_final(leader->status);
    return leads ? &leader->integration_id : NULL;
}

RULE(schedule)
{
    enum refusal refusal = post_check_open(post, context->now_ms);
    if (refusal == ACCEPTED) {
        refusal = installation_refusal(context->installation);
    }
    const struct wish wish = {.now = command->schedule_post.now,
                              .next_slot = command->schedule_post.next_slot,
                              .at_ms = command->schedule_post.at_ms,
                              .queue_of = leading_account(post)};
    if (refusal == ACCEPTED) {
        refusal = check_wish(&wish, context->now_ms);
    }
    struct plan plan = {0};
    for (uint32_t i = 0; i < post->target_count && refusal == ACCEPTED; i++) {
        const struct post_target *target = &post->targets[i];
        if (!target_status_is_final(target->status)) {
            refusal = plan_wish(&plan, context, &wish, &target->target_id, &target->integration_id, target->at_ms);
            plan.changed =
                plan.changed || (refusal == ACCEPTED && context->room->dues[plan.count - 1].due_ms != target->due_ms);
        }
    }
    if (refusal == ACCEPTED) {
        refusal = check_plan(&plan, post->has_text, post->has_blanks, post->not_after_ms);
    }
    if (refusal == ACCEPTED && plan.changed) {
        refusal = approval_check_ahead(context, plan.publish_at_ms);
    }
    const bool is_draft = post->publish_at_ms == 0; /* what is scheduled may move whatever the plan says */
    if (refusal == ACCEPTED && is_draft && !workspace_has_room(context, LIMIT_SCHEDULED_POSTS)) {
        refusal = REFUSED_plan_limit;
    }
    if (refusal == ACCEPTED && plan.changed) {
        append_scheduled(&plan, context, &post->post_id, ret_events);
        approval_touched(post, context, &post->post_id, plan.publish_at_ms, ret_events);
    }
    return refusal;
}
