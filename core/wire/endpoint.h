/* endpoint.h: sockets of nng (endpoint.c is the only file that knows it): answering (endpoint), asking (caller),
 * wake-ups (publisher, subscriber). Bytes in, bytes out: what they mean, and who may say it, is the callers' business.
 *
 * Addresses: tcp://127.0.0.1:port (port 0 when listening: any). ipc:// is refused below nng 1.6, where one client that
 * connects and hangs up ends the listener for ever. Others are refused: nothing is encrypted here. */
#ifndef OPENPOST_WIRE_ENDPOINT_H
#define OPENPOST_WIRE_ENDPOINT_H

#include "core/base/owned.h"
#include "core/base/span.h"

/* endpoint_address_check: OK, ERR_MALFORMED (not an address of ours), ERR_UNSUPPORTED (ipc with an old nng). */
enum err endpoint_address_check(const char *url) MUST_USE;

/* ---- Answering ---- */

#define ENDPOINT_REPLY_MS 500 /* a connection that does not take its reply by then is closed */
#define ENDPOINT_STRANGERS_MAX \
    64 /* connections that never sent anything authentic: one more closes the oldest of them */

struct endpoint;
struct endpoint_request;

/* Called on a thread of nng's when a request is there; must not block. The request must end in endpoint_reply or
 * endpoint_drop, in the call or later, on any thread. */
typedef void endpoint_handle(void *context, struct endpoint_request *request);

struct endpoint_options {
    const char *url;
    unsigned contexts;       /* requests being answered at a time */
    unsigned per_connection; /* of which so many may be one connection's: one that sends more is closed */
    size_t frame_max;        /* longer: the connection is closed */
    endpoint_handle *handle;
    void *context;
};

struct endpoint_counts {
    uint64_t requests;
    uint64_t stalled;   /* connections closed because a reply was not taken */
    uint64_t greedy;    /* because of too many requests at a time */
    uint64_t dropped;   /* by endpoint_drop */
    uint64_t strangers; /* because of too many strangers */
};

/* endpoint_open listens and calls handle from now on. ERR_MALFORMED, ERR_UNSUPPORTED, ERR_BUSY (the port is taken),
 * ERR_NO_MEMORY, ERR_IO. endpoint_stop takes no more requests; those that wait for their reply still get it.
 * endpoint_close ends all: every request must have been answered or dropped; accepts NULL. */
enum err endpoint_open(const struct endpoint_options *options, struct endpoint **ret_endpoint) MUST_USE;
void endpoint_stop(struct endpoint *endpoint);
void endpoint_close(struct endpoint *endpoint);
OWNED_BY(endpoint_close, struct endpoint *);
uint16_t endpoint_port(const struct endpoint *endpoint);
void endpoint_counts(struct endpoint *endpoint, struct endpoint_counts *ret_counts);

/* The request's bytes live until it ends. slot: a number below contexts that no other living request has, for the
 * caller's per-request memory. */
struct span endpoint_bytes(const struct endpoint_request *request);
unsigned endpoint_slot(const struct endpoint_request *request);
/* endpoint_trust: what came was authentic; the connection is no stranger's any more. */
void endpoint_trust(struct endpoint_request *request);
/* endpoint_reply copies bytes and ends the request; endpoint_drop closes its connection and ends it. Neither blocks. */
void endpoint_reply(struct endpoint_request *request, struct span bytes);
void endpoint_drop(struct endpoint_request *request);

/* ---- Asking ---- */

struct caller;

/* Called on a thread of nng's, once per question; must not block. OK: reply's bytes, borrowed for the call. ERR_BUSY:
 * never sent. ERR_TIMED_OUT, ERR_CLOSED: nobody knows whether it arrived. */
typedef void caller_done(void *context, enum err err, struct span reply);

/* caller_open connects, and again whenever the connection is lost, in the background. contexts: questions at a time.
 * caller_close ends all questions and waits for their callbacks; accepts NULL; never from a callback. */
enum err caller_open(const char *url, unsigned contexts, size_t frame_max, struct caller **ret_caller) MUST_USE;
void caller_close(struct caller *caller);
OWNED_BY(caller_close, struct caller *);
/* caller_ask copies the request and asks once: nothing is ever sent again by itself. ERR_BUSY (all contexts ask) and
 * ERR_NO_MEMORY and ERR_CLOSED mean that done is never called. */
enum err caller_ask(struct caller *caller, struct span request, int64_t timeout_ms, caller_done *done, void *context)
    MUST_USE;

/* ---- Wake-ups ---- */

struct publisher;
struct subscriber;

enum err publisher_open(const char *url, struct publisher **ret_publisher) MUST_USE;
void publisher_close(struct publisher *publisher);
OWNED_BY(publisher_close, struct publisher *);
uint16_t publisher_port(const struct publisher *publisher);
/* publisher_send drops the message where a subscriber is slow; never blocks, never fails. */
void publisher_send(struct publisher *publisher, struct span bytes);

typedef void subscriber_heard(void *context, struct span bytes);
enum err subscriber_open(const char *url, size_t len_max, subscriber_heard *heard, void *context,
                         struct subscriber **ret_subscriber) MUST_USE;
void subscriber_close(struct subscriber *subscriber);
OWNED_BY(subscriber_close, struct subscriber *);

#endif
