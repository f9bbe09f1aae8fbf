/* text_measure_test.c: what people call a character is counted as one, whatever it is made of; offsets are bytes. */
#include "core/text/text_measure.h"

#include <check.h>

#include "core/base/prng.h"
#include "tests/suite.h"

static const struct {
    const char *text;
    uint32_t clusters;
} counted[] = {
    {"",                                                           0},
    {"abc",                                                        3},
    {"\r\n",                                                       1},
    {"e\u0301",                                                    1}, /* e and a combining acute accent */
    {"\u00E9",                                                     1},
    {"\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466", 1}, /* family: four people, three joiners */
    {"\U0001F1E9\U0001F1EA\U0001F1EB\U0001F1F7",                   2}, /* two flags */
    {"\U0001F44D\U0001F3FD",                                       1}, /* thumb with a skin tone */
    {"\u0915\u094D\u0937",                                         1}, /* an Indic conjunct */
    {"\uD55C\uAE00",                                               2},
    {"\u1112\u1161\u11AB",                                         1}, /* Hangul in jamo */
    {"2\uFE0F\u20E3",                                              1}, /* keycap */
};

START_TEST(a_cluster_counts_as_one)
{
    uint32_t clusters = 99;
    ck_assert_int_eq(text_clusters(span_text(counted[_i].text), &clusters), OK);
    ck_assert_uint_eq(clusters, counted[_i].clusters);
}

END_TEST

static void put_code_point(struct buf *out, uint32_t c)
{
    if (c < 0x80) {
        buf_byte(out, (uint8_t)c);
    } else if (c < 0x800) {
        buf_byte(out, (uint8_t)(0xC0 | c >> 6));
        buf_byte(out, (uint8_t)(0x80 | (c & 0x3F)));
    } else {
        buf_byte(out, (uint8_t)(0xE0 | c >> 12));
        buf_byte(out, (uint8_t)(0x80 | (c >> 6 & 0x3F)));
        buf_byte(out, (uint8_t)(0x80 | (c & 0x3F)));
    }
}

/* Around every border of what text_clusters counts by itself: ICU's own breaks are the judge. */
START_TEST(counting_agrees_with_the_breaks)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x01,   0x7F  },
        {0x0D,   0x0D  },
        {0x0A,   0x0A  },
        {0x80,   0x2FF },
        {0x2F0,  0x310 },
        {0x2000, 0x2030},
        {0x20,   0x7E  },
    };
    struct prng prng;
    prng_seed(&prng, 4);
    for (unsigned round = 0; round < 5000; round++) {
        uint8_t bytes[128];
        struct buf text = buf_of(bytes, sizeof bytes);
        const uint64_t len = prng_below(&prng, 30);
        const uint64_t kinds = 1 + prng_below(&prng, sizeof ranges / sizeof *ranges);
        for (uint64_t i = 0; i < len; i++) {
            const uint64_t kind = prng_below(&prng, kinds);
            const uint64_t spread = ranges[kind].last - ranges[kind].first + 1;
            put_code_point(&text, ranges[kind].first + (uint32_t)prng_below(&prng, spread));
        }
        struct arena arena;
        arena_init(&arena, 1 << 20);
        struct text_breaks breaks;
        uint32_t clusters = 99;
        ck_assert_int_eq(text_breaks_find(buf_span(&text), TEXT_CLUSTER, &arena, &breaks), OK);
        ck_assert_int_eq(text_clusters(buf_span(&text), &clusters), OK);
        ck_assert_msg(clusters == breaks.count, "round %u: %u and %u", round, clusters, breaks.count);
        arena_done(&arena);
    }
}

END_TEST

START_TEST(ends_are_bytes_and_the_last_is_the_length)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct text_breaks breaks;
    const struct span text = span_text("a\U0001F44D\U0001F3FDb");
    ck_assert_int_eq(text_breaks_find(text, TEXT_CLUSTER, &arena, &breaks), OK);
    ck_assert_uint_eq(breaks.count, 3);
    ck_assert_uint_eq(breaks.ends[0], 1);
    ck_assert_uint_eq(breaks.ends[1], 9);
    ck_assert_uint_eq(breaks.ends[2], 10);
    ck_assert_int_eq(text_breaks_find(SPAN(""), TEXT_LINE, &arena, &breaks), OK);
    ck_assert_uint_eq(breaks.count, 0);
    arena_done(&arena);
}

END_TEST

