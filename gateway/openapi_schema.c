/* openapi_schema.c: schema.def as JSON Schema 2020-12, the dialect of OpenAPI 3.1. Called by openapi.c. Lengths count
 * bytes with us and characters there, so what fits us always fits there. */
#include "core/message/codec.h"
#include "gateway/openapi.h"

static void put_member(struct buf *out, const char *name, uint64_t value)
{
    buf_text(out, ",\"");
    buf_text(out, name);
    buf_text(out, "\":");
    buf_u64(out, value);
}

static void put_json_type(struct buf *out, const char *name, bool nullable)
{
    buf_text(out, nullable ? "\"type\":[\"" : "\"type\":\"");
    buf_text(out, name);
    buf_text(out, nullable ? "\",\"null\"]" : "\"");
}

static void put_text(struct buf *out, const struct value_type *type, size_t max, bool nullable)
{
    put_json_type(out, "string", nullable);
    if (type->kind == VALUE_name) {
        put_member(out, "minLength", 1);
    }
    if (max != 0) {
        put_member(out, "maxLength", max);
    }
}

/* A TypeID: 26 characters of Crockford's base32 in lower case, the first of which holds three bits. */
static void put_id(struct buf *out, enum id_kind kind, bool nullable)
{
    put_json_type(out, "string", nullable);
    buf_text(out, ",\"pattern\":\"^");
    buf_text(out, kind == ID_NONE ? "[a-z]+" : id_prefix(kind));
    buf_text(out, "_[0-7][0-9a-hjkmnp-tv-z]{25}$\"");
}

static void put_words(struct buf *out, const struct choice_table *words, bool nullable)
{
    put_json_type(out, "string", nullable);
    buf_text(out, ",\"enum\":[");
    for (uint32_t value = 1; value < words->count; value++) {
        buf_text(out, value == 1 ? "" : ",");
        json_string(out, span_text(words->words[value]));
    }
    buf_text(out, nullable ? ",null]" : "]");
}

static void put_codes(struct buf *out)
{
    bool first = true;
    buf_text(out, "\"enum\":[");
    for (enum refusal refusal = (enum refusal)1; refusal < REFUSAL_COUNT; refusal++) {
        if (refusal_desc(refusal)->status != 0) {
            buf_text(out, first ? "" : ",");
            json_string(out, span_text(refusal_desc(refusal)->code));
            first = false;
        }
    }
    buf_byte(out, ']');
}

static void put_reference(struct buf *out, enum schema_name name)
{
    buf_text(out, "{\"$ref\":\"#/components/schemas/");
    buf_text(out, schema_at(name)->name);
    buf_text(out, "\"}");
}

static void put_object(struct buf *out, enum schema_name name, bool nullable)
{
    buf_text(out, nullable ? "\"anyOf\":[" : "\"allOf\":[");
    put_reference(out, name);
    buf_text(out, nullable ? ",{\"type\":\"null\"}]" : "]");
}

static void put_list(struct buf *out, const struct value_type *type, size_t max, bool nullable)
{
    put_json_type(out, "array", nullable);
    buf_text(out, ",\"items\":");
    if (type->kind == VALUE_list) {
        put_reference(out, type->schema);
    } else if (type->kind == VALUE_names) {
        buf_text(out, "{\"type\":\"string\",\"minLength\":1,\"maxLength\":256}");
    } else if (type->kind == VALUE_words) {
        buf_byte(out, '{');
        put_words(out, type->words, false);
        buf_byte(out, '}');
    } else {
        buf_text(out, "{\"type\":\"object\"}");
    }
    if (max != 0) {
        put_member(out, "maxItems", max);
    }
}

/* In a patch null removes an entry. */
static void put_pairs(struct buf *out, size_t max, size_t text_max, bool taken, bool nullable)
{
    put_json_type(out, "object", nullable);
    put_member(out, "maxProperties", max);
    buf_text(out, ",\"propertyNames\":{\"minLength\":1,\"maxLength\":256},\"additionalProperties\":{");
    put_json_type(out, "string", taken);
    put_member(out, "maxLength", text_max);
    buf_byte(out, '}');
}

