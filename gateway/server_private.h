/* server_private.h: what the server*.c files share; nobody else includes it.
 *
 * One struct conn per connection holds the request being read or answered, and memory that its next request uses again.
 * Four kinds of threads meet here: libmicrohttpd's (all callbacks), the acceptor (new connections), the watcher
 * (deadlines) and whoever answers.
 *
 * A request's stage is the one word that its thread, an answering thread and server_close race for:
 *
 *   READING -> RUNNING -> ANSWERED                the handler answered before it returned
 *              RUNNING -> SUSPENDED -> ANSWERED   answered later: whoever answers also resumes the connection
 *                         SUSPENDED -> ABANDONED  server_close ended the connection; of the answer and the connection's
 *                                                 end, the first makes it GONE and the second frees it
 *
 * A connection's until is a deadline and its phase in one word, so that the watcher and the connection's thread decide
 * by one compare-and-swap whether a request was complete in time: what has expired never reaches a handler. */
#ifndef OPENPOST_GATEWAY_SERVER_PRIVATE_H
#define OPENPOST_GATEWAY_SERVER_PRIVATE_H

#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "core/base/span.h"
#include "gateway/server.h"
#include "gateway/server_peers.h"

enum stage { STAGE_READING, STAGE_RUNNING, STAGE_SUSPENDED, STAGE_ANSWERED, STAGE_ABANDONED, STAGE_GONE };

/* What libmicrohttpd's next call for this connection means. */
enum step { STEP_IDLE, STEP_HEAD, STEP_BODY, STEP_HANDED, STEP_REFUSED };

/* What a connection waits for; PHASE_HANDLER has no deadline. */
enum phase { PHASE_HANDLER, PHASE_FRESH, PHASE_IDLE, PHASE_HEAD, PHASE_BODY, PHASE_SEND, PHASE_EXPIRED };

enum raw { RAW_TIMEOUT, RAW_HEAD, RAW_BODY, RAW_CONNECTIONS, RAW_COUNT };

#define FIELDS_MAX 100                            /* headers a request may have */
#define POOL_RECORD 64                            /* libmicrohttpd's, of a header, trailer or cookie */
#define POOL_ANSWER 3072                          /* the head of an answer, in libmicrohttpd's pool */
#define REQUEST_ARENA_MAX ((size_t)32 << 20)      /* a handler's memory for one request */
#define POLITE_MAX 64                             /* connections over the caps that get an answer, at a time */
#define LINGER_MAX 64                             /* refused connections closed gently at a time */
#define KEEP_MAX ((size_t)64 << 10)               /* larger buffers are given back between requests */
#define SEND_BYTES_PER_SECOND ((int64_t)64 << 10) /* slower readers of a long answer are closed */

/* Bytes that grow and are used again. */
struct blob {
    uint8_t *data;
    size_t len;
    size_t cap;
};

/* A header within conn.head. */
struct field {
    uint32_t name, name_len, value, value_len;
};

struct conn {
    struct request request; /* first: a struct request * of ours is a struct conn * */
    struct server *server;
    struct MHD_Connection *mhd;
    struct conn *next, *previous; /* server.first, under server.mutex */
    int fd;
    bool counted; /* has a place in the caps; otherwise it is being turned away */
    bool polite;  /* turned away with time to read why */
    bool linger;  /* refused with bytes unread: close gently */
    bool http_1_1;
    enum step step;
    atomic_int stage;
    _Atomic int64_t until; /* deadline_us << 3 | phase */
    int64_t until_last;    /* what the connection's own thread wrote last */
    atomic_uint_fast64_t requests;
    struct peer_key peer;
    struct net_address address; /* the peer's */
    bool proxied;               /* which is a trusted proxy */
    struct peer_key client;     /* of the request: the peer, or whom the proxy names */
    char remote[INET6_ADDRSTRLEN];
    const char *uri_raw; /* where libmicrohttpd has the target: only compared */
    struct blob uri, head, body, reply;
    size_t content_length;
    bool chunked;
    struct field fields[FIELDS_MAX];
    unsigned field_count;
    struct MHD_Response *answer; /* NULL: close without a byte */
    struct MHD_Response *sent;   /* what libmicrohttpd sends; the request is over when that was */
    unsigned answer_status;
    size_t truncate;
};

