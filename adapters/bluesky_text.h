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

/* bluesky_marks_find lists what text names, in the arena; ERR_NO_MEMORY. It finds what Bluesky's own client does
 * (detectFacets of the npm package @atproto/api 0.20), but for what is marked with a star below; white space is
 * Unicode's.
 *
 * A mention is '@' and a handle at the text's beginning, after white space or '('. The handle ends before the first
 * character that is no ASCII letter, digit, '-' or '.'; if that is '_', there is none.
 *   * Any domain name of two labels or more, in any case: the client wants a top-level domain of its list, in lower
 *     case. Here the network is asked whose it is, and one that is nobody's stays plain text.
 * A tag is '#' or U+FF03 and what follows it up to white space or an invisible character, without the punctuation at
 * its end, at the text's beginning or after white space; at least one character is neither ASCII digit nor
 * punctuation; at most 64 clusters.
 *   * And at most 640 bytes, which the lexicon wants and the client does not look at.
 *   * No cashtags: "$ABC" is a sum or a variable as often as a share.
 * A link is a URL with http:// or https:// and everything up to white space, without the punctuation at its end and
 * a ')' that it does not open.
 *   * Only with its scheme. The client also links "example.com" when its last label is on the list of top-level
 *     domains, which grows by the month: README.md and script.sh are somebody's addresses there. What an agency
 *     publishes leads only to where somebody wrote that it leads.
 *   * HTTP:// in capitals, too; and after any character but an ASCII letter or digit, as in Japanese, quotes and
 *     brackets, where the client links nothing. It ends before '<', '>' and '"'.
 *   * All the punctuation at its end is taken off, with "'" and any bracket that it does not open; the client takes
 *     one character and one ')', so that "https://a.example..." leads nowhere. The host begins with a letter, a digit,
 *     '[' or outside ASCII.
 * Marks never overlap (*): of two the one that begins first. */
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

/* Texts of more bytes are not counted in clusters: that takes 30 us for each thousand, and such a text is too long
 * whatever comes out. */
#define BLUESKY_COUNTED_MAX (10 * BLUESKY_BYTES_MAX)

/* bluesky_fits tells whether text may be one part, and how many clusters it has; 0: they were not counted.
 * ERR_NO_MEMORY. */
enum err bluesky_fits(struct span text, bool *ret_fits, uint32_t *ret_clusters) MUST_USE;
/* bluesky_split cuts text into at most pieces_max (<= BLUESKY_PIECES_MAX) pieces that each may be one part: at the end
 * of a sentence if the piece is at least half full then, else where a line may be broken, else between two grapheme
 * clusters; never inside a link, mention or tag, never inside a cluster. A text that fits is one piece, as it is.
 * ERR_NO_MEMORY; what cannot be cut is a fault. */
enum err bluesky_split(struct span text, uint32_t pieces_max, struct arena *arena, struct bluesky_pieces *ret_pieces)
    MUST_USE;

#endif
