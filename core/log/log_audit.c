/* log_audit.c: see log_audit.h. Called at open and by log_verify. Must never repair anything. */
#include "core/log/log_audit.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/base/assert.h"
#include "core/log/checkpoint.h"
#include "core/log/log_internal.h"
#include "core/log/log_record.h"

/* Compares each node that the event completes with its stored row. */
struct tree_check {
    struct log_view *view;
    struct log_fault *fault;
    enum err err;
};

static void tree_compare(void *context, unsigned level, uint64_t index, const uint8_t hash[32])
{
    struct tree_check *check = context;
    if (level == 0 || level % LOG_TREE_STEP != 0 || check->err != OK) {
        return;
    }
    uint8_t key[LOG_TREE_KEY];
    struct span row;
    const enum err err = check->view->rows->ops->get(check->view, LOG_TREE, log_tree_key(key, level, index), &row);
    if (err != OK && err != ERR_NOT_FOUND) {
        check->err = err;
        return;
    }
    if (err == ERR_NOT_FOUND || row.len != 32 || memcmp(row.data, hash, 32) != 0) {
        const uint64_t first = (index << level) + 1;
        check->err = log_fault_set(check->fault, first,
                                   "the stored hash over events %" PRIu64 " to %" PRIu64
                                   " is not that of these events: restore data from a copy",
                                   first, (index + 1) << level);
    }
}

static enum err check_workspace(struct log_audit *audit, const struct log_event *event)
{
    if (id_is_none(&event->workspace_id)) {
        return OK;
    }
    struct log_head *head = log_heads_find(&audit->heads, event->workspace_id.uuid);
    if (head == NULL) {
        if (audit->from_start && event->workspace_seq != 1) {
            return log_fault_set(audit->fault, event->seq, "event %" PRIu64 " is not the first of its workspace",
                                 event->seq);
        }
        TRY(log_heads_add(&audit->heads, event->workspace_id.uuid, event->workspace_seq));
        head = log_heads_find(&audit->heads, event->workspace_id.uuid);
        ASSERT(head != NULL);
        head->written = event->workspace_seq - 1;
        head->marks = audit->marks;
        return OK;
    }
    if (event->workspace_seq != head->seq + 1) {
        return log_fault_set(audit->fault, event->seq,
                             "event %" PRIu64 " has workspace_seq %" PRIu64 " where %" PRIu64 " is next", event->seq,
                             event->workspace_seq, head->seq + 1);
    }
    if (head->marks != audit->marks) {
        head->written = head->seq;
        head->marks = audit->marks;
    }
    head->seq++;
    return OK;
}

bool log_audit_head(const struct log_audit *audit, const struct log_head *head, struct span row)
{
    const uint64_t least = head->marks == audit->marks ? head->written : head->seq;
    if (row.data == NULL) {
        return least == 0;
    }
    return row.len == 8 && get_be64(row.data) >= least && get_be64(row.data) <= head->seq && get_be64(row.data) > 0;
}

enum err log_audit_event(struct log_audit *audit, struct log_view *view, struct span key, struct span record)
{
    const uint64_t seq = audit->edge.size + 1;
    if (key.len != 8 || get_be64(key.data) != seq) {
        return log_fault_set(audit->fault, seq, "event %" PRIu64 " is missing: restore data from a copy", seq);
    }
    struct log_event event;
    uint8_t leaf[32];
    const enum err err = log_event_from(view, record, seq, &event, leaf);
    if (err == ERR_ALTERED) {
        return log_fault_set(audit->fault, seq, "event %" PRIu64 " is not as it was written: restore data from a copy",
                             seq);
    }
    TRY(err);
    if (event.time_ms < audit->time_ms) {
        return log_fault_set(audit->fault, seq, "event %" PRIu64 " is older than the one before it", seq);
    }
    TRY(check_workspace(audit, &event));
    audit->time_ms = event.time_ms;
    audit->stream = event.stream;
    audit->version = event.version;
    audit->long_payload = event.payload.len > LOG_INLINE_MAX;
    memcpy(audit->payload_hash, event.payload_hash, sizeof audit->payload_hash);
    struct tree_check check = {.view = view, .fault = audit->fault, .err = OK};
    merkle_add(&audit->edge, leaf, tree_compare, &check);
    return check.err;
}

enum err log_audit_end(const struct log_audit *audit, const struct log_state *state)
{
    bool same = audit->edge.size == state->edge.size && audit->time_ms == state->time_ms;
    for (unsigned level = 0; level < 64 && same; level++) {
        same = (audit->edge.size >> level & 1) == 0 ||
               memcmp(audit->edge.hashes[level], state->edge.hashes[level], 32) == 0;
    }
    if (!same) {
        return log_fault_set(audit->fault, state->edge.size,
                             "the log's own summary at event %" PRIu64
                             " is not that of its events: restore data from a copy",
                             state->edge.size);
    }
    return OK;
}

enum err log_audit_note(struct log_fault *fault, const char *where, struct span bytes, const char *origin,
                        const uint8_t public_key[32], struct log_note *ret_note)
{
    struct log_note note;
    const enum err err = checkpoint_open(bytes, origin, public_key, &note.size, note.root);
    if (err == ERR_NO_MEMORY) {
        return err;
    }
    if (err == ERR_AUTH) {
        return log_fault_set(fault, 0, "%s is not signed by this installation's key (%s)", where, origin);
    }
    if (err != OK) {
        return log_fault_set(fault, 0, "%s is not a signed checkpoint", where);
    }
    *ret_note = note;
    return OK;
}

enum err log_audit_parted(struct log_fault *fault, uint64_t agreed, uint64_t size, const char *where)
{
    return log_fault_set(fault, agreed + 1,
                         "somewhere in events %" PRIu64 " to %" PRIu64
                         " the log is not what the checkpoint of size %" PRIu64
                         " %s was signed over: restore data.mdb and checkpoint together from one copy",
                         agreed + 1, size, size, where);
}

enum err log_audit_kept(struct log_fault *fault, uint64_t agreed, uint64_t size, struct span bytes, const char *origin,
                        const uint8_t public_key[32], const uint8_t root[32])
{
    char where[64];
    const int len = snprintf(where, sizeof where, "the kept checkpoint of size %" PRIu64, size);
    ASSERT(len > 0 && (size_t)len < sizeof where);
    struct log_note note = {.size = 0};
    const enum err err = log_audit_note(fault, where, bytes, origin, public_key, &note);
    if (err == ERR_ALTERED && fault != NULL) {
        fault->position = size;
    }
    TRY(err);
    if (note.size != size) {
        return log_fault_set(fault, size, "a kept checkpoint stands at another size than its own");
    }
    return memcmp(note.root, root, 32) == 0 ? OK : log_audit_parted(fault, agreed, size, "kept in it");
}

enum err log_audit_shorter(struct log_fault *fault, uint64_t head, uint64_t size)
{
    return log_fault_set(fault, head + 1,
                         "the log is shorter than its signed checkpoint of size %" PRIu64 ": it ends at event %" PRIu64
                         "; restore data from a copy that holds at least %" PRIu64 " events",
                         size, head, size);
}
