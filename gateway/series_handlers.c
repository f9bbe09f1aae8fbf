/* series_handlers.c: posts that repeat: write, read, list, change, pause, resume, end, and what comes next. The posts
 * themselves are made by the scheduler. */
#include "core/series_rule.h"
#include "gateway/etag.h"
#include "gateway/post_input.h"

/* --- what a rule says --- */

static void read_word(const struct json_node *object, const char *name, const struct choice_table *table,
                      uint32_t *value)
{
    if (json_node_member(object, name) != NULL) {
        *value = choice_value(table, json_node_text(object, name)); /* the schema knows the words */
    }
}

static void read_text(const struct json_node *object, const char *name, struct span *text)
{
    if (json_node_member(object, name) != NULL) {
        *text = json_node_text(object, name);
    }
}

/* expected: what is said of 0, which a command takes for absent. */
static void read_count(struct exchange *x, const struct json_node *object, const char *name, const char *expected,
                       uint64_t *count)
{
    const struct json_node *node = json_node_member(object, name);
    if (json_node_is(node, NODE_INTEGER)) {
        *count = (uint64_t)node->integer;
        if (*count == 0) {
            char pointer[INPUT_PARAM_MAX];
            input_pointer(pointer, "/rule", name);
            input_wrong(&x->input, REFUSED_field_invalid, pointer, expected);
        }
    } else if (node != NULL) {
        *count = 0;
    }
}

static void read_interval(const struct json_node *object, uint64_t *interval)
{
    const struct json_node *node = json_node_member(object, "interval");
    if (node != NULL) {
        *interval = json_node_is(node, NODE_INTEGER) ? (uint64_t)node->integer : 1;
    }
}

static void read_weekdays(struct exchange *x, const struct json_node *object, struct series_rule *rule)
{
    const struct json_node *list = input_some(object, "weekdays");
    if (json_node_member(object, "weekdays") == NULL) {
        return;
    }
    rule->weekdays_count = 0;
    if (list == NULL) {
        return;
    }
    rule->weekdays = arena_alloc(&x->request->arena, (list->count + 1) * sizeof *rule->weekdays);
    if (rule->weekdays == NULL) {
        input_wrong(&x->input, REFUSED_payload_too_large, "", "The request is larger than it may be.");
        return;
    }
    for (const struct json_node *item = list->first; item != NULL; item = item->next) {
        rule->weekdays[rule->weekdays_count].weekday = choice_value(&weekday_words, item->text);
        rule->weekdays_count++;
    }
}

/* Merges the body's rule into what the series has; what is not named stays. */
static void read_rule(struct exchange *x, struct series_rule *rule)
{
    const struct json_node *object = input_some(x->body, "rule");
    read_word(object, "frequency", &frequency_words, &rule->frequency);
    read_word(object, "month_week", &month_week_words, &rule->month_week);
    read_interval(object, &rule->every);
    read_count(x, object, "month_day", SERIES_MONTH_DAY_EXPECTED, &rule->month_day);
    read_count(x, object, "count", SERIES_COUNT_EXPECTED, &rule->times);
    read_text(object, "time", &rule->time);
    read_text(object, "timezone", &rule->timezone);
    read_text(object, "start", &rule->start);
    read_text(object, "until", &rule->until);
    read_weekdays(x, object, rule);
    if (rule->time.data == NULL) {
        input_wrong(&x->input, REFUSED_field_missing, "/rule/time", "A local time of day is expected: 09:30.");
    }
    if (rule->frequency == FREQUENCY_NONE) {
        input_wrong(&x->input, REFUSED_field_missing, "/rule/frequency", "daily, weekly or monthly is expected.");
    }
}

/* Where nothing is said: in the workspace's zone, from today on. */
static enum err default_rule(struct exchange *x, struct series_rule *rule)
{
    struct workspace_row workspace;
    struct local_time today;
    if (rule->timezone.data == NULL) {
        TRY(pass_workspace(x->pass, &workspace));
        rule->timezone = workspace.timezone;
    }
    if (rule->start.data != NULL) {
        return OK;
    }
    TRY(local_of(x->gateway->zones, rule->timezone, x->now_ms, &today));
    uint8_t *bytes = arena_alloc(&x->request->arena, LOCAL_TEXT_LEN);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf text = buf_of(bytes, LOCAL_TEXT_LEN);
    local_write_date(&text, today.day);
    rule->start = buf_span(&text);
    return OK;
}

/* False: answered. */
static bool complete_rule(struct exchange *x, struct series_rule *rule)
{
    const enum err err = x->input.refusal == ACCEPTED ? default_rule(x, rule) : OK;
    if (err == ERR_NOT_FOUND) {
        input_wrong(&x->input, REFUSED_timezone_unknown, "/rule/timezone",
                    "An IANA name like Europe/Berlin is expected.");
    } else if (err != OK) {
        exchange_failed(x, err);
        return false;
    }
    return !exchange_input(x);
}

