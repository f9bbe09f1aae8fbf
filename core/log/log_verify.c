/* log_verify.c: reads a whole log against itself and its signatures: the audit that anybody may run. Called by a tool,
 * in a child process (a damaged file may crash LMDB). Reads in chunks with fresh views, so that it may run beside the
 * ledger; the end is checked in one view. Must never write. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/assert.h"
#include "core/log/log_audit.h"
#include "core/log/log_internal.h"
#include "core/log/log_streams.h"

#define CHUNK_EVENTS 16384

struct hash {
    uint8_t bytes[32];
};

struct verify {
    struct log_rows *rows;
    const uint8_t *public_key;
    const char *origin;
    struct log_audit audit;
    uint64_t checkpointed; /* size of the last checkpoint that was checked */
    uint64_t checkpoints;  /* how many were */
    bool has_side;
    struct log_note side;
    struct log_streams streams;
    struct log_verified found;
    struct hash *bodies; /* hashes of the payloads kept beside that events name */
    size_t bodies_len;
    size_t bodies_cap;
};

/* Where the verification of a chunk stands in the table of checkpoints. */
struct marks {
    struct log_walk *walk;
    bool any; /* key and note are the next one's */
    struct span key;
    struct span note;
};

static enum err altered(const struct verify *verify, uint64_t position, const char *what)
{
    return log_fault_set(verify->audit.fault, position, "%s", what);
}

static enum err note_body(struct verify *verify)
{
    if (!verify->audit.long_payload) {
        return OK;
    }
    if (verify->bodies_len == verify->bodies_cap) {
        const size_t cap = verify->bodies_cap == 0 ? 64 : verify->bodies_cap * 2;
        struct hash *bodies = realloc(verify->bodies, cap * sizeof *bodies);
        if (bodies == NULL) {
            return ERR_NO_MEMORY;
        }
        verify->bodies = bodies;
        verify->bodies_cap = cap;
    }
    memcpy(verify->bodies[verify->bodies_len].bytes, verify->audit.payload_hash, 32);
    verify->bodies_len++;
    return OK;
}

/* Whoever wrote a version again, or left some out, did so upon what it knew: its bytes are no worse for it. */
static enum err note_version(struct verify *verify)
{
    const struct log_audit *audit = &verify->audit;
    struct log_fault *order = &verify->found.order;
    uint64_t before = 0;
    TRY(log_streams_step(&verify->streams, &audit->stream, audit->version, &before));
    if (audit->version == before + 1) {
        return OK;
    }
    if (verify->found.out_of_order++ > 0) {
        return OK;
    }
    char text[ID_TEXT_MAX + 1];
    struct buf name = buf_of(text, sizeof text);
    id_write(&name, &audit->stream);
    order->position = audit->edge.size;
    const int len = snprintf(order->sentence, sizeof order->sentence,
                             "event %" PRIu64 " is version %" PRIu64 " of %s, where %" PRIu64 " is next",
                             audit->edge.size, audit->version, buf_terminated(&name), before + 1);
    ASSERT(len > 0 && (size_t)len < sizeof order->sentence);
    return OK;
}

static enum err mark_advance(struct marks *marks, enum err found)
{
    if (found != OK && found != ERR_NOT_FOUND) {
        return found;
    }
    marks->any = found == OK;
    return OK;
}

static enum err check_mark(struct verify *verify, const struct marks *marks, const uint8_t root[32])
{
    const uint64_t size = verify->audit.edge.size;
    TRY(log_audit_kept(verify->audit.fault, verify->checkpointed, size, marks->note, verify->origin, verify->public_key,
                       root));
    verify->checkpointed = size;
    verify->checkpoints++;
    verify->audit.marks++;
    return OK;
}

/* After each event: is there a checkpoint of just this size? Of a file beside that was signed over other events the
 * kept ones tell nothing: they are this log's own, those behind a fork too. */
static enum err check_marks(struct verify *verify, struct marks *marks)
{
    const uint64_t size = verify->audit.edge.size;
    const bool at_side = verify->has_side && verify->side.size == size;
    const bool at_mark = marks->any && (marks->key.len != 8 || get_be64(marks->key.data) <= size);
    if (!at_side && !at_mark) {
        return OK;
    }
    uint8_t root[32];
    merkle_root(&verify->audit.edge, root);
    if (at_mark) {
        if (marks->key.len != 8 || get_be64(marks->key.data) != size) {
            return altered(verify, size, "a kept checkpoint stands at no event");
        }
        TRY(check_mark(verify, marks, root));
        TRY(mark_advance(marks, verify->rows->ops->walk_next(marks->walk, &marks->key, &marks->note)));
    }
    return at_side && memcmp(root, verify->side.root, sizeof root) != 0
               ? log_audit_parted(verify->audit.fault, 0, size, "beside it")
               : OK;
}

