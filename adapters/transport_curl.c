/* transport_curl.c: struct transport on libcurl's multi interface. Called by the adapter process's one loop. It must
 * never send a byte that the caller did not ask for: no redirect, no repetition of a request that may be sent once, no
 * credentials but the request's own header.
 *
 * Whether a request was sent is decided by libcurl's pre-request callback, which comes when the connection (TLS
 * included) is there and before the first byte of the request: no call means that certainly nothing left.
 *
 * libcurl says which sockets it waits for and until when; one epoll waits for all of them, and only the transfer whose
 * socket is ready is looked at. (curl_multi_perform looks at each of hundreds every time that one of them is ready.) */
#include "adapters/transport.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/base/wiped.h"

#define KEPT_HANDLES 128u /* idle easy handles that are kept; each has some KB */
#define KEPT_CONNECTIONS 256L
#define REUSE_IDLE_S 30L
#define READY_MAX 64 /* sockets taken from the epoll at a time */

struct transfer {
    struct transport *transport;
    struct transfer *next; /* of the free or the answered ones */
    CURL *easy;
    struct curl_slist *headers;
    struct arena *arena;
    void *context;
    struct http_response response;
    uint8_t *body; /* response.body's memory */
    size_t response_max;
    size_t body_cap;
    unsigned requests;  /* pre-request callbacks: how often the request was about to go out */
    unsigned addresses; /* connections tried to allowed addresses */
    unsigned refused;   /* by the guard */
    bool once;
    bool headed; /* the answer's head is complete */
    bool too_large;
};

struct transport {
    CURLM *multi;
    const struct guard *guard;
    const char *ca_file;
    int epoll_fd;     /* what libcurl waits for, and: */
    int wake_fd;      /* the caller's; below 0: none */
    int woken_fd;     /* an eventfd: transport_wake */
    int64_t timer_us; /* when libcurl wants to be called at the latest; INT64_MAX: never */
    struct arena arena;
    struct transfer *free;
    struct transfer *answered;
    struct transfer **answered_last;
    struct transfer *transfers;
    unsigned transfers_max;
};

static bool is_tame(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < ' ' || text.data[i] == 0x7F) {
            return false;
        }
    }
    return true;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    const struct span line = span_of(bytes, size * count);
    if (span_starts_with(line, SPAN("HTTP/"))) { /* also after a 100 Continue */
        transfer->response.headers = (struct http_headers){0};
        transfer->headed = false;
        return line.len;
    }
    if (span_equal(line, SPAN("\r\n")) || span_equal(line, SPAN("\n"))) {
        transfer->headed = true;
        return line.len;
    }
    if (http_headers_take(&transfer->response.headers, line, transfer->arena) != OK) {
        return 0;
    }
    return line.len;
}

/* Room for len bytes more of the body, of which at most response_max are ever kept. */
static bool grow(struct transfer *transfer, size_t len)
{
    struct span *body = &transfer->response.body;
    if (transfer->body_cap - body->len >= len) {
        return true;
    }
    size_t cap = transfer->body_cap == 0 ? 4096 : transfer->body_cap * 2;
    cap = cap < body->len + len ? body->len + len : cap;
    cap = cap > transfer->response_max ? transfer->response_max : cap;
    uint8_t *bytes = arena_alloc(transfer->arena, cap);
    if (bytes == NULL) {
        return false;
    }
    if (body->len > 0) {
        memcpy(bytes, body->data, body->len);
    }
    transfer->body = bytes;
    body->data = bytes;
    transfer->body_cap = cap;
    return true;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    struct span *body = &transfer->response.body;
    const size_t offered = size * count;
    const size_t room = transfer->response_max - body->len;
    const size_t len = offered < room ? offered : room;
    if (!grow(transfer, len)) {
        return 0; /* told as truncated */
    }
    if (len > 0) {
        memcpy(transfer->body + body->len, bytes, len);
        body->len += len;
    }
    transfer->too_large = len < offered;
    return len;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): libcurl says what its callback takes */
