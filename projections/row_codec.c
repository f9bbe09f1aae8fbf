/* row_codec.c: rows to bytes and back, by descriptor. Called by row_store.c for every row of the read models. Must
 * never read past the bytes it is given, whatever they are: a damaged page is an error, not a crash. */
#include "projections/row_codec.h"

#include "core/base/assert.h"

#define FIELDS_MAX 64    /* of one record: bits of the bitmap */
#define LEB128_MAX 10    /* bytes of a 64-bit number */
#define LISTS_DEEP_MAX 4 /* post, targets, parts: one to spare */

/* --- writing --- */

/* Where len bytes go; NULL when they do not fit. */
static uint8_t *take(struct buf *out, size_t len)
{
    if (out->cap - out->len < len) {
        out->overflow = true;
        return NULL;
    }
    uint8_t *at = out->data + out->len;
    out->len += len;
    return at;
}

static void put_bytes(struct buf *out, const void *data, size_t len)
{
    uint8_t *at = take(out, len);
    if (at != NULL && len > 0) {
        memcpy(at, data, len);
    }
}

static size_t leb128(uint8_t bytes[LEB128_MAX], uint64_t number)
{
    size_t len = 0;
    while (number >= 0x80) {
        bytes[len] = (uint8_t)(number | 0x80);
        len++;
        number >>= 7;
    }
    bytes[len] = (uint8_t)number;
    return len + 1;
}

static void put_number(struct buf *out, uint64_t number)
{
    if (out->cap - out->len >= LEB128_MAX) { /* nearly always */
        out->len += leb128(out->data + out->len, number);
        return;
    }
    uint8_t bytes[LEB128_MAX];
    const size_t len = leb128(bytes, number);
    put_bytes(out, bytes, len);
}

static const void *items_of(const struct field_desc *field, const void *row, uint32_t *ret_count)
{
    const void *items = NULL;
    memcpy(&items, (const char *)row + field->offset,
           sizeof items); /* pointers to structs all have one representation */
    memcpy(ret_count, (const char *)row + field->count_offset, sizeof *ret_count);
    return items;
}

static bool is_zero(const struct hash *hash)
{
    static const struct hash zero = {{0}};
    return memcmp(hash, &zero, sizeof zero) == 0;
}

static void put_record(const struct record_desc *desc, const void *row, struct buf *out);

static bool put_list(const struct field_desc *field, const void *row, struct buf *out)
{
    uint32_t count = 0;
    const char *items = items_of(field, row, &count);
    if (count == 0) {
        return false;
    }
    const struct record_desc *desc = field->item();
    put_number(out, count);
    for (uint32_t i = 0; i < count; i++) {
        put_record(desc, items + i * desc->size, out);
    }
    return true;
}

static bool put_some(uint64_t number, struct buf *out)
{
    if (number != 0) {
        put_number(out, number);
    }
    return number != 0;
}

static bool put_span(const struct span *span, struct buf *out)
{
    if (span->data != NULL) {
        put_number(out, span->len);
        put_bytes(out, span->data, span->len);
    }
    return span->data != NULL;
}

/* Writes a field's value; false, and nothing, when it is absent. */
static bool put_value(const struct field_desc *field, const void *row, struct buf *out)
{
    const void *value = (const char *)row + field->offset;
    switch (field->kind) {
    case KIND_id:
        if (((const struct id *)value)->kind == ID_NONE) {
            return false;
        }
        put_bytes(out, value, sizeof(struct id));
        return true;
    case KIND_time:
        return put_some((uint64_t) * (const int64_t *)value, out);
    case KIND_count:
    case KIND_index:
        return put_some(*(const uint64_t *)value, out);
    case KIND_flag:
        return *(const bool *)value;
    case KIND_word:
    case KIND_text:
    case KIND_blob:
        return put_span(value, out);
    case KIND_hash:
        if (is_zero(value)) {
            return false;
        }
        put_bytes(out, value, sizeof(struct hash));
        return true;
    case CHOICE_KINDS:
        return put_some(*(const uint32_t *)value, out);
    case KIND_list:
        return put_list(field, row, out);
    case KIND_secret: /* no row has one */
    case KIND_COUNT:
        break;
    }
    ASSERT(false);
    return false;
}

static void put_record(const struct record_desc *desc, const void *row, struct buf *out)
{
    ASSERT(desc->field_count <= FIELDS_MAX);
    const size_t bitmap_len = (desc->field_count + 7) / 8;
    const size_t bitmap_at = out->len;
    if (take(out, bitmap_len) == NULL) {
        return;
    }
    uint64_t present = 0;
    for (size_t i = 0; i < desc->field_count; i++) {
        present |= (uint64_t)put_value(&desc->fields[i], row, out) << i;
    }
    for (size_t i = 0; i < bitmap_len; i++) {
        out->data[bitmap_at + i] = (uint8_t)(present >> (8 * i));
    }
}

enum err row_encode(const struct record_desc *desc, const void *row, struct buf *out)
{
    put_record(desc, row, out);
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

/* --- reading --- */

struct reader {
    const uint8_t *at;
    const uint8_t *end;
    struct arena *arena;
    unsigned deep;
};

static enum err get_bytes(struct reader *reader, size_t len, const uint8_t **ret_bytes)
{
    if ((size_t)(reader->end - reader->at) < len) {
        return ERR_ALTERED;
    }
    *ret_bytes = reader->at;
    reader->at += len;
    return OK;
}

static enum err get_number(struct reader *reader, uint64_t *ret_number)
{
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 64 && reader->at < reader->end; shift += 7) {
        const uint8_t byte = *reader->at;
        reader->at++;
        number |= (uint64_t)(byte & 0x7F) << shift;
        if ((byte & 0x80) == 0) {
            *ret_number = number;
            return OK;
        }
    }
    return ERR_ALTERED;
}

