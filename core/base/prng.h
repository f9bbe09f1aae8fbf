/* prng.h: seeded random numbers for jitter and simulation (xoshiro256**, Blackman and Vigna 2018; seeded through
 * splitmix64). Not for secrets, ids or salts: those come from clock.h. */
#ifndef OPENPOST_BASE_PRNG_H
#define OPENPOST_BASE_PRNG_H

#include "core/base/span.h"

struct prng {
    uint64_t state[4];
};

void prng_seed(struct prng *prng, uint64_t seed);
uint64_t prng_next(struct prng *prng);
/* prng_below returns a number in [0, bound), without bias; bound > 0. */
uint64_t prng_below(struct prng *prng, uint64_t bound);
/* prng_chance is true one time in n. */
bool prng_chance(struct prng *prng, uint64_t n);
void prng_fill(struct prng *prng, void *data, size_t len);

#endif
