/* proofs.c: see proofs.h. Called by log_handlers.c, and by the wire's threads with the ledger's answers. Nothing here
 * outlives the client of the ledger: when it is closed, the question ends, and with it every exchange that waits. */
#include "gateway/proofs.h"

#include "core/base/limits.h"
#include "gateway/gate/ask.h"
#include "gateway/gateway.h"

static void say_unavailable(struct exchange *x)
{
    exchange_problem(x, REFUSED_unavailable, NULL, NULL, NULL);
}

static enum err ask(struct exchange *x, const char *name, uint64_t number, gate_replied *done, void *context)
{
    const struct log_question question = {.name = name, .first = number};
    return pass_ask(x->pass, &question, done, context);
}

static void answered(void *context, enum err err, struct span body);

static void ask_wish(struct exchange *x)
{
    if (ask(x, x->proof.name, x->proof.workspace_seq, answered, x) != OK) {
        say_unavailable(x);
    }
}

/* --- who waits --- */

static void signed_since(void *context, enum err err, struct span body);

/* The one question, for the last position that anybody waits for. Under the mutex; an error is for the caller to tell
 * those who wait. */
static enum err ask_whether_signed(struct proofs *proofs)
{
    uint64_t needed = 0;
    for (const struct exchange *x = proofs->first; x != NULL; x = x->proof.next) {
        needed = x->proof.needed > needed ? x->proof.needed : needed;
    }
    struct exchange *first = proofs->first;
    const enum err err = ask(first, "covered", needed, signed_since, first->gateway);
    proofs->asking = err == OK;
    return err;
}

static uint32_t waiting_of(const struct proofs *proofs, const struct id *key_id)
{
    uint32_t count = 0;
    for (const struct exchange *x = proofs->first; x != NULL; x = x->proof.next) {
        count += id_equal(&pass_badge(x->pass)->key_id, key_id) ? 1 : 0;
    }
    return count;
}

static void put(struct proofs *proofs, struct exchange *x)
{
    x->proof.next = proofs->first;
    proofs->first = x;
    proofs->count++;
}

static struct exchange *take_all(struct proofs *proofs)
{
    struct exchange *first = proofs->first;
    proofs->first = NULL;
    proofs->count = 0;
    return first;
}

static void answer_all(struct exchange *first, void (*answer)(struct exchange *x))
{
    while (first != NULL) {
        struct exchange *next = first->proof.next; /* x is gone once it is answered */
        answer(first);
        first = next;
    }
}

static void wait_for(struct exchange *x, uint64_t needed)
{
    struct proofs *proofs = &x->gateway->proofs;
    struct exchange *failed = NULL;
    lock_take(&proofs->mutex);
    const bool many = proofs->count >= PROOFS_WAITING_MAX ||
                      waiting_of(proofs, &pass_badge(x->pass)->key_id) >= PROOFS_WAITING_PER_KEY;
    if (!many) {
        x->proof.needed = needed;
        put(proofs, x);
        if (!proofs->asking && ask_whether_signed(proofs) != OK) {
            failed = take_all(proofs);
        }
    }
    lock_give(&proofs->mutex);
    if (many) {
        /* NOLINTNEXTLINE(misc-redundant-expression): it is a second today */
        x->rate.retry_s = CHECKPOINT_ASKED_MS / SECOND_MS;
        exchange_problem(x, REFUSED_rate_limited,
                         "Too many requests wait for the log to be signed; it is, within a second.", NULL, NULL);
    }
    answer_all(failed, say_unavailable);
}

/* --- the ledger's answers --- */

/* How far the log is signed now. Who came while the question was on its way may need a later one. */
static void signed_since(void *context, enum err err, struct span body)
{
    struct gateway *gateway = context;
    struct proofs *proofs = &gateway->proofs;
    enum refusal refusal = ACCEPTED;
    struct span result = {0};
    uint64_t size = 0;
    err = err == OK ? body_result_read(body, &refusal, &result) : err;
    err = err == OK && refusal == ACCEPTED ? span_to_u64(result, &size) : ERR_CLOSED;
    struct exchange *ready = NULL;
    struct exchange *failed = NULL;
    lock_take(&proofs->mutex);
    struct exchange *x = take_all(proofs);
    while (x != NULL) {
        struct exchange *next = x->proof.next;
        if (err == OK && x->proof.needed > size) {
            put(proofs, x);
        } else {
            x->proof.next = ready;
            ready = x;
        }
        x = next;
    }
    proofs->asking = false;
    if (proofs->first != NULL && ask_whether_signed(proofs) != OK) {
        failed = take_all(proofs);
    }
    lock_give(&proofs->mutex);
    answer_all(ready, err == OK ? ask_wish : say_unavailable);
    answer_all(failed, say_unavailable);
}

/* A line with the position that must be covered first, 0: none; then what was asked for. */
static void answered(void *context, enum err err, struct span body)
{
    struct exchange *x = context;
    enum refusal refusal = ACCEPTED;
    struct span result = {0};
    struct span text = {0};
    uint64_t needed = 0;
    err = err == OK ? body_result_read(body, &refusal, &result) : err;
    err = err == OK && refusal == ACCEPTED ? log_question_split(result, &needed, &text) : err;
    if (err != OK) {
        say_unavailable(x);
    } else if (refusal != ACCEPTED) {
        exchange_problem(x, refusal, NULL, NULL, NULL);
    } else if (needed != 0) {
        wait_for(x, needed);
    } else {
        exchange_typed(x, "text/plain; charset=utf-8", text);
    }
}

/* --- the beginning --- */

void proofs_init(struct proofs *proofs)
{
    *proofs = (struct proofs){.first = NULL};
    lock_init(&proofs->mutex);
}

void proofs_ask(struct exchange *x, const char *name, uint64_t workspace_seq)
{
    x->proof = (struct proof_wish){.name = name, .workspace_seq = workspace_seq};
    ask_wish(x);
}
