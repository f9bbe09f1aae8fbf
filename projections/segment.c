/* segment.c: terms and their posts as bytes. Called by posts_shelf.c, which writes segments, and posts_find.c, which
 * looks into them. Must never read beyond what it is given: rows may be damaged. */
#include "projections/segment.h"

#include <stdlib.h>

#include "core/base/assert.h"

enum {
    HEAD = 4,
    PLACE = 4 + 4,
    BITMAP = SEGMENT_POSTS / 8,
    FEW_MAX = BITMAP / 2 - 1 /* posts of two bytes each: more take a bit for each post of the segment */
};

/* --- writing --- */

/* Of a shorter term zeros, which come before all that a term may hold. */
static uint64_t head_of(struct span term)
{
    uint8_t bytes[8] = {0};
    memcpy(bytes, term.data, term.len < sizeof bytes ? term.len : sizeof bytes);
    return get_be64(bytes);
}

static int by_term(const void *a, const void *b)
{
    const struct posting *x = a;
    const struct posting *y = b;
    if (x->head != y->head) {
        return x->head < y->head ? -1 : 1;
    }
    const int order = x->term.len <= 8 && x->term.len == y->term.len ? 0 : span_compare(x->term, y->term);
    return order != 0 ? order : (x->post > y->post) - (x->post < y->post);
}

static bool same_term(const struct posting *a, const struct posting *b)
{
    return a->head == b->head && span_equal(a->term, b->term);
}

static void put_be16(struct buf *out, uint32_t value)
{
    buf_byte(out, (uint8_t)(value >> 8));
    buf_byte(out, (uint8_t)(value & 0xFF));
}

static void put_number(struct buf *out, uint32_t value)
{
    uint8_t bytes[4];
    put_be32(bytes, value);
    buf_put(out, span_of(bytes, sizeof bytes));
}

static void put_many(struct buf *out, const struct posting *run, size_t count)
{
    uint8_t bits[BITMAP] = {0};
    for (size_t i = 0; i < count; i++) {
        bits[run[i].post / 8] |= (uint8_t)(1U << run[i].post % 8);
    }
    buf_byte(out, 0);
    buf_put(out, span_of(bits, sizeof bits));
}

/* The postings of one term, each post once. */
static void put_entry(struct buf *out, const struct posting *run, size_t count)
{
    buf_byte(out, (uint8_t)run->term.len);
    buf_put(out, run->term);
    if (count > FEW_MAX) {
        put_many(out, run, count);
        return;
    }
    buf_byte(out, (uint8_t)count);
    for (size_t i = 0; i < count; i++) {
        put_be16(out, run[i].post);
    }
}

/* Leaves each posting once; returns how many, and how many terms they have and how long these are together. */
static size_t unite(struct posting *postings, size_t count, uint32_t *ret_terms, size_t *ret_bytes)
{
    size_t kept = 0;
    *ret_terms = 0;
    *ret_bytes = 0;
    for (size_t i = 0; i < count; i++) {
        const bool known = kept > 0 && same_term(&postings[kept - 1], &postings[i]);
        if (known && postings[kept - 1].post == postings[i].post) {
            continue;
        }
        *ret_terms += known ? 0 : 1;
        *ret_bytes += known ? 0 : postings[i].term.len;
        postings[kept] = postings[i];
        kept++;
    }
    return kept;
}

/* How many of the first are in order already: those that another segment gave. */
static size_t sorted_run(const struct posting *postings, size_t count)
{
    size_t run = count > 0 ? 1 : 0;
    while (run < count && by_term(&postings[run - 1], &postings[run]) <= 0) {
        run++;
    }
    return run;
}

/* Puts fresh ones, in order, among the first ones, which are: from behind, where there is room for all. */
static void merge(struct posting *postings, size_t first, const struct posting *fresh, size_t count)
{
    while (count > 0) {
        struct posting *to = &postings[first + count - 1];
        if (first > 0 && by_term(&postings[first - 1], &fresh[count - 1]) > 0) {
            *to = postings[first - 1];
            first--;
        } else {
            *to = fresh[count - 1];
            count--;
        }
    }
}

static enum err sort(struct posting *postings, size_t count, struct arena *arena)
{
    const size_t run = sorted_run(postings, count);
    const size_t rest = count - run;
    if (rest > run) {
        qsort(postings, count, sizeof *postings, by_term);
        return OK;
    }
    if (rest > 0) {
        struct posting *fresh = arena_room(arena, rest * sizeof *fresh);
        if (fresh == NULL) {
            return ERR_NO_MEMORY;
        }
        memcpy(fresh, postings + run, rest * sizeof *fresh);
        qsort(fresh, rest, sizeof *fresh, by_term);
        merge(postings, run, fresh, rest);
    }
    return OK;
}

