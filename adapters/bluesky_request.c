/* bluesky_request.c: calls of atproto's XRPC as HTTP requests. Called by the job steps. Pure; never sends anything. */
#include "adapters/bluesky.h"
#include "adapters/bluesky_call.h"

#include "core/base/assert.h"
#include "core/message/codec.h"

enum err bluesky_service_check(struct span service, const struct guard *guard)
{
    struct guard_url url;
    if (guard_url_parse(service, &url) != OK || (url.rest.len > 0 && !span_equal(url.rest, SPAN("/")))) {
        return ERR_MALFORMED;
    }
    const bool plain = !url.https && url.port == 80; /* a password in clear over the internet */
    return plain || !guard_url_allowed(guard, &url) ? ERR_ACCESS : OK;
}

static enum err lend(const struct bluesky_asker *asker, size_t cap, struct buf *ret_buf)
{
    uint8_t *bytes = arena_alloc(asker->arena, cap);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    *ret_buf = buf_of(bytes, cap);
    return OK;
}

/* Begins the URL of a call: service without its trailing slash, /xrpc/, the method's name. */
static enum err begin_url(const struct bluesky_asker *asker, const char *name, size_t more, struct buf *ret_url)
{
    struct span service = asker->service;
    if (service.len > 0 && service.data[service.len - 1] == '/') {
        service.len--;
    }
    TRY(lend(asker, service.len + strlen(name) + more + 16, ret_url));
    buf_put(ret_url, service);
    buf_text(ret_url, "/xrpc/");
    buf_text(ret_url, name);
    return OK;
}

static void put_query(struct buf *out, const char *name, struct span value)
{
    buf_text(out, name);
    http_escape(out, value);
}

static enum err begin(const struct bluesky_asker *asker, enum http_method method, const char *name,
                      struct http_request *ret_request)
{
    struct http_request request = {
        .method = method, .response_max = BLUESKY_ANSWER_MAX, .deadline_ms = asker->deadline_ms};
    struct buf url;
    TRY(begin_url(asker, name, 0, &url));
    request.url = buf_span(&url);
    if (asker->token.data != NULL) {
        struct buf authorization;
        TRY(lend(asker, asker->token.len + 8, &authorization));
        buf_text(&authorization, "Bearer ");
        buf_put(&authorization, asker->token);
        request.authorization = buf_span(&authorization);
    }
    *ret_request = request;
    return OK;
}

static void set_json(struct http_request *request, const struct buf *body)
{
    ASSERT(buf_ok(body));
    request->content_type = SPAN("application/json");
    request->body = buf_span(body);
}

enum err bluesky_ask_session(const struct bluesky_asker *asker, struct span identifier, struct span password,
                             struct http_request *ret_request)
{
    struct http_request request;
    struct buf body;
    TRY(begin(asker, HTTP_POST, "com.atproto.server.createSession", &request));
    TRY(lend(asker, 64 + 6 * (identifier.len + password.len), &body));
    buf_text(&body, "{\"identifier\":");
    json_string(&body, identifier);
    buf_text(&body, ",\"password\":");
    json_string(&body, password);
    buf_byte(&body, '}');
    set_json(&request, &body);
    *ret_request = request;
    return OK;
}

enum err bluesky_ask_refresh(const struct bluesky_asker *asker, struct http_request *ret_request)
{
    return begin(asker, HTTP_POST, "com.atproto.server.refreshSession", ret_request);
}

enum err bluesky_ask_handle(const struct bluesky_asker *asker, struct span handle, struct http_request *ret_request)
{
    struct http_request request;
    struct buf url;
    TRY(begin(asker, HTTP_GET, "com.atproto.identity.resolveHandle", &request));
    TRY(begin_url(asker, "com.atproto.identity.resolveHandle", 16 + 3 * handle.len, &url));
    put_query(&url, "?handle=", handle);
    ASSERT(buf_ok(&url));
    request.url = buf_span(&url);
    *ret_request = request;
    return OK;
}

enum err bluesky_ask_blob(const struct bluesky_asker *asker, struct span mime, struct span bytes,
                          struct http_request *ret_request)
{
    struct http_request request;
    TRY(begin(asker, HTTP_POST, "com.atproto.repo.uploadBlob", &request));
    request.content_type = mime;
    request.body = bytes;
    *ret_request = request;
    return OK;
}

