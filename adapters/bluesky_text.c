/* bluesky_text.c: finds links, mentions and hashtags in a text, as Bluesky's own clients do (their detection is not
 * part of the protocol: facets are). Called by the rendering, by needs_facts and by the resolve job, which must all
 * find the same. Pure. */
#include "adapters/bluesky_text.h"

#include "core/text/text_measure.h"

#define EMOJI_STYLE 0xFE0F /* behind a '#' it makes that the emoji of a key */

struct finder {
    struct span text;
    struct arena *arena;
    struct bluesky_mark *items;
    uint32_t count;
    uint32_t cap;
};

static bool is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_alpha(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static enum err add(struct finder *finder, struct bluesky_mark mark)
{
    if (finder->count == finder->cap) {
        const uint32_t cap = finder->cap == 0 ? 16 : finder->cap * 2;
        struct bluesky_mark *items = arena_alloc(finder->arena, sizeof *items * cap);
        if (items == NULL) {
            return ERR_NO_MEMORY;
        }
        if (finder->count > 0) {
            memcpy(items, finder->items, sizeof *items * finder->count);
        }
        finder->items = items;
        finder->cap = cap;
    }
    finder->items[finder->count] = mark;
    finder->count++;
    return OK;
}

static bool has_prefix_nocase(struct span text, size_t at, const char *lower)
{
    const size_t len = strlen(lower);
    if (text.len - at < len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        const uint8_t c = text.data[at + i];
        if ((c >= 'A' && c <= 'Z' ? c | 0x20 : c) != (uint8_t)lower[i]) {
            return false;
        }
    }
    return true;
}

/* Where the run of characters that are neither white space nor control characters ends. */
static size_t word_end(struct span text, size_t at)
{
    while (at < text.len) {
        size_t next = at;
        const uint32_t c = text_next(text, &next);
        if (text_is_space(c) || c < 0x20 || c == 0x7F) {
            break;
        }
        at = next;
    }
    return at;
}

static size_t count_byte(struct span text, size_t start, size_t end, uint8_t c)
{
    size_t count = 0;
    for (size_t i = start; i < end; i++) {
        count += text.data[i] == c;
    }
    return count;
}

/* A closing bracket that the URL did not open. */
static bool is_stray(struct span text, size_t start, size_t end)
{
    const uint8_t last = text.data[end - 1];
    const uint8_t open = last == ')' ? '(' : last == ']' ? '[' : last == '}' ? '{' : 0;
    return open != 0 && count_byte(text, start, end, open) < count_byte(text, start, end, last);
}

/* A URL in running text does not end in punctuation. */
static size_t without_tail(struct span text, size_t start, size_t end)
{
    while (end > start) {
        const uint8_t last = text.data[end - 1];
        const bool mark = last != 0 && strchr(".,;:!?'", last) != NULL;
        if (!mark && !is_stray(text, start, end)) {
            break;
        }
        end--;
    }
    return end;
}

static size_t find_link(struct span text, size_t at)
{
    const size_t scheme = has_prefix_nocase(text, at, "https://") ? 8 : has_prefix_nocase(text, at, "http://") ? 7 : 0;
    if (scheme == 0 || (at > 0 && is_alnum(text.data[at - 1]))) {
        return at;
    }
    size_t end = word_end(text, at);
    for (size_t i = at; i < end; i++) {
        if (text.data[i] == '<' || text.data[i] == '>' || text.data[i] == '"') {
            end = i;
        }
    }
    end = without_tail(text, at, end);
    const bool has_host = end > at + scheme && (is_alnum(text.data[at + scheme]) || text.data[at + scheme] == '[' ||
                                                text.data[at + scheme] >= 0x80);
    return has_host ? end : at;
}

/* https://atproto.com/specs/handle */
static bool is_handle(struct span text)
{
    if (text.len == 0 || text.len > BLUESKY_HANDLE_MAX) {
        return false;
    }
    size_t labels = 0;
    size_t start = 0;
    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && text.data[i] != '.') {
            if (!is_alnum(text.data[i]) && text.data[i] != '-') {
                return false;
            }
            continue;
        }
        if (i == start || i - start > 63 || text.data[start] == '-' || text.data[i - 1] == '-') {
            return false;
        }
        labels++;
        if (i == text.len) {
            return labels > 1 && is_alpha(text.data[start]);
        }
        start = i + 1;
    }
    return false;
}

