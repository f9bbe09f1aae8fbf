/* expiries.h: which accounts' sessions end soon: a heap of instants, fed by events and, at the start, by the read
 * models. It says of which people should be told; the ledger tells once, whatever is asked of it. Pure but for the
 * memory of its heap. */
#ifndef OPENPOST_SCHEDULER_EXPIRIES_H
#define OPENPOST_SCHEDULER_EXPIRIES_H

#include "core/log/log.h"
#include "core/message/message.h"
#include "core/scheduler/pool.h"
#include "core/scheduler/timers.h"

#define EXPIRY_AGAIN_MS 10000 /* an end that was asked to be told of, and is not yet */

struct expiries {
    struct pool sessions;
    struct timers timers;
};

/* What a read model says of a connected account's session. */
struct expiry {
    struct id integration_id;
    struct id workspace_id;
    int64_t end_ms;
    bool warned;
    uint64_t seq; /* of the event that says so */
};

/* expiries must stay where it is until expiries_done. */
void expiries_init(struct expiries *expiries);
void expiries_done(struct expiries *expiries);
/* expiries_restore adds or replaces one. expiries_apply takes an event; one that was taken before does no harm. Both:
 * ERR_NO_MEMORY. */
enum err expiries_restore(struct expiries *expiries, const struct expiry *expiry) MUST_USE;
enum err expiries_apply(struct expiries *expiries, const struct log_event *at, const struct event *event) MUST_USE;
/* expiries_command fills the command that tells of the next end that is near, from then on asked for again after
 * EXPIRY_AGAIN_MS; false: there is none now. dice: random as in dispatch.h. */
bool expiries_command(struct expiries *expiries, int64_t now_ms, void (*dice)(void *context, void *data, size_t len),
                      void *dice_context, struct command *ret_command);

#endif
