/* adapter.c: the adapter's process in the simulation: the real runner and platform; and the network behind it, with the
 * sandbox's model at its end. A request may not leave, arrive and not be answered, be answered late, or outlive the
 * adapter that sent it. */
#include "adapters/bluesky.h"
#include "adapters/runner.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/base/assert.h"
#include "core/message/codec.h"
#include "tests/sim/world.h"

#define REQUESTS_MAX 64
#define EXECUTED_WITHIN_MS \
    20000           /* a request that arrived is carried out by then or never: a commit well before its deadline */
#define TICK_MS 500 /* as the process has it */

const uint8_t sim_box_key[32] = {1, 2, 3};

/* A request under way. It ends once, as executed and answered, or as one of the ways in which networks fail. */
struct request {
    uint32_t incarnation;
    void *tag;
    struct arena *arena; /* the job's; only while its adapter lives */
    struct http_response response;
    int64_t deadline_ms; /* wall clock */
    bool no_answer;      /* it is executed, and the answer is lost */
    size_t method_len, path_len, query_len, authorization_len, type_len, body_len;
    uint8_t bytes[];
};

static void restart(struct world *world, struct parcel *parcel)
{
    (void)parcel;
    if (world->adapter.runner == NULL) {
        adapter_start(world);
    }
}

void adapter_crash(struct world *world)
{
    struct adapter_host *host = &world->adapter;
    if (host->runner == NULL) {
        return;
    }
    runner_free(host->runner);
    host->runner = NULL;
    trace(world, "adapter", "crashes");
    world_post(world, world_between(world, 50, world->calm ? 100 : 20000), restart, (struct span){0});
}

/* --- reports --- */

static void report_due(struct world *world, struct parcel *parcel);

static void send_report(struct world *world, uint64_t batch_number)
{
    struct adapter_host *host = &world->adapter;
    struct outcome_batch batch;
    struct arena arena;
    arena_init(&arena, (size_t)1 << 26);
    ASSERT(runner_report(host->runner, world_wall(world), &arena, &batch) == OK);
    const size_t cap = (size_t)1 << 16;
    void *bytes = arena_alloc(&arena, cap);
    ASSERT(bytes != NULL);
    struct buf out = buf_of(bytes, cap);
    ASSERT(record_encode(outcome_batch_desc(), &batch, &out) == OK);
    if (batch.outcomes_count > 0 || batch_number != 0) {
        bus_send(world, scheduler_reported, world->scheduler.incarnation, 0, batch_number, buf_span(&out));
    }
    arena_done(&arena);
    struct runner_figures figures;
    runner_figures(host->runner, &figures);
    if (figures.kept > 0 && !host->report_waits) {
        host->report_waits = true;
        world_post(world, RUNNER_AGAIN_MS + 1, report_due, (struct span){0})->incarnation = host->incarnation;
    }
}

static void report_due(struct world *world, struct parcel *parcel)
{
    struct adapter_host *host = &world->adapter;
    if (host->runner != NULL && host->incarnation == parcel->incarnation) {
        host->report_waits = false;
        send_report(world, 0);
    }
}

/* --- the network and the platform --- */

static struct span piece(const struct request *request, size_t before, size_t len)
{
    return span_of(request->bytes + before, len);
}

static void tick_due(struct world *world, struct parcel *parcel);

/* A job without a request under way waits for an instant. */
static void tick(struct world *world)
{
    struct adapter_host *host = &world->adapter;
    struct runner_figures figures;
    runner_tick(host->runner, world_wall(world));
    runner_figures(host->runner, &figures);
    if (figures.open > host->requests && !host->tick_waits) {
        host->tick_waits = true;
        world_post(world, TICK_MS, tick_due, (struct span){0})->incarnation = host->incarnation;
    }
}

static void tick_due(struct world *world, struct parcel *parcel)
{
    struct adapter_host *host = &world->adapter;
    if (host->runner != NULL && host->incarnation == parcel->incarnation) {
        host->tick_waits = false;
        tick(world);
    }
}

