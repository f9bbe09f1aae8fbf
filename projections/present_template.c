/* present_template.c: templates, and the blanks of posts, as JSON. See present.h. */
#include "core/message/codec.h"
#include "core/message/placeholder.h"
#include "core/message/post_content.h"
#include "projections/present.h"

void present_blanks(const struct post_view *post, struct buf *out)
{
    struct placeholder_ref blanks[PLACEHOLDERS_MAX];
    const struct placeholder_texts texts = PLACEHOLDER_TEXTS(&post->content);
    const uint32_t count = placeholder_blanks(&texts, post->row.blanks, post->row.blanks_count, blanks);
    buf_text(out, ",\"blanks\":[");
    for (uint32_t i = 0; i < count; i++) {
        buf_text(out, i == 0 ? "" : ",");
        json_string(out, blanks[i].name);
    }
    buf_text(out, "]");
}

void present_default_queue(const struct id *integration_id, struct buf *out)
{
    buf_text(out, ",\"default_queue\":");
    if (id_is_none(integration_id)) {
        buf_text(out, "null");
    } else {
        const struct id queue_id = id_queue(integration_id);
        json_id(out, &queue_id);
    }
}

static void put_placeholders(const struct template_row *template, struct buf *out)
{
    buf_text(out, ",\"placeholders\":[");
    for (uint32_t i = 0; i < template->placeholders_count; i++) {
        const struct placeholder *placeholder = &template->placeholders[i];
        buf_text(out, i == 0 ? "{\"name\":" : ",{\"name\":");
        json_string(out, placeholder->name);
        buf_text(out, ",\"default\":");
        json_string_or_null(out, placeholder->preset);
        buf_text(out, placeholder->optional ? ",\"required\":false" : ",\"required\":true");
        buf_text(out, ",\"description\":");
        json_string_or_null(out, placeholder->description);
        buf_text(out, "}");
    }
    buf_text(out, "]");
}

static void put_object(struct buf *out, struct span json)
{
    if (json.data == NULL) {
        buf_text(out, "null");
    } else {
        buf_put(out, json); /* an object: checked when it was written */
    }
}

static void put_targets(const struct template_row *template, struct buf *out)
{
    buf_text(out, ",\"targets\":[");
    for (uint32_t i = 0; i < template->targets_count; i++) {
        const struct target_spec *target = &template->targets[i];
        buf_text(out, i == 0 ? "{\"integration_id\":" : ",{\"integration_id\":");
        json_id(out, &target->integration_id);
        buf_text(out, ",\"channel\":");
        json_string(out, span_text(choice_word(&channel_words, target->channel)));
        buf_text(out, ",\"variant\":");
        put_object(out, target->variant);
        buf_text(out, ",\"platform_settings\":");
        put_object(out, target->settings);
        buf_text(out, "}");
    }
    buf_text(out, "]");
}

enum err present_template(const struct template_row *template, struct buf *out)
{
    struct post_content_row content = {.parts_count = 0};
    POST_CONTENT_COPY(&content, template);
    buf_text(out, "{\"id\":");
    json_id(out, &template->template_id);
    buf_text(out, ",\"workspace_id\":");
    json_id(out, &template->workspace_id);
    buf_text(out, ",\"version\":");
    buf_u64(out, template->version);
    buf_text(out, ",\"author_id\":");
    json_id(out, &template->author_id);
    buf_text(out, ",\"name\":");
    json_string(out, template->name);
    put_placeholders(template, out);
    present_content(&content, out);
    put_targets(template, out);
    present_default_queue(&template->default_queue_of, out);
    present_names(&content, out);
    buf_text(out, ",\"created_at\":");
    json_time(out, template->created_ms);
    buf_text(out, ",\"updated_at\":");
    json_time(out, template->updated_ms);
    buf_text(out, "}");
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}
