/* bluesky_record.c: one part of a thread as an app.bsky.feed.post record: text, instant, languages, facets, embed,
 * always in this order. Called by the rendering. Pure. Facets count UTF-8 bytes and their end is exclusive (lexicon
 * app.bsky.richtext.facet). */
#include "adapters/bluesky.h"

#include "adapters/bluesky_text.h"
#include "core/base/assert.h"
#include "core/calendar/instant.h"
#include "core/message/codec.h"
#include "core/message/json_node.h"

/* Handles compare without case, the facts hold them in lower case. */
struct span bluesky_mention_did(const struct json_node *mentions, struct span handle)
{
    char text[BLUESKY_HANDLE_MAX + 1];
    ASSERT(handle.len <= BLUESKY_HANDLE_MAX);
    for (size_t i = 0; i < handle.len; i++) {
        const uint8_t c = handle.data[i];
        text[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    }
    text[handle.len] = 0;
    return json_node_text(mentions, text);
}

static void write_feature(struct buf *out, const struct bluesky_mark *mark, struct span did)
{
    static const char *const types[] = {[MARK_LINK] = "link", [MARK_MENTION] = "mention", [MARK_TAG] = "tag"};
    static const char *const names[] = {[MARK_LINK] = "uri", [MARK_MENTION] = "did", [MARK_TAG] = "tag"};
    buf_text(out, "{\"index\":{\"byteStart\":");
    buf_u64(out, mark->start);
    buf_text(out, ",\"byteEnd\":");
    buf_u64(out, mark->end);
    buf_text(out, "},\"features\":[{\"$type\":\"app.bsky.richtext.facet#");
    buf_text(out, types[mark->kind]);
    buf_text(out, "\",\"");
    buf_text(out, names[mark->kind]);
    buf_text(out, "\":");
    json_string(out, mark->kind == MARK_MENTION ? did : mark->value);
    buf_text(out, "}]}");
}

static void write_facets(struct buf *out, const struct bluesky_marks *marks, const struct json_node *mentions)
{
    bool first = true;
    for (uint32_t i = 0; i < marks->count; i++) {
        const struct bluesky_mark *mark = &marks->items[i];
        const struct span did =
            mark->kind == MARK_MENTION ? bluesky_mention_did(mentions, mark->value) : (struct span){0};
        if (mark->kind == MARK_MENTION && did.data == NULL) {
            continue;
        }
        buf_text(out, first ? ",\"facets\":[" : ",");
        write_feature(out, mark, did);
        first = false;
    }
    if (!first) {
        buf_byte(out, ']');
    }
}

static size_t most_bytes(struct span text, struct span langs, struct span embed, const struct bluesky_marks *marks,
                         const struct json_node *mentions)
{
    enum { FRAME = 256, FACET = 160 };

    size_t size = FRAME + 6 * text.len + langs.len + embed.len;
    for (uint32_t i = 0; i < marks->count; i++) {
        const struct bluesky_mark *mark = &marks->items[i];
        const size_t did_len = mark->kind == MARK_MENTION ? bluesky_mention_did(mentions, mark->value).len : 0;
        size += FACET + 6 * (mark->kind == MARK_MENTION ? did_len : mark->value.len);
    }
    return size;
}

enum err bluesky_record(struct span text, int64_t created_ms, struct span langs, struct span embed,
                        const struct json_node *mentions, struct arena *arena, struct span *ret_record)
{
    struct bluesky_marks marks;
    const struct arena_mark mark = arena_mark(arena);
    TRY(bluesky_marks_find(text, arena, &marks));
    const size_t cap = most_bytes(text, langs, embed, &marks, mentions);
    uint8_t *bytes = arena_room(arena, cap);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf out = buf_of(bytes, cap);
    buf_text(&out, "{\"$type\":\"" BLUESKY_COLLECTION "\",\"text\":");
    json_string(&out, text);
    buf_text(&out, ",\"createdAt\":\"");
    instant_write(&out, created_ms);
    buf_byte(&out, '"');
    if (langs.data != NULL) {
        buf_text(&out, ",\"langs\":");
        buf_put(&out, langs);
    }
    write_facets(&out, &marks, mentions);
    if (embed.data != NULL) {
        buf_text(&out, ",\"embed\":");
        buf_put(&out, embed);
    }
    buf_byte(&out, '}');
    ASSERT(buf_ok(&out));
    *ret_record = arena_keep(arena, mark, buf_span(&out));
    return OK;
}
