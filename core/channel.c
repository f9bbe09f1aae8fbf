/* channel.c: what is the same for every channel. Called by gateway and ledger (violations) and scheduler (the lock).
 * Pure. */
#include "core/channel.h"

#include <stdio.h>

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

/* Takes the parts of a rendering that has more than CHANNEL_BYTES_MAX, and says so: a fatal violation. */
static void bound(struct channel_rendering *rendering)
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

enum err channel_render_bounded(const struct channel *channel, const struct channel_content *content,
                                const struct channel_facts *facts, int64_t created_ms, struct arena *arena,
                                struct channel_rendering *ret_rendering)
{
    const struct arena_mark mark = arena_mark(arena);
    TRY(channel->render(content, facts, created_ms, arena, ret_rendering));
    bound(ret_rendering);
    if (ret_rendering->part_count == 0) {
        arena_rewind(arena, mark);
    }
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
    return channel_render_bounded(channel, &applied, &no_facts, created_ms, arena, ret_rendering);
}
