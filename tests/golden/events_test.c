/* events_test.c: events as they lie on people's disks. events.txt holds lines of name, code and bytes in hex. Every
 * line, however old, must decode and, as long as its event has not been replaced, encode to the same bytes again;
 * today's example of every event must be among them.
 *
 * OPENPOST_ACCEPT=1 appends the examples that are missing. A line is never changed or taken away, for somebody's log
 * holds it: the lines that there are have a digest below, which only a person writes. */
#include <check.h>
#include <stdlib.h>

#include "core/base/prng.h"
#include "core/base/sha256.h"
#include "core/message/codec.h"
#include "tests/accept.h"
#include "tests/suite.h"

#define FILE_NAME "tests/golden/events.txt"
#define CODES 1000
#define TRIES 300           /* random values that an example is chosen from */
#define EXAMPLE_MAX 1200    /* bytes, so that a line can be looked at */
#define FILE_MAX (1U << 20) /* bytes */

/* How many lines were kept when one was last appended, and their SHA-256. */
#define KEPT_LINES 185
#define KEPT_SHA256 "142de971f1827b91672c34629a77d26909230a191e94fc7e2480387c637dd7fd"

static size_t present_fields(const struct record_desc *desc, const struct event *event)
{
    uint8_t bytes[EXAMPLE_MAX];
    struct buf out = buf_of(bytes, sizeof bytes);
    if (event_encode(event, &out) != OK) {
        return 0; /* too long for an example */
    }
    /* the count in the map's head, behind [array 2, code] */
    const size_t head = bytes[1] < 0x80 ? 2 : 3;
    const size_t fields = bytes[head] == 0xDE ? (size_t)(bytes[head + 1] << 8 | bytes[head + 2]) : bytes[head] & 15U;
    ck_assert_uint_le(fields, desc->field_count);
    return fields + 1;
}

/* The canonical example: of the random values of a fixed seed the first that has the most fields and is short. */
static void example(uint32_t code, struct arena *arena, struct buf *out)
{
    struct prng prng;
    prng_seed(&prng, code);
    const struct record_desc *desc = event_desc(code);
    size_t most = 0;
    for (int i = 0; i < TRIES; i++) {
        struct event event = {.code = code};
        ck_assert_int_eq(record_random(desc, &prng, arena, &event.ledger_started), OK);
        const size_t present = present_fields(desc, &event);
        if (present > most) {
            most = present;
            out->len = 0;
            ck_assert_int_eq(event_encode(&event, out), OK);
        }
        arena_reset(arena);
    }
    ck_assert_msg(most > 0, "%s", desc->name);
}

static void put_line(struct buf *line, uint32_t code, struct span bytes)
{
    buf_text(line, event_desc(code)->name);
    buf_byte(line, ' ');
    buf_u64(line, code);
    buf_byte(line, ' ');
    buf_hex(line, bytes);
    buf_byte(line, '\n');
}

