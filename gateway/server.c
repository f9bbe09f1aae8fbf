/* server.c: the server's life and libmicrohttpd's callbacks, in the order in which a connection meets them:
 * on_connection, on_uri, on_request (head, body, whole request, after a resumption), on_completed, on_connection again.
 * server_head.c judges heads, server_reply.c makes answers, server_watch.c keeps deadlines.
 * Nothing here may wait: libmicrohttpd's few threads serve all connections. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "gateway/server_private.h"

#define BACKLOG 1024
#define CLOSE_POLL_US 1000
#define DRAIN_POLL_US 10000

bool blob_reserve(struct blob *blob, size_t cap)
{
    if (cap <= blob->cap) {
        return true;
    }
    uint8_t *data = realloc(blob->data, cap);
    if (data == NULL) {
        return false;
    }
    blob->data = data;
    blob->cap = cap;
    return true;
}

void blob_trim(struct blob *blob)
{
    blob->len = 0;
    if (blob->cap > KEEP_MAX) {
        free(blob->data);
        *blob = (struct blob){0};
    }
}

void conn_free(struct conn *conn)
{
    if (conn->answer != NULL) {
        MHD_destroy_response(conn->answer);
    }
    arena_done(&conn->request.arena);
    free(conn->uri.data);
    free(conn->head.data);
    free(conn->body.data);
    free(conn->reply.data);
    free(conn);
}

/* Connections come and go. */

static void conn_remote(struct conn *conn, const struct sockaddr *address)
{
    conn->peer = peer_key_of(address);
    const char *text = NULL;
    if (conn->peer.bytes[0] == 4) {
        text = inet_ntop(AF_INET, conn->peer.bytes + 12, conn->remote, sizeof conn->remote);
    } else if (conn->peer.bytes[0] == 6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        text = inet_ntop(AF_INET6, &in6.sin6_addr, conn->remote, sizeof conn->remote);
    }
    conn->request.remote = text == NULL ? SPAN("") : span_text(conn->remote);
}

static struct conn *conn_new(struct server *server, struct MHD_Connection *mhd)
{
    struct conn *conn = calloc(1, sizeof *conn);
    if (conn == NULL) {
        return NULL;
    }
    conn->server = server;
    conn->mhd = mhd;
    arena_init(&conn->request.arena, REQUEST_ARENA_MAX);
    conn->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    conn_remote(conn, MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
    atomic_init(&conn->stage, STAGE_READING);
    const int64_t until_us = clock_monotonic_us() + (int64_t)server->options.head_within_ms * 1000;
    conn->until_last = (int64_t)((uint64_t)until_us << 3) | PHASE_FRESH;
    atomic_init(&conn->until, conn->until_last);
    return conn;
}

static void conn_opened(struct server *server, struct MHD_Connection *mhd, void **socket_context)
{
    struct conn *conn = conn_new(server, mhd);
    *socket_context = conn;
    if (conn == NULL) {
        return; /* on_request closes it at its first request */
    }
    const struct server_options *options = &server->options;
    (void)pthread_mutex_lock(&server->mutex);
    conn->counted = server->open < options->connections_max &&
                    peers_enter(&server->peers, &conn->peer, options->connections_per_address_max);
    server->open += conn->counted;
    conn->next = server->first;
    if (conn->next != NULL) {
        conn->next->previous = conn;
    }
    server->first = conn;
    (void)pthread_mutex_unlock(&server->mutex);
    if (!conn->counted) {
        atomic_fetch_add(&server->refused_connections, 1);
        raw_send(conn, RAW_CONNECTIONS);
        (void)shutdown(conn->fd, SHUT_RDWR);
    }
}

static void conn_closed(struct server *server, struct conn *conn)
{
    (void)pthread_mutex_lock(&server->mutex);
    if (conn->previous != NULL) {
        conn->previous->next = conn->next;
    } else {
        server->first = conn->next;
    }
    if (conn->next != NULL) {
        conn->next->previous = conn->previous;
    }
    if (conn->counted) {
        server->open--;
        peers_leave(&server->peers, &conn->peer);
    }
    server->requests_closed += atomic_load_explicit(&conn->requests, memory_order_relaxed);
    if (conn->linger) {
        watch_linger(conn);
    }
    if (conn->linger || atomic_load(&server->draining)) {
        (void)pthread_cond_broadcast(&server->cond);
    }
    (void)pthread_mutex_unlock(&server->mutex);
    const int stage = atomic_load(&conn->stage);
    const bool held = stage == STAGE_ABANDONED || stage == STAGE_GONE;
    if (!held || atomic_exchange(&conn->stage, STAGE_GONE) == STAGE_GONE) {
        conn_free(conn);
    }
}

static void on_connection(void *context, struct MHD_Connection *mhd, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        conn_opened(context, mhd, socket_context);
    } else if (*socket_context != NULL) {
        conn_closed(context, *socket_context);
        *socket_context = NULL;
    }
}

