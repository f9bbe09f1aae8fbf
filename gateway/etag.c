/* etag.c: see etag.h. Called by exchange.c for what a client saw, by answer.c for what it knows already. */
#include "gateway/etag.h"

void etag_put(struct buf *out, uint64_t version)
{
    buf_byte(out, '"');
    buf_u64(out, version);
    buf_byte(out, '"');
}

static struct span past(struct span text, size_t len)
{
    return span_of(text.data + len, text.len - len);
}

static struct span past_blanks(struct span text)
{
    while (text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text = past(text, 1);
    }
    return text;
}

/* The length of the opaque tag, quotes and all, at the start of text; 0: there is none. It may hold commas. */
static size_t opaque_len(struct span text)
{
    if (text.len == 0 || text.data[0] != '"') {
        return 0;
    }
    for (size_t i = 1; i < text.len; i++) {
        if (text.data[i] == '"') {
            return i + 1;
        }
        if (text.data[i] <= ' ' || text.data[i] == 0x7F) {
            return 0;
        }
    }
    return 0;
}

enum etag_match etag_match(struct span value, uint64_t version)
{
    char text[32];
    struct buf own = buf_of(text, sizeof text);
    etag_put(&own, version);
    if (span_equal(value, SPAN("*"))) {
        return ETAG_ANY;
    }
    enum etag_match match = ETAG_MALFORMED; /* until there is a tag */
    struct span rest = past_blanks(value);
    while (rest.len > 0) {
        if (rest.data[0] == ',') { /* empty elements do not count (RFC 9110 section 5.6.1.2) */
            rest = past_blanks(past(rest, 1));
            continue;
        }
        const bool weak = span_starts_with(rest, SPAN("W/"));
        rest = past(rest, weak ? 2 : 0);
        const size_t len = opaque_len(rest);
        const enum etag_match one = !span_equal(span_of(rest.data, len), buf_span(&own)) ? ETAG_OTHER
                                    : weak                                               ? ETAG_WEAK
                                                                                         : ETAG_STRONG;
        rest = past_blanks(past(rest, len));
        if (len == 0 || (rest.len > 0 && rest.data[0] != ',')) {
            return ETAG_MALFORMED;
        }
        match = one > match ? one : match;
    }
    return match;
}
