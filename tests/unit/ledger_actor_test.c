/* ledger_actor_test.c: what a key or member was given, as it stands when the writer decides: after what the same group
 * decided before, and at its time. */
#include "tests/suite.h"
#include "tests/unit/ledger_world.h"

/* Whether the command may be sent, in a group of its own. */
static enum refusal check(struct world *world, struct command *command)
{
    enum refusal refusal = ACCEPTED;
    ck_assert_int_eq(ledger_begin(world->ledger, world->now_ms), OK);
    ck_assert_int_eq(ledger_check_actor(world->ledger, command, &refusal), OK);
    ck_assert_int_eq(ledger_commit(world->ledger), OK);
    return refusal;
}

/* The actor's role, whatever the command says that it is; ROLE_NONE: it has none here. */
static uint32_t granted(struct world *world, uint32_t actor, const struct id *actor_id)
{
    struct command command = world_command(world, COMMAND_create_post);
    command.actor = (uint8_t)actor;
    command.actor_id = *actor_id;
    command.role = ROLE_OWNER;
    const enum refusal refusal = check(world, &command);
    if (refusal == REFUSED_unauthenticated) {
        return ROLE_NONE;
    }
    ck_assert_int_eq(refusal, command.role == ROLE_VIEWER ? REFUSED_role_insufficient : ACCEPTED);
    return command.role;
}

static struct id make_key(struct world *world, enum role role, int64_t expires_ms)
{
    struct command command = world_command(world, COMMAND_create_key);
    command.create_key = (struct create_key_command){.key_id = world_id(world, ID_KEY),
                                                     .workspace_id = world->workspace_id,
                                                     .name = SPAN("other"),
                                                     .role = role,
                                                     .expires_ms = expires_ms};
    command.create_key.fingerprint.bytes[0] = (uint8_t)(2 + role);
    world_must(world, &command);
    return command.create_key.key_id;
}

START_TEST(a_key_has_its_role_in_its_workspace_until_it_expires)
{
    static const uint8_t fingerprint[SHA256_LEN] = {9};
    struct world *world = world_open(1, 0, 0);
    world_found(world);
    const struct id editor = make_key(world, ROLE_EDITOR, world->now_ms + DAY_MS);
    const struct id nobody = world_id(world, ID_KEY);
    ck_assert_uint_eq(granted(world, ACTOR_KEY, &world->key_id), ROLE_OWNER);
    ck_assert_uint_eq(granted(world, ACTOR_KEY, &editor), ROLE_EDITOR);
    ck_assert_uint_eq(granted(world, ACTOR_KEY, &nobody), ROLE_NONE);
    ck_assert_uint_eq(granted(world, ACTOR_MEMBER, &editor), ROLE_NONE);
    ck_assert_uint_eq(granted(world, ACTOR_KEY, &world->integrations[0]), ROLE_NONE);
    world->now_ms += DAY_MS - 1;
    ck_assert_uint_eq(granted(world, ACTOR_KEY, &editor), ROLE_EDITOR);
    world->now_ms++;
    ck_assert_uint_eq(granted(world, ACTOR_KEY, &editor), ROLE_NONE);
    const struct id first = world->key_id;
    world_workspace(world, "other", fingerprint);
    ck_assert_uint_eq(granted(world, ACTOR_KEY, &first), ROLE_NONE);
    world_close(world);
}

END_TEST

START_TEST(a_key_that_was_revoked_has_nothing_from_the_next_command_of_the_group_on)
{
    struct world *world = world_open(2, 0, 0);
    world_found(world);
    const struct id editor = make_key(world, ROLE_EDITOR, 0);
    struct command by_editor = world_command(world, COMMAND_create_post);
    by_editor.actor_id = editor;
    struct command revoke = world_command(world, COMMAND_revoke_key);
    revoke.revoke_key.key_id = editor;
    enum refusal refusal = REFUSED_exists;
    struct answer answer;
    ck_assert_int_eq(ledger_begin(world->ledger, world->now_ms), OK);
    ck_assert_int_eq(ledger_check_actor(world->ledger, &by_editor, &refusal), OK);
    ck_assert_int_eq(refusal, ACCEPTED);
    ck_assert_int_eq(ledger_handle(world->ledger, &revoke, NULL, &answer), OK);
    ck_assert_uint_eq(answer.refusal, ACCEPTED);
    ck_assert_int_eq(ledger_check_actor(world->ledger, &by_editor, &refusal), OK);
    ck_assert_int_eq(refusal, REFUSED_unauthenticated);
    ledger_abort(world->ledger); /* nothing of it was durable: it was not revoked */
    ck_assert_uint_eq(granted(world, ACTOR_KEY, &editor), ROLE_EDITOR);
    world_must(world, &revoke);
    ck_assert_uint_eq(granted(world, ACTOR_KEY, &editor), ROLE_NONE);
    world_close(world);
}

