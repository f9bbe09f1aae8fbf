/* bench_burst.c: many posts due in the same second against the simulated platform: how late each attempt is durable,
 * how late the platform receives it, whether the log has what each post must have (bench_lives.h), whether anything
 * arrived twice. An attempt counts as durable when the ledger tells those who listen that its position is: its own
 * stamp is earlier, from before the commit. Called by bench.c. */
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/clock.h"
#include "core/base/limits.h"
#include "core/base/process.h"
#include "core/wire/client.h"
#include "tools/benchmarks/bench_bullmq.h"
#include "tools/benchmarks/bench_lives.h"
#include "tools/benchmarks/bench_proc.h"

#define TARGET_MS 500.0 /* p99 */
#define TARGET_SAID "the p99 target of 0.5 s"
#define WAKES_MAX (1u << 18)
#define WAITING_MAX 2048
#define LEAD_FIRST_MS 6000
#define AFTER_MS 30000
#define POSTS_BYTES ((size_t)26 << 20)

/* The ledger said at that time that everything up to head is durable. */
struct wake {
    uint64_t head;
    int64_t at_ms;
};

struct burst {
    struct bench *bench;
    struct bench_author author;
    struct client *client;
    struct client *watcher; /* wake-ups are for who speaks as the scheduler */
    uint16_t port;
    uint16_t sandbox;
    int64_t first_ms; /* when the burst's second begins */
    atomic_uint waiting;
    atomic_ullong refused;
    struct wake *wakes; /* in the order in which they came */
    atomic_uint wakes_count;
    struct life *lives;
    double *locked_ms; /* lateness by post, or NEVER; of a lock: after five minutes before the post is due */
    double *started_ms;
    double *received_ms;
    uint64_t missing; /* posts that the platform does not have */
};

static enum err connect_account(struct burst *burst)
{
    char text[8192];
    char path[128];
    unsigned status = 0;
    struct buf out = buf_of(text, sizeof text - 1);
    TRY(bench_call(burst->port, burst->author.key, "POST", "/v1/integrations",
                   "{\"channel\":\"bluesky\",\"identifier\":\"bench.test\",\"app_password\":\"app-password\"}", &out,
                   &status));
    text[out.len] = 0;
    const char *id = strstr(text, "\"int_");
    if (status != 201 || id == NULL) {
        return ERR_CONFLICT;
    }
    TRY(id_parse(span_of(id + 1, strcspn(id + 1, "\"")), ID_INTEGRATION, &burst->author.integration_id));
    (void)snprintf(path, sizeof path, "/v1/integrations/%.*s", (int)strcspn(id + 1, "\""), id + 1);
    for (unsigned i = 0; i < 200; i++) {
        out = buf_of(text, sizeof text - 1);
        TRY(bench_call(burst->port, burst->author.key, "GET", path, NULL, &out, &status));
        text[out.len] = 0;
        if (strstr(text, "\"connecting\"") == NULL) {
            return status == 200 && strstr(text, "\"connected\"") != NULL ? OK : ERR_CONFLICT;
        }
        (void)poll(NULL, 0, 50);
    }
    return ERR_TIMED_OUT;
}

static void woken(void *context, uint64_t head)
{
    struct burst *burst = context;
    const unsigned place = atomic_fetch_add(&burst->wakes_count, 1);
    if (place < WAKES_MAX) {
        burst->wakes[place] = (struct wake){.head = head, .at_ms = clock_wall_ms()};
    }
}

#define NEVER 1e12 /* sorts last */

/* When the position was durable at the latest: a wake-up may be lost, the next one says as much. 0: never. */
static int64_t durable_ms(const struct burst *burst, uint64_t seq)
{
    const unsigned heard = atomic_load(&burst->wakes_count);
    size_t low = 0;
    size_t high = heard < WAKES_MAX ? heard : WAKES_MAX;
    const size_t end = high;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (burst->wakes[middle].head < seq) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low == end ? 0 : burst->wakes[low].at_ms;
}

