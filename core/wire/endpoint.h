/* endpoint.h: the answering side of a socket: requests in, replies out. Bytes only: what they mean, and who may say it,
 * is the user's business. Every REQ socket of nng can ask (link.h); addresses as in stream.h. */
#ifndef OPENPOST_WIRE_ENDPOINT_H
#define OPENPOST_WIRE_ENDPOINT_H

#include "core/base/owned.h"
#include "core/base/span.h"
#include "core/base/typeid.h"

#define ENDPOINT_CONNECTIONS_MAX 1024
#define ENDPOINT_HOLDER_MAX 64 /* connections of one holder: one more closes the oldest that asks nothing just now */
#define ENDPOINT_STRANGERS_MAX \
    64 /* connections that never sent anything authentic: one more closes the oldest of them */

#define ENDPOINT_STRANGERS_FRAMES \
    2 /* so many times frame_max of memory for what strangers have begun to send: more closes
                                     * the oldest of them; ours may come back with a long frame first */

struct endpoint;
struct endpoint_request;

/* Called on a thread of nng's when a request is there; must not block. The request must end in endpoint_reply or
 * endpoint_drop, in the call or later, on any thread. */
typedef void endpoint_handle(void *context, struct endpoint_request *request);

struct endpoint_options {
    const char *url;
    unsigned contexts; /* requests being answered at a time; more wait */
    unsigned
        per_connection; /* of which so many may be one connection's; those that it does not take the replies of count */
    unsigned per_holder; /* likewise all connections' that one holder is trusted with, while they are being answered */
    size_t frame_max;    /* longer: the connection is closed */
    int give_ms;         /* one that takes longer for a frame is closed; 0: LINK_GIVE_MS */
    endpoint_handle *handle;
    void *context;
};

struct endpoint_counts {
    uint64_t requests;
    uint64_t stalled;     /* connections closed because they took no reply for 0.5 s, or too long for a frame */
    uint64_t dropped;     /* by endpoint_drop */
    uint64_t malformed;   /* not nng's mapping, or too long */
    uint64_t strangers;   /* because of too many strangers, or connections at all */
    uint64_t crowded;     /* because of too many of one holder's */
    uint64_t connections; /* open now */
};

/* endpoint_open listens and calls handle from now on. ERR_MALFORMED, ERR_UNSUPPORTED, ERR_BUSY (the port is taken),
 * ERR_NO_MEMORY, ERR_IO. endpoint_stop takes no more connections and requests; those that wait for their reply still
 * get it. endpoint_close ends all: every request must have been answered or dropped; accepts NULL; never from handle.
 */
enum err endpoint_open(const struct endpoint_options *options, struct endpoint **ret_endpoint) MUST_USE;
void endpoint_stop(struct endpoint *endpoint);
void endpoint_close(struct endpoint *endpoint);
OWNED_BY(endpoint_close, struct endpoint *);
uint16_t endpoint_port(const struct endpoint *endpoint);
void endpoint_counts(struct endpoint *endpoint, struct endpoint_counts *ret_counts);

/* The request's bytes live until it ends. slot: a number below contexts that no other living request has, for the
 * user's per-request memory. */
struct span endpoint_bytes(const struct endpoint_request *request);
unsigned endpoint_slot(const struct endpoint_request *request);
/* endpoint_trust: what came was authentic; the connection is no stranger's any more, but holder's. No id: of somebody
 * whom neither per_holder nor ENDPOINT_HOLDER_MAX binds. */
void endpoint_trust(struct endpoint_request *request, const struct id *holder);
/* endpoint_is_lost: nobody is there any more to take the reply. */
bool endpoint_is_lost(const struct endpoint_request *request);
/* endpoint_reply copies bytes and ends the request; endpoint_drop closes its connection and ends it. Neither blocks. */
void endpoint_reply(struct endpoint_request *request, struct span bytes);
void endpoint_drop(struct endpoint_request *request);

#endif
