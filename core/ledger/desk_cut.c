/* desk_cut.c: a stream as it was at an earlier version, folded from the log again. Called by a replay for an event
 * whose version is not the next one: a ledger whose views had lost rows gave it, upon the state that it still had, and
 * what it wrote since then follows from that. Must never be needed by a log that no damage came to. */
#include "core/ledger/desk_key.h"
#include "core/ledger/ledger_state.h"
#include "core/message/codec.h"

enum err desk_read_event(struct desk *desk, uint64_t seq, struct log_event *ret_at, struct event *ret_event)
{
    arena_reset(&desk->arena);
    uint8_t *bytes = arena_alloc(&desk->arena, LOG_PAYLOAD_MAX);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf payload = buf_of(bytes, LOG_PAYLOAD_MAX);
    TRY(log_read(desk->log, seq, &payload, ret_at));
    return event_decode(ret_at->payload, &desk->arena, ret_event);
}

static enum err fold_version(struct desk *desk, const struct id *stream, uint64_t version, struct aggregate *state)
{
    struct log_event at;
    struct event event;
    uint64_t seq = 0;
    TRY(ledger_stream_seq(desk->txn, stream, version, &seq));
    TRY(desk_read_event(desk, seq, &at, &event));
    aggregate_evolve((enum id_kind)stream->kind, state, &event, &at.workspace_id, at.time_ms);
    state->head.command_id = at.command_id;
    return OK;
}

static enum err drop_state(struct desk *desk, const struct id *stream)
{
    struct row_key key;
    TRY(desk_state_key(desk->txn, stream, &key));
    return store_delete(desk->txn, key_span(&key));
}

enum err desk_cut_back(struct desk *desk, const struct id *stream, uint64_t version, struct fold_room *room)
{
    uint64_t seq = 0;
    if (version > 0) {
        TRY(ledger_stream_seq(desk->txn, stream, version, &seq));
    }
    TRY(desk_load(desk, stream, &room->before));
    memset(&room->after, 0, sizeof room->after);
    room->used = sizeof room->after;
    for (uint64_t i = 1; i <= version; i++) {
        TRY(fold_version(desk, stream, i, &room->after));
    }
    TRY(desk_index(desk, stream, &room->before, &room->after));
    TRY(desk_seqs_cut(desk, stream, version));
    return version == 0 ? drop_state(desk, stream) : desk_store(desk, stream, &room->after);
}
