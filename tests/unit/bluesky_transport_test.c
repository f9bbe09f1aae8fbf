/* bluesky_transport_test.c: the transport against a server that behaves badly on purpose, on loopback: what was
 * certainly not sent is told apart from what was sent, and a request that may be sent once is seen by the server once.
 */
#include "adapters/transport.h"
#include "core/base/clock.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/loopback.h"
#include "tests/suite.h"

#define WITHIN_MS 5000

static struct arena arena;
static struct guard guard;
static struct transport *transport;
static int listener = -1;
static uint16_t port;
static pthread_t acceptor;
static atomic_uint seen;        /* requests that the server has read whole */
static atomic_uint connections; /* that it has accepted */
static pthread_mutex_t last_mutex = PTHREAD_MUTEX_INITIALIZER;
static char last_heard[4096]; /* the last request, as it came; under the mutex */
static char last[4096];       /* the test's copy, taken when an exchange has ended */

static void say(int fd, const char *text)
{
    (void)send(fd, text, strlen(text), MSG_NOSIGNAL);
}

/* Reads one request (head, and as many bytes as Content-Length says) into text; false when the connection ends first.
 */
static bool hear(int fd, char *text, size_t cap)
{
    size_t len = 0;
    size_t whole = SIZE_MAX;
    while (len < whole) {
        const ssize_t got = recv(fd, text + len, cap - 1 - len, 0);
        if (got <= 0) {
            return false;
        }
        len += (size_t)got;
        text[len] = 0;
        const char *end = strstr(text, "\r\n\r\n");
        const char *length = strcasestr(text, "content-length: ");
        if (end != NULL) {
            const size_t body = length != NULL && length < end ? strtoul(length + 16, NULL, 10) : 0;
            whole = (size_t)(end + 4 - text) + body;
        }
    }
    return true;
}

static bool asks_for(const char *request, const char *path)
{
    const char *start = strchr(request, ' ');
    return start != NULL && strncmp(start + 1, path, strlen(path)) == 0 && start[1 + strlen(path)] == ' ';
}

static void wait_for_end(int fd)
{
    char byte[64];
    while (recv(fd, byte, sizeof byte, 0) > 0) {
    }
}

static void reset(int fd)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