/* Requests. */

/* A request line is there: the request's head has begun. Returns what on_request gets as *request_context. */
static void *on_uri(void *context, const char *uri, struct MHD_Connection *mhd)
{
    (void)context;
    struct conn *conn = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    if (conn == NULL || uri == NULL || !conn->counted) {
        return NULL;
    }
    const size_t len = strlen(uri);
    if (!blob_reserve(&conn->uri, len + 1)) {
        return NULL;
    }
    memcpy(conn->uri.data, uri, len + 1);
    conn->uri.len = len;
    conn->uri_raw = uri;
    conn->step = STEP_HEAD;
    /* The first head's time runs from the accept, a later one's from its request line: the time before that is idle_ms.
     */
    const int64_t until_us = (conn->until_last & 7) == PHASE_FRESH
                                 ? conn->until_last >> 3
                                 : clock_monotonic_us() + (int64_t)conn->server->options.head_within_ms * 1000;
    return conn_enter(conn, PHASE_HEAD, until_us) ? conn : NULL;
}

/* Nothing is decoded in place: path and query reach the handler as they were sent. */
static size_t on_unescape(void *context, struct MHD_Connection *mhd, char *text)
{
    (void)context;
    (void)mhd;
    return strlen(text);
}

static enum MHD_Result send_answer(struct conn *conn, size_t len)
{
    const int64_t within_us =
        (int64_t)conn->server->options.body_within_ms * 1000 + (int64_t)len * 1000000 / SEND_BYTES_PER_SECOND;
    struct MHD_Response *answer = conn->answer;
    if (answer == NULL || !conn_enter(conn, PHASE_SEND, clock_monotonic_us() + within_us)) {
        return MHD_NO;
    }
    conn->answer = NULL;
    if (atomic_load_explicit(&conn->server->draining, memory_order_relaxed)) {
        (void)MHD_add_response_header(answer, "Connection", "close");
    }
    const enum MHD_Result result = MHD_queue_response(conn->mhd, conn->answer_status, answer);
    MHD_destroy_response(answer);
    return result;
}

static enum MHD_Result refuse(struct conn *conn, unsigned status, const char *code)
{
    struct server *server = conn->server;
    atomic_fetch_add(status == 413 || status == 431 ? &server->refused_large : &server->refused_malformed, 1);
    conn->step = STEP_REFUSED;
    conn->linger = true;
    struct response response = {.status = status};
    server->options.refusal(server->options.context, status, code, &conn->request.arena, &response);
    response.close = true;
    conn->answer = reply_build(conn, &response);
    conn->answer_status = response.status;
    return send_answer(conn, response.body.len);
}

static enum MHD_Result take_head(struct conn *conn, const char *method, const char *version)
{
    const char *code = NULL;
    const unsigned status = head_take(conn, method, version, &code);
    if (status != 0) {
        return refuse(conn, status, code);
    }
    conn->step = STEP_BODY;
    conn->request.start_us = clock_monotonic_us();
    conn->body.len = 0;
    if (!conn->chunked && conn->content_length == 0) {
        return MHD_YES;
    }
    const int64_t within_us = (int64_t)conn->server->options.body_within_ms * 1000;
    return conn_enter(conn, PHASE_BODY, conn->request.start_us + within_us) ? MHD_YES : MHD_NO;
}

static enum MHD_Result take_body(struct conn *conn, const char *data, size_t *len)
{
    const size_t need = conn->body.len + *len;
    if (need > conn->server->options.body_max) {
        /* Only a chunked body gets here, and libmicrohttpd takes no answer in the middle of one. */
        atomic_fetch_add(&conn->server->refused_large, 1);
        conn->step = STEP_REFUSED;
        conn->linger = true;
        if (conn_enter(conn, PHASE_HANDLER, 0)) {
            raw_send(conn, RAW_BODY);
        }
        return MHD_NO;
    }
    if (need > conn->body.cap) {
        /* Memory follows what has arrived, not what was announced. */
        size_t cap = conn->body.cap * 2 > need ? conn->body.cap * 2 : need;
        cap = !conn->chunked && cap > conn->content_length ? conn->content_length : cap;
        if (!blob_reserve(&conn->body, cap)) {
            return MHD_NO;
        }
    }
    memcpy(conn->body.data + conn->body.len, data, *len);
    conn->body.len = need;
    *len = 0;
    return MHD_YES;
}

