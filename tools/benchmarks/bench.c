/* bench.c: openpost bench: the table of benchmarks, their output and the folder that they work in. Called by
 * openpost.c. It never touches a data folder that it did not make, and never prints a figure without the reference
 * that was measured in the same run. */
#include "tools/benchmarks/bench.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/limits.h"
#include "core/base/process.h"
#include "tools/benchmarks/bare_nng.h"
#include "tools/benchmarks/bench_crowd.h"
#include "tools/tools.h"

#define MANY_MIN 20000 /* of the workspace that is searched and scheduled in: room for what is done to its posts */

static const char usage[] =
    "usage: openpost bench [NAME…] [--json]\n"
    " e.g.: openpost bench log replay --events 1000000\n\n"
    "Measures this machine, all of these when none is named:\n\n"
    "  log      appends to the log / LMDB alone\n"
    "  ledger   commands / a bare nng and LMDB server; beside PostgreSQL; again with slow flushes\n"
    "  replay   decode, verify, rebuild / a cursor over the same log\n"
    "  memory   each idle process, and all together\n"
    "  burst    lateness of 20,000 posts due in one second / BullMQ on Redis\n"
    "  http     POST / Fastify and PostgreSQL, GET / nginx, by wrk\n"
    "  growth   GET, POST and lock at 100 thousand and 1 million posts, or up to 10 million, against 10 thousand\n"
    "  tenants  GET, list and POST in 10,000 workspaces of 100 posts / as many posts in one; one alone\n"
    "  search   pages of posts, listed, filtered and searched, of a million in one workspace / 10 thousand\n"
    "  schedule commands with a million posts in one workspace / 10 thousand; next_slot, series, approvals\n"
    "  service  each command and read, over HTTP and RPC, with a million posts in one workspace / 10 thousand\n\n"
    "Every line has our figure, the reference that was measured in the same run, and their "
    "ratio; the goals stand at the\nend. Works in a folder of its own under TMPDIR and "
    "removes it. tools/bench --with-references installs the\nreferences; without them their lines say so. With --fill "
    "it measures nothing, but makes a data folder and leaves it.";

static const struct benchmark {
    const char *name;
    enum err (*run)(struct bench *bench);
} benchmarks[] = {
    {"log",      bench_log     },
    {"ledger",   bench_ledger  },
    {"replay",   bench_replay  },
    {"memory",   bench_memory  },
    {"burst",    bench_burst   },
    {"http",     bench_http    },
    {"growth",   bench_growth  },
    {"tenants",  bench_tenants },
    {"search",   bench_search  },
    {"schedule", bench_schedule},
    {"service",  bench_service },
};

#define BENCHMARK_COUNT (sizeof benchmarks / sizeof *benchmarks)

void bench_figure(struct bench *bench, const char *name, double ours, double reference, const char *unit,
                  const char *against)
{
    const double ratio = reference > 0 ? ours / reference : 0;
    (void)printf(bench->json ? "{\"name\":\"%s\",\"ours\":%.3f,\"reference\":%.3f,\"unit\":\"%s\",\"against\":\"%s\","
                               "\"ratio\":%.4f}\n"
                             : "%-34s ours %12.1f  reference %12.1f %s (%s)  ratio %.3f\n",
                 name, ours, reference, unit, against, ratio);
    (void)fflush(stdout);
}

void bench_not_run(struct bench *bench, const char *name, const char *why)
{
    (void)printf(bench->json ? "{\"name\":\"%s\",\"not_run\":\"%s\"}\n" : "%-34s not run: %s\n", name, why);
    (void)fflush(stdout);
}

void bench_broken(struct bench *bench, const char *name, const char *what)
{
    bench->failed = true;
    (void)printf(bench->json ? "{\"name\":\"%s\",\"broken\":\"%s\"}\n" : "%-34s BROKEN: %s\n", name, what);
    (void)fflush(stdout);
}

void bench_tell(const char *what, uint64_t done, uint64_t of)
{
    (void)fprintf(stderr, "openpost bench: %s: %llu of %llu posts\n", what, (unsigned long long)done,
                  (unsigned long long)of);
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *place)
{
    (void)about;
    (void)kind;
    (void)place;
    return remove(path);
}

/* Others may pass through it: PostgreSQL works in its own folder below, as a user of its own. */
static bool make_folder(struct bench *bench)
{
    const char *base = getenv("TMPDIR"); /* NOLINT(concurrency-mt-unsafe): before any thread */
    const int len = snprintf(bench->folder, sizeof bench->folder, "%s/openpost-bench-XXXXXX",
                             base == NULL || base[0] == 0 ? "/tmp" : base);
    return len > 0 && (size_t)len < sizeof bench->folder - 256 && mkdtemp(bench->folder) != NULL &&
           chmod(bench->folder, 0711) == 0;
}

static const struct benchmark *find(const char *name)
{
    for (size_t i = 0; i < BENCHMARK_COUNT; i++) {
        if (strcmp(benchmarks[i].name, name) == 0) {
            return &benchmarks[i];
        }
    }
    return NULL;
}

static void run_all(struct bench *bench, const char *const *names, size_t count)
{
    for (size_t i = 0; i < (count == 0 ? BENCHMARK_COUNT : count); i++) {
        const struct benchmark *one = count == 0 ? &benchmarks[i] : find(names[i]);
        const enum err err = one->run(bench);
        if (err != OK) {
            bench_not_run(bench, one->name, err_sentence(err));
            bench->failed = true;
        }
    }
    crowds_close(bench);
    (void)printf(bench->json ? "" : "\n");
    for (size_t i = 0; i < (count == 0 ? BENCHMARK_COUNT : count); i++) {
        bench_goals_show(bench, count == 0 ? benchmarks[i].name : names[i]);
    }
}

