/* desk_slots.c: which occurrence of a queue is the next free one. Called before every decision of a command that asks
 * for it. An occurrence is an instant, filled by any open target of the account at that instant, however it came there:
 * the rows of PLACE_OPEN, which desk_index.c keeps with every event, so that the next command of the same group sees
 * what the one before took or released.
 *
 * Two ordered walks beside each other: the queue's occurrences in time, and the instants that are filled. The calendar
 * is asked here, by the shell: a decider gets the instant, and the event holds it. */
#include "core/base/assert.h"
#include "core/base/mutant.h"
#include "core/calendar/slots.h"
#include "core/ledger/desk_key.h"
#include "core/ledger/ledger_state.h"

/* Filled instants */

static enum err scan_to(struct open_scan *scan, enum err err, struct span key)
{
    const struct span prefix = span_of(scan->prefix, scan->prefix_len);
    scan->due_ms = INT64_MAX;
    if (err != OK || !span_starts_with(key, prefix)) {
        return err == ERR_NOT_FOUND ? OK : err;
    }
    if (key.len != prefix.len + 8 + 16) {
        return ERR_ALTERED;
    }
    scan->due_ms = (int64_t)get_be64(key.data + prefix.len);
    scan->post_id = (struct id){.kind = ID_POST};
    memcpy(scan->post_id.uuid, key.data + prefix.len + 8, 16);
    return OK;
}

enum err open_scan_begin(struct store_txn *txn, const struct id *workspace_id, const struct id *integration_id,
                         int64_t from_ms, struct open_scan *ret_scan)
{
    struct row_key from;
    struct span key = {0};
    struct span row;
    struct open_scan scan = {.due_ms = INT64_MAX};
    key_open(&from, workspace_id, integration_id, from_ms);
    scan.prefix_len = from.buf.len - 8;
    memcpy(scan.prefix, from.bytes, scan.prefix_len);
    TRY(store_cursor_open(txn, &scan.cursor));
    const enum err err = scan_to(&scan, store_seek(scan.cursor, key_span(&from), &key, &row), key);
    if (err != OK) {
        store_cursor_close(scan.cursor);
        return err;
    }
    *ret_scan = scan;
    return OK;
}

enum err open_scan_next(struct open_scan *scan)
{
    struct span key = {0};
    struct span row;
    const enum err err = scan_to(scan, store_next(scan->cursor, &key, &row), key);
    if (err != OK) {
        open_scan_end(scan);
    }
    return err;
}

void open_scan_end(struct open_scan *scan)
{
    store_cursor_close(scan->cursor);
    scan->cursor = NULL;
}

enum err ledger_holders(struct store_txn *txn, const struct id *workspace_id, const struct id *integration_id,
                        int64_t at_ms, struct id *ret_posts, uint32_t max, uint32_t *ret_count)
{
    struct open_scan scan;
    uint32_t count = 0;
    TRY(open_scan_begin(txn, workspace_id, integration_id, at_ms, &scan));
    while (count < max && scan.due_ms == at_ms) {
        ret_posts[count] = scan.post_id;
        count++;
        TRY(open_scan_next(&scan));
    }
    open_scan_end(&scan);
    *ret_count = count;
    return OK;
}

/* Occurrences */

/* Whether another post than own stands at that instant; the scan stands at it or before, and afterwards not before. */
static enum err is_filled(struct open_scan *scan, int64_t at_ms, const struct id *own, bool *ret_filled)
{
    bool filled = false;
    while (scan->due_ms < at_ms) {
        TRY(open_scan_next(scan));
    }
    while (!filled && scan->due_ms == at_ms) {
        filled = !id_equal(&scan->post_id, own) && !MUTANT(10);
        if (!filled) {
            TRY(open_scan_next(scan));
        }
    }
    *ret_filled = filled;
    return OK;
}

/* The first occurrence from now_ms + SLOT_AHEAD_MS on that is free. */
static enum err find_free(struct open_scan *scan, struct slot_walk *walk, int64_t until_ms, const struct id *own,
                          struct free_slot *ret_slot)
{
    struct free_slot slot = {.refusal = REFUSED_queue_full};
    bool filled = true;
    while (filled) {
        int64_t at_ms = 0;
        const enum err err = slot_walk_next(walk, &at_ms);
        if (err == ERR_RANGE || (err == OK && at_ms > until_ms)) {
            break;
        }
        TRY(err);
        TRY(is_filled(scan, at_ms, own, &filled));
        slot = filled ? slot : (struct free_slot){.at_ms = at_ms};
    }
    *ret_slot = slot;
    return OK;
}

/* What is known by heart */

/* An id's last bytes are as good as any hash. */
static struct slot_hint *hint_at(struct desk *desk, const struct id *integration_id)
{
    return &desk->hints[get_be32(integration_id->uuid + 12) % SLOT_HINTS];
}

/* Where to begin: at from_ms, or at what is known to come after filled occurrences only. */
static int64_t hinted(const struct slot_hint *hint, const struct queue *queue, struct span zone, int64_t from_ms)
{
    const bool knows = id_equal(&hint->integration_id, &queue->integration_id) &&
                       hint->version == queue->head.version && span_equal(span_of(hint->zone, hint->zone_len), zone) &&
                       hint->from_ms <= from_ms;
    return knows && hint->free_ms > from_ms ? hint->free_ms : from_ms;
}

