/* log.c: the writer's side of a log, whatever keeps its rows: groups, commit, checkpoints. Called by the ledger's one
 * writer thread.
 *
 * A group is collected in memory, hashed as it grows, and written in one transaction at commit: rolling back is
 * forgetting, and nothing reaches the disk before the caller says so. Must never acknowledge what is not durable. */
#include "core/log/log.h"

#include <stdlib.h>

#include "core/base/assert.h"
#include "core/base/lock.h"
#include "core/base/sha256.h"
#include "core/log/log_internal.h"
#include "core/log/log_record.h"

#define PAGE 4096U
#define GROUP_ROOM ((uint64_t)40 * PAGE)   /* bytes that any commit may need: the upper pages of each table */
#define GROUP_BYTES_KEPT ((size_t)1 << 20) /* a larger buffer is given back after its group */
#define HEADS_KEPT 16384                   /* workspaces in the cache between groups: 10,000 at work, 1.5 MiB */
#define HEADS_UNWRITTEN_MAX 1024           /* whose rows lag: with room for their pages, 8 MiB */
#define HEAD_ROOM ((uint64_t)2 * PAGE)     /* of one: a random leaf, which may split */

/* Tells the other threads how far the log is. */
static void publish_status(struct log *log)
{
    struct log_status status = {
        .head = log->state.edge.size, .time_ms = log->state.time_ms, .checkpoint_size = log->state.checkpoint_size};
    log->rows->ops->usage(log->rows, &status.bytes_used, &status.bytes_max);
    lock_take(&log->status_lock);
    status.altered_at = log->status.altered_at; /* the readers' */
    log->status = status;
    lock_give(&log->status_lock);
}

enum err log_stand_at(struct log *log, struct log_view *view)
{
    const enum err err = log_state_of(view, &log->state);
    if (err != OK && err != ERR_NOT_FOUND) { /* no row yet: an empty log */
        return err;
    }
    publish_status(log);
    return OK;
}

enum err log_start(struct log_rows **take_rows, const struct log_options *options, bool side_file, struct log **ret_log)
{
    OWNED(log_rows_close) struct log_rows *rows = *take_rows;
    *take_rows = NULL;
    struct log *log = calloc(1, sizeof *log);
    if (log == NULL) {
        return ERR_NO_MEMORY;
    }
    lock_init(&log->status_lock);
    lock_init(&log->heads_lock);
    log->rows = rows;
    rows = NULL;
    log->key = options->key;
    log->read_only = true; /* until it is known to be sound: closing writes nothing */
    log->checkpoint_every = options->checkpoint_every;
    OWNED(log_close) struct log *owned = log;
    if (side_file) {
        log->path = strdup(options->path);
        if (log->path == NULL) {
            return ERR_NO_MEMORY;
        }
    }
    OWNED(log_view_end) struct log_view *view = NULL;
    TRY(log->rows->ops->view_begin(log->rows, &view));
    TRY(log_stand_at(log, view));
    owned = NULL;
    *ret_log = log;
    return OK;
}

static void group_forget(struct log *log, size_t keep)
{
    struct log_group *group = &log->group;
    while (group->count > keep) {
        group->count--;
        const struct log_pending *pending = &group->pending[group->count];
        group->bytes_len = pending->record_at;
        group->room_bytes -= pending->room_bytes;
        if (pending->workspace_seq > 0) {
            struct log_head *head = log_heads_find(&group->heads, pending->workspace_id.uuid);
            ASSERT(head != NULL && head->seq == pending->workspace_seq);
            head->seq = pending->workspace_seq - 1;
            group->heads_unwritten -= head->seq == head->written;
        }
    }
}

static void group_end(struct log_group *group)
{
    group->open = false;
    group->count = 0;
    group->bytes_len = 0;
    group->room_bytes = 0;
    if (group->bytes_cap > GROUP_BYTES_KEPT) {
        free(group->bytes);
        group->bytes = NULL;
        group->bytes_cap = 0;
    }
}

