/* id_token_test.c: an ID Token is believed when a published key signed it as that key may, and when its claims are what
 * OpenID Connect Core 3.1.3.7 asks; everything else is refused by name. Tokens are made with OpenSSL alone. */
#include "adapters/identity/id_token.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "adapters/identity/jwks.h"
#include "core/message/json_read.h"
#include "tests/suite.h"
#include "tests/unit/tokens.h"

#define NOW_S "1800000000"
#define NOW_MS ((int64_t)1800000000 * 1000)
#define ISS "\"iss\":\"https://id.acme.test\""
#define AUD "\"aud\":\"us\""
#define TIMES "\"exp\":1800000300,\"iat\":1799999999"
#define NONCE "\"nonce\":\"a-nonce\""
#define SUB "\"sub\":\"248289761001\""

enum signer { NOBODY, RSA_1, RSA_2, RSA_SMALL, P256, P384, P521, SIGNERS };

static EVP_PKEY *keys[SIGNERS];
static struct arena arena;
static uint8_t token_bytes[65536];
static uint8_t set_bytes[65536];

static void make_keys(void)
{
    keys[RSA_1] = token_rsa(2048);
    keys[RSA_2] = token_rsa(2048);
    keys[RSA_SMALL] = token_rsa(1024);
    keys[P256] = token_ec("P-256");
    keys[P384] = token_ec("P-384");
    keys[P521] = token_ec("P-521");
}

static void free_keys(void)
{
    for (size_t i = 0; i < SIGNERS; i++) {
        EVP_PKEY_free(keys[i]);
    }
}

static void set_up(void)
{
    arena_init(&arena, (size_t)4 << 20);
}

static void tear_down(void)
{
    arena_done(&arena);
}

/* Every key, each under its own name, and one that is for another algorithm. */
static void published(struct jwks *ret_keys)
{
    static const char *const names[SIGNERS] = {NULL, "rsa-1", "rsa-2", "small", "p256", "p384", "p521"};
    struct buf set = buf_of(set_bytes, sizeof set_bytes);
    const struct json_node *node = NULL;
    buf_text(&set, "{\"keys\":[{\"kty\":\"oct\",\"kid\":\"shared\",\"k\":\"c2VjcmV0\"}");
    for (size_t i = RSA_1; i < SIGNERS; i++) {
        buf_byte(&set, ',');
        token_key(&set, keys[i], names[i], i == RSA_2 ? ",\"alg\":\"RS256\",\"use\":\"sig\"" : "");
    }
    buf_text(&set, "]}");
    ck_assert_int_eq(json_read(buf_span(&set), &arena, &node), OK);
    ck_assert_uint_eq(jwks_read(node, &arena, ret_keys), ACCEPTED);
}

static enum refusal judge(struct span text, struct identity_person *ret_person, bool *ret_unknown)
{
    const struct id_token_wanted wanted = {
        .issuer = SPAN("https://id.acme.test"), .client_id = SPAN("us"), .nonce = SPAN("a-nonce"), .now_ms = NOW_MS};
    struct id_token token;
    struct jwks set;
    published(&set);
    *ret_unknown = false;
    enum refusal refusal = id_token_open(text, &arena, &token);
    refusal = refusal == ACCEPTED ? jwks_verify(&set, &token, ret_unknown) : refusal;
    return refusal == ACCEPTED ? id_token_judge(token.claims, &wanted, ret_person) : refusal;
}

static struct span make(const char *header, const char *claims, enum signer signer, const char *alg)
{
    struct buf out = buf_of(token_bytes, sizeof token_bytes);
    token_write(&out, span_text(header), span_text(claims), keys[signer], alg);
    return buf_span(&out);
}

/* --- signatures --- */

