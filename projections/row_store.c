/* row_store.c: how every read model builds keys and reads and writes rows. Called by the projections and their queries.
 * Must never write a row whose bytes depend on anything but the events applied. */
#include "projections/row_store.h"

#include "core/base/assert.h"
#include "projections/row_codec.h"

#define ROW_SMALL_MAX 2048 /* bytes: nearly every row; larger ones take memory from the arena */

struct row_key row_key(enum table table)
{
    struct row_key key = {.len = 0};
    row_key_byte(&key, (uint8_t)table);
    return key;
}

static uint8_t *append(struct row_key *key, size_t len)
{
    ASSERT(key->len + len <= ROW_KEY_MAX);
    uint8_t *at = key->bytes + key->len;
    key->len += len;
    return at;
}

void row_key_id(struct row_key *key, const struct id *id)
{
    memcpy(append(key, sizeof id->uuid), id->uuid, sizeof id->uuid);
}

void row_key_u64(struct row_key *key, uint64_t value)
{
    put_be64(append(key, 8), value);
}

void row_key_u32(struct row_key *key, uint32_t value)
{
    put_be32(append(key, 4), value);
}

void row_key_byte(struct row_key *key, uint8_t byte)
{
    *append(key, 1) = byte;
}

struct row_key row_key_tenant(const struct id *workspace_id, enum tenant_place place)
{
    struct row_key key = row_key(TABLE_TENANT);
    row_key_id(&key, workspace_id);
    row_key_byte(&key, (uint8_t)place);
    return key;
}

struct row_key row_key_post(const struct id *post_id, enum post_place place)
{
    struct row_key key = row_key(TABLE_POST);
    row_key_id(&key, post_id);
    row_key_byte(&key, (uint8_t)place);
    return key;
}

enum err row_read(struct span bytes, const struct record_desc *desc, struct arena *arena, void *ret_row)
{
    return row_decode(desc, bytes, arena, ret_row);
}

enum err row_get(struct store_txn *txn, const struct row_key *key, const struct record_desc *desc, struct arena *arena,
                 void *ret_row)
{
    struct span value;
    TRY(store_get(txn, row_key_span(key), &value));
    return row_read(value, desc, arena, ret_row);
}

enum err row_get_own(struct store_txn *txn, const struct row_key *key, const struct id *workspace_id,
                     const struct record_desc *desc, struct arena *arena, void *ret_row)
{
    static const uint8_t nobodys[128] = {3}; /* looked at like another's where there is none: both take as long */
    struct span value = span_of(nobodys, sizeof nobodys);
    struct id owner;
    const enum err err = store_get(txn, row_key_span(key), &value);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    TRY(row_owner(desc, value, &owner));
    const bool is_own = workspace_id == NULL || id_equal(workspace_id, &owner);
    return err == OK && is_own ? row_read(value, desc, arena, ret_row) : ERR_NOT_FOUND;
}

enum err row_take(struct store_txn *txn, const struct row_key *key, const struct record_desc *desc, struct arena *arena,
                  void *ret_row)
{
    struct span value;
    TRY(store_get(txn, row_key_span(key), &value));
    TRY(arena_copy(arena, value, &value));
    return row_read(value, desc, arena, ret_row);
}

/* Encodes into small, or where that does not suffice into ever larger pieces of the arena. */
static enum err encode(const struct record_desc *desc, const void *row, struct buf small, struct arena *arena,
                       struct span *ret_bytes)
{
    struct buf buf = small;
    enum err err = row_encode(desc, row, &buf);
    for (size_t cap = (size_t)16 * ROW_SMALL_MAX; err == ERR_NO_SPACE && cap <= STORE_VALUE_MAX; cap *= 8) {
        void *memory = arena_alloc(arena, cap);
        if (memory == NULL) {
            return ERR_NO_MEMORY;
        }
        buf = buf_of(memory, cap);
        err = row_encode(desc, row, &buf);
    }
    TRY(err);
    *ret_bytes = buf_span(&buf);
    return OK;
}

enum err row_put(struct store_txn *txn, const struct row_key *key, const struct record_desc *desc, const void *row,
                 struct arena *arena)
{
    uint8_t small[ROW_SMALL_MAX];
    struct span bytes;
    TRY(encode(desc, row, buf_of(small, sizeof small), arena, &bytes));
    return store_put(txn, row_key_span(key), bytes);
}

