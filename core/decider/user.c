/* user.c: the rules of a person: made known once, changed, and erased for ever. All sessions of a person end by one
 * event: each has the generation that it was opened in, and only the newest is valid. */
#include "core/decider/user.h"

#include "core/base/assert.h"

/* The login with that provider; LOGINS_MAX: there is none. An absent id finds a free place. */
static uint32_t find_provider(const struct user *user, const struct id *provider_id)
{
    uint32_t at = 0;
    while (at < LOGINS_MAX && !id_equal(&user->logins[at].provider_id, provider_id)) {
        at++;
    }
    return at;
}

static uint32_t find_subject(const struct user *user, const struct id *vault_id)
{
    uint32_t at = 0;
    while (at < LOGINS_MAX && !id_equal(&user->logins[at].vault_id, vault_id)) {
        at++;
    }
    return at;
}

static enum refusal create(const struct user *user, const struct create_user_command *wish,
                           struct event_list *ret_events)
{
    if (user->head.version != 0) {
        return REFUSED_exists;
    }
    struct user_created_event *event = &event_append(ret_events, EVENT_user_created)->user_created;
    event->user_id = wish->user_id;
    event->vault_id = wish->vault_id;
    return ACCEPTED;
}

static enum refusal link_login(const struct user *user, const struct link_login_command *wish,
                               struct event_list *ret_events)
{
    if (find_subject(user, &wish->vault_id) < LOGINS_MAX) {
        return ACCEPTED;
    }
    const struct id nobody = {0};
    if (find_provider(user, &wish->provider_id) < LOGINS_MAX || find_provider(user, &nobody) == LOGINS_MAX) {
        return REFUSED_login_exists;
    }
    struct login_linked_event *event = &event_append(ret_events, EVENT_login_linked)->login_linked;
    event->user_id = wish->user_id;
    event->provider_id = wish->provider_id;
    event->vault_id = wish->vault_id;
    return ACCEPTED;
}

static uint32_t count_logins(const struct user *user)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < LOGINS_MAX; i++) {
        const struct id nobody = {0};
        count += !id_equal(&user->logins[i].provider_id, &nobody);
    }
    return count;
}

/* Nobody locks themself out. */
static enum refusal unlink_login(const struct user *user, const struct unlink_login_command *wish,
                                 struct event_list *ret_events)
{
    const struct id nothing = {0};
    if (find_subject(user, &wish->vault_id) < LOGINS_MAX) {
        if (id_equal(&user->password_id, &nothing) && count_logins(user) == 1) {
            return REFUSED_login_last;
        }
        struct login_unlinked_event *event = &event_append(ret_events, EVENT_login_unlinked)->login_unlinked;
        event->user_id = wish->user_id;
        event->vault_id = wish->vault_id;
    }
    return ACCEPTED;
}

static void end_sessions(const struct user *user, const struct end_sessions_command *wish,
                         struct event_list *ret_events)
{
    struct sessions_ended_event *event = &event_append(ret_events, EVENT_sessions_ended)->sessions_ended;
    event->user_id = wish->user_id;
    event->generation = user->generation + 1;
    event->reason = wish->reason;
}

static enum refusal erase(const struct user *user, const struct decide_context *context,
                          const struct erase_user_command *wish, struct event_list *ret_events)
{
    if (user->erased) {
        return ACCEPTED;
    }
    if (context->is_member) {
        return REFUSED_still_member;
    }
    event_append(ret_events, EVENT_user_erased)->user_erased.user_id = wish->user_id;
    return ACCEPTED;
}

enum refusal user_decide(const struct user *user, const struct decide_context *context, const struct command *command,
                         struct event_list *ret_events)
{
    if (command->code == COMMAND_create_user) {
        return create(user, &command->create_user, ret_events);
    }
    if (command->code == COMMAND_erase_user) {
        return erase(user, context, &command->erase_user, ret_events);
    }
    if (user->erased) {
        return REFUSED_user_erased;
    }
    switch (command->code) {
    case COMMAND_change_user:
        if (!id_equal(&user->profile_id, &command->change_user.vault_id)) {
            struct event *event = event_append(ret_events, EVENT_user_changed);
            event->user_changed.user_id = command->change_user.user_id;
            event->user_changed.vault_id = command->change_user.vault_id;
        }
        return ACCEPTED;
    case COMMAND_set_password:
        if (!id_equal(&user->password_id, &command->set_password.vault_id)) {
            struct event *event = event_append(ret_events, EVENT_password_set);
            event->password_set.user_id = command->set_password.user_id;
            event->password_set.vault_id = command->set_password.vault_id;
            event->password_set.generation = user->generation + 1;
        }
        return ACCEPTED;
    case COMMAND_link_login:
        return link_login(user, &command->link_login, ret_events);
    case COMMAND_unlink_login:
        return unlink_login(user, &command->unlink_login, ret_events);
    case COMMAND_grant_operator:
        if (!user->is_operator) {
            event_append(ret_events, EVENT_operator_granted)->operator_granted.user_id =
                command->grant_operator.user_id;
        }
        return ACCEPTED;
    case COMMAND_revoke_operator:
        if (user->is_operator) {
            event_append(ret_events, EVENT_operator_revoked)->operator_revoked.user_id =
                command->revoke_operator.user_id;
        }
        return ACCEPTED;
    default:
        ASSERT(command->code == COMMAND_end_sessions);
        end_sessions(user, &command->end_sessions, ret_events);
        return ACCEPTED;
    }
}

static void evolve_erased(struct user *user)
{
    user->erased = 1;
    user->is_operator = 0;
    user->generation++;
    user->profile_id = (struct id){0};
    user->password_id = (struct id){0};
    memset(user->logins, 0, sizeof user->logins);
}

void user_evolve(struct user *user, const struct event *event, int64_t time_ms)
{
    (void)time_ms;
    switch (event->code) {
    case EVENT_user_created:
        user->profile_id = event->user_created.vault_id;
        return;
    case EVENT_user_changed:
        user->profile_id = event->user_changed.vault_id;
        return;
    case EVENT_password_set:
        user->password_id = event->password_set.vault_id;
        user->generation = event->password_set.generation;
        return;
    case EVENT_login_linked: {
        const struct id nobody = {0};
        const uint32_t at = find_provider(user, &nobody);
        ASSERT(at < LOGINS_MAX);
        user->logins[at].provider_id = event->login_linked.provider_id;
        user->logins[at].vault_id = event->login_linked.vault_id;
        return;
    }
    case EVENT_login_unlinked: {
        const uint32_t at = find_subject(user, &event->login_unlinked.vault_id);
        ASSERT(at < LOGINS_MAX);
        user->logins[at] = (struct user_login){.provider_id = {0}};
        return;
    }
    case EVENT_sessions_ended:
        user->generation = event->sessions_ended.generation;
        return;
    case EVENT_operator_granted:
    case EVENT_operator_revoked:
        user->is_operator = event->code == EVENT_operator_granted;
        return;
    default:
        ASSERT(event->code == EVENT_user_erased);
        evolve_erased(user);
    }
}
