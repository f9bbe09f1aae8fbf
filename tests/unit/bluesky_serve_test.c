/* bluesky_serve_test.c: the whole adapter, confined in a process of its own as in service, between a scheduler's
 * questions and a platform on loopback. */
#include "adapters/bluesky.h"
#include "adapters/rules.h"
#include "adapters/serve.h"
#include "core/base/clock.h"
#include "core/base/process.h"
#include "core/wire/caller.h"
#include "core/wire/client.h"
#include "gateway/server.h"
#include "tests/loopback.h"
#include "tests/suite.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define RECORD "{\"$type\":\"app.bsky.feed.post\",\"text\":\"Hi\",\"createdAt\":\"2026-04-20T14:00:00Z\"}"
#define TOKENS "{\"accessJwt\":\"access1\",\"refreshJwt\":\"refresh1\"}"
#define WITHIN_MS 10000

static const uint8_t secret[FRAME_KEY_LEN] = {1, 2, 3};
static struct arena arena;
static struct server *platform;
static struct caller *caller;
static struct frame_key *key;
static uint8_t challenge[FRAME_ID_LEN];
static char url[64];
static pid_t adapter;
static atomic_uint creates;

/* The platform: every createRecord of account "mute" is never answered, every other one is. */
static void answer(void *context, struct request *request)
{
    (void)context;
    struct response response = {.status = 200, .content_type = SPAN("application/json")};
    response.body = SPAN("{\"uri\":\"at://did:plc:alice/app.bsky.feed.post/3mjwoc5yy2222\",\"cid\":\"bafy1\"}");
    (void)atomic_fetch_add(&creates, 1);
    response.abort = memmem(request->body.data, request->body.len, "did:plc:mute", 12) != NULL;
    server_answer(request, &response);
}

static void refuse(void *context, unsigned status, const char *code, struct arena *of_request,
                   struct response *ret_response)
{
    (void)context;
    (void)code;
    (void)of_request;
    *ret_response = (struct response){.status = status};
}

static void random_bytes(void *context, void *data, size_t len)
{
    (void)context;
    random_fill(data, len);
}

/* The adapter's process, in the order of adapters/main.c. */
static void run_adapter(uint16_t platform_port)
{
    struct serve *serve = NULL;
    struct confine_rules rules;
    struct confinement confinement;
    struct serve_options options = {
        .platform = bluesky_platform(),
        .guard = {.loopback_ports = {platform_port}, .loopback_count = 1},
        .url = url,
        .random = random_bytes,
        .wake_fd = -1
    };
    memcpy(options.key, secret, sizeof secret);
    random_fill(options.challenge, sizeof options.challenge);
    const bool good = adapter_rules(&options.guard, url, &rules) == OK && serve_open(&options, &serve) == OK &&
                      confine_files(&rules, &confinement) == OK && serve_listen(serve) == OK &&
                      confine_calls(&rules, &confinement) == OK;
    for (int64_t until_ms = clock_boot_ms() + 60000; good && clock_boot_ms() < until_ms;) {
        serve_step(serve, clock_wall_ms, 200);
    }
    _exit(1);
}

/* A loopback port below those that the kernel gives to outgoing connections: whoever wants it a moment later finds it
 * still free. */
static uint16_t free_port(void)
{
    uint16_t port = 0;
    int rc = -1;
    random_fill(&port, sizeof port);
    while (rc != 0) {
        port = (uint16_t)(16384 + (port + 1) % 16384);
        const struct sockaddr_in address = loopback(port);
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        rc = bind(fd, (const struct sockaddr *)&address, sizeof address);
        ck_assert(rc == 0 || errno == EADDRINUSE);
        (void)close(fd);
    }
    return port;
}

static void set_up(void)
{
    const struct server_options options = {.address = "127.0.0.1",
                                           .threads = 2,
                                           .connections_max = 64,
                                           .connections_per_address_max = 64,
                                           .head_max = 16384,
                                           .body_max = 1 << 20,
                                           .head_within_ms = 10000,
                                           .body_within_ms = 10000,
                                           .idle_ms = 10000,
                                           .handler = answer,
                                           .refusal = refuse};
    arena_init(&arena, 64 << 20);
    memset(challenge, 0, sizeof challenge);
    atomic_store(&creates, 0);
    /* The adapter forks off before any thread is made here; it learns the platform's port from the parent's choice. */
    const uint16_t port = free_port();
    const uint16_t platform_port = free_port();
    (void)snprintf(url, sizeof url, "tcp://127.0.0.1:%u", (unsigned)port);
    adapter = fork();
    ck_assert_int_ge(adapter, 0);
    if (adapter == 0) {
        run_adapter(platform_port);
    }
    struct server_options at_port = options;
    at_port.port = platform_port;
    ck_assert_int_eq(server_open(&at_port, &platform), OK);
    ck_assert_int_eq(frame_key_new(secret, &key), OK);
    ck_assert_int_eq(caller_open(url, 4, FRAME_BYTES_MAX, &caller), OK);
}

