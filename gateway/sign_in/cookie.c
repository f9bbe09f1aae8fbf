/* cookie.c: see cookie.h. Called by exchange.c and the sign-in's handlers. Must never choose among several cookies of
 * our name: a page of another host of the same domain may have planted one. */
#include "gateway/sign_in/cookie.h"

#include "core/base/assert.h"

/* __Host-: browsers take such a cookie from this very host only, over https, for all paths (RFC 6265bis section
 * 4.1.3.2). Over plain http, which is for loopback, they would not. */
static const char *name_of(bool secure)
{
    return secure ? "__Host-openpost" : "openpost";
}

static const char *flow_name_of(bool secure)
{
    return secure ? "__Host-openpost-flow" : "openpost-flow";
}

static struct span without_spaces(struct span text)
{
    while (text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text = span_of(text.data + 1, text.len - 1);
    }
    while (text.len > 0 && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t')) {
        text.len--;
    }
    return text;
}

/* The value of the one cookie of that name; data NULL: there is none, or there are several. */
static struct span find(struct span header, const char *name)
{
    struct span found = {0};
    unsigned count = 0;
    while (header.len > 0) {
        const size_t end = span_find(header, ';');
        const struct span pair = without_spaces(span_of(header.data, end));
        const size_t equals = span_find(pair, '=');
        if (span_equal(without_spaces(span_of(pair.data, equals)), span_text(name))) {
            count++;
            found = equals < pair.len ? without_spaces(span_of(pair.data + equals + 1, pair.len - equals - 1)) : pair;
        }
        header = end < header.len ? span_of(header.data + end + 1, header.len - end - 1) : (struct span){0};
    }
    return count == 1 ? found : (struct span){0};
}

static void write(const char *name, struct span value, bool secure, uint64_t max_age_s, struct buf *text)
{
    buf_text(text, name);
    buf_byte(text, '=');
    buf_put(text, value);
    buf_text(text, secure ? "; Path=/; Secure" : "; Path=/");
    buf_text(text, "; HttpOnly; SameSite=Lax; Max-Age=");
    buf_u64(text, max_age_s);
    ASSERT(buf_terminated(text) != NULL);
}

struct span cookie_token(struct span header, bool secure)
{
    const struct span found = find(header, name_of(secure));
    return found.data != NULL && token_is_one(found) ? found : (struct span){0};
}

void cookie_write(struct span token, bool secure, uint64_t max_age_s, char ret_text[COOKIE_MAX])
{
    struct buf text = buf_of(ret_text, COOKIE_MAX);
    ASSERT(token.len == 0 || token_is_one(token));
    write(name_of(secure), token, secure, max_age_s, &text);
}

struct span cookie_flow(struct span header, bool secure)
{
    return find(header, flow_name_of(secure));
}

void cookie_write_flow(struct span value, bool secure, uint64_t max_age_s, char ret_text[FLOW_COOKIE_MAX])
{
    struct buf text = buf_of(ret_text, FLOW_COOKIE_MAX);
    write(flow_name_of(secure), value, secure, max_age_s, &text);
}
