/* server_peers_test.c: connections are counted per address, and a full table forgets nothing and nobody. */
#include "gateway/server_peers.h"

#include <arpa/inet.h>
#include <check.h>

#include "core/base/prng.h"
#include "tests/suite.h"

static struct peer_key key4(const char *text)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    ck_assert_int_eq(inet_pton(AF_INET, text, &in.sin_addr), 1);
    return peer_key_of((const struct sockaddr *)&in);
}

static struct peer_key key6(const char *text)
{
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    ck_assert_int_eq(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
    return peer_key_of((const struct sockaddr *)&in6);
}

START_TEST(an_ipv4_address_is_one_key_and_an_ipv6_network_too)
{
    const struct peer_key a = key4("192.0.2.1");
    const struct peer_key b = key4("192.0.2.2");
    const struct peer_key mapped = key6("::ffff:192.0.2.1");
    const struct peer_key net = key6("2001:db8:1:2::3");
    const struct peer_key same_net = key6("2001:db8:1:2:ffff::1");
    const struct peer_key other_net = key6("2001:db8:1:3::3");
    ck_assert_mem_ne(&a, &b, sizeof a);
    ck_assert_mem_eq(&a, &mapped, sizeof a);
    ck_assert_mem_eq(&net, &same_net, sizeof net);
    ck_assert_mem_ne(&net, &other_net, sizeof net);
}

END_TEST

START_TEST(a_key_has_its_places_and_no_more)
{
    struct peers peers;
    ck_assert_int_eq(peers_init(&peers, 8), OK);
    const struct peer_key a = key4("192.0.2.1");
    const struct peer_key b = key4("192.0.2.2");
    ck_assert(peers_enter(&peers, &a, 2));
    ck_assert(peers_enter(&peers, &a, 2));
    ck_assert(!peers_enter(&peers, &a, 2));
    ck_assert(peers_enter(&peers, &b, 2));
    peers_leave(&peers, &a);
    ck_assert(peers_enter(&peers, &a, 2));
    ck_assert(!peers_enter(&peers, &a, 2));
    ck_assert(peers_enter(&peers, &a, 0));
    peers_done(&peers);
}

END_TEST

#define KEYS 64

START_TEST(counts_are_right_whatever_comes_and_goes)
{
    /* Against an array of counts, with a table as full as it gets, so that slots are moved back over each other. */
    struct peers peers;
    ck_assert_int_eq(peers_init(&peers, KEYS), OK);
    struct prng prng;
    prng_seed(&prng, (uint64_t)_i + 1);
    struct peer_key keys[KEYS] = {0};
    unsigned counts[KEYS] = {0};
    for (unsigned i = 0; i < KEYS; i++) {
        keys[i].bytes[0] = 4;
        put_be32(keys[i].bytes + 12, (uint32_t)prng_next(&prng));
    }
    for (unsigned step = 0; step < 20000; step++) {
        const unsigned i = (unsigned)(prng_next(&prng) % KEYS);
        if (prng_next(&prng) % 2 == 0) {
            ck_assert_int_eq(peers_enter(&peers, &keys[i], 3), counts[i] < 3);
            counts[i] += counts[i] < 3;
        } else if (counts[i] > 0) {
            peers_leave(&peers, &keys[i]);
            counts[i]--;
        }
    }
    size_t used = 0;
    for (size_t i = 0; i < peers.cap; i++) {
        used += peers.slots[i].count > 0;
    }
    for (unsigned i = 0; i < KEYS; i++) {
        used -= counts[i] > 0;
        ck_assert_int_eq(peers_enter(&peers, &keys[i], counts[i] + 1), true);
        ck_assert_int_eq(peers_enter(&peers, &keys[i], counts[i] + 1), false);
    }
    ck_assert_uint_eq(used, 0);
    peers_done(&peers);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("server_peers");
    TCase *tcase = tcase_create("all");
    tcase_add_test(tcase, an_ipv4_address_is_one_key_and_an_ipv6_network_too);
    tcase_add_test(tcase, a_key_has_its_places_and_no_more);
    tcase_add_loop_test(tcase, counts_are_right_whatever_comes_and_goes, 0, 20);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
