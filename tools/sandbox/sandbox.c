/* sandbox.c: the simulated platform on a port: platform_model.h behind gateway/server.h, and a few addresses under
 * /sandbox by which tests and people set rules, turn its clock and ask what is live. One mutex: the model is one
 * platform. */
#include "tools/sandbox/sandbox.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/base/journal.h"
#include "core/base/limits.h"
#include "core/base/process.h"
#include "core/calendar/instant.h"
#include "core/message/codec.h"
#include "core/message/json_read.h"
#include "gateway/server.h"
#include "tools/sandbox/keep.h"
#include "tools/sandbox/platform_model.h"
#include "tools/tools.h"

static const char usage[] =
    "usage: openpost sandbox --listen ADDR:PORT [--keep FILE] [--keyless] [--latency MS]\n"
    " e.g.: openpost sandbox --listen 127.0.0.1:9000 --keep records\n\n"
    "A simulated platform (Bluesky's XRPC) for dry runs: nothing leaves the machine. Any identifier and password sign\n"
    "in; the password \"wrong\" does not. An account connects to it with \"service\":\"http://127.0.0.1:9000\" where "
    "serve "
    "has\n--allow-loopback 9000. Besides the platform's own calls:\n"
    "  GET    /sandbox/live    {records, posts, duplicates, calls, creates}\n"
    "  GET    /sandbox/posts   every live record\n"
    "  POST   /sandbox/rules   {\"path\",\"contains\",\"skip\",\"times\",\"fault\",\"value_ms\",\"retry_after\"}:\n"
    "                          the calls whose address ends with path and whose body contains that (\"\": any) go\n"
    "                          wrong, after the first skip, so many times (0: from then on); retry_after is that "
    "header\n"
    "                          of the answer, seconds or a date; e.g.\n"
    "                          {\"path\":\"createRecord\",\"times\":1,\"fault\":\"silence_after_accepting\"}\n"
    "  DELETE /sandbox/rules   forget all rules\n"
    "  POST   /sandbox/clock   {\"ahead_ms\"}: its clock runs so much ahead of this machine's\n"
    "faults:\n"
#define X(name_, word_, doc_) "  " word_ ": " doc_ "\n"
    MODEL_FAULT_TABLE(X)
#undef X
        "Rules and clock are forgotten at the end, and without --keep every record.";

struct later; /* an answer that waits */

struct sandbox {
    pthread_mutex_t mutex;
    struct model *model;
    int64_t ahead_ms;
    int64_t latency_ms;
    struct later *first; /* ordered by due_ms; under the mutex */
    pthread_cond_t wake;
    bool stopping;
};

struct later {
    struct later *next;
    int64_t due_ms;
    struct request *request;
    struct model_answer answer;
};

static void put_number(struct buf *out, const char *name, uint64_t value)
{
    buf_text(out, name);
    buf_u64(out, value);
}

static const char *method_word(enum method method)
{
    switch (method) {
    case METHOD_GET:
    case METHOD_HEAD:
        return "GET";
    case METHOD_POST:
        return "POST";
    case METHOD_DELETE:
        return "DELETE";
    case METHOD_PUT:
    case METHOD_PATCH:
    case METHOD_OPTIONS:
    case METHOD_OTHER:
        break;
    }
    return "OTHER";
}

/* As a Date header has it (RFC 9110 section 5.6.7). */
static void put_date(char *text, size_t size, int64_t time_ms)
{
    static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int year;
    int month;
    int day;
    instant_date(time_ms, &year, &month, &day);
    const int64_t since_1970 = instant_days(year, month, day);
    const int second = (int)((time_ms - since_1970 * DAY_MS) / SECOND_MS);
    (void)snprintf(text, size, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[(since_1970 % 7 + 7) % 7], day,
                   months[month - 1], year, second / 3600, second / 60 % 60, second % 60);
}

static void answer_model(struct request *request, const struct model_answer *answer)
{
    char date[100];
    put_date(date, sizeof date, answer->date_ms);
    struct response response = {
        .status = answer->status, .content_type = SPAN("application/json"), .body = answer->body};
    response.headers[0] = (struct header){"Date", span_text(date)};
    response.header_count = 1;
    char reset_text[24];
    struct buf reset = buf_of(reset_text, sizeof reset_text);
    if (answer->limit_reset_s != 0) {
        buf_i64(&reset, answer->limit_reset_s);
        response.headers[1] = (struct header){"RateLimit-Limit", SPAN("3000")};
        response.headers[2] = (struct header){"RateLimit-Remaining", SPAN("0")};
        response.headers[3] = (struct header){"RateLimit-Reset", buf_span(&reset)};
        response.headers[4] = (struct header){"RateLimit-Policy", SPAN("3000;w=300")};
        response.header_count = 5;
    }
    if (answer->retry_after.data != NULL) {
        response.headers[response.header_count] = (struct header){"Retry-After", answer->retry_after};
        response.header_count++;
    }
    response.abort = answer->silent;
    response.truncate = answer->truncated ? (answer->body.len / 2 > 0 ? answer->body.len / 2 : 1) : 0;
    server_answer(request, &response);
}

