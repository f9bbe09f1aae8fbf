/* http.h: one HTTP exchange as data, so that what a platform asks and what it answered can be computed, tabled and
 * simulated without a network.
 *
 * What matters most is told apart in enum http_result: a request of which certainly no byte left, and one that was sent
 * (perhaps only in part) without a whole answer. Only the first may be repeated when the request commits something. */
#ifndef OPENPOST_ADAPTERS_HTTP_H
#define OPENPOST_ADAPTERS_HTTP_H

#include "core/base/arena.h"

enum http_method { HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_DELETE };

struct http_request {
    enum http_method method;
    struct span url;           /* absolute: https://host[:port]/path?query */
    struct span authorization; /* the header's whole value, a secret; data NULL: none */
    struct span content_type;  /* of the body; data NULL: none */
    struct span body;          /* data NULL: none */
    size_t response_max;       /* bytes of the answer's body that are kept; more is HTTP_TOO_LARGE */
    int64_t not_before_ms;     /* it waits in line until then; 0: for nothing */
    int64_t deadline_ms;       /* the transport gives up by then */
    bool once;                 /* it commits something: never put on a wire twice by the transport itself */
};

enum http_result {
    HTTP_COMPLETE,  /* a whole answer: status, headers, body */
    HTTP_NOT_SENT,  /* no connection (name, refused, TLS, deadline before): certainly no byte of the request left */
    HTTP_ADDRESS,   /* the URL guard refused the address: certainly not sent */
    HTTP_NO_ANSWER, /* sent, perhaps in part; the connection ended before the answer's head was whole */
    HTTP_TIMED_OUT, /* sent, perhaps in part; no whole answer by the deadline */
    HTTP_TRUNCATED, /* the answer's head came, its body ended too early */
    HTTP_TOO_LARGE, /* the answer's body is longer than response_max; body holds its beginning */
    HTTP_RESULT_COUNT
};

/* The headers that adapters read; data NULL: absent. */
struct http_headers {
    struct span content_type;
    struct span date; /* by the clock of who answered */
    struct span retry_after;
    struct span rate_limit;     /* RateLimit-Limit */
    struct span rate_remaining; /* RateLimit-Remaining */
    struct span rate_reset;     /* RateLimit-Reset */
    struct span rate_policy;    /* RateLimit-Policy */
};

/* http_headers_take keeps the line's value, copied into the arena, when it is one of these headers and the first of its
 * name; one of more than 1 KiB is as good as none. ERR_NO_MEMORY. */
enum err http_headers_take(struct http_headers *headers, struct span line, struct arena *arena) MUST_USE;

struct http_response {
    enum http_result result;
    unsigned status; /* 0 unless the head came */
    struct http_headers headers;
    struct span body;
};

/* http_escape appends text with every byte but the unreserved characters as %XX (RFC 3986, section 2.3). */
void http_escape(struct buf *out, struct span text);

/* http_sent tells whether any byte of the request may have reached the other side. */
static inline bool http_sent(const struct http_response *response)
{
    return response->result != HTTP_NOT_SENT && response->result != HTTP_ADDRESS;
}

#endif
