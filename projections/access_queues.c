/* access_queues.c: queues as read models: the slots of an account, their zone, whether they are paused. Called by
 * access.c for events of queues, and by gateway and RPC for queries. A queue without an event has no row: it is empty.
 */
#include "core/base/assert.h"
#include "projections/access_internal.h"

static struct row_key weekly_key(const struct id *integration_id)
{
    struct row_key key = row_key(TABLE_WEEKLY);
    row_key_id(&key, integration_id);
    return key;
}

static uint64_t minute_of_week(uint64_t weekday, uint64_t minute)
{
    return weekday * 24 * 60 + minute;
}

/* In the order of the week. */
static void fold_added(struct weekly_row *row, const struct slot_added_event *added, struct weekly_slot *slots)
{
    uint32_t at = 0;
    const uint64_t minute = minute_of_week(added->weekday, added->minute);
    while (at < row->slots_count && minute_of_week(row->slots[at].weekday, row->slots[at].minute) < minute) {
        slots[at] = row->slots[at];
        at++;
    }
    slots[at] = (struct weekly_slot){.slot_id = added->slot_id, .weekday = added->weekday, .minute = added->minute};
    for (uint32_t i = at; i < row->slots_count; i++) {
        slots[i + 1] = row->slots[i];
    }
    row->slots = slots;
    row->slots_count++;
}

static void fold_removed(struct weekly_row *row, const struct id *slot_id, struct weekly_slot *slots)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < row->slots_count; i++) {
        if (!id_equal(&row->slots[i].slot_id, slot_id)) {
            slots[count] = row->slots[i];
            count++;
        }
    }
    row->slots = slots;
    row->slots_count = count;
}

static void fold(struct weekly_row *row, const struct event *event, struct weekly_slot *slots)
{
    switch (event->code) {
    case EVENT_queue_changed:
        row->timezone = event->queue_changed.timezone;
        row->slots_count = event->queue_changed.slots_count;
        for (uint32_t i = 0; i < row->slots_count; i++) {
            slots[i] = event->queue_changed.slots[i];
        }
        row->slots = slots;
        break;
    case EVENT_slot_added:
        fold_added(row, &event->slot_added, slots);
        break;
    case EVENT_slot_removed:
        fold_removed(row, &event->slot_removed.slot_id, slots);
        break;
    case EVENT_queue_paused:
        row->paused = true;
        break;
    default:
        ASSERT(event->code == EVENT_queue_resumed);
        row->paused = false;
        break;
    }
}

enum err access_apply_queue(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    /* every event of a queue begins with its id and the integration's */
    const struct queue_paused_event *of = &fact->event->queue_paused;
    const struct row_key key = weekly_key(&of->integration_id);
    struct weekly_row row;
    struct weekly_slot *slots = arena_alloc(arena, (SLOTS_MAX + 1) * sizeof *slots);
    if (slots == NULL) {
        return ERR_NO_MEMORY;
    }
    const enum err err = row_take(txn, &key, weekly_row_desc(), arena, &row);
    if (err == ERR_NOT_FOUND) {
        row = (struct weekly_row){.integration_id = of->integration_id, .queue_id = of->queue_id};
    } else {
        TRY(err);
    }
    fold(&row, fact->event, slots);
    TRY(row.slots_count > SLOTS_MAX ? ERR_ALTERED : OK);
    row.workspace_id = fact->at->workspace_id;
    row.version = fact->at->version;
    row.updated_ms = fact->at->time_ms;
    return row_put(txn, &key, weekly_row_desc(), &row, arena);
}

enum err access_queue(struct store_txn *txn, const struct integration_row *integration, struct arena *arena,
                      struct weekly_row *ret_queue)
{
    const struct row_key key = weekly_key(&integration->integration_id);
    const enum err err = row_get_own(txn, &key, &integration->workspace_id, weekly_row_desc(), arena, ret_queue);
    if (err == ERR_NOT_FOUND) {
        *ret_queue = (struct weekly_row){.integration_id = integration->integration_id,
                                         .workspace_id = integration->workspace_id,
                                         .queue_id = id_queue(&integration->integration_id),
                                         .updated_ms = integration->created_ms};
        return OK;
    }
    return err;
}
