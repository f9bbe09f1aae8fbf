/* posts_aisle.c: keeps and asks the signs and classes of an aisle's shelves. Called by posts_shelf.c, which tells what
 * became of a shelf, and posts_find.c. Must never leave out a shelf that has what is sought; one too many costs time.
 */
#include "projections/posts_aisle.h"

#include <stdlib.h>

#include "core/base/assert.h"
#include "projections/posts_shelf.h"

enum {
    CLASSES = 32,
    HEAD = 8 + CLASSES * 8, /* of PLACE_AISLE: what comes before late signs */
    LATE = 4 + 1,
    LATE_MAX = 2400, /* 12 KB: the edits of a hundred posts, after which the rows are written again, up to 1 MB */
    BLOCK = 512,     /* rows that one sign names lie in one of such blocks: on one or two pages of memory */
    BLOCK_BITS = 9,
    ROWS_MIN = 1 << 12, /* 32 KB: so that some edits of a shelf of few terms fit */
    ROWS_MAX = 1 << 18, /* 2 MB: shelves of more terms than fit are looked into more often */
    ROWS_PER_TERM = 16,
    PLACES = 7,           /* of a word: with 16 rows a term and four beginnings in ten, one shelf in some thousands */
    BEGINNING_PLACES = 5, /* of the beginning of a word: what begins so is seldom rare */
    BEGINNING = 4,        /* bytes of it */
};

_Static_assert((int)CLASSES > (int)SHELF_CLASS, "each class has its shelves");
_Static_assert((int)PLACES *(int)BLOCK_BITS < 64, "a number has bits enough for all places");

/* --- signs --- */

static bool is_word(struct span term)
{
    return term.data[0] > SHELF_BEGINNING;
}

static struct sign sign_of_beginning(struct span term)
{
    uint8_t bytes[1 + BEGINNING] = {SHELF_BEGINNING};
    memcpy(bytes + 1, term.data, BEGINNING);
    return (struct sign){.hash = posts_mark(span_of(bytes, sizeof bytes)), .places = BEGINNING_PLACES};
}

struct sign posts_aisle_sign(struct span term, bool prefix)
{
    if (!prefix) {
        return (struct sign){.hash = posts_mark(term), .places = PLACES};
    }
    const bool known = term.len >= BEGINNING && is_word(term);
    return known ? sign_of_beginning(term) : (struct sign){.places = 0};
}

/* The signs of a term that a post has. Returns how many. */
static unsigned signs_of(struct span term, struct sign ret_signs[2])
{
    ret_signs[0] = posts_aisle_sign(term, false);
    if (term.len < BEGINNING || !is_word(term)) {
        return 1;
    }
    ret_signs[1] = sign_of_beginning(term);
    return 2;
}

/* Each bit of the hash turns half of the result's: fmix64 of https://github.com/aappleby/smhasher (public domain) */
static uint64_t scatter(uint64_t hash)
{
    uint64_t x = (hash + 1) * UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ x >> 33) * UINT64_C(0xFF51AFD7ED558CCD);
    x = (x ^ x >> 33) * UINT64_C(0xC4CEB9FE1A85EC53);
    return x ^ x >> 33;
}

/* The rows that a sign names. */
struct places {
    uint32_t block; /* the first row of its block */
    uint64_t within;
};

static struct places places_of(uint32_t hash, uint32_t rows)
{
    return (struct places){.block = (hash * UINT32_C(2654435761) >> (32 - BLOCK_BITS)) * BLOCK & (rows - 1),
                           .within = scatter(hash)};
}

static size_t place_at(const struct places *places, uint32_t i)
{
    return 8 + 8 * ((size_t)places->block + (places->within >> i * BLOCK_BITS & (BLOCK - 1)));
}

/* The first shelves of an aisle. */
static uint64_t first_shelves(uint64_t count)
{
    return count >= AISLE_SHELVES ? UINT64_MAX : ((uint64_t)1 << count) - 1;
}

/* --- reading --- */

static bool is_rows(struct span signs)
{
    const uint64_t rows = signs.len < 8 ? 0 : get_be64(signs.data);
    return rows >= ROWS_MIN && rows <= ROWS_MAX && (rows & (rows - 1)) == 0 && signs.len == 8 + 8 * rows;
}