void log_close(struct log *log)
{
    if (log == NULL) {
        return;
    }
    if (log->group.open) {
        log_abort(log);
    }
    if (!log->read_only && !log->broken && log->key != NULL && log->state.edge.size > log->state.checkpoint_size) {
        uint8_t bytes[LOG_CHECKPOINT_MAX];
        struct buf note = buf_of(bytes, sizeof bytes);
        const enum err err = log_checkpoint(log, &note);
        (void)err; /* the next one covers as much; nothing is lost but an early signature */
    }
    log_rows_close(log->rows);
    log_heads_done(&log->group.heads);
    free(log->group.pending);
    free(log->group.bytes);
    free(log->path);
    lock_done(&log->status_lock);
    lock_done(&log->heads_lock);
    free(log);
}

enum err log_begin(struct log *log)
{
    ASSERT(!log->read_only);
    ASSERT(!log->group.open);
    if (log->broken) {
        return ERR_IO;
    }
    if (log->group.heads.count > HEADS_KEPT && log->group.heads_unwritten == 0) {
        lock_take(&log->heads_lock);
        log_heads_clear(&log->group.heads);
        lock_give(&log->heads_lock);
    }
    log->group.open = true;
    log->group.room_bytes = GROUP_ROOM;
    return OK;
}

static enum err head_row(struct log *log, const struct id *workspace_id, uint64_t *ret_seq)
{
    OWNED(log_view_end) struct log_view *view = NULL;
    TRY(log->rows->ops->view_begin(log->rows, &view));
    struct span value;
    const enum err err = log->rows->ops->get(view, LOG_HEADS, span_of(workspace_id->uuid, 16), &value);
    if (err != OK && err != ERR_NOT_FOUND) {
        return err;
    }
    if (err == OK && value.len != 8) {
        return ERR_ALTERED;
    }
    *ret_seq = err == OK ? get_be64(value.data) : 0;
    return OK;
}

enum err log_workspace_head(struct log *log, const struct id *workspace_id, uint64_t *ret_seq)
{
    ASSERT(workspace_id->kind == ID_WORKSPACE);
    uint64_t known = 0;
    uint64_t seq = 0;
    lock_take(&log->heads_lock);
    const struct log_head *head = log_heads_find(&log->group.heads, workspace_id->uuid);
    known = head != NULL ? head->committed : 0;
    lock_give(&log->heads_lock);
    if (known == 0 || log->read_only) { /* beside a writer its rows may be ahead of what was known at open */
        TRY(head_row(log, workspace_id, &seq));
    }
    *ret_seq = known > seq ? known : seq;
    return OK;
}

static enum err head_add(struct log *log, const uint8_t uuid[16], uint64_t seq)
{
    lock_take(&log->heads_lock);
    const enum err err = log_heads_add(&log->group.heads, uuid, seq);
    lock_give(&log->heads_lock);
    return err;
}

enum err log_heads_known(struct log *log, const struct log_heads *heads)
{
    for (size_t i = 0; i < heads->cap; i++) {
        if (heads->slots[i].used) {
            TRY(head_add(log, heads->slots[i].uuid, heads->slots[i].seq));
            struct log_head *head = log_heads_find(&log->group.heads, heads->slots[i].uuid);
            ASSERT(head != NULL);
            head->written = heads->slots[i].written;
            log->group.heads_unwritten += head->written != head->seq;
        }
    }
    return OK;
}

/* Finds the workspace in the cache, or brings it there: one that is not there has a row that is up to date. */
static enum err head_of(struct log *log, const struct id *workspace_id, struct log_head **ret_head)
{
    struct log_heads *heads = &log->group.heads;
    struct log_head *head = log_heads_find(heads, workspace_id->uuid);
    if (head == NULL) {
        uint64_t seq = 0;
        TRY(head_row(log, workspace_id, &seq));
        TRY(head_add(log, workspace_id->uuid, seq));
        head = log_heads_find(heads, workspace_id->uuid);
        ASSERT(head != NULL);
    }
    *ret_head = head;
    return OK;
}

