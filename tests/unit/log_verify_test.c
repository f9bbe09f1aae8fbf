/* log_verify_test.c: a log that was changed behind our back is found out, and where: single bits of every kind of row,
 * rows added and taken away, older data put back, other keys; and whole files spoilt at random never pass with other
 * events. */
#include <fcntl.h>
#include <lmdb.h>
#include <sys/wait.h>

#include "core/log/sha256.h"
#include "tests/contract/log_world.h"

#define EVENTS 1200
#define MAP_SIZE ((size_t)32 << 20)
#define TABLES 6

static const char *const table_names[TABLES] = {"meta", "records", "bodies", "tree", "heads", "checkpoints"};

struct world {
    char original[256]; /* a log of EVENTS events, closed */
    char copy[256];
    struct checkpoint_key *key;
};

static struct log_options options_of(const struct world *world, const char *path)
{
    return (struct log_options){
        .path = path, .map_size = MAP_SIZE, .reserve = 1 << 20, .key = world->key, .checkpoint_every = 200};
}

static size_t payload_len(uint64_t seq)
{
    return seq % 10 == 0 ? 2000 + seq % 3 * 4000 : 20 + seq % 200;
}

static void append_mixed(struct log *log, uint64_t first, uint64_t last, uint64_t salt)
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

static void copy_file(const char *from_folder, const char *to_folder, const char *name)
{
    char command[700];
    snprintf(command, sizeof command, "cp --sparse=never %s/%s %s/%s", from_folder, name, to_folder, name);
    ck_assert_int_eq(system(command), 0);
}

static void copy_log(const struct world *world)
{
    copy_file(world->original, world->copy, "data.mdb");
    copy_file(world->original, world->copy, "checkpoint");
}

static void world_begin(struct world *world)
{
    make_folder(world->original);
    make_folder(world->copy);
    world->key = make_key();
    const struct log_options options = options_of(world, world->original);
    struct log *log = NULL;
    ck_assert_int_eq(log_lmdb_open(&options, &log, NULL), OK);
    append_mixed(log, 1, EVENTS, 0);
    log_close(log);
    copy_log(world);
}

static void world_end(struct world *world)
{
    checkpoint_key_free(world->key);
    remove_folder(world->original);
    remove_folder(world->copy);
}

static enum err verify(const struct world *world, struct log_fault *ret_fault)
{
    uint64_t events = 0;
    const enum err err =
        log_verify(world->copy, checkpoint_key_public(world->key), ORIGIN, NULL, NULL, &events, ret_fault);
    if (err == OK) {
        ck_assert_uint_eq(events, EVENTS);
    }
    return err;
}

static enum err open_copy(const struct world *world, struct log_fault *ret_fault)
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

static void surgery_begin(struct surgery *surgery, const struct world *world, const char *table)
{
    ck_assert_int_eq(mdb_env_create(&surgery->env), 0);
    ck_assert_int_eq(mdb_env_set_maxdbs(surgery->env, TABLES + 1), 0);
    ck_assert_int_eq(mdb_env_set_mapsize(surgery->env, MAP_SIZE), 0);
    ck_assert_int_eq(mdb_env_open(surgery->env, world->copy, MDB_NOSYNC, 0640), 0);
    ck_assert_int_eq(mdb_txn_begin(surgery->env, NULL, 0, &surgery->txn), 0);
    ck_assert_int_eq(mdb_dbi_open(surgery->txn, table, MDB_CREATE, &surgery->dbi), 0);
}

static void surgery_end(struct surgery *surgery)
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

static void surgery_nth(struct surgery *surgery, uint64_t n, struct row *ret_row)
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

static uint64_t surgery_count(struct surgery *surgery)
{
    MDB_stat stat;
    ck_assert_int_eq(mdb_stat(surgery->txn, surgery->dbi, &stat), 0);
    return stat.ms_entries;
}

static void surgery_put(struct surgery *surgery, struct row *row)
{
    MDB_val key = {.mv_size = row->key_len, .mv_data = row->key};
    MDB_val value = {.mv_size = row->value_len, .mv_data = row->value};
    ck_assert_int_eq(mdb_put(surgery->txn, surgery->dbi, &key, &value, 0), 0);
}

