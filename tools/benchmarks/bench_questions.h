/* bench_questions.h: what is asked of a crowd's posts, and what the answer must be, found without any index by who made
 * the posts. */
#ifndef OPENPOST_TOOLS_BENCHMARKS_BENCH_QUESTIONS_H
#define OPENPOST_TOOLS_BENCHMARKS_BENCH_QUESTIONS_H

#include "projections/posts.h"
#include "tools/benchmarks/bench_crowd.h"

#define PAGE 50 /* posts */

enum ask_part {
    ASK_LABEL = 1,   /* that one in ten has */
    ASK_ACCOUNT = 2, /* likewise */
    ASK_AUTHOR = 4,  /* likewise */
    ASK_STATUS = 8,  /* cancelled: likewise */
    ASK_EITHER = 16, /* label or account: also the rare one */
    ASK_WINDOW = 32, /* a quarter of a day, each time another one, of the month in which posts are due */
    ASK_RARE = 64,   /* the label, account or author is the rare one */
    ASK_WORDS = 128
};

struct question {
    const char *name;
    unsigned parts; /* enum ask_part */
    enum post_order order;
    uint32_t words;
    uint32_t rank; /* of the first word; 0: of none that is there */
    bool prefix;
    bool alike; /* a page takes as many posts to be looked at with a million as with ten thousand */
};

extern const struct question questions[];
extern const size_t question_count;

/* A filter and what it borrows. Do not copy one that was filled. */
struct asking {
    struct post_filter filter;
    struct words_query query;
    struct id ids[2][2]; /* accounts, authors */
    struct span labels[2];
    char text[64]; /* the words */
};

/* question_ask fills the filter of look number so: for other words, another window. */
enum err question_ask(const struct crowd *crowd, const struct question *question, uint64_t look, struct arena *arena,
                      struct asking *asking) MUST_USE;
/* question_answer finds the first page of what was asked, in order: numbers of posts. ERR_NO_MEMORY. */
enum err question_answer(const struct crowd *crowd, const struct question *question, const struct asking *asking,
                         uint64_t ret_numbers[PAGE], uint32_t *ret_count) MUST_USE;

#endif
