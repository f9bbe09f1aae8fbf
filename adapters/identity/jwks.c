/* jwks.c: see jwks.h. Called by catalog.c and inquiry.c. It never tries a key under a name that the token does not
 * give, nor under an algorithm that the key was not published for. */
#include "adapters/identity/jwks.h"

#include "core/base/base64.h"

#define TRIES_WITHOUT_NAME 8 /* keys that a token without a kid is tried with */

static enum jose_kind read_kind(const struct json_node *jwk)
{
    const struct span kty = json_node_text(jwk, "kty");
    const struct span crv = json_node_text(jwk, "crv");
    if (span_equal(kty, SPAN("RSA"))) {
        return JOSE_RSA;
    }
    if (!span_equal(kty, SPAN("EC"))) {
        return JOSE_NONE;
    }
    return span_equal(crv, SPAN("P-256"))   ? JOSE_P256
           : span_equal(crv, SPAN("P-384")) ? JOSE_P384
           : span_equal(crv, SPAN("P-521")) ? JOSE_P521
                                            : JOSE_NONE;
}

static bool is_for_signatures(const struct json_node *jwk)
{
    const struct json_node *use = json_node_member(jwk, "use");
    const struct json_node *ops = json_node_member(jwk, "key_ops");
    bool verifies = ops == NULL;
    for (const struct json_node *op = ops != NULL ? ops->first : NULL; op != NULL; op = op->next) {
        verifies = verifies || (op->kind == NODE_TEXT && span_equal(op->text, SPAN("verify")));
    }
    return verifies && (use == NULL || span_equal(json_node_text(jwk, "use"), SPAN("sig")));
}

/* A number, big-endian, in the arena. ERR_MALFORMED, ERR_NO_MEMORY. */
static enum err read_number(const struct json_node *jwk, const char *name, struct arena *arena, struct span *ret_number)
{
    const struct span text = json_node_text(jwk, name);
    if (text.len == 0 || text.len > 2 * JOSE_RSA_MAX) {
        return ERR_MALFORMED;
    }
    uint8_t *bytes = arena_alloc(arena, text.len);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf number = buf_of(bytes, text.len);
    TRY(base64url_read(text, &number));
    struct span found = buf_span(&number);
    while (found.len > 0 && found.data[0] == 0 && json_node_member(jwk, "n") != NULL) {
        found = span_of(found.data + 1, found.len - 1); /* the sign's byte, which some write before a modulus */
    }
    *ret_number = found;
    return OK;
}

/* ERR_NO_MEMORY; any other error: not a key for us. */
static enum err read_key(const struct json_node *jwk, struct arena *arena, struct jwks_key *ret_key)
{
    struct jwks_key key = {
        .key.kind = read_kind(jwk), .kid = json_node_text(jwk, "kid"), .alg = json_node_text(jwk, "alg")};
    const bool is_rsa = key.key.kind == JOSE_RSA;
    if (key.key.kind == JOSE_NONE || !is_for_signatures(jwk)) {
        return ERR_UNSUPPORTED;
    }
    TRY(read_number(jwk, is_rsa ? "n" : "x", arena, &key.key.a));
    TRY(read_number(jwk, is_rsa ? "e" : "y", arena, &key.key.b));
    if (!jose_key_is_good(&key.key)) {
        return ERR_UNSUPPORTED;
    }
    *ret_key = key;
    return OK;
}

enum refusal jwks_read(const struct json_node *set, struct arena *arena, struct jwks *ret_keys)
{
    const struct json_node *list = json_node_member(set, "keys");
    if (!json_node_is(list, NODE_LIST) || list->count > PROVIDER_KEYS_MAX) {
        return REFUSED_provider_answer_invalid;
    }
    ret_keys->count = 0;
    for (const struct json_node *jwk = list->first; jwk != NULL; jwk = jwk->next) {
        const enum err err = read_key(jwk, arena, &ret_keys->keys[ret_keys->count]);
        if (err == ERR_NO_MEMORY) {
            return REFUSED_out_of_memory;
        }
        ret_keys->count += err == OK ? 1 : 0;
    }
    return ACCEPTED;
}

static bool fits(const struct jwks_key *key, const struct id_token *token, enum jose_kind kind)
{
    const bool named = token->kid.data == NULL || (key->kid.data != NULL && span_equal(key->kid, token->kid));
    return named && key->key.kind == kind && (key->alg.data == NULL || span_equal(key->alg, token->alg));
}

enum refusal jwks_verify(const struct jwks *keys, const struct id_token *token, bool *ret_unknown)
{
    const enum jose_kind kind = jose_kind_of(token->alg);
    uint32_t tried = 0;
    *ret_unknown = false;
    if (kind == JOSE_NONE) {
        return REFUSED_token_signature_invalid; /* no key makes it a good one */
    }
    for (uint32_t i = 0; i < keys->count && tried < TRIES_WITHOUT_NAME; i++) {
        if (fits(&keys->keys[i], token, kind)) {
            tried++;
            if (jose_verify(token->whole, token->alg, &keys->keys[i].key)) {
                return ACCEPTED;
            }
        }
    }
    *ret_unknown = tried == 0;
    return REFUSED_token_signature_invalid;
}