static void remember(struct slot_hint *hint, const struct queue *queue, struct span zone, int64_t from_ms,
                     int64_t free_ms)
{
    *hint = (struct slot_hint){.integration_id = queue->integration_id,
                               .version = queue->head.version,
                               .zone_len = (uint8_t)zone.len,
                               .from_ms = from_ms,
                               .free_ms = free_ms};
    memcpy(hint->zone, zone.data, zone.len);
}

void desk_slot_released(struct desk *desk, const struct id *integration_id, int64_t due_ms)
{
    struct slot_hint *hint = hint_at(desk, integration_id);
    if (id_equal(&hint->integration_id, integration_id) && due_ms < hint->free_ms) {
        hint->free_ms = due_ms;
    }
}

static void times_of(const struct queue *queue, struct slot_time *times)
{
    for (uint32_t i = 0; i < queue->slot_count; i++) {
        times[i] = (struct slot_time){.weekday = queue->slots[i].weekday, .minute = queue->slots[i].minute};
    }
}

static struct span zone_of(const struct queue *queue, const struct workspace *workspace)
{
    return queue->zone_len > 0       ? span_of(queue->zone, queue->zone_len)
           : workspace->zone_len > 0 ? span_of(workspace->zone, workspace->zone_len)
                                     : SPAN("UTC");
}

/* Walks from begin_ms on. */
static enum err walk_from(struct desk *desk, const struct integration *integration, const struct id *own,
                          const struct queue *queue, struct span zone, int64_t begin_ms, int64_t until_ms,
                          struct free_slot *ret_slot)
{
    struct slot_time times[SLOTS_MAX];
    struct slot_walk walk;
    struct open_scan scan;
    times_of(queue, times);
    enum err err = slot_walk_begin(desk->zones, zone, times, queue->slot_count, begin_ms, &walk);
    if (err == ERR_NOT_FOUND) { /* tzdata knows the zone no longer: nothing can be given away */
        *ret_slot = (struct free_slot){.refusal = REFUSED_queue_full};
        return OK;
    }
    TRY(err);
    TRY(open_scan_begin(desk->txn, &integration->head.workspace_id, &integration->integration_id, begin_ms, &scan));
    err = find_free(&scan, &walk, until_ms, own, ret_slot);
    open_scan_end(&scan);
    return err;
}

/* What is known by heart counts the instant at which the post itself stands as filled: one that stands within is looked
 * up from its own instant on. */
static enum err free_slot_of(struct desk *desk, const struct integration *integration, const struct post *post,
                             struct context_room *room, const struct decide_context *context,
                             struct free_slot *ret_slot)
{
    const struct id queue_id = id_queue(&integration->integration_id);
    struct queue *queue = &room->queue;
    TRY(desk_load(desk, &queue_id, queue));
    if (queue->slot_count == 0) {
        *ret_slot = (struct free_slot){.refusal = REFUSED_queue_empty};
        return OK;
    }
    struct slot_hint *hint = hint_at(desk, &integration->integration_id);
    const struct span zone = zone_of(queue, context->workspace);
    const int64_t from_ms = context->now_ms + SLOT_AHEAD_MS;
    const int64_t until_ms = context->now_ms + SLOT_WITHIN_MS;
    const int64_t own_ms = post_open_due(post, &integration->integration_id);
    const int64_t known_ms = hinted(hint, queue, zone, from_ms);
    const bool within = own_ms != 0 && own_ms < known_ms;
    const int64_t begin_ms = !within ? known_ms : own_ms > from_ms ? own_ms : from_ms;
    TRY(walk_from(desk, integration, &post->post_id, queue, zone, begin_ms, until_ms, ret_slot));
    if (!within && ret_slot->refusal == ACCEPTED) {
        remember(hint, queue, zone, known_ms == from_ms ? from_ms : hint->from_ms, ret_slot->at_ms);
    }
    return OK;
}

enum err desk_free_slots(struct desk *desk, const struct command *command, const struct post *post,
                         struct context_room *room, struct decide_context *context)
{
    const bool asked =
        command->code == COMMAND_create_post ? command->create_post.next_slot : command->schedule_post.next_slot;
    if (!asked || context->workspace == NULL) {
        return OK;
    }
    ASSERT(desk->zones != NULL);
    for (uint32_t i = 0; i < context->integration_count; i++) {
        TRY(free_slot_of(desk, context->integrations[i], post, room, context, &room->free_slots[i]));
    }
    context->free_slots = room->free_slots;
    return OK;
}

/* Pause */

enum err desk_queue_is_paused(struct desk *desk, const struct command *command, const struct post *post,
                              bool *ret_paused)
{
    struct row_key key;
    struct span row;
    const bool starts = command->code == COMMAND_start_attempt;
    const struct id *target_id = starts                                    ? &command->start_attempt.target_id
                                 : command->miss_targets.targets_count > 0 ? &command->miss_targets.targets[0].target_id
                                                                           : NULL;
    const struct post_target *target = target_id != NULL ? post_target(post, target_id) : NULL;
    if (target == NULL) {
        return OK;
    }
    key_queue_paused(&key, &command->workspace_id, &target->integration_id);
    const enum err err = store_get(desk->txn, key_span(&key), &row);
    *ret_paused = err == OK;
    return err == ERR_NOT_FOUND ? OK : err;
}
