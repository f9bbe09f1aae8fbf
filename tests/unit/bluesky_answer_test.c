/* bluesky_answer_test.c: what each answer of a PDS means for a call that commits, for a read, and for calls that may be
 * repeated. The first column of outcomes is the one that keeps a post from being published twice. */
#include "adapters/bluesky_call.h"
#include "core/base/limits.h"

#include <check.h>

#include "tests/suite.h"

#define NOW_MS ((int64_t)1776693600000)

static struct arena arena;

static void set_up(void)
{
    arena_init(&arena, 1 << 20);
}

static void tear_down(void)
{
    arena_done(&arena);
}

#define JSON_ERROR(name_) "{\"error\":\"" name_ "\",\"message\":\"words\"}"

/* Outcomes: of createRecord, getRecord, deleteRecord (as any other). expired: a refresh is tried (createRecord,
 * deleteRecord). */
static const struct {
    const char *name;
    enum http_result result;
    unsigned status;
    const char *body;
    enum outcome commit, read, other;
    const char *code; /* of createRecord */
    bool expired;
} answers[] = {
    {"connection refused",    HTTP_NOT_SENT,  0,   "",                                                    OUTCOME_TRY_AGAIN,    OUTCOME_UNKNOWN, OUTCOME_TRY_AGAIN,
     "platform_unreachable",                                                                                                                                                                  false},
    {"the guard refused",     HTTP_ADDRESS,   0,   "",                                                    OUTCOME_REFUSED,      OUTCOME_UNKNOWN, OUTCOME_REFUSED,      "address_refused",
     false                                                                                                                                                                                         },
    {"sent, silence",         HTTP_NO_ANSWER, 0,   "",                                                    OUTCOME_UNKNOWN,      OUTCOME_UNKNOWN, OUTCOME_TRY_AGAIN,    "outcome_unknown",
     false                                                                                                                                                                                         },
    {"sent, time-out",        HTTP_TIMED_OUT, 0,   "",                                                    OUTCOME_UNKNOWN,      OUTCOME_UNKNOWN, OUTCOME_TRY_AGAIN,    "outcome_unknown",
     false                                                                                                                                                                                         },
    {"200 truncated",         HTTP_TRUNCATED, 200, "{\"uri\":\"at://d/c/r\",\"ci",                        OUTCOME_UNKNOWN,      OUTCOME_UNKNOWN,
     OUTCOME_TRY_AGAIN,                                                                                                                                                "outcome_unknown",     false},
    {"400 truncated",         HTTP_TRUNCATED, 400, JSON_ERROR("InvalidRequest"),                          OUTCOME_UNKNOWN,      OUTCOME_UNKNOWN,
     OUTCOME_TRY_AGAIN,                                                                                                                                                "outcome_unknown",     false},
    {"an answer too large",   HTTP_TOO_LARGE, 200, "{}",                                                  OUTCOME_UNKNOWN,      OUTCOME_UNKNOWN, OUTCOME_TRY_AGAIN,
     "outcome_unknown",                                                                                                                                                                       false},
    {"200 and no JSON",       HTTP_COMPLETE,  200, "<html>",                                              OUTCOME_UNKNOWN,      OUTCOME_UNKNOWN, OUTCOME_ACCEPTED,
     "outcome_unknown",                                                                                                                                                                       false},
    {"200 and nothing",       HTTP_COMPLETE,  200, "",                                                    OUTCOME_UNKNOWN,      OUTCOME_UNKNOWN, OUTCOME_ACCEPTED,     "outcome_unknown",
     false                                                                                                                                                                                         },
    {"200 without a cid",     HTTP_COMPLETE,  200, "{\"uri\":\"at://d/c/r\"}",                            OUTCOME_UNKNOWN,      OUTCOME_UNKNOWN,
     OUTCOME_ACCEPTED,                                                                                                                                                 "outcome_unknown",     false},
    {"200 with another uri",  HTTP_COMPLETE,  200, "{\"uri\":\"http://d\",\"cid\":\"b\"}",                OUTCOME_UNKNOWN,
     OUTCOME_UNKNOWN,                                                                                                                            OUTCOME_ACCEPTED,     "outcome_unknown",     false},
    {"200 with a name twice", HTTP_COMPLETE,  200, "{\"uri\":\"at://d\",\"cid\":\"b\",\"cid\":\"c\"}",    OUTCOME_UNKNOWN,
     OUTCOME_UNKNOWN,                                                                                                                            OUTCOME_ACCEPTED,     "outcome_unknown",     false},
    {"200 whole",             HTTP_COMPLETE,  200, "{\"uri\":\"at://d/c/r\",\"cid\":\"b\",\"value\":{}}", OUTCOME_ACCEPTED,
     OUTCOME_ACCEPTED,                                                                                                                           OUTCOME_ACCEPTED,     NULL,                  false},
    {"202",                   HTTP_COMPLETE,  202, "{\"uri\":\"at://d/c/r\",\"cid\":\"b\"}",              OUTCOME_UNKNOWN,      OUTCOME_UNKNOWN,
     OUTCOME_TRY_AGAIN,                                                                                                                                                "outcome_unknown",     false},
    {"301",                   HTTP_COMPLETE,  301, "",                                                    OUTCOME_UNKNOWN,      OUTCOME_UNKNOWN, OUTCOME_TRY_AGAIN,    "outcome_unknown",     false},
    {"400 InvalidRequest",    HTTP_COMPLETE,  400, JSON_ERROR("InvalidRequest"),                          OUTCOME_REFUSED,      OUTCOME_UNKNOWN,
     OUTCOME_REFUSED,                                                                                                                                                  "platform_refused",    false},
    {"400 BlobNotFound",      HTTP_COMPLETE,  400, JSON_ERROR("BlobNotFound"),                            OUTCOME_REFUSED,      OUTCOME_UNKNOWN,
     OUTCOME_REFUSED,                                                                                                                                                  "platform_refused",    false},
    {"400 RecordNotFound",    HTTP_COMPLETE,  400, JSON_ERROR("RecordNotFound"),                          OUTCOME_REFUSED,      OUTCOME_ABSENT,
     OUTCOME_REFUSED,                                                                                                                                                  "platform_refused",    false},
    {"404 RecordNotFound",    HTTP_COMPLETE,  404, JSON_ERROR("RecordNotFound"),                          OUTCOME_REFUSED,      OUTCOME_UNKNOWN,
     OUTCOME_REFUSED,                                                                                                                                                  "platform_refused",    false},
    {"400 and no JSON",       HTTP_COMPLETE,  400, "Bad Request",                                         OUTCOME_UNKNOWN,      OUTCOME_UNKNOWN, OUTCOME_TRY_AGAIN,
     "outcome_unknown",                                                                                                                                                                       false},
    {"404 of a proxy",        HTTP_COMPLETE,  404, "<html>",                                              OUTCOME_UNKNOWN,      OUTCOME_UNKNOWN, OUTCOME_TRY_AGAIN,
     "outcome_unknown",                                                                                                                                                                       false},
    {"400 ExpiredToken",      HTTP_COMPLETE,  400, JSON_ERROR("ExpiredToken"),                            OUTCOME_UNAUTHORIZED, OUTCOME_UNKNOWN,
     OUTCOME_UNAUTHORIZED,                                                                                                                                             "credentials_refused", true },
    {"400 InvalidToken",      HTTP_COMPLETE,  400, JSON_ERROR("InvalidToken"),                            OUTCOME_UNAUTHORIZED, OUTCOME_UNKNOWN,
     OUTCOME_UNAUTHORIZED,                                                                                                                                             "credentials_refused", true },
    {"401 with words",        HTTP_COMPLETE,  401, JSON_ERROR("AuthMissing"),                             OUTCOME_UNAUTHORIZED, OUTCOME_UNKNOWN,
     OUTCOME_UNAUTHORIZED,                                                                                                                                             "credentials_refused", true },
    {"401 without",           HTTP_COMPLETE,  401, "",                                                    OUTCOME_UNAUTHORIZED, OUTCOME_UNKNOWN, OUTCOME_UNAUTHORIZED,
     "credentials_refused",                                                                                                                                                                   true },
    {"403 AccountTakedown",   HTTP_COMPLETE,  403, JSON_ERROR("AccountTakedown"),                         OUTCOME_UNAUTHORIZED, OUTCOME_UNKNOWN,
     OUTCOME_UNAUTHORIZED,                                                                                                                                             "credentials_refused", false},
    {"401 AccountTakedown",   HTTP_COMPLETE,  401, JSON_ERROR("AccountTakedown"),                         OUTCOME_UNAUTHORIZED, OUTCOME_UNKNOWN,
     OUTCOME_UNAUTHORIZED,                                                                                                                                             "credentials_refused", false},
    {"403 Forbidden",         HTTP_COMPLETE,  403, JSON_ERROR("Forbidden"),                               OUTCOME_REFUSED,      OUTCOME_UNKNOWN, OUTCOME_REFUSED,
     "platform_refused",                                                                                                                                                                      false},
    {"408 of a proxy",        HTTP_COMPLETE,  408, JSON_ERROR("RequestTimeout"),                          OUTCOME_UNKNOWN,      OUTCOME_UNKNOWN,
     OUTCOME_TRY_AGAIN,                                                                                                                                                "outcome_unknown",     false},
    {"413 with words",        HTTP_COMPLETE,  413, JSON_ERROR("PayloadTooLarge"),                         OUTCOME_REFUSED,      OUTCOME_UNKNOWN,
     OUTCOME_REFUSED,                                                                                                                                                  "platform_refused",    false},
    {"413 of a proxy",        HTTP_COMPLETE,  413, "<html>",                                              OUTCOME_REFUSED,      OUTCOME_UNKNOWN, OUTCOME_REFUSED,
     "platform_refused",                                                                                                                                                                      false},
    {"429",                   HTTP_COMPLETE,  429, JSON_ERROR("RateLimitExceeded"),                       OUTCOME_DEFERRED,     OUTCOME_UNKNOWN, OUTCOME_DEFERRED,
     "platform_rate_limited",                                                                                                                                                                 false},
    {"429 without words",     HTTP_COMPLETE,  429, "",                                                    OUTCOME_DEFERRED,     OUTCOME_UNKNOWN, OUTCOME_DEFERRED,
     "platform_rate_limited",                                                                                                                                                                 false},
    {"500",                   HTTP_COMPLETE,  500, JSON_ERROR("InternalServerError"),                     OUTCOME_UNKNOWN,      OUTCOME_UNKNOWN, OUTCOME_TRY_AGAIN,
     "outcome_unknown",                                                                                                                                                                       false},
    {"501",                   HTTP_COMPLETE,  501, JSON_ERROR("MethodNotImplemented"),                    OUTCOME_UNKNOWN,      OUTCOME_UNKNOWN, OUTCOME_TRY_AGAIN,
     "outcome_unknown",                                                                                                                                                                       false},
    {"502",                   HTTP_COMPLETE,  502, JSON_ERROR("UpstreamFailure"),                         OUTCOME_UNKNOWN,      OUTCOME_UNKNOWN, OUTCOME_TRY_AGAIN,
     "outcome_unknown",                                                                                                                                                                       false},
    {"503",                   HTTP_COMPLETE,  503, "",                                                    OUTCOME_UNKNOWN,      OUTCOME_UNKNOWN, OUTCOME_TRY_AGAIN,    "outcome_unknown",     false},
    {"504",                   HTTP_COMPLETE,  504, "",                                                    OUTCOME_UNKNOWN,      OUTCOME_UNKNOWN, OUTCOME_TRY_AGAIN,    "outcome_unknown",     false},
    {"status 0",              HTTP_COMPLETE,  0,   "",                                                    OUTCOME_UNKNOWN,      OUTCOME_UNKNOWN, OUTCOME_TRY_AGAIN,    "outcome_unknown",     false},
};

