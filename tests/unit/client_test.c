/* client_test.c: what gateway and scheduler rely on: every command gets exactly one answer or "unknown", over batches,
 * restarts of the ledger, wrong keys and impostors; nothing is acted upon twice when the other side remembers command
 * ids. */
#include "core/wire/client.h"

#include <check.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/lock.h"
#include "core/message/codec.h"
#include "core/wire/endpoint.h"
#include "core/wire/publisher.h"
#include "tests/suite.h"

#define WAIT_MS 20000

/* A ledger of straw: accepts whatever carries a valid tag and counts it; each command's answer has seq = how many there
 * were. */
struct straw {
    struct endpoint *endpoint;
    struct frame_key *key;
    pthread_mutex_t lock;
    uint8_t challenge[FRAME_ID_LEN];
    uint64_t commands;
    uint64_t frames;
    uint64_t welcomes;
    bool silent;  /* drops every second frame of commands instead of answering */
    bool forging; /* answers with another key */
    char url[64];
    uint8_t out[FRAME_COMMANDS_MAX * 128];
    uint8_t body[FRAME_COMMANDS_MAX * 128];
};

static const uint8_t secret[FRAME_KEY_LEN] = {42};
static const uint8_t other_secret[FRAME_KEY_LEN] = {43};

static void straw_answer(struct straw *straw, const struct frame *request, uint8_t kind, struct span body,
                         struct endpoint_request *to)
{
    struct frame frame = *request;
    frame.kind = kind;
    frame.body = body;
    struct buf out = buf_of(straw->out, sizeof straw->out);
    ASSERT(frame_write(straw->key, &frame, &out) == OK);
    endpoint_reply(to, buf_span(&out));
}

static void straw_welcome(struct straw *straw, const struct frame *request, struct endpoint_request *to)
{
    struct welcome welcome = {.epoch = 3, .head = straw->commands, .time_ms = 1, .release = SPAN("straw")};
    memcpy(welcome.challenge, straw->challenge, sizeof welcome.challenge);
    struct buf body = buf_of(straw->body, sizeof straw->body);
    body_welcome_put(&body, &welcome);
    straw->welcomes++;
    straw_answer(straw, request, FRAME_WELCOME, buf_span(&body), to);
}

static void straw_decide(struct straw *straw, const struct frame *request, struct endpoint_request *to)
{
    straw->frames++;
    struct body_list list;
    ASSERT(body_commands_read(request->body, &list) == OK);
    struct buf body = buf_of(straw->body, sizeof straw->body);
    body_answers_begin(&body, list.left);
    while (list.left > 0) {
        struct span command;
        struct idempotency idempotency;
        ASSERT(body_command_next(&list, &command, &idempotency) == OK);
        straw->commands++;
        body_answer_put(&body, &(struct answer){.seq = straw->commands, .time_ms = 1});
    }
    if (straw->silent && straw->frames % 2 == 1) {
        endpoint_drop(to);
        return;
    }
    straw_answer(straw, request, FRAME_COMMANDS + FRAME_REPLY, buf_span(&body), to);
}

static void on_request(void *context, struct endpoint_request *request)
{
    struct straw *straw = context;
    struct frame frame;
    lock_take(&straw->lock);
    frame_key_set(straw->key, secret);
    if (frame_read(endpoint_bytes(request), &frame) != OK || !frame_check(straw->key, endpoint_bytes(request))) {
        const uint8_t refusal[64] = {0};
        endpoint_reply(request, span_of(refusal, sizeof refusal));
    } else {
        endpoint_trust(request, &(struct id){0});
        if (straw->forging) {
            frame_key_set(straw->key, other_secret);
        }
        if (frame.kind == FRAME_HELLO || memcmp(frame.challenge, straw->challenge, sizeof frame.challenge) != 0) {
            straw_welcome(straw, &frame, request);
        } else if (frame.kind == FRAME_COMMANDS) {
            straw_decide(straw, &frame, request);
        } else {
            straw_answer(straw, &frame, (uint8_t)(frame.kind + FRAME_REPLY), frame.body, request);
        }
    }
    lock_give(&straw->lock);
}

static void straw_listen(struct straw *straw, const char *url)
{
    random_fill(straw->challenge, sizeof straw->challenge);
    const struct endpoint_options options = {.url = url,
                                             .contexts = 16,
                                             .per_connection = 16,
                                             .frame_max = FRAME_BYTES_MAX,
                                             .handle = on_request,
                                             .context = straw};
    ck_assert_int_eq(endpoint_open(&options, &straw->endpoint), OK);
    snprintf(straw->url, sizeof straw->url, "tcp://127.0.0.1:%u", endpoint_port(straw->endpoint));
}

