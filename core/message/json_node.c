/* json_node.c: walks, compares and writes trees of json_node.h. Pure; depth is bounded by the reader, so recursion is.
 */
#include "core/message/json_node.h"

#include "core/base/assert.h"
#include "core/message/codec.h"

static const struct json_node *member_of(const struct json_node *object, struct span name)
{
    if (!json_node_is(object, NODE_OBJECT)) {
        return NULL;
    }
    const struct json_node *member = object->first;
    while (member != NULL && !span_equal(member->name, name)) {
        member = member->next;
    }
    return member;
}

const struct json_node *json_node_member(const struct json_node *object, const char *name)
{
    return member_of(object, span_text(name));
}

const struct json_node *json_node_path(const struct json_node *object, const char *path)
{
    struct span left = span_text(path);
    while (object != NULL && left.len > 0) {
        const size_t end = span_find(left, '/');
        object = member_of(object, span_of(left.data, end));
        left = end == left.len ? span_of(left.data + end, 0) : span_of(left.data + end + 1, left.len - end - 1);
    }
    return object;
}

struct span json_node_text(const struct json_node *object, const char *name)
{
    const struct json_node *member = json_node_member(object, name);
    return json_node_is(member, NODE_TEXT) ? member->text : (struct span){0};
}

bool json_node_is(const struct json_node *node, enum json_node_kind kind)
{
    return node != NULL && node->kind == kind;
}

static bool children_equal(const struct json_node *a, const struct json_node *b)
{
    if (a->count != b->count) {
        return false;
    }
    const struct json_node *other = b->first;
    for (const struct json_node *child = a->first; child != NULL; child = child->next) {
        if (a->kind == NODE_OBJECT) {
            other = member_of(b, child->name);
        }
        if (other == NULL || !json_node_equal(child, other)) {
            return false;
        }
        other = other->next;
    }
    return true;
}

bool json_node_equal(const struct json_node *a, const struct json_node *b)
{
    if (a == NULL || b == NULL || a->kind != b->kind) {
        return a == b;
    }
    switch (a->kind) {
    case NODE_INTEGER:
        return a->integer == b->integer;
    case NODE_REAL:
        return a->real <= b->real && a->real >= b->real;
    case NODE_TEXT:
        return span_equal(a->text, b->text);
    case NODE_LIST:
    case NODE_OBJECT:
        return children_equal(a, b);
    case NODE_NULL:
    case NODE_FALSE:
    case NODE_TRUE:
        break;
    }
    return true;
}

static enum err write_children(const struct json_node *node, struct buf *out)
{
    const bool object = node->kind == NODE_OBJECT;
    buf_byte(out, object ? '{' : '[');
    for (const struct json_node *child = node->first; child != NULL; child = child->next) {
        if (object) {
            json_string(out, child->name);
            buf_byte(out, ':');
        }
        TRY(json_node_write(child, out));
        if (child->next != NULL) {
            buf_byte(out, ',');
        }
    }
    buf_byte(out, object ? '}' : ']');
    return OK;
}

enum err json_node_write(const struct json_node *node, struct buf *out)
{
    ASSERT(node != NULL);
    switch (node->kind) {
    case NODE_NULL:
        buf_text(out, "null");
        break;
    case NODE_FALSE:
        buf_text(out, "false");
        break;
    case NODE_TRUE:
        buf_text(out, "true");
        break;
    case NODE_INTEGER:
        buf_i64(out, node->integer);
        break;
    case NODE_REAL:
        return ERR_UNSUPPORTED;
    case NODE_TEXT:
        json_string(out, node->text);
        break;
    case NODE_LIST:
    case NODE_OBJECT:
        return write_children(node, out);
    }
    return OK;
}

size_t json_node_size(const struct json_node *node)
{
    size_t size = 24 + 6 * (node->text.len + node->name.len);
    for (const struct json_node *child = node->first; child != NULL; child = child->next) {
        size += json_node_size(child) + 4;
    }
    return size;
}

void json_pointer_token(struct buf *out, struct span name)
{
    char text[JSON_POINTER_TOKEN_MAX];
    struct buf buf = buf_of(text, sizeof text);
    for (size_t i = 0; i < name.len && buf.len + 8 < buf.cap; i++) {
        if (name.data[i] == '~' || name.data[i] == '/') {
            buf_text(&buf, name.data[i] == '~' ? "~0" : "~1");
        } else {
            buf_byte(&buf, name.data[i]);
        }
    }
    while (buf.len > 0 && !span_is_utf8(buf_span(&buf))) {
        buf.len--;
    }
    buf_put(out, buf_span(&buf));
}