static enum err group_reserve(struct log_group *group, size_t bytes)
{
    if (group->count == group->cap) {
        const size_t cap = group->cap == 0 ? 64 : group->cap * 2;
        struct log_pending *pending = realloc(group->pending, cap * sizeof *pending);
        if (pending == NULL) {
            return ERR_NO_MEMORY;
        }
        group->pending = pending;
        group->cap = cap;
    }
    if (bytes > LOG_GROUP_BYTES_MAX - group->bytes_len) {
        return ERR_NO_MEMORY;
    }
    size_t cap = group->bytes_cap == 0 ? 65536 : group->bytes_cap;
    while (cap < group->bytes_len + bytes) {
        cap *= 2;
    }
    if (cap != group->bytes_cap) {
        uint8_t *grown = realloc(group->bytes, cap);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        group->bytes = grown;
        group->bytes_cap = cap;
    }
    return OK;
}

/* How much room an event needs at worst: its record in a page filled to two thirds; a long payload in pages of its own
 * and a random leaf. */
static uint64_t event_room(const struct log_event *event)
{
    uint64_t bytes = (LOG_ENVELOPE_MAX + LOG_RECORD_CHECK) * 3 / 2 + 64;
    if (event->payload.len <= LOG_INLINE_MAX) {
        bytes += event->payload.len * 3 / 2;
    } else {
        bytes += (event->payload.len / PAGE + 4) * PAGE;
    }
    return bytes;
}

static void group_add(struct log_group *group, const struct log_event *event, uint64_t room_bytes)
{
    struct log_pending *pending = &group->pending[group->count];
    *pending = (struct log_pending){.workspace_id = event->workspace_id,
                                    .workspace_seq = event->workspace_seq,
                                    .time_ms = event->time_ms,
                                    .record_at = group->bytes_len,
                                    .room_bytes = room_bytes};
    memcpy(pending->payload_hash, event->payload_hash, sizeof pending->payload_hash);
    struct buf out = buf_of(group->bytes + group->bytes_len, group->bytes_cap - group->bytes_len);
    log_record_write(event, &out, pending->leaf);
    pending->record_len = out.len;
    if (event->payload.len > LOG_INLINE_MAX) {
        buf_put(&out, event->payload);
        pending->body_len = event->payload.len;
    }
    ASSERT(buf_ok(&out));
    group->bytes_len += out.len;
    group->room_bytes += room_bytes;
    group->count++;
}

enum err log_append(struct log *log, struct log_event *event, bool privileged)
{
    struct log_group *group = &log->group;
    ASSERT(group->open);
    ASSERT(group->count < LOG_GROUP_MAX);
    ASSERT(event->version >= 1);
    ASSERT(event->payload.len > 0);
    ASSERT(event->actor <= ACTOR_OPERATOR);
    ASSERT(event->time_ms >= (group->count > 0 ? group->pending[group->count - 1].time_ms : log->state.time_ms));
    if (event->payload.len > LOG_PAYLOAD_MAX) {
        return ERR_TOO_LONG;
    }
    struct log_head *head = NULL;
    if (!id_is_none(&event->workspace_id)) {
        TRY(head_of(log, &event->workspace_id, &head));
    }
    const bool lags = head != NULL && head->seq == head->written; /* from now on */
    const uint64_t room_bytes = event_room(event);
    const uint64_t heads_bytes = (group->heads_unwritten + lags) * HEAD_ROOM;
    TRY(log->rows->ops->room(log->rows, group->room_bytes + heads_bytes + room_bytes, privileged));
    TRY(group_reserve(group, LOG_RECORD_MAX + event->payload.len));

    event->seq = log->state.edge.size + group->count + 1;
    event->workspace_seq = 0;
    if (head != NULL) {
        head->seq++;
        group->heads_unwritten += lags;
        event->workspace_seq = head->seq;
    }
    sha256(event->payload, event->payload_hash);
    group_add(group, event, room_bytes);
    return OK;
}

uint64_t log_mark(const struct log *log)
{
    ASSERT(log->group.open);
    return log->group.count;
}

