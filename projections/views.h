/* views.h: the queries that an RPC client may ask, by name. An answer is JSON, the same as HTTP's. */
#ifndef OPENPOST_PROJECTIONS_VIEWS_H
#define OPENPOST_PROJECTIONS_VIEWS_H

#include "core/base/arena.h"
#include "core/calendar/zone.h"
#include "core/message/access.h"
#include "core/store/store.h"
#include "projections/row.h"

struct views_request {
    struct store_txn *txn;         /* a read transaction of the caller's */
    const struct id *workspace_id; /* the principal's; every query stays inside it … */
    const struct grant *grant;     /* … and within the accounts that it sees */
    struct span args;              /* an encoded query_args (row.def); empty: none */
    struct zones *zones;
    struct arena *arena;
    int64_t now_ms;
};

struct views_query {
    const char *name;
    /* Appends the answer. ERR_NOT_FOUND: there is no such thing here (404). ERR_MISSING, ERR_MALFORMED, ERR_RANGE,
     * ERR_KIND …: the arguments are wrong (422). ERR_NO_SPACE: out is too small. */
    enum err (*answer)(const struct views_request *request, struct buf *out);
    enum need need; /* with scope: what the caller holds the asker to first */
    enum key_scope scope;
    const char *doc;
};

/* get_post, list_posts, get_integration, list_integrations, deliveries, history. views_query_find: NULL when there is
 * none. */
const struct views_query *views_query_find(struct span name);
const struct views_query *views_query_at(uint32_t index); /* NULL past the last */

#endif
