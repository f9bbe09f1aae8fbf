/* bluesky_dialogue.h: a job of the adapter bluesky as a dialogue with a test: what it asks, what it is answered, how it
 * ends. */
#ifndef OPENPOST_TESTS_BLUESKY_DIALOGUE_H
#define OPENPOST_TESTS_BLUESKY_DIALOGUE_H

#include "adapters/bluesky.h"
#include "adapters/bluesky_call.h"
#include "adapters/platform.h"

#include <check.h>

#define NOW_MS ((int64_t)1776693600000)
#define TOKENS "{\"accessJwt\":\"access1\",\"refreshJwt\":\"refresh1\"}"
#define RECORD "{\"$type\":\"app.bsky.feed.post\",\"text\":\"Hi\",\"createdAt\":\"2026-04-20T14:00:00Z\"}"
#define PLACE "\"repo\":\"did:plc:alice\",\"collection\":\"app.bsky.feed.post\",\"rkey\":\"3mjwoc5yy2222\""
#define CREATED "{\"uri\":\"at://did:plc:alice/app.bsky.feed.post/3mjwoc5yy2222\",\"cid\":\"bafy1\"}"
#define EXPIRED "{\"error\":\"ExpiredToken\",\"message\":\"Token has expired\"}"
#define FRESH "{\"accessJwt\":\"access2\",\"refreshJwt\":\"refresh2\"}"
#define XRPC "https://pds.test/xrpc/com.atproto."

static struct arena arena;
static const struct guard guard = {.loopback_ports = {2583}, .loopback_count = 1};
static struct job job;
static struct platform_job under_way;
static struct http_request request;
static struct job_outcome outcome;
static bool finished;

static inline void set_up(void)
{
    arena_init(&arena, 8 << 20);
    job = (struct job){.channel = CHANNEL_BLUESKY,
                       .service = SPAN("https://pds.test"),
                       .account = SPAN("did:plc:alice"),
                       .handle = SPAN("alice.test"),
                       .key = SPAN("3mjwoc5yy2222"),
                       .payload = SPAN(RECORD),
                       .started_ms = NOW_MS - 5000,
                       .deadline_ms = NOW_MS + 120000};
    under_way = (struct platform_job){
        .job = &job, .guard = &guard, .credentials = SPAN(TOKENS), .arena = &arena, .now_ms = NOW_MS};
    request = (struct http_request){0};
    outcome = (struct job_outcome){0};
    finished = false;
}

static inline void tear_down(void)
{
    arena_done(&arena);
}

static inline void again(void)
{
    tear_down();
    set_up();
}

static inline void next(const struct http_response *last)
{
    ck_assert(!finished);
    ck_assert_int_eq(bluesky_platform()->next(&under_way, last, &request, &finished, &outcome), OK);
}

static inline void begin(const char *kind)
{
    job.kind = span_text(kind);
    next(NULL);
}

static inline void answer(unsigned status, const char *body)
{
    const struct http_response response = {.result = HTTP_COMPLETE, .status = status, .body = span_text(body)};
    next(&response);
}

/* An answer by a clock that need not be ours. */
static inline void answer_dated(const char *date, const char *body)
{
    const struct http_response response = {
        .result = HTTP_COMPLETE, .status = 200, .headers.date = span_text(date), .body = span_text(body)};
    next(&response);
}

static inline void breaks(enum http_result result)
{
    const struct http_response response = {.result = result};
    next(&response);
}

static inline void page(const char *type, struct span body)
{
    const struct http_response response = {
        .result = HTTP_COMPLETE, .status = 200, .headers.content_type = span_text(type), .body = body};
    next(&response);
}

/* The pair that an exchange gave is stored, as the process does before the job goes on. */
static inline void stores(const char *pair)
{
    ck_assert(!finished);
    ck_assert(span_equal(under_way.fresh, span_text(pair)));
    ck_assert_uint_eq(request.url.len, 0); /* nothing is asked with it before */
    under_way.credentials = under_way.fresh;
    under_way.fresh = (struct span){0};
    next(NULL);
}

static inline void ck_text(struct span text, const char *wanted)
{
    ck_assert_msg(span_equal(text, span_text(wanted)), "got %.*s\nnot %s", (int)text.len, (const char *)text.data,
                  wanted);
}

/* By when an answer must have come: a job that resolves has several questions, and must end before its deadline. */
static inline int64_t answer_by_ms(void)
{
    if (!span_equal(job.kind, SPAN("resolve"))) {
        return job.deadline_ms;
    }
    const int64_t asked_ms = request.not_before_ms > under_way.now_ms ? request.not_before_ms : under_way.now_ms;
    return asked_ms + 6000 < job.deadline_ms - 1000 ? asked_ms + 6000 : job.deadline_ms - 1000;
}

/* authorization NULL: none is sent. */
static inline void asks(enum http_method method, const char *url, const char *authorization)
{
    ck_assert(!finished);
    ck_assert_int_eq(request.method, method);
    ck_text(request.url, url);
    ck_assert((request.authorization.data == NULL) == (authorization == NULL));
    if (authorization != NULL) {
        ck_text(request.authorization, authorization);
    }
    ck_assert_int_eq(request.deadline_ms, answer_by_ms());
}

static inline void ends(enum outcome wanted, const char *code)
{
    ck_assert(finished);
    ck_assert_msg(outcome.outcome == wanted, "%s", choice_word(&outcome_words, outcome.outcome));
    ck_assert((outcome.code.data == NULL) == (code == NULL));
    if (code != NULL) {
        ck_text(outcome.code, code);
        ck_assert_uint_gt(outcome.message.len, 0);
    }
    ck_text(outcome.kind, (const char *)job.kind.data);
    ck_assert_ptr_null(outcome.credentials.data); /* the process seals them */
}

#endif