static int on_request(void *context, char *remote, char *local, int remote_port, int local_port)
{
    struct transfer *transfer = context;
    (void)remote;
    (void)local;
    (void)remote_port;
    (void)local_port;
    if (transfer->once && transfer->requests > 0) {
        return CURL_PREREQFUNC_ABORT; /* libcurl would send it a second time */
    }
    transfer->requests++;
    return CURL_PREREQFUNC_OK;
}

static bool guard_address_of(const struct curl_sockaddr *address, struct guard_address *ret_address)
{
    struct guard_address result = {0};
    if (address->family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, &address->addr, sizeof in);
        memcpy(result.bytes, &in.sin_addr, 4);
        result.port = ntohs(in.sin_port);
    } else if (address->family == AF_INET6 && address->addrlen >= sizeof(struct sockaddr_in6)) {
        struct sockaddr_in6 in;
        memcpy(&in, &address->addr, sizeof in);
        memcpy(result.bytes, &in.sin6_addr, 16);
        result.port = ntohs(in.sin6_port);
        result.ipv6 = true;
    } else {
        return false;
    }
    *ret_address = result;
    return true;
}

/* libcurl asks for the socket of the very address that it is about to connect to. */
static curl_socket_t on_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *transfer = context;
    struct guard_address wanted;
    if (purpose != CURLSOCKTYPE_IPCXN || !guard_address_of(address, &wanted) ||
        !guard_address_allowed(transfer->transport->guard, &wanted)) {
        transfer->refused++;
        return CURL_SOCKET_BAD;
    }
    transfer->addresses++;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* libcurl has the socket closed by the same hand that opened it. */
static int on_close(void *context, curl_socket_t fd)
{
    (void)context;
    return close(fd);
}

static void set_fixed(struct transfer *transfer)
{
    CURL *easy = transfer->easy;
    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "https");
    (void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    (void)curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    (void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "OpenPost");
    (void)curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_request);
    (void)curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    (void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    if (transfer->transport->ca_file != NULL) {
        (void)curl_easy_setopt(easy, CURLOPT_CAINFO, transfer->transport->ca_file);
    }
}

static enum err add_header(struct transfer *transfer, const char *name, struct span value)
{
    struct buf line;
    const size_t cap = strlen(name) + value.len + 1;
    uint8_t *bytes = arena_alloc(transfer->arena, cap);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    line = buf_of(bytes, cap);
    buf_text(&line, name);
    buf_put(&line, value);
    struct curl_slist *list = curl_slist_append(transfer->headers, buf_terminated(&line));
    if (list == NULL) {
        return ERR_NO_MEMORY;
    }
    transfer->headers = list;
    return OK;
}

static enum err set_headers(struct transfer *transfer, const struct http_request *request)
{
    TRY(add_header(transfer, "Expect:", (struct span){0})); /* no 100-continue: it may repeat a request */
    if (request->authorization.data != NULL) {
        TRY(add_header(transfer, "Authorization: ", request->authorization));
    }
    if (request->content_type.data != NULL) {
        return add_header(transfer, "Content-Type: ", request->content_type);
    }
    return add_header(transfer, "Content-Type:", (struct span){0}); /* none: not the form that libcurl would claim */
}

static void set_method(CURL *easy, const struct http_request *request)
{
    if (request->method == HTTP_GET) {
        (void)curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
        return;
    }
    const bool empty = request->body.len == 0;
    (void)curl_easy_setopt(easy, CURLOPT_POST, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, empty ? "" : (const char *)request->body.data);
    if (request->method != HTTP_POST) {
        (void)curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method == HTTP_PUT ? "PUT" : "DELETE");
    }
}

