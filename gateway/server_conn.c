/* server_conn.c: libmicrohttpd's callbacks, in the order in which a connection meets them: conn_event, conn_uri,
 * conn_request (head, body, whole request, after a resumption), conn_completed, conn_event again; and server_answer.
 * Nothing here may wait: libmicrohttpd's few threads serve all connections. Heads are judged in server_head.c, answers
 * made in server_reply.c, deadlines kept in server_watch.c. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "gateway/server_private.h"

#define POLITE_US 1000000

bool blob_reserve(struct blob *blob, size_t cap)
{
    if (cap <= blob->cap) {
        return true;
    }
    uint8_t *data = malloc(cap);
    if (data == NULL) {
        return false;
    }
    if (blob->data != NULL) { /* not realloc: it would leave a copy behind, and there may be a password in it */
        memcpy(data, blob->data, blob->cap);
        explicit_bzero(blob->data, blob->cap);
        free(blob->data);
    }
    blob->data = data;
    blob->cap = cap;
    return true;
}

static void blob_trim(struct blob *blob)
{
    blob->len = 0;
    if (blob->cap > KEEP_MAX) {
        free(blob->data);
        *blob = (struct blob){0};
    }
}

static void wipe_blob(struct blob *blob)
{
    if (blob->data != NULL) {
        explicit_bzero(blob->data, blob->cap);
    }
}

static enum MHD_Result wipe_cookie(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)context;
    (void)kind;
    if (value != NULL && strcasecmp(name, "Set-Cookie") == 0) {
        explicit_bzero((char *)(uintptr_t)value, strlen(value)); /* the answer was sent: nobody reads it any more */
    }
    return MHD_YES;
}

/* Overwrites what opens something: each head; and all of what may have brought a secret, or was given one, whatever
 * became of it: of reads only those whose handler says so. */
static void forget(struct conn *conn)
{
    wipe_blob(&conn->head);
    if (conn->sent != NULL) {
        (void)MHD_get_response_headers(conn->sent, wipe_cookie, NULL);
        MHD_destroy_response(conn->sent);
        conn->sent = NULL;
    }
    const bool reads = conn->request.method == METHOD_GET || conn->request.method == METHOD_HEAD;
    if (!reads || conn->request.secret) {
        wipe_blob(&conn->body);
        wipe_blob(&conn->reply);
        arena_wipe(&conn->request.arena);
        conn->request.secret = false;
    }
}

