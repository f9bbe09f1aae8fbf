/* route.h: route.def as a table, and the way from a path to its row. */
#ifndef OPENPOST_GATEWAY_ROUTE_H
#define OPENPOST_GATEWAY_ROUTE_H

#include "core/message/access.h"
#include "gateway/server.h"

/* schema.def's objects, and what else an answer can be. */
enum schema_name {
    SCHEMA_none,
    SCHEMA_plain_text,
    SCHEMA_event_stream,
    SCHEMA_any_json,

#define SCHEMA(name_, use_, doc_) SCHEMA_##name_,
#define MEMBER(kind_, name_, presence_, of_, max_, doc_)
#define END(name_)
#include "gateway/schema.def"
    SCHEMA_COUNT
};

enum route_name {

#define ROUTE(name_, method_, path_, need_, scope_, resource_, body_, match_, success_, takes_, gives_, doc_) \
    ROUTE_##name_,
#include "gateway/route.def"
    ROUTE_COUNT
};

enum route_resource {
    RESOURCE_NONE,
    RESOURCE_POST,
    RESOURCE_TARGET,
    RESOURCE_SERIES,
    RESOURCE_INTEGRATION,
    RESOURCE_QUEUE, /* of an integration, which the path names */
    RESOURCE_KEY,
    RESOURCE_MEMBER,
    RESOURCE_ACTOR, /* a key, a membership, be it over, or an operator */
    RESOURCE_TEMPLATE,
    RESOURCE_SESSION,
    RESOURCE_LOGIN,
    RESOURCE_WORKSPACE, /* from outside */
    RESOURCE_WORKSPACES
};

enum route_body { BODY_NONE, BODY_MAYBE, BODY_JSON };

enum route_match { MATCH_NONE, MATCH_ALLOWED, MATCH_REQUIRED };

struct route {
    enum route_name name;
    const char *id; /* the operationId */
    enum method method;
    const char *path;
    enum need need;
    enum key_scope scope;
    enum route_resource resource;
    enum route_body body;
    enum route_match match;
    unsigned success;
    enum schema_name takes; /* the body; SCHEMA_none: there is none */
    enum schema_name gives;
    const char *doc;
};

#define ROUTE_PARAMS_MAX 2

/* What a path matched: several routes may share a path, one per method. */
struct route_hit {
    const struct route *route; /* of the method; NULL: the path is known, the method is not */
    const struct route *any;   /* any route of the path; NULL: no such path */
    struct span params[ROUTE_PARAMS_MAX];
    char allowed[64]; /* for the Allow header */
};

void route_find(enum method method, struct span path, struct route_hit *ret_hit);
const struct route *route_at(enum route_name name);
const char *method_name(enum method method);

#endif