static size_t from_hex(struct span hex, uint8_t *ret_bytes)
{
    ck_assert_uint_eq(hex.len % 2, 0);
    for (size_t i = 0; i < hex.len; i++) {
        const uint8_t c = hex.data[i];
        ck_assert((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
        const uint8_t digit = (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
        ret_bytes[i / 2] = (uint8_t)(ret_bytes[i / 2] << 4 | digit);
    }
    return hex.len / 2;
}

/* Takes the text up to c off rest. */
static struct span take(struct span *rest, uint8_t c)
{
    const size_t len = span_find(*rest, c);
    ck_assert_uint_lt(len, rest->len);
    const struct span taken = span_of(rest->data, len);
    *rest = span_of(rest->data + len + 1, rest->len - len - 1);
    return taken;
}

static void check_line(struct span name, uint64_t code, struct span hex, struct arena *arena)
{
    static uint8_t bytes[FILE_MAX];
    static uint8_t again[FILE_MAX];
    const size_t len = from_hex(hex, bytes);
    struct event event;
    ck_assert_msg(event_decode(span_of(bytes, len), arena, &event) == OK, "%.*s", (int)name.len,
                  (const char *)name.data);
    ck_assert_uint_eq(event.code, code);
    ck_assert(span_equal(name, span_text(event_desc(event.code)->name)));
    struct buf out = buf_of(again, sizeof again);
    ck_assert_int_eq(event_encode(&event, &out), OK);
    ck_assert(span_equal(span_of(bytes, len), buf_span(&out)));
}

static struct buf load(void)
{
    static uint8_t file[FILE_MAX];
    struct buf text = buf_of(file, sizeof file);
    source_read(FILE_NAME, &text);
    return text;
}

static void digest(struct span text, char ret_hex[2 * SHA256_LEN + 1])
{
    uint8_t hash[SHA256_LEN];
    sha256(text, hash);
    struct buf out = buf_of(ret_hex, 2 * SHA256_LEN + 1);
    buf_hex(&out, span_of(hash, sizeof hash));
    buf_byte(&out, 0);
    ck_assert(buf_ok(&out));
}

START_TEST(every_event_has_its_example_in_the_file)
{
    struct buf file = load();
    struct arena arena;
    arena_init(&arena, (size_t)256 << 20);
    for (uint32_t code = 0; code < CODES; code++) {
        if (event_desc(code) != NULL) {
            uint8_t bytes[EXAMPLE_MAX];
            char text[EXAMPLE_MAX * 2 + 100];
            struct buf out = buf_of(bytes, sizeof bytes);
            struct buf line = buf_of(text, sizeof text);
            example(code, &arena, &out);
            put_line(&line, code, buf_span(&out));
            ck_assert(buf_ok(&line));
            const bool is_there = memmem(file.data, file.len, line.data, line.len) != NULL;
            if (!is_there && is_accepting()) {
                buf_put(&file, buf_span(&line));
            } else {
                ck_assert_msg(is_there, "%s: OPENPOST_ACCEPT=1 ctest --preset dev -R golden/events adds it",
                              event_desc(code)->name);
            }
        }
    }
    if (is_accepting()) {
        source_write(FILE_NAME, buf_span(&file));
    }
    arena_done(&arena);
}

END_TEST

START_TEST(every_event_that_was_ever_written_is_read)
{
    const struct buf file = load();
    struct span rest = buf_span(&file);
    struct arena arena;
    arena_init(&arena, (size_t)16 << 20);
    ck_assert_uint_gt(rest.len, 0);
    while (rest.len > 0) {
        struct span line = take(&rest, '\n');
        const struct span name = take(&line, ' ');
        uint64_t code = 0;
        ck_assert_int_eq(span_to_u64(take(&line, ' '), &code), OK);
        check_line(name, code, line, &arena);
        arena_reset(&arena);
    }
    arena_done(&arena);
}

END_TEST

START_TEST(no_line_is_changed_or_taken_away)
{
    const struct buf file = load();
    size_t lines = 0;
    size_t kept_len = 0;
    for (size_t i = 0; i < file.len; i++) {
        if (file.data[i] == '\n' && ++lines == KEPT_LINES) {
            kept_len = i + 1;
        }
    }
    char kept[2 * SHA256_LEN + 1];
    char all[2 * SHA256_LEN + 1];
    digest(span_of(file.data, kept_len), kept);
    digest(buf_span(&file), all);
    ck_assert_str_eq(kept, KEPT_SHA256);
    ck_assert_msg(lines == KEPT_LINES || is_accepting(), "lines were appended: KEPT_LINES %zu, KEPT_SHA256 \"%s\"",
                  lines, all);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("events");
    TCase *tcase = tcase_create("events");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, every_event_has_its_example_in_the_file);
    tcase_add_test(tcase, every_event_that_was_ever_written_is_read);
    tcase_add_test(tcase, no_line_is_changed_or_taken_away);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