static int64_t due_of(const struct burst *burst, uint64_t index)
{
    return burst->bench->instant ? burst->first_ms : burst->first_ms + (int64_t)(index * 1000 / burst->bench->posts);
}

static void answered(void *context, enum err err, const struct answer *answer)
{
    struct burst *burst = context;
    if (err != OK || answer->refusal != ACCEPTED) {
        atomic_fetch_add(&burst->refused, 1);
    }
    atomic_fetch_sub(&burst->waiting, 1);
}

static enum err create_all(struct burst *burst)
{
    for (uint64_t i = 0; i < burst->bench->posts; i++) {
        char text[LIFE_TEXT_MAX];
        struct bench_post post;
        life_text(i, text);
        while (atomic_load(&burst->waiting) >= WAITING_MAX) {
            (void)poll(NULL, 0, 1);
        }
        bench_post_fill(&post, &burst->author, span_text(text), due_of(burst, i));
        burst->lives[i] = (struct life){.post_id = post.command.stream, .number = i, .due_ms = due_of(burst, i)};
        atomic_fetch_add(&burst->waiting, 1);
        const enum err err = client_command(burst->client, &post.command, NULL, 20000, answered, burst);
        if (err != OK) {
            atomic_fetch_sub(&burst->waiting, 1);
            return err;
        }
    }
    while (atomic_load(&burst->waiting) > 0) {
        (void)poll(NULL, 0, 1);
    }
    return atomic_load(&burst->refused) == 0 ? OK : ERR_CONFLICT;
}

static uint64_t member(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    return at == NULL ? 0 : strtoull(at + strlen(name), NULL, 10);
}

/* Waits until the platform has them all; what is missing then is seen by the figures. */
static enum err wait_all(struct burst *burst, uint64_t *ret_duplicates)
{
    const int64_t until_ms = burst->first_ms + 1000 + AFTER_MS;
    while (clock_wall_ms() < burst->first_ms) {
        (void)poll(NULL, 0, 200);
    }
    for (;;) {
        char text[1024];
        unsigned status = 0;
        struct buf out = buf_of(text, sizeof text - 1);
        TRY(bench_call(burst->sandbox, NULL, "GET", "/sandbox/live", NULL, &out, &status));
        text[out.len] = 0;
        *ret_duplicates = member(text, "\"duplicates\":");
        if (member(text, "\"posts\":") >= burst->bench->posts || clock_wall_ms() >= until_ms) {
            return OK;
        }
        (void)poll(NULL, 0, 200);
    }
}

/* Each record of the sandbox: "received_ms":N … "burst-I-…". */
static enum err read_received(struct burst *burst)
{
    unsigned status = 0;
    char *bytes = malloc(POSTS_BYTES);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf out = buf_of(bytes, POSTS_BYTES - 1);
    const enum err err = bench_call(burst->sandbox, NULL, "GET", "/sandbox/posts", NULL, &out, &status);
    bytes[err == OK ? out.len : 0] = 0;
    for (const char *at = strstr(bytes, "\"received_ms\":"); at != NULL;) {
        const char *next = strstr(at + 1, "\"received_ms\":");
        const char *text = strstr(at, "burst-");
        const uint64_t index = text == NULL ? UINT64_MAX : strtoull(text + 6, NULL, 10);
        if (index < burst->bench->posts && (next == NULL || text < next)) {
            burst->received_ms[index] = (double)((int64_t)strtoull(at + 14, NULL, 10) - due_of(burst, index));
        }
        at = next;
    }
    free(bytes);
    return err;
}

/* The lateness of each lock and of each attempt. */
static void judge_lives(struct burst *burst)
{
    for (uint64_t i = 0; i < burst->bench->posts; i++) {
        const struct life *life = &burst->lives[i];
        const int64_t durable = life->starts == 0 ? 0 : durable_ms(burst, life->started_seq);
        burst->started_ms[i] = durable == 0 ? NEVER : (double)(durable - life->due_ms);
        burst->locked_ms[i] = life->locks == 0 ? NEVER : (double)(life->locked_ms - (life->due_ms - LOCK_AHEAD_MS));
    }
}

