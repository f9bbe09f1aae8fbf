/* timers.c: see timers.h. A binary heap with the places kept by the owner. Called by agenda and dispatch; must never
 * ask what time it is. */
#include "core/scheduler/timers.h"

#include <stdlib.h>

#include "core/base/assert.h"

#define TIMERS_FIRST_CAP 64

void timers_init(struct timers *timers, timers_moved *moved, void *context)
{
    *timers = (struct timers){.moved = moved, .context = context};
}

void timers_done(struct timers *timers)
{
    free(timers->items);
    timers_init(timers, timers->moved, timers->context);
}

enum err timers_reserve(struct timers *timers, uint32_t count)
{
    if (count < timers->cap) {
        return OK;
    }
    if (count > UINT32_MAX / 4) {
        return ERR_NO_MEMORY;
    }
    uint32_t cap = timers->cap > 0 ? timers->cap : TIMERS_FIRST_CAP;
    while (cap <= count) {
        cap *= 2;
    }
    struct timer *items = realloc(timers->items, cap * sizeof *items);
    if (items == NULL) {
        return ERR_NO_MEMORY;
    }
    timers->items = items;
    timers->cap = cap;
    return OK;
}

static bool is_before(const struct timer *a, const struct timer *b)
{
    return a->at_ms < b->at_ms || (a->at_ms == b->at_ms && a->ref < b->ref);
}

static void place(struct timers *timers, uint32_t at, struct timer timer)
{
    timers->items[at] = timer;
    timers->moved(timers->context, timer.ref, at);
}

static void sift_up(struct timers *timers, uint32_t at, struct timer timer)
{
    while (at > 1 && is_before(&timer, &timers->items[at / 2])) {
        place(timers, at, timers->items[at / 2]);
        at /= 2;
    }
    place(timers, at, timer);
}

static void sift_down(struct timers *timers, uint32_t at, struct timer timer)
{
    for (uint32_t child = at * 2; child <= timers->count; child = at * 2) {
        if (child < timers->count && is_before(&timers->items[child + 1], &timers->items[child])) {
            child++;
        }
        if (!is_before(&timers->items[child], &timer)) {
            break;
        }
        place(timers, at, timers->items[child]);
        at = child;
    }
    place(timers, at, timer);
}

static void settle(struct timers *timers, uint32_t at, struct timer timer)
{
    if (at > 1 && is_before(&timer, &timers->items[at / 2])) {
        sift_up(timers, at, timer);
    } else {
        sift_down(timers, at, timer);
    }
}

static void take_out(struct timers *timers, uint32_t at)
{
    timers->moved(timers->context, timers->items[at].ref, 0);
    const struct timer last = timers->items[timers->count];
    timers->count--;
    if (at <= timers->count) {
        settle(timers, at, last);
    }
}

void timers_set(struct timers *timers, uint32_t ref, uint32_t at, int64_t at_ms)
{
    ASSERT(at <= timers->count);
    ASSERT(at == 0 || timers->items[at].ref == ref);
    const struct timer timer = {.at_ms = at_ms, .ref = ref};
    if (at == 0 && at_ms != TIMERS_NEVER) {
        ASSERT(timers->count + 1 < timers->cap);
        timers->count++;
        sift_up(timers, timers->count, timer);
    } else if (at != 0 && at_ms == TIMERS_NEVER) {
        take_out(timers, at);
    } else if (at != 0 && timers->items[at].at_ms != at_ms) {
        settle(timers, at, timer);
    }
}

const struct timer *timers_first(const struct timers *timers)
{
    return timers->count > 0 ? &timers->items[1] : NULL;
}
