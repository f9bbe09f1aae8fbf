/* agenda_new.c: the agenda's memory: the only file of its that knows the heap. Called by agenda.c, agenda_row.c and the
 * owner. */
#include <stdlib.h>

#include "core/scheduler/agenda_state.h"

static void moved(void *context, uint32_t ref, uint32_t place)
{
    struct agenda *agenda = context;
    const uint32_t index = ref & ((UINT32_C(1) << 30) - 1);
    switch ((enum ref_kind)(ref >> 30)) {
    case REF_TARGET:
        target_at(agenda, index)->place = place;
        break;
    case REF_POST:
        post_at(agenda, index)->place = place;
        break;
    case REF_INTEGRATION:
        integration_at(agenda, index)->place = place;
        break;
    }
}

enum err agenda_new(struct agenda **ret_agenda)
{
    struct agenda *agenda = calloc(1, sizeof *agenda);
    if (agenda == NULL) {
        return ERR_NO_MEMORY;
    }
    pool_init(&agenda->workspaces, sizeof(struct workspace_item));
    pool_init(&agenda->integrations, sizeof(struct integration_item));
    pool_init(&agenda->posts, sizeof(struct post_item));
    pool_init(&agenda->targets, sizeof(struct target_item));
    timers_init(&agenda->timers, moved, agenda);
    *ret_agenda = agenda;
    return OK;
}

void agenda_free(struct agenda *agenda)
{
    if (agenda == NULL) {
        return;
    }
    pool_done(&agenda->workspaces);
    pool_done(&agenda->integrations);
    pool_done(&agenda->posts);
    pool_done(&agenda->targets);
    timers_done(&agenda->timers);
    free(agenda);
}

enum err agenda_reserve(struct agenda *agenda, uint32_t workspaces, uint32_t integrations, uint32_t posts,
                        uint32_t targets)
{
    TRY(pool_reserve(&agenda->workspaces, workspaces));
    TRY(pool_reserve(&agenda->integrations, integrations));
    TRY(pool_reserve(&agenda->posts, posts));
    TRY(pool_reserve(&agenda->targets, targets));
    /* Each record has at most one entry. */
    return timers_reserve(&agenda->timers, agenda->integrations.used + integrations + agenda->posts.used + posts +
                                               agenda->targets.used + targets + 1);
}
