/* bench_http.c: POST and GET over HTTP with wrk: POST against Fastify and PostgreSQL with the same requests, and
 * against the ledger's own rate; GET of 1,000 posts against as many files of the same size from nginx; each in three
 * rounds that alternate with the reference's. What was posted is counted in the log, and 1,000 posts are read back and
 * compared with what was sent. Called by bench.c. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/process.h"
#include "core/message/codec.h"
#include "tools/benchmarks/bench_fastify.h"

#define ROUNDS 3 /* ours and the reference in turn; the median counts */
#define ROUND_SECONDS 2
#define READ_BACK 1000
#define COUNTS 3 /* of connections */

static const unsigned counts[COUNTS] = {16, 64, 256};

struct http {
    struct bench *bench;
    struct bench_author author;
    struct fastify fastify;
    uint16_t port;
    char data[DATA_PATH_MAX];
    int64_t began_ms;
    unsigned scripts;  /* that POSTed */
    uint64_t answers;  /* to POST, 2xx */
    size_t answer_len; /* of a GET's body */
};

/* What both sides did in each round. Rounds alternate, so that whatever else the machine does strikes both. */
struct rounds {
    double rate[ROUNDS];
    double p99_ms[ROUNDS];
};

static void note(struct rounds *rounds, unsigned round, const struct wrk_result *result)
{
    rounds->rate[round] = result->rate;
    rounds->p99_ms[round] = result->p99_ms;
}

static enum err post_to_fastify(struct http *http, unsigned connections, const char *script,
                                struct wrk_result *ret_result)
{
    uint64_t before = 0;
    uint64_t after = 0;
    const char *const query = "SELECT count(*) FROM posts";
    TRY(postgres_count(&http->fastify.postgres, query, &before));
    TRY(wrk_run(http->bench, http->fastify.port, connections, ROUND_SECONDS, script, ret_result));
    TRY(postgres_count(&http->fastify.postgres, query, &after));
    if (after - before < ret_result->answers) {
        bench_broken(http->bench, "http", "PostgreSQL has fewer rows than Fastify answered");
    }
    return OK;
}

static void show_fastify(struct http *http, unsigned connections, double rate, double p99_ms, struct rounds *theirs)
{
    char name[64];
    const double their_rate = bench_median(theirs->rate, ROUNDS);
    const double their_p99_ms = bench_median(theirs->p99_ms, ROUNDS);
    (void)snprintf(name, sizeof name, "http POST, %u connections", connections);
    bench_figure(http->bench, name, rate, their_rate, "requests/s",
                 http->fastify.workers == 1 ? "Fastify and PostgreSQL" : "Fastify, two processes, and PostgreSQL");
    (void)snprintf(name, sizeof name, "http POST, %u connections, p99", connections);
    bench_figure(http->bench, name, p99_ms, their_p99_ms, "ms", "Fastify and PostgreSQL");
    if (connections == 64) {
        bench_goal(http->bench, GOAL_POST_RATE, rate / their_rate);
        bench_goal(http->bench, GOAL_POST_P99, p99_ms / their_p99_ms);
    }
}

static enum err run_posts(struct http *http, unsigned connections)
{
    char name[64];
    struct rounds ours = {0};
    struct rounds theirs = {0};
    double ledger[ROUNDS] = {0};
    for (unsigned round = 0; round < ROUNDS; round++) {
        char script[DATA_PATH_MAX];
        struct wrk_result result;
        TRY(wrk_post_script(http->bench, &http->author, http->scripts++, http->began_ms, script));
        TRY(wrk_run(http->bench, http->port, connections, ROUND_SECONDS, script, &result));
        http->answers += result.answers;
        note(&ours, round, &result);
        if (http->fastify.pid != 0) {
            TRY(post_to_fastify(http, connections, script, &result));
            note(&theirs, round, &result);
        }
        TRY(bench_ledger_rate(http->bench, connections, false, &ledger[round]));
    }
    const double rate = bench_median(ours.rate, ROUNDS);
    if (http->fastify.pid != 0) {
        show_fastify(http, connections, rate, bench_median(ours.p99_ms, ROUNDS), &theirs);
    }
    (void)snprintf(name, sizeof name, "http POST, %u connections", connections);
    bench_figure(http->bench, name, rate, bench_median(ledger, ROUNDS), "requests/s", "the ledger alone, over nng");
    return OK;
}

/* A post that the log has: what the reading side is compared with. */
struct sample {
    char id[ID_TEXT_MAX + 1];
    char name[WRK_NAME_MAX]; /* the text up to its filler */
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
        char name[WRK_NAME_MAX];
        const struct span text = event.post_created.parts_count == 1 ? event.post_created.parts[0].text : SPAN("");
        if (!wrk_name(text, name)) {
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
            memcpy(samples[slot].name, name, sizeof name);
        }
    }
    arena_done(&arena);
    if (seen < http->answers) {
        bench_broken(http->bench, "http", "the log has fewer posts than were answered with 2xx");
    }
    *ret_count = seen < READ_BACK ? seen : READ_BACK;
    return err == ERR_NOT_FOUND ? OK : err;
}

