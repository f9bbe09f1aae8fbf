/* pair.h: frames between two of our own processes that have one key between them (link_key, identity_link_key) and know
 * no other: scheduler and adapter (jobs.h), gateway and identity process (identity.h). Bodies are theirs. Pure.
 *
 * Who answers chooses a challenge at its start; a request with another one (zeros in a first) is answered
 * FRAME_WELCOME (body: the challenge), and was not acted upon. */
#ifndef OPENPOST_WIRE_PAIR_H
#define OPENPOST_WIRE_PAIR_H

#include "core/message/answer.h"
#include "core/wire/frame.h"

/* Each writes a whole frame to out. Errors are frame_write's. pair_refuse_write: the request was not taken, for want of
 * room: FRAME_REFUSED, body: [code] as elsewhere (body.h), here "unavailable". */
enum err pair_request_write(struct frame_key *key, enum frame_kind kind, const uint8_t id[FRAME_ID_LEN],
                            const uint8_t challenge[FRAME_ID_LEN], struct span body, struct buf *out) MUST_USE;
enum err pair_reply_write(struct frame_key *key, enum frame_kind kind, const uint8_t id[FRAME_ID_LEN], struct span body,
                          struct buf *out) MUST_USE;
enum err pair_welcome_write(struct frame_key *key, const uint8_t id[FRAME_ID_LEN],
                            const uint8_t challenge[FRAME_ID_LEN], struct buf *out) MUST_USE;
enum err pair_refuse_write(struct frame_key *key, const uint8_t id[FRAME_ID_LEN], struct buf *out) MUST_USE;

/* pair_request_read reads a request of that kind at a process whose challenge that is; *ret_id is what the reply must
 * repeat; the body borrows. ERR_CONFLICT: another challenge: *ret_id is set, answer with pair_welcome_write. ERR_AUTH:
 * drop the connection. ERR_KIND, and frame_read's errors. */
enum err pair_request_read(struct frame_key *key, enum frame_kind kind, struct span bytes,
                           const uint8_t challenge[FRAME_ID_LEN], uint8_t ret_id[FRAME_ID_LEN], struct span *ret_body)
    MUST_USE;
/* pair_reply_read reads the reply to request id. ERR_CONFLICT: who answers is another process than the challenge says,
 * nothing was done: *ret_challenge is its own. ERR_BUSY: it has no room now, nothing was done. ERR_AUTH: it does not
 * know our secret. */
enum err pair_reply_read(struct frame_key *key, enum frame_kind kind, struct span bytes, const uint8_t id[FRAME_ID_LEN],
                         uint8_t ret_challenge[FRAME_ID_LEN], struct span *ret_body) MUST_USE;

#endif
