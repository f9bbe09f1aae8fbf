/* decider_people.h: the steps of decider_story.h that are about tenants, members, people, sessions and keys. */
#ifndef OPENPOST_TESTS_DECIDER_PEOPLE_H
#define OPENPOST_TESTS_DECIDER_PEOPLE_H

#include "tests/unit/decider_words.h"

static inline uint32_t role_of(const struct step *step, const char *name, uint32_t otherwise)
{
    return option(step, name) == NULL ? otherwise : choice_value(&role_words, span_text(option(step, name)));
}

static inline struct id secret_of(const struct step *step)
{
    return story_id(ID_SECRET, number(option(step, "vault"), 1), 's');
}

static inline uint64_t tell_number(const char *text)
{
    return text == NULL ? 0 : (uint64_t)strtoull(text, NULL, 10);
}

/* "approve": the one permission that there is. */
static inline uint32_t tell_permissions(struct arena *arena, const struct step *step,
                                        struct granted_permission **ret_permissions)
{
    *ret_permissions = (struct granted_permission *)arena_alloc(arena, sizeof **ret_permissions);
    (*ret_permissions)->permission = PERMISSION_APPROVE;
    return has_word(step, "approve") ? 1 : 0;
}

static inline bool tell_tenant_command(struct arena *arena, const struct step *step, struct command *command)
{
    const struct id workspace_id = story_id(ID_WORKSPACE, number(option(step, "tenant"), 1), 'w');
    const char *verb = step->words[0];
    if (strcmp(verb, "workspace") == 0) {
        command->code = COMMAND_create_workspace;
        command->create_workspace =
            (struct create_workspace_command){.slug = SPAN("acme"),
                                              .name = SPAN("Acme"),
                                              .timezone = SPAN("UTC"),
                                              .max_lateness_ms = tell_number(option(step, "lateness")),
                                              .late_spacing_ms = tell_number(option(step, "spacing")),
                                              .plan = word_or_none(option(step, "plan")),
                                              .period_start_ms = seconds(option(step, "from")),
                                              .period_end_ms = seconds(option(step, "till"))};
    } else if (strcmp(verb, "settings") == 0) {
        command->code = COMMAND_change_workspace;
        command->change_workspace = (struct change_workspace_command){
            .slug = word_or_none(option(step, "slug")),
            .timezone = word_or_none(option(step, "timezone")),
            .max_lateness_ms = tell_number(option(step, "lateness")),
            .late_spacing_ms = tell_number(option(step, "spacing")),
            .approval_policy = choice_value(&approval_policy_words, word_or_none(option(step, "policy")))};
    } else if (strcmp(verb, "hold") == 0) {
        command->code = COMMAND_pause_workspace;
        command->pause_workspace.reason = word_or_none(option(step, "reason"));
    } else if (strcmp(verb, "release") == 0) {
        command->code = COMMAND_resume_workspace;
    } else if (strcmp(verb, "abolish") == 0) {
        command->code = COMMAND_delete_workspace;
    } else if (strcmp(verb, "plan") == 0) {
        struct plan_limit *limits = (struct plan_limit *)arena_alloc(arena, LIMIT_COUNT * sizeof *limits);
        command->code = COMMAND_change_plan;
        command->change_plan = (struct change_plan_command){.plan = span_text(step->words[1]),
                                                            .limits = limits,
                                                            .period_start_ms = seconds(option(step, "from")),
                                                            .period_end_ms = seconds(option(step, "till"))};
        for (uint32_t i = 0; i < LIMIT_COUNT; i++) {
            const char *most = option(step, (const char *)limit_word((enum limit)i).data);
            if (most != NULL) {
                limits[command->change_plan.limits_count++] =
                    (struct plan_limit){.what = limit_word((enum limit)i), .most = tell_number(most)};
            }
        }
        if (has_word(step, "of_wishes")) {
            limits[0] = (struct plan_limit){.what = SPAN("wishes"), .most = 3};
            command->change_plan.limits_count = 1;
        }
    } else if (strcmp(verb, "bill") == 0) {
        command->code = COMMAND_close_period;
        command->close_period.period_end_ms = seconds(option(step, "till"));
        command->close_period.next_end_ms = seconds(option(step, "next"));
    } else {
        return false;
    }
    *(struct id *)command_fields(command) = workspace_id; /* the first field of all of them */
    return true;
}

