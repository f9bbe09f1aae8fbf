/* rendering.c: how a target would look on its channel, and what would be wrong with it: the same render that the lock
 * uses, without what only the network knows. */
#include "gateway/rendering.h"
#include "core/base/assert.h"
#include "gateway/gateway.h"

/* ERR_NOT_FOUND: a channel that this build does not know. */
static enum err render(const struct channel_list *channels, const struct post_content_row *content,
                       uint32_t target_index, int64_t created_ms, struct arena *arena,
                       struct channel_rendering *ret_rendering)
{
    ASSERT(target_index < content->targets_count);
    const struct channel_content written = {.parts = content->parts,
                                            .part_count = content->parts_count,
                                            .link = content->link,
                                            .first_comment = content->first_comment};
    return channel_render(channels, &written, &content->targets[target_index], created_ms, arena, ret_rendering);
}

/* Where a violation stands: in the post, whose target it is; in a body that has the one text as content.text, there. */
static void write_param(const char *param, uint32_t target_index, bool one, struct buf *out)
{
    if (span_starts_with(span_text(param), SPAN("/platform_settings"))) {
        buf_text(out, "/targets/");
        buf_u64(out, target_index);
        buf_text(out, param);
    } else {
        buf_text(out, one && strcmp(param, "/content/parts/0/text") == 0 ? "/content/text" : param);
    }
}

static void write_violations(const struct channel_rendering *rendering, uint32_t target_index, bool one,
                             struct buf *out)
{
    buf_byte(out, '[');
    for (uint32_t i = 0; i < rendering->violation_count; i++) {
        const struct channel_violation *violation = &rendering->violations[i];
        buf_text(out, i == 0 ? "{\"code\":" : ",{\"code\":");
        json_string(out, span_text(violation->code));
        buf_text(out, ",\"message\":");
        json_string(out, span_text(violation->message));
        buf_text(out, ",\"param\":\"");
        write_param(violation->param, target_index, one, out); /* made of our own names: nothing to escape */
        buf_text(out, violation->fatal ? "\",\"fatal\":true}" : "\",\"fatal\":false}");
    }
    buf_byte(out, ']');
}