/* The request is whole: to the handler, and to sleep unless the answer is there already. */
static enum MHD_Result hand_over(struct conn *conn)
{
    struct server *server = conn->server;
    if (!conn_enter(conn, PHASE_HANDLER, 0)) {
        return MHD_NO;
    }
    conn->step = STEP_HANDED;
    const bool body = conn->chunked || conn->content_length > 0;
    conn->request.body = !body                 ? (struct span){0}
                         : conn->body.len == 0 ? SPAN("")
                                               : span_of(conn->body.data, conn->body.len);
    atomic_store_explicit(&conn->requests, atomic_load_explicit(&conn->requests, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    atomic_store(&conn->stage, STAGE_RUNNING);
    server->options.handler(server->options.context, &conn->request);
    if (atomic_load(&conn->stage) == STAGE_ANSWERED) {
        return send_answer(conn, conn->reply.len);
    }
    /* held goes up before closing is looked at, and server_close looks at them in the other order: so either this
     * connection is not suspended any more, or server_close waits for it. */
    atomic_fetch_add(&server->held, 1);
    int running = STAGE_RUNNING;
    if (atomic_load(&server->closing)) {
        const bool answered = !atomic_compare_exchange_strong(&conn->stage, &running, STAGE_ABANDONED);
        atomic_fetch_sub(&server->held, 1);
        return answered ? send_answer(conn, conn->reply.len) : MHD_NO;
    }
    struct MHD_Connection *mhd = conn->mhd;
    MHD_suspend_connection(mhd);
    if (!atomic_compare_exchange_strong(&conn->stage, &running, STAGE_SUSPENDED)) {
        MHD_resume_connection(mhd); /* answered in this very moment */
        atomic_fetch_sub(&server->held, 1);
    }
    return MHD_YES;
}

void server_answer(struct request *request, const struct response *response)
{
    struct conn *conn = (struct conn *)request;
    struct server *server = conn->server;
    struct MHD_Connection *mhd = conn->mhd;
    int stage = atomic_load(&conn->stage);
    ASSERT(stage != STAGE_READING && stage != STAGE_ANSWERED);
    if (stage == STAGE_RUNNING || stage == STAGE_SUSPENDED) {
        conn->answer_status = response->status;
        conn->reply.len = response->body.len;
        conn->answer = reply_build(conn, response);
        stage = STAGE_RUNNING;
        if (atomic_compare_exchange_strong(&conn->stage, &stage, STAGE_ANSWERED)) {
            return;
        }
        stage = STAGE_SUSPENDED;
        if (atomic_compare_exchange_strong(&conn->stage, &stage, STAGE_ANSWERED)) {
            MHD_resume_connection(mhd);
            atomic_fetch_sub(&server->held, 1);
            return;
        }
    }
    if (atomic_exchange(&conn->stage, STAGE_GONE) == STAGE_GONE) {
        conn_free(conn);
    }
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *mhd, const char *url, const char *method,
                                  const char *version, const char *data, size_t *data_len, void **request_context)
{
    (void)context;
    (void)mhd;
    (void)url;
    struct conn *conn = *request_context;
    if (conn == NULL) {
        return MHD_NO;
    }
    switch (conn->step) {
    case STEP_HEAD:
        return take_head(conn, method, version);
    case STEP_BODY:
        return *data_len > 0 ? take_body(conn, data, data_len) : hand_over(conn);
    case STEP_HANDED:
        return atomic_load(&conn->stage) == STAGE_ANSWERED ? send_answer(conn, conn->reply.len) : MHD_NO;
    case STEP_IDLE:
    case STEP_REFUSED:
        break;
    }
    return MHD_NO;
}

static void on_completed(void *context, struct MHD_Connection *mhd, void **request_context,
                         enum MHD_RequestTerminationCode code)
{
    struct server *server = context;
    (void)mhd;
    struct conn *conn = *request_context;
    if (conn == NULL) {
        return;
    }
    *request_context = NULL;
    const int stage = atomic_load(&conn->stage);
    if (stage == STAGE_ABANDONED || stage == STAGE_GONE) {
        return; /* whoever holds the request still reads it */
    }
    if (conn->step == STEP_HEAD && code == MHD_REQUEST_TERMINATED_WITH_ERROR) {
        atomic_fetch_add(&server->refused_malformed, 1); /* libmicrohttpd's own refusal */
    }
    if (conn->answer != NULL) {
        MHD_destroy_response(conn->answer);
        conn->answer = NULL;
    }
    conn->step = STEP_IDLE;
    atomic_store(&conn->stage, STAGE_READING);
    blob_trim(&conn->uri);
    blob_trim(&conn->head);
    blob_trim(&conn->body);
    blob_trim(&conn->reply);
    if (conn->request.arena.total > KEEP_MAX) {
        arena_done(&conn->request.arena);
    } else {
        arena_reset(&conn->request.arena);
    }
    (void)conn_enter(conn, PHASE_IDLE, clock_monotonic_us() + (int64_t)server->options.idle_ms * 1000);
}

/* The server's life. */

static enum err listen_on(struct server *server)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    char port[8];
    struct buf buf = buf_of(port, sizeof port);
    buf_u64(&buf, server->options.port);
    struct addrinfo *found = NULL;
    if (getaddrinfo(server->options.address, buf_terminated(&buf), &hints, &found) != 0) {
        return ERR_MALFORMED;
    }
    const int yes = 1;
    struct sockaddr_storage bound;
    socklen_t bound_len = sizeof bound;
    const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const bool ok = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
                    bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0 &&
                    getsockname(fd, (struct sockaddr *)&bound, &bound_len) == 0;
    const int number = errno;
    freeaddrinfo(found);
    server->listen_fd = fd;
    if (!ok) {
        return number == EADDRINUSE ? ERR_BUSY : err_from_errno(number);
    }
    char service[NI_MAXSERV];
    if (getnameinfo((struct sockaddr *)&bound, bound_len, NULL, 0, service, sizeof service, NI_NUMERICSERV) != 0) {
        return ERR_IO;
    }
    uint64_t number_of_port = 0;
    TRY(span_to_u64(span_text(service), &number_of_port));
    server->port = (uint16_t)number_of_port;
    return OK;
}

static enum err daemon_start(struct server *server)
{
    const struct server_options *options = &server->options;
    /* libmicrohttpd shares its limit out to its threads, and it stops accepting at it: far above ours, so that ours
     * holds. */
    const unsigned limit = (options->connections_max + 256) * options->threads;
    /* Its pool holds a head and its parsed form, later the answer's head. It is cleared for each request: not larger.
     */
    const size_t pool = 2 * options->head_max + 4096;
    server->daemon = MHD_start_daemon(
        MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, server,
        MHD_OPTION_LISTEN_SOCKET, server->listen_fd, MHD_OPTION_THREAD_POOL_SIZE, options->threads,
        MHD_OPTION_CONNECTION_LIMIT, limit, MHD_OPTION_CONNECTION_MEMORY_LIMIT, pool, MHD_OPTION_URI_LOG_CALLBACK,
        on_uri, server, MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, server, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
        server, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_END);
    if (server->daemon == NULL) {
        server->listen_fd = -1; /* libmicrohttpd may have closed it */
        return ERR_IO;
    }
    return OK;
}

static enum err server_start(struct server *server)
{
    static const struct {
        unsigned status;
        const char *code;
    } raws[RAW_COUNT] = {
        [RAW_TIMEOUT] = {408, "request_timeout"     },
        [RAW_BODY] = {413, "body_too_large"      },
        [RAW_CONNECTIONS] = {503, "too_many_connections"},
    };

