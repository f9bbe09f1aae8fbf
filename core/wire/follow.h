/* follow.h: a reader's position in the log. A notification is a hint; the log is the truth: every reader keeps the
 * position that it has applied, asks for everything after it, and takes no event out of order. Pure; used by scheduler,
 * gateway and simulation alike. */
#ifndef OPENPOST_WIRE_FOLLOW_H
#define OPENPOST_WIRE_FOLLOW_H

#include "core/log/log.h"
#include "core/wire/body.h"

struct follower {
    uint64_t position; /* the last seq that was applied */
    uint64_t head;     /* the log's, as last heard */
};

void follow_begin(struct follower *follower, uint64_t position);
/* follow_after says what to ask for: everything after it. */
uint64_t follow_after(const struct follower *follower);
/* follow_hint takes a wake-up's or an answer's head; true when there is something to ask for. */
bool follow_hint(struct follower *follower, uint64_t head);
/* follow_next reads the next event of a FOLLOW reply that is not applied yet: its seq must be the position + 1, and
 * becomes the position; ret_event borrows from the reply. ERR_NOT_FOUND at the reply's end. ERR_ALTERED: a gap; the
 * caller must not go on with what it has (exit, or begin again from its last saved position). Else body.h's and
 * log_envelope_read's errors. */
enum err follow_next(struct follower *follower, struct body_list *list, struct log_event *ret_event) MUST_USE;

#endif
