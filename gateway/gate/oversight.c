/* oversight.c: see oversight.h. Called by host_handlers.c, exchange.c and answer.c. Must never read a row of a
 * workspace but its own, nor send what an operator may not. */
#include "gateway/gate/oversight.h"

#include "core/base/assert.h"
#include "core/calendar/month.h"
#include "core/decider/plan.h"
#include "core/log/log.h"
#include "gateway/gate/gate_state.h"

struct oversight {
    struct pass *pass;
    int64_t now_ms;
    struct store *past; /* one workspace as it was; NULL: all as they are */
    struct store_txn *past_txn;
};

static bool is_operator(const struct oversight *oversight)
{
    return pass_badge(oversight->pass)->is_operator;
}

enum err oversight_open(struct pass *pass, int64_t now_ms, struct oversight **ret_oversight)
{
    ASSERT(!id_is_none(&pass_badge(pass)->user_id));
    struct oversight *oversight = arena_alloc(pass_arena(pass), sizeof *oversight);
    if (oversight == NULL) {
        return ERR_NO_MEMORY;
    }
    *oversight = (struct oversight){.pass = pass, .now_ms = now_ms};
    *ret_oversight = oversight;
    return OK;
}

void oversight_close(struct oversight *oversight)
{
    if (oversight != NULL) {
        store_abort(oversight->past_txn);
        store_close(oversight->past);
        oversight->past_txn = NULL;
        oversight->past = NULL;
    }
}

/* --- what is seen --- */

enum err oversight_workspace(struct oversight *oversight, const struct id *workspace_id, struct workspace_row *ret_row)
{
    struct pass *pass = oversight->pass;
    struct store_txn *txn = oversight->past_txn != NULL ? oversight->past_txn : pass_reads(pass);
    struct member_row member;
    if (!is_operator(oversight)) {
        TRY(access_member_live(pass_reads(pass), &pass_badge(pass)->user_id, workspace_id, oversight->now_ms, &member));
    }
    return access_workspace(txn, workspace_id, pass_arena(pass), ret_row);
}

/* Those where the person is a member now. */
static enum err list_own(struct oversight *oversight, const struct id *after, uint32_t limit,
                         struct workspace_row **ret_rows, uint32_t *ret_count)
{
    struct pass *pass = oversight->pass;
    struct arena *arena = pass_arena(pass);
    struct id last = after != NULL ? *after : (struct id){0};
    uint32_t found = limit;
    uint32_t count = 0;
    struct workspace_row *rows = arena_alloc(arena, (limit + 1) * sizeof *rows);
    if (rows == NULL) {
        return ERR_NO_MEMORY;
    }
    while (count < limit && found == limit) {
        struct member_row *members = NULL;
        TRY(access_memberships(pass_reads(pass), &pass_badge(pass)->user_id, id_is_none(&last) ? NULL : &last, limit,
                               arena, &members, &found));
        for (uint32_t i = 0; i < found && count < limit; i++) {
            last = members[i].workspace_id;
            if (members[i].until_ms == 0 || oversight->now_ms < members[i].until_ms) {
                TRY(access_workspace(pass_reads(pass), &last, arena, &rows[count]));
                count++;
            }
        }
    }
    *ret_rows = rows;
    *ret_count = count;
    return OK;
}

enum err oversight_workspaces(struct oversight *oversight, const struct id *after, uint32_t limit,
                              struct workspace_row **ret_rows, uint32_t *ret_count)
{
    struct pass *pass = oversight->pass;
    return is_operator(oversight)
               ? access_workspaces(pass_reads(pass), after, limit, pass_arena(pass), ret_rows, ret_count)
               : list_own(oversight, after, limit, ret_rows, ret_count);
}

/* --- what is done --- */

enum err oversight_found(struct oversight *oversight, struct span plan, struct create_workspace_command *fields)
{
    struct pass *pass = oversight->pass;
    fields->founder_id = pass_badge(pass)->user_id;
    if (plan.data == NULL) {
        return OK;
    }
    const struct plan *found = plan_find(plan);
    struct plan_limit *limits = arena_alloc(pass_arena(pass), LIMIT_COUNT * sizeof *limits);
    TRY(found == NULL ? ERR_NOT_FOUND : limits == NULL ? ERR_NO_MEMORY : OK);
    fields->plan = span_text(found->name);
    fields->limits = limits;
    fields->limits_count = plan_limits(found, limits);
    return plan_is_billed(found) ? month_first(pass_gate(pass)->options.zones, fields->timezone, oversight->now_ms,
                                               &fields->period_start_ms, &fields->period_end_ms)
                                 : OK;
}

static enum err send(struct oversight *oversight, struct command *command, const struct idempotency *idempotency,
                     pass_answered *done, void *context)
{
    struct pass *pass = oversight->pass;
    if (!is_operator(oversight) || !access_operates(command->code)) {
        return ERR_ACCESS;
    }
    command->actor = ACTOR_OPERATOR;
    command->actor_id = pass_badge(pass)->user_id;
    struct store_txn *reading = pass_pause(pass); /* what the command borrows stays until it is encoded */
    const enum err err =
        client_command(pass_gate(pass)->options.ledger, command, idempotency, COMMAND_WITHIN_MS, done, context);
    store_abort(reading);
    return err;
}

enum err oversight_send(struct oversight *oversight, const struct order *order, const struct sending *sending,
                        pass_answered *done, void *context)
{
    struct command command = order->command;
    command.command_id = *pass_request_id(oversight->pass);
    command.command_id.kind = ID_COMMAND;
    command.workspace_id = command.stream; /* each is the workspace's own */
    command.expected_version = sending->expected_version;
    return send(oversight, &command, sending->idempotency, done, context);
}

enum err oversight_own(struct oversight *oversight, const struct id *workspace_id, const struct id *command_id,
                       pass_answered *done, void *context)
{
    struct command command = {
        .code = COMMAND_add_member, .command_id = *command_id, .workspace_id = *workspace_id, .stream = *workspace_id};
    command.stream.kind = ID_MEMBER; /* one membership of them all has the workspace's suffix: its founder's */
    command.add_member = (struct add_member_command){.member_id = command.stream,
                                                     .workspace_id = *workspace_id,
                                                     .user_id = pass_badge(oversight->pass)->user_id,
                                                     .role = ROLE_OWNER};
    return send(oversight, &command, NULL, done, context);
}

/* --- what was done before --- */

enum err oversight_ask(struct oversight *oversight, const struct log_question *question, gate_replied *done,
                       void *context)
{
    const struct log_reader whole = {.workspace_id = question->stream}; /* a workspace's own stream */
    TRY(is_operator(oversight) ? OK : ERR_ACCESS);
    store_abort(pass_pause(oversight->pass));
    return gate_ask(pass_gate(oversight->pass), &whole, question, done, context);
}

enum err oversight_as_of(struct oversight *oversight, const struct id *workspace_id, struct body_list events)
{
    ASSERT(oversight->past == NULL);
    return gate_fold_past(workspace_id, events, pass_arena(oversight->pass), &oversight->past, &oversight->past_txn);
}
