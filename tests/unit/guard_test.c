/* guard_test.c: where a foreign address may lead: nowhere but public networks, on the ports of the web; and loopback
 * ports that an operator opened. */
#include "adapters/guard.h"

#include <arpa/inet.h>
#include <check.h>

#include "tests/suite.h"

static const struct guard closed = {.loopback_count = 0};
static const struct guard opened = {
    .loopback_ports = {2583, 8080},
      .loopback_count = 2
};
static const struct guard loopback = {
    .loopback_only = true, .loopback_ports = {2583, 8080},
         .loopback_count = 2
};

static const struct {
    const char *url;
    const char *host;
    uint16_t port;
    const char *rest;
} good[] = {
    {"https://example.com",             "example.com",     443,  ""         },
    {"https://example.com/",            "example.com",     443,  "/"        },
    {"HTTPS://Example.com/a?b=c#d",     "Example.com",     443,  "/a?b=c"   },
    {"http://example.com:8080/a",       "example.com",     8080, "/a"       },
    {"http://example.com?x",            "example.com",     80,   "?x"       },
    {"https://[2606:4700::1111]:443/a", "2606:4700::1111", 443,  "/a"       },
    {"https://1.1.1.1/",                "1.1.1.1",         443,  "/"        },
    {"http://a_b.example/",             "a_b.example",     80,   "/"        },
    {"https://example.com/\xC3\xBC",    "example.com",     443,  "/\xC3\xBC"},
};

START_TEST(a_url_is_split)
{
    struct guard_url url;
    ck_assert_int_eq(guard_url_parse(span_text(good[_i].url), &url), OK);
    ck_assert(span_equal(url.host, span_text(good[_i].host)));
    ck_assert_uint_eq(url.port, good[_i].port);
    ck_assert(span_equal(url.rest, span_text(good[_i].rest)));
}

END_TEST

static const char *const bad[] = {
    "",
    "example.com",
    "//example.com",
    "ftp://example.com",
    "javascript:alert(1)",
    "https:example.com",
    "https://",
    "https:///path",
    "https://user@example.com",
    "https://user:pass@example.com/",
    "https://example.com\\@evil.example",
    "https://exa mple.com",
    "https://example.com/a b",
    "https://example.com/\n",
    "https://example.com/\x7F",
    "https://example.com:0",
    "https://example.com:65536",
    "https://example.com:",
    "https://example.com:80a",
    "https://example.com:+80",
    "https://.example.com",
    "https://-example.com",
    "https://ex\xC3\xA4mple.com",
    "https://%65xample.com",
    "https://[::1",
    "https://[::1]x",
    "https://[fe80::1%25eth0]/",
    "https://[not-an-address]/",
    "https://[]/",
};

START_TEST(what_is_no_plain_web_address_is_malformed)
{
    struct guard_url url;
    ck_assert_msg(guard_url_parse(span_text(bad[_i]), &url) == ERR_MALFORMED, "%s", bad[_i]);
}

END_TEST

START_TEST(an_endless_url_is_too_long)
{
    char text[GUARD_URL_MAX + 2];
    memset(text, 'a', sizeof text);
    memcpy(text, "https://a/", 10);
    struct guard_url url;
    ck_assert_int_eq(guard_url_parse(span_of(text, GUARD_URL_MAX), &url), OK);
    ck_assert_int_eq(guard_url_parse(span_of(text, GUARD_URL_MAX + 1), &url), ERR_TOO_LONG);
}

END_TEST

