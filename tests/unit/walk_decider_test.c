/* walk_decider_test.c: a post driven by dice: any command at any time. Whatever happens, nothing crashes, every check
 * of decider_world.h holds at every step, and what the rules promise holds of the state: never two live copies of a
 * part that a machine could have avoided, no start while a target is final, no silence. */
#include "core/base/prng.h"
#include "tests/suite.h"
#include "tests/unit/decider_world.h"

#define WALKS 8
#define WALKS_IN_ONE 8
#define STEPS 120

static const char *const verbs[] = {
    "create a b:2c at=3600",
    "create a b c now",
    "create a@900 b not_after=9000 at=700",
    "edit a b c",
    "edit b@5000 a",
    "schedule now",
    "schedule at=9000",
    "delete",
    "cancel",
    "cancel a",
    "cancel b",
    "retry now",
    "retry at=20000",
    "hold",
    "release",
    "suspect",
    "trust",
    "suspend",
    "confirm",
    "ledger",
    "pause a",
    "resume a",
    "disconnect b",
    "connect b vault=2",
    "accept b vault=2",
    "refuse b",
    "remove c",
    "resolve a published url=x",
    "resolve b absent retry",
    "resolve a absent",
    "resolve b abandoned",
    "miss a b c",
    "prepared a {1}",
    "prepared b {2}",
};

static const char *const outcomes[] = {"accepted", "try_again", "deferred", "unauthorized",
                                       "refused",  "unknown",   "absent"};

/* The next step, as text. Starts and outcomes are likely, so that walks get far. */
static void roll(struct prng *prng, struct buf *out)
{
    const char *const targets[] = {"a", "b", "c"};
    const char *target = targets[prng_below(prng, 3)];
    switch (prng_below(prng, 4)) {
    case 0:
        buf_text(out, verbs[prng_below(prng, sizeof verbs / sizeof *verbs)]);
        return;
    case 1:
        buf_text(out, prng_chance(prng, 6) ? "lock a b c" : prng_chance(prng, 5) ? "lock a b:2c" : "start ");
        if (out->data[0] == 's') {
            buf_text(out, target);
        }
        return;
    default:
        say(out, "outcome %s %s%s%s", target, outcomes[prng_below(prng, prng_chance(prng, 2) ? 7 : 1)],
            prng_chance(prng, 3) ? " read" : "", prng_chance(prng, 3) ? " keyless" : "");
        if (prng_chance(prng, 6)) {
            say(out, " id=%d", (int)prng_below(prng, 4) + 1);
        }
        if (prng_chance(prng, 4)) {
            say(out, " until=%d", (int)prng_below(prng, 40000));
        }
    }
}

/* What must hold of a target after any history. */
static void check_target(const struct post *post, const struct post_target *target)
{
    const enum target_status phase = target_phase(target);
    ck_assert_int_ne(target->status, TARGET_NONE);
    ck_assert_uint_le(target->next_part, target->part_count);
    ck_assert_uint_lt(target->tries, TRIES_MAX + 1);
    const bool under_way = target->attempt_count > 0 && target->attempt_outcome == OUTCOME_NONE;
    ck_assert_int_eq(under_way, phase == TARGET_ATTEMPTING);
    if (phase == TARGET_UNKNOWN) { /* never silence: read again, or over */
        ck_assert_int_ne(target->next_ms, 0);
        ck_assert_int_eq(target->attempt_outcome, OUTCOME_UNKNOWN);
    }
    if (target->status == TARGET_PUBLISHED) {
        ck_assert_uint_ge(target->next_part + target->has_comment, target->part_count);
    } else {
        ck_assert(target->part_count == 0 || target->next_part < target->part_count - target->has_comment);
    }
    if (target->read_first) {
        ck_assert(phase == TARGET_RETRYING || phase == TARGET_PREPARED || phase == TARGET_PENDING);
    }
    if (post_is_final(post) && post->status != POST_DELETED) {
        ck_assert(target_status_is_final(target->status));
    }
}

static void check_post(const struct post *post)
{
    bool all_final = post->target_count > 0;
    for (uint32_t i = 0; i < post->target_count; i++) {
        check_target(post, &post->targets[i]);
        all_final = all_final && target_status_is_final(post->targets[i].status);
    }
    if (all_final) {
        ck_assert(post_is_final(post)); /* the end is always told */
    }
    ck_assert_int_eq(post->locked_at_ms != 0, post->status >= POST_QUEUED && post->locked_at_ms != 0);
}

static void take_a_walk(uint64_t seed)
{
    struct prng prng;
    prng_seed(&prng, seed);
    struct world *world = world_new(NULL, NULL);
    for (int i = 0; i < STEPS && world->fact_count + 16 < STORY_FACTS_MAX; i++) {
        static const int64_t leaps_ms[] = {0, 0, 1, 500, 30000, 120000, 400000, 7200000, 90000000};
        world->now_ms += leaps_ms[prng_below(&prng, 7 + prng_below(&prng, 3))];
        char text[200];
        struct buf line = buf_of(text, sizeof text);
        roll(&prng, &line);
        const char *rest = buf_terminated(&line);
        struct step step;
        ck_assert(next_step(&rest, &step));
        if (story_target(world, step.words[1]) != NULL && option(&step, "id") == NULL &&
            strcmp(step.words[0], "outcome") == 0 && story_target(world, step.words[1])->attempt_count == 0) {
            continue; /* attempts are numbered from 1 */
        }
        char said[2000];
        struct buf out = buf_of(said, sizeof said);
        walk(world, &step, &out);
        if (world->post.head.version > 0) {
            check_post(&world->post.post);
        }
    }
    check_replay(world);
    world_free(world);
}

START_TEST(whatever_is_asked_in_whatever_order_the_post_stays_sound)
{
    for (int i = 0; i < WALKS_IN_ONE; i++) {
        take_a_walk(1000 + (uint64_t)(_i * WALKS_IN_ONE + i));
    }
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("walk_decider");
    TCase *tcase = tcase_create("walk");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, whatever_is_asked_in_whatever_order_the_post_stays_sound, 0, WALKS);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
