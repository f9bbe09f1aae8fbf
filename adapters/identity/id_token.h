/* id_token.h: an ID Token (OpenID Connect Core 1.0, section 2): its parts, and what its claims say of who signs in.
 * Whether its signature is a provider's is jwks.h's. Pure. */
#ifndef OPENPOST_ADAPTERS_IDENTITY_ID_TOKEN_H
#define OPENPOST_ADAPTERS_IDENTITY_ID_TOKEN_H

#include "core/message/json_node.h"
#include "core/message/refusal.h"
#include "core/wire/identity.h"

/* A token in parts; the tree is in the arena, the rest borrows from the token. */
struct id_token {
    struct span whole;
    struct span alg;
    struct span kid; /* data NULL: it names no key */
    const struct json_node *claims;
};

/* id_token_open takes a token apart: three parts in base64url, the first two JSON objects without a name twice, and a
 * header that asks for nothing that we do not know (crit). provider_answer_invalid; out_of_memory. It believes nothing
 * that the token says. */
enum refusal id_token_open(struct span text, struct arena *arena, struct id_token *ret_token) MUST_USE;

/* What a token has to say. */
struct id_token_wanted {
    struct span issuer;    /* as configured, to the byte */
    struct span client_id; /* ours */
    struct span nonce;     /* of this sign-in */
    int64_t now_ms;
};

/* id_token_judge looks at the claims as section 3.1.3.7 says, in this order: token_issuer_wrong; token_audience_wrong
 * (aud, and azp where there is one or several audiences); token_expired (exp, iat, nbf, ID_TOKEN_LEEWAY_S apart);
 * nonce_wrong; provider_answer_invalid: a claim is missing or of another kind, or no subject of 1 to PERSON_SUBJECT_MAX
 * bytes. ACCEPTED: *ret_person, which borrows from the claims. */
enum refusal id_token_judge(const struct json_node *claims, const struct id_token_wanted *wanted,
                            struct identity_person *ret_person) MUST_USE;

/* id_token_person fills what claims, or a UserInfo answer, say of a person beside the subject: an address that is one,
 * whether it is verified, a name without control characters, cut to PERSON_NAME_MAX bytes. What is missing stays as it
 * is. */
void id_token_person(const struct json_node *claims, struct identity_person *person);

#endif
