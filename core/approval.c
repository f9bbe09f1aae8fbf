/* approval.c: see approval.h. Called by gateway/rendering.c and core/ledger/service_admit.c. */
#include "core/approval.h"

#include "core/base/sha256.h"
#include "core/base/typeid.h"

#define HEADING "openpost approval 1\n"
#define PART_LINE_MAX (20 + 9 + 64 + 1) /* an instant, a word and its blanks, the hash, the line's end */

static enum err render_target(const struct channel_list *channels, const struct approval_source *source, uint32_t index,
                              struct channel_rendering *rendering, struct arena *arena,
                              struct locked_target *ret_locked)
{
    const struct target_spec *spec = &source->targets[index];
    const int64_t created_ms = source->due_ms[index];
    struct locked_target locked = {.target_id = spec->target_id};
    const enum err err = channel_render(channels, &source->content, spec, created_ms, arena, rendering);
    if (err == ERR_NO_MEMORY) {
        return err;
    }
    TRY(err == OK ? channel_form(rendering, created_ms, arena, &locked)
                  : channel_form_refused("This installation cannot render it.", arena, &locked));
    *ret_locked = locked;
    return OK;
}

static enum err hash_of(const struct locked_target *targets, uint32_t count, struct arena *arena, struct hash *ret_hash)
{
    size_t most = sizeof HEADING;
    for (uint32_t i = 0; i < count; i++) {
        most += ID_TEXT_MAX + 1 + (size_t)targets[i].parts_count * PART_LINE_MAX;
    }
    uint8_t *bytes = arena_alloc(arena, most);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf text = buf_of(bytes, most);
    buf_text(&text, HEADING);
    for (uint32_t i = 0; i < count; i++) {
        id_write(&text, &targets[i].target_id);
        buf_byte(&text, '\n');
        for (uint32_t k = 0; k < targets[i].parts_count; k++) {
            const struct locked_part *part = &targets[i].parts[k];
            buf_i64(&text, part->created_ms);
            buf_text(&text, part->comment ? " comment " : " post ");
            buf_hex(&text, span_of(part->payload_hash.bytes, sizeof part->payload_hash.bytes));
            buf_byte(&text, '\n');
        }
    }
    sha256(buf_span(&text), ret_hash->bytes);
    return buf_ok(&text) ? OK : ERR_NO_SPACE;
}

enum err approval_render(const struct channel_list *channels, const struct approval_source *source, struct arena *arena,
                         struct approval_form *ret_form)
{
    struct approval_form form = {.count = 0};
    uint32_t places[TARGETS_MAX] = {0}; /* of each target's in the form */
    struct channel_rendering *rendering = arena_alloc(arena, sizeof *rendering);
    form.targets = arena_alloc(arena, (source->target_count + 1) * sizeof *form.targets);
    if (rendering == NULL || form.targets == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < source->target_count; i++) {
        if (source->due_ms[i] != 0) {
            const uint32_t alike = target_spec_first_alike(source->targets, source->due_ms, i);
            if (alike < i) {
                form.targets[form.count] = form.targets[places[alike]];
                form.targets[form.count].target_id = source->targets[i].target_id;
            } else {
                TRY(render_target(channels, source, i, rendering, arena, &form.targets[form.count]));
            }
            places[i] = form.count;
            form.refused = form.refused || form.targets[form.count].code.data != NULL;
            form.count++;
        }
    }
    TRY(hash_of(form.targets, form.count, arena, &form.sha256));
    *ret_form = form;
    return OK;
}