static void conn_free(struct conn *conn)
{
    forget(conn);
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

void conn_show_client(struct conn *conn, const struct net_address *address)
{
    const bool is_v4 = net_address_is_v4(address);
    const char *text =
        inet_ntop(is_v4 ? AF_INET : AF_INET6, address->bytes + (is_v4 ? 12 : 0), conn->remote, sizeof conn->remote);
    conn->client = peer_key_of_address(address);
    conn->request.peer = span_of(conn->client.bytes, sizeof conn->client.bytes);
    conn->request.remote = text == NULL ? SPAN("") : span_text(conn->remote);
}

static void conn_remote(struct conn *conn, const struct sockaddr *address)
{
    const struct proxies *proxies = conn->server->options.proxies;
    conn->peer = peer_key_of(address);
    conn->address = net_address_of(address);
    conn->proxied = proxies != NULL && proxies_has(proxies, &conn->address);
    conn_show_client(conn, &conn->address);
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
    conn->until_last = until_of(PHASE_FRESH, clock_monotonic_us() + (int64_t)server->options.head_within_ms * 1000);
    atomic_init(&conn->until, conn->until_last);
    return conn;
}

/* One too many: it is told so and given a moment to read it, unless there are too many of those as well. */
static void turn_away(struct conn *conn)
{
    atomic_fetch_add(&conn->server->refused_connections, 1);
    if (conn->polite) {
        raw_send(conn, RAW_CONNECTIONS);
        (void)conn_enter(conn, PHASE_FRESH, clock_monotonic_us() + POLITE_US);
    }
    (void)shutdown(conn->fd, conn->polite ? SHUT_WR : SHUT_RDWR);
}

static void conn_opened(struct server *server, struct MHD_Connection *mhd, void **socket_context)
{
    struct conn *conn = conn_new(server, mhd);
    *socket_context = conn;
    if (conn == NULL) {
        return; /* conn_request closes it at its first request */
    }
    const struct server_options *options = &server->options;
    (void)pthread_mutex_lock(&server->mutex);
    conn->counted = server->open < options->connections_max &&
                    peers_enter(&server->peers, &conn->peer, conn->proxied ? 0 : options->connections_per_address_max);
    conn->polite = !conn->counted && server->polite < POLITE_MAX;
    server->open += conn->counted;
    server->polite += conn->polite;
    conn->next = server->first;
    if (conn->next != NULL) {
        conn->next->previous = conn;
    }
    server->first = conn;
    (void)pthread_mutex_unlock(&server->mutex);
    if (!conn->counted) {
        turn_away(conn);
    }
}

/* Whether the close that follows would reset the connection, and so could take an answer from its reader. */
static bool leaves_unread(const struct conn *conn)
{
    int unread = 0;
    return conn->linger || (ioctl(conn->fd, FIONREAD, &unread) == 0 && unread > 0);
}

static void conn_closed(struct server *server, struct conn *conn)
{
    const bool linger =
        (conn->counted || conn->polite) && (atomic_load(&conn->until) & 7) != PHASE_EXPIRED && leaves_unread(conn);
    (void)pthread_mutex_lock(&server->mutex);
    if (conn->previous != NULL) {
        conn->previous->next = conn->next;
    } else {
        server->first = conn->next;
    }
    if (conn->next != NULL) {
        conn->next->previous = conn->previous;
    }
    server->polite -= conn->polite;
    if (conn->counted) {
        server->open--;
        peers_leave(&server->peers, &conn->peer);
    }
    server->requests_closed += atomic_load_explicit(&conn->requests, memory_order_relaxed);
    if (linger) {
        watch_linger(conn);
    }
    if (linger || atomic_load(&server->draining)) {
        (void)pthread_cond_broadcast(&server->cond);
    }
    (void)pthread_mutex_unlock(&server->mutex);
    const int stage = atomic_load(&conn->stage);
    const bool held = stage == STAGE_ABANDONED || stage == STAGE_GONE;
    if (!held || atomic_exchange(&conn->stage, STAGE_GONE) == STAGE_GONE) {
        conn_free(conn);
    }
}

void conn_event(void *context, struct MHD_Connection *mhd, void **socket_context,
                enum MHD_ConnectionNotificationCode code)
{
    struct worker *worker = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        conn_opened(worker->server, mhd, socket_context);
        return;
    }
    atomic_fetch_sub(&worker->connections, 1);
    if (*socket_context != NULL) {
        conn_closed(worker->server, *socket_context);
        *socket_context = NULL;
    }
}

/* Requests. */

static enum MHD_Result weigh_field(void *context, enum MHD_ValueKind kind, const char *name, size_t name_len,
                                   const char *value, size_t value_len)
{
    (void)kind;
    (void)name;
    (void)value;
    *(size_t *)context += POOL_RECORD + name_len + value_len;
    return MHD_YES;
}

/* Whether what libmicrohttpd keeps of a request (its line, a record of each header, trailer and cookie, a copy of the
 * cookies) leaves its pool room for the answer's head: without that it closes without a word. */
static bool leaves_room(const struct conn *conn)
{
    const enum MHD_ValueKind fields = MHD_HEADER_KIND | MHD_COOKIE_KIND | MHD_FOOTER_KIND;
    size_t len = conn->uri.len;
    (void)MHD_get_connection_values_n(conn->mhd, fields, weigh_field, &len);
    return len + POOL_ANSWER <= conn->server->pool;
}

/* Answers where libmicrohttpd cannot, and closes. */
static enum MHD_Result refuse_raw(struct conn *conn, enum raw raw)
{
    atomic_fetch_add(&conn->server->refused_large, 1);
    conn->step = STEP_REFUSED;
    conn->linger = true;
    if (conn_enter(conn, PHASE_HANDLER, 0)) {
        raw_send(conn, raw);
    }
    return MHD_NO;
}

/* libmicrohttpd would make a record of each query parameter and, when its memory ends among them, go on with a request
 * that it has answered and forgotten (0.9.75: parse_initial_message_line takes no notice of what MHD_parse_arguments_
 * returns): a client could end the process. Nobody here reads those records, so it finds no parameter behind the
 * question mark. The bytes are its own buffer's, which it is about to write to itself. */