static struct bluesky_answer answer_of(enum bluesky_call call, const struct http_response *response)
{
    struct bluesky_answer answer;
    ck_assert_int_eq(bluesky_answer(call, response, NOW_MS, &arena, &answer), OK);
    return answer;
}

START_TEST(an_answer_means_what_the_table_says)
{
    const struct http_response response = {
        .result = answers[_i].result, .status = answers[_i].status, .body = span_text(answers[_i].body)};
    const struct bluesky_answer commit = answer_of(CALL_CREATE_RECORD, &response);
    ck_assert_msg(commit.outcome == answers[_i].commit, "%s: commit %s", answers[_i].name,
                  choice_word(&outcome_words, commit.outcome));
    if (answers[_i].code != NULL) {
        ck_assert_str_eq(refusal_desc(commit.code)->code, answers[_i].code);
    }
    ck_assert_msg(commit.expired == answers[_i].expired, "%s", answers[_i].name);
    const struct bluesky_answer read = answer_of(CALL_GET_RECORD, &response);
    ck_assert_msg(read.outcome == answers[_i].read, "%s: read %s", answers[_i].name,
                  choice_word(&outcome_words, read.outcome));
    ck_assert(!read.expired);
    const struct bluesky_answer other = answer_of(CALL_DELETE_RECORD, &response);
    ck_assert_msg(other.outcome == answers[_i].other, "%s: other %s", answers[_i].name,
                  choice_word(&outcome_words, other.outcome));
    ck_assert(other.expired == answers[_i].expired);
}

