/* bench_search.c: what a page of a workspace's posts costs, listed, filtered and searched, with --search-posts of them
 * (a million) against 10 thousand; and what a POST costs the ledger whose text has 30 words, against one of a single
 * word as long. In this process, without HTTP: the ledger's part of a POST and the gateway's of a list. Called by
 * bench.c.
 *
 * Each look asks both, one after the other; the first answer to each question is compared, post by post, with what who
 * made the posts finds by going through all of them, and every one by its length. */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/clock.h"
#include "tools/benchmarks/bench_questions.h"

#define LOOKS_MAX 200 /* p99 is then the second worst */
#define ARENA_MAX ((size_t)64 << 20)
#define CALLS_MAX 200 /* that a page may take: each looks at a bounded number of posts */

struct page {
    struct id ids[PAGE];
    uint32_t count;
};

struct looks {
    const struct crowd *crowd;
    double us[LOOKS_MAX];
    double cpu_us[LOOKS_MAX];
    struct page page; /* the last one */
};

/* A full page, or all there are: as long as one is short and says that more may come, it is followed. */
static enum err fill_page(const struct crowd *crowd, const struct post_filter *filter, struct arena *arena,
                          struct page *page)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct post_page part = {.cursor_len = 0};
    page->count = 0;
    TRY(store_begin(crowd->parts.views, false, &txn));
    for (unsigned call = 0; call < CALLS_MAX && (call == 0 || (part.cursor_len > 0 && page->count < PAGE)); call++) {
        uint8_t cursor[POST_CURSOR_MAX];
        memcpy(cursor, part.cursor, part.cursor_len);
        TRY(posts_list(txn, &crowd->author.workspace_id, filter, span_of(cursor, part.cursor_len), PAGE - page->count,
                       arena, &part));
        for (uint32_t i = 0; i < part.count; i++) {
            page->ids[page->count] = part.posts[i].row.post_id;
            page->count++;
        }
    }
    return OK;
}

static enum err look_once(struct looks *looks, const struct question *question, uint64_t look, unsigned place)
{
    struct asking asking;
    struct arena arena;
    arena_init(&arena, ARENA_MAX);
    enum err err = question_ask(looks->crowd, question, look, &arena, &asking);
    const int64_t start_us = clock_monotonic_us();
    const int64_t cpu_start_us = clock_thread_us();
    err = err == OK ? fill_page(looks->crowd, &asking.filter, &arena, &looks->page) : err;
    looks->cpu_us[place] = (double)(clock_thread_us() - cpu_start_us);
    looks->us[place] = (double)(clock_monotonic_us() - start_us);
    arena_done(&arena);
    return err;
}

/* The page of look number so against the posts as they were made. */
static enum err check(struct bench *bench, const struct looks *looks, const struct question *question, uint64_t look)
{
    uint64_t numbers[PAGE];
    uint32_t count = 0;
    struct asking asking;
    struct arena arena;
    arena_init(&arena, ARENA_MAX);
    enum err err = question_ask(looks->crowd, question, look, &arena, &asking);
    err = err == OK ? question_answer(looks->crowd, question, &asking, numbers, &count) : err;
    bool same = count == looks->page.count;
    for (uint32_t i = 0; same && i < count; i++) {
        const struct id id = crowd_id(looks->crowd, numbers[i], ID_POST);
        same = id_equal(&id, &looks->page.ids[i]);
    }
    if (err == OK && !same) {
        char text[128];
        (void)snprintf(text, sizeof text, "of %llu posts it found %u, not the %u that there are",
                       (unsigned long long)looks->crowd->posts, looks->page.count, count);
        bench_broken(bench, question->name, text);
    }
    arena_done(&arena);
    return err;
}

static enum err ask_both(struct bench *bench, const struct question *question, struct looks *large, struct looks *small)
{
    TRY(look_once(large, question, bench->looks, 0)); /* also warms */
    TRY(check(bench, large, question, bench->looks));
    TRY(look_once(small, question, bench->looks, 0));
    TRY(check(bench, small, question, bench->looks));
    for (unsigned look = 0; look < bench->looks; look++) {
        TRY(look_once(look % 2 == 0 ? large : small, question, look, look));
        TRY(look_once(look % 2 == 0 ? small : large, question, look, look));
    }
    return OK;
}

static void show(struct bench *bench, const struct question *question, const char *which, unsigned place,
                 const struct looks *large, const struct looks *small, const char *against)
{
    char name[96];
    (void)snprintf(name, sizeof name, "search, %s, %s", question->name, which);
    bench_figure(bench, name, large->us[place], small->us[place], "us a page", against);
    (void)snprintf(name, sizeof name, "search, %s, %s, processor", question->name, which);
    bench_figure(bench, name, large->cpu_us[place], small->cpu_us[place], "us a page", against);
}

static enum err compare(struct bench *bench, const struct question *question, struct looks *large, struct looks *small,
                        const char *against)
{
    const unsigned count = bench->looks;
    const unsigned last = count - 1 - count / 100;
    TRY(ask_both(bench, question, large, small));
    bench_sort(large->us, count);
    bench_sort(large->cpu_us, count);
    bench_sort(small->us, count);
    bench_sort(small->cpu_us, count);
    show(bench, question, "p50", count / 2, large, small, against);
    show(bench, question, "p99", last, large, small, against);
    bench_goal(bench, GOAL_SEARCH, large->cpu_us[last] / 1000);
    if (question->alike) {
        bench_goal(bench, GOAL_LISTS, large->cpu_us[count / 2] / small->cpu_us[count / 2]);
    }
    return OK;
}

/* What a text's words cost: of one word, as long, there is nearly nothing to index. */
static enum err show_post(struct bench *bench, const struct crowds *crowds)
{
    struct crowd *plain = calloc(1, sizeof *plain);
    if (plain == NULL) {
        return ERR_NO_MEMORY;
    }
    const enum err err = crowd_open(bench, "search-plain", bench->few_posts, bench->rounds, false, plain);
    if (err == OK) {
        bench_figure(bench, "search, a POST in the ledger, processor", crowds->small.post_us, plain->post_us, "us each",
                     "texts of one word");
        bench_figure(bench, "search, the same among all posts", crowds->large.post_us, crowds->small.post_us, "us each",
                     crowds->against);
    }
    crowd_close(plain);
    free(plain);
    return err;
}

enum err bench_search(struct bench *bench)
{
    struct crowds *crowds = NULL;
    TRY(crowds_get(bench, true, &crowds));
    TRY(show_post(bench, crowds));
    struct looks *looks = calloc(2, sizeof *looks);
    enum err err = looks == NULL ? ERR_NO_MEMORY : OK;
    for (size_t i = 0; err == OK && i < question_count; i++) {
        looks[0].crowd = &crowds->large;
        looks[1].crowd = &crowds->small;
        err = compare(bench, &questions[i], &looks[0], &looks[1], crowds->against);
    }
    free(looks);
    return err;
}
