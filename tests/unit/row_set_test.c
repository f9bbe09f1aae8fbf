/* row_set_test.c: what is put into a row set comes out once, each table's rows and the tables in the order of keys,
 * however they came. A store that only looks at what it is given stands for the one that would keep it. */
#include "core/store/row_set.h"

#include "core/base/prng.h"
#include "core/store/store_ops.h"
#include "tests/suite.h"

#define FORMS 4 /* of keys */

static const size_t sizes[] = {0, 1, 2, 9, 40, 1000, 20000}; /* of sets; the last has to grow */

struct watcher {
    struct store store;
    uint8_t last[STORE_KEY_MAX];
    size_t last_len;
    size_t puts;
    size_t deletes;
    size_t astray; /* not behind the one before, or with another row's value */
};

static void look(struct store_txn *txn, struct span key)
{
    struct watcher *watcher = (struct watcher *)txn->store;
    watcher->astray += span_compare(key, span_of(watcher->last, watcher->last_len)) > 0 ? 0 : 1;
    memcpy(watcher->last, key.data, key.len);
    watcher->last_len = key.len;
}

static enum err look_at_put(struct store_txn *txn, struct span key, struct span value)
{
    struct watcher *watcher = (struct watcher *)txn->store;
    look(txn, key);
    watcher->astray += span_equal(key, value) ? 0 : 1;
    watcher->puts++;
    return OK;
}

static enum err look_at_delete(struct store_txn *txn, struct span key)
{
    look(txn, key);
    ((struct watcher *)txn->store)->deletes++;
    return ERR_NOT_FOUND;
}

/* Keys that differ early, in the bytes that are noted for sorting, or only behind them; some longer than others. */
static struct span make_key(struct prng *prng, unsigned form, uint64_t number, uint8_t bytes[40])
{
    memset(bytes, 1, 40);
    bytes[0] = (uint8_t)(form == 0 ? 255 : prng_below(prng, 5));
    put_be64(bytes + (form == 1 ? 1 : form == 2 ? 20 : 30), number);
    return span_of(bytes, form == 1 ? 9 + number % 3 : 38 + number % 3);
}

START_TEST(rows_are_written_once_and_in_the_order_of_keys)
{
    static const struct store_ops ops = {.put = look_at_put, .delete = look_at_delete};
    struct watcher watcher = {.store.ops = &ops};
    struct store_txn txn = {.store = &watcher.store, .write = true};
    struct row_set set = {0};
    struct prng prng;
    uint8_t bytes[40];
    size_t failed = 0;
    prng_seed(&prng, (uint64_t)_i);
    ck_assert_int_eq(row_set_init(&set), OK);
    const size_t rows = sizes[_i / FORMS];
    for (size_t i = 0; i < rows; i++) {
        const uint64_t number = prng_chance(&prng, 3) ? prng_below(&prng, rows) : i;
        const struct span key = make_key(&prng, (unsigned)_i % FORMS, number, bytes);
        const uint64_t hash = row_set_hash(key);
        enum err err = row_set_put(&set, key, hash, key);
        if (err == OK && prng_chance(&prng, 5)) {
            err = row_set_delete(&set, key, hash);
        }
        failed += err == OK ? 0 : 1;
    }
    ck_assert_uint_eq(failed, 0);
    const size_t kept = set.rows;
    ck_assert_int_eq(row_set_write(&set, &txn), OK);
    ck_assert_uint_eq(watcher.astray, 0);
    ck_assert_uint_eq(watcher.puts + watcher.deletes, kept);
    ck_assert(rows < 10 || (watcher.puts > 0 && kept > rows / 4));
    row_set_forget(&set);
    ck_assert_int_eq(row_set_write(&set, &txn), OK);
    ck_assert_uint_eq(watcher.puts + watcher.deletes, kept);
    row_set_done(&set);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("row_set");
    TCase *tcase = tcase_create("row_set");
    tcase_add_loop_test(tcase, rows_are_written_once_and_in_the_order_of_keys, 0, FORMS * sizeof sizes / sizeof *sizes);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
