/* log.h: the append-only log of events: the one truth. Two implementations pass one contract test: log_lmdb (an LMDB
 * environment of its own, fully durable) and log_memory (tests, simulation). This header is the seam behind which a
 * distributed log can stand later.
 *
 * One writer. Every event has seq (gap-free from 1 over the installation), workspace_seq (gap-free from 1 within its
 * workspace; 0 for events of the installation), its stream and the stream's version (gap-free from 1). The record of an
 * event is its envelope (a msgpack array, below) followed by its payload (core/message/codec.h); payloads above
 * LOG_INLINE_MAX are stored beside, by SHA-256. The Merkle leaf (RFC 9162 section 2.1.1) is SHA-256(0x00 || envelope),
 * and the envelope holds the payload's SHA-256 and 128 random bits (salt), so that erasing a payload keeps every proof
 * and a small payload cannot be guessed from its leaf.
 *
 * With log_lmdb, whatever reads (log_read, log_look, cursors, log_workspace_head, log_root, proofs, log_checkpoint_at,
 * log_status) may be called by any thread of the process while the writer's thread writes; everything else is the
 * writer's. A log in memory belongs to one thread.
 *
 * Envelope: [seq, workspace id, workspace_seq, stream id, version, code, time_ms, actor kind, actor id, command id,
 * causation seq, salt (bin 16), payload SHA-256 (bin 32)]; ids as TypeID text, an absent one as nil. */
#ifndef OPENPOST_LOG_LOG_H
#define OPENPOST_LOG_LOG_H

#include "core/base/owned.h"
#include "core/base/span.h"
#include "core/base/typeid.h"

#define LOG_INLINE_MAX 1500     /* bytes of payload kept in the record: with its envelope under LMDB's 1.9 KB */
#define LOG_PAYLOAD_MAX 4194304 /* bytes: 4 MiB, twice the largest locked post */
#define LOG_GROUP_MAX 4096      /* events in one transaction: 512 commands of 8 events */
#define LOG_GROUP_BYTES_MAX ((size_t)64 << 20) /* bytes of records and payloads in one transaction */
#define LOG_ENVELOPE_MAX 400                   /* bytes */
#define LOG_CHECKPOINT_MAX 1024                /* bytes of a signed note */

/* Who caused an event. */
enum actor_kind { ACTOR_SYSTEM = 0, ACTOR_KEY = 1, ACTOR_MEMBER = 2, ACTOR_SCHEDULER = 3, ACTOR_OPERATOR = 4 };

/* actor_word names a kind of actor for people: "?" for one that this release does not know. */
const char *actor_word(uint64_t actor);

struct log_event {
    uint64_t seq;             /* given by the log */
    struct id workspace_id;   /* absent: an event of the installation */
    uint64_t workspace_seq;   /* given by the log; 0 without a workspace */
    struct id stream;         /* the aggregate */
    uint64_t version;         /* the event's place in its stream, from 1; given by the caller and checked by the log's
                                 user (the stream index is derived, so the log itself does not know it) */
    uint32_t code;            /* event.def */
    int64_t time_ms;          /* the ledger's stamp; never less than the event's before */
    uint8_t actor;            /* enum actor_kind */
    struct id actor_id;       /* absent for the system */
    struct id command_id;     /* the command that caused it; absent for the system's own */
    uint64_t causation;       /* seq of the event that led to it (an outcome: its start); 0: none */
    uint8_t salt[16];         /* random */
    uint8_t payload_hash[32]; /* computed by the log */
    struct span payload;      /* the encoded event */
};

struct log;
struct log_cursor;

/* What a log knows of itself. head: the last seq, 0 when empty. checkpoint_size: the size that the last signed
 * checkpoint covers. */
struct log_status {
    uint64_t head;
    int64_t time_ms;
    uint64_t checkpoint_size;
    uint64_t bytes_used;
    uint64_t bytes_max;  /* of the map */
    uint64_t altered_at; /* the first event that a reader did not find as it was written, or could not prove; 0: none */
};

/* How to open one. sign: called under log_commit and log_checkpoint to sign the note's text with the installation's
 * Ed25519 key: core/log/checkpoint.h makes it; reserve: bytes that only log_append with privileged set may use: locks,
 * starts and outcomes go on when users' commands are refused with storage_full. */
struct checkpoint_key;

