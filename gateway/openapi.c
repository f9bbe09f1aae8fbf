/* openapi.c: GET /v1/openapi.json: this API as an OpenAPI 3.1 document, printed from route.def, parameter.def,
 * schema.def, raises.def and error.def. Nothing here knows a single route. */
#include "gateway/openapi.h"

#include "core/base/assert.h"
#include "core/base/lock.h"
#include "core/base/sha256.h"
#include "gateway/gateway.h"

static const char *method_key(enum method method)
{
    switch (method) {
    case METHOD_POST:
        return "post";
    case METHOD_PUT:
        return "put";
    case METHOD_PATCH:
        return "patch";
    case METHOD_DELETE:
        return "delete";
    case METHOD_GET:
    case METHOD_HEAD:
    case METHOD_OPTIONS:
    case METHOD_OTHER:
        break;
    }
    return "get";
}

/* An answer with an ETag: a single resource, and this document. */
static bool has_etag(const struct route *route)
{
    return route->gives == SCHEMA_post || route->gives == SCHEMA_integration || route->gives == SCHEMA_series ||
           route->gives == SCHEMA_workspace || route->gives == SCHEMA_member ||
           route->gives == SCHEMA_made_invitation || route->gives == SCHEMA_user || route->gives == SCHEMA_tenant ||
           route->gives == SCHEMA_notification_preferences || route->gives == SCHEMA_template ||
           route->gives == SCHEMA_queue || route->gives == SCHEMA_any_json;
}

/* Parameters */

static void begin_parameter(struct buf *out, bool *first, struct span name, const char *place, bool required)
{
    buf_text(out, *first ? "{\"name\":" : ",{\"name\":");
    json_string(out, name);
    buf_text(out, ",\"in\":\"");
    buf_text(out, place);
    buf_text(out, required ? "\",\"required\":true,\"schema\":" : "\",\"required\":false,\"schema\":");
    *first = false;
}

/* What stands in braces in paths. */
static const struct {
    const char *name;
    struct value_type type;
} path_types[] = {
    {"post_id",        {.kind = VALUE_id, .id = ID_POST}       },
    {"target_id",      {.kind = VALUE_id, .id = ID_TARGET}     },
    {"series_id",      {.kind = VALUE_id, .id = ID_SERIES}     },
    {"integration_id", {.kind = VALUE_id, .id = ID_INTEGRATION}},
    {"template_id",    {.kind = VALUE_id, .id = ID_TEMPLATE}   },
    {"member_id",      {.kind = VALUE_id, .id = ID_MEMBER}     },
    {"key_id",         {.kind = VALUE_id, .id = ID_KEY}        },
    {"actor_id",       {.kind = VALUE_id, .id = ID_NONE}       },
    {"session_id",     {.kind = VALUE_id, .id = ID_SESSION}    },
    {"workspace_id",   {.kind = VALUE_id, .id = ID_WORKSPACE}  },
    {"provider_id",    {.kind = VALUE_id, .id = ID_PROVIDER}   },
    {"workspace_seq",  {.kind = VALUE_number, .min = 1}        },
};

static const struct value_type *path_type(struct span name)
{
    for (size_t i = 0; i < sizeof path_types / sizeof *path_types; i++) {
        if (span_equal(name, span_text(path_types[i].name))) {
            return &path_types[i].type;
        }
    }
    ASSERT(false); /* a route with a new parameter: say its type above */
    return NULL;
}

static void write_path_parameters(struct buf *out, bool *first, const char *path)
{
    for (const char *at = strchr(path, '{'); at != NULL; at = strchr(at, '{')) {
        at++;
        const struct span name = span_of(at, strcspn(at, "}"));
        begin_parameter(out, first, name, "path", true);
        openapi_type(out, path_type(name), 0, true, false, NULL);
        buf_byte(out, '}');
    }
}

