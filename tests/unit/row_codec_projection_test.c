/* row_codec_projection_test.c: every row comes back as it went in, damaged ones are refused, and their layout does not
 * change unnoticed. */
#include <stdlib.h>

#include "core/message/codec.h"
#include "projections/row_codec.h"
#include "tests/unit/projection_fixture.h"

#define ROW_BYTES_MAX ((size_t)16 << 20)

typedef const struct record_desc *desc_function(void);

/* Every row, and the message record that is stored as one. */
static desc_function *const rows[] = {
#define RECORD(name_, doc_) name_##_desc,
#define FIELD(kind_, name_, doc_)
#define MAYBE(kind_, name_, doc_)
#define LIST(record_, name_, max_, doc_)
#define END(name_)
#include "projections/row.def"
    locked_target_desc,
};

START_TEST(a_row_comes_back_as_it_went_in)
{
    const struct record_desc *desc = rows[_i]();
    struct arena arena;
    struct prng prng;
    arena_init(&arena, (size_t)512 << 20);
    prng_seed(&prng, (uint64_t)_i + 1);
    uint8_t *bytes = malloc(ROW_BYTES_MAX);
    ck_assert_ptr_nonnull(bytes);
    for (int round = 0; round < 30; round++) {
        arena_reset(&arena);
        void *row = arena_alloc(&arena, desc->size);
        void *back = arena_alloc(&arena, desc->size);
        ck_assert_int_eq(record_random(desc, &prng, &arena, row), OK);
        struct buf out = buf_of(bytes, ROW_BYTES_MAX / 2);
        ck_assert_int_eq(row_encode(desc, row, &out), OK);
        ck_assert_int_eq(row_decode(desc, buf_span(&out), &arena, back), OK);
        ck_assert(record_equal(desc, row, back));
        struct buf again = buf_of(bytes + ROW_BYTES_MAX / 2, ROW_BYTES_MAX / 2);
        ck_assert_int_eq(row_encode(desc, back, &again), OK);
        ck_assert(span_equal(buf_span(&out), buf_span(&again)));
        for (size_t cap = 0; cap < out.len && cap < 300; cap++) {
            struct buf small = buf_of(bytes + ROW_BYTES_MAX / 2, cap);
            ck_assert_int_eq(row_encode(desc, row, &small), ERR_NO_SPACE);
        }
    }
    free(bytes);
    arena_done(&arena);
}

END_TEST

/* An exact copy on the heap, so that the sanitizer sees a byte read past the end. */
static enum err decode_copy(const struct record_desc *desc, const uint8_t *bytes, size_t len, struct arena *arena)
{
    uint8_t *copy = malloc(len + (len == 0));
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes, len);
    arena_reset(arena);
    const enum err err = row_decode(desc, span_of(copy, len), arena, arena_alloc(arena, desc->size));
    free(copy);
    return err;
}

START_TEST(a_damaged_row_is_refused)
{
    const struct record_desc *desc = rows[_i]();
    struct arena arena;
    struct arena scratch;
    struct prng prng;
    arena_init(&arena, (size_t)512 << 20);
    arena_init(&scratch, (size_t)512 << 20);
    prng_seed(&prng, (uint64_t)_i + 100);
    uint8_t *bytes = malloc(ROW_BYTES_MAX);
    ck_assert_ptr_nonnull(bytes);
    for (int round = 0; round < 10; round++) {
        arena_reset(&arena);
        void *row = arena_alloc(&arena, desc->size);
        ck_assert_int_eq(record_random(desc, &prng, &arena, row), OK);
        struct buf out = buf_of(bytes, ROW_BYTES_MAX);
        ck_assert_int_eq(row_encode(desc, row, &out), OK);
        for (size_t len = 0; len < out.len && len < 400; len++) {
            ck_assert_int_eq(decode_copy(desc, bytes, len, &scratch), ERR_ALTERED);
        }
        buf_byte(&out, 0);
        ck_assert_int_eq(decode_copy(desc, bytes, out.len, &scratch), ERR_ALTERED);
        for (int flip = 0; flip < 200; flip++) { /* any answer, but no read outside */
            const size_t at = (size_t)prng_below(&prng, out.len < 4096 ? out.len : 4096);
            const uint8_t before = bytes[at];
            bytes[at] ^= (uint8_t)(1U << prng_below(&prng, 8));
            const enum err err = decode_copy(desc, bytes, out.len < 4096 ? out.len : 4096, &scratch);
            ck_assert(err == OK || err == ERR_ALTERED || err == ERR_NO_MEMORY);
            bytes[at] = before;
        }
    }
    free(bytes);
    arena_done(&scratch);
    arena_done(&arena);
}

