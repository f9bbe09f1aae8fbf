/* header_value.c: see header_value.h. Called by exchange.c, idempotency.c and forwarded.c. Must never look at anything
 * but the value. */
#include "gateway/header_value.h"

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t';
}

struct span header_trimmed(struct span text)
{
    while (text.len > 0 && is_space(text.data[0])) {
        text = span_of(text.data + 1, text.len - 1);
    }
    while (text.len > 0 && is_space(text.data[text.len - 1])) {
        text.len--;
    }
    return text;
}

/* lower: the same in lower case. */
static bool is_word(struct span text, struct span lower)
{
    bool same = text.len == lower.len;
    for (size_t i = 0; same && i < text.len; i++) {
        const uint8_t c = text.data[i];
        same = (c >= 'A' && c <= 'Z' ? c + 32 : c) == lower.data[i];
    }
    return same;
}

struct span header_bearer(struct span authorization)
{
    const struct span scheme = SPAN("bearer ");
    if (authorization.len <= scheme.len || !is_word(span_of(authorization.data, scheme.len), scheme)) {
        return (struct span){0};
    }
    return span_of(authorization.data + scheme.len, authorization.len - scheme.len);
}

bool header_is_json(struct span content_type)
{
    const struct span bare = header_trimmed(span_of(content_type.data, span_find(content_type, ';')));
    return is_word(bare, SPAN("application/json")) || is_word(bare, SPAN("application/merge-patch+json"));
}

bool header_is_identity(struct span content_encoding)
{
    return content_encoding.data == NULL || is_word(header_trimmed(content_encoding), SPAN("identity"));
}

bool header_is_idempotency_key(struct span key)
{
    bool good = key.len >= 1 && key.len <= 255;
    for (size_t i = 0; i < key.len; i++) {
        good = good && key.data[i] >= 0x20 && key.data[i] <= 0x7E;
    }
    return good;
}
