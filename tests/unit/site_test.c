/* site_test.c: where browsers find us is read as they write it, and only pages from there act for who is signed in. */
#include "gateway/sign_in/site.h"

#include <check.h>

#include "tests/suite.h"

static const struct {
    const char *url;
    enum err err;
    const char *origin;
} urls[] = {
    {"https://posts.example.com",        OK,              "https://posts.example.com"     },
    {"https://posts.example.com/",       OK,              "https://posts.example.com"     },
    {"HTTPS://Posts.Example.COM",        OK,              "https://posts.example.com"     },
    {"https://posts.example.com:443",    OK,              "https://posts.example.com"     },
    {"https://posts.example.com:8443/",  OK,              "https://posts.example.com:8443"},
    {"https://[2001:DB8::1]:8443",       OK,              "https://[2001:db8::1]:8443"    },
    {"https://10.0.0.1",                 OK,              "https://10.0.0.1"              },
    {"http://127.0.0.1:8080",            OK,              "http://127.0.0.1:8080"         },
    {"http://127.0.0.1:80",              OK,              "http://127.0.0.1"              },
    {"http://127.9.8.7:8080",            OK,              "http://127.9.8.7:8080"         },
    {"http://[::1]:8080",                OK,              "http://[::1]:8080"             },
    {"http://localhost:8080",            OK,              "http://localhost:8080"         },
    {"http://posts.example.com",         ERR_UNSUPPORTED, ""                              },
    {"http://10.0.0.1",                  ERR_UNSUPPORTED, ""                              },
    {"http://0.0.0.0:8080",              ERR_UNSUPPORTED, ""                              },
    {"http://127.0.0.1.example.com",     ERR_UNSUPPORTED, ""                              },
    {"http://127.0.0:8080",              ERR_UNSUPPORTED, ""                              },
    {"http://127.0.0.256",               ERR_UNSUPPORTED, ""                              },
    {"http://localhost.example.com",     ERR_UNSUPPORTED, ""                              },
    {"http://[::]:8080",                 ERR_UNSUPPORTED, ""                              },
    {"posts.example.com",                ERR_MALFORMED,   ""                              },
    {"ftp://posts.example.com",          ERR_MALFORMED,   ""                              },
    {"https://",                         ERR_MALFORMED,   ""                              },
    {"https://:443",                     ERR_MALFORMED,   ""                              },
    {"https://posts.example.com:",       ERR_MALFORMED,   ""                              },
    {"https://posts.example.com:0",      ERR_MALFORMED,   ""                              },
    {"https://posts.example.com:65536",  ERR_MALFORMED,   ""                              },
    {"https://posts.example.com:x",      ERR_MALFORMED,   ""                              },
    {"https://posts.example.com/app",    ERR_MALFORMED,   ""                              },
    {"https://posts.example.com//",      ERR_MALFORMED,   ""                              },
    {"https://posts.example.com?a=b",    ERR_MALFORMED,   ""                              },
    {"https://me@posts.example.com",     ERR_MALFORMED,   ""                              },
    {"https://me:pw@posts.example.com",  ERR_MALFORMED,   ""                              },
    {"https://posts example.com",        ERR_MALFORMED,   ""                              },
    {"https://[2001:db8::1",             ERR_MALFORMED,   ""                              },
    {"https://[2001:db8::1]x",           ERR_MALFORMED,   ""                              },
    {"https://p\xC3\xB6sts.example.com", ERR_MALFORMED,   ""                              }, /* its punycode is the origin */
    {"",                                 ERR_MALFORMED,   ""                              },
};

START_TEST(a_public_url_is_an_origin_or_refused)
{
    struct site site = {.origin = ""};
    ck_assert_msg(site_read(span_text(urls[_i].url), &site) == urls[_i].err, "%s", urls[_i].url);
    ck_assert_str_eq(site.origin, urls[_i].origin);
    ck_assert(urls[_i].err != OK || site.secure == (strncmp(urls[_i].origin, "https", 5) == 0));
}

END_TEST

static const struct {
    const char *origin, *fetch_site; /* NULL: not sent */
    bool ours;
} pages[] = {
    {"https://posts.example.com",      NULL,          true },
    {"https://posts.example.com",      "same-origin", true },
    {"https://posts.example.com",      "same-site",   false},
    {"https://posts.example.com",      "cross-site",  false},
    {"https://posts.example.com",      "none",        false},
    {"https://posts.example.com",      "",            false},
    {"https://posts.example.com",      "Same-Origin", false},
    {NULL,                             NULL,          false},
    {NULL,                             "same-origin", false},
    {"",                               NULL,          false},
    {"null",                           NULL,          false},
    {"http://posts.example.com",       NULL,          false},
    {"https://posts.example.com:443",  NULL,          false}, /* browsers leave it out */
    {"https://posts.example.com/",     NULL,          false},
    {"https://posts.example.com.evil", NULL,          false},
    {"https://evil.posts.example.com", NULL,          false},
    {"HTTPS://POSTS.EXAMPLE.COM",      NULL,          false},
    {"https://evil.example.com",       "same-origin", false},
};

static struct span sent(const char *text)
{
    return text == NULL ? (struct span){0} : span_text(text);
}

START_TEST(only_our_own_pages_act_for_who_is_signed_in)
{
    struct site site;
    ck_assert_int_eq(site_read(SPAN("https://posts.example.com"), &site), OK);
    ck_assert(site_is_origin(&site, sent(pages[_i].origin), sent(pages[_i].fetch_site)) == pages[_i].ours);
}

END_TEST

START_TEST(a_site_that_is_none_has_no_pages)
{
    const struct site none = {.origin = ""};
    ck_assert(!site_is_origin(&none, SPAN(""), SPAN("same-origin")));
    ck_assert(!site_is_origin(&none, SPAN("http://127.0.0.1"), (struct span){0}));
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("site");
    TCase *tests = tcase_create("site");
    tcase_add_loop_test(tests, a_public_url_is_an_origin_or_refused, 0, sizeof urls / sizeof *urls);
    tcase_add_loop_test(tests, only_our_own_pages_act_for_who_is_signed_in, 0, sizeof pages / sizeof *pages);
    tcase_add_test(tests, a_site_that_is_none_has_no_pages);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
