/* bench_proc.c: see bench_proc.h. Called by bench_memory.c, bench_burst.c and bench_stock.c; only reads. */
#include "tools/benchmarks/bench_proc.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/process.h"

static enum err read_proc(pid_t pid, const char *name, char *text, size_t cap, size_t *ret_len)
{
    char path[96];
    struct buf out = buf_of(text, cap - 1);
    (void)snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, name);
    TRY(file_read(path, &out));
    text[out.len] = 0;
    *ret_len = out.len;
    return OK;
}

enum err bench_children(pid_t pid, pid_t ret_children[BENCH_CHILDREN_MAX], size_t *ret_count)
{
    char name[64];
    char text[512];
    size_t len = 0;
    size_t count = 0;
    (void)snprintf(name, sizeof name, "task/%ld/children", (long)pid);
    TRY(read_proc(pid, name, text, sizeof text, &len));
    for (char *at = text; count < BENCH_CHILDREN_MAX;) {
        char *end = NULL;
        const long child = strtol(at, &end, 10);
        if (end == at || child <= 0) {
            break;
        }
        ret_children[count++] = (pid_t)child;
        at = end;
    }
    *ret_count = count;
    return OK;
}

void bench_process_name(pid_t pid, char name[32])
{
    char line[4096];
    size_t len = 0;
    const bool good = read_proc(pid, "cmdline", line, sizeof line, &len) == OK && strlen(line) + 1 < len;
    (void)snprintf(name, 32, "%.31s", good ? line + strlen(line) + 1 : "?");
}

enum err bench_process_option(pid_t pid, const char *option, char *out, size_t cap)
{
    char line[4096];
    size_t len = 0;
    TRY(read_proc(pid, "cmdline", line, sizeof line, &len));
    for (const char *at = line; at < line + len; at += strlen(at) + 1) {
        const char *value = at + strlen(at) + 1;
        if (strcmp(at, option) == 0 && value < line + len && strlen(value) < cap) {
            memcpy(out, value, strlen(value) + 1);
            return OK;
        }
    }
    return ERR_NOT_FOUND;
}

/* A line of smaps_rollup, which counts in units of 1,024 bytes. */
static enum err read_rollup(pid_t pid, const char *line, double *ret_kb)
{
    char text[4096];
    size_t len = 0;
    TRY(read_proc(pid, "smaps_rollup", text, sizeof text, &len));
    const char *at = strstr(text, line);
    if (at == NULL) {
        return ERR_MALFORMED;
    }
    *ret_kb = strtod(at + strlen(line), NULL) * 1.024;
    return OK;
}

enum err bench_process_kb(pid_t pid, double *ret_kb)
{
    return read_rollup(pid, "\nPss:", ret_kb);
}

enum err bench_process_own_kb(pid_t pid, double *ret_kb)
{
    return read_rollup(pid, "\nPss_Anon:", ret_kb);
}

/* Adds up what see says of each entry in a folder of the process. */
static enum err sum_up(pid_t pid, const char *name, double (*see)(pid_t pid, const char *entry), double *ret_sum)
{
    char path[64];
    double sum = 0;
    (void)snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, name);
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return ERR_IO;
    }
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is ours alone */
    for (const struct dirent *one = readdir(folder); one != NULL; one = readdir(folder)) {
        sum += one->d_name[0] != '.' ? see(pid, one->d_name) : 0;
    }
    (void)closedir(folder);
    *ret_sum = sum;
    return OK;
}

static double one_file(pid_t pid, const char *entry)
{
    (void)pid;
    (void)entry;
    return 1;
}

enum err bench_process_files(pid_t pid, double *ret_files)
{
    return sum_up(pid, "fd", one_file, ret_files);
}

enum err bench_process_shared_kb(pid_t pid, double *ret_kb)
{
    double file_kb = 0;
    double shmem_kb = 0;
    TRY(read_rollup(pid, "\nPss_File:", &file_kb));
    TRY(read_rollup(pid, "\nPss_Shmem:", &shmem_kb));
    *ret_kb = file_kb + shmem_kb;
    return OK;
}

/* Of a thread that ended meanwhile: nothing. */
static double thread_us(pid_t pid, const char *entry)
{
    char name[64];
    char text[128];
    size_t len = 0;
    (void)snprintf(name, sizeof name, "task/%.16s/schedstat", entry);
    return read_proc(pid, name, text, sizeof text, &len) == OK ? strtod(text, NULL) / 1000 : 0;
}

/* To the nanosecond, where stat has hundredths of a second: short rounds are compared. */
enum err bench_process_cpu_us(pid_t pid, double *ret_us)
{
    return sum_up(pid, "task", thread_us, ret_us);
}

/* Fields 10 and 12 of stat, counted after the name in brackets, which may hold anything. */
enum err bench_process_faults(pid_t pid, double *ret_faults)
{
    char text[4096];
    size_t len = 0;
    TRY(read_proc(pid, "stat", text, sizeof text, &len));
    const char *at = strrchr(text, ')');
    double small = 0;
    for (unsigned field = 2; field < 12 && at != NULL; field++) {
        at = strchr(at + 1, ' ');
        small = field == 9 && at != NULL ? strtod(at, NULL) : small;
    }
    if (at == NULL) {
        return ERR_MALFORMED;
    }
    *ret_faults = small + strtod(at, NULL);
    return OK;
}

enum err bench_process_written(pid_t pid, double *ret_bytes)
{
    char text[4096];
    size_t len = 0;
    TRY(read_proc(pid, "io", text, sizeof text, &len));
    const char *at = strstr(text, "\nwrite_bytes:");
    if (at == NULL) {
        return ERR_MALFORMED;
    }
    *ret_bytes = strtod(at + strlen("\nwrite_bytes:"), NULL);
    return OK;
}
