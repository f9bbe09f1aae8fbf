/* posts_find.c: looks for the posts that have all terms that a filter asks for: asks each aisle which of its shelves
 * may have them, and looks into one of these after the other. Called by posts_list.c. Must never leave out a post
 * that the filter wants; of what it gives too much posts_match is the judge.
 *
 * A filter is a list of groups: a post has one term of each. Posts that are on no full shelf, or have more terms than
 * are kept, are given whatever their terms are; one that was edited since its shelf's segment was written also when
 * its terms from before are those that are asked for.
 *
 * Within a millisecond the order of the ids is not that in which the posts were written, so that neighbouring shelves
 * overlap by one millisecond at most (stamps never go back): keys of the next shelf's last one are held back. */
#include "projections/posts_find.h"

#include <stdlib.h>

#include "core/base/assert.h"
#include "projections/posts_aisle.h"

#define GROUPS_MAX 96U /* four filters, and the terms of what is typed: of more, the rest is found by looking */
#define KEYS_FIRST 1024U

struct group {
    const struct term *terms; /* one of them suffices */
    const struct sign *signs; /* theirs */
    uint32_t count;
};

struct found_key {
    uint8_t bytes[SHELF_KEY_BYTES];
};

struct post_finder {
    struct store_txn *txn;
    struct id workspace_id;
    const struct post_filter *filter;
    struct arena *arena;
    bool up;
    bool resumes; /* behind from */
    struct found_key from;
    struct group groups[GROUPS_MAX];
    uint32_t group_count;
    uint64_t count;  /* posts that there ever were */
    uint64_t left;   /* shelves to look into yet, the one that is not full among them */
    uint64_t looked; /* that were, and aisles */
    uint64_t aisle;  /* of which shelves is known: bit n: shelf n may have what is asked for; UINT64_MAX: none yet */
    uint64_t shelves;
    struct found_key *keys;
    uint32_t at; /* the next one to give */
    uint32_t key_count;
    uint32_t key_cap;
    uint64_t edge_ms; /* the next shelf begins there, seen from this one */
};

/* --- what is asked for --- */

/* Without room the group is left out: more will be looked at. */
static enum err add_group(struct post_finder *finder, const struct term *terms, uint32_t count)
{
    if (count == 0 || finder->group_count == GROUPS_MAX) {
        return OK;
    }
    struct sign *signs = arena_alloc(finder->arena, count * sizeof *signs);
    if (signs == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        signs[i] = posts_aisle_sign(terms[i].text, terms[i].prefix);
    }
    finder->groups[finder->group_count] = (struct group){.terms = terms, .signs = signs, .count = count};
    finder->group_count++;
    return OK;
}

static enum err tagged(struct post_finder *finder, enum shelf_tag tag, struct span named, struct term *ret_term)
{
    const struct shelf_term term = posts_shelf_term(tag, named);
    *ret_term = (struct term){.prefix = false};
    return arena_copy(finder->arena, span_of(term.bytes, term.len), &ret_term->text);
}

static enum err add_ids(struct post_finder *finder, enum shelf_tag tag, const struct id *ids, uint32_t count)
{
    struct term *terms = arena_alloc(finder->arena, (count + 1) * sizeof *terms);
    if (terms == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        TRY(tagged(finder, tag, span_of(ids[i].uuid, sizeof ids[i].uuid), &terms[i]));
    }
    return add_group(finder, terms, count);
}

static enum err add_labels(struct post_finder *finder)
{
    const uint32_t count = finder->filter->label_count;
    struct term *terms = arena_alloc(finder->arena, (count + 1) * sizeof *terms);
    if (terms == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        TRY(tagged(finder, SHELF_LABEL, finder->filter->labels[i], &terms[i]));
    }
    return add_group(finder, terms, count);
}

