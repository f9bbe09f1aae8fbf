/* words.h: a text as the words that people look for it by, and what they look for. Pure; the characters' classes are
 * text_measure.h's.
 *
 * Words are folded (text_fold: neither case, width nor the way in which a character is composed counts; an accent
 * does), and everything that is no letter, digit or mark stands between them: "It's #Spring_2026!" has it, s, spring,
 * 2026. Scripts that put no space between their words (Han, kana, Hangul, Thai, Khmer, …), and emoji, have no words
 * that two people would agree on: a run of such characters is one word here, dense, of which any stretch may be looked
 * for. No dictionary has a say in it, so that what a text holds depends on the characters' properties alone. */
#ifndef OPENPOST_TEXT_WORDS_H
#define OPENPOST_TEXT_WORDS_H

#include "core/base/arena.h"

/* words_of writes into the arena the words of text (well-formed UTF-8), in its order, a space between each two; empty:
 * it has none. ERR_NO_MEMORY. */
enum err words_of(struct span text, struct arena *arena, struct span *ret_words) MUST_USE;

/* One thing that is looked for: words that follow one another in one text. */
struct sought {
    struct span words; /* as words_of writes them, one at least */
    bool prefix;       /* the last of them may go on */
};

#define SOUGHT_MAX 64 /* as many words as a page of results could be asked for by pasting a sentence or two */

struct words_query {
    struct sought items[SOUGHT_MAX]; /* all of them have to be found, each wherever */
    uint32_t count;
};

/* words_query_read reads what a person types: words, of which the last may go on where nothing follows it; words in
 * quotation marks (", or those that are typeset) have to follow one another and are whole. An open quotation ends with
 * the text. There are no operators: other signs stand between words. ERR_MISSING: no word; ERR_RANGE: more than
 * SOUGHT_MAX; ERR_NO_MEMORY. The query lives in the arena. */
enum err words_query_read(struct span text, struct arena *arena, struct words_query *ret_query) MUST_USE;

/* words_hold tells whether words, as words_of wrote them, hold what is sought. */
bool words_hold(struct span words, const struct sought *sought);

/* What an index keeps of words: each word, cut after TERM_BYTES_MAX; of a dense one each two neighbours, and the last
 * character. Who looks for a text looks for the terms of what is sought: a text that holds it has all of them. */
#define TERM_BYTES_MAX 64 /* longer words are nearly all alike: hashes, tokens, a language's longest word has 60 */

struct term {
    struct span text;
    bool prefix; /* terms that begin so */
};

struct term_walk {
    struct span words;
    size_t at;
    size_t end;  /* of the present word */
    bool dense;  /* it is */
    bool sought; /* these are the terms to look for, not those that are kept */
    bool prefix; /* of what is sought */
};

/* term_walk_kept begins with the terms that are kept of words, term_walk_sought with those to look for. term_walk_next
 * gives the next, false: there is none; the same one may come again. Terms borrow from the words. */
struct term_walk term_walk_kept(struct span words);
struct term_walk term_walk_sought(const struct sought *sought);
bool term_walk_next(struct term_walk *walk, struct term *ret_term);

#endif