END_TEST

/* An admin's key that keeps parts of its role, and accounts from the first on. */
static struct id make_part_key(struct world *world, const enum key_scope *scopes, uint32_t scope_count, bool restricted,
                               uint32_t account_count)
{
    struct granted_scope scope_list[SCOPE_COUNT];
    struct integration_ref accounts[3];
    struct command command = world_command(world, COMMAND_create_key);
    const struct id key_id = world_id(world, ID_KEY);
    for (uint32_t i = 0; i < scope_count; i++) {
        scope_list[i].scope = scopes[i];
    }
    for (uint32_t i = 0; i < account_count; i++) {
        accounts[i].integration_id = world->integrations[i];
    }
    command.create_key = (struct create_key_command){.key_id = key_id,
                                                     .workspace_id = world->workspace_id,
                                                     .name = SPAN("part"),
                                                     .role = ROLE_ADMIN,
                                                     .scopes = scope_list,
                                                     .scopes_count = scope_count,
                                                     .restricted = restricted,
                                                     .integrations = accounts,
                                                     .integrations_count = account_count};
    memcpy(command.create_key.fingerprint.bytes, key_id.uuid, sizeof key_id.uuid);
    world_must(world, &command);
    return key_id;
}

/* Whether the key may send a command, in the name of its own workspace, that claims to be an owner's. */
static enum refusal check_by(struct world *world, const struct id *key_id, struct command *command)
{
    command->actor = ACTOR_KEY;
    command->actor_id = *key_id;
    command->role = ROLE_OWNER;
    return check(world, command);
}

START_TEST(a_key_may_what_it_kept_of_its_role)
{
    static const enum key_scope kept[] = {SCOPE_POSTS_WRITE, SCOPE_KEYS_WRITE};
    struct world *world = world_open(4, 0, 0);
    world_found(world);
    const struct id key_id = make_part_key(world, kept, 2, false, 0);
    struct command command = world_command(world, COMMAND_create_post);
    ck_assert_int_eq(check_by(world, &key_id, &command), ACCEPTED);
    ck_assert_uint_eq(command.role, ROLE_ADMIN);
    command = world_command(world, COMMAND_pause_integration);
    command.pause_integration.integration_id = world->integrations[0];
    ck_assert_int_eq(check_by(world, &key_id, &command), REFUSED_scope_insufficient);
    command = world_command(world, COMMAND_pause_workspace);
    command.pause_workspace.workspace_id = world->workspace_id;
    ck_assert_int_eq(check_by(world, &key_id, &command), REFUSED_scope_insufficient);
    command = world_command(world, COMMAND_delete_workspace);
    command.delete_workspace.workspace_id = world->workspace_id;
    ck_assert_int_eq(check_by(world, &key_id, &command), REFUSED_role_insufficient);
    command = world_command(world, COMMAND_lock_post); /* no key's, whatever its role */
    ck_assert_int_eq(check_by(world, &key_id, &command), REFUSED_role_insufficient);
    world_close(world);
}

END_TEST

