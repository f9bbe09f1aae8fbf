/* bluesky_render.c: a post's content as the records of a thread, and what of it breaks a limit. Called by the gateway
 * (preview, violations) and by the scheduler (the lock). Pure: instants, resolved mentions and the link's card come in
 * as arguments. */
#include "adapters/bluesky.h"

#include "adapters/bluesky_text.h"
#include "adapters/guard.h"
#include "core/base/assert.h"
#include "core/message/codec.h"
#include "core/message/json_read.h"
#include "core/text/text_measure.h"

#define KEY_TIME_BITS 26 /* of microseconds that a number takes the place of: 67 s */
#define KEY_NUMBER_BITS (KEY_TIME_BITS + 10)

struct renderer {
    const struct channel_content *content;
    struct arena *arena;
    int64_t created_ms;
    struct span langs; /* JSON; data NULL: none */
    bool single;       /* settings.format is "post": never split */
    const struct json_node *facts;
    struct channel_rendering *rendering;
};

static void note(struct renderer *renderer, bool fatal, const char *code, const char *param, const char *message)
{
    struct channel_rendering *rendering = renderer->rendering;
    if (rendering->violation_count == CHANNEL_VIOLATIONS_MAX) {
        return; /* enough to work on */
    }
    struct channel_violation *violation = &rendering->violations[rendering->violation_count];
    rendering->violation_count++;
    *violation = (struct channel_violation){.fatal = fatal, .code = code};
    struct buf out = buf_of(violation->message, sizeof violation->message - 1);
    buf_text(&out, message);
    struct buf pointer = buf_of(violation->param, sizeof violation->param - 1);
    buf_text(&pointer, param);
    ASSERT(buf_ok(&out));
    ASSERT(buf_ok(&pointer));
}

static void violate(struct renderer *renderer, const char *code, const char *param, const char *message)
{
    note(renderer, true, code, param, message);
}

/* "The text is longer than one post: it becomes a thread of 3." */
static void warn_split(struct renderer *renderer)
{
    char message[160];
    struct buf out = buf_of(message, sizeof message);
    buf_text(&out, "The text is longer than one post: it becomes a thread of ");
    buf_u64(&out, renderer->rendering->part_count);
    buf_text(&out, ".");
    note(renderer, false, "text_split", renderer->content->part_count == 1 ? "/content/parts/0/text" : "/content/parts",
         buf_terminated(&out));
}

/* "The text has 301 characters and 301 bytes; Bluesky takes 300 and 3000." */
static void violate_length(struct renderer *renderer, const char *param, uint32_t clusters, size_t bytes)
{
    char message[160];
    struct buf out = buf_of(message, sizeof message);
    buf_text(&out, "The text has ");
    if (clusters > 0) {
        buf_u64(&out, clusters);
        buf_text(&out, " characters and ");
    }
    buf_u64(&out, bytes);
    buf_text(&out, " bytes; Bluesky takes ");
    buf_u64(&out, BLUESKY_CLUSTERS_MAX);
    buf_text(&out, " and ");
    buf_u64(&out, BLUESKY_BYTES_MAX);
    buf_text(&out, ".");
    violate(renderer, "text_too_long", param, buf_terminated(&out));
}

/* A language tag as BCP 47 shapes it: subtags of 1 to 8 letters and digits, the first of 2 or 3 letters. */
static bool is_lang(const struct json_node *node)
{
    if (!json_node_is(node, NODE_TEXT) || node->text.len > 35) {
        return false;
    }
    size_t subtag = 0;
    bool first = true;
    for (size_t i = 0; i <= node->text.len; i++) {
        const uint8_t c = i < node->text.len ? node->text.data[i] : '-';
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (c == '-') {
            if (subtag == 0 || subtag > 8 || (first && (subtag < 2 || subtag > 3))) {
                return false;
            }
            first = false;
            subtag = 0;
        } else if (letter || (!first && c >= '0' && c <= '9')) {
            subtag++;
        } else {
            return false;
        }
    }
    return true;
}

static enum err read_langs(struct renderer *renderer, const struct json_node *langs)
{
    bool good = json_node_is(langs, NODE_LIST) && langs->count <= BLUESKY_LANGS_MAX;
    for (const struct json_node *lang = good ? langs->first : NULL; lang != NULL; lang = lang->next) {
        good = good && is_lang(lang);
    }
    if (!good) {
        violate(renderer, "settings_invalid", "/platform_settings/langs",
                "langs is a list of at most 3 language tags such as \"en\" or \"pt-BR\".");
        return OK;
    }
    if (langs->count == 0) {
        return OK;
    }
    const size_t cap = json_node_size(langs);
    uint8_t *bytes = arena_alloc(renderer->arena, cap);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf out = buf_of(bytes, cap);
    TRY(json_node_write(langs, &out));
    renderer->langs = buf_span(&out);
    return OK;
}