/* --- write --- */

void handle_create_series(struct exchange *x)
{
    struct post_content_row content;
    struct series_rule rule = {.every = 1};
    const struct id series_id = exchange_mint(x, ID_SERIES);
    post_input_written(x, &series_id, &content);
    read_rule(x, &rule);
    if (!complete_rule(x, &rule)) {
        return;
    }
    struct create_series_command *fields = ORDER(x, create_series, &series_id);
    fields->series_id = series_id;
    series_rule_when(&rule, x->gateway->zones, x->now_ms, &fields->is_over, &fields->is_far);
    SERIES_RULE_COPY(fields, &rule);
    POST_CONTENT_COPY(fields, &content);
    exchange_send_fit(x, &content, 0);
}

void handle_change_series(struct exchange *x)
{
    struct post_content_row before = {.parts_count = 0};
    struct post_content_row content;
    struct series_rule rule;
    POST_CONTENT_COPY(&before, &x->series);
    SERIES_RULE_COPY(&rule, &x->series);
    post_input_patched(x, &x->id, &before, &content);
    read_rule(x, &rule);
    if (!complete_rule(x, &rule)) {
        return;
    }
    struct change_series_command *fields = ORDER(x, change_series, &x->id);
    fields->series_id = x->id;
    series_rule_when(&rule, x->gateway->zones, x->now_ms, &fields->is_over, &fields->is_far);
    SERIES_RULE_COPY(fields, &rule);
    POST_CONTENT_COPY(fields, &content);
    if (x->series.status != SERIES_ENDED && !exchange_is_stale(x)) {
        exchange_send_fit(x, &content, 0);
    } else {
        exchange_send(x);
    }
}

void handle_pause_series(struct exchange *x)
{
    ORDER(x, pause_series, &x->id)->series_id = x->id;
    exchange_send(x);
}

void handle_resume_series(struct exchange *x)
{
    ORDER(x, resume_series, &x->id)->series_id = x->id;
    exchange_send(x);
}

void handle_end_series(struct exchange *x)
{
    struct end_series_command *fields = ORDER(x, end_series, &x->id);
    fields->series_id = x->id;
    fields->keep = input_flag(x->body, "keep");
    exchange_send(x);
}

/* --- read --- */

static enum err write_series(struct exchange *x, const void *what, struct buf *out)
{
    (void)x;
    return present_series(what, out);
}

void exchange_show_series(struct exchange *x, const struct series_row *row, unsigned status, bool with_location)
{
    char text[ETAG_MAX];
    exchange_answer(x, status, write_series, row, etag_of(row->version, NULL, text),
                    with_location ? exchange_location(x, "/v1/series/", &row->series_id) : NULL);
}

void handle_get_series(struct exchange *x)
{
    exchange_show_series(x, &x->series, 200, false);
}

struct page {
    struct series_row *rows;
    uint32_t count;
    uint32_t most; /* of them in a page; others behind it are the next's */
};

static enum err write_page(struct exchange *x, const void *what, struct buf *out)
{
    const struct page *page = what;
    const uint32_t shown = page->count < page->most ? page->count : page->most;
    buf_text(out, "{\"data\":[");
    for (uint32_t i = 0; i < shown; i++) {
        buf_text(out, i == 0 ? "" : ",");
        TRY(present_series(&page->rows[i], out));
    }
    exchange_id_page_end(x, shown < page->count ? &page->rows[shown - 1].series_id : NULL, out);
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

void handle_list_series(struct exchange *x)
{
    struct id_page asked;
    struct page page = {.count = 0};
    struct buf out = {0};
    if (!exchange_id_page(x, &asked)) {
        return;
    }
    page.most = asked.limit;
    enum err err = pass_series_list(x->pass, asked.after, asked.limit + 1, &page.rows, &page.count);
    err = err == OK ? exchange_page(x, write_page, &page, &page.most, &out) : err;
    if (err != OK) {
        exchange_failed(x, err);
    } else {
        exchange_json(x, 200, buf_span(&out), (struct span){0}, NULL);
    }
}

/* --- what comes next --- */

static enum err write_coming(struct exchange *x, const void *what, struct buf *out)
{
    return pass_present_coming(x->pass, &x->series, *(const uint32_t *)what, x->now_ms, out);
}

void handle_preview_series(struct exchange *x)
{
    uint32_t limit = 0;
    if (exchange_limit(x, &limit)) {
        exchange_show(x, write_coming, &limit);
    }
}