struct log_options {
    const char *path;                 /* folder; log_memory ignores it */
    size_t map_size;                  /* bytes; the log never grows beyond */
    size_t reserve;                   /* bytes of the map kept for privileged appends */
    const struct checkpoint_key *key; /* borrowed for the log's life; signs checkpoints. Read-only logs may have NULL */
    bool read_only;
    uint64_t checkpoint_every; /* events between automatic checkpoints, e.g. 4096 */
};

/* What log_lmdb_open or log_verify found wrong, for people: where and what to do. position is the first seq that is
 * wrong or, where the sentence names a range, may be; 0: no event is known to be. */
struct log_fault {
    uint64_t position;
    char sentence[256];
};

/* log_lmdb_open opens (or creates, folder and files, where there are none) a log and verifies its tail from the last
 * signed checkpoint to the head; ret_fault may be NULL. ERR_ALTERED: no log's file, shorter than, forked from or
 * altered since its checkpoint: ret_fault says which position and what to do, and the log is not opened. ERR_BUSY:
 * another process has it open for writing. ERR_NOT_FOUND: no parent folder, or (read_only) no log. ERR_NO_SPACE,
 * ERR_ACCESS, ERR_IO, ERR_VERSION. log_memory_open makes an empty one; there key may be NULL (no checkpoints) and
 * map_size 0 (no limit). log_close accepts NULL; it drops an open group and writes a last checkpoint. */
enum err log_lmdb_open(const struct log_options *options, struct log **ret_log, struct log_fault *ret_fault) MUST_USE;
enum err log_memory_open(const struct log_options *options, struct log **ret_log) MUST_USE;
void log_close(struct log *log);
/* For the simulation. log_memory_fail_next_commit lets the next write (log_commit, or log_checkpoint with something to
 * sign) do nothing and fail with err (ERR_NO_SPACE or ERR_IO); log_memory_restart does to a log in memory what a crash
 * and a reopen do: the open group and the state of failure are gone, what was committed is there. */
void log_memory_fail_next_commit(struct log *log, enum err err);
void log_memory_restart(struct log *log);
OWNED_BY(log_close, struct log *);

/* A group: log_begin, log_append any number of times (<= LOG_GROUP_MAX), then log_commit or log_abort. One group at a
 * time (asserted). */
enum err log_begin(struct log *log) MUST_USE;
/* log_append adds one event to the group and writes its seq, workspace_seq and payload_hash into *event; the payload is
 * copied. privileged: may use the reserve. ERR_NO_SPACE: the event is not in the group, the group stands without it.
 * ERR_TOO_LONG: the payload is longer than LOG_PAYLOAD_MAX. ERR_NO_MEMORY: also when the group has reached
 * LOG_GROUP_BYTES_MAX: commit it and begin another. time_ms must not be before the last one's, version must be >= 1,
 * the payload not empty, workspace_id of that kind or absent (asserted). */
enum err log_append(struct log *log, struct log_event *event, bool privileged) MUST_USE;
/* log_mark and log_rollback drop the events appended since a mark (a command that fails in the middle of its events).
 */
uint64_t log_mark(const struct log *log);
void log_rollback(struct log *log, uint64_t mark);
/* log_commit makes the group durable and returns; blocks for the disk. ERR_NO_SPACE: nothing is kept, the log goes on.
 * ERR_IO: nobody knows what is kept, or the log is no longer in its place: the process must exit and reopen. */
enum err log_commit(struct log *log) MUST_USE;
void log_abort(struct log *log);

/* log_is_in_place, the writer's when it has nothing to commit (each commit looks for itself): false when the log's file
 * was deleted, moved away or replaced while it is open: nothing that is written now would be found again. Two system
 * calls. */
bool log_is_in_place(const struct log *log);

/* log_drop_dead_readers, the writer's from time to time: see store_drop_dead_readers. */
enum err log_drop_dead_readers(struct log *log, uint32_t *ret_count) MUST_USE;

void log_status(struct log *log, struct log_status *ret_status);
/* log_may_be_shared tells whether other threads than the writer's may read it: see above. */
bool log_may_be_shared(const struct log *log);
/* log_signer is what signs its checkpoints; NULL: it was opened without. */
const struct checkpoint_key *log_signer(const struct log *log);
/* log_workspace_head returns the last committed workspace_seq of a workspace, 0 when it has none. Of a log that is open
 * read-only beside its writer: one that it had since that was opened. */