/* p50, p99 and max of one kind of lateness. */
static void show(struct bench *bench, const char *what, double *late_ms, double limit_ms, const char *limit,
                 const struct bench_lateness *bullmq)
{
    const struct {
        const char *name;
        uint64_t index;
        double theirs;
    } places[] = {
        {"p50", bench->posts / 2,        bullmq->p50_ms},
        {"p99", bench->posts * 99 / 100, bullmq->p99_ms},
        {"max", bench->posts - 1,        bullmq->max_ms},
    };

    char name[64];
    bench_sort(late_ms, bench->posts);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const double ours = late_ms[places[i].index];
        (void)snprintf(name, sizeof name, "burst, %s, %s", what, places[i].name);
        if (ours >= NEVER) {
            bench_broken(bench, name, "some posts never got there");
        } else {
            bench_figure(bench, name, ours, limit_ms, "ms late", limit);
            if (bullmq->measured) {
                bench_figure(bench, name, ours, places[i].theirs, "ms late", "BullMQ, Redis without fsync");
            }
        }
    }
}

static void show_all(struct burst *burst, uint64_t duplicates)
{
    struct bench *bench = burst->bench;
    const double posts = (double)bench->posts;
    const struct bench_lateness none = {.measured = false};
    struct bench_lateness bullmq = {.measured = false};
    const char *why = NULL;
    if (bench_bullmq(bench, &bullmq, &why) != OK) {
        bench_not_run(bench, "burst, against BullMQ", why);
    }
    if (bench->ahead_ms > LOCK_AHEAD_MS) {
        show(bench, "lock after T-300 s", burst->locked_ms, (double)LIFE_LOCK_LATE_MAX_MS, "the bound of 10 s", &none);
    }
    show(bench, "attempt durable", burst->started_ms, TARGET_MS, TARGET_SAID, &bullmq);
    show(bench, "platform received", burst->received_ms, TARGET_MS, TARGET_SAID, &bullmq);
    if (!bench->instant && bench->posts >= 20000) {
        bench_goal(bench, GOAL_BURST, burst->started_ms[bench->posts * 99 / 100]);
    }
    if (burst->missing > 0) {
        char told[LIFE_TOLD_MAX];
        lives_tell(burst->lives, bench->posts, told);
        bench_broken(bench, "burst, platform received", told);
    }
    lives_show(bench, burst->lives);
    bench_figure(bench, "burst, posts without duplicate", posts - (double)duplicates, posts, "posts", "all posts");
    if (duplicates != 0) {
        bench_broken(bench, "burst", "the platform has a post twice");
    }
}

static enum err run(struct burst *burst, const struct data_folder *data)
{
    const struct bench *bench = burst->bench;
    uint64_t duplicates = 0;
    TRY(connect_account(burst));
    const int64_t ahead_ms = bench->ahead_ms == 0 ? LEAD_FIRST_MS + (int64_t)(bench->posts * 2 / 3) : bench->ahead_ms;
    burst->first_ms = clock_wall_ms() + ahead_ms;
    TRY(create_all(burst));
    if (clock_wall_ms() > burst->first_ms - (ahead_ms > LOCK_AHEAD_MS ? LOCK_AHEAD_MS : 0)) {
        bench_not_run(burst->bench, "burst",
                      "the posts were not created before they were due or to be locked: use --ahead");
        return OK;
    }
    TRY(wait_all(burst, &duplicates));
    TRY(read_received(burst));
    for (uint64_t i = 0; i < bench->posts; i++) {
        burst->lives[i].missing = burst->received_ms[i] >= NEVER;
        burst->missing += burst->lives[i].missing ? 1 : 0;
    }
    TRY(lives_read(data, burst->lives, bench->posts));
    judge_lives(burst);
    show_all(burst, duplicates);
    return OK;
}