END_TEST

/* The law behind the table: after a commit was sent, "not accepted" needs a whole 4xx answer. */
START_TEST(only_a_definite_answer_makes_a_commit_repeatable)
{
    for (int result = 0; result < HTTP_RESULT_COUNT; result++) {
        for (unsigned status = 0; status < 600; status += status < 100 ? 50 : 1) {
            const struct http_response response = {
                .result = (enum http_result)result, .status = status, .body = SPAN("{\"error\":\"Any\"}")};
            const struct bluesky_answer answer = answer_of(CALL_CREATE_RECORD, &response);
            const bool definite = result == HTTP_COMPLETE && status >= 400 && status < 500;
            if (http_sent(&response) && !definite) {
                ck_assert_int_eq(answer.outcome, OUTCOME_UNKNOWN);
            }
            ck_assert_int_ne(answer.outcome, OUTCOME_ABSENT);
            ck_assert(answer.outcome != OUTCOME_TRY_AGAIN || result == HTTP_NOT_SENT);
        }
    }
}

END_TEST

START_TEST(an_exchange_that_is_refused_is_not_exchanged_again)
{
    const struct http_response response = {
        .result = HTTP_COMPLETE, .status = 401, .body = SPAN(JSON_ERROR("AuthenticationRequired"))};
    const struct bluesky_answer session = answer_of(CALL_CREATE_SESSION, &response);
    ck_assert_int_eq(session.outcome, OUTCOME_UNAUTHORIZED);
    ck_assert(!session.expired);
    ck_assert(span_equal(session.platform_code, SPAN("AuthenticationRequired")));
    ck_assert(span_equal(session.platform_message, SPAN("words")));
    ck_assert(!answer_of(CALL_REFRESH_SESSION, &response).expired);
}

