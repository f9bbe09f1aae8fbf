/* publication_test.c: what is published reaches who listens, whoever else is there; addresses other than loopback's are
 * no addresses. */
#include <arpa/inet.h>
#include <check.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/wire/publisher.h"
#include "core/wire/stream.h"
#include "tests/open_files.h"
#include "tests/suite.h"

static size_t heard_len;
static atomic_uint heard_count;

static void on_heard(void *context, struct span bytes)
{
    (void)context;
    heard_len = bytes.len;
    atomic_fetch_add(&heard_count, 1);
}

START_TEST(a_publication_reaches_who_listens)
{
    OWNED(publisher_close) struct publisher *publisher = NULL;
    ck_assert_int_eq(publisher_open("tcp://127.0.0.1:0", &publisher), OK);
    char url[64];
    snprintf(url, sizeof url, "tcp://127.0.0.1:%u", publisher_port(publisher));
    OWNED(subscriber_close) struct subscriber *subscriber = NULL;
    ck_assert_int_eq(subscriber_open(url, 100, on_heard, NULL, &subscriber), OK);
    for (int i = 0; i < 5000 && atomic_load(&heard_count) == 0; i++) {
        publisher_send(publisher, SPAN("wake up"));
        usleep(1000);
    }
    ck_assert_uint_ge(atomic_load(&heard_count), 1);
    ck_assert_uint_eq(heard_len, 7);
}

END_TEST

static int raw_connect(uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void wait_until_heard(struct publisher *publisher)
{
    const unsigned before = atomic_load(&heard_count);
    for (int i = 0; i < 5000 && atomic_load(&heard_count) == before; i++) {
        publisher_send(publisher, SPAN("wake up"));
        usleep(1000);
    }
    ck_assert_uint_gt(atomic_load(&heard_count), before);
}

/* Every fourth says nothing, greets and listens, leaves half a message, or hangs up in the middle of one. */
START_TEST(five_hundred_strangers_cost_a_bounded_number_of_connections_and_keep_nobody_out)
{
    enum { STRANGERS = 500 };

    static const char half[] = "\0SP\0\0\x21\0\0\0\0\0\0\0\0\0\x20xyz";
    OWNED(publisher_close) struct publisher *publisher = NULL;
    ck_assert_int_eq(publisher_open("tcp://127.0.0.1:0", &publisher), OK);
    char url[64];
    snprintf(url, sizeof url, "tcp://127.0.0.1:%u", publisher_port(publisher));
    OWNED(subscriber_close) struct subscriber *subscriber = NULL;
    ck_assert_int_eq(subscriber_open(url, 100, on_heard, NULL, &subscriber), OK);
    wait_until_heard(publisher);
    int fds[STRANGERS];
    for (unsigned i = 0; i < STRANGERS; i++) {
        static const size_t said[] = {0, 8, 19, 19};
        fds[i] = raw_connect(publisher_port(publisher));
        (void)send(fds[i], half, said[i % 4], MSG_NOSIGNAL); /* we may have hung up on it already */
        if (i % 4 == 3) {
            const struct linger reset = {.l_onoff = 1};
            ck_assert_int_eq(setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
            close(fds[i]);
        }
    }
    wait_until_heard(publisher);
    const uint64_t closed_min = STRANGERS - STRANGERS / 4 - PUBLISHER_LISTENERS_MAX;
    struct publisher_counts counts = {0};
    for (int i = 0; i < 20000 && (counts.closed < closed_min || counts.connections > PUBLISHER_LISTENERS_MAX); i++) {
        usleep(1000); /* the last ones may still wait to be accepted, or to be gone */
        publisher_counts(publisher, &counts);
    }
    ck_assert_uint_ge(counts.closed, closed_min);
    ck_assert_uint_le(counts.connections, PUBLISHER_LISTENERS_MAX);
    for (unsigned i = 0; i < STRANGERS; i++) {
        if (i % 4 != 3) {
            close(fds[i]);
        }
    }
    wait_until_heard(publisher);
}

END_TEST

START_TEST(who_has_something_to_say_is_no_listener)
{
    OWNED(publisher_close) struct publisher *publisher = NULL;
    ck_assert_int_eq(publisher_open("tcp://127.0.0.1:0", &publisher), OK);
    const int fd = raw_connect(publisher_port(publisher));
    ck_assert_int_eq(send(fd, "\0SP\0\0\x21\0\0\0\0\0\0\0\0\0\x03xyz", 19, MSG_NOSIGNAL), 19);
    char greeting[8];
    ck_assert_int_eq(recv(fd, greeting, sizeof greeting, MSG_WAITALL), (ssize_t)sizeof greeting);
    ck_assert_mem_eq(greeting, "\0SP\0\0\x20\0\0", sizeof greeting);
    ck_assert_int_le(recv(fd, greeting, sizeof greeting, 0), 0);
    close(fd);
    struct publisher_counts counts;
    publisher_counts(publisher, &counts);
    ck_assert_uint_eq(counts.closed, 1);
}

END_TEST

START_TEST(the_sockets_of_listeners_that_left_are_freed_though_nobody_comes)
{
    OWNED(publisher_close) struct publisher *publisher = NULL;
    ck_assert_int_eq(publisher_open("tcp://127.0.0.1:0", &publisher), OK);
    const unsigned before = open_files();
    int fds[8];
    for (unsigned i = 0; i < 8; i++) {
        char greeting[8];
        fds[i] = raw_connect(publisher_port(publisher));
        ck_assert_int_eq(recv(fds[i], greeting, sizeof greeting, MSG_WAITALL), (ssize_t)sizeof greeting);
    }
    for (unsigned i = 0; i < 8; i++) {
        close(fds[i]);
    }
    ck_assert(open_files_fall_to(before));
}

END_TEST

START_TEST(only_loopback_addresses_are_taken)
{
    ck_assert_int_eq(stream_address_check("tcp://127.0.0.1:8080"), OK);
    ck_assert_int_eq(stream_address_check("tcp://0.0.0.0:8080"), ERR_MALFORMED);
    ck_assert_int_eq(stream_address_check("tcp://127.0.0.1:"), ERR_MALFORMED);
    ck_assert_int_eq(stream_address_check("tcp://127.0.0.1:65536"), ERR_MALFORMED);
    ck_assert_int_eq(stream_address_check("tcp://127.0.0.1:80@evil"), ERR_MALFORMED);
    ck_assert_int_eq(stream_address_check("http://127.0.0.1:80"), ERR_MALFORMED);
    ck_assert_int_ne(stream_address_check("ipc:///tmp/x"), ERR_MALFORMED);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("publication");
    TCase *tcase = tcase_create("publication");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_publication_reaches_who_listens);
    tcase_add_test(tcase, five_hundred_strangers_cost_a_bounded_number_of_connections_and_keep_nobody_out);
    tcase_add_test(tcase, who_has_something_to_say_is_no_listener);
    tcase_add_test(tcase, the_sockets_of_listeners_that_left_are_freed_though_nobody_comes);
    tcase_add_test(tcase, only_loopback_addresses_are_taken);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