static struct straw *straw_open(void)
{
    struct straw *straw = calloc(1, sizeof *straw);
    lock_init(&straw->lock);
    ck_assert_int_eq(frame_key_new(secret, &straw->key), OK);
    straw_listen(straw, "tcp://127.0.0.1:0");
    return straw;
}

static void straw_close(struct straw *straw)
{
    endpoint_close(straw->endpoint);
    frame_key_free(straw->key);
    lock_done(&straw->lock);
    free(straw);
}

static struct client *connected(const char *url, const uint8_t key[FRAME_KEY_LEN])
{
    struct client_options options = {.url = url, .random = random_fill, .now_ms = clock_boot_ms};
    memcpy(options.key, key, sizeof options.key);
    struct client *client = NULL;
    ck_assert_int_eq(client_open(&options, &client), OK);
    return client;
}

static struct command a_command(void)
{
    uint8_t randomness[10];
    random_fill(randomness, sizeof randomness);
    struct command command = {.code = COMMAND_delete_post};
    command.command_id = id_make(ID_COMMAND, 1, randomness);
    command.workspace_id = id_make(ID_WORKSPACE, 1, randomness);
    command.stream = id_make(ID_POST, 1, randomness);
    command.delete_post.post_id = command.stream;
    return command;
}

struct tally {
    atomic_uint good;
    atomic_uint bad;
    atomic_int last_err;
};

static void on_answer(void *context, enum err err, const struct answer *answer)
{
    struct tally *tally = context;
    if (err == OK && answer->seq > 0) {
        atomic_fetch_add(&tally->good, 1);
    } else {
        atomic_store(&tally->last_err, (int)err);
        atomic_fetch_add(&tally->bad, 1);
    }
}

static void wait_for(struct tally *tally, unsigned count)
{
    for (int i = 0; i < WAIT_MS && atomic_load(&tally->good) + atomic_load(&tally->bad) < count; i++) {
        usleep(1000);
    }
    ck_assert_uint_eq(atomic_load(&tally->good) + atomic_load(&tally->bad), count);
}

START_TEST(commands_that_wait_share_frames_and_each_gets_its_answer)
{
    struct straw *straw = straw_open();
    struct client *client = connected(straw->url, secret);
    struct tally tally = {0};
    for (unsigned i = 0; i < 5000; i++) {
        const struct command command = a_command();
        ck_assert_int_eq(client_command(client, &command, NULL, WAIT_MS, on_answer, &tally), OK);
    }
    wait_for(&tally, 5000);
    ck_assert_uint_eq(atomic_load(&tally.good), 5000);
    ck_assert_uint_eq(straw->commands, 5000);
    ck_assert_uint_lt(straw->frames, 2500);
    ck_assert_uint_ge(straw->welcomes, 1);
    ck_assert_uint_le(straw->welcomes, 2);
    client_close(client);
    straw_close(straw);
}

END_TEST

struct sequel {
    struct tally tally; /* first: on_answer counts there */
    struct client *client;
    bool asks_again;
};

static void on_answer_ask(void *context, enum err err, const struct answer *answer)
{
    struct sequel *sequel = context;
    if (sequel->asks_again) {
        const struct command command = a_command();
        ck_assert_int_eq(client_command(sequel->client, &command, NULL, WAIT_MS, on_answer, &sequel->tally), OK);
    }
    on_answer(&sequel->tally, err, answer);
}

/* Were each to leave as soon as a flight is free, a ledger whose disk is slow would flush for one command at a time. */
START_TEST(what_the_callbacks_of_a_frame_ask_for_leaves_in_one_frame)
{
    struct straw *straw = straw_open();
    struct client *client = connected(straw->url, secret);
    struct sequel first = {.client = client};
    struct sequel second = {.client = client, .asks_again = true};
    struct command command = a_command();
    struct answer answer;
    ck_assert_int_eq(client_command_wait(client, &command, NULL, WAIT_MS, &answer), OK);
    lock_take(&straw->lock);
    straw->frames = 0;
    for (unsigned i = 0; i < 22; i++) { /* two fly at once with one command each, the others wait for them */
        command = a_command();
        ck_assert_int_eq(client_command(client, &command, NULL, WAIT_MS, on_answer_ask, i < 2 ? &first : &second), OK);
    }
    lock_give(&straw->lock);
    wait_for(&first.tally, 2);
    wait_for(&second.tally, 40);
    ck_assert_uint_eq(atomic_load(&second.tally.good), 40);
    lock_take(&straw->lock);
    /* 1, 1, 20, 20; fewer when the first still wait for their thread; one more when the second lands so late that
     * nothing else flies while the callbacks of the third ask. */
    ck_assert_uint_le(straw->frames, 5);
    lock_give(&straw->lock);
    client_close(client);
    straw_close(straw);
}

END_TEST

