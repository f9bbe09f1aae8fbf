/* bluesky_render_test.c: a post's content becomes the records that Bluesky's lexicon allows: facets count bytes, texts
 * count clusters, long texts become threads, what cannot be sent is a violation that says where, and the same input
 * gives the same bytes. */
#include "adapters/bluesky.h"
#include "adapters/bluesky_text.h"
#include "core/message/json_read.h"
#include "core/text/text_measure.h"

#include <check.h>
#include <stdlib.h>

#include "tests/suite.h"

static struct arena arena;
static struct channel_rendering rendering;

#define CREATED_MS ((int64_t)1776693600123) /* 2026-04-20T14:00:00.123Z */

static void set_up(void)
{
    arena_init(&arena, 8 << 20);
    rendering = (struct channel_rendering){0};
}

static void tear_down(void)
{
    arena_done(&arena);
}

static void render(const struct channel_content *content, const char *facts)
{
    const struct channel_facts given = {.json = facts == NULL ? (struct span){0} : span_text(facts)};
    ck_assert_int_eq(bluesky_channel()->render(content, &given, CREATED_MS, &arena, &rendering), OK);
}

static void render_text(const char *text)
{
    const struct content_part part = {.text = span_text(text)};
    const struct channel_content content = {.parts = &part, .part_count = 1};
    render(&content, NULL);
}

static const char *part_text(uint32_t i)
{
    char *text = arena_alloc(&arena, rendering.parts[i].bytes.len + 1);
    memcpy(text, rendering.parts[i].bytes.data, rendering.parts[i].bytes.len);
    return text;
}

static struct span record_text(uint32_t i)
{
    const struct json_node *root = NULL;
    ck_assert_int_eq(json_read(rendering.parts[i].bytes, &arena, &root), OK);
    return json_node_text(root, "text");
}

static char *repeat(const char *unit, size_t times)
{
    char *text = arena_alloc(&arena, strlen(unit) * times + 1);
    for (size_t i = 0; i < times; i++) {
        memcpy(text + i * strlen(unit), unit, strlen(unit));
    }
    return text;
}

START_TEST(a_plain_text_is_one_record)
{
    render_text("Hello");
    ck_assert_uint_eq(rendering.violation_count, 0);
    ck_assert_uint_eq(rendering.part_count, 1);
    ck_assert_str_eq(rendering.format, "post");
    ck_assert_str_eq(part_text(0), "{\"$type\":\"app.bsky.feed.post\",\"text\":\"Hello\","
                                   "\"createdAt\":\"2026-04-20T14:00:00.123Z\"}");
}

END_TEST

#define FACET(start_, end_, type_, name_, value_)              \
    "{\"index\":{\"byteStart\":" #start_ ",\"byteEnd\":" #end_ \
    "},\"features\":[{\"$type\":\"app.bsky.richtext.facet#" type_ "\",\"" name_ "\":\"" value_ "\"}]}"

