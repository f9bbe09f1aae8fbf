/* bluesky_facts_test.c: a rendering notes what the network was asked for and did not give, and only that. */
#include "adapters/bluesky.h"

#include <check.h>

#include "tests/suite.h"

static struct arena arena;
static struct channel_rendering rendering;

static void set_up(void)
{
    arena_init(&arena, 1 << 20);
}

static void tear_down(void)
{
    arena_done(&arena);
}

static void render(const struct channel_content *content, const char *facts)
{
    const struct channel_facts given = {.json = facts == NULL ? (struct span){0} : span_text(facts)};
    ck_assert_int_eq(bluesky_channel()->render(content, &given, 1776693600123, &arena, &rendering), OK);
}

static const struct {
    const char *facts;
    const char *first;
    const char *second;
} noted[] = {
    {NULL,                                                                      NULL,                                                                                 NULL}, /* not asked */
    {"{}",                                                                      "The link's card has no title: its page has none, or could not be read.",
     "@Bob.test and 2 more stay plain text: nobody has the handle, or the network did not say who."                                                                       },
    {"{\"mentions\":{\"bob.test\":\"did:plc:b\",\"carol.test\":\"did:plc:c\"},"
     "\"card\":{\"uri\":\"https://example.com/\",\"title\":\"T\"}}",       "@dan.test stays plain text: nobody has the handle, or the network did not say who.", NULL},
    {"{\"mentions\":{\"bob.test\":\"did:plc:b\",\"carol.test\":\"did:plc:c\",\"dan.test\":\"did:plc:d\"},"
     "\"card\":{\"uri\":\"https://example.com/\",\"description\":\"D\"}}", "The link's card has no title: its page has none, or could not be read.",             NULL},
};

START_TEST(what_the_network_did_not_give_is_noted)
{
    struct content_part parts[] = {{.text = SPAN("@Bob.test")}, {.text = SPAN("@carol.test")}};
    const struct channel_content content = {
        .parts = parts, .part_count = 2, .link = SPAN("https://example.com/"), .first_comment = SPAN("@dan.test")};
    render(&content, noted[_i].facts);
    const char *const wanted[] = {noted[_i].first, noted[_i].second, NULL};
    uint32_t count = 0;
    for (; wanted[count] != NULL; count++) {
        ck_assert_uint_lt(count, rendering.violation_count);
        ck_assert_str_eq(rendering.violations[count].message, wanted[count]);
        ck_assert(!rendering.violations[count].fatal);
    }
    ck_assert_uint_eq(rendering.violation_count, count);
    ck_assert_uint_eq(rendering.part_count, 3);
}

END_TEST

START_TEST(a_note_names_a_long_handle_by_its_beginning)
{
    static const char label[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    char text[256];
    struct buf out = buf_of(text, sizeof text);
    for (int i = 0; i < 4; i++) {
        buf_text(&out, i == 0 ? "@" : ".");
        buf_text(&out, label);
    }
    const struct content_part part = {.text = buf_span(&out)};
    const struct channel_content content = {.parts = &part, .part_count = 1};
    render(&content, "{}");
    ck_assert_uint_eq(rendering.violation_count, 1);
    ck_assert_ptr_nonnull(strstr(rendering.violations[0].message, "aaa.aaa stays plain text: "));
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("bluesky_facts");
    TCase *tcase = tcase_create("bluesky_facts");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, what_the_network_did_not_give_is_noted, 0, sizeof noted / sizeof *noted);
    tcase_add_test(tcase, a_note_names_a_long_handle_by_its_beginning);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
