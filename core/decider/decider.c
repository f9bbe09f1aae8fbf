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

const struct free_slot *context_free_slot(const struct decide_context *context, const struct id *integration_id)
{
    for (uint32_t i = 0; i < context->integration_count; i++) {
        if (id_equal(&context->integrations[i]->integration_id, integration_id)) {
            return context->free_slots == NULL ? NULL : &context->free_slots[i];
        }
    }
    return NULL;
}
