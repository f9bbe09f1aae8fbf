/* hashers.c: see hashers.h. A ring of jobs that hold copies, so that whoever asked may forget the password at once.
 * Called by the handlers of sign-in. Must never leave a password or a hash behind. */
#include "gateway/sign_in/hashers.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "core/base/lock.h"

#define NICER 10 /* of setpriority: a request is served before a password is hashed */

struct job {
    uint8_t password[HASHERS_PASSWORD_MAX];
    size_t password_len;
    uint8_t salt[HASHERS_SALT_MAX];
    size_t salt_len;
    struct scrypt_cost cost;
    hashed *done;
    void *context;
};

struct hashers {
    hash_function *function;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    pthread_t threads[HASHERS_THREADS];
    unsigned started; /* threads that were made */
    unsigned ready;   /* of them, those that have their priority */
    bool stopping;
    size_t first, count; /* of the ring */
    struct job ring[HASHERS_QUEUE_MAX];
};

static void run_job(struct hashers *hashers, struct job *job)
{
    uint8_t hash[SCRYPT_LEN];
    const enum err err = hashers->function(span_of(job->password, job->password_len), span_of(job->salt, job->salt_len),
                                           &job->cost, hash, sizeof hash);
    job->done(job->context, err, err == OK ? span_of(hash, sizeof hash) : (struct span){0});
    explicit_bzero(hash, sizeof hash);
    explicit_bzero(job, sizeof *job);
}

/* Takes the first job out; under the mutex. */
static void take(struct hashers *hashers, struct job *ret_job)
{
    struct job *job = &hashers->ring[hashers->first];
    *ret_job = *job;
    explicit_bzero(job, sizeof *job);
    hashers->first = (hashers->first + 1) % HASHERS_QUEUE_MAX;
    hashers->count--;
}

/* On its thread: Linux gives each thread a priority of its own (setpriority(2), NOTES). A kernel that refuses leaves
 * it as it was. The first hash lets OpenSSL look up what it needs. */
static void prepare(void)
{
    uint8_t hash[SCRYPT_LEN];
    const struct scrypt_cost cost = {.n = 2, .r = 1, .p = 1};
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICER);
    ASSERT(scrypt(SPAN(""), SPAN(""), &cost, hash, sizeof hash) == OK);
}

static void *run(void *context)
{
    struct hashers *hashers = context;
    struct job job;
    prepare();
    lock_take(&hashers->mutex);
    hashers->ready++;
    (void)pthread_cond_broadcast(&hashers->cond);
    while (!hashers->stopping) {
        if (hashers->count == 0) {
            (void)pthread_cond_wait(&hashers->cond, &hashers->mutex);
            continue;
        }
        take(hashers, &job);
        lock_give(&hashers->mutex);
        run_job(hashers, &job);
        lock_take(&hashers->mutex);
    }
    lock_give(&hashers->mutex);
    return NULL;
}

enum err hashers_open(hash_function *function, struct hashers **ret_hashers)
{
    struct hashers *hashers = calloc(1, sizeof *hashers);
    if (hashers == NULL) {
        return ERR_NO_MEMORY;
    }
    hashers->function = function;
    lock_init(&hashers->mutex);
    ASSERT(pthread_cond_init(&hashers->cond, NULL) == 0);
    bool made = true;
    while (made && hashers->started < HASHERS_THREADS) {
        made = pthread_create(&hashers->threads[hashers->started], NULL, run, hashers) == 0;
        hashers->started += made;
    }
    lock_take(&hashers->mutex);
    while (hashers->ready < hashers->started) {
        (void)pthread_cond_wait(&hashers->cond, &hashers->mutex);
    }
    lock_give(&hashers->mutex);
    if (!made) {
        hashers_close(hashers);
        return ERR_NO_MEMORY;
    }
    *ret_hashers = hashers;
    return OK;
}

/* Under the mutex. */
static enum err enter(struct hashers *hashers, const struct hash_wish *wish, hashed *done, void *context)
{
    if (hashers->stopping || hashers->count == HASHERS_QUEUE_MAX) {
        return hashers->stopping ? ERR_CLOSED : ERR_BUSY;
    }
    struct job *job = &hashers->ring[(hashers->first + hashers->count) % HASHERS_QUEUE_MAX];
    job->password_len = wish->password.len;
    job->salt_len = wish->salt.len;
    job->cost = wish->cost;
    job->done = done;
    job->context = context;
    struct buf password = buf_of(job->password, sizeof job->password);
    struct buf salt = buf_of(job->salt, sizeof job->salt);
    buf_put(&password, wish->password);
    buf_put(&salt, wish->salt);
    hashers->count++;
    return OK;
}

enum err hashers_put(struct hashers *hashers, const struct hash_wish *wish, hashed *done, void *context)
{
    if (wish->password.len > HASHERS_PASSWORD_MAX || wish->salt.len > HASHERS_SALT_MAX) {
        return ERR_TOO_LONG;
    }
    lock_take(&hashers->mutex);
    const enum err err = enter(hashers, wish, done, context);
    (void)pthread_cond_signal(&hashers->cond);
    lock_give(&hashers->mutex);
    return err;
}

void hashers_stop(struct hashers *hashers)
{
    if (hashers == NULL) {
        return;
    }
    lock_take(&hashers->mutex);
    hashers->stopping = true;
    (void)pthread_cond_broadcast(&hashers->cond);
    lock_give(&hashers->mutex);
    while (hashers->started > 0) {
        hashers->started--;
        ASSERT(pthread_join(hashers->threads[hashers->started], NULL) == 0);
    }
    while (hashers->count > 0) { /* nobody else is left who could touch it */
        struct job job;
        take(hashers, &job);
        job.done(job.context, ERR_CLOSED, (struct span){0});
        explicit_bzero(&job, sizeof job);
    }
}

void hashers_close(struct hashers *hashers)
{
    if (hashers != NULL) {
        hashers_stop(hashers);
        (void)pthread_cond_destroy(&hashers->cond);
        lock_done(&hashers->mutex);
        free(hashers);
    }
}
