/* wiped.c: see wiped.h. Given to jansson and libcurl by the files that know them. Each piece has its length before it:
 * who frees one does not say it. */
#include "core/base/wiped.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct piece {
    size_t len;
    alignas(max_align_t) uint8_t bytes[];
};

static struct piece *piece_of(void *bytes)
{
    return (struct piece *)((uint8_t *)bytes - offsetof(struct piece, bytes));
}

void *wiped_malloc(size_t len)
{
    struct piece *piece = len <= SIZE_MAX - sizeof *piece ? malloc(sizeof *piece + len) : NULL;
    if (piece == NULL) {
        return NULL;
    }
    piece->len = len;
    return piece->bytes;
}

void *wiped_calloc(size_t count, size_t len)
{
    void *bytes = len == 0 || count <= SIZE_MAX / len ? wiped_malloc(count * len) : NULL;
    if (bytes != NULL) {
        memset(bytes, 0, count * len);
    }
    return bytes;
}

/* Always to another place: what realloc moves it leaves behind. */
void *wiped_realloc(void *bytes, size_t len)
{
    void *moved = wiped_malloc(len);
    if (moved != NULL && bytes != NULL) {
        const size_t had = piece_of(bytes)->len;
        memcpy(moved, bytes, had < len ? had : len);
        wiped_free(bytes);
    }
    return moved;
}

char *wiped_strdup(const char *text)
{
    const size_t len = strlen(text) + 1;
    char *copy = wiped_malloc(len);
    if (copy != NULL) {
        memcpy(copy, text, len);
    }
    return copy;
}

void wiped_free(void *bytes)
{
    if (bytes != NULL) {
        explicit_bzero(bytes, piece_of(bytes)->len);
        free(piece_of(bytes));
    }
}
