/* bench_fastify.h: Fastify and PostgreSQL behind the same requests as ours: references/fastify.mjs says what it does.
 */
#ifndef OPENPOST_TOOLS_BENCHMARKS_BENCH_FASTIFY_H
#define OPENPOST_TOOLS_BENCHMARKS_BENCH_FASTIFY_H

#include "tools/benchmarks/bench_postgres.h"
#include "tools/benchmarks/bench_wrk.h"

struct fastify {
    struct postgres postgres;
    pid_t pid;
    uint16_t port;
    unsigned workers;
};

/* fastify_start starts it; idle: with one Node.js process, as it is; otherwise with one and with two, warms up and
 * measures each, and keeps the faster one. When it cannot, *ret_why says so in a line, and nothing runs. fastify_stop
 * accepts a zeroed struct. */
enum err fastify_start(struct bench *bench, const struct bench_author *author, bool idle, struct fastify *ret_fastify,
                       const char **ret_why) MUST_USE;
void fastify_stop(struct fastify *fastify);

#endif
