/* bench_questions.c: see bench_questions.h. Called by bench_search.c. The answers are found by going through all posts:
 * must never ask what is measured. */
#include "tools/benchmarks/bench_questions.h"

#include <stdlib.h>

#define DOWN POST_ORDER_CREATED_DOWN
#define BY_INSTANT POST_ORDER_PUBLISH_UP
#define WINDOW_MS ((int64_t)6 * HOUR_MS)
#define RANKS (1U << CROWD_VOCABULARY_BITS)

/* clang-format off */
const struct question questions[] = {
    {"all",                                0,                        DOWN,       0, 0,     false, true },
    {"all by publish_at",                  0,                        BY_INSTANT, 0, 0,     false, true },
    {"a label of one in 10",               ASK_LABEL,                DOWN,       0, 0,     false, true },
    {"the same by publish_at",             ASK_LABEL,                BY_INSTANT, 0, 0,     false, true },
    {"an account of one in 10",            ASK_ACCOUNT,              DOWN,       0, 0,     false, true },
    {"an author of one in 10",             ASK_AUTHOR,               DOWN,       0, 0,     false, true },
    {"a status of one in 10",              ASK_STATUS,               DOWN,       0, 0,     false, true },
    {"from and to",                        ASK_WINDOW,               BY_INSTANT, 0, 0,     false, true },
    {"from and to by creation",            ASK_WINDOW,               DOWN,       0, 0,     false, true },
    {"two labels, two accounts, a status", ASK_LABEL | ASK_ACCOUNT | ASK_STATUS | ASK_EITHER,
                                                                     DOWN,       0, 0,     false, false},
    {"a rare label",                       ASK_LABEL | ASK_RARE,     DOWN,       0, 0,     false, false},
    {"a rare label by publish_at",         ASK_LABEL | ASK_RARE,     BY_INSTANT, 0, 0,     false, false},
    {"a rare account",                     ASK_ACCOUNT | ASK_RARE,   DOWN,       0, 0,     false, false},
    {"a rare author",                      ASK_AUTHOR | ASK_RARE,    DOWN,       0, 0,     false, false},
    {"a word of nearly all",               ASK_WORDS,                DOWN,       1, 1,     false, true },
    {"a word of two in 5",                 ASK_WORDS,                DOWN,       1, 7,     false, true },
    {"a word of one in 240",               ASK_WORDS,                DOWN,       1, 1000,  false, false},
    {"a word of one in 240, publish_at",   ASK_WORDS,                BY_INSTANT, 1, 1000,  false, false},
    {"a word of one in 3,800",             ASK_WORDS,                DOWN,       1, 16000, false, false},
    {"a word of one in 3,800, publish_at", ASK_WORDS,                BY_INSTANT, 1, 16000, false, false},
    {"a word of none",                     ASK_WORDS,                DOWN,       1, 0,     false, false},
    {"two words of one in 60",             ASK_WORDS,                DOWN,       2, 150,   false, false},
    {"the beginning of a word",            ASK_WORDS,                DOWN,       1, 9000,  true,  false},
    {"a rare label, a common word",        ASK_WORDS | ASK_LABEL | ASK_RARE, DOWN, 1, 7,   false, false},
};
/* clang-format on */
const size_t question_count = sizeof questions / sizeof *questions;

/* --- asking --- */

/* Each look is for other words of about the same rank. */
static enum err ask_words(const struct question *question, uint64_t look, struct arena *arena, struct asking *asking)
{
    struct buf out = buf_of(asking->text, sizeof asking->text);
    for (uint32_t i = 0; i < question->words; i++) {
        const uint64_t apart = question->rank / 20 + 1;
        crowd_word(&out, question->rank == 0 ? RANKS + look : question->rank + (look * question->words + i) % apart);
        buf_byte(&out, ' ');
    }
    out.len = question->prefix ? 3 : out.len;
    asking->filter.search = &asking->query;
    return words_query_read(buf_span(&out), arena, &asking->query);
}

static bool asks(const struct question *question, enum ask_part part)
{
    return (question->parts & part) != 0;
}

enum err question_ask(const struct crowd *crowd, const struct question *question, uint64_t look, struct arena *arena,
                      struct asking *asking)
{
    *asking = (struct asking){.filter = {.order = question->order}};
    struct post_filter *filter = &asking->filter;
    const bool rare = asks(question, ASK_RARE);
    const uint32_t count = asks(question, ASK_EITHER) ? 2 : 1;
    asking->labels[0] = rare ? SPAN("rare") : SPAN("campaign");
    asking->labels[1] = SPAN("rare");
    asking->ids[0][0] = rare ? crowd->rare.integration_id : crowd->other.integration_id;
    asking->ids[0][1] = crowd->rare.integration_id;
    asking->ids[1][0] = rare ? crowd->rare.key_id : crowd->other.key_id;
    filter->labels = asking->labels;
    filter->label_count = asks(question, ASK_LABEL) ? count : 0;
    filter->integrations = asking->ids[0];
    filter->integration_count = asks(question, ASK_ACCOUNT) ? count : 0;
    filter->authors = asking->ids[1];
    filter->author_count = asks(question, ASK_AUTHOR) ? 1 : 0;
    filter->statuses = asks(question, ASK_STATUS) ? 1U << POST_CANCELLED : 0;
    if (asks(question, ASK_WINDOW)) {
        filter->publish_after_ms =
            crowd->start_ms + 3 * DAY_MS + (int64_t)(bench_mixed(look) % (uint64_t)(25 * DAY_MS));
        filter->publish_before_ms = filter->publish_after_ms + WINDOW_MS;
    }
    return question->words > 0 ? ask_words(question, look, arena, asking) : OK;
}