enum err posts_aisle_open(struct store_txn *txn, const struct id *workspace_id, uint64_t number,
                          struct aisle *ret_aisle)
{
    struct aisle aisle = {.signed_shelves = 0};
    const struct row_key key = posts_shelf_key(workspace_id, PLACE_AISLE, number);
    const struct row_key signs = posts_shelf_key(workspace_id, PLACE_AISLE_SIGNS, number);
    TRY(store_get(txn, row_key_span(&key), &aisle.row));
    if (aisle.row.len < HEAD || (aisle.row.len - HEAD) % LATE != 0) {
        return ERR_ALTERED;
    }
    aisle.signed_shelves = get_be64(aisle.row.data);
    if (aisle.signed_shelves > 0) {
        const enum err err = store_get(txn, row_key_span(&signs), &aisle.signs);
        TRY(err == ERR_NOT_FOUND ? ERR_ALTERED : err);
    }
    if (aisle.signed_shelves > AISLE_SHELVES || (aisle.signed_shelves > 0 && !is_rows(aisle.signs))) {
        return ERR_ALTERED;
    }
    *ret_aisle = aisle;
    return OK;
}

uint64_t posts_aisle_class(const struct aisle *aisle, uint32_t class)
{
    ASSERT(class < CLASSES);
    return get_be64(aisle->row.data + 8 + (size_t)8 * class);
}

static struct span late_of(const struct aisle *aisle)
{
    return span_of(aisle->row.data + HEAD, aisle->row.len - HEAD);
}

/* The shelves of which a sign is late. */
static uint64_t late_shelves(struct span late, uint32_t hash)
{
    size_t low = 0;
    size_t high = late.len / LATE;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (get_be32(late.data + middle * LATE) < hash) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    uint64_t shelves = 0;
    for (; low < late.len / LATE && get_be32(late.data + low * LATE) == hash; low++) {
        shelves |= (uint64_t)1 << (late.data[low * LATE + 4] & (AISLE_SHELVES - 1));
    }
    return shelves;
}

uint64_t posts_aisle_term(const struct aisle *aisle, struct sign sign)
{
    if (sign.places == 0 || aisle->signed_shelves == 0) {
        return UINT64_MAX;
    }
    const struct places places = places_of(sign.hash, (uint32_t)get_be64(aisle->signs.data));
    uint64_t shelves = UINT64_MAX;
    for (uint32_t i = 0; i < sign.places && shelves != 0; i++) {
        shelves &= get_be64(aisle->signs.data + place_at(&places, i));
    }
    return shelves | late_shelves(late_of(aisle), sign.hash) | ~first_shelves(aisle->signed_shelves);
}

/* --- writing --- */

/* A row as it is changed. */
struct draft {
    uint8_t *data;
    size_t len;
};

static enum err draft_of(struct span row, size_t least, size_t more, struct arena *arena, struct draft *ret_draft)
{
    const size_t len = row.len > least ? row.len : least;
    uint8_t *data = arena_alloc(arena, len + more);
    if (data == NULL) {
        return ERR_NO_MEMORY;
    }
    if (row.len > 0) {
        memcpy(data, row.data, row.len);
    }
    *ret_draft = (struct draft){.data = data, .len = len};
    return OK;
}

static enum err put(struct store_txn *txn, const struct id *workspace_id, enum tenant_place place, uint64_t number,
                    const struct draft *draft)
{
    const struct row_key key = posts_shelf_key(workspace_id, place, number);
    return store_put(txn, row_key_span(&key), span_of(draft->data, draft->len));
}

enum err posts_aisle_classes(struct store_txn *txn, const struct id *workspace_id, uint64_t shelf, uint32_t before,
                             uint32_t after)
{
    uint8_t room[HEAD + (size_t)LATE_MAX * LATE] = {0};
    struct aisle aisle = {.row = {0}};
    if (before == after) {
        return OK;
    }
    const enum err err = posts_aisle_open(txn, workspace_id, shelf / AISLE_SHELVES, &aisle);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    if (aisle.row.len > sizeof room) {
        return ERR_ALTERED;
    }
    if (aisle.row.len > 0) {
        memcpy(room, aisle.row.data, aisle.row.len);
    }
    for (uint32_t n = 0; n < CLASSES; n++) {
        const uint64_t own = (uint64_t)1 << shelf % AISLE_SHELVES;
        uint8_t *at = room + 8 + (size_t)8 * n;
        put_be64(at, (after >> n & 1) != 0 ? get_be64(at) | own : get_be64(at) & ~own);
    }
    const struct draft draft = {.data = room, .len = aisle.row.len > 0 ? aisle.row.len : HEAD};
    return put(txn, workspace_id, PLACE_AISLE, shelf / AISLE_SHELVES, &draft);
}

static void set_sign(const struct draft *signs, struct sign sign, uint64_t shelf)
{
    const struct places places = places_of(sign.hash, (uint32_t)get_be64(signs->data));
    for (uint32_t i = 0; i < sign.places; i++) {
        uint8_t *bits = signs->data + place_at(&places, i) + (AISLE_SHELVES - 1 - shelf) / 8;
        *bits = (uint8_t)(*bits | 1U << shelf % 8);
    }
}

