/* json_test.c: a record becomes the JSON that its descriptor promises, which any strict reader takes, and no secret
 * gets out. */
#include "core/message/codec.h"

#include <check.h>
#include <stdlib.h>

#include "core/base/prng.h"
#include "core/calendar/instant.h"
#include "core/message/field.h"
#include "core/message/json_read.h"
#include "tests/suite.h"

#define ROWS(table_) (sizeof(table_) / sizeof *(table_))
#define CAP ((size_t)16 << 20)

static const struct {
    struct span text;
    const char *json;
} strings[] = {
    {{(const uint8_t *)"", 0},                                     "\"\""                                    },
    {{(const uint8_t *)"plain", 5},                                "\"plain\""                               },
    {{(const uint8_t *)"a\"b\\c/d", 7},                            "\"a\\\"b\\\\c/d\""                       },
    {{(const uint8_t *)"\b\t\n\f\r", 5},                           "\"\\b\\t\\n\\f\\r\""                     },
    {{(const uint8_t *)"\0\x01\x1F\x7F", 4},                       "\"\\u0000\\u0001\\u001f\x7F\""           },
    {{(const uint8_t *)"\"", 1},                                   "\"\\\"\""                                },
    {{(const uint8_t *)"\\\\", 2},                                 "\"\\\\\\\\\""                            },
    {{(const uint8_t *)"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 9}, "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\""},
    {{(const uint8_t *)"\n\xC3\xA9", 3},                           "\"\\n\xC3\xA9\""                         },
 /* not UTF-8: each wrong byte becomes U+FFFD, the rest stays */
    {{(const uint8_t *)"a\xFFz", 3},                               "\"a\xEF\xBF\xBDz\""                      },
    {{(const uint8_t *)"\xC3", 1},                                 "\"\xEF\xBF\xBD\""                        },
    {{(const uint8_t *)"\xE2\x82", 2},                             "\"\xEF\xBF\xBD\xEF\xBF\xBD\""            },
    {{(const uint8_t *)"\xED\xA0\x80", 3},                         "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
    {{(const uint8_t *)"\xC0\xAF", 2},                             "\"\xEF\xBF\xBD\xEF\xBF\xBD\""            },
    {{(const uint8_t *)"\"\xFF\n\xC3\xA9", 5},                     "\"\\\"\xEF\xBF\xBD\\n\xC3\xA9\""         },
};

START_TEST(a_string_is_quoted_and_escaped)
{
    for (size_t i = 0; i < ROWS(strings); i++) {
        char text[100];
        struct buf out = buf_of(text, sizeof text);
        json_string(&out, strings[i].text);
        ck_assert_str_eq(buf_terminated(&out), strings[i].json);
    }
}

END_TEST

START_TEST(a_byte_is_escaped_wherever_it_stands)
{
    const uint8_t bytes[] = {0x00, 0x1F, '"', '\\'};
    const char *const escaped[] = {"\\u0000", "\\u001f", "\\\"", "\\\\"};
    uint8_t plain[50];
    memset(plain, 'x', sizeof plain);
    for (size_t i = 0; i < ROWS(bytes); i++) {
        for (size_t at = 0; at < sizeof plain; at++) {
            uint8_t text[sizeof plain];
            char written[100];
            char expected[100];
            struct buf out = buf_of(written, sizeof written);
            struct buf due = buf_of(expected, sizeof expected);
            memcpy(text, plain, sizeof text);
            text[at] = bytes[i];
            json_string(&out, span_of(text, sizeof text));
            buf_byte(&due, '"');
            buf_put(&due, span_of(plain, at));
            buf_text(&due, escaped[i]);
            buf_put(&due, span_of(plain, sizeof plain - at - 1));
            buf_byte(&due, '"');
            ck_assert_str_eq(buf_terminated(&out), buf_terminated(&due));
        }
    }
}

END_TEST

START_TEST(an_id_and_a_time_are_quoted_or_null)
{
    const uint8_t randomness[10] = {0};
    const struct id none = {0};
    const struct id id = id_make(ID_POST, 1776693600000, randomness);
    char text[200];
    struct buf out = buf_of(text, sizeof text);
    json_id(&out, &id);
    json_id(&out, &none);
    json_time(&out, 1776693600000);
    json_time(&out, 0);
    json_time(&out, 1776693600001);
    ck_assert_str_eq(buf_terminated(&out), "\"post_01kpnk1qr0e008000000000000\"null\"2026-04-20T14:00:00Z\"null"
                                           "\"2026-04-20T14:00:00.001Z\"");
}

END_TEST

START_TEST(every_declared_field_is_a_member)
{
    struct locked_part part = {.key = SPAN(""),
                               .created_ms = 1,
                               .payload = SPAN("\x00\xFF"
                                               "ab"),
                               .comment = true};
    part.payload_hash.bytes[0] = 0xAB;
    struct locked_target targets[2] = {
        {.parts = &part, .parts_count = 1},
        {.code = SPAN("too_long")             }
    };
    struct event event = {.code = EVENT_post_locked};
    event.post_locked.version = 18446744073709551615U;
    event.post_locked.targets = targets;
    event.post_locked.targets_count = 2;
    char text[2000];
    struct buf out = buf_of(text, sizeof text);
    ck_assert_int_eq(record_json(event_desc(event.code), event_fields(&event), &out), OK);
    ck_assert_str_eq(buf_terminated(&out),
                     "{\"post_id\":null,\"version\":18446744073709551615,\"targets\":["
                     "{\"target_id\":null,\"code\":null,\"message\":null,\"parts\":["
                     "{\"key\":\"\",\"created_at\":\"1970-01-01T00:00:00.001Z\",\"payload\":\"AP9hYg==\","
                     "\"payload_sha256\":\"ab00000000000000000000000000000000000000000000000000000000000000\","
                     "\"first_comment\":true}]},"
                     "{\"target_id\":null,\"code\":\"too_long\",\"message\":null,\"parts\":[]}]}");
}

END_TEST

START_TEST(instants_parts_labels_and_metadata_are_named_and_counted_as_in_the_api)
{
    struct target_spec target = {.at_ms = 1776693600000, .settings = SPAN("{}")};
    struct label labels[2] = {{SPAN("spring")}, {SPAN("\"x\"")}};
    struct pair pairs[2] = {
        {SPAN("a"), SPAN("1")},
        {SPAN("b"), SPAN("") }
    };
    struct event event = {.code = EVENT_post_edited};
    event.post_edited.targets = &target;
    event.post_edited.targets_count = 1;
    event.post_edited.not_after_ms = 1776693600000;
    event.post_edited.labels = labels;
    event.post_edited.labels_count = 2;
    event.post_edited.metadata = pairs;
    event.post_edited.metadata_count = 2;
    struct placeholder_ref blank = {.name = SPAN("who")};
    event.post_edited.blanks = &blank;
    event.post_edited.blanks_count = 1;
    char text[2000];
    struct buf out = buf_of(text, sizeof text);
    ck_assert_int_eq(record_json(event_desc(event.code), event_fields(&event), &out), OK);
    event = (struct event){.code = EVENT_attempt_settled};
    event.attempt_settled.part = 1;
    event.attempt_settled.by_read = true;
    event.attempt_settled.published_ms = 1776693600000;
    ck_assert_int_eq(record_json(event_desc(event.code), event_fields(&event), &out), OK);
    event = (struct event){.code = EVENT_clock_suspected};
    event.clock_suspected.wall_ms = 1776693600000;
    ck_assert_int_eq(record_json(event_desc(event.code), event_fields(&event), &out), OK);
    ck_assert_str_eq(
        buf_terminated(&out),
        "{\"post_id\":null,\"editor_id\":null,\"parts\":[],\"link\":null,\"first_comment\":null,\"targets\":["
        "{\"target_id\":null,\"integration_id\":null,\"channel\":null,\"at\":\"2026-04-20T14:00:00Z\","
        "\"variant\":null,\"platform_settings\":\"{}\"}],"
        "\"timezone\":null,\"not_after\":\"2026-04-20T14:00:00Z\",\"labels\":[\"spring\",\"\\\"x\\\"\"],"
        "\"metadata\":{\"a\":\"1\",\"b\":\"\"},\"series_id\":null,\"series_version\":0,\"blanks\":[\"who\"]}"
        "{\"post_id\":null,\"target_id\":null,\"attempt_id\":null,\"number\":0,\"part\":2,\"outcome\":null,"
        "\"settled_by_reading\":true,\"code\":null,\"message\":null,\"platform_code\":null,"
        "\"platform_message\":null,\"platform_post_id\":null,\"platform_revision\":null,\"url\":null,"
        "\"published_at\":\"2026-04-20T14:00:00Z\",\"next_attempt_at\":null,\"until_at\":null,\"integration_id\":null}"
        "{\"wall_at\":\"2026-04-20T14:00:00Z\",\"apart_ms\":0}");
}

END_TEST

START_TEST(what_is_absent_is_null_and_numbers_flags_and_lists_never_are)
{
    struct event event = {.code = EVENT_target_resolved};
    char text[2000];
    struct buf out = buf_of(text, sizeof text);
    ck_assert_int_eq(record_json(event_desc(event.code), event_fields(&event), &out), OK);
    event.code = EVENT_post_created;
    ck_assert_int_eq(record_json(event_desc(event.code), event_fields(&event), &out), OK);
    const struct pair none = {0};
    const struct locked_part no_part = {0};
    ck_assert_int_eq(record_json(pair_desc(), &none, &out), OK);
    ck_assert_int_eq(record_json(locked_part_desc(), &no_part, &out), OK);
    ck_assert_int_eq(record_json(event_desc(EVENT_starts_confirmed), event_fields(&event), &out), OK);
    ck_assert_str_eq(
        buf_terminated(&out),
        "{\"post_id\":null,\"target_id\":null,\"attempt_id\":null,\"resolution\":null,\"url\":null,"
        "\"retry\":false,\"next_attempt_at\":null}"
        "{\"post_id\":null,\"author_id\":null,\"parts\":[],\"link\":null,\"first_comment\":null,\"targets\":[],"
        "\"timezone\":null,\"not_after\":null,\"labels\":[],\"metadata\":{},\"duplicate_of\":null,"
        "\"series_id\":null,\"series_local\":null,\"series_version\":0,\"generation\":0,"
        "\"template_id\":null,\"template_version\":0,\"blanks\":[],"
        "\"default_queue_of\":null}"
        "{\"key\":null,\"value\":null}"
        "{\"key\":null,\"created_at\":null,\"payload\":null,"
        "\"payload_sha256\":\"0000000000000000000000000000000000000000000000000000000000000000\","
        "\"first_comment\":false}{}");
}

END_TEST

struct guarded {
    uint64_t number;
    struct span token;
    struct guarded *more;
    uint32_t more_count;
};

static const struct record_desc *guarded_desc(void);

static const struct field_desc guarded_fields[] = {
    {.kind = KIND_count,  .name = "number", .name_len = 6, .offset = offsetof(struct guarded, number)},
    {.kind = KIND_secret, .name = "token",  .name_len = 5, .offset = offsetof(struct guarded, token) },
};

static const struct field_desc outer_fields[] = {
    {.kind = KIND_list,
     .name = "more",
     .name_len = 4,
     .offset = offsetof(struct guarded, more),
     .item = guarded_desc,
     .count_offset = offsetof(struct guarded, more_count),
     .max = 3},
};

static const struct record_desc *guarded_desc(void)
{
    static const struct record_desc desc = {
        .name = "guarded", .size = sizeof(struct guarded), .fields = guarded_fields, .field_count = 2};
    return &desc;
}

START_TEST(a_record_with_a_secret_does_not_become_json)
{
    static const struct record_desc outer = {
        .name = "outer", .size = sizeof(struct guarded), .fields = outer_fields, .field_count = 1};
    char text[200] = {0};
    struct buf out = buf_of(text, sizeof text);
    struct guarded inner = {.token = SPAN("hunter2")};
    const struct guarded record = {.more = &inner, .more_count = 1};
    buf_text(&out, "before");
    ck_assert_int_eq(record_json(guarded_desc(), &inner, &out), ERR_SECRET);
    ck_assert_int_eq(record_json(&outer, &record, &out), ERR_SECRET);
    inner.token = (struct span){0};
    ck_assert_int_eq(record_json(&outer, &record, &out), ERR_SECRET);
    ck_assert_str_eq(buf_terminated(&out), "before");
    ck_assert_ptr_null(memmem(text, sizeof text, "hunter2", 7));
}

END_TEST

START_TEST(json_that_does_not_fit_is_refused_and_leaves_nothing)
{
    struct event event = {.code = EVENT_workspace_paused};
    event.workspace_paused.reason = SPAN("because \"of\" that");
    char text[200];
    struct buf whole = buf_of(text, sizeof text);
    ck_assert_int_eq(record_json(event_desc(event.code), event_fields(&event), &whole), OK);
    for (size_t cap = 0; cap < whole.len; cap++) {
        char *little = malloc(cap + 1);
        struct buf out = buf_of(little, cap);
        ck_assert_int_eq(record_json(event_desc(event.code), event_fields(&event), &out), ERR_NO_SPACE);
        ck_assert_uint_eq(out.len, 0);
        free(little);
    }
}

END_TEST

/* The reader takes whole numbers up to 2^63 - 1 and no name twice: admission.h lets none pass. */
static void make_readable(const struct record_desc *desc, void *fields)
{
    static const char keys[] = "0123456789abcdefghij";
    for (size_t i = 0; i < desc->field_count; i++) {
        const struct field_desc *field = &desc->fields[i];
        uint64_t *count = field_slot(field, fields);
        if ((field->kind == KIND_count || field->kind == KIND_index) && *count >= (uint64_t)INT64_MAX) {
            *count = INT64_MAX - 1;
        } else if (field->kind == KIND_list) {
            uint32_t items_count = 0;
            void *items = NULL;
            memcpy(&items, field_at(field, fields), sizeof items);
            (void)field_items(field, fields, &items_count);
            for (uint32_t j = 0; j < items_count; j++) {
                make_readable(field->item(), (char *)items + j * field->item()->size);
                if (field->item() == pair_desc()) {
                    ((struct pair *)items)[j].key = span_of(&keys[j], 1);
                }
            }
        }
    }
}

static void check_record(const struct record_desc *desc, const void *fields, const struct json_node *object);

static void check_text(const struct json_node *node, struct span text)
{
    ck_assert(json_node_is(node, text.data == NULL ? NODE_NULL : NODE_TEXT));
    ck_assert(text.data == NULL || span_equal(node->text, text));
}

/* A label is its name, an entry of the metadata a member. */
static void check_item(const struct record_desc *desc, const void *fields, const struct json_node *node)
{
    if (desc == label_desc() || desc == placeholder_ref_desc()) {
        check_text(node, ((const struct label *)fields)->name);
    } else if (desc == pair_desc()) {
        ck_assert(span_equal(node->name, ((const struct pair *)fields)->key));
        check_text(node, ((const struct pair *)fields)->value);
    } else {
        check_record(desc, fields, node);
    }
}

static void check_field(const struct field_desc *field, const void *fields, const struct json_node *node)
{
    const void *value = field_at(field, fields);
    const struct choice_table *choices = kind_choices(field->kind);
    int64_t ms = 0;
    struct id id;
    if (choices != NULL && *(const uint32_t *)value != 0) {
        check_text(node, span_text(choice_word(choices, *(const uint32_t *)value)));
    } else if (field->kind == KIND_word || field->kind == KIND_text) {
        check_text(node, *(const struct span *)value);
    } else if (field->kind == KIND_count) {
        ck_assert(json_node_is(node, NODE_INTEGER));
        ck_assert_uint_eq((uint64_t)node->integer, *(const uint64_t *)value);
    } else if (field->kind == KIND_index) {
        ck_assert_uint_eq((uint64_t)node->integer, *(const uint64_t *)value + 1);
    } else if (field->kind == KIND_flag) {
        ck_assert(json_node_is(node, *(const bool *)value ? NODE_TRUE : NODE_FALSE));
    } else if (field->kind == KIND_list) {
        uint32_t count = 0;
        const char *items = field_items(field, fields, &count);
        ck_assert(json_node_is(node, field->item() == pair_desc() ? NODE_OBJECT : NODE_LIST));
        ck_assert_uint_eq(node->count, count);
        const struct json_node *item = node->first;
        for (uint32_t i = 0; i < count; i++, item = item->next) {
            check_item(field->item(), items + i * field->item()->size, item);
        }
    } else if (field_is_absent(field, fields) && !(field->kind == KIND_hash && field->required)) {
        ck_assert(json_node_is(node, NODE_NULL));
    } else if (field->kind == KIND_time && *(const int64_t *)value < 253402300800000) {
        ck_assert_int_eq(instant_parse(node->text, &ms), INSTANT_OK);
        ck_assert_int_eq(ms, *(const int64_t *)value);
    } else if (field->kind == KIND_id) {
        ck_assert_int_eq(id_parse(node->text, ID_NONE, &id), OK);
        ck_assert(id_equal(&id, value));
    } else {
        ck_assert(json_node_is(node, NODE_TEXT)); /* hashes and blobs: by example above */
    }
}

static void check_record(const struct record_desc *desc, const void *fields, const struct json_node *object)
{
    ck_assert(json_node_is(object, NODE_OBJECT));
    ck_assert_uint_eq(object->count, desc->field_count);
    const struct json_node *member = object->first;
    for (size_t i = 0; i < desc->field_count; i++, member = member->next) {
        char name[64];
        struct buf shown = buf_of(name, sizeof name);
        field_put_name(&desc->fields[i], &shown);
        ck_assert(span_equal(member->name, buf_span(&shown)));
        check_field(&desc->fields[i], fields, member);
    }
}

START_TEST(every_random_message_is_read_back_by_a_strict_reader)
{
    struct arena arena;
    arena_init(&arena, (size_t)256 << 20);
    struct prng prng;
    prng_seed(&prng, 8259);
    char *text = malloc(CAP);
    for (uint32_t code = 0; code < 200; code++) {
        const struct record_desc *desc = code < 100 ? event_desc(code) : command_desc(code - 100);
        for (int i = 0; desc != NULL && i < 10; i++) {
            char *fields = arena_alloc(&arena, desc->size);
            ck_assert_int_eq(record_random(desc, &prng, &arena, fields), OK);
            make_readable(desc, fields);
            struct buf out = buf_of(text, CAP);
            ck_assert_int_eq(record_json(desc, fields, &out), OK);
            const struct json_node *node = NULL;
            if (out.len <= JSON_READ_BYTES_MAX) {
                ck_assert_msg(json_read(buf_span(&out), &arena, &node) == OK, "%s: %.200s", desc->name, text);
                check_record(desc, fields, node);
            }
            arena_reset(&arena);
        }
    }
    free(text);
    arena_done(&arena);
}

END_TEST

static const struct {
    enum err err;
    struct span text;
} readings[] = {
    {OK,            {(const uint8_t *)"9223372036854775807", 19}              },
    {OK,            {(const uint8_t *)"-9223372036854775808", 20}             },
    {ERR_RANGE,     {(const uint8_t *)"9223372036854775808", 19}              },
    {ERR_RANGE,     {(const uint8_t *)"-9223372036854775809", 20}             },
    {ERR_RANGE,     {(const uint8_t *)"[18446744073709551615]", 22}           },
    {ERR_RANGE,     {(const uint8_t *)"1e999", 5}                             },
    {OK,            {(const uint8_t *)"\"a\\u0001\"", 9}                      },
    {ERR_NUL,       {(const uint8_t *)"\"a\\u0000b\"", 10}                    },
    {ERR_NUL,       {(const uint8_t *)"{\"a\\u0000\":1}", 13}                 },
    {ERR_NUL,       {(const uint8_t *)"\"a\0b\"", 5}                          },
    {ERR_NUL,       {(const uint8_t *)"1\0", 2}                               },
    {ERR_NOT_UTF8,  {(const uint8_t *)"\"\xFF\"", 3}                          },
    {ERR_EXISTS,    {(const uint8_t *)"{\"a\":1,\"a\":1}", 13}                },
    {ERR_MALFORMED, {(const uint8_t *)"{", 1}                                 },
    {ERR_MALFORMED, {(const uint8_t *)"1 2", 3}                               },
    {ERR_MALFORMED, {(const uint8_t *)"", 0}                                  },
    {ERR_MALFORMED, {(const uint8_t *)"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", 33}},
};

/* The tree never holds another value than the text. */
START_TEST(what_cannot_be_read_is_told_apart_and_leaves_nothing)
{
    struct arena arena;
    arena_init(&arena, (size_t)1 << 20);
    const struct json_node *node = NULL;
    ck_assert_msg(json_read(readings[_i].text, &arena, &node) == readings[_i].err, "row %d", _i);
    ck_assert((node != NULL) == (readings[_i].err == OK));
    arena_done(&arena);
}

END_TEST

/* Before anything is made of them. */
START_TEST(a_text_of_too_many_values_is_not_read)
{
    for (size_t count = JSON_READ_VALUES_MAX; count <= JSON_READ_VALUES_MAX + 1; count++) {
        char *many = malloc(2 * count + 1);
        struct buf out = buf_of(many, 2 * count + 1);
        struct arena arena;
        const struct json_node *node = NULL;
        size_t bytes = 0;
        arena_init(&arena, (size_t)32 << 20);
        for (size_t i = 0; i < count; i++) {
            buf_text(&out, i == 0 ? "[1" : ",1");
        }
        buf_byte(&out, ']');
        ck_assert(buf_ok(&out));
        const enum err err = json_read_wide(buf_span(&out), &arena, &node, &bytes);
        ck_assert_int_eq(err, count == JSON_READ_VALUES_MAX ? OK : ERR_TOO_LONG);
        ck_assert(err == OK || (node == NULL && bytes == out.len - 2));
        arena_done(&arena);
        free(many);
    }
}

END_TEST

/* The first eight that do not fit, so that a long text is not read over and over. */
START_TEST(whole_numbers_that_do_not_fit_are_read_as_real_ones_where_somebody_looks)
{
    static const struct {
        const char *text;
        enum err err;
        size_t bytes;
    } rows[] = {
        {"{\"a\":9223372036854775808,\"b\":1}",                             OK,            0 },
        {"{\"a\":-9223372036854775809,\"b\":1}",                            OK,            0 },
        {"{\"a\":99999999999999999999,\"c\":18446744073709551615,\"b\":1}", OK,            0 },
        {"{\"a\":1e999,\"b\":1}",                                           ERR_RANGE,     10},
        {"{\"a\":99999999999999999999,\"b\":}",                             ERR_MALFORMED, 30},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena arena;
        const struct json_node *node = NULL;
        size_t bytes = 0;
        arena_init(&arena, (size_t)1 << 20);
        ck_assert_msg(json_read_wide(span_text(rows[i].text), &arena, &node, &bytes) == rows[i].err, "row %zu", i);
        if (rows[i].err == OK) {
            ck_assert(json_node_is(json_node_member(node, "a"), NODE_REAL));
            ck_assert_int_eq(json_node_member(node, "b")->integer, 1);
        } else {
            ck_assert_msg(bytes + 1 >= rows[i].bytes && bytes <= rows[i].bytes + 1, "row %zu: %zu", i, bytes);
        }
        arena_done(&arena);
    }
    for (int count = JSON_WIDENED_MAX; count <= JSON_WIDENED_MAX + 1; count++) {
        char many[400];
        struct buf out = buf_of(many, sizeof many);
        struct arena arena;
        const struct json_node *node = NULL;
        size_t bytes = 0;
        arena_init(&arena, (size_t)1 << 20);
        for (int i = 0; i < count; i++) {
            buf_text(&out, i == 0 ? "[9223372036854775808" : ",9223372036854775808");
        }
        buf_byte(&out, ']');
        ck_assert_int_eq(json_read_wide(buf_span(&out), &arena, &node, &bytes),
                         count == JSON_WIDENED_MAX ? OK : ERR_RANGE);
        arena_done(&arena);
    }
}

END_TEST

START_TEST(a_count_of_ours_beyond_the_reader_is_refused_not_read_as_another)
{
    struct arena arena;
    arena_init(&arena, (size_t)1 << 20);
    struct event event = {.code = EVENT_clock_suspected};
    for (int more = 0; more < 2; more++) {
        event.clock_suspected.apart_ms = (uint64_t)INT64_MAX + (uint64_t)more;
        char text[500];
        struct buf out = buf_of(text, sizeof text);
        const struct json_node *node = NULL;
        ck_assert_int_eq(record_json(event_desc(event.code), event_fields(&event), &out), OK);
        ck_assert_int_eq(json_read(buf_span(&out), &arena, &node), more == 0 ? OK : ERR_RANGE);
        ck_assert(more == 1 || json_node_member(node, "apart_ms")->integer == INT64_MAX);
    }
    arena_done(&arena);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("json");
    TCase *tcase = tcase_create("json");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_string_is_quoted_and_escaped);
    tcase_add_test(tcase, a_byte_is_escaped_wherever_it_stands);
    tcase_add_test(tcase, an_id_and_a_time_are_quoted_or_null);
    tcase_add_test(tcase, every_declared_field_is_a_member);
    tcase_add_test(tcase, instants_parts_labels_and_metadata_are_named_and_counted_as_in_the_api);
    tcase_add_test(tcase, what_is_absent_is_null_and_numbers_flags_and_lists_never_are);
    tcase_add_test(tcase, a_record_with_a_secret_does_not_become_json);
    tcase_add_test(tcase, json_that_does_not_fit_is_refused_and_leaves_nothing);
    tcase_add_loop_test(tcase, what_cannot_be_read_is_told_apart_and_leaves_nothing, 0, (int)ROWS(readings));
    tcase_add_test(tcase, a_text_of_too_many_values_is_not_read);
    tcase_add_test(tcase, whole_numbers_that_do_not_fit_are_read_as_real_ones_where_somebody_looks);
    tcase_add_test(tcase, a_count_of_ours_beyond_the_reader_is_refused_not_read_as_another);
    tcase_add_test(tcase, every_random_message_is_read_back_by_a_strict_reader);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
