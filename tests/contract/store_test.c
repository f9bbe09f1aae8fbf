/* store_test.c: what store.h promises, of both implementations and of a buffer in front of one, and against a plain
 * sorted list under random work. */
#include "core/store/store_buffer.h"
#include "core/store/tables.h"

#include <sys/wait.h>

#include "tests/contract/log_world.h"
#include "tests/digest.h"
#include "tests/suite.h"

#define MAP_SIZE ((size_t)64 << 20)

enum backend { LMDB, MEMORY, BUFFERED, BACKENDS };

struct world {
    enum backend backend;
    char path[256];
    struct store *store;
    struct store *base; /* of a buffered one, else NULL */
};

static void open_store(struct world *world)
{
    world->store = NULL;
    world->base = NULL;
    const enum err err = world->backend == MEMORY ? store_memory_open(&world->store)
                                                  : store_lmdb_open(world->path, MAP_SIZE, false, &world->store);
    ck_assert_int_eq(err, OK);
    if (world->backend == BUFFERED) {
        world->base = world->store;
        ck_assert_int_eq(store_buffer_open(world->base, &world->store), OK);
    }
}

static void world_begin(struct world *world, int backend)
{
    world->backend = (enum backend)backend;
    make_folder(world->path);
    open_store(world);
}

static void world_end(struct world *world)
{
    store_close(world->store);
    store_close(world->base);
    remove_folder(world->path);
}

static struct store_txn *begin(struct world *world, bool write)
{
    struct store_txn *txn = NULL;
    ck_assert_int_eq(store_begin(world->store, write, &txn), OK);
    return txn;
}

static void put(struct store_txn *txn, const char *key, const char *value)
{
    ck_assert_int_eq(store_put(txn, span_text(key), span_text(value)), OK);
}

static void assert_row(struct store_txn *txn, const char *key, const char *value)
{
    struct span found;
    const enum err err = store_get(txn, span_text(key), &found);
    if (value == NULL) {
        ck_assert_int_eq(err, ERR_NOT_FOUND);
    } else {
        ck_assert_int_eq(err, OK);
        ck_assert(span_equal(found, span_text(value)));
    }
}

static void put_one(struct world *world, const char *key, const char *value)
{
    struct store_txn *txn = begin(world, true);
    put(txn, key, value);
    ck_assert_int_eq(store_commit(&txn), OK);
    ck_assert_ptr_null(txn);
}

START_TEST(a_transaction_sees_its_own_writes_and_others_see_them_after_commit)
{
    struct world world;
    world_begin(&world, _i);
    struct store_txn *txn = begin(&world, true);
    put(txn, "a", "1");
    put(txn, "b", "");
    put(txn, "a", "2");
    assert_row(txn, "a", "2");
    assert_row(txn, "b", "");
    assert_row(txn, "c", NULL);
    ck_assert_int_eq(store_delete(txn, SPAN("c")), ERR_NOT_FOUND);
    ck_assert_int_eq(store_commit(&txn), OK);
    struct store_txn *reader = begin(&world, false);
    assert_row(reader, "a", "2");
    assert_row(reader, "b", "");
    store_park(reader);
    put_one(&world, "a", "3");
    ck_assert_int_eq(store_renew(reader), OK);
    assert_row(reader, "a", "3");
    ck_assert_int_eq(store_renew(reader), OK);
    assert_row(reader, "a", "3");
    store_park(reader);
    store_park(reader);
    store_abort(reader);
    ck_assert_int_eq(store_sync(world.store), OK);
    world_end(&world);
}

END_TEST

START_TEST(an_aborted_transaction_leaves_nothing)
{
    struct world world;
    world_begin(&world, _i);
    put_one(&world, "a", "1");
    put_one(&world, "b", "2");
    struct store_txn *txn = begin(&world, true);
    put(txn, "a", "changed");
    put(txn, "a", "again");
    ck_assert_int_eq(store_delete(txn, SPAN("b")), OK);
    put(txn, "c", "new");
    ck_assert_int_eq(store_delete(txn, SPAN("c")), OK);
    put(txn, "b", "back");
    ck_assert_int_eq(store_delete(txn, SPAN("a")), OK);
    store_abort(txn);
    txn = begin(&world, false);
    assert_row(txn, "a", "1");
    assert_row(txn, "b", "2");
    assert_row(txn, "c", NULL);
    store_abort(txn);
    store_abort(NULL);
    world_end(&world);
}

END_TEST