/* --- answering --- */

struct answering {
    const struct crowd *crowd;
    const struct question *question;
    const struct asking *asking;
    uint8_t *ranks; /* bit n: the word of that rank is what word n of the question looks for */
    uint64_t *numbers;
    uint32_t count;
};

/* Different ranks may have the same word. */
static void find_ranks(struct answering *answering)
{
    const struct words_query *query = &answering->asking->query;
    for (uint32_t rank = 0; rank < RANKS; rank++) {
        char text[16];
        struct buf word = buf_of(text, sizeof text);
        crowd_word(&word, rank);
        for (uint32_t n = 0; n < query->count; n++) {
            const struct sought *sought = &query->items[n];
            const bool same = sought->prefix ? span_starts_with(buf_span(&word), sought->words)
                                             : span_equal(buf_span(&word), sought->words);
            answering->ranks[rank] = (uint8_t)(answering->ranks[rank] | (same ? 1U << n : 0));
        }
    }
}

static bool has_words(const struct answering *answering, uint64_t number)
{
    const unsigned all = (1U << answering->asking->query.count) - 1;
    unsigned found = 0;
    for (uint64_t i = 0; i < CROWD_WORDS && found != all; i++) {
        found |= answering->ranks[crowd_rank(answering->crowd, number, i)];
    }
    return found == all;
}

static bool one_of(const struct question *question, bool ten, bool rare)
{
    return asks(question, ASK_EITHER) ? ten || rare : asks(question, ASK_RARE) ? rare : ten;
}

static bool matches(const struct answering *answering, uint64_t number)
{
    const struct crowd *crowd = answering->crowd;
    const struct question *question = answering->question;
    const struct post_filter *filter = &answering->asking->filter;
    const bool rare = crowd_is_rare(crowd, number);
    const int64_t due_ms = crowd->made[number].due_ms;
    return (!asks(question, ASK_LABEL) || one_of(question, crowd_has_label(crowd, number), rare)) &&
           (!asks(question, ASK_ACCOUNT) || one_of(question, crowd_has_account(crowd, number), rare)) &&
           (!asks(question, ASK_AUTHOR) || one_of(question, crowd_has_author(crowd, number), rare)) &&
           (!asks(question, ASK_STATUS) || crowd->made[number].gone) &&
           (!asks(question, ASK_WINDOW) ||
            (due_ms >= filter->publish_after_ms && due_ms < filter->publish_before_ms)) &&
           (!asks(question, ASK_WORDS) || has_words(answering, number));
}

/* Whether a post comes before another in the order that is asked for. */
static bool is_before(const struct answering *answering, uint64_t number, uint64_t other)
{
    const struct crowd_post *a = &answering->crowd->made[number];
    const struct crowd_post *b = &answering->crowd->made[other];
    const bool down = answering->question->order == DOWN;
    const bool dated = !down && a->due_ms != 0 && b->due_ms != 0;
    if (!down && (a->due_ms == 0) != (b->due_ms == 0)) {
        return b->due_ms == 0; /* posts without an instant come last */
    }
    const int64_t a_ms = dated ? a->due_ms : a->created_ms;
    const int64_t b_ms = dated ? b->due_ms : b->created_ms;
    const int order = a_ms != b_ms ? (a_ms < b_ms ? -1 : 1) : memcmp(a->uuid, b->uuid, sizeof a->uuid);
    return down ? order > 0 : order < 0;
}

/* Keeps the first PAGE of those that match. */
static void take(struct answering *answering, uint64_t number)
{
    uint32_t place = answering->count;
    while (place > 0 && is_before(answering, number, answering->numbers[place - 1])) {
        place--;
    }
    if (place == PAGE) {
        return;
    }
    answering->count += answering->count < PAGE ? 1 : 0;
    memmove(&answering->numbers[place + 1], &answering->numbers[place],
            (answering->count - place - 1) * sizeof *answering->numbers);
    answering->numbers[place] = number;
}

enum err question_answer(const struct crowd *crowd, const struct question *question, const struct asking *asking,
                         uint64_t ret_numbers[PAGE], uint32_t *ret_count)
{
    struct answering answering = {
        .crowd = crowd, .question = question, .asking = asking, .numbers = ret_numbers, .ranks = calloc(RANKS, 1)};
    if (answering.ranks == NULL) {
        return ERR_NO_MEMORY;
    }
    find_ranks(&answering);
    for (uint64_t number = crowd->posts; number > 0; number--) {
        const bool late = answering.count == PAGE && !is_before(&answering, number - 1, ret_numbers[PAGE - 1]);
        if (!late && matches(&answering, number - 1)) {
            take(&answering, number - 1);
        }
    }
    free(answering.ranks);
    *ret_count = answering.count;
    return OK;
}
