/* endpoint.c: see endpoint.h. The only file that knows nng. What nng 1.5 does not do by itself and this file sees to: a
 * size limit before listening, no second sending of a question (the resend time is -1 before a context is opened:
 * contexts copy it), a time-out on every operation, and connections that are closed when they take no reply, ask for
 * too much at a time, or are too many and never proved who they are. No aio is ever used to sleep: nng would report its
 * later time-outs as success. No function of nng's is called while a mutex of ours is held, as its callbacks take ours.
 */
#include "core/wire/endpoint.h"

#include <nng/nng.h>
#include <nng/protocol/pubsub0/pub.h>
#include <nng/protocol/pubsub0/sub.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>
#include <nng/supplemental/util/platform.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/base/lock.h"
#include "core/wire/connections.h"

#define RECONNECT_FIRST_MS 10
#define RECONNECT_LAST_MS 250

static enum err err_from_nng(int rc)
{
    static const struct {
        int rc;
        enum err err;
    } known[] = {
        {0,                OK           },
        {NNG_ENOMEM,       ERR_NO_MEMORY},
        {NNG_ETIMEDOUT,    ERR_TIMED_OUT},
        {NNG_EADDRINUSE,   ERR_BUSY     },
        {NNG_EADDRINVAL,   ERR_MALFORMED},
        {NNG_EPERM,        ERR_ACCESS   },
        {NNG_ECLOSED,      ERR_CLOSED   },
        {NNG_ECANCELED,    ERR_CLOSED   },
        {NNG_ECONNRESET,   ERR_CLOSED   },
        {NNG_ECONNSHUT,    ERR_CLOSED   },
        {NNG_ECONNREFUSED, ERR_CLOSED   },
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].rc == rc) {
            return known[i].err;
        }
    }
    return ERR_IO;
}

#define TRY_NNG(call) TRY(err_from_nng(call))

static bool ipc_is_safe(void)
{
    char *minor = NULL;
    const unsigned long major = strtoul(nng_version(), &minor, 10);
    return major > 1 || (major == 1 && *minor == '.' && strtoul(minor + 1, NULL, 10) >= 6);
}

enum err endpoint_address_check(const char *url)
{
    const struct span address = span_text(url);
    if (span_starts_with(address, SPAN("ipc://"))) {
        return ipc_is_safe() ? OK : ERR_UNSUPPORTED;
    }
    const struct span host = SPAN("tcp://127.0.0.1:");
    uint64_t port = 0;
    if (!span_starts_with(address, host)) {
        return ERR_MALFORMED;
    }
    if (span_to_u64(span_of(address.data + host.len, address.len - host.len), &port) != OK || port > UINT16_MAX) {
        return ERR_MALFORMED;
    }
    return OK;
}

static enum err message_of(struct span bytes, nng_msg **ret_message)
{
    nng_msg *message = NULL;
    TRY_NNG(nng_msg_alloc(&message, bytes.len));
    if (bytes.len > 0) {
        memcpy(nng_msg_body(message), bytes.data, bytes.len);
    }
    *ret_message = message;
    return OK;
}

/* ---- Answering ---- */

/* One context and what is answered through it. */
struct endpoint_request {
    struct endpoint *endpoint;
    unsigned number;
    nng_ctx ctx;
    bool ctx_open;
    nng_aio *receive;
    nng_aio *send;
    nng_msg *message; /* the request */
    uint32_t pipe;
};

struct endpoint {
    struct endpoint_options options;
    nng_socket socket;
    bool socket_open;
    nng_listener listener;
    uint16_t port;
    atomic_bool stopping;
    pthread_mutex_t lock; /* of what follows */
    struct connections connections;
    struct endpoint_counts counts;
    unsigned slot_count;
    struct endpoint_request slots[];
};

static void on_pipe(nng_pipe pipe, nng_pipe_ev event, void *context)
{
    struct endpoint *endpoint = context;
    uint32_t victim = 0;
    lock_take(&endpoint->lock);
    if (event == NNG_PIPE_EV_ADD_PRE) {
        victim = connections_add(&endpoint->connections, pipe.id, ENDPOINT_STRANGERS_MAX);
        endpoint->counts.strangers += victim != 0;
    } else if (event == NNG_PIPE_EV_REM_POST) {
        connections_remove(&endpoint->connections, pipe.id);
    }
    lock_give(&endpoint->lock);
    if (victim != 0) {
        (void)nng_pipe_close((nng_pipe){.id = victim});
    }
}

