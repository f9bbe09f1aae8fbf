/* server_stream.c: answers whose body grows (server-sent events). libmicrohttpd asks stream_read for bytes when the
 * socket takes some; when there are none the connection is suspended until somebody puts more. Called by whoever puts,
 * from any thread, and by libmicrohttpd's. Must never wait for a client.
 *
 * A stream has two holders, its maker and libmicrohttpd's response; the last one frees it. The response lets go before
 * the connection's memory does, and under the mutex: so whoever holds the mutex and finds the response there may resume
 * the connection. */
#include <stdlib.h>
#include <sys/socket.h>

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "gateway/server_private.h"

#define STREAM_BLOCK 16384 /* libmicrohttpd asks for at most so much at a time */

struct server_stream {
    pthread_mutex_t mutex;
    struct conn *conn; /* NULL: no response yet, or none any more */
    struct blob bytes;
    size_t sent;
    bool answered; /* a response has had it */
    bool suspended;
    bool ended;
};

enum err server_stream_new(struct server_stream **ret_stream)
{
    struct server_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) {
        return ERR_NO_MEMORY;
    }
    const bool ok = pthread_mutex_init(&stream->mutex, NULL) == 0;
    ASSERT(ok);
    *ret_stream = stream;
    return OK;
}

static void stream_free(struct server_stream *stream)
{
    (void)pthread_mutex_destroy(&stream->mutex);
    free(stream->bytes.data);
    free(stream);
}

/* Under the mutex. */
static void wake(struct server_stream *stream)
{
    if (stream->suspended) {
        ASSERT(stream->conn != NULL); /* which ends no earlier than it is resumed */
        stream->suspended = false;
        MHD_resume_connection(stream->conn->mhd);
    }
}

/* Under the mutex. */
static enum err state_of(const struct server_stream *stream)
{
    if (stream->answered && stream->conn == NULL) {
        return ERR_CLOSED;
    }
    return stream->sent < stream->bytes.len ? ERR_BUSY : OK;
}

/* Under the mutex: libmicrohttpd does not look at a suspended connection's socket. */
static bool has_hung_up(const struct server_stream *stream)
{
    uint8_t byte;
    return stream->suspended && recv(stream->conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

enum err server_stream_state(struct server_stream *stream)
{
    (void)pthread_mutex_lock(&stream->mutex);
    const enum err err = has_hung_up(stream) ? ERR_CLOSED : state_of(stream);
    (void)pthread_mutex_unlock(&stream->mutex);
    return err;
}

enum err server_stream_put(struct server_stream *stream, struct span bytes)
{
    (void)pthread_mutex_lock(&stream->mutex);
    enum err err = state_of(stream);
    if (err == OK && !blob_reserve(&stream->bytes, bytes.len)) {
        err = ERR_NO_MEMORY;
    }
    if (err == OK && bytes.len > 0) {
        memcpy(stream->bytes.data, bytes.data, bytes.len);
        stream->bytes.len = bytes.len;
        stream->sent = 0;
        wake(stream);
    }
    (void)pthread_mutex_unlock(&stream->mutex);
    return err;
}

void server_stream_end(struct server_stream *stream)
{
    if (stream == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&stream->mutex);
    ASSERT(!stream->ended);
    stream->ended = true;
    const bool last = stream->conn == NULL;
    wake(stream);
    (void)pthread_mutex_unlock(&stream->mutex);
    if (last) {
        stream_free(stream);
    }
}

/* Under the mutex: the next bytes. Each piece has its own time to be taken. */
static ssize_t take(struct server_stream *stream, char *out, size_t max)
{
    const size_t left = stream->bytes.len - stream->sent;
    const size_t len = left < max ? left : max;
    const int64_t within_us =
        (int64_t)stream->conn->server->options.body_within_ms * 1000 + (int64_t)len * 1000000 / SEND_BYTES_PER_SECOND;
    if (!conn_enter(stream->conn, PHASE_SEND, clock_monotonic_us() + within_us)) {
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    memcpy(out, stream->bytes.data + stream->sent, len);
    stream->sent += len;
    if (stream->sent == stream->bytes.len && stream->bytes.cap > KEEP_MAX) {
        free(stream->bytes.data);
        stream->bytes = (struct blob){0};
        stream->sent = 0;
    }
    return (ssize_t)len;
}

static ssize_t stream_read(void *context, uint64_t position, char *out, size_t max)
{
    struct server_stream *stream = context;
    ssize_t result = 0;
    (void)position;
    (void)pthread_mutex_lock(&stream->mutex);
    if (stream->sent < stream->bytes.len) {
        result = take(stream, out, max);
    } else if (stream->ended) {
        result = MHD_CONTENT_READER_END_OF_STREAM;
    } else if (!conn_enter(stream->conn, PHASE_HANDLER, 0)) {
        result = MHD_CONTENT_READER_END_WITH_ERROR;
    } else {
        stream->suspended = true;
        MHD_suspend_connection(stream->conn->mhd);
    }
    (void)pthread_mutex_unlock(&stream->mutex);
    return result;
}

static void stream_release(void *context)
{
    struct server_stream *stream = context;
    (void)pthread_mutex_lock(&stream->mutex);
    stream->conn = NULL;
    stream->suspended = false;
    const bool last = stream->ended;
    (void)pthread_mutex_unlock(&stream->mutex);
    if (last) {
        stream_free(stream);
    }
}

struct MHD_Response *stream_response(struct server_stream *stream, struct conn *conn)
{
    (void)pthread_mutex_lock(&stream->mutex);
    ASSERT(!stream->answered && !stream->ended);
    stream->conn = conn;
    stream->answered = true;
    (void)pthread_mutex_unlock(&stream->mutex);
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, stream_read, stream, stream_release);
    if (response == NULL) {
        stream_release(stream);
    }
    return response;
}

void stream_abandon(struct server_stream *stream)
{
    (void)pthread_mutex_lock(&stream->mutex);
    stream->answered = true;
    (void)pthread_mutex_unlock(&stream->mutex);
}
