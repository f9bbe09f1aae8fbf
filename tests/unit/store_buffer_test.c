/* store_buffer_test.c: a buffer against a plain store: transaction after transaction, each of which reads what the one
 * before is still being written from; what reaches the base at the end is the same, row by row. And a base that has no
 * room left says so. */
#include "core/store/store_buffer.h"

#include "core/base/limits.h"
#include "tests/contract/log_world.h"
#include "tests/digest.h"
#include "tests/suite.h"

#define MAP_SIZE ((size_t)64 << 20)
#define TXNS 60
#define WRITES 400
#define KEYS 900 /* few: most are met again */

struct pair {
    struct store *buffer;
    struct store *base;
    struct store *plain;
    char path[256];
};

static void pair_open(struct pair *pair, bool lmdb, size_t map_size)
{
    make_folder(pair->path);
    ck_assert_int_eq(lmdb ? store_lmdb_open(pair->path, map_size, false, &pair->base) : store_memory_open(&pair->base),
                     OK);
    ck_assert_int_eq(store_buffer_open(pair->base, &pair->buffer), OK);
    ck_assert_int_eq(store_memory_open(&pair->plain), OK);
}

static void pair_close(struct pair *pair)
{
    store_close(pair->buffer);
    store_close(pair->base);
    store_close(pair->plain);
    remove_folder(pair->path);
}

static struct span key_of(struct prng *prng, uint64_t txn, uint8_t key[12])
{
    /* three tables; half of the keys grow with time, as ids do */
    const uint64_t number = prng_chance(prng, 2) ? prng_below(prng, KEYS) : KEYS + txn * 100 + prng_below(prng, 120);
    key[0] = (uint8_t)(1 + prng_below(prng, 3));
    put_be64(key + 1, number);
    memset(key + 9, 7, 3);
    return span_of(key, 9 + (size_t)(number % 4));
}

static void write_both(struct store_txn *buffered, struct store_txn *plain, struct prng *prng, uint64_t number)
{
    uint8_t key_bytes[12];
    uint8_t value[3000];
    const struct span key = key_of(prng, number, key_bytes);
    struct span found = {0};
    struct span expected = {0};
    const enum err err = store_get(plain, key, &expected);
    ck_assert_int_eq(store_get(buffered, key, &found), err);
    ck_assert(err != OK || span_equal(found, expected));
    if (prng_chance(prng, 4)) {
        ck_assert_int_eq(store_delete(buffered, key), err);
        ck_assert_int_eq(store_delete(plain, key), err);
        return;
    }
    const size_t len = prng_below(prng, prng_chance(prng, 50) ? sizeof value : 60);
    prng_fill(prng, value, len);
    ck_assert_int_eq(store_put(buffered, key, span_of(value, len)), OK);
    ck_assert_int_eq(store_put(plain, key, span_of(value, len)), OK);
}

/* The first rows from a key on, by a cursor each: the buffer must have put together what it and its base hold. */
static void walk_both(struct store_txn *buffered, struct store_txn *plain, struct prng *prng)
{
    uint8_t key_bytes[12];
    const struct span from = key_of(prng, 0, key_bytes);
    struct store_cursor *cursors[2] = {NULL, NULL};
    struct span keys[2];
    struct span values[2];
    ck_assert_int_eq(store_cursor_open(buffered, &cursors[0]), OK);
    ck_assert_int_eq(store_cursor_open(plain, &cursors[1]), OK);
    enum err err = store_seek(cursors[1], from, &keys[1], &values[1]);
    ck_assert_int_eq(store_seek(cursors[0], from, &keys[0], &values[0]), err);
    for (unsigned i = 0; i < 50 && err == OK; i++) {
        ck_assert(span_equal(keys[0], keys[1]) && span_equal(values[0], values[1]));
        err = store_next(cursors[1], &keys[1], &values[1]);
        ck_assert_int_eq(store_next(cursors[0], &keys[0], &values[0]), err);
    }
    store_cursor_close(cursors[0]);
    store_cursor_close(cursors[1]);
}

