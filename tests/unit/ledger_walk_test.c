/* ledger_walk_test.c: whatever commands come in whatever groups, with commits that fail, processes that are restarted
 * and commands that are sent twice: what is derived is what the log says, byte for byte, and every accepted command is
 * in the log exactly once. */
#include "tests/suite.h"
#include "tests/unit/ledger_world.h"

#define WALKS 24
#define GROUPS 60
#define POSTS_MAX 400

struct known_post {
    struct id post_id;
    struct id attempt_id;
    struct target_spec specs[3];
    uint32_t count;
};

struct walk {
    struct world *world;
    struct known_post posts[POSTS_MAX];
    unsigned post_count;
    struct content_part part;
    struct target_spec specs[3];
    struct locked_part locked_part;
    struct locked_target locked[3];
    struct command last;
    uint64_t accepted_events;
    uint64_t group_events;
};

static struct known_post *any_post(struct walk *walk)
{
    /* mostly a recent one, so that stories go on */
    const unsigned recent = walk->post_count > 8 && !prng_chance(&walk->world->prng, 5) ? 8 : walk->post_count;
    return &walk->posts[walk->post_count - 1 - prng_below(&walk->world->prng, recent)];
}

static struct command create(struct walk *walk)
{
    struct world *world = walk->world;
    struct known_post *post = &walk->posts[walk->post_count % POSTS_MAX];
    walk->post_count += walk->post_count < POSTS_MAX;
    const uint32_t count = 1 + (uint32_t)prng_below(&world->prng, 3);
    struct command command = world_post(world, count, 0, walk->specs, &walk->part);
    post->post_id = command.create_post.post_id;
    post->count = count;
    memcpy(post->specs, walk->specs, sizeof post->specs);
    if (!prng_chance(&world->prng, 3)) {
        command.create_post.at_ms = world->now_ms + (int64_t)prng_below(&world->prng, 900) * SECOND_MS;
    }
    return command;
}

static struct command lock(struct walk *walk, const struct known_post *post)
{
    struct command command = world_command(walk->world, COMMAND_lock_post);
    walk->locked_part = (struct locked_part){.key = SPAN("key"), .created_ms = 5, .payload = SPAN("payload")};
    sha256(walk->locked_part.payload, walk->locked_part.payload_hash.bytes);
    for (uint32_t i = 0; i < post->count; i++) {
        walk->locked[i] = (struct locked_target){
            .target_id = post->specs[i].target_id, .parts = &walk->locked_part, .parts_count = 1};
    }
    command.actor = ACTOR_SCHEDULER;
    command.lock_post.post_id = post->post_id;
    command.lock_post.targets = walk->locked;
    command.lock_post.targets_count = post->count;
    command.expected_version = 2;
    return command;
}

static struct command start(struct walk *walk, struct known_post *post)
{
    struct world *world = walk->world;
    struct command command = world_command(world, COMMAND_start_attempt);
    command.actor = ACTOR_SCHEDULER;
    post->attempt_id = world_id(world, ID_ATTEMPT);
    command.start_attempt.post_id = post->post_id;
    command.start_attempt.target_id = post->specs[prng_below(&world->prng, post->count)].target_id;
    command.start_attempt.attempt_id = post->attempt_id;
    command.start_attempt.fence = ledger_epoch(world->ledger);
    sha256(SPAN("payload"), command.start_attempt.payload_hash.bytes);
    return command;
}

static struct command outcome(struct walk *walk, const struct known_post *post)
{
    struct world *world = walk->world;
    struct command command = world_command(world, COMMAND_record_outcome);
    command.actor = ACTOR_SCHEDULER;
    command.record_outcome.post_id = post->post_id;
    command.record_outcome.target_id = post->specs[prng_below(&world->prng, post->count)].target_id;
    command.record_outcome.attempt_id = post->attempt_id;
    command.record_outcome.outcome = OUTCOME_ACCEPTED + (uint32_t)prng_below(&world->prng, OUTCOME_COUNT - 1);
    command.record_outcome.by_read = prng_chance(&world->prng, 4);
    command.record_outcome.platform_id = SPAN("at://x/y/z");
    command.record_outcome.jitter_permille = prng_below(&world->prng, 401);
    return command;
}

