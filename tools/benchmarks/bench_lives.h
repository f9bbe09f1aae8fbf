/* bench_lives.h: what the log says of each post of the burst: its lock, its attempt, and whether they belong together.
 */
#ifndef OPENPOST_TOOLS_BENCHMARKS_BENCH_LIVES_H
#define OPENPOST_TOOLS_BENCHMARKS_BENCH_LIVES_H

#include "tools/benchmarks/bench_world.h"

#define LIFE_TEXT_MAX 128
#define LIFE_CODE_MAX 64
#define LIFE_KEY_MAX 64
#define LIFE_LOCK_LATE_MAX_MS 10000 /* a thirtieth of LOCK_AHEAD_MS */

/* The first four are given, the others read. */
struct life {
    struct id post_id;
    uint64_t number; /* in the order of creation */
    int64_t due_ms;
    bool missing; /* the platform does not have it */
    unsigned locks;
    unsigned starts; /* attempts, at whatever */
    uint64_t locked_seq;
    uint64_t started_seq;
    int64_t locked_ms; /* the ledger's stamp */
    struct hash locked_hash;
    char key[LIFE_KEY_MAX];   /* of the record, as locked */
    bool locked_own;          /* its bytes are the post's, and the hash theirs */
    bool started_own;         /* its hash is the lock's */
    bool fenced;              /* its fence is the epoch of the ledger that ran */
    uint32_t outcome;         /* enum outcome, of the attempt that ended last; OUTCOME_NONE: none ended */
    int64_t ended_ms;         /* the ledger's stamp */
    char code[LIFE_CODE_MAX]; /* why it was not accepted; the platform's own code, if it gave one */
};

/* life_text writes the text of post number so; no two are the same. */
void life_text(uint64_t number, char ret_text[LIFE_TEXT_MAX]);
/* lives_read sorts the lives by id and reads what the whole log says of them. lives_show prints how many are as they
 * must be: one lock before the post was due, one attempt after it, of the same bytes, under the running epoch; with
 * --ahead of more than five minutes, the lock five minutes before. What is not so is broken. */
enum err lives_read(const struct data_folder *data, struct life *lives, uint64_t count) MUST_USE;
void lives_show(struct bench *bench, const struct life *lives);
/* lives_tell says in a sentence what the log has of those that are missing: how many attempts ended how, how long after
 * they were due the last of them, and how many had a key that another post has too. */
#define LIFE_TOLD_MAX 512
void lives_tell(const struct life *lives, uint64_t count, char ret_text[LIFE_TOLD_MAX]);

#endif