/* Whether what is read back is what was sent: the text, the metadata, the instant, the target; and the id. */
static enum err is_as_sent(struct http *http, const struct sample *sample, const char *text, bool *ret_good)
{
    char sent[2048];
    char brief[2048];
    char due[64];
    char target[64];
    char filler[WRK_TEXT_LEN + 1] = {0};
    uint8_t bytes[WRK_BODY_LEN];
    struct buf metadata = buf_of(bytes, sizeof bytes);
    TRY(wrk_metadata(&http->author, sample->name, &metadata));
    memset(filler, 'x', WRK_TEXT_LEN);
    (void)snprintf(sent, sizeof sent, "\"%s%s\"", sample->name, filler);
    (void)snprintf(brief, sizeof brief, "\"brief\":\"%.*s\"", (int)metadata.len, (const char *)bytes);
    struct buf out = buf_of(due, sizeof due);
    buf_text(&out, "\"publish_at\":");
    json_time(&out, wrk_due_ms(http->began_ms, sample->name));
    TRY(buf_terminated(&out) != NULL ? OK : ERR_TOO_LONG);
    out = buf_of(target, sizeof target);
    buf_text(&out, "\"integration_id\":\"");
    id_write(&out, &http->author.integration_id);
    buf_text(&out, "\"");
    TRY(buf_terminated(&out) != NULL ? OK : ERR_TOO_LONG);
    *ret_good = strstr(text, sent) != NULL && strstr(text, brief) != NULL && strstr(text, sample->id) != NULL &&
                strstr(text, due) != NULL && strstr(text, target) != NULL;
    return OK;
}

static enum err read_back(struct http *http, const struct sample *samples, uint64_t count)
{
    uint64_t right = 0;
    for (uint64_t i = 0; i < count; i++) {
        char path[64];
        char text[16384];
        unsigned status = 0;
        bool good = false;
        struct buf out = buf_of(text, sizeof text - 1);
        (void)snprintf(path, sizeof path, "/v1/posts/%s", samples[i].id);
        TRY(bench_call(http->port, http->author.key, "GET", path, NULL, &out, &status));
        text[out.len] = 0;
        http->answer_len = out.len;
        TRY(is_as_sent(http, &samples[i], text, &good));
        right += status == 200 && good ? 1 : 0;
    }
    bench_figure(http->bench, "http, posts read back as sent", (double)right, (double)count, "posts",
                 "posts asked for");
    if (right != count || count == 0) {
        bench_broken(http->bench, "http", "a post is not read back as it was sent");
    }
    return OK;
}

/* nginx as Debian sets it up, with as many files as we read posts, each of an answer's size; connections are kept for
 * as long as ours. It stays in the foreground, a child like the others. */
static enum err start_nginx(struct http *http, const struct sample *samples, uint64_t count, uint16_t *ret_port,
                            pid_t *ret_pid)
{
    char folder[DATA_PATH_MAX];
    char file[DATA_PATH_MAX];
    char path[128];
    char text[8192];
    TRY(bench_port(ret_port));
    TRY(bench_folder(http->bench, "nginx", folder));
    TRY(bench_folder(http->bench, "nginx/v1", file));
    TRY(bench_folder(http->bench, "nginx/v1/posts", file));
    memset(text, 'x', sizeof text);
    for (uint64_t i = 0; i < count; i++) {
        (void)snprintf(path, sizeof path, "nginx/v1/posts/%s", samples[i].id);
        TRY(path_join(file, sizeof file, http->bench->folder, path));
        FILE *out = fopen(file, "w");
        if (out == NULL || fwrite(text, 1, http->answer_len, out) != http->answer_len || fclose(out) != 0) {
            return ERR_IO;
        }
    }
    const int len = snprintf(text, sizeof text,
                             "daemon off; pid nginx.pid; error_log error.log; worker_processes auto;\n%s"
                             "events { worker_connections 1024; }\n"
                             "http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;\n"
                             "server { listen 127.0.0.1:%u; root .; } }\n",
                             getuid() == 0 ? "user root;\n" : "", (unsigned)*ret_port);
    TRY(path_join(file, sizeof file, folder, "nginx.conf"));
    TRY(file_write(file, span_of(text, (size_t)len), 0640));
    const char *const argv[] = {"nginx", "-p", folder, "-c", "nginx.conf", "-e", "error.log", NULL};
    const struct bench_program nginx = {.argv = argv, .output = "nginx.out"};
    TRY(bench_spawn(http->bench, &nginx, ret_pid));
    for (unsigned i = 0; i < 100; i++) {
        const int fd = bench_connect(*ret_port);
        if (fd >= 0) {
            (void)close(fd);
            return OK;
        }
        (void)poll(NULL, 0, 50);
    }
    bench_stop(*ret_pid);
    return ERR_TIMED_OUT;
}

