/* stream.c: see stream.h. The only file that knows nng. It must never start anything on a closed stream (nng 1.5 would
 * call nobody back), nor use an aio that slept for anything else (nng would report its later time-outs as success), nor
 * listen before a size limit is set. */
#include "core/wire/stream.h"

#include <nng/nng.h>
#include <nng/protocol/pubsub0/sub.h>
#include <nng/supplemental/util/platform.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/base/assert.h"

#define ACCEPT_AGAIN_MS 100 /* after an error: mostly too many open files */
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
        {NNG_ECLOSED,      ERR_CLOSED   },
        {NNG_ECANCELED,    ERR_CLOSED   },
        {NNG_ECONNRESET,   ERR_CLOSED   },
        {NNG_ECONNSHUT,    ERR_CLOSED   },
        {NNG_ECONNREFUSED, ERR_CLOSED   },
        {NNG_EPERM,        ERR_ACCESS   },
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

enum err stream_address_check(const char *url)
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

/* ---- Streams ---- */

struct stream {
    nng_stream *nng;
    nng_aio *read;
    nng_aio *write;
    const struct stream_events *events;
    void *context;
};

static void on_read(void *context)
{
    struct stream *stream = context;
    stream->events->read(stream->context, err_from_nng(nng_aio_result(stream->read)), nng_aio_count(stream->read));
}

static void on_written(void *context)
{
    struct stream *stream = context;
    stream->events->written(stream->context, err_from_nng(nng_aio_result(stream->write)), nng_aio_count(stream->write));
}

/* Wraps a connected stream, which is closed when that fails. */
static struct stream *stream_new(nng_stream *nng)
{
    struct stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) {
        nng_stream_free(nng);
        return NULL;
    }
    stream->nng = nng;
    if (nng_aio_alloc(&stream->read, on_read, stream) != 0 || nng_aio_alloc(&stream->write, on_written, stream) != 0) {
        stream_free(stream);
        return NULL;
    }
    return stream;
}

void stream_use(struct stream *stream, const struct stream_events *events, void *context)
{
    stream->events = events;
    stream->context = context;
}

void stream_read(struct stream *stream, void *data, size_t cap, int timeout_ms)
{
    ASSERT(stream->events != NULL);
    ASSERT(cap > 0);
    const nng_iov piece = {.iov_buf = data, .iov_len = cap};
    ASSERT(nng_aio_set_iov(stream->read, 1, &piece) == 0);
    nng_aio_set_timeout(stream->read, timeout_ms == STREAM_FOREVER ? NNG_DURATION_INFINITE : timeout_ms);
    nng_stream_recv(stream->nng, stream->read);
}

void stream_write(struct stream *stream, const struct span *pieces, unsigned count, int timeout_ms)
{
    ASSERT(stream->events != NULL);
    ASSERT(count > 0);
    ASSERT(count <= STREAM_PIECES_MAX);
    nng_iov iov[STREAM_PIECES_MAX];
    for (unsigned i = 0; i < count; i++) {
        union {
            const uint8_t *in;
            void *out;
        } bytes = {.in = pieces[i].data}; /* nng's iov serves reading too, so it takes no const */

        iov[i] = (nng_iov){.iov_buf = bytes.out, .iov_len = pieces[i].len};
    }
    ASSERT(nng_aio_set_iov(stream->write, count, iov) == 0);
    nng_aio_set_timeout(stream->write, timeout_ms == STREAM_FOREVER ? NNG_DURATION_INFINITE : timeout_ms);
    nng_stream_send(stream->nng, stream->write);
}

void stream_close(struct stream *stream)
{
    nng_stream_close(stream->nng);
}

void stream_free(struct stream *stream)
{
    if (stream == NULL) {
        return;
    }
    nng_stream_close(stream->nng);
    nng_aio_stop(stream->read); /* both accept NULL */
    nng_aio_stop(stream->write);
    nng_aio_free(stream->read);
    nng_aio_free(stream->write);
    nng_stream_free(stream->nng);
    free(stream);
}

/* ---- Listeners ---- */

struct listener {
    nng_stream_listener *nng;
    nng_aio *accept;
    nng_aio *pause; /* sleeps only */
    listener_accepted *accepted;
    void *context;
    atomic_bool stopping;
    uint16_t port;
};

static void accept_next(struct listener *listener)
{
    if (!atomic_load(&listener->stopping)) {
        nng_stream_listener_accept(listener->nng, listener->accept);
    }
}

static void on_accept(void *context)
{
    struct listener *listener = context;
    const int rc = nng_aio_result(listener->accept);
    if (rc == NNG_ECLOSED || rc == NNG_ECANCELED) {
        return;
    }
    if (rc != 0) {
        if (!atomic_load(&listener->stopping)) {
            nng_sleep_aio(ACCEPT_AGAIN_MS, listener->pause);
        }
        return;
    }
    struct stream *stream = stream_new(nng_aio_get_output(listener->accept, 0));
    if (stream != NULL) {
        listener->accepted(listener->context, stream);
    }
    accept_next(listener);
}

static void on_pause(void *context)
{
    accept_next(context);
}

