/* callback_handlers.c: the browser comes back from an identity provider. What it was sent with is in its cookie, which
 * ends here whatever happens; then the code is exchanged, and the flow's purpose done. Each step's answer takes the
 * next. Must never go on with a state that is not the cookie's: whoever's page sent the browser here. */
#include "core/base/assert.h"
#include "core/wire/identity.h"
#include "gateway/provider_view.h"

static void refuse(struct visit *visit, enum err err, enum refusal refusal)
{
    const bool joins = visit->flow.purpose == FLOW_JOIN;
    const bool taken = refusal == REFUSED_address_taken || refusal == REFUSED_subject_taken;
    const bool raced = refusal == REFUSED_exists || refusal == REFUSED_version_mismatch;
    if (joins && visit->newcomer.has_joined) {
        exchange_problem(visit->x, REFUSED_unavailable, "The invitation was taken: sign in.", NULL, NULL);
    } else if (err != OK) {
        exchange_problem(visit->x, REFUSED_unavailable, NULL, NULL, NULL);
    } else if (joins && raced) {
        exchange_problem(visit->x, REFUSED_invitation_spent, INVITATION_RACED, NULL, NULL);
    } else {
        exchange_problem(visit->x, refusal, joins && taken ? SIGN_IN_FIRST : NULL, NULL, NULL);
    }
}

/* --- what the flow was for --- */

static void let_in(void *context, enum err err, enum refusal refusal)
{
    struct visit *visit = context;
    if (err != OK || refusal != ACCEPTED) {
        refuse(visit, err, refusal);
        return;
    }
    opening_keep(visit->x, &visit->opening);
    exchange_see_other(visit->x, visit->flow.return_to);
}

static void linked(void *context, enum err err, enum refusal refusal)
{
    struct visit *visit = context;
    if (err != OK || refusal != ACCEPTED) {
        refuse(visit, err, refusal);
    } else {
        exchange_see_other(visit->x, visit->flow.return_to);
    }
}

/* Whoever began to link is still signed in, in this browser. False: answered. */
static bool is_still_there(struct visit *visit)
{
    struct exchange *x = visit->x;
    struct knock knock = {.request_id = x->request_uuid, .now_ms = clock_wall_ms()};
    if (request_header_count(x->request, "Cookie") == 1) {
        knock.token = cookie_token(request_header(x->request, "Cookie"), x->gateway->site.secure);
    }
    const enum err err = gate_admit(x->gateway->gate, &knock, &x->request->arena, &x->pass);
    if (err == ERR_AUTH || (err == OK && !id_equal(&pass_badge(x->pass)->key_id, &visit->flow.session_id))) {
        exchange_problem(x, REFUSED_state_wrong, "Whoever began it is not signed in here any more.", NULL, NULL);
        return false;
    }
    if (err != OK) {
        exchange_failed(x, err);
    }
    return err == OK;
}

static void invited_told(void *context, enum err err, struct span body)
{
    struct visit *visit = context;
    struct newcomer *newcomer = &visit->newcomer;
    struct arena *arena = &visit->x->request->arena;
    struct span name;
    struct span address;
    err = err == OK ? profile_read(body, &name, &address) : err;
    name = err == OK && name.len == 0 ? visit->arrival.person.name : name;
    err = err == OK ? arena_copy(arena, name, &newcomer->name) : err;
    err = err == OK ? arena_copy(arena, address, &newcomer->email) : err;
    if (err != OK) {
        refuse(visit, err, ACCEPTED);
        return;
    }
    newcomer->session = visit->opening.session;
    gate_join(visit->x->gateway->gate, newcomer, let_in, visit);
}

static void join(struct visit *visit)
{
    struct exchange *x = visit->x;
    struct newcomer *newcomer = &visit->newcomer;
    newcomer->arrival = &visit->arrival;
    newcomer->profile_id = exchange_mint(x, ID_SECRET);
    for (size_t i = 0; i < sizeof newcomer->command_ids / sizeof *newcomer->command_ids; i++) {
        newcomer->command_ids[i] = exchange_mint(x, ID_COMMAND);
    }
    const enum err err = gate_invited(x->gateway->gate, &newcomer->invited, invited_told, visit);
    if (err != OK) {
        refuse(visit, err, ACCEPTED);
    }
}

static void arrived(void *context, enum err err, enum refusal refusal)
{
    struct visit *visit = context;
    struct exchange *x = visit->x;
    x->now_ms = clock_wall_ms();
    if (err != OK || refusal != ACCEPTED) {
        refuse(visit, err, refusal);
        return;
    }
    switch (visit->flow.purpose) {
    case FLOW_SIGN_IN:
        opening_prepare(x, &visit->opening);
        gate_enter(&visit->arrival, &visit->opening.session, let_in, visit);
        return;
    case FLOW_LINK:
        if (is_still_there(visit)) {
            pass_link(x->pass, &visit->arrival, linked, visit);
        }
        return;
    case FLOW_JOIN:
        opening_prepare(x, &visit->opening);
        join(visit);
        return;
    }
}

