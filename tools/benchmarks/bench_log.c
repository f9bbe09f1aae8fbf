/* bench_log.c: how many events a second the log makes durable, against LMDB with one row an event and nothing else, in
 * the same groups on the same disk. Called by bench.c. */
#include "core/base/clock.h"
#include "core/base/process.h"
#include "core/log/checkpoint.h"
#include "core/log/log.h"
#include "tools/benchmarks/bare_lmdb.h"
#include "tools/benchmarks/bench.h"
#include "tools/benchmarks/bench_world.h"

#include <stdio.h>

#define ROUNDS 3
#define ROUND_US INT64_C(500000)
#define PAYLOAD_LEN 300
#define BARE_LEN 500 /* a record of 300 bytes of payload with its envelope */

static enum err run_log(const char *folder, unsigned group, double *ret_rate)
{
    OWNED(checkpoint_key_free) struct checkpoint_key *key = NULL;
    OWNED(log_close) struct log *log = NULL;
    uint8_t seed[32];
    uint8_t payload[PAYLOAD_LEN];
    random_fill(seed, sizeof seed);
    random_fill(payload, sizeof payload);
    TRY(checkpoint_key_new(seed, "openpost/bench", &key));
    const struct log_options options = {
        .path = folder, .map_size = (size_t)1 << 36, .key = key, .checkpoint_every = 4096};
    TRY(log_lmdb_open(&options, &log, NULL));
    const struct id workspace_id = bench_id(ID_WORKSPACE);
    const int64_t start_us = clock_monotonic_us();
    uint64_t events = 0;
    int64_t spent_us = 0;
    while (spent_us < ROUND_US) {
        TRY(log_begin(log));
        for (unsigned i = 0; i < group; i++) {
            struct log_event event = {.workspace_id = workspace_id,
                                      .stream = bench_id(ID_POST),
                                      .version = 1,
                                      .code = 40,
                                      .time_ms = clock_wall_ms(),
                                      .actor = ACTOR_SYSTEM,
                                      .command_id = bench_id(ID_COMMAND),
                                      .payload = span_of(payload, sizeof payload)};
            random_fill(event.salt, sizeof event.salt);
            TRY(log_append(log, &event, false));
        }
        TRY(log_commit(log));
        events += group;
        spent_us = clock_monotonic_us() - start_us;
    }
    *ret_rate = (double)events * 1e6 / (double)spent_us;
    return OK;
}

static enum err fill_bare(struct bare *bare, unsigned group, double *ret_rate)
{
    uint8_t value[BARE_LEN];
    random_fill(value, sizeof value);
    const int64_t start_us = clock_monotonic_us();
    uint64_t events = 0;
    int64_t spent_us = 0;
    while (spent_us < ROUND_US) {
        TRY(bare_begin(bare));
        for (unsigned i = 0; i < group; i++) {
            TRY(bare_append(bare, span_of(value, sizeof value)));
        }
        TRY(bare_commit(bare));
        events += group;
        spent_us = clock_monotonic_us() - start_us;
    }
    *ret_rate = (double)events * 1e6 / (double)spent_us;
    return OK;
}

static enum err run_round(const struct bench *bench, unsigned group, unsigned round, double *ours, double *reference)
{
    char name[64];
    char folder[DATA_PATH_MAX];
    double rate = 0;
    struct bare *bare = NULL;
    (void)snprintf(name, sizeof name, "bare-%u-%u", group, round);
    TRY(bench_folder(bench, name, folder));
    TRY(bare_open(folder, &bare));
    const enum err err = fill_bare(bare, group, &rate);
    bare_close(bare);
    TRY(err);
    *reference += rate / ROUNDS;
    (void)snprintf(name, sizeof name, "log-%u-%u", group, round);
    TRY(bench_folder(bench, name, folder));
    TRY(run_log(folder, group, &rate));
    *ours += rate / ROUNDS;
    return OK;
}

/* Rounds alternate, so that whatever else the machine does strikes both. */
enum err bench_log(struct bench *bench)
{
    const unsigned groups[] = {1, 8, 64, 512};
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        char name[64];
        double ours = 0;
        double reference = 0;
        for (unsigned round = 0; round < ROUNDS; round++) {
            TRY(run_round(bench, groups[i], round, &ours, &reference));
        }
        (void)snprintf(name, sizeof name, "log, group of %u", groups[i]);
        bench_figure(bench, name, ours, reference, "events/s", "bare LMDB");
    }
    return OK;
}
