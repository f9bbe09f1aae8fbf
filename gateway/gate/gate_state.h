/* gate_state.h: what the gate is made of, and what of a pass the files of this folder need beside pass.h. Nobody else
 * includes it: whoever could would have every workspace's data. */
#ifndef OPENPOST_GATE_GATE_STATE_H
#define OPENPOST_GATE_GATE_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/wire/client.h"
#include "core/wire/person.h"
#include "core/wire/refusals.h"
#include "core/wire/uses.h"
#include "gateway/gate/ask.h"
#include "gateway/gate/gate.h"
#include "gateway/gate/pass.h"
#include "gateway/gate/sessions.h"

#define COMMAND_WITHIN_MS \
    10000 /* then 503: nobody knows whether it was accepted; the Idempotency-Key makes a repeat safe */

/* An id that named nothing in a workspace, until it is looked up in the others. */
struct miss {
    struct badge badge;
    struct id named;
    const char *request;
    int64_t at_ms;
};

#define MISSES_MAX 2048 /* one for which there is no room is looked up within its request */
#define MISSES_MANY 512 /* are looked up before the second is over, so that there is room */

struct gate {
    struct gate_options options;
    uint8_t transport_key[32];
    struct refusals refusals;
    struct refusals untold; /* ids that were nowhere: counted as what was another's is, and forgotten */
    struct uses uses;
    pthread_mutex_t identity_mutex;           /* of options.identity, which ends before the ledger's client */
    atomic_bool greeting;                     /* the identity process was greeted, … */
    atomic_int_fast64_t greeted_ms;           /* … when last, by the boot clock, … */
    atomic_int_fast64_t identity_silent_from; /* … and when first without an answer; 0: it has answered */
    pthread_mutex_t misses_mutex;
    uint32_t miss_count;
    struct miss misses[MISSES_MAX];
    int misses_fd;       /* eventfd: there are many */
    atomic_bool telling; /* the ledger of damage; of what was seen until told_ms */
    int64_t told_ms;
    /* boot clock: when read models were last met that cannot be what was written; 0: not since they were made again */
    atomic_int_fast64_t damaged_ms;
};

/* A command before it is sent. Its envelope is empty: pass_send fills a copy's. */
struct order {
    struct command command;
};

/* pass.c's. gate_find finds who shows a key, by its fingerprint; ERR_AUTH: it is no longer good, or never was. */
enum err gate_find(struct store_txn *txn, const uint8_t fingerprint[32], int64_t now_ms, struct badge *ret_badge)
    MUST_USE;
/* sessions.c's. gate_find_session likewise finds who shows a session's token, and where they are meant to be: named
 * may be absent. Who is nowhere has a badge all the same. */
enum err gate_find_session(struct store_txn *txn, const uint8_t fingerprint[32], const struct id *named, int64_t now_ms,
                           struct arena *arena, struct badge *ret_badge) MUST_USE;
/* gate_fold_past makes read models of one stream's events, which must be of that workspace (ERR_NOT_FOUND), in a store
 * of its own; *past is the caller's to close, on failure too. */
enum err gate_fold_past(const struct id *workspace_id, struct body_list events, struct arena *arena,
                        struct store **past, struct store_txn **past_txn) MUST_USE;
/* pass_reads is the read transaction, pass_arena what is read lives in. pass_key_fingerprint is that of the key or
 * token that was shown. pass_order_room is where a pass has its one order. pass_pause takes its read transaction
 * away, which pass_refresh begins again: what was read borrows from it until the caller gives it to store_abort, at
 * the latest before he waits. */
const uint8_t *pass_key_fingerprint(const struct pass *pass);
struct store_txn *pass_reads(const struct pass *pass);
struct arena *pass_arena(const struct pass *pass);
struct gate *pass_gate(const struct pass *pass);
struct order *pass_order_room(struct pass *pass);
const struct id *pass_request_id(const struct pass *pass);
struct store_txn *pass_pause(struct pass *pass);

/* order.c's: sends a command that the gateway gives for itself, about a person or in the name of one whom it knows;
 * command_id: whatever its kind. */
enum err gate_send_own(struct gate *gate, struct command *command, const struct id *stream, const struct id *command_id,
                       pass_answered *done, void *context) MUST_USE;

/* Whose log is asked about, and what of it they see. */
struct log_reader {
    struct id workspace_id;
    struct id author_id; /* the posts of this key or member, and no other event; absent: all */
};

/* pass.c's: what somebody with this badge sees of the log, where they see any. Nowhere else is it decided. */
void gate_log_reader(const struct badge *badge, struct log_reader *ret_reader);
/* ask.c's: in a reader's name; and, of whoever's, what pass_seal does. */
enum err gate_ask(struct gate *gate, const struct log_reader *reader, const struct log_question *question,
                  gate_replied *done, void *context) MUST_USE;
enum err gate_seal(struct gate *gate, const struct id *secret_id, const struct id *owner_id, struct span plain,
                   gate_replied *done, void *context) MUST_USE;
/* sessions.c's: a question of core/wire/person.h; and a session for whoever has just proved who they are, or set their
 * first password. pass_send_own sends a command of the pass's person about themself. No handler names a person. */
enum err gate_ask_person(struct gate *gate, const struct person_ask *ask, gate_replied *done, void *context) MUST_USE;
enum err pass_send_own(struct pass *pass, struct command *command, const struct id *stream, pass_answered *done,
                       void *context) MUST_USE;
enum err gate_open_session(struct gate *gate, const struct id *user_id, struct new_session *session,
                           gate_signed_in *done, void *context) MUST_USE;
/* sessions.c's: a command of the pass's person about themself. */
enum err pass_send_own(struct pass *pass, struct command *command, const struct id *stream, pass_answered *done,
                       void *context) MUST_USE;
/* providers.c's: has user_id sign in as whom a provider named (gate_arrive) from now on: subject_taken, login_exists.
 */
struct arrival;
enum err gate_ask_subject(struct arrival *arrival, gate_replied *done, void *context) MUST_USE; /* whose it is: */
enum err gate_read_who(struct span body, struct id *ret_user_id) MUST_USE;                      /* absent: nobody's */
enum err gate_link(struct arrival *arrival, const struct id *user_id, gate_signed_in *done, void *context) MUST_USE;

/* providers.c's: greets the identity process, if it is time; for how long it has answered nothing. */
void gate_greet(struct gate *gate, int64_t boot_ms);
int64_t gate_identity_silent_ms(struct gate *gate, int64_t boot_ms);

/* report.c's: a key was shown that opens nothing. gate_look_up turns misses into refusals, where they are another
 * workspace's: gate_report does it first. */
void gate_stranger(struct gate *gate, const uint8_t fingerprint[32], int64_t now_ms);
void gate_look_up(struct gate *gate);

#endif
