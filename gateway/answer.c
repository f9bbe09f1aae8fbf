/* answer.c: every way in which an exchange ends: JSON, nothing, or a problem (RFC 9457). */
#include <stdio.h>

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/base/journal.h"
#include "gateway/etag.h"
#include "gateway/gate/oversight.h"
#include "gateway/gate/people.h"
#include "gateway/gateway.h"

#define OUT_FIRST ((size_t)8 << 10)
#define OUT_MAX ((size_t)8 << 20)

enum err exchange_out(struct exchange *x, struct buf *out)
{
    const size_t cap = out->cap == 0 ? OUT_FIRST : out->cap * 4;
    if (cap > OUT_MAX) {
        return ERR_TOO_LONG;
    }
    uint8_t *bytes = arena_room(&x->request->arena, cap);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    *out = buf_of(bytes, cap);
    return OK;
}

enum err exchange_body(struct exchange *x, exchange_writer *write, const void *what, struct buf *out)
{
    enum err err;
    do {
        err = exchange_out(x, out);
        err = err == OK ? write(x, what, out) : err;
    } while (err == ERR_NO_SPACE || (err == OK && !buf_ok(out)));
    return err;
}

enum err exchange_page(struct exchange *x, exchange_writer *write, const void *what, uint32_t *most, struct buf *out)
{
    enum err err = exchange_body(x, write, what, out);
    while (err == ERR_TOO_LONG && *most > 1) {
        *most /= 2;
        *out = buf_of(out->data, out->cap);
        err = write(x, what, out);
        err = err == ERR_NO_SPACE || (err == OK && !buf_ok(out)) ? ERR_TOO_LONG : err;
    }
    return err;
}

void exchange_answer(struct exchange *x, unsigned status, exchange_writer *write, const void *what, struct span tag,
                     const char *location)
{
    struct buf out = {0};
    const enum err err = exchange_body(x, write, what, &out);
    if (err != OK) {
        exchange_failed(x, err);
    } else {
        exchange_json(x, status, buf_span(&out), tag, location);
    }
}

void exchange_show(struct exchange *x, exchange_writer *write, const void *what)
{
    exchange_answer(x, 200, write, what, (struct span){0}, NULL);
}

static void add_header(struct response *response, const char *name, struct span value)
{
    ASSERT(response->header_count < RESPONSE_HEADERS_MAX);
    response->headers[response->header_count] = (struct header){.name = name, .value = value};
    response->header_count++;
}

/* Structured fields (RFC 9651) of draft-ietf-httpapi-ratelimit-headers-10. */
static struct span policy(uint32_t quota, uint32_t window_s, char *text, size_t cap)
{
    struct buf out = buf_of(text, cap);
    buf_text(&out, "\"key\";q=");
    buf_u64(&out, quota);
    buf_text(&out, ";w=");
    buf_u64(&out, window_s);
    ASSERT(buf_ok(&out));
    return buf_span(&out);
}

static struct span rate(const struct limiter_verdict *verdict, char *text, size_t cap)
{
    struct buf out = buf_of(text, cap);
    buf_text(&out, "\"key\";r=");
    buf_u64(&out, verdict->remaining);
    buf_text(&out, ";t=");
    buf_u64(&out, verdict->full_s);
    ASSERT(buf_ok(&out));
    return buf_span(&out);
}

/* What every answer carries: the request's id, that nobody may keep it, and what is left of the key's quota. */
static void finish(struct exchange *x, struct response *response)
{
    add_header(response, "Request-Id", span_text(x->request_id));
    add_header(response, "Cache-Control", x->is_public ? SPAN("no-cache") : SPAN("no-store"));
    if (x->replayed && response->status < 300) {
        add_header(response, "Idempotent-Replayed", SPAN("true"));
    }
    if (x->cookie[0] != 0) {
        add_header(response, "Set-Cookie", span_text(x->cookie));
    }
    if (x->flow_cookie != NULL) {
        add_header(response, "Set-Cookie", span_text(x->flow_cookie));
    }
    char policy_text[64];
    char rate_text[64];
    if (x->quota > 0) {
        const uint32_t window_s = x->gateway->limiter.window_s;
        add_header(response, "RateLimit-Policy", policy(x->quota, window_s, policy_text, sizeof policy_text));
        add_header(response, "RateLimit", rate(&x->rate, rate_text, sizeof rate_text));
    }
    oversight_close(x->oversight);
    pass_close(x->pass);
    explicit_bzero(x->key_text, sizeof x->key_text);
    if (x->flies) {
        flights_end(&x->gateway->flights, &x->flight);
    }
    server_answer(x->request, response);
}