/* Length of the handle from at, without the dots and hyphens that follow it; 0 when none is there. Whatever is not
 * ASCII ends it, so that it may be inflected ("@bob.test's" with U+2019, "@bob.test" with a Japanese particle). */
static size_t handle_len(struct span text, size_t at)
{
    size_t end = at;
    while (end < text.len && (is_alnum(text.data[end]) || text.data[end] == '-' || text.data[end] == '.')) {
        end++;
    }
    if (end < text.len && text.data[end] == '_') {
        return 0; /* no character of a handle: the name of something else */
    }
    while (end > at && !is_alnum(text.data[end - 1])) {
        end--;
    }
    return is_handle(span_of(text.data + at, end - at)) ? end - at : 0;
}

/* Whether a mention (round_bracket) or tag may begin at at. */
static bool opens(struct span text, size_t at, bool round_bracket)
{
    if (at == 0) {
        return true;
    }
    size_t before = at - 1;
    while (before > 0 && (text.data[before] & 0xC0) == 0x80) {
        before--;
    }
    const uint32_t c = text_next(text, &before);
    return text_is_space(c) || (round_bracket && c == '(');
}

static size_t find_mention(struct span text, size_t at)
{
    if (text.data[at] != '@' || !opens(text, at, true)) {
        return at;
    }
    const size_t len = handle_len(text, at + 1);
    return len == 0 ? at : at + 1 + len;
}

/* Length of the '#' or full-width '#' (U+FF03) at at, 0 when there is none. */
static size_t hash_len(struct span text, size_t at)
{
    if (text.data[at] == '#') {
        return 1;
    }
    return span_starts_with(span_of(text.data + at, text.len - at), SPAN("\xEF\xBC\x83")) ? 3 : 0;
}

static enum err find_tag(struct span text, size_t at, size_t *ret_end)
{
    const size_t hash = hash_len(text, at);
    *ret_end = at;
    if (hash == 0 || !opens(text, at, false)) {
        return OK;
    }
    const size_t start = at + hash;
    size_t end = start; /* after the last character that is not punctuation */
    bool named = false;
    for (size_t i = start; i < text.len;) {
        const bool first = i == start;
        const uint32_t c = text_next(text, &i);
        if (text_is_space(c) || text_is_invisible(c) || (first && c == EMOJI_STYLE)) {
            break;
        }
        if (!text_is_punctuation(c)) {
            end = i;
            named = named || c < '0' || c > '9';
        }
    }
    uint32_t clusters = 0;
    const struct span tag = span_of(text.data + start, end - start);
    TRY(text_clusters(tag, &clusters));
    if (named && tag.len <= BLUESKY_TAG_BYTES_MAX && clusters <= BLUESKY_TAG_CLUSTERS_MAX) {
        *ret_end = end;
    }
    return OK;
}

static enum err find_at(struct finder *finder, size_t at, size_t *ret_end)
{
    const struct span text = finder->text;
    enum bluesky_mark_kind kind = MARK_LINK;
    size_t skip = 0;
    size_t end = find_link(text, at);
    if (end == at) {
        kind = MARK_MENTION;
        skip = 1;
        end = find_mention(text, at);
    }
    if (end == at) {
        kind = MARK_TAG;
        skip = hash_len(text, at);
        TRY(find_tag(text, at, &end));
    }
    *ret_end = end;
    if (end == at) {
        return OK;
    }
    return add(finder, (struct bluesky_mark){.kind = kind,
                                             .start = (uint32_t)at,
                                             .end = (uint32_t)end,
                                             .value = span_of(text.data + at + skip, end - at - skip)});
}

enum err bluesky_marks_find(struct span text, struct arena *arena, struct bluesky_marks *ret_marks)
{
    struct finder finder = {.text = text, .arena = arena};
    for (size_t at = 0; at < text.len;) {
        const uint8_t c = text.data[at];
        size_t end = at;
        if (c == 'h' || c == 'H' || c == '@' || c == '#' || c == 0xEF) {
            TRY(find_at(&finder, at, &end));
        }
        at = end > at ? end : at + 1;
    }
    *ret_marks = (struct bluesky_marks){.items = finder.items, .count = finder.count};
    return OK;
}

bool bluesky_text_mentions(struct span text)
{
    if (!span_is_utf8(text)) {
        return false;
    }
    for (size_t at = 0; at < text.len; at++) {
        if (find_mention(text, at) > at) {
            return true;
        }
    }
    return false;
}
