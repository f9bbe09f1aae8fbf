/* posts_find_projection_test.c: what the shelves give is what looking at every post gives: words, labels, accounts,
 * authors and statuses together, in every order, page by page; of posts that were written within one millisecond, and
 * that were edited, finished or deleted before and after their shelf was full. */
#include <stdlib.h>

#include "projections/posts_aisle.h"
#include "projections/posts_find.h"
#include "tests/unit/projection_fixture.h"

#define POSTS 4200U /* eight full shelves and more: as many as an aisle has signs of at once */
#define BURST 700U  /* more than a shelf, in one millisecond */
#define WORDS 10U

/* Some are the beginnings of others; the rarest is in one post of a thousand. */
static const char *const vocabulary[WORDS] = {"a",      "an",   "spring", "springtime", "caf\u00E9", "\u5317\u4EAC",
                                              "\u4EAC", "sale", "2026",   "unicorn"};
static const struct span labels[3] = {STATIC_SPAN("x"), STATIC_SPAN("launch day"), STATIC_SPAN("\u00FCber")};

struct model {
    struct id post_id;
    int64_t created_ms;
    int64_t publish_at_ms;
    uint32_t words; /* bit n: vocabulary[n], in this order */
    uint32_t labels;
    uint32_t accounts;
    uint32_t author;
    enum post_status status;
};

struct play {
    struct world world;
    struct prng prng;
    struct model posts[POSTS];
};

static uint32_t some(struct prng *prng, uint32_t count, uint32_t one_in)
{
    uint32_t bits = 0;
    for (uint32_t n = 0; n < count; n++) {
        bits |= prng_chance(prng, n + 1 == WORDS ? 1000 : one_in) ? 1U << n : 0;
    }
    return bits;
}

static struct span text_of(struct world *world, uint32_t words)
{
    const size_t cap = 128;
    struct buf out = buf_of(world_alloc(world, cap), cap);
    for (uint32_t n = 0; n < WORDS; n++) {
        if ((words >> n & 1) != 0) {
            buf_text(&out, n % 3 == 0 ? " - " : " #");
            buf_text(&out, vocabulary[n]);
        }
    }
    ck_assert(buf_ok(&out));
    return buf_span(&out);
}

static void write_labels(const struct model *post, struct label *ret_labels, uint32_t *ret_count)
{
    *ret_count = 0;
    for (uint32_t n = 0; n < 3; n++) {
        if ((post->labels >> n & 1) != 0) {
            ret_labels[*ret_count].name = labels[n];
            (*ret_count)++;
        }
    }
}

static uint32_t write_specs(uint32_t n, const struct model *post, struct target_spec specs[2])
{
    uint32_t count = 0;
    memset(specs, 0, 2 * sizeof *specs);
    for (uint32_t i = 0; i < 2; i++) {
        if ((post->accounts >> i & 1) != 0) {
            specs[count].target_id = target_n(n, i);
            specs[count].integration_id = id_n(ID_INTEGRATION, i + 1);
            specs[count].channel = CHANNEL_BLUESKY;
            count++;
        }
    }
    return count;
}

static void say(struct play *play, const struct model *post, const struct event *event)
{
    const struct id workspace_id = the_workspace();
    feed(&play->world, &workspace_id, &post->post_id, event);
}

static void feed_new(struct play *play, uint32_t n)
{
    struct prng *prng = &play->prng;
    struct model *post = &play->posts[n];
    uint8_t chance[10];
    struct target_spec specs[2];
    struct label names[3];
    struct content_part part;
    prng_fill(prng, chance, sizeof chance);
    *post = (struct model){.post_id = id_make(ID_POST, T0, chance), /* in no order within a millisecond */
                           .created_ms = play->world.now_ms,
                           .words = some(prng, WORDS, 4),
                           .labels = some(prng, 3, 5),
                           .accounts = some(prng, 2, 2),
                           .author = prng_chance(prng, 50) ? 2 : 1,
                           .status = POST_DRAFT};
    part = (struct content_part){.text = text_of(&play->world, post->words)};
    struct event event = event_of(EVENT_post_created);
    event.post_created = (struct post_created_event){.post_id = post->post_id,
                                                     .author_id = id_n(ID_KEY, post->author),
                                                     .parts = &part,
                                                     .parts_count = 1,
                                                     .targets = specs,
                                                     .targets_count = write_specs(n, post, specs),
                                                     .labels = names};
    write_labels(post, names, &event.post_created.labels_count);
    say(play, post, &event);
}