static inline bool tell_member_command(struct arena *arena, const struct step *step, struct command *command)
{
    const struct id workspace_id = story_id(ID_WORKSPACE, number(option(step, "tenant"), 1), 'w');
    const struct id user_id = story_id(ID_USER, number(option(step, "user"), 1), 'u');
    const char *verb = step->words[0];
    if (strcmp(verb, "member") == 0) {
        command->code = COMMAND_add_member;
        command->add_member = (struct add_member_command){.workspace_id = workspace_id,
                                                          .user_id = user_id,
                                                          .role = role_of(step, "role", ROLE_EDITOR),
                                                          .until_ms = seconds(option(step, "until"))};
    } else if (strcmp(verb, "invite") == 0) {
        command->code = COMMAND_invite_member;
        command->invite_member = (struct invite_member_command){.workspace_id = workspace_id,
                                                                .role = role_of(step, "role", ROLE_EDITOR),
                                                                .vault_id = secret_of(step),
                                                                .fingerprint = story_hash('t', 1),
                                                                .expires_ms = seconds("3600"),
                                                                .until_ms = seconds(option(step, "until"))};
        command->invite_member.permissions_count = tell_permissions(arena, step, &command->invite_member.permissions);
    } else if (strcmp(verb, "join") == 0) {
        command->code = COMMAND_join_workspace;
        command->join_workspace.user_id = user_id;
        command->join_workspace.fingerprint = story_hash('t', number(option(step, "token"), 1));
    } else if (strcmp(verb, "withdraw") == 0) {
        command->code = COMMAND_withdraw_invitation;
    } else if (strcmp(verb, "promote") == 0) {
        command->code = COMMAND_change_member;
        command->change_member.role = role_of(step, "role", ROLE_EDITOR);
        command->change_member.until_ms = seconds(option(step, "until"));
        command->change_member.permissions_count = tell_permissions(arena, step, &command->change_member.permissions);
    } else if (strcmp(verb, "dismiss") == 0) {
        command->code = COMMAND_remove_member;
    } else if (strcmp(verb, "leave") == 0) {
        command->code = COMMAND_leave_workspace;
        command->actor_id = story_id(ID_MEMBER, has_word(step, "another") ? 2 : 1, 'm');
    } else if (strcmp(verb, "rebuffed") == 0) {
        command->code = COMMAND_report_member_refusals;
        command->report_member_refusals =
            (struct report_member_refusals_command){.code = SPAN("forbidden"), .times = 3, .since_ms = 1};
    } else {
        return false;
    }
    *(struct id *)command_fields(command) = story_id(ID_MEMBER, 1, 'm'); /* the first field of all of them */
    return true;
}

static inline bool tell_user_command(const struct step *step, struct command *command)
{
    const char *verb = step->words[0];
    if (strcmp(verb, "user") == 0) {
        command->code = COMMAND_create_user;
        command->create_user.vault_id = secret_of(step);
    } else if (strcmp(verb, "rename") == 0) {
        command->code = COMMAND_change_user;
        command->change_user.vault_id = secret_of(step);
    } else if (strcmp(verb, "password") == 0) {
        command->code = COMMAND_set_password;
        command->set_password.vault_id = secret_of(step);
    } else if (strcmp(verb, "link") == 0) {
        command->code = COMMAND_link_login;
        command->link_login.provider_id = story_id(ID_PROVIDER, number(option(step, "provider"), 1), 'i');
        command->link_login.vault_id = secret_of(step);
    } else if (strcmp(verb, "unlink") == 0) {
        command->code = COMMAND_unlink_login;
        command->unlink_login.vault_id = secret_of(step);
    } else if (strcmp(verb, "sign_out_everywhere") == 0) {
        command->code = COMMAND_end_sessions;
        command->end_sessions.reason = END_REVOKED;
    } else if (strcmp(verb, "entrust") == 0) {
        command->code = COMMAND_grant_operator;
    } else if (strcmp(verb, "distrust") == 0) {
        command->code = COMMAND_revoke_operator;
    } else if (strcmp(verb, "erase") == 0) {
        command->code = COMMAND_erase_user;
    } else {
        return false;
    }
    *(struct id *)command_fields(command) = story_id(ID_USER, 1, 'u'); /* the first field of all of them */
    return true;
}

/* "posts:read" and the like: scopes; a letter: an account that the key sees. */
static inline void tell_key(struct arena *arena, const struct step *step, struct create_key_command *ret_key)
{
    *ret_key = (struct create_key_command){
        .workspace_id = story_id(ID_WORKSPACE, number(option(step, "tenant"), 1), 'w'),
        .name = SPAN("ci"),
        .role = role_of(step, "role", ROLE_ADMIN),
        .fingerprint = story_hash('k', 1),
        .expires_ms = seconds(option(step, "expires")),
        .scopes = (struct granted_scope *)arena_alloc(arena, 13 * sizeof *ret_key->scopes),
        .integrations = (struct integration_ref *)arena_alloc(arena, STEP_WORDS_MAX * sizeof *ret_key->integrations)};
    for (int i = 1; i < step->count; i++) {
        const uint32_t scope = choice_value(&scope_words, span_text(step->words[i]));
        if (scope != 0) {
            ret_key->scopes[ret_key->scopes_count++].scope = scope;
        } else if (is_target(step->words[i])) {
            ret_key->integrations[ret_key->integrations_count++].integration_id =
                story_id(ID_INTEGRATION, 1, step->words[i][0]);
        }
    }
}