static const struct {
    const char *name;
    const char *header;
    enum signer signer;
    const char *alg; /* of the signature, whatever the header says */
    enum refusal refusal;
    bool unknown;
} signatures[] = {
    {"RS256",                                           "{\"alg\":\"RS256\",\"kid\":\"rsa-1\"}",                              RSA_1,     "RS256", ACCEPTED,                        false},
    {"RS384",                                           "{\"alg\":\"RS384\",\"kid\":\"rsa-1\"}",                              RSA_1,     "RS384", ACCEPTED,                        false},
    {"RS512",                                           "{\"alg\":\"RS512\",\"kid\":\"rsa-1\"}",                              RSA_1,     "RS512", ACCEPTED,                        false},
    {"PS256",                                           "{\"alg\":\"PS256\",\"kid\":\"rsa-1\"}",                              RSA_1,     "PS256", ACCEPTED,                        false},
    {"PS384",                                           "{\"alg\":\"PS384\",\"kid\":\"rsa-1\"}",                              RSA_1,     "PS384", ACCEPTED,                        false},
    {"PS512",                                           "{\"alg\":\"PS512\",\"kid\":\"rsa-1\"}",                              RSA_1,     "PS512", ACCEPTED,                        false},
    {"ES256",                                           "{\"alg\":\"ES256\",\"kid\":\"p256\"}",                               P256,      "ES256", ACCEPTED,                        false},
    {"ES384",                                           "{\"alg\":\"ES384\",\"kid\":\"p384\"}",                               P384,      "ES384", ACCEPTED,                        false},
    {"ES512",                                           "{\"alg\":\"ES512\",\"kid\":\"p521\"}",                               P521,      "ES512", ACCEPTED,                        false},
    {"a key that is for RS256 signs so",                "{\"alg\":\"RS256\",\"kid\":\"rsa-2\"}",                              RSA_2,     "RS256", ACCEPTED,                        false},
    {"a token without a name is tried with every key",  "{\"alg\":\"RS256\"}",                                                RSA_2,     "RS256", ACCEPTED,                        false},
    {"a key that is for RS256 does not sign otherwise", "{\"alg\":\"PS256\",\"kid\":\"rsa-2\"}",                              RSA_2,     "PS256",
     REFUSED_token_signature_invalid,                                                                                                                                              true },
    {"a name that nobody published",                    "{\"alg\":\"RS256\",\"kid\":\"rsa-9\"}",                              RSA_1,     "RS256",
     REFUSED_token_signature_invalid,                                                                                                                                              true },
    {"another key's name",                              "{\"alg\":\"RS256\",\"kid\":\"rsa-2\"}",                              RSA_1,     "RS256", REFUSED_token_signature_invalid,
     false                                                                                                                                                                              },
    {"none",                                            "{\"alg\":\"none\"}",                                                 NOBODY,    "",      REFUSED_token_signature_invalid, false},
    {"None",                                            "{\"alg\":\"None\",\"kid\":\"rsa-1\"}",                               NOBODY,    "",      REFUSED_token_signature_invalid, false},
    {"no signature",                                    "{\"alg\":\"RS256\",\"kid\":\"rsa-1\"}",                              NOBODY,    "",      REFUSED_token_signature_invalid, false},
    {"another algorithm than the header's",             "{\"alg\":\"RS256\",\"kid\":\"rsa-1\"}",                              RSA_1,     "PS256",
     REFUSED_token_signature_invalid,                                                                                                                                              false},
    {"an algorithm that the key is not for",            "{\"alg\":\"ES256\",\"kid\":\"rsa-1\"}",                              RSA_1,     "RS256",
     REFUSED_token_signature_invalid,                                                                                                                                              true },
    {"another curve",                                   "{\"alg\":\"ES256\",\"kid\":\"p384\"}",                               P384,      "ES256", REFUSED_token_signature_invalid, true },
    {"a key of 1024 bits",                              "{\"alg\":\"RS256\",\"kid\":\"small\"}",                              RSA_SMALL, "RS256", REFUSED_token_signature_invalid,
     true                                                                                                                                                                               },
    {"EdDSA",                                           "{\"alg\":\"EdDSA\",\"kid\":\"rsa-1\"}",                              RSA_1,     "RS256", REFUSED_token_signature_invalid, false},
    {"a shared secret",                                 "{\"alg\":\"HS256\",\"kid\":\"shared\"}",                             RSA_1,     "RS256", REFUSED_token_signature_invalid,
     false                                                                                                                                                                              },
    {"an extension that has to be understood",          "{\"alg\":\"RS256\",\"kid\":\"rsa-1\",\"crit\":[\"exp\"],\"exp\":1}",
     RSA_1,                                                                                                                              "RS256", REFUSED_provider_answer_invalid, false},
    {"a payload that is none",                          "{\"alg\":\"RS256\",\"kid\":\"rsa-1\",\"b64\":false}",                RSA_1,     "RS256",
     REFUSED_provider_answer_invalid,                                                                                                                                              false},
    {"two algorithms",                                  "{\"alg\":\"RS256\",\"alg\":\"none\"}",                               RSA_1,     "RS256", REFUSED_provider_answer_invalid, false},
    {"an algorithm that is no text",                    "{\"alg\":256}",                                                      RSA_1,     "RS256", REFUSED_provider_answer_invalid, false},
    {"a name that is no text",                          "{\"alg\":\"RS256\",\"kid\":1}",                                      RSA_1,     "RS256", REFUSED_provider_answer_invalid, false},
    {"a header that is a list",                         "[\"RS256\"]",                                                        RSA_1,     "RS256", REFUSED_provider_answer_invalid, false},
    {"a header that is no JSON",                        "RS256",                                                              RSA_1,     "RS256", REFUSED_provider_answer_invalid, false},
};

