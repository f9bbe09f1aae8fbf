/* limiter.c: see limiter.h. Called by exchange.c for every request with a good key. Must never be asked about a name
 * that a stranger made up, but where it is he who is limited. */
#include "gateway/limiter.h"

#include "core/base/assert.h"
#include "core/base/hash16.h"
#include "core/base/lock.h"

void limiter_init(struct limiter *limiter, uint32_t window_s, uint64_t seed)
{
    ASSERT(window_s > 0);
    limiter->window_s = window_s;
    limiter->seed = seed;
    for (size_t i = 0; i < LIMITER_STRIPES; i++) {
        lock_init(&limiter->locks[i]);
    }
}

void limiter_done(struct limiter *limiter)
{
    for (size_t i = 0; i < LIMITER_STRIPES; i++) {
        lock_done(&limiter->locks[i]);
    }
}

static uint32_t seconds_up(int64_t us)
{
    return (uint32_t)((us + 999999) / 1000000);
}

/* full_us - now_us is what is used up, in time: each request costs its share of the window. */
static struct limiter_verdict judge(uint32_t window_s, uint32_t quota, int64_t now_us, int64_t *full_us)
{
    const int64_t window_us = (int64_t)window_s * 1000000;
    const int64_t cost_us = quota < window_us ? window_us / quota : 1;
    const int64_t used_us = *full_us > now_us ? *full_us - now_us : 0;
    struct limiter_verdict verdict = {.allowed = used_us + cost_us <= window_us};
    const int64_t after_us = verdict.allowed ? used_us + cost_us : used_us;
    *full_us = now_us + after_us;
    verdict.remaining = (uint32_t)((window_us - after_us) / cost_us);
    verdict.full_s = seconds_up(after_us);
    verdict.retry_s = verdict.allowed ? 0 : seconds_up(used_us + cost_us - window_us);
    return verdict;
}

/* The name's place, or the one that it gets. A place that was never used is the fullest of all. */
static struct limiter_place *find(struct limiter_place places[LIMITER_WAYS], const uint8_t *name)
{
    struct limiter_place *fullest = &places[0];
    for (size_t i = 0; i < LIMITER_WAYS; i++) {
        if (memcmp(places[i].name, name, LIMITER_NAME_LEN) == 0) {
            return &places[i];
        }
        fullest = places[i].full_us < fullest->full_us ? &places[i] : fullest;
    }
    *fullest = (struct limiter_place){.full_us = 0};
    memcpy(fullest->name, name, LIMITER_NAME_LEN);
    return fullest;
}

struct limiter_verdict limiter_take(struct limiter *limiter, const uint8_t name[LIMITER_NAME_LEN], uint32_t quota,
                                    int64_t now_us)
{
    if (quota == 0) {
        return (struct limiter_verdict){.allowed = true};
    }
    const size_t set = hash16(name, limiter->seed) % LIMITER_SETS;
    pthread_mutex_t *lock = &limiter->locks[set % LIMITER_STRIPES];
    lock_take(lock);
    struct limiter_place *place = find(limiter->places[set], name);
    const struct limiter_verdict verdict = judge(limiter->window_s, quota, now_us, &place->full_us);
    lock_give(lock);
    return verdict;
}