START_TEST(a_cursor_walks_both_ways_in_the_order_of_memcmp)
{
    struct world world;
    world_begin(&world, _i);
    static const char *const keys[] = {"a", "aa", "ab", "b", "c\x7F", "c\x80", "\xFF"};
    struct store_txn *txn = begin(&world, true);
    for (size_t i = 7; i-- > 0;) {
        put(txn, keys[i], keys[i]);
    }
    ck_assert_int_eq(store_commit(&txn), OK);
    txn = begin(&world, false);
    struct store_cursor *cursor = NULL;
    ck_assert_int_eq(store_cursor_open(txn, &cursor), OK);
    struct span key;
    struct span value;
    ck_assert_int_eq(store_next(cursor, &key, &value), ERR_NOT_FOUND); /* it stands nowhere yet */
    ck_assert_int_eq(store_seek(cursor, SPAN("\0"), &key, &value), OK);
    for (size_t i = 0; i < 7; i++) {
        ck_assert(span_equal(key, span_text(keys[i])));
        ck_assert(span_equal(value, span_text(keys[i])));
        ck_assert_int_eq(store_next(cursor, &key, &value), i < 6 ? OK : ERR_NOT_FOUND);
    }
    ck_assert_int_eq(store_prev(cursor, &key, &value), ERR_NOT_FOUND); /* past the end it stands nowhere again */
    ck_assert_int_eq(store_seek_last(cursor, SPAN("\xFF\xFF"), &key, &value), OK);
    for (size_t i = 7; i-- > 0;) {
        ck_assert(span_equal(key, span_text(keys[i])));
        ck_assert_int_eq(store_prev(cursor, &key, &value), i > 0 ? OK : ERR_NOT_FOUND);
    }
    ck_assert_int_eq(store_seek(cursor, SPAN("aaa"), &key, &value), OK);
    ck_assert(span_equal(key, SPAN("ab")));
    ck_assert_int_eq(store_prev(cursor, &key, &value), OK);
    ck_assert(span_equal(key, SPAN("aa")));
    ck_assert_int_eq(store_next(cursor, &key, &value), OK);
    ck_assert(span_equal(key, SPAN("ab")));
    ck_assert_int_eq(store_seek_last(cursor, SPAN("aaa"), &key, &value), OK);
    ck_assert(span_equal(key, SPAN("aa")));
    ck_assert_int_eq(store_seek_last(cursor, SPAN("aa"), &key, &value), OK);
    ck_assert(span_equal(key, SPAN("aa")));
    ck_assert_int_eq(store_seek(cursor, SPAN("\xFF\x01"), &key, &value), ERR_NOT_FOUND);
    ck_assert_int_eq(store_seek_last(cursor, SPAN("A"), &key, &value), ERR_NOT_FOUND);
    store_cursor_close(cursor);
    store_cursor_close(NULL);
    store_abort(txn);
    world_end(&world);
}

END_TEST

START_TEST(keys_and_values_of_every_length_are_kept)
{
    struct world world;
    world_begin(&world, _i);
    static const size_t lens[] = {1, 2, 500, 2000, 2100, 4096, 70000, (size_t)16 << 20};
    uint8_t *bytes = malloc((size_t)16 << 20);
    ck_assert_ptr_nonnull(bytes);
    memset(bytes, 7, (size_t)16 << 20);
    struct store_txn *txn = begin(&world, true);
    for (size_t i = 0; i < 8; i++) {
        const size_t key_len = lens[i] < STORE_KEY_MAX ? lens[i] : STORE_KEY_MAX;
        bytes[0] = (uint8_t)i;
        ck_assert_int_eq(store_put(txn, span_of(bytes, key_len), span_of(bytes, lens[i])), OK);
    }
    ck_assert_int_eq(store_commit(&txn), OK);
    txn = begin(&world, false);
    for (size_t i = 0; i < 8; i++) {
        const size_t key_len = lens[i] < STORE_KEY_MAX ? lens[i] : STORE_KEY_MAX;
        bytes[0] = (uint8_t)i;
        struct span value;
        ck_assert_int_eq(store_get(txn, span_of(bytes, key_len), &value), OK);
        ck_assert(span_equal(value, span_of(bytes, lens[i])));
    }
    store_abort(txn);
    free(bytes);
    world_end(&world);
}

END_TEST

