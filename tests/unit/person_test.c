/* person_test.c: records about people and the questions about them: one spelling each, nothing beyond its bounds. */
#include "core/wire/person.h"

#include <check.h>
#include <stdlib.h>

#include "core/wire/pack.h"
#include "tests/ids.h"
#include "tests/suite.h"

static uint8_t memory[PERSON_RECORD_MAX];
static uint8_t other[PERSON_RECORD_MAX];
static char longest[PERSON_MESSAGE_MAX + 2];

static struct span a_text(size_t len)
{
    memset(longest, 'a', sizeof longest);
    return span_of(longest, len);
}

static struct person_record sample(enum person_record_kind kind)
{
    switch (kind) {
    case PERSON_PROFILE:
        return (struct person_record){
            .kind = kind, .profile = {.name = SPAN("Ada"), .email = SPAN("Ada@Example.test"), .locale = SPAN("en")}
        };
    case PERSON_PASSWORD:
        return (struct person_record){
            .kind = kind,
            .password = {.n = PERSON_SCRYPT_N, .r = PERSON_SCRYPT_R, .p = PERSON_SCRYPT_P, .salt = {1}, .proof = {2}}
        };
    case PERSON_LINK:
        return (struct person_record){
            .kind = kind, .link = {.provider_id = id_number(ID_PROVIDER, 1), .subject = SPAN("248289761001")}
        };
    case PERSON_INVITATION:
        return (struct person_record){
            .kind = kind,
            .invitation = {.email = SPAN("b@c"), .name = SPAN(""), .subject = SPAN("Join"), .body = SPAN("Do.")}
        };
    case PERSON_DEVICE:
        return (struct person_record){
            .kind = kind, .device = {.user_agent = SPAN("Mozilla/5.0"), .address = SPAN("2001:db8::1")}
        };
    case PERSON_CLIENT_SECRET:
        break;
    }
    return (struct person_record){.kind = PERSON_CLIENT_SECRET, .client_secret = {.secret = SPAN("hush")}};
}

static struct span put(const struct person_record *record)
{
    struct buf out = buf_of(memory, sizeof memory);
    ck_assert_int_eq(person_record_put(&out, record), OK);
    return buf_span(&out);
}

START_TEST(a_record_is_read_as_it_was_written)
{
    static const enum id_kind owners[] = {ID_NONE, ID_USER, ID_USER, ID_USER, ID_MEMBER, ID_SESSION, ID_PROVIDER};
    const enum person_record_kind kind = (enum person_record_kind)_i;
    const struct person_record record = sample(kind);
    const struct span bytes = put(&record);
    struct person_record back;
    ck_assert_int_eq(person_record_read(bytes, &back), OK);
    ck_assert_uint_eq(back.kind, kind);
    ck_assert_int_eq(person_record_owner(kind), owners[kind]);
    struct buf again = buf_of(other, sizeof other);
    ck_assert_int_eq(person_record_put(&again, &back), OK);
    ck_assert(span_equal(buf_span(&again), bytes));
}

END_TEST

START_TEST(every_cut_and_every_byte_more_is_refused)
{
    const struct person_record record = sample((enum person_record_kind)_i);
    const struct span bytes = put(&record);
    struct person_record back;
    for (size_t len = 0; len < bytes.len; len++) {
        ck_assert_int_ne(person_record_read(span_of(bytes.data, len), &back), OK);
        struct buf narrow = buf_of(other, len);
        ck_assert_int_eq(person_record_put(&narrow, &record), ERR_NO_SPACE);
        ck_assert_uint_eq(narrow.len, 0);
        ck_assert(!narrow.overflow);
    }
    memcpy(other, bytes.data, bytes.len);
    other[bytes.len] = 0xC0;
    ck_assert_int_eq(person_record_read(span_of(other, bytes.len + 1), &back), ERR_TRAILING);
}

END_TEST