enum err row_put_changed(struct store_txn *txn, const struct row_key *key, const struct record_desc *desc,
                         const void *row, struct arena *arena)
{
    uint8_t small[ROW_SMALL_MAX];
    struct span bytes;
    struct span stored;
    TRY(encode(desc, row, buf_of(small, sizeof small), arena, &bytes));
    const enum err err = store_get(txn, row_key_span(key), &stored);
    if (err == OK && span_equal(stored, bytes)) {
        return OK;
    }
    if (err != OK && err != ERR_NOT_FOUND) {
        return err;
    }
    return store_put(txn, row_key_span(key), bytes);
}

enum err row_append(struct store_txn *txn, const struct row_key *key, const struct record_desc *desc, const void *row,
                    struct arena *arena)
{
    uint8_t small[ROW_SMALL_MAX];
    struct span bytes;
    struct span stored = {0};
    TRY(encode(desc, row, buf_of(small, sizeof small), arena, &bytes));
    const enum err err = store_get(txn, row_key_span(key), &stored);
    if (err != OK && err != ERR_NOT_FOUND) {
        return err;
    }
    uint8_t *all = arena_room(arena, stored.len + bytes.len);
    if (all == NULL) {
        return ERR_NO_MEMORY;
    }
    if (stored.len > 0) {
        memcpy(all, stored.data, stored.len);
    }
    memcpy(all + stored.len, bytes.data, bytes.len);
    return store_put(txn, row_key_span(key), span_of(all, stored.len + bytes.len));
}

enum err row_remove(struct store_txn *txn, const struct row_key *key)
{
    const enum err err = store_delete(txn, row_key_span(key));
    return err == ERR_NOT_FOUND ? OK : err;
}

/* Rows in the arena, doubled when full. */
struct rows {
    uint8_t *items;
    uint32_t count;
    uint32_t cap;
};

static enum err rows_reserve(struct rows *rows, size_t size, uint32_t limit, struct arena *arena)
{
    if (rows->count < rows->cap) {
        return OK;
    }
    const uint32_t doubled = rows->cap == 0 ? 8 : rows->cap * 2;
    const uint32_t cap = doubled < limit ? doubled : limit;
    uint8_t *items = arena_alloc(arena, cap * size);
    if (items == NULL) {
        return ERR_NO_MEMORY;
    }
    if (rows->count > 0) {
        memcpy(items, rows->items, rows->count * size);
    }
    rows->items = items;
    rows->cap = cap;
    return OK;
}

static enum err first_after(struct store_cursor *cursor, const struct row_key *prefix, const struct row_key *from,
                            struct span *ret_key, struct span *ret_value)
{
    if (from == NULL) {
        return store_seek(cursor, row_key_span(prefix), ret_key, ret_value);
    }
    TRY(store_seek(cursor, row_key_span(from), ret_key, ret_value));
    return span_equal(*ret_key, row_key_span(from)) ? store_next(cursor, ret_key, ret_value) : OK;
}

enum err row_list(struct store_txn *txn, const struct row_key *prefix, const struct row_key *from,
                  const struct record_desc *desc, uint32_t limit, struct arena *arena, void **ret_rows,
                  uint32_t *ret_count)
{
    OWNED(store_cursor_close) struct store_cursor *cursor = NULL;
    TRY(store_cursor_open(txn, &cursor));
    struct rows rows = {.items = NULL};
    struct span key;
    struct span value;
    enum err err = first_after(cursor, prefix, from, &key, &value);
    while (err == OK && rows.count < limit && span_starts_with(key, row_key_span(prefix))) {
        TRY(rows_reserve(&rows, desc->size, limit, arena));
        TRY(row_read(value, desc, arena, rows.items + rows.count * desc->size));
        rows.count++;
        err = store_next(cursor, &key, &value);
    }
    if (err != OK && err != ERR_NOT_FOUND) {
        return err;
    }
    *ret_rows = rows.items;
    *ret_count = rows.count;
    return OK;
}

enum err row_walk_refs(struct store_txn *txn, const struct row_key *prefix, const struct row_key *from,
                       struct arena *arena, row_visit *visit, void *context)
{
    OWNED(store_cursor_close) struct store_cursor *cursor = NULL;
    TRY(store_cursor_open(txn, &cursor));
    struct span key;
    struct span value;
    bool is_enough = false;
    enum err err = first_after(cursor, prefix, from, &key, &value);
    while (err == OK && !is_enough && span_starts_with(key, row_key_span(prefix))) {
        struct ref_row ref; /* an id: what it was read with is not needed */
        const struct arena_mark mark = arena_mark(arena);
        TRY(row_read(value, ref_row_desc(), arena, &ref));
        arena_rewind(arena, mark);
        TRY(visit(context, &ref.id, &is_enough));
        err = store_next(cursor, &key, &value);
    }
    return err == ERR_NOT_FOUND ? OK : err;
}