static void surgery_delete(struct surgery *surgery, struct row *row)
{
    MDB_val key = {.mv_size = row->key_len, .mv_data = row->key};
    ck_assert_int_eq(mdb_del(surgery->txn, surgery->dbi, &key, NULL), 0);
}

static void flip(uint8_t *bytes, uint64_t bit)
{
    bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ 1U << bit % 8);
}

START_TEST(an_untouched_copy_is_verified_and_opens)
{
    struct world world;
    world_begin(&world);
    struct log_fault fault;
    ck_assert_int_eq(verify(&world, &fault), OK);
    ck_assert_int_eq(open_copy(&world, &fault), OK);
    ck_assert_int_eq(verify(&world, &fault), OK);
    world_end(&world);
}

END_TEST

/* The first event whose payload is kept beside under hash. */
static uint64_t first_with_body(const struct world *world, const uint8_t hash[32])
{
    const struct log_options options = options_of(world, world->original);
    struct log *log = NULL;
    ck_assert_int_eq(log_lmdb_open(&options, &log, NULL), OK);
    struct log_cursor *cursor = NULL;
    ck_assert_int_eq(log_cursor_open(log, 0, &cursor), OK);
    struct log_event event;
    do {
        ck_assert_int_eq(log_cursor_next(cursor, &event), OK);
    } while (memcmp(event.payload_hash, hash, 32) != 0);
    log_cursor_close(cursor);
    log_close(log);
    return event.seq;
}

/* Which position a flip in this row must be found at; 0: any. */
static uint64_t expected_position(const struct world *world, unsigned table, const struct row *row)
{
    switch (table) {
    case 1: /* records */
    case 5: /* checkpoints */
        return get_be64(row->key);
    case 2: /* bodies */
        return first_with_body(world, row->key);
    case 3: /* tree */
        return (get_be64(row->key + 1) << row->key[0]) + 1;
    case 4: /* heads */
        return EVENTS;
    default:
        return 0;
    }
}

START_TEST(one_bit_flipped_in_a_stored_value_is_found_where_it_is)
{
    struct world world;
    world_begin(&world);
    struct prng prng;
    prng_seed(&prng, 1000 + (uint64_t)_i);
    for (unsigned round = 0; round < 25; round++) {
        copy_log(&world);
        const unsigned table = round < TABLES ? round : prng_chance(&prng, 3) ? (unsigned)prng_below(&prng, TABLES) : 1;
        struct surgery surgery;
        struct row row;
        surgery_begin(&surgery, &world, table_names[table]);
        surgery_nth(&surgery, prng_below(&prng, surgery_count(&surgery)), &row);
        const uint64_t bit = prng_below(&prng, 8 * row.value_len);
        flip(row.value, bit);
        surgery_put(&surgery, &row);
        surgery_end(&surgery);
        struct log_fault fault = {.position = 99999};
        const enum err err = verify(&world, &fault);
        if (table == 0 && bit < 8) {
            ck_assert_int_eq(err, ERR_VERSION);
            continue;
        }
        ck_assert_int_eq(err, ERR_ALTERED);
        const uint64_t position = expected_position(&world, table, &row);
        ck_assert_msg(position == 0 || fault.position == position, "table %s: %lu, not %lu: %s", table_names[table],
                      (unsigned long)fault.position, (unsigned long)position, fault.sentence);
        ck_assert_uint_gt(strlen(fault.sentence), 10);
    }
    world_end(&world);
}

END_TEST

START_TEST(one_bit_flipped_in_a_key_is_found)
{
    struct world world;
    world_begin(&world);
    struct prng prng;
    prng_seed(&prng, 2000);
    for (unsigned round = 0; round < 30; round++) {
        copy_log(&world);
        const unsigned table = round % TABLES;
        struct surgery surgery;
        struct row row;
        surgery_begin(&surgery, &world, table_names[table]);
        surgery_nth(&surgery, prng_below(&prng, surgery_count(&surgery)), &row);
        surgery_delete(&surgery, &row);
        flip(row.key, prng_below(&prng, 8 * row.key_len));
        surgery_put(&surgery, &row);
        surgery_end(&surgery);
        struct log_fault fault;
        ck_assert_int_eq(verify(&world, &fault), ERR_ALTERED);
    }
    world_end(&world);
}

