/* bluesky_answer.c: what an answer of a PDS means, as the table in bluesky_call.h says. Called by the job steps. Pure,
 * and the part of the adapter that decides whether a post may be sent again: when in doubt about a commit, the answer
 * is "unknown", never "try again". */
#include "adapters/bluesky_call.h"

#include "adapters/http_date.h"
#include "core/base/assert.h"
#include "core/base/limits.h"
#include "core/message/json_read.h"

#define CODE_MAX 256u              /* kind word */
#define MESSAGE_MAX 1000u          /* more is no sentence */
#define INSTANT_MAX_S 253402300799 /* the last second of the year 9999: what is greater counts no seconds */

enum weight { WEIGHT_COMMIT, WEIGHT_READ, WEIGHT_OTHER };

static enum weight weight_of(enum bluesky_call call)
{
    return call == CALL_CREATE_RECORD ? WEIGHT_COMMIT : call == CALL_GET_RECORD ? WEIGHT_READ : WEIGHT_OTHER;
}

static void set(struct bluesky_answer *answer, enum weight weight, enum outcome commit, enum outcome other,
                enum refusal code)
{
    answer->outcome = weight == WEIGHT_READ ? OUTCOME_UNKNOWN : weight == WEIGHT_COMMIT ? commit : other;
    answer->code = answer->outcome == OUTCOME_UNKNOWN && weight == WEIGHT_COMMIT ? REFUSED_outcome_unknown : code;
}

/* Sent, and nothing definite came back. */
static void set_vague(struct bluesky_answer *answer, enum weight weight)
{
    set(answer, weight, OUTCOME_UNKNOWN, OUTCOME_TRY_AGAIN, REFUSED_platform_unavailable);
}

static bool has_text(const struct json_node *body, const char *name, size_t max)
{
    const struct span text = json_node_text(body, name);
    return text.len > 0 && text.len <= max;
}

/* A DID has no character that JSON escapes (https://atproto.com/specs/did). */
static bool has_did(const struct json_node *body)
{
    const struct span did = json_node_text(body, "did");
    if (did.len > CODE_MAX || !span_starts_with(did, SPAN("did:"))) {
        return false;
    }
    for (size_t i = 0; i < did.len; i++) {
        const uint8_t c = did.data[i];
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && (c == 0 || strchr(":._%-", c) == NULL)) {
            return false;
        }
    }
    return did.len > 8;
}

/* Whether a 200 carries what its call gives. */
static bool is_whole(enum bluesky_call call, const struct json_node *body)
{
    enum { TOKEN_MAX = 16384, WORD_MAX = 256, URI_MAX = 8192 };

    switch (call) {
    case CALL_CREATE_SESSION:
        return has_did(body) && has_text(body, "handle", WORD_MAX) && has_text(body, "accessJwt", TOKEN_MAX) &&
               has_text(body, "refreshJwt", TOKEN_MAX);
    case CALL_REFRESH_SESSION: /* an empty refresh token is no fault: the stored one stays */
        return has_text(body, "accessJwt", TOKEN_MAX) && json_node_text(body, "refreshJwt").len <= TOKEN_MAX;
    case CALL_RESOLVE_HANDLE:
        return has_did(body);
    case CALL_UPLOAD_BLOB:
        return json_node_is(json_node_member(body, "blob"), NODE_OBJECT);
    case CALL_CREATE_RECORD:
        return has_text(body, "uri", URI_MAX) && has_text(body, "cid", WORD_MAX) &&
               span_starts_with(json_node_text(body, "uri"), SPAN("at://"));
    case CALL_GET_RECORD:
        return has_text(body, "uri", URI_MAX) && has_text(body, "cid", WORD_MAX) &&
               span_starts_with(json_node_text(body, "uri"), SPAN("at://")) &&
               json_node_is(json_node_member(body, "value"), NODE_OBJECT);
    case CALL_DELETE_RECORD:
        return true; /* older servers answer with an empty body */
    case CALL_PAGE:
    case CALL_IMAGE:
    case CALL_COUNT:
        break;
    }
    return false;
}

static bool is_one_of(struct span text, const char *const *words)
{
    for (size_t i = 0; words[i] != NULL; i++) {
        if (span_equal(text, span_text(words[i]))) {
            return true;
        }
    }
    return false;
}

