/* limiter.h: how many requests a name may make: a burst, then a steady rate (the generic cell rate algorithm, ITU-T
 * I.371: one instant per name). A name is sixteen bytes: a key's or session's UUID, a client address (struct
 * request: peer), a keyed mark of an address that somebody signs in with. Told to clients as
 * draft-ietf-httpapi-ratelimit-headers has it. Kept in this process only. Thread-safe; no clock.
 *
 * Names share sets of places. One that finds its set taken gets the place of the fullest bucket, which has the least
 * to lose, and nothing when it is full: a flood of names resets nobody who has used up his quota, unless sixteen of
 * them have used up theirs. With 10,000 names at a time a set has 2.4 on average; that any has more than its places
 * happens at one start of 250,000 (with 16,384 places in sets of four, one set in ten would be too small). Which
 * names share a set follows from a number that nobody outside knows. */
#ifndef OPENPOST_GATEWAY_LIMITER_H
#define OPENPOST_GATEWAY_LIMITER_H

#include <pthread.h>

#include "core/base/span.h"

#define LIMITER_NAME_LEN 16
#define LIMITER_SETS 4096
#define LIMITER_WAYS 16 /* 65,536 places: 1.5 MiB, of which the pages are touched that are used */
#define LIMITER_STRIPES 64

struct limiter_place {
    uint8_t name[LIMITER_NAME_LEN];
    int64_t full_us; /* when all of the quota is there again */
};

struct limiter {
    uint32_t window_s;
    uint64_t seed;
    pthread_mutex_t locks[LIMITER_STRIPES];
    struct limiter_place places[LIMITER_SETS][LIMITER_WAYS];
};

struct limiter_verdict {
    bool allowed;
    uint32_t remaining; /* requests that may follow at once */
    uint32_t full_s;    /* until all of the quota is there again, rounded up */
    uint32_t retry_s;   /* not allowed: when one may follow, rounded up */
};

/* limiter_init begins with zeroed memory. seed: random, and told to nobody. */
void limiter_init(struct limiter *limiter, uint32_t window_s, uint64_t seed);
void limiter_done(struct limiter *limiter);
/* limiter_take counts a request of name at a monotonic instant, unless it is one too many: more than quota in a window;
 * 0: any. A name's quota may be another one each time; what was used of it stays the same share. */
struct limiter_verdict limiter_take(struct limiter *limiter, const uint8_t name[LIMITER_NAME_LEN], uint32_t quota,
                                    int64_t now_us);

#endif
