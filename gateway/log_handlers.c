/* log_handlers.c: the log as a tenant may see it, the punctuality report and the kill switch. The gateway does not open
 * the log: it asks the ledger, by the pass. */
#include "core/calendar/instant.h"
#include "gateway/gate/ask.h"
#include "gateway/gateway.h"

/* The page as the ledger gives it ends with its position in clear: clients get it opaque. */
static void answer_events(struct exchange *x, struct span page)
{
    static const char end[] = "],\"next_cursor\":\"";
    size_t at = page.len;
    uint64_t last = 0;
    while (at > 0 && page.data[at - 1] != ']') {
        at--;
    }
    const size_t digits = at + sizeof end - 2;
    if (at == 0 || digits + 2 > page.len ||
        span_to_u64(span_of(page.data + digits, page.len - digits - 2), &last) != OK) {
        exchange_failed(x, ERR_MALFORMED);
        return;
    }
    uint8_t *bytes = arena_alloc(&x->request->arena, page.len + 128);
    struct buf out = buf_of(bytes, bytes == NULL ? 0 : page.len + 128);
    buf_put(&out, span_of(page.data, at));
    buf_text(&out, ",\"next_cursor\":");
    exchange_cursor_put_u64(x, last, &out);
    buf_byte(&out, '}');
    if (!buf_ok(&out)) {
        exchange_failed(x, ERR_NO_MEMORY);
    } else {
        exchange_json(x, 200, buf_span(&out), (struct span){0}, NULL);
    }
}

/* The ledger's answer to a question whose result is the body. */
static void asked(void *context, enum err err, struct span body)
{
    struct exchange *x = context;
    enum refusal refusal = ACCEPTED;
    struct span result = {0};
    if (err == OK) {
        err = body_result_read(body, &refusal, &result);
    }
    if (err != OK) {
        exchange_problem(x, REFUSED_unavailable, NULL, NULL, NULL);
    } else if (refusal != ACCEPTED) {
        exchange_problem(x, refusal, NULL, NULL, NULL);
    } else if (x->route->name == ROUTE_list_events) {
        answer_events(x, result);
    } else {
        exchange_typed(x, "text/plain; charset=utf-8", result);
    }
}

static void ask(struct exchange *x, const char *name, uint64_t first, uint64_t second)
{
    const struct log_question question = {.name = name, .first = first, .second = second};
    if (pass_ask(x->pass, &question, asked, x) != OK) {
        exchange_problem(x, REFUSED_unavailable, NULL, NULL, NULL);
    }
}

/* Whoever is ahead of the log, which was put back since, would miss what comes next. param: where after stood. False:
 * answered. */
static bool is_in_log(struct exchange *x, uint64_t after, const char *param)
{
    uint64_t last = 0;
    const enum err err = pass_workspace_last(x->pass, &last);
    if (err != OK) {
        exchange_failed(x, err);
    } else if (after > last) {
        exchange_problem(x, REFUSED_cursor_invalid,
                         "The log is not there yet: it was put back since, or the position was never given.", param,
                         NULL);
    }
    return err == OK && after <= last;
}

/* Leaves *after alone where the parameter is absent. False: answered. */
static bool read_after(struct exchange *x, uint64_t *after)
{
    const struct span text = exchange_query(x, "after", 0);
    if (text.data != NULL && span_to_u64(text, after) != OK) {
        exchange_parameter(x, REFUSED_parameter_invalid, "after", "after is a workspace_seq: a whole number.");
        return false;
    }
    return true;
}

void handle_list_events(struct exchange *x)
{
    uint32_t limit = 0;
    uint64_t after = 0;
    if (!exchange_limit(x, &limit) || !read_after(x, &after) || !exchange_cursor_u64(x, &after) ||
        !is_in_log(x, after, exchange_query(x, "cursor", 0).data != NULL ? "cursor" : "after")) {
        return;
    }
    ask(x, "events", after, limit);
}