START_TEST(a_key_makes_none_that_keeps_more_than_it_does)
{
    static const enum key_scope kept[] = {SCOPE_POSTS_READ, SCOPE_KEYS_WRITE};
    struct granted_scope scopes[] = {{.scope = SCOPE_POSTS_READ}, {.scope = SCOPE_POSTS_WRITE}};
    struct world *world = world_open(5, 0, 0);
    world_found(world);
    const struct id key_id = make_part_key(world, kept, 2, false, 0);
    struct command command = world_command(world, COMMAND_create_key);
    command.create_key.role = ROLE_VIEWER;
    ck_assert_int_eq(check_by(world, &key_id, &command), REFUSED_role_above_own);
    command.create_key.scopes = scopes;
    command.create_key.scopes_count = 2;
    ck_assert_int_eq(check_by(world, &key_id, &command), REFUSED_role_above_own);
    command.create_key.scopes_count = 1;
    ck_assert_int_eq(check_by(world, &key_id, &command), ACCEPTED);
    ck_assert_int_eq(check_by(world, &world->key_id, &command), ACCEPTED);
    command.create_key.scopes_count = 0;
    ck_assert_int_eq(check_by(world, &world->key_id, &command), ACCEPTED);
    world_close(world);
}

END_TEST

START_TEST(a_key_that_keeps_parts_of_a_role_makes_nobody_a_member_who_has_all_of_it)
{
    static const enum key_scope kept[] = {SCOPE_MEMBERS_WRITE};
    struct world *world = world_open(7, 0, 0);
    world_found(world);
    const struct id member_id = world_id(world, ID_MEMBER);
    const struct id key_id = make_part_key(world, kept, 1, false, 0);
    struct granted_permission approve = {.permission = PERMISSION_APPROVE};
    struct command invite = world_command(world, COMMAND_invite_member);
    invite.invite_member = (struct invite_member_command){.member_id = member_id,
                                                          .workspace_id = world->workspace_id,
                                                          .role = ROLE_VIEWER,
                                                          .vault_id = world_id(world, ID_SECRET),
                                                          .expires_ms = world->now_ms + DAY_MS};
    ck_assert_int_eq(check_by(world, &key_id, &invite), REFUSED_role_above_own);
    ck_assert_int_eq(check_by(world, &world->key_id, &invite), ACCEPTED);
    world_must(world, &invite);
    struct command change = world_command(world, COMMAND_change_member);
    change.change_member.member_id = member_id;
    change.change_member.role = ROLE_EDITOR;
    ck_assert_int_eq(check_by(world, &key_id, &change), REFUSED_role_above_own);
    change.change_member.role = ROLE_VIEWER;
    change.change_member.permissions = &approve;
    change.change_member.permissions_count = 1;
    ck_assert_int_eq(check_by(world, &key_id, &change), REFUSED_role_above_own);
    change.change_member.permissions_count = 0;
    change.change_member.until_ms = world->now_ms + HOUR_MS;
    ck_assert_int_eq(check_by(world, &key_id, &change), ACCEPTED); /* it takes */
    world_close(world);
}

END_TEST

START_TEST(who_has_an_end_gives_none_that_is_later)
{
    struct world *world = world_open(8, 0, 0);
    world_found(world);
    const int64_t ends_ms = world->now_ms + HOUR_MS;
    const struct id key_id = make_key(world, ROLE_ADMIN, ends_ms);
    struct command make = world_command(world, COMMAND_create_key);
    make.create_key.role = ROLE_VIEWER;
    ck_assert_int_eq(check_by(world, &key_id, &make), REFUSED_role_above_own);
    make.create_key.expires_ms = ends_ms + 1;
    ck_assert_int_eq(check_by(world, &key_id, &make), REFUSED_role_above_own);
    make.create_key.expires_ms = ends_ms;
    ck_assert_int_eq(check_by(world, &key_id, &make), ACCEPTED);
    const struct id member_id = world_id(world, ID_MEMBER);
    struct command command = world_command(world, COMMAND_invite_member);
    command.invite_member = (struct invite_member_command){.member_id = member_id,
                                                           .workspace_id = world->workspace_id,
                                                           .role = ROLE_ADMIN,
                                                           .vault_id = world_id(world, ID_SECRET),
                                                           .expires_ms = world->now_ms + DAY_MS,
                                                           .until_ms = ends_ms};
    ck_assert_int_eq(check_by(world, &key_id, &command), ACCEPTED);
    world_must(world, &command);
    command.invite_member.until_ms = 0;
    ck_assert_int_eq(check_by(world, &key_id, &command), REFUSED_role_above_own);
    command = world_command(world, COMMAND_join_workspace);
    command.role = ROLE_NONE; /* the gateway's own */
    command.join_workspace.member_id = member_id;
    command.join_workspace.user_id = world_id(world, ID_USER);
    world_must(world, &command);
    command = world_command(world, COMMAND_change_member);
    command.change_member.member_id = member_id;
    command.change_member.role = ROLE_ADMIN;
    command.actor = ACTOR_MEMBER;
    command.actor_id = member_id;
    ck_assert_int_eq(check(world, &command), REFUSED_role_above_own); /* one's own end */
    world_close(world);
}

