/* bench_http.c: POST and GET over HTTP with wrk, against the ledger's own rate (POST) and a static file from nginx
 * (GET) in the same run; then 1,000 posts are read back and compared with what was sent. Called by bench.c. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/process.h"
#include "core/message/codec.h"
#include "tools/bench/bench_world.h"

#define ROUND "2s"
#define ROUND_WITHIN_MS 15000
#define READ_BACK 1000
#define FILLER_LEN 260U /* that of bench_ledger.c; Bluesky takes 300 characters */
#define AHEAD_MS INT64_C(86400000)

struct http {
    struct bench *bench;
    struct bench_author author;
    uint16_t port;
    char data[DATA_PATH_MAX];
    char script[DATA_PATH_MAX];
};

/* wrk's script: each request a text and an Idempotency-Key of its own; the text can be derived again from its number.
 */
static enum err write_script(struct http *http, unsigned round)
{
    char text[4096];
    char id[ID_TEXT_MAX + 1] = {0};
    struct buf id_buf = buf_of(id, ID_TEXT_MAX);
    char name[32];
    char due[64];
    struct buf due_buf = buf_of(due, sizeof due);
    json_time(&due_buf, clock_wall_ms() + AHEAD_MS);
    if (buf_terminated(&due_buf) == NULL) {
        return ERR_TOO_LONG;
    }
    id_write(&id_buf, &http->author.integration_id);
    const int len =
        snprintf(text, sizeof text,
                 "local threads = 0\n"
                 "function setup(thread) thread:set('number', threads) threads = threads + 1 end\n"
                 "local filler = string.rep('x', %u)\n"
                 "local count = 0\n"
                 "function request()\n"
                 "  count = count + 1\n"
                 "  local name = 'wrk-%u-' .. number .. '-' .. count .. '-'\n"
                 "  local body = '{\"content\":{\"text\":\"' .. name .. filler .. "
                 "'\"},\"targets\":[{\"integration_id\":\"%s\"}],\"schedule\":{\"at\":%s}}'\n"
                 "  return wrk.format('POST', '/v1/posts', {['Authorization'] = 'Bearer %s', ['Content-Type'] = "
                 "'application/json', ['Idempotency-Key'] = name}, body)\n"
                 "end\n",
                 FILLER_LEN, round, id, due, http->author.key);
    (void)snprintf(name, sizeof name, "post-%u.lua", round);
    TRY(path_join(http->script, sizeof http->script, http->bench->folder, name));
    return len > 0 && (size_t)len < sizeof text ? file_write(http->script, span_of(text, (size_t)len), 0640)
                                                : ERR_TOO_LONG;
}

/* wrk's own words: "Requests/sec: N", and what went wrong if anything did. */
static enum err run_wrk(struct http *http, const char *url, unsigned connections, const char *script,
                        const char *header, double *ret_rate)
{
    char number[16];
    char text[8192];
    struct buf out = buf_of(text, sizeof text - 1);
    (void)snprintf(number, sizeof number, "%u", connections);
    const char *argv[16] = {"wrk", "-t", "2", "-c", number, "-d", ROUND, "--timeout", "5s"};
    size_t count = 9;
    if (script != NULL) {
        argv[count++] = "-s";
        argv[count++] = script;
    }
    if (header != NULL) {
        argv[count++] = "-H";
        argv[count++] = header;
    }
    argv[count] = url;
    TRY(bench_run(argv, ROUND_WITHIN_MS, &out));
    text[out.len] = 0;
    const char *rate = strstr(text, "Requests/sec:");
    if (rate == NULL) {
        return ERR_MALFORMED;
    }
    if (strstr(text, "Non-2xx") != NULL || strstr(text, "Socket errors") != NULL) {
        bench_broken(http->bench, "http", "wrk got answers that are not 2xx, or lost connections");
    }
    *ret_rate = strtod(rate + 13, NULL);
    return OK;
}

