/* accept.h: text that the code prints, compared with the file in the tree that should hold it. */
#ifndef OPENPOST_TESTS_ACCEPT_H
#define OPENPOST_TESTS_ACCEPT_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/span.h"

/* source_read reads a file below the source folder into out; a file that is not there is empty. */
static inline void source_read(const char *name, struct buf *out)
{
    char path[500];
    (void)snprintf(path, sizeof path, "%s%s", SOURCE_FOLDER, name);
    FILE *file = fopen(path, "rb");
    if (file != NULL) {
        out->len += fread(out->data + out->len, 1, out->cap - out->len, file);
        ck_assert_int_eq(fgetc(file), EOF);
        (void)fclose(file);
    }
}

static inline void source_write(const char *name, struct span text)
{
    char path[500];
    (void)snprintf(path, sizeof path, "%s%s", SOURCE_FOLDER, name);
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text.data, 1, text.len, file), text.len);
    ck_assert_int_eq(fclose(file), 0);
}

/* is_accepting is true when OPENPOST_ACCEPT=1 asks to write such files anew: then review the difference before you
 * commit. */
static inline bool is_accepting(void)
{
    const char *accept = getenv("OPENPOST_ACCEPT");
    return accept != NULL && strcmp(accept, "1") == 0;
}

/* source_agrees tells whether the file in the tree is that text; first it is written, where that was asked for. */
static inline bool source_agrees(const char *name, struct span text)
{
    static uint8_t bytes[1 << 20];
    struct buf file = buf_of(bytes, sizeof bytes);
    if (is_accepting()) {
        source_write(name, text);
    }
    source_read(name, &file);
    return span_equal(text, buf_span(&file));
}

#endif