static void receive_next(struct endpoint_request *slot)
{
    if (!atomic_load(&slot->endpoint->stopping)) {
        nng_ctx_recv(slot->ctx, slot->receive);
    }
}

/* The request is over: forget it, and close its connection if it has earned that (counter is not NULL). */
static void request_end(struct endpoint_request *slot, uint64_t *counter)
{
    struct endpoint *endpoint = slot->endpoint;
    lock_take(&endpoint->lock);
    connections_answered(&endpoint->connections, slot->pipe);
    if (counter != NULL) {
        (*counter)++;
    }
    lock_give(&endpoint->lock);
    if (counter != NULL) {
        (void)nng_pipe_close((nng_pipe){.id = slot->pipe}); /* gone already is as good */
    }
    if (slot->message != NULL) {
        nng_msg_free(slot->message);
        slot->message = NULL;
    }
    receive_next(slot);
}

static void on_received(void *context)
{
    struct endpoint_request *slot = context;
    struct endpoint *endpoint = slot->endpoint;
    const int rc = nng_aio_result(slot->receive);
    if (rc != 0) {
        if (rc != NNG_ECLOSED && rc != NNG_ECANCELED) {
            receive_next(slot);
        }
        return;
    }
    slot->message = nng_aio_get_msg(slot->receive);
    slot->pipe = nng_msg_get_pipe(slot->message).id;
    lock_take(&endpoint->lock);
    endpoint->counts.requests++;
    const bool greedy = !connections_ask(&endpoint->connections, slot->pipe, endpoint->options.per_connection);
    lock_give(&endpoint->lock);
    if (greedy) {
        request_end(slot, &endpoint->counts.greedy);
        return;
    }
    endpoint->options.handle(endpoint->options.context, slot); /* the slot may be answered and reused from here on */
}

static void on_sent(void *context)
{
    struct endpoint_request *slot = context;
    const int rc = nng_aio_result(slot->send);
    if (rc != 0) {
        nng_msg_free(nng_aio_get_msg(slot->send));
        nng_aio_set_msg(slot->send, NULL);
    }
    request_end(slot, rc == NNG_ETIMEDOUT ? &slot->endpoint->counts.stalled : NULL);
}

struct span endpoint_bytes(const struct endpoint_request *request)
{
    ASSERT(request->message != NULL);
    return span_of(nng_msg_body(request->message), nng_msg_len(request->message));
}

unsigned endpoint_slot(const struct endpoint_request *request)
{
    return request->number;
}

void endpoint_trust(struct endpoint_request *request)
{
    lock_take(&request->endpoint->lock);
    connections_trust(&request->endpoint->connections, request->pipe);
    lock_give(&request->endpoint->lock);
}

void endpoint_reply(struct endpoint_request *request, struct span bytes)
{
    ASSERT(request->message != NULL);
    nng_msg *reply = NULL;
    if (message_of(bytes, &reply) != OK) {
        endpoint_drop(request);
        return;
    }
    nng_aio_set_msg(request->send, reply);
    nng_ctx_send(request->ctx, request->send);
}

void endpoint_drop(struct endpoint_request *request)
{
    request_end(request, &request->endpoint->counts.dropped);
}

uint16_t endpoint_port(const struct endpoint *endpoint)
{
    return endpoint->port;
}

void endpoint_counts(struct endpoint *endpoint, struct endpoint_counts *ret_counts)
{
    lock_take(&endpoint->lock);
    *ret_counts = endpoint->counts;
    lock_give(&endpoint->lock);
}

static enum err slot_open(struct endpoint *endpoint, unsigned number)
{
    struct endpoint_request *slot = &endpoint->slots[number];
    slot->endpoint = endpoint;
    slot->number = number;
    TRY_NNG(nng_aio_alloc(&slot->receive, on_received, slot));
    TRY_NNG(nng_aio_alloc(&slot->send, on_sent, slot));
    nng_aio_set_timeout(slot->receive, NNG_DURATION_INFINITE);
    nng_aio_set_timeout(slot->send, ENDPOINT_REPLY_MS);
    TRY_NNG(nng_ctx_open(&slot->ctx, endpoint->socket));
    slot->ctx_open = true;
    return OK;
}

