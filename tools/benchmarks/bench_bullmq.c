/* bench_bullmq.c: see bench_bullmq.h. Called by bench_burst.c. */
#include "tools/benchmarks/bench_bullmq.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/process.h"

#define WITHIN_MS 90000

static bool member(const char *text, const char *name, double *ret_value)
{
    const char *at = strstr(text, name);
    if (at != NULL) {
        *ret_value = strtod(at + strlen(name), NULL);
    }
    return at != NULL;
}

static enum err run_jobs(const struct bench *bench, const char *port, struct bench_lateness *ret_lateness,
                         const char **ret_why)
{
    char jobs[24];
    char path[DATA_PATH_MAX];
    char text[2048];
    struct buf out = buf_of(text, sizeof text - 1);
    struct bench_lateness lateness = {.measured = true};
    (void)snprintf(jobs, sizeof jobs, "%llu", (unsigned long long)bench->posts);
    TRY(path_join(path, sizeof path, bench->references, "bullmq.mjs"));
    const char *const argv[] = {"node", path, port, jobs, NULL};
    TRY(bench_run(argv, WITHIN_MS, &out));
    text[out.len] = 0;
    if (strstr(text, "\"early\":true") == NULL) {
        *ret_why = "this machine could not queue BullMQ's jobs before they were due: use --posts";
        return ERR_TIMED_OUT;
    }
    if (!member(text, "\"p50\":", &lateness.p50_ms) || !member(text, "\"p99\":", &lateness.p99_ms) ||
        !member(text, "\"max\":", &lateness.max_ms)) {
        return ERR_MALFORMED;
    }
    *ret_lateness = lateness;
    return OK;
}

enum err bench_bullmq(const struct bench *bench, struct bench_lateness *ret_lateness, const char **ret_why)
{
    char folder[DATA_PATH_MAX];
    char path[DATA_PATH_MAX];
    char number[16];
    uint16_t port = 0;
    pid_t pid = 0;
    *ret_why = "BullMQ and Redis, its reference, are not installed: tools/bench --with-references";
    if (bench->references == NULL || !bench_has_program("node") || !bench_has_program("redis-server")) {
        return ERR_NOT_FOUND;
    }
    TRY(path_join(path, sizeof path, bench->references, "node_modules/bullmq"));
    if (access(path, R_OK) != 0) {
        return ERR_NOT_FOUND;
    }
    *ret_why = "BullMQ on Redis, its reference, failed or took too long";
    TRY(bench_port(&port));
    TRY(bench_folder(bench, "redis", folder));
    (void)snprintf(number, sizeof number, "%u", (unsigned)port);
    const char *const argv[] = {"redis-server", "--port", number,         "--bind", "127.0.0.1",
                                "--save",       "",       "--appendonly", "no",     NULL};
    const struct bench_program redis = {.argv = argv, .output = "redis.out", .folder = folder};
    TRY(bench_spawn(bench, &redis, &pid));
    enum err err = bench_await(bench, "redis.out", pid, "Ready to accept connections");
    err = err == OK ? run_jobs(bench, number, ret_lateness, ret_why) : err;
    bench_stop(pid);
    return err;
}
