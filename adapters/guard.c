/* guard.c: the URL guard. Tables of refused networks from the IANA IPv4 and IPv6 Special-Purpose Address Registries
 * (RFC 6890 and its updates). Called by the pure job steps (guard_url_*) and by the transport at the moment of
 * connecting (guard_address_allowed). Never resolves a name. */
#include "adapters/guard.h"

#include <arpa/inet.h>

static bool is_host_byte(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
           c == '_';
}

static bool starts_nocase(struct span text, const char *prefix)
{
    const size_t len = strlen(prefix);
    for (size_t i = 0; i < len; i++) {
        const uint8_t c = i < text.len ? text.data[i] : 0;
        if ((c >= 'A' && c <= 'Z' ? c | 0x20 : c) != (uint8_t)prefix[i]) {
            return false;
        }
    }
    return true;
}

static struct span from(struct span text, size_t start)
{
    return span_of(text.data + start, text.len - start);
}

/* authority without user information -> host and port */
static enum err parse_authority(struct span authority, struct guard_url *url)
{
    size_t end = 0;
    if (authority.len > 0 && authority.data[0] == '[') {
        end = span_find(authority, ']');
        if (end == authority.len) {
            return ERR_MALFORMED;
        }
        url->host = span_of(authority.data + 1, end - 1);
        char text[INET6_ADDRSTRLEN];
        uint8_t bytes[16];
        struct buf copy = buf_of(text, sizeof text);
        buf_put(&copy, url->host);
        if (buf_terminated(&copy) == NULL || inet_pton(AF_INET6, text, bytes) != 1) {
            return ERR_MALFORMED;
        }
        end++;
    } else {
        while (end < authority.len && is_host_byte(authority.data[end])) {
            end++;
        }
        url->host = span_of(authority.data, end);
        if (end == 0 || end > 253 || authority.data[0] == '.' || authority.data[0] == '-') {
            return ERR_MALFORMED;
        }
    }
    if (end == authority.len) {
        return OK;
    }
    uint64_t port = 0;
    if (authority.data[end] != ':' || authority.len - end > 6 || span_to_u64(from(authority, end + 1), &port) != OK ||
        port == 0 || port > UINT16_MAX) {
        return ERR_MALFORMED;
    }
    url->port = (uint16_t)port;
    return OK;
}

enum err guard_url_parse(struct span url, struct guard_url *ret_url)
{
    if (url.len > GUARD_URL_MAX) {
        return ERR_TOO_LONG;
    }
    struct guard_url parsed = {.https = starts_nocase(url, "https://")};
    if (!parsed.https && !starts_nocase(url, "http://")) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < url.len; i++) {
        if (url.data[i] <= ' ' || url.data[i] == 0x7F || url.data[i] == '\\') {
            return ERR_MALFORMED;
        }
    }
    parsed.port = parsed.https ? 443 : 80;
    const struct span after = from(url, parsed.https ? 8 : 7);
    size_t end = 0;
    while (end < after.len && strchr("/?#", after.data[end]) == NULL) {
        end++;
    }
    TRY(parse_authority(span_of(after.data, end), &parsed));
    const struct span rest = from(after, end);
    parsed.rest = span_of(rest.data, span_find(rest, '#'));
    *ret_url = parsed;
    return OK;
}

struct network4 {
    uint32_t base;
    unsigned bits;
};

static const struct network4 refused4[] = {
    {0x00000000, 8 }, /* this network */
    {0x0A000000, 8 }, /* private */
    {0x64400000, 10}, /* shared address space (CGNAT) */
    {0x7F000000, 8 }, /* loopback */
    {0xA9FE0000, 16}, /* link-local */
    {0xAC100000, 12}, /* private */
    {0xC0000000, 24}, /* IETF protocol assignments */
    {0xC0000200, 24}, /* documentation */
    {0xC01FC400, 24}, /* AS112 */
    {0xC034C100, 24}, /* AMT */
    {0xC0586300, 24}, /* 6to4 relay anycast */
    {0xC0A80000, 16}, /* private */
    {0xC0AF3000, 24}, /* AS112 */
    {0xC6120000, 15}, /* benchmarking */
    {0xC6336400, 24}, /* documentation */
    {0xCB007100, 24}, /* documentation */
    {0xE0000000, 3 }, /* multicast, reserved, broadcast */
};