END_TEST

/* A post that the owner made, to count of the accounts. */
static struct id make_post(struct world *world, uint32_t count)
{
    struct target_spec specs[3];
    struct content_part part;
    struct command command = world_post(world, count, 0, specs, &part);
    world_must(world, &command);
    return command.create_post.post_id;
}

static enum refusal check_delete(struct world *world, const struct id *key_id, const struct id *post_id)
{
    struct command command = world_command(world, COMMAND_delete_post);
    command.delete_post.post_id = *post_id;
    return check_by(world, key_id, &command);
}

START_TEST(what_goes_to_another_account_is_not_there_for_a_restricted_key)
{
    struct world *world = world_open(6, 0, 0);
    world_found(world);
    const struct id key_id = make_part_key(world, NULL, 0, true, 1);
    const struct id posts[] = {make_post(world, 0), make_post(world, 1), make_post(world, 2)};
    const struct id nowhere = world_id(world, ID_POST);
    ck_assert_int_eq(check_delete(world, &key_id, &posts[0]), ACCEPTED);
    ck_assert_int_eq(check_delete(world, &key_id, &posts[1]), ACCEPTED);
    ck_assert_int_eq(check_delete(world, &key_id, &posts[2]), REFUSED_not_found);
    ck_assert_int_eq(check_delete(world, &key_id, &nowhere), ACCEPTED); /* of which the decider says the same */
    ck_assert_int_eq(check_delete(world, &world->key_id, &posts[2]), ACCEPTED);

    struct target_spec specs[3];
    struct content_part part;
    for (uint32_t count = 0; count < 3; count++) {
        struct command command = world_post(world, count, 0, specs, &part);
        const enum refusal refusal = count < 2 ? ACCEPTED : REFUSED_reference_not_found;
        ck_assert_int_eq(check_by(world, &key_id, &command), refusal);
        command.code = COMMAND_edit_post;
        command.edit_post = (struct edit_post_command){.post_id = posts[1], .targets = specs, .targets_count = count};
        ck_assert_int_eq(check_by(world, &key_id, &command), refusal);
        command.edit_post.post_id = posts[2];
        ck_assert_int_eq(check_by(world, &key_id, &command), REFUSED_not_found);
        command = world_post(world, 1, 0, specs, &part);
        command.create_post.duplicate_of = posts[count];
        ck_assert_int_eq(check_by(world, &key_id, &command), refusal);
    }
    world_close(world);
}

END_TEST

START_TEST(an_account_that_a_restricted_key_was_not_given_is_not_there)
{
    struct world *world = world_open(7, 0, 0);
    world_found(world);
    const struct id key_id = make_part_key(world, NULL, 0, true, 2);
    const struct id blind_id = make_part_key(world, NULL, 0, true, 0);
    for (uint32_t i = 0; i < 3; i++) {
        struct command command = world_command(world, COMMAND_pause_integration);
        command.pause_integration.integration_id = world->integrations[i];
        ck_assert_int_eq(check_by(world, &key_id, &command), i < 2 ? ACCEPTED : REFUSED_not_found);
        ck_assert_int_eq(check_by(world, &blind_id, &command), REFUSED_not_found);
        command = world_command(world, COMMAND_connect_integration);
        command.connect_integration.integration_id = world->integrations[i];
        ck_assert_int_eq(check_by(world, &key_id, &command), i < 2 ? ACCEPTED : REFUSED_scope_insufficient);
    }
    struct command command = world_command(world, COMMAND_connect_integration);
    command.connect_integration.integration_id = world_id(world, ID_INTEGRATION); /* as of one that is not its own */
    ck_assert_int_eq(check_by(world, &key_id, &command), REFUSED_scope_insufficient);
    command = world_command(world, COMMAND_create_key);
    command.create_key.role = ROLE_VIEWER;
    ck_assert_int_eq(check_by(world, &key_id, &command), REFUSED_scope_insufficient);
    world_check_rebuilt(world); /* its state with it */
    world_close(world);
}

