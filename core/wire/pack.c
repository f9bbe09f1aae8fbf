/* pack.c: see pack.h. Called by frame.c and body.c with bytes from outside: it must never read beyond the span that it
 * was given. */
#include "core/wire/pack.h"

#include "core/base/assert.h"

enum {
    FIXINT_MAX = 0x7F,
    FIXMAP = 0x80,
    FIXARRAY = 0x90,
    FIXSTR = 0xA0,
    NIL = 0xC0,
    FALSE_ = 0xC2,
    TRUE_ = 0xC3,
    BIN8 = 0xC4,
    UINT8 = 0xCC,
    STR8 = 0xD9,
    ARRAY16 = 0xDC,
};

/* A lead byte, first for 1 byte, first + 1 for 2 and so on, then value in step bytes. */
static void lead(struct buf *out, uint8_t first, uint64_t value, size_t smallest)
{
    uint8_t bytes[8];
    put_be64(bytes, value);
    size_t len = smallest;
    uint8_t at = first;
    while (len < 8 && value >> (8 * len) != 0) {
        len *= 2;
        at++;
    }
    buf_byte(out, at);
    buf_put(out, span_of(bytes + 8 - len, len));
}

void pack_array(struct buf *out, uint32_t count)
{
    if (count < 16) {
        buf_byte(out, (uint8_t)(FIXARRAY | count));
        return;
    }
    lead(out, ARRAY16, count, 2);
}

void pack_map(struct buf *out, uint32_t count)
{
    ASSERT(count < 16);
    buf_byte(out, (uint8_t)(FIXMAP | count));
}

void pack_uint(struct buf *out, uint64_t value)
{
    if (value <= FIXINT_MAX) {
        buf_byte(out, (uint8_t)value);
        return;
    }
    lead(out, UINT8, value, 1);
}

void pack_text(struct buf *out, struct span text)
{
    ASSERT(text.len <= UINT32_MAX);
    if (text.len < 32) {
        buf_byte(out, (uint8_t)(FIXSTR | text.len));
    } else {
        lead(out, STR8, text.len, 1);
    }
    buf_put(out, text);
}

void pack_bin(struct buf *out, struct span bytes)
{
    ASSERT(bytes.len <= UINT32_MAX);
    lead(out, BIN8, bytes.len, 1);
    buf_put(out, bytes);
}

void pack_nil(struct buf *out)
{
    buf_byte(out, NIL);
}

void pack_bool(struct buf *out, bool value)
{
    buf_byte(out, value ? TRUE_ : FALSE_);
}

void pack_id(struct buf *out, const struct id *id)
{
    if (id_is_none(id)) {
        pack_nil(out);
        return;
    }
    uint8_t text[ID_TEXT_MAX];
    struct buf buf = buf_of(text, sizeof text);
    id_write(&buf, id);
    pack_text(out, buf_span(&buf));
}

static void skip(struct span *rest, size_t len)
{
    rest->data += len;
    rest->len -= len;
}

/* Reads a big-endian number of len bytes behind the lead byte, refusing one that a form of half the bytes could hold.
 */
static enum err number(struct span rest, size_t len, uint64_t shorter_max, uint64_t *ret_value)
{
    if (rest.len < 1 + len) {
        return ERR_TRUNCATED;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < len; i++) {
        value = value << 8 | rest.data[1 + i];
    }
    if (value <= shorter_max) {
        return ERR_MALFORMED;
    }
    *ret_value = value;
    return OK;
}

/* A length or count: lead byte first + n has smallest << n bytes, n < forms. Empty ones are allowed where there is no
 * fixed form (fixed_max < 0). */
static enum err length(struct span rest, uint8_t first, unsigned forms, size_t smallest, int fixed_max,
                       size_t *ret_head, uint64_t *ret_value)
{
    if (rest.data[0] < first || rest.data[0] >= first + forms) {
        return ERR_KIND;
    }
    const unsigned form = (unsigned)(rest.data[0] - first);
    const size_t len = smallest << form;
    uint64_t value = 0;
    const uint64_t shorter_max = form > 0 ? ((uint64_t)1 << (4 * len)) - 1 : (uint64_t)(fixed_max < 0 ? 0 : fixed_max);
    if (form == 0 && fixed_max < 0) {
        if (rest.len < 1 + len) {
            return ERR_TRUNCATED;
        }
        value = rest.data[1];
    } else {
        TRY(number(rest, len, shorter_max, &value));
    }
    *ret_head = 1 + len;
    *ret_value = value;
    return OK;
}

