/* member.h: a user in a workspace. */
#ifndef OPENPOST_DECIDER_MEMBER_H
#define OPENPOST_DECIDER_MEMBER_H

#include "core/decider/decider.h"

struct member {
    struct aggregate_head head;
    struct id user_id;
    uint8_t role; /* enum role */
    uint8_t padding[6];
};

void member_evolve(struct member *member, const struct event *event, int64_t time_ms);
enum refusal member_decide(const struct member *member, const struct decide_context *context,
                           const struct command *command, struct event_list *ret_events);

#endif
