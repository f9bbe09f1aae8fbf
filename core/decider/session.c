/* session.c: the rules of a session: opened once, in its person's generation, and ended once. Who may open one was
 * proved to the gateway; through a provider that was removed nobody opens one any more. Those that were opened through
 * it stay: what ends them is their time, or their person. */
#include "core/decider/session.h"

#include "core/base/assert.h"
#include "core/decider/provider.h"
#include "core/decider/user.h"

static enum refusal open_for(const struct session *session, const struct decide_context *context,
                             const struct open_session_command *wish, struct event_list *ret_events)
{
    if (session->head.version != 0) {
        return REFUSED_exists;
    }
    if (context->user == NULL || context->user->head.version == 0) {
        return REFUSED_reference_not_found;
    }
    if (context->user->erased) {
        return REFUSED_user_erased;
    }
    if (context->provider != NULL && (context->provider->head.version == 0 || context->provider->removed)) {
        return REFUSED_provider_removed;
    }
    struct session_opened_event *event = &event_append(ret_events, EVENT_session_opened)->session_opened;
    event->session_id = wish->session_id;
    event->user_id = wish->user_id;
    event->generation = context->user->generation;
    event->method = wish->method;
    event->provider_id = wish->provider_id;
    event->fingerprint = wish->fingerprint;
    event->expires_ms = wish->expires_ms;
    event->vault_id = wish->vault_id;
    return ACCEPTED;
}

enum refusal session_decide(const struct session *session, const struct decide_context *context,
                            const struct command *command, struct event_list *ret_events)
{
    if (command->code == COMMAND_open_session) {
        return open_for(session, context, &command->open_session, ret_events);
    }
    ASSERT(command->code == COMMAND_end_session);
    if (!session->ended) {
        struct event *event = event_append(ret_events, EVENT_session_ended);
        event->session_ended.session_id = command->end_session.session_id;
        event->session_ended.reason = command->end_session.reason;
    }
    return ACCEPTED;
}

void session_evolve(struct session *session, const struct event *event, int64_t time_ms)
{
    (void)time_ms;
    if (event->code == EVENT_session_opened) {
        session->user_id = event->session_opened.user_id;
        session->vault_id = event->session_opened.vault_id;
        session->generation = event->session_opened.generation;
        session->expires_ms = event->session_opened.expires_ms;
        return;
    }
    ASSERT(event->code == EVENT_session_ended);
    session->ended = 1;
    session->vault_id = (struct id){0}; /* nobody looks at where it was any more */
}
