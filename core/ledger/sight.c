/* sight.c: see sight.h. Called on the ledger's reading thread. Whoever sees all pays nothing for it: their events are
 * found by one row each, and no envelope is looked at. */
#include "core/ledger/sight.h"

#include "core/base/limits.h"

/* Whether the post of that stream is the sight's author's. at: one of its events. */
static enum err is_own(struct sight_walk *walk, const struct log_event *at, bool *ret_own)
{
    struct log_event first = *at;
    if (at->stream.kind != ID_POST) {
        *ret_own = false;
        return OK;
    }
    if (id_equal(&at->stream, &walk->stream)) {
        *ret_own = walk->is_own;
        return OK;
    }
    if (at->version != 1) {
        uint64_t seq = 0;
        const enum err err = ledger_stream_seq(walk->txn, &at->stream, 1, &seq);
        TRY(err == ERR_NOT_FOUND ? ERR_ALTERED : err);
        TRY(log_look(walk->log, seq, &first));
    }
    walk->stream = at->stream;
    walk->is_own = id_equal(&first.actor_id, &walk->sight.author_id);
    *ret_own = walk->is_own;
    return OK;
}

static enum err sees(struct sight_walk *walk, uint64_t seq, bool *ret_sees)
{
    struct log_event at;
    if (id_is_none(&walk->sight.author_id)) {
        *ret_sees = true;
        return OK;
    }
    TRY(log_look(walk->log, seq, &at));
    return is_own(walk, &at, ret_sees);
}

enum err sight_next(struct sight_walk *walk, uint64_t *ret_seq)
{
    while (walk->looks < SIGHT_LOOKS_MAX) {
        uint64_t seq = 0;
        bool seen = false;
        TRY(ledger_workspace_seq(walk->txn, &walk->sight.workspace_id, walk->position + 1, &seq));
        TRY(sees(walk, seq, &seen));
        walk->position++;
        walk->looks++;
        if (seen) {
            *ret_seq = seq;
            return OK;
        }
    }
    return ERR_NOT_FOUND;
}

enum err sight_find(struct log *log, struct store_txn *txn, const struct sight *sight, uint64_t workspace_seq,
                    uint64_t *ret_seq)
{
    struct sight_walk walk = {.log = log, .txn = txn, .sight = *sight};
    uint64_t seq = 0;
    bool seen = false;
    TRY(ledger_workspace_seq(txn, &sight->workspace_id, workspace_seq, &seq));
    TRY(sees(&walk, seq, &seen));
    if (!seen) {
        return ERR_NOT_FOUND;
    }
    *ret_seq = seq;
    return OK;
}
