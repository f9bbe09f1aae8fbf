/* frame.c: see frame.h. Called by endpoint's users (ledger main, client) and the fuzz target; wire's only user of
 * OpenSSL. What it reads comes from anybody who can connect: it must never trust a length, nor say by its timing how
 * much of a tag was right.
 *
 * An HMAC context costs more to make than to use: a frame_key keeps one and starts it again with a NULL key, which
 * means "the same". */
#include "core/wire/frame.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>

#include "core/base/assert.h"
#include "core/wire/pack.h"

struct frame_key {
    EVP_MAC *mac;
    EVP_MAC_CTX *ctx;
};

void frame_key_set(struct frame_key *key, const uint8_t bytes[FRAME_KEY_LEN])
{
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    const int rc = EVP_MAC_init(key->ctx, bytes, FRAME_KEY_LEN, params);
    ASSERT(rc == 1);
}

enum err frame_key_new(const uint8_t bytes[FRAME_KEY_LEN], struct frame_key **ret_key)
{
    OWNED(frame_key_free) struct frame_key *key = calloc(1, sizeof *key);
    if (key == NULL) {
        return ERR_NO_MEMORY;
    }
    key->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    key->ctx = key->mac == NULL ? NULL : EVP_MAC_CTX_new(key->mac);
    if (key->ctx == NULL) {
        return ERR_NO_MEMORY;
    }
    frame_key_set(key, bytes);
    *ret_key = key;
    key = NULL;
    return OK;
}

void frame_key_free(struct frame_key *key)
{
    if (key == NULL) {
        return;
    }
    EVP_MAC_CTX_free(key->ctx);
    EVP_MAC_free(key->mac);
    free(key);
}

static void tag_of(struct frame_key *key, struct span a, struct span b, uint8_t ret_tag[FRAME_TAG_LEN])
{
    size_t len = 0;
    const bool made = EVP_MAC_init(key->ctx, NULL, 0, NULL) == 1 && EVP_MAC_update(key->ctx, a.data, a.len) == 1 &&
                      EVP_MAC_update(key->ctx, b.data, b.len) == 1 &&
                      EVP_MAC_final(key->ctx, ret_tag, &len, FRAME_TAG_LEN) == 1;
    ASSERT(made);
    ASSERT(len == FRAME_TAG_LEN);
}

static bool kind_is_known(uint64_t kind)
{
    const uint64_t request = kind >= FRAME_REPLY ? kind - FRAME_REPLY : kind;
    return (request >= FRAME_HELLO && request < FRAME_KIND_END) || kind == FRAME_WELCOME || kind == FRAME_REFUSED;
}

enum err frame_write(struct frame_key *key, const struct frame *frame, struct buf *out)
{
    ASSERT(kind_is_known(frame->kind));
    if (frame->body.len > FRAME_BYTES_MAX - FRAME_OVERHEAD_MAX) {
        return ERR_TOO_LONG;
    }
    const size_t start = out->len;
    pack_array(out, 6);
    pack_uint(out, FRAME_VERSION);
    pack_uint(out, frame->kind);
    pack_bin(out, span_of(frame->id, FRAME_ID_LEN));
    pack_bin(out, span_of(frame->challenge, FRAME_ID_LEN));
    if (frame->has_key_name) {
        pack_bin(out, span_of(frame->key_name, FRAME_ID_LEN));
    } else {
        pack_nil(out);
    }
    pack_bin(out, frame->body);
    uint8_t tag[FRAME_TAG_LEN] = {0};
    if (key != NULL && buf_ok(out)) {
        tag_of(key, span_of(out->data + start, out->len - start), SPAN(""), tag);
    }
    buf_put(out, span_of(tag, sizeof tag));
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

enum err frame_read(struct span bytes, struct frame *ret_frame)
{
    if (bytes.len > FRAME_BYTES_MAX) {
        return ERR_TOO_LONG;
    }
    if (bytes.len < FRAME_TAG_LEN) {
        return ERR_TRUNCATED;
    }
    struct span rest = span_of(bytes.data, bytes.len - FRAME_TAG_LEN);
    struct frame frame = {0};
    uint64_t version = 0;
    uint64_t kind = 0;
    TRY(unpack_exactly(&rest, 6));
    TRY(unpack_uint(&rest, UINT64_MAX, &version));
    if (version != FRAME_VERSION) {
        return ERR_VERSION;
    }
    TRY(unpack_uint(&rest, UINT64_MAX, &kind));
    if (!kind_is_known(kind)) {
        return ERR_KIND;
    }
    frame.kind = (uint8_t)kind;
    TRY(unpack_fixed(&rest, frame.id, FRAME_ID_LEN));
    TRY(unpack_fixed(&rest, frame.challenge, FRAME_ID_LEN));
    if (!unpack_is_nil(&rest)) {
        frame.has_key_name = true;
        TRY(unpack_fixed(&rest, frame.key_name, FRAME_ID_LEN));
    }
    TRY(unpack_bin(&rest, FRAME_BYTES_MAX, &frame.body));
    if (rest.len != 0) {
        return ERR_TRAILING;
    }
    *ret_frame = frame;
    return OK;
}

bool frame_check(struct frame_key *key, struct span bytes)
{
    ASSERT(bytes.len >= FRAME_TAG_LEN);
    const size_t len = bytes.len - FRAME_TAG_LEN;
    uint8_t tag[FRAME_TAG_LEN];
    tag_of(key, span_of(bytes.data, len), SPAN(""), tag);
    return CRYPTO_memcmp(tag, bytes.data + len, FRAME_TAG_LEN) == 0;
}

void frame_wake_write(struct frame_key *key, uint64_t head, uint8_t ret_bytes[FRAME_WAKE_LEN])
{
    put_be64(ret_bytes, head);
    tag_of(key, SPAN("wake"), span_of(ret_bytes, 8), ret_bytes + 8);
}

enum err frame_wake_read(struct frame_key *key, struct span bytes, uint64_t *ret_head)
{
    if (bytes.len != FRAME_WAKE_LEN) {
        return ERR_MALFORMED;
    }
    uint8_t tag[FRAME_TAG_LEN];
    tag_of(key, SPAN("wake"), span_of(bytes.data, 8), tag);
    if (CRYPTO_memcmp(tag, bytes.data + 8, FRAME_TAG_LEN) != 0) {
        return ERR_AUTH;
    }
    *ret_head = get_be64(bytes.data);
    return OK;
}
