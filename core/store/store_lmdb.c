/* store_lmdb.c: the store in one LMDB environment, one unnamed tree. Opened by the ledger (the writer) and, read-only,
 * by gateway and scheduler. Must never be opened twice in a process nor be carried across a fork (lmdb.h, Caveats).
 *
 * The writer uses WRITEMAP|NOSYNC: pages are changed in the map itself, so a page without a block on a full disk would
 * be SIGBUS, already at the put. Hence room(): before each write the file has blocks for every page that the
 * transaction could need at worst. A put changes at most its leaf and the branch above, and splits each once (4 pages);
 * pages further up are few and are counted once (TXN_PAGES), as is LMDB's own list of free pages. Many puts side by
 * side need far less: from time to time LMDB is asked how many pages the tree has, for no page is copied twice. */
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "core/base/assert.h"
#include "core/base/process.h"
#include "core/store/err_lmdb.h"
#include "core/store/lock_lmdb.h"
#include "core/store/store_ops.h"
#include "core/store/whole_lmdb.h"

/* What a writer did before a reader sees it, and what a reader saw before its pages are used again, LMDB orders by its
 * meta pages and its table of readers. ThreadSanitizer does not see these, so it is told: a transaction's end comes
 * before what begins after it. */
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#define TELL_BEGUN(lmdb_) __tsan_acquire((lmdb_)->env)
#define TELL_ENDS(lmdb_) __tsan_release((lmdb_)->env)
#else
#define TELL_BEGUN(lmdb_) ((void)(lmdb_))
#define TELL_ENDS(lmdb_) ((void)(lmdb_))
#endif

#define PATH_LEN_MAX 1024
#define TXN_PAGES 512                   /* once in a transaction: upper branches, the list of free pages */
#define WRITE_PAGES 4                   /* for each put or delete, beside the pages of a long value */
#define RECOUNT_PAGES 4096              /* the estimate is checked each time it has grown by so many */
#define EXTEND_STEP ((uint64_t)8 << 20) /* bytes: how far the file is extended at a time */
#define FREE_LIST_PAGES(pages) \
    ((pages) / 400) /* pages that list so many freed ones: 8 bytes each, with room to spare */

struct store_lmdb {
    struct store store;
    struct whole *whole; /* see whole_lmdb.h; NULL: durable, always whole */
    MDB_env *env;
    MDB_dbi dbi;
    size_t page_size;
    uint64_t map_size;
    uint64_t allocated;      /* bytes from the file's start that have blocks */
    uint64_t committed;      /* bytes up to the last page in use, by the last commit */
    bool is_durable;         /* LMDB flushes each commit itself, in an order that survives a power loss */
    char path[PATH_LEN_MAX]; /* of its file */
};

struct store_lmdb_txn {
    struct store_txn txn;
    MDB_txn *mdb;
    MDB_cursor *at;      /* where it last read or wrote, or NULL; a writer's is closed by LMDB with the transaction */
    uint64_t pages;      /* that it may need at worst, so far */
    uint64_t recount_at; /* pages */
    uint64_t tree_pages; /* of the tree when it began */
    uint64_t long_pages; /* of long values put since: one that is replaced leaves its pages unused */
    bool appending;      /* into an empty tree, each key above the one before: pages are filled whole */

    struct last {
        uint8_t key[STORE_KEY_MAX];
        size_t len;
    } last;
};

struct store_lmdb_cursor {
    struct store_cursor cursor;
    MDB_cursor *mdb;
};

static struct store_lmdb *lmdb_of(struct store *store)
{
    return (struct store_lmdb *)store;
}

