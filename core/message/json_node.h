/* json_node.h: a JSON text (RFC 8259) as a tree in an arena: what a client sent or a platform answered. Read with
 * json_read.h, used through these functions, all of which accept NULL where a node may be missing, so that a path can
 * be walked without asking at each step. */
#ifndef OPENPOST_MESSAGE_JSON_NODE_H
#define OPENPOST_MESSAGE_JSON_NODE_H

#include "core/base/arena.h"

enum json_node_kind {
    NODE_NULL,
    NODE_FALSE,
    NODE_TRUE,
    NODE_INTEGER,
    NODE_REAL,
    NODE_TEXT,
    NODE_LIST,
    NODE_OBJECT,
};

struct json_node {
    enum json_node_kind kind;
    struct span name;              /* of a member; data NULL otherwise */
    struct span text;              /* NODE_TEXT: unescaped UTF-8 */
    int64_t integer;               /* NODE_INTEGER */
    double real;                   /* NODE_REAL */
    const struct json_node *first; /* of a list or object, in the order of the text */
    const struct json_node *next;  /* the sibling after */
    uint32_t count;                /* children */
};

/* json_node_member returns an object's member, NULL when absent or not an object. json_node_path follows names
 * separated by '/'. */
const struct json_node *json_node_member(const struct json_node *object, const char *name);
const struct json_node *json_node_path(const struct json_node *object, const char *path);
/* json_node_text returns a text member; data NULL when absent or of another kind. */
struct span json_node_text(const struct json_node *object, const char *name);
bool json_node_is(const struct json_node *node, enum json_node_kind kind);
/* json_node_equal compares values: the order of members does not count, that of a list's items does. */
bool json_node_equal(const struct json_node *a, const struct json_node *b);
/* json_node_write appends the value as JSON, members in the tree's order. ERR_UNSUPPORTED for a real number (no format
 * of ours has any); *out may overflow. json_node_size tells how many bytes suffice. */
enum err json_node_write(const struct json_node *node, struct buf *out) MUST_USE;
size_t json_node_size(const struct json_node *node);
/* json_pointer_token appends a member's name as one token of a JSON pointer (RFC 6901: '~' and '/' escaped), cut where
 * it would be longer than JSON_POINTER_TOKEN_MAX bytes, never inside a character. */
#define JSON_POINTER_TOKEN_MAX 63
void json_pointer_token(struct buf *out, struct span name);

#endif
