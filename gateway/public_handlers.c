/* public_handlers.c: what needs no key: health, readiness and figures. */
#include "core/message/refusal.h"
#include "core/wire/jobs.h"
#include "gateway/gateway.h"

#define SCHEDULER_SILENT_MAX_MS 5000
#define SCHEDULER_LATE_MAX_MS 60000

void handle_health(struct exchange *x)
{
    exchange_json(x, 200, SPAN("{\"status\":\"ok\"}"), (struct span){0}, NULL);
}

const char *ready_fault(struct span figures)
{
    uint64_t value = 0;
    if (!figure_of(figures, "storage_full", &value) || value != 0) {
        return "The log is not writable: the disk is full.";
    }
    if (!figure_of(figures, "scheduler_silent_ms", &value) || value > SCHEDULER_SILENT_MAX_MS) {
        return "The scheduler has not asked for events for more than 5 s.";
    }
    if (!figure_of(figures, "scheduler_late_ms", &value) || value > SCHEDULER_LATE_MAX_MS) {
        return "A post that could be sent now is late by more than 60 s.";
    }
    return NULL;
}

/* *any: whether one stands before it. */
static void put_impairment(struct buf *out, bool *any, enum refusal refusal, struct span reason, int64_t since_ms,
                           const char *next)
{
    buf_text(out, *any ? ",{\"code\":" : "{\"code\":");
    *any = true;
    json_string(out, span_text(refusal_desc(refusal)->code));
    buf_text(out, ",\"message\":");
    json_string(out, span_text(refusal_desc(refusal)->title));
    buf_text(out, ",\"reason\":");
    if (reason.len > 0) {
        json_string(out, reason);
    } else {
        buf_text(out, "null");
    }
    buf_text(out, ",\"since\":");
    json_time(out, since_ms);
    buf_text(out, ",\"next\":");
    json_string(out, span_text(next));
    buf_text(out, "}");
}

/* How many, of no matter whose: anybody may ask. */
static void put_paused(struct buf *out, bool *any, uint64_t workspaces)
{
    char text[64];
    struct buf reason = buf_of(text, sizeof text);
    buf_text(&reason, "Paused workspaces: ");
    buf_u64(&reason, workspaces);
    put_impairment(out, any, REFUSED_workspace_paused, buf_span(&reason), 0,
                   "It ends when an admin of each turns its kill switch off: POST /v1/workspace/resume");
}

void ready_degraded(const struct condition *condition, struct span figures, int64_t now_ms, struct buf *out)
{
    uint64_t silent_ms = 0;
    uint64_t paused = 0;
    bool any = false;
    buf_text(out, "[");
    if (condition->suspended) {
        put_impairment(out, &any, REFUSED_starts_suspended, condition->reason, condition->suspended_ms,
                       "openpost confirm --data DIR");
    }
    if (condition->clock_suspect) {
        put_impairment(out, &any, REFUSED_clock_suspect, (struct span){0}, 0,
                       "It ends after 60 s of agreement; if the clock is right: openpost clock accept --data DIR");
    }
    if (figure_of(figures, "workspaces_paused", &paused) && paused > 0) {
        put_paused(out, &any, paused);
    }
    if (figure_of(figures, "adapter_silent_ms", &silent_ms) && silent_ms > JOBS_SILENT_MAX_MS) {
        put_impairment(out, &any, REFUSED_adapter_silent, (struct span){0}, now_ms - (int64_t)silent_ms,
                       "It ends when the adapter answers; if it lasts: end its process with kill -9. It is started "
                       "again, and what it had sent is read back");
    }
    if (condition->identity_silent_ms > IDENTITY_SILENT_MAX_MS) {
        put_impairment(out, &any, REFUSED_identity_silent, (struct span){0}, now_ms - condition->identity_silent_ms,
                       "It ends when the process answers; if it lasts: end openpost identity with kill -9. It is "
                       "started again; posts go out meanwhile, and passwords and keys are good");
    }
    buf_text(out, "]");
}

