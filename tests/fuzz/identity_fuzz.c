/* identity_fuzz.c: what identity providers answer, and what gateway and identity process say to each other. The input's
 * first byte tells what the rest is: 'd' a discovery document, 'k' a key set, 't' a token with its claims, 'a' a token
 * endpoint's answer with status 200, 'e' with 400, 'h' with a result and a status out of the next byte, 'q' a question,
 * 'l' a location, 'p' a person. */
#include "adapters/identity/jwks.h"
#include "adapters/identity/oidc.h"
#include "core/message/json_read.h"
#include "tests/fuzz/fuzz.h"

static uint8_t again[65536];
static struct arena arena;

static const struct guard guard = {.loopback_ports = {9000}, .loopback_count = 1};

static void check_endpoint(struct span url)
{
    struct guard_url parsed;
    ASSERT(url.len <= IDENTITY_URL_MAX);
    ASSERT(guard_url_parse(url, &parsed) == OK);
    ASSERT(guard_url_allowed(&guard, &parsed));
    ASSERT(parsed.https || parsed.port == 9000);
}

/* What may be sent to a provider that was accepted has room, and holds no byte that would end a line. */
static void check_requests(const struct oidc_provider *provider)
{
    const struct identity_ask ask = {.redirect_uri = SPAN("https://a.test/\r\n"),
                                     .client_id = SPAN("us\n"),
                                     .code = SPAN("c&d"),
                                     .verifier = SPAN("v"),
                                     .scope = SPAN("openid"),
                                     .state = SPAN("s"),
                                     .nonce = SPAN("n"),
                                     .challenge = SPAN("x")};
    struct http_request request;
    struct buf url = buf_of(again, IDENTITY_LOCATION_MAX);
    ASSERT(oidc_authorization_url(provider, &ask, &url) == OK);
    ASSERT(span_find(buf_span(&url), '\n') == url.len);
    const enum refusal refusal = oidc_token_request(provider, &ask, SPAN("hush\n"), &arena, &request);
    ASSERT((refusal == ACCEPTED) == (provider->basic || provider->post));
    ASSERT(oidc_token_request(provider, &ask, (struct span){0}, &arena, &request) == ACCEPTED);
    ASSERT(span_find(request.body, '\n') == request.body.len);
}

static void check_document(const struct json_node *document)
{
    struct oidc_provider provider;
    uint8_t bytes[IDENTITY_URL_MAX + 64];
    struct buf url = buf_of(bytes, sizeof bytes);
    const struct span issuer = json_node_text(document, "issuer");
    if (issuer.len == 0 || issuer.len > IDENTITY_URL_MAX) {
        return;
    }
    ASSERT(oidc_discovery_url(issuer, &url) == OK);
    if (oidc_discovery_read(document, issuer, &guard, &provider) == ACCEPTED) {
        check_endpoint(provider.authorization_endpoint);
        check_endpoint(provider.token_endpoint);
        check_endpoint(provider.jwks_uri);
        check_requests(&provider);
    }
    ASSERT(oidc_discovery_read(document, SPAN("https://another.test"), &guard, &provider) != ACCEPTED ||
           span_equal(issuer, SPAN("https://another.test")));
}

static void check_keys(const struct json_node *set)
{
    struct jwks keys;
    bool unknown = false;
    const struct id_token token = {.whole = SPAN("e30.e30.AAAA"), .alg = SPAN("RS256")};
    if (jwks_read(set, &arena, &keys) == ACCEPTED) {
        ASSERT(keys.count <= PROVIDER_KEYS_MAX);
        for (uint32_t i = 0; i < keys.count; i++) {
            ASSERT(jose_key_is_good(&keys.keys[i].key));
        }
        ASSERT(jwks_verify(&keys, &token, &unknown) == REFUSED_token_signature_invalid);
    }
}

static void check_token(struct span text)
{
    static const struct jwks nothing = {.count = 0};
    struct id_token token;
    struct identity_person person = {.subject = SPAN("")};
    bool unknown = false;
    if (id_token_open(text, &arena, &token) != ACCEPTED) {
        return;
    }
    ASSERT(text.len <= ID_TOKEN_MAX);
    ASSERT(jwks_verify(&nothing, &token, &unknown) == REFUSED_token_signature_invalid);
    ASSERT(unknown == (jose_kind_of(token.alg) != JOSE_NONE));
    const struct id_token_wanted wanted = {.issuer = SPAN("https://id.acme.test"),
                                           .client_id = SPAN("us"),
                                           .nonce = SPAN("a-nonce"),
                                           .now_ms = (int64_t)1800000000 * 1000};
    if (id_token_judge(token.claims, &wanted, &person) == ACCEPTED) {
        struct buf out = buf_of(again, sizeof again);
        struct identity_person back;
        identity_person_put(&out, &person);
        ASSERT(identity_person_read(buf_span(&out), &back) == OK);
        ASSERT(span_is_utf8(person.subject));
        ASSERT(span_equal(json_node_text(token.claims, "iss"), wanted.issuer));
        ASSERT(span_equal(json_node_text(token.claims, "nonce"), wanted.nonce));
    }
}

static void check_answer(enum http_result result, struct span body, unsigned status)
{
    const struct http_response response = {.result = result, .status = status, .body = body};
    const struct json_node *object = NULL;
    struct oidc_tokens tokens;
    const enum refusal refusal = oidc_token_read(&response, &arena, &tokens);
    ASSERT(refusal != ACCEPTED || (result == HTTP_COMPLETE && status == 200 && tokens.id_token.len > 0));
    ASSERT(refusal != REFUSED_code_refused || status == 400);
    ASSERT(oidc_answer_object(&response, &arena, &object) != ACCEPTED || object->kind == NODE_OBJECT);
}

/* What is accepted has one spelling. */
static void check_same(const struct buf *out, struct span bytes)
{
    ASSERT(buf_ok(out));
    ASSERT(span_equal(buf_span(out), bytes));
}

static void check_wire(uint8_t what, struct span bytes)
{
    struct identity_ask ask;
    struct identity_person person;
    struct span location;
    struct buf out = buf_of(again, sizeof again);
    if (what == 'q' && identity_ask_read(bytes, &ask) == OK) {
        ASSERT(bytes.len <= IDENTITY_ASK_MAX);
        identity_ask_put(&out, &ask);
        check_same(&out, bytes);
    } else if (what == 'l' && identity_location_read(bytes, &location) == OK) {
        identity_location_put(&out, location);
        check_same(&out, bytes);
    } else if (what == 'p' && identity_person_read(bytes, &person) == OK) {
        identity_person_put(&out, &person);
        check_same(&out, bytes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0) {
        return 0;
    }
    const struct span rest = span_of(data + 1, len - 1);
    const struct json_node *node = NULL;
    arena_init(&arena, (size_t)2 << 20);
    if ((data[0] == 'd' || data[0] == 'k') && json_read(rest, &arena, &node) == OK) {
        (data[0] == 'd' ? check_document : check_keys)(node);
    } else if (data[0] == 't') {
        check_token(rest);
    } else if (data[0] == 'a' || data[0] == 'e') {
        check_answer(HTTP_COMPLETE, rest, data[0] == 'a' ? 200 : 400);
    } else if (data[0] == 'h' && len > 1) {
        check_answer((enum http_result)(data[1] % HTTP_RESULT_COUNT), rest, data[1] * 3U);
    } else {
        check_wire(data[0], rest);
    }
    arena_done(&arena);
    return 0;
}
