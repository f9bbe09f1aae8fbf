/* model_xrpc.c: atproto's calls as a well-behaved PDS answers them (observed on @atproto/pds 0.4.217): statuses, error
 * names and bodies. */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/base64.h"
#include "core/calendar/instant.h"
#include "core/message/codec.h"
#include "core/vault/box.h"
#include "tools/sandbox/model_state.h"

struct call {
    struct model *model;
    int64_t now_ms;
    int64_t hidden_ms;
    const struct model_call *asked;
    struct arena *arena;
    struct model_answer *answer;
    char did[DID_MAX]; /* of the session; "" without one */
};

static void error(struct call *call, unsigned status, const char *name, const char *message)
{
    model_error(call->answer, call->arena, status, name, message);
}

static struct buf body_of(struct call *call, size_t cap)
{
    uint8_t *bytes = arena_alloc(call->arena, cap);
    return buf_of(bytes, bytes == NULL ? 0 : cap);
}

static void good(struct call *call, const struct buf *body)
{
    if (!buf_ok(body) || body->data == NULL) {
        error(call, 500, "InternalServerError", "out of memory");
        return;
    }
    call->answer->status = 200;
    call->answer->body = buf_span(body);
}

/* did:plc:… of a handle: the same one for ever. A DID stays itself. */
static void did_of(struct span handle, char out[DID_MAX])
{
    static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567";
    struct buf buf = buf_of(out, DID_MAX);
    if (span_starts_with(handle, SPAN("did:")) && handle.len < DID_MAX) {
        buf_put(&buf, handle);
    } else {
        uint8_t hash[32];
        sha256(handle, hash);
        buf_text(&buf, "did:plc:");
        for (int i = 0; i < 24; i++) {
            buf_byte(&buf, (uint8_t)base32[hash[i] & 31]);
        }
    }
    out[buf.len] = 0;
}

/* The value of a query parameter, without percent-decoding but for %3A: what our adapters send needs no more. */
static struct span query_value(struct call *call, const char *name)
{
    struct span rest = call->asked->query;
    const struct span wanted = span_text(name);
    while (rest.len > 0) {
        size_t end = span_find(rest, '&');
        const struct span pair = span_of(rest.data, end);
        const size_t equals = span_find(pair, '=');
        if (span_equal(span_of(pair.data, equals), wanted) && equals < pair.len) {
            struct buf value = body_of(call, pair.len);
            for (size_t i = equals + 1; i < pair.len; i++) {
                const bool colon = pair.data[i] == '%' && i + 2 < pair.len && pair.data[i + 1] == '3' &&
                                   (pair.data[i + 2] | 0x20) == 'a';
                buf_byte(&value, colon ? ':' : pair.data[i]);
                i += colon ? 2 : 0;
            }
            return buf_span(&value);
        }
        end += end < rest.len ? 1 : 0;
        rest = span_of(rest.data + end, rest.len - end);
    }
    return (struct span){0};
}

/* Tokens: a.<claims>.<expiry ms>.<did>.<serial> for access, r.… for refresh: readable, for whoever debugs; nothing here
 * is secret. The claims are a JWT's (RFC 7519) in base64url, which of these 18 bytes of ASCII has neither padding nor
 * letters other than base64's. */
static void put_token(struct buf *out, char kind, int64_t expires_ms, const char *did, uint64_t serial)
{
    char claims[32];
    (void)snprintf(claims, sizeof claims, "{\"exp\":%010lld}", (long long)(expires_ms / 1000));
    buf_byte(out, (uint8_t)kind);
    buf_byte(out, '.');
    base64_write(out, span_text(claims));
    buf_byte(out, '.');
    buf_i64(out, expires_ms);
    buf_byte(out, '.');
    buf_text(out, did);
    buf_byte(out, '.');
    buf_u64(out, serial);
}

static struct span next_piece(struct span *rest)
{
    const size_t len = span_find(*rest, '.');
    const struct span piece = span_of(rest->data, len);
    *rest = len < rest->len ? span_of(rest->data + len + 1, rest->len - len - 1) : (struct span){0};
    return piece;
}

static struct spent_token *find_spent(const struct model *model, struct span token)
{
    for (size_t i = 0; i < model->spent_count; i++) {
        if (span_equal(span_text(model->spent[i].token), token)) {
            return &model->spent[i];
        }
    }
    return NULL;
}

