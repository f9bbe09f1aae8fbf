/* clock_watch.h: may the wall clock be trusted? One behind the last stamp, or one that
 * disagrees with CLOCK_BOOTTIME, by more than CLOCK_APART_MAX_MS is suspect; CLOCK_AGREE_MS of agreement make it
 * trusted again. Pure. */
#ifndef OPENPOST_LEDGER_CLOCK_WATCH_H
#define OPENPOST_LEDGER_CLOCK_WATCH_H

#include "core/base/limits.h"
#include "core/message/message.h"

struct clock_watch {
    int64_t apart_ms;       /* wall - boot as last seen: what agreement is measured by */
    int64_t good_apart_ms;  /* wall - boot while the wall clock was last trusted */
    int64_t agree_since_ms; /* boot clock */
    int64_t behind_max_ms;  /* how far behind the last stamp a person accepted it; 0: nobody did */
    bool was_suspect;       /* after the last look */
};

void clock_watch_begin(struct clock_watch *watch, int64_t wall_ms, int64_t boot_ms);
/* clock_watch_look compares the clocks before a group and returns what its events are stamped with. While the wall
 * clock is suspect that is the earlier one of itself and the boot clock's time since it was last trusted: a stamp of a
 * clock that jumped ahead would make the clock that is set right look wrong for as long, and one that ran on without a
 * clock that was set back would never be caught up with. is_suspect: what the ledger holds. *ret_command is what the
 * ledger is to be told first, code 0: nothing. A disagreement becomes the new measure, so that it is told once. Where
 * the ledger trusts again and was not told so from here, a person said that the wall clock is right, though it may be
 * behind the last stamp: so it is for as long as it does not fall back further. */
int64_t clock_watch_look(struct clock_watch *watch, int64_t wall_ms, int64_t boot_ms, int64_t last_stamp_ms,
                         bool is_suspect, struct command *ret_command);
/* clock_watch_told, after each look: what the ledger holds now that it was told. */
void clock_watch_told(struct clock_watch *watch, bool is_suspect);

#endif
