/* agenda_account.c: the agenda as events of the installation, of workspaces and of integrations tell it: what holds
 * starts, and what must be connected. Called by agenda.c. Pure. */
#include "core/decider/workspace.h"
#include "core/scheduler/agenda_state.h"

uint32_t agenda_workspace(struct agenda *agenda, const struct id *id)
{
    uint32_t index = pool_find(&agenda->workspaces, id);
    if (index == 0) {
        index = pool_add(&agenda->workspaces, id);
        workspace_at(agenda, index)->max_lateness_ms = MAX_LATENESS_DEFAULT_MS;
        workspace_at(agenda, index)->late_spacing_ms = LATE_SPACING_DEFAULT_MS;
    }
    return index;
}

uint32_t agenda_integration(struct agenda *agenda, const struct id *id, const struct id *workspace_id)
{
    uint32_t index = pool_find(&agenda->integrations, id);
    if (index == 0) {
        index = pool_add(&agenda->integrations, id);
        struct integration_item *integration = integration_at(agenda, index);
        integration->workspace = agenda_workspace(agenda, workspace_id);
        struct workspace_item *workspace = workspace_at(agenda, integration->workspace);
        integration->workspace_next = workspace->integration_first;
        workspace->integration_first = index;
    }
    return index;
}

/* Connected; whatever was out for it has had its effect. */
static void apply_connected(struct agenda *agenda, const struct log_event *at,
                            const struct integration_connected_event *event)
{
    const uint32_t index = agenda_integration(agenda, &event->integration_id, &at->workspace_id);
    struct integration_item *integration = integration_at(agenda, index);
    integration->status = INTEGRATION_CONNECTED;
    integration->cause = at->seq;
    integration->connecting = false;
    integration->handed = false;
    integration->wait_ms = 0;
    agenda_tokens_set(integration, id_time_ms(&event->vault_id), event->token_expires_ms, event->session_expires_ms);
    agenda_time_account(agenda, index);
}

/* Disconnected or deleted. One that is being connected again meanwhile still is, unless it is deleted. */
static void apply_gone(struct agenda *agenda, const struct log_event *at, const struct id *id,
                       enum integration_status status)
{
    const uint32_t index = agenda_integration(agenda, id, &at->workspace_id);
    struct integration_item *integration = integration_at(agenda, index);
    integration->status = (uint8_t)status;
    integration->connecting = integration->connecting && status != INTEGRATION_DELETED;
    integration->wanted_ms = 0;
    integration->failures = 0;
    if (!integration->connecting) {
        integration->handed = false;
        integration->wait_ms = 0;
    }
    agenda_time_account(agenda, index);
}

/* While an account is being connected again, and if that is refused, what worked before goes on. */
static void apply_connecting(struct agenda *agenda, const struct log_event *at,
                             const struct integration_connecting_event *event)
{
    const uint32_t index = agenda_integration(agenda, &event->integration_id, &at->workspace_id);
    struct integration_item *integration = integration_at(agenda, index);
    if (integration->status != INTEGRATION_CONNECTED && integration->status != INTEGRATION_DISCONNECTED) {
        integration->status = INTEGRATION_CONNECTING;
    }
    integration->channel = event->channel;
    integration->cause = at->seq;
    integration->connecting = true;
    integration->connect_ms = at->time_ms;
    integration->handed = false;
    integration->wait_ms = 0;
    agenda_time_account(agenda, index);
}

static void apply_refused(struct agenda *agenda, const struct log_event *at, const struct id *id)
{
    const uint32_t index = agenda_integration(agenda, id, &at->workspace_id);
    struct integration_item *integration = integration_at(agenda, index);
    if (integration->status == INTEGRATION_CONNECTING || integration->status == INTEGRATION_NONE) {
        integration->status = INTEGRATION_REFUSED;
    }
    integration->connecting = false;
    integration->handed = false;
    integration->wait_ms = 0;
    agenda_time_account(agenda, index);
}

static void apply_refreshed(struct agenda *agenda, const struct log_event *at,
                            const struct integration_refreshed_event *event)
{
    const uint32_t index = agenda_integration(agenda, &event->integration_id, &at->workspace_id);
    struct integration_item *integration = integration_at(agenda, index);
    const bool awaited = integration->wanted_ms != 0;
    if (!integration->connecting) {
        integration->cause = at->seq;
        integration->handed = false;
        integration->wait_ms = 0;
    }
    agenda_tokens_set(integration, id_time_ms(&event->vault_id), event->token_expires_ms,
                      event->session_expires_ms != 0 ? event->session_expires_ms : integration->session_expires_ms);
    if (awaited) {
        agenda_time_account(agenda, index);
    } else {
        agenda_time_integration(agenda, index);
    }
}

static void set_paused(struct agenda *agenda, const struct log_event *at, const struct id *id, bool paused)
{
    const uint32_t index = agenda_integration(agenda, id, &at->workspace_id);
    integration_at(agenda, index)->paused = paused;
    agenda_time_account(agenda, index);
}

static void set_queue_paused(struct agenda *agenda, const struct log_event *at, const struct id *id, bool paused)
{
    const uint32_t index = agenda_integration(agenda, id, &at->workspace_id);
    integration_at(agenda, index)->queue_paused = paused;
    agenda_time_account(agenda, index);
}

/* What is due of its accounts, by its settings as they are now. */
static void time_workspace(struct agenda *agenda, uint32_t index)
{
    uint32_t next;
    for (uint32_t i = workspace_at(agenda, index)->integration_first; i != 0; i = next) {
        next = integration_at(agenda, i)->workspace_next;
        agenda_time_account(agenda, i);
    }
}

