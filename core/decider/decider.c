/* decider.c: what deciders look up in their context. */
#include "core/decider/decider.h"

#include "core/decider/integration.h"

const struct integration *context_integration(const struct decide_context *context, const struct id *integration_id)
{
    for (uint32_t i = 0; i < context->integration_count; i++) {
        if (id_equal(&context->integrations[i]->integration_id, integration_id)) {
            return context->integrations[i];
        }
    }
    return NULL;
}

enum refusal context_check_targets(const struct decide_context *context, const struct target_spec *specs,
                                   uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct integration *integration = context_integration(context, &specs[i].integration_id);
        if (!integration_is_there(integration) || integration->channel != specs[i].channel) {
            return REFUSED_reference_not_found;
        }
        if (integration->channel == CHANNEL_GOOGLE_BUSINESS) {
            return REFUSED_channel_not_publishable;
        }
        for (uint32_t k = 0; k < i; k++) {
            if (id_equal(&specs[k].integration_id, &specs[i].integration_id) ||
                id_equal(&specs[k].target_id, &specs[i].target_id)) {
                return REFUSED_target_duplicate;
            }
        }
    }
    return ACCEPTED;
}

struct id context_writer(const struct command *command)
{
    return id_is_none(&command->actor_id) ? command->workspace_id : command->actor_id;
}

const struct free_slot *context_free_slot(const struct decide_context *context, const struct id *integration_id)
{
    for (uint32_t i = 0; i < context->integration_count; i++) {
        if (id_equal(&context->integrations[i]->integration_id, integration_id)) {
            return context->free_slots == NULL ? NULL : &context->free_slots[i];
        }
    }
    return NULL;
}
