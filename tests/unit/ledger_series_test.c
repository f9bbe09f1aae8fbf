/* ledger_series_test.c: series in a real ledger: how many a workspace may have that have not ended, which of them
 * count, and that the counting can be made again from the log. */
#include "tests/suite.h"
#include "tests/unit/ledger_world.h"

/* A series whose first post is decades away. What it borrows is the caller's. */
static struct command make_series(struct world *world, struct target_spec *target, struct content_part *part)
{
    struct command command = world_command(world, COMMAND_create_series);
    struct create_series_command *create = &command.create_series;
    *part = (struct content_part){.text = SPAN("every day")};
    *create = (struct create_series_command){.series_id = world_id(world, ID_SERIES),
                                             .timezone = SPAN("UTC"),
                                             .frequency = FREQUENCY_DAILY,
                                             .every = 1,
                                             .time = SPAN("09:30"),
                                             .start = SPAN("2099-01-01"),
                                             .parts = part,
                                             .parts_count = 1,
                                             .targets = target,
                                             .targets_count = 1};
    *target = (struct target_spec){.target_id = id_derive(ID_TARGET, &create->series_id, &world->integrations[0]),
                                   .integration_id = world->integrations[0],
                                   .channel = CHANNEL_BLUESKY};
    return command;
}

static struct command about(struct world *world, uint32_t code, const struct id *series_id)
{
    struct command command = world_command(world, code);
    *(struct id *)command_fields(&command) = *series_id; /* the first field of all of them */
    return command;
}

static enum refusal give_one(struct world *world)
{
    struct target_spec target;
    struct content_part part;
    struct command command = make_series(world, &target, &part);
    return (enum refusal)world_give(world, &command, NULL).refusal;
}

START_TEST(a_workspace_has_so_many_series_that_have_not_ended)
{
    struct world *world = world_open(1, 0, 0);
    struct target_spec target;
    struct content_part part;
    struct command command;
    world_found(world);
    for (uint32_t i = 0; i < SERIES_MAX; i++) {
        command = make_series(world, &target, &part);
        world_must(world, &command);
    }
    const struct id last = command.create_series.series_id;
    ck_assert_uint_eq(give_one(world), REFUSED_series_limit);
    command = about(world, COMMAND_pause_series, &last);
    world_must(world, &command);
    ck_assert_uint_eq(give_one(world), REFUSED_series_limit);
    command = about(world, COMMAND_resume_series, &last);
    world_must(world, &command);
    command = about(world, COMMAND_end_series, &last);
    world_must(world, &command);
    world_must(world, &command); /* once more frees no second place */
    ck_assert_uint_eq(give_one(world), ACCEPTED);
    ck_assert_uint_eq(give_one(world), REFUSED_series_limit);
    world_check_rebuilt(world);
    world_close(world);
}

END_TEST

START_TEST(another_workspaces_series_do_not_count)
{
    static const uint8_t fingerprint[SHA256_LEN] = {9};
    struct world *world = world_open(2, 0, 0);
    world_found(world);
    const struct id first = world->workspace_id;
    for (uint32_t i = 0; i < SERIES_MAX; i++) {
        ck_assert_uint_eq(give_one(world), ACCEPTED);
    }
    ck_assert_uint_eq(give_one(world), REFUSED_series_limit);
    world_workspace(world, "other", fingerprint);
    ck_assert(!id_equal(&first, &world->workspace_id));
    ck_assert_uint_eq(give_one(world), REFUSED_reference_not_found); /* the account, not the bound */
    world_close(world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("ledger_series");
    TCase *tcase = tcase_create("series");
    tcase_set_timeout(tcase, 100);
    tcase_add_test(tcase, a_workspace_has_so_many_series_that_have_not_ended);
    tcase_add_test(tcase, another_workspaces_series_do_not_count);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
