/* inbox.h: notes from the wire's threads to the one thread that works: any thread puts, one takes all, and a descriptor
 * tells poll when there is something. Order is kept. */
#ifndef OPENPOST_SCHEDULER_INBOX_H
#define OPENPOST_SCHEDULER_INBOX_H

#include "core/base/owned.h"
#include "core/base/span.h"
#include "core/message/answer.h"

enum note_kind {
    NOTE_ANSWER = 1, /* err, ticket, answer */
    NOTE_FOLLOW,     /* err, bytes: the reply's body */
    NOTE_WOKEN,      /* head */
    NOTE_SENT,       /* err, place, bytes: an adapter's reply to a batch of jobs */
    NOTE_POLLED,     /* err, place, bytes: to a question without jobs */
};

struct note {
    struct note *next;
    enum note_kind kind;
    enum err err;
    uint32_t ticket;
    uint32_t place; /* which adapter */
    uint64_t head;
    struct answer answer;
    size_t len;
    uint8_t bytes[];
};

struct inbox;

enum err inbox_open(struct inbox **ret_inbox) MUST_USE;
void inbox_close(struct inbox *inbox);
OWNED_BY(inbox_close, struct inbox *);
int inbox_fd(const struct inbox *inbox);
/* note_new copies bytes behind a note; NULL: no memory. inbox_put takes it. */
struct note *note_new(enum note_kind kind, struct span bytes);
void inbox_put(struct inbox *inbox, struct note *take_note);
/* inbox_followed and inbox_woken put the ledger's answers and hints (core/wire/client.h: client_replied, client_woken);
 * context is the inbox. */
void inbox_followed(void *context, enum err err, struct span body);
void inbox_woken(void *context, uint64_t head);
/* inbox_take returns the notes so far, oldest first, NULL when there is none: each is the caller's to free(). */
struct note *inbox_take(struct inbox *inbox);

#endif
