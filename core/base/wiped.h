/* wiped.h: the heap for libraries that take theirs from their caller. What is given back is overwritten, so that the
 * copies that a library makes of a password or a token do not outlive their use. Thread-safe. */
#ifndef OPENPOST_BASE_WIPED_H
#define OPENPOST_BASE_WIPED_H

#include <stddef.h>

/* As malloc, calloc, realloc, strdup and free are: NULL where memory ends; of another allocator's pieces they know
 * nothing. */
void *wiped_malloc(size_t len);
void *wiped_calloc(size_t count, size_t len);
void *wiped_realloc(void *bytes, size_t len);
char *wiped_strdup(const char *text);
void wiped_free(void *bytes);

#endif
