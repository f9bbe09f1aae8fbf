/* bench_replay.c: how fast a log is decoded, verified and rebuilt into read models, against a bare cursor over the same
 * rows. Its posts have their whole life in it: created, scheduled, locked, started, finished. Called by bench.c. */
#include <stdio.h>

#include "core/base/clock.h"
#include "core/base/process.h"
#include "core/message/codec.h"
#include "projections/registry.h"
#include "tools/benchmarks/bare_lmdb.h"
#include "tools/benchmarks/bench_world.h"

#define GROUP 128 /* posts; each takes two commands, and two more a millisecond later */
#define FILL_WITHIN_US INT64_C(20000000)
#define TEXT_LEN 260

static enum err must(struct ledger *ledger, const struct command *command)
{
    struct answer answer;
    TRY(ledger_handle(ledger, command, NULL, &answer));
    return answer.refusal == ACCEPTED ? OK : ERR_CONFLICT;
}

static enum err publish(struct ledger *ledger, const struct bench_lock *lock, int64_t now_ms)
{
    const struct id attempt_id = bench_id(ID_ATTEMPT);
    struct command command = {.code = COMMAND_start_attempt,
                              .actor = ACTOR_SYSTEM,
                              .command_id = bench_id(ID_COMMAND),
                              .workspace_id = lock->command.workspace_id,
                              .stream = lock->command.stream};
    command.start_attempt.post_id = lock->command.stream;
    command.start_attempt.target_id = lock->target.target_id;
    command.start_attempt.attempt_id = attempt_id;
    command.start_attempt.fence = ledger_epoch(ledger);
    command.start_attempt.payload_hash = lock->part.payload_hash;
    TRY(must(ledger, &command));
    command.code = COMMAND_record_outcome;
    command.command_id = bench_id(ID_COMMAND);
    command.record_outcome = (struct record_outcome_command){.post_id = lock->command.stream};
    command.record_outcome.target_id = lock->target.target_id;
    command.record_outcome.attempt_id = attempt_id;
    command.record_outcome.outcome = OUTCOME_ACCEPTED;
    command.record_outcome.platform_id = SPAN("at://did:plc:bench/app.bsky.feed.post/3l6oveex3ii2l");
    command.record_outcome.revision = SPAN("bafyreihzwmaqvolfnwaprtlpvtlwjmbzwmaqvolfnwaprtlpvtlwjmb");
    command.record_outcome.url = SPAN("https://bsky.app/profile/bench.test/post/3l6oveex3ii2l");
    command.record_outcome.published_ms = now_ms;
    return must(ledger, &command);
}

static enum err create(struct ledger *ledger, const struct bench_author *author, struct span text, int64_t now_ms,
                       struct bench_lock *lock)
{
    struct bench_post post;
    bench_post_fill(&post, author, text, now_ms + 1); /* never in the past */
    TRY(must(ledger, &post.command));
    bench_lock_fill(lock, &author->workspace_id, &post.command.stream, &post.target.target_id, text, now_ms);
    return must(ledger, &lock->command);
}

/* One group creates and locks, the next, a millisecond later, starts and finishes. */
static enum err fill_groups(struct ledger *ledger, const struct bench_author *author, struct span text)
{
    struct bench_lock locks[GROUP];
    const int64_t now_ms = ledger_stamp(ledger, clock_wall_ms());
    TRY(ledger_begin(ledger, now_ms));
    for (unsigned i = 0; i < GROUP; i++) {
        TRY(create(ledger, author, text, now_ms, &locks[i]));
    }
    TRY(ledger_commit(ledger));
    TRY(ledger_begin(ledger, now_ms + 1));
    for (unsigned i = 0; i < GROUP; i++) {
        TRY(publish(ledger, &locks[i], now_ms + 1));
    }
    return ledger_commit(ledger);
}

/* Until the log has so many events or the time is over; what was reached is said by the figures. */
static enum err fill(struct parts *parts, const struct bench_author *author, uint64_t events)
{
    char text[TEXT_LEN];
    memset(text, 'a', sizeof text);
    const int64_t until_us = clock_monotonic_us() + FILL_WITHIN_US;
    while (ledger_head(parts->ledger) < events && clock_monotonic_us() < until_us) {
        TRY(fill_groups(parts->ledger, author, span_of(text, sizeof text)));
    }
    return OK;
}

static enum err scan(struct bench *bench, const struct data_folder *data, double *ret_rate)
{
    uint64_t rows = 0;
    uint64_t sum = 0;
    char name[64];
    TRY(bare_scan(data->log_path, "records", &rows, &sum)); /* the first warms the cache for all */
    const int64_t start_us = clock_monotonic_us();
    TRY(bare_scan(data->log_path, "records", &rows, &sum));
    const int64_t spent_us = clock_monotonic_us() - start_us;
    *ret_rate = (double)rows * 1e6 / (double)(spent_us > 0 ? spent_us : 1);
    if (rows < bench->events) {
        (void)snprintf(name, sizeof name, "only %llu events were made in time", (unsigned long long)rows);
        bench_not_run(bench, "replay, whole size", name);
    }
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
    uint64_t events = 0;
    struct log_fault fault = {0};
    TRY(data_secret(data, "log.seed", seed));
    const enum err err = checkpoint_key_new(seed, data->origin, &key);
    explicit_bzero(seed, sizeof seed);
    TRY(err);
    const int64_t start_us = clock_monotonic_us();
    TRY(log_verify(data->log_path, checkpoint_key_public(key), data->origin, NULL, NULL, &events, &fault));
    *ret_rate = (double)events * 1e6 / (double)(clock_monotonic_us() - start_us);
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
    TRY(ledger_rebuild(log, views, &projections_all, NULL, NULL, &events));
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
    const enum err err = fill(&parts, &author, bench->events);
    parts_close(&parts);
    TRY(err);
    TRY(scan(bench, &data, &reference));
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
