/* limiter.h: how many requests a key may make: a burst, then a steady rate (the generic cell rate algorithm, ITU-T
 * I.371: one instant per key). Told to clients as draft-ietf-httpapi-ratelimit-headers has it. Kept in this process
 * only, for the keys that were used last. Thread-safe; no clock. */
#ifndef OPENPOST_GATEWAY_LIMITER_H
#define OPENPOST_GATEWAY_LIMITER_H

#include <pthread.h>

#include "core/base/typeid.h"

#define LIMITER_PLACES 4096 /* keys; one that loses its place to another begins anew */
#define LIMITER_STRIPES 16

struct limiter_place {
    struct id key_id;
    int64_t full_us; /* when all of the quota is there again */
};

struct limiter {
    uint32_t quota; /* requests in a window; 0: no limit */
    uint32_t window_s;
    pthread_mutex_t locks[LIMITER_STRIPES];
    struct limiter_place places[LIMITER_PLACES];
};

struct limiter_verdict {
    bool allowed;
    uint32_t remaining; /* requests that may follow at once */
    uint32_t full_s;    /* until all of the quota is there again, rounded up */
    uint32_t retry_s;   /* not allowed: when one may follow, rounded up */
};

void limiter_init(struct limiter *limiter, uint32_t quota, uint32_t window_s);
void limiter_done(struct limiter *limiter);
/* limiter_take counts a request of key at a monotonic instant, unless it is one too many. */
struct limiter_verdict limiter_take(struct limiter *limiter, const struct id *key_id, int64_t now_us);

#endif
