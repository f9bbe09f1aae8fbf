/* openapi_event.c: what events hold, as JSON Schema: printed from event.def and record.def, under the names and in the
 * forms that record_json gives them. Called by openapi_schema.c. */
#include "core/base/assert.h"
#include "core/message/codec.h"
#include "core/message/field.h"
#include "gateway/openapi.h"

#define CODES_MAX 1000 /* codes are looked for below this */

/* What a field that is no list is among the kinds of schema.def. */
static struct value_type type_of(const struct field_desc *field)
{
    switch (field->kind) {
    case KIND_id:
        return (struct value_type){.kind = VALUE_id, .id = ID_NONE};
    case KIND_time:
        return (struct value_type){.kind = VALUE_time};
    case KIND_count:
    case KIND_index:
        return (struct value_type){.kind = VALUE_count};
    case KIND_flag:
        return (struct value_type){.kind = VALUE_flag};
    case KIND_hash:
        return (struct value_type){.kind = VALUE_hash};
    case KIND_word:
    case KIND_text:
    case KIND_blob:
    case KIND_secret:
        return (struct value_type){.kind = VALUE_text};
    case CHOICE_KINDS:
        return (struct value_type){.kind = VALUE_word, .words = kind_choices(field->kind)};
    case KIND_list:
    case KIND_COUNT:
        break;
    }
    ASSERT(false);
    return (struct value_type){.kind = VALUE_text};
}

static void put_object(struct buf *out, const struct record_desc *desc);

/* A list of records, as put_list of json.c writes it; no record contains itself. */
static void put_field(struct buf *out, const struct field_desc *field)
{
    if (field->kind != KIND_list) {
        const struct value_type type = type_of(field);
        const bool number = type.kind == VALUE_count || type.kind == VALUE_flag;
        openapi_type(out, &type, 0, false, !field->required && !number, field->doc);
        return;
    }
    const struct record_desc *item = field->item();
    if (item == label_desc() || item == placeholder_ref_desc() || item == pair_desc()) {
        const struct value_type type = {.kind = item == pair_desc() ? VALUE_pairs : VALUE_names};
        openapi_type(out, &type, field->max, false, false, field->doc);
        return;
    }
    buf_text(out, "{\"type\":\"array\",\"description\":");
    json_string(out, span_text(field->doc));
    buf_text(out, ",\"maxItems\":");
    buf_u64(out, field->max);
    buf_text(out, ",\"items\":");
    put_object(out, item);
    buf_byte(out, '}');
}

static void put_object(struct buf *out, const struct record_desc *desc)
{
    buf_text(out, "{\"type\":\"object\",\"description\":");
    json_string(out, span_text(desc->doc));
    for (size_t i = 0; i < desc->field_count; i++) {
        buf_text(out, i == 0 ? ",\"required\":[\"" : ",\"");
        field_put_name(&desc->fields[i], out);
        buf_byte(out, '"');
    }
    buf_text(out, desc->field_count == 0 ? ",\"properties\":{" : "],\"properties\":{");
    for (size_t i = 0; i < desc->field_count; i++) {
        buf_text(out, i == 0 ? "\"" : ",\"");
        field_put_name(&desc->fields[i], out);
        buf_text(out, "\":");
        put_field(out, &desc->fields[i]);
    }
    buf_text(out, "}}");
}

void openapi_events(struct buf *out)
{
    for (uint32_t code = 0; code < CODES_MAX; code++) {
        const struct record_desc *desc = event_desc(code);
        if (desc != NULL) {
            buf_text(out, ",\"event_");
            buf_text(out, desc->name);
            buf_text(out, "\":");
            put_object(out, desc);
        }
    }
}

void openapi_any_event(struct buf *out)
{
    bool first = true;
    buf_text(out, "\"anyOf\":[");
    for (uint32_t code = 0; code < CODES_MAX; code++) {
        if (event_desc(code) != NULL) {
            buf_text(out, first ? "" : ",");
            buf_text(out, "{\"$ref\":\"#/components/schemas/event_");
            buf_text(out, event_desc(code)->name);
            buf_text(out, "\"}");
            first = false;
        }
    }
    buf_byte(out, ']');
}
