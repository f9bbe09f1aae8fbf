/* log_memory.c: the log's twin for tests and the simulation: its rows in a store_memory, the table as the key's first
 * byte. One thread. Everything above the rows is the same code as for LMDB. */
#include <stdlib.h>

#include "core/base/assert.h"
#include "core/log/log_internal.h"
#include "core/store/store.h"

#define KEY_MAX 33
#define ROW_OVERHEAD 64 /* bytes of each row beside key and value, as far as the limit is concerned */

struct log_memory {
    struct log_rows rows;
    struct store *store;
    struct store_txn *write;
    uint64_t used;
    uint64_t used_before; /* the open write */
    uint64_t max;         /* 0: no limit */
    uint64_t reserve;
    enum err next_commit; /* what the next commit returns instead of doing it; OK: do it */
};

struct log_memory_view {
    struct log_view view;
    struct store_txn *txn;
};

/* A walk remembers its key and seeks anew at each step, so that a commit in between does not disturb it. */
struct log_memory_walk {
    struct log_walk walk;
    enum log_table table;
    uint8_t key[KEY_MAX + 1];
    size_t key_len;
};

static struct log_memory *memory_of(struct log_rows *rows)
{
    return (struct log_memory *)rows;
}

static struct span table_key(uint8_t bytes[KEY_MAX], enum log_table table, struct span key)
{
    ASSERT(key.len < KEY_MAX);
    bytes[0] = (uint8_t)(table + 1);
    memcpy(bytes + 1, key.data, key.len);
    return span_of(bytes, key.len + 1);
}

static void memory_close(struct log_rows *rows)
{
    struct log_memory *memory = memory_of(rows);
    store_abort(memory->write);
    store_close(memory->store);
    free(memory);
}

static enum err memory_room(struct log_rows *rows, uint64_t bytes, bool privileged)
{
    const struct log_memory *memory = memory_of(rows);
    const uint64_t limit = privileged ? memory->max : memory->max - memory->reserve;
    return memory->max > 0 && memory->used + bytes > limit ? ERR_NO_SPACE : OK;
}

static void memory_usage(const struct log_rows *rows, uint64_t *ret_used, uint64_t *ret_max)
{
    const struct log_memory *memory = (const struct log_memory *)rows;
    *ret_used = memory->used;
    *ret_max = memory->max;
}

static bool memory_is_in_place(const struct log_rows *rows)
{
    (void)rows;
    return true;
}

static enum err memory_drop_dead_readers(struct log_rows *rows, uint32_t *ret_count)
{
    (void)rows;
    *ret_count = 0; /* its readers are in its own process */
    return OK;
}

static enum err memory_begin(struct log_rows *rows)
{
    struct log_memory *memory = memory_of(rows);
    memory->used_before = memory->used;
    return store_begin(memory->store, true, &memory->write);
}

static enum err memory_put(struct log_rows *rows, enum log_table table, struct span key, struct span value,
                           enum log_put how)
{
    struct log_memory *memory = memory_of(rows);
    uint8_t bytes[KEY_MAX];
    const struct span full_key = table_key(bytes, table, key);
    struct span old;
    const enum err err = store_get(memory->write, full_key, &old);
    if (err == OK && how == LOG_PUT_KEEP) {
        return OK;
    }
    ASSERT(err == ERR_NOT_FOUND || how == LOG_PUT_REPLACE);
    memory->used += value.len;
    memory->used = err == OK ? memory->used - old.len : memory->used + full_key.len + ROW_OVERHEAD;
    return store_put(memory->write, full_key, value);
}

static void memory_abort(struct log_rows *rows)
{
    struct log_memory *memory = memory_of(rows);
    store_abort(memory->write);
    memory->write = NULL;
    memory->used = memory->used_before;
}

static enum err memory_commit(struct log_rows *rows)
{
    struct log_memory *memory = memory_of(rows);
    enum err err = memory->next_commit;
    memory->next_commit = OK;
    if (err == OK && memory->max > 0 && memory->used > memory->max) {
        err = ERR_NO_SPACE;
    }
    if (err != OK) {
        memory_abort(rows);
        return err;
    }
    return store_commit(&memory->write);
}

static enum err memory_view_begin(struct log_rows *rows, struct log_view **ret_view)
{
    struct log_memory_view *view = calloc(1, sizeof *view);
    if (view == NULL) {
        return ERR_NO_MEMORY;
    }
    view->view.rows = rows;
    const enum err err = store_begin(memory_of(rows)->store, false, &view->txn);
    if (err != OK) {
        free(view);
        return err;
    }
    *ret_view = &view->view;
    return OK;
}

static void memory_view_end(struct log_view *view)
{
    struct log_memory_view *own = (struct log_memory_view *)view;
    store_abort(own->txn);
    free(own);
}