START_TEST(equal_rows_have_equal_digests_and_skipped_tables_do_not_count)
{
    struct world a;
    struct world b;
    world_begin(&a, LMDB);
    world_begin(&b, MEMORY);
    put_one(&a, "k1", "v");
    put_one(&a, "k2", "vv");
    put_one(&b, "k2", "vv");
    put_one(&b, "k1", "v");
    const uint64_t digest = digest_of(a.store, SPAN(""));
    ck_assert_uint_eq(digest_of(b.store, SPAN("")), digest);
    put_one(&b, "m", "meta");
    ck_assert_uint_ne(digest_of(b.store, SPAN("")), digest);
    ck_assert_uint_eq(digest_of(b.store, SPAN("xm")), digest);
    put_one(&b, "k1", "vk"); /* not the same as key k1k with value v… */
    ck_assert_uint_ne(digest_of(b.store, SPAN("m")), digest);
    world_end(&a);
    world_end(&b);
}

END_TEST

START_TEST(a_cleared_store_is_empty_and_goes_on)
{
    struct world world;
    world_begin(&world, _i);
    for (int round = 0; round < 3; round++) {
        struct store_txn *txn = begin(&world, true);
        for (uint64_t i = 0; i < 5000; i++) {
            uint8_t key[8];
            put_be64(key, i * 0x9E3779B97F4A7C15U);
            ck_assert_int_eq(store_put(txn, span_of(key, 8), span_of(key, 8)), OK);
        }
        ck_assert_int_eq(store_commit(&txn), OK);
        ck_assert_int_eq(store_clear(world.store), OK);
        txn = begin(&world, false);
        struct store_cursor *cursor = NULL;
        ck_assert_int_eq(store_cursor_open(txn, &cursor), OK);
        struct span key;
        struct span value;
        ck_assert_int_eq(store_seek(cursor, SPAN("\0"), &key, &value), ERR_NOT_FOUND);
        ck_assert_int_eq(store_seek_last(cursor, SPAN("\xFF"), &key, &value), ERR_NOT_FOUND);
        store_cursor_close(cursor);
        store_abort(txn);
    }
    world_end(&world);
}

END_TEST

/* The model: 256 possible keys (one byte), value = a number, absent = 0. */
static void assert_model(struct world *world, const uint64_t model[256])
{
    struct store_txn *txn = begin(world, false);
    struct store_cursor *cursor = NULL;
    ck_assert_int_eq(store_cursor_open(txn, &cursor), OK);
    struct span key;
    struct span value;
    enum err err = store_seek(cursor, SPAN("\0"), &key, &value);
    for (unsigned i = 0; i < 256; i++) {
        if (model[i] == 0) {
            continue;
        }
        ck_assert_int_eq(err, OK);
        ck_assert_uint_eq(key.data[0], i);
        ck_assert_uint_eq(get_be64(value.data), model[i]);
        err = store_next(cursor, &key, &value);
    }
    ck_assert_int_eq(err, ERR_NOT_FOUND);
    store_cursor_close(cursor);
    store_abort(txn);
}

START_TEST(random_work_agrees_with_a_plain_list)
{
    struct world world;
    world_begin(&world, _i);
    struct prng prng;
    prng_seed(&prng, 42);
    uint64_t model[256] = {0};
    for (int round = 0; round < 200; round++) {
        uint64_t next[256];
        memcpy(next, model, sizeof next);
        struct store_txn *txn = begin(&world, true);
        for (uint64_t i = prng_below(&prng, 40); i > 0; i--) {
            const uint8_t key = (uint8_t)prng_below(&prng, 256);
            if (prng_chance(&prng, 3)) {
                ck_assert_int_eq(store_delete(txn, span_of(&key, 1)), next[key] == 0 ? ERR_NOT_FOUND : OK);
                next[key] = 0;
            } else {
                uint8_t value[8];
                next[key] = prng_next(&prng) | 1;
                put_be64(value, next[key]);
                ck_assert_int_eq(store_put(txn, span_of(&key, 1), span_of(value, 8)), OK);
            }
        }
        if (prng_chance(&prng, 3)) {
            store_abort(txn);
        } else {
            ck_assert_int_eq(store_commit(&txn), OK);
            memcpy(model, next, sizeof model);
        }
        assert_model(&world, model);
    }
    world_end(&world);
}

END_TEST

/* A key of one of several tables, or of a workspace's places, as a command goes from one to the other. */
static struct span random_key(struct prng *prng, uint8_t bytes[32])
{
    static const uint8_t tables[] = {TABLE_META, TABLE_COMMAND, TABLE_STATE, TABLE_TENANT, TABLE_POST, TABLE_STREAM};
    static const uint8_t places[] = {PLACE_POSTS_DUE, PLACE_POSTS_CREATED, PLACE_TENANT_HEAD, PLACE_OPEN};
    memset(bytes, 5, 32);
    bytes[0] = tables[prng_below(prng, sizeof tables)];
    bytes[16] = (uint8_t)prng_below(prng, 2);
    bytes[17] = places[prng_below(prng, sizeof places)];
    put_be32(bytes + 18, (uint32_t)prng_below(prng, 300));
    return span_of(bytes, 22);
}

