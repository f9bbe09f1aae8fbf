/* bench_ledger.c: durable commands a second through the wire, with every projection, against a bare nng server with two
 * LMDB rows a request: one request a message, for the goal, and beside it packed as our client packs; on the disk as it
 * is and with one more millisecond for each flush. Called by bench.c. */
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "core/base/clock.h"
#include "core/base/process.h"
#include "core/log/log.h"
#include "core/message/codec.h"
#include "core/wire/client.h"
#include "tools/benchmarks/bare_nng.h"
#include "tools/benchmarks/bench_postgres.h"

#define FLIGHTS 2 /* messages of many commands that our client has under way */
#define ROUNDS 3  /* ours and the reference in turn; the median counts */
#define ROUND_MS INT64_C(700)
#define LMDB_FLUSHES 2 /* of a commit: its pages, its meta page */
#define TEXT_LEN 260   /* that of a usual post; Bluesky takes 300 characters */
#define DAY_MS_OF_BENCH INT64_C(86400000)

struct load {
    struct client *client;
    const struct bench_author *author;
    struct span text;
    atomic_bool stopping;
    atomic_ullong accepted;
    atomic_ullong refused;
};

static void answered(void *context, enum err err, const struct answer *answer);

static void send_one(struct load *load)
{
    struct bench_post post;
    bench_post_fill(&post, load->author, load->text, clock_wall_ms() + DAY_MS_OF_BENCH);
    if (client_command(load->client, &post.command, NULL, 10000, answered, load) != OK) {
        atomic_fetch_add(&load->refused, 1);
    }
}

static void answered(void *context, enum err err, const struct answer *answer)
{
    struct load *load = context;
    if (err == OK && answer->refusal == ACCEPTED) {
        atomic_fetch_add(&load->accepted, 1);
    } else {
        atomic_fetch_add(&load->refused, 1);
    }
    if (!atomic_load(&load->stopping)) {
        send_one(load);
    }
}

static enum err load_ledger(const char *url, const struct data_folder *data, const struct bench_author *author,
                            unsigned outstanding, double *ret_rate, uint64_t *ret_accepted)
{
    char text[TEXT_LEN];
    memset(text, 'a', sizeof text);
    struct load load = {.author = author, .text = span_of(text, sizeof text)};
    struct client_options options = {.url = url, .random = random_fill, .now_ms = clock_boot_ms};
    struct bench_post first;
    struct answer answer;
    TRY(data_party_key(data, PARTY_OPERATOR, options.key));
    TRY(client_open(&options, &load.client));
    bench_post_fill(&first, author, load.text, clock_wall_ms() + DAY_MS_OF_BENCH);
    enum err err = client_command_wait(load.client, &first.command, NULL, 10000, &answer);
    err = err == OK && answer.refusal != ACCEPTED ? ERR_CONFLICT : err;
    if (err == OK) {
        const int64_t start_us = clock_monotonic_us();
        for (unsigned i = 0; i < outstanding; i++) {
            send_one(&load);
        }
        const struct timespec pause = {.tv_sec = ROUND_MS / 1000, .tv_nsec = ROUND_MS % 1000 * 1000000};
        (void)nanosleep(&pause, NULL);
        const double seconds = (double)(clock_monotonic_us() - start_us) / 1e6;
        *ret_accepted = atomic_load(&load.accepted);
        *ret_rate = (double)*ret_accepted / seconds;
        atomic_store(&load.stopping, true);
        err = atomic_load(&load.refused) == 0 ? OK : ERR_CONFLICT;
    }
    client_close(load.client);
    return err;
}

static enum err choose_url(char out[64])
{
    uint16_t port = 0;
    TRY(bench_port(&port));
    (void)snprintf(out, 64, "tcp://127.0.0.1:%u", (unsigned)port);
    return OK;
}

