/* ledger_tenants_test.c: what a decider must know of others is told to it, whatever came before: whose a name is, who
 * owns a workspace, who is a member where, how much of a plan is used. After each case the rows are those that a replay
 * of the log makes. */
#include "core/message/codec.h"
#include "tests/suite.h"
#include "tests/unit/ledger_world.h"

static void expect(struct world *world, const struct command *command, enum refusal refusal)
{
    const struct answer answer = world_give(world, command, NULL);
    ck_assert_msg(answer.refusal == refusal, "%s, not %s", refusal_desc((enum refusal)answer.refusal)->code,
                  refusal_desc(refusal)->code);
}

static void done(struct world *world)
{
    world_check_rebuilt(world);
    world_close(world);
}

static struct command create_workspace(struct world *world, struct span slug)
{
    struct command command = world_command(world, COMMAND_create_workspace);
    command.create_workspace = (struct create_workspace_command){
        .workspace_id = world_id(world, ID_WORKSPACE), .slug = slug, .name = SPAN("Other"), .timezone = SPAN("UTC")};
    return command;
}

static struct command rename_workspace(struct world *world, const struct id *workspace_id, struct span slug)
{
    struct command command = world_command(world, COMMAND_change_workspace);
    command.workspace_id = *workspace_id;
    command.change_workspace.workspace_id = *workspace_id;
    command.change_workspace.slug = slug;
    return command;
}

static void end_workspace(struct world *world)
{
    struct command command = world_command(world, COMMAND_pause_workspace);
    command.pause_workspace.workspace_id = world->workspace_id;
    world_must(world, &command);
    world->now_ms += WORKSPACE_PAUSED_MS;
    command = world_command(world, COMMAND_delete_workspace);
    command.delete_workspace.workspace_id = world->workspace_id;
    world_must(world, &command);
}

START_TEST(a_name_in_addresses_is_one_workspaces)
{
    struct world *world = world_open(1, 0, 0);
    world_found(world);
    struct command command = create_workspace(world, SPAN("acme"));
    expect(world, &command, REFUSED_slug_taken);
    command = rename_workspace(world, &world->workspace_id, SPAN("acme"));
    expect(world, &command, ACCEPTED); /* its own */
    command = rename_workspace(world, &world->workspace_id, SPAN("new"));
    expect(world, &command, ACCEPTED);
    command = create_workspace(world, SPAN("acme"));
    const struct id other = command.create_workspace.workspace_id;
    expect(world, &command, ACCEPTED);
    command = rename_workspace(world, &other, SPAN("new"));
    expect(world, &command, REFUSED_slug_taken);
    command = rename_workspace(world, &world->workspace_id, SPAN("acme"));
    expect(world, &command, REFUSED_slug_taken);
    end_workspace(world);
    command = rename_workspace(world, &other, SPAN("new"));
    expect(world, &command, REFUSED_slug_taken); /* an old address leads to nobody else */
    done(world);
}

END_TEST

static struct id invite(struct world *world, enum role role)
{
    struct command command = world_command(world, COMMAND_invite_member);
    command.invite_member = (struct invite_member_command){.member_id = world_id(world, ID_MEMBER),
                                                           .workspace_id = world->workspace_id,
                                                           .role = role,
                                                           .vault_id = world_id(world, ID_SECRET),
                                                           .expires_ms = world->now_ms + DAY_MS};
    world_must(world, &command);
    return command.invite_member.member_id;
}

static struct command join(struct world *world, const struct id *member_id, const struct id *user_id)
{
    struct command command = world_command(world, COMMAND_join_workspace);
    command.role = ROLE_NONE; /* the gateway's own */
    command.join_workspace.member_id = *member_id;
    command.join_workspace.user_id = *user_id;
    return command;
}

static struct id owner(struct world *world)
{
    const struct id member_id = invite(world, ROLE_OWNER);
    const struct id user_id = world_id(world, ID_USER);
    const struct command command = join(world, &member_id, &user_id);
    world_must(world, &command);
    return member_id;
}

static struct command dismiss(struct world *world, const struct id *member_id)
{
    struct command command = world_command(world, COMMAND_remove_member);
    command.remove_member.member_id = *member_id;
    return command;
}