static void feed_edited(struct play *play, uint32_t n)
{
    struct model *post = &play->posts[n];
    struct target_spec specs[2];
    struct label names[3];
    post->words = some(&play->prng, WORDS, 4);
    post->labels = some(&play->prng, 3, 5);
    struct content_part part = {.text = text_of(&play->world, post->words)};
    struct event event = event_of(EVENT_post_edited);
    event.post_edited = (struct post_edited_event){.post_id = post->post_id,
                                                   .editor_id = id_n(ID_KEY, 1),
                                                   .parts = &part,
                                                   .parts_count = 1,
                                                   .targets = specs,
                                                   .targets_count = write_specs(n, post, specs),
                                                   .labels = names};
    write_labels(post, names, &event.post_edited.labels_count);
    say(play, post, &event);
}

/* Takes a post a step along its life. */
static void feed_step(struct play *play, uint32_t n)
{
    struct model *post = &play->posts[n];
    struct target_due dues[2];
    struct event event;
    if (post->status == POST_SCHEDULED) {
        post->status = prng_chance(&play->prng, 3) ? POST_FAILED : POST_PUBLISHED;
        event = event_of(EVENT_post_finished);
        event.post_finished = (struct post_finished_event){.post_id = post->post_id, .status = post->status};
        say(play, post, &event);
    } else if (post->status == POST_DRAFT && prng_chance(&play->prng, 4)) {
        post->status = POST_DELETED;
        event = event_of(EVENT_post_deleted);
        event.post_deleted.post_id = post->post_id;
        say(play, post, &event);
    } else if (post->status == POST_DRAFT && post->accounts != 0) {
        post->status = POST_SCHEDULED;
        post->publish_at_ms = T0 + DAY_MS + (int64_t)prng_below(&play->prng, 300) * MINUTE_MS;
        event = event_of(EVENT_post_scheduled);
        event.post_scheduled = (struct post_scheduled_event){
            .post_id = post->post_id, .publish_at_ms = post->publish_at_ms, .targets = dues};
        for (uint32_t i = 0; i < 2; i++) {
            if ((post->accounts >> i & 1) != 0) {
                dues[event.post_scheduled.targets_count] =
                    (struct target_due){.target_id = target_n(n, i), .due_ms = post->publish_at_ms};
                event.post_scheduled.targets_count++;
            }
        }
        say(play, post, &event);
    }
}

static void feed_random(struct play *play)
{
    for (uint32_t n = 0; n < POSTS; n++) {
        const bool burst = n >= BURST && n < 2 * BURST;
        play->world.now_ms += burst || prng_chance(&play->prng, 2) ? 0 : 1;
        feed_new(play, n);
        const uint32_t other = (uint32_t)prng_below(&play->prng, n + 1);
        if (prng_chance(&play->prng, 2)) {
            feed_step(play, other);
        }
        if (play->posts[other].status == POST_DRAFT && prng_chance(&play->prng, 5)) {
            feed_edited(play, other);
        }
    }
    for (uint32_t n = 0; n < 600;
         n++) { /* of one shelf none stays scheduled; of the next more are edited than kept aside */
        if (n < 512 && play->posts[n].status == POST_SCHEDULED) {
            feed_step(play, n);
        } else if (n >= 512 && play->posts[n].status == POST_DRAFT) {
            feed_edited(play, n);
        }
    }
}

/* --- what is asked, and the model's answer --- */

