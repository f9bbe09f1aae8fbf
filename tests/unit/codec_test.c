/* codec_test.c: what is encoded comes back the same, to the byte; what may not be written is not, and leaves nothing
 * behind. What foreign bytes meet is in decode_test.c. */
#include "core/message/codec.h"

#include <check.h>
#include <stdlib.h>

#include "core/base/prng.h"
#include "tests/suite.h"
#include "tests/unit/codec_times.h"

#define ROWS(table_) (sizeof(table_) / sizeof *(table_))
#define CODES 100 /* more than any code so far */
#define ROUNDS 200

/* One test's memory; the buffers grow to what a random record needs. */
struct bench {
    struct prng prng;
    struct arena arena;
    struct buf first;
    struct buf second;
};

static void bench_init(struct bench *bench, uint64_t seed)
{
    const size_t cap = (size_t)24 << 20;
    prng_seed(&bench->prng, seed);
    arena_init(&bench->arena, (size_t)256 << 20);
    bench->first = buf_of(malloc(cap), cap);
    bench->second = buf_of(malloc(cap), cap);
    ck_assert_ptr_nonnull(bench->first.data);
    ck_assert_ptr_nonnull(bench->second.data);
}

static void bench_done(struct bench *bench)
{
    arena_done(&bench->arena);
    free(bench->first.data);
    free(bench->second.data);
}

static void bench_clear(struct bench *bench)
{
    arena_reset(&bench->arena);
    bench->first.len = 0;
    bench->second.len = 0;
}

/* Encodes a random record, decodes the bytes, compares, encodes again. */
static void round_trips(const struct record_desc *desc)
{
    struct bench bench;
    bench_init(&bench, 20260420);
    for (int i = 0; i < ROUNDS; i++) {
        char *fields = arena_alloc(&bench.arena, desc->size);
        char *back = arena_alloc(&bench.arena, desc->size);
        ck_assert_int_eq(record_random(desc, &bench.prng, &bench.arena, fields), OK);
        tell_times(desc, fields);
        ck_assert_msg(record_encode(desc, fields, &bench.first) == OK, "%s", desc->name);
        ck_assert_msg(record_decode(desc, buf_span(&bench.first), &bench.arena, back) == OK, "%s", desc->name);
        ck_assert_msg(record_equal(desc, fields, back), "%s", desc->name);
        ck_assert_int_eq(record_encode(desc, back, &bench.second), OK);
        ck_assert_msg(span_equal(buf_span(&bench.first), buf_span(&bench.second)), "%s", desc->name);
        bench_clear(&bench);
    }
    bench_done(&bench);
}

START_TEST(every_event_comes_back_as_it_was)
{
    int events = 0;
    for (uint32_t code = 0; code < CODES; code++) {
        if (event_desc(code) != NULL) {
            ck_assert_uint_eq(event_desc(code)->code, code);
            round_trips(event_desc(code));
            events++;
        }
    }
    ck_assert_int_gt(events, 30);
}

END_TEST

START_TEST(every_command_comes_back_as_it_was)
{
    int commands = 0;
    for (uint32_t code = 0; code < CODES; code++) {
        if (command_desc(code) != NULL) {
            ck_assert_uint_eq(command_desc(code)->code, code);
            round_trips(command_desc(code));
            commands++;
        }
    }
    ck_assert_int_gt(commands, 20);
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
    for (size_t i = 0; i < ROWS(descs); i++) {
        round_trips(descs[i]());
    }
}

END_TEST

START_TEST(an_event_comes_back_with_its_code)
{
    struct bench bench;
    bench_init(&bench, 7);
    for (uint32_t code = 0; code < CODES; code++) {
        struct event event = {.code = code};
        struct event back;
        if (event_desc(code) != NULL) {
            ck_assert_int_eq(record_random(event_desc(code), &bench.prng, &bench.arena, event_fields(&event)), OK);
            ck_assert_int_eq(event_encode(&event, &bench.first), OK);
            ck_assert_int_eq(event_decode(buf_span(&bench.first), &bench.arena, &back), OK);
            ck_assert_uint_eq(back.code, code);
            ck_assert_int_eq(event_encode(&back, &bench.second), OK);
            ck_assert(span_equal(buf_span(&bench.first), buf_span(&bench.second)));
            bench_clear(&bench);
        }
    }
    bench_done(&bench);
}

