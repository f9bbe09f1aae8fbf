/* bills.c: see bills.h. Called by biller.c and by the simulator. Must never take a period for closed before the event
 * says so. */
#include "core/scheduler/bills.h"

#include "core/base/assert.h"
#include "core/calendar/month.h"
#include "core/log/log.h"

struct period {
    struct pool_item item; /* found by workspace */
    struct id workspace_id;
    int64_t end_ms;
    uint32_t place; /* of its timer */
};

static struct period *period_at(const struct bills *bills, uint32_t index)
{
    return pool_at(&bills->periods, index);
}

static void moved(void *context, uint32_t ref, uint32_t place)
{
    period_at(context, ref)->place = place;
}

void bills_init(struct bills *bills)
{
    pool_init(&bills->periods, sizeof(struct period));
    timers_init(&bills->timers, moved, bills);
}

void bills_done(struct bills *bills)
{
    pool_done(&bills->periods);
    timers_done(&bills->timers);
}

static void set(struct bills *bills, uint32_t index, int64_t at_ms)
{
    timers_set(&bills->timers, index, period_at(bills, index)->place, at_ms);
}

enum err bills_restore(struct bills *bills, const struct id *workspace_id, int64_t period_end_ms)
{
    uint32_t index = pool_find(&bills->periods, workspace_id);
    if (period_end_ms == 0) {
        if (index != 0) {
            set(bills, index, TIMERS_NEVER);
            pool_remove(&bills->periods, index);
        }
        return OK;
    }
    if (index == 0) {
        TRY(pool_reserve(&bills->periods, 1));
        TRY(timers_reserve(&bills->timers, bills->periods.used + 1));
        index = pool_add(&bills->periods, workspace_id);
        period_at(bills, index)->workspace_id = *workspace_id;
    }
    period_at(bills, index)->end_ms = period_end_ms;
    set(bills, index, period_end_ms);
    return OK;
}

enum err bills_apply(struct bills *bills, const struct event *event)
{
    switch (event->code) {
    case EVENT_plan_changed:
        return bills_restore(bills, &event->plan_changed.workspace_id, event->plan_changed.period_end_ms);
    case EVENT_billing_due:
        return bills_restore(bills, &event->billing_due.workspace_id, event->billing_due.next_end_ms);
    case EVENT_workspace_deleted:
        return bills_restore(bills, &event->workspace_deleted.workspace_id, 0);
    default:
        return OK;
    }
}

/* ERR_BUSY: the read models are of before or after the event that the heap has. */
static enum err fill(const struct period *period, const struct bills_load *load, int64_t now_ms, struct arena *arena,
                     struct command *ret_command)
{
    struct billed billed;
    int64_t next_end_ms = 0;
    uint8_t randomness[10];
    TRY(load->billed(load->context, &period->workspace_id, arena, &billed));
    TRY(billed.period_end_ms == period->end_ms ? OK : ERR_BUSY);
    TRY(month_next(load->zones, billed.timezone, billed.since_ms, period->end_ms, &next_end_ms));
    load->random(load->random_context, randomness, sizeof randomness);
    *ret_command = (struct command){
        .code = COMMAND_close_period,
        .command_id = id_make(ID_COMMAND, now_ms, randomness),
        .workspace_id = period->workspace_id,
        .stream = period->workspace_id,
        .actor = ACTOR_SCHEDULER,
        .causation = billed.seq,
        .close_period = {
                         .workspace_id = period->workspace_id, .period_end_ms = period->end_ms, .next_end_ms = next_end_ms}
    };
    return OK;
}

bool bills_command(struct bills *bills, const struct bills_load *load, int64_t now_ms, struct arena *arena,
                   struct command *ret_command, int64_t *ret_wake_ms)
{
    const struct timer *first = timers_first(&bills->timers);
    while (first != NULL && first->at_ms <= now_ms) {
        const uint32_t index = first->ref;
        set(bills, index, now_ms + BILL_AGAIN_MS);
        if (fill(period_at(bills, index), load, now_ms, arena, ret_command) == OK) {
            return true;
        }
        first = timers_first(&bills->timers);
    }
    *ret_wake_ms = first != NULL ? first->at_ms : TIMERS_NEVER;
    return false;
}
