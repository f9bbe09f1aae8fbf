/* segment_projection_test.c: a segment gives of each term, and of each beginning of one, the posts that have it, in
 * whatever order they came; the same postings are the same bytes; and of damaged bytes nothing beyond them is read. */
#include "projections/segment.h"

#include <check.h>
#include <stdlib.h>

#include "core/base/prng.h"
#include "tests/suite.h"

#define POSTINGS 4000U
#define FLIPS 20000U

/* Terms of one to twelve of two letters, so that many begin alike and the first are common. */
static struct posting random_posting(struct prng *prng, struct arena *arena)
{
    const size_t len = 1 + (size_t)prng_below(prng, 1 + prng_below(prng, 12));
    uint8_t *term = arena_alloc(arena, len);
    ck_assert_ptr_nonnull(term);
    for (size_t i = 0; i < len; i++) {
        term[i] = prng_chance(prng, 20) ? 0 : (uint8_t)('a' + prng_below(prng, 2));
    }
    return (struct posting){.term = span_of(term, len), .post = (uint32_t)prng_below(prng, SEGMENT_POSTS)};
}

static void check_term(const struct segment *segment, const struct posting *postings, struct span term, bool prefix)
{
    struct post_set expected = {{0}};
    struct post_set found = {{0}};
    for (uint32_t i = 0; i < POSTINGS; i++) {
        if (prefix ? span_starts_with(postings[i].term, term) : span_equal(postings[i].term, term)) {
            post_set_add(&expected, postings[i].post);
        }
    }
    ck_assert_int_eq(segment_find(segment, term, prefix, &found), OK);
    ck_assert_mem_eq(&found, &expected, sizeof found);
}

static void make(struct prng *prng, struct arena *arena, struct posting postings[POSTINGS], struct span *ret_bytes)
{
    struct posting sorted[POSTINGS];
    for (uint32_t i = 0; i < POSTINGS; i++) {
        postings[i] = random_posting(prng, arena);
    }
    memcpy(sorted, postings, sizeof sorted);
    ck_assert_int_eq(segment_encode(sorted, POSTINGS, arena, ret_bytes), OK);
}

START_TEST(terms_and_their_beginnings_have_their_posts)
{
    struct prng prng;
    struct arena arena;
    struct posting postings[POSTINGS];
    struct posting backwards[POSTINGS];
    struct span bytes;
    struct span again;
    struct segment segment;
    arena_init(&arena, (size_t)64 << 20);
    prng_seed(&prng, 3);
    make(&prng, &arena, postings, &bytes);
    for (uint32_t i = 0; i < POSTINGS; i++) {
        backwards[POSTINGS - 1 - i] = postings[i];
    }
    ck_assert_int_eq(segment_encode(backwards, POSTINGS, &arena, &again), OK);
    ck_assert(span_equal(bytes, again));
    ck_assert_int_eq(segment_open(bytes, &segment), OK);
    for (uint32_t i = 0; i < 500; i++) {
        check_term(&segment, postings, postings[i].term, false);
        check_term(&segment, postings, span_of(postings[i].term.data, 1 + postings[i].term.len / 2), true);
        check_term(&segment, postings, random_posting(&prng, &arena).term, i % 2 == 0);
    }
    struct span term = {0};
    for (uint32_t i = 0; i < segment.terms; i++) {
        struct post_set set;
        const struct span before = term;
        ck_assert_int_eq(segment_at(&segment, i, &term, &set), OK);
        ck_assert(i == 0 || span_compare(before, term) < 0);
        struct post_set found = {{0}};
        ck_assert_int_eq(segment_find(&segment, term, false, &found), OK);
        ck_assert_mem_eq(&found, &set, sizeof set);
    }
    arena_done(&arena);
}

END_TEST

