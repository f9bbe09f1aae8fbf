/* catalog_test.c: what a provider publishes of itself: an answer that is not as it has to be ends who waits for it by
 * name; it is asked for once and kept for a while; a browser is sent where it says. */
#include "tests/unit/inquiry_world.h"

START_TEST(a_browser_is_sent_where_the_document_says)
{
    const struct identity_ask asked = question(IDENTITY_AUTHORIZE, NULL);
    struct span location;
    const struct ended *ended = ask(&asked, 0);
    ck_assert_int_eq(ended->count, 0);
    ck_assert_str_eq(last_url(), ISSUER "/.well-known/openid-configuration");
    answer(DOCUMENT);
    ck_assert_int_eq(ended->count, 1);
    ck_assert_uint_eq(ended->refusal, ACCEPTED);
    ck_assert_int_eq(identity_location_read(ended->result, &location), OK);
    ck_assert(
        span_equal(location, SPAN("https://id.acme.test/auth?x=1&response_type=code&client_id=us&redirect_uri="
                                  "https%3A%2F%2Fposts.acme.test%2Fcb%3Fa%3Db&scope=openid%20email&state=a%2Fstate"
                                  "&nonce=a-nonce&code_challenge=a-challenge&code_challenge_method=S256")));
    ck_assert_uint_eq(inquiries_open(world.inquiries), 0);
}

END_TEST

START_TEST(the_longest_question_has_a_location)
{
    static char longest[IDENTITY_URL_MAX + 1];
    static char document[3 * IDENTITY_URL_MAX];
    struct identity_ask asked = question(IDENTITY_AUTHORIZE, NULL);
    memset(longest, '/', sizeof longest);
    asked.redirect_uri = span_of(longest, IDENTITY_URL_MAX);
    asked.client_id = span_of(longest, IDENTITY_CLIENT_ID_MAX);
    asked.nonce = asked.state = asked.challenge = span_of(longest, IDENTITY_CHANCE_MAX);
    asked.scope = span_of(longest, IDENTITY_SCOPE_MAX);
    (void)snprintf(document, sizeof document,
                   "{\"issuer\":\"" ISSUER "\",\"authorization_endpoint\":\"https://a.test/%.*s\",\"token_endpoint\":"
                   "\"https://t.test/\",\"jwks_uri\":\"https://k.test/\"}",
                   IDENTITY_URL_MAX - 15, longest);
    const struct ended *ended = ask(&asked, 0);
    answer(document);
    ck_assert_uint_eq(ended->refusal, ACCEPTED);
    ck_assert_uint_gt(ended->result.len, 10000);
}

END_TEST

