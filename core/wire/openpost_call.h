/* openpost_call.h: what libopenpost's calls have in common: the connection, how one ended, the command that is given.
 * Private to openpost*.c; the library does not show it. */
#ifndef OPENPOST_WIRE_OPENPOST_CALL_H
#define OPENPOST_WIRE_OPENPOST_CALL_H

#include <pthread.h>

#include "core/wire/client.h"
#include "core/wire/openpost.h"

struct openpost {
    struct client *client;
    pthread_mutex_t lock; /* of what follows */
    struct fault fault;   /* of the last command that was answered */
};

/* openpost_call_status tells what an error is to the caller; openpost_call_since likewise, of a call before which
 * client_sent was sent: another thread's frames make it unknown, the safe answer. */
enum openpost_status openpost_call_status(enum err err);
enum openpost_status openpost_call_since(struct openpost *connection, uint64_t sent, enum err err);
/* openpost_call_refusal writes code and sentence: OPENPOST_OK or OPENPOST_REFUSED. */
enum openpost_status openpost_call_refusal(struct openpost_answer *answer, uint32_t refusal);
/* openpost_call_mint makes an id. openpost_call_text copies a text that fits, openpost_call_id an id's. */
struct id openpost_call_mint(enum id_kind kind);
void openpost_call_text(char *out, size_t size, const char *text);
void openpost_call_id(char out[OPENPOST_ID_SIZE], const struct id *id);
/* openpost_call_optional is a text, or nothing of NULL. */
struct span openpost_call_optional(const char *text);
/* openpost_call_give has a command decided, its stream and fields filled in, and waits for the answer. idempotency may
 * be NULL. */
enum openpost_status openpost_call_give(struct openpost *connection, struct command *command,
                                        const struct idempotency *idempotency, int timeout_ms,
                                        struct openpost_answer *ret_answer);
/* openpost_call_about gives a command about the thing of that kind and id, its first field: OPENPOST_INVALID when it is
 * no such id. */
enum openpost_status openpost_call_about(struct openpost *connection, struct command *command, enum id_kind kind,
                                         const char *id, int timeout_ms, struct openpost_answer *ret_answer);

#endif