/* The first exchange of a refresh token ends it, but for the grace that a PDS gives (its REFRESH_GRACE_MS). False:
 * answered, for want of memory. */
static bool spend(struct call *call, struct span token)
{
    struct model *model = call->model;
    if (find_spent(model, token) != NULL) {
        return true;
    }
    struct spent_token *spent = realloc(model->spent, (model->spent_count + 1) * sizeof *spent);
    if (spent == NULL) {
        error(call, 500, "InternalServerError", "out of memory");
        return false;
    }
    model->spent = spent;
    spent += model->spent_count++;
    *spent = (struct spent_token){.until_ms = call->now_ms + MODEL_GRACE_MS};
    memcpy(spent->token, token.data, token.len);
    return true;
}

/* Reads a Bearer token of that kind into call->did; false: answered. */
static bool authorized(struct call *call, char kind)
{
    struct span token = call->asked->authorization;
    if (!span_starts_with(token, SPAN("Bearer "))) {
        error(call, 401, "AuthenticationRequired", "Authentication Required");
        return false;
    }
    token = span_of(token.data + 7, token.len - 7);
    struct span rest = token;
    uint64_t expires_ms = 0;
    const struct span which = next_piece(&rest);
    (void)next_piece(&rest);
    const struct span expires = next_piece(&rest);
    const struct span did = next_piece(&rest);
    if (token.len >= TOKEN_MAX || which.len != 1 || which.data[0] != (uint8_t)kind || did.data == NULL ||
        did.len == 0 || did.len >= DID_MAX || span_to_u64(expires, &expires_ms) != OK) {
        error(call, 400, "InvalidToken", "Token could not be verified");
        return false;
    }
    if ((int64_t)expires_ms <= call->now_ms) {
        error(call, 400, "ExpiredToken", "Token has expired");
        return false;
    }
    const struct spent_token *spent = find_spent(call->model, token);
    if (spent != NULL && spent->until_ms <= call->now_ms) {
        error(call, 400, "ExpiredToken", "Token has been revoked");
        return false;
    }
    memcpy(call->did, did.data, did.len);
    call->did[did.len] = 0;
    return true;
}

static void answer_session(struct call *call, const char *did, struct span handle)
{
    struct buf body = body_of(call, 1024);
    buf_text(&body, "{\"did\":\"");
    buf_text(&body, did);
    buf_text(&body, "\",\"handle\":");
    json_string(&body, handle);
    buf_text(&body, ",\"active\":true,\"accessJwt\":\"");
    put_token(&body, 'a', call->now_ms + MODEL_ACCESS_MS, did, call->model->tokens++);
    buf_text(&body, "\",\"refreshJwt\":\"");
    put_token(&body, 'r', call->now_ms + MODEL_REFRESH_MS, did, call->model->tokens++);
    buf_text(&body, "\"}");
    good(call, &body);
}

static const struct json_node *json_body(struct call *call)
{
    const struct json_node *node = NULL;
    if (json_read(call->asked->body, call->arena, &node) != OK || node->kind != NODE_OBJECT) {
        error(call, 400, "InvalidRequest", "Request body is not a JSON object");
        return NULL;
    }
    return node;
}

static void create_session(struct call *call)
{
    const struct json_node *body = json_body(call);
    if (body == NULL) {
        return;
    }
    const struct span identifier = json_node_text(body, "identifier");
    const struct span password = json_node_text(body, "password");
    if (identifier.len == 0 || identifier.len > 200 || password.len == 0) {
        error(call, 400, "InvalidRequest", "Missing required key \\\"identifier\\\"");
        return;
    }
    if (span_equal(password, SPAN("wrong"))) {
        error(call, 401, "AuthenticationRequired", "Invalid identifier or password");
        return;
    }
    char did[DID_MAX];
    did_of(identifier, did);
    answer_session(call, did, identifier);
}

static void refresh_session(struct call *call)
{
    const struct span authorization = call->asked->authorization;
    if (authorized(call, 'r') && spend(call, span_of(authorization.data + 7, authorization.len - 7))) {
        answer_session(call, call->did, span_text(call->did));
    }
}

