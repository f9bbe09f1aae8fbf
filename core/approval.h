/* approval.h: what somebody approves: the native form of every open target, and one hash of all of it. The gateway and,
 * for other programs, the ledger make it of a post as the read models have it; the approval keeps the bytes, and the
 * lock sends them. Pure.
 *
 * content_sha256 is the SHA-256 of this text, of which everything stands in the event approval_given:
 *
 *   openpost approval 1\n
 *   <target id>\n                                            for each open target, in the post's order; for each part:
 *   <created, ms> <post | comment> <SHA-256 of the bytes>\n
 *
 * So it names what will be sent, where and, by the instant that each part claims, when. An approval is of all of that:
 * another text, account or instant takes another one. What only the network knows (a link's card, a mentioned account)
 * nobody can have looked at: it is not in what is approved, and so not in what is sent. */
#ifndef OPENPOST_APPROVAL_H
#define OPENPOST_APPROVAL_H

#include "core/channel.h"

/* What is rendered: a post's content, and the targets that are open. */
struct approval_source {
    struct channel_content content;
    const struct target_spec *targets;
    const int64_t *due_ms; /* of each target; 0: it is not open, and left out */
    uint32_t target_count;
};

struct approval_form {
    struct locked_target *targets; /* without keys */
    uint32_t count;
    bool refused; /* one of them cannot be sent: nothing to approve */
    struct hash sha256;
};

/* approval_render renders a post as it would be locked. ERR_NO_MEMORY. */
enum err approval_render(const struct channel_list *channels, const struct approval_source *source, struct arena *arena,
                         struct approval_form *ret_form) MUST_USE;
#endif
