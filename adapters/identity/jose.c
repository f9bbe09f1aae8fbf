/* jose.c: see jose.h. Called by jwks.c. libcjose gets keys as numbers that were measured, never a provider's JSON, and
 * a token whose header was read strictly before (id_token.c): the algorithm that it uses is the one that was judged. */
#include "adapters/identity/jose.h"

#include <cjose/cjose.h>

#include "core/base/owned.h"

static const struct {
    const char *alg;
    enum jose_kind kind;
} taken[] = {
    {"RS256", JOSE_RSA },
    {"RS384", JOSE_RSA },
    {"RS512", JOSE_RSA },
    {"PS256", JOSE_RSA },
    {"PS384", JOSE_RSA },
    {"PS512", JOSE_RSA },
    {"ES256", JOSE_P256},
    {"ES384", JOSE_P384},
    {"ES512", JOSE_P521},
};

OWNED_BY(cjose_jws_release, cjose_jws_t *);

static inline void release_key(cjose_jwk_t *key)
{
    (void)cjose_jwk_release(key);
}

OWNED_BY(release_key, cjose_jwk_t *);

enum jose_kind jose_kind_of(struct span alg)
{
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        if (span_equal(alg, span_text(taken[i].alg))) {
            return taken[i].kind;
        }
    }
    return JOSE_NONE;
}

static size_t coordinate_len(enum jose_kind kind)
{
    return kind == JOSE_P256 ? 32 : kind == JOSE_P384 ? 48 : JOSE_COORDINATE_MAX;
}

bool jose_key_is_good(const struct jose_key *key)
{
    if (key->kind == JOSE_NONE) {
        return false;
    }
    if (key->kind != JOSE_RSA) {
        return key->a.len == coordinate_len(key->kind) && key->b.len == key->a.len;
    }
    return key->a.len >= JOSE_RSA_MIN && key->a.len <= JOSE_RSA_MAX && key->a.data[0] != 0 && key->b.len > 0 &&
           key->b.len <= JOSE_EXPONENT_MAX;
}

/* libcjose's specs take no const. */
static cjose_jwk_t *import_rsa(const struct jose_key *key)
{
    uint8_t modulus[JOSE_RSA_MAX];
    uint8_t exponent[JOSE_EXPONENT_MAX];
    cjose_err fault;
    memcpy(modulus, key->a.data, key->a.len);
    memcpy(exponent, key->b.data, key->b.len);
    const cjose_jwk_rsa_keyspec spec = {.n = modulus, .nlen = key->a.len, .e = exponent, .elen = key->b.len};
    return cjose_jwk_create_RSA_spec(&spec, &fault);
}

static cjose_jwk_t *import_ec(const struct jose_key *key)
{
    uint8_t x[JOSE_COORDINATE_MAX];
    uint8_t y[JOSE_COORDINATE_MAX];
    cjose_err fault;
    memcpy(x, key->a.data, key->a.len);
    memcpy(y, key->b.data, key->b.len);
    const cjose_jwk_ec_keyspec spec = {.crv = key->kind == JOSE_P256   ? CJOSE_JWK_EC_P_256
                                              : key->kind == JOSE_P384 ? CJOSE_JWK_EC_P_384
                                                                       : CJOSE_JWK_EC_P_521,
                                       .x = x,
                                       .xlen = key->a.len,
                                       .y = y,
                                       .ylen = key->b.len};
    return cjose_jwk_create_EC_spec(&spec, &fault);
}

bool jose_verify(struct span token, struct span alg, const struct jose_key *key)
{
    cjose_err fault;
    const enum jose_kind kind = jose_kind_of(alg);
    if (kind == JOSE_NONE || key->kind != kind || !jose_key_is_good(key)) {
        return false;
    }
    OWNED(release_key) cjose_jwk_t *jwk = kind == JOSE_RSA ? import_rsa(key) : import_ec(key);
    if (jwk == NULL) {
        return false;
    }
    OWNED(cjose_jws_release) cjose_jws_t *jws = cjose_jws_import((const char *)token.data, token.len, &fault);
    return jws != NULL && cjose_jws_verify(jws, jwk, &fault);
}
