/* access.c: keys, workspaces, members and integrations as read models. Called by the ledger for every event, by the
 * gateway for every request, and by the scheduler. Must never tell a caller why a key is not valid, nor hand out what
 * is another workspace's. */
#include "projections/access.h"

#include "core/base/assert.h"
#include "projections/row_store.h"

/* The rows of a workspace side by side, and the two kinds of rows of a key. */
enum place { PLACE_SELF = 0, PLACE_KEY = 2, PLACE_FINGERPRINT = 3, PLACE_INSTALLATION = 4 };

static struct row_key workspace_key(const struct id *workspace_id)
{
    struct row_key key = row_key(TABLE_WORKSPACE);
    row_key_byte(&key, PLACE_SELF);
    row_key_id(&key, workspace_id);
    return key;
}

/* A key of a workspace; the prefix of all when id is NULL. */
static struct row_key belonging_key(const struct id *workspace_id, const struct id *id)
{
    struct row_key key = row_key(TABLE_WORKSPACE);
    row_key_byte(&key, PLACE_KEY);
    row_key_id(&key, workspace_id);
    if (id != NULL) {
        row_key_id(&key, id);
    }
    return key;
}

/* The first 16 bytes of a fingerprint make the key; its row holds all 32. */
static struct row_key fingerprint_key(const uint8_t *sha256)
{
    struct row_key key = row_key(TABLE_ACCESS);
    row_key_byte(&key, PLACE_FINGERPRINT);
    row_key_u64(&key, get_be64(sha256));
    row_key_u64(&key, get_be64(sha256 + 8));
    return key;
}

static struct row_key key_key(const struct id *key_id)
{
    struct row_key key = row_key(TABLE_ACCESS);
    row_key_byte(&key, PLACE_KEY);
    row_key_id(&key, key_id);
    return key;
}

static struct row_key integration_key(const struct id *integration_id)
{
    struct row_key key = row_key(TABLE_INTEGRATION);
    row_key_id(&key, integration_id);
    return key;
}

static struct row_key integration_list_key(const struct id *workspace_id, const struct id *integration_id)
{
    struct row_key key = row_key(TABLE_INTEGRATION_LIST);
    row_key_id(&key, workspace_id);
    if (integration_id != NULL) {
        row_key_id(&key, integration_id);
    }
    return key;
}

/* --- keys, members, workspaces --- */

static enum err apply_key_created(struct store_txn *txn, const struct fact *fact, struct arena *arena)
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
    };
    const struct row_key by_fingerprint = fingerprint_key(created->fingerprint.bytes);
    const struct row_key by_id = key_key(&created->key_id);
    const struct row_key by_workspace = belonging_key(&created->workspace_id, &created->key_id);
    const struct ref_row ref = {.id = created->key_id};
    TRY(row_put(txn, &by_fingerprint, key_row_desc(), &row, arena));
    TRY(store_put(txn, row_key_span(&by_id), span_of(created->fingerprint.bytes, sizeof created->fingerprint.bytes)));
    return row_put(txn, &by_workspace, ref_row_desc(), &ref, arena);
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

/* Something that the log made must be there. */
static enum err must(enum err err)
{
    return err == ERR_NOT_FOUND ? ERR_ALTERED : err;
}

static enum err apply_key_revoked(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    struct row_key key;
    struct key_row row;
    TRY(must(find_key(txn, &fact->event->key_revoked.key_id, &key)));
    TRY(must(row_take(txn, &key, key_row_desc(), arena, &row)));
    row.revoked_ms = fact->at->time_ms;
    return row_put(txn, &key, key_row_desc(), &row, arena);
}

static enum err apply_workspace_created(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    const struct workspace_created_event *created = &fact->event->workspace_created;
    const struct workspace_row row = {
        .workspace_id = created->workspace_id,
        .version = fact->at->version,
        .slug = created->slug,
        .name = created->name,
        .timezone = created->timezone,
        .max_lateness_ms = created->max_lateness_ms,
        .late_spacing_ms = created->late_spacing_ms,
        .created_ms = fact->at->time_ms,
        .updated_ms = fact->at->time_ms,
    };
    const struct row_key key = workspace_key(&created->workspace_id);
    return row_put(txn, &key, workspace_row_desc(), &row, arena);
}