static bool is_tid(struct span rkey)
{
    bool good_key = rkey.len == 13;
    for (size_t i = 0; good_key && i < rkey.len; i++) {
        const uint8_t c = rkey.data[i];
        good_key = (c >= '2' && c <= '7') || (c >= 'a' && c <= 'z');
    }
    return good_key;
}

static bool copy_text(char *out, size_t cap, struct span text)
{
    if (text.len >= cap) {
        return false;
    }
    memcpy(out, text.data, text.len);
    out[text.len] = 0;
    return true;
}

static void answer_record(struct call *call, const struct record *record, bool with_value)
{
    struct buf body = body_of(call, record->json_len + 512);
    buf_text(&body, "{\"uri\":\"at://");
    buf_text(&body, record->did);
    buf_byte(&body, '/');
    buf_text(&body, record->collection);
    buf_byte(&body, '/');
    buf_text(&body, record->rkey);
    buf_text(&body, "\",\"cid\":\"");
    buf_text(&body, record->cid);
    buf_byte(&body, '"');
    if (with_value) {
        buf_text(&body, ",\"value\":");
        buf_put(&body, span_of(record->json, record->json_len));
    } else {
        buf_text(&body, ",\"validationStatus\":\"valid\"");
    }
    buf_byte(&body, '}');
    good(call, &body);
}

/* The checks of the post lexicon that an adapter can get wrong. */
static const char *record_fault(const struct json_node *record)
{
    const struct span text = json_node_text(record, "text");
    int64_t created_ms = 0;
    if (!json_node_is(json_node_member(record, "text"), NODE_TEXT)) {
        return "Missing required key \\\"text\\\" at $.record";
    }
    if (text.len > 3000) {
        return "string too big (maximum 3000) at $.record.text";
    }
    if (instant_parse(json_node_text(record, "createdAt"), &created_ms) != INSTANT_OK) {
        return "Missing required key \\\"createdAt\\\" at $.record";
    }
    const struct json_node *reply = json_node_member(record, "reply");
    if (reply != NULL && (json_node_text(json_node_path(reply, "root"), "cid").len == 0 ||
                          json_node_text(json_node_path(reply, "parent"), "cid").len == 0)) {
        return "Missing required key \\\"cid\\\" at $.record.reply";
    }
    return NULL;
}

bool model_name(struct record *record, struct span did, struct span collection, struct span rkey)
{
    return copy_text(record->did, sizeof record->did, did) &&
           copy_text(record->collection, sizeof record->collection, collection) &&
           copy_text(record->rkey, sizeof record->rkey, rkey);
}

enum err model_make(struct model *model, struct record *record, const struct json_node *value, struct arena *arena)
{
    const size_t cap = json_node_size(value);
    uint8_t *bytes = arena_alloc(arena, cap);
    struct buf json = buf_of(bytes, bytes == NULL ? 0 : cap);
    TRY(json_node_write(value, &json));
    if (!buf_ok(&json)) {
        return ERR_NO_MEMORY;
    }
    uint8_t hash[32];
    sha256(buf_span(&json), hash);
    struct buf cid = buf_of(record->cid, sizeof record->cid - 1);
    buf_text(&cid, "bafyrei");
    buf_hex(&cid, span_of(hash, 26));
    return model_insert(model, record, buf_span(&json), json_node_text(value, "text"),
                        json_node_text(value, "createdAt"));
}

static void create_record(struct call *call)
{
    const struct json_node *body = authorized(call, 'a') ? json_body(call) : NULL;
    if (body == NULL) {
        return;
    }
    struct record made = {.received_ms = call->now_ms, .visible_ms = call->now_ms + call->hidden_ms};
    struct span rkey = json_node_text(body, "rkey");
    char own[16];
    if (call->model->keyless && rkey.data != NULL) {
        error(call, 400, "InvalidRequest", "Records are given no key here");
        return;
    }
    if (rkey.data == NULL) {
        (void)snprintf(own, sizeof own, "3k%011llu", (unsigned long long)call->model->creates);
        rkey = span_text(own);
    } else if (!is_tid(rkey)) {
        error(call, 400, "InvalidRequest", "Invalid record key");
        return;
    }
    const struct json_node *record = json_node_member(body, "record");
    const char *fault =
        json_node_is(record, NODE_OBJECT) ? record_fault(record) : "Missing required key \\\"record\\\"";
    if (fault != NULL || !span_equal(json_node_text(body, "repo"), span_text(call->did)) ||
        !model_name(&made, span_text(call->did), json_node_text(body, "collection"), rkey)) {
        error(call, 400, "InvalidRequest", fault != NULL ? fault : "Invalid repo or collection");
        return;
    }
    if (model_find(call->model, span_text(made.did), span_text(made.collection), rkey) != NULL ||
        model_make(call->model, &made, record, call->arena) != OK) {
        error(call, 500, "InternalServerError", "Internal Server Error");
        return;
    }
    answer_record(call, &call->model->records[call->model->record_count - 1], false);
}

