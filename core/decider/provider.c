/* provider.c: the rules of an identity provider: added once, removed once; what changes is a new one. */
#include "core/decider/provider.h"

#include "core/base/assert.h"

static enum refusal add(const struct provider *provider, const struct add_provider_command *wish,
                        struct event_list *ret_events)
{
    if (provider->head.version != 0) {
        return REFUSED_exists;
    }
    struct provider_added_event *event = &event_append(ret_events, EVENT_provider_added)->provider_added;
    event->provider_id = wish->provider_id;
    event->name = wish->name;
    event->issuer = wish->issuer;
    event->client_id = wish->client_id;
    event->vault_id = wish->vault_id;
    event->links_by_address = wish->links_by_address;
    return ACCEPTED;
}

enum refusal provider_decide(const struct provider *provider, const struct decide_context *context,
                             const struct command *command, struct event_list *ret_events)
{
    (void)context;
    if (command->code == COMMAND_add_provider) {
        return add(provider, &command->add_provider, ret_events);
    }
    ASSERT(command->code == COMMAND_remove_provider);
    if (!provider->removed) {
        event_append(ret_events, EVENT_provider_removed)->provider_removed.provider_id =
            command->remove_provider.provider_id;
    }
    return ACCEPTED;
}

void provider_evolve(struct provider *provider, const struct event *event, int64_t time_ms)
{
    (void)time_ms;
    if (event->code == EVENT_provider_added) {
        provider->vault_id = event->provider_added.vault_id;
        return;
    }
    ASSERT(event->code == EVENT_provider_removed);
    provider->removed = 1;
    provider->vault_id = (struct id){0};
}