START_TEST(a_workspace_keeps_an_owner)
{
    struct world *world = world_open(2, 0, 0);
    world_found(world);
    const struct id first = owner(world);
    (void)invite(world, ROLE_OWNER); /* one who has not come is none */
    struct command command = dismiss(world, &first);
    expect(world, &command, REFUSED_last_owner);
    const struct id second = owner(world);
    struct command change = world_command(world, COMMAND_change_member);
    change.change_member.member_id = first;
    change.change_member.role = ROLE_OWNER;
    change.change_member.until_ms = world->now_ms + DAY_MS;
    expect(world, &change, ACCEPTED);
    command = dismiss(world, &second);
    expect(world, &command, REFUSED_last_owner); /* the other's time ends */
    change.command_id = world_id(world, ID_COMMAND);
    change.change_member.until_ms = 0;
    expect(world, &change, ACCEPTED);
    command = world_command(world, COMMAND_leave_workspace);
    command.actor = ACTOR_MEMBER;
    command.actor_id = second;
    command.leave_workspace.member_id = second;
    expect(world, &command, ACCEPTED);
    change.command_id = world_id(world, ID_COMMAND);
    change.change_member.role = ROLE_ADMIN;
    expect(world, &change, REFUSED_last_owner);
    done(world);
}

END_TEST

static struct command of_user(struct world *world, uint32_t code, const struct id *user_id)
{
    struct command command = world_command(world, code);
    command.workspace_id = (struct id){0};
    command.role = ROLE_NONE;
    *(struct id *)command_fields(&command) = *user_id; /* the first field of all of them */
    return command;
}

static struct id person(struct world *world)
{
    const struct id user_id = world_id(world, ID_USER);
    struct command command = of_user(world, COMMAND_create_user, &user_id);
    command.create_user.vault_id = world_id(world, ID_SECRET);
    world_must(world, &command);
    return user_id;
}

START_TEST(a_person_is_one_member_of_a_workspace_and_none_when_erased)
{
    struct world *world = world_open(3, 0, 0);
    world_found(world);
    const struct id user_id = person(world);
    const struct id first = invite(world, ROLE_EDITOR);
    const struct id second = invite(world, ROLE_ADMIN);
    struct command command = join(world, &first, &user_id);
    expect(world, &command, ACCEPTED);
    command = join(world, &second, &user_id);
    expect(world, &command, REFUSED_member_exists);
    command = world_command(world, COMMAND_add_member);
    command.add_member = (struct add_member_command){.member_id = world_id(world, ID_MEMBER),
                                                     .workspace_id = world->workspace_id,
                                                     .user_id = user_id,
                                                     .role = ROLE_VIEWER};
    expect(world, &command, REFUSED_member_exists);
    command = of_user(world, COMMAND_erase_user, &user_id);
    expect(world, &command, REFUSED_still_member);
    command = dismiss(world, &first);
    expect(world, &command, ACCEPTED);
    command = join(world, &second, &user_id);
    expect(world, &command, ACCEPTED);
    command = of_user(world, COMMAND_erase_user, &user_id);
    expect(world, &command, REFUSED_still_member);
    end_workspace(world);
    command = of_user(world, COMMAND_erase_user, &user_id);
    expect(world, &command, ACCEPTED); /* nobody is a member of what is gone */
    done(world);
}

END_TEST

START_TEST(a_session_is_of_its_persons_generation)
{
    struct world *world = world_open(4, 0, 0);
    world_found(world);
    const struct id user_id = person(world);
    const struct id session_id = world_id(world, ID_SESSION);
    struct command command = of_user(world, COMMAND_end_sessions, &user_id);
    command.end_sessions.reason = END_REVOKED;
    expect(world, &command, ACCEPTED);
    command = of_user(world, COMMAND_open_session, &session_id);
    command.open_session.user_id = world_id(world, ID_USER);
    command.open_session.method = SIGN_IN_PASSWORD;
    command.open_session.expires_ms = world->now_ms + DAY_MS;
    expect(world, &command, REFUSED_reference_not_found);
    command.open_session.user_id = user_id;
    command.command_id = world_id(world, ID_COMMAND);
    const struct answer answer = world_must(world, &command);
    uint8_t bytes[1000];
    struct buf payload = buf_of(bytes, sizeof bytes);
    struct log_event at;
    struct event event;
    struct arena arena;
    arena_init(&arena, (size_t)1 << 20);
    ck_assert_int_eq(log_read(world->log, answer.seq, &payload, &at), OK);
    ck_assert_int_eq(event_decode(at.payload, &arena, &event), OK);
    ck_assert_uint_eq(event.code, EVENT_session_opened);
    ck_assert_uint_eq(event.session_opened.generation, 1);
    arena_done(&arena);
    done(world);
}

