/* posts_aisle_projection_test.c: an aisle names every shelf that has a term, a beginning of a word or a class, also of
 * posts that were edited later, more than stand aside; hardly any other; and of damaged rows none. */
#include <stdlib.h>

#include "projections/posts_aisle.h"
#include "projections/posts_shelf.h"
#include "tests/unit/projection_fixture.h"

#define SHELVES 150U /* two aisles and more, the last without its last signs */
#define TERMS 3000U
#define KEPT 300U /* of a shelf */
#define FEW 100U  /* of those of an aisle that come first: later it needs more rows */
#define EDITS 40U /* of a shelf, at most */

struct hall {
    struct store *store;
    struct id workspace_id;
    struct prng prng;
    struct arena arena;
    struct span terms[TERMS];
    bool has[SHELVES][TERMS];
    uint32_t classes[SHELVES];
};

/* Words of some letters, many of which begin alike; one of ten a label. */
static struct span random_term(struct hall *hall, uint32_t n)
{
    const size_t cap = 24;
    struct buf out = buf_of(arena_alloc(&hall->arena, cap), cap);
    if (n % 10 == 0) {
        buf_byte(&out, SHELF_LABEL);
    }
    for (uint64_t letters = prng_below(&hall->prng, 6); letters > 0; letters--) {
        buf_byte(&out, (uint8_t)('a' + prng_below(&hall->prng, 3)));
    }
    buf_u64(&out, n);
    ck_assert(buf_ok(&out));
    return buf_span(&out);
}

static struct store_txn *writing(struct hall *hall)
{
    struct store_txn *txn = NULL;
    ck_assert_int_eq(store_begin(hall->store, true, &txn), OK);
    return txn;
}

static uint32_t random_postings(struct hall *hall, uint32_t shelf, uint32_t count, struct posting *postings)
{
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t n = (uint32_t)prng_below(&hall->prng, TERMS);
        hall->has[shelf][n] = true;
        postings[i] =
            (struct posting){.term = hall->terms[n], .post = (uint32_t)prng_below(&hall->prng, SEGMENT_POSTS)};
    }
    return count;
}

static void put_segment(struct hall *hall, struct store_txn *txn, enum tenant_place place, uint32_t shelf,
                        struct posting *postings, uint32_t count)
{
    struct span bytes;
    struct row_key key = row_key_tenant(&hall->workspace_id, place);
    row_key_u64(&key, shelf);
    ck_assert_int_eq(segment_encode(postings, count, &hall->arena, &bytes), OK);
    ck_assert_int_eq(store_put(txn, row_key_span(&key), bytes), OK);
}

static void change_classes(struct hall *hall, struct store_txn *txn, uint32_t shelf)
{
    const uint32_t classes = (uint32_t)prng_next(&hall->prng) & UINT32_C(0x3FF);
    ck_assert_int_eq(posts_aisle_classes(txn, &hall->workspace_id, shelf, hall->classes[shelf], classes), OK);
    hall->classes[shelf] = classes;
}

/* Each fourth shelf had posts edited before its signs are written. */
static void fill_shelf(struct hall *hall, uint32_t shelf)
{
    struct posting postings[KEPT];
    struct store_txn *txn = writing(hall);
    const uint32_t kept = shelf % AISLE_SHELVES < AISLE_STEP ? FEW : KEPT;
    change_classes(hall, txn, shelf);
    put_segment(hall, txn, PLACE_SHELF_TERMS, shelf, postings, random_postings(hall, shelf, kept, postings));
    if (shelf % 4 == 0) {
        put_segment(hall, txn, PLACE_SHELF_EDITED, shelf, postings, random_postings(hall, shelf, EDITS, postings));
    }
    ck_assert_int_eq(posts_aisle_fill(txn, &hall->workspace_id, shelf), OK);
    ck_assert_int_eq(store_commit(&txn), OK);
}

