/* posts_search_projection_test.c: q= finds the words that an author wrote, in any of the texts, whatever their case and
 * however their characters are composed; of many posts a page holds the few that have them, and of long ones it looks
 * through so much and then leads on. */
#include "tests/unit/projection_fixture.h"

#define MANY 10000U
#define EVERY 997U
#define LONG_BYTES 60000U

struct wrote {
    struct span text;
    struct span link;
    struct span first_comment;
    struct span variant;
};

static void feed_wrote(struct world *world, uint32_t n, const struct wrote *wrote)
{
    struct content_part part = {.text = wrote->text};
    struct target_spec *specs = specs_of(world, n, 1);
    specs[0].variant = wrote->variant;
    struct event event = event_of(EVENT_post_created);
    event.post_created = (struct post_created_event){
        .post_id = id_n(ID_POST, n),
        .author_id = id_n(ID_KEY, 1),
        .parts = &part,
        .parts_count = part.text.data == NULL ? 0 : 1,
        .link = wrote->link,
        .first_comment = wrote->first_comment,
        .targets = specs,
        .targets_count = 1,
    };
    feed_post(world, n, &event);
}

static struct post_filter search_for(struct world *world, const char *text)
{
    struct words_query *query = world_alloc(world, sizeof *query);
    ck_assert_int_eq(words_query_read(span_text(text), &world->arena, query), OK);
    return (struct post_filter){.search = query, .order = POST_ORDER_CREATED_UP};
}

/* Walks the whole list; returns how many pages it had. */
static uint32_t walk(struct world *world, const struct post_filter *filter, uint32_t limit, uint32_t *ret_found)
{
    const struct id workspace_id = the_workspace();
    struct post_page page = {.cursor_len = 0};
    struct arena arena;
    uint32_t pages = 0;
    *ret_found = 0;
    arena_init(&arena, (size_t)64 << 20);
    do {
        uint8_t cursor[POST_CURSOR_MAX];
        const size_t cursor_len = page.cursor_len;
        memcpy(cursor, page.cursor, cursor_len);
        arena_reset(&arena);
        ck_assert_int_eq(
            posts_list(reading(world), &workspace_id, filter, span_of(cursor, cursor_len), limit, &arena, &page), OK);
        *ret_found += page.count;
        pages++;
    } while (page.cursor_len != 0);
    arena_done(&arena);
    return pages;
}

static const struct {
    const char *name;
    const char *q;
    struct wrote wrote;
    bool found;
} rows[] = {
    {"a word",                    "spring",             {.text = STATIC_SPAN("It is spring again")},                                           true },
    {"in another case",           "SPRING",             {.text = STATIC_SPAN("It is Spring again")},                                           true },
    {"within a word",             "prin",               {.text = STATIC_SPAN("spring")},                                                       false},
    {"the last word's beginning", "again spr",          {.text = STATIC_SPAN("It is spring again")},                                           true },
    {"another word's beginning",  "spr again",          {.text = STATIC_SPAN("It is spring again")},                                           false},
    {"one of two words",          "spring autumn",      {.text = STATIC_SPAN("It is spring again")},                                           false},
    {"in quotation marks",        "\"is spring\"",      {.text = STATIC_SPAN("It is spring again")},                                           true },
    {"there in another order",    "\"spring is\"",      {.text = STATIC_SPAN("It is spring again")},                                           false},
    {"words of two texts",
     "spring comment",                                  {.text = STATIC_SPAN("spring"), .first_comment = STATIC_SPAN("a comment")},
     true                                                                                                                                           },
    {"a hashtag",                 "#spring",            {.text = STATIC_SPAN("so #Spring!")},                                                  true },
    {"a mention",                 "@acme.test",         {.text = STATIC_SPAN("thanks @acme.test")},                                            true },
    {"an emoji",                  "\U0001F389",         {.text = STATIC_SPAN("done\U0001F389\U0001F37E")},                                     true },
    {"within a run of Han",       "\u4EAC\u5927",       {.text = STATIC_SPAN("\u5317\u4EAC\u5927\u5B66")},                                     true },
    {"not side by side",          "\u5317\u5927",       {.text = STATIC_SPAN("\u5317\u4EAC\u5927\u5B66")},                                     false},
    {"beyond ASCII",              "FR\u00DCHLING",      {.text = STATIC_SPAN("ein fr\u00FChling")},                                            true },
    {"composed otherwise",        "fru\u0308hling",     {.text = STATIC_SPAN("Fr\u00FChling")},                                                true },
    {"decomposed in the text",    "fr\u00FChling",      {.text = STATIC_SPAN("Fru\u0308hling")},                                               true },
    {"sharp s",                   "STRASSE",            {.text = STATIC_SPAN("Stra\u00DFe")},                                                  true },
    {"Greek with its two sigmas", "\u03A3\u039F\u03A3", {.text = STATIC_SPAN("\u03C3\u03BF\u03C2")},                                           true },
    {"an accent counts",          "fruhling",           {.text = STATIC_SPAN("Fr\u00FChling")},                                                false},
    {"part of a letter",          "u",                  {.text = STATIC_SPAN("\u00FC")},                                                       false},
    {"not there",                 "autumn",             {.text = STATIC_SPAN("spring")},                                                       false},
    {"in the link",               "example.com/a",      {.text = STATIC_SPAN("x"), .link = STATIC_SPAN("https://Example.com/a")},              true },
    {"in the first comment",      "comment",            {.text = STATIC_SPAN("x"), .first_comment = STATIC_SPAN("A comment")},                 true },
    {"in a variant's text",
     "for bluesky",                                     {.text = STATIC_SPAN("x"), .variant = STATIC_SPAN("{\"text\":\"only for Bluesky\"}")},
     true                                                                                                                                           },
    {"in a variant's part",
     "second \"part\"",                                 {.text = STATIC_SPAN("x"),
      .variant = STATIC_SPAN("{\"parts\":[{\"text\":\"a\"},{\"text\":\"second \\\"part\\\"\"}]}")},
     true                                                                                                                                           },
    {"a variant's names are not",
     "parts",                                           {.text = STATIC_SPAN("x"), .variant = STATIC_SPAN("{\"parts\":[{\"text\":\"a\"}]}")},
     false                                                                                                                                          },
    {"in a post without a text",  "x",                  {.link = STATIC_SPAN("https://a.test/")},                                              false},
};

