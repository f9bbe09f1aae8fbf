/* hashers_test.c: passwords are hashed as RFC 7914 says, two at a time, in order, no more than the queue holds, and
 * none is forgotten at the end. */
#include "gateway/sign_in/hashers.h"

#include <check.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

#include "core/base/lock.h"
#include "tests/suite.h"

/* RFC 7914 section 12; its fourth needs a gigabyte. */
static const struct {
    const char *password, *salt;
    struct scrypt_cost cost;
    const char *hex;
} vectors[] = {
    {"",
     "",               {16, 1, 1},
     "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628c"
     "f"
     "35e20c38d18906"},
    {"password",
     "NaCl",           {1024, 8, 16},
     "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8"
     "3"
     "60cbdfa2cc0640"},
    {"pleaseletmein",
     "SodiumChloride", {16384, 8, 1},
     "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40d"
     "f"
     "cf017b45575887"},
};

START_TEST(what_rfc_7914_hashes_is_hashed_alike)
{
    uint8_t out[64];
    char text[129];
    struct buf hex = buf_of(text, sizeof text);
    ck_assert_int_eq(
        scrypt(span_text(vectors[_i].password), span_text(vectors[_i].salt), &vectors[_i].cost, out, sizeof out), OK);
    buf_hex(&hex, span_of(out, sizeof out));
    ck_assert_str_eq(buf_terminated(&hex), vectors[_i].hex);
}

END_TEST

static const struct scrypt_cost bad_costs[] = {
    {0,                 1,                1         },
    {1,                 1,                1         },
    {3,                 1,                1         },
    {16,                0,                1         },
    {16,                1,                0         },
    {1 << 16,           8,                1         }, /* 64 MiB and a little */
    {1 << 15,           8,                1024 << 4 },
    {(uint64_t)1 << 63, 8,                1         },
    {2,                 1,                UINT64_MAX},
    {2,                 UINT64_MAX / 128, 1         },
};

START_TEST(a_cost_that_is_none_or_too_high_is_refused)
{
    uint8_t out[SCRYPT_LEN];
    ck_assert_int_eq(scrypt(SPAN("password"), SPAN("salt"), &bad_costs[_i], out, sizeof out), ERR_RANGE);
}

END_TEST

START_TEST(what_a_password_costs_is_affordable)
{
    uint8_t out[SCRYPT_LEN];
    ck_assert_int_eq(scrypt(SPAN("password"), SPAN("salt"), &SCRYPT_COST, out, sizeof out), OK);
}

END_TEST

/* A function that waits for `go` when the password begins with w; the hash is the password's bytes. */
static sem_t go, begun;

static enum err held(struct span password, struct span salt, const struct scrypt_cost *cost, uint8_t *ret_out,
                     size_t out_len)
{
    ck_assert_uint_eq(cost->n, 16);
    ck_assert(span_equal(salt, SPAN("salt")));
    memset(ret_out, 0, out_len);
    memcpy(ret_out, password.data, password.len);
    (void)sem_post(&begun);
    if (password.data[0] == 'w') {
        while (sem_wait(&go) != 0) {
        }
    }
    return OK;
}

struct seen {
    pthread_mutex_t mutex;
    sem_t answered;
    unsigned count, closed;
    uint8_t order[HASHERS_QUEUE_MAX + 8];
};

static void note(void *context, enum err err, struct span hash)
{
    struct seen *seen = context;
    lock_take(&seen->mutex);
    if (err == OK) {
        ck_assert_uint_eq(hash.len, SCRYPT_LEN);
        seen->order[seen->count] = hash.data[1];
        seen->count++;
    } else {
        ck_assert_int_eq(err, ERR_CLOSED);
        seen->closed++;
    }
    lock_give(&seen->mutex);
    (void)sem_post(&seen->answered);
}

static enum err put(struct hashers *hashers, char kind, uint8_t number, struct seen *seen)
{
    const uint8_t password[2] = {(uint8_t)kind, number};
    const struct hash_wish wish = {
        .password = span_of(password, sizeof password), .salt = SPAN("salt"), .cost = {16, 1, 1}
    };
    return hashers_put(hashers, &wish, note, seen);
}

static void await(sem_t *semaphore, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        while (sem_wait(semaphore) != 0) {
        }
    }
}

static struct hashers *begin(struct seen *seen)
{
    struct hashers *hashers = NULL;
    *seen = (struct seen){.count = 0};
    lock_init(&seen->mutex);
    ck_assert_int_eq(sem_init(&seen->answered, 0, 0), 0);
    ck_assert_int_eq(sem_init(&go, 0, 0), 0);
    ck_assert_int_eq(sem_init(&begun, 0, 0), 0);
    ck_assert_int_eq(hashers_open(held, &hashers), OK);
    return hashers;
}

