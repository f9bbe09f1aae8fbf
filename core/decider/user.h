/* user.h: a person who signs in. What names them is sealed in the vault; here is where. */
#ifndef OPENPOST_DECIDER_USER_H
#define OPENPOST_DECIDER_USER_H

#include "core/decider/decider.h"

struct user_login {
    struct id provider_id; /* absent: free */
    struct id vault_id;    /* the subject */
};

struct user {
    struct aggregate_head head;
    uint64_t generation;   /* of the sessions that are valid */
    struct id profile_id;  /* in the vault: name and address */
    struct id password_id; /* in the vault: what scrypt made of it; absent: there is none */
    struct user_login logins[LOGINS_MAX];
    uint8_t erased;
    uint8_t is_operator; /* sees to all workspaces, in none of which that lets them in */
    uint8_t padding[4];
};

void user_evolve(struct user *user, const struct event *event, int64_t time_ms);
enum refusal user_decide(const struct user *user, const struct decide_context *context, const struct command *command,
                         struct event_list *ret_events);

#endif