static enum err set_signs(const struct draft *signs, const struct segment *segment, uint64_t shelf)
{
    struct span before = {0};
    for (uint32_t i = 0; i < segment->terms; i++) {
        struct sign own[2];
        struct span term;
        TRY(segment_at(segment, i, &term, NULL));
        const bool again = before.len >= BEGINNING && span_starts_with(term, span_of(before.data, BEGINNING));
        const unsigned count = signs_of(term, own);
        for (unsigned k = 0; k < (again ? 1 : count); k++) {
            set_sign(signs, own[k], shelf);
        }
        before = term;
    }
    return OK;
}

/* As many rows as a shelf with so many terms needs. */
static uint64_t rows_for(uint64_t terms)
{
    uint64_t rows = ROWS_MIN;
    while (rows < terms * ROWS_PER_TERM && rows < ROWS_MAX) {
        rows *= 2;
    }
    return rows;
}

/* Sets the signs of a shelf's posts as they were when its segment was written, and as they were edited since. */
static enum err set_shelf(struct store_txn *txn, const struct id *workspace_id, uint64_t shelf,
                          const struct draft *signs)
{
    struct segment segment;
    enum err err = posts_shelf_terms(txn, workspace_id, shelf, &segment);
    TRY(err == ERR_NOT_FOUND ? ERR_ALTERED : err);
    TRY(set_signs(signs, &segment, shelf % AISLE_SHELVES));
    err = posts_shelf_edited(txn, workspace_id, shelf, &segment);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    return err == OK ? set_signs(signs, &segment, shelf % AISLE_SHELVES) : OK;
}

/* The rows, as many as the shelves from first on need: of more each begins as that of which it is a part. */
static enum err signs_draft(struct store_txn *txn, const struct id *workspace_id, uint64_t first,
                            const struct aisle *aisle, struct arena *arena, struct draft *ret_signs)
{
    uint64_t most = 0;
    const size_t old = aisle->signed_shelves > 0 ? aisle->signs.len - 8 : 0;
    for (uint64_t shelf = first; shelf < first + AISLE_STEP; shelf++) {
        struct segment segment;
        const enum err err = posts_shelf_terms(txn, workspace_id, shelf, &segment);
        TRY(err == ERR_NOT_FOUND ? ERR_ALTERED : err);
        most = segment.terms > most ? segment.terms : most;
    }
    const size_t len = old > 8 * rows_for(most) ? old : 8 * rows_for(most);
    TRY(draft_of((struct span){0}, 8 + len, 0, arena, ret_signs));
    put_be64(ret_signs->data, len / 8);
    for (size_t at = 0; old > 0 && at < len; at += old) {
        memcpy(ret_signs->data + 8 + at, aisle->signs.data + 8, old);
    }
    return OK;
}

static enum err extend(struct store_txn *txn, const struct id *workspace_id, uint64_t first, struct arena *arena)
{
    const uint64_t number = first / AISLE_SHELVES;
    struct aisle aisle;
    struct draft row;
    struct draft signs;
    const enum err err = posts_aisle_open(txn, workspace_id, number, &aisle);
    TRY(err == ERR_NOT_FOUND ? ERR_ALTERED : err);
    if (aisle.signed_shelves != first % AISLE_SHELVES) {
        return ERR_ALTERED;
    }
    TRY(draft_of(aisle.row, HEAD, 0, arena, &row));
    TRY(signs_draft(txn, workspace_id, first, &aisle, arena, &signs));
    for (uint64_t shelf = first; shelf < first + AISLE_STEP; shelf++) {
        TRY(set_shelf(txn, workspace_id, shelf, &signs));
    }
    put_be64(row.data, aisle.signed_shelves + AISLE_STEP);
    TRY(put(txn, workspace_id, PLACE_AISLE_SIGNS, number, &signs));
    return put(txn, workspace_id, PLACE_AISLE, number, &row);
}

#define SCRATCH_MAX ((size_t)16 << 20)

enum err posts_aisle_fill(struct store_txn *txn, const struct id *workspace_id, uint64_t shelf)
{
    _Static_assert(AISLE_SHELVES % AISLE_STEP == 0, "an aisle is filled by whole steps");
    struct arena arena;
    if ((shelf + 1) % AISLE_STEP != 0) {
        return OK;
    }
    arena_init(&arena, SCRATCH_MAX);
    const enum err err = extend(txn, workspace_id, shelf + 1 - AISLE_STEP, &arena);
    arena_done(&arena);
    return err;
}

/* --- late ones --- */

/* A late sign as a number, in the order of which they stand. */
static uint64_t late_number(const uint8_t *late)
{
    return (uint64_t)get_be32(late) << 8 | late[4];
}