enum err listener_open(const char *url, listener_accepted *accepted, void *context, struct listener **ret_listener)
{
    TRY(stream_address_check(url));
    OWNED(listener_close) struct listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL) {
        return ERR_NO_MEMORY;
    }
    listener->accepted = accepted;
    listener->context = context;
    TRY_NNG(nng_aio_alloc(&listener->accept, on_accept, listener));
    TRY_NNG(nng_aio_alloc(&listener->pause, on_pause, listener));
    TRY_NNG(nng_stream_listener_alloc(&listener->nng, url));
    TRY_NNG(nng_stream_listener_set_bool(listener->nng, NNG_OPT_TCP_NODELAY, true));
    TRY_NNG(nng_stream_listener_listen(listener->nng));
    int port = 0;
    TRY_NNG(nng_stream_listener_get_int(listener->nng, NNG_OPT_TCP_BOUND_PORT, &port));
    listener->port = (uint16_t)port;
    *ret_listener = listener;
    listener = NULL;
    return OK;
}

void listener_start(struct listener *listener)
{
    accept_next(listener);
}

void listener_stop(struct listener *listener)
{
    atomic_store(&listener->stopping, true);
    if (listener->nng != NULL) {
        nng_stream_listener_close(listener->nng);
    }
    nng_aio_stop(listener->pause);
    nng_aio_stop(listener->accept);
}

void listener_close(struct listener *listener)
{
    if (listener == NULL) {
        return;
    }
    listener_stop(listener);
    nng_aio_free(listener->pause);
    nng_aio_free(listener->accept);
    if (listener->nng != NULL) {
        nng_stream_listener_free(listener->nng);
    }
    free(listener);
}

uint16_t listener_port(const struct listener *listener)
{
    return listener->port;
}

/* ---- Dialers and timers ---- */

struct dialer {
    nng_stream_dialer *nng;
    nng_aio *dial;
    dialer_done *done;
    void *context;
};

static void on_dialed(void *context)
{
    struct dialer *dialer = context;
    enum err err = err_from_nng(nng_aio_result(dialer->dial));
    struct stream *stream = NULL;
    if (err == OK) {
        stream = stream_new(nng_aio_get_output(dialer->dial, 0));
        err = stream == NULL ? ERR_NO_MEMORY : OK;
    }
    dialer->done(dialer->context, err, stream);
}

enum err dialer_open(const char *url, dialer_done *done, void *context, struct dialer **ret_dialer)
{
    TRY(stream_address_check(url));
    OWNED(dialer_close) struct dialer *dialer = calloc(1, sizeof *dialer);
    if (dialer == NULL) {
        return ERR_NO_MEMORY;
    }
    dialer->done = done;
    dialer->context = context;
    TRY_NNG(nng_aio_alloc(&dialer->dial, on_dialed, dialer));
    TRY_NNG(nng_stream_dialer_alloc(&dialer->nng, url));
    TRY_NNG(nng_stream_dialer_set_bool(dialer->nng, NNG_OPT_TCP_NODELAY, true));
    *ret_dialer = dialer;
    dialer = NULL;
    return OK;
}

void dialer_dial(struct dialer *dialer, int timeout_ms)
{
    nng_aio_set_timeout(dialer->dial, timeout_ms);
    nng_stream_dialer_dial(dialer->nng, dialer->dial);
}

void dialer_close(struct dialer *dialer)
{
    if (dialer == NULL) {
        return;
    }
    if (dialer->nng != NULL) {
        nng_stream_dialer_close(dialer->nng);
    }
    nng_aio_stop(dialer->dial);
    nng_aio_free(dialer->dial);
    if (dialer->nng != NULL) {
        nng_stream_dialer_free(dialer->nng);
    }
    free(dialer);
}

struct timer {
    nng_aio *sleep;
    timer_rang *rang;
    void *context;
};

static void on_slept(void *context)
{
    struct timer *timer = context;
    if (nng_aio_result(timer->sleep) == 0) {
        timer->rang(timer->context);
    }
}

enum err timer_open(timer_rang *rang, void *context, struct timer **ret_timer)
{
    OWNED(timer_close) struct timer *timer = calloc(1, sizeof *timer);
    if (timer == NULL) {
        return ERR_NO_MEMORY;
    }
    timer->rang = rang;
    timer->context = context;
    TRY_NNG(nng_aio_alloc(&timer->sleep, on_slept, timer));
    *ret_timer = timer;
    timer = NULL;
    return OK;
}

void timer_start(struct timer *timer, int after_ms)
{
    nng_sleep_aio(after_ms, timer->sleep);
}

void timer_close(struct timer *timer)
{
    if (timer == NULL) {
        return;
    }
    nng_aio_stop(timer->sleep);
    nng_aio_free(timer->sleep);
    free(timer);
}

uint64_t timer_now_ms(void)
{
    return nng_clock();
}

/* ---- Wake-ups ---- */

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
    TRY(stream_address_check(url));
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
    TRY_NNG(nng_socket_set_size(subscriber->socket, NNG_OPT_RECVMAXSZ, len_max));
    TRY_NNG(nng_socket_set_ms(subscriber->socket, NNG_OPT_RECONNMINT, RECONNECT_FIRST_MS));
    TRY_NNG(nng_socket_set_ms(subscriber->socket, NNG_OPT_RECONNMAXT, RECONNECT_LAST_MS));
    TRY_NNG(nng_dial(subscriber->socket, url, NULL, NNG_FLAG_NONBLOCK));
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
