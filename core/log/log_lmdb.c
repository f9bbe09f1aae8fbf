/* log_lmdb.c: the log's rows in an LMDB environment of its own, with LMDB's default, crash-safe flags. The only file of
 * the log that knows LMDB. Must never be opened twice in a process nor be carried across a fork (lmdb.h, Caveats).
 *
 * A full disk is found before LMDB touches anything: the file is extended by zeros ahead of what a group could need
 * (zeros, not bare blocks: a block that was never written costs a journal entry at each fdatasync), and `reserve` bytes
 * more, which only privileged appends may use up. LMDB does not mind a longer file: its meta page says where data ends.
 */
#include <errno.h>
#include <limits.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "core/base/process.h"
#include "core/log/log_internal.h"
#include "core/store/err_lmdb.h"
#include "core/store/lock_lmdb.h"

#define EXTEND_STEP ((uint64_t)8 << 20)  /* bytes: how far the file is extended at a time */
#define ZEROS_LEN ((size_t)256 << 10)    /* bytes written at once */
#define FIRST_ROOM ((uint64_t)256 << 10) /* bytes that making the tables may need */

static const char *const table_names[LOG_TABLE_COUNT] = {
    [LOG_META] = "meta", [LOG_RECORDS] = "records", [LOG_BODIES] = "bodies",
    [LOG_TREE] = "tree", [LOG_HEADS] = "heads",     [LOG_CHECKPOINTS] = "checkpoints",
};

struct log_lmdb {
    struct log_rows rows;
    MDB_env *env;
    MDB_dbi tables[LOG_TABLE_COUNT];
    MDB_txn *write;
    uint64_t page_size;
    uint64_t map_size;
    uint64_t reserve;
    uint64_t allocated;  /* bytes of the file that can be written without asking the disk for more */
    uint64_t used;       /* bytes up to the last page in use */
    int file;            /* LMDB's */
    char path[PATH_MAX]; /* where it was opened */
};

struct log_lmdb_view {
    struct log_view view;
    MDB_txn *txn;
};

struct log_lmdb_walk {
    struct log_walk walk;
    MDB_cursor *cursor;
};

static struct log_lmdb *lmdb_of(struct log_rows *rows)
{
    return (struct log_lmdb *)rows;
}

static MDB_val val_of(struct span span)
{
    union { /* LMDB takes a pointer to bytes that it does not change */
        const uint8_t *data;
        void *bytes;
    } cast = {.data = span.data};

    return (MDB_val){.mv_size = span.len, .mv_data = cast.bytes};
}

static struct span span_of_val(const MDB_val *val)
{
    return span_of(val->mv_data, val->mv_size);
}

