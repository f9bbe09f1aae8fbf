/* digest.h: one number for all that a store holds: stores with equal rows have equal ones. FNV-1a, 64 bits
 * (draft-eastlake-fnv): good enough to compare what tests make. */
#ifndef OPENPOST_TESTS_DIGEST_H
#define OPENPOST_TESTS_DIGEST_H

#include "core/base/assert.h"
#include "core/store/store.h"

#define DIGEST_OF_NOTHING UINT64_C(0xCBF29CE484222325)

/* digest_add adds bytes to the digest that context points to (a uint64_t). */
static inline void digest_add(void *context, struct span bytes)
{
    uint64_t *digest = context;
    for (size_t i = 0; i < bytes.len; i++) {
        *digest = (*digest ^ bytes.data[i]) * UINT64_C(0x100000001B3);
    }
}

/* digest_of is the digest of every row but those of the tables whose first byte is in skip. */
static inline uint64_t digest_of(struct store *store, struct span skip)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    uint64_t digest = DIGEST_OF_NOTHING;
    ASSERT(store_begin(store, false, &txn) == OK);
    ASSERT(store_digest(txn, skip, digest_add, &digest) == OK);
    return digest;
}

#endif
