/* forwarded.c: see forwarded.h. Called by the server's head, on the connection's thread, and at the start for the list.
 * Must never believe what stands left of somebody who is not trusted. */
#include "gateway/forwarded.h"

#include <arpa/inet.h>
#include <strings.h>

#include "gateway/header_value.h"

#define V4_BITS 32
#define V6_BITS 128

/* --- addresses --- */

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

bool net_address_is_v4(const struct net_address *address)
{
    return memcmp(address->bytes, mapped, sizeof mapped) == 0;
}

enum err net_address_read(struct span text, struct net_address *ret_address)
{
    char copy[INET6_ADDRSTRLEN];
    struct net_address address;
    if (text.len == 0 || text.len >= sizeof copy || memchr(text.data, 0, text.len) != NULL) {
        return ERR_MALFORMED;
    }
    memcpy(copy, text.data, text.len);
    copy[text.len] = 0;
    if (inet_pton(AF_INET, copy, address.bytes + sizeof mapped) == 1) {
        memcpy(address.bytes, mapped, sizeof mapped);
    } else if (inet_pton(AF_INET6, copy, address.bytes) != 1) {
        return ERR_MALFORMED;
    }
    *ret_address = address;
    return OK;
}

static bool is_same_to(const struct net_address *a, const struct net_address *b, unsigned bits)
{
    const unsigned whole = bits / 8;
    const unsigned rest = bits % 8;
    const uint8_t mask = (uint8_t)(0xff00U >> rest);
    return memcmp(a->bytes, b->bytes, whole) == 0 && (rest == 0 || ((a->bytes[whole] ^ b->bytes[whole]) & mask) == 0);
}

static bool is_bare_behind(const struct net_address *address, unsigned bits)
{
    for (unsigned bit = bits; bit < V6_BITS; bit++) {
        if ((address->bytes[bit / 8] & 0x80U >> bit % 8) != 0) {
            return false;
        }
    }
    return true;
}

/* --- whom we trust --- */

static enum err add(struct proxies *proxies, struct span text)
{
    const size_t slash = span_find(text, '/');
    const bool is_v4 = span_find(text, ':') == text.len;
    const unsigned most = is_v4 ? V4_BITS : V6_BITS;
    uint64_t bits = most;
    struct net_address address;
    TRY(proxies->count == PROXIES_MAX ? ERR_TOO_LONG : OK);
    TRY(net_address_read(span_of(text.data, slash), &address));
    if (slash < text.len) {
        TRY(span_to_u64(span_of(text.data + slash + 1, text.len - slash - 1), &bits));
        TRY(bits == 0 || bits > most ? ERR_RANGE : OK);
    }
    const unsigned length = (unsigned)bits + V6_BITS - most;
    TRY(is_bare_behind(&address, length) ? OK : ERR_RANGE);
    proxies->networks[proxies->count].address = address;
    proxies->networks[proxies->count].bits = length;
    proxies->count++;
    return OK;
}

enum err proxies_read(struct span text, struct proxies *ret_proxies)
{
    struct proxies proxies = {.count = 0};
    struct span rest = text;
    size_t comma = 0;
    do {
        comma = span_find(rest, ',');
        TRY(add(&proxies, span_of(rest.data, comma)));
        rest = comma < rest.len ? span_of(rest.data + comma + 1, rest.len - comma - 1) : span_of(NULL, 0);
    } while (rest.data != NULL);
    *ret_proxies = proxies;
    return OK;
}

bool proxies_has(const struct proxies *proxies, const struct net_address *address)
{
    for (unsigned i = 0; i < proxies->count; i++) {
        if (is_same_to(&proxies->networks[i].address, address, proxies->networks[i].bits)) {
            return true;
        }
    }
    return false;
}

/* --- what a proxy appended --- */

/* The last FORWARDED_HOPS of them, oldest first from count on. */
struct hops {
    struct span nodes[FORWARDED_HOPS];
    unsigned count;
};

static void push(struct hops *hops, struct span node)
{
    hops->nodes[hops->count % FORWARDED_HOPS] = node;
    hops->count++;
}

static bool is_port(struct span text)
{
    uint64_t port = 0;
    return span_to_u64(text, &port) == OK && port <= UINT16_MAX;
}

/* An address, perhaps with a port; an IPv6 one with a port stands in brackets. */
static enum err read_node(struct span node, struct net_address *ret_address)
{
    const size_t colon = span_find(node, ':');
    if (node.len > 0 && node.data[0] == '[') {
        const size_t close = span_find(node, ']');
        const bool ends = close + 1 == node.len;
        const bool has_port = close + 2 < node.len && node.data[close + 1] == ':' &&
                              is_port(span_of(node.data + close + 2, node.len - close - 2));
        const struct span inside = close < node.len ? span_of(node.data + 1, close - 1) : node;
        TRY((ends || has_port) && span_find(inside, ':') < inside.len ? OK : ERR_MALFORMED);
        return net_address_read(inside, ret_address);
    }
    const struct span behind = colon < node.len ? span_of(node.data + colon + 1, node.len - colon - 1) : node;
    if (colon < node.len && span_find(behind, ':') == behind.len) { /* one colon: IPv4 and a port */
        TRY(is_port(behind) ? OK : ERR_MALFORMED);
        return net_address_read(span_of(node.data, colon), ret_address);
    }
    return net_address_read(node, ret_address);
}