static void write_query_parameters(struct buf *out, bool *first, const struct route *route)
{
    const struct parameter *parameter = NULL;
    for (size_t i = 0; (parameter = parameter_at(i)) != NULL; i++) {
        if (parameter->route != route->name) {
            continue;
        }
        begin_parameter(out, first, span_text(parameter->name), "query", false);
        buf_text(out, parameter->repeats ? "{\"type\":\"array\",\"maxItems\":50,\"items\":" : "");
        openapi_type(out, &parameter->type, 0, true, false, NULL);
        buf_text(out, parameter->repeats ? "},\"explode\":true" : "");
        buf_text(out, ",\"description\":");
        json_string(out, span_text(parameter->doc));
        buf_byte(out, '}');
    }
}

static void write_header(struct buf *out, bool *first, const char *name, bool required, const char *schema,
                         const char *doc)
{
    begin_parameter(out, first, span_text(name), "header", required);
    buf_text(out, schema);
    buf_text(out, ",\"description\":");
    json_string(out, span_text(doc));
    buf_byte(out, '}');
}

static void write_header_parameters(struct buf *out, bool *first, const struct route *route)
{
    if (route->match != MATCH_NONE) {
        write_header(out, first, "If-Match", route->match == MATCH_REQUIRED, "{\"type\":\"string\"}",
                     "The ETag in its quotes, a list of such, or * for any version (RFC 9110, 13.1.1).");
    }
    if (route->method == METHOD_GET && has_etag(route)) {
        write_header(out, first, "If-None-Match", false, "{\"type\":\"string\"}",
                     "What the client has already: then the answer is 304.");
    }
    if (route->method != METHOD_GET) {
        write_header(
            out, first, "Idempotency-Key", false,
            "{\"type\":\"string\",\"minLength\":1,\"maxLength\":255,\"pattern\":\"^[ -~]+$\"}",
            "The same request repeated under the same key is done once and gets its first answer, for 30 days.");
    }
    if (route->need != NEED_NONE && !access_is_persons(route->need)) {
        write_header(
            out, first, "OpenPost-Workspace", false,
            "{\"type\":\"string\",\"pattern\":\"^(ws_[0-9a-hjkmnp-tv-z]{26}|[a-z0-9-]{1,40})$\"}",
            "Beside the session's cookie: which workspace is meant, by its id or its slug; who is in one alone "
            "may leave it out. One that is none of theirs, or none at all, is 404 not_found; none of several "
            "named, 422 workspace_required. Beside a key it is not looked at: a key opens one workspace.");
    }
    if (route->gives == SCHEMA_event_stream) {
        write_header(out, first, "Last-Event-ID", false, "{\"type\":\"string\",\"pattern\":\"^[0-9]+$\"}",
                     "The id of the last event that the client has: the stream goes on behind it.");
    }
}

static void write_parameters(struct buf *out, const struct route *route)
{
    bool first = true;
    buf_text(out, ",\"parameters\":[");
    write_path_parameters(out, &first, route->path);
    write_query_parameters(out, &first, route);
    write_header_parameters(out, &first, route);
    buf_byte(out, ']');
}

/* Bodies and answers */

static void write_media(struct buf *out, const char *type, const struct route *route)
{
    json_string(out, span_text(type));
    buf_text(out, ":{\"schema\":{\"$ref\":\"#/components/schemas/");
    buf_text(out, schema_at(route->takes)->name);
    buf_text(out, "\"}}");
}

static void write_body(struct buf *out, const struct route *route)
{
    if (route->body == BODY_NONE) {
        return;
    }
    buf_text(out, ",\"requestBody\":{\"required\":");
    buf_text(out, route->body == BODY_JSON ? "true" : "false");
    buf_text(out, ",\"content\":{");
    write_media(out, "application/json", route);
    if (route->method == METHOD_PATCH) {
        buf_byte(out, ',');
        write_media(out, "application/merge-patch+json", route);
    }
    buf_text(out, "}}");
}

