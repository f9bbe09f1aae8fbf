/* scope.h: the one gate. A request becomes a scope (who, of which workspace, with which role) exactly once; whatever a
 * handler reads, it reads through the scope, which asks the read models for that workspace only. Handlers see no store
 * and no transaction: scope.c alone does, so none can reach another workspace's rows. */
#ifndef OPENPOST_GATEWAY_SCOPE_H
#define OPENPOST_GATEWAY_SCOPE_H

#include "core/store/store.h"
#include "gateway/route.h"
#include "projections/present.h"

struct scope;

/* scope_open finds the principal of an API key (the text after "Bearer ") at now_ms and opens a read transaction for it
 * in the arena. ERR_AUTH: no such key, for whatever reason. */
enum err scope_open(struct store *views, struct span key, int64_t now_ms, struct arena *arena, struct scope **ret_scope)
    MUST_USE;
/* scope_refresh lets it see the newest commit; scope_pause ends its read transaction (before a wait), scope_refresh
 * begins one again. scope_close accepts NULL. */
enum err scope_refresh(struct scope *scope) MUST_USE;
void scope_pause(struct scope *scope);
void scope_close(struct scope *scope);

const struct principal *scope_principal(const struct scope *scope);
/* scope_allows tells whether the principal's role reaches a route's. */
bool scope_allows(const struct scope *scope, enum route_role role);

/* Reads: what does not belong to the workspace is ERR_NOT_FOUND, like what does not exist. */
enum err scope_post(struct scope *scope, const struct id *post_id, struct post_view *ret_post) MUST_USE;
enum err scope_posts(struct scope *scope, const struct post_filter *filter, struct span cursor, uint32_t limit,
                     struct post_page *ret_page) MUST_USE;
enum err scope_integration(struct scope *scope, const struct id *integration_id, struct integration_row *ret_row)
    MUST_USE;
enum err scope_integrations(struct scope *scope, const struct id *after, uint32_t limit,
                            struct integration_row **ret_rows, uint32_t *ret_count) MUST_USE;
enum err scope_workspace(struct scope *scope, struct workspace_row *ret_row) MUST_USE;
/* The integration must have been read through this scope before. */
enum err scope_punctuality(struct scope *scope, const struct integration_row *integration, uint32_t first_day,
                           uint32_t last_day, uint32_t limit, struct punctuality_report **ret_reports,
                           uint32_t *ret_count) MUST_USE;
/* scope_present fills what presenting needs for rows read through this scope. */
void scope_present(struct scope *scope, struct zones *zones, struct present *ret_present);

#endif