END_TEST

static const struct {
    enum bluesky_call call;
    const char *body;
    bool whole;
} bodies[] = {
    {CALL_CREATE_SESSION,  "{\"did\":\"did:plc:abc\",\"handle\":\"a.test\",\"accessJwt\":\"a\",\"refreshJwt\":\"r\"}",
     true                                                                                                                   },
    {CALL_CREATE_SESSION,  "{\"did\":\"did:plc:abc\",\"handle\":\"a.test\",\"accessJwt\":\"a\"}",                      false},
    {CALL_CREATE_SESSION,  "{\"did\":\"did:plc:\\u0001\",\"handle\":\"a\",\"accessJwt\":\"a\",\"refreshJwt\":\"r\"}",
     false                                                                                                                  },
    {CALL_CREATE_SESSION,  "{\"did\":\"plc:abc\",\"handle\":\"a.test\",\"accessJwt\":\"a\",\"refreshJwt\":\"r\"}",
     false                                                                                                                  },
    {CALL_REFRESH_SESSION, "{\"accessJwt\":\"a\",\"refreshJwt\":\"r\"}",                                               true },
    {CALL_REFRESH_SESSION, "{\"accessJwt\":\"a\"}",                                                                    true },
    {CALL_REFRESH_SESSION, "{\"accessJwt\":\"\",\"refreshJwt\":\"r\"}",                                                false},
    {CALL_RESOLVE_HANDLE,  "{\"did\":\"did:web:a.test\"}",                                                             true },
    {CALL_RESOLVE_HANDLE,  "{\"did\":1}",                                                                              false},
    {CALL_UPLOAD_BLOB,     "{\"blob\":{}}",                                                                            true },
    {CALL_UPLOAD_BLOB,     "{\"blob\":\"b\"}",                                                                         false},
    {CALL_GET_RECORD,      "{\"uri\":\"at://d/c/r\",\"cid\":\"b\"}",                                                   false},
    {CALL_DELETE_RECORD,   "{}",                                                                                       true },
};

