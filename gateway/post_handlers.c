/* post_handlers.c: posts: write, read, list, change, throw away. Each handler reads its input, sends at most one
 * command, and answers what the post is afterwards. */
#include "core/message/post_content.h"
#include "gateway/post_input.h"

void handle_create_post(struct exchange *x)
{
    struct post_content_row content;
    struct schedule_input schedule;
    struct span zone;
    int64_t not_after_ms = 0;
    const struct id post_id = exchange_mint(x, ID_POST);
    post_input_create(x, &post_id, &content, &schedule, &zone, &not_after_ms);
    if (exchange_input(x)) {
        return;
    }
    struct create_post_command *fields = ORDER(x, create_post, &post_id);
    *fields = (struct create_post_command){.post_id = post_id,
                                           .timezone = zone,
                                           .not_after_ms = not_after_ms,
                                           .now = schedule.now,
                                           .at_ms = schedule.at_ms,
                                           .next_slot = schedule.next_slot};
    POST_CONTENT_COPY(fields, &content);
    if (schedule.given) {
        exchange_send_fit(x, &content, schedule.at_ms);
    } else {
        exchange_send(x);
    }
}

void handle_get_post(struct exchange *x)
{
    exchange_show_post(x, &x->post, 200, false);
}

void handle_edit_post(struct exchange *x)
{
    struct post_content_row content;
    struct span zone;
    int64_t not_after_ms = 0;
    post_input_edit(x, &x->post, &content, &zone, &not_after_ms);
    if (exchange_input(x)) {
        return;
    }
    struct edit_post_command *fields = ORDER(x, edit_post, &x->id);
    *fields = (struct edit_post_command){.post_id = x->id, .timezone = zone, .not_after_ms = not_after_ms};
    POST_CONTENT_COPY(fields, &content);
    fields->blanks = x->post.row.blanks;
    fields->blanks_count = x->post.row.blanks_count;
    if (!exchange_note_blanks(x, &content, fields->blanks, fields->blanks_count)) {
        return;
    }
    if (x->post.row.status == POST_SCHEDULED && exchange_may_change(x)) {
        exchange_send_fit(x, &content, 0);
    } else {
        exchange_send(x);
    }
}

void handle_delete_post(struct exchange *x)
{
    ORDER(x, delete_post, &x->id)->post_id = x->id;
    exchange_send(x);
}

void handle_duplicate_post(struct exchange *x)
{
    if (exchange_is_stale(x)) {
        exchange_problem(x, REFUSED_precondition_failed, x->match_detail, NULL, NULL);
        return;
    }
    struct post_content_row content = x->post.content;
    const struct id post_id = exchange_mint(x, ID_POST);
    for (uint32_t i = 0; i < content.targets_count; i++) {
        content.targets[i].target_id = id_derive(ID_TARGET, &post_id, &content.targets[i].integration_id);
        content.targets[i].at_ms = 0;
    }
    struct create_post_command *fields = ORDER(x, create_post, &post_id);
    *fields = (struct create_post_command){.post_id = post_id,
                                           .timezone = x->post.row.timezone,
                                           .duplicate_of = x->id,
                                           .template_id = x->post.row.template_id,
                                           .default_queue_of = x->post.row.default_queue_of,
                                           .blanks = x->post.row.blanks,
                                           .blanks_count = x->post.row.blanks_count};
    POST_CONTENT_COPY(fields, &content);
    x->sending.expected_version = 0; /* a new stream */
    exchange_send(x);
}

/* Lists */

static void answer_words(struct exchange *x, const char *name, const struct choice_table *words)
{
    char text[256];
    struct buf out = buf_of(text, sizeof text);
    buf_text(&out, name);
    buf_text(&out, " is one of");
    for (uint32_t value = 1; value < words->count; value++) {
        buf_text(&out, value == 1 ? " " : ", ");
        buf_text(&out, choice_word(words, value));
    }
    buf_byte(&out, '.');
    exchange_parameter(x, REFUSED_parameter_invalid, name, buf_terminated(&out));
}

