/* store_buffer.c: see store_buffer.h. Called by the ledger when it rebuilds views. Must never let a row of the base
 * shine through one that is kept here.
 *
 * Where the base may be used by any thread, one of the buffer's own writes what was committed while the next
 * transaction goes on: two generations of rows change places. Whoever reads looks into the new one, into the one being
 * written, and last into the base as it was before either.
 *
 * What is not in the buffer is asked of the base. When the base was empty at the beginning, the largest key that went
 * into each table is known, and keys above it need no question: ids are ordered by time, so most new rows are. */
#include "core/store/store_buffer.h"

#include <pthread.h>
#include <stdlib.h>

#include "core/base/assert.h"
#include "core/base/limits.h"
#include "core/store/row_set.h"
#include "core/store/store_ops.h"

/* The largest key of a table in the base. */
struct bound {
    uint16_t len; /* 0: the table is empty */
    uint8_t key[STORE_KEY_MAX];
};

struct store_buffer {
    struct store store;
    struct store *base;
    struct row_set generations[2];
    struct row_set *active;  /* of the transaction at hand */
    struct row_set *written; /* the writer's while it is busy; then, until the next commit, what base has too */
    struct store_txn *view;  /* of base, as it was before written came; NULL: none yet */
    bool bounded;            /* bounds are known */
    struct bound bounds[256];
    bool threaded;
    pthread_t writer;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    bool busy;
    bool stopped;
    enum err err; /* of what the writer did last */
};

struct store_buffer_txn {
    struct store_txn txn;
    struct store_txn *base; /* NULL: the writer will have one */
};

struct store_buffer_cursor {
    struct store_cursor cursor;
    struct store_cursor *base;
};

static struct store_buffer *buffer_of(struct store *store)
{
    return (struct store_buffer *)store;
}

static struct store_buffer_txn *txn_of(struct store_txn *txn)
{
    return (struct store_buffer_txn *)txn;
}

/* --- what base has --- */

static void raise_bounds(struct store_buffer *buffer, const struct row_set *generation)
{
    for (size_t i = 0; buffer->bounded && i < sizeof buffer->bounds / sizeof *buffer->bounds; i++) {
        const struct kept *kept = generation->largest[i];
        struct bound *bound = &buffer->bounds[i];
        if (kept != NULL && span_compare(span_of(kept->key, kept->key_len), span_of(bound->key, bound->len)) > 0) {
            memcpy(bound->key, kept->key, kept->key_len);
            bound->len = kept->key_len;
        }
    }
}

static bool base_may_have(const struct store_buffer *buffer, struct span key)
{
    const struct bound *bound = &buffer->bounds[key.data[0]];
    return !buffer->bounded || (bound->len > 0 && span_compare(key, span_of(bound->key, bound->len)) <= 0);
}

/* Puts the rows of the transaction at hand into its transaction of base. */
static enum err flush(struct store_buffer *buffer, struct store_txn *base)
{
    TRY(row_set_write(buffer->active, base));
    raise_bounds(buffer, buffer->active);
    buffer->store.is_short = store_is_short(buffer->base);
    row_set_forget(buffer->active);
    return OK;
}

/* --- the writer --- */

static enum err write_generation(struct store *base, struct row_set *generation)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    TRY(store_begin(base, true, &txn));
    TRY(row_set_write(generation, txn));
    return store_commit(&txn);
}

/* The thread: writes what is handed over, one generation in one transaction of base. */
static void *write_behind(void *context)
{
    struct store_buffer *buffer = context;
    ASSERT(pthread_mutex_lock(&buffer->mutex) == 0);
    while (!buffer->stopped || buffer->busy) {
        if (!buffer->busy) {
            ASSERT(pthread_cond_wait(&buffer->changed, &buffer->mutex) == 0);
            continue;
        }
        ASSERT(pthread_mutex_unlock(&buffer->mutex) == 0);
        const enum err err = write_generation(buffer->base, buffer->written);
        ASSERT(pthread_mutex_lock(&buffer->mutex) == 0);
        buffer->err = err;
        buffer->busy = false;
        ASSERT(pthread_cond_broadcast(&buffer->changed) == 0);
    }
    ASSERT(pthread_mutex_unlock(&buffer->mutex) == 0);
    return NULL;
}

