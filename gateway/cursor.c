/* cursor.c: where a list's next page begins, as clients get it: opaque, and good for that list of that workspace only,
 * with the same filters in the same order.
 * The hexadecimal form of the position and of 8 bytes of a keyed hash of it, so that a changed one is refused; the
 * position is covered by what that hash keys (a synthetic IV, as in RFC 5297), for it may be that of something that is
 * not there for who asks. Called by the handlers of lists. */
#include "core/base/assert.h"
#include "core/base/sha256.h"
#include "gateway/gate/ask.h"
#include "gateway/gateway.h"

#define TAG_LEN 8

static void tag_of(struct exchange *x, struct span position, uint8_t ret_tag[TAG_LEN])
{
    uint8_t bytes[MARKED_MAX];
    struct buf marked = buf_of(bytes, sizeof bytes);
    uint8_t filters[8];
    put_be64(filters, exchange_filters(x));
    buf_put(&marked, span_of(filters, sizeof filters));
    buf_text(&marked, x->route->id);
    buf_byte(&marked, 0);
    buf_put(&marked, span_of(x->id.uuid, sizeof x->id.uuid)); /* whose list it is: a post's history, a series' posts */
    buf_put(&marked, position);
    ASSERT(buf_ok(&marked));
    uint8_t hash[32];
    pass_mark(x->pass, buf_span(&marked), hash);
    memcpy(ret_tag, hash, TAG_LEN);
}

/* Covers the bytes of a position, or uncovers them. What is hashed is shorter than what tag_of hashes. */
static void cover(struct exchange *x, const uint8_t tag[TAG_LEN], uint8_t *bytes, size_t len)
{
    uint8_t pad[SHA256_LEN];
    for (size_t at = 0; at < len; at += sizeof pad) {
        uint8_t what[1 + TAG_LEN] = {(uint8_t)(at / sizeof pad)};
        memcpy(what + 1, tag, TAG_LEN);
        pass_mark(x->pass, span_of(what, sizeof what), pad);
        for (size_t i = 0; i < sizeof pad && at + i < len; i++) {
            bytes[at + i] ^= pad[i];
        }
    }
}

static void put_position(struct exchange *x, struct span position, struct buf *out)
{
    uint8_t tag[TAG_LEN];
    uint8_t covered[CURSOR_MAX];
    ASSERT(position.len > 0 && position.len <= CURSOR_MAX);
    tag_of(x, position, tag);
    memcpy(covered, position.data, position.len);
    cover(x, tag, covered, position.len);
    buf_byte(out, '"');
    buf_hex(out, span_of(covered, position.len));
    buf_hex(out, span_of(tag, sizeof tag));
    buf_byte(out, '"');
}

void exchange_cursor_put_u64(struct exchange *x, uint64_t position, struct buf *out)
{
    uint8_t bytes[8];
    put_be64(bytes, position);
    put_position(x, span_of(bytes, sizeof bytes), out);
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hex(struct span text, uint8_t *bytes, size_t cap)
{
    if (text.len % 2 != 0 || text.len / 2 > cap) {
        return false;
    }
    for (size_t i = 0; i < text.len / 2; i++) {
        const int high = hex_digit(text.data[2 * i]);
        const int low = hex_digit(text.data[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool exchange_cursor(struct exchange *x, struct cursor *ret_cursor)
{
    const struct span text = exchange_query(x, "cursor", 0);
    ret_cursor->position = (struct span){0};
    if (text.data == NULL) {
        return true;
    }
    uint8_t tag[TAG_LEN];
    bool good = read_hex(text, ret_cursor->bytes, sizeof ret_cursor->bytes) && text.len / 2 > TAG_LEN;
    if (good) {
        ret_cursor->position = span_of(ret_cursor->bytes, text.len / 2 - TAG_LEN);
        cover(x, ret_cursor->bytes + ret_cursor->position.len, ret_cursor->bytes, ret_cursor->position.len);
        tag_of(x, ret_cursor->position, tag);
        good = span_equal_secret(span_of(tag, TAG_LEN), span_of(ret_cursor->bytes + ret_cursor->position.len, TAG_LEN));
    }
    if (!good) {
        exchange_parameter(x, REFUSED_cursor_invalid, "cursor", NULL);
    }
    return good;
}

/* A position of len bytes, or none. A cursor is of the list that it is given to, so another length is nobody's mistake
 * but ours; it is refused all the same. */
static bool cursor_of_len(struct exchange *x, struct cursor *ret_cursor, size_t len)
{
    if (!exchange_cursor(x, ret_cursor)) {
        return false;
    }
    if (ret_cursor->position.data != NULL && ret_cursor->position.len != len) {
        exchange_parameter(x, REFUSED_cursor_invalid, "cursor", NULL);
        return false;
    }
    return true;
}

bool exchange_cursor_u64(struct exchange *x, uint64_t *position)
{
    struct cursor cursor;
    if (!cursor_of_len(x, &cursor, sizeof *position)) {
        return false;
    }
    if (cursor.position.data != NULL) {
        *position = get_be64(cursor.position.data);
    }
    return true;
}

bool exchange_id_page(struct exchange *x, struct id_page *ret_page)
{
    struct cursor cursor;
    *ret_page = (struct id_page){.after = NULL};
    if (!exchange_limit(x, &ret_page->limit) || !cursor_of_len(x, &cursor, sizeof ret_page->room)) {
        return false;
    }
    if (cursor.position.data != NULL) {
        memcpy(&ret_page->room, cursor.position.data, sizeof ret_page->room);
        ret_page->after = &ret_page->room;
    }
    return true;
}

void exchange_page_end(struct exchange *x, struct span last, struct buf *out)
{
    buf_text(out, ",\"next_cursor\":");
    if (last.data != NULL) {
        put_position(x, last, out);
    } else {
        buf_text(out, "null");
    }
    buf_byte(out, '}');
}

void exchange_page_end_u64(struct exchange *x, uint64_t last, struct buf *out)
{
    uint8_t bytes[8];
    put_be64(bytes, last);
    exchange_page_end(x, span_of(last != 0 ? bytes : NULL, last != 0 ? sizeof bytes : 0), out);
}

void exchange_id_page_end(struct exchange *x, const struct id *last, struct buf *out)
{
    buf_byte(out, ']');
    exchange_page_end(x, span_of(last, last != NULL ? sizeof *last : 0), out);
}