START_TEST(the_values_of_a_record_come_back)
{
    struct person_record record = sample(PERSON_PROFILE);
    struct person_record back;
    ck_assert_int_eq(person_record_read(put(&record), &back), OK);
    ck_assert(span_equal(back.profile.name, SPAN("Ada")));
    ck_assert(span_equal(back.profile.email, SPAN("Ada@Example.test")));
    ck_assert(span_equal(back.profile.locale, SPAN("en")));
    record = sample(PERSON_PASSWORD);
    ck_assert_int_eq(person_record_read(put(&record), &back), OK);
    ck_assert_uint_eq(back.password.n, PERSON_SCRYPT_N);
    ck_assert_uint_eq(back.password.salt[0], 1);
    ck_assert_uint_eq(back.password.proof[0], 2);
    record = sample(PERSON_LINK);
    ck_assert_int_eq(person_record_read(put(&record), &back), OK);
    ck_assert(id_equal(&back.link.provider_id, &record.link.provider_id));
}

END_TEST

/* The first bytes of a profile, as it stands in the format; what is wrong in each is another thing. */
static const struct {
    const char *bytes;
    size_t len;
    enum err err;
} spellings[] = {

#define ROW(text, err_)              \
    {                                \
        text, sizeof(text) - 1, err_ \
    }
    ROW("\x83\xA6"
        "device\x01\xAAuser_agent\xA1x\xA7"
        "address\xA1y",
        OK),
    ROW("\x82\xA6"
        "device\x01\xAAuser_agent\xA1x",
        ERR_KIND),
    ROW("\x83\xA6"
        "device\x02\xAAuser_agent\xA1x\xA7"
        "address\xA1y",
        ERR_VERSION),
    ROW("\x83\xA6"
        "devil!\x01\xAAuser_agent\xA1x\xA7"
        "address\xA1y",
        ERR_KIND),
    ROW("\x83\xA6"
        "device\x01\xA7"
        "address\xA1y\xAAuser_agent\xA1x", /* in another order */
        ERR_KIND),
    ROW("\x83\xA6"
        "device\x01\xAAuser_agent\x05\xA7"
        "address\xA1y",
        ERR_KIND),
    ROW("\x83\xA6"
        "device\x01\xAAuser_agent\xA1\xFF\xA7" /* not UTF-8 */
        "address\xA1y",
        ERR_MALFORMED),
    ROW("\x83\xA6"
        "device\x01\xAAuser_agent\xA1\x00\xA7"
        "address\xA1y",
        ERR_MALFORMED),
    ROW("\x83\xA6"
        "device\x01\xAAuser_agent\xD9\x01x\xA7" /* a longer form than needed */
        "address\xA1y",
        ERR_MALFORMED),
    ROW("\xDE\x00\x03\xA6"
        "device\x01\xAAuser_agent\xA1x\xA7"
        "address\xA1y",
        ERR_KIND),
    ROW("\xC0", ERR_KIND),
#undef ROW
};

START_TEST(a_record_has_one_spelling)
{
    struct person_record back;
    ck_assert_int_eq(person_record_read(span_of(spellings[_i].bytes, spellings[_i].len), &back), spellings[_i].err);
}

END_TEST

static enum err try_it(const struct person_record *record)
{
    struct buf out = buf_of(memory, sizeof memory);
    const enum err err = person_record_put(&out, record);
    ck_assert(err == OK || out.len == 0);
    return err;
}