/* What was accepted must be in the log, and every read model must have all of the log. */
static enum err check(struct bench *bench, const struct data_folder *data, uint64_t accepted)
{
    OWNED(log_close) struct log *log = NULL;
    OWNED(log_cursor_close) struct log_cursor *cursor = NULL;
    OWNED(store_close) struct store *views = NULL;
    struct log_event at;
    struct store_txn *txn = NULL;
    uint64_t position = 0;
    uint64_t head = 0;
    uint64_t posts = 0;
    enum err err = OK;
    TRY(parts_open_log(data, &log, NULL));
    TRY(log_cursor_open(log, 0, &cursor));
    while ((err = log_cursor_next(cursor, &at)) == OK) {
        head = at.seq;
        posts += at.code == EVENT_post_created ? 1 : 0;
    }
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    TRY(store_lmdb_open(data->views_path, VIEWS_MAP_BYTES, true, &views));
    TRY(store_begin(views, false, &txn));
    err = ledger_views_position(txn, &position);
    store_abort(txn);
    if (err != OK || posts < accepted || position != head) {
        bench_broken(bench, "ledger", "the log or the read models have less than was accepted");
    }
    return err;
}

enum err bench_ledger_rate(struct bench *bench, unsigned outstanding, bool slow, double *ret_rate)
{
    char path[DATA_PATH_MAX];
    char name[64];
    char url[64];
    char publish[64];
    struct bench_author author;
    struct data_folder data;
    uint64_t accepted = 0;
    pid_t pid = 0;
    TRY(choose_url(url));
    TRY(choose_url(publish));
    (void)snprintf(name, sizeof name, "ledger-%u", ++bench->made);
    TRY(path_join(path, sizeof path, bench->folder, name));
    TRY(bench_found(path, true, &author));
    TRY(data_open(path, &data));
    const char *const args[] = {"ledger", "--data", path, "--listen", url, "--publish", publish, NULL};
    TRY(bench_start(bench, name, args, slow, &pid));
    const enum err err = load_ledger(url, &data, &author, outstanding, ret_rate, &accepted);
    bench_stop(pid);
    return err == OK ? check(bench, &data, accepted) : err;
}

/* The bytes of one of our commands: a request of the bare server is as long. */
static enum err command_len(size_t *ret_len)
{
    char text[TEXT_LEN];
    uint8_t bytes[2048];
    struct buf out = buf_of(bytes, sizeof bytes);
    struct bench_post post;
    const struct bench_author author = {
        .workspace_id = bench_id(ID_WORKSPACE), .key_id = bench_id(ID_KEY), .integration_id = bench_id(ID_INTEGRATION)};
    memset(text, 'a', sizeof text);
    bench_post_fill(&post, &author, span_of(text, sizeof text), clock_wall_ms() + DAY_MS_OF_BENCH);
    TRY(command_encode(&post.command, &out));
    *ret_len = out.len;
    return buf_ok(&out) ? OK : ERR_TOO_LONG;
}

static enum err bare_rate(struct bench *bench, unsigned messages, unsigned each, bool slow, double *ret_rate)
{
    char folder[DATA_PATH_MAX];
    char name[64];
    char url[64];
    uint8_t bytes[2048];
    size_t len = 0;
    pid_t pid = 0;
    random_fill(bytes, sizeof bytes);
    TRY(command_len(&len));
    TRY(choose_url(url));
    (void)snprintf(name, sizeof name, "bare-%u", ++bench->made);
    TRY(bench_folder(bench, name, folder));
    const char *const args[] = {"bench", "--bare-server", url, "--bare-folder", folder, NULL};
    TRY(bench_start(bench, name, args, slow, &pid));
    const enum err err = bare_nng_load(url, messages, each, span_of(bytes, len), ROUND_MS, ret_rate);
    bench_stop(pid);
    return err;
}

/* One at a time and a millisecond more for each flush: a rate above that many flushes allow was not durable, or the
 * library that makes them slow was not loaded. */
static void check_flushes(struct bench *bench, const char *whose, unsigned outstanding, bool slow, unsigned flushes,
                          double rate)
{
    if (slow && outstanding == 1 && rate > 1000.0 / flushes) {
        char text[128];
        (void)snprintf(text, sizeof text, "%s: %.0f a second are more than flushes of 1 ms allow, %u each", whose, rate,
                       flushes);
        bench_broken(bench, "ledger, 1 outstanding, +1 ms", text);
    }
}

