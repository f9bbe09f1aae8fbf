/* codec.c: records, events and commands as msgpack, by descriptor. The one file that knows msgpack-c.
 *
 * Called by whoever stores or sends a message. Packing goes straight into the caller's buffer. Unpacking first has
 * shape.c bound what the bytes may ask for, then lets msgpack-c make a tree whose texts point into the bytes, then
 * fills the struct and checks every field. Foreign bytes are never trusted, nor asserted on. Must write no secret. */
#include "core/message/codec.h"

#include <msgpack.h>

#include "core/base/assert.h"
#include "core/base/owned.h"
#include "core/message/asked.h"
#include "core/message/field.h"
#include "core/message/shape.h"
#include "core/message/upcast.h"

#define EVENT_ITEMS 2
#define COMMAND_ITEMS 10 /* of the envelope, see codec.h */
#define FIELDS_MAX 64    /* of one record: bits of the set of names seen */

/* --- packing --- */

/* buf_put by hand: it is called several times for each value, and was a quarter of the time of encoding. */
static int put_bytes(void *data, const char *bytes, size_t len)
{
    struct buf *out = data;
    if (out->overflow || len > out->cap - out->len) {
        out->overflow = true;
        return -1;
    }
    memcpy(out->data + out->len, bytes, len);
    out->len += len;
    return 0;
}

static struct msgpack_packer packer_of(struct buf *out)
{
    struct msgpack_packer packer;
    msgpack_packer_init(&packer, out, put_bytes);
    return packer;
}

/* What msgpack-c answers to a pack is what put_bytes answered. */
static enum err packed(int answer)
{
    return answer == 0 ? OK : ERR_NO_SPACE;
}

static enum err pack_str(struct msgpack_packer *packer, struct span text)
{
    TRY(packed(msgpack_pack_str(packer, text.len)));
    return packed(msgpack_pack_str_body(packer, text.data, text.len));
}

static enum err pack_bin(struct msgpack_packer *packer, struct span bytes)
{
    TRY(packed(msgpack_pack_bin(packer, bytes.len)));
    return packed(msgpack_pack_bin_body(packer, bytes.data, bytes.len));
}

static enum err pack_id(struct msgpack_packer *packer, const struct id *id)
{
    char text[ID_TEXT_MAX];
    struct buf buf = buf_of(text, sizeof text);
    id_write(&buf, id);
    ASSERT(buf_ok(&buf));
    return pack_str(packer, buf_span(&buf));
}

static enum err pack_choice(struct msgpack_packer *packer, const struct choice_table *table, uint32_t value)
{
    if (value == 0 || value >= table->count) {
        return ERR_RANGE;
    }
    return pack_str(packer, span_text(table->words[value]));
}

static enum err pack_span(struct msgpack_packer *packer, enum kind kind, struct span span)
{
    if (span.len > kind_max(kind)) {
        return ERR_TOO_LONG;
    }
    if (kind == KIND_blob) {
        return pack_bin(packer, span);
    }
    TRY(text_check(span));
    return pack_str(packer, span);
}

static enum err pack_record(struct msgpack_packer *packer, const struct record_desc *desc, const void *fields);

static enum err pack_list(struct msgpack_packer *packer, const struct field_desc *field, const void *fields)
{
    uint32_t count = 0;
    const char *items = field_items(field, fields, &count);
    if (count > field->max) {
        return ERR_TOO_LONG;
    }
    const struct record_desc *desc = field->item();
    TRY(packed(msgpack_pack_array(packer, count)));
    for (uint32_t i = 0; i < count; i++) {
        TRY(pack_record(packer, desc, items + i * desc->size));
    }
    return OK;
}

static enum err pack_time(struct msgpack_packer *packer, int64_t time_ms)
{
    if (time_ms < 0 || time_ms >= TIME_LIMIT_MS) {
        return ERR_RANGE;
    }
    return packed(msgpack_pack_int64(packer, time_ms));
}

