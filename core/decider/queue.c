/* queue.c: the rules of a queue: which slots it has, in which zone, and whether it is paused. None of them moves what
 * is reserved: an instant that was given to a target is that target's. The pause is obeyed where attempts start
 * (post_attempt.c). */
#include "core/decider/queue.h"

#include "core/base/assert.h"
#include "core/decider/integration.h"

static bool is_time(uint64_t weekday, uint64_t minute)
{
    return weekday >= 1 && weekday <= 7 && minute < UINT64_C(24) * 60;
}

/* Its place in the week, in minutes. */
static uint32_t minute_of_week(uint64_t weekday, uint64_t minute)
{
    return (uint32_t)(weekday * 24 * 60 + minute);
}

/* The first slot not before that place in the week; slot_count: all are. */
static uint32_t place_of(const struct queue *queue, uint32_t at)
{
    uint32_t i = 0;
    while (i < queue->slot_count && minute_of_week(queue->slots[i].weekday, queue->slots[i].minute) < at) {
        i++;
    }
    return i;
}

/* The slot at that place; NULL: there is none. */
static const struct queue_slot *slot_at(const struct queue *queue, uint32_t at)
{
    const uint32_t i = place_of(queue, at);
    const bool found = i < queue->slot_count && minute_of_week(queue->slots[i].weekday, queue->slots[i].minute) == at;
    return found ? &queue->slots[i] : NULL;
}

static uint32_t slot_index(const struct queue *queue, const struct id *slot_id)
{
    uint32_t i = 0;
    while (i < queue->slot_count && !id_equal(&queue->slots[i].slot_id, slot_id)) {
        i++;
    }
    return i;
}

/* Puts a slot where it belongs among those of a list in the order of the week. */
static void insert(struct weekly_slot *slots, uint32_t count, const struct weekly_slot *slot)
{
    const uint32_t at = minute_of_week(slot->weekday, slot->minute);
    uint32_t i = count;
    while (i > 0 && minute_of_week(slots[i - 1].weekday, slots[i - 1].minute) > at) {
        slots[i] = slots[i - 1];
        i--;
    }
    slots[i] = *slot;
}

/* All slots as the command wants them, into room->slots. A slot at a time that the queue has keeps its id. */
static enum refusal replace_slots(const struct queue *queue, const struct decide_context *context,
                                  const struct change_queue_command *wish)
{
    struct weekly_slot *slots = context->room->slots;
    for (uint32_t i = 0; i < wish->slots_count; i++) {
        struct weekly_slot slot = wish->slots[i];
        if (!is_time(slot.weekday, slot.minute) || slot.slot_id.kind != ID_SLOT) {
            return REFUSED_command_invalid;
        }
        const struct queue_slot *kept = slot_at(queue, minute_of_week(slot.weekday, slot.minute));
        if (kept != NULL) {
            slot.slot_id = kept->slot_id;
        }
        insert(slots, i, &slot);
    }
    for (uint32_t i = 0; i < wish->slots_count; i++) {
        for (uint32_t k = 0; k < i; k++) {
            if (id_equal(&slots[k].slot_id, &slots[i].slot_id) ||
                minute_of_week(slots[k].weekday, slots[k].minute) ==
                    minute_of_week(slots[i].weekday, slots[i].minute)) {
                return REFUSED_slot_duplicate;
            }
        }
    }
    return ACCEPTED;
}

static enum refusal change(const struct queue *queue, const struct decide_context *context,
                           const struct change_queue_command *wish, struct event_list *ret_events)
{
    if (wish->timezone.len > ZONE_NAME_MAX || wish->slots_count > SLOTS_MAX) {
        return REFUSED_command_invalid;
    }
    struct decide_room *room = context->room;
    memcpy(room->zone, queue->zone, sizeof room->zone);
    struct queue_changed_event changed = {.queue_id = wish->queue_id,
                                          .integration_id = wish->integration_id,
                                          .timezone = span_of(queue->zone_len > 0 ? room->zone : NULL, queue->zone_len),
                                          .slots = room->slots};
    if (wish->no_timezone || wish->timezone.data != NULL) {
        changed.timezone = wish->no_timezone ? (struct span){0} : wish->timezone;
    }
    if (wish->replace) {
        const enum refusal refusal = replace_slots(queue, context, wish);
        if (refusal != ACCEPTED) {
            return refusal;
        }
        changed.slots_count = wish->slots_count;
    } else {
        for (uint32_t i = 0; i < queue->slot_count; i++) {
            const struct queue_slot *slot = &queue->slots[i];
            room->slots[i] =
                (struct weekly_slot){.slot_id = slot->slot_id, .weekday = slot->weekday, .minute = slot->minute};
        }
        changed.slots_count = queue->slot_count;
    }
    struct queue after = *queue;
    const struct event event = {.code = EVENT_queue_changed, .queue_changed = changed};
    queue_evolve(&after, &event, context->now_ms);
    after.queue_id = queue->queue_id; /* absent before the first event */
    after.integration_id = queue->integration_id;
    if (memcmp(&after, queue, sizeof after) != 0) {
        event_append(ret_events, EVENT_queue_changed)->queue_changed = changed;
    }
    return ACCEPTED;
}