END_TEST

static struct command plan(struct world *world, const char *what, uint64_t most, struct plan_limit *limit)
{
    struct command command = world_command(world, COMMAND_change_plan);
    *limit = (struct plan_limit){.what = span_text(what), .most = most};
    command.change_plan = (struct change_plan_command){
        .workspace_id = world->workspace_id, .plan = SPAN("small"), .limits = limit, .limits_count = 1};
    return command;
}

static struct command connect(struct world *world)
{
    struct command command = world_command(world, COMMAND_connect_integration);
    command.connect_integration.integration_id = world_id(world, ID_INTEGRATION);
    command.connect_integration.channel = CHANNEL_BLUESKY;
    command.connect_integration.identifier = SPAN("acme.test");
    command.connect_integration.vault_id = world_id(world, ID_SECRET);
    command.connect_integration.fingerprint = SPAN("abc");
    return command;
}

START_TEST(a_plan_bounds_accounts_and_members_that_begin)
{
    struct world *world = world_open(5, 0, 0);
    struct plan_limit limit;
    world_found(world);
    struct command command = plan(world, "integrations", 3, &limit);
    expect(world, &command, ACCEPTED);
    command = connect(world);
    expect(world, &command, REFUSED_plan_limit); /* three are there */
    command = world_command(world, COMMAND_delete_integration);
    command.delete_integration.integration_id = world->integrations[0];
    expect(world, &command, ACCEPTED);
    command = connect(world);
    expect(world, &command, ACCEPTED);
    command = connect(world);
    expect(world, &command, REFUSED_plan_limit); /* one that is only being connected counts */
    command = plan(world, "members", 2, &limit);
    expect(world, &command, ACCEPTED);
    command = connect(world);
    expect(world, &command, ACCEPTED); /* what a plan does not name is not bounded */
    const struct id first = owner(world);
    const struct id second = invite(world, ROLE_EDITOR);
    struct command third = world_command(world, COMMAND_invite_member);
    third.invite_member = (struct invite_member_command){.member_id = world_id(world, ID_MEMBER),
                                                         .workspace_id = world->workspace_id,
                                                         .role = ROLE_EDITOR,
                                                         .vault_id = world_id(world, ID_SECRET),
                                                         .expires_ms = world->now_ms + DAY_MS};
    expect(world, &third, REFUSED_plan_limit);
    command = world_command(world, COMMAND_withdraw_invitation);
    command.withdraw_invitation.member_id = second;
    expect(world, &command, ACCEPTED);
    third.command_id = world_id(world, ID_COMMAND);
    expect(world, &third, ACCEPTED);
    command = dismiss(world, &first);
    expect(world, &command, REFUSED_last_owner);
    done(world);
}

END_TEST

START_TEST(a_plan_bounds_posts_that_are_scheduled_and_stops_none)
{
    struct world *world = world_open(6, 0, 0);
    struct plan_limit limit;
    struct target_spec specs[3];
    struct content_part part;
    world_found(world);
    struct command command = plan(world, "scheduled_posts", 2, &limit);
    expect(world, &command, ACCEPTED);
    struct id posts[2];
    for (int i = 0; i < 2; i++) {
        command = world_post(world, 1, world->now_ms + HOUR_MS, specs, &part);
        posts[i] = command.create_post.post_id;
        expect(world, &command, ACCEPTED);
    }
    command = world_post(world, 1, world->now_ms + HOUR_MS, specs, &part);
    expect(world, &command, REFUSED_plan_limit);
    command = world_post(world, 1, 0, specs, &part);
    const struct id draft = command.create_post.post_id;
    expect(world, &command, ACCEPTED);
    struct command schedule = world_command(world, COMMAND_schedule_post);
    schedule.schedule_post.post_id = draft;
    schedule.schedule_post.now = true;
    expect(world, &schedule, REFUSED_plan_limit);
    command = world_command(world, COMMAND_cancel_post);
    command.cancel_post.post_id = posts[0];
    expect(world, &command, ACCEPTED);
    command = plan(world, "scheduled_posts", 1, &limit);
    expect(world, &command, ACCEPTED);
    schedule.command_id = world_id(world, ID_COMMAND);
    expect(world, &schedule, REFUSED_plan_limit);
    struct command move = world_command(world, COMMAND_schedule_post);
    move.schedule_post.post_id = posts[1];
    move.schedule_post.at_ms = world->now_ms + 2 * HOUR_MS;
    expect(world, &move, ACCEPTED); /* it was scheduled before */
    command = plan(world, "scheduled_posts", 2, &limit);
    expect(world, &command, ACCEPTED);
    schedule.command_id = world_id(world, ID_COMMAND);
    expect(world, &schedule, ACCEPTED);
    done(world);
}