/* facets: what stands between the brackets; NULL: there are none. */
static const struct {
    const char *text;
    const char *facets;
} faceted[] = {
    {"see https://example.com/a",                     FACET(4,                                           25, "link", "uri", "https://example.com/a")},
    {"see https://example.com/a.",                                         FACET(4,                                                                                     25, "link", "uri", "https://example.com/a")},
    {"(https://example.com/a_(b))",                                               FACET(1,                                                                     26, "link", "uri", "https://example.com/a_(b)")},
    {"<https://example.com>",                                             FACET(1,    20, "link", "uri", "https://example.com")},
    {"HTTP://EXAMPLE.com",                       FACET(0,                                                                        18, "link", "uri", "HTTP://EXAMPLE.com")},
    {"\u00FC https://example.com",FACET(3,22, "link", "uri", "https://example.com")},
    {"\U0001F468\u200D\U0001F469\u200D\U0001F467 #a",                                          FACET(19,                                                               21, "tag", "tag", "a")},
    {"https://a.example https://b.example",
     FACET(0,                       17, "link", "uri", "https://a.example") "," FACET(18, 35, "link", "uri", "https://b.example")},
    {"hi @alice.test!",                                         FACET(3,                                                                                     14, "mention", "did", "did:plc:alice")},
    {"hi @Alice.Test",                                               FACET(3,                                                                             14, "mention", "did", "did:plc:alice")},
    {"(@alice.test)",                                             FACET(1,                 12, "mention", "did", "did:plc:alice")},
    {"@alice.test.",                          FACET(0,                                                                           11, "mention", "did", "did:plc:alice")},
    {"hi @bob.test",                                               NULL                                                                                                                         },
    {"hi @alice",                                          NULL                                                                    },
    {"#tag", FACET(0, 4, "tag", "tag", "tag")},
    {"a #caf\u00E9!",                                          FACET(2,                                                                                      8, "tag", "tag", "caf\u00E9")},
    {"\uFF03tag",                                               FACET(0,                                                            6, "tag", "tag", "tag")},
    {"\uFF23\u8A00\u8A9E \uFF23#a",                                             NULL                                                                 },
    {"#1984 #19a",              FACET(6,                                                             10, "tag", "tag", "19a")},
    {"#a.b, #c",                                          FACET(0,                                                                       4, "tag", "tag", "a.b") "," FACET(6, 8, "tag", "tag", "c")},
    {"#",                               NULL                                },
    {"##x",                                      FACET(0,                                                                                  3, "tag", "tag", "#x")},
    {"\"quoted\" \\ text",                                               NULL                                                                                },
};

START_TEST(facets_name_the_bytes_of_what_they_mark)
{
    const struct content_part part = {.text = span_text(faceted[_i].text)};
    const struct channel_content content = {.parts = &part, .part_count = 1};
    render(&content, "{\"mentions\":{\"alice.test\":\"did:plc:alice\"}}");
    ck_assert_uint_eq(rendering.part_count, 1);
    const struct json_node *root = NULL;
    const struct json_node *wanted = NULL;
    ck_assert_int_eq(json_read(rendering.parts[0].bytes, &arena, &root), OK);
    if (faceted[_i].facets != NULL) {
        char text[1024];
        struct buf buf = buf_of(text, sizeof text);
        buf_byte(&buf, '[');
        buf_text(&buf, faceted[_i].facets);
        buf_byte(&buf, ']');
        ck_assert_int_eq(json_read(buf_span(&buf), &arena, &wanted), OK);
    }
    ck_assert_msg(json_node_equal(json_node_member(root, "facets"), wanted), "%s", part_text(0));
}

END_TEST

START_TEST(a_tag_longer_than_64_clusters_is_plain_text)
{
    char *text = repeat("a", 66);
    text[0] = '#';
    render_text(text);
    ck_assert_ptr_null(strstr(part_text(0), "facets"));
    text[65] = 0;
    render_text(text);
    ck_assert_ptr_nonnull(strstr(part_text(0), "\"byteEnd\":65"));
}

END_TEST

static void ck_split(const char *param, const char *message)
{
    ck_assert(rendering.violation_count == 1 && !channel_has_fatal(&rendering));
    ck_assert_str_eq(rendering.violations[0].code, "text_split");
    ck_assert_str_eq(rendering.violations[0].param, param);
    ck_assert_str_eq(rendering.violations[0].message, message);
}

START_TEST(three_hundred_clusters_are_one_post_and_one_more_is_a_thread)
{
    render_text(repeat("\U0001F468\u200D", 0));
    render_text(repeat("\U0001F44D", 300));
    ck_assert_uint_eq(rendering.violation_count, 0);
    ck_assert_uint_eq(rendering.part_count, 1);
    render_text(repeat("\U0001F44D", 301));
    ck_assert_uint_eq(rendering.part_count, 2);
    ck_assert_str_eq(rendering.format, "thread");
    ck_split("/content/parts/0/text", "The text is longer than one post: it becomes a thread of 2.");
    ck_assert_uint_eq(record_text(0).len, 1200);
    ck_assert_uint_eq(record_text(1).len, 4);
}

END_TEST

START_TEST(three_thousand_bytes_bound_a_post_before_its_clusters_do)
{
    /* A family of four is one cluster of 25 bytes: 120 of them are 3000 bytes. */
    const char *family = "\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466";
    ck_assert_uint_eq(strlen(family), 25);
    render_text(repeat(family, 120));
    ck_assert_uint_eq(rendering.part_count, 1);
    render_text(repeat(family, 121));
    ck_assert_uint_eq(rendering.part_count, 2);
    ck_assert_uint_eq(record_text(0).len, 3000);
    ck_assert_uint_eq(record_text(1).len, 25);
}

