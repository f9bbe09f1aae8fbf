/* forwarded_test.c: whose address a limit counts behind a proxy: only what a trusted one appended is believed, and
 * whoever makes headers up is never counted as somebody else. */
#include "gateway/forwarded.h"

#include <check.h>

#include "tests/suite.h"

#define TRUSTED "127.0.0.1,10.0.0.0/8,2001:db8:f::/48"

static struct net_address address_of(const char *text)
{
    struct net_address address;
    ck_assert_msg(net_address_read(span_text(text), &address) == OK, "%s", text);
    return address;
}

static struct proxies trusted(const char *list)
{
    struct proxies proxies;
    ck_assert_msg(proxies_read(span_text(list), &proxies) == OK, "%s", list);
    return proxies;
}

static const struct {
    const char *peer;
    const char *list;    /* X-Forwarded-For; NULL: not sent */
    const char *telling; /* Forwarded */
    const char *client;
} stories[] = {
  /* nobody, or nobody that is trusted, says anything */
    {"127.0.0.1",        NULL,                                                              NULL,                                                "127.0.0.1"        },
    {"192.0.2.9",        "198.51.100.7",                                                    NULL,                                                "192.0.2.9"        },
    {"192.0.2.9",        NULL,                                                              "for=198.51.100.7",                                  "192.0.2.9"        },
    {"2001:db8::9",      "198.51.100.7",                                                    NULL,                                                "2001:db8::9"      },
 /* a trusted proxy does */
    {"127.0.0.1",        "198.51.100.7",                                                    NULL,                                                "198.51.100.7"     },
    {"10.255.0.1",       "198.51.100.7",                                                    NULL,                                                "198.51.100.7"     },
    {"11.0.0.1",         "198.51.100.7",                                                    NULL,                                                "11.0.0.1"         },
    {"127.0.0.1",        "2001:db8::7",                                                     NULL,                                                "2001:db8::7"      },
    {"127.0.0.1",        "::ffff:198.51.100.7",                                             NULL,                                                "198.51.100.7"     },
    {"::ffff:127.0.0.1", "198.51.100.7",                                                    NULL,                                                "198.51.100.7"     },
    {"127.0.0.1",        " 198.51.100.7\t",                                                 NULL,                                                "198.51.100.7"     },
    {"127.0.0.1",        "198.51.100.7:4711",                                               NULL,                                                "198.51.100.7"     },
    {"127.0.0.1",        "[2001:db8::7]:4711",                                              NULL,                                                "2001:db8::7"      },
    {"127.0.0.1",        "[2001:db8::7]",                                                   NULL,                                                "2001:db8::7"      },
 /* the rightmost that is not trusted */
    {"127.0.0.1",        "203.0.113.1, 198.51.100.7",                                       NULL,                                                "198.51.100.7"     },
    {"127.0.0.1",        "198.51.100.7, 10.1.2.3",                                          NULL,                                                "198.51.100.7"     },
    {"127.0.0.1",        "198.51.100.7,2001:db8:f::1,10.1.2.3",                             NULL,                                                "198.51.100.7"     },
    {"127.0.0.1",        "127.0.0.1, 198.51.100.7",                                         NULL,                                                "198.51.100.7"     },
    {"127.0.0.1",        "10.1.2.3, 10.4.5.6",                                              NULL,                                                "10.1.2.3"         },
    {"127.0.0.1",        ",, 198.51.100.7 ,",                                               NULL,                                                "198.51.100.7"     },
 /* what cannot be read leaves who said it */
    {"127.0.0.1",        "",                                                                NULL,                                                "127.0.0.1"        },
    {"127.0.0.1",        "198.51.100.7, unknown",                                           NULL,                                                "127.0.0.1"        },
    {"127.0.0.1",        "198.51.100.7, 10.1.2.3.4",                                        NULL,                                                "127.0.0.1"        },
    {"127.0.0.1",        "198.51.100.7, nonsense, 10.1.2.3",                                NULL,                                                "10.1.2.3"         },
    {"127.0.0.1",        "198.51.100.07",                                                   NULL,                                                "127.0.0.1"        },
    {"127.0.0.1",        "198.51.100.7:",                                                   NULL,                                                "127.0.0.1"        },
    {"127.0.0.1",        "198.51.100.7:65536",                                              NULL,                                                "127.0.0.1"        },
    {"127.0.0.1",        "[198.51.100.7]",                                                  NULL,                                                "127.0.0.1"        },
    {"127.0.0.1",        "[2001:db8::7",                                                    NULL,                                                "127.0.0.1"        },
    {"127.0.0.1",        "[",                                                               NULL,                                                "127.0.0.1"        },
    {"127.0.0.1",        "[]",                                                              NULL,                                                "127.0.0.1"        },
    {"127.0.0.1",        "[2001:db8::7]x",                                                  NULL,                                                "127.0.0.1"        },
    {"127.0.0.1",        "fe80::1%eth0",                                                    NULL,                                                "127.0.0.1"        },
    {"127.0.0.1",        "198.51.100.7 203.0.113.1",                                        NULL,                                                "127.0.0.1"        },
    {"127.0.0.1",        "2001:db8:0000:0000:0000:0000:0000:0000:0000:0001:0002:0003:0004", NULL,                                                "127.0.0.1"        },
 /* RFC 7239 */
    {"127.0.0.1",        NULL,                                                              "for=192.0.2.60;proto=http;by=203.0.113.43",         "192.0.2.60"       },
    {"127.0.0.1",        NULL,                                                              "For=\"[2001:db8:cafe::17]:4711\"",                  "2001:db8:cafe::17"},
    {"127.0.0.1",        NULL,                                                              "for=192.0.2.43, for=198.51.100.17",                 "198.51.100.17"    },
    {"127.0.0.1",        NULL,                                                              "for=192.0.2.43, for=\"10.1.2.3:99\";proto=https",   "192.0.2.43"       },
    {"127.0.0.1",        NULL,                                                              "proto=https ; for = 192.0.2.43",                    "127.0.0.1"        },
    {"127.0.0.1",        NULL,                                                              "by=\"a, for=203.0.113.1\";for=192.0.2.60",          "192.0.2.60"       },
    {"127.0.0.1",        NULL,                                                              "by=\"\\\", for=203.0.113.1, \\\"\";for=192.0.2.60", "192.0.2.60"       },
    {"127.0.0.1",        NULL,                                                              "for=unknown",                                       "127.0.0.1"        },
    {"127.0.0.1",        NULL,                                                              "for=_hidden",                                       "127.0.0.1"        },
    {"127.0.0.1",        NULL,                                                              "for=192.0.2.43, proto=https",                       "127.0.0.1"        },
    {"127.0.0.1",        NULL,                                                              "for=192.0.2.43;for=192.0.2.44",                     "127.0.0.1"        },
    {"127.0.0.1",        NULL,                                                              "for=\"192.0.2.43",                                  "127.0.0.1"        },
    {"127.0.0.1",        NULL,                                                              "for=\"192.0.2.43\\",                                "127.0.0.1"        },
    {"127.0.0.1",        NULL,                                                              "for=2001:db8::1",                                   "127.0.0.1"        },
    {"127.0.0.1",        NULL,                                                              "for=",                                              "127.0.0.1"        },
    {"127.0.0.1",        NULL,                                                              "=192.0.2.43",                                       "127.0.0.1"        },
    {"127.0.0.1",        NULL,                                                              ", ,for=192.0.2.43,",                                "192.0.2.43"       },
    {"127.0.0.1",        NULL,                                                              "for=192.0.2.43;",                                   "192.0.2.43"       },
    {"127.0.0.1",        NULL,                                                              "",                                                  "127.0.0.1"        },
 /* both: one of them may be the client's own */
    {"127.0.0.1",        "198.51.100.7",                                                    "for=198.51.100.7",                                  "198.51.100.7"     },
    {"127.0.0.1",        "198.51.100.7",                                                    "for=203.0.113.1",                                   "127.0.0.1"        },
    {"127.0.0.1",        "198.51.100.7",                                                    "\"",                                                "127.0.0.1"        },
};

