/* prng.c: see prng.h. */
#include "core/base/prng.h"

#include "core/base/assert.h"

static uint64_t rotated(uint64_t x, int k)
{
    return x << k | x >> (64 - k);
}

void prng_seed(struct prng *prng, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        seed += 0x9e3779b97f4a7c15U;
        uint64_t z = seed;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
        z = (z ^ z >> 27) * 0x94d049bb133111ebU;
        prng->state[i] = z ^ z >> 31;
    }
}

uint64_t prng_next(struct prng *prng)
{
    uint64_t *s = prng->state;
    const uint64_t result = rotated(s[1] * 5, 7) * 9;
    const uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotated(s[3], 45);
    return result;
}

uint64_t prng_below(struct prng *prng, uint64_t bound)
{
    ASSERT(bound > 0);
    const uint64_t biased = (0 - bound) % bound; /* 2^64 mod bound: values below it are drawn again */
    uint64_t value = prng_next(prng);
    while (value < biased) {
        value = prng_next(prng);
    }
    return value % bound;
}

bool prng_chance(struct prng *prng, uint64_t n)
{
    return prng_below(prng, n) == 0;
}

void prng_fill(struct prng *prng, void *data, size_t len)
{
    uint8_t *bytes = data;
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)prng_next(prng);
    }
}
