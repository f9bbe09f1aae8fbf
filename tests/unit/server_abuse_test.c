/* server_abuse_test.c: the HTTP server refuses what its library lets through, and reads what is odd but right. */
#include "tests/suite.h"
#include "tests/unit/server_client.h"

/* Each is followed on the connection by a request that must never be seen. */
static const struct {
    const char *name;
    struct span bytes;
    const char *answer;
} abuses[] = {
    {"Content-Length with Transfer-Encoding",
     BYTES("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
     MALFORMED                                                                                                                                         },
    {"the same the other way round",
     BYTES("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
     MALFORMED                                                                                                                                         },
    {"two Content-Lengths",                   BYTES("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n"),
     MALFORMED                                                                                                                                         },
    {"the same Content-Length twice",
     BYTES("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n"),                                             MALFORMED     },
    {"Content-Length with a plus",            BYTES("POST /x HTTP/1.1\r\nHost: a\r\nX: y\r\nContent-Length : +5\r\n\r\nabcde"),
     MALFORMED                                                                                                                                         },
    {"no Host",                               BYTES("GET /x HTTP/1.1\r\nX: y\r\n\r\n"),                                                  MALFORMED     },
    {"no header at all",                      BYTES("GET /x HTTP/1.1\r\n\r\n"),                                                          MALFORMED     },
    {"two Hosts",                             BYTES("GET /x HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n"),                                    MALFORMED     },
    {"a Host with a path",                    BYTES("GET /x HTTP/1.1\r\nHost: a/b\r\n\r\n"),                                             MALFORMED     },
    {"a Host with a user",                    BYTES("GET /x HTTP/1.1\r\nHost: u@a\r\n\r\n"),                                             MALFORMED     },
    {"two Hosts in HTTP/1.0",                 BYTES("GET /x HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"),                                    MALFORMED     },
    {"a space before a colon",                BYTES("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\nabcde"),                   MALFORMED     },
    {"a tab before a colon",                  BYTES("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length\t: 5\r\n\r\nabcde"),                  MALFORMED     },
    {"a space before the first header",       BYTES("GET /x HTTP/1.1\r\n X: y\r\nHost: a\r\n\r\n"),                                      MALFORMED     },
    {"a header without a name",               BYTES("GET /x HTTP/1.1\r\nHost: a\r\n: y\r\n\r\n"),                                        MALFORMED     },
    {"a header's name of other characters",   BYTES("GET /x HTTP/1.1\r\nHost: a\r\nX(y): y\r\n\r\n"),                                    MALFORMED     },
    {"gzip as Transfer-Encoding",             BYTES("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n"),
     MALFORMED                                                                                                                                         },
    {"gzip, chunked",                         BYTES("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
     MALFORMED                                                                                                                                         },
    {"chunked twice in one",
     BYTES("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),                                       MALFORMED     },
    {"chunked twice",
     BYTES("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
     MALFORMED                                                                                                                                         },
    {"chunked, then identity",
     BYTES("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n"),
     MALFORMED                                                                                                                                         },
    {"an empty Transfer-Encoding",            BYTES("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n"),
     MALFORMED                                                                                                                                         },
    {"a vertical tab in Transfer-Encoding",
     BYTES("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0b"
           "chunked\r\n\r\n0\r\n\r\n"),
     MALFORMED                                                                                                                                         },
    {"chunked in HTTP/1.0",                   BYTES("POST /x HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
     MALFORMED                                                                                                                                         },
    {"a NUL in the target",                   BYTES("GET /x\0y HTTP/1.1\r\nHost: a\r\n\r\n"),                                            MALFORMED     },
    {"a NUL in the query",                    BYTES("GET /x?y\0z HTTP/1.1\r\nHost: a\r\n\r\n"),                                          MALFORMED     },
    {"a NUL and a false version",             BYTES("GET /x\0HTTP/1.1\0\0 HTTP/1.1\r\nHost: a\r\n\r\n"),                                 MALFORMED     },
    {"a NUL in the method",                   BYTES("GE\0T /x HTTP/1.1\r\nHost: a\r\n\r\n"),                                             MALFORMED     },
    {"a NUL in a value",                      BYTES("GET /x HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n"),                                    MALFORMED     },
    {"a NUL at a value's end",                BYTES("GET /x HTTP/1.1\r\nHost: a\r\nX: b\0\r\n\r\n"),                                     MALFORMED     },
    {"a folded line",                         BYTES("GET /x HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n"),                                 MALFORMED     },
    {"a folded line with a tab",              BYTES("GET /x HTTP/1.1\r\nHost: a\r\nX: b\r\n\tc\r\nY: d\r\n\r\n"),                        MALFORMED     },
    {"a folded line of spaces",               BYTES("GET /x HTTP/1.1\r\nHost: a\r\nX: b\r\n \r\nY: d\r\n\r\n"),                          MALFORMED     },
    {"a folded Content-Length",               BYTES("POST /x HTTP/1.1\r\nHost: a\r\nX: b\r\n Content-Length: 5\r\n\r\nabcde"),
     MALFORMED                                                                                                                                         },
    {"a bare LF after a header",              BYTES("GET /x HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"),                                         MALFORMED     },
    {"a bare LF after the request line",      BYTES("GET /x HTTP/1.1\nHost: a\r\n\r\n"),                                                 MALFORMED     },
    {"a bare LF at the end",                  BYTES("GET /x HTTP/1.1\r\nHost: a\r\n\n"),                                                 MALFORMED     },
    {"a bare CR in a value",                  BYTES("GET /x HTTP/1.1\r\nHost: a\r\nX: b\rc\r\n\r\n"),                                    MALFORMED     },
    {"a control character in a value",        BYTES("GET /x HTTP/1.1\r\nHost: a\r\nX: b\x01\r\n\r\n"),                                   MALFORMED     },
    {"a space in the target",                 BYTES("GET /x y HTTP/1.1\r\nHost: a\r\n\r\n"),                                             MALFORMED     },
    {"two spaces before the target",          BYTES("GET  /x HTTP/1.1\r\nHost: a\r\n\r\n"),                                              MALFORMED     },
    {"two spaces after the target",           BYTES("GET /x  HTTP/1.1\r\nHost: a\r\n\r\n"),                                              MALFORMED     },
    {"a raw byte in the target",              BYTES("GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n"),                                        MALFORMED     },
    {"a target that is no path",              BYTES("GET x HTTP/1.1\r\nHost: a\r\n\r\n"),                                                MALFORMED     },
    {"a star for GET",                        BYTES("GET * HTTP/1.1\r\nHost: a\r\n\r\n"),                                                MALFORMED     },
    {"CONNECT",                               BYTES("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"),                                        MALFORMED     },
    {"a method of other characters",          BYTES("G[T /x HTTP/1.1\r\nHost: a\r\n\r\n"),                                               MALFORMED     },
    {"a body over the limit",                 BYTES("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n"),                    BODY_TOO_LARGE},
    {"a body of 2^64-1",                      BYTES("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n"),
     BODY_TOO_LARGE                                                                                                                                    },
};

START_TEST(abuse_is_refused_before_a_handler_runs)
{
    struct world *world = world_open(usual);
    static char out[ANSWER_MAX];
    uint8_t bytes[512];
    struct buf buf = buf_of(bytes, sizeof bytes);
    buf_put(&buf, abuses[_i].bytes);
    buf_text(&buf, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    ck_assert(buf_ok(&buf));
    ck_assert_msg(strcmp(ask(world, buf_span(&buf), out, sizeof out), abuses[_i].answer) == 0, "%s: %s",
                  abuses[_i].name, out);
    ck_assert_uint_eq(atomic_load(&world->handled), 0);
    const struct server_counters now = counters(world);
    ck_assert_uint_eq(now.requests, 0);
    ck_assert_uint_eq(now.refused_malformed + now.refused_large, 1);
    world_close(world);
}

END_TEST

/* libmicrohttpd refuses these itself: the status and the end are right, the body is its own. */
static const struct {
    struct span bytes;
    const char *line;
} library[] = {
    {BYTES("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\nabcde"),                         "HTTP/1.1 400 "},
    {BYTES("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\nabcde"),                       "HTTP/1.1 400 "},
    {BYTES("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\nabcde"),                        "HTTP/1.1 400 "},
    {BYTES("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n"),                                 "HTTP/1.1 400 "},
    {BYTES("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5 \r\n\r\nabcde"),                         "HTTP/1.1 400 "},
    {BYTES("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\n"),            "HTTP/1.1 413 "},
    {BYTES("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"),                 "HTTP/1.1 400 "},
    {BYTES("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n"),                "HTTP/1.1 400 "},
    {BYTES("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc0\r\n\r\n"),     "HTTP/1.1 400 "},
    {BYTES("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n11111111111111111\r\n"), "HTTP/1.1 413 "},
    {BYTES("GET /x HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n"),                                         "HTTP/1.1 400 "},
    {BYTES("GET /x HTTP/2.0\r\nHost: a\r\n\r\n"),                                                     "HTTP/1.1 505 "},
    {BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),                                                       "HTTP/1.1 505 "},
    {BYTES("GET /x HTTP/0.9\r\n\r\n"),                                                                "HTTP/1.1 505 "},
    {BYTES("GET /x\r\nHost: a\r\n\r\n"),                                                              "HTTP/1.1 400 "},
    {BYTES("GET /x http/1.1\r\nHost: a\r\n\r\n"),                                                     "HTTP/1.1 400 "},
};

START_TEST(what_the_library_refuses_reaches_no_handler_either)
{
    struct world *world = world_open(usual);
    static char out[ANSWER_MAX];
    uint8_t bytes[512];
    struct buf buf = buf_of(bytes, sizeof bytes);
    buf_put(&buf, library[_i].bytes);
    buf_text(&buf, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    ask(world, buf_span(&buf), out, sizeof out);
    ck_assert_msg(strncmp(out, library[_i].line, strlen(library[_i].line)) == 0, "%s", out);
    ck_assert_uint_eq(atomic_load(&world->handled), 0);
    world_close(world);
}

END_TEST

/* What looks odd and is right, or is taken for it: each gets the echo of what the handler saw. */
static const struct {
    struct span bytes;
    const char *echo;
} oddities[] = {
    {BYTES("POST /a%2Fb?c=%20+&d HTTP/1.1\r\nHost: a\r\nX-Test:   v \t\r\nx-test: w\r\nContent-Length: 3\r\n\r\nabc"),
     "POST|/a%2Fb|c=%20+&d|127.0.0.1|v|2|abc"                                                                                                               },
    {BYTES("GET /? HTTP/1.1\r\nHost:\r\nX-Test:\r\n\r\n"),                                                             "GET|/||127.0.0.1||1|"               },
    {BYTES("\r\nGET /a?b?c HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"),                                                       "GET|/a|b?c|127.0.0.1||0|"           },
    {BYTES("GET http://a.example/b?c HTTP/1.1\r\nHost: a.example\r\n\r\n"),                                            "GET|/b|c|127.0.0.1||0|"             },
    {BYTES("GET HTTPS://a.example HTTP/1.1\r\nHost: a.example\r\n\r\n"),                                               "GET|/|none|127.0.0.1||0|"           },
    {BYTES("GET http://a.example?c HTTP/1.1\r\nHost: a.example\r\n\r\n"),                                              "GET|/|c|127.0.0.1||0|"              },
    {BYTES("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),                                                                   "OPTIONS|/|none|127.0.0.1||0|"       },
    {BYTES("PURGE /a HTTP/1.1\r\nHost: a\r\n\r\n"),                                                                    "OTHER|/a|none|127.0.0.1||0|"        },
    {BYTES("get /a HTTP/1.1\r\nHost: a\r\n\r\n"),                                                                      "OTHER|/a|none|127.0.0.1||0|"        },
    {BYTES("DELETE /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nxy"),                                            "DELETE|/a|none|127.0.0.1||0|xy"     },
    {BYTES("PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 000\r\n\r\n"),                                               "PUT|/a|none|127.0.0.1||0|"          },
    {BYTES("PATCH /a HTTP/1.1\r\nHost: a\r\nX-Test: \xc3\xa4\r\n\r\n"),                                                "PATCH|/a|none|127.0.0.1|\xc3\xa4|1|"},
    {BYTES("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
           "Chunked\r\n\r\n3\r\nabc\r\n02;x=\"y\"\r\nde\r\n0\r\nX-Test: t\r\n\r\n"),
     "POST|/a|none|127.0.0.1||0|abcde"                                                                                                                      },
 /* RFC 9112, 7.1 allows neither, but libmicrohttpd reads them so. */
    {BYTES("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\n2\nde\n0\n\n"),
     "POST|/a|none|127.0.0.1||0|abcde"                                                                                                                      },
    {BYTES("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;\r\0\r\nabc\r\n0\r\n\r\n"),
     "POST|/a|none|127.0.0.1||0|abc"                                                                                                                        },
    {BYTES("POST /a HTTP/1.1\r\nHost: a\r\nCookie: a=b; c=\"d\"\r\nX-Test: x\r\nContent-Length: 1\r\n\r\n\0"),
     "POST|/a|none|127.0.0.1|x|1|"                                                                                                                          },
};

static void expect_echo(int fd, const char *echo, bool nul)
{
    char expected[512];
    (void)snprintf(expected, sizeof expected, OK_HEAD "Content-Type: text/plain\r\nContent-Length: %zu\r\n\r\n%s",
                   strlen(echo) + nul, echo);
    expect(fd, expected);
}

START_TEST(what_is_odd_but_right_is_read_right)
{
    /* At once, then byte by byte: it must not matter how a request is cut. */
    struct world *world = world_open(usual);
    const struct span bytes = oddities[_i].bytes;
    const bool nul = bytes.data[bytes.len - 1] == 0;
    int fd = dial(world);
    say(fd, bytes);
    expect_echo(fd, oddities[_i].echo, nul);
    (void)close(fd);
    fd = dial(world);
    const int yes = 1;
    ck_assert_int_eq(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes), 0);
    for (size_t i = 0; i < bytes.len; i++) {
        say(fd, span_of(bytes.data + i, 1));
    }
    expect_echo(fd, oddities[_i].echo, nul);
    (void)close(fd);
    world_close(world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("server_abuse");
    TCase *tcase = tcase_create("all");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, abuse_is_refused_before_a_handler_runs, 0, sizeof abuses / sizeof abuses[0]);
    tcase_add_loop_test(tcase, what_the_library_refuses_reaches_no_handler_either, 0,
                        sizeof library / sizeof library[0]);
    tcase_add_loop_test(tcase, what_is_odd_but_right_is_read_right, 0, sizeof oddities / sizeof oddities[0]);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