static enum err read_setting(struct renderer *renderer, const struct json_node *setting)
{
    if (span_equal(setting->name, SPAN("langs"))) {
        return read_langs(renderer, setting);
    }
    if (span_equal(setting->name, SPAN("format"))) {
        const bool post = json_node_is(setting, NODE_TEXT) && span_equal(setting->text, SPAN("post"));
        const bool thread = json_node_is(setting, NODE_TEXT) && span_equal(setting->text, SPAN("thread"));
        if (!post && !thread) {
            violate(renderer, "settings_invalid", "/platform_settings/format", "format is \"post\" or \"thread\".");
        }
        renderer->single = post;
        return OK;
    }
    violate(renderer, "settings_invalid", "/platform_settings",
            "Bluesky's settings are langs and format; there is another one here.");
    return OK;
}

static enum err read_settings(struct renderer *renderer)
{
    const struct span settings = renderer->content->settings;
    if (settings.data == NULL) {
        return OK;
    }
    const struct json_node *root = NULL;
    const enum err err = json_read(settings, renderer->arena, &root);
    if (err == ERR_NO_MEMORY) {
        return err;
    }
    if (err != OK || !json_node_is(root, NODE_OBJECT)) {
        violate(renderer, "settings_invalid", "/platform_settings", "The settings are not a JSON object.");
        return OK;
    }
    for (const struct json_node *setting = root->first; setting != NULL; setting = setting->next) {
        TRY(read_setting(renderer, setting));
    }
    return OK;
}

/* Facts are our own adapter's words; unreadable ones count as not asked. */
static enum err read_facts(struct renderer *renderer, const struct channel_facts *facts)
{
    if (facts == NULL || facts->json.data == NULL) {
        return OK;
    }
    const enum err err = json_read(facts->json, renderer->arena, &renderer->facts);
    return err == ERR_NO_MEMORY ? err : OK;
}

/* The card of the link as app.bsky.embed.external; without facts, what is certain: the address, and its host for a
 * title. */
static enum err write_embed(struct renderer *renderer, struct span *ret_embed)
{
    const struct span link = renderer->content->link;
    struct guard_url url;
    if (link.data == NULL) {
        return OK;
    }
    if (guard_url_parse(link, &url) != OK) {
        violate(renderer, "link_invalid", "/content/link", "The link is not an absolute http or https URL.");
        return OK;
    }
    const struct json_node *card = json_node_member(renderer->facts, "card");
    if (!span_equal(json_node_text(card, "uri"), link)) {
        card = NULL; /* of another link */
    }
    const struct span title = json_node_text(card, "title");
    const struct span description = json_node_text(card, "description");
    const struct json_node *thumb = json_node_member(card, "thumb");
    const size_t cap =
        256 + 6 * (link.len + title.len + description.len + url.host.len) + (thumb == NULL ? 0 : json_node_size(thumb));
    uint8_t *bytes = arena_alloc(renderer->arena, cap);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf out = buf_of(bytes, cap);
    buf_text(&out, "{\"$type\":\"app.bsky.embed.external\",\"external\":{\"uri\":");
    json_string(&out, link);
    buf_text(&out, ",\"title\":");
    json_string(&out, title.len > 0 ? title : url.host);
    buf_text(&out, ",\"description\":");
    json_string(&out, span_of(description.len > 0 ? description.data : (const uint8_t *)"", description.len));
    if (json_node_is(thumb, NODE_OBJECT)) {
        buf_text(&out, ",\"thumb\":");
        TRY(json_node_write(thumb, &out));
    }
    buf_text(&out, "}}");
    ASSERT(buf_ok(&out));
    *ret_embed = buf_span(&out);
    return OK;
}

static enum err add_part(struct renderer *renderer, struct span text, struct span embed, bool comment)
{
    struct channel_rendering *rendering = renderer->rendering;
    ASSERT(rendering->part_count < LOCKED_PARTS_MAX);
    struct channel_part *part = &rendering->parts[rendering->part_count];
    part->comment = comment;
    TRY(bluesky_record(text, renderer->created_ms + rendering->part_count, renderer->langs, embed,
                       json_node_member(renderer->facts, "mentions"), renderer->arena, &part->bytes));
    rendering->part_count++;
    return OK;
}

