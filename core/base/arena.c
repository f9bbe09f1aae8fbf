/* arena.c: a list of chunks of ARENA_CHUNK bytes, or as many as one request needs. Used wherever memory belongs to a
 * request, a job or a group. Not for several threads at once. */
#include "core/base/arena.h"

#include <stdalign.h>
#include <stdlib.h>

#include "core/base/assert.h"

#define ARENA_CHUNK ((size_t)16 * 1024)

struct arena_chunk {
    struct arena_chunk *next;
    size_t used;
    size_t cap;
    alignas(max_align_t) uint8_t bytes[];
};

void arena_init(struct arena *arena, size_t total_max)
{
    *arena = (struct arena){.total_max = total_max};
}

void arena_done(struct arena *arena)
{
    struct arena_chunk *chunk = arena->first;
    while (chunk != NULL) {
        struct arena_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
    arena_init(arena, arena->total_max);
}

void arena_reset(struct arena *arena)
{
    for (struct arena_chunk *chunk = arena->first; chunk != NULL; chunk = chunk->next) {
        chunk->used = 0;
    }
    arena->current = NULL; /* all of them are unused */
}

void arena_wipe(struct arena *arena)
{
    for (struct arena_chunk *chunk = arena->first; chunk != NULL; chunk = chunk->next) {
        explicit_bzero(chunk->bytes, chunk->cap);
    }
    arena_reset(arena);
}

struct arena_mark arena_mark(const struct arena *arena)
{
    return (struct arena_mark){.chunk = arena->current, .used = arena->current == NULL ? 0 : arena->current->used};
}

void arena_rewind(struct arena *arena, struct arena_mark mark)
{
    if (mark.chunk == NULL) {
        arena_reset(arena);
        return;
    }
    for (struct arena_chunk *chunk = mark.chunk->next; chunk != NULL; chunk = chunk->next) {
        chunk->used = 0;
    }
    mark.chunk->used = mark.used;
    arena->current = mark.chunk;
}

struct span arena_keep(struct arena *arena, struct arena_mark mark, struct span bytes)
{
    arena_rewind(arena, mark);
    uint8_t *kept = arena_room(arena, bytes.len);
    ASSERT(kept != NULL); /* where they stand there is room for them, if not before */
    if (bytes.len > 0) {
        memmove(kept, bytes.data, bytes.len);
    }
    return span_of(kept, bytes.len);
}

/* What follows the current chunk is unused, here as everywhere. */
static struct arena_chunk **rest(struct arena *arena)
{
    return arena->current == NULL ? &arena->first : &arena->current->next;
}

/* Takes the first unused chunk of so many bytes out of the list; NULL: there is none. */
static struct arena_chunk *take_unused(struct arena *arena, size_t size)
{
    for (struct arena_chunk **at = rest(arena); *at != NULL; at = &(*at)->next) {
        struct arena_chunk *chunk = *at;
        if (chunk->cap >= size) {
            *at = chunk->next;
            return chunk;
        }
    }
    return NULL;
}

/* Gives unused chunks back until so many bytes may be taken: sizes that one round needed are not what the next lacks.
 */
static void make_room(struct arena *arena, size_t cap)
{
    struct arena_chunk **at = rest(arena);
    while (*at != NULL && cap > arena->total_max - arena->total) {
        struct arena_chunk *chunk = *at;
        *at = chunk->next;
        arena->total -= chunk->cap;
        explicit_bzero(chunk->bytes, chunk->cap); /* what arena_wipe would not find any more */
        free(chunk);
    }
}

static struct arena_chunk *make_chunk(struct arena *arena, size_t size)
{
    const size_t cap = size > ARENA_CHUNK ? size : ARENA_CHUNK;
    make_room(arena, cap);
    if (cap > arena->total_max - arena->total) {
        return NULL;
    }
    struct arena_chunk *chunk = malloc(sizeof *chunk + cap);
    if (chunk == NULL) {
        return NULL;
    }
    *chunk = (struct arena_chunk){.next = NULL, .used = 0, .cap = cap};
    arena->total += cap;
    return chunk;
}

void *arena_room(struct arena *arena, size_t size)
{
    const size_t align = alignof(max_align_t);
    if (size > arena->total_max) {
        return NULL;
    }
    size = (size + align - 1) / align * align;
    if (arena->current == NULL || arena->current->cap - arena->current->used < size) {
        struct arena_chunk *chunk = take_unused(arena, size);
        chunk = chunk != NULL ? chunk : make_chunk(arena, size);
        if (chunk == NULL) {
            return NULL;
        }
        struct arena_chunk **at = rest(arena);
        chunk->next = *at;
        *at = chunk;
        arena->current = chunk;
    }
    uint8_t *bytes = arena->current->bytes + arena->current->used;
    arena->current->used += size;
    return bytes;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    uint8_t *bytes = arena_room(arena, size);
    if (bytes != NULL) {
        memset(bytes, 0, size);
    }
    return bytes;
}

enum err arena_copy(struct arena *arena, struct span span, struct span *ret_copy)
{
    uint8_t *bytes = arena_alloc(arena, span.len + 1);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    if (span.len > 0) {
        memcpy(bytes, span.data, span.len);
    }
    *ret_copy = span.data == NULL ? (struct span){0} : span_of(bytes, span.len);
    return OK;
}
