/* bench_load.h: loads that end after a number of requests, where wrk only ends after a time. */
#ifndef OPENPOST_TOOLS_BENCHMARKS_BENCH_LOAD_H
#define OPENPOST_TOOLS_BENCHMARKS_BENCH_LOAD_H

#include "core/wire/client.h"
#include "tools/benchmarks/bench_world.h"

/* Writes request number index, head and body. Called by several threads at once. */
typedef void load_request(void *context, uint64_t index, struct buf *out);

/* Looks at the answer to request number index, head and body, NUL behind it; false: it is not what was asked for.
 * Called by several threads at once. */
typedef bool load_answer(void *context, uint64_t index, const char *answer);

/* load_http sends count requests on 16 connections that are kept, one at a time on each, to a port of this machine;
 * *ret_us is the time that passed for each. check may be NULL. ERR_CONFLICT: an answer was not 2xx, or not what check
 * wants; the first such is written to standard error. */
enum err load_http(uint16_t port, uint64_t count, load_request *make, load_answer *check, void *context, double *ret_us)
    MUST_USE;

/* Fills command number index and what it borrows. Called on any thread, one at a time for each place (below
 * outstanding). */
typedef const struct command *load_command(void *context, uint64_t index, unsigned place);

/* load_commands has count commands decided, outstanding of them at a time; *ret_us as above. ERR_CONFLICT: one was
 * refused or did nothing, which is written to standard error. */
enum err load_commands(struct client *client, uint64_t count, unsigned outstanding, load_command *make, void *context,
                       double *ret_us) MUST_USE;

#endif
