/* workspace.c: the rules of a tenant: made once, changed, paused and resumed, billed, and at last deleted. The pause
 * itself is obeyed where attempts start (post_attempt.c), a plan's limits where something begins. */
#include "core/decider/workspace.h"

#include "core/base/assert.h"

bool workspace_has_room(const struct decide_context *context, enum limit limit)
{
    const uint64_t bound = context->workspace->limits[limit];
    return bound == 0 || context->usage == NULL || context->usage->used[limit] + 1 < bound;
}

static enum refusal change(const struct decide_context *context, const struct change_workspace_command *wish,
                           struct event_list *ret_events)
{
    if (context->slug_taken) {
        return REFUSED_slug_taken;
    }
    const bool any = wish->slug.data != NULL || wish->name.data != NULL || wish->timezone.data != NULL ||
                     wish->max_lateness_ms != 0 || wish->late_spacing_ms != 0 || wish->approval_policy != POLICY_NONE;
    if (any) {
        struct workspace_changed_event *event = &event_append(ret_events, EVENT_workspace_changed)->workspace_changed;
        event->workspace_id = wish->workspace_id;
        event->slug = wish->slug;
        event->name = wish->name;
        event->timezone = wish->timezone;
        event->max_lateness_ms = wish->max_lateness_ms;
        event->late_spacing_ms = wish->late_spacing_ms;
        event->approval_policy = wish->approval_policy;
    }
    return ACCEPTED;
}

/* What was used from the period's start on. next_end_ms 0: no other follows. */
static void append_bill(const struct workspace *workspace, const struct decide_context *context,
                        const struct id *workspace_id, int64_t end_ms, int64_t next_end_ms,
                        struct event_list *ret_events)
{
    ASSERT(context->usage != NULL);
    struct plan_use *uses = context->room->uses;
    for (uint32_t i = 0; i < LIMIT_COUNT; i++) {
        uses[i] = (struct plan_use){.what = limit_word((enum limit)i), .used = context->usage->used[i]};
    }
    uses[LIMIT_REQUESTS] =
        (struct plan_use){.what = SPAN("published_targets"), .used = context->usage->published_targets};
    struct billing_due_event *event = &event_append(ret_events, EVENT_billing_due)->billing_due;
    event->workspace_id = *workspace_id;
    event->plan = span_of(workspace->plan, workspace->plan_len);
    event->period_start_ms = workspace->period_start_ms;
    event->period_end_ms = end_ms;
    event->next_end_ms = next_end_ms;
    event->uses = uses;
    event->uses_count = LIMIT_COUNT;
}

/* The period that runs ends with the workspace, and is billed until then. */
static enum refusal end(const struct workspace *workspace, const struct decide_context *context,
                        const struct delete_workspace_command *wish, struct event_list *ret_events)
{
    if (!workspace->paused || context->now_ms - workspace->paused_at_ms < WORKSPACE_PAUSED_MS) {
        return REFUSED_workspace_not_paused;
    }
    const int64_t end_ms = workspace->period_end_ms;
    if (end_ms != 0) {
        append_bill(workspace, context, &wish->workspace_id, context->now_ms < end_ms ? context->now_ms : end_ms, 0,
                    ret_events);
    }
    event_append(ret_events, EVENT_workspace_deleted)->workspace_deleted.workspace_id = wish->workspace_id;
    return ACCEPTED;
}

static void evolve_plan(struct workspace *workspace, const struct plan_changed_event *event)
{
    memset(workspace->plan, 0, sizeof workspace->plan);
    ASSERT(event->plan.len <= sizeof workspace->plan);
    memcpy(workspace->plan, event->plan.data, event->plan.len);
    workspace->plan_len = (uint8_t)event->plan.len;
    memset(workspace->limits, 0, sizeof workspace->limits);
    for (uint32_t i = 0; i < event->limits_count; i++) {
        const enum limit limit = limit_of(event->limits[i].what);
        if (limit != LIMIT_COUNT) { /* one of a release after this one */
            workspace->limits[limit] = event->limits[i].most < UINT64_MAX ? event->limits[i].most + 1 : 0;
        }
    }
    workspace->period_start_ms = event->period_start_ms;
    workspace->period_end_ms = event->period_end_ms;
}

