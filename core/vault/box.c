/* box.c: see box.h. The vault's only user of OpenSSL, called by the vault, by gateway and scheduler (credentials on
 * their way) and by adapters. It must never keep a key, a plain text or a digest of one beyond the call, and never
 * choose a nonce itself.
 *
 * The algorithms are fetched once per process (a fetch costs more than sealing 300 bytes); they are immutable and
 * shared by all threads, which is why they may be static. */
#include "core/vault/box.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <pthread.h>

#include "core/base/assert.h"
#include "core/base/owned.h"

#define BOX_VERSION 1
#define NONCE_LEN 12
#define TAG_LEN 16
#define PIECE_MAX ((size_t)1 << 30) /* OpenSSL counts in int */

static pthread_once_t fetched = PTHREAD_ONCE_INIT;
static EVP_CIPHER *gcm;
static EVP_KDF *hkdf;

static void fetch(void)
{
    gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    ASSERT(gcm != NULL);
    ASSERT(hkdf != NULL);
}

static void fetch_once(void)
{
    const int rc = pthread_once(&fetched, fetch);
    ASSERT(rc == 0);
}

OWNED_BY(EVP_CIPHER_CTX_free, EVP_CIPHER_CTX *);
OWNED_BY(EVP_KDF_CTX_free, EVP_KDF_CTX *);

/* Feeds what is authenticated, then turns in into out. The context's direction was set by the caller. */
static bool run(EVP_CIPHER_CTX *ctx, struct span what, struct span in, uint8_t *out)
{
    int len = 0;
    if (what.len > 0 && EVP_CipherUpdate(ctx, NULL, &len, what.data, (int)what.len) != 1) {
        return false;
    }
    if (in.len == 0) {
        return true;
    }
    return EVP_CipherUpdate(ctx, out, &len, in.data, (int)in.len) == 1 && (size_t)len == in.len;
}

enum err box_seal(const uint8_t key[BOX_KEY_LEN], const uint8_t nonce[12], struct span what, struct span plain,
                  struct buf *out)
{
    fetch_once();
    ASSERT(plain.len < PIECE_MAX);
    ASSERT(what.len < PIECE_MAX);
    if (out->overflow || out->cap - out->len < plain.len + BOX_OVERHEAD) {
        return ERR_NO_SPACE;
    }
    OWNED(EVP_CIPHER_CTX_free) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    ASSERT(ctx != NULL);
    uint8_t *const box = out->data + out->len;
    box[0] = BOX_VERSION;
    memcpy(box + 1, nonce, NONCE_LEN);
    uint8_t *const cipher = box + 1 + NONCE_LEN;
    int last = 0;
    const bool sealed = EVP_CipherInit_ex2(ctx, gcm, key, nonce, 1, NULL) == 1 && run(ctx, what, plain, cipher) &&
                        EVP_CipherFinal_ex(ctx, cipher + plain.len, &last) == 1 &&
                        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, cipher + plain.len) == 1;
    ASSERT(sealed);
    ASSERT(last == 0);
    out->len += plain.len + BOX_OVERHEAD;
    return OK;
}

enum err box_open(const uint8_t key[BOX_KEY_LEN], struct span what, struct span box, struct buf *out)
{
    fetch_once();
    if (box.len < BOX_OVERHEAD) {
        return ERR_TRUNCATED;
    }
    if (box.data[0] != BOX_VERSION) {
        return ERR_VERSION;
    }
    const struct span cipher = span_of(box.data + 1 + NONCE_LEN, box.len - BOX_OVERHEAD);
    ASSERT(what.len < PIECE_MAX);
    if (cipher.len >= PIECE_MAX || out->overflow || out->cap - out->len < cipher.len) {
        return ERR_NO_SPACE;
    }
    OWNED(EVP_CIPHER_CTX_free) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    ASSERT(ctx != NULL);
    uint8_t tag[TAG_LEN];
    memcpy(tag, cipher.data + cipher.len, TAG_LEN);
    uint8_t *const plain = out->data + out->len;
    uint8_t nothing[16];
    int last = 0;
    const bool ready = EVP_CipherInit_ex2(ctx, gcm, key, box.data + 1, 0, NULL) == 1 && run(ctx, what, cipher, plain) &&
                       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, tag) == 1;
    ASSERT(ready);
    if (EVP_CipherFinal_ex(ctx, nothing, &last) != 1) {
        OPENSSL_cleanse(plain, cipher.len); /* what was not authenticated is shown to nobody */
        return ERR_AUTH;
    }
    out->len += cipher.len;
    return OK;
}

enum err box_derive(const uint8_t master[BOX_KEY_LEN], const char *purpose, uint8_t ret_key[BOX_KEY_LEN])
{
    fetch_once();
    OWNED(EVP_KDF_CTX_free) EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(hkdf);
    ASSERT(ctx != NULL);
    char digest[] = "SHA256";
    uint8_t secret[BOX_KEY_LEN];
    memcpy(secret, master, BOX_KEY_LEN);
    uint8_t info[256]; /* OSSL_PARAM takes no const */
    const size_t info_len = strlen(purpose);
    ASSERT(info_len <= sizeof info);
    memcpy(info, purpose, info_len);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret, sizeof secret),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, info_len),
        OSSL_PARAM_construct_end(),
    };
    uint8_t key[BOX_KEY_LEN];
    const bool derived = EVP_KDF_derive(ctx, key, sizeof key, params) == 1;
    OPENSSL_cleanse(secret, sizeof secret);
    ASSERT(derived);
    memcpy(ret_key, key, sizeof key);
    OPENSSL_cleanse(key, sizeof key);
    return OK;
}
