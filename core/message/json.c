/* json.c: records as JSON objects (RFC 8259), by descriptor, for answers of the gateway, the log as people read it and
 * webhooks. Writes only; json_read.h reads. Must never write a field of kind secret.
 *
 * Every declared field is a member, in the order of declaration, under the name that the HTTP API has for it
 * (field_put_name). Counts are written in full: those above 2^53 lose
 * digits in a reader that takes numbers for doubles. */
#include "core/base/assert.h"
#include "core/base/base64.h"
#include "core/calendar/instant.h"
#include "core/message/codec.h"
#include "core/message/field.h"

#define SEQUENCE_MAX 4 /* bytes of a character */
#define BLOCK_LEN 16   /* bytes that are looked at together, which the compiler does at once */

/* Of a byte that may not stand in a string as it is (RFC 8259 section 7). */
static void put_escaped(struct buf *out, uint8_t byte)
{
    static const char shorts[0x20] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    buf_byte(out, '\\');
    if (byte >= 0x20) {
        buf_byte(out, byte); /* a quote or a backslash */
    } else if (shorts[byte] != 0) {
        buf_byte(out, (uint8_t)shorts[byte]);
    } else {
        buf_text(out, "u00");
        buf_hex(out, span_of(&byte, 1));
    }
}

static bool stands_as_it_is(uint8_t byte)
{
    return byte >= 0x20 && byte != '"' && byte != '\\';
}

static bool all_stand(const uint8_t bytes[BLOCK_LEN])
{
    unsigned others = 0;
    for (size_t i = 0; i < BLOCK_LEN; i++) {
        others |= (unsigned)!stands_as_it_is(bytes[i]);
    }
    return others == 0;
}

static void put_well_formed(struct buf *out, struct span text)
{
    size_t from = 0; /* where the run begins that stands as it is */
    size_t i = 0;
    while (i < text.len) {
        const size_t len = text.len - i < BLOCK_LEN ? text.len - i : BLOCK_LEN;
        const size_t end = i + len;
        if (len == BLOCK_LEN && all_stand(text.data + i)) {
            i = end;
        }
        for (; i < end; i++) {
            if (!stands_as_it_is(text.data[i])) {
                buf_put(out, span_of(text.data + from, i - from));
                put_escaped(out, text.data[i]);
                from = i + 1;
            }
        }
    }
    if (from < text.len) {
        buf_put(out, span_of(text.data + from, text.len - from));
    }
}

/* The length of the character at the start of text, 0 when it is not one. */
static size_t character_len(struct span text)
{
    for (size_t len = 1; len <= SEQUENCE_MAX && len <= text.len; len++) {
        if (span_is_utf8(span_of(text.data, len))) {
            return len;
        }
    }
    return 0;
}

void json_string(struct buf *out, struct span text)
{
    buf_byte(out, '"');
    if (span_is_utf8(text)) {
        put_well_formed(out, text);
    } else {
        for (size_t i = 0; i < text.len;) {
            const struct span rest = span_of(text.data + i, text.len - i);
            const size_t len = character_len(rest);
            put_well_formed(out, len > 0 ? span_of(rest.data, len) : SPAN("\xEF\xBF\xBD")); /* U+FFFD */
            i += len > 0 ? len : 1;
        }
    }
    buf_byte(out, '"');
}

void json_string_or_null(struct buf *out, struct span text)
{
    if (text.data == NULL) {
        buf_text(out, "null");
    } else {
        json_string(out, text);
    }
}

void json_id(struct buf *out, const struct id *id)
{
    if (id_is_none(id)) {
        buf_text(out, "null");
        return;
    }
    buf_byte(out, '"');
    id_write(out, id);
    buf_byte(out, '"');
}

void json_time(struct buf *out, int64_t time_ms)
{
    if (time_ms == 0) {
        buf_text(out, "null");
        return;
    }
    buf_byte(out, '"');
    instant_write(out, time_ms);
    buf_byte(out, '"');
}

static void put_text(struct buf *out, const struct span *text)
{
    if (text->data == NULL) {
        buf_text(out, "null");
    } else {
        json_string(out, *text);
    }
}

