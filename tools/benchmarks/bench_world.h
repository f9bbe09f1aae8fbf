/* bench_world.h: what the benchmarks measure with: folders, children, a data folder with an account and a key, posts,
 * and the smallest HTTP client. */
#ifndef OPENPOST_TOOLS_BENCHMARKS_BENCH_WORLD_H
#define OPENPOST_TOOLS_BENCHMARKS_BENCH_WORLD_H

#include <sys/types.h>

#include "core/message/message.h"
#include "tools/benchmarks/bench.h"
#include "tools/keys.h"
#include "tools/parts.h"

/* Who writes posts, and where to. */
struct bench_author {
    struct id workspace_id;
    struct id key_id;
    struct id integration_id;
    char key[KEY_TEXT_MAX];
    char name[32]; /* of the workspace and of the account: no two of a folder are the same */
};

/* A command and what it borrows: do not copy one that was filled. */
struct bench_post {
    struct command command;
    struct content_part part;
    struct target_spec target;
};

/* The lock of such a post, with one part of the text's length. Do not copy one either. */
struct bench_lock {
    struct command command;
    struct locked_target target;
    struct locked_part part;
};

struct id bench_id(enum id_kind kind);
/* bench_folder makes an empty folder of that name in the run's own and writes its path. */
enum err bench_folder(const struct bench *bench, const char *name, char ret_path[DATA_PATH_MAX]) MUST_USE;
enum err bench_port(uint16_t *ret_port) MUST_USE;

/* bench_found makes a data folder with a workspace, its key and, with account, a connected account whose credentials
 * nobody has. */
enum err bench_found(const char *path, bool account, struct bench_author *ret_author) MUST_USE;
/* bench_author_step makes command number step of those that found a workspace, in the order in which they must be
 * decided; the first names author, number tells them apart. The command borrows from author. */
#define BENCH_WORKSPACE_STEPS 2
#define BENCH_AUTHOR_STEPS 4
void bench_author_step(unsigned step, unsigned number, struct bench_author *author, struct command *ret_command);
/* bench_post_fill makes a create_post of that text, due at at_ms (0: a draft). */
void bench_post_fill(struct bench_post *post, const struct bench_author *author, struct span text, int64_t at_ms);
/* bench_lock_fill locks a post that was created so and never edited. */
void bench_lock_fill(struct bench_lock *lock, const struct id *workspace_id, const struct id *post_id,
                     const struct id *target_id, struct span payload, int64_t now_ms);
/* bench_attempt_fill begins a command of the scheduler's about a post. bench_outcome_fill says that an attempt was
 * accepted by the platform. */
void bench_attempt_fill(struct command *command, uint32_t code, const struct id *workspace_id,
                        const struct id *post_id);
void bench_outcome_fill(struct command *command, const struct id *workspace_id, const struct id *post_id,
                        const struct id *target_id, const struct id *attempt_id, int64_t published_ms);

/* bench_start runs this executable with args (NULL-terminated, without its name), output to NAME.out in the run's
 * folder, and waits until it is ready. slow: with one more millisecond for each flush; ERR_UNSUPPORTED when the library
 * for it is not beside the executable. bench_stop ends it, by force after 10 s; pid 0: nothing. */
enum err bench_start(const struct bench *bench, const char *name, const char *const *args, bool slow, pid_t *ret_pid)
    MUST_USE;
void bench_stop(pid_t pid);

/* Another program, found in PATH or by its path. output: a file in the run's folder. uid 0: as who we are. folder: to
 * work in; may be NULL. */
struct bench_program {
    const char *const *argv; /* NULL-terminated */
    const char *output;
    const char *folder;
    unsigned uid;
    unsigned gid;
    bool slow;
};

/* bench_spawn starts it; ended with bench_stop, or waited for with bench_finish (ERR_IO: it failed). bench_await waits
 * until its output has word; ERR_TIMED_OUT also when it ended. */
enum err bench_spawn(const struct bench *bench, const struct bench_program *program, pid_t *ret_pid) MUST_USE;
enum err bench_finish(pid_t pid, int64_t within_ms) MUST_USE;
enum err bench_await(const struct bench *bench, const char *output, pid_t pid, const char *word) MUST_USE;

/* bench_serve starts the whole service; ret_sandbox_port may be NULL: then without a sandbox. */
enum err bench_serve(const struct bench *bench, const char *data, uint16_t *ret_port, uint16_t *ret_sandbox_port,
                     pid_t *ret_pid) MUST_USE;

/* bench_connect opens a connection to a port of this machine; -1. bench_call asks 127.0.0.1:port and appends the
 * answer's body to out. key and body may be NULL. */
int bench_connect(uint16_t port) MUST_USE;
enum err bench_call(uint16_t port, const char *key, const char *method, const char *path, const char *body,
                    struct buf *out, unsigned *ret_status) MUST_USE;
/* bench_run runs a program found in PATH to its end, its output to out (cap bytes at most), at most within_ms. */
enum err bench_run(const char *const *argv, int64_t within_ms, struct buf *out) MUST_USE;
/* bench_sort: ascending. bench_median sorts too. */
void bench_sort(double *values, size_t count);
double bench_median(double *values, size_t count) MUST_USE;
/* bench_middle tells which of the rounds has the median of the ratios of ours to theirs. */
size_t bench_middle(const double *ours, const double *theirs, size_t rounds) MUST_USE;
/* bench_mixed spreads numbers, the same ones in each run: the finalizer of SplitMix64 (Steele, Lea, Flood 2014). */
uint64_t bench_mixed(uint64_t x);
bool bench_has_program(const char *name);

#endif