/* 4xx with or without an XRPC error. */
static void set_client_error(struct bluesky_answer *answer, enum bluesky_call call,
                             const struct http_response *response, int64_t now_ms)
{
    static const char *const expired[] = {"ExpiredToken",           "InvalidToken", "AuthMissing",
                                          "AuthenticationRequired", "AuthRequired", NULL};
    static const char *const closed[] = {
        "AccountTakedown", "AccountDeactivated", "AccountSuspended", "AuthFactorTokenRequired",
        "RepoTakendown",   "RepoDeactivated",    "RepoSuspended",    NULL};
    const enum weight weight = weight_of(call);
    const bool exchange = call == CALL_CREATE_SESSION || call == CALL_REFRESH_SESSION;
    if (response->status == 429) {
        set(answer, weight, OUTCOME_DEFERRED, OUTCOME_DEFERRED, REFUSED_platform_rate_limited);
        answer->until_ms = bluesky_answer_until(&response->headers, now_ms);
    } else if (is_one_of(answer->platform_code, closed)) {
        set(answer, weight, OUTCOME_UNAUTHORIZED, OUTCOME_UNAUTHORIZED, REFUSED_credentials_refused);
    } else if (response->status == 401 || is_one_of(answer->platform_code, expired)) {
        set(answer, weight, OUTCOME_UNAUTHORIZED, OUTCOME_UNAUTHORIZED, REFUSED_credentials_refused);
        answer->expired = weight != WEIGHT_READ && !exchange;
    } else if (call == CALL_GET_RECORD && response->status == 400 &&
               span_equal(answer->platform_code, SPAN("RecordNotFound"))) {
        answer->outcome = OUTCOME_ABSENT;
        answer->code = REFUSED_outcome_absent;
    } else if (response->status == 413 || answer->platform_code.len > 0) {
        set(answer, weight, OUTCOME_REFUSED, OUTCOME_REFUSED, REFUSED_platform_refused);
    } else {
        set_vague(answer, weight); /* not a PDS that speaks: a proxy, a portal */
    }
}

static enum err read_body(const struct http_response *response, struct arena *arena, struct bluesky_answer *answer)
{
    const enum err err = json_read(response->body, arena, &answer->body);
    if (err == ERR_NO_MEMORY) {
        return err;
    }
    if (err != OK || !json_node_is(answer->body, NODE_OBJECT)) {
        answer->body = NULL;
        return OK;
    }
    answer->platform_code = span_cut(json_node_text(answer->body, "error"), CODE_MAX);
    answer->platform_message = span_cut(json_node_text(answer->body, "message"), MESSAGE_MAX);
    return OK;
}

static void set_accepted(struct bluesky_answer *answer, enum bluesky_call call, const struct http_response *response,
                         int64_t now_ms)
{
    if (!is_whole(call, answer->body)) {
        set_vague(answer, weight_of(call));
        return;
    }
    answer->outcome = OUTCOME_ACCEPTED;
    answer->code = ACCEPTED;
    if (span_equal(response->headers.rate_remaining, SPAN("0"))) {
        answer->until_ms = bluesky_answer_until(&response->headers, now_ms);
    }
}

enum err bluesky_answer(enum bluesky_call call, const struct http_response *response, int64_t now_ms,
                        struct arena *arena, struct bluesky_answer *ret_answer)
{
    ASSERT(call < CALL_PAGE);
    const enum weight weight = weight_of(call);
    struct bluesky_answer answer = {0};
    if (response->result == HTTP_NOT_SENT) {
        set(&answer, weight, OUTCOME_TRY_AGAIN, OUTCOME_TRY_AGAIN, REFUSED_platform_unreachable);
    } else if (response->result == HTTP_ADDRESS) {
        set(&answer, weight, OUTCOME_REFUSED, OUTCOME_REFUSED, REFUSED_address_refused);
    } else if (response->result != HTTP_COMPLETE) {
        set_vague(&answer, weight);
    } else {
        TRY(read_body(response, arena, &answer));
        if (response->status == 200) {
            set_accepted(&answer, call, response, now_ms);
        } else if (response->status >= 400 && response->status < 500 && response->status != 408) {
            set_client_error(&answer, call, response, now_ms);
        } else {
            set_vague(&answer, weight);
        }
    }
    ASSERT(answer.outcome != OUTCOME_NONE);
    *ret_answer = answer;
    return OK;
}