END_TEST

static struct command random_command(struct bench *bench, uint32_t code)
{
    const uint8_t randomness[10] = {(uint8_t)code};
    struct command command = {.code = code,
                              .command_id = id_make(ID_COMMAND, 1, randomness),
                              .stream = id_make(ID_POST, 2, randomness),
                              .actor = (uint8_t)(code % 5),
                              .role = code % ROLE_COUNT,
                              .expected_version = prng_below(&bench->prng, 3),
                              .causation = prng_next(&bench->prng)};
    if (code % 2 == 0) {
        command.workspace_id = id_make(ID_WORKSPACE, 3, randomness);
        command.actor_id = id_make(ID_KEY, 4, randomness);
    }
    ck_assert_int_eq(record_random(command_desc(code), &bench->prng, &bench->arena, command_fields(&command)), OK);
    return command;
}

START_TEST(a_command_comes_back_with_its_envelope)
{
    struct bench bench;
    bench_init(&bench, 7);
    for (uint32_t code = 0; code < CODES; code++) {
        if (command_desc(code) != NULL) {
            struct command command = random_command(&bench, code);
            struct command back;
            ck_assert_int_eq(command_encode(&command, &bench.first), OK);
            ck_assert_int_eq(command_decode(buf_span(&bench.first), &bench.arena, &back), OK);
            ck_assert(id_equal(&back.command_id, &command.command_id));
            ck_assert(id_equal(&back.workspace_id, &command.workspace_id));
            ck_assert(id_equal(&back.stream, &command.stream));
            ck_assert_uint_eq(back.actor, command.actor);
            ck_assert(id_equal(&back.actor_id, &command.actor_id));
            ck_assert_uint_eq(back.role, command.role);
            ck_assert_uint_eq(back.expected_version, command.expected_version);
            ck_assert_uint_eq(back.causation, command.causation);
            ck_assert_uint_eq(back.code, code);
            ck_assert(record_equal(command_desc(code), command_fields(&command), command_fields(&back)));
            ck_assert_int_eq(command_encode(&back, &bench.second), OK);
            ck_assert(span_equal(buf_span(&bench.first), buf_span(&bench.second)));
            bench_clear(&bench);
        }
    }
    bench_done(&bench);
}

END_TEST

START_TEST(fields_are_written_in_the_order_of_their_declaration_and_absent_ones_left_out)
{
    const uint8_t randomness[10] = {0};
    struct event event = {.code = EVENT_target_resolved};
    event.target_resolved.post_id = id_make(ID_POST, 1776693600000, randomness);
    event.target_resolved.target_id = id_make(ID_TARGET, 1776693600000, randomness);
    event.target_resolved.attempt_id = id_make(ID_ATTEMPT, 1776693600000, randomness);
    event.target_resolved.resolution = RESOLUTION_ABSENT;
    event.target_resolved.next_ms = 200;
    uint8_t bytes[300];
    struct buf out = buf_of(bytes, sizeof bytes);
    ck_assert_int_eq(event_encode(&event, &out), OK);
    const struct span expected = SPAN("\x92\x36\x85"
                                      "\xA7post_id\xBFpost_01kpnk1qr0e008000000000000"
                                      "\xA9target_id\xBEtgt_01kpnk1qr0e008000000000000"
                                      "\xAA"
                                      "attempt_id\xBE"
                                      "att_01kpnk1qr0e008000000000000"
                                      "\xAAresolution\xA6"
                                      "absent"
                                      "\xA7next_ms\xCC\xC8");
    ck_assert(span_equal(buf_span(&out), expected));
}

END_TEST