static enum err pack_value(struct msgpack_packer *packer, const struct field_desc *field, const void *fields)
{
    const void *value = field_at(field, fields);
    switch (field->kind) {
    case KIND_id:
        return pack_id(packer, value);
    case KIND_time:
        return pack_time(packer, *(const int64_t *)value);
    case KIND_count:
    case KIND_index:
        return packed(msgpack_pack_uint64(packer, *(const uint64_t *)value));
    case KIND_flag:
        return packed(*(const bool *)value ? msgpack_pack_true(packer) : msgpack_pack_false(packer));
    case KIND_word:
    case KIND_text:
    case KIND_blob:
        return pack_span(packer, field->kind, *(const struct span *)value);
    case KIND_hash:
        return pack_bin(packer, span_of(value, sizeof(struct hash)));
    case CHOICE_KINDS:
        return pack_choice(packer, kind_choices(field->kind), *(const uint32_t *)value);
    case KIND_list:
        return pack_list(packer, field, fields);
    case KIND_secret:
        return ERR_SECRET;
    case KIND_COUNT:
        break;
    }
    ASSERT(false);
    return ERR_KIND;
}

static enum err count_written(const struct record_desc *desc, const void *fields, uint64_t *ret_written,
                              size_t *ret_count)
{
    uint64_t written = 0;
    size_t count = 0;
    ASSERT(desc->field_count <= FIELDS_MAX);
    for (size_t i = 0; i < desc->field_count; i++) {
        const struct field_desc *field = &desc->fields[i];
        if (field->kind == KIND_secret) {
            return ERR_SECRET;
        }
        if (field_is_written(field, fields)) {
            written |= (uint64_t)1 << i;
            count++;
        } else if (field->required) {
            return ERR_MISSING;
        }
    }
    *ret_written = written;
    *ret_count = count;
    return OK;
}

static enum err pack_record(struct msgpack_packer *packer, const struct record_desc *desc, const void *fields)
{
    uint64_t written = 0;
    size_t count = 0;
    TRY(count_written(desc, fields, &written, &count));
    TRY(packed(msgpack_pack_map(packer, count)));
    for (size_t i = 0; i < desc->field_count; i++) {
        if ((written >> i & 1) != 0) {
            TRY(pack_str(packer, span_of(desc->fields[i].name, desc->fields[i].name_len)));
            TRY(pack_value(packer, &desc->fields[i], fields));
        }
    }
    return OK;
}

/* What was appended by a message that failed is taken back. */
static enum err appended(struct buf *out, size_t len_before, enum err err)
{
    err = err == OK && !buf_ok(out) ? ERR_NO_SPACE : err;
    out->len = err == OK ? out->len : len_before;
    return err;
}

enum err record_encode(const struct record_desc *desc, const void *fields, struct buf *out)
{
    const size_t before = out->len;
    struct msgpack_packer packer = packer_of(out);
    return appended(out, before, pack_record(&packer, desc, fields));
}

static enum err pack_message(struct msgpack_packer *packer, size_t items, const struct record_desc *desc,
                             const void *fields)
{
    if (desc == NULL) {
        return ERR_UNKNOWN_CODE;
    }
    TRY(packed(msgpack_pack_array(packer, items)));
    TRY(packed(msgpack_pack_uint32(packer, desc->code)));
    return pack_record(packer, desc, fields);
}

enum err event_encode_asked(const struct event *event, const struct idempotency *idempotency, struct buf *out)
{
    const size_t before = out->len;
    struct msgpack_packer packer = packer_of(out);
    const void *fields = (const char *)event + offsetof(struct event, ledger_started); /* where the union starts */
    const size_t items = idempotency != NULL && idempotency->present ? EVENT_ITEMS + 1 : EVENT_ITEMS;
    const enum err err = pack_message(&packer, items, event_desc(event->code), fields);
    asked_write(err == OK ? idempotency : NULL, out);
    return appended(out, before, err);
}

/* Of the envelope: nil where absent. */
static enum err pack_envelope_id(struct msgpack_packer *packer, const struct id *id)
{
    return id_is_none(id) ? packed(msgpack_pack_nil(packer)) : pack_id(packer, id);
}

static enum err pack_command(struct msgpack_packer *packer, const struct command *command)
{
    if (id_is_none(&command->command_id) || id_is_none(&command->stream)) {
        return ERR_MISSING;
    }
    const void *fields = (const char *)command + offsetof(struct command, suspect_clock);
    TRY(pack_message(packer, COMMAND_ITEMS, command_desc(command->code), fields));
    TRY(pack_id(packer, &command->command_id));
    TRY(pack_envelope_id(packer, &command->workspace_id));
    TRY(pack_id(packer, &command->stream));
    TRY(packed(msgpack_pack_uint8(packer, command->actor)));
    TRY(pack_envelope_id(packer, &command->actor_id));
    if (command->role == ROLE_NONE) {
        TRY(packed(msgpack_pack_nil(packer)));
    } else {
        TRY(pack_choice(packer, &role_words, command->role));
    }
    TRY(packed(msgpack_pack_uint64(packer, command->expected_version)));
    return packed(msgpack_pack_uint64(packer, command->causation));
}

