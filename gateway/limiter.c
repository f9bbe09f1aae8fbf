/* limiter.c: see limiter.h. Called by exchange.c for every request with a good key. */
#include "gateway/limiter.h"

#include "core/base/assert.h"
#include "core/base/lock.h"

void limiter_init(struct limiter *limiter, uint32_t quota, uint32_t window_s)
{
    ASSERT(window_s > 0);
    limiter->quota = quota;
    limiter->window_s = window_s;
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
static struct limiter_verdict judge(const struct limiter *limiter, int64_t now_us, int64_t *full_us)
{
    const int64_t window_us = (int64_t)limiter->window_s * 1000000;
    const int64_t cost_us = window_us / limiter->quota;
    const int64_t used_us = *full_us > now_us ? *full_us - now_us : 0;
    struct limiter_verdict verdict = {.allowed = used_us + cost_us <= window_us};
    const int64_t after_us = verdict.allowed ? used_us + cost_us : used_us;
    *full_us = now_us + after_us;
    verdict.remaining = (uint32_t)((window_us - after_us) / cost_us);
    verdict.full_s = seconds_up(after_us);
    verdict.retry_s = verdict.allowed ? 0 : seconds_up(used_us + cost_us - window_us);
    return verdict;
}

struct limiter_verdict limiter_take(struct limiter *limiter, const struct id *key_id, int64_t now_us)
{
    if (limiter->quota == 0) {
        return (struct limiter_verdict){.allowed = true};
    }
    /* The last bytes of a UUIDv7 are random. */
    const size_t at = get_be32(key_id->uuid + 12) % LIMITER_PLACES;
    struct limiter_place *place = &limiter->places[at];
    lock_take(&limiter->locks[at % LIMITER_STRIPES]);
    if (!id_equal(&place->key_id, key_id)) {
        *place = (struct limiter_place){.key_id = *key_id};
    }
    const struct limiter_verdict verdict = judge(limiter, now_us, &place->full_us);
    lock_give(&limiter->locks[at % LIMITER_STRIPES]);
    return verdict;
}
