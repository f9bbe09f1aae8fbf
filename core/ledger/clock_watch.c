/* clock_watch.c: see clock_watch.h. Called by the ledger's writer before each group, and by the simulation's;
 * must never ask for the time itself. */
#include "core/ledger/clock_watch.h"

void clock_watch_begin(struct clock_watch *watch, int64_t wall_ms, int64_t boot_ms)
{
    *watch = (struct clock_watch){
        .apart_ms = wall_ms - boot_ms, .good_apart_ms = wall_ms - boot_ms, .agree_since_ms = boot_ms};
}

/* By how much the clocks disagree now, 0 when they agree. */
static int64_t disagreement(struct clock_watch *watch, int64_t wall_ms, int64_t boot_ms, int64_t last_stamp_ms)
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

int64_t clock_watch_look(struct clock_watch *watch, int64_t wall_ms, int64_t boot_ms, int64_t last_stamp_ms,
                         bool is_suspect, struct command *ret_command)
{
    *ret_command = (struct command){0};
    if (watch->was_suspect && !is_suspect) { /* a person's command, in the group before */
        clock_watch_begin(watch, wall_ms, boot_ms);
        watch->behind_max_ms = last_stamp_ms > wall_ms ? last_stamp_ms - wall_ms : 0;
    }
    const int64_t apart_ms = disagreement(watch, wall_ms, boot_ms, last_stamp_ms);
    if (apart_ms == 0 && !is_suspect) {
        return wall_ms;
    }
    if (apart_ms == 0 && boot_ms - watch->agree_since_ms >= CLOCK_AGREE_MS) {
        watch->good_apart_ms = watch->apart_ms;
        ret_command->code = COMMAND_trust_clock;
        return wall_ms;
    }
    if (!is_suspect) {
        ret_command->code = COMMAND_suspect_clock;
        ret_command->suspect_clock.wall_ms = wall_ms;
        ret_command->suspect_clock.apart_ms = (uint64_t)apart_ms;
    }
    const int64_t by_boot_ms = boot_ms + watch->good_apart_ms;
    return wall_ms < by_boot_ms ? wall_ms : by_boot_ms;
}

void clock_watch_told(struct clock_watch *watch, bool is_suspect)
{
    watch->was_suspect = is_suspect;
}
