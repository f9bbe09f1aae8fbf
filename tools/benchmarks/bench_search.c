/* bench_search.c: what a page of a workspace's posts costs, unfiltered, filtered and searched, with --search-posts of
 * them (a million) against 10 thousand; and what a POST costs the ledger whose text has 30 words, against one of a
 * single word as long. In this process, without HTTP: the ledger's part of a POST and the gateway's of a list. Called
 * by bench.c. */
#include <stdio.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/limits.h"
#include "core/base/process.h"
#include "projections/posts.h"
#include "tools/benchmarks/bench_proc.h"
#include "tools/benchmarks/bench_world.h"

#define GROUP 256 /* of posts, in one commit, all of one millisecond */
#define STEP_MS (10 * SECOND_MS)
#define SMALL 10000
#define VOCABULARY_BITS 14U /* 16,384 words, used by rank as in texts: the n-th some 1/n as often as the first */
#define TEXT_WORDS 30
#define TEXT_MAX 512
#define RARE 20000 /* one post of so many has the rare label, account, author */
#define PAGE 50
#define LOOKS 200 /* pages of each question: p99 is the second worst */
#define ARENA_MAX ((size_t)64 << 20)

/* A folder with one workspace of so many posts. */
struct shelf {
    struct parts parts;
    struct bench_author author;
    struct bench_author rare; /* the same workspace's: another account */
    bool worded;
    uint64_t posts;
    int64_t now_ms;
    double post_us; /* of the processor */
    char texts[GROUP][TEXT_MAX];
};

