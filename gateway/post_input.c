/* post_input.c: see post_input.h. */
#include "gateway/post_input.h"

static void no_memory(struct input *input)
{
    input_wrong(input, REFUSED_payload_too_large, "", "The request is larger than it may be.");
}

static void read_parts(struct exchange *x, const struct json_node *list, struct post_content_row *content)
{
    content->parts_count = 0;
    if (list == NULL) {
        return;
    }
    content->parts = arena_alloc(&x->request->arena, sizeof *content->parts * (list->count + 1));
    if (content->parts == NULL) {
        no_memory(&x->input);
        return;
    }
    for (const struct json_node *part = list->first; part != NULL; part = part->next) {
        content->parts[content->parts_count].text = json_node_text(part, "text");
        content->parts_count++;
    }
}

/* Merges {"text" | "parts", "link", "first_comment"} into content: what is not named stays, null clears. */
static void read_content(struct exchange *x, const struct json_node *object, struct post_content_row *content)
{
    const struct json_node *media = input_some(object, "media");
    if (media != NULL && media->count > 0) {
        input_wrong(&x->input, REFUSED_not_yet_available, "/content/media", "This installation has no media store.");
    }
    const struct json_node *text = json_node_member(object, "text");
    const struct json_node *parts = input_some(object, "parts");
    if (json_node_is(text, NODE_TEXT) && parts != NULL) {
        input_wrong(&x->input, REFUSED_field_invalid, "/content/parts", "Give either text or parts.");
        return;
    }
    if (json_node_member(object, "parts") != NULL) {
        read_parts(x, parts, content);
    }
    if (text != NULL && parts == NULL) {
        content->parts = arena_alloc(&x->request->arena, sizeof *content->parts);
        if (content->parts == NULL) {
            no_memory(&x->input);
            return;
        }
        content->parts_count = text->kind == NODE_TEXT ? 1 : 0;
        content->parts[0].text = text->text;
    }
    if (json_node_member(object, "link") != NULL) {
        content->link = json_node_text(object, "link");
    }
    if (json_node_member(object, "first_comment") != NULL) {
        content->first_comment = json_node_text(object, "first_comment");
    }
}

/* The target that the post has for this integration already keeps its id. */
static struct id target_id_for(const struct id *post_id, const struct post_content_row *before,
                               const struct id *integration_id)
{
    for (uint32_t i = 0; before != NULL && i < before->targets_count; i++) {
        if (id_equal(&before->targets[i].integration_id, integration_id)) {
            return before->targets[i].target_id;
        }
    }
    return id_derive(ID_TARGET, post_id, integration_id);
}

static void read_target(struct exchange *x, const struct id *post_id, const struct json_node *object, const char *at,
                        const struct post_content_row *before, struct target_spec *target)
{
    char pointer[INPUT_PARAM_MAX];
    input_pointer(pointer, at, "integration_id");
    struct integration_row integration;
    if (id_parse(json_node_text(object, "integration_id"), ID_INTEGRATION, &target->integration_id) != OK ||
        pass_integration(x->pass, &target->integration_id, &integration) != OK) {
        input_wrong(&x->input, REFUSED_reference_not_found, pointer, "There is no such integration in this workspace.");
        return;
    }
    target->channel = integration.channel;
    target->target_id = target_id_for(post_id, before, &target->integration_id);
    target->at_ms = input_time(object, "at");
    target->variant = input_json(&x->input, object, at, "variant", &x->request->arena);
    target->settings = input_json(&x->input, object, at, "platform_settings", &x->request->arena);
}

static void read_targets(struct exchange *x, const struct id *post_id, const struct post_content_row *before,
                         struct post_content_row *content)
{
    const struct json_node *list = input_some(x->body, "targets");
    content->targets_count = 0;
    if (list == NULL) {
        return;
    }
    content->targets = arena_alloc(&x->request->arena, sizeof *content->targets * (list->count + 1));
    if (content->targets == NULL) {
        no_memory(&x->input);
        return;
    }
    for (const struct json_node *item = list->first; item != NULL && x->input.refusal == ACCEPTED; item = item->next) {
        char at[INPUT_PARAM_MAX];
        input_pointer_index(at, "/targets", content->targets_count);
        read_target(x, post_id, item, at, before, &content->targets[content->targets_count]);
        content->targets_count++;
    }
}

static void read_labels(struct exchange *x, struct post_content_row *content)
{
    const struct json_node *list = input_some(x->body, "labels");
    content->labels_count = 0;
    if (list == NULL) {
        return;
    }
    content->labels = arena_alloc(&x->request->arena, sizeof *content->labels * (list->count + 1));
    if (content->labels == NULL) {
        no_memory(&x->input);
        return;
    }
    for (const struct json_node *item = list->first; item != NULL; item = item->next) {
        content->labels[content->labels_count].name = item->text;
        content->labels_count++;
    }
}