/* Stands walk on the row after number: on a row at number, which must exist unless it is 0, and one step on. */
static enum err stand_after(struct log_walk *walk, uint64_t number, struct span *ret_key, struct span *ret_value)
{
    const struct log_rows_ops *ops = walk->view->rows->ops;
    if (number == 0) {
        return ops->walk_seek(walk, SPAN("\0"), ret_key, ret_value);
    }
    struct log_key key;
    struct span found;
    struct span value;
    const enum err err = ops->walk_seek(walk, log_key(&key, number), &found, &value);
    if (err != OK || found.len != 8 || get_be64(found.data) != number) {
        return err == OK || err == ERR_NOT_FOUND ? ERR_ALTERED : err;
    }
    return ops->walk_next(walk, ret_key, ret_value);
}

/* Checks events up to seq to, all within one view, where head is the last. */
static enum err check_chunk(struct verify *verify, struct log_view *view, uint64_t to, uint64_t head,
                            struct marks *marks)
{
    OWNED(log_walk_end) struct log_walk *walk = NULL;
    TRY(verify->rows->ops->walk_begin(view, LOG_RECORDS, &walk));
    struct span key;
    struct span record;
    enum err err = stand_after(walk, verify->audit.edge.size, &key, &record);
    while (err == OK && verify->audit.edge.size < to) {
        TRY(log_audit_event(&verify->audit, view, key, record));
        TRY(note_version(verify));
        TRY(note_body(verify));
        TRY(check_marks(verify, marks));
        err = verify->rows->ops->walk_next(walk, &key, &record);
    }
    if (err == OK && to == head) {
        return altered(verify, head + 1, "an event stands behind the log's end");
    }
    if (err == ERR_NOT_FOUND && verify->audit.edge.size < to) {
        return log_fault_set(verify->audit.fault, verify->audit.edge.size + 1, "event %" PRIu64 " is missing",
                             verify->audit.edge.size + 1);
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

/* How many workspaces must have a row. */
static size_t heads_due(const struct log_audit *audit)
{
    size_t count = 0;
    for (size_t i = 0; i < audit->heads.cap; i++) {
        const struct log_head *head = &audit->heads.slots[i];
        count += head->used && !log_audit_head(audit, head, (struct span){0});
    }
    return count;
}

/* The heads' rows are those of the workspaces seen, of every one that the last checkpoint covers. */
static enum err check_heads(struct verify *verify, struct log_view *view)
{
    OWNED(log_walk_end) struct log_walk *walk = NULL;
    TRY(verify->rows->ops->walk_begin(view, LOG_HEADS, &walk));
    struct span key;
    struct span row;
    size_t count = 0;
    enum err err = stand_after(walk, 0, &key, &row);
    for (; err == OK; err = verify->rows->ops->walk_next(walk, &key, &row)) {
        const struct log_head *head = key.len == 16 ? log_heads_find(&verify->audit.heads, key.data) : NULL;
        if (head == NULL || !log_audit_head(&verify->audit, head, row)) {
            return altered(verify, verify->audit.edge.size,
                           "a workspace's last event is not the one that the log says");
        }
        count += !log_audit_head(&verify->audit, head, (struct span){0});
    }
    if (err == ERR_NOT_FOUND && count != heads_due(&verify->audit)) {
        return altered(verify, verify->audit.edge.size,
                       "the last event of a workspace is missing from the log's summary");
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

static int hash_compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct hash));
}

/* The payloads kept beside are exactly those that events name: each was hashed when its event was read. */
static enum err check_bodies(struct verify *verify, struct log_view *view)
{
    if (verify->bodies_len > 0) {
        qsort(verify->bodies, verify->bodies_len, sizeof *verify->bodies, hash_compare);
    }
    OWNED(log_walk_end) struct log_walk *walk = NULL;
    TRY(verify->rows->ops->walk_begin(view, LOG_BODIES, &walk));
    struct span key;
    struct span row;
    size_t at = 0;
    enum err err = stand_after(walk, 0, &key, &row);
    for (; err == OK; err = verify->rows->ops->walk_next(walk, &key, &row)) {
        while (at > 0 && at < verify->bodies_len && hash_compare(&verify->bodies[at], &verify->bodies[at - 1]) == 0) {
            at++; /* one payload, several events */
        }
        if (key.len != 32 || at == verify->bodies_len || memcmp(key.data, verify->bodies[at].bytes, 32) != 0) {
            return altered(verify, verify->audit.edge.size, "a payload is kept that no event names");
        }
        at++;
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err count_rows(struct log_view *view, enum log_table table, uint64_t *ret_count)
{
    OWNED(log_walk_end) struct log_walk *walk = NULL;
    TRY(view->rows->ops->walk_begin(view, table, &walk));
    struct span key;
    struct span row;
    uint64_t count = 0;
    enum err err = stand_after(walk, 0, &key, &row);
    for (; err == OK; err = view->rows->ops->walk_next(walk, &key, &row)) {
        count++;
    }
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    *ret_count = count;
    return OK;
}

/* Everything that is not an event, in the view whose head is the last event checked. */
static enum err check_end(struct verify *verify, struct log_view *view, const struct log_state *state,
                          const struct marks *marks)
{
    const uint64_t head = state->edge.size;
    TRY(log_audit_end(&verify->audit, state));
    uint64_t rows = 0;
    uint64_t nodes = 0;
    for (uint64_t count = head >> LOG_TREE_STEP; count > 0; count >>= LOG_TREE_STEP) {
        nodes += count;
    }
    TRY(count_rows(view, LOG_TREE, &rows));
    if (rows != nodes) {
        return altered(verify, head, "the tree holds hashes that belong to no events");
    }
    TRY(count_rows(view, LOG_META, &rows));
    if (rows != (head > 0 ? 1 : 0)) {
        return altered(verify, head, "the log's summary has rows that no version wrote");
    }
    if (marks->any || verify->checkpointed != state->checkpoint_size || verify->checkpoints != state->checkpoints) {
        return altered(verify, verify->checkpointed + 1, "the kept checkpoints are not those that the log says");
    }
    if (verify->has_side && verify->side.size > head) {
        return log_audit_shorter(verify->audit.fault, head, verify->side.size);
    }
    TRY(check_heads(verify, view));
    return check_bodies(verify, view);
}

/* One view: a chunk of events, and the end if it comes into sight. */
static enum err check_view(struct verify *verify, log_progress *progress, void *context, bool *ret_done)
{
    OWNED(log_view_end) struct log_view *view = NULL;
    TRY(verify->rows->ops->view_begin(verify->rows, &view));
    struct log_state state = {0}; /* of a log that nothing was ever written to */
    const enum err read = log_state_of(view, &state);
    if (read == ERR_ALTERED) {
        return altered(verify, 0, "the log's own summary cannot be read");
    }
    if (read != ERR_NOT_FOUND) {
        TRY(read);
    }
    if (state.edge.size < verify->audit.edge.size) {
        return altered(verify, state.edge.size + 1, "the log became shorter while it was read");
    }
    OWNED(log_walk_end) struct log_walk *walk = NULL;
    TRY(verify->rows->ops->walk_begin(view, LOG_CHECKPOINTS, &walk));
    struct marks marks = {.walk = walk};
    TRY(mark_advance(&marks, stand_after(walk, verify->checkpointed, &marks.key, &marks.note)));
    const uint64_t left = state.edge.size - verify->audit.edge.size;
    const uint64_t to = left > CHUNK_EVENTS ? verify->audit.edge.size + CHUNK_EVENTS : state.edge.size;
    TRY(check_chunk(verify, view, to, state.edge.size, &marks));
    if (progress != NULL) {
        progress(context, to, state.edge.size);
    }
    const bool done = to == state.edge.size;
    if (done) {
        TRY(check_end(verify, view, &state, &marks));
    }
    *ret_done = done;
    return OK;
}

static enum err read_side(struct verify *verify, const char *path)
{
    uint8_t bytes[LOG_CHECKPOINT_MAX];
    struct buf side = buf_of(bytes, sizeof bytes);
    const enum err err = log_side_read(path, &side);
    if (err == ERR_NOT_FOUND) {
        return OK;
    }
    if (err == ERR_TOO_LONG || err == ERR_MALFORMED) {
        return altered(verify, 0, "the file checkpoint beside the log is not a signed checkpoint");
    }
    TRY(err);
    TRY(log_audit_note(verify->audit.fault, "the file checkpoint beside the log", buf_span(&side), verify->origin,
                       verify->public_key, &verify->side));
    verify->has_side = true;
    return OK;
}

static enum err verify_rows(struct verify *verify, const char *path, log_progress *progress, void *context)
{
    const struct log_options options = {.path = path, .read_only = true};
    OWNED(log_rows_close) struct log_rows *rows = NULL;
    TRY(log_lmdb_rows(&options, &rows, verify->audit.fault));
    verify->rows = rows;
    TRY(read_side(verify, path));
    bool done = false;
    while (!done) {
        TRY(check_view(verify, progress, context, &done));
    }
    return OK;
}

enum err log_verify(const char *path, const uint8_t public_key[32], const char *origin, log_progress *progress,
                    void *context, struct log_verified *ret_verified, struct log_fault *ret_fault)
{
    struct log_fault fault = {0};
    struct verify verify = {.public_key = public_key, .origin = origin};
    verify.audit.fault = &fault;
    verify.audit.from_start = true;
    const enum err err = verify_rows(&verify, path, progress, context);
    log_heads_done(&verify.audit.heads);
    log_streams_done(&verify.streams);
    free(verify.bodies);
    if (err == ERR_ALTERED) {
        log_fault_give(&fault, verify.audit.edge.size + 1, ret_fault);
    }
    if (err == OK) {
        verify.found.events = verify.audit.edge.size;
        *ret_verified = verify.found;
    }
    return err;
}