static const struct {
    const char *name;
    enum http_result result;
    unsigned status;
    const char *body;
    enum refusal refusal;
} documents[] = {
    {"no connection",                    HTTP_NOT_SENT,  0,   "",                                                                    REFUSED_provider_unreachable   },
    {"a private address",                HTTP_ADDRESS,   0,   "",                                                                    REFUSED_provider_unreachable   },
    {"no answer",                        HTTP_NO_ANSWER, 0,   "",                                                                    REFUSED_provider_unreachable   },
    {"too late",                         HTTP_TIMED_OUT, 0,   "",                                                                    REFUSED_provider_unreachable   },
    {"cut",                              HTTP_TRUNCATED, 200, "{",                                                                   REFUSED_provider_unreachable   },
    {"endless",                          HTTP_TOO_LARGE, 200, "{",                                                                   REFUSED_provider_answer_invalid},
    {"an error of theirs",               HTTP_COMPLETE,  503, DOCUMENT,                                                              REFUSED_provider_unreachable   },
    {"too much for them",                HTTP_COMPLETE,  429, DOCUMENT,                                                              REFUSED_provider_unreachable   },
    {"elsewhere",                        HTTP_COMPLETE,  302, DOCUMENT,                                                              REFUSED_provider_answer_invalid},
    {"not there",                        HTTP_COMPLETE,  404, DOCUMENT,                                                              REFUSED_provider_answer_invalid},
    {"a page",                           HTTP_COMPLETE,  200, "<html>",                                                              REFUSED_provider_answer_invalid},
    {"a list",                           HTTP_COMPLETE,  200, "[]",                                                                  REFUSED_provider_answer_invalid},
    {"nothing",                          HTTP_COMPLETE,  200, "{}",                                                                  REFUSED_provider_answer_invalid},
    {"another issuer",                   HTTP_COMPLETE,  200, "{\"issuer\":\"" ISSUER "/\"," ENDPOINTS "}",
     REFUSED_provider_answer_invalid                                                                                                                                },
    {"two issuers",                      HTTP_COMPLETE,  200, "{\"issuer\":\"" ISSUER "\",\"issuer\":\"" ISSUER "\"," ENDPOINTS "}",
     REFUSED_provider_answer_invalid                                                                                                                                },
    {"no keys",                          HTTP_COMPLETE,  200,
     "{\"issuer\":\"" ISSUER
     "\",\"authorization_endpoint\":\"https://a.test/\",\"token_endpoint\":\"https://t.test/\"}",                                    REFUSED_provider_answer_invalid},
    {"a token endpoint in clear",        HTTP_COMPLETE,  200,
     "{\"issuer\":\"" ISSUER
     "\",\"authorization_endpoint\":\"https://a.test/\",\"token_endpoint\":\"http://t.test/\",\"jwks_uri\":\"https://"
     "k.test/\"}",                                                                                                                   REFUSED_provider_answer_invalid},
    {"a token endpoint on this machine", HTTP_COMPLETE,  200,
     "{\"issuer\":\"" ISSUER
     "\",\"authorization_endpoint\":\"https://a.test/\",\"token_endpoint\":\"http://127.0.0.1:7410/\",\"jwks_uri\":"
     "\"https://k.test/\"}",                                                                                                         REFUSED_provider_answer_invalid},
    {"an endpoint with a fragment",      HTTP_COMPLETE,  200,
     "{\"issuer\":\"" ISSUER
     "\",\"authorization_endpoint\":\"https://a.test/#a\",\"token_endpoint\":\"https://t.test/\",\"jwks_uri\":\"https:"
     "//k.test/\"}",                                                                                                                 REFUSED_provider_answer_invalid},
    {"no S256",                          HTTP_COMPLETE,  200,
     "{\"issuer\":\"" ISSUER "\"," ENDPOINTS ",\"code_challenge_methods_supported\":[\"plain\"]}",
     REFUSED_provider_answer_invalid                                                                                                                                },
    {"no code",                          HTTP_COMPLETE,  200,
     "{\"issuer\":\"" ISSUER "\"," ENDPOINTS ",\"response_types_supported\":[\"id_token\",1]}",
     REFUSED_provider_answer_invalid                                                                                                                                },
    {"a loopback port that is opened",   HTTP_COMPLETE,  200,
     "{\"issuer\":\"" ISSUER
     "\",\"authorization_endpoint\":\"http://127.0.0.1:9000/\",\"token_endpoint\":\"http://localhost:9000/t\","
     "\"jwks_uri\":\"http://127.0.0.1:9000/k\",\"code_challenge_methods_supported\":[\"plain\",\"S256\"],"
     "\"response_types_supported\":[\"code\"],\"userinfo_endpoint\":\"http://u.test/\"}",                                            ACCEPTED                       },
};

START_TEST(a_document_that_is_not_as_it_has_to_be_ends_the_question)
{
    const struct identity_ask asked = question(IDENTITY_AUTHORIZE, NULL);
    const struct ended *ended = ask(&asked, 0);
    answer_with(documents[_i].result, documents[_i].status, documents[_i].body);
    ck_assert_int_eq(ended->count, 1);
    ck_assert_msg(ended->refusal == documents[_i].refusal, "%s: %d", documents[_i].name, (int)ended->refusal);
    ck_assert_str_eq(ended->step, "provider");
    /* The next one asks again, and only then. */
    if (documents[_i].refusal != ACCEPTED) {
        ck_assert_uint_eq(world.count, 1);
        ended = ask(&asked, 1);
        ck_assert_uint_eq(world.count, 2);
        answer(DOCUMENT);
        ck_assert_uint_eq(ended->refusal, ACCEPTED);
    }
}

END_TEST

START_TEST(what_is_published_is_asked_for_once_in_ten_minutes)
{
    const struct identity_ask asked = question(IDENTITY_AUTHORIZE, NULL);
    const struct ended *first = ask(&asked, 0);
    const struct ended *second = ask(&asked, 1);
    ck_assert_uint_eq(world.count, 1);
    answer(DOCUMENT);
    ck_assert_int_eq(first->count + second->count, 2);
    world.now_ms += PROVIDER_KEPT_MS - 1;
    ck_assert_int_eq(ask(&asked, 2)->count, 1);
    world.now_ms += 1;
    ck_assert_int_eq(ask(&asked, 3)->count, 0);
    ck_assert_uint_eq(world.count, 2);
    answer_with(HTTP_NOT_SENT, 0, "");
    ck_assert_uint_eq(world.ended[3].refusal, REFUSED_provider_unreachable); /* what is old is not used */
    world.now_ms = START_MS; /* a clock that was set back makes nothing younger */
    ck_assert_int_eq(ask(&asked, 4)->count, 0);
}