START_TEST(a_200_must_carry_what_its_call_gives)
{
    const struct http_response response = {.result = HTTP_COMPLETE, .status = 200, .body = span_text(bodies[_i].body)};
    ck_assert_msg((answer_of(bodies[_i].call, &response).outcome == OUTCOME_ACCEPTED) == bodies[_i].whole, "%s",
                  bodies[_i].body);
}

END_TEST

static const struct {
    const char *reset, *retry;
    int64_t until_ms; /* after now; 0: none */
} waits[] = {
    {NULL,                   NULL,                            0                   },
    {"1776693630",           NULL,                            30 * SECOND_MS      },
    {"1776693630",           "7",                             7 * SECOND_MS       }, /* Retry-After goes before */
    {NULL,                   "7",                             7 * SECOND_MS       },
    {"1776693630",           "0",                             SECOND_MS           },
    {"45",                   NULL,                            45 * SECOND_MS      }, /* seconds from now, as newer drafts have it */
    {"1776693000",           NULL,                            SECOND_MS           }, /* in the past: not at once */
    {"1999999999",           NULL,                            BLUESKY_RESET_MAX_MS},
    {NULL,                   "Mon, 20 Apr 2026 14:01:30 GMT", 90 * SECOND_MS      },
    {"1776693630",           "Mon, 20 Apr 2026 14:01:30 GMT", 90 * SECOND_MS      },
    {NULL,                   "Mon, 20 Apr 2026 13:59:00 GMT", SECOND_MS           },
    {NULL,                   "Wed, 20 Apr 2033 14:00:00 GMT", BLUESKY_RESET_MAX_MS},
    {NULL,                   "Wed, 21 Oct 2026",              0                   },
    {"1776693630",           "soon",                          30 * SECOND_MS      }, /* says nothing */
    {"1776693630",           "-7",                            30 * SECOND_MS      },
    {"99999999999999999999", NULL,                            0                   },
    {"-5",                   NULL,                            0                   },
};

START_TEST(headers_say_when_to_come_again)
{
    struct http_response response = {.result = HTTP_COMPLETE, .status = 429};
    response.headers.rate_reset = waits[_i].reset == NULL ? (struct span){0} : span_text(waits[_i].reset);
    response.headers.retry_after = waits[_i].retry == NULL ? (struct span){0} : span_text(waits[_i].retry);
    const int64_t until_ms = bluesky_answer_until(&response.headers, NOW_MS);
    ck_assert_int_eq(until_ms, waits[_i].until_ms == 0 ? 0 : NOW_MS + waits[_i].until_ms);
    const struct bluesky_answer answer = answer_of(CALL_CREATE_RECORD, &response);
    ck_assert_int_eq(answer.until_ms, until_ms);
}

END_TEST

static const struct {
    const char *date, *reset, *retry;
    int64_t until_ms; /* after now; 0: none */
} foreign_waits[] = {
  /* two hours ahead of us, and two behind */
    {"Mon, 20 Apr 2026 16:00:00 GMT",    "1776700830",          NULL,                            30 * SECOND_MS      },
    {"Mon, 20 Apr 2026 12:00:00 GMT",    "1776686430",          NULL,                            30 * SECOND_MS      },
    {"Mon, 20 Apr 2026 16:00:00 GMT",    NULL,                  "Mon, 20 Apr 2026 16:01:30 GMT", 90 * SECOND_MS      },
    {"Mon, 20 Apr 2026 12:00:00 GMT",    "1776686430",          "Mon, 20 Apr 2026 12:01:30 GMT", 90 * SECOND_MS      },
    {"Monday, 20-Apr-26 16:00:00 GMT",   "1776700830",          NULL,                            30 * SECOND_MS      },
 /* a count of seconds is of no clock */
    {"Mon, 20 Apr 2026 16:00:00 GMT",    "1776700830",          "7",                             7 * SECOND_MS       },
    {"Mon, 20 Apr 2026 16:00:00 GMT",    "45",                  NULL,                            45 * SECOND_MS      },
 /* a Date that is none: the clocks are taken to agree */
    {NULL,                               "1776693630",          NULL,                            30 * SECOND_MS      },
    {"",                                 "1776693630",          NULL,                            30 * SECOND_MS      },
    {"now",                              "1776693630",          NULL,                            30 * SECOND_MS      },
    {"1776700800",                       "1776693630",          NULL,                            30 * SECOND_MS      },
    {"Mon, 20 Apr 2026 16:00:00 GMT, x", "1776693630",          NULL,                            30 * SECOND_MS      },
    {"Mon, 31 Apr 2026 16:00:00 GMT",    "1776693630",          NULL,                            30 * SECOND_MS      },
 /* the bounds hold whatever is said */
    {"Mon, 20 Apr 2026 16:00:00 GMT",    "1776700800",          NULL,                            SECOND_MS           },
    {"Fri, 31 Dec 9999 23:59:59 GMT",    "1776693630",          NULL,                            SECOND_MS           },
    {"Fri, 31 Dec 9999 23:59:60 GMT",    "1000000000",          NULL,                            SECOND_MS           },
    {"Thu, 01 Jan 1970 00:00:00 GMT",    "1776693630",          NULL,                            BLUESKY_RESET_MAX_MS},
    {"Thu, 01 Jan 1970 00:00:00 GMT",    "253402300799",        NULL,                            BLUESKY_RESET_MAX_MS},
    {"Thu, 01 Jan 1970 00:00:00 GMT",    NULL,                  "Fri, 31 Dec 9999 23:59:60 GMT", BLUESKY_RESET_MAX_MS},
    {"Mon, 20 Apr 2026 14:00:00 GMT",    "253402300800",        NULL,                            0                   },
    {"Thu, 01 Jan 1970 00:00:00 GMT",    "9223372036854775",    NULL,                            0                   },
    {"Thu, 01 Jan 1970 00:00:00 GMT",    "9223372036854775807", NULL,                            0                   },
    {"Mon, 20 Apr 2026 16:00:00 GMT",    NULL,                  NULL,                            0                   },
};

