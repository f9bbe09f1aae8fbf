/* checkpoint.h: signed tree heads: C2SP tlog-checkpoint over C2SP signed-note, Ed25519 (key type 0x01).
 * https://c2sp.org/tlog-checkpoint, https://c2sp.org/signed-note */
#ifndef OPENPOST_LOG_CHECKPOINT_H
#define OPENPOST_LOG_CHECKPOINT_H

#include "core/base/owned.h"
#include "core/base/span.h"

#define CHECKPOINT_NAME_MAX 100 /* bytes of a key's name, which is also the checkpoint's origin */

struct checkpoint_key; /* an Ed25519 signing key and its name */

/* checkpoint_key_new makes a key from a 32-byte seed (RFC 8032) and a name without spaces or '+'; ERR_MALFORMED,
 * ERR_NO_MEMORY. */
enum err checkpoint_key_new(const uint8_t seed[32], const char *name, struct checkpoint_key **ret_key) MUST_USE;
void checkpoint_key_free(struct checkpoint_key *key);
OWNED_BY(checkpoint_key_free, struct checkpoint_key *);
const uint8_t *checkpoint_key_public(const struct checkpoint_key *key); /* 32 bytes, borrowed */
const char *checkpoint_key_name(const struct checkpoint_key *key);
/* A verifier key (C2SP signed-note's vkey): name+hash+base64(0x01 || public key), all that is needed to check what the
 * key signs. checkpoint_key_verifier writes the text; checkpoint_verifier_read reads it strictly: ERR_MALFORMED. */
#define CHECKPOINT_VERIFIER_MAX (CHECKPOINT_NAME_MAX + 1 + 8 + 1 + 44)

struct checkpoint_verifier {
    char name[CHECKPOINT_NAME_MAX + 1];
    uint8_t public_key[32];
};

void checkpoint_key_verifier(const struct checkpoint_key *key, struct buf *out);
enum err checkpoint_verifier_read(struct span text, struct checkpoint_verifier *ret_verifier) MUST_USE;

/* checkpoint_sign writes the whole note: origin, size, root, blank line, signature line. */
enum err checkpoint_sign(const struct checkpoint_key *key, uint64_t size, const uint8_t root[32], struct buf *out)
    MUST_USE;
/* checkpoint_open verifies a note by the key named origin and returns what it says. ERR_MALFORMED, ERR_AUTH (no valid
 * signature by that key), ERR_TOO_LONG. */
enum err checkpoint_open(struct span note, const char *origin, const uint8_t public_key[32], uint64_t *ret_size,
                         uint8_t ret_root[32]) MUST_USE;
/* note_sign and note_open are the signed note under it: any text that ends in a newline. */
enum err note_sign(const struct checkpoint_key *key, struct span text, struct buf *out) MUST_USE;
enum err note_open(struct span note, const char *name, const uint8_t public_key[32], struct span *ret_text) MUST_USE;

#endif
