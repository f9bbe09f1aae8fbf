/* bare_nng.c: see bare_nng.h. Called by bench.c (the server, in a child) and bench_ledger.c (the client). No tags, no
 * rules, no read models: what the ledger adds to this is its cost. A message is its requests, each behind its length in
 * four bytes, big-endian; the reply is as many times ACCEPTED. */
#include "tools/benchmarks/bare_nng.h"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/clock.h"
#include "core/base/process.h"
#include "tools/benchmarks/bare_lmdb.h"

#define SERVER_CONTEXTS 512 /* as many as the ledger takes into one group */
#define CLIENT_MAX 1024
#define REQUESTS_BYTES_MAX ((size_t)1 << 20)
#define ACCEPTED "accepted"
#define ACCEPTED_LEN (sizeof ACCEPTED - 1)
#define DRAIN_TRIES 5000

struct server;

struct waiter {
    struct server *server;
    nng_ctx ctx;
    nng_aio *aio;
    nng_msg *message;
    unsigned requests; /* in it */
    struct waiter *next;
    bool sending;
};

struct server {
    nng_socket socket;
    struct bare *bare;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    struct waiter *first; /* under the mutex */
    bool stopping;        /* likewise */
    struct waiter waiters[SERVER_CONTEXTS];
};

static enum err result(int rc)
{
    return rc == 0 ? OK : (rc == NNG_ENOMEM ? ERR_NO_MEMORY : ERR_IO);
}

static void served(void *context)
{
    struct waiter *waiter = context;
    if (nng_aio_result(waiter->aio) != 0) {
        return; /* closed */
    }
    if (waiter->sending) {
        waiter->sending = false;
        nng_ctx_recv(waiter->ctx, waiter->aio);
        return;
    }
    struct server *server = waiter->server;
    waiter->message = nng_aio_get_msg(waiter->aio);
    (void)pthread_mutex_lock(&server->mutex);
    waiter->next = server->first;
    server->first = waiter;
    (void)pthread_cond_signal(&server->wake);
    (void)pthread_mutex_unlock(&server->mutex);
}

static enum err put_requests(struct bare *bare, struct waiter *waiter)
{
    const uint8_t *at = nng_msg_body(waiter->message);
    size_t left = nng_msg_len(waiter->message);
    for (waiter->requests = 0; left > 0; waiter->requests++) {
        uint8_t id[16];
        const size_t len = left < 4 ? left : get_be32(at);
        if (left < 4 || len > left - 4) {
            return ERR_MALFORMED;
        }
        random_fill(id, sizeof id);
        TRY(bare_append(bare, span_of(at + 4, len)));
        TRY(bare_put(bare, span_of(id, sizeof id), SPAN("12345678")));
        at += 4 + len;
        left -= 4 + len;
    }
    return OK;
}

static enum err commit(struct server *server, struct waiter *first)
{
    TRY(bare_begin(server->bare));
    for (struct waiter *one = first; one != NULL; one = one->next) {
        TRY(put_requests(server->bare, one));
    }
    return bare_commit(server->bare);
}

static void *write_all(void *context)
{
    struct server *server = context;
    for (;;) {
        (void)pthread_mutex_lock(&server->mutex);
        while (server->first == NULL && !server->stopping) {
            (void)pthread_cond_wait(&server->wake, &server->mutex);
        }
        struct waiter *first = server->first;
        server->first = NULL;
        const bool stopping = server->stopping;
        (void)pthread_mutex_unlock(&server->mutex);
        if (stopping || commit(server, first) != OK) {
            return NULL;
        }
        while (first != NULL) {
            struct waiter *one = first;
            first = one->next;
            nng_msg_clear(one->message);
            for (unsigned i = 0; i < one->requests; i++) {
                (void)nng_msg_append(one->message, ACCEPTED, ACCEPTED_LEN);
            }
            one->sending = true;
            nng_aio_set_msg(one->aio, one->message);
            nng_ctx_send(one->ctx, one->aio);
        }
    }
}

static enum err serve(struct server *server, const char *url, int stop_fd)
{
    pthread_t writer;
    TRY(result(nng_rep0_open(&server->socket)));
    TRY(result(nng_listen(server->socket, url, NULL, 0)));
    if (pthread_create(&writer, NULL, write_all, server) != 0) {
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < SERVER_CONTEXTS; i++) {
        struct waiter *one = &server->waiters[i];
        one->server = server;
        if (nng_ctx_open(&one->ctx, server->socket) != 0 || nng_aio_alloc(&one->aio, served, one) != 0) {
            return ERR_NO_MEMORY;
        }
        nng_ctx_recv(one->ctx, one->aio);
    }
    process_ready();
    struct pollfd stop = {.fd = stop_fd, .events = POLLIN};
    while (poll(&stop, 1, -1) <= 0) {
    }
    (void)pthread_mutex_lock(&server->mutex);
    server->stopping = true;
    (void)pthread_cond_signal(&server->wake);
    (void)pthread_mutex_unlock(&server->mutex);
    (void)pthread_join(writer, NULL);
    return result(nng_close(server->socket)); /* the process ends: what the contexts hold goes with it */
}

