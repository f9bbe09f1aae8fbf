/* aggregate.c: one table of all aggregates, and what is the same for each of them: versions, and whose a thing is.
 * Called by the ledger's shell for every command and every event. A new aggregate is a row here, a new command a line
 * in command_aggregate. */
#include "core/decider/aggregate.h"

#include "core/base/assert.h"
#include "core/base/mutant.h"

struct aggregate_desc {
    size_t size;
    void (*evolve)(void *state, const struct event *event, int64_t time_ms);
    enum refusal (*decide)(const void *state, const struct decide_context *context, const struct command *command,
                           struct event_list *ret_events);
    uint32_t made_by[2]; /* the commands that may find nothing; the first 0: any */
    bool in_a_workspace; /* which must be there, too */
};

/* The table holds functions of void pointers; these give each state its type back. */
#define TYPED(noun_)                                                                                 \
    static void evolve_##noun_(void *state, const struct event *event, int64_t time_ms)              \
    {                                                                                                \
        noun_##_evolve((struct noun_ *)state, event, time_ms);                                       \
    }                                                                                                \
    static enum refusal decide_##noun_(const void *state, const struct decide_context *context,      \
                                       const struct command *command, struct event_list *ret_events) \
    {                                                                                                \
        return noun_##_decide((const struct noun_ *)state, context, command, ret_events);            \
    }

TYPED(installation)
TYPED(workspace)
TYPED(member)
TYPED(key)
TYPED(integration)
TYPED(post)
TYPED(user)
TYPED(session)
TYPED(provider)
TYPED(marks)
TYPED(series)
TYPED(queue)
TYPED(template)

#define ROW(noun_, in_a_workspace_, ...)                                                       \
    {                                                                                          \
        sizeof(struct noun_), evolve_##noun_, decide_##noun_, {__VA_ARGS__}, (in_a_workspace_) \
    }

static const struct aggregate_desc *describe(enum id_kind kind)
{
    static const struct aggregate_desc table[ID_KIND_COUNT] = {
        [ID_SYSTEM] = ROW(installation, false, 0),
        [ID_WORKSPACE] = ROW(workspace, false, COMMAND_create_workspace),
        [ID_MEMBER] = ROW(member, true, COMMAND_add_member, COMMAND_invite_member),
        [ID_KEY] = ROW(key, true, COMMAND_create_key),
        [ID_INTEGRATION] = ROW(integration, true, COMMAND_connect_integration),
        [ID_POST] = ROW(post, true, COMMAND_create_post, COMMAND_make_instance),
        [ID_SERIES] = ROW(series, true, COMMAND_create_series),
        [ID_USER] = ROW(user, false, COMMAND_create_user),
        [ID_SESSION] = ROW(session, false, COMMAND_open_session),
        [ID_PROVIDER] = ROW(provider, false, COMMAND_add_provider),
        [ID_NOTIFICATION] = ROW(marks, true, 0),
        [ID_QUEUE] = ROW(queue, true, 0), /* as old as its integration */
        [ID_TEMPLATE] = ROW(template, true, COMMAND_create_template),
    };
    ASSERT(aggregate_exists_for(kind));
    ASSERT(table[kind].evolve != NULL); /* all of them have their row */
    return &table[kind];
}

bool aggregate_exists_for(enum id_kind kind)
{
    return kind == ID_SYSTEM || kind == ID_WORKSPACE || kind == ID_MEMBER || kind == ID_KEY || kind == ID_INTEGRATION ||
           kind == ID_POST || kind == ID_USER || kind == ID_SESSION || kind == ID_PROVIDER || kind == ID_SERIES ||
           kind == ID_QUEUE || kind == ID_NOTIFICATION || kind == ID_TEMPLATE;
}

/* COMMANDS_OF(field, X): the commands of one aggregate, with the field that names it. */
#define WORKSPACE_COMMANDS(X) \
    X(create_workspace)       \
    X(change_workspace)       \
    X(pause_workspace) X(resume_workspace) X(delete_workspace) X(change_plan) X(close_period)