END_TEST

START_TEST(a_long_text_is_cut_after_a_sentence)
{
    char *text = repeat("x", 520);
    memset(text, 'a', 520);
    for (size_t i = 5; i < 520; i += 6) {
        text[i] = ' ';
    }
    memcpy(text + 198, "b. C", 4);
    render_text(text);
    ck_assert_uint_eq(rendering.part_count, 3);
    ck_assert_uint_eq(record_text(0).len, 200);
    ck_assert_uint_eq(record_text(0).data[199], '.');
    ck_assert_uint_eq(record_text(1).data[0], 'C');
}

END_TEST

START_TEST(without_a_sentence_it_is_cut_between_words)
{
    render_text(repeat("lorem ", 60));
    ck_assert_uint_eq(rendering.part_count, 2);
    ck_assert_uint_eq(record_text(0).len, 299);
    ck_assert(span_starts_with(record_text(1), SPAN("lorem")));
}

END_TEST

START_TEST(without_a_space_it_is_cut_between_clusters)
{
    render_text(repeat("e\u0301", 301));
    ck_assert_uint_eq(rendering.part_count, 2);
    ck_assert_uint_eq(record_text(0).len, 900);
    ck_assert_uint_eq(record_text(1).len, 3);
}

END_TEST

START_TEST(a_link_is_never_cut)
{
    char *text = repeat("a", 400);
    memcpy(text + 280, " https://example.com/a-long-path/that/breaks ", 45);
    memset(text + 325, 'b', 75);
    render_text(text);
    ck_assert_uint_eq(rendering.part_count, 2);
    ck_assert_uint_eq(record_text(0).len, 280);
    ck_assert(span_starts_with(record_text(1), SPAN("https://example.com/a-long-path/that/breaks b")));
}

END_TEST

START_TEST(the_text_survives_the_cutting)
{
    /* Every piece fits, and the pieces together are the text without its white space. */
    static const char *const units[] = {
        "Wort. ",  "\U0001F44D\U0001F3FD", "\u6587\u7AE0\u3002", "https://e.example/x/y ", "#tag ", "a", "\n\n",
        "e\u0301 "};
    char *text = arena_alloc(&arena, 64 << 10);
    size_t len = 0;
    uint64_t state = (uint64_t)_i * 2654435761u + 1;
    while (len < 6000) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        const char *unit = units[state >> 33 & 7];
        memcpy(text + len, unit, strlen(unit));
        len += strlen(unit);
    }
    struct bluesky_pieces pieces;
    ck_assert_int_eq(bluesky_split(span_of(text, len), BLUESKY_PIECES_MAX, &arena, &pieces), OK);
    ck_assert_int_eq(pieces.fault, SPLIT_OK);
    size_t at = 0;
    for (uint32_t i = 0; i < pieces.count; i++) {
        bool fits = false;
        uint32_t clusters = 0;
        ck_assert_int_eq(bluesky_fits(pieces.items[i], &fits, &clusters), OK);
        ck_assert(fits);
        ck_assert_uint_gt(clusters, 0);
        const size_t start = (size_t)(pieces.items[i].data - (const uint8_t *)text);
        ck_assert_uint_ge(start, at);
        ck_assert_uint_eq(text_trim(span_of(text + at, start - at)).len, 0);
        at = start + pieces.items[i].len;
    }
    ck_assert_uint_eq(text_trim(span_of(text + at, len - at)).len, 0);
}

END_TEST

START_TEST(parts_are_a_thread_and_the_comment_is_last)
{
    const struct content_part parts[] = {{.text = SPAN("one")}, {.text = SPAN("two")}};
    const struct channel_content content = {.parts = parts, .part_count = 2, .first_comment = SPAN("see #c")};
    render(&content, NULL);
    ck_assert_uint_eq(rendering.violation_count, 0);
    ck_assert_str_eq(rendering.format, "thread");
    ck_assert_uint_eq(rendering.part_count, 3);
    ck_assert(!rendering.parts[1].comment);
    ck_assert(rendering.parts[2].comment);
    ck_assert_ptr_nonnull(strstr(part_text(1), "14:00:00.124Z"));
    ck_assert_ptr_nonnull(strstr(part_text(2), "14:00:00.125Z"));
}

