/* request_fuzz.c: what of a request's head the gateway reads after the judge of heads: its query, the cursor in it, and
 * header values. The first byte says which: 'q' a query, after a byte that chooses the route; 'c' a position that a
 * cursor was made of, and behind its length and two bytes what is changed in the cursor; 'a' Authorization; 'm'
 * If-Match after eight bytes of the version; 'i' Idempotency-Key; 't' Content-Type. */
#include <stdlib.h>
#include <strings.h>

#include "core/base/sha256.h"
#include "gateway/etag.h"
#include "gateway/gate/ask.h"
#include "gateway/gateway.h"
#include "gateway/header_value.h"
#include "tests/fuzz/fuzz.h"

#define ARENA_MAX ((size_t)1 << 20)

/* The exchange's side that is not under test: the refusals that were answered, and a pass of one workspace. */
static unsigned answered;

void exchange_problem(struct exchange *exchange, enum refusal refusal, const char *detail, const char *param,
                      const char *more)
{
    (void)detail;
    ASSERT(exchange != NULL && param != NULL && more == NULL);
    ASSERT(strlen(param) < INPUT_PARAM_MAX);
    ASSERT(refusal == REFUSED_cursor_invalid || refusal == REFUSED_parameter_invalid ||
           refusal == REFUSED_parameter_unknown);
    answered++;
}

void pass_mark(const struct pass *pass, struct span what, uint8_t ret_hash[32])
{
    ASSERT(pass == NULL);
    sha256(what, ret_hash);
}

static struct route route_of(uint8_t choice)
{
    return (struct route){.name = (enum route_name)(choice % ROUTE_COUNT), .id = "fuzz"};
}

/* --- queries --- */

/* Every value that the route takes is decoded text, and a number for all of them does not depend on their order. */
static void check_values(struct exchange *x)
{
    const struct parameter *parameter = NULL;
    for (size_t i = 0; (parameter = parameter_at(i)) != NULL; i++) {
        if (parameter->route != x->route->name) {
            continue;
        }
        unsigned count = 0;
        struct span value;
        while ((value = exchange_query(x, parameter->name, count)).data != NULL) {
            ASSERT(span_is_utf8(value));
            count++;
        }
        ASSERT(parameter->repeats || count <= 1);
    }
    /* The same pairs, the last first. */
    const struct span query = x->request->query;
    const uint64_t filters = exchange_filters(x);
    uint8_t *turned = arena_alloc(&x->request->arena, query.len + 1);
    ASSERT(turned != NULL);
    struct buf out = buf_of(turned, query.len + 1);
    size_t end = query.len;
    while (end > 0) {
        size_t start = end;
        while (start > 0 && query.data[start - 1] != '&') {
            start--;
        }
        buf_put(&out, span_of(query.data + start, end - start));
        buf_byte(&out, '&');
        end = start > 0 ? start - 1 : 0;
    }
    x->request->query = span_of(turned, out.len > 0 ? out.len - 1 : 0);
    ASSERT(buf_ok(&out) && exchange_filters(x) == filters);
    x->request->query = query;
}