/* Where the ledger of this service tells that there is something new. */
static enum err listen_to(struct burst *burst, pid_t serve)
{
    char url[256];
    pid_t children[BENCH_CHILDREN_MAX];
    size_t count = 0;
    TRY(bench_children(serve, children, &count));
    for (size_t i = 0; i < count; i++) {
        char name[32];
        bench_process_name(children[i], name);
        if (strcmp(name, "ledger") == 0) {
            TRY(bench_process_option(children[i], "--publish", url, sizeof url));
            return client_watch(burst->watcher, url, woken, burst);
        }
    }
    return ERR_NOT_FOUND;
}

static enum err run_client(struct burst *burst, const char *path, pid_t serve)
{
    struct data_folder data;
    char url[256];
    struct client_options options = {.url = url, .random = random_fill, .now_ms = clock_boot_ms};
    TRY(data_open(path, &data));
    TRY(data_address_read(&data, url, sizeof url));
    TRY(data_party_key(&data, PARTY_OPERATOR, options.key));
    TRY(client_open(&options, &burst->client));
    enum err err = data_party_key(&data, PARTY_SCHEDULER, options.key);
    err = err == OK ? client_open(&options, &burst->watcher) : err;
    err = err == OK ? listen_to(burst, serve) : err;
    err = err == OK ? run(burst, &data) : err;
    client_close(burst->watcher);
    client_close(burst->client);
    return err;
}

/* Moves out of the run's folder what there is to look at when posts are missing: the data folder, and what its service
 * said. */
static void keep(struct bench *bench, const char *path, uint16_t port)
{
    enum { SUFFIX_MAX = 32 };

    char kept[DATA_PATH_MAX + SUFFIX_MAX];
    char kept_output[DATA_PATH_MAX + SUFFIX_MAX];
    char output[DATA_PATH_MAX + SUFFIX_MAX];
    char text[sizeof kept + SUFFIX_MAX];
    (void)snprintf(kept, sizeof kept, "%s-burst", bench->folder);
    (void)snprintf(kept_output, sizeof kept_output, "%s-burst.out", bench->folder);
    (void)snprintf(output, sizeof output, "%s/serve-%u.out", bench->folder, (unsigned)port);
    const bool good = rename(path, kept) == 0 && rename(output, kept_output) == 0;
    (void)snprintf(text, sizeof text, good ? "see %s and .out" : "%s could not be made", kept);
    bench_broken(bench, "burst, kept", text);
}

enum err bench_burst(struct bench *bench)
{
    char path[DATA_PATH_MAX];
    pid_t pid = 0;
    struct burst burst = {.bench = bench};
    TRY(path_join(path, sizeof path, bench->folder, "burst"));
    TRY(bench_found(path, false, &burst.author));
    TRY(bench_serve(bench, path, &burst.port, &burst.sandbox, &pid));
    burst.started_ms = calloc(bench->posts, sizeof *burst.started_ms);
    burst.received_ms = calloc(bench->posts, sizeof *burst.received_ms);
    burst.locked_ms = calloc(bench->posts, sizeof *burst.locked_ms);
    burst.lives = calloc(bench->posts, sizeof *burst.lives);
    burst.wakes = calloc(WAKES_MAX, sizeof *burst.wakes);
    enum err err = burst.wakes == NULL || burst.lives == NULL || burst.locked_ms == NULL || burst.started_ms == NULL ||
                           burst.received_ms == NULL
                       ? ERR_NO_MEMORY
                       : OK;
    for (uint64_t i = 0; err == OK && i < bench->posts; i++) {
        burst.received_ms[i] = NEVER;
    }
    err = err == OK ? run_client(&burst, path, pid) : err;
    bench_stop(pid);
    if (burst.missing > 0) {
        keep(bench, path, burst.port);
    }
    free(burst.started_ms);
    free(burst.received_ms);
    free(burst.locked_ms);
    free(burst.lives);
    free(burst.wakes);
    return err;
}
