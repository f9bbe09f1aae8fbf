/* public_handlers.c: what needs no key: health, readiness, figures and the API's own description. */
#include "gateway/gateway.h"

#define SCHEDULER_SILENT_MAX_MS 5000
#define SCHEDULER_LATE_MAX_MS 60000

void handle_health(struct exchange *x)
{
    exchange_json(x, 200, SPAN("{\"status\":\"ok\"}"), 0, NULL);
}

/* The figure of that name; false when it is not among them. */
static bool figure_of(struct span body, const char *name, uint64_t *ret_value)
{
    struct body_list list;
    struct span found;
    uint64_t value = 0;
    if (body_figures_read(body, &list) != OK) {
        return false;
    }
    while (list.left > 0 && body_figure_next(&list, &found, &value) == OK) {
        if (span_equal(found, span_text(name))) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

const char *ready_fault(struct span figures)
{
    uint64_t value = 0;
    if (!figure_of(figures, "storage_full", &value) || value != 0) {
        return "The log is not writable: the disk is full.";
    }
    if (!figure_of(figures, "clock_suspect", &value) || value != 0) {
        return "The clock cannot be trusted; nothing starts.";
    }
    if (!figure_of(figures, "scheduler_silent_ms", &value) || value > SCHEDULER_SILENT_MAX_MS) {
        return "The scheduler has not asked for events for more than 5 s.";
    }
    if (!figure_of(figures, "scheduler_late_ms", &value) || value > SCHEDULER_LATE_MAX_MS) {
        return "A post that could be sent now is late by more than 60 s.";
    }
    return NULL;
}

static void ready_asked(void *context, enum err err, struct span body)
{
    struct exchange *x = context;
    const char *why = err != OK ? "The ledger does not answer." : ready_fault(body);
    if (why != NULL) {
        exchange_problem(x, REFUSED_unavailable, why, NULL, NULL);
    } else {
        exchange_json(x, 200, SPAN("{\"status\":\"ready\"}"), 0, NULL);
    }
}

void handle_ready(struct exchange *x)
{
    if (atomic_load(&x->gateway->stopping)) {
        exchange_problem(x, REFUSED_unavailable, "The gateway is stopping.", NULL, NULL);
        return;
    }
    if (client_ask(x->gateway->ledger, FRAME_STATUS, (struct span){0}, 2000, ready_asked, x) != OK) {
        exchange_problem(x, REFUSED_unavailable, "The ledger does not answer.", NULL, NULL);
    }
}

static void put_figure(struct buf *out, const char *prefix, struct span name, uint64_t value)
{
    buf_text(out, prefix);
    buf_put(out, name);
    buf_byte(out, ' ');
    buf_u64(out, value);
    buf_byte(out, '\n');
}

static void metrics_asked(void *context, enum err err, struct span body)
{
    struct exchange *x = context;
    struct buf out = {0};
    if (exchange_out(x, &out) != OK) {
        exchange_failed(x, ERR_NO_MEMORY);
        return;
    }
    struct server_counters counters;
    server_counters(request_server(x->request), &counters);
    put_figure(&out, "openpost_gateway_", SPAN("requests_total"), counters.requests);
    put_figure(&out, "openpost_gateway_", SPAN("refused_malformed_total"), counters.refused_malformed);
    put_figure(&out, "openpost_gateway_", SPAN("refused_large_total"), counters.refused_large);
    put_figure(&out, "openpost_gateway_", SPAN("timed_out_total"), counters.timed_out);
    put_figure(&out, "openpost_gateway_", SPAN("refused_connections_total"), counters.refused_connections);
    put_figure(&out, "openpost_gateway_", SPAN("open_connections"), counters.open_connections);
    put_figure(&out, "openpost_", SPAN("ledger_up"), err == OK ? 1 : 0);
    struct body_list list;
    struct span name;
    uint64_t value = 0;
    if (err == OK && body_figures_read(body, &list) == OK) {
        while (list.left > 0 && body_figure_next(&list, &name, &value) == OK) {
            put_figure(&out, "openpost_ledger_", name, value);
        }
    }
    exchange_typed(x, "text/plain; version=0.0.4; charset=utf-8", buf_span(&out));
}

bool metrics_are_for(struct span remote)
{
    return span_starts_with(remote, SPAN("127.")) || span_equal(remote, SPAN("::1"));
}

void handle_metrics(struct exchange *x)
{
    if (!metrics_are_for(x->request->remote)) {
        exchange_problem(x, REFUSED_not_found, "Figures are for this machine itself.", NULL, NULL);
        return;
    }
    const enum err err = client_ask(x->gateway->ledger, FRAME_STATUS, (struct span){0}, 2000, metrics_asked, x);
    if (err != OK) {
        metrics_asked(x, err, (struct span){0});
    }
}

/* OpenAPI 3.1 */

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

static void write_parameter(struct buf *out, bool *first, const char *name, const char *place, bool required)
{
    buf_text(out, *first ? "" : ",");
    buf_text(out, "{\"name\":");
    json_string(out, span_text(name));
    buf_text(out, ",\"in\":\"");
    buf_text(out, place);
    buf_text(out, required ? "\",\"required\":true" : "\",\"required\":false");
    buf_text(out, ",\"schema\":{\"type\":\"string\"}}");
    *first = false;
}

/* The names in braces of a path. */
static void write_path_parameters(struct buf *out, bool *first, const char *path)
{
    for (const char *at = strchr(path, '{'); at != NULL; at = strchr(at, '{')) {
        char name[32];
        struct buf text = buf_of(name, sizeof name);
        for (at++; *at != '}'; at++) {
            buf_byte(&text, (uint8_t)*at);
        }
        const char *terminated = buf_terminated(&text);
        write_parameter(out, first, terminated == NULL ? "id" : terminated, "path", true);
    }
}

static void write_operation(struct buf *out, const struct route *route)
{
    bool first = true;
    buf_byte(out, '"');
    buf_text(out, method_key(route->method));
    buf_text(out, "\":{\"operationId\":");
    json_string(out, span_text(route->id));
    buf_text(out, ",\"summary\":");
    json_string(out, span_text(route->doc));
    buf_text(out, ",\"parameters\":[");
    write_path_parameters(out, &first, route->path);
    if (route->match != MATCH_NONE) {
        write_parameter(out, &first, "If-Match", "header", route->match == MATCH_REQUIRED);
    }
    if (route->method == METHOD_POST) {
        write_parameter(out, &first, "Idempotency-Key", "header", false);
    }
    buf_byte(out, ']');
    if (route->body != BODY_NONE) {
        buf_text(out, ",\"requestBody\":{\"required\":");
        buf_text(out, route->body == BODY_JSON ? "true" : "false");
        buf_text(out, ",\"content\":{\"application/json\":{\"schema\":{\"type\":\"object\"}}}}");
    }
    if (route->role == NEEDS_NONE) {
        buf_text(out, ",\"security\":[]");
    }
    buf_text(out, ",\"responses\":{\"");
    buf_u64(out, route->success);
    buf_text(out, "\":{\"description\":\"Good.\"},\"default\":{\"$ref\":\"#/components/responses/problem\"}}}");
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

static void write_codes(struct buf *out)
{
    bool first = true;
    for (enum refusal refusal = (enum refusal)1; refusal < REFUSAL_COUNT; refusal++) {
        if (refusal_desc(refusal)->status != 0) {
            buf_text(out, first ? "" : ",");
            json_string(out, span_text(refusal_desc(refusal)->code));
            first = false;
        }
    }
}

void handle_openapi(struct exchange *x)
{
    struct buf out = {0};
    enum err err;
    do {
        err = exchange_out(x, &out);
        if (err != OK) {
            exchange_failed(x, err);
            return;
        }
        buf_text(&out, "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"OpenPost\",\"version\":\"1\"},"
                       "\"security\":[{\"key\":[]}],\"paths\":{");
        write_paths(&out);
        buf_text(&out,
                 "},\"components\":{\"securitySchemes\":{\"key\":{\"type\":\"http\",\"scheme\":\"bearer\"}},"
                 "\"responses\":{\"problem\":{\"description\":\"A problem (RFC 9457).\",\"content\":{"
                 "\"application/problem+json\":{\"schema\":{\"$ref\":\"#/components/schemas/problem\"}}}}},"
                 "\"schemas\":{\"problem\":{\"type\":\"object\",\"required\":[\"type\",\"title\",\"status\",\"code\","
                 "\"detail\",\"param\",\"retryable\",\"request_id\"],\"properties\":{\"type\":{\"type\":\"string\"},"
                 "\"title\":{\"type\":\"string\"},\"status\":{\"type\":\"integer\"},\"detail\":{\"type\":\"string\"},"
                 "\"param\":{\"type\":[\"string\",\"null\"]},\"retryable\":{\"type\":\"boolean\"},"
                 "\"request_id\":{\"type\":\"string\"},\"code\":{\"enum\":[");
        write_codes(&out);
        buf_text(&out, "]}}}}}}");
    } while (!buf_ok(&out));
    exchange_json(x, 200, buf_span(&out), 0, NULL);
}