/* What a segment says of its posts, in its order. */
static uint32_t list(const struct segment *segment, struct posting *ret_postings)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < segment->terms; i++) {
        struct span term;
        struct post_set set;
        ck_assert_int_eq(segment_at(segment, i, &term, &set), OK);
        for (uint32_t post = 0; post < SEGMENT_POSTS; post++) {
            if (post_set_has(&set, post)) {
                ret_postings[count] = (struct posting){.term = term, .post = post};
                count++;
            }
        }
    }
    return count;
}

START_TEST(what_comes_behind_a_segment_s_own_is_put_among_them)
{
    struct prng prng;
    struct arena arena;
    struct posting postings[POSTINGS];
    struct posting some[POSTINGS];
    struct span all;
    arena_init(&arena, (size_t)64 << 20);
    prng_seed(&prng, 5);
    make(&prng, &arena, postings, &all);
    for (uint32_t first = 0; first <= POSTINGS; first += POSTINGS / 16) {
        struct span bytes;
        struct segment segment;
        memcpy(some, postings, sizeof some);
        ck_assert_int_eq(segment_encode(some, first, &arena, &bytes), OK);
        ck_assert_int_eq(segment_open(bytes, &segment), OK);
        const uint32_t count = list(&segment, some);
        ck_assert_uint_le(count, first);
        memcpy(some + count, postings + first, (POSTINGS - first) * sizeof *some);
        ck_assert_int_eq(segment_encode(some, count + POSTINGS - first, &arena, &bytes), OK);
        ck_assert(span_equal(bytes, all));
    }
    arena_done(&arena);
}

END_TEST

START_TEST(a_segment_without_terms_has_none)
{
    struct arena arena;
    struct span bytes;
    struct segment segment;
    struct post_set set = {{0}};
    arena_init(&arena, (size_t)1 << 20);
    ck_assert_int_eq(segment_encode(NULL, 0, &arena, &bytes), OK);
    ck_assert_int_eq(segment_open(bytes, &segment), OK);
    ck_assert_uint_eq(segment.terms, 0);
    ck_assert_int_eq(segment_find(&segment, SPAN("a"), true, &set), OK);
    ck_assert_uint_eq(set.words[0], 0);
    ck_assert_int_eq(segment_open(span_of(bytes.data, bytes.len - 1), &segment), ERR_ALTERED);
    arena_done(&arena);
}

END_TEST

/* Address sanitizer sees what is read beyond the copy. */
START_TEST(of_damaged_bytes_nothing_beyond_them_is_read)
{
    struct prng prng;
    struct arena arena;
    struct posting postings[POSTINGS];
    struct span bytes;
    arena_init(&arena, (size_t)64 << 20);
    prng_seed(&prng, 4);
    make(&prng, &arena, postings, &bytes);
    uint32_t altered = 0;
    for (uint32_t round = 0; round < FLIPS; round++) {
        const size_t len = prng_chance(&prng, 2) ? bytes.len : (size_t)prng_below(&prng, bytes.len);
        uint8_t *copy = malloc(len + 1);
        ck_assert_ptr_nonnull(copy);
        memcpy(copy + 1, bytes.data, len);
        if (len > 0) {
            copy[1 + prng_below(&prng, prng_chance(&prng, 2) ? len : len / 10 + 1)] ^=
                (uint8_t)(1 + prng_below(&prng, 255));
        }
        struct segment segment;
        struct post_set set = {{0}};
        enum err err = segment_open(span_of(copy + 1, len), &segment);
        err = err == OK ? segment_find(&segment, postings[round % POSTINGS].term, round % 2 == 0, &set) : err;
        ck_assert(err == OK || err == ERR_ALTERED);
        altered += err == ERR_ALTERED ? 1 : 0;
        free(copy);
    }
    ck_assert_uint_gt(altered, FLIPS / 20);
    arena_done(&arena);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("segment_projection");
    TCase *tcase = tcase_create("segment");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, terms_and_their_beginnings_have_their_posts);
    tcase_add_test(tcase, what_comes_behind_a_segment_s_own_is_put_among_them);
    tcase_add_test(tcase, a_segment_without_terms_has_none);
    tcase_add_test(tcase, of_damaged_bytes_nothing_beyond_them_is_read);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