static void tear_down(void)
{
    caller_close(caller);
    frame_key_free(key);
    server_close(platform);
    (void)kill(adapter, SIGKILL);
    (void)waitpid(adapter, NULL, 0);
    arena_done(&arena);
}

/* One question and its reply. */
struct question {
    pthread_mutex_t mutex;
    pthread_cond_t done_cond;
    bool done;
    enum err err;
    struct span reply;
};

static void replied(void *context, enum err err, struct span reply)
{
    struct question *question = context;
    (void)pthread_mutex_lock(&question->mutex);
    question->err = err == OK ? arena_copy(&arena, reply, &question->reply) : err;
    question->done = true;
    (void)pthread_cond_signal(&question->done_cond);
    (void)pthread_mutex_unlock(&question->mutex);
}

static enum err ask_once(struct frame_key *with, const struct job_batch *batch, struct outcome_batch *ret_outcomes)
{
    struct question question = {.mutex = PTHREAD_MUTEX_INITIALIZER, .done_cond = PTHREAD_COND_INITIALIZER};
    uint8_t id[FRAME_ID_LEN];
    uint8_t bytes[65536];
    struct buf out = buf_of(bytes, sizeof bytes);
    random_fill(id, sizeof id);
    ck_assert_int_eq(jobs_request_write(with, id, challenge, batch, &arena, &out), OK);
    ck_assert_int_eq(caller_ask(caller, buf_span(&out), 2 * JOBS_WAIT_MS, replied, &question), OK);
    (void)pthread_mutex_lock(&question.mutex);
    while (!question.done) {
        (void)pthread_cond_wait(&question.done_cond, &question.mutex);
    }
    (void)pthread_mutex_unlock(&question.mutex);
    TRY(question.err);
    return jobs_reply_read(with, question.reply, id, &arena, challenge, ret_outcomes);
}

/* As the scheduler does: the adapter may not be there yet, and first tells its challenge. */
static struct outcome_batch ask(const struct job_batch *batch)
{
    struct outcome_batch outcomes = {0};
    enum err err = ERR_CLOSED;
    for (int64_t until_ms = clock_boot_ms() + WITHIN_MS; err != OK && clock_boot_ms() < until_ms;) {
        err = ask_once(key, batch, &outcomes);
        if (err != OK && err != ERR_CONFLICT) {
            (void)usleep(20000); /* until the process listens */
        }
    }
    ck_assert_int_eq(err, OK);
    return outcomes;
}

static struct job commit_of(uint64_t number, const char *account, uint16_t port)
{
    uint8_t randomness[10] = {0};
    char text[ID_TEXT_MAX];
    const uint8_t nonce[12] = {9};
    uint8_t box_key[32];
    put_be64(randomness + 2, number);
    struct buf what = buf_of(text, sizeof text);
    uint8_t *bytes = arena_alloc(&arena, sizeof TOKENS + BOX_OVERHEAD);
    struct buf box = buf_of(bytes, sizeof TOKENS + BOX_OVERHEAD);
    char *service = arena_alloc(&arena, 64);
    (void)snprintf(service, 64, "http://localhost:%u", (unsigned)port);
    struct job job = {.job_id = id_make(ID_ATTEMPT, 1776693600000, randomness),
                      .kind = SPAN("commit"),
                      .channel = CHANNEL_BLUESKY,
                      .integration_id = id_make(ID_INTEGRATION, 1776693600000, randomness),
                      .service = span_text(service),
                      .account = span_text(account),
                      .handle = SPAN("alice.test"),
                      .key = SPAN("3mjwoc5yy2222"),
                      .payload = SPAN(RECORD),
                      .fence = 1,
                      .deadline_ms = clock_wall_ms() + WITHIN_MS};
    id_write(&what, &job.job_id);
    client_transport_key(secret, box_key);
    ck_assert_int_eq(box_seal(box_key, nonce, buf_span(&what), SPAN(TOKENS), &box), OK);
    job.credentials = buf_span(&box);
    return job;
}