/* From Last-Event-ID, as clients send it when they connect again, or from after; without either from now on. */
void handle_stream_events(struct exchange *x)
{
    uint64_t after = 0;
    const enum err err = pass_workspace_last(x->pass, &after);
    if (err != OK) {
        exchange_failed(x, err);
        return;
    }
    if (!exchange_header_once(x, "Last-Event-ID")) {
        return;
    }
    const struct span last_id = request_header(x->request, "Last-Event-ID");
    if (last_id.len > 0 && span_to_u64(last_id, &after) != OK) {
        exchange_parameter(x, REFUSED_cursor_invalid, "Last-Event-ID", NULL);
        return;
    }
    if ((last_id.len > 0 || read_after(x, &after)) &&
        is_in_log(x, after, last_id.len > 0 ? "Last-Event-ID" : "after")) {
        streams_add(x, after);
    }
}

void handle_log_checkpoint(struct exchange *x)
{
    proofs_ask(x, "checkpoint", 0);
}

void handle_log_verifier(struct exchange *x)
{
    ask(x, "verifier", 0, 0);
}

void handle_log_proof(struct exchange *x)
{
    uint64_t workspace_seq = 0;
    if (span_starts_with(x->param, SPAN("0")) || span_to_u64(x->param, &workspace_seq) != OK) { /* one name a thing */
        exchange_problem(x, REFUSED_not_found, NULL, NULL, NULL);
        return;
    }
    proofs_ask(x, "proof", workspace_seq);
}

/* Punctuality */

#define PAGE_END_MAX 512         /* bytes after the days: the zone's name and the cursor */
#define REPORT_ACCOUNTS_MAX 200U /* looked at for one page, whether they have days or not */
#define REPORT_DAYS_PAGE 1000U   /* with the account that reaches them a page ends: each is up to 96 rows */

struct report_question {
    const struct integration_row *account; /* NULL: all */
    struct id after;                       /* absent: from the first account */
    struct id until;                       /* the page's last account; absent: the last of all */
    uint32_t first_day;                    /* local dates of the workspace's zone */
    uint32_t last_day;
    struct span zone;
    struct id *fit; /* the last account that found room in what was tried, and the page's end with it */
};

static bool read_day(struct exchange *x, const char *name, uint32_t *day)
{
    const struct span text = exchange_query(x, name, 0);
    int64_t at_ms = 0;
    if (text.data == NULL) {
        return true;
    }
    char whole[32];
    struct buf buf = buf_of(whole, sizeof whole);
    buf_put(&buf, text);
    buf_text(&buf, "T00:00:00Z");
    if (!buf_ok(&buf) || instant_parse(buf_span(&buf), &at_ms) != INSTANT_OK) {
        exchange_parameter(x, REFUSED_parameter_invalid, name, "from and to are dates like 2026-04-20.");
        return false;
    }
    *day = (uint32_t)(at_ms / DAY_MS);
    return true;
}

static enum err write_days(struct exchange *x, const struct report_question *question,
                           const struct integration_row *account, struct buf *out, uint32_t *days)
{
    struct punctuality_report *reports = NULL;
    uint32_t count = 0;
    TRY(pass_punctuality(x->pass, account, question->zone, question->first_day, question->last_day, &reports, &count));
    for (uint32_t r = 0; r < count; r++) {
        buf_text(out, out->data[out->len - 1] == '[' ? "" : ",");
        TRY(present_punctuality(&reports[r], out));
    }
    *days += count;
    return OK;
}

/* The days of the account after *last, which it becomes. What they took to be written is given back: there may be
 * thousands of accounts. */
static enum err write_next(struct exchange *x, const struct report_question *question, struct buf *out, struct id *last,
                           uint32_t *days, bool *ret_more)
{
    const struct arena_mark mark = arena_mark(&x->request->arena);
    struct integration_row *account = NULL;
    uint32_t count = 0;
    enum err err = pass_integrations(x->pass, id_is_none(last) ? NULL : last, 1, &account, &count);
    if (err == OK && count > 0) {
        err = write_days(x, question, account, out, days);
        *last = account->integration_id;
    }
    arena_rewind(&x->request->arena, mark);
    *ret_more = count > 0;
    return err;
}