static enum err run_posts(struct http *http)
{
    const unsigned counts[] = {16, 64, 256};
    char url[64];
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u", (unsigned)http->port);
    for (unsigned i = 0; i < sizeof counts / sizeof *counts; i++) {
        char name[64];
        double rate = 0;
        double reference = 0;
        TRY(write_script(http, i));
        TRY(run_wrk(http, url, counts[i], http->script, NULL, &rate));
        TRY(bench_ledger_rate(http->bench, counts[i], false, &reference));
        (void)snprintf(name, sizeof name, "http POST, %u connections", counts[i]);
        bench_figure(http->bench, name, rate, reference, "requests/s", "the ledger over nng");
    }
    return OK;
}

/* The text that the script sent under the name that text begins with. */
static bool is_what_was_sent(struct span text)
{
    unsigned round = 0;
    unsigned thread = 0;
    unsigned long long count = 0;
    char head[64] = {0};
    char name[64];
    memcpy(head, text.data, text.len < 63 ? text.len : 63);
    if (sscanf(head, "wrk-%u-%u-%llu-", &round, &thread, &count) != 3) {
        return false;
    }
    const int len = snprintf(name, sizeof name, "wrk-%u-%u-%llu-", round, thread, count);
    bool good = len > 0 && text.len == (size_t)len + FILLER_LEN && memcmp(text.data, name, (size_t)len) == 0;
    for (size_t i = (size_t)len; good && i < text.len; i++) {
        good = text.data[i] == 'x';
    }
    return good;
}

/* A post that the log has: what the reading side is compared with. */
struct sample {
    char id[ID_TEXT_MAX + 1];
    char name[64]; /* the text up to its filler */
};

