/* typeid_test.c: ids are TypeIDs as the specification writes them (vectors of specification 0.3, carried over). */
#include "core/base/limits.h"
#include "core/base/typeid.h"

#include <check.h>

#include "tests/suite.h"

static const struct {
    const char *text;
    const char *prefix;
    uint8_t uuid[16];
} valid[] = {
    {"00000000000000000000000000",         "",        {0}                                                                                             },
    {"00000000000000000000000001",         "",        {[15] = 1}                                                                                      },
    {"0000000000000000000000000a",         "",        {[15] = 10}                                                                                     },
    {"0000000000000000000000000g",         "",        {[15] = 16}                                                                                     },
    {"00000000000000000000000010",         "",        {[15] = 32}                                                                                     },
    {"7zzzzzzzzzzzzzzzzzzzzzzzzz",
     "",                                              {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}                },
    {"prefix_0123456789abcdefghjkmnpqrs",
     "prefix",                                        {0x01, 0x10, 0xc8, 0x53, 0x1d, 0x09, 0x52, 0xd8, 0xd7, 0x3e, 0x11, 0x94, 0xe9, 0x5b, 0x5f, 0x19}},
    {"prefix_01h455vb4pex5vsknk084sn02q",
     "prefix",                                        {0x01, 0x89, 0x0a, 0x5d, 0xac, 0x96, 0x77, 0x4b, 0xbc, 0xce, 0xb3, 0x02, 0x09, 0x9a, 0x80, 0x57}},
    {"pre_fix_00000000000000000000000000", "pre_fix", {0}                                                                                             },
};

START_TEST(a_valid_typeid_is_read_and_written_back)
{
    struct span prefix;
    uint8_t uuid[16];
    ck_assert_int_eq(typeid_parse(span_text(valid[_i].text), &prefix, uuid), OK);
    ck_assert(span_equal(prefix, span_text(valid[_i].prefix)));
    ck_assert_mem_eq(uuid, valid[_i].uuid, 16);
    char text[100];
    struct buf buf = buf_of(text, sizeof text);
    typeid_write(&buf, prefix, uuid);
    ck_assert_str_eq(buf_terminated(&buf), valid[_i].text);
}

END_TEST

static const char *const invalid[] = {
    "PREFIX_00000000000000000000000000",
    "12345_00000000000000000000000000",
    "pre.fix_00000000000000000000000000",
    "préfix_00000000000000000000000000",
    "  prefix_00000000000000000000000000",
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl_00000000000000000000000000",
    "_00000000000000000000000000",
    "_",
    "",
    "prefix_1234567890123456789012345",
    "prefix_123456789012345678901234567",
    "prefix_1234567890123456789012345 ",
    "prefix_0123456789ABCDEFGHJKMNPQRS",
    "prefix_123456789-123456789-123456",
    "prefix_ooooooiiiiiiuuuuuuulllllll",
    "prefix_i23456789ol23456789oi23456",
    "prefix_123456789-0123456789-0123456",
    "prefix_8zzzzzzzzzzzzzzzzzzzzzzzzz",
    "_prefix_00000000000000000000000000",
    "prefix__00000000000000000000000000",
    "prefix_",
};

START_TEST(an_invalid_typeid_is_refused)
{
    struct span prefix;
    uint8_t uuid[16];
    ck_assert_int_eq(typeid_parse(span_text(invalid[_i]), &prefix, uuid), ERR_MALFORMED);
}

END_TEST

START_TEST(an_id_carries_its_kind_and_its_instant)
{
    const uint8_t randomness[10] = {255, 1, 255, 3, 4, 5, 6, 7, 8, 9};
    const struct id id = id_make(ID_POST, 1700000000123, randomness);
    ck_assert_int_eq(id_time_ms(&id), 1700000000123);
    char text[ID_TEXT_MAX + 1];
    struct buf buf = buf_of(text, sizeof text);
    id_write(&buf, &id);
    struct id back;
    ck_assert_int_eq(id_parse(buf_span(&buf), ID_POST, &back), OK);
    ck_assert(id_equal(&id, &back));
    ck_assert_int_eq(id_parse(buf_span(&buf), ID_NONE, &back), OK);
    ck_assert_int_eq(id_parse(buf_span(&buf), ID_TARGET, &back), ERR_MALFORMED);
}

END_TEST

START_TEST(an_id_that_is_derived_apart_is_nobodys_to_mint)
{
    const uint8_t randomness[10] = {0};
    const int64_t now_ms = 1800000000000;
    const struct id owner = id_make(ID_SERIES, now_ms - 5, randomness);
    const struct id other = id_make(ID_SLOT, 7, randomness);
    const struct id apart = id_derive_apart(ID_POST, &owner, &other);
    const struct id beside = id_derive(ID_POST, &owner, &other);
    ck_assert_int_eq(id_time_ms(&apart), now_ms - 5 - ID_EPOCH_MS);
    ck_assert_mem_eq(apart.uuid + 6, beside.uuid + 6, 10);
    ck_assert(!id_is_minted(&apart, now_ms));
    ck_assert(id_is_minted(&beside, now_ms));
    const struct id early = id_make(ID_POST, 3, randomness); /* an owner that somebody invented */
    const struct id of_early = id_derive_apart(ID_POST, &early, &other);
    ck_assert(!id_is_minted(&of_early, now_ms));
}

END_TEST

START_TEST(an_id_is_minted_as_rfc_9562_says_and_now)
{
    const uint8_t randomness[10] = {0};
    const int64_t now_ms = 1800000000000;
    struct id id = id_make(ID_POST, ID_EPOCH_MS, randomness);
    ck_assert(id_is_minted(&id, now_ms));
    id = id_make(ID_POST, ID_EPOCH_MS - 1, randomness);
    ck_assert(!id_is_minted(&id, now_ms));
    id = id_make(ID_POST, now_ms + ID_AHEAD_MAX_MS + 1, randomness);
    ck_assert(!id_is_minted(&id, now_ms));
    id = id_make(ID_POST, now_ms + ID_AHEAD_MAX_MS, randomness);
    ck_assert(id_is_minted(&id, now_ms));
    id.uuid[6] = 0x40; /* version 4 */
    ck_assert(!id_is_minted(&id, now_ms));
    id.uuid[6] = 0x70;
    id.uuid[8] = 0xC0; /* another variant */
    ck_assert(!id_is_minted(&id, now_ms));
    id.uuid[8] = 0xBF;
    ck_assert(id_is_minted(&id, now_ms));
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("typeid");
    TCase *tcase = tcase_create("typeid");
    tcase_add_loop_test(tcase, a_valid_typeid_is_read_and_written_back, 0, sizeof valid / sizeof *valid);
    tcase_add_loop_test(tcase, an_invalid_typeid_is_refused, 0, sizeof invalid / sizeof *invalid);
    tcase_add_test(tcase, an_id_carries_its_kind_and_its_instant);
    tcase_add_test(tcase, an_id_that_is_derived_apart_is_nobodys_to_mint);
    tcase_add_test(tcase, an_id_is_minted_as_rfc_9562_says_and_now);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
