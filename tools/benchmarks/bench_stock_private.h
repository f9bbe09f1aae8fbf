/* bench_stock_private.h: what a stock is made of. For bench_stock.c and the files that say what its works are. */
#ifndef OPENPOST_TOOLS_BENCHMARKS_BENCH_STOCK_PRIVATE_H
#define OPENPOST_TOOLS_BENCHMARKS_BENCH_STOCK_PRIVATE_H

#include "core/base/sha256.h"
#include "tools/benchmarks/bench_crowd.h"
#include "tools/benchmarks/bench_load.h"
#include "tools/benchmarks/bench_stock.h"

#define STOCK_ROUNDS 15            /* many and short: what else the machine does strikes few of them */
#define STOCK_OUTSTANDING 512      /* when filling */
#define STOCK_LOCKS_OUTSTANDING 64 /* when measuring */
#define STOCK_TEXT_LEN 260

/* What happens to a post of a worded stock: each is one work's, or nobody's. */
enum stock_part { PART_NONE, PART_DUE, PART_DRAFT, PART_EDIT, PART_MOVE, PART_CANCEL, PART_APPROVE, PART_COUNT };

struct stock_made {
    struct id post_id;
    struct id target_id;
    unsigned author;
    uint8_t part;
    bool early;     /* due in the month's first half */
    bool edited;    /* its text is another */
    int64_t due_ms; /* 0: a draft */
};

struct stock {
    struct client *client;
    pid_t ledger;
    pid_t gateway;
    char name[64];
    char path[DATA_PATH_MAX];
    char url[64];
    char publish[64];
    uint16_t port;
    unsigned authors_count;
    unsigned step;                  /* of founding */
    unsigned turns;                 /* rounds of a comparison */
    uint64_t filled;                /* of made */
    uint64_t size;                  /* that it is filled to, */
    uint64_t soon;                  /* of which the last so many are due soon */
    uint64_t rounds[STOCK_WORKS];   /* done at this size: no two read or write the same */
    char text[STOCK_TEXT_LEN];      /* of each post that is not worded; of what is locked */
    struct hash text_hash;          /* of that */
    uint64_t epoch;                 /* of its ledger */
    int64_t due_ms;                 /* of PART_DUE */
    uint32_t *chosen;               /* numbers of made: first those of one part, then those of the next */
    uint64_t first[PART_COUNT + 1]; /* where each part begins there; behind the last: those edited when it was filled */
    uint64_t chosen_count;          /* of all */
    char seen[STOCK_HTTP_ROUND][65]; /* of a round: hashes of what is to be approved */
    struct bench_author *authors;
    struct stock_made *made;
    struct command steps[STOCK_OUTSTANDING];
    struct bench_post posts[STOCK_OUTSTANDING];
    struct bench_lock locks[STOCK_OUTSTANDING];
    char texts[STOCK_OUTSTANDING][CROWD_TEXT_MAX];
};

/* What a work is: requests over HTTP, or commands through the ledger. */
struct stock_line {
    uint64_t count; /* in a round */
    load_request *request;
    load_answer *check; /* of each answer beyond its status; may be NULL */
    load_command *command;
    enum err (*prepare)(struct stock *stock); /* before a round, unmeasured; may be NULL */
};

/* stock_line_of finds any work's; stock_life_line one of a worded stock's. */
const struct stock_line *stock_line_of(enum stock_work work);
const struct stock_line *stock_life_line(enum stock_work work);

/* stock_text writes the words of post number so, as they are now. */
struct span stock_text(const struct stock *stock, uint64_t number, char text[CROWD_TEXT_MAX]);
/* stock_spread: one of so many, by chance. */
uint64_t stock_spread(uint64_t index, uint64_t below);
/* stock_put writes a request: line ("POST /v1/posts/"), and where post_id is given its id and what follows it; then the
 * head, with more (lines that end in \r\n), and the body, data NULL: none. stock_put_new_post writes the body of a new
 * post. */
void stock_put(struct buf *out, const char *line, const struct id *post_id, const char *action, const char *key,
               const char *more, struct span body);
void stock_put_new_post(struct buf *body, const struct bench_author *author, struct span text, int64_t at_ms);

#endif