struct network6 {
    uint8_t base[4];
    unsigned bits;
};

/* Within 2000::/3, the only global unicast there is. */
static const struct network6 refused6[] = {
    {{0x20, 0x01, 0x00, 0x00}, 23}, /* IETF protocol assignments, Teredo, benchmarking, ORCHID */
    {{0x20, 0x01, 0x0D, 0xB8}, 32}, /* documentation */
    {{0x20, 0x02, 0x00, 0x00}, 16}, /* 6to4: leads to any IPv4 address */
    {{0x3F, 0xFF, 0x00, 0x00}, 20}, /* documentation */
};

static bool within(uint32_t address, uint32_t base, unsigned bits)
{
    return (address ^ base) >> (32 - bits) == 0;
}

static bool is_public(const struct guard_address *address)
{
    const uint32_t head = get_be32(address->bytes);
    if (!address->ipv6) {
        for (size_t i = 0; i < sizeof refused4 / sizeof *refused4; i++) {
            if (within(head, refused4[i].base, refused4[i].bits)) {
                return false;
            }
        }
        return true;
    }
    if (!within(head, 0x20000000, 3)) {
        return false;
    }
    for (size_t i = 0; i < sizeof refused6 / sizeof *refused6; i++) {
        if (within(head, get_be32(refused6[i].base), refused6[i].bits)) {
            return false;
        }
    }
    return true;
}

static bool is_loopback(const struct guard_address *address)
{
    static const uint8_t loopback6[16] = {[15] = 1};
    return address->ipv6 ? memcmp(address->bytes, loopback6, sizeof loopback6) == 0 : address->bytes[0] == 127;
}

static bool port_opened(const struct guard *guard, uint16_t port)
{
    for (size_t i = 0; i < guard->loopback_count; i++) {
        if (guard->loopback_ports[i] == port) {
            return true;
        }
    }
    return false;
}

bool guard_address_allowed(const struct guard *guard, const struct guard_address *address)
{
    if (is_loopback(address)) {
        return port_opened(guard, address->port);
    }
    return !guard->loopback_only && (address->port == 443 || address->port == 80) && is_public(address);
}

static bool name_allowed(const struct guard *guard, struct span name)
{
    return !guard->loopback_only || (name.len == strlen("localhost") && starts_nocase(name, "localhost"));
}

bool guard_url_allowed(const struct guard *guard, const struct guard_url *url)
{
    if (url->port != (url->https ? 443 : 80) && !port_opened(guard, url->port)) {
        return false;
    }
    char text[INET6_ADDRSTRLEN + 1];
    struct buf copy = buf_of(text, sizeof text);
    buf_put(&copy, url->host);
    if (buf_terminated(&copy) == NULL) {
        return name_allowed(guard, url->host); /* too long for an address */
    }
    struct guard_address address = {.port = url->port};
    if (inet_pton(AF_INET, text, address.bytes) == 1) {
        return guard_address_allowed(guard, &address);
    }
    address.ipv6 = true;
    if (inet_pton(AF_INET6, text, address.bytes) == 1) {
        return guard_address_allowed(guard, &address);
    }
    return name_allowed(guard, url->host);
}

enum err guard_ports_parse(struct span text, struct guard *ret_guard)
{
    struct guard guard = {0};
    while (text.len > 0) {
        const size_t end = span_find(text, ',');
        uint64_t port = 0;
        if (span_to_u64(span_of(text.data, end), &port) != OK || port == 0 || port > UINT16_MAX) {
            return ERR_MALFORMED;
        }
        if (guard.loopback_count == GUARD_LOOPBACK_PORTS_MAX) {
            return ERR_TOO_LONG;
        }
        guard.loopback_ports[guard.loopback_count] = (uint16_t)port;
        guard.loopback_count++;
        text = end == text.len ? from(text, end) : from(text, end + 1);
    }
    *ret_guard = guard;
    return OK;
}
