/* jobs.h: what scheduler and adapter say to each other: frames (frame.h) under a key of their own (link_key), over the
 * sockets of caller.h (the scheduler asks) and endpoint.h (the adapter answers). Pure.
 *
 *   FRAME_JOBS    body: job_batch (job.def)      its reply's body: outcome_batch: finished outcomes that nobody has
 * acknowledged yet, oldest first challenge     chosen by the adapter at its start; zeros in a first request. Another
 * one is answered FRAME_WELCOME (body: the challenge), and the request was not acted upon
 *
 * A request with jobs, acknowledgements or a recall is answered at once. An empty one waits for an outcome, at most
 * JOBS_WAIT_MS; one that was reported and is not acknowledged yet is reported again only after JOBS_AGAIN_MS. A job
 * that the adapter knows is ignored, an outcome stays until it is acknowledged (done). The scheduler hands a commit
 * over once: when no reply comes it never sends it again. */

#ifndef OPENPOST_WIRE_JOBS_H
#define OPENPOST_WIRE_JOBS_H

#include "core/base/arena.h"
#include "core/message/message.h"
#include "core/wire/frame.h"

#define JOBS_WAIT_MS 10000
#define JOBS_SILENT_MAX_MS 15000 /* longer without any reply to what is asked: the adapter hangs, or is gone */
#define JOBS_AGAIN_MS 1000
#define JOBS_BYTES_MAX ((size_t)4 << 20) /* of a batch's texts and blobs: with its names it fits a frame */

/* Each writes a whole frame to out, using arena for scratch. ERR_NO_SPACE, ERR_NO_MEMORY, and codec.h's errors. */
enum err jobs_request_write(struct frame_key *key, const uint8_t id[FRAME_ID_LEN],
                            const uint8_t challenge[FRAME_ID_LEN], const struct job_batch *batch, struct arena *arena,
                            struct buf *out) MUST_USE;
enum err jobs_reply_write(struct frame_key *key, const uint8_t id[FRAME_ID_LEN], const struct outcome_batch *batch,
                          struct arena *arena, struct buf *out) MUST_USE;
/* A welcome, and that a batch was not taken for want of room, are pair.h's. */

/* jobs_request_read reads a request at an adapter whose challenge that is; *ret_id is what the reply must repeat.
 * ERR_CONFLICT: another challenge: *ret_id is set, answer with pair_welcome_write. ERR_AUTH: drop the connection. */
enum err jobs_request_read(struct frame_key *key, struct span bytes, const uint8_t challenge[FRAME_ID_LEN],
                           struct arena *arena, uint8_t ret_id[FRAME_ID_LEN], struct job_batch *ret_batch) MUST_USE;
/* jobs_reply_read reads the reply to request id. ERR_CONFLICT: the adapter is another process than the challenge says,
 * nothing was done: *ret_challenge is its own. ERR_BUSY: it has no room now, nothing was done. ERR_AUTH: it does not
 * know our secret. */
enum err jobs_reply_read(struct frame_key *key, struct span bytes, const uint8_t id[FRAME_ID_LEN], struct arena *arena,
                         uint8_t ret_challenge[FRAME_ID_LEN], struct outcome_batch *ret_batch) MUST_USE;

#endif