static struct store_lmdb_txn *txn_of(struct store_txn *txn)
{
    return (struct store_lmdb_txn *)txn;
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

static uint64_t bytes_in_use(const struct store_lmdb *lmdb)
{
    MDB_envinfo info;
    mdb_env_info(lmdb->env, &info);
    return ((uint64_t)info.me_last_pgno + 1) * lmdb->page_size;
}

static enum err fallocate_range(struct store_lmdb *lmdb, uint64_t from, uint64_t to)
{
    mdb_filehandle_t file;
    TRY(err_from_lmdb(mdb_env_get_fd(lmdb->env, &file)));
    int error = 0;
    do {
        error = posix_fallocate(file, (off_t)from, (off_t)(to - from));
    } while (error == EINTR);
    return err_from_errno(error);
}

/* Makes sure that the file has blocks for pages beyond the last one in use. */
static enum err room(struct store_lmdb *lmdb, uint64_t pages)
{
    uint64_t need = lmdb->committed + pages * lmdb->page_size;
    need = need < lmdb->map_size ? need : lmdb->map_size;
    uint64_t ahead = need + STORE_AHEAD_BYTES;
    ahead = ahead < lmdb->map_size ? ahead : lmdb->map_size;
    if (ahead > lmdb->allocated) {
        uint64_t to = (ahead + EXTEND_STEP - 1) / EXTEND_STEP * EXTEND_STEP;
        to = to < lmdb->map_size ? to : lmdb->map_size;
        if (fallocate_range(lmdb, lmdb->allocated, to) == OK) {
            lmdb->allocated = to;
        }
    }
    lmdb->store.is_short = lmdb->allocated < ahead;
    if (need > lmdb->allocated) {
        TRY(fallocate_range(lmdb, lmdb->allocated, need)); /* less than all of it may still fit */
        lmdb->allocated = need;
    }
    return OK;
}

/* What a reader goes by; to a writer, and in a durable store, rows may always be read. */
static uint64_t look_at_whole(const struct store_lmdb *lmdb)
{
    return lmdb->store.read_only && lmdb->whole != NULL ? atomic_load(&lmdb->whole->number) : 1;
}

static void lmdb_set_whole(struct store *store, bool whole)
{
    struct store_lmdb *lmdb = lmdb_of(store);
    if (lmdb->whole != NULL) {
        whole_set(lmdb->whole, whole);
    }
}

static bool lmdb_is_in_place(struct store *store)
{
    const struct store_lmdb *lmdb = lmdb_of(store);
    mdb_filehandle_t file;
    const char *folder;
    return mdb_env_get_fd(lmdb->env, &file) == 0 && mdb_env_get_path(lmdb->env, &folder) == 0 &&
           whole_is_in_place(file, folder, store->read_only ? lmdb->page_size : lmdb->map_size) &&
           look_at_whole(lmdb) != WHOLE_GIVEN_UP;
}

static void lmdb_close(struct store *store)
{
    struct store_lmdb *lmdb = lmdb_of(store);
    whole_unmap(lmdb->whole);
    if (lmdb->env != NULL) {
        mdb_env_close(lmdb->env);
    }
    free(lmdb);
}

static enum err count_pages(const struct store_lmdb *lmdb, MDB_txn *mdb, uint64_t *ret_pages, uint64_t *ret_entries)
{
    MDB_stat stat;
    TRY(err_from_lmdb(mdb_stat(mdb, lmdb->dbi, &stat)));
    *ret_pages = (uint64_t)stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
    *ret_entries = stat.ms_entries;
    return OK;
}

static enum err begin_writing(const struct store_lmdb *lmdb, struct store_lmdb_txn *txn)
{
    uint64_t entries = 0;
    TRY(count_pages(lmdb, txn->mdb, &txn->tree_pages, &entries));
    txn->recount_at = TXN_PAGES + RECOUNT_PAGES;
    txn->appending = entries == 0;
    return OK;
}

/* Makes sure of blocks for so many pages more. At worst every page of the old tree is copied once, and listed as free,
 * and the new tree's others are new. */
static enum err more_room(struct store_lmdb *lmdb, struct store_lmdb_txn *txn, uint64_t pages)
{
    txn->pages += pages;
    if (txn->pages > txn->recount_at) {
        uint64_t now = 0;
        uint64_t entries = 0;
        TRY(count_pages(lmdb, txn->mdb, &now, &entries));
        const uint64_t grown = now > txn->tree_pages ? now - txn->tree_pages : 0;
        const uint64_t most =
            TXN_PAGES + FREE_LIST_PAGES(txn->tree_pages) + txn->tree_pages + txn->long_pages + grown + pages;
        txn->pages = txn->pages < most ? txn->pages : most;
        txn->recount_at = txn->pages + RECOUNT_PAGES;
    }
    return room(lmdb, txn->pages);
}

/* Whether the rows of a snapshot that was taken since the number was before may be read. */
static enum err stayed_whole(const struct store_lmdb *lmdb, uint64_t before)
{
    return before % 2 == 1 && look_at_whole(lmdb) == before ? OK : ERR_REBUILDING;
}

static enum err lmdb_begin(struct store *store, bool write, struct store_txn **ret_txn)
{
    struct store_lmdb *lmdb = lmdb_of(store);
    if (write) {
        lmdb->committed = bytes_in_use(lmdb);
        TRY(room(lmdb, TXN_PAGES));
    }
    struct store_lmdb_txn *txn = calloc(1, sizeof *txn);
    if (txn == NULL) {
        return ERR_NO_MEMORY;
    }
    txn->pages = TXN_PAGES;
    const uint64_t before = look_at_whole(lmdb);
    const int rc = mdb_txn_begin(lmdb->env, NULL, write ? 0 : MDB_RDONLY, &txn->mdb);
    if (rc != 0) {
        free(txn);
        return err_from_lmdb(rc);
    }
    TELL_BEGUN(lmdb);
    const enum err err = write ? begin_writing(lmdb, txn) : stayed_whole(lmdb, before);
    if (err != OK) {
        mdb_txn_abort(txn->mdb);
        free(txn);
        return err;
    }
    *ret_txn = &txn->txn;
    return OK;
}

static enum err lmdb_commit(struct store_txn *txn)
{
    const struct store_lmdb *lmdb = lmdb_of(txn->store);
    struct store_lmdb_txn *own = txn_of(txn);
    mdb_filehandle_t file;
    TELL_ENDS(lmdb);
    const int rc = mdb_txn_commit(own->mdb);
    free(own);
    TRY(err_from_lmdb(rc));
    if (!lmdb->is_durable) {
        return OK;
    }
    TRY(err_from_lmdb(mdb_env_get_fd(lmdb->env, &file)));
    return file_is_at(file, lmdb->path) ? OK : ERR_IO; /* it is on the disk, but nobody will find it */
}

static void lmdb_abort(struct store_txn *txn)
{
    struct store_lmdb_txn *own = txn_of(txn);
    if (!txn->write && own->at != NULL) {
        mdb_cursor_close(own->at);
    }
    TELL_ENDS(lmdb_of(txn->store));
    mdb_txn_abort(own->mdb);
    free(own);
}

static void lmdb_park(struct store_txn *txn)
{
    TELL_ENDS(lmdb_of(txn->store));
    mdb_txn_reset(txn_of(txn)->mdb);
}

static enum err lmdb_renew(struct store_txn *txn)
{
    const struct store_lmdb *lmdb = lmdb_of(txn->store);
    struct store_lmdb_txn *own = txn_of(txn);
    const uint64_t before = look_at_whole(lmdb);
    TRY(err_from_lmdb(mdb_txn_renew(own->mdb)));
    TELL_BEGUN(lmdb);
    const enum err err = stayed_whole(lmdb, before);
    if (err != OK) {
        lmdb_park(txn);
        return err;
    }
    return own->at != NULL ? err_from_lmdb(mdb_cursor_renew(own->mdb, own->at)) : OK;
}

static enum err lmdb_sync(struct store *store)
{
    return err_from_lmdb(mdb_env_sync(lmdb_of(store)->env, 1));
}

static enum err lmdb_drop_dead_readers(struct store *store, uint32_t *ret_count)
{
    int dead = 0;
    TRY(err_from_lmdb(mdb_reader_check(lmdb_of(store)->env, &dead)));
    *ret_count = (uint32_t)dead;
    return OK;
}

static enum err lmdb_clear(struct store *store)
{
    struct store_lmdb *lmdb = lmdb_of(store);
    lmdb->committed = bytes_in_use(lmdb);
    TRY(room(lmdb, TXN_PAGES + FREE_LIST_PAGES(lmdb->committed / lmdb->page_size)));
    MDB_txn *txn = NULL;
    TRY(err_from_lmdb(mdb_txn_begin(lmdb->env, NULL, 0, &txn)));
    const int rc = mdb_drop(txn, lmdb->dbi, 0);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return err_from_lmdb(rc);
    }
    return err_from_lmdb(mdb_txn_commit(txn));
}

