/* log_envelope_test.c: an event has one envelope and an envelope is one event: what is read writes the same bytes
 * again, and everything else is refused. */
#include "core/log/log_record.h"
#include "core/log/merkle.h"
#include "tests/contract/log_world.h"
#include "tests/suite.h"

static struct log_event sample(uint64_t i, uint8_t payload[40])
{
    struct log_event event = make_event(i, i % 4, payload, 40);
    event.seq = i;
    event.workspace_seq = i % 4 == 0 ? 0 : i / 4 + 1;
    memset(event.payload_hash, (int)i, sizeof event.payload_hash);
    return event;
}

static struct span encode(const struct log_event *event, uint8_t bytes[LOG_ENVELOPE_MAX])
{
    struct buf out = buf_of(bytes, LOG_ENVELOPE_MAX);
    log_envelope(event, &out);
    ck_assert(buf_ok(&out));
    return buf_span(&out);
}

START_TEST(an_envelope_is_these_bytes)
{
    struct log_event event = {.seq = 1, .version = 128, .code = 300, .time_ms = 70000, .actor = ACTOR_OPERATOR};
    event.stream = (struct id){.kind = ID_POST};
    event.causation = 0x100000000;
    memset(event.salt, 0xAA, sizeof event.salt);
    memset(event.payload_hash, 0xBB, sizeof event.payload_hash);
    uint8_t bytes[LOG_ENVELOPE_MAX];
    const struct span envelope = encode(&event, bytes);
    char text[2 * LOG_ENVELOPE_MAX + 1];
    struct buf hex = buf_of(text, sizeof text);
    buf_hex(&hex, envelope);
    ck_assert_str_eq(buf_terminated(&hex), "9d01c000"
                                           "bf706f73745f3030303030303030303030303030303030303030303030303030"
                                           "cc80cd012cce0001117004c0c0cf0000000100000000"
                                           "c410aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                           "c420bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
}

END_TEST

static const uint64_t numbers[] = {1,      2,       0x7F,     0x80,       0xFF,        0x100,     0x7FFF,
                                   0xFFFF, 0x10000, 0xFFFFFF, 0xFFFFFFFF, 0x100000000, INT64_MAX, UINT64_MAX};

START_TEST(what_is_written_is_read_back_at_every_width_of_number)
{
    uint8_t payload[40];
    for (uint64_t i = 0; i < 64; i++) {
        struct log_event event = sample(i, payload);
        const uint64_t number = numbers[_i];
        event.seq = number;
        event.version = number;
        event.causation = number - 1;
        event.workspace_seq = event.workspace_seq > 0 ? number : 0;
        event.code = number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
        event.time_ms = number > INT64_MAX ? 0 : (int64_t)number;
        uint8_t bytes[LOG_ENVELOPE_MAX];
        const struct span envelope = encode(&event, bytes);
        struct log_event read;
        ck_assert_int_eq(log_envelope_read(envelope, &read), OK);
        event.payload = (struct span){0};
        assert_events_equal(&read, &event);
    }
}

END_TEST

START_TEST(an_envelope_cut_or_lengthened_is_refused)
{
    uint8_t payload[40];
    const struct log_event event = sample(7, payload);
    uint8_t bytes[LOG_ENVELOPE_MAX] = {0};
    const struct span envelope = encode(&event, bytes);
    struct log_event read;
    for (size_t len = 0; len < envelope.len; len++) {
        ck_assert_int_eq(log_envelope_read(span_of(bytes, len), &read), ERR_ALTERED);
    }
    ck_assert_int_eq(log_envelope_read(span_of(bytes, envelope.len + 1), &read), ERR_ALTERED);
    size_t taken = 0;
    ck_assert_int_eq(log_envelope_take(span_of(bytes, envelope.len + 1), &read, &taken), OK);
    ck_assert_uint_eq(taken, envelope.len);
    ck_assert_int_eq(log_envelope_take(span_of(bytes, envelope.len - 1), &read, &taken), ERR_ALTERED);
}

END_TEST

START_TEST(whatever_is_read_writes_the_same_bytes_again)
{
    struct prng prng;
    prng_seed(&prng, 5);
    uint8_t payload[40];
    unsigned accepted = 0;
    for (int round = 0; round < 60000; round++) {
        const struct log_event event = sample(prng_below(&prng, 300), payload);
        uint8_t bytes[LOG_ENVELOPE_MAX];
        const struct span envelope = encode(&event, bytes);
        for (uint64_t changes = 1 + prng_below(&prng, 3); changes > 0; changes--) {
            const size_t at = prng_chance(&prng, 2) ? prng_below(&prng, 12) : prng_below(&prng, envelope.len);
            bytes[at] = (uint8_t)prng_next(&prng);
        }
        struct log_event read;
        if (log_envelope_read(envelope, &read) == OK) {
            uint8_t again[LOG_ENVELOPE_MAX];
            ck_assert(span_equal(encode(&read, again), envelope));
            accepted++;
        }
    }
    ck_assert_uint_gt(accepted, 1000); /* changes within salt and hash */
}

END_TEST

/* One change to the envelope of sample(7): its first bytes are 9D 07 (seq), BD "ws_…" 26, workspace_seq, … */
static const struct {
    const char *name;
    size_t at;
    uint8_t byte;
} changes[] = {
    {"fourteen elements",                 0,  0x9E},
    {"twelve elements",                   0,  0x9C},
    {"a negative number",                 1,  0xFF},
    {"nil for a number",                  1,  0xC0},
    {"a string of another length",        2,  0xBC},
    {"a post for a workspace",            3,  'p' },
    {"upper case in an id",               10, 'A' },
    {"an id above 128 bits",              6,  '8' },
    {"no workspace_seq with a workspace", 32, 0   },
};

START_TEST(an_envelope_with_one_thing_wrong_is_refused)
{
    uint8_t payload[40];
    const struct log_event event = sample(7, payload);
    uint8_t bytes[LOG_ENVELOPE_MAX];
    const struct span envelope = encode(&event, bytes);
    struct log_event read;
    ck_assert_int_eq(log_envelope_read(envelope, &read), OK);
    ck_assert_uint_ne(bytes[changes[_i].at], changes[_i].byte);
    bytes[changes[_i].at] = changes[_i].byte;
    ck_assert_msg(log_envelope_read(envelope, &read) == ERR_ALTERED, "%s", changes[_i].name);
}

END_TEST

/* Spells numbers longer than need be, in place of seq, and values out of their range. */
START_TEST(a_number_has_one_spelling)
{
    static const struct {
        uint8_t bytes[9];
        size_t len;
    } spellings[] = {
        {{0xCC, 7},                                  2},
        {{0xCC, 0x7F},                               2},
        {{0xCD, 0, 7},                               3},
        {{0xCD, 0, 0xFF},                            3},
        {{0xCE, 0, 0, 0, 7},                         5},
        {{0xCE, 0, 0, 0xFF, 0xFF},                   5},
        {{0xCF, 0, 0, 0, 0, 0, 0, 0, 7},             9},
        {{0xCF, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF}, 9},
        {{0xD0, 7},                                  2},
        {{0xD3, 0, 0, 0, 0, 0, 0, 0, 7},             9},
    };

    uint8_t payload[40];
    const struct log_event event = sample(7, payload);
    uint8_t bytes[LOG_ENVELOPE_MAX];
    const struct span envelope = encode(&event, bytes);
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        uint8_t changed[LOG_ENVELOPE_MAX + 9];
        struct buf out = buf_of(changed, sizeof changed);
        buf_byte(&out, bytes[0]);
        buf_put(&out, span_of(spellings[i].bytes, spellings[i].len));
        buf_put(&out, span_of(bytes + 2, envelope.len - 2));
        struct log_event read;
        ck_assert_int_eq(log_envelope_read(buf_span(&out), &read), ERR_ALTERED);
    }
}

