/* bluesky_outcome_fuzz.c: whatever a platform answers, the adapter ends each job with a lawful outcome, and after a
 * commit was sent nothing but a whole 4xx makes it repeatable. Input: kind of job, result, status (2 bytes), length of
 * a header, the header's bytes, the body. Every request of the job gets this answer. */
#include "adapters/bluesky.h"
#include "adapters/bluesky_call.h"
#include "adapters/platform.h"
#include "core/base/assert.h"

#define NOW_MS ((int64_t)1776693600000)
#define STEPS_MAX 100 /* 64 mentions, a page, a picture, its upload, an exchange */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const kinds[] = {"connect", "refresh", "resolve", "commit", "read", "delete"};

static void check_text(struct span text, size_t max)
{
    ASSERT(text.len <= max);
    ASSERT(span_is_utf8(text));
}

static void check_outcome(const struct job *job, const struct http_response *response,
                          const struct job_outcome *outcome)
{
    ASSERT(outcome->outcome > OUTCOME_NONE && outcome->outcome < OUTCOME_COUNT);
    ASSERT((outcome->outcome == OUTCOME_ACCEPTED) == (outcome->code.data == NULL));
    ASSERT(outcome->until_ms == 0 || outcome->until_ms > NOW_MS);
    ASSERT(outcome->until_ms <= NOW_MS + BLUESKY_RESET_MAX_MS);
    check_text(outcome->platform_code, 256);
    check_text(outcome->platform_message, 65536);
    check_text(outcome->platform_id, 65536);
    check_text(outcome->revision, 256);
    check_text(outcome->url, 65536);
    check_text(outcome->result, 65536);
    check_text(outcome->account, 256);
    check_text(outcome->handle, 256);
    check_text(outcome->service, 256);
    const bool definite = response->result == HTTP_COMPLETE && response->status >= 400 && response->status < 500;
    if (span_equal(job->kind, SPAN("commit")) && http_sent(response) && !definite) {
        ASSERT(outcome->outcome == OUTCOME_UNKNOWN || outcome->outcome == OUTCOME_ACCEPTED);
    }
    if (span_equal(job->kind, SPAN("read"))) {
        ASSERT(outcome->outcome == OUTCOME_UNKNOWN || outcome->outcome == OUTCOME_ACCEPTED ||
               outcome->outcome == OUTCOME_ABSENT);
    } else {
        ASSERT(outcome->outcome != OUTCOME_ABSENT);
    }
}

static void run(const struct job *job, const struct http_response *response)
{
    static const struct guard guard = {.loopback_count = 0};
    struct arena arena;
    struct http_request request;
    struct job_outcome outcome;
    bool finished = false;
    arena_init(&arena, (size_t)32 << 20);
    struct platform_job under_way = {.job = job, .guard = &guard, .arena = &arena, .now_ms = NOW_MS};
    under_way.credentials =
        SPAN("{\"accessJwt\":\"a.b.c\",\"refreshJwt\":\"r\",\"identifier\":\"alice.test\",\"password\":\"p\"}");
    const struct http_response *last = NULL;
    for (int step = 0; !finished; step++) {
        ASSERT(step < STEPS_MAX);
        if (bluesky_platform()->next(&under_way, last, &request, &finished, &outcome) != OK) {
            break; /* memory is bounded */
        }
        last = response;
    }
    if (finished) {
        check_outcome(job, response, &outcome);
        check_text(under_way.fresh, 65536 * 6);
    }
    arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 5 || size - 5 < data[4]) {
        return 0;
    }
    const struct span header = span_of(data + 5, data[4]);
    const struct http_response response = {
        .result = (enum http_result)(data[1] % HTTP_RESULT_COUNT),
        .status = (unsigned)(data[2] << 8 | data[3]) % 600,
        .headers = {.content_type = SPAN("text/html"),
                    .rate_remaining = SPAN("0"),
                    .rate_reset = header,
                    .retry_after = header},
        .body = span_of(header.data + header.len, size - 5 - header.len)
    };
    const struct job job = {.kind = span_text(kinds[data[0] % (sizeof kinds / sizeof *kinds)]),
                            .channel = CHANNEL_BLUESKY,
                            .service = SPAN("https://pds.test"),
                            .account = SPAN("did:plc:alice"),
                            .handle = SPAN("alice.test"),
                            .key = SPAN("3mjwoc5yy2222"),
                            .payload = data[0] % 6 == 2
                                           ? SPAN("{\"texts\":[\"@a.test @b.test\"],\"link\":\"https://e.example/a\"}")
                                           : SPAN("{\"text\":\"Hi\"}"),
                            .started_ms = NOW_MS - 1000,
                            .deadline_ms = NOW_MS + 1000};
    run(&job, &response);
    return 0;
}
