/* oidc.c: see oidc.h. Called by catalog.c and inquiry.c. Whatever a provider says is a stranger's word: it is held to
 * its form, and an endpoint that it names to the guard. */
#include "adapters/identity/oidc.h"

#include "core/base/base64.h"
#include "core/base/limits.h"
#include "core/message/json_read.h"

#define WELL_KNOWN "/.well-known/openid-configuration"

bool oidc_url_is_safe(const struct guard *guard, struct span url)
{
    struct guard_url parsed;
    if (url.len > IDENTITY_URL_MAX || guard_url_parse(url, &parsed) != OK || !guard_url_allowed(guard, &parsed)) {
        return false;
    }
    if (parsed.https) {
        return true;
    }
    bool opened = false;
    for (size_t i = 0; i < guard->loopback_count; i++) {
        opened = opened || guard->loopback_ports[i] == parsed.port;
    }
    return opened && parsed.port != 80 &&
           (span_equal(parsed.host, SPAN("localhost")) || span_equal(parsed.host, SPAN("127.0.0.1")) ||
            span_equal(parsed.host, SPAN("::1")));
}

/* --- discovery --- */

enum err oidc_discovery_url(struct span issuer, struct buf *out)
{
    const bool slashed = issuer.len > 0 && issuer.data[issuer.len - 1] == '/';
    buf_put(out, span_of(issuer.data, issuer.len - (slashed ? 1 : 0)));
    buf_text(out, WELL_KNOWN);
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

/* Whether a list of the document has the word; a document without the list: absent. */
static bool lists(const struct json_node *document, const char *name, struct span word, bool absent)
{
    const struct json_node *list = json_node_member(document, name);
    if (list == NULL) {
        return absent;
    }
    for (const struct json_node *one = list->first; one != NULL; one = one->next) {
        if (one->kind == NODE_TEXT && span_equal(one->text, word)) {
            return true;
        }
    }
    return false;
}

static bool take_endpoint(const struct json_node *document, const char *name, const struct guard *guard,
                          struct span *ret_url)
{
    *ret_url = json_node_text(document, name);
    return ret_url->data != NULL && span_find(*ret_url, '#') == ret_url->len && oidc_url_is_safe(guard, *ret_url);
}

enum refusal oidc_discovery_read(const struct json_node *document, struct span issuer, const struct guard *guard,
                                 struct oidc_provider *ret_provider)
{
    static const char methods[] = "token_endpoint_auth_methods_supported";
    struct oidc_provider provider = {.basic = false};
    if (!span_equal(json_node_text(document, "issuer"), issuer) ||
        !take_endpoint(document, "authorization_endpoint", guard, &provider.authorization_endpoint) ||
        !take_endpoint(document, "token_endpoint", guard, &provider.token_endpoint) ||
        !take_endpoint(document, "jwks_uri", guard, &provider.jwks_uri)) {
        return REFUSED_provider_answer_invalid;
    }
    if (!lists(document, "response_types_supported", SPAN("code"), true) ||
        !lists(document, "code_challenge_methods_supported", SPAN("S256"), true)) {
        return REFUSED_provider_answer_invalid;
    }
    if (!take_endpoint(document, "userinfo_endpoint", guard, &provider.userinfo_endpoint)) {
        provider.userinfo_endpoint = (struct span){0};
    }
    provider.basic = lists(document, methods, SPAN("client_secret_basic"), true);
    provider.post = lists(document, methods, SPAN("client_secret_post"), false);
    provider.sends_iss =
        json_node_is(json_node_member(document, "authorization_response_iss_parameter_supported"), NODE_TRUE);
    *ret_provider = provider;
    return ACCEPTED;
}

/* --- what we say --- */

/* Escaped so that it is good in a query, in a form and in basic authorization (RFC 6749, 2.3.1), where a blank as "+"
 * is not understood by all. */
static void put(struct buf *out, const char *name, struct span value)
{
    buf_text(out, name);
    http_escape(out, value);
}

enum err oidc_authorization_url(const struct oidc_provider *provider, const struct identity_ask *ask, struct buf *out)
{
    const struct span endpoint = provider->authorization_endpoint;
    const bool asks = span_find(endpoint, '?') < endpoint.len;
    buf_put(out, endpoint);
    buf_text(out, asks ? "&response_type=code" : "?response_type=code");
    put(out, "&client_id=", ask->client_id);
    put(out, "&redirect_uri=", ask->redirect_uri);
    put(out, "&scope=", ask->scope);
    put(out, "&state=", ask->state);
    put(out, "&nonce=", ask->nonce);
    put(out, "&code_challenge=", ask->challenge);
    buf_text(out, "&code_challenge_method=S256");
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

/* "Basic " and what RFC 6749 makes of id and secret. */
static enum err write_basic(struct span client_id, struct span secret, struct arena *arena, struct span *ret_header)
{
    const size_t cap = 3 * (client_id.len + secret.len) + 1;
    uint8_t *pair_bytes = arena_alloc(arena, cap);
    uint8_t *bytes = arena_alloc(arena, 2 * cap + 16);
    if (pair_bytes == NULL || bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf pair = buf_of(pair_bytes, cap);
    struct buf out = buf_of(bytes, 2 * cap + 16);
    http_escape(&pair, client_id);
    buf_byte(&pair, ':');
    http_escape(&pair, secret);
    buf_text(&out, "Basic ");
    base64_write(&out, buf_span(&pair));
    *ret_header = buf_span(&out);
    return buf_ok(&pair) && buf_ok(&out) ? OK : ERR_NO_SPACE;
}

enum refusal oidc_token_request(const struct oidc_provider *provider, const struct identity_ask *ask,
                                struct span secret, struct arena *arena, struct http_request *ret_request)
{
    const bool has_secret = secret.data != NULL;
    const bool by_basic = has_secret && provider->basic;
    struct http_request request = {.method = HTTP_POST,
                                   .url = provider->token_endpoint,
                                   .content_type = SPAN("application/x-www-form-urlencoded"),
                                   .response_max = PROVIDER_ANSWER_MAX,
                                   .once = true};
    const size_t cap =
        3 * (ask->code.len + ask->redirect_uri.len + ask->verifier.len + ask->client_id.len + secret.len) + 256;
    if (has_secret && !provider->basic && !provider->post) {
        return REFUSED_provider_answer_invalid;
    }
    if (by_basic && write_basic(ask->client_id, secret, arena, &request.authorization) != OK) {
        return REFUSED_out_of_memory;
    }
    uint8_t *bytes = arena_alloc(arena, cap);
    if (bytes == NULL) {
        return REFUSED_out_of_memory;
    }
    struct buf form = buf_of(bytes, cap);
    put(&form, "grant_type=authorization_code&code=", ask->code);
    put(&form, "&redirect_uri=", ask->redirect_uri);
    put(&form, "&code_verifier=", ask->verifier);
    if (!by_basic) {
        put(&form, "&client_id=", ask->client_id);
    }
    if (has_secret && !by_basic) {
        put(&form, "&client_secret=", secret);
    }
    request.body = buf_span(&form);
    *ret_request = request;
    return ACCEPTED;
}

/* --- what it answers --- */

static enum refusal judge_result(const struct http_response *response)
{
    switch (response->result) {
    case HTTP_COMPLETE:
        return response->status == 429 || response->status >= 500 ? REFUSED_provider_unreachable : ACCEPTED;
    case HTTP_TOO_LARGE:
        return REFUSED_provider_answer_invalid;
    case HTTP_NOT_SENT:
    case HTTP_ADDRESS:
    case HTTP_NO_ANSWER:
    case HTTP_TIMED_OUT:
    case HTTP_TRUNCATED:
    case HTTP_RESULT_COUNT:
        break;
    }
    return REFUSED_provider_unreachable;
}

static enum refusal read_object(const struct http_response *response, struct arena *arena,
                                const struct json_node **ret_object)
{
    const struct json_node *object = NULL;
    const enum err err = json_read(response->body, arena, &object);
    if (err == ERR_NO_MEMORY) {
        return REFUSED_out_of_memory;
    }
    if (err != OK || object->kind != NODE_OBJECT) {
        return REFUSED_provider_answer_invalid;
    }
    *ret_object = object;
    return ACCEPTED;
}

enum refusal oidc_answer_object(const struct http_response *response, struct arena *arena,
                                const struct json_node **ret_object)
{
    const enum refusal refusal = judge_result(response);
    if (refusal != ACCEPTED) {
        return refusal;
    }
    return response->status == 200 ? read_object(response, arena, ret_object) : REFUSED_provider_answer_invalid;
}

enum refusal oidc_token_read(const struct http_response *response, struct arena *arena, struct oidc_tokens *ret_tokens)
{
    const struct json_node *object = NULL;
    enum refusal refusal = judge_result(response);
    const bool refuses = response->status == 400 || response->status == 401;
    if (refusal == ACCEPTED && response->status != 200 && !refuses) {
        return REFUSED_provider_answer_invalid;
    }
    refusal = refusal == ACCEPTED ? read_object(response, arena, &object) : refusal;
    if (refusal != ACCEPTED) {
        return refusal;
    }
    if (refuses) {
        const struct span error = json_node_text(object, "error");
        return span_equal(error, SPAN("invalid_grant")) ? REFUSED_code_refused
               : error.data != NULL                     ? REFUSED_provider_refuses_us
                                                        : REFUSED_provider_answer_invalid;
    }
    const struct oidc_tokens tokens = {.id_token = json_node_text(object, "id_token"),
                                       .access_token = json_node_text(object, "access_token")};
    if (tokens.id_token.len == 0) {
        return REFUSED_provider_answer_invalid;
    }
    *ret_tokens = tokens;
    return ACCEPTED;
}