START_TEST(what_is_beyond_a_bound_is_not_written)
{
    struct person_record record = sample(PERSON_PROFILE);
    record.profile.name = a_text(PERSON_NAME_MAX);
    ck_assert_int_eq(try_it(&record), OK);
    record.profile.name = a_text(PERSON_NAME_MAX + 1);
    ck_assert_int_eq(try_it(&record), ERR_TOO_LONG);
    record = sample(PERSON_PROFILE);
    record.profile.email = SPAN("nobody");
    ck_assert_int_eq(try_it(&record), ERR_MALFORMED);
    record = sample(PERSON_PASSWORD);
    record.password.n = 3;
    ck_assert_int_eq(try_it(&record), ERR_RANGE);
    record.password.n = 2 * PERSON_SCRYPT_N_MAX;
    ck_assert_int_eq(try_it(&record), ERR_RANGE);
    record.password.n = 0;
    ck_assert_int_eq(try_it(&record), ERR_RANGE);
    record = sample(PERSON_PASSWORD);
    record.password.r = 0;
    ck_assert_int_eq(try_it(&record), ERR_RANGE);
    record = sample(PERSON_PASSWORD);
    record.password.p = PERSON_SCRYPT_P_MAX + 1;
    ck_assert_int_eq(try_it(&record), ERR_RANGE);
    record = sample(PERSON_LINK);
    record.link.provider_id = id_number(ID_USER, 1);
    ck_assert_int_eq(try_it(&record), ERR_KIND);
    record = sample(PERSON_LINK);
    record.link.subject = SPAN("");
    ck_assert_int_eq(try_it(&record), ERR_MALFORMED);
    record = sample(PERSON_INVITATION);
    record.invitation.body = a_text(PERSON_MESSAGE_MAX + 1);
    ck_assert_int_eq(try_it(&record), ERR_TOO_LONG);
    record = sample(PERSON_DEVICE);
    record.device.user_agent = a_text(PERSON_USER_AGENT_MAX + 1);
    ck_assert_int_eq(try_it(&record), ERR_TOO_LONG);
    record = sample(PERSON_CLIENT_SECRET);
    record.client_secret.secret = a_text(PERSON_CLIENT_SECRET_MAX + 1);
    ck_assert_int_eq(try_it(&record), ERR_TOO_LONG);
}

END_TEST

START_TEST(the_longest_record_has_room)
{
    struct person_record record = sample(PERSON_INVITATION);
    record.invitation.body = a_text(PERSON_MESSAGE_MAX);
    record.invitation.name = span_of(longest, PERSON_NAME_MAX);
    record.invitation.subject = span_of(longest, PERSON_NAME_MAX);
    record.invitation.locale = span_of(longest, PERSON_LOCALE_MAX);
    ck_assert_int_eq(try_it(&record), OK);
}

END_TEST

static const struct {
    const char *text;
    const char *form; /* NULL: it is none */
} addresses[] = {
    {"Ada@Example.TEST",       "ada@example.test"      },
    {"a@b",                    "a@b"                   },
    {"A.B+c-d_e'f@x.y-z.TEST", "a.b+c-d_e'f@x.y-z.test"},
    {"z`|~@XN--9ca.TEST",      "z`|~@xn--9ca.test"     },
    {"\xC3\x89@b",             NULL                    }, /* É, which E and a combining accent are, too */
    {"a@\xC3\xA9.test",        NULL                    },
    {"\xD0\xB0@b",             NULL                    }, /* a Cyrillic а */
    {"a@b\xC2\xAD.test",       NULL                    }, /* a soft hyphen, which nobody sees */
    {"\xEF\xBD\x81@b",         NULL                    }, /* a wide a */
    {"a@b.test.",              NULL                    }, /* the same domain to whoever resolves it */
    {".a@b",                   NULL                    },
    {"a.@b",                   NULL                    },
    {"a..b@c",                 NULL                    },
    {"a@b..c",                 NULL                    },
    {"a@.b",                   NULL                    },
    {"\"a\"@b",                NULL                    }, /* the same mailbox as a@b */
    {"a\\b@c",                 NULL                    },
    {"a(b)@c",                 NULL                    },
    {"<a@b>",                  NULL                    },
    {"a@b_c",                  NULL                    },
    {"a@[127.0.0.1]",          NULL                    },
    {"[@`",                    NULL                    },
    {"",                       NULL                    },
    {"@",                      NULL                    },
    {"ab",                     NULL                    },
    {"@ab",                    NULL                    },
    {"ab@",                    NULL                    },
    {"abc",                    NULL                    },
    {"a@b@c",                  NULL                    },
    {"a@@c",                   NULL                    },
    {"a b@c",                  NULL                    },
    {"a@b\n",                  NULL                    },
    {"a\x7F@b",                NULL                    },
};

