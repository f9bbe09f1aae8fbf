/* desk_actor.c: what the key, member or operator in whose name a command comes may do, by the states of the writer's
 * transaction: who asked was let in upon read models, which may be older than what was decided since, and by a process
 * that could say anything. Called by service_write.c before a command is decided. Decides nothing itself. */
#include "core/base/assert.h"
#include "core/ledger/ledger_state.h"

static bool is_over(int64_t end_ms, int64_t now_ms)
{
    return end_ms != 0 && now_ms >= end_ms;
}

/* What the key was given; its accounts borrow from *key. */
static enum err of_key(struct desk *desk, struct command *command, int64_t now_ms, struct key *key,
                       struct grant *ret_grant)
{
    TRY(desk_load_of(desk, &command->workspace_id, &command->actor_id, key));
    if (key->head.version == 0 || !id_equal(&key->head.workspace_id, &command->workspace_id) || key->revoked ||
        is_over(key->expires_ms, now_ms)) {
        return ERR_AUTH;
    }
    *ret_grant = (struct grant){.role = key->role,
                                .scopes = key->scopes,
                                .restricted = key->restricted,
                                .accounts = key->accounts,
                                .account_count = key->account_count,
                                .ends_ms = key->expires_ms};
    desk_name_key(&command->actor_id, key, &command->principal_id, &command->origin_id);
    return OK;
}

/* Whose time is over may still leave, and nothing else. */
static enum err of_member(struct desk *desk, struct command *command, int64_t now_ms, struct grant *ret_grant)
{
    struct member member;
    TRY(desk_load_of(desk, &command->workspace_id, &command->actor_id, &member));
    const bool over = is_over(member.until_ms, now_ms) && command->code != COMMAND_leave_workspace;
    if (member.status != MEMBER_ACTIVE || !id_equal(&member.head.workspace_id, &command->workspace_id) || over) {
        return ERR_AUTH;
    }
    *ret_grant = (struct grant){.role = member.role, .permissions = member.permissions, .ends_ms = member.until_ms};
    command->principal_id = member.user_id;
    return OK;
}

/* ERR_AUTH: nothing, or nothing any more. */
static enum err grant_of(struct ledger *ledger, struct command *command, struct key *key, struct grant *ret_grant)
{
    if (command->actor == ACTOR_KEY && command->actor_id.kind == ID_KEY) {
        return of_key(&ledger->desk, command, ledger->now_ms, key, ret_grant);
    }
    if (command->actor == ACTOR_MEMBER && command->actor_id.kind == ID_MEMBER) {
        return of_member(&ledger->desk, command, ledger->now_ms, ret_grant);
    }
    return ERR_AUTH;
}

/* Whether a post that there is goes to no account but the grant's. */
static enum err sees_post(struct ledger *ledger, const struct grant *grant, const struct id *post_id, bool *ret_sees)
{
    bool sees = true;
    TRY(desk_load(&ledger->desk, post_id, &ledger->state));
    const struct post *post = &ledger->state.post;
    for (uint32_t i = 0; i < post->target_count; i++) {
        sees = sees && access_sees(grant, &post->targets[i].integration_id);
    }
    *ret_sees = sees;
    return OK;
}

/* A series is there for who sees every account that its posts go to, as each of them is. */
static enum err sees_series(struct ledger *ledger, const struct grant *grant, const struct id *series_id,
                            bool *ret_sees)
{
    struct series series;
    bool sees = true;
    TRY(desk_load(&ledger->desk, series_id, &series));
    for (uint32_t i = 0; i < series.integration_count; i++) {
        sees = sees && access_sees(grant, &series.integrations[i]);
    }
    *ret_sees = sees;
    return OK;
}

/* Likewise a template. */
static enum err sees_template(struct ledger *ledger, const struct grant *grant, const struct id *template_id,
                              bool *ret_sees)
{
    bool sees = true;
    TRY(desk_load(&ledger->desk, template_id, &ledger->state));
    const struct template *template = &ledger->state.template;
    for (uint32_t i = 0; i < template->target_count; i++) {
        sees = sees && access_sees(grant, &template->integrations[i]);
    }
    *ret_sees = sees;
    return OK;
}

/* Whether what the command is about is there for a restricted grant. */
static enum err check_stream(struct ledger *ledger, const struct grant *grant, const struct command *command,
                             enum refusal *ret_refusal)
{
    const struct id stream = command_stream(command);
    bool sees = true;
    if (stream.kind == ID_POST) {
        TRY(sees_post(ledger, grant, &stream, &sees));
    } else if (stream.kind == ID_SERIES) {
        TRY(sees_series(ledger, grant, &stream, &sees));
    } else if (stream.kind == ID_INTEGRATION) {
        sees = access_sees(grant, &stream);
    } else if (stream.kind == ID_QUEUE) {
        sees = access_sees(grant, &command->pause_queue.integration_id); /* every command of a queue names it */
    } else if (stream.kind == ID_TEMPLATE) {
        TRY(sees_template(ledger, grant, &stream, &sees));
    }
    *ret_refusal = sees                                           ? ACCEPTED
                   : command->code == COMMAND_connect_integration ? REFUSED_scope_insufficient /* it may be a new one */
                   : command_makes(command->code)                 ? REFUSED_exists
                                                                  : REFUSED_not_found;
    return OK;
}

