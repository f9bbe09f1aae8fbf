/* member.c: the rules of a membership: offered with a token and taken once, or added by an operator; changed, ended. An
 * invitation is a membership that nobody has joined yet. */
#include "core/decider/member.h"

#include "core/base/assert.h"
#include "core/decider/authority.h"
#include "core/decider/user.h"
#include "core/decider/workspace.h"

bool member_owns(const struct member *member)
{
    return member->status == MEMBER_ACTIVE && member->role == ROLE_OWNER && member->until_ms == 0;
}

int64_t member_ends(const struct member *member)
{
    const bool by_token = member->status == MEMBER_INVITED;
    if (member->status != MEMBER_ACTIVE && !by_token) {
        return 0;
    }
    return by_token && (member->until_ms == 0 || member->expires_ms < member->until_ms) ? member->expires_ms
                                                                                        : member->until_ms;
}

bool member_is_over(const struct member *member, int64_t now_ms)
{
    const int64_t end_ms = member_ends(member);
    return end_ms != 0 && now_ms >= end_ms;
}

static bool is_last_owner(const struct member *member, const struct decide_context *context)
{
    return member_owns(member) && context->owner_count <= 1;
}

static uint8_t permission_bits(const struct granted_permission *permissions, uint32_t count)
{
    unsigned bits = 0;
    for (uint32_t i = 0; i < count; i++) {
        bits |= 1U << permissions[i].permission;
    }
    return (uint8_t)bits;
}

/* Whether the sender may give the role, and for so long. */
static enum refusal check_grant(const struct decide_context *context, const struct command *command, uint32_t role,
                                int64_t until_ms)
{
    if (!authority_gives((enum role)command->role, (enum role)role)) {
        return REFUSED_role_above_own;
    }
    return authority_ends((enum role)role, until_ms, context->now_ms) ? ACCEPTED : REFUSED_expiry_required;
}

static enum refusal add(const struct member *member, const struct decide_context *context,
                        const struct add_member_command *wish, struct event_list *ret_events)
{
    if (member->head.version != 0) {
        return REFUSED_exists;
    }
    if (!authority_ends((enum role)wish->role, wish->until_ms, context->now_ms)) {
        return REFUSED_expiry_required;
    }
    if (context->user != NULL && context->user->erased) {
        return REFUSED_user_erased;
    }
    if (context->is_member) {
        return REFUSED_member_exists;
    }
    if (!workspace_has_room(context, LIMIT_MEMBERS)) {
        return REFUSED_plan_limit;
    }
    struct member_added_event *event = &event_append(ret_events, EVENT_member_added)->member_added;
    event->member_id = wish->member_id;
    event->workspace_id = wish->workspace_id;
    event->user_id = wish->user_id;
    event->role = wish->role;
    event->until_ms = wish->until_ms;
    return ACCEPTED;
}

static enum refusal invite(const struct member *member, const struct decide_context *context,
                           const struct command *command, struct event_list *ret_events)
{
    const struct invite_member_command *wish = &command->invite_member;
    if (member->head.version != 0) {
        return REFUSED_exists;
    }
    const enum refusal refusal = check_grant(context, command, wish->role, wish->until_ms);
    if (refusal != ACCEPTED) {
        return refusal;
    }
    if (context->is_member) {
        return REFUSED_member_exists;
    }
    if (context->is_invited) {
        return REFUSED_invitation_exists;
    }
    if (!workspace_has_room(context, LIMIT_MEMBERS)) {
        return REFUSED_plan_limit;
    }
    struct member_invited_event *event = &event_append(ret_events, EVENT_member_invited)->member_invited;
    event->member_id = wish->member_id;
    event->workspace_id = wish->workspace_id;
    event->role = wish->role;
    event->permissions = wish->permissions;
    event->permissions_count = wish->permissions_count;
    event->vault_id = wish->vault_id;
    event->fingerprint = wish->fingerprint;
    event->expires_ms = wish->expires_ms;
    event->until_ms = wish->until_ms;
    return ACCEPTED;
}

static enum refusal join(const struct member *member, const struct decide_context *context,
                         const struct join_workspace_command *wish, struct event_list *ret_events)
{
    const bool is_shown = span_equal_secret(span_of(member->fingerprint.bytes, sizeof member->fingerprint.bytes),
                                            span_of(wish->fingerprint.bytes, sizeof wish->fingerprint.bytes));
    const bool is_over = member_is_over(member, context->now_ms) || context->workspace->deleted;
    if (member->status != MEMBER_INVITED || !is_shown || is_over) {
        return REFUSED_invitation_spent;
    }
    if (context->is_member) {
        return REFUSED_member_exists;
    }
    struct member_joined_event *event = &event_append(ret_events, EVENT_member_joined)->member_joined;
    event->member_id = wish->member_id;
    event->user_id = wish->user_id;
    return ACCEPTED;
}

/* One that was over takes a seat again, like one that begins; the person may have come by another invitation since, or
 * have been sent one. */
static enum refusal check_return(const struct member *member, const struct decide_context *context, int64_t until_ms)
{
    struct member after = *member;
    after.until_ms = until_ms;
    if (!member_is_over(member, context->now_ms) || member_is_over(&after, context->now_ms)) {
        return ACCEPTED;
    }
    if (context->user != NULL && context->user->erased) {
        return REFUSED_user_erased;
    }
    if (context->is_member) {
        return REFUSED_member_exists;
    }
    if (member->status == MEMBER_INVITED && context->is_invited) {
        return REFUSED_invitation_exists;
    }
    return workspace_has_room(context, LIMIT_MEMBERS) ? ACCEPTED : REFUSED_plan_limit;
}