static void answer_later(struct sandbox *sandbox, struct request *request, const struct model_answer *answer,
                         int64_t delay_ms)
{
    struct later *later = malloc(sizeof *later);
    if (later == NULL) {
        answer_model(request, answer);
        return;
    }
    *later = (struct later){.due_ms = clock_monotonic_us() / 1000 + delay_ms, .request = request, .answer = *answer};
    (void)pthread_mutex_lock(&sandbox->mutex);
    struct later **at = &sandbox->first;
    while (*at != NULL && (*at)->due_ms <= later->due_ms) {
        at = &(*at)->next;
    }
    later->next = *at;
    *at = later;
    (void)pthread_cond_signal(&sandbox->wake);
    (void)pthread_mutex_unlock(&sandbox->mutex);
}

/* The thread that sends what waits. Its clock is CLOCK_MONOTONIC; due_ms is of the boot clock, which differs only while
 * the machine sleeps. */
static void *send_later(void *context)
{
    struct sandbox *sandbox = context;
    (void)pthread_mutex_lock(&sandbox->mutex);
    while (!sandbox->stopping || sandbox->first != NULL) {
        struct later *later = sandbox->first;
        const int64_t now_ms = clock_monotonic_us() / 1000;
        if (later != NULL && (later->due_ms <= now_ms || sandbox->stopping)) {
            sandbox->first = later->next;
            (void)pthread_mutex_unlock(&sandbox->mutex);
            answer_model(later->request, &later->answer);
            free(later);
            (void)pthread_mutex_lock(&sandbox->mutex);
            continue;
        }
        const int64_t until_ms = later != NULL ? later->due_ms : now_ms + 1000;
        const struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = (long)(until_ms % 1000) * 1000000};
        (void)pthread_cond_timedwait(&sandbox->wake, &sandbox->mutex, &until);
    }
    (void)pthread_mutex_unlock(&sandbox->mutex);
    return NULL;
}

static void handle_call(struct sandbox *sandbox, struct request *request)
{
    const struct model_call call = {.method = span_text(method_word(request->method)),
                                    .path = request->path,
                                    .query = request->query,
                                    .authorization = request_header(request, "Authorization"),
                                    .content_type = request_header(request, "Content-Type"),
                                    .body = request->body};
    struct model_answer answer;
    (void)pthread_mutex_lock(&sandbox->mutex);
    model_call_answer(sandbox->model, clock_wall_ms() + sandbox->ahead_ms, &call, &request->arena, &answer);
    const int64_t delay_ms = answer.delay_ms + sandbox->latency_ms;
    (void)pthread_mutex_unlock(&sandbox->mutex);
    if (delay_ms > 0) {
        answer_later(sandbox, request, &answer, delay_ms);
    } else {
        answer_model(request, &answer);
    }
}

static void answer_json(struct request *request, unsigned status, struct span body)
{
    const struct response response = {.status = status, .content_type = SPAN("application/json"), .body = body};
    server_answer(request, &response);
}

static void handle_live(struct sandbox *sandbox, struct request *request)
{
    char text[256];
    struct buf body = buf_of(text, sizeof text);
    struct model_live live;
    (void)pthread_mutex_lock(&sandbox->mutex);
    model_live(sandbox->model, &live);
    (void)pthread_mutex_unlock(&sandbox->mutex);
    put_number(&body, "{\"records\":", live.records);
    put_number(&body, ",\"posts\":", live.posts);
    put_number(&body, ",\"duplicates\":", live.duplicates);
    put_number(&body, ",\"calls\":", live.calls);
    put_number(&body, ",\"creates\":", live.creates);
    buf_byte(&body, '}');
    answer_json(request, 200, buf_span(&body));
}