/* Sets, replaces or (null) removes one entry. */
static void merge_pair(struct exchange *x, const struct json_node *member, struct post_content_row *content)
{
    uint32_t at = 0;
    while (at < content->metadata_count && !span_equal(content->metadata[at].key, member->name)) {
        at++;
    }
    if (member->kind == NODE_NULL) {
        if (at < content->metadata_count) {
            memmove(&content->metadata[at], &content->metadata[at + 1],
                    sizeof *content->metadata * (content->metadata_count - at - 1));
            content->metadata_count--;
        }
        return;
    }
    if (at == METADATA_MAX) {
        input_wrong(&x->input, REFUSED_field_too_long, "/metadata", "At most 20 entries are allowed.");
        return;
    }
    content->metadata[at] = (struct pair){.key = member->name, .value = member->text};
    content->metadata_count = at == content->metadata_count ? at + 1 : content->metadata_count;
}

static void read_metadata(struct exchange *x, struct post_content_row *content)
{
    const struct json_node *object = input_some(x->body, "metadata");
    struct pair *before = content->metadata;
    const uint32_t before_count = object == NULL ? 0 : content->metadata_count;
    content->metadata = arena_alloc(&x->request->arena, sizeof *content->metadata * METADATA_MAX);
    content->metadata_count = 0;
    if (content->metadata == NULL) {
        no_memory(&x->input);
        return;
    }
    for (uint32_t i = 0; i < before_count; i++) {
        content->metadata[i] = before[i];
        content->metadata_count++;
    }
    for (const struct json_node *member = object == NULL ? NULL : object->first; member != NULL;
         member = member->next) {
        merge_pair(x, member, content);
    }
}

struct schedule_input post_input_schedule(struct exchange *x, const struct json_node *object, const char *at)
{
    const struct schedule_input schedule = {
        .given = object != NULL, .now = input_flag(object, "now"), .at_ms = input_time(object, "at")};
    const bool slot = input_flag(object, "next_slot");
    if (object == NULL) {
        return schedule;
    }
    if ((schedule.at_ms != 0) + schedule.now + slot != 1) {
        input_wrong(&x->input, REFUSED_schedule_ambiguous, at,
                    x->route->name == ROUTE_retry_post ? "Give exactly one of at and now."
                                                       : "Give exactly one of at, next_slot and now.");
    } else if (slot) {
        char pointer[INPUT_PARAM_MAX];
        input_pointer(pointer, at, "next_slot");
        input_wrong(&x->input, REFUSED_not_yet_available, pointer, "This installation has no queues yet.");
    }
    return schedule;
}

void post_input_create(struct exchange *x, const struct id *post_id, struct post_content_row *ret_content,
                       struct schedule_input *ret_schedule, struct span *ret_timezone, int64_t *ret_not_after_ms)
{
    *ret_content = (struct post_content_row){0};
    read_content(x, input_some(x->body, "content"), ret_content);
    read_targets(x, post_id, NULL, ret_content);
    const struct json_node *schedule = input_some(x->body, "schedule");
    *ret_schedule = post_input_schedule(x, schedule, "/schedule");
    if (input_flag(x->body, "draft") && schedule != NULL) {
        input_wrong(&x->input, REFUSED_schedule_ambiguous, "/draft", "A draft has no schedule yet.");
    }
    *ret_timezone = json_node_text(x->body, "timezone");
    *ret_not_after_ms = input_time(x->body, "not_after");
    read_labels(x, ret_content);
    read_metadata(x, ret_content);
}

void post_input_merge(struct exchange *x, const struct id *owner_id, const struct post_content_row *before,
                      struct post_content_row *content)
{
    const struct json_node *said = json_node_member(x->body, "content");
    if (json_node_is(said, NODE_NULL)) {
        content->parts_count = 0;
        content->link = (struct span){0};
        content->first_comment = (struct span){0};
    } else {
        read_content(x, said, content);
    }
    if (json_node_member(x->body, "targets") != NULL) {
        read_targets(x, owner_id, before, content);
    }
    if (json_node_member(x->body, "labels") != NULL) {
        read_labels(x, content);
    }
    if (json_node_member(x->body, "metadata") != NULL) {
        read_metadata(x, content);
    }
}

void post_input_edit(struct exchange *x, const struct post_view *post, struct post_content_row *ret_content,
                     struct span *ret_timezone, int64_t *ret_not_after_ms)
{
    *ret_content = post->content;
    *ret_timezone = post->row.timezone;
    *ret_not_after_ms = post->row.not_after_ms;
    post_input_merge(x, &x->id, &post->content, ret_content);
    if (json_node_member(x->body, "timezone") != NULL) {
        *ret_timezone = json_node_text(x->body, "timezone");
    }
    if (json_node_member(x->body, "not_after") != NULL) {
        *ret_not_after_ms = input_time(x->body, "not_after");
    }
}
