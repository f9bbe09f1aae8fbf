/* jobs.c: see jobs.h. Called by the scheduler's and the adapters' main.c. What it reads comes from a socket: the tag is
 * checked before the body is looked into. */
#include "core/wire/jobs.h"

#include "core/message/codec.h"
#include "core/wire/body.h"

/* Most bodies are small: a larger one is tried with more room. */
static enum err encode(const struct record_desc *desc, const void *record, struct arena *arena, struct span *ret_body)
{
    static const size_t rooms[] = {(size_t)1 << 14, (size_t)1 << 20, FRAME_BYTES_MAX - FRAME_OVERHEAD_MAX};
    enum err err = ERR_NO_SPACE;
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms && err == ERR_NO_SPACE; i++) {
        void *bytes = arena_alloc(arena, rooms[i]);
        if (bytes == NULL) {
            return ERR_NO_MEMORY;
        }
        struct buf body = buf_of(bytes, rooms[i]);
        err = record_encode(desc, record, &body);
        *ret_body = buf_span(&body);
    }
    return err;
}

static enum err write_record(struct frame_key *key, struct frame *frame, const struct record_desc *desc,
                             const void *record, struct arena *arena, struct buf *out)
{
    TRY(encode(desc, record, arena, &frame->body));
    return frame_write(key, frame, out);
}

enum err jobs_request_write(struct frame_key *key, const uint8_t id[FRAME_ID_LEN],
                            const uint8_t challenge[FRAME_ID_LEN], const struct job_batch *batch, struct arena *arena,
                            struct buf *out)
{
    struct frame frame = {.kind = FRAME_JOBS};
    memcpy(frame.id, id, FRAME_ID_LEN);
    memcpy(frame.challenge, challenge, FRAME_ID_LEN);
    return write_record(key, &frame, job_batch_desc(), batch, arena, out);
}

enum err jobs_reply_write(struct frame_key *key, const uint8_t id[FRAME_ID_LEN], const struct outcome_batch *batch,
                          struct arena *arena, struct buf *out)
{
    struct frame frame = {.kind = FRAME_JOBS + FRAME_REPLY};
    memcpy(frame.id, id, FRAME_ID_LEN);
    return write_record(key, &frame, outcome_batch_desc(), batch, arena, out);
}

enum err jobs_welcome_write(struct frame_key *key, const uint8_t id[FRAME_ID_LEN],
                            const uint8_t challenge[FRAME_ID_LEN], struct buf *out)
{
    struct frame frame = {.kind = FRAME_WELCOME, .body = span_of(challenge, FRAME_ID_LEN)};
    memcpy(frame.id, id, FRAME_ID_LEN);
    return frame_write(key, &frame, out);
}

enum err jobs_refuse_write(struct frame_key *key, const uint8_t id[FRAME_ID_LEN], struct buf *out)
{
    uint8_t bytes[64];
    struct buf body = buf_of(bytes, sizeof bytes);
    body_code_put(&body, REFUSED_unavailable);
    struct frame frame = {.kind = FRAME_REFUSED, .body = buf_span(&body)};
    memcpy(frame.id, id, FRAME_ID_LEN);
    return frame_write(key, &frame, out);
}

static enum err read_frame(struct frame_key *key, struct span bytes, struct frame *ret_frame)
{
    TRY(frame_read(bytes, ret_frame));
    return frame_check(key, bytes) ? OK : ERR_AUTH;
}

enum err jobs_request_read(struct frame_key *key, struct span bytes, const uint8_t challenge[FRAME_ID_LEN],
                           struct arena *arena, uint8_t ret_id[FRAME_ID_LEN], struct job_batch *ret_batch)
{
    struct frame frame;
    TRY(read_frame(key, bytes, &frame));
    if (frame.kind != FRAME_JOBS) {
        return ERR_KIND;
    }
    memcpy(ret_id, frame.id, FRAME_ID_LEN);
    if (memcmp(frame.challenge, challenge, FRAME_ID_LEN) != 0) {
        return ERR_CONFLICT;
    }
    return record_decode(job_batch_desc(), frame.body, arena, ret_batch);
}

enum err jobs_reply_read(struct frame_key *key, struct span bytes, const uint8_t id[FRAME_ID_LEN], struct arena *arena,
                         uint8_t ret_challenge[FRAME_ID_LEN], struct outcome_batch *ret_batch)
{
    struct frame frame;
    TRY(read_frame(key, bytes, &frame));
    if (memcmp(frame.id, id, FRAME_ID_LEN) != 0) {
        return ERR_AUTH;
    }
    if (frame.kind == FRAME_WELCOME && frame.body.len == FRAME_ID_LEN) {
        memcpy(ret_challenge, frame.body.data, FRAME_ID_LEN);
        return ERR_CONFLICT;
    }
    if (frame.kind == FRAME_REFUSED) {
        return ERR_BUSY;
    }
    return frame.kind == FRAME_JOBS + FRAME_REPLY ? record_decode(outcome_batch_desc(), frame.body, arena, ret_batch)
                                                  : ERR_KIND;
}