static enum err write_list(struct http *http, const struct sample *samples, uint64_t count, const char *key,
                           const char *name, char ret_script[DATA_PATH_MAX])
{
    char list[DATA_PATH_MAX];
    char file[64];
    (void)snprintf(file, sizeof file, "%s.txt", name);
    TRY(path_join(list, sizeof list, http->bench->folder, file));
    FILE *out = fopen(list, "w");
    for (uint64_t i = 0; out != NULL && i < count; i++) {
        (void)fprintf(out, "/v1/posts/%s %s\n", samples[i].id, key);
    }
    return out != NULL && fclose(out) == 0 ? wrk_get_script(http->bench, name, list, ret_script) : ERR_IO;
}

static enum err get_rounds(struct http *http, uint16_t nginx_port, unsigned connections, const char *script,
                           const char *nginx_script)
{
    char name[64];
    char against[64];
    struct rounds ours = {0};
    struct rounds theirs = {0};
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct wrk_result result;
        TRY(wrk_run(http->bench, nginx_port, connections, ROUND_SECONDS, nginx_script, &result));
        note(&theirs, round, &result);
        TRY(wrk_run(http->bench, http->port, connections, ROUND_SECONDS, script, &result));
        note(&ours, round, &result);
    }
    const double rate = bench_median(ours.rate, ROUNDS);
    const double their_rate = bench_median(theirs.rate, ROUNDS);
    (void)snprintf(name, sizeof name, "http GET, %u connections", connections);
    (void)snprintf(against, sizeof against, "files of %zu bytes from nginx", http->answer_len);
    bench_figure(http->bench, name, rate, their_rate, "requests/s", against);
    (void)snprintf(name, sizeof name, "http GET, %u connections, p99", connections);
    bench_figure(http->bench, name, bench_median(ours.p99_ms, ROUNDS), bench_median(theirs.p99_ms, ROUNDS), "ms",
                 against);
    bench_goal(http->bench, GOAL_GET, rate / their_rate);
    return OK;
}

static enum err run_gets(struct http *http, const struct sample *samples, uint64_t count)
{
    char script[DATA_PATH_MAX];
    char nginx_script[DATA_PATH_MAX];
    uint16_t port = 0;
    pid_t pid = 0;
    if (!bench_has_program("nginx")) {
        bench_not_run(http->bench, "http GET", "nginx, its reference, is not installed: tools/bench --with-references");
        return OK;
    }
    TRY(write_list(http, samples, count, http->author.key, "get", script));
    TRY(write_list(http, samples, count, "-", "get-nginx", nginx_script));
    TRY(start_nginx(http, samples, count, &port, &pid));
    enum err err = OK;
    for (unsigned i = 0; err == OK && i < COUNTS; i++) {
        err = get_rounds(http, port, counts[i], script, nginx_script);
    }
    bench_stop(pid);
    return err;
}

static enum err run(struct http *http, struct sample *samples)
{
    uint64_t count = 0;
    for (unsigned i = 0; i < COUNTS; i++) {
        TRY(run_posts(http, counts[i]));
    }
    fastify_stop(&http->fastify);
    TRY(choose(http, samples, &count));
    TRY(read_back(http, samples, count));
    return run_gets(http, samples, count);
}

enum err bench_http(struct bench *bench)
{
    struct http http = {.bench = bench, .began_ms = clock_wall_ms()};
    pid_t pid = 0;
    const char *why = NULL;
    if (!bench_has_program("wrk")) {
        bench_not_run(bench, "http", "wrk is not installed: tools/bench --with-references");
        return OK;
    }
    struct sample *samples = calloc(READ_BACK, sizeof *samples);
    if (samples == NULL) {
        return ERR_NO_MEMORY;
    }
    enum err err = path_join(http.data, sizeof http.data, bench->folder, "http");
    err = err == OK ? bench_found(http.data, true, &http.author) : err;
    if (err == OK && fastify_start(bench, &http.author, false, &http.fastify, &why) != OK) {
        bench_not_run(bench, "http POST, against Fastify", why);
    }
    err = err == OK ? bench_serve(bench, http.data, &http.port, NULL, &pid) : err;
    err = err == OK ? run(&http, samples) : err;
    fastify_stop(&http.fastify);
    bench_stop(pid);
    free(samples);
    return err;
}