#define MEMBER_COMMANDS(X) \
    X(add_member)          \
    X(invite_member)       \
    X(join_workspace)      \
    X(withdraw_invitation) \
    X(change_member) X(remove_member) X(leave_workspace) X(report_member_refusals)
#define USER_COMMANDS(X) \
    X(create_user)       \
    X(change_user)       \
    X(set_password)      \
    X(link_login) X(unlink_login) X(end_sessions) X(erase_user) X(grant_operator) X(revoke_operator)
#define SESSION_COMMANDS(X) X(open_session) X(end_session)
#define PROVIDER_COMMANDS(X) X(add_provider) X(remove_provider)
#define MARKS_COMMANDS(X) X(read_notifications) X(choose_notifications)
#define TEMPLATE_COMMANDS(X) X(create_template) X(change_template) X(delete_template)
#define KEY_COMMANDS(X) X(create_key) X(revoke_key) X(report_refusals)
#define INTEGRATION_COMMANDS(X) \
    X(connect_integration)      \
    X(record_connection)        \
    X(refuse_connection)        \
    X(record_tokens)            \
    X(warn_expiring) X(pause_integration) X(resume_integration) X(disconnect_integration) X(delete_integration)
#define QUEUE_COMMANDS(X) X(change_queue) X(add_slot) X(remove_slot) X(pause_queue) X(resume_queue)
#define POST_COMMANDS(X) \
    X(create_post)       \
    X(edit_post)         \
    X(delete_post)       \
    X(schedule_post)     \
    X(approve_post)      \
    X(remind_approval)   \
    X(lock_post)         \
    X(record_prepared)   \
    X(start_attempt)     \
    X(record_outcome) X(miss_targets) X(cancel_post) X(cancel_target) X(retry_post) X(resolve_target) X(swap_targets)
#define INSTANCE_COMMANDS(X) X(make_instance) X(edit_instance) X(withdraw_instance)
#define SERIES_COMMANDS(X) X(create_series) X(change_series) X(pause_series) X(resume_series) X(end_series)

/* Names the aggregate of a command; *ret_stream is its id. */
static enum id_kind name_aggregate(const struct command *command, struct id *ret_stream)
{
    switch (command->code) {
    case COMMAND_suspect_clock:
    case COMMAND_trust_clock:
    case COMMAND_start_ledger:
    case COMMAND_suspend_starts:
    case COMMAND_confirm_starts:
    case COMMAND_report_strangers:
    case COMMAND_report_uses:
        *ret_stream = (struct id){0};
        return ID_SYSTEM;
#define X(name_)                                   \
    case COMMAND_##name_:                          \
        *ret_stream = command->name_.workspace_id; \
        return ID_WORKSPACE;
        WORKSPACE_COMMANDS(X)
#undef X
#define X(name_)                                \
    case COMMAND_##name_:                       \
        *ret_stream = command->name_.member_id; \
        return ID_MEMBER;
        MEMBER_COMMANDS(X)
#undef X
#define X(name_)                              \
    case COMMAND_##name_:                     \
        *ret_stream = command->name_.user_id; \
        return ID_USER;
        USER_COMMANDS(X)
#undef X
#define X(name_)                                 \
    case COMMAND_##name_:                        \
        *ret_stream = command->name_.session_id; \
        return ID_SESSION;
        SESSION_COMMANDS(X)
#undef X
#define X(name_)                                  \
    case COMMAND_##name_:                         \
        *ret_stream = command->name_.provider_id; \
        return ID_PROVIDER;
        PROVIDER_COMMANDS(X)
#undef X
#define X(name_)                                           \
    case COMMAND_##name_:                                  \
        *ret_stream = marks_of(&command->name_.member_id); \
        return ID_NOTIFICATION;
        MARKS_COMMANDS(X)
#undef X
#define X(name_)                                  \
    case COMMAND_##name_:                         \
        *ret_stream = command->name_.template_id; \
        return ID_TEMPLATE;
        TEMPLATE_COMMANDS(X)
#undef X
#define X(name_)                             \
    case COMMAND_##name_:                    \
        *ret_stream = command->name_.key_id; \
        return ID_KEY;
        KEY_COMMANDS(X)
#undef X
#define X(name_)                                     \
    case COMMAND_##name_:                            \
        *ret_stream = command->name_.integration_id; \
        return ID_INTEGRATION;
        INTEGRATION_COMMANDS(X)
#undef X
#define X(name_)                              \
    case COMMAND_##name_:                     \
        *ret_stream = command->name_.post_id; \
        return ID_POST;
        POST_COMMANDS(X)
        INSTANCE_COMMANDS(X)
#undef X
#define X(name_)                                \
    case COMMAND_##name_:                       \
        *ret_stream = command->name_.series_id; \
        return ID_SERIES;
        SERIES_COMMANDS(X)
#undef X
#define X(name_)                               \
    case COMMAND_##name_:                      \
        *ret_stream = command->name_.queue_id; \
        return ID_QUEUE;
        QUEUE_COMMANDS(X)
#undef X
    default:
        *ret_stream = (struct id){0};
        return ID_NONE;
    }
}

