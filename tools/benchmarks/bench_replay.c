/* bench_replay.c: how fast a log is decoded, verified and rebuilt into read models, against a bare cursor over the same
 * rows. Its posts have their whole life in it: created, scheduled, locked, started, finished. Called by bench.c. */
#include "core/base/clock.h"
#include "core/base/process.h"
#include "core/message/codec.h"
#include "projections/registry.h"
#include "tools/benchmarks/bare_lmdb.h"
#include "tools/benchmarks/bench_fill.h"
#include "tools/benchmarks/bench_world.h"

static enum err scan(const struct data_folder *data, double *ret_rate)
{
    uint64_t rows = 0;
    uint64_t sum = 0;
    TRY(bare_scan(data->log_path, "records", &rows, &sum)); /* the first warms the cache for all */
    const int64_t start_us = clock_monotonic_us();
    TRY(bare_scan(data->log_path, "records", &rows, &sum));
    const int64_t spent_us = clock_monotonic_us() - start_us;
    *ret_rate = (double)rows * 1e6 / (double)(spent_us > 0 ? spent_us : 1);
    return OK;
}

static enum err decode(const struct data_folder *data, double *ret_rate)
{
    OWNED(log_close) struct log *log = NULL;
    OWNED(log_cursor_close) struct log_cursor *cursor = NULL;
    struct log_event at;
    struct arena arena;
    uint64_t events = 0;
    enum err err = OK;
    TRY(parts_open_log(data, &log, NULL));
    TRY(log_cursor_open(log, 0, &cursor));
    arena_init(&arena, (size_t)1 << 22);
    const int64_t start_us = clock_monotonic_us();
    while (err == OK && (err = log_cursor_next(cursor, &at)) == OK) {
        struct event event;
        arena_reset(&arena);
        err = event_decode(at.payload, &arena, &event);
        events++;
    }
    *ret_rate = (double)events * 1e6 / (double)(clock_monotonic_us() - start_us);
    arena_done(&arena);
    return err == ERR_NOT_FOUND && events > 0 ? OK : err;
}

static enum err verify(const struct data_folder *data, double *ret_rate)
{
    OWNED(checkpoint_key_free) struct checkpoint_key *key = NULL;
    uint8_t seed[32];
    struct log_verified found;
    struct log_fault fault = {0};
    TRY(data_secret(data, "log.seed", seed));
    const enum err err = checkpoint_key_new(seed, data->origin, &key);
    explicit_bzero(seed, sizeof seed);
    TRY(err);
    const int64_t start_us = clock_monotonic_us();
    TRY(log_verify(data->log_path, checkpoint_key_public(key), data->origin, NULL, NULL, &found, &fault));
    *ret_rate = (double)found.events * 1e6 / (double)(clock_monotonic_us() - start_us);
    return OK;
}

static enum err rebuild(struct bench *bench, const struct data_folder *data, double *ret_rate)
{
    OWNED(log_close) struct log *log = NULL;
    OWNED(store_close) struct store *views = NULL;
    char folder[DATA_PATH_MAX];
    uint64_t events = 0;
    TRY(parts_open_log(data, &log, NULL));
    TRY(bench_folder(bench, "replay-views", folder));
    TRY(store_lmdb_open(folder, VIEWS_MAP_BYTES, false, &views));
    const int64_t start_us = clock_monotonic_us();
    TRY(ledger_rebuild(log, views, &projections_all, &data->installation_id, &(struct replay_watch){0}, &events));
    *ret_rate = (double)events * 1e6 / (double)(clock_monotonic_us() - start_us);
    return OK;
}

enum err bench_replay(struct bench *bench)
{
    char path[DATA_PATH_MAX];
    struct bench_author author;
    struct data_folder data;
    struct parts parts;
    double reference = 0;
    double decoded = 0;
    double verified = 0;
    double rebuilt = 0;
    TRY(path_join(path, sizeof path, bench->folder, "replay"));
    TRY(bench_found(path, true, &author));
    TRY(data_open(path, &data));
    TRY(parts_open(&data, true, &parts, NULL));
    const enum err err = bench_fill(&parts, &author, bench->events);
    parts_close(&parts);
    TRY(err);
    TRY(scan(&data, &reference));
    TRY(decode(&data, &decoded));
    bench_figure(bench, "replay, decode", decoded, reference, "events/s", "bare cursor over the log");
    TRY(verify(&data, &verified));
    bench_figure(bench, "replay, verify", verified, reference, "events/s", "bare cursor over the log");
    TRY(rebuild(bench, &data, &rebuilt));
    bench_figure(bench, "replay, rebuild", rebuilt, reference, "events/s", "bare cursor over the log");
    const double both = 1 / (1 / verified + 1 / rebuilt); /* one after the other; a rebuild decodes */
    bench_figure(bench, "replay, verify and rebuild", both, reference, "events/s", "bare cursor over the log");
    bench_goal(bench, GOAL_REPLAY, both);
    return OK;
}

enum err bench_fill_folder(const char *path, uint64_t events)
{
    struct bench_author author;
    struct data_folder data;
    struct parts parts;
    TRY(bench_found(path, true, &author));
    TRY(data_open(path, &data));
    TRY(parts_open(&data, true, &parts, NULL));
    const enum err err = bench_fill(&parts, &author, events);
    parts_close(&parts);
    return err;
}
