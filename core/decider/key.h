/* key.h: an API key: what it may do, until when, and by what it is recognised. */
#ifndef OPENPOST_DECIDER_KEY_H
#define OPENPOST_DECIDER_KEY_H

#include "core/decider/decider.h"

struct key {
    struct aggregate_head head;
    struct hash fingerprint;
    int64_t expires_ms; /* 0: never */
    uint8_t role;       /* enum role */
    uint8_t revoked;
    uint8_t padding[6];
};

void key_evolve(struct key *key, const struct event *event, int64_t time_ms);
enum refusal key_decide(const struct key *key, const struct decide_context *context, const struct command *command,
                        struct event_list *ret_events);

#endif
