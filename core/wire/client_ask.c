/* client_ask.c: the client's questions other than commands. A few are on their way at a time, the others wait in order
 * for a place. client.c ends them when it closes. It must never call back from within the call that asked.
 */
#include <stdlib.h>

#include "core/base/assert.h"
#include "core/wire/client_state.h"

struct asking {
    struct asking *next; /* waits behind this one */
    struct client *client;
    struct question_frame frame;
    int64_t deadline_ms;
    client_replied *done;
    void *context;
    enum frame_kind kind;
    struct span body;
};

/* Takes the place of one that has ended; NULL: none waits. */
static struct asking *asking_next(struct client *client)
{
    lock_take(&client->lock);
    struct asking *next = client->asks_first;
    if (next != NULL) {
        client->asks_first = next->next;
        client->asks_waiting--;
    } else {
        client->asking--;
    }
    lock_give(&client->lock);
    return next;
}

static void asking_free(struct asking *asking)
{
    free(asking->frame.bytes.data);
    free(asking);
}

static void on_asked(void *context, enum err err, struct span reply);

static enum err asking_start(struct asking *asking)
{
    TRY(client_frame_make(asking->client, asking->kind, asking->body, &asking->frame));
    return caller_ask(asking->client->caller, buf_span(&asking->frame.bytes),
                      client_attempt_ms(asking->client, asking->deadline_ms), on_asked, asking);
}

/* Ends a question; the next that waits has its place. */
static void asking_end(struct asking *asking, enum err err, struct span body)
{
    while (asking != NULL) {
        struct client *client = asking->client;
        asking->done(asking->context, err, body);
        asking_free(asking);
        asking = asking_next(client);
        err = asking == NULL ? OK : asking_start(asking);
        asking = err == OK ? NULL : asking;
        body = SPAN("");
    }
}

static void on_asked(void *context, enum err err, struct span reply)
{
    struct asking *asking = context;
    struct client *client = asking->client;
    struct span body = SPAN("");
    enum verdict verdict = VERDICT_AGAIN;
    client_note_sent(client, err);
    if (err == OK) {
        verdict = client_reply_judge(client, asking->kind, &asking->frame, reply, &body, &err);
    } else {
        err = ERR_TIMED_OUT;
        verdict = client->options.now_ms() < asking->deadline_ms ? VERDICT_AGAIN : VERDICT_BAD;
    }
    if (verdict == VERDICT_AGAIN) {
        const enum err started = asking_start(asking);
        if (started == OK) {
            return;
        }
        err = started;
    }
    asking_end(asking, verdict == VERDICT_GOOD ? OK : err, body);
}

/* Under the lock. */
static void asking_wait(struct client *client, struct asking *asking)
{
    if (client->asks_first == NULL) {
        client->asks_first = asking;
    } else {
        client->asks_last->next = asking;
    }
    client->asks_last = asking;
    client->asks_waiting++;
}

enum err client_ask(struct client *client, enum frame_kind kind, struct span body, int64_t timeout_ms,
                    client_replied *done, void *context)
{
    ASSERT(kind != FRAME_COMMANDS);
    struct asking *asking = calloc(1, sizeof *asking + body.len);
    if (asking == NULL) {
        return ERR_NO_MEMORY;
    }
    uint8_t *copy = (uint8_t *)(asking + 1);
    if (body.len > 0) {
        memcpy(copy, body.data, body.len);
    }
    asking->client = client;
    asking->kind = kind;
    asking->body = span_of(copy, body.len);
    asking->deadline_ms = client->options.now_ms() + timeout_ms;
    asking->done = done;
    asking->context = context;
    enum err err = OK;
    lock_take(&client->lock);
    const bool leaves = !client->closing && client->asking < ASKING_MAX;
    if (client->closing) {
        err = ERR_CLOSED;
    } else if (leaves) {
        client->asking++;
    } else if (client->asks_waiting < CLIENT_QUESTIONS_MAX) {
        asking_wait(client, asking);
    } else {
        err = ERR_BUSY;
    }
    lock_give(&client->lock);
    if (leaves) {
        err = asking_start(asking);
        if (err != OK) {
            lock_take(&client->lock);
            client->asking--;
            lock_give(&client->lock);
        }
    }
    if (err != OK) {
        asking_free(asking);
    }
    return err;
}

void client_asks_end(struct client *client)
{
    while (client->asks_first != NULL) {
        struct asking *asking = client->asks_first;
        client->asks_first = asking->next;
        asking->done(asking->context, ERR_CLOSED, SPAN(""));
        asking_free(asking);
    }
}
