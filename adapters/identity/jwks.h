/* jwks.h: the keys that a provider publishes (JWK Set, RFC 7517), and the one of them that a token was signed with.
 * Pure. */
#ifndef OPENPOST_ADAPTERS_IDENTITY_JWKS_H
#define OPENPOST_ADAPTERS_IDENTITY_JWKS_H

#include "adapters/identity/id_token.h"
#include "adapters/identity/jose.h"
#include "core/base/limits.h"

struct jwks_key {
    struct jose_key key;
    struct span kid; /* data NULL: it has no name */
    struct span alg; /* data NULL: any that fits */
};

/* Of the keys those that sign and that we can use; numbers are in the arena, names borrow from the set. */
struct jwks {
    struct jwks_key keys[PROVIDER_KEYS_MAX];
    uint32_t count;
};

/* jwks_read reads a JWK Set. Keys of other kinds, sizes and uses are passed over. provider_answer_invalid: it is no
 * such set, or has more than PROVIDER_KEYS_MAX; out_of_memory. */
enum refusal jwks_read(const struct json_node *set, struct arena *arena, struct jwks *ret_keys) MUST_USE;

/* jwks_verify judges a token's signature. token_signature_invalid. *ret_unknown: no key of the set has the name that
 * the token gives, or fits one that gives none: there may be a newer set. */
enum refusal jwks_verify(const struct jwks *keys, const struct id_token *token, bool *ret_unknown) MUST_USE;

#endif