enum err segment_encode(struct posting *postings, size_t count, struct arena *arena, struct span *ret_bytes)
{
    for (size_t i = 0; i < count; i++) {
        ASSERT(postings[i].term.len >= 1 && postings[i].term.len <= 255);
        ASSERT(postings[i].post < SEGMENT_POSTS);
        postings[i].head = head_of(postings[i].term);
    }
    TRY(sort(postings, count, arena));
    uint32_t terms = 0;
    size_t letters = 0;
    const size_t kept = unite(postings, count, &terms, &letters);
    const size_t cap = HEAD + letters + (size_t)terms * (PLACE + 2 + BITMAP) + 2 * kept;
    void *memory = arena_room(arena, cap);
    if (memory == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf out = buf_of(memory, cap);
    put_number(&out, terms);
    uint8_t *place = out.data + out.len;
    out.len += (size_t)terms * PLACE;
    for (size_t i = 0; i < kept;) {
        size_t run = 1;
        while (i + run < kept && same_term(&postings[i], &postings[i + run])) {
            run++;
        }
        put_be32(place, (uint32_t)(postings[i].head >> 32));
        put_be32(place + 4, (uint32_t)out.len);
        place += PLACE;
        put_entry(&out, postings + i, run);
        i += run;
    }
    ASSERT(buf_ok(&out));
    *ret_bytes = buf_span(&out);
    return OK;
}

/* --- reading --- */

enum err segment_open(struct span bytes, struct segment *ret_segment)
{
    if (bytes.len < HEAD) {
        return ERR_ALTERED;
    }
    const struct segment segment = {.bytes = bytes, .terms = get_be32(bytes.data)};
    if ((bytes.len - HEAD) / PLACE < segment.terms) {
        return ERR_ALTERED;
    }
    *ret_segment = segment;
    return OK;
}

/* The term of an entry, and what follows it. */
static enum err entry_at(const struct segment *segment, uint32_t i, struct span *ret_term, struct span *ret_rest)
{
    const struct span bytes = segment->bytes;
    const size_t at = get_be32(bytes.data + HEAD + (size_t)i * PLACE + 4);
    if (at >= bytes.len || bytes.len - at - 1 <= bytes.data[at]) {
        return ERR_ALTERED;
    }
    const size_t len = bytes.data[at];
    *ret_term = span_of(bytes.data + at + 1, len);
    *ret_rest = span_of(bytes.data + at + 1 + len, bytes.len - at - 1 - len);
    return OK;
}

static enum err add_posts(struct span rest, struct post_set *set)
{
    const uint32_t count = rest.data[0];
    const size_t need = count == 0 ? BITMAP : (size_t)2 * count;
    if (rest.len - 1 < need) {
        return ERR_ALTERED;
    }
    const uint8_t *at = rest.data + 1;
    for (size_t i = 0; i < count; i++, at += 2) {
        const uint32_t post = (uint32_t)at[0] << 8 | at[1];
        if (post >= SEGMENT_POSTS) {
            return ERR_ALTERED;
        }
        post_set_add(set, post);
    }
    for (uint32_t i = 0; count == 0 && i < BITMAP; i++) {
        set->words[i / 8] |= (uint64_t)at[i] << i % 8 * 8;
    }
    return OK;
}

/* Whether the term of an entry comes before the one sought, which begins with head: mostly its first four bytes tell,
 * and the entry, which nobody looked at lately, is not. */
static enum err is_before(const struct segment *segment, uint32_t i, struct span sought, uint32_t head,
                          bool *ret_before)
{
    struct span term;
    struct span rest;
    const uint32_t own = get_be32(segment->bytes.data + HEAD + (size_t)i * PLACE);
    *ret_before = own < head;
    if (own != head) {
        return OK;
    }
    TRY(entry_at(segment, i, &term, &rest));
    *ret_before = span_compare(term, sought) < 0;
    return OK;
}

/* The first entry whose term is not before the one sought. */
static enum err lower_bound(const struct segment *segment, struct span sought, uint32_t *ret_i)
{
    const uint32_t head = (uint32_t)(head_of(sought) >> 32);
    uint32_t low = 0;
    uint32_t high = segment->terms;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        bool before = false;
        TRY(is_before(segment, middle, sought, head, &before));
        if (before) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *ret_i = low;
    return OK;
}

enum err segment_find(const struct segment *segment, struct span term, bool prefix, struct post_set *set)
{
    uint32_t i = 0;
    TRY(lower_bound(segment, term, &i));
    for (; i < segment->terms; i++) {
        struct span found;
        struct span rest;
        TRY(entry_at(segment, i, &found, &rest));
        if (!(prefix ? span_starts_with(found, term) : span_equal(found, term))) {
            break;
        }
        TRY(add_posts(rest, set));
    }
    return OK;
}

enum err segment_at(const struct segment *segment, uint32_t i, struct span *ret_term, struct post_set *ret_set)
{
    ASSERT(i < segment->terms);
    struct post_set set = {{0}};
    struct span term;
    struct span rest;
    TRY(entry_at(segment, i, &term, &rest));
    TRY(ret_set == NULL ? OK : add_posts(rest, &set));
    *ret_term = term;
    if (ret_set != NULL) {
        *ret_set = set;
    }
    return OK;
}
