/* bluesky_resolve_test.c: what a post names is asked of the network before it locks; what passes is asked again, and
 * whatever the others do, the job ends in time with what it has. */
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

START_TEST(what_is_no_job_is_refused)
{
    job.payload = SPAN("no JSON");
    begin("resolve");
    ends(OUTCOME_REFUSED, "render_refused");
}

END_TEST

/* The next question comes so long after now. */
static void waits(int64_t after_ms)
{
    ck_assert(!finished);
    ck_assert_int_eq(request.not_before_ms, under_way.now_ms + after_ms);
    under_way.now_ms = request.not_before_ms;
}

#define THREE "{\"texts\":[\"@a.test @b.test @c.test\"]}"
#define ASK_A XRPC "identity.resolveHandle?handle=a.test"
#define ASK_B XRPC "identity.resolveHandle?handle=b.test"
#define ASK_C XRPC "identity.resolveHandle?handle=c.test"

static const struct {
    const char *name;
    enum http_result result;
    unsigned status;
} passing[] = {
    {"a gateway without its server", HTTP_COMPLETE,  502},
    {"not sent",                     HTTP_NOT_SENT,  0  },
    {"no answer",                    HTTP_NO_ANSWER, 0  },
    {"too slow",                     HTTP_TIMED_OUT, 0  },
};

START_TEST(an_error_that_passes_costs_no_other_handle_and_is_asked_again)
{
    const struct http_response nothing = {
        .result = passing[_i].result, .status = passing[_i].status, .body = SPAN("{\"error\":\"UpstreamFailure\"}")};
    job.payload = SPAN(THREE);
    begin("resolve");
    asks(HTTP_GET, ASK_A, NULL);
    next(&nothing);
    waits(0);
    asks(HTTP_GET, ASK_B, NULL);
    answer(200, "{\"did\":\"did:plc:bb\"}");
    waits(0);
    asks(HTTP_GET, ASK_C, NULL);
    next(&nothing);
    waits(1000);
    asks(HTTP_GET, ASK_A, NULL);
    answer(200, "{\"did\":\"did:plc:aa\"}");
    waits(0);
    asks(HTTP_GET, ASK_C, NULL);
    answer(400, "{\"error\":\"InvalidRequest\"}");
    ends(OUTCOME_ACCEPTED, NULL);
    ck_text(outcome.result, "{\"mentions\":{\"a.test\":\"did:plc:aa\",\"b.test\":\"did:plc:bb\"}}");
}

END_TEST

START_TEST(a_limit_of_the_platform_is_waited_for)
{
    job.payload = SPAN(THREE);
    job.deadline_ms = NOW_MS + 25000;
    begin("resolve");
    const struct http_response limited = {
        .result = HTTP_COMPLETE, .status = 429, .headers.retry_after = SPAN("7"), .body = SPAN("")};
    next(&limited);
    waits(7000);
    asks(HTTP_GET, ASK_A, NULL);
    const struct http_response for_long = {
        .result = HTTP_COMPLETE, .status = 429, .headers.retry_after = SPAN("60"), .body = SPAN("")};
    next(&for_long); /* longer than there is time */
    ends(OUTCOME_ACCEPTED, NULL);
    ck_text(outcome.result, "{\"mentions\":{}}");
}

END_TEST

