/* providers.h: identity providers at the gate (OpenID Connect Core 1.0). Who somebody is there, the identity process
 * finds out; whom they are here, the ledger tells. Nobody is made known by signing in: a subject is somebody's who
 * linked it, or whose address it has where the provider is trusted with that. */
#ifndef OPENPOST_GATE_PROVIDERS_H
#define OPENPOST_GATE_PROVIDERS_H

#include "core/wire/identity.h"
#include "gateway/gate/sessions.h"

/* gate_end_providers has nobody ask the identity process from now on, so that the client of it can be closed while what
 * the ledger was asked is still answered; accepts NULL. */
void gate_end_providers(struct gate *gate);

/* gate_providers lists those that people may sign in through, PROVIDERS_SHOWN_MAX at most, oldest first; gate_provider
 * reads one: ERR_NOT_FOUND: there is none, any more. What they give lives in the arena. */
enum err gate_providers(struct gate *gate, struct arena *arena, struct provider_row **ret_rows, uint32_t *ret_count)
    MUST_USE;
enum err gate_provider(struct gate *gate, const struct id *provider_id, struct arena *arena,
                       struct provider_row *ret_row) MUST_USE;

/* What somebody goes to a provider with, and comes back with. Texts are borrowed until done was called. */
struct journey {
    struct id provider_id;
    struct span redirect_uri; /* where they come back to */
    struct span state;        /* these three are chance */
    struct span nonce;
    struct span verifier; /* PKCE's (RFC 7636) */
};

/* gate_depart asks where the browser is to be sent. done is called on a thread of the wire's, never within the call,
 * and location is borrowed; refusal: provider_unreachable, provider_answer_invalid, sign_in_busy. An error: nobody
 * knows; of the call, ERR_CLOSED: no process talks to providers, any more; ERR_NO_MEMORY: of the arena. */
typedef void gate_located(void *context, enum err err, enum refusal refusal, struct span location);
enum err gate_depart(struct gate *gate, const struct provider_row *provider, const struct journey *journey,
                     struct arena *arena, gate_located *done, void *context) MUST_USE;

/* Somebody who came back: the caller's, until the last done was called. */
struct arrival {
    struct journey journey;
    struct span code;
    struct span iss;      /* data NULL: the answer had none */
    struct id secret_id;  /* minted, as is the next: where a subject is sealed that is linked */
    struct id command_id; /* of the command that links it */
    /* the gate's own */
    struct gate *gate;
    struct arena *arena;
    struct provider_row provider;
    struct identity_person person; /* whom the provider names */
    struct id user_id;             /* whom we know them as */
    bool looked_again;
    struct new_session *session;
    void (*done)(void *context, enum err err, enum refusal refusal); /* of a step, and of the whole entry: */
    void *context;
    void (*entered)(void *context, enum err err, enum refusal refusal);
    void *entered_context;
};

/* gate_arrive has the code exchanged: whom the provider names is known then, to the gate. refusal: what the identity
 * process says (identity.h), or provider_removed. gate_enter opens a session for whom they are here, and links them by
 * address first where that may be: login_unknown: they are nobody. Either may call done within the call. */
void gate_arrive(struct gate *gate, struct arrival *arrival, struct arena *arena, gate_signed_in *done, void *context);
void gate_enter(struct arrival *arrival, struct new_session *session, gate_signed_in *done, void *context);

/* The pass's person and their logins. pass_logins lists them. pass_login finds one: ERR_NOT_FOUND. pass_link links
 * whom a provider named in gate_arrive: subject_taken, login_exists; done may be called within the call. pass_unlink:
 * login_last. */
enum err pass_logins(struct pass *pass, struct login_row **ret_rows, uint32_t *ret_count) MUST_USE;
enum err pass_login(struct pass *pass, const struct id *provider_id, struct login_row *ret_row) MUST_USE;
void pass_link(struct pass *pass, struct arrival *arrival, gate_signed_in *done, void *context);
enum err pass_unlink(struct pass *pass, const struct login_row *login, pass_answered *done, void *context) MUST_USE;

#endif