START_TEST(the_client_is_the_rightmost_address_that_no_trusted_proxy_has)
{
    const struct proxies proxies = trusted(TRUSTED);
    struct forwarded headers = {.forwarded_count = 0};
    if (stories[_i].list != NULL) {
        headers.x_forwarded_for[headers.x_forwarded_for_count++] = span_text(stories[_i].list);
    }
    if (stories[_i].telling != NULL) {
        headers.forwarded[headers.forwarded_count++] = span_text(stories[_i].telling);
    }
    const struct net_address peer = address_of(stories[_i].peer);
    const struct net_address client = forwarded_client(&proxies, &peer, &headers);
    const struct net_address expected = address_of(stories[_i].client);
    ck_assert_msg(memcmp(&client, &expected, sizeof client) == 0, "story %d", _i);
}

END_TEST

START_TEST(headers_that_are_sent_several_times_are_one_list)
{
    const struct proxies proxies = trusted(TRUSTED);
    const struct net_address peer = address_of("127.0.0.1");
    struct forwarded headers = {
        .x_forwarded_for = {SPAN("203.0.113.1"), SPAN("198.51.100.7"), SPAN("10.0.0.1")},
          .x_forwarded_for_count = 3
    };
    struct net_address client = forwarded_client(&proxies, &peer, &headers);
    struct net_address expected = address_of("198.51.100.7");
    ck_assert_mem_eq(&client, &expected, sizeof client);
    headers.x_forwarded_for_count = FORWARDED_MAX + 1;
    client = forwarded_client(&proxies, &peer, &headers);
    ck_assert_mem_eq(&client, &peer, sizeof client);
}