enum id_kind command_aggregate(uint32_t code)
{
    struct id stream;
    const struct command command = {.code = code};
    return name_aggregate(&command, &stream);
}

struct id command_stream(const struct command *command)
{
    struct id stream;
    (void)name_aggregate(command, &stream);
    return stream;
}

struct id command_workspace(const struct command *command)
{
    switch (command->code) {
    case COMMAND_create_workspace:
        return command->create_workspace.workspace_id;
    case COMMAND_add_member:
        return command->add_member.workspace_id;
    case COMMAND_create_key:
        return command->create_key.workspace_id;
    case COMMAND_invite_member:
        return command->invite_member.workspace_id;
    default:
        return command->workspace_id;
    }
}

/* Which events a command may begin with. */
static const struct first {
    uint32_t command;
    uint32_t event;
} firsts[] = {
    {COMMAND_suspect_clock,          EVENT_clock_suspected         },
    {COMMAND_trust_clock,            EVENT_clock_trusted           },
    {COMMAND_start_ledger,           EVENT_ledger_started          },
    {COMMAND_suspend_starts,         EVENT_starts_suspended        },
    {COMMAND_confirm_starts,         EVENT_starts_confirmed        },
    {COMMAND_create_workspace,       EVENT_workspace_created       },
    {COMMAND_pause_workspace,        EVENT_workspace_paused        },
    {COMMAND_resume_workspace,       EVENT_workspace_resumed       },
    {COMMAND_add_member,             EVENT_member_added            },
    {COMMAND_create_key,             EVENT_key_created             },
    {COMMAND_revoke_key,             EVENT_key_revoked             },
    {COMMAND_connect_integration,    EVENT_integration_connecting  },
    {COMMAND_record_connection,      EVENT_integration_connected   },
    {COMMAND_refuse_connection,      EVENT_integration_refused     },
    {COMMAND_record_tokens,          EVENT_integration_refreshed   },
    {COMMAND_pause_integration,      EVENT_integration_paused      },
    {COMMAND_resume_integration,     EVENT_integration_resumed     },
    {COMMAND_disconnect_integration, EVENT_integration_disconnected},
    {COMMAND_delete_integration,     EVENT_integration_deleted     },
    {COMMAND_create_post,            EVENT_post_created            },
    {COMMAND_edit_post,              EVENT_post_edited             },
    {COMMAND_delete_post,            EVENT_post_deleted            },
    {COMMAND_schedule_post,          EVENT_post_scheduled          },
    {COMMAND_lock_post,              EVENT_post_locked             },
    {COMMAND_record_prepared,        EVENT_target_prepared         },
    {COMMAND_start_attempt,          EVENT_attempt_started         },
    {COMMAND_record_outcome,         EVENT_attempt_finished        },
    {COMMAND_record_outcome,         EVENT_attempt_settled         },
    {COMMAND_record_outcome,         EVENT_attempt_probed          },
    {COMMAND_record_outcome,         EVENT_outcome_contradicted    },
    {COMMAND_miss_targets,           EVENT_targets_missed          },
    {COMMAND_miss_targets,           EVENT_targets_doubted         },
    {COMMAND_miss_targets,           EVENT_comment_finished        },
    {COMMAND_cancel_post,            EVENT_targets_cancelled       },
    {COMMAND_cancel_target,          EVENT_targets_cancelled       },
    {COMMAND_retry_post,             EVENT_targets_retried         },
    {COMMAND_resolve_target,         EVENT_target_resolved         },
    {COMMAND_report_refusals,        EVENT_access_refused          },
    {COMMAND_report_strangers,       EVENT_access_refused          },
    {COMMAND_change_workspace,       EVENT_workspace_changed       },
    {COMMAND_delete_workspace,       EVENT_workspace_deleted       },
    {COMMAND_delete_workspace,       EVENT_billing_due             },
    {COMMAND_change_plan,            EVENT_plan_changed            },
    {COMMAND_close_period,           EVENT_billing_due             },
    {COMMAND_invite_member,          EVENT_member_invited          },
    {COMMAND_join_workspace,         EVENT_member_joined           },
    {COMMAND_withdraw_invitation,    EVENT_invitation_withdrawn    },
    {COMMAND_change_member,          EVENT_member_changed          },
    {COMMAND_remove_member,          EVENT_member_removed          },
    {COMMAND_remove_member,          EVENT_invitation_withdrawn    },
    {COMMAND_leave_workspace,        EVENT_member_removed          },
    {COMMAND_report_member_refusals, EVENT_access_refused          },
    {COMMAND_create_user,            EVENT_user_created            },
    {COMMAND_change_user,            EVENT_user_changed            },
    {COMMAND_set_password,           EVENT_password_set            },
    {COMMAND_link_login,             EVENT_login_linked            },
    {COMMAND_unlink_login,           EVENT_login_unlinked          },
    {COMMAND_end_sessions,           EVENT_sessions_ended          },
    {COMMAND_erase_user,             EVENT_user_erased             },
    {COMMAND_open_session,           EVENT_session_opened          },
    {COMMAND_end_session,            EVENT_session_ended           },
    {COMMAND_report_uses,            EVENT_credentials_used        },
    {COMMAND_add_provider,           EVENT_provider_added          },
    {COMMAND_remove_provider,        EVENT_provider_removed        },
    {COMMAND_grant_operator,         EVENT_operator_granted        },
    {COMMAND_revoke_operator,        EVENT_operator_revoked        },
    {COMMAND_approve_post,           EVENT_approval_given          },
    {COMMAND_remind_approval,        EVENT_approval_wanted         },
    {COMMAND_swap_targets,           EVENT_post_scheduled          },
    {COMMAND_change_queue,           EVENT_queue_changed           },
    {COMMAND_add_slot,               EVENT_slot_added              },
    {COMMAND_remove_slot,            EVENT_slot_removed            },
    {COMMAND_pause_queue,            EVENT_queue_paused            },
    {COMMAND_resume_queue,           EVENT_queue_resumed           },
    {COMMAND_create_series,          EVENT_series_created          },
    {COMMAND_change_series,          EVENT_series_changed          },
    {COMMAND_pause_series,           EVENT_series_paused           },
    {COMMAND_resume_series,          EVENT_series_resumed          },
    {COMMAND_end_series,             EVENT_series_ended            },
    {COMMAND_make_instance,          EVENT_post_created            },
    {COMMAND_edit_instance,          EVENT_post_edited             },
    {COMMAND_withdraw_instance,      EVENT_instance_withdrawn      },
    {COMMAND_warn_expiring,          EVENT_integration_expiring    },
    {COMMAND_read_notifications,     EVENT_notifications_read      },
    {COMMAND_choose_notifications,   EVENT_notifications_chosen    },
    {COMMAND_create_template,        EVENT_template_created        },
    {COMMAND_change_template,        EVENT_template_changed        },
    {COMMAND_delete_template,        EVENT_template_deleted        },
};

