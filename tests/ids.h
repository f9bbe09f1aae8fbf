/* ids.h: ids that a test tells apart by their numbers. */
#ifndef OPENPOST_TESTS_IDS_H
#define OPENPOST_TESTS_IDS_H

#include "core/base/span.h"
#include "core/base/typeid.h"

/* id_number is always the same id of a kind for a number, in the last four bytes of its UUID; ids sort by number. */
static inline struct id id_number(enum id_kind kind, uint32_t number)
{
    uint8_t randomness[10] = {0};
    put_be32(randomness + 6, number);
    return id_make(kind, 1, randomness);
}

#endif