END_TEST

START_TEST(a_row_taken_away_is_found)
{
    struct world world;
    world_begin(&world);
    struct prng prng;
    prng_seed(&prng, 3000);
    for (unsigned round = 0; round < 3 * TABLES; round++) {
        copy_log(&world);
        struct surgery surgery;
        struct row row;
        surgery_begin(&surgery, &world, table_names[round % TABLES]);
        surgery_nth(&surgery, prng_below(&prng, surgery_count(&surgery)), &row);
        surgery_delete(&surgery, &row);
        surgery_end(&surgery);
        struct log_fault fault = {.position = 99999};
        ck_assert_int_eq(verify(&world, &fault), ERR_ALTERED);
        if (round % TABLES == 1 || round % TABLES == 2) {
            ck_assert_uint_eq(fault.position, expected_position(&world, round % TABLES, &row));
        }
    }
    world_end(&world);
}

END_TEST

static const struct {
    unsigned table;
    const char *key;
    size_t key_len;
} extras[] = {
    {0, "other",                            5 },
    {1, "\0\0\0\0\0\0\0\0",                 8 },
    {1, "\0\0\0\0\0\0\4\xB1",               8 }, /* EVENTS + 1 */
    {1, "\0\0\0\0\0\0\1\1x",                9 },
    {1, "\0",                               1 },
    {2, "01234567890123456789012345678901", 32},
    {2, "short",                            5 },
    {3, "\x08\0\0\0\0\0\0\0\4",             9 },
    {3, "\x10\0\0\0\0\0\0\0\0",             9 },
    {4, "0123456789012345",                 16},
    {4, "short",                            5 },
    {5, "\0\0\0\0\0\0\0\1",                 8 },
    {5, "\0\0\0\0\0\0\4\xB1",               8 },
    {5, "\0\0\0\0\0\0\0\0",                 8 },
    {5, "\0",                               1 },
};

START_TEST(a_row_added_is_found)
{
    struct world world;
    world_begin(&world);
    struct surgery surgery;
    struct row row;
    surgery_begin(&surgery, &world, table_names[extras[_i].table]);
    surgery_nth(&surgery, 0, &row); /* a value as they are */
    memcpy(row.key, extras[_i].key, extras[_i].key_len);
    row.key_len = extras[_i].key_len;
    surgery_put(&surgery, &row);
    surgery_end(&surgery);
    struct log_fault fault;
    ck_assert_int_eq(verify(&world, &fault), ERR_ALTERED);
    world_end(&world);
}

END_TEST

START_TEST(a_table_added_is_found)
{
    struct world world;
    world_begin(&world);
    struct surgery surgery;
    surgery_begin(&surgery, &world, "other");
    surgery_end(&surgery);
    struct log_fault fault;
    ck_assert_int_eq(verify(&world, &fault), ERR_ALTERED);
    ck_assert_int_eq(open_copy(&world, &fault), ERR_ALTERED);
    world_end(&world);
}

END_TEST

static void grow_copy(const struct world *world, uint64_t count, uint64_t salt)
{
    const struct log_options options = options_of(world, world->copy);
    struct log *log = NULL;
    ck_assert_int_eq(log_lmdb_open(&options, &log, NULL), OK);
    append_mixed(log, EVENTS + 1, EVENTS + count, salt);
    log_close(log);
}

START_TEST(older_data_put_back_is_refused_with_what_to_do)
{
    struct world world;
    world_begin(&world);
    grow_copy(&world, 100, 0);
    copy_file(world.original, world.copy, "data.mdb"); /* the side file stays the newer one */
    struct log_fault fault;
    ck_assert_int_eq(open_copy(&world, &fault), ERR_ALTERED);
    ck_assert_uint_eq(fault.position, EVENTS + 1);
    ck_assert_str_eq(fault.sentence,
                     "the log is shorter than its signed checkpoint of size 1300: it ends at event 1200; restore data "
                     "from a copy that holds at least 1300 events");
    ck_assert_int_eq(verify(&world, &fault), ERR_ALTERED);
    ck_assert_uint_eq(fault.position, EVENTS + 1);
    world_end(&world);
}

END_TEST

