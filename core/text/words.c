/* words.c: texts and queries as words, words as terms. Called by whoever searches, and by the read models that are
 * searched. Must never depend on anything but the text and text_version. */
#include "core/text/words.h"

#include "core/base/assert.h"
#include "core/text/text_measure.h"

/* --- words --- */

/* ASCII has letters, digits and what stands between. */
static uint8_t plain_class(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') {
        return c | 0x20;
    }
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : 0;
}

/* Words of ASCII, which most texts of the West are but for a dash or an emoji. false: it is not only that. */
static bool plain_words(struct span text, uint8_t *bytes, size_t *ret_len)
{
    size_t len = 0;
    bool gap = false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] >= 0x80) {
            return false;
        }
        const uint8_t c = plain_class(text.data[i]);
        if (c == 0) {
            gap = len > 0;
            continue;
        }
        if (gap) {
            bytes[len] = ' ';
            len++;
            gap = false;
        }
        bytes[len] = c;
        len++;
    }
    *ret_len = len;
    return true;
}

/* A mark belongs to the character that it stands on; alone it is nothing. */
static enum text_kind kind_after(enum text_kind before, uint32_t c)
{
    const enum text_kind kind = text_kind(c);
    return kind == TEXT_MARK ? before : kind;
}

/* bytes: of folded text twice the length suffices, for no two spaces follow one another. */
static size_t folded_words(struct span folded, uint8_t *bytes)
{
    enum text_kind before = TEXT_BETWEEN;
    enum text_kind last = TEXT_BETWEEN; /* of what was written */
    size_t len = 0;
    for (size_t at = 0; at < folded.len;) {
        const size_t start = at;
        const enum text_kind kind = kind_after(before, text_next(folded, &at));
        if (kind != TEXT_BETWEEN) {
            if (len > 0 && (before == TEXT_BETWEEN || kind != last)) {
                bytes[len] = ' ';
                len++;
            }
            memcpy(bytes + len, folded.data + start, at - start);
            len += at - start;
            last = kind;
        }
        before = kind;
    }
    return len;
}

enum err words_of(struct span text, struct arena *arena, struct span *ret_words)
{
    size_t len = 0;
    uint8_t *bytes = arena_room(arena, text.len + 1);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    if (!plain_words(text, bytes, &len)) {
        struct span folded;
        TRY(text_fold(text, arena, &folded));
        bytes = arena_room(arena, 2 * folded.len + 1);
        if (bytes == NULL) {
            return ERR_NO_MEMORY;
        }
        len = folded_words(folded, bytes);
    }
    *ret_words = span_of(bytes, len);
    return OK;
}

/* --- queries --- */

static bool is_quote(uint32_t c)
{
    return c == '"' || (c >= 0x201C && c <= 0x201F) || c == 0xAB || c == 0xBB || c == 0x300C || c == 0x300D;
}

static enum err add(struct words_query *query, struct span words, bool prefix)
{
    if (query->count == SOUGHT_MAX) {
        return ERR_RANGE;
    }
    query->items[query->count] = (struct sought){.words = words, .prefix = prefix};
    query->count++;
    return OK;
}

/* Words outside of quotations: each by itself. open: the last one may go on. */
static enum err add_each(struct words_query *query, struct span words, bool open)
{
    for (size_t at = 0; at < words.len;) {
        const struct span rest = span_of(words.data + at, words.len - at);
        const struct span word = span_of(rest.data, span_find(rest, ' '));
        at += word.len + 1;
        TRY(add(query, word, open && at > words.len));
    }
    return OK;
}

static enum err add_section(struct words_query *query, struct span text, bool quoted, bool open, struct arena *arena)
{
    struct span words;
    TRY(words_of(text, arena, &words));
    if (words.len == 0) {
        return OK;
    }
    return quoted ? add(query, words, false) : add_each(query, words, open);
}

/* Whether a text's last character belongs to a word. */
static bool ends_in_word(struct span folded)
{
    enum text_kind kind = TEXT_BETWEEN;
    for (size_t at = 0; at < folded.len;) {
        kind = kind_after(kind, text_next(folded, &at));
    }
    return kind != TEXT_BETWEEN;
}

