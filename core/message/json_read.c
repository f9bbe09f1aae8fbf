/* json_read.c: jansson parses, strictly; the result is copied into the arena and jansson's own memory is given back
 * before returning, so that nobody else has to know it. Never include core/message/codec.h here: both name a
 * json_string. */
#include "core/message/json_read.h"

#include <jansson.h>
#include <pthread.h>

#include "core/base/assert.h"
#include "core/base/owned.h"
#include "core/base/wiped.h"

OWNED_BY(json_decref, json_t *);

/* A text may hold a password. */
static void take_memory_over(void)
{
    json_set_alloc_funcs(wiped_malloc, wiped_free);
}

static enum err copy_value(json_t *value, uint32_t depth, struct arena *arena, struct json_node **ret_node);

static enum err append_child(json_t *value, struct span name, uint32_t depth, struct arena *arena,
                             struct json_node *parent, struct json_node **last)
{
    struct json_node *child = NULL;
    TRY(copy_value(value, depth + 1, arena, &child));
    if (name.data != NULL) {
        TRY(arena_copy(arena, name, &child->name));
    }
    if (*last == NULL) {
        parent->first = child;
    } else {
        (*last)->next = child;
    }
    *last = child;
    parent->count++;
    return OK;
}

static enum err copy_children(json_t *value, uint32_t depth, struct arena *arena, struct json_node *node)
{
    struct json_node *last = NULL;
    if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            TRY(append_child(json_array_get(value, i), (struct span){0}, depth, arena, node, &last));
        }
        return OK;
    }
    for (void *at = json_object_iter(value); at != NULL; at = json_object_iter_next(value, at)) {
        const struct span name = span_text(json_object_iter_key(at));
        TRY(append_child(json_object_iter_value(at), name, depth, arena, node, &last));
    }
    return OK;
}

static enum err copy_value(json_t *value, uint32_t depth, struct arena *arena, struct json_node **ret_node)
{
    if (depth > JSON_READ_DEPTH_MAX) {
        return ERR_MALFORMED;
    }
    struct json_node *node = arena_alloc(arena, sizeof *node);
    if (node == NULL) {
        return ERR_NO_MEMORY;
    }
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        node->kind = NODE_OBJECT;
        break;
    case JSON_ARRAY:
        node->kind = NODE_LIST;
        break;
    case JSON_STRING:
        node->kind = NODE_TEXT;
        TRY(arena_copy(arena, span_of(json_string_value(value), json_string_length(value)), &node->text));
        break;
    case JSON_INTEGER:
        node->kind = NODE_INTEGER;
        node->integer = json_integer_value(value);
        break;
    case JSON_REAL:
        node->kind = NODE_REAL;
        node->real = json_real_value(value);
        break;
    case JSON_TRUE:
        node->kind = NODE_TRUE;
        break;
    case JSON_FALSE:
        node->kind = NODE_FALSE;
        break;
    case JSON_NULL:
        node->kind = NODE_NULL;
        break;
    }
    TRY(copy_children(value, depth, arena, node));
    *ret_node = node;
    return OK;
}

/* jansson's parser recurses up to 2048 levels, and makes a node of each value; a text that nests deeper than we allow,
 * or has more of them, is refused before it sees it. *ret_bytes: up to where that is seen. */
static enum err look_over(struct span text, size_t *ret_bytes)
{
    uint32_t depth = 0;
    uint32_t values = 0; /* each but the first of its list or object follows a comma */
    bool quoted = false;
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.data[i];
        if (quoted) {
            i += c == '\\' ? 1 : 0;
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            depth++;
            values++;
        } else if (c == ',') {
            values++;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
        if (depth > JSON_READ_DEPTH_MAX || values > JSON_READ_VALUES_MAX) {
            *ret_bytes = i + 1;
            return depth > JSON_READ_DEPTH_MAX ? ERR_MALFORMED : ERR_TOO_LONG;
        }
    }
    return OK;
}

static enum err fault_of(const json_error_t *error)
{
    switch ((int)json_error_code(error)) {
    case json_error_numeric_overflow:
        return ERR_RANGE;
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return ERR_NUL;
    case json_error_invalid_utf8:
        return ERR_NOT_UTF8;
    case json_error_duplicate_key:
        return ERR_EXISTS;
    case json_error_out_of_memory:
        return ERR_NO_MEMORY;
    default:
        return ERR_MALFORMED;
    }
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Makes the whole number that does not fit, and ends at bytes, a real one: 1 becomes 1e0. text has room for two bytes
 * more. False: it is none. */
static bool widen(struct buf *text, size_t bytes)
{
    size_t end = bytes < text->len ? bytes : text->len;
    while (end < text->len && is_digit(text->data[end])) {
        end++;
    }
    size_t start = end;
    while (start > 0 && is_digit(text->data[start - 1])) {
        start--;
    }
    const uint8_t before = start > 0 ? text->data[start - 1] : 0;
    if (start == end || before == '.' || before == 'e' || before == 'E' || before == '+') {
        return false;
    }
    ASSERT(text->cap - text->len >= 2);
    memmove(text->data + end + 2, text->data + end, text->len - end);
    memcpy(text->data + end, "e0", 2);
    text->len += 2;
    return true;
}

static enum err read(struct span text, struct arena *arena, const struct json_node **ret_node, size_t *ret_bytes)
{
    if (text.len > JSON_READ_BYTES_MAX) {
        return ERR_TOO_LONG;
    }
    if (text.len == 0) {
        *ret_bytes = 0;
        return ERR_MALFORMED;
    }
    TRY(look_over(text, ret_bytes));
    const uint8_t *nul = memchr(text.data, 0, text.len);
    if (nul != NULL) {
        *ret_bytes = (size_t)(nul - text.data);
        return ERR_NUL; /* jansson overlooks one right after a number */
    }
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    ASSERT(pthread_once(&once, take_memory_over) == 0);
    json_error_t error;
    OWNED(json_decref)
    json_t *value = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (value == NULL) {
        *ret_bytes = error.position > 0 ? (size_t)error.position : 0;
        return fault_of(&error);
    }
    struct json_node *node = NULL;
    TRY(copy_value(value, 0, arena, &node));
    *ret_node = node;
    return OK;
}

enum err json_read(struct span text, struct arena *arena, const struct json_node **ret_node)
{
    size_t bytes = 0;
    return read(text, arena, ret_node, &bytes);
}

enum err json_read_wide(struct span text, struct arena *arena, const struct json_node **ret_node, size_t *ret_bytes)
{
    size_t bytes = 0;
    enum err err = read(text, arena, ret_node, &bytes);
    if (err == ERR_RANGE) {
        const size_t cap = text.len + 2 * (size_t)JSON_WIDENED_MAX;
        uint8_t *room = arena_room(arena, cap);
        TRY(room == NULL ? ERR_NO_MEMORY : OK);
        struct buf wide = buf_of(room, cap);
        buf_put(&wide, text);
        while (err == ERR_RANGE && wide.len < cap && widen(&wide, bytes)) {
            err = read(buf_span(&wide), arena, ret_node, &bytes);
        }
        const size_t added = wide.len - text.len;
        bytes = bytes > added ? bytes - added : 0;
    }
    if (err != OK) {
        *ret_bytes = bytes;
    }
    return err;
}
