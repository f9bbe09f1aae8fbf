/* endpoint_test.c: sockets under bad company: a peer that never reads, that floods, that talks nonsense or too much,
 * servers that are killed; others are served all the while, and nothing that was asked once arrives twice. */
#include "core/wire/endpoint.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/lock.h"
#include "core/wire/caller.h"
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

static void on_request(void *context, struct endpoint_request *request)
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

static void echo_open_patient(struct echo *echo, int give_ms)
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

static void echo_open(struct echo *echo)
{
    echo_open_patient(echo, 0);
}

static void echo_close(struct echo *echo)
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

static void on_reply(void *context, enum err err, struct span bytes)
{
    struct reply *reply = context;
    lock_take(&reply->lock);
    reply->err = err;
    reply->len = bytes.len;
    reply->done = true;
    pthread_cond_signal(&reply->ready);
    lock_give(&reply->lock);
}

static enum err ask(struct caller *caller, struct span request, int64_t timeout_ms, size_t *ret_len)
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
static int raw_connect(uint16_t port, bool greet)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    const int window = 4096; /* the kernel keeps little for a peer that reads nothing */
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof window), 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    if (greet) {
        ck_assert_int_eq(send(fd, "\0SP\0\0\x30\0\0", 8, MSG_NOSIGNAL), 8);
        char theirs[8];
        ck_assert_int_eq(recv(fd, theirs, 8, MSG_WAITALL), 8);
    }
    return fd;
}

static bool raw_send(int fd, uint32_t number, struct span text)
{
    uint8_t bytes[12 + 64];
    put_be64(bytes, 4 + text.len);
    put_be32(bytes + 8, 0x80000000U | number);
    memcpy(bytes + 12, text.data, text.len);
    return send(fd, bytes, 12 + text.len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)(12 + text.len);
}

/* Waits until the other side has closed, reading nothing. A closed socket that still has bytes for us says so only when
 * we send: sending goes on for a peer that talks (number is not 0). */
static bool raw_closed_within(int fd, int64_t within_ms, uint32_t number)
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

START_TEST(a_question_is_answered_and_its_size_is_bounded)
{
    struct echo echo;
    echo_open(&echo);
    OWNED(caller_close) struct caller *caller = NULL;
    ck_assert_int_eq(caller_open(echo.url, 2, BIG_REPLY * 2, &caller), OK);
    size_t len = 0;
    ck_assert_int_eq(ask(caller, SPAN("hello"), 5000, &len), OK);
    ck_assert_uint_eq(len, 5);
    ck_assert_int_eq(ask(caller, SPAN("big"), 5000, &len), OK);
    ck_assert_uint_eq(len, BIG_REPLY);
    uint8_t *large = calloc(1, FRAME_MAX + 1);
    ck_assert_int_eq(ask(caller, span_of(large, FRAME_MAX + 1), 5000, &len), ERR_CLOSED);
    free(large);
    ck_assert_int_eq(ask(caller, SPAN("drop"), 5000, &len), ERR_CLOSED);
    ck_assert_int_eq(ask(caller, SPAN("again"), 5000, &len), OK);
    caller_close(caller);
    caller = NULL;
    echo_close(&echo);
}

END_TEST

START_TEST(without_a_server_a_question_was_never_sent)
{
    OWNED(caller_close) struct caller *caller = NULL;
    ck_assert_int_eq(caller_open("tcp://127.0.0.1:1", 1, 1000, &caller), OK);
    size_t len = 0;
    ck_assert_int_eq(ask(caller, SPAN("hello"), 50, &len), ERR_BUSY);
}

END_TEST

