/* bench_memory.c: the proportional memory (Pss of /proc/PID/smaps_rollup, proc(5)) of each process of an idle service
 * that has an account, and of all together, against the limit of 40 MB and against an idle Fastify with its PostgreSQL.
 * Called by bench.c. This process runs the same executable and so takes a share of its pages: that share is added to
 * the service's sum, which is then a little too large, never too small. */
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "core/base/process.h"
#include "tools/benchmarks/bench_fastify.h"
#include "tools/benchmarks/bench_proc.h"

#define LIMIT_KB 40000.0
#define SETTLE_MS 1500

static enum err add(struct bench *bench, pid_t pid, double *sum_kb)
{
    char name[32];
    char title[64];
    double kb = 0;
    bench_process_name(pid, name);
    (void)snprintf(title, sizeof title, "memory, %s", name);
    TRY(bench_process_kb(pid, &kb));
    bench_figure(bench, title, kb, LIMIT_KB, "kB", "the limit of 40 MB for all");
    *sum_kb += kb;
    return OK;
}

static enum err add_all(struct bench *bench, pid_t pid, double *ret_sum_kb)
{
    pid_t children[BENCH_CHILDREN_MAX];
    size_t count = 0;
    double sum_kb = 0;
    double ours_kb = 0;
    TRY(bench_children(pid, children, &count));
    TRY(add(bench, pid, &sum_kb));
    for (size_t i = 0; i < count; i++) {
        TRY(add(bench, children[i], &sum_kb));
    }
    TRY(bench_process_shared_kb(getpid(), &ours_kb));
    bench_figure(bench, "memory, the benchmark's share", ours_kb, LIMIT_KB, "kB", "the limit of 40 MB for all");
    sum_kb += ours_kb;
    bench_figure(bench, "memory, all", sum_kb, LIMIT_KB, "kB", "the limit of 40 MB for all");
    bench_goal(bench, GOAL_MEMORY, sum_kb);
    *ret_sum_kb = sum_kb;
    return OK;
}

static enum err sum_of(pid_t pid, double *sum_kb)
{
    pid_t children[BENCH_CHILDREN_MAX];
    size_t count = 0;
    double kb = 0;
    TRY(bench_children(pid, children, &count));
    TRY(bench_process_kb(pid, &kb));
    *sum_kb += kb;
    for (size_t i = 0; i < count; i++) {
        TRY(bench_process_kb(children[i], &kb));
        *sum_kb += kb;
    }
    return OK;
}

static enum err compare(struct bench *bench, const struct bench_author *author, double ours_kb)
{
    struct fastify fastify;
    const char *why = NULL;
    double sum_kb = 0;
    if (fastify_start(bench, author, true, &fastify, &why) != OK) {
        bench_not_run(bench, "memory, against Fastify", why);
        return OK;
    }
    (void)poll(NULL, 0, SETTLE_MS);
    enum err err = sum_of(fastify.pid, &sum_kb);
    err = err == OK ? sum_of(fastify.postgres.pid, &sum_kb) : err;
    fastify_stop(&fastify);
    if (err == OK) {
        bench_figure(bench, "memory, all", ours_kb, sum_kb, "kB", "Fastify and PostgreSQL, idle");
    }
    return err;
}

enum err bench_memory(struct bench *bench)
{
    char data[DATA_PATH_MAX];
    struct bench_author author;
    double sum_kb = 0;
    uint16_t port = 0;
    pid_t pid = 0;
    TRY(path_join(data, sizeof data, bench->folder, "memory"));
    TRY(bench_found(data, true, &author));
    TRY(bench_serve(bench, data, &port, NULL, &pid));
    (void)poll(NULL, 0, SETTLE_MS);
    const enum err err = add_all(bench, pid, &sum_kb);
    bench_stop(pid);
    return err == OK ? compare(bench, &author, sum_kb) : err;
}
