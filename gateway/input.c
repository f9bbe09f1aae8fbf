/* input.c: see input.h. Called by exchange.c, for every body, and by the handlers that read one. */
#include "gateway/input.h"

#include <stdio.h>

#include "core/base/assert.h"
#include "core/calendar/instant.h"

/* at, a slash, name; cut where it does not fit. Made for each field of each body, mostly for nothing: no printf. */
static void join(char out[INPUT_PARAM_MAX], const char *at, struct span name)
{
    struct buf buf = buf_of(out, INPUT_PARAM_MAX - 1);
    const struct span pieces[] = {span_text(at), SPAN("/"), name};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        const size_t room = buf.cap - buf.len;
        buf_put(&buf, span_of(pieces[i].data, pieces[i].len < room ? pieces[i].len : room));
    }
    out[buf.len] = 0;
}

void input_pointer(char out[INPUT_PARAM_MAX], const char *at, const char *name)
{
    join(out, at, span_text(name));
}

void input_pointer_index(char out[INPUT_PARAM_MAX], const char *at, uint32_t index)
{
    (void)snprintf(out, INPUT_PARAM_MAX, "%s/%u", at, (unsigned)index);
}

/* A name of the client's own. */
static void point_at_member(char out[INPUT_PARAM_MAX], const char *at, struct span name)
{
    char text[JSON_POINTER_TOKEN_MAX];
    struct buf buf = buf_of(text, sizeof text);
    json_pointer_token(&buf, name);
    join(out, at, buf_span(&buf));
}

void input_wrong(struct input *input, enum refusal refusal, const char *pointer, const char *detail)
{
    if (input->refusal != ACCEPTED) {
        return;
    }
    input->refusal = refusal;
    (void)snprintf(input->param, sizeof input->param, "%s", pointer);
    (void)snprintf(input->detail, sizeof input->detail, "%s", detail);
}

/* Values */

static void check_text(struct input *input, struct span text, const char *pointer, bool empty, size_t max)
{
    char detail[96];
    if (max != 0 && text.len > max) {
        (void)snprintf(detail, sizeof detail, "%zu bytes; at most %zu are allowed.", text.len, max);
        input_wrong(input, REFUSED_field_too_long, pointer, detail);
    } else if (!empty && text.len == 0) {
        input_wrong(input, REFUSED_field_invalid, pointer, "It may not be empty.");
    }
}

enum refusal input_instant(struct span text, int64_t *ret_ms, const char **ret_detail)
{
    switch (instant_parse(text, ret_ms)) {
    case INSTANT_OK:
        return ACCEPTED;
    case INSTANT_OFFSET_REQUIRED:
        *ret_detail = "Give an explicit offset: 2026-12-24T18:00:00Z or 2026-12-24T19:00:00+01:00.";
        return REFUSED_timestamp_offset_required;
    case INSTANT_INVALID:
        break;
    }
    *ret_detail = "Expected is an RFC 3339 date-time of the calendar, with seconds: 2026-12-24T18:00:00Z.";
    return REFUSED_timestamp_invalid;
}

static void check_time(struct input *input, struct span text, const char *pointer)
{
    int64_t time_ms = 0;
    const char *detail = NULL;
    const enum refusal refusal = input_instant(text, &time_ms, &detail);
    if (refusal != ACCEPTED) {
        input_wrong(input, refusal, pointer, detail);
    }
}

enum err input_hash(struct span text, struct hash *ret_hash)
{
    struct hash hash = {{0}};
    if (text.len != 2 * sizeof hash.bytes) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.data[i];
        const bool digit = c >= '0' && c <= '9';
        if (!digit && (c < 'a' || c > 'f')) {
            return ERR_MALFORMED;
        }
        const uint8_t value = (uint8_t)(digit ? c - '0' : c - 'a' + 10);
        hash.bytes[i / 2] = (uint8_t)(hash.bytes[i / 2] << 4 | value);
    }
    *ret_hash = hash;
    return OK;
}

static void check_hash(struct input *input, struct span text, const char *pointer)
{
    struct hash hash;
    if (input_hash(text, &hash) != OK) {
        input_wrong(input, REFUSED_field_invalid, pointer, "A SHA-256 is expected: 64 of 0-9 and a-f.");
    }
}

static void check_word(struct input *input, struct span text, const char *pointer, const struct choice_table *words)
{
    char detail[sizeof input->detail];
    if (choice_value(words, text) != 0) {
        return;
    }
    struct buf out = buf_of(detail, sizeof detail - 1);
    buf_text(&out, "Expected is one of:");
    for (uint32_t value = 1; value < words->count; value++) {
        buf_text(&out, value == 1 ? " " : ", ");
        buf_text(&out, words->words[value]);
    }
    ASSERT(buf_ok(&out));
    input_wrong(input, REFUSED_field_invalid, pointer, buf_terminated(&out));
}

