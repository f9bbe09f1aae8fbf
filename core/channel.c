/* channel.c: what is the same for every channel. Called by gateway and ledger (violations) and scheduler (the lock).
 * Pure. */
#include "core/channel.h"

#include <stdio.h>

#include "core/message/json_read.h"

const struct channel *channel_find(const struct channel_list *list, enum channel_code code)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i]->code == code) {
            return list->items[i];
        }
    }
    return NULL;
}

bool channel_has_fatal(const struct channel_rendering *rendering)
{
    for (uint32_t i = 0; i < rendering->violation_count; i++) {
        if (rendering->violations[i].fatal) {
            return true;
        }
    }
    return false;
}

void channel_bound(struct channel_rendering *rendering)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < rendering->part_count; i++) {
        bytes += rendering->parts[i].bytes.len;
    }
    if (bytes <= CHANNEL_BYTES_MAX) {
        return;
    }
    rendering->part_count = 0;
    if (rendering->violation_count == CHANNEL_VIOLATIONS_MAX) {
        rendering->violation_count--;
    }
    struct channel_violation *violation = &rendering->violations[rendering->violation_count];
    *violation = (struct channel_violation){.fatal = true, .code = "rendering_too_large", .param = "/content"};
    (void)snprintf(
        violation->message, sizeof violation->message,
        "%zu bytes in the channel's form; at most %d are allowed: fewer parts, links, mentions and hashtags.", bytes,
        CHANNEL_BYTES_MAX);
    rendering->violation_count++;
}

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
        struct span text = {0};
        TRY(apply_text(node, "link", &content.link));
        TRY(apply_text(node, "first_comment", &content.first_comment));
        TRY(apply_text(node, "text", &text));
        if (text.data != NULL) {
            struct content_part *one = arena_alloc(arena, sizeof *one);
            if (one == NULL) {
                return ERR_NO_MEMORY;
            }
            one->text = text;
            content.parts = one;
            content.part_count = 1;
        }
        const struct json_node *parts = json_node_member(node, "parts");
        if (parts != NULL) {
            TRY(apply_parts(parts, arena, &content));
        }
    }
    *ret_content = content;
    return OK;
}

enum err channel_render(const struct channel_list *list, const struct channel_content *written,
                        const struct target_spec *target, int64_t created_ms, struct arena *arena,
                        struct channel_rendering *ret_rendering)
{
    const struct channel *channel = channel_find(list, (enum channel_code)target->channel);
    if (channel == NULL) {
        return ERR_NOT_FOUND;
    }
    struct channel_content content = *written;
    content.settings = target->settings;
    struct channel_content applied;
    TRY(channel_content(&content, target->variant, arena, &applied));
    const struct channel_facts no_facts = {{0}};
    TRY(channel->render(&applied, &no_facts, created_ms, arena, ret_rendering));
    channel_bound(ret_rendering);
    return OK;
}