/* --- what came back --- */

/* A parameter that is there once and not empty (RFC 6749, 3.1); data NULL: it is not. */
static struct span only(struct exchange *x, const char *name)
{
    const struct span value = exchange_query(x, name, 0);
    return value.len > 0 && exchange_query(x, name, 1).data == NULL ? value : (struct span){0};
}

/* The flow that the browser's cookie holds, if the state is its own: then it is spent. */
static bool take_flow(struct exchange *x, struct flow *ret_flow)
{
    struct gateway *gateway = x->gateway;
    const bool one = request_header_count(x->request, "Cookie") == 1;
    const struct span value =
        one ? cookie_flow(request_header(x->request, "Cookie"), gateway->site.secure) : (struct span){0};
    return value.data != NULL && flow_open(gateway->flow_key, value, x->now_ms, ret_flow) == OK &&
           spent_flows_add(&gateway->spent_flows, ret_flow) && flow_is_state(ret_flow, only(x, "state"));
}

/* The provider's own word for why not, if it is one of RFC 6749's or OpenID Connect's form. */
static void tell_error(struct exchange *x, struct span error)
{
    uint8_t *bytes = arena_alloc(&x->request->arena, 128);
    struct buf text = buf_of(bytes, bytes == NULL ? 0 : 128);
    bool plain = error.len <= 64;
    for (size_t i = 0; plain && i < error.len; i++) {
        plain = (error.data[i] >= 'a' && error.data[i] <= 'z') || error.data[i] == '_';
    }
    buf_text(&text, "The identity provider answered: ");
    buf_put(&text, error);
    exchange_problem(x, REFUSED_provider_refused, plain ? buf_terminated(&text) : NULL, "error", NULL);
}

/* False: answered. */
static bool read_answer(struct visit *visit)
{
    struct exchange *x = visit->x;
    struct arrival *arrival = &visit->arrival;
    const struct span error = exchange_query(x, "error", 0);
    if (error.data != NULL) {
        tell_error(x, error);
        return false;
    }
    arrival->code = only(x, "code");
    if (arrival->code.data == NULL || arrival->code.len > IDENTITY_CODE_MAX) {
        exchange_problem(x, REFUSED_code_refused, NULL, "code", NULL);
        return false;
    }
    arrival->iss = only(x, "iss");
    if ((arrival->iss.data == NULL && exchange_query(x, "iss", 0).data != NULL) ||
        arrival->iss.len > IDENTITY_URL_MAX) {
        exchange_problem(x, REFUSED_token_issuer_wrong, NULL, "iss", NULL);
        return false;
    }
    return true;
}

/* Whether what the flow is for can still be done. False: answered. */
static bool is_possible(struct visit *visit)
{
    struct exchange *x = visit->x;
    enum err err = OK;
    if (visit->flow.purpose == FLOW_LINK) {
        if (!is_still_there(visit)) {
            return false;
        }
        pass_close(x->pass); /* it is asked for again when the provider has answered */
        x->pass = NULL;
        return true;
    }
    if (visit->flow.purpose == FLOW_JOIN) {
        err = gate_invitation_again(x->gateway->gate, visit->flow.invitation, x->now_ms, &x->request->arena,
                                    &visit->newcomer.invited);
    }
    if (err == ERR_NOT_FOUND) {
        exchange_problem(x, REFUSED_invitation_spent, NULL, NULL, NULL);
    } else if (err != OK) {
        exchange_failed(x, err);
    } else if (visit->newcomer.invited.signs_in) {
        exchange_problem(x, REFUSED_address_taken, SIGN_IN_FIRST, NULL, NULL);
        return false;
    }
    return err == OK;
}

/* Whatever is answered, the browser keeps nothing of it. */
static bool forget_flow(struct exchange *x)
{
    x->flow_cookie = arena_alloc(&x->request->arena, FLOW_COOKIE_MAX);
    if (x->flow_cookie == NULL) {
        exchange_failed(x, ERR_NO_MEMORY);
        return false;
    }
    cookie_write_flow(SPAN(""), x->gateway->site.secure, 0, x->flow_cookie);
    return true;
}

void handle_finish_sign_in(struct exchange *x)
{
    struct visit *visit = visit_begin(x);
    if (visit == NULL || !forget_flow(x)) {
        return;
    }
    if (!take_flow(x, &visit->flow)) {
        exchange_problem(x, REFUSED_state_wrong, NULL, "state", NULL);
        return;
    }
    if (read_answer(visit) && is_possible(visit)) {
        visit->arrival.journey = visit_journey(visit);
        visit->arrival.secret_id = exchange_mint(x, ID_SECRET);
        visit->arrival.command_id = exchange_mint(x, ID_COMMAND);
        gate_arrive(x->gateway->gate, &visit->arrival, &x->request->arena, arrived, visit);
    }
}