/* A post that is there for a restricted grant goes to one of its accounts, or to none. */
static enum err add_grant(struct post_finder *finder, const struct grant *grant)
{
    if (grant == NULL || !grant->restricted) {
        return OK;
    }
    struct term *terms = arena_alloc(finder->arena, (grant->account_count + 1) * sizeof *terms);
    if (terms == NULL) {
        return ERR_NO_MEMORY;
    }
    TRY(tagged(finder, SHELF_NO_TARGET, (struct span){0}, &terms[0]));
    for (uint32_t i = 0; i < grant->account_count; i++) {
        const struct id *account = &grant->accounts[i].integration_id;
        TRY(tagged(finder, SHELF_ACCOUNT, span_of(account->uuid, sizeof account->uuid), &terms[i + 1]));
    }
    return add_group(finder, terms, grant->account_count + 1);
}

static enum err add_words(struct post_finder *finder, const struct words_query *query)
{
    struct term term;
    for (uint32_t i = 0; query != NULL && i < query->count; i++) {
        struct term_walk walk = term_walk_sought(&query->items[i]);
        while (term_walk_next(&walk, &term)) {
            struct term *kept = arena_alloc(finder->arena, sizeof *kept);
            if (kept == NULL) {
                return ERR_NO_MEMORY;
            }
            *kept = term;
            TRY(add_group(finder, kept, 1));
        }
    }
    return OK;
}

static enum err add_groups(struct post_finder *finder)
{
    const struct post_filter *filter = finder->filter;
    TRY(add_labels(finder));
    TRY(add_ids(finder, SHELF_AUTHOR, filter->authors, filter->author_count));
    TRY(add_ids(finder, SHELF_ACCOUNT, filter->integrations, filter->integration_count));
    TRY(add_grant(finder, filter->seen_by));
    return add_words(finder, filter->search);
}

static uint64_t shelves(const struct post_finder *finder)
{
    return (finder->count + SEGMENT_POSTS - 1) / SEGMENT_POSTS;
}

/* When a shelf's first post was made. */
static enum err first_of(const struct post_finder *finder, uint64_t shelf, uint64_t *ret_ms)
{
    struct span keys;
    const uint64_t row = shelf * (SEGMENT_POSTS / SHELF_KEYS);
    const enum err err = posts_shelf_keys(finder->txn, &finder->workspace_id, row, &keys);
    TRY(err == ERR_NOT_FOUND || (err == OK && keys.len < SHELF_KEY_BYTES) ? ERR_ALTERED : err);
    *ret_ms = get_be64(keys.data);
    return OK;
}

/* Leaves out the shelves before the place where the finder resumes. Of those that begin before it the last one may
 * still have posts behind it. */
