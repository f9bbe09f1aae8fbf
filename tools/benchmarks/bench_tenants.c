/* bench_tenants.c: what 10,000 workspaces beside each other cost each of them: GET, list and POST with 100 posts in
 * each, every tenant's key in use, against as many posts in one workspace, and against one workspace alone, with its
 * 100 posts; memory and open files. Three services stand side by side. Called by bench.c. */
#include <stdio.h>
#include <unistd.h>

#include "tools/benchmarks/bench_stock.h"

#define POSTS_EACH 100

/* The three, and what the two that are compared with are called. */
struct stand {
    struct stock *tenants;
    struct stock *one;
    struct stock *alone;
    char as_many[64];
    char by_itself[64];
};

static enum err add(struct bench *bench, const char *name, uint64_t posts, unsigned authors, struct stock **ret_stock)
{
    TRY(stock_open(bench, name, posts, authors, ret_stock));
    return stock_fill(*ret_stock, posts, authors, 0);
}

static void show(struct bench *bench, const char *what, const char *cost, double ours, double theirs, const char *unit,
                 const char *against)
{
    char name[64];
    (void)snprintf(name, sizeof name, "tenants, %s%s", what, cost);
    bench_figure(bench, name, ours, theirs, unit, against);
}

/* Every cost is shown twice: as time that passed, and as processor time of our two processes; then what of it the disk
 * and the kernel's pages have to do with. */
static enum err compare(struct bench *bench, const struct stand *stand, bool alone, enum stock_work work)
{
    struct stock_cost ours;
    struct stock_cost theirs;
    const char *against = alone ? stand->by_itself : stand->as_many;
    struct stock *other = alone ? stand->alone : stand->one;
    TRY(stock_warm(other));
    TRY(stock_warm(stand->tenants));
    TRY(stock_compare(stand->tenants, other, work, &ours, &theirs));
    const char *what = stock_work_names[work];
    show(bench, what, "", ours.us, theirs.us, "us each", against);
    show(bench, what, ", processor", ours.cpu_us, theirs.cpu_us, "us each", against);
    show(bench, what, ", page faults", ours.faults, theirs.faults, "each", against);
    if (work == STOCK_POST) {
        show(bench, what, ", written", ours.written, theirs.written, "bytes each", against);
    }
    if (!alone && (work == STOCK_GET || work == STOCK_LIST || work == STOCK_POST)) {
        bench_goal(bench, GOAL_TENANTS, ours.us / theirs.us);
        bench_goal(bench, GOAL_TENANTS, ours.cpu_us / theirs.cpu_us);
    }
    return OK;
}

static enum err show_sizes(struct bench *bench, const struct stand *stand)
{
    double ours = 0;
    double theirs = 0;
    TRY(stock_kb(stand->tenants, &ours));
    TRY(stock_kb(stand->one, &theirs));
    bench_figure(bench, "tenants, memory", ours, theirs, "kB", stand->as_many);
    TRY(stock_files(stand->tenants, &ours));
    TRY(stock_files(stand->one, &theirs));
    bench_figure(bench, "tenants, open files", ours, theirs, "files", stand->as_many);
    return OK;
}

static enum err show_start(struct bench *bench, const struct stand *stand)
{
    double ours = 0;
    double theirs = 0;
    TRY(stock_restart(bench, stand->one, &theirs));
    TRY(stock_restart(bench, stand->tenants, &ours));
    bench_figure(bench, "tenants, start of the ledger", ours, theirs, "ms", stand->as_many);
    return OK;
}

static enum err run(struct bench *bench, struct stand *stand)
{
    const uint64_t posts = bench->tenants * POSTS_EACH;
    (void)snprintf(stand->as_many, sizeof stand->as_many, "%llu posts in one workspace", (unsigned long long)posts);
    (void)snprintf(stand->by_itself, sizeof stand->by_itself, "one workspace alone with %d posts", POSTS_EACH);
    TRY(add(bench, "tenants", posts, (unsigned)bench->tenants, &stand->tenants));
    TRY(add(bench, "tenants-one", posts, 1, &stand->one));
    TRY(add(bench, "tenants-alone", POSTS_EACH, 1, &stand->alone));
    sync(); /* what was filled is not written back while we measure */
    for (unsigned alone = 0; alone < 2; alone++) {
        TRY(compare(bench, stand, alone, STOCK_GET));
        TRY(compare(bench, stand, alone, STOCK_LIST));
        TRY(compare(bench, stand, alone, STOCK_KEYS));
        TRY(compare(bench, stand, alone, STOCK_MEMBERS));
        TRY(compare(bench, stand, alone, STOCK_POST));
    }
    TRY(show_sizes(bench, stand));
    return show_start(bench, stand);
}

enum err bench_tenants(struct bench *bench)
{
    struct stand stand = {.tenants = NULL};
    const enum err err = run(bench, &stand);
    stock_close(stand.tenants);
    stock_close(stand.one);
    stock_close(stand.alone);
    return err;
}