/* Waits until base has all that was committed. */
static enum err drain(struct store_buffer *buffer)
{
    if (!buffer->threaded) {
        return OK;
    }
    ASSERT(pthread_mutex_lock(&buffer->mutex) == 0);
    while (buffer->busy) {
        ASSERT(pthread_cond_wait(&buffer->changed, &buffer->mutex) == 0);
    }
    const enum err err = buffer->err;
    buffer->err = OK;
    ASSERT(pthread_mutex_unlock(&buffer->mutex) == 0);
    buffer->store.is_short = store_is_short(buffer->base);
    row_set_forget(buffer->written);
    store_abort(buffer->view);
    buffer->view = NULL;
    return err;
}

/* Gives the transaction's rows to the writer, after a look at base as it is before they come. */
static enum err hand_over(struct store_buffer *buffer)
{
    struct row_set *full = buffer->active;
    TRY(store_begin(buffer->base, false, &buffer->view));
    raise_bounds(buffer, full);
    buffer->active = buffer->written;
    buffer->written = full;
    ASSERT(pthread_mutex_lock(&buffer->mutex) == 0);
    buffer->busy = true;
    ASSERT(pthread_cond_broadcast(&buffer->changed) == 0);
    ASSERT(pthread_mutex_unlock(&buffer->mutex) == 0);
    return OK;
}

/* Lets a transaction have base's own, where a cursor needs all rows in one place. */
static enum err take_base(struct store_buffer *buffer, struct store_buffer_txn *txn)
{
    if (txn->base == NULL) {
        TRY(drain(buffer));
        TRY(store_begin(buffer->base, true, &txn->base));
    }
    return OK;
}

static enum err base_get(struct store_buffer *buffer, struct store_buffer_txn *txn, struct span key,
                         struct span *ret_value)
{
    if (txn->base != NULL) {
        return store_get(txn->base, key, ret_value);
    }
    if (buffer->view == NULL) {
        TRY(store_begin(buffer->base, false, &buffer->view));
    }
    return store_get(buffer->view, key, ret_value);
}

/* --- the store --- */

static void buffer_close(struct store *store)
{
    struct store_buffer *buffer = buffer_of(store);
    if (buffer->threaded) {
        ASSERT(pthread_mutex_lock(&buffer->mutex) == 0);
        buffer->stopped = true;
        ASSERT(pthread_cond_broadcast(&buffer->changed) == 0);
        ASSERT(pthread_mutex_unlock(&buffer->mutex) == 0);
        ASSERT(pthread_join(buffer->writer, NULL) == 0);
        ASSERT(pthread_cond_destroy(&buffer->changed) == 0);
        ASSERT(pthread_mutex_destroy(&buffer->mutex) == 0);
    }
    store_abort(buffer->view);
    row_set_done(&buffer->generations[0]);
    row_set_done(&buffer->generations[1]);
    free(buffer);
}

static enum err buffer_begin(struct store *store, bool write, struct store_txn **ret_txn)
{
    struct store_buffer *buffer = buffer_of(store);
    struct store_buffer_txn *txn = calloc(1, sizeof *txn);
    if (txn == NULL) {
        return ERR_NO_MEMORY;
    }
    enum err err = write ? OK : drain(buffer);
    if (err == OK && !(write && buffer->threaded)) {
        err = store_begin(buffer->base, write, &txn->base);
    }
    if (err != OK) {
        free(txn);
        return err;
    }
    *ret_txn = &txn->txn;
    return OK;
}

