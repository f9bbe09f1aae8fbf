/* bench_stock.c: see bench_stock.h: its processes, its posts, and two in turn. Called by bench_growth.c,
 * bench_tenants.c and bench_service.c. What the machine does meanwhile strikes both that are compared. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/limits.h"
#include "core/base/process.h"
#include "tools/benchmarks/bench_proc.h"
#include "tools/benchmarks/bench_stock_private.h"

#define SOON_MS INT64_C(240000) /* within the lock's five minutes */
#define MONTH_MS (30 * DAY_MS)

static const struct command *make_author(void *context, uint64_t index, unsigned place)
{
    struct stock *stock = context;
    const unsigned number = stock->authors_count + (unsigned)index;
    bench_author_step(stock->step, number, &stock->authors[number], &stock->steps[place]);
    return &stock->steps[place];
}

static enum err found_until(struct stock *stock, unsigned count)
{
    double us = 0;
    for (stock->step = 0; count > stock->authors_count && stock->step < BENCH_AUTHOR_STEPS; stock->step++) {
        TRY(load_commands(stock->client, count - stock->authors_count, STOCK_OUTSTANDING, make_author, stock, &us));
    }
    stock->authors_count = count;
    return OK;
}

/* Those that are not due soon are due at any instant of a month, which does not follow from when they were made: posts
 * that are neighbours in a list were made at different times, whosever they are. */
static const struct command *make_post(void *context, uint64_t index, unsigned place)
{
    struct stock *stock = context;
    const uint64_t number = stock->filled + index;
    const unsigned author = (unsigned)(number % stock->authors_count);
    const bool soon = number + stock->soon >= stock->size;
    const int64_t ahead_ms = soon ? SOON_MS : DAY_MS + (int64_t)stock_spread(number, (uint64_t)MONTH_MS);
    struct bench_post *post = &stock->posts[place];
    const int64_t due_ms = clock_wall_ms() + ahead_ms;
    bench_post_fill(post, &stock->authors[author], span_of(stock->text, STOCK_TEXT_LEN), due_ms);
    stock->made[number] = (struct stock_made){.post_id = post->command.stream,
                                              .target_id = post->target.target_id,
                                              .author = author,
                                              .early = ahead_ms < DAY_MS + MONTH_MS / 2,
                                              .due_ms = due_ms};
    return &post->command;
}

/* What both processes have taken so far; us: nothing yet. */
static enum err taken(const struct stock *stock, struct stock_cost *ret_taken)
{
    const pid_t processes[] = {stock->ledger, stock->gateway};
    struct stock_cost sum = {.us = 0};
    for (size_t i = 0; i < 2; i++) {
        struct stock_cost one = {.us = 0};
        TRY(bench_process_cpu_us(processes[i], &one.cpu_us));
        TRY(bench_process_faults(processes[i], &one.faults));
        TRY(bench_process_written(processes[i], &one.written));
        sum.cpu_us += one.cpu_us;
        sum.faults += one.faults;
        sum.written += one.written;
    }
    *ret_taken = sum;
    return OK;
}

static enum err run_round(struct stock *stock, const struct stock_line *line, double *ret_us)
{
    if (line->request != NULL) {
        return load_http(stock->port, line->count, line->request, line->check, stock, ret_us);
    }
    return load_commands(stock->client, line->count, STOCK_LOCKS_OUTSTANDING, line->command, stock, ret_us);
}

/* The costs of one side, round by round. */
struct side {
    struct stock *stock;
    double us[TURNS_MAX];
    double cpu_us[TURNS_MAX];
    double faults; /* of all rounds */
    double written;
};