/* The same in both; deletes of ten are deletes. */
static void work_on_both(struct prng *prng, struct store_txn *txn, struct store_txn *model, unsigned deletes)
{
    static const uint8_t bytes[3000] = {1};
    uint8_t room[32];
    const struct span key = random_key(prng, room);
    struct span found = {0};
    struct span expected = {0};
    const enum err err = store_get(model, key, &expected);
    ck_assert_int_eq(store_get(txn, key, &found), err);
    ck_assert(err != OK || span_equal(found, expected));
    if (prng_below(prng, 10) < deletes) {
        ck_assert_int_eq(store_delete(txn, key), err);
        ck_assert_int_eq(store_delete(model, key), err);
    } else {
        const struct span value = span_of(bytes, prng_below(prng, prng_chance(prng, 8) ? sizeof bytes : 200));
        ck_assert_int_eq(store_put(txn, key, value), OK);
        ck_assert_int_eq(store_put(model, key, value), OK);
    }
}

START_TEST(work_in_many_places_at_once_agrees_with_the_store_in_memory)
{
    struct world world;
    struct world model;
    struct prng prng;
    world_begin(&world, _i);
    world_begin(&model, MEMORY);
    prng_seed(&prng, 43);
    for (unsigned round = 0; round < 120; round++) {
        struct store_txn *txn = begin(&world, true);
        struct store_txn *model_txn = begin(&model, true);
        for (uint64_t i = prng_below(&prng, 600); i > 0; i--) {
            work_on_both(&prng, txn, model_txn, round % 40 < 20 ? 1 : 9); /* grows, and shrinks to nearly nothing */
        }
        if (prng_chance(&prng, 8)) {
            store_abort(txn);
            store_abort(model_txn);
        } else {
            ck_assert_int_eq(store_commit(&txn), OK);
            ck_assert_int_eq(store_commit(&model_txn), OK);
        }
        ck_assert_uint_eq(digest_of(world.store, SPAN("")), digest_of(model.store, SPAN("")));
    }
    world_end(&model);
    world_end(&world);
}

END_TEST

START_TEST(a_reader_keeps_its_snapshot_while_another_commits)
{
    struct world world;
    world_begin(&world, LMDB);
    put_one(&world, "a", "1");
    struct store_txn *reader = begin(&world, false);
    put_one(&world, "a", "2");
    assert_row(reader, "a", "1");
    ck_assert_int_eq(store_renew(reader), OK);
    assert_row(reader, "a", "2");
    store_abort(reader);
    world_end(&world);
}

END_TEST

START_TEST(a_stale_read_in_memory_is_a_bug)
{
    struct world world;
    world_begin(&world, MEMORY);
    put_one(&world, "a", "1");
    struct store_txn *reader = begin(&world, false);
    put_one(&world, "a", "2");
    assert_row(reader, "a", "1"); /* aborts the process */
}

END_TEST

START_TEST(a_second_writer_is_a_bug)
{
    struct world world;
    world_begin(&world, _i);
    struct store_txn *first = begin(&world, true);
    put(first, "a", "1");
    begin(&world, true); /* aborts the process */
}

END_TEST

START_TEST(another_process_reads_what_was_committed)
{
    struct world world = {.backend = LMDB};
    make_folder(world.path);
    struct store *none = NULL;
    ck_assert_int_eq(store_lmdb_open(world.path, MAP_SIZE, true, &none), ERR_NOT_FOUND);
    int go[2];
    ck_assert_int_eq(pipe(go), 0);
    const pid_t child = fork(); /* before the environment is opened: it must not cross a fork */
    if (child == 0) {
        char byte = 0;
        if (read(go[0], &byte, 1) != 1) {
            _exit(2);
        }
        struct store *reader = NULL;
        struct store_txn *txn = NULL;
        struct span value;
        struct store *writer = NULL;
        const bool good = store_lmdb_open(world.path, MAP_SIZE, true, &reader) == OK &&
                          store_begin(reader, false, &txn) == OK && store_get(txn, SPAN("a"), &value) == OK &&
                          span_equal(value, SPAN("1"));
        store_abort(txn);
        store_close(reader);
        const bool busy = store_lmdb_open(world.path, MAP_SIZE, false, &writer) == ERR_BUSY;
        _exit(good && busy ? 0 : 1);
    }
    open_store(&world);
    put_one(&world, "a", "1");
    store_set_whole(world.store, true);
    ck_assert_int_eq(write(go[1], "x", 1), 1);
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    struct stat files;
    char path[300];
    snprintf(path, sizeof path, "%s/lock.mdb", world.path);
    ck_assert_int_eq(stat(path, &files), 0);
    ck_assert_int_eq(files.st_mode & 0777, 0660);
    ck_assert_int_gt(files.st_size, 0);
    ck_assert_int_ge(files.st_blocks * 512, files.st_size); /* written through a map: a hole could end in SIGBUS */
    world_end(&world);
}

