/* log_tail.c: what is checked before a log is used: that it is at least as long as, and agrees with, what was signed
 * last (in the log and beside it), and every event since. A few milliseconds for a few thousand events. */
#include <inttypes.h>

#include "core/base/assert.h"
#include "core/log/log_audit.h"
#include "core/log/log_internal.h"
#include "core/log/log_record.h"

struct tail {
    struct log *log;
    struct log_view *view;
    struct log_audit audit;
    uint8_t side_bytes[LOG_CHECKPOINT_MAX];
    struct buf side; /* the note beside the log; data NULL: there is none */
};

/* The root of the first size events as the tree has it: zeros, which nobody signed, where that is altered. */
static enum err stored_root(const struct tail *tail, uint64_t size, uint8_t ret_root[32])
{
    uint8_t root[32] = {0};
    const enum err err = merkle_root_at(size, log_node, tail->view, root);
    if (err != OK && err != ERR_ALTERED) {
        return err;
    }
    memcpy(ret_root, root, sizeof root);
    return OK;
}

/* A note over size events, kept last or found beside, does not agree with the log. Tells the first kept one that does
 * not; where all do, the note beside was signed over another log, and of that the kept ones tell nothing: they are this
 * log's own, those behind a fork too. */
static enum err tell_parted(struct tail *tail, uint64_t size)
{
    const struct log_rows_ops *ops = tail->log->rows->ops;
    const struct checkpoint_key *key = tail->log->key;
    OWNED(log_walk_end) struct log_walk *walk = NULL;
    TRY(ops->walk_begin(tail->view, LOG_CHECKPOINTS, &walk));
    struct log_key first;
    struct span at;
    struct span note;
    uint64_t agreed = 0;
    enum err err = ops->walk_seek(walk, log_key(&first, 1), &at, &note);
    for (; err == OK; err = ops->walk_next(walk, &at, &note)) {
        const uint64_t kept = at.len == 8 ? get_be64(at.data) : 0;
        if (kept <= agreed || kept > tail->log->state.edge.size) {
            return log_fault_set(tail->audit.fault, agreed + 1, "a kept checkpoint stands at no event");
        }
        uint8_t root[32];
        TRY(stored_root(tail, kept, root));
        TRY(log_audit_kept(tail->audit.fault, agreed, kept, note, checkpoint_key_name(key), checkpoint_key_public(key),
                           root));
        agreed = kept;
    }
    return err == ERR_NOT_FOUND ? log_audit_parted(tail->audit.fault, 0, size, "beside it") : err;
}

/* Checks one signed note against the log; size 0: any. */
static enum err check_note(struct tail *tail, const char *where, struct span bytes, uint64_t size)
{
    const struct log *log = tail->log;
    struct log_note note;
    TRY(log_audit_note(tail->audit.fault, where, bytes, checkpoint_key_name(log->key), checkpoint_key_public(log->key),
                       &note));
    if (note.size > log->state.edge.size) {
        return log_audit_shorter(tail->audit.fault, tail->log->state.edge.size, note.size);
    }
    if (size != 0 && note.size != size) {
        return log_fault_set(tail->audit.fault, 0, "%s is not of size %" PRIu64, where, size);
    }
    uint8_t root[32];
    TRY(stored_root(tail, note.size, root));
    return memcmp(root, note.root, sizeof root) == 0 ? OK : tell_parted(tail, note.size);
}

static enum err check_checkpoints(struct tail *tail)
{
    const struct log *log = tail->log;
    OWNED(log_walk_end) struct log_walk *walk = NULL;
    TRY(log->rows->ops->walk_begin(tail->view, LOG_CHECKPOINTS, &walk));
    struct span key;
    struct span note = {0};
    uint64_t size = 0;
    const enum err err = log->rows->ops->walk_last(walk, &key, &note);
    if (err == OK && key.len == 8) {
        size = get_be64(key.data);
    }
    if ((err != OK && err != ERR_NOT_FOUND) || size > log->state.edge.size) {
        return err != OK && err != ERR_NOT_FOUND
                   ? err
                   : log_audit_shorter(tail->audit.fault, tail->log->state.edge.size, size);
    }
    if (size != log->state.checkpoint_size) {
        return log_fault_set(tail->audit.fault, 0,
                             "the last kept checkpoint is of size %" PRIu64 ", but the log says %" PRIu64, size,
                             log->state.checkpoint_size);
    }
    if (log->key == NULL) {
        return OK; /* a reader without the public key takes the signatures on trust */
    }
    if (size > 0) {
        TRY(check_note(tail, "the last kept checkpoint", note, size));
    }
    return tail->side.data == NULL ? OK
                                   : check_note(tail, "the file checkpoint beside the log", buf_span(&tail->side), 0);
}

