/* bench.h: openpost bench: each figure beside what it was measured against in the same run. For the files of this
 * folder; nothing of the service knows it. */
#ifndef OPENPOST_TOOLS_BENCH_BENCH_H
#define OPENPOST_TOOLS_BENCH_BENCH_H

#include "core/ledger/data.h"

struct bench {
    bool json;
    uint64_t events; /* of the replay's log */
    uint64_t posts;  /* of the burst */
    char folder[DATA_PATH_MAX];
    bool failed;        /* something that must hold did not */
    double ledger_rate; /* of the last run of bench_ledger_rate */
};

/* bench_figure prints one line: what we reached, what the reference did, and their ratio. bench_not_run says why there
 * is no figure. bench_broken says that something that must hold does not: the exit code tells. */
void bench_figure(struct bench *bench, const char *name, double ours, double reference, const char *unit,
                  const char *against);
void bench_not_run(struct bench *bench, const char *name, const char *why);
void bench_broken(struct bench *bench, const char *name, const char *what);

/* The benchmarks. An error means that one could not go on; what it printed before stands. */
enum err bench_log(struct bench *bench) MUST_USE;
enum err bench_ledger(struct bench *bench) MUST_USE;
enum err bench_replay(struct bench *bench) MUST_USE;
enum err bench_memory(struct bench *bench) MUST_USE;
enum err bench_burst(struct bench *bench) MUST_USE;
enum err bench_http(struct bench *bench) MUST_USE;

/* bench_fill_folder makes a data folder whose log has at least so many events, for tests and for looking at. */
enum err bench_fill_folder(const char *path, uint64_t events) MUST_USE;

/* bench_ledger_rate: durable commands a second at so many outstanding of a ledger of its own. */
enum err bench_ledger_rate(struct bench *bench, unsigned outstanding, bool slow, double *ret_rate) MUST_USE;

#endif
