/* present_template.c: what posts and templates have in common, and templates, as JSON. See present.h. */
#include "core/message/codec.h"
#include "core/message/placeholder.h"
#include "projections/present.h"

void present_content(const struct content_part *parts, uint32_t part_count, struct span link, struct span first_comment,
                     struct buf *out)
{
    buf_text(out, ",\"content\":{\"text\":");
    if (part_count == 1) {
        json_string(out, parts[0].text);
    } else {
        buf_text(out, "null");
    }
    buf_text(out, ",\"parts\":[");
    for (uint32_t i = 0; i < part_count; i++) {
        buf_text(out, i == 0 ? "{\"text\":" : ",{\"text\":");
        json_string(out, parts[i].text);
        buf_text(out, "}");
    }
    buf_text(out, "],\"link\":");
    json_string_or_null(out, link);
    buf_text(out, ",\"first_comment\":");
    json_string_or_null(out, first_comment);
    buf_text(out, "}");
}

void present_marks(const struct label *labels, uint32_t label_count, const struct pair *metadata,
                   uint32_t metadata_count, struct buf *out)
{
    buf_text(out, ",\"labels\":[");
    for (uint32_t i = 0; i < label_count; i++) {
        buf_text(out, i == 0 ? "" : ",");
        json_string(out, labels[i].name);
    }
    buf_text(out, "],\"metadata\":{");
    for (uint32_t i = 0; i < metadata_count; i++) {
        buf_text(out, i == 0 ? "" : ",");
        json_string(out, metadata[i].key);
        buf_text(out, ":");
        json_string(out, metadata[i].value);
    }
    buf_text(out, "}");
}

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
    present_content(template->parts, template->parts_count, template->link, template->first_comment, out);
    put_targets(template, out);
    present_marks(template->labels, template->labels_count, template->metadata, template->metadata_count, out);
    buf_text(out, ",\"created_at\":");
    json_time(out, template->created_ms);
    buf_text(out, ",\"updated_at\":");
    json_time(out, template->updated_ms);
    buf_text(out, "}");
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}