void exchange_json(struct exchange *x, unsigned status, struct span body, struct span tag, const char *location)
{
    struct response response = {
        .status = status, .content_type = SPAN("application/json"), .body = body, .body_stays = true};
    if (tag.data != NULL) {
        add_header(&response, "ETag", tag);
    }
    if (location != NULL) {
        add_header(&response, "Location", span_text(location));
    }
    const struct span known = request_header(x->request, "If-None-Match");
    const bool reads = x->request->method == METHOD_GET || x->request->method == METHOD_HEAD;
    /* Weak comparison (RFC 9110 section 13.1.2): a proxy may have weakened ours. */
    if (reads && tag.data != NULL && known.data != NULL && etag_match(known, tag) >= ETAG_WEAK) {
        response.status = 304;
        response.body = (struct span){0};
        response.content_type = (struct span){0};
    }
    finish(x, &response);
}

void exchange_typed(struct exchange *x, const char *content_type, struct span body)
{
    struct response response = {.status = 200, .content_type = span_text(content_type), .body = body};
    finish(x, &response);
}

void exchange_nothing(struct exchange *x)
{
    struct response response = {.status = 204};
    finish(x, &response);
}

void exchange_see_other(struct exchange *x, const char *path)
{
    struct response response = {.status = 303};
    add_header(&response, "Location", span_text(path));
    finish(x, &response);
}

void exchange_stream(struct exchange *x, struct server_stream *stream)
{
    struct response response = {.status = 200, .content_type = SPAN("text/event-stream"), .stream = stream};
    add_header(&response, "X-Accel-Buffering", SPAN("no")); /* nginx in front would keep events back */
    finish(x, &response);
}

/* {"type","title","status","code","detail","param","retryable","request_id"…}: RFC 9457 section 3, with our extension
 * members. */
static void write_problem(struct buf *out, const struct refusal_desc *desc, const char *detail, const char *param,
                          const char *request_id, const char *more)
{
    buf_text(out, "{\"type\":\"urn:openpost:problem:");
    buf_text(out, desc->code);
    buf_text(out, "\",\"title\":");
    json_string(out, span_text(desc->title));
    buf_text(out, ",\"status\":");
    buf_u64(out, desc->status);
    buf_text(out, ",\"code\":\"");
    buf_text(out, desc->code);
    buf_text(out, "\",\"detail\":");
    json_string(out, span_text(detail != NULL ? detail : desc->title));
    buf_text(out, ",\"param\":");
    if (param != NULL) {
        json_string(out, span_text(param));
    } else {
        buf_text(out, "null");
    }
    buf_text(out, desc->retryable ? ",\"retryable\":true" : ",\"retryable\":false");
    buf_text(out, ",\"request_id\":");
    json_string(out, span_text(request_id));
    buf_text(out, more != NULL ? more : "");
    buf_byte(out, '}');
}

bool exchange_says_when(unsigned status)
{
    return status == 429 || status == 503;
}

void exchange_problem(struct exchange *x, enum refusal refusal, const char *detail, const char *param, const char *more)
{
    const struct refusal_desc *desc = refusal_desc(refusal);
    ASSERT(desc->status != 0);
    const size_t cap = 2048 + (more == NULL ? 0 : strlen(more)) + 6 * (detail == NULL ? 0 : strlen(detail));
    uint8_t *bytes = arena_room(&x->request->arena, cap);
    struct buf body = bytes == NULL ? buf_of(x->problem, sizeof x->problem) : buf_of(bytes, cap);
    write_problem(&body, desc, bytes == NULL ? NULL : detail, param, x->request_id, bytes == NULL ? NULL : more);
    struct response response = {.status = desc->status,
                                .content_type = SPAN("application/problem+json"),
                                .body = buf_span(&body),
                                .body_stays = true};
    struct route_hit hit;
    if (desc->status == 401) {
        add_header(&response, "WWW-Authenticate", SPAN("Bearer"));
    }
    char after_text[16];
    if (exchange_says_when(desc->status)) {
        struct buf after = buf_of(after_text, sizeof after_text);
        buf_u64(&after, refusal == REFUSED_rate_limited ? x->rate.retry_s : 1);
        add_header(&response, "Retry-After", buf_span(&after));
    }
    if (desc->status == 405) {
        route_find(x->request->method, x->request->path, &hit);
        add_header(&response, "Allow", span_text(hit.allowed));
    }
    finish(x, &response);
}

bool exchange_input(struct exchange *x)
{
    if (x->input.refusal != ACCEPTED) {
        exchange_problem(x, x->input.refusal, x->input.detail, x->input.param, NULL);
    }
    return x->input.refusal != ACCEPTED;
}

