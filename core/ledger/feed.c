/* feed.c: see feed.h. Called by ledger_replay.c. Batches go round: filled by the reader, emptied by whoever applies,
 * each owned by one of the two at any time; the mutex guards only how many are whose. Must never hold more than
 * BATCHES batches. */
#include "core/ledger/feed.h"

#include <pthread.h>
#include <stdlib.h>

#include "core/base/assert.h"
#include "core/message/codec.h"

#define BATCHES 4
#define BATCH_EVENTS 256
#define BATCH_BYTES ((size_t)1 << 20) /* a batch with so many is full */
#define BATCH_BYTES_MAX ((size_t)64 << 20)

struct batch {
    struct arena arena; /* payloads and what was decoded out of them */
    size_t bytes;
    uint32_t count;
    enum err err; /* what ended the batch; OK: it is full */
    struct log_event at[BATCH_EVENTS];
    struct event events[BATCH_EVENTS];
};

struct feed {
    struct log_cursor *cursor;
    struct batch *batches; /* BATCHES of them */
    uint64_t taken;        /* batches that the consumer began */
    uint32_t next;         /* event of the batch at hand */
    bool threaded;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    uint64_t filled;  /* batches that the reader finished */
    uint64_t emptied; /* batches that the consumer gave back */
    bool stopped;
};

static enum err fill_one(struct feed *feed, struct batch *batch)
{
    struct log_event *at = &batch->at[batch->count];
    TRY(log_cursor_next(feed->cursor, at));
    TRY(arena_copy(&batch->arena, at->payload, &at->payload));
    TRY(event_decode(at->payload, &batch->arena, &batch->events[batch->count]));
    batch->bytes += at->payload.len;
    batch->count++;
    return OK;
}

static void fill(struct feed *feed, struct batch *batch)
{
    arena_reset(&batch->arena);
    batch->bytes = 0;
    batch->count = 0;
    batch->err = OK;
    while (batch->err == OK && batch->count < BATCH_EVENTS && batch->bytes < BATCH_BYTES) {
        batch->err = fill_one(feed, batch);
    }
}

static struct batch *batch_at(struct feed *feed, uint64_t number)
{
    return &feed->batches[number % BATCHES];
}

/* The thread: fills batches until one ends with an error, the log's end among them. */
static void *read_ahead(void *context)
{
    struct feed *feed = context;
    bool more = true;
    for (uint64_t number = 0; more; number++) {
        ASSERT(pthread_mutex_lock(&feed->mutex) == 0);
        while (number - feed->emptied == BATCHES && !feed->stopped) {
            ASSERT(pthread_cond_wait(&feed->changed, &feed->mutex) == 0);
        }
        more = !feed->stopped;
        ASSERT(pthread_mutex_unlock(&feed->mutex) == 0);
        if (more) {
            fill(feed, batch_at(feed, number));
            more = batch_at(feed, number)->err == OK;
            ASSERT(pthread_mutex_lock(&feed->mutex) == 0);
            feed->filled = number + 1;
            ASSERT(pthread_cond_signal(&feed->changed) == 0);
            ASSERT(pthread_mutex_unlock(&feed->mutex) == 0);
        }
    }
    return NULL;
}

/* Gives back the batch at hand and waits for the next one. */
static void turn(struct feed *feed)
{
    if (!feed->threaded) {
        fill(feed, batch_at(feed, feed->taken));
    } else {
        ASSERT(pthread_mutex_lock(&feed->mutex) == 0);
        feed->emptied = feed->taken;
        ASSERT(pthread_cond_signal(&feed->changed) == 0);
        while (feed->filled == feed->taken) {
            ASSERT(pthread_cond_wait(&feed->changed, &feed->mutex) == 0);
        }
        ASSERT(pthread_mutex_unlock(&feed->mutex) == 0);
    }
    feed->taken++;
    feed->next = 0;
}

enum err feed_next(struct feed *feed, struct fact *ret_fact)
{
    if (feed->taken == 0) {
        turn(feed);
    }
    struct batch *batch = batch_at(feed, feed->taken - 1);
    if (feed->next == batch->count) {
        TRY(batch->err);
        turn(feed);
        batch = batch_at(feed, feed->taken - 1);
        if (batch->count == 0) {
            return batch->err;
        }
    }
    *ret_fact = (struct fact){.at = &batch->at[feed->next], .event = &batch->events[feed->next]};
    feed->next++;
    return OK;
}

enum err feed_open(struct log *log, uint64_t after, struct feed **ret_feed)
{
    OWNED(feed_close) struct feed *feed = calloc(1, sizeof *feed);
    if (feed == NULL) {
        return ERR_NO_MEMORY;
    }
    feed->batches = calloc(BATCHES, sizeof *feed->batches);
    if (feed->batches == NULL) {
        return ERR_NO_MEMORY;
    }
    for (unsigned i = 0; i < BATCHES; i++) {
        arena_init(&feed->batches[i].arena, BATCH_BYTES_MAX);
    }
    TRY(log_cursor_open(log, after, &feed->cursor));
    if (log_may_be_shared(log)) {
        ASSERT(pthread_mutex_init(&feed->mutex, NULL) == 0);
        ASSERT(pthread_cond_init(&feed->changed, NULL) == 0);
        feed->threaded = pthread_create(&feed->thread, NULL, read_ahead, feed) == 0; /* else it goes without */
        if (!feed->threaded) {
            ASSERT(pthread_cond_destroy(&feed->changed) == 0);
            ASSERT(pthread_mutex_destroy(&feed->mutex) == 0);
        }
    }
    *ret_feed = feed;
    feed = NULL;
    return OK;
}

void feed_close(struct feed *feed)
{
    if (feed == NULL) {
        return;
    }
    if (feed->threaded) {
        ASSERT(pthread_mutex_lock(&feed->mutex) == 0);
        feed->stopped = true;
        ASSERT(pthread_cond_signal(&feed->changed) == 0);
        ASSERT(pthread_mutex_unlock(&feed->mutex) == 0);
        ASSERT(pthread_join(feed->thread, NULL) == 0);
        ASSERT(pthread_cond_destroy(&feed->changed) == 0);
        ASSERT(pthread_mutex_destroy(&feed->mutex) == 0);
    }
    log_cursor_close(feed->cursor);
    for (unsigned i = 0; feed->batches != NULL && i < BATCHES; i++) {
        arena_done(&feed->batches[i].arena);
    }
    free(feed->batches);
    free(feed);
}