static inline bool tell_credential_command(struct arena *arena, const struct step *step, struct command *command)
{
    const struct id key_id = story_id(ID_KEY, 1, 'k');
    const struct id session_id = story_id(ID_SESSION, 1, 'z');
    const struct id provider_id = story_id(ID_PROVIDER, 1, 'i');
    const char *verb = step->words[0];
    if (strcmp(verb, "key") == 0) {
        command->code = COMMAND_create_key;
        tell_key(arena, step, &command->create_key);
        command->create_key.key_id = key_id;
    } else if (strcmp(verb, "revoke") == 0) {
        command->code = COMMAND_revoke_key;
        command->revoke_key.key_id = key_id;
    } else if (strcmp(verb, "refused") == 0) {
        command->code = COMMAND_report_refusals;
        command->report_refusals =
            (struct report_refusals_command){.key_id = key_id, .code = SPAN("forbidden"), .times = 3, .since_ms = 1};
    } else if (strcmp(verb, "sign_in") == 0) {
        command->code = COMMAND_open_session;
        command->open_session = (struct open_session_command){.session_id = session_id,
                                                              .user_id = story_id(ID_USER, 1, 'u'),
                                                              .method = SIGN_IN_PASSWORD,
                                                              .fingerprint = story_hash('z', 1),
                                                              .expires_ms = seconds("3600")};
        if (option(step, "provider") != NULL) {
            command->open_session.method = SIGN_IN_OIDC;
            command->open_session.provider_id = provider_id;
        }
    } else if (strcmp(verb, "sign_out") == 0) {
        command->code = COMMAND_end_session;
        command->end_session.session_id = session_id;
        command->end_session.reason = END_SIGNED_OUT;
    } else if (strcmp(verb, "provider") == 0) {
        command->code = COMMAND_add_provider;
        command->add_provider = (struct add_provider_command){.provider_id = provider_id,
                                                              .name = SPAN("Acme"),
                                                              .issuer = SPAN("https://id.acme.test"),
                                                              .client_id = SPAN("openpost"),
                                                              .vault_id = secret_of(step)};
    } else if (strcmp(verb, "unprovide") == 0) {
        command->code = COMMAND_remove_provider;
        command->remove_provider.provider_id = provider_id;
    } else if (strcmp(verb, "used") == 0) {
        struct credential_use *uses = (struct credential_use *)arena_alloc(arena, sizeof *uses);
        uses[0] = (struct credential_use){.credential_id = key_id, .used_ms = STORY_EPOCH_MS};
        command->code = COMMAND_report_uses;
        command->report_uses.uses = uses;
        command->report_uses.uses_count = has_word(step, "nothing") ? 0 : 1;
    } else {
        return false;
    }
    return true;
}

/* "seen 5 7": the notifications of these events; many=N: so many from the first on. */
static inline void tell_marks(struct arena *arena, const struct step *step, struct read_notifications_command *ret_read)
{
    const uint32_t many = (uint32_t)number(option(step, "many"), 1);
    struct event_ref *items = (struct event_ref *)arena_alloc(arena, (STEP_WORDS_MAX + many) * sizeof *items);
    *ret_read = (struct read_notifications_command){
        .up_to = tell_number(option(step, "up_to")), .items = items, .unread = has_word(step, "unread")};
    for (int i = 1; i < step->count; i++) {
        const uint64_t first = tell_number(step->words[i]);
        for (uint32_t k = 0; first != 0 && k < many; k++) {
            items[ret_read->items_count++].workspace_seq = first + k;
        }
    }
}

static inline bool tell_marks_command(struct arena *arena, const struct step *step, struct command *command)
{
    const char *verb = step->words[0];
    if (strcmp(verb, "seen") == 0) {
        command->code = COMMAND_read_notifications;
        tell_marks(arena, step, &command->read_notifications);
    } else if (strcmp(verb, "hide") == 0) {
        struct notification_choice *hidden =
            (struct notification_choice *)arena_alloc(arena, STEP_WORDS_MAX * sizeof *hidden);
        command->code = COMMAND_choose_notifications;
        command->choose_notifications =
            (struct choose_notifications_command){.hidden = hidden, .seen = tell_number(option(step, "version_seen"))};
        for (int i = 1; i < step->count; i++) {
            const uint32_t kind = choice_value(&notification_kind_words, span_text(step->words[i]));
            if (kind != NOTIFY_NONE) {
                hidden[command->choose_notifications.hidden_count++].kind = kind;
            }
        }
    } else {
        return false;
    }
    command->actor_id = story_id(ID_MEMBER, has_word(step, "another") ? 2 : 1, 'm');
    *(struct id *)command_fields(command) = story_id(ID_MEMBER, 1, 'm'); /* the first field of both */
    return true;
}

static inline bool tell_people_command(struct arena *arena, const struct step *step, struct command *command)
{
    return tell_tenant_command(arena, step, command) || tell_member_command(arena, step, command) ||
           tell_user_command(step, command) || tell_credential_command(arena, step, command) ||
           tell_marks_command(arena, step, command);
}

#endif
