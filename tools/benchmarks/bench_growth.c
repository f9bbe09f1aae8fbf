/* bench_growth.c: what a GET, a POST and a lock cost with 10 thousand posts in one workspace, 100 thousand in 1,000 and
 * a million in 10,000, against the first of these, and with ten million against one. Ledger and gateway run as in a
 * service; no scheduler, so that nobody else locks. Called by bench.c. Every cost is shown twice: as time that passed,
 * and as processor time of our two processes, which the load's own share cannot hide. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/process.h"
#include "core/message/codec.h"
#include "tools/benchmarks/bench_load.h"
#include "tools/benchmarks/bench_proc.h"

#define ROUNDS UINT64_C(3)
#define GETS UINT64_C(10000) /* in a round */
#define POSTS UINT64_C(2000)
#define LOCKS UINT64_C(3000)
#define LOCKS_OUTSTANDING 64
#define OUTSTANDING 512 /* when filling */
#define AUTHORS_MAX 10000
#define TEXT_LEN 260
#define FIRST_SIZE 10000
#define MILLION 1000000
#define SOON_MS INT64_C(240000) /* within the lock's five minutes */
#define DAY_OF_MS INT64_C(86400000)

enum work { WORK_GET, WORK_POST, WORK_LOCK, WORK_COUNT };

static const struct {
    const char *name;
    enum bench_goal_code goal;
} works[WORK_COUNT] = {
    {"GET",  GOAL_GROWTH_GET },
    {"POST", GOAL_GROWTH_POST},
    {"lock", GOAL_GROWTH_LOCK},
};

struct made {
    struct id post_id;
    struct id target_id;
    unsigned author;
};

struct cost {
    double us; /* that passed */
    double cpu_us;
};

struct growth {
    struct bench *bench;
    struct client *client;
    pid_t ledger;
    pid_t gateway;
    uint16_t port;
    unsigned authors_count;
    unsigned step;   /* of founding */
    uint64_t filled; /* of made */
    uint64_t size;   /* that it is filled to */
    uint64_t round;  /* of a measurement: no two read or write the same */
    struct cost first[WORK_COUNT];
    struct cost last[WORK_COUNT]; /* at the size before */
    char text[TEXT_LEN];
    struct bench_author *authors;
    struct made *made;
    struct command steps[OUTSTANDING];
    struct bench_post posts[OUTSTANDING];
    struct bench_lock locks[OUTSTANDING];
};

/* Spreads what is read and written; the finalizer of SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t spread(uint64_t index, uint64_t below)
{
    uint64_t x = index + UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (x ^ (x >> 31)) % below;
}

static const struct command *make_author(void *context, uint64_t index, unsigned place)
{
    struct growth *growth = context;
    const unsigned number = growth->authors_count + (unsigned)index;
    bench_author_step(growth->step, number, &growth->authors[number], &growth->steps[place]);
    return &growth->steps[place];
}

static enum err found_until(struct growth *growth, unsigned count)
{
    double us = 0;
    for (growth->step = 0; count > growth->authors_count && growth->step < BENCH_AUTHOR_STEPS; growth->step++) {
        TRY(load_commands(growth->client, count - growth->authors_count, OUTSTANDING, make_author, growth, &us));
    }
    growth->authors_count = count;
    return OK;
}

/* The last posts of a size are due soon, to be locked; the others within a month. */
static const struct command *make_post(void *context, uint64_t index, unsigned place)
{
    struct growth *growth = context;
    const uint64_t number = growth->filled + index;
    const unsigned author = growth->authors_count == 1 ? 0 : 1 + (unsigned)(number % (growth->authors_count - 1));
    const bool soon = number + ROUNDS * LOCKS >= growth->size;
    const int64_t ahead_ms = soon ? SOON_MS : DAY_OF_MS * (1 + (int64_t)(number % 30));
    struct bench_post *post = &growth->posts[place];
    bench_post_fill(post, &growth->authors[author], span_of(growth->text, TEXT_LEN), clock_wall_ms() + ahead_ms);
    growth->made[number] =
        (struct made){.post_id = post->command.stream, .target_id = post->target.target_id, .author = author};
    return &post->command;
}

