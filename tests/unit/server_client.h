/* server_client.h: for the tests of the HTTP server: a handler whose answer the path chooses, and a client of raw
 * sockets. */
#ifndef OPENPOST_TESTS_SERVER_CLIENT_H
#define OPENPOST_TESTS_SERVER_CLIENT_H

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "gateway/server.h"
#include "tests/loopback.h"

#define ANSWER_MAX (1 << 20)
#define HELD_MAX 8192

/* What the handler does is said by the path; requests kept for later wait in held. */
struct world {
    struct server *server;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    struct request *held[HELD_MAX];
    unsigned held_count;
    bool stop;
    atomic_uint handled;
};

static inline void answer_text(struct request *request, unsigned status, struct span body)
{
    const struct response response = {
        .status = status, .content_type = SPAN("text/plain"), .body = body, .body_stays = false};
    server_answer(request, &response);
}

static inline void answer_echo(struct request *request)
{
    char text[4096];
    struct buf buf = buf_of(text, sizeof text);
    const struct span names[] = {SPAN("GET"),   SPAN("HEAD"),   SPAN("POST"),    SPAN("PUT"),
                                 SPAN("PATCH"), SPAN("DELETE"), SPAN("OPTIONS"), SPAN("OTHER")};
    buf_put(&buf, names[request->method]);
    buf_text(&buf, "|");
    buf_put(&buf, request->path);
    buf_text(&buf, "|");
    buf_put(&buf, request->query.data == NULL ? SPAN("none") : request->query);
    buf_text(&buf, "|");
    buf_put(&buf, request->remote);
    buf_text(&buf, "|");
    buf_put(&buf, request_header(request, "x-test"));
    buf_text(&buf, "|");
    buf_u64(&buf, request_header_count(request, "X-TEST"));
    buf_text(&buf, "|");
    buf_put(&buf, request->body);
    ck_assert(buf_ok(&buf));
    answer_text(request, 200, buf_span(&buf));
}

static inline void keep(struct world *world, struct request *request)
{
    (void)pthread_mutex_lock(&world->mutex);
    ck_assert_uint_lt(world->held_count, HELD_MAX);
    world->held[world->held_count++] = request;
    (void)pthread_cond_broadcast(&world->cond);
    (void)pthread_mutex_unlock(&world->mutex);
}

static inline void handle(void *context, struct request *request)
{
    struct world *world = context;
    atomic_fetch_add(&world->handled, 1);
    if (span_equal(request->path, SPAN("/hello"))) {
        const struct response response = {.status = 200,
                                          .content_type = SPAN("application/json"),
                                          .headers = {{"X-One", SPAN("1")}},
                                          .header_count = 1,
                                          .body = SPAN("{\"hello\":true}"),
                                          .body_stays = true};
        server_answer(request, &response);
    } else if (span_equal(request->path, SPAN("/later"))) {
        keep(world, request);
    } else if (span_equal(request->path, SPAN("/length"))) {
        char text[24];
        struct buf buf = buf_of(text, sizeof text);
        buf_u64(&buf, request->body.len);
        answer_text(request, 200, buf_span(&buf));
    } else if (span_equal(request->path, SPAN("/abort"))) {
        const struct response response = {.status = 200, .abort = true};
        server_answer(request, &response);
    } else if (span_equal(request->path, SPAN("/truncate"))) {
        const struct response response = {.status = 200, .body = SPAN("0123456789"), .body_stays = true, .truncate = 4};
        server_answer(request, &response);
    } else if (span_equal(request->path, SPAN("/none"))) {
        const struct response response = {.status = 204};
        server_answer(request, &response);
    } else if (span_equal(request->path, SPAN("/close"))) {
        const struct response response = {.status = 200, .body = SPAN("bye"), .close = true};
        server_answer(request, &response);
    } else {
        answer_echo(request);
    }
}

static inline void refuse(void *context, unsigned status, const char *code, struct arena *arena,
                          struct response *ret_response)
{
    (void)context;
    uint8_t *text = arena_alloc(arena, 64);
    ck_assert_ptr_nonnull(text);
    struct buf buf = buf_of(text, 64);
    buf_text(&buf, code);
    *ret_response = (struct response){.status = status, .content_type = SPAN("text/plain"), .body = buf_span(&buf)};
}

static const struct server_options usual = {
    .address = "127.0.0.1",
    .threads = 2,
    .connections_max = 1000,
    .connections_per_address_max = 0,
    .head_max = 8192,
    .body_max = 100000,
    .head_within_ms = 10000,
    .body_within_ms = 30000,
    .idle_ms = 30000,
    .handler = handle,
    .refusal = refuse,
};

static inline struct world *world_open(struct server_options options)
{
    struct world *world = calloc(1, sizeof *world);
    ck_assert_ptr_nonnull(world);
    ck_assert_int_eq(pthread_mutex_init(&world->mutex, NULL), 0);
    ck_assert_int_eq(pthread_cond_init(&world->cond, NULL), 0);
    options.context = world;
    ck_assert_int_eq(server_open(&options, &world->server), OK);
    return world;
}

