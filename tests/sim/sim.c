/* sim.c: the simulation's program: sim --seed S [--steps N] [--trace], or --seeds A..B [--steps N] [--jobs J]
 * [--expect-failure]. One seed is one run: a phase with users and faults, then faults stop and everything due must come
 * to its end. --expect-failure: for builds with a planted bug; good when any seed finds it. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "tests/sim/world.h"

#define STEPS_DEFAULT 1500
#define CALM_STEPS_MAX 40000
#define CALM_MS (48 * HOUR_MS)
#define DEEP_DEFAULT 250
#define QUIET_MS 15000

struct options {
    uint64_t first;
    uint64_t last;
    uint64_t steps;
    uint64_t deep_every; /* steps between looks at what is derived */
    unsigned jobs;
    bool show;
    bool expect_failure;
    bool one;
};

static void choose_faults(struct world *world)
{
    struct faults *faults = &world->faults;
    const uint64_t mood = prng_below(&world->dice, 8); /* 0: everything works */
    *faults = (struct faults){.platform = 3};
    if (mood == 0) {
        faults->platform = 0;
        return;
    }
    faults->drop = mood & 1 ? 25 : 200;
    faults->twice = mood & 1 ? 25 : 200;
    faults->slow = mood & 2 ? 20 : 100;
    faults->network = mood & 2 ? 12 : 60;
    faults->ledger_crash = mood & 4 ? 40 : 300;
    faults->scheduler_crash = mood & 4 ? 60 : 500;
    faults->adapter_crash = mood & 4 ? 20 : 100;
    faults->disk_full = world_chance(world, 2) ? 60 : 0;
    faults->clock = world_chance(world, 3) ? 12 : 0;
}

static void run_until(struct world *world, uint64_t steps, int64_t until_ms, bool until_settled)
{
    const uint64_t end = world->steps + steps;
    while (!world->lost && world->steps < end && world->true_ms < until_ms && world_step(world)) {
        if (world->steps % world->deep_every == 0) {
            judge_deep(world);
        }
        if (until_settled && world->steps % 20 == 0 && judge_is_settled(world)) {
            return;
        }
    }
}

static bool run(uint64_t seed, const struct options *options)
{
    struct world world;
    world_init(&world, seed);
    world.show = options->show;
    world.deep_every = options->deep_every;
    const uint64_t steps = options->steps;
    judge_start(&world);
    choose_faults(&world);
    const struct faults faults = world.faults;
    world.faults = (struct faults){0};
    ledger_start(&world);
    adapter_start(&world);
    users_start(&world);
    scheduler_start(&world);
    run_until(&world, steps, WORLD_T0 + QUIET_MS, false); /* workspaces and accounts are there */
    world.faults = faults;
    run_until(&world, steps, INT64_MAX, false);
    world.calm = true;
    world.faults = (struct faults){0};
    model_rules_clear(world.model);
    users_settle(&world);
    run_until(&world, CALM_STEPS_MAX, world.true_ms + CALM_MS, true);
    if (!world.lost && !judge_is_settled(&world)) {
        lose(&world, "something that was due is not over %lld h after the last fault", (long long)(CALM_MS / HOUR_MS));
    }
    if (!world.lost) {
        judge_deep(&world);
        judge_platform(&world);
        judge_end(&world);
    }
    const bool good = !world.lost;
    world_done(&world);
    return good;
}

static bool parse(int argc, char **argv, struct options *options)
{
    *options = (struct options){.first = 1, .last = 200, .steps = STEPS_DEFAULT, .deep_every = DEEP_DEFAULT, .jobs = 2};
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        char *end = NULL;
        if (strcmp(argv[i], "--seed") == 0) {
            options->first = options->last = strtoull(value, NULL, 10);
            options->one = true;
            i++;
        } else if (strcmp(argv[i], "--seeds") == 0) {
            options->first = strtoull(value, &end, 10);
            options->last = strncmp(end, "..", 2) == 0 ? strtoull(end + 2, NULL, 10) : options->first;
            i++;
        } else if (strcmp(argv[i], "--steps") == 0) {
            options->steps = strtoull(value, NULL, 10);
            i++;
        } else if (strcmp(argv[i], "--deep") == 0) {
            options->deep_every = strtoull(value, NULL, 10);
            i++;
        } else if (strcmp(argv[i], "--jobs") == 0) {
            options->jobs = (unsigned)strtoul(value, NULL, 10);
            i++;
        } else if (strcmp(argv[i], "--trace") == 0) {
            options->show = true;
        } else if (strcmp(argv[i], "--expect-failure") == 0) {
            options->expect_failure = true;
        } else {
            return false;
        }
    }
    return options->jobs > 0 && options->deep_every > 0 && options->first <= options->last;
}

/* Each seed in a process of its own, so that an assertion ends one run only. Returns how many went wrong; stops at the
 * first that does, when one is enough. */
static unsigned run_all(const struct options *options)
{
    unsigned wrong = 0;
    unsigned running = 0;
    for (uint64_t seed = options->first; seed <= options->last || running > 0;) {
        const bool enough = options->expect_failure && wrong > 0;
        if (seed <= options->last && running < options->jobs && !enough) {
            (void)fflush(stdout);
            const pid_t pid = fork();
            ASSERT(pid >= 0);
            if (pid == 0) {
                if (options->expect_failure) {
                    ASSERT(freopen("/dev/null", "w", stdout) != NULL);
                    ASSERT(freopen("/dev/null", "w", stderr) != NULL);
                }
                _exit(run(seed, options) ? 0 : 1);
            }
            running++;
            seed++;
            continue;
        }
        if (running == 0) {
            break;
        }
        int status = 0;
        ASSERT(wait(&status) > 0);
        running--;
        if (status != 0) {
            wrong++;
        }
    }
    return wrong;
}

int main(int argc, char **argv)
{
    struct options options;
    if (!parse(argc, argv, &options)) {
        (void)fputs(
            "usage: sim [--seed S | --seeds A..B] [--steps N] [--trace] [--deep K] [--jobs J] [--expect-failure]\n",
            stderr);
        return 64;
    }
    if (options.one && !options.expect_failure) {
        (void)printf("seed %llu, %llu steps\n", (unsigned long long)options.first, (unsigned long long)options.steps);
        const bool good = run(options.first, &options);
        (void)printf("%s\n", good ? "good" : "LOST");
        return good ? 0 : 1;
    }
    (void)printf("seeds %llu..%llu, %llu steps each\n", (unsigned long long)options.first,
                 (unsigned long long)options.last, (unsigned long long)options.steps);
    const unsigned wrong = run_all(&options);
    (void)printf("%u of %llu seeds went wrong\n", wrong, (unsigned long long)(options.last - options.first + 1));
    return (wrong > 0) == options.expect_failure ? 0 : 1;
}