/* Whether what else a post names is. */
static enum err check_references(struct ledger *ledger, const struct grant *grant, const struct command *command,
                                 enum refusal *ret_refusal)
{
    const struct create_post_command *create = &command->create_post;
    uint32_t count = 0;
    const struct target_spec *targets = command_targets(command, &count);
    bool sees = access_sees_all(grant, targets, count);
    if (sees && command->code == COMMAND_create_post && create->duplicate_of.kind == ID_POST) {
        TRY(sees_post(ledger, grant, &create->duplicate_of, &sees));
    } else if (sees && command->code == COMMAND_create_post && create->template_id.kind == ID_TEMPLATE) {
        TRY(sees_template(ledger, grant, &create->template_id, &sees));
    } else if (command->code == COMMAND_swap_targets) {
        TRY(sees_post(ledger, grant, &command->swap_targets.other_post_id, &sees));
    }
    *ret_refusal = sees ? ACCEPTED : REFUSED_reference_not_found;
    return OK;
}

/* Whether a change leaves somebody a member for no longer than they are, with the role that they have and no permission
 * that they have not. */
static enum err takes_only(struct ledger *ledger, const struct change_member_command *change, bool *ret_takes_only)
{
    struct member member;
    TRY(desk_load(&ledger->desk, &change->member_id, &member));
    const bool is_longer = member.until_ms != 0 && (change->until_ms == 0 || change->until_ms > member.until_ms);
    bool is_more = change->role != member.role;
    for (uint32_t i = 0; i < change->permissions_count; i++) {
        is_more = is_more || (member.permissions & 1U << change->permissions[i].permission) == 0;
    }
    *ret_takes_only = !is_more && !is_longer;
    return OK;
}

/* Whether nobody is given more than the grant: a member keeps all of a role, so who keeps parts of one makes nobody a
 * member or another one. */
static enum err check_gift(struct ledger *ledger, const struct grant *grant, const struct command *command,
                           enum refusal *ret_refusal)
{
    const struct create_key_command *create = &command->create_key;
    bool gives = true;
    if (command->code == COMMAND_create_key) {
        gives = access_gives(grant, access_scopes(create->scopes, create->scopes_count), create->expires_ms);
    } else if (command->code == COMMAND_invite_member) {
        gives = access_gives(grant, 0, command->invite_member.until_ms);
    } else if (command->code == COMMAND_change_member) {
        gives = access_gives(grant, 0, command->change_member.until_ms);
        if (!gives) {
            TRY(takes_only(ledger, &command->change_member, &gives));
        }
    }
    *ret_refusal = gives ? ACCEPTED : REFUSED_role_above_own;
    return OK;
}

/* What an operator does to a workspace from outside it. They enter the one that they made as its first owner, and no
 * other; having left it they do not come back so, for that membership has begun. */
static bool is_from_outside(const struct workspace *workspace, const struct command *command)
{
    const struct add_member_command *add = &command->add_member;
    switch (command->code) {
    case COMMAND_create_workspace:
        return id_equal(&command->create_workspace.founder_id, &command->actor_id);
    case COMMAND_add_member:
        return id_equal(&workspace->founder_id, &command->actor_id) && id_equal(&add->user_id, &command->actor_id) &&
               add->role == ROLE_OWNER &&
               memcmp(add->member_id.uuid, add->workspace_id.uuid, sizeof add->member_id.uuid) == 0;
    default:
        return access_operates(command->code);
    }
}

static enum err check_operator(struct ledger *ledger, const struct command *command, enum refusal *ret_refusal)
{
    const struct id workspace_id = command_workspace(command);
    struct user user;
    struct workspace workspace;
    TRY(desk_load(&ledger->desk, &command->actor_id, &user));
    bool allows = user.is_operator && workspace_id.kind == ID_WORKSPACE;
    if (allows) {
        TRY(desk_load(&ledger->desk, &workspace_id, &workspace));
        allows = is_from_outside(&workspace, command);
    }
    *ret_refusal = allows ? ACCEPTED : REFUSED_role_insufficient;
    return OK;
}

enum err ledger_check_actor(struct ledger *ledger, struct command *command, enum refusal *ret_refusal)
{
    ASSERT(ledger->in_group);
    struct key key;
    struct grant grant;
    command->principal_id = (struct id){0}; /* whatever was sent */
    command->origin_id = (struct id){0};
    if (command->actor == ACTOR_OPERATOR && command->actor_id.kind == ID_USER) {
        return check_operator(ledger, command, ret_refusal);
    }
    if (command->actor != ACTOR_KEY && command->actor != ACTOR_MEMBER) {
        *ret_refusal = ACCEPTED;
        return OK;
    }
    const enum err err = grant_of(ledger, command, &key, &grant);
    if (err == ERR_AUTH) {
        *ret_refusal = REFUSED_unauthenticated;
        return OK;
    }
    TRY(err);
    command->role = grant.role;
    enum refusal refusal = access_command(&grant, command->code);
    if (refusal == ACCEPTED) {
        TRY(check_gift(ledger, &grant, command, &refusal));
    }
    if (refusal == ACCEPTED && grant.restricted) {
        TRY(check_stream(ledger, &grant, command, &refusal));
    }
    if (refusal == ACCEPTED && grant.restricted) {
        TRY(check_references(ledger, &grant, command, &refusal));
    }
    *ret_refusal = refusal;
    return OK;
}

enum err ledger_conceal(struct ledger *ledger, struct command *command, struct answer *answer)
{
    ASSERT(ledger->in_group);
    struct key key;
    struct grant grant;
    if (answer->refusal != REFUSED_integration_in_use || command->actor != ACTOR_KEY) {
        return OK;
    }
    TRY(grant_of(ledger, command, &key, &grant));
    for (uint32_t i = 0, kept = 0; i < ANSWER_DETAIL_MAX && grant.restricted; i++) {
        const struct id post_id = answer->detail[i];
        bool sees = false;
        if (!id_is_none(&post_id)) {
            TRY(sees_post(ledger, &grant, &post_id, &sees));
        }
        answer->detail[i] = (struct id){0};
        if (sees) {
            answer->detail[kept] = post_id;
            kept++;
        }
    }
    return OK;
}