START_TEST(sentences_and_lines_end_behind_their_space)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct text_breaks breaks;
    const struct span text = SPAN("One two. Three four!");
    ck_assert_int_eq(text_breaks_find(text, TEXT_SENTENCE, &arena, &breaks), OK);
    ck_assert_uint_eq(breaks.count, 2);
    ck_assert_uint_eq(breaks.ends[0], 9);
    ck_assert_int_eq(text_breaks_find(text, TEXT_LINE, &arena, &breaks), OK);
    ck_assert_uint_eq(breaks.count, 4);
    ck_assert_uint_eq(breaks.ends[0], 4);
    arena_done(&arena);
}

END_TEST

START_TEST(no_room_in_the_arena_is_said)
{
    struct arena arena;
    arena_init(&arena, 16);
    struct text_breaks breaks;
    ck_assert_int_eq(text_breaks_find(SPAN("a longer text"), TEXT_CLUSTER, &arena, &breaks), ERR_NO_MEMORY);
    arena_done(&arena);
}

END_TEST

START_TEST(trimming_takes_every_kind_of_space_off)
{
    ck_assert(span_equal(text_trim(span_text(" \t\n\u3000a b\u00A0\r\n")), SPAN("a b")));
    ck_assert_uint_eq(text_trim(span_text(" \u2003 ")).len, 0);
    ck_assert_uint_eq(text_trim(SPAN("")).len, 0);
}

END_TEST

START_TEST(characters_have_their_classes)
{
    ck_assert(text_is_space(0x3000));
    for (uint32_t c = 0; c < 0x80; c++) {
        ck_assert_int_eq(text_is_space(c), c == ' ' || (c >= 0x09 && c <= 0x0D));
    }
    ck_assert(text_is_space(0x85));
    ck_assert(!text_is_space(0x200B));
    ck_assert(text_is_invisible(0x200B));
    ck_assert(text_is_punctuation(0x3002));
    ck_assert(!text_is_punctuation('a'));
    size_t at = 0;
    ck_assert_uint_eq(text_next(span_text("\U0001F44D"), &at), 0x1F44D);
    ck_assert_uint_eq(at, 4);
}

END_TEST

START_TEST(what_people_take_for_the_same_folds_to_the_same)
{
    static const struct {
        const char *a;
        const char *b;
        bool same;
    } pairs[] = {
        {"Spring",        "sPRING",                                                                                        true },
        {"Fr\u00FChling", "FRU\u0308HLING",                                                                                true },
        {"Stra\u00DFe",   "STRASSE",                                                                                       true },
        {"\uFF21\uFF22",  "ab",                                                                                            true }, /* full width */
        {"soft\u00ADly",  "softly",                                                                                        true },
        {"u",             "\u00FC",                                                                                        false},
        {"",              "",                                                                                              true },
        {"\uFDFA",        "\u0635\u0644\u0649 \u0627\u0644\u0644\u0647 \u0639\u0644\u064A\u0647 \u0648\u0633\u0644\u0645",
         true                                                                                                                   }, /* eighteen times as long */
    };

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct arena arena;
        struct span a;
        struct span b;
        arena_init(&arena, 1 << 20);
        ck_assert_int_eq(text_fold(span_text(pairs[i].a), &arena, &a), OK);
        ck_assert_int_eq(text_fold(span_text(pairs[i].b), &arena, &b), OK);
        ck_assert(span_is_utf8(a));
        ck_assert_msg(span_equal(a, b) == pairs[i].same, "%s", pairs[i].a);
        arena_done(&arena);
    }
    struct arena none;
    struct span folded;
    arena_init(&none, 4096);
    uint8_t bytes[8192];
    memset(bytes, 'A', sizeof bytes);
    ck_assert_int_eq(text_fold(span_of(bytes, sizeof bytes), &none, &folded), ERR_NO_MEMORY);
    arena_done(&none);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("text_measure");
    TCase *tcase = tcase_create("text_measure");
    tcase_add_loop_test(tcase, a_cluster_counts_as_one, 0, sizeof counted / sizeof *counted);
    tcase_add_test(tcase, counting_agrees_with_the_breaks);
    tcase_add_test(tcase, ends_are_bytes_and_the_last_is_the_length);
    tcase_add_test(tcase, sentences_and_lines_end_behind_their_space);
    tcase_add_test(tcase, what_people_take_for_the_same_folds_to_the_same);
    tcase_add_test(tcase, no_room_in_the_arena_is_said);
    tcase_add_test(tcase, trimming_takes_every_kind_of_space_off);
    tcase_add_test(tcase, characters_have_their_classes);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
