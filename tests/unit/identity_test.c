/* identity_test.c: what gateway and identity process say to each other has one spelling and its bounds; our secret at a
 * provider opens for that provider, by that process, and for a minute. */
#include "core/wire/identity.h"

#include <check.h>
#include <stdlib.h>

#include "core/vault/box.h"
#include "core/wire/identity_box.h"
#include "core/wire/pack.h"
#include "core/wire/party.h"
#include "tests/ids.h"
#include "tests/suite.h"

static uint8_t memory[IDENTITY_ASK_MAX];
static uint8_t other[IDENTITY_ASK_MAX];
static char longest[IDENTITY_LOCATION_MAX + 2];

static struct span a_text(size_t len)
{
    memset(longest, 'a', sizeof longest);
    return span_of(longest, len);
}

static struct identity_ask ask_of(enum identity_question question)
{
    struct identity_ask ask = {.question = question,
                               .issuer = SPAN("https://id.acme.test"),
                               .client_id = SPAN("openpost"),
                               .redirect_uri = SPAN("https://posts.acme.test/callback"),
                               .nonce = SPAN("a-nonce")};
    if (question == IDENTITY_AUTHORIZE) {
        ask.scope = SPAN("openid email profile");
        ask.state = SPAN("a-state");
        ask.challenge = SPAN("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        return ask;
    }
    ask.provider_id = id_number(ID_PROVIDER, 1);
    ask.box = SPAN("a box");
    ask.code = SPAN("a-code");
    ask.verifier = SPAN("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    ask.iss = SPAN("https://id.acme.test");
    return ask;
}

static enum err pass(const struct identity_ask *ask, struct identity_ask *ret_back)
{
    struct buf out = buf_of(memory, sizeof memory);
    identity_ask_put(&out, ask);
    ck_assert(buf_ok(&out));
    return identity_ask_read(buf_span(&out), ret_back);
}

START_TEST(a_question_is_read_as_it_was_written_and_in_no_other_length)
{
    const struct identity_ask ask = ask_of((enum identity_question)_i);
    struct identity_ask back;
    struct buf out = buf_of(memory, sizeof memory);
    struct buf again = buf_of(other, sizeof other);
    identity_ask_put(&out, &ask);
    ck_assert_int_eq(identity_ask_read(buf_span(&out), &back), OK);
    ck_assert_uint_eq(back.question, ask.question);
    ck_assert(span_equal(back.issuer, ask.issuer));
    ck_assert(span_equal(back.nonce, ask.nonce));
    identity_ask_put(&again, &back);
    ck_assert(span_equal(buf_span(&again), buf_span(&out)));
    for (size_t len = 0; len < out.len; len++) {
        ck_assert_int_ne(identity_ask_read(span_of(out.data, len), &back), OK);
    }
    buf_byte(&out, 0xC0);
    ck_assert_int_eq(identity_ask_read(buf_span(&out), &back), ERR_TRAILING);
}

END_TEST

START_TEST(a_greeting_is_a_word_and_nothing_else)
{
    const struct identity_ask ask = {.question = IDENTITY_GREET};
    struct identity_ask back;
    struct buf out = buf_of(memory, sizeof memory);
    ck_assert_int_eq(pass(&ask, &back), OK);
    ck_assert_uint_eq(back.question, IDENTITY_GREET);
    pack_array(&out, 2);
    pack_text(&out, SPAN("greet"));
    pack_nil(&out);
    ck_assert_int_eq(identity_ask_read(buf_span(&out), &back), ERR_MALFORMED);
    out = buf_of(memory, sizeof memory);
    pack_array(&out, 1);
    pack_text(&out, SPAN("authorize"));
    ck_assert_int_eq(identity_ask_read(buf_span(&out), &back), ERR_MALFORMED);
    out = buf_of(memory, sizeof memory);
    pack_array(&out, 1);
    pack_text(&out, SPAN("greeting"));
    ck_assert_int_eq(identity_ask_read(buf_span(&out), &back), ERR_KIND);
}

END_TEST

START_TEST(a_public_client_has_no_box_and_an_old_provider_no_iss)
{
    struct identity_ask ask = ask_of(IDENTITY_EXCHANGE);
    struct identity_ask back;
    ask.box = (struct span){0};
    ask.iss = (struct span){0};
    ck_assert_int_eq(pass(&ask, &back), OK);
    ck_assert_ptr_null(back.box.data);
    ck_assert_ptr_null(back.iss.data);
    ck_assert(span_equal(back.code, SPAN("a-code")));
}

END_TEST

START_TEST(no_text_is_empty_or_too_long)
{
    static const struct {
        size_t at;
        size_t max;
        enum identity_question question;
    } rows[] = {
        {offsetof(struct identity_ask, issuer),       IDENTITY_URL_MAX,       IDENTITY_AUTHORIZE},
        {offsetof(struct identity_ask, client_id),    IDENTITY_CLIENT_ID_MAX, IDENTITY_AUTHORIZE},
        {offsetof(struct identity_ask, redirect_uri), IDENTITY_URL_MAX,       IDENTITY_AUTHORIZE},
        {offsetof(struct identity_ask, nonce),        IDENTITY_CHANCE_MAX,    IDENTITY_AUTHORIZE},
        {offsetof(struct identity_ask, scope),        IDENTITY_SCOPE_MAX,     IDENTITY_AUTHORIZE},
        {offsetof(struct identity_ask, state),        IDENTITY_CHANCE_MAX,    IDENTITY_AUTHORIZE},
        {offsetof(struct identity_ask, challenge),    IDENTITY_CHANCE_MAX,    IDENTITY_AUTHORIZE},
        {offsetof(struct identity_ask, code),         IDENTITY_CODE_MAX,      IDENTITY_EXCHANGE },
        {offsetof(struct identity_ask, verifier),     IDENTITY_CHANCE_MAX,    IDENTITY_EXCHANGE },
        {offsetof(struct identity_ask, iss),          IDENTITY_URL_MAX,       IDENTITY_EXCHANGE },
    };

    struct identity_ask ask = ask_of(rows[_i].question);
    struct identity_ask back;
    struct span *text = (struct span *)(void *)((uint8_t *)&ask + rows[_i].at);
    *text = a_text(rows[_i].max);
    ck_assert_int_eq(pass(&ask, &back), OK);
    *text = a_text(rows[_i].max + 1);
    ck_assert_int_eq(pass(&ask, &back), ERR_TOO_LONG);
    *text = SPAN("");
    ck_assert_int_eq(pass(&ask, &back), ERR_RANGE);
}

END_TEST

START_TEST(a_question_is_one_of_two_and_names_a_provider)
{
    struct identity_ask ask = ask_of(IDENTITY_EXCHANGE);
    struct identity_ask back;
    ask.provider_id = id_number(ID_USER, 1);
    ck_assert_int_eq(pass(&ask, &back), ERR_KIND);
    ask.provider_id = (struct id){0};
    ck_assert_int_eq(pass(&ask, &back), ERR_KIND);
    ck_assert_int_eq(identity_ask_read(SPAN("\x91\xA5"
                                            "shout"),
                                       &back),
                     ERR_KIND);
    ck_assert_int_eq(identity_ask_read(SPAN("\x91\xA9"
                                            "authorize"),
                                       &back),
                     ERR_MALFORMED);
}

END_TEST

START_TEST(the_longest_question_has_room)
{
    struct identity_ask ask = ask_of(IDENTITY_EXCHANGE);
    struct identity_ask back;
    ask.issuer = a_text(IDENTITY_URL_MAX);
    ask.client_id = a_text(IDENTITY_CLIENT_ID_MAX);
    ask.redirect_uri = a_text(IDENTITY_URL_MAX);
    ask.nonce = a_text(IDENTITY_CHANCE_MAX);
    ask.box = a_text(IDENTITY_BOX_MAX);
    ask.code = a_text(IDENTITY_CODE_MAX);
    ask.verifier = a_text(IDENTITY_CHANCE_MAX);
    ask.iss = a_text(IDENTITY_URL_MAX);
    ck_assert_int_eq(pass(&ask, &back), OK);
    ask.box = a_text(IDENTITY_BOX_MAX + 1);
    ck_assert_int_eq(pass(&ask, &back), ERR_TOO_LONG);
}

END_TEST

START_TEST(a_person_comes_back_with_or_without_an_address)
{
    struct identity_person person = {
        .subject = SPAN("248289761001"), .email = SPAN("ada@acme.test"), .email_verified = true, .name = SPAN("Ada")};
    struct identity_person back;
    struct buf out = buf_of(memory, sizeof memory);
    identity_person_put(&out, &person);
    for (size_t len = 0; len < out.len; len++) {
        ck_assert_int_ne(identity_person_read(span_of(out.data, len), &back), OK);
    }
    ck_assert_int_eq(identity_person_read(buf_span(&out), &back), OK);
    ck_assert(span_equal(back.subject, person.subject));
    ck_assert(span_equal(back.email, person.email));
    ck_assert(span_equal(back.name, person.name));
    ck_assert(back.email_verified);
    buf_byte(&out, 0xC0);
    ck_assert_int_eq(identity_person_read(buf_span(&out), &back), ERR_TRAILING);
    out.len = 0;
    person = (struct identity_person){.subject = SPAN("x")};
    identity_person_put(&out, &person);
    ck_assert_int_eq(identity_person_read(buf_span(&out), &back), OK);
    ck_assert_ptr_null(back.email.data);
    ck_assert_ptr_null(back.name.data);
    ck_assert(!back.email_verified);
    out.len = 0;
    person.subject = a_text(PERSON_SUBJECT_MAX + 1);
    identity_person_put(&out, &person);
    ck_assert_int_eq(identity_person_read(buf_span(&out), &back), ERR_TOO_LONG);
}

END_TEST

START_TEST(a_location_comes_back)
{
    static uint8_t bytes[IDENTITY_LOCATION_MAX + 8];
    struct buf out = buf_of(bytes, sizeof bytes);
    struct span back;
    identity_location_put(&out, a_text(IDENTITY_LOCATION_MAX));
    ck_assert_int_eq(identity_location_read(buf_span(&out), &back), OK);
    ck_assert_uint_eq(back.len, IDENTITY_LOCATION_MAX);
    buf_byte(&out, 0);
    ck_assert_int_eq(identity_location_read(buf_span(&out), &back), ERR_TRAILING);
    ck_assert_int_eq(identity_location_read(SPAN("\xA0"), &back), ERR_RANGE);
}

END_TEST

static const uint8_t nonce[12] = {4};

static void keys_of(uint8_t first, uint8_t ret_box[FRAME_KEY_LEN], uint8_t ret_link[FRAME_KEY_LEN])
{
    const uint8_t secret[FRAME_KEY_LEN] = {first, 2, 3};
    uint8_t key[FRAME_KEY_LEN];
    identity_key(secret, key);
    identity_box_key(key, ret_box);
    identity_link_key(key, ret_link);
}

START_TEST(a_box_is_one_providers_one_processs_and_short_lived)
{
    uint8_t key[FRAME_KEY_LEN];
    uint8_t link[FRAME_KEY_LEN];
    uint8_t elsewhere[FRAME_KEY_LEN];
    struct buf box = buf_of(memory, sizeof memory);
    struct buf out = buf_of(other, sizeof other);
    const struct identity_use use = {
        .provider_id = id_number(ID_PROVIDER, 1), .issuer = SPAN("https://id.acme.test"), .client_id = SPAN("us")};
    struct identity_use uses[] = {use, use, use};
    uses[0].provider_id = id_number(ID_PROVIDER, 2);
    uses[1].issuer = SPAN("https://id.evil.test");
    uses[2].client_id = SPAN("it");
    keys_of(1, key, link);
    ck_assert_int_eq(identity_box_seal(key, nonce, &use, 1000, SPAN("hush"), &box), OK);
    ck_assert_ptr_null(memmem(box.data, box.len, "hush", 4));
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
        ck_assert_int_eq(identity_box_open(key, &uses[i], 999, buf_span(&box), &out), ERR_AUTH);
    }
    ck_assert_int_eq(identity_box_open(link, &use, 999, buf_span(&box), &out), ERR_AUTH); /* the gateway */
    keys_of(2, elsewhere, link);
    ck_assert_int_eq(identity_box_open(elsewhere, &use, 999, buf_span(&box), &out), ERR_AUTH);
    ck_assert_int_eq(identity_box_open(key, &use, 1000, buf_span(&box), &out), ERR_TIMED_OUT);
    ck_assert_int_eq(identity_box_open(key, &use, 999, SPAN("no box"), &out), ERR_TRUNCATED);
    ck_assert_int_eq(identity_box_open(key, &use, 999, a_text(IDENTITY_ASK_MAX), &out), ERR_VERSION);
    ck_assert_uint_eq(out.len, 0);
    ck_assert_int_eq(identity_box_open(key, &use, 999, buf_span(&box), &out), OK);
    ck_assert(span_equal(buf_span(&out), SPAN("hush")));
}

END_TEST

START_TEST(the_longest_secret_fits_a_box_and_a_longer_one_does_not)
{
    uint8_t key[FRAME_KEY_LEN];
    uint8_t link[FRAME_KEY_LEN];
    struct buf box = buf_of(memory, sizeof memory);
    struct buf out = buf_of(other, sizeof other);
    const struct identity_use use = {
        .provider_id = id_number(ID_PROVIDER, 1), .issuer = SPAN("https://id.acme.test"), .client_id = SPAN("us")};
    keys_of(1, key, link);
    const struct span secret = a_text(PERSON_CLIENT_SECRET_MAX);
    ck_assert_int_eq(identity_box_seal(key, nonce, &use, INT64_MAX, secret, &box), OK);
    ck_assert_uint_le(box.len, IDENTITY_BOX_MAX);
    ck_assert_int_eq(identity_box_open(key, &use, 999, buf_span(&box), &out), OK);
    ck_assert(span_equal(buf_span(&out), secret));
    out = buf_of(other, PERSON_CLIENT_SECRET_MAX - 1);
    ck_assert_int_eq(identity_box_open(key, &use, 999, buf_span(&box), &out), ERR_NO_SPACE);
    ck_assert_int_eq(identity_box_seal(key, nonce, &use, 1000, a_text(PERSON_CLIENT_SECRET_MAX + 1), &box),
                     ERR_TOO_LONG);
    box = buf_of(memory, 40);
    ck_assert_int_eq(identity_box_seal(key, nonce, &use, 1000, secret, &box), ERR_NO_SPACE);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("identity");
    TCase *wire = tcase_create("wire");
    tcase_add_test(wire, a_greeting_is_a_word_and_nothing_else);
    tcase_add_loop_test(wire, a_question_is_read_as_it_was_written_and_in_no_other_length, IDENTITY_AUTHORIZE,
                        IDENTITY_EXCHANGE + 1);
    tcase_add_test(wire, a_public_client_has_no_box_and_an_old_provider_no_iss);
    tcase_add_loop_test(wire, no_text_is_empty_or_too_long, 0, 10);
    tcase_add_test(wire, a_question_is_one_of_two_and_names_a_provider);
    tcase_add_test(wire, the_longest_question_has_room);
    tcase_add_test(wire, a_person_comes_back_with_or_without_an_address);
    tcase_add_test(wire, a_location_comes_back);
    suite_add_tcase(suite, wire);
    TCase *box = tcase_create("box");
    tcase_add_test(box, a_box_is_one_providers_one_processs_and_short_lived);
    tcase_add_test(box, the_longest_secret_fits_a_box_and_a_longer_one_does_not);
    suite_add_tcase(suite, box);
    return run_suite(suite);
}