/* One target's two members of a post's answer. */
static enum err write_members(const struct channel_rendering *rendering, uint32_t target_index, struct buf *out)
{
    buf_text(out, "\"rendering\":{\"format\":");
    json_string(out, span_text(rendering->format));
    buf_text(out, ",\"parts\":[");
    for (uint32_t i = 0; i < rendering->part_count; i++) {
        buf_text(out, i == 0 ? "" : ",");
        buf_put(out, rendering->parts[i].bytes);
    }
    buf_text(out, "]},\"violations\":");
    write_violations(rendering, target_index, false, out);
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

static enum err write_rendering(const struct channel_list *channels, struct arena *arena, const struct post_view *post,
                                uint32_t target_index, int64_t created_ms, struct buf *out)
{
    const struct arena_mark mark = arena_mark(arena);
    struct channel_rendering *rendering = arena_room(arena, sizeof *rendering);
    if (rendering == NULL) {
        return ERR_NO_MEMORY;
    }
    enum err err = render(channels, &post->content, target_index, created_ms, arena, rendering);
    if (err == ERR_NOT_FOUND) {
        buf_text(out, "\"rendering\":null,\"violations\":[]");
        err = buf_ok(out) ? OK : ERR_NO_SPACE;
    } else if (err == OK) {
        err = write_members(rendering, target_index, out);
    }
    arena_rewind(arena, mark); /* a page may have thousands of targets */
    return err;
}

/* The instant that the target claims as its creation: as at the lock its own, else the post's. */
static int64_t created_of(const struct post_view *post, uint32_t target_index)
{
    const struct target_row *target = &post->row.targets[target_index];
    const int64_t own_ms = target->due_ms != 0 ? target->due_ms : target->at_ms;
    return own_ms != 0 ? own_ms : post->row.publish_at_ms != 0 ? post->row.publish_at_ms : post->row.created_ms;
}

enum err rendering_write(void *context, struct arena *arena, const struct post_view *post, uint32_t target_index,
                         struct buf *out)
{
    const struct channel_list *channels = context;
    return write_rendering(channels, arena, post, target_index, created_of(post, target_index), out);
}

enum err rendering_present(void *context, struct arena *arena, const struct post_view *post, uint32_t target_index,
                           struct buf *out)
{
    struct gateway *gateway = context;
    const struct id *target_id = &post->content.targets[target_index].target_id;
    const int64_t created_ms = created_of(post, target_index);
    if (memo_get(&gateway->memo, target_id, post->row.version, created_ms, out)) {
        return buf_ok(out) ? OK : ERR_NO_SPACE;
    }
    const size_t start = out->len;
    TRY(write_rendering(gateway->channels, arena, post, target_index, created_ms, out));
    memo_put(&gateway->memo, target_id, post->row.version, created_ms, span_of(out->data + start, out->len - start));
    return OK;
}

/* What a check has rendered, until the ledger has taken the content. */
struct rendered {
    struct rendered *next;
    struct id target_id;
    int64_t created_ms;
    struct span members;
};

/* Sets a target's rendering aside, and forgets all that was handed out since the mark to make it. A long one, or one
 * for which there is no memory, is rendered again when it is shown. */
static void set_aside(struct exchange *x, struct arena_mark mark, const struct id *target_id, uint32_t target_index,
                      int64_t created_ms, const struct channel_rendering *rendering)
{
    struct arena *arena = &x->request->arena;
    uint8_t *bytes = arena_room(arena, MEMO_BYTES_MAX);
    struct buf members = buf_of(bytes, bytes == NULL ? 0 : MEMO_BYTES_MAX);
    if (write_members(rendering, target_index, &members) != OK) {
        arena_rewind(arena, mark);
        return;
    }
    const struct span kept = arena_keep(arena, mark, buf_span(&members));
    struct rendered *rendered = arena_room(arena, sizeof *rendered);
    if (rendered != NULL) {
        *rendered =
            (struct rendered){.next = x->rendered, .target_id = *target_id, .created_ms = created_ms, .members = kept};
        x->rendered = rendered;
    }
}

void rendering_keep(struct exchange *x, uint64_t version)
{
    for (const struct rendered *rendered = x->rendered; rendered != NULL; rendered = rendered->next) {
        memo_put(&x->gateway->memo, &rendered->target_id, version, rendered->created_ms, rendered->members);
    }
    x->rendered = NULL;
}

/* Answers a fatal violation of a target: the first one's place, and all of them. */
static void answer_violations(struct exchange *x, const struct id *target_id, uint32_t target_index,
                              const struct channel_rendering *rendering)
{
    const size_t cap = 8192;
    uint8_t *bytes = arena_alloc(&x->request->arena, cap);
    struct buf more = buf_of(bytes, bytes == NULL ? 0 : cap);
    const bool one = input_some(json_node_member(x->body, "content"), "text") != NULL;
    uint32_t first = 0;
    while (!rendering->violations[first].fatal) {
        first++;
    }
    char text[INPUT_PARAM_MAX];
    struct buf param = buf_of(text, sizeof text);
    write_param(rendering->violations[first].param, target_index, one, &param);
    buf_text(&more, ",\"target_id\":");
    json_id(&more, target_id);
    buf_text(&more, ",\"violations\":");
    write_violations(rendering, target_index, one, &more);
    exchange_problem(x, REFUSED_content_violation, NULL, buf_terminated(&param), buf_terminated(&more));
}

/* The instants that targets have of their own; NULL: no memory. */
static int64_t *instants_of(const struct post_content_row *content, struct arena *arena)
{
    int64_t *at_ms = arena_alloc(arena, (content->targets_count + 1) * sizeof *at_ms);
    for (uint32_t i = 0; at_ms != NULL && i < content->targets_count; i++) {
        at_ms[i] = content->targets[i].at_ms;
    }
    return at_ms;
}

bool rendering_allows(struct exchange *x, const struct post_content_row *content, int64_t created_ms)
{
    x->rendered = NULL;
    if (!content_has_text(content->parts, content->parts_count)) {
        return true; /* content_missing: the ledger says it when its turn has come */
    }
    struct channel_rendering *rendering = arena_room(&x->request->arena, sizeof *rendering);
    const int64_t *at_ms = instants_of(content, &x->request->arena);
    if (rendering == NULL || at_ms == NULL) {
        exchange_failed(x, ERR_NO_MEMORY);
        return false;
    }
    for (uint32_t i = 0; i < content->targets_count; i++) {
        const int64_t own_ms = at_ms[i] != 0 ? at_ms[i] : created_ms;
        if (target_spec_first_alike(content->targets, at_ms, i) < i) {
            continue; /* what is the same has been allowed */
        }
        const struct arena_mark mark = arena_mark(&x->request->arena);
        const enum err err =
            render(x->gateway->channels, content, i, own_ms != 0 ? own_ms : x->now_ms, &x->request->arena, rendering);
        if (err == ERR_NO_MEMORY) { /* nobody could be shown what is about to be written */
            exchange_failed(x, err);
            return false;
        }
        if (err != OK) {
            continue; /* a channel that this build does not know, a variant that cannot be applied: the lock says so */
        }
        const struct id *target_id = &content->targets[i].target_id;
        if (channel_has_fatal(rendering)) {
            answer_violations(x, target_id, i, rendering);
            return false;
        }
        if (own_ms != 0) {
            set_aside(x, mark, target_id, i, own_ms, rendering);
        } else {
            arena_rewind(&x->request->arena, mark);
        }
    }
    return true;
}