START_TEST(a_text_is_found_wherever_its_author_wrote_it)
{
    struct world world;
    uint32_t found = 0;
    world_init(&world);
    feed_wrote(&world, 1, &rows[_i].wrote);
    const struct post_filter filter = search_for(&world, rows[_i].q);
    (void)walk(&world, &filter, 10, &found);
    ck_assert_msg(found == (rows[_i].found ? 1 : 0), "%s", rows[_i].name);
    world_done(&world);
}

END_TEST

START_TEST(among_10000_posts_the_few_that_have_a_word_are_one_page)
{
    struct world world;
    world_init(&world);
    const struct wrote plain = {.text = SPAN("An ordinary announcement of the day, like all the others")};
    const struct wrote special = {.text = SPAN("Ein Fr\u00FChlingsfest")};
    for (uint32_t n = 1; n <= MANY; n++) {
        feed_wrote(&world, n, n % EVERY == 0 ? &special : &plain);
    }
    const struct post_filter filter = search_for(&world, "fr\u00FChling");
    uint32_t found = 0;
    const uint32_t pages = walk(&world, &filter, POSTS_PAGE_MAX, &found);
    ck_assert_uint_eq(found, MANY / EVERY);
    ck_assert_uint_eq(pages, 1);
    (void)walk(&world, &filter, 1, &found);
    ck_assert_uint_eq(found, MANY / EVERY);
    world_done(&world);
}

END_TEST

START_TEST(of_long_texts_a_page_looks_through_so_much)
{
    struct world world;
    world_init(&world);
    uint8_t *bytes = world_alloc(&world, LONG_BYTES);
    memset(bytes, 'a', LONG_BYTES);
    const struct wrote wrote = {.text = span_of(bytes, LONG_BYTES)};
    const uint32_t count = 3 * (uint32_t)(POSTS_SEARCH_BYTES_MAX / LONG_BYTES);
    for (uint32_t n = 1; n <= count; n++) {
        feed_wrote(&world, n, &wrote);
    }
    struct post_filter filter = search_for(&world, "b");
    uint32_t found = 0;
    ck_assert_uint_eq(walk(&world, &filter, 200, &found), 3);
    ck_assert_uint_eq(found, 0);
    filter = search_for(&world, "aaa");
    (void)walk(&world, &filter, 200, &found);
    ck_assert_uint_eq(found, count);
    world_done(&world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("posts_search_projection");
    TCase *tcase = tcase_create("posts_search");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, a_text_is_found_wherever_its_author_wrote_it, 0, sizeof rows / sizeof *rows);
    tcase_add_test(tcase, among_10000_posts_the_few_that_have_a_word_are_one_page);
    tcase_add_test(tcase, of_long_texts_a_page_looks_through_so_much);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