static inline void world_close(struct world *world)
{
    server_close(world->server);
    (void)pthread_mutex_destroy(&world->mutex);
    (void)pthread_cond_destroy(&world->cond);
    free(world);
}

/* The client. */

static inline int dial_from(const struct world *world, const char *address)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    struct sockaddr_in from = {.sin_family = AF_INET};
    ck_assert_int_eq(inet_pton(AF_INET, address, &from.sin_addr), 1);
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&from, sizeof from), 0);
    const struct sockaddr_in to = loopback(server_port(world->server));
    ck_assert_int_eq(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    const struct timeval patience = {.tv_sec = 20};
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    return fd;
}

static inline int dial(const struct world *world)
{
    return dial_from(world, "127.0.0.1");
}

static inline void say(int fd, struct span bytes)
{
    size_t done = 0;
    while (done < bytes.len) {
        const ssize_t sent = send(fd, bytes.data + done, bytes.len - done, MSG_NOSIGNAL);
        if (sent < 0) {
            return; /* the server has closed: what it said is read next */
        }
        done += (size_t)sent;
    }
}

/* Reads until the server closes; the Date line is taken out. */
static inline const char *hear_all(int fd, char *out, size_t cap)
{
    size_t len = 0;
    for (;;) {
        const ssize_t got = recv(fd, out + len, cap - 1 - len, 0);
        if (got <= 0) {
            ck_assert_msg(got == 0 || errno == ECONNRESET, "the server neither answered nor closed");
            break;
        }
        len += (size_t)got;
    }
    out[len] = 0;
    for (char *date = strstr(out, "Date: "); date != NULL; date = strstr(date, "Date: ")) {
        char *end = strstr(date, "\r\n");
        ck_assert_ptr_nonnull(end);
        memmove(date, end + 2, strlen(end + 2) + 1);
    }
    return out;
}

static inline const char *ask(const struct world *world, struct span bytes, char *out, size_t cap)
{
    const int fd = dial(world);
    say(fd, bytes);
    const char *heard = hear_all(fd, out, cap);
    (void)close(fd);
    return heard;
}

/* Reads until as many bytes as expected are there (none of them a Date line's) and says whether they are those. */
static inline void expect(int fd, const char *expected)
{
    char out[4096];
    size_t len = 0;
    const size_t want = strlen(expected);
    while (len < want) {
        const ssize_t got = recv(fd, out + len, sizeof out - 1 - len, 0);
        ck_assert_msg(got > 0, "closed after: %.*s", (int)len, out);
        len += (size_t)got;
        out[len] = 0;
        for (char *date = strstr(out, "Date: "); date != NULL; date = strstr(date, "Date: ")) {
            char *end = strstr(date, "\r\n");
            if (end == NULL) {
                break;
            }
            memmove(date, end + 2, strlen(end + 2) + 1);
            len = strlen(out);
        }
    }
    ck_assert_str_eq(out, expected);
}

static inline void expect_closed(int fd)
{
    char byte;
    ck_assert_int_eq(recv(fd, &byte, 1, 0), 0);
    (void)close(fd);
}

static inline struct server_counters counters(const struct world *world)
{
    struct server_counters now;
    server_counters(world->server, &now);
    return now;
}

/* Waits until n requests are held and takes them. */
static inline unsigned take_held(struct world *world, unsigned n, struct request **ret_held)
{
    (void)pthread_mutex_lock(&world->mutex);
    while (world->held_count < n && !world->stop) {
        (void)pthread_cond_wait(&world->cond, &world->mutex);
    }
    const unsigned count = world->held_count;
    memcpy(ret_held, world->held, count * sizeof world->held[0]);
    world->held_count = 0;
    (void)pthread_mutex_unlock(&world->mutex);
    return count;
}

/* A span that may stand in a static table. */
#define BYTES(literal)                                     \
    {                                                      \
        (const uint8_t *)("" literal), sizeof(literal) - 1 \
    }

#define OK_HEAD "HTTP/1.1 200 OK\r\n"
#define TEXT(length) "Content-Type: text/plain\r\nContent-Length: " length "\r\n\r\n"
#define HELLO OK_HEAD "Content-Type: application/json\r\nX-One: 1\r\nContent-Length: 14\r\n\r\n{\"hello\":true}"
#define REFUSED(line, length, code) "HTTP/1.1 " line "\r\nConnection: close\r\n" TEXT(length) code
#define MALFORMED REFUSED("400 Bad Request", "17", "malformed_request")
#define HEAD_TOO_LARGE REFUSED("431 Request Header Fields Too Large", "14", "head_too_large")
#define BODY_TOO_LARGE REFUSED("413 Content Too Large", "14", "body_too_large")
/* Those that libmicrohttpd cannot send have their lines in another order and no Date. */
#define RAW(line, length, code) \
    "HTTP/1.1 " line "\r\nConnection: close\r\nContent-Length: " length "\r\nContent-Type: text/plain\r\n\r\n" code
#define RAW_HEAD_TOO_LARGE RAW("431 Request Header Fields Too Large", "14", "head_too_large")
#define RAW_TIMEOUT RAW("408 Request Timeout", "15", "request_timeout")

#endif