static void answered(struct world *world, struct parcel *parcel)
{
    struct request *request = parcel->pointer;
    struct adapter_host *host = &world->adapter;
    if (host->runner != NULL && request->incarnation == host->incarnation) {
        host->requests--;
        if (request->response.body.data != NULL) {
            const struct span body = span_of(parcel->bytes, parcel->len);
            ASSERT(arena_copy(request->arena, body, &request->response.body) == OK);
        }
        runner_answered(host->runner, world_wall(world), request->tag, &request->response);
        tick(world);
        if (runner_has_report(host->runner, world_wall(world))) {
            send_report(world, 0);
        }
    }
    free(request);
}

static void end_request(struct world *world, struct request *request, enum http_result result, unsigned status,
                        struct span body, int64_t after_ms)
{
    request->response.result = result;
    request->response.status = status;
    request->response.body = body;
    world_post(world, after_ms, answered, body)->pointer = request;
}

/* com.atproto.repo.createRecord -> createRecord */
static struct span last_name(struct span path)
{
    size_t start = path.len;
    while (start > 0 && path.data[start - 1] != '.' && path.data[start - 1] != '/') {
        start--;
    }
    return span_of(path.data + start, path.len - start);
}

static void execute(struct world *world, struct parcel *parcel)
{
    struct request *request = parcel->pointer;
    struct arena arena;
    struct model_answer answer;
    size_t at = 0;
    arena_init(&arena, (size_t)1 << 26);
    struct model_call call = {.method = piece(request, at, request->method_len)};
    at += request->method_len;
    call.path = piece(request, at, request->path_len);
    at += request->path_len;
    call.query = piece(request, at, request->query_len);
    at += request->query_len;
    call.authorization =
        request->authorization_len > 0 ? piece(request, at, request->authorization_len) : (struct span){0};
    at += request->authorization_len;
    call.content_type = request->type_len > 0 ? piece(request, at, request->type_len) : (struct span){0};
    at += request->type_len;
    call.body = piece(request, at, request->body_len);
    model_call_answer(world->model, world->true_ms, &call, &arena, &answer);
    const struct span name = last_name(call.path);
    trace(world, "platform", "%.*s: %u%s%s", (int)name.len, (const char *)name.data, answer.status,
          answer.silent ? ", silent" : "", request->no_answer ? ", unheard" : "");
    judge_platform(world);
    char reset[24];
    if (answer.limit_reset_s > 0 && request->incarnation == world->adapter.incarnation &&
        world->adapter.runner != NULL) {
        (void)snprintf(reset, sizeof reset, "%lld", (long long)(answer.limit_reset_s + world->offset_ms / 1000));
        ASSERT(arena_copy(request->arena, span_text(reset), &request->response.headers.rate_reset) == OK);
        ASSERT(arena_copy(request->arena, SPAN("0"), &request->response.headers.rate_remaining) == OK);
    }
    const int64_t left_ms = request->deadline_ms - world_wall(world);
    if (answer.silent || request->no_answer) {
        end_request(world, request, HTTP_NO_ANSWER, 0, (struct span){0}, world_between(world, 0, 1000));
    } else if (answer.delay_ms > left_ms) {
        end_request(world, request, HTTP_TIMED_OUT, 0, (struct span){0}, left_ms > 0 ? left_ms : 0);
    } else if (answer.truncated) {
        end_request(world, request, HTTP_TRUNCATED, answer.status, span_of(answer.body.data, answer.body.len / 2),
                    answer.delay_ms);
    } else {
        request->response.headers.content_type = SPAN("application/json");
        end_request(world, request, HTTP_COMPLETE, answer.status, answer.body,
                    answer.delay_ms + world_between(world, 1, 50));
    }
    arena_done(&arena);
}

static bool has_room(void *context)
{
    return ((struct world *)context)->adapter.requests < REQUESTS_MAX;
}

static const char *method_of(enum http_method method)
{
    return method == HTTP_GET ? "GET" : method == HTTP_POST ? "POST" : method == HTTP_PUT ? "PUT" : "DELETE";
}

