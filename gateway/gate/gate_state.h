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

#define MISSES_MAX 1024 /* in a second; one for which there is no room is looked up at once */

struct gate {
    struct gate_options options;
    uint8_t transport_key[32];
    struct refusals refusals;
    struct uses uses;
    pthread_mutex_t identity_mutex; /* of options.identity, which ends before the ledger's client */
    pthread_mutex_t misses_mutex;
    uint32_t miss_count;
    struct miss misses[MISSES_MAX];
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

/* ask.c's: in a workspace's name; and, of whoever's, what pass_seal does. */
enum err gate_ask(struct gate *gate, const struct id *workspace_id, const struct log_question *question,
                  gate_replied *done, void *context) MUST_USE;
enum err gate_seal(struct gate *gate, const struct id *secret_id, const struct id *owner_id, struct span plain,
                   gate_replied *done, void *context) MUST_USE;
/* sessions.c's: a question of core/wire/person.h; and a session for whoever has just proved who they are, or set their
 * first password. No handler names a person. */
enum err gate_ask_person(struct gate *gate, const struct person_ask *ask, gate_replied *done, void *context) MUST_USE;
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

/* report.c's: a key was shown that opens nothing. gate_look_up turns misses into refusals, where they are another
 * workspace's: gate_report does it first. */
void gate_stranger(struct gate *gate, const uint8_t fingerprint[32], int64_t now_ms);
void gate_look_up(struct gate *gate);

#endif
