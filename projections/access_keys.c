/* access_keys.c: API keys as read models: by fingerprint, by id and by workspace. Called by access.c for every event of
 * keys, by the gate for every request and every look of a stream, by the ledger for frames. Must never tell a caller
 * why a key is not valid. */
#include "core/base/assert.h"
#include "core/message/access.h"
#include "projections/access_internal.h"

/* The kinds of rows of a key, beside its own, which is among its workspace's: where that is, by its id, and the hour of
 * its last use; the same by its fingerprint; and, if it is restricted, its accounts. That of the last use is short and
 * next to those of keys that were made at the same time: many workspaces' keys share a page, and each that is in use
 * changes it once an hour. */
enum place { PLACE_KEY = 2, PLACE_FINGERPRINT = 3, PLACE_KEY_ACCOUNTS = 6 };

/* A key among its workspace's; the prefix of all when id is NULL. */
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

static enum err apply_created(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    const struct key_created_event *created = &fact->event->key_created;
    const struct key_row row = {
        .key_id = created->key_id,
        .workspace_id = created->workspace_id,
        .name = created->name,
        .role = created->role,
        .fingerprint = created->fingerprint,
        .created_ms = fact->at->time_ms,
        .expires_ms = created->expires_ms,
        .scopes = access_scopes(created->scopes, created->scopes_count),
        .restricted = created->restricted,
        .rotates = created->rotates,
        .maker_id = fact->at->actor_id,
    };
    const struct row_key by_fingerprint = fingerprint_key(created->fingerprint.bytes);
    const struct row_key by_id = key_key(&created->key_id);
    const struct row_key by_workspace = belonging_key(&created->workspace_id, &created->key_id);
    const struct row_key by_accounts = accounts_key(&created->key_id);
    const struct key_found_row found = {.workspace_id = created->workspace_id, .key_id = created->key_id};
    const struct key_use_row use = {.workspace_id = created->workspace_id};
    if (row.restricted) {
        const struct key_accounts_row accounts = {.integrations = created->integrations,
                                                  .integrations_count = created->integrations_count};
        TRY(row_put(txn, &by_accounts, key_accounts_row_desc(), &accounts, arena));
    }
    TRY(row_put(txn, &by_fingerprint, key_found_row_desc(), &found, arena));
    TRY(row_put(txn, &by_id, key_use_row_desc(), &use, arena));
    return row_put(txn, &by_workspace, key_row_desc(), &row, arena);
}

/* Whose a key is, and when it was last used. */
static enum err find_use(struct store_txn *txn, const struct id *key_id, struct key_use_row *ret_use)
{
    const struct row_key key = key_key(key_id);
    return access_plain(txn, &key, key_use_row_desc(), ret_use);
}

static enum err apply_revoked(struct store_txn *txn, const struct id *key_id, int64_t time_ms, struct arena *arena)
{
    struct key_use_row use;
    struct key_row row;
    TRY(access_must(find_use(txn, key_id, &use)));
    const struct row_key key = belonging_key(&use.workspace_id, key_id);
    TRY(access_must(row_take(txn, &key, key_row_desc(), arena, &row)));
    row.revoked_ms = time_ms;
    return row_put(txn, &key, key_row_desc(), &row, arena);
}

/* The log's word is the installation's: it may name what is no key, and what no key is any more. */
static enum err apply_used(struct store_txn *txn, const struct credentials_used_event *used, struct arena *arena)
{
    for (uint32_t i = 0; i < used->uses_count; i++) {
        const struct credential_use *one = &used->uses[i];
        struct key_use_row use;
        if (one->credential_id.kind != ID_KEY) {
            continue;
        }
        const enum err err = find_use(txn, &one->credential_id, &use);
        if (err == ERR_NOT_FOUND) {
            continue;
        }
        TRY(err);
        if (use.last_used_ms < one->used_ms) {
            const struct row_key key = key_key(&one->credential_id);
            use.last_used_ms = one->used_ms;
            TRY(row_put(txn, &key, key_use_row_desc(), &use, arena));
        }
    }
    return OK;
}