END_TEST

START_TEST(of_a_list_without_end_the_right_end_counts)
{
    const struct proxies proxies = trusted(TRUSTED);
    const struct net_address peer = address_of("127.0.0.1");
    char text[8192];
    struct buf list = buf_of(text, sizeof text);
    for (int i = 0; i < 300; i++) {
        buf_text(&list, "203.0.113.1,");
    }
    buf_text(&list, "198.51.100.7");
    for (int i = 0; i < FORWARDED_HOPS - 1; i++) {
        buf_text(&list, ",10.0.0.1");
    }
    struct forwarded headers = {.x_forwarded_for = {buf_span(&list)}, .x_forwarded_for_count = 1};
    struct net_address client = forwarded_client(&proxies, &peer, &headers);
    struct net_address expected = address_of("198.51.100.7");
    ck_assert_mem_eq(&client, &expected, sizeof client);
    buf_text(&list, ",10.0.0.1");
    headers.x_forwarded_for[0] = buf_span(&list);
    client = forwarded_client(&proxies, &peer, &headers);
    expected = address_of("10.0.0.1");
    ck_assert_mem_eq(&client, &expected, sizeof client);
}

END_TEST

static const struct {
    const char *list;
    bool good;
} lists[] = {
    {"127.0.0.1",                                true },
    {"127.0.0.1/32,::1,10.0.0.0/8",              true },
    {"2001:db8::/33",                            true },
    {"0.0.0.0/1",                                true },
    {"",                                         false},
    {",",                                        false},
    {"127.0.0.1,",                               false},
    {"localhost",                                false},
    {"127.0.0.1 ",                               false},
    {"[::1]",                                    false},
    {"10.0.0.0/",                                false},
    {"10.0.0.0/33",                              false},
    {"::/129",                                   false},
    {"0.0.0.0/0",                                false},
    {"::/0",                                     false},
    {"10.0.0.1/8",                               false},
    {"2001:db8::1/64",                           false},
    {"1.1.1.1,1.1.1.2,1.1.1.3,1.1.1.4,1.1.1.5,1.1.1.6,1.1.1.7,1.1.1.8,1.1.1.9,1.1.1.10,1.1.1.11,1.1.1.12,1.1.1.13,"
     "1.1.1.14,1.1.1.15,1.1.1.16,1.1.1.17", false},
};

START_TEST(a_list_of_proxies_is_read_strictly)
{
    struct proxies proxies;
    const enum err err = proxies_read(span_text(lists[_i].list), &proxies);
    ck_assert_msg((err == OK) == lists[_i].good, "%s: %s", lists[_i].list, err_name(err));
}

END_TEST

START_TEST(an_ipv4_network_holds_no_ipv6_address_but_those_that_stand_for_its_own)
{
    const struct proxies proxies = trusted("0.0.0.0/1,2001:db8::/33");

    static const struct {
        const char *text;
        bool held;
    } cases[] = {
        {"1.2.3.4",          true },
        {"127.255.255.255",  true },
        {"128.0.0.0",        false},
        {"::ffff:1.2.3.4",   true },
        {"::1.2.3.4",        false},
        {"::",               false},
        {"2001:db8:7fff::1", true },
        {"2001:db8:8000::1", false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct net_address address = address_of(cases[i].text);
        ck_assert_msg(proxies_has(&proxies, &address) == cases[i].held, "%s", cases[i].text);
    }
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("forwarded");
    TCase *tcase = tcase_create("proxies");
    tcase_add_loop_test(tcase, the_client_is_the_rightmost_address_that_no_trusted_proxy_has, 0,
                        sizeof stories / sizeof *stories);
    tcase_add_test(tcase, headers_that_are_sent_several_times_are_one_list);
    tcase_add_test(tcase, of_a_list_without_end_the_right_end_counts);
    tcase_add_loop_test(tcase, a_list_of_proxies_is_read_strictly, 0, sizeof lists / sizeof *lists);
    tcase_add_test(tcase, an_ipv4_network_holds_no_ipv6_address_but_those_that_stand_for_its_own);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