END_TEST

START_TEST(a_record_with_any_bit_flipped_is_refused_or_its_payload_does_not_match)
{
    uint8_t payload[40];
    struct log_event event = sample(9, payload);
    uint8_t bytes[LOG_RECORD_MAX];
    struct buf out = buf_of(bytes, sizeof bytes);
    uint8_t leaf[32];
    log_record_write(&event, &out, leaf);
    struct log_event read;
    uint8_t read_leaf[32];
    ck_assert_int_eq(log_record_read(buf_span(&out), 9, &read, read_leaf), OK);
    assert_events_equal(&read, &event);
    ck_assert_mem_eq(leaf, read_leaf, 32);
    ck_assert_int_eq(log_record_read(buf_span(&out), 10, &read, read_leaf), ERR_ALTERED);
    for (size_t bit = 0; bit < 8 * out.len; bit++) {
        bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ 1U << bit % 8);
        const enum err err = log_record_read(buf_span(&out), 9, &read, read_leaf);
        if (bit / 8 < out.len - event.payload.len) {
            ck_assert_int_eq(err, ERR_ALTERED);
        } else {
            ck_assert_int_eq(err, OK);
            ck_assert(!span_equal(read.payload, event.payload));
        }
        bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ 1U << bit % 8);
    }
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("log_envelope");
    TCase *tcase = tcase_create("log_envelope");
    tcase_add_test(tcase, an_envelope_is_these_bytes);
    tcase_add_loop_test(tcase, what_is_written_is_read_back_at_every_width_of_number, 0,
                        sizeof numbers / sizeof *numbers);
    tcase_add_test(tcase, an_envelope_cut_or_lengthened_is_refused);
    tcase_add_test(tcase, whatever_is_read_writes_the_same_bytes_again);
    tcase_add_loop_test(tcase, an_envelope_with_one_thing_wrong_is_refused, 0, sizeof changes / sizeof *changes);
    tcase_add_test(tcase, a_number_has_one_spelling);
    tcase_add_test(tcase, a_record_with_any_bit_flipped_is_refused_or_its_payload_does_not_match);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
