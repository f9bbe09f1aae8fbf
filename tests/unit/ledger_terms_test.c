/* ledger_terms_test.c: a membership or an invitation whose time is over takes no seat of the plan and keeps nobody from
 * joining again, though no event says that it is over. After each case the rows are those that a replay makes. */
#include "tests/suite.h"
#include "tests/unit/ledger_world.h"

#define SEATS 1

static enum refusal give(struct world *world, const struct command *command)
{
    return (enum refusal)world_give(world, command, NULL).refusal;
}

static struct world *begin(uint64_t seed)
{
    struct plan_limit seats = {.what = SPAN("members"), .most = SEATS};
    struct world *world = world_open(seed, 0, 0);
    world_found(world);
    struct command command = world_command(world, COMMAND_change_plan);
    command.change_plan = (struct change_plan_command){
        .workspace_id = world->workspace_id, .plan = SPAN("small"), .limits = &seats, .limits_count = 1};
    world_must(world, &command);
    return world;
}

static void done(struct world *world)
{
    world_check_rebuilt(world);
    world_close(world);
}

static uint64_t used(struct world *world)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct usage usage;
    ck_assert_int_eq(store_begin(world->views, false, &txn), OK);
    ck_assert_int_eq(ledger_usage(txn, &world->workspace_id, world->now_ms, &usage), OK);
    return usage.used[LIMIT_MEMBERS];
}

static struct command invitation(struct world *world, int64_t until_ms)
{
    struct command command = world_command(world, COMMAND_invite_member);
    command.invite_member = (struct invite_member_command){.member_id = world_id(world, ID_MEMBER),
                                                           .workspace_id = world->workspace_id,
                                                           .role = ROLE_VIEWER,
                                                           .vault_id = world_id(world, ID_SECRET),
                                                           .expires_ms = world->now_ms + HOUR_MS,
                                                           .until_ms = until_ms};
    return command;
}

static struct command joining(struct world *world, const struct id *member_id, const struct id *user_id)
{
    struct command command = world_command(world, COMMAND_join_workspace);
    command.role = ROLE_NONE; /* the gateway's own */
    command.join_workspace.member_id = *member_id;
    command.join_workspace.user_id = *user_id;
    return command;
}

/* Somebody who is a member for a day. */
static struct id for_a_day(struct world *world, const struct id *user_id)
{
    struct command command = invitation(world, world->now_ms + DAY_MS);
    const struct id member_id = command.invite_member.member_id;
    world_must(world, &command);
    command = joining(world, &member_id, user_id);
    world_must(world, &command);
    return member_id;
}

static struct command prolong(struct world *world, const struct id *member_id)
{
    struct command command = world_command(world, COMMAND_change_member);
    command.change_member.member_id = *member_id;
    command.change_member.role = ROLE_VIEWER;
    command.change_member.until_ms = world->now_ms + DAY_MS;
    return command;
}

START_TEST(an_invitation_that_nobody_took_in_time_takes_no_seat)
{
    struct world *world = begin(1);
    struct command command = invitation(world, 0);
    world_must(world, &command);
    ck_assert_uint_eq(used(world), 1);
    command = invitation(world, 0);
    ck_assert_int_eq(give(world, &command), REFUSED_plan_limit);
    world->now_ms += HOUR_MS;
    ck_assert_uint_eq(used(world), 0);
    command = invitation(world, 0);
    ck_assert_int_eq(give(world, &command), ACCEPTED);
    ck_assert_uint_eq(used(world), 1);
    done(world);
}

END_TEST

START_TEST(who_was_a_member_for_a_time_is_invited_and_joins_again)
{
    struct world *world = begin(2);
    const struct id user_id = world_id(world, ID_USER);
    const struct id first = for_a_day(world, &user_id);
    struct command command = invitation(world, 0);
    ck_assert_int_eq(give(world, &command), REFUSED_plan_limit);
    world->now_ms += DAY_MS;
    ck_assert_uint_eq(used(world), 0);
    const struct id second = for_a_day(world, &user_id);
    ck_assert_uint_eq(used(world), 1);
    command = prolong(world, &first); /* they are a member by the second */
    ck_assert_int_eq(give(world, &command), REFUSED_member_exists);
    command = world_command(world, COMMAND_remove_member);
    command.remove_member.member_id = second;
    world_must(world, &command);
    ck_assert_uint_eq(used(world), 0);
    command = prolong(world, &first);
    ck_assert_int_eq(give(world, &command), ACCEPTED);
    ck_assert_uint_eq(used(world), 1);
    done(world);
}

END_TEST

START_TEST(who_comes_back_needs_a_seat)
{
    struct world *world = begin(3);
    const struct id user_id = world_id(world, ID_USER);
    const struct id other_id = world_id(world, ID_USER);
    const struct id first = for_a_day(world, &user_id);
    struct command command = prolong(world, &first);
    ck_assert_int_eq(give(world, &command), ACCEPTED); /* has one */
    world->now_ms += DAY_MS;
    (void)for_a_day(world, &other_id);
    command = prolong(world, &first);
    ck_assert_int_eq(give(world, &command), REFUSED_plan_limit);
    done(world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("ledger_terms");
    TCase *terms = tcase_create("terms");
    tcase_add_test(terms, an_invitation_that_nobody_took_in_time_takes_no_seat);
    tcase_add_test(terms, who_was_a_member_for_a_time_is_invited_and_joins_again);
    tcase_add_test(terms, who_comes_back_needs_a_seat);
    suite_add_tcase(suite, terms);
    return run_suite(suite);
}
