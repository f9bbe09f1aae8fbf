/* access_keys.c: API keys as read models: by fingerprint, by id and by workspace. Called by access.c for every event of
 * keys, by the gate for every request and every look of a stream, by the ledger for frames. Must never tell a caller
 * why a key is not valid. */
#include "core/base/assert.h"
#include "core/message/access.h"
#include "projections/access_internal.h"

/* The kinds of rows of a key: its own, which is found by its fingerprint; the fingerprint by its id, and once more in
 * its workspace's list; and, if it is restricted, its accounts. */
enum place { PLACE_KEY = 2, PLACE_FINGERPRINT = 3, PLACE_KEY_ACCOUNTS = 6 };

/* A key in its workspace's list; the prefix of all when id is NULL. */
static struct row_key belonging_key(const struct id *workspace_id, const struct id *id)
{
    struct row_key key = access_place_key(workspace_id, PLACE_OWN_KEY);
    if (id != NULL) {
        row_key_id(&key, id);
    }
    return key;
}

static struct row_key fingerprint_key(const uint8_t *sha256)
{
    struct row_key key = row_key(TABLE_ACCESS);
    row_key_byte(&key, PLACE_FINGERPRINT);
    access_key_fingerprint(&key, sha256);
    return key;
}

static struct row_key key_key(const struct id *key_id)
{
    struct row_key key = row_key(TABLE_ACCESS);
    row_key_byte(&key, PLACE_KEY);
    row_key_id(&key, key_id);
    return key;
}

static struct row_key accounts_key(const struct id *key_id)
{
    struct row_key key = row_key(TABLE_ACCESS);
    row_key_byte(&key, PLACE_KEY_ACCOUNTS);
    row_key_id(&key, key_id);
    return key;
}

static enum err apply_created(struct store_txn *txn, const struct key_created_event *created, int64_t time_ms,
                              struct arena *arena)
{
    const struct key_row row = {
        .key_id = created->key_id,
        .workspace_id = created->workspace_id,
        .name = created->name,
        .role = created->role,
        .fingerprint = created->fingerprint,
        .created_ms = time_ms,
        .expires_ms = created->expires_ms,
        .scopes = access_scopes(created->scopes, created->scopes_count),
        .restricted = created->restricted,
        .rotates = created->rotates,
    };
    const struct row_key by_fingerprint = fingerprint_key(created->fingerprint.bytes);
    const struct row_key by_id = key_key(&created->key_id);
    const struct row_key by_workspace = belonging_key(&created->workspace_id, &created->key_id);
    const struct row_key by_accounts = accounts_key(&created->key_id);
    const struct own_key_row own = {.fingerprint = created->fingerprint};
    if (row.restricted) {
        const struct key_accounts_row accounts = {.integrations = created->integrations,
                                                  .integrations_count = created->integrations_count};
        TRY(row_put(txn, &by_accounts, key_accounts_row_desc(), &accounts, arena));
    }
    TRY(row_put(txn, &by_fingerprint, key_row_desc(), &row, arena));
    TRY(store_put(txn, row_key_span(&by_id), span_of(created->fingerprint.bytes, sizeof created->fingerprint.bytes)));
    return row_put(txn, &by_workspace, own_key_row_desc(), &own, arena);
}

/* Where a key's row is, by its id. */
static enum err find_key(struct store_txn *txn, const struct id *key_id, struct row_key *ret_key)
{
    const struct row_key by_id = key_key(key_id);
    struct span fingerprint;
    TRY(store_get(txn, row_key_span(&by_id), &fingerprint));
    if (fingerprint.len != sizeof(struct hash)) {
        return ERR_ALTERED;
    }
    *ret_key = fingerprint_key(fingerprint.data);
    return OK;
}

