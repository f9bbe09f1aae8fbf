/* runner_seen.h: ids of commits that were begun, so that none is begun twice. Two generations: when the young one is
 * full it becomes the old one and the old one is forgotten, so at least as many ids as one generation holds are always
 * known. Private to runner.c. */
#ifndef OPENPOST_ADAPTERS_RUNNER_SEEN_H
#define OPENPOST_ADAPTERS_RUNNER_SEEN_H

#include "core/base/arena.h"
#include "core/base/typeid.h"

struct seen_generation {
    struct arena arena;
    struct id *ids; /* open addressing; kind ID_NONE: free */
    size_t cap;     /* a power of two */
    size_t count;
};

struct runner_seen {
    struct seen_generation young, old;
    size_t generation_max;
};

void runner_seen_init(struct runner_seen *seen, size_t generation_max);
void runner_seen_done(struct runner_seen *seen);
bool runner_seen_has(const struct runner_seen *seen, const struct id *id);
/* runner_seen_reserve makes room for count more (<= generation_max); ERR_NO_MEMORY. runner_seen_add remembers one of
 * those. */
enum err runner_seen_reserve(struct runner_seen *seen, size_t count) MUST_USE;
void runner_seen_add(struct runner_seen *seen, const struct id *id);

#endif
