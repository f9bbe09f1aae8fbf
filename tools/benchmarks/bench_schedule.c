/* bench_schedule.c: what scheduling costs the ledger, with every projection, without wire or HTTP: each command with
 * --search-posts posts in one workspace (a million) against 10 thousand, and next_slot, series and approvals against
 * posts that have none of that. Commands come CROWD_GROUP to a commit, which is durable. Called by bench.c. */
#include "tools/benchmarks/bench_schedule.h"

enum err bench_schedule(struct bench *bench)
{
    struct crowds *crowds = NULL;
    TRY(crowds_get(bench, false, &crowds));
    crowds->written = true;
    TRY(bench_slots(bench, &crowds->large));
    TRY(bench_series(bench, &crowds->large));
    TRY(bench_approval(bench, &crowds->large));
    return bench_commands(bench, crowds);
}
