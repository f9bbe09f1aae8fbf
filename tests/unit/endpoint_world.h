/* endpoint_world.h: an endpoint that echoes, somebody who asks it, and peers that speak to it by hand: for
 * endpoint*_test.c. */
#ifndef OPENPOST_TESTS_ENDPOINT_WORLD_H
#define OPENPOST_TESTS_ENDPOINT_WORLD_H

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/lock.h"
#include "core/wire/caller.h"
#include "core/wire/endpoint.h"
#include "tests/loopback.h"
#include "tests/suite.h"

#define FRAME_MAX 65536
#define BIG_REPLY ((size_t)1 << 20)

/* Answers with the request's own bytes; "big" with 1 MiB; "trust" makes the connection a trusted one, "ours" one
 * of a holder's; "drop" is dropped; "keep" waits. */
struct echo {
    struct endpoint *endpoint;
    uint8_t *big;
    pthread_mutex_t keeping;
    atomic_uint kept_count; /* raised once the request lies in its place */
    struct endpoint_request *kept[16];
    char url[64];
};

static inline void on_request(void *context, struct endpoint_request *request)
{
    struct echo *echo = context;
    const struct span bytes = endpoint_bytes(request);
    if (span_equal(bytes, SPAN("big"))) {
        endpoint_reply(request, span_of(echo->big, BIG_REPLY));
    } else if (span_equal(bytes, SPAN("trust"))) {
        endpoint_trust(request, &(struct id){0});
        endpoint_reply(request, bytes);
    } else if (span_equal(bytes, SPAN("ours"))) {
        endpoint_trust(request, &(struct id){.kind = ID_WORKSPACE, .uuid = {1}});
        endpoint_reply(request, bytes);
    } else if (span_equal(bytes, SPAN("drop"))) {
        endpoint_drop(request);
    } else if (span_equal(bytes, SPAN("keep"))) {
        lock_take(&echo->keeping);
        echo->kept[atomic_load(&echo->kept_count)] = request;
        atomic_fetch_add(&echo->kept_count, 1);
        lock_give(&echo->keeping);
    } else {
        endpoint_reply(request, bytes);
    }
}

static inline void echo_open_patient(struct echo *echo, int give_ms)
{
    *echo = (struct echo){0};
    lock_init(&echo->keeping);
    echo->big = calloc(1, BIG_REPLY);
    const struct endpoint_options options = {.url = "tcp://127.0.0.1:0",
                                             .contexts = 16,
                                             .per_connection = 8,
                                             .per_holder = 5,
                                             .frame_max = FRAME_MAX,
                                             .give_ms = give_ms,
                                             .handle = on_request,
                                             .context = echo};
    ck_assert_int_eq(endpoint_open(&options, &echo->endpoint), OK);
    snprintf(echo->url, sizeof echo->url, "tcp://127.0.0.1:%u", endpoint_port(echo->endpoint));
}

static inline void echo_open(struct echo *echo)
{
    echo_open_patient(echo, 0);
}

static inline void echo_close(struct echo *echo)
{
    endpoint_close(echo->endpoint);
    lock_done(&echo->keeping);
    free(echo->big);
}

struct reply {
    pthread_mutex_t lock;
    pthread_cond_t ready;
    bool done;
    enum err err;
    size_t len;
};

static inline void on_reply(void *context, enum err err, struct span bytes)
{
    struct reply *reply = context;
    lock_take(&reply->lock);
    reply->err = err;
    reply->len = bytes.len;
    reply->done = true;
    pthread_cond_signal(&reply->ready);
    lock_give(&reply->lock);
}

static inline enum err ask(struct caller *caller, struct span request, int64_t timeout_ms, size_t *ret_len)
{
    struct reply reply = {0};
    lock_init(&reply.lock);
    pthread_cond_init(&reply.ready, NULL);
    enum err err = caller_ask(caller, request, timeout_ms, on_reply, &reply);
    if (err == OK) {
        lock_take(&reply.lock);
        while (!reply.done) {
            pthread_cond_wait(&reply.ready, &reply.lock);
        }
        lock_give(&reply.lock);
        err = reply.err;
        *ret_len = reply.len;
    }
    pthread_cond_destroy(&reply.ready);
    lock_done(&reply.lock);
    return err;
}

/* A peer that speaks nng's TCP mapping by hand (https://nanomsg.org/rfcs/sp-tcp-v1.html): 8 bytes of greeting, then
 * length (64 bits) and message; a request begins with its number (32 bits, the highest set). */
static inline int raw_connect(uint16_t port, bool greet)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    const int window = 4096; /* the kernel keeps little for a peer that reads nothing */
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof window), 0);
    const struct sockaddr_in address = loopback(port);
    ck_assert_int_eq(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    if (greet) {
        ck_assert_int_eq(send(fd, "\0SP\0\0\x30\0\0", 8, MSG_NOSIGNAL), 8);
        char theirs[8];
        ck_assert_int_eq(recv(fd, theirs, 8, MSG_WAITALL), 8);
    }
    return fd;
}

static inline bool raw_send(int fd, uint32_t number, struct span text)
{
    uint8_t bytes[12 + 64];
    put_be64(bytes, 4 + text.len);
    put_be32(bytes + 8, 0x80000000U | number);
    memcpy(bytes + 12, text.data, text.len);
    return send(fd, bytes, 12 + text.len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)(12 + text.len);
}

/* Waits until the other side has closed, reading nothing. A closed socket that still has bytes for us says so only when
 * we send: sending goes on for a peer that talks (number is not 0). */
static inline bool raw_closed_within(int fd, int64_t within_ms, uint32_t number)
{
    const int64_t until_ms = clock_boot_ms() + within_ms;
    while (clock_boot_ms() < until_ms) {
        if (number != 0) {
            (void)raw_send(fd, number, SPAN("hello"));
        }
        struct pollfd poll_fd = {.fd = fd, .events = POLLRDHUP};
        (void)poll(&poll_fd, 1, number != 0 ? 200 : 50);
        if ((poll_fd.revents & (POLLHUP | POLLERR | POLLRDHUP)) != 0) {
            return true;
        }
    }
    return false;
}

static inline int raw_connect_ours(const struct echo *echo)
{
    uint8_t reply[16];
    const int fd = raw_connect(endpoint_port(echo->endpoint), true);
    ck_assert(raw_send(fd, 0, SPAN("ours")));
    ck_assert_int_eq(recv(fd, reply, sizeof reply, MSG_WAITALL), (ssize_t)sizeof reply);
    return fd;
}

#endif
