/* serve.c: see serve.h. What comes is authenticated before it is looked into (jobs_request_read); a request without
 * jobs is held until there is something to report. */
#include "adapters/serve.h"

#include "adapters/tray.h"
#include "core/base/assert.h"
#include "core/base/failpoint.h"
#include "core/wire/client.h"
#include "core/wire/endpoint.h"
#include "core/wire/pair.h"

#define MESSAGE_MEMORY_MAX ((size_t)64 << 20) /* a frame, its records, and the reply */
#define MEMORY_KEPT ((size_t)256 << 10)       /* between messages */

struct held {
    struct endpoint_request *request;
    uint8_t id[FRAME_ID_LEN];
    int64_t until_ms;
};

struct serve {
    struct arena arena;
    struct arena message; /* of the message at hand */
    struct guard guard;
    struct serve_options options;
    struct frame_key *key;
    struct transport *transport;
    struct runner *runner;
    struct endpoint *endpoint;
    struct held held[SERVE_REQUESTS_MAX];
    unsigned held_count;
    bool stopping;
    struct serve_figures figures;
    struct tray tray;
};

static bool has_room(void *context)
{
    return transport_has_room(((const struct serve *)context)->transport);
}

static enum err start(void *context, const struct http_request *request, int64_t now_ms, struct arena *arena, void *tag)
{
    TRY(transport_start(((struct serve *)context)->transport, request, now_ms, arena, tag));
    FAILPOINT("request_started");
    return OK;
}

static enum err open_parts(struct serve *serve)
{
    const struct transport_options transport = {.guard = &serve->guard,
                                                .transfers_max = SERVE_TRANSFERS_MAX,
                                                .per_host_max = SERVE_PER_HOST_MAX,
                                                .wake_fd = serve->options.wake_fd};
    struct runner_options runner = {
        .platform = serve->options.platform,
        .guard = &serve->guard,
        .transport = {.context = serve, .has_room = has_room, .start = start},
        .random = serve->options.random
    };
    client_transport_key(serve->options.key, runner.key);
    TRY(frame_key_new(serve->options.key, &serve->key));
    TRY(transport_open(&transport, &serve->transport));
    const enum err err = runner_new(&runner, &serve->runner);
    explicit_bzero(runner.key, sizeof runner.key);
    return err;
}

enum err serve_open(const struct serve_options *options, struct serve **ret_serve)
{
    struct arena arena;
    arena_init(&arena, sizeof(struct serve) + 65536);
    struct serve *serve = arena_alloc(&arena, sizeof *serve);
    if (serve == NULL) {
        return ERR_NO_MEMORY;
    }
    *serve = (struct serve){.arena = arena, .guard = options->guard, .options = *options};
    arena_init(&serve->message, MESSAGE_MEMORY_MAX);
    tray_init(&serve->tray);
    const enum err err = open_parts(serve);
    explicit_bzero(serve->options.key, sizeof serve->options.key);
    if (err != OK) {
        serve_close(serve);
        return err;
    }
    *ret_serve = serve;
    return OK;
}

/* On a thread of the socket's. */
static void arrived(void *context, struct endpoint_request *request)
{
    struct serve *serve = context;
    if (tray_put(&serve->tray, request)) {
        transport_wake(serve->transport);
    }
}

enum err serve_listen(struct serve *serve)
{
    const struct endpoint_options options = {.url = serve->options.url,
                                             .contexts = SERVE_REQUESTS_MAX,
                                             .per_connection = SERVE_REQUESTS_MAX,
                                             .frame_max = FRAME_BYTES_MAX,
                                             .handle = arrived,
                                             .context = serve};
    return endpoint_open(&options, &serve->endpoint);
}

void serve_close(struct serve *serve)
{
    if (serve == NULL) {
        return;
    }
    if (serve->endpoint != NULL) {
        endpoint_stop(serve->endpoint);
    }
    for (unsigned i = 0; i < serve->held_count; i++) {
        endpoint_drop(serve->held[i].request);
    }
    tray_done(&serve->tray);
    endpoint_close(serve->endpoint);
    transport_close(serve->transport);
    runner_free(serve->runner);
    frame_key_free(serve->key);
    arena_done(&serve->message);
    struct arena arena = serve->arena;
    arena_done(&arena);
}

uint16_t serve_port(const struct serve *serve)
{
    return endpoint_port(serve->endpoint);
}

static void reply_outcomes(struct serve *serve, struct endpoint_request *request, const uint8_t id[FRAME_ID_LEN],
                           const struct outcome_batch *batch)
{
    const size_t cap = batch->outcomes_count == 0 ? 4096 : FRAME_BYTES_MAX;
    uint8_t *bytes = arena_room(&serve->message, cap);
    struct buf out = buf_of(bytes, cap);
    if (bytes == NULL || jobs_reply_write(serve->key, id, batch, &serve->message, &out) != OK) {
        endpoint_drop(request); /* what was reported is reported again */
        return;
    }
    endpoint_reply(request, buf_span(&out));
    if (batch->outcomes_count > 0) {
        FAILPOINT("outcomes_reported");
    }
}