static int by_number(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;
    return (*x > *y) - (*x < *y);
}

/* Whether the aisle has a sign for one shelf: of one that it has not the first rows tell, and no other is looked at. */
static bool has_sign(const struct aisle *aisle, uint64_t shelf, struct sign sign)
{
    const struct places places = places_of(sign.hash, (uint32_t)get_be64(aisle->signs.data));
    uint32_t i = 0;
    while (i < sign.places && (get_be64(aisle->signs.data + place_at(&places, i)) >> shelf & 1) != 0) {
        i++;
    }
    return i == sign.places || (late_shelves(late_of(aisle), sign.hash) >> shelf & 1) != 0;
}

/* Those that the aisle does not have for the shelf, which is signed, in order, some maybe twice. */
static size_t find_fresh(const struct aisle *aisle, uint64_t shelf, const struct posting *postings, size_t count,
                         const struct post_set *posts, uint64_t *fresh)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        struct sign signs[2];
        const unsigned own = post_set_has(posts, postings[i].post) ? signs_of(postings[i].term, signs) : 0;
        for (unsigned k = 0; k < own; k++) {
            if (!has_sign(aisle, shelf, signs[k])) {
                fresh[found] = (uint64_t)signs[k].hash << 8 | shelf;
                found++;
            }
        }
    }
    if (found > 0) {
        qsort(fresh, found, sizeof *fresh, by_number);
    }
    return found;
}

static void add_late(struct draft *row, uint64_t number)
{
    put_be32(row->data + row->len, (uint32_t)(number >> 8));
    row->data[row->len + 4] = (uint8_t)number;
    row->len += LATE;
}

/* Writes late and fresh ones behind the row's head, in order, each once. */
static void merge_late(struct draft *row, struct span late, const uint64_t *fresh, size_t count)
{
    size_t at = 0;
    size_t next = 0;
    row->len = HEAD;
    while (at < late.len || next < count) {
        const uint64_t old = at < late.len ? late_number(late.data + at) : UINT64_MAX;
        const uint64_t least = next < count && fresh[next] < old ? fresh[next] : old;
        add_late(row, least);
        at += old == least ? LATE : 0;
        while (next < count && fresh[next] == least) {
            next++;
        }
    }
}

/* Makes late signs rows, all PLACES of them, as nothing tells which is of a beginning: that asks for the first ones. */
static enum err fold_late(struct store_txn *txn, const struct id *workspace_id, uint64_t number,
                          const struct aisle *aisle, struct draft *row, struct arena *arena)
{
    struct draft signs;
    TRY(draft_of(aisle->signs, 0, 0, arena, &signs));
    for (size_t at = HEAD; at < row->len; at += LATE) {
        const struct sign sign = {.hash = get_be32(row->data + at), .places = PLACES};
        set_sign(&signs, sign, row->data[at + 4] & (AISLE_SHELVES - 1));
    }
    row->len = HEAD;
    return put(txn, workspace_id, PLACE_AISLE_SIGNS, number, &signs);
}

static enum err add_fresh(struct store_txn *txn, const struct id *workspace_id, uint64_t shelf,
                          const struct posting *postings, size_t count, const struct post_set *posts,
                          struct arena *arena)
{
    struct aisle aisle;
    struct draft row;
    const uint64_t number = shelf / AISLE_SHELVES;
    const enum err err = posts_aisle_open(txn, workspace_id, number, &aisle);
    TRY(err == ERR_NOT_FOUND ? ERR_ALTERED : err);
    if (shelf % AISLE_SHELVES >= aisle.signed_shelves) {
        return OK;
    }
    uint64_t *fresh = arena_room(arena, (2 * count + 1) * sizeof *fresh);
    if (fresh == NULL) {
        return ERR_NO_MEMORY;
    }
    const size_t found = find_fresh(&aisle, shelf % AISLE_SHELVES, postings, count, posts, fresh);
    if (found == 0) {
        return OK;
    }
    TRY(draft_of(aisle.row, HEAD, found * LATE, arena, &row));
    merge_late(&row, late_of(&aisle), fresh, found);
    if ((row.len - HEAD) / LATE > LATE_MAX) {
        TRY(fold_late(txn, workspace_id, number, &aisle, &row, arena));
    }
    return put(txn, workspace_id, PLACE_AISLE, number, &row);
}

enum err posts_aisle_edit(struct store_txn *txn, const struct id *workspace_id, uint64_t shelf,
                          const struct posting *postings, size_t count, const struct post_set *posts)
{
    struct arena arena;
    arena_init(&arena, SCRATCH_MAX);
    const enum err err = add_fresh(txn, workspace_id, shelf, postings, count, posts, &arena);
    arena_done(&arena);
    return err;
}