enum err bluesky_ask_read(const struct bluesky_asker *asker, const struct job *job, struct http_request *ret_request)
{
    struct http_request request;
    struct buf url;
    TRY(begin(asker, HTTP_GET, "com.atproto.repo.getRecord", &request));
    TRY(begin_url(asker, "com.atproto.repo.getRecord", 64 + 3 * (job->account.len + job->key.len), &url));
    put_query(&url, "?repo=", job->account);
    put_query(&url, "&collection=", SPAN(BLUESKY_COLLECTION));
    put_query(&url, "&rkey=", job->key);
    ASSERT(buf_ok(&url));
    request.url = buf_span(&url);
    *ret_request = request;
    return OK;
}

/* {"repo":…,"collection":…,"rkey":… without the closing brace; no rkey where the channel has no keys */
static void put_place(struct buf *body, const struct job *job)
{
    buf_text(body, "{\"repo\":");
    json_string(body, job->account);
    buf_text(body, ",\"collection\":\"" BLUESKY_COLLECTION "\"");
    if (job->key.len > 0) {
        buf_text(body, ",\"rkey\":");
        json_string(body, job->key);
    }
}

enum err bluesky_ask_delete(const struct bluesky_asker *asker, const struct job *job, struct http_request *ret_request)
{
    struct http_request request;
    struct buf body;
    TRY(begin(asker, HTTP_POST, "com.atproto.repo.deleteRecord", &request));
    TRY(lend(asker, 128 + 6 * (job->account.len + job->key.len), &body));
    put_place(&body, job);
    buf_byte(&body, '}');
    set_json(&request, &body);
    *ret_request = request;
    return OK;
}

enum err bluesky_ask_create(const struct bluesky_asker *asker, const struct job *job, struct span record,
                            struct http_request *ret_request)
{
    struct http_request request;
    struct buf body;
    TRY(begin(asker, HTTP_POST, "com.atproto.repo.createRecord", &request));
    TRY(lend(asker, 128 + 6 * (job->account.len + job->key.len) + record.len, &body));
    put_place(&body, job);
    buf_text(&body, ",\"record\":");
    buf_put(&body, record);
    buf_byte(&body, '}');
    set_json(&request, &body);
    request.once = true;
    *ret_request = request;
    return OK;
}

enum err bluesky_ask_fetch(const struct bluesky_asker *asker, struct span url, size_t most,
                           struct http_request *ret_request)
{
    *ret_request =
        (struct http_request){.method = HTTP_GET, .url = url, .response_max = most, .deadline_ms = asker->deadline_ms};
    return OK;
}

static void put_reference(struct buf *out, const char *name, struct span uri, struct span cid)
{
    buf_text(out, name);
    buf_text(out, "{\"uri\":");
    json_string(out, uri);
    buf_text(out, ",\"cid\":");
    json_string(out, cid);
    buf_byte(out, '}');
}

enum err bluesky_record_complete(const struct job *job, struct arena *arena, struct span *ret_record)
{
    const struct span payload = job->payload;
    if (payload.len < 3 || payload.data[0] != '{' || payload.data[payload.len - 1] != '}') {
        return ERR_MALFORMED;
    }
    if (job->root_id.data == NULL) {
        *ret_record = payload;
        return OK;
    }
    /* A part that follows the first directly has the root for a parent. */
    const bool has_parent = job->parent_id.data != NULL;
    const struct span parent = has_parent ? job->parent_id : job->root_id;
    const struct span parent_cid = has_parent ? job->parent_revision : job->root_revision;
    const size_t cap = payload.len + 96 + 6 * (job->root_id.len + job->root_revision.len + parent.len + parent_cid.len);
    uint8_t *bytes = arena_alloc(arena, cap);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf out = buf_of(bytes, cap);
    buf_put(&out, span_of(payload.data, payload.len - 1));
    put_reference(&out, ",\"reply\":{\"root\":", job->root_id, job->root_revision);
    put_reference(&out, ",\"parent\":", parent, parent_cid);
    buf_text(&out, "}}");
    ASSERT(buf_ok(&out));
    *ret_record = buf_span(&out);
    return OK;
}
