/* key.c: the rules of an API key: made once, revoked for ever. Two keys may share a name: that is how one is rotated.
 */
#include "core/decider/key.h"

#include "core/base/assert.h"

static enum refusal create(const struct key *key, const struct create_key_command *wish, struct event_list *ret_events)
{
    if (key->head.version != 0) {
        return REFUSED_exists;
    }
    struct key_created_event *event = &event_append(ret_events, EVENT_key_created)->key_created;
    event->key_id = wish->key_id;
    event->workspace_id = wish->workspace_id;
    event->name = wish->name;
    event->role = wish->role;
    event->fingerprint = wish->fingerprint;
    event->expires_ms = wish->expires_ms;
    return ACCEPTED;
}

enum refusal key_decide(const struct key *key, const struct decide_context *context, const struct command *command,
                        struct event_list *ret_events)
{
    (void)context;
    if (command->code == COMMAND_create_key) {
        return create(key, &command->create_key, ret_events);
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
    if (!key->revoked) {
        event_append(ret_events, EVENT_key_revoked)->key_revoked.key_id = command->revoke_key.key_id;
    }
    return ACCEPTED;
}

void key_evolve(struct key *key, const struct event *event, int64_t time_ms)
{
    (void)time_ms;
    if (event->code == EVENT_key_created) {
        key->fingerprint = event->key_created.fingerprint;
        key->expires_ms = event->key_created.expires_ms;
        key->role = (uint8_t)event->key_created.role;
        return;
    }
    if (event->code == EVENT_access_refused) {
        return;
    }
    ASSERT(event->code == EVENT_key_revoked);
    key->revoked = 1;
}