END_TEST

START_TEST(a_single_post_with_a_comment_is_a_post)
{
    const struct content_part part = {.text = SPAN("one")};
    const struct channel_content content = {.parts = &part, .part_count = 1, .first_comment = SPAN("two")};
    render(&content, NULL);
    ck_assert_str_eq(rendering.format, "post");
    ck_assert_uint_eq(rendering.part_count, 2);
}

END_TEST

START_TEST(a_link_is_a_card_on_the_first_part)
{
    const struct content_part parts[] = {{.text = SPAN("one")}, {.text = SPAN("two")}};
    const struct channel_content content = {.parts = parts, .part_count = 2, .link = SPAN("https://example.com/a")};
    render(&content,
           "{\"card\":{\"uri\":\"https://example.com/a\",\"title\":\"A \\\"T\\\"\",\"description\":\"D\","
           "\"thumb\":{\"$type\":\"blob\",\"ref\":{\"$link\":\"bafy\"},\"mimeType\":\"image/png\",\"size\":7}}}");
    ck_assert_uint_eq(rendering.violation_count, 0);
    ck_assert_ptr_nonnull(strstr(
        part_text(0), ",\"embed\":{\"$type\":\"app.bsky.embed.external\",\"external\":{\"uri\":"
                      "\"https://example.com/a\",\"title\":\"A \\\"T\\\"\",\"description\":\"D\",\"thumb\":{"
                      "\"$type\":\"blob\",\"ref\":{\"$link\":\"bafy\"},\"mimeType\":\"image/png\",\"size\":7}}}}"));
    ck_assert_ptr_null(strstr(part_text(1), "embed"));
}

END_TEST

START_TEST(a_card_of_another_link_is_not_used)
{
    const struct content_part part = {.text = SPAN("one")};
    const struct channel_content content = {.parts = &part, .part_count = 1, .link = SPAN("https://example.com/b")};
    render(&content, "{\"card\":{\"uri\":\"https://example.com/a\",\"title\":\"A\",\"description\":\"D\"}}");
    ck_assert_ptr_nonnull(strstr(part_text(0), "\"title\":\"example.com\",\"description\":\"\"}"));
}

END_TEST

START_TEST(a_link_alone_is_enough_for_the_first_part)
{
    const struct content_part part = {.text = SPAN("")};
    const struct channel_content content = {.parts = &part, .part_count = 1, .link = SPAN("https://example.com")};
    render(&content, NULL);
    ck_assert_uint_eq(rendering.violation_count, 0);
    ck_assert_uint_eq(record_text(0).len, 0);
}

END_TEST

START_TEST(settings_name_languages)
{
    const struct content_part part = {.text = SPAN("Hallo")};
    const struct channel_content content = {
        .parts = &part, .part_count = 1, .settings = SPAN("{\"langs\":[\"de\",\"pt-BR\",\"zh-Hant\"]}")};
    render(&content, NULL);
    ck_assert_uint_eq(rendering.violation_count, 0);
    ck_assert_ptr_nonnull(strstr(part_text(0), "Z\",\"langs\":[\"de\",\"pt-BR\",\"zh-Hant\"]}"));
}

END_TEST

START_TEST(the_same_input_gives_the_same_bytes)
{
    const struct content_part part = {.text = SPAN("see https://example.com #x @alice.test")};
    const struct channel_content content = {.parts = &part, .part_count = 1, .settings = SPAN("{\"langs\":[\"en\"]}")};
    render(&content, "{\"mentions\":{\"alice.test\":\"did:plc:alice\"}}");
    const struct span first = rendering.parts[0].bytes;
    render(&content, "{ \"mentions\" : { \"alice.test\" : \"did:plc:alice\" } }");
    ck_assert(span_equal(first, rendering.parts[0].bytes));
}

END_TEST