END_TEST

START_TEST(our_own_processes_are_no_actors_that_anything_was_given_to)
{
    struct world *world = world_open(8, 0, 0);
    world_found(world);
    struct command command = world_command(world, COMMAND_lock_post);
    command.actor = ACTOR_SCHEDULER;
    ck_assert_int_eq(check(world, &command), ACCEPTED);
    world_close(world);
}

END_TEST

START_TEST(a_member_has_a_role_from_joining_on_until_the_membership_ends)
{
    struct world *world = world_open(3, 0, 0);
    world_found(world);
    const struct id member_id = world_id(world, ID_MEMBER);
    struct command command = world_command(world, COMMAND_invite_member);
    command.invite_member = (struct invite_member_command){.member_id = member_id,
                                                           .workspace_id = world->workspace_id,
                                                           .role = ROLE_EDITOR,
                                                           .vault_id = world_id(world, ID_SECRET),
                                                           .expires_ms = world->now_ms + DAY_MS};
    world_must(world, &command);
    ck_assert_uint_eq(granted(world, ACTOR_MEMBER, &member_id), ROLE_NONE);
    command = world_command(world, COMMAND_join_workspace);
    command.role = ROLE_NONE; /* the gateway's own */
    command.join_workspace.member_id = member_id;
    command.join_workspace.user_id = world_id(world, ID_USER);
    world_must(world, &command);
    ck_assert_uint_eq(granted(world, ACTOR_MEMBER, &member_id), ROLE_EDITOR);
    command = world_command(world, COMMAND_change_member);
    command.change_member.member_id = member_id;
    command.change_member.role = ROLE_VIEWER;
    command.change_member.until_ms = world->now_ms + HOUR_MS;
    world_must(world, &command);
    ck_assert_uint_eq(granted(world, ACTOR_MEMBER, &member_id), ROLE_VIEWER);
    world->now_ms += HOUR_MS;
    ck_assert_uint_eq(granted(world, ACTOR_MEMBER, &member_id), ROLE_NONE);
    command = world_command(world, COMMAND_change_member);
    command.change_member.member_id = member_id;
    command.change_member.role = ROLE_VIEWER;
    world_must(world, &command);
    ck_assert_uint_eq(granted(world, ACTOR_MEMBER, &member_id), ROLE_VIEWER);
    command = world_command(world, COMMAND_remove_member);
    command.remove_member.member_id = member_id;
    world_must(world, &command);
    ck_assert_uint_eq(granted(world, ACTOR_MEMBER, &member_id), ROLE_NONE);
    world_close(world);
}

END_TEST

START_TEST(whose_membership_is_over_may_leave_and_nothing_else)
{
    struct world *world = world_open(12, 0, 0);
    world_found(world);
    const struct id member_id = world_id(world, ID_MEMBER);
    struct command command = world_command(world, COMMAND_add_member);
    command.add_member = (struct add_member_command){.member_id = member_id,
                                                     .workspace_id = world->workspace_id,
                                                     .user_id = world_id(world, ID_USER),
                                                     .role = ROLE_ADMIN};
    world_must(world, &command);
    command = world_command(world, COMMAND_change_member);
    command.change_member.member_id = member_id;
    command.change_member.role = ROLE_ADMIN;
    command.change_member.until_ms = world->now_ms + HOUR_MS;
    world_must(world, &command);
    world->now_ms += HOUR_MS;
    for (uint32_t code = 1; code < 220; code++) {
        command = world_command(world, code);
        command.actor = ACTOR_MEMBER;
        command.actor_id = member_id;
        ck_assert_msg((check(world, &command) == ACCEPTED) == (code == COMMAND_leave_workspace), "%u", code);
    }
    command = world_command(world, COMMAND_leave_workspace);
    command.actor = ACTOR_MEMBER;
    command.actor_id = member_id;
    command.leave_workspace.member_id = member_id;
    world_must(world, &command);
    ck_assert_int_eq(check(world, &command), REFUSED_unauthenticated); /* once */
    world_close(world);
}

