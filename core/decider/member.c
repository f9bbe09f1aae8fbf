/* member.c: the rules of a membership: added once. */
#include "core/decider/member.h"

#include "core/base/assert.h"

enum refusal member_decide(const struct member *member, const struct decide_context *context,
                           const struct command *command, struct event_list *ret_events)
{
    (void)context;
    ASSERT(command->code == COMMAND_add_member);
    if (member->head.version != 0) {
        return REFUSED_exists;
    }
    const struct add_member_command *wish = &command->add_member;
    struct member_added_event *event = &event_append(ret_events, EVENT_member_added)->member_added;
    event->member_id = wish->member_id;
    event->workspace_id = wish->workspace_id;
    event->user_id = wish->user_id;
    event->role = wish->role;
    return ACCEPTED;
}

void member_evolve(struct member *member, const struct event *event, int64_t time_ms)
{
    (void)time_ms;
    ASSERT(event->code == EVENT_member_added);
    member->user_id = event->member_added.user_id;
    member->role = (uint8_t)event->member_added.role;
}