START_TEST(a_blocking_call_gives_the_answer)
{
    struct straw *straw = straw_open();
    struct client *client = connected(straw->url, secret);
    const struct command command = a_command();
    struct answer answer;
    ck_assert_int_eq(client_command_wait(client, &command, NULL, WAIT_MS, &answer), OK);
    ck_assert_uint_eq(answer.seq, 1);
    uint8_t bytes[100];
    struct buf out = buf_of(bytes, sizeof bytes);
    ck_assert_int_eq(client_ask_wait(client, FRAME_QUERY, SPAN("echo"), WAIT_MS, &out), OK);
    ck_assert(span_equal(buf_span(&out), SPAN("echo")));
    out = buf_of(bytes, sizeof bytes);
    struct welcome welcome;
    ck_assert_int_eq(client_ask_wait(client, FRAME_HELLO, SPAN(""), WAIT_MS, &out), OK);
    ck_assert_int_eq(body_welcome_read(buf_span(&out), &welcome), OK);
    ck_assert_uint_eq(welcome.epoch, 3);
    out = buf_of(bytes, 3);
    ck_assert_int_eq(client_ask_wait(client, FRAME_QUERY, SPAN("echo"), WAIT_MS, &out), ERR_NO_SPACE);
    client_close(client);
    straw_close(straw);
}

END_TEST

START_TEST(a_lost_answer_is_asked_for_again)
{
    struct straw *straw = straw_open();
    straw->silent = true;
    struct client *client = connected(straw->url, secret);
    struct tally tally = {0};
    for (unsigned i = 0; i < 20; i++) {
        const struct command command = a_command();
        ck_assert_int_eq(client_command(client, &command, NULL, WAIT_MS, on_answer, &tally), OK);
        wait_for(&tally, i + 1);
    }
    ck_assert_uint_eq(atomic_load(&tally.good), 20);
    ck_assert_uint_gt(straw->commands, 20);
    client_close(client);
    straw_close(straw);
}

END_TEST

START_TEST(a_restarted_ledger_welcomes_and_is_asked_again)
{
    struct straw *straw = straw_open();
    struct client *client = connected(straw->url, secret);
    struct answer answer;
    for (unsigned i = 0; i < 5; i++) {
        const struct command command = a_command();
        ck_assert_int_eq(client_command_wait(client, &command, NULL, WAIT_MS, &answer), OK);
        char url[64];
        memcpy(url, straw->url, sizeof url);
        endpoint_close(straw->endpoint);
        straw_listen(straw, url);
    }
    ck_assert_uint_ge(straw->welcomes, 5);
    client_close(client);
    straw_close(straw);
}

END_TEST

START_TEST(without_a_ledger_it_is_unknown_at_the_deadline)
{
    struct client *client = connected("tcp://127.0.0.1:1", secret);
    const struct command command = a_command();
    struct answer answer;
    const int64_t start_ms = clock_boot_ms();
    ck_assert_int_eq(client_command_wait(client, &command, NULL, 200, &answer), ERR_TIMED_OUT);
    ck_assert_int_ge(clock_boot_ms() - start_ms, 200);
    client_close(client);
}

END_TEST

START_TEST(a_wrong_key_and_an_impostor_are_told_apart_from_an_answer)
{
    struct straw *straw = straw_open();
    struct client *client = connected(straw->url, other_secret);
    const struct command command = a_command();
    struct answer answer;
    ck_assert_int_eq(client_command_wait(client, &command, NULL, WAIT_MS, &answer), ERR_AUTH);
    client_close(client);
    straw->forging = true;
    client = connected(straw->url, secret);
    ck_assert_int_eq(client_command_wait(client, &command, NULL, WAIT_MS, &answer), ERR_AUTH);
    ck_assert_uint_eq(straw->commands, 0);
    client_close(client);
    straw_close(straw);
}

END_TEST

START_TEST(closing_ends_what_waits)
{
    struct client *client = connected("tcp://127.0.0.1:1", secret);
    struct tally tally = {0};
    for (unsigned i = 0; i < 2000; i++) {
        const struct command command = a_command();
        ck_assert_int_eq(client_command(client, &command, NULL, WAIT_MS, on_answer, &tally), OK);
    }
    client_close(client);
    ck_assert_uint_eq(atomic_load(&tally.bad), 2000);
    ck_assert_int_eq(atomic_load(&tally.last_err), ERR_CLOSED);
}

END_TEST

START_TEST(too_many_waiting_commands_are_refused_at_once)
{
    struct client *client = connected("tcp://127.0.0.1:1", secret);
    struct tally tally = {0};
    enum err err = OK;
    unsigned taken = 0;
    for (unsigned i = 0; i < CLIENT_WAITING_MAX + 2000 && err == OK; i++) {
        const struct command command = a_command();
        err = client_command(client, &command, NULL, WAIT_MS, on_answer, &tally);
        taken += err == OK;
    }
    ck_assert_int_eq(err, ERR_BUSY);
    ck_assert_uint_ge(taken, CLIENT_WAITING_MAX);
    client_close(client);
    ck_assert_uint_eq(atomic_load(&tally.bad), taken);
}