static const struct {
    const char *name;
    const char *text;
    const char *link;
    const char *comment;
    const char *settings;
    const char *code;
    const char *param;
} violations[] = {
    {"no text",               "",     NULL,                       NULL, NULL,                                        "text_empty",       "/content/parts/0/text"    },
    {"only space",            " \n",  NULL,                       NULL, NULL,                                        "text_empty",       "/content/parts/0/text"    },
    {"not UTF-8",             "\xFF", NULL,                       NULL, NULL,                                        "text_invalid",     "/content/parts/0/text"    },
    {"an empty comment",      "a",    NULL,                       " ",  NULL,                                        "text_empty",       "/content/first_comment"   },
    {"a link without scheme", "a",    "example.com",              NULL, NULL,                                        "link_invalid",     "/content/link"            },
    {"a link to a file",      "a",    "file:///etc/passwd",       NULL, NULL,                                        "link_invalid",     "/content/link"            },
    {"a link with a space",   "a",    "https://example.com/a b",  NULL, NULL,                                        "link_invalid",     "/content/link"            },
    {"a link with a user",    "a",    "https://u:p@example.com/", NULL, NULL,                                        "link_invalid",     "/content/link"            },
    {"settings no JSON",      "a",    NULL,                       NULL, "{",                                         "settings_invalid", "/platform_settings"       },
    {"settings no object",    "a",    NULL,                       NULL, "[]",                                        "settings_invalid", "/platform_settings"       },
    {"a setting unknown",     "a",    NULL,                       NULL, "{\"x\":1}",                                 "settings_invalid", "/platform_settings"       },
    {"four languages",        "a",    NULL,                       NULL, "{\"langs\":[\"de\",\"en\",\"fr\",\"it\"]}", "settings_invalid",
     "/platform_settings/langs"                                                                                                                                     },
    {"a language too long",   "a",    NULL,                       NULL, "{\"langs\":[\"german\"]}",                  "settings_invalid",
     "/platform_settings/langs"                                                                                                                                     },
    {"a language of digits",  "a",    NULL,                       NULL, "{\"langs\":[\"12\"]}",                      "settings_invalid", "/platform_settings/langs" },
    {"a language of space",   "a",    NULL,                       NULL, "{\"langs\":[\"e n\"]}",                     "settings_invalid", "/platform_settings/langs" },
    {"an empty subtag",       "a",    NULL,                       NULL, "{\"langs\":[\"en-\"]}",                     "settings_invalid", "/platform_settings/langs" },
    {"languages no list",     "a",    NULL,                       NULL, "{\"langs\":\"en\"}",                        "settings_invalid", "/platform_settings/langs" },
    {"another format",        "a",    NULL,                       NULL, "{\"format\":\"reel\"}",                     "settings_invalid", "/platform_settings/format"},
};

START_TEST(what_cannot_be_sent_is_a_violation)
{
    const struct content_part part = {.text = span_text(violations[_i].text)};
    struct channel_content content = {.parts = &part, .part_count = 1};
    content.link = violations[_i].link == NULL ? (struct span){0} : span_text(violations[_i].link);
    content.first_comment = violations[_i].comment == NULL ? (struct span){0} : span_text(violations[_i].comment);
    content.settings = violations[_i].settings == NULL ? (struct span){0} : span_text(violations[_i].settings);
    render(&content, NULL);
    ck_assert_msg(rendering.violation_count == 1, "%s: %u", violations[_i].name, rendering.violation_count);
    ck_assert(rendering.violations[0].fatal);
    ck_assert_str_eq(rendering.violations[0].code, violations[_i].code);
    ck_assert_str_eq(rendering.violations[0].param, violations[_i].param);
    ck_assert_uint_gt(strlen(rendering.violations[0].message), 10);
}

END_TEST

static void ck_violation(const char *code, const char *param)
{
    ck_assert_uint_eq(rendering.violation_count, 1);
    ck_assert_str_eq(rendering.violations[0].code, code);
    ck_assert_str_eq(rendering.violations[0].param, param);
}

