/* bluesky_page_test.c: a link's card out of a page's HTML, however the page is written, and nothing out of bounds when
 * it is cut or hostile. */
#include "adapters/page_scan.h"
#include "core/base/prng.h"

#include <check.h>
#include <stdlib.h>

#include "tests/suite.h"

static struct arena arena;

static void set_up(void)
{
    arena_init(&arena, 4 << 20);
}

static void tear_down(void)
{
    arena_done(&arena);
}

#define BASE "https://example.com/dir/page.html?q=1"

static const struct {
    const char *html;
    const char *title, *description, *image;
} pages[] = {
    {"<title>A page</title>",                                                                         "A page",                          NULL,    NULL                           },
    {"<TITLE lang=en>\n A\t page \r\n</TITLE>",                                                       "A page",                          NULL,    NULL                           },
    {"<meta property=\"og:title\" content=\"B\"><title>A</title>",                                    "B",                               NULL,    NULL                           },
    {"<title>A</title><meta property='og:title' content='B'>",                                        "B",                               NULL,    NULL                           },
    {"<meta content=C name=twitter:title><title>A</title>",                                           "C",                               NULL,    NULL                           },
    {"<meta name=\"og:title\" content=\"first\"/><meta name=\"og:title\" content=\"second\"/>",       "first",                           NULL,    NULL                           },
    {"<meta property=og:title content=\"\"><title>A</title>",                                         "A",                               NULL,    NULL                           },
    {"<!-- <title>no</title> --><title>yes</title>",                                                  "yes",                             NULL,    NULL                           },
    {"<script>var t='<title>no</title>';</script><title>yes</title>",                                 "yes",                             NULL,    NULL                           },
    {"<style><title>no</title></style><title>yes</title>",                                            "yes",                             NULL,    NULL                           },
    {"<svg><title>no</title></svg><title>yes</title>",                                                "yes",                             NULL,    NULL                           },
    {"<div data-x=\"<title>no</title>\"><title>yes</title>",                                          "yes",                             NULL,    NULL                           },
    {"<title>Tom &amp; Jerry &lt;3 &quot;x&quot; &#39;y&#x27; &mdash; caf&eacute; &#128077;</title>",
     "Tom & Jerry <3 \"x\" 'y' \u2014 caf\u00E9 \U0001F44D",                                                                             NULL,    NULL                           },
    {"<title>&unknown; &# &#x; &#xZZ; & &amp</title>",                                                "&unknown; &# &#x; &#xZZ; & &amp", NULL,    NULL                           },
    {"<title>&#0;&#xD800;&#99999999;</title>",                                                        "\uFFFD\uFFFD\uFFFD",              NULL,    NULL                           },
    {"<title>a\xFF\xC3(b\xE2\x82</title>",                                                            "a(b",                             NULL,    NULL                           },
    {"<title>a\x01\x1F\x7F b</title>",                                                                "a b",                             NULL,    NULL                           },
    {"<title>cut off",                                                                                NULL,                              NULL,    NULL                           },
    {"<title></title>",                                                                               NULL,                              NULL,    NULL                           },
    {"<meta name=description content='D one'>",                                                       NULL,                              "D one", NULL                           },
    {"<meta name=description content='D'><meta property=og:description content='O'>",                 NULL,                              "O",     NULL                           },
    {"<meta property=og:image content=https://cdn.example/i.png>",                                    NULL,                              NULL,    "https://cdn.example/i.png"    },
    {"<meta property=og:image content=//cdn.example/i.png>",                                          NULL,                              NULL,    "https://cdn.example/i.png"    },
    {"<meta property=og:image content=/i.png>",                                                       NULL,                              NULL,    "https://example.com/i.png"    },
    {"<meta property=og:image content=i.png>",                                                        NULL,                              NULL,    "https://example.com/dir/i.png"},
    {"<meta property=og:image content='a b.png'>",                                                    NULL,                              NULL,    NULL                           },
    {"<meta property=og:image content=data:image/png;base64,AAAA>",                                   NULL,                              NULL,    NULL                           },
    {"<meta property=og:image content=javascript:x>",                                                 NULL,                              NULL,    NULL                           },
    {"<meta property=og:image content='https://e.example/?a=1&amp;b=2'>",                             NULL,                              NULL,    "https://e.example/?a=1&b=2"   },
    {"<meta property=twitter:image content=/t.png>",                                                  NULL,                              NULL,    "https://example.com/t.png"    },
    {"<meta property=og:title content=",                                                              NULL,                              NULL,    NULL                           },
    {"<meta property=og:title content='x",                                                            "x",                               NULL,    NULL                           },
    {"<meta / = ' \" property=og:title content=x>",                                                   "x",                               NULL,    NULL                           },
    {"<",                                                                                             NULL,                              NULL,    NULL                           },
    {"",                                                                                              NULL,                              NULL,    NULL                           },
};

