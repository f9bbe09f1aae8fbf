/* client_state.h: what client*.c share; nobody else includes it. */
#ifndef OPENPOST_WIRE_CLIENT_STATE_H
#define OPENPOST_WIRE_CLIENT_STATE_H

#include "core/base/lock.h"
#include "core/wire/caller.h"
#include "core/wire/client.h"
#include "core/wire/stream.h"

#define FLIGHTS 2
#define ASKING_MAX \
    30 /* questions other than commands at a time: with the flights, half of what a ledger allows a connection */

/* A command that waits or flies. */
struct pending {
    struct pending *next;
    struct idempotency idempotency;
    int64_t deadline_ms;
    client_answered *done;
    void *context;
    size_t len;
    uint8_t bytes[];
};

struct pending_list {
    struct pending *first;
    struct pending *last;
};

/* A frame on its way, and what its reply must match. */
struct question_frame {
    uint8_t id[FRAME_ID_LEN];
    unsigned welcomes;
    struct buf bytes; /* its own memory */
};

struct flight {
    struct client *client;
    bool busy;
    struct pending_list commands;
    uint32_t count;
    struct buf body;
    struct question_frame frame;
};

struct asking; /* client_ask.c */

struct client {
    struct client_options options;
    uint8_t key_name[FRAME_ID_LEN];
    struct caller *caller;
    struct subscriber *subscriber;
    struct frame_key *wake_key;
    client_woken *woken;
    void *woken_context;
    pthread_mutex_t lock; /* of what follows */
    struct frame_key *key;
    uint8_t challenge[FRAME_ID_LEN];
    uint64_t sent; /* client_sent */
    bool closing;
    struct pending_list queue;
    unsigned waiting;
    size_t waiting_bytes;
    unsigned asking;
    struct asking *asks_first; /* wait until fewer are asked at a time */
    struct asking *asks_last;
    unsigned asks_waiting;
    unsigned landing; /* flights whose callbacks run: no other leaves */
    struct flight flights[FLIGHTS];
};

/* client_frame_make writes a frame with the challenge that is known now. */
enum err client_frame_make(struct client *client, enum frame_kind kind, struct span body,
                           struct question_frame *ret_frame) MUST_USE;

/* client_note_sent is told how each of the caller's questions ended, before whoever waits for it. */
void client_note_sent(struct client *client, enum err err);

/* client_reply_judge judges a reply: good (its body is in *ret_body), or to be asked again because the ledger told a
 * new challenge, or bad with *ret_err: with ERR_UNSUPPORTED, the frame was refused, the code's body is in *ret_body. */
enum verdict { VERDICT_GOOD, VERDICT_AGAIN, VERDICT_BAD };
enum verdict client_reply_judge(struct client *client, enum frame_kind kind, struct question_frame *question,
                                struct span reply, struct span *ret_body, enum err *ret_err);

/* client_attempt_ms is how long one frame may take; then it is sent again, until the deadline. */
int64_t client_attempt_ms(struct client *client, int64_t deadline_ms);

/* client_asks_end ends the questions that still wait when the client is closed and nothing is on its way any more. */
void client_asks_end(struct client *client);

#endif
