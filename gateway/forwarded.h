/* forwarded.h: who asks through a proxy. A proxy that is trusted (--trusted-proxy) tells the address of whoever came to
 * it, in X-Forwarded-For or Forwarded (RFC 7239); what anybody else says there counts for nothing. Pure.
 *
 * Each proxy appends whom it saw, so the lists are read from their right end: as long as an address is a trusted
 * proxy's, what it appended is believed; the first that is not is the client. What cannot be read, and a proxy that
 * hides whom it saw, leaves the last address that is known. Where both headers are sent, one of them may be the
 * client's own, passed on: unless both say the same, the client is the nearest proxy. So somebody who makes headers up
 * is counted with all others who do, and never as somebody else. */
#ifndef OPENPOST_GATEWAY_FORWARDED_H
#define OPENPOST_GATEWAY_FORWARDED_H

#include "core/base/span.h"

#define PROXIES_MAX 16    /* networks of proxies: each request walks them, and nobody has more kinds of them */
#define FORWARDED_MAX 8   /* headers of a kind in a request; RFC 9110 joins them into one list */
#define FORWARDED_HOPS 32 /* proxies that a request may have come through; what is left of them is not looked at */

/* An address in the one form: of IPv6; IPv4 as ::ffff:0:0/96 has it. */
struct net_address {
    uint8_t bytes[16];
};

/* net_address_is_v4: the last four bytes are an IPv4 address. net_address_read reads an IPv4 or IPv6 address;
 * ERR_MALFORMED: it is none, or names a zone. */
bool net_address_is_v4(const struct net_address *address);
enum err net_address_read(struct span text, struct net_address *ret_address) MUST_USE;

struct proxies {
    struct {
        struct net_address address;
        unsigned bits;
    } networks[PROXIES_MAX];

    unsigned count;
};

/* proxies_read reads a list, ADDR[/LEN][,ADDR[/LEN]…]. ERR_MALFORMED; ERR_RANGE: a length beyond the address's, or bits
 * of the address behind it, or 0, which would trust everybody; ERR_TOO_LONG: more than PROXIES_MAX. */
enum err proxies_read(struct span text, struct proxies *ret_proxies) MUST_USE;
bool proxies_has(const struct proxies *proxies, const struct net_address *address);

/* The two headers of a request, each as often as it was sent, in order. Who sends one more often than FORWARDED_MAX is
 * believed nothing. */
struct forwarded {
    struct span x_forwarded_for[FORWARDED_MAX];
    struct span forwarded[FORWARDED_MAX];
    unsigned x_forwarded_for_count;
    unsigned forwarded_count;
};

/* forwarded_client tells who asks when the connection is from peer. */
struct net_address forwarded_client(const struct proxies *proxies, const struct net_address *peer,
                                    const struct forwarded *headers);

#endif