static void ck_span(const char *html, struct span text, const char *wanted)
{
    ck_assert_msg((text.data == NULL) == (wanted == NULL), "%s", html);
    if (wanted != NULL) {
        ck_assert_msg(span_equal(text, span_text(wanted)), "%s: %.*s", html, (int)text.len, (const char *)text.data);
    }
}

START_TEST(a_page_gives_a_card)
{
    struct page_card card;
    ck_assert_int_eq(page_scan(span_text(pages[_i].html), SPAN(BASE), &arena, &card), OK);
    ck_span(pages[_i].html, card.title, pages[_i].title);
    ck_span(pages[_i].html, card.description, pages[_i].description);
    ck_span(pages[_i].html, card.image, pages[_i].image);
}

END_TEST

START_TEST(texts_are_cut_between_characters)
{
    char html[4096];
    struct buf buf = buf_of(html, sizeof html);
    buf_text(&buf, "<title>x");
    for (int i = 0; i < 400; i++) {
        buf_text(&buf, "\u20AC");
    }
    buf_text(&buf, "</title>");
    struct page_card card;
    ck_assert_int_eq(page_scan(buf_span(&buf), SPAN(BASE), &arena, &card), OK);
    ck_assert_uint_eq(card.title.len, 298);
    ck_assert(span_is_utf8(card.title));
}

END_TEST

START_TEST(a_relative_picture_of_a_bare_host_gets_a_slash)
{
    struct span url;
    ck_assert_int_eq(page_resolve(SPAN("http://e.example"), SPAN("i.png"), &arena, &url), OK);
    ck_assert(span_equal(url, SPAN("http://e.example/i.png")));
    ck_assert_int_eq(page_resolve(SPAN("http://e.example?x=/y/"), SPAN("i.png"), &arena, &url), OK);
    ck_assert(span_equal(url, SPAN("http://e.example/i.png")));
    ck_assert_int_eq(page_resolve(SPAN("http://e.example/a#/b/"), SPAN("//c.example/i"), &arena, &url), OK);
    ck_assert(span_equal(url, SPAN("http://c.example/i")));
    ck_assert_int_eq(page_resolve(SPAN("http://e.example"), SPAN(""), &arena, &url), ERR_MALFORMED);
}

END_TEST

START_TEST(any_bytes_at_all_are_survived)
{
    /* Pages put together at random from what the scanner looks for, each in memory of exactly its size, so that a byte
     * too far is seen. */
    static const char *const pieces[] = {
        "<meta ", "property=", "og:title", "og:image",     " content=", "'",       "\"",       ">",   "<",     "/",
        "=",      "<title>",   "</title>", "<!--",         "-->",       "<script", "</script", "&#x", "&amp;", "\xC3",
        "&",      ";",         " ",        "//x.example/", "\x00"};
    struct prng prng;
    prng_seed(&prng, (uint64_t)_i + 1);
    for (int round = 0; round < 200; round++) {
        char html[512];
        struct buf buf = buf_of(html, sizeof html);
        for (uint64_t n = prng_below(&prng, 40); n > 0; n--) {
            const char *piece = pieces[prng_below(&prng, sizeof pieces / sizeof *pieces)];
            buf_put(&buf, span_of(piece, piece[0] == 0 ? 1 : strlen(piece)));
        }
        uint8_t *exact = malloc(buf.len + 1);
        memcpy(exact, html, buf.len);
        exact = realloc(exact, buf.len == 0 ? 1 : buf.len);
        struct page_card card;
        ck_assert_int_eq(page_scan(span_of(exact, buf.len), SPAN(BASE), &arena, &card), OK);
        ck_assert(span_is_utf8(card.title));
        free(exact);
        arena_reset(&arena);
    }
}

END_TEST

START_TEST(the_scanner_says_when_memory_ends)
{
    struct arena none;
    struct page_card card;
    arena_init(&none, 0);
    ck_assert_int_eq(page_scan(SPAN("<title>A</title>"), SPAN(BASE), &none, &card), ERR_NO_MEMORY);
    arena_done(&none);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("bluesky_page");
    TCase *tcase = tcase_create("bluesky_page");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, a_page_gives_a_card, 0, sizeof pages / sizeof *pages);
    tcase_add_test(tcase, texts_are_cut_between_characters);
    tcase_add_test(tcase, a_relative_picture_of_a_bare_host_gets_a_slash);
    tcase_add_loop_test(tcase, any_bytes_at_all_are_survived, 0, 10);
    tcase_add_test(tcase, the_scanner_says_when_memory_ends);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