static uint64_t bytes_in_use(const struct log_lmdb *lmdb)
{
    MDB_envinfo info;
    ASSERT(mdb_env_info(lmdb->env, &info) == 0);
    return ((uint64_t)info.me_last_pgno + 1) * lmdb->page_size;
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Writes zeros from the allocated end on, as far as it goes. */
static enum err extend(struct log_lmdb *lmdb, uint64_t to)
{
    uint8_t *zeros = calloc(1, ZEROS_LEN);
    if (zeros == NULL) {
        return ERR_NO_MEMORY;
    }
    enum err err = OK;
    while (err == OK && lmdb->allocated < to) {
        const ssize_t written =
            pwrite(lmdb->file, zeros, (size_t)min_u64(ZEROS_LEN, to - lmdb->allocated), (off_t)lmdb->allocated);
        if (written > 0) {
            lmdb->allocated += (uint64_t)written;
        } else if (written == 0 || errno != EINTR) {
            err = written == 0 ? ERR_NO_SPACE : err_from_errno(errno);
        }
    }
    free(zeros);
    return err;
}

static enum err lmdb_room(struct log_rows *rows, uint64_t bytes, bool privileged)
{
    struct log_lmdb *lmdb = lmdb_of(rows);
    const uint64_t need = lmdb->used + bytes;
    const uint64_t kept = privileged ? 0 : lmdb->reserve;
    if (need + kept > lmdb->map_size) {
        return ERR_NO_SPACE;
    }
    const uint64_t ahead = min_u64(need + lmdb->reserve, lmdb->map_size);
    if (ahead > lmdb->allocated) {
        const uint64_t to = (ahead + EXTEND_STEP - 1) / EXTEND_STEP * EXTEND_STEP;
        const enum err err = extend(lmdb, min_u64(to, lmdb->map_size));
        if (lmdb->allocated < need + kept) {
            return err;
        }
    }
    return OK;
}

static void lmdb_usage(const struct log_rows *rows, uint64_t *ret_used, uint64_t *ret_max)
{
    const struct log_lmdb *lmdb = (const struct log_lmdb *)rows;
    *ret_used = lmdb->used;
    *ret_max = lmdb->map_size;
}

static bool lmdb_is_in_place(const struct log_rows *rows)
{
    const struct log_lmdb *lmdb = (const struct log_lmdb *)rows;
    return file_is_at(lmdb->file, lmdb->path);
}

static enum err lmdb_drop_dead_readers(struct log_rows *rows, uint32_t *ret_count)
{
    int dead = 0;
    TRY(err_from_lmdb(mdb_reader_check(lmdb_of(rows)->env, &dead)));
    *ret_count = (uint32_t)dead;
    return OK;
}

static void lmdb_close(struct log_rows *rows)
{
    struct log_lmdb *lmdb = lmdb_of(rows);
    mdb_txn_abort(lmdb->write);
    if (lmdb->env != NULL) {
        mdb_env_close(lmdb->env);
    }
    free(lmdb);
}

static enum err lmdb_begin(struct log_rows *rows)
{
    struct log_lmdb *lmdb = lmdb_of(rows);
    ASSERT(lmdb->write == NULL);
    return err_from_lmdb(mdb_txn_begin(lmdb->env, NULL, 0, &lmdb->write));
}

static enum err lmdb_put(struct log_rows *rows, enum log_table table, struct span key, struct span value,
                         enum log_put how)
{
    static const unsigned flags[] = {
        [LOG_PUT_REPLACE] = 0, [LOG_PUT_APPEND] = MDB_APPEND, [LOG_PUT_KEEP] = MDB_NOOVERWRITE};
    struct log_lmdb *lmdb = lmdb_of(rows);
    MDB_val mdb_key = val_of(key);
    MDB_val mdb_value = val_of(value);
    const int rc = mdb_put(lmdb->write, lmdb->tables[table], &mdb_key, &mdb_value, flags[how]);
    return rc == MDB_KEYEXIST && how == LOG_PUT_KEEP ? OK : err_from_lmdb(rc);
}

static void lmdb_abort(struct log_rows *rows)
{
    struct log_lmdb *lmdb = lmdb_of(rows);
    mdb_txn_abort(lmdb->write);
    lmdb->write = NULL;
}

static enum err lmdb_commit(struct log_rows *rows)
{
    struct log_lmdb *lmdb = lmdb_of(rows);
    const int rc = mdb_txn_commit(lmdb->write);
    lmdb->write = NULL;
    lmdb->used = bytes_in_use(lmdb);
    if (rc == 0) {
        return OK;
    }
    return rc == MDB_MAP_FULL || rc == MDB_TXN_FULL ? ERR_NO_SPACE : ERR_IO; /* those two come before any writing */
}

static enum err lmdb_view_begin(struct log_rows *rows, struct log_view **ret_view)
{
    struct log_lmdb_view *view = calloc(1, sizeof *view);
    if (view == NULL) {
        return ERR_NO_MEMORY;
    }
    view->view.rows = rows;
    const int rc = mdb_txn_begin(lmdb_of(rows)->env, NULL, MDB_RDONLY, &view->txn);
    if (rc != 0) {
        free(view);
        return err_from_lmdb(rc);
    }
    *ret_view = &view->view;
    return OK;
}

static MDB_txn *txn_of(struct log_view *view)
{
    return ((struct log_lmdb_view *)view)->txn;
}

static void lmdb_view_end(struct log_view *view)
{
    mdb_txn_abort(txn_of(view));
    free(view);
}

static enum err lmdb_get(struct log_view *view, enum log_table table, struct span key, struct span *ret_value)
{
    MDB_val mdb_key = val_of(key);
    MDB_val value;
    TRY(err_from_lmdb(mdb_get(txn_of(view), lmdb_of(view->rows)->tables[table], &mdb_key, &value)));
    *ret_value = span_of_val(&value);
    return OK;
}

static enum err lmdb_walk_begin(struct log_view *view, enum log_table table, struct log_walk **ret_walk)
{
    struct log_lmdb_walk *walk = calloc(1, sizeof *walk);
    if (walk == NULL) {
        return ERR_NO_MEMORY;
    }
    walk->walk.view = view;
    const int rc = mdb_cursor_open(txn_of(view), lmdb_of(view->rows)->tables[table], &walk->cursor);
    if (rc != 0) {
        free(walk);
        return err_from_lmdb(rc);
    }
    *ret_walk = &walk->walk;
    return OK;
}

static void lmdb_walk_end(struct log_walk *walk)
{
    mdb_cursor_close(((struct log_lmdb_walk *)walk)->cursor);
    free(walk);
}

static enum err walk_to(struct log_walk *walk, MDB_val key, MDB_cursor_op op, struct span *ret_key,
                        struct span *ret_value)
{
    MDB_val value;
    TRY(err_from_lmdb(mdb_cursor_get(((struct log_lmdb_walk *)walk)->cursor, &key, &value, op)));
    *ret_key = span_of_val(&key);
    *ret_value = span_of_val(&value);
    return OK;
}

static enum err lmdb_walk_seek(struct log_walk *walk, struct span key, struct span *ret_key, struct span *ret_value)
{
    return walk_to(walk, val_of(key), MDB_SET_RANGE, ret_key, ret_value);
}

static enum err lmdb_walk_next(struct log_walk *walk, struct span *ret_key, struct span *ret_value)
{
    return walk_to(walk, (MDB_val){0}, MDB_NEXT, ret_key, ret_value);
}

static enum err lmdb_walk_last(struct log_walk *walk, struct span *ret_key, struct span *ret_value)
{
    return walk_to(walk, (MDB_val){0}, MDB_LAST, ret_key, ret_value);
}

static const struct log_rows_ops lmdb_ops = {
    .many_threads = true,
    .close = lmdb_close,
    .room = lmdb_room,
    .usage = lmdb_usage,
    .is_in_place = lmdb_is_in_place,
    .drop_dead_readers = lmdb_drop_dead_readers,
    .begin = lmdb_begin,
    .put = lmdb_put,
    .commit = lmdb_commit,
    .abort = lmdb_abort,
    .view_begin = lmdb_view_begin,
    .view_end = lmdb_view_end,
    .get = lmdb_get,
    .walk_begin = lmdb_walk_begin,
    .walk_seek = lmdb_walk_seek,
    .walk_next = lmdb_walk_next,
    .walk_last = lmdb_walk_last,
    .walk_end = lmdb_walk_end,
};

/* Learns sizes, refuses a file that is cut short (reading it would be SIGBUS), and claims it for the one writer. */
static enum err measure(struct log_lmdb *lmdb, bool read_only, struct log_fault *fault)
{
    MDB_stat stat;
    MDB_envinfo info;
    struct stat status;
    TRY(err_from_lmdb(mdb_env_stat(lmdb->env, &stat)));
    TRY(err_from_lmdb(mdb_env_info(lmdb->env, &info)));
    TRY(err_from_lmdb(mdb_env_get_fd(lmdb->env, &lmdb->file)));
    if (!read_only && flock(lmdb->file, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? ERR_BUSY : err_from_errno(errno);
    }
    if (fstat(lmdb->file, &status) != 0) {
        return err_from_errno(errno);
    }
    lmdb->page_size = stat.ms_psize;
    lmdb->map_size = info.me_mapsize;
    lmdb->used = bytes_in_use(lmdb);
    lmdb->allocated = (uint64_t)status.st_size;
    if (lmdb->allocated < lmdb->used) {
        return log_fault_set(fault, 0, "the file data.mdb is cut short: restore data from a copy");
    }
    if ((uint64_t)status.st_blocks * 512 < lmdb->allocated) {
        lmdb->allocated = lmdb->used; /* a copy with holes: fill what lies ahead anew */
    }
    return OK;
}

/* Opens the tables, or (create) makes them; ERR_NOT_FOUND when they are not there. */
static enum err open_tables(struct log_lmdb *lmdb, bool create, struct log_fault *fault)
{
    MDB_txn *txn = NULL;
    TRY(err_from_lmdb(mdb_txn_begin(lmdb->env, NULL, create ? 0 : MDB_RDONLY, &txn)));
    int rc = 0;
    for (unsigned table = 0; table < LOG_TABLE_COUNT && rc == 0; table++) {
        rc = mdb_dbi_open(txn, table_names[table], create ? MDB_CREATE : 0, &lmdb->tables[table]);
    }
    MDB_dbi names = 0;
    MDB_stat stat = {0};
    if (rc == 0) {
        rc = mdb_dbi_open(txn, NULL, 0, &names);
    }
    if (rc == 0) {
        rc = mdb_stat(txn, names, &stat);
    }
    if (rc != 0 || stat.ms_entries != LOG_TABLE_COUNT) {
        mdb_txn_abort(txn);
        TRY(err_from_lmdb(rc));
        return log_fault_set(fault, 0, "the file data.mdb holds tables that no version wrote");
    }
    return err_from_lmdb(mdb_txn_commit(txn));
}

/* Opens the tables for the writer, who makes them in a new file, and fills what lies ahead as far as the disk lets it.
 */
static enum err prepare(struct log_lmdb *lmdb, struct log_fault *fault)
{
    uint32_t dead = 0;
    TRY(lmdb_drop_dead_readers(&lmdb->rows, &dead));
    const enum err room = lmdb_room(&lmdb->rows, FIRST_ROOM, true);
    enum err err = open_tables(lmdb, false, fault);
    if (err == ERR_NOT_FOUND) {
        TRY(room);
        err = open_tables(lmdb, true, fault);
    }
    return err;
}

static enum err open_env(struct log_lmdb *lmdb, const struct log_options *options, struct log_fault *fault)
{
    TRY(path_join(lmdb->path, sizeof lmdb->path, options->path, "data.mdb"));
    TRY(err_from_lmdb(mdb_env_create(&lmdb->env)));
    TRY(err_from_lmdb(mdb_env_set_maxreaders(lmdb->env, LMDB_READERS_MAX)));
    TRY(err_from_lmdb(mdb_env_set_maxdbs(lmdb->env, LOG_TABLE_COUNT)));
    if (options->map_size > 0) {
        TRY(err_from_lmdb(mdb_env_set_mapsize(lmdb->env, options->map_size)));
    }
    const unsigned flags = MDB_NOTLS | (options->read_only ? MDB_RDONLY : 0U);
    if (!options->read_only) {
        TRY(lock_lmdb_allocate(options->path));
    }
    const enum err err = err_from_lmdb(mdb_env_open(lmdb->env, options->path, flags, 0640));
    if (err == ERR_ALTERED) {
        return log_fault_set(fault, 0,
                             "the file data.mdb does not begin as it was written, or is cut short: restore data from a "
                             "copy");
    }
    TRY(err);
    TRY(measure(lmdb, options->read_only, fault));
    TRY(options->read_only ? open_tables(lmdb, false, fault) : prepare(lmdb, fault));
    lmdb->used = bytes_in_use(lmdb);
    return OK;
}

enum err log_lmdb_rows(const struct log_options *options, struct log_rows **ret_rows, struct log_fault *ret_fault)
{
    struct log_lmdb *lmdb = calloc(1, sizeof *lmdb);
    if (lmdb == NULL) {
        return ERR_NO_MEMORY;
    }
    lmdb->rows.ops = &lmdb_ops;
    lmdb->reserve = options->reserve;
    const enum err err = open_env(lmdb, options, ret_fault);
    if (err != OK) {
        lmdb_close(&lmdb->rows);
        return err;
    }
    *ret_rows = &lmdb->rows;
    return OK;
}

static enum err open_log(const struct log_options *options, struct log **ret_log, struct log_fault *fault)
{
    struct log_rows *rows = NULL;
    TRY(log_lmdb_rows(options, &rows, fault));
    OWNED(log_close) struct log *log = NULL;
    TRY(log_start(&rows, options, true, &log));
    TRY(log_tail_verify(log, fault));
    log->read_only = options->read_only;
    *ret_log = log;
    log = NULL;
    return OK;
}

enum err log_lmdb_open(const struct log_options *options, struct log **ret_log, struct log_fault *ret_fault)
{
    ASSERT(options->read_only || (options->key != NULL && options->map_size > options->reserve));
    if (!options->read_only && mkdir(options->path, 0750) != 0 && errno != EEXIST) {
        return err_from_errno(errno);
    }
    struct log_fault fault = {0};
    const enum err err = open_log(options, ret_log, &fault);
    if (err == ERR_ALTERED) {
        log_fault_give(&fault, 0, ret_fault);
    }
    return err;
}
