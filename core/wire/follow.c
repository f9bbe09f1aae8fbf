/* follow.c: see follow.h. Called by whoever reads the log through the ledger. It must never let a reader pass over an
 * event. */
#include "core/wire/follow.h"

#include "core/base/mutant.h"

void follow_begin(struct follower *follower, uint64_t position)
{
    *follower = (struct follower){.position = position, .head = position};
}

/* The planted bug number 6: now and then the reader asks one position too far, and takes what it gets. */
static bool skips(const struct follower *follower)
{
    return MUTANT(6) && follower->position % 5 == 4;
}

uint64_t follow_after(const struct follower *follower)
{
    return follower->position + (skips(follower) ? 1 : 0);
}

bool follow_hint(struct follower *follower, uint64_t head)
{
    if (head > follower->head) {
        follower->head = head;
    }
    return follower->head > follower->position;
}

/* ERR_EXISTS: it was applied before. */
static enum err take(struct follower *follower, uint64_t seq)
{
    if (seq <= follower->position) {
        return ERR_EXISTS;
    }
    if (seq != follower->position + 1 && !(skips(follower) && seq == follower->position + 2)) {
        return ERR_ALTERED;
    }
    follower->position = seq;
    if (follower->head < seq) {
        follower->head = seq;
    }
    return OK;
}

enum err follow_next(struct follower *follower, struct body_list *list, struct log_event *ret_event)
{
    while (list->left > 0) {
        struct span envelope;
        struct span payload;
        struct log_event event;
        TRY(body_event_next(list, &envelope, &payload));
        TRY(log_envelope_read(envelope, &event));
        const enum err taken = take(follower, event.seq);
        if (taken == ERR_EXISTS) {
            continue;
        }
        TRY(taken);
        event.payload = payload;
        *ret_event = event;
        return OK;
    }
    return ERR_NOT_FOUND;
}
