/* arena_test.c: an arena hands out zeroed, aligned memory up to its limit and gives back all of it. Sanitizers see the
 * rest. */
#include "core/base/arena.h"

#include <check.h>
#include <stdalign.h>

#include "core/base/prng.h"
#include "tests/suite.h"

static bool is_all(const uint8_t *bytes, size_t len, uint8_t value)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != value) {
            return false;
        }
    }
    return true;
}

START_TEST(memory_is_zeroed_aligned_and_apart)
{
    struct arena arena;
    arena_init(&arena, (size_t)1 << 20);
    struct prng prng;
    prng_seed(&prng, 1);
    for (int round = 0; round < 3; round++) { /* the second round meets used chunks */
        uint8_t *taken[200];
        size_t sizes[200];
        for (size_t i = 0; i < 200; i++) {
            sizes[i] = (size_t)prng_below(&prng, 2000);
            taken[i] = arena_alloc(&arena, sizes[i]);
            ck_assert_ptr_nonnull(taken[i]);
            ck_assert_uint_eq((uintptr_t)taken[i] % alignof(max_align_t), 0);
            ck_assert(is_all(taken[i], sizes[i], 0));
            memset(taken[i], (int)(i % 255) + 1, sizes[i]);
        }
        for (size_t i = 0; i < 200; i++) {
            ck_assert(is_all(taken[i], sizes[i], (uint8_t)(i % 255 + 1)));
        }
        arena_reset(&arena);
    }
    arena_done(&arena);
}

END_TEST

START_TEST(a_rewound_arena_keeps_what_was_there_before_the_mark)
{
    struct arena arena;
    arena_init(&arena, (size_t)100 << 10);
    const struct arena_mark start = arena_mark(&arena);
    uint8_t *kept = arena_alloc(&arena, 1000);
    memset(kept, 7, 1000);
    const struct arena_mark mark = arena_mark(&arena);
    for (int round = 0; round < 100; round++) { /* together far beyond the limit */
        for (int i = 0; i < 3; i++) {
            uint8_t *scratch = arena_alloc(&arena, (size_t)20 << 10);
            ck_assert_ptr_nonnull(scratch);
            memset(scratch, 8, (size_t)20 << 10);
        }
        arena_rewind(&arena, mark);
        ck_assert(is_all(kept, 1000, 7));
    }
    const uint8_t *next = arena_alloc(&arena, 16);
    ck_assert(next >= kept + 1000 && next < kept + 1100); /* where the first round began */
    arena_rewind(&arena, start);
    ck_assert_ptr_eq(arena_alloc(&arena, 1000), kept); /* a mark of the empty arena */
    arena_done(&arena);
}

END_TEST

START_TEST(what_one_round_took_in_pieces_another_may_have_in_one)
{
    struct arena arena;
    arena_init(&arena, (size_t)400 << 10);
    for (size_t size = 1024; size <= (size_t)400 << 10; size *= 5) {
        while (arena_alloc(&arena, size) != NULL) {
            ck_assert_uint_le(arena.total, (size_t)400 << 10);
        }
        arena_reset(&arena);
    }
    ck_assert_ptr_nonnull(arena_alloc(&arena, (size_t)400 << 10));
    ck_assert_ptr_null(arena_alloc(&arena, 1));
    arena_done(&arena);
}

END_TEST

START_TEST(what_is_kept_of_scratch_memory_moves_to_the_mark)
{
    struct arena arena;
    arena_init(&arena, (size_t)400 << 10);
    uint8_t *before = arena_alloc(&arena, 1000);
    memset(before, 7, 1000);
    struct span kept[100];
    for (int round = 0; round < 100; round++) { /* together far beyond the limit */
        const struct arena_mark mark = arena_mark(&arena);
        uint8_t *scratch = arena_room(&arena, (size_t)100 << 10);
        uint8_t *result = arena_room(&arena, (size_t)100 << 10);
        ck_assert_ptr_nonnull(scratch);
        ck_assert_ptr_nonnull(result);
        memset(scratch, 8, (size_t)100 << 10);
        memset(result, round, 500);
        kept[round] = arena_keep(&arena, mark, span_of(result, 500));
    }
    for (int round = 0; round < 100; round++) {
        ck_assert_uint_eq(kept[round].len, 500);
        ck_assert(is_all(kept[round].data, 500, (uint8_t)round));
    }
    ck_assert(is_all(before, 1000, 7));
    ck_assert_uint_eq(arena_keep(&arena, arena_mark(&arena), (struct span){0}).len, 0);
    arena_done(&arena);
}

