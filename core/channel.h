/* channel.h: what core asks of a platform, without knowing any: its name and limits, and the native form of a post.
 * Each adapter provides its channel, the composition root (tools/openpost.c) hands them to gateway and scheduler.
 * Pure. */
#ifndef OPENPOST_CHANNEL_H
#define OPENPOST_CHANNEL_H

#include "core/base/arena.h"
#include "core/base/limits.h"
#include "core/message/message.h"

/* What a person wrote for one target: the post's content with the target's variant applied. */
struct channel_content {
    const struct content_part *parts;
    uint32_t part_count;
    struct span link;          /* data NULL: none */
    struct span first_comment; /* data NULL: none */
    struct span settings;      /* JSON object of the channel's own; data NULL: none */
};

/* What had to be asked of the network before rendering, as text of the adapter's own (JSON): resolved mentions, the
 * link's card with its uploaded image. data NULL: not asked (preview): the rendering is as good as it can be without;
 * {}: asked, and nothing came: it is the same, and notes what is missing (a violation that is not fatal). */
struct channel_facts {
    struct span json;
};

/* One part in native form. bytes are what will be sent, but for what only an earlier part's answer can give. */
struct channel_part {
    struct span bytes; /* JSON of the platform's own; in the arena */
    bool comment;
};

struct channel_violation {
    bool fatal;
    const char *code;  /* static: text_split, mention_plain, card_plain (not fatal), text_too_long, too_many_parts,
                          text_empty, link_invalid, media_unsupported, settings_invalid, rendering_too_large … */
    char message[160]; /* for people: what, how much, how much is allowed */
    char param[64];    /* JSON pointer into the post: /content/parts/0/text */
};

#define CHANNEL_VIOLATIONS_MAX 16

/* Of a target's parts together: 25 of 3,200 bytes. So what 50 targets get is less than an event may have
 * (LOG_PAYLOAD_MAX), and a post with all of it less than an answer may have. */
#define CHANNEL_BYTES_MAX 80000

struct channel_rendering {
    const char *format; /* static: "post", "thread" */
    struct channel_part parts[LOCKED_PARTS_MAX];
    uint32_t part_count;
    struct channel_violation violations[CHANNEL_VIOLATIONS_MAX];
    uint32_t violation_count;
};

struct channel {
    enum channel_code code;
    const char *name;
    bool keyed; /* its commits carry a key that proves presence and absence */
    /* render fills *ret_rendering; created_ms is the instant that each part claims as its creation (part k: created_ms
     * + k). A text over the limit is split into a thread where the channel has them. Fails only with ERR_NO_MEMORY;
     * what is wrong with the content is a violation. Deterministic. */
    enum err (*render)(const struct channel_content *content, const struct channel_facts *facts, int64_t created_ms,
                       struct arena *arena, struct channel_rendering *ret_rendering);
    /* needs_facts: the content names something that must be asked of the network before the lock (a mention, a link's
     * card). */
    bool (*needs_facts)(const struct channel_content *content);
    /* key writes the key of a part (Bluesky: the rkey, a TID) from the instant and a number, of which the lowest 36
     * bits count: two numbers never give one key, whatever the instants. Nothing where keyed is false. */
    void (*key)(int64_t created_ms, uint64_t number, struct buf *out);
};

struct channel_list {
    const struct channel *const *items;
    size_t count;
};

/* channel_find returns the channel, NULL when it is not in the list. channel_has_fatal tells whether a rendering may
 * not be sent. */
const struct channel *channel_find(const struct channel_list *list, enum channel_code code);
bool channel_has_fatal(const struct channel_rendering *rendering);

/* channel_render_bounded has the channel render content; of a rendering of more than CHANNEL_BYTES_MAX it takes the
 * parts, and says so: a fatal violation. Nobody else calls a channel's render. The arena is left with the parts and
 * little else. ERR_NO_MEMORY. */
enum err channel_render_bounded(const struct channel *channel, const struct channel_content *content,
                                const struct channel_facts *facts, int64_t created_ms, struct arena *arena,
                                struct channel_rendering *ret_rendering) MUST_USE;

/* channel_render renders what a person wrote for a target, as far as it can be without facts. ERR_NOT_FOUND: a channel
 * that is not in the list; as channel_content else. */
enum err channel_render(const struct channel_list *list, const struct channel_content *written,
                        const struct target_spec *target, int64_t created_ms, struct arena *arena,
                        struct channel_rendering *ret_rendering) MUST_USE;

/* channel_form makes of a rendering what an event has of a target: refused with what is wrong, or the parts, of which
 * part k claims created_ms + k, without the keys that a lock gives them, and what people should know. Texts and bytes
 * borrow from the rendering and the arena; target_id is the caller's. ERR_NO_MEMORY. */
enum err channel_form(const struct channel_rendering *rendering, int64_t created_ms, struct arena *arena,
                      struct locked_target *ret_locked) MUST_USE;
/* channel_form_refused makes of a target that cannot be rendered what an event has of it; message is copied. */
enum err channel_form_refused(const char *message, struct arena *arena, struct locked_target *ret_locked) MUST_USE;

/* channel_content applies a target's variant, a JSON object, to what the author wrote: link and first_comment override
 * their like, text or parts the parts (admission.h refuses both); null removes. ERR_MALFORMED, ERR_KIND, ERR_TOO_LONG
 * (parts): the variant is wrong; ERR_NO_MEMORY. The result borrows from its arguments and the arena. */
enum err channel_content(const struct channel_content *written, struct span variant, struct arena *arena,
                         struct channel_content *ret_content) MUST_USE;

#endif
