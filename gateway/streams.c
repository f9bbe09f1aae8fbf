/* streams.c: see streams.h. The thread owns the list; what the ledger answers comes on a thread of the wire's, and only
 * touches a stream that is marked as asking, which is not freed meanwhile. */
#include "gateway/streams.h"

#include <stdlib.h>
#include <time.h>

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/base/lock.h"
#include "gateway/gate/watch.h"
#include "gateway/gateway.h"

#define LOOK_MS 200
#define SOON_US 5000  /* how often one is looked at whose client has yet to take what was put, and soon will */
#define BEAT_MS 15000 /* a comment, so that both sides and what is between them notice a dead connection */
#define EVENTS_ASKED 200

struct event_stream {
    struct event_stream *next;
    struct streams *streams;
    struct server_stream *out;
    struct watch *watch;
    uint64_t last; /* the last workspace_seq that was put */
    int64_t beat_ms;
    bool asking; /* the ledger has a question and will answer */
    bool more;   /* the last answer was not the end: to be looked at as soon as its client has taken it */
};

struct streams {
    struct gateway *gateway;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    pthread_t thread;
    bool running;
    bool stopping;
    struct event_stream *first;
    uint32_t count;
};

/* --- the ledger's answers --- */

/* The position, a line break, and the events as they are to be sent. */
static enum err read_answer(struct span body, uint64_t *ret_last, struct span *ret_events)
{
    enum refusal refusal = ACCEPTED;
    struct span result;
    TRY(body_result_read(body, &refusal, &result));
    if (refusal != ACCEPTED) {
        return ERR_NOT_FOUND;
    }
    return log_question_split(result, ret_last, ret_events);
}

/* What is not put now is asked for again. */
static void answered(void *context, enum err err, struct span body)
{
    struct event_stream *stream = context;
    struct streams *streams = stream->streams;
    uint64_t last = 0;
    struct span events = {0};
    err = err == OK ? read_answer(body, &last, &events) : err;
    lock_take(&streams->mutex);
    if (err == OK && last > stream->last && stream->out != NULL && server_stream_put(stream->out, events) == OK) {
        stream->more = last - stream->last >= EVENTS_ASKED; /* more, where not all of them are seen */
        stream->last = last;
        stream->beat_ms = clock_boot_ms();
    }
    stream->asking = false;
    (void)pthread_cond_signal(&streams->cond);
    lock_give(&streams->mutex);
}

static void ask(struct event_stream *stream)
{
    const struct log_question question = {.name = "server_sent", .first = stream->last, .second = EVENTS_ASKED};
    stream->asking = true;
    stream->more = false;
    /* The mutex is held; an answer comes on another thread, never within the call. */
    if (watch_ask(stream->watch, &question, answered, stream) != OK) {
        stream->asking = false;
    }
}

/* --- the thread --- */

static void end_stream(struct event_stream *stream)
{
    server_stream_end(stream->out);
    stream->out = NULL;
}

/* Under the mutex. Whoever may not see more is cut off though the ledger has yet to answer: that may take longer than a
 * second. */
static void look_at(struct event_stream *stream, int64_t now_ms)
{
    if (stream->out == NULL) {
        return;
    }
    bool more = false;
    const enum err seen = watch_look(stream->watch, clock_wall_ms(), stream->last, &more);
    const enum err state = server_stream_state(stream->out);
    stream->more = stream->more && more; /* the last answer ended where the events do */
    if (seen == ERR_ALTERED) {
        gate_damaged(stream->streams->gateway->gate);
    }
    stream->more = stream->more && state == ERR_BUSY && !stream->asking;
    if (seen == ERR_AUTH || (state != OK && state != ERR_BUSY)) {
        end_stream(stream);
    } else if (stream->asking) {
        return;
    } else if (state == OK && seen == OK && more) {
        ask(stream);
    } else if (state == OK && now_ms - stream->beat_ms >= BEAT_MS) {
        stream->beat_ms = now_ms;
        const enum err put = server_stream_put(stream->out, SPAN(":\n\n"));
        (void)put; /* one that is gone is seen the next time */
    }
}

static void free_stream(struct event_stream *stream)
{
    watch_close(stream->watch);
    free(stream);
}

/* Under the mutex: frees the ended ones that nobody will answer any more. */
static void sweep(struct streams *streams)
{
    struct event_stream **link = &streams->first;
    while (*link != NULL) {
        struct event_stream *stream = *link;
        if (stream->out == NULL && !stream->asking) {
            *link = stream->next;
            streams->count--;
            free_stream(stream);
        } else {
            link = &stream->next;
        }
    }
}

/* More is behind it, and its client takes what it is given. One that does not read for a while is no hurry: it is
 * looked at when all are. */
static bool is_hurry(const struct event_stream *stream, int64_t now_ms)
{
    return stream->more && !stream->asking && stream->out != NULL && now_ms - stream->beat_ms < LOOK_MS;
}

