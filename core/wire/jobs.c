/* jobs.c: see jobs.h. Called by the scheduler's and the adapters' main.c. What it reads comes from a socket: the tag is
 * checked (pair.c) before the body is looked into. */
#include "core/wire/jobs.h"

#include "core/message/codec.h"
#include "core/wire/pair.h"

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

enum err jobs_request_write(struct frame_key *key, const uint8_t id[FRAME_ID_LEN],
                            const uint8_t challenge[FRAME_ID_LEN], const struct job_batch *batch, struct arena *arena,
                            struct buf *out)
{
    struct span body;
    TRY(encode(job_batch_desc(), batch, arena, &body));
    return pair_request_write(key, FRAME_JOBS, id, challenge, body, out);
}

enum err jobs_reply_write(struct frame_key *key, const uint8_t id[FRAME_ID_LEN], const struct outcome_batch *batch,
                          struct arena *arena, struct buf *out)
{
    struct span body;
    TRY(encode(outcome_batch_desc(), batch, arena, &body));
    return pair_reply_write(key, FRAME_JOBS, id, body, out);
}

enum err jobs_request_read(struct frame_key *key, struct span bytes, const uint8_t challenge[FRAME_ID_LEN],
                           struct arena *arena, uint8_t ret_id[FRAME_ID_LEN], struct job_batch *ret_batch)
{
    struct span body;
    TRY(pair_request_read(key, FRAME_JOBS, bytes, challenge, ret_id, &body));
    return record_decode(job_batch_desc(), body, arena, ret_batch);
}

enum err jobs_reply_read(struct frame_key *key, struct span bytes, const uint8_t id[FRAME_ID_LEN], struct arena *arena,
                         uint8_t ret_challenge[FRAME_ID_LEN], struct outcome_batch *ret_batch)
{
    struct span body;
    TRY(pair_reply_read(key, FRAME_JOBS, bytes, id, ret_challenge, &body));
    return record_decode(outcome_batch_desc(), body, arena, ret_batch);
}
