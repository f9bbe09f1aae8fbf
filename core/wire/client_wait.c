/* client_wait.c: the functions of client.h that block, for scripts, tests and start-up: each waits for its callback.
 * Must never be called from one. */
#include <stdlib.h>

#include "core/base/lock.h"
#include "core/vault/box.h"
#include "core/wire/client.h"

struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t ready;
    bool done;
    enum err err;
    struct answer answer;
    struct buf *out;
};

static void waiter_init(struct waiter *waiter)
{
    *waiter = (struct waiter){0};
    lock_init(&waiter->lock);
    ASSERT(pthread_cond_init(&waiter->ready, NULL) == 0);
}

static void waiter_done(struct waiter *waiter)
{
    ASSERT(pthread_cond_destroy(&waiter->ready) == 0);
    lock_done(&waiter->lock);
}

/* The mutex is given after the signal: the waiter's memory is the waiting function's, which may return at once. */
static void waiter_wake(struct waiter *waiter, enum err err)
{
    waiter->err = err;
    waiter->done = true;
    ASSERT(pthread_cond_signal(&waiter->ready) == 0);
}

static enum err waiter_wait(struct waiter *waiter)
{
    lock_take(&waiter->lock);
    while (!waiter->done) {
        ASSERT(pthread_cond_wait(&waiter->ready, &waiter->lock) == 0);
    }
    lock_give(&waiter->lock);
    return waiter->err;
}

static void on_answer(void *context, enum err err, const struct answer *answer)
{
    struct waiter *waiter = context;
    lock_take(&waiter->lock);
    if (err == OK) {
        waiter->answer = *answer;
    }
    waiter_wake(waiter, err);
    lock_give(&waiter->lock);
}

enum err client_command_wait(struct client *client, const struct command *command,
                             const struct idempotency *idempotency, int64_t timeout_ms, struct answer *ret_answer)
{
    struct waiter waiter;
    waiter_init(&waiter);
    enum err err = client_command(client, command, idempotency, timeout_ms, on_answer, &waiter);
    if (err == OK) {
        err = waiter_wait(&waiter);
    }
    if (err == OK) {
        *ret_answer = waiter.answer;
    }
    waiter_done(&waiter);
    return err;
}

static void on_reply(void *context, enum err err, struct span body)
{
    struct waiter *waiter = context;
    lock_take(&waiter->lock);
    buf_put(waiter->out, body); /* "" but for a reply and a refused frame's code */
    err = buf_ok(waiter->out) ? err : ERR_NO_SPACE;
    waiter_wake(waiter, err);
    lock_give(&waiter->lock);
}

enum err client_ask_wait(struct client *client, enum frame_kind kind, struct span body, int64_t timeout_ms,
                         struct buf *out)
{
    struct waiter waiter;
    waiter_init(&waiter);
    waiter.out = out;
    enum err err = client_ask(client, kind, body, timeout_ms, on_reply, &waiter);
    if (err == OK) {
        err = waiter_wait(&waiter);
    }
    waiter_done(&waiter);
    return err;
}

static enum err not_kept(enum refusal refusal)
{
    return refusal == REFUSED_address_taken || refusal == REFUSED_subject_taken ? ERR_EXISTS : ERR_NO_SPACE;
}

/* The reply, or the code of a frame that was refused as a whole. */
static enum err ask_seal(struct client *client, struct span body, int64_t timeout_ms, enum refusal *ret_refusal)
{
    uint8_t bytes[128];
    struct buf reply = buf_of(bytes, sizeof bytes);
    const enum err err = client_ask_wait(client, FRAME_SEAL, body, timeout_ms, &reply);
    TRY(err == ERR_UNSUPPORTED ? OK : err);
    return body_code_read(buf_span(&reply), ret_refusal);
}

enum err client_seal_told_wait(struct client *client, const struct id *secret_id, const struct id *owner_id,
                               struct span plain, int64_t timeout_ms, enum refusal *ret_refusal)
{
    uint8_t key[BOX_KEY_LEN];
    uint8_t nonce[12];
    uint8_t text[ID_TEXT_MAX];
    struct buf what = buf_of(text, sizeof text);
    id_write(&what, secret_id);
    client_transport_key(client_options(client)->key, key);
    client_options(client)->random(nonce, sizeof nonce);
    const size_t cap = plain.len + BOX_OVERHEAD;
    uint8_t *memory = malloc(2 * cap + 128);
    if (memory == NULL) {
        explicit_bzero(key, sizeof key);
        return ERR_NO_MEMORY;
    }
    struct buf box = buf_of(memory, cap);
    struct buf body = buf_of(memory + cap, cap + 128);
    enum err err = box_seal(key, nonce, buf_span(&what), plain, &box);
    explicit_bzero(key, sizeof key);
    if (err == OK) {
        body_seal_put(&body, secret_id, owner_id, buf_span(&box));
        err = ask_seal(client, buf_span(&body), timeout_ms, ret_refusal);
    }
    free(memory);
    return err;
}

enum err client_seal_wait(struct client *client, const struct id *secret_id, const struct id *owner_id,
                          struct span plain, int64_t timeout_ms)
{
    enum refusal refusal = ACCEPTED;
    TRY(client_seal_told_wait(client, secret_id, owner_id, plain, timeout_ms, &refusal));
    return refusal == ACCEPTED ? OK : not_kept(refusal);
}

enum err client_follow_wait(struct client *client, uint64_t after, uint64_t max, int64_t timeout_ms, struct buf *out,
                            uint64_t *ret_head, struct body_list *ret_list)
{
    uint8_t bytes[32];
    struct buf body = buf_of(bytes, sizeof bytes);
    body_follow_put(&body, &(struct follow_ask){.after = after, .max = max});
    const size_t start = out->len;
    TRY(client_ask_wait(client, FRAME_FOLLOW, buf_span(&body), timeout_ms, out));
    uint64_t position = 0;
    return body_own_events_read(span_of(out->data + start, out->len - start), ret_head, &position, ret_list);
}

enum err client_doubt_wait(struct client *client, int64_t seen_ms, int64_t timeout_ms)
{
    uint8_t bytes[64];
    uint8_t reply_bytes[64];
    struct buf body = buf_of(bytes, sizeof bytes);
    struct buf reply = buf_of(reply_bytes, sizeof reply_bytes);
    body_figures_begin(&body, 1);
    body_figure_put(&body, "seen_ms", (uint64_t)seen_ms);
    ASSERT(buf_ok(&body));
    return client_ask_wait(client, FRAME_DOUBT, buf_span(&body), timeout_ms, &reply);
}

void client_transport_key(const uint8_t key[FRAME_KEY_LEN], uint8_t ret_key[32])
{
    const enum err err = box_derive(key, "transport", ret_key);
    ASSERT(err == OK);
}
