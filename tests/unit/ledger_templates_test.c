/* ledger_templates_test.c: templates in a real ledger: how many a workspace may have, whose they are, who sees them,
 * and that everything derived from them can be made again. */
#include "tests/suite.h"
#include "tests/unit/ledger_world.h"

/* target NULL: it goes nowhere. */
static struct command make_template(struct world *world, struct target_spec *target)
{
    struct command command = world_command(world, COMMAND_create_template);
    command.create_template.template_id = world_id(world, ID_TEMPLATE);
    command.create_template.name = SPAN("Weekly");
    command.create_template.targets = target;
    command.create_template.targets_count = target == NULL ? 0 : 1;
    return command;
}

static struct command about(struct world *world, uint32_t code, const struct id *template_id)
{
    struct command command = world_command(world, code);
    *(struct id *)command_fields(&command) = *template_id; /* the first field of all of them */
    return command;
}

START_TEST(a_workspace_has_so_many_templates_and_another_its_own)
{
    static const uint8_t fingerprint[SHA256_LEN] = {9};
    struct world *world = world_open(1, 0, 0);
    struct command command;
    world_found(world);
    for (uint32_t i = 0; i < TEMPLATES_MAX; i++) {
        command = make_template(world, NULL);
        world_must(world, &command);
    }
    const struct id last = command.create_template.template_id;
    command = make_template(world, NULL);
    ck_assert_uint_eq(world_give(world, &command, NULL).refusal, REFUSED_template_limit);
    command = about(world, COMMAND_delete_template, &last);
    world_must(world, &command);
    command = make_template(world, NULL);
    world_must(world, &command);
    command = make_template(world, NULL);
    ck_assert_uint_eq(world_give(world, &command, NULL).refusal, REFUSED_template_limit);
    world_check_rebuilt(world);
    world_workspace(world, "other", fingerprint);
    command = make_template(world, NULL);
    world_must(world, &command);
    world_close(world);
}

END_TEST

START_TEST(another_workspaces_template_is_not_there)
{
    static const uint8_t fingerprint[SHA256_LEN] = {9};
    struct world *world = world_open(2, 0, 0);
    struct content_part part;
    world_found(world);
    struct command command = make_template(world, NULL);
    world_must(world, &command);
    const struct id template_id = command.create_template.template_id;
    command = world_post(world, 0, 0, NULL, &part);
    command.create_post.template_id = template_id;
    world_must(world, &command);
    world_workspace(world, "other", fingerprint);
    command = world_post(world, 0, 0, NULL, &part);
    command.create_post.template_id = template_id;
    ck_assert_uint_eq(world_give(world, &command, NULL).refusal, REFUSED_reference_not_found);
    command = about(world, COMMAND_delete_template, &template_id);
    ck_assert_uint_eq(world_give(world, &command, NULL).refusal, REFUSED_not_found);
    world_close(world);
}

END_TEST

static enum refusal check(struct world *world, struct command *command)
{
    enum refusal refusal = ACCEPTED;
    ck_assert_int_eq(ledger_begin(world->ledger, world->now_ms), OK);
    ck_assert_int_eq(ledger_check_actor(world->ledger, command, &refusal), OK);
    ck_assert_int_eq(ledger_commit(world->ledger), OK);
    return refusal;
}

START_TEST(a_key_that_is_restricted_to_accounts_sees_no_template_that_goes_to_another)
{
    struct world *world = world_open(3, 0, 0);
    struct content_part part;
    struct id templates[2];
    struct target_spec targets[2];
    world_found(world);
    for (uint32_t i = 0; i < 2; i++) {
        targets[i] = (struct target_spec){.target_id = world_id(world, ID_TARGET),
                                          .integration_id = world->integrations[i],
                                          .channel = CHANNEL_BLUESKY};
        struct command command = make_template(world, &targets[i]);
        world_must(world, &command);
        templates[i] = command.create_template.template_id;
    }
    struct integration_ref account = {.integration_id = world->integrations[0]};
    struct command command = world_command(world, COMMAND_create_key);
    command.create_key = (struct create_key_command){.key_id = world_id(world, ID_KEY),
                                                     .workspace_id = world->workspace_id,
                                                     .name = SPAN("one"),
                                                     .role = ROLE_EDITOR,
                                                     .restricted = true,
                                                     .integrations = &account,
                                                     .integrations_count = 1};
    command.create_key.fingerprint.bytes[0] = 5;
    world_must(world, &command);
    world->key_id = command.create_key.key_id;
    for (uint32_t i = 0; i < 2; i++) {
        command = about(world, COMMAND_delete_template, &templates[i]);
        ck_assert_uint_eq(check(world, &command), i == 0 ? ACCEPTED : REFUSED_not_found);
        command = make_template(world, &targets[i]);
        ck_assert_uint_eq(check(world, &command), i == 0 ? ACCEPTED : REFUSED_reference_not_found);
        command = world_post(world, 0, 0, NULL, &part);
        command.create_post.template_id = templates[i];
        ck_assert_uint_eq(check(world, &command), i == 0 ? ACCEPTED : REFUSED_reference_not_found);
    }
    world_close(world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("ledger_templates");
    TCase *tcase = tcase_create("templates");
    tcase_set_timeout(tcase, 100);
    tcase_add_test(tcase, a_workspace_has_so_many_templates_and_another_its_own);
    tcase_add_test(tcase, another_workspaces_template_is_not_there);
    tcase_add_test(tcase, a_key_that_is_restricted_to_accounts_sees_no_template_that_goes_to_another);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
