/* provider.h: an identity provider through which people sign in. */
#ifndef OPENPOST_DECIDER_PROVIDER_H
#define OPENPOST_DECIDER_PROVIDER_H

#include "core/decider/decider.h"

struct provider {
    struct aggregate_head head;
    struct id vault_id; /* our secret there, sealed; absent: there is none, or the provider was removed */
    uint8_t removed;
    uint8_t padding[6];
};

void provider_evolve(struct provider *provider, const struct event *event, int64_t time_ms);
enum refusal provider_decide(const struct provider *provider, const struct decide_context *context,
                             const struct command *command, struct event_list *ret_events);

#endif