static enum err apply_revoked(struct store_txn *txn, const struct id *key_id, int64_t time_ms, struct arena *arena)
{
    struct row_key key;
    struct key_row row;
    TRY(access_must(find_key(txn, key_id, &key)));
    TRY(access_must(row_take(txn, &key, key_row_desc(), arena, &row)));
    row.revoked_ms = time_ms;
    return row_put(txn, &key, key_row_desc(), &row, arena);
}

/* The log's word is the installation's: it may name what is no key, and what no key is any more. */
static enum err apply_used(struct store_txn *txn, const struct credentials_used_event *used, struct arena *arena)
{
    for (uint32_t i = 0; i < used->uses_count; i++) {
        struct row_key key;
        struct key_row row;
        if (used->uses[i].credential_id.kind != ID_KEY) {
            continue;
        }
        const enum err err = find_key(txn, &used->uses[i].credential_id, &key);
        if (err == ERR_NOT_FOUND) {
            continue;
        }
        TRY(err);
        TRY(access_must(row_take(txn, &key, key_row_desc(), arena, &row)));
        if (row.last_used_ms < used->uses[i].used_ms) {
            row.last_used_ms = used->uses[i].used_ms;
            TRY(row_put(txn, &key, key_row_desc(), &row, arena));
        }
    }
    return OK;
}

enum err access_apply_key(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    const struct event *event = fact->event;
    if (event->code == EVENT_key_created) {
        return apply_created(txn, &event->key_created, fact->at->time_ms, arena);
    }
    if (event->code == EVENT_credentials_used) {
        return apply_used(txn, &event->credentials_used, arena);
    }
    ASSERT(event->code == EVENT_key_revoked);
    return apply_revoked(txn, &event->key_revoked.key_id, fact->at->time_ms, arena);
}

enum err access_end_keys(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    struct key_row *rows = NULL;
    uint32_t count = 0;
    TRY(access_keys(txn, &fact->event->workspace_deleted.workspace_id, NULL, UINT32_MAX, arena, &rows, &count));
    for (uint32_t i = 0; i < count; i++) {
        const struct row_key key = fingerprint_key(rows[i].fingerprint.bytes);
        struct key_row row; /* read again: what the list borrows may move with each row that is put */
        TRY(row_take(txn, &key, key_row_desc(), arena, &row));
        if (row.revoked_ms == 0) {
            row.revoked_ms = fact->at->time_ms;
            TRY(row_put(txn, &key, key_row_desc(), &row, arena));
        }
    }
    return OK;
}

/* --- queries --- */

/* The row behind the first 16 bytes of a fingerprint. */
static enum err find_any(struct store_txn *txn, const uint8_t name[16], struct key_row *ret_row)
{
    const struct row_key key = fingerprint_key(name);
    struct arena none; /* a key's row has no lists */
    arena_init(&none, 0);
    const enum err err = row_get(txn, &key, key_row_desc(), &none, ret_row);
    arena_done(&none);
    return err;
}

/* The same, if it is valid now. */
static enum err find_valid(struct store_txn *txn, const uint8_t name[16], int64_t now_ms, struct key_row *ret_row)
{
    struct key_row row;
    const enum err err = find_any(txn, name, &row);
    if (err == ERR_NOT_FOUND) {
        return ERR_AUTH;
    }
    TRY(err);
    if (row.revoked_ms != 0 || (row.expires_ms != 0 && now_ms >= row.expires_ms)) {
        return ERR_AUTH;
    }
    *ret_row = row;
    return OK;
}

static struct principal principal_of(const struct key_row *row)
{
    struct principal principal = {.key_id = row->key_id,
                                  .workspace_id = row->workspace_id,
                                  .role = row->role,
                                  .scopes = (uint32_t)(row->scopes & UINT32_MAX),
                                  .restricted = row->restricted,
                                  .expires_ms = row->expires_ms};
    const size_t len = row->name.len < sizeof principal.name ? row->name.len : sizeof principal.name - 1;
    memcpy(principal.name, row->name.data, len);
    return principal;
}