START_TEST(an_instant_of_the_platforms_clock_counts_from_the_answers_date)
{
    struct http_response response = {.result = HTTP_COMPLETE, .status = 429};
    response.headers.date = foreign_waits[_i].date == NULL ? (struct span){0} : span_text(foreign_waits[_i].date);
    response.headers.rate_reset =
        foreign_waits[_i].reset == NULL ? (struct span){0} : span_text(foreign_waits[_i].reset);
    response.headers.retry_after =
        foreign_waits[_i].retry == NULL ? (struct span){0} : span_text(foreign_waits[_i].retry);
    const int64_t until_ms = bluesky_answer_until(&response.headers, NOW_MS);
    ck_assert_int_eq(until_ms, foreign_waits[_i].until_ms == 0 ? 0 : NOW_MS + foreign_waits[_i].until_ms);
    ck_assert_int_eq(answer_of(CALL_CREATE_RECORD, &response).until_ms, until_ms);
}

END_TEST

START_TEST(the_last_request_of_a_window_says_when_the_next_may_come)
{
    struct http_response response = {
        .result = HTTP_COMPLETE, .status = 200, .body = SPAN("{\"uri\":\"at://d/c/r\",\"cid\":\"b\"}")};
    response.headers.rate_reset = SPAN("1776693630");
    response.headers.rate_remaining = SPAN("1");
    ck_assert_int_eq(answer_of(CALL_CREATE_RECORD, &response).until_ms, 0);
    response.headers.rate_remaining = SPAN("0");
    ck_assert_int_eq(answer_of(CALL_CREATE_RECORD, &response).until_ms, NOW_MS + 30 * SECOND_MS);
}

END_TEST

START_TEST(long_words_of_the_platform_are_cut_between_characters)
{
    char body[4096];
    struct buf buf = buf_of(body, sizeof body);
    buf_text(&buf, "{\"error\":\"InvalidRequest\",\"message\":\"x");
    for (int i = 0; i < 800; i++) {
        buf_text(&buf, "\u00FC");
    }
    buf_text(&buf, "\"}");
    const struct http_response response = {.result = HTTP_COMPLETE, .status = 400, .body = buf_span(&buf)};
    const struct bluesky_answer answer = answer_of(CALL_CREATE_RECORD, &response);
    ck_assert_uint_eq(answer.platform_message.len, 999);
    ck_assert(span_is_utf8(answer.platform_message));
}

END_TEST

#define TWO_HOURS_TOKEN "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJkaWQ6cGxjOmEiLCJleHAiOjE3NzY3MDA4MDB9.sig"

