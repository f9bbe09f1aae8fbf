/* scope.c: see scope.h. The only file of the gateway that holds a store transaction. */
#include "gateway/scope.h"

#include "core/base/assert.h"
#include "core/wire/tag_key.h"

struct scope {
    struct store *views;
    struct store_txn *txn;
    struct arena *arena;
    struct principal principal;
};

enum err scope_open(struct store *views, struct span key, int64_t now_ms, struct arena *arena, struct scope **ret_scope)
{
    struct scope *scope = arena_alloc(arena, sizeof *scope);
    if (scope == NULL) {
        return ERR_NO_MEMORY;
    }
    *scope = (struct scope){.views = views, .arena = arena};
    uint8_t fingerprint[32];
    tag_key_fingerprint_of(key, fingerprint);
    TRY(store_begin(views, false, &scope->txn));
    const enum err err = access_find(scope->txn, fingerprint, now_ms, &scope->principal);
    if (err != OK) {
        store_abort(scope->txn);
        return err == ERR_NOT_FOUND ? ERR_AUTH : err;
    }
    *ret_scope = scope;
    return OK;
}

enum err scope_refresh(struct scope *scope)
{
    return scope->txn == NULL ? store_begin(scope->views, false, &scope->txn) : store_renew(scope->txn);
}

void scope_pause(struct scope *scope)
{
    store_abort(scope->txn);
    scope->txn = NULL;
}

void scope_close(struct scope *scope)
{
    if (scope != NULL) {
        scope_pause(scope);
    }
}

const struct principal *scope_principal(const struct scope *scope)
{
    return &scope->principal;
}

bool scope_allows(const struct scope *scope, enum route_role role)
{
    const uint32_t has = scope->principal.role;
    switch (role) {
    case NEEDS_NONE:
        return true;
    case NEEDS_VIEWER:
        return has != ROLE_NONE;
    case NEEDS_EDITOR:
        return has == ROLE_EDITOR || has == ROLE_ADMIN || has == ROLE_OWNER;
    case NEEDS_ADMIN:
        return has == ROLE_ADMIN || has == ROLE_OWNER;
    case NEEDS_AUDIT:
        return has == ROLE_AUDITOR || has == ROLE_ADMIN || has == ROLE_OWNER;
    }
    return false;
}

enum err scope_post(struct scope *scope, const struct id *post_id, struct post_view *ret_post)
{
    return posts_get(scope->txn, &scope->principal.workspace_id, post_id, scope->arena, ret_post);
}

enum err scope_posts(struct scope *scope, const struct post_filter *filter, struct span cursor, uint32_t limit,
                     struct post_page *ret_page)
{
    return posts_list(scope->txn, &scope->principal.workspace_id, filter, cursor, limit, scope->arena, ret_page);
}

enum err scope_integration(struct scope *scope, const struct id *integration_id, struct integration_row *ret_row)
{
    return access_integration(scope->txn, &scope->principal.workspace_id, integration_id, scope->arena, ret_row);
}

enum err scope_integrations(struct scope *scope, const struct id *after, uint32_t limit,
                            struct integration_row **ret_rows, uint32_t *ret_count)
{
    return access_integrations(scope->txn, &scope->principal.workspace_id, after, limit, scope->arena, ret_rows,
                               ret_count);
}

enum err scope_workspace(struct scope *scope, struct workspace_row *ret_row)
{
    return access_workspace(scope->txn, &scope->principal.workspace_id, scope->arena, ret_row);
}

enum err scope_punctuality(struct scope *scope, const struct integration_row *integration, uint32_t first_day,
                           uint32_t last_day, uint32_t limit, struct punctuality_report **ret_reports,
                           uint32_t *ret_count)
{
    ASSERT(id_equal(&integration->workspace_id, &scope->principal.workspace_id));
    return punctuality_query(scope->txn, &integration->integration_id, first_day, last_day, limit, scope->arena,
                             ret_reports, ret_count);
}

void scope_present(struct scope *scope, struct zones *zones, struct present *ret_present)
{
    *ret_present = (struct present){.txn = scope->txn, .zones = zones, .arena = scope->arena};
}