END_TEST

static void mix(uint64_t *hash, const char *text)
{
    digest_add(hash, span_text(text));
    digest_add(hash, SPAN("\xFF")); /* which no text holds */
}

static void mix_desc(uint64_t *hash, const struct record_desc *desc)
{
    mix(hash, desc->name);
    for (size_t i = 0; i < desc->field_count; i++) {
        const struct field_desc *field = &desc->fields[i];
        mix(hash, field->name);
        mix(hash, kind_name(field->kind));
        const struct choice_table *choices = kind_choices(field->kind);
        for (uint32_t k = 1; choices != NULL && k < choices->count; k++) {
            mix(hash, choices->words[k]);
        }
        if (field->kind == KIND_list) {
            mix_desc(hash, field->item());
        }
    }
}

/* The layout at VIEWS_VERSION. When this fails the form of a row has changed: raise VIEWS_VERSION, so that
 * installations rebuild their views, and write the new version and number here. */
START_TEST(a_change_of_layout_raises_the_version_of_the_views)
{
    static const struct {
        uint64_t version;
        uint64_t layout;
    } known = {16, UINT64_C(9407460458746285782)};

    uint64_t layout = DIGEST_OF_NOTHING;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i] != query_args_desc) { /* asked, never stored */
            mix_desc(&layout, rows[i]());
        }
    }
    for (uint32_t kind = 1; kind < ID_KIND_COUNT; kind++) {
        mix(&layout, id_prefix((enum id_kind)kind));
    }
    ck_assert_uint_eq(VIEWS_VERSION, known.version);
    ck_assert_uint_eq(layout, known.layout);
}

END_TEST

START_TEST(whose_a_row_is_stands_at_one_place)
{
    desc_function *const owned[] = {post_row_desc, integration_row_desc, member_row_desc, weekly_row_desc};
    const struct record_desc *desc = owned[_i]();
    struct arena arena;
    struct prng prng;
    arena_init(&arena, (size_t)64 << 20);
    prng_seed(&prng, 1);
    const size_t cap = (size_t)1 << 20;
    uint8_t *bytes = malloc(cap);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_str_eq(desc->fields[1].name, "workspace_id");
    for (int round = 0; round < 30; round++) {
        arena_reset(&arena);
        char *row = arena_alloc(&arena, desc->size);
        struct id owner = {.kind = ID_NONE};
        ck_assert_int_eq(record_random(desc, &prng, &arena, row), OK);
        struct buf out = buf_of(bytes, cap);
        ck_assert_int_eq(row_encode(desc, row, &out), OK);
        ck_assert_int_eq(row_owner(desc, buf_span(&out), &owner), OK);
        ck_assert_mem_eq(&owner, row + desc->fields[1].offset, sizeof owner);
        const size_t needed = (desc->field_count + 7) / 8 + 2 * sizeof(struct id);
        for (size_t len = 0; len < needed; len++) {
            ck_assert_int_eq(row_owner(desc, span_of(bytes, len), &owner), ERR_ALTERED);
        }
        ck_assert_int_eq(row_owner(desc, span_of(bytes, needed), &owner), OK);
        for (int bit = 0; bit < 2; bit++) {
            bytes[0] ^= (uint8_t)(1 << bit);
            ck_assert_int_eq(row_owner(desc, buf_span(&out), &owner), ERR_ALTERED);
            bytes[0] ^= (uint8_t)(1 << bit);
        }
    }
    free(bytes);
    arena_done(&arena);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("row_codec_projection");
    TCase *tcase = tcase_create("row_codec");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, a_row_comes_back_as_it_went_in, 0, sizeof rows / sizeof *rows);
    tcase_add_loop_test(tcase, a_damaged_row_is_refused, 0, sizeof rows / sizeof *rows);
    tcase_add_loop_test(tcase, whose_a_row_is_stands_at_one_place, 0, 3);
    tcase_add_test(tcase, a_change_of_layout_raises_the_version_of_the_views);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
