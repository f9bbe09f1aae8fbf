/* inquiry_test.c: a code is sent once, with what the provider takes, and whom the token names is told when a published
 * key signed it; every other answer ends the question by name. */
#include "tests/unit/inquiry_world.h"

/* Up to the token request. */
static struct ended *exchange(const char *document, bool with_secret, unsigned place)
{
    uint8_t bytes[IDENTITY_BOX_MAX];
    struct buf box = buf_of(bytes, sizeof bytes);
    const struct identity_ask asked = question(IDENTITY_EXCHANGE, with_secret ? &box : NULL);
    struct ended *ended = ask(&asked, place);
    if (strcmp(last_url(), ISSUER "/.well-known/openid-configuration") == 0) {
        answer(document);
    }
    return ended;
}

START_TEST(a_code_is_exchanged_with_what_the_provider_takes)
{
    static const struct {
        const char *methods;
        bool secret;
        const char *authorization;
        const char *body;
    } rows[] = {
  /* base64 of us:hu%3Ash */
        {"",                                                                              true,  "Basic dXM6aHUlM0FzaA==", ""             },
        {",\"token_endpoint_auth_methods_supported\":[\"client_secret_post\"]",           true,  "",
         "&client_id=us&client_secret=hu%3Ash"                                                                                            },
        {",\"token_endpoint_auth_methods_supported\":[\"none\",\"client_secret_basic\"]", true,
         "Basic dXM6aHUlM0FzaA==",                                                                                         ""             },
        {",\"token_endpoint_auth_methods_supported\":[\"client_secret_post\",\"none\"]",  false, "",                       "&client_id=us"},
    };

    char document[1000];
    char body[400];
    (void)snprintf(document, sizeof document, "{\"issuer\":\"" ISSUER "\"," ENDPOINTS "%s}", rows[_i].methods);
    (void)exchange(document, rows[_i].secret, 0);
    const struct waiting *waiting = &world.calls[1];
    (void)snprintf(
        body, sizeof body,
        "grant_type=authorization_code&code=a%%20code&redirect_uri=https%%3A%%2F%%2Fposts.acme.test%%2Fcb%%3Fa"
        "%%3Db&code_verifier=a-verifier%s",
        rows[_i].body);
    ck_assert_uint_eq(world.count, 2);
    ck_assert_str_eq(waiting->url, "https://t.acme.test/token");
    ck_assert_str_eq(waiting->authorization, rows[_i].authorization);
    ck_assert_str_eq(waiting->body, body);
    ck_assert(waiting->request.once);
    ck_assert_uint_eq(waiting->request.response_max, PROVIDER_ANSWER_MAX);
}

END_TEST

START_TEST(a_secret_that_the_provider_takes_in_no_way_is_not_sent)
{
    const struct ended *ended = exchange("{\"issuer\":\"" ISSUER "\"," ENDPOINTS
                                         ",\"token_endpoint_auth_methods_supported\":[\"private_key_jwt\"]}",
                                         true, 0);
    ck_assert_uint_eq(ended->refusal, REFUSED_provider_answer_invalid);
    ck_assert_uint_eq(world.count, 1);
}

END_TEST

START_TEST(an_answer_of_another_issuer_is_not_exchanged)
{
    struct identity_ask asked = question(IDENTITY_EXCHANGE, NULL);
    asked.iss = SPAN("https://id.evil.test");
    (void)ask(&asked, 0);
    answer(DOCUMENT);
    ck_assert_uint_eq(world.ended[0].refusal, REFUSED_token_issuer_wrong);
    world.now_ms += PROVIDER_KEPT_MS;
    asked.iss = (struct span){0};
    (void)ask(&asked, 1);
    answer("{\"issuer\":\"" ISSUER "\"," ENDPOINTS ",\"authorization_response_iss_parameter_supported\":true}");
    ck_assert_uint_eq(world.ended[1].refusal, REFUSED_token_issuer_wrong);
    ck_assert_uint_eq(world.count, 2);
}

END_TEST

START_TEST(a_box_that_does_not_open_sends_nothing)
{
    uint8_t bytes[IDENTITY_BOX_MAX];
    struct buf box = buf_of(bytes, sizeof bytes);
    struct identity_ask asked = question(IDENTITY_EXCHANGE, &box);
    asked.client_id = SPAN("them");
    (void)ask(&asked, 0);
    answer(DOCUMENT);
    ck_assert_uint_eq(world.ended[0].refusal, REFUSED_frame_invalid);
    asked.client_id = SPAN("us");
    world.now_ms += IDENTITY_BOX_LIFE_MS;
    ck_assert_uint_eq(ask(&asked, 1)->refusal, REFUSED_unavailable);
    ck_assert_uint_eq(world.count, 1);
}

END_TEST