static enum err listen_at(nng_socket socket, const char *url, nng_listener *ret_listener, uint16_t *ret_port)
{
    TRY_NNG(nng_listen(socket, url, ret_listener, 0));
    int port = 0;
    if (span_starts_with(span_text(url), SPAN("tcp://"))) {
        TRY_NNG(nng_listener_get_int(*ret_listener, NNG_OPT_TCP_BOUND_PORT, &port));
    }
    *ret_port = (uint16_t)port;
    return OK;
}

enum err endpoint_open(const struct endpoint_options *options, struct endpoint **ret_endpoint)
{
    ASSERT(options->contexts > 0);
    ASSERT(options->per_connection > 0);
    TRY(endpoint_address_check(options->url));
    OWNED(endpoint_close)
    struct endpoint *endpoint = calloc(1, sizeof *endpoint + options->contexts * sizeof endpoint->slots[0]);
    if (endpoint == NULL) {
        return ERR_NO_MEMORY;
    }
    endpoint->options = *options;
    endpoint->slot_count = options->contexts;
    lock_init(&endpoint->lock);
    TRY_NNG(nng_rep0_open(&endpoint->socket));
    endpoint->socket_open = true;
    TRY_NNG(nng_socket_set_size(endpoint->socket, NNG_OPT_RECVMAXSZ, options->frame_max));
    TRY_NNG(nng_pipe_notify(endpoint->socket, NNG_PIPE_EV_ADD_PRE, on_pipe, endpoint));
    TRY_NNG(nng_pipe_notify(endpoint->socket, NNG_PIPE_EV_REM_POST, on_pipe, endpoint));
    for (unsigned i = 0; i < options->contexts; i++) {
        TRY(slot_open(endpoint, i));
    }
    TRY(listen_at(endpoint->socket, options->url, &endpoint->listener, &endpoint->port));
    for (unsigned i = 0; i < options->contexts; i++) {
        receive_next(&endpoint->slots[i]);
    }
    *ret_endpoint = endpoint;
    endpoint = NULL;
    return OK;
}

void endpoint_stop(struct endpoint *endpoint)
{
    atomic_store(&endpoint->stopping, true);
    (void)nng_listener_close(endpoint->listener);
    for (unsigned i = 0; i < endpoint->slot_count; i++) {
        nng_aio_stop(endpoint->slots[i].receive);
    }
}

void endpoint_close(struct endpoint *endpoint)
{
    if (endpoint == NULL) {
        return;
    }
    atomic_store(&endpoint->stopping, true);
    for (unsigned i = 0; i < endpoint->slot_count; i++) {
        struct endpoint_request *slot = &endpoint->slots[i];
        nng_aio_stop(slot->receive); /* both accept NULL */
        nng_aio_stop(slot->send);
    }
    for (unsigned i = 0; i < endpoint->slot_count; i++) {
        struct endpoint_request *slot = &endpoint->slots[i];
        if (slot->ctx_open) {
            (void)nng_ctx_close(slot->ctx);
        }
        nng_aio_free(slot->receive);
        nng_aio_free(slot->send);
        if (slot->message != NULL) {
            nng_msg_free(slot->message);
        }
    }
    if (endpoint->socket_open) {
        (void)nng_close(endpoint->socket);
    }
    lock_done(&endpoint->lock);
    free(endpoint);
}

/* ---- Asking ---- */

struct question {
    struct caller *caller;
    nng_ctx ctx;
    bool ctx_open;
    nng_aio *send;
    nng_aio *receive;
    caller_done *done;
    void *context;
    uint64_t until_ms; /* of nng's clock */
    struct question *next_free;
};

struct caller {
    nng_socket socket;
    bool socket_open;
    pthread_mutex_t lock; /* of what follows */
    bool closing;
    struct question *free;
    unsigned count;
    struct question questions[];
};

/* Gives the context back before the callback, which may ask again at once. */
static void question_end(struct question *question, enum err err, struct span reply)
{
    struct caller *caller = question->caller;
    caller_done *const done = question->done;
    void *const context = question->context;
    lock_take(&caller->lock);
    question->next_free = caller->free;
    caller->free = question;
    lock_give(&caller->lock);
    done(context, err, reply);
}