static bool number(const char *name, const char *text, uint64_t most, uint64_t *ret_value)
{
    if (text != NULL && (span_to_u64(span_text(text), ret_value) != OK || *ret_value == 0 || *ret_value > most)) {
        (void)fprintf(stderr, "openpost bench: %s takes a number from 1 to %llu\n", name, (unsigned long long)most);
        return false;
    }
    return true;
}

/* Options that are numbers, as they were given; NULL: not. */
struct given {
    const char *events;
    const char *posts;
    const char *ahead;
    const char *growth_max;
    const char *tenants;
    const char *many_posts;
    bool quick;
};

static bool numbers(const struct given *given, struct bench *bench)
{
    uint64_t ahead_s = 0;
    bench->many_posts = given->quick ? MANY_MIN : bench->many_posts;
    if (!number("--events", given->events, 10000000, &bench->events) ||
        !number("--posts", given->posts, 100000, &bench->posts) || !number("--ahead", given->ahead, 3600, &ahead_s) ||
        !number("--growth-max", given->growth_max, 10000000, &bench->growth_max) ||
        !number("--tenants", given->tenants, 100000, &bench->tenants) ||
        !number("--search-posts", given->many_posts, 10000000, &bench->many_posts)) {
        return false;
    }
    if (bench->many_posts < MANY_MIN) {
        (void)fprintf(stderr, "openpost bench: --search-posts takes %d at least\n", MANY_MIN);
        return false;
    }
    bench->ahead_ms = (int64_t)ahead_s * SECOND_MS;
    if (given->quick) {
        bench->quick = true;
        bench->few_posts = 4000;
        bench->rounds = 2;
        bench->looks = 10;
        bench->reserved = 500;
    }
    return true;
}

static bool known(const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (find(names[i]) == NULL) {
            (void)fprintf(stderr, "openpost bench: there is no benchmark %s (try --help)\n", names[i]);
            return false;
        }
    }
    return true;
}

int tool_bench(int argc, char **argv)
{
    struct bench bench = {.events = 100000,
                          .posts = 20000,
                          .growth_max = 1000000,
                          .tenants = 10000,
                          .many_posts = 1000000,
                          .few_posts = 10000,
                          .rounds = 9,
                          .looks = 200,
                          .reserved = 5000};
    struct given given = {.quick = false};
    const char *names[BENCHMARK_COUNT];
    const char *bare_url = NULL;
    const char *bare_folder = NULL;
    const char *fill_path = NULL;
    size_t count = 0;
    int code = EXIT_GOOD;
    const struct option_spec options[] = {
        {"--json",         NULL,              &bench.json,    "one JSON object a line"                                            },
        {"--events",       &given.events,     NULL,           "of the replay's log; default 100000"                               },
        {"--fill",         &fill_path,        NULL,           "make a data folder there with --events in its log"                 },
        {"--posts",        &given.posts,      NULL,           "of the burst; default 20000"                                       },
        {"--ahead",        &given.ahead,      NULL,
         "seconds from the burst's creation to its second; above 300 it is locked in them; default: few"                          },
        {"--instant",      NULL,              &bench.instant, "the burst's posts are due at one instant, not spread over a second"},
        {"--growth-max",   &given.growth_max, NULL,
         "posts at which growth stops: 100000, 1000000 or 10000000; default 1000000"                                              },
        {"--tenants",      &given.tenants,    NULL,           "workspaces of 100 posts each; default 10000"                       },
        {"--search-posts", &given.many_posts, NULL,
         "of the workspace that is searched, scheduled in and served, from 20000 on; default 1000000"                             },
        {"--quick",        NULL,              &given.quick,
         "search, schedule and service with 20000 posts / 4000 and in few rounds: whether their answers are right"                },
        {"--references",   &bench.references, NULL,
         "the folder that tools/benchmarks/references/setup printed; default: none"                                               },
        {"--bare-server",  &bare_url,         NULL,           "used by itself: serve the nng and LMDB reference at"               },
        {"--bare-folder",  &bare_folder,      NULL,           "used by itself: with its rows in this folder"                      },
    };
    if (!options_parse(argc, argv, usage, options, sizeof options / sizeof *options, names, BENCHMARK_COUNT, &count,
                       &code)) {
        return code;
    }
    if (!known(names, count) || !numbers(&given, &bench)) {
        return EXIT_USAGE_WRONG;
    }
    process_prepare("openpost-bench");
    if (bare_url != NULL && bare_folder != NULL) {
        return bare_nng_serve(bare_url, bare_folder) == OK ? EXIT_GOOD : EXIT_CANNOT;
    }
    if (fill_path != NULL) {
        const enum err err = bench_fill_folder(fill_path, bench.events);
        return err == OK ? EXIT_GOOD : complain("bench", fill_path, err, EXIT_CANNOT);
    }
    if (!make_folder(&bench)) {
        return complain("bench", "no folder could be made under TMPDIR", ERR_IO, EXIT_CANNOT);
    }
    run_all(&bench, names, count);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): its own threads are gone */
    (void)nftw(bench.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return bench.failed ? EXIT_ALTERED : EXIT_GOOD;
}