END_TEST

/* A post that goes out at once, to one account. */
static void publish(struct world *world)
{
    struct target_spec specs[3];
    struct content_part part;
    struct command command = world_post(world, 1, world->now_ms + LOCK_AHEAD_MS, specs, &part);
    const struct id post_id = command.create_post.post_id;
    world_must(world, &command);
    world->now_ms += LOCK_AHEAD_MS;
    struct locked_part locked_part = {.key = SPAN("key"), .created_ms = 5, .payload = SPAN("payload")};
    sha256(locked_part.payload, locked_part.payload_hash.bytes);
    struct locked_target locked = {.target_id = specs[0].target_id, .parts = &locked_part, .parts_count = 1};
    command = world_command(world, COMMAND_lock_post);
    command.lock_post = (struct lock_post_command){.post_id = post_id, .targets = &locked, .targets_count = 1};
    command.expected_version = 2;
    world_must(world, &command);
    const struct id attempt_id = world_id(world, ID_ATTEMPT);
    command = world_command(world, COMMAND_start_attempt);
    command.start_attempt.post_id = post_id;
    command.start_attempt.target_id = specs[0].target_id;
    command.start_attempt.attempt_id = attempt_id;
    command.start_attempt.fence = ledger_epoch(world->ledger);
    command.start_attempt.payload_hash = locked_part.payload_hash;
    world_must(world, &command);
    command = world_command(world, COMMAND_record_outcome);
    command.record_outcome.post_id = post_id;
    command.record_outcome.target_id = specs[0].target_id;
    command.record_outcome.attempt_id = attempt_id;
    command.record_outcome.outcome = OUTCOME_ACCEPTED;
    command.record_outcome.platform_id = SPAN("at://x/y/z");
    world_must(world, &command);
}

static void check_bill(struct world *world, int64_t end_ms, int64_t next_ms, uint64_t published)
{
    struct command command = world_command(world, COMMAND_close_period);
    command.role = ROLE_NONE;
    command.close_period.workspace_id = world->workspace_id;
    command.close_period.period_end_ms = end_ms;
    command.close_period.next_end_ms = next_ms;
    const struct answer answer = world_must(world, &command);
    ck_assert_uint_eq(answer.events, 1);
    uint8_t bytes[1000];
    struct buf payload = buf_of(bytes, sizeof bytes);
    struct log_event at;
    struct event event;
    struct arena arena;
    arena_init(&arena, (size_t)1 << 20);
    ck_assert_int_eq(log_read(world->log, answer.seq, &payload, &at), OK);
    ck_assert_int_eq(event_decode(at.payload, &arena, &event), OK);
    ck_assert_uint_eq(event.code, EVENT_billing_due);
    const struct plan_use *uses = event.billing_due.uses;
    static const char *const words[] = {"integrations", "members", "scheduled_posts", "published_targets"};
    const uint64_t counts[] = {3, 1, 1, published};
    ck_assert_uint_eq(event.billing_due.uses_count, 4);
    for (int i = 0; i < 4; i++) {
        ck_assert(span_equal(uses[i].what, span_text(words[i])));
        ck_assert_uint_eq(uses[i].used, counts[i]);
    }
    arena_done(&arena);
}

