/* store_ops.h: what an implementation of store.h gives. Private to core/store: store.c checks arguments and dispatches,
 * store_lmdb.c and store_memory.c embed these structs as their first member. */
#ifndef OPENPOST_STORE_STORE_OPS_H
#define OPENPOST_STORE_STORE_OPS_H

#include "core/store/store.h"

enum store_move { STORE_SEEK, STORE_SEEK_LAST, STORE_NEXT, STORE_PREV };

struct store_ops {
    bool many_threads; /* a writer's and a reader's may be two */
    void (*close)(struct store *store);
    enum err (*begin)(struct store *store, bool write, struct store_txn **ret_txn);
    enum err (*commit)(struct store_txn *txn); /* frees it, whatever it returns */
    void (*abort)(struct store_txn *txn);      /* frees it */
    void (*park)(struct store_txn *txn);
    enum err (*renew)(struct store_txn *txn);
    enum err (*sync)(struct store *store);
    enum err (*drop_dead_readers)(struct store *store, uint32_t *ret_count);
    void (*set_whole)(struct store *store, bool whole);
    bool (*is_in_place)(struct store *store);
    enum err (*clear)(struct store *store);
    enum err (*get)(struct store_txn *txn, struct span key, struct span *ret_value);
    enum err (*put)(struct store_txn *txn, struct span key, struct span value);
    enum err (*delete)(struct store_txn *txn, struct span key);
    enum err (*cursor_open)(struct store_txn *txn, struct store_cursor **ret_cursor);
    void (*cursor_close)(struct store_cursor *cursor);
    /* move: key is given for the two seeks only; STORE_NEXT and STORE_PREV come only while the cursor stands on a row
     */
    enum err (*move)(struct store_cursor *cursor, enum store_move move, struct span key, struct span *ret_key,
                     struct span *ret_value);
};

struct store {
    const struct store_ops *ops;
    bool read_only;
    bool writing;  /* a write transaction is open */
    bool is_short; /* see store_is_short */
};

struct store_txn {
    struct store *store;
    bool write;
    bool parked;
    unsigned cursors;
    uint64_t writes; /* how many so far: a cursor's position lives until the next */
};

struct store_cursor {
    struct store_txn *txn;
    bool standing;
    uint64_t writes; /* of its transaction, when it was placed */
};

#endif
