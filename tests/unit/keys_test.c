/* keys_test.c: what the scheduler boxes for a job only that job's adapter opens, and the other way round. */
#include "core/scheduler/keys.h"

#include <check.h>

#include "core/wire/client.h"
#include "tests/ids.h"
#include "tests/suite.h"

static const uint8_t secret[FRAME_KEY_LEN] = {1, 2, 3};
static const uint8_t nonce[12] = {4};

static enum err open_as(struct span channel, const struct id *job_id, struct span box, struct buf *out)
{
    uint8_t link[FRAME_KEY_LEN];
    uint8_t key[BOX_KEY_LEN];
    char text[ID_TEXT_MAX + 1];
    struct buf what = buf_of(text, sizeof text);
    link_key(secret, channel, link);
    client_transport_key(link, key);
    id_write(&what, job_id);
    return box_open(key, buf_span(&what), box, out);
}

START_TEST(a_box_is_one_adapters_and_one_jobs)
{
    struct scheduler_keys keys;
    uint8_t bytes[100];
    uint8_t out_bytes[100];
    struct buf box = buf_of(bytes, sizeof bytes);
    struct buf out = buf_of(out_bytes, sizeof out_bytes);
    const struct id job = id_number(ID_ATTEMPT, 1);
    const struct id other = id_number(ID_ATTEMPT, 2);
    keys_derive(secret, &keys);
    ck_assert_int_eq(keys_box(&keys, CHANNEL_BLUESKY, &job, nonce, SPAN("a token"), &box), OK);
    ck_assert_int_eq(open_as(SPAN("x"), &job, buf_span(&box), &out), ERR_AUTH);
    ck_assert_int_eq(open_as(SPAN("bluesky"), &other, buf_span(&box), &out), ERR_AUTH);
    ck_assert_int_eq(open_as(SPAN("bluesky"), &job, buf_span(&box), &out), OK);
    ck_assert(span_equal(buf_span(&out), SPAN("a token")));
    out = buf_of(out_bytes, sizeof out_bytes);
    ck_assert_int_eq(keys_unbox(&keys, CHANNEL_TWITTER, &job, buf_span(&box), &out), ERR_AUTH);
    ck_assert_int_eq(keys_unbox(&keys, CHANNEL_BLUESKY, &other, buf_span(&box), &out), ERR_AUTH);
    ck_assert_int_eq(keys_unbox(&keys, CHANNEL_BLUESKY, &job, buf_span(&box), &out), OK);
    ck_assert(span_equal(buf_span(&out), SPAN("a token")));
}

END_TEST

START_TEST(a_fingerprint_is_the_same_for_the_same_and_under_one_secret_only)
{
    struct scheduler_keys keys;
    struct scheduler_keys others;
    const uint8_t another[FRAME_KEY_LEN] = {9};
    char first[KEYS_FINGERPRINT_LEN + 1];
    char second[KEYS_FINGERPRINT_LEN + 1];
    keys_derive(secret, &keys);
    keys_derive(another, &others);
    keys_fingerprint(&keys, SPAN("a token"), first);
    keys_fingerprint(&keys, SPAN("a token"), second);
    ck_assert_str_eq(first, second);
    ck_assert_uint_eq(strlen(first), KEYS_FINGERPRINT_LEN);
    keys_fingerprint(&keys, SPAN("a tokem"), second);
    ck_assert_str_ne(first, second);
    keys_fingerprint(&others, SPAN("a token"), second);
    ck_assert_str_ne(first, second);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("keys");
    TCase *tcase = tcase_create("keys");
    tcase_add_test(tcase, a_box_is_one_adapters_and_one_jobs);
    tcase_add_test(tcase, a_fingerprint_is_the_same_for_the_same_and_under_one_secret_only);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
