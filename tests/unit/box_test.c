/* box_test.c: a sealed box opens with its key and its use, and with nothing else; keys derive as RFC 5869 says. */
#include "core/vault/box.h"

#include <check.h>

#include "tests/suite.h"

static const uint8_t key[BOX_KEY_LEN] = {1, 2, 3};
static const uint8_t nonce[12] = {9, 8, 7};

START_TEST(what_was_sealed_opens_again)
{
    static const size_t lengths[] = {0, 1, 15, 16, 17, 4096};
    uint8_t plain[4096];
    memset(plain, 0x5A, sizeof plain);
    uint8_t box[4096 + BOX_OVERHEAD];
    uint8_t opened[4096];
    struct buf out = buf_of(box, sizeof box);
    ck_assert_int_eq(box_seal(key, nonce, SPAN("use"), span_of(plain, lengths[_i]), &out), OK);
    ck_assert_uint_eq(out.len, lengths[_i] + BOX_OVERHEAD);
    struct buf back = buf_of(opened, sizeof opened);
    ck_assert_int_eq(box_open(key, SPAN("use"), buf_span(&out), &back), OK);
    ck_assert(span_equal(buf_span(&back), span_of(plain, lengths[_i])));
}

END_TEST

START_TEST(a_box_with_any_bit_flipped_does_not_open_and_shows_nothing)
{
    uint8_t box[40 + BOX_OVERHEAD];
    struct buf out = buf_of(box, sizeof box);
    ck_assert_int_eq(box_seal(key, nonce, SPAN("use"), SPAN("a secret of some length"), &out), OK);
    for (size_t bit = 0; bit < out.len * 8; bit++) {
        box[bit / 8] ^= (uint8_t)(1U << bit % 8);
        uint8_t opened[40] = {0};
        struct buf back = buf_of(opened, sizeof opened);
        ck_assert_int_eq(box_open(key, SPAN("use"), buf_span(&out), &back), bit < 8 ? ERR_VERSION : ERR_AUTH);
        ck_assert_uint_eq(back.len, 0);
        ck_assert_mem_eq(opened, (uint8_t[40]){0}, sizeof opened);
        box[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

END_TEST

START_TEST(another_key_or_another_use_does_not_open_it)
{
    uint8_t box[64];
    uint8_t opened[64];
    struct buf out = buf_of(box, sizeof box);
    ck_assert_int_eq(box_seal(key, nonce, SPAN("use"), SPAN("secret"), &out), OK);
    struct buf back = buf_of(opened, sizeof opened);
    const uint8_t other[BOX_KEY_LEN] = {1, 2, 4};
    ck_assert_int_eq(box_open(other, SPAN("use"), buf_span(&out), &back), ERR_AUTH);
    ck_assert_int_eq(box_open(key, SPAN("Use"), buf_span(&out), &back), ERR_AUTH);
    ck_assert_int_eq(box_open(key, SPAN(""), buf_span(&out), &back), ERR_AUTH);
}

END_TEST

START_TEST(what_is_too_short_or_does_not_fit_is_said_so)
{
    uint8_t box[64];
    uint8_t opened[5];
    struct buf small = buf_of(box, BOX_OVERHEAD + 5);
    ck_assert_int_eq(box_seal(key, nonce, SPAN("use"), SPAN("secret"), &small), ERR_NO_SPACE);
    struct buf out = buf_of(box, sizeof box);
    ck_assert_int_eq(box_seal(key, nonce, SPAN("use"), SPAN("secret"), &out), OK);
    struct buf back = buf_of(opened, sizeof opened);
    ck_assert_int_eq(box_open(key, SPAN("use"), buf_span(&out), &back), ERR_NO_SPACE);
    for (size_t len = 0; len < BOX_OVERHEAD; len++) {
        ck_assert_int_eq(box_open(key, SPAN("use"), span_of(box, len), &back), ERR_TRUNCATED);
    }
}

END_TEST

/* SHA-256: FIPS 180-4's example. HMAC: RFC 4231, test case 2. HKDF: computed with another implementation from RFC
 * 5869's definition, no salt. */
START_TEST(hash_and_derived_keys_are_the_standards)
{
    uint8_t hash[32];
    sha256(SPAN("abc"), hash);
    char text[65];
    struct buf hex = buf_of(text, sizeof text);
    buf_hex(&hex, span_of(hash, 32));
    ck_assert_str_eq(buf_terminated(&hex), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256((struct span){NULL, 0}, hash);
    hex = buf_of(text, sizeof text);
    buf_hex(&hex, span_of(hash, 32));
    ck_assert_str_eq(buf_terminated(&hex), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");

    sha256_hmac(SPAN("Jefe"), SPAN("what do ya want for nothing?"), hash);
    hex = buf_of(text, sizeof text);
    buf_hex(&hex, span_of(hash, 32));
    ck_assert_str_eq(buf_terminated(&hex), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");

    const uint8_t master[BOX_KEY_LEN] = {0};
    uint8_t derived[BOX_KEY_LEN];
    ck_assert_int_eq(box_derive(master, "transport", derived), OK);
    hex = buf_of(text, sizeof text);
    buf_hex(&hex, span_of(derived, 32));
    ck_assert_str_eq(buf_terminated(&hex), "1f6d742478cc78bed07a58e2ed6f12f3131a1f83baac2c27eb8230616d73c9b8");
    uint8_t second[BOX_KEY_LEN];
    ck_assert_int_eq(box_derive(master, "vault", second), OK);
    ck_assert_mem_ne(derived, second, sizeof second);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("box");
    TCase *boxes = tcase_create("boxes");
    tcase_add_loop_test(boxes, what_was_sealed_opens_again, 0, 6);
    tcase_add_test(boxes, a_box_with_any_bit_flipped_does_not_open_and_shows_nothing);
    tcase_add_test(boxes, another_key_or_another_use_does_not_open_it);
    tcase_add_test(boxes, what_is_too_short_or_does_not_fit_is_said_so);
    tcase_add_test(boxes, hash_and_derived_keys_are_the_standards);
    suite_add_tcase(suite, boxes);
    return run_suite(suite);
}
