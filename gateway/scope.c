/* scope.c: see scope.h. The only file of the gateway that holds a store transaction. */
#include "gateway/scope.h"

#include "core/base/assert.h"
#include "core/message/codec.h"
#include "core/wire/tag_key.h"
#include "projections/registry.h"

struct scope {
    struct store *views;
    struct store_txn *txn;
    struct arena *arena;
    struct principal principal;
    uint8_t fingerprint[32];
    struct store *past; /* one stream as it was; NULL: all as it is */
    struct store_txn *past_txn;
};

/* Where resources are read. */
static struct store_txn *resources(const struct scope *scope)
{
    return scope->past_txn != NULL ? scope->past_txn : scope->txn;
}

enum err scope_open(struct store *views, struct span key, int64_t now_ms, struct arena *arena, struct scope **ret_scope)
{
    struct scope *scope = arena_alloc(arena, sizeof *scope);
    if (scope == NULL) {
        return ERR_NO_MEMORY;
    }
    *scope = (struct scope){.views = views, .arena = arena};
    tag_key_fingerprint_of(key, scope->fingerprint);
    TRY(store_begin(views, false, &scope->txn));
    const enum err err = access_find(scope->txn, scope->fingerprint, now_ms, &scope->principal);
    if (err != OK) {
        store_abort(scope->txn);
        return err == ERR_NOT_FOUND ? ERR_AUTH : err;
    }
    *ret_scope = scope;
    return OK;
}

enum err scope_find_refused(struct store *views, struct span key, struct principal *ret_principal)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    uint8_t fingerprint[32];
    tag_key_fingerprint_of(key, fingerprint);
    TRY(store_begin(views, false, &txn));
    return access_find_refused(txn, fingerprint, ret_principal);
}

enum err scope_condition(struct store *views, struct arena *arena, struct condition *ret_condition)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct installation_row row = {.suspended = false};
    TRY(store_begin(views, false, &txn));
    const enum err err = access_installation(txn, arena, &row);
    TRY(err == ERR_NOT_FOUND ? OK : err); /* no ledger has taken over yet */
    struct condition condition = {
        .suspended = row.suspended, .suspended_ms = row.suspended_ms, .clock_suspect = row.clock_suspect};
    TRY(posts_counts(txn, arena, &condition.posts));
    TRY(arena_copy(arena, row.reason, &condition.reason));
    *ret_condition = condition;
    return OK;
}

enum err scope_refresh(struct scope *scope)
{
    return scope->txn == NULL ? store_begin(scope->views, false, &scope->txn) : store_renew(scope->txn);
}

/* A struct reading is the store's transaction, under a name that says what others may do with it: end it. */
struct reading *scope_pause(struct scope *scope)
{
    struct reading *reading = (struct reading *)(void *)scope->txn;
    scope->txn = NULL;
    return reading;
}

void reading_end(struct reading *reading)
{
    store_abort((struct store_txn *)(void *)reading);
}

void scope_close(struct scope *scope)
{
    if (scope != NULL) {
        store_abort(scope->txn);
        scope->txn = NULL;
        store_abort(scope->past_txn);
        store_close(scope->past);
        scope->past_txn = NULL;
        scope->past = NULL;
    }
}

const struct principal *scope_principal(const struct scope *scope)
{
    return &scope->principal;
}

const uint8_t *scope_fingerprint(const struct scope *scope)
{
    return scope->fingerprint;
}

bool scope_allows(const struct scope *scope, enum need need)
{
    return access_allows(&(struct grant){.role = scope->principal.role}, need);
}

enum err scope_look(struct store *views, const uint8_t fingerprint[32], const struct id *workspace_id, int64_t now_ms,
                    uint64_t after, bool *ret_more)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct principal principal;
    TRY(store_begin(views, false, &txn));
    enum err err = access_find(txn, fingerprint, now_ms, &principal);
    if (err == ERR_NOT_FOUND || (err == OK && (!id_equal(&principal.workspace_id, workspace_id) ||
                                               !access_allows(&(struct grant){.role = principal.role}, NEED_AUDIT)))) {
        return ERR_AUTH;
    }
    TRY(err);
    err = access_has_event(txn, workspace_id, after + 1);
    *ret_more = err == OK;
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err scope_post(struct scope *scope, const struct id *post_id, struct post_view *ret_post)
{
    return posts_get(resources(scope), &scope->principal.workspace_id, post_id, scope->arena, ret_post);
}