static enum err buffer_commit(struct store_txn *txn)
{
    struct store_buffer *buffer = buffer_of(txn->store);
    struct store_txn *base = txn_of(txn)->base;
    free(txn);
    enum err err = base != NULL ? flush(buffer, base) : drain(buffer);
    if (err == OK) {
        err = base != NULL ? store_commit(&base) : hand_over(buffer);
    }
    if (err != OK) {
        store_abort(base);
        row_set_forget(buffer->active);
    }
    return err;
}

static void buffer_abort(struct store_txn *txn)
{
    if (txn->write) {
        row_set_forget(buffer_of(txn->store)->active);
    }
    store_abort(txn_of(txn)->base);
    free(txn);
}

static void buffer_park(struct store_txn *txn)
{
    store_park(txn_of(txn)->base);
}

static enum err buffer_renew(struct store_txn *txn)
{
    TRY(drain(buffer_of(txn->store)));
    return store_renew(txn_of(txn)->base);
}

static enum err buffer_sync(struct store *store)
{
    TRY(drain(buffer_of(store)));
    return store_sync(buffer_of(store)->base);
}

static enum err buffer_drop_dead_readers(struct store *store, uint32_t *ret_count)
{
    return store_drop_dead_readers(buffer_of(store)->base, ret_count);
}

static void buffer_set_whole(struct store *store, bool whole)
{
    store_set_whole(buffer_of(store)->base, whole);
}

static bool buffer_is_in_place(struct store *store)
{
    return store_is_in_place(buffer_of(store)->base);
}

static enum err buffer_clear(struct store *store)
{
    struct store_buffer *buffer = buffer_of(store);
    TRY(drain(buffer));
    TRY(store_clear(buffer->base));
    memset(buffer->bounds, 0, sizeof buffer->bounds);
    buffer->bounded = true;
    return OK;
}

/* Looks in the buffer, then in base. */
static enum err buffer_get(struct store_txn *txn, struct span key, struct span *ret_value)
{
    struct store_buffer *buffer = buffer_of(txn->store);
    struct store_buffer_txn *own = txn_of(txn);
    if (!txn->write) {
        return store_get(own->base, key, ret_value);
    }
    const uint64_t hash = row_set_hash(key);
    const struct kept *kept = row_set_find(buffer->active, key, hash);
    if (kept == NULL) {
        kept = row_set_find(buffer->written, key, hash);
    }
    if (kept == NULL) {
        return base_may_have(buffer, key) ? base_get(buffer, own, key, ret_value) : ERR_NOT_FOUND;
    }
    if (kept->deleted) {
        return ERR_NOT_FOUND;
    }
    *ret_value = span_of(kept->value, kept->value_len);
    return OK;
}

static enum err buffer_put(struct store_txn *txn, struct span key, struct span value)
{
    return row_set_put(buffer_of(txn->store)->active, key, row_set_hash(key), value);
}

static enum err buffer_delete(struct store_txn *txn, struct span key)
{
    struct span value;
    TRY(buffer_get(txn, key, &value));
    return row_set_delete(buffer_of(txn->store)->active, key, row_set_hash(key));
}

static enum err buffer_cursor_open(struct store_txn *txn, struct store_cursor **ret_cursor)
{
    struct store_buffer_cursor *cursor = calloc(1, sizeof *cursor);
    if (cursor == NULL) {
        return ERR_NO_MEMORY;
    }
    enum err err = txn->write ? take_base(buffer_of(txn->store), txn_of(txn)) : OK;
    err = err == OK ? store_cursor_open(txn_of(txn)->base, &cursor->base) : err;
    if (err != OK) {
        free(cursor);
        return err;
    }
    *ret_cursor = &cursor->cursor;
    return OK;
}

static void buffer_cursor_close(struct store_cursor *cursor)
{
    store_cursor_close(((struct store_buffer_cursor *)cursor)->base);
    free(cursor);
}