START_TEST(a_period_is_billed_with_what_was_used_in_it)
{
    struct world *world = world_open(7, 0, 0);
    struct plan_limit limit;
    struct target_spec specs[3];
    struct content_part part;
    world_found(world);
    publish(world); /* before there was a period */
    struct command command = plan(world, "members", 5, &limit);
    const int64_t end_ms = world->now_ms + DAY_MS;
    command.change_plan.period_start_ms = world->now_ms;
    command.change_plan.period_end_ms = end_ms;
    expect(world, &command, ACCEPTED);
    (void)owner(world);
    publish(world);
    publish(world);
    command = world_post(world, 1, world->now_ms + 100 * DAY_MS, specs, &part);
    expect(world, &command, ACCEPTED);
    world->now_ms = end_ms;
    check_bill(world, end_ms, end_ms + DAY_MS, 2);
    publish(world);
    world->now_ms = end_ms + DAY_MS;
    world_check_rebuilt(world);
    ledger_close(world->ledger);
    world_open_ledger(world, false); /* rebuilt */
    check_bill(world, end_ms + DAY_MS, end_ms + 2 * DAY_MS, 1);
    done(world);
}

END_TEST

START_TEST(a_key_sees_accounts_of_its_own_workspace_that_are_there)
{
    struct world *world = world_open(8, 0, 0);
    world_found(world);
    struct integration_ref refs[2] = {{world->integrations[0]}, {world->integrations[1]}};
    struct command command = world_command(world, COMMAND_create_key);
    command.create_key = (struct create_key_command){.key_id = world_id(world, ID_KEY),
                                                     .workspace_id = world->workspace_id,
                                                     .name = SPAN("some"),
                                                     .role = ROLE_EDITOR,
                                                     .integrations = refs,
                                                     .integrations_count = 2};
    command.create_key.fingerprint.bytes[0] = 2;
    expect(world, &command, ACCEPTED);
    struct command removal = world_command(world, COMMAND_delete_integration);
    removal.delete_integration.integration_id = world->integrations[1];
    expect(world, &removal, ACCEPTED);
    command.command_id = world_id(world, ID_COMMAND);
    command.create_key.key_id = world_id(world, ID_KEY);
    command.create_key.fingerprint.bytes[0] = 3;
    expect(world, &command, REFUSED_reference_not_found);
    struct command other = create_workspace(world, SPAN("other"));
    expect(world, &other, ACCEPTED);
    command.command_id = world_id(world, ID_COMMAND);
    command.workspace_id = other.create_workspace.workspace_id;
    command.create_key.workspace_id = command.workspace_id;
    command.create_key.integrations_count = 1;
    expect(world, &command, REFUSED_reference_not_found);
    done(world);
}

END_TEST

static void check_secret(struct world *world, const struct id *secret_id, const struct id *owner_id, bool needed,
                         bool gone)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    bool answer = !needed;
    ck_assert_int_eq(store_begin(world->views, false, &txn), OK);
    ck_assert_int_eq(ledger_needs_secret(txn, secret_id, owner_id, 0, &answer), OK);
    ck_assert_int_eq(answer, needed);
    ck_assert_int_eq(ledger_owner_is_gone(txn, owner_id, 0, &answer), OK);
    ck_assert_int_eq(answer, gone);
}

START_TEST(a_persons_secrets_are_those_in_use_until_the_person_is_erased)
{
    struct world *world = world_open(10, 0, 0);
    world_found(world);
    const struct id user_id = person(world);
    struct command command = of_user(world, COMMAND_set_password, &user_id);
    const struct id old = command.set_password.vault_id = world_id(world, ID_SECRET);
    world_must(world, &command);
    check_secret(world, &old, &user_id, true, false);
    command = of_user(world, COMMAND_set_password, &user_id);
    const struct id password = command.set_password.vault_id = world_id(world, ID_SECRET);
    world_must(world, &command);
    command = of_user(world, COMMAND_link_login, &user_id);
    const struct id login = command.link_login.vault_id = world_id(world, ID_SECRET);
    command.link_login.provider_id = world_id(world, ID_PROVIDER);
    world_must(world, &command);
    check_secret(world, &old, &user_id, false, false);
    check_secret(world, &password, &user_id, true, false);
    check_secret(world, &login, &user_id, true, false);
    command = of_user(world, COMMAND_erase_user, &user_id);
    world_must(world, &command);
    check_secret(world, &password, &user_id, false, true);
    check_secret(world, &login, &user_id, false, true);
    done(world);
}

END_TEST

