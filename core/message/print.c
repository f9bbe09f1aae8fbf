/* print.c: a record as one line for people: in logs of tests, traces and terminals. Not meant to be read back. What
 * came from outside cannot break the line, move the cursor or turn the text around; secrets are not shown. */
#include "core/base/assert.h"
#include "core/calendar/instant.h"
#include "core/message/codec.h"
#include "core/message/field.h"

#define SHOWN_MAX 60 /* bytes of a text */
#define HASH_SHOWN 8 /* bytes of a hash */

struct range {
    uint32_t first;
    uint32_t last;
};

/* C0 and C1 controls, DEL, separators of lines, directions of writing (Unicode, Bidi_Control), and the byte order mark.
 */
static bool is_unprintable(uint32_t character)
{
    static const struct range ranges[] = {
        {0,      0x1F  },
        {0x7F,   0x9F  },
        {0x61C,  0x61C },
        {0x200E, 0x200F},
        {0x2028, 0x202E},
        {0x2066, 0x2069},
        {0xFEFF, 0xFEFF}
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        if (character >= ranges[i].first && character <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

/* The character at p, which begins well-formed UTF-8. */
static uint32_t character_at(const uint8_t *p, size_t *ret_len)
{
    const size_t len = p[0] < 0x80 ? 1 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    uint32_t character = len == 1 ? p[0] : p[0] & (0x7FU >> len);
    for (size_t i = 1; i < len; i++) {
        character = character << 6 | (p[i] & 0x3FU);
    }
    *ret_len = len;
    return character;
}

bool print_is_order(struct span rest, uint32_t *ret_character, size_t *ret_len)
{
    *ret_character = character_at(rest.data, ret_len);
    return is_unprintable(*ret_character);
}

static void put_escape(struct buf *out, uint32_t character)
{
    const uint8_t bytes[2] = {(uint8_t)(character >> 8), (uint8_t)character};
    buf_text(out, "\\u");
    buf_hex(out, span_of(bytes, sizeof bytes));
}

static void put_text(struct buf *out, struct span text)
{
    const struct span shown = span_cut(text, SHOWN_MAX);
    if (!span_is_utf8(shown)) {
        buf_text(out, "(not UTF-8)");
        return;
    }
    buf_byte(out, '"');
    for (size_t i = 0; i < shown.len;) {
        size_t len = 0;
        const uint32_t character = character_at(shown.data + i, &len);
        if (is_unprintable(character)) {
            put_escape(out, character);
        } else {
            if (character == '"' || character == '\\') {
                buf_byte(out, '\\');
            }
            buf_put(out, span_of(shown.data + i, len));
        }
        i += len;
    }
    buf_text(out, shown.len < text.len ? "…\"" : "\"");
}

static void put_choice(struct buf *out, enum kind kind, uint32_t value)
{
    const char *word = choice_word(kind_choices(kind), value);
    if (word[0] == 0) {
        buf_u64(out, value);
    } else {
        buf_text(out, word);
    }
}

static void put_list(struct buf *out, const struct field_desc *field, const void *fields)
{
    uint32_t count = 0;
    const char *items = field_items(field, fields, &count);
    const struct record_desc *desc = field->item();
    buf_byte(out, '[');
    for (uint32_t i = 0; i < count; i++) {
        buf_text(out, i > 0 ? ", {" : "{");
        record_print(desc, items + i * desc->size, out);
        buf_byte(out, '}');
    }
    buf_byte(out, ']');
}

static void put_value(struct buf *out, const struct field_desc *field, const void *fields)
{
    const void *value = field_at(field, fields);
    switch (field->kind) {
    case KIND_id:
        id_write(out, value);
        return;
    case KIND_time:
        instant_write(out, *(const int64_t *)value);
        return;
    case KIND_count:
        buf_u64(out, *(const uint64_t *)value);
        return;
    case KIND_index:
        buf_u64(out, *(const uint64_t *)value + 1);
        return;
    case KIND_flag:
        buf_text(out, *(const bool *)value ? "true" : "false");
        return;
    case KIND_word:
    case KIND_text:
        put_text(out, *(const struct span *)value);
        return;
    case KIND_blob:
        buf_byte(out, '(');
        buf_u64(out, ((const struct span *)value)->len);
        buf_text(out, " bytes)");
        return;
    case KIND_secret:
        buf_text(out, "(secret)");
        return;
    case KIND_hash:
        buf_hex(out, span_of(value, HASH_SHOWN));
        buf_text(out, "…");
        return;
    case CHOICE_KINDS:
        put_choice(out, field->kind, *(const uint32_t *)value);
        return;
    case KIND_list:
        put_list(out, field, fields);
        return;
    case KIND_COUNT:
        break;
    }
    ASSERT(false);
}

void record_print(const struct record_desc *desc, const void *fields, struct buf *out)
{
    bool is_first = true;
    for (size_t i = 0; i < desc->field_count; i++) {
        const struct field_desc *field = &desc->fields[i];
        if (field_is_absent(field, fields) && (!field->required || field->kind == KIND_id)) {
            continue;
        }
        if (!is_first) {
            buf_byte(out, ' ');
        }
        is_first = false;
        field_put_name(field, out);
        buf_byte(out, '=');
        put_value(out, field, fields);
    }
}
