/* pass_foreign_test.c: an id of another workspace names nothing here, and is known for what it is; of unknown ids, of
 * our own and of other kinds nothing of the sort is said. */
#include "core/wire/tag_key.h"
#include "gateway/gate/pass.h"
#include "tests/suite.h"
#include "tests/unit/ledger_world.h"

static const char key_text[] = "op_other_key";

/* From now on the world speaks for this second workspace. */
static void found_other(struct world *world)
{
    world->workspace_id = (struct id){0};
    world->key_id = (struct id){0};
    const struct id workspace_id = world_id(world, ID_WORKSPACE);
    struct command command = world_command(world, COMMAND_create_workspace);
    command.create_workspace.workspace_id = workspace_id;
    command.create_workspace.slug = SPAN("other");
    command.create_workspace.name = SPAN("Other");
    command.create_workspace.timezone = SPAN("UTC");
    world_must(world, &command);
    world->workspace_id = workspace_id;
    command = world_command(world, COMMAND_create_key);
    command.create_key.key_id = world_id(world, ID_KEY);
    command.create_key.workspace_id = workspace_id;
    command.create_key.name = SPAN("other");
    command.create_key.role = ROLE_OWNER;
    tag_key_fingerprint_of(span_text(key_text), command.create_key.fingerprint.bytes);
    world_must(world, &command);
    world->key_id = command.create_key.key_id;
}

static struct id draft(struct world *world, uint32_t targets)
{
    struct target_spec specs[3];
    struct content_part part;
    const struct command command = world_post(world, targets, 0, specs, &part);
    world_must(world, &command);
    return command.create_post.post_id;
}

START_TEST(an_id_of_another_workspace_is_known_for_what_it_is)
{
    struct world *world = world_open(1, 0, 0);
    world_found(world);
    const struct id theirs = draft(world, 3);
    const struct id thrown_away = draft(world, 0);
    struct command command = world_command(world, COMMAND_delete_post);
    command.delete_post.post_id = thrown_away;
    command.expected_version = 1;
    world_must(world, &command);
    const struct id their_key = world->key_id;
    found_other(world);
    const struct id ours = draft(world, 0);
    const struct id unknown = world_id(world, ID_POST);

    struct arena arena;
    struct pass *pass = NULL;
    struct post_view post;
    struct integration_row integration;
    arena_init(&arena, (size_t)1 << 20);
    const struct gate_options options = {.views = world->views};
    const struct knock knock = {.key = span_text(key_text), .now_ms = world->now_ms};
    struct gate *gate = NULL;
    ck_assert_int_eq(gate_open(&options, &gate), OK);
    ck_assert_int_eq(gate_admit(gate, &knock, &arena, &pass), OK);
    ck_assert_int_eq(pass_post(pass, &theirs, &post), ERR_NOT_FOUND);
    ck_assert(pass_is_foreign(pass, &theirs));
    ck_assert_int_eq(pass_integration(pass, &world->integrations[0], &integration), ERR_NOT_FOUND);
    ck_assert(pass_is_foreign(pass, &world->integrations[0]));
    ck_assert_int_eq(pass_post(pass, &thrown_away, &post), ERR_NOT_FOUND);
    ck_assert(pass_is_foreign(pass, &thrown_away));
    ck_assert_int_eq(pass_post(pass, &ours, &post), OK);
    ck_assert(!pass_is_foreign(pass, &ours));
    ck_assert_int_eq(pass_post(pass, &unknown, &post), ERR_NOT_FOUND);
    ck_assert(!pass_is_foreign(pass, &unknown));
    ck_assert(!pass_is_foreign(pass, &their_key));
    ck_assert(!pass_is_foreign(pass, &(struct id){0}));
    pass_close(pass);
    gate_close(gate);
    arena_done(&arena);
    world_close(world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("pass_foreign");
    TCase *tcase = tcase_create("pass_foreign");
    tcase_add_test(tcase, an_id_of_another_workspace_is_known_for_what_it_is);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
