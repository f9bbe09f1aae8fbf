/* server.c: the server's life: open, counters, drain, close. What happens on a connection is in server_conn.c; the
 * whole is described in README.md. Called by the composition root; server_drain and server_close wait, and so are never
 * called from a handler. */
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
    const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
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

static enum err worker_start(struct server *server, struct worker *worker)
{
    const struct server_options *options = &server->options;
    const unsigned limit = options->connections_max + 256; /* far above ours, so that ours holds */
    worker->server = server;
    worker->daemon = MHD_start_daemon(
        MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
        conn_request, server, MHD_OPTION_CONNECTION_LIMIT, limit, MHD_OPTION_CONNECTION_MEMORY_LIMIT, server->pool,
        MHD_OPTION_URI_LOG_CALLBACK, conn_uri, server, MHD_OPTION_UNESCAPE_CALLBACK, conn_unescape, server,
        MHD_OPTION_NOTIFY_COMPLETED, conn_completed, server, MHD_OPTION_NOTIFY_CONNECTION, conn_event, worker,
        MHD_OPTION_END);
    return worker->daemon == NULL ? ERR_IO : OK;
}

static enum err server_start(struct server *server)
{
    static const struct {
        unsigned status;
        const char *code;
    } raws[RAW_COUNT] = {
        [RAW_TIMEOUT] = {408, "request_timeout"     },
        [RAW_HEAD] = {431, "head_too_large"      },
        [RAW_BODY] = {413, "body_too_large"      },
        [RAW_CONNECTIONS] = {503, "too_many_connections"},
    };

    TRY(peers_init(&server->peers, server->options.connections_max));
    for (unsigned i = 0; i < RAW_COUNT; i++) {
        TRY(raw_build(server, raws[i].status, raws[i].code, &server->raw[i]));
    }
    TRY(listen_on(server));
    TRY(watch_start(server));
    /* libmicrohttpd's pool holds a head and its parsed form, later the answer's head. It is cleared for each request:
     * not larger. */
    server->pool = 2 * server->options.head_max + 4096;
    for (unsigned i = 0; i < server->options.threads; i++) {
        TRY(worker_start(server, &server->workers[i]));
    }
    return accept_start(server);
}

enum err server_open(const struct server_options *options, struct server **ret_server)
{
    ASSERT(options->threads > 0 && options->threads <= SERVER_THREADS_MAX);
    ASSERT(options->handler != NULL && options->refusal != NULL);
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
    /* The process's signals are for the threads that it made itself. */
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    const enum err err = server_start(server);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
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

struct server *request_server(const struct request *request)
{
    return ((const struct conn *)request)->server;
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
    if (server == NULL) {
        return;
    }
    if (!atomic_exchange(&server->draining, true)) {
        (void)shutdown(server->listen_fd, SHUT_RDWR); /* not closed yet: the acceptor uses it */
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
    server_drain(server, 0);
    accept_stop(server);
    atomic_store(&server->closing, true);
    abandon_held(server);
    for (unsigned i = 0; i < server->options.threads; i++) {
        if (server->workers[i].daemon != NULL) {
            MHD_stop_daemon(server->workers[i].daemon);
        }
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
