/* identity_client.c: see identity_client.h. Called by the gateway; caller.c calls it back. A question is sent again in
 * one case only: the process said that it did not act upon it, for it did not know us yet (FRAME_WELCOME). */
#include "core/wire/identity_client.h"

#include <stdlib.h>

#include "core/base/lock.h"
#include "core/wire/caller.h"
#include "core/wire/pair.h"

#define FRAME_MAX (IDENTITY_REPLY_MAX + FRAME_OVERHEAD_MAX + FRAME_TAG_LEN)

struct identity_client {
    struct identity_client_options options;
    struct caller *caller;
    pthread_mutex_t lock; /* of what follows */
    struct frame_key *key;
    uint8_t challenge[FRAME_ID_LEN]; /* of the process as we know it */
};

struct asked {
    struct identity_client *client;
    identity_client_done *done;
    void *context;
    int64_t timeout_ms;
    bool again; /* it was welcomed before */
    uint8_t id[FRAME_ID_LEN];
    size_t len;
    uint8_t body[IDENTITY_ASK_MAX];
};

enum err identity_client_open(const struct identity_client_options *options, struct identity_client **ret_client)
{
    struct identity_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        return ERR_NO_MEMORY;
    }
    lock_init(&client->lock);
    client->options = *options;
    enum err err = frame_key_new(options->key, &client->key);
    explicit_bzero(client->options.key, sizeof client->options.key);
    err = err == OK ? caller_open(options->url, IDENTITY_QUESTIONS_MAX, FRAME_MAX, &client->caller) : err;
    if (err != OK) {
        identity_client_close(client);
        return err;
    }
    *ret_client = client;
    return OK;
}

void identity_client_close(struct identity_client *client)
{
    if (client == NULL) {
        return;
    }
    caller_close(client->caller);
    frame_key_free(client->key);
    lock_done(&client->lock);
    free(client);
}

static void forget(struct asked *asked)
{
    explicit_bzero(asked, sizeof *asked); /* it holds a code and its verifier */
    free(asked);
}

static void replied(void *context, enum err err, struct span reply);

static enum err send(struct asked *asked)
{
    struct identity_client *client = asked->client;
    uint8_t bytes[IDENTITY_ASK_MAX + FRAME_OVERHEAD_MAX + FRAME_TAG_LEN];
    struct buf out = buf_of(bytes, sizeof bytes);
    client->options.random(asked->id, sizeof asked->id);
    lock_take(&client->lock);
    enum err err = pair_request_write(client->key, FRAME_IDENTITY, asked->id, client->challenge,
                                      span_of(asked->body, asked->len), &out);
    lock_give(&client->lock);
    err = err == OK ? caller_ask(client->caller, buf_span(&out), asked->timeout_ms, replied, asked) : err;
    explicit_bzero(bytes, sizeof bytes);
    return err;
}

/* What the reply says; ERR_CONFLICT when it was a welcome, whose challenge is kept. */
static enum err read_reply(struct asked *asked, struct span reply, struct span *ret_body)
{
    struct identity_client *client = asked->client;
    uint8_t challenge[FRAME_ID_LEN];
    lock_take(&client->lock);
    const enum err err = pair_reply_read(client->key, FRAME_IDENTITY, reply, asked->id, challenge, ret_body);
    if (err == ERR_CONFLICT) {
        memcpy(client->challenge, challenge, FRAME_ID_LEN);
    }
    lock_give(&client->lock);
    return err;
}

/* On a thread of nng's. */
static void replied(void *context, enum err err, struct span reply)
{
    struct asked *asked = context;
    struct span body = {0};
    err = err == OK ? read_reply(asked, reply, &body) : err;
    if (err == ERR_CONFLICT && !asked->again) {
        asked->again = true;
        err = send(asked);
        if (err == OK) {
            return;
        }
    }
    asked->done(asked->context, err == ERR_CONFLICT ? ERR_BUSY : err, body);
    forget(asked);
}

enum err identity_client_ask(struct identity_client *client, const struct identity_ask *ask, int64_t timeout_ms,
                             identity_client_done *done, void *context)
{
    struct asked *asked = calloc(1, sizeof *asked);
    if (asked == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf body = buf_of(asked->body, sizeof asked->body);
    identity_ask_put(&body, ask);
    asked->client = client;
    asked->done = done;
    asked->context = context;
    asked->timeout_ms = timeout_ms;
    asked->len = body.len;
    const enum err err = buf_ok(&body) ? send(asked) : ERR_TOO_LONG;
    if (err != OK) {
        forget(asked);
    }
    return err;
}