/* Before the view is begun: the writer commits first and writes the file then, so what the file says the view has. */
static enum err read_side(struct tail *tail)
{
    struct buf side = buf_of(tail->side_bytes, sizeof tail->side_bytes);
    if (tail->log->path == NULL || tail->log->key == NULL) {
        return OK;
    }
    const enum err err = log_side_read(tail->log->path, &side);
    if (err == ERR_TOO_LONG || err == ERR_MALFORMED) {
        return log_fault_set(tail->audit.fault, 0, "the file checkpoint beside the log is not a signed checkpoint");
    }
    if (err != OK) {
        return err == ERR_NOT_FOUND ? OK : err;
    }
    tail->side = side;
    return OK;
}

/* The edge of the tree of the first size events, from rows and records, and the time of the last of them. */
static enum err begin_at(struct tail *tail, uint64_t size)
{
    struct log_audit *audit = &tail->audit;
    audit->from_start = size == 0;
    for (unsigned level = 0; level < 64; level++) {
        if ((size >> level & 1) == 1) {
            const uint64_t index = (size >> level) - 1;
            const enum err err = log_node(tail->view, level, index, audit->edge.hashes[level]);
            if (err == ERR_ALTERED) {
                return log_fault_set(audit->fault, (index << level) + 1,
                                     "events from %" PRIu64 " on are not as they were written", (index << level) + 1);
            }
            TRY(err);
        }
    }
    audit->edge.size = size;
    if (size > 0) {
        struct log_event event;
        uint8_t leaf[32];
        const enum err err = log_event_at(tail->view, size, &event, leaf);
        if (err == ERR_ALTERED || err == ERR_NOT_FOUND) {
            return log_fault_set(audit->fault, size, "event %" PRIu64 " is not as it was written", size);
        }
        TRY(err);
        audit->time_ms = event.time_ms;
    }
    return OK;
}

static enum err check_events(struct tail *tail)
{
    const struct log *log = tail->log;
    const uint64_t head = log->state.edge.size;
    OWNED(log_walk_end) struct log_walk *walk = NULL;
    TRY(log->rows->ops->walk_begin(tail->view, LOG_RECORDS, &walk));
    struct log_key number;
    struct span key;
    struct span record;
    enum err err = log->rows->ops->walk_seek(walk, log_key(&number, tail->audit.edge.size + 1), &key, &record);
    while (err == OK && tail->audit.edge.size < head) {
        TRY(log_audit_event(&tail->audit, tail->view, key, record));
        err = log->rows->ops->walk_next(walk, &key, &record);
    }
    if (err == OK) {
        return log_fault_set(tail->audit.fault, head + 1, "an event stands behind the log's end at %" PRIu64, head);
    }
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    if (tail->audit.edge.size < head) {
        return log_fault_set(tail->audit.fault, tail->audit.edge.size + 1,
                             "event %" PRIu64 " is missing: restore data from a copy", tail->audit.edge.size + 1);
    }
    return log_audit_end(&tail->audit, &log->state);
}

/* The workspaces of the tail: their rows may lag, but not behind the checkpoint. */
static enum err check_heads(struct tail *tail)
{
    const struct log_heads *heads = &tail->audit.heads;
    for (size_t i = 0; i < heads->cap; i++) {
        struct log_head *head = &heads->slots[i];
        if (!head->used) {
            continue;
        }
        struct span row = {0};
        const enum err err = tail->view->rows->ops->get(tail->view, LOG_HEADS, span_of(head->uuid, 16), &row);
        if (err != OK && err != ERR_NOT_FOUND) {
            return err;
        }
        if (!log_audit_head(&tail->audit, head, row)) {
            return log_fault_set(tail->audit.fault, 0, "a workspace's last event is not the one that the log says");
        }
        head->written = row.data != NULL ? get_be64(row.data) : 0;
    }
    return log_heads_known(tail->log, heads);
}

enum err log_tail_verify(struct log *log, struct log_fault *ret_fault)
{
    OWNED(log_view_end) struct log_view *view = NULL;
    struct tail tail = {.log = log, .audit = {.fault = ret_fault}};
    TRY(read_side(&tail));
    TRY(log->rows->ops->view_begin(log->rows, &view));
    TRY(log_stand_at(log, view));
    tail.view = view;
    enum err err = check_checkpoints(&tail);
    if (err == OK) {
        err = begin_at(&tail, log->state.checkpoint_size);
    }
    if (err == OK) {
        err = check_events(&tail);
    }
    if (err == OK) {
        err = check_heads(&tail);
    }
    log_heads_done(&tail.audit.heads);
    return err;
}
