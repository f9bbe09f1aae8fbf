/* log_read.c: the readers' side of a log: events, cursors, roots, proofs, kept checkpoints. With LMDB it may be called
 * by any thread: each call or cursor has a view of its own and takes nothing from struct log that changes; where an
 * event is not as it was written, the log's status says so from then on. Must never hold a view for long: an old view
 * keeps the writer from reusing pages. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/assert.h"
#include "core/base/lock.h"
#include "core/base/sha256.h"
#include "core/log/log_internal.h"
#include "core/log/log_record.h"

#define CURSOR_RENEW 1024 /* events after which a cursor takes a fresh view */

struct log_cursor {
    struct log *log;
    struct log_view *view;
    struct log_walk *walk;
    uint64_t next; /* seq */
    uint64_t head;
    unsigned left; /* steps until the view is renewed; 0: it must be begun and sought */
};

enum err log_event_from(struct log_view *view, struct span record, uint64_t seq, struct log_event *ret_event,
                        uint8_t ret_leaf[32])
{
    struct log_event event;
    uint8_t leaf[32];
    TRY(log_record_read(record, seq, &event, leaf));
    if (event.payload.data == NULL) {
        const enum err err = view->rows->ops->get(view, LOG_BODIES, span_of(event.payload_hash, 32), &event.payload);
        if (err != OK) {
            return err == ERR_NOT_FOUND ? ERR_ALTERED : err;
        }
        if (event.payload.len <= LOG_INLINE_MAX || event.payload.len > LOG_PAYLOAD_MAX) {
            return ERR_ALTERED;
        }
    }
    uint8_t hash[32];
    sha256(event.payload, hash);
    if (memcmp(hash, event.payload_hash, sizeof hash) != 0) {
        return ERR_ALTERED;
    }
    *ret_event = event;
    memcpy(ret_leaf, leaf, sizeof leaf);
    return OK;
}

enum err log_event_at(struct log_view *view, uint64_t seq, struct log_event *ret_event, uint8_t ret_leaf[32])
{
    struct log_key key;
    struct span record;
    TRY(view->rows->ops->get(view, LOG_RECORDS, log_key(&key, seq), &record));
    return log_event_from(view, record, seq, ret_event, ret_leaf);
}

/* The head that view sees; 0 when nothing was written yet. */
static enum err view_head(struct log_view *view, uint64_t *ret_head)
{
    struct log_state state = {0};
    const enum err err = log_state_of(view, &state);
    if (err != OK && err != ERR_NOT_FOUND) {
        return err;
    }
    *ret_head = state.edge.size;
    return OK;
}

/* Passes on what reading event seq led to. */
static enum err noted(struct log *log, uint64_t seq, enum err err)
{
    if (err == ERR_ALTERED) {
        lock_take(&log->status_lock);
        log->status.altered_at = log->status.altered_at == 0 ? seq : log->status.altered_at;
        lock_give(&log->status_lock);
    }
    return err;
}

static enum err read_event(struct log *log, uint64_t seq, struct buf *out, struct log_event *ret_event)
{
    OWNED(log_view_end) struct log_view *view = NULL;
    TRY(log->rows->ops->view_begin(log->rows, &view));
    struct log_event event;
    uint8_t leaf[32];
    const enum err err = log_event_at(view, seq, &event, leaf);
    if (err == ERR_NOT_FOUND) {
        uint64_t head = 0;
        TRY(view_head(view, &head));
        return seq > 0 && seq <= head ? ERR_ALTERED : ERR_NOT_FOUND;
    }
    TRY(err);
    if (out->overflow || event.payload.len > out->cap - out->len) {
        return ERR_TOO_LONG;
    }
    const uint8_t *copy = out->data + out->len;
    buf_put(out, event.payload);
    event.payload.data = copy;
    *ret_event = event;
    return OK;
}

enum err log_read(struct log *log, uint64_t seq, struct buf *out, struct log_event *ret_event)
{
    return noted(log, seq, read_event(log, seq, out, ret_event));
}

static enum err look_at(struct log *log, uint64_t seq, struct log_event *ret_event)
{
    OWNED(log_view_end) struct log_view *view = NULL;
    TRY(log->rows->ops->view_begin(log->rows, &view));
    struct log_key key;
    struct span record;
    struct log_event event;
    uint8_t leaf[32];
    TRY(view->rows->ops->get(view, LOG_RECORDS, log_key(&key, seq), &record));
    TRY(log_record_read(record, seq, &event, leaf));
    event.payload = (struct span){0}; /* it would borrow from the view */
    *ret_event = event;
    return OK;
}

enum err log_look(struct log *log, uint64_t seq, struct log_event *ret_event)
{
    return noted(log, seq, look_at(log, seq, ret_event));
}

