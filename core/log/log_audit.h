/* log_audit.h: checks that the verification of a tail (log_tail.c) and of a whole log (log_verify.c) have in common.
 * Private to core/log. */
#ifndef OPENPOST_LOG_LOG_AUDIT_H
#define OPENPOST_LOG_LOG_AUDIT_H

#include "core/log/log_heads.h"
#include "core/log/log_state.h"

struct log_audit {
    struct log_fault *fault;
    bool from_start;         /* else a workspace's first event seen may have any workspace_seq */
    struct merkle_edge edge; /* of the events checked so far */
    int64_t time_ms;
    struct log_heads heads;
    uint64_t marks;   /* checkpoints met so far: up to the last one a workspace's row must go */
    struct id stream; /* of the last event checked, and its place there */
    uint64_t version;
    bool long_payload; /* likewise: it is kept beside */
    uint8_t payload_hash[32];
};

/* log_audit_event checks the next event, whose row is key and record: its place, form, payload, time, workspace_seq,
 * and the rows of the tree that it completes. ERR_ALTERED with fault. */
enum err log_audit_event(struct log_audit *audit, struct log_view *view, struct span key, struct span record) MUST_USE;
/* log_audit_head tells whether a workspace's row, or that there is none (absent), may say so: no less than its last
 * workspace_seq under the last checkpoint, and no more than its last. */
bool log_audit_head(const struct log_audit *audit, const struct log_head *head, struct span row);
/* log_audit_end compares the state row with what was seen. */
enum err log_audit_end(const struct log_audit *audit, const struct log_state *state) MUST_USE;

/* log_audit_note opens a note that should be of size and compares its root; name says where it was found. */
struct log_note {
    uint64_t size;
    uint8_t root[32];
};
enum err log_audit_note(struct log_fault *fault, const char *where, struct span bytes, const char *origin,
                        const uint8_t public_key[32], struct log_note *ret_note) MUST_USE;
/* log_audit_kept checks the kept checkpoint of size, whose note is bytes, against root, that of the first size events;
 * agreed: the size of the kept one before it, which agreed with the log; 0: there is none. */
enum err log_audit_kept(struct log_fault *fault, uint64_t agreed, uint64_t size, struct span bytes, const char *origin,
                        const uint8_t public_key[32], const uint8_t root[32]) MUST_USE;
/* log_audit_parted tells that the log is not what a checkpoint of size (where: "kept in it", "beside it") was signed
 * over, and that of the first event that differs no more is known than that it comes after agreed. */
enum err log_audit_parted(struct log_fault *fault, uint64_t agreed, uint64_t size, const char *where) MUST_USE;
/* log_audit_shorter tells that the log ends at event head, before the end of what a checkpoint of size was signed
 * over. */
enum err log_audit_shorter(struct log_fault *fault, uint64_t head, uint64_t size) MUST_USE;

#endif