static const struct {
    const char *address;
    uint16_t port;
    bool allowed; /* without any opened port */
} addresses[] = {
    {"1.1.1.1",              443,  true },
    {"93.184.216.34",        80,   true },
    {"1.1.1.1",              22,   false},
    {"1.1.1.1",              2583, false},
    {"0.0.0.0",              443,  false},
    {"0.1.2.3",              443,  false},
    {"10.0.0.1",             443,  false},
    {"9.255.255.255",        443,  true },
    {"11.0.0.0",             443,  true },
    {"100.63.255.255",       443,  true },
    {"100.64.0.1",           443,  false},
    {"100.127.255.255",      443,  false},
    {"100.128.0.0",          443,  true },
    {"127.0.0.1",            443,  false},
    {"127.255.255.254",      80,   false},
    {"169.254.169.254",      80,   false},
    {"172.15.255.255",       443,  true },
    {"172.16.0.1",           443,  false},
    {"172.31.255.255",       443,  false},
    {"172.32.0.0",           443,  true },
    {"192.0.0.8",            443,  false},
    {"192.0.2.1",            443,  false},
    {"192.88.99.1",          443,  false},
    {"192.168.1.1",          443,  false},
    {"198.18.0.1",           443,  false},
    {"198.19.255.255",       443,  false},
    {"198.51.100.1",         443,  false},
    {"203.0.113.1",          443,  false},
    {"223.255.255.255",      443,  true },
    {"224.0.0.1",            443,  false},
    {"240.0.0.1",            443,  false},
    {"255.255.255.255",      443,  false},
    {"2606:4700:4700::1111", 443,  true },
    {"2a00:1450:4001::200e", 80,   true },
    {"2606:4700:4700::1111", 8443, false},
    {"::",                   443,  false},
    {"::1",                  443,  false},
    {"::ffff:1.1.1.1",       443,  false},
    {"::ffff:127.0.0.1",     443,  false},
    {"::1.1.1.1",            443,  false},
    {"64:ff9b::7f00:1",      443,  false},
    {"64:ff9b:1::1",         443,  false},
    {"100::1",               443,  false},
    {"2001::1",              443,  false}, /* Teredo */
    {"2001:20::1",           443,  false},
    {"2001:200::1",          443,  true },
    {"2001:db8::1",          443,  false},
    {"2002:7f00:1::",        443,  false},
    {"3fff::1",              443,  false},
    {"3fff:1000::1",         443,  true },
    {"5f00::1",              443,  false},
    {"fc00::1",              443,  false},
    {"fd12:3456::1",         443,  false},
    {"fe80::1",              443,  false},
    {"fec0::1",              443,  false},
    {"ff02::1",              443,  false},
};

static struct guard_address address_of(const char *text, uint16_t port)
{
    struct guard_address address = {.port = port};
    if (inet_pton(AF_INET, text, address.bytes) != 1) {
        address.ipv6 = true;
        ck_assert_int_eq(inet_pton(AF_INET6, text, address.bytes), 1);
    }
    return address;
}

START_TEST(only_public_addresses_on_the_ports_of_the_web)
{
    const struct guard_address address = address_of(addresses[_i].address, addresses[_i].port);
    ck_assert_msg(guard_address_allowed(&closed, &address) == addresses[_i].allowed, "%s", addresses[_i].address);
    /* Opening loopback ports opens nothing else. */
    ck_assert_msg(guard_address_allowed(&opened, &address) == addresses[_i].allowed, "%s", addresses[_i].address);
    ck_assert_msg(!guard_address_allowed(&loopback, &address), "%s", addresses[_i].address);
}

END_TEST

START_TEST(an_opened_port_is_open_on_loopback_only)
{
    struct guard_address address = address_of("127.0.0.1", 2583);
    ck_assert(guard_address_allowed(&opened, &address));
    ck_assert(!guard_address_allowed(&closed, &address));
    ck_assert(guard_address_allowed(&loopback, &address));
    address = address_of("::1", 8080);
    ck_assert(guard_address_allowed(&opened, &address));
    address = address_of("127.0.0.1", 2584);
    ck_assert(!guard_address_allowed(&opened, &address));
    address = address_of("::ffff:127.0.0.1", 2583);
    ck_assert(!guard_address_allowed(&opened, &address));
    address = address_of("10.0.0.1", 2583);
    ck_assert(!guard_address_allowed(&opened, &address));
}

END_TEST

