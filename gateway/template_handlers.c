/* template_handlers.c: reusable posts, and posts that are made from them. What becomes of a template's texts
 * core/template.h says; whether a post with blanks is scheduled the ledger decides. */
#include "core/message/placeholder.h"
#include "core/message/post_content.h"
#include "core/template.h"
#include "gateway/post_input.h"

/* What stands in a template as a post's input reads it. */
static struct post_content_row content_of(const struct template_row *template)
{
    struct post_content_row content = {.parts_count = 0};
    POST_CONTENT_COPY(&content, template);
    return content;
}

/* A list of what new_placeholder describes. False: answered. */
static bool read_placeholders(struct exchange *x, struct placeholder **ret_placeholders, uint32_t *ret_count)
{
    const struct json_node *list = input_some(x->body, "placeholders");
    struct placeholder *placeholders = arena_alloc(&x->request->arena, sizeof *placeholders * (PLACEHOLDERS_MAX + 1));
    uint32_t count = 0;
    if (placeholders == NULL) {
        exchange_failed(x, ERR_NO_MEMORY);
        return false;
    }
    for (const struct json_node *item = list == NULL ? NULL : list->first; item != NULL; item = item->next) {
        placeholders[count] =
            (struct placeholder){.name = json_node_text(item, "name"),
                                 .preset = json_node_text(item, "default"),
                                 .optional = json_node_is(json_node_member(item, "required"), NODE_FALSE),
                                 .description = json_node_text(item, "description")};
        count++;
    }
    *ret_placeholders = placeholders;
    *ret_count = count;
    return true;
}

/* Merges the member into the account whose queue it names: absent leaves it, null clears it. That it is one of the
 * template's is the only thing that a queue's id tells of its account. */
static void read_default_queue(struct exchange *x, const struct post_content_row *content, struct id *default_queue_of)
{
    const struct json_node *member = json_node_member(x->body, "default_queue");
    struct id queue_id;
    if (member == NULL || member->kind != NODE_TEXT) {
        *default_queue_of = member == NULL ? *default_queue_of : (struct id){0};
        return;
    }
    const bool is_id = id_parse(member->text, ID_QUEUE, &queue_id) == OK;
    for (uint32_t i = 0; is_id && i < content->targets_count; i++) {
        const struct id own = id_queue(&content->targets[i].integration_id);
        if (id_equal(&own, &queue_id)) {
            *default_queue_of = content->targets[i].integration_id;
            return;
        }
    }
    input_wrong(&x->input, REFUSED_reference_not_found, "/default_queue",
                "The queue of an account among the template's targets is expected.");
}

void handle_create_template(struct exchange *x)
{
    struct post_content_row content;
    const struct id template_id = exchange_mint(x, ID_TEMPLATE);
    struct create_template_command *fields = ORDER(x, create_template, &template_id);
    *fields = (struct create_template_command){.template_id = template_id, .name = json_node_text(x->body, "name")};
    post_input_written(x, &template_id, &content);
    read_default_queue(x, &content, &fields->default_queue_of);
    if (exchange_input(x) || !read_placeholders(x, &fields->placeholders, &fields->placeholders_count)) {
        return;
    }
    POST_CONTENT_COPY(fields, &content);
    exchange_send(x);
}

void handle_get_template(struct exchange *x)
{
    exchange_show_template(x, &x->template, 200, false);
}

void handle_change_template(struct exchange *x)
{
    const struct post_content_row before = content_of(&x->template);
    struct post_content_row content;
    struct change_template_command *fields = ORDER(x, change_template, &x->id);
    const struct span name = json_node_text(x->body, "name");
    *fields = (struct change_template_command){.template_id = x->id,
                                               .name = name.data != NULL ? name : x->template.name,
                                               .placeholders = x->template.placeholders,
                                               .placeholders_count = x->template.placeholders_count,
                                               .default_queue_of = x->template.default_queue_of};
    post_input_patched(x, &x->id, &before, &content);
    read_default_queue(x, &content, &fields->default_queue_of);
    if (exchange_input(x)) {
        return;
    }
    if (json_node_member(x->body, "placeholders") != NULL &&
        !read_placeholders(x, &fields->placeholders, &fields->placeholders_count)) {
        return;
    }
    POST_CONTENT_COPY(fields, &content);
    exchange_send(x);
}