/* A transaction reads and writes through one cursor: rows of one thing lie side by side, and LMDB looks on the cursor's
 * page before it walks down from the root. */
static enum err stand(struct store_lmdb *lmdb, struct store_lmdb_txn *own, MDB_cursor **ret_cursor)
{
    if (own->at == NULL) {
        TRY(err_from_lmdb(mdb_cursor_open(own->mdb, lmdb->dbi, &own->at)));
    }
    *ret_cursor = own->at;
    return OK;
}

static enum err lmdb_get(struct store_txn *txn, struct span key, struct span *ret_value)
{
    MDB_val mdb_key = val_of(key);
    MDB_val value;
    MDB_cursor *at = NULL;
    TRY(stand(lmdb_of(txn->store), txn_of(txn), &at));
    TRY(err_from_lmdb(mdb_cursor_get(at, &mdb_key, &value, MDB_SET)));
    *ret_value = span_of_val(&value);
    return OK;
}

static enum err lmdb_put(struct store_txn *txn, struct span key, struct span value)
{
    struct store_lmdb *lmdb = lmdb_of(txn->store);
    struct store_lmdb_txn *own = txn_of(txn);
    own->long_pages += value.len / lmdb->page_size;
    TRY(more_room(lmdb, own, WRITE_PAGES + value.len / lmdb->page_size));
    MDB_val mdb_key = val_of(key);
    MDB_val mdb_value = val_of(value);
    MDB_cursor *at = NULL;
    TRY(stand(lmdb, own, &at));
    const bool appends = own->appending && span_compare(key, span_of(own->last.key, own->last.len)) > 0;
    TRY(err_from_lmdb(mdb_cursor_put(at, &mdb_key, &mdb_value, appends ? MDB_APPEND : 0)));
    own->appending = appends;
    if (appends) {
        memcpy(own->last.key, key.data, key.len);
        own->last.len = key.len;
    }
    return OK;
}