START_TEST(a_required_number_flag_or_hash_is_written_when_it_is_zero)
{
    const uint8_t randomness[10] = {0};
    struct event event = {.code = EVENT_attempt_started};
    event.attempt_started.post_id = id_make(ID_POST, 1, randomness);
    event.attempt_started.target_id = id_make(ID_TARGET, 1, randomness);
    event.attempt_started.attempt_id = id_make(ID_ATTEMPT, 1, randomness);
    uint8_t bytes[400];
    struct buf out = buf_of(bytes, sizeof bytes);
    struct arena arena;
    arena_init(&arena, 1000);
    ck_assert_int_eq(event_encode(&event, &out), OK);
    struct event back;
    ck_assert_int_eq(event_decode(buf_span(&out), &arena, &back), OK);
    ck_assert(record_equal(event_desc(event.code), event_fields(&event), event_fields(&back)));
    const uint8_t zeros[34] = {0xC4, 32};
    ck_assert_ptr_nonnull(memmem(bytes, out.len, zeros, sizeof zeros));
    ck_assert_ptr_nonnull(memmem(bytes, out.len,
                                 "\xA6"
                                 "due_ms\x00",
                                 8));
    arena_done(&arena);
}

END_TEST

/* A valid event of each kind of field, to be spoiled. */
static struct event good(uint32_t code)
{
    static const uint8_t randomness[10] = {0};
    struct event event = {.code = code};
    switch (code) {
    case EVENT_workspace_created:
        event.workspace_created.workspace_id = id_make(ID_WORKSPACE, 1, randomness);
        event.workspace_created.slug = SPAN("");
        event.workspace_created.name = SPAN("Name");
        event.workspace_created.timezone = SPAN("UTC");
        break;
    case EVENT_post_scheduled:
        event.post_scheduled.post_id = id_make(ID_POST, 1, randomness);
        break;
    case EVENT_member_added:
        event.member_added.member_id = id_make(ID_MEMBER, 1, randomness);
        event.member_added.workspace_id = id_make(ID_WORKSPACE, 1, randomness);
        event.member_added.user_id = id_make(ID_USER, 1, randomness);
        event.member_added.role = ROLE_OWNER;
        break;
    default:
        ck_abort();
    }
    return event;
}

static void refuses(const struct event *event, enum err err)
{
    char bytes[500];
    struct buf out = buf_of(bytes, sizeof bytes);
    buf_text(&out, "kept");
    ck_assert_int_eq(event_encode(event, &out), err);
    ck_assert_str_eq(buf_terminated(&out), "kept");
}

START_TEST(what_may_not_be_written_is_refused)
{
    static uint8_t bytes[300];
    memset(bytes, 'x', sizeof bytes);
    struct event event = good(EVENT_workspace_created);
    event.workspace_created.workspace_id = (struct id){0};
    refuses(&event, ERR_MISSING);
    event = good(EVENT_workspace_created);
    event.workspace_created.slug = (struct span){0};
    refuses(&event, ERR_MISSING);
    event = good(EVENT_workspace_created);
    event.workspace_created.name = span_of(bytes, 257);
    refuses(&event, ERR_TOO_LONG);
    event.workspace_created.name = SPAN("a\xFF");
    refuses(&event, ERR_NOT_UTF8);
    event.workspace_created.name = SPAN("a\0b");
    refuses(&event, ERR_NUL);
    event = good(EVENT_post_scheduled);
    event.post_scheduled.publish_at_ms = -1;
    refuses(&event, ERR_RANGE);
    event.post_scheduled.publish_at_ms = (int64_t)1 << 48;
    refuses(&event, ERR_RANGE);
    event.post_scheduled.publish_at_ms = 1;
    event.post_scheduled.targets_count = 51;
    refuses(&event, ERR_TOO_LONG);
    struct target_due due = {.due_ms = 1};
    event.post_scheduled.targets = &due;
    event.post_scheduled.targets_count = 1;
    refuses(&event, ERR_MISSING);
    event = good(EVENT_member_added);
    event.member_added.role = ROLE_NONE;
    refuses(&event, ERR_MISSING);
    event.member_added.role = ROLE_COUNT;
    refuses(&event, ERR_RANGE);
    event.code = 9999;
    refuses(&event, ERR_UNKNOWN_CODE);
}

END_TEST

