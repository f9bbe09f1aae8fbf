/* proofs.h: the newest checkpoint, and proofs of events. Whoever asks for what no checkpoint covers yet waits here for
 * the next one, a second at most, with nothing but its connection: one question of the gateway's own tells when the
 * ledger has signed, and all who waited for it are answered. */
#ifndef OPENPOST_GATEWAY_PROOFS_H
#define OPENPOST_GATEWAY_PROOFS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct exchange;

struct proofs {
    pthread_mutex_t mutex;
    struct exchange *first; /* who waits */
    uint32_t count;
    bool asking; /* the ledger has the question and will answer */
};

/* What an exchange asks for. */
struct proof_wish {
    struct exchange *next;
    const char *name;       /* the ledger's question: "checkpoint", "proof" */
    uint64_t workspace_seq; /* of a proof */
    uint64_t needed;        /* the seq that a checkpoint must cover first */
};

void proofs_init(struct proofs *proofs);
/* proofs_ask answers the exchange, now or when the log is signed. 429: too many wait. */
void proofs_ask(struct exchange *exchange, const char *name, uint64_t workspace_seq);

#endif
