/* span.c: see span.h. No allocation, no libc beyond mem*. */
#include "core/base/span.h"

#include "core/base/assert.h"

bool span_equal(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool span_equal_secret(struct span a, struct span b)
{
    if (a.len != b.len) {
        return false;
    }
    volatile uint8_t difference = 0;
    for (size_t i = 0; i < a.len; i++) {
        difference = (uint8_t)(difference | (a.data[i] ^ b.data[i]));
    }
    return difference == 0;
}

int span_compare(struct span a, struct span b)
{
    const size_t common = a.len < b.len ? a.len : b.len;
    const int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
    if (order != 0) {
        return order;
    }
    return (a.len > b.len) - (a.len < b.len);
}

bool span_starts_with(struct span span, struct span prefix)
{
    return span.len >= prefix.len && span_equal(span_of(span.data, prefix.len), prefix);
}

size_t span_find(struct span span, uint8_t c)
{
    for (size_t i = 0; i < span.len; i++) {
        if (span.data[i] == c) {
            return i;
        }
    }
    return span.len;
}

struct span span_cut(struct span text, size_t max)
{
    if (text.len <= max) {
        return text;
    }
    size_t len = max;
    while (len > 0 && (text.data[len] & 0xC0) == 0x80) {
        len--;
    }
    return span_of(text.data, len);
}

/* How many bytes the sequence at p has, 0 when it is not well formed. Table 3-7 of the Unicode Standard. */
static size_t utf8_sequence_len(const uint8_t *p, size_t left)
{
    if (p[0] < 0x80) {
        return 1;
    }
    uint8_t low = 0x80;
    uint8_t high = 0xBF;
    size_t len = 0;
    if (p[0] >= 0xC2 && p[0] <= 0xDF) {
        len = 2;
    } else if (p[0] >= 0xE0 && p[0] <= 0xEF) {
        len = 3;
        low = p[0] == 0xE0 ? 0xA0 : low;
        high = p[0] == 0xED ? 0x9F : high;
    } else if (p[0] >= 0xF0 && p[0] <= 0xF4) {
        len = 4;
        low = p[0] == 0xF0 ? 0x90 : low;
        high = p[0] == 0xF4 ? 0x8F : high;
    } else {
        return 0;
    }
    if (left < len || p[1] < low || p[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < len; i++) {
        if (p[i] < 0x80 || p[i] > 0xBF) {
            return 0;
        }
    }
    return len;
}

/* Eight bytes at once: most text is ASCII. */
static bool all_ascii(const uint8_t bytes[8])
{
    uint64_t word = 0;
    memcpy(&word, bytes, sizeof word);
    return (word & 0x8080808080808080U) == 0;
}

bool span_is_utf8(struct span span)
{
    size_t i = 0;
    while (i < span.len) {
        if (span.len - i >= 8 && all_ascii(span.data + i)) {
            i += 8;
            continue;
        }
        const size_t len = utf8_sequence_len(span.data + i, span.len - i);
        if (len == 0) {
            return false;
        }
        i += len;
    }
    return true;
}

enum err span_to_u64(struct span span, uint64_t *ret_value)
{
    if (span.len == 0) {
        return ERR_MALFORMED;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < span.len; i++) {
        if (span.data[i] < '0' || span.data[i] > '9') {
            return ERR_MALFORMED;
        }
        const uint64_t digit = (uint64_t)(span.data[i] - '0');
        if (value > (UINT64_MAX - digit) / 10) {
            return ERR_RANGE;
        }
        value = value * 10 + digit;
    }
    *ret_value = value;
    return OK;
}

void buf_put(struct buf *buf, struct span span)
{
    ASSERT(buf->len <= buf->cap);
    if (buf->overflow || span.len > buf->cap - buf->len) {
        buf->overflow = true;
        return;
    }
    if (span.len > 0) {
        memcpy(buf->data + buf->len, span.data, span.len);
    }
    buf->len += span.len;
}

void buf_byte(struct buf *buf, uint8_t byte)
{
    buf_put(buf, span_of(&byte, 1));
}

void buf_text(struct buf *buf, const char *text)
{
    buf_put(buf, span_text(text));
}

void buf_u64(struct buf *buf, uint64_t value)
{
    uint8_t digits[20];
    size_t at = sizeof digits;
    do {
        at--;
        digits[at] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    buf_put(buf, span_of(digits + at, sizeof digits - at));
}

void buf_i64(struct buf *buf, int64_t value)
{
    if (value < 0) {
        buf_byte(buf, '-');
        buf_u64(buf, (uint64_t)0 - (uint64_t)value);
        return;
    }
    buf_u64(buf, (uint64_t)value);
}

void buf_hex(struct buf *buf, struct span bytes)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.len; i++) {
        buf_byte(buf, (uint8_t)digits[bytes.data[i] >> 4]);
        buf_byte(buf, (uint8_t)digits[bytes.data[i] & 15]);
    }
}

const char *buf_terminated(struct buf *buf)
{
    if (buf->overflow || buf->len == buf->cap) {
        buf->overflow = true;
        return NULL;
    }
    buf->data[buf->len] = 0;
    return (const char *)buf->data;
}

void put_be64(uint8_t out[8], uint64_t value)
{
    for (int i = 7; i >= 0; i--) {
        out[i] = (uint8_t)value;
        value >>= 8;
    }
}

uint64_t get_be64(const uint8_t in[8])
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++) {
        value = value << 8 | in[i];
    }
    return value;
}

void put_be32(uint8_t out[4], uint32_t value)
{
    for (int i = 3; i >= 0; i--) {
        out[i] = (uint8_t)value;
        value >>= 8;
    }
}

uint32_t get_be32(const uint8_t in[4])
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        value = value << 8 | in[i];
    }
    return value;
}