START_TEST(the_longest_word_text_and_blob_are_written_and_no_longer)
{
    static uint8_t bytes[2097152 + 1];
    static uint8_t space[2200000];
    static const size_t most[] = {256, 65536, 2097152};
    memset(bytes, 'x', sizeof bytes);
    const uint8_t randomness[10] = {0};
    struct job_outcome outcome = {.kind = SPAN("commit"), .outcome = OUTCOME_ACCEPTED};
    outcome.job_id = id_make(ID_ATTEMPT, 1, randomness);
    struct span *const fields[] = {&outcome.revision, &outcome.message, &outcome.credentials};
    for (size_t i = 0; i < ROWS(most); i++) {
        struct buf out = buf_of(space, sizeof space);
        *fields[i] = span_of(bytes, most[i]);
        ck_assert_int_eq(record_encode(job_outcome_desc(), &outcome, &out), OK);
        *fields[i] = span_of(bytes, most[i] + 1);
        ck_assert_int_eq(record_encode(job_outcome_desc(), &outcome, &out), ERR_TOO_LONG);
        *fields[i] = (struct span){0};
    }
}

END_TEST

START_TEST(a_message_that_does_not_fit_is_refused)
{
    struct event event = good(EVENT_workspace_created);
    uint8_t bytes[300];
    struct buf whole = buf_of(bytes, sizeof bytes);
    ck_assert_int_eq(event_encode(&event, &whole), OK);
    for (size_t cap = 0; cap < whole.len; cap++) {
        uint8_t *little = malloc(cap + 1);
        struct buf out = buf_of(little, cap);
        ck_assert_int_eq(event_encode(&event, &out), ERR_NO_SPACE);
        ck_assert_uint_eq(out.len, 0);
        free(little);
    }
}

END_TEST

START_TEST(a_command_without_id_or_stream_is_refused)
{
    const uint8_t randomness[10] = {0};
    struct command command = {.code = COMMAND_confirm_starts,
                              .command_id = id_make(ID_COMMAND, 1, randomness),
                              .stream = id_make(ID_SYSTEM, 1, randomness)};
    uint8_t bytes[200];
    struct buf out = buf_of(bytes, sizeof bytes);
    ck_assert_int_eq(command_encode(&command, &out), OK);
    out.len = 0;
    command.role = ROLE_COUNT;
    ck_assert_int_eq(command_encode(&command, &out), ERR_RANGE);
    command.role = ROLE_NONE;
    command.code = 9999;
    ck_assert_int_eq(command_encode(&command, &out), ERR_UNKNOWN_CODE);
    command.code = COMMAND_confirm_starts;
    command.stream = (struct id){0};
    ck_assert_int_eq(command_encode(&command, &out), ERR_MISSING);
    command.stream = command.command_id;
    command.command_id = (struct id){0};
    ck_assert_int_eq(command_encode(&command, &out), ERR_MISSING);
    ck_assert_uint_eq(out.len, 0);
}

END_TEST

/* Every field of a that is changed, one at a time, makes it another record. */
static void check_each_field_counts(const struct record_desc *desc, const char *fields, char *other)
{
    for (size_t i = 0; i < desc->field_count; i++) {
        const struct field_desc *field = &desc->fields[i];
        memcpy(other, fields, desc->size);
        if (field->kind == KIND_list) {
            memset(other + field->count_offset, 0, sizeof(uint32_t)); /* was not empty */
        } else if (field->kind == KIND_flag) {
            other[field->offset] = (char)(fields[field->offset] ^ 1);
        } else if (kind_max(field->kind) > 0) {
            struct span *text = (void *)(other + field->offset);
            *text = text->data == NULL ? SPAN("") : (struct span){0};
        } else {
            other[field->offset] = (char)(fields[field->offset] ^ 1);
        }
        ck_assert_msg(!record_equal(desc, fields, other), "%s.%s", desc->name, field->name);
        ck_assert_msg(!record_equal(desc, other, fields), "%s.%s", desc->name, field->name);
    }
    memcpy(other, fields, desc->size);
    ck_assert(record_equal(desc, fields, other));
}

START_TEST(every_field_counts_when_records_are_compared)
{
    struct bench bench;
    bench_init(&bench, 98);
    for (uint32_t code = 0; code < CODES; code++) {
        const struct record_desc *desc = event_desc(code);
        for (int i = 0; desc != NULL && i < 20; i++) {
            char *fields = arena_alloc(&bench.arena, desc->size);
            char *other = arena_alloc(&bench.arena, desc->size);
            ck_assert_int_eq(record_random(desc, &bench.prng, &bench.arena, fields), OK);
            for (size_t j = 0; j < desc->field_count; j++) {
                uint32_t count = 0;
                memcpy(&count, fields + desc->fields[j].count_offset, sizeof count);
                if (desc->fields[j].kind == KIND_list && count == 0) {
                    void *item = arena_alloc(&bench.arena, desc->fields[j].item()->size);
                    count = 1;
                    memcpy(fields + desc->fields[j].offset, &item, sizeof item);
                    memcpy(fields + desc->fields[j].count_offset, &count, sizeof count);
                }
            }
            check_each_field_counts(desc, fields, other);
            bench_clear(&bench);
        }
    }
    bench_done(&bench);
}

