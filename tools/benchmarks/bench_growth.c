/* bench_growth.c: what a GET, a POST and a lock cost with 100 thousand posts in 1,000 workspaces and a million in
 * 10,000, against 10 thousand in one, and with ten million against one. Two services stand side by side, one that grows
 * from size to size and a fresh one of the smaller size for each comparison, and work in rounds that alternate: what
 * the machine does meanwhile strikes both. Ledger and gateway run as in a service; no scheduler, so that nobody else
 * locks. Called by bench.c. Every cost is shown twice: as time that passed, and as processor time of our two processes,
 * which the load's own share cannot hide. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/process.h"
#include "core/message/codec.h"
#include "tools/benchmarks/bench_load.h"
#include "tools/benchmarks/bench_proc.h"

#define ROUNDS UINT64_C(5)
#define GETS UINT64_C(6000) /* in a round */
#define POSTS UINT64_C(1200)
#define LOCKS UINT64_C(1800)
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

struct size {
    uint64_t posts;
    unsigned authors;
    uint64_t against_posts; /* of the fresh one that it is compared with */
    unsigned against_authors;
};

/* A service, and what it was filled with. */
struct world {
    struct client *client;
    pid_t ledger;
    pid_t gateway;
    uint16_t port;
    unsigned authors_count;
    unsigned step;   /* of founding */
    uint64_t filled; /* of made */
    uint64_t size;   /* that it is filled to */
    uint64_t round;  /* of a measurement: no two read or write the same */
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
    struct world *world = context;
    const unsigned number = world->authors_count + (unsigned)index;
    bench_author_step(world->step, number, &world->authors[number], &world->steps[place]);
    return &world->steps[place];
}

static enum err found_until(struct world *world, unsigned count)
{
    double us = 0;
    for (world->step = 0; count > world->authors_count && world->step < BENCH_AUTHOR_STEPS; world->step++) {
        TRY(load_commands(world->client, count - world->authors_count, OUTSTANDING, make_author, world, &us));
    }
    world->authors_count = count;
    return OK;
}

/* The last posts of a size are due soon, to be locked; the others within a month. */
static const struct command *make_post(void *context, uint64_t index, unsigned place)
{
    struct world *world = context;
    const uint64_t number = world->filled + index;
    const unsigned author = world->authors_count == 1 ? 0 : 1 + (unsigned)(number % (world->authors_count - 1));
    const bool soon = number + ROUNDS * LOCKS >= world->size;
    const int64_t ahead_ms = soon ? SOON_MS : DAY_OF_MS * (1 + (int64_t)(number % 30));
    struct bench_post *post = &world->posts[place];
    bench_post_fill(post, &world->authors[author], span_of(world->text, TEXT_LEN), clock_wall_ms() + ahead_ms);
    world->made[number] =
        (struct made){.post_id = post->command.stream, .target_id = post->target.target_id, .author = author};
    return &post->command;
}

static const struct command *make_lock(void *context, uint64_t index, unsigned place)
{
    struct world *world = context;
    const struct made *made = &world->made[world->size - ROUNDS * LOCKS + world->round * LOCKS + index];
    bench_lock_fill(&world->locks[place], &world->authors[made->author].workspace_id, &made->post_id, &made->target_id,
                    span_of(world->text, TEXT_LEN), clock_wall_ms());
    return &world->locks[place].command;
}

static void put_text(struct buf *out, const char *text)
{
    buf_put(out, span_text(text));
}

static void make_get(void *context, uint64_t index, struct buf *out)
{
    const struct world *world = context;
    const struct made *made = &world->made[spread(world->round * GETS + index, world->size)];
    put_text(out, "GET /v1/posts/");
    id_write(out, &made->post_id);
    put_text(out, " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ");
    put_text(out, world->authors[made->author].key);
    put_text(out, "\r\n\r\n");
}

