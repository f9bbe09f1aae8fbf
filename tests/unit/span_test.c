/* span_test.c: text and bytes are compared, searched, checked and written as span.h says; nothing is ever written
 * beyond what was lent. */
#include "core/base/span.h"

#include <check.h>
#include <stdlib.h>

#include "core/base/prng.h"
#include "tests/suite.h"

#define ROWS(table_) (sizeof(table_) / sizeof *(table_))

static const struct {
    struct span a;
    struct span b;
    int order;
} pairs[] = {
    {{NULL, 0},                    {NULL, 0},                    0 },
    {{NULL, 0},                    {(const uint8_t *)"", 0},     0 },
    {{(const uint8_t *)"", 0},     {(const uint8_t *)"a", 1},    -1},
    {{(const uint8_t *)"a", 1},    {(const uint8_t *)"a", 1},    0 },
    {{(const uint8_t *)"a", 1},    {(const uint8_t *)"b", 1},    -1},
    {{(const uint8_t *)"a", 1},    {(const uint8_t *)"ab", 2},   -1},
    {{(const uint8_t *)"b", 1},    {(const uint8_t *)"ab", 2},   1 },
    {{(const uint8_t *)"a\0b", 3}, {(const uint8_t *)"a\0c", 3}, -1},
    {{(const uint8_t *)"\xFF", 1}, {(const uint8_t *)"\x01", 1}, 1 }, /* bytes have no sign */
};

START_TEST(spans_are_ordered_as_memcmp_orders_them)
{
    for (size_t i = 0; i < ROWS(pairs); i++) {
        const int order = span_compare(pairs[i].a, pairs[i].b);
        const int reverse = span_compare(pairs[i].b, pairs[i].a);
        ck_assert_int_eq((order > 0) - (order < 0), pairs[i].order);
        ck_assert_int_eq((reverse > 0) - (reverse < 0), -pairs[i].order);
        ck_assert_int_eq(span_equal(pairs[i].a, pairs[i].b), pairs[i].order == 0);
        ck_assert_int_eq(span_equal_secret(pairs[i].a, pairs[i].b), pairs[i].order == 0);
    }
}

END_TEST

START_TEST(a_secret_that_differs_in_one_bit_differs)
{
    uint8_t a[32] = {0};
    for (unsigned bit = 0; bit < 256; bit++) {
        uint8_t b[32] = {0};
        b[bit / 8] = (uint8_t)(1U << bit % 8);
        ck_assert(!span_equal_secret(span_of(a, 32), span_of(b, 32)));
        ck_assert(span_equal_secret(span_of(b, 32), span_of(b, 32)));
    }
    ck_assert(!span_equal_secret(span_of(a, 32), span_of(a, 31)));
}

END_TEST

START_TEST(a_prefix_and_a_byte_are_found)
{
    ck_assert(span_starts_with(SPAN("abc"), SPAN("ab")));
    ck_assert(span_starts_with(SPAN("abc"), SPAN("abc")));
    ck_assert(span_starts_with(SPAN("abc"), SPAN("")));
    ck_assert(span_starts_with((struct span){0}, (struct span){0}));
    ck_assert(!span_starts_with(SPAN("abc"), SPAN("abcd")));
    ck_assert(!span_starts_with(SPAN("abc"), SPAN("b")));
    ck_assert_uint_eq(span_find(SPAN("a=b=c"), '='), 1);
    ck_assert_uint_eq(span_find(SPAN("abc"), '='), 3);
    ck_assert_uint_eq(span_find((struct span){0}, '='), 0);
    ck_assert_uint_eq(span_find(SPAN("ab\0"), 0), 2);
}

END_TEST

/* By the definition of RFC 3629: decode, then ask whether the shortest form of a character was used. */
static bool is_utf8_slowly(const uint8_t *p, size_t len)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    while (len > 0) {
        size_t ones = 0;
        while (ones < 8 && (p[0] << ones & 0x80) != 0) {
            ones++;
        }
        const size_t bytes = ones == 0 ? 1 : ones;
        if (ones == 1 || ones > 4 || bytes > len) {
            return false;
        }
        uint32_t character = ones == 0 ? p[0] : p[0] & (0x7FU >> ones);
        for (size_t i = 1; i < bytes; i++) {
            if ((p[i] & 0xC0) != 0x80) {
                return false;
            }
            character = character << 6 | (p[i] & 0x3FU);
        }
        if (character < least[bytes] || character > 0x10FFFF || (character >= 0xD800 && character <= 0xDFFF)) {
            return false;
        }
        p += bytes;
        len -= bytes;
    }
    return true;
}