START_TEST(what_does_not_pass_is_given_up_in_time_for_the_lock)
{
    static const int64_t pauses_ms[] = {1000, 2000, 4000, 8000};
    job.payload = SPAN("{\"texts\":[\"@a.test\"]}");
    job.deadline_ms = NOW_MS + 25000;
    begin("resolve");
    for (size_t i = 0; i < sizeof pauses_ms / sizeof *pauses_ms; i++) {
        asks(HTTP_GET, ASK_A, NULL);
        answer(503, "");
        waits(pauses_ms[i]);
    }
    under_way.now_ms += 6000; /* 21 s: it did not answer */
    breaks(HTTP_TIMED_OUT);
    ends(OUTCOME_ACCEPTED, NULL);
    again();
    job.payload = SPAN(THREE);
    job.deadline_ms = NOW_MS + 10000;
    begin("resolve");
    under_way.now_ms = NOW_MS + 6000;
    breaks(HTTP_TIMED_OUT);
    asks(HTTP_GET, ASK_B, NULL);
    under_way.now_ms = request.deadline_ms;
    ck_assert_int_eq(under_way.now_ms, job.deadline_ms - 1000);
    breaks(HTTP_TIMED_OUT);
    ends(OUTCOME_ACCEPTED, NULL);
    again();
    job.payload = SPAN(THREE);
    job.deadline_ms = NOW_MS + 1000; /* it waited in line for too long */
    begin("resolve");
    ends(OUTCOME_ACCEPTED, NULL);
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

START_TEST(an_exchange_that_fails_costs_only_the_picture)
{
    job.payload = SPAN("{\"texts\":[\"@a.test\"],\"link\":\"https://example.com/a/b\"}");
    begin("resolve");
    answer(502, "");
    page("text/html", SPAN(HTML));
    page("image/png", SPAN(PNG));
    answer(401, "");
    asks(HTTP_POST, XRPC "server.refreshSession", "Bearer refresh1");
    answer(500, "");
    waits(1000);
    asks(HTTP_GET, ASK_A, NULL);
    answer(200, "{\"did\":\"did:plc:aa\"}");
    ends(OUTCOME_ACCEPTED, NULL);
    ck_text(outcome.result, "{\"mentions\":{\"a.test\":\"did:plc:aa\"},\"card\":{\"uri\":\"https://example.com/a/b\","
                            "\"title\":\"T\",\"description\":\"D\"}}");
}

END_TEST

START_TEST(what_of_a_card_passes_is_asked_again_alone)
{
    const struct http_response busy = {
        .result = HTTP_COMPLETE, .status = 503, .headers.retry_after = SPAN("3"), .body = SPAN(HTML)};
    job.payload = SPAN(LINKED);
    begin("resolve");
    next(&busy);
    waits(3000);
    asks(HTTP_GET, "https://example.com/a/b", NULL);
    page("text/html", SPAN(HTML));
    breaks(HTTP_NOT_SENT);
    waits(2000);
    asks(HTTP_GET, "https://example.com/i.png", NULL);
    page("image/png", SPAN(PNG));
    answer(500, "");
    waits(4000);
    asks(HTTP_POST, XRPC "repo.uploadBlob", "Bearer access1");
    ck_text(request.body, PNG);
    answer(200, "{\"blob\":{\"size\":12,\"$type\":\"blob\",\"ref\":{\"$link\":\"bafy\"},\"mimeType\":\"image/png\"}}");
    ends(OUTCOME_ACCEPTED, NULL);
    ck_text(outcome.result, CARD(",\"thumb\":{\"$type\":\"blob\",\"ref\":{\"$link\":\"bafy\"},\"mimeType\":"
                                 "\"image/png\",\"size\":12}"));
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
    {"a redirect",      HTTP_COMPLETE, 302, "text/html"      },
    {"not found",       HTTP_COMPLETE, 404, "text/html"      },
    {"a PDF",           HTTP_COMPLETE, 200, "application/pdf"},
    {"a private place", HTTP_ADDRESS,  0,   ""               },
};

START_TEST(a_page_that_does_not_help_gives_no_card)
{
    job.payload = SPAN(LINKED);
    begin("resolve");
    const struct http_response response = {.result = pages[_i].result,
                                           .status = pages[_i].status,
                                           .headers.content_type = span_text(pages[_i].type),
                                           .body = SPAN(HTML)};
    next(&response);
    ends(OUTCOME_ACCEPTED, NULL);
    ck_text(outcome.result, "{\"mentions\":{}}");
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
    tcase_add_test(tcase, what_is_no_job_is_refused);
    tcase_add_loop_test(tcase, an_error_that_passes_costs_no_other_handle_and_is_asked_again, 0,
                        sizeof passing / sizeof *passing);
    tcase_add_test(tcase, a_limit_of_the_platform_is_waited_for);
    tcase_add_test(tcase, what_does_not_pass_is_given_up_in_time_for_the_lock);
    tcase_add_test(tcase, resolve_makes_a_card);
    tcase_add_test(tcase, resolve_refreshes_for_the_picture);
    tcase_add_test(tcase, an_exchange_that_fails_costs_only_the_picture);
    tcase_add_test(tcase, what_of_a_card_passes_is_asked_again_alone);
    tcase_add_test(tcase, a_picture_that_is_none_leaves_the_card_without);
    tcase_add_loop_test(tcase, a_page_that_does_not_help_gives_no_card, 0, sizeof pages / sizeof *pages);
    tcase_add_test(tcase, a_page_cut_at_the_limit_is_still_read);
    tcase_add_test(tcase, a_forbidden_link_is_never_fetched);
    tcase_add_test(tcase, hostile_facts_still_fit_a_result);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
