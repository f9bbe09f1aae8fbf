/* bench_wrk.h: wrk on this machine's own servers: posts that can be recognised again, and reads of many ids. */
#ifndef OPENPOST_TOOLS_BENCHMARKS_BENCH_WRK_H
#define OPENPOST_TOOLS_BENCHMARKS_BENCH_WRK_H

#include "tools/benchmarks/bench_world.h"

#define WRK_TEXT_LEN 260 /* of the filler; Bluesky takes 300 characters */
#define WRK_BODY_LEN 600
#define WRK_NAME_MAX 64

struct wrk_result {
    double rate; /* answers a second */
    double p99_ms;
    uint64_t answers;
};

/* wrk_post_script writes the script that POSTs: each request a body of WRK_BODY_LEN bytes with a name of its own as the
 * head of its text and as Idempotency-Key, due on the day after now_ms. round makes names and instants of different
 * scripts differ; wrk_due_ms tells the instant from now_ms and a name. wrk_get_script: reads of every line of the file
 * at list, "PATH KEY" each (KEY: - for none), in turn, each thread from its own place. */
enum err wrk_post_script(const struct bench *bench, const struct bench_author *author, unsigned round, int64_t now_ms,
                         char ret_path[DATA_PATH_MAX]) MUST_USE;
int64_t wrk_due_ms(int64_t now_ms, const char *name) MUST_USE;
enum err wrk_get_script(const struct bench *bench, const char *name, const char *list, char ret_path[DATA_PATH_MAX])
    MUST_USE;
/* wrk_name takes the name from a post's text when the text is one that a script sent; wrk_metadata writes the value of
 * "brief" that was sent with it. */
bool wrk_name(struct span text, char ret_name[WRK_NAME_MAX]) MUST_USE;
enum err wrk_metadata(const struct bench_author *author, const char *name, struct buf *out) MUST_USE;

/* wrk_run keeps connections busy for seconds. Answers that are not 2xx and lost connections are a broken run. */
enum err wrk_run(struct bench *bench, uint16_t port, unsigned connections, unsigned seconds, const char *script,
                 struct wrk_result *ret_result) MUST_USE;

#endif