START_TEST(an_invitations_secret_is_needed_until_somebody_joins)
{
    struct world *world = world_open(11, 0, 0);
    world_found(world);
    struct command command = world_command(world, COMMAND_invite_member);
    command.invite_member = (struct invite_member_command){.member_id = world_id(world, ID_MEMBER),
                                                           .workspace_id = world->workspace_id,
                                                           .role = ROLE_EDITOR,
                                                           .vault_id = world_id(world, ID_SECRET),
                                                           .expires_ms = world->now_ms + DAY_MS};
    const struct id member_id = command.invite_member.member_id;
    const struct id secret_id = command.invite_member.vault_id;
    world_must(world, &command);
    check_secret(world, &secret_id, &member_id, true, false);
    const struct id user_id = world_id(world, ID_USER);
    command = join(world, &member_id, &user_id);
    world_must(world, &command);
    check_secret(world, &secret_id, &member_id, false, false);
    command = dismiss(world, &member_id);
    world_must(world, &command);
    check_secret(world, &secret_id, &member_id, false, true);
    done(world);
}

END_TEST

START_TEST(a_deleted_workspace_needs_no_secrets)
{
    struct world *world = world_open(12, 0, 0);
    world_found(world);
    check_secret(world, &world->key_id, &world->key_id, true, false);
    end_workspace(world);
    check_secret(world, &world->key_id, &world->key_id, false, true);
    check_secret(world, &world->key_id, &world->integrations[0], false, true);
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct id owner_id = {0};
    struct id secret_id = {0};
    bool answer = true;
    ck_assert_int_eq(store_begin(world->views, false, &txn), OK);
    ck_assert_int_eq(ledger_next_secret(txn, &owner_id, &secret_id), ERR_NOT_FOUND);
    const struct id post_id = world_id(world, ID_POST); /* none that keeps secrets */
    ck_assert_int_eq(ledger_needs_secret(txn, &secret_id, &post_id, 0, &answer), ERR_NOT_FOUND);
    ck_assert_int_eq(ledger_owner_is_gone(txn, &post_id, 0, &answer), OK);
    ck_assert(!answer);
    store_abort(txn);
    txn = NULL;
    done(world);
}

END_TEST

START_TEST(nobody_makes_in_one_workspace_what_is_anothers)
{
    struct world *world = world_open(9, 0, 0);
    world_found(world);
    struct command other = create_workspace(world, SPAN("other"));
    expect(world, &other, ACCEPTED);
    struct command command = world_command(world, COMMAND_create_key);
    command.create_key = (struct create_key_command){.key_id = world_id(world, ID_KEY),
                                                     .workspace_id = other.create_workspace.workspace_id,
                                                     .name = SPAN("spy"),
                                                     .role = ROLE_OWNER};
    expect(world, &command, REFUSED_not_found);
    command = world_command(world, COMMAND_add_member);
    command.add_member = (struct add_member_command){.member_id = world_id(world, ID_MEMBER),
                                                     .workspace_id = other.create_workspace.workspace_id,
                                                     .user_id = world_id(world, ID_USER),
                                                     .role = ROLE_OWNER};
    expect(world, &command, REFUSED_not_found);
    done(world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("ledger_tenants");
    TCase *tenants = tcase_create("tenants");
    tcase_add_test(tenants, a_name_in_addresses_is_one_workspaces);
    tcase_add_test(tenants, a_workspace_keeps_an_owner);
    tcase_add_test(tenants, a_person_is_one_member_of_a_workspace_and_none_when_erased);
    tcase_add_test(tenants, a_session_is_of_its_persons_generation);
    tcase_add_test(tenants, a_plan_bounds_accounts_and_members_that_begin);
    tcase_add_test(tenants, a_plan_bounds_posts_that_are_scheduled_and_stops_none);
    tcase_add_test(tenants, a_period_is_billed_with_what_was_used_in_it);
    tcase_add_test(tenants, a_key_sees_accounts_of_its_own_workspace_that_are_there);
    tcase_add_test(tenants, a_persons_secrets_are_those_in_use_until_the_person_is_erased);
    tcase_add_test(tenants, an_invitations_secret_is_needed_until_somebody_joins);
    tcase_add_test(tenants, a_deleted_workspace_needs_no_secrets);
    tcase_add_test(tenants, nobody_makes_in_one_workspace_what_is_anothers);
    suite_add_tcase(suite, tenants);
    return run_suite(suite);
}
