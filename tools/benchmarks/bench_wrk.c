/* bench_wrk.c: see bench_wrk.h. Called by bench_http.c and bench_growth.c; only on loopback. */
#include "tools/benchmarks/bench_wrk.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/base/process.h"
#include "core/message/codec.h"

#define AHEAD_MS INT64_C(86400000)
#define THREADS 2

/* A body is HEAD name filler MIDDLE integration TAIL due BRIEF padding END. The due instant has 20 characters. */
#define HEAD "{\"content\":{\"text\":\""
#define MIDDLE "\"},\"targets\":[{\"integration_id\":\""
#define TAIL "\"}],\"schedule\":{\"at\":\""
#define BRIEF "\"},\"metadata\":{\"brief\":\""
#define END "\"}}"
#define DUE_LEN 20
#define NAME "wrk-" /* then script, thread and number, a dash after each */

/* Whole seconds, and a second of its own for each round. */
static int64_t due_ms(int64_t now_ms, unsigned long round)
{
    return (now_ms + AHEAD_MS) / 1000 * 1000 + (int64_t)round * 1000;
}

int64_t wrk_due_ms(int64_t now_ms, const char *name)
{
    return due_ms(now_ms, strtoul(name + strlen(NAME), NULL, 10));
}

enum err wrk_post_script(const struct bench *bench, const struct bench_author *author, unsigned round, int64_t now_ms,
                         char ret_path[DATA_PATH_MAX])
{
    char text[4096];
    char id[ID_TEXT_MAX + 1] = {0};
    char name[32];
    char due[64];
    struct buf id_buf = buf_of(id, ID_TEXT_MAX);
    struct buf due_buf = buf_of(due, sizeof due);
    json_time(&due_buf, due_ms(now_ms, round));
    if (buf_terminated(&due_buf) == NULL || strlen(due) < 20) {
        return ERR_TOO_LONG;
    }
    id_write(&id_buf, &author->integration_id);
    const int len =
        snprintf(text, sizeof text,
                 "local threads = 0\n"
                 "function setup(thread) thread:set('number', threads) threads = threads + 1 end\n"
                 "local filler = string.rep('x', %d)\n"
                 "local count = 0\n"
                 "function request()\n"
                 "  count = count + 1\n"
                 "  local name = '" NAME "%u-' .. number .. '-' .. count .. '-'\n"
                 "  local body = '" HEAD "' .. name .. filler .. '" MIDDLE "%s" TAIL "%.19sZ" BRIEF "'\n"
                 "  body = body .. string.rep('m', %zu - #body) .. '" END "'\n"
                 "  return wrk.format('POST', '/v1/posts', {['Authorization'] = 'Bearer %s', ['Content-Type'] = "
                 "'application/json', ['Idempotency-Key'] = name}, body)\n"
                 "end\n",
                 WRK_TEXT_LEN, round, id, due + 1, WRK_BODY_LEN - strlen(END), author->key);
    (void)snprintf(name, sizeof name, "post-%u.lua", round);
    TRY(path_join(ret_path, DATA_PATH_MAX, bench->folder, name));
    return len > 0 && (size_t)len < sizeof text ? file_write(ret_path, span_of(text, (size_t)len), 0640) : ERR_TOO_LONG;
}

enum err wrk_metadata(const struct bench_author *author, const char *name, struct buf *out)
{
    uint8_t id[ID_TEXT_MAX];
    struct buf id_buf = buf_of(id, sizeof id);
    id_write(&id_buf, &author->integration_id);
    const size_t taken = strlen(HEAD MIDDLE TAIL BRIEF END) + strlen(name) + WRK_TEXT_LEN + id_buf.len + DUE_LEN;
    for (size_t i = taken; i < WRK_BODY_LEN; i++) {
        buf_put(out, SPAN("m"));
    }
    return buf_ok(out) && taken < WRK_BODY_LEN ? OK : ERR_TOO_LONG;
}

/* Skips a number and the dash after it. */
static const char *skip_number(const char *text)
{
    const char *at = text;
    while (*at >= '0' && *at <= '9') {
        at++;
    }
    return at > text && *at == '-' ? at + 1 : NULL;
}

