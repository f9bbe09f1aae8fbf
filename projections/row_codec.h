/* row_codec.h: rows as bytes. Rows are derived and read only by the build that wrote them (core/store/tables.h:
 * VIEWS_VERSION; a test compares the layout), so unlike a message a row carries no names: it is a bitmap of its present
 * fields, low bit first, and then their values in the order of their declaration. Numbers, times and choices are
 * LEB128; an id is its kind and its sixteen bytes; texts have their length before them; a hash is its bytes; a flag
 * that is present is true; a list is its length and its items. A third of the bytes of msgpack with names, and a fifth
 * of the time.
 *
 * The same row always gives the same bytes. */
#ifndef OPENPOST_PROJECTIONS_ROW_CODEC_H
#define OPENPOST_PROJECTIONS_ROW_CODEC_H

#include "core/base/arena.h"
#include "core/message/descriptor.h"

/* row_encode appends a row; ERR_NO_SPACE when it does not fit (then out holds part of it). */
enum err row_encode(const struct record_desc *desc, const void *row, struct buf *out) MUST_USE;
/* row_decode reads the whole of bytes into the struct at ret_row (desc->size bytes). Texts borrow from bytes, lists
 * live in the arena. ERR_ALTERED: not a row of that form; ERR_NO_MEMORY. */
enum err row_decode(const struct record_desc *desc, struct span bytes, struct arena *arena, void *ret_row) MUST_USE;
/* row_owner reads whose a row is and nothing else of it, at a place that is the same in each: the second field, which
 * like the first is an id that is always there. ERR_ALTERED: likewise. */
enum err row_owner(const struct record_desc *desc, struct span bytes, struct id *ret_workspace_id) MUST_USE;
/* row_decode_next reads the first of the rows that stand one behind the other in *bytes, and moves *bytes behind it. */
enum err row_decode_next(const struct record_desc *desc, struct span *bytes, struct arena *arena, void *ret_row)
    MUST_USE;

#endif
