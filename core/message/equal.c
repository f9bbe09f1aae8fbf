/* equal.c: are two records the same to a reader? Field by field, so that padding and where a text lies do not matter.
 */
#include "core/base/assert.h"
#include "core/message/codec.h"
#include "core/message/field.h"

static bool spans_equal(const struct span *a, const struct span *b)
{
    return (a->data == NULL) == (b->data == NULL) && span_equal(*a, *b);
}

static bool lists_equal(const struct field_desc *field, const void *a, const void *b)
{
    uint32_t count_a = 0;
    uint32_t count_b = 0;
    const char *items_a = field_items(field, a, &count_a);
    const char *items_b = field_items(field, b, &count_b);
    const struct record_desc *desc = field->item();
    if (count_a != count_b) {
        return false;
    }
    for (uint32_t i = 0; i < count_a; i++) {
        if (!record_equal(desc, items_a + i * desc->size, items_b + i * desc->size)) {
            return false;
        }
    }
    return true;
}

static bool values_equal(const struct field_desc *field, const void *a, const void *b)
{
    const void *value_a = field_at(field, a);
    const void *value_b = field_at(field, b);
    switch (field->kind) {
    case KIND_id:
        return id_equal(value_a, value_b);
    case KIND_time:
        return *(const int64_t *)value_a == *(const int64_t *)value_b;
    case KIND_count:
    case KIND_index:
        return *(const uint64_t *)value_a == *(const uint64_t *)value_b;
    case KIND_flag:
        return *(const bool *)value_a == *(const bool *)value_b;
    case KIND_word:
    case KIND_text:
    case KIND_blob:
        return spans_equal(value_a, value_b);
    case KIND_secret:
        return span_equal_secret(*(const struct span *)value_a, *(const struct span *)value_b);
    case KIND_hash:
        return memcmp(value_a, value_b, sizeof(struct hash)) == 0;
    case CHOICE_KINDS:
        return *(const uint32_t *)value_a == *(const uint32_t *)value_b;
    case KIND_list:
        return lists_equal(field, a, b);
    case KIND_COUNT:
        break;
    }
    ASSERT(false);
    return false;
}

bool record_equal(const struct record_desc *desc, const void *a, const void *b)
{
    for (size_t i = 0; i < desc->field_count; i++) {
        if (!values_equal(&desc->fields[i], a, b)) {
            return false;
        }
    }
    return true;
}
