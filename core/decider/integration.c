/* integration.c: the rules of a connected account. People connect, pause, resume and delete; the scheduler reports what
 * the platform said. What the platform said is a fact: it is recorded whenever the account is there, however late. */
#include "core/decider/integration.h"

#include "core/base/assert.h"
#include "core/decider/workspace.h"

bool integration_is_there(const struct integration *integration)
{
    return integration != NULL && integration->head.version != 0 && integration->connection != INTEGRATION_DELETED;
}

bool integration_is_schedulable(const struct integration *integration)
{
    return integration_is_there(integration) && integration->connection != INTEGRATION_REFUSED;
}

enum refusal integration_start_refusal(const struct integration *integration)
{
    if (!integration_is_there(integration) || integration->connection != INTEGRATION_CONNECTED) {
        return REFUSED_integration_disconnected;
    }
    return integration->paused ? REFUSED_integration_paused : ACCEPTED;
}

static struct span account_of(const struct integration *integration)
{
    return span_of(integration->account, integration->account_len);
}

static enum refusal connect_account(const struct integration *integration, const struct decide_context *context,
                                    const struct connect_integration_command *wish, struct event_list *ret_events)
{
    if (!integration_is_schedulable(integration) && !workspace_has_room(context, LIMIT_INTEGRATIONS)) {
        return REFUSED_plan_limit;
    }
    if (integration->head.version != 0 && wish->channel != integration->channel) {
        return REFUSED_account_mismatch;
    }
    if (integration->connecting) {
        return REFUSED_integration_connecting;
    }
    struct integration_connecting_event *event =
        &event_append(ret_events, EVENT_integration_connecting)->integration_connecting;
    event->integration_id = wish->integration_id;
    event->channel = wish->channel;
    event->service = wish->service;
    event->identifier = wish->identifier;
    event->vault_id = wish->vault_id;
    event->fingerprint = wish->fingerprint;
    return ACCEPTED;
}

static enum refusal record_connection(const struct integration *integration, const struct decide_context *context,
                                      const struct record_connection_command *wish, struct event_list *ret_events)
{
    if (!integration->connecting && id_equal(&integration->vault_id, &wish->vault_id)) {
        return ACCEPTED; /* it is the connection that is in use */
    }
    if (integration->account_len != 0 && !span_equal(account_of(integration), wish->account)) {
        return REFUSED_account_mismatch;
    }
    if (context->account_taken) {
        return REFUSED_account_exists;
    }
    struct integration_connected_event *event =
        &event_append(ret_events, EVENT_integration_connected)->integration_connected;
    event->integration_id = wish->integration_id;
    event->account = wish->account;
    event->handle = wish->handle;
    event->service = wish->service;
    event->vault_id = wish->vault_id;
    event->fingerprint = wish->fingerprint;
    event->token_expires_ms = wish->token_expires_ms;
    event->session_expires_ms = wish->session_expires_ms;
    return ACCEPTED;
}

/* Whether the account has other credentials by now than those that something came of: a person has connected it anew
 * meanwhile, or another job exchanged them. */
static bool has_another(const struct integration *integration, const struct id *from_vault_id)
{
    return !id_is_none(from_vault_id) && !id_equal(&integration->vault_id, from_vault_id);
}

static enum refusal record_tokens(const struct integration *integration, const struct record_tokens_command *wish,
                                  struct event_list *ret_events)
{
    if (integration->connection == INTEGRATION_CONNECTING) {
        return REFUSED_integration_connecting;
    }
    if (integration->connection != INTEGRATION_CONNECTED) {
        return REFUSED_integration_disconnected;
    }
    if (id_equal(&integration->vault_id, &wish->vault_id) || has_another(integration, &wish->from_vault_id)) {
        return ACCEPTED;
    }
    struct integration_refreshed_event *event =
        &event_append(ret_events, EVENT_integration_refreshed)->integration_refreshed;
    event->integration_id = wish->integration_id;
    event->vault_id = wish->vault_id;
    event->fingerprint = wish->fingerprint;
    event->token_expires_ms = wish->token_expires_ms;
    event->session_expires_ms = wish->session_expires_ms;
    return ACCEPTED;
}

static enum refusal refuse_connection(const struct integration *integration,
                                      const struct refuse_connection_command *wish, struct event_list *ret_events)
{
    if (integration->connecting) {
        struct integration_refused_event *event =
            &event_append(ret_events, EVENT_integration_refused)->integration_refused;
        event->integration_id = wish->integration_id;
        event->code = wish->code;
        event->message = wish->message;
    }
    return ACCEPTED;
}

static enum refusal disconnect_account(const struct integration *integration,
                                       const struct disconnect_integration_command *wish, struct event_list *ret_events)
{
    if (integration->connection == INTEGRATION_CONNECTED && !has_another(integration, &wish->from_vault_id)) {
        struct integration_disconnected_event *event =
            &event_append(ret_events, EVENT_integration_disconnected)->integration_disconnected;
        event->integration_id = wish->integration_id;
        event->code = wish->code;
        event->message = wish->message;
    }
    return ACCEPTED;
}

