/* bench_growth.c: what a GET, a POST and a lock cost with 100 thousand posts in 1,000 workspaces and a million in
 * 10,000, against 10 thousand in one, and with ten million against one. Two services stand side by side, one that grows
 * from size to size and a fresh one of the smaller size for each comparison. Called by bench.c. */
#include <stdio.h>
#include <unistd.h>

#include "tools/benchmarks/bench_stock.h"

#define AUTHORS_MAX 10000
#define FIRST_SIZE 10000
#define MILLION 1000000

struct size {
    uint64_t posts;
    unsigned authors;
    uint64_t against_posts; /* of the fresh one that it is compared with */
    unsigned against_authors;
};

/* Every cost is shown twice: as time that passed, and as processor time of our two processes. */
static enum err compare(struct bench *bench, struct stock *grown, struct stock *smaller, enum stock_work work,
                        enum bench_goal_code goal)
{
    char name[64];
    const unsigned long long size = stock_posts(grown);
    const bool beyond = stock_posts(smaller) > FIRST_SIZE;
    const char *against = beyond ? "1,000,000 posts" : "10,000 posts in one workspace";
    struct stock_cost ours;
    struct stock_cost theirs;
    TRY(stock_compare(grown, smaller, work, &ours, &theirs));
    (void)snprintf(name, sizeof name, "growth, %s at %llu posts", stock_work_names[work], size);
    bench_figure(bench, name, ours.us, theirs.us, "us each", against);
    (void)snprintf(name, sizeof name, "growth, %s at %llu, processor", stock_work_names[work], size);
    bench_figure(bench, name, ours.cpu_us, theirs.cpu_us, "us each", against);
    bench_goal(bench, beyond ? GOAL_GROWTH_BEYOND : goal, ours.us / theirs.us);
    bench_goal(bench, beyond ? GOAL_GROWTH_BEYOND : goal, ours.cpu_us / theirs.cpu_us);
    return OK;
}

/* Posts made over HTTP at a smaller size are more than size says: by 6,000, which is said in the manual. */
static enum err run_size(struct bench *bench, struct stock *grown, const struct size *size)
{
    char name[64];
    OWNED(stock_close) struct stock *smaller = NULL;
    (void)snprintf(name, sizeof name, "growth-against-%llu", (unsigned long long)size->posts);
    TRY(stock_fill(grown, size->posts, size->authors, STOCK_LOCKS));
    TRY(stock_open(bench, name, size->against_posts, size->against_authors, &smaller));
    TRY(stock_fill(smaller, size->against_posts, size->against_authors, STOCK_LOCKS));
    sync(); /* what was filled is not written back while we measure */
    TRY(compare(bench, grown, smaller, STOCK_LOCK, GOAL_GROWTH_LOCK));
    TRY(compare(bench, grown, smaller, STOCK_GET, GOAL_GROWTH_GET));
    return compare(bench, grown, smaller, STOCK_POST, GOAL_GROWTH_POST);
}

enum err bench_growth(struct bench *bench)
{
    const struct size sizes[] = {
        {100000,                 1000,        FIRST_SIZE, 1          },
        {MILLION,                AUTHORS_MAX, FIRST_SIZE, 1          },
        {(uint64_t)10 * MILLION, AUTHORS_MAX, MILLION,    AUTHORS_MAX},
    };

    OWNED(stock_close) struct stock *grown = NULL;
    TRY(stock_open(bench, "growth", bench->growth_max, AUTHORS_MAX, &grown));
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (sizes[i].posts > bench->growth_max) {
            char name[64];
            (void)snprintf(name, sizeof name, "growth at %llu posts", (unsigned long long)sizes[i].posts);
            bench_not_run(bench, name, "it is beyond --growth-max");
            continue;
        }
        TRY(run_size(bench, grown, &sizes[i]));
    }
    return OK;
}