/* Under the mutex. True: some are to be looked at again soon. */
static bool look_at_hurries(struct streams *streams)
{
    const int64_t now_ms = clock_boot_ms();
    bool any = false;
    for (struct event_stream *stream = streams->first; stream != NULL; stream = stream->next) {
        if (is_hurry(stream, now_ms)) {
            look_at(stream, now_ms);
            any = any || is_hurry(stream, now_ms);
        }
    }
    return any;
}

static void sleep_until(struct streams *streams, int64_t until_us)
{
    const struct timespec until = {.tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000};
    (void)pthread_cond_timedwait(&streams->cond, &streams->mutex, &until);
}

static void *run(void *context)
{
    struct streams *streams = context;
    lock_take(&streams->mutex);
    while (!streams->stopping) {
        const int64_t until_us = clock_monotonic_us() + (int64_t)LOOK_MS * 1000;
        for (struct event_stream *stream = streams->first; stream != NULL; stream = stream->next) {
            look_at(stream, clock_boot_ms());
        }
        sweep(streams);
        int64_t now_us = 0;
        do { /* at least one sleep, however long the looks took: whoever adds or answers needs the mutex */
            const bool any = look_at_hurries(streams);
            now_us = clock_monotonic_us();
            sleep_until(streams, any && now_us + SOON_US < until_us ? now_us + SOON_US : until_us);
            now_us = clock_monotonic_us();
        } while (!streams->stopping && now_us < until_us);
    }
    for (struct event_stream *stream = streams->first; stream != NULL; stream = stream->next) {
        end_stream(stream);
    }
    lock_give(&streams->mutex);
    return NULL;
}

/* --- the beginning and the end --- */

enum err streams_open(struct gateway *gateway, struct streams **ret_streams)
{
    struct streams *streams = calloc(1, sizeof *streams);
    if (streams == NULL) {
        return ERR_NO_MEMORY;
    }
    pthread_condattr_t monotonic;
    streams->gateway = gateway;
    lock_init(&streams->mutex);
    bool ok = pthread_condattr_init(&monotonic) == 0;
    ok = ok && pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0;
    ok = ok && pthread_cond_init(&streams->cond, &monotonic) == 0;
    ASSERT(ok);
    (void)pthread_condattr_destroy(&monotonic);
    streams->running = pthread_create(&streams->thread, NULL, run, streams) == 0;
    if (!streams->running) {
        streams_close(streams);
        return ERR_NO_MEMORY;
    }
    *ret_streams = streams;
    return OK;
}

void streams_stop(struct streams *streams)
{
    if (streams == NULL || !streams->running) {
        return;
    }
    lock_take(&streams->mutex);
    streams->stopping = true;
    (void)pthread_cond_signal(&streams->cond);
    lock_give(&streams->mutex);
    (void)pthread_join(streams->thread, NULL);
    streams->running = false;
}

void streams_close(struct streams *streams)
{
    if (streams == NULL) {
        return;
    }
    streams_stop(streams);
    sweep(streams);
    ASSERT(streams->first == NULL);
    (void)pthread_cond_destroy(&streams->cond);
    lock_done(&streams->mutex);
    free(streams);
}

/* Under the mutex: whether this key may have one more. */
static bool has_room(const struct streams *streams, const struct id *key_id)
{
    uint32_t of_key = 0;
    for (const struct event_stream *stream = streams->first; stream != NULL; stream = stream->next) {
        of_key += id_equal(&watch_badge(stream->watch)->key_id, key_id) ? 1 : 0;
    }
    return !streams->stopping && streams->count < STREAMS_MAX && of_key < STREAMS_PER_KEY_MAX;
}

static enum err make(struct exchange *x, uint64_t after, struct event_stream **ret_stream)
{
    struct event_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) {
        return ERR_NO_MEMORY;
    }
    *stream = (struct event_stream){.streams = x->gateway->streams, .last = after, .beat_ms = clock_boot_ms()};
    enum err err = watch_open(x->pass, &stream->watch);
    err = err == OK ? server_stream_new(&stream->out) : err;
    if (err != OK) {
        free_stream(stream);
        return err;
    }
    *ret_stream = stream;
    return OK;
}

void streams_add(struct exchange *x, uint64_t after)
{
    struct streams *streams = x->gateway->streams;
    struct event_stream *stream = NULL;
    const enum err err = make(x, after, &stream);
    if (err != OK) {
        exchange_failed(x, err);
        return;
    }
    struct server_stream *out = stream->out;
    lock_take(&streams->mutex);
    const bool room = has_room(streams, &watch_badge(stream->watch)->key_id);
    if (room) {
        const enum err put = server_stream_put(out, SPAN("retry: 2000\n\n"));
        ASSERT(put == OK || put == ERR_NO_MEMORY);
        exchange_stream(x, out);
        stream->next = streams->first;
        streams->first = stream;
        streams->count++;
        (void)pthread_cond_signal(&streams->cond);
    }
    lock_give(&streams->mutex);
    if (!room) {
        end_stream(stream);
        free_stream(stream);
        exchange_problem(x, REFUSED_too_many_connections, "Too many event streams are open.", NULL, NULL);
    }
}