static bool is_near(int64_t end_ms, int64_t now_ms)
{
    return end_ms != 0 && now_ms >= end_ms - SESSION_EXPIRING_MS;
}

/* Once, as long as the end stays near: where sessions are short, each exchange gives another that is. */
static enum refusal warn(const struct integration *integration, const struct decide_context *context,
                         const struct warn_expiring_command *wish, struct event_list *ret_events)
{
    const int64_t end_ms = integration->session_expires_ms;
    if (integration->connection == INTEGRATION_CONNECTED && !integration->warned && is_near(end_ms, context->now_ms) &&
        end_ms == wish->session_expires_ms) {
        struct integration_expiring_event *event =
            &event_append(ret_events, EVENT_integration_expiring)->integration_expiring;
        event->integration_id = wish->integration_id;
        event->session_expires_ms = end_ms;
    }
    return ACCEPTED;
}

enum refusal integration_decide(const struct integration *integration, const struct decide_context *context,
                                const struct command *command, struct event_list *ret_events)
{
    if (integration->head.version != 0 && !integration_is_there(integration)) {
        return REFUSED_not_found;
    }
    switch (command->code) {
    case COMMAND_connect_integration:
        return connect_account(integration, context, &command->connect_integration, ret_events);
    case COMMAND_record_connection:
        return record_connection(integration, context, &command->record_connection, ret_events);
    case COMMAND_refuse_connection:
        return refuse_connection(integration, &command->refuse_connection, ret_events);
    case COMMAND_record_tokens:
        return record_tokens(integration, &command->record_tokens, ret_events);
    case COMMAND_disconnect_integration:
        return disconnect_account(integration, &command->disconnect_integration, ret_events);
    case COMMAND_warn_expiring:
        return warn(integration, context, &command->warn_expiring, ret_events);
    case COMMAND_pause_integration:
        if (!integration->paused) {
            event_append(ret_events, EVENT_integration_paused)->integration_paused.integration_id =
                command->pause_integration.integration_id;
        }
        return ACCEPTED;
    case COMMAND_resume_integration:
        if (integration->paused) {
            event_append(ret_events, EVENT_integration_resumed)->integration_resumed.integration_id =
                command->resume_integration.integration_id;
        }
        return ACCEPTED;
    default:
        ASSERT(command->code == COMMAND_delete_integration);
        if (context->open_post_count > 0) {
            return REFUSED_integration_in_use;
        }
        event_append(ret_events, EVENT_integration_deleted)->integration_deleted.integration_id =
            command->delete_integration.integration_id;
        return ACCEPTED;
    }
}

static void evolve_connected(struct integration *integration, const struct integration_connected_event *event)
{
    ASSERT(event->account.len <= ACCOUNT_MAX);
    integration->connection = INTEGRATION_CONNECTED;
    integration->connecting = 0;
    integration->vault_id = event->vault_id;
    integration->session_expires_ms = event->session_expires_ms;
    integration->warned = 0;
    integration->account_len = (uint16_t)event->account.len;
    if (event->account.len != 0) {
        memcpy(integration->account, event->account.data, event->account.len);
    }
}

static void evolve_session(struct integration *integration, int64_t session_expires_ms, int64_t time_ms)
{
    if (session_expires_ms != 0) {
        integration->session_expires_ms = session_expires_ms;
        integration->warned = is_near(session_expires_ms, time_ms) ? integration->warned : 0;
    }
}

void integration_evolve(struct integration *integration, const struct event *event, int64_t time_ms)
{
    switch (event->code) {
    case EVENT_integration_connecting:
        if (integration->account_len == 0) {
            integration->integration_id = event->integration_connecting.integration_id;
            integration->channel = (uint8_t)event->integration_connecting.channel;
            integration->connection = INTEGRATION_CONNECTING;
        }
        integration->connecting = 1;
        return;
    case EVENT_integration_connected:
        evolve_connected(integration, &event->integration_connected);
        return;
    case EVENT_integration_refused:
        integration->connecting = 0;
        if (integration->account_len == 0) {
            integration->connection = INTEGRATION_REFUSED;
        }
        return;
    case EVENT_integration_refreshed:
        integration->vault_id = event->integration_refreshed.vault_id;
        evolve_session(integration, event->integration_refreshed.session_expires_ms, time_ms);
        return;
    case EVENT_integration_expiring:
        integration->warned = 1;
        return;
    case EVENT_integration_paused:
        integration->paused = 1;
        return;
    case EVENT_integration_resumed:
        integration->paused = 0;
        return;
    case EVENT_integration_disconnected:
        integration->connection = INTEGRATION_DISCONNECTED;
        return;
    default:
        ASSERT(event->code == EVENT_integration_deleted);
        integration->connection = INTEGRATION_DELETED;
        integration->connecting = 0;
    }
}

size_t integration_stored_size(const struct integration *integration)
{
    return offsetof(struct integration, account) + integration->account_len;
}
