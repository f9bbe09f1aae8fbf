/* pair.c: see pair.h. Called by jobs.c and identity_client.c, and by the process that answers. What it reads comes from
 * a socket: the tag is checked before the body is looked into. */
#include "core/wire/pair.h"

#include "core/wire/body.h"

enum err pair_request_write(struct frame_key *key, enum frame_kind kind, const uint8_t id[FRAME_ID_LEN],
                            const uint8_t challenge[FRAME_ID_LEN], struct span body, struct buf *out)
{
    struct frame frame = {.kind = (uint8_t)kind, .body = body};
    memcpy(frame.id, id, FRAME_ID_LEN);
    memcpy(frame.challenge, challenge, FRAME_ID_LEN);
    return frame_write(key, &frame, out);
}

static enum err answer_write(struct frame_key *key, uint8_t kind, const uint8_t id[FRAME_ID_LEN], struct span body,
                             struct buf *out)
{
    struct frame frame = {.kind = kind, .body = body};
    memcpy(frame.id, id, FRAME_ID_LEN);
    return frame_write(key, &frame, out);
}

enum err pair_reply_write(struct frame_key *key, enum frame_kind kind, const uint8_t id[FRAME_ID_LEN], struct span body,
                          struct buf *out)
{
    return answer_write(key, (uint8_t)(kind + FRAME_REPLY), id, body, out);
}

enum err pair_welcome_write(struct frame_key *key, const uint8_t id[FRAME_ID_LEN],
                            const uint8_t challenge[FRAME_ID_LEN], struct buf *out)
{
    return answer_write(key, FRAME_WELCOME, id, span_of(challenge, FRAME_ID_LEN), out);
}

enum err pair_refuse_write(struct frame_key *key, const uint8_t id[FRAME_ID_LEN], struct buf *out)
{
    uint8_t bytes[64];
    struct buf body = buf_of(bytes, sizeof bytes);
    body_code_put(&body, REFUSED_unavailable);
    return answer_write(key, FRAME_REFUSED, id, buf_span(&body), out);
}

static enum err read_frame(struct frame_key *key, struct span bytes, struct frame *ret_frame)
{
    TRY(frame_read(bytes, ret_frame));
    return frame_check(key, bytes) ? OK : ERR_AUTH;
}

enum err pair_request_read(struct frame_key *key, enum frame_kind kind, struct span bytes,
                           const uint8_t challenge[FRAME_ID_LEN], uint8_t ret_id[FRAME_ID_LEN], struct span *ret_body)
{
    struct frame frame;
    TRY(read_frame(key, bytes, &frame));
    if (frame.kind != kind) {
        return ERR_KIND;
    }
    memcpy(ret_id, frame.id, FRAME_ID_LEN);
    if (memcmp(frame.challenge, challenge, FRAME_ID_LEN) != 0) {
        return ERR_CONFLICT;
    }
    *ret_body = frame.body;
    return OK;
}

enum err pair_reply_read(struct frame_key *key, enum frame_kind kind, struct span bytes, const uint8_t id[FRAME_ID_LEN],
                         uint8_t ret_challenge[FRAME_ID_LEN], struct span *ret_body)
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
    if (frame.kind != kind + FRAME_REPLY) {
        return ERR_KIND;
    }
    *ret_body = frame.body;
    return OK;
}