END_TEST

START_TEST(a_place_is_given_to_another_issuer_when_nobody_waits_there)
{
    struct identity_ask asked = question(IDENTITY_AUTHORIZE, NULL);
    char issuer[64];
    for (unsigned i = 0; i <= PROVIDERS_KEPT; i++) {
        (void)snprintf(issuer, sizeof issuer, "https://id%u.test", i);
        asked.issuer = span_text(issuer);
        const struct ended *ended = ask(&asked, i);
        ck_assert_int_eq(ended->count, i == PROVIDERS_KEPT ? 1 : 0);
    }
    ck_assert_uint_eq(world.ended[PROVIDERS_KEPT].refusal, REFUSED_sign_in_busy);
    answer_with(HTTP_NOT_SENT, 0, "");
    ck_assert_int_eq(ask(&asked, PROVIDERS_KEPT)->count, 1); /* told before; now it has the place */
    ck_assert_uint_eq(world.count, PROVIDERS_KEPT + 1);
}

END_TEST

START_TEST(more_than_there_is_room_for_are_told_so)
{
    const struct identity_ask asked = question(IDENTITY_AUTHORIZE, NULL);
    for (unsigned i = 0; i < INQUIRIES_MAX; i++) {
        ck_assert_int_eq(ask(&asked, i)->count, 0);
    }
    ck_assert_uint_eq(inquiries_open(world.inquiries), INQUIRIES_MAX);
    ck_assert_uint_eq(ask(&asked, INQUIRIES_MAX)->refusal, REFUSED_sign_in_busy);
    answer(DOCUMENT);
    for (unsigned i = 0; i < INQUIRIES_MAX; i++) {
        ck_assert_int_eq(world.ended[i].count, 1);
        ck_assert_uint_eq(world.ended[i].refusal, ACCEPTED);
    }
    ck_assert_uint_eq(world.count, 1);
}

END_TEST

START_TEST(what_cannot_be_asked_ends_at_once)
{
    struct identity_ask asked = question(IDENTITY_AUTHORIZE, NULL);
    inquiries_begin(world.inquiries, SPAN("\x91\xA1?"), world.now_ms, &world.ended[0]);
    ck_assert_uint_eq(world.ended[0].refusal, REFUSED_frame_invalid);
    world.err = ERR_BUSY;
    ck_assert_uint_eq(ask(&asked, 1)->refusal, REFUSED_sign_in_busy);
    world.err = ERR_NO_MEMORY;
    ck_assert_uint_eq(ask(&asked, 2)->refusal, REFUSED_out_of_memory);
    world.err = OK;
    asked.issuer = SPAN("http://127.0.0.1:7410");
    ck_assert_uint_eq(ask(&asked, 3)->refusal, REFUSED_provider_unreachable);
    asked.issuer = SPAN("file:///etc/passwd");
    ck_assert_uint_eq(ask(&asked, 4)->refusal, REFUSED_provider_unreachable);
    ck_assert_uint_eq(world.count, 0);
    ck_assert_uint_eq(inquiries_open(world.inquiries), 0);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("catalog");
    TCase *tcase = tcase_create("catalog");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_browser_is_sent_where_the_document_says);
    tcase_add_test(tcase, the_longest_question_has_a_location);
    tcase_add_loop_test(tcase, a_document_that_is_not_as_it_has_to_be_ends_the_question, 0, ROWS(documents));
    tcase_add_test(tcase, what_is_published_is_asked_for_once_in_ten_minutes);
    tcase_add_test(tcase, a_place_is_given_to_another_issuer_when_nobody_waits_there);
    tcase_add_test(tcase, more_than_there_is_room_for_are_told_so);
    tcase_add_test(tcase, what_cannot_be_asked_ends_at_once);
    suite_add_tcase(suite, tcase);
    world.key = token_ec("P-256");
    const int code = run_suite(suite);
    EVP_PKEY_free(world.key);
    return code;
}