struct question {
    struct post_filter filter;
    struct words_query query;
    uint32_t words; /* all of them */
    uint32_t labels;
    uint32_t accounts;
    struct id ids[2];
    struct id author;
    struct span names[3];
};

/* Each word by itself: whole, but for the last one. */
static void ask_words(struct play *play, struct question *question)
{
    char text[64];
    struct buf out = buf_of(text, sizeof text);
    for (uint64_t i = prng_below(&play->prng, 3); i > 0; i--) {
        const uint32_t n = (uint32_t)prng_below(&play->prng, WORDS);
        question->words |= 1U << n;
        buf_text(&out, vocabulary[n]);
        buf_byte(&out, ' ');
    }
    if (question->words != 0) {
        ck_assert_int_eq(words_query_read(buf_span(&out), &play->world.arena, &question->query), OK);
        question->filter.search = &question->query;
    }
}

static void ask(struct play *play, struct question *question)
{
    struct prng *prng = &play->prng;
    memset(question, 0, sizeof *question);
    struct post_filter *filter = &question->filter;
    filter->order = (enum post_order)prng_below(prng, 4);
    filter->statuses = prng_chance(prng, 3) ? 1U << POST_FAILED | 1U << POST_DRAFT : 0;
    ask_words(play, question);
    question->labels = prng_chance(prng, 3) ? (uint32_t)prng_below(prng, 8) : 0;
    for (uint32_t n = 0; n < 3; n++) {
        if ((question->labels >> n & 1) != 0) {
            question->names[filter->label_count] = labels[n];
            filter->label_count++;
        }
    }
    filter->labels = question->names;
    if (prng_chance(prng, 4)) {
        question->accounts = 1;
        question->ids[0] = id_n(ID_INTEGRATION, 1);
        filter->integrations = question->ids;
        filter->integration_count = 1;
    }
    if (prng_chance(prng, 4)) {
        question->author = id_n(ID_KEY, 2);
        filter->authors = &question->author;
        filter->author_count = 1;
    }
    filter->publish_after_ms = prng_chance(prng, 6) ? T0 + DAY_MS + 100 * MINUTE_MS : 0;
}

/* Han within Han is found. */
static uint32_t held(uint32_t words)
{
    return words | ((words >> 5 & 1) << 6);
}

static bool is_wanted(const struct model *post, const struct question *question)
{
    const struct post_filter *filter = &question->filter;
    return post->status != POST_DELETED && (held(post->words) & question->words) == question->words &&
           (question->labels == 0 || (post->labels & question->labels) != 0) &&
           (question->accounts == 0 || (post->accounts & question->accounts) != 0) &&
           (filter->author_count == 0 || post->author == 2) &&
           (filter->statuses == 0 || (filter->statuses >> post->status & 1) != 0) &&
           (filter->publish_after_ms == 0 || post->publish_at_ms >= filter->publish_after_ms);
}

static int by_time(const struct model *a, const struct model *b, int64_t a_ms, int64_t b_ms)
{
    return a_ms != b_ms ? (a_ms < b_ms ? -1 : 1) : memcmp(a->post_id.uuid, b->post_id.uuid, 16);
}

static int created_up(const void *a, const void *b)
{
    const struct model *x = a;
    const struct model *y = b;
    return by_time(x, y, x->created_ms, y->created_ms);
}

static int created_down(const void *a, const void *b)
{
    return created_up(b, a);
}

/* Those without an instant come last in both directions. */
static int publish(const void *a, const void *b, int direction)
{
    const struct model *x = a;
    const struct model *y = b;
    if ((x->publish_at_ms == 0) != (y->publish_at_ms == 0)) {
        return x->publish_at_ms == 0 ? 1 : -1;
    }
    return direction * (x->publish_at_ms == 0 ? created_up(x, y) : by_time(x, y, x->publish_at_ms, y->publish_at_ms));
}

static int publish_up(const void *a, const void *b)
{
    return publish(a, b, 1);
}

static int publish_down(const void *a, const void *b)
{
    return publish(a, b, -1);
}