static void check_utf8(const uint8_t *bytes, size_t len)
{
    if (span_is_utf8(span_of(bytes, len)) != is_utf8_slowly(bytes, len)) {
        ck_abort_msg("%02x %02x %02x %02x (%zu bytes)", bytes[0], bytes[1], bytes[2], bytes[3], len);
    }
}

START_TEST(utf8_is_what_rfc_3629_defines)
{
    static const uint8_t edges[] = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF,
                                    0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF8, 0xFF};
    uint8_t bytes[4] = {0};
    for (unsigned i = 0; i < 0x10000; i++) { /* every pair */
        bytes[0] = (uint8_t)(i >> 8);
        bytes[1] = (uint8_t)i;
        check_utf8(bytes, 1);
        check_utf8(bytes, 2);
    }
    const size_t n = ROWS(edges);
    for (size_t i = 0; i < n * n * n * n; i++) { /* every four of the bytes where the rule changes */
        bytes[0] = edges[i % n];
        bytes[1] = edges[i / n % n];
        bytes[2] = edges[i / n / n % n];
        bytes[3] = edges[i / n / n / n];
        check_utf8(bytes, 3);
        check_utf8(bytes, 4);
    }
}

END_TEST

START_TEST(utf8_is_checked_wherever_it_stands_in_a_text)
{
    for (size_t len = 1; len < 40; len++) {
        for (size_t at = 0; at < len; at++) {
            uint8_t *text = malloc(len);
            memset(text, 'x', len);
            ck_assert(span_is_utf8(span_of(text, len)));
            text[at] = 0xFF;
            ck_assert(!span_is_utf8(span_of(text, len)));
            text[at] = 0xC3;
            ck_assert(!span_is_utf8(span_of(text, len)));
            if (at + 1 < len) {
                text[at + 1] = 0xA9;
                ck_assert(span_is_utf8(span_of(text, len)));
            }
            free(text);
        }
    }
    ck_assert(span_is_utf8((struct span){0}));
}

END_TEST

static const struct {
    const char *text;
    enum err err;
    uint64_t value;
} numbers[] = {
    {"0",                     OK,            0         },
    {"7",                     OK,            7         },
    {"0007",                  OK,            7         },
    {"18446744073709551615",  OK,            UINT64_MAX},
    {"18446744073709551616",  ERR_RANGE,     0         },
    {"99999999999999999999",  ERR_RANGE,     0         },
    {"184467440737095516150", ERR_RANGE,     0         },
    {"",                      ERR_MALFORMED, 0         },
    {"-1",                    ERR_MALFORMED, 0         },
    {"+1",                    ERR_MALFORMED, 0         },
    {" 1",                    ERR_MALFORMED, 0         },
    {"1 ",                    ERR_MALFORMED, 0         },
    {"1.0",                   ERR_MALFORMED, 0         },
    {"0x1",                   ERR_MALFORMED, 0         },
    {"1e3",                   ERR_MALFORMED, 0         },
};

START_TEST(a_number_is_decimal_digits_and_nothing_else)
{
    for (size_t i = 0; i < ROWS(numbers); i++) {
        uint64_t value = 42;
        ck_assert_int_eq(span_to_u64(span_text(numbers[i].text), &value), numbers[i].err);
        ck_assert_uint_eq(value, numbers[i].err == OK ? numbers[i].value : 42);
    }
}

END_TEST

START_TEST(what_is_written_stands_in_the_buffer)
{
    char space[200];
    struct buf buf = buf_of(space, sizeof space);
    buf_text(&buf, "text ");
    buf_put(&buf, SPAN("span"));
    buf_put(&buf, (struct span){0});
    buf_byte(&buf, ' ');
    buf_u64(&buf, 0);
    buf_byte(&buf, ' ');
    buf_u64(&buf, UINT64_MAX);
    buf_byte(&buf, ' ');
    buf_i64(&buf, INT64_MIN);
    buf_byte(&buf, ' ');
    buf_i64(&buf, INT64_MAX);
    buf_byte(&buf, ' ');
    buf_i64(&buf, -1);
    buf_byte(&buf, ' ');
    buf_hex(&buf, SPAN("\x00\x0F\xA5\xFF"));
    ck_assert(buf_ok(&buf));
    ck_assert_uint_eq(buf_span(&buf).len, buf.len);
    ck_assert_str_eq(buf_terminated(&buf),
                     "text span 0 18446744073709551615 -9223372036854775808 9223372036854775807 -1 000fa5ff");
}

