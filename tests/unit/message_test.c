/* message_test.c: the .def files keep their own rules, and the reference page says what they say. */
#include "core/message/message.h"

#include <check.h>

#include "core/message/field.h"
#include "core/message/page.h"
#include "core/message/refusal.h"
#include "core/message/upcast.h"
#include "tests/accept.h"
#include "tests/suite.h"

#define ROWS(table_) (sizeof(table_) / sizeof *(table_))
#define CODES 1000
#define PAGE "core/message/messages.md"

static void shown_name(const struct field_desc *field, char shown[64])
{
    struct buf out = buf_of(shown, 64);
    field_put_name(field, &out);
    ck_assert_ptr_nonnull(buf_terminated(&out));
}

/* Of one record: what the codec and what is shown rely on. */
static void check_desc(const struct record_desc *desc)
{
    ck_assert_msg(desc->field_count <= 64, "%s", desc->name);
    ck_assert_msg(strlen(desc->doc) > 0, "%s", desc->name);
    size_t end = 0;
    for (size_t i = 0; i < desc->field_count; i++) {
        const struct field_desc *field = &desc->fields[i];
        ck_assert_uint_eq(field->name_len, strlen(field->name));
        ck_assert_msg(field->name_len > 0 && field->name_len <= 31, "%s.%s", desc->name, field->name);
        ck_assert_msg(strlen(field->doc) > 0, "%s.%s", desc->name, field->name);
        ck_assert_msg(i == 0 || field->offset >= end, "%s.%s", desc->name, field->name);
        ck_assert_msg(field->offset < desc->size, "%s.%s", desc->name, field->name);
        ck_assert_msg(field->kind != KIND_list || (!field->required && field->max > 0), "%s.%s", desc->name,
                      field->name);
        ck_assert_msg(field->kind != KIND_secret, "%s.%s would make the message unwritable", desc->name, field->name);
        ck_assert_msg(field->kind != KIND_time || strstr(field->name, "_ms") == field->name + field->name_len - 3,
                      "%s.%s does not say that it counts milliseconds", desc->name, field->name);
        char shown[64];
        shown_name(field, shown);
        for (size_t j = 0; j < i; j++) {
            char other[64];
            shown_name(&desc->fields[j], other);
            ck_assert_str_ne(field->name, desc->fields[j].name);
            ck_assert_str_ne(shown, other);
        }
        end = field->offset + 1;
    }
}

START_TEST(every_message_is_described_and_documented)
{
    for (uint32_t code = 0; code < CODES; code++) {
        if (event_desc(code) != NULL) {
            check_desc(event_desc(code));
        }
        if (command_desc(code) != NULL) {
            check_desc(command_desc(code));
        }
    }
    ck_assert_ptr_null(event_desc(0));
    ck_assert_ptr_null(event_desc(UINT32_MAX));
    ck_assert_ptr_null(command_desc(0));
    ck_assert_ptr_null(command_desc(UINT32_MAX));
}

END_TEST

/* Names are what people and JSON see: two messages with one name would be one. */
START_TEST(no_two_messages_have_one_name)
{
    for (uint32_t a = 0; a < CODES; a++) {
        for (uint32_t b = 0; event_desc(a) != NULL && b < a; b++) {
            ck_assert(event_desc(b) == NULL || strcmp(event_desc(a)->name, event_desc(b)->name) != 0);
        }
        for (uint32_t b = 0; command_desc(a) != NULL && b < a; b++) {
            ck_assert(command_desc(b) == NULL || strcmp(command_desc(a)->name, command_desc(b)->name) != 0);
        }
    }
}

END_TEST

START_TEST(a_new_field_is_declared_last_and_may_be_absent)
{
    /* What is on disk already: these events were first written with so many fields, all but the later ones in this
     * order. */
    static const struct {
        uint32_t code;
        const char *first;
        const char *last;
        size_t fields;
    } first_written[] = {
        {EVENT_post_created,     "post_id", "duplicate_of", 11},
        {EVENT_attempt_started,  "post_id", "deadline_ms",  9 },
        {EVENT_attempt_finished, "post_id", "next_ms",      15},
    };

    for (size_t i = 0; i < ROWS(first_written); i++) {
        const struct record_desc *desc = event_desc(first_written[i].code);
        ck_assert_uint_ge(desc->field_count, first_written[i].fields);
        ck_assert_str_eq(desc->fields[0].name, first_written[i].first);
        ck_assert_str_eq(desc->fields[first_written[i].fields - 1].name, first_written[i].last);
        for (size_t j = first_written[i].fields; j < desc->field_count; j++) {
            ck_assert(!desc->fields[j].required);
        }
    }
}

END_TEST

START_TEST(the_fields_of_a_message_begin_where_its_union_begins)
{
    struct event event = {.code = EVENT_post_finished};
    struct command command = {.code = COMMAND_create_post};
    ck_assert_ptr_eq(event_fields(&event), &event.post_finished);
    ck_assert_ptr_eq(command_fields(&command), &command.create_post);
}

END_TEST

START_TEST(an_event_of_today_is_not_changed_by_upcasting)
{
    for (uint32_t code = 0; code < CODES; code++) {
        if (event_desc(code) != NULL) {
            struct event event;
            struct event before;
            memset(&event, 0x5A, sizeof event);
            event.code = code;
            memcpy(&before, &event, sizeof event);
            event_upcast(&event);
            ck_assert_mem_eq(&event, &before, sizeof event);
        }
    }
}

END_TEST

