/* frame.h: what travels between processes: a msgpack array [version, kind, id, challenge, key name, body] and, behind
 * it, a tag of 32 bytes: HMAC-SHA-256 (RFC 2104) over every byte before it. Pure: no socket, no clock; ids and
 * challenges are the caller's.
 *
 *   version    1
 *   kind       enum frame_kind; a reply's is its request's + FRAME_REPLY, or one of the three below
 *   id         bin 16, random, one per request; a reply repeats it, so that its tag covers it
 *   challenge  bin 16, random, chosen by the ledger at its start: it makes yesterday's frames worthless. Zeros in a
 *              first request: the answer is then FRAME_WELCOME, which tells it
 *   key name   bin 16: the first 16 bytes of the fingerprint of the tag's key (tag_key.h), which is one of our own
 *              processes' (party.h) or an API key's tag key. None of them travels, and no fingerprint makes a tag. nil:
 *              scheduler and adapter have but one key between them
 *   body       bin, see body.h
 *
 * Who grabs the port while the ledger is down sees requests, but can neither answer them nor send them again later. */
#ifndef OPENPOST_WIRE_FRAME_H
#define OPENPOST_WIRE_FRAME_H

#include "core/base/limits.h"
#include "core/base/owned.h"
#include "core/base/span.h"

#define FRAME_VERSION 1
#define FRAME_ID_LEN 16
#define FRAME_KEY_LEN 32
#define FRAME_TAG_LEN 32
#define FRAME_OVERHEAD_MAX 128 /* bytes around a body */

enum frame_kind {
    FRAME_HELLO = 1,     /* who are you? body empty */
    FRAME_COMMANDS = 2,  /* please decide these */
    FRAME_FOLLOW = 3,    /* everything after a position */
    FRAME_QUERY = 4,     /* a question to the read models */
    FRAME_SEAL = 5,      /* keep this secret */
    FRAME_STATUS = 6,    /* how are you? */
    FRAME_JOBS = 7,      /* scheduler to adapter (jobs.h) */
    FRAME_DOUBT = 8,     /* the read models that I read are damaged; our own processes only. Figures both ways: seen_ms,
                           when by the boot clock; damaged: 0: they were made again since */
    FRAME_PERSON = 9,    /* who is behind an address, what is known of people (person.h); gateway and operators only */
    FRAME_IDENTITY = 10, /* gateway to identity process (identity.h) */
    FRAME_KIND_END,
    FRAME_REPLY = 64,
    FRAME_WELCOME = 126, /* answer to HELLO and to a frame with another challenge, which was not acted upon */
    FRAME_REFUSED = 127, /* body: a refusal's code; without a valid tag when the sender is unknown to us */
};

struct frame {
    uint8_t kind;
    uint8_t id[FRAME_ID_LEN];
    uint8_t challenge[FRAME_ID_LEN];
    bool has_key_name;
    uint8_t key_name[FRAME_ID_LEN];
    struct span body; /* borrowed */
};

/* A key made ready for tags. Not to be used by two threads at a time. */
struct frame_key;

enum err frame_key_new(const uint8_t key[FRAME_KEY_LEN], struct frame_key **ret_key) MUST_USE;
void frame_key_free(struct frame_key *key);
OWNED_BY(frame_key_free, struct frame_key *);
/* frame_key_set makes it another key. */
void frame_key_set(struct frame_key *key, const uint8_t bytes[FRAME_KEY_LEN]);

/* frame_write appends the frame and its tag; key NULL: a tag of zeros. ERR_NO_SPACE; ERR_TOO_LONG above
 * FRAME_BYTES_MAX. */
enum err frame_write(struct frame_key *key, const struct frame *frame, struct buf *out) MUST_USE;
/* frame_read reads the whole of bytes strictly: version, kind, lengths, shortest forms, nothing left over. It does not
 * look at the tag. The body borrows from bytes. ERR_TRUNCATED, ERR_TRAILING, ERR_MALFORMED, ERR_KIND, ERR_VERSION,
 * ERR_TOO_LONG. */
enum err frame_read(struct span bytes, struct frame *ret_frame) MUST_USE;
/* frame_check is true when the tag of bytes (that frame_read accepted) was made with key. Takes the same time whatever
 * the tag is. */
bool frame_check(struct frame_key *key, struct span bytes);

/* A wake-up: the head's position (8 bytes, big-endian) and a tag over "wake" and it. A hint, never the truth. */
#define FRAME_WAKE_LEN 40
void frame_wake_write(struct frame_key *key, uint64_t head, uint8_t ret_bytes[FRAME_WAKE_LEN]);
/* frame_wake_read: ERR_MALFORMED, ERR_AUTH. */
enum err frame_wake_read(struct frame_key *key, struct span bytes, uint64_t *ret_head) MUST_USE;

#endif
