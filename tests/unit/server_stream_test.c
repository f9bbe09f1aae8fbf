/* server_stream_test.c: answers whose body grows: what is put arrives, nobody waits for a thread, a client that does
 * not read or has gone is noticed, and the end is an end. */
#include "tests/suite.h"
#include "tests/unit/server_client.h"

#define PATIENCE_MS 20000

/* The n-th request that was kept, once it is there. */
static struct request *kept(struct world *world, unsigned n)
{
    (void)pthread_mutex_lock(&world->mutex);
    while (world->held_count <= n) {
        (void)pthread_cond_wait(&world->cond, &world->mutex);
    }
    struct request *request = world->held[n];
    (void)pthread_mutex_unlock(&world->mutex);
    return request;
}

/* A client's connection with the n-th request, answered by a stream with these bytes in it. */
static int open_stream(struct world *world, unsigned n, struct span bytes, struct server_stream **ret_stream)
{
    const int fd = dial(world);
    say(fd, SPAN("GET /later HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    struct request *request = kept(world, n);
    ck_assert_int_eq(server_stream_new(ret_stream), OK);
    ck_assert_int_eq(server_stream_put(*ret_stream, bytes), OK);
    const struct response response = {.status = 200, .content_type = SPAN("text/event-stream"), .stream = *ret_stream};
    server_answer(request, &response);
    return fd;
}

/* Waits until the stream says so. */
static void wait_state(struct server_stream *stream, enum err wanted)
{
    const int64_t until_us = clock_monotonic_us() + PATIENCE_MS * 1000;
    enum err err = server_stream_state(stream);
    while (err != wanted) {
        ck_assert_msg(clock_monotonic_us() < until_us, "it stays %s", err_name(err));
        (void)usleep(1000);
        err = server_stream_state(stream);
    }
}

START_TEST(what_is_put_arrives_and_the_end_is_an_end)
{
    struct world *world = world_open(usual);
    struct server_stream *stream = NULL;
    char out[ANSWER_MAX];
    const int fd = open_stream(world, 0, SPAN("first "), &stream);
    wait_state(stream, OK);
    ck_assert_int_eq(server_stream_put(stream, SPAN("second ")), OK);
    wait_state(stream, OK);
    ck_assert_int_eq(server_stream_put(stream, SPAN("third")), OK);
    server_stream_end(stream); /* what was put is still sent */
    const char *answer = hear_all(fd, out, sizeof out);
    ck_assert_ptr_nonnull(strstr(answer, "200 OK"));
    ck_assert_ptr_nonnull(strstr(answer, "Content-Type: text/event-stream"));
    ck_assert_ptr_nonnull(strstr(answer, "first "));
    ck_assert_ptr_nonnull(strstr(answer, "second "));
    ck_assert_ptr_nonnull(strstr(answer, "third"));
    ck_assert_ptr_nonnull(strstr(answer, "0\r\n\r\n"));
    (void)close(fd);
    world_close(world);
}

END_TEST

START_TEST(streams_take_no_thread)
{
    enum { STREAMS = 200 };
    static struct server_stream *streams[STREAMS];
    int fds[STREAMS];
    char out[ANSWER_MAX];
    struct world *world = world_open(usual); /* two threads */
    for (unsigned i = 0; i < STREAMS; i++) {
        fds[i] = open_stream(world, i, SPAN("hello"), &streams[i]);
    }
    const int fd = dial(world);
    say(fd, SPAN("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    ck_assert_ptr_nonnull(strstr(hear_all(fd, out, sizeof out), "{\"hello\":true}"));
    (void)close(fd);
    for (unsigned i = 0; i < STREAMS; i++) {
        wait_state(streams[i], OK);
        ck_assert_int_eq(server_stream_put(streams[i], SPAN("good bye")), OK);
        server_stream_end(streams[i]);
        ck_assert_ptr_nonnull(strstr(hear_all(fds[i], out, sizeof out), "good bye"));
        (void)close(fds[i]);
    }
    world_close(world);
}

END_TEST

START_TEST(a_client_that_does_not_read_gets_nothing_more_and_is_dropped)
{
    const size_t much = (size_t)16 << 20; /* more than any socket's buffers take */
    uint8_t *bytes = calloc(1, much);
    struct server_options options = usual;
    struct server_stream *stream = NULL;
    options.body_within_ms = 300;
    struct world *world = world_open(options);
    const int fd = open_stream(world, 0, span_of(bytes, much), &stream);
    ck_assert_int_eq(server_stream_put(stream, SPAN("more")), ERR_BUSY);
    wait_state(stream, ERR_CLOSED);
    ck_assert_int_eq(server_stream_put(stream, SPAN("more")), ERR_CLOSED);
    server_stream_end(stream);
    ck_assert_uint_eq(counters(world).timed_out, 1);
    (void)close(fd);
    world_close(world);
    free(bytes);
}

END_TEST

START_TEST(a_stream_on_which_nothing_happens_has_no_deadline)
{
    struct server_options options = usual;
    struct server_stream *stream = NULL;
    char out[ANSWER_MAX];
    options.body_within_ms = 100;
    options.head_within_ms = 100;
    options.idle_ms = 100;
    struct world *world = world_open(options);
    const int fd = open_stream(world, 0, SPAN("hello"), &stream);
    wait_state(stream, OK);
    (void)usleep(1000000); /* ten deadlines */
    ck_assert_int_eq(server_stream_put(stream, SPAN("still there")), OK);
    server_stream_end(stream);
    ck_assert_ptr_nonnull(strstr(hear_all(fd, out, sizeof out), "still there"));
    (void)close(fd);
    world_close(world);
}

END_TEST

START_TEST(a_client_that_hangs_up_is_noticed_though_nothing_is_sent)
{
    struct world *world = world_open(usual);
    struct server_stream *stream = NULL;
    const int fd = open_stream(world, 0, SPAN("hello"), &stream);
    wait_state(stream, OK);
    (void)close(fd);
    wait_state(stream, ERR_CLOSED);
    server_stream_end(stream);
    world_close(world);
}

END_TEST

START_TEST(a_stream_may_end_before_or_after_its_server_drains)
{
    struct world *world = world_open(usual);
    struct server_stream *streams[2] = {NULL, NULL};
    int fds[2];
    char out[ANSWER_MAX];
    for (unsigned i = 0; i < 2; i++) {
        fds[i] = open_stream(world, i, SPAN("hello"), &streams[i]);
        wait_state(streams[i], OK);
    }
    server_stream_end(streams[0]);
    ck_assert_ptr_nonnull(strstr(hear_all(fds[0], out, sizeof out), "0\r\n\r\n"));
    server_drain(world->server, 50); /* does not wait for the second longer than that */
    server_stream_end(streams[1]);
    ck_assert_ptr_nonnull(strstr(hear_all(fds[1], out, sizeof out), "hello"));
    (void)close(fds[0]);
    (void)close(fds[1]);
    struct server_stream *never = NULL;
    ck_assert_int_eq(server_stream_new(&never), OK);
    server_stream_end(never); /* never answered with */
    server_stream_end(NULL);
    world_close(world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("server_stream");
    TCase *tcase = tcase_create("server_stream");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, what_is_put_arrives_and_the_end_is_an_end);
    tcase_add_test(tcase, streams_take_no_thread);
    tcase_add_test(tcase, a_client_that_does_not_read_gets_nothing_more_and_is_dropped);
    tcase_add_test(tcase, a_stream_on_which_nothing_happens_has_no_deadline);
    tcase_add_test(tcase, a_client_that_hangs_up_is_noticed_though_nothing_is_sent);
    tcase_add_test(tcase, a_stream_may_end_before_or_after_its_server_drains);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
