/* words_test.c: what the words of a text are, in many scripts and in none; how a query is read; and whatever a text and
 * a query are, a text that holds what is sought has all terms to look for. */
#include "core/text/words.h"

#include <check.h>

#include "core/base/prng.h"
#include "core/text/text_measure.h"
#include "tests/suite.h"

static const struct {
    const char *name;
    const char *text;
    const char *words;
} texts[] = {
    {"nothing",              "",                                                 ""                                           },
    {"signs alone",          " \t\n.,;!?-_()[]",                                 ""                                           },
    {"English",              "It's Spring_2026, again!",                         "it s spring 2026 again"                     },
    {"a number",             "3.5 % of 1,000",                                   "3 5 of 1 000"                               },
    {"hashtag and mention",  "#SpringSale with @Acme.test",                      "springsale with acme test"                  },
    {"a URL",                "https://Example.com/a?b=c#d",                      "https example com a b c d"                  },
    {"German",               "Stra\u00DFe \u00DCBER",                            "strasse \u00FCber"                          },
    {"decomposed",           "u\u0308ber",                                       "\u00FCber"                                  },
    {"an accent counts",     "caf\u00E9",                                        "caf\u00E9"                                  },
    {"French",               "l\u2019\u00E9t\u00E9",                             "l \u00E9t\u00E9"                            },
    {"Greek",                "\u039F\u03B4\u03CC\u03C2",                         "\u03BF\u03B4\u03CC\u03C3"                   },
    {"Turkish",              "\u0130stanbul",                                    "i\u0307stanbul"                             },
    {"Russian",              "\u041F\u0440\u0438\u0432\u0435\u0442!",            "\u043F\u0440\u0438\u0432\u0435\u0442"       },
    {"Arabic",               "\u0645\u0631\u062D\u0628\u0627 \u0628\u0643",      "\u0645\u0631\u062D\u0628\u0627 \u0628\u0643"},
    {"Hebrew with points",   "\u05E9\u05B8\u05DC\u05D5\u05B9\u05DD",             "\u05E9\u05B8\u05DC\u05D5\u05B9\u05DD"       },
    {"Hindi",                "\u0928\u092E\u0938\u094D\u0924\u0947",             "\u0928\u092E\u0938\u094D\u0924\u0947"       },
    {"Chinese",              "\u5317\u4EAC\uFF0C\u5927\u5B66",                   "\u5317\u4EAC \u5927\u5B66"                  },
    {"Japanese",             "\u30E9\u30FC\u30E1\u30F3\u3092\u98DF\u3079\u308B",
     "\u30E9\u30FC\u30E1\u30F3\u3092\u98DF\u3079\u308B"                                                                       },
    {"kana of half width",   "\uFF76\uFF9E",                                     "\u30AC"                                     },
    {"Korean",               "\uC11C\uC6B8 \uB9DB\uC9D1",                        "\uC11C\uC6B8 \uB9DB\uC9D1"                  },
    {"Thai",                 "\u0E2A\u0E27\u0E31\u0E2A\u0E14\u0E35",             "\u0E2A\u0E27\u0E31\u0E2A\u0E14\u0E35"       },
    {"Latin beside Han",     "iPhone\u624B\u673A15",                             "iphone \u624B\u673A 15"                     },
    {"full width",           "\uFF21\uFF22\uFF23\uFF11",                         "abc1"                                       },
    {"emoji",                "go \U0001F389\U0001F389 now",                      "go \U0001F389\U0001F389 now"                },
    {"a family",             "\U0001F468\u200D\U0001F469\u200D\U0001F467",       "\U0001F468\U0001F469\U0001F467"             },
    {"a flag and a tone",    "\U0001F1E9\U0001F1EA \U0001F44D\U0001F3FD",        "\U0001F1E9\U0001F1EA \U0001F44D\U0001F3FD"  },
    {"emoji beside a word",  "done\u2705",                                       "done \u2705"                                },
    {"invisible characters", "in\u00ADvi\u200Bsi\u2060ble",                      "invisible"                                  },
    {"a mark alone",         "\u0301 a",                                         "a"                                          },
    {"many marks",           "a\u0316\u0317\u0318",                              "a\u0316\u0317\u0318"                        },
    {"beyond Unicode's end",
     "a\U0010FFFF"
     "b\uE000c",                                                                 "a b c"                                      },
    {"a ligature",           "\uFB01n",                                          "fin"                                        },
    {"copyright",            "\u00A9 2026 Acme\u00AE",                           "2026 acme"                                  },
};