START_TEST(a_signature_is_a_published_keys)
{
    struct identity_person person;
    bool unknown = false;
    const struct span token = make(signatures[_i].header, "{" ISS "," AUD "," TIMES "," NONCE "," SUB "}",
                                   signatures[_i].signer, signatures[_i].alg);
    const enum refusal refusal = judge(token, &person, &unknown);
    ck_assert_msg(refusal == signatures[_i].refusal, "%s: %d", signatures[_i].name, (int)refusal);
    ck_assert_msg(unknown == signatures[_i].unknown, "%s", signatures[_i].name);
}

END_TEST

/* The classical confusion: what is published is taken for what is shared. */
START_TEST(a_public_key_is_no_secret)
{
    static const char header[] = "{\"alg\":\"HS256\",\"kid\":\"rsa-1\"}";
    struct identity_person person;
    struct jwks set;
    bool unknown = false;
    uint8_t tag[32];
    unsigned tag_len = sizeof tag;
    published(&set);
    for (int form = 0; form < 2; form++) {
        struct buf out = buf_of(token_bytes, sizeof token_bytes);
        token_part(&out, span_text(header));
        buf_byte(&out, '.');
        token_part(&out, SPAN("{" ISS "," AUD "," TIMES "," NONCE "," SUB "}"));
        const struct span secret = form == 0 ? set.keys[0].key.a : span_of(set_bytes, 100);
        ck_assert_ptr_nonnull(HMAC(EVP_sha256(), secret.data, (int)secret.len, out.data, out.len, tag, &tag_len));
        buf_byte(&out, '.');
        token_part(&out, span_of(tag, tag_len));
        ck_assert_uint_eq(judge(buf_span(&out), &person, &unknown), REFUSED_token_signature_invalid);
    }
}

END_TEST

START_TEST(every_changed_byte_breaks_a_token)
{
    struct identity_person person;
    bool unknown = false;
    const struct span token =
        make("{\"alg\":\"ES256\",\"kid\":\"p256\"}", "{" ISS "," AUD "," TIMES "," NONCE "," SUB "}", P256, "ES256");
    for (size_t i = 0; i < token.len; i++) {
        const uint8_t was = token_bytes[i];
        token_bytes[i] = was == 'A' ? 'B' : 'A';
        ck_assert_msg(judge(token, &person, &unknown) != ACCEPTED, "byte %zu", i);
        token_bytes[i] = was;
        arena_reset(&arena);
    }
    ck_assert_uint_eq(judge(token, &person, &unknown), ACCEPTED);
    for (size_t len = 0; len < token.len; len++) {
        ck_assert_msg(judge(span_of(token.data, len), &person, &unknown) != ACCEPTED, "%zu bytes", len);
        arena_reset(&arena);
    }
}

END_TEST

/* --- parts --- */

static const char *const no_tokens[] = {
    "",
    ".",
    "..",
    "...",
    "e30",
    "e30.e30",
    "e30.e30.",
    "e30.e30.e30.e30",
    "e30=.e30.e30",
    "e3 0.e30.e30",
    "e.e30.e30",
    "eyJhbGciOiJSUzI1NiJ9.e30=.x",
    "eyJhbGciOiJSUzI1NiJ9.W10.x",
    "eyJhbGciOiJSUzI1NiJ9.eyJhIjox.x",
    "eyJhbGciOiJSUzI1NiJ9.eyJhIjoxfR.x",
    "eyJhbGciOiJSUzI1NiJ9..x",
    "eyJhbGciOiJSUzI1NiJ+.e30.x",
};

