/* lookout.c: see lookout.h. Called by main.c. */
#include "core/scheduler/lookout.h"

#include "core/base/journal.h"

#define AGAIN_MS 1000
#define TARGETS_PER_MS 100 /* a look at every target costs some 50 ns each; a million targets: every 11 s */

static void tell_unfilled(struct lookout *lookout, struct dispatch *dispatch)
{
    struct dispatch_figures figures;
    dispatch_figures(dispatch, &figures);
    if (figures.unfilled == lookout->unfilled) {
        return;
    }
    char text[ID_TEXT_MAX + 1];
    struct buf post = buf_of(text, sizeof text);
    id_write(&post, &figures.unfilled_post);
    journal(JOURNAL_WARN, "command_not_made", "err=%s post=%s times=%llu next=\"it is tried again\"",
            err_name(figures.unfilled_err), buf_terminated(&post),
            (unsigned long long)(figures.unfilled - lookout->unfilled));
    lookout->unfilled = figures.unfilled;
}

void lookout_look(struct lookout *lookout, const struct agenda *agenda, struct dispatch *dispatch, int64_t now_ms)
{
    if (now_ms >= lookout->again_ms) {
        lookout->overdue = agenda_overdue(agenda, now_ms);
        lookout->again_ms = now_ms + AGAIN_MS + agenda_count(agenda) / TARGETS_PER_MS;
        tell_unfilled(lookout, dispatch);
    }
}