static enum err go_round(struct side *side, enum stock_work work, unsigned round)
{
    const struct stock_line *line = stock_line_of(work);
    const double count = (double)line->count;
    const double all = count * side->stock->turns;
    struct stock_cost before;
    struct stock_cost after;
    TRY(line->prepare == NULL ? OK : line->prepare(side->stock));
    TRY(taken(side->stock, &before));
    TRY(run_round(side->stock, line, &side->us[round]));
    TRY(taken(side->stock, &after));
    side->stock->rounds[work]++;
    side->cpu_us[round] = (after.cpu_us - before.cpu_us) / count;
    side->faults += (after.faults - before.faults) / all;
    side->written += (after.written - before.written) / all;
    return OK;
}

static struct stock_cost cost_of(const struct side *side, size_t middle, size_t cpu_middle)
{
    return (struct stock_cost){
        .us = side->us[middle], .cpu_us = side->cpu_us[cpu_middle], .faults = side->faults, .written = side->written};
}

/* Reads what a file holds; most of it is a hole. */
static enum err read_through(int file)
{
    static char bytes[1 << 20];
    for (off_t at = lseek(file, 0, SEEK_DATA); at >= 0; at = lseek(file, at, SEEK_DATA)) {
        const off_t end = lseek(file, at, SEEK_HOLE);
        while (at < end) {
            const ssize_t got = pread(file, bytes, sizeof bytes, at);
            TRY(got > 0 ? OK : ERR_IO);
            at += got;
        }
    }
    return errno == ENXIO ? OK : err_from_errno(errno); /* the end */
}

enum err stock_warm(const struct stock *stock)
{
    static const char *const folders[] = {"views", "log"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char folder[DATA_PATH_MAX];
        char path[DATA_PATH_MAX];
        TRY(path_join(folder, sizeof folder, stock->path, folders[i]));
        TRY(path_join(path, sizeof path, folder, "data.mdb"));
        const int file = open(path, O_RDONLY | O_CLOEXEC);
        TRY(file >= 0 ? OK : err_from_errno(errno));
        /* Without read-ahead, as the ledger's own map: kernels put what they read ahead into folios of up to 2 MB, and
         * who writes a page of such a folio first pays for all of its blocks. The service itself makes none. */
        const int rc = posix_fadvise(file, 0, 0, POSIX_FADV_RANDOM);
        const enum err err = rc == 0 ? read_through(file) : err_from_errno(rc);
        (void)close(file);
        TRY(err);
    }
    return OK;
}

enum err stock_compare(struct stock *ours, struct stock *theirs, enum stock_work work, struct stock_cost *ret_ours,
                       struct stock_cost *ret_theirs)
{
    struct side sides[2] = {{.stock = ours}, {.stock = theirs}};
    for (unsigned round = 0; round < ours->turns; round++) {
        TRY(go_round(&sides[round % 2], work, round));
        TRY(go_round(&sides[1 - round % 2], work, round));
    }
    const size_t middle = bench_middle(sides[0].us, sides[1].us, ours->turns);
    const size_t cpu_middle = bench_middle(sides[0].cpu_us, sides[1].cpu_us, ours->turns);
    *ret_ours = cost_of(&sides[0], middle, cpu_middle);
    *ret_theirs = cost_of(&sides[1], middle, cpu_middle);
    return OK;
}

enum err stock_fill(struct stock *stock, uint64_t posts, unsigned authors, uint64_t soon)
{
    double us = 0;
    TRY(found_until(stock, authors));
    stock->size = posts;
    stock->soon = soon;
    memset(stock->rounds, 0, sizeof stock->rounds);
    TRY(load_commands(stock->client, posts - stock->filled, STOCK_OUTSTANDING, make_post, stock, &us));
    stock->filled = posts;
    return OK;
}

uint64_t stock_posts(const struct stock *stock)
{
    return stock->size;
}

enum err stock_kb(const struct stock *stock, double *ret_kb)
{
    double ledger_kb = 0;
    double gateway_kb = 0;
    TRY(bench_process_own_kb(stock->ledger, &ledger_kb));
    TRY(bench_process_own_kb(stock->gateway, &gateway_kb));
    *ret_kb = ledger_kb + gateway_kb;
    return OK;
}