START_TEST(a_fork_that_outgrew_the_signed_checkpoint_is_refused)
{
    struct world world;
    world_begin(&world);
    grow_copy(&world, 100, 0); /* signed at 1300 */
    char kept[700];
    snprintf(kept, sizeof kept, "cp %s/checkpoint %s/kept", world.copy, world.original);
    ck_assert_int_eq(system(kept), 0);
    copy_log(&world);
    grow_copy(&world, 300, 1); /* other events, signed at 1500 */
    snprintf(kept, sizeof kept, "cp %s/kept %s/checkpoint", world.original, world.copy);
    ck_assert_int_eq(system(kept), 0);
    struct log_fault fault;
    ck_assert_int_eq(open_copy(&world, &fault), ERR_ALTERED);
    ck_assert_int_eq(verify(&world, &fault), ERR_ALTERED);
    world_end(&world);
}

END_TEST

START_TEST(no_data_beside_a_signed_checkpoint_is_refused)
{
    struct world world;
    world_begin(&world);
    char path[300];
    snprintf(path, sizeof path, "%s/data.mdb", world.copy);
    ck_assert_int_eq(unlink(path), 0);
    struct log_fault fault;
    ck_assert_int_eq(open_copy(&world, &fault), ERR_ALTERED);
    ck_assert_uint_eq(fault.position, 1);
    world_end(&world);
}

END_TEST

START_TEST(a_cut_file_is_refused)
{
    struct world world;
    world_begin(&world);
    char path[300];
    snprintf(path, sizeof path, "%s/data.mdb", world.copy);
    ck_assert_int_eq(truncate(path, 40 * 4096), 0);
    struct log_fault fault;
    ck_assert_int_eq(open_copy(&world, &fault), ERR_ALTERED);
    ck_assert_int_eq(verify(&world, &fault), ERR_ALTERED);
    world_end(&world);
}

END_TEST

static const char *const bad_sides[] = {"", "hello\n", "example.com/ledger\n5\nAAAA\n\n\xE2\x80\x94 a AAAAAAAA\n"};

START_TEST(a_side_file_that_is_no_checkpoint_is_refused)
{
    struct world world;
    world_begin(&world);
    char path[300];
    snprintf(path, sizeof path, "%s/checkpoint", world.copy);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < (_i == 3 ? 5000 : 1); i++) {
        ck_assert_int_ge(fputs(_i == 3 ? "long\n" : bad_sides[_i], file), 0);
    }
    fclose(file);
    struct log_fault fault;
    ck_assert_int_eq(open_copy(&world, &fault), ERR_ALTERED);
    ck_assert_int_eq(verify(&world, &fault), ERR_ALTERED);
    ck_assert_int_eq(unlink(path), 0); /* without it, what is in the log decides */
    ck_assert_int_eq(open_copy(&world, &fault), OK);
    world_end(&world);
}

END_TEST

START_TEST(a_log_of_another_installation_is_refused)
{
    struct world world;
    world_begin(&world);
    uint8_t seed[32] = {1};
    checkpoint_key_free(world.key);
    world.key = NULL;
    ck_assert_int_eq(checkpoint_key_new(seed, ORIGIN, &world.key), OK);
    struct log_fault fault;
    ck_assert_int_eq(open_copy(&world, &fault), ERR_ALTERED);
    ck_assert_ptr_nonnull(strstr(fault.sentence, "not signed by this installation's key"));
    ck_assert_int_eq(verify(&world, &fault), ERR_ALTERED);
    world_end(&world);
}

END_TEST

/* Copies the growing log as it stands after 50 events that no checkpoint covers yet. */
static void make_tail(struct world *world)
{
    const struct log_options options = options_of(world, world->original);
    struct log *log = NULL;
    ck_assert_int_eq(log_lmdb_open(&options, &log, NULL), OK);
    append_mixed(log, EVENTS + 1, EVENTS + 50, 0);
    copy_log(world);
    log_close(log);
}