static enum err set_request(struct transfer *transfer, const struct http_request *request, int64_t now_ms)
{
    CURL *easy = transfer->easy;
    const int64_t left_ms = request->deadline_ms - now_ms;
    struct span url;
    TRY(arena_copy(transfer->arena, request->url, &url)); /* the arena ends it with a NUL */
    TRY(set_headers(transfer, request));
    const long most_ms = left_ms > INT32_MAX ? INT32_MAX : (long)left_ms;
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, most_ms);
    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)TRANSPORT_CONNECT_MS);
    (void)curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, request->once ? (long)TRANSPORT_ONCE_IDLE_S : REUSE_IDLE_S);
    set_method(easy, request);
    return curl_easy_setopt(easy, CURLOPT_URL, (const char *)url.data) == CURLE_OK ? OK : ERR_NO_MEMORY;
}

static void put_answered(struct transport *transport, struct transfer *transfer)
{
    transfer->next = NULL;
    *transport->answered_last = transfer;
    transport->answered_last = &transfer->next;
}

static void let_go(struct transport *transport, struct transfer *transfer)
{
    curl_slist_free_all(transfer->headers);
    transfer->headers = NULL;
    if (transfer->easy != NULL && (size_t)(transfer - transport->transfers) >= KEPT_HANDLES) {
        curl_easy_cleanup(transfer->easy);
        transfer->easy = NULL;
    } else if (transfer->easy != NULL) {
        curl_easy_reset(transfer->easy);
    }
    transfer->next = transport->free;
    transport->free = transfer;
}

static enum err start(struct transport *transport, struct transfer *transfer, const struct http_request *request,
                      int64_t now_ms)
{
    if (transfer->easy == NULL) {
        transfer->easy = curl_easy_init();
    }
    if (transfer->easy == NULL) {
        return ERR_NO_MEMORY;
    }
    set_fixed(transfer);
    TRY(set_request(transfer, request, now_ms));
    return curl_multi_add_handle(transport->multi, transfer->easy) == CURLM_OK ? OK : ERR_NO_MEMORY;
}

enum err transport_start(struct transport *transport, const struct http_request *request, int64_t now_ms,
                         struct arena *arena, void *context)
{
    struct transfer *transfer = transport->free;
    if (transfer == NULL) {
        return ERR_BUSY;
    }
    transport->free = transfer->next;
    *transfer = (struct transfer){.transport = transport,
                                  .easy = transfer->easy,
                                  .arena = arena,
                                  .context = context,
                                  .response_max = request->response_max,
                                  .once = request->once};
    struct guard_url url;
    if (guard_url_parse(request->url, &url) != OK || !is_tame(request->authorization) ||
        !is_tame(request->content_type) || request->deadline_ms <= now_ms) {
        transfer->response.result = HTTP_NOT_SENT;
        put_answered(transport, transfer);
        return OK;
    }
    const enum err err = start(transport, transfer, request, now_ms);
    if (err != OK) {
        let_go(transport, transfer);
    }
    return err;
}

bool transport_has_room(const struct transport *transport)
{
    return transport->free != NULL;
}

static enum http_result result_of(const struct transfer *transfer, CURLcode code)
{
    if (transfer->requests == 0) {
        return transfer->refused > 0 && transfer->addresses == 0 ? HTTP_ADDRESS : HTTP_NOT_SENT;
    }
    if (code == CURLE_OK && transfer->headed) { /* a head that ends in the middle is no error to libcurl */
        return HTTP_COMPLETE;
    }
    if (transfer->too_large) {
        return HTTP_TOO_LARGE;
    }
    if (code == CURLE_OPERATION_TIMEDOUT) {
        return HTTP_TIMED_OUT;
    }
    return transfer->headed ? HTTP_TRUNCATED : HTTP_NO_ANSWER;
}

