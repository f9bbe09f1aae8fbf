/* bluesky_outcome_fuzz.c: what a PDS may answer, and what we take it for (adapters/bluesky_answer.c). The input is a
 * line
 *
 *   CALL RESULT STATUS RateLimit-Remaining RateLimit-Reset Retry-After|Date
 *
 * with '-' for an absent header ("|Date" may be left out) and the numbers of enum bluesky_call and enum http_result,
 * and behind it the answer's body.
 *
 * The judge repeats what must hold whatever the answer is, above all: nothing that may have been sent is sent again. */
#include "adapters/bluesky_call.h"
#include "core/base/limits.h"
#include "tests/fuzz/fuzz.h"

#define NOW_MS ((int64_t)1780000000000)

static struct span take_word(struct span *line)
{
    const size_t end = span_find(*line, ' ');
    const struct span word = span_of(line->data, end);
    *line = end == line->len ? span_of(line->data + end, 0) : span_of(line->data + end + 1, line->len - end - 1);
    return word;
}

static uint64_t take_number(struct span *line, uint64_t below)
{
    uint64_t number = 0;
    return span_to_u64(take_word(line), &number) == OK ? number % below : 0;
}

static struct span take_header(struct span *line)
{
    const struct span word = take_word(line);
    return span_equal(word, SPAN("-")) || word.len == 0 ? (struct span){0} : word;
}

static bool is_4xx(const struct http_response *response)
{
    return response->result == HTTP_COMPLETE && response->status >= 400 && response->status < 500;
}

/* createRecord: may it be sent again? Only what was surely refused, or surely never sent. */
static void check_commit(const struct http_response *response, const struct bluesky_answer *answer)
{
    ASSERT(answer->outcome != OUTCOME_TRY_AGAIN || !http_sent(response));
    ASSERT(answer->outcome != OUTCOME_DEFERRED || (is_4xx(response) && response->status == 429));
    ASSERT(answer->outcome != OUTCOME_UNAUTHORIZED || is_4xx(response));
    ASSERT(answer->outcome != OUTCOME_REFUSED || response->result == HTTP_ADDRESS || is_4xx(response));
    ASSERT(response->status != 408 || !http_sent(response) || answer->outcome == OUTCOME_UNKNOWN);
    ASSERT(answer->outcome != OUTCOME_ABSENT);
}

/* getRecord: only a record that is there, or is said not to be, settles anything. */
static void check_read(const struct http_response *response, const struct bluesky_answer *answer)
{
    ASSERT(answer->outcome == OUTCOME_ACCEPTED || answer->outcome == OUTCOME_ABSENT ||
           answer->outcome == OUTCOME_UNKNOWN);
    ASSERT(answer->outcome != OUTCOME_ABSENT || (is_4xx(response) && response->status == 400));
    ASSERT(!answer->expired);
}

static void check_answer(enum bluesky_call call, const struct http_response *response,
                         const struct bluesky_answer *answer)
{
    ASSERT(answer->outcome != OUTCOME_NONE);
    ASSERT((answer->outcome == OUTCOME_ACCEPTED) == (answer->code == ACCEPTED));
    ASSERT(answer->outcome != OUTCOME_ACCEPTED || (response->result == HTTP_COMPLETE && response->status == 200));
    ASSERT(answer->until_ms == 0 ||
           (answer->until_ms >= NOW_MS + SECOND_MS && answer->until_ms <= NOW_MS + BLUESKY_RESET_MAX_MS));
    ASSERT(!answer->expired || answer->outcome == OUTCOME_UNAUTHORIZED);
    ASSERT(answer->platform_code.len <= 256 && span_is_utf8(answer->platform_code));
    ASSERT(answer->platform_message.len <= 1000 && span_is_utf8(answer->platform_message));
    if (call == CALL_CREATE_RECORD) {
        check_commit(response, answer);
    } else if (call == CALL_GET_RECORD) {
        check_read(response, answer);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct span input = span_of(data, len);
    const size_t end = span_find(input, '\n');
    if (end == len) {
        return 0;
    }
    struct span line = span_of(data, end);
    const enum bluesky_call call = (enum bluesky_call)take_number(&line, CALL_PAGE);
    struct http_response response = {.result = (enum http_result)take_number(&line, HTTP_RESULT_COUNT)};
    response.status = (unsigned)take_number(&line, 1000);
    response.headers.rate_remaining = take_header(&line);
    response.headers.rate_reset = take_header(&line);
    const size_t bar = span_find(line, '|'); /* dates have spaces */
    response.headers.date = bar < line.len ? span_of(line.data + bar + 1, line.len - bar - 1) : (struct span){0};
    line = span_of(line.data, bar);
    response.headers.retry_after = span_equal(line, SPAN("-")) ? (struct span){0} : line;
    response.body = span_of(data + end + 1, len - end - 1);
    struct arena arena;
    arena_init(&arena, (size_t)8 << 20);
    struct bluesky_answer answer = {0};
    if (bluesky_answer(call, &response, NOW_MS, &arena, &answer) == OK) {
        check_answer(call, &response, &answer);
    }
    const struct span token = json_node_text(answer.body, "accessJwt");
    const int64_t expires_ms =
        bluesky_token_expires_ms(token.data != NULL ? token : response.body, &response.headers, NOW_MS, &arena);
    ASSERT(expires_ms == 0 || expires_ms >= NOW_MS);
    arena_done(&arena);
    return 0;
}
