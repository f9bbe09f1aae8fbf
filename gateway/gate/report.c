/* report.c: what the ledger is to know of the gateway's: what was refused for reasons of security, which keys were
 * used, and read models that are damaged. Noted where it is met, told later, so that the way of a request waits for
 * nobody. Called by the gate, by exchange.c and main.c. Must never keep anything that a stranger sent. */
#include <sys/eventfd.h>

#include "core/base/clock.h"
#include "core/base/lock.h"
#include "gateway/gate/gate_state.h"

static void note(struct refusals *refusals, const struct badge *badge, enum refusal refusal, const char *request,
                 enum id_kind subject, int64_t at_ms)
{
    const bool person = !id_is_none(&badge->user_id);
    if (person && id_is_none(&badge->member_id)) {
        return; /* nobody's log would have it */
    }
    const struct refused refused = {.workspace_id = badge->workspace_id,
                                    .key_id = person ? badge->member_id : badge->key_id,
                                    .is_good = true,
                                    .refusal = refusal,
                                    .request = request,
                                    .subject = subject};
    refusals_note(refusals, &refused, clock_boot_ms(), at_ms);
}

void pass_refused(struct pass *pass, enum refusal refusal, const char *request, int64_t now_ms)
{
    note(&pass_gate(pass)->refusals, pass_badge(pass), refusal, request, ID_NONE, now_ms);
}

/* Read models that cannot be read tell nothing of it: whoever asks them next meets that, too. What was nowhere is noted
 * like what was another's, where nobody is told of it: there may be a request behind it that waits. */
static void look_up(struct gate *gate, const struct miss *misses, uint32_t count)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    if (count == 0 || store_begin(gate->options.views, false, &txn) != OK) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct miss *miss = &misses[i];
        bool foreign = false;
        if (access_is_foreign(txn, &miss->badge.workspace_id, &miss->named, &foreign) == OK) {
            note(foreign ? &gate->refusals : &gate->untold, &miss->badge, REFUSED_not_found, miss->request,
                 (enum id_kind)miss->named.kind, miss->at_ms);
        }
    }
}

void pass_missed(struct pass *pass, const struct id *named, const char *request, int64_t now_ms)
{
    struct gate *gate = pass_gate(pass);
    struct miss miss = {.badge = *pass_badge(pass), .named = *named, .request = request, .at_ms = now_ms};
    miss.badge.grant = (struct grant){0}; /* its accounts are the request's */
    if (named->kind != ID_POST && named->kind != ID_INTEGRATION && named->kind != ID_KEY && named->kind != ID_MEMBER) {
        return;
    }
    lock_take(&gate->misses_mutex);
    const bool room = gate->miss_count < MISSES_MAX;
    if (room) {
        gate->misses[gate->miss_count] = miss;
        gate->miss_count++;
    }
    const bool many = room && gate->miss_count == MISSES_MANY;
    lock_give(&gate->misses_mutex);
    if (many) {
        (void)eventfd_write(gate->misses_fd, 1);
    }
    look_up(gate, &miss, room ? 0 : 1);
}

int gate_report_fd(const struct gate *gate)
{
    return gate->misses_fd;
}

void gate_look_up(struct gate *gate)
{
    struct miss misses[64]; /* a piece at a time, so that nobody waits for the look-ups */
    uint32_t count = 0;
    eventfd_t times = 0;
    (void)eventfd_read(gate->misses_fd, &times); /* none: the second is over */
    do {
        lock_take(&gate->misses_mutex);
        count = gate->miss_count < 64 ? gate->miss_count : 64;
        gate->miss_count -= count;
        memcpy(misses, &gate->misses[gate->miss_count], sizeof *misses * count);
        lock_give(&gate->misses_mutex);
        look_up(gate, misses, count);
    } while (count > 0);
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

static void used(void *context, enum err err, const struct answer *answer)
{
    struct gate *gate = context;
    (void)answer; /* refused it would be the next time, too */
    uses_told(&gate->uses, err == OK);
}

static enum err tell(struct gate *gate, struct command *command, client_answered *done, void *context)
{
    uint8_t randomness[10];
    random_fill(randomness, sizeof randomness);
    command->command_id = id_make(ID_COMMAND, clock_wall_ms(), randomness);
    command->stream = id_is_none(&command->stream) ? gate->options.installation_id : command->stream;
    return client_command(gate->options.ledger, command, NULL, COMMAND_WITHIN_MS, done, context);
}

void gate_report(struct gate *gate)
{
    struct command command;
    enum err err = OK;
    gate_look_up(gate);
    gate_greet(gate, clock_boot_ms());
    while (err == OK && refusals_take(&gate->refusals, clock_boot_ms(), &command)) {
        err = tell(gate, &command, reported, NULL);
    }
    while (refusals_take(&gate->untold, clock_boot_ms(), &command)) {
        /* forgotten as the others are told */
    }
    if (uses_take(&gate->uses, clock_boot_ms(), &command) && tell(gate, &command, used, gate) != OK) {
        uses_told(&gate->uses, false);
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