START_TEST(a_change_in_the_tail_is_found_at_open)
{
    struct world world;
    world_begin(&world);
    make_tail(&world);
    struct prng prng;
    prng_seed(&prng, 4000 + (uint64_t)_i);
    struct surgery surgery;
    struct row row;
    surgery_begin(&surgery, &world, "records");
    ck_assert_uint_eq(surgery_count(&surgery), EVENTS + 50);
    const uint64_t seq = EVENTS + 1 + prng_below(&prng, 50);
    surgery_nth(&surgery, seq - 1, &row);
    if (_i % 2 == 0) {
        flip(row.value, prng_below(&prng, 8 * row.value_len));
        surgery_put(&surgery, &row);
    } else {
        surgery_delete(&surgery, &row);
    }
    surgery_end(&surgery);
    struct log_fault fault = {0};
    ck_assert_int_eq(open_copy(&world, &fault), ERR_ALTERED);
    ck_assert_uint_eq(fault.position, seq);
    world_end(&world);
}

END_TEST

START_TEST(a_workspace_s_wrong_head_is_found_at_open_when_the_tail_touches_it)
{
    struct world world;
    world_begin(&world);
    make_tail(&world); /* 50 events touch all 40 workspaces */
    struct surgery surgery;
    struct row row;
    surgery_begin(&surgery, &world, "heads");
    surgery_nth(&surgery, 7, &row);
    flip(row.value, 63);
    surgery_put(&surgery, &row);
    surgery_end(&surgery);
    struct log_fault fault = {0};
    ck_assert_int_eq(open_copy(&world, &fault), ERR_ALTERED);
    world_end(&world);
}

END_TEST

/* A hash over everything that readers see. */
static enum err digest_of(const char *path, uint8_t ret_digest[32])
{
    const struct log_options options = {.path = path, .read_only = true};
    OWNED(log_close) struct log *log = NULL;
    TRY(log_lmdb_open(&options, &log, NULL));
    OWNED(log_cursor_close) struct log_cursor *cursor = NULL;
    TRY(log_cursor_open(log, 0, &cursor));
    uint8_t digest[32] = {0};
    struct log_event event;
    enum err err = OK;
    while ((err = log_cursor_next(cursor, &event)) == OK) {
        uint8_t bytes[LOG_ENVELOPE_MAX + 32];
        struct buf out = buf_of(bytes, sizeof bytes);
        log_envelope(&event, &out);
        buf_put(&out, span_of(digest, 32));
        sha256_tagged(7, buf_span(&out), event.payload, digest);
    }
    memcpy(ret_digest, digest, 32);
    return err == ERR_NOT_FOUND ? OK : err;
}

enum outcome { SAME = 40, REFUSED, DIFFERS };

/* In a child: a damaged file may crash LMDB, or send it in circles. */
static void verify_in_child(const struct world *world, const uint8_t expected[32])
{
    const int nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDERR_FILENO);
    alarm(10);
    uint64_t events = 0;
    uint8_t digest[32] = {0};
    if (log_verify(world->copy, checkpoint_key_public(world->key), ORIGIN, NULL, NULL, &events, NULL) != OK) {
        _exit(REFUSED);
    }
    const bool same = digest_of(world->copy, digest) == OK && memcmp(digest, expected, 32) == 0;
    _exit(same && events == EVENTS ? SAME : DIFFERS);
}

START_TEST(a_file_spoilt_anywhere_never_passes_with_other_events)
{
    struct world world;
    world_begin(&world);
    uint8_t expected[32];
    ck_assert_int_eq(digest_of(world.original, expected), OK);
    struct prng prng;
    prng_seed(&prng, 5000 + (uint64_t)_i);
    char path[300];
    snprintf(path, sizeof path, "%s/data.mdb", world.copy);
    unsigned refused = 0;
    for (unsigned round = 0; round < 25; round++) {
        copy_log(&world);
        const int file = open(path, O_RDWR);
        for (uint64_t flips = 1 + prng_below(&prng, 4); flips > 0; flips--) {
            const off_t at = (off_t)prng_below(&prng, (uint64_t)1 << 20); /* the data is about 1.4 MB long */
            uint8_t byte = 0;
            ck_assert_int_eq(pread(file, &byte, 1, at), 1);
            flip(&byte, prng_below(&prng, 8));
            ck_assert_int_eq(pwrite(file, &byte, 1, at), 1);
        }
        close(file);
        const pid_t child = fork();
        if (child == 0) {
            verify_in_child(&world, expected);
        }
        int status = 0;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(!WIFEXITED(status) || WEXITSTATUS(status) != DIFFERS);
        refused += WIFEXITED(status) && WEXITSTATUS(status) == REFUSED;
    }
    ck_assert_uint_gt(refused, 3);
    world_end(&world);
}

