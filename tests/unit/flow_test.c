/* flow_test.c: what a browser keeps while somebody is at an identity provider comes back as it went, once, within its
 * time and under our key, or not at all; and nobody is sent to another site by it. */
#include "gateway/sign_in/flow.h"

#include "core/base/assert.h"
#include "core/base/base64.h"
#include "core/vault/box.h"
#include "gateway/sign_in/cookie.h"
#include "tests/suite.h"

static const uint8_t key[32] = {1, 2, 3};
static const uint8_t other_key[32] = {1, 2, 4};
static const uint8_t nonce[12] = {5, 6};

#define NOW_MS 1760000000000
#define STATE "stateABCDEFGHIJabcdefghij0123456789xyz01234"
#define NONCE "nonceABCDEFGHIJabcdefghij0123456789xyz01234"
#define VERIFIER "verifABCDEFGHIJabcdefghij0123456789xyz01234"

static struct flow flow_of(const char *return_to)
{
    struct flow flow = {
        .purpose = FLOW_LINK,
        .provider_id = {.kind = ID_PROVIDER, .uuid = {1}},
        .session_id = {.kind = ID_SESSION,                   .uuid = {2}},
        .invitation = {3},
        .expires_ms = NOW_MS + FLOW_MAX_MS,
        .state = STATE,
        .nonce = NONCE,
        .verifier = VERIFIER
    };
    memcpy(flow.return_to, return_to, strlen(return_to) + 1);
    return flow;
}

static struct span sealed(const struct flow *flow, char text[FLOW_TEXT_MAX])
{
    struct buf out = buf_of(text, FLOW_TEXT_MAX);
    ck_assert_int_eq(flow_seal(key, nonce, flow, &out), OK);
    return buf_span(&out);
}

START_TEST(a_flow_comes_back_as_it_went)
{
    char longest[FLOW_RETURN_MAX + 1];
    memset(longest, 'a', FLOW_RETURN_MAX);
    longest[0] = '/';
    longest[FLOW_RETURN_MAX] = 0;
    const char *const paths[] = {"/", "/posts?status=draft#top", longest};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char text[FLOW_TEXT_MAX];
        char cookie[FLOW_COOKIE_MAX];
        const struct flow flow = flow_of(paths[i]);
        struct flow back;
        const struct span value = sealed(&flow, text);
        ck_assert_int_eq(flow_open(key, value, NOW_MS, &back), OK);
        ck_assert_int_eq(back.purpose, FLOW_LINK);
        ck_assert(id_equal(&back.provider_id, &flow.provider_id));
        ck_assert(id_equal(&back.session_id, &flow.session_id));
        ck_assert_mem_eq(back.invitation, flow.invitation, sizeof flow.invitation);
        ck_assert_int_eq(back.expires_ms, flow.expires_ms);
        ck_assert_str_eq(back.state, STATE);
        ck_assert_str_eq(back.nonce, NONCE);
        ck_assert_str_eq(back.verifier, VERIFIER);
        ck_assert_str_eq(back.return_to, paths[i]);
        cookie_write_flow(value, true, FLOW_MAX_MS / 1000, cookie);
        *strchr(cookie, ';') = 0;
        ck_assert(span_equal(cookie_flow(span_text(cookie), true), value));
    }
}

END_TEST

START_TEST(one_that_expired_is_none)
{
    char text[FLOW_TEXT_MAX];
    const struct flow flow = flow_of("/");
    struct flow back;
    const struct span value = sealed(&flow, text);
    ck_assert_int_eq(flow_open(key, value, flow.expires_ms - 1, &back), OK);
    ck_assert_int_eq(flow_open(key, value, flow.expires_ms, &back), ERR_AUTH);
}

END_TEST

START_TEST(one_that_was_changed_or_cut_is_none)
{
    char text[FLOW_TEXT_MAX];
    const struct flow flow = flow_of("/");
    struct flow back;
    const struct span value = sealed(&flow, text);
    ck_assert_int_eq(flow_open(other_key, value, NOW_MS, &back), ERR_AUTH);
    for (size_t len = 0; len < value.len; len++) {
        ck_assert_int_eq(flow_open(key, span_of(value.data, len), NOW_MS, &back), ERR_AUTH);
    }
    for (size_t i = 0; i < value.len; i++) {
        const char was = text[i];
        text[i] = was == 'A' ? 'B' : 'A';
        ck_assert_int_eq(flow_open(key, value, NOW_MS, &back), ERR_AUTH);
        text[i] = was;
    }
    ck_assert_int_eq(flow_open(key, (struct span){0}, NOW_MS, &back), ERR_AUTH);
    ck_assert_int_eq(flow_open(key, value, NOW_MS, &back), OK);
}

