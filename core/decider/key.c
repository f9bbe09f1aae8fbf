/* key.c: the rules of an API key: made once, revoked for ever. Two keys may share a name: that is how one is rotated.
 */
#include "core/decider/key.h"

#include "core/base/assert.h"
#include "core/decider/authority.h"
#include "core/decider/integration.h"
#include "core/message/access.h"

static enum refusal check_wish(const struct decide_context *context, const struct command *command)
{
    const struct create_key_command *wish = &command->create_key;
    if (!authority_gives((enum role)command->role, (enum role)wish->role)) {
        return REFUSED_role_above_own;
    }
    for (uint32_t i = 0; i < wish->scopes_count; i++) {
        if (!access_reaches((enum role)wish->role, (enum key_scope)wish->scopes[i].scope)) {
            return REFUSED_scope_above_role;
        }
    }
    for (uint32_t i = 0; i < wish->integrations_count; i++) {
        if (!integration_is_there(context_integration(context, &wish->integrations[i].integration_id))) {
            return REFUSED_reference_not_found;
        }
    }
    return authority_ends((enum role)wish->role, wish->expires_ms, context->now_ms) ? ACCEPTED
                                                                                    : REFUSED_expiry_required;
}

static enum refusal create(const struct key *key, const struct decide_context *context, const struct command *command,
                           struct event_list *ret_events)
{
    const struct create_key_command *wish = &command->create_key;
    if (key->head.version != 0) {
        return REFUSED_exists;
    }
    const enum refusal refusal = check_wish(context, command);
    if (refusal != ACCEPTED) {
        return refusal;
    }
    struct key_created_event *event = &event_append(ret_events, EVENT_key_created)->key_created;
    event->key_id = wish->key_id;
    event->workspace_id = wish->workspace_id;
    event->name = wish->name;
    event->role = wish->role;
    event->fingerprint = wish->fingerprint;
    event->expires_ms = wish->expires_ms;
    event->scopes = wish->scopes;
    event->scopes_count = wish->scopes_count;
    event->restricted = wish->restricted || wish->integrations_count > 0;
    event->integrations = wish->integrations;
    event->integrations_count = wish->integrations_count;
    event->rotates = wish->rotates;
    event->principal_id = command->principal_id;
    event->origin_id = id_is_none(&wish->rotates) ? (struct id){0} : context->rotated_origin_id;
    return ACCEPTED;
}

enum refusal key_decide(const struct key *key, const struct decide_context *context, const struct command *command,
                        struct event_list *ret_events)
{
    if (command->code == COMMAND_create_key) {
        return create(key, context, command, ret_events);
    }
    if (command->code == COMMAND_report_refusals) {
        const struct report_refusals_command *report = &command->report_refusals;
        event_append(ret_events, EVENT_access_refused)->access_refused =
            (struct access_refused_event){.key_id = report->key_id,
                                          .code = report->code,
                                          .times = report->times,
                                          .since_ms = report->since_ms,
                                          .request = report->request,
                                          .subject = report->subject};
        return ACCEPTED;
    }
    ASSERT(command->code == COMMAND_revoke_key);
    if (!authority_gives((enum role)command->role, (enum role)key->role)) {
        return REFUSED_role_above_own;
    }
    if (!key->revoked) {
        event_append(ret_events, EVENT_key_revoked)->key_revoked.key_id = command->revoke_key.key_id;
    }
    return ACCEPTED;
}

size_t key_stored_size(const struct key *key)
{
    return offsetof(struct key, accounts) + key->account_count * sizeof *key->accounts;
}

void key_evolve(struct key *key, const struct event *event, int64_t time_ms)
{
    (void)time_ms;
    if (event->code == EVENT_key_created) {
        key->fingerprint = event->key_created.fingerprint;
        key->expires_ms = event->key_created.expires_ms;
        key->role = (uint8_t)event->key_created.role;
        key->principal_id = event->key_created.principal_id;
        key->origin_id = event->key_created.origin_id;
        key->scopes = access_scopes(event->key_created.scopes, event->key_created.scopes_count);
        key->restricted = event->key_created.restricted;
        ASSERT(event->key_created.integrations_count <= KEY_ACCOUNTS_MAX);
        key->account_count = (uint8_t)event->key_created.integrations_count;
        for (uint32_t i = 0; i < key->account_count; i++) {
            key->accounts[i] = event->key_created.integrations[i];
        }
        return;
    }
    if (event->code == EVENT_access_refused) {
        return;
    }
    ASSERT(event->code == EVENT_key_revoked);
    key->revoked = 1;
}
