/* clock_watch.c: see clock_watch.h. Called by the ledger's writer before each group. */
#include "core/ledger/clock_watch.h"

void clock_watch_begin(struct clock_watch *watch, int64_t wall_ms, int64_t boot_ms)
{
    *watch = (struct clock_watch){
        .apart_ms = wall_ms - boot_ms, .good_apart_ms = wall_ms - boot_ms, .agree_since_ms = boot_ms};
}

int64_t clock_watch_look(struct clock_watch *watch, int64_t wall_ms, int64_t boot_ms, int64_t last_stamp_ms)
{
    const int64_t drift_ms = wall_ms - boot_ms - watch->apart_ms;
    const int64_t behind_ms = last_stamp_ms - wall_ms - watch->behind_max_ms;
    int64_t apart_ms = drift_ms < 0 ? -drift_ms : drift_ms;
    apart_ms = behind_ms > apart_ms ? behind_ms : apart_ms;
    if (apart_ms <= CLOCK_APART_MAX_MS) {
        return 0;
    }
    watch->apart_ms = wall_ms - boot_ms;
    watch->agree_since_ms = boot_ms;
    return apart_ms;
}

bool clock_watch_trusts(const struct clock_watch *watch, int64_t boot_ms)
{
    return boot_ms - watch->agree_since_ms >= CLOCK_AGREE_MS;
}

void clock_watch_trusted(struct clock_watch *watch)
{
    watch->good_apart_ms = watch->apart_ms;
}

void clock_watch_accept(struct clock_watch *watch, int64_t wall_ms, int64_t boot_ms, int64_t last_stamp_ms)
{
    clock_watch_begin(watch, wall_ms, boot_ms);
    watch->behind_max_ms = last_stamp_ms > wall_ms ? last_stamp_ms - wall_ms : 0;
}

int64_t clock_watch_now(const struct clock_watch *watch, int64_t boot_ms)
{
    return boot_ms + watch->good_apart_ms;
}
