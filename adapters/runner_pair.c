/* runner_pair.c: the credentials of accounts: exchanged by one job of an account at a time, and a pair that an exchange
 * gave is used by none before the scheduler has acknowledged that it is stored. Called by runner.c alone. Must never
 * leave credentials in clear outside a job's own memory. */
#include "adapters/runner_state.h"
#include "core/base/assert.h"
#include "core/vault/box.h"

static struct span job_text(const struct id *id, char out[ID_TEXT_MAX])
{
    struct buf buf = buf_of(out, ID_TEXT_MAX);
    id_write(&buf, id);
    return buf_span(&buf);
}

/* Seals what an exchange or a connection gave into the outcome. */
enum err pair_seal(struct runner *runner, struct slot *slot)
{
    char text[ID_TEXT_MAX];
    uint8_t nonce[12];
    const size_t cap = slot->under_way.fresh.len + BOX_OVERHEAD;
    uint8_t *bytes = arena_alloc(&slot->arena, cap);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf box = buf_of(bytes, cap);
    runner->options.random(runner->options.random_context, nonce, sizeof nonce);
    TRY(box_seal(runner->options.key, nonce, job_text(&slot->outcome->job_id, text), slot->under_way.fresh, &box));
    slot->outcome->credentials = buf_span(&box);
    slot->outcome->token_expires_ms = slot->under_way.fresh_expires_ms;
    slot->outcome->session_expires_ms = slot->under_way.fresh_session_ms;
    return OK;
}

/* The job was given a pair and is not done: the pair is told of as the outcome of a refresh, under an id of its own,
 * and the job goes on when that is acknowledged. */
enum err pair_tell(struct runner *runner, struct slot *slot, int64_t now_ms)
{
    uint8_t randomness[10];
    runner->options.random(runner->options.random_context, randomness, sizeof randomness);
    platform_outcome(slot->job, OUTCOME_ACCEPTED, slot->outcome);
    slot->outcome->job_id = id_make(ID_REQUEST, now_ms, randomness);
    slot->outcome->kind = SPAN("refresh");
    TRY(pair_seal(runner, slot));
    runner_move(runner, slot, PHASE_FINISHED);
    runner->figures.kept++;
    runner->storing++;
    return OK;
}

static bool exchanges(const struct runner_line *list, const struct slot *slot)
{
    for (const struct slot *other = list->first; other != NULL; other = other->next) {
        if (other != slot && other->under_way.exchanging &&
            id_equal(&other->job->integration_id, &slot->job->integration_id)) {
            return true;
        }
    }
    return false;
}

static bool exchanged(const struct runner_line *list, const struct slot *slot)
{
    for (const struct slot *other = list->first; other != NULL; other = other->next) {
        if (other->exchanged && id_equal(&other->outcome->integration_id, &slot->job->integration_id)) {
            return true;
        }
    }
    return false;
}

void pair_ask(struct runner *runner, struct slot *slot)
{
    const bool taken =
        slot->under_way.exchanging && (exchanges(&runner->waiting, slot) || exchanges(&runner->asking, slot) ||
                                       exchanged(&runner->finished, slot) || exchanged(&runner->told, slot));
    runner_move(runner, slot, taken ? PHASE_PARKED : PHASE_WAITING);
}

/* An exchange gave nothing: the first job that waited for it asks for one itself, and the others wait on. */
void pair_ask_parked(struct runner *runner, const struct id *integration_id)
{
    struct slot *slot = runner->parked.first;
    while (slot != NULL && !id_equal(&slot->job->integration_id, integration_id)) {
        slot = slot->next;
    }
    if (slot != NULL) {
        pair_ask(runner, slot);
    }
}

/* A box's content in clear, in the slot's memory; ERR_AUTH when it is not one of ours for that job. */
enum err pair_open(struct runner *runner, struct slot *slot, const struct id *job_id, struct span box,
                   struct span *ret_plain)
{
    char text[ID_TEXT_MAX];
    uint8_t *bytes = arena_alloc(&slot->arena, box.len);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf plain = buf_of(bytes, box.len);
    TRY(box_open(runner->options.key, job_text(job_id, text), box, &plain));
    *ret_plain = buf_span(&plain);
    return OK;
}

/* The pair of a slot's outcome is stored: what stands in its account's line begins with it, and the jobs that waited
 * for it go on with it, its own too. What cannot open it exchanges once more. */
void pair_use(struct runner *runner, struct slot *slot, int64_t now_ms)
{
    const struct job_outcome *outcome = slot->outcome;
    const struct id *pair = &outcome->job_id;
    struct runner_account *account = runner_account_of(&runner->accounts, &outcome->integration_id, now_ms);
    for (struct slot *other = account->line.first; other != NULL; other = other->next) {
        if (pair_open(runner, other, pair, outcome->credentials, &other->fresh) == OK) {
            other->job->vault_id = (struct id){0};
        }
    }
    const struct slot *last = runner->parked.last; /* what parks again stands behind it */
    slot->exchanged = false;
    for (struct slot *other = runner->parked.first, *next = NULL; other != NULL; other = next) {
        next = other != last ? other->next : NULL;
        if (!id_equal(&other->job->integration_id, &outcome->integration_id)) {
            continue;
        }
        if (pair_open(runner, other, pair, outcome->credentials, &other->under_way.credentials) == OK) {
            other->job->vault_id = (struct id){0};
            runner_step(runner, other, now_ms, NULL);
        } else {
            pair_ask(runner, other);
        }
    }
    if (slot->job != NULL) {
        runner->storing--;
        slot->under_way.credentials = slot->under_way.fresh;
        slot->job->vault_id = (struct id){0}; /* under which the scheduler has sealed them it alone knows */
        slot->under_way.fresh = (struct span){0};
        runner_step(runner, slot, now_ms, NULL);
    }
}
