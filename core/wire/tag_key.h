/* tag_key.h: what is made of an API key. The key is shown once and kept nowhere; its tag key, SHA-256(key), makes the
 * tags of frames: it is a secret as the key is, and the ledger keeps it sealed in the vault; the fingerprint,
 * SHA-256(tag key), is what log, views and everybody may see: it recognises a key and opens nothing. A key has 256 bits
 * of chance, so plain hashes need neither salt nor work factor. */
#ifndef OPENPOST_WIRE_TAG_KEY_H
#define OPENPOST_WIRE_TAG_KEY_H

#include "core/base/sha256.h"

#define TAG_KEY_LEN SHA256_LEN

void tag_key_of(struct span api_key, uint8_t ret_tag_key[TAG_KEY_LEN]);
void tag_key_fingerprint(const uint8_t tag_key[TAG_KEY_LEN], uint8_t ret_fingerprint[SHA256_LEN]);
/* tag_key_fingerprint_of is both, from the API key, for who only compares. */
void tag_key_fingerprint_of(struct span api_key, uint8_t ret_fingerprint[SHA256_LEN]);

#endif