enum err unpack_array(struct span *rest, uint32_t max, uint32_t *ret_count)
{
    if (rest->len == 0) {
        return ERR_TRUNCATED;
    }
    size_t head = 1;
    uint64_t count = rest->data[0] & 0x0F;
    if ((rest->data[0] & 0xF0) != FIXARRAY) {
        TRY(length(*rest, ARRAY16, 2, 2, 15, &head, &count));
    }
    if (count > max) {
        return ERR_TOO_LONG;
    }
    skip(rest, head);
    *ret_count = (uint32_t)count;
    return OK;
}

enum err unpack_uint(struct span *rest, uint64_t max, uint64_t *ret_value)
{
    if (rest->len == 0) {
        return ERR_TRUNCATED;
    }
    size_t head = 1;
    uint64_t value = rest->data[0];
    if (value > FIXINT_MAX) {
        TRY(length(*rest, UINT8, 4, 1, FIXINT_MAX, &head, &value));
    }
    if (value > max) {
        return ERR_RANGE;
    }
    skip(rest, head);
    *ret_value = value;
    return OK;
}

static enum err bytes_of(struct span *rest, size_t head, uint64_t len, size_t len_max, struct span *ret_bytes)
{
    if (len > len_max) {
        return ERR_TOO_LONG;
    }
    if (rest->len - head < len) {
        return ERR_TRUNCATED;
    }
    *ret_bytes = span_of(rest->data + head, (size_t)len);
    skip(rest, head + (size_t)len);
    return OK;
}

enum err unpack_text(struct span *rest, size_t len_max, struct span *ret_text)
{
    if (rest->len == 0) {
        return ERR_TRUNCATED;
    }
    size_t head = 1;
    uint64_t len = rest->data[0] & 0x1F;
    if ((rest->data[0] & 0xE0) != FIXSTR) {
        TRY(length(*rest, STR8, 3, 1, 31, &head, &len));
    }
    return bytes_of(rest, head, len, len_max, ret_text);
}

enum err unpack_bin(struct span *rest, size_t len_max, struct span *ret_bytes)
{
    if (rest->len == 0) {
        return ERR_TRUNCATED;
    }
    size_t head = 0;
    uint64_t len = 0;
    TRY(length(*rest, BIN8, 3, 1, -1, &head, &len));
    return bytes_of(rest, head, len, len_max, ret_bytes);
}

enum err unpack_bool(struct span *rest, bool *ret_value)
{
    if (rest->len == 0) {
        return ERR_TRUNCATED;
    }
    if (rest->data[0] != TRUE_ && rest->data[0] != FALSE_) {
        return ERR_KIND;
    }
    *ret_value = rest->data[0] == TRUE_;
    skip(rest, 1);
    return OK;
}

bool unpack_is_nil(struct span *rest)
{
    if (rest->len == 0 || rest->data[0] != NIL) {
        return false;
    }
    skip(rest, 1);
    return true;
}

enum err unpack_id(struct span *rest, struct id *ret_id)
{
    if (unpack_is_nil(rest)) {
        *ret_id = (struct id){0};
        return OK;
    }
    struct span after = *rest;
    struct span text;
    TRY(unpack_text(&after, ID_TEXT_MAX, &text));
    TRY(id_parse(text, ID_NONE, ret_id));
    *rest = after;
    return OK;
}

enum err unpack_exactly(struct span *rest, uint32_t count)
{
    struct span after = *rest;
    uint32_t found = 0;
    TRY(unpack_array(&after, UINT32_MAX, &found));
    if (found != count) {
        return ERR_MALFORMED;
    }
    *rest = after;
    return OK;
}

enum err unpack_map(struct span *rest, uint32_t count)
{
    ASSERT(count < 16);
    if (rest->len == 0) {
        return ERR_TRUNCATED;
    }
    if (rest->data[0] != (FIXMAP | count)) {
        return ERR_KIND;
    }
    skip(rest, 1);
    return OK;
}

enum err unpack_name(struct span *rest, struct span name)
{
    struct span after = *rest;
    struct span found;
    TRY(unpack_text(&after, name.len, &found));
    if (!span_equal(found, name)) {
        return ERR_KIND;
    }
    *rest = after;
    return OK;
}

enum err unpack_fixed(struct span *rest, uint8_t *out, size_t len)
{
    struct span after = *rest;
    struct span bytes;
    TRY(unpack_bin(&after, len, &bytes));
    if (bytes.len != len) {
        return ERR_MALFORMED;
    }
    memcpy(out, bytes.data, len);
    *rest = after;
    return OK;
}