static const struct {
    const char *name;
    enum http_result result;
    unsigned status;
    const char *body;
    enum refusal refusal;
} token_answers[] = {
    {"a code that was used",            HTTP_COMPLETE,  400, "{\"error\":\"invalid_grant\"}",           REFUSED_code_refused           },
    {"a wrong secret",                  HTTP_COMPLETE,  401, "{\"error\":\"invalid_client\"}",          REFUSED_provider_refuses_us    },
    {"a request that it does not like", HTTP_COMPLETE,  400, "{\"error\":\"invalid_request\"}",
     REFUSED_provider_refuses_us                                                                                                       },
    {"an error without a word",         HTTP_COMPLETE,  400, "{}",                                      REFUSED_provider_answer_invalid},
    {"an error that is no JSON",        HTTP_COMPLETE,  400, "no",                                      REFUSED_provider_answer_invalid},
    {"forbidden",                       HTTP_COMPLETE,  403, "{\"error\":\"invalid_grant\"}",           REFUSED_provider_answer_invalid},
    {"elsewhere",                       HTTP_COMPLETE,  307, "{}",                                      REFUSED_provider_answer_invalid},
    {"not available",                   HTTP_COMPLETE,  502, "{}",                                      REFUSED_provider_unreachable   },
    {"no answer",                       HTTP_NO_ANSWER, 0,   "",                                        REFUSED_provider_unreachable   },
    {"endless",                         HTTP_TOO_LARGE, 200, "{}",                                      REFUSED_provider_answer_invalid},
    {"no token",                        HTTP_COMPLETE,  200, "{\"access_token\":\"at\"}",               REFUSED_provider_answer_invalid},
    {"an empty token",                  HTTP_COMPLETE,  200, "{\"id_token\":\"\"}",                     REFUSED_provider_answer_invalid},
    {"a token that is none",            HTTP_COMPLETE,  200, "{\"id_token\":\"a.b.c\"}",                REFUSED_provider_answer_invalid},
    {"a token twice",                   HTTP_COMPLETE,  200, "{\"id_token\":\"a\",\"id_token\":\"b\"}", REFUSED_provider_answer_invalid},
};

START_TEST(a_token_answer_that_is_not_as_it_has_to_be_ends_the_question)
{
    const struct ended *ended = exchange(DOCUMENT, true, 0);
    answer_with(token_answers[_i].result, token_answers[_i].status, token_answers[_i].body);
    ck_assert_int_eq(ended->count, 1);
    ck_assert_msg(ended->refusal == token_answers[_i].refusal, "%s: %d", token_answers[_i].name, (int)ended->refusal);
    ck_assert_str_eq(ended->step, "token");
    ck_assert_uint_eq(world.count, 2);
}

END_TEST

START_TEST(who_signs_in_is_told_once_the_keys_are_known)
{
    struct identity_person person;
    const struct ended *ended = exchange(DOCUMENT, true, 0);
    answer(tokens_with("k1", EMAIL));
    ck_assert_str_eq(last_url(), "https://id.acme.test/keys");
    answer(keys_of(world.key, "k1"));
    ck_assert_uint_eq(ended->refusal, ACCEPTED);
    ck_assert_int_eq(identity_person_read(ended->result, &person), OK);
    ck_assert(span_equal(person.subject, SPAN("s")));
    ck_assert(span_equal(person.email, SPAN("a@b")));
    ck_assert(person.email_verified);
    ended = exchange(DOCUMENT, true, 1);
    answer(tokens_with("k1", EMAIL));
    ck_assert_uint_eq(ended->refusal, ACCEPTED);
    ck_assert_uint_eq(world.count, 4);
}

END_TEST

START_TEST(keys_are_asked_for_again_once_a_minute)
{
    const struct ended *ended = exchange(DOCUMENT, true, 0);
    answer(tokens_with("k1", EMAIL));
    answer(keys_of(world.key, "k1"));
    ended = exchange(DOCUMENT, true, 1);
    answer(tokens_with("k2", EMAIL));
    ck_assert_uint_eq(ended->refusal, REFUSED_token_signature_invalid); /* no minute has passed */
    world.now_ms += PROVIDER_KEYS_AGAIN_MS - 1;
    ended = exchange(DOCUMENT, false, 2);
    answer(tokens_with("k2", EMAIL));
    ck_assert_uint_eq(ended->refusal, REFUSED_token_signature_invalid);
    world.now_ms += 1;
    ended = exchange(DOCUMENT, false, 3);
    answer(tokens_with("k2", EMAIL));
    ck_assert_int_eq(ended->count, 0);
    answer(keys_of(world.key, "k2"));
    ck_assert_uint_eq(ended->refusal, ACCEPTED);
    world.now_ms += PROVIDER_KEYS_AGAIN_MS;
    ended = exchange(DOCUMENT, false, 4);
    answer(tokens_with("k3", EMAIL));
    answer(keys_of(world.key, "k2"));
    ck_assert_uint_eq(ended->refusal, REFUSED_token_signature_invalid); /* once for a question */
}

END_TEST

