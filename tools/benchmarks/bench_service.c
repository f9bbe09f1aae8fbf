/* bench_service.c: what each command of a post's life and each read costs as a user gets it, through the whole service,
 * with --search-posts posts in one workspace (a million) against 10 thousand: over HTTP and, what the scheduler asks
 * for, through the ledger's client; time that passed, and processor time of ledger and gateway. The posts are chosen
 * by chance among all. Two services stand side by side. Called by bench.c. */
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/limits.h"
#include "tools/benchmarks/bench_crowd.h"
#include "tools/benchmarks/bench_stock.h"

struct stand {
    struct stock *large;
    struct stock *small;
    char against[32];
    struct stock_cost life;   /* of one of each command, in the large one */
    struct stock_cost little; /* likewise in the small one */
};

static void show(struct bench *bench, const struct stand *stand, enum stock_work work, const char *cost, double ours,
                 double theirs, const char *unit)
{
    char name[96];
    (void)snprintf(name, sizeof name, "service, %s at %llu posts%s", stock_work_names[work],
                   (unsigned long long)stock_posts(stand->large), cost);
    bench_figure(bench, name, ours, theirs, unit, stand->against);
}

/* Every post that a command was about is read, in both. */
static enum err check(struct bench *bench, const struct stand *stand, enum stock_work work)
{
    uint64_t large = 0;
    uint64_t small = 0;
    TRY(stock_check(stand->large, work, &large));
    TRY(stock_check(stand->small, work, &small));
    if (large + small > 0) {
        char text[96];
        const unsigned long long wrong = large + small;
        (void)snprintf(text, sizeof text, "%llu posts are not what was asked for", wrong);
        bench_broken(bench, stock_work_names[work], text);
    }
    return OK;
}

static void add_cost(struct stock_cost *sum, const struct stock_cost *cost)
{
    sum->us += cost->us;
    sum->cpu_us += cost->cpu_us;
}

static enum err compare(struct bench *bench, struct stand *stand, enum stock_work work)
{
    struct stock_cost ours;
    struct stock_cost theirs;
    const bool reads = work == STOCK_GET || work == STOCK_LIST;
    const enum bench_goal_code goal = reads ? GOAL_SERVICE_READS : GOAL_SERVICE_COMMANDS;
    TRY(stock_warm(stand->small));
    TRY(stock_warm(stand->large));
    TRY(stock_compare(stand->large, stand->small, work, &ours, &theirs));
    show(bench, stand, work, "", ours.us, theirs.us, "us each");
    show(bench, stand, work, ", processor", ours.cpu_us, theirs.cpu_us, "us each");
    show(bench, stand, work, ", page faults", ours.faults, theirs.faults, "each");
    bench_goal(bench, goal, ours.us / theirs.us);
    bench_goal(bench, goal, ours.cpu_us / theirs.cpu_us);
    if (reads) {
        return OK;
    }
    show(bench, stand, work, ", written", ours.written, theirs.written, "bytes each");
    add_cost(&stand->life, &ours);
    add_cost(&stand->little, &theirs);
    return check(bench, stand, work);
}

/* One of each of the nine commands. */
static void show_life(struct bench *bench, const struct stand *stand)
{
    const struct stock_cost *ours = &stand->life;
    const struct stock_cost *theirs = &stand->little;
    bench_figure(bench, "service, one of each command", ours->us, theirs->us, "us", stand->against);
    bench_figure(bench, "service, one of each command, processor", ours->cpu_us, theirs->cpu_us, "us", stand->against);
}

static void wait_until(int64_t due_ms)
{
    for (int64_t left_ms = due_ms - clock_wall_ms(); left_ms > 0; left_ms = due_ms - clock_wall_ms()) {
        (void)poll(NULL, 0, (int)left_ms);
    }
}

/* What is due is locked before its instant and sent behind it; the rest meanwhile. The workspace asks for approvals
 * last: it would of every post. */
static enum err run(struct bench *bench, struct stand *stand)
{
    static const enum stock_work before[] = {STOCK_LOCK_ANY, STOCK_GET,      STOCK_LIST,       STOCK_CREATE,
                                             STOCK_EDIT,     STOCK_SCHEDULE, STOCK_RESCHEDULE, STOCK_CANCEL};

    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        TRY(compare(bench, stand, before[i]));
    }
    wait_until(stock_due_ms(stand->large));
    wait_until(stock_due_ms(stand->small));
    TRY(compare(bench, stand, STOCK_START));
    TRY(compare(bench, stand, STOCK_OUTCOME));
    TRY(stock_ask_approval(stand->large));
    TRY(stock_ask_approval(stand->small));
    TRY(compare(bench, stand, STOCK_APPROVE));
    show_life(bench, stand);
    return OK;
}

static enum err add(struct bench *bench, const char *name, uint64_t posts, struct stock **ret_stock)
{
    const uint64_t size = crowd_half_shelf(posts);
    TRY(stock_open(bench, name, size + STOCK_CREATED(bench->rounds), 1, ret_stock));
    return stock_fill_worded(*ret_stock, size, bench->rounds);
}

enum err bench_service(struct bench *bench)
{
    OWNED(stock_close) struct stock *large = NULL;
    OWNED(stock_close) struct stock *small = NULL;
    TRY(add(bench, "service-large", bench->many_posts, &large));
    TRY(add(bench, "service-small", bench->few_posts, &small));
    struct stand stand = {.large = large, .small = small};
    (void)snprintf(stand.against, sizeof stand.against, "%llu posts", (unsigned long long)stock_posts(small));
    sync(); /* what was filled is not written back while we measure */
    return run(bench, &stand);
}