void exchange_failed(struct exchange *x, enum err err)
{
    if (err == ERR_ALTERED) {
        gate_damaged(x->gateway->gate);
        exchange_problem(x, REFUSED_views_damaged, NULL, NULL, NULL);
        return;
    }
    if (err == ERR_REBUILDING) {
        exchange_problem(x, REFUSED_views_rebuilding, NULL, NULL, NULL);
        return;
    }
    journal(JOURNAL_ERROR, "request_failed", "request=%s err=%s", x->request_id, err_name(err));
    if (err == ERR_ACCESS) { /* pass_send's: the route let in whom its command does not */
        exchange_problem(x, REFUSED_forbidden, NULL, NULL, NULL);
        return;
    }
    if (err == ERR_NO_MEMORY || err == ERR_TOO_LONG) {
        exchange_problem(x, REFUSED_out_of_memory, NULL, NULL, NULL);
        return;
    }
    exchange_problem(x, REFUSED_unavailable,
                     "Something that this needs failed; the operator's log has the request's id.", NULL, NULL);
}

void exchange_refusal(void *context, unsigned status, const char *code, struct arena *arena,
                      struct response *ret_response)
{
    (void)context;
    const enum refusal known = refusal_of(span_text(code));
    struct refusal_desc desc = *refusal_desc(known == ACCEPTED ? REFUSED_malformed_request : known);
    desc.status = status;
    uint8_t randomness[10];
    random_fill(randomness, sizeof randomness);
    const struct id id = id_make(ID_REQUEST, clock_wall_ms(), randomness);
    uint8_t *id_bytes = arena_alloc(arena, ID_TEXT_MAX + 1);
    struct buf text = buf_of(id_bytes, id_bytes == NULL ? 0 : ID_TEXT_MAX + 1);
    id_write(&text, &id);
    const char *request_id = buf_terminated(&text);
    uint8_t *bytes = arena_alloc(arena, 1024);
    struct buf body = buf_of(bytes, bytes == NULL ? 0 : 1024);
    char detail[64];
    (void)snprintf(detail, sizeof detail, "At most %zu bytes are taken.", BODY_BYTES_MAX);
    write_problem(&body, &desc, known == REFUSED_body_too_large ? detail : NULL, NULL,
                  request_id == NULL ? "" : request_id, NULL);
    *ret_response = (struct response){
        .status = status, .content_type = SPAN("application/problem+json"), .body = buf_span(&body), .close = true};
    add_header(ret_response, "Request-Id", buf_span(&text));
    if (exchange_says_when(status)) {
        add_header(ret_response, "Retry-After", SPAN("1"));
    }
}

const char *exchange_location(struct exchange *x, const char *folder, const struct id *id)
{
    uint8_t *bytes = arena_alloc(&x->request->arena, 80);
    struct buf text = buf_of(bytes, bytes == NULL ? 0 : 80);
    buf_text(&text, folder);
    id_write(&text, id);
    return buf_terminated(&text);
}

static enum err write_post(struct exchange *x, const void *what, struct buf *out)
{
    return pass_present_post(x->pass, what, x->now_ms, NULL, out);
}

void exchange_show_post(struct exchange *x, const struct post_view *post, unsigned status, bool with_location)
{
    char text[ETAG_MAX];
    exchange_answer(x, status, write_post, post, etag_of(post->row.version, NULL, text),
                    with_location ? exchange_location(x, "/v1/posts/", &post->row.post_id) : NULL);
}

static enum err write_integration(struct exchange *x, const void *what, struct buf *out)
{
    return present_integration(what, x->now_ms, out);
}

void exchange_show_integration(struct exchange *x, const struct integration_row *row, unsigned status,
                               bool with_location)
{
    /* The clock alone makes it expiring: another representation of the same version. */
    const bool expiring = access_status(row, x->now_ms) == INTEGRATION_EXPIRING;
    char text[ETAG_MAX];
    exchange_answer(x, status, write_integration, row, etag_of(row->version, expiring ? "expiring" : NULL, text),
                    with_location ? exchange_location(x, "/v1/integrations/", &row->integration_id) : NULL);
}

static enum err write_template(struct exchange *x, const void *what, struct buf *out)
{
    (void)x;
    return present_template(what, out);
}

void exchange_show_template(struct exchange *x, const struct template_row *row, unsigned status, bool with_location)
{
    char text[ETAG_MAX];
    exchange_answer(x, status, write_template, row, etag_of(row->version, NULL, text),
                    with_location ? exchange_location(x, "/v1/templates/", &row->template_id) : NULL);
}

static enum err write_workspace(struct exchange *x, const void *what, struct buf *out)
{
    (void)x;
    return present_workspace(what, out);
}

void exchange_show_workspace(struct exchange *x, const struct workspace_row *row)
{
    char text[ETAG_MAX];
    exchange_answer(x, x->route->success, write_workspace, row, etag_of(row->version, NULL, text), NULL);
}

