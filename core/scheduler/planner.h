/* planner.h: what comes round by the calendar, on its way to the ledger: the posts of series, the ends of billing
 * periods and of accounts' sessions (biller.h). Not thread-safe: main.c's thread only. */
#ifndef OPENPOST_SCHEDULER_PLANNER_H
#define OPENPOST_SCHEDULER_PLANNER_H

#include "core/scheduler/biller.h"
#include "core/scheduler/rota.h"
#include "core/scheduler/snags.h"

struct planner {
    struct biller biller;
    struct rota rota;
    struct snags snags;
    struct arena arena;
    bool is_open;
};

/* planner_open reads the zones, and from the read models which series there are and which workspaces are billed; the
 * planner must stay where it is. planner_close accepts what a failed one left, and zeros. */
enum err planner_open(struct loader *loader, void (*random)(void *context, void *data, size_t len),
                      void *random_context, struct planner *planner) MUST_USE;
void planner_close(struct planner *planner);
/* planner_apply takes an event; one that was taken before does no harm. ERR_NO_MEMORY. */
enum err planner_apply(struct planner *planner, const struct log_event *at, const struct event *event) MUST_USE;
/* planner_turn asks the ledger, within a turn's transaction, for what series should have and for what is over: by a
 * clock that can be trusted, and not in a copy that waits for a person. It waits for nothing: the events tell what
 * became of it, and what they do not tell of is asked for again: what keeps a series from its posts is in snags, for
 * the journal. A turn comes every second. planner_close must come after the client's end. */
void planner_turn(struct planner *planner, const struct agenda *agenda, struct client *client, int64_t now_ms);

#endif