START_TEST(a_silent_server_is_a_time_out_and_all_contexts_busy_is_said_so)
{
    struct echo echo;
    echo_open(&echo);
    OWNED(caller_close) struct caller *caller = NULL;
    ck_assert_int_eq(caller_open(echo.url, 1, 1000, &caller), OK);
    size_t len = 0;
    ck_assert_int_eq(ask(caller, SPAN("keep"), 100, &len), ERR_TIMED_OUT);
    struct reply reply = {0};
    lock_init(&reply.lock);
    pthread_cond_init(&reply.ready, NULL);
    ck_assert_int_eq(caller_ask(caller, SPAN("keep"), 10000, on_reply, &reply), OK);
    ck_assert_int_eq(caller_ask(caller, SPAN("keep"), 10000, on_reply, &reply), ERR_BUSY);
    while (atomic_load(&echo.kept_count) < 2) {
        usleep(1000);
    }
    endpoint_drop(echo.kept[0]);
    endpoint_drop(echo.kept[1]);
    caller_close(caller);
    caller = NULL;
    ck_assert(reply.done && reply.err == ERR_CLOSED);
    pthread_cond_destroy(&reply.ready);
    echo_close(&echo);
}

END_TEST

START_TEST(a_peer_that_never_reads_is_dropped_within_a_second_and_others_are_served)
{
    struct echo echo;
    echo_open(&echo);
    OWNED(caller_close) struct caller *caller = NULL;
    ck_assert_int_eq(caller_open(echo.url, 2, BIG_REPLY * 2, &caller), OK);
    size_t len = 0;
    ck_assert_int_eq(ask(caller, SPAN("trust"), 5000, &len), OK);
    const int fd = raw_connect(endpoint_port(echo.endpoint), true);
    const int64_t start_ms = clock_boot_ms();
    for (uint32_t i = 0; i < 8; i++) { /* 8 MiB: more than the kernel keeps on our side */
        if (!raw_send(fd, i, SPAN("big"))) {
            break;
        }
        ck_assert_int_eq(ask(caller, SPAN("hello"), 5000, &len), OK);
    }
    ck_assert(raw_closed_within(fd, 1000, 99));
    ck_assert_int_lt(clock_boot_ms() - start_ms, 1500);
    struct endpoint_counts counts;
    endpoint_counts(echo.endpoint, &counts);
    ck_assert_uint_ge(counts.stalled, 1);
    ck_assert_int_eq(ask(caller, SPAN("hello"), 5000, &len), OK);
    close(fd);
    caller_close(caller);
    caller = NULL;
    echo_close(&echo);
}

END_TEST

START_TEST(a_peer_that_asks_too_much_at_a_time_waits_for_its_own_answers)
{
    struct echo echo;
    echo_open(&echo);
    const int fd = raw_connect(endpoint_port(echo.endpoint), true);
    for (uint32_t i = 0; i < 12; i++) {
        ck_assert(raw_send(fd, i, SPAN("keep")));
    }
    OWNED(caller_close) struct caller *caller = NULL;
    size_t len = 0;
    ck_assert_int_eq(caller_open(echo.url, 2, BIG_REPLY * 2, &caller), OK);
    while (atomic_load(&echo.kept_count) < 8) {
        usleep(1000);
    }
    for (int i = 0; i < 50; i++) {
        ck_assert_int_eq(ask(caller, SPAN("hello"), 5000, &len), OK);
    }
    ck_assert_uint_eq(atomic_load(&echo.kept_count), 8);
    for (unsigned i = 0; i < 12; i++) {
        while (atomic_load(&echo.kept_count) <= i) {
            usleep(1000);
        }
        endpoint_reply(echo.kept[i], SPAN("late"));
    }
    uint8_t replies[12 * 16];
    ck_assert_int_eq(recv(fd, replies, sizeof replies, MSG_WAITALL), (ssize_t)sizeof replies);
    for (uint32_t i = 0; i < 12; i++) {
        ck_assert_uint_eq(get_be64(replies + 16 * i), 8);
        ck_assert_uint_eq(get_be32(replies + 16 * i + 8), 0x80000000U | i);
        ck_assert_mem_eq(replies + 16 * i + 12, "late", 4);
    }
    caller_close(caller);
    caller = NULL;
    echo_close(&echo);
    close(fd);
}

END_TEST

static int raw_connect_ours(const struct echo *echo)
{
    uint8_t reply[16];
    const int fd = raw_connect(endpoint_port(echo->endpoint), true);
    ck_assert(raw_send(fd, 0, SPAN("ours")));
    ck_assert_int_eq(recv(fd, reply, sizeof reply, MSG_WAITALL), (ssize_t)sizeof reply);
    return fd;
}