/* SplitMix64's finalizer: the same texts in each run. */
static uint64_t mixed(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* The word of a rank: 3 to 10 letters. */
static void put_word(struct buf *out, uint64_t rank)
{
    uint64_t letters = mixed(rank);
    for (uint64_t left = 3 + letters % 8; left > 0; left--) {
        letters = mixed(letters);
        buf_byte(out, (uint8_t)('a' + letters % 26));
    }
}

static void make_text(const struct shelf *shelf, uint64_t number, struct buf *out)
{
    for (uint64_t i = 0; shelf->worded && i < TEXT_WORDS; i++) {
        const uint64_t chance = mixed(number * TEXT_WORDS + i);
        const uint64_t most = (uint64_t)1 << chance % VOCABULARY_BITS;
        put_word(out, most + (chance >> 8) % most);
        buf_byte(out, ' ');
    }
    while (!shelf->worded && out->len < (size_t)TEXT_WORDS * 7) {
        buf_byte(out, 'a');
    }
}

static enum err make_post(struct shelf *shelf, unsigned place)
{
    struct bench_post post;
    struct answer answer;
    struct label labels[] = {{.name = SPAN("rare")}, {.name = SPAN("campaign")}};
    const uint64_t number = shelf->posts;
    const bool rare = mixed(number) % RARE == 0;
    struct buf text = buf_of(shelf->texts[place], TEXT_MAX);
    make_text(shelf, number, &text);
    bench_post_fill(&post, rare ? &shelf->rare : &shelf->author, buf_span(&text),
                    shelf->now_ms + DAY_MS + (int64_t)(mixed(~number) % (uint64_t)(30 * DAY_MS)));
    post.command.create_post.labels = rare ? labels : labels + 1;
    post.command.create_post.labels_count = rare ? 2 : number % 10 == 0 ? 1 : 0;
    post.command.create_post.at_ms = mixed(number) % RARE == 1 ? 0 : post.command.create_post.at_ms;
    TRY(ledger_handle(shelf->parts.ledger, &post.command, NULL, &answer));
    shelf->posts++;
    return answer.refusal == ACCEPTED ? OK : ERR_CONFLICT;
}

static enum err make_group(struct shelf *shelf)
{
    TRY(ledger_begin(shelf->parts.ledger, shelf->now_ms));
    for (unsigned i = 0; i < GROUP; i++) {
        const enum err err = make_post(shelf, i);
        if (err != OK) {
            ledger_abort(shelf->parts.ledger);
            return err;
        }
    }
    shelf->now_ms += STEP_MS;
    return ledger_commit(shelf->parts.ledger);
}

/* The rare author's key and account, in the workspace of the other one. */
static enum err found_rare(struct shelf *shelf)
{
    struct answer answer;
    shelf->rare = shelf->author;
    (void)snprintf(shelf->rare.name, sizeof shelf->rare.name, "rare");
    for (unsigned step = BENCH_WORKSPACE_STEPS - 1; step < BENCH_AUTHOR_STEPS; step++) {
        struct command command;
        bench_author_step(step, 1, &shelf->rare, &command);
        TRY(parts_command(&shelf->parts, &command, shelf->now_ms, &answer));
        TRY(answer.refusal == ACCEPTED ? OK : ERR_CONFLICT);
    }
    return OK;
}

static enum err fill(struct shelf *shelf, uint64_t posts)
{
    struct answer answer;
    struct command command = {.code = COMMAND_start_ledger};
    double before_us = 0;
    double after_us = 0;
    command.start_ledger.boot = SPAN("bench");
    command.start_ledger.release = SPAN("bench");
    TRY(parts_command(&shelf->parts, &command, shelf->now_ms, &answer));
    TRY(found_rare(shelf));
    TRY(bench_process_cpu_us(getpid(), &before_us));
    while (shelf->posts < posts) {
        TRY(make_group(shelf));
    }
    TRY(bench_process_cpu_us(getpid(), &after_us));
    shelf->post_us = (after_us - before_us) / (double)shelf->posts;
    return OK;
}

static enum err open_shelf(struct bench *bench, const char *name, uint64_t posts, bool worded, struct shelf *ret_shelf)
{
    char path[DATA_PATH_MAX];
    struct data_folder data;
    memset(ret_shelf, 0, sizeof *ret_shelf);
    ret_shelf->worded = worded;
    TRY(path_join(path, sizeof path, bench->folder, name));
    TRY(bench_found(path, true, &ret_shelf->author));
    TRY(data_open(path, &data));
    TRY(parts_open(&data, true, &ret_shelf->parts, NULL));
    ret_shelf->now_ms = clock_wall_ms() + DAY_MS; /* behind what was founded */
    return fill(ret_shelf, posts);
}

/* --- questions --- */

enum ask { ASK_ALL, ASK_LABEL, ASK_ACCOUNT, ASK_AUTHOR, ASK_STATUS, ASK_WORDS, ASK_LABEL_WORD };

static const struct question {
    const char *name;
    enum ask ask;
    uint32_t words;
    uint32_t rank; /* of the first; 0: of no word that is there */
    bool prefix;
    enum post_order order;
} questions[] = {
    {"all",                                ASK_ALL,        0, 0,     false, POST_ORDER_CREATED_DOWN},
    {"all by publish_at",                  ASK_ALL,        0, 0,     false, POST_ORDER_PUBLISH_UP  },
    {"a rare label",                       ASK_LABEL,      0, 0,     false, POST_ORDER_CREATED_DOWN},
    {"a rare label by publish_at",         ASK_LABEL,      0, 0,     false, POST_ORDER_PUBLISH_UP  },
    {"a rare account",                     ASK_ACCOUNT,    0, 0,     false, POST_ORDER_CREATED_DOWN},
    {"a rare author",                      ASK_AUTHOR,     0, 0,     false, POST_ORDER_CREATED_DOWN},
    {"a rare status",                      ASK_STATUS,     0, 0,     false, POST_ORDER_CREATED_DOWN},
    {"a word of nearly all",               ASK_WORDS,      1, 1,     false, POST_ORDER_CREATED_DOWN},
    {"a word of two in 5",                 ASK_WORDS,      1, 7,     false, POST_ORDER_CREATED_DOWN},
    {"a word of one in 240",               ASK_WORDS,      1, 1000,  false, POST_ORDER_CREATED_DOWN},
    {"a word of one in 240, publish_at",   ASK_WORDS,      1, 1000,  false, POST_ORDER_PUBLISH_UP  },
    {"a word of one in 3,800",             ASK_WORDS,      1, 16000, false, POST_ORDER_CREATED_DOWN},
    {"a word of one in 3,800, publish_at", ASK_WORDS,      1, 16000, false, POST_ORDER_PUBLISH_UP  },
    {"a word of none",                     ASK_WORDS,      1, 0,     false, POST_ORDER_CREATED_DOWN},
    {"two words of one in 60",             ASK_WORDS,      2, 150,   false, POST_ORDER_CREATED_DOWN},
    {"the beginning of a word",            ASK_WORDS,      1, 9000,  true,  POST_ORDER_CREATED_DOWN},
    {"a rare label, a common word",        ASK_LABEL_WORD, 1, 7,     false, POST_ORDER_CREATED_DOWN},
};

struct asking {
    struct post_filter filter;
    struct words_query query;
    struct span label;
    uint32_t found;
};

/* Each look is for other words of about the same rank. */
static enum err ask_words(const struct question *question, uint64_t look, struct arena *arena, struct asking *asking)
{
    char text[64];
    struct buf out = buf_of(text, sizeof text);
    for (uint32_t i = 0; i < question->words; i++) {
        const uint64_t apart = question->rank / 20 + 1;
        put_word(&out, question->rank == 0 ? (1U << VOCABULARY_BITS) + look
                                           : question->rank + (look * question->words + i) % apart);
        buf_byte(&out, ' ');
    }
    out.len = question->prefix ? 3 : out.len;
    asking->filter.search = &asking->query;
    return words_query_read(buf_span(&out), arena, &asking->query);
}

static enum err ask(const struct shelf *shelf, const struct question *question, uint64_t look, struct arena *arena,
                    struct asking *asking)
{
    *asking = (struct asking){.filter = {.order = question->order}, .label = SPAN("rare")};
    struct post_filter *filter = &asking->filter;
    if (question->ask == ASK_LABEL || question->ask == ASK_LABEL_WORD) {
        filter->labels = &asking->label;
        filter->label_count = 1;
    }
    if (question->ask == ASK_ACCOUNT) {
        filter->integrations = &shelf->rare.integration_id;
        filter->integration_count = 1;
    }
    if (question->ask == ASK_AUTHOR) {
        filter->authors = &shelf->rare.key_id;
        filter->author_count = 1;
    }
    filter->statuses = question->ask == ASK_STATUS ? 1U << POST_DRAFT : 0;
    return question->words > 0 ? ask_words(question, look, arena, asking) : OK;
}

static enum err look_once(const struct shelf *shelf, const struct question *question, uint64_t look, double *ret_us)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct asking asking;
    struct post_page page;
    struct arena arena;
    arena_init(&arena, ARENA_MAX);
    const int64_t start_us = clock_thread_us();
    enum err err = store_begin(shelf->parts.views, false, &txn);
    err = err == OK ? ask(shelf, question, look, &arena, &asking) : err;
    err = err == OK
              ? posts_list(txn, &shelf->author.workspace_id, &asking.filter, (struct span){0}, PAGE, &arena, &page)
              : err;
    *ret_us = (double)(clock_thread_us() - start_us);
    arena_done(&arena);
    return err;
}

