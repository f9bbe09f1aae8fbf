/* entrance.c: what a request shows at the gate: a key or, without one, the cookie of somebody who is signed in, whose
 * browser sends it whoever's page asks. Called by exchange.c and the sign-in's handlers. Must never look at a cookie
 * beside a key, nor let a page of another site act. */
#include "gateway/gateway.h"
#include "gateway/header_value.h"

/* Which Origin would have been the right one, for who reaches the service by another of its names. */
static const char *expected_origin(const struct exchange *x)
{
    const size_t size = ORIGIN_MAX + 128;
    uint8_t *bytes = arena_alloc(&x->request->arena, size);
    struct buf text = buf_of(bytes, bytes == NULL ? 0 : size);
    if (x->gateway->site.origin[0] == 0) {
        return "Nobody signs in here: the service has no public URL (openpost serve --public-url).";
    }
    buf_text(&text, "Origin has to be ");
    buf_text(&text, x->gateway->site.origin);
    buf_text(&text, ", once, and Sec-Fetch-Site, if it is there, same-origin.");
    return buf_terminated(&text);
}

bool exchange_is_from_site(struct exchange *x)
{
    const struct span origin = request_header(x->request, "Origin");
    const bool once =
        request_header_count(x->request, "Origin") == 1 && request_header_count(x->request, "Sec-Fetch-Site") <= 1;
    const struct span fetch_site = request_header(x->request, "Sec-Fetch-Site");
    const bool ours = once && site_is_origin(&x->gateway->site, origin, fetch_site);
    if (!ours) {
        exchange_problem(x, REFUSED_origin_refused, expected_origin(x), "Origin", NULL);
    }
    return ours;
}

/* Which workspace a person means. An EventSource sends no headers. */
static struct span named_workspace(struct exchange *x, const struct route_hit *hit)
{
    struct span named = request_header(x->request, "OpenPost-Workspace");
    if (named.data == NULL && hit->route != NULL && hit->route->name == ROUTE_stream_events) {
        x->route = hit->route;
        named = exchange_query(x, "workspace_id", 0);
    }
    return named;
}

/* What a request without a key shows: a session's token, if it comes from a page of ours or changes nothing. False:
 * answered. */
static bool show_session(struct exchange *x, const struct route_hit *hit, struct knock *knock)
{
    const bool reads = x->request->method == METHOD_GET || x->request->method == METHOD_HEAD;
    if (request_header_count(x->request, "Cookie") == 1) {
        knock->token = cookie_token(request_header(x->request, "Cookie"), x->gateway->site.secure);
    }
    if (knock->token.data == NULL) {
        return true;
    }
    knock->workspace = named_workspace(x, hit);
    return reads || exchange_is_from_site(x);
}

bool exchange_header_once(struct exchange *x, const char *name)
{
    if (request_header_count(x->request, name) <= 1) {
        return true;
    }
    exchange_problem(x, REFUSED_malformed_request, SENT_TWICE, name, NULL);
    return false;
}

/* Of two that show who asks none is looked at. */
static const char *why_unknown(const struct exchange *x, unsigned keys)
{
    return keys > 1 ? "Authorization may be sent only once."
           : keys == 0 && request_header_count(x->request, "Cookie") > 1
               ? "Cookie may be sent only once, with all cookies in it."
               : NULL;
}

bool exchange_open_gate(struct exchange *x, const struct route_hit *hit)
{
    struct knock knock = {.request_id = x->request_uuid, .now_ms = x->now_ms};
    const unsigned keys = request_header_count(x->request, "Authorization");
    if (keys == 1) {
        knock.key = header_bearer(request_header(x->request, "Authorization"));
    } else if (keys == 0 && !show_session(x, hit, &knock)) {
        return false;
    }
    const enum err err = gate_admit(x->gateway->gate, &knock, &x->request->arena, &x->pass);
    if (err == ERR_AUTH) {
        exchange_problem(x, REFUSED_unauthenticated, why_unknown(x, keys), NULL, NULL);
    } else if (err != OK) {
        exchange_failed(x, err);
    }
    return err == OK;
}

static const char *lack_detail(const struct badge *badge)
{
    return badge->sees ? "The workspace is there, and you are no member of it: somebody who administers it has to "
                         "invite you. What operators do they do from outside, at /v1/workspaces/{workspace_id}."
           : badge->memberless ? "You are a member of no workspace: somebody who administers one has to invite you."
                               : NULL;
}

bool exchange_has_place(struct exchange *x)
{
    const enum need need = x->route->need;
    const struct badge *badge = pass_badge(x->pass);
    const bool person = access_is_persons(need);
    if (person && id_is_none(&badge->user_id)) {
        exchange_problem(x, REFUSED_session_required, NULL, NULL, NULL);
        return false;
    }
    if (!person && badge->lacks != ACCEPTED) {
        const bool named = badge->lacks == REFUSED_not_found;
        exchange_problem(x, badge->lacks, lack_detail(badge), named && !badge->sees ? NULL : "OpenPost-Workspace",
                         NULL);
        return false;
    }
    return true;
}