START_TEST(one_holders_connections_share_its_places_in_turn)
{
    struct echo echo;
    echo_open(&echo);
    int fds[3];
    for (unsigned i = 0; i < 3; i++) {
        fds[i] = raw_connect_ours(&echo);
    }
    for (uint32_t i = 0; i < 12; i++) {
        ck_assert(raw_send(fds[i % 3], i, SPAN("keep")));
    }
    while (atomic_load(&echo.kept_count) < 5) {
        usleep(1000);
    }
    OWNED(caller_close) struct caller *caller = NULL;
    size_t len = 0;
    ck_assert_int_eq(caller_open(echo.url, 2, BIG_REPLY * 2, &caller), OK);
    for (int i = 0; i < 50; i++) {
        ck_assert_int_eq(ask(caller, SPAN("hello"), 5000, &len), OK);
    }
    ck_assert_uint_eq(atomic_load(&echo.kept_count), 5);
    for (unsigned i = 0; i < 12; i++) {
        while (atomic_load(&echo.kept_count) <= i) {
            usleep(1000);
        }
        endpoint_reply(echo.kept[i], SPAN("late"));
    }
    uint8_t replies[4 * 16];
    for (unsigned i = 0; i < 3; i++) { /* each got all of its own */
        ck_assert_int_eq(recv(fds[i], replies, sizeof replies, MSG_WAITALL), (ssize_t)sizeof replies);
        close(fds[i]);
    }
    caller_close(caller);
    caller = NULL;
    echo_close(&echo);
}

END_TEST

START_TEST(one_holders_connections_are_bounded_and_its_oldest_idle_one_goes)
{
    struct echo echo;
    echo_open(&echo);
    int fds[ENDPOINT_HOLDER_MAX + 1];
    for (unsigned i = 0; i < ENDPOINT_HOLDER_MAX + 1; i++) {
        fds[i] = raw_connect_ours(&echo);
        if (i == 0) { /* the oldest waits for an answer */
            ck_assert(raw_send(fds[0], 1, SPAN("keep")));
            while (atomic_load(&echo.kept_count) < 1) {
                usleep(1000);
            }
        }
    }
    ck_assert(raw_closed_within(fds[1], 5000, 0));
    struct endpoint_counts counts;
    endpoint_counts(echo.endpoint, &counts);
    ck_assert_uint_eq(counts.crowded, 1);
    uint8_t reply[16];
    endpoint_reply(echo.kept[0], SPAN("late"));
    ck_assert_int_eq(recv(fds[0], reply, sizeof reply, MSG_WAITALL), (ssize_t)sizeof reply);
    ck_assert(raw_send(fds[ENDPOINT_HOLDER_MAX], 1, SPAN("last")));
    ck_assert_int_eq(recv(fds[ENDPOINT_HOLDER_MAX], reply, sizeof reply, MSG_WAITALL), (ssize_t)sizeof reply);
    for (unsigned i = 0; i < ENDPOINT_HOLDER_MAX + 1; i++) {
        close(fds[i]);
    }
    echo_close(&echo);
}

END_TEST

START_TEST(a_request_whose_connection_was_closed_says_so)
{
    struct echo echo;
    echo_open(&echo);
    const int fd = raw_connect(endpoint_port(echo.endpoint), true);
    ck_assert(raw_send(fd, 1, SPAN("keep")));
    while (atomic_load(&echo.kept_count) < 1) {
        usleep(1000);
    }
    ck_assert(!endpoint_is_lost(echo.kept[0]));
    close(fd);
    const int64_t until_ms = clock_boot_ms() + 5000;
    while (!endpoint_is_lost(echo.kept[0]) && clock_boot_ms() < until_ms) {
        usleep(1000);
    }
    ck_assert(endpoint_is_lost(echo.kept[0]));
    endpoint_drop(echo.kept[0]);
    echo_close(&echo);
}

END_TEST