enum err command_encode(const struct command *command, struct buf *out)
{
    const size_t before = out->len;
    struct msgpack_packer packer = packer_of(out);
    return appended(out, before, pack_command(&packer, command));
}

/* --- unpacking --- */

struct tree {
    msgpack_zone zone;
    msgpack_object root;
};

static void tree_free(struct tree *tree)
{
    if (tree != NULL) {
        msgpack_zone_destroy(&tree->zone);
    }
}

OWNED_BY(tree_free, struct tree *);

/* The tree is made in space; its zone is one block that holds the whole of it. */
static enum err tree_unpack(struct span bytes, struct tree *space, struct tree **ret_tree)
{
    size_t elements = 0;
    TRY(shape_check(bytes, &elements));
    if (!msgpack_zone_init(&space->zone, (elements + 1) * sizeof(msgpack_object))) {
        return ERR_NO_MEMORY;
    }
    OWNED(tree_free) struct tree *tree = space;
    size_t at = 0;
    const msgpack_unpack_return answer =
        msgpack_unpack((const char *)bytes.data, bytes.len, &at, &tree->zone, &tree->root);
    if (answer != MSGPACK_UNPACK_SUCCESS || at != bytes.len) {
        return answer == MSGPACK_UNPACK_NOMEM_ERROR ? ERR_NO_MEMORY : ERR_MALFORMED;
    }
    *ret_tree = tree;
    tree = NULL;
    return OK;
}

static enum err read_uint(const msgpack_object *object, uint64_t *ret_value)
{
    if (object->type == MSGPACK_OBJECT_NEGATIVE_INTEGER) {
        return ERR_RANGE;
    }
    if (object->type != MSGPACK_OBJECT_POSITIVE_INTEGER) {
        return ERR_KIND;
    }
    *ret_value = object->via.u64;
    return OK;
}

static enum err read_time(const msgpack_object *object, int64_t *ret_time_ms)
{
    uint64_t value = 0;
    TRY(read_uint(object, &value));
    TRY(value < (uint64_t)TIME_LIMIT_MS ? OK : ERR_RANGE);
    *ret_time_ms = (int64_t)value;
    return OK;
}

static enum err read_str(const msgpack_object *object, struct span *ret_text)
{
    if (object->type != MSGPACK_OBJECT_STR) {
        return ERR_KIND;
    }
    *ret_text = object->via.str.size == 0 ? SPAN("") : span_of(object->via.str.ptr, object->via.str.size);
    return OK;
}

static enum err read_bin(const msgpack_object *object, struct span *ret_bytes)
{
    if (object->type != MSGPACK_OBJECT_BIN) {
        return ERR_KIND;
    }
    *ret_bytes = object->via.bin.size == 0 ? SPAN("") : span_of(object->via.bin.ptr, object->via.bin.size);
    return OK;
}

static enum err read_span(const msgpack_object *object, enum kind kind, struct span *ret_span)
{
    struct span span = {0};
    TRY(kind == KIND_blob ? read_bin(object, &span) : read_str(object, &span));
    if (span.len > kind_max(kind)) {
        return ERR_TOO_LONG;
    }
    if (kind != KIND_blob && !span_is_utf8(span)) {
        return ERR_NOT_UTF8;
    }
    *ret_span = span;
    return OK;
}

static enum err read_id(const msgpack_object *object, struct id *ret_id)
{
    struct span text = {0};
    TRY(read_str(object, &text));
    return id_parse(text, ID_NONE, ret_id);
}

static enum err read_choice(const msgpack_object *object, const struct choice_table *table, uint32_t *ret_value)
{
    struct span word = {0};
    TRY(read_str(object, &word));
    const uint32_t value = choice_value(table, word);
    if (value == 0) {
        return ERR_RANGE;
    }
    *ret_value = value;
    return OK;
}

static enum err read_flag(const msgpack_object *object, bool *ret_flag)
{
    if (object->type != MSGPACK_OBJECT_BOOLEAN) {
        return ERR_KIND;
    }
    *ret_flag = object->via.boolean;
    return OK;
}