static bool takes(const struct exchange *x, const char *name)
{
    const struct parameter *parameter = NULL;
    for (size_t i = 0; (parameter = parameter_at(i)) != NULL; i++) {
        if (parameter->route == x->route->name && strcmp(parameter->name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void check_query(struct exchange *x)
{
    if (!exchange_query_check(x)) {
        ASSERT(answered == 1);
        return;
    }
    check_values(x);
    ASSERT(answered == 0);
    if (takes(x, "limit")) {
        uint32_t limit = 0;
        const bool good = exchange_limit(x, &limit);
        ASSERT(good ? limit >= 1 && limit <= LIMIT_MAX : answered == 1);
    }
    if (takes(x, "cursor")) {
        struct cursor cursor; /* nobody guesses 64 bits of a hash */
        ASSERT(!exchange_cursor(x, &cursor) || cursor.position.data == NULL);
    }
}

/* --- cursors --- */

/* A page in the order of ids begins behind the id that the page before it ended with: the cursor that stands in x's
 * query is good for it when it was made of as many bytes as an id has. */
static void check_id_page(struct exchange *x, struct span position)
{
    struct id_page page;
    answered = 0;
    const bool good = exchange_id_page(x, &page);
    ASSERT(good == (position.len == sizeof page.room) && answered == (good ? 0 : 1));
    if (!good) {
        return;
    }
    ASSERT(page.after == &page.room && memcmp(page.after, position.data, position.len) == 0);
    char text[64 + 2 * COVERED_POSITION_MAX];
    char again[sizeof text];
    struct buf out = buf_of(text, sizeof text);
    struct buf expected = buf_of(again, sizeof again);
    exchange_id_page_end(x, page.after, &out);
    buf_text(&expected, "],\"next_cursor\":\"");
    buf_put(&expected,
            span_of(x->request->query.data + sizeof "cursor=" - 1, x->request->query.len - (sizeof "cursor=" - 1)));
    buf_text(&expected, "\"}");
    ASSERT(buf_ok(&out) && span_equal_secret(buf_span(&out), buf_span(&expected))); /* memcmp would tell the fuzzer */
    out = buf_of(text, sizeof text);
    exchange_id_page_end(x, NULL, &out);
    ASSERT(span_equal(buf_span(&out), SPAN("],\"next_cursor\":null}")));
}

/* A cursor gives back the position that it was made of; changed in any place it is refused. */
static void check_cursor(struct exchange *x, struct span input)
{
    const size_t len = input.len < 3 ? 0 : input.data[0] % COVERED_POSITION_MAX + 1;
    if (len == 0 || input.len < 3 + len) {
        return;
    }
    const struct span position = span_of(input.data + 3, len);
    char text[sizeof "cursor=" + 2 * (COVERED_POSITION_MAX + 8) + 2];
    char end[sizeof text + 32];
    const struct span before_it = SPAN(",\"next_cursor\":\"");
    const struct span behind_it = SPAN("\"}");
    struct buf out = buf_of(end, sizeof end);
    struct buf query = buf_of(text, sizeof text);
    exchange_page_end(x, position, &out);
    ASSERT(buf_ok(&out) && out.len > before_it.len + behind_it.len && span_starts_with(buf_span(&out), before_it));
    const size_t cursor_len = out.len - before_it.len - behind_it.len;
    ASSERT(span_equal(span_of(end + before_it.len + cursor_len, behind_it.len), behind_it));
    buf_text(&query, "cursor=");
    buf_put(&query, span_of(end + before_it.len, cursor_len));
    ASSERT(buf_ok(&query));
    struct cursor cursor;
    uint64_t number = 0;
    x->request->query = buf_span(&query);
    ASSERT(exchange_query_check(x) && exchange_cursor(x, &cursor) && span_equal(cursor.position, position));
    ASSERT(exchange_cursor_u64(x, &number) == (len == 8));
    ASSERT(len != 8 || number == get_be64(position.data));
    check_id_page(x, position);
    char *changed = &text[sizeof "cursor=" - 1 + input.data[1] % cursor_len];
    const char before = *changed;
    *changed = (char)input.data[2];
    answered = 0;
    if (*changed != before && exchange_query_check(x)) {
        /* "&" and "%" change which value it is: absent, or shorter. */
        const bool good = exchange_cursor(x, &cursor);
        ASSERT(!good && answered == 1);
    }
}

/* --- header values --- */

static void check_bearer(struct span value)
{
    const struct span key = header_bearer(value);
    const bool is_bearer = value.len > 7 && strncasecmp((const char *)value.data, "bearer ", 7) == 0;
    ASSERT((key.data != NULL) == is_bearer && (key.data == NULL || key.len == value.len - 7));
}

/* A tag counts where it stands as such, and another one after a list of tags makes a longer list. */
static void check_match(struct span input)
{
    if (input.len < 8) {
        return;
    }
    const uint64_t version = get_be64(input.data);
    const struct span value = span_of(input.data + 8, input.len - 8);
    char text[ETAG_MAX];
    const struct span tag = etag_of(version, NULL, text);
    const enum etag_match match = etag_match(value, tag);
    const size_t cap = value.len + 32;
    char *bytes = malloc(cap);
    ASSERT(bytes != NULL);
    const bool is_there = memmem(value.data, value.len, tag.data, tag.len) != NULL;
    ASSERT(is_there || (match != ETAG_STRONG && match != ETAG_WEAK));
    ASSERT((match == ETAG_ANY) == span_equal(value, SPAN("*")));
    struct buf longer = buf_of(bytes, cap);
    buf_put(&longer, value);
    buf_byte(&longer, ',');
    buf_put(&longer, tag);
    if (match == ETAG_OTHER || match == ETAG_WEAK || match == ETAG_STRONG) {
        ASSERT(etag_match(buf_span(&longer), tag) == ETAG_STRONG);
    }
    free(bytes);
}

static void check_type(struct span value)
{
    if (memchr(value.data, 0, value.len) == NULL && header_is_json(value)) {
        char start[64] = {0};
        const size_t space = value.len < sizeof start - 1 ? value.len : sizeof start - 1;
        memcpy(start, value.data, space);
        const char *at = start + strspn(start, " \t");
        ASSERT(at > start + 20 || strncasecmp(at, "application/", 12) == 0);
    }
}

/* A type that names no charset is UTF-8, unless it ends within quotation marks; a type that names another charset is
 * not, whatever it says before. */
static void check_charset(struct span value)
{
    char text[1024];
    struct buf out = buf_of(text, sizeof text);
    buf_put(&out, value);
    buf_byte(&out, 0);
    if (!buf_ok(&out) || memchr(value.data, 0, value.len) != NULL) {
        return;
    }
    ASSERT(header_is_utf8(value) || strcasestr(text, "charset") != NULL || strchr(text, '"') != NULL);
    out.len--;
    buf_text(&out, "; charset=latin1");
    ASSERT(!buf_ok(&out) || !header_is_utf8(buf_span(&out)));
}

static void check_key(struct span value)
{
    if (header_is_idempotency_key(value)) {
        ASSERT(value.len >= 1 && value.len <= 255 && span_is_utf8(value) && memchr(value.data, 0, value.len) == NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len < 2) {
        return 0;
    }
    static struct gateway gateway;
    static struct exchange exchange;
    struct request request = {.method = METHOD_GET};
    const struct span rest = span_of(data + 1, len - 1);
    struct route route = route_of(data[1]);
    arena_init(&request.arena, ARENA_MAX);
    exchange.gateway = &gateway;
    exchange.request = &request;
    exchange.route = &route;
    answered = 0;
    switch (data[0]) {
    case 'q':
        request.query = span_of(data + 2, len - 2);
        check_query(&exchange);
        break;
    case 'c':
        route.name = ROUTE_list_posts;
        check_cursor(&exchange, rest);
        break;
    case 'a':
        check_bearer(rest);
        break;
    case 'm':
        check_match(rest);
        break;
    case 'i':
        check_key(rest);
        break;
    case 't':
        check_type(rest);
        check_charset(rest);
        break;
    default:
        break;
    }
    arena_done(&request.arena);
    return 0;
}