static enum err memory_get(struct log_view *view, enum log_table table, struct span key, struct span *ret_value)
{
    struct store_txn *txn = ((struct log_memory_view *)view)->txn;
    uint8_t bytes[KEY_MAX];
    TRY(store_renew(txn));
    return store_get(txn, table_key(bytes, table, key), ret_value);
}

static enum err memory_walk_begin(struct log_view *view, enum log_table table, struct log_walk **ret_walk)
{
    struct log_memory_walk *walk = calloc(1, sizeof *walk);
    if (walk == NULL) {
        return ERR_NO_MEMORY;
    }
    walk->walk.view = view;
    walk->table = table;
    *ret_walk = &walk->walk;
    return OK;
}

static void memory_walk_end(struct log_walk *walk)
{
    free(walk);
}

/* Goes to the first row >= key (last: the last row < key) and tells it if it is of the walk's table. */
static enum err walk_to(struct log_memory_walk *walk, struct span key, bool last, struct span *ret_key,
                        struct span *ret_value)
{
    struct store_txn *txn = ((struct log_memory_view *)walk->walk.view)->txn;
    TRY(store_renew(txn));
    OWNED(store_cursor_close) struct store_cursor *cursor = NULL;
    TRY(store_cursor_open(txn, &cursor));
    struct span found;
    struct span value;
    TRY(last ? store_seek_last(cursor, key, &found, &value) : store_seek(cursor, key, &found, &value));
    if (found.data[0] != walk->table + 1) {
        return ERR_NOT_FOUND;
    }
    ASSERT(found.len <= KEY_MAX);
    memcpy(walk->key, found.data, found.len);
    walk->key_len = found.len;
    *ret_key = span_of(found.data + 1, found.len - 1);
    *ret_value = value;
    return OK;
}

static enum err memory_walk_seek(struct log_walk *walk, struct span key, struct span *ret_key, struct span *ret_value)
{
    struct log_memory_walk *own = (struct log_memory_walk *)walk;
    uint8_t bytes[KEY_MAX];
    return walk_to(own, table_key(bytes, own->table, key), false, ret_key, ret_value);
}

static enum err memory_walk_next(struct log_walk *walk, struct span *ret_key, struct span *ret_value)
{
    struct log_memory_walk *own = (struct log_memory_walk *)walk;
    ASSERT(own->key_len > 0);
    own->key[own->key_len] = 0; /* the least key above the present one */
    return walk_to(own, span_of(own->key, own->key_len + 1), false, ret_key, ret_value);
}

static enum err memory_walk_last(struct log_walk *walk, struct span *ret_key, struct span *ret_value)
{
    struct log_memory_walk *own = (struct log_memory_walk *)walk;
    const uint8_t next_table = (uint8_t)(own->table + 2);
    return walk_to(own, span_of(&next_table, 1), true, ret_key, ret_value);
}

static const struct log_rows_ops memory_ops = {
    .close = memory_close,
    .room = memory_room,
    .usage = memory_usage,
    .is_in_place = memory_is_in_place,
    .drop_dead_readers = memory_drop_dead_readers,
    .begin = memory_begin,
    .put = memory_put,
    .commit = memory_commit,
    .abort = memory_abort,
    .view_begin = memory_view_begin,
    .view_end = memory_view_end,
    .get = memory_get,
    .walk_begin = memory_walk_begin,
    .walk_seek = memory_walk_seek,
    .walk_next = memory_walk_next,
    .walk_last = memory_walk_last,
    .walk_end = memory_walk_end,
};

enum err log_memory_open(const struct log_options *options, struct log **ret_log)
{
    ASSERT(!options->read_only);
    ASSERT(options->map_size == 0 || options->reserve < options->map_size);
    struct log_memory *memory = calloc(1, sizeof *memory);
    if (memory == NULL) {
        return ERR_NO_MEMORY;
    }
    memory->rows.ops = &memory_ops;
    memory->max = options->map_size;
    memory->reserve = options->reserve;
    const enum err err = store_memory_open(&memory->store);
    if (err != OK) {
        free(memory);
        return err;
    }
    struct log_rows *rows = &memory->rows;
    struct log *log = NULL;
    TRY(log_start(&rows, options, false, &log));
    log->read_only = false;
    *ret_log = log;
    return OK;
}

void log_memory_fail_next_commit(struct log *log, enum err err)
{
    ASSERT(log->rows->ops == &memory_ops);
    memory_of(log->rows)->next_commit = err;
}

void log_memory_restart(struct log *log)
{
    ASSERT(log->rows->ops == &memory_ops);
    if (log->group.open) {
        log_abort(log);
    }
    log->broken = false;
}