static enum err read_hash(const msgpack_object *object, struct hash *ret_hash)
{
    struct span bytes = {0};
    TRY(read_bin(object, &bytes));
    if (bytes.len != sizeof *ret_hash) {
        return ERR_RANGE;
    }
    memcpy(ret_hash, bytes.data, sizeof *ret_hash);
    return OK;
}

static enum err read_record(const struct record_desc *desc, const msgpack_object *object, struct arena *arena,
                            void *ret_fields, struct misgiven *misgiven);

static enum err read_list(const struct field_desc *field, const msgpack_object *object, struct arena *arena,
                          void *ret_fields, struct misgiven *misgiven)
{
    if (object->type != MSGPACK_OBJECT_ARRAY) {
        return ERR_KIND;
    }
    const uint32_t count = object->via.array.size;
    if (count > field->max) {
        return ERR_TOO_LONG;
    }
    if (count == 0) {
        return OK;
    }
    const struct record_desc *desc = field->item();
    char *items = arena_alloc(arena, count * desc->size);
    if (items == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct misgiven before = *misgiven;
        TRY(read_record(desc, &object->via.array.ptr[i], arena, items + i * desc->size, misgiven));
        if (before.odd.field == NULL && misgiven->odd.field != NULL) {
            misgiven->odd.list = field;
            misgiven->odd.index = i;
        }
        if (before.unknown.record == NULL && misgiven->unknown.record != NULL) {
            misgiven->unknown.list = field;
            misgiven->unknown.index = i;
        }
    }
    field_set_items(field, ret_fields, items, count);
    return OK;
}

static enum err read_value(const struct field_desc *field, const msgpack_object *object, struct arena *arena,
                           void *ret_fields, struct misgiven *misgiven)
{
    void *slot = field_slot(field, ret_fields);
    switch (field->kind) {
    case KIND_id:
        return read_id(object, slot);
    case KIND_time:
        return read_time(object, slot);
    case KIND_count:
    case KIND_index:
        return read_uint(object, slot);
    case KIND_flag:
        return read_flag(object, slot);
    case KIND_word:
    case KIND_text:
    case KIND_blob:
        return read_span(object, field->kind, slot);
    case KIND_hash:
        return read_hash(object, slot);
    case CHOICE_KINDS:
        return read_choice(object, kind_choices(field->kind), slot);
    case KIND_list:
        return read_list(field, object, arena, ret_fields, misgiven);
    case KIND_secret:
        return ERR_SECRET;
    case KIND_COUNT:
        break;
    }
    ASSERT(false);
    return ERR_KIND;
}

static enum err check_present(const struct record_desc *desc, uint64_t seen)
{
    for (size_t i = 0; i < desc->field_count; i++) {
        if (desc->fields[i].kind == KIND_secret) {
            return ERR_SECRET;
        }
        if (desc->fields[i].required && (seen >> i & 1) == 0) {
            return ERR_MISSING;
        }
    }
    return OK;
}

/* The struct at ret_fields is zeroed already, misgiven too, unless it was set before. */
static enum err read_record(const struct record_desc *desc, const msgpack_object *object, struct arena *arena,
                            void *ret_fields, struct misgiven *misgiven)
{
    if (object->type != MSGPACK_OBJECT_MAP) {
        return ERR_KIND;
    }
    ASSERT(desc->field_count <= FIELDS_MAX);
    uint64_t seen = 0;
    size_t next = 0;
    for (uint32_t i = 0; i < object->via.map.size; i++) {
        const msgpack_object_kv *pair = &object->via.map.ptr[i];
        struct span name = {0};
        TRY(read_str(&pair->key, &name));
        const size_t at = field_find(desc, name, next);
        if (at == desc->field_count) {
            if (misgiven->unknown.record == NULL) {
                misgiven->unknown.record = desc;
                misgiven->unknown.name = name;
            }
            continue; /* a later version's, or a slip of the pen: who reads it decides */
        }
        if ((seen >> at & 1) != 0) {
            return ERR_MALFORMED;
        }
        TRY(read_value(&desc->fields[at], &pair->val, arena, ret_fields, misgiven));
        field_note_odd(&desc->fields[at], ret_fields, &misgiven->odd);
        seen |= (uint64_t)1 << at;
        next = at + 1;
    }
    return check_present(desc, seen);
}

