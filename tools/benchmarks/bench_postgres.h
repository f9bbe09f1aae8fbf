/* bench_postgres.h: a PostgreSQL of Debian's on a scratch folder of its own, reached by a socket in it alone, with the
 * settings that it comes with: fsync and synchronous_commit are on. */
#ifndef OPENPOST_TOOLS_BENCHMARKS_BENCH_POSTGRES_H
#define OPENPOST_TOOLS_BENCHMARKS_BENCH_POSTGRES_H

#include "tools/benchmarks/bench_world.h"

struct postgres {
    pid_t pid;
    char bin[128];              /* where its programs are */
    char folder[DATA_PATH_MAX]; /* with its socket */
    unsigned uid;               /* it refuses to run as root: then as the user postgres; 0: as we are */
    unsigned gid;
};

/* postgres_start makes a new cluster under that name and starts it; slow: a millisecond more for each flush. When it
 * cannot, *ret_why says so in a line, and nothing runs. postgres_stop ends it; accepts a zeroed struct. */
enum err postgres_start(const struct bench *bench, const char *name, bool slow, struct postgres *ret_postgres,
                        const char **ret_why) MUST_USE;
void postgres_stop(struct postgres *postgres);
/* postgres_insert_rate: rows of 600 bytes a second, one in each transaction, by so many connections of pgbench. */
enum err postgres_insert_rate(const struct bench *bench, const struct postgres *postgres, unsigned clients,
                              double *ret_rate) MUST_USE;
/* postgres_count answers a query that gives one number. */
enum err postgres_count(const struct postgres *postgres, const char *query, uint64_t *ret_count) MUST_USE;

#endif
