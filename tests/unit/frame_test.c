/* frame_test.c: a frame is read back as it was written, in one spelling only, and its tag covers every bit; bodies
 * likewise. */
#include "core/wire/frame.h"

#include <check.h>
#include <stdlib.h>

#include "core/base/prng.h"
#include "core/wire/body.h"
#include "core/wire/pack.h"
#include "tests/suite.h"

static const uint8_t secret[FRAME_KEY_LEN] = {1, 2, 3, 4};

static struct frame example(void)
{
    struct frame frame = {.kind = FRAME_FOLLOW, .body = SPAN("some body")};
    memset(frame.id, 7, sizeof frame.id);
    memset(frame.challenge, 8, sizeof frame.challenge);
    return frame;
}

static struct span write(const struct frame *frame, uint8_t *memory, size_t cap)
{
    OWNED(frame_key_free) struct frame_key *key = NULL;
    ck_assert_int_eq(frame_key_new(secret, &key), OK);
    struct buf out = buf_of(memory, cap);
    ck_assert_int_eq(frame_write(key, frame, &out), OK);
    return buf_span(&out);
}

START_TEST(a_frame_is_read_back_as_it_was_written)
{
    uint8_t memory[256];
    struct frame frame = example();
    frame.has_key_name = _i == 1;
    memset(frame.key_name, _i == 1 ? 9 : 0, sizeof frame.key_name);
    const struct span bytes = write(&frame, memory, sizeof memory);
    ck_assert_uint_le(bytes.len, frame.body.len + FRAME_OVERHEAD_MAX);
    struct frame back;
    ck_assert_int_eq(frame_read(bytes, &back), OK);
    ck_assert_uint_eq(back.kind, frame.kind);
    ck_assert_mem_eq(back.id, frame.id, sizeof frame.id);
    ck_assert_mem_eq(back.challenge, frame.challenge, sizeof frame.challenge);
    ck_assert(back.has_key_name == frame.has_key_name);
    ck_assert_mem_eq(back.key_name, frame.key_name, sizeof frame.key_name);
    ck_assert(span_equal(back.body, frame.body));
}

END_TEST