START_TEST(nonsense_and_strangers_harm_nobody)
{
    struct echo echo;
    echo_open(&echo);
    OWNED(caller_close) struct caller *caller = NULL;
    size_t len = 0;
    ck_assert_int_eq(caller_open(echo.url, 2, BIG_REPLY * 2, &caller), OK);
    ck_assert_int_eq(ask(caller, SPAN("trust"), 5000, &len), OK);
    int fds[100];
    for (unsigned i = 0; i < 100; i++) {
        const unsigned kind = i % 4;
        fds[i] = raw_connect(endpoint_port(echo.endpoint), kind != 0 && kind != 1);
        if (kind == 1) { /* no greeting of ours */
            ck_assert_int_eq(send(fds[i], "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL), 18);
        }
        if (kind == 2) { /* a length that is too large */
            ck_assert_int_eq(send(fds[i], "\x7f\xff\xff\xff\xff\xff\xff\xff", 8, MSG_NOSIGNAL), 8);
        }
        if (kind == 3) { /* half a message */
            ck_assert_int_eq(send(fds[i],
                                  "\0\0\0\0\0\0\0\x40"
                                  "abc",
                                  11, MSG_NOSIGNAL),
                             11);
        }
        ck_assert_int_eq(ask(caller, SPAN("hello"), 5000, &len), OK);
    }
    for (unsigned i = 0; i < 100; i++) {
        close(fds[i]);
    }
    ck_assert_int_eq(ask(caller, SPAN("hello"), 5000, &len), OK);
    caller_close(caller);
    caller = NULL;
    echo_close(&echo);
}

END_TEST

START_TEST(what_strangers_begin_to_send_takes_a_bounded_amount_of_memory)
{
    enum { STRANGERS = 10 };
    struct echo echo;
    uint8_t head[8 + 1000] = {0};
    echo_open(&echo);
    int fds[STRANGERS];
    put_be64(head, FRAME_MAX);
    for (unsigned i = 0; i < STRANGERS; i++) {
        fds[i] = raw_connect(endpoint_port(echo.endpoint), true);
        ck_assert_int_eq(send(fds[i], head, sizeof head, MSG_NOSIGNAL), (ssize_t)sizeof head);
        if (i >= ENDPOINT_STRANGERS_FRAMES) { /* one after the other: the oldest makes room */
            ck_assert(raw_closed_within(fds[i - ENDPOINT_STRANGERS_FRAMES], 5000, 0));
        }
    }
    ck_assert(!raw_closed_within(fds[STRANGERS - 1], 50, 0));
    OWNED(caller_close) struct caller *caller = NULL;
    size_t len = 0;
    uint8_t *large = calloc(1, FRAME_MAX);
    ck_assert_int_eq(caller_open(echo.url, 2, BIG_REPLY * 2, &caller), OK);
    ck_assert_int_eq(ask(caller, span_of(large, FRAME_MAX), 5000, &len), OK); /* one of ours that is not known yet */
    ck_assert_uint_eq(len, FRAME_MAX);
    free(large);
    for (unsigned i = 0; i < STRANGERS; i++) {
        close(fds[i]);
    }
    caller_close(caller);
    caller = NULL;
    echo_close(&echo);
}

END_TEST

START_TEST(a_message_that_comes_drop_by_drop_has_one_deadline)
{
    struct echo echo;
    uint8_t drop[8 + 4] = {0, 0, 0, 0, 0, 0, 0x40, 0};
    echo_open_patient(&echo, 300);
    const int fd = raw_connect(endpoint_port(echo.endpoint), true);
    const int idle_fd = raw_connect(endpoint_port(echo.endpoint), true);
    const int64_t start_ms = clock_boot_ms();
    ck_assert_int_eq(send(fd, drop, 8, MSG_NOSIGNAL), 8);
    bool closed = false;
    while (!closed && clock_boot_ms() < start_ms + 5000) {
        closed = send(fd, drop, 1, MSG_NOSIGNAL) != 1 || raw_closed_within(fd, 50, 0);
    }
    ck_assert(closed);
    ck_assert_int_ge(clock_boot_ms() - start_ms, 250);
    struct endpoint_counts counts;
    endpoint_counts(echo.endpoint, &counts);
    ck_assert_uint_eq(counts.stalled, 1);
    ck_assert(!raw_closed_within(idle_fd, 400, 0)); /* between two messages nobody is in a hurry */
    for (uint32_t i = 0; i < 8; i++) {              /* nor does one message's time count for the next */
        uint8_t reply[16];
        ck_assert(raw_send(idle_fd, i, SPAN("text")));
        ck_assert_int_eq(recv(idle_fd, reply, sizeof reply, MSG_WAITALL), (ssize_t)sizeof reply);
        usleep(60000);
    }
    close(idle_fd);
    close(fd);
    echo_close(&echo);
}

END_TEST

START_TEST(too_many_strangers_close_the_oldest_and_never_a_trusted_one)
{
    struct echo echo;
    echo_open(&echo);
    OWNED(caller_close) struct caller *caller = NULL;
    size_t len = 0;
    ck_assert_int_eq(caller_open(echo.url, 2, BIG_REPLY * 2, &caller), OK);
    ck_assert_int_eq(ask(caller, SPAN("trust"), 5000, &len), OK);
    int fds[ENDPOINT_STRANGERS_MAX + 8];
    for (unsigned i = 0; i < ENDPOINT_STRANGERS_MAX + 8; i++) {
        fds[i] = raw_connect(endpoint_port(echo.endpoint), true);
    }
    ck_assert(raw_closed_within(fds[0], 5000, 0));
    ck_assert(!raw_closed_within(fds[ENDPOINT_STRANGERS_MAX + 7], 50, 0));
    ck_assert_int_eq(ask(caller, SPAN("hello"), 5000, &len), OK);
    for (unsigned i = 0; i < ENDPOINT_STRANGERS_MAX + 8; i++) {
        close(fds[i]);
    }
    caller_close(caller);
    caller = NULL;
    echo_close(&echo);
}

END_TEST

/* ---- Servers that are killed: deliveries are counted in shared memory ---- */

#define QUESTIONS_MAX 2000000
#define KILLS 10

struct tally {
    atomic_uint delivered;
    atomic_uint doubles;
    atomic_uchar seen[QUESTIONS_MAX];
};

static void on_counted(void *context, struct endpoint_request *request)
{
    struct tally *tally = context;
    const struct span bytes = endpoint_bytes(request);
    const uint64_t number = get_be64(bytes.data);
    if (atomic_fetch_add(&tally->seen[number], 1) > 0) {
        atomic_fetch_add(&tally->doubles, 1);
    }
    atomic_fetch_add(&tally->delivered, 1);
    endpoint_reply(request, bytes);
}

static pid_t serve_in_child(struct tally *tally, uint16_t port)
{
    const pid_t child = fork();
    if (child == 0) {
        char url[64];
        snprintf(url, sizeof url, "tcp://127.0.0.1:%u", port);
        const struct endpoint_options options = {.url = url,
                                                 .contexts = 64,
                                                 .per_connection = 64,
                                                 .frame_max = FRAME_MAX,
                                                 .handle = on_counted,
                                                 .context = tally};
        struct endpoint *endpoint = NULL;
        if (endpoint_open(&options, &endpoint) != OK) {
            _exit(1);
        }
        for (;;) {
            pause();
        }
    }
    ck_assert_int_gt(child, 0);
    return child;
}

struct asker {
    struct caller *caller;
    atomic_uint_fast64_t next;
    atomic_uint answered;
    atomic_uint unknown;
    atomic_bool stop;
    atomic_uint running;
};

static void on_told(void *context, enum err err, struct span reply)
{
    (void)reply;
    struct asker *asker = context;
    atomic_fetch_add(err == OK ? &asker->answered : &asker->unknown, 1);
    uint8_t number[8];
    put_be64(number, atomic_fetch_add(&asker->next, 1));
    if (atomic_load(&asker->stop) || get_be64(number) >= QUESTIONS_MAX ||
        caller_ask(asker->caller, span_of(number, 8), 2000, on_told, asker) != OK) {
        atomic_fetch_sub(&asker->running, 1);
    }
}

START_TEST(ten_killed_servers_get_nothing_twice)
{
    struct tally *tally = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(tally, MAP_FAILED);
    /* A port that is free: bound and given back; the children are forked before this process has threads of nng's. */
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    const uint16_t port = ntohs(address.sin_port);
    close(fd);
    int pipe_fd[2];
    ck_assert_int_eq(pipe(pipe_fd), 0);
    /* nng must not be used across a fork: a helper process makes and kills the servers, one byte asks for each kill. */
    const pid_t helper = fork();
    if (helper == 0) {
        close(pipe_fd[1]);
        pid_t server = serve_in_child(tally, port);
        char byte = 0;
        while (read(pipe_fd[0], &byte, 1) == 1) {
            kill(server, SIGKILL);
            (void)waitpid(server, NULL, 0);
            server = serve_in_child(tally, port);
        }
        kill(server, SIGKILL);
        _exit(0);
    }
    close(pipe_fd[0]);
    char url[64];
    snprintf(url, sizeof url, "tcp://127.0.0.1:%u", port);
    struct asker asker = {0};
    ck_assert_int_eq(caller_open(url, 32, FRAME_MAX, &asker.caller), OK);
    atomic_store(&asker.running, 16);
    for (unsigned i = 0; i < 16; i++) {
        on_told(&asker, OK, SPAN(""));
    }
    for (unsigned i = 0; i < KILLS; i++) {
        const unsigned before = atomic_load(&asker.answered);
        while (atomic_load(&asker.answered) < before + 500) { /* it serves: kill it in the middle */
            usleep(500);
        }
        ck_assert_int_eq(write(pipe_fd[1], "k", 1), 1);
    }
    atomic_store(&asker.stop, true);
    while (atomic_load(&asker.running) > 0) {
        usleep(1000);
    }
    close(pipe_fd[1]);
    (void)waitpid(helper, NULL, 0);
    caller_close(asker.caller);
    ck_assert_uint_eq(atomic_load(&tally->doubles), 0);
    ck_assert_uint_ge(atomic_load(&tally->delivered), 5000);
    printf("%u questions delivered over %d kills, %u of unknown fate, %u twice\n", atomic_load(&tally->delivered),
           KILLS, atomic_load(&asker.unknown), atomic_load(&tally->doubles));
    munmap(tally, sizeof *tally);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("endpoint");
    TCase *sockets = tcase_create("sockets");
    tcase_set_timeout(sockets, 60);
    tcase_add_test(sockets, a_question_is_answered_and_its_size_is_bounded);
    tcase_add_test(sockets, without_a_server_a_question_was_never_sent);
    tcase_add_test(sockets, a_silent_server_is_a_time_out_and_all_contexts_busy_is_said_so);
    tcase_add_test(sockets, a_peer_that_never_reads_is_dropped_within_a_second_and_others_are_served);
    tcase_add_test(sockets, a_peer_that_asks_too_much_at_a_time_waits_for_its_own_answers);
    tcase_add_test(sockets, one_holders_connections_share_its_places_in_turn);
    tcase_add_test(sockets, one_holders_connections_are_bounded_and_its_oldest_idle_one_goes);
    tcase_add_test(sockets, a_request_whose_connection_was_closed_says_so);
    tcase_add_test(sockets, nonsense_and_strangers_harm_nobody);
    tcase_add_test(sockets, what_strangers_begin_to_send_takes_a_bounded_amount_of_memory);
    tcase_add_test(sockets, a_message_that_comes_drop_by_drop_has_one_deadline);
    tcase_add_test(sockets, too_many_strangers_close_the_oldest_and_never_a_trusted_one);
    suite_add_tcase(suite, sockets);
    TCase *kills = tcase_create("kills");
    tcase_set_timeout(kills, 60);
    tcase_add_test(kills, ten_killed_servers_get_nothing_twice);
    suite_add_tcase(suite, kills);
    return run_suite(suite);
}
