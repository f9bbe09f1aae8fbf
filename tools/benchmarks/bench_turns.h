/* bench_turns.h: two works in turns, so that whatever else the machine does strikes both. */
#ifndef OPENPOST_TOOLS_BENCHMARKS_BENCH_TURNS_H
#define OPENPOST_TOOLS_BENCHMARKS_BENCH_TURNS_H

#include "tools/benchmarks/bench.h"

#define TURNS_MAX 64

/* For each: microseconds that passed; of the processor; pages that the kernel had to give, 0 where nobody counted. */
struct turn_cost {
    double us;
    double cpu_us;
    double faults;
};

/* Does round number so. */
typedef enum err take_turn(void *context, uint64_t round, struct turn_cost *ret_cost);

struct turn {
    take_turn *take;
    void *context;
};

/* turns_show has both do as many rounds as the bench has (1..TURNS_MAX); who begins alternates. It prints a line each:
 * time that passed, processor and, where there were any, page faults. Costs are those of the round whose ratio is the
 * median, each for itself; faults the mean of all. ret_ratio: the processor's; may be NULL. */
enum err turns_show(struct bench *bench, const char *name, const char *against, struct turn ours, struct turn theirs,
                    double *ret_ratio) MUST_USE;

#endif
