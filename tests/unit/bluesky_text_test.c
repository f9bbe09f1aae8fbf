/* bluesky_text_test.c: what a text names, compared byte by byte with what Bluesky's own client finds in it: the second
 * column is what detectFacets of the npm package @atproto/api 0.20.41 gives, many of the texts are its tests' own.
 * Where we differ on purpose (bluesky_text.h says why), both are in the row. */
#include "adapters/bluesky_text.h"

#include <check.h>

#include "tests/suite.h"

static const struct {
    const char *text;
    const char *marks;
} same[] = {
    {"no mention",                                                                    ""                                                                },
    {"@handle.com middle end",                                                        "0-11 mention handle.com"                                         },
    {"start @handle.com end",                                                         "6-17 mention handle.com"                                         },
    {"start middle @handle.com",                                                      "13-24 mention handle.com"                                        },
    {"@handle.com @handle.com",                                                       "0-11 mention handle.com | 12-23 mention handle.com"              },
    {"@full123-chars.test",                                                           "0-19 mention full123-chars.test"                                 },
    {"not@right",                                                                     ""                                                                },
    {"@handle.com!@#$chars",                                                          "0-11 mention handle.com"                                         },
    {"@handle.com\n@handle.com",                                                      "0-11 mention handle.com | 12-23 mention handle.com"              },
    {"parenthetical (@handle.com)",                                                   "15-26 mention handle.com"                                        },
    {"\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F467 @handle.com "
     "\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F467",               "26-37 mention handle.com"                                        },
    {"@bob.test\u2019s book",                                                         "0-9 mention bob.test"                                            },
    {"@bob.test\u3055\u3093\u3001\u3053\u3093\u306B\u3061\u306F",                     "0-9 mention bob.test"                                            },
    {"@bob.test\u3002",                                                               "0-9 mention bob.test"                                            },
    {"\u898B\u3066 @bob.test",                                                        "7-16 mention bob.test"                                           },
    {"\u898B\u3066@bob.test",                                                         ""                                                                },
    {"\u3000@bob.test",                                                               "3-12 mention bob.test"                                           },
    {"\u00A0@bob.test",                                                               "2-11 mention bob.test"                                           },
    {"@bob.test.",                                                                    "0-9 mention bob.test"                                            },
    {"@bob.test-",                                                                    "0-9 mention bob.test"                                            },
    {"@bob.test_x",                                                                   ""                                                                },
    {"@bob.test@mastodon.example",                                                    "0-9 mention bob.test"                                            },
    {"\"@bob.test\"",                                                                 ""                                                                },
    {"[@bob.test]",                                                                   ""                                                                },
    {"@bob",                                                                          ""                                                                },
    {"@bob.test/x",                                                                   "0-9 mention bob.test"                                            },
    {"@bob.test:",                                                                    "0-9 mention bob.test"                                            },
    {"start https://middle.com/foo/bar?baz=bux#hash end",                             "6-45 link https://middle.com/foo/bar?baz=bux#hash"               },
    {"https://newline1.com\nhttps://newline2.com",                                    "0-20 link https://newline1.com | 21-41 link https://newline2.com"},
    {"\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F467 https://middle.com", "26-44 link https://middle.com"                                   },
    {"https://foo.com, https://bar.com/a; https://baz.com.",
     "0-15 link https://foo.com | 17-34 link https://bar.com/a | 36-51 link https://baz.com"                                                            },
    {"parenthetical (https://foo.com)",                                               "15-30 link https://foo.com"                                      },
    {"except for https://foo.com/thing_(cool)",                                       "11-39 link https://foo.com/thing_(cool)"                         },
    {"(https://foo.com).",                                                            "1-16 link https://foo.com"                                       },
    {"https://foo.com/\u65E5\u672C\u3001\u6B21",                                      "0-28 link https://foo.com/\u65E5\u672C\u3001\u6B21"              },
    {"https://foo.com/Sgr_A*",                                                        "0-22 link https://foo.com/Sgr_A*"                                },
    {"https://foo.com/a_",                                                            "0-18 link https://foo.com/a_"                                    },
    {"https://foo.com/a[1]",                                                          "0-20 link https://foo.com/a[1]"                                  },
    {"https://[::1]",                                                                 "0-13 link https://[::1]"                                         },
    {"https://1.2.3.4:80/",                                                           "0-19 link https://1.2.3.4:80/"                                   },
    {"not.. a..url ..here",                                                           ""                                                                },
    {"e.g. something-cool.jpg",                                                       ""                                                                },
    {"xhttps://a.com",                                                                ""                                                                },
    {"https://",                                                                      ""                                                                },
    {"http\032//a.com",                                                               ""                                                                },
    {"https://a.com/it's",                                                            "0-18 link https://a.com/it's"                                    },
    {"ftp://a.com",                                                                   ""                                                                },
    {"https://a.com/@bob.test/#a",                                                    "0-26 link https://a.com/@bob.test/#a"                            },
    {"#a",                                                                            "0-2 tag a"                                                       },
    {"#a #b",                                                                         "0-2 tag a | 3-5 tag b"                                           },
    {"#1",                                                                            ""                                                                },
    {"#1a",                                                                           "0-3 tag 1a"                                                      },
    {"body #a1",                                                                      "5-8 tag a1"                                                      },
    {"#",                                                                             ""                                                                },
    {"#?",                                                                            ""                                                                },
    {"text # text",                                                                   ""                                                                },
    {"its a #double#rainbow",                                                         "6-21 tag double#rainbow"                                         },
    {"##hashash",                                                                     "0-9 tag #hashash"                                                },
    {"##",                                                                            ""                                                                },
    {"some #n0n3s@n5e!",                                                              "5-15 tag n0n3s@n5e"                                              },
    {"works #with,punctuation",                                                       "6-23 tag with,punctuation"                                       },
    {"trailing #punctuation, #like. #this!",                                          "9-21 tag punctuation | 23-28 tag like | 30-35 tag this"          },
    {"strips #multi_trailing___...",                                                  "7-22 tag multi_trailing"                                         },
    {"works with #\U0001F98B and #butter\U0001F98Bfly",                               "11-16 tag \U0001F98B | 21-35 tag butter\U0001F98Bfly"            },
    {"this #\uFE0F\u20E3tag is none",                                                 ""                                                                },
    {"this ##\uFE0F\u20E3tag is one",                                                 "5-16 tag #\uFE0F\u20E3tag"                                       },
    {"#t\nag",                                                                        "0-2 tag t"                                                       },
    {"#\u200Ba",                                                                      ""                                                                },
    {"#a\u200Bb",                                                                     "0-2 tag a"                                                       },
    {"#\u20E2tag",                                                                    ""                                                                },
    {"#a\u20E2b",                                                                     "0-2 tag a"                                                       },
    {"#a\u00ADb",                                                                     "0-2 tag a"                                                       },
    {"full \uFF03tag",                                                                "5-11 tag tag"                                                    },
    {"\uFF03#\uFE0F\u20E3tag",                                                        "0-13 tag #\uFE0F\u20E3tag"                                       },
    {"#1?",                                                                           ""                                                                },
    {"\uFF23\u8A00\u8A9E \uFF03\u8A00\u8A9E",                                         "10-19 tag \u8A00\u8A9E"                                          },
    {"\uFF23\u8A00\u8A9E",                                                            ""                                                                },
    {"#\u65E5\u672C\u8A9E\u3001\u3067\u3059",                                         "0-19 tag \u65E5\u672C\u8A9E\u3001\u3067\u3059"                   },
    {"#\uFF11\uFF12",                                                                 "0-7 tag \uFF11\uFF12"                                            },
    {"#\u0663",                                                                       "0-3 tag \u0663"                                                  },
    {"(#a)",                                                                          ""                                                                },
    {"a#b",                                                                           ""                                                                },
    {"#c++",                                                                          "0-4 tag c++"                                                     },
    {"#tag\u2019s",                                                                   "0-8 tag tag\u2019s"                                              },
    {"x\u3000#a",                                                                     "4-6 tag a"                                                       },
    {"#\001a",                                                                        "0-3 tag \001a"                                                   },
};