START_TEST(they_are_hashed_in_the_order_in_which_they_came)
{
    struct seen seen;
    struct hashers *hashers = begin(&seen);
    ck_assert_int_eq(put(hashers, 'w', 200, &seen), OK);
    ck_assert_int_eq(put(hashers, 'w', 201, &seen), OK);
    await(&begun, 2); /* both are busy */
    for (uint8_t i = 0; i < 50; i++) {
        ck_assert_int_eq(put(hashers, 'q', i, &seen), OK);
    }
    (void)sem_post(&go); /* one of them goes on, alone */
    await(&seen.answered, 51);
    for (uint8_t i = 0; i < 50; i++) {
        ck_assert_uint_eq(seen.order[i + 1], i);
    }
    (void)sem_post(&go);
    await(&seen.answered, 1);
    hashers_close(hashers);
    ck_assert_uint_eq(seen.count, 52);
    ck_assert_uint_eq(seen.closed, 0);
}

END_TEST

START_TEST(beyond_what_the_queue_holds_it_is_busy_and_then_it_is_not)
{
    struct seen seen;
    struct hashers *hashers = begin(&seen);
    ck_assert_int_eq(put(hashers, 'w', 0, &seen), OK);
    ck_assert_int_eq(put(hashers, 'w', 1, &seen), OK);
    await(&begun, 2);
    for (uint8_t i = 0; i < HASHERS_QUEUE_MAX; i++) {
        ck_assert_int_eq(put(hashers, 'q', i, &seen), OK);
    }
    ck_assert_int_eq(put(hashers, 'q', 99, &seen), ERR_BUSY);
    (void)sem_post(&go);
    (void)sem_post(&go);
    await(&seen.answered, HASHERS_QUEUE_MAX + 2);
    ck_assert_int_eq(put(hashers, 'q', 99, &seen), OK);
    await(&seen.answered, 1);
    hashers_close(hashers);
    ck_assert_uint_eq(seen.count, HASHERS_QUEUE_MAX + 3);
}

END_TEST

static void *stop(void *context)
{
    hashers_stop(context);
    return NULL;
}

START_TEST(at_the_stop_what_is_being_hashed_is_answered_and_the_rest_is_closed)
{
    struct seen seen;
    struct hashers *hashers = begin(&seen);
    pthread_t stopper;
    ck_assert_int_eq(put(hashers, 'w', 0, &seen), OK);
    ck_assert_int_eq(put(hashers, 'w', 1, &seen), OK);
    await(&begun, 2);
    for (uint8_t i = 2; i < 12; i++) {
        ck_assert_int_eq(put(hashers, 'q', i, &seen), OK);
    }
    ck_assert_int_eq(pthread_create(&stopper, NULL, stop, hashers), 0);
    while (put(hashers, 'q', 50, &seen) != ERR_CLOSED) { /* until it has begun to stop */
    }
    (void)sem_post(&go);
    (void)sem_post(&go);
    ck_assert_int_eq(pthread_join(stopper, NULL), 0);
    ck_assert_uint_eq(seen.count, 2);
    ck_assert_uint_ge(seen.closed, 10);
    ck_assert_int_eq(put(hashers, 'q', 50, &seen), ERR_CLOSED);
    hashers_stop(hashers); /* a second time changes nothing */
    hashers_close(hashers);
}

END_TEST

START_TEST(a_password_longer_than_any_is_refused)
{
    struct seen seen;
    struct hashers *hashers = begin(&seen);
    static const uint8_t much[HASHERS_PASSWORD_MAX + 1];
    struct hash_wish wish = {.password = span_of(much, sizeof much), .salt = SPAN("salt"), .cost = SCRYPT_COST};
    ck_assert_int_eq(hashers_put(hashers, &wish, note, &seen), ERR_TOO_LONG);
    wish = (struct hash_wish){.password = SPAN("p"), .salt = span_of(much, HASHERS_SALT_MAX + 1), .cost = SCRYPT_COST};
    ck_assert_int_eq(hashers_put(hashers, &wish, note, &seen), ERR_TOO_LONG);
    hashers_close(hashers);
    ck_assert_uint_eq(seen.count + seen.closed, 0);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("hashers");
    TCase *tests = tcase_create("hashers");
    tcase_add_loop_test(tests, what_rfc_7914_hashes_is_hashed_alike, 0, sizeof vectors / sizeof *vectors);
    tcase_add_loop_test(tests, a_cost_that_is_none_or_too_high_is_refused, 0, sizeof bad_costs / sizeof *bad_costs);
    tcase_add_test(tests, what_a_password_costs_is_affordable);
    tcase_add_test(tests, they_are_hashed_in_the_order_in_which_they_came);
    tcase_add_test(tests, beyond_what_the_queue_holds_it_is_busy_and_then_it_is_not);
    tcase_add_test(tests, at_the_stop_what_is_being_hashed_is_answered_and_the_rest_is_closed);
    tcase_add_test(tests, a_password_longer_than_any_is_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