/* An instant of the platform's clock as one of ours: when the answer was made is told by its own Date. Without one the
 * clocks are taken to agree. */
static int64_t ours(int64_t theirs_ms, const struct http_headers *headers, int64_t now_ms)
{
    int64_t date_ms = 0;
    return http_date_parse(headers->date, now_ms, &date_ms) == OK ? now_ms + (theirs_ms - date_ms) : theirs_ms;
}

/* Retry-After: seconds, or an HTTP-date (RFC 9110 section 10.2.3). */
static bool retry_after(const struct http_headers *headers, int64_t now_ms, int64_t *ret_ms)
{
    uint64_t value = 0;
    if (span_to_u64(headers->retry_after, &value) == OK && value <= (uint64_t)INT32_MAX) {
        *ret_ms = now_ms + (int64_t)value * SECOND_MS;
        return true;
    }
    int64_t theirs_ms = 0;
    if (http_date_parse(headers->retry_after, now_ms, &theirs_ms) != OK) {
        return false;
    }
    *ret_ms = ours(theirs_ms, headers, now_ms);
    return true;
}

static bool rate_reset(const struct http_headers *headers, int64_t now_ms, int64_t *ret_ms)
{
    const uint64_t least = 1000000000; /* smaller: seconds from now, as newer drafts of the header have it */
    uint64_t value = 0;
    if (span_to_u64(headers->rate_reset, &value) != OK || value > INSTANT_MAX_S) {
        return false;
    }
    const int64_t value_ms = (int64_t)value * SECOND_MS;
    *ret_ms = value < least ? now_ms + value_ms : ours(value_ms, headers, now_ms);
    return true;
}

int64_t bluesky_answer_until(const struct http_headers *headers, int64_t now_ms)
{
    int64_t until_ms = 0;
    if (!retry_after(headers, now_ms, &until_ms) && !rate_reset(headers, now_ms, &until_ms)) {
        return 0;
    }
    if (until_ms < now_ms + SECOND_MS) {
        return now_ms + SECOND_MS;
    }
    return until_ms > now_ms + BLUESKY_RESET_MAX_MS ? now_ms + BLUESKY_RESET_MAX_MS : until_ms;
}

static int base64url_digit(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* The instant that a JWT names as its end (exp), of the clock of who made it; 0: none. */
static int64_t token_end_ms(struct span token, struct arena *arena)
{
    const size_t head = span_find(token, '.');
    if (head == token.len) {
        return 0;
    }
    const struct span rest = span_of(token.data + head + 1, token.len - head - 1);
    const size_t end = span_find(rest, '.');
    uint8_t *bytes = arena_alloc(arena, end + 1);
    if (bytes == NULL) {
        return 0;
    }
    size_t len = 0;
    uint32_t bits = 0;
    unsigned held = 0;
    for (size_t i = 0; i < end; i++) {
        const int digit = base64url_digit(rest.data[i]);
        if (digit < 0) {
            return 0;
        }
        bits = (bits << 6 | (uint32_t)digit) & 0xFFFFF;
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes[len] = (uint8_t)(bits >> held);
            len++;
        }
    }
    const struct json_node *claims = NULL;
    if (json_read(span_of(bytes, len), arena, &claims) != OK) {
        return 0;
    }
    const struct json_node *expires = json_node_member(claims, "exp");
    const bool sane = json_node_is(expires, NODE_INTEGER) && expires->integer > 0 && expires->integer <= INSTANT_MAX_S;
    return sane ? expires->integer * SECOND_MS : 0;
}

int64_t bluesky_token_expires_ms(struct span token, const struct http_headers *headers, int64_t now_ms,
                                 struct arena *arena)
{
    const int64_t theirs_ms = token_end_ms(token, arena);
    if (theirs_ms == 0) {
        return 0;
    }
    const int64_t ours_ms = ours(theirs_ms, headers, now_ms);
    const int64_t last_ms = INSTANT_MAX_S * SECOND_MS;
    return ours_ms < now_ms ? now_ms : ours_ms < last_ms ? ours_ms : last_ms;
}