enum err access_find(struct store_txn *txn, const uint8_t fingerprint[32], int64_t now_ms,
                     struct principal *ret_principal)
{
    struct key_row row;
    TRY(find_valid(txn, fingerprint, now_ms, &row));
    if (!span_equal_secret(span_of(row.fingerprint.bytes, sizeof row.fingerprint.bytes), span_of(fingerprint, 32))) {
        return ERR_AUTH;
    }
    *ret_principal = principal_of(&row);
    return OK;
}

enum err access_find_refused(struct store_txn *txn, const uint8_t fingerprint[32], struct principal *ret_principal)
{
    struct key_row row;
    TRY(find_any(txn, fingerprint, &row));
    if (!span_equal_secret(span_of(row.fingerprint.bytes, sizeof row.fingerprint.bytes), span_of(fingerprint, 32))) {
        return ERR_NOT_FOUND;
    }
    *ret_principal = principal_of(&row);
    return OK;
}

enum err access_find_named(struct store_txn *txn, const uint8_t name[16], int64_t now_ms,
                           struct principal *ret_principal)
{
    struct key_row row;
    TRY(find_valid(txn, name, now_ms, &row));
    *ret_principal = principal_of(&row);
    return OK;
}

enum err access_is_fingerprint(struct store_txn *txn, const uint8_t fingerprint[32], bool *ret_is_one)
{
    const struct row_key key = fingerprint_key(fingerprint);
    struct span row;
    const enum err err = store_get(txn, row_key_span(&key), &row);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    if (err == OK) {
        *ret_is_one = true;
        return OK;
    }
    return access_is_token(txn, fingerprint, ret_is_one);
}

int64_t access_last_used(int64_t used_ms, int64_t created_ms)
{
    return used_ms != 0 && used_ms < created_ms ? created_ms : used_ms;
}

enum err access_key(struct store_txn *txn, const struct id *key_id, struct arena *arena, struct key_row *ret_key)
{
    struct row_key key;
    TRY(find_key(txn, key_id, &key));
    return access_must(row_get(txn, &key, key_row_desc(), arena, ret_key));
}

enum err access_key_own(struct store_txn *txn, const struct id *workspace_id, const struct id *key_id,
                        struct arena *arena, struct key_row *ret_key)
{
    const struct row_key listed = belonging_key(workspace_id, key_id);
    struct own_key_row own;
    TRY(row_get(txn, &listed, own_key_row_desc(), arena, &own));
    const struct row_key key = fingerprint_key(own.fingerprint.bytes);
    return access_must(row_get(txn, &key, key_row_desc(), arena, ret_key));
}

enum err access_key_accounts(struct store_txn *txn, const struct id *key_id, struct arena *arena,
                             struct integration_ref **ret_accounts, uint32_t *ret_count)
{
    const struct row_key key = accounts_key(key_id);
    struct key_accounts_row row;
    TRY(row_get(txn, &key, key_accounts_row_desc(), arena, &row));
    *ret_accounts = row.integrations;
    *ret_count = row.integrations_count;
    return OK;
}

enum err access_keys(struct store_txn *txn, const struct id *workspace_id, const struct id *after, uint32_t limit,
                     struct arena *arena, struct key_row **ret_keys, uint32_t *ret_count)
{
    const struct row_key prefix = belonging_key(workspace_id, NULL);
    const struct row_key from = after != NULL ? belonging_key(workspace_id, after) : prefix;
    void *rows = NULL;
    uint32_t count = 0;
    TRY(row_list(txn, &prefix, after != NULL ? &from : NULL, own_key_row_desc(), limit, arena, &rows, &count));
    const struct own_key_row *own = rows;
    struct key_row *keys = arena_alloc(arena, (count + 1) * sizeof *keys);
    if (keys == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct row_key key = fingerprint_key(own[i].fingerprint.bytes);
        TRY(access_must(row_get(txn, &key, key_row_desc(), arena, &keys[i])));
    }
    *ret_keys = keys;
    *ret_count = count;
    return OK;
}
