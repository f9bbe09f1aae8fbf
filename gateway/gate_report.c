/* gate_report.c: what the ledger is to know of the gateway's: what was refused for reasons of security, and read models
 * that are damaged. Noted where it is met, told once a second, so that the way of a request waits for nobody. Called by
 * exchange.c and main.c. Must never keep anything that a stranger sent. */
#include "core/base/clock.h"
#include "core/wire/body.h"
#include "gateway/gateway.h"

void gate_refused(struct exchange *x, enum refusal refusal, enum id_kind subject)
{
    const struct principal *principal = pass_principal(x->pass);
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
    if (pass_find_refused(x->gateway->views, key, &principal) == OK) {
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

void gate_damaged(struct gateway *gateway)
{
    atomic_store(&gateway->damaged_ms, clock_boot_ms());
}

/* The ledger's answer, from before or after it made them again; met once more meanwhile, they are told of once more. */
static void doubted(void *context, enum err err, struct span body)
{
    struct gateway *gateway = context;
    uint64_t damaged = 1;
    int_fast64_t told_ms = gateway->told_ms;
    if (err == OK && figure_of(body, "damaged", &damaged) && damaged == 0) {
        (void)atomic_compare_exchange_strong(&gateway->damaged_ms, &told_ms, 0);
    }
    atomic_store(&gateway->telling, false);
}

bool gate_tell_damage(struct gateway *gateway)
{
    uint8_t bytes[64];
    struct buf body = buf_of(bytes, sizeof bytes);
    const int64_t seen_ms = atomic_load(&gateway->damaged_ms);
    if (seen_ms == 0 || atomic_exchange(&gateway->telling, true)) {
        return seen_ms != 0;
    }
    gateway->told_ms = seen_ms;
    body_figures_begin(&body, 1);
    body_figure_put(&body, "seen_ms", (uint64_t)seen_ms);
    if (client_ask(gateway->ledger, FRAME_DOUBT, buf_span(&body), COMMAND_WITHIN_MS, doubted, gateway) != OK) {
        atomic_store(&gateway->telling, false);
    }
    return true;
}