static enum refusal change_plan(const struct workspace *workspace, const struct change_plan_command *wish,
                                struct event_list *ret_events)
{
    if (wish->plan.len == 0 || wish->plan.len > PLAN_WORD_MAX || wish->period_end_ms < wish->period_start_ms ||
        (wish->period_end_ms == 0) != (wish->period_start_ms == 0)) {
        return REFUSED_plan_invalid;
    }
    for (uint32_t i = 0; i < wish->limits_count; i++) {
        if (limit_of(wish->limits[i].what) == LIMIT_COUNT) {
            return REFUSED_plan_invalid;
        }
    }
    const struct plan_changed_event changed = {.workspace_id = wish->workspace_id,
                                               .plan = wish->plan,
                                               .limits = wish->limits,
                                               .limits_count = wish->limits_count,
                                               .period_start_ms = wish->period_start_ms,
                                               .period_end_ms = wish->period_end_ms};
    struct workspace after = *workspace;
    evolve_plan(&after, &changed);
    if (memcmp(&after, workspace, sizeof after) != 0) {
        event_append(ret_events, EVENT_plan_changed)->plan_changed = changed;
    }
    return ACCEPTED;
}

static enum refusal create(const struct workspace *workspace, const struct decide_context *context,
                           const struct create_workspace_command *wish, struct event_list *ret_events)
{
    if (workspace->head.version != 0) {
        return REFUSED_exists;
    }
    if (context->slug_taken) {
        return REFUSED_slug_taken;
    }
    struct workspace_created_event *event = &event_append(ret_events, EVENT_workspace_created)->workspace_created;
    event->workspace_id = wish->workspace_id;
    event->slug = wish->slug;
    event->name = wish->name;
    event->timezone = wish->timezone;
    event->max_lateness_ms = wish->max_lateness_ms != 0 ? wish->max_lateness_ms : (uint64_t)MAX_LATENESS_DEFAULT_MS;
    event->late_spacing_ms = wish->late_spacing_ms != 0 ? wish->late_spacing_ms : (uint64_t)LATE_SPACING_DEFAULT_MS;
    event->founder_id = wish->founder_id;
    const struct change_plan_command plan = {.workspace_id = wish->workspace_id,
                                             .plan = wish->plan,
                                             .limits = wish->limits,
                                             .limits_count = wish->limits_count,
                                             .period_start_ms = wish->period_start_ms,
                                             .period_end_ms = wish->period_end_ms};
    return wish->plan.data != NULL ? change_plan(workspace, &plan, ret_events) : ACCEPTED;
}

/* Two clocks, a restart and a repeated command close a period once: it is named by its end. */
static enum refusal close_period(const struct workspace *workspace, const struct decide_context *context,
                                 const struct close_period_command *wish, struct event_list *ret_events)
{
    if (workspace->period_end_ms == 0 || wish->period_end_ms != workspace->period_end_ms) {
        return ACCEPTED;
    }
    if (context->now_ms < workspace->period_end_ms || wish->next_end_ms <= workspace->period_end_ms) {
        return REFUSED_period_not_over;
    }
    append_bill(workspace, context, &wish->workspace_id, workspace->period_end_ms, wish->next_end_ms, ret_events);
    return ACCEPTED;
}

/* FNV-1a (64 bits). The words themselves are in the event: the rule only asks whether they are others. */
static uint64_t mark_of(struct span reason)
{
    uint64_t mark = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < reason.len; i++) {
        mark = (mark ^ reason.data[i]) * UINT64_C(1099511628211);
    }
    return reason.data == NULL ? 0 : mark;
}

/* Paused again for another reason: it stands still since the first time, and is known for the last reason. */
static enum refusal pause(const struct workspace *workspace, const struct pause_workspace_command *wish,
                          struct event_list *ret_events)
{
    const bool another = wish->reason.data != NULL && mark_of(wish->reason) != workspace->reason_mark;
    if (!workspace->paused || another) {
        struct event *event = event_append(ret_events, EVENT_workspace_paused);
        event->workspace_paused.workspace_id = wish->workspace_id;
        event->workspace_paused.reason = wish->reason;
    }
    return ACCEPTED;
}