START_TEST(what_is_no_token_is_refused)
{
    struct id_token token;
    ck_assert_uint_eq(id_token_open(span_text(no_tokens[_i]), &arena, &token), REFUSED_provider_answer_invalid);
}

END_TEST

START_TEST(a_token_has_an_end)
{
    static char claims[20000];
    struct id_token token;
    const char *header = "{\"alg\":\"RS256\",\"kid\":\"rsa-1\"}";
    memset(claims, 'a', sizeof claims - 1);
    memcpy(claims, "{\"a\":\"", 6);
    memcpy(claims + 10000, "\"}", 3);
    ck_assert_uint_eq(id_token_open(make(header, claims, RSA_1, "RS256"), &arena, &token), ACCEPTED);
    memset(claims + 10000, 'a', 3);
    memcpy(claims + sizeof claims - 3, "\"}", 3);
    ck_assert_uint_eq(id_token_open(make(header, claims, RSA_1, "RS256"), &arena, &token),
                      REFUSED_provider_answer_invalid);
    struct arena small;
    arena_init(&small, 1024);
    memcpy(claims + 10000, "\"}", 3);
    ck_assert_uint_eq(id_token_open(make(header, claims, RSA_1, "RS256"), &small, &token), REFUSED_out_of_memory);
    arena_done(&small);
}

END_TEST

/* --- claims --- */