END_TEST

START_TEST(a_reset_arena_takes_nothing_more_for_the_same_work)
{
    struct arena arena;
    arena_init(&arena, (size_t)1 << 20);
    ck_assert_uint_eq(arena.total, 0);
    size_t total = 0;
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 50; i++) {
            ck_assert_ptr_nonnull(arena_alloc(&arena, 1000));
        }
        total = round == 0 ? arena.total : total;
        ck_assert_uint_eq(arena.total, total);
        arena_reset(&arena);
    }
    arena_done(&arena);
    ck_assert_uint_eq(arena.total, 0);
}

END_TEST

START_TEST(the_limit_holds_and_what_was_taken_stays)
{
    struct arena arena;
    arena_init(&arena, 100000);
    uint8_t *first = arena_alloc(&arena, 100);
    memset(first, 7, 100);
    ck_assert_ptr_null(arena_alloc(&arena, 100001));
    ck_assert_ptr_null(arena_alloc(&arena, SIZE_MAX));
    ck_assert_ptr_null(arena_alloc(&arena, SIZE_MAX - 7));
    size_t handed_out = 100;
    while (arena_alloc(&arena, 1000) != NULL) {
        handed_out += 1000;
    }
    ck_assert_uint_le(handed_out, 100000);
    ck_assert_uint_gt(handed_out, 60000);
    ck_assert_uint_le(arena.total, 100000);
    ck_assert_uint_eq(first[99], 7);
    ck_assert_ptr_nonnull(arena_alloc(&arena, 0));
    arena_reset(&arena);
    ck_assert_ptr_nonnull(arena_alloc(&arena, 1000));
    arena_done(&arena);
    ck_assert_ptr_nonnull(arena_alloc(&arena, 50000)); /* done is as good as new */
    arena_done(&arena);
}

END_TEST

START_TEST(an_arena_without_a_byte_gives_none)
{
    struct arena arena;
    arena_init(&arena, 0);
    ck_assert_ptr_null(arena_alloc(&arena, 1));
    struct span copy = SPAN("kept");
    ck_assert_int_eq(arena_copy(&arena, SPAN("x"), &copy), ERR_NO_MEMORY);
    ck_assert(span_equal(copy, SPAN("kept")));
    arena_done(&arena);
}

END_TEST

START_TEST(a_piece_larger_than_a_chunk_gets_its_own)
{
    struct arena arena;
    arena_init(&arena, (size_t)10 << 20);
    uint8_t *small = arena_alloc(&arena, 10);
    uint8_t *large = arena_alloc(&arena, (size_t)1 << 20);
    ck_assert_ptr_nonnull(small);
    ck_assert_ptr_nonnull(large);
    memset(large, 1, (size_t)1 << 20);
    ck_assert_uint_eq(small[9], 0);
    arena_done(&arena);
}

END_TEST

START_TEST(a_copy_has_the_same_bytes_and_absence_stays_absence)
{
    struct arena arena;
    arena_init(&arena, 100000);
    char text[] = "text";
    struct span copy = {0};
    ck_assert_int_eq(arena_copy(&arena, span_of(text, 4), &copy), OK);
    text[0] = 'X';
    ck_assert(span_equal(copy, SPAN("text")));
    ck_assert_int_eq(arena_copy(&arena, SPAN(""), &copy), OK);
    ck_assert(copy.data != NULL && copy.len == 0);
    ck_assert_int_eq(arena_copy(&arena, (struct span){0}, &copy), OK);
    ck_assert(copy.data == NULL && copy.len == 0);
    arena_done(&arena);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("arena");
    TCase *tcase = tcase_create("arena");
    tcase_set_timeout(tcase, 60); /* the machine may be busy */
    tcase_add_test(tcase, memory_is_zeroed_aligned_and_apart);
    tcase_add_test(tcase, a_rewound_arena_keeps_what_was_there_before_the_mark);
    tcase_add_test(tcase, what_one_round_took_in_pieces_another_may_have_in_one);
    tcase_add_test(tcase, what_is_kept_of_scratch_memory_moves_to_the_mark);
    tcase_add_test(tcase, a_reset_arena_takes_nothing_more_for_the_same_work);
    tcase_add_test(tcase, the_limit_holds_and_what_was_taken_stays);
    tcase_add_test(tcase, an_arena_without_a_byte_gives_none);
    tcase_add_test(tcase, a_piece_larger_than_a_chunk_gets_its_own);
    tcase_add_test(tcase, a_copy_has_the_same_bytes_and_absence_stays_absence);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
