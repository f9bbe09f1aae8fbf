/* bench_fastify.c: see bench_fastify.h. Called by bench_http.c and bench_memory.c. */
#include "tools/benchmarks/bench_fastify.h"

#include <stdio.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/process.h"

#define WARM_ROUND 900 /* rounds of the scripts that only warm up and choose */
#define WARM_CONNECTIONS 64
#define WORKERS_MAX 2 /* half of the machine is PostgreSQL's */

static enum err start(const struct bench *bench, const struct bench_author *author, unsigned workers,
                      struct fastify *fastify)
{
    char port[16];
    char count[16];
    char output[32];
    TRY(bench_port(&fastify->port));
    (void)snprintf(port, sizeof port, "%u", (unsigned)fastify->port);
    (void)snprintf(count, sizeof count, "%u", workers);
    (void)snprintf(output, sizeof output, "fastify-%s.out", port);
    const char *const argv[] = {"node", "fastify.mjs", port, fastify->postgres.folder, author->key, count, NULL};
    const struct bench_program node = {.argv = argv, .output = output, .folder = bench->references};
    TRY(bench_spawn(bench, &node, &fastify->pid));
    fastify->workers = workers;
    const enum err err = bench_await(bench, output, fastify->pid, "READY");
    if (err != OK) {
        bench_stop(fastify->pid);
        fastify->pid = 0;
    }
    return err;
}

/* Node.js compiles what runs often: the first seconds are not its speed. */
static enum err measure(struct bench *bench, const struct bench_author *author, const struct fastify *fastify,
                        unsigned round, double *ret_rate)
{
    char script[DATA_PATH_MAX];
    struct wrk_result result;
    for (unsigned i = 0; i < 2; i++) {
        TRY(wrk_post_script(bench, author, WARM_ROUND + 2 * round + i, clock_wall_ms(), script));
        TRY(wrk_run(bench, fastify->port, WARM_CONNECTIONS, 2, script, &result));
    }
    *ret_rate = result.rate;
    return OK;
}

static enum err choose_workers(struct bench *bench, const struct bench_author *author, struct fastify *fastify)
{
    double best = 0;
    unsigned workers = 1;
    unsigned round = 0;
    for (unsigned i = 1; i <= WORKERS_MAX; i++) {
        double rate = 0;
        TRY(start(bench, author, i, fastify));
        TRY(measure(bench, author, fastify, round++, &rate));
        if (rate > best) {
            best = rate;
            workers = i;
        }
        if (i < WORKERS_MAX) {
            bench_stop(fastify->pid);
            fastify->pid = 0;
        }
    }
    if (workers != fastify->workers) {
        double rate = 0;
        bench_stop(fastify->pid);
        fastify->pid = 0;
        TRY(start(bench, author, workers, fastify));
        TRY(measure(bench, author, fastify, round, &rate));
    }
    return OK;
}

enum err fastify_start(struct bench *bench, const struct bench_author *author, bool idle, struct fastify *ret_fastify,
                       const char **ret_why)
{
    char path[DATA_PATH_MAX];
    struct fastify fastify = {.pid = 0};
    *ret_why = "Fastify, its reference, is not installed: tools/bench --with-references";
    if (bench->references == NULL || !bench_has_program("node")) {
        return ERR_NOT_FOUND;
    }
    TRY(path_join(path, sizeof path, bench->references, "node_modules/fastify"));
    if (access(path, R_OK) != 0) {
        return ERR_NOT_FOUND;
    }
    TRY(postgres_start(bench, idle ? "postgres-idle" : "postgres-http", false, &fastify.postgres, ret_why));
    *ret_why = "Fastify, its reference, could not be started";
    const enum err err = idle ? start(bench, author, 1, &fastify) : choose_workers(bench, author, &fastify);
    if (err != OK) {
        fastify_stop(&fastify);
        return err;
    }
    *ret_fastify = fastify;
    return OK;
}

void fastify_stop(struct fastify *fastify)
{
    bench_stop(fastify->pid);
    fastify->pid = 0;
    postgres_stop(&fastify->postgres);
}