enum err access_apply_key(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    const struct event *event = fact->event;
    if (event->code == EVENT_key_created) {
        return apply_created(txn, fact, arena);
    }
    if (event->code == EVENT_credentials_used) {
        return apply_used(txn, &event->credentials_used, arena);
    }
    ASSERT(event->code == EVENT_key_revoked);
    return apply_revoked(txn, &event->key_revoked.key_id, fact->at->time_ms, arena);
}

enum err access_end_keys(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    const struct id *workspace_id = &fact->event->workspace_deleted.workspace_id;
    struct key_row *rows = NULL;
    uint32_t count = 0;
    TRY(access_keys(txn, workspace_id, NULL, UINT32_MAX, arena, &rows, &count));
    for (uint32_t i = 0; i < count; i++) {
        const struct row_key key = belonging_key(workspace_id, &rows[i].key_id);
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
    const struct row_key by_fingerprint = fingerprint_key(name);
    struct key_found_row found;
    TRY(access_plain(txn, &by_fingerprint, key_found_row_desc(), &found));
    const struct row_key key = belonging_key(&found.workspace_id, &found.key_id);
    return access_must(access_plain(txn, &key, key_row_desc(), ret_row));
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

/* Tells of a key's last use what its own row does not. */
static enum err add_use(struct store_txn *txn, struct key_row *key)
{
    struct key_use_row use;
    TRY(access_must(find_use(txn, &key->key_id, &use)));
    key->last_used_ms = use.last_used_ms;
    return OK;
}

enum err access_key(struct store_txn *txn, const struct id *key_id, struct arena *arena, struct key_row *ret_key)
{
    struct key_use_row use;
    TRY(find_use(txn, key_id, &use));
    return access_must(access_key_own(txn, &use.workspace_id, key_id, arena, ret_key));
}

enum err access_key_own(struct store_txn *txn, const struct id *workspace_id, const struct id *key_id,
                        struct arena *arena, struct key_row *ret_key)
{
    const struct row_key key = belonging_key(workspace_id, key_id);
    struct key_row row;
    TRY(row_get(txn, &key, key_row_desc(), arena, &row));
    TRY(add_use(txn, &row));
    *ret_key = row;
    return OK;
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

enum err access_key_shown(struct store_txn *txn, const struct grant *grant, const struct key_row *row,
                          struct arena *arena, struct integration_ref **ret_accounts, uint32_t *ret_count)
{
    struct integration_ref *accounts = NULL;
    uint32_t count = 0;
    uint32_t seen = 0;
    if (row->restricted) {
        TRY(access_must(access_key_accounts(txn, &row->key_id, arena, &accounts, &count)));
    }
    for (uint32_t i = 0; i < count; i++) {
        accounts[seen] = accounts[i];
        seen += access_sees(grant, &accounts[i].integration_id) ? 1 : 0;
    }
    *ret_accounts = accounts;
    *ret_count = seen;
    return OK;
}

enum err access_keys(struct store_txn *txn, const struct id *workspace_id, const struct id *after, uint32_t limit,
                     struct arena *arena, struct key_row **ret_keys, uint32_t *ret_count)
{
    const struct row_key prefix = belonging_key(workspace_id, NULL);
    const struct row_key from = after != NULL ? belonging_key(workspace_id, after) : prefix;
    void *rows = NULL;
    uint32_t count = 0;
    TRY(row_list(txn, &prefix, after != NULL ? &from : NULL, key_row_desc(), limit, arena, &rows, &count));
    struct key_row *keys = rows;
    for (uint32_t i = 0; i < count; i++) {
        TRY(add_use(txn, &keys[i]));
    }
    *ret_keys = keys;
    *ret_count = count;
    return OK;
}