END_TEST

START_TEST(lists_are_equal_item_by_item)
{
    struct label one[2] = {{SPAN("a")}, {SPAN("b")}};
    struct label two[2] = {{SPAN("a")}, {SPAN("c")}};
    struct event a = {.code = EVENT_post_created};
    struct event b = {.code = EVENT_post_created};
    a.post_created.labels = one;
    a.post_created.labels_count = 2;
    b.post_created.labels = two;
    b.post_created.labels_count = 2;
    const struct record_desc *desc = event_desc(EVENT_post_created);
    ck_assert(!record_equal(desc, event_fields(&a), event_fields(&b)));
    two[1].name = SPAN("b");
    ck_assert(record_equal(desc, event_fields(&a), event_fields(&b)));
}

END_TEST

START_TEST(an_arena_that_is_too_small_ends_a_random_record)
{
    struct prng prng;
    prng_seed(&prng, 4);
    int failures = 0;
    for (size_t most = 0; most < 100000; most += 1000) {
        struct arena arena;
        arena_init(&arena, most);
        struct event event = {.code = EVENT_post_created};
        const enum err err = record_random(event_desc(event.code), &prng, &arena, event_fields(&event));
        ck_assert(err == OK || err == ERR_NO_MEMORY);
        failures += err == OK ? 0 : 1;
        arena_done(&arena);
    }
    ck_assert_int_gt(failures, 10);
}

END_TEST

START_TEST(records_are_equal_by_their_fields)
{
    struct bench bench;
    bench_init(&bench, 99);
    const struct record_desc *desc = event_desc(EVENT_post_created);
    for (int i = 0; i < ROUNDS; i++) {
        struct event a = {.code = EVENT_post_created};
        struct event b = {.code = EVENT_post_created};
        ck_assert_int_eq(record_random(desc, &bench.prng, &bench.arena, event_fields(&a)), OK);
        ck_assert_int_eq(record_random(desc, &bench.prng, &bench.arena, event_fields(&b)), OK);
        ck_assert(record_equal(desc, event_fields(&a), event_fields(&a)));
        ck_assert(!record_equal(desc, event_fields(&a), event_fields(&b)));
        b = a;
        b.post_created.not_after_ms ^= 1;
        ck_assert(!record_equal(desc, event_fields(&a), event_fields(&b)));
        b = a;
        b.post_created.link = a.post_created.link.data == NULL ? SPAN("") : (struct span){0};
        ck_assert(!record_equal(desc, event_fields(&a), event_fields(&b)));
        bench_clear(&bench);
    }
    bench_done(&bench);
}

END_TEST

