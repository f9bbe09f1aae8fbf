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

/* A parameter: charset=utf-8. */
static bool is_of_utf8(struct span parameter)
{
    const size_t name_len = span_find(parameter, '=');
    if (!is_word(header_trimmed(span_of(parameter.data, name_len)), SPAN("charset"))) {
        return true;
    }
    const size_t skip = name_len < parameter.len ? name_len + 1 : name_len;
    struct span value = header_trimmed(span_of(parameter.data + skip, parameter.len - skip));
    if (value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"') {
        value = span_of(value.data + 1, value.len - 2);
    }
    return is_word(value, SPAN("utf-8")) || is_word(value, SPAN("utf8"));
}

/* How long the parameter is that text begins with: a semicolon in quotation marks ends none (RFC 9110 section 5.6.6).
 * More than text: it ends within them. */
static size_t parameter_len(struct span text)
{
    bool quoted = false;
    size_t len = 0;
    while (len < text.len && (quoted || text.data[len] != ';')) {
        const uint8_t c = text.data[len];
        quoted = quoted != (c == '"');
        len += quoted && c == '\\' ? 2 : 1; /* whatever follows stands for itself */
    }
    return quoted ? text.len + 1 : len;
}

bool header_is_utf8(struct span content_type)
{
    bool is_utf8 = true;
    size_t from = span_find(content_type, ';');
    while (is_utf8 && from < content_type.len) {
        const struct span rest = span_of(content_type.data + from + 1, content_type.len - from - 1);
        const size_t len = parameter_len(rest);
        is_utf8 = len <= rest.len && is_of_utf8(span_of(rest.data, len));
        from += 1 + len;
    }
    return is_utf8;
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