static const struct {
    const char *name;
    const char *claims;
    enum refusal refusal;
} tokens[] = {
    {"good",                            ISS "," AUD "," TIMES "," NONCE "," SUB,                                      ACCEPTED                       },
    {"another issuer",                  "\"iss\":\"https://id.evil.test\"," AUD "," TIMES "," NONCE "," SUB,          REFUSED_token_issuer_wrong     },
    {"an issuer with a slash more",     "\"iss\":\"https://id.acme.test/\"," AUD "," TIMES "," NONCE "," SUB,
     REFUSED_token_issuer_wrong                                                                                                                      },
    {"no issuer",                       AUD "," TIMES "," NONCE "," SUB,                                              REFUSED_provider_answer_invalid},
    {"an issuer that is no text",       "\"iss\":[\"https://id.acme.test\"]," AUD "," TIMES "," NONCE "," SUB,
     REFUSED_provider_answer_invalid                                                                                                                 },
    {"another audience",                ISS ",\"aud\":\"them\"," TIMES "," NONCE "," SUB,                             REFUSED_token_audience_wrong   },
    {"an audience that begins as ours", ISS ",\"aud\":\"us2\"," TIMES "," NONCE "," SUB,                              REFUSED_token_audience_wrong   },
    {"a list of ours",                  ISS ",\"aud\":[\"us\"]," TIMES "," NONCE "," SUB,                             ACCEPTED                       },
    {"an empty list",                   ISS ",\"aud\":[]," TIMES "," NONCE "," SUB,                                   REFUSED_token_audience_wrong   },
    {"two audiences",                   ISS ",\"aud\":[\"them\",\"us\"]," TIMES "," NONCE "," SUB,                    REFUSED_token_audience_wrong   },
    {"two audiences, made for us",      ISS ",\"aud\":[\"them\",\"us\"],\"azp\":\"us\"," TIMES "," NONCE "," SUB,     ACCEPTED                       },
    {"two audiences, made for them",    ISS ",\"aud\":[\"them\",\"us\"],\"azp\":\"them\"," TIMES "," NONCE "," SUB,
     REFUSED_token_audience_wrong                                                                                                                    },
    {"ours, made for them",             ISS "," AUD ",\"azp\":\"them\"," TIMES "," NONCE "," SUB,                     REFUSED_token_audience_wrong   },
    {"theirs, made for us",             ISS ",\"aud\":\"them\",\"azp\":\"us\"," TIMES "," NONCE "," SUB,
     REFUSED_token_audience_wrong                                                                                                                    },
    {"seventeen audiences",
     ISS ",\"aud\":[\"us\",1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],\"azp\":\"us\"," TIMES "," NONCE "," SUB,
     REFUSED_provider_answer_invalid                                                                                                                 },
    {"no audience",                     ISS "," TIMES "," NONCE "," SUB,                                              REFUSED_provider_answer_invalid},
    {"an audience that is a number",    ISS ",\"aud\":1," TIMES "," NONCE "," SUB,                                    REFUSED_token_audience_wrong   },
    {"over",                            ISS "," AUD ",\"exp\":1799999940,\"iat\":1799999000," NONCE "," SUB,          REFUSED_token_expired          },
    {"over, but for clocks",            ISS "," AUD ",\"exp\":1799999941,\"iat\":1799999000," NONCE "," SUB,          ACCEPTED                       },
    {"not begun",                       ISS "," AUD ",\"exp\":1800000300,\"iat\":1800000061," NONCE "," SUB,          REFUSED_token_expired          },
    {"not begun, but for clocks",       ISS "," AUD ",\"exp\":1800000300,\"iat\":1800000060," NONCE "," SUB,          ACCEPTED                       },
    {"not before later",                ISS "," AUD "," TIMES ",\"nbf\":1800000061," NONCE "," SUB,                   REFUSED_token_expired          },
    {"not before now",                  ISS "," AUD "," TIMES ",\"nbf\":" NOW_S "," NONCE "," SUB,                    ACCEPTED                       },
    {"no end",                          ISS "," AUD ",\"iat\":1799999999," NONCE "," SUB,                             REFUSED_provider_answer_invalid},
    {"no beginning",                    ISS "," AUD ",\"exp\":1800000300," NONCE "," SUB,                             REFUSED_provider_answer_invalid},
    {"fractions",                       ISS "," AUD ",\"exp\":1800000300.5,\"iat\":1799999999.25," NONCE "," SUB,     ACCEPTED                       },
    {"an end that is a text",           ISS "," AUD ",\"exp\":\"1800000300\",\"iat\":1799999999," NONCE "," SUB,
     REFUSED_provider_answer_invalid                                                                                                                 },
    {"an end before all time",          ISS "," AUD ",\"exp\":-1,\"iat\":1799999999," NONCE "," SUB,
     REFUSED_provider_answer_invalid                                                                                                                 },
    {"an end after all time",           ISS "," AUD ",\"exp\":9223372036854775807,\"iat\":1799999999," NONCE "," SUB,
     REFUSED_provider_answer_invalid                                                                                                                 },
    {"a real end after all time",       ISS "," AUD ",\"exp\":1e300,\"iat\":1799999999," NONCE "," SUB,
     REFUSED_provider_answer_invalid                                                                                                                 },
    {"a beginning of another kind",     ISS "," AUD "," TIMES ",\"nbf\":null," NONCE "," SUB,
     REFUSED_provider_answer_invalid                                                                                                                 },
    {"no nonce",                        ISS "," AUD "," TIMES "," SUB,                                                REFUSED_nonce_wrong            },
    {"another nonce",                   ISS "," AUD "," TIMES ",\"nonce\":\"b-nonce\"," SUB,                          REFUSED_nonce_wrong            },
    {"a longer nonce",                  ISS "," AUD "," TIMES ",\"nonce\":\"a-nonce2\"," SUB,                         REFUSED_nonce_wrong            },
    {"a nonce that is a list",          ISS "," AUD "," TIMES ",\"nonce\":[\"a-nonce\"]," SUB,                        REFUSED_nonce_wrong            },
    {"no subject",                      ISS "," AUD "," TIMES "," NONCE,                                              REFUSED_provider_answer_invalid},
    {"an empty subject",                ISS "," AUD "," TIMES "," NONCE ",\"sub\":\"\"",                              REFUSED_provider_answer_invalid},
    {"a subject that is a number",      ISS "," AUD "," TIMES "," NONCE ",\"sub\":1",                                 REFUSED_provider_answer_invalid},
    {"a subject of two lines",          ISS "," AUD "," TIMES "," NONCE ",\"sub\":\"a\\nb\"",                         REFUSED_provider_answer_invalid},
    {"a subject with a NUL",            ISS "," AUD "," TIMES "," NONCE ",\"sub\":\"a\\u0000b\"",                     REFUSED_provider_answer_invalid},
    {"a subject that is no UTF-8",      ISS "," AUD "," TIMES "," NONCE ",\"sub\":\"\xFF\"",
     REFUSED_provider_answer_invalid                                                                                                                 },
    {"two subjects",                    ISS "," AUD "," TIMES "," NONCE "," SUB "," SUB,                              REFUSED_provider_answer_invalid},
};