static const struct {
    const char *url;
    bool closed, opened;
} urls[] = {
    {"https://example.com",      true,  true },
    {"http://example.com/x",     true,  true },
    {"https://example.com:443",  true,  true },
    {"https://example.com:80",   false, false},
    {"http://example.com:443",   false, false},
    {"https://example.com:8443", false, false},
    {"http://localhost:2583",    false, true },
    {"https://localhost:2583",   false, true },
    {"http://127.0.0.1:2583",    false, true },
    {"http://127.0.0.1",         false, false},
    {"http://[::1]:2583",        false, true },
    {"http://10.0.0.1:2583",     false, false},
    {"https://169.254.169.254",  false, false},
    {"https://[fd00::1]/",       false, false},
    {"https://2130706433/",      true,  true }, /* a name to us; what it resolves to is judged when connecting */
};

START_TEST(a_url_is_judged_before_its_name_is_resolved)
{
    struct guard_url url;
    ck_assert_int_eq(guard_url_parse(span_text(urls[_i].url), &url), OK);
    ck_assert_msg(guard_url_allowed(&closed, &url) == urls[_i].closed, "%s", urls[_i].url);
    ck_assert_msg(guard_url_allowed(&opened, &url) == urls[_i].opened, "%s", urls[_i].url);
}

END_TEST

static const struct {
    const char *url;
    bool allowed;
} local_urls[] = {
    {"http://localhost:2583",      true },
    {"https://LOCALHOST:8080/a",   true },
    {"http://127.0.0.1:2583",      true },
    {"http://[::1]:2583",          true },
    {"http://127.0.0.1",           false},
    {"http://1.1.1.1/page",        false},
    {"https://example.com",        false},
    {"http://example.com:2583",    false},
    {"http://localhost.test:2583", false},
    {"http://localhos:2583",       false},
    {"https://2130706433:2583",    false},
};

/* A name is not even asked for: the question would leave the machine. */
START_TEST(for_loopback_only_no_other_name_is_resolved)
{
    struct guard_url url;
    ck_assert_int_eq(guard_url_parse(span_text(local_urls[_i].url), &url), OK);
    ck_assert_msg(guard_url_allowed(&loopback, &url) == local_urls[_i].allowed, "%s", local_urls[_i].url);
}

END_TEST

/* A name that is longer than any address. */
START_TEST(for_loopback_only_a_long_name_is_none_of_its)
{
    struct guard_url url;
    ck_assert_int_eq(
        guard_url_parse(SPAN("http://a-name-that-is-longer-than-any-address-of-either-kind.example:2583/"), &url), OK);
    ck_assert(!guard_url_allowed(&loopback, &url));
    ck_assert(guard_url_allowed(&opened, &url));
}

END_TEST

START_TEST(ports_are_read_from_a_list)
{
    struct guard guard;
    ck_assert_int_eq(guard_ports_parse(SPAN("2583,80"), &guard), OK);
    ck_assert_uint_eq(guard.loopback_count, 2);
    ck_assert_uint_eq(guard.loopback_ports[1], 80);
    ck_assert_int_eq(guard_ports_parse(SPAN("0"), &guard), ERR_MALFORMED);
    ck_assert_int_eq(guard_ports_parse(SPAN("65536"), &guard), ERR_MALFORMED);
    ck_assert_int_eq(guard_ports_parse(SPAN("80,,81"), &guard), ERR_MALFORMED);
    ck_assert_int_eq(guard_ports_parse(SPAN("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17"), &guard), ERR_TOO_LONG);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("guard");
    TCase *tcase = tcase_create("guard");
    tcase_add_loop_test(tcase, a_url_is_split, 0, sizeof good / sizeof *good);
    tcase_add_loop_test(tcase, what_is_no_plain_web_address_is_malformed, 0, sizeof bad / sizeof *bad);
    tcase_add_test(tcase, an_endless_url_is_too_long);
    tcase_add_loop_test(tcase, only_public_addresses_on_the_ports_of_the_web, 0, sizeof addresses / sizeof *addresses);
    tcase_add_test(tcase, an_opened_port_is_open_on_loopback_only);
    tcase_add_loop_test(tcase, a_url_is_judged_before_its_name_is_resolved, 0, sizeof urls / sizeof *urls);
    tcase_add_loop_test(tcase, for_loopback_only_no_other_name_is_resolved, 0, sizeof local_urls / sizeof *local_urls);
    tcase_add_test(tcase, for_loopback_only_a_long_name_is_none_of_its);
    tcase_add_test(tcase, ports_are_read_from_a_list);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
