/* placeholder_test.c: {{name}} in texts, as a table of texts and their pieces; which of some names still stand in a
 * post; and how people are told. */
#include <check.h>
#include <stdio.h>

#include "core/base/limits.h"
#include "core/message/placeholder.h"
#include "tests/suite.h"

/* Pieces, one behind the other: a literal as it stands, <name>, and ! where braces are wrong. */
static const struct {
    const char *text;
    const char *pieces;
} texts[] = {
    {"",                                      ""                                    },
    {"plain",                                 "plain"                               },
    {"{{a}}",                                 "<a>"                                 },
    {"x{{a}}y{{b_2}}z",                       "x<a>y<b_2>z"                         },
    {"{{a}}{{a}}",                            "<a><a>"                              },
    {"{a}",                                   "{a}"                                 },
    {"a { b } c }} d",                        "a { b } c }} d"                      },
    {"{{{a}}}",                               "{<a>}"                               },
    {"{{{{a}}",                               "{{a}}"                               },
    {"{{{{{a}}",                              "{{{a}}"                              },
    {"{{{{{{a}}",                             "{{<a>"                               },
    {"{{{{{{{a}}",                            "{{{<a>"                              },
    {"{{{{{{{{a}}",                           "{{{{a}}"                             },
    {"{{",                                    "!"                                   },
    {"{{}}",                                  "!}}"                                 },
    {"{{a}",                                  "!a}"                                 },
    {"{{a",                                   "!a"                                  },
    {"{{ a}}",                                "! a}}"                               },
    {"{{a }}",                                "!a }}"                               },
    {"{{A}}",                                 "!A}}"                                },
    {"{{a-b}}",                               "!a-b}}"                              },
    {"{{\xC3\xA4}}",                          "!\xC3\xA4}}"                         },
    {"{{a{{b}}",                              "!a<b>"                               },
    {"{{12345678901234567890123456789012}}",  "<12345678901234567890123456789012>"  },
    {"{{123456789012345678901234567890123}}", "!123456789012345678901234567890123}}"},
    {"{",                                     "{"                                   },
    {"\xF0\x9F\x9A\x80{{a}}\xF0\x9F\x9A\x80", "\xF0\x9F\x9A\x80<a>\xF0\x9F\x9A\x80" },
};

START_TEST(a_text_is_read_piece_by_piece)
{
    char said[200];
    struct buf out = buf_of(said, sizeof said);
    struct span rest = span_text(texts[_i].text);
    for (struct piece piece = placeholder_next(&rest); piece.kind != PIECE_END; piece = placeholder_next(&rest)) {
        if (piece.kind == PIECE_WRONG) {
            buf_byte(&out, '!');
        } else {
            buf_text(&out, piece.kind == PIECE_PLACEHOLDER ? "<" : "");
            buf_put(&out, piece.text);
            buf_text(&out, piece.kind == PIECE_PLACEHOLDER ? ">" : "");
        }
    }
    ck_assert_str_eq(buf_terminated(&out), texts[_i].pieces);
    ck_assert_uint_eq(rest.len, 0);
}

END_TEST

START_TEST(a_name_is_short_and_of_plain_letters)
{
    ck_assert(placeholder_name_is_valid(SPAN("a")));
    ck_assert(placeholder_name_is_valid(SPAN("a_1")));
    ck_assert(placeholder_name_is_valid(SPAN("12345678901234567890123456789012")));
    ck_assert(!placeholder_name_is_valid(SPAN("")));
    ck_assert(!placeholder_name_is_valid(SPAN("123456789012345678901234567890123")));
    ck_assert(!placeholder_name_is_valid(SPAN("a b")));
    ck_assert(!placeholder_name_is_valid(SPAN("B")));
}

END_TEST

START_TEST(names_are_found_wherever_a_post_has_a_text)
{
    static const char *const names[] = {"part", "link", "comment", "variant", "nowhere", "par"};
    struct content_part part = {.text = SPAN("a {{part}} {{ nowhere }} {{{{nowhere}")};
    struct target_spec target = {.variant = SPAN("{\"text\":\"{{variant}}\"}"), .settings = SPAN("{{nowhere}}")};
    const struct placeholder_texts all = {.parts = &part,
                                          .part_count = 1,
                                          .link = SPAN("https://{{link}}"),
                                          .first_comment = SPAN("{{{comment}}}"),
                                          .targets = &target,
                                          .target_count = 1};
    struct placeholder_ref refs[6];
    for (size_t i = 0; i < 6; i++) {
        refs[i].name = span_text(names[i]);
    }
    ck_assert_uint_eq(placeholder_blanks(&all, refs, 6, refs), 4);
    for (size_t i = 0; i < 4; i++) {
        ck_assert(span_equal(refs[i].name, span_text(names[i])));
    }
    const struct placeholder_texts nothing = {.part_count = 0};
    ck_assert_uint_eq(placeholder_blanks(&nothing, refs, 4, refs), 0);
    ck_assert(placeholder_is_in(SPAN("{{{{a}}"), SPAN("a"))); /* a post's text: nothing stands for anything else */
    ck_assert(!placeholder_is_in(SPAN("{{a}"), SPAN("a")));
    ck_assert(!placeholder_is_in((struct span){0}, SPAN("a")));
}

END_TEST

START_TEST(people_are_told_as_many_as_there_is_room_for)
{
    struct placeholder_ref refs[PLACEHOLDERS_MAX];
    char name[PLACEHOLDERS_MAX][PLACEHOLDER_NAME_MAX + 1];
    for (int i = 0; i < PLACEHOLDERS_MAX; i++) {
        (void)snprintf(name[i], sizeof name[i], "%032d", i);
        refs[i].name = span_text(name[i]);
    }
    char said[1024];
    struct buf two = buf_of(said, sizeof said);
    placeholder_tell(refs, 2, &two);
    ck_assert_str_eq(buf_terminated(&two),
                     "Blank: {{00000000000000000000000000000000}}, {{00000000000000000000000000000001}}.");
    for (size_t cap = PLACEHOLDER_TELL_MIN; cap < sizeof said; cap++) {
        struct buf out = buf_of(said, cap);
        placeholder_tell(refs, PLACEHOLDERS_MAX, &out);
        ck_assert(buf_ok(&out));
        ck_assert_int_eq(said[out.len - 1], '.');
    }
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("placeholder");
    TCase *tcase = tcase_create("placeholder");
    tcase_add_loop_test(tcase, a_text_is_read_piece_by_piece, 0, (int)(sizeof texts / sizeof *texts));
    tcase_add_test(tcase, a_name_is_short_and_of_plain_letters);
    tcase_add_test(tcase, names_are_found_wherever_a_post_has_a_text);
    tcase_add_test(tcase, people_are_told_as_many_as_there_is_room_for);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
