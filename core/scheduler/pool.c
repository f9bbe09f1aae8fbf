/* pool.c: see pool.h. Called by agenda and dispatch. Must never move an index, nor hand out a record that was not
 * zeroed. */
#include "core/scheduler/pool.h"

#include <stdlib.h>

#include "core/base/assert.h"

#define POOL_FIRST_CAP 64

static struct pool_item *item_at(const struct pool *pool, uint32_t index)
{
    return (struct pool_item *)(void *)(pool->items + (size_t)index * pool->item_size);
}

/* The last eight bytes of a UUIDv7 are random; the multiplier (2^64 / golden ratio) spreads what a test counts up. */
static uint32_t bucket_of(const struct pool *pool, const uint8_t uuid[16])
{
    return (uint32_t)(((get_be64(uuid) ^ get_be64(uuid + 8)) * 0x9E3779B97F4A7C15U) >> 32) & (pool->bucket_cap - 1);
}

void pool_init(struct pool *pool, size_t item_size)
{
    ASSERT(item_size >= sizeof(struct pool_item));
    *pool = (struct pool){.item_size = item_size, .end = 1};
}

void pool_done(struct pool *pool)
{
    free(pool->items);
    free(pool->buckets);
    pool_init(pool, pool->item_size);
}

static void rehash(struct pool *pool)
{
    memset(pool->buckets, 0, pool->bucket_cap * sizeof *pool->buckets);
    for (uint32_t i = 1; i < pool->end; i++) {
        struct pool_item *item = item_at(pool, i);
        if (item->used) {
            uint32_t *bucket = &pool->buckets[bucket_of(pool, item->uuid)];
            item->next = *bucket;
            *bucket = i;
        }
    }
}

enum err pool_reserve(struct pool *pool, uint32_t more)
{
    const uint64_t want = (uint64_t)pool->used + more + 1;
    if (want <= pool->item_cap) {
        return OK;
    }
    if (want > UINT32_MAX / 4) {
        return ERR_NO_MEMORY;
    }
    uint32_t cap = pool->item_cap > 0 ? pool->item_cap : POOL_FIRST_CAP;
    while (cap < want) {
        cap *= 2;
    }
    uint8_t *items = realloc(pool->items, cap * pool->item_size);
    if (items == NULL) {
        return ERR_NO_MEMORY;
    }
    pool->items = items;
    uint32_t *buckets = realloc(pool->buckets, cap * sizeof *buckets);
    if (buckets == NULL) {
        return ERR_NO_MEMORY;
    }
    pool->buckets = buckets;
    pool->bucket_cap = cap;
    pool->item_cap = cap;
    rehash(pool);
    return OK;
}

uint32_t pool_add(struct pool *pool, const struct id *id)
{
    uint32_t index = pool->free;
    if (index != 0) {
        pool->free = item_at(pool, index)->next;
    } else {
        ASSERT(pool->end < pool->item_cap);
        index = pool->end;
        pool->end++;
    }
    struct pool_item *item = item_at(pool, index);
    memset(item, 0, pool->item_size);
    memcpy(item->uuid, id->uuid, sizeof item->uuid);
    item->used = true;
    uint32_t *bucket = &pool->buckets[bucket_of(pool, item->uuid)];
    item->next = *bucket;
    *bucket = index;
    pool->used++;
    return index;
}

void pool_remove(struct pool *pool, uint32_t index)
{
    struct pool_item *item = pool_at(pool, index);
    uint32_t *link = &pool->buckets[bucket_of(pool, item->uuid)];
    while (*link != index) {
        ASSERT(*link != 0);
        link = &item_at(pool, *link)->next;
    }
    *link = item->next;
    item->used = false;
    item->next = pool->free;
    pool->free = index;
    pool->used--;
}

uint32_t pool_find(const struct pool *pool, const struct id *id)
{
    if (pool->used == 0) {
        return 0;
    }
    uint32_t index = pool->buckets[bucket_of(pool, id->uuid)];
    while (index != 0 && memcmp(item_at(pool, index)->uuid, id->uuid, sizeof id->uuid) != 0) {
        index = item_at(pool, index)->next;
    }
    return index;
}

void *pool_at(const struct pool *pool, uint32_t index)
{
    ASSERT(index > 0 && index < pool->end);
    struct pool_item *item = item_at(pool, index);
    ASSERT(item->used);
    return item;
}

uint32_t pool_next(const struct pool *pool, uint32_t index)
{
    for (index++; index < pool->end; index++) {
        if (item_at(pool, index)->used) {
            return index;
        }
    }
    return 0;
}