static void report(struct serve *serve, struct endpoint_request *request, const uint8_t id[FRAME_ID_LEN],
                   int64_t now_ms)
{
    struct outcome_batch batch;
    if (runner_report(serve->runner, now_ms, &serve->message, &batch) != OK) {
        endpoint_drop(request);
        return;
    }
    reply_outcomes(serve, request, id, &batch);
}

static void hold(struct serve *serve, struct endpoint_request *request, const uint8_t id[FRAME_ID_LEN], int64_t now_ms)
{
    ASSERT(serve->held_count < SERVE_REQUESTS_MAX);
    struct held *held = &serve->held[serve->held_count];
    held->request = request;
    held->until_ms = now_ms + JOBS_WAIT_MS;
    memcpy(held->id, id, FRAME_ID_LEN);
    serve->held_count++;
}

/* Not taken, for want of room or because the process ends: the scheduler keeps the jobs. */
static void turn_away(struct serve *serve, struct endpoint_request *request, const uint8_t id[FRAME_ID_LEN])
{
    uint8_t bytes[256];
    struct buf out = buf_of(bytes, sizeof bytes);
    serve->figures.away++;
    if (pair_refuse_write(serve->key, id, &out) != OK) {
        endpoint_drop(request);
        return;
    }
    endpoint_reply(request, buf_span(&out));
}

static void take_batch(struct serve *serve, struct endpoint_request *request, const uint8_t id[FRAME_ID_LEN],
                       const struct job_batch *batch, int64_t now_ms)
{
    const bool closed = serve->stopping && batch->jobs_count > 0;
    if (batch->recall) {
        runner_recall(serve->runner, now_ms);
    }
    if (closed || runner_take(serve->runner, now_ms, batch) != OK) {
        turn_away(serve, request, id);
    } else if (batch->jobs_count + batch->done_count > 0 || batch->recall || runner_has_report(serve->runner, now_ms)) {
        report(serve, request, id, now_ms);
    } else {
        hold(serve, request, id, now_ms);
    }
}

static void take_message(struct serve *serve, struct endpoint_request *request, int64_t now_ms)
{
    uint8_t id[FRAME_ID_LEN];
    uint8_t bytes[256];
    struct job_batch batch = {0};
    struct buf out = buf_of(bytes, sizeof bytes);
    serve->figures.requests++;
    const enum err err =
        jobs_request_read(serve->key, endpoint_bytes(request), serve->options.challenge, &serve->message, id, &batch);
    if (err == OK) {
        endpoint_trust(request, &(struct id){0});
        take_batch(serve, request, id, &batch, now_ms);
    } else if (err == ERR_CONFLICT && pair_welcome_write(serve->key, id, serve->options.challenge, &out) == OK) {
        endpoint_trust(request, &(struct id){0});
        endpoint_reply(request, buf_span(&out));
    } else {
        serve->figures.strange++;
        endpoint_drop(request);
    }
}

static void forget_message(struct serve *serve)
{
    arena_wipe(&serve->message); /* there are jobs' secrets in it */
    if (serve->message.total > MEMORY_KEPT) {
        arena_done(&serve->message);
    }
}

/* Answers held requests that have something to hear, or have waited long enough. */
static void answer_held(struct serve *serve, int64_t now_ms)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < serve->held_count; i++) {
        if (runner_has_report(serve->runner, now_ms) || serve->held[i].until_ms <= now_ms) {
            report(serve, serve->held[i].request, serve->held[i].id, now_ms);
            forget_message(serve);
        } else {
            serve->held[kept] = serve->held[i];
            kept++;
        }
    }
    serve->held_count = kept;
}

void serve_step(struct serve *serve, int64_t (*now)(void), int wait_ms)
{
    void *tag = NULL;
    struct http_response response;
    transport_poll(serve->transport, wait_ms);
    while (transport_next(serve->transport, &tag, &response)) {
        FAILPOINT("answer_arrived");
        runner_answered(serve->runner, now(), tag, &response);
    }
    for (struct endpoint_request *request = tray_take(&serve->tray); request != NULL;
         request = tray_take(&serve->tray)) {
        take_message(serve, request, now());
        forget_message(serve);
    }
    runner_tick(serve->runner, now());
    answer_held(serve, now());
}

void serve_stopping(struct serve *serve, int64_t now_ms)
{
    serve->stopping = true;
    runner_recall(serve->runner, now_ms);
}

bool serve_is_idle(const struct serve *serve)
{
    struct runner_figures figures;
    runner_figures(serve->runner, &figures);
    return figures.open == 0 && figures.kept == 0;
}

void serve_figures(const struct serve *serve, struct serve_figures *ret_figures)
{
    struct serve_figures figures = serve->figures;
    runner_figures(serve->runner, &figures.runner);
    *ret_figures = figures;
}
