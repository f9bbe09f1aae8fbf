/* guard.h: the one gate that every address named by a person or by a foreign answer passes before we connect to it
 * (service addresses, link cards): scheme, port, and the network that the name leads to. The transport asks
 * guard_address_allowed for the very address that it is about to connect to, so a name that resolves differently a
 * moment later gains nothing. Redirects are never followed. Pure. */
#ifndef OPENPOST_ADAPTERS_GUARD_H
#define OPENPOST_ADAPTERS_GUARD_H

#include "core/base/span.h"

#define GUARD_URL_MAX ((size_t)2000) /* bytes; what browsers and caches take */
#define GUARD_LOOPBACK_PORTS_MAX 16

/* What an operator opened for development: loopback addresses on these ports. count 0: none. loopback_only: and nothing
 * else is reached, not even a nameserver. */
struct guard {
    bool loopback_only;
    uint16_t loopback_ports[GUARD_LOOPBACK_PORTS_MAX];
    size_t loopback_count;
};

/* A URL in parts, borrowed from its text. */
struct guard_url {
    bool https;
    struct span host; /* a name or an address, without the brackets of an IPv6 one */
    uint16_t port;    /* 443 or 80 when the URL names none */
    struct span rest; /* path, query: from the first '/' or '?'; may be empty. No fragment. */
};

/* guard_url_parse splits an absolute http or https URL; ERR_MALFORMED for another scheme, user information, an empty or
 * odd host, a port that is no number, white space or control characters; ERR_TOO_LONG. It does not judge where the URL
 * leads. */
enum err guard_url_parse(struct span url, struct guard_url *ret_url) MUST_USE;
/* guard_url_allowed judges what can be judged before the name is resolved: the port is 443 with https, 80 with http, or
 * one of the loopback ports, and a host written as an address is allowed. With loopback_only no name is but
 * localhost, which needs no nameserver. */
bool guard_url_allowed(const struct guard *guard, const struct guard_url *url);

/* An address and port to connect to, in network byte order. */
struct guard_address {
    bool ipv6;
    uint8_t bytes[16]; /* IPv4: the first four */
    uint16_t port;
};

/* guard_address_allowed is true for a public unicast address on port 80 or 443, unless loopback_only, and for a
 * loopback address on a port that the guard opens. Refused: everything in the IANA special-purpose registries (private,
 * shared, loopback, link-local, documentation, benchmarking, multicast, reserved; unique-local, IPv4-mapped, NAT64,
 * 6to4, Teredo …). */
bool guard_address_allowed(const struct guard *guard, const struct guard_address *address);

/* guard_ports_parse reads "2583,8080" into guard; ERR_MALFORMED, ERR_TOO_LONG. */
enum err guard_ports_parse(struct span text, struct guard *ret_guard) MUST_USE;

#endif