    TRY(peers_init(&server->peers, server->options.connections_max));
    for (unsigned i = 0; i < RAW_COUNT; i++) {
        TRY(raw_build(server, raws[i].status, raws[i].code, &server->raw[i]));
    }
    TRY(listen_on(server));
    TRY(watch_start(server));
    return daemon_start(server);
}

enum err server_open(const struct server_options *options, struct server **ret_server)
{
    ASSERT(options->threads >= 2 && options->handler != NULL && options->refusal != NULL);
    ASSERT(options->connections_max > 0 && options->head_max > 0);
    struct sigaction pipe_action;
    if (sigaction(SIGPIPE, NULL, &pipe_action) == 0 && pipe_action.sa_handler == SIG_DFL) {
        (void)signal(SIGPIPE, SIG_IGN);
    }
    struct server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        return ERR_NO_MEMORY;
    }
    server->options = *options;
    server->listen_fd = -1;
    server->layout_known = strcmp(MHD_get_version(), "0.9.75") == 0 || strcmp(MHD_get_version(), "0.9.76") == 0;
    pthread_condattr_t monotonic;
    bool ok = pthread_condattr_init(&monotonic) == 0;
    ok = ok && pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0;
    ok = ok && pthread_cond_init(&server->cond, &monotonic) == 0 && pthread_mutex_init(&server->mutex, NULL) == 0;
    ASSERT(ok);
    (void)pthread_condattr_destroy(&monotonic);
    const enum err err = server_start(server);
    if (err != OK) {
        server_close(server);
        return err;
    }
    *ret_server = server;
    return OK;
}