START_TEST(a_key_set_that_is_none_ends_the_question)
{
    static const struct {
        unsigned status;
        const char *body;
        enum refusal refusal;
    } rows[] = {
        {200, "[]",            REFUSED_provider_answer_invalid},
        {200, "{\"keys\":1}",  REFUSED_provider_answer_invalid},
        {200, "{\"keys\":[]}", REFUSED_token_signature_invalid},
        {404, "{\"keys\":[]}", REFUSED_provider_answer_invalid},
        {500, "{\"keys\":[]}", REFUSED_provider_unreachable   },
    };

    const struct ended *ended = exchange(DOCUMENT, true, 0);
    answer(tokens_with("k1", EMAIL));
    answer_with(HTTP_COMPLETE, rows[_i].status, rows[_i].body);
    ck_assert_uint_eq(ended->refusal, rows[_i].refusal);
    ck_assert_str_eq(ended->step, "keys");
}

END_TEST

#define WITH_USERINFO "{\"issuer\":\"" ISSUER "\"," ENDPOINTS ",\"userinfo_endpoint\":\"https://id.acme.test/me\"}"

START_TEST(an_address_that_the_token_does_not_tell_is_asked_for)
{
    static const struct {
        unsigned status;
        const char *body;
        enum refusal refusal;
    } rows[] = {
        {200, "{\"sub\":\"s\",\"email\":\"a@b\",\"email_verified\":true}", ACCEPTED                       },
        {200, "{\"sub\":\"t\",\"email\":\"a@b\",\"email_verified\":true}", REFUSED_provider_answer_invalid},
        {200, "{\"email\":\"a@b\",\"email_verified\":true}",               REFUSED_provider_answer_invalid},
        {200, "eyJhbGciOiJub25lIn0.e30.",                                  REFUSED_provider_answer_invalid},
        {401, "{}",                                                        REFUSED_provider_answer_invalid},
        {503, "{}",                                                        REFUSED_provider_unreachable   },
    };

    struct identity_person person;
    const struct ended *ended = exchange(WITH_USERINFO, true, 0);
    answer(tokens_with("k1", ""));
    answer(keys_of(world.key, "k1"));
    ck_assert_int_eq(ended->count, 0);
    ck_assert_str_eq(last_url(), "https://id.acme.test/me");
    ck_assert_str_eq(world.calls[3].authorization, "Bearer at");
    answer_with(HTTP_COMPLETE, rows[_i].status, rows[_i].body);
    ck_assert_uint_eq(ended->refusal, rows[_i].refusal);
    if (rows[_i].refusal == ACCEPTED) {
        ck_assert_int_eq(identity_person_read(ended->result, &person), OK);
        ck_assert(span_equal(person.email, SPAN("a@b")));
        ck_assert(person.email_verified);
    }
}

END_TEST

START_TEST(a_token_that_tells_the_address_is_enough)
{
    const struct ended *ended = exchange(WITH_USERINFO, true, 0);
    answer(tokens_with("k1", EMAIL));
    answer(keys_of(world.key, "k1"));
    ck_assert_uint_eq(ended->refusal, ACCEPTED);
    ck_assert_uint_eq(world.count, 3);
}

END_TEST

START_TEST(a_request_that_cannot_begin_ends_the_question)
{
    world.err = OK;
    struct identity_ask asked = question(IDENTITY_AUTHORIZE, NULL);
    (void)ask(&asked, 0);
    answer(DOCUMENT);
    world.err = ERR_BUSY;
    asked.question = IDENTITY_EXCHANGE;
    ck_assert_uint_eq(ask(&asked, 1)->refusal, REFUSED_sign_in_busy);
    world.err = OK;
    (void)ask(&asked, 2);
    world.err = ERR_NO_MEMORY;
    answer(tokens_with("k1", EMAIL));
    ck_assert_uint_eq(world.ended[2].refusal, REFUSED_out_of_memory);
    ck_assert_str_eq(world.ended[2].step, "keys");
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("inquiry");
    TCase *tcase = tcase_create("inquiry");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, a_code_is_exchanged_with_what_the_provider_takes, 0, 4);
    tcase_add_test(tcase, a_secret_that_the_provider_takes_in_no_way_is_not_sent);
    tcase_add_test(tcase, an_answer_of_another_issuer_is_not_exchanged);
    tcase_add_test(tcase, a_box_that_does_not_open_sends_nothing);
    tcase_add_loop_test(tcase, a_token_answer_that_is_not_as_it_has_to_be_ends_the_question, 0, ROWS(token_answers));
    tcase_add_test(tcase, who_signs_in_is_told_once_the_keys_are_known);
    tcase_add_test(tcase, keys_are_asked_for_again_once_a_minute);
    tcase_add_loop_test(tcase, a_key_set_that_is_none_ends_the_question, 0, 5);
    tcase_add_loop_test(tcase, an_address_that_the_token_does_not_tell_is_asked_for, 0, 6);
    tcase_add_test(tcase, a_token_that_tells_the_address_is_enough);
    tcase_add_test(tcase, a_request_that_cannot_begin_ends_the_question);
    suite_add_tcase(suite, tcase);
    world.key = token_ec("P-256");
    const int code = run_suite(suite);
    EVP_PKEY_free(world.key);
    return code;
}