static enum refusal resume(const struct workspace *workspace, const struct resume_workspace_command *wish,
                           struct event_list *ret_events)
{
    if (workspace->paused) {
        event_append(ret_events, EVENT_workspace_resumed)->workspace_resumed.workspace_id = wish->workspace_id;
    }
    return ACCEPTED;
}

enum refusal workspace_decide(const struct workspace *workspace, const struct decide_context *context,
                              const struct command *command, struct event_list *ret_events)
{
    if (workspace->deleted && command->code != COMMAND_create_workspace) {
        return REFUSED_workspace_deleted;
    }
    switch (command->code) {
    case COMMAND_create_workspace:
        return create(workspace, context, &command->create_workspace, ret_events);
    case COMMAND_change_workspace:
        return change(context, &command->change_workspace, ret_events);
    case COMMAND_delete_workspace:
        return end(workspace, context, &command->delete_workspace, ret_events);
    case COMMAND_change_plan:
        return change_plan(workspace, &command->change_plan, ret_events);
    case COMMAND_close_period:
        return close_period(workspace, context, &command->close_period, ret_events);
    case COMMAND_pause_workspace:
        return pause(workspace, &command->pause_workspace, ret_events);
    default:
        ASSERT(command->code == COMMAND_resume_workspace);
        return resume(workspace, &command->resume_workspace, ret_events);
    }
}

static void evolve_slug(struct workspace *workspace, struct span slug)
{
    memset(workspace->slug, 0, sizeof workspace->slug);
    workspace->slug_len = 0;
    if (slug.len <= sizeof workspace->slug) {
        memcpy(workspace->slug, slug.data, slug.len);
        workspace->slug_len = (uint8_t)slug.len;
    }
}

static void evolve_zone(struct workspace *workspace, struct span zone)
{
    memset(workspace->zone, 0, sizeof workspace->zone);
    workspace->zone_len = 0;
    if (zone.len > 0 && zone.len <= sizeof workspace->zone) {
        memcpy(workspace->zone, zone.data, zone.len);
        workspace->zone_len = (uint8_t)zone.len;
    }
}

static void evolve_changed(struct workspace *workspace, const struct workspace_changed_event *event)
{
    if (event->slug.data != NULL) {
        evolve_slug(workspace, event->slug);
    }
    if (event->timezone.data != NULL) {
        evolve_zone(workspace, event->timezone);
    }
    if (event->max_lateness_ms != 0) {
        workspace->max_lateness_ms = workspace_after_ms(event->max_lateness_ms);
    }
    if (event->late_spacing_ms != 0) {
        workspace->late_spacing_ms = workspace_after_ms(event->late_spacing_ms);
    }
    if (event->approval_policy != POLICY_NONE) {
        workspace->approval_policy = (uint8_t)event->approval_policy;
    }
}

void workspace_evolve(struct workspace *workspace, const struct event *event, int64_t time_ms)
{
    switch (event->code) {
    case EVENT_workspace_created:
        workspace->max_lateness_ms = workspace_after_ms(event->workspace_created.max_lateness_ms);
        workspace->late_spacing_ms = workspace_after_ms(event->workspace_created.late_spacing_ms);
        evolve_slug(workspace, event->workspace_created.slug);
        evolve_zone(workspace, event->workspace_created.timezone);
        workspace->founder_id = event->workspace_created.founder_id;
        return;
    case EVENT_workspace_changed:
        evolve_changed(workspace, &event->workspace_changed);
        return;
    case EVENT_workspace_paused:
        workspace->paused_at_ms = workspace->paused ? workspace->paused_at_ms : time_ms;
        workspace->paused = 1;
        workspace->reason_mark = mark_of(event->workspace_paused.reason);
        return;
    case EVENT_workspace_resumed:
        workspace->paused = 0;
        workspace->paused_at_ms = 0;
        workspace->reason_mark = 0;
        return;
    case EVENT_plan_changed:
        evolve_plan(workspace, &event->plan_changed);
        return;
    case EVENT_billing_due:
        workspace->period_start_ms = event->billing_due.period_end_ms;
        workspace->period_end_ms = event->billing_due.next_end_ms;
        return;
    default:
        ASSERT(event->code == EVENT_workspace_deleted);
        workspace->deleted = 1;
        workspace->period_start_ms = 0; /* nothing is billed any more */
        workspace->period_end_ms = 0;
    }
}
