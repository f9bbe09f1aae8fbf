/* http.c: see http.h. Called by the transport for each line of an answer's head; knows no library. */
#include "adapters/http.h"

static bool name_is(struct span line, const char *name)
{
    const size_t len = strlen(name);
    if (line.len <= len || line.data[len] != ':') {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if ((line.data[i] | 0x20) != (uint8_t)name[i]) {
            return false;
        }
    }
    return true;
}

static struct span value_of(struct span line)
{
    size_t start = span_find(line, ':') + 1;
    size_t end = line.len;
    while (start < end && (line.data[start] == ' ' || line.data[start] == '\t')) {
        start++;
    }
    while (end > start && line.data[end - 1] <= ' ') {
        end--;
    }
    return span_of(line.data + start, end - start);
}

static struct span *header_slot(struct http_headers *headers, struct span line)
{
    return name_is(line, "content-type")          ? &headers->content_type
           : name_is(line, "date")                ? &headers->date
           : name_is(line, "retry-after")         ? &headers->retry_after
           : name_is(line, "ratelimit-limit")     ? &headers->rate_limit
           : name_is(line, "ratelimit-remaining") ? &headers->rate_remaining
           : name_is(line, "ratelimit-reset")     ? &headers->rate_reset
           : name_is(line, "ratelimit-policy")    ? &headers->rate_policy
                                                  : NULL;
}

enum err http_headers_take(struct http_headers *headers, struct span line, struct arena *arena)
{
    enum { VALUE_MAX = 1024 };
    struct span *slot = header_slot(headers, line);
    if (slot == NULL || slot->data != NULL) {
        return OK;
    }
    const struct span value = value_of(line);
    return value.len <= VALUE_MAX ? arena_copy(arena, value, slot) : OK;
}

void http_escape(struct buf *out, struct span text)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.data[i];
        const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                           c == '.' || c == '_' || c == '~';
        if (plain) {
            buf_byte(out, c);
        } else {
            buf_byte(out, '%');
            buf_byte(out, (uint8_t)digits[c >> 4]);
            buf_byte(out, (uint8_t)digits[c & 15]);
        }
    }
}