START_TEST(addresses_are_compared_in_one_form)
{
    char bytes[PERSON_ADDRESS_MAX];
    struct buf out = buf_of(bytes, sizeof bytes);
    const enum err err = person_address(span_text(addresses[_i].text), &out);
    if (addresses[_i].form == NULL) {
        ck_assert_int_eq(err, ERR_MALFORMED);
        ck_assert_uint_eq(out.len, 0);
    } else {
        ck_assert_int_eq(err, OK);
        ck_assert(span_equal(buf_span(&out), span_text(addresses[_i].form)));
    }
}

END_TEST

START_TEST(an_address_has_254_bytes_at_most)
{
    char bytes[PERSON_ADDRESS_MAX + 1];
    struct buf out = buf_of(bytes, sizeof bytes);
    (void)a_text(1);
    longest[1] = '@';
    ck_assert_int_eq(person_address(span_of(longest, PERSON_ADDRESS_MAX + 1), &out), ERR_MALFORMED);
    ck_assert_int_eq(person_address(span_of(longest, PERSON_ADDRESS_MAX), &out), OK);
    ck_assert_uint_eq(out.len, PERSON_ADDRESS_MAX);
    out = buf_of(bytes, 2);
    ck_assert_int_eq(person_address(SPAN("a@b"), &out), ERR_NO_SPACE);
    ck_assert_uint_eq(out.len, 0);
}

END_TEST

static struct person_ask ask_of(enum person_question question)
{
    struct person_ask ask = {.question = question, .text = SPAN("a@b"), .box = SPAN("box"), .count = 2};
    ask.of = id_number(question == PERSON_SUBJECT || question == PERSON_CLIENT ? ID_PROVIDER
                       : question == PERSON_DEVICES                            ? ID_USER
                                                                               : ID_WORKSPACE,
                       1);
    ask.ids[0] = id_number(question == PERSON_DEVICES ? ID_SESSION : ID_MEMBER, 2);
    ask.ids[1] = id_number(question == PERSON_DEVICES ? ID_SESSION : ID_USER, 3);
    return ask;
}

START_TEST(a_question_is_read_as_it_was_written_and_in_no_other_length)
{
    const struct person_ask ask = ask_of((enum person_question)_i);
    struct person_ask back;
    struct buf out = buf_of(memory, sizeof memory);
    struct buf again = buf_of(other, sizeof other);
    person_ask_put(&out, &ask);
    ck_assert_int_eq(person_ask_read(buf_span(&out), &back), OK);
    ck_assert_uint_eq(back.question, ask.question);
    person_ask_put(&again, &back);
    ck_assert(span_equal(buf_span(&again), buf_span(&out)));
    for (size_t len = 0; len < out.len; len++) {
        ck_assert_int_ne(person_ask_read(span_of(out.data, len), &back), OK);
    }
    buf_byte(&out, 0xC0);
    ck_assert_int_eq(person_ask_read(buf_span(&out), &back), ERR_TRAILING);
}

END_TEST

START_TEST(a_box_is_read_as_it_was_written_and_may_be_none)
{
    uint8_t bytes[IDENTITY_BOX_MAX + 8];
    struct buf out = buf_of(bytes, sizeof bytes);
    struct span box;
    person_box_put(&out, SPAN("a box"));
    ck_assert_int_eq(person_box_read(buf_span(&out), &box), OK);
    ck_assert(span_equal(box, SPAN("a box")));
    for (size_t len = 0; len < out.len; len++) {
        ck_assert_int_ne(person_box_read(span_of(out.data, len), &box), OK);
    }
    buf_byte(&out, 0xC0);
    ck_assert_int_eq(person_box_read(buf_span(&out), &box), ERR_TRAILING);
    out = buf_of(bytes, sizeof bytes);
    person_box_put(&out, (struct span){0});
    ck_assert_int_eq(person_box_read(buf_span(&out), &box), OK);
    ck_assert_ptr_null(box.data);
    out = buf_of(bytes, sizeof bytes);
    (void)a_text(1);
    person_box_put(&out, span_of(longest, IDENTITY_BOX_MAX));
    ck_assert_int_eq(person_box_read(buf_span(&out), &box), OK);
    ck_assert_uint_eq(box.len, IDENTITY_BOX_MAX);
}

END_TEST