START_TEST(what_was_committed_is_seen_by_the_next_transaction_and_reaches_the_base)
{
    struct pair pair;
    struct prng prng;
    prng_seed(&prng, (uint64_t)_i + 1);
    pair_open(&pair, _i % 2 == 0, MAP_SIZE);
    for (uint64_t number = 0; number < TXNS; number++) {
        struct store_txn *buffered = NULL;
        struct store_txn *plain = NULL;
        ck_assert_int_eq(store_begin(pair.buffer, true, &buffered), OK);
        ck_assert_int_eq(store_begin(pair.plain, true, &plain), OK);
        const bool walks = prng_chance(&prng, 8);
        for (unsigned i = 0; i < WRITES; i++) {
            write_both(buffered, plain, &prng, number);
            if (walks && i % 100 == 50) {
                walk_both(buffered, plain, &prng);
            }
        }
        if (prng_chance(&prng, 6)) {
            store_abort(buffered);
            store_abort(plain);
        } else {
            ck_assert_int_eq(store_commit(&buffered), OK);
            ck_assert_int_eq(store_commit(&plain), OK);
        }
    }
    ck_assert_int_eq(store_buffer_drain(pair.buffer), OK);
    ck_assert_uint_eq(digest_of(pair.base, SPAN("")), digest_of(pair.plain, SPAN("")));
    pair_close(&pair);
}

END_TEST

START_TEST(a_transaction_takes_more_rows_than_one_should_have)
{
    struct pair pair;
    struct store_txn *buffered = NULL;
    struct store_txn *plain = NULL;
    uint8_t key[9] = {1};
    pair_open(&pair, true, MAP_SIZE);
    ck_assert_int_eq(store_begin(pair.buffer, true, &buffered), OK);
    ck_assert_int_eq(store_begin(pair.plain, true, &plain), OK);
    const uint64_t rows = 3 * REBUILD_ROWS;
    for (uint64_t i = rows; i > 0; i--) {
        put_be64(key + 1, i);
        ck_assert_int_eq(store_put(buffered, span_of(key, sizeof key), span_of(key, i % 9)), OK);
        ck_assert_int_eq(store_put(plain, span_of(key, sizeof key), span_of(key, i % 9)), OK);
    }
    ck_assert(store_buffer_is_full(pair.buffer));
    for (uint64_t i = 1; i <= rows; i++) {
        struct span value;
        put_be64(key + 1, i);
        ck_assert_int_eq(store_get(buffered, span_of(key, sizeof key), &value), OK);
        ck_assert(span_equal(value, span_of(key, i % 9)));
    }
    ck_assert_int_eq(store_commit(&buffered), OK);
    ck_assert_int_eq(store_commit(&plain), OK);
    ck_assert_int_eq(store_buffer_drain(pair.buffer), OK);
    ck_assert_uint_eq(digest_of(pair.base, SPAN("")), digest_of(pair.plain, SPAN("")));
    pair_close(&pair);
}

END_TEST

START_TEST(a_base_without_room_is_told_at_the_next_commit_or_drain)
{
    struct pair pair;
    uint8_t value[20000] = {0};
    pair_open(&pair, true, (size_t)8 << 20);
    enum err err = OK;
    for (uint64_t number = 0; number < 20 && err == OK; number++) {
        struct store_txn *txn = NULL;
        ck_assert_int_eq(store_begin(pair.buffer, true, &txn), OK);
        for (uint64_t i = 0; i < 100; i++) {
            uint8_t key[9] = {1};
            put_be64(key + 1, number * 1000 + i);
            ck_assert_int_eq(store_put(txn, span_of(key, sizeof key), span_of(value, sizeof value)), OK);
        }
        err = store_commit(&txn);
    }
    ck_assert_int_eq(err == OK ? store_buffer_drain(pair.buffer) : err, ERR_NO_SPACE);
    pair_close(&pair);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("store_buffer");
    TCase *tcase = tcase_create("store_buffer");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, what_was_committed_is_seen_by_the_next_transaction_and_reaches_the_base, 0, 6);
    tcase_add_test(tcase, a_transaction_takes_more_rows_than_one_should_have);
    tcase_add_test(tcase, a_base_without_room_is_told_at_the_next_commit_or_drain);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