void handle_delete_template(struct exchange *x)
{
    ORDER(x, delete_template, &x->id)->template_id = x->id;
    exchange_send(x);
}

/* Where a page begins, and how many templates it has at most. */
struct asked {
    struct span after;
    uint32_t limit;
};

static enum err write_page(struct exchange *x, const void *what, struct buf *out)
{
    const struct asked *asked = what;
    struct template_page page;
    TRY(pass_templates(x->pass, asked->after, asked->limit, &page));
    buf_text(out, "{\"data\":[");
    for (uint32_t i = 0; i < page.count; i++) {
        buf_text(out, i == 0 ? "" : ",");
        TRY(present_template(&page.templates[i], out));
    }
    buf_byte(out, ']');
    exchange_page_end(x, span_of(page.cursor_len != 0 ? page.cursor : NULL, page.cursor_len), out);
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

/* Templates that are more together than an answer may be make a shorter page: its cursor leads on. */
void handle_list_templates(struct exchange *x)
{
    struct cursor cursor;
    struct asked asked = {.limit = 0};
    if (!exchange_limit(x, &asked.limit) || !exchange_cursor(x, &cursor)) {
        return;
    }
    asked.after = cursor.position;
    struct buf out = {0};
    const enum err err = exchange_page(x, write_page, &asked, &asked.limit, &out);
    if (err == ERR_MALFORMED) {
        exchange_parameter(x, REFUSED_cursor_invalid, "cursor", NULL);
    } else if (err != OK) {
        exchange_failed(x, err);
    } else {
        exchange_json(x, 200, buf_span(&out), (struct span){0}, NULL);
    }
}

/* Making a post */

/* A name and its text, by name; null is as good as absent. */
static enum err read_values(struct exchange *x, struct placeholder_value **ret_values, uint32_t *ret_count)
{
    const struct json_node *object = input_some(x->body, "values");
    struct placeholder_value *values = arena_alloc(&x->request->arena, sizeof *values * (PLACEHOLDERS_MAX + 1));
    uint32_t count = 0;
    if (values == NULL) {
        return ERR_NO_MEMORY;
    }
    for (const struct json_node *item = object == NULL ? NULL : object->first; item != NULL; item = item->next) {
        if (item->kind == NODE_TEXT) {
            values[count] = (struct placeholder_value){.name = item->name, .value = item->text};
            count++;
        }
    }
    *ret_values = values;
    *ret_count = count;
    return OK;
}

/* The template's accounts as the post's targets; their variants come with its text. */
static enum err take_targets(struct exchange *x, const struct id *post_id, struct post_content_row *content)
{
    const struct template_row *template = &x->template;
    content->targets = arena_alloc(&x->request->arena, sizeof *content->targets * (template->targets_count + 1));
    if (content->targets == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < template->targets_count; i++) {
        const struct id *integration_id = &template->targets[i].integration_id;
        struct integration_row integration;
        const enum err err = pass_integration(x->pass, integration_id, &integration);
        if (err == ERR_NOT_FOUND) {
            input_wrong(&x->input, REFUSED_reference_not_found, "/targets",
                        "An account that the template names was deleted: say where the post goes.");
            return OK;
        }
        TRY(err);
        content->targets[i] = (struct target_spec){.target_id = id_derive(ID_TARGET, post_id, integration_id),
                                                   .integration_id = *integration_id,
                                                   .channel = integration.channel};
    }
    content->targets_count = template->targets_count;
    return OK;
}

/* Writes what the post says: the template's text with the values in it. */
static enum err fill_in(struct exchange *x, struct post_content_row *content, struct create_post_command *fields)
{
    const struct template_form form = TEMPLATE_FORM(&x->template);
    struct placeholder_value *values = NULL;
    uint32_t value_count = 0;
    struct template_filled filled;
    TRY(read_values(x, &values, &value_count));
    TRY(template_fill(&form, values, value_count, content->targets, content->targets_count, &x->request->arena,
                      &filled));
    if (filled.objection.refusal != ACCEPTED) {
        input_wrong(&x->input, filled.objection.refusal, filled.objection.param, filled.objection.detail);
    }
    content->parts = filled.parts;
    content->parts_count = filled.part_count;
    content->link = filled.link;
    content->first_comment = filled.first_comment;
    content->targets = filled.targets;
    fields->blanks = filled.blanks;
    fields->blanks_count = filled.blank_count;
    return OK;
}

static enum err make_post(struct exchange *x, const struct id *post_id, struct post_content_row *ret_content,
                          struct schedule_input *ret_schedule, struct create_post_command *fields)
{
    struct post_content_row content;
    *fields = (struct create_post_command){.post_id = *post_id,
                                           .template_id = x->id,
                                           .template_version = x->template.version,
                                           .default_queue_of = x->template.default_queue_of};
    post_input_create(x, post_id, &content, ret_schedule, &fields->timezone, &fields->not_after_ms);
    if (json_node_member(x->body, "labels") == NULL) {
        content.labels = x->template.labels;
        content.labels_count = x->template.labels_count;
    }
    if (json_node_member(x->body, "metadata") == NULL) {
        content.metadata = x->template.metadata;
        content.metadata_count = x->template.metadata_count;
    }
    if (input_some(x->body, "targets") == NULL) {
        TRY(take_targets(x, post_id, &content));
    }
    if (x->input.refusal == ACCEPTED) {
        TRY(fill_in(x, &content, fields));
    }
    fields->now = ret_schedule->now;
    fields->next_slot = ret_schedule->next_slot;
    fields->at_ms = ret_schedule->at_ms;
    POST_CONTENT_COPY(fields, &content);
    *ret_content = content;
    return OK;
}

void handle_instantiate_template(struct exchange *x)
{
    if (exchange_is_stale(x)) {
        exchange_problem(x, REFUSED_precondition_failed, x->match_detail, NULL, NULL);
        return;
    }
    struct post_content_row content;
    struct schedule_input schedule;
    const struct id post_id = exchange_mint(x, ID_POST);
    struct create_post_command *fields = ORDER(x, create_post, &post_id);
    const enum err err = make_post(x, &post_id, &content, &schedule, fields);
    x->sending.expected_version = 0; /* a new stream */
    if (err != OK) {
        exchange_failed(x, err);
    } else if (exchange_input(x) || !exchange_note_blanks(x, &content, fields->blanks, fields->blanks_count)) {
        return;
    } else if (schedule.given) {
        exchange_send_fit(x, &content, schedule.at_ms);
    } else {
        exchange_send(x);
    }
}

bool exchange_note_blanks(struct exchange *x, const struct post_content_row *content,
                          const struct placeholder_ref *names, uint32_t count)
{
    const struct placeholder_texts texts = PLACEHOLDER_TEXTS(content);
    x->blanks = arena_alloc(&x->request->arena, sizeof *x->blanks * (count + 1));
    x->blank_count = x->blanks == NULL ? 0 : placeholder_blanks(&texts, names, count, x->blanks);
    enum err err = x->blanks == NULL ? ERR_NO_MEMORY : OK;
    for (uint32_t i = 0; i < x->blank_count && err == OK; i++) {
        err = arena_copy(&x->request->arena, x->blanks[i].name, &x->blanks[i].name);
    }
    if (err != OK) {
        exchange_failed(x, err);
    }
    return err == OK;
}