START_TEST(a_commit_goes_all_the_way_and_back)
{
    struct job jobs[2] = {commit_of(1, "did:plc:alice", server_port(platform)),
                          commit_of(2, "did:plc:mute", server_port(platform))};
    struct job_batch batch = {.jobs = jobs, .jobs_count = 2};
    struct outcome_batch outcomes = ask(&batch);
    struct target_ref done[2];
    bool accepted = false;
    bool unknown = false;
    uint32_t done_count = 0;
    for (int64_t until_ms = clock_boot_ms() + WITHIN_MS; done_count < 2 && clock_boot_ms() < until_ms;) {
        for (uint32_t i = 0; i < outcomes.outcomes_count && done_count < 2; i++) {
            const struct job_outcome *outcome = &outcomes.outcomes[i];
            const bool first = id_equal(&outcome->job_id, &jobs[0].job_id);
            accepted = accepted || (first && outcome->outcome == OUTCOME_ACCEPTED);
            unknown = unknown || (!first && outcome->outcome == OUTCOME_UNKNOWN);
            done[done_count].target_id = outcome->job_id;
            done_count++;
        }
        const struct job_batch poll = {.done = done, .done_count = done_count};
        outcomes = done_count < 2 ? ask(&poll) : outcomes;
    }
    ck_assert(accepted);
    ck_assert(unknown);
    ck_assert_uint_eq(atomic_load(&creates), 2); /* the one without an answer was not sent again */
    batch.done = done;
    batch.done_count = done_count;
    ck_assert_uint_eq(ask(&batch).outcomes_count, 0); /* and known jobs are not begun again */
    ck_assert_uint_eq(atomic_load(&creates), 2);
}

END_TEST

START_TEST(only_an_empty_question_waits)
{
    struct target_ref done = {.target_id = commit_of(1, "did:plc:alice", 1).job_id};
    const struct job_batch none = {0};
    const struct job_batch acknowledging = {.done = &done, .done_count = 1};
    struct outcome_batch outcomes;
    (void)ask(&acknowledging); /* learns the challenge */
    int64_t before_ms = clock_boot_ms();
    ck_assert_uint_eq(ask(&acknowledging).outcomes_count, 0);
    ck_assert_int_lt(clock_boot_ms() - before_ms, JOBS_WAIT_MS / 2);
    before_ms = clock_boot_ms();
    ck_assert_int_eq(ask_once(key, &none, &outcomes), OK);
    ck_assert_uint_eq(outcomes.outcomes_count, 0);
    ck_assert_int_ge(clock_boot_ms() - before_ms, JOBS_WAIT_MS - 1000);
}

END_TEST

START_TEST(who_does_not_know_the_secret_gets_no_answer)
{
    const uint8_t wrong[FRAME_KEY_LEN] = {9};
    const struct job_batch none = {0};
    struct outcome_batch outcomes;
    struct job job = commit_of(1, "did:plc:alice", server_port(platform));
    const struct job_batch batch = {.jobs = &job, .jobs_count = 1};
    OWNED(frame_key_free) struct frame_key *stranger = NULL;
    /* The adapter is there: a WELCOME to the right key. */
    enum err err = ERR_CLOSED;
    for (int64_t until_ms = clock_boot_ms() + WITHIN_MS; err != ERR_CONFLICT && clock_boot_ms() < until_ms;) {
        err = ask_once(key, &none, &outcomes);
    }
    ck_assert_int_eq(err, ERR_CONFLICT);
    ck_assert_int_eq(frame_key_new(wrong, &stranger), OK);
    ck_assert_int_eq(ask_once(stranger, &batch, &outcomes), ERR_CLOSED);
    ck_assert_uint_eq(atomic_load(&creates), 0);
}

END_TEST

START_TEST(yesterdays_frame_is_not_acted_upon)
{
    struct job job = commit_of(1, "did:plc:alice", server_port(platform));
    const struct job_batch batch = {.jobs = &job, .jobs_count = 1};
    struct outcome_batch outcomes;
    enum err err = ERR_CLOSED;
    memset(challenge, 7, sizeof challenge); /* of another process */
    for (int64_t until_ms = clock_boot_ms() + WITHIN_MS; err != ERR_CONFLICT && clock_boot_ms() < until_ms;) {
        memset(challenge, 7, sizeof challenge);
        err = ask_once(key, &batch, &outcomes);
    }
    ck_assert_int_eq(err, ERR_CONFLICT);
    ck_assert_uint_eq(atomic_load(&creates), 0);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("bluesky_serve");
    TCase *tcase = tcase_create("bluesky_serve");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_commit_goes_all_the_way_and_back);
    tcase_add_test(tcase, only_an_empty_question_waits);
    tcase_add_test(tcase, who_does_not_know_the_secret_gets_no_answer);
    tcase_add_test(tcase, yesterdays_frame_is_not_acted_upon);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
