/* bench_burst.c: many posts due in the same second against the simulated platform: how late each attempt starts by the
 * log, how late the platform receives it, whether anything arrived twice. Called by bench.c. */
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/clock.h"
#include "core/base/process.h"
#include "core/message/codec.h"
#include "core/wire/client.h"
#include "tools/benchmarks/bench_world.h"

#define TARGET_MS 500.0 /* p99 */
#define WAITING_MAX 2048
#define LEAD_FIRST_MS 6000
#define AFTER_MS 30000
#define POSTS_BYTES ((size_t)26 << 20)

struct burst {
    struct bench *bench;
    struct bench_author author;
    struct client *client;
    uint16_t port;
    uint16_t sandbox;
    int64_t first_ms; /* when the burst's second begins */
    atomic_uint waiting;
    atomic_ullong refused;
    double *started_ms; /* lateness by post; < 0: never */
    double *received_ms;
    struct id *posts; /* of the first attempts in the log */
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

static int64_t due_of(const struct burst *burst, uint64_t index)
{
    return burst->first_ms + (int64_t)(index * 1000 / burst->bench->posts);
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
        char text[128];
        struct bench_post post;
        (void)snprintf(text, sizeof text, "burst-%llu-: a post of usual length, that says what posts say on a Monday",
                       (unsigned long long)i);
        while (atomic_load(&burst->waiting) >= WAITING_MAX) {
            (void)poll(NULL, 0, 1);
        }
        bench_post_fill(&post, &burst->author, span_text(text), due_of(burst, i));
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

/* The lateness of each first attempt, by the ledger's stamps, and which posts they are of. */
static enum err read_started(struct burst *burst, const struct data_folder *data, uint64_t *ret_started)
{
    OWNED(log_close) struct log *log = NULL;
    OWNED(log_cursor_close) struct log_cursor *cursor = NULL;
    struct log_event at;
    struct arena arena;
    uint64_t started = 0;
    enum err err = OK;
    TRY(parts_open_log(data, &log, NULL));
    TRY(log_cursor_open(log, 0, &cursor));
    arena_init(&arena, (size_t)1 << 22);
    while (err == OK && (err = log_cursor_next(cursor, &at)) == OK) {
        struct event event;
        arena_reset(&arena);
        if (at.code != EVENT_attempt_started || (err = event_decode(at.payload, &arena, &event)) != OK ||
            event.attempt_started.number != 1 || started == burst->bench->posts) {
            continue;
        }
        burst->started_ms[started] = (double)(at.time_ms - (int64_t)event.attempt_started.due_ms);
        burst->posts[started] = event.attempt_started.post_id;
        started++;
    }
    arena_done(&arena);
    *ret_started = started;
    return err == ERR_NOT_FOUND ? OK : err;
}

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct id));
}

/* How many different posts the first attempts are of. */
static uint64_t count_posts(struct burst *burst, uint64_t started)
{
    uint64_t different = 0;
    qsort(burst->posts, started, sizeof *burst->posts, compare_ids);
    for (uint64_t i = 0; i < started; i++) {
        different += i == 0 || !id_equal(&burst->posts[i - 1], &burst->posts[i]) ? 1 : 0;
    }
    return different;
}

static int compare(const void *a, const void *b)
{
    double left = 0;
    double right = 0;
    memcpy(&left, a, sizeof left);
    memcpy(&right, b, sizeof right);
    return left < right ? -1 : (left > right ? 1 : 0);
}

#define NEVER 1e12 /* sorts last */

static void show(struct bench *bench, const char *what, double *late_ms)
{
    const struct {
        const char *name;
        uint64_t index;
    } places[] = {
        {"p50", bench->posts / 2       },
        {"p99", bench->posts * 99 / 100},
        {"max", bench->posts - 1       }
    };

    char name[64];
    qsort(late_ms, bench->posts, sizeof *late_ms, compare);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        (void)snprintf(name, sizeof name, "burst, %s, %s", what, places[i].name);
        if (late_ms[places[i].index] >= NEVER) {
            bench_broken(bench, name, "some posts never got there");
        } else {
            bench_figure(bench, name, late_ms[places[i].index], TARGET_MS, "ms late", "the p99 target of 0.5 s");
        }
    }
}

static enum err run(struct burst *burst, const struct data_folder *data)
{
    struct bench *bench = burst->bench;
    uint64_t duplicates = 0;
    uint64_t started = 0;
    char text[128];
    TRY(connect_account(burst));
    const int64_t begin_ms = clock_wall_ms();
    burst->first_ms = begin_ms + LEAD_FIRST_MS + (int64_t)(bench->posts * 2 / 3);
    TRY(create_all(burst));
    if (clock_wall_ms() > burst->first_ms) {
        bench_not_run(bench, "burst", "this machine could not create the posts before they were due: use --posts");
        return OK;
    }
    TRY(wait_all(burst, &duplicates));
    TRY(read_received(burst));
    TRY(read_started(burst, data, &started));
    show(bench, "attempt started", burst->started_ms);
    show(bench, "platform received", burst->received_ms);
    started = count_posts(burst, started);
    if (duplicates != 0 || started < bench->posts) {
        (void)snprintf(text, sizeof text, "%llu duplicates; %llu of %llu posts have an attempt of their own",
                       (unsigned long long)duplicates, (unsigned long long)started, (unsigned long long)bench->posts);
        bench_broken(bench, "burst", text);
    }
    bench_figure(bench, "burst, posts with an own attempt", (double)started, (double)bench->posts, "posts",
                 "all posts");
    bench_figure(bench, "burst, posts without duplicate", (double)bench->posts - (double)duplicates,
                 (double)bench->posts, "posts", "all posts");
    return OK;
}

static enum err run_client(struct burst *burst, const char *path)
{
    struct data_folder data;
    char url[256];
    struct client_options options = {.url = url, .random = random_fill, .now_ms = clock_boot_ms};
    TRY(data_open(path, &data));
    TRY(data_address_read(&data, url, sizeof url));
    TRY(data_secret(&data, "wire.secret", options.key));
    TRY(client_open(&options, &burst->client));
    const enum err err = run(burst, &data);
    client_close(burst->client);
    return err;
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
    burst.posts = calloc(bench->posts, sizeof *burst.posts);
    enum err err = burst.posts == NULL || burst.started_ms == NULL || burst.received_ms == NULL ? ERR_NO_MEMORY : OK;
    for (uint64_t i = 0; err == OK && i < bench->posts; i++) {
        burst.started_ms[i] = NEVER;
        burst.received_ms[i] = NEVER;
    }
    err = err == OK ? run_client(&burst, path) : err;
    bench_stop(pid);
    free(burst.started_ms);
    free(burst.received_ms);
    free(burst.posts);
    return err;
}