END_TEST

/* Somebody who was made an operator. */
static struct id make_operator(struct world *world)
{
    const struct id user_id = world_id(world, ID_USER);
    struct command command = world_command(world, COMMAND_create_user);
    command.workspace_id = (struct id){0};
    command.create_user.user_id = user_id;
    command.create_user.vault_id = world_id(world, ID_SECRET);
    world_must(world, &command);
    command.code = COMMAND_grant_operator;
    command.command_id = world_id(world, ID_COMMAND);
    command.grant_operator.user_id = user_id;
    world_must(world, &command);
    return user_id;
}

static struct command command_of_operator(struct world *world, uint32_t code, const struct id *user_id)
{
    struct command command = world_command(world, code);
    command.actor = ACTOR_OPERATOR;
    command.actor_id = *user_id;
    command.role = ROLE_NONE;
    return command;
}

static struct command founding(struct world *world, const struct id *user_id)
{
    struct command command = command_of_operator(world, COMMAND_create_workspace, user_id);
    command.create_workspace = (struct create_workspace_command){.workspace_id = world_id(world, ID_WORKSPACE),
                                                                 .slug = SPAN("founded"),
                                                                 .name = SPAN("Founded"),
                                                                 .timezone = SPAN("UTC"),
                                                                 .founder_id = *user_id};
    command.workspace_id = command.create_workspace.workspace_id;
    return command;
}

static struct command owning(struct world *world, const struct id *user_id, const struct id *workspace_id)
{
    struct command command = command_of_operator(world, COMMAND_add_member, user_id);
    command.workspace_id = *workspace_id;
    command.add_member = (struct add_member_command){
        .member_id = *workspace_id, .workspace_id = *workspace_id, .user_id = *user_id, .role = ROLE_OWNER};
    command.add_member.member_id.kind = ID_MEMBER;
    return command;
}

START_TEST(an_operator_pauses_a_workspace_from_outside_and_does_nothing_else_in_it)
{
    struct world *world = world_open(9, 0, 0);
    world_found(world);
    const struct id user_id = make_operator(world);
    const struct id nobody = world_id(world, ID_USER);
    struct command command = command_of_operator(world, COMMAND_pause_workspace, &user_id);
    command.pause_workspace.workspace_id = world->workspace_id;
    ck_assert_int_eq(check(world, &command), ACCEPTED);
    world_must(world, &command);
    command.code = COMMAND_resume_workspace;
    ck_assert_int_eq(check(world, &command), ACCEPTED);
    command.actor_id = nobody;
    ck_assert_int_eq(check(world, &command), REFUSED_role_insufficient);
    command.actor_id = user_id;
    command.workspace_id = (struct id){0};
    ck_assert_int_eq(check(world, &command), REFUSED_role_insufficient);
    for (uint32_t code = 1; code < 200; code++) {
        command = command_of_operator(world, code, &user_id);
        const bool is_theirs = code == COMMAND_pause_workspace || code == COMMAND_resume_workspace;
        ck_assert_msg(check(world, &command) == (is_theirs ? ACCEPTED : REFUSED_role_insufficient), "%u", code);
    }
    world_close(world);
}

END_TEST

