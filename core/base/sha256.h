/* sha256.h: SHA-256 (FIPS 180-4) of short inputs, fast. */
#ifndef OPENPOST_BASE_SHA256_H
#define OPENPOST_BASE_SHA256_H

#include "core/base/span.h"

#define SHA256_LEN 32

/* sha256 hashes bytes; sha256_tagged hashes tag, then a, then b (RFC 9162 section 2.1.1: 0x00 leaves, 0x01 nodes).
 * Neither can fail. */
void sha256(struct span bytes, uint8_t ret_hash[SHA256_LEN]);
void sha256_tagged(uint8_t tag, struct span a, struct span b, uint8_t ret_hash[SHA256_LEN]);
/* sha256_hmac is HMAC-SHA-256 (RFC 2104); the key has 64 bytes at most. */
void sha256_hmac(struct span key, struct span bytes, uint8_t ret_tag[SHA256_LEN]);

#endif
