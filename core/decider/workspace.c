/* workspace.c: the rules of a tenant: made once, paused and resumed. The pause itself is obeyed where attempts start
 * (post_attempt.c). */
#include "core/decider/workspace.h"

#include "core/base/assert.h"

static enum refusal create(const struct workspace *workspace, const struct create_workspace_command *wish,
                           struct event_list *ret_events)
{
    if (workspace->head.version != 0) {
        return REFUSED_exists;
    }
    struct workspace_created_event *event = &event_append(ret_events, EVENT_workspace_created)->workspace_created;
    event->workspace_id = wish->workspace_id;
    event->slug = wish->slug;
    event->name = wish->name;
    event->timezone = wish->timezone;
    event->max_lateness_ms = wish->max_lateness_ms != 0 ? wish->max_lateness_ms : (uint64_t)MAX_LATENESS_DEFAULT_MS;
    event->late_spacing_ms = wish->late_spacing_ms != 0 ? wish->late_spacing_ms : (uint64_t)LATE_SPACING_DEFAULT_MS;
    return ACCEPTED;
}

enum refusal workspace_decide(const struct workspace *workspace, const struct decide_context *context,
                              const struct command *command, struct event_list *ret_events)
{
    (void)context;
    switch (command->code) {
    case COMMAND_create_workspace:
        return create(workspace, &command->create_workspace, ret_events);
    case COMMAND_pause_workspace:
        if (!workspace->paused) {
            struct event *event = event_append(ret_events, EVENT_workspace_paused);
            event->workspace_paused.workspace_id = command->pause_workspace.workspace_id;
            event->workspace_paused.reason = command->pause_workspace.reason;
        }
        return ACCEPTED;
    default:
        ASSERT(command->code == COMMAND_resume_workspace);
        if (workspace->paused) {
            event_append(ret_events, EVENT_workspace_resumed)->workspace_resumed.workspace_id =
                command->resume_workspace.workspace_id;
        }
        return ACCEPTED;
    }
}

void workspace_evolve(struct workspace *workspace, const struct event *event, int64_t time_ms)
{
    (void)time_ms;
    switch (event->code) {
    case EVENT_workspace_created:
        workspace->max_lateness_ms = workspace_after_ms(event->workspace_created.max_lateness_ms);
        workspace->late_spacing_ms = workspace_after_ms(event->workspace_created.late_spacing_ms);
        return;
    case EVENT_workspace_paused:
        workspace->paused = 1;
        return;
    default:
        ASSERT(event->code == EVENT_workspace_resumed);
        workspace->paused = 0;
    }
}