static enum err apply_workspace_paused(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    const bool paused = fact->event->code == EVENT_workspace_paused;
    const struct id *workspace_id =
        paused ? &fact->event->workspace_paused.workspace_id : &fact->event->workspace_resumed.workspace_id;
    const struct row_key key = workspace_key(workspace_id);
    struct workspace_row row;
    TRY(must(row_take(txn, &key, workspace_row_desc(), arena, &row)));
    row.paused = paused;
    row.pause_reason = paused ? fact->event->workspace_paused.reason : span_of(NULL, 0);
    row.version = fact->at->version;
    row.updated_ms = fact->at->time_ms;
    return row_put(txn, &key, workspace_row_desc(), &row, arena);
}

/* --- the installation --- */

static struct row_key installation_key(void)
{
    struct row_key key = row_key(TABLE_WORKSPACE);
    row_key_byte(&key, PLACE_INSTALLATION);
    return key;
}

static void fold_installation(struct installation_row *row, const struct fact *fact)
{
    const struct event *event = fact->event;
    switch (event->code) {
    case EVENT_ledger_started:
        row->epoch = event->ledger_started.epoch;
        row->release = event->ledger_started.release;
        row->started_ms = fact->at->time_ms;
        break;
    case EVENT_clock_suspected:
        row->clock_suspect = true;
        break;
    case EVENT_clock_trusted:
        row->clock_suspect = false;
        break;
    case EVENT_starts_suspended:
        row->suspended = true;
        row->suspended_ms = fact->at->time_ms;
        row->reason = event->starts_suspended.reason;
        break;
    default:
        ASSERT(event->code == EVENT_starts_confirmed);
        row->suspended = false;
        row->suspended_ms = fact->at->time_ms;
        break;
    }
}

static enum err apply_installation(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    const struct row_key key = installation_key();
    struct installation_row row;
    const enum err err = row_take(txn, &key, installation_row_desc(), arena, &row);
    if (err == ERR_NOT_FOUND) {
        memset(&row, 0, sizeof row);
        row.release = SPAN("");
    } else {
        TRY(err);
    }
    row.installation_id = fact->at->stream;
    fold_installation(&row, fact);
    return row_put(txn, &key, installation_row_desc(), &row, arena);
}

/* --- integrations --- */

static bool is_integration_event(uint32_t code)
{
    return code >= EVENT_integration_connecting && code <= EVENT_integration_deleted;
}

static void no_failure(struct integration_row *row)
{
    row->code = span_of(NULL, 0);
    row->message = span_of(NULL, 0);
}

/* One that was connected before goes on as it is until the new credentials are accepted. */
static void fold_connecting(struct integration_row *row, const struct integration_connecting_event *connecting,
                            int64_t time_ms)
{
    if (row->account.data == NULL) {
        row->integration_id = connecting->integration_id;
        row->channel = connecting->channel;
        row->status = INTEGRATION_CONNECTING;
        if (connecting->service.data != NULL) {
            row->service = connecting->service;
        }
        row->identifier = connecting->identifier;
        no_failure(row);
    }
    row->connect_vault_id = connecting->vault_id;
    row->connect_service = connecting->service;
    row->connect_identifier = connecting->identifier;
    row->connect_ms = time_ms;
}

static void nothing_to_try(struct integration_row *row)
{
    row->connect_vault_id = (struct id){.kind = ID_NONE};
    row->connect_service = span_of(NULL, 0);
    row->connect_identifier = span_of(NULL, 0);
    row->connect_ms = 0;
}

static void fold_refused(struct integration_row *row, const struct integration_refused_event *refused)
{
    if (row->account.data == NULL) {
        row->status = INTEGRATION_REFUSED;
    }
    nothing_to_try(row);
    row->code = refused->code;
    row->message = refused->message;
}

static void fold_connected(struct integration_row *row, const struct integration_connected_event *connected)
{
    row->status = INTEGRATION_CONNECTED;
    row->account = connected->account;
    row->handle = connected->handle;
    if (connected->service.data != NULL) {
        row->service = connected->service;
    }
    if (row->connect_identifier.data != NULL) {
        row->identifier = row->connect_identifier;
    }
    row->vault_id = connected->vault_id;
    row->fingerprint = connected->fingerprint;
    row->token_expires_ms = connected->token_expires_ms;
    row->session_expires_ms = connected->session_expires_ms;
    nothing_to_try(row);
    no_failure(row);
}

static void fold_refreshed(struct integration_row *row, const struct integration_refreshed_event *refreshed)
{
    row->vault_id = refreshed->vault_id;
    row->fingerprint = refreshed->fingerprint;
    row->token_expires_ms = refreshed->token_expires_ms;
    if (refreshed->session_expires_ms != 0) {
        row->session_expires_ms = refreshed->session_expires_ms;
    }
}

