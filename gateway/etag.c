/* etag.c: see etag.h. Called by exchange.c for what a client saw, by answer.c for what it knows already. */
#include "gateway/etag.h"

#include "core/base/assert.h"

struct span etag_of(uint64_t version, const char *word, char text[ETAG_MAX])
{
    struct buf out = buf_of(text, ETAG_MAX);
    buf_byte(&out, '"');
    buf_u64(&out, version);
    buf_text(&out, word != NULL ? "-" : "");
    buf_text(&out, word != NULL ? word : "");
    buf_byte(&out, '"');
    ASSERT(buf_ok(&out));
    return buf_span(&out);
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

/* tag without its last quote, then a hyphen: the same version, shown as something. */
static bool has_word(struct span opaque, struct span tag)
{
    const size_t len = tag.len - 1;
    return opaque.len > len && span_starts_with(opaque, span_of(tag.data, len)) && opaque.data[len] == '-';
}

static enum etag_match match_list(struct span value, struct span tag, bool any_word)
{
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
        const struct span opaque = span_of(rest.data, opaque_len(rest));
        const bool ours = span_equal(opaque, tag) || (any_word && has_word(opaque, tag));
        const enum etag_match one = !ours ? ETAG_OTHER : weak ? ETAG_WEAK : ETAG_STRONG;
        rest = past_blanks(past(rest, opaque.len));
        if (opaque.len == 0 || (rest.len > 0 && rest.data[0] != ',')) {
            return ETAG_MALFORMED;
        }
        match = one > match ? one : match;
    }
    return match;
}

enum etag_match etag_match(struct span value, struct span tag)
{
    return match_list(value, tag, false);
}

enum etag_match etag_match_version(struct span value, uint64_t version)
{
    char text[ETAG_MAX];
    return match_list(value, etag_of(version, NULL, text), true);
}
