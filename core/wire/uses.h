/* uses.h: which keys and sessions were used, on the way to becoming events: each once in an hour, told together once a
 * minute. For people who ask whether a key is still in use: the hour is enough, and a busy key costs 24 entries of the
 * log a day. Kept in this process only: what is not told when it ends was at most a minute old. No clock; thread-safe.
 * Used by the gateway and by the ledger's door for other programs. */
#ifndef OPENPOST_WIRE_USES_H
#define OPENPOST_WIRE_USES_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/base/limits.h"
#include "core/message/message.h"

#define USES_SETS 8192
#define USES_WAYS 8

struct uses {
    /* What was used in which hour: bits 16 up of a credential's hash, and the hour's last 16 bits. Of 10,000 in an hour
     * 1.2 share a set; one too many takes another's place, which is then told of once more. */
    atomic_uint_fast64_t marks[USES_SETS][USES_WAYS];
    uint64_t seed; /* which credentials share a set nobody outside knows */
    pthread_mutex_t mutex;
    int64_t due_ms;   /* boot clock: no report before */
    bool telling;     /* one is under way: */
    uint32_t told;    /* of these, the first so many; they wait until it has arrived */
    uint32_t waiting; /* so many in all, of which … */
    uint32_t ordered; /* … the first so many stand in the order of their ids */
    struct credential_use queue[USES_WAITING_MAX];
};

/* uses_init begins with zeroed memory. seed: random. */
void uses_init(struct uses *uses, uint64_t seed);
void uses_done(struct uses *uses);
/* uses_note notes that a key or a session was used at now_ms, wall clock. But for its first use in an hour it takes no
 * lock, and looks at one set of marks. */
void uses_note(struct uses *uses, const struct id *credential_id, int64_t now_ms);
/* uses_take fills the command that reports what waits, USES_PER_REPORT at a time, but for its id and stream: what it
 * lists is there until uses_told says whether it arrived; what did not is taken again. Several reports follow the order
 * of ids: what was made at the same time is told together, and its rows share pages. False: nothing is due, or a report
 * is under way. */
bool uses_take(struct uses *uses, int64_t boot_ms, struct command *ret_command);
void uses_told(struct uses *uses, bool arrived);

#endif
