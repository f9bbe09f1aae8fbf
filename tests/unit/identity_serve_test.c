/* identity_serve_test.c: the identity process's socket and the side that asks: who knows the key is answered, also by
 * the process's next life; others are told nothing; no question ends twice, and none is left without an end. */
#include "adapters/identity/serve.h"

#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/clock.h"
#include "core/base/lock.h"
#include "core/base/process.h"
#include "core/wire/identity_client.h"
#include "core/wire/party.h"
#include "tests/loopback.h"
#include "tests/suite.h"

#define WAIT_MS 10000

static const uint8_t key[FRAME_KEY_LEN] = {1, 2, 3};

/* The process's loop on a thread. */
struct process {
    struct identity_serve *serve;
    pthread_t thread;
    atomic_bool over;
    atomic_int troubles;
};

static struct process process;

static void count_trouble(const struct identity_trouble *trouble)
{
    ck_assert_ptr_nonnull(trouble->step);
    atomic_fetch_add(&process.troubles, 1);
}

static void *loop(void *context)
{
    (void)context;
    while (!atomic_load(&process.over)) {
        identity_serve_step(process.serve, clock_wall_ms, 10);
    }
    return NULL;
}

/* port 0: any. */
static uint16_t process_open(uint16_t port, uint16_t allowed)
{
    char url[64];
    struct identity_serve_options options = {.url = url, .wake_fd = -1, .trouble = count_trouble};
    (void)snprintf(url, sizeof url, "tcp://127.0.0.1:%u", port);
    options.guard = (struct guard){.loopback_only = true, .loopback_ports = {allowed}, .loopback_count = allowed != 0};
    memcpy(options.key, key, sizeof key);
    random_fill(options.challenge, sizeof options.challenge);
    ck_assert_int_eq(identity_serve_open(&options, &process.serve), OK);
    ck_assert_int_eq(identity_serve_listen(process.serve), OK);
    atomic_store(&process.over, false);
    ck_assert_int_eq(pthread_create(&process.thread, NULL, loop, NULL), 0);
    return identity_serve_port(process.serve);
}

static void process_close(void)
{
    atomic_store(&process.over, true);
    ck_assert_int_eq(pthread_join(process.thread, NULL), 0);
    identity_serve_close(process.serve);
}

static struct identity_client *connect_with(uint16_t port, const uint8_t whole_key[FRAME_KEY_LEN])
{
    char url[64];
    struct identity_client *client = NULL;
    struct identity_client_options options = {.url = url, .random = random_fill};
    (void)snprintf(url, sizeof url, "tcp://127.0.0.1:%u", port);
    identity_link_key(whole_key, options.key);
    ck_assert_int_eq(identity_client_open(&options, &client), OK);
    return client;
}

struct answer_room {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int count;
    enum err err; /* the last one's */
    enum refusal refusal;
};

static void answered(void *context, enum err err, struct span body)
{
    struct answer_room *room = context;
    struct span result;
    lock_take(&room->lock);
    room->count++;
    room->err = err;
    room->refusal = ACCEPTED;
    if (err == OK) {
        ck_assert_int_eq(body_result_read(body, &room->refusal, &result), OK);
    }
    ck_assert_int_eq(pthread_cond_broadcast(&room->changed), 0);
    lock_give(&room->lock);
}

static void room_init(struct answer_room *room)
{
    *room = (struct answer_room){.count = 0};
    lock_init(&room->lock);
    ck_assert_int_eq(pthread_cond_init(&room->changed, NULL), 0);
}

static void room_wait(struct answer_room *room, int count)
{
    lock_take(&room->lock);
    while (room->count < count) {
        ck_assert_int_eq(pthread_cond_wait(&room->changed, &room->lock), 0);
    }
    lock_give(&room->lock);
}

static enum err begin(struct identity_client *client, const char *issuer, int64_t timeout_ms, struct answer_room *room)
{
    const struct identity_ask ask = {.question = IDENTITY_AUTHORIZE,
                                     .issuer = span_text(issuer),
                                     .client_id = SPAN("us"),
                                     .redirect_uri = SPAN("https://a.test/"),
                                     .nonce = SPAN("n"),
                                     .scope = SPAN("openid"),
                                     .state = SPAN("s"),
                                     .challenge = SPAN("c")};
    return identity_client_ask(client, &ask, timeout_ms, answered, room);
}

static enum err ask(struct identity_client *client, const char *issuer, enum refusal *ret_refusal)
{
    struct answer_room room;
    room_init(&room);
    ck_assert_int_eq(begin(client, issuer, WAIT_MS, &room), OK);
    room_wait(&room, 1);
    *ret_refusal = room.refusal;
    return room.err;
}

