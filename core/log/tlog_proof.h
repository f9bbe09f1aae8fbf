/* tlog_proof.h: proofs of inclusion as files that other people's tools verify: C2SP tlog-proof
 * (https://c2sp.org/tlog-proof). A proof says that a leaf is the entry of that index under a signed tree head; the leaf
 * itself travels in the "extra" line, as base64, and what belongs to it behind it. */
#ifndef OPENPOST_LOG_TLOG_PROOF_H
#define OPENPOST_LOG_TLOG_PROOF_H

#include "core/log/merkle.h"

struct tlog_proof {
    uint64_t index; /* seq - 1 */
    uint8_t hashes[MERKLE_PROOF_MAX][32];
    size_t count;
    struct span extra;      /* base64 as it stands; data NULL: none */
    struct span checkpoint; /* the signed note */
};

/* tlog_proof_write writes the whole file: index is seq - 1, hashes as log_inclusion gives them; extra: data NULL for
 * none. */
void tlog_proof_write(uint64_t index, const uint8_t (*hashes)[32], size_t count, struct span extra,
                      struct span checkpoint, struct buf *out);
/* tlog_proof_read reads one strictly; what it finds borrows from text, and nothing of it is verified. ERR_MALFORMED,
 * ERR_VERSION, ERR_TOO_LONG. */
enum err tlog_proof_read(struct span text, struct tlog_proof *ret_proof) MUST_USE;
/* tlog_proof_check verifies that leaf is what the proof is about, under a checkpoint of the log named origin signed by
 * public_key. ERR_AUTH: the checkpoint is not; ERR_ALTERED: the leaf is not in that tree at that place; ERR_MALFORMED,
 * ERR_TOO_LONG. */
enum err tlog_proof_check(const struct tlog_proof *proof, const char *origin, const uint8_t public_key[32],
                          struct span leaf) MUST_USE;

#endif
