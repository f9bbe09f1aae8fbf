/* gate_report.c: what the gate refuses for reasons of security: noted where it is refused, told to the ledger once a
 * second, so that the way of a request waits for nobody. Called by exchange.c and main.c. Must never keep anything that
 * a stranger sent. */
#include "core/base/clock.h"
#include "gateway/gateway.h"

void gate_refused(struct exchange *x, enum refusal refusal, enum id_kind subject)
{
    const struct principal *principal = scope_principal(x->scope);
    const struct refused refused = {.workspace_id = principal->workspace_id,
                                    .key_id = principal->key_id,
                                    .is_good = true,
                                    .refusal = refusal,
                                    .request = x->route->id,
                                    .subject = subject};
    refusals_note(&x->gateway->refusals, &refused, clock_boot_ms(), x->now_ms);
}

void gate_stranger(struct exchange *x, struct span key)
{
    struct principal principal;
    struct refused refused = {.refusal = REFUSED_unauthenticated};
    if (key.data == NULL) {
        return;
    }
    if (scope_find_refused(x->gateway->views, key, &principal) == OK) {
        refused.workspace_id = principal.workspace_id;
        refused.key_id = principal.key_id;
    }
    refusals_note(&x->gateway->refusals, &refused, clock_boot_ms(), x->now_ms);
}

/* A report that does not arrive is lost: nobody waits for it. */
static void reported(void *context, enum err err, const struct answer *answer)
{
    (void)context;
    (void)err;
    (void)answer;
}

void gate_report(struct gateway *gateway)
{
    struct command command;
    while (refusals_take(&gateway->refusals, clock_boot_ms(), &command)) {
        uint8_t randomness[10];
        random_fill(randomness, sizeof randomness);
        command.command_id = id_make(ID_COMMAND, clock_wall_ms(), randomness);
        command.stream = id_is_none(&command.stream) ? gateway->installation_id : command.stream;
        if (client_command(gateway->ledger, &command, NULL, COMMAND_WITHIN_MS, reported, NULL) != OK) {
            return;
        }
    }
}