START_TEST(a_format_of_one_post_is_not_split)
{
    const struct content_part part = {.text = span_text(repeat("a", 301))};
    const struct channel_content content = {.parts = &part, .part_count = 1, .settings = SPAN("{\"format\":\"post\"}")};
    render(&content, NULL);
    ck_violation("text_too_long", "/content/parts/0/text");
    ck_assert_str_eq(rendering.violations[0].message,
                     "The text has 301 characters and 301 bytes; Bluesky takes 300 and 3000.");
    ck_assert_uint_eq(rendering.part_count, 0);
}

END_TEST

START_TEST(a_comment_is_not_split)
{
    const struct content_part part = {.text = SPAN("a")};
    const struct channel_content content = {
        .parts = &part, .part_count = 1, .first_comment = span_text(repeat("a", 301))};
    render(&content, NULL);
    ck_violation("text_too_long", "/content/first_comment");
}

END_TEST

START_TEST(a_thread_has_at_most_25_posts)
{
    render_text(repeat("a", 300 * 25));
    ck_split("/content/parts/0/text", "The text is longer than one post: it becomes a thread of 25.");
    ck_assert_uint_eq(rendering.part_count, 25);
    const struct content_part two[] = {{.text = SPAN("short")}, {.text = span_text(repeat("a", 301))}};
    render(&(struct channel_content){.parts = two, .part_count = 2}, NULL);
    ck_split("/content/parts", "The text is longer than one post: it becomes a thread of 3.");
    render_text(repeat("a", 300 * 25 + 1));
    ck_violation("too_many_parts", "/content/parts/0/text");
    struct content_part parts[25] = {{.text = span_text(repeat("a", 301))}};
    for (size_t i = 1; i < 25; i++) {
        parts[i].text = SPAN("x");
    }
    const struct channel_content content = {.parts = parts, .part_count = 25};
    render(&content, NULL);
    ck_violation("too_many_parts", "/content/parts/24/text");
}

END_TEST

START_TEST(one_cluster_longer_than_a_post_cannot_be_sent)
{
    char *text = repeat("\u0301", 1501);
    text[0] = 'a';
    text[1] = 'b';
    render_text(text);
    ck_violation("text_too_long", "/content/parts/0/text");
}

END_TEST

START_TEST(a_link_longer_than_a_post_cannot_be_sent)
{
    char *text = repeat("a", 400);
    memcpy(text, "https://e.example/", 18);
    render_text(text);
    ck_violation("text_too_long", "/content/parts/0/text");
}

END_TEST

START_TEST(violations_are_bounded)
{
    struct content_part parts[25] = {{.text = SPAN("")}};
    for (size_t i = 0; i < 25; i++) {
        parts[i].text = SPAN("");
    }
    const struct channel_content content = {.parts = parts, .part_count = 25};
    render(&content, NULL);
    ck_assert_uint_eq(rendering.violation_count, CHANNEL_VIOLATIONS_MAX);
}

END_TEST

START_TEST(rendering_says_when_memory_ends)
{
    const struct content_part part = {.text = SPAN("see https://example.com #x @alice.test")};
    const struct channel_content content = {.parts = &part,
                                            .part_count = 1,
                                            .link = SPAN("https://example.com"),
                                            .first_comment = SPAN("c"),
                                            .settings = SPAN("{\"langs\":[\"en\"]}")};
    const struct channel_facts facts = {.json = SPAN("{\"mentions\":{\"alice.test\":\"did:plc:alice\"}}")};
    enum err err = ERR_NO_MEMORY;
    unsigned failures = 0;
    /* Chunks are 16 KB: a smaller limit is none at all. */
    for (size_t most = 0; err == ERR_NO_MEMORY && most < 64; most++) {
        struct arena small;
        arena_init(&small, most * 1024);
        struct channel_rendering untouched = {.part_count = 77};
        err = bluesky_channel()->render(&content, &facts, CREATED_MS, &small, &untouched);
        ck_assert(err == OK || err == ERR_NO_MEMORY);
        failures += err != OK;
        ck_assert(err == OK || untouched.part_count == 77);
        arena_done(&small);
    }
    ck_assert_int_eq(err, OK);
    ck_assert_uint_gt(failures, 0);
}

END_TEST