void log_rollback(struct log *log, uint64_t mark)
{
    ASSERT(log->group.open);
    ASSERT(mark <= log->group.count);
    group_forget(log, (size_t)mark);
}

void log_abort(struct log *log)
{
    ASSERT(log->group.open);
    group_forget(log, 0);
    group_end(&log->group);
}

/* Where merkle_add reports complete nodes, of which one level in eight is stored. */
struct tree_writer {
    struct log_rows *rows;
    enum err err;
};

static void tree_write(void *context, unsigned level, uint64_t index, const uint8_t hash[32])
{
    struct tree_writer *writer = context;
    if (level > 0 && level % LOG_TREE_STEP == 0 && writer->err == OK) {
        uint8_t key[LOG_TREE_KEY];
        writer->err = writer->rows->ops->put(writer->rows, LOG_TREE, log_tree_key(key, level, index), span_of(hash, 32),
                                             LOG_PUT_REPLACE);
    }
}

static enum err write_event(struct log *log, const struct log_pending *pending, struct log_state *state)
{
    struct log_rows *rows = log->rows;
    const uint8_t *bytes = log->group.bytes + pending->record_at;
    struct tree_writer writer = {.rows = rows, .err = OK};
    merkle_add(&state->edge, pending->leaf, tree_write, &writer);
    TRY(writer.err);
    state->time_ms = pending->time_ms;
    struct log_key key;
    TRY(rows->ops->put(rows, LOG_RECORDS, log_key(&key, state->edge.size), span_of(bytes, pending->record_len),
                       LOG_PUT_APPEND));
    if (pending->body_len > 0) {
        TRY(rows->ops->put(rows, LOG_BODIES, span_of(pending->payload_hash, 32),
                           span_of(bytes + pending->record_len, pending->body_len), LOG_PUT_KEEP));
    }
    return OK;
}

/* The rows of workspaces that have more events than their rows say. Each is a random leaf, one page more to flush, so
 * they wait until a checkpoint covers them, or until there are many: whoever opens the log reads every event behind the
 * checkpoint anyway. */
static enum err write_heads(struct log *log)
{
    const struct log_heads *heads = &log->group.heads;
    for (size_t i = 0; i < heads->cap && log->group.heads_unwritten > 0; i++) {
        const struct log_head *head = &heads->slots[i];
        struct log_key key;
        if (head->used && head->seq != head->written) {
            TRY(log->rows->ops->put(log->rows, LOG_HEADS, span_of(head->uuid, 16), log_key(&key, head->seq),
                                    LOG_PUT_REPLACE));
        }
    }
    return OK;
}

static void heads_are_written(struct log *log)
{
    struct log_heads *heads = &log->group.heads;
    for (size_t i = 0; i < heads->cap && log->group.heads_unwritten > 0; i++) {
        heads->slots[i].written = heads->slots[i].seq;
    }
    log->group.heads_unwritten = 0;
}

static enum err write_checkpoint(struct log *log, struct log_state *state, struct buf *note)
{
    uint8_t root[32];
    merkle_root(&state->edge, root);
    TRY(checkpoint_sign(log->key, state->edge.size, root, note));
    state->checkpoint_size = state->edge.size;
    state->checkpoints++;
    struct log_key key;
    return log->rows->ops->put(log->rows, LOG_CHECKPOINTS, log_key(&key, state->edge.size), buf_span(note),
                               LOG_PUT_APPEND);
}

static enum err write_group(struct log *log, bool sign, bool heads, struct log_state *state, struct buf *note)
{
    for (size_t i = 0; i < log->group.count; i++) {
        TRY(write_event(log, &log->group.pending[i], state));
    }
    if (heads) {
        TRY(write_heads(log));
    }
    if (sign) {
        TRY(write_checkpoint(log, state, note));
    }
    uint8_t bytes[LOG_STATE_MAX];
    struct buf row = buf_of(bytes, sizeof bytes);
    log_state_write(state, &row);
    ASSERT(buf_ok(&row));
    return log->rows->ops->put(log->rows, LOG_META, LOG_STATE_KEY, buf_span(&row), LOG_PUT_REPLACE);
}

