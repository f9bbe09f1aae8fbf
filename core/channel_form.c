/* channel_form.c: a rendering in the form that events have of it. Called by the scheduler for the lock, by gateway and
 * ledger for an approval: what is approved and what is locked are made in one place. Pure. */
#include "core/base/sha256.h"
#include "core/channel.h"

#define RENDER_REFUSED SPAN("render_refused")

static enum err text_copy(struct arena *arena, const char *text, struct span *ret_copy)
{
    return arena_copy(arena, span_text(text), ret_copy);
}

enum err channel_form_refused(const char *message, struct arena *arena, struct locked_target *ret_locked)
{
    ret_locked->code = RENDER_REFUSED;
    return text_copy(arena, message, &ret_locked->message);
}

static const char *first_fatal(const struct channel_rendering *rendering)
{
    for (uint32_t i = 0; i < rendering->violation_count; i++) {
        if (rendering->violations[i].fatal) {
            return rendering->violations[i].message;
        }
    }
    return "There is nothing to send.";
}

/* What people should know of a rendering that can be sent: what is not fatal of its violations. */
static enum err note(const struct channel_rendering *rendering, struct arena *arena, struct locked_target *locked)
{
    char text[sizeof rendering->violations];
    struct buf out = buf_of(text, sizeof text);
    for (uint32_t i = 0; i < rendering->violation_count; i++) {
        buf_text(&out, i == 0 ? "" : " ");
        buf_text(&out, rendering->violations[i].message);
    }
    return rendering->violation_count == 0 ? OK : text_copy(arena, buf_terminated(&out), &locked->message);
}

enum err channel_form(const struct channel_rendering *rendering, int64_t created_ms, struct arena *arena,
                      struct locked_target *ret_locked)
{
    if (channel_has_fatal(rendering) || rendering->part_count == 0) {
        return channel_form_refused(first_fatal(rendering), arena, ret_locked);
    }
    TRY(note(rendering, arena, ret_locked));
    ret_locked->parts = arena_alloc(arena, rendering->part_count * sizeof *ret_locked->parts);
    if (ret_locked->parts == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < rendering->part_count; i++) {
        const struct channel_part *part = &rendering->parts[i];
        ret_locked->parts[i] = (struct locked_part){
            .key = SPAN(""), .created_ms = created_ms + i, .payload = part->bytes, .comment = part->comment};
        sha256(part->bytes, ret_locked->parts[i].payload_hash.bytes);
    }
    ret_locked->parts_count = rendering->part_count;
    return OK;
}
