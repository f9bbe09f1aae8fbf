/* oidc.h: what is said to a provider, and what it answers: its discovery document (OpenID Connect Discovery 1.0), the
 * authorization URL, the token request and answer (RFC 6749, 4.1), UserInfo (Core 1.0, 5.3). Pure. */
#ifndef OPENPOST_ADAPTERS_IDENTITY_OIDC_H
#define OPENPOST_ADAPTERS_IDENTITY_OIDC_H

#include "adapters/guard.h"
#include "adapters/http.h"
#include "core/message/json_node.h"
#include "core/message/refusal.h"
#include "core/wire/identity.h"

/* What a provider publishes of itself; texts borrow from the document. */
struct oidc_provider {
    struct span authorization_endpoint;
    struct span token_endpoint;
    struct span jwks_uri;
    struct span userinfo_endpoint; /* data NULL: it has none */
    bool basic;                    /* how the token endpoint takes a secret: client_secret_basic */
    bool post;                     /* client_secret_post */
    bool sends_iss;                /* its authorization responses have the parameter iss (RFC 9207) */
};

/* oidc_url_is_safe: https, or a loopback port that the guard opens, for development: secrets and codes go there. */
bool oidc_url_is_safe(const struct guard *guard, struct span url);

/* oidc_discovery_url appends where an issuer's document lies. ERR_NO_SPACE. */
enum err oidc_discovery_url(struct span issuer, struct buf *out) MUST_USE;
/* oidc_discovery_read reads the document of that issuer: provider_answer_invalid when it names another (to the byte),
 * lacks an endpoint or has one that is not safe, or says that it knows neither the code flow nor S256. */
enum refusal oidc_discovery_read(const struct json_node *document, struct span issuer, const struct guard *guard,
                                 struct oidc_provider *ret_provider) MUST_USE;

/* oidc_authorization_url appends the URL to send a browser to, for an IDENTITY_AUTHORIZE. ERR_NO_SPACE. */
enum err oidc_authorization_url(const struct oidc_provider *provider, const struct identity_ask *ask, struct buf *out)
    MUST_USE;

/* oidc_token_request fills the request that exchanges an IDENTITY_EXCHANGE's code; secret: data NULL: we are a public
 * client. provider_answer_invalid: it takes a secret in no way that we know; out_of_memory. */
enum refusal oidc_token_request(const struct oidc_provider *provider, const struct identity_ask *ask,
                                struct span secret, struct arena *arena, struct http_request *ret_request) MUST_USE;

/* What the token endpoint gave; borrowed from the arena. */
struct oidc_tokens {
    struct span id_token;
    struct span access_token; /* data NULL: none of a kind that we can use */
};

/* Each judges an answer. provider_unreachable: there was none, or it says that it is not available (429, 5xx);
 * provider_answer_invalid; out_of_memory. oidc_answer_object gives the JSON object of a 200. oidc_token_read further:
 * code_refused (invalid_grant), provider_refuses_us (any other error of RFC 6749, 5.2). */
enum refusal oidc_answer_object(const struct http_response *response, struct arena *arena,
                                const struct json_node **ret_object) MUST_USE;
enum refusal oidc_token_read(const struct http_response *response, struct arena *arena, struct oidc_tokens *ret_tokens)
    MUST_USE;

#endif