START_TEST(what_an_event_was_asked_under_comes_back_and_changes_nothing_else)
{
    struct event event = good(EVENT_workspace_created);
    struct idempotency idempotency = {.present = true};
    struct idempotency back;
    struct event decoded;
    struct arena arena;
    uint8_t plain_bytes[2000];
    uint8_t asked_bytes[2000];
    struct buf plain = buf_of(plain_bytes, sizeof plain_bytes);
    struct buf asked = buf_of(asked_bytes, sizeof asked_bytes);
    arena_init(&arena, (size_t)1 << 20);
    memset(idempotency.scope, 0xA1, 32);
    memset(idempotency.body, 0xB2, 32);
    ck_assert_int_eq(event_encode(&event, &plain), OK);
    ck_assert_int_eq(event_encode_asked(&event, &idempotency, &asked), OK);
    ck_assert_uint_eq(asked.len, plain.len + 69);
    ck_assert_int_eq(event_asked(buf_span(&plain), &back), ERR_NOT_FOUND);
    ck_assert_int_eq(event_asked(buf_span(&asked), &back), OK);
    ck_assert(back.present && memcmp(back.scope, idempotency.scope, 32) == 0 &&
              memcmp(back.body, idempotency.body, 32) == 0);
    ck_assert_int_eq(event_decode(buf_span(&asked), &arena, &decoded), OK);
    ck_assert(record_equal(event_desc(event.code), event_fields(&event), event_fields(&decoded)));
    for (size_t len = 1; len < asked.len; len++) {
        ck_assert_int_ne(event_decode(span_of(asked_bytes, len), &arena, &decoded), OK);
    }
    for (size_t at = asked.len - 69; at < asked.len; at += at == asked.len - 69 ? 1 : 34) {
        asked_bytes[at] ^= 1; /* the array's head, each hash's */
        ck_assert_int_eq(event_asked(buf_span(&asked), &back), ERR_NOT_FOUND);
        ck_assert_int_ne(event_decode(buf_span(&asked), &arena, &decoded), OK);
        asked_bytes[at] ^= 1;
    }
    idempotency.present = false;
    asked = buf_of(asked_bytes, sizeof asked_bytes);
    ck_assert_int_eq(event_encode_asked(&event, &idempotency, &asked), OK);
    ck_assert(span_equal(buf_span(&asked), buf_span(&plain)));
    for (size_t cap = 0; cap < plain.len + 69; cap++) {
        idempotency.present = true;
        struct buf little = buf_of(asked_bytes, cap);
        ck_assert_int_eq(event_encode_asked(&event, &idempotency, &little), ERR_NO_SPACE);
        ck_assert_uint_eq(little.len, 0);
    }
    arena_done(&arena);
}

END_TEST

/* As another program might send it: our own encoder would not. */
START_TEST(a_command_with_a_nul_in_a_text_is_refused)
{
    const uint8_t randomness[10] = {1};
    struct command command = {.code = COMMAND_pause_workspace};
    struct command back;
    struct arena arena;
    uint8_t bytes[2000];
    struct buf out = buf_of(bytes, sizeof bytes);
    arena_init(&arena, (size_t)1 << 20);
    command.command_id = id_make(ID_COMMAND, 1, randomness);
    command.stream = id_make(ID_WORKSPACE, 1, randomness);
    command.pause_workspace.workspace_id = command.stream;
    command.pause_workspace.reason = SPAN("abc");
    ck_assert_int_eq(command_encode(&command, &out), OK);
    ck_assert_int_eq(command_decode(buf_span(&out), &arena, &back), OK);
    uint8_t *text = memmem(bytes, out.len, "abc", 3);
    ck_assert_ptr_nonnull(text);
    text[1] = 0;
    ck_assert_int_eq(command_decode(buf_span(&out), &arena, &back), ERR_NUL);
    arena_done(&arena);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("codec");
    TCase *tcase = tcase_create("codec");
    tcase_set_timeout(tcase, 100);
    tcase_add_test(tcase, every_event_comes_back_as_it_was);
    tcase_add_test(tcase, every_command_comes_back_as_it_was);
    tcase_add_test(tcase, every_record_and_job_comes_back_as_it_was);
    tcase_add_test(tcase, an_event_comes_back_with_its_code);
    tcase_add_test(tcase, a_command_comes_back_with_its_envelope);
    tcase_add_test(tcase, fields_are_written_in_the_order_of_their_declaration_and_absent_ones_left_out);
    tcase_add_test(tcase, a_required_number_flag_or_hash_is_written_when_it_is_zero);
    tcase_add_test(tcase, what_may_not_be_written_is_refused);
    tcase_add_test(tcase, what_an_event_was_asked_under_comes_back_and_changes_nothing_else);
    tcase_add_test(tcase, a_command_with_a_nul_in_a_text_is_refused);
    tcase_add_test(tcase, the_longest_word_text_and_blob_are_written_and_no_longer);
    tcase_add_test(tcase, a_message_that_does_not_fit_is_refused);
    tcase_add_test(tcase, a_command_without_id_or_stream_is_refused);
    tcase_add_test(tcase, every_field_counts_when_records_are_compared);
    tcase_add_test(tcase, lists_are_equal_item_by_item);
    tcase_add_test(tcase, an_arena_that_is_too_small_ends_a_random_record);
    tcase_add_test(tcase, records_are_equal_by_their_fields);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