enum err record_decode(const struct record_desc *desc, struct span bytes, struct arena *arena, void *ret_fields)
{
    struct given_name unknown;
    return record_decode_asked(desc, bytes, arena, ret_fields, &unknown);
}

enum err record_decode_asked(const struct record_desc *desc, struct span bytes, struct arena *arena, void *ret_fields,
                             struct given_name *ret_unknown)
{
    struct tree space;
    OWNED(tree_free) struct tree *tree = NULL;
    TRY(tree_unpack(bytes, &space, &tree));
    struct misgiven misgiven = {.odd = {.field = NULL}};
    memset(ret_fields, 0, desc->size);
    TRY(read_record(desc, &tree->root, arena, ret_fields, &misgiven));
    TRY(misgiven.odd.field != NULL ? ERR_RANGE : OK);
    TRY(record_has_nul(desc, ret_fields) ? ERR_NUL : OK);
    *ret_unknown = misgiven.unknown;
    return OK;
}

static enum err read_items(const msgpack_object *object, uint32_t count, uint32_t *ret_code)
{
    if (object->type != MSGPACK_OBJECT_ARRAY) {
        return ERR_KIND;
    }
    if (object->via.array.size != count) {
        return ERR_MALFORMED;
    }
    uint64_t code = 0;
    TRY(read_uint(&object->via.array.ptr[0], &code));
    if (code > UINT32_MAX) {
        return ERR_UNKNOWN_CODE;
    }
    *ret_code = (uint32_t)code;
    return OK;
}

enum err event_decode(struct span bytes, struct arena *arena, struct event *ret_event)
{
    struct tree space;
    OWNED(tree_free) struct tree *tree = NULL;
    TRY(tree_unpack(bytes, &space, &tree));
    uint32_t code = 0;
    TRY(read_items(&tree->root, asked_is_there(bytes) ? EVENT_ITEMS + 1 : EVENT_ITEMS, &code));
    const struct record_desc *desc = event_desc(code);
    if (desc == NULL) {
        return ERR_UNKNOWN_CODE;
    }
    struct misgiven misgiven = {.odd = {.field = NULL}}; /* of no account: what is recorded is read */
    memset(ret_event, 0, sizeof *ret_event);
    ret_event->code = code;
    TRY(read_record(desc, &tree->root.via.array.ptr[1], arena, event_fields(ret_event), &misgiven));
    event_upcast(ret_event);
    return OK;
}

static enum err read_envelope_id(const msgpack_object *object, struct id *ret_id)
{
    return object->type == MSGPACK_OBJECT_NIL ? OK : read_id(object, ret_id);
}

/* items follow the fields, in the order of codec.h; the command is zeroed already. */
static enum err read_envelope(const msgpack_object *items, struct command *ret_command)
{
    TRY(read_id(&items[0], &ret_command->command_id));
    TRY(read_envelope_id(&items[1], &ret_command->workspace_id));
    TRY(read_id(&items[2], &ret_command->stream));
    uint64_t actor = 0;
    TRY(read_uint(&items[3], &actor));
    if (actor > UINT8_MAX) {
        return ERR_RANGE;
    }
    ret_command->actor = (uint8_t)actor;
    TRY(read_envelope_id(&items[4], &ret_command->actor_id));
    if (items[5].type != MSGPACK_OBJECT_NIL) {
        TRY(read_choice(&items[5], &role_words, &ret_command->role));
    }
    TRY(read_uint(&items[6], &ret_command->expected_version));
    return read_uint(&items[7], &ret_command->causation);
}

enum err command_decode(struct span bytes, struct arena *arena, struct command *ret_command)
{
    struct tree space;
    OWNED(tree_free) struct tree *tree = NULL;
    TRY(tree_unpack(bytes, &space, &tree));
    uint32_t code = 0;
    TRY(read_items(&tree->root, COMMAND_ITEMS, &code));
    const struct record_desc *desc = command_desc(code);
    if (desc == NULL) {
        return ERR_UNKNOWN_CODE;
    }
    memset(ret_command, 0, sizeof *ret_command);
    ret_command->code = code;
    TRY(read_record(desc, &tree->root.via.array.ptr[1], arena, command_fields(ret_command), &ret_command->misgiven));
    return record_has_nul(desc, command_fields(ret_command)) ? ERR_NUL
                                                             : read_envelope(&tree->root.via.array.ptr[2], ret_command);
}