static void on_asked(void *context)
{
    struct question *question = context;
    const int rc = nng_aio_result(question->send);
    if (rc != 0) {
        nng_msg_free(nng_aio_get_msg(question->send));
        nng_aio_set_msg(question->send, NULL);
        question_end(question, rc == NNG_ETIMEDOUT ? ERR_BUSY : err_from_nng(rc), SPAN(""));
        return;
    }
    const uint64_t now_ms = nng_clock();
    nng_aio_set_timeout(question->receive,
                        question->until_ms > now_ms ? (nng_duration)(question->until_ms - now_ms) : 1);
    nng_ctx_recv(question->ctx, question->receive);
}

static void on_answered(void *context)
{
    struct question *question = context;
    const int rc = nng_aio_result(question->receive);
    if (rc != 0) {
        question_end(question, err_from_nng(rc), SPAN(""));
        return;
    }
    nng_msg *message = nng_aio_get_msg(question->receive);
    question_end(question, OK, span_of(nng_msg_body(message), nng_msg_len(message)));
    nng_msg_free(message);
}

static enum err question_open(struct caller *caller, struct question *question)
{
    question->caller = caller;
    TRY_NNG(nng_aio_alloc(&question->send, on_asked, question));
    TRY_NNG(nng_aio_alloc(&question->receive, on_answered, question));
    TRY_NNG(nng_ctx_open(&question->ctx, caller->socket));
    question->ctx_open = true;
    question->next_free = caller->free;
    caller->free = question;
    return OK;
}

static enum err dial(nng_socket socket, const char *url, size_t frame_max)
{
    TRY_NNG(nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, frame_max));
    TRY_NNG(nng_socket_set_ms(socket, NNG_OPT_RECONNMINT, RECONNECT_FIRST_MS));
    TRY_NNG(nng_socket_set_ms(socket, NNG_OPT_RECONNMAXT, RECONNECT_LAST_MS));
    return err_from_nng(nng_dial(socket, url, NULL, NNG_FLAG_NONBLOCK));
}

enum err caller_open(const char *url, unsigned contexts, size_t frame_max, struct caller **ret_caller)
{
    TRY(endpoint_address_check(url));
    OWNED(caller_close)
    struct caller *caller = calloc(1, sizeof *caller + contexts * sizeof caller->questions[0]);
    if (caller == NULL) {
        return ERR_NO_MEMORY;
    }
    caller->count = contexts;
    lock_init(&caller->lock);
    TRY_NNG(nng_req0_open(&caller->socket));
    caller->socket_open = true;
    TRY_NNG(nng_socket_set_ms(caller->socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE));
    for (unsigned i = 0; i < contexts; i++) {
        TRY(question_open(caller, &caller->questions[i]));
    }
    TRY(dial(caller->socket, url, frame_max));
    *ret_caller = caller;
    caller = NULL;
    return OK;
}

void caller_close(struct caller *caller)
{
    if (caller == NULL) {
        return;
    }
    lock_take(&caller->lock);
    caller->closing = true;
    lock_give(&caller->lock);
    for (unsigned i = 0; i < caller->count; i++) {
        nng_aio_stop(caller->questions[i].send); /* waits for its callback, which may start the other */
        nng_aio_stop(caller->questions[i].receive);
    }
    for (unsigned i = 0; i < caller->count; i++) {
        if (caller->questions[i].ctx_open) {
            (void)nng_ctx_close(caller->questions[i].ctx);
        }
        nng_aio_free(caller->questions[i].send);
        nng_aio_free(caller->questions[i].receive);
    }
    if (caller->socket_open) {
        (void)nng_close(caller->socket);
    }
    lock_done(&caller->lock);
    free(caller);
}