enum err bare_nng_serve(const char *url, const char *folder)
{
    int stop_fd = -1;
    TRY(process_stop_fd(&stop_fd));
    struct server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        return ERR_NO_MEMORY;
    }
    (void)pthread_mutex_init(&server->mutex, NULL);
    (void)pthread_cond_init(&server->wake, NULL);
    TRY(bare_open(folder, &server->bare));
    return serve(server, url, stop_fd);
}

struct load {
    struct span message; /* each is the same */
    atomic_bool stopping;
    atomic_ullong answered;
    atomic_uint under_way;
};

struct asker {
    struct load *load;
    nng_ctx ctx;
    nng_aio *aio;
    bool receiving;
};

static void send_one(struct asker *asker)
{
    nng_msg *msg = NULL;
    if (nng_msg_alloc(&msg, 0) != 0 || nng_msg_append(msg, asker->load->message.data, asker->load->message.len) != 0) {
        return;
    }
    atomic_fetch_add(&asker->load->under_way, 1);
    asker->receiving = false;
    nng_aio_set_msg(asker->aio, msg);
    nng_ctx_send(asker->ctx, asker->aio);
}

static void asked(void *context)
{
    struct asker *asker = context;
    if (nng_aio_result(asker->aio) != 0) {
        return; /* closed; what was not sent is the socket's to free */
    }
    if (!asker->receiving) {
        asker->receiving = true;
        nng_ctx_recv(asker->ctx, asker->aio);
        return;
    }
    nng_msg *reply = nng_aio_get_msg(asker->aio);
    atomic_fetch_add(&asker->load->answered, nng_msg_len(reply) / ACCEPTED_LEN);
    nng_msg_free(reply);
    if (!atomic_load(&asker->load->stopping)) {
        send_one(asker);
    }
    atomic_fetch_sub(&asker->load->under_way, 1);
}

static enum err load_all(nng_socket socket, struct asker *askers, struct load *load, unsigned messages, int64_t ms,
                         double *ret_rate)
{
    for (unsigned i = 0; i < messages; i++) {
        askers[i].load = load;
        TRY(result(nng_ctx_open(&askers[i].ctx, socket)));
        TRY(result(nng_aio_alloc(&askers[i].aio, asked, &askers[i])));
    }
    const int64_t start_us = clock_monotonic_us();
    for (unsigned i = 0; i < messages; i++) {
        send_one(&askers[i]);
    }
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&pause, NULL);
    const double seconds = (double)(clock_monotonic_us() - start_us) / 1e6;
    *ret_rate = (double)atomic_load(&load->answered) / seconds;
    atomic_store(&load->stopping, true);
    for (unsigned i = 0; i < DRAIN_TRIES && atomic_load(&load->under_way) > 0; i++) {
        (void)poll(NULL, 0, 1); /* closing what is under way can hang nng 1.5.2 */
    }
    return OK;
}

static enum err dial_and_load(const char *url, struct asker *askers, struct load *load, unsigned messages, int64_t ms,
                              double *ret_rate)
{
    nng_socket socket;
    TRY(result(nng_req0_open(&socket)));
    /* Before the contexts: they copy it. */
    enum err err = result(nng_socket_set_ms(socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE));
    err = err == OK ? result(nng_dial(socket, url, NULL, 0)) : err;
    err = err == OK ? load_all(socket, askers, load, messages, ms, ret_rate) : err;
    (void)nng_close(socket);
    for (unsigned i = 0; i < messages; i++) {
        if (askers[i].aio != NULL) {
            nng_aio_stop(askers[i].aio);
            nng_aio_free(askers[i].aio);
        }
    }
    return err;
}

enum err bare_nng_load(const char *url, unsigned messages, unsigned each, struct span request, int64_t ms,
                       double *ret_rate)
{
    const size_t len = each * (4 + request.len);
    if (messages > CLIENT_MAX || len > REQUESTS_BYTES_MAX) {
        return ERR_RANGE;
    }
    struct asker *askers = calloc(messages, sizeof *askers);
    uint8_t *bytes = malloc(len);
    enum err err = askers != NULL && bytes != NULL ? OK : ERR_NO_MEMORY;
    if (err == OK) {
        struct load load = {.message = span_of(bytes, len)};
        for (unsigned i = 0; i < each; i++) {
            uint8_t *at = bytes + i * (4 + request.len);
            put_be32(at, (uint32_t)request.len);
            memcpy(at + 4, request.data, request.len);
        }
        err = dial_and_load(url, askers, &load, messages, ms, ret_rate);
    }
    free(bytes);
    free(askers);
    return err;
}