bool command_begins_with(uint32_t command_code, uint32_t event_code)
{
    for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++) {
        if (firsts[i].command == command_code && firsts[i].event == event_code) {
            return true;
        }
    }
    return false;
}

size_t aggregate_size_max(enum id_kind kind)
{
    return describe(kind)->size;
}

size_t aggregate_stored_size(enum id_kind kind, const void *state)
{
    if (kind == ID_POST) {
        return post_stored_size((const struct post *)state);
    }
    if (kind == ID_KEY) {
        return key_stored_size((const struct key *)state);
    }
    if (kind == ID_INTEGRATION) {
        return integration_stored_size((const struct integration *)state);
    }
    if (kind == ID_NOTIFICATION) {
        return marks_stored_size((const struct marks *)state);
    }
    if (kind == ID_SERIES) {
        return series_stored_size((const struct series *)state);
    }
    if (kind == ID_QUEUE) {
        return queue_stored_size((const struct queue *)state);
    }
    if (kind == ID_TEMPLATE) {
        return template_stored_size((const struct template *)state);
    }
    return describe(kind)->size;
}

enum err aggregate_load(enum id_kind kind, struct span row, void *ret_state)
{
    return aggregate_load_over(kind, row, describe(kind)->size, ret_state);
}

enum err aggregate_load_over(enum id_kind kind, struct span row, size_t used, void *state)
{
    if (row.len > describe(kind)->size) {
        return ERR_TOO_LONG;
    }
    if (row.len != 0 && row.len < sizeof(struct aggregate_head)) {
        return ERR_TRUNCATED;
    }
    if (row.len != 0) {
        memcpy(state, row.data, row.len);
    }
    if (used > row.len) {
        memset((uint8_t *)state + row.len, 0, used - row.len);
    }
    return OK;
}