enum err words_query_read(struct span text, struct arena *arena, struct words_query *ret_query)
{
    struct words_query query = {.count = 0};
    struct span folded;
    bool quoted = false;
    size_t start = 0;
    TRY(text_fold(text, arena, &folded));
    for (size_t at = 0; at < folded.len;) {
        const size_t here = at;
        if (is_quote(text_next(folded, &at))) {
            TRY(add_section(&query, span_of(folded.data + start, here - start), quoted, false, arena));
            quoted = !quoted;
            start = at;
        }
    }
    const struct span last = span_of(folded.data + start, folded.len - start);
    TRY(add_section(&query, last, quoted, ends_in_word(last), arena));
    if (query.count == 0) {
        return ERR_MISSING;
    }
    *ret_query = query;
    return OK;
}

/* --- looking --- */

static uint32_t first_of(struct span text)
{
    size_t at = 0;
    return text_next(text, &at);
}

/* Dense words hold dense characters alone, others none. */
static bool is_dense(struct span word)
{
    return text_kind(first_of(word)) == TEXT_DENSE;
}

static size_t last_word(struct span words)
{
    size_t at = words.len;
    while (at > 0 && words.data[at - 1] != ' ') {
        at--;
    }
    return at;
}

bool words_hold(struct span words, const struct sought *sought)
{
    const struct span text = sought->words;
    const size_t last = last_word(text);
    const bool free_start = is_dense(text);
    const bool free_end = sought->prefix || is_dense(span_of(text.data + last, text.len - last));
    for (size_t from = 0; from + text.len <= words.len;) {
        const uint8_t *found = memmem(words.data + from, words.len - from, text.data, text.len);
        if (found == NULL) {
            return false;
        }
        const size_t at = (size_t)(found - words.data);
        const size_t end = at + text.len;
        const bool starts = free_start || at == 0 || words.data[at - 1] == ' ';
        if (starts && (free_end || end == words.len || words.data[end] == ' ')) {
            return true;
        }
        from = at + 1;
    }
    return false;
}

/* --- terms --- */

struct term_walk term_walk_kept(struct span words)
{
    return (struct term_walk){.words = words};
}

struct term_walk term_walk_sought(const struct sought *sought)
{
    return (struct term_walk){.words = sought->words, .sought = true, .prefix = sought->prefix};
}

static bool begin_word(struct term_walk *walk)
{
    if (walk->at >= walk->words.len) {
        return false;
    }
    const struct span rest = span_of(walk->words.data + walk->at, walk->words.len - walk->at);
    walk->end = walk->at + span_find(rest, ' ');
    walk->dense = is_dense(rest);
    return true;
}

static void plain_term(struct term_walk *walk, struct term *ret_term)
{
    const struct span word = span_of(walk->words.data + walk->at, walk->end - walk->at);
    const struct span cut = span_cut(word, TERM_BYTES_MAX);
    const bool last = walk->end == walk->words.len;
    *ret_term = (struct term){.text = cut, .prefix = walk->prefix && last && cut.len == word.len};
    walk->at = walk->end + 1;
}

/* Two neighbours; the last character alone is a term of the text, and of what is sought only where it is all: any two
 * that begin with it will do then. */
static void dense_term(struct term_walk *walk, bool first, struct term *ret_term)
{
    const struct span word = span_of(walk->words.data, walk->end);
    size_t next = walk->at;
    (void)text_next(word, &next);
    size_t end = next;
    if (next < walk->end) {
        (void)text_next(word, &end);
    }
    *ret_term = (struct term){.text = span_of(walk->words.data + walk->at, end - walk->at),
                              .prefix = walk->sought && first && next == walk->end};
    const bool done = next == walk->end || (walk->sought && end == walk->end);
    walk->at = done ? walk->end + 1 : next;
}

bool term_walk_next(struct term_walk *walk, struct term *ret_term)
{
    const bool first = walk->at >= walk->end || walk->at == 0;
    if (first && !begin_word(walk)) {
        return false;
    }
    if (walk->dense) {
        dense_term(walk, first, ret_term);
    } else {
        plain_term(walk, ret_term);
    }
    return true;
}