START_TEST(a_question_names_what_it_may)
{
    struct person_ask ask = ask_of(PERSON_PEOPLE);
    struct person_ask back;
    struct buf out = buf_of(memory, sizeof memory);
    ask.of = (struct id){0}; /* nowhere: persons only */
    person_ask_put(&out, &ask);
    ck_assert_int_eq(person_ask_read(buf_span(&out), &back), ERR_KIND);
    ask.ids[0] = ask.ids[1];
    out.len = 0;
    person_ask_put(&out, &ask);
    ck_assert_int_eq(person_ask_read(buf_span(&out), &back), OK);
    ask.of = id_number(ID_USER, 1);
    out.len = 0;
    person_ask_put(&out, &ask);
    ck_assert_int_eq(person_ask_read(buf_span(&out), &back), ERR_KIND);
    ask = ask_of(PERSON_DEVICES);
    ask.ids[1] = id_number(ID_USER, 1);
    out.len = 0;
    person_ask_put(&out, &ask);
    ck_assert_int_eq(person_ask_read(buf_span(&out), &back), ERR_KIND);
    ask = ask_of(PERSON_SUBJECT);
    ask.of = (struct id){0};
    out.len = 0;
    person_ask_put(&out, &ask);
    ck_assert_int_eq(person_ask_read(buf_span(&out), &back), ERR_KIND);
    ck_assert_int_eq(person_ask_read(SPAN("\x92\xA4salt\xA3"
                                          "a@b"),
                                     &back),
                     OK);
    ck_assert_int_eq(person_ask_read(SPAN("\x92\xA4malt\xA3"
                                          "a@b"),
                                     &back),
                     ERR_KIND);
    ck_assert_int_eq(person_ask_read(SPAN("\x93\xA4salt\xA3"
                                          "a@b\xC0"),
                                     &back),
                     ERR_MALFORMED);
}

END_TEST

START_TEST(a_page_has_200_at_most)
{
    struct person_ask ask = ask_of(PERSON_PEOPLE);
    struct person_ask back;
    struct buf out = buf_of(memory, sizeof memory);
    for (uint32_t i = 0; i < PERSON_PAGE_MAX; i++) {
        ask.ids[i] = id_number(ID_MEMBER, i);
    }
    ask.count = PERSON_PAGE_MAX;
    person_ask_put(&out, &ask);
    ck_assert(buf_ok(&out));
    ck_assert_int_eq(person_ask_read(buf_span(&out), &back), OK);
    ck_assert_uint_eq(back.count, PERSON_PAGE_MAX);
    out.len = 0;
    pack_array(&out, 3);
    pack_text(&out, SPAN("people"));
    pack_id(&out, &ask.of);
    pack_array(&out, PERSON_PAGE_MAX + 1);
    ck_assert_int_eq(person_ask_read(buf_span(&out), &back), ERR_TOO_LONG);
}

END_TEST

START_TEST(what_scrypt_is_told_is_within_its_bounds)
{
    const struct person_salt good = {.n = 32768, .r = 8, .p = 1, .salt = {7}};
    struct person_salt bad[] = {good, good, good, good};
    struct person_salt back;
    struct buf out = buf_of(memory, sizeof memory);
    person_salt_put(&out, &good);
    ck_assert_int_eq(person_salt_read(buf_span(&out), &back), OK);
    ck_assert_uint_eq(back.n, 32768);
    ck_assert_uint_eq(back.r, 8);
    ck_assert_uint_eq(back.p, 1);
    ck_assert_mem_eq(back.salt, good.salt, sizeof good.salt);
    buf_byte(&out, 0);
    ck_assert_int_eq(person_salt_read(buf_span(&out), &back), ERR_TRAILING);
    bad[0].n = 1;
    bad[1].r = 0;
    bad[2].p = 0;
    bad[3].n = (uint64_t)1 << 40;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        out.len = 0;
        person_salt_put(&out, &bad[i]);
        ck_assert_int_eq(person_salt_read(buf_span(&out), &back), ERR_RANGE);
    }
}

END_TEST

