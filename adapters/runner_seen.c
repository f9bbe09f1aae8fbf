/* runner_seen.c: see runner_seen.h. Ids end in random bits, so their last eight bytes are their hash. */
#include "adapters/runner_seen.h"

#include "core/base/assert.h"

#define FIRST_CAP ((size_t)1024)

static size_t slot_of(const struct seen_generation *generation, const struct id *id)
{
    size_t at = get_be64(id->uuid + 8) & (generation->cap - 1);
    while (generation->ids[at].kind != ID_NONE && !id_equal(&generation->ids[at], id)) {
        at = (at + 1) & (generation->cap - 1);
    }
    return at;
}

static bool has(const struct seen_generation *generation, const struct id *id)
{
    return generation->cap > 0 && generation->ids[slot_of(generation, id)].kind != ID_NONE;
}

static void generation_init(struct seen_generation *generation, size_t max)
{
    /* Growing keeps the smaller tables until the end: all together at most one more of the largest. */
    *generation = (struct seen_generation){0};
    arena_init(&generation->arena, 8 * max * sizeof(struct id) + FIRST_CAP * sizeof(struct id) + 65536);
}

void runner_seen_init(struct runner_seen *seen, size_t generation_max)
{
    ASSERT(generation_max > 0);
    *seen = (struct runner_seen){.generation_max = generation_max};
    generation_init(&seen->young, generation_max);
    generation_init(&seen->old, generation_max);
}

void runner_seen_done(struct runner_seen *seen)
{
    arena_done(&seen->young.arena);
    arena_done(&seen->old.arena);
}

bool runner_seen_has(const struct runner_seen *seen, const struct id *id)
{
    return has(&seen->young, id) || has(&seen->old, id);
}

static enum err grow(struct seen_generation *generation)
{
    struct seen_generation grown = *generation;
    grown.cap = generation->cap == 0 ? FIRST_CAP : generation->cap * 2;
    grown.ids = arena_alloc(&generation->arena, grown.cap * sizeof *grown.ids);
    if (grown.ids == NULL) {
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < generation->cap; i++) {
        if (generation->ids[i].kind != ID_NONE) {
            grown.ids[slot_of(&grown, &generation->ids[i])] = generation->ids[i];
        }
    }
    grown.arena = generation->arena;
    *generation = grown;
    return OK;
}

enum err runner_seen_reserve(struct runner_seen *seen, size_t count)
{
    ASSERT(count <= seen->generation_max);
    if (seen->young.count + count > seen->generation_max) {
        arena_done(&seen->old.arena);
        seen->old = seen->young;
        generation_init(&seen->young, seen->generation_max);
    }
    while ((seen->young.count + count) * 2 > seen->young.cap) {
        TRY(grow(&seen->young));
    }
    return OK;
}

void runner_seen_add(struct runner_seen *seen, const struct id *id)
{
    if (runner_seen_has(seen, id)) {
        return;
    }
    ASSERT(seen->young.count * 2 < seen->young.cap);
    seen->young.ids[slot_of(&seen->young, id)] = *id;
    seen->young.count++;
}
