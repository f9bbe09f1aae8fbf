/* server_reply.c: answers: as libmicrohttpd's responses, and as ready bytes for the cases in which it cannot answer (a
 * deadline, a head that fills its memory, a chunked body over its limit, a connection over the caps). Called by whoever
 * answers; never blocks. */
#include <stdlib.h>

#include "gateway/server_private.h"

/* libmicrohttpd takes bodies as void *, and only reads them. */
static void *unconst(const void *data)
{
    return (void *)(uintptr_t)data;
}

static bool add_header(struct MHD_Response *mhd, struct arena *arena, const char *name, struct span value)
{
    if (value.len == 0) {
        return true;
    }
    char text[256];
    if (value.len < sizeof text) {
        memcpy(text, value.data, value.len);
        text[value.len] = 0;
        const bool added = MHD_add_response_header(mhd, name, text) == MHD_YES;
        explicit_bzero(text, value.len); /* it may be a cookie */
        return added;
    }
    struct span copy;
    return arena_copy(arena, value, &copy) == OK &&
           MHD_add_response_header(mhd, name, (const char *)copy.data) == MHD_YES;
}

/* The truncate fault: so many bytes of the body, then an error, at which libmicrohttpd closes. */
static ssize_t read_truncated(void *context, uint64_t position, char *out, size_t max)
{
    const struct conn *conn = context;
    if (position >= conn->truncate) {
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    const size_t left = conn->truncate - (size_t)position;
    const size_t len = left < max ? left : max;
    memcpy(out, conn->reply.data + position, len);
    return (ssize_t)len;
}

static struct MHD_Response *create(struct conn *conn, const struct response *response)
{
    static const uint8_t nothing[1];
    if (response->stream != NULL) {
        return stream_response(response->stream, conn);
    }
    struct span body = response->body.len == 0 ? span_of(nothing, 0) : response->body;
    const bool truncate = response->truncate > 0 && response->truncate < body.len;
    if (body.len > 0 && (truncate || !response->body_stays)) {
        if (!blob_reserve(&conn->reply, body.len)) {
            return NULL;
        }
        memcpy(conn->reply.data, body.data, body.len);
        body.data = conn->reply.data;
    }
    if (truncate) {
        conn->truncate = response->truncate;
        return MHD_create_response_from_callback(body.len, 4096, read_truncated, conn, NULL);
    }
    return MHD_create_response_from_buffer(body.len, unconst(body.data), MHD_RESPMEM_PERSISTENT);
}

struct MHD_Response *reply_build(struct conn *conn, const struct response *response)
{
    conn->answer_status = response->status;
    if (response->abort) {
        return NULL;
    }
    struct MHD_Response *mhd = create(conn, response);
    if (mhd == NULL) {
        return NULL;
    }
    struct arena *arena = &conn->request.arena;
    bool ok = true;
    if (response->content_type.data != NULL) {
        ok = add_header(mhd, arena, "Content-Type", response->content_type);
    }
    for (unsigned i = 0; i < response->header_count; i++) {
        ok = ok && add_header(mhd, arena, response->headers[i].name, response->headers[i].value);
    }
    if (response->close || response->truncate > 0) {
        ok = ok && add_header(mhd, arena, "Connection", SPAN("close"));
    }
    if (!ok) {
        /* A value with a line break, most likely: better no answer than one in which a header is missing or false. */
        MHD_destroy_response(mhd);
        conn->answer_status = 500;
        mhd = MHD_create_response_from_buffer(0, unconst(""), MHD_RESPMEM_PERSISTENT);
    }
    return mhd;
}

static void raw_write(struct buf *buf, unsigned status, const struct response *response)
{
    buf_text(buf, "HTTP/1.1 ");
    buf_u64(buf, status);
    buf_text(buf, " ");
    buf_text(buf, MHD_get_reason_phrase_for(status));
    buf_text(buf, "\r\nConnection: close\r\nContent-Length: ");
    buf_u64(buf, response->body.len);
    if (response->content_type.data != NULL) {
        buf_text(buf, "\r\nContent-Type: ");
        buf_put(buf, response->content_type);
    }
    for (unsigned i = 0; i < response->header_count; i++) {
        buf_text(buf, "\r\n");
        buf_text(buf, response->headers[i].name);
        buf_text(buf, ": ");
        buf_put(buf, response->headers[i].value);
    }
    buf_text(buf, "\r\n\r\n");
    buf_put(buf, response->body);
}

enum err raw_build(struct server *server, unsigned status, const char *code, struct blob *ret_raw)
{
    struct arena arena;
    arena_init(&arena, REQUEST_ARENA_MAX);
    struct response response = {.status = status};
    server->options.refusal(server->options.context, status, code, &arena, &response);
    size_t cap = 512 + response.content_type.len + response.body.len;
    for (unsigned i = 0; i < response.header_count; i++) {
        cap += strlen(response.headers[i].name) + response.headers[i].value.len + 4;
    }
    struct blob raw = {0};
    if (!blob_reserve(&raw, cap)) {
        arena_done(&arena);
        return ERR_NO_MEMORY;
    }
    struct buf buf = buf_of(raw.data, raw.cap);
    raw_write(&buf, response.status, &response);
    raw.len = buf.len;
    arena_done(&arena);
    *ret_raw = raw;
    return OK;
}

void raw_send(struct conn *conn, enum raw raw)
{
    /* One try: whoever does not read his socket's buffer empty has no claim to an explanation. */
    const struct blob *bytes = &conn->server->raw[raw];
    (void)!send(conn->fd, bytes->data, bytes->len, MSG_DONTWAIT | MSG_NOSIGNAL);
}
