/* site.c: see site.h. Called by main.c at the start and by exchange.c. Must never take a page of another site for ours:
 * whatever is not understood is refused. */
#include "gateway/sign_in/site.h"

#define HOST_MAX 253 /* RFC 1035 section 2.3.4, as text */

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

/* Takes a scheme, in any case (RFC 3986 section 3.1), off the text. */
static bool take_scheme(struct span *text, const char *scheme)
{
    const size_t len = strlen(scheme);
    bool same = text->len >= len;
    for (size_t i = 0; same && i < len; i++) {
        same = lower(text->data[i]) == (uint8_t)scheme[i];
    }
    if (same) {
        *text = span_of(text->data + len, text->len - len);
    }
    return same;
}

/* Letters, digits, dots and hyphens; in brackets an IPv6 address. No user, no escapes. */
static bool is_host(struct span host)
{
    const bool brackets = host.len >= 4 && host.data[0] == '[' && host.data[host.len - 1] == ']';
    bool good = host.len >= 1 && host.len <= HOST_MAX;
    for (size_t i = 0; good && i < host.len; i++) {
        const uint8_t c = lower(host.data[i]);
        const bool digit = c >= '0' && c <= '9';
        const bool inside = brackets && i > 0 && i < host.len - 1;
        good = inside     ? digit || (c >= 'a' && c <= 'f') || c == ':' || c == '.'
               : brackets ? true
                          : digit || (c >= 'a' && c <= 'z') || c == '-' || c == '.';
    }
    return good;
}

static bool is_loopback(const char *host)
{
    uint64_t part = 0;
    struct span text = span_text(host);
    if (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0) {
        return true;
    }
    for (unsigned i = 0; i < 4; i++) { /* 127.0.0.0/8 */
        const size_t dot = span_find(text, '.');
        if ((dot == text.len) != (i == 3) || span_to_u64(span_of(text.data, dot), &part) != OK || part > 255 ||
            (i == 0 && part != 127)) {
            return false;
        }
        text = i == 3 ? text : span_of(text.data + dot + 1, text.len - dot - 1);
    }
    return true;
}

/* Where the port's colon is; the text's length: there is none. An IPv6 address has colons of its own. */
static size_t find_port(struct span place)
{
    size_t at = place.len;
    while (at > 0 && place.data[at - 1] != ':' && place.data[at - 1] != ']') {
        at--;
    }
    return at > 0 && place.data[at - 1] == ':' ? at - 1 : place.len;
}

enum err site_read(struct span url, struct site *ret_site)
{
    struct site site = {.secure = take_scheme(&url, "https://")};
    uint64_t port = site.secure ? 443 : 80;
    const uint64_t usual = port;
    char host_text[HOST_MAX + 1];
    if (!site.secure && !take_scheme(&url, "http://")) {
        return ERR_MALFORMED;
    }
    const struct span place = span_of(url.data, url.len > 0 && url.data[url.len - 1] == '/' ? url.len - 1 : url.len);
    const size_t colon = find_port(place);
    const struct span host = span_of(place.data, colon);
    if (!is_host(host) ||
        (colon < place.len && (span_to_u64(span_of(place.data + colon + 1, place.len - colon - 1), &port) != OK ||
                               port == 0 || port > 65535))) {
        return ERR_MALFORMED;
    }
    struct buf lowered = buf_of(host_text, sizeof host_text);
    for (size_t i = 0; i < host.len; i++) {
        buf_byte(&lowered, lower(host.data[i]));
    }
    const char *name = buf_terminated(&lowered);
    if (!site.secure && !is_loopback(name)) {
        return ERR_UNSUPPORTED;
    }
    struct buf origin = buf_of(site.origin, sizeof site.origin);
    buf_text(&origin, site.secure ? "https://" : "http://");
    buf_text(&origin, name);
    if (port != usual) {
        buf_byte(&origin, ':');
        buf_u64(&origin, port);
    }
    if (buf_terminated(&origin) == NULL) {
        return ERR_MALFORMED;
    }
    *ret_site = site;
    return OK;
}

bool site_is_origin(const struct site *site, struct span origin, struct span fetch_site)
{
    return site->origin[0] != 0 && origin.data != NULL && span_equal(origin, span_text(site->origin)) &&
           (fetch_site.data == NULL || span_equal(fetch_site, SPAN("same-origin")));
}
