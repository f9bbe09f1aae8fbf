/* timers.h: a heap of instants, each belonging to a number of the caller's. The caller keeps the place of each of its
 * entries (moved tells it), so that an entry can be changed or taken out. Only timers_reserve and timers_done touch the
 * heap of the process. */
#ifndef OPENPOST_SCHEDULER_TIMERS_H
#define OPENPOST_SCHEDULER_TIMERS_H

#include "core/base/span.h"

#define TIMERS_NEVER INT64_MAX

struct timer {
    int64_t at_ms;
    uint32_t ref; /* the caller's */
};

/* moved: the entry of ref stands at place from now on; 0: it is not in the heap. */
typedef void timers_moved(void *context, uint32_t ref, uint32_t place);

struct timers {
    struct timer *items; /* a binary heap from index 1 */
    uint32_t count;
    uint32_t cap;
    timers_moved *moved;
    void *context;
};

void timers_init(struct timers *timers, timers_moved *moved, void *context);
void timers_done(struct timers *timers);
/* timers_reserve makes room for count entries in all; ERR_NO_MEMORY. */
enum err timers_reserve(struct timers *timers, uint32_t count) MUST_USE;
/* timers_set puts ref, which stands at place (0: nowhere), at at_ms; TIMERS_NEVER takes it out. Room must have been
 * reserved (asserted). */
void timers_set(struct timers *timers, uint32_t ref, uint32_t place, int64_t at_ms);
/* timers_first returns the earliest entry, NULL when there is none. Equal instants come in the order of ref. */
const struct timer *timers_first(const struct timers *timers);

#endif
