/* bare_lmdb.c: see bare_lmdb.h. Called by bench_log.c, bench_replay.c and bare_nng.c; it must never get faster by being
 * less durable than the log is. */
#include "tools/benchmarks/bare_lmdb.h"

#include <lmdb.h>
#include <stdlib.h>

struct bare {
    MDB_env *env;
    MDB_dbi rows;
    MDB_dbi ids;
    MDB_txn *txn;
    uint64_t next;
};

static enum err result(int rc)
{
    return rc == 0 ? OK : (rc == MDB_NOTFOUND ? ERR_NOT_FOUND : ERR_IO);
}

static enum err open_env(const char *folder, unsigned flags, MDB_env **ret_env)
{
    MDB_env *env = NULL;
    TRY(result(mdb_env_create(&env)));
    int rc = mdb_env_set_maxdbs(env, 16);
    rc = rc == 0 && (flags & MDB_RDONLY) == 0 ? mdb_env_set_mapsize(env, (size_t)1 << 36) : rc;
    rc = rc == 0 ? mdb_env_open(env, folder, flags | MDB_NOTLS, 0640) : rc;
    if (rc != 0) {
        mdb_env_close(env);
        return result(rc);
    }
    *ret_env = env;
    return OK;
}

enum err bare_open(const char *folder, struct bare **ret_bare)
{
    struct bare *bare = calloc(1, sizeof *bare);
    if (bare == NULL) {
        return ERR_NO_MEMORY;
    }
    MDB_txn *txn = NULL;
    enum err err = open_env(folder, 0, &bare->env);
    err = err == OK ? result(mdb_txn_begin(bare->env, NULL, 0, &txn)) : err;
    err = err == OK ? result(mdb_dbi_open(txn, "rows", MDB_CREATE, &bare->rows)) : err;
    err = err == OK ? result(mdb_dbi_open(txn, "ids", MDB_CREATE, &bare->ids)) : err;
    err = err == OK ? result(mdb_txn_commit(txn)) : err;
    if (err != OK) {
        bare_close(bare);
        return err;
    }
    *ret_bare = bare;
    return OK;
}

void bare_close(struct bare *bare)
{
    if (bare == NULL) {
        return;
    }
    if (bare->env != NULL) {
        mdb_env_close(bare->env);
    }
    free(bare);
}

enum err bare_begin(struct bare *bare)
{
    return result(mdb_txn_begin(bare->env, NULL, 0, &bare->txn));
}

/* mdb_put takes its bytes without const and does not write to them. */
static MDB_val val(struct span span)
{
    MDB_val val = {.mv_size = span.len};
    memcpy(&val.mv_data, &span.data, sizeof val.mv_data);
    return val;
}

static enum err put(struct bare *bare, MDB_dbi table, struct span key, struct span value, unsigned flags)
{
    MDB_val mdb_key = val(key);
    MDB_val mdb_value = val(value);
    return result(mdb_put(bare->txn, table, &mdb_key, &mdb_value, flags));
}

enum err bare_append(struct bare *bare, struct span value)
{
    uint8_t key[8];
    bare->next++;
    put_be64(key, bare->next);
    return put(bare, bare->rows, span_of(key, sizeof key), value, MDB_APPEND);
}

enum err bare_put(struct bare *bare, struct span key, struct span value)
{
    return put(bare, bare->ids, key, value, 0);
}

enum err bare_commit(struct bare *bare)
{
    MDB_txn *txn = bare->txn;
    bare->txn = NULL;
    return result(mdb_txn_commit(txn));
}

static enum err scan(MDB_env *env, const char *table, uint64_t *ret_rows, uint64_t *ret_sum)
{
    MDB_txn *txn = NULL;
    MDB_cursor *cursor = NULL;
    MDB_dbi dbi = 0;
    MDB_val key;
    MDB_val value;
    uint64_t rows = 0;
    uint64_t sum = 0;
    TRY(result(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn)));
    int rc = mdb_dbi_open(txn, table, 0, &dbi);
    rc = rc == 0 ? mdb_cursor_open(txn, dbi, &cursor) : rc;
    while (rc == 0 && (rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        const uint8_t *bytes = value.mv_data;
        sum += value.mv_size == 0 ? 0 : (uint64_t)bytes[0] + bytes[value.mv_size - 1];
        rows++;
    }
    if (cursor != NULL) {
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(txn);
    if (rc != MDB_NOTFOUND || rows == 0) {
        return result(rc);
    }
    *ret_rows = rows;
    *ret_sum = sum;
    return OK;
}

enum err bare_scan(const char *folder, const char *table, uint64_t *ret_rows, uint64_t *ret_sum)
{
    MDB_env *env = NULL;
    TRY(open_env(folder, MDB_RDONLY, &env));
    const enum err err = scan(env, table, ret_rows, ret_sum);
    mdb_env_close(env);
    return err;
}