static enum err get_span(struct reader *reader, struct span *ret_span)
{
    uint64_t len = 0;
    const uint8_t *bytes = NULL;
    TRY(get_number(reader, &len));
    TRY(get_bytes(reader, len, &bytes));
    *ret_span = len == 0 ? SPAN("") : span_of(bytes, len);
    return OK;
}

static enum err get_choice(struct reader *reader, enum kind kind, uint32_t *ret_value)
{
    uint64_t number = 0;
    TRY(get_number(reader, &number));
    if (number >= kind_choices(kind)->count) {
        return ERR_ALTERED;
    }
    *ret_value = (uint32_t)number;
    return OK;
}

static enum err get_time(struct reader *reader, int64_t *ret_time_ms)
{
    uint64_t number = 0;
    TRY(get_number(reader, &number));
    if (number > INT64_MAX) {
        return ERR_ALTERED;
    }
    *ret_time_ms = (int64_t)number;
    return OK;
}

static enum err get_record(const struct record_desc *desc, struct reader *reader, void *ret_row);

static enum err get_list(const struct field_desc *field, struct reader *reader, void *ret_row)
{
    const struct record_desc *desc = field->item();
    uint64_t count = 0;
    TRY(get_number(reader, &count));
    if (count > field->max || reader->deep == LISTS_DEEP_MAX) {
        return ERR_ALTERED;
    }
    char *items = arena_alloc(reader->arena, (size_t)count * desc->size);
    if (items == NULL) {
        return ERR_NO_MEMORY;
    }
    reader->deep++;
    for (uint32_t i = 0; i < count; i++) {
        TRY(get_record(desc, reader, items + i * desc->size));
    }
    reader->deep--;
    const uint32_t item_count = (uint32_t)count;
    memcpy((char *)ret_row + field->offset, &items, sizeof items);
    memcpy((char *)ret_row + field->count_offset, &item_count, sizeof item_count);
    return OK;
}

static enum err get_value(const struct field_desc *field, struct reader *reader, void *ret_row)
{
    void *value = (char *)ret_row + field->offset;
    const uint8_t *bytes = NULL;
    switch (field->kind) {
    case KIND_id:
        TRY(get_bytes(reader, sizeof(struct id), &bytes));
        memcpy(value, bytes, sizeof(struct id));
        return bytes[0] < ID_KIND_COUNT ? OK : ERR_ALTERED;
    case KIND_time:
        return get_time(reader, value);
    case KIND_count:
    case KIND_index:
        return get_number(reader, value);
    case KIND_flag:
        *(bool *)value = true;
        return OK;
    case KIND_word:
    case KIND_text:
    case KIND_blob:
        return get_span(reader, value);
    case KIND_hash:
        TRY(get_bytes(reader, sizeof(struct hash), &bytes));
        memcpy(value, bytes, sizeof(struct hash));
        return OK;
    case CHOICE_KINDS:
        return get_choice(reader, field->kind, value);
    case KIND_list:
        return get_list(field, reader, ret_row);
    case KIND_secret:
    case KIND_COUNT:
        break;
    }
    ASSERT(false);
    return ERR_ALTERED;
}

/* The row is zeros before. */
static enum err get_record(const struct record_desc *desc, struct reader *reader, void *ret_row)
{
    const size_t bitmap_len = (desc->field_count + 7) / 8;
    const uint8_t *bitmap = NULL;
    TRY(get_bytes(reader, bitmap_len, &bitmap));
    uint64_t present = 0;
    for (size_t i = 0; i < bitmap_len; i++) {
        present |= (uint64_t)bitmap[i] << (8 * i);
    }
    if (desc->field_count < FIELDS_MAX && present >> desc->field_count != 0) {
        return ERR_ALTERED;
    }
    while (present != 0) {
        const unsigned i = (unsigned)__builtin_ctzll(present);
        TRY(get_value(&desc->fields[i], reader, ret_row));
        present &= present - 1;
    }
    return OK;
}

enum err row_decode_next(const struct record_desc *desc, struct span *bytes, struct arena *arena, void *ret_row)
{
    ASSERT(desc->field_count <= FIELDS_MAX);
    struct reader reader = {.at = bytes->data, .end = bytes->data + bytes->len, .arena = arena};
    memset(ret_row, 0, desc->size);
    TRY(get_record(desc, &reader, ret_row));
    *bytes = span_of(reader.at, (size_t)(reader.end - reader.at));
    return OK;
}

enum err row_decode(const struct record_desc *desc, struct span bytes, struct arena *arena, void *ret_row)
{
    TRY(row_decode_next(desc, &bytes, arena, ret_row));
    return bytes.len == 0 ? OK : ERR_ALTERED;
}

enum err row_owner(const struct record_desc *desc, struct span bytes, struct id *ret_workspace_id)
{
    const size_t at = (desc->field_count + 7) / 8 + sizeof(struct id);
    ASSERT(desc->fields[0].kind == KIND_id && desc->fields[0].required);
    ASSERT(desc->fields[1].kind == KIND_id && desc->fields[1].required);
    if (bytes.len < at + sizeof *ret_workspace_id || (bytes.data[0] & 3) != 3) {
        return ERR_ALTERED;
    }
    memcpy(ret_workspace_id, bytes.data + at, sizeof *ret_workspace_id);
    return OK;
}
