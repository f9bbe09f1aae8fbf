/* shape_test.c: bytes are measured by the msgpack specification before any library unpacks them; a few bytes cannot ask
 * for much memory. */
#include "core/message/shape.h"

#include <check.h>
#include <stdlib.h>

#include "tests/suite.h"

#define ROWS(table_) (sizeof(table_) / sizeof *(table_))

/* How many bytes follow a lead byte when the lengths in it are 0; -1: never used. From the specification's table
 * "Overview". */
static int bytes_after(unsigned lead)
{
    static const int after[32] = {0, -1, 0, 0, 1, 2, 4, 2, 3,  5, 4, 8, 1, 2, 4, 8,
                                  1, 2,  4, 8, 2, 3, 5, 9, 17, 1, 2, 4, 2, 4, 2, 4};
    if (lead >= 0x81 && lead <= 0x8F) {
        return (int)(lead & 15) * 2;
    }
    if (lead >= 0x91 && lead <= 0x9F) {
        return (int)(lead & 15);
    }
    if (lead >= 0xA0 && lead <= 0xBF) {
        return (int)(lead & 31);
    }
    return lead >= 0xC0 && lead <= 0xDF ? after[lead - 0xC0] : 0;
}

START_TEST(every_lead_byte_has_the_length_of_the_specification)
{
    for (unsigned lead = 0; lead < 256; lead++) {
        const int after = bytes_after(lead);
        uint8_t *bytes = calloc(64, 1);
        size_t elements = 0;
        bytes[0] = (uint8_t)lead;
        if (after < 0) {
            ck_assert_int_eq(shape_check(span_of(bytes, 1), &elements), ERR_MALFORMED);
        } else {
            const size_t len = (size_t)after + 1;
            ck_assert_msg(shape_check(span_of(bytes, len), &elements) == OK, "lead %02x", lead);
            ck_assert_int_eq(shape_check(span_of(bytes, len + 1), &elements), ERR_TRAILING);
            for (size_t cut = 0; cut < len; cut++) {
                ck_assert_int_eq(shape_check(span_of(bytes, cut), &elements), ERR_TRUNCATED);
            }
        }
        free(bytes);
    }
}

END_TEST

static const struct {
    struct span bytes;
    size_t elements;
} counted[] = {
    {{(const uint8_t *)"\x07", 1},                                     0},
    {{(const uint8_t *)"\x90", 1},                                     0},
    {{(const uint8_t *)"\x92\x01\x02", 3},                             2},
    {{(const uint8_t *)"\x81\x01\x02", 3},                             2},
    {{(const uint8_t *)"\x92\x91\x01\x81\x01\x92\x02\x03", 8},         7},
    {{(const uint8_t *)"\xDC\x00\x03\xA3xyz\xC4\x02\x00\x00\xC0", 12}, 3},
};

START_TEST(keys_values_and_items_are_counted)
{
    for (size_t i = 0; i < ROWS(counted); i++) {
        size_t elements = 999;
        ck_assert_int_eq(shape_check(counted[i].bytes, &elements), OK);
        ck_assert_uint_eq(elements, counted[i].elements);
    }
}

END_TEST

START_TEST(nesting_is_bounded)
{
    uint8_t bytes[100];
    size_t elements = 0;
    for (size_t depth = 0; depth < 40; depth++) {
        memset(bytes, 0x91, depth);
        bytes[depth] = 0xC0;
        ck_assert_int_eq(shape_check(span_of(bytes, depth + 1), &elements),
                         depth <= SHAPE_DEPTH_MAX ? OK : ERR_MALFORMED);
    }
}

END_TEST

START_TEST(a_count_of_more_than_there_are_bytes_is_truncated_at_once)
{
    size_t elements = 7;
    ck_assert_int_eq(shape_check(SPAN("\xDD\xFF\xFF\xFF\xFF"), &elements), ERR_TRUNCATED);
    ck_assert_int_eq(shape_check(SPAN("\xDF\xFF\xFF\xFF\xFF\xC0\xC0"), &elements), ERR_TRUNCATED);
    ck_assert_int_eq(shape_check(SPAN("\xDB\xFF\xFF\xFF\xFF"
                                      "abc"),
                                 &elements),
                     ERR_TRUNCATED);
    ck_assert_int_eq(shape_check(SPAN("\xC9\xFF\xFF\xFF\xFF\x01"), &elements), ERR_TRUNCATED);
    ck_assert_int_eq(shape_check(SPAN("\xDE\x00\x02\xC0\xC0\xC0"), &elements), ERR_TRUNCATED);
    ck_assert_uint_eq(elements, 7);
}

END_TEST

START_TEST(elements_are_bounded_however_many_bytes_there_are)
{
    const size_t len = SHAPE_ELEMENTS_MAX + 100;
    uint8_t *bytes = malloc(len);
    size_t elements = 0;
    memset(bytes, 0xC0, len);
    memcpy(bytes, "\xDD\x00\x01\x00\x00", 5); /* 65,536 nils */
    ck_assert_int_eq(shape_check(span_of(bytes, 5 + SHAPE_ELEMENTS_MAX), &elements), OK);
    ck_assert_uint_eq(elements, SHAPE_ELEMENTS_MAX);
    memcpy(bytes, "\xDD\x00\x01\x00\x01", 5);
    ck_assert_int_eq(shape_check(span_of(bytes, 6 + SHAPE_ELEMENTS_MAX), &elements), ERR_TOO_LONG);
    memcpy(bytes, "\x92\xDD\x00\x00\xFF\xFF", 6); /* two lists, too much together */
    memcpy(bytes + 6 + 0xFFFF, "\x93", 1);
    ck_assert_int_eq(shape_check(span_of(bytes, 6 + 0xFFFF + 4), &elements), ERR_TOO_LONG);
    free(bytes);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("shape");
    TCase *tcase = tcase_create("shape");
    tcase_set_timeout(tcase, 60); /* the machine may be busy */
    tcase_add_test(tcase, every_lead_byte_has_the_length_of_the_specification);
    tcase_add_test(tcase, keys_values_and_items_are_counted);
    tcase_add_test(tcase, nesting_is_bounded);
    tcase_add_test(tcase, a_count_of_more_than_there_are_bytes_is_truncated_at_once);
    tcase_add_test(tcase, elements_are_bounded_however_many_bytes_there_are);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
