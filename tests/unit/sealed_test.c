/* sealed_test.c: what other programs had sealed: found by its id, counted by key, gone after its time; and the form of
 * an account's login, of which there is one spelling. */
#include "core/ledger/sealed.h"

#include <check.h>
#include <string.h>

#include "core/wire/login.h"
#include "tests/suite.h"

static struct id id_of(enum id_kind kind, uint8_t n)
{
    const uint8_t randomness[10] = {[9] = n};
    return id_make(kind, 1000, randomness);
}

static const struct id here = {.kind = ID_WORKSPACE, .uuid = {1}};

static struct sealed_secret secret_of(uint8_t n, uint8_t key)
{
    return (struct sealed_secret){.secret_id = id_of(ID_SECRET, n),
                                  .owner_id = id_of(ID_MEMBER, n),
                                  .workspace_id = here,
                                  .key_id = id_of(ID_KEY, key),
                                  .at_ms = n,
                                  .mark = {n}};
}

static bool none_is_named(void *context, const struct sealed_secret *secret)
{
    uint32_t *asked = context;
    (void)secret;
    (*asked)++;
    return false;
}

static bool even_is_named(void *context, const struct sealed_secret *secret)
{
    (void)context;
    return secret->at_ms % 2 == 0;
}

START_TEST(a_secret_is_found_by_its_id_until_its_time_is_over)
{
    OWNED(sealed_free) struct sealed *sealed = sealed_new();
    struct sealed_secret found;
    for (uint8_t n = 1; n <= 3; n++) {
        const struct sealed_secret secret = secret_of(n, 1);
        ck_assert(!sealed_find(sealed, &secret.secret_id, &found));
        sealed_add(sealed, &secret);
        ck_assert(sealed_find(sealed, &secret.secret_id, &found));
        ck_assert(id_equal(&found.owner_id, &secret.owner_id));
    }
    ck_assert(!sealed_take(sealed, 1, &found));
    ck_assert(sealed_take(sealed, 3, &found));
    ck_assert(sealed_take(sealed, 3, &found));
    ck_assert(!sealed_take(sealed, 3, &found));
    const struct sealed_secret last = secret_of(3, 1);
    ck_assert(sealed_find(sealed, &last.secret_id, &found));
    ck_assert_int_eq(found.at_ms, 3);
}

END_TEST

START_TEST(a_key_has_room_until_too_many_of_its_are_not_named)
{
    OWNED(sealed_free) struct sealed *sealed = sealed_new();
    const struct id key_id = id_of(ID_KEY, 1);
    const struct id other_id = id_of(ID_KEY, 2);
    uint32_t asked = 0;
    for (uint8_t n = 1; n <= SEALED_PER_KEY; n++) {
        ck_assert(sealed_has_room(sealed, &here, &key_id, none_is_named, &asked));
        ck_assert_uint_eq(asked, 0); /* nothing depends on it yet */
        const struct sealed_secret secret = secret_of(n, 1);
        sealed_add(sealed, &secret);
    }
    ck_assert(!sealed_has_room(sealed, &here, &key_id, none_is_named, &asked));
    ck_assert_uint_eq(asked, SEALED_PER_KEY);
    ck_assert(sealed_has_room(sealed, &here, &other_id, none_is_named, &asked));
    ck_assert(sealed_has_room(sealed, &here, &key_id, even_is_named, NULL));
    ck_assert(sealed_has_room(sealed, &here, &key_id, none_is_named, &asked)); /* what was named stays so */
}

END_TEST

/* One workspace's keys have a quarter of it. */
START_TEST(all_keys_together_have_so_much_room)
{
    OWNED(sealed_free) struct sealed *sealed = sealed_new();
    const struct id key_id = id_of(ID_KEY, 255);
    uint32_t asked = 0;
    struct id there = here;
    for (uint32_t i = 0; i < SEALED_MAX; i++) {
        there.uuid[1] = (uint8_t)(i / SEALED_PER_WORKSPACE);
        ck_assert(sealed_has_room(sealed, &there, &key_id, none_is_named, &asked));
        struct sealed_secret secret = secret_of(1, (uint8_t)(i / SEALED_PER_KEY));
        secret.workspace_id = there;
        sealed_add(sealed, &secret);
        const bool is_last = (i + 1) % SEALED_PER_WORKSPACE == 0;
        ck_assert(sealed_has_room(sealed, &there, &key_id, none_is_named, &asked) == !is_last);
    }
    there.uuid[1] = 99;
    ck_assert(!sealed_has_room(sealed, &there, &key_id, none_is_named, &asked));
}

END_TEST

START_TEST(a_mark_is_anothers_by_what_it_begins_with)
{
    OWNED(sealed_free) struct sealed *sealed = sealed_new();
    struct sealed_secret secret = secret_of(1, 1);
    sealed_add(sealed, &secret);
    const struct id other = id_of(ID_MEMBER, 2);
    const struct id other_kind = id_of(ID_KEY, 2);
    ck_assert(!sealed_is_marked(sealed, &secret.owner_id, secret.mark)); /* its own */
    ck_assert(sealed_is_marked(sealed, &other, secret.mark));
    ck_assert(!sealed_is_marked(sealed, &other_kind, secret.mark));
    secret.mark[16] = 9;
    ck_assert(sealed_is_marked(sealed, &other, secret.mark));
    secret.mark[15] = 9;
    ck_assert(!sealed_is_marked(sealed, &other, secret.mark));
}

END_TEST

START_TEST(a_login_has_one_spelling_and_bounds)
{
    char longest[LOGIN_TEXT_MAX + 1];
    uint8_t bytes[2 * LOGIN_MAX];
    struct buf out = buf_of(bytes, sizeof bytes);
    struct login login = {.identifier = SPAN("a.test"), .password = SPAN("b")};
    struct login read;
    memset(longest, 'x', sizeof longest);
    ck_assert_int_eq(login_put(&out, &login), OK);
    ck_assert_int_eq(login_read(buf_span(&out), &read), OK);
    ck_assert(span_equal(read.identifier, login.identifier));
    ck_assert(span_equal(read.password, login.password));
    for (size_t len = 0; len < out.len; len++) {
        ck_assert_int_ne(login_read(span_of(bytes, len), &read), OK);
    }
    ck_assert_int_eq(login_read(span_of(bytes, out.len + 1), &read), ERR_TRAILING);
    login.password = SPAN("");
    ck_assert_int_eq(login_put(&out, &login), ERR_RANGE);
    login.password = SPAN("\xff");
    ck_assert_int_eq(login_put(&out, &login), ERR_NOT_UTF8);
    login.password = SPAN("b\0");
    ck_assert_int_eq(login_put(&out, &login), ERR_NUL);
    login.password = span_of(longest, sizeof longest);
    ck_assert_int_eq(login_put(&out, &login), ERR_TOO_LONG);
    login.identifier = login.password = span_of(longest, LOGIN_TEXT_MAX);
    out.len = 0;
    ck_assert_int_eq(login_put(&out, &login), OK);
    ck_assert_uint_le(out.len, LOGIN_MAX);
    ck_assert_int_eq(login_read(buf_span(&out), &read), OK);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("sealed");
    TCase *cases = tcase_create("sealed");
    tcase_add_test(cases, a_secret_is_found_by_its_id_until_its_time_is_over);
    tcase_add_test(cases, a_key_has_room_until_too_many_of_its_are_not_named);
    tcase_add_test(cases, all_keys_together_have_so_much_room);
    tcase_add_test(cases, a_mark_is_anothers_by_what_it_begins_with);
    tcase_add_test(cases, a_login_has_one_spelling_and_bounds);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
