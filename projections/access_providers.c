/* access_providers.c: identity providers as a read model. Called by access.c for every event that is none of its own,
 * and by whoever lets people sign in. Must never hold our secret at one: that is in the vault. */
#include "projections/access_internal.h"

static struct row_key provider_key(const struct id *provider_id)
{
    struct row_key key = row_key(TABLE_PROVIDER);
    row_key_id(&key, provider_id);
    return key;
}

enum err access_apply_provider(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    if (fact->event->code == EVENT_provider_removed) {
        const struct row_key key = provider_key(&fact->event->provider_removed.provider_id);
        return row_remove(txn, &key);
    }
    if (fact->event->code != EVENT_provider_added) {
        return OK;
    }
    const struct provider_added_event *added = &fact->event->provider_added;
    const struct provider_row row = {
        .provider_id = added->provider_id,
        .name = added->name,
        .issuer = added->issuer,
        .client_id = added->client_id,
        .vault_id = added->vault_id,
        .links_by_address = added->links_by_address,
        .created_ms = fact->at->time_ms,
    };
    const struct row_key key = provider_key(&added->provider_id);
    return row_put(txn, &key, provider_row_desc(), &row, arena);
}

enum err access_provider(struct store_txn *txn, const struct id *provider_id, struct arena *arena,
                         struct provider_row *ret_provider)
{
    const struct row_key key = provider_key(provider_id);
    return row_get(txn, &key, provider_row_desc(), arena, ret_provider);
}

enum err access_providers(struct store_txn *txn, uint32_t limit, struct arena *arena,
                          struct provider_row **ret_providers, uint32_t *ret_count)
{
    const struct row_key prefix = row_key(TABLE_PROVIDER);
    void *rows = NULL;
    TRY(row_list(txn, &prefix, NULL, provider_row_desc(), limit, arena, &rows, ret_count));
    *ret_providers = rows;
    return OK;
}