/* A row each time, and what PostgreSQL does beside it with as many connections. */
static void compare(struct bench *bench, const struct postgres *postgres, unsigned outstanding, bool slow, double ours)
{
    char name[64];
    double reference = 0;
    (void)snprintf(name, sizeof name, "ledger, %u outstanding%s", outstanding, slow ? ", +1 ms" : "");
    if (postgres->pid == 0) {
        return;
    }
    if (postgres_insert_rate(bench, postgres, outstanding, &reference) != OK) {
        bench_not_run(bench, name, "pgbench, its second reference, failed");
        return;
    }
    check_flushes(bench, "PostgreSQL", outstanding, slow, 1, reference);
    bench_figure(bench, name, ours, reference, "commands/s", "PostgreSQL, one row each");
}

static enum err run_one(struct bench *bench, const struct postgres *postgres, unsigned outstanding, bool slow)
{
    double ours[ROUNDS] = {0};
    double bare[ROUNDS] = {0};
    double packed[ROUNDS] = {0};
    char name[64];
    for (unsigned round = 0; round < ROUNDS; round++) {
        TRY(bare_rate(bench, outstanding, 1, slow, &bare[round]));
        TRY(bench_ledger_rate(bench, outstanding, slow, &ours[round]));
        check_flushes(bench, "bare nng and LMDB", outstanding, slow, LMDB_FLUSHES, bare[round]);
        check_flushes(bench, "ledger", outstanding, slow, LMDB_FLUSHES, ours[round]);
        if (outstanding > FLIGHTS) {
            TRY(bare_rate(bench, FLIGHTS, outstanding / FLIGHTS, slow, &packed[round]));
        }
    }
    const double rate = bench_median(ours, ROUNDS);
    const double reference = bench_median(bare, ROUNDS);
    (void)snprintf(name, sizeof name, "ledger, %u outstanding%s", outstanding, slow ? ", +1 ms" : "");
    bench_figure(bench, name, rate, reference, "commands/s", "nng and two LMDB rows");
    if (outstanding > FLIGHTS) {
        bench_figure(bench, name, rate, bench_median(packed, ROUNDS), "commands/s", "the same, all in two messages");
    }
    switch (outstanding) {
    case 16:
        bench_goal(bench, slow ? GOAL_SLOW_16 : GOAL_LEDGER_16, rate / reference);
        break;
    case 64:
        bench_goal(bench, slow ? GOAL_SLOW_64 : GOAL_LEDGER_64, rate / reference);
        break;
    case 256:
        bench_goal(bench, slow ? GOAL_SLOW_256 : GOAL_LEDGER_256, rate / reference);
        break;
    default:
        break;
    }
    compare(bench, postgres, outstanding, slow, rate);
    return OK;
}

static enum err run_disk(struct bench *bench, bool slow)
{
    const unsigned counts[] = {1, 16, 64, 256};
    struct postgres postgres = {.pid = 0};
    const char *why = NULL;
    enum err err = OK;
    if (postgres_start(bench, slow ? "postgres-slow" : "postgres", slow, &postgres, &why) != OK) {
        bench_not_run(bench, slow ? "ledger, +1 ms, against PostgreSQL" : "ledger, against PostgreSQL", why);
    }
    for (size_t i = 0; err == OK && i < sizeof counts / sizeof *counts; i++) {
        err = run_one(bench, &postgres, counts[i], slow);
    }
    postgres_stop(&postgres);
    return err;
}

enum err bench_ledger(struct bench *bench)
{
    TRY(run_disk(bench, false));
    const enum err err = run_disk(bench, true);
    if (err == ERR_UNSUPPORTED) {
        bench_not_run(bench, "ledger, +1 ms", "libslow_flush.so is not beside the executable");
        return OK;
    }
    return err;
}
