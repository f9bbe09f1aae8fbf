/* forwarded_fuzz.c: what a proxy's headers say of who asks. The input: lines, of X-Forwarded-For and Forwarded in turn;
 * or, behind a byte 'n', a list of networks. */
#include "gateway/forwarded.h"
#include "tests/fuzz/fuzz.h"

static struct net_address address_of(const char *text)
{
    struct net_address address;
    const enum err err = net_address_read(span_text(text), &address);
    ASSERT(err == OK);
    return address;
}

static struct forwarded headers_of(struct span text)
{
    struct forwarded headers = {.forwarded_count = 0};
    bool listed = true;
    while (text.len > 0 && headers.forwarded_count < FORWARDED_MAX) {
        const size_t end = span_find(text, '\n');
        const struct span line = span_of(text.data, end);
        if (listed) {
            headers.x_forwarded_for[headers.x_forwarded_for_count++] = line;
        } else {
            headers.forwarded[headers.forwarded_count++] = line;
        }
        listed = !listed;
        text = end < text.len ? span_of(text.data + end + 1, text.len - end - 1) : span_of(NULL, 0);
    }
    return headers;
}

static bool is_same(const struct net_address *a, const struct net_address *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* Nobody who is not trusted is believed; and what is sent beside what a proxy wrote makes nobody somebody else than the
 * one whom it names, or the proxy. */
static void check_headers(struct span text)
{
    struct proxies proxies;
    struct proxies nobody = {.count = 0};
    const enum err err = proxies_read(SPAN("127.0.0.1,10.0.0.0/8"), &proxies);
    ASSERT(err == OK);
    const struct net_address peer = address_of("127.0.0.1");
    const struct net_address stranger = address_of("192.0.2.1");
    struct forwarded headers = headers_of(text);
    struct net_address client = forwarded_client(&nobody, &peer, &headers);
    ASSERT(is_same(&client, &peer));
    client = forwarded_client(&proxies, &stranger, &headers);
    ASSERT(is_same(&client, &stranger));
    (void)forwarded_client(&proxies, &peer, &headers);
    if (headers.x_forwarded_for_count < FORWARDED_MAX) {
        const struct net_address seen = address_of("198.51.100.7");
        headers.x_forwarded_for[headers.x_forwarded_for_count++] = SPAN("198.51.100.7"); /* what the proxy appends */
        client = forwarded_client(&proxies, &peer, &headers);
        ASSERT(is_same(&client, &seen) || is_same(&client, &peer));
        headers.forwarded_count = 0;
        client = forwarded_client(&proxies, &peer, &headers);
        ASSERT(is_same(&client, &seen));
    }
}

static void check_networks(struct span text)
{
    struct proxies proxies;
    if (proxies_read(text, &proxies) != OK) {
        return;
    }
    ASSERT(proxies.count >= 1);
    ASSERT(proxies.count <= PROXIES_MAX);
    for (unsigned i = 0; i < proxies.count; i++) {
        ASSERT(proxies.networks[i].bits >= 1);
        ASSERT(proxies.networks[i].bits <= 128);
        ASSERT(proxies_has(&proxies, &proxies.networks[i].address));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len > 0 && data[0] == 'n') {
        check_networks(span_of(data + 1, len - 1));
    } else {
        check_headers(span_of(data, len));
    }
    return 0;
}
