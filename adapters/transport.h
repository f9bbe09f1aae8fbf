/* transport.h: HTTP requests over the network, thousands at a time, from one thread. transport_curl.c is the adapters'
 * one file that knows libcurl.
 *
 * HTTP/1.1 over TCP or TLS (certificates verified); connections are kept and reused; no redirects, proxies, cookies,
 * netrc or environment. Every address is asked of the guard at the moment of connecting. A request with once set is put
 * on a wire at most once: libcurl's own repetition on a reused connection that turned out dead is suppressed and told
 * as HTTP_NO_ANSWER. */
#ifndef OPENPOST_ADAPTERS_TRANSPORT_H
#define OPENPOST_ADAPTERS_TRANSPORT_H

#include "adapters/guard.h"
#include "adapters/http.h"
#include "core/base/arena.h"
#include "core/base/owned.h"

#define TRANSPORT_CONNECT_MS 10000 /* a server that does not take the connection by then is unreachable */
#define TRANSPORT_ONCE_IDLE_S \
    2 /* a request that may be sent only once goes on no connection that was idle for longer */

struct transport;

struct transport_options {
    const struct guard *guard; /* lives as long as the transport */
    unsigned transfers_max;    /* at a time */
    unsigned per_host_max;     /* connections to one host and port */
    const char *ca_file;       /* NULL: the system's */
    int wake_fd;               /* transport_poll also ends when it is readable; below 0: none */
};

/* transport_open prepares; once a process, before it is confined (it reads certificates and configuration).
 * ERR_NO_MEMORY. transport_close drops what is under way without an answer; accepts NULL. */
enum err transport_open(const struct transport_options *options, struct transport **ret_transport) MUST_USE;
void transport_close(struct transport *transport);
OWNED_BY(transport_close, struct transport *);

/* transport_start begins a request; everything that it borrows, and the arena, must live until its answer is taken. The
 * answer's texts live in the arena. context is given back with the answer. ERR_BUSY: transfers_max are under way;
 * ERR_NO_MEMORY. A request that cannot be sent (no URL, a control character in a header, deadline over) is answered
 * HTTP_NOT_SENT. */
enum err transport_start(struct transport *transport, const struct http_request *request, int64_t now_ms,
                         struct arena *arena, void *context) MUST_USE;
bool transport_has_room(const struct transport *transport);

/* transport_poll moves what can be moved, waiting up to wait_ms for something to do. transport_next takes the next
 * answer; false: none. transport_wake ends a transport_poll that waits; from any thread. */
void transport_poll(struct transport *transport, int wait_ms);
bool transport_next(struct transport *transport, void **ret_context, struct http_response *ret_response);
void transport_wake(struct transport *transport);

#endif
