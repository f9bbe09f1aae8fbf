/* bench.h: openpost bench: each figure beside what it was measured against in the same run. For the files of this
 * folder; nothing of the service knows it. */
#ifndef OPENPOST_TOOLS_BENCHMARKS_BENCH_H
#define OPENPOST_TOOLS_BENCHMARKS_BENCH_H

#include "core/ledger/data.h"

struct crowds;

/* What must be reached, one line each at the end of a run; the limits stand in bench_goals.c. */
enum bench_goal_code {
    GOAL_POST_RATE,
    GOAL_POST_P99,
    GOAL_GET,
    GOAL_LEDGER_16,
    GOAL_LEDGER_64,
    GOAL_LEDGER_256,
    GOAL_SLOW_16,
    GOAL_SLOW_64,
    GOAL_SLOW_256,
    GOAL_REPLAY,
    GOAL_BURST,
    GOAL_MEMORY,
    GOAL_GROWTH_GET,
    GOAL_GROWTH_POST,
    GOAL_GROWTH_LOCK,
    GOAL_GROWTH_BEYOND,
    GOAL_TENANTS,
    GOAL_SEARCH,
    GOAL_LISTS,
    GOAL_COMMANDS,
    GOAL_SLOTS,
    GOAL_SERIES,
    GOAL_APPROVAL,
    GOAL_SERVICE_COMMANDS,
    GOAL_SERVICE_READS,
    GOAL_COUNT
};

struct bench {
    bool json;
    bool instant;           /* the burst's posts are due in the same millisecond instead of the same second */
    const char *references; /* the folder that references/setup printed; NULL: none */
    uint64_t events;        /* of the replay's log */
    uint64_t posts;         /* of the burst */
    uint64_t growth_max;    /* posts at which growth stops */
    uint64_t tenants;       /* workspaces beside each other */
    uint64_t many_posts;    /* of the workspace that is searched, scheduled in and served */
    uint64_t few_posts;     /* of the one that it is compared with */
    bool quick;             /* search, schedule and service were cut short: their goals are not judged */
    unsigned rounds;        /* that both do in turn */
    unsigned looks;         /* pages of each question */
    unsigned reserved;      /* occurrences of the queue that is asked for one more */
    struct crowds *crowds;  /* bench_crowd.h; NULL: nobody has asked for them yet */
    int64_t ahead_ms;       /* the burst's posts are created so long before they are due; 0: as shortly as it can */
    char folder[DATA_PATH_MAX];
    unsigned made; /* things in folder that are told apart by a number */
    bool failed;   /* something that must hold did not */
    bool reached[GOAL_COUNT];
    double goals[GOAL_COUNT]; /* where reached */
};

/* bench_figure prints one line: what we reached, what the reference did, and their ratio. bench_not_run says why there
 * is no figure. bench_broken says that something that must hold does not: the exit code tells. */
void bench_figure(struct bench *bench, const char *name, double ours, double reference, const char *unit,
                  const char *against);
void bench_not_run(struct bench *bench, const char *name, const char *why);
void bench_broken(struct bench *bench, const char *name, const char *what);

/* bench_tell says on standard error how far something is that takes a while. */
void bench_tell(const char *what, uint64_t done, uint64_t of);

/* bench_goal notes what was measured for one of the goals; of several figures the worst counts. bench_goals_show prints
 * the goals of that benchmark: met, missed or not run. */
void bench_goal(struct bench *bench, enum bench_goal_code code, double value);
void bench_goals_show(const struct bench *bench, const char *benchmark);

/* The benchmarks. An error means that one could not go on; what it printed before stands. */
enum err bench_log(struct bench *bench) MUST_USE;
enum err bench_ledger(struct bench *bench) MUST_USE;
enum err bench_replay(struct bench *bench) MUST_USE;
enum err bench_memory(struct bench *bench) MUST_USE;
enum err bench_burst(struct bench *bench) MUST_USE;
enum err bench_http(struct bench *bench) MUST_USE;
enum err bench_growth(struct bench *bench) MUST_USE;
enum err bench_tenants(struct bench *bench) MUST_USE;
enum err bench_search(struct bench *bench) MUST_USE;
enum err bench_schedule(struct bench *bench) MUST_USE;
enum err bench_service(struct bench *bench) MUST_USE;

/* bench_fill_folder makes a data folder whose log has at least so many events, for tests and for looking at. */
enum err bench_fill_folder(const char *path, uint64_t events) MUST_USE;

/* bench_ledger_rate: durable commands a second at so many outstanding of a ledger of its own. */
enum err bench_ledger_rate(struct bench *bench, unsigned outstanding, bool slow, double *ret_rate) MUST_USE;

#endif