static void check(struct play *play, const struct question *question, uint32_t limit)
{
    static int (*const orders[])(const void *, const void *) = {created_down, created_up, publish_up, publish_down};
    const struct id workspace_id = the_workspace();
    struct model *expected = malloc(sizeof play->posts);
    struct post_page page = {.cursor_len = 0};
    struct arena arena;
    uint32_t count = 0;
    uint32_t seen = 0;
    ck_assert_ptr_nonnull(expected);
    for (uint32_t n = 0; n < POSTS; n++) {
        if (is_wanted(&play->posts[n], question)) {
            expected[count] = play->posts[n];
            count++;
        }
    }
    qsort(expected, count, sizeof *expected, orders[question->filter.order]);
    arena_init(&arena, (size_t)64 << 20);
    do {
        uint8_t cursor[POST_CURSOR_MAX];
        const size_t cursor_len = page.cursor_len;
        memcpy(cursor, page.cursor, cursor_len);
        arena_reset(&arena);
        ck_assert_int_eq(posts_list(reading(&play->world), &workspace_id, &question->filter,
                                    span_of(cursor, cursor_len), limit, &arena, &page),
                         OK);
        for (uint32_t i = 0; i < page.count; i++) {
            ck_assert_uint_lt(seen, count);
            ck_assert(id_equal(&page.posts[i].row.post_id, &expected[seen].post_id));
            seen++;
        }
        ck_assert(page.cursor_len == 0 || page.count == limit);
    } while (page.cursor_len != 0);
    ck_assert_uint_eq(seen, count);
    arena_done(&arena);
    free(expected);
}

/* Of full shelves an aisle tells exactly which of them has a post of a class. */
static void check_classes(struct play *play)
{
    const struct id workspace_id = the_workspace();
    uint64_t expected[SHELF_CLASS + 1] = {0};
    struct aisle aisle;
    for (uint32_t n = 0; n < POSTS / SEGMENT_POSTS * SEGMENT_POSTS; n++) {
        expected[posts_class(play->posts[n].status)] |= (uint64_t)1 << n / SEGMENT_POSTS;
    }
    expected[POST_DELETED] = 0;
    ck_assert_int_eq(posts_aisle_open(reading(&play->world), &workspace_id, 0, &aisle), OK);
    for (uint32_t class = 1; class <= SHELF_CLASS; class ++) {
        ck_assert_uint_eq(posts_aisle_class(&aisle, class), expected[class]);
    }
}

START_TEST(what_the_shelves_give_is_what_looking_at_every_post_gives)
{
    struct play *play = calloc(1, sizeof *play);
    ck_assert_ptr_nonnull(play);
    world_init(&play->world);
    prng_seed(&play->prng, (uint64_t)_i + 1);
    feed_random(play);
    check_classes(play);
    for (uint32_t round = 0; round < 40; round++) {
        struct question question;
        ask(play, &question);
        check(play, &question, (uint32_t)prng_below(&play->prng, 100) + 1);
    }
    check_rebuild(&play->world);
    world_done(&play->world);
    free(play);
}

END_TEST

