/* bench_turns.c: see bench_turns.h. Called by bench_schedule.c and what belongs to it. */
#include "tools/benchmarks/bench_turns.h"

#include <stdio.h>

#include "core/base/assert.h"
#include "tools/benchmarks/bench_world.h"

static enum err turns_compare(struct turn ours, struct turn theirs, unsigned rounds, struct turn_cost *ret_ours,
                              struct turn_cost *ret_theirs)
{
    double us[2][TURNS_MAX];
    double cpu_us[2][TURNS_MAX];
    double faults[2] = {0};
    const struct turn turns[2] = {ours, theirs};
    ASSERT(rounds >= 1 && rounds <= TURNS_MAX);
    for (unsigned round = 0; round < rounds; round++) {
        for (unsigned i = 0; i < 2; i++) {
            const unsigned side = (round + i) % 2;
            struct turn_cost cost = {.us = 0};
            TRY(turns[side].take(turns[side].context, round, &cost));
            us[side][round] = cost.us;
            cpu_us[side][round] = cost.cpu_us;
            faults[side] += cost.faults / rounds;
        }
    }
    const size_t middle = bench_middle(us[0], us[1], rounds);
    const size_t cpu_middle = bench_middle(cpu_us[0], cpu_us[1], rounds);
    *ret_ours = (struct turn_cost){.us = us[0][middle], .cpu_us = cpu_us[0][cpu_middle], .faults = faults[0]};
    *ret_theirs = (struct turn_cost){.us = us[1][middle], .cpu_us = cpu_us[1][cpu_middle], .faults = faults[1]};
    return OK;
}

enum err turns_show(struct bench *bench, const char *name, const char *against, struct turn ours, struct turn theirs,
                    double *ret_ratio)
{
    char text[96];
    struct turn_cost our_cost;
    struct turn_cost their_cost;
    TRY(turns_compare(ours, theirs, bench->rounds, &our_cost, &their_cost));
    bench_figure(bench, name, our_cost.us, their_cost.us, "us each", against);
    (void)snprintf(text, sizeof text, "%s, processor", name);
    bench_figure(bench, text, our_cost.cpu_us, their_cost.cpu_us, "us each", against);
    if (our_cost.faults > 0 && their_cost.faults > 0) {
        (void)snprintf(text, sizeof text, "%s, page faults", name);
        bench_figure(bench, text, our_cost.faults, their_cost.faults, "each", against);
    }
    if (ret_ratio != NULL) {
        *ret_ratio = our_cost.cpu_us / their_cost.cpu_us;
    }
    return OK;
}
