/* lookout.h: what a person who runs the installation should know of the scheduler: what is late, for readiness and
 * figures, and which commands could not be made, for the journal. One thread's. */
#ifndef OPENPOST_SCHEDULER_LOOKOUT_H
#define OPENPOST_SCHEDULER_LOOKOUT_H

#include "core/scheduler/agenda.h"
#include "core/scheduler/dispatch.h"

struct lookout { /* init with zeros */
    struct agenda_overdue overdue;
    int64_t again_ms;  /* looked at again not before */
    uint64_t unfilled; /* commands that could not be made, as far as they were told of */
};

/* lookout_look looks again when it is time to, once a second or, of a large agenda, more rarely. True when more
 * commands could not be made since it last said so: ret_unfilled tells of them. */
bool lookout_look(struct lookout *lookout, const struct agenda *agenda, const struct dispatch *dispatch, int64_t now_ms,
                  struct dispatch_unfilled *ret_unfilled);

#endif
