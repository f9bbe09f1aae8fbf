/* flow.h: what a browser keeps for us while somebody is at an identity provider: sealed into a cookie, so that nothing
 * is kept here for people who never come back, and that whoever reads the browser's disk finds nothing. It is good for
 * one callback, within FLOW_MAX_MS. */
#ifndef OPENPOST_SIGN_IN_FLOW_H
#define OPENPOST_SIGN_IN_FLOW_H

#include <pthread.h>

#include "core/base/limits.h"
#include "core/base/sha256.h"
#include "core/base/token.h"
#include "core/base/typeid.h"

#define FLOW_RETURN_MAX 256 /* bytes of return_to */
#define FLOW_TEXT_MAX 768   /* of the cookie's value */

enum flow_purpose {
    FLOW_SIGN_IN = 1,
    FLOW_LINK, /* whoever is signed in is to sign in so, too */
    FLOW_JOIN, /* an invitation is taken by it */
};

struct flow {
    enum flow_purpose purpose;
    struct id provider_id;
    struct id session_id;           /* FLOW_LINK: of whoever began it; else absent */
    uint8_t invitation[SHA256_LEN]; /* FLOW_JOIN: the token's fingerprint; else zeros */
    int64_t expires_ms;
    char state[TOKEN_LEN + 1];
    char nonce[TOKEN_LEN + 1];
    char verifier[TOKEN_LEN + 1]; /* PKCE's (RFC 7636) */
    char return_to[FLOW_RETURN_MAX + 1];
};

/* flow_returns_here tells whether return_to is a path of this site, at most FLOW_RETURN_MAX bytes of printable ASCII: a
 * browser that is sent there stays here, whatever it makes of slashes. */
bool flow_returns_here(struct span return_to);

/* flow_seal appends the cookie's value; nonce: 12 fresh bytes. ERR_NO_SPACE. flow_open reads one that was sealed under
 * that key and has not expired at now_ms; ERR_AUTH: it is none, or not any more; nobody is told which. */
enum err flow_seal(const uint8_t key[32], const uint8_t nonce[12], const struct flow *flow, struct buf *out) MUST_USE;
enum err flow_open(const uint8_t key[32], struct span text, int64_t now_ms, struct flow *ret_flow) MUST_USE;

/* flow_is_state tells whether a callback's state is the flow's; it takes the same time whatever the bytes are. */
bool flow_is_state(const struct flow *flow, struct span state);

/* The flows that came back, so that none does twice. Thread-safe. */
struct spent_flows {
    pthread_mutex_t mutex;
    size_t next;
    uint8_t states[FLOWS_SPENT_MAX][16];
};

void spent_flows_init(struct spent_flows *spent);
void spent_flows_done(struct spent_flows *spent);
/* spent_flows_add notes that a flow came back; false: it did before. */
bool spent_flows_add(struct spent_flows *spent, const struct flow *flow);

#endif
