/* span.h: borrowed text and bytes; never a bare char pointer with a hope.
 *
 * A struct span borrows: whoever made it says how long its bytes live. data may be NULL only when len is 0; a span
 * with data NULL means "absent" where a field is optional, an empty one ("") has data and len 0. */
#ifndef OPENPOST_BASE_SPAN_H
#define OPENPOST_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/base/err.h"

struct span {
    const uint8_t *data;
    size_t len; /* bytes */
};

/* span_of borrows len bytes at data; span_text a NUL-terminated string without its NUL; SPAN a string literal. */
static inline struct span span_of(const void *data, size_t len)
{
    return (struct span){.data = (const uint8_t *)data, .len = len};
}

static inline struct span span_text(const char *text)
{
    return span_of(text, strlen(text));
}

#define SPAN(literal) ((struct span){.data = (const uint8_t *)("" literal), .len = sizeof(literal) - 1})

/* span_equal is not for secrets: see span_equal_secret, which takes the same time whatever the bytes are. */
bool span_equal(struct span a, struct span b);
bool span_equal_secret(struct span a, struct span b);
/* span_compare orders as memcmp does, a prefix before its extension: <0, 0, >0. */
int span_compare(struct span a, struct span b);
bool span_starts_with(struct span span, struct span prefix);
/* span_find returns the index of the first byte c, or span.len when there is none. */
size_t span_find(struct span span, uint8_t c);
/* span_cut returns the longest beginning of text, which is UTF-8, that has at most max bytes and whole characters. */
struct span span_cut(struct span text, size_t max);
/* span_is_utf8 is true for well-formed UTF-8 (RFC 3629: no surrogates, nothing above U+10FFFF, shortest form). */
bool span_is_utf8(struct span span);
/* span_to_u64 reads decimal digits only, no sign, no space, the whole span; ERR_MALFORMED or ERR_RANGE. */
enum err span_to_u64(struct span span, uint64_t *ret_value) MUST_USE;

/* struct buf writes into memory that its owner lends: never grows, never allocates. A write that does not fit sets
 * overflow and writes nothing; check it once at the end (buf_ok). */
struct buf {
    uint8_t *data;
    size_t len; /* bytes written */
    size_t cap; /* bytes lent */
    bool overflow;
};

static inline struct buf buf_of(void *data, size_t cap)
{
    return (struct buf){.data = (uint8_t *)data, .len = 0, .cap = cap, .overflow = false};
}

static inline bool buf_ok(const struct buf *buf)
{
    return !buf->overflow;
}

static inline struct span buf_span(const struct buf *buf)
{
    return span_of(buf->data, buf->len);
}

void buf_put(struct buf *buf, struct span span);
void buf_byte(struct buf *buf, uint8_t byte);
void buf_text(struct buf *buf, const char *text);
void buf_u64(struct buf *buf, uint64_t value); /* decimal */
void buf_i64(struct buf *buf, int64_t value);  /* decimal */
void buf_hex(struct buf *buf, struct span bytes);
/* buf_terminated ends the text with a NUL that is not counted in len and returns it; NULL when it does not fit. */
const char *buf_terminated(struct buf *buf);

/* Big-endian integers, as in keys, so that memcmp orders them. */
void put_be64(uint8_t out[8], uint64_t value);
uint64_t get_be64(const uint8_t in[8]);
void put_be32(uint8_t out[4], uint32_t value);
uint32_t get_be32(const uint8_t in[4]);

#endif
