/* runner_world.h: a runner of the adapter bluesky whose network is an array. For the tests bluesky_runner*_test.c. */
#ifndef OPENPOST_UNIT_RUNNER_WORLD_H
#define OPENPOST_UNIT_RUNNER_WORLD_H

#include "adapters/bluesky.h"
#include "adapters/runner.h"

#include <check.h>

#define NOW_MS ((int64_t)1776693600000)
#define RECORD "{\"$type\":\"app.bsky.feed.post\",\"text\":\"Hi\",\"createdAt\":\"2026-04-20T14:00:00Z\"}"
#define CREATED "{\"uri\":\"at://did:plc:alice/app.bsky.feed.post/3mjwoc5yy2222\",\"cid\":\"bafy1\"}"
#define FRESH "{\"accessJwt\":\"access2\",\"refreshJwt\":\"refresh2\"}"
#define TOKENS "{\"accessJwt\":\"access1\",\"refreshJwt\":\"refresh1\"}"

struct sent {
    void *tag;
    char url[128];
    char authorization[64];
};

static struct arena arena;
static struct runner *runner;
static struct sent sent[4096];
static size_t sent_count;
static size_t room;
static enum err start_fails;
static int64_t now_ms;
static uint8_t nonce;
static const struct guard guard;
static const uint8_t key[BOX_KEY_LEN] = {7};

static inline bool has_room(void *context)
{
    (void)context;
    return room > 0;
}

static inline void copy_text(char *out, size_t cap, struct span text)
{
    struct buf buf = buf_of(out, cap);
    buf_put(&buf, text);
    ck_assert_ptr_nonnull(buf_terminated(&buf));
}

static inline enum err start(void *context, const struct http_request *request, int64_t at_ms, struct arena *of_job,
                             void *tag)
{
    (void)context;
    (void)at_ms;
    ck_assert_ptr_nonnull(of_job);
    ck_assert_uint_gt(room, 0);
    if (start_fails != OK) {
        return start_fails;
    }
    room--;
    sent[sent_count].tag = tag;
    copy_text(sent[sent_count].url, sizeof sent[sent_count].url, request->url);
    copy_text(sent[sent_count].authorization, sizeof sent[sent_count].authorization, request->authorization);
    sent_count++;
    return OK;
}

static inline void fill(void *context, void *data, size_t len)
{
    (void)context;
    nonce++;
    memset(data, nonce, len);
}

static inline void set_up(void)
{
    const struct runner_options options = {
        .platform = bluesky_platform(),
        .guard = &guard,
        .transport = {.has_room = has_room, .start = start},
        .key = {7                   },
        .random = fill
    };
    arena_init(&arena, 16 << 20);
    sent_count = 0;
    room = 1000;
    start_fails = OK;
    now_ms = NOW_MS;
    ck_assert_int_eq(runner_new(&options, &runner), OK);
}

static inline void tear_down(void)
{
    runner_free(runner);
    arena_done(&arena);
}

static inline struct id id_of(enum id_kind kind, uint64_t number)
{
    uint8_t randomness[10] = {0};
    put_be64(randomness + 2, number);
    return id_make(kind, NOW_MS, randomness);
}

static inline struct span sealed(const struct id *job_id, const char *plain)
{
    char text[ID_TEXT_MAX];
    uint8_t *bytes = arena_alloc(&arena, strlen(plain) + BOX_OVERHEAD);
    struct buf box = buf_of(bytes, strlen(plain) + BOX_OVERHEAD);
    struct buf what = buf_of(text, sizeof text);
    const uint8_t once[12] = {1};
    id_write(&what, job_id);
    ck_assert_int_eq(box_seal(key, once, buf_span(&what), span_text(plain), &box), OK);
    return buf_span(&box);
}

/* A commit by account number account. */
static inline struct job commit_of(uint64_t number, uint64_t account)
{
    struct job job = {.job_id = id_of(ID_ATTEMPT, number),
                      .kind = SPAN("commit"),
                      .channel = CHANNEL_BLUESKY,
                      .integration_id = id_of(ID_INTEGRATION, account),
                      .target_id = id_of(ID_TARGET, number),
                      .service = SPAN("https://pds.test"),
                      .account = SPAN("did:plc:alice"),
                      .handle = SPAN("alice.test"),
                      .key = SPAN("3mjwoc5yy2222"),
                      .payload = SPAN(RECORD),
                      .fence = 5,
                      .deadline_ms = NOW_MS + 120000};
    job.credentials = sealed(&job.job_id, TOKENS);
    return job;
}

/* A deletion: it needs credentials as a commit does, and is sent at once. */
static inline struct job delete_of(uint64_t number, uint64_t account)
{
    struct job job = commit_of(number, account);
    job.kind = SPAN("delete");
    return job;
}

static inline enum err take(struct job *jobs, uint32_t count)
{
    const struct job_batch batch = {.jobs = jobs, .jobs_count = count};
    return runner_take(runner, now_ms, &batch);
}

static inline void acknowledge(const struct id *job_id)
{
    struct target_ref done = {.target_id = *job_id};
    const struct job_batch batch = {.done = &done, .done_count = 1};
    ck_assert_int_eq(runner_take(runner, now_ms, &batch), OK);
}

static inline void answer(size_t i, unsigned status, const char *body)
{
    const struct http_response response = {.result = HTTP_COMPLETE, .status = status, .body = span_text(body)};
    room++;
    runner_answered(runner, now_ms, sent[i].tag, &response);
}

static inline struct outcome_batch report(void)
{
    struct outcome_batch batch;
    ck_assert_int_eq(runner_report(runner, now_ms, &arena, &batch), OK);
    return batch;
}

#endif
