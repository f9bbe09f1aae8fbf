/* key.h: an API key: what it may do, until when, and by what it is recognised. */
#ifndef OPENPOST_DECIDER_KEY_H
#define OPENPOST_DECIDER_KEY_H

#include "core/decider/decider.h"

#define KEY_ACCOUNTS_MAX 50 /* as key_created lists */

struct key {
    struct aggregate_head head;
    struct hash fingerprint;
    int64_t expires_ms; /* 0: never */
    uint32_t scopes;    /* 1 << enum key_scope: the parts of its role that it keeps; 0: all */
    uint8_t role;       /* enum role */
    uint8_t revoked;
    uint8_t restricted;     /* to its accounts */
    uint8_t account_count;  /* … of which there may be none */
    struct id principal_id; /* who answers for it: a person or, where nobody is known, the key that made it; absent:
                               itself */
    struct id origin_id;    /* the first of the keys that followed each other to it; absent: itself */
    struct integration_ref accounts[KEY_ACCOUNTS_MAX];
    uint8_t padding[4];
};

/* key_stored_size: accounts that it does not have are not stored. */
size_t key_stored_size(const struct key *key);

void key_evolve(struct key *key, const struct event *event, int64_t time_ms);
enum refusal key_decide(const struct key *key, const struct decide_context *context, const struct command *command,
                        struct event_list *ret_events);

#endif
