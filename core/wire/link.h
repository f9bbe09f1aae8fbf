/* link.h: messages over a stream, in nng's mapping on TCP (https://nanomsg.org/rfcs/sp-tcp-v1.html, for REQ and REP
 * sp-reqrep-01): each side greets with 8 bytes (0, 'S', 'P', 0, protocol in 16 bits, 0, 0), then every message is its
 * length in 64 bits, big-endian, and its bytes. Private to core/wire.
 *
 * A link belongs to an owner (an endpoint, a caller or a publisher) and is guarded by the owner's lock: call every
 * function here with it held. */
#ifndef OPENPOST_WIRE_LINK_H
#define OPENPOST_WIRE_LINK_H

#include <pthread.h>

#include "core/base/typeid.h"
#include "core/wire/stream.h"

#define LINK_REQ 0x30    /* the protocol of who asks … */
#define LINK_REP 0x31    /* … and of who answers */
#define LINK_PUB 0x20    /* who tells … */
#define LINK_SUB 0x21    /* … and who listens */
#define LINK_TAKE_MS 500 /* a peer that takes not a byte for so long is gone */
#define LINK_GIVE_MS \
    10000 /* likewise one whose greeting or whose message is not complete so long after its first byte */
#define LINK_CHUNK 16384

struct link;

/* One message on its way out, made by link_out_new: its bytes are the caller's to fill. */
struct link_out {
    struct link_out *next;
    void *context; /* the owner's */
    size_t len;    /* with the 8 bytes of the length */
    uint8_t bytes[];
};

struct link_owner {
    uint8_t us; /* LINK_… */
    uint8_t them;
    size_t frame_max;
    int give_ms; /* LINK_GIVE_MS, but in tests */
    pthread_mutex_t *lock;
    void *context;
    /* With the lock. begins: memory for a message of len bytes is about to be taken; may be NULL. may_take: may another
     * message come now? If not, link_resume later. message: its memory is the owner's (free). sent: before out is
     * freed. lost: once, when the link is closed for whatever reason (timed_out: the peer took or gave nothing for too
     * long). ended: nothing of it is under way any more; the owner may link_free it, but not within the call. */
    void (*begins)(void *context, const struct link *link, size_t len);
    bool (*may_take)(void *context, struct link *link);
    void (*message)(void *context, struct link *link, uint8_t *take_bytes, size_t len);
    void (*sent)(void *context, struct link *link, struct link_out *out);
    void (*lost)(void *context, struct link *link, bool timed_out);
    void (*ended)(void *context, struct link *link);
    /* Without the lock, after any of the above: time to call whoever waits. */
    void (*flush)(void *context);
};

struct link {
    const struct link_owner *owner;
    struct stream *stream;
    bool closed;
    bool reading;
    bool writing;
    bool greeted;
    bool greeting_sent;
    bool paused;
    uint8_t head[8]; /* of the greeting, then of the message that is coming */
    size_t head_len;
    uint64_t until_ms; /* timer_now_ms: when greeting or message have to be complete; 0: none has begun */
    uint8_t *message;
    size_t message_len;
    size_t message_got;
    size_t chunk_at;
    size_t chunk_len;
    struct link_out *out_first;
    struct link_out *out_last;
    size_t out_sent; /* bytes of the first that are written */
    /* The owner's own */
    struct link *next;
    unsigned asked;
    unsigned held;
    bool trusted;
    struct id holder; /* of a trusted one; may be none */
    bool ended;
    uint64_t order;
    uint8_t chunk[LINK_CHUNK];
};

/* link_new takes the stream and begins to greet. NULL: no memory, the stream is closed. */
struct link *link_new(const struct link_owner *owner, struct stream *take_stream);
/* link_free is called without the lock, and never from a callback of the link's. */
void link_free(struct link *link);
struct link_out *link_out_new(size_t payload_len);

static inline uint8_t *link_out_payload(struct link_out *out)
{
    return out->bytes + 8;
}

/* link_send takes out and writes it after those before. On a closed link it is freed and sent is not called. */
void link_send(struct link *link, struct link_out *take_out);
void link_resume(struct link *link);
void link_close(struct link *link);

#endif
