/* server_later_test.c: requests that are answered later, from other threads, after their client has gone, after the
 * server has gone. Run it under both sanitizers: who frees what is the point. */
#include "tests/suite.h"
#include "tests/unit/server_client.h"

#define CLIENTS 32
#define ROUNDS 100
#define ANSWERERS 3

/* Answers what is held until told to stop. */
static void *answerer(void *context)
{
    struct world *world = context;
    struct request **held = calloc(HELD_MAX, sizeof(struct request *));
    ck_assert_ptr_nonnull(held);
    for (;;) {
        const unsigned count = take_held(world, 1, held);
        if (count == 0) {
            break;
        }
        for (unsigned i = 0; i < count; i++) {
            answer_echo(held[i]);
        }
    }
    free(held);
    return NULL;
}

static void stop_answerers(struct world *world, pthread_t *threads, unsigned count)
{
    (void)pthread_mutex_lock(&world->mutex);
    world->stop = true;
    (void)pthread_cond_broadcast(&world->cond);
    (void)pthread_mutex_unlock(&world->mutex);
    for (unsigned i = 0; i < count; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    }
}

static void *client(void *context)
{
    const struct world *world = context;
    const int fd = dial(world);
    char request[200];
    char expected[400];
    static const char echo[] = "POST|/later|%zx|127.0.0.1||0|body %08zx";
    for (size_t i = 0; i < ROUNDS; i++) {
        const size_t word = (size_t)fd * 1000 + i;
        (void)snprintf(request, sizeof request,
                       "POST /later?%zx HTTP/1.1\r\nHost: a\r\nContent-Length: 13\r\n\r\nbody %08zx", word, word);
        say(fd, span_text(request));
        const int len = snprintf(NULL, 0, echo, word, word);
        const int head =
            snprintf(expected, sizeof expected, OK_HEAD "Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n", len);
        (void)snprintf(expected + head, sizeof expected - (size_t)head, echo, word, word);
        expect(fd, expected);
    }
    (void)close(fd);
    return NULL;
}

START_TEST(thousands_of_requests_are_answered_from_other_threads_each_with_its_own_answer)
{
    struct world *world = world_open(usual);
    pthread_t answerers[ANSWERERS];
    pthread_t clients[CLIENTS];
    for (unsigned i = 0; i < ANSWERERS; i++) {
        ck_assert_int_eq(pthread_create(&answerers[i], NULL, answerer, world), 0);
    }
    for (unsigned i = 0; i < CLIENTS; i++) {
        ck_assert_int_eq(pthread_create(&clients[i], NULL, client, world), 0);
    }
    for (unsigned i = 0; i < CLIENTS; i++) {
        ck_assert_int_eq(pthread_join(clients[i], NULL), 0);
    }
    ck_assert_uint_eq(counters(world).requests, CLIENTS * ROUNDS);
    stop_answerers(world, answerers, ANSWERERS);
    world_close(world);
}

END_TEST

START_TEST(a_thousand_requests_wait_at_the_same_time)
{
    struct world *world = world_open(usual);
    static int fds[900];
    static struct request *held[HELD_MAX];
    for (unsigned i = 0; i < 900; i++) {
        fds[i] = dial(world);
        say(fds[i], SPAN("GET /later HTTP/1.1\r\nHost: a\r\n\r\n"));
    }
    ck_assert_uint_eq(take_held(world, 900, held), 900);
    ck_assert_uint_eq(counters(world).open_connections, 900);
    for (unsigned i = 0; i < 900; i++) {
        answer_text(held[i], 200, SPAN("ok"));
    }
    for (unsigned i = 0; i < 900; i++) {
        expect(fds[i], OK_HEAD TEXT("2") "ok");
        (void)close(fds[i]);
    }
    world_close(world);
}

END_TEST