/* Nothing starts, perhaps, but everything else is served: a balancer that took the API away would only make it worse.
 */
static void answer_ready(struct exchange *x, struct span figures)
{
    struct condition condition;
    struct buf out = {0};
    enum err err = gate_condition(x->gateway->gate, &x->request->arena, &condition);
    err = err == OK ? exchange_out(x, &out) : err;
    if (err != OK) {
        exchange_failed(x, err);
        return;
    }
    buf_text(&out, "{\"status\":\"ready\",\"degraded\":");
    ready_degraded(&condition, figures, x->now_ms, &out);
    buf_text(&out, "}");
    exchange_json(x, 200, buf_span(&out), (struct span){0}, NULL);
}

const char *log_fault(struct span figures)
{
    uint64_t position = 0;
    const bool is_good = figure_of(figures, "log_altered_at", &position) && position == 0;
    return is_good ? NULL : "An event of the log is not as it was written: run openpost verify.";
}

static void ready_asked(void *context, enum err err, struct span body)
{
    struct exchange *x = context;
    const char *why = err != OK ? "The ledger does not answer." : log_fault(body);
    why = why == NULL ? ready_fault(body) : why;
    if (why != NULL) {
        exchange_problem(x, REFUSED_unavailable, why, NULL, NULL);
    } else {
        answer_ready(x, body);
    }
}

void handle_ready(struct exchange *x)
{
    if (atomic_load(&x->gateway->stopping)) {
        exchange_problem(x, REFUSED_unavailable, "The gateway is stopping.", NULL, NULL);
        return;
    }
    if (gate_is_damaged(x->gateway->gate)) {
        exchange_problem(x, REFUSED_unavailable,
                         "Stored data was damaged: the read models are being rebuilt from the log.", NULL, NULL);
        return;
    }
    struct condition condition;
    if (gate_condition(x->gateway->gate, &x->request->arena, &condition) == ERR_REBUILDING) {
        exchange_failed(x, ERR_REBUILDING); /* the ledger, which makes them, answers nobody before they are whole */
        return;
    }
    if (gate_status(x->gateway->gate, ready_asked, x) != OK) {
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

/* What waits for a person, and why nothing starts: of all tenants together. */
static void put_condition(struct exchange *x, struct buf *out)
{
    struct condition condition;
    if (gate_condition(x->gateway->gate, &x->request->arena, &condition) != OK) {
        put_figure(out, "openpost_", SPAN("views_up"), 0);
        return;
    }
    put_figure(out, "openpost_", SPAN("views_up"), 1);
    put_figure(out, "openpost_", SPAN("starts_suspended"), condition.suspended);
    put_figure(out, "openpost_", SPAN("clock_suspect"), condition.clock_suspect);
    put_figure(out, "openpost_", SPAN("identity_silent_ms"), (uint64_t)condition.identity_silent_ms);
    put_figure(out, "openpost_posts_", SPAN("unknown"), condition.posts.unknown);
    put_figure(out, "openpost_posts_", SPAN("needs_person"), condition.posts.needs_person);
    put_figure(out, "openpost_posts_", SPAN("contradicted"), condition.posts.contradicted);
    put_figure(out, "openpost_posts_", SPAN("partially_published_total"), condition.posts.partially_published);
    put_figure(out, "openpost_posts_", SPAN("failed_total"), condition.posts.failed);
    put_figure(out, "openpost_posts_", SPAN("missed_total"), condition.posts.missed);
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
    put_condition(x, &out);
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
    const bool forwarded = request_header_count(x->request, "X-Forwarded-For") > 0 ||
                           request_header_count(x->request, "Forwarded") > 0; /* for somebody else, whoever that is */
    if (forwarded || !metrics_are_for(x->request->remote)) {
        exchange_problem(x, REFUSED_not_found, "Figures are for this machine itself.", NULL, NULL);
        return;
    }
    const enum err err = gate_status(x->gateway->gate, metrics_asked, x);
    if (err != OK) {
        metrics_asked(x, err, (struct span){0});
    }
}