START_TEST(a_token_says_what_it_has_to)
{
    char claims[2048];
    struct identity_person person;
    bool unknown = false;
    (void)snprintf(claims, sizeof claims, "{%s}", tokens[_i].claims);
    const struct span token = make("{\"alg\":\"ES256\",\"kid\":\"p256\"}", claims, P256, "ES256");
    const enum refusal refusal = judge(token, &person, &unknown);
    ck_assert_msg(refusal == tokens[_i].refusal, "%s: %d", tokens[_i].name, (int)refusal);
    if (refusal == ACCEPTED) {
        ck_assert(span_equal(person.subject, SPAN("248289761001")));
    }
}

END_TEST

START_TEST(a_subject_has_255_bytes_at_most)
{
    char subject[257];
    char claims[1024];
    struct identity_person person;
    bool unknown = false;
    memset(subject, 'a', sizeof subject);
    for (int len = 255; len <= 256; len++) {
        (void)snprintf(claims, sizeof claims, "{" ISS "," AUD "," TIMES "," NONCE ",\"sub\":\"%.*s\"}", len, subject);
        const struct span token = make("{\"alg\":\"ES256\",\"kid\":\"p256\"}", claims, P256, "ES256");
        ck_assert_uint_eq(judge(token, &person, &unknown), len == 255 ? ACCEPTED : REFUSED_provider_answer_invalid);
    }
}

END_TEST

static const struct {
    const char *claims;
    const char *email;
    bool verified;
    const char *name;
} persons[] = {
    {"{}",                                                                     NULL,            false, NULL        },
    {"{\"email\":\"Ada@Acme.test\",\"email_verified\":true,\"name\":\"Ada\"}", "Ada@Acme.test", true,  "Ada"       },
    {"{\"email\":\"a@b\",\"email_verified\":\"true\"}",                        "a@b",           true,  NULL        },
    {"{\"email\":\"a@b\",\"email_verified\":\"yes\"}",                         "a@b",           false, NULL        },
    {"{\"email\":\"a@b\",\"email_verified\":1}",                               "a@b",           false, NULL        },
    {"{\"email\":\"a@b\"}",                                                    "a@b",           false, NULL        },
    {"{\"email\":\"nobody\",\"email_verified\":true}",                         NULL,            false, NULL        },
    {"{\"email\":\"a@b\\n\",\"email_verified\":true}",                         NULL,            false, NULL        },
    {"{\"email\":[\"a@b\"],\"email_verified\":true}",                          NULL,            false, NULL        },
    {"{\"name\":\"A\\u001bda\"}",                                              NULL,            false, NULL        },
    {"{\"name\":\"\"}",                                                        NULL,            false, NULL        },
    {"{\"name\":\"\xC3\x85sa\"}",                                              NULL,            false, "\xC3\x85sa"},
};

START_TEST(what_is_told_of_a_person_is_taken_when_it_is_fit)
{
    struct identity_person person = {.subject = SPAN("x")};
    const struct json_node *claims = NULL;
    ck_assert_int_eq(json_read(span_text(persons[_i].claims), &arena, &claims), OK);
    id_token_person(claims, &person);
    ck_assert_int_eq(person.email.data != NULL, persons[_i].email != NULL);
    ck_assert_int_eq(person.name.data != NULL, persons[_i].name != NULL);
    ck_assert_int_eq(person.email_verified, persons[_i].verified);
    if (persons[_i].email != NULL) {
        ck_assert(span_equal(person.email, span_text(persons[_i].email)));
    }
    if (persons[_i].name != NULL) {
        ck_assert(span_equal(person.name, span_text(persons[_i].name)));
    }
}

END_TEST

/* --- key sets --- */

static const struct {
    const char *set;
    enum refusal refusal;
} sets[] = {
    {"{\"keys\":[]}",                                                                                          ACCEPTED                       },
    {"{\"keys\":[1,null,{},{\"kty\":\"RSA\"},{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AQ\",\"y\":\"AQ\"}]}",  ACCEPTED                       },
    {"{\"keys\":[{\"kty\":\"RSA\",\"n\":\"!\",\"e\":\"AQAB\"}]}",                                              ACCEPTED                       },
    {"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AQ\"},{\"kty\":\"EC\",\"crv\":\"secp256k1\"}]}",
     ACCEPTED                                                                                                                                 },
    {"{}",                                                                                                     REFUSED_provider_answer_invalid},
    {"{\"keys\":{}}",                                                                                          REFUSED_provider_answer_invalid},
    {"[]",                                                                                                     REFUSED_provider_answer_invalid},
};

