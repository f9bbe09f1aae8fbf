/* agenda_late.c: the crowded and the late targets of one integration, waiting for their turn, those before these, each
 * earliest due first: a pairing heap
 * (Fredman, Sedgewick, Sleator, Tarjan 1986) threaded through the targets themselves, for any of them may leave it at
 * any time. Called by agenda.c and agenda_due.c. Pure. */
#include "core/base/assert.h"
#include "core/scheduler/agenda_state.h"

static bool is_before(const struct agenda *agenda, uint32_t a, uint32_t b)
{
    const struct target_item *first = target_at(agenda, a);
    const struct target_item *second = target_at(agenda, b);
    if (first->crowded != second->crowded) {
        return first->crowded;
    }
    if (first->due_ms != second->due_ms) {
        return first->due_ms < second->due_ms;
    }
    return memcmp(first->item.uuid, second->item.uuid, sizeof first->item.uuid) < 0;
}

/* Joins two heaps (0: empty) and returns the root. */
static uint32_t join(struct agenda *agenda, uint32_t a, uint32_t b)
{
    if (a == 0 || b == 0) {
        return a + b;
    }
    if (is_before(agenda, b, a)) {
        const uint32_t swap = a;
        a = b;
        b = swap;
    }
    struct target_item *root = target_at(agenda, a);
    struct target_item *child = target_at(agenda, b);
    child->late_next = root->late_child;
    child->late_prev = a;
    if (root->late_child != 0) {
        target_at(agenda, root->late_child)->late_prev = b;
    }
    root->late_child = b;
    return a;
}

/* Joins the children of a node that leaves: in pairs from the left, then all from the right. */
static uint32_t join_children(struct agenda *agenda, uint32_t first)
{
    uint32_t pairs = 0;
    while (first != 0) {
        const uint32_t a = first;
        const uint32_t b = target_at(agenda, a)->late_next;
        first = b != 0 ? target_at(agenda, b)->late_next : 0;
        target_at(agenda, a)->late_next = 0;
        if (b != 0) {
            target_at(agenda, b)->late_next = 0;
        }
        const uint32_t pair = join(agenda, a, b);
        target_at(agenda, pair)->late_next = pairs;
        pairs = pair;
    }
    uint32_t root = 0;
    while (pairs != 0) {
        const uint32_t next = target_at(agenda, pairs)->late_next;
        target_at(agenda, pairs)->late_next = 0;
        root = join(agenda, root, pairs);
        pairs = next;
    }
    if (root != 0) {
        target_at(agenda, root)->late_prev = 0;
    }
    return root;
}

void agenda_late_put(struct agenda *agenda, uint32_t index)
{
    struct target_item *target = target_at(agenda, index);
    ASSERT(!target->queued);
    target->queued = true;
    target->late_child = 0;
    target->late_next = 0;
    target->late_prev = 0;
    struct integration_item *integration = integration_at(agenda, target->integration);
    integration->late_root = join(agenda, integration->late_root, index);
}

void agenda_late_remove(struct agenda *agenda, uint32_t index)
{
    struct target_item *target = target_at(agenda, index);
    if (!target->queued) {
        return;
    }
    target->queued = false;
    struct integration_item *integration = integration_at(agenda, target->integration);
    const uint32_t children = join_children(agenda, target->late_child);
    if (integration->late_root == index) {
        integration->late_root = children;
        return;
    }
    struct target_item *before = target_at(agenda, target->late_prev);
    if (before->late_child == index) {
        before->late_child = target->late_next;
    } else {
        before->late_next = target->late_next;
    }
    if (target->late_next != 0) {
        target_at(agenda, target->late_next)->late_prev = target->late_prev;
    }
    integration->late_root = join(agenda, integration->late_root, children);
}
