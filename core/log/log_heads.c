/* log_heads.c: see log_heads.h. Our UUIDs end in 62 random bits, so their tail is their hash. Called by the writer (as
 * a cache over LOG_HEADS) and by verification. */
#include "core/log/log_heads.h"

#include <stdlib.h>

#include "core/base/assert.h"

#define CAP_MIN 256

void log_heads_done(struct log_heads *heads)
{
    free(heads->slots);
    *heads = (struct log_heads){0};
}

void log_heads_clear(struct log_heads *heads)
{
    if (heads->cap > 0) {
        memset(heads->slots, 0, heads->cap * sizeof *heads->slots);
    }
    heads->count = 0;
}

/* The slot where uuid is, or where it would go. */
static struct log_head *slot_of(const struct log_heads *heads, const uint8_t uuid[16])
{
    size_t at = (size_t)(get_be64(uuid + 8) * 0x9E3779B97F4A7C15U >> 20) & (heads->cap - 1);
    while (heads->slots[at].used && memcmp(heads->slots[at].uuid, uuid, 16) != 0) {
        at = (at + 1) & (heads->cap - 1);
    }
    return &heads->slots[at];
}

struct log_head *log_heads_find(const struct log_heads *heads, const uint8_t uuid[16])
{
    if (heads->cap == 0) {
        return NULL;
    }
    struct log_head *head = slot_of(heads, uuid);
    return head->used ? head : NULL;
}

static enum err grow(struct log_heads *heads)
{
    const size_t cap = heads->cap == 0 ? CAP_MIN : heads->cap * 2;
    struct log_heads bigger = {.slots = calloc(cap, sizeof *bigger.slots), .cap = cap, .count = heads->count};
    if (bigger.slots == NULL) {
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < heads->cap; i++) {
        if (heads->slots[i].used) {
            *slot_of(&bigger, heads->slots[i].uuid) = heads->slots[i];
        }
    }
    free(heads->slots);
    *heads = bigger;
    return OK;
}

enum err log_heads_add(struct log_heads *heads, const uint8_t uuid[16], uint64_t seq)
{
    if ((heads->count + 1) * 2 > heads->cap) {
        TRY(grow(heads));
    }
    struct log_head *head = slot_of(heads, uuid);
    ASSERT(!head->used);
    *head = (struct log_head){.used = true, .seq = seq, .committed = seq, .written = seq};
    memcpy(head->uuid, uuid, sizeof head->uuid);
    heads->count++;
    return OK;
}