START_TEST(an_operator_becomes_the_owner_of_what_they_made_once_and_of_nothing_else)
{
    struct world *world = world_open(10, 0, 0);
    world_found(world);
    const struct id user_id = make_operator(world);
    const struct id other_id = make_operator(world);
    struct command found = founding(world, &user_id);
    const struct id founded = found.create_workspace.workspace_id;
    struct command own = owning(world, &user_id, &founded);
    ck_assert_int_eq(check(world, &own), REFUSED_role_insufficient); /* it is not there yet */
    found.create_workspace.founder_id = other_id;
    ck_assert_int_eq(check(world, &found), REFUSED_role_insufficient);
    found.create_workspace.founder_id = user_id;
    ck_assert_int_eq(check(world, &found), ACCEPTED);
    world_must(world, &found);
    ck_assert_int_eq(check(world, &own), ACCEPTED);
    struct command wrong = own;
    wrong.add_member.role = ROLE_ADMIN;
    ck_assert_int_eq(check(world, &wrong), REFUSED_role_insufficient);
    wrong = own;
    wrong.add_member.user_id = other_id;
    ck_assert_int_eq(check(world, &wrong), REFUSED_role_insufficient);
    wrong = own;
    wrong.add_member.member_id.uuid[15] ^= 1;
    ck_assert_int_eq(check(world, &wrong), REFUSED_role_insufficient);
    wrong = owning(world, &other_id, &founded);
    ck_assert_int_eq(check(world, &wrong), REFUSED_role_insufficient);
    wrong = owning(world, &user_id, &world->workspace_id); /* made at the data folder */
    ck_assert_int_eq(check(world, &wrong), REFUSED_role_insufficient);
    world_must(world, &own);
    own.command_id = world_id(world, ID_COMMAND);
    ck_assert_uint_eq(world_give(world, &own, NULL).refusal, REFUSED_exists);
    world_check_rebuilt(world);
    world_close(world);
}

END_TEST

START_TEST(who_is_an_operator_no_longer_decides_nothing_from_the_next_command_of_the_group_on)
{
    static const uint32_t ends[] = {COMMAND_revoke_operator, COMMAND_erase_user};
    struct world *world = world_open(11, 0, 0);
    world_found(world);
    const struct id user_id = make_operator(world);
    struct command pause = command_of_operator(world, COMMAND_pause_workspace, &user_id);
    struct command found = founding(world, &user_id);
    struct command end = world_command(world, ends[_i]);
    enum refusal refusal = REFUSED_exists;
    struct answer answer;
    pause.pause_workspace.workspace_id = world->workspace_id;
    *(struct id *)command_fields(&end) = user_id;
    end.workspace_id = (struct id){0};
    ck_assert_int_eq(ledger_begin(world->ledger, world->now_ms), OK);
    ck_assert_int_eq(ledger_check_actor(world->ledger, &pause, &refusal), OK);
    ck_assert_int_eq(refusal, ACCEPTED);
    ck_assert_int_eq(ledger_handle(world->ledger, &end, NULL, &answer), OK);
    ck_assert_uint_eq(answer.refusal, ACCEPTED);
    ck_assert_int_eq(ledger_check_actor(world->ledger, &pause, &refusal), OK);
    ck_assert_int_eq(refusal, REFUSED_role_insufficient);
    ck_assert_int_eq(ledger_check_actor(world->ledger, &found, &refusal), OK);
    ck_assert_int_eq(refusal, REFUSED_role_insufficient);
    ledger_abort(world->ledger);
    world_close(world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("ledger_actor");
    TCase *actors = tcase_create("actors");
    tcase_add_test(actors, a_key_has_its_role_in_its_workspace_until_it_expires);
    tcase_add_test(actors, a_key_that_was_revoked_has_nothing_from_the_next_command_of_the_group_on);
    tcase_add_test(actors, a_member_has_a_role_from_joining_on_until_the_membership_ends);
    tcase_add_test(actors, whose_membership_is_over_may_leave_and_nothing_else);
    tcase_add_test(actors, a_key_may_what_it_kept_of_its_role);
    tcase_add_test(actors, a_key_makes_none_that_keeps_more_than_it_does);
    tcase_add_test(actors, a_key_that_keeps_parts_of_a_role_makes_nobody_a_member_who_has_all_of_it);
    tcase_add_test(actors, who_has_an_end_gives_none_that_is_later);
    tcase_add_test(actors, what_goes_to_another_account_is_not_there_for_a_restricted_key);
    tcase_add_test(actors, an_account_that_a_restricted_key_was_not_given_is_not_there);
    tcase_add_test(actors, our_own_processes_are_no_actors_that_anything_was_given_to);
    tcase_add_test(actors, an_operator_pauses_a_workspace_from_outside_and_does_nothing_else_in_it);
    tcase_add_test(actors, an_operator_becomes_the_owner_of_what_they_made_once_and_of_nothing_else);
    tcase_add_loop_test(actors, who_is_an_operator_no_longer_decides_nothing_from_the_next_command_of_the_group_on, 0,
                        2);
    suite_add_tcase(suite, actors);
    return run_suite(suite);
}
