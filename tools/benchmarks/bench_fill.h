/* bench_fill.h: a log as an installation has it after a while: posts with their whole lives, each in seven events. */
#ifndef OPENPOST_TOOLS_BENCHMARKS_BENCH_FILL_H
#define OPENPOST_TOOLS_BENCHMARKS_BENCH_FILL_H

#include "tools/benchmarks/bench_world.h"

/* bench_fill appends posts' lives (created and scheduled, locked, started, accepted, finished) until the log has at
 * least so many events. Lives overlap: some 15,000 posts are open at any time. The log's times run ahead of the
 * clock. */
enum err bench_fill(struct parts *parts, const struct bench_author *author, uint64_t events) MUST_USE;

#endif
