/* member.h: a person in a workspace, from the invitation on. */
#ifndef OPENPOST_DECIDER_MEMBER_H
#define OPENPOST_DECIDER_MEMBER_H

#include "core/decider/decider.h"

enum member_status {
    MEMBER_INVITED = 1,
    MEMBER_ACTIVE,
    MEMBER_REMOVED, /* or the invitation was withdrawn */
};

struct member {
    struct aggregate_head head;
    struct id user_id;   /* who joined; absent: nobody yet */
    struct id vault_id;  /* the invitation's sealed message, while somebody may join; else absent */
    uint8_t role;        /* enum role */
    uint8_t status;      /* enum member_status */
    uint8_t permissions; /* bits: 1 << enum permission */
    uint8_t padding[3];
    struct hash fingerprint; /* of the invitation's token, while somebody may join; else zeros */
    int64_t expires_ms;      /* the token's */
    int64_t until_ms;        /* the membership's; 0: it does not end by itself */
};

/* member_owns: an owner for good: one whose membership ends by itself is none that a workspace could be left with. */
bool member_owns(const struct member *member);
/* member_ends is when the membership is over, or the invitation, though no event says so; 0: not by itself, or it was
 * ended. What is over takes no seat of the plan and keeps nobody from being invited again. */
int64_t member_ends(const struct member *member);
bool member_is_over(const struct member *member, int64_t now_ms);

void member_evolve(struct member *member, const struct event *event, int64_t time_ms);
enum refusal member_decide(const struct member *member, const struct decide_context *context,
                           const struct command *command, struct event_list *ret_events);

#endif
