/* present_queue.c: an account's queue as JSON, and its next occurrences with who holds each. Called by the gateway and
 * by views.c. Must never name a post that whoever asks does not see: that it fills its occurrence is all that is told.
 */
#include "core/calendar/instant.h"
#include "core/calendar/slots.h"
#include "core/message/codec.h"
#include "projections/present.h"

static enum err done(const struct buf *out)
{
    return buf_ok(out) ? OK : ERR_NO_SPACE;
}

static void put_id(struct buf *out, const char *name, const struct id *id)
{
    buf_text(out, name);
    json_id(out, id);
}

static void put_slot(struct buf *out, const struct weekly_slot *slot)
{
    put_id(out, "{\"id\":", &slot->slot_id);
    buf_text(out, ",\"weekday\":\"");
    buf_text(out, choice_word(&weekday_words, (uint32_t)slot->weekday));
    buf_text(out, "\",\"time\":\"");
    local_write_minute(out, (int)slot->minute);
    buf_text(out, "\"}");
}

static struct span zone_of(const struct weekly_row *queue, const struct workspace_row *workspace)
{
    return queue->timezone.data != NULL ? queue->timezone : workspace->timezone;
}

enum err present_queue(const struct weekly_row *queue, const struct workspace_row *workspace, struct buf *out)
{
    put_id(out, "{\"id\":", &queue->queue_id);
    put_id(out, ",\"integration_id\":", &queue->integration_id);
    put_id(out, ",\"workspace_id\":", &queue->workspace_id);
    buf_text(out, ",\"version\":");
    buf_u64(out, queue_version(queue));
    buf_text(out, ",\"timezone\":");
    json_string_or_null(out, queue->timezone);
    buf_text(out, ",\"clock\":");
    json_string(out, zone_of(queue, workspace));
    buf_text(out, queue->paused ? ",\"paused\":true,\"slots\":[" : ",\"paused\":false,\"slots\":[");
    for (uint32_t i = 0; i < queue->slots_count; i++) {
        buf_text(out, i == 0 ? "" : ",");
        put_slot(out, &queue->slots[i]);
    }
    buf_text(out, "],\"updated_at\":");
    json_time(out, queue->updated_ms);
    buf_text(out, "}");
    return done(out);
}

/* --- the next occurrences --- */

struct preview {
    const struct present *present;
    const struct grant *grant;
    const struct weekly_row *queue;
    struct span zone;
};

/* The target of a post that fills the instant, where it is seen: *ret_seen. */
static enum err find_target(const struct preview *preview, const struct id *post_id, struct id *ret_target_id,
                            bool *ret_seen)
{
    const struct present *present = preview->present;
    const struct arena_mark mark = arena_mark(present->arena);
    struct post_view post;
    const enum err err = posts_get(present->txn, &preview->queue->workspace_id, post_id, present->arena, &post);
    TRY(err == ERR_NOT_FOUND ? ERR_ALTERED : err); /* the ledger's row names it */
    *ret_seen = false;
    for (uint32_t i = 0; i < post.row.targets_count && posts_sees(preview->grant, &post.row); i++) {
        if (id_equal(&post.row.targets[i].integration_id, &preview->queue->integration_id)) {
            *ret_target_id = post.row.targets[i].target_id;
            *ret_seen = true;
        }
    }
    arena_rewind(present->arena, mark);
    return OK;
}

static enum err put_occurrence(const struct preview *preview, int64_t at_ms, struct buf *out)
{
    struct id posts[PREVIEW_HOLDERS_MAX];
    uint32_t count = 0;
    int minutes = 0;
    const struct weekly_row *queue = preview->queue;
    TRY(access_holders(preview->present->txn, &queue->workspace_id, &queue->integration_id, at_ms, posts,
                       PREVIEW_HOLDERS_MAX, &count));
    TRY(zone_offset(preview->present->zones, preview->zone, at_ms, &minutes));
    buf_text(out, "{\"at\":");
    json_time(out, at_ms);
    buf_text(out, ",\"at_local\":\"");
    instant_write_offset(out, at_ms, minutes);
    buf_text(out, count > 0 ? "\",\"filled\":true,\"holders\":[" : "\",\"filled\":false,\"holders\":[");
    uint32_t shown = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct id target_id;
        bool seen = false;
        TRY(find_target(preview, &posts[i], &target_id, &seen));
        if (seen) {
            put_id(out, shown++ == 0 ? "{\"post_id\":" : ",{\"post_id\":", &posts[i]);
            put_id(out, ",\"target_id\":", &target_id);
            buf_text(out, "}");
        }
    }
    buf_text(out, "]}");
    return done(out);
}

enum err present_preview(const struct present *present, const struct grant *grant, const struct weekly_row *queue,
                         const struct workspace_row *workspace, uint32_t count, struct buf *out)
{
    const struct preview preview = {
        .present = present, .grant = grant, .queue = queue, .zone = zone_of(queue, workspace)};
    struct slot_time times[SLOTS_MAX];
    for (uint32_t i = 0; i < queue->slots_count; i++) {
        times[i] = (struct slot_time){.weekday = (int)queue->slots[i].weekday, .minute = (int)queue->slots[i].minute};
    }
    buf_text(out, "{\"data\":[");
    if (queue->slots_count > 0) {
        struct slot_walk walk;
        TRY(slot_walk_begin(present->zones, preview.zone, times, queue->slots_count, present->now_ms + 1, &walk));
        for (uint32_t i = 0; i < count; i++) {
            int64_t at_ms = 0;
            TRY(slot_walk_next(&walk, &at_ms));
            buf_text(out, i == 0 ? "" : ",");
            TRY(put_occurrence(&preview, at_ms, out));
        }
    }
    buf_text(out, "]}");
    return done(out);
}