START_TEST(every_bit_of_a_frame_counts)
{
    uint8_t memory[256];
    const struct frame frame = example();
    const struct span bytes = write(&frame, memory, sizeof memory);
    OWNED(frame_key_free) struct frame_key *key = NULL;
    ck_assert_int_eq(frame_key_new(secret, &key), OK);
    ck_assert(frame_check(key, bytes));
    for (size_t bit = 0; bit < bytes.len * 8; bit++) {
        memory[bit / 8] ^= (uint8_t)(1U << bit % 8);
        struct frame back;
        ck_assert(frame_read(bytes, &back) != OK || !frame_check(key, bytes));
        memory[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    const uint8_t other[FRAME_KEY_LEN] = {1, 2, 3, 5};
    frame_key_set(key, other);
    ck_assert(!frame_check(key, bytes));
    frame_key_set(key, secret);
    ck_assert(frame_check(key, bytes));
}

END_TEST

START_TEST(a_frame_cut_or_lengthened_anywhere_is_refused)
{
    uint8_t memory[256];
    const struct frame frame = example();
    const struct span bytes = write(&frame, memory, sizeof memory);
    struct frame back;
    for (size_t len = 0; len < bytes.len; len++) {
        uint8_t *exact = malloc(len == 0 ? 1 : len); /* so that a sanitizer sees any reading beyond */
        memcpy(exact, memory, len);
        ck_assert_int_ne(frame_read(span_of(exact, len), &back), OK);
        free(exact);
    }
    memory[bytes.len] = 0;
    ck_assert_int_eq(frame_read(span_of(memory, bytes.len + 1), &back), ERR_TRAILING);
}

END_TEST

/* name, the bytes before the tag, what frame_read says */
#define ID_    \
    "\xC4\x10" \
    "0123456789abcdef"

static const struct {
    const char *bytes;
    size_t len;
    enum err err;
} malformed[] = {

#define ROW(text, err_)              \
    {                                \
        text, sizeof(text) - 1, err_ \
    }
    ROW("\x96\x01\x03" ID_ ID_ "\xC0\xC4\x00", OK),
    ROW("\x95\x01\x03" ID_ ID_ "\xC0\xC4\x00", ERR_MALFORMED),
    ROW("\x96\x02\x03" ID_ ID_ "\xC0\xC4\x00", ERR_VERSION),
    ROW("\x96\x01\x00" ID_ ID_ "\xC0\xC4\x00", ERR_KIND),
    ROW("\x96\x01\x0B" ID_ ID_ "\xC0\xC4\x00", ERR_KIND),
    ROW("\x96\x01\x40" ID_ ID_ "\xC0\xC4\x00", ERR_KIND),
    ROW("\x96\x01\xCC\x80" ID_ ID_ "\xC0\xC4\x00", ERR_KIND),
    ROW("\x96\xCC\x01\x03" ID_ ID_ "\xC0\xC4\x00", ERR_MALFORMED), /* a longer form than needed */
    ROW("\x96\x01\x03\xC4\x0F"
        "0123456789abcde" ID_ "\xC0\xC4\x00",
        ERR_MALFORMED),
    ROW("\x96\x01\x03\xC4\x11"
        "0123456789abcdefg" ID_ "\xC0\xC4\x00",
        ERR_TOO_LONG),
    ROW("\x96\x01\x03" ID_ ID_ "\xC2\xC4\x00", ERR_KIND),
    ROW("\x96\x01\x03" ID_ ID_ "\xC0\xA0", ERR_KIND),
    ROW("\x96\x01\x03" ID_ ID_ "\xC0\xC4\x05", ERR_TRUNCATED),
    ROW("\x96\x01\x03" ID_ ID_ "\xC0\xC6\x00\x00\x00\x00", ERR_MALFORMED),
    ROW("\x96\x01\x03" ID_ ID_ "\xC0\xC6\xFF\xFF\xFF\xFF", ERR_TOO_LONG),
    ROW("\x96\x01\x03" ID_ ID_ "\xC0\xC4\x00\x00", ERR_TRAILING),
    ROW("\xDC\x00\x06\x01\x03" ID_ ID_ "\xC0\xC4\x00", ERR_MALFORMED),
#undef ROW
};

START_TEST(a_frame_has_one_spelling_only)
{
    uint8_t memory[256] = {0};
    memcpy(memory, malformed[_i].bytes, malformed[_i].len);
    struct frame back;
    ck_assert_int_eq(frame_read(span_of(memory, malformed[_i].len + FRAME_TAG_LEN), &back), malformed[_i].err);
}

END_TEST

START_TEST(numbers_of_every_length_are_read_back_and_longer_forms_are_not)
{
    static const uint64_t values[] = {
        0, 1, 127, 128, 255, 256, 65535, 65536, UINT32_MAX, (uint64_t)UINT32_MAX + 1, UINT64_MAX};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        uint8_t bytes[16];
        struct buf out = buf_of(bytes, sizeof bytes);
        pack_uint(&out, values[i]);
        struct span rest = buf_span(&out);
        uint64_t back = 0;
        ck_assert_int_eq(unpack_uint(&rest, UINT64_MAX, &back), OK);
        ck_assert_uint_eq(back, values[i]);
        ck_assert_uint_eq(rest.len, 0);
        if (values[i] > 0) {
            rest = buf_span(&out);
            ck_assert_int_eq(unpack_uint(&rest, values[i] - 1, &back), ERR_RANGE);
            ck_assert_uint_eq(rest.len, out.len);
        }
        for (size_t len = 1; len <= 8; len *= 2) {
            uint8_t wide[9];
            uint8_t be[8];
            put_be64(be, values[i]);
            wide[0] = (uint8_t)(0xCC + (len == 1 ? 0 : len == 2 ? 1 : len == 4 ? 2 : 3));
            memcpy(wide + 1, be + 8 - len, len);
            rest = span_of(wide, 1 + len);
            if (1 + len > out.len) {
                ck_assert_int_eq(unpack_uint(&rest, UINT64_MAX, &back), ERR_MALFORMED);
            }
        }
    }
}

END_TEST

START_TEST(a_wake_up_is_read_back_and_nobody_elses_is)
{
    OWNED(frame_key_free) struct frame_key *key = NULL;
    ck_assert_int_eq(frame_key_new(secret, &key), OK);
    uint8_t bytes[FRAME_WAKE_LEN];
    frame_wake_write(key, 77, bytes);
    uint64_t head = 0;
    ck_assert_int_eq(frame_wake_read(key, span_of(bytes, sizeof bytes), &head), OK);
    ck_assert_uint_eq(head, 77);
    ck_assert_int_eq(frame_wake_read(key, span_of(bytes, sizeof bytes - 1), &head), ERR_MALFORMED);
    bytes[7]++;
    ck_assert_int_eq(frame_wake_read(key, span_of(bytes, sizeof bytes), &head), ERR_AUTH);
}

END_TEST

START_TEST(commands_and_answers_are_read_back)
{
    uint8_t bytes[2048];
    struct buf out = buf_of(bytes, sizeof bytes);
    const struct idempotency key = {.present = true, .scope = {1}, .body = {2}};
    body_commands_begin(&out, 2);
    body_command_put(&out, SPAN("first"), NULL);
    body_command_put(&out, SPAN("second"), &key);
    struct body_list list;
    struct span command;
    struct idempotency idempotency;
    ck_assert_int_eq(body_commands_read(buf_span(&out), &list), OK);
    ck_assert_uint_eq(list.left, 2);
    ck_assert_int_eq(body_command_next(&list, &command, &idempotency), OK);
    ck_assert(span_equal(command, SPAN("first")) && !idempotency.present);
    ck_assert_int_eq(body_command_next(&list, &command, &idempotency), OK);
    ck_assert(span_equal(command, SPAN("second")) && idempotency.present);
    ck_assert_mem_eq(idempotency.scope, key.scope, 32);
    ck_assert_mem_eq(idempotency.body, key.body, 32);
    ck_assert_uint_eq(list.left, 0);

    const uint8_t randomness[10] = {5};
    struct answer answer = {.refusal = REFUSED_integration_in_use,
                            .repeated = true,
                            .seq = 1,
                            .workspace_seq = 2,
                            .version = 3,
                            .events = 4,
                            .time_ms = 1700000000000,
                            .hint_ms = 6,
                            .publish_at_ms = 7};
    answer.stream = id_make(ID_POST, 1, randomness);
    answer.detail[0] = id_make(ID_POST, 2, randomness);
    out = buf_of(bytes, sizeof bytes);
    body_answers_begin(&out, 1);
    body_answer_put(&out, &answer);
    struct answer back;
    memset(&back, 0, sizeof back);
    ck_assert_int_eq(body_answers_read(buf_span(&out), &list), OK);
    ck_assert_int_eq(body_answer_next(&list, &back), OK);
    ck_assert_uint_eq(back.refusal, answer.refusal);
    ck_assert(back.repeated && back.seq == 1 && back.workspace_seq == 2 && back.version == 3 && back.events == 4);
    ck_assert(back.time_ms == answer.time_ms && back.hint_ms == 6 && back.publish_at_ms == 7);
    ck_assert(id_equal(&back.stream, &answer.stream) && id_equal(&back.detail[0], &answer.detail[0]));
    ck_assert(id_is_none(&back.detail[1]));
    ck_assert_str_eq(back.fault.detail, "");
}

END_TEST

START_TEST(an_answer_ends_with_what_is_at_fault_where_a_value_is)
{
    uint8_t bytes[2048];
    struct answer plain = {.refusal = REFUSED_not_found};
    struct answer faulty = {
        .refusal = REFUSED_field_invalid, .fault = {.param = "/labels/0", .detail = "A label may not be empty."}
    };
    struct buf out = buf_of(bytes, sizeof bytes);
    struct body_list list;
    struct answer back;
    body_answers_begin(&out, 2);
    body_answer_put(&out, &faulty);
    body_answer_put(&out, &plain);
    ck_assert_int_eq(body_answers_read(buf_span(&out), &list), OK);
    ck_assert_int_eq(body_answer_next(&list, &back), OK);
    ck_assert_uint_eq(back.refusal, REFUSED_field_invalid);
    ck_assert_str_eq(back.fault.param, faulty.fault.param);
    ck_assert_str_eq(back.fault.detail, faulty.fault.detail);
    ck_assert_int_eq(body_answer_next(&list, &back), OK);
    ck_assert_uint_eq(back.refusal, REFUSED_not_found);
    ck_assert_str_eq(back.fault.param, "");

    memset(faulty.fault.param, 'x', sizeof faulty.fault.param - 1); /* the longest */
    memset(faulty.fault.detail, 'y', sizeof faulty.fault.detail - 1);
    out = buf_of(bytes, sizeof bytes);
    body_answers_begin(&out, 1);
    body_answer_put(&out, &faulty);
    ck_assert_int_eq(body_answers_read(buf_span(&out), &list), OK);
    ck_assert_int_eq(body_answer_next(&list, &back), OK);
    ck_assert_mem_eq(&back.fault, &faulty.fault, sizeof back.fault);
}

END_TEST

/* An answer without its two last texts, and those instead. */
static enum err read_with_texts(struct span param, struct span detail)
{
    uint8_t bytes[2048];
    struct answer answer = {.fault = {.detail = "x"}};
    struct buf out = buf_of(bytes, sizeof bytes);
    struct body_list list;
    body_answers_begin(&out, 1);
    body_answer_put(&out, &answer);
    out.len -= 1 + 2; /* "" and "x" */
    pack_text(&out, param);
    pack_text(&out, detail);
    ck_assert_int_eq(body_answers_read(buf_span(&out), &list), OK);
    return body_answer_next(&list, &answer);
}

START_TEST(an_answers_fault_longer_than_there_is_room_for_or_without_a_sentence_is_refused)
{
    char text[FAULT_DETAIL_SIZE];
    memset(text, 'x', sizeof text);
    ck_assert_int_eq(read_with_texts(SPAN("/labels/0"), SPAN("x")), OK);
    ck_assert_int_eq(read_with_texts(span_of(text, FAULT_PARAM_SIZE), SPAN("x")), ERR_TOO_LONG);
    ck_assert_int_eq(read_with_texts(SPAN(""), span_of(text, FAULT_DETAIL_SIZE)), ERR_TOO_LONG);
    ck_assert_int_eq(read_with_texts(SPAN("/labels/0"), SPAN("")), ERR_MALFORMED);
    ck_assert_int_eq(read_with_texts(SPAN("/labels\0/0"), SPAN("x")), ERR_MALFORMED);
}

END_TEST

START_TEST(more_commands_than_allowed_and_bytes_behind_the_last_are_refused)
{
    uint8_t bytes[64];
    struct buf out = buf_of(bytes, sizeof bytes);
    pack_array(&out, FRAME_COMMANDS_MAX + 1);
    struct body_list list;
    ck_assert_int_eq(body_commands_read(buf_span(&out), &list), ERR_TOO_LONG);
    out = buf_of(bytes, sizeof bytes);
    body_commands_begin(&out, 1);
    body_command_put(&out, SPAN("x"), NULL);
    buf_byte(&out, 0);
    struct span command;
    struct idempotency idempotency;
    ck_assert_int_eq(body_commands_read(buf_span(&out), &list), OK);
    ck_assert_int_eq(body_command_next(&list, &command, &idempotency), ERR_TRAILING);
    out = buf_of(bytes, sizeof bytes);
    pack_array(&out, 0);
    buf_byte(&out, 0);
    ck_assert_int_eq(body_commands_read(buf_span(&out), &list), ERR_TRAILING);
}

END_TEST

START_TEST(the_other_bodies_are_read_back)
{
    uint8_t bytes[1024];
    struct buf out = buf_of(bytes, sizeof bytes);
    uint64_t after = 0;
    struct follow_ask ask = {.after = 300, .max = 20};
    body_follow_put(&out, &ask);
    memset(&ask, 0xFF, sizeof ask);
    ck_assert_int_eq(body_follow_read(buf_span(&out), &ask), OK);
    ck_assert(ask.after == 300 && ask.max == 20 && !ask.is_scheduler && ask.late_ms == 0);
    out = buf_of(bytes, sizeof bytes);
    body_follow_put(&out, &(struct follow_ask){.after = 1,
                                               .max = 2,
                                               .is_scheduler = true,
                                               .late_ms = 61000,
                                               .held = 70,
                                               .in_line = 8,
                                               .paused = 9,
                                               .adapter_silent_ms = 300});
    ck_assert_int_eq(body_follow_read(buf_span(&out), &ask), OK);
    ck_assert(ask.after == 1 && ask.max == 2 && ask.is_scheduler && ask.late_ms == 61000);
    ck_assert(ask.held == 70 && ask.in_line == 8 && ask.paused == 9 && ask.adapter_silent_ms == 300);
    out = buf_of(bytes, sizeof bytes);
    pack_array(&out, 4);
    ck_assert_int_ne(body_follow_read(buf_span(&out), &ask), OK);

    uint8_t more[256];
    struct buf events = buf_of(more, sizeof more);
    body_event_put(&events, SPAN("envelope"), SPAN("payload"));
    out = buf_of(bytes, sizeof bytes);
    body_events_put(&out, 9, 1, buf_span(&events));
    struct body_list list;
    struct span a;
    struct span b;
    ck_assert_int_eq(body_events_read(buf_span(&out), &after, &list), OK);
    ck_assert_int_eq(body_event_next(&list, &a, &b), OK);
    ck_assert(after == 9 && span_equal(a, SPAN("envelope")) && span_equal(b, SPAN("payload")) && list.left == 0);

    out = buf_of(bytes, sizeof bytes);
    body_query_put(&out, SPAN("posts"), SPAN("arguments"));
    ck_assert_int_eq(body_query_read(buf_span(&out), &a, &b), OK);
    ck_assert(span_equal(a, SPAN("posts")) && span_equal(b, SPAN("arguments")));

    enum refusal refusal = ACCEPTED;
    out = buf_of(bytes, sizeof bytes);
    body_result_put(&out, REFUSED_not_found, SPAN(""));
    ck_assert_int_eq(body_result_read(buf_span(&out), &refusal, &a), OK);
    ck_assert_uint_eq(refusal, REFUSED_not_found);

    const uint8_t randomness[10] = {5};
    const struct id secret_id = id_make(ID_SECRET, 1, randomness);
    const struct id integration_id = id_make(ID_INTEGRATION, 1, randomness);
    struct id c;
    struct id d;
    out = buf_of(bytes, sizeof bytes);
    body_seal_put(&out, &secret_id, &integration_id, SPAN("box"));
    ck_assert_int_eq(body_seal_read(buf_span(&out), &c, &d, &a), OK);
    ck_assert(id_equal(&c, &secret_id) && id_equal(&d, &integration_id) && span_equal(a, SPAN("box")));
    out = buf_of(bytes, sizeof bytes);
    body_seal_put(&out, &integration_id, &integration_id, SPAN("box"));
    ck_assert_int_eq(body_seal_read(buf_span(&out), &c, &d, &a), ERR_MALFORMED);
    const struct id key_id = id_make(ID_KEY, 1, randomness);
    const struct id other_key_id = id_make(ID_KEY, 2, randomness);
    out = buf_of(bytes, sizeof bytes);
    body_seal_put(&out, &key_id, &key_id, SPAN("box"));
    ck_assert_int_eq(body_seal_read(buf_span(&out), &c, &d, &a), OK);
    ck_assert(id_equal(&c, &key_id) && id_equal(&d, &key_id));
    out = buf_of(bytes, sizeof bytes);
    body_seal_put(&out, &key_id, &other_key_id, SPAN("box"));
    ck_assert_int_eq(body_seal_read(buf_span(&out), &c, &d, &a), ERR_MALFORMED);

    const struct welcome welcome = {.challenge = {3}, .epoch = 4, .head = 5, .time_ms = 6, .release = SPAN("0.1")};
    struct welcome back;
    out = buf_of(bytes, sizeof bytes);
    body_welcome_put(&out, &welcome);
    ck_assert_int_eq(body_welcome_read(buf_span(&out), &back), OK);
    ck_assert(back.challenge[0] == 3 && back.epoch == 4 && back.head == 5 && back.time_ms == 6);
    ck_assert(span_equal(back.release, welcome.release));

    out = buf_of(bytes, sizeof bytes);
    body_figures_begin(&out, 1);
    body_figure_put(&out, "head", 12);
    ck_assert_int_eq(body_figures_read(buf_span(&out), &list), OK);
    ck_assert_int_eq(body_figure_next(&list, &a, &after), OK);
    ck_assert(span_equal(a, SPAN("head")) && after == 12);
}

END_TEST

/* Random changes to good bodies: every reader says something, and a sanitizer would say more. */
START_TEST(no_body_makes_a_reader_stray)
{
    struct prng prng;
    prng_seed(&prng, 1);
    for (int round = 0; round < 20000; round++) {
        uint8_t memory[256];
        struct buf out = buf_of(memory, sizeof memory);
        const struct idempotency key = {.present = true};
        body_commands_begin(&out, 2);
        body_command_put(&out, SPAN("first"), NULL);
        body_command_put(&out, SPAN("second"), &key);
        const size_t len = (size_t)prng_below(&prng, out.len + 1);
        uint8_t *bytes = malloc(len == 0 ? 1 : len);
        memcpy(bytes, memory, len);
        for (uint64_t i = prng_below(&prng, 4); i > 0 && len > 0; i--) {
            bytes[prng_below(&prng, len)] = (uint8_t)prng_next(&prng);
        }
        struct body_list list;
        struct span command;
        struct idempotency idempotency;
        enum err err = body_commands_read(span_of(bytes, len), &list);
        while (err == OK && list.left > 0) {
            err = body_command_next(&list, &command, &idempotency);
        }
        free(bytes);
    }
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("frame");
    TCase *frames = tcase_create("frames");
    tcase_add_loop_test(frames, a_frame_is_read_back_as_it_was_written, 0, 2);
    tcase_add_test(frames, every_bit_of_a_frame_counts);
    tcase_add_test(frames, a_frame_cut_or_lengthened_anywhere_is_refused);
    tcase_add_loop_test(frames, a_frame_has_one_spelling_only, 0, (int)(sizeof malformed / sizeof malformed[0]));
    tcase_add_test(frames, numbers_of_every_length_are_read_back_and_longer_forms_are_not);
    tcase_add_test(frames, a_wake_up_is_read_back_and_nobody_elses_is);
    suite_add_tcase(suite, frames);
    TCase *bodies = tcase_create("bodies");
    tcase_add_test(bodies, commands_and_answers_are_read_back);
    tcase_add_test(bodies, an_answer_ends_with_what_is_at_fault_where_a_value_is);
    tcase_add_test(bodies, an_answers_fault_longer_than_there_is_room_for_or_without_a_sentence_is_refused);
    tcase_add_test(bodies, more_commands_than_allowed_and_bytes_behind_the_last_are_refused);
    tcase_add_test(bodies, the_other_bodies_are_read_back);
    tcase_add_test(bodies, no_body_makes_a_reader_stray);
    suite_add_tcase(suite, bodies);
    return run_suite(suite);
}
