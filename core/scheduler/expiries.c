/* expiries.c: see expiries.h. Called by biller.c. Must never take a warning for given before the event says so. */
#include "core/scheduler/expiries.h"

#include "core/base/limits.h"

struct session {
    struct pool_item item; /* found by integration */
    struct expiry expiry;
    uint32_t place; /* of its timer; no timer: it was told of */
};

static struct session *session_at(const struct expiries *expiries, uint32_t index)
{
    return pool_at(&expiries->sessions, index);
}

static void moved(void *context, uint32_t ref, uint32_t place)
{
    session_at(context, ref)->place = place;
}

void expiries_init(struct expiries *expiries)
{
    pool_init(&expiries->sessions, sizeof(struct session));
    timers_init(&expiries->timers, moved, expiries);
}

void expiries_done(struct expiries *expiries)
{
    pool_done(&expiries->sessions);
    timers_done(&expiries->timers);
}

static void set(struct expiries *expiries, uint32_t index, int64_t at_ms)
{
    timers_set(&expiries->timers, index, session_at(expiries, index)->place, at_ms);
}

enum err expiries_restore(struct expiries *expiries, const struct expiry *expiry)
{
    uint32_t index = pool_find(&expiries->sessions, &expiry->integration_id);
    if (index == 0) {
        TRY(pool_reserve(&expiries->sessions, 1));
        TRY(timers_reserve(&expiries->timers, expiries->sessions.used + 1));
        index = pool_add(&expiries->sessions, &expiry->integration_id);
    }
    session_at(expiries, index)->expiry = *expiry;
    set(expiries, index, expiry->warned ? TIMERS_NEVER : expiry->end_ms - SESSION_EXPIRING_MS);
    return OK;
}

static void forget(struct expiries *expiries, uint32_t index)
{
    if (index != 0) {
        set(expiries, index, TIMERS_NEVER);
        pool_remove(&expiries->sessions, index);
    }
}

static void forget_workspace(struct expiries *expiries, const struct id *workspace_id)
{
    for (uint32_t index = 0; (index = pool_next(&expiries->sessions, index)) != 0;) {
        if (id_equal(&session_at(expiries, index)->expiry.workspace_id, workspace_id)) {
            forget(expiries, index);
        }
    }
}

/* Other tokens, whose session ends then; 0: as before. The rule of when another warning is due is the decider's. */
static enum err renew(struct expiries *expiries, const struct log_event *at, const struct id *integration_id,
                      int64_t end_ms, bool is_new)
{
    const uint32_t index = pool_find(&expiries->sessions, integration_id);
    if (end_ms == 0) {
        if (is_new) {
            forget(expiries, index);
        }
        return OK;
    }
    const bool near = at->time_ms >= end_ms - SESSION_EXPIRING_MS;
    const struct expiry expiry = {.integration_id = *integration_id,
                                  .workspace_id = at->workspace_id,
                                  .end_ms = end_ms,
                                  .warned = !is_new && near && index != 0 && session_at(expiries, index)->expiry.warned,
                                  .seq = at->seq};
    return expiries_restore(expiries, &expiry);
}

enum err expiries_apply(struct expiries *expiries, const struct log_event *at, const struct event *event)
{
    switch (event->code) {
    case EVENT_integration_connected:
        return renew(expiries, at, &event->integration_connected.integration_id,
                     event->integration_connected.session_expires_ms, true);
    case EVENT_integration_refreshed:
        return renew(expiries, at, &event->integration_refreshed.integration_id,
                     event->integration_refreshed.session_expires_ms, false);
    case EVENT_integration_expiring: {
        const struct expiry expiry = {.integration_id = event->integration_expiring.integration_id,
                                      .workspace_id = at->workspace_id,
                                      .end_ms = event->integration_expiring.session_expires_ms,
                                      .warned = true,
                                      .seq = at->seq};
        return expiries_restore(expiries, &expiry);
    }
    case EVENT_integration_disconnected:
        forget(expiries, pool_find(&expiries->sessions, &event->integration_disconnected.integration_id));
        return OK;
    case EVENT_integration_deleted:
        forget(expiries, pool_find(&expiries->sessions, &event->integration_deleted.integration_id));
        return OK;
    case EVENT_workspace_deleted:
        forget_workspace(expiries, &event->workspace_deleted.workspace_id);
        return OK;
    default:
        return OK;
    }
}

bool expiries_command(struct expiries *expiries, int64_t now_ms, void (*dice)(void *context, void *data, size_t len),
                      void *dice_context, struct command *ret_command)
{
    const struct timer *first = timers_first(&expiries->timers);
    uint8_t randomness[10];
    if (first == NULL || first->at_ms > now_ms) {
        return false;
    }
    const struct expiry *expiry = &session_at(expiries, first->ref)->expiry;
    set(expiries, first->ref, now_ms + EXPIRY_AGAIN_MS);
    dice(dice_context, randomness, sizeof randomness);
    *ret_command = (struct command){
        .code = COMMAND_warn_expiring,
        .command_id = id_make(ID_COMMAND, now_ms, randomness),
        .workspace_id = expiry->workspace_id,
        .stream = expiry->integration_id,
        .actor = ACTOR_SCHEDULER,
        .causation = expiry->seq,
        .warn_expiring = {.integration_id = expiry->integration_id, .session_expires_ms = expiry->end_ms}
    };
    return true;
}