static void make_http_post(void *context, uint64_t index, struct buf *out)
{
    const struct world *world = context;
    const uint64_t number = world->size * ROUNDS + world->round * POSTS + index;
    const struct bench_author *author = &world->authors[spread(number, world->authors_count)];
    char bytes[1024];
    char head[512];
    struct buf body = buf_of(bytes, sizeof bytes);
    put_text(&body, "{\"content\":{\"text\":\"");
    buf_put(&body, span_of(world->text, TEXT_LEN));
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

static enum err cpu_us(const struct world *world, double *ret_us)
{
    double ledger = 0;
    double gateway = 0;
    TRY(bench_process_cpu_us(world->ledger, &ledger));
    TRY(bench_process_cpu_us(world->gateway, &gateway));
    *ret_us = ledger + gateway;
    return OK;
}

static enum err run_round(struct world *world, enum work work, double *ret_us)
{
    switch (work) {
    case WORK_GET:
        return load_http(world->port, GETS, make_get, world, ret_us);
    case WORK_POST:
        return load_http(world->port, POSTS, make_http_post, world, ret_us);
    case WORK_LOCK:
        return load_commands(world->client, LOCKS, LOCKS_OUTSTANDING, make_lock, world, ret_us);
    case WORK_COUNT:
    default:
        return ERR_RANGE;
    }
}

/* One side's. */
struct rounds {
    double us[ROUNDS]; /* that passed for each request */
    double cpu_us;     /* of all rounds, for each request */
};

/* The round whose ratio is the median. */
static size_t middle_of(const struct rounds *ours, const struct rounds *theirs)
{
    size_t middle = 0;
    for (size_t i = 0; i < ROUNDS; i++) {
        const double ratio = ours->us[i] / theirs->us[i];
        size_t before = 0;
        for (size_t j = 0; j < ROUNDS; j++) {
            const double other = ours->us[j] / theirs->us[j];
            before += other < ratio || (j < i && other <= ratio);
        }
        middle = before == ROUNDS / 2 ? i : middle;
    }
    return middle;
}

static void show(struct bench *bench, uint64_t size, uint64_t smaller, enum work work, const struct rounds *ours,
                 const struct rounds *theirs)
{
    char name[64];
    const bool beyond = smaller > FIRST_SIZE;
    const char *against = beyond ? "1,000,000 posts" : "10,000 posts in one workspace";
    const enum bench_goal_code goal = beyond ? GOAL_GROWTH_BEYOND : works[work].goal;
    const size_t middle = middle_of(ours, theirs);
    (void)snprintf(name, sizeof name, "growth, %s at %llu posts", works[work].name, (unsigned long long)size);
    bench_figure(bench, name, ours->us[middle], theirs->us[middle], "us each", against);
    (void)snprintf(name, sizeof name, "growth, %s at %llu, processor", works[work].name, (unsigned long long)size);
    bench_figure(bench, name, ours->cpu_us, theirs->cpu_us, "us each", against);
    bench_goal(bench, goal, ours->us[middle] / theirs->us[middle]);
    bench_goal(bench, goal, ours->cpu_us / theirs->cpu_us);
}

static enum err measure(struct bench *bench, struct world *grown, struct world *smaller, enum work work)
{
    const uint64_t counts[WORK_COUNT] = {GETS, POSTS, LOCKS};
    const double count = (double)(ROUNDS * counts[work]);
    struct rounds ours = {0};
    struct rounds theirs = {0};
    double our_cpu_us = 0;
    double their_cpu_us = 0;
    TRY(cpu_us(grown, &our_cpu_us));
    TRY(cpu_us(smaller, &their_cpu_us));
    for (uint64_t round = 0; round < ROUNDS; round++) {
        grown->round = round;
        smaller->round = round;
        TRY(run_round(smaller, work, &theirs.us[round]));
        TRY(run_round(grown, work, &ours.us[round]));
    }
    TRY(cpu_us(grown, &ours.cpu_us));
    TRY(cpu_us(smaller, &theirs.cpu_us));
    ours.cpu_us = (ours.cpu_us - our_cpu_us) / count;
    theirs.cpu_us = (theirs.cpu_us - their_cpu_us) / count;
    show(bench, grown->size, smaller->size, work, &ours, &theirs);
    return OK;
}

/* Posts made over HTTP at a smaller size are more than size says: by 6,000, which is said in the manual. */
static enum err fill(struct world *world, uint64_t size, unsigned authors)
{
    double us = 0;
    TRY(found_until(world, authors));
    world->size = size;
    TRY(load_commands(world->client, size - world->filled, OUTSTANDING, make_post, world, &us));
    world->filled = size;
    return OK;
}

static enum err start(struct bench *bench, const char *name, const char *path, struct world *world)
{
    char url[64];
    char publish[64];
    char listen[64];
    char process[64];
    uint16_t ports[2];
    struct data_folder data;
    struct client_options options = {.url = url, .random = random_fill, .now_ms = clock_boot_ms};
    TRY(bench_port(&ports[0]));
    TRY(bench_port(&ports[1]));
    TRY(bench_port(&world->port));
    (void)snprintf(url, sizeof url, "tcp://127.0.0.1:%u", (unsigned)ports[0]);
    (void)snprintf(publish, sizeof publish, "tcp://127.0.0.1:%u", (unsigned)ports[1]);
    (void)snprintf(listen, sizeof listen, "127.0.0.1:%u", (unsigned)world->port);
    const char *const ledger[] = {"ledger", "--data", path, "--listen", url, "--publish", publish, NULL};
    const char *const gateway[] = {"gateway",  "--data", path,           "--listen", listen,
                                   "--ledger", url,      "--rate-limit", "60000000", NULL};
    (void)snprintf(process, sizeof process, "%s-ledger", name);
    TRY(bench_start(bench, process, ledger, false, &world->ledger));
    (void)snprintf(process, sizeof process, "%s-gateway", name);
    TRY(bench_start(bench, process, gateway, false, &world->gateway));
    TRY(data_open(path, &data));
    TRY(data_party_key(&data, PARTY_OPERATOR, options.key));
    return client_open(&options, &world->client);
}

static void world_close(struct world *world)
{
    if (world != NULL) {
        client_close(world->client);
        bench_stop(world->gateway);
        bench_stop(world->ledger);
        free(world->authors);
        free(world->made);
        free(world);
    }
}

OWNED_BY(world_close, struct world *);

static enum err world_open(struct bench *bench, const char *name, uint64_t size_max, struct world **ret_world)
{
    char path[DATA_PATH_MAX];
    OWNED(world_close) struct world *world = calloc(1, sizeof *world);
    if (world == NULL) {
        return ERR_NO_MEMORY;
    }
    memset(world->text, 'a', TEXT_LEN);
    world->authors = calloc(AUTHORS_MAX, sizeof *world->authors);
    world->made = calloc(size_max, sizeof *world->made);
    if (world->authors == NULL || world->made == NULL) {
        return ERR_NO_MEMORY;
    }
    TRY(path_join(path, sizeof path, bench->folder, name));
    TRY(bench_found(path, true, &world->authors[0]));
    world->authors_count = 1;
    TRY(start(bench, name, path, world));
    *ret_world = world;
    world = NULL;
    return OK;
}

static enum err run_size(struct bench *bench, struct world *grown, const struct size *size)
{
    char name[64];
    OWNED(world_close) struct world *smaller = NULL;
    (void)snprintf(name, sizeof name, "growth-against-%llu", (unsigned long long)size->posts);
    TRY(fill(grown, size->posts, size->authors));
    TRY(world_open(bench, name, size->against_posts, &smaller));
    TRY(fill(smaller, size->against_posts, size->against_authors));
    sync(); /* what was filled is not written back while we measure */
    TRY(measure(bench, grown, smaller, WORK_LOCK));
    TRY(measure(bench, grown, smaller, WORK_GET));
    return measure(bench, grown, smaller, WORK_POST);
}

enum err bench_growth(struct bench *bench)
{
    const struct size sizes[] = {
        {100000,       1000,        FIRST_SIZE, 1          },
        {MILLION,      AUTHORS_MAX, FIRST_SIZE, 1          },
        {10 * MILLION, AUTHORS_MAX, MILLION,    AUTHORS_MAX},
    };

    OWNED(world_close) struct world *grown = NULL;
    TRY(world_open(bench, "growth", bench->growth_max, &grown));
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
