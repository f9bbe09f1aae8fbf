/* lookout.c: see lookout.h. Called by main.c. */
#include "core/scheduler/lookout.h"

#define AGAIN_MS 1000
#define TARGETS_PER_MS 100 /* a look at every target costs some 50 ns each; a million targets: every 11 s */

bool lookout_look(struct lookout *lookout, const struct agenda *agenda, const struct dispatch *dispatch, int64_t now_ms,
                  struct dispatch_unfilled *ret_unfilled)
{
    if (now_ms < lookout->again_ms) {
        return false;
    }
    lookout->overdue = agenda_overdue(agenda, now_ms);
    lookout->again_ms = now_ms + AGAIN_MS + agenda_count(agenda) / TARGETS_PER_MS;
    *ret_unfilled = dispatch_unfilled(dispatch);
    const bool is_more = ret_unfilled->times > lookout->unfilled;
    lookout->unfilled = ret_unfilled->times;
    return is_more;
}