/* Writes the group, a checkpoint if sign, and the new state, all or nothing. */
static enum err transact(struct log *log, bool sign, struct buf *note)
{
    struct log_rows *rows = log->rows;
    struct log_state state = log->state;
    const bool heads = sign || log->group.heads_unwritten >= HEADS_UNWRITTEN_MAX;
    enum err err = rows->ops->begin(rows);
    if (err == OK) {
        err = write_group(log, sign, heads, &state, note);
        if (err == OK) {
            err = rows->ops->commit(rows);
            err = err == OK && !rows->ops->is_in_place(rows) ? ERR_IO : err; /* durable, but nobody will find it */
        } else {
            rows->ops->abort(rows);
        }
    }
    if (err == OK) {
        log->state = state;
    }
    if (err == OK && heads) {
        heads_are_written(log);
    }
    publish_status(log);
    if (err == OK || err == ERR_NO_SPACE || err == ERR_NO_MEMORY) {
        return err;
    }
    log->broken = true;
    return ERR_IO;
}

/* The side file guards against older data put in place; where it cannot be written, the one before still does. */
static void write_side(const struct log *log, struct span note)
{
    if (log->path != NULL) {
        const enum err err = log_side_write(log->path, note);
        (void)err;
    }
}

enum err log_commit(struct log *log)
{
    struct log_group *group = &log->group;
    ASSERT(group->open);
    if (group->count == 0) {
        group_end(group);
        return OK;
    }
    const uint64_t head = log->state.edge.size + group->count;
    const bool sign =
        log->key != NULL && log->checkpoint_every > 0 && head - log->state.checkpoint_size >= log->checkpoint_every;
    uint8_t bytes[LOG_CHECKPOINT_MAX];
    struct buf note = buf_of(bytes, sizeof bytes);
    const enum err err = transact(log, sign, &note);
    if (err != OK) {
        group_forget(log, 0);
        group_end(group);
        return err;
    }
    lock_take(&log->heads_lock);
    for (size_t i = 0; i < group->count; i++) {
        if (group->pending[i].workspace_seq > 0) {
            struct log_head *workspace = log_heads_find(&group->heads, group->pending[i].workspace_id.uuid);
            ASSERT(workspace != NULL);
            workspace->committed = workspace->seq;
        }
    }
    lock_give(&log->heads_lock);
    group_end(group);
    if (sign) {
        write_side(log, buf_span(&note));
    }
    return OK;
}

bool log_is_in_place(const struct log *log)
{
    return log->rows->ops->is_in_place(log->rows);
}

enum err log_drop_dead_readers(struct log *log, uint32_t *ret_count)
{
    ASSERT(!log->read_only);
    return log->rows->ops->drop_dead_readers(log->rows, ret_count);
}

const struct checkpoint_key *log_signer(const struct log *log)
{
    return log->key;
}

void log_status(struct log *log, struct log_status *ret_status)
{
    lock_take(&log->status_lock);
    *ret_status = log->status;
    lock_give(&log->status_lock);
}

bool log_may_be_shared(const struct log *log)
{
    return log->rows->ops->many_threads;
}

enum err log_checkpoint(struct log *log, struct buf *out)
{
    ASSERT(!log->group.open);
    if (log->broken) {
        return ERR_IO;
    }
    const uint64_t head = log->state.edge.size;
    if (head == 0 && log->key != NULL) { /* the empty tree's is signed but not kept */
        uint8_t root[32];
        merkle_root(&log->state.edge, root);
        return checkpoint_sign(log->key, 0, root, out);
    }
    if (!log->read_only && log->key != NULL && head > log->state.checkpoint_size) {
        uint8_t bytes[LOG_CHECKPOINT_MAX];
        struct buf note = buf_of(bytes, sizeof bytes);
        TRY(log->rows->ops->room(log->rows, GROUP_ROOM + log->group.heads_unwritten * HEAD_ROOM, true));
        TRY(transact(log, true, &note));
        write_side(log, buf_span(&note));
    }
    return log_checkpoint_at(log, log->state.checkpoint_size, out);
}
