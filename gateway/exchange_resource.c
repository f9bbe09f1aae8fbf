/* exchange_resource.c: what a request's path names, read through the gate, and the version that it has. */
#include "gateway/exchange_resource.h"

#include "gateway/etag.h"
#include "gateway/gate/oversight.h"
#include "gateway/gate/people.h"
#include "gateway/gate/sessions.h"

/* What the path's first parameter is an id of; ID_NONE: of nothing that is read by its id. */
static enum id_kind names(enum route_resource resource)
{
    switch (resource) {
    case RESOURCE_WORKSPACE:
        return ID_WORKSPACE;
    case RESOURCE_SESSION:
        return ID_SESSION;
    case RESOURCE_LOGIN:
        return ID_PROVIDER;
    case RESOURCE_POST:
    case RESOURCE_TARGET:
        return ID_POST;
    case RESOURCE_SERIES:
        return ID_SERIES;
    case RESOURCE_INTEGRATION:
    case RESOURCE_QUEUE:
        return ID_INTEGRATION;
    case RESOURCE_KEY:
        return ID_KEY;
    case RESOURCE_TEMPLATE:
        return ID_TEMPLATE;
    case RESOURCE_MEMBER:
        return ID_MEMBER;
    case RESOURCE_NONE:
    case RESOURCE_ACTOR: /* of one of three kinds */
    case RESOURCE_WORKSPACES:
        break;
    }
    return ID_NONE;
}

/* Who acted may be a key, a member, or an operator from outside. */
static enum err read_actor(struct exchange *x)
{
    return x->id.kind == ID_KEY      ? pass_key(x->pass, &x->id, &x->key)
           : x->id.kind == ID_MEMBER ? pass_member_once(x->pass, &x->id, &x->member)
           : x->id.kind == ID_USER   ? pass_outsider(x->pass, &x->id, &x->outsider)
                                     : ERR_NOT_FOUND;
}

enum err exchange_reread_resource(struct exchange *x)
{
    switch (x->route->resource) {
    case RESOURCE_WORKSPACE:
        return oversight_workspace(x->oversight, &x->id, &x->tenant);
    case RESOURCE_POST:
        return x->route->name == ROUTE_post_history ? pass_post_ever(x->pass, &x->id, &x->post.row)
                                                    : pass_post(x->pass, &x->id, &x->post);
    case RESOURCE_TARGET:
        TRY(pass_post(x->pass, &x->id, &x->post));
        return posts_target(&x->post.row, &x->target_id) != NULL ? OK : ERR_NOT_FOUND;
    case RESOURCE_SERIES:
        return pass_series(x->pass, &x->id, &x->series);
    case RESOURCE_INTEGRATION:
        return pass_integration(x->pass, &x->id, &x->integration);
    case RESOURCE_QUEUE:
        TRY(pass_integration(x->pass, &x->id, &x->integration));
        return pass_queue(x->pass, &x->integration, &x->queue);
    case RESOURCE_KEY:
        return pass_key(x->pass, &x->id, &x->key);
    case RESOURCE_TEMPLATE:
        return pass_template(x->pass, &x->id, &x->template);
    case RESOURCE_MEMBER:
        return pass_member(x->pass, &x->id, &x->member);
    case RESOURCE_ACTOR:
        return read_actor(x);
    case RESOURCE_NONE:
    case RESOURCE_WORKSPACES:
    case RESOURCE_SESSION: /* whether it is the person's is found when it is ended */
    case RESOURCE_LOGIN:   /* likewise */
        break;
    }
    return OK;
}

enum err exchange_name_resource(struct exchange *x, const struct route_hit *hit)
{
    const enum id_kind kind = names(x->route->resource);
    if (kind == ID_NONE && x->route->resource != RESOURCE_ACTOR) {
        x->param = hit->params[0];
        return OK;
    }
    if (id_parse(hit->params[0], kind, &x->id) != OK) {
        return ERR_NOT_FOUND;
    }
    const bool has_second = x->route->resource == RESOURCE_TARGET;
    return has_second && id_parse(hit->params[1], ID_TARGET, &x->target_id) != OK ? ERR_NOT_FOUND : OK;
}

enum err exchange_read_resource(struct exchange *x, const struct route_hit *hit)
{
    TRY(exchange_name_resource(x, hit));
    return exchange_reread_resource(x);
}

enum err exchange_read_version(struct exchange *x, uint64_t *ret_version)
{
    struct workspace_row workspace;
    switch (x->route->resource) {
    case RESOURCE_POST:
    case RESOURCE_TARGET:
        *ret_version = x->post.row.version;
        return OK;
    case RESOURCE_SERIES:
        *ret_version = x->series.version;
        return OK;
    case RESOURCE_INTEGRATION:
        *ret_version = x->integration.version;
        return OK;
    case RESOURCE_QUEUE:
        *ret_version = queue_version(&x->queue);
        return OK;
    case RESOURCE_TEMPLATE:
        *ret_version = x->template.version;
        return OK;
    case RESOURCE_MEMBER:
        *ret_version = x->member.version;
        return OK;
    case RESOURCE_WORKSPACE:
        *ret_version = x->tenant.version;
        return OK;
    case RESOURCE_NONE:
        if (x->route->name == ROUTE_choose_notifications) {
            struct notification_marks marks;
            TRY(pass_marks(x->pass, &marks));
            *ret_version = marks.version;
            return OK;
        }
        if (x->route->need == NEED_PERSON) {
            struct user_row user;
            TRY(pass_user(x->pass, &user));
            *ret_version = user.version;
            return OK;
        }
        break;
    case RESOURCE_KEY: /* no route of these takes If-Match */
    case RESOURCE_ACTOR:
    case RESOURCE_WORKSPACES:
    case RESOURCE_SESSION:
    case RESOURCE_LOGIN:
        break;
    }
    TRY(pass_workspace(x->pass, &workspace));
    *ret_version = workspace.version;
    return OK;
}
