/* words_fuzz.c: what people look for, and the texts that it is looked for in. The input is a query, a NUL, and a text;
 * without a NUL it is both. What the words of a text are is as many words again; a query that was read names words that
 * its own text holds, and whatever holds what is sought has all terms to look for. */
#include "core/text/words.h"
#include "tests/fuzz/fuzz.h"

#define ARENA_MAX ((size_t)64 << 20)

static void check_words(struct span words, struct arena *arena)
{
    struct span again;
    ASSERT(span_is_utf8(words));
    ASSERT(words.len == 0 || (words.data[0] != ' ' && words.data[words.len - 1] != ' '));
    ASSERT(memmem(words.data, words.len, "  ", 2) == NULL);
    ASSERT(words_of(words, arena, &again) == OK);
    ASSERT(span_equal(words, again));
}

static bool is_kept(struct span words, const struct term *sought)
{
    struct term term;
    struct term_walk walk = term_walk_kept(words);
    while (term_walk_next(&walk, &term)) {
        ASSERT(term.text.len >= 1 && term.text.len <= TERM_BYTES_MAX && !term.prefix);
        ASSERT(span_is_utf8(term.text));
        if (sought->prefix ? span_starts_with(term.text, sought->text) : span_equal(term.text, sought->text)) {
            return true;
        }
    }
    return false;
}

static void check_terms(struct span words, const struct sought *sought)
{
    struct term term;
    struct term_walk walk = term_walk_sought(sought);
    while (term_walk_next(&walk, &term)) {
        ASSERT(is_kept(words, &term));
    }
}

static void check(struct span query_text, struct span text, struct arena *arena)
{
    struct span words;
    struct span own;
    struct words_query query = {.count = 0};
    ASSERT(words_of(text, arena, &words) == OK);
    ASSERT(words_of(query_text, arena, &own) == OK);
    check_words(words, arena);
    const enum err err = words_query_read(query_text, arena, &query);
    ASSERT(err == OK || err == ERR_MISSING || err == ERR_RANGE);
    ASSERT((err == OK) == (query.count > 0) && query.count <= SOUGHT_MAX);
    for (uint32_t i = 0; i < query.count; i++) {
        check_words(query.items[i].words, arena);
        ASSERT(query.items[i].words.len > 0);
        ASSERT(words_hold(own, &query.items[i]));
        check_terms(own, &query.items[i]);
        if (words_hold(words, &query.items[i])) {
            check_terms(words, &query.items[i]);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct arena arena;
    const struct span all = span_of(data, len);
    const struct span query = span_of(data, span_find(all, 0));
    const size_t rest = query.len == len ? 0 : query.len + 1;
    const struct span text = span_of(data + rest, len - rest);
    if (len > 0 && len <= 4096 && span_is_utf8(query) && span_is_utf8(text)) {
        arena_init(&arena, ARENA_MAX);
        check(query, text, &arena);
        arena_done(&arena);
    }
    return 0;
}
