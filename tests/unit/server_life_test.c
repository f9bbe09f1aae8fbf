/* server_life_test.c: what the server ends by itself: late clients, clients too many, idle ones; draining; opening. */
#include "tests/suite.h"
#include "tests/unit/server_client.h"

#define SHORT_MS 300

static struct server_options hasty(void)
{
    struct server_options options = usual;
    options.head_within_ms = SHORT_MS;
    options.body_within_ms = SHORT_MS;
    options.idle_ms = SHORT_MS;
    return options;
}

/* Says bytes, then the drip again and again until the server closes; returns after how long it did. */
static int64_t drip(const struct world *world, struct span bytes, struct span dripped, char *out, size_t cap)
{
    const int fd = dial(world);
    const int64_t start_us = clock_monotonic_us();
    say(fd, bytes);
    const struct timeval moment = {.tv_usec = 20000};
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment), 0);
    size_t len = 0;
    for (;;) {
        const ssize_t got = recv(fd, out + len, cap - 1 - len, 0);
        if (got == 0 || (got < 0 && errno != EAGAIN)) {
            break;
        }
        len += got > 0 ? (size_t)got : 0;
        say(fd, dripped);
        ck_assert_int_lt(clock_monotonic_us() - start_us, 10000000);
    }
    out[len] = 0;
    (void)close(fd);
    return (clock_monotonic_us() - start_us) / 1000;
}

