/* guard_fuzz.c: the gate that addresses from outside pass (adapters/guard.h). The first byte says which: 'u' a URL; 'a'
 * an address, behind whether it is IPv6 and its port; 'p' a list of ports. */
#include "adapters/guard.h"
#include "tests/fuzz/fuzz.h"

static const struct guard closed = {.loopback_count = 0};
static const struct guard open_8080 = {.loopback_ports = {8080}, .loopback_count = 1};
static const struct guard local_8080 = {.loopback_only = true, .loopback_ports = {8080}, .loopback_count = 1};

static bool is_within(struct span part, struct span whole)
{
    return part.len == 0 || (part.data >= whole.data && part.data + part.len <= whole.data + whole.len);
}

/* The parts are places of the URL, in order, and hold nothing that another reader might split differently. */
static void check_url(struct span text)
{
    struct guard_url url;
    if (guard_url_parse(text, &url) != OK) {
        return;
    }
    ASSERT(text.len <= GUARD_URL_MAX && url.host.len > 0 && is_within(url.host, text) && is_within(url.rest, text));
    ASSERT(url.port > 0 && (url.rest.len == 0 || url.rest.data[0] == '/' || url.rest.data[0] == '?'));
    for (size_t i = 0; i < url.host.len; i++) {
        ASSERT(url.host.data[i] > ' ' && url.host.data[i] < 0x7F && memchr("@/?#\\%", url.host.data[i], 6) == NULL);
    }
    for (size_t i = 0; i < url.rest.len; i++) {
        ASSERT(url.rest.data[i] > ' ' && url.rest.data[i] != 0x7F && url.rest.data[i] != '#');
    }
    if (guard_url_allowed(&closed, &url)) {
        ASSERT(url.port == (url.https ? 443 : 80));
        ASSERT(guard_url_allowed(&open_8080, &url)); /* opening more forbids nothing */
    }
}

/* Networks that no public address lies in (RFC 6890), read from text, beside the guard's table. */
static bool is_private(const struct guard_address *address)
{
    const uint8_t *b = address->bytes;
    if (address->ipv6) {
        return (b[0] & 0xE0) != 0x20; /* global unicast is 2000::/3 */
    }
    return b[0] == 0 || b[0] == 10 || b[0] == 127 || b[0] >= 224 || (b[0] == 169 && b[1] == 254) ||
           (b[0] == 172 && b[1] >= 16 && b[1] < 32) || (b[0] == 192 && b[1] == 168) ||
           (b[0] == 100 && b[1] >= 64 && b[1] < 128);
}

static void check_address(struct span input)
{
    struct guard_address address = {0};
    if (input.len < 3 + sizeof address.bytes) {
        return;
    }
    address.ipv6 = (input.data[0] & 1) != 0;
    address.port = (uint16_t)(input.data[1] << 8 | input.data[2]);
    memcpy(address.bytes, input.data + 3, sizeof address.bytes);
    if (guard_address_allowed(&closed, &address)) {
        ASSERT(!is_private(&address) && (address.port == 80 || address.port == 443));
        ASSERT(guard_address_allowed(&open_8080, &address));
        ASSERT(!guard_address_allowed(&local_8080, &address));
    } else if (guard_address_allowed(&open_8080, &address)) {
        ASSERT(guard_address_allowed(&local_8080, &address));
        ASSERT(address.port == 8080 && (address.ipv6 ? address.bytes[15] == 1 : address.bytes[0] == 127));
    }
}

static void check_ports(struct span text)
{
    struct guard guard = {.loopback_count = 0};
    if (guard_ports_parse(text, &guard) == OK) {
        ASSERT(guard.loopback_count <= GUARD_LOOPBACK_PORTS_MAX);
        for (size_t i = 0; i < guard.loopback_count; i++) {
            ASSERT(guard.loopback_ports[i] > 0);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct span rest = len > 0 ? span_of(data + 1, len - 1) : (struct span){0};
    switch (len > 0 ? data[0] : 0) {
    case 'u':
        check_url(rest);
        break;
    case 'a':
        check_address(rest);
        break;
    case 'p':
        check_ports(rest);
        break;
    default:
        break;
    }
    return 0;
}