START_TEST(a_text_has_these_words)
{
    struct arena arena;
    struct span words;
    arena_init(&arena, (size_t)1 << 20);
    ck_assert_int_eq(words_of(span_text(texts[_i].text), &arena, &words), OK);
    ck_assert_msg(span_equal(words, span_text(texts[_i].words)), "%s: %.*s", texts[_i].name, (int)words.len,
                  words.data);
    struct span again;
    ck_assert_int_eq(words_of(words, &arena, &again), OK);
    ck_assert_msg(span_equal(words, again), "%s: not the same again", texts[_i].name);
    arena_done(&arena);
}

END_TEST

static const struct {
    const char *name;
    const char *q;
    const char *sought; /* a bar between each two; a star: it may go on */
} queries[] = {
    {"a word",                  "Spring",                    "spring*"        },
    {"a word that ends",        "Spring ",                   "spring"         },
    {"with a sign",             "spring!",                   "spring"         },
    {"two words",               "spring sale",               "spring|sale*"   },
    {"a quotation",             "\"spring sale\"",           "spring sale"    },
    {"and a word",              "\"spring sale\" no",        "spring sale|no*"},
    {"a word and a quotation",  "now \"spring sale\"",       "now|spring sale"},
    {"an open quotation",       "\"spring sal",              "spring sal"     },
    {"an empty one",            "\"\" a",                    "a*"             },
    {"three marks",             "a\"b\"c\"d",                "a|b|c|d"        },
    {"typeset quotation marks", "\u201Espring sale\u201C x", "spring sale|x*" },
    {"of full width",           "\uFF02a b\uFF02",           "a b"            },
    {"guillemets",              "\u00ABa b\u00BB",           "a b"            },
    {"no operators",            "-spring OR +sale",          "spring|or|sale*"},
    {"an accent to come",       "e\u0301",                   "\u00E9*"        },
    {"Han",                     "\u5317\u4EAC",              "\u5317\u4EAC*"  },
};

START_TEST(a_query_seeks_these)
{
    struct arena arena;
    struct words_query query;
    char written[256];
    arena_init(&arena, (size_t)1 << 20);
    struct buf out = buf_of(written, sizeof written);
    ck_assert_int_eq(words_query_read(span_text(queries[_i].q), &arena, &query), OK);
    for (uint32_t i = 0; i < query.count; i++) {
        buf_text(&out, i == 0 ? "" : "|");
        buf_put(&out, query.items[i].words);
        buf_text(&out, query.items[i].prefix ? "*" : "");
    }
    ck_assert_msg(span_equal(buf_span(&out), span_text(queries[_i].sought)), "%s: %.*s", queries[_i].name, (int)out.len,
                  written);
    arena_done(&arena);
}

END_TEST

START_TEST(a_query_without_a_word_and_one_of_too_many_are_told)
{
    struct arena arena;
    struct words_query query = {.count = 7};
    char many[2 * SOUGHT_MAX + 2];
    arena_init(&arena, (size_t)1 << 20);
    ck_assert_int_eq(words_query_read(SPAN(""), &arena, &query), ERR_MISSING);
    ck_assert_int_eq(words_query_read(SPAN(" \"!\" "), &arena, &query), ERR_MISSING);
    for (size_t i = 0; i < sizeof many; i++) {
        many[i] = i % 2 == 0 ? 'a' : ' ';
    }
    ck_assert_int_eq(words_query_read(span_of(many, sizeof many), &arena, &query), ERR_RANGE);
    ck_assert_uint_eq(query.count, 7);
    ck_assert_int_eq(words_query_read(span_of(many, sizeof many - 2), &arena, &query), OK);
    ck_assert_uint_eq(query.count, SOUGHT_MAX);
    arena_done(&arena);
}

END_TEST

/* --- terms --- */

static const struct {
    const char *words;
    const char *kept;
    const char *sought; /* of all of it, its last word open */
} terms[] = {
    {"a",                  "a",                                "a*"                       },
    {"spring sale",        "spring|sale",                      "spring|sale*"             },
    {"\u5317",             "\u5317",                           "\u5317*"                  },
    {"\u5317\u4EAC",       "\u5317\u4EAC|\u4EAC",              "\u5317\u4EAC"             },
    {"\u5317\u4EAC\u5927", "\u5317\u4EAC|\u4EAC\u5927|\u5927", "\u5317\u4EAC|\u4EAC\u5927"},
    {"a \u5317 b",         "a|\u5317|b",                       "a|\u5317*|b*"             },
};

static void put_terms(struct term_walk walk, struct buf *out)
{
    struct term term;
    while (term_walk_next(&walk, &term)) {
        buf_text(out, out->len == 0 ? "" : "|");
        buf_put(out, term.text);
        buf_text(out, term.prefix ? "*" : "");
    }
}