/* Judges one written text; *ret_text is what of it would be sent, data NULL when nothing can. */
static enum err check_text(struct renderer *renderer, struct span text, const char *param, bool may_be_empty,
                           struct span *ret_text)
{
    if (!span_is_utf8(text)) {
        violate(renderer, "text_invalid", param, "The text is not UTF-8.");
        return OK;
    }
    const struct span trimmed = text_trim(text);
    if (trimmed.len == 0 && !may_be_empty) {
        violate(renderer, "text_empty", param, "The text is empty.");
        return OK;
    }
    *ret_text = span_of(text.len == 0 ? (const uint8_t *)"" : trimmed.data, trimmed.len);
    return OK;
}

static void violate_split(struct renderer *renderer, enum bluesky_split_fault fault, const char *param)
{
    if (fault == SPLIT_TOO_MANY) {
        violate(renderer, "too_many_parts", param, "The text would make a thread of more than 25 posts.");
    } else if (fault == SPLIT_UNBREAKABLE) {
        violate(renderer, "text_too_long", param, "A link in the text is longer than the 300 characters of a post.");
    } else {
        violate(renderer, "text_too_long", param, "One character of the text is longer than the 3000 bytes of a post.");
    }
}

static enum err render_part(struct renderer *renderer, uint32_t index, struct span embed)
{
    char param[64];
    struct buf pointer = buf_of(param, sizeof param);
    buf_text(&pointer, "/content/parts/");
    buf_u64(&pointer, index);
    buf_text(&pointer, "/text");
    (void)buf_terminated(&pointer);
    struct span text = {0};
    TRY(check_text(renderer, renderer->content->parts[index].text, param, embed.data != NULL, &text));
    if (text.data == NULL) {
        return OK;
    }
    bool fits = false;
    uint32_t clusters = 0;
    TRY(bluesky_fits(text, &fits, &clusters));
    if (!fits && renderer->single) {
        violate_length(renderer, param, clusters, text.len);
        return OK;
    }
    const uint32_t room = PARTS_MAX - renderer->rendering->part_count;
    if (room == 0) {
        violate_split(renderer, SPLIT_TOO_MANY, param);
        return OK;
    }
    struct bluesky_pieces pieces; /* of the text: what was needed to find them is not needed any more */
    const struct arena_mark mark = arena_mark(renderer->arena);
    TRY(bluesky_split(text, room, renderer->arena, &pieces));
    arena_rewind(renderer->arena, mark);
    if (pieces.fault != SPLIT_OK) {
        violate_split(renderer, pieces.fault, param);
        return OK;
    }
    for (uint32_t i = 0; i < pieces.count; i++) {
        TRY(add_part(renderer, pieces.items[i], i == 0 ? embed : (struct span){0}, false));
    }
    return OK;
}

static enum err render_comment(struct renderer *renderer)
{
    static const char param[] = "/content/first_comment";
    struct span text = {0};
    if (renderer->content->first_comment.data == NULL) {
        return OK;
    }
    TRY(check_text(renderer, renderer->content->first_comment, param, false, &text));
    if (text.data == NULL) {
        return OK;
    }
    bool fits = false;
    uint32_t clusters = 0;
    TRY(bluesky_fits(text, &fits, &clusters));
    if (!fits) {
        violate_length(renderer, param, clusters, text.len);
        return OK;
    }
    return add_part(renderer, text, (struct span){0}, true);
}

/* Counts the mentions of a text that stay plain, and keeps the first of all. */
static enum err count_plain(const struct renderer *renderer, struct span text, struct span *first, uint32_t *count)
{
    struct bluesky_marks marks;
    const struct arena_mark before = arena_mark(renderer->arena);
    TRY(bluesky_marks_find(text, renderer->arena, &marks));
    for (uint32_t i = 0; i < marks.count; i++) {
        const struct bluesky_mark *mark = &marks.items[i];
        const struct json_node *mentions = json_node_member(renderer->facts, "mentions");
        if (mark->kind == MARK_MENTION && bluesky_mention_did(mentions, mark->value).data == NULL) {
            *first = *count == 0 ? mark->value : *first;
            (*count)++;
        }
    }
    arena_rewind(renderer->arena, before);
    return OK;
}

