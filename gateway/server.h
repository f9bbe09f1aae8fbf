/* server.h: an HTTP/1.1 server on one listening socket, and all that libmicrohttpd lets through but we refuse. Only
 * server*.c knows libmicrohttpd (poll mode, a daemon for each thread). Used by the gateway and by the sandbox.
 *
 * A request reaches the handler whole (head and body read, within limits and deadlines) on one of the server's threads.
 * The handler answers at once with server_answer, or keeps the request and answers later from any thread (the
 * connection is suspended meanwhile, no thread waits). Each request is answered exactly once, also when its client has
 * gone. */
#ifndef OPENPOST_GATEWAY_SERVER_H
#define OPENPOST_GATEWAY_SERVER_H

#include "core/base/arena.h"
#include "core/base/owned.h"
#include "gateway/forwarded.h"

enum method {
    METHOD_GET,
    METHOD_HEAD,
    METHOD_POST,
    METHOD_PUT,
    METHOD_PATCH,
    METHOD_DELETE,
    METHOD_OPTIONS,
    METHOD_OTHER
};

/* A whole request. Everything borrowed from it lives until it is answered. */
struct request {
    enum method method;
    struct span path;  /* as sent, up to '?', not percent-decoded; starts with '/' */
    struct span query; /* after '?', raw; data NULL when there is none */
    struct span body;
    struct span remote; /* the client's address as text: the peer's, or whom a trusted proxy names */
    struct span peer;   /* whom a limit counts, 16 bytes: the client's IPv4 address, or the /64 of an IPv6 one */
    struct arena arena; /* the handler's, for what lives until the answer */
    bool secret;        /* set by a handler: though it only reads, what it held is overwritten when it ends */
    int64_t start_us;   /* monotonic, when its head was complete */
};

/* request_header returns a header's value by case-insensitive name; data NULL when absent. A header sent twice (other
 * than list-valued ones) is the first; request_header_count tells how often it was sent. */
struct span request_header(const struct request *request, const char *name);
unsigned request_header_count(const struct request *request, const char *name);

struct header {
    const char *name;
    struct span value; /* empty: the header is not sent; with a line break in it the answer becomes a bare 500 */
};

struct server_stream;

#define RESPONSE_HEADERS_MAX 16
#define SERVER_THREADS_MAX 16

struct response {
    unsigned status;
    struct span content_type; /* data NULL: no body type */
    struct header headers[RESPONSE_HEADERS_MAX];
    unsigned header_count;
    struct span body; /* borrowed until server_answer returns, which copies it unless body_stays */
    bool body_stays;  /* the body lives in the request's arena, or as long as the process */
    bool close;       /* close the connection after the answer */
    bool abort;       /* the sandbox's faults: close without a byte of answer */
    size_t
        truncate; /* the sandbox's faults: when > 0, announce the whole length, send only so many bytes, then close */
    struct server_stream *stream; /* the body is what is put into it, until it is ended; body must be empty */
};

/* The handler. Must call server_answer exactly once for request, now or later. */
typedef void server_handler(void *context, struct request *request);
/* How the server itself refuses (deadline, too large, malformed…): fills a response for status with a code of
 * error.def's words ("malformed_request", "body_too_large", "head_too_large", "request_timeout",
 * "too_many_connections", "out_of_memory"…) so that the gateway renders RFC 9457 and the sandbox its platform's
 * form. Spans must live in *arena or be static. */
typedef void server_refusal(void *context, unsigned status, const char *code, struct arena *arena,
                            struct response *ret_response);

struct server_options {
    const char *address; /* numeric IPv4 or IPv6 */
    uint16_t port;       /* 0: any free one; see server_port */
    unsigned threads;    /* 1..SERVER_THREADS_MAX; connections are shared out evenly among them */
    unsigned connections_max;
    unsigned connections_per_address_max; /* 0: no cap; an IPv6 /64 counts as one address; no trusted proxy is held */
    const struct proxies
        *proxies;            /* whose word about a client's address counts; NULL: nobody's. As long as the server */
    size_t head_max;         /* bytes: request line and headers together */
    size_t body_max;         /* bytes */
    uint32_t head_within_ms; /* absolute: to the whole head, from the accept, or from a later request's request line */
    uint32_t body_within_ms; /* absolute, from the head to the whole body */
    uint32_t idle_ms;        /* keep-alive between requests */
    server_handler *handler;
    server_refusal *refusal;
    void *context;
};

struct server;

struct server_counters {
    uint64_t requests, refused_malformed, refused_large, timed_out, refused_connections, open_connections;
};

/* server_open listens and serves until closed; ERR_BUSY when the port is taken, ERR_MALFORMED when the address is not
 * numeric, ERR_ACCESS, ERR_NO_MEMORY, ERR_IO. Ignores SIGPIPE unless the process handles it; the server's threads take
 * no signals. The handler is called on these threads and must not wait; nor may it call server_drain or server_close.
 */
enum err server_open(const struct server_options *options, struct server **ret_server) MUST_USE;
uint16_t server_port(const struct server *server);
void server_counters(struct server *server, struct server_counters *ret_counters);
/* request_server is the server that a request came through; the first may come before server_open has returned. */
struct server *request_server(const struct request *request);
/* server_drain stops accepting, closes idle connections, answers with Connection: close from now on and waits until
 * open requests are answered or within_ms is over. server_close ends the rest. Both accept NULL. */
void server_drain(struct server *server, uint32_t within_ms);
void server_close(struct server *server);
OWNED_BY(server_close, struct server *);

/* server_answer sends response for request; may be called from any thread; request and what it borrowed is gone
 * afterwards. Never fails: a client that is gone is no error. A HEAD request gets the headers only. */
void server_answer(struct request *request, const struct response *response);

/* A body that grows while its connection is suspended: no thread waits for it, and it counts in the caps like any
 * other. Whoever made it puts bytes in, from any thread, and ends it, whatever became of the connection; all must be
 * ended before server_close.
 *
 * server_stream_put copies bytes that the client gets as soon as it takes them. ERR_BUSY: it has not taken what was put
 * before, and nothing was added; a client that does not take a piece in body_within_ms (and a second per 64 KiB) is
 * dropped. ERR_CLOSED: it is gone. server_stream_state tells which of them put would say now, without putting,
 * and notices sooner than it that a client has hung up.
 * server_stream_end gives the stream away; what was put is still sent. */
enum err server_stream_new(struct server_stream **ret_stream) MUST_USE;
enum err server_stream_put(struct server_stream *stream, struct span bytes) MUST_USE;
enum err server_stream_state(struct server_stream *stream) MUST_USE;
void server_stream_end(struct server_stream *stream);

#endif