END_TEST

START_TEST(rows_survive_closing)
{
    struct world world;
    world_begin(&world, LMDB);
    put_one(&world, "a", "1");
    store_close(world.store);
    open_store(&world);
    struct store_txn *txn = begin(&world, false);
    assert_row(txn, "a", "1");
    store_abort(txn);
    world_end(&world);
}

END_TEST

START_TEST(a_full_map_is_an_error_and_keeps_what_was_committed)
{
    struct world world = {.backend = LMDB};
    make_folder(world.path);
    ck_assert_int_eq(store_lmdb_open(world.path, (size_t)4 << 20, false, &world.store), OK);
    uint8_t value[1000] = {0};
    uint64_t committed = 0;
    enum err err = OK;
    while (err == OK) {
        struct store_txn *txn = begin(&world, true);
        for (uint64_t i = 0; i < 50 && err == OK; i++) {
            uint8_t key[8];
            put_be64(key, committed + i);
            err = store_put(txn, span_of(key, 8), span_of(value, sizeof value));
        }
        if (err == OK) {
            err = store_commit(&txn);
            committed += err == OK ? 50 : 0;
        }
        store_abort(txn);
    }
    ck_assert_int_eq(err, ERR_NO_SPACE);
    ck_assert_uint_gt(committed, 1000);
    struct store_txn *txn = begin(&world, false);
    for (uint64_t i = 0; i < committed; i++) {
        uint8_t key[8];
        struct span found;
        put_be64(key, i);
        ck_assert_int_eq(store_get(txn, span_of(key, 8), &found), OK);
    }
    store_abort(txn);
    ck_assert_int_eq(store_clear(world.store), OK);
    put_one(&world, "a", "1");
    world_end(&world);
}

END_TEST

START_TEST(a_file_of_another_kind_is_refused)
{
    struct world world = {.backend = LMDB};
    make_folder(world.path);
    char path[300];
    snprintf(path, sizeof path, "%s/data.mdb", world.path);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < 1000; i++) {
        ck_assert_int_ge(fputs("this is no database\n", file), 0);
    }
    fclose(file);
    struct store *store = NULL;
    ck_assert_int_eq(store_lmdb_open(world.path, MAP_SIZE, false, &store), ERR_ALTERED);
    remove_folder(world.path);
    ck_assert_int_eq(store_lmdb_open("/nonexistent/folder", MAP_SIZE, false, &store), ERR_NOT_FOUND);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("store");
    TCase *tcase = tcase_create("store");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, a_transaction_sees_its_own_writes_and_others_see_them_after_commit, 0, BACKENDS);
    tcase_add_loop_test(tcase, an_aborted_transaction_leaves_nothing, 0, BACKENDS);
    tcase_add_loop_test(tcase, a_cursor_walks_both_ways_in_the_order_of_memcmp, 0, BACKENDS);
    tcase_add_loop_test(tcase, keys_and_values_of_every_length_are_kept, 0, BACKENDS);
    tcase_add_test(tcase, equal_rows_have_equal_digests_and_skipped_tables_do_not_count);
    tcase_add_loop_test(tcase, a_cleared_store_is_empty_and_goes_on, 0, BACKENDS);
    tcase_add_loop_test(tcase, random_work_agrees_with_a_plain_list, 0, BACKENDS);
    tcase_add_loop_test(tcase, work_in_many_places_at_once_agrees_with_the_store_in_memory, 0, BACKENDS);
    tcase_add_test(tcase, a_reader_keeps_its_snapshot_while_another_commits);
    tcase_add_test_raise_signal(tcase, a_stale_read_in_memory_is_a_bug, SIGABRT);
    tcase_add_loop_test_raise_signal(tcase, a_second_writer_is_a_bug, SIGABRT, 0, BACKENDS);
    tcase_add_test(tcase, another_process_reads_what_was_committed);
    tcase_add_test(tcase, rows_survive_closing);
    tcase_add_test(tcase, a_full_map_is_an_error_and_keeps_what_was_committed);
    tcase_add_test(tcase, a_file_of_another_kind_is_refused);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