/* https://host/path?query */
static void split_url(struct span url, struct span *path, struct span *query)
{
    size_t start = 8;
    while (start < url.len && url.data[start] != '/') {
        start++;
    }
    const struct span rest = span_of(url.data + start, url.len - start);
    const size_t mark = span_find(rest, '?');
    *path = span_of(rest.data, mark);
    *query = mark < rest.len ? span_of(rest.data + mark + 1, rest.len - mark - 1) : SPAN("");
}

static enum err start(void *context, const struct http_request *asked, int64_t now_ms, struct arena *arena, void *tag)
{
    struct world *world = context;
    const struct span method = span_text(method_of(asked->method));
    struct span path;
    struct span query;
    judge_token(world, asked->authorization);
    if (asked->deadline_ms <= now_ms) {
        return ERR_TIMED_OUT; /* as the real one: never sent */
    }
    split_url(asked->url, &path, &query);
    const size_t len =
        method.len + path.len + query.len + asked->authorization.len + asked->content_type.len + asked->body.len;
    struct request *request = calloc(1, sizeof *request + len);
    ASSERT(request != NULL);
    *request = (struct request){.incarnation = world->adapter.incarnation,
                                .tag = tag,
                                .arena = arena,
                                .deadline_ms = asked->deadline_ms,
                                .method_len = method.len,
                                .path_len = path.len,
                                .query_len = query.len,
                                .authorization_len = asked->authorization.len,
                                .type_len = asked->content_type.len,
                                .body_len = asked->body.len};
    struct buf out = buf_of(request->bytes, len);
    buf_put(&out, method);
    buf_put(&out, path);
    buf_put(&out, query);
    buf_put(&out, asked->authorization);
    buf_put(&out, asked->content_type);
    buf_put(&out, asked->body);
    world->adapter.requests++;
    if (world->adapter.unreachable > 0 || world_chance(world, world->faults.network)) {
        world->adapter.unreachable -= world->adapter.unreachable > 0;
        end_request(world, request, HTTP_NOT_SENT, 0, (struct span){0}, world_between(world, 0, 500));
    } else if (world_chance(world, world->faults.network)) {
        end_request(world, request, HTTP_NO_ANSWER, 0, (struct span){0}, world_between(world, 0, 2000));
    } else {
        const bool slow = world_chance(world, world->faults.slow);
        request->no_answer = world_chance(world, world->faults.network);
        world_post(world, world_between(world, 1, slow ? EXECUTED_WITHIN_MS : 50), execute, (struct span){0})->pointer =
            request;
    }
    return OK;
}

void adapter_start(struct world *world)
{
    static const struct guard guard;
    struct adapter_host *host = &world->adapter;
    struct runner_options options = {
        .platform = bluesky_platform(),
        .guard = &guard,
        .transport = {.context = world, .has_room = has_room, .start = start},
        .random = world_random,
        .random_context = world
    };
    memcpy(options.key, sim_box_key, sizeof options.key);
    ASSERT(runner_new(&options, &host->runner) == OK);
    host->incarnation++;
    host->requests = 0;
    host->report_waits = false;
    host->tick_waits = false;
    trace(world, "adapter", "starts");
}

void adapter_take(struct world *world, struct parcel *parcel)
{
    struct adapter_host *host = &world->adapter;
    if (host->runner == NULL) {
        return;
    }
    if (parcel->incarnation != host->incarnation) {
        bus_send(world, scheduler_refused, parcel->ticket, host->incarnation, parcel->number, (struct span){0});
        return;
    }
    struct arena arena;
    struct job_batch batch;
    arena_init(&arena, (size_t)1 << 26);
    ASSERT(record_decode(job_batch_desc(), span_of(parcel->bytes, parcel->len), &arena, &batch) == OK);
    ASSERT(runner_take(host->runner, world_wall(world), &batch) == OK);
    tick(world);
    arena_done(&arena);
    if (world_chance(world, world->faults.adapter_crash)) {
        adapter_crash(world); /* it has begun, and nobody hears of it */
        return;
    }
    send_report(world, parcel->number);
}
