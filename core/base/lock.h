/* lock.h: a mutex that cannot fail: taking a lock that we hold, or freeing one that we do not, is a bug. */
#ifndef OPENPOST_BASE_LOCK_H
#define OPENPOST_BASE_LOCK_H

#include <pthread.h>

#include "core/base/assert.h"

static inline void lock_init(pthread_mutex_t *lock)
{
    ASSERT(pthread_mutex_init(lock, NULL) == 0);
}

static inline void lock_take(pthread_mutex_t *lock)
{
    ASSERT(pthread_mutex_lock(lock) == 0);
}

static inline void lock_give(pthread_mutex_t *lock)
{
    ASSERT(pthread_mutex_unlock(lock) == 0);
}

static inline void lock_done(pthread_mutex_t *lock)
{
    ASSERT(pthread_mutex_destroy(lock) == 0);
}

#endif