static struct net_address walk(const struct proxies *proxies, const struct net_address *peer, const struct hops *hops)
{
    struct net_address at = *peer;
    struct net_address next;
    const unsigned kept = hops->count < FORWARDED_HOPS ? hops->count : FORWARDED_HOPS;
    for (unsigned i = 0; i < kept && proxies_has(proxies, &at); i++) {
        if (read_node(hops->nodes[(hops->count - 1 - i) % FORWARDED_HOPS], &next) != OK) {
            break;
        }
        at = next;
    }
    return at;
}

/* --- X-Forwarded-For: addresses with commas between --- */

static void take_list(struct span rest, struct hops *hops)
{
    while (rest.len > 0) {
        const size_t comma = span_find(rest, ',');
        const struct span node = header_trimmed(span_of(rest.data, comma));
        if (node.len > 0) {
            push(hops, node);
        }
        rest = comma < rest.len ? span_of(rest.data + comma + 1, rest.len - comma - 1) : span_of(NULL, 0);
    }
}

/* --- Forwarded: for=192.0.2.60;proto=https, for="[2001:db8::1]:4711" --- */

static bool is_token_byte(uint8_t c)
{
    static const uint8_t more[] = "!#$%&'*+-.^_`|~";
    const bool alnum = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
    return alnum || (c != 0 && memchr(more, c, sizeof more - 1) != NULL);
}

static struct span take_token(struct span *rest)
{
    size_t len = 0;
    while (len < rest->len && is_token_byte(rest->data[len])) {
        len++;
    }
    const struct span token = span_of(rest->data, len);
    *rest = span_of(rest->data + len, rest->len - len);
    return token;
}

/* What is between the quotes, as it stands: no address has a backslash in it. False: it has no end. */
static bool take_quoted(struct span *rest, struct span *ret_value)
{
    size_t at = 1;
    while (at < rest->len && rest->data[at] != '"') {
        at += rest->data[at] == '\\' ? 2 : 1;
    }
    if (at >= rest->len) {
        return false;
    }
    *ret_value = span_of(rest->data + 1, at - 1);
    *rest = span_of(rest->data + at + 1, rest->len - at - 1);
    return true;
}

static bool skip(struct span *rest, uint8_t c)
{
    *rest = header_trimmed(*rest);
    const bool there = rest->len > 0 && rest->data[0] == c;
    if (there) {
        *rest = span_of(rest->data + 1, rest->len - 1);
    }
    return there;
}

/* One name=value; that of "for" into *node. False: it is none, or the second "for". */
static bool take_pair(struct span *rest, struct span *node)
{
    const struct span name = take_token(rest);
    struct span value;
    if (name.len == 0 || rest->len < 2 || rest->data[0] != '=') {
        return false;
    }
    *rest = span_of(rest->data + 1, rest->len - 1);
    if (rest->data[0] == '"') {
        if (!take_quoted(rest, &value)) {
            return false;
        }
    } else {
        value = take_token(rest);
    }
    if (name.len == 3 && strncasecmp((const char *)name.data, "for", 3) == 0) {
        const bool first = node->data == NULL;
        *node = value;
        return first && value.len > 0;
    }
    return true;
}

/* False: it is not as RFC 7239, 4 says, and nobody knows where its elements end. */
static bool take_forwarded(struct span rest, struct hops *hops)
{
    do {
        struct span node = {0};
        rest = header_trimmed(rest);
        const bool is_empty = rest.len == 0 || rest.data[0] == ',';
        while (!is_empty) {
            rest = header_trimmed(rest);
            if (rest.len > 0 && rest.data[0] != ';' && rest.data[0] != ',' && !take_pair(&rest, &node)) {
                return false;
            }
            if (!skip(&rest, ';')) {
                break;
            }
        }
        if (!is_empty) {
            push(hops, node.data != NULL ? node : SPAN("unknown")); /* a proxy that does not say whom it saw */
        }
    } while (skip(&rest, ','));
    return rest.len == 0;
}

struct net_address forwarded_client(const struct proxies *proxies, const struct net_address *peer,
                                    const struct forwarded *headers)
{
    struct hops listed = {.count = 0};
    struct hops told = {.count = 0};
    const unsigned lists = headers->x_forwarded_for_count;
    const unsigned tellings = headers->forwarded_count;
    if (lists > FORWARDED_MAX || tellings > FORWARDED_MAX) {
        return *peer;
    }
    for (unsigned i = 0; i < lists; i++) {
        take_list(headers->x_forwarded_for[i], &listed);
    }
    bool readable = true;
    for (unsigned i = 0; i < tellings; i++) {
        readable = readable && take_forwarded(headers->forwarded[i], &told);
    }
    const struct net_address by_list = walk(proxies, peer, &listed);
    const struct net_address by_telling = readable ? walk(proxies, peer, &told) : *peer;
    if (lists == 0) {
        return by_telling;
    }
    return tellings == 0 || memcmp(&by_list, &by_telling, sizeof by_list) == 0 ? by_list : *peer;
}