static void fold_integration(struct integration_row *row, const struct event *event, int64_t time_ms)
{
    switch (event->code) {
    case EVENT_integration_connecting:
        fold_connecting(row, &event->integration_connecting, time_ms);
        break;
    case EVENT_integration_connected:
        fold_connected(row, &event->integration_connected);
        break;
    case EVENT_integration_refused:
        fold_refused(row, &event->integration_refused);
        break;
    case EVENT_integration_refreshed:
        fold_refreshed(row, &event->integration_refreshed);
        break;
    case EVENT_integration_paused:
        row->paused = true;
        break;
    case EVENT_integration_resumed:
        row->paused = false;
        break;
    case EVENT_integration_disconnected:
        row->status = INTEGRATION_DISCONNECTED;
        row->code = event->integration_disconnected.code;
        row->message = event->integration_disconnected.message;
        break;
    default:
        ASSERT(event->code == EVENT_integration_deleted);
        row->status = INTEGRATION_DELETED;
        break;
    }
}

static enum err apply_integration(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    /* every event of an integration begins with its id */
    const struct id *integration_id = &fact->event->integration_connecting.integration_id;
    const struct row_key key = integration_key(integration_id);
    struct integration_row row;
    const enum err err = row_take(txn, &key, integration_row_desc(), arena, &row);
    const bool is_new = err == ERR_NOT_FOUND && fact->event->code == EVENT_integration_connecting;
    if (is_new) {
        memset(&row, 0, sizeof row);
        row.created_ms = fact->at->time_ms;
    } else {
        TRY(must(err));
    }
    fold_integration(&row, fact->event, fact->at->time_ms);
    row.workspace_id = fact->at->workspace_id;
    row.version = fact->at->version;
    row.seq = fact->at->seq;
    row.updated_ms = fact->at->time_ms;
    TRY(row_put(txn, &key, integration_row_desc(), &row, arena));
    const struct row_key list_key = integration_list_key(&row.workspace_id, &row.integration_id);
    if (row.status == INTEGRATION_DELETED) {
        return row_remove(txn, &list_key);
    }
    const struct ref_row ref = {.id = row.integration_id};
    return is_new ? row_put(txn, &list_key, ref_row_desc(), &ref, arena) : OK;
}

/* An outcome of a post that tells of a limit of its account's. */
static enum err apply_limit(struct store_txn *txn, const struct id *integration_id, int64_t until_ms,
                            struct arena *arena)
{
    const struct row_key key = integration_key(integration_id);
    struct integration_row row;
    if (until_ms == 0) {
        return OK;
    }
    TRY(must(row_take(txn, &key, integration_row_desc(), arena, &row)));
    if (row.limited_ms >= until_ms) {
        return OK;
    }
    row.limited_ms = until_ms;
    return row_put(txn, &key, integration_row_desc(), &row, arena);
}

static enum err apply(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    const struct event *event = fact->event;
    if (is_integration_event(event->code)) {
        return apply_integration(txn, fact, arena);
    }
    switch (event->code) {
    case EVENT_ledger_started:
    case EVENT_clock_suspected:
    case EVENT_clock_trusted:
    case EVENT_starts_suspended:
    case EVENT_starts_confirmed:
        return apply_installation(txn, fact, arena);
    case EVENT_workspace_created:
        return apply_workspace_created(txn, fact, arena);
    case EVENT_workspace_paused:
    case EVENT_workspace_resumed:
        return apply_workspace_paused(txn, fact, arena);
    case EVENT_key_created:
        return apply_key_created(txn, fact, arena);
    case EVENT_key_revoked:
        return apply_key_revoked(txn, fact, arena);
    case EVENT_attempt_finished:
        return apply_limit(txn, &event->attempt_finished.integration_id, event->attempt_finished.until_ms, arena);
    case EVENT_attempt_settled:
        return apply_limit(txn, &event->attempt_settled.integration_id, event->attempt_settled.until_ms, arena);
    default:
        return OK;
    }
}

const struct projection access_projection = {.name = "access", .apply = apply};

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
    struct principal principal = {
        .key_id = row->key_id, .workspace_id = row->workspace_id, .role = row->role, .expires_ms = row->expires_ms};
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

enum err access_key(struct store_txn *txn, const struct id *key_id, struct arena *arena, struct key_row *ret_key)
{
    struct row_key key;
    TRY(find_key(txn, key_id, &key));
    return must(row_get(txn, &key, key_row_desc(), arena, ret_key));
}

