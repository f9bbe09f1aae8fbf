/* row_set.c: see row_set.h. Called by store_buffer.c. A hash table of rows in chunks of memory that are used again; the
 * beginnings of their keys are noted as they come, for sorting. Must never be touched by two threads at once, but for
 * row_set_find beside row_set_write. */
#include "core/store/row_set.h"

#include <stdlib.h>

#include "core/base/assert.h"
#include "core/base/limits.h"

#define CAP_MIN ((size_t)1 << 15) /* slots for REBUILD_ROWS; one event more may double them */
#define PREFETCHED 8
#define SORTED_FEW 8                   /* rows that are sorted by shifting them */
#define BYTES_MOST (4 * REBUILD_BYTES) /* one event beyond a full buffer, whatever it holds */

/* Room for more rows: twice the slots. */
static enum err grow(struct row_set *set)
{
    const size_t cap = set->cap == 0 ? CAP_MIN : 2 * set->cap;
    struct sorted *sorted = realloc(set->sorted, cap / 2 * sizeof *sorted);
    if (sorted == NULL) {
        return ERR_NO_MEMORY;
    }
    set->sorted = sorted;
    struct sorted *spare = realloc(set->spare, cap / 2 * sizeof *spare);
    if (spare == NULL) {
        return ERR_NO_MEMORY;
    }
    set->spare = spare;
    struct row_slot *slots = calloc(cap, sizeof *slots);
    if (slots == NULL) {
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < set->cap; i++) {
        if (set->slots[i].kept != NULL) {
            size_t at = set->slots[i].hash & (cap - 1);
            while (slots[at].kept != NULL) {
                at = (at + 1) & (cap - 1);
            }
            slots[at] = set->slots[i];
        }
    }
    free(set->slots);
    set->slots = slots;
    set->cap = cap;
    return OK;
}

enum err row_set_init(struct row_set *set)
{
    arena_init(&set->arena, BYTES_MOST);
    return grow(set);
}

void row_set_done(struct row_set *set)
{
    arena_done(&set->arena);
    free(set->slots);
    free(set->sorted);
    free(set->spare);
}

static uint64_t load64(const uint8_t *bytes, size_t len)
{
    uint64_t word = 0;
    memcpy(&word, bytes, len);
    return word;
}

/* Multiplied and folded word by word: keys differ in few bytes. Once more at the end, for a product's low bits know
 * nothing of the last word's high ones. */
uint64_t row_set_hash(struct span key)
{
    uint64_t hash = key.len * 0x9E3779B97F4A7C15U;
    size_t at = 0;
    for (; at + 8 <= key.len; at += 8) {
        hash = (hash ^ load64(key.data + at, 8)) * 0xD6E8FEB86659FD93U;
        hash ^= hash >> 32;
    }
    hash = (hash ^ load64(key.data + at, key.len - at)) * 0xD6E8FEB86659FD93U;
    hash = (hash ^ hash >> 29) * 0x9E3779B97F4A7C15U;
    return hash ^ hash >> 32;
}

/* The slot of the row, or the free one where it would go. */
static struct row_slot *slot_of(const struct row_set *set, struct span key, uint64_t hash)
{
    size_t at = hash & (set->cap - 1);
    const struct row_slot *slot = &set->slots[at];
    while (slot->kept != NULL &&
           (slot->hash != hash || slot->kept->key_len != key.len || memcmp(slot->kept->key, key.data, key.len) != 0)) {
        at = (at + 1) & (set->cap - 1);
        slot = &set->slots[at];
    }
    return &set->slots[at];
}

struct kept *row_set_find(const struct row_set *set, struct span key, uint64_t hash)
{
    return slot_of(set, key, hash)->kept;
}

static void *take(struct row_set *set, size_t size)
{
    set->bytes += size;
    return arena_room(&set->arena, size);
}

static void note_largest(struct row_set *set, const struct kept *kept)
{
    const struct kept **largest = &set->largest[kept->key[0]];
    if (*largest == NULL ||
        span_compare(span_of(kept->key, kept->key_len), span_of((*largest)->key, (*largest)->key_len)) > 0) {
        *largest = kept;
    }
}

static enum err add(struct row_set *set, struct span key, uint64_t hash, struct kept **ret_kept)
{
    if (set->rows == set->cap / 2) {
        TRY(grow(set));
    }
    struct kept *kept = take(set, sizeof *kept + key.len);
    if (kept == NULL) {
        return ERR_NO_MEMORY;
    }
    *kept = (struct kept){.key_len = (uint16_t)key.len, .deleted = true};
    memcpy(kept->key, key.data, key.len);
    *slot_of(set, key, hash) = (struct row_slot){.hash = hash, .kept = kept};
    uint8_t head[24] = {0};
    memcpy(head, key.data, key.len < sizeof head ? key.len : sizeof head);
    set->sorted[set->rows] = (struct sorted){
        .head = {get_be64(head), get_be64(head + 8), get_be64(head + 16)},
          .kept = kept
    };
    set->rows++;
    note_largest(set, kept);
    *ret_kept = kept;
    return OK;
}