END_TEST

START_TEST(a_write_that_does_not_fit_writes_nothing_and_is_remembered)
{
    uint8_t *space = malloc(4);
    struct buf buf = buf_of(space, 4);
    buf_put(&buf, SPAN("abc"));
    buf_put(&buf, SPAN("de"));
    ck_assert(!buf_ok(&buf));
    ck_assert_uint_eq(buf.len, 3);
    buf_byte(&buf, 'd'); /* would fit, but the text would have a hole */
    ck_assert_uint_eq(buf.len, 3);
    ck_assert_ptr_null(buf_terminated(&buf));
    buf = buf_of(space, 4);
    buf_put(&buf, SPAN("abcd"));
    ck_assert(buf_ok(&buf));
    ck_assert_ptr_null(buf_terminated(&buf)); /* no room for the NUL */
    ck_assert(!buf_ok(&buf));
    free(space);
    buf = buf_of(NULL, 0);
    buf_put(&buf, (struct span){0});
    ck_assert(buf_ok(&buf));
    buf_byte(&buf, 'x');
    ck_assert(!buf_ok(&buf));
}

END_TEST

START_TEST(big_endian_numbers_are_ordered_as_their_bytes)
{
    struct prng prng;
    prng_seed(&prng, 3);
    for (int i = 0; i < 10000; i++) {
        const uint64_t a = prng_next(&prng) >> prng_below(&prng, 64);
        const uint64_t b = prng_next(&prng) >> prng_below(&prng, 64);
        uint8_t bytes_a[8];
        uint8_t bytes_b[8];
        put_be64(bytes_a, a);
        put_be64(bytes_b, b);
        ck_assert_uint_eq(get_be64(bytes_a), a);
        ck_assert_int_eq(memcmp(bytes_a, bytes_b, 8) < 0, a < b);
        put_be32(bytes_a, (uint32_t)a);
        ck_assert_uint_eq(get_be32(bytes_a), (uint32_t)a);
    }
    uint8_t bytes[8];
    put_be64(bytes, 0x0102030405060708);
    ck_assert_mem_eq(bytes, "\x01\x02\x03\x04\x05\x06\x07\x08", 8);
    put_be32(bytes, 0x01020304);
    ck_assert_mem_eq(bytes, "\x01\x02\x03\x04", 4);
}

END_TEST

START_TEST(text_is_cut_between_characters)
{
    static const char text[] = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"; /* of 1, 2, 3 and 4 bytes */
    static const size_t kept[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};
    for (size_t max = 0; max < sizeof kept / sizeof *kept; max++) {
        const struct span cut = span_cut(span_text(text), max);
        ck_assert_ptr_eq(cut.data, text);
        ck_assert_uint_eq(cut.len, kept[max]);
    }
    ck_assert_ptr_null(span_cut((struct span){0}, 5).data);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("span");
    TCase *tcase = tcase_create("span");
    tcase_set_timeout(tcase, 60); /* the machine may be busy */
    tcase_add_test(tcase, spans_are_ordered_as_memcmp_orders_them);
    tcase_add_test(tcase, a_secret_that_differs_in_one_bit_differs);
    tcase_add_test(tcase, a_prefix_and_a_byte_are_found);
    tcase_add_test(tcase, utf8_is_what_rfc_3629_defines);
    tcase_add_test(tcase, utf8_is_checked_wherever_it_stands_in_a_text);
    tcase_add_test(tcase, a_number_is_decimal_digits_and_nothing_else);
    tcase_add_test(tcase, what_is_written_stands_in_the_buffer);
    tcase_add_test(tcase, a_write_that_does_not_fit_writes_nothing_and_is_remembered);
    tcase_add_test(tcase, big_endian_numbers_are_ordered_as_their_bytes);
    tcase_add_test(tcase, text_is_cut_between_characters);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