/* What a server-sent event holds, in the form that OpenAPI 3.2 has for it (itemSchema). */
static const char stream_items[] =
    ",\"x-itemSchema\":{\"type\":\"object\",\"description\":\"One event; comments between them keep the connection "
    "awake.\",\"required\":[\"id\",\"event\",\"data\"],\"properties\":{\"id\":{\"type\":\"string\",\"pattern\":"
    "\"^[0-9]+$\",\"description\":\"The workspace_seq.\"},\"event\":{\"type\":\"string\",\"description\":\"The "
    "type.\"},"
    "\"data\":{\"type\":\"string\",\"contentMediaType\":\"application/json\",\"contentSchema\":{\"$ref\":"
    "\"#/components/schemas/event\"}}}}";

static void write_content(struct buf *out, enum schema_name gives)
{
    if (gives == SCHEMA_none) {
        return;
    }
    const struct schema *schema = schema_at(gives);
    buf_text(out, ",\"content\":{\"");
    buf_text(out, gives == SCHEMA_plain_text     ? "text/plain"
                  : gives == SCHEMA_event_stream ? "text/event-stream"
                                                 : "application/json");
    buf_text(out, "\":{\"schema\":{");
    if (schema != NULL) {
        buf_text(out, "\"$ref\":\"#/components/schemas/");
        buf_text(out, schema->name);
        buf_byte(out, '"');
    } else {
        buf_text(out, gives == SCHEMA_any_json ? "\"type\":\"object\"" : "\"type\":\"string\"");
    }
    buf_byte(out, '}');
    buf_text(out, gives == SCHEMA_event_stream ? stream_items : "");
    buf_text(out, "}}");
}

/* The headers of components.headers that an answer of that status has. */
static void write_headers(struct buf *out, const struct route *route, unsigned status)
{
    const bool good = status < 300;
    const bool counted = route->need != NEED_NONE && status != 401;

    const struct {
        const char *name;
        bool there;
    } headers[] = {
        {"Request-Id",          true                               },
        {"RateLimit-Policy",    counted                            },
        {"RateLimit",           counted                            },
        {"ETag",                good && has_etag(route)            },
        {"Location",            status == 201 || status == 303     },
        {"Idempotent-Replayed", good && route->method != METHOD_GET},
        {"Retry-After",         exchange_says_when(status)         },
        {"WWW-Authenticate",    status == 401                      },
    };

    buf_text(out, ",\"headers\":{");
    for (size_t i = 0, written = 0; i < sizeof headers / sizeof *headers; i++) {
        if (headers[i].there) {
            buf_text(out, written == 0 ? "" : ",");
            json_string(out, span_text(headers[i].name));
            buf_text(out, ":{\"$ref\":\"#/components/headers/");
            buf_text(out, headers[i].name);
            buf_text(out, "\"}");
            written++;
        }
    }
    buf_byte(out, '}');
}

/* The codes of one status; false: none. With out NULL nothing is written. */
static bool write_codes(struct buf *out, const struct route *route, unsigned status)
{
    bool any = false;
    for (enum refusal refusal = (enum refusal)1; refusal < REFUSAL_COUNT; refusal++) {
        if (refusal_desc(refusal)->status == status && openapi_raises(route, refusal)) {
            if (out != NULL) {
                buf_text(out, any ? "," : "");
                json_string(out, span_text(refusal_desc(refusal)->code));
            }
            any = true;
        }
    }
    return any;
}

static void write_problems(struct buf *out, const struct route *route)
{
    for (unsigned status = 400; status < 600; status++) {
        if (!write_codes(NULL, route, status)) {
            continue;
        }
        buf_text(out, ",\"");
        buf_u64(out, status);
        buf_text(out, "\":{\"description\":\"A problem.\"");
        write_headers(out, route, status);
        buf_text(out, ",\"content\":{\"application/problem+json\":{\"schema\":{"
                      "\"allOf\":[{\"$ref\":\"#/components/schemas/problem\"}],\"properties\":{\"code\":{\"enum\":[");
        write_codes(out, route, status);
        buf_text(out, "]}}}}}}");
    }
}

