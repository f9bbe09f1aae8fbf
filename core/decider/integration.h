/* integration.h: a connected account. A connection is asked for (connecting), and its platform accepts or refuses it.
 * Reconnecting keeps the id and must be the same account; while it is under way, and if it is refused, what worked
 * before goes on. */
#ifndef OPENPOST_DECIDER_INTEGRATION_H
#define OPENPOST_DECIDER_INTEGRATION_H

#include "core/decider/decider.h"

#define ACCOUNT_MAX 256 /* bytes of a word */

struct integration {
    struct aggregate_head head;
    struct id integration_id;
    struct id vault_id; /* the credentials in use; absent before the first connection */
    uint8_t channel;    /* enum channel_code */
    uint8_t connection; /* CONNECTING (the first time), CONNECTED, DISCONNECTED, REFUSED or DELETED */
    uint8_t connecting; /* an answer of the platform is awaited */
    uint8_t paused;     /* by a person */
    uint8_t warned;     /* that the session's end is near, since it was not */
    uint8_t padding;
    uint16_t account_len;
    uint16_t padding_too[3];
    int64_t session_expires_ms;   /* from then on only a person can connect it again; 0: not known */
    uint8_t account[ACCOUNT_MAX]; /* the platform's id; empty before the first connection */
};

void integration_evolve(struct integration *integration, const struct event *event, int64_t time_ms);
enum refusal integration_decide(const struct integration *integration, const struct decide_context *context,
                                const struct command *command, struct event_list *ret_events);
/* integration_stored_size: the account's unused end is not stored. */
size_t integration_stored_size(const struct integration *integration);

/* integration_is_there: not NULL, and it was not deleted.
 * integration_is_schedulable: posts may be scheduled to it; it may be paused, disconnected or still connecting, but was
 * not refused. Such a one takes a place of the plan's; one that is refused gives it back, and needs one to be connected
 * again. integration_start_refusal says why no attempt may start there now. */
bool integration_is_there(const struct integration *integration);
bool integration_is_schedulable(const struct integration *integration);
enum refusal integration_start_refusal(const struct integration *integration);

#endif