/* Every live record; what does not fit into 24 MiB is left out, and said so. */
static void handle_posts(struct sandbox *sandbox, struct request *request)
{
    const size_t cap = (size_t)24 << 20;
    uint8_t *bytes = arena_alloc(&request->arena, cap);
    struct buf body = buf_of(bytes, bytes == NULL ? 0 : cap);
    struct model_record record;
    size_t index = 0;
    bool first = true;
    bool whole = true;
    buf_text(&body, "{\"data\":[");
    (void)pthread_mutex_lock(&sandbox->mutex);
    while (model_list(sandbox->model, &index, &record)) {
        if (body.cap - body.len < record.json.len + 512) {
            whole = false;
            break;
        }
        buf_text(&body, first ? "{\"did\":" : ",{\"did\":");
        json_string(&body, record.did);
        buf_text(&body, ",\"rkey\":");
        json_string(&body, record.rkey);
        buf_text(&body, ",\"received_ms\":");
        buf_i64(&body, record.received_ms);
        buf_text(&body, ",\"record\":");
        buf_put(&body, record.json);
        buf_byte(&body, '}');
        first = false;
    }
    (void)pthread_mutex_unlock(&sandbox->mutex);
    buf_text(&body, whole ? "],\"whole\":true}" : "],\"whole\":false}");
    answer_json(request, buf_ok(&body) ? 200 : 500, buf_ok(&body) ? buf_span(&body) : SPAN("{}"));
}

static bool copy_word(char *out, size_t cap, struct span text)
{
    if (text.len >= cap) {
        return false;
    }
    memcpy(out, text.data, text.len);
    out[text.len] = 0;
    return true;
}

static int64_t number_of(const struct json_node *object, const char *name)
{
    const struct json_node *member = json_node_member(object, name);
    return json_node_is(member, NODE_INTEGER) && member->integer >= 0 ? member->integer : 0;
}

static void handle_rule(struct sandbox *sandbox, struct request *request)
{
    const struct json_node *body = NULL;
    struct model_rule rule = {0};
    bool good = json_read(request->body, &request->arena, &body) == OK && body->kind == NODE_OBJECT;
    rule.fault = good ? model_fault_of(json_node_text(body, "fault")) : MODEL_FAULT_COUNT;
    good = good && rule.fault != MODEL_FAULT_COUNT &&
           copy_word(rule.path, sizeof rule.path, json_node_text(body, "path")) &&
           copy_word(rule.contains, sizeof rule.contains, json_node_text(body, "contains")) &&
           copy_word(rule.retry_after, sizeof rule.retry_after, json_node_text(body, "retry_after"));
    if (good) {
        rule.skip = (uint32_t)number_of(body, "skip");
        rule.times = (uint32_t)number_of(body, "times");
        rule.value_ms = number_of(body, "value_ms");
        (void)pthread_mutex_lock(&sandbox->mutex);
        good = model_rule_add(sandbox->model, &rule) == OK;
        (void)pthread_mutex_unlock(&sandbox->mutex);
    }
    answer_json(request, good ? 200 : 400,
                good ? SPAN("{}") : SPAN("{\"error\":\"not a rule, or too many: see openpost sandbox --help\"}"));
}

static void handle_clock(struct sandbox *sandbox, struct request *request)
{
    const struct json_node *body = NULL;
    const bool good = json_read(request->body, &request->arena, &body) == OK && body->kind == NODE_OBJECT;
    if (good) {
        (void)pthread_mutex_lock(&sandbox->mutex);
        sandbox->ahead_ms = number_of(body, "ahead_ms");
        (void)pthread_mutex_unlock(&sandbox->mutex);
    }
    answer_json(request, good ? 200 : 400, SPAN("{}"));
}

static void handle(void *context, struct request *request)
{
    struct sandbox *sandbox = context;
    const bool posts = request->method == METHOD_POST;
    if (span_equal(request->path, SPAN("/sandbox/live"))) {
        handle_live(sandbox, request);
    } else if (span_equal(request->path, SPAN("/sandbox/posts"))) {
        handle_posts(sandbox, request);
    } else if (span_equal(request->path, SPAN("/sandbox/rules")) && posts) {
        handle_rule(sandbox, request);
    } else if (span_equal(request->path, SPAN("/sandbox/rules")) && request->method == METHOD_DELETE) {
        (void)pthread_mutex_lock(&sandbox->mutex);
        model_rules_clear(sandbox->model);
        (void)pthread_mutex_unlock(&sandbox->mutex);
        answer_json(request, 200, SPAN("{}"));
    } else if (span_equal(request->path, SPAN("/sandbox/clock")) && posts) {
        handle_clock(sandbox, request);
    } else {
        handle_call(sandbox, request);
    }
}

static void refusal(void *context, unsigned status, const char *code, struct arena *arena,
                    struct response *ret_response)
{
    (void)context;
    uint8_t *bytes = arena_alloc(arena, 128);
    struct buf body = buf_of(bytes, bytes == NULL ? 0 : 128);
    buf_text(&body, "{\"error\":\"InvalidRequest\",\"message\":\"");
    buf_text(&body, code);
    buf_text(&body, "\"}");
    *ret_response = (struct response){
        .status = status, .content_type = SPAN("application/json"), .body = buf_span(&body), .close = true};
}