bool wrk_name(struct span text, char ret_name[WRK_NAME_MAX])
{
    char head[WRK_NAME_MAX] = {0};
    memcpy(head, text.data, text.len < WRK_NAME_MAX - 1 ? text.len : WRK_NAME_MAX - 1);
    const char *at = strncmp(head, NAME, strlen(NAME)) == 0 ? head + strlen(NAME) : NULL;
    for (unsigned i = 0; i < 3 && at != NULL; i++) { /* script, thread, number */
        at = skip_number(at);
    }
    const size_t len = at == NULL ? 0 : (size_t)(at - head);
    bool good = at != NULL && text.len == len + WRK_TEXT_LEN;
    for (size_t i = len; good && i < text.len; i++) {
        good = text.data[i] == 'x';
    }
    if (good) {
        memcpy(ret_name, head, len);
        ret_name[len] = 0;
    }
    return good;
}

enum err wrk_get_script(const struct bench *bench, const char *name, const char *list, char ret_path[DATA_PATH_MAX])
{
    char text[DATA_PATH_MAX + 1024];
    char file[64];
    const int len = snprintf(text, sizeof text,
                             "local threads = 0\n"
                             "function setup(thread) thread:set('number', threads) threads = threads + 1 end\n"
                             "local requests = {}\n"
                             "local at = 0\n"
                             "function init()\n"
                             "  for path, key in io.open('%s'):read('*a'):gmatch('(%%S+) (%%S+)') do\n"
                             "    local head = {}\n"
                             "    if key ~= '-' then head['Authorization'] = 'Bearer ' .. key end\n"
                             "    requests[#requests + 1] = wrk.format('GET', path, head)\n"
                             "  end\n"
                             "  at = math.floor(number * #requests / %d)\n"
                             "end\n"
                             "function request()\n"
                             "  at = at %% #requests + 1\n"
                             "  return requests[at]\n"
                             "end\n",
                             list, THREADS);
    (void)snprintf(file, sizeof file, "%s.lua", name);
    TRY(path_join(ret_path, DATA_PATH_MAX, bench->folder, file));
    return len > 0 && (size_t)len < sizeof text ? file_write(ret_path, span_of(text, (size_t)len), 0640) : ERR_TOO_LONG;
}

/* "     99%    1.23ms": wrk writes us, ms, s and m. */
static double latency_ms(const char *text, const char *percent)
{
    const char *table = strstr(text, "Latency Distribution"); /* other lines have percents too */
    const char *at = table == NULL ? NULL : strstr(table, percent);
    char *unit = NULL;
    if (at == NULL) {
        return 0;
    }
    const double value = strtod(at + strlen(percent), &unit);
    switch (unit[0]) {
    case 'u':
        return value / 1000;
    case 's':
        return value * 1000;
    case 'm':
        return unit[1] == 's' ? value : value * 60000;
    default:
        return 0;
    }
}

/* wrk's own words: "N requests in 2.00s, …" and "Requests/sec: N", and what went wrong if anything did. */
enum err wrk_run(struct bench *bench, uint16_t port, unsigned connections, unsigned seconds, const char *script,
                 struct wrk_result *ret_result)
{
    char number[16];
    char duration[16];
    char url[64];
    char text[8192];
    struct buf out = buf_of(text, sizeof text - 1);
    (void)snprintf(number, sizeof number, "%u", connections);
    (void)snprintf(duration, sizeof duration, "%us", seconds);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u", (unsigned)port);
    const char *const argv[] = {"wrk",       "-t", "2",         "-c", number, "-d", duration,
                                "--timeout", "5s", "--latency", "-s", script, url,  NULL};
    TRY(bench_run(argv, (int64_t)seconds * 1000 + 15000, &out));
    text[out.len] = 0;
    const char *rate = strstr(text, "Requests/sec:");
    const char *answers = strstr(text, " requests in ");
    if (rate == NULL || answers == NULL) {
        return ERR_MALFORMED;
    }
    while (answers > text && answers[-1] >= '0' && answers[-1] <= '9') {
        answers--;
    }
    if (strstr(text, "Non-2xx") != NULL || strstr(text, "Socket errors") != NULL) {
        bench_broken(bench, "wrk", "answers that are not 2xx, or lost connections");
    }
    ret_result->rate = strtod(rate + 13, NULL);
    ret_result->answers = strtoull(answers, NULL, 10);
    ret_result->p99_ms = latency_ms(text, "99%");
    return OK;
}
