/* ledger_replay.c: everything derived, made again from the log's events. Called by ledger.c when it opens views that
 * are behind, and by replay --check and the simulation for a whole rebuild. Must never write rows and the position that
 * they stand at in different transactions.
 *
 * Events are read, verified and decoded ahead (feed.h); rows are kept in memory and written in the order of their keys
 * when there are enough of them (core/store/store_buffer.h). */
#include <stdlib.h>

#include "core/base/assert.h"
#include "core/ledger/feed.h"
#include "core/ledger/ledger_state.h"
#include "core/store/store_buffer.h"

#define SCRATCH_MAX ((size_t)64 << 20)
#define PROGRESS_EVERY 2000 /* events */

struct replay {
    struct desk *desk;
    struct store *rows; /* a buffer in front of the views */
    const struct replay_watch *watch;
    struct fold_room *room;
    uint64_t position;     /* of the last event applied */
    int64_t keys_after_ms; /* Idempotency-Keys of events before are forgotten */
};

/* An event that repeats a version of its stream was decided upon the state at the version before, and what follows it
 * upon that one: so the stream goes on from there. One that skips versions was decided upon what nobody has: it is
 * passed over. The ledger serves in either case. */
static enum err apply_out_of_order(struct replay *replay, const struct fact *fact)
{
    struct desk *desk = replay->desk;
    if (replay->watch->out_of_order != NULL) {
        replay->watch->out_of_order(replay->watch->context, fact->at);
    }
    const enum err err = desk_cut_back(desk, &fact->at->stream, fact->at->version - 1, replay->room);
    if (err == ERR_NOT_FOUND) {
        return desk_note(desk, fact->at);
    }
    TRY(err);
    return desk_fold(desk, fact->at, fact->event, replay->room);
}

static enum err apply_one(struct replay *replay, const struct fact *fact)
{
    struct desk *desk = replay->desk;
    ASSERT(fact->at->seq == replay->position + 1); /* positions have no gap */
    if (desk->txn == NULL) {
        TRY(store_begin(replay->rows, true, &desk->txn));
    }
    const enum err err = desk_fold(desk, fact->at, fact->event, replay->room);
    TRY(err == ERR_CONFLICT ? apply_out_of_order(replay, fact) : err);
    if (fact->at->time_ms >= replay->keys_after_ms) {
        TRY(desk_idempotent_replay(desk, fact->at));
    }
    replay->position++;
    return store_buffer_is_full(replay->rows) ? desk_commit(desk, replay->position) : OK;
}

static enum err apply_all(struct replay *replay, struct feed *feed, uint64_t total)
{
    const struct replay_watch *watch = replay->watch;
    const uint64_t first = replay->position;
    struct fact fact;
    enum err err = ERR_NOT_FOUND;
    while ((watch->last == 0 || replay->position < watch->last) && (err = feed_next(feed, &fact)) == OK) {
        TRY(apply_one(replay, &fact));
        const uint64_t done = replay->position - first;
        if (watch->progress != NULL && done % PROGRESS_EVERY == 0) {
            watch->progress(watch->context, done, total);
        }
    }
    if (err != ERR_NOT_FOUND && err != OK) {
        return err;
    }
    return replay->desk->txn != NULL ? desk_commit(replay->desk, replay->position) : OK;
}

enum err ledger_replay(struct desk *desk, struct store *views, uint64_t position, const struct replay_watch *watch,
                       uint64_t *ret_events)
{
    struct log_status status;
    log_status(desk->log, &status);
    const uint64_t last = watch->last != 0 && watch->last < status.head ? watch->last : status.head;
    if (position == last) {
        *ret_events = 0;
        return OK;
    }
    OWNED(feed_close) struct feed *feed = NULL;
    OWNED(store_close) struct store *rows = NULL;
    TRY(store_buffer_open(views, &rows));
    TRY(feed_open(desk->log, position, &feed));
    struct replay replay = {.desk = desk,
                            .rows = rows,
                            .watch = watch,
                            .position = position,
                            .keys_after_ms = status.time_ms - COMMAND_MEMORY_MS};
    replay.room = calloc(1, sizeof *replay.room);
    if (replay.room == NULL) {
        return ERR_NO_MEMORY;
    }
    enum err err = apply_all(&replay, feed, last - position);
    store_abort(desk->txn);
    desk->txn = NULL;
    err = err == OK ? store_buffer_drain(rows) : err;
    free(replay.room);
    if (err == OK) {
        *ret_events = replay.position - position;
    }
    return err;
}

enum err ledger_rebuild(struct log *log, struct store *views, const struct projection_list *projections,
                        const struct id *installation_id, const struct replay_watch *watch, uint64_t *ret_events)
{
    uint64_t events = 0;
    TRY(store_clear(views));
    struct desk *desk = calloc(1, sizeof *desk);
    if (desk == NULL) {
        return ERR_NO_MEMORY;
    }
    desk->log = log;
    desk->projections = *projections;
    desk->installation_id = *installation_id;
    arena_init(&desk->arena, SCRATCH_MAX);
    const enum err err = ledger_replay(desk, views, 0, watch, &events);
    arena_done(&desk->arena);
    free(desk);
    if (err == OK && ret_events != NULL) {
        *ret_events = events;
    }
    return err;
}
