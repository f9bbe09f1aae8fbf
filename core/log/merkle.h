/* merkle.h: RFC 9162 section 2.1: hashes, roots, inclusion and consistency proofs, checked and made. Pure: nodes come
 * from a function of the caller.
 *
 * A node is (level, index): level 0 are leaves; node (level, index) covers leaves [index << level, (index+1) << level).
 */
#ifndef OPENPOST_LOG_MERKLE_H
#define OPENPOST_LOG_MERKLE_H

#include "core/base/span.h"

#define MERKLE_PROOF_MAX 64

void merkle_leaf(struct span entry, uint8_t ret_hash[32]);
void merkle_node(const uint8_t left[32], const uint8_t right[32], uint8_t ret_hash[32]);

/* The right edge of a growing tree: one hash per set bit of size. */
struct merkle_edge {
    uint64_t size;
    uint8_t hashes[64][32]; /* hashes[level] is valid where size has bit level */
};

/* merkle_add adds a leaf's hash and calls complete (may be NULL) for each node that it completes, the leaf included. */
typedef void merkle_complete(void *context, unsigned level, uint64_t index, const uint8_t hash[32]);
void merkle_add(struct merkle_edge *edge, const uint8_t leaf[32], merkle_complete *complete, void *context);
void merkle_root(const struct merkle_edge *edge, uint8_t ret_root[32]);

/* merkle_inclusion and merkle_consistency ask node for complete subtrees and write the proof's hashes. Errors are
 * node's. */
typedef enum err merkle_node_at(void *context, unsigned level, uint64_t index, uint8_t ret_hash[32]);
enum err merkle_root_at(uint64_t size, merkle_node_at *node, void *context, uint8_t ret_root[32]) MUST_USE;
enum err merkle_inclusion(uint64_t index, uint64_t size, merkle_node_at *node, void *context,
                          uint8_t ret_proof[MERKLE_PROOF_MAX][32], size_t *ret_count) MUST_USE;
enum err merkle_consistency(uint64_t old_size, uint64_t size, merkle_node_at *node, void *context,
                            uint8_t ret_proof[MERKLE_PROOF_MAX][32], size_t *ret_count) MUST_USE;

/* merkle_check_inclusion and merkle_check_consistency verify (RFC 9162 sections 2.1.3.2 and 2.1.4.2); ERR_MALFORMED,
 * ERR_ALTERED. */
enum err merkle_check_inclusion(uint64_t index, uint64_t size, const uint8_t leaf[32], const uint8_t (*proof)[32],
                                size_t count, const uint8_t root[32]) MUST_USE;
enum err merkle_check_consistency(uint64_t old_size, const uint8_t old_root[32], uint64_t size, const uint8_t root[32],
                                  const uint8_t (*proof)[32], size_t count) MUST_USE;

#endif