enum err log_workspace_head(struct log *log, const struct id *workspace_id, uint64_t *ret_seq) MUST_USE;

/* log_read copies event seq into the arena-free buffer of the caller: payload bytes are copied to out (LOG_PAYLOAD_MAX
 * suffices) and ret_event->payload borrows out. ERR_NOT_FOUND past the head, ERR_ALTERED when the record does not
 * decode or its payload does not match its hash, ERR_TOO_LONG when out is too small. */
enum err log_read(struct log *log, uint64_t seq, struct buf *out, struct log_event *ret_event) MUST_USE;
/* log_look reads the envelope of event seq: the payload is absent, and is not looked at. ERR_NOT_FOUND past the head,
 * ERR_ALTERED. */
enum err log_look(struct log *log, uint64_t seq, struct log_event *ret_event) MUST_USE;
/* A cursor walks events in order from after+1. The event's payload lives until the next call. log_cursor_next:
 * ERR_NOT_FOUND at the head. It sees what was committed when it was opened. */
enum err log_cursor_open(struct log *log, uint64_t after, struct log_cursor **ret_cursor) MUST_USE;
enum err log_cursor_next(struct log_cursor *cursor, struct log_event *ret_event) MUST_USE;
void log_cursor_close(struct log_cursor *cursor);
OWNED_BY(log_cursor_close, struct log_cursor *);

/* log_envelope writes the leaf's bytes of event (seq, salt and hashes as they stand). For proofs and tests.
 * log_envelope_read reads the whole of bytes; log_envelope_take off their front: *ret_len of them. ERR_ALTERED. */
void log_envelope(const struct log_event *event, struct buf *out);
enum err log_envelope_read(struct span bytes, struct log_event *ret_event) MUST_USE;
enum err log_envelope_take(struct span bytes, struct log_event *ret_event, size_t *ret_len) MUST_USE;

/* log_root computes the Merkle root of the first size events (RFC 9162 section 2.1.1); size <= head. log_inclusion
 * writes the proof of event seq in the tree of size, log_consistency that the tree of old_size is a prefix of that of
 * size: lists of hashes, nearest first, at most LOG_PROOF_MAX. */
#define LOG_PROOF_MAX 64
enum err log_root(struct log *log, uint64_t size, uint8_t ret_root[32]) MUST_USE;
enum err log_inclusion(struct log *log, uint64_t seq, uint64_t size, uint8_t ret_proof[LOG_PROOF_MAX][32],
                       size_t *ret_count) MUST_USE;
enum err log_consistency(struct log *log, uint64_t old_size, uint64_t size, uint8_t ret_proof[LOG_PROOF_MAX][32],
                         size_t *ret_count) MUST_USE;
/* log_checkpoint signs the present head (if it has no checkpoint yet) and writes the newest signed note to out (that of
 * the empty log is signed but not kept). Not within a group. ERR_NOT_FOUND: there is none and no key to sign with. */
enum err log_checkpoint(struct log *log, struct buf *out) MUST_USE;
/* log_checkpoint_at writes the note of the smallest checkpoint that covers seq; ERR_NOT_FOUND when none does yet. */
enum err log_checkpoint_at(struct log *log, uint64_t seq, struct buf *out) MUST_USE;

/* What log_verify found in a log that is as it was written. An event that repeats or skips a version of its stream was
 * never altered: whoever wrote it no longer knew the stream's events. order.position: the first one's seq; 0: none. */
struct log_verified {
    uint64_t events;
    uint64_t out_of_order; /* so many such events */
    struct log_fault order;
};

/* log_verify reads a whole log in path: every record, payload, tree row and checkpoint, against each other and the
 * public key, and every event's version against its stream; it calls progress (may be NULL) now and then. OK: all is as
 * it was written. ERR_ALTERED with ret_fault. ERR_NOT_FOUND, ERR_ACCESS, ERR_VERSION: cannot be read. Holds in memory
 * up to 64 bytes for each stream (96 while the table grows), 224 for each workspace and 64 for each payload kept
 * beside. Run it in a child process: a damaged file may raise SIGBUS or SIGSEGV inside LMDB. */
typedef void log_progress(void *context, uint64_t done, uint64_t total);
enum err log_verify(const char *path, const uint8_t public_key[32], const char *origin, log_progress *progress,
                    void *context, struct log_verified *ret_verified, struct log_fault *ret_fault) MUST_USE;

#endif