START_TEST(who_knows_the_key_is_answered_by_every_life_of_the_process)
{
    enum refusal refusal = ACCEPTED;
    const uint16_t port = process_open(0, 0);
    OWNED(identity_client_close) struct identity_client *client = connect_with(port, key);
    for (int life = 0; life < 2; life++) {
        ck_assert_int_eq(ask(client, "https://id.acme.test", &refusal), OK);
        ck_assert_uint_eq(refusal, REFUSED_provider_unreachable); /* the guard lets nothing out */
        ck_assert_int_eq(ask(client, "https://127.0.0.1", &refusal), OK);
        ck_assert_uint_eq(refusal, REFUSED_provider_unreachable);
        struct identity_serve_figures figures;
        if (life == 0) {
            process_close();
            (void)process_open(port, 0);
        } else {
            identity_serve_figures(process.serve, &figures);
            ck_assert_uint_eq(figures.requests, 3); /* the first was welcomed, for it knew another life */
            ck_assert_uint_eq(figures.refused, 2);
            ck_assert_uint_eq(figures.strange, 0);
        }
    }
    ck_assert_int_eq(atomic_load(&process.troubles), 4);
    process_close();
}

END_TEST

START_TEST(a_greeting_is_answered_at_once_and_asks_nobody)
{
    const struct identity_ask greeting = {.question = IDENTITY_GREET};
    struct identity_serve_figures figures;
    struct answer_room room;
    OWNED(identity_client_close) struct identity_client *client = connect_with(process_open(0, 0), key);
    room_init(&room);
    ck_assert_int_eq(identity_client_ask(client, &greeting, WAIT_MS, answered, &room), OK);
    room_wait(&room, 1);
    ck_assert_int_eq(room.err, OK);
    ck_assert_uint_eq(room.refusal, ACCEPTED);
    identity_serve_figures(process.serve, &figures);
    ck_assert_uint_eq(figures.good, 1);
    ck_assert_int_eq(atomic_load(&process.troubles), 0);
    process_close();
}

END_TEST

START_TEST(who_does_not_know_the_key_is_told_nothing)
{
    static const uint8_t other[FRAME_KEY_LEN] = {9};
    struct identity_serve_figures figures;
    enum refusal refusal = ACCEPTED;
    OWNED(identity_client_close) struct identity_client *client = connect_with(process_open(0, 0), other);
    ck_assert_int_eq(ask(client, "https://id.acme.test", &refusal), ERR_CLOSED);
    identity_serve_figures(process.serve, &figures);
    ck_assert_uint_eq(figures.strange, 1);
    process_close();
}

END_TEST

START_TEST(nobody_there_is_a_question_that_was_never_sent)
{
    struct answer_room room;
    room_init(&room);
    OWNED(identity_client_close) struct identity_client *client = connect_with(1, key);
    ck_assert_int_eq(begin(client, "https://id.acme.test", 50, &room), OK);
    room_wait(&room, 1);
    ck_assert_int_eq(room.err, ERR_BUSY);
}

END_TEST

START_TEST(no_question_is_left_without_an_end)
{
    char issuer[64];
    uint16_t silent = 0;
    struct answer_room room;
    enum refusal refusal = ACCEPTED;
    const int fd = loopback_listen(&silent);
    room_init(&room);
    struct identity_client *client = connect_with(process_open(0, silent), key);
    ck_assert_int_eq(ask(client, "https://127.0.0.1", &refusal), OK);
    (void)snprintf(issuer, sizeof issuer, "http://127.0.0.1:%u", silent);
    for (unsigned i = 0; i < IDENTITY_QUESTIONS_MAX; i++) {
        ck_assert_int_eq(begin(client, issuer, WAIT_MS, &room), OK);
    }
    ck_assert_int_eq(begin(client, issuer, WAIT_MS, &room), ERR_BUSY);
    identity_client_close(client);
    ck_assert_int_eq(room.count, IDENTITY_QUESTIONS_MAX);
    ck_assert_int_eq(room.err, ERR_CLOSED);
    process_close();
    (void)close(fd);
}

END_TEST

START_TEST(a_process_that_ends_takes_no_more)
{
    enum refusal refusal = ACCEPTED;
    const uint16_t port = process_open(0, 0);
    OWNED(identity_client_close) struct identity_client *client = connect_with(port, key);
    ck_assert_int_eq(ask(client, "https://127.0.0.1", &refusal), OK);
    atomic_store(&process.over, true);
    ck_assert_int_eq(pthread_join(process.thread, NULL), 0);
    identity_serve_stopping(process.serve);
    ck_assert(identity_serve_is_idle(process.serve));
    atomic_store(&process.over, false);
    ck_assert_int_eq(pthread_create(&process.thread, NULL, loop, NULL), 0);
    ck_assert_int_eq(ask(client, "https://127.0.0.1", &refusal), ERR_BUSY);
    process_close();
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("identity_serve");
    TCase *tcase = tcase_create("identity_serve");
    tcase_add_test(tcase, who_knows_the_key_is_answered_by_every_life_of_the_process);
    tcase_add_test(tcase, a_greeting_is_answered_at_once_and_asks_nobody);
    tcase_add_test(tcase, who_does_not_know_the_key_is_told_nothing);
    tcase_add_test(tcase, nobody_there_is_a_question_that_was_never_sent);
    tcase_add_test(tcase, no_question_is_left_without_an_end);
    tcase_add_test(tcase, a_process_that_ends_takes_no_more);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