/* What a value of a kind is in JSON. */
struct form {
    enum json_node_kind node;
    const char *expected;
};

static struct form form_of(enum value_kind kind)
{
    switch (kind) {
    case VALUE_object:
    case VALUE_pairs:
    case VALUE_texts:
    case VALUE_json:
    case VALUE_data:
        return (struct form){NODE_OBJECT, "An object is expected."};
    case VALUE_list:
    case VALUE_names:
    case VALUE_words:
    case VALUE_jsons:
        return (struct form){NODE_LIST, "A list is expected."};
    case VALUE_flag:
        return (struct form){NODE_TRUE, "true or false is expected."};
    case VALUE_count:
    case VALUE_number: /* its bounds are core/admission.h's, whichever door it comes through */
    case VALUE_range:
        return (struct form){NODE_INTEGER, "A whole number is expected."};
    case VALUE_text:
    case VALUE_name:
    case VALUE_time:
    case VALUE_date:
    case VALUE_hash:
    case VALUE_id:
    case VALUE_word:
    case VALUE_code:
        break;
    }
    return (struct form){NODE_TEXT, "A text is expected."};
}

static bool is_form(struct input *input, const struct json_node *node, const char *pointer, enum value_kind kind)
{
    const struct form form = form_of(kind);
    const bool good = node->kind == form.node || (form.node == NODE_TRUE && node->kind == NODE_FALSE);
    if (!good) {
        input_wrong(input, REFUSED_field_wrong_type, pointer, form.expected);
    }
    return good;
}

static bool is_within(struct input *input, const struct json_node *node, const char *pointer, size_t max)
{
    char detail[96];
    if (max == 0 || node->count <= max) {
        return true;
    }
    (void)snprintf(detail, sizeof detail, "%u items; at most %zu are allowed.", (unsigned)node->count, max);
    input_wrong(input, REFUSED_field_too_long, pointer, detail);
    return false;
}

/* A text by name; null removes it where a patch is merged. How many there may be is known after merging. */
static void check_pairs(struct input *input, const struct json_node *object, const char *pointer, size_t text_max)
{
    for (const struct json_node *pair = object->first; pair != NULL; pair = pair->next) {
        char at[INPUT_PARAM_MAX];
        point_at_member(at, pointer, pair->name);
        check_text(input, pair->name, at, false, NAME_MAX_LEN);
        if (pair->kind != NODE_NULL && is_form(input, pair, at, VALUE_text)) {
            check_text(input, pair->text, at, true, text_max);
        }
    }
}

/* Schemas do not contain themselves: this ends. */
static void check_items(struct input *input, const struct json_node *list, const char *pointer,
                        const struct value_type *type)
{
    uint32_t index = 0;
    for (const struct json_node *item = list->first; item != NULL; item = item->next, index++) {
        char at[INPUT_PARAM_MAX];
        input_pointer_index(at, pointer, index);
        if (type->kind == VALUE_names) {
            if (is_form(input, item, at, VALUE_name)) {
                check_text(input, item->text, at, false, NAME_MAX_LEN);
            }
        } else if (type->kind == VALUE_words) {
            if (is_form(input, item, at, VALUE_word)) {
                check_word(input, item->text, at, type->words);
            }
        } else if (is_form(input, item, at, VALUE_object) && type->kind == VALUE_list) {
            input_check(input, item, at, schema_at(type->schema));
        }
    }
}

static void check_value(struct input *input, const struct json_node *node, const char *pointer,
                        const struct schema_member *member)
{
    const struct value_type *type = &member->type;
    if (!is_form(input, node, pointer, type->kind)) {
        return;
    }
    switch (type->kind) {
    case VALUE_text:
    case VALUE_name:
        check_text(input, node->text, pointer, type->kind == VALUE_text, member->max);
        break;
    case VALUE_time:
        check_time(input, node->text, pointer);
        break;
    case VALUE_word:
        check_word(input, node->text, pointer, type->words);
        break;
    case VALUE_hash:
        check_hash(input, node->text, pointer);
        break;
    case VALUE_object:
        input_check(input, node, pointer, schema_at(type->schema));
        break;
    case VALUE_list:
    case VALUE_names:
    case VALUE_words:
    case VALUE_jsons:
        if (is_within(input, node, pointer, member->max)) {
            check_items(input, node, pointer, type);
        }
        break;
    case VALUE_pairs:
        check_pairs(input, node, pointer, NAME_MAX_LEN);
        break;
    case VALUE_texts:
        if (is_within(input, node, pointer, member->max)) {
            check_pairs(input, node, pointer, TEXTS_MAX_LEN);
        }
        break;
    case VALUE_json: /* its length is known when it is written: input_json */
    case VALUE_data: /* never taken */
    case VALUE_id:
    case VALUE_flag:
    case VALUE_date:
    case VALUE_code:
    case VALUE_count:
    case VALUE_number:
    case VALUE_range:
        break;
    }
}

