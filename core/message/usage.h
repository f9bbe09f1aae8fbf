/* usage.h: what a plan bounds, and how much of it a tenant uses. Pure. */
#ifndef OPENPOST_MESSAGE_USAGE_H
#define OPENPOST_MESSAGE_USAGE_H

#include "core/base/span.h"

/* X(name, word) */
#define LIMIT_TABLE(X)              \
    X(INTEGRATIONS, "integrations") \
    X(MEMBERS, "members") X(SCHEDULED_POSTS, "scheduled_posts") X(REQUESTS, "requests_per_minute")

enum limit {

#define X(name_, word_) LIMIT_##name_,
    LIMIT_TABLE(X)
#undef X
        LIMIT_COUNT
};

#define PLAN_OF_NOBODY "self_hosted" /* of whoever never got one */

/* What a tenant uses of what its plan bounds. */
struct usage {
    uint64_t used[LIMIT_COUNT]; /* requests are counted by the gateway: 0 */
    uint64_t published_targets; /* since period_start_ms last changed */
};

/* limit_word is a limit's word in events and answers; limit_of finds it by that: LIMIT_COUNT, it is none. */
struct span limit_word(enum limit limit);
enum limit limit_of(struct span word);

#endif