static void put_blob(struct buf *out, const struct span *bytes)
{
    if (bytes->data == NULL) {
        buf_text(out, "null");
        return;
    }
    buf_byte(out, '"');
    base64_write(out, *bytes);
    buf_byte(out, '"');
}

static void put_hash(struct buf *out, const struct field_desc *field, const void *fields)
{
    if (!field->required && field_is_absent(field, fields)) {
        buf_text(out, "null");
        return;
    }
    buf_byte(out, '"');
    buf_hex(out, span_of(field_at(field, fields), sizeof(struct hash)));
    buf_byte(out, '"');
}

static void put_choice(struct buf *out, enum kind kind, uint32_t value)
{
    const char *word = choice_word(kind_choices(kind), value);
    if (word[0] == 0) {
        buf_text(out, "null");
    } else {
        json_string(out, span_text(word));
    }
}

static enum err put_record(const struct record_desc *desc, const void *fields, struct buf *out);

/* Labels and blanks are their names, metadata an object of texts by name: as people write them. */
static enum err put_item(struct buf *out, const struct record_desc *desc, const void *fields)
{
    if (desc == label_desc()) {
        put_text(out, &((const struct label *)fields)->name);
        return OK;
    }
    if (desc == placeholder_ref_desc()) {
        put_text(out, &((const struct placeholder_ref *)fields)->name);
        return OK;
    }
    if (desc == pair_desc()) {
        const struct pair *pair = fields;
        json_string(out, pair->key);
        buf_byte(out, ':');
        put_text(out, &pair->value);
        return OK;
    }
    return put_record(desc, fields, out);
}

static enum err put_list(struct buf *out, const struct field_desc *field, const void *fields)
{
    uint32_t count = 0;
    const char *items = field_items(field, fields, &count);
    const struct record_desc *desc = field->item();
    const bool object = desc == pair_desc();
    buf_byte(out, object ? '{' : '[');
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0) {
            buf_byte(out, ',');
        }
        TRY(put_item(out, desc, items + i * desc->size));
    }
    buf_byte(out, object ? '}' : ']');
    return OK;
}

static enum err put_value(struct buf *out, const struct field_desc *field, const void *fields)
{
    const void *value = field_at(field, fields);
    switch (field->kind) {
    case KIND_id:
        json_id(out, value);
        return OK;
    case KIND_time:
        json_time(out, *(const int64_t *)value);
        return OK;
    case KIND_count:
        buf_u64(out, *(const uint64_t *)value);
        return OK;
    case KIND_index:
        buf_u64(out, *(const uint64_t *)value + 1);
        return OK;
    case KIND_flag:
        buf_text(out, *(const bool *)value ? "true" : "false");
        return OK;
    case KIND_word:
    case KIND_text:
        put_text(out, value);
        return OK;
    case KIND_blob:
        put_blob(out, value);
        return OK;
    case KIND_hash:
        put_hash(out, field, fields);
        return OK;
    case CHOICE_KINDS:
        put_choice(out, field->kind, *(const uint32_t *)value);
        return OK;
    case KIND_list:
        return put_list(out, field, fields);
    case KIND_secret:
        return ERR_SECRET;
    case KIND_COUNT:
        break;
    }
    ASSERT(false);
    return ERR_KIND;
}

static enum err put_record(const struct record_desc *desc, const void *fields, struct buf *out)
{
    buf_byte(out, '{');
    for (size_t i = 0; i < desc->field_count; i++) {
        if (i > 0) {
            buf_byte(out, ',');
        }
        buf_byte(out, '"');
        field_put_name(&desc->fields[i], out);
        buf_text(out, "\":");
        TRY(put_value(out, &desc->fields[i], fields));
    }
    buf_byte(out, '}');
    return OK;
}

enum err record_json(const struct record_desc *desc, const void *fields, struct buf *out)
{
    const size_t before = out->len;
    enum err err = put_record(desc, fields, out);
    if (err == OK && !buf_ok(out)) {
        err = ERR_NO_SPACE;
    }
    if (err != OK) {
        out->len = before;
    }
    return err;
}
