/* accept_handlers.c: an invitation is taken, by somebody who is signed in or who becomes known with it; and a
 * membership is left. What the invitation says of an address is asked of the vault, the password is hashed, then the
 * gate does the rest; nobody waits. Must never hash for a token that opens nothing, nor say what is wrong with it. */
#include "core/base/assert.h"
#include "gateway/gate/joining.h"
#include "gateway/session_view.h"
#include "gateway/sign_in/password.h"

/* --- POST /v1/invitation/accept: each step's answer takes the next --- */

struct acceptance {
    struct exchange *x;
    struct newcomer newcomer;
    struct opening opening;
};

static void give_up(struct acceptance *acceptance)
{
    exchange_problem(acceptance->x, REFUSED_unavailable, NULL, NULL, NULL);
}

static void refuse(struct acceptance *acceptance, enum refusal refusal)
{
    struct exchange *x = acceptance->x;
    if (refusal == REFUSED_address_taken) {
        exchange_problem(x, refusal, "Whoever signs in with it signs in first, then takes the invitation.", NULL, NULL);
    } else if (refusal == REFUSED_exists || refusal == REFUSED_version_mismatch) {
        exchange_problem(x, REFUSED_invitation_spent, INVITATION_RACED, NULL, NULL);
    } else {
        exchange_problem(x, refusal, NULL, NULL, NULL);
    }
}

static void newcomer_joined(void *context, enum err err, enum refusal refusal)
{
    struct acceptance *acceptance = context;
    struct exchange *x = acceptance->x;
    if (err == OK && refusal == ACCEPTED) {
        exchange_show_opened(x, &acceptance->opening);
    } else if (acceptance->newcomer.has_joined) {
        exchange_problem(x, REFUSED_unavailable, "The invitation was taken: sign in with the password.", NULL, NULL);
    } else if (err != OK) {
        give_up(acceptance);
    } else {
        refuse(acceptance, refusal);
    }
}

static void password_hashed(void *context, enum err err, struct span hash)
{
    struct acceptance *acceptance = context;
    struct newcomer *newcomer = &acceptance->newcomer;
    if (err != OK) {
        give_up(acceptance);
        return;
    }
    ASSERT(hash.len == sizeof newcomer->password.password.proof);
    memcpy(newcomer->password.password.proof, hash.data, hash.len);
    opening_prepare(acceptance->x, &acceptance->opening);
    newcomer->session = acceptance->opening.session;
    gate_join(acceptance->x->gateway->gate, newcomer, newcomer_joined, acceptance);
}

static void hash_password(struct acceptance *acceptance)
{
    struct exchange *x = acceptance->x;
    struct newcomer *newcomer = &acceptance->newcomer;
    newcomer->profile_id = exchange_mint(x, ID_SECRET);
    newcomer->password_id = exchange_mint(x, ID_SECRET);
    for (size_t i = 0; i < sizeof newcomer->command_ids / sizeof *newcomer->command_ids; i++) {
        newcomer->command_ids[i] = exchange_mint(x, ID_COMMAND);
    }
    newcomer->password = (struct person_record){
        .kind = PERSON_PASSWORD, .password = {.n = PERSON_SCRYPT_N, .r = PERSON_SCRYPT_R, .p = PERSON_SCRYPT_P}
    };
    random_fill(newcomer->password.password.salt, sizeof newcomer->password.password.salt);
    const struct hash_wish wish = {
        .password = json_node_text(x->body, "password"),
        .salt = span_of(newcomer->password.password.salt, sizeof newcomer->password.password.salt),
        .cost = {.n = PERSON_SCRYPT_N, .r = PERSON_SCRYPT_R, .p = PERSON_SCRYPT_P}
    };
    exchange_hash(x, &wish, password_hashed, acceptance);
}

/* The address is the invitation's: whoever shows the token has read what came there, and nothing proves another. */
static void invited_told(void *context, enum err err, struct span body)
{
    struct acceptance *acceptance = context;
    struct newcomer *newcomer = &acceptance->newcomer;
    struct arena *arena = &acceptance->x->request->arena;
    struct span name;
    struct span address;
    err = err == OK ? profile_read(body, &name, &address) : err;
    if (err == OK && newcomer->name.len == 0) {
        err = arena_copy(arena, name, &newcomer->name);
    }
    err = err == OK ? arena_copy(arena, address, &newcomer->email) : err;
    if (err != OK) {
        give_up(acceptance);
    } else {
        hash_password(acceptance);
    }
}

