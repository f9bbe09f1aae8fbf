/* access_integrations.c: connected accounts as read models. Called by access.c for every event that is none of its own,
 * and by gateway and scheduler for queries. Must never hand out what is another workspace's. */
#include "core/base/assert.h"
#include "projections/access_internal.h"

static struct row_key integration_key(const struct id *workspace_id, const struct id *integration_id)
{
    struct row_key key = access_place_key(workspace_id, PLACE_OWN_ACCOUNT);
    row_key_id(&key, integration_id);
    return key;
}

/* By itself an account's id leads to its workspace. */
static struct row_key owner_key(const struct id *integration_id)
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

static bool is_integration_event(uint32_t code)
{
    return (code >= EVENT_integration_connecting && code <= EVENT_integration_deleted) ||
           code == EVENT_integration_expiring;
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
    row->warned = false;
    nothing_to_try(row);
    no_failure(row);
}

static void fold_refreshed(struct integration_row *row, const struct integration_refreshed_event *refreshed,
                           int64_t time_ms)
{
    row->vault_id = refreshed->vault_id;
    row->fingerprint = refreshed->fingerprint;
    row->token_expires_ms = refreshed->token_expires_ms;
    if (refreshed->session_expires_ms != 0) {
        row->session_expires_ms = refreshed->session_expires_ms;
        row->warned = row->warned && time_ms >= refreshed->session_expires_ms - SESSION_EXPIRING_MS;
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
        fold_refreshed(row, &event->integration_refreshed, time_ms);
        break;
    case EVENT_integration_expiring:
        row->warned = true;
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

static enum err apply_integration_event(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    /* every event of an integration begins with its id */
    const struct id *integration_id = &fact->event->integration_connecting.integration_id;
    const struct row_key key = integration_key(&fact->at->workspace_id, integration_id);
    struct integration_row row;
    const enum err err = row_take(txn, &key, integration_row_desc(), arena, &row);
    const bool is_new = err == ERR_NOT_FOUND && fact->event->code == EVENT_integration_connecting;
    if (is_new) {
        memset(&row, 0, sizeof row);
        row.created_ms = fact->at->time_ms;
    } else {
        TRY(access_must(err));
    }
    const struct integration_row before = row;
    fold_integration(&row, fact->event, fact->at->time_ms);
    TRY(is_new ? OK : access_past_integration(txn, fact, &before, &row, arena));
    row.workspace_id = fact->at->workspace_id;
    row.version = fact->at->version;
    row.seq = fact->at->seq;
    row.updated_ms = fact->at->time_ms;
    TRY(row_put(txn, &key, integration_row_desc(), &row, arena));
    const struct row_key list_key = integration_list_key(&row.workspace_id, &row.integration_id);
    const struct row_key by_id = owner_key(&row.integration_id);
    if (row.status == INTEGRATION_DELETED) {
        return row_remove(txn, &list_key);
    }
    if (!is_new) {
        return OK;
    }
    const struct ref_row ref = {.id = row.integration_id};
    const struct account_owner_row owner = {.integration_id = row.integration_id, .workspace_id = row.workspace_id};
    TRY(row_put(txn, &by_id, account_owner_row_desc(), &owner, arena));
    return row_put(txn, &list_key, ref_row_desc(), &ref, arena);
}

/* An outcome of a post that tells of a limit of its account's. Who folds a post's past by itself has no accounts. */
static enum err apply_limit(struct store_txn *txn, const struct fact *fact, const struct id *integration_id,
                            int64_t until_ms, struct arena *arena)
{
    const struct row_key key = integration_key(&fact->at->workspace_id, integration_id);
    struct integration_row row;
    if (until_ms == 0) {
        return OK;
    }
    const enum err err = row_take(txn, &key, integration_row_desc(), arena, &row);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    if (err == ERR_NOT_FOUND || row.limited_ms >= until_ms) {
        return OK;
    }
    const struct integration_row before = row;
    row.limited_ms = until_ms;
    TRY(access_past_integration(txn, fact, &before, &row, arena));
    return row_put(txn, &key, integration_row_desc(), &row, arena);
}

/* A past that is read again holds one stream: the queue's, without its account. */
enum err access_hold_integration(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    const uint32_t code = fact->event->code;
    if (code != EVENT_queue_paused && code != EVENT_queue_resumed) {
        return OK;
    }
    const struct id *integration_id = &fact->event->queue_paused.integration_id; /* both begin alike */
    const struct row_key key = integration_key(&fact->at->workspace_id, integration_id);
    struct integration_row row;
    const enum err err = row_take(txn, &key, integration_row_desc(), arena, &row);
    if (err == ERR_NOT_FOUND) {
        return OK;
    }
    TRY(err);
    const struct integration_row before = row;
    row.queue_paused = code == EVENT_queue_paused;
    TRY(access_past_integration(txn, fact, &before, &row, arena));
    return row_put(txn, &key, integration_row_desc(), &row, arena);
}

enum err access_apply_integration(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    const struct event *event = fact->event;
    if (is_integration_event(event->code)) {
        return apply_integration_event(txn, fact, arena);
    }
    switch (event->code) {
    case EVENT_attempt_finished:
        return apply_limit(txn, fact, &event->attempt_finished.integration_id, event->attempt_finished.until_ms, arena);
    case EVENT_attempt_settled:
        return apply_limit(txn, fact, &event->attempt_settled.integration_id, event->attempt_settled.until_ms, arena);
    default:
        return OK;
    }
}

/* --- queries --- */

enum err access_integration_any(struct store_txn *txn, const struct id *workspace_id, const struct id *integration_id,
                                struct arena *arena, struct integration_row *ret_integration)
{
    struct account_owner_row owner;
    if (workspace_id == NULL) {
        const struct row_key by_id = owner_key(integration_id);
        TRY(row_get(txn, &by_id, account_owner_row_desc(), arena, &owner));
        workspace_id = &owner.workspace_id;
    }
    const struct row_key key = integration_key(workspace_id, integration_id);
    return row_get(txn, &key, integration_row_desc(), arena, ret_integration);
}

enum err access_integration(struct store_txn *txn, const struct id *workspace_id, const struct id *integration_id,
                            struct arena *arena, struct integration_row *ret_integration)
{
    struct integration_row row;
    TRY(access_integration_any(txn, workspace_id, integration_id, arena, &row));
    if (row.status == INTEGRATION_DELETED) {
        return ERR_NOT_FOUND;
    }
    *ret_integration = row;
    return OK;
}

/* Those that a restricted grant sees, without a look at the others. */
static enum err own_integrations(struct store_txn *txn, const struct id *workspace_id, const struct grant *grant,
                                 const struct id *after, uint32_t limit, struct arena *arena,
                                 struct integration_row **ret_integrations, uint32_t *ret_count)
{
    struct integration_row *rows = arena_alloc(arena, (grant->account_count + 1) * sizeof *rows);
    struct id last = after != NULL ? *after : (struct id){0};
    uint32_t count = 0;
    if (rows == NULL) {
        return ERR_NO_MEMORY;
    }
    for (bool more = true; more && count < limit;) {
        const struct id *next = NULL;
        for (uint32_t i = 0; i < grant->account_count; i++) {
            const struct id *id = &grant->accounts[i].integration_id;
            const bool is_later = memcmp(id->uuid, last.uuid, sizeof id->uuid) > 0;
            next = is_later && (next == NULL || memcmp(id->uuid, next->uuid, sizeof id->uuid) < 0) ? id : next;
        }
        more = next != NULL;
        last = more ? *next : last;
        const enum err err = more ? access_integration(txn, workspace_id, next, arena, &rows[count]) : ERR_NOT_FOUND;
        TRY(err == ERR_NOT_FOUND ? OK : err); /* it was deleted */
        if (err == OK) {
            access_conceal(grant, &rows[count]);
            count++;
        }
    }
    *ret_integrations = rows;
    *ret_count = count;
    return OK;
}

static enum err all_integrations(struct store_txn *txn, const struct id *workspace_id, const struct id *after,
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
        TRY(access_must(access_integration(txn, workspace_id, &refs[i].id, arena, &integrations[i])));
    }
    *ret_integrations = integrations;
    *ret_count = count;
    return OK;
}

enum err access_integrations(struct store_txn *txn, const struct id *workspace_id, const struct grant *grant,
                             const struct id *after, uint32_t limit, struct arena *arena,
                             struct integration_row **ret_integrations, uint32_t *ret_count)
{
    return grant->restricted
               ? own_integrations(txn, workspace_id, grant, after, limit, arena, ret_integrations, ret_count)
               : all_integrations(txn, workspace_id, after, limit, arena, ret_integrations, ret_count);
}

enum err access_integration_scan(struct store_txn *txn, const struct id *after, uint32_t limit, struct arena *arena,
                                 struct integration_row **ret_integrations, uint32_t *ret_count)
{
    const struct row_key prefix = row_key(TABLE_INTEGRATION);
    const struct row_key from = after != NULL ? owner_key(after) : prefix;
    void *rows = NULL;
    uint32_t count = 0;
    TRY(row_list(txn, &prefix, after != NULL ? &from : NULL, account_owner_row_desc(), limit, arena, &rows, &count));
    const struct account_owner_row *owners = rows;
    struct integration_row *integrations = arena_room(arena, (count + 1) * sizeof *integrations);
    if (integrations == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct row_key key = integration_key(&owners[i].workspace_id, &owners[i].integration_id);
        TRY(access_must(row_get(txn, &key, integration_row_desc(), arena, &integrations[i])));
    }
    *ret_integrations = integrations;
    *ret_count = count;
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
    return end_ms != 0 && now_ms >= end_ms - SESSION_EXPIRING_MS ? INTEGRATION_EXPIRING : INTEGRATION_CONNECTED;
}

void access_conceal(const struct grant *grant, struct integration_row *integration)
{
    const struct refusal_desc *desc = refusal_desc(REFUSED_account_exists);
    const struct span prefix = SPAN("int_");
    if (!grant->restricted || !span_equal(integration->code, span_text(desc->code))) {
        return;
    }
    struct span rest = integration->message;
    while (rest.len > 0 && !span_starts_with(rest, prefix)) {
        rest = span_of(rest.data + 1, rest.len - 1);
    }
    struct id holder;
    rest.len = rest.len < prefix.len + 26 ? rest.len : prefix.len + 26;
    if (id_parse(rest, ID_INTEGRATION, &holder) != OK || !access_sees(grant, &holder)) {
        integration->message = span_text(desc->title);
    }
}