END_TEST

static void on_reply(void *context, enum err err, struct span body)
{
    struct tally *tally = context;
    if (err == OK && span_equal(body, SPAN("?"))) {
        atomic_fetch_add(&tally->good, 1);
    } else {
        atomic_store(&tally->last_err, (int)err);
        atomic_fetch_add(&tally->bad, 1);
    }
}

/* More than are on their way at a time, and than the other side takes at once. */
START_TEST(questions_that_find_no_place_wait_for_one)
{
    struct straw *straw = straw_open();
    struct client *client = connected(straw->url, secret);
    struct tally tally = {0};
    for (unsigned i = 0; i < 300; i++) {
        ck_assert_int_eq(client_ask(client, FRAME_QUERY, SPAN("?"), WAIT_MS, on_reply, &tally), OK);
    }
    wait_for(&tally, 300);
    ck_assert_uint_eq(atomic_load(&tally.good), 300);
    client_close(client);
    straw_close(straw);
}

END_TEST

START_TEST(too_many_questions_are_refused_and_closing_ends_the_others)
{
    struct client *client = connected("tcp://127.0.0.1:1", secret);
    struct tally tally = {0};
    enum err err = OK;
    unsigned taken = 0;
    while (taken < 2 * CLIENT_QUESTIONS_MAX && err == OK) {
        err = client_ask(client, FRAME_QUERY, SPAN("?"), WAIT_MS, on_reply, &tally);
        taken += err == OK;
    }
    ck_assert_int_eq(err, ERR_BUSY);
    ck_assert_uint_gt(taken, CLIENT_QUESTIONS_MAX);
    client_close(client);
    ck_assert_uint_eq(atomic_load(&tally.bad), taken);
    ck_assert_int_eq(atomic_load(&tally.last_err), ERR_CLOSED);
}

END_TEST

static atomic_uint_fast64_t woken_at;

static void on_woken(void *context, uint64_t head)
{
    (void)context;
    atomic_store(&woken_at, head);
}

START_TEST(a_wake_up_with_a_good_tag_is_passed_on)
{
    OWNED(publisher_close) struct publisher *publisher = NULL;
    ck_assert_int_eq(publisher_open("tcp://127.0.0.1:0", &publisher), OK);
    char url[64];
    snprintf(url, sizeof url, "tcp://127.0.0.1:%u", publisher_port(publisher));
    struct client *client = connected("tcp://127.0.0.1:1", secret);
    ck_assert_int_eq(client_watch(client, url, on_woken, NULL), OK);
    OWNED(frame_key_free) struct frame_key *key = NULL;
    ck_assert_int_eq(frame_key_new(secret, &key), OK);
    uint8_t bytes[FRAME_WAKE_LEN];
    for (int i = 0; i < WAIT_MS && atomic_load(&woken_at) == 0; i++) {
        frame_wake_write(key, 99, bytes);
        bytes[7] = 98; /* forged: passed over */
        publisher_send(publisher, span_of(bytes, sizeof bytes));
        frame_wake_write(key, 77, bytes);
        publisher_send(publisher, span_of(bytes, sizeof bytes));
        usleep(1000);
    }
    ck_assert_uint_eq(atomic_load(&woken_at), 77);
    client_close(client);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("client");
    TCase *clients = tcase_create("clients");
    tcase_set_timeout(clients, 60);
    tcase_add_test(clients, commands_that_wait_share_frames_and_each_gets_its_answer);
    tcase_add_test(clients, what_the_callbacks_of_a_frame_ask_for_leaves_in_one_frame);
    tcase_add_test(clients, a_blocking_call_gives_the_answer);
    tcase_add_test(clients, a_lost_answer_is_asked_for_again);
    tcase_add_test(clients, a_restarted_ledger_welcomes_and_is_asked_again);
    tcase_add_test(clients, without_a_ledger_it_is_unknown_at_the_deadline);
    tcase_add_test(clients, a_wrong_key_and_an_impostor_are_told_apart_from_an_answer);
    tcase_add_test(clients, closing_ends_what_waits);
    tcase_add_test(clients, too_many_waiting_commands_are_refused_at_once);
    tcase_add_test(clients, questions_that_find_no_place_wait_for_one);
    tcase_add_test(clients, too_many_questions_are_refused_and_closing_ends_the_others);
    tcase_add_test(clients, a_wake_up_with_a_good_tag_is_passed_on);
    suite_add_tcase(suite, clients);
    return run_suite(suite);
}
