/* bluesky_text.h: what a text for Bluesky names (links, mentions, hashtags) and how a long one becomes several. Pure.
 */
#ifndef OPENPOST_ADAPTERS_BLUESKY_TEXT_H
#define OPENPOST_ADAPTERS_BLUESKY_TEXT_H

#include "core/base/arena.h"

#define BLUESKY_CLUSTERS_MAX 300u    /* lexicon app.bsky.feed.post: text, maxGraphemes */
#define BLUESKY_BYTES_MAX 3000u      /* the same: maxLength */
#define BLUESKY_TAG_CLUSTERS_MAX 64u /* lexicon app.bsky.richtext.facet: tag */
#define BLUESKY_TAG_BYTES_MAX 640u
#define BLUESKY_HANDLE_MAX 253u /* atproto: a handle is a domain name */

enum bluesky_mark_kind { MARK_LINK, MARK_MENTION, MARK_TAG };

/* One thing that a text names. */
struct bluesky_mark {
    enum bluesky_mark_kind kind;
    uint32_t start;    /* byte of the text, inclusive; at the '@' or '#' */
    uint32_t end;      /* byte of the text, exclusive */
    struct span value; /* borrowed from the text: the URL; the handle without '@'; the tag without '#' */
};

struct bluesky_marks {
    const struct bluesky_mark *items; /* by start, never overlapping */
    uint32_t count;
};

/* bluesky_marks_find lists what text names, in the arena; ERR_NO_MEMORY. Links are explicit http and https URLs; a
 * mention is '@' and a handle (a domain name with at least one dot) after white space or an opening bracket; a tag is
 * '#' and at least one character that is neither digit nor punctuation, after white space. */
enum err bluesky_marks_find(struct span text, struct arena *arena, struct bluesky_marks *ret_marks) MUST_USE;

/* bluesky_text_mentions tells whether text (may be absent) mentions anybody; needs no memory. */
bool bluesky_text_mentions(struct span text);

enum bluesky_split_fault {
    SPLIT_OK,
    SPLIT_TOO_MANY,    /* more pieces than allowed */
    SPLIT_CLUSTER,     /* one grapheme cluster is longer than a part may be */
    SPLIT_UNBREAKABLE, /* a link, mention or tag is longer than a part may be */
};

struct bluesky_pieces {
    enum bluesky_split_fault fault;
    struct span items[32]; /* borrowed from the text, trimmed of white space */
    uint32_t count;
};

#define BLUESKY_PIECES_MAX 32u

/* bluesky_fits tells whether text may be one part; ERR_NO_MEMORY. */
enum err bluesky_fits(struct span text, bool *ret_fits, uint32_t *ret_clusters) MUST_USE;
/* bluesky_split cuts text into at most pieces_max (<= BLUESKY_PIECES_MAX) pieces that each may be one part: at the end
 * of a sentence if the piece is at least half full then, else where a line may be broken, else between two grapheme
 * clusters; never inside a link, mention or tag, never inside a cluster. A text that fits is one piece, as it is.
 * ERR_NO_MEMORY; what cannot be cut is a fault. */
enum err bluesky_split(struct span text, uint32_t pieces_max, struct arena *arena, struct bluesky_pieces *ret_pieces)
    MUST_USE;

#endif