static const struct command *make_lock(void *context, uint64_t index, unsigned place)
{
    struct growth *growth = context;
    const struct made *made = &growth->made[growth->size - ROUNDS * LOCKS + growth->round * LOCKS + index];
    bench_lock_fill(&growth->locks[place], &growth->authors[made->author].workspace_id, &made->post_id,
                    &made->target_id, span_of(growth->text, TEXT_LEN), clock_wall_ms());
    return &growth->locks[place].command;
}

static void put_text(struct buf *out, const char *text)
{
    buf_put(out, span_text(text));
}

static void make_get(void *context, uint64_t index, struct buf *out)
{
    const struct growth *growth = context;
    const struct made *made = &growth->made[spread(growth->round * GETS + index, growth->size)];
    put_text(out, "GET /v1/posts/");
    id_write(out, &made->post_id);
    put_text(out, " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ");
    put_text(out, growth->authors[made->author].key);
    put_text(out, "\r\n\r\n");
}

static void make_http_post(void *context, uint64_t index, struct buf *out)
{
    const struct growth *growth = context;
    const uint64_t number = growth->size * ROUNDS + growth->round * POSTS + index;
    const struct bench_author *author = &growth->authors[spread(number, growth->authors_count)];
    char bytes[1024];
    char head[512];
    struct buf body = buf_of(bytes, sizeof bytes);
    put_text(&body, "{\"content\":{\"text\":\"");
    buf_put(&body, span_of(growth->text, TEXT_LEN));
    put_text(&body, "\"},\"targets\":[{\"integration_id\":\"");
    id_write(&body, &author->integration_id);
    put_text(&body, "\"}],\"schedule\":{\"at\":");
    json_time(&body, clock_wall_ms() + DAY_OF_MS);
    put_text(&body, "}}");
    (void)snprintf(head, sizeof head,
                   "POST /v1/posts HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\nContent-Type: "
                   "application/json\r\nIdempotency-Key: growth-%llu\r\nContent-Length: %zu\r\n\r\n",
                   author->key, (unsigned long long)number, body.len);
    put_text(out, head);
    buf_put(out, buf_span(&body));
}

static enum err cpu_us(const struct growth *growth, double *ret_us)
{
    double ledger = 0;
    double gateway = 0;
    TRY(bench_process_cpu_us(growth->ledger, &ledger));
    TRY(bench_process_cpu_us(growth->gateway, &gateway));
    *ret_us = ledger + gateway;
    return OK;
}

static enum err run_round(struct growth *growth, enum work work, double *ret_us)
{
    switch (work) {
    case WORK_GET:
        return load_http(growth->port, GETS, make_get, growth, ret_us);
    case WORK_POST:
        return load_http(growth->port, POSTS, make_http_post, growth, ret_us);
    case WORK_LOCK:
        return load_commands(growth->client, LOCKS, LOCKS_OUTSTANDING, make_lock, growth, ret_us);
    case WORK_COUNT:
    default:
        return ERR_RANGE;
    }
}

/* Up to a million against the first size, beyond it against the million. */
static void show(struct growth *growth, enum work work, const struct cost *cost)
{
    char name[64];
    const bool beyond = growth->size > MILLION;
    const char *against = beyond ? "1,000,000 posts" : "10,000 posts in one workspace";
    if (growth->size == FIRST_SIZE) {
        growth->first[work] = *cost;
    }
    const struct cost reference = beyond ? growth->last[work] : growth->first[work];
    growth->last[work] = *cost;
    (void)snprintf(name, sizeof name, "growth, %s at %llu posts", works[work].name, (unsigned long long)growth->size);
    bench_figure(growth->bench, name, cost->us, reference.us, "us each", against);
    (void)snprintf(name, sizeof name, "growth, %s at %llu, processor", works[work].name,
                   (unsigned long long)growth->size);
    bench_figure(growth->bench, name, cost->cpu_us, reference.cpu_us, "us each", against);
    if (growth->size != FIRST_SIZE) {
        const enum bench_goal_code goal = beyond ? GOAL_GROWTH_BEYOND : works[work].goal;
        bench_goal(growth->bench, goal, cost->us / reference.us);
        bench_goal(growth->bench, goal, cost->cpu_us / reference.cpu_us);
    }
}

