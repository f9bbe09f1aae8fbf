/* bills.h: which workspaces' billing periods are over: a heap of their ends, fed by events and, at the start, by the
 * read models, as the agenda is. It says which period is to be closed; the ledger closes each once, whatever is asked
 * of it. Pure but for the memory of its heap. */
#ifndef OPENPOST_SCHEDULER_BILLS_H
#define OPENPOST_SCHEDULER_BILLS_H

#include "core/base/arena.h"
#include "core/calendar/zone.h"
#include "core/message/message.h"
#include "core/scheduler/pool.h"
#include "core/scheduler/timers.h"

#define BILL_AGAIN_MS 10000 /* a period that was asked to be closed, and is not yet */

struct bills {
    struct pool periods;
    struct timers timers;
};

/* What the read models say of a workspace's period. */
struct billed {
    struct span timezone;
    int64_t since_ms; /* when the first began: on its day of the month the others end */
    int64_t period_end_ms;
    uint64_t seq; /* of the event that began it */
};

/* What bills_command asks for; random as in dispatch.h. */
struct bills_load {
    const struct zones *zones;
    void *context;
    enum err (*billed)(void *context, const struct id *workspace_id, struct arena *arena, struct billed *ret_billed);
    void (*random)(void *context, void *data, size_t len);
    void *random_context;
};

/* bills must stay where it is until bills_done. */
void bills_init(struct bills *bills);
void bills_done(struct bills *bills);
/* bills_restore says when a workspace's period ends; 0: it has none. ERR_NO_MEMORY. bills_apply takes an event; one
 * that was taken before does no harm. */
enum err bills_restore(struct bills *bills, const struct id *workspace_id, int64_t period_end_ms) MUST_USE;
enum err bills_apply(struct bills *bills, const struct event *event) MUST_USE;
/* bills_command fills the command that closes the next period that is over; false: there is none to be asked for now,
 * *ret_wake_ms: before when there will not be. Read models that are behind, and whatever else fails, are asked again
 * after BILL_AGAIN_MS. It borrows from arena. */
bool bills_command(struct bills *bills, const struct bills_load *load, int64_t now_ms, struct arena *arena,
                   struct command *ret_command, int64_t *ret_wake_ms);

#endif
