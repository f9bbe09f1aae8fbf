/* template.h: a reusable post and what becomes of it: its texts are judged when it is written, and filled in when a
 * post is made from it, by the gateway and by the ledger for other programs. Pure.
 *
 * A placeholder gets the value that is given for it, else its default; without either an optional one leaves nothing
 * and any other stays as it is written, {{name}}: a blank. Values are texts: nothing in them is replaced. */
#ifndef OPENPOST_TEMPLATE_H
#define OPENPOST_TEMPLATE_H

#include "core/admission.h"

/* What events, commands and rows of templates have under the same names. */
struct template_form {
    struct span name;
    const struct placeholder *placeholders;
    uint32_t placeholder_count;
    const struct content_part *parts;
    uint32_t part_count;
    struct span link;
    struct span first_comment;
    const struct target_spec *targets;
    uint32_t target_count;
    struct id default_queue_of; /* one of the targets' accounts; none: each target's own queue */
};

#define TEMPLATE_FORM(from_)                                                                                           \
    {                                                                                                                  \
        .name = (from_)->name, .placeholders = (from_)->placeholders,                                                  \
        .placeholder_count = (from_)->placeholders_count, .parts = (from_)->parts, .part_count = (from_)->parts_count, \
        .link = (from_)->link, .first_comment = (from_)->first_comment, .targets = (from_)->targets,                   \
        .target_count = (from_)->targets_count, .default_queue_of = (from_)->default_queue_of                          \
    }

/* template_check finds the first fault of a template: its name, its placeholders, {{ in its texts where none of them
 * begins, or that would stand in a post as one that was left blank, and a default queue of an account that none of its
 * posts goes to. What it has in common with posts admission.c judges first. */
struct objection template_check(const struct template_form *form, struct arena *arena);

struct template_filled {
    struct objection objection; /* a value that is for no placeholder, or a text that is too long with its values */
    struct content_part *parts;
    uint32_t part_count;
    struct span link;
    struct span first_comment;
    struct target_spec *targets;
    struct placeholder_ref *blanks; /* those that stand in it */
    uint32_t blank_count;
};

/* template_fill makes a post's content of a template. targets: where the post goes; one of the template's integrations
 * whose variant or settings are absent gets the template's. Whatever it gives borrows from its arguments and the arena.
 * ERR_NO_MEMORY. */
enum err template_fill(const struct template_form *form, const struct placeholder_value *values, uint32_t value_count,
                       const struct target_spec *targets, uint32_t target_count, struct arena *arena,
                       struct template_filled *ret_filled) MUST_USE;

#endif
