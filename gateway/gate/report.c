/* report.c: what the ledger is to know of the gateway's: what was refused for reasons of security, and read models that
 * are damaged. Noted where it is met, told once a second, so that the way of a request waits for nobody. Called by the
 * gate, by exchange.c and main.c. Must never keep anything that a stranger sent. */
#include "core/base/clock.h"
#include "gateway/gate/gate_state.h"

void pass_refused(struct pass *pass, enum refusal refusal, const char *request, enum id_kind subject, int64_t now_ms)
{
    const struct badge *badge = pass_badge(pass);
    const struct refused refused = {.workspace_id = badge->workspace_id,
                                    .key_id = badge->key_id,
                                    .is_good = true,
                                    .refusal = refusal,
                                    .request = request,
                                    .subject = subject};
    refusals_note(&pass_gate(pass)->refusals, &refused, clock_boot_ms(), now_ms);
}

/* Whose the key is that is no longer good; ERR_NOT_FOUND: nobody's. */
static enum err find_refused(struct gate *gate, const uint8_t fingerprint[32], struct principal *ret_principal)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    TRY(store_begin(gate->options.views, false, &txn));
    return access_find_refused(txn, fingerprint, ret_principal);
}

void gate_stranger(struct gate *gate, const uint8_t fingerprint[32], int64_t now_ms)
{
    struct principal principal;
    struct refused refused = {.refusal = REFUSED_unauthenticated};
    if (find_refused(gate, fingerprint, &principal) == OK) {
        refused.workspace_id = principal.workspace_id;
        refused.key_id = principal.key_id;
    }
    refusals_note(&gate->refusals, &refused, clock_boot_ms(), now_ms);
}

/* A report that does not arrive is lost: nobody waits for it. */
static void reported(void *context, enum err err, const struct answer *answer)
{
    (void)context;
    (void)err;
    (void)answer;
}

void gate_report(struct gate *gate)
{
    struct command command;
    while (refusals_take(&gate->refusals, clock_boot_ms(), &command)) {
        uint8_t randomness[10];
        random_fill(randomness, sizeof randomness);
        command.command_id = id_make(ID_COMMAND, clock_wall_ms(), randomness);
        command.stream = id_is_none(&command.stream) ? gate->options.installation_id : command.stream;
        if (client_command(gate->options.ledger, &command, NULL, COMMAND_WITHIN_MS, reported, NULL) != OK) {
            return;
        }
    }
}

void gate_damaged(struct gate *gate)
{
    atomic_store(&gate->damaged_ms, clock_boot_ms());
}

bool gate_is_damaged(struct gate *gate)
{
    return atomic_load(&gate->damaged_ms) != 0;
}

/* The ledger's answer, from before or after it made them again; met once more meanwhile, they are told of once more. */
static void doubted(void *context, enum err err, struct span body)
{
    struct gate *gate = context;
    uint64_t damaged = 1;
    int_fast64_t told_ms = gate->told_ms;
    if (err == OK && figure_of(body, "damaged", &damaged) && damaged == 0) {
        (void)atomic_compare_exchange_strong(&gate->damaged_ms, &told_ms, 0);
    }
    atomic_store(&gate->telling, false);
}

bool gate_tell_damage(struct gate *gate)
{
    uint8_t bytes[64];
    struct buf body = buf_of(bytes, sizeof bytes);
    const int64_t seen_ms = atomic_load(&gate->damaged_ms);
    if (seen_ms == 0 || atomic_exchange(&gate->telling, true)) {
        return seen_ms != 0;
    }
    gate->told_ms = seen_ms;
    body_figures_begin(&body, 1);
    body_figure_put(&body, "seen_ms", (uint64_t)seen_ms);
    if (client_ask(gate->options.ledger, FRAME_DOUBT, buf_span(&body), COMMAND_WITHIN_MS, doubted, gate) != OK) {
        atomic_store(&gate->telling, false);
    }
    return true;
}
