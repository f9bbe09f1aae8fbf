/* json_read.h: JSON text to a tree. json_read.c is the one file that knows jansson. */
#ifndef OPENPOST_MESSAGE_JSON_READ_H
#define OPENPOST_MESSAGE_JSON_READ_H

#include "core/message/json_node.h"

#define JSON_READ_BYTES_MAX ((size_t)2 << 20) /* no request's body and no platform's answer is near it */
#define JSON_READ_DEPTH_MAX 32                /* atproto's deepest record has 9 */
#define JSON_READ_VALUES_MAX 100000           /* a page of 200 posts with 25 parts and 10 targets each has half of it */

/* json_read reads the whole of text (one value, nothing after it) into nodes that live in the arena. ERR_MALFORMED for
 * what is not JSON, or nests deeper than JSON_READ_DEPTH_MAX; ERR_EXISTS: a name twice in an object; ERR_NOT_UTF8;
 * ERR_NUL: U+0000 in it, escaped or not; ERR_RANGE: a number does not fit (whole ones -2^63 to 2^63 - 1, others a
 * double), and is never read as another; ERR_TOO_LONG: the text, or more than JSON_READ_VALUES_MAX values;
 * ERR_NO_MEMORY. */
enum err json_read(struct span text, struct arena *arena, const struct json_node **ret_node) MUST_USE;

/* json_read_wide does the same, but for the first JSON_WIDENED_MAX whole numbers that do not fit, which become real
 * ones: whoever looks at the fields can say which is wrong. *ret_bytes: where text is at fault, how much of it was
 * read when that was noticed: the fault ends there, or is the next byte. Of no account otherwise. */
#define JSON_WIDENED_MAX 8
enum err json_read_wide(struct span text, struct arena *arena, const struct json_node **ret_node, size_t *ret_bytes)
    MUST_USE;

#endif
