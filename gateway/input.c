/* input.c: see input.h. Called by the *_input.c files. */
#include "gateway/input.h"

#include <stdio.h>

#include "core/base/assert.h"
#include "core/calendar/instant.h"

void input_pointer(char out[INPUT_PARAM_MAX], const char *at, const char *name)
{
    (void)snprintf(out, INPUT_PARAM_MAX, "%s/%s", at, name);
}

void input_pointer_index(char out[INPUT_PARAM_MAX], const char *at, uint32_t index)
{
    (void)snprintf(out, INPUT_PARAM_MAX, "%s/%u", at, (unsigned)index);
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

/* A client's own member name in a JSON pointer: '~' and '/' are escaped (RFC 6901), the rest is cut to fit. */
static void escape_name(struct span name, char *out, size_t cap)
{
    struct buf buf = buf_of(out, cap - 1);
    for (size_t i = 0; i < name.len && buf.len + 8 < buf.cap; i++) {
        if (name.data[i] == '~' || name.data[i] == '/') {
            buf_text(&buf, name.data[i] == '~' ? "~0" : "~1");
        } else {
            buf_byte(&buf, name.data[i]);
        }
    }
    /* Never end inside a character. */
    while (buf.len > 0 && !span_is_utf8(buf_span(&buf))) {
        buf.len--;
    }
    out[buf.len] = 0;
}

void input_only(struct input *input, const struct json_node *object, const char *at, const char *const *names)
{
    for (const struct json_node *member = object == NULL ? NULL : object->first; member != NULL;
         member = member->next) {
        bool known = false;
        for (size_t i = 0; names[i] != NULL; i++) {
            known = known || span_equal(member->name, span_text(names[i]));
        }
        if (!known) {
            char name[64];
            char pointer[INPUT_PARAM_MAX];
            escape_name(member->name, name, sizeof name);
            input_pointer(pointer, at, name);
            input_wrong(input, REFUSED_field_unknown, pointer, "There is no such field.");
        }
    }
}

/* The member, NULL when absent, null or of another kind (which is a fault). */
static const struct json_node *member_of_kind(struct input *input, const struct json_node *object, const char *at,
                                              const char *name, enum json_node_kind kind, const char *expected)
{
    const struct json_node *member = json_node_member(object, name);
    if (member == NULL || member->kind == NODE_NULL || input->refusal != ACCEPTED) {
        return NULL;
    }
    if (member->kind != kind) {
        char pointer[INPUT_PARAM_MAX];
        input_pointer(pointer, at, name);
        input_wrong(input, REFUSED_field_wrong_type, pointer, expected);
        return NULL;
    }
    return member;
}

struct span input_text(struct input *input, const struct json_node *object, const char *at, const char *name,
                       size_t max)
{
    const struct json_node *member = member_of_kind(input, object, at, name, NODE_TEXT, "A text is expected.");
    if (member == NULL) {
        return (struct span){0};
    }
    if (member->text.len > max) {
        char pointer[INPUT_PARAM_MAX];
        char detail[96];
        input_pointer(pointer, at, name);
        (void)snprintf(detail, sizeof detail, "%zu bytes; at most %zu are allowed.", member->text.len, max);
        input_wrong(input, REFUSED_field_too_long, pointer, detail);
        return (struct span){0};
    }
    return member->text;
}

bool input_flag(struct input *input, const struct json_node *object, const char *at, const char *name)
{
    const struct json_node *member = json_node_member(object, name);
    if (json_node_is(member, NODE_TRUE)) {
        return true;
    }
    if (member != NULL && member->kind != NODE_FALSE && member->kind != NODE_NULL) {
        char pointer[INPUT_PARAM_MAX];
        input_pointer(pointer, at, name);
        input_wrong(input, REFUSED_field_wrong_type, pointer, "true or false is expected.");
    }
    return false;
}

int64_t input_time(struct input *input, const struct json_node *object, const char *at, const char *name)
{
    const struct span text = input_text(input, object, at, name, 64);
    if (text.data == NULL) {
        return 0;
    }
    int64_t time_ms = 0;
    char pointer[INPUT_PARAM_MAX];
    input_pointer(pointer, at, name);
    switch (instant_parse(text, &time_ms)) {
    case INSTANT_OK:
        break;
    case INSTANT_INVALID:
        input_wrong(input, REFUSED_timestamp_invalid, pointer, "Not an RFC 3339 date-time of the calendar.");
        return 0;
    case INSTANT_OFFSET_REQUIRED:
        input_wrong(input, REFUSED_timestamp_offset_required, pointer,
                    "Give an explicit offset: 2026-04-20T14:00:00Z or 2026-04-20T10:00:00-04:00.");
        return 0;
    }
    /* 0 means absent inside; the first millisecond of 1970 has passed either way. */
    return time_ms == 0 ? 1 : time_ms;
}

const struct json_node *input_object(struct input *input, const struct json_node *object, const char *at,
                                     const char *name)
{
    return member_of_kind(input, object, at, name, NODE_OBJECT, "An object is expected.");
}

const struct json_node *input_list(struct input *input, const struct json_node *object, const char *at,
                                   const char *name, uint32_t max)
{
    const struct json_node *list = member_of_kind(input, object, at, name, NODE_LIST, "A list is expected.");
    if (list != NULL && list->count > max) {
        char pointer[INPUT_PARAM_MAX];
        char detail[96];
        input_pointer(pointer, at, name);
        (void)snprintf(detail, sizeof detail, "%u items; at most %u are allowed.", (unsigned)list->count,
                       (unsigned)max);
        input_wrong(input, REFUSED_field_too_long, pointer, detail);
        return NULL;
    }
    return list;
}

struct span input_json(struct input *input, const struct json_node *object, const char *at, const char *name,
                       struct arena *arena)
{
    const struct json_node *member = input_object(input, object, at, name);
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