/* Of an address that was judged by listen_or_complain. */
static void split(const char *listen, char address[64], uint16_t *ret_port)
{
    uint64_t port = 0;
    const char *colon = strrchr(listen, ':');
    ASSERT(colon != NULL && span_to_u64(span_text(colon + 1), &port) == OK);
    const size_t brackets = listen[0] == '[' ? 1 : 0;
    const size_t len = (size_t)(colon - listen) - 2 * brackets;
    memcpy(address, listen + brackets, len);
    address[len] = 0;
    *ret_port = (uint16_t)port;
}

static int serve(struct sandbox *sandbox, const char *listen, int stop_fd)
{
    char address[64];
    struct server_options options = {.threads = 2,
                                     .address = address,
                                     .connections_max = 4096,
                                     .head_max = (size_t)16 << 10,
                                     .body_max = (size_t)8 << 20,
                                     .head_within_ms = 10000,
                                     .body_within_ms = 30000,
                                     .idle_ms = 75000,
                                     .handler = handle,
                                     .refusal = refusal,
                                     .context = sandbox};
    split(listen, address, &options.port);
    OWNED(server_close) struct server *server = NULL;
    const enum err err = server_open(&options, &server);
    if (err != OK) {
        return complain("sandbox", listen, err, EXIT_CANNOT);
    }
    journal(JOURNAL_INFO, "ready", "listen=%s", listen);
    process_ready();
    struct pollfd stop = {.fd = stop_fd, .events = POLLIN};
    while (poll(&stop, 1, -1) <= 0) {
    }
    return EXIT_GOOD;
}

int sandbox_main(int argc, char **argv)
{
    const char *listen = NULL;
    const char *latency = "0";
    const char *kept = NULL;
    bool keyless = false;
    const struct option_spec options[] = {
        {"--listen",  &listen,  NULL,     "ADDR:PORT, on loopback; needed"                                       },
        {"--keep",    &kept,    NULL,     "FILE that holds the records, for the next start; default: forget them"},
        {"--keyless", NULL,     &keyless,
         "records come without a key, none can be read back: for a scheduler with --keyless"                     },
        {"--latency", &latency, NULL,     "milliseconds that every answer takes, 0 to 600000; default 0"         },
    };
    int code = EXIT_GOOD;
    if (!options_parse(argc, argv, usage, options, sizeof options / sizeof *options, NULL, 0, NULL, &code)) {
        return code;
    }
    uint64_t latency_ms = 0;
    if (listen == NULL) {
        (void)fprintf(stderr, "openpost sandbox: --listen ADDR:PORT is missing (try --help)\n");
        return EXIT_USAGE_WRONG;
    }
    if (span_to_u64(span_text(latency), &latency_ms) != OK || latency_ms > 600000) {
        (void)fprintf(stderr, "openpost sandbox: --latency %s: expected 0 to 600000\n", latency);
        return EXIT_USAGE_WRONG;
    }
    if (!listen_or_complain("sandbox", "--listen", listen, true, &code)) {
        return code;
    }
    process_prepare("openpost-sandbox");
    journal_open("sandbox", JOURNAL_INFO);
    struct sandbox sandbox = {.latency_ms = (int64_t)latency_ms};
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&sandbox.mutex, NULL);
    (void)pthread_cond_init(&sandbox.wake, &attributes);
    int stop_fd = -1;
    OWNED(model_free) struct model *model = NULL;
    OWNED(keep_close) struct keep *keep = NULL;
    enum err err = process_stop_fd(&stop_fd);
    err = err == OK ? model_new(keyless, &model) : err;
    if (err == OK && kept != NULL) {
        err = keep_open(kept, model, &keep);
        if (err != OK) {
            return complain("sandbox", kept, err, EXIT_UNREADABLE);
        }
    }
    sandbox.model = model;
    pthread_t sender;
    if (err != OK || pthread_create(&sender, NULL, send_later, &sandbox) != 0) {
        return complain("sandbox", "cannot start", err, EXIT_CANNOT);
    }
    code = serve(&sandbox, listen, stop_fd);
    (void)pthread_mutex_lock(&sandbox.mutex);
    sandbox.stopping = true;
    (void)pthread_cond_signal(&sandbox.wake);
    (void)pthread_mutex_unlock(&sandbox.mutex);
    (void)pthread_join(sender, NULL);
    return code;
}
