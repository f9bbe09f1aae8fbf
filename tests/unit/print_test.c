/* print_test.c: a record is one line that a person can read, whatever a stranger put into it. */
#include <check.h>
#include <stdio.h>

#include "core/base/prng.h"
#include "core/message/codec.h"
#include "tests/suite.h"

#define ROWS(table_) (sizeof(table_) / sizeof *(table_))

static void prints(const struct record_desc *desc, const void *fields, const char *line)
{
    char text[1000];
    struct buf out = buf_of(text, sizeof text);
    record_print(desc, fields, &out);
    ck_assert_str_eq(buf_terminated(&out), line);
}

START_TEST(a_record_is_its_present_fields)
{
    const uint8_t randomness[10] = {0};
    struct event event = {.code = EVENT_attempt_started};
    event.attempt_started.post_id = id_make(ID_POST, 1776693600000, randomness);
    event.attempt_started.part = 3;
    event.attempt_started.payload_hash.bytes[0] = 0xAB;
    event.attempt_started.due_ms = 1776693600000;
    prints(event_desc(event.code), event_fields(&event),
           "post_id=post_01kpnk1qr0e008000000000000 number=0 part=4 fence=0 payload_sha256=ab00000000000000… "
           "due_at=2026-04-20T14:00:00Z deadline=1970-01-01T00:00:00Z");
}

END_TEST

START_TEST(lists_choices_flags_and_blobs_are_shown)
{
    struct locked_part parts[2] = {
        {.key = SPAN("k"), .payload = SPAN("12345"), .comment = true},
        {.key = SPAN("")}
    };
    struct locked_target target = {.parts = parts, .parts_count = 2};
    struct event event = {.code = EVENT_post_locked};
    event.post_locked.targets = &target;
    event.post_locked.targets_count = 1;
    prints(event_desc(event.code), event_fields(&event),
           "version=0 targets=[{parts=[{key=\"k\" created_at=1970-01-01T00:00:00Z payload=(5 bytes) "
           "payload_sha256=0000000000000000… first_comment=true}, {key=\"\" created_at=1970-01-01T00:00:00Z payload=(0 "
           "bytes) "
           "payload_sha256=0000000000000000…}]}]");
    event = (struct event){.code = EVENT_target_finished};
    event.target_finished.status = TARGET_FAILED;
    prints(event_desc(event.code), event_fields(&event), "status=failed");
    event.target_finished.status = 99;
    prints(event_desc(event.code), event_fields(&event), "status=99");
    event = (struct event){.code = EVENT_starts_confirmed};
    prints(event_desc(event.code), event_fields(&event), "");
}

END_TEST

static const struct {
    const char *text;
    const char *shown;
} texts[] = {
    {"plain",                                                                   "plain"                                  },
    {"a \"b\" \\c",                                                             "a \\\"b\\\" \\\\c"                      },
    {"two\nlines\r\x1B[2J\x7F",                                                 "two\\u000alines\\u000d\\u001b[2J\\u007f"},
    {"\xC2\x85\xC2\x9B",                                                        "\\u0085\\u009b"                         }, /* C1: next line, CSI */
    {"\xE2\x80\xA8\xE2\x80\xAE\xE2\x81\xA7",                                    "\\u2028\\u202e\\u2067"                  }, /* line separator, directions */
    {"\xD8\x9C\xE2\x80\x8F\xEF\xBB\xBF",                                        "\\u061c\\u200f\\ufeff"                  },
    {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80",                                    "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"   },
    {"a\xFF",                                                                   "(not UTF-8)"                            },
    {"012345678901234567890123456789012345678901234567890123456789",
     "012345678901234567890123456789012345678901234567890123456789"                                                      },
    {"0123456789012345678901234567890123456789012345678901234567890",
     "012345678901234567890123456789012345678901234567890123456789…"                                                   },
    {"01234567890123456789012345678901234567890123456789012345678\xE2\x82\xAC",
     "01234567890123456789012345678901234567890123456789012345678…"                                                    }, /* not in the middle of a character */
};

START_TEST(a_text_cannot_break_the_line)
{
    for (size_t i = 0; i < ROWS(texts); i++) {
        const struct label label = {.name = span_text(texts[i].text)};
        char line[300];
        (void)snprintf(line, sizeof line, texts[i].shown[0] == '(' ? "name=%s" : "name=\"%s\"", texts[i].shown);
        prints(label_desc(), &label, line);
    }
}

END_TEST

START_TEST(every_random_message_is_one_line_of_utf8)
{
    struct prng prng;
    prng_seed(&prng, 5);
    struct arena arena;
    arena_init(&arena, (size_t)256 << 20);
    static uint8_t text[1 << 20];
    for (uint32_t code = 0; code < 200; code++) {
        const struct record_desc *desc = code < 100 ? event_desc(code) : command_desc(code - 100);
        for (int i = 0; desc != NULL && i < 20; i++) {
            char *fields = arena_alloc(&arena, desc->size);
            ck_assert_int_eq(record_random(desc, &prng, &arena, fields), OK);
            struct buf out = buf_of(text, sizeof text);
            record_print(desc, fields, &out);
            ck_assert(buf_ok(&out));
            ck_assert(span_is_utf8(buf_span(&out)));
            for (size_t at = 0; at < out.len; at++) {
                ck_assert(text[at] >= 0x20 && text[at] != 0x7F);
            }
            arena_reset(&arena);
        }
    }
    arena_done(&arena);
}

END_TEST

START_TEST(a_secret_is_not_shown)
{
    struct guarded {
        struct span token;
    };
    static const struct field_desc fields[] = {
        {.kind = KIND_secret, .name = "token", .name_len = 5, .offset = offsetof(struct guarded, token)}
    };
    static const struct record_desc desc = {
        .name = "guarded", .size = sizeof(struct guarded), .fields = fields, .field_count = 1};
    const struct guarded guarded = {.token = SPAN("hunter2")};
    prints(&desc, &guarded, "token=(secret)");
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("print");
    TCase *tcase = tcase_create("print");
    tcase_set_timeout(tcase, 60); /* the machine may be busy */
    tcase_add_test(tcase, a_record_is_its_present_fields);
    tcase_add_test(tcase, lists_choices_flags_and_blobs_are_shown);
    tcase_add_test(tcase, a_text_cannot_break_the_line);
    tcase_add_test(tcase, every_random_message_is_one_line_of_utf8);
    tcase_add_test(tcase, a_secret_is_not_shown);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