static enum refusal add(const struct queue *queue, const struct add_slot_command *wish, struct event_list *ret_events)
{
    if (!is_time(wish->weekday, wish->minute) || wish->slot_id.kind != ID_SLOT) {
        return REFUSED_command_invalid;
    }
    const uint32_t known = slot_index(queue, &wish->slot_id);
    const struct queue_slot *there = slot_at(queue, minute_of_week(wish->weekday, wish->minute));
    if (known < queue->slot_count) {
        return there == &queue->slots[known] ? ACCEPTED : REFUSED_exists;
    }
    if (there != NULL) {
        return REFUSED_slot_duplicate;
    }
    if (queue->slot_count == SLOTS_MAX) {
        return REFUSED_slots_too_many;
    }
    event_append(ret_events, EVENT_slot_added)->slot_added =
        (struct slot_added_event){.queue_id = wish->queue_id,
                                  .integration_id = wish->integration_id,
                                  .slot_id = wish->slot_id,
                                  .weekday = wish->weekday,
                                  .minute = wish->minute};
    return ACCEPTED;
}

enum refusal queue_decide(const struct queue *queue, const struct decide_context *context,
                          const struct command *command, struct event_list *ret_events)
{
    /* every command of a queue begins with its id, the integration's and whether it must be as it was made */
    const struct id *integration_id = &command->pause_queue.integration_id;
    if (!integration_is_there(context_integration(context, integration_id))) {
        return REFUSED_not_found;
    }
    if (command->pause_queue.untouched && queue->head.version != 0) {
        return REFUSED_version_mismatch;
    }
    switch (command->code) {
    case COMMAND_change_queue:
        return change(queue, context, &command->change_queue, ret_events);
    case COMMAND_add_slot:
        return add(queue, &command->add_slot, ret_events);
    case COMMAND_remove_slot: {
        const struct remove_slot_command *wish = &command->remove_slot;
        if (slot_index(queue, &wish->slot_id) == queue->slot_count) {
            return REFUSED_not_found;
        }
        event_append(ret_events, EVENT_slot_removed)->slot_removed = (struct slot_removed_event){
            .queue_id = wish->queue_id, .integration_id = wish->integration_id, .slot_id = wish->slot_id};
        return ACCEPTED;
    }
    case COMMAND_pause_queue:
        if (!queue->paused) {
            event_append(ret_events, EVENT_queue_paused)->queue_paused = (struct queue_paused_event){
                .queue_id = command->pause_queue.queue_id, .integration_id = *integration_id};
        }
        return ACCEPTED;
    default:
        ASSERT(command->code == COMMAND_resume_queue);
        if (queue->paused) {
            event_append(ret_events, EVENT_queue_resumed)->queue_resumed = (struct queue_resumed_event){
                .queue_id = command->resume_queue.queue_id, .integration_id = *integration_id};
        }
        return ACCEPTED;
    }
}

static struct queue_slot stored(const struct id *slot_id, uint64_t weekday, uint64_t minute)
{
    return (struct queue_slot){.slot_id = *slot_id, .weekday = (uint8_t)weekday, .minute = (uint16_t)minute};
}

static void evolve_changed(struct queue *queue, const struct queue_changed_event *event)
{
    ASSERT(event->timezone.len <= sizeof queue->zone);
    ASSERT(event->slots_count <= SLOTS_MAX);
    memset(queue->zone, 0, sizeof queue->zone);
    if (event->timezone.len > 0) {
        memcpy(queue->zone, event->timezone.data, event->timezone.len);
    }
    queue->zone_len = (uint8_t)event->timezone.len;
    memset(queue->slots, 0, sizeof queue->slots);
    for (uint32_t i = 0; i < event->slots_count; i++) {
        const struct weekly_slot *slot = &event->slots[i];
        queue->slots[i] = stored(&slot->slot_id, slot->weekday, slot->minute);
    }
    queue->slot_count = (uint8_t)event->slots_count;
}

static void evolve_added(struct queue *queue, const struct slot_added_event *event)
{
    const uint32_t at = place_of(queue, minute_of_week(event->weekday, event->minute));
    ASSERT(queue->slot_count < SLOTS_MAX);
    memmove(&queue->slots[at + 1], &queue->slots[at], (queue->slot_count - at) * sizeof *queue->slots);
    queue->slots[at] = stored(&event->slot_id, event->weekday, event->minute);
    queue->slot_count++;
}

static void evolve_removed(struct queue *queue, const struct slot_removed_event *event)
{
    const uint32_t at = slot_index(queue, &event->slot_id);
    ASSERT(at < queue->slot_count);
    queue->slot_count--;
    memmove(&queue->slots[at], &queue->slots[at + 1], (queue->slot_count - at) * sizeof *queue->slots);
    memset(&queue->slots[queue->slot_count], 0, sizeof *queue->slots);
}

void queue_evolve(struct queue *queue, const struct event *event, int64_t time_ms)
{
    (void)time_ms;
    queue->queue_id = event->queue_paused.queue_id; /* every event of a queue begins with both */
    queue->integration_id = event->queue_paused.integration_id;
    switch (event->code) {
    case EVENT_queue_changed:
        evolve_changed(queue, &event->queue_changed);
        return;
    case EVENT_slot_added:
        evolve_added(queue, &event->slot_added);
        return;
    case EVENT_slot_removed:
        evolve_removed(queue, &event->slot_removed);
        return;
    case EVENT_queue_paused:
        queue->paused = 1;
        return;
    default:
        ASSERT(event->code == EVENT_queue_resumed);
        queue->paused = 0;
    }
}

size_t queue_stored_size(const struct queue *queue)
{
    return offsetof(struct queue, slots) + queue->slot_count * sizeof *queue->slots;
}
