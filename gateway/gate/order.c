/* order.c: see order.h. Called by exchange.c, and by the gate's own files about people. Must never send in another's
 * name than the pass's. */
#include "gateway/gate/order.h"

#include "core/log/log.h"
#include "gateway/gate/gate_state.h"

struct order *pass_order(struct pass *pass, enum command_code code, const struct id *stream)
{
    struct order *order = pass_order_room(pass);
    memset(order, 0, sizeof *order);
    order->command.code = code;
    order->command.stream = *stream;
    return order;
}

void *order_fields(struct order *order)
{
    return &order->command.create_post; /* a union's members begin at one place */
}

const struct command *order_command(const struct order *order)
{
    return &order->command;
}

enum refusal pass_judge(const struct pass *pass, const struct order *order)
{
    const struct grant *grant = &pass_badge(pass)->grant;
    const struct command *command = &order->command;
    if (command->stream.kind == ID_INTEGRATION && !access_sees(grant, &command->stream)) {
        return REFUSED_scope_insufficient;
    }
    if (command->stream.kind == ID_QUEUE && !access_sees(grant, &command->pause_queue.integration_id)) {
        return REFUSED_scope_insufficient; /* every command of a queue names its account */
    }
    uint32_t count = 0;
    const struct target_spec *targets = command_targets(command, &count);
    return access_sees_all(grant, targets, count) ? ACCEPTED : REFUSED_reference_not_found;
}

enum err gate_send_own(struct gate *gate, struct command *command, const struct id *stream, const struct id *command_id,
                       pass_answered *done, void *context)
{
    command->stream = *stream;
    command->command_id = *command_id;
    command->command_id.kind = ID_COMMAND;
    command->actor = ACTOR_SYSTEM;
    return client_command(gate->options.ledger, command, NULL, COMMAND_WITHIN_MS, done, context);
}

enum err pass_send(struct pass *pass, const struct order *order, const struct sending *sending, pass_answered *done,
                   void *context)
{
    const struct badge *badge = pass_badge(pass);
    struct command command = order->command;
    if (access_command(&badge->grant, command.code) != ACCEPTED || pass_judge(pass, order) != ACCEPTED) {
        return ERR_ACCESS;
    }
    command.command_id = *pass_request_id(pass); /* so that the log tells the request, too */
    command.command_id.kind = ID_COMMAND;
    command.workspace_id = badge->workspace_id;
    const bool member = !id_is_none(&badge->member_id);
    command.actor = member ? ACTOR_MEMBER : ACTOR_KEY;
    command.actor_id = member ? badge->member_id : badge->key_id;
    command.role = badge->grant.role;
    command.expected_version = sending->expected_version;
    command.causation = sending->causation;
    struct client *ledger = pass_gate(pass)->options.ledger;
    struct store_txn *reading = pass_pause(pass);
    const enum err err = client_command(ledger, &command, sending->idempotency, COMMAND_WITHIN_MS, done, context);
    store_abort(reading);
    return err;
}
