/* pool.h: records of one size in one growing block, found by the 16 bytes of their id. An index stays good for the
 * record's life, a pointer only until the next pool_reserve. Index 0 is "none". Only pool_reserve and pool_done touch
 * the heap. */
#ifndef OPENPOST_SCHEDULER_POOL_H
#define OPENPOST_SCHEDULER_POOL_H

#include "core/base/typeid.h"

/* The first member of every record. */
struct pool_item {
    uint8_t uuid[16];
    uint32_t next; /* in its bucket, or in the list of free records */
    bool used;
};

struct pool {
    uint8_t *items;
    uint32_t *buckets;
    size_t item_size;
    uint32_t item_cap; /* records that fit, the unused one at 0 included */
    uint32_t bucket_cap;
    uint32_t end;  /* no index at or above was ever used */
    uint32_t free; /* head of the list of free records */
    uint32_t used;
};

void pool_init(struct pool *pool, size_t item_size);
void pool_done(struct pool *pool);
/* pool_reserve makes room for more records beyond those in use; ERR_NO_MEMORY. */
enum err pool_reserve(struct pool *pool, uint32_t more) MUST_USE;
/* pool_add adds a zeroed record for an id that is not there; room must have been reserved (asserted). */
uint32_t pool_add(struct pool *pool, const struct id *id);
void pool_remove(struct pool *pool, uint32_t index);
/* pool_find returns 0 when there is no such record. pool_at needs an index in use (asserted). */
uint32_t pool_find(const struct pool *pool, const struct id *id);
void *pool_at(const struct pool *pool, uint32_t index);
/* pool_next walks all records: begin with 0, 0 ends. */
uint32_t pool_next(const struct pool *pool, uint32_t index);

#endif
