/* channel_content.c: what an account gets of a post: the post's content with the target's variant, which is JSON from
 * outside, applied. Called by gateway, ledger and scheduler through channel.h. Pure. */
#include "core/channel.h"
#include "core/message/json_read.h"

/* A member that is text or null; absent leaves *text alone. */
static enum err apply_text(const struct json_node *variant, const char *name, struct span *text)
{
    const struct json_node *member = json_node_member(variant, name);
    if (member == NULL) {
        return OK;
    }
    if (!json_node_is(member, NODE_TEXT) && !json_node_is(member, NODE_NULL)) {
        return ERR_KIND;
    }
    *text = member->text;
    return OK;
}

static enum err apply_parts(const struct json_node *parts, struct arena *arena, struct channel_content *content)
{
    if (!json_node_is(parts, NODE_LIST)) {
        return ERR_KIND;
    }
    if (parts->count > PARTS_MAX) {
        return ERR_TOO_LONG;
    }
    struct content_part *items = arena_alloc(arena, sizeof *items * (parts->count + 1));
    if (items == NULL) {
        return ERR_NO_MEMORY;
    }
    uint32_t count = 0;
    for (const struct json_node *part = parts->first; part != NULL; part = part->next) {
        items[count].text = json_node_text(part, "text");
        if (items[count].text.data == NULL) {
            return ERR_KIND;
        }
        count++;
    }
    content->parts = items;
    content->part_count = count;
    return OK;
}

/* text and parts are two forms of the same: either replaces both. */
static enum err apply_what_it_says(const struct json_node *variant, struct arena *arena,
                                   struct channel_content *content)
{
    struct span text = {0};
    const struct json_node *parts = json_node_member(variant, "parts");
    TRY(apply_text(variant, "text", &text));
    if (parts != NULL && !json_node_is(parts, NODE_NULL)) {
        return apply_parts(parts, arena, content);
    }
    if (text.data != NULL) {
        struct content_part *one = arena_alloc(arena, sizeof *one);
        if (one == NULL) {
            return ERR_NO_MEMORY;
        }
        one->text = text;
        content->parts = one;
        content->part_count = 1;
    } else if (parts != NULL || json_node_member(variant, "text") != NULL) {
        content->part_count = 0;
    }
    return OK;
}

enum err channel_content(const struct channel_content *written, struct span variant, struct arena *arena,
                         struct channel_content *ret_content)
{
    struct channel_content content = *written;
    if (variant.data != NULL) {
        const struct json_node *node = NULL;
        TRY(json_read(variant, arena, &node));
        if (!json_node_is(node, NODE_OBJECT)) {
            return ERR_KIND;
        }
        TRY(apply_text(node, "link", &content.link));
        TRY(apply_text(node, "first_comment", &content.first_comment));
        TRY(apply_what_it_says(node, arena, &content));
    }
    *ret_content = content;
    return OK;
}