static void pause_workspace(struct agenda *agenda, const struct id *id, bool paused)
{
    const uint32_t index = agenda_workspace(agenda, id);
    workspace_at(agenda, index)->paused = paused;
    time_workspace(agenda, index);
}

static void delete_workspace(struct agenda *agenda, const struct log_event *at, const struct id *id)
{
    const uint32_t index = agenda_workspace(agenda, id);
    workspace_at(agenda, index)->deleted = true;
    workspace_at(agenda, index)->deleted_seq = at->seq;
    time_workspace(agenda, index);
}

static void change_workspace(struct agenda *agenda, const struct workspace_changed_event *changed)
{
    const uint32_t index = agenda_workspace(agenda, &changed->workspace_id);
    struct workspace_item *workspace = workspace_at(agenda, index);
    if (changed->max_lateness_ms != 0) {
        workspace->max_lateness_ms = workspace_after_ms(changed->max_lateness_ms);
    }
    if (changed->late_spacing_ms != 0) {
        workspace->late_spacing_ms = workspace_after_ms(changed->late_spacing_ms);
    }
    time_workspace(agenda, index);
    if (changed->approval_policy != POLICY_NONE && changed->approval_policy != workspace->approval_policy) {
        workspace->approval_policy = (uint8_t)changed->approval_policy;
        agenda_time_approvals(agenda, index);
    }
}

static bool apply_to_integration(struct agenda *agenda, const struct log_event *at, const struct event *event)
{
    switch (event->code) {
    case EVENT_integration_connecting:
        apply_connecting(agenda, at, &event->integration_connecting);
        break;
    case EVENT_integration_connected:
        apply_connected(agenda, at, &event->integration_connected);
        break;
    case EVENT_integration_refused:
        apply_refused(agenda, at, &event->integration_refused.integration_id);
        break;
    case EVENT_integration_refreshed:
        apply_refreshed(agenda, at, &event->integration_refreshed);
        break;
    case EVENT_integration_paused:
        set_paused(agenda, at, &event->integration_paused.integration_id, true);
        break;
    case EVENT_integration_resumed:
        set_paused(agenda, at, &event->integration_resumed.integration_id, false);
        break;
    case EVENT_queue_paused:
        set_queue_paused(agenda, at, &event->queue_paused.integration_id, true);
        break;
    case EVENT_queue_resumed:
        set_queue_paused(agenda, at, &event->queue_resumed.integration_id, false);
        break;
    case EVENT_integration_disconnected:
        apply_gone(agenda, at, &event->integration_disconnected.integration_id, INTEGRATION_DISCONNECTED);
        break;
    case EVENT_integration_deleted:
        apply_gone(agenda, at, &event->integration_deleted.integration_id, INTEGRATION_DELETED);
        break;
    default:
        return false;
    }
    return true;
}

static bool apply_to_installation(struct agenda *agenda, const struct log_event *at, const struct event *event)
{
    switch (event->code) {
    case EVENT_ledger_started:
        agenda->epoch = event->ledger_started.epoch;
        break;
    case EVENT_clock_suspected:
        agenda->clock_suspect = true;
        break;
    case EVENT_clock_trusted:
        agenda->clock_suspect = false;
        break;
    case EVENT_starts_suspended:
        agenda->suspended = true;
        agenda->suspended_at_ms = at->time_ms;
        break;
    case EVENT_starts_confirmed:
        agenda->suspended = false;
        agenda->suspended_at_ms = at->time_ms;
        break;
    default:
        return false;
    }
    agenda_time_all(agenda);
    return true;
}

static bool apply_to_workspace(struct agenda *agenda, const struct log_event *at, const struct event *event)
{
    switch (event->code) {
    case EVENT_workspace_created: {
        const struct workspace_created_event *created = &event->workspace_created;
        const uint32_t index = agenda_workspace(agenda, &created->workspace_id);
        workspace_at(agenda, index)->max_lateness_ms = workspace_after_ms(created->max_lateness_ms);
        workspace_at(agenda, index)->late_spacing_ms = workspace_after_ms(created->late_spacing_ms);
        return true;
    }
    case EVENT_workspace_changed:
        change_workspace(agenda, &event->workspace_changed);
        return true;
    case EVENT_workspace_paused:
        pause_workspace(agenda, &event->workspace_paused.workspace_id, true);
        return true;
    case EVENT_workspace_resumed:
        pause_workspace(agenda, &event->workspace_resumed.workspace_id, false);
        return true;
    case EVENT_workspace_deleted:
        delete_workspace(agenda, at, &event->workspace_deleted.workspace_id);
        return true;
    default:
        return false;
    }
}

/* Targets that are due find out when their turn comes (agenda_due.c): there may be a million. */
static void limit(struct agenda *agenda, const struct log_event *at, const struct id *id, int64_t until_ms)
{
    if (until_ms == 0) {
        return;
    }
    const uint32_t index = agenda_integration(agenda, id, &at->workspace_id);
    if (integration_at(agenda, index)->limited_ms < until_ms) {
        integration_at(agenda, index)->limited_ms = until_ms;
        agenda_time_integration(agenda, index);
    }
}

void agenda_apply_limit(struct agenda *agenda, const struct log_event *at, const struct event *event)
{
    if (event->code == EVENT_attempt_finished) {
        limit(agenda, at, &event->attempt_finished.integration_id, event->attempt_finished.until_ms);
    } else if (event->code == EVENT_attempt_settled) {
        limit(agenda, at, &event->attempt_settled.integration_id, event->attempt_settled.until_ms);
    }
}

bool agenda_apply_account(struct agenda *agenda, const struct log_event *at, const struct event *event)
{
    return apply_to_installation(agenda, at, event) || apply_to_workspace(agenda, at, event) ||
           apply_to_integration(agenda, at, event);
}