void aggregate_evolve(enum id_kind kind, void *state, const struct event *event, const struct id *workspace_id,
                      int64_t time_ms)
{
    struct aggregate_head *head = (struct aggregate_head *)state;
    if (head->version == 0) {
        head->workspace_id = *workspace_id;
    }
    ASSERT(id_equal(&head->workspace_id, workspace_id));
    describe(kind)->evolve(state, event, time_ms);
    head->version++;
}

/* Nobody enters a deleted workspace and nothing begins there; our own processes record what they had begun. */
static bool is_shut(const struct workspace *workspace, const struct aggregate_head *head, const struct command *command)
{
    return workspace->deleted && (command->role != ROLE_NONE || head->version == 0);
}

bool command_makes(uint32_t code)
{
    const struct aggregate_desc *desc = describe(command_aggregate(code));
    return code != 0 && (desc->made_by[0] == code || desc->made_by[1] == code);
}

enum refusal aggregate_missing(const void *state, const struct command *command)
{
    const struct aggregate_head *head = (const struct aggregate_head *)state;
    const struct id workspace_id = command_workspace(command);
    const bool taken = head->version != 0 && !id_equal(&head->workspace_id, &workspace_id);
    const bool makes = command_makes(command->code) && command->code != COMMAND_connect_integration; /* or reconnects */
    return taken && makes ? REFUSED_exists : REFUSED_not_found;
}

static bool is_there(const struct aggregate_desc *desc, const struct aggregate_head *head,
                     const struct decide_context *context, const struct command *command)
{
    const struct workspace *workspace = context->workspace;
    const struct id workspace_id = command_workspace(command);
    if (desc->in_a_workspace &&
        (workspace == NULL || workspace->head.version == 0 || !id_equal(&workspace->head.workspace_id, &workspace_id) ||
         is_shut(workspace, head, command))) {
        return false;
    }
    if (head->version == 0) {
        return desc->made_by[0] == 0 || command_makes(command->code);
    }
    return id_equal(&head->workspace_id, &workspace_id);
}

/* A refusal of the input's own fault weighs less than a version that is not the one the sender saw. */
static bool weighs_less_than_version(enum refusal refusal)
{
    return refusal == ACCEPTED || refusal_desc(refusal)->status == 422;
}

