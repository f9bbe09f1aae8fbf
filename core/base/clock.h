/* clock.h: the only file, beside the main.c files that call it, that asks for the time or for randomness. */
#ifndef OPENPOST_BASE_CLOCK_H
#define OPENPOST_BASE_CLOCK_H

#include "core/base/span.h"

/* clock_wall_ms returns UTC milliseconds since 1970; clock_boot_ms CLOCK_BOOTTIME, which no one can set;
 * clock_monotonic_us microseconds for measuring, clock_thread_us the processor's that this thread took. None can
 * fail. */
int64_t clock_wall_ms(void);
int64_t clock_boot_ms(void);
int64_t clock_monotonic_us(void);
int64_t clock_thread_us(void);

/* random_fill fills len bytes from the kernel (getrandom); for ids, salts, keys and nonces. A kernel that cannot is a
 * bug of the machine: the process aborts. */
void random_fill(void *data, size_t len);

/* A store of random bytes not used yet, so that ids and salts by the thousand cost one system call for many. Not for
 * secrets: what was given out stays in it until it is filled again. One thread's; zeroed: empty. random_draw gives len
 * bytes of it, and suits wherever a random(context, data, len) is asked for: context is the struct random_pool. */
struct random_pool {
    uint8_t bytes[4096];
    size_t left; /* of it, from the front */
};

void random_draw(void *pool, void *data, size_t len);

#endif