static enum err leave_passed(struct post_finder *finder)
{
    const uint64_t from_ms = get_be64(finder->from.bytes);
    uint64_t low = 0;
    uint64_t high = shelves(finder);
    while (low < high) {
        uint64_t first_ms = 0;
        const uint64_t middle = low + (high - low) / 2;
        TRY(first_of(finder, middle, &first_ms));
        if (finder->up ? first_ms < from_ms : first_ms <= from_ms) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    finder->left = !finder->up ? low : shelves(finder) - (low > 0 ? low - 1 : 0);
    return OK;
}

enum err posts_find_open(struct store_txn *txn, const struct id *workspace_id, const struct post_filter *filter,
                         bool up, struct span from, struct arena *arena, struct post_finder **ret_finder)
{
    ASSERT(from.len == 0 || from.len == SHELF_KEY_BYTES);
    struct post_finder *finder = arena_alloc(arena, sizeof *finder);
    if (finder == NULL) {
        return ERR_NO_MEMORY;
    }
    finder->txn = txn;
    finder->workspace_id = *workspace_id;
    finder->filter = filter;
    finder->arena = arena;
    finder->up = up;
    finder->resumes = from.len > 0;
    if (finder->resumes) {
        memcpy(finder->from.bytes, from.data, from.len);
    }
    finder->aisle = UINT64_MAX;
    TRY(add_groups(finder));
    if (finder->group_count == 0 && filter->statuses == 0) {
        *ret_finder = NULL;
        return OK;
    }
    TRY(posts_shelf_count(txn, workspace_id, &finder->count));
    finder->left = shelves(finder);
    TRY(finder->resumes ? leave_passed(finder) : OK);
    *ret_finder = finder;
    return OK;
}

/* --- one shelf --- */

/* The shelf that comes after those that were looked into. */
static uint64_t next_shelf(const struct post_finder *finder)
{
    return finder->up ? shelves(finder) - finder->left : finder->left - 1;
}

static bool is_empty(const struct post_set *set)
{
    uint64_t all = 0;
    for (uint32_t i = 0; i < SEGMENT_POSTS / 64; i++) {
        all |= set->words[i];
    }
    return all == 0;
}

static struct post_set first_posts(uint32_t count)
{
    struct post_set set = {{0}};
    for (uint32_t word = 0; word < count / 64; word++) {
        set.words[word] = UINT64_MAX;
    }
    if (count % 64 != 0) {
        set.words[count / 64] = ((uint64_t)1 << count % 64) - 1;
    }
    return set;
}

/* edited: the terms of posts that were edited since; NULL: of none. */
static enum err match_terms(const struct post_finder *finder, const struct segment *segment,
                            const struct segment *edited, struct post_set *set)
{
    for (uint32_t i = 0; i < finder->group_count && !is_empty(set); i++) {
        struct post_set one = {{0}};
        for (uint32_t k = 0; k < finder->groups[i].count; k++) {
            const struct term *term = &finder->groups[i].terms[k];
            TRY(segment_find(segment, term->text, term->prefix, &one));
            TRY(edited == NULL ? OK : segment_find(edited, term->text, term->prefix, &one));
        }
        for (uint32_t w = 0; w < SEGMENT_POSTS / 64; w++) {
            set->words[w] &= one.words[w];
        }
    }
    return OK;
}

static bool wants_state(const struct post_finder *finder, uint8_t byte)
{
    return (byte & SHELF_CLASS) != 0 && posts_want_class(finder->filter, byte & SHELF_CLASS);
}

/* Whether one of a shelf's posts that may be wanted is marked so. */
static bool has_marked(const struct post_finder *finder, struct span state, uint8_t mark)
{
    uint8_t all = 0;
    bool has = false;
    for (size_t n = 0; n < state.len; n++) {
        all |= state.data[n];
    }
    for (size_t n = 0; n < state.len && (all & mark) != 0 && !has; n++) {
        has = (state.data[n] & mark) != 0 && wants_state(finder, state.data[n]);
    }
    return has;
}

/* Which of a full shelf's posts may be wanted. */
static void match_state(const struct post_finder *finder, struct span state, bool loose, struct post_set *set)
{
    if (is_empty(set) && !loose) {
        return;
    }
    struct post_set wanted = {{0}};
    for (uint32_t n = 0; n < SEGMENT_POSTS; n++) {
        const uint8_t byte = state.data[n];
        if ((post_set_has(set, n) || (byte & SHELF_LOOSE) != 0) && wants_state(finder, byte)) {
            post_set_add(&wanted, n);
        }
    }
    *set = wanted;
}

static enum err match_shelf(const struct post_finder *finder, uint64_t shelf, struct post_set *ret_set)
{
    struct segment segment;
    struct segment edited;
    struct span state;
    if (finder->count / SEGMENT_POSTS == shelf) {
        *ret_set = first_posts((uint32_t)(finder->count % SEGMENT_POSTS));
        return OK;
    }
    struct post_set set = first_posts(SEGMENT_POSTS);
    enum err err = posts_shelf_terms(finder->txn, &finder->workspace_id, shelf, &segment);
    TRY(err == ERR_NOT_FOUND ? ERR_ALTERED : err);
    err = posts_shelf_state(finder->txn, &finder->workspace_id, shelf, &state);
    TRY(err == ERR_NOT_FOUND ? ERR_ALTERED : err);
    const bool has_edited = has_marked(finder, state, SHELF_EDITED);
    if (has_edited) {
        err = posts_shelf_edited(finder->txn, &finder->workspace_id, shelf, &edited);
        TRY(err == ERR_NOT_FOUND ? ERR_ALTERED : err);
    }
    TRY(match_terms(finder, &segment, has_edited ? &edited : NULL, &set));
    match_state(finder, state, has_marked(finder, state, SHELF_LOOSE), &set);
    *ret_set = set;
    return OK;
}

/* --- which shelves --- */

/* The shelves of an aisle with a post that has one term of each group, and a class that is wanted. */
static uint64_t match_aisle(const struct post_finder *finder, const struct aisle *aisle)
{
    const uint64_t loose = posts_aisle_class(aisle, 0);
    uint64_t found = finder->filter->statuses == 0 ? UINT64_MAX : 0;
    for (uint32_t status = 1; status < POST_STATUS_COUNT && finder->filter->statuses != 0; status++) {
        found |= posts_want_class(finder->filter, status) ? posts_aisle_class(aisle, status) : 0;
    }
    for (uint32_t i = 0; i < finder->group_count && found != 0; i++) {
        uint64_t one = loose;
        for (uint32_t k = 0; k < finder->groups[i].count; k++) {
            one |= posts_aisle_term(aisle, finder->groups[i].signs[k]);
        }
        found &= one;
    }
    return found;
}

/* The shelf that is not full is looked into. */
static enum err ask_aisle(struct post_finder *finder, uint64_t number)
{
    struct aisle aisle;
    const uint64_t full = finder->count / SEGMENT_POSTS;
    const enum err err = posts_aisle_open(finder->txn, &finder->workspace_id, number, &aisle);
    TRY(err == ERR_NOT_FOUND && number * AISLE_SHELVES < full ? ERR_ALTERED : err == ERR_NOT_FOUND ? OK : err);
    finder->shelves = err == OK ? match_aisle(finder, &aisle) : 0;
    finder->shelves |= number == full / AISLE_SHELVES ? (uint64_t)1 << full % AISLE_SHELVES : 0;
    finder->aisle = number;
    return OK;
}

/* Passes shelves that have nothing of what is asked for. */
static enum err pass_shelves(struct post_finder *finder)
{
    bool found = false;
    while (!found && finder->left > 0 && finder->looked < FIND_SHELVES_MAX) {
        const uint64_t shelf = next_shelf(finder);
        if (shelf / AISLE_SHELVES != finder->aisle) {
            TRY(ask_aisle(finder, shelf / AISLE_SHELVES));
            finder->looked++;
        }
        found = (finder->shelves >> shelf % AISLE_SHELVES & 1) != 0;
        finder->left -= found ? 0 : 1;
    }
    return OK;
}

/* --- their keys --- */

static enum err add_key(struct post_finder *finder, const uint8_t *bytes)
{
    const int order = finder->resumes ? memcmp(bytes, finder->from.bytes, SHELF_KEY_BYTES) : 0;
    if (finder->resumes && (finder->up ? order <= 0 : order >= 0)) {
        return OK;
    }
    if (finder->key_count == finder->key_cap) {
        const uint32_t cap = finder->key_cap == 0 ? KEYS_FIRST : finder->key_cap * 2;
        struct found_key *keys = arena_room(finder->arena, cap * sizeof *keys);
        if (keys == NULL) {
            return ERR_NO_MEMORY;
        }
        if (finder->key_count > 0) {
            memcpy(keys, finder->keys, finder->key_count * sizeof *keys);
        }
        finder->keys = keys;
        finder->key_cap = cap;
    }
    memcpy(finder->keys[finder->key_count].bytes, bytes, SHELF_KEY_BYTES);
    finder->key_count++;
    return OK;
}

static enum err add_keys(struct post_finder *finder, uint64_t shelf, const struct post_set *set)
{
    struct span keys = {0};
    uint64_t row = UINT64_MAX;
    for (uint32_t n = 0; n < SEGMENT_POSTS; n++) {
        const uint64_t number = shelf * SEGMENT_POSTS + n;
        if (!post_set_has(set, n)) {
            continue;
        }
        if (number / SHELF_KEYS != row) {
            row = number / SHELF_KEYS;
            const enum err err = posts_shelf_keys(finder->txn, &finder->workspace_id, row, &keys);
            TRY(err == ERR_NOT_FOUND ? ERR_ALTERED : err);
        }
        const size_t at = (size_t)(number % SHELF_KEYS) * SHELF_KEY_BYTES;
        if (at >= keys.len) {
            return ERR_ALTERED;
        }
        TRY(add_key(finder, keys.data + at));
    }
    return OK;
}

/* Where the next shelf begins, seen from those that were looked into: the first or the last post there. */
static enum err set_edge(struct post_finder *finder)
{
    struct span keys;
    if (finder->left == 0) {
        return OK;
    }
    const uint64_t shelf = next_shelf(finder);
    const uint64_t number = shelf * SEGMENT_POSTS + (finder->up ? 0 : SEGMENT_POSTS - 1);
    const enum err err = posts_shelf_keys(finder->txn, &finder->workspace_id, number / SHELF_KEYS, &keys);
    TRY(err == ERR_NOT_FOUND ? ERR_ALTERED : err);
    finder->edge_ms = get_be64(keys.data + number % SHELF_KEYS * SHELF_KEY_BYTES);
    return OK;
}

static int by_key(const void *a, const void *b)
{
    return memcmp(a, b, SHELF_KEY_BYTES);
}

static int by_key_down(const void *a, const void *b)
{
    return memcmp(b, a, SHELF_KEY_BYTES);
}

/* Adds what the next shelf has to the keys that were held back. */
static enum err look_into(struct post_finder *finder, uint64_t shelf)
{
    struct post_set set;
    const uint32_t held = finder->key_count - finder->at;
    if (held > 0) {
        memmove(finder->keys, finder->keys + finder->at, held * sizeof *finder->keys);
    }
    finder->at = 0;
    finder->key_count = held;
    TRY(match_shelf(finder, shelf, &set));
    finder->left--;
    finder->looked++;
    if (!is_empty(&set)) {
        TRY(add_keys(finder, shelf, &set));
    }
    if (finder->key_count > held) {
        qsort(finder->keys, finder->key_count, sizeof *finder->keys, finder->up ? by_key : by_key_down);
    }
    return OK;
}

/* Looks into the next shelf that is worth it. */
static enum err look(struct post_finder *finder)
{
    TRY(pass_shelves(finder));
    if (finder->left > 0 && finder->looked < FIND_SHELVES_MAX) {
        TRY(look_into(finder, next_shelf(finder)));
    }
    return finder->key_count > finder->at || finder->looked == FIND_SHELVES_MAX ? set_edge(finder) : OK;
}

/* Nothing that comes later goes before the next key. */
static bool is_ready(const struct post_finder *finder)
{
    if (finder->at == finder->key_count) {
        return false;
    }
    const uint64_t key_ms = get_be64(finder->keys[finder->at].bytes);
    return finder->left == 0 || (finder->up ? key_ms < finder->edge_ms : key_ms > finder->edge_ms);
}

enum err posts_find_next(struct post_finder *finder, uint8_t ret_key[SHELF_KEY_BYTES], bool *ret_edge)
{
    while (!is_ready(finder) && finder->left > 0 && finder->looked < FIND_SHELVES_MAX) {
        TRY(look(finder));
    }
    if (is_ready(finder)) {
        memcpy(ret_key, finder->keys[finder->at].bytes, SHELF_KEY_BYTES);
        finder->at++;
        *ret_edge = false;
        return OK;
    }
    if (finder->left == 0) {
        return ERR_NOT_FOUND;
    }
    memset(ret_key, finder->up ? 0 : 0xFF, SHELF_KEY_BYTES);
    put_be64(ret_key, finder->edge_ms);
    *ret_edge = true;
    return OK;
}
