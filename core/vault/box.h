/* box.h: sealed boxes: AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce. box.c is the vault's only user of
 * OpenSSL.
 *
 * A box is version byte 1, nonce (12), ciphertext, tag (16). what binds a box to its use: it is authenticated, not
 * stored. */
#ifndef OPENPOST_VAULT_BOX_H
#define OPENPOST_VAULT_BOX_H

#include "core/base/sha256.h"
#include "core/base/span.h"

#define BOX_KEY_LEN 32
#define BOX_OVERHEAD 29

/* box_seal appends the box of plain to out; ERR_NO_SPACE. box_open appends the plain text; ERR_AUTH when the key, what
 * or the bytes are not the same, ERR_TRUNCATED, ERR_VERSION, ERR_NO_SPACE. box_derive derives a key for a purpose from
 * a master key (HKDF-SHA-256, RFC 5869). */
enum err box_seal(const uint8_t key[BOX_KEY_LEN], const uint8_t nonce[12], struct span what, struct span plain,
                  struct buf *out) MUST_USE;
enum err box_open(const uint8_t key[BOX_KEY_LEN], struct span what, struct span box, struct buf *out) MUST_USE;
enum err box_derive(const uint8_t master[BOX_KEY_LEN], const char *purpose, uint8_t ret_key[BOX_KEY_LEN]) MUST_USE;

#endif
