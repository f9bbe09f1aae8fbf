/* judge_open.c: whatever is open by the judge's own reading a scheduler that started now would be told of, and nothing
 * else: a queue that forgot something would give an agenda, live and rebuilt, that forgot it too. Called by judge.c at
 * its deep looks. */
#include "core/base/assert.h"
#include "core/ledger/ledger.h"
#include "projections/queue.h"
#include "tests/sim/judge.h"

#define ROWS_AT_A_TIME 256

static void note_queued(struct world *world, const struct id *target_id)
{
    const uint32_t index = pool_find(&world->judge->targets, target_id);
    if (index == 0) {
        lose(world, RULE_FORGOTTEN, "%s is in the queue, and nobody has heard of it", name_of(world, target_id));
        return;
    }
    struct judged_target *target = pool_at(&world->judge->targets, index);
    if (target->queued) {
        lose(world, RULE_FORGOTTEN, "%s is in the queue twice", name_of(world, target_id));
    }
    target->queued = true;
}

/* The index has no row but those of which the posts say the same. */
static void note_all_queued(struct world *world)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct open_target targets[ROWS_AT_A_TIME];
    struct open_walk walk = {.is_over = false};
    struct open_walk index_walk = {.is_over = false};
    struct arena arena;
    arena_init(&arena, (size_t)1 << 26);
    ASSERT(store_begin(world->store, false, &txn) == OK);
    while (!walk.is_over) {
        struct queue_row *rows = NULL;
        uint32_t count = 0;
        uint32_t index_count = 0;
        arena_reset(&arena);
        ASSERT(queue_scan(txn, ROWS_AT_A_TIME, &walk, &arena, &rows, &count) == OK);
        ASSERT(ledger_open_targets(txn, ROWS_AT_A_TIME, &index_walk, targets, &index_count) == OK);
        if (count != index_count) {
            lose(world, RULE_FORGOTTEN, "%u targets are open by the index, and %u of them by their posts",
                 (unsigned)index_count, (unsigned)count);
        }
        for (uint32_t i = 0; i < count; i++) {
            note_queued(world, &rows[i].target_id);
        }
    }
    arena_done(&arena);
}

void judge_open(struct world *world)
{
    struct judge *judge = world->judge;
    note_all_queued(world);
    for (uint32_t i = pool_next(&judge->targets, 0); i != 0; i = pool_next(&judge->targets, i)) {
        struct judged_target *target = pool_at(&judge->targets, i);
        if (target->queued != judged_is_open(judge, target)) {
            lose(world, RULE_FORGOTTEN, "%s is %s", name_of(world, &target->target_id),
                 target->queued ? "over, and in the queue" : "open, and not in the queue");
        }
        target->queued = false;
    }
}