static bool is_end(const struct report_question *question, const struct id *last)
{
    return !id_is_none(&question->until) && id_equal(&question->until, last);
}

/* The days of the accounts after *last, as many as a page looks at. */
static enum err write_accounts(struct exchange *x, const struct report_question *question, struct buf *out,
                               struct id *last, bool *ret_more)
{
    uint32_t days = 0;
    bool more = true;
    for (uint32_t i = 0; more && i < REPORT_ACCOUNTS_MAX && days < REPORT_DAYS_PAGE && !is_end(question, last); i++) {
        TRY(write_next(x, question, out, last, &days, &more));
        if (out->cap - out->len >= PAGE_END_MAX) {
            *question->fit = *last;
        }
    }
    *ret_more = more;
    return OK;
}

static enum err write_reports(struct exchange *x, const void *what, struct buf *out)
{
    const struct report_question *question = what;
    struct id last = question->after;
    uint32_t days = 0;
    bool more = false;
    buf_text(out, "{\"data\":[");
    TRY(question->account != NULL ? write_days(x, question, question->account, out, &days)
                                  : write_accounts(x, question, out, &last, &more));
    buf_text(out, "],\"timezone\":");
    json_string(out, question->zone);
    exchange_page_end(x, span_of(more ? &last : NULL, more ? sizeof last : 0), out);
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

/* Days that are more together than an answer may be make a page of fewer accounts: its cursor leads on. */
static void answer_reports(struct exchange *x, const struct report_question *asked)
{
    struct buf out = {0};
    struct id fit = {0};
    struct report_question question = *asked;
    question.fit = &fit;
    enum err err = exchange_body(x, write_reports, &question, &out);
    if (err == ERR_TOO_LONG && !id_is_none(&fit)) {
        out = buf_of(out.data, out.cap);
        question.until = fit;
        err = write_reports(x, &question, &out);
    }
    if (err != OK) {
        exchange_failed(x, err);
    } else {
        exchange_json(x, 200, buf_span(&out), (struct span){0}, NULL);
    }
}

void handle_punctuality(struct exchange *x)
{
    struct workspace_row workspace;
    uint32_t today = 0;
    enum err err = pass_workspace(x->pass, &workspace);
    err = err == OK ? punctuality_day(x->gateway->zones, workspace.timezone, x->now_ms, &today) : err;
    if (err != OK) {
        exchange_failed(x, err);
        return;
    }
    struct report_question question = {.first_day = today - 30, .last_day = today + 1, .zone = workspace.timezone};
    struct cursor cursor;
    if (!read_day(x, "from", &question.first_day) || !read_day(x, "to", &question.last_day) ||
        !exchange_cursor(x, &cursor)) {
        return;
    }
    if (cursor.position.len == sizeof question.after) {
        memcpy(&question.after, cursor.position.data, sizeof question.after);
    }
    const struct span text = exchange_query(x, "integration_id", 0);
    struct integration_row row;
    if (text.data != NULL) {
        struct id id;
        err = id_parse(text, ID_INTEGRATION, &id) != OK ? ERR_NOT_FOUND : pass_integration(x->pass, &id, &row);
        question.account = &row;
    }
    if (err == ERR_NOT_FOUND) {
        exchange_parameter(x, REFUSED_parameter_invalid, "integration_id",
                           "There is no such integration in this workspace.");
        return;
    }
    if (err != OK) {
        exchange_failed(x, err);
        return;
    }
    if (question.last_day < question.first_day || question.last_day - question.first_day > REPORT_DAYS_MAX) {
        exchange_parameter(x, REFUSED_parameter_invalid, "to", "to is before from, or more than 400 days after it.");
        return;
    }
    answer_reports(x, &question);
}
