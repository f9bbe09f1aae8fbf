/* agenda_crowd.c: how many starts an account may have under way, so that one whose platform hangs does not take the
 * room of all others. A dynamic threshold (Choudhury, Hahne 1998, for a switch's shared buffers): each may have a part
 * of what is left. One alone gets 32, four times what an adapter has under way for an account at once
 * (runner_account.h); of fifty that hang the last gets half a dozen, and as many are left for whoever comes next; who
 * has none under way may always start one. Called by agenda.c and agenda_due.c. Pure. */
#include "core/base/assert.h"
#include "core/scheduler/agenda_state.h"

#define OF_WHAT_IS_LEFT 32

void agenda_crowd_count(struct agenda *agenda, uint32_t index, bool starts)
{
    struct target_item *target = target_at(agenda, index);
    struct integration_item *integration = integration_at(agenda, target->integration);
    if (target->starts == starts) {
        return;
    }
    target->starts = starts;
    ASSERT(starts || integration->starts > 0);
    integration->starts = starts ? integration->starts + 1 : integration->starts - 1;
    agenda->starts = starts ? agenda->starts + 1 : agenda->starts - 1;
    if (!starts && integration->late_root != 0) {
        agenda_time_integration(agenda, target->integration);
    }
}

bool agenda_crowd_has_room(const struct agenda *agenda, const struct integration_item *integration)
{
    const uint32_t left = agenda->starts < AGENDA_STARTS_MAX ? AGENDA_STARTS_MAX - agenda->starts : 0;
    return integration->starts == 0 || integration->starts < left / OF_WHAT_IS_LEFT;
}
