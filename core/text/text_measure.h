/* text_measure.h: where the units of a text begin and end, what its characters are, which texts are the same to people.
 * text_measure.c is the one file that knows ICU.
 *
 * All offsets are bytes of UTF-8. Texts must be well-formed UTF-8 (span_is_utf8). */
#ifndef OPENPOST_TEXT_TEXT_MEASURE_H
#define OPENPOST_TEXT_TEXT_MEASURE_H

#include "core/base/arena.h"

enum text_unit {
    TEXT_CLUSTER,  /* extended grapheme clusters, what people call a character (UAX #29) */
    TEXT_SENTENCE, /* sentences (UAX #29) */
    TEXT_LINE,     /* places where a line may be broken (UAX #14) */
};

/* The ends of a text's units, ascending; the last is the text's length. An empty text has none. */
struct text_breaks {
    const uint32_t *ends;
    uint32_t count;
};

/* text_breaks_find lists the ends of the units of text in the arena; ERR_NO_MEMORY. text_clusters counts grapheme
 * clusters; ERR_NO_MEMORY. */
enum err text_breaks_find(struct span text, enum text_unit unit, struct arena *arena, struct text_breaks *ret_breaks)
    MUST_USE;
enum err text_clusters(struct span text, uint32_t *ret_count) MUST_USE;

/* text_fold writes into the arena what a text has in common with those that people take for the same: toNFKC_Casefold
 * (Unicode 3.13, R5), without case, ways of composing, widths and invisible characters. ERR_NO_MEMORY. */
enum err text_fold(struct span text, struct arena *arena, struct span *ret_folded) MUST_USE;

/* text_version names the characters' properties that all of this depends on (Unicode's version as ICU has it): what was
 * kept of texts under another one has to be made again. */
uint32_t text_version(void);

/* What a character is to whoever looks for words. */
enum text_kind {
    TEXT_BETWEEN, /* white space, punctuation, signs */
    TEXT_WORD,    /* a letter or a number */
    TEXT_MARK,    /* it stands on the character before it */
    TEXT_DENSE,   /* of a script that puts no space between words, or an emoji */
};

enum text_kind text_kind(uint32_t c);

/* text_next returns the code point at *at (< text.len) and moves *at behind it. */
uint32_t text_next(struct span text, size_t *at);

/* text_is_space: White_Space. text_is_punctuation: general category P. text_is_invisible: soft hyphen, word joiner,
 * zero-width space and the like, which end a hashtag without being seen. */
bool text_is_space(uint32_t c);
bool text_is_punctuation(uint32_t c);
bool text_is_invisible(uint32_t c);
/* text_trim takes white space off both ends. */
struct span text_trim(struct span text);

#endif
