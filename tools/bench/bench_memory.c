/* bench_memory.c: the proportional memory (Pss of /proc/PID/smaps_rollup, proc(5)) of each process of an idle service,
 * against the limit of 40 MB. Called by bench.c. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/process.h"
#include "tools/bench/bench_world.h"

#define LIMIT_KB 40000.0
#define SETTLE_MS 1500
#define PROCESSES_MAX 16

static enum err read_text(const char *path, char *text, size_t cap)
{
    struct buf out = buf_of(text, cap - 1);
    TRY(file_read(path, &out));
    text[out.len] = 0;
    return OK;
}

/* The subcommand that a process runs: the second word of its command line. */
static void name_of(long pid, char name[32])
{
    char path[64];
    char line[4096] = {0};
    (void)snprintf(path, sizeof path, "/proc/%ld/cmdline", pid);
    const char *word = read_text(path, line, sizeof line) == OK ? line + strlen(line) + 1 : "?";
    (void)snprintf(name, 32, "%.31s", word);
}

static void show(struct bench *bench, long pid)
{
    char path[64];
    char text[4096];
    char name[32];
    char title[64];
    name_of(pid, name);
    (void)snprintf(title, sizeof title, "memory, %s", name);
    (void)snprintf(path, sizeof path, "/proc/%ld/smaps_rollup", pid);
    const enum err err = read_text(path, text, sizeof text);
    const char *pss = err == OK ? strstr(text, "\nPss:") : NULL;
    if (pss == NULL) {
        bench_not_run(bench, title, "smaps_rollup cannot be read");
        return;
    }
    const double kb = strtod(pss + 5, NULL) * 1.024;
    bench_figure(bench, title, kb, LIMIT_KB, "kB", "the limit of 40 MB");
    if (kb > LIMIT_KB) {
        bench_broken(bench, title, "more than 40 MB when idle");
    }
}

enum err bench_memory(struct bench *bench)
{
    char data[DATA_PATH_MAX];
    char path[64];
    char children[512];
    struct bench_author author;
    uint16_t port = 0;
    uint16_t sandbox = 0;
    pid_t pid = 0;
    TRY(path_join(data, sizeof data, bench->folder, "memory"));
    TRY(bench_found(data, false, &author));
    TRY(bench_serve(bench, data, &port, &sandbox, &pid));
    (void)poll(NULL, 0, SETTLE_MS);
    show(bench, (long)pid);
    (void)snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", (long)pid, (long)pid);
    const enum err err = read_text(path, children, sizeof children);
    char *at = children;
    for (unsigned i = 0; err == OK && i < PROCESSES_MAX; i++) {
        char *end = NULL;
        const long child = strtol(at, &end, 10);
        if (end == at || child <= 0) {
            break;
        }
        show(bench, child);
        at = end;
    }
    bench_stop(pid);
    return err;
}