static void hide_query(const char *uri)
{
    char *query = strchr((char *)(uintptr_t)uri, '?');
    if (query != NULL && query[1] != 0) {
        query[1] = 0;
    }
}

/* A request line is there: the request's head has begun. Returns what conn_request gets as *request_context. */
void *conn_uri(void *context, const char *uri, struct MHD_Connection *mhd)
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
    hide_query(uri);
    conn->step = STEP_HEAD;
    /* The first head's time runs from the accept, a later one's from its request line: the time before that is idle_ms.
     */
    const int64_t until_us = (conn->until_last & 7) == PHASE_FRESH
                                 ? conn->until_last >> 3
                                 : clock_monotonic_us() + (int64_t)conn->server->options.head_within_ms * 1000;
    return conn_enter(conn, PHASE_HEAD, until_us) ? conn : NULL;
}

/* Nothing is decoded in place: path and query reach the handler as they were sent. */
size_t conn_unescape(void *context, struct MHD_Connection *mhd, char *text)
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
    conn->sent = answer; /* until it was sent and forgotten */
    return MHD_queue_response(conn->mhd, conn->answer_status, answer);
}

static enum MHD_Result refuse(struct conn *conn, unsigned status, const char *code)
{
    struct server *server = conn->server;
    if (status != 503) {
        atomic_fetch_add(status == 400 ? &server->refused_malformed : &server->refused_large, 1);
    }
    conn->step = STEP_REFUSED;
    conn->linger = true;
    struct response response = {.status = status};
    server->options.refusal(server->options.context, status, code, &conn->request.arena, &response);
    response.close = true;
    conn->answer = reply_build(conn, &response);
    return send_answer(conn, response.body.len);
}

static enum MHD_Result take_head(struct conn *conn, const char *method, const char *version)
{
    if (!leaves_room(conn)) {
        return refuse_raw(conn, RAW_HEAD);
    }
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
        return refuse_raw(conn, RAW_BODY);
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
    explicit_bzero((char *)(uintptr_t)data, *len); /* libmicrohttpd's copy; it may hold a password, and is used up */
    conn->body.len = need;
    *len = 0;
    return MHD_YES;
}

/* The request is whole: to the handler, and to sleep unless the answer is there already. */
static enum MHD_Result hand_over(struct conn *conn)
{
    struct server *server = conn->server;
    if (conn->chunked && !leaves_room(conn)) { /* there may be trailers */
        return refuse_raw(conn, RAW_HEAD);
    }
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
    } else if (response->stream != NULL) {
        stream_abandon(response->stream);
    }
    if (atomic_exchange(&conn->stage, STAGE_GONE) == STAGE_GONE) {
        conn_free(conn);
    }
}

enum MHD_Result conn_request(void *context, struct MHD_Connection *mhd, const char *url, const char *method,
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

/* libmicrohttpd gives its copy of a request's head no other use than showing it: what was a secret there is overwritten
 * before it goes back to the pool. */
static enum MHD_Result wipe_field(void *context, enum MHD_ValueKind kind, const char *name, size_t name_len,
                                  const char *value, size_t value_len)
{
    (void)context;
    static const char authorization[] = "Authorization";
    static const char cookie[] = "Cookie";
    const bool secret = kind == MHD_COOKIE_KIND ||
                        (name_len == sizeof cookie - 1 && strncasecmp(name, cookie, name_len) == 0) ||
                        (name_len == sizeof authorization - 1 && strncasecmp(name, authorization, name_len) == 0);
    if (secret && value != NULL) {
        explicit_bzero((char *)(uintptr_t)value, value_len);
    }
    return MHD_YES;
}

static void wipe(struct conn *conn, struct MHD_Connection *mhd)
{
    (void)MHD_get_connection_values_n(mhd, MHD_HEADER_KIND | MHD_COOKIE_KIND, wipe_field, NULL);
    forget(conn);
}

void conn_completed(void *context, struct MHD_Connection *mhd, void **request_context,
                    enum MHD_RequestTerminationCode code)
{
    struct server *server = context;
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
    wipe(conn, mhd);
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