/* A set of words: bit n is the nth of the table. */
static bool read_words(struct exchange *x, const char *name, const struct choice_table *words, uint32_t *ret_set)
{
    struct span text;
    for (unsigned n = 0; (text = exchange_query(x, name, n)).data != NULL; n++) {
        const uint32_t value = choice_value(words, text);
        if (value == 0) {
            answer_words(x, name, words);
            return false;
        }
        *ret_set |= (uint32_t)1 << value;
    }
    return true;
}

#define FILTER_IDS_MAX 50

static bool read_ids(struct exchange *x, const char *name, enum id_kind kind, const struct id **ret_ids,
                     uint32_t *ret_count)
{
    struct id *ids = arena_alloc(&x->request->arena, sizeof *ids * FILTER_IDS_MAX);
    uint32_t count = 0;
    struct span text;
    while (ids != NULL && (text = exchange_query(x, name, count)).data != NULL) {
        if (count == FILTER_IDS_MAX || id_parse(text, kind, &ids[count]) != OK) {
            exchange_parameter(x, REFUSED_parameter_invalid, name, "Not an id of that kind, or more than 50 of them.");
            return false;
        }
        count++;
    }
    *ret_ids = ids;
    *ret_count = count;
    return true;
}

/* Who may have written a post. */
static bool read_authors(struct exchange *x, struct post_filter *filter)
{
    if (!read_ids(x, "author_id", ID_NONE, &filter->authors, &filter->author_count)) {
        return false;
    }
    for (uint32_t i = 0; i < filter->author_count; i++) {
        if (!posts_may_write(&filter->authors[i])) {
            exchange_parameter(x, REFUSED_parameter_invalid, "author_id", "The id of a key or a member is expected.");
            return false;
        }
    }
    return true;
}

static bool read_labels(struct exchange *x, struct post_filter *filter)
{
    struct span *labels = arena_alloc(&x->request->arena, sizeof *labels * FILTER_IDS_MAX);
    struct span text;
    while (labels != NULL && (text = exchange_query(x, "label", filter->label_count)).data != NULL) {
        const bool full = filter->label_count == FILTER_IDS_MAX;
        if (full || memchr(text.data, 0, text.len) != NULL) {
            exchange_parameter(x, REFUSED_parameter_invalid, "label",
                               full ? "At most 50 labels are allowed." : "No label holds U+0000.");
            return false;
        }
        labels[filter->label_count] = text;
        filter->label_count++;
    }
    filter->labels = labels;
    return true;
}

static bool read_instant(struct exchange *x, const char *name, int64_t *ret_ms)
{
    const struct span text = exchange_query(x, name, 0);
    if (text.data == NULL) {
        return true;
    }
    const char *detail = NULL;
    const enum refusal refusal = input_instant(text, ret_ms, &detail);
    if (refusal != ACCEPTED) {
        exchange_parameter(x, refusal, name, detail);
    } else if (*ret_ms == 0) {
        *ret_ms = 1; /* 0 filters nothing; no post is due in that millisecond of 1970 */
    }
    return refusal == ACCEPTED;
}

static bool read_search(struct exchange *x, struct post_filter *filter)
{
    const struct span text = exchange_query(x, "q", 0);
    if (text.data == NULL) {
        return true;
    }
    if (text.len > SEARCH_BYTES_MAX) {
        exchange_parameter(x, REFUSED_parameter_invalid, "q", "A text of at most 256 bytes.");
        return false;
    }
    struct words_query *query = arena_alloc(&x->request->arena, sizeof *query);
    const enum err err = query == NULL ? ERR_NO_MEMORY : words_query_read(text, &x->request->arena, query);
    if (err == ERR_MISSING || err == ERR_RANGE) {
        exchange_parameter(x, REFUSED_parameter_invalid, "q", "One to 64 words: letters, digits or emoji.");
        return false;
    }
    if (err != OK) {
        exchange_failed(x, err);
        return false;
    }
    filter->search = query;
    return true;
}