static void accept_as_newcomer(struct acceptance *acceptance)
{
    struct exchange *x = acceptance->x;
    struct newcomer *newcomer = &acceptance->newcomer;
    if (newcomer->invited.signs_in) { /* all but the last step was done before */
        refuse(acceptance, REFUSED_address_taken);
        return;
    }
    newcomer->name = json_node_text(x->body, "name");
    if (gate_invited(x->gateway->gate, &newcomer->invited, invited_told, acceptance) != OK) {
        give_up(acceptance);
    }
}

static void person_joined(void *context, enum err err, const struct answer *answer)
{
    struct acceptance *acceptance = context;
    struct exchange *x = acceptance->x;
    if (err != OK) {
        give_up(acceptance);
    } else if (answer->refusal != ACCEPTED) {
        refuse(acceptance, (enum refusal)answer->refusal);
    } else {
        err = pass_refresh(x->pass);
        if (err != OK) {
            exchange_failed(x, err);
        } else {
            exchange_show_session(x);
        }
    }
}

static void accept_as_person(struct acceptance *acceptance)
{
    struct exchange *x = acceptance->x;
    struct knock knock = {.request_id = x->request_uuid, .now_ms = x->now_ms};
    if (request_header_count(x->request, "Cookie") == 1) {
        knock.token = cookie_token(request_header(x->request, "Cookie"), x->gateway->site.secure);
    }
    enum err err = gate_admit(x->gateway->gate, &knock, &x->request->arena, &x->pass);
    if (err == ERR_AUTH) {
        exchange_problem(x, REFUSED_unauthenticated, "Sign in, or send a password to become known with it.", NULL,
                         NULL);
        return;
    }
    err = err == OK ? pass_join(x->pass, &acceptance->newcomer.invited, person_joined, acceptance) : err;
    if (err == ERR_BUSY || err == ERR_CLOSED) {
        give_up(acceptance);
    } else if (err != OK) {
        exchange_failed(x, err);
    }
}

/* Finds the invitation, and counts the try. False: answered. */
static bool find_invitation(struct exchange *x, struct invited *ret_invited)
{
    if (!exchange_is_within_peer(x)) {
        return false;
    }
    const enum err err =
        gate_invitation(x->gateway->gate, json_node_text(x->body, "token"), x->now_ms, &x->request->arena, ret_invited);
    if (err == ERR_NOT_FOUND) {
        exchange_problem(x, REFUSED_invitation_spent, NULL, NULL, NULL);
        return false;
    }
    if (err != OK) {
        exchange_failed(x, err);
        return false;
    }
    return exchange_is_within_sign_ins(x, ret_invited->member_id.uuid,
                                       "Too many tries with this invitation, wherever they come from.");
}

void handle_accept(struct exchange *x)
{
    const bool is_new = input_some(x->body, "password") != NULL;
    if (!exchange_is_from_site(x)) {
        return;
    }
    if (is_new && !password_is_strong(json_node_text(x->body, "password"))) {
        exchange_problem(x, REFUSED_password_too_weak, NULL, "/password", NULL);
        return;
    }
    struct acceptance *acceptance = arena_alloc(&x->request->arena, sizeof *acceptance);
    if (acceptance == NULL) {
        exchange_failed(x, ERR_NO_MEMORY);
        return;
    }
    *acceptance = (struct acceptance){.x = x};
    if (!find_invitation(x, &acceptance->newcomer.invited)) {
        return;
    }
    if (is_new) {
        accept_as_newcomer(acceptance);
    } else {
        accept_as_person(acceptance);
    }
}

/* --- POST /v1/membership/leave --- */

void handle_leave(struct exchange *x)
{
    const struct id member_id = pass_badge(x->pass)->member_id;
    if (id_is_none(&member_id)) {
        exchange_problem(x, REFUSED_session_required, NULL, NULL, NULL);
        return;
    }
    ORDER(x, leave_workspace, &member_id)->member_id = member_id;
    exchange_send(x);
}