static enum err set_value(struct row_set *set, struct kept *kept, struct span value)
{
    if (kept->value == NULL || value.len > kept->value_cap) {
        const size_t cap = kept->value == NULL ? value.len : value.len + value.len / 4; /* one that grew grows again */
        uint8_t *bytes = take(set, cap);
        if (bytes == NULL) {
            return ERR_NO_MEMORY;
        }
        kept->value = bytes;
        kept->value_cap = (uint32_t)cap;
    }
    if (value.len > 0) {
        memmove(kept->value, value.data, value.len);
    }
    kept->value_len = (uint32_t)value.len;
    kept->deleted = false;
    return OK;
}

void row_set_forget(struct row_set *set)
{
    if (set->rows > 0) {
        memset(set->slots, 0, set->cap * sizeof *set->slots);
        memset(set->largest, 0, sizeof set->largest);
    }
    set->rows = 0;
    set->bytes = 0;
    arena_reset(&set->arena);
}

static bool is_before(const struct sorted *left, const struct sorted *right)
{
    for (unsigned i = 0; i < 3; i++) {
        if (left->head[i] != right->head[i]) {
            return left->head[i] < right->head[i];
        }
    }
    return span_compare(span_of(left->kept->key, left->kept->key_len),
                        span_of(right->kept->key, right->kept->key_len)) < 0;
}

static void sort_few(struct sorted *rows, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const struct sorted row = rows[i];
        size_t at = i;
        for (; at > 0 && is_before(&row, &rows[at - 1]); at--) {
            rows[at] = rows[at - 1];
        }
        rows[at] = row;
    }
}

/* Merges halves: rows of posts that follow each other come nearly in order, and halves that do are left alone. spare
 * has room for the first half. */
static void sort(struct sorted *rows, size_t count, struct sorted *spare)
{
    const size_t half = count / 2;
    if (count <= SORTED_FEW) {
        sort_few(rows, count);
        return;
    }
    sort(rows, half, spare);
    sort(rows + half, count - half, spare);
    if (is_before(&rows[half - 1], &rows[half])) {
        return;
    }
    memcpy(spare, rows, half * sizeof *rows);
    size_t left = 0;
    size_t right = half;
    for (size_t to = 0; left < half; to++) { /* once the first half is in place, so is the rest of the second */
        const bool second = right < count && is_before(&rows[right], &spare[left]);
        rows[to] = second ? rows[right] : spare[left];
        right += second ? 1 : 0;
        left += second ? 0 : 1;
    }
}

/* Each table by itself: rows of all tables come in turn. */
static void sort_all(struct row_set *set)
{
    size_t counts[256] = {0};
    size_t next[256] = {0};
    for (size_t i = 0; i < set->rows; i++) {
        counts[set->sorted[i].head[0] >> 56]++;
    }
    for (size_t table = 1; table < 256; table++) {
        next[table] = next[table - 1] + counts[table - 1];
    }
    for (size_t i = 0; i < set->rows; i++) {
        const size_t table = set->sorted[i].head[0] >> 56;
        set->spare[next[table]] = set->sorted[i];
        next[table]++;
    }
    struct sorted *rows = set->spare;
    set->spare = set->sorted;
    set->sorted = rows;
    for (size_t table = 0; table < 256; table++) {
        sort(rows, counts[table], set->spare);
        rows += counts[table];
    }
}

enum err row_set_write(struct row_set *set, struct store_txn *txn)
{
    sort_all(set);
    for (size_t i = 0; i < set->rows; i++) {
        const struct kept *kept = set->sorted[i].kept;
        if (i + PREFETCHED < set->rows) {
            __builtin_prefetch(set->sorted[i + PREFETCHED].kept); /* the order is not that of memory */
        }
        const struct span key = span_of(kept->key, kept->key_len);
        if (kept->deleted) {
            const enum err err = store_delete(txn, key);
            TRY(err == ERR_NOT_FOUND ? OK : err); /* it was never there, or went with an earlier flush */
        } else {
            TRY(store_put(txn, key, span_of(kept->value, kept->value_len)));
        }
    }
    return OK;
}

enum err row_set_put(struct row_set *set, struct span key, uint64_t hash, struct span value)
{
    struct kept *kept = row_set_find(set, key, hash);
    if (kept == NULL) {
        TRY(add(set, key, hash, &kept));
    }
    return set_value(set, kept, value);
}

enum err row_set_delete(struct row_set *set, struct span key, uint64_t hash)
{
    struct kept *kept = row_set_find(set, key, hash);
    if (kept == NULL) {
        return add(set, key, hash, &kept);
    }
    kept->deleted = true;
    return OK;
}