static const struct {
    const char *name;
    struct span bytes;
    struct span dripped;
    const char *answer;
    unsigned deadlines; /* how many of SHORT_MS may pass */
    unsigned timed_out;
} drips[] = {
    {"says nothing",                              BYTES(""),                                                                            BYTES(""),           "",          1, 1},
    {"drips empty lines",                         BYTES(""),                                                                            BYTES("\r\n"),       "",          1, 1},
    {"drips a target",                            BYTES("GET /"),                                                                       BYTES("x"),          "",          1, 1},
    {"stops in a head",                           BYTES("GET /hello HTTP/1.1\r\n"),                                                     BYTES(""),           RAW_TIMEOUT, 1, 1},
    {"drips headers",                             BYTES("GET /hello HTTP/1.1\r\nHost: a\r\n"),                                          BYTES("X: y\r\n"),   RAW_TIMEOUT, 1, 1},
    {"drips a value",                             BYTES("GET /hello HTTP/1.1\r\nHost: a"),                                              BYTES("a"),          RAW_TIMEOUT, 1, 1},
    {"stops in a body",                           BYTES("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n"),                 BYTES(""),           RAW_TIMEOUT, 1,
     1                                                                                                                                                                        },
    {"drips a body",                              BYTES("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n"),                 BYTES("x"),          RAW_TIMEOUT, 1,
     1                                                                                                                                                                        },
    {"drips chunks",                              BYTES("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),           BYTES("1\r\nx\r\n"),
     RAW_TIMEOUT,                                                                                                                                                         1, 1},
    {"drips a chunk extension",                   BYTES("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;"),
     BYTES("x"),                                                                                                                                             RAW_TIMEOUT, 1, 1},
    {"drips trailers",                            BYTES("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"),
     BYTES("X: y\r\n"),                                                                                                                                      RAW_TIMEOUT, 1, 1},
    {"does not send what 100-continue asked for",
     BYTES("POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n"),                                         BYTES(""),
     "HTTP/1.1 100 Continue\r\n\r\n" RAW_TIMEOUT,                                                                                                                         1, 1},
    {"is idle after an answer",                   BYTES("GET /none HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),                        BYTES(""),           NULL,        1, 0},
    {"drips its second target",                   BYTES("GET /none HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /"),                   BYTES("x"),          NULL,        1,
     0                                                                                                                                                                        },
    {"drips its second head",                     BYTES("GET /none HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /hello HTTP/1.1\r\n"),
     BYTES("X: y\r\n"),                                                                                                                                      NULL,        2, 1},
};

START_TEST(a_client_that_is_late_is_closed_however_it_drips)
{
    struct world *world = world_open(hasty());
    static char out[ANSWER_MAX];
    const int64_t took_ms = drip(world, drips[_i].bytes, drips[_i].dripped, out, sizeof out);
    ck_assert_msg(took_ms >= SHORT_MS - 20, "%s: closed after %d ms", drips[_i].name, (int)took_ms);
    ck_assert_msg(took_ms <= SHORT_MS * (drips[_i].deadlines + 3), "%s: closed after %d ms", drips[_i].name,
                  (int)took_ms);
    if (drips[_i].answer != NULL) {
        ck_assert_msg(strcmp(out, drips[_i].answer) == 0, "%s: %s", drips[_i].name, out);
    }
    ck_assert_uint_eq(counters(world).timed_out, drips[_i].timed_out);
    ck_assert_uint_eq(atomic_load(&world->handled), drips[_i].answer == NULL);
    world_close(world);
}

END_TEST

START_TEST(a_waiting_request_has_no_deadline)
{
    struct world *world = world_open(hasty());
    const int fd = dial(world);
    say(fd, SPAN("GET /later HTTP/1.1\r\nHost: a\r\n\r\n"));
    struct request *held[HELD_MAX];
    ck_assert_uint_eq(take_held(world, 1, held), 1);
    /* Another connection's deadline shows that more than the time has passed. */
    static char out[ANSWER_MAX];
    (void)drip(world, SPAN(""), SPAN(""), out, sizeof out);
    (void)drip(world, SPAN(""), SPAN(""), out, sizeof out);
    answer_text(held[0], 200, SPAN("ok"));
    expect(fd, OK_HEAD TEXT("2") "ok");
    (void)close(fd);
    world_close(world);
}

END_TEST

static void handle_large(void *context, struct request *request)
{
    (void)context;
    static uint8_t zeros[16 << 20];
    const struct response response = {
        .status = 200, .body = {zeros, request->query.len << 16},
             .body_stays = true
    };
    server_answer(request, &response);
}

START_TEST(a_large_answer_arrives_whole_though_its_reader_is_slow_at_first)
{
    struct server_options options = hasty();
    options.handler = handle_large;
    struct world *world = world_open(options);
    const int fd = dial(world);
    char request[400] = "GET /?";
    memset(request + 6, 'x', 256);
    (void)snprintf(request + 6 + 256, sizeof request - 6 - 256, "%s",
                   " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    say(fd, span_text(request));
    static char out[ANSWER_MAX];
    (void)drip(world, SPAN(""), SPAN(""), out, sizeof out);
    size_t len = 0;
    for (ssize_t got = 1; got > 0; len += (size_t)got) {
        got = recv(fd, out, sizeof out, 0);
        ck_assert_int_ge(got, 0);
    }
    ck_assert_uint_gt(len, 16 << 20);
    (void)close(fd);
    world_close(world);
}

END_TEST

START_TEST(a_client_that_asks_and_does_not_read_is_closed)
{
    struct server_options options = hasty();
    options.handler = handle_large;
    struct world *world = world_open(options);
    const int fd = dial(world);
    for (unsigned i = 0; i < 400; i++) {
        say(fd, SPAN("GET /?x HTTP/1.1\r\nHost: a\r\n\r\n"));
    }
    const int64_t start_us = clock_monotonic_us();
    /* Not "until none is open": at first the server may not have accepted it yet. */
    while (counters(world).timed_out == 0 || counters(world).open_connections > 0) {
        ck_assert_int_lt(clock_monotonic_us() - start_us, 10000000);
        (void)usleep(10000);
    }
    ck_assert_uint_eq(counters(world).timed_out, 1);
    ck_assert_uint_lt(counters(world).requests, 400);
    (void)close(fd);
    world_close(world);
}

END_TEST

#define BUSY RAW("503 Service Unavailable", "20", "too_many_connections")

/* Asks until there is an answer other than that of a full server: a place is free a moment after a close. */
static void expect_hello_soon(const struct world *world)
{
    static char out[ANSWER_MAX];
    for (unsigned i = 0; i < 1000; i++) {
        ask(world, SPAN("GET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), out, sizeof out);
        if (strncmp(out, "HTTP/1.1 204", 12) == 0) {
            return;
        }
        (void)usleep(5000);
    }
    ck_abort_msg("the place did not become free");
}

START_TEST(connections_over_the_cap_are_turned_away_until_one_closes)
{
    struct server_options options = usual;
    options.connections_max = 3;
    struct world *world = world_open(options);
    int fds[3];
    for (unsigned i = 0; i < 3; i++) {
        fds[i] = dial(world);
        say(fds[i], SPAN("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
        expect(fds[i], HELLO);
    }
    static char out[ANSWER_MAX];
    for (unsigned i = 0; i < 20; i++) {
        /* Whether or not a request is on its way already. */
        ck_assert_str_eq(
            ask(world, i % 2 == 0 ? SPAN("") : SPAN("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"), out, sizeof out), BUSY);
    }
    struct server_counters now = counters(world);
    ck_assert_uint_eq(now.refused_connections, 20);
    ck_assert_uint_eq(now.open_connections, 3);
    ck_assert_uint_eq(atomic_load(&world->handled), 3);
    (void)close(fds[0]);
    expect_hello_soon(world);
    (void)close(fds[1]);
    (void)close(fds[2]);
    world_close(world);
}

END_TEST

START_TEST(a_crowd_over_the_cap_is_closed_at_once)
{
    struct server_options options = usual;
    options.connections_max = 1;
    struct world *world = world_open(options);
    static int fds[300];
    for (unsigned i = 0; i < 300; i++) {
        fds[i] = dial(world);
        if (i == 0) {
            say(fds[0], SPAN("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
            expect(fds[0], HELLO);
        }
    }
    static char out[ANSWER_MAX];
    unsigned told = 0;
    for (unsigned i = 1; i < 300; i++) {
        hear_all(fds[i], out, sizeof out);
        ck_assert(out[0] == 0 || strcmp(out, BUSY) == 0);
        told += out[0] != 0;
        (void)close(fds[i]);
    }
    ck_assert_uint_ge(told, 64);
    ck_assert_uint_eq(counters(world).refused_connections, 299);
    say(fds[0], SPAN("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
    expect(fds[0], HELLO);
    (void)close(fds[0]);
    world_close(world);
}

END_TEST

START_TEST(an_address_has_its_own_cap)
{
    struct server_options options = usual;
    options.connections_per_address_max = 2;
    struct world *world = world_open(options);
    int fds[4];
    for (unsigned i = 0; i < 4; i++) {
        fds[i] = i < 2 ? dial(world) : dial_from(world, "127.0.0.2");
        say(fds[i], SPAN("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
        expect(fds[i], HELLO);
    }
    static char out[ANSWER_MAX];
    const int fd = dial_from(world, "127.0.0.2");
    ck_assert_str_eq(hear_all(fd, out, sizeof out), BUSY);
    (void)close(fd);
    (void)close(fds[0]);
    expect_hello_soon(world);
    for (unsigned i = 1; i < 4; i++) {
        (void)close(fds[i]);
    }
    world_close(world);
}

END_TEST

static void *drainer(void *context)
{
    server_drain(context, 10000);
    return NULL;
}

START_TEST(draining_lets_open_requests_finish_and_no_others_begin)
{
    struct world *world = world_open(usual);
    const int idle = dial(world);
    say(idle, SPAN("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
    expect(idle, HELLO);
    const int busy = dial(world);
    say(busy, SPAN("GET /later HTTP/1.1\r\nHost: a\r\n\r\n"));
    const int half = dial(world);
    say(half, SPAN("POST /length HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"));
    expect(half, "HTTP/1.1 100 Continue\r\n\r\n");
    struct request *held[HELD_MAX];
    ck_assert_uint_eq(take_held(world, 1, held), 1);
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, drainer, world->server), 0);
    expect_closed(idle);
    ck_assert_int_eq(loopback_connect(server_port(world->server)), -1);
    static char out[ANSWER_MAX];
    say(half, SPAN("abc"));
    ck_assert_str_eq(hear_all(half, out, sizeof out), OK_HEAD "Connection: close\r\n" TEXT("1") "3");
    (void)close(half);
    answer_text(held[0], 200, SPAN("ok"));
    ck_assert_str_eq(hear_all(busy, out, sizeof out), OK_HEAD "Connection: close\r\n" TEXT("2") "ok");
    (void)close(busy);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    world_close(world);
}

END_TEST

START_TEST(draining_ends_in_time_though_a_request_stays_unanswered)
{
    struct world *world = world_open(usual);
    const int fd = dial(world);
    say(fd, SPAN("GET /later HTTP/1.1\r\nHost: a\r\n\r\n"));
    struct request *held[HELD_MAX];
    ck_assert_uint_eq(take_held(world, 1, held), 1);
    const int64_t start_us = clock_monotonic_us();
    server_drain(world->server, 100);
    const int64_t took_us = clock_monotonic_us() - start_us;
    ck_assert_int_ge(took_us, 100000);
    ck_assert_int_lt(took_us, 5000000);
    answer_text(held[0], 200, SPAN("ok"));
    static char out[ANSWER_MAX];
    ck_assert_str_eq(hear_all(fd, out, sizeof out), OK_HEAD "Connection: close\r\n" TEXT("2") "ok");
    (void)close(fd);
    server_drain(world->server, 10000); /* again, now with nothing open */
    world_close(world);
}

END_TEST

START_TEST(what_cannot_be_opened_is_told_apart)
{
    struct world *world = world_open(usual);
    struct server_options options = usual;
    struct server *server = NULL;
    options.port = server_port(world->server);
    ck_assert_int_eq(server_open(&options, &server), ERR_BUSY);
    options = usual;
    options.address = "localhost.example";
    ck_assert_int_eq(server_open(&options, &server), ERR_MALFORMED);
    options.address = "192.0.2.1"; /* nobody's (RFC 5737) */
    ck_assert_int_ne(server_open(&options, &server), OK);
    ck_assert_ptr_null(server);
    world_close(world);
    server_close(NULL);
}

END_TEST

START_TEST(a_port_may_be_opened_again_at_once)
{
    struct world *world = world_open(usual);
    struct server_options options = usual;
    options.port = server_port(world->server);
    const int fd = dial(world);
    say(fd, SPAN("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
    expect(fd, HELLO);
    world_close(world);
    world = world_open(options);
    ck_assert_uint_eq(server_port(world->server), options.port);
    world_close(world);
    (void)close(fd);
}

END_TEST

START_TEST(ipv6_is_served_and_its_address_told)
{
    const int probe = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    const bool there = probe >= 0 && bind(probe, (const struct sockaddr *)&to, sizeof to) == 0;
    (void)close(probe);
    if (!there) {
        return; /* a machine without IPv6 */
    }
    struct server_options options = usual;
    options.address = "::1";
    struct world *world = world_open(options);
    to.sin6_port = htons(server_port(world->server));
    const int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    say(fd, SPAN("GET /a HTTP/1.1\r\nHost: [::1]\r\n\r\n"));
    expect(fd, OK_HEAD TEXT("19") "GET|/a|none|::1||0|");
    (void)close(fd);
    world_close(world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("server_life");
    TCase *tcase = tcase_create("all");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, a_client_that_is_late_is_closed_however_it_drips, 0, sizeof drips / sizeof drips[0]);
    tcase_add_test(tcase, a_waiting_request_has_no_deadline);
    tcase_add_test(tcase, a_large_answer_arrives_whole_though_its_reader_is_slow_at_first);
    tcase_add_test(tcase, connections_over_the_cap_are_turned_away_until_one_closes);
    tcase_add_test(tcase, a_client_that_asks_and_does_not_read_is_closed);
    tcase_add_test(tcase, a_crowd_over_the_cap_is_closed_at_once);
    tcase_add_test(tcase, an_address_has_its_own_cap);
    tcase_add_test(tcase, draining_lets_open_requests_finish_and_no_others_begin);
    tcase_add_test(tcase, draining_ends_in_time_though_a_request_stays_unanswered);
    tcase_add_test(tcase, what_cannot_be_opened_is_told_apart);
    tcase_add_test(tcase, a_port_may_be_opened_again_at_once);
    tcase_add_test(tcase, ipv6_is_served_and_its_address_told);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
