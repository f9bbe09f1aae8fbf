/* pass_foreign_test.c: an id of another workspace names nothing here, and is known for what it is once the answer is
 * given; of unknown ids, of our own and of other kinds nothing of the sort is said. */
#include <poll.h>

#include "core/wire/tag_key.h"
#include "gateway/gate/gate_state.h"
#include "tests/suite.h"
#include "tests/unit/ledger_world.h"

static const char key_text[] = "op_other_key";

/* From now on the world speaks for this second workspace. */
static void found_other(struct world *world)
{
    uint8_t fingerprint[SHA256_LEN];
    tag_key_fingerprint_of(span_text(key_text), fingerprint);
    world_workspace(world, "other", fingerprint);
}

static struct id draft(struct world *world, uint32_t targets)
{
    struct target_spec specs[3];
    struct content_part part;
    const struct command command = world_post(world, targets, 0, specs, &part);
    world_must(world, &command);
    return command.create_post.post_id;
}

static bool is_known_as_foreign(struct gate *gate, struct pass *pass, const struct id *named, int64_t *boot_ms)
{
    struct command command;
    pass_missed(pass, named, "get", 1);
    gate_look_up(gate);
    *boot_ms += HOUR_MS; /* what was told is due again */
    if (!refusals_take(&gate->refusals, *boot_ms, &command)) {
        return false;
    }
    ck_assert_uint_eq(command.report_refusals.times, 1);
    ck_assert(span_equal(command.report_refusals.subject, span_text(id_prefix((enum id_kind)named->kind))));
    ck_assert(span_equal(command.report_refusals.code, SPAN("not_found")));
    ck_assert(id_equal(&command.report_refusals.key_id, &pass_badge(pass)->key_id));
    ck_assert(!refusals_take(&gate->refusals, *boot_ms, &command));
    return true;
}

START_TEST(more_misses_than_there_is_room_for_are_looked_up_all_the_same)
{
    struct world *world = world_open(1, 0, 0);
    world_found(world);
    const struct id theirs = draft(world, 0);
    found_other(world);
    struct arena arena;
    struct pass *pass = NULL;
    struct gate *gate = NULL;
    struct command command;
    arena_init(&arena, (size_t)1 << 20);
    const struct gate_options options = {.views = world->views};
    const struct knock knock = {.key = span_text(key_text), .now_ms = world->now_ms};
    ck_assert_int_eq(gate_open(&options, &gate), OK);
    ck_assert_int_eq(gate_admit(gate, &knock, &arena, &pass), OK);
    struct pollfd many = {.fd = gate_report_fd(gate), .events = POLLIN};
    for (uint32_t i = 0; i < MISSES_MAX + 10; i++) {
        ck_assert_int_eq(poll(&many, 1, 0), i < MISSES_MANY ? 0 : 1);
        pass_missed(pass, &theirs, "get", 1);
    }
    gate_look_up(gate);
    ck_assert_int_eq(poll(&many, 1, 0), 0);
    ck_assert(refusals_take(&gate->refusals, (int64_t)1 << 50, &command));
    ck_assert_uint_eq(command.report_refusals.times, MISSES_MAX + 10);
    pass_close(pass);
    gate_close(gate);
    arena_done(&arena);
    world_close(world);
}

END_TEST

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
    int64_t boot_ms = (int64_t)1 << 50; /* far ahead */
    ck_assert_int_eq(gate_open(&options, &gate), OK);
    ck_assert_int_eq(gate_admit(gate, &knock, &arena, &pass), OK);
    ck_assert_int_eq(pass_post(pass, &theirs, &post), ERR_NOT_FOUND);
    ck_assert(is_known_as_foreign(gate, pass, &theirs, &boot_ms));
    ck_assert_int_eq(pass_integration(pass, &world->integrations[0], &integration), ERR_NOT_FOUND);
    ck_assert(is_known_as_foreign(gate, pass, &world->integrations[0], &boot_ms));
    ck_assert_int_eq(pass_post(pass, &thrown_away, &post), ERR_NOT_FOUND);
    ck_assert(is_known_as_foreign(gate, pass, &thrown_away, &boot_ms));
    ck_assert_int_eq(pass_post(pass, &ours, &post), OK);
    ck_assert(!is_known_as_foreign(gate, pass, &ours, &boot_ms));
    ck_assert_int_eq(pass_post(pass, &unknown, &post), ERR_NOT_FOUND);
    ck_assert(!is_known_as_foreign(gate, pass, &unknown, &boot_ms));
    struct key_view key;
    const struct id unknown_key = world_id(world, ID_KEY);
    ck_assert_int_eq(pass_key(pass, &their_key, &key), ERR_NOT_FOUND);
    ck_assert(is_known_as_foreign(gate, pass, &their_key, &boot_ms));
    ck_assert_int_eq(pass_key(pass, &world->key_id, &key), OK);
    ck_assert(!is_known_as_foreign(gate, pass, &world->key_id, &boot_ms));
    ck_assert(!is_known_as_foreign(gate, pass, &unknown_key, &boot_ms));
    ck_assert(!is_known_as_foreign(gate, pass, &(struct id){0}, &boot_ms));
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
    tcase_add_test(tcase, more_misses_than_there_is_room_for_are_looked_up_all_the_same);
    tcase_add_test(tcase, an_id_of_another_workspace_is_known_for_what_it_is);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
