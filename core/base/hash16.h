/* hash16.h: where a table in memory has sixteen bytes: a UUID, an address. Who does not know the seed cannot choose
 * bytes that meet. */
#ifndef OPENPOST_BASE_HASH16_H
#define OPENPOST_BASE_HASH16_H

#include "core/base/span.h"

/* The finaliser of splitmix64 (Steele, Lea and Flood, 2014): each bit changes about half of them. */
static inline uint64_t hash16_mixed(uint64_t value)
{
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9ULL;
    value = (value ^ value >> 27) * 0x94D049BB133111EBULL;
    return value ^ value >> 31;
}

static inline uint64_t hash16(const uint8_t bytes[16], uint64_t seed)
{
    return hash16_mixed(hash16_mixed(get_be64(bytes) ^ seed) ^ get_be64(bytes + 8));
}

#endif
