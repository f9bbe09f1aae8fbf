/* identity_client.h: the identity process as the gateway sees it: questions out (identity.h), replies back, over one
 * connection that is made when there is something to ask, and again whenever it is lost. Thread-safe. */
#ifndef OPENPOST_WIRE_IDENTITY_CLIENT_H
#define OPENPOST_WIRE_IDENTITY_CLIENT_H

#include "core/wire/identity.h"

#define IDENTITY_QUESTIONS_MAX 64 /* at a time, as many as the process has room for */

struct identity_client;

struct identity_client_options {
    const char *url;            /* tcp://127.0.0.1:PORT */
    uint8_t key[FRAME_KEY_LEN]; /* identity_link_key */
    void (*random)(void *data, size_t len);
};

/* identity_client_open returns at once, connected or not. ERR_MALFORMED, ERR_UNSUPPORTED: no URL that we take;
 * ERR_NO_MEMORY. identity_client_close ends every question with ERR_CLOSED, waits for the callbacks that run, and
 * frees; accepts NULL; never from a callback. */
enum err identity_client_open(const struct identity_client_options *options, struct identity_client **ret_client)
    MUST_USE;
void identity_client_close(struct identity_client *client);
OWNED_BY(identity_client_close, struct identity_client *);

/* identity_client_ask sends a question, encoded before it returns, and calls done exactly once, on a thread of the
 * wire's, never inside the call; it must not block. OK: the reply's body, borrowed for the call: body_result_read, then
 * identity_location_read or identity_person_read. ERR_TIMED_OUT, ERR_CLOSED: nobody knows whether the code was spent,
 * so it is not asked again by itself; ERR_BUSY: no room there, or no connection was had; ERR_AUTH: who answers does not
 * know our key; and what frame_read returns. What it returns itself means that done is never called: ERR_BUSY
 * (IDENTITY_QUESTIONS_MAX), ERR_NO_MEMORY, ERR_CLOSED, ERR_TOO_LONG. timeout_ms: IDENTITY_WITHIN_MS gives the process
 * its time. */
typedef void identity_client_done(void *context, enum err err, struct span body);
enum err identity_client_ask(struct identity_client *client, const struct identity_ask *ask, int64_t timeout_ms,
                             identity_client_done *done, void *context) MUST_USE;

#endif