/* READ_BACK of the posts in the log, each equally likely (reservoir sampling, Vitter's algorithm R). */
static enum err choose(struct http *http, struct sample *samples, uint64_t *ret_count)
{
    OWNED(log_close) struct log *log = NULL;
    OWNED(log_cursor_close) struct log_cursor *cursor = NULL;
    struct data_folder data;
    struct log_event at;
    struct arena arena;
    uint64_t seen = 0;
    TRY(data_open(http->data, &data));
    TRY(parts_open_log(&data, &log, NULL));
    TRY(log_cursor_open(log, 0, &cursor));
    arena_init(&arena, (size_t)1 << 22);
    enum err err = OK;
    while (err == OK && (err = log_cursor_next(cursor, &at)) == OK) {
        struct event event;
        uint64_t slot = seen;
        arena_reset(&arena);
        if (at.code != EVENT_post_created || (err = event_decode(at.payload, &arena, &event)) != OK) {
            continue;
        }
        const struct span text = event.post_created.parts_count == 1 ? event.post_created.parts[0].text : SPAN("");
        if (!is_what_was_sent(text)) {
            err = ERR_ALTERED;
            continue;
        }
        if (seen >= READ_BACK) {
            random_fill(&slot, sizeof slot);
            slot %= seen + 1;
        }
        seen++;
        if (slot < READ_BACK) {
            struct buf id = buf_of(samples[slot].id, ID_TEXT_MAX);
            id_write(&id, &event.post_created.post_id);
            (void)buf_terminated(&id);
            samples[slot].id[id.len] = 0;
            const size_t len = text.len - FILLER_LEN;
            memcpy(samples[slot].name, text.data, len);
            samples[slot].name[len] = 0;
        }
    }
    arena_done(&arena);
    *ret_count = seen < READ_BACK ? seen : READ_BACK;
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err read_back(struct http *http, const struct sample *samples, uint64_t count)
{
    char filler[FILLER_LEN + 2];
    uint64_t good = 0;
    memset(filler, 'x', FILLER_LEN);
    filler[FILLER_LEN] = '"';
    filler[FILLER_LEN + 1] = 0;
    for (uint64_t i = 0; i < count; i++) {
        char path[64];
        char text[16384];
        char sent[640];
        unsigned status = 0;
        struct buf out = buf_of(text, sizeof text - 1);
        (void)snprintf(path, sizeof path, "/v1/posts/%s", samples[i].id);
        (void)snprintf(sent, sizeof sent, "\"%s%s", samples[i].name, filler);
        TRY(bench_call(http->port, http->author.key, "GET", path, NULL, &out, &status));
        text[out.len] = 0;
        good += status == 200 && strstr(text, sent) != NULL && strstr(text, samples[i].id) != NULL ? 1 : 0;
    }
    bench_figure(http->bench, "http, posts read back as sent", (double)good, (double)count, "posts", "posts asked for");
    if (good != count || count == 0) {
        bench_broken(http->bench, "http", "a post is not read back as it was sent");
    }
    return OK;
}

/* nginx with one file of the size of an answer. It stays in the foreground, a child like the others. */
static enum err start_nginx(struct http *http, uint16_t *ret_port, pid_t *ret_pid)
{
    char folder[DATA_PATH_MAX];
    char config[DATA_PATH_MAX];
    char file[DATA_PATH_MAX];
    char text[8192];
    char body[1024];
    memset(body, 'x', sizeof body);
    TRY(bench_port(ret_port));
    TRY(bench_folder(http->bench, "nginx", folder));
    TRY(path_join(config, sizeof config, folder, "nginx.conf"));
    TRY(path_join(file, sizeof file, folder, "post"));
    TRY(file_write(file, span_of(body, sizeof body), 0644));
    const int len = snprintf(text, sizeof text,
                             "daemon off; pid nginx.pid; error_log error.log; worker_processes 2;\n%s"
                             "events { worker_connections 1024; }\n"
                             "http { access_log off; server { listen 127.0.0.1:%u; root .; } }\n",
                             getuid() == 0 ? "user root;\n" : "", (unsigned)*ret_port);
    TRY(file_write(config, span_of(text, (size_t)len), 0640));
    const pid_t pid = fork();
    if (pid == 0) {
        (void)execlp("nginx", "nginx", "-p", folder, "-c", "nginx.conf", "-e", "error.log", (char *)NULL);
        _exit(127);
    }
    (void)poll(NULL, 0, 700);
    *ret_pid = pid;
    return pid > 0 ? OK : ERR_NO_MEMORY;
}

static enum err run_gets(struct http *http, const struct sample *sample)
{
    const unsigned counts[] = {16, 64, 256};
    uint16_t port = 0;
    pid_t pid = 0;
    enum err err = OK;
    char url[128];
    char reference_url[64];
    char header[128];
    if (!bench_has_program("nginx")) {
        bench_not_run(http->bench, "http GET", "nginx, its reference, is not installed");
        return OK;
    }
    TRY(start_nginx(http, &port, &pid));
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/v1/posts/%s", (unsigned)http->port, sample->id);
    (void)snprintf(reference_url, sizeof reference_url, "http://127.0.0.1:%u/post", (unsigned)port);
    (void)snprintf(header, sizeof header, "Authorization: Bearer %s", http->author.key);
    for (unsigned i = 0; err == OK && i < sizeof counts / sizeof *counts; i++) {
        char name[64];
        double rate = 0;
        double reference = 0;
        err = run_wrk(http, reference_url, counts[i], NULL, NULL, &reference);
        err = err == OK ? run_wrk(http, url, counts[i], NULL, header, &rate) : err;
        if (err == OK) {
            (void)snprintf(name, sizeof name, "http GET, %u connections", counts[i]);
            bench_figure(http->bench, name, rate, reference, "requests/s", "a file from nginx");
        }
    }
    bench_stop(pid);
    return err;
}

enum err bench_http(struct bench *bench)
{
    struct http http = {.bench = bench};
    pid_t pid = 0;
    uint64_t count = 0;
    if (!bench_has_program("wrk")) {
        bench_not_run(bench, "http", "wrk is not installed");
        return OK;
    }
    struct sample *samples = calloc(READ_BACK, sizeof *samples);
    if (samples == NULL) {
        return ERR_NO_MEMORY;
    }
    enum err err = path_join(http.data, sizeof http.data, bench->folder, "http");
    err = err == OK ? bench_found(http.data, true, &http.author) : err;
    err = err == OK ? bench_serve(bench, http.data, &http.port, NULL, &pid) : err;
    err = err == OK ? run_posts(&http) : err;
    err = err == OK ? choose(&http, samples, &count) : err;
    err = err == OK ? read_back(&http, samples, count) : err;
    err = err == OK ? run_gets(&http, &samples[0]) : err;
    bench_stop(pid);
    free(samples);
    return err;
}