static const struct {
    const char *text;
    const char *marks;
    const char *clients;
} different[] = {
    {"buy $aapl.",                      "",                             "4-9 tag $AAPL"                                     },
    {"@Bob.Test",                       "0-9 mention Bob.Test",         ""                                                  },
    {"@bob.notatld",                    "0-12 mention bob.notatld",     ""                                                  },
    {"@-bob.test",                      "",                             "0-10 mention -bob.test"                            },
    {"example.com/a",                   "",                             "0-13 link https://example.com/a"                   },
    {"README.md",                       "",                             "0-9 link https://README.md"                        },
    {"HTTP://EXAMPLE.com",              "0-18 link HTTP://EXAMPLE.com", ""                                                  },
    {"\u898B\u3066\uFF1Ahttps://a.com", "9-22 link https://a.com",      ""                                                  },
    {"<https://a.com>",                 "1-14 link https://a.com",      ""                                                  },
    {"\"https://a.com\"",               "1-14 link https://a.com",      ""                                                  },
    {"'https://a.com'",                 "1-14 link https://a.com",      ""                                                  },
    {"[https://a.com]",                 "1-14 link https://a.com",      ""                                                  },
    {"https://a.com...",                "0-13 link https://a.com",      "0-15 link https://a.com.."                         },
    {"https://a.com!)",                 "0-13 link https://a.com",      "0-14 link https://a.com!"                          },
    {"https://a.com/x(y))",             "0-18 link https://a.com/x(y)", "0-19 link https://a.com/x(y))"                     },
    {"https://...",                     "",                             "0-10 link https://.."                              },
    {"#a(https://b.com)",               "0-16 tag a(https://b.com",     "0-16 tag a(https://b.com | 3-16 link https://b.com"},
};

