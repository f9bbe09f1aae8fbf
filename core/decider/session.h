/* session.h: what somebody has who signed in. It is valid until it ends, its time is over, or its person's generation
 * is another (user.h). */
#ifndef OPENPOST_DECIDER_SESSION_H
#define OPENPOST_DECIDER_SESSION_H

#include "core/decider/decider.h"

struct session {
    struct aggregate_head head;
    struct id user_id;
    struct id vault_id; /* device and address, sealed; absent: not known */
    uint8_t ended;
    uint8_t padding[5];
    uint64_t generation;
    int64_t expires_ms;
};

void session_evolve(struct session *session, const struct event *event, int64_t time_ms);
enum refusal session_decide(const struct session *session, const struct decide_context *context,
                            const struct command *command, struct event_list *ret_events);

#endif
