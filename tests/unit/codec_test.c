/* codec_test.c: what is encoded comes back the same, to the byte; foreign bytes are refused with the right error and
 * never crash. */
#include "core/message/codec.h"

#include <check.h>
#include <stdlib.h>

#include "core/base/prng.h"

#define BYTES_MAX ((size_t)24 << 20)
#define ROUNDS 200

/* Buffers of one test: heap, so that a sanitizer sees their ends. */
static struct buf buf_new(size_t cap)
{
    uint8_t *data = malloc(cap);
    ck_assert_ptr_nonnull(data);
    return buf_of(data, cap);
}

/* Encodes fields, decodes the bytes, compares, encodes again. */
static void round_trip(const struct record_desc *desc, struct prng *prng, struct arena *arena, struct buf *first,
                       struct buf *second)
{
    char *fields = arena_alloc(arena, desc->size);
    char *back = arena_alloc(arena, desc->size);
    ck_assert_ptr_nonnull(fields);
    ck_assert_ptr_nonnull(back);
    ck_assert_int_eq(record_random(desc, prng, arena, fields), OK);
    first->len = 0;
    ck_assert_msg(record_encode(desc, fields, first) == OK, "%s", desc->name);
    ck_assert_msg(record_decode(desc, buf_span(first), arena, back) == OK, "%s", desc->name);
    ck_assert_msg(record_equal(desc, fields, back), "%s", desc->name);
    second->len = 0;
    ck_assert_int_eq(record_encode(desc, back, second), OK);
    ck_assert_msg(span_equal(buf_span(first), buf_span(second)), "%s", desc->name);
}

static void round_trips(const struct record_desc *desc)
{
    struct prng prng;
    prng_seed(&prng, 20260420);
    struct arena arena;
    arena_init(&arena, (size_t)256 << 20);
    struct buf first = buf_new(BYTES_MAX);
    struct buf second = buf_new(BYTES_MAX);
    for (int i = 0; i < ROUNDS; i++) {
        round_trip(desc, &prng, &arena, &first, &second);
        arena_reset(&arena);
    }
    arena_done(&arena);
    free(first.data);
    free(second.data);
}

START_TEST(every_event_comes_back_as_it_was)
{
    if (event_desc((uint32_t)_i) != NULL) {
        round_trips(event_desc((uint32_t)_i));
    }
}

END_TEST

START_TEST(every_command_comes_back_as_it_was)
{
    if (command_desc((uint32_t)_i) != NULL) {
        round_trips(command_desc((uint32_t)_i));
    }
}

END_TEST

START_TEST(every_record_and_job_comes_back_as_it_was)
{
    const struct record_desc *(*const descs[])(void) = {
#define RECORD(name_, doc_) name_##_desc,
#define FIELD(kind_, name_, doc_)
#define MAYBE(kind_, name_, doc_)
#define LIST(record_, name_, max_, doc_)
#define END(name_)
#include "core/message/record.def"
#define RECORD(name_, doc_) name_##_desc,
#define FIELD(kind_, name_, doc_)
#define MAYBE(kind_, name_, doc_)
#define LIST(record_, name_, max_, doc_)
#define END(name_)
#include "core/message/job.def"
    };
    for (size_t i = 0; i < sizeof descs / sizeof *descs; i++) {
        round_trips(descs[i]());
    }
}

END_TEST

START_TEST(an_event_and_a_command_come_back_with_code_and_envelope)
{
    struct prng prng;
    prng_seed(&prng, 7);
    struct arena arena;
    arena_init(&arena, (size_t)64 << 20);
    struct buf first = buf_new(BYTES_MAX);
    struct buf second = buf_new(BYTES_MAX);
    for (uint32_t code = 0; code < 64; code++) {
        struct event event = {.code = code};
        struct event event_back;
        if (event_desc(code) != NULL) {
            ck_assert_int_eq(record_random(event_desc(code), &prng, &arena, event_fields(&event)), OK);
            first.len = second.len = 0;
            ck_assert_int_eq(event_encode(&event, &first), OK);
            ck_assert_int_eq(event_decode(buf_span(&first), &arena, &event_back), OK);
            ck_assert_uint_eq(event_back.code, code);
            ck_assert_int_eq(event_encode(&event_back, &second), OK);
            ck_assert(span_equal(buf_span(&first), buf_span(&second)));
        }
        const uint8_t randomness[10] = {(uint8_t)code};
        struct command command = {.code = code,
                                  .command_id = id_make(ID_COMMAND, 1, randomness),
                                  .stream = id_make(ID_POST, 2, randomness),
                                  .actor = (uint8_t)(code % 5),
                                  .role = code % ROLE_COUNT,
                                  .expected_version = prng_below(&prng, 3),
                                  .causation = prng_next(&prng)};
        if (code % 2 == 0) {
            command.workspace_id = id_make(ID_WORKSPACE, 3, randomness);
            command.actor_id = id_make(ID_KEY, 4, randomness);
        }
        struct command command_back;
        if (command_desc(code) != NULL) {
            ck_assert_int_eq(record_random(command_desc(code), &prng, &arena, command_fields(&command)), OK);
            first.len = second.len = 0;
            ck_assert_int_eq(command_encode(&command, &first), OK);
            ck_assert_int_eq(command_decode(buf_span(&first), &arena, &command_back), OK);
            ck_assert_mem_eq(&command_back, &command, offsetof(struct command, code) + sizeof command.code);
            ck_assert_int_eq(command_encode(&command_back, &second), OK);
            ck_assert(span_equal(buf_span(&first), buf_span(&second)));
        }
        arena_reset(&arena);
    }
    arena_done(&arena);
    free(first.data);
    free(second.data);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("codec");
    TCase *tcase = tcase_create("codec");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, every_event_comes_back_as_it_was, 0, 64);
    tcase_add_loop_test(tcase, every_command_comes_back_as_it_was, 0, 64);
    tcase_add_test(tcase, every_record_and_job_comes_back_as_it_was);
    tcase_add_test(tcase, an_event_and_a_command_come_back_with_code_and_envelope);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