END_TEST

START_TEST(nothing_of_it_can_be_read)
{
    char text[FLOW_TEXT_MAX];
    uint8_t bytes[FLOW_TEXT_MAX];
    struct buf box = buf_of(bytes, sizeof bytes);
    const struct flow flow = flow_of("/");
    ck_assert_int_eq(base64_read(sealed(&flow, text), &box), OK);
    ck_assert_ptr_null(memmem(bytes, box.len, VERIFIER, TOKEN_LEN));
    ck_assert_ptr_null(memmem(bytes, box.len, NONCE, TOKEN_LEN));
}

END_TEST

START_TEST(what_another_release_sealed_is_none)
{
    char text[FLOW_TEXT_MAX];
    uint8_t bytes[64];
    struct buf box = buf_of(bytes, sizeof bytes);
    struct buf out = buf_of(text, sizeof text);
    struct flow back;
    ck_assert_int_eq(box_seal(key, nonce, SPAN("openpost sign-in flow"), SPAN("shorter"), &box), OK);
    base64_write(&out, buf_span(&box));
    ck_assert_int_eq(flow_open(key, buf_span(&out), NOW_MS, &back), ERR_AUTH);
}

END_TEST

START_TEST(the_state_is_compared_whole)
{
    const struct flow flow = flow_of("/");
    ck_assert(flow_is_state(&flow, SPAN(STATE)));
    ck_assert(!flow_is_state(&flow, SPAN(NONCE)));
    ck_assert(!flow_is_state(&flow, span_of(STATE, TOKEN_LEN - 1)));
    ck_assert(!flow_is_state(&flow, SPAN(STATE "x")));
    ck_assert(!flow_is_state(&flow, SPAN("")));
    ck_assert(!flow_is_state(&flow, (struct span){0}));
}

END_TEST

START_TEST(none_comes_back_twice_while_it_is_remembered)
{
    static struct spent_flows spent;
    struct flow flow = flow_of("/");
    spent_flows_init(&spent);
    ck_assert(spent_flows_add(&spent, &flow));
    ck_assert(!spent_flows_add(&spent, &flow));
    for (unsigned i = 0; i < FLOWS_SPENT_MAX - 1; i++) {
        struct flow another = flow;
        memcpy(another.state, &i, sizeof i);
        ck_assert(spent_flows_add(&spent, &another));
        ck_assert(!spent_flows_add(&spent, &another));
    }
    ck_assert(!spent_flows_add(&spent, &flow));
    struct flow last = flow;
    memcpy(last.state, "last", 4);
    ck_assert(spent_flows_add(&spent, &last));
    ck_assert(spent_flows_add(&spent, &flow)); /* forgotten: as many others came since */
    spent_flows_done(&spent);
}

END_TEST

static const struct {
    const char *path;
    bool good;
} paths[] = {
    {"/",                            true },
    {"/posts",                       true },
    {"/posts/../x?a=b&c=//d#/e",     true },
    {"",                             false},
    {"posts",                        false},
    {"//evil.example",               false},
    {"/\\evil.example",              false},
    {"\\\\evil.example",             false},
    {"https://evil.example/",        false},
    {"/\t/evil.example",             false},
    {"/a\r\nSet-Cookie: openpost=1", false},
    {"/a b",                         false},
    {"/\xC3\xA9",                    false},
    {"/\x7F",                        false},
};

START_TEST(it_returns_to_this_site_alone)
{
    ck_assert_msg(flow_returns_here(span_text(paths[_i].path)) == paths[_i].good, "%s", paths[_i].path);
}

END_TEST

START_TEST(a_path_that_is_too_long_is_refused)
{
    char path[FLOW_RETURN_MAX + 1];
    memset(path, 'a', sizeof path);
    path[0] = '/';
    ck_assert(flow_returns_here(span_of(path, FLOW_RETURN_MAX)));
    ck_assert(!flow_returns_here(span_of(path, FLOW_RETURN_MAX + 1)));
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("flow");
    TCase *tests = tcase_create("flow");
    tcase_add_test(tests, a_flow_comes_back_as_it_went);
    tcase_add_test(tests, one_that_expired_is_none);
    tcase_add_test(tests, one_that_was_changed_or_cut_is_none);
    tcase_add_test(tests, nothing_of_it_can_be_read);
    tcase_add_test(tests, what_another_release_sealed_is_none);
    tcase_add_test(tests, the_state_is_compared_whole);
    tcase_add_test(tests, none_comes_back_twice_while_it_is_remembered);
    tcase_add_loop_test(tests, it_returns_to_this_site_alone, 0, sizeof paths / sizeof *paths);
    tcase_add_test(tests, a_path_that_is_too_long_is_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