static bool read_order(struct exchange *x, struct post_filter *filter)
{
    const bool known = posts_order(exchange_query(x, "order", 0), &filter->order) == OK;
    if (!known) {
        exchange_parameter(x, REFUSED_parameter_invalid, "order",
                           "order is created_at, -created_at, publish_at or -publish_at.");
    }
    return known;
}

/* What of a page is written: so many posts, and their text. */
struct written {
    uint32_t posts;
    struct span text; /* in the buffer that they found room in */
};

struct shown_page {
    const struct post_page *page;
    struct written *written;
    struct present_seen *seen;
};

/* Goes on behind the posts that found room in a smaller buffer: to present a post costs far more than to copy it. */
static enum err write_page(struct exchange *x, const void *what, struct buf *out)
{
    const struct shown_page *shown = what;
    const struct post_page *page = shown->page;
    struct written *written = shown->written;
    buf_put(out, written->text);
    buf_text(out, written->posts == 0 ? "{\"data\":[" : "");
    while (written->posts < page->count) {
        buf_text(out, written->posts == 0 ? "" : ",");
        TRY(pass_present_post(x->pass, &page->posts[written->posts], x->now_ms, shown->seen, out));
        *written = (struct written){.posts = written->posts + 1, .text = buf_span(out)};
    }
    buf_byte(out, ']');
    exchange_page_end(x, span_of(page->cursor_len != 0 ? page->cursor : NULL, page->cursor_len), out);
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

/* Posts that are more together than an answer may be make a shorter page: its cursor leads on. */
static void answer_page(struct exchange *x, const struct post_filter *filter, struct span after, struct post_page *page)
{
    struct written written = {.posts = 0};
    struct present_seen seen = {.account_count = 0};
    const struct shown_page shown = {.page = page, .written = &written, .seen = &seen};
    struct buf out = {0};
    enum err err = exchange_body(x, write_page, &shown, &out);
    if (err == ERR_TOO_LONG && written.posts > 0) {
        out = buf_of(out.data, out.cap);
        err = pass_posts(x->pass, filter, after, written.posts, page);
        written = (struct written){.posts = 0};
        err = err == OK ? write_page(x, &shown, &out) : err;
    }
    if (err != OK) {
        exchange_failed(x, err);
    } else {
        exchange_json(x, 200, buf_span(&out), (struct span){0}, NULL);
    }
}

void handle_list_posts(struct exchange *x)
{
    struct post_filter filter = {0};
    uint32_t limit = 0;
    struct cursor cursor;
    if (!exchange_limit(x, &limit) || !read_words(x, "status", &post_listed_words, &filter.statuses) ||
        !read_words(x, "attention", &attention_words, &filter.attention) ||
        !read_words(x, "approval", &approval_words, &filter.approvals) ||
        !read_ids(x, "series_id", ID_SERIES, &filter.series, &filter.series_count) ||
        !read_ids(x, "template_id", ID_TEMPLATE, &filter.templates, &filter.template_count) ||
        !read_ids(x, "integration_id", ID_INTEGRATION, &filter.integrations, &filter.integration_count) ||
        !read_authors(x, &filter) || !read_labels(x, &filter) ||
        !read_instant(x, "publish_after", &filter.publish_after_ms) ||
        !read_instant(x, "publish_before", &filter.publish_before_ms) || !read_search(x, &filter) ||
        !read_order(x, &filter) || !exchange_cursor(x, &cursor)) {
        return;
    }
    struct post_page page;
    const enum err err = pass_posts(x->pass, &filter, cursor.position, limit, &page);
    if (err == ERR_MALFORMED) {
        exchange_parameter(x, REFUSED_cursor_invalid, "cursor", NULL);
    } else if (err != OK) {
        exchange_failed(x, err);
    } else {
        answer_page(x, &filter, cursor.position, &page);
    }
}