/* One whose signs are not written yet is left to its segments, as posts_shelf.c writes them. */
static void edit_shelf(struct hall *hall, uint32_t shelf, uint32_t full)
{
    struct posting postings[EDITS];
    const struct post_set all = {
        {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}
    };
    if (shelf >= full / AISLE_STEP * AISLE_STEP) {
        return;
    }
    struct store_txn *txn = writing(hall);
    const uint32_t count = random_postings(hall, shelf, (uint32_t)prng_below(&hall->prng, EDITS), postings);
    ck_assert_int_eq(posts_aisle_edit(txn, &hall->workspace_id, shelf, postings, count, &all), OK);
    ck_assert_int_eq(posts_aisle_edit(txn, &hall->workspace_id, shelf, postings, count, &all), OK);
    change_classes(hall, txn, shelf);
    ck_assert_int_eq(store_commit(&txn), OK);
}

static void open_hall(struct hall *hall)
{
    arena_init(&hall->arena, (size_t)256 << 20);
    prng_seed(&hall->prng, 11);
    hall->workspace_id = id_n(ID_WORKSPACE, 1);
    ck_assert_int_eq(store_memory_open(&hall->store), OK);
    for (uint32_t n = 0; n < TERMS; n++) {
        hall->terms[n] = random_term(hall, n);
    }
}

static void fill_hall(struct hall *hall)
{
    for (uint32_t shelf = 0; shelf < SHELVES; shelf++) {
        fill_shelf(hall, shelf);
        for (uint32_t i = 0; i < 3; i++) {
            edit_shelf(hall, (uint32_t)prng_below(&hall->prng, shelf + 1), shelf + 1);
        }
    }
}

static void close_hall(struct hall *hall)
{
    store_close(hall->store);
    arena_done(&hall->arena);
    free(hall);
}

/* What shelf has, of a term or of those that begin so. */
static bool has_term(const struct hall *hall, uint32_t shelf, struct span term, bool prefix)
{
    for (uint32_t n = 0; n < TERMS; n++) {
        if (hall->has[shelf][n] &&
            (prefix ? span_starts_with(hall->terms[n], term) : span_equal(hall->terms[n], term))) {
            return true;
        }
    }
    return false;
}

struct tally {
    uint32_t none; /* shelves without the term */
    uint32_t vain; /* and named all the same */
};

static void ask(const struct hall *hall, struct store_txn *txn, struct span term, bool prefix, struct tally *tally)
{
    for (uint32_t number = 0; number * AISLE_SHELVES < SHELVES; number++) {
        struct aisle aisle;
        ck_assert_int_eq(posts_aisle_open(txn, &hall->workspace_id, number, &aisle), OK);
        const uint64_t named = posts_aisle_term(&aisle, posts_aisle_sign(term, prefix));
        const uint32_t first = number * AISLE_SHELVES;
        for (uint32_t shelf = first; shelf < SHELVES && shelf < first + AISLE_SHELVES; shelf++) {
            const bool is_named = (named >> (shelf - first) & 1) != 0;
            const bool has = has_term(hall, shelf, term, prefix);
            ck_assert(is_named || !has);
            ck_assert(is_named || shelf < SHELVES / AISLE_STEP * AISLE_STEP);
            tally->none += has ? 0 : 1;
            tally->vain += is_named && !has && shelf < SHELVES / AISLE_STEP * AISLE_STEP ? 1 : 0;
        }
    }
}