static enum refusal change(const struct member *member, const struct decide_context *context,
                           const struct command *command, struct event_list *ret_events)
{
    const struct change_member_command *wish = &command->change_member;
    if (member->status == MEMBER_REMOVED) {
        return REFUSED_not_found;
    }
    if (!authority_gives((enum role)command->role, (enum role)member->role)) {
        return REFUSED_role_above_own;
    }
    enum refusal refusal = check_grant(context, command, wish->role, wish->until_ms);
    refusal = refusal == ACCEPTED ? check_return(member, context, wish->until_ms) : refusal;
    if (refusal != ACCEPTED) {
        return refusal;
    }
    if (is_last_owner(member, context) && (wish->role != ROLE_OWNER || wish->until_ms != 0)) {
        return REFUSED_last_owner;
    }
    const uint8_t permissions = permission_bits(wish->permissions, wish->permissions_count);
    if (wish->role == member->role && permissions == member->permissions && wish->until_ms == member->until_ms) {
        return ACCEPTED;
    }
    struct member_changed_event *event = &event_append(ret_events, EVENT_member_changed)->member_changed;
    event->member_id = wish->member_id;
    event->role = wish->role;
    event->permissions = wish->permissions;
    event->permissions_count = wish->permissions_count;
    event->until_ms = wish->until_ms;
    return ACCEPTED;
}

static enum refusal end(const struct member *member, const struct decide_context *context, const struct id *member_id,
                        bool left, struct event_list *ret_events)
{
    if (is_last_owner(member, context)) {
        return REFUSED_last_owner;
    }
    if (member->status == MEMBER_ACTIVE) {
        struct event *event = event_append(ret_events, EVENT_member_removed);
        event->member_removed.member_id = *member_id;
        event->member_removed.left = left;
    } else if (member->status == MEMBER_INVITED) {
        event_append(ret_events, EVENT_invitation_withdrawn)->invitation_withdrawn.member_id = *member_id;
    }
    return ACCEPTED;
}

static void report(const struct report_member_refusals_command *report, struct event_list *ret_events)
{
    event_append(ret_events, EVENT_access_refused)->access_refused =
        (struct access_refused_event){.member_id = report->member_id,
                                      .code = report->code,
                                      .times = report->times,
                                      .since_ms = report->since_ms,
                                      .request = report->request,
                                      .subject = report->subject};
}

enum refusal member_decide(const struct member *member, const struct decide_context *context,
                           const struct command *command, struct event_list *ret_events)
{
    const bool may_end = authority_gives((enum role)command->role, (enum role)member->role);
    switch (command->code) {
    case COMMAND_add_member:
        return add(member, context, &command->add_member, ret_events);
    case COMMAND_invite_member:
        return invite(member, context, command, ret_events);
    case COMMAND_join_workspace:
        return join(member, context, &command->join_workspace, ret_events);
    case COMMAND_change_member:
        return change(member, context, command, ret_events);
    case COMMAND_withdraw_invitation:
        if (member->status == MEMBER_ACTIVE) {
            return REFUSED_invitation_spent;
        }
        return may_end ? end(member, context, &command->withdraw_invitation.member_id, false, ret_events)
                       : REFUSED_role_above_own;
    case COMMAND_remove_member:
        return may_end ? end(member, context, &command->remove_member.member_id, false, ret_events)
                       : REFUSED_role_above_own;
    case COMMAND_report_member_refusals:
        report(&command->report_member_refusals, ret_events);
        return ACCEPTED;
    default:
        ASSERT(command->code == COMMAND_leave_workspace);
        return id_equal(&command->actor_id, &command->leave_workspace.member_id)
                   ? end(member, context, &command->leave_workspace.member_id, true, ret_events)
                   : REFUSED_not_found;
    }
}

/* Nobody joins by the token any more. */
static void spend(struct member *member, enum member_status status)
{
    member->status = (uint8_t)status;
    member->vault_id = (struct id){0};
    member->fingerprint = (struct hash){{0}};
    member->expires_ms = 0;
}

void member_evolve(struct member *member, const struct event *event, int64_t time_ms)
{
    (void)time_ms;
    switch (event->code) {
    case EVENT_member_added:
        member->user_id = event->member_added.user_id;
        member->role = (uint8_t)event->member_added.role;
        member->until_ms = event->member_added.until_ms;
        member->status = MEMBER_ACTIVE;
        return;
    case EVENT_member_invited: {
        const struct member_invited_event *invited = &event->member_invited;
        member->role = (uint8_t)invited->role;
        member->permissions = permission_bits(invited->permissions, invited->permissions_count);
        member->vault_id = invited->vault_id;
        member->fingerprint = invited->fingerprint;
        member->expires_ms = invited->expires_ms;
        member->until_ms = invited->until_ms;
        member->status = MEMBER_INVITED;
        return;
    }
    case EVENT_member_joined:
        spend(member, MEMBER_ACTIVE);
        member->user_id = event->member_joined.user_id;
        return;
    case EVENT_member_changed: {
        const struct member_changed_event *changed = &event->member_changed;
        member->role = (uint8_t)changed->role;
        member->permissions = permission_bits(changed->permissions, changed->permissions_count);
        member->until_ms = changed->until_ms;
        return;
    }
    case EVENT_access_refused:
        return;
    default:
        ASSERT(event->code == EVENT_member_removed || event->code == EVENT_invitation_withdrawn);
        spend(member, MEMBER_REMOVED);
    }
}