START_TEST(a_result_names_a_person_or_nobody)
{
    const struct id user_id = id_number(ID_USER, 1);
    const struct id nobody = {0};
    const struct id key_id = id_number(ID_KEY, 1);
    struct id back = user_id;
    struct buf out = buf_of(memory, sizeof memory);
    person_user_put(&out, &nobody);
    ck_assert_int_eq(person_user_read(buf_span(&out), &back), OK);
    ck_assert(id_is_none(&back));
    out.len = 0;
    person_user_put(&out, &user_id);
    ck_assert_int_eq(person_user_read(buf_span(&out), &back), OK);
    ck_assert(id_equal(&back, &user_id));
    buf_byte(&out, 0);
    ck_assert_int_eq(person_user_read(buf_span(&out), &back), ERR_TRAILING);
    out.len = 0;
    person_user_put(&out, &key_id);
    ck_assert_int_eq(person_user_read(buf_span(&out), &back), ERR_KIND);
}

END_TEST

START_TEST(a_page_is_read_line_by_line)
{
    struct body_list list;
    struct span first;
    struct span second;
    bool known = true;
    struct buf out = buf_of(memory, sizeof memory);
    person_page_begin(&out, 2);
    person_page_put(&out, false, SPAN(""), SPAN(""));
    person_page_put(&out, true, SPAN("Ada"), SPAN("a@b"));
    ck_assert_int_eq(person_page_read(buf_span(&out), &list), OK);
    ck_assert_uint_eq(list.left, 2);
    ck_assert_int_eq(person_page_next(&list, &known, &first, &second), OK);
    ck_assert(!known);
    ck_assert_int_eq(person_page_next(&list, &known, &first, &second), OK);
    ck_assert(known);
    ck_assert(span_equal(first, SPAN("Ada")));
    ck_assert(span_equal(second, SPAN("a@b")));
    ck_assert_uint_eq(list.left, 0);
    buf_byte(&out, 0);
    ck_assert_int_eq(person_page_read(buf_span(&out), &list), OK);
    ck_assert_int_eq(person_page_next(&list, &known, &first, &second), OK);
    ck_assert_int_eq(person_page_next(&list, &known, &first, &second), ERR_TRAILING);
    ck_assert_int_eq(person_page_read(SPAN("\x90\xC0"), &list), ERR_TRAILING);
    ck_assert_int_eq(person_page_read(SPAN("\x91\x92\xA1x"), &list), OK);
    ck_assert_int_eq(person_page_next(&list, &known, &first, &second), ERR_TRUNCATED);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("person");
    TCase *records = tcase_create("records");
    tcase_add_loop_test(records, a_record_is_read_as_it_was_written, PERSON_PROFILE, PERSON_CLIENT_SECRET + 1);
    tcase_add_loop_test(records, every_cut_and_every_byte_more_is_refused, PERSON_PROFILE, PERSON_CLIENT_SECRET + 1);
    tcase_add_test(records, the_values_of_a_record_come_back);
    tcase_add_loop_test(records, a_record_has_one_spelling, 0, sizeof spellings / sizeof *spellings);
    tcase_add_test(records, what_is_beyond_a_bound_is_not_written);
    tcase_add_test(records, the_longest_record_has_room);
    tcase_add_loop_test(records, addresses_are_compared_in_one_form, 0, sizeof addresses / sizeof *addresses);
    tcase_add_test(records, an_address_has_254_bytes_at_most);
    TCase *questions = tcase_create("questions");
    tcase_add_loop_test(questions, a_question_is_read_as_it_was_written_and_in_no_other_length, PERSON_SALT,
                        PERSON_MEMBER + 1);
    tcase_add_test(questions, a_box_is_read_as_it_was_written_and_may_be_none);
    tcase_add_test(questions, a_question_names_what_it_may);
    tcase_add_test(questions, a_page_has_200_at_most);
    tcase_add_test(questions, what_scrypt_is_told_is_within_its_bounds);
    tcase_add_test(questions, a_result_names_a_person_or_nobody);
    tcase_add_test(questions, a_page_is_read_line_by_line);
    suite_add_tcase(suite, records);
    suite_add_tcase(suite, questions);
    return run_suite(suite);
}
