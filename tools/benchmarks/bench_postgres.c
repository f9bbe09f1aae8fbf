/* bench_postgres.c: see bench_postgres.h. Called by bench_ledger.c and bench_http.c. It must never make PostgreSQL less
 * durable than it is, nor slower but where flushes are slower for everybody. */
#include "tools/benchmarks/bench_postgres.h"

#include <glob.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/process.h"

#define INSERT_SECONDS "2"
#define WITHIN_MS 20000

static enum err find_programs(char bin[128])
{
    glob_t found;
    enum err err = ERR_NOT_FOUND;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): this process's own threads use neither */
    if (glob("/usr/lib/postgresql/*/bin/pgbench", 0, NULL, &found) == 0) {
        const char *newest = found.gl_pathv[found.gl_pathc - 1];
        const size_t len = strlen(newest) - (sizeof "/pgbench" - 1);
        if (len < 128) {
            memcpy(bin, newest, len);
            bin[len] = 0;
            err = OK;
        }
        globfree(&found);
    }
    return err;
}

static enum err make_folder(const struct bench *bench, const char *name, struct postgres *postgres)
{
    TRY(bench_folder(bench, name, postgres->folder));
    return postgres->uid == 0 || chown(postgres->folder, postgres->uid, postgres->gid) == 0 ? OK : ERR_ACCESS;
}

static enum err make_cluster(const struct bench *bench, const struct postgres *postgres)
{
    char program[160];
    pid_t pid = 0;
    (void)snprintf(program, sizeof program, "%s/initdb", postgres->bin);
    const char *const argv[] = {program,    "-D", "data", "-A",         "trust",     "-U",
                                "postgres", "-E", "UTF8", "--locale=C", "--no-sync", NULL};
    const struct bench_program initdb = {
        .argv = argv, .output = "initdb.out", .folder = postgres->folder, .uid = postgres->uid, .gid = postgres->gid};
    TRY(bench_spawn(bench, &initdb, &pid));
    return bench_finish(pid, WITHIN_MS);
}

enum err postgres_count(const struct postgres *postgres, const char *query, uint64_t *ret_count)
{
    char program[160];
    char text[1024];
    struct buf out = buf_of(text, sizeof text - 1);
    (void)snprintf(program, sizeof program, "%s/psql", postgres->bin);
    const char *const argv[] = {program, "-h", postgres->folder, "-U", "postgres", "-XqAtc", query, "postgres", NULL};
    TRY(bench_run(argv, WITHIN_MS, &out));
    text[out.len] = 0;
    *ret_count = strtoull(text, NULL, 10);
    return OK;
}

static enum err start(const struct bench *bench, const char *name, bool slow, struct postgres *postgres)
{
    char program[160];
    char output[64];
    uint64_t one = 0;
    (void)snprintf(program, sizeof program, "%s/postgres", postgres->bin);
    (void)snprintf(output, sizeof output, "%s.out", name);
    const char *const argv[] = {
        program, "-D", "data", "-k", postgres->folder, "-c", "listen_addresses=", "-c", "max_connections=300", NULL};
    const struct bench_program server = {.argv = argv,
                                         .output = output,
                                         .folder = postgres->folder,
                                         .uid = postgres->uid,
                                         .gid = postgres->gid,
                                         .slow = slow};
    TRY(make_folder(bench, name, postgres));
    TRY(make_cluster(bench, postgres));
    TRY(bench_spawn(bench, &server, &postgres->pid));
    enum err err = bench_await(bench, output, postgres->pid, "ready to accept connections");
    err = err == OK ? postgres_count(postgres, "SELECT 1", &one) : err;
    if (err != OK || one != 1) {
        postgres_stop(postgres);
    }
    return err;
}

enum err postgres_start(const struct bench *bench, const char *name, bool slow, struct postgres *ret_postgres,
                        const char **ret_why)
{
    struct postgres postgres = {.pid = 0};
    *ret_why = "PostgreSQL, its reference, could not be started on a scratch folder";
    if (find_programs(postgres.bin) != OK) {
        *ret_why = "PostgreSQL, its reference, is not installed: tools/bench --with-references";
        return ERR_NOT_FOUND;
    }
    if (getuid() == 0) {
        /* NOLINTNEXTLINE(concurrency-mt-unsafe): likewise */
        const struct passwd *user = getpwnam("postgres");
        if (user == NULL || user->pw_uid == 0) {
            *ret_why = "PostgreSQL, its reference, refuses to run as root, and there is no user postgres";
            return ERR_ACCESS;
        }
        postgres.uid = user->pw_uid;
        postgres.gid = user->pw_gid;
    }
    TRY(start(bench, name, slow, &postgres));
    *ret_postgres = postgres;
    return OK;
}

void postgres_stop(struct postgres *postgres)
{
    bench_stop(postgres->pid);
    postgres->pid = 0;
}

enum err postgres_insert_rate(const struct bench *bench, const struct postgres *postgres, unsigned clients,
                              double *ret_rate)
{
    static const char script[] = "\\set id random(1, 9000000000000000000)\n"
                                 "INSERT INTO rows (id, body) VALUES (:id, repeat('x', 600));\n";
    char program[160];
    char path[DATA_PATH_MAX];
    char number[16];
    char text[4096];
    uint64_t none = 0;
    uint64_t rows = 0;
    struct buf out = buf_of(text, sizeof text - 1);
    (void)snprintf(program, sizeof program, "%s/pgbench", postgres->bin);
    (void)snprintf(number, sizeof number, "%u", clients);
    TRY(path_join(path, sizeof path, bench->folder, "insert.sql"));
    TRY(file_write(path, span_text(script), 0644));
    TRY(postgres_count(postgres, "DROP TABLE IF EXISTS rows", &none));
    TRY(postgres_count(postgres, "CREATE TABLE rows (id bigint PRIMARY KEY, body text NOT NULL)", &none));
    const char *const argv[] = {
        program,    "-n",   "-h", postgres->folder,        "-U", "postgres",     "-M", "prepared",
        "-c",       number, "-j", clients > 1 ? "2" : "1", "-T", INSERT_SECONDS, "-f", path,
        "postgres", NULL};
    TRY(bench_run(argv, WITHIN_MS, &out));
    text[out.len] = 0;
    const char *tps = strstr(text, "tps = ");
    TRY(postgres_count(postgres, "SELECT count(*) FROM rows", &rows));
    if (tps == NULL || rows == 0) {
        return ERR_MALFORMED;
    }
    *ret_rate = strtod(tps + 6, NULL);
    return OK;
}
