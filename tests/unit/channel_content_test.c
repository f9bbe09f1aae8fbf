/* channel_content_test.c: what an account gets of a post whose target has a variant. */
#include "core/channel.h"
#include "tests/suite.h"

#define ROWS(table_) (sizeof(table_) / sizeof *(table_))

static const struct {
    const char *variant;
    const char *parts; /* each followed by a bar */
    const char *link;  /* NULL: none */
} applied[] = {
    {"{}",                                              "one|two|", "https://a.test/"},
    {"{\"text\":\"other\"}",                            "other|",   "https://a.test/"},
    {"{\"text\":null}",                                 "",         "https://a.test/"},
    {"{\"parts\":null}",                                "",         "https://a.test/"},
    {"{\"text\":null,\"parts\":null}",                  "",         "https://a.test/"},
    {"{\"text\":\"other\",\"parts\":null}",             "other|",   "https://a.test/"},
    {"{\"text\":null,\"parts\":[{\"text\":\"a\"}]}",    "a|",       "https://a.test/"},
    {"{\"parts\":[{\"text\":\"a\"},{\"text\":\"b\"}]}", "a|b|",     "https://a.test/"},
    {"{\"link\":null}",                                 "one|two|", NULL             },
    {"{\"link\":\"https://b.test/\"}",                  "one|two|", "https://b.test/"},
};

START_TEST(a_variant_overrides_what_it_names_and_null_removes)
{
    const struct content_part parts[] = {{.text = SPAN("one")}, {.text = SPAN("two")}};
    const struct channel_content written = {.parts = parts, .part_count = 2, .link = SPAN("https://a.test/")};
    struct arena arena;
    struct channel_content content;
    char said[64];
    struct buf out = buf_of(said, sizeof said);
    arena_init(&arena, 65536);
    ck_assert_int_eq(channel_content(&written, span_text(applied[_i].variant), &arena, &content), OK);
    for (uint32_t i = 0; i < content.part_count; i++) {
        buf_put(&out, content.parts[i].text);
        buf_byte(&out, '|');
    }
    ck_assert_str_eq(buf_terminated(&out), applied[_i].parts);
    ck_assert_int_eq(content.link.data != NULL, applied[_i].link != NULL);
    ck_assert(content.link.data == NULL || span_equal(content.link, span_text(applied[_i].link)));
    arena_done(&arena);
}

END_TEST

static const char *const wrong[] = {"[]", "{\"text\":7}", "{\"parts\":\"a\"}", "{\"parts\":[{}]}", "{\"link\":[]}"};

START_TEST(a_variant_of_another_form_is_refused)
{
    const struct channel_content written = {0};
    struct arena arena;
    struct channel_content content;
    arena_init(&arena, 65536);
    ck_assert_int_eq(channel_content(&written, span_text(wrong[_i]), &arena, &content), ERR_KIND);
    arena_done(&arena);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("channel_content");
    TCase *tcase = tcase_create("channel_content");
    tcase_add_loop_test(tcase, a_variant_overrides_what_it_names_and_null_removes, 0, ROWS(applied));
    tcase_add_loop_test(tcase, a_variant_of_another_form_is_refused, 0, ROWS(wrong));
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
