/* provider_handlers.c: signing in through an identity provider, until the browser leaves; and a person's own logins.
 * What somebody has to come back with is sealed into a cookie (sign_in/flow.h); callback_handlers.c takes it up. Must
 * never keep anything here for who has left. */
#include "core/base/assert.h"
#include "core/wire/identity.h"
#include "gateway/provider_view.h"

/* --- which there are --- */

struct providers {
    struct provider_row *rows;
    uint32_t count;
};

static enum err write_providers(struct exchange *x, const void *what, struct buf *out)
{
    const struct providers *providers = what;
    (void)x;
    buf_text(out, "{\"data\":[");
    for (uint32_t i = 0; i < providers->count; i++) {
        buf_text(out, i == 0 ? "{\"id\":" : ",{\"id\":");
        json_id(out, &providers->rows[i].provider_id);
        buf_text(out, ",\"name\":");
        json_string(out, providers->rows[i].name);
        buf_byte(out, '}');
    }
    buf_text(out, "],\"next_cursor\":null}");
    return OK;
}

void handle_list_providers(struct exchange *x)
{
    struct providers providers = {.count = 0};
    const enum err err = gate_providers(x->gateway->gate, &x->request->arena, &providers.rows, &providers.count);
    if (err != OK) {
        exchange_failed(x, err);
    } else {
        exchange_show(x, write_providers, &providers);
    }
}

/* --- leaving --- */

static struct span redirect_uri(struct visit *visit)
{
    struct buf text = buf_of(visit->redirect_uri, sizeof visit->redirect_uri);
    buf_text(&text, visit->x->gateway->site.origin);
    buf_text(&text, "/v1/session/oidc/callback");
    ASSERT(buf_ok(&text));
    return buf_span(&text);
}

struct journey visit_journey(struct visit *visit)
{
    const struct flow *flow = &visit->flow;
    return (struct journey){.provider_id = flow->provider_id,
                            .redirect_uri = redirect_uri(visit),
                            .state = span_text(flow->state),
                            .nonce = span_text(flow->nonce),
                            .verifier = span_text(flow->verifier)};
}

static void draw(char ret_text[TOKEN_LEN + 1])
{
    uint8_t randomness[TOKEN_RANDOM_LEN];
    random_fill(randomness, sizeof randomness);
    token_write(randomness, ret_text);
    explicit_bzero(randomness, sizeof randomness);
}

/* Gives the browser what it has to come back with. */
static enum err keep_flow(struct visit *visit)
{
    struct exchange *x = visit->x;
    char text[FLOW_TEXT_MAX];
    uint8_t nonce[12];
    struct buf value = buf_of(text, sizeof text);
    random_fill(nonce, sizeof nonce);
    TRY(flow_seal(x->gateway->flow_key, nonce, &visit->flow, &value));
    x->flow_cookie = arena_alloc(&x->request->arena, FLOW_COOKIE_MAX);
    if (x->flow_cookie == NULL) {
        return ERR_NO_MEMORY;
    }
    cookie_write_flow(buf_span(&value), x->gateway->site.secure, FLOW_MAX_MS / 1000, x->flow_cookie);
    return OK;
}

struct departure {
    struct span location;
    int64_t expires_ms;
};

static enum err write_departure(struct exchange *x, const void *what, struct buf *out)
{
    const struct departure *departure = what;
    (void)x;
    buf_text(out, "{\"authorize_url\":");
    json_string(out, departure->location);
    buf_text(out, ",\"expires_at\":");
    json_time(out, departure->expires_ms);
    buf_byte(out, '}');
    return OK;
}

static void located(void *context, enum err err, enum refusal refusal, struct span location)
{
    struct visit *visit = context;
    struct exchange *x = visit->x;
    const struct departure departure = {.location = location, .expires_ms = visit->flow.expires_ms};
    struct buf out = {0};
    if (err != OK || refusal != ACCEPTED) {
        exchange_problem(x, err != OK ? REFUSED_unavailable : refusal, NULL, NULL, NULL);
        return;
    }
    err = exchange_body(x, write_departure, &departure, &out);
    err = err == OK ? keep_flow(visit) : err;
    if (err != OK) {
        exchange_failed(x, err);
    } else {
        exchange_json(x, x->route->success, buf_span(&out), (struct span){0}, NULL);
    }
}

/* False: answered. */
static bool read_return(struct exchange *x, struct flow *flow)
{
    const struct span named = json_node_text(x->body, "return_to");
    const struct span return_to = named.data == NULL ? SPAN("/") : named;
    if (!flow_returns_here(return_to)) {
        exchange_problem(x, REFUSED_field_invalid, "A path of this site, of printable ASCII: /posts", "/return_to",
                         NULL);
        return false;
    }
    memcpy(flow->return_to, return_to.data, return_to.len);
    return true;
}

/* False: answered. */
static bool read_provider(struct exchange *x, struct flow *flow, struct provider_row *ret_provider)
{
    enum err err = id_parse(json_node_text(x->body, "provider_id"), ID_PROVIDER, &flow->provider_id);
    err = err == OK ? gate_provider(x->gateway->gate, &flow->provider_id, &x->request->arena, ret_provider)
                    : ERR_NOT_FOUND;
    if (err == ERR_NOT_FOUND) {
        exchange_problem(x, REFUSED_reference_not_found, NULL, "/provider_id", NULL);
    } else if (err != OK) {
        exchange_failed(x, err);
    }
    return err == OK;
}