static void finish(struct transport *transport, CURL *easy, CURLcode code)
{
    char *private = NULL;
    long status = 0;
    (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
    struct transfer *transfer = (struct transfer *)(void *)private;
    ASSERT(transfer != NULL);
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    transfer->response.result = result_of(transfer, code);
    transfer->response.status = transfer->headed ? (unsigned)status : 0;
    (void)curl_multi_remove_handle(transport->multi, easy);
    put_answered(transport, transfer);
}

static void collect(struct transport *transport)
{
    int left = 0;
    for (const CURLMsg *message = curl_multi_info_read(transport->multi, &left); message != NULL;
         message = curl_multi_info_read(transport->multi, &left)) {
        if (message->msg == CURLMSG_DONE) {
            finish(transport, message->easy_handle, message->data.result);
        }
    }
}

/* libcurl waits for other things at a socket than before, or no longer for it. */
static int on_interest(CURL *easy, curl_socket_t fd, int what, void *context, void *known)
{
    struct transport *transport = context;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        (void)epoll_ctl(transport->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    const uint32_t events = (what & CURL_POLL_IN ? EPOLLIN : 0U) | (what & CURL_POLL_OUT ? EPOLLOUT : 0U);
    struct epoll_event interest = {.events = events, .data.fd = fd};
    /* A socket that cannot be waited for ends at its request's deadline; an error would end the multi handle. */
    (void)epoll_ctl(transport->epoll_fd, known == NULL ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &interest);
    (void)curl_multi_assign(transport->multi, fd, transport); /* not NULL: it is in the epoll */
    return 0;
}

static int on_timer(CURLM *multi, long after_ms, void *context)
{
    struct transport *transport = context;
    (void)multi;
    transport->timer_us = after_ms < 0 ? INT64_MAX : clock_monotonic_us() + (int64_t)after_ms * 1000;
    return 0;
}

/* Has libcurl do what its timer is for. */
static void tick(struct transport *transport)
{
    int running = 0;
    if (transport->timer_us != INT64_MAX && transport->timer_us <= clock_monotonic_us()) {
        transport->timer_us = INT64_MAX;
        (void)curl_multi_socket_action(transport->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
}

/* How long the epoll may wait: until the timer, or for wait_ms. */
static int patience_ms(const struct transport *transport, int wait_ms)
{
    if (transport->answered != NULL || wait_ms <= 0) {
        return 0;
    }
    if (transport->timer_us == INT64_MAX) {
        return wait_ms;
    }
    const int64_t left_us = transport->timer_us - clock_monotonic_us();
    const int64_t left_ms = left_us <= 0 ? 0 : (left_us + 999) / 1000;
    return left_ms < wait_ms ? (int)left_ms : wait_ms;
}

static void act(struct transport *transport, const struct epoll_event *ready)
{
    int running = 0;
    const int fd = ready->data.fd;
    if (fd == transport->woken_fd) {
        uint64_t times = 0;
        (void)!read(fd, &times, sizeof times);
    } else if (fd != transport->wake_fd) {
        /* Of a broken one reading or writing tells the fault. Said in advance, it might hit another that has its number
         * since the epoll was asked. */
        const uint32_t broken = EPOLLERR | EPOLLHUP;
        const int what = (ready->events & (EPOLLIN | broken) ? CURL_CSELECT_IN : 0) |
                         (ready->events & (EPOLLOUT | broken) ? CURL_CSELECT_OUT : 0);
        (void)curl_multi_socket_action(transport->multi, fd, what, &running);
    }
}

void transport_poll(struct transport *transport, int wait_ms)
{
    struct epoll_event ready[READY_MAX];
    tick(transport); /* what was started since */
    collect(transport);
    const int count = epoll_wait(transport->epoll_fd, ready, READY_MAX, patience_ms(transport, wait_ms));
    for (int i = 0; i < count; i++) {
        act(transport, &ready[i]);
    }
    tick(transport);
    collect(transport);
}

bool transport_next(struct transport *transport, void **ret_context, struct http_response *ret_response)
{
    struct transfer *transfer = transport->answered;
    if (transfer == NULL) {
        return false;
    }
    transport->answered = transfer->next;
    if (transport->answered == NULL) {
        transport->answered_last = &transport->answered;
    }
    *ret_context = transfer->context;
    *ret_response = transfer->response;
    let_go(transport, transfer);
    return true;
}

void transport_wake(struct transport *transport)
{
    const uint64_t once = 1;
    (void)!write(transport->woken_fd, &once, sizeof once);
}

static enum err wait_for(struct transport *transport, int fd)
{
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    return fd < 0 || epoll_ctl(transport->epoll_fd, EPOLL_CTL_ADD, fd, &interest) == 0 ? OK : ERR_NO_MEMORY;
}

static enum err open_parts(struct transport *transport, const struct transport_options *options)
{
    transport->multi = curl_multi_init();
    transport->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    transport->woken_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (transport->multi == NULL || transport->epoll_fd < 0 || transport->woken_fd < 0) {
        return ERR_NO_MEMORY;
    }
    (void)curl_multi_setopt(transport->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)options->per_host_max);
    (void)curl_multi_setopt(transport->multi, CURLMOPT_MAXCONNECTS, KEPT_CONNECTIONS);
    (void)curl_multi_setopt(transport->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    (void)curl_multi_setopt(transport->multi, CURLMOPT_SOCKETFUNCTION, on_interest);
    (void)curl_multi_setopt(transport->multi, CURLMOPT_SOCKETDATA, transport);
    (void)curl_multi_setopt(transport->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    (void)curl_multi_setopt(transport->multi, CURLMOPT_TIMERDATA, transport);
    TRY(wait_for(transport, transport->woken_fd));
    return wait_for(transport, transport->wake_fd);
}

enum err transport_open(const struct transport_options *options, struct transport **ret_transport)
{
    enum { ARENA_SLACK = 64 * 1024 }; /* it takes whole chunks */

    const size_t size = sizeof(struct transport) + sizeof(struct transfer) * options->transfers_max;
    struct arena arena;
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, wiped_malloc, wiped_free, wiped_realloc, wiped_strdup,
                             wiped_calloc) != CURLE_OK) { /* what it sends and is told are passwords and tokens */
        return ERR_NO_MEMORY;
    }
    arena_init(&arena, size + ARENA_SLACK);
    struct transport *transport = arena_alloc(&arena, sizeof *transport);
    struct transfer *transfers = arena_alloc(&arena, sizeof *transfers * options->transfers_max);
    if (transport == NULL || transfers == NULL) {
        arena_done(&arena);
        curl_global_cleanup();
        return ERR_NO_MEMORY;
    }
    *transport = (struct transport){.guard = options->guard,
                                    .ca_file = options->ca_file,
                                    .epoll_fd = -1,
                                    .wake_fd = options->wake_fd,
                                    .woken_fd = -1,
                                    .timer_us = INT64_MAX,
                                    .arena = arena,
                                    .transfers = transfers,
                                    .transfers_max = options->transfers_max};
    transport->answered_last = &transport->answered;
    for (unsigned i = options->transfers_max; i > 0; i--) {
        transfers[i - 1].next = transport->free;
        transport->free = &transfers[i - 1];
    }
    const enum err err = open_parts(transport, options);
    if (err != OK) {
        transport_close(transport);
        return err;
    }
    *ret_transport = transport;
    return OK;
}

static void close_fd(int fd)
{
    if (fd >= 0) {
        (void)close(fd);
    }
}

void transport_close(struct transport *transport)
{
    if (transport == NULL) {
        return;
    }
    for (unsigned i = 0; i < transport->transfers_max; i++) {
        struct transfer *transfer = &transport->transfers[i];
        if (transfer->easy != NULL) {
            (void)curl_multi_remove_handle(transport->multi, transfer->easy);
            curl_easy_cleanup(transfer->easy);
        }
        curl_slist_free_all(transfer->headers);
    }
    (void)curl_multi_cleanup(transport->multi);
    close_fd(transport->epoll_fd);
    close_fd(transport->woken_fd);
    struct arena arena = transport->arena;
    arena_done(&arena);
    curl_global_cleanup();
}
