/* bluesky_resolve_test.c: what a post names is asked of the network before it locks; whatever a foreign page does, the
 * job ends well. */
#include "tests/suite.h"
#include "tests/unit/bluesky_dialogue.h"

START_TEST(resolve_asks_each_mention_once)
{
    job.payload = SPAN("{\"texts\":[\"hi @Bob.test and @bob.test\",\"@carol.test\"]}");
    begin("resolve");
    asks(HTTP_GET, XRPC "identity.resolveHandle?handle=bob.test", NULL);
    answer(200, "{\"did\":\"did:plc:bob\"}");
    asks(HTTP_GET, XRPC "identity.resolveHandle?handle=carol.test", NULL);
    answer(400, "{\"error\":\"InvalidRequest\",\"message\":\"Unable to resolve handle\"}");
    ends(OUTCOME_ACCEPTED, NULL);
    ck_text(outcome.result, "{\"mentions\":{\"bob.test\":\"did:plc:bob\"}}");
}

END_TEST

START_TEST(resolve_that_gets_no_word_about_a_handle_is_tried_again)
{
    job.payload = SPAN("{\"texts\":[\"hi @bob.test\"]}");
    begin("resolve");
    answer(502, "{\"error\":\"UpstreamFailure\"}");
    ends(OUTCOME_TRY_AGAIN, "platform_unavailable");
    again();
    job.payload = SPAN("{\"texts\":[\"hi @bob.test\"]}");
    begin("resolve");
    answer(429, "");
    ends(OUTCOME_DEFERRED, "platform_rate_limited");
    again();
    job.payload = SPAN("no JSON");
    begin("resolve");
    ends(OUTCOME_REFUSED, "render_refused");
}

END_TEST

#define HTML                                                                       \
    "<html><head><title>T</title><meta property=\"og:description\" content=\"D\">" \
    "<meta property='og:image' content='/i.png'></head>"
#define PNG "\x89PNG\r\n\x1A\n...."
#define LINKED "{\"texts\":[\"x\"],\"link\":\"https://example.com/a/b\"}"
#define CARD(more_) \
    "{\"mentions\":{},\"card\":{\"uri\":\"https://example.com/a/b\",\"title\":\"T\",\"description\":\"D\"" more_ "}}"

static void resolve_to_image(void)
{
    job.payload = SPAN(LINKED);
    begin("resolve");
    asks(HTTP_GET, "https://example.com/a/b", NULL);
    ck_assert_uint_eq(request.response_max, BLUESKY_PAGE_MAX);
    page("text/html; charset=utf-8", SPAN(HTML));
    asks(HTTP_GET, "https://example.com/i.png", NULL);
    ck_assert_uint_eq(request.response_max, BLUESKY_THUMB_MAX);
}

START_TEST(resolve_makes_a_card)
{
    resolve_to_image();
    page("image/png", SPAN(PNG));
    asks(HTTP_POST, XRPC "repo.uploadBlob", "Bearer access1");
    ck_text(request.content_type, "image/png");
    ck_text(request.body, PNG);
    answer(200, "{\"blob\":{\"size\":12,\"$type\":\"blob\",\"ref\":{\"$link\":\"bafy\"},\"mimeType\":\"image/png\"}}");
    ends(OUTCOME_ACCEPTED, NULL);
    ck_text(outcome.result, CARD(",\"thumb\":{\"$type\":\"blob\",\"ref\":{\"$link\":\"bafy\"},\"mimeType\":"
                                 "\"image/png\",\"size\":12}"));
}

END_TEST

START_TEST(resolve_refreshes_for_the_picture)
{
    resolve_to_image();
    page("image/png", SPAN(PNG));
    answer(401, "");
    asks(HTTP_POST, XRPC "server.refreshSession", "Bearer refresh1");
    answer(200, FRESH);
    stores(FRESH);
    asks(HTTP_POST, XRPC "repo.uploadBlob", "Bearer access2");
    ck_text(request.body, PNG);
    answer(413, "");
    ends(OUTCOME_ACCEPTED, NULL);
    ck_text(outcome.result, CARD(""));
}

END_TEST

START_TEST(a_picture_that_is_none_leaves_the_card_without)
{
    resolve_to_image();
    page("image/png", SPAN("<html>"));
    ends(OUTCOME_ACCEPTED, NULL);
    ck_text(outcome.result, CARD(""));
    again();
    resolve_to_image();
    breaks(HTTP_TOO_LARGE);
    ck_text(outcome.result, CARD(""));
}