END_TEST

START_TEST(what_is_not_there_cannot_be_verified)
{
    struct world world;
    world_begin(&world);
    uint64_t events = 7;
    struct log_fault fault = {0};
    ck_assert_int_eq(log_verify("/nonexistent", checkpoint_key_public(world.key), ORIGIN, NULL, NULL, &events, &fault),
                     ERR_NOT_FOUND);
    ck_assert_uint_eq(events, 7);
    ck_assert_uint_eq(fault.position, 0);
    char path[300];
    snprintf(path, sizeof path, "rm %s/*", world.copy);
    ck_assert_int_eq(system(path), 0);
    ck_assert_int_eq(verify(&world, &fault), ERR_NOT_FOUND);
    world_end(&world);
}

END_TEST

static void count_progress(void *context, uint64_t done, uint64_t total)
{
    uint64_t *last = context;
    ck_assert_uint_gt(done, *last);
    ck_assert_uint_le(done, total);
    *last = done;
}

START_TEST(a_growing_log_is_verified_by_a_reader_beside_its_writer)
{
    struct world world;
    world_begin(&world);
    int go[2];
    ck_assert_int_eq(pipe(go), 0);
    const pid_t child = fork();
    if (child == 0) {
        char byte = 0;
        bool good = read(go[0], &byte, 1) == 1;
        for (int i = 0; i < 5 && good; i++) {
            uint64_t events = 0;
            uint64_t last = 0;
            good = log_verify(world.original, checkpoint_key_public(world.key), ORIGIN, count_progress, &last, &events,
                              NULL) == OK &&
                   events >= EVENTS + 1 && last == events;
        }
        _exit(good ? 0 : 1);
    }
    const struct log_options options = options_of(&world, world.original);
    struct log *log = NULL;
    ck_assert_int_eq(log_lmdb_open(&options, &log, NULL), OK);
    uint64_t seq = EVENTS;
    int status = 0;
    do {
        append_mixed(log, seq + 1, seq + 10, 0);
        ck_assert_int_eq(seq == EVENTS ? write(go[1], "x", 1) : 1, 1);
        seq += 10;
    } while (waitpid(child, &status, WNOHANG) == 0 && seq < 100000);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    log_close(log);
    world_end(&world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("log_verify");
    TCase *tcase = tcase_create("log_verify");
    tcase_set_timeout(tcase, 100);
    tcase_add_test(tcase, an_untouched_copy_is_verified_and_opens);
    tcase_add_loop_test(tcase, one_bit_flipped_in_a_stored_value_is_found_where_it_is, 0, 4);
    tcase_add_test(tcase, one_bit_flipped_in_a_key_is_found);
    tcase_add_test(tcase, a_row_taken_away_is_found);
    tcase_add_loop_test(tcase, a_row_added_is_found, 0, sizeof extras / sizeof *extras);
    tcase_add_test(tcase, a_table_added_is_found);
    tcase_add_test(tcase, older_data_put_back_is_refused_with_what_to_do);
    tcase_add_test(tcase, a_fork_that_outgrew_the_signed_checkpoint_is_refused);
    tcase_add_test(tcase, no_data_beside_a_signed_checkpoint_is_refused);
    tcase_add_test(tcase, a_cut_file_is_refused);
    tcase_add_loop_test(tcase, a_side_file_that_is_no_checkpoint_is_refused, 0, 4);
    tcase_add_test(tcase, a_log_of_another_installation_is_refused);
    tcase_add_loop_test(tcase, a_change_in_the_tail_is_found_at_open, 0, 10);
    tcase_add_test(tcase, a_workspace_s_wrong_head_is_found_at_open_when_the_tail_touches_it);
    tcase_add_loop_test(tcase, a_file_spoilt_anywhere_never_passes_with_other_events, 0, 2);
    tcase_add_test(tcase, what_is_not_there_cannot_be_verified);
    tcase_add_test(tcase, a_growing_log_is_verified_by_a_reader_beside_its_writer);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
