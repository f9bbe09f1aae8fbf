/* store.c: the part that every store shares: checks of what the caller hands in, and dispatch. Called by ledger,
 * projections and gateway through store.h. Must never know where rows are kept. */
#include "core/store/store_ops.h"

#include "core/base/assert.h"

void store_close(struct store *store)
{
    if (store != NULL) {
        ASSERT(!store->writing);
        store->ops->close(store);
    }
}

enum err store_begin(struct store *store, bool write, struct store_txn **ret_txn)
{
    ASSERT(!write || !store->read_only);
    ASSERT(!write || !store->writing);
    struct store_txn *txn = NULL;
    TRY(store->ops->begin(store, write, &txn));
    txn->store = store;
    txn->write = write;
    txn->parked = false;
    txn->cursors = 0;
    txn->writes = 0;
    if (write) {
        store->writing = true;
    }
    *ret_txn = txn;
    return OK;
}

enum err store_commit(struct store_txn **take_txn)
{
    struct store_txn *txn = *take_txn;
    *take_txn = NULL;
    ASSERT(txn->write);
    ASSERT(txn->cursors == 0);
    struct store *store = txn->store;
    store->writing = false;
    return store->ops->commit(txn);
}

void store_abort(struct store_txn *txn)
{
    if (txn == NULL) {
        return;
    }
    ASSERT(txn->cursors == 0);
    struct store *store = txn->store;
    if (txn->write) {
        store->writing = false;
    }
    store->ops->abort(txn);
}

void store_park(struct store_txn *txn)
{
    ASSERT(!txn->write);
    ASSERT(txn->cursors == 0);
    if (!txn->parked) {
        txn->store->ops->park(txn);
        txn->parked = true;
    }
}

enum err store_renew(struct store_txn *txn)
{
    store_park(txn);
    TRY(txn->store->ops->renew(txn));
    txn->parked = false;
    return OK;
}

enum err store_sync(struct store *store)
{
    ASSERT(!store->read_only);
    return store->ops->sync(store);
}

enum err store_drop_dead_readers(struct store *store, uint32_t *ret_count)
{
    ASSERT(!store->read_only);
    return store->ops->drop_dead_readers(store, ret_count);
}

bool store_is_short(const struct store *store)
{
    return store->is_short;
}

void store_set_whole(struct store *store, bool whole)
{
    ASSERT(!store->read_only);
    store->ops->set_whole(store, whole);
}

bool store_is_in_place(struct store *store)
{
    return store->ops->is_in_place(store);
}

enum err store_clear(struct store *store)
{
    ASSERT(!store->read_only);
    ASSERT(!store->writing);
    return store->ops->clear(store);
}

static bool key_is_valid(struct span key)
{
    return key.len > 0 && key.len <= STORE_KEY_MAX;
}

enum err store_get(struct store_txn *txn, struct span key, struct span *ret_value)
{
    ASSERT(!txn->parked);
    ASSERT(key_is_valid(key));
    return txn->store->ops->get(txn, key, ret_value);
}

enum err store_put(struct store_txn *txn, struct span key, struct span value)
{
    ASSERT(txn->write);
    ASSERT(key_is_valid(key));
    ASSERT(value.len <= STORE_VALUE_MAX);
    txn->writes++;
    return txn->store->ops->put(txn, key, value);
}

enum err store_delete(struct store_txn *txn, struct span key)
{
    ASSERT(txn->write);
    ASSERT(key_is_valid(key));
    txn->writes++;
    return txn->store->ops->delete (txn, key);
}

enum err store_cursor_open(struct store_txn *txn, struct store_cursor **ret_cursor)
{
    ASSERT(!txn->parked);
    struct store_cursor *cursor = NULL;
    TRY(txn->store->ops->cursor_open(txn, &cursor));
    cursor->txn = txn;
    cursor->standing = false;
    cursor->writes = txn->writes;
    txn->cursors++;
    *ret_cursor = cursor;
    return OK;
}

void store_cursor_close(struct store_cursor *cursor)
{
    if (cursor != NULL) {
        struct store_txn *txn = cursor->txn;
        ASSERT(txn->cursors > 0);
        txn->cursors--;
        txn->store->ops->cursor_close(cursor);
    }
}

static enum err move_to(struct store_cursor *cursor, enum store_move move, struct span key, struct span *ret_key,
                        struct span *ret_value)
{
    const enum err err = cursor->txn->store->ops->move(cursor, move, key, ret_key, ret_value);
    cursor->standing = err == OK;
    cursor->writes = cursor->txn->writes;
    return err;
}

enum err store_seek(struct store_cursor *cursor, struct span key, struct span *ret_key, struct span *ret_value)
{
    ASSERT(key_is_valid(key));
    return move_to(cursor, STORE_SEEK, key, ret_key, ret_value);
}

enum err store_seek_last(struct store_cursor *cursor, struct span key, struct span *ret_key, struct span *ret_value)
{
    ASSERT(key_is_valid(key));
    return move_to(cursor, STORE_SEEK_LAST, key, ret_key, ret_value);
}

static enum err step(struct store_cursor *cursor, enum store_move move, struct span *ret_key, struct span *ret_value)
{
    if (!cursor->standing) {
        return ERR_NOT_FOUND;
    }
    ASSERT(cursor->writes == cursor->txn->writes);
    return move_to(cursor, move, (struct span){0}, ret_key, ret_value);
}

enum err store_next(struct store_cursor *cursor, struct span *ret_key, struct span *ret_value)
{
    return step(cursor, STORE_NEXT, ret_key, ret_value);
}

enum err store_prev(struct store_cursor *cursor, struct span *ret_key, struct span *ret_value)
{
    return step(cursor, STORE_PREV, ret_key, ret_value);
}

static void digest_part(struct span part, store_digest_update *update, void *context)
{
    uint8_t len[4];
    put_be32(len, (uint32_t)part.len);
    update(context, span_of(len, sizeof len));
    update(context, part);
}

enum err store_digest(struct store_txn *txn, struct span skip, store_digest_update *update, void *context)
{
    OWNED(store_cursor_close) struct store_cursor *cursor = NULL;
    TRY(store_cursor_open(txn, &cursor));
    struct span key = span_of("\0", 1);
    struct span value;
    enum err err = store_seek(cursor, key, &key, &value);
    while (err == OK) {
        if (span_find(skip, key.data[0]) == skip.len) {
            digest_part(key, update, context);
            digest_part(value, update, context);
        }
        err = store_next(cursor, &key, &value);
    }
    return err == ERR_NOT_FOUND ? OK : err;
}
