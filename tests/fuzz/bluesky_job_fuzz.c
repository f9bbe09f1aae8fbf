/* bluesky_job_fuzz.c: whatever a platform answers, call after call, the adapter ends each job with a lawful outcome;
 * and once a commit was sent, nothing but a whole 4xx makes it repeatable. The input is a byte that says which job, and
 * answers, each
 *
 *   result (1 byte; OTHER_EXCHANGED: another job got the new tokens), status (2), header's length (1), header,
 *   body's length (2), body
 *
 * The last of them answers every later call. bluesky_outcome_fuzz.c judges single answers. */
#include "adapters/bluesky.h"
#include "adapters/bluesky_call.h"
#include "adapters/platform.h"
#include "tests/fuzz/fuzz.h"

#define NOW_MS ((int64_t)1776693600000)
#define STEPS_MAX 100 /* two mentions and a card in each of eight rounds, an exchange */
#define OTHER_EXCHANGED 255
#define GOOD_CREDENTIALS \
    "{\"accessJwt\":\"a.b.c\",\"refreshJwt\":\"r\",\"identifier\":\"@alice.test\",\"password\":\"p\"}"

static const char *const kinds[] = {"connect", "refresh", "resolve", "commit", "read", "delete", "prepare", "dance"};

/* What the job lacks; in order: nothing, a key, credentials, a token, a password, a service that may be asked, a
 * payload. */
enum lack {
    LACK_NOTHING,
    LACK_KEY,
    LACK_CREDENTIALS,
    LACK_TOKENS,
    LACK_PASSWORD,
    LACK_SERVICE,
    LACK_PAYLOAD,
    LACK_COUNT
};

struct answers {
    struct span rest;
    struct http_response last;
    bool by_other; /* instead of last, where the job waits for new tokens */
};

static struct span take(struct span *rest, size_t len)
{
    const size_t most = len < rest->len ? len : rest->len;
    const struct span taken = span_of(rest->data, most);
    *rest = span_of(rest->data + most, rest->len - most);
    return taken;
}

static size_t take_number(struct span *rest, size_t width)
{
    const struct span bytes = take(rest, width);
    size_t number = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        number = number << 8 | bytes.data[i];
    }
    return number;
}

static void answers_next(struct answers *answers)
{
    answers->by_other = false;
    if (answers->rest.len == 0) {
        return;
    }
    const size_t result = take_number(&answers->rest, 1);
    answers->by_other = result == OTHER_EXCHANGED;
    answers->last = (struct http_response){.result = (enum http_result)(result % HTTP_RESULT_COUNT)};
    answers->last.status = (unsigned)take_number(&answers->rest, 2) % 600;
    const struct span header = take(&answers->rest, take_number(&answers->rest, 1));
    answers->last.headers = (struct http_headers){
        .content_type = SPAN("text/html"), .rate_remaining = SPAN("0"), .rate_reset = header, .retry_after = header};
    answers->last.body = take(&answers->rest, take_number(&answers->rest, 2));
}

static void check_text(struct span text, size_t max)
{
    ASSERT(text.len <= max);
    ASSERT(span_is_utf8(text));
}

static void check_outcome(const struct job *job, const struct job_outcome *outcome)
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
    if (span_equal(job->kind, SPAN("read"))) {
        ASSERT(outcome->outcome == OUTCOME_UNKNOWN || outcome->outcome == OUTCOME_ACCEPTED ||
               outcome->outcome == OUTCOME_ABSENT);
    } else {
        ASSERT(outcome->outcome != OUTCOME_ABSENT);
    }
}

static bool is_definite(const struct http_response *response)
{
    return !http_sent(response) || (response->result == HTTP_COMPLETE && response->status >= 400 &&
                                    response->status < 500 && response->status != 408);
}

static void run(const struct job *job, struct span credentials, struct span input)
{
    static const struct guard guard = {.loopback_count = 0};
    struct arena arena;
    arena_init(&arena, (size_t)32 << 20);
    struct platform_job under_way = {
        .job = job, .guard = &guard, .arena = &arena, .now_ms = NOW_MS, .credentials = credentials};
    struct answers answers = {.rest = input};
    const struct http_response *last = NULL;
    struct http_request request = {0};
    struct job_outcome outcome;
    bool finished = false;
    bool open = false; /* a commit was sent, and nothing definite came back */
    for (int step = 0; !finished; step++) {
        ASSERT(step < STEPS_MAX);
        if (bluesky_platform()->next(&under_way, last, &request, &finished, &outcome) != OK) {
            break; /* memory is bounded */
        }
        if (!finished && under_way.fresh.data != NULL) { /* nothing is asked before the pair is stored */
            ASSERT(request.url.len == 0);
            under_way.credentials = under_way.fresh;
            under_way.fresh = (struct span){0};
            last = NULL;
        } else if (!finished) {
            ASSERT(!open);
            answers_next(&answers);
            last = answers.by_other && under_way.exchanging ? NULL : &answers.last;
            open = request.once && last != NULL && !is_definite(last);
        }
    }
    if (finished) {
        ASSERT(!open || outcome.outcome == OUTCOME_UNKNOWN || outcome.outcome == OUTCOME_ACCEPTED);
        check_outcome(job, &outcome);
        check_text(under_way.fresh, 65536 * 6);
    }
    arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct span credentials[LACK_COUNT] = {
        [LACK_NOTHING] = SPAN(GOOD_CREDENTIALS),      [LACK_KEY] = SPAN(GOOD_CREDENTIALS),
        [LACK_TOKENS] = SPAN("{\"password\":\"p\"}"), [LACK_PASSWORD] = SPAN("{\"identifier\":\"a\"}"),
        [LACK_SERVICE] = SPAN(GOOD_CREDENTIALS),      [LACK_PAYLOAD] = SPAN(GOOD_CREDENTIALS)};

    enum { KIND_COUNT_ = sizeof kinds / sizeof *kinds, RESOLVE = 2 };

    if (len < 2) {
        return 0;
    }
    const size_t kind = data[0] % KIND_COUNT_;
    const enum lack lack = (enum lack)(data[0] / KIND_COUNT_ % LACK_COUNT);
    const struct span payload = kind == RESOLVE
                                    ? SPAN("{\"texts\":[\"@a.test @b.test\"],\"link\":\"https://e.example/a\"}")
                                    : SPAN("{\"text\":\"Hi\"}");
    const struct job job = {.kind = span_text(kinds[kind]),
                            .channel = CHANNEL_BLUESKY,
                            .service = lack == LACK_SERVICE ? SPAN("http://pds.test") : SPAN("https://pds.test"),
                            .account = SPAN("did:plc:alice"),
                            .handle = SPAN("alice.test"),
                            .key = lack == LACK_KEY ? SPAN("") : SPAN("3mjwoc5yy2222"),
                            .payload = lack == LACK_PAYLOAD ? SPAN("[") : payload,
                            .started_ms = NOW_MS - 1000,
                            .deadline_ms = NOW_MS + 120000};
    run(&job, credentials[lack], span_of(data + 1, len - 1));
    return 0;
}
