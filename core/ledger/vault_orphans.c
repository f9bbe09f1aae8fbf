/* vault_orphans.c: which secrets no event names. Asks the states about each secret of the vault; in doubt it stays. */
#include "core/ledger/vault_orphans.h"

#include "core/ledger/ledger.h"

struct sweep {
    struct store_txn *txn;
    bool views_made;
    int64_t now_ms;
    int64_t since_ms; /* the log's first event */
    enum err err;
};

static bool is_needed(void *context, const struct id *secret_id, const struct id *owner_id)
{
    struct sweep *sweep = context;
    bool needed = true; /* in doubt a secret stays */
    const int64_t sealed_ms = id_time_ms(secret_id);
    const bool is_young = sealed_ms > sweep->now_ms - ORPHAN_SPARED_MS; /* a command may still be on its way */
    if (sweep->err == OK && sealed_ms >= sweep->since_ms && !is_young) {
        const enum err err = ledger_needs_secret(sweep->txn, secret_id, owner_id, sweep->now_ms, &needed);
        needed = err == ERR_NOT_FOUND ? !sweep->views_made : err != OK || needed;
        sweep->err = err == ERR_NOT_FOUND ? OK : err;
    }
    return needed;
}

enum err vault_orphans_sweep(struct log *log, struct store *views, bool views_made, int64_t now_ms, struct vault *vault,
                             uint64_t *ret_deleted, bool *ret_broken)
{
    struct sweep sweep = {.views_made = views_made, .now_ms = now_ms, .since_ms = INT64_MAX};
    struct log_event first;
    const enum err looked = log_look(log, 1, &first);
    if (looked == OK) {
        sweep.since_ms = first.time_ms;
    } else if (looked != ERR_NOT_FOUND) {
        return looked;
    }
    TRY(store_begin(views, false, &sweep.txn));
    struct id from = {0};
    const enum err err = vault_sweep(vault, is_needed, &sweep, UINT32_MAX, &from, ret_deleted);
    store_abort(sweep.txn);
    *ret_broken = err == ERR_ALTERED && sweep.err == OK;
    return err == OK ? sweep.err : err;
}