START_TEST(an_aisle_names_the_shelves_that_have_a_term_and_hardly_any_other)
{
    struct hall *hall = calloc(1, sizeof *hall);
    struct tally whole = {0};
    struct tally beginning = {0};
    static const uint8_t letters[] = "zyxwvutsrqponmlkjihgfedd"; /* with which none begins */
    struct tally prefix = {0};
    struct store_txn *txn = NULL;
    ck_assert_ptr_nonnull(hall);
    open_hall(hall);
    fill_hall(hall);
    ck_assert_int_eq(store_begin(hall->store, false, &txn), OK);
    for (uint32_t n = 0; n < TERMS; n += 50) {
        ask(hall, txn, hall->terms[n], false, &whole);
        const struct span word = hall->terms[n + 1];
        ask(hall, txn, word, false, &whole);
        ask(hall, txn, span_of(word.data, 1 + prng_below(&hall->prng, word.len)), true, &prefix);
        ask(hall, txn, random_term(hall, TERMS + n), false, &whole);
        ask(hall, txn, span_of(&letters[n / 50 % 20], 4), true, &beginning);
    }
    ck_assert_uint_gt(whole.none, 10000);
    ck_assert_uint_lt(whole.vain, whole.none / 200);
    ck_assert_uint_lt(beginning.vain, beginning.none / 20);
    ck_assert_uint_lt(prefix.vain, prefix.none); /* of three letters nothing is known */
    store_abort(txn);
    close_hall(hall);
}

END_TEST

START_TEST(an_aisle_names_exactly_the_shelves_that_have_a_class)
{
    struct hall *hall = calloc(1, sizeof *hall);
    struct store_txn *txn = NULL;
    ck_assert_ptr_nonnull(hall);
    open_hall(hall);
    fill_hall(hall);
    ck_assert_int_eq(store_begin(hall->store, false, &txn), OK);
    for (uint32_t shelf = 0; shelf < SHELVES; shelf++) {
        struct aisle aisle;
        ck_assert_int_eq(posts_aisle_open(txn, &hall->workspace_id, shelf / AISLE_SHELVES, &aisle), OK);
        for (uint32_t n = 0; n < 10; n++) {
            const bool named = (posts_aisle_class(&aisle, n) >> shelf % AISLE_SHELVES & 1) != 0;
            ck_assert(named == ((hall->classes[shelf] >> n & 1) != 0));
        }
    }
    store_abort(txn);
    close_hall(hall);
}

END_TEST

/* Cut, or with another number in front. */
START_TEST(a_damaged_aisle_is_refused)
{
    static const enum tenant_place places[] = {PLACE_AISLE, PLACE_AISLE_SIGNS};
    struct hall *hall = calloc(1, sizeof *hall);
    ck_assert_ptr_nonnull(hall);
    open_hall(hall);
    for (uint32_t shelf = 0; shelf < AISLE_STEP; shelf++) {
        fill_shelf(hall, shelf);
    }
    for (uint32_t i = 0; i < 4; i++) {
        struct aisle aisle;
        struct span row;
        struct span copy;
        struct store_txn *txn = writing(hall);
        struct row_key key = row_key_tenant(&hall->workspace_id, places[i / 2]);
        row_key_u64(&key, 0);
        ck_assert_int_eq(posts_aisle_open(txn, &hall->workspace_id, 0, &aisle), OK);
        ck_assert_int_eq(store_get(txn, row_key_span(&key), &row), OK);
        ck_assert_int_eq(arena_copy(&hall->arena, row, &copy), OK);
        uint8_t *bytes = arena_alloc(&hall->arena, copy.len);
        ck_assert_ptr_nonnull(bytes);
        memcpy(bytes, copy.data, copy.len);
        bytes[0] ^= i % 2 == 0 ? 0 : 1;
        ck_assert_int_eq(store_put(txn, row_key_span(&key), span_of(bytes, copy.len - (i % 2 == 0 ? 1 : 0))), OK);
        ck_assert_int_eq(posts_aisle_open(txn, &hall->workspace_id, 0, &aisle), ERR_ALTERED);
        store_abort(txn);
    }
    close_hall(hall);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("posts_aisle_projection");
    TCase *tcase = tcase_create("posts_aisle");
    tcase_set_timeout(tcase, 100);
    tcase_add_test(tcase, an_aisle_names_the_shelves_that_have_a_term_and_hardly_any_other);
    tcase_add_test(tcase, an_aisle_names_exactly_the_shelves_that_have_a_class);
    tcase_add_test(tcase, a_damaged_aisle_is_refused);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