static void get_record(struct call *call)
{
    if (call->model->keyless) {
        error(call, 501, "MethodNotImplemented", "Method Not Implemented");
        return;
    }
    const struct record *record =
        model_find(call->model, query_value(call, "repo"), query_value(call, "collection"), query_value(call, "rkey"));
    if (record == NULL || record->visible_ms > call->now_ms) {
        error(call, 400, "RecordNotFound", "Could not locate record");
        return;
    }
    answer_record(call, record, true);
}

static void delete_record(struct call *call)
{
    const struct json_node *body = authorized(call, 'a') ? json_body(call) : NULL;
    if (body == NULL) {
        return;
    }
    struct record *record =
        model_find(call->model, span_text(call->did), json_node_text(body, "collection"), json_node_text(body, "rkey"));
    if (record != NULL && model_delete(call->model, record) != OK) {
        error(call, 500, "InternalServerError", "Internal Server Error");
        return;
    }
    struct buf answer = body_of(call, 8);
    buf_text(&answer, "{}");
    good(call, &answer);
}

static void upload_blob(struct call *call)
{
    if (!authorized(call, 'a')) {
        return;
    }
    uint8_t hash[32];
    sha256(call->asked->body, hash);
    struct buf body = body_of(call, 512);
    buf_text(&body, "{\"blob\":{\"$type\":\"blob\",\"ref\":{\"$link\":\"bafkrei");
    buf_hex(&body, span_of(hash, 26));
    buf_text(&body, "\"},\"mimeType\":");
    json_string(&body,
                call->asked->content_type.data == NULL ? SPAN("application/octet-stream") : call->asked->content_type);
    buf_text(&body, ",\"size\":");
    buf_u64(&body, call->asked->body.len);
    buf_text(&body, "}}");
    good(call, &body);
}

static void resolve_handle(struct call *call)
{
    const struct span handle = query_value(call, "handle");
    if (handle.len == 0 || span_starts_with(handle, SPAN("unknown"))) {
        error(call, 400, "InvalidRequest", "Unable to resolve handle");
        return;
    }
    char did[DID_MAX];
    did_of(handle, did);
    struct buf body = body_of(call, 128);
    buf_text(&body, "{\"did\":\"");
    buf_text(&body, did);
    buf_text(&body, "\"}");
    good(call, &body);
}

void model_xrpc(struct model *model, int64_t now_ms, int64_t hidden_ms, const struct model_call *asked,
                struct arena *arena, struct model_answer *ret_answer)
{
    static const struct {
        const char *method;
        const char *path;
        void (*answer)(struct call *call);
    } calls[] = {
        {"POST", "/xrpc/com.atproto.server.createSession",   create_session },
        {"POST", "/xrpc/com.atproto.server.refreshSession",  refresh_session},
        {"POST", "/xrpc/com.atproto.repo.createRecord",      create_record  },
        {"GET",  "/xrpc/com.atproto.repo.getRecord",         get_record     },
        {"POST", "/xrpc/com.atproto.repo.deleteRecord",      delete_record  },
        {"POST", "/xrpc/com.atproto.repo.uploadBlob",        upload_blob    },
        {"GET",  "/xrpc/com.atproto.identity.resolveHandle", resolve_handle },
    };
    struct call call = {
        .model = model, .now_ms = now_ms, .hidden_ms = hidden_ms, .asked = asked, .arena = arena, .answer = ret_answer};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (span_equal(asked->path, span_text(calls[i].path))) {
            if (!span_equal(asked->method, span_text(calls[i].method))) {
                error(&call, 405, "InvalidRequest", "Incorrect HTTP method");
                return;
            }
            calls[i].answer(&call);
            return;
        }
    }
    error(&call, 501, "MethodNotImplemented", "Method Not Implemented");
}