enum refusal aggregate_decide(enum id_kind kind, const void *state, const struct decide_context *context,
                              const struct command *command, struct event_list *ret_events)
{
    const struct aggregate_desc *desc = describe(kind);
    const struct aggregate_head *head = (const struct aggregate_head *)state;
    ret_events->count = 0;
    context->room->others.count = 0;
    if (!is_there(desc, head, context, command)) {
        return aggregate_missing(state, command);
    }
    enum refusal refusal = desc->decide(state, context, command, ret_events);
    const bool checked = command->expected_version != 0 && !(MUTANT(4) && command->code == COMMAND_lock_post);
    if (checked && command->expected_version != head->version && weighs_less_than_version(refusal)) {
        refusal = REFUSED_version_mismatch;
    }
    if (refusal != ACCEPTED) {
        ret_events->count = 0;
        context->room->others.count = 0;
    }
    return refusal;
}

bool aggregate_keeps_secrets(enum id_kind kind)
{
    return kind == ID_INTEGRATION || kind == ID_KEY || kind == ID_MEMBER || kind == ID_USER || kind == ID_SESSION ||
           kind == ID_PROVIDER;
}

static uint32_t list_secret(const struct id *secret_id, struct id *ret_secrets, uint32_t count)
{
    ASSERT(count < SECRETS_MAX);
    ret_secrets[count] = *secret_id;
    return count + (id_is_none(secret_id) ? 0 : 1);
}

static uint32_t list_users(const struct user *user, struct id *ret_secrets)
{
    uint32_t count = list_secret(&user->profile_id, ret_secrets, 0);
    count = list_secret(&user->password_id, ret_secrets, count);
    for (uint32_t i = 0; i < LOGINS_MAX; i++) {
        count = list_secret(&user->logins[i].vault_id, ret_secrets, count);
    }
    return count;
}

uint32_t aggregate_secrets(enum id_kind kind, const struct id *stream, const void *state,
                           struct id ret_secrets[SECRETS_MAX])
{
    ASSERT(aggregate_keeps_secrets(kind));
    if (aggregate_is_over(kind, state)) {
        return 0;
    }
    if (kind == ID_USER) {
        return list_users((const struct user *)state, ret_secrets);
    }
    return list_secret(kind == ID_INTEGRATION ? &((const struct integration *)state)->vault_id
                       : kind == ID_MEMBER    ? &((const struct member *)state)->vault_id
                       : kind == ID_SESSION   ? &((const struct session *)state)->vault_id
                       : kind == ID_PROVIDER  ? &((const struct provider *)state)->vault_id
                                              : stream, /* a key's tag key */
                       ret_secrets, 0);
}

bool aggregate_is_over(enum id_kind kind, const void *state)
{
    ASSERT(aggregate_keeps_secrets(kind));
    return kind == ID_INTEGRATION ? ((const struct integration *)state)->connection == INTEGRATION_DELETED
           : kind == ID_MEMBER    ? ((const struct member *)state)->status == MEMBER_REMOVED
           : kind == ID_USER      ? ((const struct user *)state)->erased != 0
           : kind == ID_SESSION   ? ((const struct session *)state)->ended != 0
           : kind == ID_PROVIDER  ? ((const struct provider *)state)->removed != 0
                                  : ((const struct key *)state)->revoked != 0;
}

void aggregate_hint(enum id_kind kind, const void *state, const struct command *command, enum refusal refusal,
                    int64_t *ret_hint_ms, int64_t *ret_publish_at_ms)
{
    *ret_hint_ms = 0;
    *ret_publish_at_ms = 0;
    if (kind == ID_WORKSPACE && refusal == REFUSED_workspace_not_paused) {
        *ret_hint_ms = ((const struct workspace *)state)->paused_at_ms;
    }
    if (kind != ID_POST) {
        return;
    }
    const struct post *post = (const struct post *)state;
    *ret_publish_at_ms = post->publish_at_ms;
    if (refusal == REFUSED_post_locked || refusal == REFUSED_lock_too_early) {
        *ret_hint_ms = post_locked_at(post);
    } else if (refusal == REFUSED_attempt_early) {
        const bool starts = command->code == COMMAND_start_attempt;
        const struct post_target *target =
            post_target(post, starts ? &command->start_attempt.target_id : &command->record_outcome.target_id);
        *ret_hint_ms = starts ? target->next_ms : target->deadline_ms;
    }
}