/* Sends the browser away for a purpose; what else the flow holds was filled in. */
static void depart(struct visit *visit, enum flow_purpose purpose)
{
    struct exchange *x = visit->x;
    struct flow *flow = &visit->flow;
    struct provider_row provider;
    if (!read_return(x, flow) || !read_provider(x, flow, &provider)) {
        return;
    }
    flow->purpose = purpose;
    flow->expires_ms = x->now_ms + FLOW_MAX_MS;
    draw(flow->state);
    draw(flow->nonce);
    draw(flow->verifier);
    pass_close(x->pass); /* the provider may take its time, and no transaction waits for it */
    x->pass = NULL;
    const struct journey journey = visit_journey(visit);
    const enum err err = gate_depart(x->gateway->gate, &provider, &journey, &x->request->arena, located, visit);
    if (err == ERR_BUSY) {
        exchange_problem(x, REFUSED_sign_in_busy, NULL, NULL, NULL);
    } else if (err != OK) {
        exchange_problem(x, REFUSED_unavailable, NULL, NULL, NULL);
    }
}

struct visit *visit_begin(struct exchange *x)
{
    struct visit *visit = arena_alloc(&x->request->arena, sizeof *visit);
    x->request->secret = true;
    if (visit == NULL) {
        exchange_failed(x, ERR_NO_MEMORY);
    } else {
        visit->x = x;
    }
    return visit;
}

void handle_begin_sign_in(struct exchange *x)
{
    struct visit *visit = visit_begin(x);
    if (visit != NULL && exchange_is_from_site(x) && exchange_is_within_peer(x)) {
        depart(visit, FLOW_SIGN_IN);
    }
}

void handle_begin_accept(struct exchange *x)
{
    struct visit *visit = visit_begin(x);
    struct invited invited;
    if (visit == NULL || !exchange_is_from_site(x) || !exchange_is_within_peer(x)) {
        return;
    }
    const enum err err =
        gate_invitation(x->gateway->gate, json_node_text(x->body, "token"), x->now_ms, &x->request->arena, &invited);
    if (err == ERR_NOT_FOUND) {
        exchange_problem(x, REFUSED_invitation_spent, NULL, NULL, NULL);
    } else if (err != OK) {
        exchange_failed(x, err);
    } else if (invited.signs_in) {
        exchange_problem(x, REFUSED_address_taken, SIGN_IN_FIRST, NULL, NULL);
    } else {
        memcpy(visit->flow.invitation, invited.fingerprint, sizeof invited.fingerprint);
        depart(visit, FLOW_JOIN);
    }
}

/* --- one's own logins --- */

void handle_link_login(struct exchange *x)
{
    struct visit *visit = visit_begin(x);
    if (visit != NULL && exchange_is_within_sign_ins(x, pass_badge(x->pass)->user_id.uuid,
                                                     "Too many tries to link a login, or of your password.")) {
        visit->flow.session_id = pass_badge(x->pass)->key_id;
        depart(visit, FLOW_LINK);
    }
}

/* A provider that was removed has no name any more; what was linked to it stays until its person takes it away. */
static enum err write_logins(struct exchange *x, const struct login_row *rows, uint32_t count, struct buf *out)
{
    buf_text(out, "{\"data\":[");
    for (uint32_t i = 0; i < count; i++) {
        struct provider_row provider = {.name = {0}};
        const enum err err = gate_provider(x->gateway->gate, &rows[i].provider_id, &x->request->arena, &provider);
        TRY(err == ERR_NOT_FOUND ? OK : err);
        buf_text(out, i == 0 ? "{\"provider_id\":" : ",{\"provider_id\":");
        json_id(out, &rows[i].provider_id);
        buf_text(out, ",\"name\":");
        if (err == OK) {
            json_string(out, provider.name);
        } else {
            buf_text(out, "null");
        }
        buf_text(out, ",\"linked_at\":");
        json_time(out, rows[i].linked_ms);
        buf_byte(out, '}');
    }
    buf_text(out, "],\"next_cursor\":null}");
    return OK;
}

void handle_list_logins(struct exchange *x)
{
    struct login_row *rows = NULL;
    uint32_t count = 0;
    struct buf out = {0};
    enum err err = pass_logins(x->pass, &rows, &count);
    err = err == OK ? exchange_out(x, &out) : err;
    err = err == OK ? write_logins(x, rows, count, &out) : err;
    if (err != OK) {
        exchange_failed(x, err);
        return;
    }
    ASSERT(buf_ok(&out)); /* LOGINS_MAX lines of a few hundred bytes */
    exchange_json(x, 200, buf_span(&out), (struct span){0}, NULL);
}

void handle_unlink_login(struct exchange *x)
{
    struct login_row login;
    enum err err = pass_login(x->pass, &x->id, &login);
    err = err == OK ? pass_unlink(x->pass, &login, exchange_ended, x) : err;
    if (err != OK) {
        exchange_not_sent(x, err);
    }
}
