/* session_view.h: what the handlers of sessions and of a person's own account share: session_handlers.c has it. */
#ifndef OPENPOST_GATEWAY_SESSION_VIEW_H
#define OPENPOST_GATEWAY_SESSION_VIEW_H

#include "gateway/gate/sessions.h"
#include "gateway/gateway.h"

/* What is said beside invitation_spent to whoever was second: another request became the person. Should that one end
 * half-way, the invitation is good again. */
#define INVITATION_RACED "Somebody else takes it at this moment."

/* A session that begins, and its token: both in the request's arena. opening_prepare mints them; opening_keep has the
 * answer give the token to the browser. */
struct opening {
    char token[TOKEN_LEN + 1];
    char user_agent[PERSON_USER_AGENT_MAX];
    char network[PERSON_CLIENT_ADDRESS_MAX];
    struct new_session session;
};

void opening_prepare(struct exchange *x, struct opening *opening);
void opening_keep(struct exchange *x, const struct opening *opening);

/* exchange_is_within_sign_ins counts a try of a password for one that is tried: an address, whether there is an
 * account of it or not, an invitation or a person; exchange_is_within_peer one from wherever the request comes. False:
 * answered, there were too many; detail names the one that is tried. Which of the two it was is said: who comes from
 * elsewhere, or names another, sees it anyhow.
 * exchange_hash has a password hashed; done is not called when the queue is full or ends: answered. salt_read reads
 * what gate_salt was answered. */
bool exchange_is_within_sign_ins(struct exchange *x, const uint8_t name[LIMITER_NAME_LEN], const char *detail);
bool exchange_is_within_peer(struct exchange *x);
void exchange_hash(struct exchange *x, const struct hash_wish *wish, hashed *done, void *context);
enum err salt_read(struct span body, struct person_salt *ret_salt) MUST_USE;

/* exchange_show_user answers the exchange's person as they are now. exchange_show_session answers the session of the
 * exchange's pass; exchange_show_opened one that has just begun, whose pass it takes. profile_read reads what
 * pass_profile or gate_invited was answered; ERR_NOT_FOUND: nobody is there. */
void exchange_show_user(struct exchange *x);
void exchange_show_session(struct exchange *x);
void exchange_show_opened(struct exchange *x, const struct opening *opening);
enum err profile_read(struct span body, struct span *ret_name, struct span *ret_address) MUST_USE;

/* exchange_ended is a pass_answered of a command after which there is nothing to show; exchange_not_sent answers why
 * one was not sent; ERR_NOT_FOUND: what it names is not the person's. */
void exchange_ended(void *exchange, enum err err, const struct answer *answer);
void exchange_not_sent(struct exchange *x, enum err err);

#endif
