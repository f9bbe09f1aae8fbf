/* tokens.h: signed tokens and the key sets to them, made with OpenSSL alone, so that what verifies them (libcjose) is
 * not its own witness. */
#ifndef OPENPOST_TESTS_UNIT_TOKENS_H
#define OPENPOST_TESTS_UNIT_TOKENS_H

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/base64.h"
#include "core/base/span.h"

/* base64url without padding. */
static inline void token_part(struct buf *out, struct span bytes)
{
    static uint8_t text[65536];
    struct buf padded = buf_of(text, sizeof text);
    base64_write(&padded, bytes);
    ASSERT(buf_ok(&padded));
    for (size_t i = 0; i < padded.len && text[i] != '='; i++) {
        buf_byte(out, text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i]);
    }
}

static inline EVP_PKEY *token_rsa(unsigned bits)
{
    return EVP_RSA_gen(bits);
}

static inline EVP_PKEY *token_ec(const char *curve)
{
    return EVP_EC_gen(curve);
}

/* DER to the two numbers that JWS wants. */
static inline size_t token_flat(const uint8_t *der, size_t len, size_t number_len, uint8_t *out)
{
    const uint8_t *at = der;
    ECDSA_SIG *numbers = d2i_ECDSA_SIG(NULL, &at, (long)len);
    ASSERT(numbers != NULL);
    ASSERT(BN_bn2binpad(ECDSA_SIG_get0_r(numbers), out, (int)number_len) >= 0);
    ASSERT(BN_bn2binpad(ECDSA_SIG_get0_s(numbers), out + number_len, (int)number_len) >= 0);
    ECDSA_SIG_free(numbers);
    return 2 * number_len;
}

/* The signature that alg ("RS256" …) makes of text. */
static inline size_t token_signature(EVP_PKEY *key, const char *alg, struct span text, uint8_t out[1024])
{
    uint8_t made[1024];
    size_t len = sizeof made;
    EVP_PKEY_CTX *of = NULL;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const char *digest = strcmp(alg + 2, "256") == 0 ? "SHA256" : strcmp(alg + 2, "384") == 0 ? "SHA384" : "SHA512";
    ASSERT(EVP_DigestSignInit_ex(ctx, &of, digest, NULL, NULL, key, NULL) == 1);
    if (alg[0] == 'P') {
        ASSERT(EVP_PKEY_CTX_set_rsa_padding(of, RSA_PKCS1_PSS_PADDING) == 1);
        ASSERT(EVP_PKEY_CTX_set_rsa_pss_saltlen(of, RSA_PSS_SALTLEN_DIGEST) == 1);
    }
    ASSERT(EVP_DigestSign(ctx, made, &len, text.data, text.len) == 1);
    EVP_MD_CTX_free(ctx);
    if (alg[0] == 'E') {
        return token_flat(made, len, ((size_t)EVP_PKEY_get_bits(key) + 7) / 8, out);
    }
    memcpy(out, made, len);
    return len;
}

/* header.claims.signature; a key NULL: the signature is empty. */
static inline void token_write(struct buf *out, struct span header, struct span claims, EVP_PKEY *key, const char *alg)
{
    uint8_t signature[1024];
    const size_t from = out->len;
    token_part(out, header);
    buf_byte(out, '.');
    token_part(out, claims);
    const struct span text = span_of(out->data + from, out->len - from);
    const size_t len = key == NULL ? 0 : token_signature(key, alg, text, signature);
    buf_byte(out, '.');
    token_part(out, span_of(signature, len));
    ASSERT(buf_ok(out));
}

static inline void token_number(struct buf *out, const char *name, EVP_PKEY *key, const char *parameter, size_t pad)
{
    uint8_t bytes[1024];
    BIGNUM *number = NULL;
    ASSERT(EVP_PKEY_get_bn_param(key, parameter, &number) == 1);
    const size_t len = pad != 0 ? pad : (size_t)BN_num_bytes(number);
    ASSERT(BN_bn2binpad(number, bytes, (int)len) >= 0);
    BN_free(number);
    buf_text(out, ",\"");
    buf_text(out, name);
    buf_text(out, "\":\"");
    token_part(out, span_of(bytes, len));
    buf_byte(out, '"');
}

/* One public key as JSON; more: further members, each after a comma. */
static inline void token_key(struct buf *out, EVP_PKEY *key, const char *kid, const char *more)
{
    const size_t bits = (size_t)EVP_PKEY_get_bits(key);
    const bool is_rsa = EVP_PKEY_is_a(key, "RSA") == 1;
    buf_text(out, is_rsa        ? "{\"kty\":\"RSA\""
                  : bits == 256 ? "{\"kty\":\"EC\",\"crv\":\"P-256\""
                  : bits == 384 ? "{\"kty\":\"EC\",\"crv\":\"P-384\""
                                : "{\"kty\":\"EC\",\"crv\":\"P-521\"");
    if (is_rsa) {
        token_number(out, "n", key, OSSL_PKEY_PARAM_RSA_N, 0);
        token_number(out, "e", key, OSSL_PKEY_PARAM_RSA_E, 0);
    } else {
        token_number(out, "x", key, OSSL_PKEY_PARAM_EC_PUB_X, (bits + 7) / 8);
        token_number(out, "y", key, OSSL_PKEY_PARAM_EC_PUB_Y, (bits + 7) / 8);
    }
    if (kid != NULL) {
        buf_text(out, ",\"kid\":\"");
        buf_text(out, kid);
        buf_byte(out, '"');
    }
    buf_text(out, more);
    buf_byte(out, '}');
}

#endif
