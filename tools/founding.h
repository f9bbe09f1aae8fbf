/* founding.h: a tenant as it begins: a workspace and an owner's key. Nobody is a member of it until somebody is invited
 * or added. Used by init and workspace. */
#ifndef OPENPOST_TOOLS_FOUNDING_H
#define OPENPOST_TOOLS_FOUNDING_H

#include "tools/keys.h"

/* As typed. NULL: what init --help says. slug and name must be there. */
struct founding_words {
    const char *slug;
    const char *name;
    const char *timezone;
    const char *max_lateness;
    const char *late_spacing;
};

struct founding {
    struct span slug; /* borrows from the words */
    struct span name;
    struct span timezone;
    int64_t max_lateness_ms;
    int64_t late_spacing_ms;
};

/* founding_read judges the words; false: it has complained in the command's name. */
bool founding_read(const char *command, const struct founding_words *words, struct founding *ret_founding);
/* founding_make makes the tenant. ERR_CONFLICT: refused, and complained of; else the errors of operator.h. */
enum err founding_make(const char *command, struct operator_hand *hand, const struct founding *founding,
                       struct id *ret_workspace_id, char ret_key[KEY_TEXT_MAX]) MUST_USE;

#endif