static enum err lmdb_delete(struct store_txn *txn, struct span key)
{
    struct store_lmdb *lmdb = lmdb_of(txn->store);
    struct store_lmdb_txn *own = txn_of(txn);
    TRY(more_room(lmdb, own, WRITE_PAGES));
    own->appending = false;
    MDB_val mdb_key = val_of(key);
    return err_from_lmdb(mdb_del(own->mdb, lmdb->dbi, &mdb_key, NULL));
}

static enum err lmdb_cursor_open(struct store_txn *txn, struct store_cursor **ret_cursor)
{
    struct store_lmdb_cursor *cursor = calloc(1, sizeof *cursor);
    if (cursor == NULL) {
        return ERR_NO_MEMORY;
    }
    const int rc = mdb_cursor_open(txn_of(txn)->mdb, lmdb_of(txn->store)->dbi, &cursor->mdb);
    if (rc != 0) {
        free(cursor);
        return err_from_lmdb(rc);
    }
    *ret_cursor = &cursor->cursor;
    return OK;
}

static void lmdb_cursor_close(struct store_cursor *cursor)
{
    struct store_lmdb_cursor *own = (struct store_lmdb_cursor *)cursor;
    mdb_cursor_close(own->mdb);
    free(own);
}

static int seek_last(MDB_cursor *cursor, struct span key, MDB_val *mdb_key, MDB_val *value)
{
    int rc = mdb_cursor_get(cursor, mdb_key, value, MDB_SET_RANGE);
    if (rc == MDB_NOTFOUND) {
        return mdb_cursor_get(cursor, mdb_key, value, MDB_LAST);
    }
    if (rc == 0 && !span_equal(span_of_val(mdb_key), key)) {
        rc = mdb_cursor_get(cursor, mdb_key, value, MDB_PREV);
    }
    return rc;
}

static enum err lmdb_move(struct store_cursor *cursor, enum store_move move, struct span key, struct span *ret_key,
                          struct span *ret_value)
{
    MDB_cursor *mdb = ((struct store_lmdb_cursor *)cursor)->mdb;
    MDB_val mdb_key = val_of(key);
    MDB_val value = {0};
    int rc = 0;
    switch (move) {
    case STORE_SEEK:
        rc = mdb_cursor_get(mdb, &mdb_key, &value, MDB_SET_RANGE);
        break;
    case STORE_SEEK_LAST:
        rc = seek_last(mdb, key, &mdb_key, &value);
        break;
    case STORE_NEXT:
        rc = mdb_cursor_get(mdb, &mdb_key, &value, MDB_NEXT);
        break;
    case STORE_PREV:
        rc = mdb_cursor_get(mdb, &mdb_key, &value, MDB_PREV);
        break;
    }
    TRY(err_from_lmdb(rc));
    *ret_key = span_of_val(&mdb_key);
    *ret_value = span_of_val(&value);
    return OK;
}

static const struct store_ops lmdb_ops = {
    .many_threads = true,
    .close = lmdb_close,
    .begin = lmdb_begin,
    .commit = lmdb_commit,
    .abort = lmdb_abort,
    .park = lmdb_park,
    .renew = lmdb_renew,
    .sync = lmdb_sync,
    .drop_dead_readers = lmdb_drop_dead_readers,
    .set_whole = lmdb_set_whole,
    .is_in_place = lmdb_is_in_place,
    .clear = lmdb_clear,
    .get = lmdb_get,
    .put = lmdb_put,
    .delete = lmdb_delete,
    .cursor_open = lmdb_cursor_open,
    .cursor_close = lmdb_cursor_close,
    .move = lmdb_move,
};

