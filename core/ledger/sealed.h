/* sealed.h: the secrets that other programs have had sealed and that may still be named: whose they are and what they
 * are recognised by, never what they say. In memory alone: what was sealed before a restart is sealed anew. The
 * reader's thread adds and takes away, the sockets' threads look: thread-safe. Asks no clock. */
#ifndef OPENPOST_LEDGER_SEALED_H
#define OPENPOST_LEDGER_SEALED_H

#include "core/base/err.h"
#include "core/base/limits.h"
#include "core/base/owned.h"
#include "core/base/sha256.h"
#include "core/base/typeid.h"

/* One of them. */
struct sealed_secret {
    struct id secret_id;
    struct id owner_id;
    struct id workspace_id;      /* of the key that had it sealed: nobody else's command may name it */
    struct id key_id;            /* which that is */
    int64_t at_ms;               /* boot clock: when */
    uint8_t content[SHA256_LEN]; /* a MAC of what was sealed, which nobody without the master key can make */
    uint8_t mark[SHA256_LEN];    /* SHA-256: of a key's or token's tag key; of a login's identifier */
    bool named;                  /* an event names it: it counts no more */
};

struct sealed;

/* sealed_new: NULL: no memory. sealed_free accepts NULL. */
struct sealed *sealed_new(void);
void sealed_free(struct sealed *sealed);
OWNED_BY(sealed_free, struct sealed *);

/* sealed_find reads the secret of that id; false: there is none. */
bool sealed_find(struct sealed *sealed, const struct id *secret_id, struct sealed_secret *ret_secret);
/* sealed_is_marked tells whether a secret of another owner of the same kind has a mark that begins with the same 16
 * bytes, by which keys and invitations are found. */
bool sealed_is_marked(struct sealed *sealed, const struct id *owner_id, const uint8_t mark[SHA256_LEN]);
/* sealed_has_room tells whether a key of a workspace may have one more sealed: of its own SEALED_PER_KEY that are not
 * named, SEALED_PER_WORKSPACE in all, SEALED_MAX of everybody's. named is asked about those of the key only when that
 * decides it. */
typedef bool sealed_named(void *context, const struct sealed_secret *secret);
bool sealed_has_room(struct sealed *sealed, const struct id *workspace_id, const struct id *key_id, sealed_named *named,
                     void *context);
/* sealed_add: there is room; no secret with that id. */
void sealed_add(struct sealed *sealed, const struct sealed_secret *secret);
/* sealed_take takes one out that was sealed before before_ms; false: there is none. */
bool sealed_take(struct sealed *sealed, int64_t before_ms, struct sealed_secret *ret_secret);

#endif