static struct command of_post(struct walk *walk, uint32_t code, const struct known_post *post)
{
    struct command command = world_command(walk->world, code);
    switch (code) {
    case COMMAND_schedule_post:
        command.schedule_post.post_id = post->post_id;
        command.schedule_post.now = true;
        break;
    case COMMAND_cancel_post:
        command.cancel_post.post_id = post->post_id;
        break;
    case COMMAND_delete_post:
        command.delete_post.post_id = post->post_id;
        break;
    default:
        command.retry_post.post_id = post->post_id;
        command.retry_post.now = true;
        break;
    }
    return command;
}

static struct command roll(struct walk *walk)
{
    struct world *world = walk->world;
    const uint64_t dice = prng_below(&world->prng, 16);
    if (walk->post_count == 0 || dice < 3) {
        return create(walk);
    }
    struct known_post *post = any_post(walk);
    struct command command;
    switch (dice) {
    case 3:
        return of_post(walk, COMMAND_schedule_post, post);
    case 4:
        return of_post(walk, COMMAND_cancel_post, post);
    case 5:
        return of_post(walk, COMMAND_delete_post, post);
    case 6:
        return of_post(walk, COMMAND_retry_post, post);
    case 7:
    case 8:
        return lock(walk, post);
    case 9:
    case 10:
    case 11:
        return start(walk, post);
    case 12:
        command =
            world_command(world, prng_chance(&world->prng, 2) ? COMMAND_pause_integration : COMMAND_resume_integration);
        command.pause_integration.integration_id = world->integrations[prng_below(&world->prng, 3)];
        return command;
    default:
        return outcome(walk, post);
    }
}

static void group(struct walk *walk)
{
    struct world *world = walk->world;
    ck_assert_int_eq(ledger_begin(world->ledger, world->now_ms), OK);
    walk->group_events = 0;
    const uint64_t commands = 1 + prng_below(&world->prng, 20);
    for (uint64_t i = 0; i < commands; i++) {
        struct answer answer;
        const bool again = walk->last.code != 0 && prng_chance(&world->prng, 10);
        const struct command command = again ? walk->last : roll(walk);
        ck_assert_int_eq(ledger_handle(world->ledger, &command, NULL, &answer), OK);
        ck_assert(answer.refusal == ACCEPTED || answer.events == 0);
        walk->group_events += answer.repeated ? 0 : answer.events;
        walk->last.code = 0;
        if (command.code == COMMAND_cancel_post || command.code == COMMAND_pause_integration) {
            walk->last = command; /* borrows nothing of the walk's */
        }
    }
}

START_TEST(whatever_happens_what_is_derived_is_what_the_log_says)
{
    struct walk *walk = calloc(1, sizeof *walk);
    walk->world = world_open((uint64_t)_i + 100, 0, 0);
    struct world *world = walk->world;
    world_found(world);
    walk->accepted_events = ledger_head(world->ledger);
    for (int i = 0; i < GROUPS; i++) {
        world->now_ms += (int64_t)prng_below(&world->prng, 200) * SECOND_MS;
        group(walk);
        if (prng_chance(&world->prng, 12)) {
            log_memory_fail_next_commit(world->log, ERR_NO_SPACE);
            const uint64_t head = ledger_head(world->ledger);
            const enum err err = ledger_commit(world->ledger);
            ck_assert(err == ERR_NO_SPACE || walk->group_events == 0);
            log_memory_fail_next_commit(world->log, OK);
            ck_assert_uint_eq(ledger_head(world->ledger), head);
        } else if (prng_chance(&world->prng, 12)) {
            ledger_abort(world->ledger);
        } else {
            ck_assert_int_eq(ledger_commit(world->ledger), OK);
            walk->accepted_events += walk->group_events;
        }
        ck_assert_uint_eq(ledger_head(world->ledger), walk->accepted_events);
        if (prng_chance(&world->prng, 10)) {
            ledger_close(world->ledger);
            world_open_ledger(world, prng_chance(&world->prng, 2));
        }
        if (prng_chance(&world->prng, 8)) {
            world_check_rebuilt(world);
        }
    }
    world_check_rebuilt(world);
    world_close(world);
    free(walk);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("ledger_walk");
    TCase *walks = tcase_create("walks");
    tcase_set_timeout(walks, 60);
    tcase_add_loop_test(walks, whatever_happens_what_is_derived_is_what_the_log_says, 0, WALKS);
    suite_add_tcase(suite, walks);
    return run_suite(suite);
}