enum err access_keys(struct store_txn *txn, const struct id *workspace_id, uint32_t limit, struct arena *arena,
                     struct key_row **ret_keys, uint32_t *ret_count)
{
    const struct row_key prefix = belonging_key(workspace_id, NULL);
    void *rows = NULL;
    uint32_t count = 0;
    TRY(row_list(txn, &prefix, NULL, ref_row_desc(), limit, arena, &rows, &count));
    const struct ref_row *refs = rows;
    struct key_row *keys = arena_alloc(arena, (count + 1) * sizeof *keys);
    if (keys == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct row_key key;
        TRY(must(find_key(txn, &refs[i].id, &key)));
        TRY(must(row_get(txn, &key, key_row_desc(), arena, &keys[i])));
    }
    *ret_keys = keys;
    *ret_count = count;
    return OK;
}

enum err access_installation(struct store_txn *txn, struct arena *arena, struct installation_row *ret_installation)
{
    const struct row_key key = installation_key();
    return row_get(txn, &key, installation_row_desc(), arena, ret_installation);
}

enum err access_workspace(struct store_txn *txn, const struct id *workspace_id, struct arena *arena,
                          struct workspace_row *ret_workspace)
{
    const struct row_key key = workspace_key(workspace_id);
    return row_get(txn, &key, workspace_row_desc(), arena, ret_workspace);
}

enum err access_workspaces(struct store_txn *txn, const struct id *after, uint32_t limit, struct arena *arena,
                           struct workspace_row **ret_workspaces, uint32_t *ret_count)
{
    struct row_key prefix = row_key(TABLE_WORKSPACE);
    row_key_byte(&prefix, PLACE_SELF);
    struct row_key from = prefix;
    if (after != NULL) {
        from = workspace_key(after);
    }
    void *rows = NULL;
    TRY(row_list(txn, &prefix, after != NULL ? &from : NULL, workspace_row_desc(), limit, arena, &rows, ret_count));
    *ret_workspaces = rows;
    return OK;
}

enum err access_integration(struct store_txn *txn, const struct id *workspace_id, const struct id *integration_id,
                            struct arena *arena, struct integration_row *ret_integration)
{
    const struct row_key key = integration_key(integration_id);
    struct integration_row row;
    TRY(row_get_own(txn, &key, workspace_id, integration_row_desc(), arena, &row));
    if (row.status == INTEGRATION_DELETED) {
        return ERR_NOT_FOUND;
    }
    *ret_integration = row;
    return OK;
}

enum err access_integrations(struct store_txn *txn, const struct id *workspace_id, const struct id *after,
                             uint32_t limit, struct arena *arena, struct integration_row **ret_integrations,
                             uint32_t *ret_count)
{
    const struct row_key prefix = integration_list_key(workspace_id, NULL);
    const struct row_key from = integration_list_key(workspace_id, after);
    void *rows = NULL;
    uint32_t count = 0;
    TRY(row_list(txn, &prefix, after != NULL ? &from : NULL, ref_row_desc(), limit, arena, &rows, &count));
    const struct ref_row *refs = rows;
    struct integration_row *integrations = arena_alloc(arena, (count + 1) * sizeof *integrations);
    if (integrations == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        TRY(must(access_integration(txn, workspace_id, &refs[i].id, arena, &integrations[i])));
    }
    *ret_integrations = integrations;
    *ret_count = count;
    return OK;
}

enum err access_integration_scan(struct store_txn *txn, const struct id *after, uint32_t limit, struct arena *arena,
                                 struct integration_row **ret_integrations, uint32_t *ret_count)
{
    const struct row_key prefix = row_key(TABLE_INTEGRATION);
    struct row_key from = prefix;
    if (after != NULL) {
        from = integration_key(after);
    }
    void *rows = NULL;
    TRY(row_list(txn, &prefix, after != NULL ? &from : NULL, integration_row_desc(), limit, arena, &rows, ret_count));
    *ret_integrations = rows;
    return OK;
}

enum integration_status access_status(const struct integration_row *integration, int64_t now_ms)
{
    if (integration->status != INTEGRATION_CONNECTED) {
        return (enum integration_status)integration->status;
    }
    if (integration->paused) {
        return INTEGRATION_PAUSED;
    }
    const int64_t end_ms = integration->session_expires_ms;
    return end_ms != 0 && now_ms >= end_ms - ACCESS_EXPIRING_MS ? INTEGRATION_EXPIRING : INTEGRATION_CONNECTED;
}
