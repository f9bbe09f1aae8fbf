/* carrier.c: see carrier.h. Called by main.c. Must never send a batch twice: whether one that got no reply arrived is
 * for dispatch to judge. */
#include "core/scheduler/carrier.h"

#include <stdlib.h>

#include "core/base/assert.h"
#include "core/base/failpoint.h"
#include "core/wire/caller.h"

#define SEND_WAIT_MS 10000
#define AGAIN_MS 500 /* after a failure */
#define REST_MS 100  /* between questions that brought something not yet acknowledged */
#define QUESTIONS_MAX 2

struct question {
    struct carrier *carrier;
    enum note_kind kind;
    uint8_t id[FRAME_ID_LEN];
    bool out;
};

struct carrier {
    struct carrier_options options;
    struct caller *caller;
    struct frame_key *key;
    uint8_t challenge[FRAME_ID_LEN]; /* of the adapter as we know it */
    struct question send;
    struct question poll;
    struct job jobs[DISPATCH_JOBS_MAX]; /* ids of the batch under way */
    uint32_t job_count;
    int64_t send_again_ms;
    int64_t poll_again_ms;
    struct silence silence;
    bool recall;   /* the adapter is to be told so … */
    bool recalled; /* … and was, as far as we know */
    bool gone;     /* the adapter that had our jobs is no more, and dispatch has not been told */
};

enum err carrier_open(const struct carrier_options *options, struct carrier **ret_carrier)
{
    struct carrier *carrier = calloc(1, sizeof *carrier);
    if (carrier == NULL) {
        return ERR_NO_MEMORY;
    }
    carrier->options = *options;
    carrier->send = (struct question){.carrier = carrier, .kind = NOTE_SENT};
    carrier->poll = (struct question){.carrier = carrier, .kind = NOTE_POLLED};
    enum err err = frame_key_new(options->key, &carrier->key);
    err = err == OK ? caller_open(options->url, QUESTIONS_MAX, FRAME_BYTES_MAX, &carrier->caller) : err;
    if (err != OK) {
        carrier_close(carrier);
        return err;
    }
    *ret_carrier = carrier;
    return OK;
}

void carrier_close(struct carrier *carrier)
{
    if (carrier == NULL) {
        return;
    }
    caller_close(carrier->caller);
    frame_key_free(carrier->key);
    explicit_bzero(carrier->options.key, sizeof carrier->options.key);
    free(carrier);
}

enum channel_code carrier_channel(const struct carrier *carrier)
{
    return carrier->options.channel;
}

const struct silence *carrier_silence(const struct carrier *carrier)
{
    return &carrier->silence;
}

/* On a thread of nng's. */
static void replied(void *context, enum err err, struct span reply)
{
    const struct question *question = context;
    struct note *note = note_new(question->kind, err == OK ? reply : (struct span){0});
    ASSERT(note != NULL); /* a question whose end nobody hears of would never be asked again */
    note->err = err;
    note->place = question->carrier->options.place;
    inbox_put(question->carrier->options.inbox, note);
}

/* Bytes that surely hold the batch's frame: names and ids of a job take less than 1,500. */
static size_t frame_room(const struct job_batch *batch)
{
    size_t room = 1024 + (size_t)batch->done_count * 64;
    for (uint32_t i = 0; i < batch->jobs_count; i++) {
        const struct job *job = &batch->jobs[i];
        room += 4096 + job->payload.len + job->credentials.len + job->prepared.len;
    }
    return room < FRAME_BYTES_MAX ? room : FRAME_BYTES_MAX;
}

static enum err ask(struct carrier *carrier, struct question *question, const struct job_batch *batch, int64_t now_ms,
                    int64_t wait_ms, struct arena *arena)
{
    const size_t room = frame_room(batch);
    void *bytes = arena_room(arena, room);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf out = buf_of(bytes, room);
    carrier->options.random(carrier->options.random_context, question->id, sizeof question->id);
    TRY(jobs_request_write(carrier->key, question->id, carrier->challenge, batch, arena, &out));
    TRY(caller_ask(carrier->caller, buf_span(&out), wait_ms, replied, question));
    question->out = true;
    silence_asked(&carrier->silence, now_ms);
    return OK;
}

static enum err send_jobs(struct carrier *carrier, struct dispatch *dispatch, int64_t now_ms, struct arena *arena)
{
    struct job_batch batch;
    TRY(dispatch_jobs(dispatch, now_ms, carrier->options.channel, DISPATCH_JOBS_MAX, arena, &batch));
    batch.recall = carrier->recall;
    if (batch.jobs_count == 0 && batch.done_count == 0 && !batch.recall) {
        return OK;
    }
    FAILPOINT("jobs_ready");
    for (uint32_t i = 0; i < batch.jobs_count; i++) {
        carrier->jobs[i].job_id = batch.jobs[i].job_id;
    }
    carrier->job_count = batch.jobs_count;
    const enum err err = ask(carrier, &carrier->send, &batch, now_ms, SEND_WAIT_MS, arena);
    if (err != OK) {
        dispatch_jobs_failed(dispatch, now_ms, &batch, true);
        carrier->send_again_ms = now_ms + AGAIN_MS;
    } else {
        carrier->recalled = batch.recall;
        FAILPOINT("jobs_sent");
    }
    return err;
}