START_TEST(requests_behind_a_waiting_one_wait_too)
{
    struct world *world = world_open(usual);
    const int fd = dial(world);
    say(fd, SPAN("GET /later HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
    struct request *held[HELD_MAX];
    ck_assert_uint_eq(take_held(world, 1, held), 1);
    ck_assert_uint_eq(atomic_load(&world->handled), 1);
    answer_text(held[0], 202, SPAN("ok"));
    expect(fd, "HTTP/1.1 202 Accepted\r\n" TEXT("2") "ok" HELLO);
    (void)close(fd);
    world_close(world);
}

END_TEST

START_TEST(a_client_that_leaves_before_its_answer_breaks_nothing)
{
    /* By FIN and by reset, some with a further request in the pipe. */
    struct world *world = world_open(usual);
    static struct request *held[HELD_MAX];
    for (unsigned i = 0; i < 200; i++) {
        const int fd = dial(world);
        say(fd, SPAN("POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"));
        if (i % 3 == 0) {
            say(fd, SPAN("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
        }
        if (i % 2 == 0) {
            const struct linger reset = {.l_onoff = 1, .l_linger = 0};
            ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
        }
        (void)take_held(world, 1, held + i);
        (void)close(fd);
    }
    for (unsigned i = 0; i < 200; i++) {
        ck_assert(span_equal(held[i]->body, SPAN("ab")));
        answer_echo(held[i]);
    }
    const int fd = dial(world);
    say(fd, SPAN("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
    expect(fd, HELLO);
    (void)close(fd);
    world_close(world);
}

END_TEST

/* The handler gives the request away and does not return before it has been answered by the other thread. */
static void *answer_one(void *context)
{
    answer_text(context, 200, SPAN("raced"));
    return NULL;
}

static void handle_raced(void *context, struct request *request)
{
    (void)context;
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, answer_one, request), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

START_TEST(another_thread_may_answer_while_the_handler_still_runs)
{
    struct server_options options = usual;
    options.handler = handle_raced;
    struct world *world = world_open(options);
    const int fd = dial(world);
    for (unsigned i = 0; i < 100; i++) {
        say(fd, SPAN("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
        expect(fd, OK_HEAD TEXT("5") "raced");
    }
    (void)close(fd);
    world_close(world);
}

END_TEST

/* The handler gives it to a thread that answers at about the moment when the handler returns. */
static void handle_racing(void *context, struct request *request)
{
    (void)context;
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, answer_one, request), 0);
    ck_assert_int_eq(pthread_detach(thread), 0);
}

START_TEST(an_answer_may_come_in_the_moment_of_suspension)
{
    struct server_options options = usual;
    options.handler = handle_racing;
    struct world *world = world_open(options);
    const int fd = dial(world);
    for (unsigned i = 0; i < 1000; i++) {
        say(fd, SPAN("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
        expect(fd, OK_HEAD TEXT("5") "raced");
    }
    (void)close(fd);
    world_close(world);
}

END_TEST

START_TEST(a_request_may_be_answered_after_the_server_was_closed)
{
    struct world *world = world_open(usual);
    static struct request *held[HELD_MAX];
    int fds[10];
    for (unsigned i = 0; i < 10; i++) {
        fds[i] = dial(world);
        say(fds[i], SPAN("POST /later?q HTTP/1.1\r\nHost: a\r\nX-Test: v\r\nContent-Length: 2\r\n\r\nab"));
    }
    ck_assert_uint_eq(take_held(world, 10, held), 10);
    server_close(world->server);
    world->server = NULL;
    for (unsigned i = 0; i < 10; i++) {
        char byte;
        ck_assert_int_le(recv(fds[i], &byte, 1, 0), 0);
        (void)close(fds[i]);
        /* All that a holder may read is there until it answers. */
        ck_assert(span_equal(held[i]->path, SPAN("/later")));
        ck_assert(span_equal(held[i]->query, SPAN("q")));
        ck_assert(span_equal(held[i]->body, SPAN("ab")));
        ck_assert(span_equal(held[i]->remote, SPAN("127.0.0.1")));
        ck_assert(span_equal(request_header(held[i], "X-Test"), SPAN("v")));
        ck_assert_ptr_nonnull(arena_alloc(&held[i]->arena, 100));
        answer_echo(held[i]);
    }
    world_close(world);
}

END_TEST

/* Sends requests until the server goes away. */
static void *client_until_closed(void *context)
{
    const int fd = (int)(intptr_t)context;
    char answer[300];
    ssize_t got = 1;
    while (got > 0) {
        say(fd, SPAN("GET /later HTTP/1.1\r\nHost: a\r\n\r\n"));
        got = recv(fd, answer, sizeof answer, 0);
    }
    (void)close(fd);
    return NULL;
}

START_TEST(the_server_may_be_closed_in_the_middle_of_answers)
{
    for (unsigned round = 0; round < 10; round++) {
        struct world *world = world_open(usual);
        pthread_t answerers[ANSWERERS];
        pthread_t clients[8];
        for (unsigned i = 0; i < ANSWERERS; i++) {
            ck_assert_int_eq(pthread_create(&answerers[i], NULL, answerer, world), 0);
        }
        for (unsigned i = 0; i < 8; i++) {
            ck_assert_int_eq(pthread_create(&clients[i], NULL, client_until_closed, (void *)(intptr_t)dial(world)), 0);
        }
        while (atomic_load(&world->handled) < 100 + 37 * round) {
            (void)usleep(500);
        }
        server_close(world->server);
        for (unsigned i = 0; i < 8; i++) {
            ck_assert_int_eq(pthread_join(clients[i], NULL), 0);
        }
        stop_answerers(world, answerers, ANSWERERS);
        static struct request *held[HELD_MAX];
        const unsigned left = take_held(world, 0, held);
        for (unsigned i = 0; i < left; i++) {
            answer_echo(held[i]);
        }
        world->server = NULL;
        world_close(world);
    }
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("server_later");
    TCase *tcase = tcase_create("all");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, thousands_of_requests_are_answered_from_other_threads_each_with_its_own_answer);
    tcase_add_test(tcase, a_thousand_requests_wait_at_the_same_time);
    tcase_add_test(tcase, requests_behind_a_waiting_one_wait_too);
    tcase_add_test(tcase, a_client_that_leaves_before_its_answer_breaks_nothing);
    tcase_add_test(tcase, another_thread_may_answer_while_the_handler_still_runs);
    tcase_add_test(tcase, an_answer_may_come_in_the_moment_of_suspension);
    tcase_add_test(tcase, a_request_may_be_answered_after_the_server_was_closed);
    tcase_add_test(tcase, the_server_may_be_closed_in_the_middle_of_answers);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