/* Posts behind a cursor stay where they are, whatever is written before it or changed behind it. */
START_TEST(pages_of_a_search_are_stable_under_new_posts_and_edits)
{
    struct play *play = calloc(1, sizeof *play);
    struct question question = {.words = 1U << 7};
    ck_assert_ptr_nonnull(play);
    world_init(&play->world);
    prng_seed(&play->prng, 5);
    for (uint32_t n = 0; n < 1200; n++) {
        play->world.now_ms++;
        feed_new(play, n);
    }
    ck_assert_int_eq(words_query_read(SPAN("sale"), &play->world.arena, &question.query), OK);
    question.filter = (struct post_filter){.search = &question.query, .order = POST_ORDER_CREATED_DOWN};
    const struct id workspace_id = the_workspace();
    struct post_page page = {.cursor_len = 0};
    uint32_t below = 1200; /* all posts from here on were passed */
    uint32_t next = 1200;
    do {
        const struct post_page before = page;
        ck_assert_int_eq(posts_list(reading(&play->world), &workspace_id, &question.filter,
                                    span_of(before.cursor, before.cursor_len), 7, &play->world.arena, &page),
                         OK);
        for (uint32_t i = 0; i < page.count; i++) {
            do {
                below--;
            } while (!is_wanted(&play->posts[below], &question));
            ck_assert(id_equal(&page.posts[i].row.post_id, &play->posts[below].post_id));
        }
        if (page.cursor_len != 0) {
            play->world.now_ms++;
            feed_new(play, next);
            next++;
            feed_edited(play, (uint32_t)prng_below(&play->prng, below));
            feed_edited(play, below + (uint32_t)prng_below(&play->prng, next - below));
        }
    } while (page.cursor_len != 0);
    while (below > 0) {
        below--;
        ck_assert(!is_wanted(&play->posts[below], &question));
    }
    world_done(&play->world);
    free(play);
}

END_TEST

/* Of 600 posts 88 are on the shelf that is not full: of the others none is looked at that never said the word, edited
 * or not. */
START_TEST(an_edited_post_is_not_looked_at_for_what_it_never_said)
{
    struct play *play = calloc(1, sizeof *play);
    struct words_query query;
    struct post_finder *finder = NULL;
    uint8_t key[SHELF_KEY_BYTES];
    bool edge = false;
    uint32_t given = 0;
    ck_assert_ptr_nonnull(play);
    world_init(&play->world);
    prng_seed(&play->prng, 7);
    for (uint32_t n = 0; n < 600; n++) {
        play->world.now_ms++;
        feed_new(play, n);
    }
    for (uint32_t n = 100; n < 100 + SHELF_EDITS; n++) {
        feed_edited(play, n);
    }
    const struct id workspace_id = the_workspace();
    const struct post_filter filter = {.search = &query};
    ck_assert_int_eq(words_query_read(SPAN("never "), &play->world.arena, &query), OK);
    ck_assert_int_eq(
        posts_find_open(reading(&play->world), &workspace_id, &filter, true, SPAN(""), &play->world.arena, &finder),
        OK);
    while (posts_find_next(finder, key, &edge) == OK) {
        ck_assert(!edge);
        given++;
    }
    ck_assert_uint_eq(given, 600 - SEGMENT_POSTS);
    world_done(&play->world);
    free(play);
}

END_TEST

