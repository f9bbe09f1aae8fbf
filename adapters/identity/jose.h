/* jose.h: signatures of tokens (JWS, RFC 7515) under keys that a provider publishes. jose.c is the one file that knows
 * libcjose. Which algorithm a token may name is decided here, by the key's kind: "none" and everything that needs a
 * shared secret (HS256 …) are in no row. */
#ifndef OPENPOST_ADAPTERS_IDENTITY_JOSE_H
#define OPENPOST_ADAPTERS_IDENTITY_JOSE_H

#include "core/base/span.h"

enum jose_kind { JOSE_NONE, JOSE_RSA, JOSE_P256, JOSE_P384, JOSE_P521 };

#define JOSE_RSA_MIN ((size_t)256)  /* bytes of a modulus: 2048 bits (RFC 7518, 3.3) */
#define JOSE_RSA_MAX ((size_t)1024) /* 8192 bits: each more costs time that a stranger would spend */
#define JOSE_EXPONENT_MAX 4         /* bytes; everybody's is 65537 */
#define JOSE_COORDINATE_MAX 66      /* bytes of P-521's */

/* A public key, as bytes; borrowed. */
struct jose_key {
    enum jose_kind kind;
    struct span a; /* RSA: the modulus; else x */
    struct span b; /* RSA: the exponent; else y */
};

/* jose_kind_of tells which keys make signatures of that name (RS256, PS256, ES256 and their longer ones); JOSE_NONE: we
 * take none. jose_key_is_good holds a key to its sizes. */
enum jose_kind jose_kind_of(struct span alg);
bool jose_key_is_good(const struct jose_key *key);

/* jose_verify tells whether the token in compact form, whose header names alg, was signed with the key; false, too,
 * when they do not fit each other, or when there is no memory. */
bool jose_verify(struct span token, struct span alg, const struct jose_key *key);

#endif