static enum err buffer_move(struct store_cursor *cursor, enum store_move move, struct span key, struct span *ret_key,
                            struct span *ret_value)
{
    struct store_cursor *base = ((struct store_buffer_cursor *)cursor)->base;
    if (cursor->txn->write && (move == STORE_SEEK || move == STORE_SEEK_LAST)) {
        TRY(flush(buffer_of(cursor->txn->store), txn_of(cursor->txn)->base));
    }
    switch (move) {
    case STORE_SEEK:
        return store_seek(base, key, ret_key, ret_value);
    case STORE_SEEK_LAST:
        return store_seek_last(base, key, ret_key, ret_value);
    case STORE_NEXT:
        return store_next(base, ret_key, ret_value);
    case STORE_PREV:
        break;
    }
    return store_prev(base, ret_key, ret_value);
}

static const struct store_ops buffer_ops = {
    .close = buffer_close,
    .begin = buffer_begin,
    .commit = buffer_commit,
    .abort = buffer_abort,
    .park = buffer_park,
    .renew = buffer_renew,
    .sync = buffer_sync,
    .drop_dead_readers = buffer_drop_dead_readers,
    .set_whole = buffer_set_whole,
    .is_in_place = buffer_is_in_place,
    .clear = buffer_clear,
    .get = buffer_get,
    .put = buffer_put,
    .delete = buffer_delete,
    .cursor_open = buffer_cursor_open,
    .cursor_close = buffer_cursor_close,
    .move = buffer_move,
};

static enum err is_empty(struct store *base, bool *ret_empty)
{
    struct span key;
    struct span value;
    OWNED(store_abort) struct store_txn *txn = NULL;
    TRY(store_begin(base, false, &txn));
    OWNED(store_cursor_close) struct store_cursor *cursor = NULL;
    TRY(store_cursor_open(txn, &cursor));
    const enum err err = store_seek(cursor, span_of("\0", 1), &key, &value);
    *ret_empty = err == ERR_NOT_FOUND;
    return err == ERR_NOT_FOUND ? OK : err;
}

static void start_writer(struct store_buffer *buffer)
{
    ASSERT(pthread_mutex_init(&buffer->mutex, NULL) == 0);
    ASSERT(pthread_cond_init(&buffer->changed, NULL) == 0);
    buffer->threaded = pthread_create(&buffer->writer, NULL, write_behind, buffer) == 0; /* else it goes without */
    if (!buffer->threaded) {
        ASSERT(pthread_cond_destroy(&buffer->changed) == 0);
        ASSERT(pthread_mutex_destroy(&buffer->mutex) == 0);
    }
}

enum err store_buffer_open(struct store *base, struct store **ret_store)
{
    bool empty = false;
    TRY(is_empty(base, &empty));
    OWNED(store_close) struct store *store = NULL;
    struct store_buffer *buffer = calloc(1, sizeof *buffer);
    if (buffer == NULL) {
        return ERR_NO_MEMORY;
    }
    store = &buffer->store;
    buffer->store.ops = &buffer_ops;
    buffer->base = base;
    buffer->bounded = empty;
    buffer->active = &buffer->generations[0];
    buffer->written = &buffer->generations[1];
    TRY(row_set_init(buffer->active));
    TRY(row_set_init(buffer->written));
    if (base->ops->many_threads) {
        start_writer(buffer);
    }
    *ret_store = store;
    store = NULL;
    return OK;
}

bool store_buffer_is_full(const struct store *store)
{
    const struct store_buffer *buffer = (const struct store_buffer *)store;
    ASSERT(store->ops == &buffer_ops);
    return buffer->active->rows >= REBUILD_ROWS || buffer->active->bytes >= REBUILD_BYTES;
}

enum err store_buffer_drain(struct store *store)
{
    ASSERT(store->ops == &buffer_ops);
    return drain(buffer_of(store));
}
