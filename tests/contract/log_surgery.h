/* log_surgery.h: a log, a copy of it, and LMDB itself to change rows of the copy behind the log's back. */
#ifndef OPENPOST_TESTS_LOG_SURGERY_H
#define OPENPOST_TESTS_LOG_SURGERY_H

#include <fcntl.h>
#include <lmdb.h>

#include "tests/contract/log_world.h"

#define EVENTS 1200
#define MAP_SIZE ((size_t)32 << 20)
#define TABLES 6

static const char *const surgery_tables[TABLES] = {"meta", "records", "bodies", "tree", "heads", "checkpoints"};

struct world {
    char original[256]; /* a log of EVENTS events, closed */
    char copy[256];
    struct checkpoint_key *key;
};

static inline struct log_options options_of(const struct world *world, const char *path)
{
    return (struct log_options){
        .path = path, .map_size = MAP_SIZE, .reserve = 1 << 20, .key = world->key, .checkpoint_every = 200};
}

static inline size_t payload_len(uint64_t seq)
{
    return seq % 10 == 0 ? 2000 + seq % 3 * 4000 : 20 + seq % 200;
}

static inline void append_mixed(struct log *log, uint64_t first, uint64_t last, uint64_t salt)
{
    static uint8_t bytes[16000];
    for (uint64_t i = first; i <= last;) {
        ck_assert_int_eq(log_begin(log), OK);
        for (unsigned j = 0; j < 37 && i <= last; j++, i++) {
            struct log_event event = make_event(i, 40, bytes, payload_len(i));
            event.salt[0] = (uint8_t)salt;
            ck_assert_int_eq(log_append(log, &event, false), OK);
        }
        ck_assert_int_eq(log_commit(log), OK);
    }
}

static inline void copy_file(const char *from_folder, const char *to_folder, const char *name)
{
    char command[700];
    snprintf(command, sizeof command, "cp --sparse=never %s/%s %s/%s", from_folder, name, to_folder, name);
    ck_assert_int_eq(system(command), 0);
}

static inline void copy_log(const struct world *world)
{
    copy_file(world->original, world->copy, "data.mdb");
    copy_file(world->original, world->copy, "checkpoint");
}

/* Cuts off what was filled ahead of the data, so that copying is quick. */
static inline void cut_spare(const struct world *world)
{
    const struct log_options options = {.path = world->original, .read_only = true};
    struct log *log = NULL;
    ck_assert_int_eq(log_lmdb_open(&options, &log, NULL), OK);
    struct log_status status;
    log_status(log, &status);
    log_close(log);
    char path[300];
    snprintf(path, sizeof path, "%s/data.mdb", world->original);
    ck_assert_int_eq(truncate(path, (off_t)status.bytes_used), 0);
}

static inline void world_begin(struct world *world)
{
    make_folder(world->original);
    make_folder(world->copy);
    world->key = make_key();
    const struct log_options options = options_of(world, world->original);
    struct log *log = NULL;
    ck_assert_int_eq(log_lmdb_open(&options, &log, NULL), OK);
    append_mixed(log, 1, EVENTS, 0);
    log_close(log);
    cut_spare(world);
    copy_log(world);
}

static inline void world_end(struct world *world)
{
    checkpoint_key_free(world->key);
    remove_folder(world->original);
    remove_folder(world->copy);
}

static inline enum err verify(const struct world *world, struct log_fault *ret_fault)
{
    struct log_verified found;
    const enum err err =
        log_verify(world->copy, checkpoint_key_public(world->key), ORIGIN, NULL, NULL, &found, ret_fault);
    if (err == OK) {
        ck_assert_uint_eq(found.events, EVENTS);
        ck_assert_uint_eq(found.out_of_order, 0);
    }
    return err;
}

static inline enum err open_copy(const struct world *world, struct log_fault *ret_fault)
{
    const struct log_options options = options_of(world, world->copy);
    struct log *log = NULL;
    const enum err err = log_lmdb_open(&options, &log, ret_fault);
    log_close(log);
    return err;
}

/* The copy, opened with LMDB itself for changing one table. */
struct surgery {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
};

static inline void surgery_begin(struct surgery *surgery, const struct world *world, const char *table)
{
    ck_assert_int_eq(mdb_env_create(&surgery->env), 0);
    ck_assert_int_eq(mdb_env_set_maxdbs(surgery->env, TABLES + 1), 0);
    ck_assert_int_eq(mdb_env_set_mapsize(surgery->env, MAP_SIZE), 0);
    ck_assert_int_eq(mdb_env_open(surgery->env, world->copy, MDB_NOSYNC, 0640), 0);
    ck_assert_int_eq(mdb_txn_begin(surgery->env, NULL, 0, &surgery->txn), 0);
    ck_assert_int_eq(mdb_dbi_open(surgery->txn, table, MDB_CREATE, &surgery->dbi), 0);
}

static inline void surgery_end(struct surgery *surgery)
{
    ck_assert_int_eq(mdb_txn_commit(surgery->txn), 0);
    mdb_env_close(surgery->env);
}

struct row {
    uint8_t key[32];
    size_t key_len;
    uint8_t value[20000];
    size_t value_len;
};

static inline void surgery_nth(struct surgery *surgery, uint64_t n, struct row *ret_row)
{
    MDB_cursor *cursor = NULL;
    MDB_val key;
    MDB_val value;
    ck_assert_int_eq(mdb_cursor_open(surgery->txn, surgery->dbi, &cursor), 0);
    ck_assert_int_eq(mdb_cursor_get(cursor, &key, &value, MDB_FIRST), 0);
    for (uint64_t i = 0; i < n; i++) {
        ck_assert_int_eq(mdb_cursor_get(cursor, &key, &value, MDB_NEXT), 0);
    }
    ck_assert(key.mv_size <= sizeof ret_row->key && value.mv_size <= sizeof ret_row->value);
    memcpy(ret_row->key, key.mv_data, key.mv_size);
    memcpy(ret_row->value, value.mv_data, value.mv_size);
    ret_row->key_len = key.mv_size;
    ret_row->value_len = value.mv_size;
    mdb_cursor_close(cursor);
}

static inline uint64_t surgery_count(struct surgery *surgery)
{
    MDB_stat stat;
    ck_assert_int_eq(mdb_stat(surgery->txn, surgery->dbi, &stat), 0);
    return stat.ms_entries;
}

static inline void surgery_put(struct surgery *surgery, struct row *row)
{
    MDB_val key = {.mv_size = row->key_len, .mv_data = row->key};
    MDB_val value = {.mv_size = row->value_len, .mv_data = row->value};
    ck_assert_int_eq(mdb_put(surgery->txn, surgery->dbi, &key, &value, 0), 0);
}

static inline void surgery_delete(struct surgery *surgery, struct row *row)
{
    MDB_val key = {.mv_size = row->key_len, .mv_data = row->key};
    ck_assert_int_eq(mdb_del(surgery->txn, surgery->dbi, &key, NULL), 0);
}

static inline void flip(uint8_t *bytes, uint64_t bit)
{
    bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ 1U << bit % 8);
}

#endif
