/* store_buffer.c: see store_buffer.h. Called by the ledger when it rebuilds views. A hash table of the rows written, in
 * chunks of memory that are used again; sorted when they go to the base. Must never let a row of the base shine through
 * one that is kept here.
 *
 * What is not in the buffer is asked of the base. When the base was empty at the beginning, the largest key that went
 * into each table is known, and keys above it need no question: ids are ordered by time, so most new rows are. */
#include "core/store/store_buffer.h"

#include <stdlib.h>

#include "core/base/arena.h"
#include "core/base/assert.h"
#include "core/base/limits.h"
#include "core/store/store_ops.h"

#define BUCKETS ((size_t)1 << 14) /* a power of two, above the rows kept */
#define PREFETCHED 8
#define BYTES_MOST (4 * REBUILD_BYTES) /* one event beyond a full buffer, whatever it holds */

/* A row that differs from the base's, or a hole where the base may have one. */
struct kept {
    struct kept *next; /* in its bucket */
    uint64_t hash;
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

/* The largest key of a table in the base. */
struct bound {
    uint16_t len; /* 0: the table is empty */
    uint8_t key[STORE_KEY_MAX];
};

struct store_buffer {
    struct store store;
    struct store *base;
    struct arena arena; /* of kept rows */
    size_t bytes;
    size_t rows;
    struct kept **buckets; /* BUCKETS of them */
    struct sorted *sorted; /* rows of them, in the order in which they came, until they are flushed */
    size_t sorted_cap;
    bool bounded; /* bounds are known */
    struct bound bounds[256];
};

struct store_buffer_txn {
    struct store_txn txn;
    struct store_txn *base;
};

struct store_buffer_cursor {
    struct store_cursor cursor;
    struct store_cursor *base;
};

static struct store_buffer *buffer_of(struct store *store)
{
    return (struct store_buffer *)store;
}

static struct store_txn *base_of(struct store_txn *txn)
{
    return ((struct store_buffer_txn *)txn)->base;
}

/* --- rows kept --- */

static uint64_t load64(const uint8_t *bytes, size_t len)
{
    uint64_t word = 0;
    memcpy(&word, bytes, len);
    return word;
}

/* Multiplied and folded word by word: keys differ in few bytes. */
static uint64_t hash_of(struct span key)
{
    uint64_t hash = key.len * 0x9E3779B97F4A7C15U;
    size_t at = 0;
    for (; at + 8 <= key.len; at += 8) {
        hash = (hash ^ load64(key.data + at, 8)) * 0xD6E8FEB86659FD93U;
        hash ^= hash >> 32;
    }
    hash = (hash ^ load64(key.data + at, key.len - at)) * 0xD6E8FEB86659FD93U;
    return hash ^ hash >> 32;
}

static struct kept *find(const struct store_buffer *buffer, struct span key, uint64_t hash)
{
    struct kept *kept = buffer->buckets[hash & (BUCKETS - 1)];
    while (kept != NULL &&
           (kept->hash != hash || kept->key_len != key.len || memcmp(kept->key, key.data, key.len) != 0)) {
        kept = kept->next;
    }
    return kept;
}

static void *take(struct store_buffer *buffer, size_t size)
{
    buffer->bytes += size;
    return arena_room(&buffer->arena, size);
}

static enum err reserve(struct store_buffer *buffer)
{
    if (buffer->rows < buffer->sorted_cap) {
        return OK;
    }
    const size_t cap = buffer->sorted_cap == 0 ? BUCKETS : 2 * buffer->sorted_cap;
    struct sorted *sorted = realloc(buffer->sorted, cap * sizeof *sorted);
    if (sorted == NULL) {
        return ERR_NO_MEMORY;
    }
    buffer->sorted = sorted;
    buffer->sorted_cap = cap;
    return OK;
}

static enum err add(struct store_buffer *buffer, struct span key, uint64_t hash, struct kept **ret_kept)
{
    TRY(reserve(buffer));
    struct kept *kept = take(buffer, sizeof *kept + key.len);
    if (kept == NULL) {
        return ERR_NO_MEMORY;
    }
    struct kept **bucket = &buffer->buckets[hash & (BUCKETS - 1)];
    *kept = (struct kept){.next = *bucket, .hash = hash, .key_len = (uint16_t)key.len, .deleted = true};
    memcpy(kept->key, key.data, key.len);
    *bucket = kept;
    uint8_t head[24] = {0};
    memcpy(head, key.data, key.len < sizeof head ? key.len : sizeof head);
    buffer->sorted[buffer->rows] = (struct sorted){
        .head = {get_be64(head), get_be64(head + 8), get_be64(head + 16)},
          .kept = kept
    };
    buffer->rows++;
    *ret_kept = kept;
    return OK;
}

static enum err set(struct store_buffer *buffer, struct kept *kept, struct span value)
{
    if (kept->value == NULL || value.len > kept->value_cap) {
        const size_t cap = kept->value == NULL ? value.len : value.len + value.len / 4; /* one that grew grows again */
        uint8_t *bytes = take(buffer, cap);
        if (bytes == NULL) {
            return ERR_NO_MEMORY;
        }
        kept->value = bytes;
        kept->value_cap = (uint32_t)cap;
    }
    if (value.len > 0) {
        memmove(kept->value, value.data, value.len);
    }
    kept->value_len = (uint32_t)value.len;
    kept->deleted = false;
    return OK;
}

static void forget(struct store_buffer *buffer)
{
    if (buffer->rows > 0) {
        memset(buffer->buckets, 0, BUCKETS * sizeof *buffer->buckets);
    }
    buffer->rows = 0;
    buffer->bytes = 0;
    arena_reset(&buffer->arena);
}

/* --- to the base --- */

static int compare(const void *a, const void *b)
{
    const struct sorted *left = a;
    const struct sorted *right = b;
    for (unsigned i = 0; i < 3; i++) {
        if (left->head[i] != right->head[i]) {
            return left->head[i] < right->head[i] ? -1 : 1;
        }
    }
    return span_compare(span_of(left->kept->key, left->kept->key_len), span_of(right->kept->key, right->kept->key_len));
}

static void raise_bound(struct store_buffer *buffer, const struct kept *kept)
{
    struct bound *bound = &buffer->bounds[kept->key[0]];
    const struct span key = span_of(kept->key, kept->key_len);
    if (span_compare(key, span_of(bound->key, bound->len)) > 0) {
        memcpy(bound->key, key.data, key.len);
        bound->len = kept->key_len;
    }
}

/* Puts all that is kept into base's transaction. */
static enum err flush(struct store_buffer *buffer, struct store_txn *base)
{
    if (buffer->rows == 0) {
        return OK;
    }
    qsort(buffer->sorted, buffer->rows, sizeof *buffer->sorted, compare);
    for (size_t i = 0; i < buffer->rows; i++) {
        const struct kept *kept = buffer->sorted[i].kept;
        if (i + PREFETCHED < buffer->rows) {
            __builtin_prefetch(buffer->sorted[i + PREFETCHED].kept); /* the order is not that of memory */
        }
        const struct span key = span_of(kept->key, kept->key_len);
        if (kept->deleted) {
            const enum err err = store_delete(base, key);
            TRY(err == ERR_NOT_FOUND ? OK : err); /* it was never there, or went with an earlier flush */
        } else {
            TRY(store_put(base, key, span_of(kept->value, kept->value_len)));
            raise_bound(buffer, kept);
        }
    }
    buffer->store.is_short = store_is_short(buffer->base);
    forget(buffer);
    return OK;
}

static bool base_may_have(const struct store_buffer *buffer, struct span key)
{
    const struct bound *bound = &buffer->bounds[key.data[0]];
    return !buffer->bounded || (bound->len > 0 && span_compare(key, span_of(bound->key, bound->len)) <= 0);
}

/* --- the store --- */

static void buffer_close(struct store *store)
{
    struct store_buffer *buffer = buffer_of(store);
    arena_done(&buffer->arena);
    free(buffer->buckets);
    free(buffer->sorted);
    free(buffer);
}

static enum err buffer_begin(struct store *store, bool write, struct store_txn **ret_txn)
{
    struct store_buffer_txn *txn = calloc(1, sizeof *txn);
    if (txn == NULL) {
        return ERR_NO_MEMORY;
    }
    const enum err err = store_begin(buffer_of(store)->base, write, &txn->base);
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
    struct store_txn *base = base_of(txn);
    free(txn);
    const enum err err = flush(buffer, base);
    if (err != OK) {
        store_abort(base);
        forget(buffer);
        return err;
    }
    return store_commit(&base);
}

static void buffer_abort(struct store_txn *txn)
{
    if (txn->write) {
        forget(buffer_of(txn->store));
    }
    store_abort(base_of(txn));
    free(txn);
}

static void buffer_park(struct store_txn *txn)
{
    store_park(base_of(txn));
}

static enum err buffer_renew(struct store_txn *txn)
{
    return store_renew(base_of(txn));
}

static enum err buffer_sync(struct store *store)
{
    return store_sync(buffer_of(store)->base);
}

static enum err buffer_clear(struct store *store)
{
    struct store_buffer *buffer = buffer_of(store);
    TRY(store_clear(buffer->base));
    memset(buffer->bounds, 0, sizeof buffer->bounds);
    buffer->bounded = true;
    return OK;
}

static enum err buffer_get(struct store_txn *txn, struct span key, struct span *ret_value)
{
    const struct store_buffer *buffer = buffer_of(txn->store);
    if (txn->write) {
        const struct kept *kept = find(buffer, key, hash_of(key));
        if (kept != NULL) {
            if (!kept->deleted) {
                *ret_value = span_of(kept->value, kept->value_len);
            }
            return kept->deleted ? ERR_NOT_FOUND : OK;
        }
        if (!base_may_have(buffer, key)) {
            return ERR_NOT_FOUND;
        }
    }
    return store_get(base_of(txn), key, ret_value);
}

static enum err buffer_put(struct store_txn *txn, struct span key, struct span value)
{
    struct store_buffer *buffer = buffer_of(txn->store);
    const uint64_t hash = hash_of(key);
    struct kept *kept = find(buffer, key, hash);
    if (kept == NULL) {
        TRY(add(buffer, key, hash, &kept));
    }
    return set(buffer, kept, value);
}

static enum err buffer_delete(struct store_txn *txn, struct span key)
{
    struct store_buffer *buffer = buffer_of(txn->store);
    const uint64_t hash = hash_of(key);
    struct kept *kept = find(buffer, key, hash);
    if (kept == NULL) {
        struct span value;
        if (!base_may_have(buffer, key)) {
            return ERR_NOT_FOUND;
        }
        TRY(store_get(base_of(txn), key, &value));
        return add(buffer, key, hash, &kept);
    }
    const bool was = !kept->deleted;
    kept->deleted = true;
    return was ? OK : ERR_NOT_FOUND;
}

static enum err buffer_cursor_open(struct store_txn *txn, struct store_cursor **ret_cursor)
{
    struct store_buffer_cursor *cursor = calloc(1, sizeof *cursor);
    if (cursor == NULL) {
        return ERR_NO_MEMORY;
    }
    const enum err err = store_cursor_open(base_of(txn), &cursor->base);
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
        TRY(flush(buffer_of(cursor->txn->store), base_of(cursor->txn)));
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

enum err store_buffer_open(struct store *base, struct store **ret_store)
{
    bool empty = false;
    TRY(is_empty(base, &empty));
    struct store_buffer *buffer = calloc(1, sizeof *buffer);
    if (buffer == NULL) {
        return ERR_NO_MEMORY;
    }
    buffer->store.ops = &buffer_ops;
    buffer->base = base;
    buffer->bounded = empty;
    arena_init(&buffer->arena, BYTES_MOST);
    buffer->buckets = calloc(BUCKETS, sizeof *buffer->buckets);
    if (buffer->buckets == NULL) {
        buffer_close(&buffer->store);
        return ERR_NO_MEMORY;
    }
    *ret_store = &buffer->store;
    return OK;
}

bool store_buffer_is_full(const struct store *store)
{
    const struct store_buffer *buffer = (const struct store_buffer *)store;
    ASSERT(store->ops == &buffer_ops);
    return buffer->rows >= REBUILD_ROWS || buffer->bytes >= REBUILD_BYTES;
}