/* Makes sure that the whole of the file in use has blocks (a copied file may have holes) and that it is ours alone. */
static enum err claim(struct store_lmdb *lmdb, const char *path)
{
    mdb_filehandle_t file;
    TRY(err_from_lmdb(mdb_env_get_fd(lmdb->env, &file)));
    if (flock(file, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? ERR_BUSY : err_from_errno(errno);
    }
    char lock_path[PATH_LEN_MAX];
    const int len = snprintf(lock_path, sizeof lock_path, "%s/lock.mdb", path);
    ASSERT(len > 0 && (size_t)len < sizeof lock_path);
    if (chmod(lock_path, 0660) != 0) {
        return err_from_errno(errno);
    }
    uint32_t dead = 0;
    TRY(lmdb_drop_dead_readers(&lmdb->store, &dead));
    lmdb->committed = bytes_in_use(lmdb);
    return room(lmdb, TXN_PAGES);
}

static enum err open_env(struct store_lmdb *lmdb, const char *path, size_t map_size)
{
    const bool read_only = lmdb->store.read_only;
    TRY(path_join(lmdb->path, sizeof lmdb->path, path, "data.mdb"));
    TRY(err_from_lmdb(mdb_env_create(&lmdb->env)));
    TRY(err_from_lmdb(mdb_env_set_maxreaders(lmdb->env, LMDB_READERS_MAX)));
    TRY(err_from_lmdb(mdb_env_set_mapsize(lmdb->env, map_size)));
    /* A new page is zeros that the kernel "reads": with read-ahead, in large pieces of memory that was never touched.
     */
    const unsigned fast = lmdb->is_durable ? 0 : MDB_WRITEMAP | MDB_NOSYNC | MDB_NOMEMINIT | MDB_NORDAHEAD;
    const unsigned flags = MDB_NOTLS | (read_only ? MDB_RDONLY : fast);
    if (!read_only) {
        TRY(lock_lmdb_allocate(path));
    }
    TRY(err_from_lmdb(mdb_env_open(lmdb->env, path, flags, 0640)));
    MDB_stat stat;
    TRY(err_from_lmdb(mdb_env_stat(lmdb->env, &stat)));
    MDB_envinfo info;
    TRY(err_from_lmdb(mdb_env_info(lmdb->env, &info)));
    lmdb->page_size = stat.ms_psize;
    lmdb->map_size = info.me_mapsize;
    if (!lmdb->is_durable) {
        mdb_filehandle_t file;
        TRY(err_from_lmdb(mdb_env_get_fd(lmdb->env, &file)));
        TRY(whole_map(file, !read_only, &lmdb->whole));
    }
    if (!read_only) {
        TRY(claim(lmdb, path));
    }
    MDB_txn *txn = NULL;
    TRY(err_from_lmdb(mdb_txn_begin(lmdb->env, NULL, read_only ? MDB_RDONLY : 0, &txn)));
    const int rc = mdb_dbi_open(txn, NULL, 0, &lmdb->dbi);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return err_from_lmdb(rc);
    }
    return err_from_lmdb(mdb_txn_commit(txn));
}

static enum err open_store(const char *path, size_t map_size, bool read_only, bool durable, struct store **ret_store)
{
    ASSERT(map_size > 0);
    if (strlen(path) + sizeof "/lock.mdb" > PATH_LEN_MAX) {
        return ERR_TOO_LONG;
    }
    if (!read_only && mkdir(path, 0750) != 0 && errno != EEXIST) {
        return err_from_errno(errno);
    }
    struct store_lmdb *lmdb = calloc(1, sizeof *lmdb);
    if (lmdb == NULL) {
        return ERR_NO_MEMORY;
    }
    lmdb->store.ops = &lmdb_ops;
    lmdb->store.read_only = read_only;
    lmdb->is_durable = durable;
    const enum err err = open_env(lmdb, path, map_size);
    if (err != OK) {
        lmdb_close(&lmdb->store);
        return err;
    }
    *ret_store = &lmdb->store;
    return OK;
}

enum err store_lmdb_open(const char *path, size_t map_size, bool read_only, struct store **ret_store)
{
    return open_store(path, map_size, read_only, false, ret_store);
}

enum err store_lmdb_open_durable(const char *path, size_t map_size, bool read_only, struct store **ret_store)
{
    return open_store(path, map_size, read_only, true, ret_store);
}
