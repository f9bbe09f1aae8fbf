/* log_internal.h: struct log and what its files share. Private to core/log. */
#ifndef OPENPOST_LOG_LOG_INTERNAL_H
#define OPENPOST_LOG_LOG_INTERNAL_H

#include <pthread.h>

#include "core/log/checkpoint.h"
#include "core/log/log.h"
#include "core/log/log_heads.h"
#include "core/log/log_rows.h"
#include "core/log/log_state.h"

/* One event of the group that is being collected. Its bytes stand in log_group.bytes. */
struct log_pending {
    struct id workspace_id;
    uint64_t workspace_seq;
    int64_t time_ms;
    uint8_t leaf[32];
    uint8_t payload_hash[32];
    size_t record_at;
    size_t record_len;
    size_t body_len;     /* behind the record; 0: the payload is in the record */
    uint64_t room_bytes; /* that it may need on the disk, at worst */
};

struct log_group {
    bool open;
    struct log_pending *pending;
    size_t count;
    size_t cap;
    uint8_t *bytes;
    size_t bytes_len;
    size_t bytes_cap;
    uint64_t room_bytes;    /* sum */
    struct log_heads heads; /* outlive the group: its writer changes them with heads_lock held, others look with it */
    size_t heads_unwritten; /* of them: the row says less */
};

struct log {
    struct log_rows *rows;
    const struct checkpoint_key *key;
    char *path; /* folder of the side file; NULL: none */
    bool read_only;
    bool broken; /* a commit failed so that nobody knows what is kept */
    uint64_t checkpoint_every;
    struct log_state state; /* as committed */
    struct log_group group;
    pthread_mutex_t heads_lock;
    pthread_mutex_t status_lock;
    struct log_status status; /* for any thread, after each commit */
};

/* log_start makes a log over rows that hold one already, or none yet. Takes rows, on failure too. The log is read-only
 * until its opener, when it has checked it, says otherwise. */
enum err log_start(struct log_rows **take_rows, const struct log_options *options, bool side_file, struct log **ret_log)
    MUST_USE;
/* log_stand_at makes the log stand at what view sees. */
enum err log_stand_at(struct log *log, struct log_view *view) MUST_USE;
/* log_heads_known gives the log what a check found: every workspace whose row may lag, none of which it has yet. */
enum err log_heads_known(struct log *log, const struct log_heads *heads) MUST_USE;
/* log_tail_verify checks everything from the last signed checkpoint to the head, in one view, at which the log then
 * stands: a writer beside a reader may have gone on since log_start. */
enum err log_tail_verify(struct log *log, struct log_fault *ret_fault) MUST_USE;

/* log_event_at reads record seq of view whole, the payload's hash checked; it borrows from the view. ERR_NOT_FOUND:
 * there is no such record. log_event_from does so with a record at hand. */
enum err log_event_at(struct log_view *view, uint64_t seq, struct log_event *ret_event, uint8_t ret_leaf[32]) MUST_USE;
enum err log_event_from(struct log_view *view, struct span record, uint64_t seq, struct log_event *ret_event,
                        uint8_t ret_leaf[32]) MUST_USE;

/* The newest signed note as a file beside the data, so that older data put in its place is noticed. log_side_write
 * replaces it atomically and durably. log_side_read takes a buffer of LOG_CHECKPOINT_MAX bytes: ERR_NOT_FOUND,
 * ERR_TOO_LONG; ERR_MALFORMED: it is not a file. */
enum err log_side_write(const char *folder, struct span note) MUST_USE;
enum err log_side_read(const char *folder, struct buf *out) MUST_USE;

/* log_lmdb_rows opens the environment; options as for log_lmdb_open, map_size 0: as large as it is. ret_fault may be
 * NULL and is written with some ERR_ALTERED. */
enum err log_lmdb_rows(const struct log_options *options, struct log_rows **ret_rows, struct log_fault *ret_fault)
    MUST_USE;

/* log_fault_set writes a sentence into fault (may be NULL) and returns ERR_ALTERED. */
enum err log_fault_set(struct log_fault *fault, uint64_t position, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* log_fault_give copies fault to *ret_fault (may be NULL); one that has no sentence yet gets a general one and
 * position. */
void log_fault_give(struct log_fault *fault, uint64_t position, struct log_fault *ret_fault);

#endif