enum err scope_posts(struct scope *scope, const struct post_filter *filter, struct span cursor, uint32_t limit,
                     struct post_page *ret_page)
{
    return posts_list(scope->txn, &scope->principal.workspace_id, filter, cursor, limit, scope->arena, ret_page);
}

enum err scope_integration(struct scope *scope, const struct id *integration_id, struct integration_row *ret_row)
{
    return access_integration(resources(scope), &scope->principal.workspace_id, integration_id, scope->arena, ret_row);
}

bool scope_is_foreign(struct scope *scope, const struct id *id)
{
    bool foreign = false;
    return (id->kind == ID_POST || id->kind == ID_INTEGRATION) &&
           access_is_foreign(scope->txn, &scope->principal.workspace_id, id, &foreign) == OK && foreign;
}

enum err scope_integrations(struct scope *scope, const struct id *after, uint32_t limit,
                            struct integration_row **ret_rows, uint32_t *ret_count)
{
    return access_integrations(scope->txn, &scope->principal.workspace_id, after, limit, scope->arena, ret_rows,
                               ret_count);
}

enum err scope_workspace(struct scope *scope, struct workspace_row *ret_row)
{
    return access_workspace(resources(scope), &scope->principal.workspace_id, scope->arena, ret_row);
}

enum err scope_punctuality(struct scope *scope, const struct integration_row *integration, const struct zones *zones,
                           struct span zone, uint32_t first_day, uint32_t last_day,
                           struct punctuality_report **ret_reports, uint32_t *ret_count)
{
    ASSERT(id_equal(&integration->workspace_id, &scope->principal.workspace_id));
    return punctuality_query(scope->txn, &integration->integration_id, zones, zone, first_day, last_day,
                             REPORT_DAYS_MAX + 1, scope->arena, ret_reports, ret_count);
}

/* One event into every read model of the past. */
static enum err fold_past(struct scope *scope, struct store_txn *txn, struct span envelope, struct span payload)
{
    struct log_event at;
    struct event event;
    TRY(log_envelope_read(envelope, &at));
    TRY(event_decode(payload, scope->arena, &event));
    if (!id_equal(&at.workspace_id, &scope->principal.workspace_id)) {
        return ERR_NOT_FOUND;
    }
    const struct fact fact = {.at = &at, .event = &event};
    for (size_t i = 0; i < projections_all.count; i++) {
        TRY(projections_all.items[i]->apply(txn, &fact, scope->arena));
    }
    return OK;
}

enum err scope_as_of(struct scope *scope, struct body_list events)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    ASSERT(scope->past == NULL);
    TRY(store_memory_open(&scope->past)); /* scope_close closes it */
    TRY(store_begin(scope->past, true, &txn));
    while (events.left > 0) {
        struct span envelope;
        struct span payload;
        TRY(body_event_next(&events, &envelope, &payload));
        TRY(fold_past(scope, txn, envelope, payload));
    }
    TRY(store_commit(&txn));
    return store_begin(scope->past, false, &scope->past_txn);
}

enum err scope_asked(struct scope *scope, const struct idempotency *idempotency, bool *ret_same,
                     struct answer *ret_answer)
{
    return access_asked(scope->txn, idempotency, ret_same, ret_answer);
}

enum err scope_workspace_last(struct scope *scope, uint64_t *ret_workspace_seq)
{
    return access_last_event(scope->txn, &scope->principal.workspace_id, ret_workspace_seq);
}

void scope_present(struct scope *scope, struct zones *zones, int64_t now_ms, struct present *ret_present)
{
    *ret_present = (struct present){
        .txn = scope->txn, .posts_txn = scope->past_txn, .now_ms = now_ms, .zones = zones, .arena = scope->arena};
}