enum err log_cursor_open(struct log *log, uint64_t after, struct log_cursor **ret_cursor)
{
    OWNED(log_view_end) struct log_view *view = NULL;
    TRY(log->rows->ops->view_begin(log->rows, &view));
    uint64_t head = 0;
    TRY(view_head(view, &head));
    struct log_cursor *cursor = calloc(1, sizeof *cursor);
    if (cursor == NULL) {
        return ERR_NO_MEMORY;
    }
    cursor->log = log;
    cursor->head = head;
    cursor->next = after < head ? after + 1 : head + 1;
    *ret_cursor = cursor;
    return OK;
}

static void cursor_rest(struct log_cursor *cursor)
{
    log_walk_end(cursor->walk);
    cursor->walk = NULL;
    log_view_end(cursor->view);
    cursor->view = NULL;
    cursor->left = 0;
}

static enum err cursor_step(struct log_cursor *cursor, struct span *ret_key, struct span *ret_record)
{
    const struct log_rows_ops *ops = cursor->log->rows->ops;
    if (cursor->left > 0) {
        cursor->left--;
        return ops->walk_next(cursor->walk, ret_key, ret_record);
    }
    cursor_rest(cursor);
    TRY(ops->view_begin(cursor->log->rows, &cursor->view));
    TRY(ops->walk_begin(cursor->view, LOG_RECORDS, &cursor->walk));
    struct log_key key;
    TRY(ops->walk_seek(cursor->walk, log_key(&key, cursor->next), ret_key, ret_record));
    cursor->left = CURSOR_RENEW;
    return OK;
}

static enum err cursor_next(struct log_cursor *cursor, struct log_event *ret_event)
{
    if (cursor->next > cursor->head) {
        cursor_rest(cursor);
        return ERR_NOT_FOUND;
    }
    struct span key;
    struct span record;
    const enum err err = cursor_step(cursor, &key, &record);
    if (err != OK) {
        cursor_rest(cursor);
        return err == ERR_NOT_FOUND ? ERR_ALTERED : err;
    }
    if (key.len != 8 || get_be64(key.data) != cursor->next) {
        return ERR_ALTERED;
    }
    uint8_t leaf[32];
    TRY(log_event_from(cursor->view, record, cursor->next, ret_event, leaf));
    cursor->next++;
    return OK;
}

enum err log_cursor_next(struct log_cursor *cursor, struct log_event *ret_event)
{
    const uint64_t seq = cursor->next;
    return noted(cursor->log, seq, cursor_next(cursor, ret_event));
}

void log_cursor_close(struct log_cursor *cursor)
{
    if (cursor != NULL) {
        cursor_rest(cursor);
        free(cursor);
    }
}

enum err log_root(struct log *log, uint64_t size, uint8_t ret_root[32])
{
    OWNED(log_view_end) struct log_view *view = NULL;
    TRY(log->rows->ops->view_begin(log->rows, &view));
    return merkle_root_at(size, log_node, view, ret_root);
}

enum err log_inclusion(struct log *log, uint64_t seq, uint64_t size, uint8_t ret_proof[LOG_PROOF_MAX][32],
                       size_t *ret_count)
{
    ASSERT(seq >= 1 && seq <= size);
    OWNED(log_view_end) struct log_view *view = NULL;
    TRY(log->rows->ops->view_begin(log->rows, &view));
    return noted(log, seq, merkle_inclusion(seq - 1, size, log_node, view, ret_proof, ret_count));
}

enum err log_consistency(struct log *log, uint64_t old_size, uint64_t size, uint8_t ret_proof[LOG_PROOF_MAX][32],
                         size_t *ret_count)
{
    ASSERT(old_size <= size);
    OWNED(log_view_end) struct log_view *view = NULL;
    TRY(log->rows->ops->view_begin(log->rows, &view));
    return merkle_consistency(old_size, size, log_node, view, ret_proof, ret_count);
}

enum err log_checkpoint_at(struct log *log, uint64_t seq, struct buf *out)
{
    OWNED(log_view_end) struct log_view *view = NULL;
    TRY(log->rows->ops->view_begin(log->rows, &view));
    OWNED(log_walk_end) struct log_walk *walk = NULL;
    TRY(log->rows->ops->walk_begin(view, LOG_CHECKPOINTS, &walk));
    struct log_key key;
    struct span found;
    struct span note;
    TRY(log->rows->ops->walk_seek(walk, log_key(&key, seq), &found, &note));
    buf_put(out, note);
    return buf_ok(out) ? OK : ERR_TOO_LONG;
}

enum err log_fault_set(struct log_fault *fault, uint64_t position, const char *format, ...)
{
    if (fault != NULL) {
        fault->position = position;
        va_list arguments;
        va_start(arguments, format);
        const int len = vsnprintf(fault->sentence, sizeof fault->sentence, format, arguments);
        va_end(arguments);
        ASSERT(len > 0);
    }
    return ERR_ALTERED;
}

void log_fault_give(struct log_fault *fault, uint64_t position, struct log_fault *ret_fault)
{
    if (fault->sentence[0] == '\0') {
        const enum err err = log_fault_set(fault, position, "the file of the log is damaged: restore data from a copy");
        ASSERT(err == ERR_ALTERED);
    }
    if (ret_fault != NULL) {
        *ret_fault = *fault;
    }
}
