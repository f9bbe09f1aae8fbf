/* sha256.c: OpenSSL's SHA-256, called for every event several times. Through EVP a hash costs 200 ns before it has seen
 * a byte (measured with 3.0: 65 bytes 441 ns, 242 ns without), for its context is made anew each time, and an HMAC more
 * than a microsecond; the functions below are the same code without it. OpenSSL 3 calls them deprecated because they
 * cannot be served by another provider, which nobody asks for here. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "core/base/sha256.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "core/base/assert.h"

void sha256(struct span bytes, uint8_t ret_hash[SHA256_LEN])
{
    SHA256_CTX context;
    ASSERT(SHA256_Init(&context) == 1);
    ASSERT(SHA256_Update(&context, bytes.data, bytes.len) == 1);
    ASSERT(SHA256_Final(ret_hash, &context) == 1);
}

void sha256_tagged(uint8_t tag, struct span a, struct span b, uint8_t ret_hash[SHA256_LEN])
{
    SHA256_CTX context;
    ASSERT(SHA256_Init(&context) == 1);
    ASSERT(SHA256_Update(&context, &tag, 1) == 1);
    ASSERT(SHA256_Update(&context, a.data, a.len) == 1);
    ASSERT(SHA256_Update(&context, b.data, b.len) == 1);
    ASSERT(SHA256_Final(ret_hash, &context) == 1);
}

/* The hash of the key's block, each byte of which is changed by mask, and then of bytes. */
static void hash_keyed(struct span key, uint8_t mask, struct span bytes, uint8_t ret_hash[SHA256_LEN])
{
    uint8_t block[SHA256_CBLOCK];
    SHA256_CTX context;
    ASSERT(key.len <= sizeof block); /* nobody needs more */
    memset(block, mask, sizeof block);
    for (size_t i = 0; i < key.len; i++) {
        block[i] ^= key.data[i];
    }
    ASSERT(SHA256_Init(&context) == 1);
    ASSERT(SHA256_Update(&context, block, sizeof block) == 1);
    ASSERT(SHA256_Update(&context, bytes.data, bytes.len) == 1);
    ASSERT(SHA256_Final(ret_hash, &context) == 1);
    OPENSSL_cleanse(block, sizeof block);
    OPENSSL_cleanse(&context, sizeof context);
}

void sha256_hmac(struct span key, struct span bytes, uint8_t ret_tag[SHA256_LEN])
{
    uint8_t inner[SHA256_LEN];
    hash_keyed(key, 0x36, bytes, inner);
    hash_keyed(key, 0x5C, span_of(inner, sizeof inner), ret_tag);
}