END_TEST

static const struct {
    const char *name;
    enum http_result result;
    unsigned status;
    const char *type;
} pages[] = {
    {"a redirect",      HTTP_COMPLETE,  302, "text/html"      },
    {"not found",       HTTP_COMPLETE,  404, "text/html"      },
    {"a PDF",           HTTP_COMPLETE,  200, "application/pdf"},
    {"unreachable",     HTTP_NOT_SENT,  0,   ""               },
    {"a private place", HTTP_ADDRESS,   0,   ""               },
    {"too slow",        HTTP_TIMED_OUT, 0,   ""               },
};

START_TEST(a_page_that_does_not_help_leaves_a_plain_card)
{
    job.payload = SPAN(LINKED);
    begin("resolve");
    const struct http_response response = {.result = pages[_i].result,
                                           .status = pages[_i].status,
                                           .headers.content_type = span_text(pages[_i].type),
                                           .body = SPAN(HTML)};
    next(&response);
    ends(OUTCOME_ACCEPTED, NULL);
    ck_text(outcome.result, "{\"mentions\":{},\"card\":{\"uri\":\"https://example.com/a/b\",\"title\":\"example.com\","
                            "\"description\":\"\"}}");
}

END_TEST

START_TEST(a_page_cut_at_the_limit_is_still_read)
{
    job.payload = SPAN(LINKED);
    begin("resolve");
    const struct http_response response = {.result = HTTP_TOO_LARGE,
                                           .status = 200,
                                           .headers.content_type = SPAN("text/html"),
                                           .body = SPAN("<title>T</title><meta name=description content=D>")};
    next(&response);
    ends(OUTCOME_ACCEPTED, NULL);
    ck_text(outcome.result, CARD(""));
}

END_TEST

START_TEST(a_forbidden_link_is_never_fetched)
{
    job.payload = SPAN("{\"texts\":[],\"link\":\"http://169.254.169.254/latest/meta-data\"}");
    begin("resolve");
    ends(OUTCOME_ACCEPTED, NULL);
    again();
    job.payload = SPAN(LINKED);
    begin("resolve");
    page("text/html", SPAN("<title>T</title><meta name=description content=D><meta property=og:image "
                           "content=http://10.0.0.1/x.png>"));
    ends(OUTCOME_ACCEPTED, NULL);
    ck_text(outcome.result, CARD(""));
}

END_TEST

START_TEST(hostile_facts_still_fit_a_result)
{
    char *text = arena_alloc(&arena, 64 << 10);
    struct buf buf = buf_of(text, 64 << 10);
    buf_text(&buf, "{\"texts\":[\"");
    for (int i = 0; i < 70; i++) {
        buf_text(&buf, "@");
        buf_u64(&buf, (uint64_t)i + 1000);
        for (int k = 0; k < 4; k++) {
            buf_text(&buf, ".aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
        }
        buf_text(&buf, " ");
    }
    buf_text(&buf, "\"]}");
    ck_assert(buf_ok(&buf));
    job.payload = buf_span(&buf);
    char did[512];
    struct buf body = buf_of(did, sizeof did);
    buf_text(&body, "{\"did\":\"did:plc:");
    for (int i = 0; i < 240; i++) {
        buf_text(&body, "a");
    }
    buf_text(&body, "\"}");
    (void)buf_terminated(&body);
    begin("resolve");
    for (int i = 0; i < 64; i++) {
        answer(200, did);
    }
    ends(OUTCOME_ACCEPTED, NULL);
    ck_assert_uint_gt(outcome.result.len, 60 * 480);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("bluesky_resolve");
    TCase *tcase = tcase_create("bluesky_resolve");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, resolve_asks_each_mention_once);
    tcase_add_test(tcase, resolve_that_gets_no_word_about_a_handle_is_tried_again);
    tcase_add_test(tcase, resolve_makes_a_card);
    tcase_add_test(tcase, resolve_refreshes_for_the_picture);
    tcase_add_test(tcase, a_picture_that_is_none_leaves_the_card_without);
    tcase_add_loop_test(tcase, a_page_that_does_not_help_leaves_a_plain_card, 0, sizeof pages / sizeof *pages);
    tcase_add_test(tcase, a_page_cut_at_the_limit_is_still_read);
    tcase_add_test(tcase, a_forbidden_link_is_never_fetched);
    tcase_add_test(tcase, hostile_facts_still_fit_a_result);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
