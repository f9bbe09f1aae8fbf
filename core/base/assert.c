/* assert.c: the end of a process that found a bug in itself. Uses nothing that could fail. */
#include "core/base/assert.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void assert_failed(const char *expression, const char *file, int line)
{
    (void)fprintf(stderr, "level=fatal bug=\"%s\" at=%s:%d\n", expression, file, line);
    abort();
}
