/* bench_bullmq.h: as many jobs due in the same second on BullMQ and a Redis that never flushes: references/bullmq.mjs.
 */
#ifndef OPENPOST_TOOLS_BENCHMARKS_BENCH_BULLMQ_H
#define OPENPOST_TOOLS_BENCHMARKS_BENCH_BULLMQ_H

#include "tools/benchmarks/bench_world.h"

struct bench_lateness {
    bool measured;
    double p50_ms;
    double p99_ms;
    double max_ms;
};

/* bench_bullmq measures how late as many jobs as the burst has posts start. When it cannot, *ret_why says so in a line.
 */
enum err bench_bullmq(const struct bench *bench, struct bench_lateness *ret_lateness, const char **ret_why) MUST_USE;

#endif
