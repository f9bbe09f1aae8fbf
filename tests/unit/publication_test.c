/* publication_test.c: what is published reaches who listens; addresses other than loopback's are no addresses. */
#include <check.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "core/wire/endpoint.h"
#include "core/wire/stream.h"
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
    tcase_add_test(tcase, only_loopback_addresses_are_taken);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
