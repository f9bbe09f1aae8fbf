/* bench_schedule.h: the parts of openpost bench schedule. Each works in a crowd that stands filled and leaves it a
 * little fuller. */
#ifndef OPENPOST_TOOLS_BENCHMARKS_BENCH_SCHEDULE_H
#define OPENPOST_TOOLS_BENCHMARKS_BENCH_SCHEDULE_H

#include "tools/benchmarks/bench_crowd.h"

/* Each command in the large crowd against the same in the small one. The last of all: the clock goes on to when the
 * posts of ROLE_DUE are due. */
enum err bench_commands(struct bench *bench, struct crowds *crowds) MUST_USE;
/* next_slot of a queue that has many occurrences reserved. */
enum err bench_slots(struct bench *bench, struct crowd *crowd) MUST_USE;
/* Posts of series, as the scheduler has them made. */
enum err bench_series(struct bench *bench, struct crowd *crowd) MUST_USE;
/* Posts that have to be approved, in workspaces of their own. */
enum err bench_approval(struct bench *bench, struct crowd *crowd) MUST_USE;

#endif