/* Also the text of a key that this exchange made, where it is not told again. */
static enum err write_key(struct exchange *x, const void *what, struct buf *out)
{
    const struct key_view *key = what;
    const bool made = x->route->success == 201;
    const struct span text = x->key_text[0] != 0 && !x->replayed ? span_text(x->key_text) : (struct span){0};
    return present_key(&key->row, key->accounts, key->account_count, made, text, out);
}

void exchange_show_key(struct exchange *x, const struct key_view *key)
{
    const bool made = x->route->success == 201;
    exchange_answer(x, x->route->success, write_key, key, (struct span){0},
                    made ? exchange_location(x, "/v1/api-keys/", &key->row.key_id) : NULL);
}

/* Whether what was read, with that version, is as the command of x->first left it: so is it answered, at first and at
 * each repeat. False: others have changed or removed it since, or it could not be read: the exchange goes on, or has
 *
 * ended. */
static bool is_as_left(struct exchange *x, enum err err, uint64_t version)
{
    const bool as_left = err == OK && (x->rewound || version <= x->first.version);
    if (!as_left && !x->rewound && (err == OK || err == ERR_NOT_FOUND)) {
        exchange_rewind(x);
    } else if (!as_left) {
        exchange_failed(x, err);
    }
    return as_left;
}

static void answer_post(struct exchange *x, unsigned status, bool made)
{
    struct post_view post = {0};
    const enum err err = pass_post(x->pass, &x->first.stream, &post);
    if (is_as_left(x, err, post.row.version)) {
        exchange_show_post(x, &post, status, made);
    }
}

static void answer_integration(struct exchange *x, unsigned status, bool made)
{
    struct integration_row row = {0};
    const enum err err = pass_integration(x->pass, &x->first.stream, &row);
    if (is_as_left(x, err, row.version)) {
        exchange_show_integration(x, &row, status, made);
    }
}

static void answer_series(struct exchange *x, unsigned status, bool made)
{
    struct series_row row = {.version = 0};
    const enum err err = pass_series(x->pass, &x->first.stream, &row);
    if (is_as_left(x, err, row.version)) {
        exchange_show_series(x, &row, status, made);
    }
}

static void answer_queue(struct exchange *x)
{
    struct weekly_row row = {0};
    const enum err err = pass_answered_queue(x->pass, &x->id, &row);
    if (is_as_left(x, err, row.version)) {
        exchange_show_queue(x, &row);
    }
}

static void answer_template(struct exchange *x, unsigned status, bool made)
{
    struct template_row row = {.version = 0};
    const enum err err = pass_template(x->pass, &x->first.stream, &row);
    if (is_as_left(x, err, row.version)) {
        exchange_show_template(x, &row, status, made);
    }
}

/* A key's row says nothing of its version: what is made is not changed but by its end. */
static void answer_key(struct exchange *x)
{
    struct key_view key = {.account_count = 0};
    const enum err err = pass_key(x->pass, &x->first.stream, &key);
    if (is_as_left(x, err, 0)) {
        exchange_show_key(x, &key);
    }
}

static void answer_member(struct exchange *x)
{
    struct member_row row = {.version = 0};
    const enum err err = pass_member(x->pass, &x->first.stream, &row);
    if (is_as_left(x, err, row.version)) {
        exchange_show_member(x, &row);
    }
}

static void answer_workspace(struct exchange *x)
{
    struct workspace_row row = {0};
    const enum err err = pass_workspace(x->pass, &row);
    if (is_as_left(x, err, row.version)) {
        exchange_show_workspace(x, &row);
    }
}

static void answer_tenant(struct exchange *x)
{
    struct workspace_row row = {0};
    const enum err err = oversight_workspace(x->oversight, &x->first.stream, &row);
    if (is_as_left(x, err, row.version)) {
        exchange_show_tenant(x, &row);
    }
}

void exchange_done(struct exchange *x)
{
    const bool made = x->route->success == 201;
    if (exchange_own_tenant(x)) {
        return;
    }
    rendering_keep(x, x->first.version);
    if (x->route->success == 204) {
        exchange_nothing(x);
    } else if (x->first.stream.kind == ID_POST) {
        answer_post(x, x->route->success, made);
    } else if (x->first.stream.kind == ID_INTEGRATION) {
        answer_integration(x, x->route->success, made);
    } else if (x->first.stream.kind == ID_SERIES) {
        answer_series(x, x->route->success, made);
    } else if (x->first.stream.kind == ID_QUEUE) {
        answer_queue(x);
    } else if (x->first.stream.kind == ID_TEMPLATE) {
        answer_template(x, x->route->success, made);
    } else if (x->first.stream.kind == ID_KEY) {
        answer_key(x);
    } else if (x->first.stream.kind == ID_MEMBER) {
        answer_member(x);
    } else if (x->oversight != NULL) {
        answer_tenant(x);
    } else {
        answer_workspace(x);
    }
}
