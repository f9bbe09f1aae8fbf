/* clock_watch.h: may the wall clock be trusted? One behind the last stamp, or one that
 * disagrees with CLOCK_BOOTTIME, by more than CLOCK_APART_MAX_MS is suspect; CLOCK_AGREE_MS of agreement make it
 * trusted again. Pure. */
#ifndef OPENPOST_LEDGER_CLOCK_WATCH_H
#define OPENPOST_LEDGER_CLOCK_WATCH_H

#include "core/base/limits.h"
#include "core/base/span.h"

struct clock_watch {
    int64_t apart_ms;       /* wall - boot as last seen: what agreement is measured by */
    int64_t good_apart_ms;  /* wall - boot while the wall clock was last trusted */
    int64_t agree_since_ms; /* boot clock */
    int64_t behind_max_ms;  /* how far behind the last stamp a person accepted it; 0: nobody did */
};

void clock_watch_begin(struct clock_watch *watch, int64_t wall_ms, int64_t boot_ms);
/* clock_watch_look compares the clocks; returns by how much they disagree now, 0 when they agree. A disagreement
 * becomes the new measure, so that it is told once. */
int64_t clock_watch_look(struct clock_watch *watch, int64_t wall_ms, int64_t boot_ms, int64_t last_stamp_ms);
/* clock_watch_trusts is true when they have agreed long enough; clock_watch_trusted: the wall clock is the measure
 * again.
 */
bool clock_watch_trusts(const struct clock_watch *watch, int64_t boot_ms);
void clock_watch_trusted(struct clock_watch *watch);
/* clock_watch_accept: a person says that the wall clock is right, though it may be behind the last stamp: for as long as it
 * does not fall back further. */
void clock_watch_accept(struct clock_watch *watch, int64_t wall_ms, int64_t boot_ms, int64_t last_stamp_ms);
/* clock_watch_now is the time by the boot clock since the wall clock was last trusted: what events are stamped with
 * while it is suspect. A stamp of a clock that is wrong would make the clock that is set right look wrong for as long.
 */
int64_t clock_watch_now(const struct clock_watch *watch, int64_t boot_ms);

#endif
