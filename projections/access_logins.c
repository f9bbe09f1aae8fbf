/* access_logins.c: through which identity providers a person signs in, as a read model. Called by access.c for every
 * event that is none of its own, and by the gateway for whoever looks at their own. Must never hold who they are at a
 * provider: that is in the vault. */
#include "projections/access_internal.h"

static struct row_key login_key(const struct id *user_id, const struct id *provider_id)
{
    struct row_key key = access_user_key(user_id, PLACE_LOGIN);
    row_key_id(&key, provider_id);
    return key;
}

static enum err apply_linked(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    const struct login_linked_event *linked = &fact->event->login_linked;
    const struct row_key key = login_key(&linked->user_id, &linked->provider_id);
    const struct login_row row = {
        .provider_id = linked->provider_id, .vault_id = linked->vault_id, .linked_ms = fact->at->time_ms};
    return row_put(txn, &key, login_row_desc(), &row, arena);
}

/* The one that was sealed there; NULL: all. */
static enum err remove_logins(struct store_txn *txn, const struct id *user_id, const struct id *vault_id,
                              struct arena *arena)
{
    struct login_row *logins = NULL;
    uint32_t count = 0;
    TRY(access_logins(txn, user_id, arena, &logins, &count));
    for (uint32_t i = 0; i < count; i++) {
        if (vault_id == NULL || id_equal(&logins[i].vault_id, vault_id)) {
            const struct row_key key = login_key(user_id, &logins[i].provider_id);
            TRY(row_remove(txn, &key));
        }
    }
    return OK;
}

enum err access_apply_login(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    switch (fact->event->code) {
    case EVENT_login_linked:
        return apply_linked(txn, fact, arena);
    case EVENT_login_unlinked:
        return remove_logins(txn, &fact->event->login_unlinked.user_id, &fact->event->login_unlinked.vault_id, arena);
    case EVENT_user_erased:
        return remove_logins(txn, &fact->event->user_erased.user_id, NULL, arena);
    default:
        return OK;
    }
}

enum err access_logins(struct store_txn *txn, const struct id *user_id, struct arena *arena,
                       struct login_row **ret_logins, uint32_t *ret_count)
{
    const struct row_key prefix = access_user_key(user_id, PLACE_LOGIN);
    void *rows = NULL;
    TRY(row_list(txn, &prefix, NULL, login_row_desc(), LOGINS_MAX, arena, &rows, ret_count));
    *ret_logins = rows;
    return OK;
}