static enum err look_often(const struct shelf *shelf, const struct question *question, double looks_us[LOOKS])
{
    double warm_us = 0;
    TRY(look_once(shelf, question, LOOKS, &warm_us));
    for (uint64_t look = 0; look < LOOKS; look++) {
        TRY(look_once(shelf, question, look, &looks_us[look]));
    }
    bench_sort(looks_us, LOOKS);
    return OK;
}

static enum err compare(struct bench *bench, const struct shelf *large, const struct shelf *small)
{
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        char name[80];
        double ours[LOOKS];
        double theirs[LOOKS];
        TRY(look_often(large, &questions[i], ours));
        TRY(look_often(small, &questions[i], theirs));
        (void)snprintf(name, sizeof name, "search, %s, p50", questions[i].name);
        bench_figure(bench, name, ours[LOOKS / 2], theirs[LOOKS / 2], "us a page, processor", "10,000 posts");
        (void)snprintf(name, sizeof name, "search, %s, p99", questions[i].name);
        bench_figure(bench, name, ours[LOOKS - 2], theirs[LOOKS - 2], "us a page, processor", "10,000 posts");
        bench_goal(bench, GOAL_SEARCH, ours[LOOKS - 2] / 1000);
    }
    return OK;
}

enum err bench_search(struct bench *bench)
{
    static struct shelf large;
    static struct shelf small;
    static struct shelf plain;
    enum err err = open_shelf(bench, "search-plain", SMALL, false, &plain);
    err = err == OK ? open_shelf(bench, "search-small", SMALL, true, &small) : err;
    err = err == OK ? open_shelf(bench, "search-large", bench->search_posts, true, &large) : err;
    if (err == OK) {
        bench_figure(bench, "search, a POST in the ledger, processor", small.post_us, plain.post_us, "us each",
                     "texts of one word");
        bench_figure(bench, "search, the same among all posts", large.post_us, small.post_us, "us each",
                     "10,000 posts");
        err = compare(bench, &large, &small);
    }
    parts_close(&plain.parts);
    parts_close(&small.parts);
    parts_close(&large.parts);
    return err;
}
