/* sha256.c: OpenSSL's SHA-256, called for every event several times. Through EVP a hash costs 200 ns before it has seen
 * a byte (measured with 3.0: 65 bytes 441 ns, 242 ns without), for its context is made anew each time; the functions
 * below are the same code without it. OpenSSL 3 calls them deprecated because they cannot be served by another
 * provider, which nobody asks for here. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "core/base/sha256.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
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

void sha256_hmac(struct span key, struct span bytes, uint8_t ret_tag[SHA256_LEN])
{
    unsigned len = 0;
    ASSERT(key.len <= 64); /* a block: nobody needs more */
    ASSERT(HMAC(EVP_sha256(), key.data, (int)key.len, bytes.data, bytes.len, ret_tag, &len) != NULL);
    ASSERT(len == SHA256_LEN);
}