static void put_value(struct buf *out, const struct value_type *type, size_t max, bool taken, bool nullable)
{
    switch (type->kind) {
    case VALUE_text:
    case VALUE_name:
        put_text(out, type, max, nullable);
        break;
    case VALUE_time:
    case VALUE_date:
        put_json_type(out, "string", nullable);
        buf_text(out, type->kind == VALUE_time ? ",\"format\":\"date-time\"" : ",\"format\":\"date\"");
        break;
    case VALUE_hash:
        put_json_type(out, "string", nullable);
        buf_text(out, ",\"pattern\":\"^[0-9a-f]{64}$\"");
        break;
    case VALUE_id:
        put_id(out, type->id, nullable);
        break;
    case VALUE_word:
        put_words(out, type->words, nullable);
        break;
    case VALUE_code:
        put_codes(out);
        break;
    case VALUE_count:
        put_json_type(out, "integer", nullable);
        put_member(out, "minimum", 0);
        break;
    case VALUE_number:
        put_json_type(out, "integer", nullable);
        put_member(out, "minimum", type->min);
        if (max != 0) {
            put_member(out, "maximum", max);
        }
        break;
    case VALUE_range:
        put_json_type(out, "integer", nullable);
        put_member(out, "minimum", 1);
        put_member(out, "maximum", LIMIT_MAX);
        break;
    case VALUE_flag:
        put_json_type(out, "boolean", nullable);
        break;
    case VALUE_object:
        put_object(out, type->schema, nullable);
        break;
    case VALUE_list:
    case VALUE_names:
    case VALUE_words:
    case VALUE_jsons:
        put_list(out, type, max, nullable);
        break;
    case VALUE_pairs:
        put_pairs(out, max, NAME_MAX_LEN, taken, nullable);
        break;
    case VALUE_texts:
        put_pairs(out, max, TEXTS_MAX_LEN, taken, nullable);
        break;
    case VALUE_json:
        put_json_type(out, "object", nullable);
        break;
    case VALUE_data:
        openapi_any_event(out);
        break;
    }
}

void openapi_type(struct buf *out, const struct value_type *type, size_t max, bool taken, bool nullable,
                  const char *doc)
{
    buf_byte(out, '{');
    put_value(out, type, max, taken, nullable);
    if (doc != NULL) {
        buf_text(out, ",\"description\":");
        json_string(out, span_text(doc));
    }
    buf_byte(out, '}');
}

/* What is given is complete but for what is there only at times; of what is taken only some must be there. */
static bool is_required(const struct schema *schema, const struct schema_member *member)
{
    return member->presence == PRESENCE_MUST || (!schema->taken && member->presence == PRESENCE_MAY);
}

static void put_required(struct buf *out, const struct schema *schema)
{
    bool first = true;
    for (const struct schema_member *member = schema->members; member->name != NULL; member++) {
        if (is_required(schema, member)) {
            buf_text(out, first ? ",\"required\":[" : ",");
            json_string(out, span_text(member->name));
            first = false;
        }
    }
    buf_text(out, first ? "" : "]");
}

static void put_schema(struct buf *out, const struct schema *schema)
{
    json_string(out, span_text(schema->name));
    buf_text(out, ":{\"type\":\"object\",\"description\":");
    json_string(out, span_text(schema->doc));
    put_required(out, schema);
    buf_text(out, ",\"properties\":{");
    for (const struct schema_member *member = schema->members; member->name != NULL; member++) {
        buf_text(out, member == schema->members ? "" : ",");
        json_string(out, span_text(member->name));
        buf_byte(out, ':');
        openapi_type(out, &member->type, member->max, schema->taken, member->presence == PRESENCE_MAY, member->doc);
    }
    buf_text(out, schema->taken ? "},\"additionalProperties\":false}" : "}}");
}

void openapi_schemas(struct buf *out)
{
    bool first = true;
    for (size_t i = 0; i < SCHEMA_COUNT; i++) {
        const struct schema *schema = schema_at((enum schema_name)i);
        if (schema != NULL) {
            buf_text(out, first ? "" : ",");
            put_schema(out, schema);
            first = false;
        }
    }
    openapi_events(out);
}