/* A slip of the pen is found fastest beside the right names. */
static void wrong_member(struct input *input, const char *pointer, struct span name, const struct schema *schema)
{
    char detail[sizeof input->detail];
    struct buf out = buf_of(detail, sizeof detail - 1);
    buf_text(&out, schema->members->name == NULL ? "There is no such field: there are none here"
                                                 : "There is no such field. The fields are:");
    for (const struct schema_member *member = schema->members; member->name != NULL; member++) {
        buf_text(&out, member == schema->members ? " " : ", ");
        buf_text(&out, member->name);
    }
    buf_byte(&out, '.');
    if (schema == schema_at(SCHEMA_post_patch) && span_equal(name, SPAN("schedule"))) {
        buf_text(&out, " When it is published says POST /v1/posts/{id}/schedule.");
    }
    ASSERT(buf_ok(&out));
    input_wrong(input, REFUSED_field_unknown, pointer, buf_terminated(&out));
}

static void missing_member(struct input *input, const char *pointer, const struct schema_member *member)
{
    char detail[sizeof input->detail];
    struct buf out = buf_of(detail, sizeof detail - 1);
    buf_text(&out, member->name);
    buf_text(&out, " has to be given: ");
    buf_put(&out, span_cut(span_text(member->doc), sizeof detail - 1 - out.len));
    input_wrong(input, REFUSED_field_missing, pointer, buf_terminated(&out));
}

void input_check(struct input *input, const struct json_node *object, const char *at, const struct schema *schema)
{
    char pointer[INPUT_PARAM_MAX];
    for (const struct json_node *node = object->first; node != NULL; node = node->next) {
        const struct schema_member *member = schema->members;
        while (member->name != NULL && !span_equal(node->name, span_text(member->name))) {
            member++;
        }
        point_at_member(pointer, at, node->name);
        if (member->name == NULL) {
            wrong_member(input, pointer, node->name, schema);
        } else if (node->kind != NODE_NULL) {
            check_value(input, node, pointer, member);
        }
    }
    for (const struct schema_member *member = schema->members; member->name != NULL; member++) {
        if (member->presence == PRESENCE_MUST && input_some(object, member->name) == NULL) {
            input_pointer(pointer, at, member->name);
            missing_member(input, pointer, member);
        }
    }
}

/* Readers */

const struct json_node *input_some(const struct json_node *object, const char *name)
{
    const struct json_node *member = json_node_member(object, name);
    return json_node_is(member, NODE_NULL) ? NULL : member;
}

bool input_flag(const struct json_node *object, const char *name)
{
    return json_node_is(json_node_member(object, name), NODE_TRUE);
}

int64_t input_time(const struct json_node *object, const char *name)
{
    const struct span text = json_node_text(object, name);
    int64_t time_ms = 0;
    if (text.data == NULL || instant_parse(text, &time_ms) != INSTANT_OK) {
        return 0;
    }
    /* 0 means absent inside; the first millisecond of 1970 has passed either way. */
    return time_ms == 0 ? 1 : time_ms;
}

struct span input_json(struct input *input, const struct json_node *object, const char *at, const char *name,
                       struct arena *arena)
{
    const struct json_node *member = input_some(object, name);
    if (member == NULL) {
        return (struct span){0};
    }
    const size_t cap = json_node_size(member);
    uint8_t *bytes = arena_alloc(arena, cap);
    struct buf buf = buf_of(bytes, bytes == NULL ? 0 : cap);
    char pointer[INPUT_PARAM_MAX];
    input_pointer(pointer, at, name);
    if (bytes == NULL || json_node_write(member, &buf) != OK || !buf_ok(&buf)) {
        input_wrong(input, REFUSED_field_invalid, pointer,
                    "Only texts, whole numbers, true, false and null are allowed.");
        return (struct span){0};
    }
    if (buf.len > 65536) {
        input_wrong(input, REFUSED_field_too_long, pointer, "More than 65,536 bytes.");
    }
    return buf_span(&buf);
}
