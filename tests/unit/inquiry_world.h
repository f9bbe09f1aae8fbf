/* inquiry_world.h: inquiries against a provider that is a table: what they ask for waits until a test answers it. */
#ifndef OPENPOST_TESTS_UNIT_INQUIRY_WORLD_H
#define OPENPOST_TESTS_UNIT_INQUIRY_WORLD_H

#include "adapters/identity/inquiry.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/wire/identity_box.h"
#include "core/wire/party.h"
#include "tests/ids.h"
#include "tests/suite.h"
#include "tests/unit/tokens.h"

#define START_MS ((int64_t)1800000000 * 1000)
#define ISSUER "https://id.acme.test"
#define CALLS_MAX 200

/* A request that waits for its answer. */
struct waiting {
    struct http_request request;
    char url[600];
    char body[3000];
    char authorization[3000];
    struct arena *arena;
    struct call *call;
};

struct ended {
    int count;
    enum refusal refusal;
    char step[16];
    uint8_t bytes[IDENTITY_REPLY_MAX];
    struct span result;
};

static struct {
    EVP_PKEY *key;
    struct guard guard;
    struct inquiries *inquiries;
    struct waiting calls[CALLS_MAX];
    unsigned count; /* so far */
    enum err err;   /* of the next start */
    int64_t now_ms;
    struct ended ended[INQUIRIES_MAX + 1];
    uint8_t box_key[FRAME_KEY_LEN];
} world;

static inline enum err start(void *context, const struct http_request *request, int64_t now_ms, struct arena *arena,
                             struct call *call)
{
    (void)context;
    ck_assert_int_eq(request->deadline_ms, now_ms + PROVIDER_WITHIN_MS);
    ck_assert_uint_lt(world.count, CALLS_MAX);
    if (world.err != OK) {
        return world.err;
    }
    struct waiting *waiting = &world.calls[world.count];
    world.count++;
    waiting->request = *request;
    waiting->arena = arena;
    waiting->call = call;
    (void)snprintf(waiting->url, sizeof waiting->url, "%.*s", (int)request->url.len, (const char *)request->url.data);
    (void)snprintf(waiting->body, sizeof waiting->body, "%.*s", (int)request->body.len,
                   request->body.data == NULL ? "" : (const char *)request->body.data);
    (void)snprintf(waiting->authorization, sizeof waiting->authorization, "%.*s", (int)request->authorization.len,
                   request->authorization.data == NULL ? "" : (const char *)request->authorization.data);
    return OK;
}

static inline void take_end(void *context, void *tag, const struct inquiry_end *end)
{
    struct ended *ended = tag;
    (void)context;
    ended->count++;
    ended->refusal = end->refusal;
    (void)snprintf(ended->step, sizeof ended->step, "%s", end->step);
    memcpy(ended->bytes, end->result.data == NULL ? (const uint8_t *)"" : end->result.data, end->result.len);
    ended->result = span_of(ended->bytes, end->result.len);
}

static inline void set_up(void)
{
    struct inquiry_options options = {.guard = &world.guard, .net = {.start = start}, .ended = take_end};
    world.now_ms = START_MS;
    world.count = 0;
    world.err = OK;
    world.guard = (struct guard){.loopback_ports = {9000}, .loopback_count = 1};
    memset(world.ended, 0, sizeof world.ended);
    memset(world.box_key, 7, sizeof world.box_key);
    memcpy(options.box_key, world.box_key, sizeof options.box_key);
    ck_assert_int_eq(inquiries_new(&options, &world.inquiries), OK);
}

static inline void tear_down(void)
{
    inquiries_free(world.inquiries);
}

static inline struct identity_ask question(enum identity_question question, struct buf *box)
{
    struct identity_ask ask = {.question = question,
                               .issuer = SPAN(ISSUER),
                               .client_id = SPAN("us"),
                               .redirect_uri = SPAN("https://posts.acme.test/cb?a=b"),
                               .nonce = SPAN("a-nonce"),
                               .scope = SPAN("openid email"),
                               .state = SPAN("a/state"),
                               .challenge = SPAN("a-challenge"),
                               .code = SPAN("a code"),
                               .verifier = SPAN("a-verifier")};
    const uint8_t nonce[12] = {1};
    ask.provider_id = id_number(ID_PROVIDER, 1);
    const struct identity_use of = {.provider_id = ask.provider_id, .issuer = ask.issuer, .client_id = ask.client_id};
    if (box != NULL) {
        ck_assert_int_eq(
            identity_box_seal(world.box_key, nonce, &of, START_MS + IDENTITY_BOX_LIFE_MS, SPAN("hu:sh"), box), OK);
        ask.box = buf_span(box);
    }
    return ask;
}

static inline struct ended *ask(const struct identity_ask *ask, unsigned place)
{
    uint8_t bytes[IDENTITY_ASK_MAX];
    struct buf body = buf_of(bytes, sizeof bytes);
    identity_ask_put(&body, ask);
    inquiries_begin(world.inquiries, buf_span(&body), world.now_ms, &world.ended[place]);
    return &world.ended[place];
}

/* Answers the newest call. */
static inline void answer_with(enum http_result result, unsigned status, const char *body)
{
    ck_assert_uint_gt(world.count, 0);
    const struct waiting *waiting = &world.calls[world.count - 1];
    struct http_response response = {.result = result, .status = status};
    ck_assert_int_eq(arena_copy(waiting->arena, span_text(body), &response.body), OK);
    inquiries_answered(world.inquiries, waiting->call, world.now_ms, &response);
}

static inline void answer(const char *body)
{
    answer_with(HTTP_COMPLETE, 200, body);
}

#define ENDPOINTS                                                                                                    \
    "\"authorization_endpoint\":\"https://id.acme.test/auth?x=1\",\"token_endpoint\":\"https://t.acme.test/token\"," \
    "\"jwks_uri\":\"https://id.acme.test/keys\""
#define DOCUMENT "{\"issuer\":\"" ISSUER "\"," ENDPOINTS "}"

static inline const char *last_url(void)
{
    return world.calls[world.count - 1].url;
}

static inline const char *keys_of(EVP_PKEY *key, const char *kid)
{
    static char text[4096];
    struct buf out = buf_of(text, sizeof text);
    buf_text(&out, "{\"keys\":[");
    token_key(&out, key, kid, "");
    buf_text(&out, "]}");
    return buf_terminated(&out);
}

/* A token answer, its token under that name; rest: more claims, each after a comma. */
static inline const char *tokens_with(const char *kid, const char *rest)
{
    static char text[8192];
    char header[100];
    char claims[1000];
    struct buf out = buf_of(text, sizeof text);
    (void)snprintf(header, sizeof header, "{\"alg\":\"ES256\",\"kid\":\"%s\"}", kid);
    (void)snprintf(claims, sizeof claims,
                   "{\"iss\":\"" ISSUER
                   "\",\"aud\":\"us\",\"exp\":%lld,\"iat\":%lld,\"nonce\":\"a-nonce\",\"sub\":\"s\"%s}",
                   (long long)(world.now_ms / 1000 + 300), (long long)(world.now_ms / 1000), rest);
    buf_text(&out, "{\"token_type\":\"Bearer\",\"access_token\":\"at\",\"id_token\":\"");
    token_write(&out, span_text(header), span_text(claims), world.key, "ES256");
    buf_text(&out, "\"}");
    return buf_terminated(&out);
}

#define EMAIL ",\"email\":\"a@b\",\"email_verified\":true"

#define ROWS(table_) ((int)(sizeof(table_) / sizeof *(table_)))

#endif
