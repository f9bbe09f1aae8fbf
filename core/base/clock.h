/* clock.h: the only file, beside the main.c files that call it, that asks for the time or for randomness. */
#ifndef OPENPOST_BASE_CLOCK_H
#define OPENPOST_BASE_CLOCK_H

#include "core/base/span.h"

/* clock_wall_ms returns UTC milliseconds since 1970; clock_boot_ms CLOCK_BOOTTIME, which no one can set;
 * clock_monotonic_us microseconds for measuring. None can fail. */
int64_t clock_wall_ms(void);
int64_t clock_boot_ms(void);
int64_t clock_monotonic_us(void);

/* random_fill fills len bytes from the kernel (getrandom); for ids, salts, keys and nonces. A kernel that cannot is a
 * bug of the machine: the process aborts. */
void random_fill(void *data, size_t len);

#endif