/* What keys of each role may do, in words; which operations, each operation says. */
static const char *const role_docs[ROLE_COUNT] = {
    [ROLE_VIEWER] = "reads posts, accounts and reports",
    [ROLE_AUDITOR] = "what a viewer may, and reads the log: events, proofs and checkpoints",
    [ROLE_EDITOR] = "what a viewer may, writes, schedules, cancels and resolves posts, reads the events of its own",
    [ROLE_ADMIN] =
        "what an editor and an auditor may, and connects accounts, keeps API keys and members and stops the workspace",
    [ROLE_OWNER] = "what an admin may",
};

static void write_security_scheme(struct buf *out)
{
    buf_text(out, "\"key\":{\"type\":\"http\",\"scheme\":\"bearer\",\"bearerFormat\":\"op_<name>_<secret>\","
                  "\"description\":\"A key opens one workspace and has one role.");
    for (uint32_t role = 1; role < ROLE_COUNT; role++) {
        ASSERT(role_docs[role] != NULL); /* a new role: say above what it may do */
        buf_text(out, role == 1 ? " " : "; ");
        buf_text(out, choice_word(&role_words, role));
        buf_text(out, ": ");
        buf_text(out, role_docs[role]);
    }
    buf_text(out, ". Each operation names the roles that may use it: x-required-roles, any of them. "
                  "A key may keep but parts of its role: then an operation takes one with the scope that it names, "
                  "x-required-scope. A key that is restricted to accounts sees these, and posts that go to no other; "
                  "what reaches over all accounts it may not.\"}");
}

static void write_session_scheme(const struct exchange *x, struct buf *out)
{
    char cookie[COOKIE_MAX];
    cookie_write(SPAN(""), x->gateway->site.secure, 0, cookie);
    buf_text(out, ",\"session\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":");
    json_string(out, span_of(cookie, span_find(span_text(cookie), '=')));
    buf_text(out, ",\"description\":\"What POST /v1/session gives a browser. The header OpenPost-Workspace names the "
                  "workspace of somebody who is in several, by its id or its slug. Whatever changes something has to "
                  "come from a page of this site (Origin).\"}");
}

static void write_roles(struct buf *out, const struct route *route)
{
    if (route->need == NEED_NONE) {
        buf_text(out, ",\"security\":[]");
        return;
    }
    if (access_is_persons(route->need)) {
        buf_text(out, ",\"security\":[{\"session\":[]}]");
        return;
    }
    bool first = true;
    buf_text(out, ",\"x-required-roles\":[");
    for (uint32_t role = 1; role < ROLE_COUNT; role++) {
        if (access_allows(&(struct grant){.role = role}, route->need)) {
            buf_text(out, first ? "" : ",");
            json_string(out, span_text(choice_word(&role_words, role)));
            first = false;
        }
    }
    buf_byte(out, ']');
    if (route->scope != SCOPE_NONE) {
        buf_text(out, ",\"x-required-scope\":");
        json_string(out, span_text(choice_word(&scope_words, route->scope)));
    }
}

static void write_operation(struct buf *out, const struct route *route)
{
    buf_byte(out, '"');
    buf_text(out, method_key(route->method));
    buf_text(out, "\":{\"operationId\":");
    json_string(out, span_text(route->id));
    buf_text(out, ",\"summary\":");
    json_string(out, span_text(route->doc));
    write_parameters(out, route);
    write_body(out, route);
    write_roles(out, route);
    buf_text(out, ",\"responses\":{\"");
    buf_u64(out, route->success);
    buf_text(out, "\":{\"description\":\"Good.\"");
    write_headers(out, route, route->success);
    write_content(out, route->gives);
    buf_byte(out, '}');
    if (route->method == METHOD_GET && has_etag(route)) {
        buf_text(out, ",\"304\":{\"description\":\"It is what If-None-Match names.\"}");
    }
    write_problems(out, route);
    buf_text(out, "}}");
}

static void write_paths(struct buf *out)
{
    bool first_path = true;
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        const struct route *route = route_at((enum route_name)i);
        bool seen = false;
        for (size_t j = 0; j < i; j++) {
            seen = seen || strcmp(route_at((enum route_name)j)->path, route->path) == 0;
        }
        if (seen) {
            continue;
        }
        buf_text(out, first_path ? "" : ",");
        json_string(out, span_text(route->path));
        buf_text(out, ":{");
        bool first = true;
        for (size_t j = i; j < ROUTE_COUNT; j++) {
            if (strcmp(route_at((enum route_name)j)->path, route->path) == 0) {
                buf_text(out, first ? "" : ",");
                write_operation(out, route_at((enum route_name)j));
                first = false;
            }
        }
        buf_byte(out, '}');
        first_path = false;
    }
}

