/* account.c: see account.h. Called by the handlers of one's own account; it must never wait, nor touch the membership
 * of anybody but the pass's person. */
#include "gateway/gate/account.h"

#include "core/base/assert.h"
#include "core/log/log.h"
#include "gateway/gate/gate_state.h"

#define MEMBERS_AT_A_TIME 100

enum err pass_change_user(struct pass *pass, const struct id *vault_id, uint64_t version, pass_answered *done,
                          void *context)
{
    const struct id user_id = pass_badge(pass)->user_id;
    struct command command = {.code = COMMAND_change_user, .expected_version = version};
    command.change_user.user_id = user_id;
    command.change_user.vault_id = *vault_id;
    return pass_send_own(pass, &command, &user_id, done, context);
}

enum err pass_erase_user(struct pass *pass, pass_answered *done, void *context)
{
    const struct id user_id = pass_badge(pass)->user_id;
    struct command command = {.code = COMMAND_erase_user};
    command.erase_user.user_id = user_id;
    return pass_send_own(pass, &command, &user_id, done, context);
}

enum err pass_memberships(struct pass *pass, struct member_row **ret_members, uint32_t *ret_count)
{
    return access_memberships(pass_reads(pass), &pass_badge(pass)->user_id, NULL, PLACES_MAX, pass_arena(pass),
                              ret_members, ret_count);
}

static bool is_owner_for_good(const struct member_row *member)
{
    return member->role == ROLE_OWNER && member->until_ms == 0;
}

enum err pass_is_last_owner(struct pass *pass, const struct member_row *member, bool *ret_last)
{
    ASSERT(id_equal(&member->user_id, &pass_badge(pass)->user_id));
    struct member_row *rows = NULL;
    struct id after = {0};
    uint32_t count = 0;
    bool last = is_owner_for_good(member);
    do {
        TRY(access_members(pass_reads(pass), &member->workspace_id, false, id_is_none(&after) ? NULL : &after,
                           MEMBERS_AT_A_TIME, pass_arena(pass), &rows, &count));
        for (uint32_t i = 0; i < count; i++) {
            last = last && (!is_owner_for_good(&rows[i]) || id_equal(&rows[i].member_id, &member->member_id));
            after = rows[i].member_id;
        }
    } while (last && count == MEMBERS_AT_A_TIME);
    *ret_last = last;
    return OK;
}

enum err pass_leave(struct pass *pass, const struct member_row *member, const struct id *command_id,
                    pass_answered *done, void *context)
{
    ASSERT(id_equal(&member->user_id, &pass_badge(pass)->user_id));
    struct command command = {.code = COMMAND_leave_workspace,
                              .command_id = *command_id,
                              .workspace_id = member->workspace_id,
                              .stream = member->member_id,
                              .actor = ACTOR_MEMBER,
                              .actor_id = member->member_id,
                              .role = member->role};
    command.leave_workspace.member_id = member->member_id;
    store_abort(pass_pause(pass));
    return client_command(pass_gate(pass)->options.ledger, &command, NULL, COMMAND_WITHIN_MS, done, context);
}
