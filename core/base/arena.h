/* arena.h: memory that is given back all at once: one arena per request, job or group of commands.
 *
 * Grows in chunks up to a limit; chunks of sizes that nobody asks for any more are given back for others. What it hands
 * out lives until arena_reset, arena_rewind or arena_done; nothing is freed singly. */
#ifndef OPENPOST_BASE_ARENA_H
#define OPENPOST_BASE_ARENA_H

#include "core/base/span.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *first;
    struct arena_chunk *current; /* what follows it is unused; NULL: all is */
    size_t total;                /* bytes taken from the heap */
    size_t total_max;            /* bytes that it may take */
};

/* arena_init prepares an arena that may take up to total_max bytes; it takes nothing yet. */
void arena_init(struct arena *arena, size_t total_max);
/* arena_done gives everything back; the arena may be initialised again. */
void arena_done(struct arena *arena);
/* arena_reset forgets what was handed out and keeps the chunks for the next round. */
void arena_reset(struct arena *arena);
/* arena_wipe overwrites all that was ever allocated from it, which held secrets, then empties it. */
void arena_wipe(struct arena *arena);

/* arena_rewind forgets what was handed out since arena_mark, as arena_reset does with everything: for the scratch
 * memory of each item of a long list. What was handed out before the mark stays; a mark is void after a reset, or a
 * rewind to an earlier one. */
struct arena_mark {
    struct arena_chunk *chunk;
    size_t used;
};

struct arena_mark arena_mark(const struct arena *arena);
void arena_rewind(struct arena *arena, struct arena_mark mark);
/* arena_keep does so, but for bytes that were handed out since: it moves them to the first place that the mark leaves
 * free. For results that are written where more room was taken than they need, beside scratch memory. */
struct span arena_keep(struct arena *arena, struct arena_mark mark, struct span bytes);
/* arena_alloc returns size zeroed bytes, aligned for any type, or NULL when the limit or the heap is exhausted. */
void *arena_alloc(struct arena *arena, size_t size) MUST_USE;
/* arena_room is arena_alloc without the zeros: for buffers that are written before they are read. */
void *arena_room(struct arena *arena, size_t size) MUST_USE;
/* arena_copy copies span into the arena; ERR_NO_MEMORY. */
enum err arena_copy(struct arena *arena, struct span span, struct span *ret_copy) MUST_USE;

#endif
