/* asked.c: see asked.h. The third item has one form and stands at the end, so it is found from there. Pure. */
#include "core/message/asked.h"

#include "core/message/codec.h"
#include "core/message/field.h"

#define ARRAY_OF_2 0x92
#define ARRAY_OF_3 0x93
#define BIN_8 0xC4
#define HASH_LEN 32
#define ITEM_LEN (1 + 2 * (2 + HASH_LEN))

bool asked_has_key(const struct idempotency *idempotency)
{
    static const uint8_t no_scope[HASH_LEN];
    return idempotency != NULL && idempotency->present && memcmp(idempotency->scope, no_scope, HASH_LEN) != 0;
}

static void put_hash(struct buf *out, const uint8_t hash[HASH_LEN])
{
    buf_byte(out, BIN_8);
    buf_byte(out, HASH_LEN);
    buf_put(out, span_of(hash, HASH_LEN));
}

void asked_write(const struct idempotency *idempotency, struct buf *out)
{
    if (idempotency != NULL && idempotency->present) {
        buf_byte(out, ARRAY_OF_2);
        put_hash(out, idempotency->scope);
        put_hash(out, idempotency->body);
    }
}

static bool is_hash(const uint8_t *item)
{
    return item[0] == BIN_8 && item[1] == HASH_LEN;
}

bool asked_is_there(struct span bytes)
{
    if (bytes.len < ITEM_LEN + 2 || bytes.data[0] != ARRAY_OF_3) {
        return false;
    }
    const uint8_t *item = bytes.data + bytes.len - ITEM_LEN;
    return item[0] == ARRAY_OF_2 && is_hash(item + 1) && is_hash(item + 1 + 2 + HASH_LEN);
}

enum err event_asked(struct span bytes, struct idempotency *ret_idempotency)
{
    if (!asked_is_there(bytes)) {
        return ERR_NOT_FOUND;
    }
    const uint8_t *scope = bytes.data + bytes.len - ITEM_LEN + 1 + 2;
    struct idempotency idempotency = {.present = true};
    memcpy(idempotency.scope, scope, HASH_LEN);
    memcpy(idempotency.body, scope + HASH_LEN + 2, HASH_LEN);
    *ret_idempotency = idempotency;
    return OK;
}

enum err event_encode(const struct event *event, struct buf *out)
{
    return event_encode_asked(event, NULL, out);
}

enum err text_check(struct span text)
{
    if (text.len > 0 && memchr(text.data, 0, text.len) != NULL) {
        return ERR_NUL;
    }
    return span_is_utf8(text) ? OK : ERR_NOT_UTF8;
}

bool record_has_nul(const struct record_desc *desc, const void *fields)
{
    for (size_t i = 0; i < desc->field_count; i++) {
        const struct field_desc *field = &desc->fields[i];
        if (field->kind == KIND_word || field->kind == KIND_text) {
            const struct span *text = field_at(field, fields);
            if (text->len > 0 && memchr(text->data, 0, text->len) != NULL) {
                return true;
            }
        } else if (field->kind == KIND_list) {
            uint32_t count = 0;
            const char *items = field_items(field, fields, &count);
            const struct record_desc *item = field->item();
            for (uint32_t k = 0; k < count; k++) {
                if (record_has_nul(item, items + k * item->size)) {
                    return true;
                }
            }
        }
    }
    return false;
}
