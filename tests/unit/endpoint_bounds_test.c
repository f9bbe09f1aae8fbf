/* endpoint_bounds_test.c: how much of an endpoint strangers may take, and one holder: connections, memory, time. */
#include "tests/open_files.h"
#include "tests/unit/endpoint_world.h"

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

START_TEST(the_sockets_of_those_who_left_are_freed_though_nobody_comes)
{
    enum { PEERS = 8, KEPT = 3 };

    struct echo echo;
    echo_open(&echo);
    const unsigned before = open_files();
    int fds[PEERS];
    for (unsigned i = 0; i < PEERS; i++) {
        fds[i] = raw_connect(endpoint_port(echo.endpoint), true);
        ck_assert(i >= KEPT || raw_send(fds[i], i, SPAN("keep")));
    }
    while (atomic_load(&echo.kept_count) < KEPT) {
        (void)usleep(1000);
    }
    ck_assert_uint_ge(open_files(), before + 2 * PEERS);
    for (unsigned i = 0; i < PEERS; i++) {
        close(fds[i]);
    }
    ck_assert(open_files_fall_to(before + KEPT));
    ck_assert_uint_eq(open_files(), before + KEPT); /* a request refers to its connection */
    for (unsigned i = 0; i < KEPT; i++) {
        endpoint_reply(echo.kept[i], SPAN("late"));
    }
    ck_assert(open_files_fall_to(before));
    echo_close(&echo);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("endpoint_bounds");
    TCase *bounds = tcase_create("bounds");
    tcase_set_timeout(bounds, 60);
    tcase_add_test(bounds, nonsense_and_strangers_harm_nobody);
    tcase_add_test(bounds, too_many_strangers_close_the_oldest_and_never_a_trusted_one);
    tcase_add_test(bounds, what_strangers_begin_to_send_takes_a_bounded_amount_of_memory);
    tcase_add_test(bounds, a_message_that_comes_drop_by_drop_has_one_deadline);
    tcase_add_test(bounds, one_holders_connections_are_bounded_and_its_oldest_idle_one_goes);
    tcase_add_test(bounds, the_sockets_of_those_who_left_are_freed_though_nobody_comes);
    suite_add_tcase(suite, bounds);
    return run_suite(suite);
}