START_TEST(a_post_of_more_words_than_are_kept_is_found_all_the_same)
{
    struct world world;
    world_init(&world);
    const size_t cap = 60000;
    struct content_part parts[3];
    uint64_t word = 0;
    for (uint32_t i = 0; i < 3; i++) {
        struct buf out = buf_of(world_alloc(&world, cap), cap);
        while (out.len < cap - 32) {
            buf_text(&out, "w");
            buf_u64(&out, word);
            buf_byte(&out, ' ');
            word++;
        }
        buf_text(&out, i == 2 ? "theend" : "");
        parts[i].text = buf_span(&out);
    }
    ck_assert_uint_gt(word, 20000);
    for (uint32_t n = 1; n <= 513; n++) {
        struct event event = event_of(EVENT_post_created);
        event.post_created = (struct post_created_event){
            .post_id = id_n(ID_POST, n), .author_id = id_n(ID_KEY, 1), .parts = parts, .parts_count = n == 5 ? 3 : 0};
        feed_post(&world, n, &event);
    }
    const struct id workspace_id = the_workspace();
    struct words_query query;
    struct post_page page;
    const struct post_filter filter = {.search = &query};
    ck_assert_int_eq(words_query_read(SPAN("w9999 theend"), &world.arena, &query), OK);
    ck_assert_int_eq(posts_list(reading(&world), &workspace_id, &filter, SPAN(""), 10, &world.arena, &page), OK);
    ck_assert_uint_eq(page.count, 1);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

static void feed_text(struct world *world, uint32_t n, bool is_new, struct span text)
{
    struct content_part part = {.text = text};
    struct event event = event_of(is_new ? EVENT_post_created : EVENT_post_edited);
    if (is_new) {
        event.post_created = (struct post_created_event){
            .post_id = id_n(ID_POST, n), .author_id = id_n(ID_KEY, 1), .parts = &part, .parts_count = 1};
    } else {
        event.post_edited = (struct post_edited_event){
            .post_id = id_n(ID_POST, n), .editor_id = id_n(ID_KEY, 1), .parts = &part, .parts_count = 1};
    }
    feed_post(world, n, &event);
}

/* So many words that no other post has, and one more. */
static struct span own_words(struct world *world, uint32_t n, uint32_t count)
{
    const size_t cap = 32 + (size_t)count * 16;
    struct buf out = buf_of(world_alloc(world, cap), cap);
    for (uint32_t i = 0; i < count; i++) {
        buf_text(&out, "w");
        buf_u64(&out, (uint64_t)n * 10000 + i);
        buf_byte(&out, ' ');
    }
    buf_text(&out, "griffin");
    buf_u64(&out, n);
    ck_assert(buf_ok(&out));
    return buf_span(&out);
}

/* By its last word, whole and as somebody types it. */
static void check_alone(struct world *world, uint32_t n, bool whole)
{
    char text[40];
    struct words_query query;
    struct post_page page;
    struct buf out = buf_of(text, sizeof text);
    const struct id workspace_id = the_workspace();
    const struct id post_id = id_n(ID_POST, n);
    const struct post_filter filter = {.search = &query};
    buf_text(&out, "griffin");
    buf_u64(&out, n);
    buf_text(&out, whole ? " " : "");
    ck_assert_int_eq(words_query_read(buf_span(&out), &world->arena, &query), OK);
    ck_assert_int_eq(posts_list(reading(world), &workspace_id, &filter, SPAN(""), 10, &world->arena, &page), OK);
    ck_assert_uint_eq(page.count, 1);
    ck_assert(id_equal(&page.posts[0].row.post_id, &post_id));
}

/* Of shelves whose aisle has their signs: one post each; so many of one that it is written again; among them four whose
 * words are too many to stand aside, and find room when it is. */
START_TEST(a_word_that_comes_with_an_edit_is_found)
{
    struct world world;
    world_init(&world);
    const uint32_t full = SEGMENT_POSTS * AISLE_STEP;
    for (uint32_t n = 1; n <= full + 10; n++) {
        world.now_ms++;
        feed_text(&world, n, true, n == 1 ? own_words(&world, n, 4500) : SPAN("the same words again"));
    }
    for (uint32_t n = 600; n <= full; n += SEGMENT_POSTS) {
        feed_text(&world, n, false, own_words(&world, n, 3));
        check_alone(&world, n, true);
    }
    for (uint32_t n = 700; n < 704; n++) {
        feed_text(&world, n, false, own_words(&world, n, 4500));
    }
    for (uint32_t n = 704; n < 704 + SHELF_EDITS; n++) {
        feed_text(&world, n, false, own_words(&world, n, 2));
    }
    for (uint32_t n = 700; n < 704 + SHELF_EDITS; n++) {
        check_alone(&world, n, n % 2 == 1);
    }
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("posts_find_projection");
    TCase *tcase = tcase_create("posts_find");
    tcase_set_timeout(tcase, 100);
    tcase_add_loop_test(tcase, what_the_shelves_give_is_what_looking_at_every_post_gives, 0, 2);
    tcase_add_test(tcase, pages_of_a_search_are_stable_under_new_posts_and_edits);
    tcase_add_test(tcase, an_edited_post_is_not_looked_at_for_what_it_never_said);
    tcase_add_test(tcase, a_post_of_more_words_than_are_kept_is_found_all_the_same);
    tcase_add_test(tcase, a_word_that_comes_with_an_edit_is_found);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
