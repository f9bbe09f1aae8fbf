/* uses.c: see uses.h. uses_note is on the way of every request; the rest is called by one that may send. */
#include "core/wire/uses.h"

#include <stdlib.h>

#include "core/base/hash16.h"
#include "core/base/lock.h"

#define HOUR_BITS 16

void uses_init(struct uses *uses, uint64_t seed)
{
    uses->seed = seed;
    lock_init(&uses->mutex);
}

void uses_done(struct uses *uses)
{
    lock_done(&uses->mutex);
}

/* Queues it, and marks it in the place of an earlier hour's. One for which there is no room is not marked: its next use
 * comes here again. */
static void note_first(struct uses *uses, const struct credential_use *use, uint64_t hash, uint64_t mark)
{
    atomic_uint_fast64_t *marks = uses->marks[hash % USES_SETS];
    size_t at = (hash >> HOUR_BITS) % USES_WAYS;
    bool known = false;
    lock_take(&uses->mutex);
    for (size_t i = 0; i < USES_WAYS; i++) {
        const uint64_t seen = atomic_load_explicit(&marks[i], memory_order_relaxed);
        known = known || seen == mark; /* another thread was first */
        at = (uint16_t)seen != (uint16_t)mark ? i : at;
    }
    if (!known && uses->waiting < USES_WAITING_MAX) {
        uses->queue[uses->waiting] = *use;
        uses->waiting++;
        atomic_store_explicit(&marks[at], mark, memory_order_relaxed);
    }
    lock_give(&uses->mutex);
}

void uses_note(struct uses *uses, const struct id *credential_id, int64_t now_ms)
{
    const uint64_t hash = hash16(credential_id->uuid, uses->seed);
    const uint64_t mark = hash >> HOUR_BITS << HOUR_BITS | (uint16_t)(now_ms / HOUR_MS);
    const atomic_uint_fast64_t *marks = uses->marks[hash % USES_SETS];
    for (size_t i = 0; i < USES_WAYS; i++) {
        if (atomic_load_explicit(&marks[i], memory_order_relaxed) == mark) {
            return;
        }
    }
    const struct credential_use use = {.credential_id = *credential_id, .used_ms = now_ms - now_ms % HOUR_MS};
    note_first(uses, &use, hash, mark);
}

static int compare_uses(const void *a, const void *b)
{
    const struct credential_use *left = a;
    const struct credential_use *right = b;
    return memcmp(&left->credential_id, &right->credential_id, sizeof left->credential_id);
}

/* Of 10,000 keys in their workspaces 512 in any order are on nearly every page that has one, and each page is copied;
 * in the order of their ids they are on ten. Once for all that wait: some ms of the one who tells. */
static void put_in_order(struct uses *uses)
{
    if (uses->waiting > USES_PER_REPORT && uses->ordered < USES_PER_REPORT) {
        qsort(uses->queue, uses->waiting, sizeof *uses->queue, compare_uses);
        uses->ordered = uses->waiting;
    }
}

bool uses_take(struct uses *uses, int64_t boot_ms, struct command *ret_command)
{
    lock_take(&uses->mutex);
    const bool due = uses->waiting > 0 && !uses->telling && boot_ms >= uses->due_ms;
    if (due) {
        put_in_order(uses);
        uses->told = uses->waiting < USES_PER_REPORT ? uses->waiting : USES_PER_REPORT;
        uses->telling = true;
        uses->due_ms = uses->told < uses->waiting ? boot_ms : boot_ms + USES_EVERY_MS;
        *ret_command = (struct command){.code = COMMAND_report_uses}; /* actor 0: ACTOR_SYSTEM of core/log/log.h */
        ret_command->report_uses = (struct report_uses_command){.uses = uses->queue, .uses_count = uses->told};
    }
    lock_give(&uses->mutex);
    return due;
}

void uses_told(struct uses *uses, bool arrived)
{
    lock_take(&uses->mutex);
    ASSERT(uses->telling);
    uses->telling = false;
    if (arrived) {
        uses->waiting -= uses->told;
        uses->ordered -= uses->told < uses->ordered ? uses->told : uses->ordered;
        memmove(uses->queue, uses->queue + uses->told, uses->waiting * sizeof *uses->queue);
    }
    lock_give(&uses->mutex);
}
