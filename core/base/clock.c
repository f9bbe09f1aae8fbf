/* clock.c: see clock.h. */
#include "core/base/clock.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "core/base/assert.h"

static int64_t read_us(clockid_t id)
{
    struct timespec now;
    const int rc = clock_gettime(id, &now);
    ASSERT(rc == 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_wall_ms(void)
{
    return read_us(CLOCK_REALTIME) / 1000;
}

int64_t clock_boot_ms(void)
{
    return read_us(CLOCK_BOOTTIME) / 1000;
}

int64_t clock_monotonic_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

int64_t clock_thread_us(void)
{
    return read_us(CLOCK_THREAD_CPUTIME_ID);
}

void random_fill(void *data, size_t len)
{
    uint8_t *bytes = data;
    size_t done = 0;
    while (done < len) {
        const ssize_t got = getrandom(bytes + done, len - done, 0);
        ASSERT(got > 0 || errno == EINTR);
        done += got > 0 ? (size_t)got : 0;
    }
}

void random_draw(void *pool, void *data, size_t len)
{
    struct random_pool *own = pool;
    if (len > sizeof own->bytes) {
        random_fill(data, len);
        return;
    }
    if (own->left < len) {
        random_fill(own->bytes, sizeof own->bytes);
        own->left = sizeof own->bytes;
    }
    own->left -= len;
    memcpy(data, own->bytes + own->left, len);
}
