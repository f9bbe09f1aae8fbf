/* scope_foreign_test.c: an id of another workspace names nothing here, and is known for what it is; of unknown ids, of
 * our own and of other kinds nothing of the sort is said. */
#include "core/wire/tag_key.h"
#include "gateway/scope.h"
#include "tests/suite.h"
#include "tests/unit/ledger_world.h"

static const char key_text[] = "op_other_key";

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
    uint8_t fingerprint[SHA256_LEN];
    tag_key_fingerprint_of(span_text(key_text), fingerprint);
    world_workspace(world, "other", fingerprint);
    const struct id ours = draft(world, 0);
    const struct id unknown = world_id(world, ID_POST);

    struct arena arena;
    struct scope *scope = NULL;
    struct post_view post;
    struct integration_row integration;
    arena_init(&arena, (size_t)1 << 20);
    ck_assert_int_eq(scope_open(world->views, span_text(key_text), world->now_ms, &arena, &scope), OK);
    ck_assert_int_eq(scope_post(scope, &theirs, &post), ERR_NOT_FOUND);
    ck_assert(scope_is_foreign(scope, &theirs));
    ck_assert_int_eq(scope_integration(scope, &world->integrations[0], &integration), ERR_NOT_FOUND);
    ck_assert(scope_is_foreign(scope, &world->integrations[0]));
    ck_assert_int_eq(scope_post(scope, &thrown_away, &post), ERR_NOT_FOUND);
    ck_assert(scope_is_foreign(scope, &thrown_away));
    ck_assert_int_eq(scope_post(scope, &ours, &post), OK);
    ck_assert(!scope_is_foreign(scope, &ours));
    ck_assert_int_eq(scope_post(scope, &unknown, &post), ERR_NOT_FOUND);
    ck_assert(!scope_is_foreign(scope, &unknown));
    ck_assert(!scope_is_foreign(scope, &their_key));
    ck_assert(!scope_is_foreign(scope, &(struct id){0}));
    scope_close(scope);
    arena_done(&arena);
    world_close(world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("scope_foreign");
    TCase *tcase = tcase_create("scope_foreign");
    tcase_add_test(tcase, an_id_of_another_workspace_is_known_for_what_it_is);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