uint16_t server_port(const struct server *server)
{
    return server->port;
}

void server_counters(struct server *server, struct server_counters *ret_counters)
{
    (void)pthread_mutex_lock(&server->mutex);
    struct server_counters counters = {.requests = server->requests_closed, .open_connections = server->open};
    for (const struct conn *conn = server->first; conn != NULL; conn = conn->next) {
        counters.requests += atomic_load_explicit(&conn->requests, memory_order_relaxed);
    }
    (void)pthread_mutex_unlock(&server->mutex);
    counters.refused_malformed = atomic_load(&server->refused_malformed);
    counters.refused_large = atomic_load(&server->refused_large);
    counters.timed_out = atomic_load(&server->timed_out);
    counters.refused_connections = atomic_load(&server->refused_connections);
    *ret_counters = counters;
}

/* Closes idle connections and returns how many have a request in them; under server.mutex. */
static unsigned close_idle(struct server *server)
{
    unsigned busy = 0;
    for (struct conn *conn = server->first; conn != NULL; conn = conn->next) {
        const int64_t until = atomic_load(&conn->until);
        const enum phase phase = (enum phase)(until & 7);
        if (phase == PHASE_IDLE) {
            watch_expire(conn, until);
        }
        busy += phase == PHASE_HEAD || phase == PHASE_BODY || phase == PHASE_SEND || phase == PHASE_HANDLER;
    }
    return busy;
}

void server_drain(struct server *server, uint32_t within_ms)
{
    if (!atomic_exchange(&server->draining, true) && MHD_quiesce_daemon(server->daemon) >= 0) {
        /* Not closed yet: a thread of libmicrohttpd may be about to accept from it. */
        (void)shutdown(server->listen_fd, SHUT_RDWR);
    }
    const int64_t until_us = clock_monotonic_us() + (int64_t)within_ms * 1000;
    (void)pthread_mutex_lock(&server->mutex);
    int64_t now_us = clock_monotonic_us();
    while (close_idle(server) > 0 && now_us < until_us) {
        watch_wait(server, now_us + DRAIN_POLL_US < until_us ? now_us + DRAIN_POLL_US : until_us);
        now_us = clock_monotonic_us();
    }
    (void)pthread_mutex_unlock(&server->mutex);
}

/* Ends the connections of requests that nobody has answered; their answers will find them abandoned. */
static void abandon_held(struct server *server)
{
    while (atomic_load(&server->held) > 0) {
        (void)pthread_mutex_lock(&server->mutex);
        for (struct conn *conn = server->first; conn != NULL; conn = conn->next) {
            int stage = STAGE_SUSPENDED;
            if (atomic_compare_exchange_strong(&conn->stage, &stage, STAGE_ABANDONED)) {
                MHD_resume_connection(conn->mhd);
                atomic_fetch_sub(&server->held, 1);
            }
        }
        (void)pthread_mutex_unlock(&server->mutex);
        (void)usleep(CLOSE_POLL_US);
    }
}

void server_close(struct server *server)
{
    if (server == NULL) {
        return;
    }
    if (server->daemon != NULL) {
        server_drain(server, 0);
        atomic_store(&server->closing, true);
        abandon_held(server);
        MHD_stop_daemon(server->daemon);
    }
    watch_stop(server);
    if (server->listen_fd >= 0) {
        (void)close(server->listen_fd);
    }
    for (unsigned i = 0; i < RAW_COUNT; i++) {
        free(server->raw[i].data);
    }
    peers_done(&server->peers);
    (void)pthread_cond_destroy(&server->cond);
    (void)pthread_mutex_destroy(&server->mutex);
    free(server);
}