START_TEST(facts_are_needed_for_mentions_and_links)
{
    struct content_part parts[] = {{.text = SPAN("plain https://example.com #tag")}, {.text = SPAN("x")}};
    struct channel_content content = {.parts = parts, .part_count = 2};
    ck_assert(!bluesky_channel()->needs_facts(&content));
    parts[1].text = SPAN("hi @alice.test");
    ck_assert(bluesky_channel()->needs_facts(&content));
    parts[1].text = SPAN("x");
    content.first_comment = SPAN("(@alice.test)");
    ck_assert(bluesky_channel()->needs_facts(&content));
    content.first_comment = (struct span){0};
    content.link = SPAN("https://example.com");
    ck_assert(bluesky_channel()->needs_facts(&content));
}

END_TEST

START_TEST(a_key_is_a_tid_that_has_its_number_whatever_the_instant)
{
    const uint64_t some = 0x7000000123456789; /* of which the lowest 36 bits count */
    char text[3][16];
    struct buf a = buf_of(text[0], sizeof text[0]);
    struct buf b = buf_of(text[1], sizeof text[1]);
    struct buf c = buf_of(text[2], sizeof text[2]);
    bluesky_channel()->key(CREATED_MS, some, &a);
    bluesky_channel()->key(CREATED_MS + 1, some + 1, &b);
    bluesky_channel()->key(CREATED_MS + 134218, some, &c);
    ck_assert_uint_eq(a.len, BLUESKY_KEY_LEN);
    ck_assert_int_lt(span_compare(buf_span(&a), buf_span(&b)), 0);
    ck_assert_ptr_nonnull(strchr("234567abcdefghij", text[0][0]));
    /* ((1776693600123000 >> 26) - 1) << 36 | 0x123456789 in base32-sortable, computed elsewhere. */
    ck_assert_str_eq(buf_terminated(&a), "3mjwms6loetwd");
    ck_assert_str_ne(text[0], buf_terminated(&c));
    ck_assert_str_eq(text[0] + 6, text[2] + 6); /* 35 of the number's bits */
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("bluesky_render");
    TCase *tcase = tcase_create("bluesky_render");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_plain_text_is_one_record);
    tcase_add_loop_test(tcase, facets_name_the_bytes_of_what_they_mark, 0, sizeof faceted / sizeof *faceted);
    tcase_add_test(tcase, a_tag_longer_than_64_clusters_is_plain_text);
    tcase_add_test(tcase, three_hundred_clusters_are_one_post_and_one_more_is_a_thread);
    tcase_add_test(tcase, three_thousand_bytes_bound_a_post_before_its_clusters_do);
    tcase_add_test(tcase, a_long_text_is_cut_after_a_sentence);
    tcase_add_test(tcase, without_a_sentence_it_is_cut_between_words);
    tcase_add_test(tcase, without_a_space_it_is_cut_between_clusters);
    tcase_add_test(tcase, a_link_is_never_cut);
    tcase_add_loop_test(tcase, the_text_survives_the_cutting, 0, 20);
    tcase_add_test(tcase, parts_are_a_thread_and_the_comment_is_last);
    tcase_add_test(tcase, a_single_post_with_a_comment_is_a_post);
    tcase_add_test(tcase, a_link_is_a_card_on_the_first_part);
    tcase_add_test(tcase, a_card_of_another_link_is_not_used);
    tcase_add_test(tcase, a_link_alone_is_enough_for_the_first_part);
    tcase_add_test(tcase, settings_name_languages);
    tcase_add_test(tcase, the_same_input_gives_the_same_bytes);
    tcase_add_loop_test(tcase, what_cannot_be_sent_is_a_violation, 0, sizeof violations / sizeof *violations);
    tcase_add_test(tcase, a_format_of_one_post_is_not_split);
    tcase_add_test(tcase, a_comment_is_not_split);
    tcase_add_test(tcase, a_thread_has_at_most_25_posts);
    tcase_add_test(tcase, one_cluster_longer_than_a_post_cannot_be_sent);
    tcase_add_test(tcase, a_link_longer_than_a_post_cannot_be_sent);
    tcase_add_test(tcase, violations_are_bounded);
    tcase_add_test(tcase, rendering_says_when_memory_ends);
    tcase_add_test(tcase, facts_are_needed_for_mentions_and_links);
    tcase_add_test(tcase, a_key_is_a_tid_that_has_its_number_whatever_the_instant);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
