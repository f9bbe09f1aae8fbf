/* route.c: matches paths against route.def's patterns. A segment in braces takes any non-empty segment. */
#include "gateway/route.h"

#include "core/base/assert.h"

static const struct route table[ROUTE_COUNT] = {
#define ROUTE(name_, method_, path_, need_, scope_, resource_, body_, match_, success_, takes_, gives_, doc_) \
    {ROUTE_##name_,  #name_,         METHOD_##method_,     (path_),                                           \
     NEED_##need_,   SCOPE_##scope_, RESOURCE_##resource_, BODY_##body_,                                      \
     MATCH_##match_, (success_),     SCHEMA_##takes_,      SCHEMA_##gives_,                                   \
     (doc_)},
#include "gateway/route.def"
};

static bool path_matches(const char *pattern, struct span path, struct span params[ROUTE_PARAMS_MAX])
{
    size_t at = 0;
    size_t param = 0;
    while (*pattern != 0) {
        if (*pattern != '{') {
            if (at == path.len || path.data[at] != (uint8_t)*pattern) {
                return false;
            }
            at++;
            pattern++;
            continue;
        }
        const size_t start = at;
        while (at < path.len && path.data[at] != '/') {
            at++;
        }
        if (at == start) {
            return false;
        }
        ASSERT(param < ROUTE_PARAMS_MAX);
        params[param] = span_of(path.data + start, at - start);
        param++;
        while (*pattern != '}') {
            pattern++;
        }
        pattern++;
    }
    return at == path.len;
}

const char *method_name(enum method method)
{
    switch (method) {
    case METHOD_GET:
        return "GET";
    case METHOD_HEAD:
        return "HEAD";
    case METHOD_POST:
        return "POST";
    case METHOD_PUT:
        return "PUT";
    case METHOD_PATCH:
        return "PATCH";
    case METHOD_DELETE:
        return "DELETE";
    case METHOD_OPTIONS:
        return "OPTIONS";
    case METHOD_OTHER:
        break;
    }
    return "OTHER";
}

void route_find(enum method method, struct span path, struct route_hit *ret_hit)
{
    *ret_hit = (struct route_hit){0};
    struct buf allowed = buf_of(ret_hit->allowed, sizeof ret_hit->allowed);
    const enum method wanted = method == METHOD_HEAD ? METHOD_GET : method;
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        struct span params[ROUTE_PARAMS_MAX] = {{0}};
        if (!path_matches(table[i].path, path, params)) {
            continue;
        }
        ret_hit->any = &table[i];
        memcpy(ret_hit->params, params, sizeof params);
        buf_text(&allowed, allowed.len == 0 ? "" : ", ");
        buf_text(&allowed, method_name(table[i].method));
        buf_text(&allowed, table[i].method == METHOD_GET ? ", HEAD" : "");
        if (table[i].method == wanted) {
            ret_hit->route = &table[i];
        }
    }
    (void)buf_terminated(&allowed);
}

const struct route *route_at(enum route_name name)
{
    ASSERT(name < ROUTE_COUNT);
    return &table[name];
}