enum err caller_ask(struct caller *caller, struct span request, int64_t timeout_ms, caller_done *done, void *context)
{
    ASSERT(timeout_ms > 0);
    nng_msg *message = NULL;
    TRY(message_of(request, &message));
    lock_take(&caller->lock);
    struct question *question = caller->closing ? NULL : caller->free;
    const enum err err = caller->closing ? ERR_CLOSED : ERR_BUSY;
    if (question != NULL) {
        caller->free = question->next_free;
    }
    lock_give(&caller->lock);
    if (question == NULL) {
        nng_msg_free(message);
        return err;
    }
    const nng_duration wait_ms = timeout_ms > INT32_MAX / 2 ? INT32_MAX / 2 : (nng_duration)timeout_ms;
    question->done = done;
    question->context = context;
    question->until_ms = nng_clock() + (uint64_t)wait_ms;
    nng_aio_set_timeout(question->send, wait_ms);
    nng_aio_set_msg(question->send, message);
    nng_ctx_send(question->ctx, question->send);
    return OK;
}

/* ---- Wake-ups ---- */

struct publisher {
    nng_socket socket;
    bool socket_open;
    nng_listener listener;
    uint16_t port;
};

enum err publisher_open(const char *url, struct publisher **ret_publisher)
{
    TRY(endpoint_address_check(url));
    OWNED(publisher_close) struct publisher *publisher = calloc(1, sizeof *publisher);
    if (publisher == NULL) {
        return ERR_NO_MEMORY;
    }
    TRY_NNG(nng_pub0_open(&publisher->socket));
    publisher->socket_open = true;
    TRY_NNG(nng_socket_set_size(publisher->socket, NNG_OPT_RECVMAXSZ, 64)); /* subscribers have nothing to say */
    TRY(listen_at(publisher->socket, url, &publisher->listener, &publisher->port));
    *ret_publisher = publisher;
    publisher = NULL;
    return OK;
}

void publisher_close(struct publisher *publisher)
{
    if (publisher == NULL) {
        return;
    }
    if (publisher->socket_open) {
        (void)nng_close(publisher->socket);
    }
    free(publisher);
}

uint16_t publisher_port(const struct publisher *publisher)
{
    return publisher->port;
}

void publisher_send(struct publisher *publisher, struct span bytes)
{
    nng_msg *message = NULL;
    if (message_of(bytes, &message) == OK && nng_sendmsg(publisher->socket, message, NNG_FLAG_NONBLOCK) != 0) {
        nng_msg_free(message);
    }
}

struct subscriber {
    nng_socket socket;
    bool socket_open;
    nng_aio *receive;
    subscriber_heard *heard;
    void *context;
};

static void on_heard(void *context)
{
    struct subscriber *subscriber = context;
    const int rc = nng_aio_result(subscriber->receive);
    if (rc == NNG_ECLOSED || rc == NNG_ECANCELED) {
        return;
    }
    if (rc == 0) {
        nng_msg *message = nng_aio_get_msg(subscriber->receive);
        subscriber->heard(subscriber->context, span_of(nng_msg_body(message), nng_msg_len(message)));
        nng_msg_free(message);
    }
    nng_recv_aio(subscriber->socket, subscriber->receive);
}

enum err subscriber_open(const char *url, size_t len_max, subscriber_heard *heard, void *context,
                         struct subscriber **ret_subscriber)
{
    TRY(endpoint_address_check(url));
    OWNED(subscriber_close) struct subscriber *subscriber = calloc(1, sizeof *subscriber);
    if (subscriber == NULL) {
        return ERR_NO_MEMORY;
    }
    subscriber->heard = heard;
    subscriber->context = context;
    TRY_NNG(nng_aio_alloc(&subscriber->receive, on_heard, subscriber));
    nng_aio_set_timeout(subscriber->receive, NNG_DURATION_INFINITE);
    TRY_NNG(nng_sub0_open(&subscriber->socket));
    subscriber->socket_open = true;
    TRY_NNG(nng_socket_set(subscriber->socket, NNG_OPT_SUB_SUBSCRIBE, "", 0));
    TRY(dial(subscriber->socket, url, len_max));
    nng_recv_aio(subscriber->socket, subscriber->receive);
    *ret_subscriber = subscriber;
    subscriber = NULL;
    return OK;
}

void subscriber_close(struct subscriber *subscriber)
{
    if (subscriber == NULL) {
        return;
    }
    nng_aio_stop(subscriber->receive);
    nng_aio_free(subscriber->receive);
    if (subscriber->socket_open) {
        (void)nng_close(subscriber->socket);
    }
    free(subscriber);
}