/* One of libmicrohttpd's daemons: a thread and its connections. */
struct worker {
    struct server *server;
    struct MHD_Daemon *daemon; /* NULL: not started */
    atomic_uint connections;   /* given to it and not closed yet */
};

struct server {
    struct server_options options;
    struct worker workers[SERVER_THREADS_MAX];
    size_t pool; /* libmicrohttpd's memory for a request: its head, that parsed, and the answer's head */
    int listen_fd;
    uint16_t port;
    bool layout_known;     /* libmicrohttpd's memory layout is the one that server_head.c read */
    pthread_mutex_t mutex; /* the list, the peers; held while the watcher uses a connection's socket */
    pthread_cond_t cond;   /* a connection has closed, or the watcher shall stop */
    pthread_t acceptor, watcher;
    bool accepting, watching, stop;
    struct conn *first;
    struct peers peers;
    unsigned polite;
    uint64_t open, requests_closed;
    atomic_bool draining, closing;
    atomic_uint held; /* suspended requests whose answer may still resume libmicrohttpd */
    atomic_uint_fast64_t refused_malformed, refused_large, timed_out, refused_connections;
    struct blob raw[RAW_COUNT]; /* whole answers for where libmicrohttpd cannot give one */
    int lingering[LINGER_MAX];
    int64_t lingering_until_us[LINGER_MAX];
    unsigned lingering_count; /* under mutex */
};

/* server_accept.c: accept_start takes connections from listen_fd until server.draining is set and listen_fd shut down;
 * accept_stop then waits for its thread, and gives no worker a connection any more. */
enum err accept_start(struct server *server) MUST_USE;
void accept_stop(struct server *server);

/* server_conn.c: blobs, and the callbacks given to libmicrohttpd, whose documentation says what they get and return.
 * Their context is the server, but of conn_event: the worker. */
bool blob_reserve(struct blob *blob, size_t cap) MUST_USE;
void conn_event(void *context, struct MHD_Connection *mhd, void **socket_context,
                enum MHD_ConnectionNotificationCode code);
void *conn_uri(void *context, const char *uri, struct MHD_Connection *mhd);
size_t conn_unescape(void *context, struct MHD_Connection *mhd, char *text);
enum MHD_Result conn_request(void *context, struct MHD_Connection *mhd, const char *url, const char *method,
                             const char *version, const char *data, size_t *data_len, void **request_context);
void conn_completed(void *context, struct MHD_Connection *mhd, void **request_context,
                    enum MHD_RequestTerminationCode code);

/* conn_show_client has the request say who asks. */
void conn_show_client(struct conn *conn, const struct net_address *address);

/* server_head.c: judges a head that libmicrohttpd has taken. Returns 0 when it is good and conn.request is filled, else
 * the status to refuse it with (*ret_code says why). */
unsigned head_take(struct conn *conn, const char *method, const char *version, const char **ret_code) MUST_USE;

/* server_reply.c: reply_build makes conn's answer and its answer_status; NULL closes the connection without a byte. */
struct MHD_Response *reply_build(struct conn *conn, const struct response *response) MUST_USE;
enum err raw_build(struct server *server, unsigned status, const char *code, struct blob *ret_raw) MUST_USE;
void raw_send(struct conn *conn, enum raw raw);

/* server_stream.c: stream_response makes the answer of conn that sends what is put into stream; NULL: no memory.
 * stream_abandon: there will be no such answer. */
struct MHD_Response *stream_response(struct server_stream *stream, struct conn *conn) MUST_USE;
void stream_abandon(struct server_stream *stream);

/* server_watch.c: conn_enter changes the phase; false when the connection has expired meanwhile. */
bool conn_enter(struct conn *conn, enum phase phase, int64_t until_us);
int64_t until_of(enum phase phase, int64_t until_us);
enum err watch_start(struct server *server) MUST_USE;
void watch_stop(struct server *server);
/* watch_expire shuts conn down unless its phase has changed since until was read; under server.mutex. */
void watch_expire(struct conn *conn, int64_t until);
/* watch_wait waits on server.cond until a monotonic instant at the latest; under server.mutex. */
void watch_wait(struct server *server, int64_t until_us);
/* watch_linger keeps a copy of conn's socket open a moment after libmicrohttpd closes it; under server.mutex. */
void watch_linger(struct conn *conn);

#endif
