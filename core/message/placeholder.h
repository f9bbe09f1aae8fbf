/* placeholder.h: {{name}} in a template's texts. A name is [a-z0-9_]{1,32}; between braces and name nothing may stand.
 * {{{{ stands for {{ itself. Of a run of braces the leftmost four are that, as long as there are four; of three the
 * first is a brace and the others begin a placeholder; one is a brace. }} needs no such care. Pure. */
#ifndef OPENPOST_MESSAGE_PLACEHOLDER_H
#define OPENPOST_MESSAGE_PLACEHOLDER_H

#include "core/message/message.h"

enum piece_kind {
    PIECE_END,         /* the text is over */
    PIECE_LITERAL,     /* stands in the post as it is */
    PIECE_PLACEHOLDER, /* a placeholder of that name */
    PIECE_WRONG,       /* {{ that begins no placeholder */
};

struct piece {
    enum piece_kind kind;
    struct span text; /* a literal's, or a placeholder's name; borrows from the text that was read */
};

/* placeholder_next takes the next piece off the beginning of *rest. What follows a PIECE_WRONG is read on behind the
 * braces. */
struct piece placeholder_next(struct span *rest);
bool placeholder_name_is_valid(struct span name);

/* placeholder_is_in tells whether {{name}} stands in a text of a post, where nothing stands for anything else. */
bool placeholder_is_in(struct span text, struct span name);

/* The texts of a post where a placeholder may stand, from whatever has them under the same names. */
struct placeholder_texts {
    const struct content_part *parts;
    uint32_t part_count;
    struct span link;
    struct span first_comment;
    const struct target_spec *targets; /* their variants */
    uint32_t target_count;
};

#define PLACEHOLDER_TEXTS(from_)                                                                                     \
    {                                                                                                                \
        .parts = (from_)->parts, .part_count = (from_)->parts_count, .link = (from_)->link,                          \
        .first_comment = (from_)->first_comment, .targets = (from_)->targets, .target_count = (from_)->targets_count \
    }

/* placeholder_blanks writes those of the names that stand in one of the texts, and returns how many they are.
 * ret_blanks may be names. */
uint32_t placeholder_blanks(const struct placeholder_texts *texts, const struct placeholder_ref *names, uint32_t count,
                            struct placeholder_ref *ret_blanks);

/* placeholder_tell appends for people which blanks are left: "Blank: {{a}}, {{b}}." Where not all of them find room it
 * tells how many more there are; out must have PLACEHOLDER_TELL_MIN bytes left. */
#define PLACEHOLDER_TELL_MIN 80
void placeholder_tell(const struct placeholder_ref *blanks, uint32_t count, struct buf *out);

#endif