static void write_header_components(struct buf *out)
{
    static const struct {
        const char *name;
        const char *doc;
    } headers[] = {
        {"Request-Id",          "Names this request in the operator's log."                            },
        {"RateLimit-Policy",    "The key's quota and its window in seconds, wherever the key was read."},
        {"RateLimit",           "What is left of it, and when it is whole again."                      },
        {"ETag",                "The version, for If-Match and If-None-Match."                         },
        {"Location",            "The address of what was made; of a 303, where to go on."              },
        {"Idempotent-Replayed", "true: this is the first answer to the Idempotency-Key again."         },
        {"Retry-After",         "So many seconds later the same request may succeed."                  },
        {"WWW-Authenticate",    "Bearer: what Authorization is expected to be."                        },
    };

    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        buf_text(out, i == 0 ? "" : ",");
        json_string(out, span_text(headers[i].name));
        buf_text(out, ":{\"schema\":{\"type\":\"string\"},\"description\":");
        json_string(out, span_text(headers[i].doc));
        buf_byte(out, '}');
    }
}

static enum err write_document(struct exchange *x, const void *what, struct buf *out)
{
    (void)what;
    buf_text(out, "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"OpenPost\",\"version\":\"1\"},"
                  "\"servers\":[{\"url\":\"/\"}],\"security\":[{\"key\":[]},{\"session\":[]}],\"paths\":{");
    write_paths(out);
    buf_text(out, "},\"components\":{\"securitySchemes\":{");
    write_security_scheme(out);
    write_session_scheme(x, out);
    buf_text(out, "},\"headers\":{");
    write_header_components(out);
    buf_text(out, "},\"schemas\":{");
    openapi_schemas(out);
    buf_text(out, "}}}");
    return OK;
}

/* Printed once, by the first who asks: it takes milliseconds, and who asks needs no key. */
static enum err print_document(struct exchange *x, struct document *document)
{
    struct buf out = {0};
    uint8_t hash[SHA256_LEN];
    TRY(exchange_body(x, write_document, NULL, &out));
    uint8_t *json = arena_alloc(&document->arena, out.len);
    if (json == NULL) {
        return ERR_NO_MEMORY;
    }
    memcpy(json, out.data, out.len);
    document->json = span_of(json, out.len);
    sha256(buf_span(&out), hash);
    struct buf tag = buf_of(document->tag, sizeof document->tag);
    buf_byte(&tag, '"');
    buf_hex(&tag, span_of(hash, DOCUMENT_TAG_BYTES));
    buf_byte(&tag, '"');
    ASSERT(buf_ok(&tag) && tag.len == sizeof document->tag);
    return OK;
}

void handle_openapi(struct exchange *x)
{
    struct document *document = &x->gateway->document;
    lock_take(&document->lock);
    const enum err err = document->json.data == NULL ? print_document(x, document) : OK;
    lock_give(&document->lock);
    if (err != OK) {
        exchange_failed(x, err);
    } else {
        x->is_public = true;
        exchange_json(x, 200, document->json, span_of(document->tag, sizeof document->tag), NULL);
    }
}

void document_init(struct document *document)
{
    *document = (struct document){.json = {0}};
    arena_init(&document->arena, DOCUMENT_MAX);
    lock_init(&document->lock);
}

void document_done(struct document *document)
{
    arena_done(&document->arena);
    lock_done(&document->lock);
}
