/* log_rows.h: what a log asks of its storage: rows in six ordered tables, changed by one atomic, durable write at a
 * time, and views that read them. Private to core/log: log_lmdb.c and log_memory.c implement it, everything else uses
 * it. */
#ifndef OPENPOST_LOG_LOG_ROWS_H
#define OPENPOST_LOG_LOG_ROWS_H

#include "core/log/log.h"

/* Numbers below are stored big-endian. core/log/README.md has the layout. */
enum log_table {
    LOG_META,        /* one row: log_state.h */
    LOG_RECORDS,     /* seq -> log_record.h */
    LOG_BODIES,      /* SHA-256 -> payload above LOG_INLINE_MAX */
    LOG_TREE,        /* level (1 byte: 8, 16, ...), index -> hash of a complete subtree */
    LOG_HEADS,       /* workspace's UUID -> its last workspace_seq */
    LOG_CHECKPOINTS, /* size -> signed note */
    LOG_TABLE_COUNT
};

/* APPEND: the key is above all others of the table. KEEP: a row that is there already stays as it is. */
enum log_put { LOG_PUT_REPLACE, LOG_PUT_APPEND, LOG_PUT_KEEP };

struct log_rows;
struct log_view; /* a snapshot; short-lived; may be used by another thread than the writer's (LMDB only) */
struct log_walk; /* a place in a table of a view */

struct log_rows_ops {
    bool many_threads; /* views and walks may be any thread's */
    void (*close)(struct log_rows *rows);
    /* room makes sure that a write of bytes (an estimate from above) will find space; ERR_NO_SPACE, ERR_IO. */
    enum err (*room)(struct log_rows *rows, uint64_t bytes, bool privileged);
    void (*usage)(const struct log_rows *rows, uint64_t *ret_used, uint64_t *ret_max);
    /* is_in_place: what is written is found by whoever opens the log next. */
    bool (*is_in_place)(const struct log_rows *rows);
    enum err (*drop_dead_readers)(struct log_rows *rows, uint32_t *ret_count);
    enum err (*begin)(struct log_rows *rows);
    enum err (*put)(struct log_rows *rows, enum log_table table, struct span key, struct span value, enum log_put how);
    /* commit: ERR_NO_SPACE: nothing is kept. Any other failure: nobody knows. It ends the write whatever it returns. */
    enum err (*commit)(struct log_rows *rows);
    void (*abort)(struct log_rows *rows);

    enum err (*view_begin)(struct log_rows *rows, struct log_view **ret_view);
    void (*view_end)(struct log_view *view);
    enum err (*get)(struct log_view *view, enum log_table table, struct span key, struct span *ret_value);
    /* walk_seek: the first row whose key is >= key; walk_next: the one after. ERR_NOT_FOUND past the end. */
    enum err (*walk_begin)(struct log_view *view, enum log_table table, struct log_walk **ret_walk);
    enum err (*walk_seek)(struct log_walk *walk, struct span key, struct span *ret_key, struct span *ret_value);
    enum err (*walk_next)(struct log_walk *walk, struct span *ret_key, struct span *ret_value);
    enum err (*walk_last)(struct log_walk *walk, struct span *ret_key, struct span *ret_value);
    void (*walk_end)(struct log_walk *walk);
};

struct log_rows {
    const struct log_rows_ops *ops;
};

struct log_view {
    struct log_rows *rows;
};

struct log_walk {
    struct log_view *view;
};

static inline void log_view_end(struct log_view *view)
{
    if (view != NULL) {
        view->rows->ops->view_end(view);
    }
}

OWNED_BY(log_view_end, struct log_view *);

static inline void log_walk_end(struct log_walk *walk)
{
    if (walk != NULL) {
        walk->view->rows->ops->walk_end(walk);
    }
}

OWNED_BY(log_walk_end, struct log_walk *);

static inline void log_rows_close(struct log_rows *rows)
{
    if (rows != NULL) {
        rows->ops->close(rows);
    }
}

OWNED_BY(log_rows_close, struct log_rows *);

/* The key of a row whose key is one number. */
struct log_key {
    uint8_t bytes[8];
};

static inline struct span log_key(struct log_key *key, uint64_t number)
{
    put_be64(key->bytes, number);
    return span_of(key->bytes, sizeof key->bytes);
}

#endif
