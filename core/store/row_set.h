/* row_set.h: rows that were put or deleted, in memory, until they are written to a store in the order of their keys.
 * Private to core/store: a generation of store_buffer.c. */
#ifndef OPENPOST_STORE_ROW_SET_H
#define OPENPOST_STORE_ROW_SET_H

#include "core/base/arena.h"
#include "core/store/store.h"

/* A row that differs from the base's, or a hole where the base may have one. */
struct kept {
    uint8_t *value;
    uint32_t value_len;
    uint32_t value_cap;
    uint16_t key_len;
    bool deleted;
    uint8_t key[];
};

/* A kept row with the first 24 bytes of its key as numbers, which order most rows without a look at the row itself. */
struct sorted {
    uint64_t head[3];
    struct kept *kept;
};

/* Where a row is found: with its hash, for most rows that are asked for are not here and need no look at another's key.
 */
struct row_slot {
    uint64_t hash;
    struct kept *kept; /* NULL: free */
};

/* The rows of one transaction. */
struct row_set {
    struct arena arena; /* of kept rows */
    size_t bytes;
    size_t rows;
    size_t cap;                      /* slots: a power of two, twice as many as sorted has room for rows */
    struct row_slot *slots;          /* a hash table; a row whose slot is taken has the next free one */
    struct sorted *sorted;           /* rows of them, in the order in which they came, until they are flushed */
    struct sorted *spare;            /* as large: for sorting */
    const struct kept *largest[256]; /* by the first byte of its key; NULL: none */
};

enum err row_set_init(struct row_set *set) MUST_USE;
void row_set_done(struct row_set *set);
/* row_set_hash gives what the others want beside a key. row_set_find: NULL when the key was neither put nor deleted. */
uint64_t row_set_hash(struct span key);
struct kept *row_set_find(const struct row_set *set, struct span key, uint64_t hash);
/* row_set_put and row_set_delete keep a row, or that there is none; ERR_NO_MEMORY. */
enum err row_set_put(struct row_set *set, struct span key, uint64_t hash, struct span value) MUST_USE;
enum err row_set_delete(struct row_set *set, struct span key, uint64_t hash) MUST_USE;
/* row_set_write puts and deletes all in txn, in the order of keys. row_set_forget empties it and keeps its memory. */
enum err row_set_write(struct row_set *set, struct store_txn *txn) MUST_USE;
void row_set_forget(struct row_set *set);

#endif