enum err stock_files(const struct stock *stock, double *ret_files)
{
    double ledger = 0;
    double gateway = 0;
    TRY(bench_process_files(stock->ledger, &ledger));
    TRY(bench_process_files(stock->gateway, &gateway));
    *ret_files = ledger + gateway;
    return OK;
}

static enum err start_ledger(struct bench *bench, struct stock *stock)
{
    char process[80];
    const char *const ledger[] = {"ledger",   "--data",    stock->path,    "--listen",
                                  stock->url, "--publish", stock->publish, NULL};
    (void)snprintf(process, sizeof process, "%s-ledger", stock->name);
    return bench_start(bench, process, ledger, false, &stock->ledger);
}

static enum err start(struct bench *bench, struct stock *stock)
{
    char listen[64];
    char process[80];
    uint16_t ports[2];
    struct data_folder data;
    struct client_options options = {.url = stock->url, .random = random_fill, .now_ms = clock_boot_ms};
    TRY(bench_port(&ports[0]));
    TRY(bench_port(&ports[1]));
    TRY(bench_port(&stock->port));
    (void)snprintf(stock->url, sizeof stock->url, "tcp://127.0.0.1:%u", (unsigned)ports[0]);
    (void)snprintf(stock->publish, sizeof stock->publish, "tcp://127.0.0.1:%u", (unsigned)ports[1]);
    (void)snprintf(listen, sizeof listen, "127.0.0.1:%u", (unsigned)stock->port);
    const char *const gateway[] = {"gateway",  "--data",   stock->path,    "--listen", listen,
                                   "--ledger", stock->url, "--rate-limit", "60000000", NULL};
    TRY(start_ledger(bench, stock));
    (void)snprintf(process, sizeof process, "%s-gateway", stock->name);
    TRY(bench_start(bench, process, gateway, false, &stock->gateway));
    TRY(data_open(stock->path, &data));
    TRY(data_party_key(&data, PARTY_OPERATOR, options.key));
    return client_open(&options, &stock->client);
}

enum err stock_restart(struct bench *bench, struct stock *stock, double *ret_ms)
{
    bench_stop(stock->ledger);
    stock->ledger = 0;
    const int64_t start_us = clock_monotonic_us();
    TRY(start_ledger(bench, stock));
    *ret_ms = (double)(clock_monotonic_us() - start_us) / 1000;
    return OK;
}

void stock_close(struct stock *stock)
{
    if (stock != NULL) {
        client_close(stock->client);
        bench_stop(stock->gateway);
        bench_stop(stock->ledger);
        free(stock->authors);
        free(stock->made);
        free(stock->chosen);
        free(stock);
    }
}

enum err stock_open(struct bench *bench, const char *name, uint64_t posts_max, unsigned authors_max,
                    struct stock **ret_stock)
{
    OWNED(stock_close) struct stock *stock = calloc(1, sizeof *stock);
    if (stock == NULL) {
        return ERR_NO_MEMORY;
    }
    memset(stock->text, 'a', STOCK_TEXT_LEN);
    sha256(span_of(stock->text, STOCK_TEXT_LEN), stock->text_hash.bytes);
    stock->turns = STOCK_ROUNDS;
    stock->authors = calloc(authors_max, sizeof *stock->authors);
    stock->made = calloc(posts_max, sizeof *stock->made);
    if (stock->authors == NULL || stock->made == NULL) {
        return ERR_NO_MEMORY;
    }
    (void)snprintf(stock->name, sizeof stock->name, "%s", name);
    TRY(path_join(stock->path, sizeof stock->path, bench->folder, name));
    TRY(bench_found(stock->path, true, &stock->authors[0]));
    stock->authors_count = 1;
    TRY(start(bench, stock));
    *ret_stock = stock;
    stock = NULL;
    return OK;
}