START_TEST(keys_that_are_not_for_us_are_passed_over)
{
    struct jwks set;
    const struct json_node *node = NULL;
    ck_assert_int_eq(json_read(span_text(sets[_i].set), &arena, &node), OK);
    ck_assert_uint_eq(jwks_read(node, &arena, &set), sets[_i].refusal);
    if (sets[_i].refusal == ACCEPTED) {
        ck_assert_uint_eq(set.count, 0);
    }
}

END_TEST

START_TEST(a_key_is_for_what_it_says)
{
    static const struct {
        const char *more;
        uint32_t count;
    } rows[] = {
        {"",                                                1},
        {",\"use\":\"sig\"",                                1},
        {",\"key_ops\":[\"verify\"]",                       1},
        {",\"use\":\"sig\",\"key_ops\":[\"a\",\"verify\"]", 1},
        {",\"use\":\"enc\"",                                0},
        {",\"use\":1",                                      0},
        {",\"key_ops\":[\"encrypt\"]",                      0},
        {",\"key_ops\":\"verify\"",                         0},
    };

    struct jwks set;
    const struct json_node *node = NULL;
    struct buf out = buf_of(set_bytes, sizeof set_bytes);
    buf_text(&out, "{\"keys\":[");
    token_key(&out, keys[RSA_1], NULL, rows[_i].more);
    buf_text(&out, "]}");
    ck_assert_int_eq(json_read(buf_span(&out), &arena, &node), OK);
    ck_assert_uint_eq(jwks_read(node, &arena, &set), ACCEPTED);
    ck_assert_uint_eq(set.count, rows[_i].count);
}

END_TEST

START_TEST(a_set_has_64_keys_at_most)
{
    struct jwks set;
    const struct json_node *node = NULL;
    for (unsigned count = PROVIDER_KEYS_MAX; count <= PROVIDER_KEYS_MAX + 1; count++) {
        struct buf out = buf_of(set_bytes, sizeof set_bytes);
        buf_text(&out, "{\"keys\":[");
        for (unsigned i = 0; i < count; i++) {
            buf_text(&out, i == 0 ? "" : ",");
            token_key(&out, keys[P256], "k", "");
        }
        buf_text(&out, "]}");
        ck_assert_int_eq(json_read(buf_span(&out), &arena, &node), OK);
        ck_assert_uint_eq(jwks_read(node, &arena, &set),
                          count == PROVIDER_KEYS_MAX ? ACCEPTED : REFUSED_provider_answer_invalid);
    }
    struct arena small;
    arena_init(&small, 0);
    struct buf out = buf_of(set_bytes, sizeof set_bytes);
    buf_text(&out, "{\"keys\":[");
    token_key(&out, keys[P256], "k", "");
    buf_text(&out, "]}");
    ck_assert_int_eq(json_read(buf_span(&out), &arena, &node), OK);
    ck_assert_uint_eq(jwks_read(node, &small, &set), REFUSED_out_of_memory);
    arena_done(&small);
}

END_TEST

#define ROWS(table_) ((int)(sizeof(table_) / sizeof *(table_)))

int main(void)
{
    Suite *suite = suite_create("id_token");
    TCase *tcase = tcase_create("id_token");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, a_signature_is_a_published_keys, 0, ROWS(signatures));
    tcase_add_test(tcase, a_public_key_is_no_secret);
    tcase_add_test(tcase, every_changed_byte_breaks_a_token);
    tcase_add_loop_test(tcase, what_is_no_token_is_refused, 0, ROWS(no_tokens));
    tcase_add_test(tcase, a_token_has_an_end);
    tcase_add_loop_test(tcase, a_token_says_what_it_has_to, 0, ROWS(tokens));
    tcase_add_test(tcase, a_subject_has_255_bytes_at_most);
    tcase_add_loop_test(tcase, what_is_told_of_a_person_is_taken_when_it_is_fit, 0, ROWS(persons));
    tcase_add_loop_test(tcase, keys_that_are_not_for_us_are_passed_over, 0, ROWS(sets));
    tcase_add_loop_test(tcase, a_key_is_for_what_it_says, 0, 8);
    tcase_add_test(tcase, a_set_has_64_keys_at_most);
    suite_add_tcase(suite, tcase);
    make_keys();
    const int code = run_suite(suite);
    free_keys();
    return code;
}