/* Answers one request; false: the connection is to be closed. */
static bool reply(int fd, const char *request, unsigned nth)
{
    if (asks_for(request, "/ok") || (asks_for(request, "/second-dies") && nth == 1)) {
        say(fd, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nRateLimit-Limit: 3000\r\n"
                "ratelimit-remaining: 12\r\nRATELIMIT-RESET:1776693600 \r\nRateLimit-Policy: 3000;w=300\r\n"
                "date: Mon, 20 Apr 2026 14:00:00 GMT\r\n\r\n{}");
        return true;
    }
    if (asks_for(request, "/limited")) {
        say(fd, "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n");
        return true;
    }
    if (asks_for(request, "/redirect")) {
        say(fd, "HTTP/1.1 302 Found\r\nLocation: /ok\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n");
        return true;
    }
    if (asks_for(request, "/chunked")) {
        say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
        return true;
    }
    if (asks_for(request, "/continue")) {
        say(fd, "HTTP/1.1 100 Continue\r\nRetry-After: 1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
        return true;
    }
    if (asks_for(request, "/big")) {
        char body[1001];
        memset(body, 'b', 1000);
        body[1000] = 0;
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        say(fd, body);
        return true;
    }
    if (asks_for(request, "/half-body")) {
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    } else if (asks_for(request, "/half-chunk")) {
        say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhalf");
    } else if (asks_for(request, "/half-head")) {
        say(fd, "HTTP/1.1 200 OK\r\nContent-Le");
    } else if (asks_for(request, "/garbage")) {
        say(fd, "SMTP ready\r\n\r\n");
    } else if (asks_for(request, "/silence")) {
        wait_for_end(fd);
    } else if (asks_for(request, "/slow-body")) {
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        wait_for_end(fd);
    } else if (asks_for(request, "/reset")) {
        reset(fd);
    }
    return false; /* /close and all the above end the connection */
}

static void *converse(void *context)
{
    const int fd = (int)(intptr_t)context;
    char request[8192];
    unsigned nth = 0;
    while (hear(fd, request, sizeof request)) {
        nth++;
        (void)pthread_mutex_lock(&last_mutex);
        memcpy(last_heard, request, sizeof last_heard);
        last_heard[sizeof last_heard - 1] = 0;
        (void)pthread_mutex_unlock(&last_mutex);
        (void)atomic_fetch_add(&seen, 1);
        if (!reply(fd, request, nth)) {
            break;
        }
    }
    (void)close(fd);
    return NULL;
}

static void *accept_all(void *context)
{
    (void)context;
    for (;;) {
        const int fd = accept(listener, NULL, NULL);
        if (fd < 0) {
            return NULL;
        }
        pthread_t thread;
        (void)atomic_fetch_add(&connections, 1);
        if (pthread_create(&thread, NULL, converse, (void *)(intptr_t)fd) == 0) {
            (void)pthread_detach(thread);
        }
    }
}

static void set_up(void)
{
    arena_init(&arena, 64 << 20);
    atomic_store(&seen, 0);
    atomic_store(&connections, 0);
    listener = loopback_listen(&port);
    guard = (struct guard){.loopback_ports = {port}, .loopback_count = 1};
    const struct transport_options options = {.guard = &guard, .transfers_max = 64, .per_host_max = 16, .wake_fd = -1};
    ck_assert_int_eq(transport_open(&options, &transport), OK);
    ck_assert_int_eq(pthread_create(&acceptor, NULL, accept_all, NULL), 0);
}

static void tear_down(void)
{
    transport_close(transport);
    (void)shutdown(listener, SHUT_RDWR);
    (void)pthread_join(acceptor, NULL);
    (void)close(listener);
    arena_done(&arena);
}

static struct http_request request_for(enum http_method method, const char *host, const char *path)
{
    char *url = arena_alloc(&arena, 256);
    (void)snprintf(url, 256, "http://%s:%u%s", host, (unsigned)port, path);
    return (struct http_request){
        .method = method, .url = span_text(url), .response_max = 4096, .deadline_ms = clock_boot_ms() + WITHIN_MS};
}

static struct http_response exchange(const struct http_request *request)
{
    struct http_response response = {0};
    void *context = NULL;
    int marker = 0;
    ck_assert_int_eq(transport_start(transport, request, clock_boot_ms(), &arena, &marker), OK);
    const int64_t until_ms = clock_boot_ms() + 2 * WITHIN_MS;
    while (!transport_next(transport, &context, &response)) {
        ck_assert_int_lt(clock_boot_ms(), until_ms);
        transport_poll(transport, 100);
    }
    ck_assert_ptr_eq(context, &marker);
    (void)pthread_mutex_lock(&last_mutex);
    memcpy(last, last_heard, sizeof last);
    (void)pthread_mutex_unlock(&last_mutex);
    return response;
}

/* The server reads on threads of its own: it may be a moment behind a request that got no answer. */
static void ck_seen(unsigned wanted)
{
    for (int64_t until_ms = clock_boot_ms() + WITHIN_MS; atomic_load(&seen) < wanted && clock_boot_ms() < until_ms;) {
        transport_poll(transport, 10);
    }
    ck_assert_uint_eq(atomic_load(&seen), wanted);
}

static struct http_response get(const char *path)
{
    const struct http_request request = request_for(HTTP_GET, "127.0.0.1", path);
    return exchange(&request);
}

static struct http_request commit_for(const char *path)
{
    struct http_request request = request_for(HTTP_POST, "127.0.0.1", path);
    request.body = SPAN("{\"a\":1}");
    request.content_type = SPAN("application/json");
    request.authorization = SPAN("Bearer secret");
    request.once = true;
    return request;
}

START_TEST(a_whole_answer_comes_with_its_headers)
{
    const struct http_response response = get("/ok");
    ck_assert_int_eq(response.result, HTTP_COMPLETE);
    ck_assert_uint_eq(response.status, 200);
    ck_assert(span_equal(response.body, SPAN("{}")));
    ck_assert(span_equal(response.headers.content_type, SPAN("application/json")));
    ck_assert(span_equal(response.headers.rate_limit, SPAN("3000")));
    ck_assert(span_equal(response.headers.rate_remaining, SPAN("12")));
    ck_assert(span_equal(response.headers.rate_reset, SPAN("1776693600")));
    ck_assert(span_equal(response.headers.rate_policy, SPAN("3000;w=300")));
    ck_assert(span_equal(response.headers.date, SPAN("Mon, 20 Apr 2026 14:00:00 GMT")));
    ck_assert_ptr_null(response.headers.retry_after.data);
}

END_TEST

START_TEST(a_request_is_sent_as_it_was_asked)
{
    const struct http_request request = commit_for("/ok");
    ck_assert_int_eq(exchange(&request).result, HTTP_COMPLETE);
    ck_assert_ptr_nonnull(strstr(last, "POST /ok HTTP/1.1\r\n"));
    ck_assert_ptr_nonnull(strstr(last, "\r\nAuthorization: Bearer secret\r\n"));
    ck_assert_ptr_nonnull(strstr(last, "\r\nContent-Type: application/json\r\n"));
    ck_assert_ptr_nonnull(strstr(last, "\r\n\r\n{\"a\":1}"));
    ck_assert_ptr_null(strcasestr(last, "\r\nExpect:"));
    const struct http_request empty = request_for(HTTP_POST, "127.0.0.1", "/ok");
    ck_assert_int_eq(exchange(&empty).result, HTTP_COMPLETE);
    ck_assert_ptr_nonnull(strstr(last, "\r\nContent-Length: 0\r\n"));
    ck_assert_ptr_null(strcasestr(last, "\r\nContent-Type:"));
    ck_assert_ptr_null(strcasestr(last, "\r\nAuthorization:"));
    const struct http_request gone = request_for(HTTP_DELETE, "127.0.0.1", "/ok");
    ck_assert_int_eq(exchange(&gone).result, HTTP_COMPLETE);
    ck_assert_ptr_nonnull(strstr(last, "DELETE /ok HTTP/1.1\r\n"));
}

END_TEST

static const struct {
    const char *path;
    enum http_result result;
    unsigned status;
    const char *body;
} answers[] = {
    {"/limited",    HTTP_COMPLETE,  429, ""       },
    {"/redirect",   HTTP_COMPLETE,  302, ""       },
    {"/chunked",    HTTP_COMPLETE,  200, "abcdefg"},
    {"/continue",   HTTP_COMPLETE,  200, "x"      },
    {"/close",      HTTP_NO_ANSWER, 0,   ""       },
    {"/reset",      HTTP_NO_ANSWER, 0,   ""       },
    {"/half-head",  HTTP_NO_ANSWER, 0,   ""       },
    {"/garbage",    HTTP_NO_ANSWER, 0,   ""       },
    {"/half-body",  HTTP_TRUNCATED, 200, "half"   },
    {"/half-chunk", HTTP_TRUNCATED, 200, "half"   },
};

START_TEST(how_an_exchange_ends_is_told_apart)
{
    const struct http_request request = commit_for(answers[_i].path);
    const struct http_response response = exchange(&request);
    ck_assert_msg(response.result == answers[_i].result, "%s: %d", answers[_i].path, (int)response.result);
    ck_assert_uint_eq(response.status, answers[_i].status);
    ck_assert(span_equal(response.body, span_text(answers[_i].body)));
    ck_assert(http_sent(&response));
    ck_seen(1);
}

END_TEST

START_TEST(headers_of_a_100_do_not_count)
{
    ck_assert_ptr_null(get("/continue").headers.retry_after.data);
    ck_assert(span_equal(get("/limited").headers.retry_after, SPAN("7")));
}

END_TEST

START_TEST(redirects_are_not_followed_and_cookies_not_kept)
{
    ck_assert_uint_eq(get("/redirect").status, 302);
    ck_seen(1);
    ck_assert_uint_eq(get("/ok").status, 200);
    ck_assert_ptr_null(strcasestr(last, "cookie"));
}

END_TEST

START_TEST(a_body_over_its_limit_is_cut_and_told)
{
    struct http_request request = request_for(HTTP_GET, "127.0.0.1", "/big");
    request.response_max = 999;
    struct http_response response = exchange(&request);
    ck_assert_int_eq(response.result, HTTP_TOO_LARGE);
    ck_assert_uint_eq(response.status, 200);
    ck_assert_uint_eq(response.body.len, 999);
    request.response_max = 1000;
    response = exchange(&request);
    ck_assert_int_eq(response.result, HTTP_COMPLETE);
    ck_assert_uint_eq(response.body.len, 1000);
}

END_TEST

START_TEST(silence_is_a_time_out_of_something_sent)
{
    struct http_request request = commit_for("/silence");
    request.deadline_ms = clock_boot_ms() + 300;
    struct http_response response = exchange(&request);
    ck_assert_int_eq(response.result, HTTP_TIMED_OUT);
    ck_assert_uint_eq(response.status, 0);
    request = commit_for("/slow-body");
    request.deadline_ms = clock_boot_ms() + 300;
    response = exchange(&request);
    ck_assert_int_eq(response.result, HTTP_TIMED_OUT);
    ck_seen(2);
}

END_TEST

START_TEST(a_refused_connection_was_certainly_not_sent)
{
    uint16_t nobody = 0;
    const int fd = loopback_listen(&nobody);
    (void)close(fd);
    guard.loopback_ports[1] = nobody;
    guard.loopback_count = 2;
    const uint16_t here = port;
    port = nobody;
    const struct http_request request = commit_for("/ok");
    port = here;
    const struct http_response response = exchange(&request);
    ck_assert_int_eq(response.result, HTTP_NOT_SENT);
    ck_assert(!http_sent(&response));
}

END_TEST

START_TEST(a_server_that_does_not_speak_tls_was_certainly_sent_nothing)
{
    struct http_request request = commit_for("/ok");
    char *url = arena_alloc(&arena, 64);
    (void)snprintf(url, 64, "https://127.0.0.1:%u/ok", (unsigned)port);
    request.url = span_text(url);
    request.deadline_ms = clock_boot_ms() + 500; /* it waits for a request that never comes */
    ck_assert_int_eq(exchange(&request).result, HTTP_NOT_SENT);
    ck_seen(0);
}

END_TEST

START_TEST(what_cannot_be_sent_is_not_sent)
{
    struct http_request request = commit_for("/ok");
    request.authorization = SPAN("Bearer a\r\nX-Injected: b");
    ck_assert_int_eq(exchange(&request).result, HTTP_NOT_SENT);
    request = commit_for("/ok");
    request.deadline_ms = clock_boot_ms();
    ck_assert_int_eq(exchange(&request).result, HTTP_NOT_SENT);
    request = commit_for("/ok");
    request.url = SPAN("file:///etc/passwd");
    ck_assert_int_eq(exchange(&request).result, HTTP_NOT_SENT);
    ck_assert_uint_eq(atomic_load(&connections), 0);
}

END_TEST

static const char *const hosts[] = {"127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::1]"};

/* Whatever spells loopback, the address that would be connected to is the one that is judged. */
START_TEST(the_guard_judges_the_very_address)
{
    guard.loopback_count = 0;
    const struct http_request request = request_for(HTTP_GET, hosts[_i], "/ok");
    const struct http_response response = exchange(&request);
    ck_assert_msg(response.result == HTTP_ADDRESS, "%s: %d", hosts[_i], (int)response.result);
    ck_assert(!http_sent(&response));
    ck_assert_uint_eq(atomic_load(&connections), 0);
}

END_TEST

START_TEST(a_name_is_resolved_and_connected_to)
{
    const struct http_request request = request_for(HTTP_GET, "localhost", "/ok");
    ck_assert_int_eq(exchange(&request).result, HTTP_COMPLETE);
}

END_TEST

START_TEST(connections_are_used_again)
{
    for (int i = 0; i < 5; i++) {
        const struct http_request request = commit_for("/ok");
        ck_assert_int_eq(exchange(&request).result, HTTP_COMPLETE);
    }
    ck_assert_uint_eq(atomic_load(&connections), 1);
}

END_TEST

/* libcurl repeats a request by itself when a reused connection ends without an answer, a POST too. */
START_TEST(a_request_for_once_is_never_repeated_by_the_library)
{
    struct http_request request = commit_for("/second-dies");
    ck_assert_int_eq(exchange(&request).result, HTTP_COMPLETE);
    request = commit_for("/second-dies");
    const struct http_response response = exchange(&request);
    ck_assert_int_eq(response.result, HTTP_NO_ANSWER);
    ck_seen(2);
    /* The same without once: the library may try again, and does. */
    ck_assert_int_eq(get("/second-dies").result, HTTP_COMPLETE);
    ck_assert_int_eq(get("/second-dies").result, HTTP_COMPLETE);
    ck_assert_uint_gt(atomic_load(&seen), 4);
}

END_TEST

START_TEST(many_at_a_time_all_end_and_no_more_than_there_is_room_for)
{
    struct http_request requests[64];
    unsigned answered = 0;
    for (size_t i = 0; i < 64; i++) {
        requests[i] = commit_for(i % 2 == 0 ? "/ok" : "/close");
        ck_assert(transport_has_room(transport));
        ck_assert_int_eq(transport_start(transport, &requests[i], clock_boot_ms(), &arena, &requests[i]), OK);
    }
    ck_assert(!transport_has_room(transport));
    ck_assert_int_eq(transport_start(transport, &requests[0], clock_boot_ms(), &arena, NULL), ERR_BUSY);
    const int64_t until_ms = clock_boot_ms() + 2 * WITHIN_MS;
    while (answered < 64) {
        void *context = NULL;
        struct http_response response;
        ck_assert_int_lt(clock_boot_ms(), until_ms);
        if (!transport_next(transport, &context, &response)) {
            transport_poll(transport, 100);
            continue;
        }
        const size_t i = (size_t)((struct http_request *)context - requests);
        ck_assert_int_eq(response.result, i % 2 == 0 ? HTTP_COMPLETE : HTTP_NO_ANSWER);
        answered++;
    }
    ck_seen(64);
    ck_assert_uint_le(atomic_load(&connections), 64);
}

END_TEST

static void *wake_soon(void *context)
{
    transport_wake(context);
    return NULL;
}

START_TEST(waiting_can_be_ended_from_another_thread)
{
    pthread_t thread;
    const int64_t before_ms = clock_boot_ms();
    ck_assert_int_eq(pthread_create(&thread, NULL, wake_soon, transport), 0);
    transport_poll(transport, 60000);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_lt(clock_boot_ms() - before_ms, 30000);
}

END_TEST

START_TEST(closing_drops_what_is_under_way)
{
    const struct http_request request = commit_for("/silence");
    ck_assert_int_eq(transport_start(transport, &request, clock_boot_ms(), &arena, NULL), OK);
    transport_poll(transport, 50);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("bluesky_transport");
    TCase *tcase = tcase_create("bluesky_transport");
    tcase_set_timeout(tcase, 30);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_whole_answer_comes_with_its_headers);
    tcase_add_test(tcase, a_request_is_sent_as_it_was_asked);
    tcase_add_loop_test(tcase, how_an_exchange_ends_is_told_apart, 0, sizeof answers / sizeof *answers);
    tcase_add_test(tcase, headers_of_a_100_do_not_count);
    tcase_add_test(tcase, redirects_are_not_followed_and_cookies_not_kept);
    tcase_add_test(tcase, a_body_over_its_limit_is_cut_and_told);
    tcase_add_test(tcase, silence_is_a_time_out_of_something_sent);
    tcase_add_test(tcase, a_refused_connection_was_certainly_not_sent);
    tcase_add_test(tcase, a_server_that_does_not_speak_tls_was_certainly_sent_nothing);
    tcase_add_test(tcase, what_cannot_be_sent_is_not_sent);
    tcase_add_loop_test(tcase, the_guard_judges_the_very_address, 0, sizeof hosts / sizeof *hosts);
    tcase_add_test(tcase, a_name_is_resolved_and_connected_to);
    tcase_add_test(tcase, connections_are_used_again);
    tcase_add_test(tcase, a_request_for_once_is_never_repeated_by_the_library);
    tcase_add_test(tcase, many_at_a_time_all_end_and_no_more_than_there_is_room_for);
    tcase_add_test(tcase, waiting_can_be_ended_from_another_thread);
    tcase_add_test(tcase, closing_drops_what_is_under_way);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
