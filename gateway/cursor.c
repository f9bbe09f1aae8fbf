/* cursor.c: where a list's next page begins, as clients get it: covered.h's bytes in hexadecimal, good for that list of
 * that workspace only, with the same filters in the same order. Called by the handlers of lists. */
#include "core/base/assert.h"
#include "core/base/covered.h"
#include "gateway/gate/ask.h"
#include "gateway/gateway.h"

_Static_assert(COVERED_HASHED_MAX <= MARKED_MAX, "what is hashed of a cursor can be");

static void mark(const void *context, struct span what, uint8_t ret_hash[32])
{
    const struct exchange *x = context;
    pass_mark(x->pass, what, ret_hash);
}

/* Whose list it is: a post's history, a series' posts. room holds what tells it from others. */
static struct covered_list list_of(struct exchange *x, uint8_t room[COVERED_LIST_MAX])
{
    struct buf which = buf_of(room, COVERED_LIST_MAX);
    uint8_t filters[8];
    put_be64(filters, exchange_filters(x));
    buf_put(&which, span_of(filters, sizeof filters));
    buf_text(&which, x->route->id);
    buf_byte(&which, 0);
    buf_put(&which, span_of(x->id.uuid, sizeof x->id.uuid));
    ASSERT(buf_ok(&which));
    return (struct covered_list){.which = buf_span(&which), .mark = mark, .context = x};
}

static void put_position(struct exchange *x, struct span position, struct buf *out)
{
    uint8_t room[COVERED_LIST_MAX];
    uint8_t bytes[COVERED_MAX];
    struct buf covered = buf_of(bytes, sizeof bytes);
    const struct covered_list list = list_of(x, room);
    covered_put(&list, position, &covered);
    buf_byte(out, '"');
    buf_hex(out, buf_span(&covered));
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
    uint8_t room[COVERED_LIST_MAX];
    const struct covered_list list = list_of(x, room);
    const bool good = read_hex(text, ret_cursor->bytes, sizeof ret_cursor->bytes) &&
                      covered_read(&list, ret_cursor->bytes, text.len / 2, &ret_cursor->position) == OK;
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
