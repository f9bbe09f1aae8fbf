/* access_past.c: what posts and queues show of their workspace, their accounts and the installation, as it was at a
 * position of the log. Called by access*.c when an event changes some of that, and by present*.c for the answer to a
 * command, which is the same whenever it is told again. Nothing is decided by it: it goes when no command of then is
 * remembered any more.
 *
 * A row says what was before the event at its position. So at any position there was what the first row behind it says;
 * where there is none, what there is now. */
#include "core/message/codec.h"
#include "projections/access_internal.h"

#define FORGET_EVERY 16 /* events; then the oldest rows of what changed go, if they are outdated */
#define FORGET_MAX 32

static struct row_key past_key(const struct id *id)
{
    struct row_key key = row_key(TABLE_PAST);
    row_key_byte(&key, (uint8_t)id->kind);
    row_key_id(&key, id);
    return key;
}

static struct row_key past_key_at(const struct id *id, uint64_t seq)
{
    struct row_key key = past_key(id);
    row_key_u64(&key, seq);
    return key;
}

static enum err forget(struct store_txn *txn, const struct id *id, int64_t before_ms, struct arena *arena)
{
    const struct row_key prefix = past_key(id);
    void *rows = NULL;
    uint32_t count = 0;
    TRY(row_list(txn, &prefix, NULL, past_row_desc(), FORGET_MAX, arena, &rows, &count));
    const struct past_row *past = rows;
    for (uint32_t i = 0; i < count && past[i].until_ms < before_ms; i++) {
        const struct row_key key = past_key_at(id, past[i].until_seq);
        TRY(row_remove(txn, &key));
    }
    return OK;
}

/* *past_seq: the thing's own, by which whoever asks knows that there is nothing to find. */
static enum err keep(struct store_txn *txn, const struct fact *fact, const struct id *id, struct past_row before,
                     const struct past_row *after, struct arena *arena, uint64_t *past_seq)
{
    if (record_equal(past_row_desc(), &before, after)) {
        return OK;
    }
    if (fact->at->seq % FORGET_EVERY == 0) { /* by the event, so that a replay forgets the same */
        TRY(forget(txn, id, fact->at->time_ms - COMMAND_MEMORY_MS, arena));
    }
    before.until_seq = fact->at->seq;
    before.until_ms = fact->at->time_ms;
    *past_seq = fact->at->seq;
    const struct row_key key = past_key_at(id, before.until_seq);
    return row_put(txn, &key, past_row_desc(), &before, arena);
}

static struct past_row of_workspace(const struct workspace_row *row)
{
    return (struct past_row){.timezone = row->timezone,
                             .max_lateness_ms = row->max_lateness_ms,
                             .approval_policy = row->approval_policy,
                             .paused = row->paused};
}

static struct past_row of_integration(const struct integration_row *row)
{
    return (struct past_row){
        .status = row->status, .paused = row->paused, .queue_paused = row->queue_paused, .limited_ms = row->limited_ms};
}

static struct past_row of_installation(const struct installation_row *row)
{
    return (struct past_row){
        .clock_suspect = row->clock_suspect, .suspended = row->suspended, .suspended_ms = row->suspended_ms};
}

enum err access_past_workspace(struct store_txn *txn, const struct fact *fact, const struct workspace_row *before,
                               struct workspace_row *after, struct arena *arena)
{
    const struct past_row now = of_workspace(after);
    return keep(txn, fact, &after->workspace_id, of_workspace(before), &now, arena, &after->past_seq);
}

enum err access_past_integration(struct store_txn *txn, const struct fact *fact, const struct integration_row *before,
                                 struct integration_row *after, struct arena *arena)
{
    const struct past_row now = of_integration(after);
    return keep(txn, fact, &after->integration_id, of_integration(before), &now, arena, &after->past_seq);
}

enum err access_past_installation(struct store_txn *txn, const struct fact *fact, const struct installation_row *before,
                                  struct installation_row *after, struct arena *arena)
{
    const struct past_row now = of_installation(after);
    return keep(txn, fact, &after->installation_id, of_installation(before), &now, arena, &after->past_seq);
}

/* --- queries --- */

/* ERR_NOT_FOUND: it is now as it was then. Mostly it is, and the thing itself says so: no look at another page. */
static enum err find(struct store_txn *txn, const struct id *id, uint64_t past_seq, uint64_t seq, struct arena *arena,
                     struct past_row *ret_row)
{
    if (past_seq <= seq) {
        return ERR_NOT_FOUND;
    }
    const struct row_key prefix = past_key(id);
    const struct row_key from = past_key_at(id, seq);
    void *rows = NULL;
    uint32_t count = 0;
    TRY(row_list(txn, &prefix, &from, past_row_desc(), 1, arena, &rows, &count));
    if (count == 0) {
        return ERR_NOT_FOUND;
    }
    *ret_row = *(const struct past_row *)rows;
    return OK;
}

enum err access_workspace_as_of(struct store_txn *txn, uint64_t seq, struct arena *arena, struct workspace_row *row)
{
    struct past_row past;
    const enum err err = find(txn, &row->workspace_id, row->past_seq, seq, arena, &past);
    if (err != OK) {
        return err == ERR_NOT_FOUND ? OK : err;
    }
    row->timezone = past.timezone;
    row->max_lateness_ms = past.max_lateness_ms;
    row->approval_policy = past.approval_policy;
    row->paused = past.paused;
    return OK;
}

enum err access_integration_as_of(struct store_txn *txn, const struct id *workspace_id, const struct id *integration_id,
                                  uint64_t seq, struct arena *arena, struct integration_row *ret_integration)
{
    struct integration_row row;
    struct past_row past;
    TRY(access_integration_any(txn, workspace_id, integration_id, arena, &row));
    const enum err err = find(txn, integration_id, row.past_seq, seq, arena, &past);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    if (err == OK) {
        row.status = past.status;
        row.paused = past.paused;
        row.queue_paused = past.queue_paused;
        row.limited_ms = past.limited_ms;
    }
    if (row.status == INTEGRATION_DELETED) {
        return ERR_NOT_FOUND;
    }
    *ret_integration = row;
    return OK;
}

enum err access_installation_as_of(struct store_txn *txn, uint64_t seq, struct arena *arena,
                                   struct installation_row *row)
{
    struct past_row past;
    const enum err err = find(txn, &row->installation_id, row->past_seq, seq, arena, &past);
    if (err != OK) {
        return err == ERR_NOT_FOUND ? OK : err;
    }
    row->clock_suspect = past.clock_suspect;
    row->suspended = past.suspended;
    row->suspended_ms = past.suspended_ms;
    return OK;
}
