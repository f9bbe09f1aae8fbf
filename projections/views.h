/* views.h: the queries that an RPC client may ask, by name. An answer is JSON, the same as HTTP's. */
#ifndef OPENPOST_PROJECTIONS_VIEWS_H
#define OPENPOST_PROJECTIONS_VIEWS_H

#include "core/base/arena.h"
#include "core/calendar/zone.h"
#include "core/message/access.h"
#include "core/message/answer.h"
#include "core/store/store.h"
#include "projections/present.h"

/* Tells what a member of the workspace is called: it is in no row. ERR_NOT_FOUND: nobody knows, any more. The texts
 * borrow from room, which the caller wipes. */
typedef enum err views_called(void *context, const struct id *member_id, struct buf *room, struct called *ret_called);

#define VIEWS_CURSOR_KEY_LEN 32
#define VIEWS_CALLED_ROOM 18000 /* bytes: the longest that the vault keeps of somebody */

struct views_request {
    struct store_txn *txn;         /* a read transaction of the caller's */
    const struct id *workspace_id; /* the principal's; every query stays inside it … */
    const struct grant *grant;     /* … and within the accounts that it sees */
    struct span args;              /* an encoded query_args (row.def); empty: none */
    struct zones *zones;
    const struct channel_list *channels; /* as present's */
    struct arena *arena;
    const uint8_t *cursor_key; /* VIEWS_CURSOR_KEY_LEN bytes that only we have: cursors are covered with it */
    int64_t now_ms;
    views_called *called;
    void *called_context;
    present_rendering *rendering; /* as present's, with its context; NULL: of what is not locked yet nothing is told */
    void *rendering_context;
};

struct views_query {
    const char *name;
    /* Appends the answer. ERR_NOT_FOUND: there is no such thing here (404). ERR_MISSING, ERR_MALFORMED, ERR_RANGE,
     * ERR_KIND …: the arguments are wrong (422). ERR_NO_SPACE: out is too small. */
    enum err (*answer)(const struct views_request *request, struct buf *out);
    enum need need; /* with scope: what the caller holds the asker to first */
    enum key_scope scope;
    const char *takes; /* names of query_args' fields, with a blank between them */
    const char *doc;
};

/* get_post, list_posts, get_integration, list_integrations, get_series, list_series, get_template, list_templates,
 * deliveries, history; of tenants: get_workspace, get_key, list_keys, get_member, list_members, list_invitations,
 * get_usage, get_billing, list_notifications. views_query_find: NULL when there is none. */
const struct views_query *views_query_find(struct span name);
const struct views_query *views_query_at(uint32_t index); /* NULL past the last */

/* views_takes: whether the query takes each of the arguments (an encoded query_args; empty: none). False: param of
 * *ret_fault is the first name that it does not take, another query's or nobody's, and detail names those that it does.
 * What cannot be read at all is answer's to refuse: true. */
bool views_takes(const struct views_query *query, struct span arguments, struct arena *arena, struct fault *ret_fault);

#endif