static const struct {
    const char *token, *date;
    int64_t expires_ms;
} tokens[] = {
    {TWO_HOURS_TOKEN,                                       "Mon, 20 Apr 2026 14:00:00 GMT", NOW_MS + 2 * HOUR_MS},
 /* our clock is ahead of theirs, or behind: what counts is for how long it lives */
    {TWO_HOURS_TOKEN,                                       "Mon, 20 Apr 2026 12:00:00 GMT", NOW_MS + 4 * HOUR_MS},
    {TWO_HOURS_TOKEN,                                       "Mon, 20 Apr 2026 15:00:00 GMT", NOW_MS + HOUR_MS    },
    {TWO_HOURS_TOKEN,                                       "Mon, 20 Apr 2026 15:59:59 GMT", NOW_MS + SECOND_MS  },
 /* it had ended when it was given */
    {TWO_HOURS_TOKEN,                                       "Mon, 20 Apr 2026 16:00:00 GMT", NOW_MS              },
    {TWO_HOURS_TOKEN,                                       "Tue, 20 Apr 2027 16:00:00 GMT", NOW_MS              },
 /* a Date that is none: the clocks are taken to agree */
    {TWO_HOURS_TOKEN,                                       NULL,                            NOW_MS + 2 * HOUR_MS},
    {TWO_HOURS_TOKEN,                                       "now",                           NOW_MS + 2 * HOUR_MS},
 /* exp: none; 9223372036854775; 253402300799; 253402300800 */
    {"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJkaWQ6cGxjOmEifQ.sig", NULL,                            0                   },
    {"h.eyJleHAiOjkyMjMzNzIwMzY4NTQ3NzV9.s",                NULL,                            0                   },
    {"h.eyJleHAiOjI1MzQwMjMwMDc5OX0.s",                     NULL,                            253402300799000     },
    {"h.eyJleHAiOjI1MzQwMjMwMDc5OX0.s",                     "Mon, 20 Apr 2026 12:00:00 GMT", 253402300799000     },
    {"h.eyJleHAiOjI1MzQwMjMwMDgwMH0.s",                     NULL,                            0                   },
    {"opaque",                                              NULL,                            0                   },
    {"a.!!.c",                                              NULL,                            0                   },
    {"a..c",                                                NULL,                            0                   },
    {"",                                                    "Mon, 20 Apr 2026 14:00:00 GMT", 0                   },
};

START_TEST(a_token_tells_when_it_expires_by_our_clock)
{
    const struct http_headers headers = {.date =
                                             tokens[_i].date != NULL ? span_text(tokens[_i].date) : (struct span){0}};
    ck_assert_int_eq(bluesky_token_expires_ms(span_text(tokens[_i].token), &headers, NOW_MS, &arena),
                     tokens[_i].expires_ms);
}

END_TEST

START_TEST(answers_say_when_memory_ends)
{
    struct arena none;
    struct bluesky_answer answer;
    arena_init(&none, 0);
    const struct http_response response = {.result = HTTP_COMPLETE, .status = 400, .body = SPAN(JSON_ERROR("X"))};
    ck_assert_int_eq(bluesky_answer(CALL_CREATE_RECORD, &response, NOW_MS, &none, &answer), ERR_NO_MEMORY);
    arena_done(&none);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("bluesky_answer");
    TCase *tcase = tcase_create("bluesky_answer");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, an_answer_means_what_the_table_says, 0, sizeof answers / sizeof *answers);
    tcase_add_test(tcase, only_a_definite_answer_makes_a_commit_repeatable);
    tcase_add_test(tcase, an_exchange_that_is_refused_is_not_exchanged_again);
    tcase_add_loop_test(tcase, a_200_must_carry_what_its_call_gives, 0, sizeof bodies / sizeof *bodies);
    tcase_add_loop_test(tcase, headers_say_when_to_come_again, 0, sizeof waits / sizeof *waits);
    tcase_add_loop_test(tcase, an_instant_of_the_platforms_clock_counts_from_the_answers_date, 0,
                        sizeof foreign_waits / sizeof *foreign_waits);
    tcase_add_test(tcase, the_last_request_of_a_window_says_when_the_next_may_come);
    tcase_add_test(tcase, long_words_of_the_platform_are_cut_between_characters);
    tcase_add_loop_test(tcase, a_token_tells_when_it_expires_by_our_clock, 0, sizeof tokens / sizeof *tokens);
    tcase_add_test(tcase, answers_say_when_memory_ends);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
