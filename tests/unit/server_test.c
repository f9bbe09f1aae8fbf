/* server_test.c: the HTTP server over raw sockets: limits, pipelining, keep-alive, bodies, faults. */
#include "tests/suite.h"
#include "tests/unit/server_client.h"

START_TEST(a_get_is_answered)
{
    struct world *world = world_open(usual);
    static char out[ANSWER_MAX];
    ck_assert_str_eq(ask(world, SPAN("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), out, sizeof out),
                     "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nX-One: 1\r\n"
                     "Content-Length: 14\r\n\r\n{\"hello\":true}");
    world_close(world);
}

END_TEST

/* Which threads answered: of two, in the order in which they came. */
struct shares {
    pthread_mutex_t mutex;
    pthread_t threads[2];
    unsigned known;
    unsigned count[2];
};

static void count_thread(void *context, struct request *request)
{
    struct shares *shares = context;
    (void)pthread_mutex_lock(&shares->mutex);
    unsigned i = 0;
    while (i < shares->known && !pthread_equal(shares->threads[i], pthread_self())) {
        i++;
    }
    ck_assert_uint_lt(i, 2);
    shares->threads[i] = pthread_self();
    shares->known = i < shares->known ? shares->known : i + 1;
    shares->count[i]++;
    (void)pthread_mutex_unlock(&shares->mutex);
    const struct response response = {.status = 204};
    server_answer(request, &response);
}

START_TEST(connections_are_shared_out_evenly_among_the_threads)
{
    struct shares shares = {.known = 0};
    struct world world = {.server = NULL};
    struct server_options options = usual;
    int clients[16];
    options.handler = count_thread;
    options.context = &shares;
    ck_assert_int_eq(pthread_mutex_init(&shares.mutex, NULL), 0);
    ck_assert_int_eq(server_open(&options, &world.server), OK);
    for (unsigned i = 0; i < 16; i++) {
        char start[16];
        clients[i] = dial(&world);
        say(clients[i], SPAN("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
        ck_assert_int_eq(recv(clients[i], start, sizeof start, MSG_WAITALL), (int)sizeof start);
    }
    ck_assert_uint_eq(shares.count[0], 8);
    ck_assert_uint_eq(shares.count[1], 8);
    for (unsigned i = 0; i < 16; i++) {
        (void)close(clients[i]);
    }
    server_close(world.server);
    (void)pthread_mutex_destroy(&shares.mutex);
}

END_TEST

/* A head of exactly len bytes with as many headers; X-Test comes last. */
static struct span head_of(uint8_t *out, size_t len, unsigned headers, size_t target_len)
{
    struct buf buf = buf_of(out, len);
    buf_text(&buf, "GET /");
    for (size_t i = 1; i < target_len; i++) {
        buf_byte(&buf, 'p');
    }
    buf_text(&buf, " HTTP/1.1\r\nHost: a\r\n");
    for (unsigned i = 2; i < headers; i++) {
        buf_text(&buf, "X: y\r\n");
    }
    buf_text(&buf, "X-Test: ");
    while (buf.len < len - 4) {
        buf_byte(&buf, 'v');
    }
    buf_text(&buf, "\r\n\r\n");
    ck_assert(buf_ok(&buf));
    return buf_span(&buf);
}

START_TEST(a_head_of_the_greatest_size_is_taken_and_one_byte_more_is_refused)
{
    /* In pieces, so that libmicrohttpd's buffer grows while the head is parsed. */
    struct server_options options = usual;
    options.head_max = 3000;
    struct world *world = world_open(options);
    uint8_t bytes[3001];
    for (size_t piece = 1; piece < 3000; piece = piece * 3 + 1) {
        const int fd = dial(world);
        const struct span head = head_of(bytes, 3000, 40, 100);
        for (size_t i = 0; i < head.len; i += piece) {
            say(fd, span_of(head.data + i, head.len - i < piece ? head.len - i : piece));
        }
        char start[100];
        ck_assert_int_gt(recv(fd, start, sizeof start, MSG_WAITALL), 50);
        ck_assert_mem_eq(start, OK_HEAD, strlen(OK_HEAD));
        (void)close(fd);
    }
    static char out[ANSWER_MAX];
    ck_assert_str_eq(ask(world, head_of(bytes, 3001, 40, 100), out, sizeof out), HEAD_TOO_LARGE);
    ck_assert_str_eq(ask(world, head_of(bytes, 3001, 10, 2900), out, sizeof out), HEAD_TOO_LARGE);
    ck_assert_uint_eq(counters(world).refused_large, 2);
    world_close(world);
}

END_TEST

START_TEST(more_than_a_hundred_headers_are_refused)
{
    struct world *world = world_open(usual);
    static char out[ANSWER_MAX];
    uint8_t bytes[2000];
    ck_assert_str_eq(ask(world, head_of(bytes, 1000, 101, 10), out, sizeof out), HEAD_TOO_LARGE);
    const int fd = dial(world);
    say(fd, head_of(bytes, 1000, 100, 10));
    ck_assert_int_eq(recv(fd, out, strlen(OK_HEAD), MSG_WAITALL), (int)strlen(OK_HEAD));
    ck_assert_mem_eq(out, OK_HEAD, strlen(OK_HEAD));
    (void)close(fd);
    world_close(world);
}

END_TEST

START_TEST(any_number_of_query_parameters_is_answered)
{
    struct world *world = world_open(usual);
    static char out[ANSWER_MAX];
    static uint8_t bytes[8000];
    for (unsigned separators = 255; separators < 7000; separators = separators * 2 - 254) {
        struct buf buf = buf_of(bytes, sizeof bytes);
        buf_text(&buf, "GET /hello?");
        for (unsigned i = 0; i < separators; i++) {
            buf_byte(&buf, '&');
        }
        buf_text(&buf, " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        ck_assert(buf_ok(&buf));
        ask(world, buf_span(&buf), out, sizeof out);
        ck_assert_msg(strncmp(out, "HTTP/1.1 200 ", 13) == 0, "%u: %s", separators, out);
    }
    world_close(world);
}

END_TEST

/* What libmicrohttpd keeps of each, so that at some number of them its memory is full. */
static const struct {
    const char *before, *each, *after;
} many[] = {
    {"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n",                                     "X: y\r\n", "\r\n"    },
    {"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\nCookie: ",                             "a=b; ",    "\r\n\r\n"},
    {"POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "X: y\r\n", "\r\n"    },
};

START_TEST(any_number_of_headers_cookies_or_trailers_is_answered)
{
    struct world *world = world_open(usual);
    static char out[ANSWER_MAX];
    static uint8_t bytes[4000];
    bool refused = false;
    for (unsigned count = 90; count < 400; count++) {
        struct buf buf = buf_of(bytes, sizeof bytes);
        buf_text(&buf, many[_i].before);
        for (unsigned i = 0; i < count; i++) {
            buf_text(&buf, many[_i].each);
        }
        buf_text(&buf, many[_i].after);
        ck_assert(buf_ok(&buf));
        ask(world, buf_span(&buf), out, sizeof out);
        refused = refused || strncmp(out, "HTTP/1.1 431 ", 13) == 0;
        ck_assert_msg(refused ? strncmp(out, "HTTP/1.1 431 ", 13) == 0 : strncmp(out, "HTTP/1.1 200 ", 13) == 0,
                      "%u: %s", count, out);
    }
    ck_assert(refused);
    world_close(world);
}

END_TEST

START_TEST(a_head_without_end_is_refused_by_the_library)
{
    struct world *world = world_open(usual);
    static char out[ANSWER_MAX];
    static uint8_t bytes[60000];
    ask(world, head_of(bytes, sizeof bytes, 10, 10), out, sizeof out);
    ck_assert_msg(strncmp(out, "HTTP/1.1 431 ", 13) == 0, "%s", out);
    ask(world, head_of(bytes, sizeof bytes, 10, 50000), out, sizeof out);
    ck_assert_msg(strncmp(out, "HTTP/1.1 414 ", 13) == 0, "%s", out);
    ck_assert_uint_eq(atomic_load(&world->handled), 0);
    world_close(world);
}

END_TEST

START_TEST(pipelined_requests_are_answered_in_their_order)
{
    struct world *world = world_open(usual);
    const int fd = dial(world);
    say(fd, SPAN("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
                 "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n"
                 "HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n"
                 "GET /none HTTP/1.1\r\nHost: a\r\n\r\n"
                 "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
                 "GET /close HTTP/1.1\r\nHost: a\r\n\r\n"
                 "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
    static char out[ANSWER_MAX];
    ck_assert_str_eq(hear_all(fd, out, sizeof out),
                     OK_HEAD TEXT("29") "POST|/1|none|127.0.0.1||0|abc" OK_HEAD TEXT(
                         "28") "POST|/2|none|127.0.0.1||0|de" OK_HEAD
                               "Content-Type: application/json\r\nX-One: 1\r\nContent-Length: 14\r\n\r\n"
                               "HTTP/1.1 204 No Content\r\n\r\n" HELLO OK_HEAD
                               "Connection: close\r\nContent-Length: 3\r\n\r\nbye");
    (void)close(fd);
    ck_assert_uint_eq(counters(world).requests, 6);
    world_close(world);
}

END_TEST

START_TEST(a_connection_is_kept_as_its_client_says)
{
    struct world *world = world_open(usual);
    int fd = dial(world);
    for (unsigned i = 0; i < 100; i++) {
        say(fd, SPAN("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
        expect(fd, HELLO);
    }
    (void)close(fd);
    static char out[ANSWER_MAX];
    ck_assert_str_eq(ask(world, SPAN("GET /none HTTP/1.0\r\n\r\n"), out, sizeof out),
                     "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
    fd = dial(world);
    for (unsigned i = 0; i < 2; i++) {
        say(fd, SPAN("GET /none HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
        expect(fd, "HTTP/1.1 204 No Content\r\nConnection: Keep-Alive\r\n\r\n");
    }
    (void)close(fd);
    world_close(world);
}

END_TEST

START_TEST(a_body_is_asked_for_with_100_continue_only_when_it_is_wanted)
{
    struct world *world = world_open(usual);
    const int fd = dial(world);
    say(fd, SPAN("POST /length HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"));
    expect(fd, "HTTP/1.1 100 Continue\r\n\r\n");
    say(fd, SPAN("abcde"));
    expect(fd, OK_HEAD TEXT("1") "5");
    (void)close(fd);
    static char out[ANSWER_MAX];
    ck_assert_str_eq(
        ask(world, SPAN("POST /length HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 100001\r\n\r\n"),
            out, sizeof out),
        BODY_TOO_LARGE);
    world_close(world);
}

END_TEST

/* Sends a body of len bytes, chunked when chunk > 0, and reads the answer up to the close. */
static const char *upload(const struct world *world, size_t len, size_t chunk, char *out, size_t cap)
{
    static const uint8_t zeros[70000];
    char head[200];
    const int fd = dial(world);
    if (chunk == 0) {
        (void)snprintf(head, sizeof head,
                       "POST /length HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n", len);
    } else {
        (void)snprintf(head, sizeof head,
                       "POST /length HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n");
    }
    say(fd, span_text(head));
    const size_t step = chunk > 0 ? chunk : sizeof zeros;
    for (size_t done = 0; done < len;) {
        const size_t now = len - done < step ? len - done : step;
        if (chunk > 0) {
            (void)snprintf(head, sizeof head, "%zx\r\n", now);
            say(fd, span_text(head));
        }
        say(fd, span_of(zeros, now));
        done += now;
        if (chunk > 0) {
            say(fd, SPAN("\r\n"));
        }
    }
    if (chunk > 0) {
        say(fd, SPAN("0\r\n\r\n"));
    }
    hear_all(fd, out, cap);
    (void)close(fd);
    return out;
}

START_TEST(a_body_is_taken_up_to_its_limit_and_no_further)
{
    struct world *world = world_open(usual);
    static char out[ANSWER_MAX];
    static const size_t chunks[] = {0, 1000, 65536, 70000};
    for (size_t i = 0; i < sizeof chunks / sizeof chunks[0]; i++) {
        ck_assert_str_eq(upload(world, 100000, chunks[i], out, sizeof out),
                         OK_HEAD "Connection: close\r\n" TEXT("6") "100000");
        /* The client goes on sending two megabytes after the refusal and still reads it. */
        ck_assert_str_eq(upload(world, 2000000, chunks[i], out, sizeof out),
                         chunks[i] == 0 ? BODY_TOO_LARGE : RAW("413 Content Too Large", "14", "body_too_large"));
    }
    ck_assert_uint_eq(counters(world).refused_large, 4);
    ck_assert_uint_eq(counters(world).requests, 4);
    world_close(world);
}

END_TEST

START_TEST(a_fault_ends_the_connection_as_it_is_told)
{
    struct world *world = world_open(usual);
    static char out[ANSWER_MAX];
    ck_assert_str_eq(ask(world, SPAN("GET /abort HTTP/1.1\r\nHost: a\r\n\r\n"), out, sizeof out), "");
    ck_assert_str_eq(ask(world, SPAN("GET /truncate HTTP/1.1\r\nHost: a\r\n\r\n"), out, sizeof out),
                     OK_HEAD "Connection: close\r\nContent-Length: 10\r\n\r\n0123");
    /* The same for requests answered later. */
    static struct request *held[HELD_MAX];
    int fd = dial(world);
    say(fd, SPAN("GET /later HTTP/1.1\r\nHost: a\r\n\r\n"));
    ck_assert_uint_eq(take_held(world, 1, held), 1);
    struct response response = {.status = 200, .abort = true};
    server_answer(held[0], &response);
    expect_closed(fd);
    fd = dial(world);
    say(fd, SPAN("GET /later HTTP/1.1\r\nHost: a\r\n\r\n"));
    ck_assert_uint_eq(take_held(world, 1, held), 1);
    response = (struct response){.status = 200, .body = SPAN("0123456789"), .truncate = 1};
    server_answer(held[0], &response);
    ck_assert_str_eq(hear_all(fd, out, sizeof out), OK_HEAD "Connection: close\r\nContent-Length: 10\r\n\r\n0");
    (void)close(fd);
    world_close(world);
}

END_TEST

static void handle_splitting(void *context, struct request *request)
{
    (void)context;
    const struct response response = {
        .status = 200, .headers = {{"Location", SPAN("/a\r\nX-Evil: 1")}}, .header_count = 1, .body = SPAN("secret")};
    server_answer(request, &response);
}

START_TEST(a_header_that_would_split_the_answer_is_a_500)
{
    struct server_options options = usual;
    options.handler = handle_splitting;
    struct world *world = world_open(options);
    const int fd = dial(world);
    say(fd, SPAN("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    expect(fd, "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n");
    (void)close(fd);
    world_close(world);
}

END_TEST

static void handle_headers(void *context, struct request *request)
{
    (void)context;
    uint8_t *value = arena_alloc(&request->arena, 1000);
    ck_assert_ptr_nonnull(value);
    memset(value, 'v', 1000);
    struct response response = {.status = 200, .header_count = RESPONSE_HEADERS_MAX};
    for (unsigned i = 0; i < RESPONSE_HEADERS_MAX; i++) {
        response.headers[i] = (struct header){.name = "X-Long", .value = span_of(value, i * 60)};
    }
    server_answer(request, &response);
}

START_TEST(an_answer_may_have_long_headers_and_leaves_empty_ones_out)
{
    struct server_options options = usual;
    options.handler = handle_headers;
    struct world *world = world_open(options);
    static char out[ANSWER_MAX];
    ask(world, SPAN("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), out, sizeof out);
    const char *at = strstr(out, "X-Long");
    for (size_t i = 1; i < RESPONSE_HEADERS_MAX; i++) {
        ck_assert_ptr_nonnull(at);
        ck_assert_uint_eq(strspn(at + strlen("X-Long: "), "v"), i * 60);
        at = strstr(at + 1, "X-Long");
    }
    ck_assert_ptr_null(at);
    world_close(world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("server");
    TCase *tcase = tcase_create("all");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_get_is_answered);
    tcase_add_test(tcase, a_head_of_the_greatest_size_is_taken_and_one_byte_more_is_refused);
    tcase_add_test(tcase, more_than_a_hundred_headers_are_refused);
    tcase_add_test(tcase, any_number_of_query_parameters_is_answered);
    tcase_add_loop_test(tcase, any_number_of_headers_cookies_or_trailers_is_answered, 0, sizeof many / sizeof many[0]);
    tcase_add_test(tcase, a_head_without_end_is_refused_by_the_library);
    tcase_add_test(tcase, pipelined_requests_are_answered_in_their_order);
    tcase_add_test(tcase, a_connection_is_kept_as_its_client_says);
    tcase_add_test(tcase, connections_are_shared_out_evenly_among_the_threads);
    tcase_add_test(tcase, a_body_is_asked_for_with_100_continue_only_when_it_is_wanted);
    tcase_add_test(tcase, a_body_is_taken_up_to_its_limit_and_no_further);
    tcase_add_test(tcase, a_fault_ends_the_connection_as_it_is_told);
    tcase_add_test(tcase, a_header_that_would_split_the_answer_is_a_500);
    tcase_add_test(tcase, an_answer_may_have_long_headers_and_leaves_empty_ones_out);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