/* "@bob.test and 2 more stay plain text: …" */
static enum err note_mentions(struct renderer *renderer)
{
    enum { SHOWN_MAX = 64 };

    const struct channel_content *content = renderer->content;
    struct span first = {0};
    uint32_t count = 0;
    for (uint32_t i = 0; i < content->part_count; i++) {
        TRY(count_plain(renderer, content->parts[i].text, &first, &count));
    }
    TRY(count_plain(renderer, content->first_comment, &first, &count));
    if (count == 0) {
        return OK;
    }
    char message[160];
    struct buf out = buf_of(message, sizeof message);
    buf_text(&out, "@");
    buf_put(&out, span_cut(first, SHOWN_MAX));
    if (count > 1) {
        buf_text(&out, " and ");
        buf_u64(&out, count - 1);
        buf_text(&out, " more");
    }
    buf_text(&out, count > 1 ? " stay" : " stays");
    buf_text(&out, " plain text: nobody has the handle, or the network did not say who.");
    note(renderer, false, "mention_plain", "/content", buf_terminated(&out));
    return OK;
}

/* Notes what the network was asked for and did not give. */
static enum err note_missing(struct renderer *renderer)
{
    if (renderer->facts == NULL) {
        return OK; /* it was not asked */
    }
    const struct json_node *card = json_node_member(renderer->facts, "card");
    if (renderer->content->link.data != NULL && json_node_text(card, "title").len == 0) {
        note(renderer, false, "card_plain", "/content/link",
             "The link's card has no title: its page has none, or could not be read.");
    }
    return note_mentions(renderer);
}

static enum err render(const struct channel_content *content, const struct channel_facts *facts, int64_t created_ms,
                       struct arena *arena, struct channel_rendering *ret_rendering)
{
    struct channel_rendering rendering = {.format = "post"};
    struct renderer renderer = {.content = content, .arena = arena, .created_ms = created_ms, .rendering = &rendering};
    TRY(read_settings(&renderer));
    TRY(read_facts(&renderer, facts));
    struct span embed = {0};
    TRY(write_embed(&renderer, &embed));
    if (content->part_count == 0) {
        violate(&renderer, "text_empty", "/content/parts", "There is no text.");
    }
    if (renderer.single && content->part_count > 1) {
        violate(&renderer, "too_many_parts", "/content/parts", "The format \"post\" takes one part.");
    }
    for (uint32_t i = 0; i < content->part_count; i++) {
        TRY(render_part(&renderer, i, i == 0 ? embed : (struct span){0}));
    }
    rendering.format = rendering.part_count > 1 ? "thread" : "post";
    if (rendering.violation_count == 0 && rendering.part_count > content->part_count) {
        warn_split(&renderer);
    }
    TRY(render_comment(&renderer));
    TRY(note_missing(&renderer));
    *ret_rendering = rendering;
    return OK;
}

static bool needs_facts(const struct channel_content *content)
{
    if (content->link.data != NULL) {
        return true;
    }
    for (uint32_t i = 0; i < content->part_count; i++) {
        if (bluesky_text_mentions(content->parts[i].text)) {
            return true;
        }
    }
    return bluesky_text_mentions(content->first_comment);
}

/* A TID (https://atproto.com/specs/tid): 64 bits, the top one zero, 53 of microseconds, 10 of clock id, as 13
 * characters. The number is the lower bits of the time and the clock id, and the instant the others, so that the time
 * lies before the instant, by up to two units of the latter: 134 s. */
static void key(int64_t created_ms, uint64_t number, struct buf *out)
{
    static const char digits[] = "234567abcdefghijklmnopqrstuvwxyz";
    const uint64_t micros = (uint64_t)created_ms * 1000 & (((uint64_t)1 << 53) - 1);
    const uint64_t before = (micros >> KEY_TIME_BITS) - 1;
    const uint64_t tid = before << KEY_NUMBER_BITS | (number & (((uint64_t)1 << KEY_NUMBER_BITS) - 1));
    for (int shift = 60; shift >= 0; shift -= 5) {
        buf_byte(out, (uint8_t)digits[tid >> shift & 31]);
    }
}

const struct channel *bluesky_channel(void)
{
    static const struct channel channel = {.code = CHANNEL_BLUESKY,
                                           .name = "bluesky",
                                           .keyed = true,
                                           .render = render,
                                           .needs_facts = needs_facts,
                                           .key = key};
    return &channel;
}
