/* answer.h: what a command got from the ledger: what ledger.c gives, the wire carries and gateway and scheduler read.
 */
#ifndef OPENPOST_MESSAGE_ANSWER_H
#define OPENPOST_MESSAGE_ANSWER_H

#include "core/base/typeid.h"
#include "core/message/refusal.h"

#define ANSWER_DETAIL_MAX 4
#define FAULT_PARAM_SIZE 128  /* bytes, with the NUL: a JSON pointer that admission makes (OBJECTION_PARAM_MAX) */
#define FAULT_DETAIL_SIZE 256 /* likewise: its sentence */

/* Which of a command's values was refused, and what would do; "" both: it was not for a value of its own. */
struct fault {
    char param[FAULT_PARAM_SIZE];
    char detail[FAULT_DETAIL_SIZE];
};

/* Kept for 30 days by command id: the same id again gets the same answer. */
struct answer {
    uint32_t refusal;                    /* enum refusal; 0: accepted */
    bool repeated;                       /* this is the first answer again */
    uint64_t seq;                        /* of its last event; the ledger's head when there was none */
    uint64_t workspace_seq;              /* of its last event in the command's workspace; 0 when there was none */
    uint64_t version;                    /* of its stream, afterwards; not_found: 0, it may be another workspace's */
    uint32_t events;                     /* how many it caused; 0: it was already so */
    uint32_t first_event;                /* the code of the first of them; for the ledger, not told */
    int64_t time_ms;                     /* the ledger's stamp */
    int64_t hint_ms;                     /* aggregate_hint: since when, from when on; else 0 */
    int64_t publish_at_ms;               /* of the post, for post_locked and publishing */
    struct id stream;                    /* that decided; after a repeated Idempotency-Key it is the first request's */
    struct id detail[ANSWER_DETAIL_MAX]; /* integration_in_use: the first posts' ids; account_exists: whose it is */
    struct fault fault;                  /* of another program's command; the ledger's own answers have none */
};

/* For an Idempotency-Key: scope is SHA-256(workspace, principal, method, path, key), body that of the request's body.
 * What another program sends as scope is its own business; the ledger makes SHA-256(its API key's id, that) of it, and
 * where it sends none, body SHA-256 of the command's bytes under a scope of zeros: no key, but what the command's id is
 * used for. Absent when present is false. The row lives beside the command index, 30 days like its. */
struct idempotency {
    bool present;
    uint8_t scope[32];
    uint8_t body[32];
};

#endif