START_TEST(words_have_these_terms)
{
    char written[256];
    struct buf out = buf_of(written, sizeof written);
    put_terms(term_walk_kept(span_text(terms[_i].words)), &out);
    ck_assert_msg(span_equal(buf_span(&out), span_text(terms[_i].kept)), "%.*s", (int)out.len, written);
    out = buf_of(written, sizeof written);
    const struct sought sought = {.words = span_text(terms[_i].words), .prefix = true};
    put_terms(term_walk_sought(&sought), &out);
    ck_assert_msg(span_equal(buf_span(&out), span_text(terms[_i].sought)), "%.*s", (int)out.len, written);
}

END_TEST

static bool is_kept(struct span words, const struct term *sought)
{
    struct term term;
    struct term_walk walk = term_walk_kept(words);
    while (term_walk_next(&walk, &term)) {
        if (sought->prefix ? span_starts_with(term.text, sought->text) : span_equal(term.text, sought->text)) {
            return true;
        }
    }
    return false;
}

/* A text out of few characters, so that queries are found in it. */
static struct span random_text(struct prng *prng, char *room, size_t pieces)
{
    static const char *const alphabet[] = {"a",      "B",      "ab",     " ",      " ",      "-",
                                           "\"",     "\u00E9", "\u5317", "\u4EAC", "\u30FC", "\U0001F389",
                                           "\u0301", "\u0E2A", "\u0E35", "\uFF21", "\u200D", "7"};

    size_t len = 0;
    for (size_t i = prng_below(prng, pieces) + 1; i > 0; i--) {
        const char *piece = alphabet[prng_below(prng, sizeof alphabet / sizeof *alphabet)];
        memcpy(room + len, piece, strlen(piece));
        len += strlen(piece);
    }
    return span_of(room, len);
}

START_TEST(a_text_that_holds_what_is_sought_has_its_terms)
{
    struct prng prng;
    struct arena arena;
    uint32_t held = 0;
    char room[256];
    char query_room[64];
    arena_init(&arena, (size_t)1 << 20);
    prng_seed(&prng, 7);
    for (int round = 0; round < 60000; round++) {
        struct span words;
        struct words_query query;
        arena_reset(&arena);
        ck_assert_int_eq(words_of(random_text(&prng, room, 40), &arena, &words), OK);
        if (words_query_read(random_text(&prng, query_room, 5), &arena, &query) != OK) {
            continue;
        }
        for (uint32_t i = 0; i < query.count; i++) {
            struct term term;
            struct term_walk walk = term_walk_sought(&query.items[i]);
            const bool holds = words_hold(words, &query.items[i]);
            held += holds ? 1 : 0;
            while (holds && term_walk_next(&walk, &term)) {
                ck_assert(is_kept(words, &term));
            }
        }
    }
    ck_assert_uint_gt(held, 1000);
    arena_done(&arena);
}

END_TEST

START_TEST(a_word_of_60000_letters_is_cut_and_found)
{
    static char text[60000];
    struct arena arena;
    struct span words;
    struct words_query query;
    struct term term;
    arena_init(&arena, (size_t)1 << 20);
    memset(text, 'x', sizeof text);
    ck_assert_int_eq(words_of(span_of(text, sizeof text), &arena, &words), OK);
    ck_assert_uint_eq(words.len, sizeof text);
    struct term_walk walk = term_walk_kept(words);
    ck_assert(term_walk_next(&walk, &term));
    ck_assert_uint_eq(term.text.len, TERM_BYTES_MAX);
    ck_assert(!term_walk_next(&walk, &term));
    ck_assert_int_eq(words_query_read(span_of(text, 200), &arena, &query), OK);
    ck_assert(words_hold(words, &query.items[0]));
    walk = term_walk_sought(&query.items[0]);
    ck_assert(term_walk_next(&walk, &term));
    ck_assert(is_kept(words, &term));
    arena_done(&arena);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("words");
    TCase *tcase = tcase_create("words");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, a_text_has_these_words, 0, sizeof texts / sizeof *texts);
    tcase_add_loop_test(tcase, a_query_seeks_these, 0, sizeof queries / sizeof *queries);
    tcase_add_test(tcase, a_query_without_a_word_and_one_of_too_many_are_told);
    tcase_add_loop_test(tcase, words_have_these_terms, 0, sizeof terms / sizeof *terms);
    tcase_add_test(tcase, a_text_that_holds_what_is_sought_has_its_terms);
    tcase_add_test(tcase, a_word_of_60000_letters_is_cut_and_found);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