static enum err measure(struct growth *growth, enum work work)
{
    const uint64_t counts[WORK_COUNT] = {GETS, POSTS, LOCKS};
    double us[ROUNDS];
    double before = 0;
    double after = 0;
    TRY(cpu_us(growth, &before));
    for (growth->round = 0; growth->round < ROUNDS; growth->round++) {
        TRY(run_round(growth, work, &us[growth->round]));
    }
    TRY(cpu_us(growth, &after));
    const struct cost cost = {.us = bench_median(us, ROUNDS),
                              .cpu_us = (after - before) / (double)(ROUNDS * counts[work])};
    show(growth, work, &cost);
    return OK;
}

/* Posts made over HTTP at a smaller size are more than size says: by 6,000, which is said in the manual. */
static enum err run_size(struct growth *growth, uint64_t size, unsigned authors)
{
    double us = 0;
    TRY(found_until(growth, authors));
    growth->size = size;
    TRY(load_commands(growth->client, size - growth->filled, OUTSTANDING, make_post, growth, &us));
    growth->filled = size;
    sync(); /* what was filled is not written back while we measure */
    TRY(measure(growth, WORK_LOCK));
    TRY(measure(growth, WORK_GET));
    return measure(growth, WORK_POST);
}

static enum err run_sizes(struct growth *growth)
{
    const struct {
        uint64_t size;
        unsigned authors;
    } sizes[] = {
        {FIRST_SIZE,   1          },
        {100000,       1000       },
        {MILLION,      AUTHORS_MAX},
        {10 * MILLION, AUTHORS_MAX},
    };

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (sizes[i].size > growth->bench->growth_max) {
            char name[64];
            (void)snprintf(name, sizeof name, "growth at %llu posts", (unsigned long long)sizes[i].size);
            bench_not_run(growth->bench, name, "it is beyond --growth-max");
            continue;
        }
        TRY(run_size(growth, sizes[i].size, sizes[i].authors));
    }
    return OK;
}

static enum err start(struct growth *growth, const char *path)
{
    char url[64];
    char publish[64];
    char listen[64];
    uint16_t ports[2];
    struct data_folder data;
    struct client_options options = {.url = url, .random = random_fill, .now_ms = clock_boot_ms};
    TRY(bench_port(&ports[0]));
    TRY(bench_port(&ports[1]));
    TRY(bench_port(&growth->port));
    (void)snprintf(url, sizeof url, "tcp://127.0.0.1:%u", (unsigned)ports[0]);
    (void)snprintf(publish, sizeof publish, "tcp://127.0.0.1:%u", (unsigned)ports[1]);
    (void)snprintf(listen, sizeof listen, "127.0.0.1:%u", (unsigned)growth->port);
    const char *const ledger[] = {"ledger", "--data", path, "--listen", url, "--publish", publish, NULL};
    const char *const gateway[] = {"gateway",  "--data", path,           "--listen", listen,
                                   "--ledger", url,      "--rate-limit", "60000000", NULL};
    TRY(bench_start(growth->bench, "growth-ledger", ledger, false, &growth->ledger));
    TRY(bench_start(growth->bench, "growth-gateway", gateway, false, &growth->gateway));
    TRY(data_open(path, &data));
    TRY(data_party_key(&data, PARTY_OPERATOR, options.key));
    return client_open(&options, &growth->client);
}

enum err bench_growth(struct bench *bench)
{
    char path[DATA_PATH_MAX];
    struct growth *growth = calloc(1, sizeof *growth);
    if (growth == NULL) {
        return ERR_NO_MEMORY;
    }
    growth->bench = bench;
    memset(growth->text, 'a', TEXT_LEN);
    growth->authors = calloc(AUTHORS_MAX, sizeof *growth->authors);
    growth->made = calloc(bench->growth_max, sizeof *growth->made);
    enum err err = growth->authors == NULL || growth->made == NULL ? ERR_NO_MEMORY : OK;
    err = err == OK ? path_join(path, sizeof path, bench->folder, "growth") : err;
    err = err == OK ? bench_found(path, true, &growth->authors[0]) : err;
    growth->authors_count = 1;
    err = err == OK ? start(growth, path) : err;
    err = err == OK ? run_sizes(growth) : err;
    client_close(growth->client);
    bench_stop(growth->gateway);
    bench_stop(growth->ledger);
    free(growth->authors);
    free(growth->made);
    free(growth);
    return err;
}
