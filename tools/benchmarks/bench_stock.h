/* bench_stock.h: a service that stands filled, so many posts in so many workspaces, and what requests cost it beside
 * another one. Ledger and gateway run as in a service; no scheduler, so that nobody else locks. */
#ifndef OPENPOST_TOOLS_BENCHMARKS_BENCH_STOCK_H
#define OPENPOST_TOOLS_BENCHMARKS_BENCH_STOCK_H

#include "tools/benchmarks/bench_world.h"

#define STOCK_LOCKS UINT64_C(9000) /* in a comparison */

enum stock_work {
    STOCK_GET,
    STOCK_LIST,
    STOCK_KEYS,
    STOCK_MEMBERS,
    STOCK_POST,
    STOCK_LOCK,
    STOCK_CREATE, /* from here on: of a worded stock, which has none of the two before */
    STOCK_EDIT,
    STOCK_SCHEDULE,
    STOCK_RESCHEDULE,
    STOCK_CANCEL,
    STOCK_APPROVE,
    STOCK_LOCK_ANY,
    STOCK_START,
    STOCK_OUTCOME,
    STOCK_WORKS
};

extern const char *const stock_work_names[STOCK_WORKS];

struct stock;

/* stock_open starts an empty one in a folder of that name, with room for so much. stock_fill adds workspaces, each with
 * its key and its account, and posts until there are so many, one workspace after the other, of which the last soon are
 * due soon, to be locked. What was made over HTTP in a comparison comes on top. */
enum err stock_open(struct bench *bench, const char *name, uint64_t posts_max, unsigned authors_max,
                    struct stock **ret_stock) MUST_USE;
enum err stock_fill(struct stock *stock, uint64_t posts, unsigned authors, uint64_t soon) MUST_USE;
/* stock_fill_worded fills an empty one instead: one workspace with so many posts, each with another text of CROWD_WORDS
 * words; some of each shelf were edited since. Which post a command of a comparison will be about, in so many rounds
 * (1..TURNS_MAX), is chosen by chance among all of them; no two commands are about one, but a lock, the attempt and its
 * outcome. ERR_RANGE: there are too few posts. stock_due_ms: when the last that is locked is due: attempts start then.
 * STOCK_CREATED: room for what is created in the comparison. */
enum err stock_fill_worded(struct stock *stock, uint64_t posts, unsigned rounds) MUST_USE;
int64_t stock_due_ms(const struct stock *stock);
#define STOCK_HTTP_ROUND UINT64_C(160) /* commands of a round over HTTP */
#define STOCK_CREATED(rounds) ((rounds)*STOCK_HTTP_ROUND)
/* stock_ask_approval has its workspace want somebody's approval for each post that is not locked. */
enum err stock_ask_approval(struct stock *stock) MUST_USE;
/* stock_check reads every post that a work of a worded stock was about, over HTTP; *ret_wrong counts those whose
 * status, text or instant is another than was asked for. The first is written to standard error. */
enum err stock_check(struct stock *stock, enum stock_work work, uint64_t *ret_wrong) MUST_USE;
void stock_close(struct stock *stock);
OWNED_BY(stock_close, struct stock *);

uint64_t stock_posts(const struct stock *stock);
/* What its two processes have: memory of their own (no pages of files), and open files. */
enum err stock_kb(const struct stock *stock, double *ret_kb) MUST_USE;
enum err stock_files(const struct stock *stock, double *ret_files) MUST_USE;
/* stock_restart ends the ledger and starts it again; ret_ms: until it is ready, its read models whole as they were. */
enum err stock_restart(struct bench *bench, struct stock *stock, double *ret_ms) MUST_USE;

/* stock_warm reads what its read models and its log hold, which must be less than the machine has memory. Kernels take
 * back what of a file nobody has touched for a while, a minute in some, and to fill the other side takes as long: what
 * a disk takes to bring it again is not to be measured. */
enum err stock_warm(const struct stock *stock) MUST_USE;

/* What each request took. us: that passed; cpu_us: of the processor, of ledger and gateway, which the load's own share
 * cannot hide: each of the round whose ratio is the median. Of all rounds: faults, of pages, and bytes written to
 * files, of both processes. */
struct stock_cost {
    double us;
    double cpu_us;
    double faults;
    double written;
};

/* stock_compare has both do the same work, no two requests the same, in rounds that alternate; so does who begins. */
enum err stock_compare(struct stock *ours, struct stock *theirs, enum stock_work work, struct stock_cost *ret_ours,
                       struct stock_cost *ret_theirs) MUST_USE;

#endif
