/* shape.h: are these bytes one whole msgpack value, and is it small enough to be unpacked? Knows the format
 * (https://github.com/msgpack/msgpack/blob/master/spec.md), no library. */
#ifndef OPENPOST_MESSAGE_SHAPE_H
#define OPENPOST_MESSAGE_SHAPE_H

#include "core/base/span.h"

#define SHAPE_DEPTH_MAX 8           /* a command needs 6: array, map, list, map, list, map */
#define SHAPE_ELEMENTS_MAX 0x10000U /* four times the largest post_locked: 50 targets of 27 parts have 15,250 */

/* shape_check walks bytes without allocating and returns how many keys, values and items the containers hold (an
 * unpacker needs so many objects). ERR_TRUNCATED (also a count of more elements than bytes are left), ERR_TRAILING,
 * ERR_MALFORMED (the byte that the format never uses, or deeper than SHAPE_DEPTH_MAX), ERR_TOO_LONG (more elements than
 * SHAPE_ELEMENTS_MAX). */
enum err shape_check(struct span bytes, size_t *ret_elements) MUST_USE;

#endif