START_TEST(an_appended_event_is_empty_whatever_was_there)
{
    struct event_list list;
    memset(&list, 0xFF, sizeof list);
    list.count = 0;
    struct event *event = event_append(&list, EVENT_post_deleted);
    ck_assert_ptr_eq(event, &list.events[0]);
    ck_assert_uint_eq(list.count, 1);
    ck_assert_uint_eq(event->code, EVENT_post_deleted);
    ck_assert(id_is_none(&event->post_deleted.post_id));
    ck_assert_ptr_eq(event_append(&list, EVENT_post_finished), &list.events[1]);
}

END_TEST

START_TEST(every_command_has_a_least_role)
{
    for (uint32_t code = 0; code < CODES; code++) {
        if (command_desc(code) != NULL) {
            const uint32_t role = command_role(code);
            ck_assert_msg(role == ROLE_OWNER || role == ROLE_ADMIN || role == ROLE_EDITOR || role == ROLE_VIEWER ||
                              role == ROLE_COUNT,
                          "%s", command_desc(code)->name);
        }
    }
    ck_assert_uint_eq(command_role(COMMAND_suspect_clock), ROLE_COUNT);
    ck_assert_uint_eq(command_role(0), ROLE_COUNT);
}

END_TEST

START_TEST(a_choice_and_its_word_find_each_other)
{
    const struct choice_table *const tables[] = {
#define X(kind_, type_, max_, doc_) &kind_##_words,
        CHOICE_TABLE(X)
#undef X
    };
    for (size_t i = 0; i < ROWS(tables); i++) {
        ck_assert_uint_gt(tables[i]->count, 1);
        for (uint32_t value = 1; value < tables[i]->count; value++) {
            const char *word = choice_word(tables[i], value);
            ck_assert_uint_gt(strlen(word), 0);
            ck_assert_uint_eq(choice_value(tables[i], span_text(word)), value);
        }
        ck_assert_str_eq(choice_word(tables[i], 0), "");
        ck_assert_str_eq(choice_word(tables[i], tables[i]->count), "");
        ck_assert_str_eq(choice_word(tables[i], UINT32_MAX), "");
        ck_assert_uint_eq(choice_value(tables[i], SPAN("")), 0);
        ck_assert_uint_eq(choice_value(tables[i], SPAN("Nonsense")), 0);
        ck_assert_uint_eq(choice_value(tables[i], (struct span){0}), 0);
    }
}

END_TEST

START_TEST(a_refusal_and_its_code_find_each_other)
{
    for (enum refusal refusal = (enum refusal)1; refusal < REFUSAL_COUNT; refusal++) {
        const struct refusal_desc *desc = refusal_desc(refusal);
        ck_assert_int_eq(refusal_of(span_text(desc->code)), refusal);
        ck_assert_uint_gt(strlen(desc->title), 0);
        ck_assert_msg(desc->layer == LAYER_PLATFORM ? desc->status == 0 : desc->status >= 400 && desc->status < 600,
                      "%s", desc->code);
        ck_assert_msg(desc->status != 500, "%s", desc->code);
    }
    ck_assert_int_eq(refusal_of(SPAN("")), ACCEPTED);
    ck_assert_int_eq(refusal_of(SPAN("no_such_code")), ACCEPTED);
}

END_TEST

START_TEST(what_the_http_server_refuses_by_itself_has_a_code_of_that_status)
{
    static const struct {
        unsigned status;
        const char *code;
    } own[] = {
        {400, "malformed_request"   },
        {408, "request_timeout"     },
        {413, "body_too_large"      },
        {431, "head_too_large"      },
        {503, "out_of_memory"       },
        {503, "too_many_connections"},
    };

    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        const enum refusal refusal = refusal_of(span_text(own[i].code));
        ck_assert_msg(refusal != ACCEPTED, "%s", own[i].code);
        ck_assert_uint_eq(refusal_desc(refusal)->status, own[i].status);
        ck_assert_int_eq(refusal_desc(refusal)->retryable, own[i].status == 408 || own[i].status == 503);
    }
}

END_TEST

START_TEST(the_reference_page_says_what_is_declared)
{
    static uint8_t page_bytes[1 << 20];
    struct buf page = buf_of(page_bytes, sizeof page_bytes);
    messages_page(&page);
    ck_assert(buf_ok(&page));
    ck_assert_msg(source_agrees(PAGE, buf_span(&page)),
                  PAGE " is not what is declared: OPENPOST_ACCEPT=1 ctest --preset dev -R unit/message writes it");
    for (uint32_t code = 0; code < CODES; code++) {
        if (event_desc(code) != NULL) {
            ck_assert_ptr_nonnull(memmem(page.data, page.len, event_desc(code)->name, strlen(event_desc(code)->name)));
        }
    }
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("message");
    TCase *tcase = tcase_create("message");
    tcase_set_timeout(tcase, 60); /* the machine may be busy */
    tcase_add_test(tcase, every_message_is_described_and_documented);
    tcase_add_test(tcase, no_two_messages_have_one_name);
    tcase_add_test(tcase, a_new_field_is_declared_last_and_may_be_absent);
    tcase_add_test(tcase, the_fields_of_a_message_begin_where_its_union_begins);
    tcase_add_test(tcase, an_event_of_today_is_not_changed_by_upcasting);
    tcase_add_test(tcase, an_appended_event_is_empty_whatever_was_there);
    tcase_add_test(tcase, every_command_has_a_least_role);
    tcase_add_test(tcase, a_choice_and_its_word_find_each_other);
    tcase_add_test(tcase, a_refusal_and_its_code_find_each_other);
    tcase_add_test(tcase, what_the_http_server_refuses_by_itself_has_a_code_of_that_status);
    tcase_add_test(tcase, the_reference_page_says_what_is_declared);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
