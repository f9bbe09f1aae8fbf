/* field.c: see field.h. Called for every field that is written anywhere. */
#include "core/message/field.h"

#include "core/base/assert.h"
#include "core/message/message.h"

static bool hash_is_absent(const struct hash *hash)
{
    static const struct hash none = {0};
    return memcmp(hash, &none, sizeof none) == 0;
}

bool field_is_absent(const struct field_desc *field, const void *fields)
{
    const void *value = field_at(field, fields);
    uint32_t count = 0;
    switch (field->kind) {
    case KIND_id:
        return id_is_none(value);
    case KIND_time:
        return *(const int64_t *)value == 0;
    case KIND_count:
    case KIND_index:
        return *(const uint64_t *)value == 0;
    case KIND_flag:
        return !*(const bool *)value;
    case KIND_word:
    case KIND_text:
    case KIND_blob:
    case KIND_secret:
        return ((const struct span *)value)->data == NULL;
    case KIND_hash:
        return hash_is_absent(value);
    case CHOICE_KINDS:
        return *(const uint32_t *)value == 0;
    case KIND_list:
        (void)field_items(field, fields, &count);
        return count == 0;
    case KIND_COUNT:
        break;
    }
    ASSERT(false);
    return true;
}

/* What the HTTP API calls otherwise than the declarations do. */
static const struct {
    const char *declared;
    const char *shown;
} names[] = {
    {"not_after_ms",  "not_after"         },
    {"deadline_ms",   "deadline"          },
    {"since_ms",      "since"             },
    {"next_ms",       "next_attempt_at"   },
    {"at_ms",         "at"                },
    {"publish_at_ms", "publish_at"        },
    {"payload_hash",  "payload_sha256"    },
    {"platform_id",   "platform_post_id"  },
    {"revision",      "platform_revision" },
    {"by_read",       "settled_by_reading"},
    {"settings",      "platform_settings" },
    {"comment",       "first_comment"     },
};

void field_put_name(const struct field_desc *field, struct buf *out)
{
    const struct span name = span_of(field->name, field->name_len);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (span_equal(name, span_text(names[i].declared))) {
            buf_text(out, names[i].shown);
            return;
        }
    }
    if (field->kind != KIND_time) {
        buf_put(out, name);
        return;
    }
    ASSERT(name.len > 3); /* each ends in _ms */
    buf_put(out, span_of(name.data, name.len - 3));
    buf_text(out, "_at");
}

static bool zero_is_a_value(enum kind kind)
{
    return kind == KIND_time || kind == KIND_count || kind == KIND_index || kind == KIND_flag || kind == KIND_hash;
}

void field_note_odd(const struct field_desc *field, const void *fields, struct given_odd *odd)
{
    const bool number = field->kind == KIND_count || field->kind == KIND_index || field->kind == KIND_time;
    const bool zero = number && !field->required && field_is_absent(field, fields);
    const bool late = field->kind == KIND_time && *(const int64_t *)field_at(field, fields) >= TIME_TOLD_MS;
    if (odd->field == NULL && (zero || late)) {
        odd->field = field;
        odd->late = late;
    }
}

bool field_is_written(const struct field_desc *field, const void *fields)
{
    return !field_is_absent(field, fields) || (field->required && zero_is_a_value(field->kind));
}

size_t field_find(const struct record_desc *desc, struct span name, size_t index)
{
    for (size_t i = 0; i < desc->field_count; i++) {
        const size_t at = index + i < desc->field_count ? index + i : index + i - desc->field_count;
        const struct field_desc *field = &desc->fields[at];
        if (name.len == field->name_len && memcmp(name.data, field->name, name.len) == 0) {
            return at;
        }
    }
    return desc->field_count;
}
