/* openapi_raises.c: which codes a route's answers may have: those that follow from its row in route.def, and those of
 * raises.def. Called by openapi.c; tests hold every problem that they are answered against it. */
#include "gateway/openapi.h"

static const struct raises {
    enum route_name route;
    enum refusal refusal;
} raises[] = {

#define RAISES(route_, code_) {ROUTE_##route_, REFUSED_##code_},
#include "gateway/raises.def"
};

static bool has_time(const struct schema *schema)
{
    for (const struct schema_member *member = schema == NULL ? NULL : schema->members;
         member != NULL && member->name != NULL; member++) {
        const bool nested = member->type.kind == VALUE_object || member->type.kind == VALUE_list;
        if (member->type.kind == VALUE_time || (nested && has_time(schema_at(member->type.schema)))) {
            return true;
        }
    }
    return false;
}

/* name NULL: any. */
static bool has_parameter(const struct route *route, const char *name)
{
    const struct parameter *parameter = NULL;
    for (size_t i = 0; (parameter = parameter_at(i)) != NULL; i++) {
        if (parameter->route == route->name && (name == NULL || strcmp(parameter->name, name) == 0)) {
            return true;
        }
    }
    return false;
}

static bool follows(const struct route *route, enum refusal refusal)
{
    const struct schema *taken = schema_at(route->takes);
    switch ((int)refusal) {
    case REFUSED_malformed_request: /* the server's own, whatever the address */
    case REFUSED_head_too_large:
    case REFUSED_body_too_large:
    case REFUSED_request_timeout:
    case REFUSED_too_many_connections:
    case REFUSED_out_of_memory:
    case REFUSED_unavailable:
        return true;
    case REFUSED_views_damaged:
    case REFUSED_views_rebuilding:
        return route->need != NEED_NONE;
    case REFUSED_log_altered: /* a repeated Idempotency-Key is answered from the log */
        return route->method == METHOD_POST;
    case REFUSED_unauthenticated:
    case REFUSED_rate_limited:
    case REFUSED_parameter_unknown:
        return route->need != NEED_NONE;
    case REFUSED_forbidden:
        return route->need != NEED_NONE && route->need != NEED_VIEWER && route->need != NEED_PERSON;
    case REFUSED_session_required:
        return access_is_persons(route->need);
    case REFUSED_workspace_required:
        return route->need != NEED_NONE && !access_is_persons(route->need);
    case REFUSED_origin_refused:
        return route->need != NEED_NONE && route->method != METHOD_GET;
    case REFUSED_scope_insufficient:
        return route->scope != SCOPE_NONE;
    case REFUSED_not_found: /* what the path names, or OpenPost-Workspace */
        return (route->resource != RESOURCE_NONE && route->resource != RESOURCE_WORKSPACES) ||
               (route->need != NEED_NONE && !access_is_persons(route->need));
    case REFUSED_unsupported_media_type:
    case REFUSED_malformed_json:
    case REFUSED_field_unknown:
        return route->body != BODY_NONE;
    case REFUSED_field_missing:
    case REFUSED_field_wrong_type:
    case REFUSED_field_invalid:
    case REFUSED_field_too_long:
        return taken != NULL && taken->members->name != NULL;
    case REFUSED_timestamp_invalid:
    case REFUSED_timestamp_offset_required:
        return has_time(taken);
    case REFUSED_parameter_invalid:
        return has_parameter(route, NULL);
    case REFUSED_cursor_invalid:
        return has_parameter(route, "cursor");
    case REFUSED_idempotency_key_invalid:
    case REFUSED_idempotency_key_reused:
    case REFUSED_idempotency_in_flight:
    case REFUSED_storage_full:
    case REFUSED_payload_too_large:
        return route->method != METHOD_GET;
    case REFUSED_precondition_failed:
        return route->match != MATCH_NONE;
    case REFUSED_precondition_required:
        return route->match == MATCH_REQUIRED;
    default:
        return false;
    }
}

bool openapi_raises(const struct route *route, enum refusal refusal)
{
    for (size_t i = 0; i < sizeof raises / sizeof *raises; i++) {
        if (raises[i].route == route->name && raises[i].refusal == refusal) {
            return true;
        }
    }
    return follows(route, refusal);
}