static bool has_batch(const struct carrier *carrier, const struct dispatch *dispatch)
{
    const enum channel_code channel = carrier->options.channel;
    return dispatch_has_jobs(dispatch, channel) ||
           (carrier->recall && !carrier->recalled && dispatch_has_out(dispatch, channel));
}

void carrier_recall(struct carrier *carrier)
{
    carrier->recall = true;
}

bool carrier_is_quiet(const struct carrier *carrier, const struct dispatch *dispatch)
{
    return !carrier->send.out && !has_batch(carrier, dispatch);
}

enum err carrier_turn(struct carrier *carrier, struct dispatch *dispatch, int64_t now_ms, struct arena *arena,
                      int64_t *ret_again_ms)
{
    enum err err = OK;
    const struct job_batch nothing = {0};
    silence_look(&carrier->silence, now_ms);
    if (!carrier->send.out && now_ms >= carrier->send_again_ms && has_batch(carrier, dispatch)) {
        err = send_jobs(carrier, dispatch, now_ms, arena);
    }
    if (err == OK && !carrier->poll.out && now_ms >= carrier->poll_again_ms) {
        err = ask(carrier, &carrier->poll, &nothing, now_ms, JOBS_WAIT_MS + SEND_WAIT_MS, arena);
        carrier->poll_again_ms = now_ms + AGAIN_MS;
    }
    int64_t again_ms = INT64_MAX;
    if (!carrier->poll.out) {
        again_ms = carrier->poll_again_ms;
    }
    if (!carrier->send.out && carrier->send_again_ms > now_ms && carrier->send_again_ms < again_ms) {
        again_ms = carrier->send_again_ms;
    }
    *ret_again_ms = again_ms;
    return err;
}

static void give_back(struct carrier *carrier, struct dispatch *dispatch, int64_t now_ms, bool never_left)
{
    const struct job_batch batch = {.jobs = carrier->jobs, .jobs_count = carrier->job_count};
    dispatch_jobs_failed(dispatch, now_ms, &batch, never_left);
    carrier->job_count = 0;
}

static enum err take_reply(struct carrier *carrier, struct dispatch *dispatch, int64_t now_ms,
                           const struct question *question, const struct note *note, struct arena *arena)
{
    struct outcome_batch batch;
    TRY(note->err);
    const enum err err =
        jobs_reply_read(carrier->key, span_of(note->bytes, note->len), question->id, arena, carrier->challenge, &batch);
    if (err == OK || err == ERR_CONFLICT || err == ERR_BUSY) { /* an adapter's word */
        silence_broken(&carrier->silence, now_ms, carrier->send.out || carrier->poll.out);
    }
    TRY(err);
    for (uint32_t i = 0; i < batch.outcomes_count; i++) {
        FAILPOINT("outcome_arrived");
        TRY(dispatch_outcome(dispatch, now_ms, carrier->options.channel, &batch.outcomes[i]));
    }
    return OK;
}

enum err carrier_note(struct carrier *carrier, struct dispatch *dispatch, int64_t now_ms, const struct note *note,
                      struct arena *arena)
{
    static const uint8_t unknown[FRAME_ID_LEN];
    const bool is_send = note->kind == NOTE_SENT;
    uint8_t before[FRAME_ID_LEN];
    memcpy(before, carrier->challenge, sizeof before);
    struct question *question = is_send ? &carrier->send : &carrier->poll;
    question->out = false;
    const enum err err = take_reply(carrier, dispatch, now_ms, question, note, arena);
    carrier->recalled = carrier->recalled && (!is_send || err == OK);
    if (err == ERR_CONFLICT) { /* another process than we knew: now we know this one, and nothing was done */
        if (is_send) {
            give_back(carrier, dispatch, now_ms, true);
        } else {
            carrier->poll_again_ms = now_ms;
        }
        carrier->gone = carrier->gone || (memcmp(before, unknown, sizeof before) != 0 &&
                                          memcmp(before, carrier->challenge, sizeof before) != 0);
    } else if (is_send && err != OK) {
        give_back(carrier, dispatch, now_ms, err == ERR_BUSY); /* never sent, or not taken */
        carrier->send_again_ms = now_ms + AGAIN_MS;
    } else if (!is_send) {
        carrier->poll_again_ms = now_ms + (err == OK ? REST_MS : AGAIN_MS);
    }
    if (carrier->gone && !carrier->send.out) { /* of a batch under way its own reply tells whether it was taken */
        carrier->gone = false;
        TRY(dispatch_adapter_gone(dispatch, now_ms, carrier->options.channel));
    }
    return err == ERR_CONFLICT ? OK : err;
}