/* "0-11 mention handle.com | 12-14 tag a": bytes, end exclusive, and the value. */
static void ck_marks(const char *text, const char *wanted)
{
    static const char *const kinds[] = {[MARK_LINK] = " link ", [MARK_MENTION] = " mention ", [MARK_TAG] = " tag "};
    struct arena arena;
    struct bluesky_marks marks;
    char found[512];
    struct buf out = buf_of(found, sizeof found);
    arena_init(&arena, 1 << 20);
    ck_assert_int_eq(bluesky_marks_find(span_text(text), &arena, &marks), OK);
    for (uint32_t i = 0; i < marks.count; i++) {
        buf_text(&out, i == 0 ? "" : " | ");
        buf_u64(&out, marks.items[i].start);
        buf_text(&out, "-");
        buf_u64(&out, marks.items[i].end);
        buf_text(&out, kinds[marks.items[i].kind]);
        buf_put(&out, marks.items[i].value);
    }
    ck_assert_str_eq(buf_terminated(&out), wanted);
    arena_done(&arena);
}

START_TEST(marks_are_those_of_blueskys_own_client)
{
    ck_marks(same[_i].text, same[_i].marks);
}

END_TEST

START_TEST(marks_differ_on_purpose)
{
    ck_marks(different[_i].text, different[_i].marks);
    ck_assert_str_ne(different[_i].marks, different[_i].clients);
}

END_TEST

START_TEST(a_tag_has_at_most_64_clusters_and_640_bytes)
{
    char text[700] = "#";
    char marks[700] = "0-65 tag ";
    memset(text + 1, 'a', 64);
    memset(marks + 9, 'a', 64);
    ck_marks(text, marks);
    text[65] = 'a';
    ck_marks(text, "");
    struct buf out = buf_of(text, sizeof text);
    buf_text(&out, "#e");
    for (int i = 0; i < 320; i++) {
        buf_text(&out, "\u0301"); /* one cluster of 641 bytes */
    }
    ck_marks(buf_terminated(&out), "");
}

END_TEST

/* White space between two pieces is in none of them, however much it is. */
START_TEST(a_text_beyond_any_thread_is_told_from_one_that_is_mostly_blank)
{
    static char text[3 * BLUESKY_BYTES_MAX];
    struct bluesky_pieces pieces;
    struct arena arena;
    bool fits = true;
    uint32_t clusters = 1;
    arena_init(&arena, (size_t)1 << 20);
    memset(text, 'a', sizeof text);
    ck_assert_int_eq(bluesky_split(span_of(text, 2 * BLUESKY_BYTES_MAX + 1), 2, &arena, &pieces), OK);
    ck_assert_int_eq(pieces.fault, SPLIT_TOO_MANY);
    ck_assert_uint_eq(arena.total, 0); /* nothing was measured */
    memset(text + 1, ' ', sizeof text - 2);
    ck_assert_int_eq(bluesky_split(span_of(text, sizeof text), 2, &arena, &pieces), OK);
    ck_assert_int_eq(pieces.fault, SPLIT_OK);
    ck_assert_uint_eq(pieces.count, 2);
    arena_done(&arena);
    static char more[BLUESKY_COUNTED_MAX + 1];
    memset(more, 'a', sizeof more);
    ck_assert_int_eq(bluesky_fits(span_of(more, sizeof more - 1), &fits, &clusters), OK);
    ck_assert_uint_eq(clusters, BLUESKY_COUNTED_MAX);
    ck_assert_int_eq(bluesky_fits(span_of(more, sizeof more), &fits, &clusters), OK);
    ck_assert(!fits);
    ck_assert_uint_eq(clusters, 0);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("bluesky_text");
    TCase *tcase = tcase_create("bluesky_text");
    tcase_add_loop_test(tcase, marks_are_those_of_blueskys_own_client, 0, sizeof same / sizeof *same);
    tcase_add_loop_test(tcase, marks_differ_on_purpose, 0, sizeof different / sizeof *different);
    tcase_add_test(tcase, a_tag_has_at_most_64_clusters_and_640_bytes);
    tcase_add_test(tcase, a_text_beyond_any_thread_is_told_from_one_that_is_mostly_blank);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
