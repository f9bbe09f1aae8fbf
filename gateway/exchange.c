/* exchange.c: a request's way through the gate to its handler, in this order: 401, 404 (path), 403,
 * 405/413/415/400, 422 of the form, then the handler's 422; 409, 428 and 412 are the ledger's. No handler is called
 * before all of that has passed. */
#include "gateway/gateway.h"

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/wire/body.h"
#include "gateway/etag.h"
#include "gateway/exchange_resource.h"
#include "gateway/gate/ask.h"
#include "gateway/gate/oversight.h"
#include "gateway/gate/people.h"
#include "gateway/gate/sessions.h"
#include "gateway/header_value.h"

static exchange_handler *const handlers[ROUTE_COUNT] = {
#define ROUTE(name_, method_, path_, need_, scope_, resource_, body_, match_, success_, takes_, gives_, doc_) \
    [ROUTE_##name_] = handle_##name_,
#include "gateway/route.def"
};

struct id exchange_mint(struct exchange *exchange, enum id_kind kind)
{
    struct gateway *gateway = exchange->gateway;
    uint8_t randomness[10];
    lock_take(&gateway->random_lock);
    random_draw(&gateway->random, randomness, sizeof randomness);
    lock_give(&gateway->random_lock);
    return id_make(kind, exchange->now_ms, randomness);
}

/* Reads the path's resource through the gate. False: answered (404 for whatever is not this workspace's). */
static bool load_resource(struct exchange *x, const struct route_hit *hit)
{
    const enum err err = exchange_read_resource(x, hit);
    if (err == ERR_NOT_FOUND) {
        pass_missed(x->pass, &x->id, x->route->id, x->now_ms);
        exchange_problem(x, REFUSED_not_found, NULL, NULL, NULL);
    } else if (err != OK) {
        exchange_failed(x, err);
    }
    return err == OK;
}

/* What is wrong with a body that is not read. */
static const char *json_fault(enum err err)
{
    switch ((int)err) {
    case OK:
        return "A JSON object is expected.";
    case ERR_RANGE:
        return "A number does not fit: whole ones go from -2^63 to 2^63 - 1.";
    case ERR_NUL:
        return "It holds U+0000, which is not allowed.";
    case ERR_NOT_UTF8:
        return "A text is not UTF-8.";
    case ERR_EXISTS:
        return "An object names a member twice.";
    case ERR_TOO_LONG:
        return "It has more than 100,000 values.";
    default:
        return "Not JSON (RFC 8259), or nested deeper than 32.";
    }
}

/* False: answered. */
static bool parse_body(struct exchange *x)
{
    char detail[128];
    struct buf out = buf_of(detail, sizeof detail);
    size_t bytes = 0;
    const enum err err = json_read_wide(x->request->body, &x->request->arena, &x->body, &bytes);
    if (err == OK && x->body->kind == NODE_OBJECT) {
        return true;
    }
    if (err == ERR_NO_MEMORY) {
        exchange_failed(x, err);
        return false;
    }
    buf_text(&out, json_fault(err));
    if (err != OK) {
        buf_text(&out, " It was noticed after ");
        buf_u64(&out, bytes);
        buf_text(&out, " bytes of the body.");
    }
    exchange_problem(x, REFUSED_malformed_json, buf_terminated(&out), NULL, NULL);
    return false;
}

/* False: answered. */
static bool read_body(struct exchange *x)
{
    const struct request *request = x->request;
    if (request->body.len == 0) {
        if (x->route->body == BODY_JSON) {
            exchange_problem(x, REFUSED_malformed_json, "A JSON object is expected; the body is empty.", NULL, NULL);
            return false;
        }
        return true;
    }
    if (x->route->body == BODY_NONE) {
        exchange_problem(x, REFUSED_malformed_request, "This request takes no body.", NULL, NULL);
        return false;
    }
    if (!exchange_header_once(x, "Content-Type")) {
        return false;
    }
    if (!header_is_json(request_header(request, "Content-Type"))) {
        exchange_problem(x, REFUSED_unsupported_media_type, NULL, NULL, NULL);
        return false;
    }
    if (!header_is_utf8(request_header(request, "Content-Type"))) {
        exchange_problem(x, REFUSED_unsupported_media_type,
                         "The body is read as UTF-8: send it so, with charset=utf-8 or without a charset.", NULL, NULL);
        return false;
    }
    if (request_header_count(request, "Content-Encoding") > 1 ||
        !header_is_identity(request_header(request, "Content-Encoding"))) {
        exchange_problem(x, REFUSED_unsupported_media_type, "Send the body without a Content-Encoding.", NULL, NULL);
        return false;
    }
    return parse_body(x);
}

/* False: answered. */
static bool is_if_match_readable(struct exchange *x)
{
    const struct span value = request_header(x->request, "If-Match");
    if (x->route->match == MATCH_NONE || value.data == NULL ||
        (request_header_count(x->request, "If-Match") == 1 && etag_match_version(value, 0) != ETAG_MALFORMED)) {
        return true;
    }
    exchange_problem(x, REFUSED_malformed_request,
                     "If-Match is sent once: the ETag in its quotes, a list of such, or an asterisk.", "If-Match",
                     NULL);
    return false;
}

bool exchange_is_stale(const struct exchange *x)
{
    return x->if_match == VERSION_OF_NOTHING;
}

bool exchange_may_change(const struct exchange *x)
{
    const struct post_row *post = &x->post.row;
    const bool open = post->status == POST_DRAFT ||
                      (post->status == POST_SCHEDULED && x->now_ms < post->publish_at_ms - LOCK_AHEAD_MS);
    return open && !exchange_is_stale(x);
}

/* Counts the request of a good key. False: answered, there were too many. */
static bool is_within_rate(struct exchange *x)
{
    uint64_t planned = 0;
    const enum err err = pass_quota(x->pass, &planned);
    if (err != OK) {
        exchange_failed(x, err);
        return false;
    }
    x->quota = planned == 0 ? x->gateway->quota : (uint32_t)(planned < UINT32_MAX ? planned : UINT32_MAX);
    x->rate = limiter_take(&x->gateway->limiter, pass_badge(x->pass)->key_id.uuid, x->quota, clock_monotonic_us());
    if (!x->rate.allowed) {
        exchange_problem(x, REFUSED_rate_limited, planned == 0 ? NULL : exchange_limit_detail(x, LIMIT_REQUESTS), NULL,
                         NULL);
    }
    return x->rate.allowed;
}

/* Holds If-Match against the version as we see it now: strong comparison (RFC 9110 section 13.1.1). What is missing or
 * stale is refused by the ledger, which decides about the state first (409 before 428, 412). */
static enum err read_if_match(struct exchange *x)
{
    const struct span value = request_header(x->request, "If-Match");
    if (x->route->match == MATCH_NONE || (value.data == NULL && x->route->match != MATCH_REQUIRED)) {
        return OK;
    }
    uint64_t version = 0;
    TRY(exchange_read_version(x, &version));
    const enum etag_match match = value.data == NULL ? ETAG_OTHER : etag_match_version(value, version);
    x->match_missing = value.data == NULL;
    x->match_detail = match != ETAG_WEAK ? NULL
                                         : "A weak entity tag (W/\"…\") never matches in If-Match (RFC 9110, 13.1.1): "
                                           "send the ETag as it was given.";
    x->if_match = match >= ETAG_STRONG ? version : VERSION_OF_NOTHING;
    return OK;
}

static void ask_past(struct exchange *x, uint64_t from);

/* Adds a helping of the stream's events to those that came before. Mostly it is the only one, and stays where it is. */
static enum err keep_past(struct exchange *x, struct span result, uint64_t *ret_version)
{
    struct body_list events;
    TRY(body_events_read(result, ret_version, &events));
    const bool is_last = *ret_version >= x->first.version;
    if (is_last && x->past.left == 0) {
        x->past = events;
        return OK;
    }
    uint8_t *bytes = arena_room(&x->request->arena, x->past.rest.len + events.rest.len + 1);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf both = buf_of(bytes, x->past.rest.len + events.rest.len);
    buf_put(&both, x->past.rest);
    buf_put(&both, events.rest);
    x->past = (struct body_list){.rest = buf_span(&both), .left = x->past.left + events.left};
    return events.left > 0 || is_last ? OK : ERR_TRUNCATED;
}

static void past_asked(void *context, enum err err, struct span body)
{
    struct exchange *x = context;
    enum refusal refusal = ACCEPTED;
    struct span result;
    uint64_t version = 0;
    err = err == OK ? body_result_read(body, &refusal, &result) : err;
    err = err == OK && refusal != ACCEPTED ? ERR_NOT_FOUND : err;
    err = err == OK ? keep_past(x, result, &version) : err;
    if (err == OK && version < x->first.version) {
        ask_past(x, version + 1);
        return;
    }
    const enum err seen = pass_refresh(x->pass);
    if (err == OK && seen == OK) {
        err = x->oversight != NULL ? oversight_as_of(x->oversight, &x->first.stream, x->past)
                                   : pass_as_of(x->pass, x->past);
    }
    if (seen != OK) {
        exchange_failed(x, seen);
    } else if (refusal == REFUSED_log_altered) {
        exchange_problem(x, refusal, NULL, NULL, NULL);
    } else if (err != OK) {
        exchange_problem(x, REFUSED_unavailable,
                         "The request was done; its answer cannot be made at the moment. With the same Idempotency-Key "
                         "a repeat is safe.",
                         NULL, NULL);
    } else {
        x->rewound = true;
        pass_answers(x->pass, &x->first);
        exchange_done(x);
    }
}

static void ask_past(struct exchange *x, uint64_t from)
{
    const struct log_question question = {
        .name = "stream", .first = x->first.version, .second = from, .stream = x->first.stream};
    const enum err err = x->oversight != NULL ? oversight_ask(x->oversight, &question, past_asked, x)
                                              : pass_ask(x->pass, &question, past_asked, x);
    if (err != OK) {
        past_asked(x, err, (struct span){0});
    }
}

void exchange_rewind(struct exchange *x)
{
    x->past = (struct body_list){.left = 0};
    ask_past(x, 1);
}

/* Answers that what was given does not reach so far, and notes it. */
static void refuse(struct exchange *x, enum refusal refusal)
{
    pass_refused(x->pass, refusal, x->route->id, x->now_ms);
    exchange_problem(x, refusal, exchange_refused_detail(x, refusal), NULL, NULL);
}

static bool may_use(const struct exchange *x, const struct route *route)
{
    return pass_check(x->pass, route->need, route->scope) == ACCEPTED;
}

/* The route of the address that is meant: the method's; else one that the key may use, if there is one. */
static const struct route *meant(const struct exchange *x, const struct route_hit *hit)
{
    const struct route *route = hit->route != NULL ? hit->route : hit->any;
    for (size_t i = 0; hit->route == NULL && i < ROUTE_COUNT; i++) {
        const struct route *other = route_at((enum route_name)i);
        route = strcmp(other->path, hit->any->path) == 0 && may_use(x, other) ? other : route;
    }
    return route;
}

/* 404, 403, 405. False: answered. */
static bool enter(struct exchange *x, const struct route_hit *hit)
{
    x->route = meant(x, hit);
    if (!exchange_has_place(x)) {
        return false;
    }
    if (!load_resource(x, hit)) {
        return false;
    }
    if (!may_use(x, x->route)) {
        const bool scope = pass_check(x->pass, x->route->need, x->route->scope) == REFUSED_scope_insufficient;
        refuse(x, scope ? REFUSED_scope_insufficient : REFUSED_forbidden);
        return false;
    }
    if (hit->route == NULL) {
        exchange_problem(x, REFUSED_method_not_allowed, NULL, NULL, NULL);
        return false;
    }
    return true;
}

/* False: answered. */
static bool fits_schema(struct exchange *x)
{
    if (x->body != NULL) {
        input_check(&x->input, x->body, "", schema_at(x->route->takes));
    }
    return !exchange_input(x);
}

/* The request's own form: 415, 400, 422. False: answered. */
static bool has_form(struct exchange *x, enum asked_before before)
{
    if (!read_body(x) || !is_if_match_readable(x)) {
        return false;
    }
    if (before == ASKED_BADLY || before == ASKED_OTHER) {
        const bool twice = before == ASKED_BADLY && request_header_count(x->request, "Idempotency-Key") > 1;
        exchange_problem(x, before == ASKED_OTHER ? REFUSED_idempotency_key_reused : REFUSED_idempotency_key_invalid,
                         twice ? SENT_TWICE : NULL, twice ? "Idempotency-Key" : NULL, NULL);
        return false;
    }
    return exchange_query_check(x) && fits_schema(x);
}

/* Gives a request about workspaces from outside what sees them, if there is somebody behind it. False: answered. */
static bool oversees(struct exchange *x)
{
    const enum route_resource resource = x->route->resource;
    if ((resource != RESOURCE_WORKSPACE && resource != RESOURCE_WORKSPACES) ||
        id_is_none(&pass_badge(x->pass)->user_id)) {
        return true;
    }
    const enum err err = oversight_open(x->pass, x->now_ms, &x->oversight);
    if (err != OK) {
        exchange_failed(x, err);
    }
    return err == OK;
}

/* What was asked before is not read again, for it may be gone: of the path only the ids are, which an answer needs. */
static void again(struct exchange *x, const struct route_hit *hit)
{
    const enum err err = exchange_name_resource(x, hit);
    if (err != OK) {
        exchange_failed(x, err); /* an answer was given to this path */
        return;
    }
    exchange_rewind(x);
}

static void guarded(struct exchange *x, const struct route_hit *hit)
{
    enum asked_before before = ASKED_NEVER;
    if (!exchange_open_gate(x, hit) || !is_within_rate(x) || !exchange_header_once(x, "OpenPost-Workspace")) {
        return;
    }
    if (hit->any == NULL) {
        exchange_problem(x, REFUSED_route_not_found, NULL, NULL, NULL);
        return;
    }
    x->route = hit->route != NULL ? hit->route : hit->any;
    if (!oversees(x) || !exchange_asked_before(x, &before)) {
        return;
    }
    if (before == ASKED_SAME && hit->route != NULL && may_use(x, hit->route)) {
        x->route = hit->route;
        x->replayed = true;
        again(x, hit);
        return;
    }
    if (!enter(x, hit) || !has_form(x, before)) {
        return;
    }
    if (x->idempotency.present) {
        memcpy(x->flight.scope, x->idempotency.scope, sizeof x->flight.scope);
        x->flies = flights_begin(&x->gateway->flights, &x->flight);
        if (!x->flies) {
            exchange_problem(x, REFUSED_idempotency_in_flight, NULL, NULL, NULL);
            return;
        }
    }
    const enum err err = read_if_match(x);
    if (err != OK) {
        exchange_failed(x, err);
        return;
    }
    handlers[x->route->name](x);
}

void exchange_handle(void *context, struct request *request)
{
    struct exchange *x = arena_alloc(&request->arena, sizeof *x);
    ASSERT(x != NULL); /* the arena of a fresh request holds far more */
    x->gateway = context;
    x->request = request;
    x->now_ms = clock_wall_ms();
    const struct id request_id = exchange_mint(x, ID_REQUEST);
    x->request_uuid = request_id;
    struct buf text = buf_of(x->request_id, sizeof x->request_id);
    id_write(&text, &request_id);
    (void)buf_terminated(&text);
    struct route_hit hit;
    route_find(request->method, request->path, &hit);
    const struct route *named = hit.route != NULL ? hit.route : hit.any;
    if (span_equal(request->path, SPAN("/"))) {
        exchange_problem(x, REFUSED_route_not_found, "The API begins at /v1; GET /v1/openapi.json describes it.", NULL,
                         NULL);
        return;
    }
    if (named != NULL && named->need == NEED_NONE) {
        x->route = named;
        if (hit.route == NULL) {
            exchange_problem(x, REFUSED_method_not_allowed, NULL, NULL, NULL);
        } else if (read_body(x) && fits_schema(x)) {
            handlers[hit.route->name](x);
        }
        return;
    }
    guarded(x, &hit);
}

void *exchange_order(struct exchange *x, enum command_code code, const struct id *stream)
{
    const bool of_post = x->route->resource == RESOURCE_POST || x->route->resource == RESOURCE_TARGET;
    x->order = pass_order(x->pass, code, stream);
    x->sending = (struct sending){.idempotency = x->idempotency.present ? &x->idempotency : NULL,
                                  .expected_version = x->if_match,
                                  .causation = of_post ? x->post.row.seq : 0};
    return order_fields(x->order);
}

/* Somebody changed it between our reading and the ledger's decision: reads again, and decides again if the client named
 * no version, any ("*"), or in a list the one that it has now. */
static void redo(struct exchange *x)
{
    x->now_ms = clock_wall_ms();
    enum err err = pass_refresh(x->pass);
    err = err == OK ? exchange_reread_resource(x) : err;
    err = err == OK ? read_if_match(x) : err;
    if (err == ERR_NOT_FOUND) {
        exchange_problem(x, REFUSED_not_found, NULL, NULL, NULL);
    } else if (err != OK) {
        exchange_failed(x, err);
    } else if (exchange_is_stale(x)) {
        exchange_problem(x, x->match_missing ? REFUSED_precondition_required : REFUSED_precondition_failed,
                         x->match_detail, NULL, NULL);
    } else if (x->redone == REDO_MAX) {
        exchange_problem(x, REFUSED_unavailable, "Others change it all the time; nothing was done. Ask again.", NULL,
                         NULL);
    } else {
        x->redone++;
        handlers[x->route->name](x);
    }
}

static void answer_refusal(struct exchange *x, const struct answer *answer)
{
    const enum refusal refusal = (enum refusal)answer->refusal;
    char text[1024];
    struct buf more = buf_of(text, sizeof text);
    if (refusal == REFUSED_version_mismatch) {
        redo(x);
        return;
    }
    exchange_refused_more(x, answer, &more);
    struct refused refused;
    exchange_refused(x, refusal, answer->time_ms, &refused);
    exchange_problem(x, refusal, refused.detail, refused.param, more.len > 0 ? buf_terminated(&more) : NULL);
}

/* Whether what a repeated answer made has the id that this exchange gave it. Then the ledger was only asked twice, for
 * its first reply was lost with it or on the way: nobody has had the answer yet, nor the secret that is told once. */
static bool made_here(const struct exchange *x, const struct answer *answer)
{
    return x->route->success == 201 && id_equal(&answer->stream, &order_command(x->order)->stream);
}

static void answered(void *context, enum err err, const struct answer *answer)
{
    struct exchange *x = context;
    if (err != OK) {
        exchange_problem(x, REFUSED_unavailable,
                         "The ledger did not answer in time; with the same Idempotency-Key a repeat is safe.", NULL,
                         NULL);
        return;
    }
    if (answer->refusal != ACCEPTED) {
        answer_refusal(x, answer);
        return;
    }
    x->first = *answer;
    if (answer->repeated) {
        x->replayed = x->idempotency.present && !made_here(x, answer);
        x->rendered = NULL; /* that was another post */
        exchange_rewind(x);
        return;
    }
    err = pass_refresh(x->pass);
    if (err != OK) {
        exchange_failed(x, err);
        return;
    }
    pass_answers(x->pass, answer);
    exchange_done(x);
}

bool exchange_admitted(struct exchange *x)
{
    const struct admission admission = {.zones = x->gateway->zones, .channels = x->gateway->channels};
    const enum refusal refusal = pass_judge(x->pass, x->order);
    if (refusal == REFUSED_scope_insufficient) {
        refuse(x, refusal);
        return false;
    }
    const struct objection objection = admission_check(&admission, order_command(x->order), &x->request->arena);
    if (objection.refusal != ACCEPTED) {
        exchange_problem(x, objection.refusal, objection.detail, exchange_text_param(x, objection.param), NULL);
    }
    return objection.refusal == ACCEPTED;
}

static void send_command(struct exchange *x)
{
    const enum err err = x->oversight != NULL ? oversight_send(x->oversight, x->order, &x->sending, answered, x)
                                              : pass_send(x->pass, x->order, &x->sending, answered, x);
    if (err == ERR_BUSY || err == ERR_CLOSED) {
        exchange_problem(x, REFUSED_unavailable, NULL, NULL, NULL);
    } else if (err == ERR_TOO_LONG || err == ERR_NO_SPACE) {
        exchange_problem(x, REFUSED_payload_too_large, NULL, NULL, NULL);
    } else if (err != OK) {
        exchange_failed(x, err);
    }
}

void exchange_send(struct exchange *x)
{
    if (exchange_admitted(x)) {
        send_command(x);
    }
}

void exchange_sealed(void *exchange, enum err err, struct span body)
{
    struct exchange *x = exchange;
    enum refusal refusal = ACCEPTED;
    if (err == OK) {
        err = body_code_read(body, &refusal);
    }
    if (err != OK) {
        exchange_problem(x, REFUSED_unavailable, NULL, NULL, NULL);
    } else if (refusal != ACCEPTED) {
        exchange_problem(x, refusal, NULL, NULL, NULL);
    } else {
        exchange_send(x);
    }
}

void exchange_send_fit(struct exchange *x, const struct post_content_row *content, int64_t created_ms)
{
    if (exchange_admitted(x) && (x->blank_count > 0 || rendering_allows(x, content, created_ms))) {
        send_command(x);
    }
}
