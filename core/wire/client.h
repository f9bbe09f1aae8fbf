/* client.h: the ledger as the other processes see it. Batches all waiting commands into one frame, at most two such
 * frames in flight, answers per command; reconnects by itself; a lost connection or an answer that does not come means
 * "unknown", and the same command with the same id is sent again until its deadline, which is safe (the first answer
 * comes again).
 *
 * Callbacks run on the wire's own threads, never inside the call that asked; they must not block (commands that are
 * given meanwhile wait for the last callback of a frame, and then leave together) and may call client_* (not
 * client_close, nor the functions that wait). Thread-safe. */
#ifndef OPENPOST_WIRE_CLIENT_H
#define OPENPOST_WIRE_CLIENT_H

#include "core/message/message.h"
#include "core/wire/body.h"

#define CLIENT_WAITING_MAX 16384                     /* commands: more is ERR_BUSY */
#define CLIENT_WAITING_BYTES_MAX ((size_t)256 << 20) /* likewise */
#define CLIENT_QUESTIONS_MAX 4096 /* other questions: likewise; as many as a gateway has connections */

struct client;

struct client_options {
    const char *url;            /* tcp://127.0.0.1:port; see endpoint.h for what is allowed */
    uint8_t key[FRAME_KEY_LEN]; /* the process's own (party.h) or, for another program, its API key's tag key */
    void (*random)(void *data, size_t len); /* random_fill; ids of frames */
    int64_t (*now_ms)(void);                /* clock_boot_ms; for deadlines only */
};

/* client_open returns at once, connected or not. ERR_MALFORMED: not a URL that we take; ERR_UNSUPPORTED; ERR_NO_MEMORY.
 * client_close ends every question with ERR_CLOSED, waits for the callbacks that run, and frees; accepts NULL. */
enum err client_open(const struct client_options *options, struct client **ret_client) MUST_USE;
void client_close(struct client *client);
OWNED_BY(client_close, struct client *);
/* client_options tells what it was opened with, borrowed. */
const struct client_options *client_options(const struct client *client);
/* client_sent counts the frames that left, or may have. What ended while it stood still never left: nobody listened. */
uint64_t client_sent(struct client *client);

/* client_command sends a command (encoded before it returns) and calls done exactly once: OK with the answer (a refusal
 * is an answer), ERR_TIMED_OUT: nobody knows whether it was accepted; the same id may be sent again. ERR_AUTH: the
 * ledger does not know our key; ERR_ACCESS: it says that it cannot check the key's tags, for its vault does not hold
 * the tag key. ERR_CLOSED. What client_command itself returns means that done is never called: ERR_BUSY, ERR_TOO_LONG
 * and codec.h's errors. idempotency may be NULL. client_command_wait blocks. */
typedef void client_answered(void *context, enum err err, const struct answer *answer);
enum err client_command(struct client *client, const struct command *command, const struct idempotency *idempotency,
                        int64_t timeout_ms, client_answered *done, void *context) MUST_USE;
enum err client_command_wait(struct client *client, const struct command *command,
                             const struct idempotency *idempotency, int64_t timeout_ms, struct answer *ret_answer)
    MUST_USE;

/* client_doubt_wait tells the ledger that the read models were found damaged at seen_ms (boot clock): FRAME_DOUBT.
 * Errors are those of client_ask_wait. */
enum err client_doubt_wait(struct client *client, int64_t seen_ms, int64_t timeout_ms) MUST_USE;

/* client_ask sends a body of any other kind (FRAME_FOLLOW, FRAME_QUERY, FRAME_SEAL, FRAME_STATUS, FRAME_HELLO) and
 * gives its reply's body, borrowed for the call of done. Repeated like commands: they are harmless twice. Few are
 * on their way at a time, the others wait in order: ERR_BUSY when CLIENT_QUESTIONS_MAX do. ERR_UNSUPPORTED: the ledger
 * refused the frame; the body is then REFUSED's (body.h). client_ask_wait appends the body to out; ERR_NO_SPACE. */
typedef void client_replied(void *context, enum err err, struct span body);
enum err client_ask(struct client *client, enum frame_kind kind, struct span body, int64_t timeout_ms,
                    client_replied *done, void *context) MUST_USE;
enum err client_ask_wait(struct client *client, enum frame_kind kind, struct span body, int64_t timeout_ms,
                         struct buf *out) MUST_USE;

/* client_follow_wait asks for events after a position into out (FOLLOW_BYTES_MAX + LOG_PAYLOAD_MAX suffices); walk
 * ret_list with follow_next. What was appended to out body_own_events_read reads again, for the position that is in it.
 */
enum err client_follow_wait(struct client *client, uint64_t after, uint64_t max, int64_t timeout_ms, struct buf *out,
                            uint64_t *ret_head, struct body_list *ret_list) MUST_USE;
/* client_seal_wait has the ledger keep a secret in its vault under secret_id, durable when it returns. owner_id: the
 * integration; an API key's tag key is kept under the key's id, which is its owner too. ERR_AUTH. ERR_EXISTS: it would
 * give a second person an address or subject (person.h). ERR_NO_SPACE: it was refused for another reason;
 * client_seal_told_wait tells that one by its code, with OK. What another program may have sealed, and in which form,
 * core/wire/README.md says. */
enum err client_seal_wait(struct client *client, const struct id *secret_id, const struct id *owner_id,
                          struct span plain, int64_t timeout_ms) MUST_USE;
enum err client_seal_told_wait(struct client *client, const struct id *secret_id, const struct id *owner_id,
                               struct span plain, int64_t timeout_ms, enum refusal *ret_refusal) MUST_USE;

/* client_watch, the scheduler's (they bear its key's tag), listens to the ledger's wake-ups at url and calls woken with
 * the head. Once per client; ends with client_close. */
typedef void client_woken(void *context, uint64_t head);
enum err client_watch(struct client *client, const char *url, client_woken *woken, void *context) MUST_USE;

/* client_transport_key derives the key of boxes on their way (SEAL, jobs) from the key that authenticates frames. */
void client_transport_key(const uint8_t key[FRAME_KEY_LEN], uint8_t ret_key[32]);

#endif
