/* access_ledger.c: what the ledger's own rows tell the gateway about a workspace, whose it names: that folder knows no
 * ledger. Called for requests and streams. Must never decode a row: how long it takes says nothing of what is there. */
#include "core/ledger/ledger.h"
#include "projections/access.h"

enum err access_last_event(struct store_txn *txn, const struct id *workspace_id, uint64_t *ret_workspace_seq)
{
    return ledger_workspace_last(txn, workspace_id, ret_workspace_seq);
}

enum err access_has_event(struct store_txn *txn, const struct id *workspace_id, uint64_t workspace_seq)
{
    uint64_t seq = 0;
    return ledger_workspace_seq(txn, workspace_id, workspace_seq, &seq);
}

enum err access_usage(struct store_txn *txn, const struct id *workspace_id, int64_t now_ms, struct usage *ret_usage)
{
    return ledger_usage(txn, workspace_id, now_ms, ret_usage);
}

enum err access_workspace_named(struct store_txn *txn, struct span text, struct id *ret_workspace_id)
{
    return id_parse(text, ID_WORKSPACE, ret_workspace_id) == OK ? OK : ledger_slug(txn, text, ret_workspace_id);
}

enum err access_holders(struct store_txn *txn, const struct id *workspace_id, const struct id *integration_id,
                        int64_t at_ms, struct id *ret_posts, uint32_t max, uint32_t *ret_count)
{
    return ledger_holders(txn, workspace_id, integration_id, at_ms, ret_posts, max, ret_count);
}

enum err access_asked(struct store_txn *txn, const struct idempotency *idempotency, bool *ret_same,
                      struct answer *ret_answer)
{
    return ledger_idempotent(txn, idempotency, ret_same, ret_answer);
}

enum err access_is_foreign(struct store_txn *txn, const struct id *workspace_id, const struct id *id, bool *ret_foreign)
{
    return ledger_is_foreign(txn, id, workspace_id, ret_foreign);
}
